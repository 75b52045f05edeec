"""`telephony.externalLine.*`: the numbers an application's exchange answers.

Source: api-reference/telephony/telephony-external-line-*.md, read 2026-11-22.
"""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..registry import method
from ..wire.errors import RestError

_DOCS = "api-reference/telephony/telephony-external-line-"


def _app(call: Call) -> int:
    return int(call.caller.app["ID"]) if call.caller.app else 0


def _number(call: Call) -> str:
    number = str(call.get("NUMBER") or "").strip()
    if not number:
        raise RestError("ERROR_CORE", "NUMBER should not be empty")
    return number


def _line(call: Call) -> dict[str, Any]:
    number = _number(call)
    line = call.store.first("external_line", APP_ID=_app(call), NUMBER=number)
    if line is None:
        raise RestError("ERROR_CORE", f"Could not find line with number {number}")
    return line


def _flag(value: Any) -> str:
    return "N" if str(value).strip().upper() in ("N", "0", "FALSE") else "Y"


@method("telephony.externalLine.add", scope="telephony", docs=_DOCS + "add.md", app_only=True)
def add(call: Call) -> Any:
    """Add a line; it creates clients on outgoing calls unless told not to."""
    number = _number(call)
    if call.store.first("external_line", APP_ID=_app(call), NUMBER=number):
        raise RestError("ERROR_CORE", "Line already exists")
    return {
        "ID": call.store.insert(
            "external_line",
            {
                "APP_ID": _app(call),
                "NUMBER": number,
                "NAME": str(call.get("NAME") or ""),
                "CRM_AUTO_CREATE": _flag(call.get("CRM_AUTO_CREATE", "Y")),
            },
        )
    }


@method("telephony.externalLine.update", scope="telephony", docs=_DOCS + "update.md", app_only=True)
def update(call: Call) -> Any:
    """Change a line's name or habit."""
    _number(call)
    facts: dict[str, Any] = {}
    if call.get("NAME") is not None:
        facts["NAME"] = str(call.get("NAME"))
    if call.get("CRM_AUTO_CREATE") is not None:
        facts["CRM_AUTO_CREATE"] = _flag(call.get("CRM_AUTO_CREATE"))
    if not facts:
        raise RestError("ERROR_CORE", "There are no fields to update")
    line = _line(call)
    call.store.update("external_line", line["ID"], facts)
    return {"ID": str(line["ID"])}


@method("telephony.externalLine.get", scope="telephony", docs=_DOCS + "get.md", app_only=True)
def get(call: Call) -> Any:
    """The application's lines."""
    return [
        {"NUMBER": line["NUMBER"], "NAME": line["NAME"], "CRM_AUTO_CREATE": line["CRM_AUTO_CREATE"]}
        for line in call.store.find("external_line", APP_ID=_app(call))
    ]


@method("telephony.externalLine.delete", scope="telephony", docs=_DOCS + "delete.md", app_only=True)
def delete(call: Call) -> Any:
    """Remove a line."""
    call.store.delete("external_line", _line(call)["ID"])
    return []
