"""A sandbox of its own process, started, told and stopped from the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from toolkit.cli import app
from toolkit.errors import ToolkitError


class Desk:
    """An empty folder in which a person works with `b24kit sandbox`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("B24_")},
            "B24_STATE_DIR": str(home / "state"),
            "B24_LANGUAGE": "en",
            "COLUMNS": "200",
            "PYTHONPATH": str(Path(__file__).parent.parent),
        }
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *words: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
        """Start a sandbox; its process, and what it printed."""
        command = [sys.executable, "-m", "toolkit.cli", "sandbox", "start", "--port", "0", "--json", *words]
        process = subprocess.Popen(
            command, env=self.env, cwd=self.home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.started.append(process)
        assert process.stdout is not None
        printed = ""
        for line in process.stdout:
            printed += line
            if line.rstrip() == "}":
                return process, json.loads(printed)
        raise AssertionError(f"it did not start: {process.communicate()[1]}")

    def sandbox(self, *words: str) -> tuple[int, str]:
        """Run `b24kit sandbox ...` here; its exit code and all it said."""
        done = CliRunner().invoke(app, ["sandbox", *words], env=self.env)
        if isinstance(done.exception, ToolkitError):
            return done.exception.exit_code, done.output + str(done.exception)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    def cards(self) -> list[Path]:
        """The cards of running sandboxes."""
        return list((self.home / "state" / "sandboxes").glob("*.json"))

    def tokens(self) -> list[str]:
        """The control tokens on those cards."""
        return [json.loads(path.read_text())["token"] for path in self.cards()]

    def leave(self) -> None:
        """End what is still running."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.leave()


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, dict[str, Any]]]:
    """An empty sandbox that several tests look at: starting one takes a second."""
    made = Desk(tmp_path_factory.mktemp("standing"))
    _, facts = made.start()
    yield made, facts
    made.leave()


def contacts(webhook: str) -> int:
    """How many contacts there are."""
    total = httpx.get(f"{webhook}crm.contact.list", trust_env=False).json()["total"]
    return int(total)


def add_contact(webhook: str) -> None:
    """One contact more."""
    httpx.post(f"{webhook}crm.contact.add", json={"fields": {"NAME": "Анна"}}, trust_env=False)


def port_of(webhook: str) -> str:
    """The port in an address."""
    return webhook.split("/")[2].partition(":")[2]


def test_the_life_of_a_sandbox(desk: Desk) -> None:
    process, facts = desk.start(
        "--seed", "realty", "--scale", "0.002", "--secret", "s3cr3t", "--limits", "cloud"
    )
    webhook = facts["webhook"]
    token = desk.tokens()[0]
    said = []

    def told(*words: str) -> str:
        code, text = desk.sandbox(*words)
        said.append(text)
        assert code == 0, text
        return text

    seeded = contacts(webhook)
    assert seeded > 0
    told("save", str(desk.home / "kept.sqlite"))
    add_contact(webhook)
    log = told("log")
    assert "crm.contact.add" in log
    assert json.loads(told("log", "--json", "--last", "1"))["requests"][0]["methods"] == ["crm.contact.add"]
    told("reset")
    assert contacts(webhook) == seeded
    add_contact(webhook)
    told("load", str(desk.home / "kept.sqlite"))
    assert contacts(webhook) == seeded
    assert json.loads(told("show"))["records"]["crm_3"] == seeded
    assert json.loads(told("list", "--json"))[0]["filled"] == "seed realty, scale 0.002, number 1"
    assert port_of(webhook) in told("list")
    told("stop")

    _, error = process.communicate(timeout=10)
    assert (process.returncode, error) == (0, "")
    assert desk.cards() == []
    assert json.loads(told("list", "--json")) == []
    for secret in ("s3cr3t", facts["client_secret"], token):
        assert secret not in "".join(said)


def test_a_data_folder_keeps_records_credentials_and_certificate(desk: Desk) -> None:
    words = ("--data", "firm", "--secret", "s3cr3t", "--tls-port", "0")
    _, first = desk.start(*words, "--seed", "realty", "--scale", "0.002")
    authority = Path(first["ca_file"]).read_text()
    seeded = contacts(first["webhook"])
    add_contact(first["webhook"])

    refused = subprocess.run(
        [sys.executable, "-m", "toolkit.cli", "sandbox", "start", "--port", "0", *words],
        env=desk.env,
        cwd=desk.home,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert refused.returncode == 2
    assert "in use by another sandbox" in refused.stderr
    desk.sandbox("stop")
    _, second = desk.start(*words)

    assert contacts(second["webhook"]) == seeded + 1
    assert second["filled"] == first["filled"]
    assert second["webhook"].endswith("/rest/1/s3cr3t/")
    assert Path(second["ca_file"]).read_text() == authority
    secure = httpx.get(
        f"{second['webhook_tls']}profile", verify=_trusting(second["ca_file"]), trust_env=False
    )
    assert secure.json()["result"]["ID"] == "1"
    assert (desk.home / "firm" / "portal.sqlite").stat().st_mode & 0o077 == 0 or os.name == "nt"


def _trusting(authority: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority)


def test_the_oauth_credentials_it_prints_open_the_portal(standing: tuple[Desk, dict[str, Any]]) -> None:
    _, facts = standing
    known = {"client_id": facts["client_id"], "client_secret": facts["client_secret"]}
    with httpx.Client(trust_env=False) as client:
        consent = client.get(
            f"{facts['status_page']}oauth/authorize/", params={"client_id": known["client_id"]}
        ).json()
        grant = {"grant_type": "authorization_code", "code": consent["code"], **known}
        tokens = client.get(facts["auth_server"], params=grant).json()
        told = client.get(f"{tokens['client_endpoint']}app.info", params={"auth": tokens["access_token"]})

    assert told.json()["result"]["CODE"] == facts["client_id"]


def test_files_of_faults_costs_and_robots_take_effect(desk: Desk) -> None:
    (desk.home / "faults.yaml").write_text("- {kind: server_error, method: crm.contact.list, times: 1}\n")
    (desk.home / "costs.json").write_text('{"crm.contact.add": 7.5}')
    (desk.home / "robots.json").write_text(
        '[{"on": "add", "entity_type_id": 3, "do": [{"set": {"COMMENTS": "welcome"}}]}]'
    )
    _, facts = desk.start("--faults", "faults.yaml", "--costs", "costs.json", "--robots", "robots.json")
    webhook = facts["webhook"]

    failed = httpx.get(f"{webhook}crm.contact.list", trust_env=False)
    added = httpx.get(f"{webhook}crm.contact.add?fields[NAME]=A", trust_env=False).json()
    found = httpx.get(f"{webhook}crm.contact.get?id={added['result']}", trust_env=False).json()

    assert failed.status_code == 500
    assert added["time"]["operating"] == 7.5
    assert found["result"]["COMMENTS"] == "welcome"


@pytest.mark.skipif(os.name == "nt", reason="Windows kills in one way only")
def test_a_killed_sandbox_is_not_listed_and_a_terminated_one_takes_its_card_along(desk: Desk) -> None:
    killed, _ = desk.start()
    ended, facts = desk.start()
    code, said = desk.sandbox("stop")
    assert code == 2
    assert "Several sandboxes" in said
    killed.kill()
    killed.wait()

    listed = json.loads(desk.sandbox("list", "--json")[1])
    ended.send_signal(signal.SIGTERM)

    assert [each["pid"] for each in listed] == [ended.pid]
    assert ended.wait(timeout=10) == 0
    assert desk.cards() == []
    code, said = desk.sandbox("stop", "--port", port_of(facts["webhook"]))
    assert (code, said) == (2, "No sandbox is running. Start one with: b24kit sandbox start")


def test_a_control_token_of_another_sandbox_opens_nothing(
    desk: Desk, standing: tuple[Desk, dict[str, Any]]
) -> None:
    there, facts = standing
    folder = desk.home / "state" / "sandboxes"
    folder.mkdir(parents=True)
    right = there.cards()[0]
    (folder / right.name).write_text(json.dumps({**json.loads(right.read_text()), "token": "guessed"}))

    code, said = desk.sandbox("stop")

    assert code == 2
    assert "not for you" in said
    assert contacts(facts["webhook"]) == 0
    assert there.started[0].poll() is None


def test_coverage_names_methods_with_their_pages_and_the_switches(desk: Desk) -> None:
    code, said = desk.sandbox("coverage")

    assert code == 0
    assert re.search(r"^\| `crm\.item\.list` .*crm-item-list\.html", said, re.MULTILINE)
    assert "`batch_charges`" in said


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--limits", "gold"], "Known: cloud, enterprise, box, off"),
        (["--seed", "wheat"], "Known: empty, developer, realty, retail"),
        (["--switch", "default_list_order"], "name=value"),
        (["--switch", "no_such=1"], "does not exist"),
        (["--faults", "absent.yaml"], "cannot be read"),
        (["--faults", "map.yaml"], "does not hold a list"),
        (["--costs", "broken.yaml"], "cannot be read"),
        (["--from-snapshot", "nowhere"], "manifest.json"),
    ],
)
def test_wrong_orders_are_refused_in_words(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, words: list[str], expected: str
) -> None:
    (desk.home / "map.yaml").write_text("kind: slow")
    (desk.home / "broken.yaml").write_text("a: [1")
    monkeypatch.chdir(desk.home)

    code, said = desk.sandbox("start", "--port", "0", *words)

    assert code == 2, said
    assert expected in said
    assert desk.cards() == []


def test_a_port_in_use_is_named(desk: Desk, standing: tuple[Desk, dict[str, Any]]) -> None:
    _, facts = standing

    code, said = desk.sandbox("start", "--port", port_of(facts["webhook"]))

    assert code == 2
    assert f"port={port_of(facts['webhook'])} cannot be listened on" in said
    assert contacts(facts["webhook"]) == 0
