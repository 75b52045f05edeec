"""The numbers of one value put together from its pieces, each read in the light of the pieces before it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from toolkit.matching.phones.numbering import DigitsReading, confirm, number_of, read_digits, seven_zone
from toolkit.matching.phones.reading import Home, PhoneClass, PhoneFlag, PhoneNumber
from toolkit.matching.phones.splitting import Parted, Piece, bare_brackets

__all__ = ["Found", "number_in", "read_piece"]


@dataclass(slots=True)
class Found:
    """What has been collected from the pieces of one value so far."""

    home: Home
    numbers: list[PhoneNumber] = field(default_factory=list)
    classes: list[PhoneClass] = field(default_factory=list)
    flags: set[PhoneFlag] = field(default_factory=set)
    left: list[str] = field(default_factory=list)

    def keep(self, number: PhoneNumber, *flags: PhoneFlag) -> None:
        """Add a number."""
        if flags:
            number = replace(number, flags=number.flags | set(flags))
        self.classes.append(number.phone_class)
        self.numbers.append(number)

    def leave(self, phone_class: PhoneClass, digits: str, *flags: PhoneFlag) -> None:
        """Add digits that are no number."""
        self.classes.append(phone_class)
        self.flags |= set(flags)
        self.left.append(digits)


def number_in(piece: Piece, home: Home) -> PhoneNumber | None:
    """The number a piece is when read alone, with its extension; None when it is none."""
    return _with_extension(
        read_digits(piece.digits, home, plus=piece.plus, trunk=piece.trunk, code=piece.code).number, piece
    )


def _with_extension(number: PhoneNumber | None, piece: Piece) -> PhoneNumber | None:
    if number is None or not (piece.extension or piece.doubtful):
        return number
    flags = number.flags | ({PhoneFlag.REVIEW} if piece.doubtful else set())
    return replace(number, extension=piece.extension, flags=flags)


def read_piece(piece: Piece, found: Found) -> None:
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
        with_extension, whole = number_in(bracketed, found.home), number_in(piece, found.home)
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


def _read_lone_extension(piece: Piece, found: Found) -> None:
    """An extension without a number: it belongs to the one number before it, or is internal."""
    if len(found.numbers) == 1 and not found.numbers[0].extension and not piece.doubtful:
        found.numbers[0] = replace(found.numbers[0], extension=piece.extension)
    elif found.numbers:
        _doubt_last(found, piece.extension)
    else:
        found.leave(PhoneClass.INTERNAL, piece.extension)


def _doubt_last(found: Found, digits: str) -> None:
    """Digits after the last number that may be its extension: noted there, and a person decides."""
    last = found.numbers[-1]
    if last.extension:
        found.left.append(digits)
        found.flags.add(PhoneFlag.PARTIAL)
    extension = last.extension or digits
    found.numbers[-1] = replace(last, extension=extension, flags=last.flags | {PhoneFlag.REVIEW})


def _read_tail(piece: Piece, found: Found, previous: PhoneNumber | None) -> None:
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


def _inherit(piece: Piece, found: Found, previous: PhoneNumber) -> bool:
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


def _read_parts(piece: Piece, found: Found, *, dry: bool = False) -> bool:
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
    number = number_in(piece, home)
    if number is None or PhoneFlag.REVIEW in number.flags or number.phone_class is PhoneClass.PLACEHOLDER:
        return None
    return number


def _read_rest(piece: Piece, reading: DigitsReading, found: Found) -> None:
    """A piece that is no full number: local with the home area code, or left as what it is."""
    digits, home = piece.digits, found.home
    if reading.phone_class is PhoneClass.LOCAL and home.area_code and seven_zone(home):
        whole = "7" + home.area_code + digits
        if len(whole) == 11 and confirm(whole) is not None:
            number = number_of(whole, home, frozenset({PhoneFlag.AREA_INFERRED}))
            found.keep(replace(number, extension=piece.extension))
            return
    found.leave(reading.phone_class, digits, *reading.flags)
