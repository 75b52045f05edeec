"""A portal in a process of its own: made as ordered, filled, served, and under control.

host(order, ready)   everything `b24kit sandbox start` does
"""

from __future__ import annotations

import logging
import math
import os
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from ..doors.http import DoorError, Server, run
from ..faults import KINDS
from ..limits import PLANS
from ..portal import Sandbox
from ..registry import all_methods
from ..seeds import SEEDS
from ..seeds.factory import new_portal
from ..state.restoring import SnapshotFormatError, load_snapshot
from ..state.states import reset
from ..subjects.robots import RobotRuleError
from ..switches import SWITCHES
from ..wire.errors import RestError
from ..wire.request import Address
from .cards import Card
from .control import Control

__all__ = ["Order", "OrderError", "host"]

_log = logging.getLogger("toolkit.sandbox.running.hosting")

_FAULT_TYPES: dict[str, tuple[type, ...]] = {
    "kind": (str,),
    "method": (str,),
    "at": (int,),
    "times": (int,),
    "seconds": (int, float),
    "inside": (bool,),
}
_FILLED = "filled"  # the setting that says what the portal was filled with
_FILLING = "being filled"


class OrderError(ValueError):
    """A sandbox cannot be made as ordered; nothing is being served.

    Args:
        option: name of what was ordered.
        value: what was given; quoted in the message.
        problem: what is wrong with it, as the end of a sentence.
        remedy: what to do.
    """

    def __init__(self, option: str, value: object, problem: str, remedy: str) -> None:
        self.option, self.value, self.problem, self.remedy = option, value, problem, remedy
        super().__init__(f"{option}={value!r} {problem}. {remedy}")


@dataclass(frozen=True)
class Order:
    """How a sandbox should be.

    Args:
        seed: `empty`, or a name in `seeds.SEEDS`.
        scale, number: size and number of the seed.
        from_snapshot: a snapshot folder to load instead of a seed.
        data: folder that keeps state (`portal.sqlite`) and certificate; a portal found there is opened as it
            is. None keeps the state in memory.
        port, tls_port: 0 takes a free one; None opens no TLS door.
        limits: name in `limits.PLANS`.
        costs: operating seconds by method, replacing the defaults.
        faults: scripted faults, maps with the arguments of `faults.Fault`.
        robots: rules of side effects, see `robots`.
        switches: answers the documentation leaves open; values as they are, or as text.
        secret: of the webhook; made up without.
        cards: folder in which other processes look for running sandboxes; None leaves no card there.
    """

    seed: str = "empty"
    scale: float = 1.0
    number: int = 1
    from_snapshot: Path | None = None
    data: Path | None = None
    port: int = 0
    tls_port: int | None = None
    limits: str = "off"
    costs: Mapping[str, float] = field(default_factory=dict)
    faults: Sequence[Mapping[str, Any]] = ()
    robots: Sequence[Mapping[str, Any]] = ()
    switches: Mapping[str, Any] = field(default_factory=dict)
    secret: str | None = field(default=None, repr=False)
    cards: Path | None = None

    def checked(self) -> Order:
        """The same order, its switches with values of their own types.

        Raises:
            OrderError: something in it does not exist or makes no sense.
        """
        if self.limits not in PLANS:
            raise OrderError("limits", self.limits, "are no plan's", f"Known: {', '.join(PLANS)}.")
        if self.seed != "empty" and self.seed not in SEEDS:
            known = ", ".join(["empty", *SEEDS])
            raise OrderError("seed", self.seed, "is not a seed", f"Known: {known}.")
        if self.seed != "empty" and self.from_snapshot is not None:
            raise OrderError("seed", self.seed, "cannot be planted beside a snapshot", "Give one of them.")
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise OrderError(
                "scale", self.scale, "is not a size", "Give a number above 0; 1 is the seed's own."
            )
        for option, port in (("port", self.port), ("tls_port", self.tls_port)):
            if port is not None and not 0 <= port <= 65_535:
                raise OrderError(option, port, "is not a port", "Give 0 to 65535; 0 takes a free one.")
        for method, seconds in self.costs.items():
            if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
                raise OrderError("costs", seconds, f"is not the seconds {method} costs", "Give a number.")
        for fault in self.faults:
            _check_fault(fault)
        for rule in self.robots:
            if not isinstance(rule, Mapping):
                raise OrderError("robots", rule, "is not a rule", "Give a list of maps.")
        all_methods()  # loads the families, which declare their switches
        switches = {name: _switch(name, value) for name, value in self.switches.items()}
        return Order(**{**vars(self), "switches": switches})


def host(order: Order, ready: Callable[[dict[str, str]], None]) -> None:
    """Make a portal, serve it until the process is told to stop, and keep its card meanwhile.

    Args:
        order: how it should be.
        ready: told how to reach it once it answers: `webhook`, `client_id`, `client_secret`, `auth_server`,
            `status_page`, `filled`; with a TLS door `webhook_tls`, and `ca_file` to trust. These are secrets
            that nothing else shows.

    Raises:
        OrderError: it cannot be made as ordered, or cannot listen where it should.
    """
    order = order.checked()
    with ExitStack() as held:
        file = held.enter_context(_state_in(order.data)) if order.data is not None else None
        found = file is not None and file.stat().st_size > 0
        portal = _made(order, file)
        held.callback(portal.close)
        filled = _filled(portal, order, found=found)
        administrator = _administrator(portal)
        secret = _admitted(portal, administrator, order.secret)
        client_id, client_secret = portal.access.add_app()
        ended = threading.Event()
        token = secrets.token_urlsafe(32)
        Control(portal, token, user_id=administrator, refill=lambda each: _fill(each, order), ended=ended)

        def opened(server: Server) -> None:
            card = _card(server, token, filled, order.data)
            if order.cards is not None:
                _show_card(card, order.cards)
                held.callback(card.withdraw, order.cards)
            path = f"/rest/{administrator}/{secret}/"
            facts = {"webhook": f"{server.url}{path}"}
            if server.tls_url and server.certificate is not None:
                facts["webhook_tls"] = f"{server.tls_url}{path}"
                facts["ca_file"] = str(server.certificate.authority)
            facts |= {"client_id": client_id, "client_secret": client_secret}
            facts |= {"auth_server": f"{server.url}/oauth/token/", "status_page": f"{server.url}/"}
            ready({**facts, "filled": filled})

        keeps = order.data or order.cards
        try:
            run(
                portal,
                order.port,
                order.tls_port,
                tls_folder=keeps.absolute() / "tls" if keeps else None,
                ready=opened,
                ended=ended,
            )
        except DoorError as error:
            option = "port" if error.port == order.port else "tls_port"
            raise OrderError(option, error.port, "cannot be listened on", str(error)) from error


@contextmanager
def _state_in(folder: Path) -> Iterator[Path]:
    """The state file in a folder that no other process uses meanwhile; both private to the user."""
    if folder.exists() and not folder.is_dir():
        raise OrderError("data", str(folder), "is not a folder", "Name a folder; it is made when absent.")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(folder / "portal.lock", timeout=0, mode=0o600):
            path = folder / "portal.sqlite"
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            yield path
    except Timeout as error:
        raise OrderError(
            "data", str(folder), "is in use by another sandbox", "Stop that one: b24kit sandbox stop"
        ) from error


def _made(order: Order, file: Path | None) -> Sandbox:
    try:
        return new_portal(
            data=file, limits=order.limits, costs=order.costs, switches=order.switches, robots=order.robots
        )
    except RobotRuleError as error:
        raise OrderError("robots", len(order.robots), f"cannot be used: {error}", "Mend the rule.") from error
    except sqlite3.DatabaseError as error:
        raise OrderError(
            "data", str(order.data), f"does not hold a sandbox: {error}", "Name another folder."
        ) from error


def _filled(portal: Sandbox, order: Order, *, found: bool) -> str:
    """What the portal is filled with; fills it unless it was there before."""
    row = portal.store.first("setting", NAME=_FILLED)
    if row is not None and row["VALUE"] == _FILLING:  # whoever filled it was interrupted
        reset(portal)
    elif found:
        portal.faults.load([dict(each) for each in order.faults])
        return str(row["VALUE"]) if row is not None else "as it was found"
    return _fill(portal, order)


def _fill(portal: Sandbox, order: Order) -> str:
    """Fill a portal as from the factory, and plan its faults."""
    mark = portal.store.insert("setting", {"NAME": _FILLED, "VALUE": _FILLING})
    if order.from_snapshot is not None:
        try:
            load_snapshot(portal, order.from_snapshot)
        except SnapshotFormatError as error:
            raise OrderError(
                "from_snapshot", str(order.from_snapshot), "cannot be loaded", str(error)
            ) from error
        filled = f"snapshot {order.from_snapshot}"
    elif order.seed == "empty":
        filled = "empty"
    else:
        SEEDS[order.seed](portal, order.scale, order.number)
        filled = f"seed {order.seed}, scale {order.scale:g}, number {order.number}"
    portal.store.update("setting", mark, {"VALUE": filled})
    portal.faults.clear()
    portal.faults.load([dict(each) for each in order.faults])
    return filled


def _administrator(portal: Sandbox) -> int:
    found = portal.store.value(
        "SELECT ID FROM user WHERE IS_ADMIN = 'Y' AND ACTIVE = 'Y' ORDER BY ID LIMIT 1"
    )
    return int(found or 1)


def _admitted(portal: Sandbox, user_id: int, secret: str | None) -> str:
    """The secret of a webhook of that user: the given one, made unless it is good already."""
    if secret is not None:
        try:
            portal.access.caller(Address("profile", str(user_id), secret), None, portal.clock.now())
        except RestError:
            pass
        else:
            return secret
    return portal.access.add_webhook(user_id, secret)


def _card(server: Server, token: str, filled: str, data: Path | None) -> Card:
    process = psutil.Process()
    port = int(server.url.rpartition(":")[2])
    kept = str(data.absolute()) if data is not None else ""
    return Card(process.pid, process.create_time(), port, server.url, server.tls_url, filled, kept, token)


def _show_card(card: Card, folder: Path) -> None:
    try:
        card.write(folder)
    except OSError as error:
        # A portal that answers is worth more than one that can be stopped from elsewhere.
        _log.warning("no card could be left in %s (%s); only its own process can stop it", folder, error)


def _check_fault(fault: Mapping[str, Any]) -> None:
    known = ", ".join(_FAULT_TYPES)
    if not isinstance(fault, Mapping) or not fault.keys() <= _FAULT_TYPES.keys():
        raise OrderError("faults", fault, "is not a fault", f"Give maps with {known}.")
    if fault.get("kind") not in KINDS:
        raise OrderError("faults", fault.get("kind"), "is not a kind of fault", f"Known: {', '.join(KINDS)}.")
    if fault["kind"] == "call":
        raise OrderError("faults", "call", "needs code to run", "Use it in tests; a file cannot hold code.")
    for name, value in fault.items():
        types = _FAULT_TYPES[name]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            wanted = " or ".join(each.__name__ for each in types)
            raise OrderError("faults", value, f"is not what {name} takes", f"It takes {wanted}.")


def _switch(name: str, value: Any) -> Any:
    """The answer to a switch in its own type, also when it was given as text."""
    if name not in SWITCHES:
        raise OrderError("switch", name, "does not exist", f"Known: {', '.join(sorted(SWITCHES))}.")
    choices = (SWITCHES[name].default, *SWITCHES[name].choices)
    for each in choices:
        if each == value or str(each).casefold() == str(value).casefold():
            return each
    known = ", ".join(str(each) for each in SWITCHES[name].choices)
    raise OrderError("switch", value, f"is not an answer to {name}", f"Known: {known}.")
