"""Pictures of a run as inline SVG: sharp on paper, and nothing is loaded from anywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from toolkit.runs.report.evidence import PHASES, STATES
from toolkit.runs.report.timeline import Timeline
from toolkit.runs.report.wording import PHASE_WORDS, Wording

__all__ = ["outcome_bar", "people_bars", "timeline_chart"]

STATE_COLOURS: Mapping[str, str] = {
    "done": "#2e9e6b",
    "already": "#9bd3b7",
    "conflict": "#e6a23c",
    "rejected": "#d9534f",
    "quarantined": "#a94498",
    "sent": "#6f6fd6",
    "planned": "#c9d1dc",
    "struck": "#e7eaef",
}
PHASE_COLOURS: Mapping[str, str] = {
    "read": "#a9bddb",
    "write": "#2f6fde",
    "prove": "#7aa6a1",
    "notify": "#d59bc4",
}
_W, _H = 1000, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 62, 16, 42


def outcome_bar(counts: Mapping[str, int], words: Mapping[str, str], wording: Wording) -> Markup:
    """One bar of all changes, coloured by what became of them; "" of none.

    Args:
        counts: number by state.
        words: state to its word.
        wording: for numbers.
    """
    total = sum(counts.values())
    if not total:
        return Markup()
    # A sliver too thin to see would hide the one conflict that matters.
    least = 6.0
    shown = [state for state in STATES if counts.get(state)]
    room = _W - least * len(shown)
    parts, at = [], 0.0
    for state in shown:
        width = least + room * counts[state] / total
        said = f"{words[state]}: {wording.number(counts[state])}"
        parts.append(_rect(at, 0, width - 1, 26, STATE_COLOURS[state], said))
        at += width
    return _svg(_W, 26, wording("what became of the changes"), parts)


def people_bars(rows: Sequence[tuple[str, int, int]], wording: Wording) -> Markup:
    """Given to the left, received to the right, one line for each employee; "" of none.

    Args:
        rows: name, received, given.
        wording: for headings.
    """
    if not rows:
        return Markup()
    line, top, middle, name_width, half = 24, 26, 620, 240, 330
    most = max(max(received, given) for _, received, given in rows) or 1
    parts = [
        _text(middle - 10, 14, wording("given away"), "end", "muted"),
        _text(middle + 10, 14, wording("received"), "start", "muted"),
    ]
    for index, (name, received, given) in enumerate(rows):
        y = top + index * line
        left, right = half * given / most, half * received / most
        shown = name if len(name) <= 30 else name[:29] + "…"
        parts.append(_text(name_width, y + 15, shown, "end"))
        if given:
            parts.append(_rect(middle - left, y + 3, left, line - 8, "#d5a94f", f"{name}: −{given}"))
            parts.append(_text(middle - left - 5, y + 15, wording.number(given), "end", "muted"))
        if received:
            parts.append(
                _rect(middle, y + 3, right, line - 8, PHASE_COLOURS["write"], f"{name}: +{received}")
            )
            parts.append(_text(middle + right + 5, y + 15, wording.number(received), "start", "muted"))
    height = top + line * len(rows) + 4
    parts.append(_path(f"M{middle} {top - 4}V{height}", "axis"))
    return _svg(_W, height, wording("Employees"), parts)


def timeline_chart(timeline: Timeline, wording: Wording) -> Markup:
    """Requests as bars by phase, settled changes as a rising line; "" of a run without requests."""
    slots = timeline.slots
    if not slots:
        return Markup()
    plot_w, plot_h = _W - _LEFT - _RIGHT, _H - _TOP - _BOTTOM
    floor = _TOP + plot_h
    width = plot_w / max(len(slots), 12)
    high = _nice(max(slot.total for slot in slots))
    settled_total = sum(slot.settled for slot in slots)
    top_settled = _nice(settled_total)
    parts: list[Markup] = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = floor - plot_h * share
        parts.append(_path(f"M{_LEFT} {y:.1f}H{_LEFT + plot_w}", "grid"))
        if (high * share).is_integer():
            parts.append(_text(_LEFT - 7, y + 4, wording.number(int(high * share)), "end", "muted"))
        if settled_total and (top_settled * share).is_integer():
            parts.append(
                _text(_LEFT + plot_w + 7, y + 4, wording.number(int(top_settled * share)), "start", "green")
            )
    rising, done = [f"M{_LEFT} {floor}"], 0
    for index, slot in enumerate(slots):
        x = _LEFT + index * width
        y = float(floor)
        for phase in PHASES:
            if slot.requests[phase]:
                tall = plot_h * slot.requests[phase] / high
                y -= tall
                when, what = wording.moment(slot.start, seconds=True), wording(PHASE_WORDS[phase])
                said = f"{when} · {what}: {slot.requests[phase]}"
                parts.append(_rect(x + width * 0.08, y, width * 0.84, tall, PHASE_COLOURS[phase], said, 1))
        if slot.after_pause_s:
            parts.append(_path(f"M{x:.1f} {_TOP}V{floor}", "pause"))
            pause = wording("pause {span}", span=wording.span(slot.after_pause_s))
            parts.append(_text(x + 4, _TOP + 10, pause, "start", "muted"))
        done += slot.settled
        if settled_total:
            rising.append(f"H{x + width:.1f}V{floor - plot_h * done / top_settled:.1f}")
    if settled_total:
        parts.append(_path("".join(rising), "line"))
    parts.append(_path(f"M{_LEFT} {floor}H{_LEFT + plot_w}", "axis"))
    parts += _hours(timeline, width, floor, wording)
    return _svg(_W, _H, wording("The course of the run"), parts)


def _hours(timeline: Timeline, width: float, floor: int, wording: Wording) -> list[Markup]:
    """A clock below the axis, where there is room for it."""
    every = max(1, math.ceil(92 / width))
    slots = timeline.slots
    parts = []
    for index in range(0, len(slots), every):
        local = wording.local(slots[index].start)
        if local is None or _LEFT + index * width > _W - _RIGHT - 20:
            continue
        pattern = "%H:%M:%S" if timeline.step_s < 60 else "%H:%M" if timeline.step_s < 3600 else "%d.%m %H:%M"
        x = _LEFT + index * width
        parts.append(_path(f"M{x:.1f} {floor}v5", "axis"))
        parts.append(_text(x, floor + 19, f"{local:{pattern}}", "start", "muted"))
    return parts


def _nice(number: float) -> int:
    """The next round number that four lines divide well."""
    if number <= 4:
        return 4
    scale = 10 ** math.floor(math.log10(number))
    return int(next(step * scale for step in (1, 2, 4, 6, 8, 10) if step * scale >= number))


def _svg(width: float, height: float, title: str, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        width, height, title, Markup().join(parts)
    )


def _rect(
    x: float, y: float, width: float, height: float, colour: str, title: str, radius: int = 2
) -> Markup:
    return Markup(
        '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="{}" fill="{}"><title>{}</title></rect>'
    ).format(x, y, max(width, 0.5), height, radius, colour, title)


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}" class="{}">{}</text>').format(
        x, y, anchor, kind, text
    )


def _path(steps: str, kind: str) -> Markup:
    return Markup('<path d="{}" class="{}"/>').format(steps, kind)
