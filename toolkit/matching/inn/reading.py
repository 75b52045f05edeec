"""What one stored tax number turned out to be: its class, INN, KPP, OGRN, and what was repaired."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["InnClass", "InnFlag", "InnReading", "KppKind", "kpp_kind"]


class InnClass(StrEnum):
    """What a value is. Only `organisation` and `person` can be a key."""

    ORGANISATION = "organisation"
    """An INN of ten digits."""
    PERSON = "person"
    """An INN of twelve digits: a person or a sole proprietor."""
    OGRN = "ogrn"
    """The state registration number of an organisation, not an INN."""
    OGRNIP = "ogrnip"
    """The state registration number of a sole proprietor."""
    KPP = "kpp"
    """A KPP alone."""
    PLACEHOLDER = "placeholder"
    """Digits typed to fill the field, or region 00."""
    WRONG_CHECKSUM = "wrong_checksum"
    """The length of an INN or OGRN, but its check digits do not hold."""
    LOSSY = "lossy"
    """A spreadsheet lost digits."""
    INCOMPLETE = "incomplete"
    """Too few digits."""
    GARBAGE = "garbage"
    EMPTY = "empty"


class InnFlag(StrEnum):
    """What was done to a value, or why a person should look at it."""

    FLOAT = "float"
    """A spreadsheet had turned the number into a float; all its digits are still there."""
    KPP_CONFLICT = "kpp_conflict"
    """The value holds one KPP and the KPP beside it is another."""
    KPP_OF_PERSON = "kpp_of_person"
    """A KPP stands beside a person's INN; persons have none, so it was left out."""
    KPP_WRONG = "kpp_wrong"
    """What stands as a KPP has not the shape of one and was left out."""
    MULTI = "multi"
    """The value holds several different INNs."""
    REVIEW = "review"
    """Two readings: a person decides, and it is no key until then."""
    TEXT = "text"
    """Words around the number were cut."""
    ZERO_RESTORED = "zero_restored"
    """A leading zero, eaten by a spreadsheet, was put back; the check digits hold only with it."""


class KppKind(StrEnum):
    """What the reason code of a KPP says about the unit."""

    NONE = ""
    HEAD = "head"
    """01: the organisation at its own address."""
    BRANCH = "branch"
    """A branch, representative office or other separate unit: link it, never merge it."""
    LARGE = "large"
    """Registered as one of the largest taxpayers (99…, or reason 50): a second KPP of the same firm."""
    OTHER = "other"
    """Real estate, vehicles, foreign organisations and the rest."""


_BRANCHES: Final = frozenset({"02", "03", "04", "05", "31", "32", "43", "44", "45"})


def kpp_kind(kpp: str) -> KppKind:
    """What a KPP says about the unit; `NONE` for an empty one.

    Args:
        kpp: nine characters of the KPP's shape, or empty.
    """
    if not kpp:
        return KppKind.NONE
    if kpp.startswith("99") or kpp[4:6] == "50":
        return KppKind.LARGE
    if kpp[4:6] == "01":
        return KppKind.HEAD
    return KppKind.BRANCH if kpp[4:6] in _BRANCHES else KppKind.OTHER


@dataclass(frozen=True, slots=True)
class InnReading:
    """Everything known about one stored tax number.

    Args:
        text: the value as it was stored; None when there was none.
        inn_class: what it is.
        inn: ten or twelve digits whose check digits hold, or empty.
        kpp: nine characters of the right shape, or empty.
        ogrn: OGRN or OGRNIP whose check digit holds, or empty.
        flags: what was done, and what is open.
        digits: digits that became none of these.
    """

    text: str | None
    inn_class: InnClass
    inn: str = ""
    kpp: str = ""
    ogrn: str = ""
    flags: frozenset[InnFlag] = frozenset()
    digits: str = ""

    @property
    def kpp_kind(self) -> KppKind:
        """What the KPP says about the unit."""
        return kpp_kind(self.kpp)

    @property
    def may_key(self) -> bool:
        """Whether the INN may tell clients apart and bring cards together."""
        return bool(self.inn) and InnFlag.REVIEW not in self.flags

    @property
    def key(self) -> str:
        """The INN when it may serve as a key, else empty."""
        return self.inn if self.may_key else ""
