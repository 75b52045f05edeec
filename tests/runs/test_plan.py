"""A plan is frozen: it can be narrowed, never widened or edited."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import PlanError
from toolkit.runs import Changes, Plan, creates, deletes, notices, updates

FACTS = {"operation": "test", "parameters": {}, "snapshot": "x"}


def some(count: int = 5) -> Changes:
    ids = list(range(1, count + 1))
    return updates(
        "contact",
        ids,
        before={"assignedById": [1] * count},
        after={"assignedById": [2] * count},
        reason="why",
    )


def test_a_plan_reads_back_as_it_was_written(tmp_path: Path) -> None:
    plan = Plan.freeze(some(), FACTS)
    plan.write(tmp_path / "plan.parquet")

    assert Plan.read(tmp_path / "plan.parquet").id == plan.id
    assert (tmp_path / "plan.parquet").stat().st_mode & 0o077 == 0


def test_an_edited_plan_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.parquet"
    Plan.freeze(some(), FACTS).write(path)
    table = pq.read_table(path)
    edited = table.set_column(table.schema.get_field_index("record_id"), "record_id", [[9, 2, 3, 4, 5]])
    pq.write_table(edited.replace_schema_metadata(table.schema.metadata), path)

    with pytest.raises(PlanError, match="not the plan that was frozen"):
        Plan.read(path)


@given(st.sets(st.integers(0, 9)))
def test_narrowing_only_strikes(keep: set[int]) -> None:
    plan = Plan.freeze(some(10), FACTS)

    narrower = plan.narrowed(keep)

    assert set(narrower.active["change"]) == keep
    assert len(narrower) == len(plan)
    assert set(narrower.narrowed(range(10)).active["change"]) == keep


def test_a_review_cannot_add_a_change() -> None:
    with pytest.raises(PlanError, match="can only strike"):
        Plan.freeze(some(), FACTS).narrowed([0, 99])


def test_two_changes_of_one_record_are_refused() -> None:
    with pytest.raises(PlanError, match="two updates of contact 1"):
        Plan.freeze(Changes.joined(some(), some()), FACTS)


def test_creates_need_markers_of_their_own() -> None:
    twins = creates("contact", [{"name": "А"}, {"name": "Б"}], markers=["call:1", "call:1"], reason="why")
    with pytest.raises(PlanError, match="marker"):
        Plan.freeze(twins, FACTS)


def test_kinds_are_carried_out_in_their_order() -> None:
    changes = Changes.joined(
        notices([1], ["text {n}"], counts=[{"n": "to:1"}], reason="told"),
        deletes("contact", [7], before=[{}], reason="gone"),
        some(2),
        creates("contact", [{"name": "А"}], markers=["call:1"], reason="new"),
    )

    kinds = Plan.freeze(changes, FACTS).table["kind"].tolist()

    assert kinds == ["create", "update", "update", "delete", "notify"]
