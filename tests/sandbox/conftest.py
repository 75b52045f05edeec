"""A furnished portal, and ways to call it from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from toolkit.sandbox import InProcessTransport, PlayedClock, Sandbox, new_portal

SECRET = "s3cr3t"

Caller = Callable[..., dict[str, Any]]


@pytest.fixture
def portal() -> Iterator[Sandbox]:
    """An empty, furnished portal on a played clock."""
    made = new_portal(clock=PlayedClock())
    made.access.add_webhook(1, SECRET)
    yield made
    made.close()


@pytest.fixture
def raw(portal: Sandbox) -> Iterator[Callable[..., httpx.Response]]:
    """`raw(method, params, user=1, secret=...)`: the whole HTTP response to a POST of JSON."""
    with httpx.Client(
        transport=InProcessTransport(portal), base_url="https://sandbox.local", trust_env=False
    ) as client:

        def send(
            method: str, params: dict[str, Any] | None = None, *, user: int = 1, secret: str = SECRET
        ) -> httpx.Response:
            return client.post(f"/rest/{user}/{secret}/{method}", json=params or {})

        yield send


@pytest.fixture
def as_v3(portal: Sandbox) -> Iterator[Callable[..., httpx.Response]]:
    """`as_v3("tasks.task.get", {"id": 1}, headers=...)`: the whole response of REST 3.0; webhook of user 1."""
    with httpx.Client(
        transport=InProcessTransport(portal), base_url="https://sandbox.local", trust_env=False
    ) as client:

        def send(method: str, params: Any = None, *, headers: dict[str, str] | None = None) -> httpx.Response:
            body = {} if params is None else params
            return client.post(f"/rest/api/1/{SECRET}/{method}", json=body, headers=headers)

        yield send


@pytest.fixture
def call(raw: Callable[..., httpx.Response]) -> Caller:
    """`call("crm.deal.get", id=1)`: the parsed envelope, whatever its status; webhook of user 1."""

    def send(method: str, /, **params: Any) -> dict[str, Any]:
        body: dict[str, Any] = raw(method, params).json()
        return body

    return send


@pytest.fixture
def result(raw: Callable[..., httpx.Response]) -> Callable[..., Any]:
    """`result("crm.deal.get", id=1)`: what stands under `result`; fails on an error envelope."""

    def send(method: str, /, **params: Any) -> Any:
        body = raw(method, params).json()
        assert "result" in body, f"{method} {params} answered {body}"
        return body["result"]

    return send


@pytest.fixture
def refusal(raw: Callable[..., httpx.Response]) -> Callable[..., tuple[int, Any, str]]:
    """`refusal("crm.deal.get", id=0)`: status, code and words of the error; fails on success."""

    def send(method: str, /, **params: Any) -> tuple[int, Any, str]:
        answer = raw(method, params)
        body = answer.json()
        assert "error" in body, f"{method} {params} answered {body}"
        return answer.status_code, body["error"], body["error_description"]

    return send


@pytest.fixture
def colleague(
    portal: Sandbox, raw: Callable[..., httpx.Response]
) -> Callable[..., Callable[..., httpx.Response]]:
    """`colleague(read="A", write="A")`: `raw` for a new user with these CRM rights, no admin."""

    def make(read: str = "X", write: str = "X") -> Callable[..., httpx.Response]:
        user = portal.store.insert(
            "user", {"NAME": "Пётр", "LAST_NAME": "Иванов", "CRM_READ": read, "CRM_WRITE": write}
        )
        secret = portal.access.add_webhook(user)

        def send(method: str, params: dict[str, Any] | None = None) -> httpx.Response:
            return raw(method, params, user=user, secret=secret)

        return send

    return make


@pytest.fixture
def as_app(portal: Sandbox) -> Iterator[Callable[..., httpx.Response]]:
    """`as_app(method, params)`: the whole HTTP response to a POST of JSON by an application of user 1."""
    tokens: list[str] = []

    with httpx.Client(transport=InProcessTransport(portal), base_url="https://sandbox.local") as client:

        def send(method: str, params: dict[str, Any] | None = None) -> httpx.Response:
            if not tokens:
                client_id, secret = portal.access.add_app("REST API Documentation")
                grant = {
                    "client_id": client_id,
                    "client_secret": secret,
                    "grant_type": "authorization_code",
                    "code": portal.access.authorize(client_id, 1),
                }
                tokens.append(portal.access.exchange(grant, "https://sandbox.local/rest/")["access_token"])
            return client.post(f"/rest/{method}", json={**(params or {}), "auth": tokens[0]})

        yield send
