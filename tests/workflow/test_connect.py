"""An application connected against a real authorization server over HTTP, pasted back and by loopback."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
import typer
from typer.testing import CliRunner

from tests.runs.conftest import SECRET, World, make_world
from toolkit.cli import app
from toolkit.client import Portal
from toolkit.client.consent import Consent, ConsentRefused, returned_here
from toolkit.errors import SettingsError
from toolkit.sandbox.doors.http import serve
from toolkit.settings import Settings
from toolkit.workflow import Workspace, desk


@dataclass
class Town:
    world: World
    url: str
    client_id: str
    secret: str
    home: Path

    @property
    def env(self) -> dict[str, str]:
        return {
            "B24_PORTAL": self.url.partition("://")[2],
            "B24_CLIENT_ID": self.client_id,
            "B24_CLIENT_SECRET": self.secret,
            "B24_AUTH_SERVER": f"{self.url}/oauth/token/",
            "B24_TOKEN_STORE": "file",
            "B24_TOKEN_FILE": str(self.home / "tokens.json"),
            "B24_STATE_DIR": str(self.home / "state"),
            "B24_SNAPSHOTS": str(self.home / "snapshots"),
            "B24_PLAN": "box",
            "B24_LANGUAGE": "en",
        }

    def work(self, **given: str) -> Workspace:
        settings = Settings.load(
            env_file=None,
            **{name.removeprefix("B24_").lower(): value for name, value in (self.env | given).items()},
        )
        return Workspace(settings, self.world.clock)

    def agreed(self, consent: Consent) -> str:
        """The person agrees; the address the browser ends at."""
        told = httpx.get(consent.address).json()
        return f"https://app.example.org/?{urlencode(told)}"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    world = make_world(tmp_path / "world", contacts=2, deals=2)
    client_id, secret = world.sandbox.access.add_app()
    with serve(world.sandbox) as server:
        yield Town(world, server.url, client_id, secret, tmp_path)


def test_an_application_is_connected_by_pasting_back(town: Town) -> None:
    work = town.work()

    done = desk.connect_application(work, town.agreed)

    assert (done.portal, done.webhook_wins) == (town.env["B24_PORTAL"], False)
    assert "crm" in done.scopes
    assert "telephony.externalCall.register" in done.only_application
    file = town.home / "tokens.json"
    assert file.stat().st_mode & 0o077 == 0
    with Portal.connect(work.settings, clock=work.clock) as portal:
        assert portal.call("profile")["ID"]


def test_tokens_are_renewed_when_they_expire(town: Town) -> None:
    work = town.work()
    desk.connect_application(work, town.agreed)
    first = json.loads((town.home / "tokens.json").read_text())

    town.world.clock.sleep(7200)
    with Portal.connect(work.settings, clock=work.clock) as portal:
        assert portal.call("profile")["ID"]

    second = json.loads((town.home / "tokens.json").read_text())
    assert first["access"] != second["access"]
    assert first["refresh"] != second["refresh"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda _town, text: text.replace("state=", "state=x"), "another question"),
        (lambda _town, _text: "https://app.example.org/?error=access_denied&state=x", "refused"),
        (lambda _town, _text: "https://app.example.org/", "holds no code"),
        (lambda town, text: (town.world.clock.sleep(31), text)[1], "invalid_grant"),
    ],
)
def test_an_answer_that_is_none_keeps_nothing(
    town: Town, spoil: Callable[[Town, str], str], words: str
) -> None:
    with pytest.raises(ConsentRefused, match=words):
        desk.connect_application(town.work(), lambda consent: spoil(town, town.agreed(consent)))
    assert not (town.home / "tokens.json").exists()


def test_a_wrong_secret_is_told_without_being_shown(town: Town) -> None:
    with pytest.raises(ConsentRefused, match="B24_CLIENT_SECRET") as refused:
        desk.connect_application(town.work(B24_CLIENT_SECRET="wr0ngs3cret"), town.agreed)
    assert "wr0ngs3cret" not in str(refused.value)


def test_tokens_of_another_portal_are_not_kept(town: Town) -> None:
    host = town.env["B24_PORTAL"].replace("127.0.0.1", "localhost")
    work = town.work(B24_PORTAL=host)

    with pytest.raises(ConsentRefused, match="not for localhost"):
        desk.connect_application(work, town.agreed)


def test_a_missing_setting_is_named_before_anybody_is_asked(town: Town) -> None:
    settings = town.work().settings.model_copy(update={"client_secret": None})

    def nobody(_consent: Consent) -> str:
        raise AssertionError("asked")

    with pytest.raises(SettingsError, match="B24_CLIENT_SECRET"):
        desk.connect_application(Workspace(settings, town.world.clock), nobody)


def test_the_browser_comes_back_to_this_machine(town: Town) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def browse(consent: Consent) -> str:
        def visit() -> None:
            back = f"http://127.0.0.1:{port}/"
            with httpx.Client(transport=httpx.HTTPTransport(retries=20)) as browser:
                assert browser.get(f"{back}?code=forged&state=forged").status_code == 404
                address = f"{consent.address}&{urlencode({'redirect_uri': back})}"
                assert browser.get(address, follow_redirects=True).status_code == 200

        person = threading.Thread(target=visit)
        person.start()
        try:
            return returned_here(consent, port, timeout_s=20)
        finally:
            person.join()

    assert desk.connect_application(town.work(), browse).portal == town.env["B24_PORTAL"]


def test_nobody_comes_back(town: Town) -> None:
    with pytest.raises(ConsentRefused, match="Nobody came back"):
        desk.connect_application(
            town.work(), lambda consent: returned_here(consent, free_port(), timeout_s=0.3)
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_command_shows_no_secret(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def prompt(_text: str, **_more: object) -> str:
        address = shown[-1].strip()
        told = httpx.get(address).json()
        seen.append(told["code"])
        return f"https://app.example.org/?{urlencode(told)}"

    shown: list[str] = []
    monkeypatch.setattr("toolkit.cli.connect.typer.prompt", prompt)
    said = typer.echo

    def echo(text: str, *, err: bool = False) -> None:
        shown.extend([text] if "/oauth/authorize/" in text else [])
        said(text, err=err)

    monkeypatch.setattr("toolkit.cli.connect.typer.echo", echo)
    env = {**town.env, "B24_WEBHOOK": f"{town.url}/rest/1/{SECRET}/"}

    done = CliRunner().invoke(app, ["connect"], env=env)

    assert done.exit_code == 0, done.output
    kept = json.loads((town.home / "tokens.json").read_text())
    for secret in (town.secret, kept["access"], kept["refresh"], seen[0], SECRET):
        assert secret not in done.output
    assert "take it away" in done.output
    assert "telephony.externalCall.register" in done.output
