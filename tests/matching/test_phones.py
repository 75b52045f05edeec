"""Every way of writing a phone that portals have shown us, and what it has to be read as."""

from __future__ import annotations

from typing import Any

import pytest

from toolkit.errors import ParameterError
from toolkit.matching.phones import Home, PhoneClass, PhoneFlag, explain_phone, read_phone

MOSCOW = Home(area_code="495")
NIZHNY = Home(area_code="8312")

# value -> numbers (E.164, with ;ext= where there is one) that may serve as keys, flags
KEYS: list[tuple[object, list[str], str]] = [
    ("+79031234567", ["+79031234567"], ""),
    ("89031234567", ["+79031234567"], ""),
    ("79031234567", ["+79031234567"], ""),
    ("9031234567", ["+79031234567"], "country_added"),
    ("8 (903) 123-45-67", ["+79031234567"], ""),
    ("8-903-123-45-67", ["+79031234567"], ""),
    ("8.903.123.45.67", ["+79031234567"], ""),
    ("+7\u00a0903\u00a0123\u201345\u201367", ["+79031234567"], ""),
    ("\u202a+7 903 123-45-67\u202c", ["+79031234567"], ""),
    ("\ufeff89031234567", ["+79031234567"], ""),
    ("890\u200b31234567", ["+79031234567"], ""),
    ("8903\u00ad1234567", ["+79031234567"], ""),
    ("８９０３１２３４５６７", ["+79031234567"], ""),
    ("٨٩٠٣١٢٣٤٥٦٧", ["+79031234567"], ""),
    ("(4951234567)", ["+74951234567"], "country_added"),
    ("8312345678", ["+78312345678"], "country_added"),
    ("8 (8312) 34-56-78", ["+78312345678"], ""),
    (79031234567, ["+79031234567"], ""),
    (79031234567.0, ["+79031234567"], ""),
    ("79031234567.0", ["+79031234567"], "float"),
    ("7.9031234567E+10", ["+79031234567"], "float"),
    ("7,9031234567E+10", ["+79031234567"], "float"),
    ("8,903,123,45,67", ["+79031234567"], ""),
    ("8/903/1234567", ["+79031234567"], ""),
    # prefixes
    ("+789031234567", ["+79031234567"], "trunk_fixed"),
    ("879031234567", ["+79031234567"], "trunk_fixed"),
    ("+7+79031234567", ["+79031234567"], "trunk_fixed"),
    ("8+79031234567", ["+79031234567"], "trunk_fixed"),
    ("8-10-7-903-123-45-67", ["+79031234567"], "trunk_fixed"),
    ("0079031234567", ["+79031234567"], "trunk_fixed"),
    ("+89031234567", ["+79031234567"], "trunk_fixed"),
    # neighbours and the world
    ("7012345678", ["+77012345678"], "country_added"),
    ("8 701 234 56 78", ["+77012345678"], ""),
    ("375291234567", ["+375291234567"], ""),
    ("+375 (29) 123-45-67", ["+375291234567"], ""),
    ("00375291234567", ["+375291234567"], "exit_code"),
    ("8 10 375 29 123 45 67", ["+375291234567"], "exit_code"),
    ("380441234567", ["+380441234567"], ""),
    ("998901234567", ["+998901234567"], ""),
    ("37491234567", ["+37491234567"], ""),
    ("+49 30 123456", ["+4930123456"], ""),
    ("+49 (0) 30 123456", ["+4930123456"], "trunk_fixed"),
    ("+44 (0)20 7946 0958", ["+442079460958"], "trunk_fixed"),
    ("+39 06 1234 5678", ["+390612345678"], ""),
    ("+3 8 (044) 123-45-67", ["+380441234567"], ""),
    ("+1 650 253 0000", ["+16502530000"], ""),
    ("810 49 151 12345678", ["+4915112345678"], "exit_code"),
    # extensions
    ("8 495 123-45-67 доб. 105", ["+74951234567;ext=105"], ""),
    ("8 495 123-45-67 доб105", ["+74951234567;ext=105"], ""),
    ("8 495 123-45-67 (доб. 105)", ["+74951234567;ext=105"], ""),
    ("8 495 123-45-67 добавочный 105", ["+74951234567;ext=105"], ""),
    ("8 495 123-45-67, вн. 105", ["+74951234567;ext=105"], ""),
    ("8 495 123-45-67 внутр.105", ["+74951234567;ext=105"], ""),
    ("8 495 123-45-67 ext 105", ["+74951234567;ext=105"], ""),
    ("8 495 123-45-67 x105", ["+74951234567;ext=105"], ""),
    ("84951234567х105", ["+74951234567;ext=105"], ""),
    ("8 495 123-45-67 #105", ["+74951234567;ext=105"], ""),
    ("84951234567,,105#", ["+74951234567;ext=105"], ""),
    ("tel:+7-495-123-45-67;ext=105", ["+74951234567;ext=105"], ""),
    ("8 903 123-45-67 доб. 105", ["+79031234567"], ""),
    ("8 495 123-45-67; доб. 105", ["+74951234567;ext=105"], ""),
    # several
    ("89031234567; 89161234567", ["+79031234567", "+79161234567"], "multi"),
    ("89031234567, 89161234567", ["+79031234567", "+79161234567"], "multi"),
    ("89031234567 / 89161234567", ["+79031234567", "+79161234567"], "multi"),
    ("89031234567 | 89161234567", ["+79031234567", "+79161234567"], "multi"),
    ("89031234567\n89161234567", ["+79031234567", "+79161234567"], "multi"),
    ("89031234567 и 89161234567", ["+79031234567", "+79161234567"], "multi"),
    ("89031234567 или 89161234567", ["+79031234567", "+79161234567"], "multi"),
    ("89031234567 89161234567", ["+79031234567", "+79161234567"], "multi"),
    ("+79031234567+79161234567", ["+79031234567", "+79161234567"], "multi"),
    ("89031234567, 8 903 123 45 67", ["+79031234567"], ""),
    ("8 495 123-45-67/68", ["+74951234567", "+74951234568"], "multi tail"),
    ("8 495 123-45-67/68/69", ["+74951234567", "+74951234568", "+74951234569"], "multi tail"),
    ("8 495 123-45-67, 765-43-21", ["+74951234567", "+74957654321"], "area_inherited multi"),
    ("8 903 123-45-67 - Мария, 8 916 123-45-67 - Пётр", ["+79031234567", "+79161234567"], "multi text"),
    # text around
    ("моб. 8 903 123-45-67", ["+79031234567"], "text"),
    ("89031234567 с 9:00 до 18:00", ["+79031234567"], "text"),
    ("8 903 123-45-67 (пн-пт 9-18)", ["+79031234567"], "text"),
    ("8 903 123-45-67 (WhatsApp)", ["+79031234567"], "text"),
    ("Иванов кв 12 тел 89031234567", ["+79031234567"], "text"),
    ("89031234567 ivan@example.ru", ["+79031234567"], "text"),
    ("8(9О3)123-45-67", ["+79031234567"], "homoglyph"),
    ("8903I23456З", ["+79031234563"], "homoglyph"),
]


@pytest.mark.parametrize(("value", "keys", "flags"), KEYS)
def test_a_number_written_in_any_of_these_ways_becomes_this_key(
    value: object, keys: list[str], flags: str
) -> None:
    reading = read_phone(value)

    assert list(reading.keys) == keys
    assert " ".join(sorted(reading.flags)) == flags
    assert reading.phone_class is PhoneClass.VALID


REVIEW = [
    ("+84951234567", "+84951234567", "+74951234567"),
    ("8 495 123-45-67 (105)", "+74951234567", ""),
    ("+495 123-45-67", "+4951234567", "+74951234567"),
    ("+9161234567", "+79161234567", ""),
    ("8 495 123-45-67, 105", "+74951234567", ""),
    ("8 495 123 45 67 105", "+74951234567", ""),
    ("8 495 123-45-67 доб. 105, 106", "+74951234567", ""),
    ("8 495 123-45-67 доб. 12-34", "+74951234567", ""),
    ("8 495 123-45-67 доб. 105 (106)", "+74951234567", ""),
    ("8 495 123-45-67?", "+74951234567", ""),
    ("8903123456789161234567", "+79031234567", ""),
    ("4915112345678", "+4915112345678", ""),
    ("7017010017", "+77017010017", ""),
]


@pytest.mark.parametrize(("value", "first", "other"), REVIEW)
def test_two_readings_go_to_a_person_and_are_no_key(value: str, first: str, other: str) -> None:
    reading = read_phone(value)

    assert reading.numbers[0].e164 == first
    assert PhoneFlag.REVIEW in reading.flags
    assert not reading.may_key
    assert reading.keys == ()
    assert ",".join(reading.numbers[0].alternatives) == other


CLASSES = {
    PhoneClass.EMPTY: [None, float("nan"), "", "  ", "-", "нет", "н/д", "не указан", "N/A", "\u200b"],
    PhoneClass.SERVICE: ["*100#", "*111*0887#", "112", "#31#", "02"],
    PhoneClass.INTERNAL: ["105", "2001", "доб. 105", "вн 12"],
    PhoneClass.LOCAL: ["234-56-78", "2345678", "34-56-78", "5-67-89"],
    PhoneClass.PLACEHOLDER: [
        "79999999999",
        "+70000000000",
        "11111111111",
        "0000000",
        "+7 123 456-78-90",
        "1234567",
        "8 903 000 00 00",
        "9876543210",
        "0",
    ],
    PhoneClass.MASKED: [
        "+7 903 ***-**-67",
        "8903XXXXXXX",
        "+7 (___) ___-__-__",
        "8 903 12•••67",
        "8903хххххх1",
    ],
    PhoneClass.INCOMPLETE: ["8903123456", "8 (342) 123-456", "+7903123456", "903123456", "+7 903"],
    PhoneClass.LOSSY: ["7.9E+10", "7,9032E+10", "8.9E10", 7.9e22],
    PhoneClass.GARBAGE: [
        "ivan@example.ru",
        "12.03.2020",
        "2020-03-12 10:00:00",
        "7707083893",
        "Позвонить Ивану",
        True,
        "8 555 123-45-67",
        "1" + "23" * 200,
    ],
    PhoneClass.TOLL_FREE: ["8 800 555-35-35", "+7 804 333 22 11", "8005553535", "+1 800 253 0001"],
}


@pytest.mark.parametrize(
    ("value", "phone_class"),
    [(value, phone_class) for phone_class, values in CLASSES.items() for value in values],
)
def test_what_is_no_client_number_is_named_and_never_a_key(value: object, phone_class: PhoneClass) -> None:
    reading = read_phone(value)

    assert reading.phone_class is phone_class
    assert not reading.may_key


def test_the_home_area_code_makes_a_local_number_supporting_evidence_but_no_key() -> None:
    moscow, nizhny = read_phone("234-56-78", MOSCOW), read_phone("34-56-78", NIZHNY)

    assert [number.e164 for number in moscow.numbers + nizhny.numbers] == ["+74952345678", "+78312345678"]
    assert PhoneFlag.AREA_INFERRED in moscow.flags & nizhny.flags
    assert not moscow.may_key
    assert not nizhny.may_key


def test_a_local_number_of_another_length_stays_local_at_home() -> None:
    assert read_phone("34-56-78", MOSCOW).phone_class is PhoneClass.LOCAL


def test_a_number_named_as_junk_by_the_portal_is_a_placeholder() -> None:
    home = Home(placeholders=frozenset({"+79031234567"}))

    assert read_phone("8 903 123-45-67", home).phone_class is PhoneClass.PLACEHOLDER
    assert read_phone("8 903 123-45-68", home).may_key


@pytest.mark.parametrize(
    ("country", "value", "e164"),
    [
        ("KZ", "8 701 234 56 78", "+77012345678"),
        ("BY", "80291234567", "+375291234567"),
        ("UA", "0501234567", "+380501234567"),
        ("DE", "030 123456", "+4930123456"),
        ("DE", "+7 903 123-45-67", "+79031234567"),
    ],
)
def test_another_home_country_reads_its_own_national_numbers(country: str, value: str, e164: str) -> None:
    assert read_phone(value, Home(country=country)).keys == (e164,)


def test_kazakhstan_keeps_its_country_within_the_shared_code() -> None:
    assert [read_phone(value).country for value in ("+77012345678", "+79031234567")] == ["KZ", "RU"]


def test_seven_digits_after_a_mobile_number_are_left_over_not_guessed() -> None:
    reading = read_phone("8 903 123-45-67, 765-43-21")

    assert reading.keys == ("+79031234567",)
    assert reading.digits == "7654321"
    assert PhoneFlag.PARTIAL in reading.flags


def test_digits_of_a_broken_number_before_a_good_one_are_kept_to_be_seen() -> None:
    reading = read_phone("8 903 123 45 7 +7 916 123 45 67")

    assert reading.keys == ("+79161234567",)
    assert reading.digits == "8903123457"
    assert PhoneFlag.PARTIAL in reading.flags


@pytest.mark.parametrize(
    "wrong", [{"country": "Russia"}, {"area_code": "8-495"}, {"placeholders": frozenset({"1"})}]
)
def test_a_home_that_is_written_wrong_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="phones: parameter home"):
        Home(**wrong)


def test_six_digits_after_a_full_number_take_its_code_only_with_review() -> None:
    first, second = read_phone("8 (8312) 34-56-78, 34-56-79").numbers

    assert (first.may_key, second.e164, second.may_key) == (True, "+78312345679", False)


def test_a_possible_date_of_six_digits_is_local_and_goes_to_a_person() -> None:
    assert read_phone("12-10-56").flags == {PhoneFlag.DATE, PhoneFlag.REVIEW}
    assert read_phone("12-34-56").flags == frozenset()


def test_the_explanation_names_the_number_and_what_was_done_in_both_languages() -> None:
    reading = read_phone("8(9О3)123-45-67 доб. 7")

    assert explain_phone(reading, "ru") == (
        "«8(9О3)123-45-67 доб. 7»: +7 903 123-45-67 доб. 7 (RU, мобильный). "
        "Буквы заменены похожими цифрами. Годится как ключ."
    )
    assert explain_phone(reading, "en") == (
        "'8(9О3)123-45-67 доб. 7': +7 903 123-45-67 ext. 7 (RU, mobile). "
        "Letters were replaced by the digits they resemble. May serve as a key."
    )


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_class_can_be_explained(language: str) -> None:
    for values in CLASSES.values():
        for value in values:
            text = explain_phone(read_phone(value), language)
            assert text.endswith(".")
            assert ".." not in text.replace(str(value), "")
