"""Names compared: what is one person or one firm, what is not, and what a person has to look at."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.matching.names import (
    Organisations,
    People,
    compare_organisations,
    compare_people,
    read_organisation,
    read_person,
)
from toolkit.matching.reasons import Reason, Verdict

Cells = tuple[str, str, str]

SAME_PERSON: list[tuple[Cells, Cells, Reason]] = [
    (("Иванов", "Иван", ""), ("Иванов", "Иван", "Петрович"), Reason.SAME_NAME),
    (("Иванов", "Иван", ""), ("", "Иванов Иван", ""), Reason.SAME_NAME),
    (("Иванов", "Иван", ""), ("Иван", "Иванов", ""), Reason.SAME_NAME),
    (("Соловьёв", "Пётр", ""), ("СОЛОВЬЕВ", "петр", ""), Reason.SAME_NAME),
    (("Иванов", "Александр", ""), ("Иванов", "Саша", ""), Reason.DIMINUTIVE),
    (("Иванова", "Александра", ""), ("Иванова", "Саша", ""), Reason.DIMINUTIVE),
    (("Щербаков", "Сергей", ""), ("Shcherbakov", "Sergey", ""), Reason.TRANSLIT),
    (("Щербаков", "Сергей", ""), ("Scherbakov", "Sergej", ""), Reason.TRANSLIT),
    (("Чайковская", "Юлия", ""), ("Tchaikovskaya", "Julia", ""), Reason.TRANSLIT),
    (("Кузнецов", "Дмитрий", ""), ("Кузнцов", "Дмитрий", ""), Reason.TYPO),
    (("Кузнецов", "Дмитрий", ""), ("Кузнецов", "Дмтирий", ""), Reason.TYPO),
    (("Иванов", "Иван", "Иванович"), ("Иванов", "Иван", "Иваныч"), Reason.SAME_NAME),
    (("Мамедов", "Али", "Гасан оглы"), ("", "Мамедов Али Гасан-оглы", ""), Reason.SAME_NAME),
    (("Müller", "Hans", ""), ("Мюллер", "Ханс", ""), Reason.TRANSLIT),
    (("Иванов", "Иван", ""), ("", "ИП Иванов Иван", ""), Reason.SAME_NAME),
    (("Ивaнoв", "Иван", ""), ("Иванов", "Иван", ""), Reason.SAME_NAME),
    (("Иванов (WhatsApp)", "Иван", ""), ("Иванов", "Иван +79120000001", ""), Reason.SAME_NAME),
]
DIFFERENT_PEOPLE: list[tuple[Cells, Cells, Reason]] = [
    (("Иванов", "Иван", ""), ("Иванова", "Мария", ""), Reason.NAME_DIFFERS),
    (("Иванов", "Иван", ""), ("Петров", "Иван", ""), Reason.NAME_DIFFERS),
    (("Иванова", "Мария", ""), ("Иванова", "Марина", ""), Reason.NAME_DIFFERS),
    (("Иванов", "Александр", ""), ("Иванова", "Александра", ""), Reason.NAME_DIFFERS),
    (("Иванов", "Саша", "Петрович"), ("Иванова", "Саша", "Петровна"), Reason.SEX_DIFFERS),
    (("", "Иван", "Петрович"), ("Сидоров", "Иван", "Олегович"), Reason.NAME_DIFFERS),
    (("Иванов", "И.", ""), ("Иванов", "Пётр", ""), Reason.NAME_DIFFERS),
    (("Иванов", "Вова", ""), ("", "Вова сантехник", ""), Reason.NAME_DIFFERS),
]
FOR_A_PERSON: list[tuple[Cells, Cells, Reason]] = [
    (("Иванов", "Иван", "Петрович"), ("Иванов", "Иван", "Олегович"), Reason.PATRONYMIC_DIFFERS),
    (("Иванов", "И", "П"), ("Иванов", "И", "О"), Reason.PATRONYMIC_DIFFERS),
    (("Иванова", "Мария", "Петровна"), ("Сидорова", "Мария", "Петровна"), Reason.SURNAME_DIFFERS),
    (("Иванов И.П.", "", ""), ("Иванов", "Иван", "Петрович"), Reason.INITIAL),
    (("", "Маша", ""), ("Иванова", "Мария", ""), Reason.ONE_PART),
    (("Кузнцов", "Дмитрий", ""), ("Кузнецов", "Дмтирий", ""), Reason.TWO_TYPOS),
    (("Новый клиент", "", ""), ("Иванов", "Иван", ""), Reason.BLANK_NAME),
    (("", "жена Иванова", ""), ("Иванов", "Иван", ""), Reason.BLANK_NAME),
    (("", "Ирина и Олег", ""), ("Иванова", "Ирина", ""), Reason.BLANK_NAME),
    (("", "Света от Марины", ""), ("Иванова", "Светлана", ""), Reason.ONE_PART),
    (("", "Ким Чен Ир", ""), ("", "Ким Чен Ын", ""), Reason.PATRONYMIC_DIFFERS),
    (("Толстая", "Саша", ""), ("Толстой", "Саша", ""), Reason.GENDER_UNSURE),
    (("Ильин", "Саша", ""), ("Ильина", "Саша", ""), Reason.GENDER_UNSURE),
]


@pytest.mark.parametrize(("a", "b", "reason"), SAME_PERSON)
def test_spellings_of_one_person_agree(a: Cells, b: Cells, reason: Reason) -> None:
    found = compare_people(read_person(*a), read_person(*b))
    assert found.verdict is Verdict.AGREE
    assert reason in found.reasons


@pytest.mark.parametrize(("a", "b", "reason"), DIFFERENT_PEOPLE)
def test_different_people_disagree(a: Cells, b: Cells, reason: Reason) -> None:
    found = compare_people(read_person(*a), read_person(*b))
    assert found.verdict is Verdict.DISAGREE
    assert reason in found.reasons


@pytest.mark.parametrize(("a", "b", "reason"), FOR_A_PERSON)
def test_what_has_two_readings_is_partial_with_its_reason(a: Cells, b: Cells, reason: Reason) -> None:
    found = compare_people(read_person(*a), read_person(*b))
    assert found.verdict is Verdict.PARTIAL
    assert reason in found.reasons


def test_a_surname_that_looks_like_a_patronymic_stays_a_surname() -> None:
    assert read_person("Абрамович", "Роман", "Аркадьевич").surname == "абрамович"
    assert read_person("Маркович", "Иван", "").surname == "маркович"


def test_a_name_in_one_cell_is_split_into_its_parts() -> None:
    read = read_person("", "Петров Пётр Алексеевич", "")
    assert (read.surname, read.given, read.patronymic, read.sex) == ("петров", "петр", "алексеевич", "m")


def test_a_phone_or_a_placeholder_names_nobody() -> None:
    for cell in (
        "+7 912 345-67-89",
        "Без имени",
        "Новый клиент с сайта",
        "client@mail.ru",
        "—",
        "Жена Петрова",
    ):
        assert read_person(cell).blank, cell


TITLES_THAT_AGREE = [
    ('ООО "Ромашка"', "Ромашка, ООО"),
    ("О.О.О. Ромашка", "«РОМАШКА»"),
    ("Общество с ограниченной ответственностью Ромашка", "ooo ромашка"),
    ("OOO Romashka", "ООО Ромашка"),
    ("ООО СтройИнвест", "Строй-Инвест ООО"),
    ("ООО Технострой Плюс", "ООО Техностой Плюс"),
    ("ИП Иванов Иван Петрович", "Индивидуальный предприниматель Иванов Иван"),
    ("ЗАО Вектор", "АО Вектор"),
    ('ООО "1С"', "1C"),
    ("Yandex LLC", "ООО Яндекс"),
    ("Торговый дом Ромашка", "ТД Ромашка"),
]
TITLES_THAT_DISAGREE = [
    ("Школа №1", "Школа №2"),
    ("ООО Вега", "ООО Мега"),
    ("ООО Ромашка", "ООО Василёк"),
    ("ИП Иванов Иван", "ИП Иванова Мария"),
    ("ООО Вектор-М", "ООО Вектор-С"),
    ("ООО Стройсервис Казань", "ООО Стройсервис Рязань"),
    ("МБОУ СОШ № 5", "МБОУ СОШ № 15"),
]
TITLES_FOR_A_PERSON = [
    ('ООО "Ромашка"', 'АО "Ромашка"', Reason.FORM_DIFFERS),
    ("ИП Ромашка", "ООО Ромашка", Reason.FORM_DIFFERS),
    ("РЖД", "Российские железные дороги", Reason.ACRONYM),
    ("ООО Ромашка", "ООО Ромашка Юг", Reason.SUBSET),
    ("ИП Иванов И.П.", "ИП Иванов Иван Петрович", Reason.INITIAL),
    ("Без названия", "ООО Ромашка", Reason.BLANK_NAME),
]


@pytest.mark.parametrize(("a", "b"), TITLES_THAT_AGREE)
def test_spellings_of_one_title_agree(a: str, b: str) -> None:
    assert compare_organisations(read_organisation(a), read_organisation(b)).verdict is Verdict.AGREE


@pytest.mark.parametrize(("a", "b"), TITLES_THAT_DISAGREE)
def test_different_titles_disagree(a: str, b: str) -> None:
    assert compare_organisations(read_organisation(a), read_organisation(b)).verdict is Verdict.DISAGREE


@pytest.mark.parametrize(("a", "b", "reason"), TITLES_FOR_A_PERSON)
def test_titles_with_two_readings_are_partial(a: str, b: str, reason: Reason) -> None:
    found = compare_organisations(read_organisation(a), read_organisation(b))
    assert found.verdict is Verdict.PARTIAL
    assert reason in found.reasons


_WORDS = [
    "", "", "Иванов", "Иванова", "Ivanov", "Ивановв", "Петров", "Петрова-Водкина", "Абрамович", "Смирнов",
    "Иван", "Ivan", "Саша", "Александр", "Александра", "Мария", "Маша", "Марина", "И.", "И.П.", "Роман",
    "Петрович", "Петровна", "Иваныч", "Иванович", "клиент", "жена", "Smith", "+7 912", "Иван Иванов",
    "\u200bИван",
]  # fmt: skip
CELL = st.one_of(st.sampled_from(_WORDS), st.text(max_size=12))
CARD = st.tuples(CELL, CELL, CELL)


def people(cards: list[Cells]) -> People:
    columns = pd.DataFrame(cards, columns=["last", "first", "second"], dtype=object)
    return People.read(columns["last"], columns["first"], columns["second"])


@settings(max_examples=300, deadline=None)
@given(CARD, CARD)
def test_comparing_people_does_not_depend_on_who_comes_first(a: Cells, b: Cells) -> None:
    one, other = read_person(*a), read_person(*b)
    assert compare_people(one, other) == compare_people(other, one)


@settings(max_examples=200, deadline=None)
@given(st.lists(CARD, min_size=1, max_size=12))
def test_a_column_reads_and_compares_as_its_cells_do_one_by_one(cards: list[Cells]) -> None:
    column = people(cards)
    read = [read_person(*card) for card in cards]
    assert [column[i] for i in range(len(cards))] == read
    left, right = np.triu_indices(len(cards))
    verdicts, reasons = column.compare(left, right)
    for i, j, verdict, reason in zip(left, right, verdicts, reasons, strict=True):
        found = compare_people(read[i], read[j])
        assert (found.verdict, found.reasons) == (Verdict(int(verdict)), Reason(int(reason)))


@settings(max_examples=200, deadline=None)
@given(CARD)
def test_a_full_name_agrees_with_itself(card: Cells) -> None:
    read = read_person(*card)
    expected = Verdict.AGREE if read.surname and read.given else Verdict.PARTIAL
    assert compare_people(read, read).verdict is expected


TITLE = st.one_of(
    st.sampled_from(
        [t for pair in [*TITLES_THAT_AGREE, *TITLES_THAT_DISAGREE] for t in pair] + ["", "№1", "и"]
    ),
    st.text(max_size=15),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(TITLE, min_size=1, max_size=8))
def test_a_column_of_titles_compares_as_its_cells_do_in_either_order(titles: list[str]) -> None:
    column = Organisations(pd.Series(titles, dtype=object))
    left, right = np.triu_indices(len(titles))
    verdicts, reasons = column.compare(left, right)
    for i, j, verdict, reason in zip(left, right, verdicts, reasons, strict=True):
        one, other = read_organisation(titles[i]), read_organisation(titles[j])
        found = compare_organisations(other, one)
        assert found == compare_organisations(one, other)
        assert (found.verdict, found.reasons) == (Verdict(int(verdict)), Reason(int(reason)))
