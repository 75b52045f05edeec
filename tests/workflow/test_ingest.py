"""`b24kit ingest` on the retail chain over HTTP: from the files of ten channels to appeals, and back."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from tests.runs.conftest import SECRET, World, connected
from tests.test_cli import Town
from toolkit.client import SimulatedClock
from toolkit.sandbox import new_portal
from toolkit.sandbox.clock import WallClock
from toolkit.sandbox.doors.http import serve
from toolkit.sandbox.seeds import SEEDS
from toolkit.sheets.channels.catalogue import sample_of

POLICY = """
operations: [ingest_appeals, provision_routing, publish_routing, undo]
kinds: [create, update, delete]
max_changes: 500
max_share: 1.0
must_rehearse: false
"""
TOPICS = ("Качество товара", "Персонал", "Цены и акции", "Возвраты", "Магазин")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The chain with a published directory: one person for each topic, one for the rest; contests are filtered."""
    home = tmp_path_factory.mktemp("town")
    sandbox = new_portal(clock=WallClock())
    SEEDS["retail"](sandbox, 0.002, 1)
    sandbox.access.add_webhook(1, SECRET)
    clock = SimulatedClock()
    world = World(home, clock, sandbox, connected(sandbox, clock, home))
    (home / "policy.yaml").write_text(POLICY, encoding="utf-8")
    with serve(sandbox) as server:
        town = Town(world, server.url, home)
        directory(home / "routing.xlsx", staff(town))
        allowed = ("--policy", str(home / "policy.yaml"))
        assert town.b24kit("routing", "provision", *allowed)[0] == 0
        code, said = town.b24kit(
            "routing", "publish", str(home / "routing.xlsx"), "--entity-type", "177", *allowed
        )
        assert code == 0, said
        assert town.b24kit("ingest", "samples", str(home / "channels"))[0] == 0
        yield town


def staff(town: Town) -> list[int]:
    """Six people who work there."""
    rows = town.world.sandbox.store.rows(
        "SELECT ID FROM user WHERE ACTIVE = 'Y' AND ID > 1 ORDER BY ID LIMIT 6"
    )
    return [row["ID"] for row in rows]


def directory(path: Path, people: list[int]) -> None:
    book = Workbook()
    rules = book.active
    assert rules is not None
    rules.title = "Правила"
    rules.append(["Тема", "Регион", "Подразделение", "Ответственный", "Воронка"])
    for topic, who in zip(TOPICS, people, strict=False):
        rules.append([topic, "*", "*", who, topic])
    rules.append(["*", "*", "*", people[5], "Магазин"])
    filters = book.create_sheet("Фильтры")
    filters.append(["Слово или хэштег", "Канал"])
    filters.append(["#конкурс", "*"])
    book.save(path)


def appeals(town: Town, marker: str = "ch:%") -> list[dict[str, Any]]:
    rows = town.world.sandbox.store.rows("SELECT * FROM crm_177 WHERE XML_ID LIKE ? ORDER BY ID", [marker])
    return [dict(row) for row in rows]


def take_in(town: Town, code: str, *words: str, **more: str) -> tuple[int, str]:
    file = town.home / "channels" / sample_of(code)
    allowed = ("--policy", str(town.home / "policy.yaml"))
    return town.b24kit("ingest", code, str(file), *allowed, *words, **more)


def test_exports_become_appeals_with_their_people_and_again_nothing(town: Town) -> None:
    people = staff(town)
    for code, words in (("site", ()), ("vk", ("--no-rehearse", "--account", str(town.home / "vk.csv")))):
        ended, said = take_in(town, code, *words)
        assert ended == 0, said

    made = appeals(town)
    assert len(made) == 4 + 2
    form = {each["XML_ID"]: each for each in appeals(town, "ch:site:%")}
    assert [each["ASSIGNED_BY_ID"] for each in form.values()] == [people[0], people[3], people[4], people[2]]
    assert form["ch:site:F-1001"]["SOURCE_ID"] == "SITE_FORM"
    assert form["ch:site:F-1003"]["UF_CRM_2_TEXT"].startswith("Грязные тележки у входа\nМагазин на Ленина")
    assert len({each["CATEGORY_ID"] for each in form.values()}) == 4, "each topic has a pipeline of its own"
    with (town.home / "vk.csv").open(encoding="utf-8-sig", newline="") as file:
        fates = [row["What became of it"] for row in csv.DictReader(file, delimiter=";")]
    assert fates == [
        "became an appeal",
        "filtered out by a rule",
        "became an appeal",
        "filtered out by a rule",
    ]

    ended, said = take_in(town, "site", B24_LANGUAGE="ru")
    assert ended == 0
    assert "уже принято раньше или повторяется в файле — 4" in said
    assert "Делать нечего" in said
    assert len(appeals(town)) == len(made)


def test_what_is_put_aside_is_told_and_the_rest_goes_on_and_an_undo_takes_it_back(town: Town) -> None:
    before, contacts = len(appeals(town)), clients(town)
    line = {"message_id": "c-1", "ts": 1794985200000, "user": {"phone": "+79990001122"}, "text": "Грязно"}
    file = town.home / "night.jsonl"
    file.write_text(json.dumps(line) + '\n{"message_id": "c-2", "ts": 17949\n', encoding="utf-8")
    allowed = ("--policy", str(town.home / "policy.yaml"))

    code, said = town.b24kit("ingest", "чат-бот", str(file), *allowed, B24_LANGUAGE="ru")

    assert code == 3, said
    assert "строку не удалось прочитать" in said
    assert len(appeals(town)) == before + 1
    assert clients(town) == contacts + 1
    account = json.loads(town.b24kit("ingest", "account", "--json")[1])
    assert [(each["row"], each["state"]) for each in account] == [(1, "created"), (2, "quarantined")]
    assert account[0]["record"] == appeals(town)[-1]["ID"]
    written = load_workbook(
        max(town.home.glob("snapshots/*/*/rows.xlsx"), key=lambda each: each.stat().st_mtime_ns)
    )
    assert written["Строки"]["C3"].value == "отложено для человека"

    code, said = town.b24kit("undo", *allowed)
    assert code == 0, said
    assert (len(appeals(town)), clients(town)) == (before, contacts)


def clients(town: Town) -> int:
    return int(town.world.sandbox.store.value("SELECT COUNT(*) FROM crm_3"))


def test_what_cannot_be_read_is_refused_in_words_and_nothing_is_begun(town: Town) -> None:
    home = town.home
    (home / "empty.csv").touch()
    (home / "other.csv").write_text("Что;Где\n1;2\n", encoding="utf-8")
    (home / "mine.yaml").write_text(
        "channel: VK\ncode: vk\nshape: json\nfields: {id: id, at: date, tekst: text}\n"
    )

    for words, told in (
        (["viber", str(home / "other.csv")], "is no channel"),
        (["site", str(home / "empty.csv")], "is empty"),
        (["site", str(home / "other.csv")], "none of its columns"),
        (["site", str(home / "nowhere.csv")], "cannot be read"),
        (["vk", str(home / "other.csv")], "is no JSON"),
        (["vk", str(home / "other.csv"), "--mapping", str(home / "mine.yaml")], "is no part of a message"),
    ):
        code, said = town.b24kit("ingest", *words)
        assert code == 2, said
        assert told in said
    assert "Горячая линия" in town.b24kit("ingest", "channels")[1]
    assert len(json.loads(town.b24kit("ingest", "channels", "--json")[1])) == 10


def watched(town: Town, home: Path) -> tuple[str, ...]:
    """`spool watch` of a folder of the site's exports, one pass; the place of the directory is not said."""
    return (
        *(
            "spool",
            "watch",
            "ingest_appeals",
            "--rows-as",
            "rows",
            "-p",
            "channel=site",
            "--folder",
            str(home),
        ),
        *("--policy", str(town.home / "policy.yaml"), "--once", "--settle", "0", "--no-rehearse"),
    )


FORM = "Номер заявки;Дата;ФИО;Телефон;E-mail;Тема;Подтема;Регион;Сообщение;Страница\n"


def forms(home: Path, name: str, numbers: Sequence[str]) -> None:
    """An export of the site's form."""
    home.mkdir(exist_ok=True)
    lines = [
        f"{each};22.11.2026 10:15;Пётр;;{each}@shop.example;Персонал;;;Грубят {each};\n" for each in numbers
    ]
    (home / name).write_text(FORM + "".join(lines), encoding="utf-8")


def test_an_export_that_arrives_while_the_portal_is_down_waits_and_comes_in_once(town: Town) -> None:
    home, sandbox = town.home / "down", town.world.sandbox
    forms(home, "a.csv", ["W-1", "W-2"])
    sandbox.faults.plan("deleted", times=1000)
    try:
        code, said = town.b24kit(*watched(town, home), B24_LANGUAGE="ru")
    finally:
        sandbox.faults.clear()
    assert code != 0
    assert "ждёт" in said
    assert appeals(town, "ch:site:W-%") == []
    assert [each.name for each in (home / "done").iterdir()] == ["a.csv"], "the spool has it"

    forms(home, "b.csv", ["W-2", "W-3"])
    code, said = town.b24kit(*watched(town, home))

    assert code == 0, said
    expected = [f"ch:site:W-{each}" for each in (1, 2, 3)]
    assert sorted(each["XML_ID"] for each in appeals(town, "ch:site:W-%")) == expected
    assert town.b24kit(*watched(town, home))[0] == 0
    assert len(appeals(town, "ch:site:W-%")) == 3


def test_killed_in_the_middle_of_a_pass_the_next_one_finishes_it(town: Town) -> None:
    home, sandbox = town.home / "killed", town.world.sandbox
    numbers = [f"K-{each:02}" for each in range(60)]
    forms(home, "a.csv", numbers)
    process: list[subprocess.Popen[str]] = []
    died: list[int] = []

    there: list[int] = []

    def kill() -> None:
        if not died and (some := len(appeals(town, "ch:site:K-%"))):
            there.append(some)
            process[0].send_signal(signal.SIGKILL)
            died.append(process[0].wait())

    # While the portal works on the second request that makes appeals, which it then finishes.
    sandbox.faults.plan("call", "crm.item.add", times=1000, action=kill)
    process.append(town.process(*watched(town, home)))
    said = process[0].communicate(timeout=90)
    sandbox.faults.clear()
    assert died == [-signal.SIGKILL], said
    assert 0 < there[0] < len(numbers)

    code, told = town.b24kit(*watched(town, home))

    assert code == 0, told
    assert sorted(each["XML_ID"] for each in appeals(town, "ch:site:K-%")) == [
        f"ch:site:{each}" for each in numbers
    ]
