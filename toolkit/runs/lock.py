"""One writer at a time: a lock per portal and entity type, for all processes of this machine.

The operating system holds the lock, so a holder that dies lets go by itself. Beside it lies a small file
that says who holds it and since when, for those who find it taken.
"""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from toolkit.errors import LockedByAnother, StorageError

__all__ = ["Hold", "Holder", "locked"]


@dataclass(frozen=True)
class Holder:
    """Who holds a lock.

    Args:
        run: run id.
        host: machine name.
        pid: process id.
        since: ISO 8601.
        seen: last sign of life, ISO 8601.
    """

    run: str
    host: str
    pid: int
    since: str
    seen: str


class Hold:
    """Locks held by this process.

    Args:
        superseded: run ids of dead holders that were taken over, by entity.
        beat: give a sign of life.
    """

    def __init__(self, superseded: dict[str, str], beat: Callable[[], None]) -> None:
        self.superseded, self.beat = superseded, beat


@contextmanager
def locked(
    folder: Path, portal: str, entities: Sequence[str], run: str, now: Callable[[], float]
) -> Iterator[Hold]:
    """Hold the locks of these entity types of a portal while the block runs.

    Args:
        folder: where locks live; the same for all processes of the machine.
        portal: host name.
        entities: entity types; taken in alphabetical order, so that two runs cannot wait for each other.
        run: run id of the taker.
        now: unix seconds.

    Raises:
        LockedByAnother: somebody holds one of them.
        StorageError: the folder cannot be written.
    """
    home = folder / "locks" / re.sub(r"[^\w.-]", "_", portal)
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StorageError(
            home, str(error.strerror), "Set B24_STATE_DIR to a folder you may write."
        ) from error
    since = _moment(now())
    superseded: dict[str, str] = {}
    cards: list[Path] = []

    def beat() -> None:
        for card in cards:
            _write(card, Holder(run, socket.gethostname(), os.getpid(), since, _moment(now())))

    with ExitStack() as stack:
        for entity in sorted(set(entities)):
            name = re.sub(r"[^\w.-]", "_", entity)
            card = home / f"{name}.json"
            lock = FileLock(home / f"{name}.lock", timeout=0)
            try:
                stack.enter_context(lock)
            except Timeout:
                holder = _read(card)
                raise LockedByAnother(
                    portal, entity, holder.run, holder.host, holder.pid, holder.seen
                ) from None
            except OSError as error:
                raise StorageError(
                    home, str(error.strerror), "Set B24_STATE_DIR to a folder you may write."
                ) from error
            if card.exists():
                left = _read(card)
                if left.run != run:  # the lock was free, so its holder is dead
                    superseded[entity] = left.run
            cards.append(card)
        beat()
        try:
            yield Hold(superseded, beat)
        finally:
            for card in cards:
                card.unlink(missing_ok=True)


def _write(card: Path, holder: Holder) -> None:
    fresh = card.with_suffix(".new")
    try:
        fresh.write_text(json.dumps(asdict(holder)), encoding="utf-8")
        fresh.replace(card)
    except OSError as error:
        raise StorageError(card, str(error.strerror), "Free some space, then resume the run.") from error


def _read(card: Path) -> Holder:
    try:
        return Holder(**json.loads(card.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Holder("unknown", "unknown", 0, "unknown", "unknown")


def _moment(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).isoformat(timespec="seconds")
