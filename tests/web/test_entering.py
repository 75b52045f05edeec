"""Who gets in, how, for how long, and what for."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sheets.directories import RIGHT, write
from tests.web.conftest import OWNER, Page, page_with
from toolkit.client import SimulatedClock
from toolkit.web.guards import Attempts, Tickets
from toolkit.web.tokens import Person, TokenProblem, Tokens


def test_nothing_is_shown_to_strangers(page: Page, tmp_path: Path) -> None:
    known = str(page.enter("check").upload(write(RIGHT, tmp_path / "right.xlsx")).url)
    stranger = page.client()

    for path in ("/", known, f"{known}/checked.xlsx", f"{known}/state", "/template.xlsx"):
        answer = stranger.get(path)
        assert answer.url.path == "/login", path
        assert "right.xlsx" not in answer.text
    sent = stranger.post("/uploads", files={"file": ("a.csv", b"x")})
    assert sent.url.path == "/login"


def test_a_wrong_token_is_refused_and_after_ten_everything_is(tmp_path: Path, shop: Any) -> None:
    with page_with(shop, tmp_path / "state") as opened:
        good = opened.desk.tokens.add("Ольга", "publish")
        stranger = opened.client()
        statuses = [stranger.post("/login", data={"token": f"guess {at}"}).status_code for at in range(11)]
        late = stranger.post("/login", data={"token": good})

    assert statuses == [401] * 10 + [429]
    assert late.status_code == 429
    assert "Подождите" in late.text


def test_attempts_are_forgotten_in_time_and_counted_by_address() -> None:
    clock = SimulatedClock()
    attempts = Attempts(clock.now, each=2, whole=3, window_s=60)
    attempts.failed("a")
    attempts.failed("a")

    assert attempts.exhausted("a")
    assert not attempts.exhausted("b")
    attempts.failed("b")
    assert attempts.exhausted("c"), "of all addresses together"
    clock.sleep(61)
    assert not attempts.exhausted("a")


def test_a_link_lets_in_once_and_a_preview_does_not_use_it_up(page: Page) -> None:
    link = f"/enter?ticket={page.tickets.issue(OWNER)}"
    first, second = page.client(), page.client()
    shown = first.get(link)
    first.get(link)
    ticket = re.search(r'name="ticket" value="([^"]+)"', shown.text)
    assert ticket

    assert first.post("/enter", data={"ticket": ticket[1]}).url.path == "/"
    assert "root@here" in first.get("/").text
    assert second.post("/enter", data={"ticket": ticket[1]}).status_code == 401
    assert "уже использована" in second.get(link).text


def test_a_link_gets_old() -> None:
    clock = SimulatedClock()
    tickets = Tickets(clock.now, good_s=900)
    ticket = tickets.issue(OWNER)
    clock.sleep(901)

    assert not tickets.valid(ticket)
    assert tickets.use(ticket) is None


def test_the_cookie_is_out_of_reach_and_leaving_ends_it(page: Page) -> None:
    visitor = page.enter("check")
    answer = httpx.post(f"{page.url}/login", data={"token": page.tokens["Пётр"]})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    behind_tls = httpx.post(
        f"{page.url}/login", data={"token": page.tokens["Пётр"]}, headers={"X-Forwarded-Proto": "https"}
    )
    assert "Secure" in behind_tls.headers["set-cookie"]
    kept = dict(visitor.client.cookies)

    visitor.post("/leave")

    again = page.client(cookies=kept)
    assert again.get("/").url.path == "/login", "a kept cookie is worth nothing"


def test_whose_token_is_removed_is_out_at_the_next_click(tmp_path: Path, shop: Any) -> None:
    with page_with(shop, tmp_path / "state") as opened:
        visitor = opened.enter("check")
        assert visitor.client.get("/").url.path == "/"
        opened.desk.tokens.remove("Пётр")

        assert visitor.client.get("/").url.path == "/login"


def test_a_form_without_the_visitors_own_secret_does_nothing(page: Page) -> None:
    visitor = page.enter("publish")
    before = len(page.desk.history.uploads(500))
    for csrf in ("", "guess", page.enter("publish").csrf):
        answer = visitor.client.post("/uploads", data={"csrf": csrf}, files={"file": ("a.csv", b"x;y")})
        assert answer.status_code == 403

    assert len(page.desk.history.uploads(500)) == before
    visitor.client.post("/leave", data={"csrf": "guess"})
    assert visitor.client.get("/").url.path == "/"


def test_another_site_can_neither_enter_for_somebody_nor_reach_the_page_by_its_own_name(page: Page) -> None:
    page.enter("check")
    elsewhere = httpx.post(
        f"{page.url}/login", data={"token": page.tokens["Пётр"]}, headers={"Origin": "https://evil.example"}
    )
    rebound = httpx.get(f"{page.url}/login", headers={"Host": "evil.example"})

    assert elsewhere.status_code == 401
    assert rebound.status_code == 421


def test_every_answer_forbids_what_it_does_not_need(page: Page) -> None:
    visitor = page.enter("check")
    for path in ("/", "/login", "/nowhere", "/static/style.css"):
        headers = visitor.client.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers
    home = visitor.client.get("/").text
    assert "http://" not in home.replace(page.url, "")
    assert "https://" not in home
    assert not re.search(r"<script>|<[^>]*\s(on\w+|style)=", home)


def test_of_a_token_only_a_hash_is_kept_and_only_for_its_owner(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path / "page" / "tokens.json")
    made = tokens.add("  Анна   Белова ", "publish")
    file = tmp_path / "page" / "tokens.json"

    assert made not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert tokens.who(made) == Person("Анна Белова", "publish")
    assert tokens.who(made[:-1]) is None
    with pytest.raises(TokenProblem, match="there is one already"):
        tokens.add("Анна Белова", "check")
    with pytest.raises(TokenProblem, match="is no role"):
        tokens.add("Глеб", "admin")
    tokens.remove("Анна Белова")
    assert tokens.who(made) is None
    assert json.loads(file.read_text()) == {"tokens": []}
