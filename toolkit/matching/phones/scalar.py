"""One stored value, read exactly: the reference that the pass over a whole column has to agree with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from toolkit.matching.cells import plain_text, text_of, undo_float
from toolkit.matching.phones.homoglyphs import replace_homoglyphs
from toolkit.matching.phones.numbering import DigitsReading, confirm, number_of, read_digits, seven_zone
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


@dataclass(slots=True)
class _Found:
    """What has been collected from the pieces of one value so far."""

    home: Home
    numbers: list[PhoneNumber] = field(default_factory=list)
    classes: list[PhoneClass] = field(default_factory=list)
    flags: set[PhoneFlag] = field(default_factory=set)
    left: list[str] = field(default_factory=list)

    def keep(self, number: PhoneNumber, *flags: PhoneFlag) -> None:
        if flags:
            number = replace(number, flags=number.flags | set(flags))
        self.classes.append(number.phone_class)
        self.numbers.append(number)

    def leave(self, phone_class: PhoneClass, digits: str, *flags: PhoneFlag) -> None:
        self.classes.append(phone_class)
        self.flags |= set(flags)
        self.left.append(digits)


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
    number = _number_in(written, home)
    if number is None or number.phone_class is not PhoneClass.VALID or PhoneFlag.REVIEW in number.flags:
        return None
    piece = bare_brackets(written)
    if piece is not None and _number_in(piece, home) is not None:
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
    found = _Found(home, flags=flags)
    for piece in _without_asides(pieces):
        _read_piece(piece, found)
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


def _number_in(piece: Piece, home: Home) -> PhoneNumber | None:
    return _with_extension(
        read_digits(piece.digits, home, plus=piece.plus, trunk=piece.trunk, code=piece.code).number, piece
    )


def _with_extension(number: PhoneNumber | None, piece: Piece) -> PhoneNumber | None:
    if number is None or not (piece.extension or piece.doubtful):
        return number
    flags = number.flags | ({PhoneFlag.REVIEW} if piece.doubtful else set())
    return replace(number, extension=piece.extension, flags=flags)


def _read_piece(piece: Piece, found: _Found) -> None:
    """Add one piece to what was found, in the light of the pieces before it."""
    digits = piece.digits
    if not digits:
        _read_lone_extension(piece, found)
        return
    previous = found.numbers[-1] if found.numbers else None
    if piece.parted is Parted.TAIL:
        _read_tail(piece, found, previous)
        return
    if piece.parted is Parted.SHORT and previous is not None:
        _doubt_last(found, digits)
        return
    if 5 <= len(digits) <= 7 and not piece.plus and previous is not None and _inherit(piece, found, previous):
        return
    if bracketed := bare_brackets(piece):
        with_extension, whole = _number_in(bracketed, found.home), _number_in(piece, found.home)
        if with_extension is not None:
            others = with_extension.alternatives + ((whole.e164,) if whole is not None else ())
            found.keep(replace(with_extension, alternatives=others))
            return
    reading = read_digits(digits, found.home, plus=piece.plus, trunk=piece.trunk, code=piece.code)
    number = _with_extension(reading.number, piece)
    literal = number is not None and PhoneFlag.REVIEW not in number.flags
    if number is not None and (literal or not _read_parts(piece, found, dry=True)):
        found.keep(number)
    elif not _read_parts(piece, found):
        _read_rest(piece, reading, found)


def _read_lone_extension(piece: Piece, found: _Found) -> None:
    """An extension without a number: it belongs to the one number before it, or is internal."""
    if len(found.numbers) == 1 and not found.numbers[0].extension and not piece.doubtful:
        found.numbers[0] = replace(found.numbers[0], extension=piece.extension)
    elif found.numbers:
        _doubt_last(found, piece.extension)
    else:
        found.leave(PhoneClass.INTERNAL, piece.extension)


def _doubt_last(found: _Found, digits: str) -> None:
    """Digits after the last number that may be its extension: noted there, and a person decides."""
    last = found.numbers[-1]
    if last.extension:
        found.left.append(digits)
        found.flags.add(PhoneFlag.PARTIAL)
    extension = last.extension or digits
    found.numbers[-1] = replace(last, extension=extension, flags=last.flags | {PhoneFlag.REVIEW})


def _read_tail(piece: Piece, found: _Found, previous: PhoneNumber | None) -> None:
    """Another ending of the number before: `…-67/68`."""
    digits = piece.digits
    base = previous.e164[1:] if previous is not None else found.left[-1] if found.left else ""
    if len(base) < len(digits) + 3:
        found.leave(PhoneClass.INTERNAL, digits, PhoneFlag.REVIEW)
        return
    whole = base[: -len(digits)] + digits
    if previous is None:
        found.leave(PhoneClass.LOCAL, whole, PhoneFlag.TAIL, PhoneFlag.MULTI)
        return
    inherited = previous.flags & {PhoneFlag.AREA_INFERRED, PhoneFlag.REVIEW}
    if confirm(whole) is None:
        found.leave(PhoneClass.INTERNAL, digits, PhoneFlag.REVIEW, PhoneFlag.PARTIAL)
        return
    number = number_of(whole, found.home, inherited)
    found.keep(replace(number, extension=piece.extension), PhoneFlag.TAIL)


def _inherit(piece: Piece, found: _Found, previous: PhoneNumber) -> bool:
    """Read a local number with the code of the full one before it; five and six digits only with review."""
    digits = piece.digits
    whole = previous.e164[1 : -len(digits)] + digits
    if not seven_zone(found.home) or previous.country not in ("RU", "KZ") or previous.line == "mobile":
        return False
    if PhoneFlag.AREA_INFERRED in previous.flags or confirm(whole) is None:
        return False
    doubts = previous.flags & {PhoneFlag.REVIEW}
    if len(digits) < 7 or piece.parted is Parted.TEXT:
        doubts |= {PhoneFlag.REVIEW}
    number = number_of(whole, found.home, frozenset(doubts))
    extension = replace(number, extension=piece.extension)
    found.keep(extension, PhoneFlag.AREA_INHERITED)
    return True


def _read_parts(piece: Piece, found: _Found, *, dry: bool = False) -> bool:
    """Read one run that is too long for a number as several; say whether that worked.

    A blank where both sides are full numbers parts them; without a blank, or with several such blanks, a
    person has to look. A short group before or after a full number is dropped or taken for an extension,
    also with review.
    """
    home, run = found.home, piece.run
    cuts = [(run[: at.start()], run[at.end() :]) for at in re.finditer(r"\s+", run)]
    pairs = []
    asides: list[tuple[PhoneNumber, str, bool]] = []
    for left_run, right_run in cuts:
        left, right = (
            Piece(left_run, piece.parted),
            Piece(right_run, Parted.SEPARATOR, piece.extension, piece.doubtful),
        )
        first, second = _sure(left, home), _sure(right, home)
        if first and second:
            pairs.append((first, second))
        elif first and 1 <= len(right.digits) <= 7:
            asides.append((first, right.digits, True))
        elif second and 1 <= len(left.digits) <= 7:
            asides.append((second, left.digits, False))
    if not pairs and len(piece.digits) == 22 and not piece.plus:
        left, right = Piece(piece.digits[:11], piece.parted), Piece(piece.digits[11:], Parted.SEPARATOR)
        first, second = _sure(left, home), _sure(right, home)
        if first and second:
            pairs = [(first, replace(second, extension=piece.extension))] * 2  # no blank to trust: review
    if dry:
        return bool(pairs)
    if pairs:
        doubts = [PhoneFlag.REVIEW] if len(pairs) > 1 else []
        for number in pairs[0]:
            found.keep(number, *doubts)
        return True
    if len({number.e164 for number, _, _ in asides}) != 1:
        return False
    number, digits, follows = asides[0]
    found.keep(number, PhoneFlag.REVIEW)
    if follows and len(digits) == 7 and _inherit(Piece(digits, Parted.TEXT, piece.extension), found, number):
        return True
    if follows and not number.extension and not piece.extension and len(digits) <= 5:
        found.numbers[-1] = replace(found.numbers[-1], extension=digits)
    else:
        found.left.append(digits)
        found.flags.add(PhoneFlag.PARTIAL)
    return True


def _sure(piece: Piece, home: Home) -> PhoneNumber | None:
    """The number of a piece that is full, valid and beyond doubt."""
    if len(piece.digits) < 10:
        return None
    number = _number_in(piece, home)
    if number is None or PhoneFlag.REVIEW in number.flags or number.phone_class is PhoneClass.PLACEHOLDER:
        return None
    return number


def _read_rest(piece: Piece, reading: DigitsReading, found: _Found) -> None:
    """A piece that is no full number: local with the home area code, or left as what it is."""
    digits, home = piece.digits, found.home
    if reading.phone_class is PhoneClass.LOCAL and home.area_code and seven_zone(home):
        whole = "7" + home.area_code + digits
        if len(whole) == 11 and confirm(whole) is not None:
            number = number_of(whole, home, frozenset({PhoneFlag.AREA_INFERRED}))
            found.keep(replace(number, extension=piece.extension))
            return
    found.leave(reading.phone_class, digits, *reading.flags)


def _summary(text: str, found: _Found) -> PhoneReading:
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
