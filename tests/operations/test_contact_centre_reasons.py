"""Why rows are left to a person: each reason, and what stands beside it, in the language of whoever reads it."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest

from tests.operations.test_load_contact_centre import ANNA, BORIS, FIRM, TOPICS, request
from tests.runs.conftest import World, make_world
from toolkit.operations import operation
from toolkit.reports.handing_out import write_table
from toolkit.runs import contact_centre
from toolkit.runs.contact_centre import CallRow, LoadedCall, Match
from toolkit.runs.report.wording import Wording
from toolkit.workflow.contact_centre.account import load_account_in_words

RULE: Any = operation("load_contact_centre")
OF_CHANGES = {
    "a client nobody had", "a firm nobody had", "the firm's INN and KPP", "what the contact centre knows of it",
    "a request without an open deal", "what was changed in the contact centre, and why", "what was said of the call",
    "a call that was corrected there", "what the call was about",
}  # fmt: skip
ALL_IS_WELL = {
    "joins the deal of an earlier row", "its comment is there", "a later state of the same row stands in the file",
}  # fmt: skip
SWITCHBOARD, SHARED = "+7 495 123-45-67", "+7 495 123-45-68"


def reasons() -> set[str]:
    """Every reason the room knows: its sentences in capitals."""
    found = set()
    for each in pkgutil.iter_modules(contact_centre.__path__, f"{contact_centre.__name__}."):
        module = importlib.import_module(each.name)
        found |= {
            value
            for name, value in vars(module).items()
            if re.fullmatch(r"[A-Z][A-Z_]+", name) and isinstance(value, str) and " " in value
        }
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A portal on which one load meets all there is to object to."""
    made = make_world(tmp_path_factory.mktemp("world"), contacts=3, deals=0)
    made.operation = RULE

    def add(kind: int, phone: str = "", **fields: Any) -> int:
        fm = [{"typeId": "PHONE", "valueType": "WORK", "value": phone}] if phone else []
        said = {"entityTypeId": kind, "fields": {**fields, **({"fm": fm} if fm else {})}}
        return int(made.portal.call("crm.item.add", said)["item"]["id"])

    add(4, SWITCHBOARD, title="ООО Ромашка")
    add(3, SWITCHBOARD, name="Вера", lastName="Лисина")
    add(4, SHARED, title="ООО Пион")
    add(4, SHARED, title="ООО Василёк")
    boris = add(3, str(BORIS["phone"]), name="Борис", lastName="Ершов", secondName="Ильич")
    for number in (1, 2):
        add(2, title=f"Открыта {number}", contactIds=[boris], categoryId=0)
    add(3, "8 912 345-67-44", name="Вера", lastName="Крылова")
    add(3, "8 912 345-67-44", name="Пётр", lastName="Серов")
    before = made.plan(system="cc1", topics=TOPICS, fallback=2, requests=LOADED, calls=[CALL])
    assert set(made.apply(before)) == {"done"}
    deal = made.sandbox.store.value("SELECT ID FROM crm_2 WHERE ORIGIN_ID = 'cc:cc1:request:R1'")
    made.sandbox.store.update("crm_2", deal, {"TITLE": "Решено"})
    return made


LOADED = [request("R1", **ANNA, title="Кран"), request("R2", phone="8 912 345-67-55", title="Сад")]
CALL = {"id": "C1", "at": "2026-05-01T11:00:00+03:00", "phone": ANNA["phone"], "duration_s": 65}


def given(world: World, language: str) -> dict[str, Any]:
    activity = world.sandbox.store.value("SELECT ID FROM activity WHERE ORIGIN_ID = 'cc:cc1:call:C1'")
    requests = [
        {**LOADED[0], "title": "Труба"},
        request("R3", name="Анна"),
        request("R4", **ANNA, inn="7707083894"),
        request("R5", **ANNA, topic="Чужое"),
        request("R6", **ANNA, topic="Закрыто"),
        request("R7", **{**FIRM, "phone": "89123456777"}, topic="Ничьё", responsible="Никто Никакой"),
        request("R8", phone="8 912 345-67-44"),
        request("R9", phone=SWITCHBOARD),
        request("R10", **BORIS),
        {"Номер": "R11", "Дата": "завтра", "Телефон": "89123456778"},
        request("R12", **ANNA, comment="раньше", changed="2026-05-01T09:00:00+03:00"),
        request("R12", **ANNA, comment="позже", changed="2026-05-02T09:00:00+03:00"),
    ]
    calls = [
        {**CALL, "phone": BORIS["phone"]},
        {**CALL, "id": "C2", "phone": SHARED},
        {**CALL, "id": "C3", "phone": "112"},
    ]
    at = "2026-05-01T11:00:00+03:00"
    history = [
        {"id": "H1", "request": "R99", "at": at, "field": "Адрес", "after": "Мира, 1"},
        {"id": "H2", "client_id": "77", "at": at, "field": "Адрес", "after": "Мира, 1"},
        {"номер": "H3", "заявка": "R1", "Когда": "завтра", "поле": "Адрес", "стало": "Мира, 1"},
        {"id": "H4", "request": "R1", "at": at, "field": "Адрес", "after": "Мира, 1"},
    ]
    topics = [
        {"topic": "Ремонт", "pipeline": 0, "responsible": "2"},
        {"topic": "Ничьё", "pipeline": 0},
        {"topic": "Закрыто", "pipeline": 77},
    ]
    return {
        "system": "cc1", "topics": topics, "requests": requests, "calls": calls, "history": history,
        "language": language,
        "previous": LOADED, "previous_calls": [LoadedCall(row=CallRow.model_validate(CALL), activity=activity)],
        "history_done": ["cc:cc1:history:H4"], "bad_rows": "put_aside", "whole": True,
    }  # fmt: skip


WRITTEN = r"\bR\d+|\bC\d+|\bH\d+"


@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_person_reads_every_reason_and_its_details_in_one_language(world: World, language: Any) -> None:
    run = world.plan(**given(world, language))
    tables = {name: run.before.table(name) for name in run.before.entities}
    account = RULE.accounting(tables, RULE.parameters(run.facts.parameters))
    words = load_account_in_words(account, language)
    say = Wording(language)
    listed = run.plan.listed

    met = {*account["reason"], *listed["reason"]} - {""}
    assert met | OF_CHANGES | ALL_IS_WELL == reasons(), (
        "a reason nobody tried, or one that is no reason any more"
    )
    told = [*words.iloc[:, 3], *words.iloc[:, 4], *map(say.phrase, listed["reason"]), *listed["details"]]
    foreign = re.compile(r"[A-Za-z]{2,}" if language == "ru" else "[а-яё]{2,}")
    data = re.compile(rf"{WRITTEN}|«[^»]*»|“[^”]*”|'[^']*'|Дата|Когда|b24kit")
    assert [each for each in told if foreign.search(data.sub("", each))] == []
    left = account[account["state"].isin(["review", "quarantined"])]
    assert left["details"].ne("").all(), "beside each reason stands what a person has to look at"


def test_every_reason_is_known_in_russian() -> None:
    say = Wording("ru")
    assert [
        each for each in reasons() if re.search(r"[A-Za-z]{2,}", say.phrase(each).replace("wav", ""))
    ] == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ru", "подходит несколько карточек: 5, новый клиент из этой же выгрузки"),
        ("en", "several cards fit: 5, a new client of the same export"),
    ],
)
def test_cards_that_fit_are_named_and_those_that_are_not_there_yet_are_told_once(
    language: str, words: str
) -> None:
    assert Match("review", 5, candidates=(5, 0, 0)).words(language) == words


def test_what_is_written_to_a_file_for_an_admin_is_russian(world: World, tmp_path: Path) -> None:
    run = world.plan(**given(world, "ru"))
    tables = {name: run.before.table(name) for name in run.before.entities}
    account = RULE.accounting(tables, RULE.parameters(run.facts.parameters))

    path = write_table(
        load_account_in_words(account, "ru"), tmp_path / "account.csv", asked_by="account", title="rows"
    )

    text = path.read_text(encoding="utf-8-sig")
    assert text.splitlines()[0].replace('"', "") == "Вид;Номер;Что с ней;Почему;Подробности"
    assert "возможно, это одна из карточек: " in text
