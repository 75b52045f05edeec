"""The proof: the scope read again, every cell judged, and a second plan that must be empty.

    as planned        a cell we wrote reads as we wrote it
    someone else      it reads otherwise, and somebody saved the record after us: who, and when
    unexplained       it reads otherwise and nobody else saved the record; or a cell we did not mean to
                      touch changed together with our write (a robot): the certificate is refused

Then the operation plans again on what was read. Without anybody else's edits that plan is empty; what
others' edits brought about since is listed as drift.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pandas as pd

from toolkit.client import Clock
from toolkit.errors import StorageError
from toolkit.records import Difference, FieldType, Snapshot, Wanted, compare, entity, same, take_snapshot
from toolkit.runs.bindings import HANGING
from toolkit.runs.call_recordings import judge_call_recordings
from toolkit.runs.folder import Run, private
from toolkit.runs.merges.verdict import MergesDone
from toolkit.runs.mirrored import Mirrored
from toolkit.runs.operation import Operation
from toolkit.runs.plan import Plan
from toolkit.runs.recordings import copied_cells, judge_copies
from toolkit.runs.references import with_ids
from toolkit.runs.settings_of_types import SETTINGS
from toolkit.runs.sounds import without_files

__all__ = ["Certificate", "check_canary", "judge", "verify"]

_CELL_COLUMNS = ["entity", "record_id", "field", "wanted", "found", "verdict", "by", "at"]
_NUMBERS = frozenset({"integer", "double"})
_SLACK_S = 5.0  # the portal keeps whole seconds, and a batch takes its time


@dataclass(frozen=True)
class Certificate:
    """The verdict of a verification.

    Args:
        as_planned: cells that read as we wrote them.
        someone_else: cells another hand changed afterwards.
        unexplained: cells nobody answers for.
        second_plan: changes a second plan asks for that others' edits do not explain.
        drift: changes a second plan asks for because others edited records meanwhile.
        states: number of changes by journal state.
        cells: every judged cell that is not as planned; columns entity, record_id, field, wanted, found,
            verdict, by (user id), at (ISO 8601).
    """

    as_planned: int
    someone_else: int
    unexplained: int
    second_plan: int
    drift: int
    states: Mapping[str, int]
    cells: list[dict[str, Any]] = field(default_factory=list, repr=False)

    @property
    def clean(self) -> bool:
        """Nothing unexplained, and nothing left to do that was meant to be done."""
        return self.unexplained == 0 and self.second_plan == 0

    @property
    def complete(self) -> bool:
        """Clean, and every change of the plan was carried out."""
        left = {name: count for name, count in self.states.items() if name not in ("done", "already")}
        return self.clean and not any(left.values()) and self.someone_else == 0 and self.drift == 0

    @property
    def exit_code(self) -> int:
        """0 complete, 3 finished with exceptions, 4 something unexplained."""
        if not self.clean:
            return 4
        return 0 if self.complete else 3


def verify(
    run: Run, operation: Operation, params: Any, portal: Any, clock: Clock, *, progress: Any = None
) -> Certificate:
    """Read the scope of a run again and judge it.

    Args:
        run: a run whose changes are settled.
        operation: what planned it.
        params: its parameters.
        portal: where to read.
        clock: time stamps.
        progress: called with entity and records read so far.

    Raises:
        IncompleteRead, PortalError, StorageError: the reading failed; the run is as it was.
    """
    after = take_snapshot(portal, run.wanted, run.next_after(), clock=clock, progress=progress)
    tables = {name: after.table(name) for name in after.entities}
    again = Plan.freeze(operation.plan(tables, params), {"operation": operation.name})
    certificate = judge(run, after, again)
    _keep(run, certificate)
    return certificate


def check_canary(run: Run, portal: Any, clock: Clock) -> list[dict[str, Any]]:
    """Read again only the records written so far, whole, before the rest of a run follows.

    Returns:
        The cells nobody answers for, as in `Certificate.cells`; empty when all is well.

    Raises:
        IncompleteRead, PortalError, StorageError: the reading failed.
    """
    journal = run.journal.table()
    done = run.plan.active.merge(journal[journal["state"] == "done"], on="change")
    merges = MergesDone(done)
    done = with_ids(done, run.journal.results())  # some may be of records made just now
    mirrored = Mirrored(done)
    done = done[(done["kind"] == "update") & done["record_id"].notna()]
    found: list[dict[str, Any]] = []
    for name, rows in done.groupby("entity"):
        ids = [int(each) for each in rows["record_id"]]
        fields = run.facts.reads.get(str(name), {}).get("fields")
        folder = run.folder / f"canary-{len(list(run.folder.glob('canary-*'))) + 1}"
        after = take_snapshot(portal, [Wanted(str(name), fields, ids=ids)], folder, clock=clock)
        touched = _last_touch(after)
        found += _judge_updates(str(name), rows, after, touched.get(str(name), {}))[1]
        found += _side_effects(rows, compare(run.before, after), touched, mirrored, merges)
    return [cell for cell in found if cell["verdict"] == "unexplained"]


def judge(run: Run, after: Snapshot, again: Plan) -> Certificate:
    """The certificate of a run, from its journal, both snapshots and a second plan."""
    before = run.before
    journal = run.journal.table()
    plan = with_ids(run.plan.active.merge(journal, on="change", how="left"), run.journal.results())
    plan["state"] = plan["state"].fillna("planned")
    merges = MergesDone(plan)
    difference = compare(before, after)
    touched = _last_touch(after)
    cells: list[dict[str, Any]] = []
    as_planned = 0
    for name, rows in plan[plan["kind"] == "update"].groupby("entity"):
        ours = rows[rows["state"].isin(["done", "already"]) & rows["record_id"].notna()]
        gone = [merges.gone(str(name), card) for card in ours["record_id"]]
        ours = ours[~pd.Series(gone, index=ours.index, dtype=bool)]
        good, bad = _judge_updates(str(name), ours, after, touched.get(str(name), {}))
        as_planned += good
        cells += bad
    as_planned += _judge_creates(plan, after, cells)
    as_planned += _judge_deletes(plan, after, cells)
    for good, lost in (judge_copies(plan, after), judge_call_recordings(plan, after)):
        as_planned += good
        cells += [_cell(*each, someone_else=True, by=None, at=None) for each in lost]
    good, wrong = merges.judge(after)
    as_planned += good
    cells += [_cell(*each, someone_else=False, by=None, at=None) for each in wrong]
    mirrored = Mirrored(plan[plan["state"].isin(["done", "already"])])
    cells += _side_effects(plan, difference, touched, mirrored, merges)
    foreign = _foreign(plan, difference, mirrored, merges)
    exempt = _exempt(plan, run.plan, cells)
    made = set(plan.loc[plan["state"].isin(["done", "already"]), "marker"])
    # No list tells the links of an activity, or the comments of a card: that these are as wanted, the portal has said.
    told = plan["kind"].isin(["bind", "copy", "note"]) & ~plan["entity"].isin(SETTINGS)
    bound = plan[told & plan["state"].isin(["done", "already"])]
    linked = set(zip(bound["record_id"], bound["before"], bound["after"], strict=True))
    left = [
        row
        for row in again.table.to_dict("records")
        if row["kind"] != "notify"
        and (row["record_id"], row["before"], row["after"]) not in linked
        and (row["entity"], _id(row["record_id"])) not in exempt
        and (row["marker"] == "" or row["marker"] not in made)
    ]
    verdicts = pd.Series([cell["verdict"] for cell in cells], dtype="str").value_counts()
    states = plan[plan["kind"] != "notify"]["state"].value_counts()
    return Certificate(
        as_planned=as_planned,
        someone_else=int(verdicts.get("someone else", 0)),
        unexplained=int(verdicts.get("unexplained", 0)),
        second_plan=0 if foreign else len(left),
        drift=len(left) if foreign else 0,
        states={str(state): int(count) for state, count in states.items()},
        cells=cells,
    )


def _judge_updates(
    name: str, rows: pd.DataFrame, after: Snapshot, touched: Mapping[int, Touch]
) -> tuple[int, list[dict[str, Any]]]:
    """Cells we wrote: how many read as planned, and those that do not."""
    types = after.field_types(name)
    wanted = [without_files(json.loads(text)) for text in rows["after"]]
    fields = sorted({field_name for each in wanted for field_name in each})
    kind = entity(name)
    table = after.table(name, [kind.id_field, *fields]).set_index(kind.id_field)
    present = table.reindex(rows["record_id"])
    columns = {field_name: present[field_name].tolist() for field_name in fields}
    exists = set(table.index)
    good, bad = 0, []
    for at, (record_id, cells, settled) in enumerate(
        zip(rows["record_id"], wanted, rows["settled_at"], strict=True)
    ):
        for field_name, value in cells.items():
            found = columns[field_name][at]
            if int(record_id) in exists and _reads_as(_none(found), value, types[field_name]):
                good += 1
                continue
            by, moment, unix = touched.get(int(record_id), _UNTOUCHED)
            gone = int(record_id) not in exists
            later = gone or unix > settled + _SLACK_S
            bad.append(
                _cell(
                    name,
                    record_id,
                    field_name,
                    value,
                    None if gone else found,
                    later or by is None,
                    by,
                    moment,
                )
            )
    return good, bad


def _reads_as(found: Any, wanted: Any, kind: FieldType) -> bool:
    """Whether a cell reads as it was written. A number that was emptied may read 0: PHP casts "" to that.

    Source: unconfirmed; no page says what an emptied number of a custom field reads, 2026-11-22.
    """
    return same(found, wanted, kind) or (wanted == "" and kind.kind in _NUMBERS and found == 0)


def _judge_creates(plan: pd.DataFrame, after: Snapshot, cells: list[dict[str, Any]]) -> int:
    good = 0
    for name, rows in plan[(plan["kind"] == "create") & plan["state"].isin(["done", "already"])].groupby(
        "entity"
    ):
        if name not in after.entities:
            good += len(rows)  # not among what the operation reads; the journal holds the portal's word
            continue
        ids = set(after.table(str(name), [entity(str(name)).id_field]).iloc[:, 0])
        for result in rows["result"]:
            made = json.loads(result)["id"] if result else None
            if made in ids:
                good += 1
            else:
                cells.append(_cell(str(name), made, "id", made, None, True, None, None))
    return good


def _judge_deletes(plan: pd.DataFrame, after: Snapshot, cells: list[dict[str, Any]]) -> int:
    good = 0
    for name, rows in plan[(plan["kind"] == "delete") & plan["state"].isin(["done", "already"])].groupby(
        "entity"
    ):
        ids = set(after.table(str(name), [entity(str(name)).id_field]).iloc[:, 0])
        for record_id in rows["record_id"]:
            if record_id in ids:
                cells.append(_cell(str(name), record_id, "id", None, record_id, False, None, None))
            else:
                good += 1
    return good


def _side_effects(
    plan: pd.DataFrame,
    difference: Difference,
    touched: Mapping[str, Mapping[int, Touch]],
    mirrored: Mirrored,
    merges: MergesDone | None = None,
) -> list[dict[str, Any]]:
    """Cells we did not mean to touch that changed on records we wrote."""
    ours = plan[(plan["kind"] == "update") & (plan["state"] == "done") & plan["record_id"].notna()]
    found = []
    for name, rows in ours.groupby("entity"):
        meant: dict[int, set[str]] = {}
        settled: dict[int, float] = {}
        kind = entity(str(name))
        copied = copied_cells(plan)
        for record_id, text, moment in zip(rows["record_id"], rows["after"], rows["settled_at"], strict=True):
            fields = {*json.loads(text), *copied.get((str(name), int(record_id)), ())}
            for each in sorted(fields):
                fields.update(kind.consequences.get(each, ()))
            if merges is not None:
                fields.update(merges.meant(str(name), int(record_id)))
            meant.setdefault(int(record_id), set()).update(fields)
            settled[int(record_id)] = moment
        changed = difference.changed
        changed = changed[(changed["entity"] == name) & changed["id"].isin(meant)]
        for cell in changed.to_dict("records"):
            record_id = int(cell["id"])
            if cell["field"] in meant[record_id] or mirrored.explains(
                str(name), record_id, str(cell["field"]), cell["before"], cell["after"]
            ):
                continue
            by, moment, unix = touched.get(str(name), {}).get(record_id, _UNTOUCHED)
            later = unix > settled[record_id] + _SLACK_S
            found.append(
                _cell(
                    str(name), record_id, str(cell["field"]), cell["before"], cell["after"], later, by, moment
                )
            )
    return found


def _foreign(plan: pd.DataFrame, difference: Difference, mirrored: Mirrored, merges: MergesDone) -> bool:
    """Whether anybody but us changed something among what the operation reads."""
    difference = _without_what_hangs(plan, difference, merges)
    if len(difference.removed):
        deleted = plan[(plan["kind"] == "delete") & (plan["state"] == "done")]
        ours = set(zip(deleted["entity"], deleted["record_id"], strict=True))
        if any(
            pair not in ours and not merges.explains_removal(*pair)
            for pair in zip(difference.removed["entity"], difference.removed["id"], strict=True)
        ):
            return True
    created = plan[(plan["kind"] == "create") & plan["state"].isin(["done", "already"])]
    made = {
        (name, json.loads(result)["id"])
        for name, result in zip(created["entity"], created["result"], strict=True)
        if result
    }
    if any(pair not in made for pair in zip(difference.added["entity"], difference.added["id"], strict=True)):
        return True
    done = plan[(plan["kind"] == "update") & (plan["state"] == "done") & plan["record_id"].notna()]
    cells: set[tuple[str, int, str]] = set()
    for name, record_id, text in zip(done["entity"], done["record_id"], done["after"], strict=True):
        consequences = entity(str(name)).consequences
        for field_name in json.loads(text):
            touched = (field_name, *consequences.get(field_name, ()))
            cells.update((str(name), int(record_id), each) for each in touched)
    for (name, record_id), fields in copied_cells(plan).items():
        cells.update((name, record_id, each) for each in fields)
    changed = difference.changed
    return any(
        (name, int(record_id) if str(record_id).isdigit() else record_id, field_name) not in cells
        and not mirrored.explains(name, record_id, field_name, was, now)
        and not merges.explains(name, record_id, field_name, was, now)
        for name, record_id, field_name, was, now in zip(
            *(changed[column] for column in ("entity", "id", "field", "before", "after")), strict=True
        )
    )


def _without_what_hangs(plan: pd.DataFrame, difference: Difference, merges: MergesDone) -> Difference:
    """The difference without what comes and goes with requisites and leads that we moved or made."""
    bound = plan[(plan["kind"] == "bind") & plan["entity"].isin(HANGING)]
    moved = plan[(plan["kind"] == "delete") & (plan["entity"] == "requisite")]
    if not merges and bound.empty and moved.empty:
        return difference
    added, removed, changed = difference.added, difference.removed, difference.changed
    return replace(
        difference,
        added=added[~added["entity"].isin(HANGING)],
        removed=removed[~removed["entity"].isin([*HANGING, "bankdetail"])],
        changed=changed[~changed["entity"].isin(HANGING)],
    )


def _exempt(plan: pd.DataFrame, whole: Plan, cells: list[dict[str, Any]]) -> set[tuple[str, int]]:
    """Records a second plan may well ask for again: they are on a list already."""
    undone = plan[plan["state"].isin(["conflict", "rejected", "quarantined", "planned"])]
    struck = whole.table[whole.table["struck"]]
    exempt = {(row["entity"], _id(row["record_id"])) for row in undone.to_dict("records")}
    exempt |= {(row["entity"], _id(row["record_id"])) for row in struck.to_dict("records")}
    return exempt | {(cell["entity"], cell["record_id"]) for cell in cells}


Touch = tuple[Any, Any, float]
"""Who saved a record last (user id), when (ISO 8601), and when by this machine's clock (unix seconds)."""

_UNTOUCHED: Touch = (None, None, float("nan"))


def _last_touch(after: Snapshot) -> dict[str, dict[int, Touch]]:
    """Who saved each record last, where the snapshot says so: entity -> id -> touch."""
    skew = after.manifest.clock_skew_s  # the portal's clock minus ours
    touched: dict[str, dict[int, Touch]] = {}
    for name in after.entities:
        columns = set(after.columns(name))
        for by, at in (("updatedBy", "updatedTime"), ("MODIFY_BY_ID", "DATE_MODIFY")):
            if {by, at} <= columns:
                kind = entity(name)
                frame = after.table(name, [kind.id_field, by, at])
                touched[name] = {
                    int(id_): (_none(user), moment.isoformat(), moment.timestamp() - skew)
                    for id_, user, moment in zip(frame[kind.id_field], frame[by], frame[at], strict=True)
                    if pd.notna(moment)
                }
    return touched


def _cell(
    name: str, record_id: Any, field_name: str, wanted: Any, found: Any, someone_else: bool, by: Any, at: Any
) -> dict[str, Any]:
    verdict = "someone else" if someone_else else "unexplained"
    values = (name, _id(record_id), field_name, wanted, _none(found), verdict, by, at)
    return dict(zip(_CELL_COLUMNS, values, strict=True))


def _id(value: Any) -> int:
    return 0 if value is None or value is pd.NA or value != value else int(value)


def _none(value: Any) -> Any:
    if isinstance(value, list | dict):
        return value
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    return value.item() if hasattr(value, "item") else value


def _keep(run: Run, certificate: Certificate) -> None:
    path = run.folder / "certificate.json"
    try:
        part = path.with_suffix(".part")
        part.write_text(
            json.dumps(
                {**asdict(certificate), "clean": certificate.clean}, ensure_ascii=False, indent=1, default=str
            )
            + "\n",
            encoding="utf-8",
        )
        private(part).replace(path)
    except OSError as error:
        raise StorageError(path, str(error.strerror), "Free some space, then verify again.") from error
    summary = {name: value for name, value in asdict(certificate).items() if name != "cells"}
    run.journal.event("verified", clean=certificate.clean, **summary)
