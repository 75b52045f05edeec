"""World numbers must not be mangled: libphonenumber's example of every region, written in several ways."""

from __future__ import annotations

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from toolkit.matching.phones import PhoneFlag, read_phone, read_phones

TYPES = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.TOLL_FREE, PhoneNumberType.VOIP)
EXAMPLES = [
    number
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    for kind in TYPES
    if (number := phonenumbers.example_number_for_type(region, kind)) is not None
    and phonenumbers.is_valid_number(number)
]


def written(number: phonenumbers.PhoneNumber, form: int) -> tuple[str, str]:
    return phonenumbers.format_number(number, form), phonenumbers.format_number(
        number, PhoneNumberFormat.E164
    )


@pytest.mark.parametrize(
    "form", [PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.RFC3966]
)
def test_the_example_of_every_region_is_read_as_itself(form: int) -> None:
    for number in EXAMPLES:
        text, e164 = written(number, form)
        reading = read_phone(text)

        assert [one.e164 for one in reading.numbers] == [e164], text
        assert reading.numbers[0].country == phonenumbers.region_code_for_number(number), text
        if PhoneFlag.REVIEW in reading.flags:
            # +8 and ten digits may be a mistyped Russian number; ten digits may have lost their 7, unless a
            # blank sets the country code apart.
            mistyped, bare = "+7" + e164[2:], "+7" + e164[1:]
            lost = len(e164) == 11 and form == PhoneNumberFormat.E164
            assert lost or (e164.startswith("+8") and len(e164) == 12), text
            assert reading.numbers[0].alternatives == (bare if lost else mistyped,), text


def test_the_example_of_every_region_survives_an_exit_code() -> None:
    for number in EXAMPLES:
        _, e164 = written(number, PhoneNumberFormat.E164)

        assert read_phone("00" + e164[1:]).numbers[0].e164 == e164


def test_an_extension_is_kept_in_every_region() -> None:
    for number in EXAMPLES:
        text, e164 = written(number, PhoneNumberFormat.INTERNATIONAL)
        reading = read_phone(f"{text} ext. 105")

        assert [(one.e164, one.extension) for one in reading.numbers] == [(e164, "105")], text


def test_a_column_reads_the_examples_as_they_are() -> None:
    texts = [written(number, PhoneNumberFormat.INTERNATIONAL) for number in EXAMPLES]

    assert read_phones([text for text, _ in texts])["e164"].tolist() == [e164 for _, e164 in texts]
