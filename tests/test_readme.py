"""What the README says is what the code does."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

from typer.main import get_command

from toolkit import errors
from toolkit.cli import app
from toolkit.operations import catalogue
from toolkit.sandbox.running.coverage import coverage_summary, coverage_table

HOUSE = Path(__file__).parent.parent
README = (HOUSE / "README.md").read_text(encoding="utf-8")
RUSSIAN = (HOUSE / ".github" / "README.ru.md").read_text(encoding="utf-8")


def test_the_first_screen_says_exactly_the_two_commands() -> None:
    for text in (README, RUSSIAN):
        block = re.search(r"```\n(.*?)```", text, re.DOTALL)
        assert block is not None
        assert [line.split("#")[0].strip() for line in block[1].strip().splitlines()] == [
            "make demo",
            "make test",
        ]


def test_every_operation_is_in_the_tables_of_both() -> None:
    for name in catalogue():
        assert f"| `{name}` |" in README, name
        assert f"| `{name}` |" in RUSSIAN, name


def test_every_exit_code_of_an_error_is_documented() -> None:
    codes = {
        kind.exit_code
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.ToolkitError)
    }
    for text in (README, RUSSIAN):
        documented = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
        assert codes <= documented
        assert documented == {0, 1, 2, 3, 4, 5, 6, 7, 130}


def test_the_coverage_of_the_sandbox_is_the_generated_one() -> None:
    kept = (HOUSE / ".github" / "COVERAGE.md").read_text(encoding="utf-8")

    assert kept.strip() == coverage_table().strip(), "run: make coverage"
    assert coverage_summary() in README


def test_every_room_of_the_house_is_on_the_map() -> None:
    rooms = {
        path.name
        for path in (HOUSE / "toolkit").iterdir()
        if path.is_dir() and (path / "__init__.py").exists()
    }
    missing = {room for room in rooms if f"  {room}/" not in README}
    assert missing == set()


def test_what_is_pinned_names_no_address() -> None:
    pins = (HOUSE / ".ci" / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in pins
    assert " @ " not in pins


def test_every_command_the_readme_shows_exists_with_its_options() -> None:
    for text in (README, RUSSIAN):
        shown = set(re.findall(r"^[ ]*(?:[\d* ]+ cd \S+ && )?b24kit ([^#\n]+)", text, re.MULTILINE))
        shown |= set(re.findall(r"`b24kit ([^`]+)`", text))
        assert len(shown) > 30
        for words in shown:
            command: Any = get_command(app)
            typed = words.partition(" > ")[0].split()
            while typed and typed[0] in (below := getattr(command, "commands", {})):
                command = below[typed.pop(0)]
            assert not getattr(command, "commands", {}) or not typed or typed[0].startswith("-"), words
            known = {each for one in command.params for each in (*one.opts, *one.secondary_opts)}
            for word in typed:
                if word.startswith("-"):
                    assert word in {*known, "--help"}, (words, word)


def test_every_picture_and_page_the_readme_links_is_there() -> None:
    linked = [
        (folder / target.partition("#")[0])
        for text, folder in ((README, HOUSE), (RUSSIAN, HOUSE / ".github"))
        for target in re.findall(r"\]\(([^)#:]+)\)", text)
    ]
    assert HOUSE / ".github" / "tour.png" in linked
    assert [str(path) for path in linked if not path.is_file()] == []
