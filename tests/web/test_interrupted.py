"""A publication whose page is killed in the middle: gone on with at the next start, and written once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sheets.directories import row, write
from tests.web.conftest import shop_in
from tests.web.test_publishing import at, heading, press, waits_for
from tests.web.test_serving import Shop, b24kit, enter, environment, served
from toolkit import workflow
from toolkit.settings import Settings


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A portal of its own."""
    with shop_in(tmp_path_factory.mktemp("market")) as opened:
        yield opened


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_publication_is_gone_on_with_after_the_page_was_ended(
    market: Shop, tmp_path: Path, number: signal.Signals
) -> None:
    world, _ = market
    env = {**environment(market, tmp_path), "B24_FENCE_S": "1"}
    token = b24kit(env, "serve", "token", "add", "Ольга", "--role", "publish", "--json")["token"]
    rules = [row(f"Тема {at} {number}", who="Вера Громова") for at in range(120)]
    path = write(rules, tmp_path / "много.xlsx")
    with served(env) as (running, facts):
        visitor = enter(facts["url"], token)
        upload = at(visitor.upload(path))
        plan = press(visitor, f"{upload}/publish")
        if "Подготовить место" in plan.text:
            place = press(visitor, f"{upload}/provide")
            press(visitor, f"{at(place)}/agree", count=waits_for(place))
            plan = press(visitor, f"{upload}/publish")
        world.sandbox.faults.plan("slow", "crm.item.add", seconds=1.5, times=3)
        written = visitor.post(f"{at(plan)}/agree", count=waits_for(plan))
        assert "data-poll" in written.text, "it is still being written"
        running.send_signal(number)
        running.wait(30)

    with served(env) as (running, facts):
        again = enter(facts["url"], token)
        done = again.settled(again.client.get(at(plan)), 90)

    assert heading(done) == "Опубликовано и проверено"
    settings = Settings.load(
        env_file=None, webhook=env["B24_WEBHOOK"], state_dir=tmp_path / "state", plan="box"
    )
    work = workflow.Workspace(settings)
    book = workflow.published_routing(work)
    assert book is not None
    assert len(book.rules) == 120
    with workflow.connect(work) as portal:
        listed = {"entityTypeId": workflow.routing_process(work), "select": ["id", "xmlId"]}
        markers = [each["xmlId"] for some in portal.list("crm.item.list", listed) for each in some]
    assert len(markers) == len(set(markers)), "nothing was written twice"
