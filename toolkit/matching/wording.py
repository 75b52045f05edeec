"""Reasons, tiers and keys in words for an admin, in Russian and English."""

from __future__ import annotations

from typing import Final, Literal

from toolkit.matching.reasons import Reason, Tier

__all__ = [
    "Language",
    "entity_words",
    "key_type_words",
    "key_words",
    "reason_words",
    "tier_words",
    "words_of",
]

Language = Literal["ru", "en"]

_REASONS: Final[dict[Reason, tuple[str, str]]] = {
    Reason.SAME_NAME: ("имена совпадают", "the names are the same"),
    Reason.ORDER: ("имя и фамилия переставлены местами", "given name and surname changed places"),
    Reason.DIMINUTIVE: ("одно из имён — уменьшительное", "one name is a diminutive of the other"),
    Reason.TYPO: ("похоже на опечатку", "one looks like a typo of the other"),
    Reason.TRANSLIT: ("одно имя записано латиницей", "one name is written in Latin letters"),
    Reason.GENDER_FORM: (
        "мужская и женская форма одной фамилии",
        "masculine and feminine form of one surname",
    ),
    Reason.INITIAL: ("вместо имени только инициал", "an initial stands for a name"),
    Reason.ONE_PART: ("одно из имён неполное", "one of the names is incomplete"),
    Reason.BLANK_NAME: ("на одной из карточек нет имени", "one of the cards has no name"),
    Reason.SUBSET: ("одно название длиннее другого", "one title says more than the other"),
    Reason.ACRONYM: ("одно название — сокращение другого", "one title is the other's acronym"),
    Reason.PATRONYMIC_DIFFERS: ("отчества разные", "the patronymics differ"),
    Reason.SURNAME_DIFFERS: (
        "фамилии разные при одинаковых имени и отчестве",
        "the surnames differ, given name and patronymic are the same",
    ),
    Reason.TWO_TYPOS: ("различий больше одного", "more than one thing differs"),
    Reason.GENDER_UNSURE: (
        "непонятно, мужчина это или женщина",
        "it is not clear whether this is a man or a woman",
    ),
    Reason.FORM_DIFFERS: ("организационно-правовая форма разная", "the legal forms differ"),
    Reason.NAME_DIFFERS: ("имена разные", "the names differ"),
    Reason.SEX_DIFFERS: ("это мужчина и женщина", "one is a man, the other a woman"),
    Reason.SAME_INN: ("ИНН совпадает", "the INN is the same"),
    Reason.KPP_BRANCH: (
        "КПП разные: головная организация и филиал связываются, но не объединяются",
        "the KPPs differ: a head office and its branch are linked, not merged",
    ),
    Reason.KPP_UNCLEAR: (
        "КПП разные, и по ним не понять, одно ли это подразделение",
        "the KPPs differ and do not tell whether this is one unit",
    ),
    Reason.INN_DIFFERS: ("ИНН разные", "the INNs differ"),
    Reason.BIRTHDATE_DIFFERS: ("даты рождения разные", "the birth dates differ"),
    Reason.EXTENSION_DIFFERS: (
        "добавочные номера одной линии разные",
        "the extensions of one line differ",
    ),
    Reason.PERSON_SAID_DIFFERENT: (
        "человек решил, что это не дубли",
        "a person said they are not duplicates",
    ),
    Reason.ORIGIN_DIFFERS: (
        "во внешней системе это две разные записи",
        "the external system holds them as two records",
    ),
    Reason.OTHER_KEYS_DIFFER: (
        "общий только один номер или адрес, остальные у каждой карточки свои, а отчества не сверить",
        "only one number or mailbox in common, each card has others of its own, no patronymics to compare",
    ),
    Reason.BRIDGE_CUT: (
        "эта пара держала вместе карточки, которые противоречат друг другу",
        "this pair held together cards that contradict each other",
    ),
    Reason.GROUP_CONTRADICTS: (
        "внутри группы есть карточки, которые противоречат друг другу",
        "the group holds cards that contradict each other",
    ),
    Reason.GROUP_TOO_LARGE: (
        "группа слишком велика, чтобы объединять её без человека",
        "the group is too large to be merged without a person",
    ),
}
_TIERS: Final[dict[Tier, tuple[str, str]]] = {
    Tier.AUTO: ("один клиент, можно объединить автоматически", "one client, may be merged automatically"),
    Tier.REVIEW: ("решает человек", "a person decides"),
    Tier.LINK: ("связать как филиал, не объединять", "link as a branch, do not merge"),
    Tier.NEVER: ("не объединять", "do not merge"),
}
_KEY_TYPES: Final[dict[str, tuple[str, str]]] = {
    "phone": ("телефон", "phone"),
    "email": ("почта", "e-mail"),
    "inn": ("ИНН", "INN"),
    "company": ("компания", "company"),
}
_WORTH: Final[dict[int, tuple[str, str]]] = {
    0: (
        "ничего не доказывает: стоит на карточках с разными названиями ({people})",
        "proves nothing: it stands on cards of {people} different titles",
    ),
    int(Reason.PERSONAL_KEY): ("личн{ый}", "one client's own"),
    int(Reason.HOUSEHOLD_KEY): (
        "общ{ий} у нескольких людей ({people}), нужны совпадающие имена",
        "shared by {people} people, so the names have to agree",
    ),
    int(Reason.SWITCHBOARD_KEY): (
        "номер компании, нужны совпадающие полные имена",
        "a company's number, so full names have to agree",
    ),
    int(Reason.SHARED_KEY): (
        "общ{ий} для многих (карточек: {owners}, разных имён: {people}), {сам} по себе ничего не доказывает",
        "shared by many ({owners} cards, {people} different names), proves nothing by itself",
    ),
}


_ENTITIES: Final[dict[str, tuple[str, str]]] = {
    "contact": ("Контакты", "Contacts"),
    "company": ("Компании", "Companies"),
    "lead": ("Лиды", "Leads"),
}


def entity_words(entity: str, language: Language) -> str:
    """Two or more cards of a kind, as a sentence begins with them."""
    return words_of(*_ENTITIES.get(entity, (entity, entity)), language)


def key_type_words(key_type: str, language: Language) -> str:
    """What kind of key it is."""
    return words_of(*_KEY_TYPES.get(key_type, (key_type, key_type)), language)


def words_of(russian: str, english: str, language: Language) -> str:
    """One of two wordings."""
    return russian if language == "ru" else english


def reason_words(reasons: Reason, language: Language = "ru") -> list[str]:
    """What was found about a pair, one phrase per finding; keys are told by `key_words`."""
    return [words_of(*words, language) for reason, words in _REASONS.items() if reason in reasons]


def tier_words(tier: Tier, language: Language = "ru") -> str:
    """What may be done with a pair."""
    return words_of(*_TIERS[tier], language)


_FEMININE: Final = frozenset({"email", "company"})  # почта, компания
_ENDINGS: Final = {
    "m": {"ый": "ый", "ий": "ий", "сам": "сам"},
    "f": {"ый": "ая", "ий": "ая", "сам": "сама"},
}


def key_words(
    key_type: str, value: str, extension: str, owners: int, people: int, worth: int, language: Language = "ru"
) -> str:
    """A key two cards share, and what it is worth.

    Args:
        key_type: `phone`, `email`, `inn`, or another, which is then told as it is.
        value: normalised.
        extension: of a phone, or empty.
        owners: how many cards own it.
        people: how many different people they are.
        worth: a `Reason` of a key, 0 for none.
        language: of the answer.
    """
    name = key_type_words(key_type, language)
    extended = f" {words_of('доб.', 'ext.', language)} {extension}" if extension else ""
    said = words_of(*_WORTH[worth], language).format(
        owners=owners, people=people, **_ENDINGS["f" if key_type in _FEMININE else "m"]
    )
    return f"{name} {value}{extended}: {said}"
