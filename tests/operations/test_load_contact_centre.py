"""A contact centre's rows on a small portal: loaded, loaded again, corrected, taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.runs.conftest import World, make_world
from toolkit.errors import ParameterError
from toolkit.operations import operation
from toolkit.runs import Run
from toolkit.runs.contact_centre import Account, Fate
from toolkit.runs.contact_centre.presets import presets_of
from toolkit.runs.law import carried_out

RULE: Any = operation("load_contact_centre")
TOPICS = [{"topic": "*", "pipeline": 0, "stage": "NEW"}]
TABLES = ("crm_2", "crm_3", "crm_4", "requisite", "activity", "multifield")


def request(number: str, **cells: Any) -> dict[str, Any]:
    return {"id": number, "at": "2026-05-01T10:00:00+03:00", "topic": "Ремонт", **cells}


ANNA = {"last_name": "Полякова", "name": "Анна", "second_name": "Олеговна", "phone": "8 912 345-67-01"}
BORIS = {"last_name": "Ершов", "name": "Борис", "second_name": "Ильич", "phone": "8 912 345-67-02"}
FIRM = {"company": "ООО Ромашка", "inn": "7707083893", "kpp": "773601001"}
REQUESTS = [
    request("R1", **ANNA, title="Течёт кран", amount=1500),
    request("R2", **ANNA, comment="Ещё и смеситель"),
    request("R3", **BORIS, **FIRM, title="Договор"),
]
CALLS = [
    {
        "id": "C1",
        "at": "2026-05-01T11:00:00+03:00",
        "phone": "+7 (912) 345-67-01",
        "duration_s": 65,
        "request": "R1",
    },
    {"id": "C2", "at": "2026-05-01T12:00:00+03:00", "phone": "8 912 345-67-99", "direction": "out"},
]


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = make_world(tmp_path / "world", contacts=3, deals=3)
    made.operation = RULE
    return made


def load(world: World, **params: Any) -> Run:
    return world.plan(**{"system": "cc1", "topics": TOPICS, "fallback": 2, **params})


def held(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """What the portal holds, without the moments of touching it."""
    moments = {"UPDATED_TIME", "UPDATED_BY", "LAST_ACTIVITY_TIME", "LAST_ACTIVITY_BY"}
    there = {row["name"] for row in world.sandbox.store.rows("SELECT name FROM sqlite_master")}
    return {
        table: [
            tuple(value for name, value in dict(row).items() if name not in moments)
            for row in world.sandbox.store.rows(f"SELECT * FROM {table} ORDER BY 1")
        ]
        for table in TABLES
        if table in there
    }


def test_rows_become_clients_firms_deals_and_calls_and_a_second_run_changes_nothing(world: World) -> None:
    run = load(world, requests=REQUESTS, calls=CALLS)
    assert set(world.apply(run)) == {"done"}

    assert world.verify(run).complete
    assert len(load(world, requests=REQUESTS, calls=CALLS).plan) == 0
    deals = world.sandbox.store.rows("SELECT * FROM crm_2 WHERE ORIGIN_ID LIKE 'cc:%' ORDER BY ID")
    assert [(row["ORIGIN_ID"], row["TITLE"]) for row in deals] == [
        ("cc:cc1:request:R1", "Течёт кран"),
        ("cc:cc1:request:R3", "Договор"),
    ]
    firm = world.sandbox.store.rows("SELECT * FROM crm_4 WHERE ORIGIN_ID LIKE 'cc:%'")[0]
    boris = world.sandbox.store.rows("SELECT * FROM crm_3 WHERE LAST_NAME = 'Ершов'")[0]
    assert boris["COMPANY_ID"] == firm["ID"]
    requisite = world.sandbox.store.rows("SELECT * FROM requisite WHERE ENTITY_TYPE_ID = 4")[-1]
    assert (requisite["ENTITY_ID"], requisite["RQ_INN"], requisite["RQ_KPP"]) == (
        firm["ID"],
        "7707083893",
        "773601001",
    )
    calls = world.sandbox.store.rows(
        "SELECT * FROM activity WHERE ORIGIN_ID LIKE 'cc:cc1:call:%' ORDER BY ID"
    )
    assert len(calls) == 2


def test_undo_restores_the_portal(world: World) -> None:
    before = held(world)
    run = load(world, requests=REQUESTS, calls=CALLS)
    world.apply(run)
    assert held(world) != before

    assert set(world.apply(world.undo(run))) <= {"done", "already"}

    assert held(world) == before


def test_undo_frees_a_deal_that_was_there_of_the_client_it_got_and_takes_the_client_away(
    world: World,
) -> None:
    earlier = {**REQUESTS[2], "phone": "", "name": "", "last_name": "", "title": ""}
    world.apply(load(world, requests=[earlier]))
    world.sandbox.store.db.execute("UPDATE crm_2 SET ORIGIN_ID = NULL WHERE ORIGIN_ID LIKE 'cc:%'")
    before = held(world)
    run = load(world, requests=[request("R7", **BORIS, **FIRM)])
    world.apply(run)
    assert set(run.plan.table["entity"]) >= {"contact", "deal"}

    undo = world.undo(run)
    assert set(world.apply(undo)) <= {"done", "already"}

    after = held(world)
    assert {**after, "crm_2": []} == {**before, "crm_2": []}
    assert not any(row["CONTACT_ID"] for row in world.sandbox.store.rows("SELECT * FROM crm_2 WHERE ID = 4"))
    assert undo.plan.listed.empty


def test_a_corrected_row_edits_what_it_created(world: World) -> None:
    world.apply(load(world, requests=REQUESTS))
    corrected = [{**REQUESTS[0], "title": "Течёт труба"}, *REQUESTS[1:]]

    run = load(world, requests=corrected, previous=REQUESTS)

    assert run.plan.table["kind"].tolist() == ["update"]
    world.apply(run)
    titles = [row["TITLE"] for row in world.sandbox.store.rows("SELECT TITLE FROM crm_2")]
    assert "Течёт труба" in titles
    assert "Течёт кран" not in titles
    assert len(load(world, requests=corrected, previous=corrected).plan) == 0


def test_a_correction_never_overwrites_what_a_person_edited(world: World) -> None:
    world.apply(load(world, requests=REQUESTS))
    deal = world.sandbox.store.rows("SELECT ID FROM crm_2 WHERE TITLE = 'Течёт кран'")[0]["ID"]
    world.sandbox.store.update("crm_2", deal, {"TITLE": "Решено человеком"})
    corrected = [{**REQUESTS[0], "title": "Течёт труба"}, *REQUESTS[1:]]

    run = load(world, requests=corrected, previous=REQUESTS)

    assert len(run.plan) == 0
    assert run.plan.listed["reason"].tolist() == ["corrected there and edited here: left as it is"]


def test_a_withdrawn_row_is_listed_and_not_deleted(world: World) -> None:
    world.apply(load(world, requests=REQUESTS))

    run = load(world, requests=REQUESTS[:2], whole=True)

    assert len(run.plan) == 0
    assert run.plan.listed["reason"].tolist() == ["withdrawn there: left to a person"]


def tables_of(world: World) -> dict[str, pd.DataFrame]:
    run = load(world, requests=REQUESTS, calls=CALLS)
    return {name: run.before.table(name) for name in run.before.entities}


def state_of(world: World, *rows: dict[str, Any], **params: Any) -> list[tuple[str, str]]:
    given = {"system": "cc1", "topics": TOPICS, "fallback": 2, "requests": list(rows), **params}
    found = RULE.accounting(tables_of(world), RULE.parameters(given))
    return list(zip(found["state"], found["reason"], strict=True))


def test_bad_rows_are_put_aside_each_with_its_reason(world: World) -> None:
    assert state_of(world, request("R1", name="Анна")) == [
        ("quarantined", "neither phone nor e-mail says who it is")
    ]
    assert state_of(world, request("R1", **ANNA, inn="7707083894")) == [("quarantined", "the INN is none")]
    assert state_of(world, request("R1", **ANNA), topics=[]) == [("quarantined", "its topic has no pipeline")]
    gone = [{"topic": "*", "pipeline": 77}]
    assert state_of(world, request("R1", **ANNA), topics=gone) == [
        ("quarantined", "its pipeline is not on the portal")
    ]
    left = request("R1", **ANNA, responsible="Никто Никакой")
    assert state_of(world, left, fallback=None) == [("quarantined", "nobody who works there answers for it")]


@pytest.mark.parametrize(("language", "word"), [("ru", "заявка"), ("en", "request")])
def test_a_row_left_to_a_person_is_named_in_the_language_of_the_load(language: str, word: str) -> None:
    account = Account({"request": ["R1"]}, {("request", 0): Fate("quarantined", "why", "what")})
    assert account.left_to_a_person(language).listed["details"].tolist() == [f"{word} R1: what"]


def test_a_dismissed_fallback_and_a_stage_of_another_pipeline_stop_the_run(world: World) -> None:
    world.sandbox.store.update("user", 3, {"ACTIVE": 0})
    with pytest.raises(ParameterError, match="fallback"):
        load(world, fallback=3)
    with pytest.raises(ParameterError, match="row 1, stage: The portal has no stage C9:NEW"):
        load(world, topics=[{"topic": "*", "pipeline": 0, "stage": "C9:NEW"}])


def test_a_table_of_topics_is_read_by_names_and_russian_headings(world: World) -> None:
    named = [{"тема": "*", "воронка": "Общая", "стадия": "Новая", "ответственный": "Фамилия2 Имя2"}]
    stage = world.sandbox.store.rows(
        "SELECT NAME FROM status WHERE ENTITY_ID = 'DEAL_STAGE' AND STATUS_ID = 'NEW'"
    )
    named[0]["стадия"] = stage[0]["NAME"]
    world.apply(load(world, requests=REQUESTS[:1], topics=named, fallback=None))
    deal = world.sandbox.store.rows("SELECT * FROM crm_2 WHERE ORIGIN_ID LIKE 'cc:%'")[0]
    assert (deal["CATEGORY_ID"], deal["STAGE_ID"], deal["ASSIGNED_BY_ID"]) == (0, "NEW", 2)

    with pytest.raises(ParameterError, match="perhaps Общая"):
        load(world, topics=[{**named[0], "воронка": "Обшая"}])
    world.sandbox.store.update("user", 2, {"ACTIVE": 0})
    with pytest.raises(ParameterError, match="is dismissed"):
        load(world, topics=named, fallback=None)


def test_a_firm_s_open_deal_without_a_person_takes_the_request_of_its_new_employee(world: World) -> None:
    world.apply(
        load(world, requests=[{**REQUESTS[2], "phone": "", "name": "", "last_name": "", "title": ""}])
    )
    assert len(world.sandbox.store.rows("SELECT 1 FROM crm_2 WHERE ORIGIN_ID LIKE 'cc:%'")) == 1
    employee = request("R7", **BORIS, **FIRM, comment="Перезвоните")

    world.apply(load(world, requests=[employee]))

    deals = world.sandbox.store.rows("SELECT * FROM crm_2 WHERE ORIGIN_ID LIKE 'cc:%'")
    boris = world.sandbox.store.rows("SELECT ID FROM crm_3 WHERE LAST_NAME = 'Ершов'")[0]
    assert [(row["ORIGIN_ID"], row["CONTACT_ID"], row["COMMENTS"]) for row in deals] == [
        ("cc:cc1:request:R3", boris["ID"], "Перезвоните")
    ]
    assert len(load(world, requests=[employee]).plan) == 0
    other = request("R8", **ANNA, **FIRM)
    world.apply(load(world, requests=[other]))
    assert len(world.sandbox.store.rows("SELECT 1 FROM crm_2 WHERE ORIGIN_ID LIKE 'cc:%'")) == 2


def test_of_several_employees_in_one_file_the_first_takes_the_firm_s_open_deal(world: World) -> None:
    world.apply(
        load(world, requests=[{**REQUESTS[2], "phone": "", "name": "", "last_name": "", "title": ""}])
    )
    both = [
        request("R7", **BORIS, **FIRM, comment="Перезвоните"),
        request("R8", **ANNA, **FIRM, comment="Жду"),
        request("R9", **BORIS, **FIRM),
    ]

    world.apply(load(world, requests=both))

    deals = world.sandbox.store.rows("SELECT * FROM crm_2 WHERE ORIGIN_ID LIKE 'cc:%' ORDER BY ID")
    assert [(row["ORIGIN_ID"], row["COMMENTS"]) for row in deals] == [
        ("cc:cc1:request:R3", "Перезвоните"),
        ("cc:cc1:request:R8", "Жду"),
    ]
    assert len({row["CONTACT_ID"] for row in deals}) == 2
    assert len(load(world, requests=both).plan) == 0, "a second run finds each where it is"


def test_requisites_are_made_by_the_portal_s_own_templates(world: World) -> None:
    rows = [
        request("R1", **FIRM, phone=""),
        request("R2", company="ИП Котов", inn="500100732259", phone=""),
    ]
    world.apply(load(world, requests=rows, presets={"organisation": 1, "entrepreneur": 2}))
    made = world.sandbox.store.rows("SELECT RQ_INN, PRESET_ID FROM requisite ORDER BY ID")
    assert [tuple(row) for row in made] == [("7707083893", 1), ("500100732259", 2)]

    templates = [
        {"ID": "3", "XML_ID": "#CRM_REQUISITE_PRESET_DEF_RU_PERSON#", "ACTIVE": "Y"},
        {"ID": "7", "XML_ID": "#CRM_REQUISITE_PRESET_DEF_RU_INDIVIDUAL#", "ACTIVE": "N"},
        {"ID": "9", "XML_ID": "#CRM_REQUISITE_PRESET_DEF_RU_COMPANY#", "ACTIVE": "Y"},
    ]
    assert presets_of(templates) == {"organisation": 9, "entrepreneur": 3}
    assert presets_of([]) == {}


def test_an_inn_that_lost_its_zero_is_the_same_firm(world: World) -> None:
    whole = request("R1", **ANNA, company="ООО Север", inn="0274062111", kpp="027401001")
    world.apply(load(world, requests=[whole]))

    run = load(world, requests=[{**whole, "inn": "274062111"}])

    assert len(run.plan) == 0


def test_an_inn_alone_is_the_only_firm_that_has_it(world: World) -> None:
    world.apply(load(world, requests=[request("R1", **ANNA, **FIRM)]))
    firm = world.sandbox.store.rows("SELECT ID FROM crm_4 WHERE ORIGIN_ID LIKE 'cc:%'")[0]["ID"]
    world.sandbox.store.update("crm_4", firm, {"ORIGIN_ID": None})

    world.apply(load(world, requests=[request("R2", **BORIS, inn=FIRM["inn"])]))

    boris = world.sandbox.store.rows("SELECT COMPANY_ID FROM crm_3 WHERE LAST_NAME = 'Ершов'")
    assert [row["COMPANY_ID"] for row in boris] == [firm]


def test_a_firms_phone_alone_is_no_employee_who_has_it_on_their_card(world: World) -> None:
    world.apply(load(world, requests=[request("R1", **ANNA, **FIRM)]))
    firm = world.sandbox.store.rows("SELECT ID FROM crm_4 WHERE ORIGIN_ID LIKE 'cc:%'")[0]["ID"]
    phone = {"typeId": "PHONE", "valueType": "WORK", "value": ANNA["phone"]}
    world.portal.call("crm.item.update", {"entityTypeId": 4, "id": firm, "fields": {"fm": [phone]}})

    run = load(world, requests=[request("R2", phone="+7 912 345-67-01")])

    assert len(run.plan) == 0
    assert run.plan.listed["reason"].tolist() == ["who the client is, a person has to say"]
    assert len(load(world, requests=[request("R2", **ANNA)]).plan) == 0, "with the name it is Anna"


def test_two_rows_of_one_client_with_different_phones_make_one_card_with_both(world: World) -> None:
    rows = [
        request("R1", **ANNA, client_id="7"),
        request("R2", **{**ANNA, "phone": "8 912 345-67-03"}, client_id="7"),
    ]
    world.apply(load(world, requests=rows))

    cards = world.sandbox.store.rows("SELECT * FROM crm_3 WHERE LAST_NAME = 'Полякова'")
    assert len(cards) == 1
    assert len(load(world, requests=rows).plan) == 0


RAW = [
    {"номер заявки": "R1", "дата": "01.05.2026 10:00", "фамилия": "Полякова", "телефон": "8 912 345-67-01"},
    {"номер заявки": "R2", "дата": "завтра", "телефон": "8 912 345-67-02"},
]


def test_rows_under_their_own_headings_go_in_and_a_cell_nobody_can_read_stops_or_is_put_aside() -> None:
    given = {"system": "cc1", "requests": RAW, "zone": "Asia/Omsk"}
    with pytest.raises(ParameterError, match="дата: 'завтра' is no date") as refused:
        RULE.parameters(given)
    assert refused.value.parameter == "requests.1"

    params = RULE.parameters({**given, "bad_rows": "put_aside"})

    assert [(row.id, row.at.isoformat()) for row in params.requests] == [("R1", "2026-05-01T10:00:00+06:00")]
    assert [(row.row, row.id) for row in params.unread] == [(2, "R2")]
    assert RULE.parameters(params.model_dump(mode="json")) == params


def test_a_heading_nobody_knows_stops_unless_a_mapping_leaves_it_out() -> None:
    rows = [{**RAW[0], "цвет": "синий"}]
    with pytest.raises(ParameterError, match="цвет"):
        RULE.parameters({"system": "cc1", "requests": rows})

    mapping = {"columns": {"Номер заявки": "id", "Дата": "at", "Телефон": "phone", "Цвет": ""}}
    params = RULE.parameters({"system": "cc1", "requests": rows, "requests_mapping": mapping})

    assert (params.requests[0].id, params.requests[0].last_name) == ("R1", "")
    assert params.requests_mapping is None


def test_rows_that_could_not_be_read_are_accounted_for(shared_tables: dict[str, pd.DataFrame]) -> None:
    params = RULE.parameters(
        {"system": "cc1", "topics": TOPICS, "fallback": 2, "requests": RAW, "bad_rows": "put_aside"}
    )
    found = RULE.accounting(shared_tables, params)
    assert list(zip(found["id"], found["state"], found["reason"], strict=True)) == [
        ("R1", "created", ""),
        ("R2", "quarantined", "the row cannot be read"),
    ]
    assert sum(RULE.plan(shared_tables, params).tally.values()) == 2


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(
        st.builds(
            request,
            st.sampled_from(["R1", "R2", "R3", "R4", "R5"]),
            last_name=st.sampled_from(["Полякова", "Ершов", ""]),
            name=st.sampled_from(["Анна", "Борис", ""]),
            phone=st.sampled_from(["8 912 345-67-01", "8 912 345-67-02", "123", ""]),
            email=st.sampled_from(["anna@site.ru", ""]),
            inn=st.sampled_from(["7707083893", "77", ""]),
            topic=st.sampled_from(["Ремонт", "Чужое"]),
            title=st.sampled_from(["Первое", "Второе", ""]),
            responsible=st.sampled_from(["2", "никто", ""]),
        ),
        max_size=8,
    ),
    calls=st.lists(
        st.builds(
            lambda number, phone: {"id": number, "at": "2026-05-02T10:00:00+03:00", "phone": phone},
            st.sampled_from(["C1", "C2"]),
            st.sampled_from(["8 912 345-67-01", "8 912 345-67-09", "сбой"]),
        ),
        max_size=3,
    ),
    fallback=st.sampled_from([None, 2]),
)
def test_every_row_is_accounted_for_and_the_law_holds(
    shared_tables: dict[str, pd.DataFrame], rows: list[Any], calls: list[Any], fallback: int | None
) -> None:
    topics = [{"topic": "Ремонт", "pipeline": 0}]
    params = RULE.parameters(
        {"system": "cc1", "requests": rows, "calls": calls, "topics": topics, "fallback": fallback}
    )

    found = RULE.accounting(shared_tables, params)
    changes = RULE.plan(shared_tables, params)

    assert len(found) == len(rows) + len(calls)
    assert not found.duplicated(["kind", "position"]).any()
    assert set(found["state"]) <= {"created", "edited", "unchanged", "review", "quarantined"}
    assert sum(changes.tally.values()) == len(rows) + len(calls)
    assert changes.table["marker"][changes.table["kind"] == "create"].is_unique
    again = RULE.plan(carried_out(shared_tables, changes), params)
    assert again.table.empty, "the law: a second plan asks for nothing"


@pytest.fixture(scope="module")
def shared_tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    made = make_world(tmp_path_factory.mktemp("law") / "world", contacts=3, deals=3)
    made.operation = RULE
    return tables_of(made)


def test_lost_answers_make_nothing_twice(world: World) -> None:
    run = load(world, requests=REQUESTS, calls=CALLS)
    world.sandbox.faults.load([{"kind": "lose_answer", "method": "batch", "times": 2}])

    assert set(world.apply(run)) == {"done"}

    for table in ("crm_2", "crm_3", "crm_4", "activity"):
        rows = world.sandbox.store.rows(f"SELECT ORIGIN_ID FROM {table} WHERE ORIGIN_ID LIKE 'cc:%'")
        markers = [row["ORIGIN_ID"] for row in rows]
        assert markers
        assert len(markers) == len(set(markers))
    assert len(load(world, requests=REQUESTS, calls=CALLS).plan) == 0


@pytest.mark.parametrize(
    ("said", "card"),
    [
        ("Полякова Анна Олеговна", ("Полякова", "Анна", "Олеговна")),
        ("Анна Полякова", ("Полякова", "Анна", None)),
        ("Анна с дачи", (None, "Анна с дачи", None)),
        ("Анна", (None, "Анна", None)),
    ],
)
def test_a_whole_name_in_one_column_is_taken_apart_only_where_each_word_is_sure(
    world: World, said: str, card: tuple[str | None, ...]
) -> None:
    rows = [{"Номер": "R1", "Дата": "01.05.2026 10:00", "ФИО": said, "Телефон": ANNA["phone"]}]
    world.apply(load(world, requests=rows))

    made = world.sandbox.store.rows(
        "SELECT LAST_NAME, NAME, SECOND_NAME FROM crm_3 WHERE ORIGIN_ID LIKE 'cc:%'"
    )
    assert [tuple(each or None for each in row) for row in made] == [card]
    assert len(load(world, requests=rows).plan) == 0


def test_a_card_with_the_parts_of_the_name_is_the_one_with_the_whole_in_one_cell(world: World) -> None:
    world.apply(load(world, requests=[request("R1", **ANNA)]))

    assert (
        len(load(world, requests=[request("R1", name="Полякова Анна Олеговна", phone=ANNA["phone"])]).plan)
        == 0
    )
