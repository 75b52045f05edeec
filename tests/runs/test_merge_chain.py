"""Duplicates from the command line, as a person goes about it: plan, workbook, apply, undo of some, undo of all."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from tests.test_cli import Town
from toolkit.runs import Run
from toolkit.runs.merges.carrying import aliases
from toolkit.sandbox.clock import WallClock
from toolkit.sandbox.doors.http import serve

from .duplicates import seeded
from .test_merge_undo import by_alias, employers_of, without

CERTAIN, DOUBTFUL = "Автоматически", "Под вопросом"
Groups = dict[int, dict[str, Any]]


def groups_in(sheet: Any) -> Groups:
    """The rows of each group of a sheet, by what they are about."""
    found: Groups = {}
    for row in sheet.iter_rows():
        if str(row[0].value).isdigit():
            found.setdefault(int(row[0].value), {})[str(row[1].value)] = row
    return found


def cards_of(rows: dict[str, Any]) -> list[int]:
    """The contacts of a group; empty for companies."""
    names = [str(cell.value) for cell in rows["card"][4:] if cell.value]
    return [int(name.split(":")[0].split()[1]) for name in names if name.startswith("контакт")]


def filled_in(path: Path) -> tuple[list[int], list[int], list[int], list[int]]:
    """Four decisions of a person: two cards differ, two are left, another one stays, and two doubtful ones are one."""
    book = openpyxl.load_workbook(path)
    certain = [rows for rows in groups_in(book[CERTAIN]).values() if len(cards_of(rows)) == 2]
    doubtful = [rows for rows in groups_in(book[DOUBTFUL]).values() if len(cards_of(rows)) == 2]
    different, left, turned, approved = certain[0], certain[1], certain[2], doubtful[0]
    different["decision"][3].value = "разные клиенты"
    left["decision"][3].value = "оставить"
    for cell in turned["master"][4:6]:
        cell.value = None if cell.value else "да"
    approved["decision"][3].value = "объединить"
    book.save(path)
    chosen = (different, left, turned, approved)
    return tuple(cards_of(rows) for rows in chosen)  # type: ignore[return-value]  # four of them, in this order


def through_libreoffice(path: Path, skip_loudly: Callable[[str], None]) -> Path:
    """The workbook as LibreOffice saves it."""
    soffice = shutil.which("soffice")
    if soffice is None:
        skip_loudly("LibreOffice is missing")
    assert soffice is not None
    out = path.parent / "saved"
    profile = f"-env:UserInstallation=file://{path.parent / 'profile'}"
    command = [soffice, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(out), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return out / path.name


def merged(run: Run) -> list[list[int]]:
    """The groups of contacts a plan merges, the surviving card first."""
    rows = run.plan.active.query("kind == 'merge' and entity == 'contact'")
    losers = (json.loads(text)["losers"] for text in rows["after"])
    return [[int(one), *map(int, going)] for one, going in zip(rows["record_id"], losers, strict=True)]


@pytest.mark.parametrize(("seed", "scale"), [("realty", 0.015), ("retail", 0.02)])
def test_clients_are_merged_as_the_workbook_says_and_all_of_it_is_taken_back(
    seed: str, scale: float, skip_loudly: Callable[[str], None], tmp_path: Path
) -> None:
    world = seeded(tmp_path / "world", seed, scale)
    world.sandbox.clock = WallClock()
    numbers = [row["ENTITY_TYPE_ID"] for row in world.sandbox.store.rows("SELECT * FROM dynamic_type")]
    children = ["deal", "lead", "quote", "invoice", *(f"item:{number}" for number in numbers)]
    before = by_alias(world)
    with serve(world.sandbox) as server:
        town = Town(world, server.url, tmp_path)
        town.env["B24_LANGUAGE"] = "ru"

        def said(*words: str) -> Any:
            code, told = town.b24kit(*words, "--json")
            assert code == 0, told
            return json.loads(told)

        def agreed(*words: str, plan: dict[str, Any]) -> Any:
            return said(*words, "--agree", f"{town.portal}:{plan['changes']}")

        review = tmp_path / "review.xlsx"
        params = ("-p", "area_code=495", "-p", f"children={json.dumps(children)}")
        proposed = said("plan", "deduplicate", *params, "--review", str(review))
        different, left, turned, approved = filled_in(review)
        plan = said("plan", "deduplicate", "--review", str(through_libreoffice(review, skip_loudly)))
        applied = agreed("apply", plan["run"], plan=plan)
        groups = merged(run := Run.find(tmp_path / "snapshots", plan["run"], time.time))
        others = [cards[0] for cards in groups if cards[0] not in turned]
        employers = {card: employers_of(world, card) for card in others}
        some = said("undo", plan["run"], "--record", str(turned[0]), "--plan")
        agreed("apply", some["run"], plan=some)
        stayed = {card: employers_of(world, card) for card in others}
        alias = said("alias", str(groups[0][1]))
        rest = said("undo", plan["run"], "--plan")
        agreed("apply", rest["run"], plan=rest)
        nothing = said("undo", plan["run"], "--plan")

    assert plan["run"] != proposed["run"]
    sets = [set(cards) for cards in groups]
    assert set(different) not in sets
    assert set(left) not in sets
    assert set(approved) in sets
    assert [turned[1], turned[0]] in groups or [turned[0], turned[1]] in groups
    assert applied["clean"]
    assert stayed == employers, "taking one group back left the others alone"
    assert alias == {"contact": groups[0][0]}
    assert nothing["changes"] == 0
    runs = sorted(Run.all(tmp_path / "snapshots", time.time), key=lambda each: each.id)
    backs = [each for each in runs if each.facts.undoes == run.id and not each.facts.rehearses]
    told = pd.concat([each.plan.listed for each in backs])
    told = told[told["reason"].str.contains("list of choices")]
    stays = {(int(c), d.split(":")[0].upper()) for c, d in told[["record_id", "details"]].values}
    after = by_alias(world, aliases(runs))
    assert {k: without(v, stays) for k, v in after.items()} == {
        k: without(v, stays) for k, v in before.items()
    }
