"""What people decided about duplicates: these two are not one, this key proves nothing. Kept for everybody.

The file holds one JSON object per line and is only ever appended to, so that two people can decide at the
same time and anyone can read who said what. Withdrawing is a line too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from filelock import FileLock

from toolkit.errors import PlanError, StorageError

if TYPE_CHECKING:
    from toolkit.matching.cards import Cards

__all__ = ["Decision", "Decisions"]


@dataclass(frozen=True)
class Decision:
    """One thing a person said.

    Args:
        about: `pair`: two cards are different clients; `key`: a key is no evidence.
        entity: of the pair; empty for a key.
        a: the lesser id of the pair; 0 for a key.
        b: the greater id of the pair; 0 for a key.
        key_type: of the key; empty for a pair.
        key_value: of the key, normalised; empty for a pair.
        who: the person.
        at: when, ISO 8601 with an offset.
        note: why, in the person's words.
        withdrawn: whether the line takes an earlier one back.
    """

    about: Literal["pair", "key"]
    entity: str = ""
    a: int = 0
    b: int = 0
    key_type: str = ""
    key_value: str = ""
    who: str = ""
    at: str = ""
    note: str = ""
    withdrawn: bool = False

    @property
    def subject(self) -> tuple[str, str, int, int, str, str]:
        """What it is about; a later decision about the same replaces an earlier one."""
        return (self.about, self.entity, self.a, self.b, self.key_type, self.key_value)


class Decisions:
    """The decisions in force.

    Args:
        made: in the order they were made.
        path: the file that new ones are appended to; None to keep them in memory.
    """

    def __init__(self, made: Iterable[Decision] = (), path: Path | None = None) -> None:
        self.path = path
        self._in_force: dict[tuple[str, str, int, int, str, str], Decision] = {}
        for decision in made:
            self._count(decision)

    @classmethod
    def open(cls, path: Path) -> Decisions:
        """The decisions of a file; none when it does not exist yet.

        Raises:
            PlanError: a line cannot be read. A last line cut short by a crash is ignored.
        """
        made: list[Decision] = []
        lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                made.append(Decision(**json.loads(line)))
            except (ValueError, TypeError) as error:
                if number == len(lines):
                    continue
                raise PlanError(
                    path, f"line {number} is not a decision", "Correct or remove that line."
                ) from error
        return cls(made, path)

    def __len__(self) -> int:
        return len(self._in_force)

    def __iter__(self) -> Iterator[Decision]:
        return iter(sorted(self._in_force.values(), key=lambda decision: decision.subject))

    def not_duplicates(self, entity: str, a: int, b: int, *, who: str, at: str, note: str = "") -> Decision:
        """The decision that two cards are different clients; from now on they are never joined."""
        return self._make(Decision("pair", entity, min(a, b), max(a, b), who=who, at=at, note=note))

    def no_evidence(self, key_type: str, key_value: str, *, who: str, at: str, note: str = "") -> Decision:
        """The decision that a key proves nothing; from now on it joins no cards."""
        return self._make(Decision("key", key_type=key_type, key_value=key_value, who=who, at=at, note=note))

    def withdraw(self, decision: Decision, *, who: str, at: str, note: str = "") -> None:
        """Nothing is left of a decision from now on; the file keeps that it was made and taken back."""
        self._make(replace(decision, who=who, at=at, note=note, withdrawn=True))

    def about_pair(self, entity: str, a: int, b: int) -> Decision | None:
        """The decision in force about two cards."""
        return self._in_force.get(("pair", entity, min(a, b), max(a, b), "", ""))

    def keys(self) -> set[tuple[str, str]]:
        """The keys that are no evidence, as (type, value)."""
        return {(d.key_type, d.key_value) for d in self._in_force.values() if d.about == "key"}

    def following(self, aliases: Mapping[tuple[str, int], int]) -> Decisions:
        """The same decisions about the cards that live on after merges.

        Args:
            aliases: (entity, old id) to the id that stands for it now.
        """
        moved: list[Decision] = []
        for decision in self:
            a, b = (aliases.get((decision.entity, i), i) for i in (decision.a, decision.b))
            if decision.about == "key" or a != b:
                moved.append(replace(decision, a=min(a, b), b=max(a, b)))
        return Decisions(moved)

    def packed(self, cards: Cards) -> npt.NDArray[np.int64]:
        """The pairs as packed positions of cards, sorted; cards that are not there are left out."""
        pairs = [d for d in self._in_force.values() if d.about == "pair"]
        if not pairs:
            return np.zeros(0, dtype=np.int64)
        table = pd.DataFrame(pairs)
        a, b = (cards.positions(table["entity"], table[side]) for side in ("a", "b"))
        here = (a >= 0) & (b >= 0)
        return np.unique((np.minimum(a, b)[here] << 32) | np.maximum(a, b)[here])

    def _make(self, decision: Decision) -> Decision:
        if self.path is not None:
            _append(self.path, json.dumps(asdict(decision), ensure_ascii=False))
        self._count(decision)
        return decision

    def _count(self, decision: Decision) -> None:
        if decision.withdrawn:
            self._in_force.pop(decision.subject, None)
        else:
            self._in_force[decision.subject] = decision


def _append(path: Path, line: str) -> None:
    """The line on disk, whole, after those that others wrote meanwhile."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            whole = path.read_bytes() if path.exists() else b""
            torn = bool(whole) and not whole.endswith(b"\n")
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                if torn:
                    # A crash cut the last line; what is left of it must not swallow this one.
                    os.ftruncate(file, whole.rfind(b"\n") + 1)
                os.write(file, line.encode() + b"\n")
                os.fsync(file)
            finally:
                os.close(file)
    except OSError as error:
        raise StorageError(
            path, str(error), "Free space or choose another folder; nothing was decided."
        ) from error
