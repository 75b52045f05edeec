"""The portal itself: its state, and the life of one request.

A request is read (`wire`), meets the scripted faults, passes the gates (`gates`), is answered by its
method (`methods/`), is charged its cost (`limits`), and is noted in the log. The same `answer` serves
every door: HTTP, TLS and in-process.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .access import Access
from .call import Call, Caller, Page
from .clock import Clock, WallClock
from .faults import Fault, Faults
from .gates import GATES, METHOD_GATES, Exchange, resolve
from .limits import Limits, cost_of
from .registry import Method, all_methods
from .state.fields import KINDS, Kind
from .state.records import Change, Records
from .state.schema import Schema
from .state.store import Store, declare_table
from .subjects.events import Events
from .subjects.outbox import Delivery, Outbox, send
from .subjects.robots import Robots
from .switches import Switches
from .wire import php, v3
from .wire.errors import RestError
from .wire.request import MAX_BODY, WireAnswer, WireRequest, read_address, read_command, read_params
from .wire.values import Zone

__all__ = ["Noted", "Sandbox"]

BATCH_MAX = 50
PAGES: dict[str, Callable[[Sandbox, WireRequest], WireAnswer]] = {}
"""Answers to what is not REST, by path prefix; a method family adds its own at import."""
FAMILY_LISTENERS: list[Callable[[Sandbox, Change], None]] = []
"""Method families that hear of every changed record; a family adds its own at import."""
CUT_S = 60.0  # the cloud cuts a request after a minute; what was executed stays executed

declare_table("setting", "NAME", "VALUE", indexes=[("NAME",)])


@dataclass(frozen=True)
class Noted:
    """One line of the request log.

    Args:
        at: unix seconds.
        methods: the method, or the commands of a batch, lower case.
        status: HTTP status answered; 0 when the connection was closed instead.
        error: error code, if the request as a whole failed.
        errors: error codes inside a batch, by command.
        cost_s: operating seconds charged.
        executed: methods whose bodies ran.
    """

    at: float
    methods: tuple[str, ...]
    status: int
    error: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    cost_s: float = 0.0
    executed: tuple[str, ...] = ()


@dataclass
class _Work:
    """What one request did so far."""

    executed: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    cost_s: float = 0.0
    stop_after: int | None = None


class Sandbox:
    """A Bitrix24 portal that lives on this machine.

    Args:
        data: SQLite file that holds its state; None keeps it in memory.
        clock: its time; real time unless given.
        limits: `off`, `cloud`, `enterprise` or `box`.
        costs: operating seconds by method, replacing the defaults.
        switches: answers to the questions the docs leave open.
        zone_hours: the server's offset from UTC.
        currency: default currency.
        allow_http: take plain HTTP (the doors listen on loopback only).
        refuse_unbuilt: answer methods that exist only on real portals with SANDBOX_NOT_BUILT.
        features: plan features that are off (`merge`, `rest`, ...).
        moved_to: `https://new.address` after the portal was renamed: every other host is answered 302.
        log_size: requests remembered.
        robots: rules of side effects, see `robots.Robots`.
    """

    def __init__(
        self,
        data: Path | None = None,
        *,
        clock: Clock | None = None,
        limits: str = "off",
        costs: Mapping[str, float] | None = None,
        switches: Mapping[str, Any] | None = None,
        zone_hours: float = 3.0,
        currency: str = "RUB",
        allow_http: bool = True,
        refuse_unbuilt: bool = True,
        features: Mapping[str, bool] | None = None,
        moved_to: str = "",
        log_size: int = 100_000,
        robots: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        all_methods()  # loads the families, which declare their tables
        self.clock: Clock = clock or WallClock()
        self.store = Store(data)
        self.schema = Schema(self.store)
        self.records = Records(self)
        self.access = Access(self)
        self.limits = Limits(limits, costs)
        self.faults = Faults()
        self.switches = Switches(switches)
        self.zone = Zone(zone_hours)
        self.currency = currency
        self.allow_http = allow_http
        self.refuse_unbuilt = refuse_unbuilt
        self.features = dict(features or {})
        self.moved_to = moved_to.rstrip("/")
        self.log: deque[Noted] = deque(maxlen=log_size)
        self.missing: dict[str, int] = {}
        self.ignored_filters: dict[str, int] = {}
        self.listeners: list[Callable[[Change], None]] = []
        self.event_listeners: list[Callable[[str, dict[str, Any], str], None]] = []
        self.robots = Robots(self, robots)
        self.events = Events(self)
        self.outbox = Outbox(self)
        self.acting: Call | None = None
        self.link_key = secrets.token_bytes(32)  # signs links to files; links die with the process
        self.pages: dict[str, Callable[[Sandbox, WireRequest], WireAnswer]] = dict(PAGES)
        self.host = "sandbox.local"
        self.base_url = f"https://{self.host}"
        self._lock = threading.RLock()
        self._stages: dict[tuple[int, int], list[dict[str, Any]]] = {}
        for kind in KINDS:
            self.schema.kind(kind)

    # -- doors -----------------------------------------------------------------------------------

    def serve(self, request: WireRequest) -> WireAnswer:
        """Answer anything that comes through a door: REST, the token endpoint, or a page.

        Pages (files behind signed links, the status page, the token endpoint) are registered in `pages`
        by the prefix of their path.
        """
        for prefix, page in self.pages.items():
            if request.path == prefix or (prefix != "/" and request.path.startswith(prefix)):
                with self._lock:
                    return page(self, request)
        if self.moved_to and request.headers.get("host") != self.moved_to.partition("://")[2]:
            return self._moved(request)
        return self.answer(request)

    def _moved(self, request: WireRequest) -> WireAnswer:
        """A renamed portal sends callers of its old address to the new one, whatever the verb.

        Source: settings/how-to-call-rest-api/change-domen.md, read 2026-11-22.
        """
        query = f"?{request.query}" if request.query else ""
        answer = WireAnswer(302, b"", {"Location": f"{self.moved_to}{request.path}{query}"})
        address = read_address(request.path)
        self._note(self.clock.now(), [address.method if address else ""], answer, "", _Work())
        return answer

    def answer(self, request: WireRequest) -> WireAnswer:
        """Answer one request; never raises for what the request holds.

        Every door calls this. One request at a time touches the state.
        """
        with self._lock:
            return self._answer(request)

    def _answer(self, request: WireRequest) -> WireAnswer:
        began = self.clock.now()
        address = read_address(request.path)
        if address is None or not address.method:
            return self._error(RestError("ERROR_METHOD_NOT_FOUND", "Method not found!", 404), began)
        exchange = Exchange(self, request, address)
        work = _Work()
        error: RestError | None = None
        methods: list[str] = [address.method]
        answer: WireAnswer
        struck: list[Fault] = []
        try:
            if len(request.body) > MAX_BODY:
                raise RestError("INTERNAL_SERVER_ERROR", "Request body is too large", 413)
            exchange.params = v3.read_body(request) if address.version == 3 else read_params(request)
            if address.method == "batch":
                methods += _commands(exchange.params, address.version)
            struck = self.faults.due(methods)
            early = self._before(struck, began)
            if early is not None:
                self._note(began, methods, early, "", work)
                return early
            for fault in struck:
                if fault.kind == "partial":
                    work.stop_after = int(fault.seconds)
            for gate in GATES:
                gate(exchange)
            answer = self._run(exchange, work, began)
        except RestError as failed:
            error = failed
            answer = self._error(failed, began, version=address.version)
        answer = self._after(struck, answer, work)
        self._note(began, methods, answer, str(error.code) if error else "", work)
        return answer

    def _run(self, exchange: Exchange, work: _Work, began: float) -> WireAnswer:
        method = exchange.method
        if method is None:
            raise RestError("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)
        caller = exchange.acting
        name = method.name.lower()
        call = Call(self, method, exchange.params, caller, dict(exchange.request.headers))
        if exchange.address.version == 3:
            return v3.answer(
                call,
                lambda each: self._execute(each, work),
                lambda: self._time(began, caller.key, name),
            )
        if name == "batch":
            result: Any = self._batch(call, work)
            if self.switches["batch_charges"] == "batch":
                self.limits.operating.charge(caller.key, "batch", began, work.cost_s)
            envelope: dict[str, Any] = {"result": result}
        else:
            reply = self._execute(call, work)
            envelope = _enveloped(reply)
        envelope["time"] = self._time(began, caller.key, name)
        answer = WireAnswer(200, php.to_json(envelope))
        answer.headers.update(call.reply_headers)
        return answer

    def _execute(self, call: Call, work: _Work) -> Any:
        """Run one method in a savepoint, and charge its cost whatever came of it."""
        name = call.method.name.lower()
        began = self.clock.now()
        cost = cost_of(name, self.limits.costs)
        db = self.store.db
        db.execute("SAVEPOINT one_call")
        before, self.acting = self.acting, call
        try:
            result = call.method.body(call)
        except RestError:
            db.execute("ROLLBACK TO one_call")
            raise
        except (
            ValueError,
            TypeError,
            KeyError,
            ArithmeticError,
            AttributeError,
            IndexError,
            RecursionError,
            sqlite3.Error,
        ) as broken:
            # A request no page describes broke the method: the portal answers 500, it does not die.
            db.execute("ROLLBACK TO one_call")
            self.missing[f"{name}: {type(broken).__name__}: {broken}"] = (
                self.missing.get(f"{name}: {type(broken).__name__}: {broken}", 0) + 1
            )
            raise RestError("INTERNAL_SERVER_ERROR", "Internal server error", 500) from broken
        finally:
            self.acting = before
            db.execute("RELEASE one_call")
            self.clock.spend(cost)
            work.cost_s += cost
            work.executed.append(name)
            if self.switches["batch_charges"] == "sub_methods" or name == "batch":
                self.limits.operating.charge(call.caller.key, name, began, cost)
        return result

    def _batch(self, call: Call, work: _Work) -> dict[str, Any]:
        """Run the commands of a batch one after another.

        Source: settings/how-to-call-rest-api/batch.md, read 2026-11-22.
        """
        commands = php.items(call.get("cmd"))
        halt = str(call.get("halt", 0)).strip().upper() in ("1", "TRUE", "Y")
        result: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        totals: dict[str, int] = {}
        nexts: dict[str, int] = {}
        times: dict[str, Any] = {}
        for index, (name, command) in enumerate(commands):
            if work.stop_after is not None and index >= work.stop_after:
                break
            began = self.clock.now()
            try:
                if index >= BATCH_MAX:
                    raise RestError("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
                sub_name, params = read_command(str(command))
                reply = self._command(
                    sub_name, _resolved(params, result, self.switches["broken_reference"]), call, work
                )
            except RestError as failed:
                errors[name] = failed.envelope()
                work.errors[name] = str(failed.code)
                if halt:
                    break
                continue
            page = _enveloped(reply)
            result[name] = page["result"]
            if "total" in page:
                totals[name] = page["total"]
            if "next" in page:
                nexts[name] = page["next"]
            times[name] = self._time(began, call.caller.key, sub_name)
        return {
            "result": result,
            "result_error": errors,
            "result_total": totals,
            "result_next": nexts,
            "result_time": times,
        }

    def admitted(self, name: str, caller: Caller, *, version: int = 2) -> Method:
        """The method of a command inside a batch, when it passes the gates such commands pass again.

        Raises:
            RestError: there is no such method, it is not for batches, or a gate refuses it.
        """
        method = resolve(self, name, version)
        if name == "batch" or not method.in_batch:
            raise RestError("ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage", 405)
        for fault in self.faults.due([name], inside=True):
            if fault.kind == "call" and fault.action:
                fault.action()
            elif fault.kind == "operating":
                raise RestError("OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 429)
            elif fault.kind == "server_error":
                raise RestError("INTERNAL_SERVER_ERROR", "Internal server error", 500)
            elif fault.kind == "rate":
                raise RestError("QUERY_LIMIT_EXCEEDED", "Too many requests", 503)
        for gate in METHOD_GATES:
            gate(self, caller, method)
        return method

    def _command(self, name: str, params: dict[str, Any], outer: Call, work: _Work) -> Any:
        method = self.admitted(name, outer.caller)
        params.pop("auth", None)
        return self._execute(Call(self, method, params, outer.caller, outer.headers), work)

    # -- faults ----------------------------------------------------------------------------------

    def _before(self, struck: list[Fault], began: float) -> WireAnswer | None:
        for fault in struck:
            if fault.kind == "call" and fault.action:
                fault.action()
            elif fault.kind == "cut_before":
                return WireAnswer(0, b"", drop=True)
            elif fault.kind == "rate":
                return self._error(RestError("QUERY_LIMIT_EXCEEDED", "Too many requests", 503), began)
            elif fault.kind == "deleted":
                status = self.switches["portal_deleted_status"]
                return self._error(RestError("PORTAL_DELETED", "Portal was deleted", status), began)
            elif fault.kind == "overload":
                return self._error(
                    RestError("OVERLOAD_LIMIT", "REST API is blocked due to overload.", 503), began
                )
            elif fault.kind == "operating":
                return self._error(
                    RestError("OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 429),
                    began,
                )
            elif fault.kind == "server_error":
                return self._error(RestError("INTERNAL_SERVER_ERROR", "Internal server error", 500), began)
            elif fault.kind == "html":
                return _html(200, "Портал временно недоступен")
        return None

    def _after(self, struck: list[Fault], answer: WireAnswer, work: _Work) -> WireAnswer:
        for fault in struck:
            if fault.kind in ("lose_answer", "partial"):
                return WireAnswer(0, b"", drop=True)
            if fault.kind == "server_error_after":
                return self._error(
                    RestError("INTERNAL_SERVER_ERROR", "Internal server error", 500), self.clock.now()
                )
            if fault.kind == "html_after":
                return _html(502, "502 Bad Gateway")
            if fault.kind == "truncated":
                answer.truncate = max(1, len(answer.body) // 2)
            if fault.kind in ("slow", "timeout"):
                answer.delay_s = fault.seconds or 61.0
                self.clock.spend(answer.delay_s)
                if fault.kind == "timeout":
                    answer.drop = True
        if self.limits.plan.bucket and work.cost_s > CUT_S:
            return WireAnswer(0, b"", drop=True)
        return answer

    # -- small parts of an answer ----------------------------------------------------------------

    def _time(self, began: float, key: str, method: str) -> dict[str, Any]:
        now = self.clock.now()
        charged = "batch" if self.switches["batch_charges"] == "batch" else method
        spent: dict[str, Any] = {
            "start": began,
            "finish": now,
            "duration": now - began,
            "processing": now - began,
            "date_start": self.zone.moment(began),
            "date_finish": self.zone.moment(now),
        }
        if method != "batch" or charged == method:
            spent["operating_reset_at"] = self.limits.operating.reset_at(key, charged, now)
            spent["operating"] = self.limits.operating.used(key, charged, now)
        return spent

    def _error(self, error: RestError, began: float, *, version: int = 2) -> WireAnswer:
        if version == 3:
            status, body = v3.envelope(error, self.switches[v3.NO_METHOD_STATUS])
            return WireAnswer(status, php.to_json(body))
        return WireAnswer(error.status, php.to_json(error.envelope()))

    def _note(self, at: float, methods: list[str], answer: WireAnswer, error: str, work: _Work) -> None:
        status = 0 if answer.drop else answer.status
        self.log.append(
            Noted(at, tuple(methods), status, error, dict(work.errors), work.cost_s, tuple(work.executed))
        )

    def note_missing(self, name: str) -> None:
        """Remember that a method was asked for which is not built."""
        self.missing[name] = self.missing.get(name, 0) + 1

    def note_ignored(self, method: str, name: str) -> None:
        """Remember that a legacy filter key was ignored, as the portal does silently."""
        key = f"{method} {name}"
        self.ignored_filters[key] = self.ignored_filters.get(key, 0) + 1

    # -- what method families ask ----------------------------------------------------------------

    def plan_allows(self, feature: str) -> bool:
        """Whether the portal's plan includes a feature; everything is included unless switched off."""
        return self.features.get(feature, True)

    def tell(self, change: Change) -> None:
        """Spread the news of a changed record: other families, events, and last the robots listen."""
        for family in FAMILY_LISTENERS:
            family(self, change)
        for listener in self.listeners:
            listener(change)
        self.events.hear(change)
        self.robots.hear(change)

    def emit(self, event: str, fields: dict[str, Any], key: str = "") -> None:
        """Announce a portal event, `ONCRMACTIVITYADD` with its `data`; handlers and queues hear of it."""
        self.events.occur(event, fields, self.acting.user_id if self.acting else None)
        for listener in self.event_listeners:
            listener(event, fields, key)

    def deliver(self) -> list[Delivery]:
        """Call the online event handlers that wait to be called, once each, and say how it went.

        The calls are made without holding the portal, so that a handler may call back.
        """
        with self._lock:
            taken = self.outbox.take()
        return [send(row, form) for row, form in taken]

    def default_category(self, entity_type_id: int) -> int:
        """Id of the default pipeline of a type: 0 for deals."""
        found = self.store.value(
            "SELECT CATEGORY_ID FROM category WHERE ENTITY_TYPE_ID = ? AND IS_DEFAULT = 'Y' LIMIT 1",
            [entity_type_id],
        )
        return int(found or 0)

    def stage_entity(self, kind: Kind, category: int) -> str:
        """The dictionary that holds the stages of a pipeline: DEAL_STAGE, DEAL_STAGE_3, DYNAMIC_177_STAGE_9, ..."""
        if kind.entity_type_id == 1:
            return "STATUS"
        if kind.entity_type_id == 2:
            return f"DEAL_STAGE_{category}" if category else "DEAL_STAGE"
        if kind.entity_type_id == 7:
            return "QUOTE_STATUS"
        return f"{kind.name}_STAGE_{category}"

    def stages(self, kind: Kind, category: int) -> list[dict[str, Any]]:
        """Stages of a pipeline in order, rows of `status`."""
        key = (kind.entity_type_id, category)
        if key not in self._stages:
            rows = self.store.rows(
                "SELECT * FROM status WHERE ENTITY_ID = ? ORDER BY SORT, ID",
                [self.stage_entity(kind, category)],
            )
            self._stages[key] = [dict(row) for row in rows]
        return self._stages[key]

    def forget_stages(self) -> None:
        """A dictionary or pipeline changed: read stages afresh."""
        self._stages.clear()

    def system_caller(self, user_id: int = 1) -> Caller:
        """A caller for what the portal does by itself, or a person does in the interface."""
        user = self.store.get("user", user_id) or {"ID": user_id, "IS_ADMIN": "Y"}
        return Caller({**user, "IS_ADMIN": "Y"}, frozenset(), "interface", f"user:{user_id}")

    def close(self) -> None:
        """Close the state file."""
        self.store.close()


def _commands(params: dict[str, Any], version: int) -> list[str]:
    """The methods a batch names."""
    if version == 2:
        return [read_command(str(each))[0] for _, each in php.items(params.get("cmd"))]
    return [str(each.get("method", "")).lower() for each in params.values() if isinstance(each, dict)]


def _enveloped(reply: Any) -> dict[str, Any]:
    if not isinstance(reply, Page):
        return {"result": reply}
    envelope: dict[str, Any] = {"result": reply.result}
    if reply.next is not None:
        envelope["next"] = reply.next
    if reply.total is not None:
        envelope["total"] = reply.total
    return envelope


def _html(status: int, words: str) -> WireAnswer:
    page = f"<!DOCTYPE html><html><head><title>{words}</title></head><body><h1>{words}</h1></body></html>"
    return WireAnswer(status, page.encode(), {"Content-Type": "text/html; charset=utf-8"})


def _resolved(value: Any, results: dict[str, Any], broken: str) -> Any:
    """Substitute `$result[name][key]...` in a command's parameters, after decoding.

    A reference that leads nowhere stays as the text it is (switch `broken_reference`).
    """
    if isinstance(value, dict):
        return {key: _resolved(each, results, broken) for key, each in value.items()}
    if isinstance(value, list):
        return [_resolved(each, results, broken) for each in value]
    if not isinstance(value, str) or "$result[" not in value:
        return value
    head, _, rest = value.partition("$result[")
    path, keys = "$result[" + rest, []
    end = len("$result")
    while end < len(path) and path[end] == "[":
        close = path.find("]", end)
        if close < 0:
            break
        keys.append(path[end + 1 : close])
        end = close + 1
    tail = path[end:]
    found: Any = results
    for key in keys:
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdigit() and int(key) < len(found):
            found = found[int(key)]
        else:
            return value if broken == "text" else head + tail
    if not head and not tail:
        return found
    return f"{head}{found}{tail}" if not isinstance(found, dict | list) else value
