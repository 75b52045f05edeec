"""What an operation asks for: changes, one row each, with a reason; and what it leaves to a person.

`Changes` is what every operation returns. The helpers (`updates`, `creates`, `deletes`, `binds`,
`notices`) build them from columns; `Changes.joined` puts several together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

import numpy as np
import pandas as pd

__all__ = [
    "AFTERWARDS",
    "COLUMNS",
    "LISTED_COLUMNS",
    "PHASES",
    "Changes",
    "Kind",
    "binds",
    "binds_of_made",
    "copies",
    "creates",
    "deletes",
    "listed",
    "merges",
    "noted",
    "noted_on",
    "notices",
    "rewrites",
    "rewrites_of_made",
    "unbinds",
    "updates",
]

Kind = Literal["update", "create", "delete", "merge", "bind", "copy", "note", "notify"]

# The order in which kinds are carried out: what is created can be bound, what is bound may then lose its
# duplicate, and people are told when all is proven.
PHASES: dict[str, int] = {
    "create": 10,
    "update": 20,
    "bind": 30,
    "copy": 35,
    "merge": 40,
    "delete": 50,
    "note": 70,
    "notify": 90,
}

_BLOCK = 20_000  # objects turned into text at a time
AFTERWARDS = 60
"""The phase of what follows a merge: it is carried out only where the merge of its group was."""

COLUMNS = ["kind", "entity", "record_id", "before", "after", "reason", "marker", "group"]
LISTED_COLUMNS = ["entity", "record_id", "reason", "details"]


_NO_CHANGES = pd.DataFrame({name: pd.Series(dtype="str") for name in COLUMNS}).astype({"record_id": "Int64"})
_NOTHING_LISTED = _NO_CHANGES[["entity", "record_id"]].assign(
    reason=pd.Series(dtype="str"), details=pd.Series(dtype="str")
)


def _empty() -> pd.DataFrame:
    # A copy: to make the frame takes a millisecond, and a plan is joined out of dozens of pieces.
    return _NO_CHANGES.copy()


def _nothing_listed() -> pd.DataFrame:
    return _NOTHING_LISTED.copy()


@dataclass(frozen=True)
class Changes:
    """Changes in their order, and records left to a person.

    Args:
        table: one row per change; columns as `COLUMNS`: kind, entity str; record_id Int64, missing for
            creates; before, after: JSON objects of field values as on the wire; reason str; marker str,
            the external key of a create; group str, names of the groups it counts in, set apart by blanks.
        listed: one row per record left alone on purpose; columns as `LISTED_COLUMNS`: entity, record_id,
            reason (one of few, to be counted), details (about this record).
        tally: what became of everything that was looked at, in words, to how many; empty when the operation
            does not say. Goes into the plan's facts.
    """

    table: pd.DataFrame = field(default_factory=_empty)
    listed: pd.DataFrame = field(default_factory=_nothing_listed)
    tally: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.table)

    def at_phase(self, phase: int) -> Changes:
        """The same changes, carried out at another time than their kind says.

        Args:
            phase: lower is earlier; a phase begins when nothing of the one before is open any more. From
                `AFTERWARDS` on, changes wait for the merge of their group.
        """
        return Changes(self.table.assign(phase=phase), self.listed, self.tally)

    @classmethod
    def joined(cls, *parts: Changes) -> Changes:
        """All changes of several parts, in order."""
        tables = [part.table for part in parts if len(part.table)]
        lists = [part.listed for part in parts if len(part.listed)]
        return cls(
            pd.concat(tables, ignore_index=True) if tables else _empty(),
            pd.concat(lists, ignore_index=True) if lists else _nothing_listed(),
            {words: count for part in parts for words, count in part.tally.items()},
        )


def updates(
    entity: str,
    ids: Sequence[int] | pd.Series[Any],
    *,
    before: Mapping[str, Sequence[Any] | pd.Series[Any]],
    after: Mapping[str, Sequence[Any] | pd.Series[Any]],
    reason: str | Sequence[str] | pd.Series[Any],
    group: str | Sequence[str] | pd.Series[Any] = "",
) -> Changes:
    """Changes of fields of existing records.

    Args:
        entity: name in the entity catalogue, `contact`, `item:177`.
        ids: record ids, one per change.
        before: field to its values in the snapshot; the precondition of the change, cell by cell.
        after: the same fields to the values wanted.
        reason: why; one for all or one per change.
        group: names of the groups each change counts in, set apart by blanks (`to:5 from:7`).
    """
    if set(before) != set(after):
        raise ValueError("before and after must name the same fields")
    return _rows("update", entity, ids, _objects(before), _objects(after), reason, "", group)


def rewrites(
    entity: str,
    ids: Sequence[int],
    *,
    before: Sequence[Mapping[str, Any]],
    after: Sequence[Mapping[str, Any]],
    reason: str | Sequence[str],
    group: str | Sequence[str] = "",
) -> Changes:
    """As `updates`, for records of which each has fields of its own to change.

    Args:
        entity: name in the entity catalogue.
        ids: record ids, one per change.
        before: for each record its cells in the snapshot.
        after: the same cells as wanted.
        reason: why.
        group: whose summary each change counts in.
    """
    return _rows("update", entity, ids, _each_object(before), _each_object(after), reason, "", group)


def rewrites_of_made(
    entity: str,
    markers: Sequence[str],
    *,
    before: Sequence[Mapping[str, Any]],
    after: Sequence[Mapping[str, Any]],
    reason: str | Sequence[str],
    group: str | Sequence[str] = "",
) -> Changes:
    """As `rewrites`, for records that earlier changes of the same plan make.

    Args:
        entity: name in the entity catalogue.
        markers: of the creates that make them.
        before: for each record its cells once it is made.
        after: the same cells as wanted.
        reason: why.
        group: whose summary each change counts in.
    """
    return _rows(
        "update", entity, None, _each_object(before), _each_object(after), reason, list(markers), group
    )


def merges(
    entity: str,
    masters: Sequence[int],
    *,
    losers: Sequence[Sequence[int]],
    cards: Sequence[Mapping[int, Mapping[str, Any]]],
    becomes: Sequence[Mapping[str, Any]],
    lost: Sequence[Sequence[Mapping[str, Any]]],
    reason: str | Sequence[str],
    group: str | Sequence[str],
    fields: Sequence[str] = (),
) -> Changes:
    """Several cards made one by the portal's own merge.

    Args:
        entity: `contact`, `company` or `lead`.
        masters: ids of the cards that stay.
        losers: ids of the cards that go, for each master.
        cards: for each merge every card by id, with the cells it must have right before: what the earlier
            updates of the same group leave behind.
        becomes: the master's cells afterwards.
        lost: what nobody will find on a card afterwards: `{"id": 5, "field": "post", "value": "..."}`.
        reason: why.
        group: one name per merge, shared with the updates before it and with what follows it.
        fields: those that must still be empty where `cards` says nothing of them.
    """
    before = [
        {
            "cards": {str(card): dict(cells) for card, cells in each.items()},
            "fields": list(fields),
            "lost": list(gone),
        }
        for each, gone in zip(cards, lost, strict=True)
    ]
    after = [
        {"losers": [int(each) for each in going], "becomes": dict(cells)}
        for going, cells in zip(losers, becomes, strict=True)
    ]
    return _rows("merge", entity, masters, _each_object(before), _each_object(after), reason, "", group)


def creates(
    entity: str,
    values: Iterable[Mapping[str, Any]],
    *,
    markers: Sequence[str],
    reason: str | Sequence[str] | pd.Series[str],
    group: str | Sequence[str] = "",
    replaces: Sequence[int] | None = None,
) -> Changes:
    """New records.

    Args:
        entity: name in the entity catalogue; it must have a marker field.
        values: the fields of each, as on the wire, without the marker.
        markers: the external key of each: made from the fact it stands for (`call:<CALL_ID>`), so that
            the record can be found again after a lost reply.
        reason: why.
        group: whose summary they count in.
        replaces: for each the id of the record it stands in for; where that one is still there, nothing is
            created. None when they stand in for nothing.
    """
    after = _each_object(values)
    before = (
        ["{}"] * len(after) if replaces is None else [json.dumps({"replaces": each}) for each in replaces]
    )
    return _rows("create", entity, None, before, after, reason, list(markers), group)


def deletes(
    entity: str, ids: Sequence[int], *, before: Sequence[Mapping[str, Any]], reason: str | Sequence[str]
) -> Changes:
    """Records to be removed.

    Args:
        entity: name in the entity catalogue.
        ids: record ids.
        before: cells that must still read so, or the record is left alone; may be empty objects.
        reason: why.
    """
    held = _each_object(before)
    return _rows("delete", entity, ids, held, ["{}"] * len(held), reason, "", "")


def binds(
    entity: str,
    ids: Sequence[int],
    *,
    to: Iterable[Mapping[str, Any]],
    reason: str | Sequence[str],
    group: str | Sequence[str] = "",
    instead_of: Sequence[Mapping[str, Any]] | None = None,
) -> Changes:
    """What hangs on records and has no id of its own; see `toolkit.runs.bindings`.

    Args:
        entity: `activity`, `address` or `requisitelink`: what it is.
        ids: of the records it hangs on.
        to: for each what shall hang there: `{"entityTypeId": 177, "entityId": 5}`; empty for nothing.
        reason: why.
        group: whose summary each counts in.
        instead_of: for each what is given up for it: of activities a link of the same type; None for nothing.
    """
    after = _each_object(to)
    before = ["{}"] * len(after) if instead_of is None else _each_object(instead_of)
    return _rows("bind", entity, ids, before, after, reason, "", group)


def binds_of_made(
    entity: str,
    markers: Sequence[str],
    *,
    to: Sequence[Mapping[str, Any]],
    reason: str | Sequence[str],
    group: str | Sequence[str] = "",
) -> Changes:
    """As `binds`, on records that earlier changes of the same plan make.

    Args:
        entity: what it is.
        markers: of the creates that make the records it hangs on.
        to: for each what shall hang there.
        reason: why.
        group: whose summary each counts in.
    """
    after = _each_object(to)
    return _rows("bind", entity, None, ["{}"] * len(after), after, reason, list(markers), group)


def unbinds(
    entity: str, ids: Sequence[int], *, held: Sequence[Mapping[str, Any]], reason: str | Sequence[str]
) -> Changes:
    """Links of records to other records, taken away.

    Args:
        entity: `activity`: whose link it is.
        ids: record ids.
        held: the link of each, as in `binds`.
        reason: why.
    """
    before = [json.dumps(dict(each)) for each in held]
    return _rows("bind", entity, ids, before, ["{}"] * len(before), reason, "", "")


def copies(
    entity: str, targets: Sequence[int | str], *, of: Sequence[Mapping[str, Any]], reason: str | Sequence[str]
) -> Changes:
    """Files carried into records; see `toolkit.runs.recordings`.

    Args:
        entity: name in the entity catalogue.
        targets: for each the id of its record, or the marker of the create that makes it.
        of: for each where its file lies and where it goes.
        reason: why.
    """
    after = _each_object(of)
    ids = [pd.NA if isinstance(each, str) else int(each) for each in targets]
    markers = [each if isinstance(each, str) else "" for each in targets]
    return _rows(
        "copy", entity, pd.Series(ids, dtype="Int64"), ["{}"] * len(after), after, reason, markers, ""
    )


def noted(
    entity: str,
    ids: Sequence[int],
    *,
    markers: Sequence[str],
    reason: str,
    group: str | Sequence[str],
    texts: Sequence[str] | None = None,
    held: Sequence[Mapping[str, Any]] | None = None,
) -> Changes:
    """Comments in the timelines of cards, written or taken away.

    Args:
        entity: `contact`, `company`, `lead`, `deal`.
        ids: of the cards.
        markers: what each stands for; the last line of its text says so.
        reason: why.
        group: whose fate they share: a merge's.
        texts: of new comments.
        held: of those taken away: `{"id": 5, "comment": "..."}`.
    """
    before = ["{}"] * len(ids) if held is None else _each_object(held)
    after = ["{}"] * len(ids) if texts is None else _each_object([{"comment": each} for each in texts])
    return _rows("note", entity, ids, before, after, reason, list(markers), group)


def noted_on(
    entity: str,
    targets: Sequence[int | str],
    *,
    texts: Sequence[str],
    marks: Sequence[str],
    reason: str | Sequence[str],
) -> Changes:
    """Comments in the timelines of cards which people made, or which earlier changes of the same plan make.

    Args:
        entity: `contact`, `company`, `lead`, `deal`.
        targets: for each the id of its card, or the marker of the create that makes it.
        texts: of the comments; the last line of each says what it stands for, as `toolkit.runs.notes.signed` puts it.
        marks: what each stands for.
        reason: why.
    """
    after = _each_object([{"comment": each} for each in texts])
    ids = [pd.NA if isinstance(each, str) else int(each) for each in targets]
    markers = [each if isinstance(each, str) else mark for each, mark in zip(targets, marks, strict=True)]
    return _rows(
        "note", entity, pd.Series(ids, dtype="Int64"), ["{}"] * len(after), after, reason, markers, ""
    )


def notices(
    user_ids: Sequence[int], texts: Sequence[str], *, counts: Sequence[Mapping[str, str]], reason: str
) -> Changes:
    """One notification for each person, sent after the run is proven.

    Args:
        user_ids: whom.
        texts: what; `{name}` becomes the number of changes carried out of the group that `counts` gives
            that name.
        counts: for each text, name to group (`{"received": "to:5"}`); a notification whose counts are
            all zero is not sent.
        reason: why.
    """
    after = [
        json.dumps({"message": text, "counts": dict(count)}, ensure_ascii=False)
        for text, count in zip(texts, counts, strict=True)
    ]
    return _rows("notify", "user", user_ids, ["{}"] * len(after), after, reason, "", "")


def listed(
    entity: str,
    ids: Sequence[int] | pd.Series[Any],
    reason: str | Sequence[str],
    details: str | Sequence[str] = "",
) -> Changes:
    """No change: records left alone on purpose, for a person to read.

    Args:
        entity: name in the entity catalogue.
        ids: record ids.
        reason: one of a few short reasons, the same words for the same case, so that they can be counted.
        details: what a person needs to decide this one.
    """
    if not len(ids):
        return Changes()
    ids = pd.Series(ids).astype("Int64").reset_index(drop=True)
    return Changes(
        listed=pd.DataFrame(
            {
                "entity": entity,
                "record_id": ids,
                "reason": _column(reason, len(ids)),
                "details": _column(details, len(ids)),
            }
        ).astype({"entity": "str", "reason": "str", "details": "str"})
    )


def _rows(
    kind: Kind,
    entity: str,
    ids: Sequence[int] | pd.Series[Any] | None,
    before: Sequence[str] | pd.Series[str],
    after: Sequence[str] | pd.Series[str],
    reason: Any,
    marker: Any,
    group: Any,
) -> Changes:
    count = len(after)
    if not count and not len(before):
        return Changes()
    record_ids = pd.Series([pd.NA] * count, dtype="Int64") if ids is None else pd.Series(ids).astype("Int64")
    return Changes(
        pd.DataFrame(
            {
                "kind": kind,
                "entity": entity,
                "record_id": record_ids.reset_index(drop=True),
                "before": before if isinstance(before, pd.Series) else list(before),
                "after": after if isinstance(after, pd.Series) else list(after),
                "reason": _column(reason, count),
                "marker": _column(marker, count),
                "group": _column(group, count),
            }
        ).astype({name: "str" for name in COLUMNS if name != "record_id"})
    )


def _column(value: Any, count: int) -> list[str] | pd.Series[str]:
    if isinstance(value, str):
        return [value] * count
    if isinstance(value, pd.Series):
        column: list[str] | pd.Series[str] = value.astype("str").reset_index(drop=True)
    else:
        column = [str(each) for each in value]
    if len(column) != count:
        raise ValueError(f"{len(column)} values for {count} changes")
    return column


def _objects(columns: Mapping[str, Sequence[Any] | pd.Series[Any]]) -> list[str]:
    """One JSON object per row, from columns."""
    rendered = {name: [_rendered(value) for value in column] for name, column in columns.items()}
    keys = [json.dumps(name) for name in rendered]
    if len(keys) == 1:
        return [f"{{{keys[0]}: {value}}}" for value in next(iter(rendered.values()))]
    return [
        "{" + ", ".join(f"{key}: {value}" for key, value in zip(keys, row, strict=True)) + "}"
        for row in zip(*rendered.values(), strict=True)
    ]


def _each_object(objects: Iterable[Mapping[str, Any]]) -> pd.Series[str]:
    """One JSON object each; in a compact column block by block, for there may be a million."""
    rest, blocks = iter(objects), []
    while block := list(islice(rest, _BLOCK)):
        texts = [json.dumps(dict(each), ensure_ascii=False, default=_plain) for each in block]
        blocks.append(pd.Series(texts, dtype="str"))
    return pd.concat(blocks, ignore_index=True) if blocks else pd.Series(dtype="str")


def _rendered(value: Any) -> str:
    if type(value) is int:
        return str(value)
    return json.dumps(_plain(value), ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    """numpy and pandas scalars as what JSON knows."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    return value
