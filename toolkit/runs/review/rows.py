"""A plan as a workbook a person looks through: strike rows by saying no, add notes, send it back.

An import can only narrow. The workbook knows which plan it shows; a row whose number, record or values were
edited is refused rather than guessed at, because somebody may believe the edit would be carried out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.utility import xl_col_to_name

from toolkit.errors import PlanError, SheetError, StorageError
from toolkit.runs.folder import Run
from toolkit.runs.plan import Plan
from toolkit.runs.report.evidence import gather
from toolkit.runs.report.html import title_of
from toolkit.runs.report.listings import Cell, Column, Listing, Tables, mentioned
from toolkit.runs.report.names import Names
from toolkit.runs.report.wording import Language, Wording
from toolkit.runs.report.workbook import MOST_ROWS, SheetWriter
from toolkit.runs.review.workbooks import AGAIN, facts_of, opened, squeezed, write_facts

__all__ = ["export_review", "import_review"]

_YES, _NO = frozenset({"да", "yes"}), frozenset({"нет", "no"})
_NUMBER, _CARRY_OUT = 0, 1
_COMPARED = (2, 3, 5, 6)  # kind, record, before, after: what a reader may not edit
_WIDTH = 9
_BEGUN = ("applying", "paused", "applied", "verified")


# -- out ---------------------------------------------------------------------------------------------


def export_review(run: Run, path: Path, *, language: Language = "ru") -> Path:
    """Write the plan of a run as a workbook: one row per change, with a yes or no to choose.

    Args:
        run: a run with a plan.
        path: where to; replaced when it exists, readable by its owner only.
        language: of headings and words.

    Returns:
        `path`.

    Raises:
        PlanError: there is no plan, it is damaged, or has more rows than a sheet.
        StorageError: the file cannot be written.
    """
    evidence = gather(run)
    if len(evidence.plan) > MOST_ROWS:
        raise PlanError(
            f"run {run.id}",
            f"has {len(evidence.plan)} changes, more than a sheet holds",
            "Narrow its parameters, or plan in parts.",
        )
    wording = Wording(language, evidence.offset_s)
    names = Names(evidence.before, evidence.facts.portal, wording)
    part = path.with_name(path.name + ".part")
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        options = {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "constant_memory": True,
            "tmpdir": str(part.parent),
        }
        book = xlsxwriter.Workbook(part, options)
        writer = SheetWriter(book, wording)
        listing = _rows(evidence.plan, names, wording)
        _choices(writer, writer.listing(listing), listing.total, wording)
        left = Tables(evidence, names, wording).left()
        if left.total:
            writer.listing(left)
        _help(writer, title_of(evidence, wording), f"{evidence.facts.portal} · {run.id}", wording)
        plan = evidence.plan
        write_facts(
            book,
            {"plan": _identity(plan), "run": run.id, "language": language, "rows": str(len(plan))},
        )
        book.close()
        part.replace(path)
    except (OSError, XlsxWriterException) as error:
        raise StorageError(path, str(error), "Close it where it is open, or free some space.") from error
    finally:
        with suppress(OSError):  # what cannot be written cannot be tidied either
            part.unlink(missing_ok=True)
    return path


def _rows(plan: Plan, names: Names, _: Wording) -> Listing:
    columns = [
        Column(_("no."), 8, "id"),
        Column(_("carry out"), 14),
        Column(_("change"), 14),
        Column(_("record"), 18),
        Column(_("name"), 34),
        Column(_("before"), 36),
        Column(_("after"), 36),
        Column(_("reason"), 44),
        Column(_("note"), 40),
    ]

    def rows() -> Iterator[Sequence[Cell]]:
        _learn(plan, names)
        columns_of_plan = [str(name) for name in plan.table.columns]
        for values in plan.table.itertuples(index=False, name=None):
            row = dict(zip(columns_of_plan, values, strict=True))
            kind, record, before, after = _told(row, names, _)
            yield [
                int(row["change"]),
                _("no") if row["struck"] else _("yes"),
                kind,
                [names.record(row["entity"], row["record_id"])] if record else record,
                names.title(row["entity"], row["record_id"]),
                before,
                after,
                names.told(row["entity"], row["reason"]),
                "",
            ]

    return Listing(_("Plan"), columns, len(plan.table), rows)


def _learn(plan: Plan, names: Names) -> None:
    for name, group in plan.table.groupby("entity"):
        names.learn(str(name), mentioned(group))


def _told(row: Mapping[str, Any], names: Names, _: Wording) -> tuple[str, str, str, str]:
    """The words of a row that may not be edited."""
    before, after = names.before_and_after(row)
    return _(str(row["kind"])), names.record(row["entity"], row["record_id"]).text, before, after


def _choices(writer: SheetWriter, sheet: Any, total: int, _: Wording) -> None:
    """A list to choose from, and grey for what is struck."""
    last = max(total, 1)
    sheet.freeze_panes(1, _CARRY_OUT + 1)
    sheet.data_validation(
        1,
        _CARRY_OUT,
        last,
        _CARRY_OUT,
        {
            "validate": "list",
            "source": [_("yes"), _("no")],
            "input_title": _("Carry out?"),
            "input_message": _("“no” strikes this row from the plan."),
            "error_title": _("Carry out?"),
            "error_message": _("Choose from the list, please."),
        },
    )
    struck = writer.format(font_color="#9AA3AF", font_strikeout=True)
    rule = f'=$B2="{_("no")}"'
    sheet.conditional_format(1, 0, last, _WIDTH - 1, {"type": "formula", "criteria": rule, "format": struck})


def _help(writer: SheetWriter, title: str, about: str, _: Wording) -> None:
    sheet = writer.book.add_worksheet(_("How to review"))
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 110)
    writer.text(sheet, 0, 0, title, bold=True, font_size=14)
    writer.text(sheet, 1, 0, about, font_color="#6B7686")
    lines = (
        _("Choose “no” in the column “carry out”, or delete the row: the change will not be made."),
        _("Rows may be sorted and filtered; a row that is only hidden stays in the plan."),
        _("The column “note” is yours. Everything else is for reading: an edited value is refused."),
        _("A review can only make a plan smaller. For other changes plan again with other parameters."),
    )
    for row, line in enumerate(lines, start=3):
        writer.text(sheet, row, 0, f"{row - 2}. {line}", text_wrap=True)


def _identity(plan: Plan) -> str:
    """What stays the same while rows are struck."""
    return Plan(plan.table.assign(struck=False), plan.listed, plan.facts).id


# -- in ----------------------------------------------------------------------------------------------


def import_review(run: Run, path: Path) -> Plan:
    """The plan of a run with the rows struck that a reviewed workbook says no to, or does not hold any more.

    Nothing is written; `run.freeze` keeps the narrower plan. The same workbook may be imported again.

    Args:
        run: the run whose plan was exported; it must not have begun to write.
        path: the workbook, saved by any spreadsheet program as .xlsx.

    Returns:
        The narrower plan.

    Raises:
        PlanError: the run has begun to write.
        SheetError: not a workbook, of another plan, an edited number, record or value, a formula, or a word
            that is neither yes nor no; names sheet, row and column.
    """
    if run.state in _BEGUN:
        raise PlanError(
            f"run {run.id}", f"is {run.state}: its plan cannot be narrowed any more", "Undo what is unwanted."
        )
    book = opened(path)
    try:
        facts = facts_of(book, path)
        if facts.get("plan") != _identity(run.plan):
            raise SheetError(
                path,
                None,
                None,
                None,
                f"is the review of another plan (run {facts.get('run', 'unknown')})",
                f"Export the review of run {run.id} and mark it there.",
            )
        wording = Wording("en" if facts.get("language") == "en" else "ru", gather(run).offset_s)
        keep = dict(_kept(run, book, path, wording))
    finally:
        book.close()
    _put_none_back(run.plan, keep, f"{path} [{wording('Plan')}]", wording)
    return run.plan.narrowed(keep)


def _put_none_back(plan: Plan, keep: Mapping[int, int], where: str, _: Wording) -> None:
    """Refuse a yes that would need a struck row back; what is struck along with its merge is none."""
    wanted = Plan(plan.table.assign(struck=False), plan.listed, plan.facts).narrowed(keep)
    back = plan.table.loc[plan.table["struck"] & ~wanted.table["struck"], "change"]
    if len(back):
        change = int(back.iloc[0])
        raise SheetError(
            where,
            keep[change],
            _("carry out"),
            _("yes"),
            f"would put back change {change}, which was struck before",
            "A review can only strike rows; plan again to have it back.",
        )


def _kept(run: Run, book: Any, path: Path, _: Wording) -> Iterator[tuple[int, int]]:
    """Changes that stay, and the rows they stand in; every row is checked on the way."""
    plan = run.plan
    names = Names(gather(run).before, run.facts.portal, _)
    _learn(plan, names)
    rows = {int(row["change"]): row for row in plan.table.to_dict("records")}
    sheet = next((each for each in book.worksheets if each.title == _("Plan")), None)
    where = f"{path} [{_('Plan')}]"
    if sheet is None:
        raise SheetError(where, None, None, None, "is missing", AGAIN)
    headings: list[str] = []
    seen: dict[int, int] = {}
    for at, cells in enumerate(sheet.iter_rows(max_col=_WIDTH), start=1):
        values = [cell.value for cell in cells] + [None] * (_WIDTH - len(cells))
        if at == 1:
            headings = [str(value or "") for value in values]
            _same_headings(headings, [column.heading for column in _rows(plan, names, _).columns], where)
            continue
        if all(value is None or str(value).strip() == "" for value in values[: _WIDTH - 1]):
            continue  # a deleted row, or its note alone
        number = _number_in(values[_NUMBER], where, at, headings)
        if number not in rows:
            raise SheetError(where, at, headings[_NUMBER], number, "is not a number of this plan", AGAIN)
        if number in seen:
            raise SheetError(
                where, at, headings[_NUMBER], number, f"stands in row {seen[number]} already", AGAIN
            )
        seen[number] = at
        row = {str(name): value for name, value in rows[number].items()}
        for column, meant in zip(_COMPARED, _told(row, names, _), strict=True):
            if squeezed(values[column]) != squeezed(meant):
                raise SheetError(
                    where,
                    at,
                    headings[column],
                    values[column],
                    f"was edited: change {number} reads {meant!r}",
                    "A review can only strike rows. " + AGAIN,
                )
        if _yes(values[_CARRY_OUT], where, at, headings):
            yield number, at


def _same_headings(found: Sequence[str], meant: Sequence[str], where: str) -> None:
    for index, (is_, should) in enumerate(zip(found, meant, strict=True)):
        if squeezed(is_) != squeezed(should):
            column = xl_col_to_name(index)
            raise SheetError(where, 1, column, is_, f"should be the heading {should!r}", AGAIN)


def _number_in(value: Any, where: str, at: int, headings: Sequence[str]) -> int:
    """The number of a change; spreadsheet programs keep it as int, float or text."""
    text = str(value).strip()
    if isinstance(value, float) and value.is_integer():
        text = str(int(value))
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()):
        raise SheetError(where, at, headings[_NUMBER], value, "is not the number of a change", AGAIN)
    return int(text)


def _yes(value: Any, where: str, at: int, headings: Sequence[str]) -> bool:
    word = squeezed(value).casefold()
    if word in _YES | _NO:
        return word in _YES
    raise SheetError(
        where,
        at,
        headings[_CARRY_OUT],
        value if value is not None else "",
        "is neither yes nor no",
        "Write да or нет, yes or no.",
    )
