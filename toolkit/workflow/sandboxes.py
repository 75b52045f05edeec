"""Sandbox portals of this machine: started, found, and told what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from toolkit.errors import SandboxError
from toolkit.sandbox.running import cards
from toolkit.sandbox.running.cards import Card
from toolkit.sandbox.running.hosting import Order, OrderError, host
from toolkit.settings import Settings

__all__ = ["Order", "running_sandboxes", "serve_sandbox", "tell_sandbox"]


def serve_sandbox(settings: Settings, order: Order, ready: Callable[[dict[str, str]], None]) -> None:
    """Fill a sandbox portal and serve it until the process, or `tell_sandbox`, ends it.

    Args:
        settings: where its card is left, for `tell_sandbox`.
        order: how it should be.
        ready: told how to reach it, as `toolkit.sandbox.running.hosting.host` says, once it answers.

    Raises:
        SandboxError: it cannot be made as ordered.
    """
    try:
        host(replace(order, cards=_cards(settings)), ready)
    except OrderError as error:
        raise SandboxError(
            f"sandbox start: {error.option}={error.value!r} {error.problem}", error.remedy
        ) from error


def running_sandboxes(settings: Settings) -> list[Card]:
    """The sandboxes of this user that run on this machine, by port."""
    return cards.running(_cards(settings))


def tell_sandbox(settings: Settings, verb: str, port: int | None = None, **given: Any) -> dict[str, Any]:
    """Have a running sandbox do something, and give back what it says.

    Args:
        settings: where cards are left.
        verb: stop, reset, save, load, log or show; after `stop` its process has ended.
        port: of the sandbox; None means the only one.
        given: `path` of a file for save and load, `last` requests for log.

    Raises:
        SandboxError: none runs there, several do, or it refused.
    """
    try:
        card = cards.find(_cards(settings), port)
        said = cards.ask(card, verb, **given)
        if verb == "stop":
            cards.wait_for_end(card)
    except cards.CardError as error:
        raise SandboxError(error.what, error.remedy) from error
    return {"port": card.port, **said}


def _cards(settings: Settings) -> Path:
    return settings.state_dir / "sandboxes"
