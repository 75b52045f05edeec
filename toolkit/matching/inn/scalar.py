"""One stored tax number, read exactly: the reference that the pass over a whole column has to agree with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from toolkit.matching.cells import plain_text, text_of, undo_float
from toolkit.matching.inn.checks import KPP, inn_holds, is_filler, ogrn_holds
from toolkit.matching.inn.reading import InnClass, InnFlag, InnReading, kpp_kind
from toolkit.matching.inn.reading import KppKind as Kind

__all__ = ["read_inn"]

_LONGEST: Final = 300
_EMPTY = re.compile(
    r"[\W_]*(?:(?:ИНН|КПП|ОГРН)?[\W_]*(?:НЕТ|ОТСУТСТВУЕТ|НЕ УКАЗАН|Н[/.\\]?Д"
    r"|NO|NONE|NULL|NAN|N[/.\\]?A))?[\W_]*"
)
_PAIR_LABEL = re.compile(r"ИНН\s*[/\\,]?\s*КПП|INN\s*[/\\,]?\s*KPP")
_LABEL = re.compile(r"(ОГРНИП|ОГРН|ИНН|КПП|OGRNIP|OGRN|INN|KPP)(?![A-ZА-ЯЁ])")
_PARTS = re.compile(r"[/\\,;|\n]")
_NINE = re.compile(r"(?<![0-9A-Z])\d{4}[0-9A-Z]{2}\d{3}(?![0-9A-Z])")
_WORD = re.compile(r"[A-ZА-ЯЁ]")
_LENGTHS: Final = frozenset({9, 10, 11, 12, 13, 15})
# 11 digits that begin so are a phone of the +7 zone; an INN that lost its zero hardly ever does.
_PHONE_LIKE: Final = ("73", "74", "78", "79", "83", "84", "88", "89")


@dataclass(slots=True)
class _Found:
    inns: list[str] = field(default_factory=list)
    kpps: list[str] = field(default_factory=list)
    ogrns: list[str] = field(default_factory=list)
    classes: list[InnClass] = field(default_factory=list)
    flags: set[InnFlag] = field(default_factory=set)
    left: list[str] = field(default_factory=list)

    def leave(self, inn_class: InnClass, digits: str) -> None:
        self.classes.append(inn_class)
        self.left.append(digits)


def read_inn(value: object, kpp: object = None) -> InnReading:
    """What one stored value holds: INN, KPP, OGRN, its class, what was repaired and what stays open.

    Never raises. A value whose check digits do not hold keeps its text and is no key.

    Args:
        value: text as stored, or the int or float a spreadsheet made of it; labels and `INN/KPP` are read.
        kpp: the KPP stored beside it, if any.
    """
    text = text_of(value)
    found = _Found()
    if text is not None and len(text) > _LONGEST:
        found.classes.append(InnClass.GARBAGE)
    elif text is not None:
        cleaned = plain_text(text).upper()
        if not _EMPTY.fullmatch(cleaned):
            _read_value(cleaned, found)
    _read_kpp(kpp, found)
    if len(set(found.inns)) > 1:
        found.flags |= {InnFlag.MULTI, InnFlag.REVIEW}
    return _summary(text, found)


def _read_value(cleaned: str, found: _Found) -> None:
    number, was_float, lost = undo_float(cleaned)
    if was_float:
        found.flags.add(InnFlag.FLOAT)
    if lost:
        found.leave(InnClass.LOSSY, re.sub(r"\D", "", number))
        return
    number = _PAIR_LABEL.sub(" ", number)
    bits = _LABEL.split(number)
    labelled = [("", bits[0]), *zip(bits[1::2], bits[2::2], strict=True)]
    for label, chunk in labelled:
        for part in _PARTS.split(chunk):
            for code in _codes(part, found):
                _read_code(code, label, found)
    if not (found.classes or found.left or found.inns or found.kpps or found.ogrns):
        found.classes.append(InnClass.GARBAGE)


def _codes(part: str, found: _Found) -> list[str]:
    """The codes in one part: the whole of it when its digits make one length, else each of its groups."""
    with_letters = [code for code in _NINE.findall(part) if not code.isdigit()]
    for code in with_letters:
        part = part.replace(code, " ")
    if _WORD.search(part):
        found.flags.add(InnFlag.TEXT)
        groups: list[str] = re.findall(r"\d+", part)
        return [*groups, *with_letters]
    digits = re.sub(r"\D", "", part)
    if not digits:
        return with_letters
    groups = re.findall(r"\d+", part)
    apart = len(groups) > 1 and all(len(group) in _LENGTHS for group in groups)
    return [*(groups if apart or len(digits) not in _LENGTHS else [digits]), *with_letters]


def _read_code(code: str, label: str, found: _Found) -> None:
    """Add one code to what was found, by its label if it has one, else by its length."""
    size = len(code)
    if label in ("КПП", "KPP") or not code.isdigit():
        _keep_kpp(code, found)
    elif size in (10, 12):
        if inn_holds(code):
            found.inns.append(code)
        else:
            found.leave(InnClass.PLACEHOLDER if is_filler(code) else InnClass.WRONG_CHECKSUM, code)
    elif size in (13, 15):
        if ogrn_holds(code):
            found.ogrns.append(code)
        else:
            found.leave(InnClass.PLACEHOLDER if is_filler(code) else InnClass.WRONG_CHECKSUM, code)
    elif size in (9, 11):
        _read_short(code, label, found)
    elif size > 1 and is_filler(code):
        found.leave(InnClass.PLACEHOLDER, code)
    else:
        found.leave(InnClass.INCOMPLETE if 5 <= size <= 8 else InnClass.GARBAGE, code)


def _read_short(code: str, label: str, found: _Found) -> None:
    """Nine or eleven digits: an INN without its leading zero, or a KPP, or nothing."""
    if len(code) == 9 and found.inns and not label:
        _keep_kpp(code, found)
        return
    likely_kpp = len(code) == 9 and not label and kpp_kind(code) is not Kind.OTHER and code[6:8] == "00"
    if not is_filler(code) and inn_holds("0" + code):
        found.inns.append("0" + code)
        found.flags.add(InnFlag.ZERO_RESTORED)
        if likely_kpp or (len(code) == 11 and code.startswith(_PHONE_LIKE)):
            found.flags.add(InnFlag.REVIEW)
    elif is_filler(code):
        found.leave(InnClass.PLACEHOLDER, code)
    elif likely_kpp:
        _keep_kpp(code, found)
    else:
        found.leave(InnClass.INCOMPLETE, code)


def _keep_kpp(code: str, found: _Found) -> None:
    if KPP.fullmatch(code) and not _is_kpp_filler(code):
        found.kpps.append(code)
    else:
        found.flags.add(InnFlag.KPP_WRONG)
        found.left.append(code)


def _is_kpp_filler(code: str) -> bool:
    """Whether a KPP is typed to fill a field: one character repeated, or of region 00."""
    return len(set(code)) == 1 or code.startswith("00") or code == "123456789"


def _read_kpp(kpp: object, found: _Found) -> None:
    """Add the KPP stored beside the value."""
    text = text_of(kpp)
    if text is None:
        return
    cleaned = plain_text(text[:_LONGEST]).upper()
    if _EMPTY.fullmatch(cleaned):
        return
    cleaned, was_float, _ = undo_float(cleaned)
    if was_float:
        found.flags.add(InnFlag.FLOAT)
    code = re.sub(r"[\s\-]", "", _LABEL.sub("", cleaned)).strip(":.№")
    if not KPP.fullmatch(code) or _is_kpp_filler(code):
        found.flags.add(InnFlag.KPP_WRONG)
    else:
        found.kpps.append(code)


def _summary(text: str | None, found: _Found) -> InnReading:
    """One reading out of everything found."""
    inn = found.inns[0] if found.inns else ""
    kpp = found.kpps[0] if found.kpps else ""
    if len(set(found.kpps)) > 1:
        found.flags |= {InnFlag.KPP_CONFLICT, InnFlag.REVIEW}
    if len(inn) == 12 and kpp:
        found.flags.add(InnFlag.KPP_OF_PERSON)
        kpp = ""
    ogrn = found.ogrns[0] if found.ogrns else ""
    if inn:
        inn_class = InnClass.ORGANISATION if len(inn) == 10 else InnClass.PERSON
    elif ogrn:
        inn_class = InnClass.OGRN if len(ogrn) == 13 else InnClass.OGRNIP
    elif found.classes:
        inn_class = min(found.classes, key=list(InnClass).index)
    elif kpp:
        inn_class = InnClass.KPP
    else:
        inn_class = InnClass.GARBAGE if found.left else InnClass.EMPTY
    left = " ".join(dict.fromkeys([*found.left, *found.inns[1:]]) if inn else found.left)
    return InnReading(text, inn_class, inn, kpp, ogrn, frozenset(found.flags), left)
