"""Notebooks as they are committed: one story, thin cells, nothing stored."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from toolkit.headless import shipped_notebooks

NOTEBOOKS = sorted(shipped_notebooks().glob("*.ipynb"))
_LOGIC = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.While, ast.Lambda, ast.Try)
_ROOMS = ("httpx", "toolkit.client", "toolkit.sandbox", "toolkit.runs", "toolkit.workflow")


def objections(notebook: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a notebook, if anything."""
    codes = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    tagged = [cell for cell in codes if "parameters" in cell["metadata"].get("tags", [])]
    if len(tagged) != 1:
        yield f"{len(tagged)} parameters cells"
    if len(codes) > 14:  # two plans, each with its agreement, and what came of them
        yield f"{len(codes)} code cells"
    for cell in codes:
        source = "".join(cell["source"])
        if cell["outputs"] or cell["execution_count"] is not None:
            yield "stored outputs"
        if len(source.splitlines()) > 15:
            yield "a long cell"
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, _LOGIC):
                yield f"logic in a cell: {type(node).__name__}"
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = (
                    [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
                )
                yield from (f"imports {name}" for name in names if name.startswith(_ROOMS))
        if re.search(r"/rest/\d+/\w{8}", source):
            yield "a webhook"
    headings = re.findall(r"^## \d\. (.+)$", _text(notebook), re.MULTILINE)
    if len(headings) != 6:
        yield f"{len(headings)} headings"
    yield from (f"heading {each!r} in one language" for each in headings if " · " not in each)
    if set(notebook["metadata"]) - {"kernelspec", "language_info"}:
        yield "metadata of somebody's editor"


def _text(notebook: dict[str, Any]) -> str:
    return "\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_one_story_without_logic_or_outputs(path: Path) -> None:
    assert list(objections(json.loads(path.read_text(encoding="utf-8")))) == []


def test_there_are_notebooks() -> None:
    assert {"00_tour", "10_connect_and_snapshot", "20_reassign", "30_appeals", "90_undo"} <= {
        path.stem for path in NOTEBOOKS
    }


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(): pass", "logic in a cell: FunctionDef"),
        ("for x in []: pass", "logic in a cell: For"),
        ("import httpx", "imports httpx"),
        ("from toolkit.client import Portal", "imports toolkit.client"),
        ("a = 'https://x.bitrix24.ru/rest/1/abcdefgh12345678/'", "a webhook"),
        ("x = 1\n" * 16, "a long cell"),
    ],
)
def test_the_checker_finds_what_it_is_for(source: str, expected: str) -> None:
    notebook = json.loads(NOTEBOOKS[0].read_text(encoding="utf-8"))
    next(
        cell for cell in notebook["cells"] if cell["cell_type"] == "code" and "tags" not in cell["metadata"]
    )["source"] = source

    assert list(objections(notebook)) == [expected]


def test_the_checker_finds_outputs_and_missing_parameters() -> None:
    notebook = json.loads(NOTEBOOKS[0].read_text(encoding="utf-8"))
    first = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    first["metadata"], first["execution_count"] = {}, 3

    assert list(objections(notebook)) == ["0 parameters cells", "stored outputs"]
