"""What the sandbox answers, with the evidence: two tables, made from what the methods say of themselves.

Nothing is listed by hand: a method carries its page and what is left out (`registry`), a family's file
says what it is about, an open question carries its reason (`switches`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from ..registry import Method, all_methods
from ..switches import SWITCHES

__all__ = ["coverage_summary", "coverage_table"]

SITE = "https://apidocs.bitrix24.com/"


def coverage_summary() -> str:
    """How much there is, in one line."""
    methods = all_methods()
    whole = sum(not each.not_emulated for each in methods)
    return (
        f"{len(methods)} methods of {len(_families(methods))} families, {whole} of them whole;"
        f" {len(SWITCHES)} open questions with a switch each."
    )


def coverage_table() -> str:
    """The methods by family and the switches, as Markdown.

    Columns of methods: name, what a caller needs (scopes; an application; a plan), the
    page of the documentation, what of it is left out. Of switches: name, default, other answers, the
    reason, the page.
    """
    methods = all_methods()
    parts = ["# What the sandbox answers", "", coverage_summary(), ""]
    for title, members in _families(methods):
        parts += [f"## {title}", ""]
        parts += _table(
            ("method", "needs", "page", "left out"),
            ((_named(each), _needs(each), _page(each.docs), each.not_emulated) for each in members),
        )
    parts += ["# What the documentation leaves open", ""]
    parts += _table(
        ("switch", "default", "other answers", "why", "page"),
        (
            (
                f"`{each.name}`",
                f"`{each.default}`",
                ", ".join(f"`{answer}`" for answer in each.choices if answer != each.default),
                each.reason,
                _page(each.docs),
            )
            for each in sorted(SWITCHES.values(), key=lambda each: each.name)
        ),
    )
    return "\n".join(parts)


def _families(methods: Iterable[Method]) -> list[tuple[str, list[Method]]]:
    """Methods by the file they stand in, under the first line of that file."""
    found: dict[str, list[Method]] = {}
    for each in methods:
        found.setdefault(each.body.__module__, []).append(each)
    return [(_title(module), members) for module, members in sorted(found.items())]


def _title(module: str) -> str:
    words = (sys.modules[module].__doc__ or module).strip().splitlines()[0]
    return words.rstrip(".")


def _named(method: Method) -> str:
    return f"`{method.name}`" + (" (REST 3.0)" if method.version == 3 else "")


def _needs(method: Method) -> str:
    needs = list(method.scopes)
    if method.app_only:
        needs.append("an application")
    if method.feature:
        needs.append(f"a plan with {method.feature}")
    return ", ".join(needs)


def _page(docs: str) -> str:
    return f"[{docs.rpartition('/')[2].removesuffix('.md')}]({SITE}{docs.removesuffix('.md')}.html)"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [_row(head), _row(("---",) * len(head))]
    lines += [_row(tuple(cell.replace("|", "\\|") for cell in row)) for row in rows]
    return [*lines, ""]


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
