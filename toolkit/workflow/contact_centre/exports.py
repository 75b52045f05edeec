"""An export of a contact centre's system, read by its mapping: rows for a load, and problems at their cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from toolkit.errors import ParameterError
from toolkit.runs.contact_centre import UnreadRow, take_history
from toolkit.sheets.annotated import write_marked
from toolkit.sheets.mapping import ZONE, Export, ExportMapping, ExportProblem, open_export, propose
from toolkit.sheets.refusals import Language
from toolkit.spool.query import is_query, rows_of_query

__all__ = ["CheckedExport", "annotated_copy", "check_export", "check_history", "export_of"]

Kind = Literal["requests", "calls"]

_BOOKS = (".xlsx", ".xlsm", ".xls", ".ods", ".csv", ".txt", ".tsv")


@dataclass(frozen=True)
class CheckedExport:
    """What became of an export.

    Args:
        path: the file, or the description of a query.
        export: its rows as they stand there.
        mapping: by which they were read.
        rows: those without problems, as the operation takes them.
        problems: of the others, at their cells.
        unread: the others, as the operation accounts for them.
        left_out: headings whose columns are not loaded.
        absent: headings of the mapping the export does not have.
    """

    path: Path
    export: Export
    mapping: ExportMapping
    rows: Sequence[dict[str, Any]]
    problems: Sequence[ExportProblem]
    unread: Sequence[UnreadRow]
    left_out: Sequence[str]
    absent: Sequence[str]


def export_of(path: Path, sheet: str = "") -> Export:
    """The rows of a file, or of the query a YAML file describes (query, and address_from or address_file).

    Raises:
        SheetError: the file cannot be read, or is still being written.
        SourceRefused, SourceUnreachable: the query cannot be asked.
    """
    if not is_query(path):
        return open_export(path, sheet)
    rows = rows_of_query(path)
    columns = {
        name: at for at, name in enumerate(dict.fromkeys(each for row in rows for each in row), start=1)
    }
    return Export(path.name, rows, range(1, len(rows) + 1), columns)


def check_export(
    path: Path,
    kind: Kind,
    mapping: ExportMapping | None = None,
    *,
    zone: str = ZONE,
    language: Language = "ru",
) -> CheckedExport:
    """Read an export by a mapping, or by what its headings say.

    Args:
        path: see `export_of`.
        kind: of its rows.
        mapping: of its columns; None to propose one.
        zone: of moments that name none, where there is no mapping.
        language: of the words beside rows that are put aside.

    Raises:
        ParameterError: no heading says which column holds what each row must have.
        As `export_of`.
    """
    export = export_of(path, mapping.sheet if mapping else "")
    if mapping is None:
        found = propose(export.columns, "request" if kind == "requests" else "call")
        if found.missing:
            raise ParameterError(
                "load_contact_centre",
                "headings",
                ", ".join(export.columns),
                f"say nothing of {', '.join(found.missing)}",
                f"Write a mapping: b24kit contact-centre mapping {path.name} --kind {kind} -o mapping.yaml",
            )
        mapping = ExportMapping(
            kind=kind, columns={**dict.fromkeys(export.columns, ""), **found.columns}, zone=zone
        )
    read = mapping.rows_of(export)
    problems = [export.placed(each) for each in read.problems]
    unread: dict[int, list[str]] = {}
    for each in problems:
        said = f"{each.place.address} {each.heading}: {each.what(language)}"
        unread.setdefault(each.place.row, []).append(said)
    ids = _ids(export, mapping)
    return CheckedExport(
        path=path,
        export=export,
        mapping=mapping,
        rows=read.rows,
        problems=problems,
        unread=[
            UnreadRow(kind=mapping.row_kind, row=row, id=ids.get(row, ""), problem=" ".join(words))
            for row, words in unread.items()
        ],
        left_out=[each for each in export.columns if not mapping.columns.get(each)],
        absent=mapping.unsaid(export),
    )


def check_history(
    path: Path, *, zone: str = ZONE, language: Language = "ru"
) -> tuple[list[Any], list[UnreadRow]]:
    """The rows of what was changed there, as the operation takes them, and those it accounts for as unread.

    Args:
        path: see `export_of`.
        zone: of moments that name none.
        language: of the words beside rows that are put aside.

    Raises:
        As `export_of`.
    """
    export = export_of(path)
    return take_history(export.rows, zone, put_aside=True, language=language, numbers=export.numbers)


def annotated_copy(checked: CheckedExport, target: Path, *, language: Language = "ru") -> Path | None:
    """The export again with its problems at their cells; None where it is no spreadsheet.

    Args:
        checked: what was found.
        target: .xlsx to write.
        language: of the remarks.

    Raises:
        StorageError: the copy cannot be written.
    """
    if checked.path.suffix.lower() not in _BOOKS:
        return None
    count = len(checked.unread)
    title = {
        "ru": f"{checked.export.name}: строк с ошибками — {count}, остальные загрузятся",
        "en": f"{checked.export.name}: {count} rows with problems; the others go in",
    }[language]
    return write_marked(checked.path, list(checked.problems), target, title=title, language=language)


def _ids(export: Export, mapping: ExportMapping) -> dict[int, str]:
    heading = next((each for each, field in mapping.columns.items() if field == "id"), None)
    if heading is None:
        return {}
    return {
        number: str(row[heading])
        for number, row in zip(export.numbers, export.rows, strict=True)
        if heading in row
    }
