"""Cards made one by the portal's own merge, and where merged cards went.

The portal merges without a transaction and answers 200 to everything: CONFLICT when two filled values differ,
ERROR when it broke on the way, and either may name cards as deleted that are still there. So its word is
never enough: what is left of the cards is read again in the same batch, and that decides.

    all others gone, the master there   done
    none gone                           nothing happened: rejected with the portal's status
    some gone                           half merged: a conflict, listed with what remains; never sent again

Source:
    api-reference/crm/duplicates/crm-entity-merge-batch.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from toolkit.client import Command, Outcome
from toolkit.records import FieldType, entity, same
from toolkit.runs.multivalues import rows_of
from toolkit.runs.rows import Base, Row, Verdict, records_in

if TYPE_CHECKING:
    from toolkit.runs.folder import Run

__all__ = ["MERGE_METHOD", "Merge", "aliases", "card_marker", "taken_back"]

MERGE_METHOD = "crm.entity.mergeBatch"
_PAGE = 50
_TELLING_DIGITS = 10


class Merge(Base):
    """One group of cards, merged into the first."""

    reads_back = True

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """All cards of all groups, whole, fifty to a list call."""
        kind = entity(rows[0].entity)
        ids = [card for row in rows for card in _cards(row)]
        return [
            Command(
                kind.list_method,
                {
                    **kind.list_params(None, {f"@{kind.id_field}": ids[start : start + _PAGE]}),
                    "order": {kind.id_field: "ASC"},
                    "start": -1,
                },
            )
            for start in range(0, len(ids), _PAGE)
        ]

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """True when only the master is left and holds what the others had; open when every card is as
        the plan left it."""
        kind = entity(rows[0].entity)
        present: dict[int, Mapping[str, Any]] = {}
        for outcome in outcomes:
            present.update(records_in(kind, outcome))
        return [_judged(row, present, types) for row in rows]

    def command(self, row: Row) -> Command:
        """One merge; the card named first stays."""
        return Command(
            MERGE_METHOD,
            {"params": {"entityTypeId": entity(row.entity).entity_type_id, "entityIds": _cards(row)}},
        )

    def result(self, outcome: Outcome) -> Any:
        """The portal's status, and the ids it says are gone."""
        answer = outcome.result if isinstance(outcome.result, Mapping) else {}
        return {"status": str(answer.get("STATUS", "")), "gone": list(answer.get("ENTITY_IDS") or [])}


def _cards(row: Row) -> list[int]:
    return [row.record_id, *(int(each) for each in row.after["losers"])]


def _judged(row: Row, present: Mapping[int, Mapping[str, Any]], types: Mapping[str, FieldType]) -> Verdict:
    cards = _cards(row)
    there = [card for card in cards if card in present]
    if there == cards:
        changed = [
            f"{card}: {', '.join(names)}"
            for card in cards
            if (
                names := _changed(
                    row.before["cards"][str(card)], present[card], row.before.get("fields", ()), types
                )
            )
        ]
        if not changed:
            by_hand = f"/crm/{row.entity}/merge/?id={','.join(map(str, cards))}"
            return Verdict("open", f"a person can merge them at {by_hand}")
        return Verdict("foreign", f"changed since the plan was made ({'; '.join(changed)}); not merged")
    if there == cards[:1]:
        return _only_the_master(row, present[cards[0]], types)
    gone = [card for card in cards if card not in present]
    remain = ", ".join(map(str, there)) or "none"
    return Verdict(
        "foreign",
        f"half merged, or deleted by somebody: gone {', '.join(map(str, gone))}; still there: {remain}",
        {"remain": there, "gone": gone},
    )


def _changed(
    wanted: Mapping[str, Any],
    record: Mapping[str, Any],
    fields: Sequence[str],
    types: Mapping[str, FieldType],
) -> list[str]:
    """Fields that do not read as the plan left them; one that was empty may have been filled since."""
    names = dict.fromkeys([*wanted, *fields])
    return [name for name in names if not same(record.get(name), wanted.get(name), types[name])]


def _only_the_master(row: Row, master: Mapping[str, Any], types: Mapping[str, FieldType]) -> Verdict:
    """Merged; unless the master has not got what the others had, who then were deleted.

    A phone may be missing after a merge: the portal takes two spellings for one by a rule of its own. An
    e-mail may not, nor may everything the merge should have brought.
    """
    have = rows_of(master.get("fm"))
    going = [row.before["cards"][str(card)] for card in row.after["losers"]]
    held = [each for cells in going for each in rows_of(cells.get("fm"))]
    lacking = [str(each["value"]) for each in held if not any(_one_of(each, other) for other in have)]
    mails = [each for each in lacking if "@" in each]
    brought = row.after.get("becomes", {})
    # Lists are united in an order of the portal's own, so only single values tell.
    single = [name for name in brought if name in types and not types[name].multiple]
    filled = [name for name in single if same(master.get(name), brought[name], types[name])]
    if mails or (held and len(lacking) == len(held)) or (single and not filled):
        without = ", ".join(lacking or single)
        return Verdict(
            "foreign",
            f"the other cards are gone, but {row.record_id} lacks what they held: {without}",
        )
    without = f"; the portal took for doubles: {', '.join(lacking)}" if lacking else ""
    return Verdict("true", f"merged: only the master is left{without}")


def _one_of(row: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two rows of a multifield may be the same value in two spellings, or one of several in a row."""
    if row["typeId"] != other["typeId"]:
        return False
    one, two = str(row["value"]), str(other["value"])
    digits = ["".join(sign for sign in text if sign.isdecimal()) for text in (one, two)]
    if row["typeId"] == "PHONE" and all(digits):
        return any(a[-_TELLING_DIGITS:] in b for a, b in (digits, digits[::-1]))
    return one.strip().casefold() == two.strip().casefold()


def card_marker(run: str, name: str, card: int) -> str:
    """The marker of a card that an undo makes again: `undo:<run>:contact:5`."""
    return f"undo:{run}:{name}:{card}"


def aliases(runs: Iterable[Run]) -> dict[tuple[str, int], int]:
    """Under which id a card lives on that was merged away, or merged away and made again.

    Args:
        runs: oldest first.

    Returns:
        (entity, old id) to the id of today; cards whose id never changed are left out.
    """
    steps: dict[tuple[str, int], int] = {}
    for run in runs:
        if not run.has_plan or run.facts.rehearses:
            continue
        plan = run.plan.table
        telling = plan[(plan["kind"] == "merge") | ((plan["kind"] == "create") & (plan["marker"] != ""))]
        if telling.empty:
            continue
        states = run.journal.table().set_index("change")["state"].to_dict()
        results = run.journal.results()
        for record in telling.to_dict("records"):
            row = Row.of({str(name): value for name, value in record.items()})
            if states.get(row.change) not in ("done", "already"):
                continue
            if row.kind == "merge":
                steps.update({(row.entity, int(loser)): row.record_id for loser in row.after["losers"]})
            elif (
                row.marker.startswith(card_marker(run.facts.undoes, row.entity, 0)[:-1]) and run.facts.undoes
            ):
                old = int(row.marker.rpartition(":")[2])
                steps[row.entity, old] = int(results[row.change]["id"])
    return {key: _followed(key, steps) for key in steps}


def taken_back(run: str, undos: Iterable[Run]) -> dict[tuple[str, int], int]:
    """What earlier undos of a run made again: (entity, old id) to the id it came back under.

    Args:
        run: its id.
        undos: runs that took parts of it back.
    """
    found: dict[tuple[str, int], int] = {}
    for each in undos:
        results = each.journal.results()
        done = set(each.journal.in_state("done", "already"))
        plan = each.plan.table
        made = plan[(plan["kind"] == "create") & plan["change"].isin(done)]
        for change, name, marker in zip(made["change"], made["entity"], made["marker"], strict=True):
            if marker.startswith(card_marker(run, name, 0)[:-1]):
                found[str(name), int(marker.rpartition(":")[2])] = int(results[int(change)]["id"])
    return found


def _followed(key: tuple[str, int], steps: Mapping[tuple[str, int], int]) -> int:
    name, card = key
    seen = {card}
    while (name, card) in steps and steps[name, card] not in seen:
        card = steps[name, card]
        seen.add(card)
    return card
