"""`bizproc.workflow.start` and the list of templates.

What was started stands in `bizproc_workflow`; what a template does is not played.

Source: api-reference/bizproc/bizproc-workflow-start.md,
api-reference/bizproc/template/bizproc-workflow-template-list.md, read 2026-11-22.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.listing import list_rows
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
    "DOCUMENT_ID json",
    "PARAMETERS json",
    "STARTED time",
    "STARTED_BY int",
)


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
    shown = [{name: _shown(call, row, name) for name in names} for row in rows]
    return Page.of(shown, len(shown), total, start)


def _shown(call: Call, row: dict[str, Any], name: str) -> Any:
    value, storage = row[name], TABLES["bizproc_template"].fields[name].storage
    if storage == "json":
        return json.loads(value) if value else []
    if value is None:
        return None
    return call.portal.zone.moment(value) if storage == "time" else str(value)


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
            "DOCUMENT_ID": json.dumps(document),
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
