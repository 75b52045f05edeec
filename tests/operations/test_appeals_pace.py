"""How many requests appeals cost, counted by the portal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from toolkit.runs import Changes, Plan, Run, binds, creates, estimate
from toolkit.runs.references import made
from toolkit.sandbox import Noted

from .conftest import APPEALS, Firm, make_firm


@pytest.fixture
def calm(tmp_path: Path) -> Firm:
    """A small portal that tells what it takes for each method."""
    firm = make_firm(tmp_path, 0.001, limits="cloud")
    firm.set_up()
    return firm


def with_appeals(firm: Firm, count: int, activities: Sequence[int] = (), name: str = "made") -> Run:
    """A run that makes so many appeals, and hangs these activities on the first of them."""
    run = firm.plan("backfill_appeals", **APPEALS)
    markers = [f"call:{name}.{at}" for at in range(count)]
    cells = [{"title": f"Appeal {at}", "assignedById": 1, "createdBy": 1} for at in range(count)]
    links: list[dict[str, Any]] = [
        {"entityTypeId": 177, "entityId": made(marker)}
        for marker, _ in zip(markers, activities, strict=False)
    ]
    changes = Changes.joined(
        creates("item:177", cells, markers=markers, reason="test"),
        binds("activity", list(activities), to=links, reason="test"),
    )
    run.freeze(Plan.freeze(changes, run.plan.facts))
    return run


def carried_out(firm: Firm, run: Run) -> list[Noted]:
    """The requests it took."""
    since = len(firm.sandbox.log)
    assert firm.carry_out(run) == {"done": len(run.plan)}
    return list(firm.sandbox.log)[since:]


def writing(requests: list[Noted], method: str) -> list[int]:
    """How many commands of a method each request held that held any."""
    return [noted.executed.count(method) for noted in requests if method in noted.executed]


def test_a_portal_that_is_quick_gets_a_thousand_appeals_a_request(calm: Firm) -> None:
    calm.sandbox.limits.costs["crm.item.batchimport"] = 0.4
    carried_out(calm, with_appeals(calm, 40, name="canary"))
    run = with_appeals(calm, 2_600)

    requests = carried_out(calm, run)

    assert writing(requests, "crm.item.batchimport") == [50, 50, 30]
    assert len(requests) == 3 + 1
    assert calm.appeal_count("call:made.%") == 2_600


def test_a_portal_nobody_knows_gets_little_at_first_and_a_slow_one_half_a_minute_of_work(calm: Firm) -> None:
    calm.sandbox.limits.costs["crm.item.batchimport"] = 3.0
    run = with_appeals(calm, 1_400)

    requests = carried_out(calm, run)

    assert set(writing(requests, "crm.item.batchimport")) == {10}
    assert not any(noted.errors or noted.error for noted in requests)


@pytest.mark.parametrize("count", [1, 2, 20, 21])
def test_a_pack_that_is_not_full_is_understood_too(calm: Firm, count: int) -> None:
    carried_out(calm, with_appeals(calm, count))

    assert calm.appeal_count("call:made.%") == count


def test_links_travel_by_the_fifty_and_nothing_is_read_for_them(calm: Firm) -> None:
    rows = calm.sandbox.store.rows("SELECT ID FROM activity WHERE TYPE_ID = 2 ORDER BY ID")
    activities = [row["ID"] for row in rows][:45]
    links = [each for each in activities for _ in range(3)]
    run = with_appeals(calm, len(links), links)

    requests = carried_out(calm, run)

    assert sum(writing(requests, "crm.activity.binding.add")) == len(links)
    assert len(writing(requests, "crm.activity.binding.add")) == -(-len(links) // 50)
    assert not writing(requests, "crm.activity.binding.list")


def test_the_estimate_counts_the_requests_that_are_sent(calm: Firm) -> None:
    carried_out(calm, with_appeals(calm, 40, name="canary"))
    rows = calm.sandbox.store.rows("SELECT ID FROM activity WHERE TYPE_ID = 2 ORDER BY ID")
    links = [row["ID"] for row in rows for _ in range(3)]
    run = with_appeals(calm, 700, links[:120])
    expected = estimate(run.plan, run.before, calm.portal.cost).apply.requests

    assert len(carried_out(calm, run)) == expected


def test_the_second_of_two_runs_finds_every_appeal_there_already(calm: Firm) -> None:
    carried_out(calm, with_appeals(calm, 450))
    again = with_appeals(calm, 450)

    counts = calm.carry_out(again)

    assert counts == {"already": 450}
    assert calm.appeal_count("call:made.%") == 450


def test_a_call_that_hangs_on_a_hundred_records_is_put_aside_in_words(calm: Firm) -> None:
    activity = calm.sandbox.store.value("SELECT MIN(ID) FROM activity WHERE TYPE_ID = 2")
    for company in range(900_001, 900_101 - calm.link_count(activity)):
        calm.sandbox.store.insert(
            "activity_binding", {"ACTIVITY_ID": activity, "ENTITY_TYPE_ID": 4, "ENTITY_ID": company}
        )
    assert calm.link_count(activity) == 100
    run = with_appeals(calm, 1, [activity])

    counts = calm.carry_out(run)

    assert counts == {"done": 1, "rejected": 1}
    told = run.journal.table()
    assert "a hundred records" in told.loc[told["state"] == "rejected", "message"].iloc[0]


def test_a_link_that_is_there_already_stays_and_is_no_work_of_ours(calm: Firm) -> None:
    activity = calm.sandbox.store.value("SELECT MIN(ID) FROM activity WHERE TYPE_ID = 2")
    first = with_appeals(calm, 1, [activity])
    carried_out(calm, first)

    counts = calm.carry_out(with_appeals(calm, 1, [activity]))

    assert counts == {"already": 2}
