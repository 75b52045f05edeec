"""The desk as people and programs type it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runs.conftest import make_world
from tests.test_cli import Town
from toolkit.sandbox.clock import WallClock
from toolkit.sandbox.doors.http import serve


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    world = make_world(tmp_path / "world", contacts=3, deals=3)
    world.sandbox.clock = WallClock()
    with serve(world.sandbox) as server:
        yield Town(world, server.url, tmp_path)


ANNA = ("contact", "create", "--name", "Анна", "--last-name", "Полякова", "--phone", "8 912 000-00-01")


def test_a_client_is_made_found_edited_and_taken_back(town: Town) -> None:
    code, said = town.b24kit(*ANNA, "--json")
    made = json.loads(said)
    assert (code, made["state"]) == (0, "created")

    code, said = town.b24kit(
        "contact", "find", "--phone", "+79120000001", "--name", "Анна Полякова", "--json"
    )
    assert (code, json.loads(said)["id"]) == (0, made["id"])

    assert town.b24kit("contact", "edit", str(made["id"]), "--set", "post=директор")[0] == 0
    assert (
        town.b24kit("contact", "edit", str(made["id"]), "--set", "post=сторож", "--was", "post=повар")[0] == 3
    )
    code, said = town.b24kit("contact", "find", "--id", str(made["id"]), "--json")
    assert json.loads(said)["card"]["post"] == "директор"

    first, *_ = json.loads(town.b24kit("runs", "list", "--json")[1])
    assert first["run"] == made["run"]


def test_a_client_who_is_here_is_not_made_again(town: Town) -> None:
    town.b24kit(*ANNA)

    code, said = town.b24kit(*ANNA, "--key", "cc:site:contact:7")

    assert code == 3
    assert "this is client" in said
    assert town.b24kit(*ANNA, "--key", "cc:site:contact:7", "--anyway")[0] == 0


def test_a_company_keeps_the_zeros_of_its_requisites(town: Town) -> None:
    code, said = town.b24kit(
        "company",
        "create",
        "--title",
        "ООО Ромашка",
        "--inn",
        "0274062111",
        "--requisite",
        "RQ_OKPO=00032537",
    )
    assert code == 0, said
    row = town.world.sandbox.store.rows("SELECT * FROM requisite")[0]
    assert (row["RQ_INN"], row["RQ_OKPO"]) == ("0274062111", "00032537")
    code, said = town.b24kit("company", "find", "--inn", "274062111", "--name", "Ромашка", "--json")
    assert json.loads(said)["verdict"] == "one", said


def test_an_empty_question_is_wrong_usage(town: Town) -> None:
    assert town.b24kit("contact", "find")[0] == 2
    assert town.b24kit("contact", "find", "--phone", "1", "--source", "elsewhere")[0] == 2


def test_deals_their_people_and_the_dictionaries_are_told(town: Town) -> None:
    code, said = town.b24kit("deal", "create", "--title", "Ремонт", "--contact", "1", "--json", "--anyway")
    made = json.loads(said)
    assert (code, made["state"]) == (0, "created"), said
    assert town.b24kit("deal", "create", "--title", "Ещё ремонт", "--contact", "1")[0] == 3
    assert town.b24kit("deal", "edit", str(made["id"]), "--set", "title=Ремонт крыши")[0] == 0

    code, said = town.b24kit("contact", "deals", "--id", "1", "--open", "--json")
    assert "Ремонт крыши" in [each["title"] for each in json.loads(said)["deals"]]
    assert town.b24kit("company", "deals", "--inn", "7707083893")[0] == 0
    code, said = town.b24kit("deal", "find", "--title", "крыши")
    assert (code, f"this is deal {made['id']}" in said) == (0, True)
    code, said = town.b24kit("deal", "users", str(made["id"]))
    assert (code, "responsible of the contact" in said) == (0, True)
    code, said = town.b24kit("dictionaries", "stages", "--json")
    assert {each["id"] for each in json.loads(said)["stages"]} >= {"NEW", "WON"}
    assert town.b24kit("dictionaries", "colours")[0] == 2


def test_a_call_is_noted_heard_and_shown_from_the_command_line(town: Town) -> None:
    recording = town.home / "call.mp3"
    recording.write_bytes(b"ID3" + bytes(2000))
    words = (
        "--direction",
        "in",
        "--phone",
        "+79120000001",
        "--start",
        "2026-05-01T09:30:00+03:00",
        "--to",
        "contact:1",
    )
    note = ("call", "create", "--key", "cc:site:call:1", *words, "--json")

    code, said = town.b24kit(*note)
    made = json.loads(said)
    assert (code, made["state"]) == (0, "created"), said
    assert json.loads(town.b24kit(*note)[1])["state"] == "already"
    assert town.b24kit("call", "attach-recording", str(made["id"]), str(recording))[0] == 0
    assert town.b24kit("call", "attach", str(made["id"]), "--to", "deal:2")[0] == 0

    (row,) = town.world.sandbox.store.rows("SELECT * FROM activity")
    assert row["FILES"] != "[]"
    page = town.home / "page.mp3"
    page.write_text("<html>sign in</html>")
    code, said = town.b24kit("call", "attach-recording", str(made["id"]), str(page))
    assert (code, "a page for people" in said) == (2, True)
    assert town.b24kit("call", "attach", str(made["id"]), "--to", "deal")[0] == 2
    assert town.b24kit("call", "attach", str(made["id"]), "--to", "user:1")[0] == 2
