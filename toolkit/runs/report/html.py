"""The report as one HTML page, for a screen and for paper."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from toolkit.runs.report.charts import (
    PHASE_COLOURS,
    STATE_COLOURS,
    outcome_bar,
    people_bars,
    timeline_chart,
)
from toolkit.runs.report.evidence import PHASES, STATES, Evidence
from toolkit.runs.report.listings import STATE_WORDS, Listing, Tables
from toolkit.runs.report.names import Names, Piece
from toolkit.runs.report.timeline import Timeline
from toolkit.runs.report.verdict import judge_run
from toolkit.runs.report.wording import PHASE_WORDS, Wording

__all__ = ["page", "title_of"]

_PEOPLE_SHOWN = 15
_TEMPLATES = Path(__file__).parent


@dataclass(frozen=True)
class _Tile:
    number: int
    label: str
    tone: str = ""
    section: str = "done"


@dataclass(frozen=True)
class _Entry:
    colour: str
    text: str
    number: int = 0


@dataclass(frozen=True)
class _Group:
    reason: Sequence[Piece]
    many: str
    listing: Listing


@dataclass(frozen=True)
class _Event:
    at: str
    text: str


def page(evidence: Evidence, timeline: Timeline, names: Names, wording: Wording) -> str:
    """The whole page as text.

    Args:
        evidence: what the run's folder says.
        timeline: its course.
        names: what things are called.
        wording: the reader's language.
    """
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    tables = Tables(evidence, names, wording)
    people = tables.people()
    shown = [
        (names.user(row["user"]), int(row["received"]), int(row["given"]))
        for row in evidence.handovers.head(_PEOPLE_SHOWN).to_dict("records")
    ]
    states = {state: wording(words) for state, words in STATE_WORDS.items()}
    asked, unset = _asked(evidence, names, wording)
    undo, undo_command = _undo(evidence, wording)
    return environment.get_template("page.html.j2").render(
        _=wording,
        title=title_of(evidence, wording),
        subtitle=_subtitle(evidence, wording),
        portal=evidence.facts.portal,
        verdict=judge_run(evidence, wording),
        tiles=list(_tiles(evidence, wording)),
        asked=asked,
        unset=unset,
        done_heading=wording("What was done" if evidence.settled else "What will be done"),
        by_reason=tables.by_reason(),
        bar=outcome_bar(evidence.counts, states, wording),
        bar_legend=[
            _Entry(STATE_COLOURS[state], states[state], evidence.counts[state])
            for state in STATES
            if state in evidence.counts
        ],
        people=people,
        people_shown=_PEOPLE_SHOWN,
        people_heading=wording(
            "Who received, who gave" if evidence.settled else "Who will receive, who will give"
        ),
        people_chart=people_bars(shown, wording),
        changes=tables.first_changes(),
        exceptions=tables.exceptions(),
        accounted=tables.accounted(),
        left=list(_left(evidence, tables, names)),
        cells=tables.cells(),
        chart=timeline_chart(timeline, wording),
        chart_legend=_chart_legend(evidence, wording),
        chart_note=wording(
            "one bar is {span}; the line is changes settled", span=wording.span(timeline.step_s)
        ),
        story=list(_story(evidence, wording)),
        cost=tables.cost(),
        waits=tables.waits(),
        cost_notes=_cost_notes(evidence, wording),
        undo=undo,
        undo_command=undo_command,
        footer=_footer(evidence, wording),
    )


def title_of(evidence: Evidence, wording: Wording) -> str:
    """What the operation does, in the reader's language, as far as `run.json` knows it."""
    facts = evidence.facts
    return str(facts.title.get(wording.language) or facts.operation)


def _subtitle(evidence: Evidence, _: Wording) -> str:
    planned = _("run {run}, planned {moment}", run=evidence.run, moment=_.moment(evidence.facts.created))
    return f"{planned} ({_('portal time, {zone}', zone=_.zone_name)})"


def _tiles(evidence: Evidence, _: Wording) -> Iterator[_Tile]:
    counts, certificate = evidence.counts, evidence.certificate
    yield _Tile(len(evidence.writes), _("changes in the plan"))
    if evidence.settled or counts.get("sent"):
        yield _Tile(counts.get("done", 0), _("carried out"), "good")
        if counts.get("already"):
            yield _Tile(counts["already"], _("were so already"))
        exceptions = {
            "conflict": "conflicts",
            "rejected": "refused",
            "quarantined": "put aside",
            "sent": "unknown",
        }
        for state, words in exceptions.items():
            if counts.get(state):
                yield _Tile(counts[state], _(words), "bad" if state == "rejected" else "warn", "exceptions")
        if counts.get("sent"):
            yield _Tile(counts["sent"], _("unknown"), "warn")
    if counts.get("struck"):
        yield _Tile(counts["struck"], _("struck by a person"))
    if len(evidence.plan.listed):
        yield _Tile(len(evidence.plan.listed), _("left to a person"), "warn", "left")
    if certificate is not None:
        cells = "cells" if certificate["cells"] else "done"
        yield _Tile(certificate["as_planned"], _("cells read as planned"), "good")
        if certificate["someone_else"]:
            yield _Tile(certificate["someone_else"], _("cells changed by somebody"), "warn", cells)
        unexplained = certificate["unexplained"]
        yield _Tile(unexplained, _("unexplained cells"), "bad" if unexplained else "good", cells)
    told = evidence.changes[(evidence.changes["kind"] == "notify") & (evidence.changes["state"] == "done")]
    if len(told):
        yield _Tile(len(told), _("employees told"))


def _asked(evidence: Evidence, names: Names, _: Wording) -> tuple[list[tuple[str, str]], list[str]]:
    """Labels and values, and the names of parameters that were not set."""
    facts = evidence.facts
    rows = [(_("Operation"), f"{title_of(evidence, _)} ({facts.operation})"), (_("Portal"), facts.portal)]
    if facts.undoes:
        rows.append((_("Takes back the run"), facts.undoes))
    if facts.rehearses:
        rows.append((_("Rehearses the run"), facts.rehearses))
    unset = [name for name, value in facts.parameters.items() if value is None or value in ([], {}, "")]
    given = {name: value for name, value in facts.parameters.items() if name not in unset}
    if given:
        rows.append(
            (_("Parameters"), "; ".join(f"{name} = {_said(value, _)}" for name, value in given.items()))
        )
    if evidence.before is not None:
        about = evidence.before.manifest
        weak = "" if about.reader_is_admin else ", " + _("not an administrator: may not see everything")
        rows.append((_("Read by"), f"{about.reader_name or about.reader_id}{weak}"))
        counted = (
            f"{names.records(entry.name)} {_.number(entry.records)}" for entry in about.entities.values()
        )
        rows.append((_("Snapshot"), f"{_.moment(about.finished)} · {', '.join(counted)}"))
    else:
        rows.append((_("Snapshot"), _("not there any more: names are shown as numbers")))
    rows.append((_("Plan"), evidence.plan.id))
    return rows, unset


def _said(value: Any, _: Wording) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list) and all(isinstance(each, str | int | float) for each in value):
        shown = ", ".join(str(each) for each in value[:20])
        return shown if len(value) <= 20 else f"{shown}, … ({_.number(len(value))})"
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        # Rows of another system stand in run.json: there may be very many, and addresses of theirs may be passwords.
        return _("rows: {count}", count=_.number(len(value)))
    return json.dumps(value, ensure_ascii=False)


def _left(evidence: Evidence, tables: Tables, names: Names) -> Iterator[_Group]:
    counts = evidence.plan.left_out().sort_values("count", ascending=False, kind="stable")
    for row in counts.to_dict("records"):
        name, reason = str(row["entity"]), str(row["reason"])
        listing = tables.left(reason, name)
        narrow = Listing(
            listing.title,
            [listing.columns[0], listing.columns[1], listing.columns[3]],
            listing.total,
            lambda rows=listing.rows: ([each[0], each[1], each[3]] for each in rows()),  # type: ignore[misc]  # bound now
        )
        yield _Group(names.told(name, reason), names.records(name), narrow)


def _chart_legend(evidence: Evidence, _: Wording) -> list[_Entry]:
    used = set(evidence.requests["phase"])
    return [_Entry(PHASE_COLOURS[phase], _(PHASE_WORDS[phase])) for phase in PHASES if phase in used]


def _story(evidence: Evidence, _: Wording) -> Iterator[_Event]:
    """The journal's events as sentences; those that mean nothing to a reader are passed over."""
    for event in evidence.events:
        text = _event(event, _)
        if text:
            yield _Event(_.moment(event["at"], seconds=True), text)


def _event(event: Mapping[str, Any], _: Wording) -> str:
    kind = event["kind"]
    if kind == "planned":
        rows = _.many("The plan was frozen: {n} row.", "The plan was frozen: {n} rows.", event["changes"])
        struck = event.get("struck")
        return f"{rows} {_('Struck: {n}.', n=_.number(struck))}" if struck else rows
    if kind == "rehearsed":
        span = _.span(event["seconds"])
        return (
            _("Rehearsed on a sandbox: clean; it took {span} on a played clock.", span=span)
            if event["clean"]
            else _("Rehearsed on a sandbox: not clean. {words}", words="; ".join(event["refused"]))
        )
    if kind == "approved":
        return _("Approved by a policy.") if event.get("by") == "policy" else _("Approved by a person.")
    if kind == "canary":
        return (
            _("The first changes were read again: as meant.")
            if event["clean"]
            else _("The first changes had effects nobody meant; the rest was not begun.")
        )
    if kind == "paused":
        return _(
            "Paused at {settled} of {total}.",
            settled=_.number(event["settled"]),
            total=_.number(event["total"]),
        )
    if kind == "breaker":
        return _("Stopped: requests kept failing ({words}).", words=event["message"])
    if kind == "superseded":
        return _("Took over from run {run}, whose process had died.", run=event["run"])
    if kind == "unreadable":
        return _(
            "The portal did not let {method} read: {words}", method=event["method"], words=event["message"]
        )
    if kind == "verified":
        return (
            _("Read again and judged: clean.") if event["clean"] else _("Read again and judged: not clean.")
        )
    return {"applying": _("Writing began."), "applied": _("Every change was settled.")}.get(kind, "")


def _cost_notes(evidence: Evidence, _: Wording) -> list[str]:
    notes = []
    failed = evidence.requests[evidence.requests["status"] != 200]
    if len(failed):
        said = failed["status"].map(lambda status: _("no answer") if status != status else str(int(status)))
        counts = ", ".join(f"{status}: {count}" for status, count in said.value_counts().items())
        notes.append(_("Requests that did not end well: {counts}.", counts=counts))
    if evidence.estimates:
        notes.append(_("The estimate assumes a cloud portal whose own figures are not known yet."))
    return notes


def _undo(evidence: Evidence, _: Wording) -> tuple[list[str], str]:
    if not evidence.counts.get("done"):
        return [_("Nothing has been changed, so there is nothing to take back.")], ""
    said = [_("An undo is a plan like any other: previewed, rehearsed, approved, proven.")]
    note = evidence.facts.undo.get(_.language)
    if note:
        said.append(_("What can be taken back: {what}.", what=note))
    said.append(_("What somebody edited after this run is left as they want it."))
    return said, f"b24kit undo {evidence.run}"


def _footer(evidence: Evidence, _: Wording) -> str:
    made = f"b24kit {evidence.facts.toolkit}".strip()
    return _("Made by {made} from the files of run {run} alone.", made=made, run=evidence.run)
