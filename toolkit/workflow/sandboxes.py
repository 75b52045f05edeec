"""Sandbox portals of this machine: started, found, and told what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from toolkit.errors import SandboxError, StorageError
from toolkit.sandbox import new_portal
from toolkit.sandbox.running import cards
from toolkit.sandbox.running.cards import Card
from toolkit.sandbox.running.hosting import Order, OrderError, host
from toolkit.sandbox.seeds import SEEDS
from toolkit.settings import Settings

__all__ = ["Order", "Sample", "running_sandboxes", "sample_export", "serve_sandbox", "tell_sandbox"]


_WITH_CLIENTS = ("retail", "realty")


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


@dataclass(frozen=True)
class Sample:
    """A contact centre's export somebody can try a load with.

    Args:
        files: what was written; the last is the same export a week later.
        rows: how many of `requests`, `calls` and `history` there are.
        system: short name of the contact centre's system.
        fallback: user id of who answers when nobody else does.
    """

    files: Sequence[Path]
    rows: Mapping[str, int]
    system: str
    fallback: int


def sample_export(
    folder: Path,
    *,
    seed: str = "retail",
    scale: float = 0.02,
    number: int = 1,
    rows: int = 60,
    kind: str = "xlsx",
    recordings: bool = True,
) -> Sample:
    """Write what a contact centre would export of the clients of a sandbox that was started the same way.

    Args:
        folder: made when absent.
        seed: `retail` or `realty`.
        scale, number: as the sandbox was started with.
        rows: about how many requests; calls and changes come with them.
        kind: of the requests: xlsx, csv, jsonl or parquet.
        recordings: calls have recordings.

    Raises:
        SandboxError: there is no such seed or kind, or the folder holds an export already.
        StorageError: the folder cannot be written.
    """
    # The generator is large, and most commands have no use for it.
    from toolkit.sandbox.exports import FORMATS, draw_export, write_package

    if seed not in _WITH_CLIENTS:
        raise SandboxError(f"seed {seed!r} has no contact centre", f"Take {' or '.join(_WITH_CLIENTS)}.")
    if kind not in FORMATS:
        raise SandboxError(f"{kind!r} is no kind of file an export comes in", f"Take {', '.join(FORMATS)}.")
    there = sorted(each.name for each in folder.glob("*")) if folder.is_dir() else []
    taken = [each for each in there if each.startswith(("requests.", "calls.", "history.", "topics."))]
    if taken:
        raise SandboxError(f"{folder} holds an export already: {', '.join(taken)}", "Name another folder.")
    portal = new_portal()
    try:
        SEEDS[seed](portal, scale, number)
        export = draw_export(portal, rows, recordings=recordings)
    finally:
        portal.store.close()
    try:
        files = write_package(export, folder, kind=cast("Any", kind))
    except OSError as error:
        raise StorageError(
            folder, str(error), "Let this user write there, or name another folder."
        ) from error
    count = {name: len(getattr(export, name)) for name in ("requests", "calls", "history")}
    return Sample(files, count, export.system, export.fallback)


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
