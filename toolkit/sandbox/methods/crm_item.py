"""`crm.item.*`: the universal door to leads, deals, contacts, companies, quotes, invoices, smart processes.

Source: api-reference/crm/universal/*.md and import/*.md, read 2026-11-22.
"""

from __future__ import annotations

from typing import Any

from ..call import PAGE, Call, Page, start_of
from ..registry import method
from ..state.fields import Field, Kind
from ..state.filters import Special, compile_filter, compile_order
from ..state.records import PRIMARY_COLUMN
from ..switches import declare
from ..wire import php
from ..wire.dialect import universal_draft, universal_names, universal_rows
from ..wire.errors import RestError, access_denied, not_found

_DOCS = "api-reference/crm/universal/crm-item-"
_IMPORT_DOCS = "api-reference/crm/universal/import/crm-item-"
IMPORT_MAX = 20
_SYSTEM_TIMES = ("createdTime", "updatedTime", "movedTime", "createdBy", "updatedBy", "movedBy")


UPPER_NAMES = declare(
    "universal_list_takes_upper_names",
    True,
    (True, False),
    "The page lists camelCase names only and calls filters strict, but fast_bitrix24 orders every list by ID"
    " and reads crm.item.list of live portals that way (its issue 196 tells of crm.type.list alone).",
    _DOCS + "list.md",
)


def kind_of(call: Call) -> Kind:
    """The kind named by `entityTypeId`.

    Raises:
        RestError: 100 when absent, NOT_FOUND or ENTITY_TYPE_NOT_SUPPORTED when there is none.
    """
    entity_type_id = call.int_arg("entityTypeId")
    kind = call.portal.schema.kind(entity_type_id)
    if kind is None:
        code = call.portal.switches["bad_entity_type_code"]
        if entity_type_id == 5 or code == "ENTITY_TYPE_NOT_SUPPORTED":
            raise RestError("ENTITY_TYPE_NOT_SUPPORTED", f"Entity type {entity_type_id} is not supported")
        raise not_found("SPA not found")
    return kind


def original_names(call: Call) -> bool:
    """Whether `useOriginalUfNames` asks for `UF_CRM_...`."""
    return str(call.params.get("useOriginalUfNames", "N")).upper() in ("Y", "1", "TRUE")


@method(
    "crm.item.fields",
    scope="crm",
    docs=_DOCS + "fields.md",
    not_emulated="titles are field codes, not translated words",
)
def fields(call: Call) -> Any:
    """Describe the fields of a kind."""
    kind, original = kind_of(call), original_names(call)
    described = {}
    for name, each in universal_names(kind, original=original).items():
        if each.name in (
            "phone",
            "email",
            "imol",
            "phoneWork",
            "phoneMobile",
            "phoneMailing",
            "emailHome",
            "emailWork",
            "emailMailing",
        ):
            continue
        described[name] = describe(call, kind, each)
    if kind.has_phones:
        described["fm"] = {
            "type": "crm_multifield",
            "isRequired": False,
            "isReadOnly": False,
            "isImmutable": False,
            "isMultiple": True,
            "isDynamic": False,
            "title": "FM",
            "upperName": "FM",
        }
    return {"fields": described}


def describe(call: Call, kind: Kind, each: Field) -> dict[str, Any]:
    """One field as `crm.item.fields` shows it."""
    shown: dict[str, Any] = {
        "type": each.type,
        "isRequired": each.required,
        "isReadOnly": each.read_only,
        "isImmutable": each.immutable,
        "isMultiple": each.multiple,
        "isDynamic": each.dynamic,
        "title": each.title,
        "upperName": each.column,
    }
    if each.name in ("stageId", "previousStageId"):
        category = call.portal.default_category(kind.entity_type_id)
        shown["statusType"] = call.portal.stage_entity(kind, category)
    elif each.status_type:
        honorific = call.portal.switches["honorific_dictionary"]
        shown["statusType"] = honorific if each.status_type == "HONORIFIC" else each.status_type
    if each.settings:
        shown["settings"] = each.settings
    if each.type == "enumeration" and each.dynamic:
        row = call.store.first("user_field", ENTITY_ID=kind.uf_entity, FIELD_NAME=each.column)
        options = call.store.find("user_field_option", FIELD_ID=row["ID"]) if row else []
        shown["items"] = [{"ID": str(option["ID"]), "VALUE": option["VALUE"]} for option in options]
    if each.name == "contactId" and kind.entity_type_id != 3:
        shown["isDeprecated"] = True
    return shown


@method("crm.item.get", scope="crm", docs=_DOCS + "get.md")
def get(call: Call) -> Any:
    """One record, whole."""
    kind = kind_of(call)
    row = call.portal.records.readable(kind, call.int_arg("id"), call.caller)
    return {"item": _shown(call, kind, row)}


def _shown(call: Call, kind: Kind, row: dict[str, Any]) -> dict[str, Any]:
    return universal_rows(call.portal, kind, [row], None, original=original_names(call), caller=call.caller)[
        0
    ]


@method("crm.item.list", scope="crm", docs=_DOCS + "list.md")
def list_(call: Call) -> Page:
    """A page of records."""
    kind, original = kind_of(call), original_names(call)
    names = universal_names(kind, original=original)
    specials = link_filters(kind, fm=True)
    if call.portal.switches[UPPER_NAMES]:
        specials |= {names[name].column: each for name, each in specials.items() if name in names}
        names = {each.column: each for each in names.values()} | names
    condition = compile_filter(
        call.params.get("filter") or {}, names, call.portal.zone, strict=True, specials=specials
    )
    default = (
        "ID ASC" if call.portal.switches["default_list_order"] == "id_asc" else "UPDATED_TIME DESC, ID DESC"
    )
    order = compile_order(call.params.get("order") or {}, names, strict=True, default=default)
    rows, total, start = page_of(call, kind, condition.sql, condition.args, order)
    items = universal_rows(
        call.portal, kind, rows, call.params.get("select"), original=original, caller=call.caller
    )
    return Page.of({"items": items}, len(items), total, start)


def page_of(
    call: Call, kind: Kind, where: str, args: list[Any], order: str
) -> tuple[list[Any], int | None, int]:
    """Rows of one page the caller may read, the total (None under `start=-1`), and the offset."""
    rights, rights_args = call.portal.records.rights_clause(call.caller, "READ")
    start = start_of(call.get("start", 0))
    counted = f"SELECT COUNT(*) FROM {kind.table} WHERE {where}"
    total: int | None = None
    if start >= 0:
        if call.portal.switches["total_counts_unreadable"]:
            total = call.store.value(counted, args)
        else:
            total = call.store.value(f"{counted} AND {rights}", [*args, *rights_args])
    rows = call.store.rows(
        f"SELECT * FROM {kind.table} WHERE {where} AND {rights} ORDER BY {order} LIMIT {PAGE} OFFSET ?",
        [*args, *rights_args, max(0, start)],
    )
    return rows, total, start


def link_filters(kind: Kind, *, fm: bool = False) -> dict[str, Special]:
    """Filters on what is no column: linked contacts and companies, and (`fm`) the phone aliases."""
    specials: dict[str, Special] = {}
    for name, linked in (("contactIds", 3), ("companyIds", 4)):
        if name in kind.fields and kind.entity_type_id != 4:
            specials[name] = _by_link(kind, linked)
    if kind.entity_type_id == 3:
        specials["companyId"] = _by_link(kind, 4)
    elif "contactId" in kind.fields:
        specials["contactId"] = _by_link(kind, 3)
    if fm and kind.has_phones:
        specials["phone"] = by_phone(kind, "PHONE")
        specials["email"] = by_phone(kind, "EMAIL")
    return specials


def _by_link(kind: Kind, linked_type: int) -> Special:
    def condition(operator: str, wanted: list[Any]) -> tuple[str, list[Any]]:
        ids = [php.whole(each) for each in wanted]
        if operator in (">", "<", ">=", "<="):
            return f"{PRIMARY_COLUMN[linked_type]} {operator} ?", ids[:1] or [0]
        if not ids or ids == [0]:
            return f"COALESCE({PRIMARY_COLUMN[linked_type]}, 0) = 0", []
        marks = ", ".join("?" for _ in ids)
        sql = (
            f"ID IN (SELECT OWNER_ID FROM binding WHERE OWNER_TYPE_ID = {kind.entity_type_id}"
            f" AND LINKED_TYPE_ID = {linked_type} AND LINKED_ID IN ({marks}))"
        )
        return sql, ids

    return condition


def by_phone(kind: Kind, type_id: str) -> Special:
    """Filter on a phone or e-mail: exact, in the stored spelling."""

    def condition(_operator: str, wanted: list[Any]) -> tuple[str, list[Any]]:
        marks = ", ".join("?" for _ in wanted) or "NULL"
        # the plus keeps SQLite from reading all phones of a type: the index on the value finds one at once
        sql = (
            f"ID IN (SELECT ELEMENT_ID FROM multifield WHERE +ENTITY_TYPE_ID = {kind.entity_type_id}"
            f" AND TYPE_ID = '{type_id}' AND VALUE IN ({marks}))"
        )
        return sql, [str(each) for each in wanted]

    return condition


@method("crm.item.add", scope="crm", docs=_DOCS + "add.md")
def add(call: Call) -> Any:
    """Create a record; automation runs."""
    kind = kind_of(call)
    if kind.is_dynamic and not call.portal.plan_allows("smart_processes"):
        raise RestError(
            "CREATE_DYNAMIC_ITEM_RESTRICTED", "You cannot create a new item due to your plan restrictions"
        )
    draft = universal_draft(
        call.portal, kind, call.map_arg("fields"), original=original_names(call), adding=True
    )
    id_ = call.portal.records.add(kind, draft, call.caller)
    return {"item": _shown(call, kind, call.portal.records.get(kind, id_) or {})}


@method("crm.item.update", scope="crm", docs=_DOCS + "update.md")
def update(call: Call) -> Any:
    """Change a record; automation runs unless nothing differed."""
    kind, id_ = kind_of(call), call.int_arg("id")
    if kind.is_dynamic and not call.portal.plan_allows("smart_processes"):
        raise RestError(
            "UPDATE_DYNAMIC_ITEM_RESTRICTED", "You cannot change the item due to your plan restrictions"
        )
    draft = universal_draft(
        call.portal, kind, call.map_arg("fields"), original=original_names(call), adding=False
    )
    call.portal.records.update(kind, id_, draft, call.caller)
    return {"item": _shown(call, kind, call.portal.records.get(kind, id_) or {})}


@method("crm.item.delete", scope="crm", docs=_DOCS + "delete.md", not_emulated="recycle bin")
def delete(call: Call) -> Any:
    """Delete a record; success is an empty array."""
    call.portal.records.delete(kind_of(call), call.int_arg("id"), call.caller)
    return []


@method("crm.item.import", scope="crm", docs=_IMPORT_DOCS + "import.md")
def import_(call: Call) -> Any:
    """Create a record without automation; an administrator may set its system times."""
    kind = kind_of(call)
    return {"item": {"id": import_one(call, kind, call.map_arg("fields"))}}


@method("crm.item.batchImport", scope="crm", docs=_IMPORT_DOCS + "batch-import.md")
def batch_import(call: Call) -> Any:
    """Import up to twenty records; each row answers for itself, in order."""
    kind = kind_of(call)
    rows = php.values(call.arg("data"))
    if len(rows) > IMPORT_MAX:
        raise RestError("MAX_IMPORT_BATCH_SIZE_EXCEEDED", f"Maximum batch size is {IMPORT_MAX}")
    answers: list[dict[str, Any]] = []
    for row in rows:
        call.store.db.execute("SAVEPOINT one_row")
        try:
            answers.append({"item": {"id": import_one(call, kind, row if isinstance(row, dict) else {})}})
        except RestError as failed:
            call.store.db.execute("ROLLBACK TO one_row")
            answers.append(failed.envelope())
        finally:
            call.store.db.execute("RELEASE one_row")
    return {"items": answers}


def import_one(call: Call, kind: Kind, fields_: dict[str, Any]) -> int:
    """Create one imported record; returns its id.

    Raises:
        RestError: CRM_FIELD_ERROR_VALUE_NOT_VALID for times out of their order, ACCESS_DENIED.
    """
    if not call.caller.is_admin and call.caller.user.get("CRM_WRITE") != "X":
        raise access_denied()
    if any(name in fields_ for name in _SYSTEM_TIMES) and not call.caller.is_admin:
        raise RestError("CRM_FIELD_ERROR_VALUE_NOT_VALID", "Only an administrator may set system fields")
    draft = universal_draft(
        call.portal, kind, fields_, original=original_names(call), adding=True, importing=True
    )
    _check_times(call, kind, draft.columns)
    return call.portal.records.add(kind, draft, call.caller, imported=True)


def _check_times(call: Call, kind: Kind, columns: dict[str, Any]) -> None:
    """createdTime and updatedTime lie in the past, updatedTime not before createdTime, movedTime between;
    nothing may be older than what exists already."""
    now = int(call.now)
    created = columns.get("CREATED_TIME") or now
    updated = columns.get("UPDATED_TIME") or created
    moved = columns.get("MOVED_TIME")
    latest = call.store.value(f"SELECT CREATED_TIME FROM {kind.table} ORDER BY ID DESC LIMIT 1")
    problem = ""
    if created > now or updated > now:
        problem = "'createdTime' and 'updatedTime' cannot be in the future"
    elif updated < created:
        problem = "'updatedTime' cannot be less than 'createdTime'"
    elif moved is not None and not created <= moved <= max(updated, created):
        problem = "'movedTime' must lie between 'createdTime' and 'updatedTime'"
    elif "CREATED_TIME" in columns and latest is not None and created < latest:
        problem = "'createdTime' cannot be less than that of items already created"
    if problem:
        raise RestError("CRM_FIELD_ERROR_VALUE_NOT_VALID", f"Invalid value: {problem}")
    if "CREATED_TIME" in columns:
        columns.setdefault("UPDATED_TIME", created)
