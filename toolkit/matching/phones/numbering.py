"""From a string of digits to the numbers it may mean, every one confirmed by libphonenumber."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType

from toolkit.matching.inn.checks import inn_holds
from toolkit.matching.phones.reading import Home, PhoneClass, PhoneFlag, PhoneNumber

__all__ = [
    "DigitsReading",
    "confirm",
    "is_placeholder",
    "number_of",
    "read_digits",
    "seven_zone",
    "undivided_codes",
]

_LINES = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_or_mobile",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "uan",
    PhoneNumberType.VOICEMAIL: "voicemail",
}
# Lines that many people call and nobody owns: never a key.
_SHARED_LINES = frozenset({"premium", "shared_cost", "uan", "voicemail", "pager"})
# Neighbours that are commonly stored without the plus; any other country is read so only with review.
_NEIGHBOURS = ("373", "374", "375", "380", "992", "993", "994", "995", "996", "997", "998")
_SEQUENCES = frozenset({"1234567890", "0123456789", "9876543210"})
_EMERGENCY = frozenset({"01", "02", "03", "04", "101", "102", "103", "104", "112", "911"})


@dataclass(frozen=True, slots=True)
class DigitsReading:
    """What a run of digits is: a number, or the class of what is not one."""

    phone_class: PhoneClass
    number: PhoneNumber | None = None
    flags: frozenset[PhoneFlag] = frozenset()


def seven_zone(home: Home) -> bool:
    """Whether the home country shares the country code +7."""
    return home.country in ("RU", "KZ")


def is_placeholder(national: str) -> bool:
    """Whether a national number is plainly typed to fill a field: equal digits, a sequence, seven zeros."""
    return (
        len(set(national)) == 1
        or national.endswith("0000000")
        or national.startswith("1234567")
        or (national in _SEQUENCES)
    )


@lru_cache(maxsize=1)
def undivided_codes() -> dict[str, tuple[str, str]]:
    """Country and line (mobile or fixed) of each three-digit code in the +7 zone that is the same throughout.

    A code is taken when all thousand continuations of it satisfy the library's own pattern for its line. The
    codes divided inside (930, the fixed lines of Kazakhstan) do not; for them the library is asked each time.
    """
    codes: dict[str, tuple[str, str]] = {}
    for code in map(str, [*range(300, 500), *range(700, 1000)]):
        confirmed = _confirm_by_library(f"7{code}2345432")
        if confirmed is None or confirmed[1] not in ("mobile", "fixed"):
            continue
        country, line, _ = confirmed
        metadata = phonenumbers.PhoneMetadata.metadata_for_region(country)
        described = metadata and (metadata.mobile if line == "mobile" else metadata.fixed_line)
        pattern = described and described.national_number_pattern
        if not pattern:
            continue
        holds = re.compile(pattern).fullmatch
        if all(holds(f"{code}{inner:03}5432") for inner in range(1000)):
            codes[code] = country, line
    return codes


@lru_cache(maxsize=65536)
def confirm(digits: str) -> tuple[str, str, str] | None:
    """Country, line and national number of international digits, or None when no such number can exist."""
    if len(digits) == 11 and digits[0] == "7" and (undivided := undivided_codes().get(digits[1:4])):
        return *undivided, digits[1:]
    return _confirm_by_library(digits)


def _confirm_by_library(digits: str) -> tuple[str, str, str] | None:
    try:
        number = phonenumbers.parse("+" + digits, None)
    except phonenumbers.NumberParseException:
        return None
    national = phonenumbers.national_significant_number(number)
    # The library forgives a trunk prefix after the country code; here that is our own, visible repair.
    if f"{number.country_code}{national}" != digits or not phonenumbers.is_valid_number(number):
        return None
    region = phonenumbers.region_code_for_number(number) or ""
    return region, _LINES.get(phonenumbers.number_type(number), "unknown"), national


def read_digits(
    digits: str, home: Home, *, plus: bool = False, trunk: bool = False, code: str = ""
) -> DigitsReading:
    """The number that digits mean at home, with every other number they may mean beside it.

    Args:
        digits: ASCII digits only.
        home: home country, area code and known junk.
        plus: whether a plus stood before the digits.
        trunk: whether the first digit was set apart (`8 (342) …`), so that it cannot be part of the code.
        code: digits set apart right after the plus (`+49 30 …`), so that they are the country code.
    """
    if not digits:
        return DigitsReading(PhoneClass.GARBAGE)
    zeros = not digits.strip("0")
    if zeros or (len(digits) >= 5 and (len(set(digits)) == 1 or digits.startswith("1234567"))):
        found = _numbers(digits, home, plus, trunk, code)
        return _one(found, home) if found else DigitsReading(PhoneClass.PLACEHOLDER)
    found = _numbers(digits, home, plus, trunk, code)
    if found:
        return _one(found, home)
    return _not_a_number(digits, home, plus, trunk)


def _numbers(digits: str, home: Home, plus: bool, trunk: bool, code: str) -> dict[str, frozenset[PhoneFlag]]:
    """International digits of each valid reading, the most literal first, with the flags of that reading."""
    found: dict[str, frozenset[PhoneFlag]] = {}
    for candidate, flags in _candidates(digits, home, plus, trunk, code):
        if candidate not in found and confirm(candidate) is not None:
            found[candidate] = frozenset(flags)
    return found


def _candidates(
    digits: str, home: Home, plus: bool, trunk: bool, code: str
) -> list[tuple[str, set[PhoneFlag]]]:
    if seven_zone(home):
        return _written_in_plus(digits, code) if plus else _written_in_seven_zone(digits, trunk)
    return _written_in_plus(digits, code) if plus else _written_abroad(digits, home)


def _written_in_plus(digits: str, code: str = "") -> list[tuple[str, set[PhoneFlag]]]:
    size, fixed = len(digits), {PhoneFlag.TRUNK_FIXED}
    out: list[tuple[str, set[PhoneFlag]]] = [(digits, set())]
    if size == 11 and digits[0] == "8":
        out.append(("7" + digits[1:], fixed))
    elif size == 12 and digits[:2] in ("78", "77", "87"):
        out.append(("7" + digits[2:], fixed))
    elif (
        size == 10 and digits[0] in "3489" and int(code or 0) not in phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    ):
        # The 7 may have been forgotten: +495 123-45-67 is Moscow rather than a short German number.
        out.append(("7" + digits, {PhoneFlag.COUNTRY_ADDED, PhoneFlag.REVIEW}))
    out += _after_exit_code(digits)
    return out


def _after_exit_code(digits: str) -> list[tuple[str, set[PhoneFlag]]]:
    """Readings of 00… and 8-10…; into the home zone that prefix is a repair, elsewhere it is the plus."""
    for code, shortest in (("00", 6), ("810", 8)):
        if digits.startswith(code) and len(digits) >= len(code) + shortest:
            rest = digits[len(code) :]
            flag = PhoneFlag.TRUNK_FIXED if rest[0] == "7" else PhoneFlag.EXIT_CODE
            return [(number, flags | {flag}) for number, flags in _written_in_plus(rest)]
    return []


def _written_in_seven_zone(digits: str, trunk: bool) -> list[tuple[str, set[PhoneFlag]]]:
    size = len(digits)
    if exits := _after_exit_code(digits):
        return exits
    if size == 11 and digits[0] in "78":
        seven: list[tuple[str, set[PhoneFlag]]] = [("7" + digits[1:], set())]
        if confirm(seven[0][0]) is not None:
            return seven
        return [(digits, {PhoneFlag.REVIEW})]
    if size == 12 and digits[:2] in ("87", "78", "77", "88"):
        flags = {PhoneFlag.TRUNK_FIXED}
        if digits[:2] == "88" or inn_holds(digits):
            flags.add(PhoneFlag.REVIEW)
        if inn_holds(digits):
            flags.add(PhoneFlag.INN)
        return [("7" + digits[2:], flags), (digits, {PhoneFlag.REVIEW})]
    if size == 10 and digits[0] in "34789" and not (trunk and digits[0] in "78"):
        flags = {PhoneFlag.COUNTRY_ADDED}
        if digits[0] == "7" and inn_holds(digits):
            flags |= {PhoneFlag.REVIEW, PhoneFlag.INN}
        if confirm("7" + digits) is not None:
            return [("7" + digits, flags)]
        # 89031234567 that lost a digit looks like a Chinese or Vietnamese number; it is none.
        return [] if digits[0] in "789" else [(digits, {PhoneFlag.REVIEW})]
    if digits.startswith(_NEIGHBOURS):
        return [(digits, set())]
    return [(digits, {PhoneFlag.REVIEW})] if size >= 10 and digits[0] != "0" else []


def _written_abroad(digits: str, home: Home) -> list[tuple[str, set[PhoneFlag]]]:
    """Readings outside the +7 zone: national, after an exit code, or international without its plus."""
    out: list[tuple[str, set[PhoneFlag]]] = []
    try:
        number = phonenumbers.parse(digits, home.country)
    except phonenumbers.NumberParseException:
        pass
    else:
        national = f"{number.country_code}{phonenumbers.national_significant_number(number)}"
        international = national == digits
        enough = len(digits) > 7  # shorter ones may be valid somewhere and are dialled only inside a town
        if enough:
            out.append((national, set() if international else {PhoneFlag.COUNTRY_ADDED}))
    out += _after_exit_code(digits)
    if len(digits) == 11 and digits[0] == "8":
        out.append(("7" + digits[1:], {PhoneFlag.REVIEW}))
    if len(digits) >= 10:
        known = digits.startswith((*_NEIGHBOURS, "7"))
        out.append((digits, set() if known else {PhoneFlag.REVIEW}))
    return out


def _one(found: dict[str, frozenset[PhoneFlag]], home: Home) -> DigitsReading:
    """The first reading as a number; with two of them, review."""
    digits, flags = next(iter(found.items()))
    others = tuple("+" + other for other in list(found)[1:])
    if others:
        flags |= {PhoneFlag.REVIEW}
    number = number_of(digits, home, flags, others)
    return DigitsReading(number.phone_class, number, flags)


def number_of(
    digits: str, home: Home, flags: frozenset[PhoneFlag] = frozenset(), others: tuple[str, ...] = ()
) -> PhoneNumber:
    """The number of international digits that `confirm` has confirmed."""
    confirmed = confirm(digits)
    if confirmed is None:
        raise ValueError(f"{digits!r} was not confirmed")
    country, line, national = confirmed
    if is_placeholder(national) or "+" + digits in home.placeholders:
        phone_class = PhoneClass.PLACEHOLDER
    elif line == "toll_free":
        phone_class = PhoneClass.TOLL_FREE
    elif line in _SHARED_LINES:
        phone_class = PhoneClass.SERVICE
    else:
        phone_class = PhoneClass.VALID
    return PhoneNumber("+" + digits, phone_class, country, line, "", flags, others)


def _not_a_number(digits: str, home: Home, plus: bool, trunk: bool) -> DigitsReading:
    """The class of digits that are no full number."""
    size = len(digits)
    garbage, incomplete = PhoneClass.GARBAGE, PhoneClass.INCOMPLETE
    if size == 1:
        return DigitsReading(garbage)
    if size <= 4 and plus:
        return DigitsReading(incomplete)
    if size <= 4:
        return DigitsReading(PhoneClass.SERVICE if digits in _EMERGENCY else PhoneClass.INTERNAL)
    if size <= 7:
        return DigitsReading(incomplete if plus else PhoneClass.LOCAL)
    if size <= 9:
        return DigitsReading(incomplete)
    if not seven_zone(home):
        return DigitsReading(incomplete if size == 10 else garbage)
    national = digits[1:] if size == 11 and digits[0] in "78" else digits
    if len(national) == 10 and is_placeholder(national):
        return DigitsReading(PhoneClass.PLACEHOLDER)
    if size == 10:
        if plus or (trunk and digits[0] in "78") or digits[0] in "012568":
            return DigitsReading(incomplete)
        if inn_holds(digits):
            return DigitsReading(garbage, None, frozenset({PhoneFlag.INN}))
        return DigitsReading(garbage, None, frozenset({PhoneFlag.UNASSIGNED}))
    if size == 11 and digits[0] in "78":
        return DigitsReading(garbage, None, frozenset({PhoneFlag.UNASSIGNED}))
    if size == 12 and inn_holds(digits):
        return DigitsReading(garbage, None, frozenset({PhoneFlag.INN}))
    return DigitsReading(garbage)
