"""The page at `/`: what it shows, in which language, and what it never shows."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from toolkit.sandbox import InProcessTransport, PlayedClock, Sandbox, new_portal
from toolkit.sandbox.doors.http import Server, serve
from toolkit.sandbox.running.status_words import WORDS

SECRET = "n0tf0ry0u"


@pytest.fixture
def portal() -> Iterator[Sandbox]:
    made = new_portal(clock=PlayedClock(), limits="cloud")
    made.access.add_webhook(1, SECRET)
    yield made
    made.close()


@pytest.fixture
def client(portal: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(transport=InProcessTransport(portal), base_url="https://sandbox.local") as made:
        yield made


def ask(client: httpx.Client, method: str, params: dict[str, Any] | None = None) -> httpx.Response:
    return client.post(f"/rest/1/{SECRET}/{method}", json=params or {})


def test_it_shows_records_requests_and_limits(portal: Sandbox, client: httpx.Client) -> None:
    ask(client, "crm.item.add", {"entityTypeId": 3, "fields": {"name": "Анна"}})
    ask(client, "crm.contact.get", {"id": 99})
    ask(client, "batch", {"cmd": {"a": "profile", "b": "profile", "c": "crm.deal.get?id=9"}})
    portal.note_missing("sale.order.list")

    page = client.get("/").text

    assert '<td>Contacts</td><td class="number">1</td>' in page
    assert "crm.item.add" in page
    assert "profile × 2" in page
    assert "sale.order.list" in page
    assert re.search(r">2\.\d\d of 50<", page)  # the bucket of this address, which drains
    assert re.search(r">0\.15 of 480<", page)


def test_it_speaks_the_language_of_the_browser_or_of_the_link(client: httpx.Client) -> None:
    assert WORDS["en"].keys() == WORDS["ru"].keys()

    by_browser = client.get("/", headers={"Accept-Language": "ru-RU,ru;q=0.9"}).text
    by_link = client.get("/?lang=en", headers={"Accept-Language": "ru"}).text
    default = client.get("/?lang=xx").text

    assert WORDS["ru"]["lead"] in by_browser
    assert '<html lang="ru">' in by_browser
    assert WORDS["en"]["lead"] in by_link
    assert WORDS["en"]["lead"] in default


def test_no_secret_is_on_it_wherever_a_client_put_one(portal: Sandbox, client: httpx.Client) -> None:
    client_id, app_secret = portal.access.add_app()
    code = portal.access.authorize(client_id, 1)
    grant = {"client_id": client_id, "client_secret": app_secret, "grant_type": "authorization_code"}
    tokens = portal.access.exchange({**grant, "code": code}, "https://b/rest/")
    client.post("/rest/profile", json={"auth": tokens["access_token"]})
    client.get(f"/rest/{SECRET}/")  # a webhook address without its user
    client.get(f"/rest/{SECRET}/profile")
    client.post(f"/rest/1/{SECRET}/batch", json={"cmd": {SECRET: SECRET, "b": f"crm.item.get?x={SECRET}"}})
    ask(client, "crm.item.add", {"entityTypeId": 3, "fields": {"name": "тайна-клиента"}})

    page = client.get("/").text

    for secret in (SECRET, app_secret, client_id, code, tokens["access_token"], tokens["refresh_token"]):
        assert secret not in page
    assert "тайна-клиента" not in page


def test_what_clients_made_up_is_escaped(portal: Sandbox, client: httpx.Client) -> None:
    ask(client, "crm.contact.list", {"filter": {"<script>alert(1)</script>": 1}})
    client.post(f"/rest/1/{SECRET}/<img src=x>", json={})
    portal.host = '"><script>alert(2)</script>'

    page = client.get("/").text

    assert "<script>" not in page
    assert "<img" not in page
    assert "script&gt;alert(1)" in page


def test_it_loads_nothing_and_is_not_kept(client: httpx.Client) -> None:
    answer = client.get("/")

    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "http://" not in answer.text
    assert "src=" not in answer.text


def test_only_this_machine_sees_it_and_only_at_its_own_address(portal: Sandbox, client: httpx.Client) -> None:
    transport = InProcessTransport(portal, source="192.168.1.7")
    with httpx.Client(transport=transport, base_url="https://sandbox.local") as stranger:
        assert stranger.get("/").status_code == 404
    assert client.get("/nowhere").json()["error"] == "ERROR_METHOD_NOT_FOUND"


def test_looking_at_it_costs_nothing_and_is_not_logged(portal: Sandbox, client: httpx.Client) -> None:
    client.get("/")

    assert len(portal.log) == 0
    assert portal.limits.rate.all(portal.clock.now()) == {}


# -- in a real browser -----------------------------------------------------------------------------


@pytest.fixture
def browser(skip_loudly: Callable[[str], None], tmp_path: Path) -> Iterator[Any]:
    """Chromium without a window."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        skip_loudly("the status page needs chromium and chromedriver to be looked at")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(chromium)
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path / 'profile'}")
    options.add_argument("--window-size=1200,1600")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(executable_path=str(driver)))
    yield opened
    opened.quit()


@pytest.fixture
def door(portal: Sandbox) -> Iterator[Server]:
    with serve(portal) as opened:
        yield opened


@pytest.mark.filterwarnings("ignore")
def test_a_browser_shows_it_in_both_languages(
    portal: Sandbox, client: httpx.Client, door: Server, browser: Any, tmp_path: Path
) -> None:
    for name in "абв":
        ask(client, "crm.item.add", {"entityTypeId": 3, "fields": {"name": name}})
    ask(client, "crm.contact.get", {"id": 99})

    browser.get(f"{door.url}/?lang=ru")
    heading = browser.find_element("css selector", "h1").text
    contacts = [
        row.text.split()
        for row in browser.find_elements("css selector", "#records tbody tr")
        if "Контакты" in row.text
    ]
    last = browser.find_element("css selector", "#last tbody tr").text
    width = browser.execute_script("return [document.body.scrollWidth, window.innerWidth]")
    shot = tmp_path / "status.png"
    assert browser.save_screenshot(str(shot))
    browser.find_element("css selector", "header a").click()
    english = browser.find_element("css selector", "h1").text

    assert (heading, english) == (WORDS["ru"]["title"], WORDS["en"]["title"])
    assert contacts == [["Контакты", "3"]]
    assert "crm.contact.get" in last
    assert "400" in last
    assert width[0] <= width[1]  # nothing sticks out
    assert shot.stat().st_size > 20_000
    assert [
        each
        for each in browser.get_log("browser")
        if each["level"] == "SEVERE" and "favicon" not in each["message"]
    ] == []
