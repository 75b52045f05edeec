"""Processes that work on uploads, so that one of them cannot disturb the page or another upload.

Each is used again and again, and begins as a copy of one that has imported everything; one that dies or does not
come to an end is replaced, and only what it worked on has failed.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import multiprocessing
import queue
import signal
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from typing import Any

__all__ = ["WorkerDied", "WorkerFailed", "WorkerLate", "Workers"]

_log = logging.getLogger("toolkit.web.workers")


class WorkerDied(RuntimeError):
    """The process ended in the middle: killed, or out of memory."""


class WorkerLate(RuntimeError):
    """The process did not come to an end and was stopped."""


class WorkerFailed(RuntimeError):
    """The work raised something nobody foresaw; the text is its traceback."""


@dataclass(order=True)
class _Job:
    order: tuple[int, int]
    work: Callable[..., Any] = field(compare=False)
    arguments: tuple[Any, ...] = field(compare=False)
    future: Future[Any] = field(compare=False)


class Workers:
    """A bounded number of processes.

    Args:
        count: of them.
        seconds: one piece of work may take.
        memory_mib: one process may take; None bounds nothing. Kept where the system can.
        eager: start the processes now, not when the first work comes.
        warm: called once in each new process, to import what the work needs.
    """

    def __init__(
        self,
        count: int,
        *,
        seconds: float,
        memory_mib: int | None = None,
        warm: Callable[[], Any] | None = None,
        eager: bool = True,
    ) -> None:
        self._seconds, self._memory_mib, self._warm, self._eager = seconds, memory_mib, warm, eager
        self._context = _context(warm.__module__ if warm is not None else __name__)
        self._queue: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._ending = threading.Event()
        self._running: dict[int, multiprocessing.process.BaseProcess] = {}
        self._threads = [
            threading.Thread(target=self._serve, args=(each,), name=f"worker-{each}", daemon=True)
            for each in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Callable[..., Any], *arguments: Any, urgency: int = 1) -> Future[Any]:
        """Have a function of some module called in one of the processes.

        Args:
            work: the function; it, its arguments and what it returns are pickled.
            arguments: of it.
            urgency: smaller comes first.

        Returns:
            Its result; or `WorkerDied`, `WorkerLate`, `WorkerFailed`.
        """
        future: Future[Any] = Future()
        self._queue.put(_Job((urgency, next(self._numbers)), work, arguments, future))
        return future

    @property
    def waiting(self) -> int:
        """Pieces of work nobody has begun."""
        return self._queue.qsize()

    def stop(self, patience_s: float = 5.0) -> None:
        """End the processes: politely, then not. What they were at is not lost where it can be resumed."""
        self._ending.set()
        for _ in self._threads:
            self._queue.put(_Job((-1, next(self._numbers)), _nothing, (), Future()))
        for running in list(self._running.values()):
            running.terminate()  # a run being written finishes its request and pauses
        for thread in self._threads:
            thread.join(patience_s)
        for running in list(self._running.values()):
            running.kill()
            running.join(patience_s)

    def _serve(self, number: int) -> None:
        line: Connection | None = None
        while not self._ending.is_set():
            if line is None and self._eager:
                line = self._start(number)
            job = self._queue.get()
            if self._ending.is_set() or not job.future.set_running_or_notify_cancel():
                continue
            if line is not None and not self._running[number].is_alive():  # ended while it had nothing to do
                self._end(number, line)
                line = None
            line = line or self._start(number)
            try:
                line.send((job.work, job.arguments))
                if not line.poll(self._seconds):
                    raise WorkerLate(f"{job.work.__name__} took more than {self._seconds:g} s")
                good, value = line.recv()
            except (EOFError, OSError) as error:
                self._end(number, line)
                line = None
                job.future.set_exception(WorkerDied(f"{job.work.__name__}: {error!r}"))
            except WorkerLate as late:
                self._end(number, line)
                line = None
                job.future.set_exception(late)
            else:
                if good:
                    job.future.set_result(value)
                else:
                    job.future.set_exception(WorkerFailed(value))
        if line is not None:
            line.close()

    def _start(self, number: int) -> Connection:
        ours, theirs = self._context.Pipe()
        running = self._context.Process(
            target=_work,
            args=(theirs, self._memory_mib, self._warm),
            name=f"b24kit-page-{number}",
            daemon=True,
        )
        running.start()
        theirs.close()
        self._running[number] = running
        return ours

    def _end(self, number: int, line: Connection) -> None:
        line.close()
        running = self._running.pop(number)
        running.kill()
        running.join()
        _log.warning("a worker ended with code %s and is replaced", running.exitcode)


def _context(module: str) -> ForkServerContext | SpawnContext:
    """How processes begin: as copies of one that has imported what they need; anew where that cannot be had."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")  # Windows
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([module])
    return context


def _nothing() -> None:
    return None


def _work(line: Connection, memory_mib: int | None, warm: Callable[[], Any] | None) -> None:
    """What a process does: until the page hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the page's to answer
    if memory_mib is not None:
        _bound_memory(memory_mib)
    if warm is not None:
        warm()
    while True:
        try:
            work, arguments = line.recv()
        except (EOFError, OSError):
            return
        try:
            answer = True, work(*arguments)
        except MemoryError:
            raise SystemExit(1) from None
        except Exception:  # noqa: BLE001  # told to the page, which logs it
            answer = False, traceback.format_exc()
        with contextlib.suppress(BrokenPipeError):
            line.send(answer)


def _bound_memory(mib: int) -> None:
    try:
        import resource  # not on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (mib * 2**20, mib * 2**20))
