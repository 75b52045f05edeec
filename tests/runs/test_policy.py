"""What an unattended run may do, and when."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import PlanError
from toolkit.runs import POLICY_TEMPLATE, Changes, Plan, Policy, Window, updates

MONDAY_NOON = datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp()


def plan(count: int) -> Plan:
    ids = list(range(1, count + 1))
    changes = updates(
        "contact", ids, before={"assignedById": [1] * count}, after={"assignedById": [2] * count}, reason=""
    )
    return Plan.freeze(changes if count else Changes(), {"operation": "reassign_contacts"})


def policy(**given: object) -> Policy:
    facts = {"operations": ["reassign_contacts"], "kinds": ["update"], "max_changes": 50, "max_share": 0.5}
    return Policy.model_validate({**facts, **given})


def objections(
    rules: Policy, count: int, *, operation: str = "reassign_contacts", today: int = 0
) -> list[str]:
    return rules.objections(operation, plan(count), {"contact": 100}, done_today=today, now=MONDAY_NOON)


def test_what_is_within_every_cap_is_approved() -> None:
    assert objections(policy(), 50) == []


@pytest.mark.parametrize(
    ("rules", "count", "today", "expected"),
    [
        (policy(), 51, 0, "more than max_changes=50"),
        (policy(max_share=0.1), 11, 0, "allowed share of 10%"),
        (policy(max_changes_per_day=60), 20, 41, "more than max_changes_per_day=60"),
        (policy(kinds=["notify"]), 1, 0, "changes of kind update"),
        (policy(operations=["undo"]), 1, 0, "is not among undo"),
        (policy(window={"start": "21:00", "end": "06:00"}), 1, 0, "outside the window 21:00 to 06:00"),
    ],
)
def test_each_cap_objects_in_words(rules: Policy, count: int, today: int, expected: str) -> None:
    assert any(expected in each for each in objections(rules, count, today=today))


def test_all_objections_are_named_at_once() -> None:
    assert (
        len(objections(policy(operations=["undo"], kinds=["notify"], max_changes=12, max_share=0.1), 20)) == 4
    )


def test_the_template_is_a_valid_policy(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY_TEMPLATE, encoding="utf-8")

    assert Policy.read(tmp_path / "policy.yaml").operations == ["reassign_contacts"]


SMALL = "operations: [a]\nkinds: [update]\nmax_changes: 50\n"
MAILING = SMALL + "tell: {email: {server: mail.example.ru"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("operations: [a]\nkinds: [update]\nmax_changes: 10\nmax_chanegs_per_day: 5", "max_chanegs_per_day"),
        (
            "operations: [a]\nkinds: [update]\nmax_changes: 100\nmax_changes_per_day: 5",
            "no full run could ever start",
        ),
        ("operations: [a]\nkinds: [update]\nmax_changes: 5\ncanary: 5", "canary is not smaller"),
        ("operations: [a]\nkinds: [paint]\nmax_changes: 50", "kinds"),
        (
            SMALL + "window: {start: '1:00', end: '2:00', zone: Mars}",
            "window",
        ),
        (SMALL + "missed: tell", "has nobody to tell"),
        (SMALL + "missed: late", "there is no window"),
        (SMALL + "tell: {when: always}", "names nobody"),
        (
            SMALL + "tell: {webhook: 'http://example.ru/x'}",
            "plain HTTP to another machine",
        ),
        (
            SMALL + "tell: {webhook: 'https://me:secret@example.ru/x'}",
            "holds a password",
        ),
        (
            SMALL + "tell: {webhook: 'example.ru'}",
            "is not an address",
        ),
        (SMALL + "tell: {portal: [0]}", "which begin at 1"),
        (
            MAILING + ", security: none, sender: a@b.ru, to: [c@d.ru]}}",
            "only for a mail server on this machine",
        ),
        (
            MAILING + ", sender: robot, to: [c@d.ru]}}",
            "is not an e-mail address",
        ),
        (
            MAILING + ", sender: a@b.ru, to: [c@d.ru], password: x}}",
            "password",
        ),
        (
            SMALL + "window: {start: '1:00', end: '1:00'}",
            "start and end are the same",
        ),
        (
            SMALL + "window: {start: '01:00', end: '02:00', days: [8]}",
            "days are 1",
        ),
        (SMALL + "missed: perhaps", "missed"),
        ("operations: []\nkinds: [update]\nmax_changes: 5\ncanary: 1", "operations"),
        ("operations: [a]\nkinds: []\nmax_changes: 5\ncanary: 1", "kinds"),
        ("[", "cannot be read"),
        ("", "cannot be used"),
    ],
)
def test_contradictions_and_typos_stop(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(PlanError, match=expected):
        Policy.read(path)


@given(st.integers(0, 24 * 60 - 1), st.integers(0, 24 * 60 - 1), st.floats(0, 14 * 86400))
def test_a_window_is_open_exactly_between_its_times(start: int, end: int, offset: float) -> None:
    if start == end:
        return
    window = Window.model_validate(
        {
            "start": f"{start // 60:02}:{start % 60:02}",
            "end": f"{end // 60:02}:{end % 60:02}",
            "zone": "Europe/Moscow",
        }
    )
    now = MONDAY_NOON + offset
    minute = ((now + 3 * 3600) % 86400) / 60
    inside = start <= minute < end if start < end else minute >= start or minute < end

    remaining = window.remaining_s(now)

    assert (remaining > 0) == inside
    assert remaining <= 86400


def test_a_night_window_of_friday_lasts_into_saturday() -> None:
    window = Window.model_validate({"start": "21:00", "end": "06:00", "zone": "UTC", "days": [5]})
    saturday_at_one = datetime(2026, 6, 6, 1, tzinfo=UTC).timestamp()

    assert window.remaining_s(saturday_at_one) == 5 * 3600
    assert window.remaining_s(saturday_at_one + 86400) == 0


@pytest.mark.parametrize(
    ("start", "end"),
    [("21:00", "6:00"), ("'21:00'", "'06:00'"), ("21:00:00", "06:00:00"), ("'21:00'", "'6:00'")],
)
def test_a_time_means_what_it_looks_like_with_or_without_quotes(tmp_path: Path, start: str, end: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(SMALL + f"window: {{start: {start}, end: {end}}}", encoding="utf-8")

    window = Policy.read(path).window

    assert window is not None
    assert (window.start, window.end) == (time(21), time(6))


@given(st.floats(0, 20 * 86400), st.floats(0, 10 * 86400))
def test_a_night_was_missed_only_if_it_passed_from_evening_to_morning(since: float, span: float) -> None:
    window = Window.model_validate({"start": "21:00", "end": "06:00", "zone": "UTC"})
    midnight = datetime(2026, 6, 1, tzinfo=UTC).timestamp()
    begun, now = midnight + since, midnight + since + span
    nights = [midnight + day * 86400 + 21 * 3600 for day in range(-1, 32)]

    wanted = sum(begun < opens and opens + 9 * 3600 <= now for opens in nights)

    assert window.missed(begun, now) == wanted
