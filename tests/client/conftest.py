"""A client on a clock of its own."""

import pytest

from tests.client.scripted import WEBHOOK, Scripted
from toolkit.client import Portal, SimulatedClock
from toolkit.settings import Settings


@pytest.fixture
def clock():
    return SimulatedClock()


@pytest.fixture
def settings(tmp_path):
    return Settings.load(None, webhook=WEBHOOK, state_dir=tmp_path / "state")


@pytest.fixture
def scripted():
    return Scripted(10)


@pytest.fixture
def portal(scripted, settings, clock):
    with Portal.connect(settings, clock=clock, transport=scripted.transport()) as portal:
        yield portal
