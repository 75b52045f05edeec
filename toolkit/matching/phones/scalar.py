"""One stored value, read exactly: the reference that the pass over a whole column has to agree with."""

from __future__ import annotations

import re
from dataclasses import replace

from toolkit.matching.cells import plain_text, text_of, undo_float
from toolkit.matching.phones.assembly import Found, number_in, read_piece
from toolkit.matching.phones.homoglyphs import replace_homoglyphs
from toolkit.matching.phones.reading import RUSSIA, Home, PhoneClass, PhoneFlag, PhoneNumber, PhoneReading
from toolkit.matching.phones.splitting import Parted, Piece, bare_brackets, split_text

__all__ = ["LONGEST", "read_phone"]

LONGEST = 300
"""Characters; a longer value is a note or an attack, not a phone."""

_NO_DIGIT = re.compile(r"\D")
_EMPTY = re.compile(
    r"[\W_]*(?:нет|не указан[оа]?|отсутствует|неизвест\w*|н[/.\\]?д"
    r"|no|none|null|nan|n[/.\\]?a|unknown|-)?[\W_]*",
    re.IGNORECASE,
)
_PLAIN = re.compile(r" *\+?[\d ()\-]+")
_USSD = re.compile(r"[*#]{1,2}\d{1,5}(?:[*#]+\+?\d{0,12})*")
_MASK = re.compile(r"[*_•●∙·]{1,}|#{2,}|[xхXХ]{2,}|(?<=\d)\?+(?=[\d\s?\-]*\d)|\?{2,}")
_EMAIL = re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")
_SCHEME = re.compile(r"^\s*(?:tel|callto|sips?|phone)\s*:\s*", re.IGNORECASE)
_DATE = re.compile(r"(\d{1,4})([./\-])(\d{1,2})\2(\d{2,4})(?:[ T]+\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?Z?)?")
_FRACTION = re.compile(r"\d{1,8}[.,]\d{1,2}")

_ORDER = list(PhoneClass)


def read_phone(value: object, home: Home = RUSSIA) -> PhoneReading:
    """What one stored value holds: its numbers, its class, what was repaired and what stays open.

    Never raises; what cannot be read is `garbage`, and what can be read in two ways carries `review`.

    Args:
        value: text as stored, or the int or float a spreadsheet made of it; None and NaN are empty.
        home: where numbers without a country or area code belong.
    """
    text = text_of(value)
    if text is None:
        return PhoneReading(None, PhoneClass.EMPTY)
    if len(text) > LONGEST:
        return PhoneReading(text, PhoneClass.GARBAGE, (), frozenset({PhoneFlag.TEXT}))
    cleaned = plain_text(text)
    if _PLAIN.fullmatch(cleaned) and cleaned.rfind("+") <= 0:
        whole = _whole(cleaned, home)
        if whole is not None:
            return PhoneReading(text, whole.phone_class, (whole,), whole.flags)
    if early := _at_a_glance(text, cleaned):
        return early
    flags: set[PhoneFlag] = set()
    cleaned, was_float, lost = undo_float(cleaned)
    if was_float:
        flags.add(PhoneFlag.FLOAT)
    if lost:
        return PhoneReading(text, PhoneClass.LOSSY, (), frozenset(flags), _NO_DIGIT.sub("", cleaned))
    return _read_pieces(text, cleaned, flags, home)


def _whole(cleaned: str, home: Home) -> PhoneNumber | None:
    """The one undoubted number that a plainly written value is, or None when it needs a closer look."""
    written = Piece(cleaned, Parted.START)
    if len(written.digits) < 10:
        return None
    number = number_in(written, home)
    if number is None or number.phone_class is not PhoneClass.VALID or PhoneFlag.REVIEW in number.flags:
        return None
    piece = bare_brackets(written)
    if piece is not None and number_in(piece, home) is not None:
        return None
    return number


def _at_a_glance(text: str, cleaned: str) -> PhoneReading | None:
    """Values that are no phone at all, or one whose digits are hidden."""
    if _EMPTY.fullmatch(cleaned) and not re.search(r"\d", cleaned):
        masked = "_" in cleaned.strip("_ -") or "**" in cleaned
        return PhoneReading(text, PhoneClass.MASKED if masked else PhoneClass.EMPTY)
    if _USSD.fullmatch(cleaned):
        return PhoneReading(text, PhoneClass.SERVICE, (), frozenset(), _NO_DIGIT.sub("", cleaned))
    if _EMAIL.fullmatch(cleaned):
        return PhoneReading(text, PhoneClass.GARBAGE, (), frozenset({PhoneFlag.EMAIL}))
    if _is_date(cleaned):
        return PhoneReading(text, PhoneClass.GARBAGE, (), frozenset({PhoneFlag.DATE}))
    digits = _NO_DIGIT.sub("", cleaned)
    if not digits and not _MASK.search(cleaned):
        return PhoneReading(text, PhoneClass.GARBAGE, (), frozenset({PhoneFlag.TEXT}))
    if _MASK.search(_EMAIL.sub(" ", cleaned)):
        return PhoneReading(text, PhoneClass.MASKED, (), frozenset(), digits)
    if _FRACTION.fullmatch(cleaned) and not re.fullmatch(r"\d+[.,]0+", cleaned):
        return PhoneReading(text, PhoneClass.GARBAGE, (), frozenset(), digits)
    return None


def _is_date(cleaned: str) -> bool:
    """Whether the value is a date; a two-digit year counts only with a time (`12-10-56` may be local)."""
    found = _DATE.fullmatch(cleaned)
    if found is None:
        return False
    first, month, last = found[1], int(found[3]), found[4]
    if len(first) == 4:
        return 1800 <= int(first) <= 2200 and 1 <= month <= 12 and len(last) == 2 and 1 <= int(last) <= 31
    if len(first) > 2 or not (min(int(first), month) >= 1 and min(int(first), month) <= 12):
        return False
    if max(int(first), month) > 31:
        return False
    return (len(last) == 4 and 1800 <= int(last) <= 2200) or (len(last) == 2 and ":" in cleaned)


def _read_pieces(text: str, cleaned: str, flags: set[PhoneFlag], home: Home) -> PhoneReading:
    without_mail = _EMAIL.sub(" ", _SCHEME.sub("", cleaned))
    if without_mail != cleaned and "@" in cleaned:
        flags.add(PhoneFlag.TEXT)
    straight = without_mail
    if len(_NO_DIGIT.sub("", without_mail)) >= 5:
        straight = replace_homoglyphs(without_mail)
        if straight != without_mail:
            flags.add(PhoneFlag.HOMOGLYPH)
    pieces, cut, doubled = split_text(straight)
    if doubled:
        flags.add(PhoneFlag.TRUNK_FIXED)
    if cut:
        flags.add(PhoneFlag.TEXT)
    found = Found(home, flags=flags)
    for piece in _without_asides(pieces):
        read_piece(piece, found)
    if "?" in cleaned:
        found.numbers = [replace(one, flags=one.flags | {PhoneFlag.REVIEW}) for one in found.numbers]
    if _may_be_date(straight):
        found.flags |= {PhoneFlag.DATE, PhoneFlag.REVIEW}
    return _summary(text, found)


def _without_asides(pieces: list[Piece]) -> list[Piece]:
    """Pieces without house numbers and the like: short runs among words, when a longer run is there."""
    longest = max((len(piece.digits) for piece in pieces), default=0)
    kept = []
    for at, piece in enumerate(pieces):
        among_words = piece.parted is Parted.TEXT or (
            at + 1 < len(pieces) and pieces[at + 1].parted is Parted.TEXT
        )
        if among_words and not piece.extension and len(piece.digits) <= 4 and longest >= 5 and not piece.plus:
            continue
        kept.append(piece)
    return kept


def _may_be_date(text: str) -> bool:
    found = _DATE.fullmatch(text)
    return found is not None and len(found[1]) <= 2 and len(found[4]) == 2 and _is_date(f"{text} 00:00")


def _summary(text: str, found: Found) -> PhoneReading:
    """One reading out of everything found."""
    unique: dict[tuple[str, str], PhoneNumber] = {}
    for number in found.numbers:
        unique.setdefault((number.e164, number.extension), number)
    numbers = list(unique.values())
    if PhoneFlag.HOMOGLYPH in found.flags or PhoneFlag.TRUNK_FIXED in found.flags:
        shared = found.flags & {PhoneFlag.HOMOGLYPH, PhoneFlag.TRUNK_FIXED}
        numbers = [replace(number, flags=number.flags | shared) for number in numbers]
    flags = set(found.flags)
    for number in numbers:
        flags |= number.flags
    if len(numbers) > 1:
        flags.add(PhoneFlag.MULTI)
    if numbers and found.left:
        flags.add(PhoneFlag.PARTIAL)
    phone_class = min(found.classes, key=_ORDER.index, default=PhoneClass.GARBAGE)
    if numbers:
        phone_class = min((number.phone_class for number in numbers), key=_ORDER.index)
    return PhoneReading(text, phone_class, tuple(numbers), frozenset(flags), " ".join(found.left))
