"""Requisites of cards that are merged, with what hangs on them: accounts, addresses, and the deals that use them.

Of two requisites with one INN the portal keeps the survivor's. What it loses with the other one comes after the
merge: a requisite of another KPP is made again, accounts and addresses go to the one that stayed, and deals
that used the lost one use that. Where the portal lost nothing, these rows find it done already.

Source: unconfirmed; as integrators describe it, 2026-11-22. That deleting a requisite deletes its accounts,
addresses and links: api-reference/crm/requisites/universal/crm-requisite-delete.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from toolkit.records import entity
from toolkit.runs.bindings import ADDRESS_CELLS, IN_USE
from toolkit.runs.changes import (
    AFTERWARDS,
    Changes,
    binds,
    binds_of_made,
    creates,
    listed,
    rewrites_of_made,
)
from toolkit.runs.merges.groups import MergeGroup
from toolkit.runs.operation import Tables
from toolkit.runs.references import made

__all__ = ["OTHER_ADDRESS", "address_cells", "by_owner", "kept_requisites", "written_cells"]

RESTORED = "would be lost in the merge"
IN_USE_OF_KEPT = "its requisites follow the merge"
OTHER_ADDRESS = "the surviving card has another address of this kind: this one goes"
REQUISITE = 8


def kept_requisites(groups: Sequence[MergeGroup], tables: Tables) -> Changes:
    """What keeps the requisites of merged cards, and what hangs on them.

    Args:
        groups: the merges.
        tables: of the snapshot; as far as read requisite, bankdetail, address, requisitelink.
    """
    table = tables.get("requisite")
    folding = _Folding(tables)
    if table is not None and not table.empty:
        for group in groups:
            folding.fold(group)
    folding.addresses_of_leads(groups)
    return folding.changes()


class _Folding:
    """The requisites of several merges, folded as the portal folds them."""

    def __init__(self, tables: Tables) -> None:
        self._requisites = by_owner(tables.get("requisite"))
        self._banks = by_owner(tables.get("bankdetail"))
        self._addresses = by_owner(tables.get("address"))
        self._links = tables.get("requisitelink")
        self._made: list[tuple[dict[str, Any], str, dict[str, Any]]] = []
        self._accounts: list[tuple[dict[str, Any], str, dict[str, Any]]] = []
        self._hung: list[Changes] = []
        self._becomes: dict[int, tuple[Any, str]] = {}
        self._bank_becomes: dict[int, Any] = {}

    def fold(self, group: MergeGroup) -> None:
        """The requisites of one group: moved as they are, folded into another, or made again."""
        type_id = entity(group.entity).entity_type_id or 0
        kept: dict[str, list[tuple[Any, dict[str, Any]]]] = {}
        for row in self._requisites.get((type_id, group.master), []):
            kept.setdefault(_text(row, "RQ_INN"), []).append((int(row["ID"]), dict(row)))
        for loser in group.losers:
            for row in self._requisites.get((type_id, loser), []):
                inn, kpp = _text(row, "RQ_INN"), _text(row, "RQ_KPP")
                if not inn or inn not in kept:
                    kept.setdefault(inn, []).append((int(row["ID"]), dict(row)))  # moved as it is
                    continue
                fitting = [each for each in kept[inn] if not kpp or _text(each[1], "RQ_KPP") in ("", kpp)]
                if fitting:
                    into, cells = fitting[0]
                    cells["RQ_KPP"] = _text(cells, "RQ_KPP") or kpp
                else:
                    owner = {"ENTITY_TYPE_ID": type_id, "ENTITY_ID": group.master}
                    self._made.append((row, group.name, owner))
                    into = made(_marker("requisite", row))
                    kept[inn].append((into, dict(row)))
                self._fold_one(row, into, group.name)

    def _fold_one(self, row: Mapping[str, Any], into: Any, group: str) -> None:
        number = int(row["ID"])
        self._becomes[number] = (into, group)
        for bank in self._banks.get((REQUISITE, number), []):
            self._accounts.append((bank, group, {"ENTITY_ID": into}))
            self._bank_becomes[int(bank["ID"])] = made(_marker("bankdetail", bank))
        self._keep_addresses((REQUISITE, number), into, group, replaces=number)

    def addresses_of_leads(self, groups: Sequence[MergeGroup]) -> None:
        """Addresses of leads, which are their own."""
        for group in groups:
            if group.entity == "lead":
                for loser in group.losers:
                    self._keep_addresses((1, loser), group.master, group.name)

    def _keep_addresses(self, owner: tuple[int, int], into: Any, group: str, replaces: int = 0) -> None:
        """Addresses go where their owner went; one that stands there already stays."""
        type_id, number = owner
        for row in self._addresses.get(owner, []):
            cells = address_cells(row)
            if not isinstance(into, int):
                marker = _marker("requisite", {"ID": number})
                self._hung.append(
                    binds_of_made("address", [marker], to=[cells], reason=RESTORED, group=group)
                )
                continue
            there = self._addresses.setdefault((type_id, into), [])
            same = next((each for each in there if each["TYPE_ID"] == row["TYPE_ID"]), None)
            if same is None:
                there.append(dict(row))
                held = {"replaces": replaces} if replaces else {}
                self._hung.append(
                    binds("address", [into], to=[cells], reason=RESTORED, group=group, instead_of=[held])
                )
            elif address_cells(same) != cells:
                told = ", ".join(str(cells[name]) for name in ADDRESS_CELLS if name in cells)
                owner_name = "requisite" if type_id == REQUISITE else "lead"
                self._hung.append(listed(owner_name, [number], OTHER_ADDRESS, told))

    def changes(self) -> Changes:
        """Requisites, then accounts, then addresses, then what uses them."""
        return Changes.joined(
            _made_again("requisite", self._made, AFTERWARDS + 3),
            _made_again("bankdetail", self._accounts, AFTERWARDS + 5),
            Changes.joined(*self._hung).at_phase(AFTERWARDS + 6),
            self._in_use().at_phase(AFTERWARDS + 7),
        )

    def _in_use(self) -> Changes:
        if self._links is None or self._links.empty or not self._becomes:
            return Changes()
        ids, held, wanted, names = [], [], [], []
        for row in self._links.to_dict("records"):
            if int(row["REQUISITE_ID"]) not in self._becomes:
                continue
            into, group = self._becomes[int(row["REQUISITE_ID"])]
            was = {name: int(row[name]) for name in ("ENTITY_TYPE_ID", *IN_USE)}
            bank = self._bank_becomes.get(was["BANK_DETAIL_ID"], was["BANK_DETAIL_ID"])
            ids.append(int(row["ENTITY_ID"]))
            held.append({**was, "lost": True})
            wanted.append({**was, "REQUISITE_ID": into, "BANK_DETAIL_ID": bank})
            names.append(group)
        return binds("requisitelink", ids, to=wanted, reason=IN_USE_OF_KEPT, group=names, instead_of=held)


def address_cells(row: Mapping[str, Any]) -> dict[str, Any]:
    """What an address says and whose it is, as it is written."""
    cells: dict[str, Any] = {name: int(row[name]) for name in ("ENTITY_TYPE_ID", "TYPE_ID")}
    return {**cells, **{name: text for name in ADDRESS_CELLS if (text := _text(row, name))}}


def _made_again(name: str, rows: Sequence[tuple[dict[str, Any], str, dict[str, Any]]], phase: int) -> Changes:
    """Requisites or bank accounts as they were, under another owner; their own external keys follow."""
    if not rows:
        return Changes()
    markers = [_marker(name, row) for row, _, _ in rows]
    keyed = [
        (marker, row, group)
        for marker, (row, group, _) in zip(markers, rows, strict=True)
        if _text(row, "XML_ID") or _text(row, "ORIGINATOR_ID")
    ]
    again = creates(
        name,
        [{**written_cells(name, row), **owner} for row, _, owner in rows],
        markers=markers,
        reason=RESTORED,
        group=[group for _, group, _ in rows],
        replaces=[int(row["ID"]) for row, _, _ in rows],
    )
    keys = ("ORIGINATOR_ID", "XML_ID")
    own_keys = rewrites_of_made(
        name,
        [marker for marker, _, _ in keyed],
        before=[{"ORIGINATOR_ID": "b24kit", "XML_ID": marker} for marker, _, _ in keyed],
        after=[{key: _text(row, key) for key in keys} for _, row, _ in keyed],
        reason=RESTORED,
        group=[group for _, _, group in keyed],
    )
    return Changes.joined(again.at_phase(phase), own_keys.at_phase(phase + 1))


_OWN_OF_REQUISITES = frozenset(
    [
        "ID",
        "ENTITY_TYPE_ID",
        "ENTITY_ID",
        "DATE_CREATE",
        "DATE_MODIFY",
        "CREATED_BY_ID",
        "MODIFY_BY_ID",
        "XML_ID",
        "ORIGINATOR_ID",
    ]
)


def written_cells(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The cells of a requisite or bank account that are written when it is made again."""
    kind = entity(name)
    cells = {}
    for column, value in row.items():
        if column in _OWN_OF_REQUISITES or value is None or value is pd.NA or value != value:
            continue
        if kind.field_type(column).kind == "boolean":
            cells[column] = "Y" if value else "N"
        else:
            cells[column] = value.item() if hasattr(value, "item") else value
    return cells


def _marker(name: str, row: Mapping[str, Any]) -> str:
    return f"{name}:{int(row['ID'])}"


def by_owner(table: pd.DataFrame | None) -> dict[tuple[int, int], list[dict[str, Any]]]:
    """Rows by owner, (entity type, id); bank accounts belong to requisites, type 8."""
    found: dict[tuple[int, int], list[dict[str, Any]]] = {}
    if table is None or table.empty:
        return found
    for row in table.sort_values("ID").to_dict("records"):
        cells = {str(name): value for name, value in row.items()}
        owner = (int(cells.get("ENTITY_TYPE_ID") or 8), int(cells["ENTITY_ID"]))
        found.setdefault(owner, []).append(cells)
    return found


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return "" if value is None or value is pd.NA or value != value else str(value).strip()
