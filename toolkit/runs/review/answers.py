"""What a person answered in a workbook of groups; every cell is held against what was offered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xlsxwriter.utility import xl_col_to_name

from toolkit.errors import SheetError
from toolkit.runs.report.names import Names
from toolkit.runs.report.wording import Wording
from toolkit.runs.review.groups import Answer, OfferedGroup, Say
from toolkit.runs.review.sheets import (
    CHOSEN,
    FIRST_CARD,
    KEY,
    NUMBER,
    TIERS,
    WHAT,
    Block,
    Line,
    block_of,
    say_words,
)
from toolkit.runs.review.workbooks import AGAIN, squeezed

__all__ = ["Place", "ReadAnswer", "read_answers"]

_MOST_LETTERS = 2
# Letters that look the same on both keyboards.
_LOOKALIKES = str.maketrans("АВСЕНКМОРТХУ", "ABCEHKMOPTXY")


@dataclass(frozen=True)
class Place:
    """Where something was said."""

    sheet: str
    row: int
    column: str


@dataclass(frozen=True)
class ReadAnswer:
    """An answer, and where its parts stand: `decision`, `part:5`, `master:5`, a field's name."""

    answer: Answer
    places: Mapping[str, Place] = field(default_factory=dict)

    def place(self, what: str, card: int) -> Place | None:
        """Where something was said of a card; of the whole group where it is not said of a card."""
        return self.places.get(f"{what}:{card}") or self.places.get(what) or self.places.get("decision")


def read_answers(
    book: Any, path: Path, groups: Sequence[OfferedGroup], names: Names, _: Wording
) -> dict[int, ReadAnswer]:
    """The answers of a workbook, by number of group; a group whose rows are gone is to be left as it is.

    Args:
        book: opened with openpyxl.
        path: of it, for messages.
        groups: as they were offered.
        names: as when the workbook was written.
        _: the language it was written in.

    Raises:
        SheetError: an edited cell that is for reading only, a row that belongs nowhere, a word that is no
            answer, a value that was not offered; names sheet, row and column.
    """
    for name in dict.fromkeys(group.entity for group in groups):
        names.learn(name, [card for group in groups if group.entity == name for card in group.cards])
    found: dict[int, ReadAnswer] = {}
    for tier, heading in TIERS.items():
        own = {group.number: group for group in groups if group.tier == tier}
        sheet = next((each for each in book.worksheets if each.title == _(heading)), None)
        if sheet is None:
            continue  # deleted as a whole: nothing of it is wanted
        where = f"{path} [{_(heading)}]"
        rows: dict[int, dict[str, _Read]] = {}
        for read in _rows(sheet, where):
            if read.number not in own:
                raise read.refused(NUMBER, str(read.number), "is not the number of a group of this sheet")
            lines = rows.setdefault(read.number, {})
            if read.key in lines:
                raise read.refused(NUMBER, read.number, f"stands in row {lines[read.key].at} already")
            lines[read.key] = read
        for number, lines in rows.items():
            found[number] = _Answering(block_of(own[number], names, _), lines, _).answer()
    for group in groups:
        if group.number not in found:
            found[group.number] = ReadAnswer(Answer("leave", dict.fromkeys(group.cards, "")))
    return found


@dataclass(frozen=True)
class _Read:
    """One row as it came back."""

    where: str
    at: int
    number: int
    key: str
    values: tuple[Any, ...]

    def text(self, column: int) -> str:
        return squeezed(self.values[column]) if column < len(self.values) else ""

    def refused(self, column: int, value: Any, problem: str, remedy: str = AGAIN) -> SheetError:
        return SheetError(self.where, self.at, xl_col_to_name(column), value, problem, remedy)

    def place(self, column: int) -> Place:
        return Place(self.where, self.at, xl_col_to_name(column))


def _rows(sheet: Any, where: str) -> Iterator[_Read]:
    for at, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        if at == 1 or all(squeezed(value) == "" for value in cells):
            continue
        number, key = squeezed(cells[NUMBER]), squeezed(cells[KEY]) if len(cells) > KEY else ""
        read = _Read(where, at, 0, key, tuple(cells))
        if not (number.isascii() and number.isdigit()) or not key:
            raise read.refused(NUMBER, cells[NUMBER], "is not a row of this review: it belongs to no group")
        yield _Read(where, at, int(number), key, tuple(cells))


class _Answering:
    """One block as it came back, against the block as it went out."""

    def __init__(self, block: Block, lines: Mapping[str, _Read], _: Wording) -> None:
        self._block, self._lines, self._ = block, lines, _
        self._cards = block.group.cards
        self._places: dict[str, Place] = {}

    def answer(self) -> ReadAnswer:
        block, lines = self._block, self._lines
        stray = next((read for key, read in lines.items() if block.line(key) is None), None)
        if stray is not None:
            raise stray.refused(KEY, stray.key, "is not a row of this group")
        for line in block.lines:
            if line.key in lines:
                self._as_offered(line, lines[line.key])
        for key in ("decision", "part", "master"):
            if key not in lines:
                first = next(iter(lines.values()))
                raise first.refused(
                    WHAT,
                    self._.phrase(key),
                    "is missing from this group",
                    "Delete all rows of a group or none. " + AGAIN,
                )
        say = self._said(lines["decision"])
        letters = {card: self._letter(lines["part"], at) for at, card in enumerate(self._cards)}
        masters = tuple(card for at, card in enumerate(self._cards) if self._stays(lines["master"], at))
        values: dict[str, int] = {}
        for line in block.lines:
            if line.key.startswith("field:") and line.key in lines:
                name = line.key.partition(":")[2]
                self._places[name] = lines[line.key].place(CHOSEN)
                card = self._value(line, lines[line.key])
                if card is not None:
                    values[name] = card
        withdrawn = tuple(
            (key.key_type, key.value)
            for at, key in enumerate(block.group.keys)
            if f"key:{at}" in lines and self._withdrawn(lines[f"key:{at}"])
        )
        return ReadAnswer(Answer(say, letters, masters, values, withdrawn), self._places)

    def _as_offered(self, line: Line, read: _Read) -> None:
        """Everything that is not asked must read as it was written."""
        asked: set[int] = set()
        if line.asks == "chosen":
            asked = {CHOSEN}
        elif line.asks == "cards":
            asked = {FIRST_CARD + at for at in range(len(self._cards))}
        meant = {WHAT: line.what, CHOSEN: line.chosen}
        meant |= {FIRST_CARD + at: text for at, text in enumerate(line.cells)}
        for column in range(WHAT, max(len(read.values), FIRST_CARD + len(line.cells))):
            if column in asked:
                continue
            wanted = squeezed(meant.get(column, ""))
            if read.text(column) != wanted:
                value = read.values[column] if column < len(read.values) else None
                raise read.refused(
                    column,
                    value,
                    f"was edited: it read {wanted!r}",
                    "Only the yellow cells are asked. " + AGAIN,
                )

    def _said(self, read: _Read) -> Say:
        self._places["decision"] = read.place(CHOSEN)
        text = read.text(CHOSEN).casefold()
        for language in (self._, Wording("ru"), Wording("en")):
            for say, words in say_words(language).items():
                if text == words.casefold():
                    return say
        options = ", ".join(say_words(self._).values())
        raise read.refused(CHOSEN, read.values[CHOSEN], "is no decision", f"Choose one of: {options}.")

    def _letter(self, read: _Read, at: int) -> str:
        column, card = FIRST_CARD + at, self._cards[at]
        self._places[f"part:{card}"] = read.place(column)
        letter = read.text(column).upper().translate(_LOOKALIKES)
        if letter and (len(letter) > _MOST_LETTERS or not letter.isalpha()):
            raise read.refused(column, read.values[column], "is not the letter of a part", "Write A, B, C, …")
        return letter

    def _stays(self, read: _Read, at: int) -> bool:
        column, card = FIRST_CARD + at, self._cards[at]
        self._places[f"master:{card}"] = read.place(column)
        text = read.text(column).casefold()
        if text in ("", "нет", "no"):
            return False
        if text in ("да", "yes"):
            return True
        raise read.refused(column, read.values[column], "is neither yes nor no", "Write да or nothing.")

    def _value(self, line: Line, read: _Read) -> int | None:
        """The card whose value was chosen; None when the proposal stands."""
        text = read.text(CHOSEN)
        if text == squeezed(line.chosen):
            return None
        offered = [(squeezed(cell), card) for cell, card in zip(line.cells, self._cards, strict=True) if cell]
        same = [card for cell, card in offered if cell == text]
        if not same and text.casefold() == squeezed(line.chosen).casefold():
            return None
        same = same or [card for cell, card in offered if cell.casefold() == text.casefold()]
        if same:
            return same[0]
        options = "; ".join(dict.fromkeys(cell for cell, _ in offered))
        value = read.values[CHOSEN] if len(read.values) > CHOSEN else None
        raise read.refused(CHOSEN, value, "was not offered", f"Choose one of: {options}.")

    def _withdrawn(self, read: _Read) -> bool:
        text = read.text(CHOSEN).casefold()
        if not text:
            return False
        if text in {Wording(each)("no evidence").casefold() for each in ("ru", "en")}:
            return True
        raise read.refused(
            CHOSEN, read.values[CHOSEN], "is no answer", f"Leave it empty, or: {self._('no evidence')}."
        )
