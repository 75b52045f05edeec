"""Runs work on a stranger's file in a process of its own: bounded in memory and time, without our secrets.

A parser that is led to eat memory, to loop or to crash takes only that process with it.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

from toolkit.sheets.gate import Limits
from toolkit.sheets.refusals import SheetRefused

__all__ = ["confined", "serve"]

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from toolkit.sheets.confined import serve; serve()"
)
_KEPT = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "LC_ALL", "PYTHONUTF8")


def confined(work: str, path: Path, limits: Limits, *arguments: Any) -> Any:
    """The result of a function called in a process of its own.

    Args:
        work: `module:function`; called with the path, the limits and the arguments; arguments and result
            must survive JSON.
        path: the file it works on.
        limits: of time and memory; memory is bounded where the system can (not on Windows, where the counts
            of rows and cells still hold).
        arguments: more of them.

    Raises:
        SheetRefused: the function refused the file, or did not finish within the limits.
    """
    asked = orjson.dumps([work, str(path), vars(limits), arguments])
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment["OPENBLAS_NUM_THREADS"] = "1"  # its threads would reserve the memory the work may use
    try:
        done = subprocess.run(  # noqa: S603  # our own interpreter on our own code
            [sys.executable, "-I", "-c", _BOOT, json.dumps(sys.path)],
            input=asked,
            capture_output=True,
            timeout=limits.seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _too_costly(path, limits) from error
    try:
        answer = orjson.loads(done.stdout)
    except orjson.JSONDecodeError:
        if done.returncode > 0 and b"MemoryError" not in done.stderr:
            # A defect of ours: hide nothing of it from whoever has to mend it.
            raise RuntimeError(done.stderr.decode("utf-8", "replace")) from None
        raise _too_costly(path, limits) from None
    if "refused" in answer:
        raise SheetRefused(path, answer["refused"], **answer["facts"])
    return answer["result"]


def _too_costly(path: Path, limits: Limits) -> SheetRefused:
    return SheetRefused(path, "too_costly", seconds=limits.seconds, memory=limits.memory_mib)


def serve() -> None:
    """Answer one call; what the confined process runs."""
    work, path, bounds, arguments = orjson.loads(sys.stdin.buffer.read())
    limits = Limits(**bounds)
    _bound_memory(limits.memory_mib)
    gc.disable()  # cells make no circles, and the process ends when they are written
    module, _, name = work.partition(":")
    if not module.startswith("toolkit.sheets."):
        raise ValueError(f"{module} is not ours to run")
    function: Callable[..., Any] = getattr(import_module(module), name)
    try:
        answer = {"result": function(Path(path), limits, *arguments)}
    except SheetRefused as refused:
        answer = {"refused": refused.code, "facts": refused.facts}
    sys.stdout.buffer.write(orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS))


def _bound_memory(mib: int) -> None:
    try:
        import resource  # not on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (mib * 2**20, mib * 2**20))
