"""Runs with nobody watching: who is told, what is left for machines to read, what a missed window means."""

from __future__ import annotations

import http.server
import json
import logging
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from prometheus_client.parser import text_string_to_metric_families

from tests.test_cli import POLICY, Town, town
from toolkit.cli.logs import keep_log
from toolkit.runs import Run
from toolkit.runs.retention import aged, prune_runs
from toolkit.runs.summary import Ledger, Summary
from toolkit.sandbox.doors.tls import certificate_in
from toolkit.sandbox.state.records import Draft

__all__ = ["town"]  # a fixture, used by name

PASSWORD = "m41lpassw0rd"
RUN = ("run", "reassign_contacts", "-p", "winner=newest")


@pytest.fixture(autouse=True)
def _no_log_is_left_open() -> Iterator[None]:
    level = logging.getLogger("toolkit").level
    yield
    keep_log(None)
    logging.getLogger("toolkit").setLevel(level)


class Postbox:
    """Takes letters, from those who know the password."""

    def __init__(self) -> None:
        self.letters: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # their name
        self.letters.append(envelope.content.decode())
        return "250 OK"

    def signs_in(self, server: Any, session: Any, envelope: Any, mechanism: Any, auth: Any) -> AuthResult:
        known = isinstance(auth, LoginPassword) and auth.password == PASSWORD.encode()
        return AuthResult(success=known)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mail_server(folder: Path) -> Iterator[tuple[Postbox, int, Path]]:
    """A mail server that wants STARTTLS and a password; its letters, its port, and its authority."""
    box, certificate = Postbox(), certificate_in(folder)
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=_free_port(),
        tls_context=certificate.context(),
        require_starttls=True,
        auth_required=True,
        authenticator=box.signs_in,
    )
    controller.start()
    try:
        yield box, controller.port, certificate.authority
    finally:
        controller.stop()


@contextmanager
def listener(status: int = 200) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A web server that keeps the JSON it is sent."""
    kept: list[dict[str, Any]] = []

    class Keeper(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return None

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keeper)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/s3cr3t-path", kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def policy(town: Town, **more: Any) -> str:
    path = town.home / "policy.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(POLICY), **more}), encoding="utf-8")
    return str(path)


def told_on_portal(town: Town) -> list[tuple[int, str]]:
    rows = town.world.sandbox.store.rows("SELECT USER_ID, MESSAGE FROM im_notification ORDER BY USER_ID")
    return [(row["USER_ID"], row["MESSAGE"]) for row in rows]


def closed_now(days_ago_ran: int | None, town: Town) -> dict[str, str]:
    """A window of an hour that is not now; with a run in the ledger so many days ago."""
    now = datetime.now(UTC)
    if days_ago_ran is not None:
        moment = (now - timedelta(days=days_ago_ran)).timestamp()
        done = Summary(town.portal, "reassign_contacts", "", moment, moment, 0, "done and verified")
        Ledger(town.home / "snapshots" / town.portal.replace(":", "_")).add(done)
    return {
        "start": f"{now + timedelta(hours=2):%H:%M}",
        "end": f"{now + timedelta(hours=3):%H:%M}",
        "zone": "UTC",
    }


def test_everybody_a_policy_names_is_told(town: Town) -> None:
    with mail_server(town.home / "mail") as (box, port, authority), listener() as (address, kept):
        email = {
            "server": "localhost",
            "port": port,
            "user": "robot",
            "sender": "robot@example.ru",
            "to": ["admin@example.ru"],
        }
        rules = policy(town, tell={"when": "changes", "portal": [2], "email": email, "webhook": "env"})
        code, said = town.b24kit(
            *RUN,
            "--policy",
            rules,
            B24_SMTP_PASSWORD=PASSWORD,
            B24_TELL_WEBHOOK=address,
            B24_CA_FILE=str(authority),
        )
        again, _ = town.b24kit(*RUN, "--policy", rules)

    assert (code, again) == (0, 0), said
    assert [user for user, message in told_on_portal(town) if "done and verified" in message] == [2]
    assert len(box.letters) == 1
    assert "Subject: b24kit: reassign_contacts" in box.letters[0]
    assert [each["exit_code"] for each in kept] == [0], "a quiet night tells nobody"
    assert kept[0]["states"]["done"] == town.world.writes()
    everything = said + json.dumps(kept) + box.letters[0]
    assert PASSWORD not in everything
    assert "s3cr3t-path" not in everything


def test_whoever_cannot_be_told_changes_nothing_else(town: Town) -> None:
    with listener(status=500) as (address, kept):
        email = {
            "server": "localhost",
            "port": 1,
            "security": "none",
            "sender": "a@example.ru",
            "to": ["b@example.ru"],
        }
        rules = policy(town, tell={"when": "always", "portal": [1], "email": email, "webhook": address})
        code, said = town.b24kit(*RUN, "--policy", rules)

    assert code == 0
    assert "Could not be told: localhost" in said
    assert "Could not be told: webhook" in said
    assert "s3cr3t-path" not in said
    assert kept
    assert len(told_on_portal(town)) == 1


def test_trouble_is_told_with_what_to_do(town: Town) -> None:
    with listener() as (address, kept):
        code, said = town.b24kit(*RUN, "--policy", policy(town, max_changes=3, tell={"webhook": address}))

    assert code == 5
    assert "more than max_changes=3" in said
    assert kept[0]["outcome"] == "needs approval"
    assert "b24kit apply" in kept[0]["message"]
    assert kept[0]["run"]
    assert town.world.writes() == 0


@pytest.mark.parametrize(
    ("missed", "days_ago", "code", "writes"),
    [("skip", 3, 0, False), ("tell", 3, 5, False), ("late", 3, 0, True), ("late", 0, 0, False)],
)
def test_what_begins_when_the_window_is_closed(
    town: Town, missed: str, days_ago: int, code: int, writes: bool
) -> None:
    with listener() as (address, kept):
        window = closed_now(days_ago, town)
        rules = policy(town, window=window, missed=missed, tell={"webhook": address})
        found, said = town.b24kit(*RUN, "--policy", rules)

    assert found == code, said
    assert (town.world.writes() > 0) == writes
    if not writes:
        assert not list((town.home / "snapshots").glob("*/*/run.json")), "not even read"
    if missed == "tell":
        assert "outside the window" in said
    if missed != "skip" and days_ago:
        assert kept[0]["missed"] >= 2


def test_a_portal_in_another_time_zone_is_pointed_out(town: Town) -> None:
    window = {"start": "00:00", "end": "23:59", "zone": "Pacific/Kiritimati"}
    code, said = town.b24kit("policy", "check", policy(town, window=window))

    assert code == 0, said
    assert "h from the policy's zone Pacific/Kiritimati" in said
    facts = json.loads(
        town.b24kit(*RUN, "--policy", policy(town, window=window), "--json")[1].split("\n}\n")[0] + "}"
    )
    assert facts["clean"]
    notes = Ledger(town.home / "snapshots" / town.portal.replace(":", "_")).all()[-1]["notes"]
    assert "Pacific/Kiritimati" in notes[0]


def test_machines_can_read_how_it_ended(town: Town) -> None:
    metrics, summary = town.home / "b24kit.prom", town.home / "last.json"
    files = (
        "--summary",
        str(summary),
        "--metrics",
        str(metrics),
        "--log-file",
        str(town.home / "logs" / "b24kit.log"),
    )
    code, said = town.b24kit(*RUN, "--policy", policy(town), *files)
    assert code == 0, said

    def figures() -> dict[str, float]:
        text = metrics.read_text(encoding="utf-8")
        return {
            sample.name + sample.labels.get("state", ""): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    good = figures()
    facts = json.loads(summary.read_text(encoding="utf-8"))
    assert good["b24kit_last_run_exit_code"] == 0
    assert good["b24kit_last_run_changesdone"] == facts["states"]["done"] == town.world.writes()
    assert (facts["outcome"], facts["trouble"]) == ("done and verified", False)

    town.world.sandbox.faults.plan("deleted", times=50)
    code, _ = town.b24kit(*RUN, "--policy", policy(town), *files)
    town.world.sandbox.faults.clear()

    assert code != 0
    bad = figures()
    assert bad["b24kit_last_run_exit_code"] == code
    assert bad["b24kit_last_success_timestamp_seconds"] == good["b24kit_last_success_timestamp_seconds"]
    log = (town.home / "logs" / "b24kit.log").read_text(encoding="utf-8")
    assert stat.S_IMODE((town.home / "logs" / "b24kit.log").stat().st_mode) == 0o600
    assert "reassign_contacts" in log
    assert len(log.splitlines()) <= 10, log
    assert not list(town.home.glob("*.new")) + list(town.home.glob("b24kit.prom.*")), (
        "nothing half-written lies about"
    )


def test_a_canary_of_the_policy_is_written_first(town: Town) -> None:
    code, _ = town.b24kit(*RUN, "--policy", policy(town, canary=3))

    assert code == 0
    run = Run.all(town.home / "snapshots", datetime.now().timestamp)[-1]
    canary = run.journal.last("canary")
    run.close()
    assert canary is not None
    assert canary["changes"] == 3


def deals_change_hands(town: Town, owner: int, *deals: int) -> None:
    box = town.world.sandbox
    for deal in deals:
        box.records.update(box.schema.kind(2), deal, Draft({"ASSIGNED_BY_ID": owner}), box.system_caller(3))


def test_the_cap_of_a_day_counts_what_policies_approved_not_what_a_person_did(town: Town) -> None:
    run, count = town.planned()
    assert town.b24kit("apply", run, "--agree", f"{town.portal}:{count}")[0] == 0
    assert count > 20
    rules = policy(town, max_changes=8, max_changes_per_day=12, must_rehearse=False)
    calm = [
        each["ID"] for each in town.world.sandbox.store.rows("SELECT ID FROM crm_2 WHERE ASSIGNED_BY_ID = 1")
    ]

    deals_change_hands(town, 2, *calm[:8])
    within, said = town.b24kit(*RUN, "--policy", rules, "--no-rehearse")
    deals_change_hands(town, 3, *calm[:8])
    over, refused = town.b24kit(*RUN, "--policy", rules, "--no-rehearse")

    assert within == 0, said
    assert over == 5
    assert "8 changes after 8 today are more than max_changes_per_day=12" in refused
    waiting = town.planned()
    assert town.b24kit("apply", waiting[0], "--agree", f"{town.portal}:{waiting[1]}")[0] == 0


def test_a_summary_torn_by_a_power_cut_costs_one_line(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    summary = Summary("p", "reassign_contacts", "r1", 0.0, 60.0, 0, "done and verified")
    ledger.add(summary)
    with ledger.path.open("ab") as file:
        file.write(b'{"operation": "reass')
    ledger.add(replace(summary, run="r2", ended=120.0))

    assert [each["run"] for each in ledger.all("reassign_contacts")] == ["r1", "r2"]
    assert ledger.last("reassign_contacts") == 120.0
    assert ledger.last("something_else") is None


def test_old_runs_go_and_those_still_needed_stay(town: Town) -> None:
    done, count = town.planned()
    assert town.b24kit("apply", done, "--agree", f"{town.portal}:{count}")[0] == 0
    waiting, _ = town.planned()
    root, later = town.home / "snapshots", datetime.now().timestamp() + 100 * 86400

    def kept(*also: str) -> dict[str, str]:
        return {
            each.run.id: each.kept for each in aged(Run.all(root, lambda: later), 90, now=later, also=also)
        }

    assert kept() == {done: "could be undone", waiting: ""}
    assert kept("undoable") == {done: "", waiting: ""}
    code, said = town.b24kit("undo", done, "--plan", "--json")
    assert code == 0
    undo = json.loads(said)["run"]
    assert kept()[undo] == "", "a plan nobody agreed to may go"
    assert town.b24kit("apply", undo, "--agree", f"{town.portal}:{count}")[0] == 0
    assert kept() == {done: "", waiting: "", undo: ""}, "taken back: nothing is left to undo"

    assert "would be deleted" in town.b24kit("runs", "prune", "--days", "0")[1]
    assert len(Run.all(root, lambda: later)) == 3
    assert prune_runs(aged(Run.all(root, lambda: later), 90, now=later)) > 0
    assert town.b24kit("runs")[1].count("reassign_contacts") == 0


def test_a_run_that_was_paused_is_never_pruned_unasked(town: Town) -> None:
    run, _ = town.planned()
    begun = Run.find(town.home / "snapshots", run, datetime.now().timestamp)
    begun.journal.event("approved", by="person", plan=begun.plan.id)
    begun.journal.event("paused")
    begun.close()

    said = town.b24kit("runs", "prune", "--days", "0", "--yes")[1]
    assert "unfinished" in said
    assert town.b24kit("runs", "list", "--json")[1].count(run) == 1
    town.b24kit("runs", "prune", "--days", "0", "--also", "unfinished", "--also", "undoable", "--yes")
    assert run not in town.b24kit("runs", "list")[1]


def test_a_watch_that_finds_nothing_does_not_fill_the_ledger(town: Town) -> None:
    words = (*RUN, "--watch", "--once", "--policy", policy(town))
    codes = [town.b24kit(*words)[0] for _ in range(4)]

    assert codes == [0, 0, 0, 0]
    ledger = Ledger(town.home / "snapshots" / town.portal.replace(":", "_"))
    assert [each["outcome"] for each in ledger.all()] == ["done and verified"]
