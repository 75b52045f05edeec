"""The tree of the company: its departments, who heads them, who works under whom."""

from __future__ import annotations

from collections.abc import Iterable

from ..state.store import Column, Store, declare_table

__all__ = ["above", "below", "subordinates"]

declare_table("department", "NAME", Column("SORT", "int", 500), "PARENT int", "UF_HEAD int")


def below(store: Store, id_: int) -> set[int]:
    """A department and everything under it."""
    rows = store.rows(
        "WITH RECURSIVE below(ID) AS"
        " (SELECT ? UNION SELECT d.ID FROM department d JOIN below b ON d.PARENT = b.ID)"
        " SELECT ID FROM below",
        [id_],
    )
    return {int(row["ID"]) for row in rows}


def above(store: Store, departments: Iterable[int]) -> set[int]:
    """Those departments and everything they are part of."""
    found: set[int] = set()
    waiting = list(departments)
    while waiting:
        row = store.get("department", waiting.pop())
        if row is not None and row["ID"] not in found:
            found.add(row["ID"])
            waiting.append(row["PARENT"] or 0)
    return found


def subordinates(store: Store, user_id: int) -> list[int]:
    """Ids of the people in the departments somebody heads, and in those below; not the head's own."""
    headed: set[int] = set()
    for row in store.find("department", UF_HEAD=user_id):
        headed |= below(store, row["ID"])
    if not headed:
        return []
    marks = ", ".join("?" for _ in headed)
    rows = store.rows(
        f"SELECT ID FROM user WHERE EXISTS (SELECT 1 FROM json_each(UF_DEPARTMENT) WHERE value IN ({marks}))",
        list(headed),
    )
    return [int(row["ID"]) for row in rows if row["ID"] != user_id]
