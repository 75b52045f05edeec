"""The table of topics an admin keeps: which pipeline, stage and responsible the requests of a topic get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.sheets.checking import problems_of_rows, who_is
from toolkit.sheets.columns import TOPICS
from toolkit.sheets.directory import ReadTable, read_tables
from toolkit.sheets.portal_facts import PortalFacts
from toolkit.sheets.problems import Place, Problem
from toolkit.sheets.reading import read_book
from toolkit.sheets.spelling import fold

__all__ = ["CheckedTopics", "check_topics"]


@dataclass(frozen=True)
class CheckedTopics:
    """What was found in a table of topics.

    Args:
        path: of the file.
        rows: as a load takes them: topic, pipeline (id), stage (its code, "" for the first), responsible (user id, ""
            for the fallback); rows with errors are left out.
        problems: all of them, in the order of rows and columns.
    """

    path: Path
    rows: Sequence[dict[str, Any]]
    problems: Sequence[Problem]

    @property
    def errors(self) -> list[Problem]:
        """What keeps it from being used."""
        return [each for each in self.problems if each.severity == "error"]

    @property
    def warnings(self) -> list[Problem]:
        """What should be looked at."""
        return [each for each in self.problems if each.severity == "warning"]


def check_topics(path: Path | str, facts: PortalFacts) -> CheckedTopics:
    """Every problem of a table of topics, compared with the portal.

    Args:
        path: .xlsx, .xlsm, .xls, .ods or .csv with the columns Тема, Воронка, Стадия, Ответственный, or their English
            names.
        facts: of the portal.

    Raises:
        SheetRefused: the file is not read at all.
    """
    path = Path(path)
    book = read_book(path)
    tables, problems = read_tables(book, (TOPICS,))
    if not tables:
        sheet = next((each.name for each in book.sheets if not each.hidden), "")
        problems.append(Problem("no_topics", Place(sheet, 1, 1)))
    for table in tables:
        problems += [*problems_of_rows(table, facts), *_twice(table)]
    problems.sort(key=lambda each: (each.place.sheet, each.place.row, each.place.column, each.code))
    wrong = {(each.place.sheet, each.place.row) for each in problems if each.severity == "error"}
    rows = [
        _row(table, row, facts)
        for table in tables
        for row in table.found.rows
        if (table.found.sheet.name, row) not in wrong
    ]
    return CheckedTopics(path, rows, problems)


def _row(table: ReadTable, row: int, facts: PortalFacts) -> dict[str, Any]:
    said = {
        key: table.frame.at[row, key] if key in table.frame.columns else None
        for key in ("topic", "pipeline", "stage", "responsible")
    }
    words = {key: "" if value is None else str(value) for key, value in said.items()}
    pipeline, stage = facts.place_of(words["pipeline"], words["stage"])
    responsible = who_is(words["responsible"], facts) if words["responsible"] else ""
    return {"topic": words["topic"], "pipeline": int(pipeline), "stage": stage, "responsible": responsible}


def _twice(table: ReadTable) -> list[Problem]:
    """Topics that stand in two rows."""
    first: dict[str, int] = {}
    found = []
    for row in table.found.rows:
        topic = table.frame.at[row, "topic"] if "topic" in table.frame.columns else None
        if topic is None:
            continue
        earlier = first.setdefault(fold(str(topic)), row)
        if earlier != row:
            related = (table.place(earlier, "topic"),)
            found.append(table.problem("topic_twice", row, "topic", facts={"row": earlier}, related=related))
    return found
