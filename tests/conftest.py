"""What every room's tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import pytest
import typer.testing


@pytest.fixture(scope="session")
def skip_loudly() -> Callable[[str], None]:
    """`skip_loudly("node is missing")`: leave a test out and say why; fail where nothing may be left out."""

    def skip(reason: str) -> None:
        if os.environ.get("B24KIT_TESTS_SKIP_NOTHING"):
            pytest.fail(f"{reason}, and B24KIT_TESTS_SKIP_NOTHING forbids leaving it out")
        pytest.skip(f"NOT TESTED: {reason}")

    return skip


_MEMORY, _ROOM = Path("/dev/shm"), 4 * 2**30


def pytest_configure() -> None:
    """Files of tests go to memory where there is room: they are fsynced so often that a disk is what they wait for."""
    with suppress(OSError, AttributeError):  # not on Windows, not on macOS
        there = os.statvfs(_MEMORY)
        if (
            there.f_bavail * there.f_frsize > _ROOM
            and not there.f_flag & os.ST_NOEXEC
            and os.access(_MEMORY, os.W_OK)
        ):
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def pytest_collection_finish() -> None:
    """Looking for garbage among all that was imported takes a twelfth of the time of the tests."""
    gc.set_threshold(50_000, 20, 1000)


@pytest.fixture(scope="session", autouse=True)
def _commands_are_built_once() -> Iterator[None]:
    """Building the tree of commands takes 60 ms, and tests call them several hundred times in one process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", lru_cache(typer.testing._get_command))
        yield
