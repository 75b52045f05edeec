"""The small rules of a report: numbers, times, the course of a run."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.runs.references import made
from toolkit.runs.report.evidence import PAUSE_S
from toolkit.runs.report.names import Names, plain
from toolkit.runs.report.timeline import spent_s
from toolkit.runs.report.wording import Wording

MANY = ("{n} record is left to a person.", "{n} records are left to a person.")


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (1, "1 запись ждёт решения человека."),
        (2, "2 записи ждут решения человека."),
        (5, "5 записей ждут решения человека."),
        (11, "11 записей ждут решения человека."),
        (21, "21 запись ждёт решения человека."),
        (112, "112 записей ждут решения человека."),
        (1003, "1\N{NO-BREAK SPACE}003 записи ждут решения человека."),
    ],
)
def test_russian_numbers_ask_for_their_form(n: int, said: str) -> None:
    assert Wording("ru").many(*MANY, n) == said


@pytest.mark.parametrize(
    ("seconds", "russian", "english"),
    [
        (0, "0 с", "0 s"),
        (4.23, "4,2 с", "4.2 s"),
        (9.97, "10 с", "10 s"),
        (59.6, "1 мин", "1 min"),
        (200, "3 мин 20 с", "3 min 20 s"),
        (7500, "2 ч 05 мин", "2 h 05 min"),
        (3599.9, "1 ч", "1 h"),
        (183600, "2 д 03 ч", "2 d 03 h"),
    ],
)
def test_spans_of_time_take_two_units_at_most(seconds: float, russian: str, english: str) -> None:
    assert Wording("ru").span(seconds).replace("\N{NO-BREAK SPACE}", " ") == russian
    assert Wording("en").span(seconds).replace("\N{NO-BREAK SPACE}", " ") == english


def test_moments_are_told_in_the_portals_time() -> None:
    assert Wording("ru", 10800).moment("2026-06-01T21:30:00+00:00") == "02.06.2026 00:30"
    assert Wording("en", -18000).moment("2026-06-01T03:30:00Z") == "31 May 2026 22:30"
    assert Wording("ru", 10800).zone_name == "UTC+3"


def test_what_apply_noted_is_told_in_both_languages() -> None:
    noted = "assignedById changed since the snapshot, by user 4 at 2026-06-01T12:00:00+00:00"

    assert (
        Wording("ru")
        .phrase(noted)
        .startswith("поле <fields>assignedById</fields> после снимка изменил(а) user 4")
    )
    assert Wording("en").phrase(noted).endswith("by user 4, <moment>2026-06-01T12:00:00+00:00</moment>")
    assert (
        Wording("ru").phrase("Слова портала, которых никто не знает")
        == "Слова портала, которых никто не знает"
    )


@pytest.mark.parametrize(
    ("noted", "told"),
    [
        (
            "the portal answered CONFLICT; changed since the plan was made (5: post, name); not merged",
            "портал ответил CONFLICT; не объединены: после составления плана карточки изменились"
            " — контакт 5: «Должность», «Имя»",
        ),
        ("the portal answered ERROR and did nothing", "портал ответил ERROR и ничего не сделал"),
        ("assignedById: 7, name: 'Ольга, Петровна'", "Ответственный: сотрудник 7; Имя: Ольга, Петровна"),
        ("deal 3: user 7; deal 4: user 8", "сделка 3: сотрудник 7; сделка 4: сотрудник 8"),
        (
            "conversation, client by the call, no single open deal",
            "разговор, клиент из звонка, единственной открытой сделки нет",
        ),
        ("", ""),
    ],
)
def test_what_was_noted_about_a_record_is_told_with_names(noted: str, told: str) -> None:
    names = Names(None, "example.bitrix24.ru", Wording("ru"))

    assert plain(names.told("contact", noted)) == told


def test_records_named_in_a_sentence_lead_to_their_cards() -> None:
    pieces = Names(None, "example.bitrix24.ru", Wording("ru")).told("contact", "deal 3: user 7")

    assert [piece.url for piece in pieces] == [
        "https://example.bitrix24.ru/crm/deal/details/3/",
        "",
        "https://example.bitrix24.ru/company/personal/user/7/",
    ]


REQUESTS = st.lists(
    st.tuples(
        st.floats(0, 1e5),
        st.floats(0, 60),
        st.floats(0, 600),
    ),
    min_size=1,
    max_size=30,
)


@given(REQUESTS)
def test_the_time_spent_is_at_least_the_longest_request_and_at_most_the_whole_span(
    rows: list[tuple[float, float, float]],
) -> None:
    frame = pd.DataFrame(rows, columns=["at", "duration_s", "waited_s"])
    whole = (frame["at"] + frame["duration_s"]).max() - (frame["at"] - frame["waited_s"]).min()
    longest = (frame["duration_s"] + frame["waited_s"]).max()

    assert longest - 1e-6 <= spent_s(frame) <= whole + 1e-6


def test_a_night_between_two_requests_is_not_counted_as_work() -> None:
    frame = pd.DataFrame({"at": [0.0, 10.0, 40000.0], "duration_s": [1.0, 1.0, 2.0], "waited_s": 0.0})

    assert spent_s(frame) == pytest.approx(13.0)
    assert PAUSE_S < 40000


def test_what_sets_a_process_up_is_told_in_words() -> None:
    names = Names(None, "p.bitrix24.ru", Wording("ru"))
    cells = {
        "isStagesEnabled": True,
        "relations": {"child": [], "parent": [{"entityTypeId": 2, "isChildrenListEnabled": "true"}]},
        "fieldName": made("b24kit_appeals", "UF_CRM_{}_CALLS"),
        "editFormLabel": {"ru": "Звонки", "en": "Calls"},
    }

    told = names.cells("userfield", json.dumps(cells))

    assert told == "Со стадиями: да; Видно в карточках: сделка; Код: UF_CRM_…_CALLS; Подпись: Звонки"


def test_rows_of_a_published_directory_are_told_in_words_and_other_json_stays_as_it_is() -> None:
    row = {
        "topic": "возвраты",
        "region": "*",
        "responsible": "4",
        "deputy": "",
        "hours": [[540, 1080], [1980, 2520]],
        "valid_from": "2026-12-01",
        "valid_to": None,
    }
    content, other = json.dumps(row, ensure_ascii=False), '{"colour": "red"}'
    russian = Names(None, "example.bitrix24.ru", Wording("ru", 10800))
    english = Names(None, "example.bitrix24.ru", Wording("en"))

    said = russian.cells("item:1030", json.dumps({"ufCrm3Content": content, "ufCrm3Note": other}))
    assert said == (
        "ufCrm3Content: Тема: возвраты, Ответственный: сотрудник 4, Рабочие часы: Пн-Вт 09:00-18:00,"
        f" Действует с: 01.12.2026; ufCrm3Note: {other}"
    )
    assert "Topic: возвраты, Responsible: user 4" in english.cells(
        "item:1030", json.dumps({"ufCrm3Content": content})
    )
