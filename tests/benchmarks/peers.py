"""The same three jobs with each library, as its own README does them; bench_peers.py starts this file.

python tests/benchmarks/peers.py LIBRARY JOB WEBHOOK FOLDER

Prints seconds (without imports) and what was found, as JSON; an error ends it as it would end anybody's
script. The certificate to trust comes in the environment. FOLDER is where a script may keep things.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from b24pysdk import BitrixWebhook
from b24pysdk import Client as SdkClient
from fast_bitrix24 import Bitrix

from toolkit import workflow
from toolkit.client import Portal, SystemClock
from toolkit.records import take_snapshot
from toolkit.runs import (
    ApplyRules,
    Changes,
    Operation,
    OperationParams,
    Plan,
    Read,
    Run,
    RunFacts,
    Tables,
    apply,
    creates,
    facts_of,
)
from toolkit.settings import Settings

CONTACT = 3
LEAVER, SUCCESSOR = 2, 3
FIELDS = ["id", "name", "lastName", "assignedById"]
OF_LEAVER = {"entityTypeId": CONTACT, "select": ["id"], "filter": {"assignedById": LEAVER}}


def cards(count: int) -> list[dict[str, Any]]:
    """The contacts to create: rows of somebody's spreadsheet."""
    return [{"name": f"Imported {number}", "lastName": "Card"} for number in range(count)]


# -- fast_bitrix24: get_all() to read, call() with a list to write ----------------------------------------


def fast_read(webhook: str, _: Path) -> int:
    portal = Bitrix(webhook, verbose=False)
    return len(portal.get_all("crm.item.list", params={"entityTypeId": CONTACT, "select": FIELDS}))


def fast_update(webhook: str, _: Path) -> int:
    portal = Bitrix(webhook, verbose=False)
    found = portal.get_all("crm.item.list", params=dict(OF_LEAVER))
    changes = [
        {"entityTypeId": CONTACT, "id": record["id"], "fields": {"assignedById": SUCCESSOR}}
        for record in found
    ]
    return len(portal.call("crm.item.update", changes)) if changes else 0


def fast_create(webhook: str, _: Path, count: int) -> int:
    portal = Bitrix(webhook, verbose=False)
    rows = [{"entityTypeId": CONTACT, "fields": card} for card in cards(count)]
    return len(portal.call("crm.item.add", rows))


# -- b24pysdk: as_list_fast() to read, call_batches() to write --------------------------------------------


def sdk_client(webhook: str) -> SdkClient:
    parts = urlsplit(webhook)
    token = parts.path.removeprefix("/rest/").strip("/")
    return SdkClient(BitrixWebhook(domain=parts.netloc, webhook_token=token))


def sdk_read(webhook: str, _: Path) -> int:
    request = sdk_client(webhook).crm.item.list(entity_type_id=CONTACT, select=FIELDS)
    return sum(1 for _ in request.as_list_fast().result)


def sdk_update(webhook: str, _: Path) -> int:
    client = sdk_client(webhook)
    found = client.crm.item.list(entity_type_id=CONTACT, select=["id"], filter={"assignedById": LEAVER})
    changes = [
        client.crm.item.update(
            entity_type_id=CONTACT, bitrix_id=record["id"], fields={"assignedById": SUCCESSOR}
        )
        for record in found.as_list_fast().result
    ]
    return len(client.call_batches(changes).result.result) if changes else 0


def sdk_create(webhook: str, _: Path, count: int) -> int:
    client = sdk_client(webhook)
    rows = [client.crm.item.add(entity_type_id=CONTACT, fields=card) for card in cards(count)]
    return len(client.call_batches(rows).result.result)


# -- b24kit: Portal.list() to read, a run to write ---------------------------------------------------------


def kit_settings(webhook: str, folder: Path) -> Settings:
    return Settings.load(
        env_file=None, webhook=webhook, snapshots=folder / "snapshots", state_dir=folder / "state"
    )


def kit_read(webhook: str, folder: Path) -> int:
    with Portal.connect(kit_settings(webhook, folder)) as portal:
        return sum(
            len(page) for page in portal.list("crm.item.list", {"entityTypeId": CONTACT, "select": FIELDS})
        )


def kit_update(webhook: str, folder: Path) -> int:
    """The whole river: snapshot, plan, rehearsal, canary, writing, proof."""
    work = workflow.Workspace(kit_settings(webhook, folder))

    def agree(run: Run) -> None:
        workflow.approve(run, portal=run.facts.portal, count=len(run.plan.active))

    given = {"table": [{"from": str(LEAVER), "to": str(SUCCESSOR)}]}
    run, certificate = workflow.run_all(work, "reassign_by_table", given, agree=agree)
    assert certificate is None or certificate.clean
    return len(run.plan.active)


class AddCards(Operation):
    """A contact for each row of a spreadsheet, known again by the number of its row."""

    name = "add_cards"
    title: ClassVar[Mapping[str, str]] = {"en": "Add contacts", "ru": "Добавить контакты"}
    undo: ClassVar[Mapping[str, str]] = {"en": "everything", "ru": "всё"}

    class Params(OperationParams):
        """How many rows there are."""

        count: int

    def reads(self, params: Params) -> Mapping[str, Read]:
        """What was added before."""
        return {"contact": Read(["id", "originId"], {"originatorId": "b24kit"})}

    def plan(self, tables: Tables, params: Params) -> Changes:
        """The rows that are not there yet."""
        there = set(tables["contact"]["originId"].dropna())
        rows = {
            f"card:{at}": card for at, card in enumerate(cards(params.count)) if f"card:{at}" not in there
        }
        return creates("contact", list(rows.values()), markers=list(rows), reason="a row of the spreadsheet")


def kit_create(webhook: str, folder: Path, count: int) -> int:
    settings, clock, rule = kit_settings(webhook, folder), SystemClock(), AddCards()
    params = rule.parameters({"count": count})
    with Portal.connect(settings, clock=clock) as portal:
        began = [each for each in Run.all(settings.snapshots, clock.now) if each.has_plan]
        if began:
            run = began[0]
        else:
            reads = facts_of(rule.reads(params))
            facts = RunFacts("run", rule.name, params.model_dump(), portal.host, "", "", reads)
            run = Run.create(settings.snapshots, facts, clock.now)
            before = take_snapshot(portal, run.wanted, run.folder / "before", clock=clock)
            run.freeze(Plan.freeze(rule.plan({"contact": before.table("contact")}, params), {}))
        portal.on_request = run.journal.request
        counts = apply(run, portal, clock, ApplyRules(fence_s=settings.fence_s))
        run.close()
    return counts["done"]


READ: Mapping[str, Callable[[str, Path], int]] = {
    "fast_bitrix24": fast_read,
    "b24pysdk": sdk_read,
    "b24kit": kit_read,
}
UPDATE: Mapping[str, Callable[[str, Path], int]] = {
    "fast_bitrix24": fast_update,
    "b24pysdk": sdk_update,
    "b24kit": kit_update,
}
CREATE: Mapping[str, Callable[[str, Path, int], int]] = {
    "fast_bitrix24": fast_create,
    "b24pysdk": sdk_create,
    "b24kit": kit_create,
}


def main(library: str, job: str, webhook: str, folder: str) -> None:
    """Do one job and say how long it took."""
    began = time.perf_counter()
    if job == "read":
        found = READ[library](webhook, Path(folder))
    elif job == "update":
        found = UPDATE[library](webhook, Path(folder))
    else:
        found = CREATE[library](webhook, Path(folder), int(job.removeprefix("create")))
    print(json.dumps({"found": found, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main(*sys.argv[1:])
