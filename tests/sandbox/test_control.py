"""A portal under control: who may tell it what, and what becomes of it."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from toolkit.sandbox import InProcessTransport, PlayedClock, Sandbox, new_portal
from toolkit.sandbox.running.cards import TOKEN_HEADER, Card, CardError, ask, find, running, wait_for_end
from toolkit.sandbox.running.control import Control
from toolkit.sandbox.running.hosting import Order, OrderError, host
from toolkit.sandbox.state.loading import load_records, save_state

TOKEN = "t0ken-of-the-card"
HOOK = "/rest/1/s3cr3t/"

Teller = Callable[..., httpx.Response]


def fill(portal: Sandbox) -> None:
    """As a seed would."""
    load_records(portal, 3, [{"NAME": "Анна", "ASSIGNED_BY_ID": 1}, {"NAME": "Борис", "ASSIGNED_BY_ID": 1}])


class Served:
    """A filled portal under control, and a client of it."""

    def __init__(self, data: Path | None = None, source: str = "127.0.0.1") -> None:
        self.ended = threading.Event()
        self.portal = new_portal(clock=PlayedClock(), data=data, limits="cloud")
        fill(self.portal)
        self.portal.access.add_webhook(1, "s3cr3t")
        Control(self.portal, TOKEN, refill=fill, ended=self.ended)
        self.client = httpx.Client(
            transport=InProcessTransport(self.portal, source), base_url="http://127.0.0.1:1"
        )

    def tell(self, verb: str, *, token: str | None = TOKEN, **given: Any) -> httpx.Response:
        headers = {} if token is None else {TOKEN_HEADER: token}
        return self.client.post(f"/sandbox/control/{verb}", json=given, headers=headers)

    def said(self, verb: str, **given: Any) -> dict[str, Any]:
        answer = self.tell(verb, **given)
        assert answer.status_code == 200, answer.text
        facts: dict[str, Any] = answer.json()
        return facts

    def call(self, method: str, hook: str = HOOK, **params: Any) -> Any:
        return self.client.post(f"{hook}{method}", json=params).json()

    def names(self) -> list[str]:
        listed = self.call("crm.contact.list", select=["NAME"])
        return [each["NAME"] for each in listed["result"]]

    def close(self) -> None:
        self.client.close()
        self.portal.close()


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.close()


# -- who may tell it ---------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], "ё"])
@pytest.mark.parametrize("verb", ["stop", "reset", "save", "load", "log", "show", "nonsense"])
def test_without_the_token_nothing_is_done_or_told(
    served: Served, verb: str, token: str | None, tmp_path: Path
) -> None:
    headers = {} if token is None else {TOKEN_HEADER: token.encode()}

    answer = served.client.post(
        f"/sandbox/control/{verb}", json={"path": str(tmp_path / "x")}, headers=headers
    )

    assert answer.status_code == 403
    assert answer.json() == {"problem": "this is not for you", "remedy": ""}
    assert not served.ended.is_set()
    assert not (tmp_path / "x").exists()
    assert served.names() == ["Анна", "Борис"]


def test_another_machine_is_refused_even_with_the_token() -> None:
    served = Served(source="192.168.1.5")

    assert served.tell("stop").status_code == 403
    assert not served.ended.is_set()
    served.close()


def test_a_portal_nobody_took_under_control_has_no_control_address(portal: Sandbox) -> None:
    with httpx.Client(transport=InProcessTransport(portal), base_url="http://127.0.0.1:1") as client:
        answer = client.post("/sandbox/control/stop", headers={TOKEN_HEADER: TOKEN})

    assert (answer.status_code, answer.json()["error"]) == (404, "ERROR_METHOD_NOT_FOUND")


def test_a_link_on_a_web_page_stops_nothing(served: Served) -> None:
    answer = served.client.get("/sandbox/control/stop", headers={TOKEN_HEADER: TOKEN})

    assert answer.status_code == 404
    assert not served.ended.is_set()


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 1000, b'"text"', b"null"])
def test_a_broken_body_is_refused_in_words(served: Served, body: bytes) -> None:
    answer = served.client.post("/sandbox/control/save", content=body, headers={TOKEN_HEADER: TOKEN})

    assert answer.status_code == 400
    assert answer.json()["problem"]


# -- verbs -------------------------------------------------------------------------------------------


def test_stop_is_answered_and_tells_whoever_serves(served: Served) -> None:
    assert served.said("stop") == {"stopping": True}
    assert served.ended.is_set()


def test_reset_brings_back_the_filling_and_leaves_the_webhook_good(served: Served) -> None:
    served.call("crm.contact.delete", id=1)
    served.call("crm.contact.add", fields={"NAME": "Вера"})

    said = served.said("reset")

    assert said == {"user": 1, "webhook_good": True}
    assert served.names() == ["Анна", "Борис"]


def test_reset_empties_the_rate_bucket_and_the_log(served: Served) -> None:
    while served.call("profile").get("error") != "QUERY_LIMIT_EXCEEDED":
        pass

    served.said("reset")

    assert served.said("log")["requests"] == []
    assert "result" in served.call("profile")


def test_a_reset_that_cannot_fill_again_says_the_portal_is_empty(served: Served) -> None:
    def gone(_portal: Sandbox) -> None:
        raise ValueError("the snapshot is gone")

    Control(served.portal, TOKEN, refill=gone, ended=served.ended)

    answer = served.tell("reset")

    assert answer.status_code == 409
    assert "empty now: the snapshot is gone" in answer.json()["problem"]
    assert served.names() == []


def test_what_was_saved_is_there_again_after_loading(served: Served, tmp_path: Path) -> None:
    saved = served.said("save", path=str(tmp_path / "kept.sqlite"))
    served.call("crm.contact.delete", id=1)

    served.said("load", path=saved["path"])

    assert served.names() == ["Анна", "Борис"]
    assert saved["bytes"] == (tmp_path / "kept.sqlite").stat().st_size
    assert stat.S_IMODE((tmp_path / "kept.sqlite").stat().st_mode) == 0o600 or os.name == "nt"


def test_a_state_saved_elsewhere_lets_in_its_own_callers_and_those_of_now(
    served: Served, tmp_path: Path
) -> None:
    with_app = served.portal.access.add_app()
    grant = {"grant_type": "authorization_code", "client_id": with_app[0], "client_secret": with_app[1]}
    code = served.portal.access.authorize(with_app[0], 1)
    tokens = served.portal.access.exchange({**grant, "code": code}, "http://127.0.0.1:1/rest/")
    other = new_portal(clock=PlayedClock())
    other.access.add_app()  # so that the same id means another application there
    other.access.add_webhook(1, "others")
    save_state(other, tmp_path / "other.sqlite")
    other.close()

    said = served.said("load", path=str(tmp_path / "other.sqlite"))

    assert said["webhook_good"]
    assert served.names() == []
    assert "result" in served.call("profile", hook="/rest/1/others/")
    told = served.call("app.info", hook="/rest/", auth=tokens["access_token"])
    assert told["result"]["CODE"] == with_app[0]
    refreshed = {**grant, "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert served.portal.access.exchange(refreshed, "http://127.0.0.1:1/rest/")["access_token"]


def test_a_state_without_the_webhooks_user_is_reported(served: Served, tmp_path: Path) -> None:
    other = new_portal(clock=PlayedClock())
    other.store.update("user", 1, {"ACTIVE": "N"})
    save_state(other, tmp_path / "other.sqlite")
    other.close()

    assert served.said("load", path=str(tmp_path / "other.sqlite")) == {"user": 1, "webhook_good": False}


@pytest.mark.parametrize("verb", ["save", "load"])
@pytest.mark.parametrize("path", [None, 5, "", "here.sqlite", "/x\0y", ["/x"]])
def test_a_path_that_is_none_is_refused(served: Served, verb: str, path: Any) -> None:
    assert served.tell(verb, path=path).status_code == 400


def test_a_file_that_is_no_state_changes_nothing(served: Served, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear all")
    sqlite3.connect(tmp_path / "foreign.sqlite").execute("CREATE TABLE t (x)").connection.close()

    for name in ("letter.txt", "foreign.sqlite", "absent.sqlite", "."):
        answer = served.tell("load", path=str(tmp_path / name))
        assert answer.status_code == 409, name
        assert str(tmp_path) in answer.json()["problem"]
    assert served.names() == ["Анна", "Борис"]


def test_a_place_that_cannot_be_written_is_named(served: Served, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    answer = served.tell("save", path=str(tmp_path / "file" / "state.sqlite"))

    assert answer.status_code == 409
    assert str(tmp_path / "file") in answer.json()["problem"]


@pytest.mark.parametrize("verb", ["save", "load"])
def test_the_file_it_works_on_is_neither_saved_over_nor_loaded(tmp_path: Path, verb: str) -> None:
    served = Served(tmp_path / "own.sqlite")

    assert served.tell(verb, path=str(tmp_path / "own.sqlite")).status_code == 409
    assert served.names() == ["Анна", "Борис"]
    served.close()


def test_the_log_shows_requests_with_costs_and_no_secret(served: Served) -> None:
    served.call("profile")
    served.call("batch", cmd={"a": "crm.contact.list", "b": "crm.contact.get?id=77", "c": "profile"})
    served.call("crm.nosuch.method", auth="0123456789")

    answer = served.tell("log")
    said = answer.json()

    assert [each["methods"][0] for each in said["requests"]] == ["profile", "batch", "crm.nosuch.method"]
    batch = said["requests"][1]
    assert batch["methods"] == ["batch", "crm.contact.list", "crm.contact.get", "profile"]
    assert batch["errors"] == {"b": ""}
    assert batch["cost_s"] == pytest.approx(0.062)
    assert said["methods"][-1] == {"method": "profile", "calls": 2, "cost_s": 0.004}
    assert said["missing"] == {"crm.nosuch.method": 1}
    assert not {"s3cr3t", TOKEN, "0123456789", "control"} & set(answer.text.replace('"', " ").split())
    assert "s3cr3t" not in answer.text


def test_the_log_shows_as_many_requests_as_asked_for(served: Served) -> None:
    for _ in range(5):
        served.call("profile")
    served.call("server.time")

    assert [len(served.said("log", last=count)["requests"]) for count in (0, 2, 100)] == [0, 2, 6]
    assert served.said("log", last=1)["requests"][0]["methods"] == ["server.time"]
    assert served.tell("log", last="many").status_code == 400


def test_control_is_neither_logged_nor_limited(served: Served) -> None:
    for _ in range(60):
        served.said("show")

    assert served.said("log")["requests"] == []
    assert "result" in served.call("profile")


def test_show_counts_records_limits_and_switches(served: Served) -> None:
    said = served.said("show")

    assert said["records"]["crm_3"] == 2
    assert (said["limits"], said["switches"], said["requests"]) == ("cloud", {}, 0)


# -- cards -------------------------------------------------------------------------------------------


def card(port: int = 8024, **other: Any) -> Card:
    process = psutil.Process()
    facts = {
        "pid": process.pid,
        "began": process.create_time(),
        "token": TOKEN,
        "filled": "empty",
        "data": "",
    }
    return Card(port=port, url=f"http://127.0.0.1:{port}", tls_url="", **{**facts, **other})


def test_a_card_is_private_and_does_not_show_its_token(tmp_path: Path) -> None:
    path = card().write(tmp_path / "sandboxes")

    assert TOKEN not in repr(card())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 or os.name == "nt"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700 or os.name == "nt"
    assert running(path.parent) == [card()]


@pytest.mark.parametrize("other", [{"pid": 2**22 + 5}, {"began": 1.0}])
def test_a_card_of_a_dead_process_is_thrown_away(tmp_path: Path, other: dict[str, Any]) -> None:
    path = card(**other).write(tmp_path)

    assert running(tmp_path) == []
    assert not path.exists()


def test_what_is_no_card_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text("{")
    (tmp_path / "2.json").write_text('{"pid": 1}')

    assert running(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 2


def test_the_only_sandbox_needs_no_port_and_several_do(tmp_path: Path) -> None:
    card(8024).write(tmp_path)
    assert find(tmp_path).port == 8024

    card(9000).write(tmp_path)
    assert find(tmp_path, 9000).port == 9000
    with pytest.raises(CardError, match="8024, 9000"):
        find(tmp_path)
    with pytest.raises(CardError, match="at port 5"):
        find(tmp_path, 5)


def test_a_card_is_withdrawn_but_not_that_of_a_successor(tmp_path: Path) -> None:
    first, second = card(), card(token="another")
    second.write(tmp_path)

    first.withdraw(tmp_path)
    assert running(tmp_path) == [second]
    second.withdraw(tmp_path)
    assert running(tmp_path) == []


def test_a_process_that_does_not_end_is_named() -> None:
    clock = PlayedClock()

    with pytest.raises(CardError, match=f"process {os.getpid()}"):
        wait_for_end(card(), now=clock.now, sleep=clock.sleep)


# -- orders ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "option", "words"),
    [
        (Order(limits="gold"), "limits", "off"),
        (Order(seed="wheat"), "seed", "realty"),
        (Order(seed="realty", from_snapshot=Path("x")), "seed", "one of them"),
        (Order(scale=0), "scale", "above 0"),
        (Order(scale=float("nan")), "scale", "above 0"),
        (Order(port=70_000), "port", "65535"),
        (Order(tls_port=-1), "tls_port", "65535"),
        (Order(costs={"crm.deal.list": "dear"}), "costs", "crm.deal.list"),
        (Order(faults=[{"kind": "flood"}]), "faults", "lose_answer"),
        (Order(faults=[{"kind": "call"}]), "faults", "code"),
        (Order(faults=[{"kind": "slow", "when": 1}]), "faults", "seconds"),
        (Order(faults=[{"kind": "slow", "at": "2"}]), "faults", "int"),
        (Order(faults=["slow"]), "faults", "maps"),
        (Order(robots=["r"]), "robots", "maps"),
        (Order(robots=[{"onn": "update"}]), "robots", "onn"),
        (Order(switches={"no_such": 1}), "switch", "default_list_order"),
        (Order(switches={"default_list_order": "up"}), "switch", "id_asc"),
        (Order(from_snapshot=Path("nowhere")), "from_snapshot", "manifest"),
    ],
)
def test_an_order_that_makes_no_sense_serves_nothing(order: Order, option: str, words: str) -> None:
    with pytest.raises(OrderError, match=words) as refused:
        host(order, lambda _facts: pytest.fail("it was served"))

    assert refused.value.option == option


def test_a_file_in_place_of_the_data_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old.sqlite").write_text("")

    with pytest.raises(OrderError, match="is not a folder"):
        host(Order(data=tmp_path / "old.sqlite"), lambda _facts: pytest.fail("it was served"))


def test_a_data_folder_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "portal.sqlite").write_text("a letter, and not a database at all")

    with pytest.raises(OrderError, match="does not hold a sandbox"):
        host(Order(data=tmp_path), lambda _facts: pytest.fail("it was served"))


@pytest.mark.parametrize(
    ("name", "text", "meant"),
    [
        ("insufficient_scope_status", "401", 401),
        ("total_counts_unreadable", "true", True),
        ("default_list_order", "none", "none"),
    ],
)
def test_an_answer_given_as_text_gets_the_type_of_the_switch(name: str, text: str, meant: Any) -> None:
    chosen = Order(switches={name: text}).checked().switches[name]

    assert chosen == meant
    assert type(chosen) is type(meant)


# -- hosting -----------------------------------------------------------------------------------------


def hosted(order: Order, folder: Path) -> tuple[dict[str, str], int]:
    """Host a sandbox just long enough to read what it says and to count its contacts."""
    seen: list[tuple[dict[str, str], int]] = []

    def look(facts: dict[str, str]) -> None:
        listed = httpx.get(f"{facts['webhook']}crm.contact.list", trust_env=False).json()
        seen.append((facts, listed["total"]))
        ask(find(folder), "stop")

    host(replace(order, cards=folder), look)
    assert running(folder) == []
    return seen[0]


def test_a_filling_that_was_interrupted_is_begun_again(tmp_path: Path) -> None:
    whole, count = hosted(Order(data=tmp_path / "a", seed="realty", scale=0.002), tmp_path / "cards")
    half = new_portal(data=tmp_path / "a" / "portal.sqlite")
    half.store.db.execute("UPDATE setting SET VALUE = 'being filled' WHERE NAME = 'filled'")
    half.store.db.execute("DELETE FROM crm_3 WHERE ID % 2")
    half.close()

    again, counted = hosted(Order(data=tmp_path / "a", seed="realty", scale=0.002), tmp_path / "cards")

    assert (again["filled"], counted) == (whole["filled"], count)
    assert count > 2


def test_a_portal_made_in_a_program_is_opened_as_it_was_found(tmp_path: Path) -> None:
    made = new_portal(data=tmp_path / "portal.sqlite")
    fill(made)
    made.close()

    facts, count = hosted(Order(data=tmp_path, seed="realty", scale=0.002), tmp_path / "cards")

    assert (facts["filled"], count) == ("as it was found", 2)


def test_a_secret_given_twice_makes_one_webhook(tmp_path: Path) -> None:
    for _ in range(2):
        hosted(Order(data=tmp_path, secret="s3cr3t"), tmp_path / "cards")

    kept = new_portal(data=tmp_path / "portal.sqlite")
    assert len(kept.store.find("webhook")) == 1
    kept.close()


def test_a_sandbox_that_can_leave_no_card_answers_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    answers: list[int] = []

    def look(facts: dict[str, str]) -> None:
        answers.append(httpx.get(f"{facts['webhook']}profile", trust_env=False).status_code)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        host(Order(cards=tmp_path / "file"), look)

    assert answers == [200]
    assert "no card could be left" in caplog.text
