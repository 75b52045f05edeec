"""A firm whose clients stand on several cards, with all that hangs on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolkit.client import SimulatedClock
from toolkit.operations import operation
from toolkit.sandbox import SharedClock, new_portal
from toolkit.sandbox.seeds import SEEDS
from toolkit.sandbox.state.records import Draft, PhoneEdit
from toolkit.sandbox.switches import Switches

from .conftest import SECRET, Kept, World, connected, make_world

INN = "7707083893"

__all__ = ["Kept", "add", "ask", "cards", "held", "make_doubled", "seeded"]


def make_doubled(root: Path, **switches: Any) -> World:
    """Two firms that are one, three people on six cards, four deals, two things to do and a call, two requisites
    with an account, three addresses and a deal that uses one of them."""
    world = make_world(root, contacts=0, deals=0)
    world.sandbox.switches = Switches(switches)
    world.operation = operation("deduplicate")
    one = add(world, 4, "8 495 111-22-33", TITLE="ООО Ромашка", ASSIGNED_BY_ID=2)
    two = add(world, 4, "+74951112233", "office@romashka.ru", TITLE='"Ромашка" ООО', ASSIGNED_BY_ID=3)
    other = add(world, 4, TITLE="ООО Лютик")
    anna = {"NAME": "Анна", "LAST_NAME": "Иванова"}
    add(world, 3, "8 903 123-45-67", **anna, POST="бухгалтер", ASSIGNED_BY_ID=2, firms=[one])
    add(
        world,
        3,
        "+79031234567",
        "anna@mail.ru",
        **anna,
        SECOND_NAME="Петровна",
        POST="главбух",
        ASSIGNED_BY_ID=3,
        COMMENTS="звонить утром",
        firms=[two, other],
    )
    add(world, 3, "89031234567", **anna)
    oleg = {"NAME": "Олег", "LAST_NAME": "Кузнецов"}
    add(world, 3, "8 912 000-11-22", **oleg, ORIGINATOR_ID="1C", ORIGIN_ID="K-7")
    add(world, 3, "+79120001122", "oleg@mail.ru", **oleg, UTM_SOURCE="yandex")
    add(world, 3, "+79120001199", NAME="Вера", LAST_NAME="Орлова", firms=[one, other])
    add(world, 2, TITLE="Сделка Анны", contacts=[2, 6], company=two)
    add(world, 2, TITLE="Сделка Олега", contacts=[5])
    add(world, 2, TITLE="Вторая сделка Анны", contacts=[1], company=one)
    add(world, 2, TITLE="Третья сделка Анны", contacts=[1], company=one)
    ask(world, "crm.requisite.add", fields=requisite(one, "770701001"))
    ask(world, "crm.requisite.add", fields={**requisite(two, ""), "XML_ID": "1c-2"})
    bank = {"ENTITY_ID": 2, "NAME": "Счёт", "RQ_ACC_NUM": "40702810000000000002", "COUNTRY_ID": 1}
    ask(world, "crm.requisite.bankdetail.add", fields=bank)
    for owner, type_, city in ((1, 6, "Москва"), (2, 6, "Тула"), (2, 1, "Тверь")):
        fields = {"ENTITY_TYPE_ID": 8, "ENTITY_ID": owner, "TYPE_ID": type_, "CITY": city}
        ask(world, "crm.address.add", fields=fields)
    used = {"REQUISITE_ID": 2, "BANK_DETAIL_ID": 1, "MC_REQUISITE_ID": 0, "MC_BANK_DETAIL_ID": 0}
    ask(world, "crm.requisite.link.register", fields={"ENTITY_TYPE_ID": 2, "ENTITY_ID": 1, **used})
    for owner in (1, 5):
        ask(
            world,
            "crm.activity.todo.add",
            ownerTypeId=3,
            ownerId=owner,
            title=f"дело {owner}",
            deadline="2030-01-01T10:00:00+03:00",
        )
    talk = {"VALUE": "+79031234567", "ENTITY_ID": 2, "ENTITY_TYPE_ID": 3}
    call = {"OWNER_TYPE_ID": 2, "OWNER_ID": 1, "TYPE_ID": 2, "SUBJECT": "Звонок", "COMMUNICATIONS": [talk]}
    ask(world, "crm.activity.add", fields={**call, "RESPONSIBLE_ID": 1})
    world.clock.sleep(600)
    world.sandbox.log.clear()
    return world


def seeded(root: Path, seed: str, scale: float) -> World:
    """A portal of a seed, and a client of it."""
    clock = SimulatedClock()
    sandbox = new_portal(clock=SharedClock(clock), limits="off")
    SEEDS[seed](sandbox, scale, 1)
    sandbox.access.add_webhook(1, SECRET)
    portal = connected(sandbox, clock, root)
    return World(root / "snapshots", clock, sandbox, portal, operation=operation("deduplicate"))


def add(world: World, type_id: int, *values: str, **columns: Any) -> int:
    """A card with these phones and e-mails; `firms`, `contacts`, `company` are its links."""
    edits = [PhoneEdit("add", "EMAIL" if "@" in each else "PHONE", each, "WORK") for each in values]
    draft = Draft({}, phones=edits)
    if firms := columns.pop("firms", None):
        draft.company_ids = firms
    if people := columns.pop("contacts", None):
        draft.contact_ids = people
    if company := columns.pop("company", None):
        columns["COMPANY_ID"] = company
    draft.columns.update(columns)
    kind = world.sandbox.schema.kind(type_id)
    # Cards of one second would leave the choice of the master to their numbers.
    world.clock.sleep(60)
    added: int = world.sandbox.records.add(kind, draft, world.sandbox.system_caller(1))
    return added


def requisite(owner: int, kpp: str) -> dict[str, Any]:
    """The fields of a company's requisite."""
    return {
        "ENTITY_TYPE_ID": 4,
        "ENTITY_ID": owner,
        "PRESET_ID": 1,
        "NAME": "Реквизит",
        "RQ_INN": INN,
        "RQ_KPP": kpp,
    }


def ask(world: World, method: str, **params: Any) -> Any:
    """A method called by somebody else's client."""
    return world.portal.call(method, params)


_VOLATILE = {"UPDATED_TIME", "UPDATED_BY", "LAST_ACTIVITY_TIME", "LAST_ACTIVITY_BY", "SEARCH_CONTENT"}


_UNNUMBERED = ("multifield", "binding", "address", "requisite_link", "activity_binding")


def held(world: World, *, without: tuple[str, ...] = ()) -> dict[str, list[dict[str, Any]]]:
    """What the portal holds of clients and what hangs on them, without what changes at every look."""
    left_out = _VOLATILE | set(without)
    tables = {
        **{kind.table: "ID" for kind in world.sandbox.schema.kinds()},
        "multifield": "ENTITY_TYPE_ID, ELEMENT_ID, VALUE",
        "binding": "OWNER_TYPE_ID, OWNER_ID, LINKED_TYPE_ID, LINKED_ID",
        "requisite": "ID",
        "bank_detail": "ID",
        "address": "ENTITY_TYPE_ID, ENTITY_ID, TYPE_ID",
        "requisite_link": "ENTITY_TYPE_ID, ENTITY_ID",
        "activity": "ID",
        "activity_binding": "ACTIVITY_ID, ENTITY_TYPE_ID, ENTITY_ID",
        "task": "ID",
        "product_row": "ID",
    }
    return {
        table: [
            {
                name: value
                for name, value in dict(row).items()
                # Rows of links and phones get their numbers in the order of writing, which a fault changes.
                if name not in left_out
                and not (name in ("ID", "SORT", "LOC_ADDR_ID") and table in _UNNUMBERED)
            }
            for row in world.sandbox.store.rows(f"SELECT * FROM {table} ORDER BY {order}")
        ]
        for table, order in tables.items()
    }


def cards(world: World, type_id: int = 3) -> list[int]:
    """Ids of the cards that are there."""
    return [row["ID"] for row in world.sandbox.store.rows(f"SELECT ID FROM crm_{type_id} ORDER BY ID")]
