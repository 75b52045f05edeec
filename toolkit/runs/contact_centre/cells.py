"""Which cell of a card a row of another system may change: blanks, what it wrote itself, never a person's word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import pandas as pd

__all__ = ["Card", "Wish", "decide"]

_AT_ONCE = pd.Timedelta(seconds=60)  # a portal's own steps after a create may stamp the card again


@dataclass(frozen=True)
class Card:
    """A record as the portal has it.

    Args:
        id: of the record.
        cells: field to value.
        ours: it was made out of a row.
    """

    id: int
    cells: Mapping[str, Any]
    ours: bool

    @property
    def untouched(self) -> bool:
        """Nobody has saved it since it was made, so all it says is what we wrote."""
        made, saved = _moment(self.cells.get("createdTime")), _moment(self.cells.get("updatedTime"))
        return made is None or saved is None or saved - made <= _AT_ONCE

    def older_than(self, stamp: datetime) -> bool:
        """It was last saved before that moment."""
        saved = _moment(self.cells.get("updatedTime"))
        return saved is None or saved < pd.Timestamp(stamp)


@dataclass(frozen=True)
class Wish:
    """What a row says of a cell.

    Args:
        value: what it says.
        stamp: since when.
        before: what the row said when it was last loaded; None when that is not known.
    """

    value: Any
    stamp: datetime
    before: Any = None


def decide(card: Card, field: str, wish: Wish, newest: bool) -> Literal["same", "write", "kept"]:
    """What becomes of a cell.

    Args:
        card: the record.
        field: of it.
        wish: what the row says.
        newest: on a card people made, a row newer than the card's last save wins; otherwise only blanks are filled.

    Returns:
        `kept`: the row was corrected and somebody edited the cell as well, so that it stays as it is.
    """
    present = card.cells.get(field)
    if alike(present, wish.value):
        return "same"
    if wish.before is not None and alike(wish.before, wish.value):
        return "same"  # the row is as it was: what stands there now is somebody's word
    if empty(present):
        return "write"
    if wish.before is not None:
        return "write" if alike(present, wish.before) else "kept"
    if card.ours:
        return "write" if card.untouched or card.older_than(wish.stamp) else "kept"
    return "write" if newest and card.older_than(wish.stamp) else "same"


def empty(value: Any) -> bool:
    """The portal's many ways to say nothing."""
    if value is None or isinstance(value, str | int | float):
        return value in (None, "", 0) or value != value
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def alike(one: Any, other: Any) -> bool:
    """Two values that mean the same."""
    if empty(one) or empty(other):
        return empty(one) and empty(other)
    if isinstance(other, float | int) and not isinstance(other, bool):
        try:
            return abs(float(one) - other) < 0.005
        except (TypeError, ValueError):
            return False
    return str(one).strip() == str(other).strip()


def _moment(value: Any) -> pd.Timestamp | None:
    if value is None or pd.isna(value):
        return None
    moment = pd.Timestamp(value)
    return moment.tz_localize("UTC") if moment.tzinfo is None else moment
