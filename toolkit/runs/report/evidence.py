"""What the files of a run say, gathered: no words yet, and nothing from anywhere but its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import pandas as pd

from toolkit.client import METHODS, CostModel, Estimate, Limits
from toolkit.errors import SnapshotError
from toolkit.records import Snapshot, entity
from toolkit.runs.cost import estimate
from toolkit.runs.folder import Run, RunFacts
from toolkit.runs.plan import Plan
from toolkit.runs.references import with_ids

__all__ = ["EXCEPTIONS", "PAUSE_S", "PHASES", "STATES", "Evidence", "Standing", "gather"]

Standing = Literal[
    "nothing",  # there was nothing to do
    "planned",
    "rehearsed",
    "approved",
    "writing",  # begun and not over: still going on, or broken off
    "paused",
    "written",  # every change is settled, nothing is proven yet
    "unfinished",  # read again although changes were left to be written
    "proven",  # clean, and everything was carried out
    "excepted",  # clean, with exceptions that are listed
    "refuted",  # something nobody answers for
]

STATES = ("done", "already", "conflict", "rejected", "quarantined", "sent", "planned", "struck")
"""What can have become of a change, in the order in which it is told; `sent` is told as unknown."""

EXCEPTIONS = ("conflict", "rejected", "quarantined")
"""Settled without being carried out."""

PHASES = ("read", "write", "prove", "notify")
"""What requests were made for, in the order of a run."""

PAUSE_S = 300.0
"""A silence longer than this is a pause, not work."""

_USER_TYPES = frozenset({"user", "employee"})


@dataclass(frozen=True)
class Evidence:
    """Everything a report tells about one run.

    Args:
        run: run id.
        facts: `run.json`.
        state: where the run stands, one of `toolkit.runs.folder.STATES`.
        plan: the frozen plan.
        changes: its rows with what became of them: columns of the plan, and state (one of `STATES`), tries,
            settled_at (unix seconds), code, message, result, seen.
        certificate: `certificate.json`, or None.
        events: the journal's events, in order.
        requests: the journal's requests, with `phase`, one of `PHASES`.
        before: the snapshot the plan was made from; None when it was pruned or is damaged.
    """

    run: str
    facts: RunFacts
    state: str
    plan: Plan
    changes: pd.DataFrame
    certificate: Mapping[str, Any] | None
    events: list[dict[str, Any]]
    requests: pd.DataFrame
    before: Snapshot | None

    @property
    def offset_s(self) -> int:
        """Seconds the portal's clock is ahead of UTC."""
        return self.before.manifest.offset_s if self.before is not None else 0

    @property
    def writes(self) -> pd.DataFrame:
        """The changes of records that were not struck; notifications are not among them."""
        changes = self.changes
        return changes[(changes["kind"] != "notify") & (changes["state"] != "struck")]

    @cached_property
    def counts(self) -> dict[str, int]:
        """Number of changes of records by state, struck ones included; states without any left out."""
        records = self.changes[self.changes["kind"] != "notify"]
        found = records["state"].value_counts()
        return {state: int(found[state]) for state in STATES if state in found}

    @property
    def pending(self) -> int:
        """Changes of records neither written nor given up."""
        return self.counts.get("planned", 0) + self.counts.get("sent", 0)

    @property
    def settled(self) -> int:
        """Changes of records whose outcome is known."""
        return len(self.writes) - self.pending

    @cached_property
    def standing(self) -> Standing:
        """Where the run stands, for a reader."""
        if self.changes[self.changes["state"] != "struck"].empty:
            return "nothing"
        certificate = self.certificate
        if self.state == "verified" and certificate is not None:
            if not certificate["clean"]:
                return "refuted"
            if self.pending:
                return "unfinished"
            exceptions = sum(self.counts.get(state, 0) for state in EXCEPTIONS)
            whole = not exceptions and not certificate["someone_else"] and not certificate["drift"]
            return "proven" if whole else "excepted"
        return {
            "planned": "planned",
            "rehearsed": "rehearsed",
            "approved": "approved",
            "paused": "paused",
            "applied": "written",
        }.get(self.state, "written" if not self.pending else "writing")  # type: ignore[return-value]  # literals

    def last(self, kind: str) -> Mapping[str, Any] | None:
        """The latest event of a kind, or None."""
        return next((event for event in reversed(self.events) if event["kind"] == kind), None)

    @cached_property
    def by_reason(self) -> pd.DataFrame:
        """How many changes of each kind, entity and reason came to which state.

        Returns:
            Columns kind, entity, reason, one per state that occurs, total; the largest first.
        """
        keys = ["kind", "entity", "reason"]
        counted = self.changes.groupby([*keys, "state"], sort=False).size().unstack("state", fill_value=0)
        counted = counted[[state for state in STATES if state in counted.columns]]
        counted["total"] = counted.sum(axis="columns")
        return counted.sort_values("total", ascending=False, kind="stable").reset_index()

    @cached_property
    def handovers(self) -> pd.DataFrame:
        """Who received and who gave how many records, where a field that names a person changed.

        Of the changes carried out; of those planned while nothing has been.

        Returns:
            Columns user (id), received, given; who moved most first.
        """
        updates = self.changes[(self.changes["kind"] == "update") & (self.changes["state"] != "struck")]
        done = updates[updates["state"] == "done"]
        chosen = done if self.settled else updates
        received: dict[int, int] = {}
        given: dict[int, int] = {}
        for name, before, after in zip(chosen["entity"], chosen["before"], chosen["after"], strict=True):
            people = self._people_fields(name)
            now, was = json.loads(after), json.loads(before)
            for field in people.intersection(now):
                for side, value in ((received, now[field]), (given, was.get(field))):
                    if str(value).isdecimal() and int(value):
                        side[int(value)] = side.get(int(value), 0) + 1
        frame = (
            pd.DataFrame({"received": pd.Series(received), "given": pd.Series(given)}).fillna(0).astype(int)
        )
        frame["moved"] = frame["received"] + frame["given"]
        frame = frame.rename_axis("user").reset_index()
        return frame.sort_values(["moved", "received", "user"], ascending=[False, False, True])[
            ["user", "received", "given"]
        ]

    def _people_fields(self, name: str) -> set[str]:
        """Fields of an entity that hold one employee each."""
        known = self._people_cache.get(name)
        if known is None:
            known = {entity(name).responsible_field} - {""}
            if self.before is not None and name in self.before.entities:
                fields = self.before.manifest.entities[name].fields
                known |= {
                    field
                    for field, one in fields.items()
                    if one["type"] in _USER_TYPES and not one.get("isMultiple")
                }
            self._people_cache[name] = known
        return known

    @cached_property
    def _people_cache(self) -> dict[str, set[str]]:
        return {}

    @cached_property
    def estimates(self) -> dict[str, Estimate]:
        """What each phase was to cost, by the model's assumptions before the portal has been asked.

        Empty without the snapshot, whose counts tell how much is read.
        """
        if self.before is None:
            return {}
        model = CostModel(Limits.of_plan("cloud"))
        active = self.plan.active
        notices = active["kind"] == "notify"
        writes = estimate(self.plan.narrowed(active.loc[~notices, "change"]), self.before, model)
        telling = estimate(self.plan.narrowed(active.loc[notices, "change"]), self.before, model)
        found = {"read": writes.verify, "write": writes.apply, "prove": writes.verify}
        return {**found, "notify": telling.apply} if notices.any() else found


def gather(run: Run) -> Evidence:
    """Everything the folder of a run says.

    Raises:
        PlanError: there is no plan yet, or `run.json` or the plan is damaged.
    """
    plan = run.plan
    journal = run.journal.table()
    # What the run made has its id by now.
    changes = with_ids(plan.table, run.journal.results()).merge(journal, on="change", how="left")
    changes["state"] = changes["state"].astype("object").fillna("planned").mask(changes["struck"], "struck")
    events = run.journal.events()
    requests = run.journal.requests()
    requests["phase"] = _phases(requests, events)
    try:
        before: Snapshot | None = run.before
    except SnapshotError:
        before = None
    return Evidence(
        run=run.id,
        facts=run.facts,
        state=run.state,
        plan=plan,
        changes=changes,
        certificate=_certificate(run),
        events=events,
        requests=requests,
        before=before,
    )


def _certificate(run: Run) -> Mapping[str, Any] | None:
    path = run.folder / "certificate.json"
    if run.journal.last("verified") is None or not path.is_file():
        return None
    certificate: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return certificate


_OPENS = {"applying": "write", "applied": "prove", "verified": "prove"}


def _phases(requests: pd.DataFrame, events: list[dict[str, Any]]) -> list[str]:
    """What each request was made for: told by what it carried, and by the events around it."""
    marks = [(event["at"], _OPENS[event["kind"]]) for event in events if event["kind"] in _OPENS]
    phases = []
    for at, carried in zip(requests["at"], requests["methods"], strict=True):
        methods = json.loads(carried)
        if "im.notify.system.add" in methods:
            phases.append("notify")
        elif any(name.lower() in METHODS and METHODS[name.lower()].effect == "write" for name in methods):
            phases.append("write")
        else:
            passed = [phase for moment, phase in marks if moment <= at]
            phases.append(passed[-1] if passed else "read")
    return phases
