"""Agreeing to a plan from a notebook: a form, a question, or words given as parameters; never by silence."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from html import escape
from typing import Any

from toolkit import workflow
from toolkit.errors import ApprovalNeeded, ToolkitError
from toolkit.notebook.markup import Speech
from toolkit.runs import Run

__all__ = ["agree_in_words", "agreement_form", "ask", "has_widgets", "refused_headless"]


def has_widgets() -> bool:
    """Whether a form can be shown."""
    return importlib.util.find_spec("ipywidgets") is not None


def agree_in_words(run: Run, words: str) -> None:
    """Agree by `PORTAL:COUNT`.

    Raises:
        ApprovalNeeded: the words do not fit the plan.
    """
    portal, _, count = words.strip().rpartition(":")
    workflow.approve(run, portal=portal, count=_count(count))


def ask(run: Run, speech: Speech, answer: Callable[[str], str] = input) -> None:
    """Ask for the portal and the number of changes, as plain text.

    Args:
        run: the run whose plan waits.
        speech: the reader's language.
        answer: puts a question and gives what was typed.

    Raises:
        ApprovalNeeded: what was typed does not fit the plan.
    """
    portal = answer(speech("Portal: ", "Портал: "))
    count = answer(speech("Number of changes: ", "Число изменений: "))
    workflow.approve(run, portal=portal, count=_count(count))


def agreement_form(run: Run, speech: Speech) -> Any:
    """A form that approves the plan once the portal and the count are typed into it."""
    import ipywidgets  # type: ignore[import-untyped,unused-ignore]  # it has no types

    portal = ipywidgets.Text(description=speech("Portal", "Портал"), placeholder=run.facts.portal)
    count = ipywidgets.Text(description=speech("Changes", "Изменений"), placeholder="0")
    button = ipywidgets.Button(description=speech("I agree", "Согласен"), button_style="warning")
    verdict = ipywidgets.HTML()

    def pressed(_: Any) -> None:
        try:
            workflow.approve(run, portal=portal.value, count=_count(count.value))
        except ToolkitError as error:
            verdict.value = f'<span style="color:#c0392b">{escape(error.in_words(speech("en", "ru")))}</span>'
            return
        for part in (portal, count, button):
            part.disabled = True
        said = speech("Approved. Go on with the next cell.", "Согласовано. Выполните следующую ячейку.")
        verdict.value = f'<span style="color:#1f8a5b">{escape(said)}</span>'

    button.on_click(pressed)
    words = speech(
        "To agree, type the portal and the number of changes of the plan above.",
        "Чтобы согласиться, введите адрес портала и число изменений из плана выше.",
    )
    return ipywidgets.VBox([ipywidgets.Label(words), portal, count, button, verdict])


def refused_headless(run: Run) -> ApprovalNeeded:
    """The error of a notebook nobody watches."""
    return ApprovalNeeded(
        f"Run {run.id} waits for an approval, and nobody is at the notebook.",
        f"Give it a parameter policy=policy.yaml, or agree={run.facts.portal}:{len(run.plan.active)}.",
    )


def _count(text: str) -> int:
    digits = "".join(text.split())
    return int(digits) if digits.isdecimal() else -1
