"""`b24kit serve` as a process: started, killed in the middle, started again."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from tests.runs.conftest import World
from tests.sheets.directories import row, write
from tests.web.conftest import Visitor, csrf_of, headline
from toolkit.cli import app
from toolkit.settings import Settings

Shop = tuple[World, Settings]


def environment(shop: Shop, home: Path) -> dict[str, str]:
    _, settings = shop
    assert settings.webhook is not None
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("B24_")},
        "B24_WEBHOOK": settings.webhook.get_secret_value(),
        "B24_STATE_DIR": str(home / "state"),
        "B24_SNAPSHOTS": str(home / "snapshots"),
        "B24_PLAN": "box",
        "PYTHONPATH": str(Path(__file__).parent.parent.parent),
    }


@contextmanager
def served(env: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    command = [sys.executable, "-m", "toolkit.cli", "serve", "--port", "0", "--json"]
    running = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    try:
        said = ""
        while "}" not in said:
            said += running.stdout.readline()
            assert running.poll() is None
        yield running, json.loads(said)
    finally:
        running.kill()
        running.wait()
        running.stdout.close()


def b24kit(env: dict[str, str], *words: str) -> Any:
    done = CliRunner().invoke(app, list(words), env=env)
    assert done.exit_code == 0, done.output
    return json.loads(done.output) if done.output.startswith(("{", "[")) else done.output


def enter(url: str, token: str) -> Visitor:
    client = httpx.Client(base_url=url, headers={"Accept-Language": "ru"}, follow_redirects=True, timeout=30)
    return Visitor(client, csrf_of(client.post("/login", data={"token": token}).text))


def test_after_a_kill_a_check_is_gone_on_with_and_half_an_upload_is_shown_as_such(
    shop: Shop, tmp_path: Path
) -> None:
    env = environment(shop, tmp_path)
    token = b24kit(env, "serve", "token", "add", "Ольга", "--role", "publish", "--json")["token"]
    many = [row(f"Тема {at}", who="Вера Громова") for at in range(2500)]
    path = write([*many, row("Сайт", who=None)], tmp_path / "большая.xlsx")
    with served(env) as (running, facts):
        visitor = enter(facts["url"], token)
        host, _, port = facts["url"].removeprefix("http://").partition(":")
        line = socket.create_connection((host, int(port)))
        cookies = "; ".join(f"{name}={value}" for name, value in visitor.client.cookies.items())
        line.sendall(
            f"POST /uploads HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookies}\r\nContent-Length: 99999\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
            f'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{visitor.csrf}\r\n'
            '--x\r\nContent-Disposition: form-data; name="file"; filename="half.xlsx"\r\n\r\nPK'.encode()
        )
        files = {"file": (path.name, path.read_bytes())}
        watching = enter(facts["url"], token)
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(visitor.client.post, "/uploads", data={"csrf": visitor.csrf}, files=files)
            while "проверяется" not in watching.client.get("/").text:
                assert not sending.done()
            running.send_signal(signal.SIGKILL)
            assert isinstance(sending.exception(), httpx.HTTPError), "it died while it checked"
        running.wait()
        line.close()

    with served(env) as (running, facts):
        again = enter(facts["url"], token)
        home = again.client.get("/").text
        known = re.search(r'<a href="(/uploads/[^"]+)">большая.xlsx</a>', home)
        assert known
        answer = again.settled(again.client.get(known[1]), 60)
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) in (0, -signal.SIGTERM)

    assert headline(answer).startswith("1 ошибка")
    assert "half.xlsx" in home
    assert "загрузка прервалась" in home
    assert not list((tmp_path / "state" / "page").rglob("arriving"))


def test_tokens_are_made_listed_and_removed_from_the_command_line(shop: Shop, tmp_path: Path) -> None:
    env = {**environment(shop, tmp_path), "B24_LANGUAGE": "ru"}
    made = b24kit(env, "serve", "token", "add", "Глеб", "--json")
    assert (made["name"], made["role"], len(made["token"])) == ("Глеб", "check", 43)
    assert b24kit(env, "serve", "token", "list", "--json") == [{"name": "Глеб", "role": "check"}]
    assert "больше не действует" in b24kit(env, "serve", "token", "remove", "Глеб")
    assert b24kit(env, "serve", "token", "list", "--json") == []


def test_a_taken_port_is_refused_in_words(shop: Shop, tmp_path: Path) -> None:
    from toolkit.web.serving import CannotListen, serve_page

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"{port}.*Choose another --port"):
            serve_page(shop[1], lambda *_: None, port=port)
