"""The developer's portal, its calls made into appeals; read before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.operations.conftest import APPEALS, BY_HAND, SECRET, Firm
from toolkit.client import Portal, SimulatedClock
from toolkit.records import Snapshot, take_snapshot
from toolkit.reports.calls import calls_wanted
from toolkit.runs import Run
from toolkit.sandbox import InProcessTransport, SharedClock, new_portal
from toolkit.sandbox.seeds import SEEDS
from toolkit.settings import Settings


@dataclass(frozen=True)
class Developer:
    """A portal whose calls have become appeals.

    Args:
        root: the folder of its snapshots and runs.
        before: everything a report needs, before.
        run: the backfill, verified.
        after: the same, after.
        fields: what was made by hand.
    """

    root: Path
    before: Snapshot
    run: Run
    after: Snapshot
    fields: Mapping[str, str]


@pytest.fixture(scope="session")
def developer(tmp_path_factory: pytest.TempPathFactory) -> Developer:
    root = tmp_path_factory.mktemp("developer")
    clock = SimulatedClock()
    sandbox = new_portal(clock=SharedClock(clock), limits="off")
    SEEDS["developer"](sandbox, 0.002, 1)
    sandbox.access.add_webhook(1, SECRET)
    webhook = f"https://sandbox.local/rest/1/{SECRET}/"
    settings = Settings.load(env_file=None, webhook=webhook, state_dir=root / "state", plan="box")
    portal = Portal.connect(settings, clock=clock, transport=InProcessTransport(sandbox))
    firm = Firm(root, clock, sandbox, portal)
    firm.set_up()
    folder = root / "runs" / "sandbox.local"
    before = take_snapshot(portal, calls_wanted(177), folder / "snapshot-1", clock=clock)
    run = firm.plan("backfill_appeals", **APPEALS)
    firm.carry_out(run)
    firm.verify(run)
    after = take_snapshot(portal, calls_wanted(177), folder / "snapshot-2", clock=clock)
    return Developer(root / "runs", before, run, after, BY_HAND)
