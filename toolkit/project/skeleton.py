"""`b24kit new operation`: a file that works as it is, and its cases; to be changed into what is wanted."""

from __future__ import annotations

import json
import keyword
import re
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

import toolkit.operations as house
from toolkit.errors import InputError, ParameterError, StorageError
from toolkit.operations import operation as operation_named
from toolkit.project.laying_out import NotEmpty
from toolkit.runs.cases import broken

__all__ = ["broken_cases", "write_operation"]

_CASE = {
    "params": {"source": "OLD", "becomes": "NEW"},
    "tables": {
        "contact": [
            {"id": 1, "sourceId": "OLD", "name": "Анна"},
            {"id": 2, "sourceId": "CALL", "name": "Борис"},
        ]
    },
    "listed": [],
}


def write_operation(name: str, settings_folder: Path | None) -> list[Path]:
    """Write a new operation and two cases for it.

    In a checkout of b24kit they go to `toolkit/operations` and `tests/operations/cases`; in a project, to the
    folder that B24_OPERATIONS names, and its `cases`.

    Args:
        name: as it will be called on the command line, `close_old_leads`.
        settings_folder: `Settings.operations`.

    Returns:
        What was written.

    Raises:
        ParameterError: the name cannot be one.
        NotEmpty: there is such an operation.
        StorageError: the folder cannot be written.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", name) or keyword.iskeyword(name):
        raise ParameterError(
            "new operation",
            "name",
            name,
            "is not a name for a file of Python",
            "Write it like close_old_leads.",
        )
    operations, cases = _homes(settings_folder)
    folder = cases / name
    texts = {operations / f"{name}.py": _source(name)}
    changes = [
        ["update", "contact", 1, {"sourceId": "OLD"}, {"sourceId": "NEW"}, "the source has another name now"]
    ]
    nothing = {**_CASE, "params": {"source": "GONE", "becomes": "NEW"}, "changes": []}
    texts[folder / "renamed.json"] = _json({**_CASE, "changes": changes})
    texts[folder / "nothing_to_do.json"] = _json(nothing)
    there = [str(path) for path in texts if path.exists()]
    if there or name in house.catalogue(settings_folder):
        raise NotEmpty(operations, there or [name])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(operations, str(error.strerror), "Choose another folder.") from error
    return list(texts)


def broken_cases(name: str, settings_folder: Path | None) -> dict[Path, list[str]]:
    """What an operation does otherwise than its cases say, by case; an empty list for a case it keeps.

    Raises:
        ParameterError: there is no such operation.
        InputError: it has no cases.
    """
    rule = operation_named(name)
    folder = _homes(settings_folder)[1] / name
    cases = sorted(folder.glob("*.json"))
    if not cases:
        raise InputError(f"{folder} holds no cases. Write one: tables, params, changes, listed.")
    return {path: broken(rule, path) for path in cases}


def _homes(settings_folder: Path | None) -> tuple[Path, Path]:
    """Where operations and their cases live: a project's own folder, or that of a checkout."""
    if settings_folder is not None:
        return settings_folder, settings_folder / "cases"
    inside = Path(house.__file__).parent
    checkout = inside.parent.parent / "tests" / "operations" / "cases"
    if checkout.is_dir():
        return inside, checkout
    return Path("operations"), Path("operations") / "cases"


def _source(name: str) -> str:
    environment = Environment(  # Python does not escape as HTML does
        loader=PackageLoader("toolkit.project"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - see above
        keep_trailing_newline=True,
    )
    words = name.split("_")
    return environment.get_template("operation.j2").render(
        name=name, kind="".join(map(str.capitalize, words))
    )


def _json(case: object) -> str:
    return json.dumps(case, ensure_ascii=False, indent=1) + "\n"
