"""A small run: planned, agreed to by whoever asked for it, written, proven."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from toolkit.records import entity
from toolkit.runs import Run
from toolkit.runs.carriers import ORIGINATOR
from toolkit.runs.desk import Attached, Desk, DeskParams, Edit, Link, NewRecord, Said
from toolkit.runs.folder import portal_folder
from toolkit.workflow.approving import approve
from toolkit.workflow.carrying_out import carry_out
from toolkit.workflow.planning import planned
from toolkit.workflow.workspace import Workspace, connect

__all__ = ["Written", "key_of", "standing", "write"]

State = Literal["created", "edited", "already", "partly", "failed", "planned"]


@dataclass(frozen=True)
class Written:
    """What became of a verb that writes.

    Args:
        state: `created`, `edited`; `already`: it was so before, nothing was written; `partly`: some of it was left,
            `left` says why; `failed`: none of it was written; `planned`: only planned, as asked.
        entity: of the record.
        id: of the record; 0 while there is none.
        run: id of the run that wrote it, for `b24kit undo`; "" when none was needed.
        left: what was left alone or refused, and why.
        exit_code: 0 done or nothing to do, 3 some was left, 4 something unexplained.
    """

    state: State
    entity: str
    id: int
    run: str = ""
    left: tuple[str, ...] = ()
    exit_code: int = 0


def key_of(kind: str, facts: Any) -> str:
    """A marker for a fact nobody gave a key: the same words make the same one.

    Args:
        kind: of record.
        facts: what is known of it, in JSON types.
    """
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True)
    return f"desk:{kind}:{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def standing(work: Workspace, name: str, marker: str) -> int:
    """The id of the record that carries a marker; 0 when none does. Of a call of the telephone, its activity's."""
    kind = entity(name)
    if name == "call":
        with connect(work) as portal:
            lines = portal.call(kind.list_method, {"FILTER": {kind.marker_fields[-1]: marker}})
        return int(lines[0].get("CRM_ACTIVITY_ID") or 0) if lines else 0
    where: dict[str, Any] = {f"@{kind.marker_fields[-1]}": [marker]}
    if len(kind.marker_fields) == 2:
        where[kind.marker_fields[0]] = ORIGINATOR
    with connect(work) as portal:
        for page in portal.list(kind.list_method, kind.list_params([kind.id_field], where)):
            for record in page:
                return int(record[kind.id_field])
    return 0


def write(
    work: Workspace,
    *,
    creates: Sequence[NewRecord] = (),
    edits: Sequence[Edit] = (),
    links: Sequence[Link] = (),
    recordings: Sequence[Attached] = (),
    comments: Sequence[Said] = (),
    only_plan: bool = False,
) -> Written:
    """Carry out what a verb asks for, as a run of its own; an unfinished run of the same words is continued.

    Args:
        work: where.
        creates: the main record first.
        edits: likewise.
        links: of activities; alone, the main record is the activity of the first.
        recordings: of calls; alone, likewise.
        comments: that go with what is made.
        only_plan: freeze the plan and stop: `b24kit apply` carries it out.

    Raises:
        ParameterError: a field is unknown.
        LockedByAnother: another run writes records of the same kind.
        PortalError, Paused, BreakerOpen, StorageError: stopped; saying the same again continues it.
    """
    alone = [*(each.activity for each in links), *(each.call for each in recordings)]
    linked = Edit(entity="activity", id=int(alone[0])) if not creates and not edits else None
    main = linked or (creates[0] if creates else edits[0])
    shown = "activity" if main.entity == "call" else main.entity
    operation = Desk()
    given = DeskParams(
        creates=list(creates),
        edits=list(edits),
        links=list(links),
        recordings=list(recordings),
        comments=list(comments),
    )
    params = DeskParams.model_validate(given.model_dump(mode="json"))  # as a later process will read them
    run = _unfinished(work, params) or planned(work, operation, params)
    if only_plan and run.state == "planned":
        return Written("planned", shown, getattr(main, "id", 0), run.id, _left(run))
    if not len(run.plan.active):
        left = _left(run)
        number = main.id if isinstance(main, Edit) else standing(work, main.entity, main.marker)
        return Written("failed" if left else "already", shown, number, run.id, left, 3 if left else 0)
    if run.state == "planned":
        approve(run, portal=run.facts.portal, count=len(run.plan.active))
    certificate = carry_out(work, run)
    left = _left(run)
    states = set(run.journal.table()["state"])
    number = main.id if isinstance(main, Edit) else standing(work, main.entity, main.marker)
    state: State = "created" if creates else "edited"
    if not states & {"done", "already"}:
        state = "failed"
    elif left:
        state = "partly"
    elif states == {"already"}:
        state = "already"
    return Written(state, shown, number, run.id, left, certificate.exit_code or (3 if left else 0))


def _left(run: Run) -> tuple[str, ...]:
    """What a run left alone, or could not write."""
    listed = run.plan.listed
    words = [
        f"{row['entity']} {row['record_id']}: {row['reason']} {row['details']}".strip()
        for row in listed.to_dict("records")
    ]
    journal = run.journal.table()
    bad = journal[journal["state"].isin(["conflict", "rejected", "quarantined"])]
    words += [f"{row['code'] or ''} {row['message'] or ''}".strip() for row in bad.to_dict("records")]
    return tuple(words)


def _unfinished(work: Workspace, params: DeskParams) -> Run | None:
    """The run of these very words that was begun and is not over."""
    with connect(work) as portal:
        folder = portal_folder(work.root, portal.host)
    wanted = params.model_dump(mode="json")
    for path in sorted(folder.glob(f"*-{Desk.name}-*/run.json"), reverse=True):
        run = Run(path.parent, work.clock.now)
        if run.facts.parameters == wanted and not run.facts.undoes and run.has_plan and run.unfinished:
            return run
        run.close()
    return None
