"""Requisites of merged cards on their way back, with accounts, addresses, and the deals that use them.

A requisite cannot be given to another card: the card's own is made again and the survivor's copy deleted. So
what hangs on requisites is made again with them, and what used them uses the new ones.

Source: api-reference/crm/requisites/universal/crm-requisite-update.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from toolkit.runs.bindings import IN_USE
from toolkit.runs.changes import (
    Changes,
    binds,
    binds_of_made,
    creates,
    deletes,
    listed,
    rewrites,
    rewrites_of_made,
)
from toolkit.runs.merges.activities import BACK, LINK_CHANGED, Target
from toolkit.runs.merges.carrying import card_marker
from toolkit.runs.merges.requisites import REQUISITE, address_cells, by_owner, written_cells
from toolkit.runs.operation import Tables
from toolkit.runs.references import made

__all__ = ["AGAIN", "RequisitesBack"]

AGAIN = "made again by the undo"
_KEYS = ("ORIGINATOR_ID", "XML_ID")
_LEAD = 1


class RequisitesBack:
    """What gives requisites back.

    Args:
        run: the id of the run that merged.
        back: (type id, card) of each card that comes back, to what names it in the plan.
        into: all cards that were merged away, to the card they went into.
        masters: the cards that survived the merges taken back.
        was: tables before the merges.
        now: the present ones.
    """

    def __init__(
        self,
        run: str,
        back: Mapping[Target, Any],
        into: Mapping[Target, int],
        masters: set[Target],
        was: Tables,
        now: Tables,
    ) -> None:
        self._run, self._back, self._into, self._masters = run, back, into, masters
        self._was, self._now = was, now
        self._present = {row["ID"]: row for row in _rows(now.get("requisite"))}
        self._theirs = [row for row in _rows(was.get("requisite")) if _owner(row) in back]
        self._moved = {
            row["ID"]
            for row in self._theirs
            if (found := self._present.get(row["ID"])) is not None and found["ENTITY_ID"] == into[_owner(row)]
        }

    def changes(self) -> Changes:
        """Requisites, accounts, addresses, uses; then the survivor's copies go."""
        numbers = {row["ID"] for row in self._theirs}
        owners = [
            {"ENTITY_TYPE_ID": row["ENTITY_TYPE_ID"], "ENTITY_ID": self._back[_owner(row)]}
            for row in self._theirs
        ]
        banks = [row for row in _rows(self._was.get("bankdetail")) if row["ENTITY_ID"] in numbers]
        held = [{"ENTITY_ID": self._made("requisite", row["ENTITY_ID"])} for row in banks]
        return Changes.joined(
            self._again("requisite", self._theirs, owners, 13),
            self._again("bankdetail", banks, held, 14),
            self._unfolded(),
            self._addresses(),
            self._in_use({row["ID"] for row in banks}),
            self._copies_gone(banks),
        )

    def _made(self, name: str, number: int) -> Any:
        return made(card_marker(self._run, name, number))

    def _again(
        self, name: str, rows: Sequence[Mapping[str, Any]], owners: Sequence[Mapping[str, Any]], phase: int
    ) -> Changes:
        if not rows:
            return Changes()
        markers = [card_marker(self._run, name, row["ID"]) for row in rows]
        values = [{**written_cells(name, row), **owner} for row, owner in zip(rows, owners, strict=True)]
        return Changes.joined(
            creates(name, values, markers=markers, reason=AGAIN).at_phase(phase),
            rewrites_of_made(
                name,
                markers,
                before=[{"ORIGINATOR_ID": "b24kit", "XML_ID": marker} for marker in markers],
                after=[{key: row.get(key) or "" for key in _KEYS} for row in rows],
                reason=AGAIN,
            ).at_phase(28),
        )

    def _copies_gone(self, banks: Sequence[Mapping[str, Any]]) -> Changes:
        """What the merge moved to the survivor, and what is made again now."""
        moved = sorted(self._moved)
        accounts = {row["ID"]: row["ENTITY_ID"] for row in _rows(self._now.get("bankdetail"))}
        kept = [row["ID"] for row in banks if accounts.get(row["ID"], 0) not in (0, *moved)]
        return Changes.joined(
            deletes("bankdetail", kept, before=[{"ENTITY_ID": accounts[each]} for each in kept], reason=BACK),
            deletes(
                "requisite",
                moved,
                before=[{"ENTITY_ID": self._present[each]["ENTITY_ID"]} for each in moved],
                reason=BACK,
            ),
        )

    def _unfolded(self) -> Changes:
        """Blanks of the survivor's requisites that the merge filled out of others are blank again."""
        values: dict[str, set[str]] = {}
        for row in self._theirs:
            for field, value in row.items():
                if value is not None:
                    values.setdefault(field, set()).add(str(value))
        ids, before, after = [], [], []
        for row in _rows(self._was.get("requisite")):
            now = self._present.get(row["ID"])
            if now is None or _owner(row) not in self._masters:
                continue
            filled = [
                field
                for field, value in now.items()
                if field.startswith("RQ_")
                and value not in (None, "")
                and row.get(field) in (None, "")
                and str(value) in values.get(field, ())
            ]
            if filled:
                ids.append(row["ID"])
                before.append({field: now[field] for field in filled})
                after.append(dict.fromkeys(filled, ""))
        return rewrites("requisite", ids, before=before, after=after, reason=BACK)

    # -- addresses -----------------------------------------------------------------------------------

    def _addresses(self) -> Changes:
        was, now = by_owner(self._was.get("address")), by_owner(self._now.get("address"))
        owners = [(REQUISITE, row["ID"], "requisite") for row in self._theirs]
        owners += [(type_id, card, "lead") for type_id, card in self._back if type_id == _LEAD]
        given = [
            (card_marker(self._run, name, number), address_cells(row))
            for type_id, number, name in owners
            for row in was.get((type_id, number), [])
        ]
        again = binds_of_made(
            "address", [marker for marker, _ in given], to=[cells for _, cells in given], reason=AGAIN
        )
        theirs = [cells for _, cells in given]
        stayed = [
            (REQUISITE, row["ID"])
            for row in _rows(self._was.get("requisite"))
            if _owner(row) in self._masters
        ]
        stayed += [each for each in self._masters if each[0] == _LEAD]
        ids, held = [], []
        for owner in stayed:
            own = {row["TYPE_ID"] for row in was.get(owner, [])}
            for row in now.get(owner, []):
                # Only what came out of the merge goes: an address somebody entered since stays.
                if row["TYPE_ID"] not in own and _says(row) in [_says(each) for each in theirs]:
                    ids.append(owner[1])
                    held.append(address_cells(row))
        brought = binds("address", ids, to=[{}] * len(ids), reason=BACK, instead_of=held)
        return Changes.joined(again.at_phase(25), brought.at_phase(25))

    # -- who uses them -------------------------------------------------------------------------------

    def _in_use(self, banks: set[int]) -> Changes:
        """Deals and invoices that used a requisite use it again, unless somebody chose another since."""
        table = self._was.get("requisitelink")
        if table is None or table.empty:
            return Changes()
        numbers = {row["ID"]: _owner(row) for row in self._theirs}
        present = {_owner(row): row for row in _rows(self._now.get("requisitelink"))}
        row_of = {row["ID"]: row for row in self._theirs}
        ids: list[int] = []
        held: list[dict[str, Any]] = []
        wanted: list[dict[str, Any]] = []
        told: list[Changes] = []
        for row in _rows(table):
            number = row["REQUISITE_ID"]
            if number not in numbers:
                continue
            type_id, record = _owner(row)
            now = {name: int(present.get((type_id, record), {}).get(name) or 0) for name in IN_USE}
            chosen = self._present.get(now["REQUISITE_ID"], {})
            master = self._into[numbers[number]]
            of_master = chosen.get("ENTITY_ID") == master and chosen.get("RQ_INN") == row_of[number].get(
                "RQ_INN"
            )
            if now["REQUISITE_ID"] and not of_master:
                told.append(
                    listed(_USERS.get(type_id, f"item:{type_id}"), [record], LINK_CHANGED, "requisite")
                )
                continue
            bank = row["BANK_DETAIL_ID"]
            ids.append(record)
            held.append({"ENTITY_TYPE_ID": type_id, **now})
            wanted.append(
                {
                    "ENTITY_TYPE_ID": type_id,
                    "REQUISITE_ID": self._made("requisite", number),
                    "BANK_DETAIL_ID": self._made("bankdetail", bank) if bank in banks else bank,
                    "MC_REQUISITE_ID": row["MC_REQUISITE_ID"],
                    "MC_BANK_DETAIL_ID": row["MC_BANK_DETAIL_ID"],
                }
            )
        uses = binds("requisitelink", ids, to=wanted, reason=BACK, instead_of=held)
        return Changes.joined(uses.at_phase(27), *told)


_USERS = {2: "deal", 7: "quote", 31: "invoice"}


def _owner(row: Mapping[str, Any]) -> Target:
    return row["ENTITY_TYPE_ID"], row["ENTITY_ID"]


def _says(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in address_cells(row).items() if name != "ENTITY_TYPE_ID"}


def _rows(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Rows of a table: missing cells None, ids int."""
    if table is None or table.empty:
        return []
    plain = table.astype(object).where(table.notna(), None)
    found = [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]
    for row in found:
        for name in ("ID", "ENTITY_ID", "ENTITY_TYPE_ID", *IN_USE):
            if row.get(name) is not None:
                row[name] = int(row[name])
    return found
