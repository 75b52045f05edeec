"""The doors: what a client meets before and after the portal's own answer."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.sandbox import InProcessTransport, Sandbox, new_portal
from toolkit.sandbox.doors.http import DoorError, Server, serve
from toolkit.sandbox.doors.tls import certificate_in
from toolkit.sandbox.wire.request import MAX_BODY

SECRET = "doorsecret"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def shared(certificates: Path) -> Iterator[Server]:
    portal = new_portal()
    portal.access.add_webhook(1, SECRET)
    with serve(portal, tls_port=0, tls_folder=certificates) as server:
        yield server
    portal.close()


@pytest.fixture
def door(shared: Server) -> Server:
    shared.portal.faults.clear()
    shared.portal.log.clear()
    shared.portal.moved_to = ""
    return shared


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=10) as client:
        yield client


def hook(door: Server, method: str) -> str:
    return f"{door.url}/rest/1/{SECRET}/{method}"


def alive(door: Server) -> bool:
    return httpx.get(hook(door, "profile")).json()["result"]["ADMIN"] is True


def raw(door: Server, sent: bytes, *, wait_s: float = 5.0) -> bytes:
    """Send bytes as they are; what comes back until the server closes or falls silent."""
    address = urlsplit(door.url)
    got = b""
    with socket.create_connection((address.hostname, address.port), timeout=wait_s) as wire:
        wire.sendall(sent)
        try:
            while part := wire.recv(65536):
                got += part
        except (TimeoutError, ConnectionResetError):
            pass
    return got


def test_get_and_post_reach_the_portal(door: Server, client: httpx.Client) -> None:
    asked = client.get(hook(door, "crm.item.list.json"), params={"entityTypeId": 3, "select[]": "id"})
    posted = client.post(hook(door, "CRM.Item.Add/"), json={"entityTypeId": 3, "fields": {"name": "Анна"}})

    assert asked.json()["result"] == {"items": []}
    assert posted.json()["result"]["item"]["name"] == "Анна"
    assert posted.headers["content-type"].startswith("application/json")


def test_tls_answers_with_a_certificate_its_authority_vouches_for(door: Server) -> None:
    assert door.certificate is not None
    context = ssl.create_default_context(cafile=str(door.certificate.authority))
    with httpx.Client(verify=context) as client:
        answer = client.get(f"{door.tls_url}/rest/1/{SECRET}/profile")
        by_name = client.get(f"{door.tls_url.replace('127.0.0.1', 'localhost')}/rest/1/{SECRET}/profile")

    assert answer.json()["result"]["ID"] == by_name.json()["result"]["ID"] == "1"
    assert door.certificate.key.stat().st_mode & 0o077 == 0


def test_a_stranger_does_not_trust_the_certificate(door: Server) -> None:
    with pytest.raises(httpx.ConnectError, match="certificate"):
        httpx.get(f"{door.tls_url}/rest/1/{SECRET}/profile")


def test_a_certificate_is_kept_until_a_name_is_missing(tmp_path: Path) -> None:
    first = certificate_in(tmp_path).chain.read_bytes()

    assert certificate_in(tmp_path).chain.read_bytes() == first
    assert certificate_in(tmp_path, names=("portal.test",)).chain.read_bytes() != first


def test_plain_http_is_refused_when_the_portal_takes_https_only(certificates: Path) -> None:
    portal = new_portal(allow_http=False)
    portal.access.add_webhook(1, SECRET)
    with serve(portal, tls_port=0, tls_folder=certificates) as server:
        answer = httpx.get(hook(server, "profile"))

    assert (answer.status_code, answer.json()["error"]) == (400, "INVALID_REQUEST")
    assert portal.base_url == server.tls_url


@pytest.mark.parametrize("fault", ["lose_answer", "cut_before"])
def test_a_dropped_answer_closes_the_connection_without_a_byte(door: Server, fault: str) -> None:
    before = httpx.get(hook(door, "crm.item.list"), params={"entityTypeId": 4}).json()["total"]
    door.portal.faults.plan(fault)

    path = f"/rest/1/{SECRET}/crm.item.add?entityTypeId=4&fields[title]=A"
    got = raw(door, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    after = httpx.get(hook(door, "crm.item.list"), params={"entityTypeId": 4}).json()["total"]

    assert got == b""
    assert after - before == (1 if fault == "lose_answer" else 0)


def test_a_truncated_answer_breaks_off_in_the_body(door: Server, client: httpx.Client) -> None:
    door.portal.faults.plan("truncated")

    with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|without sending complete"):
        client.get(hook(door, "profile"))
    assert alive(door)


def test_a_slow_answer_lets_others_through(door: Server, client: httpx.Client) -> None:
    door.portal.faults.plan("slow", "server.time", seconds=30)

    with pytest.raises(httpx.ReadTimeout):
        client.get(hook(door, "server.time"), timeout=0.2)
    assert alive(door)


def test_an_upload_is_refused_by_its_announced_length(door: Server) -> None:
    head = (
        f"POST /rest/1/{SECRET}/profile HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {2 * 1024**3}\r\nExpect: 100-continue\r\n\r\n"
    )
    began = time.monotonic()

    got = raw(door, head.encode())

    assert got.startswith(b"HTTP/1.1 413")
    assert b"Request body is too large" in got
    assert time.monotonic() - began < 5


def test_an_upload_of_unknown_length_is_refused_when_it_grows_too_big(
    door: Server, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolkit.sandbox.doors.http.MAX_BODY", 1024)

    answer = client.post(hook(door, "profile"), content=(b"x" * 512 for _ in range(8)))

    assert answer.status_code == 413
    assert MAX_BODY > 1024
    assert alive(door)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nshort",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * (3 * 1024 * 1024) + b"\r\n\r\n",
        b"GET /rest/1/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /rest/%00/%FF%FE/crm.item.list HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ],
    ids=lambda sent: repr(sent[:24]),
)
def test_malformed_requests_do_not_end_the_portal(door: Server, sent: bytes) -> None:
    got = raw(door, sent, wait_s=0.3)

    assert b"Traceback" not in got
    assert not got.startswith(b"HTTP/1.1 5")
    assert alive(door)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    verb=st.sampled_from(["GET", "POST", "PUT", "HEAD", "DELETE", "BREW"]),
    path=st.text(st.characters(min_codepoint=33, max_codepoint=126, blacklist_characters="#?"), max_size=40),
    query=st.text(st.characters(min_codepoint=33, max_codepoint=126, blacklist_characters="#"), max_size=60),
    kind=st.sampled_from(
        ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
    ),
    body=st.binary(max_size=200),
)
def test_whatever_is_sent_is_answered_without_a_traceback(
    door: Server, verb: str, path: str, query: str, kind: str, body: bytes
) -> None:
    head = (
        f"{verb} /rest/1/{SECRET}/{path}?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )

    got = raw(door, head.encode("latin-1") + body)

    assert got.startswith(b"HTTP/1.1 ")
    assert b"Traceback" not in got
    assert not got.startswith(b"HTTP/1.1 500")


def test_a_request_that_breaks_the_portal_gets_500_and_the_next_an_answer(
    door: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_request: object) -> None:
        raise MemoryError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(door.portal, "answer", broken)
        answer = httpx.get(hook(door, "profile"))

    assert (answer.status_code, answer.json()["error"]) == (500, "INTERNAL_SERVER_ERROR")
    assert "no room" not in answer.text
    assert alive(door)


def test_one_connection_carries_many_requests(door: Server) -> None:
    one = f"GET /rest/1/{SECRET}/server.time HTTP/1.1\r\nHost: x\r\n"

    got = raw(door, f"{one}\r\n".encode() * 19 + f"{one}Connection: close\r\n\r\n".encode())

    assert got.count(b"HTTP/1.1 200") == 20


def test_a_port_already_taken_is_named(door: Server) -> None:
    port = urlsplit(door.url).port
    assert port is not None

    with pytest.raises(DoorError, match=f"127.0.0.1:{port}"):
        serve(door.portal, port)


def test_a_renamed_portal_sends_callers_to_its_new_address(door: Server, client: httpx.Client) -> None:
    door.portal.moved_to = door.url.replace("127.0.0.1", "localhost")

    answer = client.post(hook(door, "crm.item.add"), json={"entityTypeId": 4, "fields": {"title": "Заря"}})
    again = client.post(answer.headers["Location"], json={"entityTypeId": 4, "fields": {"title": "Заря"}})

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{door.portal.moved_to}/rest/1/{SECRET}/crm.item.add"
    assert again.json()["result"]["item"]["title"] == "Заря"


def test_tokens_are_exchanged_over_get_and_post(door: Server, client: httpx.Client) -> None:
    client_id, secret = door.portal.access.add_app()
    known = {"client_id": client_id, "client_secret": secret}
    code = door.portal.access.authorize(client_id, 1)

    first = client.get(
        f"{door.url}/oauth/token/", params={"grant_type": "authorization_code", "code": code, **known}
    ).json()
    refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], **known}
    second = client.post(f"{door.url}/oauth/token/", data=refresh).json()
    spent = client.get(f"{door.url}/oauth/token/", params=refresh)
    called = client.get(f"{second['client_endpoint']}profile", params={"auth": second["access_token"]})

    assert first["client_endpoint"] == f"{door.url}/rest/"
    assert second["refresh_token"] != first["refresh_token"]
    assert spent.json()["error"] == "invalid_grant"
    assert called.json()["result"]["ID"] == "1"


def test_the_token_reply_names_the_new_address_of_a_renamed_portal() -> None:
    portal = new_portal(moved_to="https://new.bitrix24.ru")
    client_id, secret = portal.access.add_app()
    code = portal.access.authorize(client_id, 1)
    with httpx.Client(transport=InProcessTransport(portal), base_url="https://old.bitrix24.ru") as client:
        reply = client.get(
            "/oauth/token/",
            params={
                "grant_type": "authorization_code",
                "client_id": client_id,
                "client_secret": secret,
                "code": code,
            },
        ).json()

    assert reply["client_endpoint"] == "https://new.bitrix24.ru/rest/"


def test_consent_returns_to_the_application_with_a_code(door: Server, client: httpx.Client) -> None:
    client_id, secret = door.portal.access.add_app()

    back = client.get(
        f"{door.url}/oauth/authorize/",
        params={"client_id": client_id, "state": "s1", "redirect_uri": "https://app.test/in?x=1"},
    )
    given_back = parse_qs(urlsplit(back.headers["Location"]).query)
    tokens = client.get(
        f"{door.url}/oauth/token/",
        params={
            "grant_type": "authorization_code",
            "client_id": client_id,
            "client_secret": secret,
            "code": given_back["code"][0],
        },
    ).json()

    assert back.status_code == 302
    assert back.headers["Location"].startswith("https://app.test/in?x=1&")
    assert given_back["state"] == ["s1"]
    assert tokens["user_id"] == 1


def test_an_unknown_application_gets_no_code(door: Server, client: httpx.Client) -> None:
    answer = client.get(f"{door.url}/oauth/authorize/", params={"client_id": "local.nobody"})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")


def test_stopping_closes_the_port_and_leaves_the_portal_open() -> None:
    portal: Sandbox = new_portal()
    with serve(portal) as server, httpx.Client() as client:
        portal.access.add_webhook(1, SECRET)
        client.get(hook(server, "profile"))

    with pytest.raises(httpx.ConnectError):
        httpx.get(hook(server, "profile"))
    assert portal.store.get("user", 1) is not None


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to catch")
def test_a_portal_in_its_own_process_ends_on_sigterm() -> None:
    script = (
        "from toolkit.sandbox import new_portal\n"
        "from toolkit.sandbox.doors.http import run\n"
        "portal = new_portal()\n"
        f"portal.access.add_webhook(1, {SECRET!r})\n"
        "run(portal, ready=lambda server: print(server.url, flush=True))\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        answer = httpx.get(f"{url}/rest/1/{SECRET}/profile").json()
        process.send_signal(signal.SIGTERM)
        ended = process.wait(timeout=10)

    assert answer["result"]["ID"] == "1"
    assert ended == 0
