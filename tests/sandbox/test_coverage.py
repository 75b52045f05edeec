"""The coverage table tells the truth: every method has a page that exists, and a documented request."""

from __future__ import annotations

from pathlib import Path

from tests.sandbox.documented import rows
from toolkit.sandbox.registry import all_methods
from toolkit.sandbox.running.coverage import coverage_summary, coverage_table
from toolkit.sandbox.switches import SWITCHES

# Paths of the documentation repository's pages, of the folders used here; names only.
PAGES = frozenset((Path(__file__).parent / "pages_index.txt").read_text(encoding="utf-8").split())
# Answered with a file or a document of their own: their tests are elsewhere.
NOT_JSON_RESULTS = {"download", "upload", "documentation", "rest.documentation.openapi"}


def test_every_method_names_a_page_that_exists() -> None:
    assert {each.name: each.docs for each in all_methods() if each.docs not in PAGES} == {}


def test_every_open_question_names_a_page_that_exists() -> None:
    assert {each.name: each.docs for each in SWITCHES.values() if each.docs not in PAGES} == {}


def test_every_row_of_the_documentation_table_names_a_page_that_exists() -> None:
    assert {name: row["page"] for name, row in rows() if row["page"] not in PAGES} == {}


def test_every_method_has_a_documented_request_that_is_answered() -> None:
    tried = {(row["method"].lower(), 3 if row.get("as") == "v3" else 2) for _, row in rows()}
    tried |= {("batch", 3)}

    assert [
        each.name
        for each in all_methods()
        if (each.name.lower(), each.version) not in tried and each.name not in NOT_JSON_RESULTS
    ] == []


def test_the_table_shows_every_method_and_every_switch_once() -> None:
    table = coverage_table()
    lines = table.splitlines()

    for each in all_methods():
        name = f"| `{each.name}`" + (" (REST 3.0) |" if each.version == 3 else " |")
        assert sum(line.startswith(name) for line in lines) == 1, name
        assert each.not_emulated.replace("|", "\\|") in table
    for switch in SWITCHES:
        assert sum(line.startswith(f"| `{switch}` |") for line in lines) == 1, switch
    assert str(len(all_methods())) in coverage_summary()


def test_the_table_is_markdown_with_as_many_cells_in_every_row() -> None:
    block: set[int] = set()
    for line in [*coverage_table().splitlines(), ""]:
        if line.startswith("|"):
            block.add(line.replace("\\|", "").count("|"))
        else:
            assert len(block) <= 1, line
            block.clear()
