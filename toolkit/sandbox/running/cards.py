"""Running sandboxes as other processes of the same user find them.

A served sandbox leaves a card, `<port>.json`, in a folder they share: its process, its address, and the token
that its `/sandbox/control/` address asks for (see `control.py`). Cards are private to the user. A card whose
process has died is recognised and thrown away.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

__all__ = ["CONTROL_PATH", "TOKEN_HEADER", "Card", "CardError", "ask", "find", "running", "wait_for_end"]

CONTROL_PATH = "/sandbox/control/"
TOKEN_HEADER = "X-Sandbox-Control"  # noqa: S105  # the header's name, not a token
ANSWER_S = 900.0  # saving or filling a portal with millions of records takes minutes
_SAME_START_S = 5.0  # a start time read twice differs when the system's clock was corrected in between


class CardError(RuntimeError):
    """A running sandbox was not found, or did not do what it was told.

    Args:
        what: what happened, as a sentence without its full stop.
        remedy: what to do next.
    """

    def __init__(self, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(f"{what}. {remedy}")


@dataclass(frozen=True)
class Card:
    """What one running sandbox says about itself.

    Args:
        pid: its process.
        began: unix seconds at which that process was started; tells it from a later one with the same id.
        port: HTTP port; names the card.
        url: HTTP address without a path.
        tls_url: HTTPS address; empty when there is none.
        filled: what it was filled with.
        data: folder that keeps its state; empty when it lives in memory.
        token: what its control address asks for; never shown.
    """

    pid: int
    began: float
    port: int
    url: str
    tls_url: str
    filled: str
    data: str
    token: str = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Card | None:
        """The card in a file; None when it is gone or is not one."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, folder: Path) -> Path:
        """Put the card into a folder, readable by its owner only; replaces a dead one's.

        Raises:
            OSError: the folder cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"{self.port}.json"
        fresh = path.with_name(f"{path.name}.{self.pid}")
        fresh.unlink(missing_ok=True)
        # Created private before the token is in it.
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(self), file)
        fresh.replace(path)
        return path

    def withdraw(self, folder: Path) -> None:
        """Take the card back, unless another process has put its own in that place."""
        path = folder / f"{self.port}.json"
        if Card.read(path) == self:
            path.unlink(missing_ok=True)

    @property
    def alive(self) -> bool:
        """Whether the process still runs. One that ended and whose parent has not looked does not."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.began) <= _SAME_START_S
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


def running(folder: Path) -> list[Card]:
    """Sandboxes that run, by port. Cards of dead processes are removed on the way."""
    found = []
    for path in folder.glob("*.json"):
        card = Card.read(path)
        if card is None:
            continue
        if card.alive:
            found.append(card)
        else:
            card.withdraw(folder)
    return sorted(found, key=lambda each: each.port)


def find(folder: Path, port: int | None = None) -> Card:
    """The running sandbox at a port; without a port, the only one.

    Raises:
        CardError: there is none, or there are several to choose from.
    """
    cards = running(folder)
    fitting = [each for each in cards if port in (None, each.port)]
    if len(fitting) == 1:
        return fitting[0]
    ports = ", ".join(str(each.port) for each in cards)
    if not cards:
        raise CardError("No sandbox is running", "Start one with: b24kit sandbox start")
    if not fitting:
        raise CardError(f"No sandbox is running at port {port}", f"Ports of those that are: {ports}.")
    raise CardError("Several sandboxes are running", f"Say which with --port: {ports}.")


def ask(card: Card, verb: str, **params: Any) -> dict[str, Any]:
    """What a running sandbox answers to a verb of its control address.

    Raises:
        CardError: it refused, or did not answer.
    """
    try:
        # Its own door, and never a proxy's: the token must not leave this machine.
        answer = httpx.post(
            f"http://127.0.0.1:{card.port}{CONTROL_PATH}{verb}",
            json=params,
            headers={TOKEN_HEADER: card.token},
            timeout=ANSWER_S,
            trust_env=False,
        )
        said = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise CardError(
            f"The sandbox at port {card.port} did not answer {verb!r}: {error}",
            f"Look whether its process {card.pid} is well.",
        ) from error
    if answer.status_code == 200 and isinstance(said, dict):
        return said
    problem = said.get("problem") or said.get("error") if isinstance(said, dict) else said
    remedy = said.get("remedy", "") if isinstance(said, dict) else ""
    raise CardError(f"The sandbox at port {card.port} refused {verb!r}: {problem}", str(remedy))


def wait_for_end(
    card: Card,
    limit_s: float = 30.0,
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return when the process of a sandbox has ended.

    Raises:
        CardError: it has not after `limit_s` seconds.
    """
    until = now() + limit_s
    while card.alive:
        if now() > until:
            raise CardError(
                f"The sandbox at port {card.port} was told to stop and has not after {limit_s:.0f} s",
                f"End its process {card.pid} by hand.",
            )
        sleep(0.05)
