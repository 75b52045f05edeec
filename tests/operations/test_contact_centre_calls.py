"""Calls of a contact centre: whose switchboard it was, requests that come later, corrections."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.operations.test_load_contact_centre import ANNA, BORIS, request
from tests.runs.conftest import Kept, World, make_world
from toolkit.operations import operation
from toolkit.runs import Run
from toolkit.runs.contact_centre import LoadedCall
from toolkit.runs.law import carried_out
from toolkit.runs.references import in_place

RULE: Any = operation("load_contact_centre")
SWITCHBOARD = "+7 495 123-45-67"
FIRM = {"company": "ООО Ромашка", "inn": "7707083893", "kpp": "773601001"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A small firm whose client is a firm with a switchboard."""
    root = tmp_path_factory.mktemp("firm")
    made = make_world(root, contacts=2, deals=0)
    made.root.mkdir(parents=True, exist_ok=True)
    return Kept.of(made, root / "aside")


@pytest.fixture
def world(kept: Kept, tmp_path: Path) -> World:
    taken = kept.again(tmp_path / "world")
    taken.operation = RULE
    return taken


def firm(world: World, title: str, phone: str = SWITCHBOARD) -> int:
    fields = {"title": title, "fm": [{"typeId": "PHONE", "valueType": "WORK", "value": phone}]}
    added = world.portal.call("crm.item.add", {"entityTypeId": 4, "fields": fields})
    return int(added["item"]["id"])


def load(world: World, **params: Any) -> Run:
    return world.plan(**{"system": "cc1", "topics": [{"topic": "*", "pipeline": 0}], "fallback": 2, **params})


def call(number: str = "C1", **cells: Any) -> dict[str, Any]:
    return {"id": number, "at": "2026-05-01T11:00:00+03:00", "phone": SWITCHBOARD, "duration_s": 65, **cells}


def links(world: World, number: str) -> set[tuple[int, int]]:
    """What a call of the export is shown with: entity type id and id."""
    rows = world.sandbox.store.rows(
        "SELECT b.* FROM activity_binding b JOIN activity a ON a.ID = b.ACTIVITY_ID WHERE a.ORIGIN_ID = ?",
        [f"cc:cc1:call:{number}"],
    )
    return {(row["ENTITY_TYPE_ID"], row["ENTITY_ID"]) for row in rows}


def test_a_call_of_a_firms_switchboard_is_the_firms_and_stands_on_its_deal(world: World) -> None:
    romashka = firm(world, "ООО Ромашка")
    request = {"id": "R1", "at": "2026-05-01T10:00:00+03:00", "topic": "Ремонт", **FIRM}
    people = world.sandbox.store.value("SELECT COUNT(*) FROM crm_3")

    run = load(world, requests=[request], calls=[call(request="R1"), call("C2", phone="8 (495) 123-45-67")])
    assert set(world.apply(run)) == {"done"}

    deal = world.sandbox.store.value("SELECT ID FROM crm_2 WHERE ORIGIN_ID = 'cc:cc1:request:R1'")
    assert links(world, "C2") == {(4, romashka)}
    assert {(4, romashka), (2, deal)} <= links(world, "C1")
    assert world.sandbox.store.value("SELECT COUNT(*) FROM crm_3") == people, "nobody is made up for it"
    assert len(load(world, requests=[request], calls=[call(request="R1"), call("C2")]).plan) == 0


def test_a_switchboard_of_several_firms_is_left_to_a_person_who_is_told_which(world: World) -> None:
    ids = [firm(world, "ООО Ромашка"), firm(world, "ООО Василёк")]

    run = load(world, calls=[call()])

    assert len(run.plan) == 0
    (told,) = run.plan.listed.to_dict("records")
    assert (told["entity"], told["record_id"]) == ("company", ids[0])
    assert told["reason"] == "several firms have this phone: a person has to say"
    assert all(str(each) in told["details"] for each in ids)
    assert run.plan.tally() == {"review": 1}


def test_a_person_who_has_the_firms_phone_as_theirs_wins_over_the_firm(world: World) -> None:
    romashka = firm(world, "ООО Ромашка")
    phone = {"typeId": "PHONE", "valueType": "WORK", "value": SWITCHBOARD}
    cells = {"name": "Анна", "lastName": "Полякова", "fm": [phone]}
    world.portal.call("crm.item.update", {"entityTypeId": 3, "id": 1, "fields": cells})

    world.apply(
        load(world, calls=[call(name="Анна", last_name="Полякова"), call("C2", email="boris@mail.example")])
    )

    assert links(world, "C1") == {(3, 1)}
    assert (4, romashka) not in links(world, "C2")


@pytest.mark.parametrize("phone", ["8 900 000-00-00", "сбой", "112"])
def test_a_phone_that_is_nobodys_names_no_firm(world: World, phone: str) -> None:
    firm(world, "ООО Ромашка", phone)

    assert load(world, calls=[call(phone=phone)]).plan.tally() == {"quarantined": 1}


@pytest.fixture(scope="module")
def tables(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    world = kept.again(tmp_path_factory.mktemp("tables") / "world")
    world.operation = RULE
    run = load(world, requests=[request("R0", **ANNA)], calls=[call()])
    return {name: run.before.table(name) for name in run.before.entities}


class Passes:
    """A portal in memory, and what earlier passes are remembered by."""

    def __init__(self, tables: dict[str, pd.DataFrame]) -> None:
        self.tables = tables
        self.rows: dict[str, Any] = {}
        self.calls: dict[str, LoadedCall] = {}
        self.deals: dict[str, int] = {}
        self.links: set[tuple[int, int, int]] = set()

    def load(self, rows: Iterable[tuple[str, dict[str, Any]]]) -> None:
        said = {kind: [row for of, row in rows if of == kind] for kind in ("requests", "calls")}
        params = RULE.parameters(
            {
                "system": "cc1", "topics": [{"topic": "*", "pipeline": 0}], "fallback": 2, **said,
                "previous": list(self.rows.values()), "previous_calls": list(self.calls.values()),
                "previous_deals": self.deals,
            }
        )  # fmt: skip
        changes, carried = RULE.plan(self.tables, params), RULE.carried(self.tables, params)
        self.tables = carried_out(self.tables, changes)
        ids = self.made()
        for row in changes.table[changes.table["kind"] == "bind"].to_dict("records"):
            activity = ids.get(row["marker"], row["record_id"])
            for side, keep in (("before", self.links.discard), ("after", self.links.add)):
                link = in_place(json.loads(row[side]), ids)
                if link:
                    keep((int(activity), link["entityTypeId"], link["entityId"]))
        self.rows |= {each.id: each for each in carried.requests}
        self.deals |= {number: ids.get(deal, deal) for number, deal in carried.deals.items()}
        self.calls |= {
            each.row.id: LoadedCall(
                row=each.row,
                activity=ids.get(each.activity, each.activity),
                deal=ids.get(each.deal, each.deal),
            )
            for each in carried.calls
        }

    def made(self) -> dict[Any, int]:
        """Marker to id."""
        columns = (("deal", "originId", "id"), ("contact", "originId", "id"), ("activity", "ORIGIN_ID", "ID"))
        return {
            marker: int(number)
            for name, marked, id_ in columns
            for marker, number in self.tables[name][[marked, id_]].dropna().itertuples(index=False)
        }

    def seen(self) -> dict[str, Any]:
        """What people see of it."""
        people = {
            row["id"]: (row["lastName"], row["name"], sorted(each["value"][-5:] for each in row["fm"]))
            for row in self.tables["contact"].to_dict("records")
            if isinstance(row["originId"], str)
        }
        deals = {
            row["id"]: (row["title"], [people.get(each) for each in row["contactIds"]])
            for row in self.tables["deal"].to_dict("records")
        }
        told = {2: deals, 3: people}
        calls = {
            row["ORIGIN_ID"]: (
                people.get(row["OWNER_ID"]), str(row["END_TIME"]),
                sorted(str(told[kind][who]) for activity, kind, who in self.links if activity == row["ID"]),
            )
            for row in self.tables["activity"].to_dict("records")
        }  # fmt: skip
        return {
            "people": sorted(map(str, people.values())),
            "deals": sorted(map(str, deals.values())),
            "calls": calls,
        }


ANNAS = {"phone": ANNA["phone"], "duration_s": 65}
ARRIVALS: list[tuple[str, dict[str, Any]]] = [
    ("requests", request("R1", **ANNA, title="Течёт кран")),
    ("requests", request("R2", **BORIS, title="Договор")),
    ("calls", call("C1", **ANNAS, request="R1")),
    ("calls", call("C2", phone=BORIS["phone"], request="R2")),
    ("calls", call("C3", **ANNAS, request="R2")),
    ("calls", call("C4", **ANNAS, request="R9")),
]


@pytest.fixture(scope="module")
def at_once(tables: dict[str, pd.DataFrame]) -> Passes:
    passes = Passes(tables)
    passes.load(ARRIVALS)
    return passes


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=st.permutations(ARRIVALS), cuts=st.sets(st.integers(1, 5), max_size=5), again=st.integers(0, 5))
def test_the_order_of_arrival_does_not_change_what_the_portal_holds_in_the_end(
    tables: dict[str, pd.DataFrame], at_once: Passes, order: list[Any], cuts: set[int], again: int
) -> None:
    one_by_one = Passes(tables)

    for start, end in itertools.pairwise([0, *sorted(cuts), len(order)]):
        one_by_one.load(order[start:end])
    one_by_one.load(order[again : again + 3])

    assert one_by_one.seen() == at_once.seen()
    assert len(one_by_one.links) == 3
