"""The verdict as one HTML page: for a mail, a browser, a phone. Nothing is loaded from anywhere."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from toolkit.sheets.checking import CheckedDirectory
from toolkit.sheets.labels import LABELS, counted, verdict
from toolkit.sheets.refusals import Language

__all__ = ["problems_page"]

MOST = 2_000


def problems_page(checked: CheckedDirectory, *, language: Language = "ru") -> str:
    """Every problem with its cell, what is wrong and how to fix it; errors first.

    Args:
        checked: what was found.
        language: ru or en.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    rules = counted(checked.rows, "rules", language)
    words = {key: said[language] for key, said in LABELS.items()}
    return environment.get_template("problems.html.j2").render(
        language=language,
        words=words,
        file=checked.book.name,
        checked=words["checked"].format(rules=rules, day=checked.on.strftime("%d.%m.%Y")),
        headline=verdict(len(checked.errors), len(checked.warnings), language),
        tone="bad" if checked.errors else "warn" if checked.warnings else "good",
        against_portal=checked.against_portal,
        parts=[("error", "errors", checked.errors), ("warning", "warnings", checked.warnings)],
        several=len({each.place.sheet for each in checked.problems}) > 1,
        most=MOST,
    )
