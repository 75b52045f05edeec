"""Lays what a portal holds beside the truth of a contact centre's export."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tests.runs.conftest import SECRET, World, connected
from toolkit.client import SimulatedClock
from toolkit.operations import operation
from toolkit.runs import Run
from toolkit.sandbox import Sandbox, SharedClock, new_portal
from toolkit.sandbox.exports import CentreExport, Expected
from toolkit.sandbox.seeds.realty import realty
from toolkit.sandbox.seeds.retail import retail

RULE: Any = operation("load_contact_centre")
SEEDS = {"retail": (retail, 0.02), "realty": (realty, 0.01)}
_MOMENTS = {"UPDATED_TIME", "UPDATED_BY", "LAST_ACTIVITY_TIME", "LAST_ACTIVITY_BY"}
_TABLES = (
    *("crm_2", "crm_3", "crm_4", "requisite", "activity", "activity_binding", "activity_communication"),
    *("multifield", "binding", "timeline_entry", "timeline_binding"),
)


def seeded(root: Path, name: str, scale: float | None = None, *, limits: str = "off") -> World:
    """A small portal filled by a seed, an hour later."""
    clock = SimulatedClock()
    sandbox = new_portal(clock=SharedClock(clock), limits=limits)
    fill, usual = SEEDS[name]
    fill(sandbox, scale or usual)
    sandbox.access.add_webhook(1, SECRET)
    clock.sleep(3600)
    portal = connected(sandbox, clock, root)
    sandbox.log.clear()
    return World(root / "snapshots", clock, sandbox, portal, operation=RULE)


def parameters(export: CentreExport) -> dict[str, Any]:
    """Of the operation, for an export under the names of fields."""
    return {
        "system": export.system,
        "topics": export.topics,
        "fallback": export.fallback,
        "requests": export.requests,
        "calls": export.calls,
        "history": export.history,
    }


def rows_of(box: Sandbox) -> dict[str, dict[int, dict[str, Any]]]:
    """What a portal holds, by table and id, without the moments of touching it."""
    there = {row["name"] for row in box.store.rows("SELECT name FROM sqlite_master")}
    return {
        table: {
            row["ID"]: {name: value for name, value in dict(row).items() if name not in _MOMENTS}
            for row in box.store.rows(f"SELECT * FROM {table}")
        }
        for table in _TABLES
        if table in there
    }


def accounted(run: Run) -> pd.DataFrame:
    """The account of a run's rows, indexed by kind and id."""
    tables = {name: run.before.table(name) for name in run.before.entities}
    found = RULE.accounting(tables, RULE.parameters(run.facts.parameters))
    table: pd.DataFrame = found.set_index(["kind", "id"])
    return table


def wrong_states(export: CentreExport, account: pd.DataFrame) -> list[str]:
    """Rows whose state is not the one the truth says."""
    wrong = []
    for each in export.truth:
        state, reason, details = account.loc[(each.kind, each.id), ["state", "reason", "details"]]
        if state not in each.states:
            wrong.append(
                f"{each.kind} {each.id} ({each.case}): {state} {reason} {details}, not {each.states}"
            )
    return wrong


class Truth:
    """A portal after an export was loaded, beside what it should hold.

    Args:
        box: the portal.
        export: what was loaded.
        before: `rows_of` before.
    """

    def __init__(self, box: Sandbox, export: CentreExport, before: Mapping[str, dict[int, dict[str, Any]]]):
        self.box, self.export, self.before = box, export, before
        self.now = rows_of(box)
        self.deals = {row["ORIGIN_ID"]: row for row in self.now["crm_2"].values() if row["ORIGIN_ID"]}
        self.calls = {row["ORIGIN_ID"]: row for row in self.now["activity"].values() if row["ORIGIN_ID"]}
        self.made: dict[str, set[int]] = {}
        self.wrong: list[str] = []

    def deviations(self) -> list[str]:
        """Everything that is not as it should be; [] when the truth is reproduced."""
        for each in self.export.truth:
            check = self._request if each.kind == "request" else self._call
            for words in check(each):
                self.wrong.append(f"{each.kind} {each.id} ({each.case}): {words}")
        self._numbers()
        self._history()
        return self.wrong

    def _request(self, each: Expected) -> list[str]:
        deal = self.deals.get(f"cc:{self.export.system}:request:{each.id}")
        if each.among:
            return (
                [] if deal is None or deal["CONTACT_ID"] in each.among else [f"deal {deal} of somebody else"]
            )
        if each.deal != f"new:{each.id}":
            if deal is not None:
                return [f"made deal {deal['ID']}"]
            if each.deal and not isinstance(each.deal, str):
                return self._cells(each, self.now["crm_2"][each.deal])
            if each.deal:
                first = self.deals.get(
                    f"cc:{self.export.system}:request:{str(each.deal).removeprefix('new:')}"
                )
                return ["its deal is not there"] if first is None else self._person(each, first["CONTACT_ID"])
            return self._person(each, each.contact) if isinstance(each.contact, int) else []
        if deal is None:
            return ["no deal was made"]
        wrong = self._cells(each, deal)
        place = (deal["CATEGORY_ID"], deal["STAGE_ID"], deal["ASSIGNED_BY_ID"])
        if place != (each.pipeline, each.stage, each.responsible):
            wrong.append(f"stands at {place}, not {(each.pipeline, each.stage, each.responsible)}")
        wrong += self._person(each, deal["CONTACT_ID"])
        firm = deal["COMPANY_ID"] or 0
        if isinstance(each.company, int) and firm != each.company:
            wrong.append(f"is of firm {firm}, not {each.company}")
        elif isinstance(each.company, str) and each.company:
            wrong += self._firm(each.company, firm)
        person = self.now["crm_3"].get(deal["CONTACT_ID"])
        if each.company and person and isinstance(each.contact, str) and person["COMPANY_ID"] != firm:
            wrong.append(f"{person['ID']} is not linked to firm {firm}")
        return wrong

    def _call(self, each: Expected) -> list[str]:
        call = self.calls.get(f"cc:{self.export.system}:call:{each.id}")
        if not each.settled:
            return [] if call is None else ["was made"]
        if call is None:
            return ["was not made"]
        owners = {
            (row["ENTITY_TYPE_ID"], row["ENTITY_ID"])
            for row in self.now["activity_binding"].values()
            if row["ACTIVITY_ID"] == call["ID"]
        }
        people = [number for kind, number in owners if kind == 3]
        wrong = self._person(each, people[0] if len(people) == 1 else 0)
        if isinstance(each.company, int) and (4, each.company) not in owners:
            wrong.append(f"is not of firm {each.company}")
        if len(json.loads(call["FILES"] or "[]")) != int(each.recorded):
            wrong.append(f"has recordings {call['FILES']}")
        if each.deal:
            marker = f"cc:{self.export.system}:request:{str(each.deal).removeprefix('new:')}"
            if (2, self.deals[marker]["ID"]) not in owners:
                wrong.append(f"is not on deal {marker}")
        return wrong

    def _person(self, each: Expected, card: Any) -> list[str]:
        if not each.contact:
            return [f"is of contact {card}"] if card else []
        if isinstance(each.contact, int):
            if card != each.contact:
                return [f"is of contact {card}, not {each.contact}"]
        else:
            if not card or card in self.before["crm_3"]:
                return [f"is of contact {card}, not of a new one"]
            self.made.setdefault(each.contact, set()).add(card)
        return self._reachable(each, card)

    def _reachable(self, each: Expected, card: int) -> list[str]:
        held = [
            row
            for row in self.now["multifield"].values()
            if (row["ENTITY_TYPE_ID"], row["ELEMENT_ID"]) == (3, card)
        ]
        digits = [
            re.sub(r"\D", "", str(row["VALUE"]).translate(_WIDE)) for row in held if row["TYPE_ID"] == "PHONE"
        ]
        mails = [str(row["VALUE"]).strip().lower() for row in held if row["TYPE_ID"] == "EMAIL"]
        wrong = [
            f"{card} has no {each_} among {digits}"
            for each_ in each.phones
            if not any(each_ in d for d in digits)
        ]
        wrong += [f"{card} has no {mail}" for mail in each.emails if mail not in mails]
        if len(mails) != len(set(mails)) or len(digits) != len({each[-10:] for each in digits}):
            wrong.append(f"{card} has a number or mailbox twice: {digits} {mails}")
        return wrong

    def _firm(self, key: str, firm: int) -> list[str]:
        if not firm or firm in self.before["crm_4"]:
            return [f"is of firm {firm}, not of a new one"]
        self.made.setdefault(key, set()).add(firm)
        inns = [
            f"{row['RQ_INN']}/{row['RQ_KPP']}" if "/" in key else row["RQ_INN"]
            for row in self.now["requisite"].values()
            if (row["ENTITY_TYPE_ID"], row["ENTITY_ID"]) == (4, firm)
        ]
        return [] if inns == [key.removeprefix("new:")] else [f"firm {firm} has requisites {inns}"]

    def _cells(self, each: Expected, deal: Mapping[str, Any]) -> list[str]:
        return [
            f"{name} is {deal[name]!r}, not {value!r}"
            for name, value in each.holds.items()
            if deal[name] != value
        ]

    def _numbers(self) -> None:
        """As many cards were made as there are new clients, and no deal nobody asked for."""
        for key, cards in self.made.items():
            if len(cards) != 1:
                self.wrong.append(f"{key} has cards {sorted(cards)}")
        wanted = {
            "crm_3": {
                each.contact for each in self.export.truth if isinstance(each.contact, str) and each.contact
            },
            "crm_4": {
                each.company for each in self.export.truth if isinstance(each.company, str) and each.company
            },
        }
        for table, keys in wanted.items():
            made = self.now[table].keys() - self.before[table].keys()
            if len(made) != len(keys):
                self.wrong.append(f"{table}: {len(made)} made, {len(keys)} wanted")
        free = {f"cc:{self.export.system}:request:{each.id}" for each in self.export.truth if each.among}
        asked = {
            f"cc:{self.export.system}:request:{each.id}"
            for each in self.export.truth
            if each.deal == f"new:{each.id}"
        }
        fresh = {
            self.now["crm_2"][each]["ORIGIN_ID"]
            for each in self.now["crm_2"].keys() - self.before["crm_2"].keys()
        }
        if fresh - free != asked:
            self.wrong.append(f"deals {sorted(map(str, (fresh - free) ^ asked))} are too many or too few")

    def _history(self) -> None:
        """The comments of each deal tell its changes, once and in order."""
        texts: dict[int, list[str]] = {}
        owner = {
            row["OWNER_ID"]: row["ENTITY_ID"]
            for row in self.now["timeline_binding"].values()
            if row["ENTITY_TYPE_ID"] == 2
        }
        for number, row in sorted(self.now["timeline_entry"].items()):
            if number in owner and "→" in str(row):
                texts.setdefault(owner[number], []).append(str(row))
        wanted: dict[int, list[str]] = {}
        for row in self.export.history:
            told_of = str(self.export.expected("request", row["request"]).deal).removeprefix("new:")
            made = self.deals.get(f"cc:{self.export.system}:request:{told_of}")
            if made is None:
                continue  # told above
            deal = made["ID"]
            wanted.setdefault(deal, []).append(f"{row['before']} → {row['after']}")
        for deal, changes in wanted.items():
            told = texts.pop(deal, [])
            if len(told) != len(changes) or not all(
                one in other for one, other in zip(changes, told, strict=True)
            ):
                self.wrong.append(f"deal {deal} tells {told}, not {changes}")
        if texts:
            self.wrong.append(f"told too much: {texts}")


_WIDE = str.maketrans("０１２３４５６７８９", "0123456789")
