"""What a plan will cost before it is begun: requests, execution seconds per method, minutes.

The same model paces the run, so that the estimate and the run cannot disagree about the rules.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from toolkit.client import CostModel, Estimate
from toolkit.records import Snapshot, entity
from toolkit.runs.carriers import Row, carrier, method_of
from toolkit.runs.packing import AHEAD, PACK, PACK_METHOD, SCOUTED, in_one_request, looks_first, packable
from toolkit.runs.plan import Plan
from toolkit.runs.policy import Window
from toolkit.runs.telephony_records import REGISTER_METHOD

__all__ = ["PlanCost", "estimate", "reading"]


@dataclass(frozen=True)
class PlanCost:
    """What a run still costs.

    Args:
        apply: preconditions, writes and notifications.
        verify: reading the scope again.
        window_s: length of the run window, seconds; None when there is none.
        assumed: methods whose cost this portal has not shown yet; the estimate uses our defaults for them.
    """

    apply: Estimate
    verify: Estimate
    window_s: float | None = None
    assumed: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """From the first write to the certificate."""
        return self.apply.seconds + self.verify.seconds

    @property
    def fits(self) -> bool:
        """Whether it ends within the window; True without one."""
        return self.window_s is None or self.seconds <= self.window_s

    def windows(self, window: Window) -> int:
        """How many such windows the writing takes; reading again may be done at any time."""
        return max(1, math.ceil(self.apply.seconds / window.length_s))

    def table(self) -> pd.DataFrame:
        """Execution seconds by method; columns method, operating_s."""
        total: dict[str, float] = {}
        for part in (self.apply, self.verify):
            for method, seconds in part.operating_s.items():
                total[method] = total.get(method, 0.0) + seconds
        return pd.DataFrame({"method": list(total), "operating_s": list(total.values())})


def estimate(plan: Plan, before: Snapshot, model: CostModel, *, window_s: float | None = None) -> PlanCost:
    """What applying and verifying a plan will cost.

    Args:
        plan: the plan; struck rows cost nothing.
        before: its snapshot, whose counts tell how much is read again.
        model: the portal's cost model.
        window_s: seconds the run may take; None for no window.
    """
    counts: dict[str, int] = {}
    requests = 0
    for _, group in plan.active.groupby(["phase", "kind", "entity"], sort=True):
        row = Row.of({str(name): value for name, value in group.iloc[0].items()})
        size = len(group)
        chunk = in_one_request([row, row], model)
        reads = carrier(row.kind).reads([row]) if looks_first(row) else []
        if packable(row):
            method, calls = PACK_METHOD, math.ceil(size / PACK)
            looks, listing = math.ceil(size / AHEAD), math.ceil(size / SCOUTED)
        else:
            method, calls = method_of(row), size
            looks, listing = 1, math.ceil(size / chunk)
        counts[method] = counts.get(method, 0) + calls
        requests += math.ceil(size / chunk) + (looks if reads else 0)
        if (row.kind, row.entity) == ("create", "call"):
            # Each piece is looked up, registered and finished, in a request of its own.
            counts[REGISTER_METHOD] = counts.get(REGISTER_METHOD, 0) + size
            requests += 2 * math.ceil(size / chunk) - looks
            listing = size
        if reads:
            counts[reads[0].method] = counts.get(reads[0].method, 0) + listing
    unknown = tuple(method for method in counts if method.lower() not in model.learned)
    return PlanCost(model.estimate(counts, requests), reading(before, model), window_s, unknown)


def reading(snapshot: Snapshot, model: CostModel) -> Estimate:
    """What reading the records of a snapshot again costs."""
    counts: dict[str, int] = {"profile": 1, "server.time": 1}
    requests = 2
    for name in snapshot.entities:
        records = snapshot.count(name)
        method = entity(name).list_method
        counts[method] = counts.get(method, 0) + math.ceil(records / 50) + 1
        requests += math.ceil(records / 2500) + 1
    return model.estimate(counts, requests)


def spent(requests: pd.DataFrame) -> Mapping[str, float]:
    """What a run has cost so far, from its journal.

    Args:
        requests: `Journal.requests()`.

    Returns:
        requests, seconds (first to last), waited_s.
    """
    if requests.empty:
        return {"requests": 0, "seconds": 0.0, "waited_s": 0.0}
    end = float((requests["at"] + requests["duration_s"]).max())
    return {
        "requests": len(requests),
        "seconds": end - float(requests["at"].min()),
        "waited_s": float(requests["waited_s"].sum()),
    }
