"""Tax numbers: check digits, the spellings of portals, and a column read as each of its values."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from toolkit.matching.inn import (
    InnClass,
    InnFlag,
    InnReading,
    KppKind,
    explain_inn,
    inn_holds,
    kpp_kind,
    ogrn_holds,
    read_inn,
    read_inns,
)

ORGANISATION, PERSON = "7707083893", "500100732259"
OGRN, OGRNIP = "1027700132195", "304500116000157"


def completed(digits: str) -> str:
    """Nine or ten digits completed to an INN by trying check digits."""
    missing = (10 if len(digits) == 9 else 12) - len(digits)
    for check in range(10**missing):
        if inn_holds(whole := f"{digits}{check:0{missing}}"):
            return whole
    return digits + "0" * missing  # only filler holds: 5678901234 counts up


FOUND: list[tuple[object, str, str, str]] = [
    (ORGANISATION, ORGANISATION, "", ""),
    (PERSON, PERSON, "", ""),
    (int(ORGANISATION), ORGANISATION, "", ""),
    (float(ORGANISATION), ORGANISATION, "", ""),
    ("7707083893.0", ORGANISATION, "", "float"),
    ("7,707083893E+09", ORGANISATION, "", "float"),
    (" 7707083893\u00a0", ORGANISATION, "", ""),
    ("77 07 083893", ORGANISATION, "", ""),
    ("\ufeff7707083893", ORGANISATION, "", ""),
    ("ИНН 7707083893", ORGANISATION, "", ""),
    ("инн:7707083893", ORGANISATION, "", ""),
    ("ООО «Ромашка», ИНН 7707083893", ORGANISATION, "", "text"),
    ("7707083893/770701001", ORGANISATION, "770701001", ""),
    ("7707083893 770701001", ORGANISATION, "770701001", ""),
    ("ИНН/КПП: 7707083893 / 770701001", ORGANISATION, "770701001", ""),
    ("ИНН 7707083893 КПП 7707AB001", ORGANISATION, "7707AB001", ""),
    ("ИНН 7707083893, ОГРН 1027700132195", ORGANISATION, "", ""),
]


@pytest.mark.parametrize(("value", "inn", "kpp", "flags"), FOUND)
def test_an_inn_written_in_any_of_these_ways_is_found(value: object, inn: str, kpp: str, flags: str) -> None:
    reading = read_inn(value)

    assert (reading.inn, reading.kpp, " ".join(sorted(reading.flags))) == (inn, kpp, flags)
    assert reading.key == inn
    assert reading.inn_class is (InnClass.ORGANISATION if len(inn) == 10 else InnClass.PERSON)


CLASSES: list[tuple[object, InnClass]] = [
    (None, InnClass.EMPTY),
    ("", InnClass.EMPTY),
    ("нет", InnClass.EMPTY),
    ("ИНН: нет", InnClass.EMPTY),
    ("-", InnClass.EMPTY),
    (OGRN, InnClass.OGRN),
    (OGRNIP, InnClass.OGRNIP),
    ("770701001", InnClass.KPP),
    ("КПП 770701001", InnClass.KPP),
    ("7707AB001", InnClass.KPP),
    ("0000000000", InnClass.PLACEHOLDER),
    ("1111111111", InnClass.PLACEHOLDER),
    ("1234567890", InnClass.PLACEHOLDER),
    ("9876543210", InnClass.PLACEHOLDER),
    ("000000000000", InnClass.PLACEHOLDER),
    ("7707083894", InnClass.WRONG_CHECKSUM),
    ("500100732258", InnClass.WRONG_CHECKSUM),
    ("1027700132196", InnClass.WRONG_CHECKSUM),
    ("7.7E+9", InnClass.LOSSY),
    ("770708", InnClass.INCOMPLETE),
    ("79031234567", InnClass.INCOMPLETE),
    ("Ромашка", InnClass.GARBAGE),
    ("7" * 400, InnClass.GARBAGE),
]


@pytest.mark.parametrize(("value", "inn_class"), CLASSES)
def test_what_is_no_inn_is_named_and_never_a_key(value: object, inn_class: InnClass) -> None:
    reading = read_inn(value)

    assert reading.inn_class is inn_class
    assert reading.key == ""


def test_a_wrong_check_digit_keeps_its_digits() -> None:
    assert read_inn("7707083894").digits == "7707083894"


def test_region_00_is_rejected_even_when_its_check_digits_hold() -> None:
    total = sum(
        weight * int(digit) for weight, digit in zip((2, 4, 10, 3, 5, 9, 4, 6, 8), "001234567", strict=True)
    )

    assert not read_inn(f"001234567{total % 11 % 10}").may_key


@given(
    st.from_regex(r"0[1-9][0-9]{7}", fullmatch=True) | st.from_regex(r"0[1-9][0-6][0-9]{7}", fullmatch=True)
)
def test_a_leading_zero_eaten_by_a_spreadsheet_is_put_back(start: str) -> None:
    inn = completed(start)
    reading = read_inn(int(inn))

    assert reading.inn == inn
    assert InnFlag.ZERO_RESTORED in reading.flags


def test_nine_digits_that_may_be_an_inn_or_a_kpp_go_to_a_person() -> None:
    both = next(
        code
        for office in range(1000, 9999)
        if inn_holds("0" + (code := f"{office}01001")) and not code.startswith("0")
    )
    reading = read_inn(both)

    assert InnFlag.REVIEW in reading.flags
    assert not reading.may_key


def test_two_different_inns_in_one_value_go_to_a_person() -> None:
    reading = read_inn(f"{ORGANISATION}, {completed('772816897')}")

    assert {InnFlag.MULTI, InnFlag.REVIEW} <= reading.flags
    assert not reading.may_key


def test_a_person_has_no_kpp() -> None:
    reading = read_inn(PERSON, "770701001")

    assert (reading.kpp, reading.key) == ("", PERSON)
    assert InnFlag.KPP_OF_PERSON in reading.flags


def test_two_different_kpps_for_one_inn_go_to_a_person() -> None:
    assert read_inn(f"{ORGANISATION}/770701001", "770701001").may_key
    assert not read_inn(f"{ORGANISATION}/770701001", "770743001").may_key


@pytest.mark.parametrize("kpp", ["12345", "000000000", "770701001 и ещё", "77A701001"])
def test_a_malformed_kpp_is_left_out_and_the_inn_stays(kpp: str) -> None:
    reading = read_inn(ORGANISATION, kpp)

    assert (reading.kpp, reading.key) == ("", ORGANISATION)
    assert InnFlag.KPP_WRONG in reading.flags


@pytest.mark.parametrize(
    ("kpp", "kind"),
    [
        ("770701001", KppKind.HEAD),
        ("770743001", KppKind.BRANCH),
        ("770744001", KppKind.BRANCH),
        ("997950001", KppKind.LARGE),
        ("770750001", KppKind.LARGE),
        ("7707AB001", KppKind.OTHER),
        ("", KppKind.NONE),
    ],
)
def test_the_reason_code_of_a_kpp_tells_branches_from_head_offices(kpp: str, kind: KppKind) -> None:
    assert kpp_kind(kpp) is kind


@given(st.sampled_from([ORGANISATION, PERSON, OGRN, OGRNIP]), st.data())
def test_a_changed_check_digit_never_holds(number: str, data: st.DataObject) -> None:
    # A remainder of 10 and one of 0 share a check digit, so only a changed check digit is certain to show.
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[-1]]))
    changed = number[:-1] + other

    assert not inn_holds(changed)
    assert not ogrn_holds(changed)


def test_the_explanation_names_the_inn_and_the_kpp_in_both_languages() -> None:
    reading = read_inn("7707083893/770743001")

    assert explain_inn(reading, "ru") == (
        "«7707083893/770743001»: ИНН организации 7707083893. КПП 770743001 (подразделение). Годится как ключ."
    )
    assert explain_inn(reading, "en") == (
        "'7707083893/770743001': An organisation's INN 7707083893. "
        "KPP 770743001 (branch). May serve as a key."
    )


DIGITS = st.one_of(
    st.text("0123456789", min_size=7, max_size=16),
    st.from_regex(r"[0-9]{9}", fullmatch=True).filter(lambda start: start[:2] != "00").map(completed),
    st.from_regex(r"[0-9]{10}", fullmatch=True).filter(lambda start: start[:2] != "00").map(completed),
    st.sampled_from([ORGANISATION, PERSON, OGRN, OGRNIP, *(value for value, _ in CLASSES)]),
    st.integers(0, 9).map(lambda digit: str(digit) * 10),
    st.text("0123456789 /,ИНКПОГРA.E+-\u00a0\u0660", max_size=30),
    st.text(max_size=12),
    st.integers(0, 10**12),
    st.floats(),
)
KPPS = st.one_of(
    st.none(),
    st.just(""),
    st.from_regex(r"[0-9]{9}", fullmatch=True),
    st.sampled_from(
        ["770701001", "123456789", "000000000", "111111111", "001201001", "7707AB001", "7707ab001", "-"]
    ),
    st.text("0123456789 .0AБ", max_size=12),
)


def as_row(reading: InnReading) -> tuple[object, ...]:
    return (
        reading.inn_class.value,
        reading.inn,
        reading.kpp,
        reading.kpp_kind.value,
        reading.ogrn,
        reading.may_key,
        reading.key,
        " ".join(sorted(reading.flags)),
        reading.digits,
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(DIGITS, KPPS), max_size=30))
@example([])
@example([(ORGANISATION, "770701001"), (PERSON, "770701001"), (ORGANISATION, None), ("\ud800", "\ud800")])
def test_a_column_is_read_as_each_of_its_values_is(rows: list[tuple[object, object]]) -> None:
    inns = pd.Series([inn for inn, _ in rows], dtype=object, index=range(3, 3 + len(rows)))
    kpps = pd.Series([kpp for _, kpp in rows], dtype=object)

    table = read_inns(inns, kpps)
    alone = read_inns(inns)

    assert table.index.equals(inns.index)
    assert list(table.itertuples(index=False, name=None)) == [as_row(read_inn(inn, kpp)) for inn, kpp in rows]
    assert list(alone.itertuples(index=False, name=None)) == [as_row(read_inn(inn)) for inn, _ in rows]


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 INNs, but 1 KPPs"):
        read_inns([ORGANISATION, PERSON], ["770701001"])
