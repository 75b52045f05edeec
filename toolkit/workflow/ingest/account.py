"""What became of every row of a channel's export: a table for people, and a file of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from toolkit.errors import ParameterError
from toolkit.operations.ingest_appeals import IngestAppeals
from toolkit.records import entity
from toolkit.reports.handing_out import write_table
from toolkit.runs import Run
from toolkit.runs.ingest.fates import STATES
from toolkit.runs.references import made_by
from toolkit.runs.report.wording import Language, Wording
from toolkit.workflow.planning import same_order
from toolkit.workflow.workspace import Workspace, operation_of

__all__ = ["ACCOUNT_NAME", "account_in_words", "row_account", "run_of", "write_account"]

ACCOUNT_NAME = "rows.xlsx"
"""Of the account in a run's folder."""

COLUMNS = ("row", "id", "state", "reason", "details", "record", "link")
_HEADINGS: dict[Language, tuple[str, ...]] = {
    "ru": ("Строка", "Номер в канале", "Что с ней", "Почему", "Подробности", "Обращение", "Ссылка"),
    "en": ("Row", "Id in the channel", "What became of it", "Why", "Details", "Appeal", "Link"),
}
_WIDTHS = (8, 26, 34, 44, 40, 12, 44)


def row_account(work: Workspace, run: Run) -> pd.DataFrame:
    """What becomes of every row a run was given, by its own snapshot.

    Args:
        work: where.
        run: of `ingest_appeals`; planned, under way or over.

    Returns:
        One row per input row: row int (its place in the file, from 1), id str, state (`created`, `joined`,
        `duplicate`, `filtered`, `quarantined`), reason str, details str, record Int64 (the appeal it is in; missing
        for none, and while it is not made), link str.

    Raises:
        ParameterError: the run is of another operation.
    """
    operation, params = operation_of(work, run)
    if not isinstance(operation, IngestAppeals):
        raise ParameterError(
            run.id, "run", run.facts.operation, "took in no messages", "Name a run of ingest_appeals."
        )
    before = run.before
    tables = {each: before.table(each) for each in before.entities}
    found = operation.accounting(tables, params)
    kind = entity(params.entity)
    there = tables[kind.name]
    ids: dict[str, int] = {}
    if len(there):
        ids = dict(zip(there[kind.marker_fields[-1]].astype(str), there["id"].astype(int), strict=True))
    ids |= made_by(run.plan.table, run.journal.results())
    found["record"] = pd.array([ids.get(each, pd.NA) for each in found["marker"]], dtype="Int64")
    links = [kind.card_url(run.facts.portal, int(each)) if pd.notna(each) else "" for each in found["record"]]
    found["link"] = pd.Series(links, dtype="str")
    return found[list(COLUMNS)].sort_values("row", kind="stable", ignore_index=True)


def run_of(work: Workspace, given: Mapping[str, Any]) -> Run | None:
    """The newest run that was given these messages; None when none was begun.

    Args:
        work: where.
        given: parameters of `ingest_appeals`.
    """
    asked = IngestAppeals().parameters(given).model_dump(mode="json")
    for run in reversed(Run.all(work.root, work.clock.now)):
        facts = run.facts
        own = facts.operation == IngestAppeals.name and not (facts.undoes or facts.rehearses)
        if own and same_order(facts.operation, facts.parameters, asked):
            return run
        run.close()
    return None


def account_in_words(account: pd.DataFrame, language: Language) -> pd.DataFrame:
    """An account as a person reads it: headings, states and reasons in their language.

    Args:
        account: from `row_account`.
        language: `ru` or `en`.
    """
    say = Wording(language)
    words = account.assign(
        state=[say.phrase(STATES[each]) for each in account["state"]],
        reason=[say.phrase(each) for each in account["reason"]],
        record=["" if pd.isna(each) else str(each) for each in account["record"]],
    )
    return words.set_axis(list(_HEADINGS[language]), axis=1)


def write_account(account: pd.DataFrame, path: Path, language: Language) -> Path:
    """A file of an account: nothing in it is a formula, and only its owner may read it.

    Args:
        account: from `row_account`.
        path: .xlsx, or .csv (UTF-8 with a mark, semicolons).
        language: of headings, states and reasons.

    Returns:
        The path.

    Raises:
        ParameterError: it ends in something else.
        StorageError: it cannot be written.
    """
    words = account_in_words(account, language)
    widths = dict(zip(words.columns, _WIDTHS, strict=True))
    title = "Строки" if language == "ru" else "Rows"
    return write_table(words, path, asked_by="ingest", title=title, widths=widths)
