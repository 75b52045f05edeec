"""Pacing: under every limit, and not slower than they demand."""

import json
import logging
import multiprocessing
import stat
import threading

import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from tests.client.limits_of_the_docs import DocumentedLimits
from toolkit.client import Governor, Limits, SharedGovernor, SimulatedClock, Timing
from toolkit.client.governor import Ticket

UPDATE, LIST = "crm.item.update", "crm.item.list"


class Run:
    """Sends `total` updates through a governor to a portal with documented limits; counts refusals.

    Args:
        work: how much wall time a second of execution takes: 1 for a portal that works one command after
            another, 0 for one that answers at once.
        costs: execution seconds of one update, taken in turn.
    """

    def __init__(
        self, total, *, size=49, costs=(0.05,), work=1.0, reads=0, governor=None, clock=None, **portal
    ):
        self.clock = clock or SimulatedClock()
        self.governor = governor or Governor(Limits(), self.clock, owner="o")
        self.portal = DocumentedLimits(**portal)
        self.refused = self.requests = 0
        self.operating = {}
        began = self.clock.now()
        turn = 0
        while total > 0:
            counts = {UPDATE: min(size, total)} | ({LIST: reads} if reads else {})
            total -= counts[UPDATE]
            ticket = self.permission(counts)
            self.requests += 1
            self.refused += not self.portal.admits_request(self.clock.now())
            timings, whole = [], 0.0
            for method, count in counts.items():
                for _ in range(count):
                    turn += 1
                    seconds = costs[turn % len(costs)]
                    charged = "batch" if self.portal.charge_batch else method
                    self.refused += not self.portal.admits_call(charged, self.clock.now())
                    self.clock.sleep(seconds * work)
                    self.operating[charged] = self.operating.get(charged, 0.0) + seconds
                    whole += seconds
                    if self.portal.charge_batch:
                        timings.append((method, Timing(duration_s=seconds, finish=self.clock.now())))
                    else:
                        self.portal.charge(method, self.clock.now(), seconds)
                        timings.append((method, self.portal.timing(method, self.clock.now(), seconds)))
            outside = None
            if self.portal.charge_batch:
                self.portal.charge("batch", self.clock.now(), whole)
                outside = self.portal.timing("batch", self.clock.now(), whole)
            self.governor.settle(ticket, timings, outside)
        self.seconds = self.clock.now() - began

    def permission(self, counts):
        for _ in range(1000):
            held = self.governor.reserve(counts, batch=True)
            if isinstance(held, Ticket):
                return held
            self.clock.sleep(held.wait_s)
        raise AssertionError(f"it never lets go: {held}")

    @property
    def bound(self):
        by_operating = [seconds * 600 / 480 for seconds in self.operating.values()]
        return max(self.requests / self.portal.drain, *by_operating)


PORTALS = {
    "answers at once": {"work": 0.0},
    "works in order": {"work": 1.0},
    "charges the batch": {"charge_batch": True},
    "drains all the time": {"steps": False, "work": 0.0},
    "minutes begin with a call": {"by_clock": False},
    "clock is ahead": {"skew_s": 1234.5},
    "clock is behind": {"skew_s": -987.0},
    "reads ride along": {"reads": 1},
    "uneven costs": {"costs": (0.01, 0.2, 0.02, 0.02, 0.01)},
}


@pytest.mark.parametrize("portal", PORTALS.values(), ids=PORTALS)
def test_a_hundred_thousand_updates_meet_no_limit_and_lose_no_time(portal):
    run = Run(100_000, **portal)
    assert run.refused == 0
    assert run.seconds <= 1.05 * run.bound


def test_cheap_updates_are_held_by_the_rate_alone():
    run = Run(100_000, costs=(0.002,), work=0.0)
    assert run.refused == 0
    assert run.seconds <= 1.05 * run.bound


def test_enterprise_goes_faster():
    clock = SimulatedClock()
    governor = Governor(Limits.of_plan("enterprise"), clock, owner="o")
    run = Run(100_000, costs=(0.001,), work=0.0, governor=governor, clock=clock, drain=5, bucket=250)
    assert run.refused == 0
    assert run.seconds <= 1.05 * run.bound < 500


def test_a_portal_of_ones_own_is_not_held_back():
    clock = SimulatedClock()
    governor = Governor(Limits.of_plan("box"), clock)
    run = Run(100_000, work=0.0, governor=governor, clock=clock, drain=1e9, bucket=1e9, limit_s=1e9)
    assert run.seconds == 0


@given(
    st.floats(0.001, 5.0), st.integers(1, 49), st.booleans(), st.booleans(), st.sampled_from([0.0, 0.5, 1.0])
)
@how(max_examples=15, deadline=None)
def test_steady_costs_of_any_size_meet_no_limit(cost, size, by_clock, steps, work):
    run = Run(size * 60, size=size, costs=(cost,), by_clock=by_clock, steps=steps, work=work)
    assert run.refused == 0 or cost * size > 480 * 0.98


def test_what_another_machine_used_up_is_believed_from_the_first_answer():
    clock = SimulatedClock()
    governor = Governor(Limits(), clock, owner="o")
    portal = DocumentedLimits()
    for _ in range(10):
        portal.charge(UPDATE, clock.now(), 46.0)
        clock.sleep(55)
    ticket = governor.reserve([UPDATE])
    portal.charge(UPDATE, clock.now(), 0.05)
    governor.settle(ticket, [(UPDATE, portal.timing(UPDATE, clock.now(), 0.05))])
    refused = sent = 0
    until = clock.now() + 900
    while clock.now() < until:
        held = governor.reserve({UPDATE: 49})
        if not isinstance(held, Ticket):
            clock.sleep(held.wait_s)
            continue
        timings = []
        for _ in range(49):
            refused += not portal.admits_call(UPDATE, clock.now())
            portal.charge(UPDATE, clock.now(), 0.05)
            timings.append((UPDATE, portal.timing(UPDATE, clock.now(), 0.05)))
        sent += 49
        governor.settle(held, timings)
    assert refused == 0
    assert sent * 0.05 > 300


def test_somebody_else_at_the_same_webhook_is_made_room_for():
    clock = SimulatedClock()
    governor = Governor(Limits(), clock, owner="o")
    portal = DocumentedLimits()
    refused = sent = 0
    began = last = clock.now()
    while clock.now() < began + 3600:
        portal.charge(UPDATE, clock.now(), 0.3 * (clock.now() - last))
        last = clock.now()
        held = governor.reserve({UPDATE: 49})
        if not isinstance(held, Ticket):
            clock.sleep(min(held.wait_s, 5.0))
            continue
        timings = []
        for _ in range(49):
            refused += not portal.admits_call(UPDATE, clock.now())
            clock.sleep(0.05)
            portal.charge(UPDATE, clock.now(), 0.05)
            timings.append((UPDATE, portal.timing(UPDATE, clock.now(), 0.05)))
        sent += 49
        governor.settle(held, timings)
    room = 480 * 6 - 0.3 * 3600
    assert refused <= 0.01 * sent
    assert sent * 0.05 > 0.8 * room
    assert all(len(ledger.minutes) <= 30 for ledger in governor._memory.methods.values())


def test_a_lower_limit_than_the_plans_is_learned_from_its_first_refusal():
    clock = SimulatedClock()
    governor = Governor(Limits(), clock, owner="o")
    portal = DocumentedLimits(limit_s=120)
    refusals = []
    until = clock.now() + 3000
    while clock.now() < until:
        held = governor.reserve({UPDATE: 49})
        if not isinstance(held, Ticket):
            clock.sleep(held.wait_s)
            continue
        timings, met = [], False
        for _ in range(49):
            if not portal.admits_call(UPDATE, clock.now()):
                met = True
                break
            portal.charge(UPDATE, clock.now(), 0.05)
            timings.append((UPDATE, portal.timing(UPDATE, clock.now(), 0.05)))
        governor.settle(held, timings)
        if met:
            governor.refused(held, methods=[UPDATE])
            refusals.append(clock.now())
    assert len(refusals) <= 2


def test_after_a_503_the_pause_grows_and_the_pace_recovers_slowly():
    clock = SimulatedClock()
    governor = Governor(Limits(), clock)
    pauses = []
    for _ in range(4):
        while not isinstance(ticket := governor.reserve(["profile"]), Ticket):
            clock.sleep(ticket.wait_s)
        governor.refused(ticket, rate=True)
        pauses.append(governor.wait_before(["profile"]))
    assert pauses == sorted(pauses)
    assert pauses[-1] > 2 * pauses[0]
    began = clock.now()
    for _ in range(300):
        while not isinstance(ticket := governor.reserve(["profile"]), Ticket):
            clock.sleep(ticket.wait_s)
        governor.settle(ticket, [])
    assert clock.now() - began > 300 / 2 * 1.2  # slower than the plan would allow


def test_it_says_which_limit_holds():
    clock = SimulatedClock()
    governor = Governor(Limits(), clock)
    assert str(governor.why(["profile"])) == "nothing"
    while isinstance(governor.reserve(["profile"]), Ticket):
        pass
    assert governor.why(["profile"]).limit == "rate"
    clock.sleep(60)
    ticket = governor.reserve([UPDATE])
    governor.settle(ticket, [(UPDATE, Timing(479.9, 300.0, 1.0, clock.now()))])
    hold = governor.why([UPDATE])
    assert (hold.limit, hold.method) == ("operating", UPDATE)
    assert "480 s" in str(hold)
    assert governor.why([LIST]).limit == ""


def test_execution_time_is_counted_per_webhook_but_the_rate_per_address(tmp_path):
    clock = SimulatedClock()
    first, second = (
        SharedGovernor(Limits(), tmp_path, "acme.example", clock=clock, owner=owner)
        for owner in ("one", "two")
    )
    ticket = first.reserve([UPDATE])
    first.settle(ticket, [(UPDATE, Timing(479.9, 300.0, 1.0, clock.now()))])
    assert first.why([UPDATE]).limit == "operating"
    assert second.why([UPDATE]).limit == ""
    while isinstance(first.reserve(["profile"]), Ticket):
        pass
    assert second.why(["profile"]).limit == "rate"


def test_a_request_under_way_is_already_counted():
    clock = SimulatedClock()
    governor = Governor(Limits(), clock)
    ticket = governor.reserve({UPDATE: 1})
    governor.settle(ticket, [(UPDATE, Timing(460.0, 500.0, 1.0, clock.now()))])
    assert isinstance(governor.reserve({UPDATE: 5}), Ticket)
    assert not isinstance(governor.reserve({UPDATE: 15}), Ticket)


def test_an_older_answer_that_comes_late_changes_nothing():
    clock = SimulatedClock()
    governor = Governor(Limits(), clock)
    one, two = governor.reserve([UPDATE]), governor.reserve([UPDATE])
    governor.settle(two, [(UPDATE, Timing(400.0, 500.0, 1.0, clock.now() + 1))])
    governor.settle(one, [(UPDATE, Timing(10.0, 500.0, 1.0, clock.now()))])
    assert governor.cost().used[UPDATE] == pytest.approx(400.0)


def test_a_torn_file_makes_it_careful_not_careless(tmp_path):
    clock = SimulatedClock()
    governor = SharedGovernor(Limits(), tmp_path, "acme.example", clock=clock)
    governor.reserve(["profile"])
    governor.path.write_text('{"version": 1, "rate": {"lev')
    assert governor.wait_before(["profile"]) > 0
    clock.sleep(60)
    assert isinstance(governor.reserve(["profile"]), Ticket)
    assert json.loads(governor.path.read_text())["version"] == 1


def test_the_file_is_private_and_holds_no_webhook(tmp_path):
    governor = SharedGovernor(Limits(), tmp_path / "state", "acme.example", owner="f00")
    governor.reserve(["profile"])
    assert stat.S_IMODE(governor.path.stat().st_mode) == 0o600


def test_without_a_place_for_its_file_it_paces_alone_and_says_so(tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    governor = SharedGovernor(Limits(), blocked, "acme.example", clock=SimulatedClock())
    with caplog.at_level(logging.WARNING):
        count = 0
        while isinstance(governor.reserve(["profile"]), Ticket):
            count += 1
    assert 40 <= count <= 50
    assert "not shared" in caplog.text


def _take(folder, moment, taken):
    clock = SimulatedClock(moment)
    governor = SharedGovernor(Limits(), folder, "acme.example", clock=clock, owner="o")
    while isinstance(governor.reserve(["profile"]), Ticket):
        with taken.get_lock():
            taken.value += 1


def test_processes_share_one_bucket(tmp_path):
    context = multiprocessing.get_context("spawn")
    taken = context.Value("i", 0)
    takers = [context.Process(target=_take, args=(tmp_path, 1_800_000_000.0, taken)) for _ in range(2)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join(60)
    assert 40 <= taken.value <= 50


def test_threads_share_one_bucket():
    governor = Governor(Limits(), SimulatedClock())
    taken = []

    def take():
        while isinstance(ticket := governor.reserve(["profile"]), Ticket):
            taken.append(ticket.id)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 40 <= len(taken) <= 50
    assert len(set(taken)) == len(taken)
