"""Appeals of the past as one table, whatever they came from."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from toolkit.routing.evaluator import CONDITIONS

__all__ = ["HISTORY", "as_history"]

HISTORY: Mapping[str, str] = {
    "id": "of the appeal, where it has one",
    "at": "when it came, naive, in the time of the working hours",
    **dict.fromkeys(CONDITIONS, "as the appeal says it; empty when it does not"),
    "text": "of the message",
    "responsible": "user id as text of who had it; empty when unknown",
    "response_minutes": "until the first answer; missing when unknown",
}
"""Columns of a history and what they hold."""


def as_history(frame: pd.DataFrame) -> pd.DataFrame:
    """A table with all columns of `HISTORY`, in that order, those that were missing empty.

    Args:
        frame: with `at` at least; aware moments keep their wall clock.

    Raises:
        KeyError: there is no `at`.
    """
    at = pd.to_datetime(frame["at"])
    whole = pd.DataFrame(
        {"id": frame["id"] if "id" in frame else range(1, len(frame) + 1)}, index=frame.index
    )
    whole["at"] = at.dt.tz_localize(None) if at.dt.tz is not None else at
    for key in (*CONDITIONS, "text", "responsible"):
        whole[key] = frame.get(key)
    known = "response_minutes" in frame
    whole["response_minutes"] = pd.to_numeric(frame["response_minutes"]) if known else float("nan")
    return whole.reset_index(drop=True)
