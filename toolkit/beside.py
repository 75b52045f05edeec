"""A sandbox portal beside the notebook: one process per folder, shared by its notebooks, gone after the last.

Its state lives in the folder, so that the next kernel meets the same portal at the same address. `serve`
is that process.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import filelock
import psutil

from toolkit.errors import ToolkitError
from toolkit.settings import Settings
from toolkit.workflow import Order, serve_sandbox

__all__ = ["SandboxFailed", "ensure_sandbox", "register", "serve"]

_PATIENCE_S = 180.0  # a seed of full size takes a minute
_GRACE_S = 20.0  # a restarted kernel comes back within this time
_PROGRAM = "import sys; from toolkit.beside import serve; serve(sys.argv[1])"


class SandboxFailed(ToolkitError):
    """The sandbox beside the notebook did not start.

    Args:
        folder: where it keeps its state and its log.
        problem: its last words.
    """

    def __init__(self, folder: Path, problem: str) -> None:
        self.folder, self.problem = folder, problem
        super().__init__(
            f"The sandbox of {folder} did not start: {problem or 'it said nothing'}."
            f" Its log is {folder / 'sandbox.log'}; delete the folder to begin with a fresh portal."
        )


def ensure_sandbox(folder: Path, *, seed: str = "realty", scale: float = 0.02, number: int = 1) -> str:
    """The webhook of the folder's sandbox, started when it does not run yet.

    Args:
        folder: keeps its state, address and log; made when absent. A portal that is there already is opened
            as it is, whatever the seed.
        seed: which story a new portal is filled with.
        scale: its size; 1 is 20,000 contacts for `realty`.
        number: the same number makes the same portal.

    Raises:
        SandboxFailed: it did not start.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    register(folder, os.getpid())
    with filelock.FileLock(folder / "starting.lock", timeout=_PATIENCE_S, mode=0o600):
        known = _address(folder)
        if known is not None and _alive(known["pid"], known["started"]) and _answers(known["port"]):
            return str(known["webhook"])
        return _start(folder, known or {}, {"seed": seed, "scale": scale, "number": number})


def register(folder: Path, pid: int) -> None:
    """Keep the folder's sandbox running as long as a process lives."""
    clients = folder / "clients"
    clients.mkdir(parents=True, exist_ok=True, mode=0o700)
    (clients / str(pid)).write_text(repr(psutil.Process(pid).create_time()))


def _start(folder: Path, known: dict[str, Any], story: dict[str, Any]) -> str:
    order = {
        **story,
        "port": known["port"] if known and not _answers(known["port"]) else 0,
        "secret": known.get("secret") or secrets.token_hex(8),
    }
    address = folder / "address.json"
    address.unlink(missing_ok=True)
    with (folder / "sandbox.log").open("w", encoding="utf-8") as log:
        # In a session of its own: an interrupted kernel must not take the portal with it.
        process = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-c", _PROGRAM, str(folder)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
            text=True,
        )
    assert process.stdin is not None  # noqa: S101  # asked for above
    with process.stdin as told:  # not as an argument: those are seen by everybody on the machine
        json.dump(order, told)
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        found = _address(folder)
        if found is not None:
            # The portal outlives this kernel; nobody is going to wait for its end.
            process.returncode = 0
            return str(found["webhook"])
        if process.poll() is not None:
            break
        time.sleep(0.05)
    process.kill()
    process.wait()
    words = (folder / "sandbox.log").read_text(encoding="utf-8").strip().splitlines()
    raise SandboxFailed(folder, words[-1] if words else "")


def _address(folder: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((folder / "address.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def _alive(pid: int, started: float) -> bool:
    try:
        return abs(psutil.Process(pid).create_time() - started) < 1
    except psutil.Error:
        return False


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True


# -- the process beside ------------------------------------------------------------------------------


def serve(place: str) -> None:
    """Be the sandbox of a folder until the last registered process is gone; for a process of its own.

    Args:
        place: the folder. The order is read from standard input.
    """
    folder = Path(place)
    order = json.load(sys.stdin)
    secret = order.pop("secret")

    def ready(facts: dict[str, str]) -> None:
        address = {
            "webhook": facts["webhook"],
            "port": urlsplit(facts["status_page"]).port,
            "secret": secret,
            "pid": os.getpid(),
            "started": psutil.Process().create_time(),
        }
        part = folder / "address.part"
        part.touch(mode=0o600)
        part.write_text(json.dumps(address), encoding="utf-8")
        part.replace(folder / "address.json")
        threading.Thread(target=_leave_with_the_last, args=(folder,), daemon=True).start()

    settings = Settings.load(env_file=None, state_dir=folder / "state")
    serve_sandbox(settings, Order(data=folder / "portal", secret=secret, **order), ready)


def _leave_with_the_last(folder: Path) -> None:
    """End this process once no registered process has lived for a while."""
    alone_since: float | None = None
    while alone_since is None or time.monotonic() - alone_since < _GRACE_S:
        time.sleep(1)
        if any(map(_lives, (folder / "clients").glob("*"))):
            alone_since = None
        elif alone_since is None:
            alone_since = time.monotonic()
    os.kill(os.getpid(), signal.SIGTERM)


def _lives(client: Path) -> bool:
    try:
        if _alive(int(client.name), float(client.read_text())):
            return True
        client.unlink(missing_ok=True)
    except (OSError, ValueError):
        return False
    return False
