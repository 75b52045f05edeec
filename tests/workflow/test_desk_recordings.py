"""Recordings behind addresses: fetched, sent, and gone from this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.runs.conftest import SECRET, World, make_world
from tests.workflow.test_desk_calls import activities, talk
from toolkit import workflow
from toolkit.runs import write_report
from toolkit.runs.sounds import RecordingRefused
from toolkit.sandbox.doors.http import serve
from toolkit.settings import Settings
from toolkit.workflow import Workspace, desk

PAGES = {
    "/call.mp3": ("audio/mpeg", b"ID3" + bytes(4000)),
    "/signin.mp3": ("text/html", b"<html>sign in</html>"),
    "/page-in-disguise.mp3": ("audio/mpeg", b"<!DOCTYPE html><html>"),
    "/nothing.mp3": ("audio/mpeg", b""),
    "/long.mp3": ("audio/mpeg", b"ID3"),
}


class _Exchange(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = self.path.partition("?")[0]
        kind, body = PAGES.get(page, ("text/plain", b""))
        self.send_response(200 if page in PAGES else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(300 * 1024 * 1024 if page == "/long.mp3" else len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has in http.server
        """Nothing."""


@pytest.fixture
def exchange() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Exchange)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "world", contacts=2, deals=2)


@pytest.fixture
def work(world: World, tmp_path: Path) -> Iterator[Workspace]:
    with serve(world.sandbox) as server:
        settings = Settings.load(
            env_file=None,
            webhook=f"{server.url}/rest/1/{SECRET}/",
            state_dir=tmp_path / "state",
            snapshots=tmp_path / "snapshots",
            plan="box",
        )
        yield Workspace(settings, world.clock)


def test_a_recording_is_fetched_sent_and_not_left_behind(
    world: World, work: Workspace, exchange: str
) -> None:
    address = f"{exchange}/call.mp3?key=s3cr3t"

    first = desk.create_call(work, talk(), recording=address)
    again = desk.create_call(work, talk(), recording=address)

    assert (first.state, again.state) == ("created", "already")
    (row,) = activities(world)
    assert row["FILES"] != "[]"
    assert list(work.root.glob("*/recordings/*")) == []
    written = [path.read_bytes() for path in work.root.rglob("*") if path.is_file()]
    assert not any(b"s3cr3t" in each for each in written)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("signin.mp3", "a page for people"),
        ("page-in-disguise.mp3", "a page for people"),
        ("nothing.mp3", "has no length"),
        ("gone.mp3", "is not there any more"),
    ],
)
def test_an_address_without_a_recording_is_refused(
    world: World, work: Workspace, exchange: str, page: str, words: str
) -> None:
    with pytest.raises(RecordingRefused, match=words) as refused:
        desk.create_call(work, talk(), recording=f"{exchange}/{page}?key=s3cr3t")

    assert "s3cr3t" not in str(refused.value)
    assert activities(world) == []
    assert list(work.root.glob("*/recordings/*")) == []


def test_a_recording_stays_for_the_run_that_is_only_planned(
    world: World, work: Workspace, exchange: str
) -> None:
    planned = desk.create_call(work, talk(), recording=f"{exchange}/call.mp3", only_plan=True)
    run = workflow.find_run(work, planned.run)
    workflow.approve(run, portal=run.facts.portal, count=len(run.plan.active))

    assert planned.state == "planned"
    assert workflow.carry_out(work, run).complete
    (row,) = activities(world)
    assert row["FILES"] != "[]"


def test_recordings_of_a_load_are_fetched_from_their_addresses_which_stand_in_no_plan_and_no_journal(
    world: World, work: Workspace, exchange: str
) -> None:
    pages = ["call.mp3", "signin.mp3", "page-in-disguise.mp3", "nothing.mp3", "gone.mp3", "long.mp3"]
    calls = [
        {
            "id": f"C{at}", "at": f"2026-05-01T1{at}:00:00+03:00", "phone": "8 912 345-67-01", "name": "Анна",
            "recording": f"{exchange}/{page}?key=s3cr3t",
        }
        for at, page in enumerate(pages)
    ]  # fmt: skip
    given = {"system": "cc1", "topics": [], "fallback": 2, "calls": calls, "recording_most_mb": 1}

    run = workflow.plan(work, "load_contact_centre", given)
    workflow.approve(run, portal=run.facts.portal, count=len(run.plan.active))
    workflow.carry_out(work, run, notify=False)
    write_report(run)

    journal = run.journal.table()
    assert journal.loc[journal["state"] == "quarantined", "code"].tolist() == [
        "RECORDING_NOT_A_FILE", "RECORDING_NOT_A_FILE", "RECORDING_EMPTY", "RECORDING_MISSING", "RECORDING_TOO_LARGE",
    ]  # fmt: skip
    assert [row["FILES"] not in (None, "[]") for row in activities(world)] == [True] + [False] * 5
    told = [path for path in work.root.rglob("*") if path.is_file() and b"s3cr3t" in path.read_bytes()]
    assert [path.name for path in told] == ["run.json"], "rows as they were given, for their owner alone"
    assert told[0].stat().st_mode & 0o077 == 0
