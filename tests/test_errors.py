"""Errors say the same in Russian, and every place that raises one has its words in the catalogue."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import toolkit
from toolkit import errors
from toolkit.errors import (
    ApprovalNeeded,
    LockedByAnother,
    ParameterError,
    Paused,
    PlanError,
    Rejected,
    SettingsError,
    SheetError,
    StorageError,
    ToolkitError,
)
from toolkit.words import LOCALE, said_in

HOUSE = Path(toolkit.__file__).parent
SPOKEN = ("what", "problem", "remedy")
WORD = re.compile(r"[A-Za-z]{2,}")
CYRILLIC = re.compile(r"[А-Яа-яё]")
CATALOGUE = {
    str(each.id): str(each.string)
    for each in read_po((LOCALE / "ru" / "LC_MESSAGES" / "b24kit.po").open("rb"))
    if each.id
}


def kinds() -> dict[str, type[ToolkitError]]:
    """Every class of deliberate errors, wherever it lives."""
    for module in pkgutil.walk_packages([str(HOUSE)], "toolkit."):
        if not module.name.startswith(("toolkit.sandbox", "toolkit.cli.__main__", "toolkit.notebook")):
            importlib.import_module(module.name)
    found: dict[str, type[ToolkitError]] = {}
    waiting: list[type[ToolkitError]] = [ToolkitError]
    while waiting:
        kind = waiting.pop()
        found[kind.__name__] = kind
        waiting += kind.__subclasses__()
    return found


def spoken_places(kind: type[ToolkitError]) -> dict[str, int]:
    """Which arguments of a class are words for a person, by name and place."""
    if "__init__" not in {name for each in kind.__mro__[:-4] for name in vars(each)}:
        return {"text": 0}
    names = list(inspect.signature(kind).parameters)
    return {name: names.index(name) for name in SPOKEN if name in names}


def form(node: ast.expr, known: dict[str, list[ast.expr]]) -> Iterator[str]:
    """The texts an expression can be, with numbers for values: `names {0}, which is not a file`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        parts, number = [], 0
        for piece in node.values:
            if isinstance(piece, ast.Constant):
                parts.append(str(piece.value).replace("{", "{{").replace("}", "}}"))
            else:
                parts.append(f"{{{number}}}")
                number += 1
        yield "".join(parts)
    elif isinstance(node, ast.IfExp):
        yield from form(node.body, known)
        yield from form(node.orelse, known)
    elif isinstance(node, ast.Name):
        for each in known.get(node.id, []):
            yield from form(each, {})


def raised() -> dict[str, str]:
    """Every text for a person in a place that raises, with the first place it stands."""
    known_kinds, found = kinds(), {}
    for path in sorted(HOUSE.rglob("*.py")):
        if path.is_relative_to(HOUSE / "sandbox"):
            continue
        for scope in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(scope, ast.FunctionDef | ast.Module):
                continue
            assigned: dict[str, list[ast.expr]] = {}
            for node in ast.walk(scope):
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    assigned.setdefault(node.targets[0].id, []).append(node.value)
            for node in ast.walk(scope):
                if not isinstance(node, ast.Call):
                    continue
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if name not in known_kinds:
                    continue
                places = spoken_places(known_kinds[name])
                given = [
                    *((at, each) for at, each in enumerate(node.args)),
                    *((k.arg, k.value) for k in node.keywords),
                ]
                for key, value in given:
                    if key in places or key in places.values():
                        for text in form(value, assigned):
                            if len(WORD.findall(re.sub(r"\{\d\}", "", text))) >= 2:
                                found.setdefault(text, f"{path.relative_to(HOUSE)}:{node.lineno}")
    return found


def test_what_the_house_raises_can_be_read_in_russian() -> None:
    """All of it when this was written; the slack is for texts on their way into the catalogue."""
    texts = raised()
    missing = {text: place for text, place in texts.items() if not CATALOGUE.get(text)}

    assert len(texts) > 300, "the places are found at all"
    assert len(missing) <= 0.05 * len(texts), missing


def test_every_class_has_its_sentence_in_russian() -> None:
    missing = {
        name: kind.sentence
        for name, kind in kinds().items()
        if kind.sentence and kind.sentence not in CATALOGUE
    }

    assert missing == {}


def test_every_contradiction_of_a_policy_is_said_in_russian() -> None:
    texts = set()
    for module in ("runs/policy.py", "runs/addressees.py", "settings.py"):
        for node in ast.walk(ast.parse((HOUSE / module).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ValueError":
                texts |= set(form(node.args[0], {}))

    assert len(texts) > 15
    assert {text for text in texts if not CATALOGUE.get(text)} == set()


@pytest.mark.parametrize(
    ("error", "russian"),
    [
        (SettingsError("B24_WEBHOOK", "is not set", "Use https://."), "Настройка B24_WEBHOOK не задана"),
        (
            ParameterError("plan", "winer", "newest", "is not known", "Known parameters: a, b."),
            "параметр winer='newest' неизвестен. Известны параметры: a, b.",
        ),
        (
            PlanError("policy.yaml", "cannot be used: canary: canary is not smaller than max_changes", ""),
            "canary не меньше",
        ),
        (LockedByAnother("p", "contact", "r1", "host", 7, "now"), "заняты запуском r1"),
        (Paused("r1", 3, 10), "приостановлен на 3 из 10"),
        (
            ApprovalNeeded("Nobody agreed to the plan of run r1 yet.", "Approve it: b24kit apply r1"),
            "ещё никто не согласовал",
        ),
        (StorageError("a.txt", "No space left on device", "Free some space."), "Не удаётся записать a.txt"),
        (
            Rejected("p", "crm.item.get", "X", "no", "Nothing was executed; come back later."),
            "портал отклонил",
        ),
        (SheetError("a.xlsx", 3, "B", "x", "is not known", "Correct the value."), "строка 3"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, ToolkitError) else "",
)
def test_an_error_in_russian_keeps_its_facts(error: ToolkitError, russian: str) -> None:
    words = error.in_words("ru")

    assert russian in words
    assert CYRILLIC.search(words)
    assert not CYRILLIC.search(error.in_words("en"))
    assert error.in_words("en") == str(error)


def test_what_nobody_translated_stays_as_it_is() -> None:
    assert said_in("ru", "the vendor says: whatever") == "the vendor says: whatever"
    assert said_in("en", "is not set") == "is not set"
    assert PlanError("x", "some {odd} text %s", "y").in_words("ru").count("{odd}") == 1


def test_braces_in_values_are_values() -> None:
    error = SettingsError(
        "B24_CA_FILE", "cannot be used: names {0}, which is not a file", "Correct the value."
    )

    assert "{0}" in error.in_words("ru")


def test_the_tree_names_every_class_of_the_house() -> None:
    described = errors.__doc__ or ""
    own = {name for name, kind in kinds().items() if kind.__module__ == errors.__name__}

    assert {name for name in own if name not in described} == set()
