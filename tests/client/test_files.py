"""Files from links to the disk and from the disk into records, without memory or the link showing."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.client.scripted import WEBHOOK
from toolkit.client import Command, FileOnDisk, Portal, SimulatedClock
from toolkit.settings import Settings

LINK = "https://files.example.org/rest/download.json?auth=0pens1t&token=disk%7Cabc"


class Answers(httpx.BaseTransport):
    """Answers every request with one function of it."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self._answer = answer
        self.asked: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self._answer(request)


class Sound(httpx.SyncByteStream):
    """So many mebibytes of something, made while they are read."""

    def __init__(self, mebibytes: int) -> None:
        self._left = mebibytes

    def __iter__(self) -> Iterator[bytes]:
        for number in range(self._left):
            yield bytes([number % 251]) * (1 << 20)


def a_portal(tmp_path: Path, transport: httpx.BaseTransport) -> Portal:
    settings = Settings.load(None, webhook=WEBHOOK, state_dir=tmp_path / "state")
    return Portal.connect(settings, clock=SimulatedClock(), transport=transport)


def fetched(tmp_path: Path, response: httpx.Response, most_bytes: int = 1000) -> tuple[str, Path]:
    target = tmp_path / "it"
    with a_portal(tmp_path, Answers(lambda _: response)) as portal:
        return portal.fetch(LINK, target, most_bytes=most_bytes).state, target


@pytest.mark.parametrize(
    ("response", "state"),
    [
        (httpx.Response(200, content=b"RIFF...."), "done"),
        (httpx.Response(200, content=b""), "empty"),
        (httpx.Response(404, html="<html>404 Not Found</html>"), "missing"),
        (httpx.Response(410), "missing"),
        (httpx.Response(401, json={"error": "expired_token"}), "expired"),
        (httpx.Response(200, json={"error": "expired_token"}), "expired"),
        (httpx.Response(200, html="<html>Log in</html>"), "not_a_file"),
        (
            httpx.Response(200, content=b"  <!DOCTYPE HTML><p>", headers={"Content-Type": "audio/mpeg"}),
            "not_a_file",
        ),
        (httpx.Response(200, content=b"x" * 1001), "too_large"),
        (httpx.Response(200, stream=Sound(1)), "too_large"),
        (httpx.Response(503), "lost"),
        (httpx.Response(302, headers={"Location": "http://127.0.0.1/admin"}), "refused"),
        (httpx.Response(302, headers={"Location": "file:///etc/passwd"}), "refused"),
        (httpx.Response(302, headers={"Location": "/again"}), "refused"),
    ],
)
def test_what_a_link_leads_to_is_told_apart(tmp_path: Path, response: httpx.Response, state: str) -> None:
    found, target = fetched(tmp_path, response)

    assert found == state
    assert target.exists() == (state == "done")


def test_a_link_shows_in_no_log_repr_or_record_of_requests(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError(f"while asking {request.url}", request=request)

    transport, notes = Answers(refuse), []
    with a_portal(tmp_path, transport) as portal:
        portal.on_request = notes.append
        found = portal.fetch(LINK, tmp_path / "it", most_bytes=10)

    assert found.state == "lost"
    assert "abc" in str(transport.asked[0].url)
    for text in (caplog.text, repr(transport.asked), repr(found), repr(notes)):
        assert "0pens1t" not in text
        assert "abc" not in text


def test_a_link_is_opened_with_the_headers_a_portal_wants_to_see(tmp_path: Path) -> None:
    transport = Answers(lambda _: httpx.Response(200, content=b"x"))
    with a_portal(tmp_path, transport) as portal:
        portal.fetch(LINK, tmp_path / "it", most_bytes=10)

    sent = transport.asked[0].headers
    assert all(sent.get(name) for name in ("User-Agent", "Accept", "Accept-Language", "Referer"))


def test_memory_does_not_grow_with_a_file_that_comes_and_goes(tmp_path: Path) -> None:
    got = hashlib.sha256()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, stream=Sound(48))
        for piece in request.stream:
            got.update(piece)
        return httpx.Response(200, json={"result": {"item": {"id": 5}}})

    target = tmp_path / "it"
    with a_portal(tmp_path, Answers(answer)) as portal:
        tracemalloc.start()
        came = portal.fetch(LINK, target, most_bytes=1 << 30)
        fields = {"ufCrm5Recording": ["call.mp3", FileOnDisk(target)]}
        portal.call("crm.item.update", {"entityTypeId": 177, "id": 5, "fields": fields})
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert came.bytes == 48 << 20
    assert came.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    assert peak < 12 << 20
    whole = json.dumps({"entityTypeId": 177, "id": 5, "fields": {"ufCrm5Recording": ["call.mp3", "@"]}})
    head, tail = whole.split("@")
    body = head.encode() + base64.b64encode(target.read_bytes()) + tail.encode()
    assert got.hexdigest() == hashlib.sha256(body).hexdigest()


def test_a_command_with_a_file_travels_alone(tmp_path: Path) -> None:
    path = tmp_path / "it"
    path.write_bytes(b"RIFF")
    said: list[dict[str, object]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        said.append(json.loads(request.read()))
        return httpx.Response(200, json={"result": True})

    with a_portal(tmp_path, Answers(answer)) as portal:
        outcomes = portal.send(
            [
                Command("crm.item.update", {"id": 1, "fields": {"title": "file-0-goes-here"}}),
                Command("crm.item.update", {"id": 1, "fields": {"f": ["a", FileOnDisk(path)]}}),
            ]
        )

    assert [each.state for each in outcomes] == ["done", "done"]
    assert said[1]["fields"] == {"f": ["a", base64.b64encode(b"RIFF").decode()]}
