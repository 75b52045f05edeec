"""What was made of a tax number, in words for an admin, in Russian and English."""

from __future__ import annotations

from typing import Final, Literal

from toolkit.matching.inn.reading import InnClass, InnFlag, InnReading, KppKind

__all__ = ["explain_inn"]

_CLASSES: Final[dict[InnClass, tuple[str, str]]] = {
    InnClass.ORGANISATION: ("ИНН организации", "an organisation's INN"),
    InnClass.PERSON: ("ИНН человека или ИП", "the INN of a person or sole proprietor"),
    InnClass.OGRN: ("ОГРН, а не ИНН", "an OGRN, not an INN"),
    InnClass.OGRNIP: ("ОГРНИП, а не ИНН", "an OGRNIP, not an INN"),
    InnClass.KPP: ("только КПП", "a KPP only"),
    InnClass.PLACEHOLDER: ("заглушка, а не номер", "a placeholder, not a number"),
    InnClass.WRONG_CHECKSUM: ("контрольная цифра не сходится", "the check digit does not hold"),
    InnClass.LOSSY: ("таблица потеряла цифры", "a spreadsheet lost digits"),
    InnClass.INCOMPLETE: ("цифр не хватает", "digits are missing"),
    InnClass.GARBAGE: ("это не ИНН", "not an INN"),
    InnClass.EMPTY: ("пусто", "empty"),
}
_FLAGS: Final[dict[InnFlag, tuple[str, str]]] = {
    InnFlag.FLOAT: ("таблица превратила номер в дробное число", "a spreadsheet had made the number a float"),
    InnFlag.KPP_CONFLICT: ("указаны два разных КПП", "two different KPPs are given"),
    InnFlag.KPP_OF_PERSON: (
        "КПП отброшен: у человека его не бывает",
        "the KPP was left out: persons have none",
    ),
    InnFlag.KPP_WRONG: ("КПП неверного вида отброшен", "a malformed KPP was left out"),
    InnFlag.MULTI: ("несколько разных ИНН", "several different INNs"),
    InnFlag.REVIEW: ("нужен взгляд человека", "a person has to look"),
    InnFlag.TEXT: ("лишний текст отброшен", "other text was cut"),
    InnFlag.ZERO_RESTORED: ("возвращён ведущий ноль", "the leading zero was put back"),
}
_KINDS: Final[dict[KppKind, tuple[str, str]]] = {
    KppKind.NONE: ("", ""),
    KppKind.HEAD: (" (головная организация)", " (head office)"),
    KppKind.BRANCH: (" (подразделение)", " (branch)"),
    KppKind.LARGE: (" (крупнейший налогоплательщик)", " (large taxpayer)"),
    KppKind.OTHER: ("", ""),
}


def explain_inn(reading: InnReading, language: Literal["ru", "en"] = "ru") -> str:
    """What a value was taken for, what was done to it, and whether it may serve as a key, in one paragraph.

    Args:
        reading: what `read_inn` returned.
        language: `ru` or `en`.
    """
    ru = language == "ru"
    at = 0 if ru else 1
    shown = "" if reading.text is None else f"«{reading.text}»: " if ru else f"{reading.text!r}: "
    named = _CLASSES[reading.inn_class][at]
    if reading.inn or reading.ogrn:
        named += f" {reading.inn or reading.ogrn}"
    parts = [named]
    if reading.kpp:
        parts.append(f"{'КПП' if ru else 'KPP'} {reading.kpp}{_KINDS[reading.kpp_kind][at]}")
    parts += [_FLAGS[flag][at] for flag in InnFlag if flag in reading.flags]
    if reading.inn_class is not InnClass.EMPTY:
        answers = (
            ("годится как ключ", "may serve as a key"),
            ("как ключ не годится", "may not serve as a key"),
        )
        parts.append(answers[0 if reading.may_key else 1][at])
    return shown + ". ".join(part[0].upper() + part[1:] for part in parts) + "."
