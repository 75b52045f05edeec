"""The admin's own file again, with every problem shown at its cell: what `b24kit routing check` hands back.

Always a new file; the admin's is never touched. Of .xlsx and .xlsm everything openpyxl can keep is kept
(formats, formulas, widths, drop-downs, charts, their comments); macros, text boxes and sparklines are not.
.xls, .ods and .csv come back as .xlsx with their values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from toolkit.errors import StorageError
from toolkit.sheets.checking import CheckedDirectory
from toolkit.sheets.confined import confined
from toolkit.sheets.gate import Limits, admit
from toolkit.sheets.labels import LABELS, counted, verdict
from toolkit.sheets.problems import Problem
from toolkit.sheets.refusals import Language

__all__ = ["write_annotated", "write_marked"]

_LIMITS = Limits()
_MOST_LISTED = 20_000
_MOST_COMMENTED = 5_000


def write_annotated(
    path: Path | str,
    checked: CheckedDirectory,
    target: Path | str,
    *,
    language: Language = "ru",
    corrected: bool = False,
    limits: Limits = _LIMITS,
) -> Path:
    """A copy of a checked file with colours and comments at its problems and a sheet that lists them.

    Args:
        path: the file that was checked.
        checked: what was found in it.
        target: the copy, .xlsx; replaced when it is there.
        language: of comments and list.
        corrected: also write the suggestions that change nothing but the spelling (look-alike letters); each
            such cell says so.
        limits: of the file; it is opened in a process of its own, which gets three times the seconds.

    Returns:
        The target.

    Raises:
        SheetRefused: the file changed meanwhile and is not admitted.
        StorageError: the copy cannot be written.
    """
    found = verdict(len(checked.errors), len(checked.warnings), language)
    return write_marked(
        path,
        checked.problems,
        target,
        title=f"{checked.book.name}: {found}",
        notes=_notes(checked, language),
        language=language,
        corrected=corrected,
        limits=limits,
    )


def write_marked(
    path: Path | str,
    problems: Sequence[Problem],
    target: Path | str,
    *,
    title: str,
    notes: Sequence[str] = (),
    language: Language = "ru",
    corrected: bool = False,
    limits: Limits = _LIMITS,
) -> Path:
    """A copy of any spreadsheet with colours and comments at its problems and a sheet that lists them.

    Args:
        path: the file that was checked.
        problems: found in it.
        target: the copy, .xlsx; replaced when it is there.
        title, notes: above the list.
        language: of comments and list.
        corrected: see `write_annotated`.
        limits: see `write_annotated`.

    Returns:
        The target.

    Raises:
        As `write_annotated`.
    """
    path, target = Path(path), Path(target)
    kind = admit(path, limits)
    part = target.with_name(target.name + ".part")
    asked = {
        "kind": kind,
        "target": str(part.absolute()),
        "title": title,
        "notes": list(notes),
        "labels": {key: words[language] for key, words in LABELS.items()},
        "marks": _marks(problems, language, corrected),
        "lines": [
            _line(each, language)
            for each in sorted(problems, key=lambda each: each.severity != "error")[:_MOST_LISTED]
        ],
        "left": max(0, len(problems) - _MOST_LISTED),
    }
    try:
        part.touch(mode=0o600)
        # openpyxl reads and writes every cell with its style: 50,000 rows take it most of a minute.
        patient = replace(limits, seconds=3 * limits.seconds)
        confined("toolkit.sheets.annotating:annotate", path.absolute(), patient, asked)
        part.replace(target)
    except OSError as error:
        raise StorageError(target, error.strerror or "no reason given", "Choose another folder.") from error
    finally:
        part.unlink(missing_ok=True)
    return target


def _notes(checked: CheckedDirectory, language: Language) -> list[str]:
    rules = counted(checked.rows, "rules", language)
    notes = [LABELS["checked"][language].format(rules=rules, day=checked.on.strftime("%d.%m.%Y"))]
    if not checked.against_portal:
        notes.append(LABELS["no_portal"][language])
    return [*notes, LABELS["click"][language]] if checked.problems else notes


def _marks(problems: Sequence[Problem], language: Language, corrected: bool) -> list[dict[str, Any]]:
    """One for each cell: its worst severity, all its sentences, the corrected value."""
    by_cell: dict[tuple[str, int, int], list[Problem]] = defaultdict(list)
    for problem in sorted(problems, key=lambda each: each.severity != "error"):
        by_cell[problem.place.sheet, problem.place.row, problem.place.column].append(problem)
    marks = []
    for (sheet, row, column), found in list(by_cell.items())[:_MOST_COMMENTED]:
        lines = []
        value = None
        for each in found:
            lines.append(f"• {each.what(language)} {each.fix(language)}")
            if corrected and each.certain:
                value = each.suggestion
                lines.append(LABELS["corrected"][language].format(value=value))
            elif each.further_suggestion is not None:
                lines.append(LABELS["maybe"][language].format(value=each.further_suggestion))
        marks.append(
            {
                "sheet": sheet,
                "row": row,
                "column": column,
                "severity": found[0].severity,
                "comment": "\n".join(lines),
                "value": value,
            }
        )
    return marks


def _line(problem: Problem, language: Language) -> dict[str, Any]:
    return {
        "severity": problem.severity,
        "sheet": problem.place.sheet,
        "cell": problem.place.address,
        "hidden": problem.hidden,
        "cells": [
            problem.heading,
            problem.value,
            problem.what(language),
            problem.fix(language),
            problem.suggestion or "",
        ],
    }
