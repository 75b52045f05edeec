"""What a portal's records may say: sources, stages, types, pipelines, departments, people, custom lists."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from toolkit.client import Command, Portal
from toolkit.errors import ParameterError, StorageError
from toolkit.records import entity
from toolkit.runs.folder import portal_folder
from toolkit.workflow.workspace import Workspace, connect

__all__ = ["DICTIONARIES", "Dictionaries", "dictionaries"]

DICTIONARIES = ("sources", "stages", "types", "pipelines", "departments", "users", "enumerations")
"""What there is, by name."""

_TYPES = {"CONTACT_TYPE": "contact", "COMPANY_TYPE": "company", "DEAL_TYPE": "deal"}
_CARDS = ("lead", "deal", "contact", "company")


@dataclass(frozen=True)
class Dictionaries:
    """The dictionaries of a portal, and how old they are.

    Args:
        portal: host name.
        read_at: when they were read, ISO 8601, UTC.
        age_s: how long ago that was when they were asked for, seconds.
        entries: name to its entries; see `table`.
    """

    portal: str
    read_at: str
    age_s: float
    entries: dict[str, list[dict[str, Any]]] = field(repr=False)

    def table(self, name: str) -> pd.DataFrame:
        """One dictionary, one row per entry.

        Args:
            name: `sources` (id, name), `stages` (id, name, pipeline, semantics: "" while open, S won, F lost),
                `types` (entity, id, name), `pipelines` (id, name, is_default), `departments` (id, name, parent, head),
                `users` (id, name, active, departments), `enumerations` (entity, field, title, id, value).

        Raises:
            ParameterError: there is no such dictionary.
        """
        if name not in self.entries:
            known = ", ".join(DICTIONARIES)
            raise ParameterError("dictionaries", "name", name, "is not known", f"Choose one of: {known}.")
        return pd.DataFrame(self.entries[name])


def dictionaries(work: Workspace, *, at_most_s: float = 3600.0, afresh: bool = False) -> Dictionaries:
    """All dictionaries in one call; kept on this machine for a while, by portal.

    Args:
        work: where.
        at_most_s: how old what is kept may be, seconds.
        afresh: ask the portal whatever is kept.

    Raises:
        PortalError: the portal could not be asked.
        StorageError: they cannot be kept.

    Source:
        api-reference/crm/status/crm-status-list.md, crm/universal/category/crm-category-list.md,
        crm/universal/crm-item-fields.md, departments/department-get.md, user/user-get.md, read 2026-11-22.
    """
    with connect(work) as portal:
        path = portal_folder(work.root, portal.host) / "dictionaries.json"
        now = work.clock.now()
        kept = None if afresh else _kept(path, now)
        if kept is not None and 0 <= kept.age_s <= at_most_s:
            return kept
        read_at = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
        fresh = Dictionaries(portal.host, read_at, 0.0, _read(portal))
    _keep(path, fresh)
    return fresh


def _read(portal: Portal) -> dict[str, list[dict[str, Any]]]:
    asked = [
        Command("crm.category.list", {"entityTypeId": 2}),
        *(Command("crm.item.fields", {"entityTypeId": entity(name).entity_type_id}) for name in _CARDS),
    ]
    answers = []
    for command, outcome in zip(asked, portal.send(asked), strict=True):
        if outcome.state != "done":
            raise portal.error_of(command.method, outcome)
        answers.append(outcome.result)
    statuses = [each for page in portal.list("crm.status.list") for each in page]
    return {
        "sources": [_status(each) for each in statuses if each["ENTITY_ID"] == "SOURCE"],
        "stages": [
            {
                **_status(each),
                "pipeline": _pipeline(each),
                "semantics": str(each.get("SEMANTICS") or "").strip(),
            }
            for each in statuses
            if str(each["ENTITY_ID"]).startswith("DEAL_STAGE")
        ],
        "types": [
            {"entity": _TYPES[each["ENTITY_ID"]], **_status(each)}
            for each in statuses
            if each["ENTITY_ID"] in _TYPES
        ],
        "pipelines": [
            {"id": int(each["id"]), "name": str(each["name"]), "is_default": each.get("isDefault") == "Y"}
            for each in answers[0]["categories"]
        ],
        "departments": [
            {
                "id": int(each["ID"]),
                "name": str(each["NAME"]),
                "parent": int(each.get("PARENT") or 0),
                "head": int(each.get("UF_HEAD") or 0),
            }
            for page in portal.list("department.get")
            for each in page
        ],
        "users": [
            {
                "id": int(each["ID"]),
                "name": " ".join(filter(None, [each.get("NAME"), each.get("LAST_NAME")])),
                "active": each.get("ACTIVE") is True,
                "departments": [int(number) for number in each.get("UF_DEPARTMENT") or []],
            }
            for page in portal.list("user.get")
            for each in page
        ],
        "enumerations": [
            {
                "entity": name,
                "field": field_name,
                "title": str(told.get("title") or ""),
                "id": str(option["ID"]),
                "value": str(option["VALUE"]),
            }
            for name, answer in zip(_CARDS, answers[1:], strict=True)
            for field_name, told in answer["fields"].items()
            if told.get("type") == "enumeration"
            for option in told.get("items") or []
        ],
    }


def _status(each: dict[str, Any]) -> dict[str, Any]:
    return {"id": str(each["STATUS_ID"]), "name": str(each["NAME"])}


def _pipeline(each: dict[str, Any]) -> int:
    """The pipeline of a stage: `DEAL_STAGE` is the general one, `DEAL_STAGE_3` that of pipeline 3."""
    number = str(each["ENTITY_ID"]).removeprefix("DEAL_STAGE").lstrip("_")
    return int(number) if number.isdigit() else 0


def _kept(path: Path, now: float) -> Dictionaries | None:
    """What is kept; None when there is nothing, or something else."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        age_s = now - datetime.fromisoformat(facts["read_at"]).timestamp()
        if set(facts["entries"]) != set(DICTIONARIES):
            return None
        return Dictionaries(facts["portal"], facts["read_at"], age_s, facts["entries"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _keep(path: Path, fresh: Dictionaries) -> None:
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part.unlink(missing_ok=True)
        with open(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            json.dump(asdict(fresh), file, ensure_ascii=False)
        part.replace(path)
    except OSError as error:
        raise StorageError(
            path, str(error.strerror), "Set B24_SNAPSHOTS to a folder you may write."
        ) from error
