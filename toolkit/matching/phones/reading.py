"""What one stored phone value turned out to be: class, numbers, what was repaired, what stayed open."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

import phonenumbers

from toolkit.errors import ParameterError

__all__ = ["RUSSIA", "Home", "PhoneClass", "PhoneFlag", "PhoneNumber", "PhoneReading"]


class PhoneClass(StrEnum):
    """What a value is. Only `valid` can ever be a key.

    The order is the order of worth: a value holding several things gets the class of the best of them.
    """

    VALID = "valid"
    TOLL_FREE = "toll_free"
    SERVICE = "service"
    PLACEHOLDER = "placeholder"
    LOCAL = "local"
    INTERNAL = "internal"
    MASKED = "masked"
    INCOMPLETE = "incomplete"
    LOSSY = "lossy"
    GARBAGE = "garbage"
    EMPTY = "empty"


class PhoneFlag(StrEnum):
    """What was done to a value, or why a person should look at it."""

    AREA_INFERRED = "area_inferred"
    """The home area code was put in front of a local number: supporting evidence, never a key."""
    AREA_INHERITED = "area_inherited"
    """A local number took the area code of the full number written before it."""
    COUNTRY_ADDED = "country_added"
    """Ten national digits; the country code was added."""
    DATE = "date"
    """The value is, or may be, a date."""
    EMAIL = "email"
    """The value is an e-mail address."""
    EXIT_CODE = "exit_code"
    """An international prefix (00, 8-10) was replaced by the plus."""
    FLOAT = "float"
    """A spreadsheet had turned the number into a float; all its digits are still there."""
    HOMOGLYPH = "homoglyph"
    """Letters standing in for digits (О for 0, З for 3, l for 1) were replaced."""
    INN = "inn"
    """The digits are, or may be, a tax number."""
    MULTI = "multi"
    """The value holds several numbers."""
    PARTIAL = "partial"
    """Some digits of the value did not become a number."""
    REVIEW = "review"
    """Two readings, or a doubt: a person decides, and it is no key until then."""
    TAIL = "tail"
    """`…-67/68`: the second number is the first with another ending."""
    TEXT = "text"
    """Words around the number were cut."""
    TRUNK_FIXED = "trunk_fixed"
    """A superfluous or wrong prefix (+8, +78, 87, +7+7, 8-10-7) was repaired."""
    UNASSIGNED = "unassigned"
    """The length is right, but no such code is in use."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where numbers written without a country or area code are at home.

    Args:
        country: ISO 3166 code, `RU`.
        area_code: national area code without the trunk prefix (`495`); empty when unknown, and then
            local numbers stay local.
        placeholders: numbers in E.164 known to be junk on this portal, besides the obvious ones.

    Raises:
        ParameterError: one of them is not written so.
    """

    country: str = "RU"
    area_code: str = ""
    placeholders: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.country not in phonenumbers.SUPPORTED_REGIONS:
            remedy = "Write it like RU, KZ or BY."
            raise ParameterError("phones", "home.country", self.country, "is no country code", remedy)
        if self.area_code and not (self.area_code.isascii() and self.area_code.isdigit()):
            remedy = "Write its digits alone, like 495, without the 8."
            raise ParameterError("phones", "home.area_code", self.area_code, "is no area code", remedy)
        for number in self.placeholders:
            if not re.fullmatch(r"\+[0-9]{5,15}", number):
                remedy = "Write it like +79001112233."
                raise ParameterError("phones", "home.placeholders", number, "is not in E.164", remedy)


RUSSIA = Home()
"""Home is Russia, the area is unknown."""


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """One number found in a value.

    Args:
        e164: `+74951234567`.
        phone_class: `valid`, `toll_free`, `service` or `placeholder`.
        country: ISO 3166 code; `001` for numbers that belong to no country.
        line: mobile, fixed, fixed_or_mobile, toll_free, premium, shared_cost, voip, personal, pager, uan,
            voicemail, unknown.
        extension: digits of the internal extension, or empty.
        flags: what was done to this number.
        alternatives: other numbers the same digits may mean, in E.164; never empty without `review`.
    """

    e164: str
    phone_class: PhoneClass
    country: str
    line: str
    extension: str = ""
    flags: frozenset[PhoneFlag] = frozenset()
    alternatives: tuple[str, ...] = ()

    @property
    def may_key(self) -> bool:
        """Whether two cards with this number may be compared because of it."""
        doubts = {PhoneFlag.REVIEW, PhoneFlag.AREA_INFERRED}
        return self.phone_class is PhoneClass.VALID and not (self.flags & doubts)

    @property
    def key(self) -> str:
        """The key to match by, or empty: E.164; for fixed lines with extension, `+74951234567;ext=105`."""
        if not self.may_key:
            return ""
        if self.extension and self.line != "mobile":
            return f"{self.e164};ext={self.extension}"
        return self.e164


@dataclass(frozen=True, slots=True)
class PhoneReading:
    """Everything known about one stored value.

    Args:
        text: the value as it was stored; None when there was none.
        phone_class: class of the best thing found.
        numbers: numbers in the order they were written, each once.
        flags: flags of the value and of all its numbers.
        digits: digits that did not become a number (a local number, an internal one, an incomplete one).
    """

    text: str | None
    phone_class: PhoneClass
    numbers: tuple[PhoneNumber, ...] = ()
    flags: frozenset[PhoneFlag] = field(default_factory=frozenset)
    digits: str = ""

    @property
    def may_key(self) -> bool:
        """Whether at least one number of the value may serve as a key."""
        return any(number.may_key for number in self.numbers)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the value, each once, in the order written."""
        return tuple(dict.fromkeys(number.key for number in self.numbers if number.may_key))

    @property
    def country(self) -> str:
        """Country of the first number, or empty."""
        return self.numbers[0].country if self.numbers else ""
