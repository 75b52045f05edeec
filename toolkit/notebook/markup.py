"""Views: things that show themselves, as escaped HTML in a notebook and as plain text elsewhere."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from toolkit.runs.report.listings import Cell, Column, Listing, Mark
from toolkit.runs.report.names import plain
from toolkit.runs.report.wording import Language, Wording
from toolkit.settings import is_loopback

__all__ = ["Facts", "Grid", "Picture", "Pictures", "Said", "Speech", "View"]

_TONES = {
    "good": "#1f8a5b",
    "done": "#1f8a5b",
    "already": "#1f8a5b",
    "warn": "#b3720c",
    "conflict": "#b3720c",
    "changed by someone else": "#b3720c",
    "quarantined": "#a94498",
    "bad": "#c0392b",
    "rejected": "#c0392b",
    "unexplained": "#c0392b",
    "wait": "#4563a0",
    "sent": "#6f6fd6",
}
_STYLE = (
    "<style>.b24 table{border-collapse:collapse;margin:4px 0 8px;font-size:13px}"
    ".b24 th,.b24 td{text-align:left!important;vertical-align:top;padding:3px 12px 3px 0!important;"
    "max-width:460px;white-space:normal;overflow-wrap:break-word}"
    ".b24 th{border-bottom:1px solid #99a;font-weight:600}"
    ".b24 .n{text-align:right!important;white-space:nowrap}"
    ".b24 h4{margin:10px 0 2px}.b24 p{margin:3px 0}.b24 .more{opacity:.7;font-size:12px}"
    ".b24 svg{max-width:900px;width:100%;height:auto}"
    ".b24 .many{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:8px;max-width:960px}"
    ".b24 svg text{font-size:13px;fill:currentColor}.b24 svg .muted{opacity:.7}"
    ".b24 svg .grid{stroke:#8884}.b24 svg .axis,.b24 svg .pause{stroke:#888}"
    ".b24 svg .line{stroke:#1f8a5b;stroke-width:2;fill:none}</style>"
)


class Speech:
    """What a view says, in the reader's language.

    Args:
        language: `ru` or `en`.
        offset_s: seconds the portal's clock is ahead of UTC.
    """

    def __init__(self, language: str, offset_s: int = 0) -> None:
        self.language: Language = "ru" if language == "ru" else "en"
        self.wording = Wording(self.language, offset_s)

    def __call__(self, english: str, russian: str) -> str:
        """The one of the two the reader understands."""
        return russian if self.language == "ru" else english


@dataclass(frozen=True)
class Said:
    """A paragraph, or a headline.

    Args:
        text: what it says.
        tone: good, warn, bad, wait; "" for plain.
        head: whether it is a headline.
        url: where it leads; "" for nowhere.
    """

    text: str
    tone: str = ""
    head: bool = False
    url: str = ""

    def html(self, speech: Speech) -> Markup:
        """The paragraph in HTML."""
        text = escape(self.text)
        if self.url:
            text = Markup('<a href="{}" target="_blank" rel="noreferrer">{}</a>').format(self.url, text)
        style = Markup(' style="color:{}"').format(_TONES[self.tone]) if self.tone else Markup()
        tag = Markup("h4") if self.head else Markup("p")
        return Markup("<{0}{1}>{2}</{0}>").format(tag, style, text)

    def text_lines(self, speech: Speech) -> Iterator[str]:
        """The paragraph as text."""
        if self.head:
            yield ""
        yield self.text + (f"  {self.url}" if self.url else "")


@dataclass(frozen=True)
class Facts:
    """Names and values, one pair a line."""

    pairs: Sequence[tuple[str, str]]

    def html(self, speech: Speech) -> Markup:
        """A table of two columns."""
        rows = Markup().join(
            Markup("<tr><td><b>{}</b></td><td>{}</td></tr>").format(*each) for each in self.pairs
        )
        return Markup("<table><tbody>{}</tbody></table>").format(rows)

    def text_lines(self, speech: Speech) -> Iterator[str]:
        """A line each."""
        width = max((len(name) for name, _ in self.pairs), default=0)
        for name, value in self.pairs:
            yield f"{name.ljust(width)}  {value}"


@dataclass(frozen=True)
class Picture:
    """A drawing; in text it is left out.

    Args:
        svg: an `<svg>` element whose words are escaped.
    """

    svg: Markup

    def html(self, speech: Speech) -> Markup:
        """The drawing."""
        return self.svg

    def text_lines(self, speech: Speech) -> Iterator[str]:
        """Nothing."""
        return iter(())


@dataclass(frozen=True)
class Pictures:
    """Drawings of one kind, side by side as far as there is room; in text they are left out.

    Args:
        svgs: `<svg>` elements whose words are escaped.
    """

    svgs: Sequence[Markup]

    def html(self, speech: Speech) -> Markup:
        """The drawings."""
        each = Markup().join(Markup("<div>{}</div>").format(svg) for svg in self.svgs)
        return Markup('<div class="many">{}</div>').format(each)

    def text_lines(self, speech: Speech) -> Iterator[str]:
        """Nothing."""
        return iter(())


@dataclass(frozen=True)
class Grid:
    """A page of a table, saying how much of it is shown.

    Args:
        listing: the table.
        first: rows before the page.
        size: rows of a page.
    """

    listing: Listing
    first: int = 0
    size: int = 20

    def _rows(self) -> list[Sequence[Cell]]:
        return list(islice(self.listing.rows(), self.first, self.first + self.size))

    def _more(self, speech: Speech, shown: int) -> str:
        total, wording = self.listing.total, speech.wording
        if shown == total:
            return ""
        span = f"{wording.number(self.first + 1)}–{wording.number(self.first + shown)}" if self.first else ""
        count = span or wording.number(shown)
        return speech(
            f"{count} of {wording.number(total)} shown.", f"Показано {count} из {wording.number(total)}."
        )

    def html(self, speech: Speech) -> Markup:
        """The page in HTML."""
        rows = self._rows()
        if not rows:
            return Markup('<p class="more">{}</p>').format(speech("Nothing.", "Пусто."))
        head = Markup().join(
            Markup("<th{}>{}</th>").format(_aligned(column), column.heading)
            for column in self.listing.columns
        )
        body = Markup().join(
            Markup("<tr>{}</tr>").format(
                Markup().join(
                    Markup("<td{}>{}</td>").format(_aligned(column), _cell_html(cell, column, speech))
                    for column, cell in zip(self.listing.columns, row, strict=True)
                )
            )
            for row in rows
        )
        table = Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, body)
        more = self._more(speech, len(rows))
        return table + (Markup('<p class="more">{}</p>').format(more) if more else Markup())

    def text_lines(self, speech: Speech) -> Iterator[str]:
        """The page as columns of text."""
        rows = self._rows()
        if not rows:
            yield speech("Nothing.", "Пусто.")
            return
        cells = [[column.heading for column in self.listing.columns]] + [
            [_cell_text(cell, column, speech) for column, cell in zip(self.listing.columns, row, strict=True)]
            for row in rows
        ]
        widths = [min(44, max(len(line[at]) for line in cells)) for at in range(len(self.listing.columns))]
        for line in cells:
            shown = [
                textwrap.shorten(text, width, placeholder="…") if len(text) > width else text
                for text, width in zip(line, widths, strict=True)
            ]
            yield "  ".join(text.ljust(width) for text, width in zip(shown, widths, strict=True)).rstrip()
        more = self._more(speech, len(rows))
        if more:
            yield more


Block = Said | Facts | Grid | Picture | Pictures


class View:
    """Something a cell shows.

    Args:
        speech: the reader's language.
        blocks: what it consists of, from top to bottom.
    """

    def __init__(self, speech: Speech, blocks: Sequence[Block]) -> None:
        self._speech, self.blocks = speech, list(blocks)

    def page(self, number: int, size: int = 50) -> View:
        """Another page of the tables in it.

        Args:
            number: from 1.
            size: rows of a page.
        """
        turned: list[Block] = [
            Grid(each.listing, (number - 1) * size, size) for each in self.blocks if isinstance(each, Grid)
        ]
        return View(self._speech, turned)

    def _repr_html_(self) -> str:
        parts = Markup().join(block.html(self._speech) for block in self.blocks)
        return _STYLE + str(Markup('<div class="b24">{}</div>').format(parts))

    def __repr__(self) -> str:
        return "\n".join(line for block in self.blocks for line in block.text_lines(self._speech)).strip("\n")


def _aligned(column: Column) -> Markup:
    return Markup(' class="n"') if column.kind in ("number", "id") else Markup()


def _cell_html(cell: Cell, column: Column, speech: Speech) -> Markup:
    if isinstance(cell, Mark):
        colour = _TONES.get(cell.tone)
        style = Markup(' style="color:{}"').format(colour) if colour else Markup()
        return Markup("<span{}>{}</span>").format(style, cell.text)
    if cell is None or isinstance(cell, str | int | float | datetime):
        return escape(_cell_text(cell, column, speech))
    return Markup().join(
        Markup('<a href="{}" target="_blank" rel="noreferrer">{}</a>').format(piece.url, piece.text)
        if piece.url and not is_loopback(urlsplit(piece.url).netloc)  # a sandbox has no cards to open
        else escape(piece.text)
        for piece in cell
    )


def _cell_text(cell: Cell, column: Column, speech: Speech) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, datetime):
        return speech.wording.moment(cell.timestamp())
    if isinstance(cell, int | float):
        return str(cell) if column.kind == "id" else speech.wording.number(cell)
    return cell.text if isinstance(cell, Mark) else plain(cell)
