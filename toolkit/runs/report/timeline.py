"""When requests were sent and changes settled: time cut into equal pieces, its silences left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pandas as pd

from toolkit.runs.report.evidence import PAUSE_S, PHASES, Evidence

__all__ = ["Slot", "Timeline", "spent_s", "timeline_of"]

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MOST_SLOTS = 90


@dataclass
class Slot:
    """A piece of time.

    Args:
        start: unix seconds.
        requests: how many were sent, by phase.
        settled: changes settled in it.
        after_pause_s: seconds of silence left out just before it; 0 for none.
    """

    start: float
    requests: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PHASES, 0))
    settled: int = 0
    after_pause_s: float = 0.0

    @property
    def total(self) -> int:
        """Requests of all phases."""
        return sum(self.requests.values())


@dataclass(frozen=True)
class Timeline:
    """The course of a run.

    Args:
        step_s: length of a slot, seconds.
        slots: in order; silences longer than `PAUSE_S` are left out.
    """

    step_s: int
    slots: Sequence[Slot]


def timeline_of(evidence: Evidence) -> Timeline:
    """The course of a run, from its first request to its last, in at most some ninety pieces."""
    requests = evidence.requests
    settled = evidence.changes.loc[evidence.changes["settled_at"].notna(), "settled_at"].astype(float)
    moments = sorted([*requests["at"].astype(float), *settled])
    if not moments:
        return Timeline(_STEPS_S[0], [])
    active = sum(later - earlier for earlier, later in pairwise(moments) if later - earlier <= PAUSE_S)
    step = next((each for each in _STEPS_S if active / each <= _MOST_SLOTS), _STEPS_S[-1])
    slots: dict[int, Slot] = {}

    def slot(moment: float) -> Slot:
        return slots.setdefault(int(moment // step), Slot(moment // step * step))

    for at, phase in zip(requests["at"], requests["phase"], strict=True):
        slot(float(at)).requests[phase] += 1
    for at in settled:
        slot(at).settled += 1
    return Timeline(step, _without_silence(slots, step))


def _without_silence(slots: dict[int, Slot], step: int) -> list[Slot]:
    """The slots in order; short silences as empty slots, long ones as a pause before the next."""
    found: list[Slot] = []
    for place in sorted(slots):
        if found:
            silent_s = slots[place].start - found[-1].start - step
            if silent_s > max(PAUSE_S, 3 * step):
                slots[place].after_pause_s = silent_s
            else:
                while found[-1].start + step < slots[place].start:
                    found.append(Slot(found[-1].start + step))
        found.append(slots[place])
    return found


def spent_s(requests: pd.DataFrame) -> float:
    """Seconds from the first request to the last answer, waiting included, pauses left out.

    Args:
        requests: columns at, duration_s, waited_s.
    """
    spans = sorted(
        (float(at - waited), float(at + duration))
        for at, duration, waited in zip(
            requests["at"], requests["duration_s"], requests["waited_s"], strict=True
        )
    )
    total, end = 0.0, None
    for begins, ends in spans:
        if end is None or begins - end > PAUSE_S:
            total += ends - begins
        else:
            total += max(0.0, ends - end)
        end = ends if end is None else max(end, ends)
    return total
