"""Which cell of a card a row of another system may change: blanks, what it wrote itself, never a person's word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

import pandas as pd

from toolkit.runs.changes import Changes, listed, rewrites
from toolkit.runs.contact_centre.words import versus

__all__ = ["Card", "Editing", "Wish", "alike", "cards_of", "decide", "empty", "ids_in", "plain", "rewritten"]

KEPT = "corrected there and edited here: left as it is"

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


def decide(card: Card, name: str, wish: Wish, newest: bool) -> Literal["same", "write", "kept"]:
    """What becomes of a cell.

    Args:
        card: the record.
        name: of its field.
        wish: what the row says.
        newest: on a card people made, a row newer than the card's last save wins; otherwise only blanks are filled.

    Returns:
        `kept`: the row was corrected and somebody edited the cell as well, so that it stays as it is.
    """
    present = card.cells.get(name)
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


@dataclass
class Editing:
    """The cells of one card that rows change, as they are and as they should be.

    Args:
        entity: name in the entity catalogue.
        card: the record.
        newest: fields where a row newer than the last save of a card people made wins.
    """

    entity: str
    card: Card
    newest: frozenset[str]
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    kept: list[tuple[str, Any, Any]] = field(default_factory=list)

    def say(self, name: str, wish: Wish, ours: bool | None = None) -> None:
        """Weigh what a row says of a cell.

        Args:
            name: of the field.
            wish: what the row says.
            ours: whether this very row made the card; None for what the card says.
        """
        card = self.card if ours is None else replace(self.card, ours=ours)
        present = card.cells.get(name)
        verdict = decide(card, name, wish, name in self.newest)
        if verdict == "write":
            self.put(name, present, wish.value)
        elif verdict == "kept":
            self.kept.append((name, present, wish.value))

    def put(self, name: str, before: Any, after: Any) -> None:
        """Change a cell."""
        self.before[name], self.after[name] = before, after

    def left_alone(self, language: str) -> Changes:
        """The cells somebody edited here while they were corrected there.

        Args:
            language: of their names.
        """
        told = [versus(language, "kept", *each) for each in self.kept]
        return listed(self.entity, [self.card.id] * len(told), KEPT, told)


def rewritten(edits: Sequence[Editing], reason: str, language: str) -> Changes:
    """What cards of one entity become, and the cells somebody edited here meanwhile.

    Args:
        edits: one per card.
        reason: of the changes.
        language: of the names of fields.
    """
    changed = [each for each in edits if each.after]
    if not edits:
        return Changes()
    filling = rewrites(
        edits[0].entity,
        [each.card.id for each in changed],
        before=[each.before for each in changed],
        after=[each.after for each in changed],
        reason=reason,
    )
    return Changes.joined(filling, *(each.left_alone(language) for each in edits if each.kept))


def cards_of(table: pd.DataFrame, ids: Iterable[int], system: str) -> dict[int, Card]:
    """Records as cards, by id.

    Args:
        table: of the entity; one row per record.
        ids: which of them.
        system: of the contact centre: whose markers are ours.
    """
    chosen = table[table["id"].isin(set(ids))].astype(object)
    found = {}
    for cells in chosen.to_dict("records"):
        marker = cells.get("originId")
        ours = isinstance(marker, str) and marker.startswith(f"cc:{system}:")
        found[int(cells["id"])] = Card(
            int(cells["id"]), {str(key): plain(each) for key, each in cells.items()}, ours
        )
    return found


def plain(value: Any) -> Any:
    """A cell of a table as a value: lists as lists, the many forms of nothing as None."""
    if _many(value):
        return list(value)
    return None if value is None or pd.isna(value) else value


def ids_in(value: Any) -> set[int]:
    """The ids in a cell that holds one or several; 0 is none."""
    values = value if _many(value) else [value]
    return {int(each) for each in values if each is not None and not pd.isna(each) and int(each)}


def _many(value: Any) -> bool:
    return not isinstance(value, str) and hasattr(value, "__iter__") and not isinstance(value, Mapping)


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
