"""What was made of a phone value, in words for an admin, in Russian and English."""

from __future__ import annotations

from typing import Final, Literal

import phonenumbers

from toolkit.matching.phones.reading import PhoneClass, PhoneFlag, PhoneNumber, PhoneReading

__all__ = ["explain_phone"]

Language = Literal["ru", "en"]

_CLASSES: Final[dict[PhoneClass, tuple[str, str]]] = {
    PhoneClass.VALID: ("номер", "a number"),
    PhoneClass.TOLL_FREE: ("бесплатный номер, общий для многих", "a toll-free number, shared by many"),
    PhoneClass.SERVICE: ("служебный номер", "a service number"),
    PhoneClass.PLACEHOLDER: ("заглушка, а не номер", "a placeholder, not a number"),
    PhoneClass.LOCAL: ("городской номер без кода города", "a local number without an area code"),
    PhoneClass.INTERNAL: ("внутренний номер", "an internal number"),
    PhoneClass.MASKED: ("номер со скрытыми цифрами", "a number with hidden digits"),
    PhoneClass.INCOMPLETE: ("номер неполный", "an incomplete number"),
    PhoneClass.LOSSY: ("таблица потеряла цифры номера", "a spreadsheet lost digits of the number"),
    PhoneClass.GARBAGE: ("это не телефон", "not a phone"),
    PhoneClass.EMPTY: ("пусто", "empty"),
}
_FLAGS: Final[dict[PhoneFlag, tuple[str, str]]] = {
    PhoneFlag.AREA_INFERRED: ("подставлен домашний код города", "the home area code was put in front"),
    PhoneFlag.AREA_INHERITED: (
        "код города взят у предыдущего номера",
        "the area code comes from the number before it",
    ),
    PhoneFlag.COUNTRY_ADDED: ("добавлен код страны", "the country code was added"),
    PhoneFlag.DATE: ("похоже на дату", "looks like a date"),
    PhoneFlag.EMAIL: ("это адрес электронной почты", "this is an e-mail address"),
    PhoneFlag.EXIT_CODE: ("международный префикс заменён на «+»", "the exit code was replaced by a plus"),
    PhoneFlag.FLOAT: (
        "таблица превратила номер в дробное число",
        "a spreadsheet had made the number a float",
    ),
    PhoneFlag.HOMOGLYPH: (
        "буквы заменены похожими цифрами",
        "letters were replaced by the digits they resemble",
    ),
    PhoneFlag.INN: ("похоже на ИНН", "looks like a tax number"),
    PhoneFlag.MULTI: ("несколько номеров", "several numbers"),
    PhoneFlag.PARTIAL: ("часть цифр не стала номером", "some digits did not become a number"),
    PhoneFlag.REVIEW: ("нужен взгляд человека", "a person has to look"),
    PhoneFlag.TAIL: (
        "второй номер задан другим окончанием",
        "the second number is given by its other ending",
    ),
    PhoneFlag.TEXT: ("лишний текст отброшен", "other text was cut"),
    PhoneFlag.TRUNK_FIXED: (
        "исправлен лишний или неверный префикс",
        "a superfluous or wrong prefix was repaired",
    ),
    PhoneFlag.UNASSIGNED: ("такого кода нет", "no such code is in use"),
}
_LINES: Final[dict[str, tuple[str, str]]] = {
    "mobile": ("мобильный", "mobile"),
    "fixed": ("стационарный", "fixed line"),
    "toll_free": ("бесплатный", "toll-free"),
    "voip": ("интернет-телефония", "internet telephony"),
    "premium": ("платный", "premium rate"),
}


def explain_phone(reading: PhoneReading, language: Language = "ru") -> str:
    """What a value was taken for, what was done to it, and whether it may serve as a key, in one paragraph.

    Args:
        reading: what `read_phone` returned.
        language: `ru` or `en`.
    """
    ru = language == "ru"
    at = 0 if ru else 1
    shown = "" if reading.text is None else f"«{reading.text}»: " if ru else f"{reading.text!r}: "
    parts = []
    if reading.numbers:
        parts.append("; ".join(_number(number, at) for number in reading.numbers))
    if not reading.numbers or reading.phone_class is not PhoneClass.VALID:
        parts.append(_CLASSES[reading.phone_class][at])
    parts += [_FLAGS[flag][at] for flag in PhoneFlag if flag in reading.flags]
    if reading.numbers and reading.digits:
        parts.append(("осталось: " if ru else "left over: ") + reading.digits)
    if reading.phone_class is not PhoneClass.EMPTY:
        parts.append(_key(reading, at))
    return shown + ". ".join(part[0].upper() + part[1:] for part in parts) + "."


def _number(number: PhoneNumber, at: int) -> str:
    parsed = phonenumbers.parse(number.e164, None)
    text = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    if number.extension:
        text += (" доб. " if at == 0 else " ext. ") + number.extension
    kind = _LINES.get(number.line, ("", ""))[at]
    text += f" ({', '.join(part for part in (number.country, kind) if part)})"
    if number.alternatives:
        text += (" или " if at == 0 else " or ") + ", ".join(number.alternatives)
    return text


def _key(reading: PhoneReading, at: int) -> str:
    keys = reading.keys
    if not keys:
        return ("как ключ не годится", "may not serve as a key")[at]
    if len(keys) < len(reading.numbers):
        return ("ключ: ", "key: ")[at] + ", ".join(keys)
    return ("годится как ключ", "may serve as a key")[at]
