"""Telling a running portal to stop, begin again, keep or take over a state, or show its log.

The control address, `/sandbox/control/<verb>`, is no part of a real portal. It is answered only where a portal
was put under control, only to this machine, and only to who holds the token of its card (`cards.py`). Its
requests are not in the log, and no limit counts them.
"""

from __future__ import annotations

import hmac
import sqlite3
import threading
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from ..limits import Limits, cost_of
from ..portal import Noted, Sandbox
from ..state.states import StateError, load_state, reset, save_state
from ..wire.errors import RestError
from ..wire.request import WireAnswer, WireRequest, read_json
from .cards import CONTROL_PATH, TOKEN_HEADER

__all__ = ["Control"]

LOOPBACK = ("127.0.0.1", "::1")
SHOWN = 50  # requests of the log shown unless more are asked for


class _Refused(Exception):
    """A verb cannot be carried out.

    Args:
        status: HTTP status.
        problem: why, as a sentence without its full stop.
        remedy: what to do next.
    """

    def __init__(self, status: int, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.status, self.problem, self.remedy = status, problem, remedy


class Control:
    """Takes a portal under control: from now on it answers its control address.

    Args:
        portal: the sandbox.
        token: what callers must send; keep it private.
        user_id: whose webhook was handed out.
        refill: fills a portal that is as from the factory, as it was filled at the start.
        ended: set when the portal is told to stop; whoever serves it waits for that.
    """

    def __init__(
        self,
        portal: Sandbox,
        token: str,
        *,
        user_id: int = 1,
        refill: Callable[[Sandbox], object],
        ended: threading.Event,
    ) -> None:
        self._token, self._user_id = token.encode(), user_id
        self._refill, self._ended = refill, ended
        # First of all pages: a page at `/` must not swallow it.
        portal.pages.pop(CONTROL_PATH, None)
        portal.pages = {CONTROL_PATH: self._answer, **portal.pages}

    def _answer(self, portal: Sandbox, request: WireRequest) -> WireAnswer:
        try:
            given = request.headers.get(TOKEN_HEADER.lower(), "").encode("utf-8", "replace")
            if request.source not in LOOPBACK or not hmac.compare_digest(given, self._token):
                raise _Refused(403, "this is not for you")
            verb = request.path.removeprefix(CONTROL_PATH)
            act = _VERBS.get(verb)
            if act is None or request.verb != "POST":
                raise _Refused(404, f"there is no verb {verb!r}", f"Known: {', '.join(sorted(_VERBS))}.")
            said = act(self, portal, read_json(request.body) if request.body else {})
        except _Refused as refused:
            return _sent(refused.status, {"problem": refused.problem, "remedy": refused.remedy})
        except RestError as failed:
            return _sent(400, {"problem": failed.description, "remedy": ""})
        except (StateError, OSError, sqlite3.Error) as failed:
            return _sent(409, {"problem": str(failed).rstrip("."), "remedy": "Nothing was changed."})
        return _sent(200, said)

    # -- verbs -----------------------------------------------------------------------------------

    def _show(self, portal: Sandbox, _params: dict[str, Any]) -> dict[str, Any]:
        """What the portal holds and has answered."""
        tables = portal.store.rows(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'crm\\_%' ESCAPE '\\'"
        )
        return {
            "limits": portal.limits.plan_name,
            "switches": portal.switches.changed(),
            "requests": len(portal.log),
            "records": {
                name: portal.store.value(f'SELECT COUNT(*) FROM "{name}"')
                for name in sorted(row["name"] for row in tables)
            },
        }

    def _stop(self, _portal: Sandbox, _params: dict[str, Any]) -> dict[str, Any]:
        """End the process that serves the portal, once this is answered."""
        self._ended.set()
        return {"stopping": True}

    def _reset(self, portal: Sandbox, _params: dict[str, Any]) -> dict[str, Any]:
        """Begin again: the state, limits and log of the start. Webhooks and applications stay good."""
        reset(portal)
        try:
            self._refill(portal)
        except ValueError as error:  # its snapshot is gone, for one
            raise _Refused(409, f"the portal is empty now: {error}", "Load a saved state.") from error
        portal.limits = Limits(portal.limits.plan_name, portal.limits.costs)
        portal.log.clear()
        portal.missing.clear()
        portal.ignored_filters.clear()
        portal.robots.fired.clear()
        return self._webhook(portal)

    def _save(self, portal: Sandbox, params: dict[str, Any]) -> dict[str, Any]:
        """Write the whole state into a file."""
        path = _path(portal, params)
        save_state(portal, path)
        return {"path": str(path), "bytes": path.stat().st_size}

    def _load(self, portal: Sandbox, params: dict[str, Any]) -> dict[str, Any]:
        """Put a saved state in place; webhooks, applications and tokens of now stay good beside its own."""
        path = _path(portal, params)
        kept = {table: portal.store.find(table) for table in ("webhook", "app", "token")}
        load_state(portal, path)
        _readmit(portal, kept)
        return self._webhook(portal)

    def _log(self, portal: Sandbox, params: dict[str, Any]) -> dict[str, Any]:
        """The last requests, and what all remembered ones cost by method."""
        try:
            last = max(0, int(params.get("last", SHOWN)))
        except (TypeError, ValueError):
            raise _Refused(400, "the number of requests to show is not a number") from None
        skipped = max(0, len(portal.log) - last)
        calls: dict[str, int] = {}
        for noted in portal.log:
            for name in noted.executed:
                calls[name] = calls.get(name, 0) + 1
        return {
            "requests": [_line(portal, each) for each in islice(portal.log, skipped, None)],
            "methods": [
                {
                    "method": name,
                    "calls": count,
                    "cost_s": round(count * cost_of(name, portal.limits.costs), 3),
                }
                for name, count in sorted(calls.items())
            ],
            "missing": dict(portal.missing),
            "ignored_filters": dict(portal.ignored_filters),
        }

    def _webhook(self, portal: Sandbox) -> dict[str, Any]:
        """Whether the webhook handed out still has its user."""
        user = portal.store.get("user", self._user_id)
        return {"user": self._user_id, "webhook_good": user is not None and user["ACTIVE"] == "Y"}


_VERBS: dict[str, Callable[[Control, Sandbox, dict[str, Any]], dict[str, Any]]] = {
    "load": Control._load,
    "log": Control._log,
    "reset": Control._reset,
    "save": Control._save,
    "show": Control._show,
    "stop": Control._stop,
}


def _line(portal: Sandbox, noted: Noted) -> dict[str, Any]:
    return {
        "at": portal.zone.moment(noted.at),
        "status": noted.status,
        "methods": list(noted.methods),
        "error": noted.error,
        "errors": dict(noted.errors),
        "executed": len(noted.executed),
        "cost_s": round(noted.cost_s, 3),
    }


def _path(portal: Sandbox, params: dict[str, Any]) -> Path:
    given = params.get("path")
    if not isinstance(given, str) or "\0" in given or not Path(given).is_absolute():
        raise _Refused(400, f"{given!r} is not an absolute path of a file")
    path = Path(given)
    if path.is_dir():
        raise _Refused(409, f"{path} is a folder", "Name a file.")
    own = portal.store.path
    if own is not None and path.exists() and path.samefile(own):
        raise _Refused(409, f"{path} is the file this sandbox works on", "Name another file.")
    return path


def _readmit(portal: Sandbox, kept: dict[str, list[dict[str, Any]]]) -> None:
    """Let those who could call before call again, beside those the loaded state lets in."""
    store = portal.store
    for row in kept["webhook"]:
        if store.first("webhook", USER_ID=row["USER_ID"], SECRET_HASH=row["SECRET_HASH"]) is None:
            store.insert("webhook", _anew(row))
    apps = {}
    for row in kept["app"]:
        there = store.first("app", CLIENT_ID=row["CLIENT_ID"])
        apps[row["ID"]] = there["ID"] if there else store.insert("app", _anew(row))
    for row in kept["token"]:
        if row["APP_ID"] in apps and store.first("token", HASH=row["HASH"]) is None:
            store.insert("token", {**_anew(row), "APP_ID": apps[row["APP_ID"]]})


def _anew(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "ID"}


def _sent(status: int, facts: dict[str, Any]) -> WireAnswer:
    return WireAnswer(status, orjson.dumps(facts))
