"""The page as an admin meets it: a real process pool, a real portal over HTTP, a real socket."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from tests.runs.conftest import SECRET, World, make_world
from tests.sheets.directories import portal_facts
from toolkit.sandbox.clock import WallClock
from toolkit.sandbox.doors.http import serve
from toolkit.settings import Settings
from toolkit.web import Desk, Person, make_site
from toolkit.web.bounds import Rules
from toolkit.web.guards import Tickets
from toolkit.web.serving import configured

OWNER = Person("root@here", "publish")


def furnish(world: World) -> None:
    """The people, departments and pipelines of `portal_facts`, on a sandbox portal."""
    facts, store = portal_facts(), world.sandbox.store
    call = world.portal.call
    departments = {1: 1}
    for row in facts.departments.to_dict("records"):
        if row["ID"] == 1:
            continue
        parent = departments.get(int(row["PARENT"] or 1), 1)
        departments[int(row["ID"])] = int(call("department.add", {"NAME": row["NAME"], "PARENT": parent}))
    for row in facts.users.to_dict("records"):
        number = int(row["ID"])
        (store.update if store.get("user", number) else partial(_insert, store))(
            "user",
            number,
            {
                "ACTIVE": "Y" if row["ACTIVE"] else "N",
                "NAME": row["NAME"],
                "LAST_NAME": row["LAST_NAME"],
                "EMAIL": row["EMAIL"],
                "UF_DEPARTMENT": str([departments[each] for each in row["UF_DEPARTMENT"]]),
            },
        )
    for row in facts.pipelines.to_dict("records"):
        if int(row["id"]):
            made = call("crm.category.add", {"entityTypeId": 2, "fields": {"name": row["name"]}})
            pipeline = int(made["category"]["id"])
            for name in facts.stages.query(f"CATEGORY_ID == {row['id']}")["NAME"]:
                fields = {
                    "ENTITY_ID": f"DEAL_STAGE_{pipeline}",
                    "STATUS_ID": f"C{pipeline}:{len(name)}",
                    "NAME": name,
                }
                call("crm.status.add", {"fields": fields})


def fill(world: World, appeals: int = 60) -> None:
    """Past appeals: deals with a topic and a region, and who had them."""
    call = world.portal.call
    names = {}
    for code, label in (("TOPIC", "Тема"), ("REGION", "Регион")):
        made = {"FIELD_NAME": code, "USER_TYPE_ID": "string", "EDIT_FORM_LABEL": {"ru": label, "en": label}}
        call("crm.deal.userfield.add", {"fields": made})
        names[code] = f"UF_CRM_{code}"
    for at in range(appeals):
        fields = {
            "TITLE": f"Обращение {at}",
            "ASSIGNED_BY_ID": 3 + at % 2,
            names["TOPIC"]: ("Брак", "Доставка", "Курьер")[at % 3],
            names["REGION"]: ("Москва", "Казань")[at % 2],
        }
        call("crm.deal.add", {"fields": fields})


def _insert(store: Any, table: str, number: int, values: dict[str, Any]) -> None:
    store.insert(table, {"ID": number, **values})


@dataclass
class Page:
    """The page, listening; and who comes to it."""

    desk: Desk
    url: str
    tickets: Tickets
    world: World
    tokens: dict[str, str] = field(default_factory=dict)

    def client(self, language: str = "ru", **more: Any) -> httpx.Client:
        """A browser nobody has entered with."""
        headers = {"Accept-Language": language}
        return httpx.Client(base_url=self.url, headers=headers, follow_redirects=True, timeout=30, **more)

    def enter(self, role: str = "publish", language: str = "ru") -> Visitor:
        """Somebody with a token of a role."""
        name = {"publish": "Ольга", "check": "Пётр"}[role]
        if self.desk.tokens.find(name) is None:
            self.tokens[name] = self.desk.tokens.add(name, role)
        client = self.client(language)
        answer = client.post("/login", data={"token": self.tokens[name]})
        assert answer.status_code == 200, answer.text
        return Visitor(client, csrf_of(answer.text))


@dataclass
class Visitor:
    """Somebody who has entered, with a browser that does what links and forms say."""

    client: httpx.Client
    csrf: str

    def upload(self, path: Path | bytes, name: str = "") -> httpx.Response:
        """Send a file; the page it leads to, once the check has ended."""
        data = path if isinstance(path, bytes) else path.read_bytes()
        name = name or (path.name if isinstance(path, Path) else "file.xlsx")
        answer = self.client.post("/uploads", data={"csrf": self.csrf}, files={"file": (name, data)})
        return self.settled(answer)

    def settled(self, answer: httpx.Response, limit_s: float = 30) -> httpx.Response:
        """The page once it no longer waits."""
        deadline = time.monotonic() + limit_s
        while "data-poll" in answer.text:
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.1)
            answer = self.client.get(str(answer.url))
        return answer

    def post(self, path: str, **fields: str) -> httpx.Response:
        """Press a button."""
        return self.client.post(path, data={"csrf": self.csrf, **fields})


def csrf_of(html: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', html)
    assert found, html
    return found[1]


def headline(answer: httpx.Response) -> str:
    """What the page says first."""
    found = re.search(r'class="big">(?:<span[^>]*></span>)?(.*?)</p>', answer.text, re.DOTALL)
    assert found, answer.text
    return found[1].strip()


@contextmanager
def serving(desk: Desk, world: World) -> Iterator[Page]:
    """The page on a free port of this machine."""
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    tickets = Tickets(desk.clock.now)
    server = uvicorn.Server(configured(make_site(desk, tickets)))
    thread = threading.Thread(target=server.run, args=([door],), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield Page(desk, f"http://127.0.0.1:{door.getsockname()[1]}", tickets, world)
    finally:
        server.should_exit = True
        thread.join(20)
        door.close()


@contextmanager
def shop_in(home: Path) -> Iterator[tuple[World, Settings]]:
    """A portal with the people, pipelines and appeals the directories of the tests name."""
    world = make_world(home / "world", contacts=2, deals=2)
    furnish(world)
    fill(world)
    world.sandbox.clock = WallClock()
    with serve(world.sandbox) as server:
        webhook = f"{server.url}/rest/1/{SECRET}/"
        folders = {"state_dir": home / "state", "snapshots": home / "snapshots"}
        yield world, Settings.load(env_file=None, webhook=webhook, plan="box", fence_s=1.0, **folders)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Settings]]:
    """Such a portal, on which nothing is published."""
    with shop_in(tmp_path_factory.mktemp("shop")) as opened:
        yield opened


@pytest.fixture(scope="session")
def page(shop: tuple[World, Settings]) -> Iterator[Page]:
    """The page of that portal; its uploads are shared by the tests of this room."""
    world, settings = shop
    with serving(Desk(settings, owner=OWNER), world) as opened:
        yield opened


@contextmanager
def page_with(shop: tuple[World, Settings], home: Path, rules: Rules | None = None) -> Iterator[Page]:
    """A page of its own, for a test that spoils it."""
    world, settings = shop
    own = settings.model_copy(update={"state_dir": home})
    with serving(Desk(own, rules, owner=OWNER, workers=1), world) as opened:
        yield opened
