"""A few dozen lines of portal for tests of the client alone: records, batch with references, faults, limits.

It answers as the documentation says and nothing more; the sandbox is the real thing.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import httpx

SECRET = "s3cretwebhook0key"
WEBHOOK = f"https://acme.example/rest/7/{SECRET}/"

Fault = Callable[[httpx.Request], httpx.Response]


def error(status: int, code: Any, text: str = "") -> httpx.Response:
    return httpx.Response(status, json={"error": code, "error_description": text})


class Scripted:
    """Holds `records` for crm.item.*, crm.deal.list and user.get; counts what it executed.

    Faults are taken from `faults` one per HTTP request: None lets it pass, an exception is raised before the
    request is executed, a callable gets (request, execute) and returns the response.
    """

    def __init__(self, count: int = 0, *, strict: bool = True, clock: Any = None) -> None:
        self.records = {number: {"id": number, "title": f"Deal {number}"} for number in range(1, count + 1)}
        self.strict = strict
        self.clock = clock
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.urls: list[str] = []
        self.writes: list[tuple[str, dict[str, Any]]] = []
        self.calls: deque[str] = deque()
        self.faults: deque[Any] = deque()
        self.sub_errors: dict[str, deque[Any]] = {}
        self.answers: dict[str, Callable[[dict[str, Any]], Any]] = {}

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._serve)

    def _serve(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content or b"{}")
        method = request.url.path.rsplit("/", 1)[-1]
        self.requests.append((method, body))
        self.urls.append(str(request.url))

        def execute() -> httpx.Response:
            status, answer = self._answer(method, body)
            return httpx.Response(status, json=answer)

        fault = self.faults.popleft() if self.faults else None
        if isinstance(fault, Exception):
            raise fault
        return fault(request, execute) if fault is not None else execute()

    def _answer(self, method: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if method != "batch":
            return self._one(method, body)
        result: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for name, line in body["cmd"].items():
            sub, _, query = line.partition("?")
            status, answer = self._one(sub, parsed(query, result))
            if status != 200:
                errors[name] = {key: answer[key] for key in ("error", "error_description")}
                if body.get("halt"):
                    break
            else:
                result[name] = answer["result"]
        return 200, {"result": {"result": result or [], "result_error": errors or [], "result_total": [],
                                "result_next": [], "result_time": []}, "time": {}}  # fmt: skip

    def _one(self, method: str, params: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.calls.append(method)
        queued = self.sub_errors.get(method)
        if queued:
            failure = queued.popleft()
            if failure is not None:
                status, code, text = failure
                return status, {"error": code, "error_description": text}
        if method in self.answers:
            return 200, {"result": self.answers[method](params)}
        if method == "crm.item.list":
            return self._list(params, "id", container="items")
        if method == "crm.deal.list":
            return self._list(params, "ID", container="")
        if method in {"crm.item.update", "crm.item.add", "crm.item.delete"}:
            self.writes.append((method, params))
            return 200, {"result": {"item": {"id": int(params.get("id", 0))}}}
        if method == "crm.item.get":
            record = self.records.get(int(params["id"]))
            if record is None:
                return 400, {"error": "NOT_FOUND", "error_description": "Element not found"}
            return 200, {"result": {"item": record}}
        if method == "profile":
            return 200, {"result": {"ID": "7", "ADMIN": True}, "time": {}}
        return 404, {"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"}

    def _list(self, params: dict[str, Any], key: str, container: str) -> tuple[int, dict[str, Any]]:
        above = params.get("filter", {}).get(f">{key}", 0)
        if not re.fullmatch(r"\d+", str(above)):
            if self.strict:
                return 400, {
                    "error": "INVALID_ARG_VALUE",
                    "error_description": f"Invalid filter: field '{key}' has invalid value",
                }
            above = 0
        ids = sorted(number for number in self.records if number > int(above))[:50]
        rows = [{**self.records[number], key: number} for number in ids]
        return 200, {"result": {container: rows} if container else rows, "total": 0}


def parsed(query: str, results: dict[str, Any]) -> dict[str, Any]:
    params: dict[str, Any] = {}
    for path, value in parse_qsl(query, keep_blank_values=True):
        first, *rest = re.findall(r"[^\[\]]+", path)
        target: dict[str, Any] = params
        for part, following in zip([first, *rest], rest, strict=False):
            target = target.setdefault(part, {})
            del following
        target[[first, *rest][-1]] = _filled(value, results)
    return params


def _filled(value: str, results: dict[str, Any]) -> Any:
    match = re.fullmatch(r"\$result((?:\[[^\]]+\])+)", value)
    if match is None:
        return value
    found: Any = results
    for part in re.findall(r"\[([^\]]+)\]", match[1]):
        try:
            found = found[int(part)] if isinstance(found, list) else found[part]
        except (KeyError, IndexError, ValueError):
            return value  # passed on as text
    return found
