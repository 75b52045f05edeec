"""Help and usage errors read in the language of the settings."""

from __future__ import annotations

import re

import pytest

from toolkit.cli import app
from toolkit.cli.speaking import help_texts, run
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
