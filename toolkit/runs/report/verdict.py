"""The headline of a report: what became of the run, in one sentence, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from toolkit.runs.report.evidence import Evidence
from toolkit.runs.report.wording import Wording

__all__ = ["Tone", "Verdict", "judge_run"]

Tone = Literal["good", "warn", "bad", "wait"]


@dataclass(frozen=True)
class Verdict:
    """What a reader should know first.

    Args:
        tone: green, amber, red, or blue for not yet.
        headline: the verdict in a few words.
        sentences: what it rests on.
        command: what to run next; "" for nothing.
    """

    tone: Tone
    headline: str
    sentences: list[str] = field(default_factory=list)
    command: str = ""


def judge_run(evidence: Evidence, _: Wording) -> Verdict:
    """The verdict on a run, told in its reader's language."""
    standing = evidence.standing
    if standing in ("nothing", "planned", "rehearsed", "approved"):
        return _not_begun(evidence, _)
    if standing in ("writing", "paused", "written", "unfinished"):
        return _under_way(evidence, _)
    return _judged(evidence, _)


def _not_begun(evidence: Evidence, _: Wording) -> Verdict:
    asked = _.many("{n} change waits in the plan.", "{n} changes wait in the plan.", len(evidence.writes))
    untouched = _("Nothing has been changed on the portal.")
    left = len(evidence.plan.listed)
    listed = (
        [_.many("{n} record is left to a person.", "{n} records are left to a person.", left)] if left else []
    )
    apply = f"b24kit apply {evidence.run}"
    if evidence.standing == "nothing":
        struck = evidence.counts.get("struck", 0)
        if struck:
            return Verdict("wait", _("Every change was struck from the plan"), [untouched, *listed])
        return Verdict("good", _("There is nothing to do"), [_("The plan is empty."), *listed])
    if evidence.standing == "planned":
        return Verdict("wait", _("The plan is ready"), [asked, untouched, *listed], apply)
    if evidence.standing == "approved":
        return Verdict("wait", _("The plan is approved, writing has not begun"), [asked, untouched], apply)
    rehearsed = evidence.last("rehearsed") or {}
    if rehearsed.get("clean"):
        said = _("The rehearsal on a sandbox was clean.")
        return Verdict("wait", _("The plan was rehearsed"), [said, asked, untouched, *listed], apply)
    said = _("The rehearsal on a sandbox was not clean: look at it before you agree.")
    return Verdict("warn", _("The plan was rehearsed"), [said, asked, untouched, *listed])


def _under_way(evidence: Evidence, _: Wording) -> Verdict:
    total, settled = len(evidence.writes), evidence.settled
    done = _("{settled} of {total} changes are settled.", settled=_.number(settled), total=_.number(total))
    safe = _("Nothing is lost: the run goes on where it stopped.")
    resume = f"b24kit resume {evidence.run}"
    unknown = evidence.counts.get("sent", 0)
    looked_up = _.many(
        "The outcome of {n} change is unknown; it will be looked up before anything is sent again.",
        "The outcome of {n} changes is unknown; they will be looked up before anything is sent again.",
        unknown,
    )
    said = [done, *([looked_up] if unknown else []), safe]
    if evidence.standing == "paused":
        return Verdict("wait", _("Paused"), said, resume)
    if evidence.standing == "writing":
        failed = evidence.last("breaker")
        if failed:
            said.insert(1, _("It stopped because requests kept failing: {words}", words=failed["message"]))
        return Verdict("warn", _("Begun and not finished"), said, resume)
    if evidence.standing == "unfinished":
        return Verdict("warn", _("Proven so far, but not everything was written"), said, resume)
    unread = _("Everything is written; the portal has not been read again yet.")
    return Verdict("wait", _("Written, not yet proven"), [done, unread], f"b24kit verify {evidence.run}")


def _judged(evidence: Evidence, _: Wording) -> Verdict:
    certificate = evidence.certificate or {}
    cells = _.many(
        "The portal was read again: {n} cell reads as planned.",
        "The portal was read again: {n} cells read as planned.",
        certificate["as_planned"],
    )
    if evidence.standing == "refuted":
        return Verdict(
            "bad", _("No certificate: something cannot be explained"), [*_against(evidence, _), cells]
        )
    empty = _("A second plan is empty: nothing is left to do.")
    nobody = _("There is no change that nobody answers for.")
    if evidence.standing == "proven":
        return Verdict("good", _("Done and proven"), [cells, empty, nobody])
    return Verdict("warn", _("Proven, with exceptions"), [*_exceptions(evidence, _), cells, nobody])


def _against(evidence: Evidence, _: Wording) -> list[str]:
    """Why there is no certificate."""
    certificate = evidence.certificate or {}
    said = []
    if certificate["unexplained"]:
        said.append(
            _.many(
                "{n} cell changed as nobody planned, and nobody else saved the record: probably a robot.",
                "{n} cells changed as nobody planned, and nobody else saved the records: probably a robot.",
                certificate["unexplained"],
            )
        )
    if certificate["second_plan"]:
        said.append(
            _.many(
                "A second plan still asks for {n} change.",
                "A second plan still asks for {n} changes.",
                certificate["second_plan"],
            )
        )
    return said


def _exceptions(evidence: Evidence, _: Wording) -> list[str]:
    """What was not carried out, and what others changed."""
    certificate, counts = evidence.certificate or {}, evidence.counts
    said = []
    told = {
        "conflict": (
            "{n} record was left alone: somebody changed it after the snapshot.",
            "{n} records were left alone: somebody changed them after the snapshot.",
        ),
        "rejected": ("The portal refused {n} change.", "The portal refused {n} changes."),
        "quarantined": (
            "{n} change was put aside after several tries.",
            "{n} changes were put aside after several tries.",
        ),
    }
    for state, (one, many) in told.items():
        if counts.get(state):
            said.append(_.many(one, many, counts[state]))
    if certificate["someone_else"]:
        said.append(
            _.many(
                "{n} cell was changed by somebody afterwards.",
                "{n} cells were changed by somebody afterwards.",
                certificate["someone_else"],
            )
        )
    if certificate["drift"]:
        said.append(
            _.many(
                "Others' edits made {n} further change necessary.",
                "Others' edits made {n} further changes necessary.",
                certificate["drift"],
            )
        )
    return said
