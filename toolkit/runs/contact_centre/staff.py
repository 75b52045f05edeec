"""Who works there, by whatever another system calls a person."""

from __future__ import annotations

import pandas as pd

__all__ = ["Staff"]


class Staff:
    """The people who work there, found by id, e-mail or full name.

    Args:
        users: columns ID int, ACTIVE bool, NAME, LAST_NAME, EMAIL str.
    """

    def __init__(self, users: pd.DataFrame) -> None:
        working = users[users["ACTIVE"].fillna(False).astype(bool)]
        self.active = frozenset(int(each) for each in working["ID"])
        self._by: dict[str, set[int]] = {}
        for row in working.astype(object).where(working.notna(), "").to_dict("records"):
            first, last = str(row.get("NAME", "")), str(row.get("LAST_NAME", ""))
            for words in (str(row["ID"]), str(row.get("EMAIL", "")), f"{first} {last}", f"{last} {first}"):
                self._by.setdefault(_folded(words), set()).add(int(row["ID"]))

    def find(self, text: str) -> int | None:
        """The one person of that name who works there; None for nobody, and for namesakes."""
        found = self._by.get(_folded(text), set()) if text else set()
        return next(iter(found)) if len(found) == 1 else None


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
