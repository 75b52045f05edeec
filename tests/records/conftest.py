from __future__ import annotations

import pytest

from tests.records.fakes import FakePortal, StillClock, contact


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def portal() -> FakePortal:
    return FakePortal({"crm.item.list": [contact(number) for number in range(1, 121)]})
