"""`crm.automatedsolution.*`: workplaces that gather smart processes.

Source: api-reference/crm/automated-solution/crm-automated-solution-{add,update,get,list,delete,fields}.md,
read 2026-11-22.
"""

from __future__ import annotations

from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.listing import list_rows
from ..state.store import TABLES, declare_table
from ..wire import php
from ..wire.errors import RestError, not_found

_DOCS = "api-reference/crm/automated-solution/crm-automated-solution-"
# A workplace and the section it is in the menu are numbered apart on the portal.
SECTION_OFFSET = 1000

declare_table("automated_solution", "TITLE", "SECTION_ID int")


@method("crm.automatedsolution.fields", scope="crm", docs=_DOCS + "fields.md")
def fields(call: Call) -> Any:
    """Describe the fields of a workplace."""
    call.require_admin()
    rows = (
        ("id", "integer", "ID"),
        ("title", "string", "TITLE"),
        ("typeIds", "crm_dynamic_type", "TYPE_IDS"),
    )
    return {
        name: {
            "type": type_,
            "isRequired": name == "title",
            "isReadOnly": name == "id",
            "isImmutable": False,
            "isMultiple": name == "typeIds",
            "isDynamic": False,
            "title": upper,
            "upperName": upper,
        }
        for name, type_, upper in rows
    }


@method("crm.automatedsolution.list", scope="crm", docs=_DOCS + "list.md")
def list_(call: Call) -> Page:
    """A page of workplaces."""
    call.require_admin()
    columns = TABLES["automated_solution"].fields
    rows, total, start = list_rows(
        call,
        "automated_solution",
        filter_=call.params.get("filter"),
        order=call.params.get("order"),
        strict=True,
        fields={"id": columns["ID"], "title": columns["TITLE"]},
    )
    return Page.of({"automatedSolutions": [_shown(call, row) for row in rows]}, len(rows), total, start)


@method("crm.automatedsolution.get", scope="crm", docs=_DOCS + "get.md")
def get(call: Call) -> Any:
    """One workplace."""
    call.require_admin()
    return {"automatedSolution": _shown(call, _existing(call))}


@method(
    "crm.automatedsolution.add", scope="crm", docs=_DOCS + "add.md", not_emulated="numbers set by the plan"
)
def add(call: Call) -> Any:
    """Make a workplace; smart processes move into it from wherever they were."""
    call.require_admin()
    given = call.map_arg("fields")
    if not call.portal.plan_allows("automated_solutions"):
        raise RestError("LIMIT_EXCEEDED", "The number of available digital workspaces has been exceeded")
    title = _title(given.get("title"))
    id_ = call.store.insert("automated_solution", {"TITLE": title})
    call.store.update("automated_solution", id_, {"SECTION_ID": SECTION_OFFSET + id_})
    if "typeIds" in given:
        _bind(call, SECTION_OFFSET + id_, given["typeIds"])
    return {"automatedSolution": _shown(call, call.store.get("automated_solution", id_) or {})}


@method("crm.automatedsolution.update", scope="crm", docs=_DOCS + "update.md")
def update(call: Call) -> Any:
    """Change a workplace; `typeIds` is replaced whole, `[]` empties it."""
    call.require_admin()
    row = _existing(call)
    given = call.map_arg("fields")
    if "title" in given:
        call.store.update("automated_solution", row["ID"], {"TITLE": _title(given["title"])})
    if "typeIds" in given:
        _bind(call, row["SECTION_ID"], given["typeIds"])
    return {"automatedSolution": _shown(call, call.store.get("automated_solution", row["ID"]) or {})}


@method("crm.automatedsolution.delete", scope="crm", docs=_DOCS + "delete.md")
def delete(call: Call) -> None:
    """Remove an empty workplace; success is null."""
    call.require_admin()
    row = _existing(call)
    if _type_ids(call, row["SECTION_ID"]):
        raise RestError(
            "HAS_BOUND_TYPES", "Cannot delete the workplace that has SPAs. Move them to another workplace"
        )
    call.store.delete("automated_solution", row["ID"])


def _existing(call: Call) -> dict[str, Any]:
    row = call.store.get("automated_solution", call.int_arg("id"))
    if row is None:
        raise not_found("Digital workplace with such id not found")
    return row


def _title(given: Any) -> str:
    title = str(given or "").strip()
    if not title:
        raise RestError("BX_EMPTY_REQUIRED", "The required field 'Title' is not filled")
    return title


def _type_ids(call: Call, section: int) -> list[int]:
    return [row["ID"] for row in call.store.find("dynamic_type", CUSTOM_SECTION_ID=section)]


def _shown(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    return {"id": row["ID"], "title": row["TITLE"], "typeIds": _type_ids(call, row["SECTION_ID"])}


def _bind(call: Call, section: int, given: Any) -> None:
    wanted = [each for each in map(php.whole, php.values(given)) if each]
    call.store.db.execute(
        "UPDATE dynamic_type SET CUSTOM_SECTION_ID = NULL WHERE CUSTOM_SECTION_ID = ?", [section]
    )
    for type_id in wanted:
        call.store.update("dynamic_type", type_id, {"CUSTOM_SECTION_ID": section})
