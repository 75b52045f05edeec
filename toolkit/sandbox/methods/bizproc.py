"""`bizproc.workflow.start`, what is running, and the list of templates.

What was started stands in `bizproc_workflow` and goes on for ever, unless its document is deleted or merged
away; what a template does is not played.

Source: api-reference/bizproc/bizproc-workflow-start.md, api-reference/bizproc/bizproc-workflow-instances.md,
api-reference/bizproc/template/bizproc-workflow-template-list.md, read 2026-11-22.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from ..call import Call, Page
from ..portal import FAMILY_LISTENERS, Sandbox
from ..registry import method
from ..state.listing import list_rows
from ..state.records import Change
from ..state.store import TABLES, Column, declare_table
from ..wire import php
from ..wire.errors import RestError

_DYNAMIC = "Bitrix\\Crm\\Integration\\BizProc\\Document\\"
# Class of the document -> kind of record; DYNAMIC stands for every smart process.
_CRM_DOCUMENTS = {
    "CCrmDocumentLead": "LEAD",
    "CCrmDocumentDeal": "DEAL",
    "CCrmDocumentContact": "CONTACT",
    "CCrmDocumentCompany": "COMPANY",
    f"{_DYNAMIC}Quote": "QUOTE",
    f"{_DYNAMIC}SmartInvoice": "SMART_INVOICE",
    f"{_DYNAMIC}Dynamic": "DYNAMIC",
}
_LIST_DOCUMENTS = ("BizprocDocument", "Bitrix\\Lists\\BizprocDocumentLists")

declare_table(
    "bizproc_template",
    "MODULE_ID",
    "ENTITY",
    "DOCUMENT_TYPE",
    Column("AUTO_EXECUTE", "int", 0),
    "NAME",
    "TEMPLATE json",
    "PARAMETERS json",
    "VARIABLES json",
    "CONSTANTS json",
    "MODIFIED time",
    Column("IS_MODIFIED", "flag", "Y"),
    "USER_ID int",
    "SYSTEM_CODE",
)
declare_table(
    "bizproc_workflow",
    "WORKFLOW_ID",
    "TEMPLATE_ID int",
    "MODULE_ID",
    "ENTITY",
    "DOCUMENT_ID",
    "PARAMETERS json",
    "MODIFIED time",
    "OWNED_UNTIL time",
    "STARTED time",
    "STARTED_BY int",
    indexes=[("DOCUMENT_ID",)],
)

# Names on the wire -> columns.
_RUNNING = {
    "ID": "WORKFLOW_ID",
    **{
        name: name
        for name in (
            "MODIFIED", "OWNED_UNTIL", "MODULE_ID", "ENTITY", "DOCUMENT_ID", "STARTED", "STARTED_BY", "TEMPLATE_ID"
        )
    },
}  # fmt: skip


def _require_admin(call: Call) -> None:
    if not call.caller.is_admin:
        raise RestError("ACCESS_DENIED", "Access denied!", 403)


@method(
    "bizproc.workflow.template.list",
    scope="bizproc",
    docs="api-reference/bizproc/template/bizproc-workflow-template-list.md",
)
def template_list(call: Call) -> Page:
    """A page of templates; only their ids unless more is selected."""
    _require_admin(call)
    rows, total, start = list_rows(
        call,
        "bizproc_template",
        filter_={name.upper(): value for name, value in php.items(call.get("FILTER"))},
        order={name.upper(): way for name, way in php.items(call.get("ORDER"))},
    )
    fields = TABLES["bizproc_template"].fields
    select = [str(each).upper() for each in php.values(call.get("SELECT"))] or ["ID"]
    names = [name for name in fields if "*" in select or name in select]
    shown = [{name: _shown(call, "bizproc_template", row, name) for name in names} for row in rows]
    return Page.of(shown, len(shown), total, start)


def _shown(call: Call, table: str, row: dict[str, Any], name: str) -> Any:
    value, storage = row[name], TABLES[table].fields[name].storage
    if storage == "json":
        return json.loads(value) if value else []
    if value is None:
        return None
    return call.portal.zone.moment(value) if storage == "time" else str(value)


@method(
    "bizproc.workflow.instances", scope="bizproc", docs="api-reference/bizproc/bizproc-workflow-instances.md"
)
@method(
    "bizproc.workflow.instance.list",
    scope="bizproc",
    docs="api-reference/bizproc/bizproc-workflow-instances.md",
)
def running(call: Call) -> Page:
    """A page of what is running; id, last change and lock unless more is selected."""
    _require_admin(call)
    columns = TABLES["bizproc_workflow"].fields
    fields = {wire: replace(columns[column], name=wire) for wire, column in _RUNNING.items()}
    rows, total, start = list_rows(
        call,
        "bizproc_workflow",
        filter_={_upper(name): value for name, value in php.items(call.get("FILTER"))},
        order={_upper(name): way for name, way in php.items(call.get("ORDER"))} or {"MODIFIED": "desc"},
        fields=fields,
    )
    asked = [str(each).upper() for each in php.values(call.get("SELECT"))] or [
        "ID",
        "MODIFIED",
        "OWNED_UNTIL",
    ]
    shown = [
        {name: _shown(call, "bizproc_workflow", row, _RUNNING[name]) for name in _RUNNING if name in asked}
        for row in rows
    ]
    return Page.of(shown, len(shown), total, start)


def _upper(name: Any) -> str:
    return str(name).upper()


def _end(portal: Sandbox, change: Change) -> None:
    """Nothing runs on a record that is gone."""
    if change.action == "delete":
        portal.store.db.execute(
            "DELETE FROM bizproc_workflow WHERE MODULE_ID = 'crm' AND DOCUMENT_ID = ?",
            [f"{change.kind.name}_{change.id}"],
        )


FAMILY_LISTENERS.append(_end)


@method(
    "bizproc.workflow.start",
    scope="bizproc",
    docs="api-reference/bizproc/bizproc-workflow-start.md",
    not_emulated="what the template does",
)
def start(call: Call) -> str:
    """Start a template on a document; the id of the workflow."""
    _require_admin(call)
    given = str(call.get("TEMPLATE_ID") or "")
    if not given or given == "0":
        raise RestError("ERROR_WRONG_WORKFLOW_ID", "Empty TEMPLATE_ID")
    template = call.store.get("bizproc_template", php.whole(given))
    if template is None:
        raise RestError("ERROR_WRONG_WORKFLOW_ID", "Template not found")
    document = [str(each) for each in php.values(call.get("DOCUMENT_ID"))]
    if len(document) != 3 or not all(document):
        raise RestError("", "Wrong DOCUMENT_ID!")
    if (template["MODULE_ID"], template["ENTITY"], template["DOCUMENT_TYPE"]) != (
        document[0],
        document[1],
        _document_type(call, *document),
    ):
        raise RestError("", "Template type and DOCUMENT_ID mismatch!")
    now = call.now
    number = int(call.store.value("SELECT COUNT(*) FROM bizproc_workflow")) + 1
    workflow = f"{int(now):x}{int(now % 1 * 1e6) & 0xFFFFF:05x}f.{number:08d}"
    call.store.insert(
        "bizproc_workflow",
        {
            "WORKFLOW_ID": workflow,
            "TEMPLATE_ID": template["ID"],
            "MODULE_ID": document[0],
            "ENTITY": document[1],
            "DOCUMENT_ID": document[2],
            "MODIFIED": int(now),
            "PARAMETERS": json.dumps(dict(php.items(call.get("PARAMETERS"))), ensure_ascii=False),
            "STARTED": int(now),
            "STARTED_BY": call.user_id,
        },
    )
    return workflow


def _document_type(call: Call, module: str, entity: str, document_id: str) -> str:
    """The type a document is of: DEAL, DYNAMIC_147, iblock_47, STORAGE_1.

    Raises:
        RestError: there is no such type, or no such document.
    """
    if module == "crm" and entity in _CRM_DOCUMENTS:
        match = re.fullmatch(r"([A-Z_]+(?:_\d+)?)_(\d+)", document_id)
        kind = call.portal.schema.by_name(match.group(1)) if match else None
        named = "DYNAMIC" if kind and kind.is_dynamic else kind.name if kind else ""
        if match is None or kind is None or named != _CRM_DOCUMENTS[entity]:
            raise RestError("", "Incorrect document type!")
        if call.portal.records.get(kind, php.whole(match.group(2))) is None:
            raise RestError("", "Wrong DOCUMENT_ID!")
        return kind.name
    if module == "lists" and entity in _LIST_DOCUMENTS and php.whole(document_id):
        element = call.store.get("iblock_element", php.whole(document_id))
        if element is None:
            raise RestError("", "Wrong DOCUMENT_ID!")
        return f"iblock_{element['IBLOCK_ID']}"
    raise RestError("", "Incorrect document type!")
