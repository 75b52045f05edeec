"""Clients nobody here wrote read, write, batch and page through the sandbox, unmodified.

`fast_bitrix24` and `b24pysdk` are installed with the test dependencies; the JavaScript SDK is fetched once
by npm into the user's cache.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Coroutine, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from platformdirs import user_cache_path

from toolkit.sandbox import Sandbox, new_portal
from toolkit.sandbox.doors.http import Server, serve

SECRET = "f0re1gn"
FOREIGN = Path(__file__).parent / "foreign"
# Their own warnings, such as pkg_resources or event loops, are not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")

Skip = Callable[[str], None]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Sandbox, Server]]:
    """An empty portal behind HTTP and TLS; `requests` trusts its certificate."""
    portal = new_portal()
    portal.access.add_webhook(1, SECRET)
    with serve(portal, tls_port=0, tls_folder=tmp_path) as server:
        assert server.certificate is not None
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.certificate.authority))
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "127.0.0.1")
        yield portal, server
    assert portal.missing == {}
    portal.close()


# -- fast_bitrix24 ---------------------------------------------------------------------------------


def with_fast_bitrix(url: str, work: Callable[[Any], Coroutine[Any, Any, None]], **options: Any) -> None:
    from fast_bitrix24 import BitrixAsync

    asyncio.run(work(BitrixAsync(f"{url}/rest/1/{SECRET}/", verbose=False, **options)))


def test_fast_bitrix24_writes_in_batches_and_reads_all_pages(served: tuple[Sandbox, Server]) -> None:
    portal, server = served

    async def work(bitrix: Any) -> None:
        added = await bitrix.call("crm.contact.add", [{"fields": {"NAME": f"Имя {n}"}} for n in range(130)])
        legacy = await bitrix.get_all("crm.contact.list", {"select": ["ID", "NAME"]})
        universal = await bitrix.get_all("crm.item.list", {"entityTypeId": 3, "select": ["id"]})
        cards = await bitrix.list_and_get("crm.contact")

        assert len(set(added)) == 130
        assert {int(row["ID"]) for row in legacy} == set(added)
        assert {row["id"] for row in universal} == set(added)
        assert len(cards) == 130
        await bitrix.call("crm.contact.delete", [{"ID": each} for each in added[:60]])

    with_fast_bitrix(server.url, work)

    assert portal.store.value("SELECT COUNT(*) FROM crm_3") == 70


def test_fast_bitrix24_refers_to_earlier_results_and_sees_errors(served: tuple[Sandbox, Server]) -> None:
    _, server = served

    async def work(bitrix: Any) -> None:
        from fast_bitrix24.server_response import ErrorInServerResponseException

        title = "Сделка & <b>ко</b> + 100% [1]"
        made = await bitrix.call("crm.item.add", {"entityTypeId": 2, "fields": {"title": title}}, raw=True)
        assert made["result"]["item"]["title"] == title

        chain = await bitrix.call_batch(
            {
                "halt": 0,
                "cmd": {
                    "add": "crm.deal.add?fields[TITLE]=Вторая",
                    "get": "crm.deal.get?ID=$result[add]",
                },
            }
        )
        assert chain["get"]["TITLE"] == "Вторая"
        with pytest.raises(ErrorInServerResponseException, match="Not found"):
            await bitrix.call("crm.deal.get", {"ID": 9999})

    with_fast_bitrix(server.url, work)


def test_fast_bitrix24_speaks_tls(served: tuple[Sandbox, Server]) -> None:
    _, server = served

    async def work(bitrix: Any) -> None:
        assert [row["ID"] for row in await bitrix.get_all("user.get")] == ["1"]

    with_fast_bitrix(server.tls_url, work, ssl=False)


def test_fast_bitrix24_refreshes_a_rejected_token(served: tuple[Sandbox, Server]) -> None:
    portal, server = served
    client_id, secret = portal.access.add_app()
    asked = 0

    async def token() -> str:
        nonlocal asked
        asked += 1
        if asked == 1:
            return "stale"
        code = portal.access.authorize(client_id, 1)
        params = {
            "client_id": client_id,
            "client_secret": secret,
            "grant_type": "authorization_code",
            "code": code,
        }
        return str(portal.access.exchange(params, f"{server.url}/rest/")["access_token"])

    async def read() -> Any:
        from fast_bitrix24 import BitrixAsync

        bitrix = BitrixAsync(f"{server.url}/rest/", token_func=token, verbose=False)
        return await bitrix.get_all("crm.status.list", {"filter": {"ENTITY_ID": "SOURCE"}})

    assert len(asyncio.run(read())) > 5
    assert asked == 2


# -- b24pysdk --------------------------------------------------------------------------------------


def pysdk(server: Server, **options: Any) -> Any:
    from b24pysdk import BitrixWebhook, Client

    domain = server.tls_url.removeprefix("https://")
    return Client(BitrixWebhook(domain=domain, webhook_token=f"1/{SECRET}"), **options)


def test_b24pysdk_reads_writes_batches_and_pages(served: tuple[Sandbox, Server]) -> None:
    _, server = served
    client = pysdk(server)

    first = client.crm.item.add(
        entity_type_id=3,
        fields={"name": "Анна", "fm": [{"typeId": "PHONE", "valueType": "WORK", "value": "+79001234567"}]},
    ).result["item"]
    made = client.call_batches({f"c{n}": client.crm.contact.add(fields={"NAME": str(n)}) for n in range(120)})

    assert first["fm"][0]["value"] == "+79001234567"
    assert len(made.result.result) == 120
    assert len(client.crm.contact.list(select=["ID"]).result) == 50
    assert len(list(client.crm.contact.list(select=["ID"]).as_list().result)) == 121
    assert len(list(client.crm.contact.list(select=["ID"]).as_list_fast().result)) == 121
    assert len(list(client.crm.item.list(entity_type_id=3, select=["id"]).as_list().result)) == 121
    assert len(list(client.crm.item.list(entity_type_id=3, select=["id"]).as_list_fast().result)) == 121
    changed = client.crm.item.update(bitrix_id=first["id"], entity_type_id=3, fields={"name": "Белла"})
    assert changed.result["item"]["name"] == "Белла"
    assert client.crm.item.delete(bitrix_id=first["id"], entity_type_id=3).result == []


def test_b24pysdk_tells_the_portals_errors_apart(served: tuple[Sandbox, Server]) -> None:
    from b24pysdk import BitrixWebhook, Client
    from b24pysdk import errors as of_v2
    from b24pysdk.errors import oauth as of_oauth
    from b24pysdk.errors import v3 as of_v3

    portal, server = served
    client, third = pysdk(server), pysdk(server, prefer_version=3)
    stranger = Client(BitrixWebhook(domain=server.tls_url.removeprefix("https://"), webhook_token="1/wrong"))
    portal.faults.plan("operating", "crm.item.list")

    for work, error in (
        (lambda: client.crm.item.get(bitrix_id=999, entity_type_id=3), of_v2.BitrixAPINotFound),
        (lambda: client.crm.item.list(entity_type_id=3), of_v2.BitrixAPIOperationTimeLimit),
        (
            lambda: client.crm.item.list(entity_type_id=3, filter={"nonsense": 1}),
            of_v2.BitrixAPIInvalidArgValue,
        ),
        (lambda: stranger.profile(), of_oauth.BitrixOAuthNoAuthFound),
        (lambda: third.tasks.task.get(bitrix_id=999), of_v3.BitrixAPIEntityNotFoundException),
        (lambda: third.tasks.task.add(fields={}), of_v3.BitrixAPIValidationRequestValidationException),
    ):
        with pytest.raises(error):
            _ = work().result


def test_b24pysdk_calls_rest_3(served: tuple[Sandbox, Server]) -> None:
    _, server = served
    client = pysdk(server, prefer_version=3)

    fields = {"title": "Отчёт", "creatorId": 1, "responsibleId": 1}
    task = client.tasks.task.add(fields=fields).result["item"]
    got = client.tasks.task.get(bitrix_id=task["id"], select=["title", "responsible.name"]).result

    assert got == {"item": {"title": "Отчёт", "responsible": {"name": "Администратор Портала"}}}
    assert client.tasks.task.list(select=["id"], filter=[["id", ">", 0]]).result == {
        "items": [{"id": task["id"]}]
    }
    assert client.tasks.task.delete(bitrix_id=task["id"]).result == {"result": True}
    assert "/tasks.task.add" in client.rest.documentation.openapi().response["paths"]
    assert client.rest.scope.list(filter_method="tasks.task.add").result["items"][0]["scope"] == "tasks"


def test_b24pysdk_binds_events_as_an_application(served: tuple[Sandbox, Server]) -> None:
    from b24pysdk import BitrixApp, BitrixToken, Client

    portal, server = served
    client_id, secret = portal.access.add_app()
    tokens = portal.access.exchange(
        {
            "client_id": client_id,
            "client_secret": secret,
            "grant_type": "authorization_code",
            "code": portal.access.authorize(client_id, 1),
        },
        f"{server.tls_url}/rest/",
    )
    client = Client(
        BitrixToken(
            domain=server.tls_url.removeprefix("https://"),
            auth_token=tokens["access_token"],
            refresh_token=tokens["refresh_token"],
            bitrix_app=BitrixApp(client_id=client_id, client_secret=secret),
        )
    )

    assert client.event.bind(event="ONCRMCONTACTADD", event_type="offline", handler="").result is True
    client.crm.contact.add(fields={"NAME": "а"}).result  # noqa: B018  # the SDK calls on `.result`
    waiting = client.event.offline.list().result

    assert [row["EVENT_NAME"] for row in waiting] == ["ONCRMCONTACTADD"]


# -- @bitrix24/b24jssdk ----------------------------------------------------------------------------


@pytest.fixture
def jssdk(skip_loudly: Skip) -> Path:
    """Where the script and the SDK lie, installed once per version."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        skip_loudly("the JavaScript SDK needs node and npm, which are not installed")
    wanted = (FOREIGN / "package.json").read_bytes()
    folder = user_cache_path("b24kit-tests") / f"b24jssdk-{sha256(wanted).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "install.lock"):
        if not (folder / "complete").exists():
            (folder / "package.json").write_bytes(wanted)
            command = [
                str(npm),
                "install",
                "--no-audit",
                "--no-fund",
                "--no-package-lock",
                "--ignore-scripts",
            ]
            try:
                done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180)
            except subprocess.TimeoutExpired:
                skip_loudly("npm did not bring the JavaScript SDK within three minutes")
            else:
                if done.returncode:
                    skip_loudly(f"npm could not bring the JavaScript SDK: {done.stderr.strip()[-300:]}")
            (folder / "complete").touch()
        shutil.copy(FOREIGN / "b24jssdk.mjs", folder)
    return folder


def test_the_javascript_sdk_reads_writes_batches_and_pages(
    served: tuple[Sandbox, Server], jssdk: Path
) -> None:
    _, server = served
    assert server.certificate is not None
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": str(server.certificate.authority)}

    done = subprocess.run(
        ["node", "b24jssdk.mjs", f"{server.tls_url}/rest/1/{SECRET}"],
        cwd=jssdk,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "profile": "1",
        "title": "Сделка & <b>ко</b> + 100% [1]",
        "opportunity": 1500.5,
        "updated": "Б",
        "notFound": "NOT_FOUND",
        "badFilter": "INVALID_ARG_VALUE",
        "added": 120,
        "referred": "Имя 0",
        "mixed": [True, False, "Element not found"],
        "listed": 120,
        "fetched": 120,
        "paged": [120, True, 50],
        "deleted": True,
        "task": {"title": "Отчёт", "responsible": {"name": "Администратор Портала"}},
        "tasks": 2,
        "batch3": ["Отчёт", "Смета"],
        "missing3": "BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION",
        "unknown3": "BITRIX_REST_V3_EXCEPTION_METHODNOTFOUNDEXCEPTION",
    }
