"""A contact centre's exports as an integrator types them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from tests.runs.conftest import make_world
from tests.test_cli import Town
from toolkit.sandbox.clock import WallClock
from toolkit.sandbox.doors.http import serve

REQUESTS = (
    "Номер заявки;Дата обращения;Фамилия;Имя;Телефон клиента;Тема;Название;Сумма, руб;Цвет\n"
    "R1;01.05.2026 10:00;Полякова;Анна;8 912 345-67-01;Ремонт;Течёт кран;1 500,50;синий\n"
    "R2;завтра;Ершов;Борис;8 912 345-67-02;Ремонт;Договор;;\n"
)
CALLS = (
    "ID звонка\tНачало\tНомер абонента\tНаправление\tДлительность\tНомер заявки\n"
    "C1\t01.05.2026 11:00\t8 912 345-67-01\tвходящий\t00:01:05\tR1\n"
)
RULES = ("-p", "topics=[{topic: '*', pipeline: 0, stage: NEW}]", "-p", "fallback=2")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    world = make_world(tmp_path / "world", contacts=3, deals=3)
    world.sandbox.clock = WallClock()
    with serve(world.sandbox) as server:
        yield Town(world, server.url, tmp_path)


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    path = tmp_path / "requests.csv"
    path.write_bytes(REQUESTS.encode("cp1251"))
    return path


def test_exports_are_mapped_checked_and_loaded_and_a_bad_row_keeps_nobody(
    town: Town, requests: Path, tmp_path: Path
) -> None:
    mapping, copy = tmp_path / "mapping.yaml", tmp_path / "copy.xlsx"
    calls = tmp_path / "calls.csv"
    calls.write_text(CALLS, encoding="utf-8")

    code, said = town.b24kit(
        "contact-centre", "mapping", str(requests), "-o", str(mapping), "--system", "cc1"
    )
    assert (code, "left out" in said, mapping.exists()) == (0, True, True)
    code, said = town.b24kit(
        "contact-centre",
        "check",
        str(requests),
        "--mapping",
        str(mapping),
        "-o",
        str(copy),
        B24_LANGUAGE="ru",
    )
    assert code == 3
    assert "requests!B3  Дата обращения: «завтра» — не дата и не время." in said
    assert copy.exists()

    words = (
        "contact-centre",
        "load",
        "--mapping",
        str(mapping),
        "--requests",
        str(requests),
        "--calls",
        str(calls),
    )
    code, said = town.b24kit(*words, *RULES, "--no-rehearse", "--agree", f"{town.portal}:4")
    assert code == 3, said
    deal = town.world.sandbox.store.rows("SELECT * FROM crm_2 WHERE ORIGIN_ID = 'cc:cc1:request:R1'")[0]
    assert (deal["TITLE"], deal["OPPORTUNITY"]) == ("Течёт кран", 1500.5)
    call = town.world.sandbox.store.rows("SELECT * FROM activity WHERE ORIGIN_ID = 'cc:cc1:call:C1'")
    assert len(call) == 1
    assert not town.world.sandbox.store.rows("SELECT 1 FROM crm_3 WHERE LAST_NAME = 'Ершов'")

    code, said = town.b24kit(*words, *RULES)
    assert (code, "Nothing to do." in said) == (3, True)


def test_a_bad_cell_of_the_history_is_told_and_the_other_rows_go_on(town: Town, tmp_path: Path) -> None:
    requests, history = tmp_path / "requests.csv", tmp_path / "history.csv"
    requests.write_text(
        "Номер;Дата;Телефон;Фамилия\nR1;01.05.2026 10:00;89031112233;Ершов\n", encoding="utf-8"
    )
    history.write_text(
        "Номер;Заявка;Когда;Что изменено;Стало\nH1;R1;завтра;Адрес;Мира, 1\nH2;R1;02.05.2026 10:00;Адрес;Мира, 2\n",
        encoding="utf-8",
    )
    words = [
        "contact-centre",
        "load",
        "--system",
        "cc1",
        "--requests",
        str(requests),
        "--history",
        str(history),
    ]

    code, said = town.b24kit(*words, *RULES, "--plan", B24_LANGUAGE="ru")
    assert code == 0, said
    assert "строка 2, Когда: «завтра» — не дата и не время" in said
    code, said = town.b24kit("contact-centre", "account", "last", "--state", "quarantined", "--json")
    (row,) = json.loads(said)
    assert (row["kind"], row["id"], row["reason"]) == ("history", "H1", "the row cannot be read")
    code, said = town.b24kit("contact-centre", "account", "last", "--state", "created", "--json")
    assert [(each["kind"], each["id"]) for each in json.loads(said)] == [("history", "H2"), ("request", "R1")]


def test_a_heading_that_is_missing_is_named_before_anything_is_asked(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("Что;Когда\nR1;01.05.2026\n", encoding="utf-8")

    code, said = town.b24kit("contact-centre", "load", "--system", "cc1", "--requests", str(path))
    assert (code, "say nothing of id" in said) == (2, True)
    code, said = town.b24kit("contact-centre", "mapping", str(path), "--json")
    assert (code, json.loads(said)["missing"]) == (2, ["id"])


def test_rows_of_a_database_go_in_and_its_password_is_never_shown(town: Town, tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "centre.sqlite") as db:
        db.execute("CREATE TABLE t (id TEXT, at TEXT, phone TEXT, last_name TEXT)")
        db.execute("INSERT INTO t VALUES ('R9', '2026-05-01 10:00', '8 912 345-67-09', 'Котов')")
    query = tmp_path / "query.yaml"
    query.write_text("query: SELECT * FROM t\naddress_from: CC_ADDRESS\n", encoding="utf-8")
    words = (
        "contact-centre",
        "load",
        "--system",
        "cc1",
        "--requests",
        str(query),
        *RULES,
        "--plan",
        "--json",
    )

    code, said = town.b24kit(*words, CC_ADDRESS=f"sqlite:///{tmp_path / 'centre.sqlite'}")
    assert (code, json.loads(said)["changes"]) == (0, 2)
    code, said = town.b24kit(*words, CC_ADDRESS="postgresql://bob:s3cret@127.0.0.1:1/x")
    assert code != 0
    assert "s3cret" not in said


def test_a_table_of_topics_begins_as_a_template_and_is_checked_to_the_cell(town: Town) -> None:
    export = town.home / "requests.csv"
    export.write_text("Номер;Дата;Телефон;Тема\n1;01.05.2026 10:00;89031112233;Ремонт\n", encoding="utf-8")
    path = town.home / "topics.xlsx"

    assert town.b24kit("contact-centre", "topics", "template", str(path), "--from", str(export))[0] == 0

    book = openpyxl.load_workbook(path)
    sheet = book["Topics"]
    assert [cell.value for cell in sheet[1]] == ["Topic", "Pipeline", "Stage", "Responsible", "Comment"]
    assert [sheet["A2"].value, sheet["A3"].value] == ["*", "Ремонт"]
    assert any("B2" in str(each.sqref) for each in sheet.data_validations.dataValidation)
    for row in ([2, "*", 0, "NEW", 2], [3, "Ремонт", "Нет такой", "", 2], [4, "ремонт", 0, "", 999]):
        for column, value in enumerate(row[1:], start=1):
            sheet.cell(row[0], column, value)
    book.save(path)
    code, said = town.b24kit("contact-centre", "topics", "check", str(path), "--json")
    told = json.loads(said)
    assert code == 2
    assert [(each["cell"], each["code"]) for each in told["problems"]] == [
        ("B3", "pipeline_missing"),
        ("A4", "topic_twice"),
        ("D4", "user_missing"),
    ]
    assert told["rows"] == [{"topic": "*", "pipeline": 0, "stage": "NEW", "responsible": "2"}]
    assert (town.home / "topics-checked.xlsx").is_file()


def test_cron_gives_rows_mapping_and_topics_as_files(town: Town, requests: Path, tmp_path: Path) -> None:
    lines, mapping, topics = tmp_path / "r.jsonl", tmp_path / "m.yaml", tmp_path / "topics.csv"
    lines.write_text(
        '{"Номер": "R5", "Когда": "01.05.2026 10:00", "Тел": "8 912 345-67-05", "Цвет": "x", "Тема": "Ремонт"}\n',
        encoding="utf-8",
    )
    mapping.write_text(
        "columns: {Номер: id, Когда: at, Тел: phone, Тема: topic}\nzone: Asia/Omsk\n", encoding="utf-8"
    )
    topics.write_text("Тема;Воронка;Ответственный\nремонт;Общая;2\n", encoding="utf-8")
    words = (
        "plan",
        "load_contact_centre",
        "-p",
        "system=cc1",
        "-p",
        f"requests=@{lines}",
        "-p",
        f"topics=@{topics}",
    )

    code, said = town.b24kit(*words, "-p", f"requests_mapping=@{mapping}", "--json")

    assert (code, json.loads(said)["changes"]) == (0, 2)
    run = json.loads((Path(json.loads(said)["folder"]) / "run.json").read_text(encoding="utf-8"))
    assert run["parameters"]["requests"][0]["at"] == "2026-05-01T10:00:00+06:00"
    code, said = town.b24kit(*words, "--json")
    assert (code, "Цвет" in said) == (2, True)
