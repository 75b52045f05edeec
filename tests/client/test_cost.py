"""What work will cost, said beforehand."""

import pytest

from tests.client.test_governor import LIST, UPDATE, Run
from toolkit.client import CostModel, Governor, Limits, SimulatedClock


@pytest.mark.parametrize("total", [2_000, 12_000, 100_000])
@pytest.mark.parametrize("costs", [(0.05,), (0.2,)])
def test_an_estimate_made_after_a_canary_is_within_ten_per_cent(total, costs):
    clock = SimulatedClock()
    governor = Governor(Limits(), clock, owner="o")
    Run(490, costs=costs, governor=governor, clock=clock)
    clock.sleep(900)
    estimate = governor.cost().estimate({UPDATE: total}, requests=-(-total // 49))
    run = Run(total, costs=costs, governor=governor, clock=clock)
    assert estimate.requests == run.requests
    assert estimate.operating_s[UPDATE] == pytest.approx(run.operating[UPDATE], rel=0.02)
    assert estimate.seconds == pytest.approx(run.seconds, rel=0.1, abs=30)


def test_the_documented_defaults_stand_in_until_a_portal_has_shown_its_own():
    model = CostModel(Limits())
    assert model.operating_s(UPDATE) == 0.05
    learned = CostModel(Limits(), learned={UPDATE: 0.4})
    assert learned.operating_s("CRM.Item.Update") == 0.4


def test_it_names_what_takes_the_time():
    assert CostModel(Limits()).estimate({UPDATE: 100_000}).binds == f"operating {UPDATE}"
    assert (
        CostModel(Limits(), round_trip_s=0.01).estimate({"profile": 0, LIST: 0}, requests=2000).binds
        == "rate"
    )
    assert CostModel(Limits.of_plan("box")).estimate({UPDATE: 100_000}).binds == "portal"


def test_work_fits_a_window_or_does_not():
    estimate = CostModel(Limits()).estimate({UPDATE: 100_000})
    assert estimate.fits(3 * 3600)
    assert not estimate.fits(3600)
    assert estimate.minutes == estimate.seconds / 60


def test_no_work_costs_nothing():
    assert CostModel(Limits()).estimate({}).seconds == 0
