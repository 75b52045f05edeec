"""Messages of channels on a small portal with a published directory: filtered, routed, created, exactly once."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.routing.desk import Desk, rule
from tests.runs.conftest import SECRET, Kept, World
from tests.test_kill_sweep import DyingTransport, Killed
from tests.test_workflow import workspace
from toolkit import workflow
from toolkit.client import Portal
from toolkit.errors import ParameterError
from toolkit.operations import operation
from toolkit.runs import ApplyRules, Run, apply
from toolkit.runs.ingest import STATES, Keeping, marker_of
from toolkit.runs.ingest.joining import known_messages
from toolkit.runs.law import carried_out
from toolkit.sandbox import InProcessTransport
from toolkit.sandbox.state.records import Draft
from toolkit.settings import Settings
from toolkit.sheets.channels import read_channel, shipped_channels
from toolkit.sheets.channels.catalogue import lay_out_samples, sample_of

RULE: Any = operation("ingest_appeals")
KNOWN = "taken in before, or stands twice in the file"


def message(number: str, **cells: Any) -> dict[str, Any]:
    return {
        "id": number,
        "at": "2026-05-01T10:00:00+03:00",
        "topic": "Брак",
        "text": f"Текст {number}",
        **cells,
    }


def opened(home: Path) -> Desk:
    """A desk whose deals have a topic; its directory sends defects to 2, deliveries to 3."""
    desk = Desk.opened(home)
    with workflow.connect(desk.work) as portal:
        labels = {"ru": "Тема", "en": "Topic"}
        field = {
            "FIELD_NAME": "TOPIC",
            "USER_TYPE_ID": "string",
            "EDIT_FORM_LABEL": labels,
            "LIST_COLUMN_LABEL": labels,
        }
        portal.call("crm.deal.userfield.add", {"fields": field})
    desk.publish([rule("Брак", 2), rule("Доставка", 3)])
    return desk


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, Kept]:
    home = tmp_path_factory.mktemp("ready")
    desk = opened(home)
    desk.world.root.mkdir(parents=True)
    return desk, Kept.of(desk.world, home / "aside")


@pytest.fixture
def desk(ready: tuple[Desk, Kept], tmp_path: Path) -> Desk:
    """The desk as it was, in a folder of this test's own."""
    world = ready[1].again(tmp_path)
    return Desk(world, workspace(world, tmp_path), tmp_path)


def given_of(desk: Desk, rows: list[dict[str, Any]], channel: str = "vk", **more: Any) -> dict[str, Any]:
    return workflow.reroute_parameters(desk.work, {"channel": channel, "rows": rows, **more})


def ingest(desk: Desk, rows: list[dict[str, Any]], channel: str = "vk", **more: Any) -> Run:
    return workflow.plan(desk.work, "ingest_appeals", given_of(desk, rows, channel, **more))


def deals(world: World) -> list[dict[str, Any]]:
    rows = world.sandbox.store.rows("SELECT * FROM crm_2 WHERE ORIGIN_ID LIKE 'ch:%' ORDER BY ID")
    return [dict(row) for row in rows]


def people(world: World) -> list[str]:
    rows = world.sandbox.store.rows("SELECT NAME FROM crm_3 WHERE ORIGIN_ID LIKE 'ch:%' ORDER BY ID")
    return [row["NAME"] for row in rows]


def test_messages_become_appeals_where_the_directory_puts_them_and_only_once(desk: Desk) -> None:
    rows = [message("1_1", author="Инна (id7)"), message("1_2", topic="ДОСТАВКА", phone="8 912 345-67-01")]

    run = ingest(desk, rows)
    desk.carry_out(run)

    made = deals(desk.world)
    assert [(each["ORIGIN_ID"], each["ASSIGNED_BY_ID"], each["UF_CRM_TOPIC"]) for each in made] == [
        ("ch:vk:1_1", 2, "Брак"),
        ("ch:vk:1_2", 3, "ДОСТАВКА"),
    ]
    assert made[0]["COMMENTS"].startswith("Текст 1_1")
    assert "Автор: Инна (id7)" in made[0]["COMMENTS"]
    assert people(desk.world) == ["8 912 345-67-01"]
    again = ingest(desk, [*rows, message("1_3")])
    assert again.plan.tally() == {"became an appeal": 1, KNOWN: 2}
    assert again.plan.table["marker"].tolist() == ["ch:vk:1_3"]
    assert len(ingest(desk, rows, "telegram").plan) == 2, "an id of another channel is another message's"


@pytest.mark.parametrize("silent", [False, True])
def test_an_appeal_begins_on_the_day_its_message_was_written(desk: Desk, silent: bool) -> None:
    rows = [message("1_1"), message("1_2", at="2026-04-30T22:30:00+00:00")]
    run = ingest(desk, rows, silent=silent)
    desk.carry_out(run)

    assert [each["BEGINDATE"][:10] for each in deals(desk.world)] == ["2026-05-01"] * 2
    assert len(ingest(desk, rows, silent=silent).plan) == 0
    desk.carry_out(workflow.plan_undo(desk.work, run))
    assert deals(desk.world) == []


def test_an_undo_takes_away_what_was_made_unless_somebody_has_begun_to_work_on_it(desk: Desk) -> None:
    run = ingest(desk, [message("1_1", phone="8 912 345-67-01"), message("1_2")])
    desk.carry_out(run)
    sandbox = desk.world.sandbox
    taken = deals(desk.world)[1]["ID"]
    sandbox.records.update(
        sandbox.schema.kind(2), taken, Draft({"STAGE_ID": "PREPARATION"}), sandbox.system_caller(3)
    )

    undo = workflow.plan_undo(desk.work, run)
    desk.carry_out(undo)

    assert [each["ID"] for each in deals(desk.world)] == [taken]
    assert people(desk.world) == []
    assert undo.plan.listed["record_id"].tolist() == [taken]


def test_a_client_whom_a_later_appeal_names_outlives_an_undo(desk: Desk) -> None:
    first = ingest(desk, [message("1_1", phone="8 912 345-67-01")])
    desk.carry_out(first)
    desk.carry_out(ingest(desk, [message("t1", phone="+79123456701")], "telegram"))

    undo = workflow.plan_undo(desk.work, first)
    desk.carry_out(undo)

    assert [each["ORIGIN_ID"] for each in deals(desk.world)] == ["ch:telegram:t1"]
    assert people(desk.world) == ["8 912 345-67-01"]
    assert undo.plan.listed["reason"].tolist() == ["others name it by now: left as it is"]


def test_later_comments_are_written_into_the_appeal_of_their_post_and_taken_out_again(desk: Desk) -> None:
    first = [message("1_1", post="p1"), message("1_2", post="p1", text="И ещё", author="Олег (id8)")]
    joined = {"join": ["post", "author"], "window_h": 2}
    desk.carry_out(ingest(desk, first, **joined))
    before = deals(desk.world)
    assert len(before) == 1
    assert "Олег (id8):\nИ ещё" in before[0]["COMMENTS"]

    later = [
        message("1_3", post="p1", at="2026-05-01T11:30:00+03:00", text="Третий"),
        message("1_4", post="p1", at="2026-05-01T20:00:00+03:00", text="Вечером"),
    ]
    run = ingest(desk, [*first, *later], **joined)
    assert run.plan.tally() == {"became an appeal": 1, "joined to another message's appeal": 1, KNOWN: 2}
    desk.carry_out(run)

    assert [("Третий" in each["COMMENTS"]) for each in deals(desk.world)] == [True, False]
    assert len(ingest(desk, [*later, *first], **joined).plan) == 0
    desk.carry_out(workflow.plan_undo(desk.work, run))
    assert [each["COMMENTS"] for each in deals(desk.world)] == [before[0]["COMMENTS"]]


def test_a_comment_stays_known_when_a_person_rewrites_the_text_it_was_joined_to(desk: Desk) -> None:
    joined = {"join": ["post"], "window_h": 24}
    rows = [message("1_1", post="p1"), message("1_2", post="p1")]
    desk.carry_out(ingest(desk, rows, **joined))
    rows.append(message("1_3", post="p1", at="2026-05-01T11:00:00+03:00"))
    desk.carry_out(ingest(desk, rows, **joined))
    (appeal,) = deals(desk.world)
    sandbox = desk.world.sandbox
    kind, person = sandbox.schema.kind(2), sandbox.system_caller(3)
    sandbox.records.update(kind, appeal["ID"], Draft({"COMMENTS": "Переписано"}), person)

    assert len(ingest(desk, rows, **joined).plan) == 0
    rows.append(message("1_4", post="p1", at="2026-05-01T12:00:00+03:00"))
    run = ingest(desk, rows, **joined)
    desk.carry_out(run)

    (after,) = deals(desk.world)
    assert after["COMMENTS"].startswith("Переписано\n\n— 01.05.2026 12:00")
    assert after["ADDITIONAL_INFO"].count("(ch:vk:1_") == 4
    desk.carry_out(workflow.plan_undo(desk.work, run))
    assert deals(desk.world)[0]["ADDITIONAL_INFO"].count("(ch:vk:1_") == 3


def test_nothing_joins_an_appeal_that_is_over(desk: Desk) -> None:
    desk.carry_out(ingest(desk, [message("1_1", post="p1")], join=["post"]))
    sandbox = desk.world.sandbox
    done = deals(desk.world)[0]["ID"]
    sandbox.records.update(sandbox.schema.kind(2), done, Draft({"STAGE_ID": "WON"}), sandbox.system_caller(3))

    run = ingest(desk, [message("1_2", post="p1")], join=["post"])

    assert run.plan.table["kind"].tolist() == ["create"]


def test_a_whole_name_is_taken_apart_only_where_each_word_is_sure(desk: Desk) -> None:
    names = ["Иванова Анна Петровна", "Анна с дачи", "Вася сантехник"]
    rows = [message(f"2_{at}", name=name, phone=f"8 912 345-60-0{at}") for at, name in enumerate(names)]

    plan = ingest(desk, rows).plan.table

    made = [json.loads(text) for text in plan.loc[plan["entity"] == "contact", "after"]]
    assert [(each.get("lastName"), each["name"], each.get("secondName")) for each in made] == [
        ("Иванова", "Анна", "Петровна"),
        (None, "Анна с дачи", None),
        (None, "Вася сантехник", None),
    ]


def test_what_people_write_does_no_harm(desk: Desk) -> None:
    rows = [
        message("1_1", text="=HYPERLINK(1) 😡 <script>alert(1)</script> [url=http://x]тут[/url]"),
        message("1_2", text="Щ" * 1_000_000),
        message("1 3 (копия)", text="номер с пробелами и скобками"),
    ]

    run = ingest(desk, rows)
    assert run.plan.tally() == {"became an appeal": 3}
    desk.carry_out(run)

    first, second, third = deals(desk.world)
    assert first["COMMENTS"].startswith(
        "=HYPERLINK(1) 😡 < script>alert(1)< /script> [ url=http://x]тут[ /url]"
    )
    assert len(second["COMMENTS"].encode()) < 31_000
    assert "всего знаков — 1000000" in second["COMMENTS"]
    assert third["ORIGIN_ID"] == marker_of("vk", "1 3 (копия)")
    assert len(ingest(desk, rows).plan) == 0


def test_messages_of_the_past_set_off_no_robots(desk: Desk) -> None:
    desk.carry_out(ingest(desk, [message("1_1")], silent=True))

    assert (desk.world.writes("crm.item.import"), desk.world.writes("crm.item.add")) == (1, 0)
    assert "Написано: 01.05.2026 10:00" in deals(desk.world)[0]["COMMENTS"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"channel": "viber"}, "is no channel"),
        ({"rows": [{"id": "1", "text": "без даты"}]}, "at"),
        ({"on": "2020-01-01"}, "without a published directory"),
        ({"fallback": 6}, "is not an active user"),
        ({"fields": {"text": "ufCrmNowhere"}}, "is not a field"),
        ({"zone": "Moscow"}, "not a time zone"),
    ],
)
def test_what_cannot_be_meant_stops_before_anything_is_begun(
    desk: Desk, given: dict[str, Any], words: str
) -> None:
    runs = len(list(desk.world.root.glob("*/*/run.json")))
    with pytest.raises(ParameterError, match=words):
        workflow.plan(desk.work, "ingest_appeals", {**given_of(desk, [message("1")]), **given})
    assert len(list(desk.world.root.glob("*/*/run.json"))) == runs


def test_without_the_place_of_the_directory_it_names_the_command_that_knows_it(desk: Desk) -> None:
    with pytest.raises(ParameterError, match="b24kit ingest CHANNEL FILE"):
        workflow.plan(desk.work, "ingest_appeals", {"channel": "vk"})


@pytest.fixture(scope="module")
def tables(ready: tuple[Desk, Kept]) -> dict[str, pd.DataFrame]:
    """What the operation reads of the desk."""
    run = ingest(ready[0], [], on="2026-06-01")
    return {name: run.before.table(name) for name in run.before.entities}


def params_of(ready: tuple[Desk, Kept], rows: list[dict[str, Any]], channel: str = "vk", **more: Any) -> Any:
    return RULE.parameters({"channel": channel, "rows": rows, "process": process(ready[0]), **more})


def process(desk: Desk) -> int:
    found = desk.world.sandbox.store.rows(
        "SELECT ENTITY_TYPE_ID FROM dynamic_type WHERE CODE = 'b24kit_routing'"
    )
    return int(found[0]["ENTITY_TYPE_ID"])


def test_every_row_of_the_ten_samples_is_accounted_for(
    ready: tuple[Desk, Kept], tables: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    lay_out_samples(tmp_path)
    for code, mapping in shipped_channels().items():
        export = read_channel(tmp_path / sample_of(code), mapping)
        params = params_of(ready, export.messages, code, unread=export.unread, fallback=4)

        account = RULE.accounting(tables, params)

        assert sorted(account["row"]) == sorted(each.place for each in export.rows), code
        assert (account["state"] == "created").sum() == len(export.messages), code
        assert (account["state"] == "filtered").sum() == len(export.unread), code


def test_rows_as_a_channel_exports_them_are_read_by_its_mapping(
    ready: tuple[Desk, Kept], tables: dict[str, pd.DataFrame]
) -> None:
    rows = [
        {"номер заявки": "F-1", "ДАТА": "18.11.2026 09:12", "тема": "Брак", "Сообщение": "Разбит"},
        {"Номер заявки": "F-2", "Дата": "вчера", "Тема": "Брак"},
        {"Дата": "18.11.2026 09:12", "Тема": "Брак"},
    ]

    account = RULE.accounting(tables, params_of(ready, rows, "site"))

    assert account[["row", "state", "reason"]].to_numpy().tolist() == [
        [1, "created", "without a client: neither phone nor e-mail is said"],
        [2, "quarantined", "the message has no date that can be read"],
        [3, "quarantined", "the message has no id"],
    ]


ROWS = st.lists(
    st.builds(
        message,
        st.sampled_from(["a", "b", "c", "d", "e f", "g"]),
        text=st.sampled_from(["раз", "два", "#конкурс"]),
        topic=st.sampled_from(["Брак", "Доставка", "Прочее", ""]),
        at=st.sampled_from(["2026-05-01T10:00:00+03:00", "2026-05-01T10:30:00Z", "2026-05-04T10:00:00Z"]),
        phone=st.sampled_from(["", "", "нет", "8 912 345-67-01"]),
        name=st.sampled_from(["", "Анна Полякова"]),
        author=st.sampled_from(["", "Инна"]),
        post=st.sampled_from(["", "p1"]),
    ),
    max_size=6,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, later=ROWS, join=st.sampled_from([[], ["post"], ["author"], ["post", "author"]]))
def test_each_row_has_one_fate_and_whatever_comes_again_changes_nothing(
    ready: tuple[Desk, Kept],
    tables: dict[str, pd.DataFrame],
    rows: list[dict[str, Any]],
    later: list[dict[str, Any]],
    join: list[str],
) -> None:
    params = params_of(ready, rows, join=join)
    changes, account = RULE.plan(tables, params), RULE.accounting(tables, params)

    assert len(account) == len(rows)
    assert set(account["state"]) <= set(STATES)
    assert sum(changes.tally.values()) == len(rows)
    made = changes.table[changes.table["entity"] == "deal"]
    assert sorted(made["marker"]) == sorted(account.loc[account["state"] == "created", "marker"])
    assert made["marker"].is_unique
    after = carried_out(tables, changes)
    assert RULE.plan(after, params).table.empty

    both = params_of(ready, [*later, *rows], join=join)
    grown = carried_out(after, RULE.plan(after, both))
    assert (
        grown["deal"].loc[grown["deal"]["originId"].astype(str).str.startswith("ch:"), "originId"].is_unique
    )
    assert RULE.plan(grown, both).table.empty


def held(world: World) -> list[tuple[Any, ...]]:
    appeals = [
        (each["ORIGIN_ID"], each["TITLE"], each["COMMENTS"], each["ASSIGNED_BY_ID"], each["STAGE_ID"])
        for each in deals(world)
    ]
    links = world.sandbox.store.rows(
        "SELECT c.NAME AS NAME, COUNT(*) AS N FROM crm_3 c WHERE c.ORIGIN_ID LIKE 'ch:%' GROUP BY c.NAME ORDER BY 1"
    )
    return [*appeals, *((row["NAME"], row["N"]) for row in links)]


@pytest.fixture(scope="module")
def planned(ready: tuple[Desk, Kept], tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A run with two clients, two appeals and a message for an appeal that is there, planned."""
    home = tmp_path_factory.mktemp("sweep")
    world = ready[1].again(home)
    world.operation = RULE
    place = {"process": process(ready[0]), "channel": "vk", "join": ["post"]}
    run = world.plan(**place, rows=[message("1_0", post="p1")])
    world.apply(run)
    run.close()
    world.runs = 0
    rows = [
        message("1_1", phone="8 912 345-67-01"),
        message("1_2", phone="8 912 345-67-02", topic="Доставка"),
        message("1_3", post="p1"),
    ]
    for each in world.root.glob("*/run1"):
        each.rename(each.with_name("run0"))
    world.plan(**place, rows=rows).close()
    return Kept.of(world, home / "aside")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_request_it_is_resumed_to_the_same_portal(
    planned: Kept, tmp_path: Path, after: bool
) -> None:
    calm = planned.again(tmp_path / "calm")
    calm.operation = RULE
    calm.apply(calm.planned())
    wanted = held(calm)
    assert len(wanted) == 5

    for at in itertools.count(1):
        assert at < 30
        world = planned.again(tmp_path / f"{at}")
        run = world.planned()
        folder, died = run.folder, False
        dying = DyingTransport(InProcessTransport(world.sandbox), at, after=after)
        hook = f"https://sandbox.local/rest/1/{SECRET}/"
        told = Settings.load(env_file=None, webhook=hook, state_dir=tmp_path / f"{at}" / "state", plan="box")
        try:
            apply(run, Portal.connect(told, clock=world.clock, transport=dying), world.clock, ApplyRules())
        except Killed:
            died = True
        run.close()
        run = Run.open(folder, world.clock.now)

        assert set(apply(run, world.portal, world.clock, ApplyRules())) == {"done"}, at
        assert held(world) == wanted, at
        run.close()
        if not died:
            assert at > 3
            return


@pytest.mark.parametrize("kind", ["lose_answer", "partial", "html"])
def test_let_down_by_the_portal_it_makes_nothing_twice(planned: Kept, tmp_path: Path, kind: str) -> None:
    calm = planned.again(tmp_path / "calm")
    calm.apply(calm.planned())
    world = planned.again(tmp_path / "let down")
    world.sandbox.faults.load([{"kind": kind, "method": "batch", "times": 2}])

    run = world.planned()
    for _ in range(4):
        world.clock.sleep(120)
        counts = world.apply(run)
        if set(counts) == {"done"}:
            break

    assert set(counts) == {"done"}
    assert held(world) == held(calm)


def test_numbers_of_messages_are_kept_in_a_field_that_takes_several_of_them() -> None:
    several = {"type": "string", "title": "Номера сообщений", "isMultiple": True}
    definitions: dict[str, dict[str, Any]] = {
        "ufOne": {**several, "isMultiple": False},
        "ufSeveral": several,
        "ufText": {"type": "string", "title": "Текст обращения", "isMultiple": False},
    }
    fields = Keeping.fields_of(definitions, {}, asked_by="test")
    assert fields == {"text": "ufText", "messages": "ufSeveral"}
    keeping = Keeping(fields, definitions, pd.DataFrame(), "VK", "ru", ZoneInfo("UTC"))
    signs = [f"(ch:vk:{each}/0123456789ab/1777620000)" for each in (1, 2)]

    first = keeping.members(signs[:1])
    both = keeping.members(signs[1:], first["ufSeveral"])
    assert both == {"ufSeveral": signs}
    assert keeping.members(["", ""]) == {}

    row = {"id": 7, "xmlId": "ch:vk:1", "ufText": "переписан", "stageId": "NEW", "ufSeveral": signs}
    known = known_messages(pd.DataFrame([row]), "xmlId", "ufText", (), "ufSeveral")
    assert known.markers == {"ch:vk:1": "ch:vk:1", "ch:vk:2": "ch:vk:1"}
    assert [thread.id for thread in known.threads["0123456789ab"]] == [7]
