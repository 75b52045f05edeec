"""What every room's tests share."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest


@pytest.fixture(scope="session")
def skip_loudly() -> Callable[[str], None]:
    """`skip_loudly("node is missing")`: leave a test out and say why; fail where nothing may be left out."""

    def skip(reason: str) -> None:
        if os.environ.get("B24KIT_TESTS_SKIP_NOTHING"):
            pytest.fail(f"{reason}, and B24KIT_TESTS_SKIP_NOTHING forbids leaving it out")
        pytest.skip(f"NOT TESTED: {reason}")

    return skip
