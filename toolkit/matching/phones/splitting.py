"""From cleaned text to pieces: runs of digits with plus, extension and what parts them from the run before.

Nothing here knows which digits make a number; `scalar` decides that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property

_NO_DIGIT = re.compile(r"\D")
_TRUNK = re.compile(r"\s*\+?[78](?:[\s\-]*\(|[\s\-]+\d{3,5}(?!\d))")
_FENCED = re.compile(r"\x01[\d\-]+\x01")

__all__ = ["Parted", "Piece", "bare_brackets", "split_text"]


class Parted(Enum):
    """What stands between a piece and the one before it."""

    START = "start"
    SEPARATOR = "separator"
    """A semicolon, a line break, a word, a comma or slash before a long piece."""
    TAIL = "tail"
    """A slash before one to four digits: another ending of the same number."""
    SHORT = "short"
    """A comma before one to four digits: an extension or another ending."""
    TEXT = "text"
    """Other words within one piece."""


@dataclass(frozen=True)
class Piece:
    """One run of phone characters.

    Args:
        run: the characters, blanks and brackets included.
        parted: what stands before it.
        extension: digits after an extension mark.
        doubtful: whether the extension mark was mere brackets, or there were several, or a pair (`12-34`).
    """

    run: str
    parted: Parted
    extension: str = ""
    doubtful: bool = False

    @cached_property
    def digits(self) -> str:
        """The digits of the run."""
        return _NO_DIGIT.sub("", self.run)

    @property
    def plus(self) -> bool:
        """Whether a plus stands before the digits."""
        return "+" in self.run

    @property
    def code(self) -> str:
        """The digits set apart right after the plus: the country code, if the writer knew it."""
        found = _CODE_APART.match(self.run)
        return found[1] if found else ""

    @cached_property
    def trunk(self) -> bool:
        """Whether the first digit stands apart, as the trunk prefix in `8 (342) …`."""
        return _TRUNK.match(self.run) is not None


_L = "a-zа-яё"
# An extension mark, then its digits. The private mark \x01 fences what was found.
_EXTENSION = re.compile(
    rf"""(?:;\s*ext\s*=
        | (?<![{_L}])(?:доб(?:авочн[а-я]*)?|вн(?:утр[а-я]*)?|ext(?:ension|n)?|(?<=[\d)\s])[xх])(?![{_L}])
        | (?<=[\d)])\s*[pw](?=\d)
        | ,\s*,[,\s]*
        | (?<!\#)\#(?!\#)
      )\s*[.:№#=\-]*\s*(?:no\b|номер)?\s*\(?\s*(\d{{1,6}}(?:-\d{{1,4}})?)(?!-?\d)\s*\)?\#?""",
    re.IGNORECASE | re.VERBOSE,
)
_HARD = re.compile(rf"[;|\n\\]|(?<![{_L}])(?:или|и|or|and)(?![{_L}])", re.IGNORECASE)
_SOFT = re.compile(r"([/,])")
_RUN = re.compile(r"\x01([\d\-]+)\x01|([+(\[]*\d(?:[\d\s()\[\].\-~'\"+]*\d)?[)\]]?)")
_BARE = re.compile(r"^(.*\d.*?)\s*\((\d{2,5})\)\s*$")
_PREFIXED_PLUS = re.compile(r"(^|[;,|\n/:]|[^\W\d_]\.?\s)\s*\+?(?:7|8|007)[\s(\-]*\+(?=\s*\(?7)")
# The national prefix in brackets after the country code, `+44 (0)20 …`; only Italy dials it from abroad.
_BRACKETED_ZERO = re.compile(r"(\+\s?(?!39)\d{1,3})[\s\-]*\(0\)")
_TIME = re.compile(r"(?<![\d:])\d{1,2}:\d{2}(?![\d:])")
_CODE_APART = re.compile(r"\s*\+\s?(\d{1,3})[\s(\-]")


def split_text(text: str) -> tuple[list[Piece], bool, bool]:
    """Pieces in the order written, whether other text was cut away, and whether a prefix too many was.

    A run of digits that belongs to an extension without a number comes as a piece with an empty run.
    """
    text, doubled = _PREFIXED_PLUS.subn(r"\1+", text)
    text, zeros = _BRACKETED_ZERO.subn(r"\1 ", text)
    text, times = _TIME.subn("\x02", text)
    text = _EXTENSION.sub(lambda found: f"\x01{found[1]}\x01", text)
    pieces: list[Piece] = []
    cut = bool(times)
    for chunk in _HARD.split(text):
        for part, parted in _soft_parts(chunk):
            found, left_over = _runs(part, parted)
            pieces += found
            cut |= left_over
    return pieces, cut, bool(doubled or zeros)


def _digit_count(text: str) -> int:
    return len(_NO_DIGIT.sub("", _FENCED.sub("", text)))


def _soft_parts(chunk: str) -> list[tuple[str, Parted]]:
    """A chunk divided at those commas and slashes that part numbers; the others become blanks."""
    bits = _SOFT.split(chunk)
    if len(bits) == 1:
        return [(chunk, Parted.SEPARATOR)]
    parts: list[tuple[str, Parted]] = [(bits[0], Parted.SEPARATOR)]
    for mark, bit in zip(bits[1::2], bits[2::2], strict=True):
        before, after = _digit_count(parts[-1][0]), _digit_count(bit)
        trunk_alone = before == 1 and parts[-1][0].strip(" +(") in ("7", "8")
        if after >= 5 and (before >= 5 or (after >= 10 and not trunk_alone)):
            parts.append((bit, Parted.SEPARATOR))
        elif 1 <= after <= 4 and (parts[-1][1] is Parted.TAIL or (mark == "/" and before >= 5)):
            parts.append((bit, Parted.TAIL))
        elif mark == "," and before >= 10 and 1 <= after <= 4:
            parts.append((bit, Parted.SHORT))
        else:
            parts[-1] = (f"{parts[-1][0]} {bit}", parts[-1][1])
    return parts


def _runs(part: str, parted: Parted) -> tuple[list[Piece], bool]:
    """The runs of one part and whether anything but runs and punctuation stood around them."""
    pieces: list[Piece] = []
    last = 0
    for found in _RUN.finditer(part):
        if found[1] is not None:
            _attach(pieces, found[1], parted)
            last = found.end()
            continue
        for run in _at_each_plus(found[2]):
            between = parted if not pieces else Parted.TEXT
            if "+" in run and pieces:
                between = Parted.SEPARATOR
            elif pieces and len(_NO_DIGIT.sub("", run)) <= 4 and not _wordy(part[last : found.start()]):
                between = Parted.SHORT
            pieces.append(Piece(run, between))
        last = found.end()
    rest = _RUN.sub("", part)
    return pieces, any(character.isalnum() for character in rest)


def _wordy(text: str) -> bool:
    return any(character.isalpha() for character in text)


def _attach(pieces: list[Piece], fenced: str, parted: Parted) -> None:
    extension, pair = _NO_DIGIT.sub("", fenced), "-" in fenced
    if not pieces:
        pieces.append(Piece("", parted, extension, pair))
    elif pieces[-1].extension:
        pieces[-1] = replace(pieces[-1], doubtful=True)
    else:
        pieces[-1] = replace(pieces[-1], extension=extension, doubtful=pair)


def _at_each_plus(run: str) -> list[str]:
    """A run cut before every plus that follows digits."""
    if run.rfind("+") <= 0:
        return [run]
    starts = [0] + [at for at, character in enumerate(run) if character == "+" and re.search(r"\d", run[:at])]
    return [run[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


def bare_brackets(piece: Piece) -> Piece | None:
    """The piece with a short number in brackets at its end as its extension, `… (105)`; None without one."""
    found = _BARE.match(piece.run) if piece.run.rstrip().endswith(")") else None
    if found is None or piece.extension or len(_NO_DIGIT.sub("", found[1])) < 10:
        return None
    return Piece(found[1], piece.parted, found[2], doubtful=True)
