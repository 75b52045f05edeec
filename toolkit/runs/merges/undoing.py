"""Merged cards taken apart again: made anew, given back what was theirs, and the survivor as it was.

What the snapshot held is wanted, what the merge made of it is expected, and only what still reads as expected
is touched: a later edit of a person stays. Cards come back under new ids, so everything that names them goes
by the marker of the create that makes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from toolkit.records import Snapshot, entity, same
from toolkit.runs.changes import Changes, creates, listed, rewrites, rewrites_of_made
from toolkit.runs.merges.activities import BACK, LINK_CHANGED, given_back
from toolkit.runs.merges.carrying import card_marker
from toolkit.runs.merges.cells import CardCells
from toolkit.runs.merges.elsewhere import LEAD, LEAD_STAYS, NamingFields, listed_elements
from toolkit.runs.merges.groups import child_links, linked_ids
from toolkit.runs.merges.requisites_back import AGAIN, RequisitesBack
from toolkit.runs.operation import Tables
from toolkit.runs.references import made

__all__ = ["COMES_BACK_NEW", "KEEPS_CHOICES", "LINK_CHANGED", "MASTER_CHANGED", "Unmerge"]

COMES_BACK_NEW = "comes back under a new id, created today; its history and files do not"
MASTER_CHANGED = "the surviving card was changed since: those fields stay"
KEEPS_CHOICES = "a list of choices that was empty cannot be emptied through REST"

_CARDS = ("company", "contact", "lead")
# Cells the portal fills by itself when they are not given.
_FILLED = {"opened": False, "export": False, "typeId": "", "sourceId": ""}
_KEYS = ("originatorId", "originId")
_LINKS: Mapping[str, Mapping[str, str]] = {
    "contact": {"companyIds": "company"},
    "lead": {"contactIds": "contact", "companyId": "company"},
}
"""The clients a card has itself."""


@dataclass(frozen=True)
class _Merge:
    """One merge that was carried out."""

    entity: str
    master: int
    losers: tuple[int, ...]
    cells: Mapping[str, Any]  # the master's, right after the merge


class Unmerge:
    """The changes that take merges of a run back.

    Args:
        run: its id.
        done: rows of its plan that were carried out.
        before: its snapshot.
        again: what earlier undos of it made again, (entity, old id) to new id; those merges are over.
    """

    def __init__(
        self,
        run: str,
        done: pd.DataFrame,
        before: Snapshot,
        again: Mapping[tuple[str, int], int] | None = None,
    ) -> None:
        self._run, self._before, self._again = run, before, dict(again or {})
        merged = [_merge(row) for row in done[done["kind"] == "merge"].to_dict("records")]
        self._all = [
            each for each in merged if not any((each.entity, card) in self._again for card in each.losers)
        ]
        self._into = {(each.entity, card): each.master for each in self._all for card in each.losers}

    def reads(self, fields: Mapping[str, Sequence[str] | None]) -> Mapping[str, Sequence[str] | None]:
        """What has to be read to take merges back: entity to its fields, None for all.

        Args:
            fields: what the run read.
        """
        left_out = {"user"}
        return {
            name: wanted
            for name, wanted in fields.items()
            if name not in left_out and not name.startswith("field:")
        }

    def plan(self, tables: Tables, masters: Iterable[tuple[str, int]]) -> Changes:
        """The changes that take the merges into these cards back.

        Args:
            tables: the portal's present.
            masters: (entity, id) of the cards that survived.
        """
        chosen = set(masters)
        own = [each for each in self._all if (each.entity, each.master) in chosen]
        return _Plan(self._run, own, self._into, self._again, self._before, tables).changes()

    def still_merged(self, name: str, master: int) -> bool:
        """Whether the merge into a card has not been taken back by an earlier undo."""
        return any((each.entity, each.master) == (name, master) for each in self._all)


def _merge(row: Mapping[Any, Any]) -> _Merge:
    before, after = json.loads(row["before"]), json.loads(row["after"])
    master = int(row["record_id"])
    cells = {**before["cards"][str(master)], **after["becomes"]}
    return _Merge(str(row["entity"]), master, tuple(int(each) for each in after["losers"]), cells)


class _Plan:
    """One plan of taking back."""

    def __init__(
        self,
        run: str,
        merges: Sequence[_Merge],
        into: Mapping[tuple[str, int], int],
        again: Mapping[tuple[str, int], int],
        before: Snapshot,
        tables: Tables,
    ) -> None:
        self.run, self.merges, self.into, self.now = run, merges, into, tables
        self.again = again
        self.lives = {**into, **again}
        self.was = {name: before.table(name) for name in before.entities}
        self.back = {(each.entity, card) for each in merges for card in each.losers}
        self.lists: list[tuple[str, int, str, str]] = []
        names = {each.entity for each in merges}
        self.cells_was = {name: CardCells(name, self.was) for name in names}
        self.naming = NamingFields(self.was)
        definitions = {name: table for name, table in self.was.items() if name.startswith("field:")}
        self.cells_now = {name: CardCells(name, {**definitions, name: tables[name]}) for name in names}

    def changes(self) -> Changes:
        parts = [self._cards(), self._masters(), self._requisites(), self._links(), self._activities()]
        told = [listed(name, [card], reason, details) for name, card, reason, details in self.lists]
        return Changes.joined(*parts, *told)

    def ref(self, name: str, card: int) -> Any:
        """A card as the plan names it: made again, merged into another, or as it is."""
        if (name, card) in self.back:
            return made(card_marker(self.run, name, card))
        return self.lives.get((name, card), card)

    def _lives(self, name: str, card: int) -> int:
        """A card as the merges, and earlier undos, left it."""
        return self.lives.get((name, card), card)

    def merged(self, name: str, ids: Iterable[int]) -> list[int]:
        """Ids as the merges, and earlier undos, left them."""
        return list(dict.fromkeys(self._lives(name, card) for card in ids))

    # -- the cards themselves ------------------------------------------------------------------------

    def _cards(self) -> Changes:
        parts = []
        for at, name in enumerate(_CARDS):
            losers = [card for each in self.merges if each.entity == name for card in each.losers]
            if not losers:
                continue
            cells = self.cells_was[name]
            held = cells.cells(losers)
            links = {column: cells.column(column, losers) for column in _LINKS.get(name, ())}
            values: list[dict[str, Any]] = []
            keys: list[dict[str, Any]] = []
            blank: list[dict[str, Any]] = []
            for card in losers:
                own = {
                    **{each: value for each, value in _FILLED.items() if each in cells.types},
                    **held[card],
                }
                files = [each for each in cells.files if own.pop(each, None)]
                keys.append({each: own.pop(each, "") for each in _KEYS})
                own["fm"] = [{**row, "id": None} for row in own["fm"]]
                for column, linked in _LINKS.get(name, {}).items():
                    if theirs := [self.ref(linked, each) for each in linked_ids(links[column].get(card))]:
                        own[column] = theirs if column.endswith("Ids") else theirs[0]
                # Cards may name each other: only once all are made has each of them an id.
                named = {field: own.pop(field) for field in self.naming.of(name) if field in own}
                blank.append({field: [] if cells.types[field].multiple else "" for field in named})
                keys[-1] |= {
                    field: self.naming.renamed(name, field, value, self.ref) for field, value in named.items()
                }
                values.append(own)
                lost = f"files in {', '.join(files)}" if files else ""
                self.lists.append((name, card, COMES_BACK_NEW, lost))
            markers = [card_marker(self.run, name, card) for card in losers]
            parts.append(creates(name, values, markers=markers, reason=AGAIN).at_phase(10 + at))
            parts.append(
                rewrites_of_made(
                    name,
                    markers,
                    before=[
                        {"originatorId": "b24kit", "originId": marker, **empty}
                        for marker, empty in zip(markers, blank, strict=True)
                    ],
                    after=keys,
                    reason=AGAIN,
                ).at_phase(28)
            )
        return Changes.joined(*parts)

    def _masters(self) -> Changes:
        parts = []
        for name in dict.fromkeys(each.entity for each in self.merges):
            own = [each for each in self.merges if each.entity == name]
            masters = [each.master for each in own]
            was, now = self.cells_was[name].cells(masters), self.cells_now[name].cells(masters)
            held = self.cells_was[name].cells(card for each in own for card in each.losers)
            ids, before, after = [], [], []
            for each in own:
                if each.master not in now:
                    self.lists.append((name, each.master, MASTER_CHANGED, "it is gone"))
                    continue
                cells = self._restored(each, was[each.master], now[each.master])
                theirs = [row for card in each.losers for row in held[card]["fm"]]
                rows = _own_rows(was[each.master]["fm"], now[each.master]["fm"], theirs)
                if rows != now[each.master]["fm"]:
                    cells["fm"] = (now[each.master]["fm"], rows)
                if cells:
                    ids.append(each.master)
                    before.append({field: pair[0] for field, pair in cells.items()})
                    after.append({field: pair[1] for field, pair in cells.items()})
            parts.append(rewrites(name, ids, before=before, after=after, reason=BACK).at_phase(20))
        return Changes.joined(*parts)

    def _restored(
        self, merge: _Merge, was: Mapping[str, Any], now: Mapping[str, Any]
    ) -> dict[str, tuple[Any, Any]]:
        """Field to (present, before the merge), where it still reads as the merge left it."""
        cells, kept = self.cells_was[merge.entity], []
        restored: dict[str, tuple[Any, Any]] = {}
        for field in [*cells.scalars, *cells.lists]:
            kind = cells.types[field]
            old, left, present = was.get(field), merge.cells.get(field), now.get(field)
            own = self.naming.renamed(merge.entity, field, old, self.ref)
            left = self.naming.renamed(merge.entity, field, left, self._lives)
            if _alike(own, left, kind):
                continue
            if old is None and not cells.may_be_emptied(field):
                self.lists.append((merge.entity, merge.master, KEEPS_CHOICES, f"{field}: {present!r}"))
            elif _alike(present, left, kind):
                empty: Any = [] if kind.multiple else False if isinstance(left, bool) else ""
                restored[field] = (present, empty if old is None else own)
            elif not _alike(present, old, kind):
                kept.append(f"{field}: {present!r}")
        if kept:
            self.lists.append((merge.entity, merge.master, MASTER_CHANGED, ", ".join(kept)))
        return restored

    # -- what hangs on them --------------------------------------------------------------------------

    def _links(self) -> Changes:
        """Deals, contacts and others that named a card that was merged away name it again."""
        parts = []
        for at, merged in enumerate(("contact", "company")):
            named = {name for name, _ in self.back}
            if not named & {merged, "lead"} and merged != "company":
                continue
            for child, column in child_links(merged, self.was):
                if child in self.now:
                    parts.append(self._child(child, column, merged).at_phase(21 + at))
        parts += [self._named(name).at_phase(23) for name in self.naming.entities if name in self.now]
        parts.append(listed_elements(self.now, self._come_back()))
        self._leads_stay()
        return Changes.joined(*parts)

    def _named(self, name: str) -> Changes:
        """Custom fields, parents and tasks that named a card that comes back."""
        id_field, fields = entity(name).id_field, self.naming.of(name)
        masters = {(each.entity, each.master) for each in self.merges}
        now = {field: _column(self.now[name], id_field, field) for field in fields if field in self.now[name]}
        rows: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {}
        for field in now:
            for number, was in _column(self.was[name], id_field, field).items():
                record = self.again.get((name, number), number)
                if (name, number) in self.into or (name, number) in masters or record not in now[field]:
                    continue  # cards get their own cells back as cards
                if not any(card in self.back for card in self.naming.cards(name, field, was)):
                    continue
                left = self.naming.renamed(name, field, was, self._lives)
                present = now[field][record]
                if _names(present) not in (_names(left), _names(was)):
                    self.lists.append((name, record, LINK_CHANGED, f"{field}: {present}"))
                    continue
                before, after = rows.setdefault(record, ({}, {}))
                before[field] = (
                    list(present) if isinstance(was, list) or hasattr(present, "tolist") else present
                )
                after[field] = self.naming.renamed(name, field, was, self.ref)
        pairs = rows.values()
        return rewrites(
            name, list(rows), before=[was for was, _ in pairs], after=[to for _, to in pairs], reason=BACK
        )

    def _leads_stay(self) -> None:
        """Records that came from a lead which comes back."""
        for name in ("deal", "contact", "company"):
            if any(card[0] == "lead" for card in self.back) and LEAD in self.was.get(name, ()):
                for record, value in _column(self.was[name], entity(name).id_field, LEAD).items():
                    if any(("lead", each) in self.back for each in linked_ids(value)):
                        self.lists.append((name, record, LEAD_STAYS, ""))

    def _come_back(self) -> dict[tuple[str, int], str]:
        return dict.fromkeys(self.back, "comes back under a new id, see the table of aliases")

    def _child(self, child: str, column: str, linked: str) -> Changes:
        id_field = entity(child).id_field
        present = _column(self.now[child], id_field, column)
        several = column.endswith("Ids")
        ids, before, after = [], [], []
        was = _column(self.was[child], id_field, column)
        for number, value in was.items():
            record = self.again.get((child, number), number)
            if (child, number) in self.into or record not in present:
                continue  # a card that was merged away itself comes back with its own links
            old = linked_ids(value)
            left = self.merged(linked, [*old, *self._brought(child, number, was)])
            left = left if several else left[:1]
            # What a merge that stays brought to this record stays with it.
            stays = [self.ref(linked, each) for each in self._brought(child, number, was, staying=True)]
            wanted = [self.ref(linked, each) for each in old]
            wanted += [each for each in stays if each not in wanted] if several else []
            now = linked_ids(present[record])
            if wanted in (left, now):
                continue
            if set(now) != set(left):
                self.lists.append((child, record, LINK_CHANGED, f"{column}: {now}"))
                continue
            ids.append(record)
            before.append({column: now if several else [*now, 0][0]})
            after.append({column: wanted if several else [*wanted, 0][0]})
        return rewrites(child, ids, before=before, after=after, reason=BACK)

    def _brought(
        self, child: str, record: int, was: Mapping[int, Any], *, staying: bool = False
    ) -> list[int]:
        """Clients that the merge into a contact or lead brought it; only those of cards that stay merged."""
        losers = [card for (name, card), master in self.into.items() if (name, master) == (child, record)]
        losers = [card for card in losers if not (staying and (child, card) in self.back)]
        return [each for card in losers for each in linked_ids(was.get(card))]

    def _activities(self) -> Changes:
        if "activity" not in self.was or "activity" not in self.now:
            return Changes()
        into = {self._target(*card): master for card, master in self.lives.items() if card[0] in _CARDS}
        back = {self._target(*card): self.ref(*card) for card in self.back}
        return given_back(
            self.was["activity"],
            self.now["activity"],
            into,
            back,
            lambda each: (each[0], into.get(each, each[1])),
        )

    @staticmethod
    def _target(name: str, card: int) -> tuple[int, int]:
        return entity(name).entity_type_id or 0, card

    def _requisites(self) -> Changes:
        numbered = {self._target(*card): self.ref(*card) for card in self.back}
        into = {self._target(*card): master for card, master in self.into.items()}
        masters = {self._target(each.entity, each.master) for each in self.merges}
        return RequisitesBack(self.run, numbered, into, masters, self.was, self.now).changes()


def _names(value: Any) -> list[str]:
    """The cards a cell names, as text."""
    several = hasattr(value, "__iter__") and not isinstance(value, str)
    return sorted(str(each) for each in value) if several else [str(value)]


def _alike(one: Any, other: Any, kind: Any) -> bool:
    if isinstance(one, Mapping):  # a card that is going to be made
        return False
    if kind.multiple:
        return {str(each) for each in one or []} == {str(each) for each in other or []}
    return same(one, other, kind)


def _own_rows(
    was: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]], theirs: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The phones of the survivor without the rows that the merge added out of the others."""

    def told(row: Mapping[str, Any]) -> tuple[str, str, str]:
        return row["typeId"], row["valueType"], row["value"]

    own, brought = {row["id"] for row in was}, {told(row) for row in theirs}
    return [dict(row) for row in now if row["id"] in own or told(row) not in brought]


def _column(table: pd.DataFrame, id_field: str, column: str) -> dict[int, Any]:
    return {
        int(card): value for card, value in zip(table[id_field].tolist(), table[column].tolist(), strict=True)
    }
