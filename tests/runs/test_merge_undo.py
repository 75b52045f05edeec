"""Merged cards come back: the portal is as before but for new ids, and no later edit is lost."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from toolkit.errors import PlanError
from toolkit.runs import Undo, verify
from toolkit.runs.merges.carrying import aliases

from .conftest import World
from .duplicates import Kept, ask, cards, held, make_doubled

UNHAPPY = ("lose_answer", "cut_before", "server_error_after", "partial", "timeout")
# What cannot come back: ids are compared through the table of aliases, moments and makers are today's.
GONE_FOR_GOOD = (
    *("CREATED_TIME", "CREATED_BY", "DATE_CREATE", "DATE_MODIFY", "CREATED_BY_ID", "MODIFY_BY_ID"),
    *("CHANGED_DATE", "CHANGED_BY", "ACTIVITY_DATE"),
)
_SHORT = {"L": "lead", "C": "contact", "CO": "company"}
_TYPES = {1: "lead", 2: "deal", 3: "contact", 4: "company", 8: "requisite"}


def _type(number: int) -> str:
    return _TYPES.get(number, f"item:{number}")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The doubled firm with its merge planned; each test takes it up anew."""
    root = tmp_path_factory.mktemp("doubled")
    world = make_doubled(root)
    world.plan().close()
    return Kept.of(world, root / "aside")


@pytest.fixture
def world(kept: Kept, tmp_path: Path) -> World:
    return kept.again(tmp_path)


def undone(world: World, **given: Any) -> tuple[Any, Any]:
    run = world.planned()
    world.apply(run)
    back = world.undo(run, **given)
    return run, back


def by_alias(world: World, table: dict[tuple[str, int], int] | None = None) -> dict[str, list[Any]]:
    """What the portal holds, with old ids for new ones, and every emptiness the same."""
    old = {(name, new): card for (name, card), new in (table or {}).items()}

    def card(name: str, id_: Any) -> Any:
        return old.get((name, int(id_)), int(id_)) if id_ else None

    def named(match: re.Match[str]) -> str:
        return f"{match[1]}_{card(_SHORT[match[1]], match[2])}"

    found: dict[str, list[Any]] = {}
    for name, rows in held(world, without=GONE_FOR_GOOD).items():
        told = []
        for row in rows:
            row = {key: value for key, value in row.items() if value not in (None, "", "[]", 0)}
            for key in row:
                if key.startswith("UF_CRM_") and isinstance(row[key], str):
                    row[key] = re.sub(r"\b(L|C|CO)_(\d+)\b", named, row[key])
            for key, of in (("COMPANY_ID", "company"), ("CONTACT_ID", "contact"), ("LEAD_ID", "lead")):
                if key in row:
                    row[key] = card(of, row[key])
            if name.startswith("crm_"):
                row["ID"] = card(_type(int(name[4:])), row["ID"])
            if name == "multifield":
                row["ELEMENT_ID"] = card(_type(row["ENTITY_TYPE_ID"]), row["ELEMENT_ID"])
            if name == "binding":
                row["OWNER_ID"] = card(_type(row["OWNER_TYPE_ID"]), row["OWNER_ID"])
                row["LINKED_ID"] = card(_type(row["LINKED_TYPE_ID"]), row["LINKED_ID"])
            if name == "requisite":
                row["ID"] = card("requisite", row["ID"])
                row["ENTITY_ID"] = card(_type(row["ENTITY_TYPE_ID"]), row["ENTITY_ID"])
            if name == "bank_detail":
                row["ID"] = card("bankdetail", row["ID"])
                row["ENTITY_ID"] = card("requisite", row["ENTITY_ID"])
            if name == "address":
                row["ENTITY_ID"] = card(_type(row["ENTITY_TYPE_ID"]), row["ENTITY_ID"])
                row["ANCHOR_ID"] = card(_type(row["ANCHOR_TYPE_ID"]), row["ANCHOR_ID"])
            if name == "requisite_link":
                row["REQUISITE_ID"] = card("requisite", row.get("REQUISITE_ID"))
                row["BANK_DETAIL_ID"] = card("bankdetail", row.get("BANK_DETAIL_ID"))
            if name == "activity":
                row["OWNER_ID"] = card(_type(row["OWNER_TYPE_ID"]), row["OWNER_ID"])
            if name == "activity_binding":
                row["ENTITY_ID"] = card(_type(row["ENTITY_TYPE_ID"]), row["ENTITY_ID"])
            told.append(row)
        found[name] = sorted(told, key=lambda row: sorted((key, str(value)) for key, value in row.items()))
    return found


def test_the_portal_is_as_before_but_for_the_ids_in_the_table_of_aliases(world: World) -> None:
    before = by_alias(world)
    run, back = undone(world)

    counts = world.apply(back)

    table = aliases([run, back])
    assert counts == {"done": len(back.plan.active)}
    assert by_alias(world, table) == before
    assert {key for key in table if key[0] in ("contact", "company")} == {
        ("contact", 2),
        ("contact", 3),
        ("contact", 5),
        ("company", 2),
    }


def test_activities_go_back_to_their_cards(world: World) -> None:
    run, back = undone(world)
    world.apply(back)

    owner = ask(world, "crm.activity.get", id=2)

    assert int(owner["OWNER_ID"]) == aliases([run, back])["contact", 5]


def test_what_cannot_come_back_is_listed(world: World) -> None:
    _, back = undone(world)

    told = back.plan.listed

    assert sorted(told["record_id"]) == [2, 2, 3, 5]
    assert told["reason"].str.startswith("comes back under a new id").all()


def test_one_group_can_be_taken_back_alone(world: World) -> None:
    run, back = undone(world, records=[4])
    assert cards(world) == [1, 4, 6]

    world.apply(back)

    assert len(cards(world)) == 4
    assert len(cards(world, 4)) == 2
    oleg = ask(world, "crm.item.get", entityTypeId=3, id=4)["item"]
    assert [each["value"] for each in oleg["fm"]] == ["8 912 000-11-22"]
    assert aliases([run, back])["contact", 2] == 1


def test_later_edits_of_the_survivor_are_never_overwritten(world: World) -> None:
    run = world.planned()
    world.apply(run)
    world.edit(1, POST="финансовый директор")
    back = world.undo(run)

    world.apply(back)

    anna = ask(world, "crm.item.get", entityTypeId=3, id=1)["item"]
    assert anna["post"] == "финансовый директор"
    assert not anna["comments"]
    assert "the surviving card was changed since" in " ".join(back.plan.listed["reason"])


def test_a_second_undo_asks_for_nothing(world: World) -> None:
    run, back = undone(world)
    world.apply(back)
    undo = Undo.of(run)
    certificate = verify(back, undo, undo.parameters({"run": run.id}), world.portal, world.clock)

    assert certificate.second_plan == 0
    assert certificate.unexplained == 0


def test_clients_taken_apart_are_found_to_be_duplicates_again(world: World) -> None:
    _, back = undone(world)
    world.apply(back)

    again = world.plan()

    assert (again.plan.table["kind"] == "merge").sum() == 3


@pytest.mark.parametrize("kind", UNHAPPY)
def test_every_fault_while_cards_are_made_again_makes_them_once(kind: str, world: World) -> None:
    before = by_alias(world)
    run, back = undone(world)
    world.sandbox.faults.plan(kind, "crm.item.import", at=1, seconds=1 if kind == "partial" else 0)

    world.apply(back)

    assert by_alias(world, aliases([run, back])) == before


def test_what_was_taken_back_is_not_made_twice(world: World) -> None:
    before = by_alias(world)
    run, one = undone(world, records=[4])
    world.apply(one)

    rest = world.undo(run)
    world.apply(rest)
    nothing = world.undo(run)

    assert by_alias(world, aliases([run, one, rest])) == before
    assert nothing.plan.table.empty


def test_an_undo_that_was_cut_short_is_finished_before_another_begins(world: World) -> None:
    run, one = undone(world, records=[4])
    world.apply(one, limit=2)

    with pytest.raises(PlanError, match="is being taken back by"):
        world.undo(run)


def proven(world: World, back: Any, *, of: Any) -> tuple[int, int]:
    """What the certificate of an undo cannot explain, and what a second plan of it would still do."""
    operation = Undo.of(of, besides=back.id)
    certificate = verify(
        back, operation, operation.parameters(back.facts.parameters), world.portal, world.clock
    )
    return certificate.unexplained, certificate.second_plan


def employers_of(world: World, contact: int) -> int:
    """How many companies a contact is linked with; some may have come back under new ids."""
    return len(ask(world, "crm.item.get", entityTypeId=3, id=contact)["item"]["companyIds"])


def without(rows: list[Any], stays: set[tuple[int, str]]) -> list[Any]:
    """Rows of the portal without the cells an undo said it cannot empty."""
    bare = {name.replace("_", "") for _, name in stays}
    cards = {card for card, _ in stays}
    return [
        {
            key: value
            for key, value in row.items()
            if row.get("ID") not in cards or key.replace("_", "") not in bare
        }
        for row in rows
    ]
