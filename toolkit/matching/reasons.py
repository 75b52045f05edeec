"""Why two records were joined, shown to a person, or kept apart: one bit per reason.

A `Reason` is what the rules found; `toolkit.matching.wording` says it in Russian and English.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

__all__ = ["Reason", "Tier", "Verdict"]


class Verdict(IntEnum):
    """What two names say about two cards; a larger number is closer."""

    DISAGREE = 0
    PARTIAL = 1
    AGREE = 2


class Tier(IntEnum):
    """What may be done with a pair: nothing, tie a branch to its head office, ask a person, or merge."""

    NEVER = 0
    LINK = 1
    REVIEW = 2
    AUTO = 3


class Reason(IntFlag):
    """One bit per finding about a pair of records."""

    # names that fit
    SAME_NAME = 1 << 0
    ORDER = 1 << 1
    DIMINUTIVE = 1 << 2
    TYPO = 1 << 3
    TRANSLIT = 1 << 4
    GENDER_FORM = 1 << 5
    INITIAL = 1 << 6
    ONE_PART = 1 << 7
    BLANK_NAME = 1 << 8
    SUBSET = 1 << 9
    ACRONYM = 1 << 10
    # names that fit, with something against them: a person has to look
    PATRONYMIC_DIFFERS = 1 << 11
    SURNAME_DIFFERS = 1 << 12
    TWO_TYPOS = 1 << 13
    GENDER_UNSURE = 1 << 14
    FORM_DIFFERS = 1 << 15
    # names that do not fit
    NAME_DIFFERS = 1 << 16
    SEX_DIFFERS = 1 << 17
    # what the shared keys are
    PERSONAL_KEY = 1 << 18
    HOUSEHOLD_KEY = 1 << 19
    SWITCHBOARD_KEY = 1 << 20
    SHARED_KEY = 1 << 21
    SOLE_OWNER = 1 << 22
    SEVERAL_KEYS = 1 << 23
    # INN and KPP
    SAME_INN = 1 << 24
    KPP_BRANCH = 1 << 25
    KPP_UNCLEAR = 1 << 26
    # vetoes
    INN_DIFFERS = 1 << 27
    BIRTHDATE_DIFFERS = 1 << 28
    EXTENSION_DIFFERS = 1 << 29
    PERSON_SAID_DIFFERENT = 1 << 30
    ORIGIN_DIFFERS = 1 << 31
    OTHER_KEYS_DIFFER = 1 << 35
    # what the group around the pair says
    BRIDGE_CUT = 1 << 32
    GROUP_CONTRADICTS = 1 << 33
    GROUP_TOO_LARGE = 1 << 34


#: A pair with one of these is never merged, whatever else agrees.
VETO = (
    Reason.INN_DIFFERS
    | Reason.BIRTHDATE_DIFFERS
    | Reason.EXTENSION_DIFFERS
    | Reason.PERSON_SAID_DIFFERENT
    | Reason.SEX_DIFFERS
)
#: A pair with one of these is never merged without a person's word.
DOUBT = (
    Reason.PATRONYMIC_DIFFERS
    | Reason.SURNAME_DIFFERS
    | Reason.TWO_TYPOS
    | Reason.GENDER_UNSURE
    | Reason.FORM_DIFFERS
    | Reason.ORIGIN_DIFFERS
    | Reason.KPP_UNCLEAR
    | Reason.OTHER_KEYS_DIFFER
)
