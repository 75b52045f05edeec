"""What became of every row of a load: a table for people."""

from __future__ import annotations

import pandas as pd

from toolkit.errors import ParameterError
from toolkit.operations.load_contact_centre import LoadContactCentre
from toolkit.runs import Run
from toolkit.runs.report.wording import Language, Wording
from toolkit.workflow.workspace import Workspace, operation_of

__all__ = ["load_account", "load_account_in_words"]

_HEADINGS: dict[Language, tuple[str, ...]] = {
    "ru": ("Вид", "Номер", "Что с ней", "Почему", "Подробности"),
    "en": ("Kind", "Id", "What became of it", "Why", "Details"),
}
_WORDS: dict[str, dict[Language, str]] = {
    "request": {"ru": "заявка", "en": "request"},
    "call": {"ru": "звонок", "en": "call"},
    "history": {"ru": "правка", "en": "change"},
    "created": {"ru": "создана запись", "en": "created"},
    "edited": {"ru": "запись дополнена", "en": "edited"},
    "unchanged": {"ru": "без изменений", "en": "unchanged"},
    "review": {"ru": "решает человек", "en": "for a person to decide"},
    "quarantined": {"ru": "отложена", "en": "put aside"},
}


def load_account(work: Workspace, run: Run) -> pd.DataFrame:
    """What becomes of every row a run was given, by its own snapshot; see `LoadContactCentre.accounting`.

    Args:
        work: where.
        run: of `load_contact_centre`; planned, under way or over.

    Raises:
        ParameterError: the run is of another operation.
    """
    operation, params = operation_of(work, run)
    if not isinstance(operation, LoadContactCentre):
        remedy = "Name a run of load_contact_centre."
        raise ParameterError(run.id, "run", run.facts.operation, "loaded no contact centre", remedy)
    before = run.before
    return operation.accounting({each: before.table(each) for each in before.entities}, params)


def load_account_in_words(account: pd.DataFrame, language: Language) -> pd.DataFrame:
    """An account as a person reads it: headings, states and reasons in their language.

    Args:
        account: from `load_account`.
        language: `ru` or `en`.
    """
    say = Wording(language)
    words = pd.DataFrame(
        {
            "kind": [_WORDS[each][language] for each in account["kind"]],
            "id": account["id"],
            "state": [_WORDS[each][language] for each in account["state"]],
            "reason": [say.phrase(each) for each in account["reason"]],
            "details": account["details"],
        }
    )
    return words.set_axis(list(_HEADINGS[language]), axis=1)
