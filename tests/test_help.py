"""Help and usage errors read in the language of the settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from toolkit.cli import app
from toolkit.cli.speaking import help_texts, run, spoken
from toolkit.words import translator

PLAIN = re.compile(r"^[\w.,:/ \-]{0,12}$")  # INN, .parquet, contact:5: the same in both languages


def test_every_text_of_every_help_has_its_russian() -> None:
    say = translator("ru")

    missing = sorted(text for text in help_texts(app) if say(text) == text and not PLAIN.match(text))

    assert missing == []


@pytest.mark.parametrize("words", [[], ["plan"], ["sandbox", "start"], ["routing"], ["health"]])
def test_help_in_russian_leaves_no_english_heading(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(app, "ru", [*words, "--help"])

    shown = capsys.readouterr().out
    assert code == 0
    assert "Как писать: b24kit" in shown
    assert "Показать эту справку" in shown
    for english in ("Usage", "Options", "Arguments", "Commands", "required", "default:", "Show this"):
        assert english not in shown, english


def test_help_in_english_after_russian_is_english(capsys: pytest.CaptureFixture[str]) -> None:
    run(app, "ru", ["plan", "--help"])
    capsys.readouterr()

    run(app, "en", ["plan", "--help"])

    assert "Usage: b24kit plan [OPTIONS]" in capsys.readouterr().out


def numbers_asked(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[list[str], str]]:
    """Every number of every command: the words up to its value, and what it is called."""
    before = ["--"]
    for one in command.params:
        argument = one.param_type_name == "argument"
        if one.type_descriptor.annotation in (int, float, list[int], list[float]):
            yield [*path, *(before if argument else one.opts[:1])], one.name if argument else one.opts[0]
        before += ["x"] * argument
    for name, each in getattr(command, "commands", {}).items():
        yield from numbers_asked(each, (*path, name))


ZERO_IS_MEANT = {
    "--at-most", "--category", "--days", "--duration", "--keep-days", "--keep-files", "--max-share",
    "--seed-number", "--settle", "--tls-port", "sandbox log --last", "sandbox start --port", "serve --port",
}  # fmt: skip


def test_a_number_that_means_nothing_is_refused_by_every_command() -> None:
    command = spoken(app, "en")
    usage_error: Any = typer.BadParameter.__mro__[1]
    asked = list(numbers_asked(command))
    assert len(asked) > 70

    accepted = []
    for words, name in asked:
        for value in ("-1", "1" + "0" * 30, "nan", "1e400", "0"):
            typed = [*words, value]
            if value == "0" and ZERO_IS_MEANT & {name, " ".join(words)}:
                continue
            try:
                command.main(args=typed, prog_name="b24kit", standalone_mode=False)
            except usage_error as error:
                said = error.format_message()
                if error.exit_code == 2 and "Invalid value" in said and name.upper() in said.upper():
                    continue
                typed.append(f"({said})")
            accepted.append(" ".join(typed))

    assert accepted == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["apply", "--canary", "0"], "должно быть не меньше 1"),
        (["apply", "--max-share", "7"], "должно быть не больше 1"),
        (["blame", "contact", "--", "-5"], "-5 — не номер записи: номера — целые числа от 1"),
    ],
)
def test_why_a_number_is_refused_is_said_in_russian(
    words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, "ru", words) == 2
    assert expected in capsys.readouterr().err
