"""Appeals made and calls attached, killed and let down at every request: once, and the same."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.test_kill_sweep import DyingTransport, Killed
from toolkit.client import Portal, SimulatedClock
from toolkit.runs import ApplyRules, Run, apply
from toolkit.sandbox import InProcessTransport, SharedClock, new_portal
from toolkit.sandbox.faults import Kind
from toolkit.sandbox.state.states import load_state, save_state
from toolkit.settings import Settings

from .conftest import APPEALS, SECRET, Firm, make_firm

MOST_REQUESTS = 60
CASES: dict[str, dict[str, Any]] = {
    "backfill_appeals": {**APPEALS, "unknown": "contacts", "fallback": 1},
    "attach_calls": {**APPEALS, "window_s": 100_000_000},
    "load_last_calls": APPEALS,
}
FAULTS: tuple[Kind, ...] = ("lose_answer", "partial", "html")


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small developer's portal with the smart process set up, in a file."""
    home = tmp_path_factory.mktemp("ready")
    firm = make_firm(home, 0.001)
    firm.set_up()
    callers = firm.sandbox.store.rows(
        "SELECT DISTINCT CRM_ENTITY_ID AS ID FROM call_statistic WHERE CRM_ENTITY_TYPE = 'CONTACT'"
        " AND CRM_ENTITY_ID IN (SELECT ID FROM crm_3) ORDER BY CALL_START_DATE DESC LIMIT 2"
    )
    for caller in callers:
        fields = {"title": "By hand", "contactIds": [caller["ID"]]}
        firm.portal.call("crm.item.add", {"entityTypeId": 177, "fields": fields})
    save_state(firm.sandbox, home / "portal.sqlite")
    return home / "portal.sqlite"


def again(ready: Path, home: Path) -> Firm:
    """The same portal as it was."""
    home.mkdir(parents=True)
    clock = SimulatedClock()
    sandbox = new_portal(clock=SharedClock(clock), limits="off")
    load_state(sandbox, ready)
    clock.sleep(3600)
    return Firm(home, clock, sandbox, client(home, clock, InProcessTransport(sandbox)))


def client(home: Path, clock: SimulatedClock, transport: httpx.BaseTransport) -> Portal:
    settings = Settings.load(
        env_file=None,
        webhook=f"https://sandbox.local/rest/1/{SECRET}/",
        state_dir=home / "state",
        plan="box",
    )
    return Portal.connect(settings, clock=clock, transport=transport)


def held(firm: Firm) -> tuple[Any, ...]:
    """Everything an operation on appeals may touch, without the moments of writing."""
    moments = {"CREATED_TIME", "MOVED_TIME"}
    appeals = [{name: cell for name, cell in row.items() if name not in moments} for row in firm.appeals()]
    contacts = firm.sandbox.store.rows("SELECT ID, NAME, ORIGIN_ID, ASSIGNED_BY_ID FROM crm_3 ORDER BY ID")
    phones = firm.sandbox.store.rows("SELECT VALUE FROM multifield ORDER BY 1")
    return appeals, firm.links(), [tuple(row) for row in contacts], [tuple(row) for row in phones]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_request_it_is_resumed_to_the_same_portal(
    ready: Path, tmp_path: Path, name: str, after: bool
) -> None:
    calm = again(ready, tmp_path / "calm")
    assert set(calm.carry_out(calm.plan(name, **CASES[name]))) == {"done"}
    wanted = held(calm)

    for at in itertools.count(1):
        assert at < MOST_REQUESTS
        firm = again(ready, tmp_path / f"{at}")
        run = firm.plan(name, **CASES[name])
        folder, died = run.folder, False
        dying = DyingTransport(InProcessTransport(firm.sandbox), at, after=after)
        try:
            apply(run, client(firm.root, firm.clock, dying), firm.clock, ApplyRules())
        except Killed:
            died = True
        run.close()
        run = Run.open(folder, firm.clock.now)

        counts = firm.carry_out(run)

        assert set(counts) == {"done"}, at
        assert held(firm) == wanted, at
        run.close()
        if not died:
            assert at > 2
            return


@pytest.mark.parametrize("kind", FAULTS)
def test_let_down_at_any_request_it_still_makes_each_appeal_once(
    ready: Path, tmp_path: Path, kind: Kind
) -> None:
    given = CASES["backfill_appeals"]
    calm = again(ready, tmp_path / "calm")
    calm.carry_out(calm.plan("backfill_appeals", **given))
    wanted = held(calm)

    for at in itertools.count(1):
        assert at < MOST_REQUESTS
        firm = again(ready, tmp_path / f"{at}")
        run = firm.plan("backfill_appeals", **given)
        fault = firm.sandbox.faults.plan(kind, at=at, seconds=3)

        counts = firm.carry_out(run)

        assert set(counts) == {"done"}, (kind, at, counts)
        assert held(firm) == wanted, (kind, at)
        if not fault.spent:
            assert at > 3
            assert firm.verify(run).complete
            return
        run.close()
