"""A portal made of dictionaries: enough of one to take a snapshot of, and to let it fail on purpose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toolkit.client import Command, Outcome
from toolkit.errors import Rejected

CONTACT_FIELDS: dict[str, dict[str, Any]] = {
    name: {"type": kind, "isMultiple": multiple, "isDynamic": name.startswith("ufCrm"), "title": name}
    for name, kind, multiple in [
        ("id", "integer", False),
        ("name", "string", False),
        ("assignedById", "user", False),
        ("companyId", "crm_company", False),
        ("companyIds", "crm_company", True),
        ("birthdate", "date", False),
        ("updatedTime", "datetime", False),
        ("opened", "boolean", False),
        ("ufCrm_1", "money", False),
        ("ufCrm_2", "enumeration", True),
    ]
}


def contact(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"Клиент {number}",
        "assignedById": 7,
        "companyId": 0,
        "companyIds": [],
        "birthdate": "2000-01-01T02:00:00+02:00",
        "updatedTime": "2026-03-01T12:00:00+03:00",
        "opened": "Y",
        "fm": [{"id": number * 10, "typeId": "PHONE", "valueType": "WORK", "value": f"+7900{number:07}"}],
        "ufCrm_1": "300|RUB",
        "ufCrm_2": [1, 2],
    } | changed


class StillClock:
    def now(self) -> float:
        return 1_790_000_000.0


class FakePortal:
    """Holds records by (method, entityTypeId) and answers the way the client's portal does."""

    host = "acme.bitrix24.ru"

    def __init__(self, records: Mapping[str, list[dict[str, Any]]], *, admin: bool = True) -> None:
        self.records, self.admin = records, admin
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.refuses: set[str] = set()
        self.ignores_filters = False
        self.fail_after_pages: int | None = None
        self.error: BaseException = RuntimeError("the portal went away")

    def send(self, commands: Sequence[Command]) -> list[Outcome]:
        return [self._outcome(command) for command in commands]

    def error_of(self, method: str, outcome: Outcome) -> Exception:
        return Rejected(self.host, method, outcome.code, outcome.message)

    def _outcome(self, command: Command) -> Outcome:
        self.asked.append((command.method, dict(command.params)))
        if command.method in self.refuses:
            return Outcome("rejected", code="ACCESS_DENIED", message="no")
        match command.method:
            case "profile":
                name = {"NAME": "Анна", "LAST_NAME": "Котова"}
                return Outcome("done", {"ID": "5", "ADMIN": self.admin, **name})
            case "server.time":
                return Outcome("done", "2026-09-21T17:13:20+03:00")
            case "crm.item.fields":
                return Outcome("done", {"fields": CONTACT_FIELDS})
            case "crm.item.list":
                ids = command.params["filter"]["@id"]
                rows = [
                    row for row in self.records[command.method] if row["id"] in ids or self.ignores_filters
                ]
                return Outcome("done", {"items": rows} if rows else [])
        return Outcome("rejected", code="ERROR_METHOD_NOT_FOUND")

    def list(self, method: str, params: Mapping[str, Any] | None = None) -> Iterator[list[dict[str, Any]]]:
        self.asked.append((method, dict(params or {})))
        rows = self.records[method]
        select = (params or {}).get("select", ["*"])
        for number, start in enumerate(range(0, len(rows), 50)):
            if number == self.fail_after_pages:
                raise self.error
            page = rows[start : start + 50]
            yield [
                {name: value for name, value in row.items() if "*" in select or name in select}
                for row in page
            ]
