"""Groups of cards in a workbook: one sheet per tier, one block per group, the cards of a group side by side.

    A no. | B (hidden: which row this is) | C what | D chosen | E.. one column per card
    12      decision                        решение  [merge ▾]   the evidence
    12      card                            карточка             контакт 5    контакт 6   (links)
    12      part                            подгруппа            [A ▾]        [A ▾]
    12      master                          главная              [да ▾]       [ ]
    12      field:post                      Должность [… ▾]      бухгалтер    главбух
    12      show:phones                     телефоны             …            …
    12      key:0                           общее     [ ▾]       телефон +7…: личный
    12      why:0                           почему               5 — 6: имена совпадают; …

`block_of` says what each cell holds, for writing and for checking what came back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.utility import xl_col_to_name

from toolkit.errors import PlanError, StorageError
from toolkit.runs.report.listings import Listing
from toolkit.runs.report.names import Names
from toolkit.runs.report.wording import Wording
from toolkit.runs.report.workbook import MOST_LINKS, MOST_ROWS, SheetWriter
from toolkit.runs.review.groups import OfferedField, OfferedGroup, Say
from toolkit.runs.review.workbooks import write_facts

__all__ = ["CHOSEN", "FIRST_CARD", "TIERS", "Block", "Line", "block_of", "say_words", "write_groups"]

NUMBER, KEY, WHAT, CHOSEN, FIRST_CARD = 0, 1, 2, 3, 4
TIERS: Mapping[str, str] = {"auto": "Automatic", "review": "In doubt"}
_SAID: Mapping[Say, str] = {"merge": "make one", "leave": "leave", "different": "different clients"}
_LETTERS = ["A", "B", "C", "D", "E"]
_HEAD, _ASKED, _ODD = "#DCE6F5", "#FFF7DA", "#F4F6F9"
_WRAPS = 60


@dataclass(frozen=True)
class Line:
    """One row of a block.

    Args:
        key: which row it is: `decision`, `card`, `part`, `master`, `field:post`, `show:phones`, `key:0`, `why:0`.
        what: its heading.
        chosen: what stands in the column to choose in.
        cells: a text per card, or the one text of the row.
        asks: where a person may write: `chosen`, `cards`, or nowhere.
    """

    key: str
    what: str
    chosen: str
    cells: tuple[str, ...]
    asks: str = ""


@dataclass(frozen=True)
class Block:
    """A group as it stands on its sheet."""

    group: OfferedGroup
    lines: tuple[Line, ...]

    def line(self, key: str) -> Line | None:
        """The line of that key."""
        return next((line for line in self.lines if line.key == key), None)


def say_words(_: Wording) -> dict[Say, str]:
    """The answers about a group, as they are chosen."""
    return {say: _(words) for say, words in _SAID.items()}


def block_of(group: OfferedGroup, names: Names, _: Wording) -> Block:
    """Every cell of a group; `names` must have learned its cards."""
    proposal = group.proposal
    cards = group.cards
    each = {card: names.record(group.entity, card).text for card in cards}
    titled = {
        card: f"{text}: {names.title(group.entity, card)}".removesuffix(": ") for card, text in each.items()
    }
    summary = _.many("{n} card", "{n} cards", len(cards))
    lines = [
        Line("decision", _("decision"), say_words(_)[proposal.say], (summary,), "chosen"),
        Line("card", _("card"), "", tuple(titled[card] for card in cards)),
        Line("part", _("part"), "", tuple(proposal.letters[card] for card in cards), "cards"),
        Line(
            "master",
            _("stays"),
            "",
            tuple(_("yes") if card in proposal.masters else "" for card in cards),
            "cards",
        ),
    ]
    lines += [_field_line(group, each_field, names) for each_field in group.fields]
    lines += [
        Line(f"show:{heading}", _(heading), "", tuple(texts.get(card, "") for card in cards))
        for heading, texts in group.shown.items()
    ]
    lines += [
        Line(f"key:{at}", _("in common"), "", (f"{key.words} ({', '.join(map(str, key.cards))})",), "chosen")
        for at, key in enumerate(group.keys)
    ]
    lines += [Line(f"why:{at}", _("why"), "", (words,)) for at, words in enumerate(group.why)]
    return Block(group, tuple(lines))


def _field_line(group: OfferedGroup, field: OfferedField, names: Names) -> Line:
    texts = {card: names.value(group.entity, field.name, value) for card, value in field.values.items()}
    proposed = "" if field.proposed is None else names.value(group.entity, field.name, field.proposed)
    heading = names.field(group.entity, field.name)
    return Line(
        f"field:{field.name}", heading, proposed, tuple(texts.get(card, "") for card in group.cards), "chosen"
    )


def write_groups(
    groups: Sequence[OfferedGroup],
    left: Listing | None,
    names: Names,
    wording: Wording,
    path: Path,
    facts: Mapping[str, str],
    title: str,
) -> Path:
    """Write the workbook; replaced when it exists, readable by its owner only.

    Args:
        groups: what is offered.
        left: what is not: pairs that are listed only.
        names: what cards, fields and values are called.
        wording: the reader's language.
        path: where to.
        facts: what the import has to know again.
        title: of the page that explains how to review.

    Raises:
        PlanError: more rows than a sheet holds.
        StorageError: it cannot be written.
    """
    for name in dict.fromkeys(group.entity for group in groups):
        names.learn(name, [card for group in groups if group.entity == name for card in group.cards])
    part = path.with_name(path.name + ".part")
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        options = {"strings_to_formulas": False, "strings_to_urls": False, "tmpdir": str(part.parent)}
        book = xlsxwriter.Workbook(part, options)
        writer = SheetWriter(book, wording)
        for tier, heading in TIERS.items():
            own = [group for group in groups if group.tier == tier]
            if own:
                _sheet(writer, wording(heading), [block_of(group, names, wording) for group in own], names)
        if left is not None and left.total:
            writer.listing(replace(left, title=wording("Not merged")))
        _help(writer, title, wording)
        write_facts(book, dict(facts))
        book.close()
        part.replace(path)
    except (OSError, XlsxWriterException) as error:
        raise StorageError(path, str(error), "Close it where it is open, or free some space.") from error
    finally:
        with suppress(OSError):  # what cannot be written cannot be tidied either
            part.unlink(missing_ok=True)
    return path


def _sheet(writer: SheetWriter, title: str, blocks: Sequence[Block], names: Names) -> None:
    _ = writer._
    rows = sum(len(block.lines) + 1 for block in blocks)
    if rows > MOST_ROWS:
        raise PlanError(
            title, f"has {rows} rows, more than a sheet holds", "Narrow the parameters, or plan in parts."
        )
    sheet = writer.book.add_worksheet(title)
    widest = max(len(block.group.cards) for block in blocks)
    sheet.freeze_panes(1, FIRST_CARD)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.hide_gridlines(2)
    sheet.set_column(NUMBER, NUMBER, 6)
    sheet.set_column(KEY, KEY, 4, None, {"hidden": True})
    sheet.set_column(WHAT, WHAT, 18)
    sheet.set_column(CHOSEN, CHOSEN, 26)
    sheet.set_column(FIRST_CARD, FIRST_CARD + max(widest, 2) - 1, 30)
    headings = [_("group"), _("row"), _("what"), _("choose here"), _("cards, side by side")]
    for column, text in enumerate([*headings, *[""] * (max(widest, 2) - 1)]):
        writer.text(sheet, 0, column, text, bold=True, bg_color="#E9EDF3", bottom=1)
    lists = _Lists(_)
    linked = sum(len(block.group.cards) for block in blocks) <= MOST_LINKS
    at = 1
    for block in blocks:
        for line in block.lines:
            _row(writer, sheet, at, block, line, names, linked=linked, widest=max(widest, 2))
            lists.note(at, block, line)
            at += 1
        at += 1  # an empty row between groups
    lists.write(sheet)


def _row(
    writer: SheetWriter,
    sheet: Any,
    at: int,
    block: Block,
    line: Line,
    names: Names,
    *,
    linked: bool,
    widest: int,
) -> None:
    head = line.key == "decision"
    look: dict[str, Any] = {"bg_color": _HEAD, "bold": True, "top": 2} if head else {}
    if head:
        sheet.set_row(at, 20)
    writer.text(sheet, at, NUMBER, str(block.group.number), **{**look, "font_color": "#6B7686"})
    writer.text(sheet, at, KEY, line.key, font_color="#9AA3AF")
    writer.text(sheet, at, WHAT, line.what, **look)
    asked = {"bg_color": _ASKED, "border": 1, "border_color": "#D9C77A"}
    chosen = {**look, **asked} if line.asks == "chosen" else look
    writer.text(sheet, at, CHOSEN, line.chosen, **{**chosen, "text_wrap": True})
    for offset in range(widest):
        text = line.cells[offset] if offset < len(line.cells) else ""
        cell = dict(look)
        if line.asks == "cards" and offset < len(line.cells):
            cell |= asked
        elif line.key.startswith("field:"):
            cell["text_wrap"] = True
        if line.key == "card" and linked and offset < len(line.cells):
            url = names.url(block.group.entity, block.group.cards[offset])
            if url:
                form = writer.format(valign="top", font_color="#1F5FA8", underline=1)
                sheet.write_url(at, FIRST_CARD + offset, url, form, text)
                continue
        writer.text(sheet, at, FIRST_CARD + offset, text, **cell)


class _Lists:
    """Where something can be chosen from a list; one rule for all cells of a kind, as programs like it."""

    def __init__(self, _: Wording) -> None:
        self._ = _
        self._words: dict[tuple[str, ...], list[tuple[int, int]]] = {}
        self._ranges: dict[int, list[int]] = {}

    def note(self, at: int, block: Block, line: Line) -> None:
        _ = self._
        cards = len(block.group.cards)
        if line.key == "decision":
            self._add(tuple(say_words(_).values()), [(at, CHOSEN)])
        elif line.key == "part":
            self._add(tuple(_LETTERS), [(at, FIRST_CARD + each) for each in range(cards)])
        elif line.key == "master":
            self._add((_("yes"),), [(at, FIRST_CARD + each) for each in range(cards)])
        elif line.key.startswith("key:"):
            self._add((_("no evidence"),), [(at, CHOSEN)])
        elif line.key.startswith("field:"):
            self._ranges.setdefault(cards, []).append(at)

    def _add(self, words: tuple[str, ...], cells: Iterable[tuple[int, int]]) -> None:
        self._words.setdefault(words, []).extend(cells)

    def write(self, sheet: Any) -> None:
        for words, cells in self._words.items():
            rule = {"validate": "list", "source": list(words), "error_title": self._("Choose here")}
            rule["error_message"] = self._("Choose from the list, please.")
            _validated(sheet, cells, rule)
        for cards, rows in self._ranges.items():
            first, last = xl_col_to_name(FIRST_CARD), xl_col_to_name(FIRST_CARD + cards - 1)
            # Relative to the first cell of the rule: each row offers the values of its own cards.
            rule = {
                "validate": "list",
                "source": f"=${first}{rows[0] + 1}:${last}{rows[0] + 1}",
                "error_type": "warning",  # a joined comment is longer than any one of its parts
                "error_message": self._("Choose the value of one of the cards."),
            }
            _validated(sheet, [(row, CHOSEN) for row in rows], rule)


_MOST_RANGES = 500
"""Ranges of one rule: programs read them as one long text."""


def _validated(sheet: Any, cells: Sequence[tuple[int, int]], rule: Mapping[str, Any]) -> None:
    for start in range(0, len(cells), _MOST_RANGES):
        some = cells[start : start + _MOST_RANGES]
        (row, column), others = some[0], some[1:]
        own = dict(rule)
        source = own["source"]
        if start and isinstance(source, str):
            own["source"] = source.replace(str(cells[0][0] + 1), str(row + 1))
        if others:
            own["other_cells"] = [[r, c, r, c] for r, c in others]
        sheet.data_validation(row, column, row, column, own)


def _help(writer: SheetWriter, title: str, _: Wording) -> None:
    sheet = writer.book.add_worksheet(_("How to review"))
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 120)
    writer.text(sheet, 0, 0, title, bold=True, font_size=14)
    for row, line in enumerate(_help_lines(_), start=2):
        writer.text(sheet, row, 0, f"{row - 1}. {line}", text_wrap=True)


def _help_lines(_: Wording) -> Iterator[str]:
    yield _("Every group is a block; only the yellow cells are asked. The decision is in its first row.")
    yield _("“make one”: the cards of one letter become one card. “leave”: nothing happens to this group.")
    yield _(
        "“different clients”: these cards will never be proposed together again, to nobody; this is remembered."
    )
    yield _("To split a group, give the cards different letters. A card without a letter stays as it is.")
    yield _("“stays” marks the card that remains, one in each part. Where none is marked, the rules choose.")
    yield _("In the row of a field choose the value of another card, where the proposed one is wrong.")
    yield _("“no evidence” beside something in common: this phone or mailbox is remembered to prove nothing.")
    yield _(
        "A group whose rows are deleted is left as it is. Everything that is not yellow is for reading only."
    )
    yield _(
        "Only what is offered here can be chosen: a review makes nothing out of cards that were not found alike."
    )
