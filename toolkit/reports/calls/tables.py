"""The tables of the report on calls, ready to be shown: headings, formats, widths, in one language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from toolkit.reports.calls.audit import RoutingAudit
from toolkit.reports.calls.columns import Language, said
from toolkit.reports.calls.pivots import Pivot
from toolkit.runs.report.listings import Cell, Column, Listing
from toolkit.runs.report.wording import Wording

__all__ = ["ReportTable", "TableColumn", "audit_tables", "of_appeals", "of_pivot"]

Format = Literal["text", "id", "count", "share", "minutes", "seconds", "moment", "yes"]


@dataclass(frozen=True)
class TableColumn:
    """A column of a table.

    Args:
        key: in the frame.
        heading: in the reader's language.
        format: how its cells are shown; shares are 0 to 1.
        width: in characters.
    """

    key: str
    heading: str
    format: Format = "text"
    width: int = 12


@dataclass(frozen=True)
class ReportTable:
    """A table with its words.

    Args:
        name: for files and links.
        title: what it is called.
        columns: in their order.
        frame: the cells.
        total: a last row, by column key; None for none.
        note: what a reader has to know about it; "" for nothing.
        language: of its words.
    """

    name: str
    title: str
    columns: Sequence[TableColumn]
    frame: pd.DataFrame
    language: Language
    total: Mapping[str, Any] | None = None
    note: str = ""

    def cells(self, wording: Wording, most: int | None = None) -> Iterator[list[str]]:
        """The cells as text, the total last when all rows are shown.

        Args:
            wording: for numbers.
            most: so many rows at most; None for all.
        """
        shown = self.frame if most is None else self.frame.head(most)
        parts = [shown[column.key].tolist() for column in self.columns]
        for row in zip(*parts, strict=True):
            yield [
                self._text(value, column, wording) for value, column in zip(row, self.columns, strict=True)
            ]
        if self.total is not None and len(shown) == len(self.frame):
            yield [
                self._text(value, column, wording)
                for value, column in zip(self.totals(), self.columns, strict=True)
            ]

    def totals(self) -> list[Any]:
        """The cells of the last row."""
        word = "Всего" if self.language == "ru" else "Total"
        return [word, *((self.total or {}).get(column.key) for column in self.columns[1:])]

    def listing(self) -> Listing:
        """The same for a notebook."""
        wording = Wording(self.language)
        columns = [
            Column(
                column.heading,
                column.width,
                "text" if column.format in ("text", "moment", "yes") else "number",
            )
            for column in self.columns
        ]

        def rows() -> Iterator[Sequence[Cell]]:
            return iter(self.cells(wording))

        return Listing(self.title, columns, len(self.frame) + (self.total is not None), rows)

    def _text(self, value: Any, column: TableColumn, wording: Wording) -> str:
        if value is None or value is pd.NA or value != value:
            return "" if column.format == "text" else "–"
        match column.format:
            case "share":
                return wording.share(float(value), 1)
            case "minutes" | "seconds":
                return wording.number(round(float(value)))
            case "count":
                return wording.number(int(value))
            case "moment":
                return (
                    wording.moment(value.isoformat()) if self.language == "en" else f"{value:%d.%m.%Y %H:%M}"
                )
            case "yes":
                yes, no = ("да", "нет") if self.language == "ru" else ("yes", "no")
                return yes if value else no
            case _:
                return str(value)


def of_pivot(pivot: Pivot) -> ReportTable:
    """A pivot with its headings."""
    first, *rest = pivot.headings
    columns = [TableColumn("label", first, "text", 9 if pivot.name in ("hours", "month", "coverage") else 26)]
    columns += [
        TableColumn(key, heading, measure.format, 8 if pivot.name == "hours" else 13)
        for (key, measure), heading in zip(pivot.measures.items(), rest, strict=True)
    ]
    return ReportTable(pivot.name, pivot.title, columns, pivot.table, pivot.language, pivot.total)


_AUDIT: Mapping[str, tuple[tuple[str, str], tuple[tuple[str, str, str, Format, int], ...]]] = {
    "audit_line": (
        ("Кто отвечает: по линиям", "Who answers: by line"),
        (
            ("line", "Линия", "Line", "text", 20),
            ("calls", "Отвечено входящих", "Incoming answered", "count", 12),
            ("by_others", "Ответил не ответственный", "By somebody else", "count", 14),
            ("share", "Доля", "Share", "share", 9),
            ("most_by", "Чаще всего отвечает", "Mostly answered by", "text", 26),
            ("most_share", "Доля его ответов", "Share of theirs", "share", 12),
        ),
    ),
    "audit_employee": (
        ("Кто отвечает: по сотрудникам", "Who answers: by employee"),
        (
            ("employee", "Сотрудник", "Employee", "text", 26),
            ("calls", "Ответил на входящие", "Incoming answered", "count", 12),
            ("of_others", "Из них чужих клиентов", "Of others' clients", "count", 14),
            ("share", "Доля", "Share", "share", 9),
        ),
    ),
    "repairs": (
        ("Кому передать клиентов", "Clients to hand over"),
        (
            ("kind", "Вид", "Kind", "text", 10),
            ("id", "Код", "Id", "id", 9),
            ("client", "Клиент", "Client", "text", 30),
            ("responsible", "Ответственный", "Responsible", "text", 24),
            ("calls", "Звонков с ответом", "Answered calls", "count", 11),
            ("by_responsible", "Ответил ответственный", "By the responsible", "count", 14),
            ("to", "Отвечает", "Answered by", "text", 24),
            ("to_calls", "Его ответов", "Theirs", "count", 10),
            ("lines", "Линии", "Lines", "text", 30),
        ),
    ),
    "audit_calls": (
        ("Ответил не ответственный", "Answered by somebody else"),
        (
            ("call", "Звонок", "Call", "text", 30),
            ("start", "Начало", "Start", "moment", 17),
            ("line", "Линия", "Line", "text", 18),
            ("number", "Номер клиента", "Client's number", "text", 15),
            ("client", "Клиент", "Client", "text", 30),
            ("then", "Ответственный тогда", "Responsible then", "text", 24),
            ("known", "Откуда известно", "How that is known", "text", 34),
            ("employee", "Ответил", "Answered by", "text", 24),
        ),
    ),
}
_APPEALS: tuple[tuple[str, str, str, Format, int], ...] = (
    ("appeal", "Код", "Id", "id", 9),
    ("title", "Обращение", "Appeal", "text", 36),
    ("created", "Создано", "Created", "moment", 17),
    ("responsible", "Ответственный", "Responsible", "text", 24),
    ("client", "Клиент", "Client", "text", 30),
    ("made", "Как создано", "How it was made", "text", 14),
)


def audit_tables(audit: RoutingAudit) -> dict[str, ReportTable]:
    """The tables of the audit: audit_line, audit_employee, repairs, audit_calls (those others answered)."""
    language = audit.language
    russian = language == "ru"
    unknown = int((~audit.calls["sure"]).sum())
    kinds = audit.repairs["entity"].map({each: said(each, language) for each in ("contact", "company")})
    frames = {
        "audit_line": audit.by_line,
        "audit_employee": audit.by_employee,
        "repairs": audit.repairs.assign(kind=kinds.astype("str")),
        "audit_calls": audit.calls[~audit.calls["own"]],
    }
    note = ""
    if unknown:
        said_so = Wording(language).number(unknown)
        note = (
            f"У стольких звонков ответственный тех дней неизвестен, взят нынешний: {said_so}."
            if russian
            else f"Calls whose responsible of that day is not known, and today's was taken: {said_so}."
        )
    return {name: _of_frame(name, *_AUDIT[name], frame, language, note) for name, frame in frames.items()}


def of_appeals(appeals: pd.DataFrame, language: Language) -> ReportTable:
    """Appeals without calls."""
    titles = ("Обращения без звонков", "Appeals without calls")
    return _of_frame("appeals", titles, _APPEALS, appeals, language, "")


def _of_frame(
    name: str,
    titles: tuple[str, str],
    columns: Sequence[tuple[str, str, str, Format, int]],
    frame: pd.DataFrame,
    language: Language,
    note: str,
) -> ReportTable:
    at = 0 if language == "ru" else 1
    chosen = [TableColumn(key, (ru, en)[at], kind, width) for key, ru, en, kind, width in columns]
    return ReportTable(name, titles[at], chosen, frame, language, None, note)
