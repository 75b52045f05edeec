"""Open appeals follow the published directory, on a portal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.routing.desk import Desk, rule
from toolkit import workflow
from toolkit.errors import ParameterError, PortalError
from toolkit.runs import Policy, Run
from toolkit.sandbox.state.records import Draft


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk whose deals have a topic and a note of routing; nothing published yet."""
    return opened(tmp_path, "process")


def opened(home: Path, shelf: str) -> Desk:
    desk = Desk.opened(home, shelf=shelf)
    with workflow.connect(desk.work) as portal:
        for name, label in (("TOPIC", "Тема"), ("NOTE", "Куда направлено")):
            field = {
                "FIELD_NAME": name,
                "USER_TYPE_ID": "string",
                "EDIT_FORM_LABEL": {"ru": label, "en": label},
            }
            field["LIST_COLUMN_LABEL"] = field["EDIT_FORM_LABEL"]
            portal.call("crm.deal.userfield.add", {"fields": field})
    return desk


def add(desk: Desk, topic: str, who: int, stage: str = "NEW") -> int:
    with workflow.connect(desk.work) as portal:
        fields = {"title": topic, "ufCrm_TOPIC": topic, "assignedById": who, "stageId": stage}
        return int(portal.call("crm.item.add", {"entityTypeId": 2, "fields": fields})["item"]["id"])


def save(desk: Desk, deal: int, **columns: Any) -> None:
    """A person saves a deal in the interface."""
    sandbox = desk.world.sandbox
    sandbox.records.update(sandbox.schema.kind(2), deal, Draft(dict(columns)), sandbox.system_caller(1))


def away(desk: Desk, who: int, first: str, last: str, **more: Any) -> None:
    """A person enters an event of theirs into the portal's calendar."""
    event = {"type": "user", "ownerId": who, "name": "Отпуск", "from": first, "to": last}
    with workflow.connect(desk.work) as portal:
        portal.call("calendar.event.add", {**event, "accessibility": "absent", "skip_time": "Y", **more})


def owners(desk: Desk) -> dict[int, int]:
    rows = desk.world.sandbox.store.rows("SELECT ID, ASSIGNED_BY_ID FROM crm_2 ORDER BY ID")
    return {row["ID"]: row["ASSIGNED_BY_ID"] for row in rows}


def plan(desk: Desk, **given: Any) -> Run:
    return workflow.plan(desk.work, "reroute_open_appeals", workflow.reroute_parameters(desk.work, given))


@pytest.mark.parametrize("shelf", ["process", "list"])
def test_what_stands_wrong_is_moved_and_an_undo_brings_it_back(tmp_path: Path, shelf: str) -> None:
    desk = opened(tmp_path, shelf)
    desk.publish([rule("Брак", 2, Заместитель=5), rule("Доставка", 3)])
    wrong, right, left = add(desk, "БРАК", 4), add(desk, "доставка", 3), add(desk, "Брак", 6)
    over, other = add(desk, "Брак", 4, "WON"), add(desk, "Прочее", 4)
    before = owners(desk)

    run = plan(desk)
    assert workflow.rehearse(desk.work, run).clean
    desk.carry_out(run)

    after = owners(desk)
    assert {deal: who for deal, who in after.items() if before[deal] != who} == {wrong: 2, left: 2}
    assert (after[right], after[over], after[other]) == (3, 4, 4)
    assert len(plan(desk).plan.active) == 0
    desk.carry_out(workflow.plan_undo(desk.work, run))
    assert owners(desk) == before


def test_a_person_who_takes_it_over_keeps_it_until_dismissed(desk: Desk) -> None:
    desk.publish([rule("Брак", 2)])
    deal = add(desk, "Брак", 2)
    noted = {"routed_field": "ufCrm_NOTE"}
    desk.carry_out(plan(desk, **noted))

    save(desk, deal, ASSIGNED_BY_ID=5)
    run = plan(desk, **noted)
    assert len(run.plan.active) == 0
    assert run.plan.listed["record_id"].tolist() == [deal]

    desk.world.sandbox.store.update("user", 5, {"ACTIVE": "N"})
    desk.carry_out(plan(desk, **noted))
    assert owners(desk)[deal] == 2


def test_an_appeal_somebody_has_moved_on_keeps_its_stage(desk: Desk) -> None:
    desk.publish([rule("Брак", 2)])
    stages = [
        row["STATUS_ID"]
        for row in desk.world.sandbox.store.rows(
            "SELECT STATUS_ID FROM status WHERE ENTITY_ID = 'DEAL_STAGE' ORDER BY SORT"
        )
    ]
    deal = add(desk, "Брак", 4)
    save(desk, deal, STAGE_ID=stages[1])

    desk.carry_out(plan(desk))

    found = desk.world.sandbox.store.rows(f"SELECT ASSIGNED_BY_ID, STAGE_ID FROM crm_2 WHERE ID = {deal}")[0]
    assert (found["ASSIGNED_BY_ID"], found["STAGE_ID"]) == (2, stages[1])


def test_a_new_version_moves_only_what_it_changed(desk: Desk) -> None:
    desk.publish([rule("Брак", 2), rule("Доставка", 3)])
    first, second = add(desk, "Брак", 2), add(desk, "Доставка", 3)
    desk.publish([rule("Брак", 2), rule("Доставка", 4)])

    run = plan(desk)
    assert run.plan.active["record_id"].tolist() == [second]
    desk.carry_out(run)
    assert (owners(desk)[first], owners(desk)[second]) == (2, 4)


def test_watched_only_the_appeals_saved_since_are_looked_at_again(desk: Desk) -> None:
    desk.publish([rule("Брак", 2)])
    policy = Policy(
        operations=["reroute_open_appeals"],
        kinds=["update"],
        max_changes=50,
        max_share=1.0,
        must_rehearse=False,
    )

    def one_pass() -> list[int]:
        given = workflow.reroute_parameters(desk.work, {})
        done = workflow.keep_in_step(desk.work, "reroute_open_appeals", given, policy)
        return [] if done is None else done[0].plan.active["record_id"].tolist()

    first = add(desk, "Брак", 4)
    assert one_pass() == [first]
    assert one_pass() == []
    desk.world.clock.sleep(600)
    second = add(desk, "Брак", 5)
    assert one_pass() == [second]
    assert owners(desk)[second] == 2


def test_without_a_directory_in_force_nothing_is_started(desk: Desk) -> None:
    with pytest.raises(ParameterError, match="without a published directory"):
        plan(desk)
    desk.publish([rule("Брак", 2)])
    with pytest.raises(ParameterError, match="not a field"):
        plan(desk, routed_field="ufCrm_NOWHERE")


def test_without_the_day_it_names_the_command_that_knows_it(desk: Desk) -> None:
    with pytest.raises(ParameterError, match="b24kit routing reroute"):
        workflow.plan(desk.work, "reroute_open_appeals", {})


def test_whoever_is_on_leave_by_the_portals_calendar_is_stood_in_for(desk: Desk) -> None:
    desk.publish([rule("Брак", 2, Заместитель=5), rule("Доставка", 3, Заместитель=5), rule("Чек", 4)])
    today, tomorrow = desk.today.isoformat(), desk.in_days(1).isoformat()
    away(desk, 2, desk.in_days(-9).isoformat(), today)
    away(desk, 3, tomorrow, desk.in_days(9).isoformat())
    away(desk, 4, today, tomorrow, accessibility="busy")
    deals = [add(desk, "Брак", 2), add(desk, "Доставка", 3), add(desk, "Чек", 4)]

    given = workflow.reroute_parameters(desk.work, {"absent": [6]})
    assert given["absent"] == [6, 2]
    run = plan(desk)
    desk.carry_out(run)

    assert [owners(desk)[each] for each in deals] == [5, 3, 4]
    assert run.plan.active["reason"].tolist() == ["its responsible is away"]
    later = workflow.reroute_parameters(desk.work, {"on": tomorrow})
    assert later["absent"] == [3]


@pytest.mark.parametrize(
    ("hours", "on_leave"),
    [
        ([("09:00", "18:00")], True),
        ([("08:00", "13:00"), ("12:30", "20:00")], True),
        ([("09:00", "17:59")], False),
        ([("08:00", "12:00"), ("13:00", "20:00")], False),
        ([], False),
    ],
)
def test_only_a_whole_working_day_away_is_leave(
    desk: Desk, hours: list[tuple[str, str]], on_leave: bool
) -> None:
    for start, end in hours:
        away(desk, 2, f"{desk.today} {start}:00", f"{desk.today} {end}:00", skip_time="N")

    assert ("absent" in workflow.reroute_parameters(desk.work, {})) is on_leave


def test_without_the_right_to_see_calendars_the_sheet_counts_alone_and_it_is_said(desk: Desk) -> None:
    desk.publish([rule("Брак", 2, Заместитель=5)])
    deal = add(desk, "Брак", 4)
    away(desk, 2, desk.today.isoformat(), desk.today.isoformat())
    desk.world.sandbox.store.db.execute("UPDATE webhook SET SCOPES = replace(SCOPES, 'calendar', '')")
    told: list[PortalError] = []

    given = workflow.reroute_parameters(desk.work, {}, unread=told.append)

    assert [each.code for each in told] == ["insufficient_scope"]
    assert "absent" not in given
    desk.carry_out(workflow.plan(desk.work, "reroute_open_appeals", given))
    assert owners(desk)[deal] == 2
