"""The rows of a plan that make several cards one, in the order they are carried out.

    1  updates     the cards made equal wherever two filled values differ, or the portal would refuse
    2  merges      one row per group
    3  afterwards  what a merge may lose or leave behind: links that were not moved, requisites with another
                   KPP, their bank accounts. Where the portal moved them, these rows find it done already.

A row of the third kind is carried out only when the merges of its groups were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from toolkit.records import entity
from toolkit.runs.changes import AFTERWARDS, Changes, merges, rewrites
from toolkit.runs.merges.activities import followed
from toolkit.runs.merges.cells import CardCells
from toolkit.runs.merges.elsewhere import NamingFields, listed_elements
from toolkit.runs.merges.groups import MergeGroup, child_links, linked_ids, moved_links
from toolkit.runs.merges.requisites import kept_requisites
from toolkit.runs.operation import Tables

__all__ = ["planned_merges"]

EQUALISED = "made equal, so that the cards can be merged"
RELINKED = "its link follows the merge"


def planned_merges(groups: Sequence[MergeGroup], tables: Tables, cells: Mapping[str, CardCells]) -> Changes:
    """Every row that merges these groups.

    Args:
        groups: no card in two of them.
        tables: of the snapshot.
        cells: the cards, by entity.
    """
    parts: list[Changes] = []
    for name in dict.fromkeys(group.entity for group in groups):
        own = [group for group in groups if group.entity == name]
        parts += _equalised_and_merged(name, own, cells[name])
    parts += [
        _relinked(groups, tables),
        kept_requisites(groups, tables),
        followed(groups, tables.get("activity")).at_phase(AFTERWARDS + 2),
        _named_elsewhere(groups, tables, cells).at_phase(AFTERWARDS + 8),
        listed_elements(tables, _now_called(groups)),
    ]
    return Changes.joined(*parts)


# -- before and at the merge -------------------------------------------------------------------------


def _equalised_and_merged(name: str, groups: Sequence[MergeGroup], cells: CardCells) -> Iterator[Changes]:
    held = cells.cells(card for group in groups for card in group.cards)
    scalars = set(cells.scalars)
    ids: list[int] = []
    before: list[dict[str, Any]] = []
    after: list[dict[str, Any]] = []
    names: list[str] = []
    ready: list[dict[int, dict[str, Any]]] = []
    becomes: list[dict[str, Any]] = []
    lost: list[list[dict[str, Any]]] = []
    for group in groups:
        own = {card: dict(held[card]) for card in group.cards}
        gone: list[dict[str, Any]] = []
        for card in group.cards:
            wrong = {
                column: group.values.get(column, _nothing(value))
                for column, value in own[card].items()
                if column in scalars and not _fits(cells, column, value, group.values)
            }
            if not wrong:
                continue
            ids.append(card)
            before.append({each: own[card][each] for each in wrong})
            after.append(wrong)
            names.append(group.name)
            gone += [{"id": card, "field": each, "value": own[card][each]} for each in wrong]
            own[card].update(wrong)
        ready.append({card: _comparable(own[card]) for card in group.cards})
        becomes.append(_becomes(group, own, cells))
        lost.append(gone)
    yield rewrites(name, ids, before=before, after=after, reason=EQUALISED, group=names)
    yield merges(
        name,
        [group.master for group in groups],
        losers=[group.losers for group in groups],
        cards=ready,
        fields=cells.scalars,
        becomes=becomes,
        lost=lost,
        reason=[group.reason for group in groups],
        group=[group.name for group in groups],
    )


def _fits(cells: CardCells, field: str, value: Any, values: Mapping[str, Any]) -> bool:
    return field in values and cells.alike(field, value, values[field])


def _nothing(value: Any) -> Any:
    return False if isinstance(value, bool) else ""


def _comparable(cells: Mapping[str, Any]) -> dict[str, Any]:
    """Cells that must read so right before the merge; emptied ones say nothing."""
    return {name: value for name, value in cells.items() if value != "" and value is not False}


def _becomes(group: MergeGroup, own: Mapping[int, Mapping[str, Any]], cells: CardCells) -> dict[str, Any]:
    """The cells of the master that the merge itself changes."""
    master = own[group.master]
    changed = {name: value for name, value in group.values.items() if name not in master}
    for name in cells.lists:
        united: list[Any] = []
        for card in group.cards:
            united += [each for each in own[card].get(name, []) if each not in united]
        if united != list(master.get(name, [])):
            changed[name] = united
    return changed


# -- afterwards --------------------------------------------------------------------------------------


def _relinked(groups: Sequence[MergeGroup], tables: Tables) -> Changes:
    """Links of other records to the cards that go; and the companies of the cards that stay."""
    moved = moved_links(groups)
    parts = []
    for at, merged in enumerate(("contact", "company")):
        going = moved.get(merged, {})
        for child, column in child_links(merged, tables):
            if child == "contact" or not going:
                continue
            rows = _links_through(child, column, going, tables[child], set(moved.get(child, {})))
            parts.append(_link_rows(child, column, rows).at_phase(AFTERWARDS + at))
    if "contact" in tables and "companyIds" in tables["contact"]:
        rows = _companies_of_contacts(groups, tables["contact"])
        parts.append(_link_rows("contact", "companyIds", rows).at_phase(AFTERWARDS + 1))
    return Changes.joined(*parts)


def _companies_of_contacts(
    groups: Sequence[MergeGroup], contacts: pd.DataFrame
) -> list[tuple[int, list[int], list[int], str]]:
    """Contacts whose companies change: a firm of theirs goes, or the cards merged into them bring others."""
    moved = moved_links(groups)
    firms, gone = moved.get("company", {}), moved.get("contact", {})
    into = {group.master: group for group in groups if group.entity == "contact"}
    cells = zip(contacts["id"].tolist(), contacts["companyIds"].tolist(), strict=True)
    held = {int(card): linked_ids(value) for card, value in cells if linked_ids(value)}
    concerned = {card for card, own in held.items() if any(firm in firms for firm in own)}
    concerned |= {gone[card].master for card in held if card in gone}
    found = []
    for card in sorted(concerned - set(gone)):
        own = held.get(card, [])
        group = into.get(card)
        brought = [firm for loser in (group.losers if group else ()) for firm in held.get(loser, [])]
        now = list(dict.fromkeys(firms[each].master if each in firms else each for each in (*own, *brought)))
        names = {firms[each].name for each in (*own, *brought) if each in firms}
        if now != own:
            found.append((card, own, now, " ".join(sorted(names | ({group.name} if group else set())))))
    return found


def _links_through(
    child: str, column: str, going: Mapping[int, MergeGroup], table: pd.DataFrame, gone: set[int]
) -> list[tuple[int, list[int], list[int], str]]:
    """Records that name a card that goes: id, ids before, ids wanted, names of the groups."""
    found = []
    id_field = entity(child).id_field
    named_here = [any(each in going for each in linked_ids(value)) for value in table[column].tolist()]
    named = table[pd.Series(named_here, index=table.index, dtype=bool)]
    for record, value in zip(named[id_field].tolist(), named[column].tolist(), strict=True):
        if int(record) in gone:
            continue  # a card that is merged away itself: its links are its master's
        was = linked_ids(value)
        now = list(dict.fromkeys(going[each].master if each in going else each for each in was))
        names = sorted({going[each].name for each in was if each in going})
        found.append((int(record), was, now, " ".join(names)))
    return found


def _link_rows(child: str, column: str, rows: Sequence[tuple[int, list[int], list[int], str]]) -> Changes:
    several = column.endswith("Ids")

    def cell(ids: list[int]) -> Any:
        return ids if several else ids[0]

    return rewrites(
        child,
        [record for record, _, _, _ in rows],
        before=[{column: cell(was)} for _, was, _, _ in rows],
        after=[{column: cell(now)} for _, _, now, _ in rows],
        reason=RELINKED,
        group=[names for _, _, _, names in rows],
    )


def _named_elsewhere(groups: Sequence[MergeGroup], tables: Tables, cells: Mapping[str, CardCells]) -> Changes:
    """Custom fields, parents and tasks that name cards that go."""
    moved = moved_links(groups)
    into = {(group.entity, group.master): group for group in groups}
    naming = NamingFields(tables)
    parts = []
    for name in naming.entities:
        fields, id_field = naming.of(name), entity(name).id_field
        rows: list[tuple[int, dict[str, Any], dict[str, Any], str]] = []
        columns = [tables[name][field].tolist() for field in fields]
        for at, record in enumerate(tables[name][id_field].tolist()):
            if int(record) in moved.get(name, {}):
                continue  # its cells are its master's by then
            was = {field: column[at] for field, column in zip(fields, columns, strict=True)}
            if (name, int(record)) in into:
                was |= _united(into[name, int(record)], fields, cells[name])
            names: set[str] = set()
            row = {
                field: now
                for field, value in was.items()
                if (now := naming.renamed(name, field, value, _by_master(moved, names))) is not value
                and not _same_names(now, value)
            }
            if row:
                rows.append(
                    (int(record), {field: _listed(was[field]) for field in row}, row, " ".join(sorted(names)))
                )
        parts.append(
            rewrites(
                name,
                [record for record, _, _, _ in rows],
                before=[was for _, was, _, _ in rows],
                after=[now for _, _, now, _ in rows],
                reason=RELINKED,
                group=[names for _, _, _, names in rows],
            )
        )
    return Changes.joined(*parts)


def _by_master(moved: Mapping[str, Mapping[int, MergeGroup]], names: set[str]) -> Callable[[str, int], int]:
    """A card's name after the merges; the groups it takes are added to `names`."""

    def ref(name: str, card: int) -> int:
        group = moved.get(name, {}).get(card)
        if group is None:
            return card
        names.add(group.name)
        return group.master

    return ref


def _united(group: MergeGroup, fields: Sequence[str], cells: CardCells) -> dict[str, Any]:
    """The cells of a card right after the merge into it."""
    held = cells.cells(group.cards)
    found: dict[str, Any] = {}
    for field in fields:
        if field in cells.lists:
            found[field] = list(
                dict.fromkeys(each for card in group.cards for each in held[card].get(field, []))
            )
        elif field in cells.scalars:
            found[field] = group.values.get(field)
    return found


def _same_names(one: Any, other: Any) -> bool:
    return (
        [str(each) for each in _listed(one)] == [str(each) for each in _listed(other)]
        if isinstance(one, list)
        else str(one) == str(other)
    )


def _listed(value: Any) -> Any:
    return list(value) if hasattr(value, "__iter__") and not isinstance(value, str) else value


def _now_called(groups: Sequence[MergeGroup]) -> dict[tuple[str, int], str]:
    return {(group.entity, card): f"merged into {group.master}" for group in groups for card in group.losers}
