"""What every room's tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from functools import lru_cache

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


def pytest_collection_finish() -> None:
    """Looking for garbage among all that was imported takes a twelfth of the time of the tests."""
    gc.set_threshold(50_000, 20, 1000)


@pytest.fixture(scope="session", autouse=True)
def _commands_are_built_once() -> Iterator[None]:
    """Building the tree of commands takes 60 ms, and tests call them several hundred times in one process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", lru_cache(typer.testing._get_command))
        yield
