"""`crm.lead|deal|contact|company|quote.*`: the older door to CRM records. Upper-case names, strings, loose.

Five kinds share six methods; what differs from page to page stands in `_PAGES`.

Source: api-reference/crm/{leads,deals,contacts,companies,quote}/crm-*-{fields,add,update,get,list,delete}.md,
read 2026-11-22.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.fields import Field, Kind
from ..state.filters import Special, compile_filter, compile_order
from ..state.records import FM_TYPES, Draft
from ..switches import declare
from ..wire import php
from ..wire.dialect import legacy_draft, legacy_rows
from ..wire.errors import RestError
from .crm_item import by_phone, link_filters, page_of

__all__ = ["described", "legacy_error", "legacy_id"]


@dataclass(frozen=True)
class _Pages:
    """How one kind's pages word what the others word differently."""

    entity_type_id: int
    noun: str
    docs: str
    update_missing: RestError
    delete_missing: RestError
    imports: bool = False


_NOT_FOUND = ("", "Not found")
_ELEMENT = ("ERROR_CORE", "Element not found")
_PAGES = (
    _Pages(1, "lead", "leads/crm-lead", RestError(*_NOT_FOUND), RestError(*_NOT_FOUND)),
    _Pages(2, "deal", "deals/crm-deal", RestError(*_NOT_FOUND), RestError(*_NOT_FOUND)),
    _Pages(
        3,
        "contact",
        "contacts/crm-contact",
        RestError("", "Contact is not found"),
        RestError(*_ELEMENT),
        imports=True,
    ),
    _Pages(
        4,
        "company",
        "companies/crm-company",
        RestError("", "Company is not found"),
        RestError("", "Company is not found"),
        imports=True,
    ),
    _Pages(7, "quote", "quote/crm-quote", RestError("", "Quote is not found"), RestError(*_ELEMENT)),
)

FAILED_CHECK_CODE = declare(
    "legacy_failed_check_code",
    "ERROR_CORE",
    ("ERROR_CORE", ""),
    "The pages give ERROR_CORE for an invalid e-mail; for an empty required field they are silent.",
    "api-reference/crm/contacts/crm-contact-add.md",
)
LIST_BOOLEANS = declare(
    "legacy_list_uf_boolean",
    "leads",
    ("leads", "all", "none"),
    "The lead list shows user fields of type boolean as true and false; other pages have no sample.",
    "api-reference/crm/leads/crm-lead-list.md",
)
LIKE_ON_REFERENCES = declare(
    "legacy_like_on_references",
    "ignored",
    ("ignored", "no_rows"),
    "The pages say LIKE does not work on crm_status, crm_contact and crm_company, not what happens instead.",
    "api-reference/crm/contacts/crm-contact-list.md",
)
CLIENT_FILTER = declare(
    "legacy_client_filter",
    "primary",
    ("primary", "any_link"),
    "CONTACT_IDS is refused as a filter; whether CONTACT_ID finds further contacts too is not said.",
    "api-reference/crm/deals/crm-deal-list.md",
)

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$")
_EMAIL_LABELS = {"WORK": "Work e-mail", "HOME": "Private e-mail", "MAILING": "E-mail for newsletters"}
_NUMBER = re.compile(r"\s*(\d{1,18})")
# Names whose legacy description differs from the universal one.
_CHARS = ("boolean",)
_REQUIRED = {3: ("NAME", "SECOND_NAME", "LAST_NAME"), 4: ("TITLE",), 7: ("TITLE",)}
_READ_ONLY = {2: ("QUOTE_ID",), 7: ("QUOTE_NUMBER",)}  # though crm.item.* writes them
_PARENTS = {"LEAD_ID": 1, "QUOTE_ID": 7}
_LIKE = ("%", "=%", "%=", "!%", "!=%", "!%=")


# -- shared with the other legacy families -----------------------------------------------------------


def legacy_id(call: Call, name: str = "id") -> int:
    """The id a legacy method was given.

    Raises:
        RestError: it is no positive whole number.
    """
    match = _NUMBER.match(str(call.get(name, "")))
    if match is None or int(match.group(1)) < 1:
        raise RestError("", "ID is not defined or invalid.")
    return int(match.group(1))


def legacy_map(call: Call, name: str, *, required: bool = False) -> dict[str, Any]:
    """An array parameter of a legacy method as a map; `{}` when absent and not required.

    Raises:
        RestError: it is a scalar, or absent though required.
    """
    value = call.get(name)
    if isinstance(value, dict | list):
        return dict(php.items(value))
    if required or value not in (None, "", False):
        raise RestError("", f"Parameter '{name}' must be array.")
    return {}


def legacy_error(call: Call, error: RestError, missing: RestError | None = None) -> RestError:
    """A record's error in the words of the legacy methods; `missing` stands for NOT_FOUND."""
    if error.code == "NOT_FOUND":
        return missing or RestError(*_NOT_FOUND)
    if error.code == "ACCESS_DENIED":
        return RestError("", "Access denied.")
    if error.code == "CRM_FIELD_ERROR_REQUIRED":
        return RestError(call.portal.switches["legacy_failed_check_code"], error.description)
    if error.code == "CRM_FIELD_ERROR_VALUE_NOT_VALID":
        return RestError("", error.description)
    return error


def described(call: Call, kind: Kind, name: str, field: Field) -> dict[str, Any]:
    """One field as the legacy `.fields` methods show it."""
    shown: dict[str, Any] = {
        "type": "char" if field.type in _CHARS and not field.dynamic else _plain(field.type),
        "isRequired": name in _REQUIRED.get(kind.entity_type_id, ()) or (field.dynamic and field.required),
        "isReadOnly": field.read_only or name in _READ_ONLY.get(kind.entity_type_id, ()),
        "isImmutable": field.immutable or (kind.entity_type_id == 2 and name == "CATEGORY_ID"),
        "isMultiple": field.multiple,
        "isDynamic": field.dynamic,
    }
    if field.status_type:
        shown["statusType"] = field.status_type
    if name == "CONTACT_ID" or (name == "COMPANY_ID" and kind.entity_type_id == 3):
        shown["isDeprecated"] = True
    if field.dynamic:
        return {**shown, **_user_field_labels(call, kind, field)}
    shown["title"] = field.title
    parent = 4 if name == "COMPANY_ID" and kind.entity_type_id in (1, 2) else _PARENTS.get(name)
    if parent and kind.entity_type_id != 7:
        shown["settings"] = {"parentEntityTypeId": parent}
    elif field.settings:
        shown["settings"] = field.settings
    return shown


def _plain(type_: str) -> str:
    return "string" if type_ == "text" else type_


def _user_field_labels(call: Call, kind: Kind, field: Field) -> dict[str, Any]:
    labels: dict[str, Any] = {"title": field.column}
    for name in ("listLabel", "formLabel", "filterLabel"):
        labels[name] = field.title
    if field.type == "enumeration":
        row = call.store.first("user_field", ENTITY_ID=kind.uf_entity, FIELD_NAME=field.column)
        options = call.store.find("user_field_option", FIELD_ID=row["ID"]) if row else []
        labels["items"] = [{"ID": str(each["ID"]), "VALUE": each["VALUE"]} for each in options]
    labels["settings"] = field.settings
    return labels


# -- the six methods ---------------------------------------------------------------------------------


def _kind(call: Call, pages: _Pages) -> Kind:
    kind = call.portal.schema.kind(pages.entity_type_id)
    if kind is None:
        raise LookupError(f"the portal has no kind {pages.entity_type_id}")
    return kind


def _fields(call: Call, pages: _Pages) -> Any:
    kind = _kind(call, pages)
    shown = {
        name: described(call, kind, name, field)
        for name, field in kind.by_legacy().items()
        if not field.virtual and not field.disabled
    }
    many = {3: "COMPANY_IDS", 4: "CONTACT_ID"}.get(kind.entity_type_id, "CONTACT_IDS")
    type_ = "crm_company" if many == "COMPANY_IDS" else "crm_contact"
    shown[many] = described(call, kind, many, Field(many, type_, many, multiple=True, title=many))
    if many == "CONTACT_ID":
        shown[many].pop("isDeprecated")
    if kind.has_phones:
        for name in FM_TYPES:
            shown[name] = described(
                call, kind, name, Field(name, "crm_multifield", name, multiple=True, title=name)
            )
    return shown


def _get(call: Call, pages: _Pages) -> Any:
    kind, id_ = _kind(call, pages), legacy_id(call)
    try:
        row = call.portal.records.readable(kind, id_, call.caller)
    except RestError as error:
        raise legacy_error(call, error) from error
    return _spelled(legacy_rows(call.portal, kind, [row], whole=True)[0], kind)


def _list(call: Call, pages: _Pages) -> Page:
    kind = _kind(call, pages)
    wanted, order_by = legacy_map(call, "filter"), legacy_map(call, "order")
    if not call.caller.is_admin and not (call.caller.user.get("CRM_READ") or ""):
        raise RestError("", "Access denied.")
    names = {name: each for name, each in kind.by_legacy().items() if not each.virtual}

    def unknown(name: str) -> None:
        if call.portal.switches["legacy_unknown_filter"] == "error":
            raise RestError("", f"Invalid filter: field '{name}' is not allowed in filter")
        call.portal.note_ignored(call.method.name, name)

    specials = _specials(call, kind)
    condition = compile_filter(
        {key: value for key, value in wanted.items() if _like_works(call, key, names)},
        names,
        call.portal.zone,
        strict=False,
        specials=specials,
        on_unknown=unknown,
        with_logic=False,
    )
    where = condition.sql
    if call.portal.switches["legacy_like_on_references"] == "no_rows" and not all(
        _like_works(call, key, names) for key in wanted
    ):
        where = "0"
        condition.args.clear()
    order = compile_order(order_by, names, strict=False)
    rows, total, start = page_of(call, kind, where, condition.args, order)
    shown = [_spelled(each, kind) for each in legacy_rows(call.portal, kind, rows, select=call.get("select"))]
    booleans = call.portal.switches["legacy_list_uf_boolean"]
    if booleans == "all" or (booleans == "leads" and kind.entity_type_id == 1):
        _show_booleans(kind, shown)
    return Page.of(shown, len(shown), total, start)


def _like_works(call: Call, key: str, names: Mapping[str, Field]) -> bool:
    prefix = next((each for each in sorted(_LIKE, key=len, reverse=True) if key.startswith(each)), None)
    field = names.get(key[len(prefix) :]) if prefix else None
    if field is None or field.type not in ("crm_status", "crm_contact", "crm_company"):
        return True
    call.portal.note_ignored(call.method.name, key)
    return False


def _specials(call: Call, kind: Kind) -> dict[str, Special]:
    specials: dict[str, Special] = {}
    if kind.has_phones:
        specials.update({name: by_phone(kind, name) for name in FM_TYPES})
    if call.portal.switches["legacy_client_filter"] == "any_link":
        links = link_filters(kind)
        specials.update(
            {
                legacy: links[name]
                for legacy, name in (("CONTACT_ID", "contactId"), ("COMPANY_ID", "companyId"))
                if name in links
            }
        )
    return specials


def _show_booleans(kind: Kind, shown: list[dict[str, Any]]) -> None:
    names = [each.legacy for each in kind.fields.values() if each.storage == "bit" and not each.multiple]
    for record in shown:
        for name in names:
            if record.get(name) is not None:
                record[name] = record[name] == "1"


def _spelled(record: dict[str, Any], kind: Kind) -> dict[str, Any]:
    """A company's revenue is shown as it was typed, without the two decimals of other sums."""
    if kind.entity_type_id == 4 and str(record.get("REVENUE") or "").endswith(".00"):
        record["REVENUE"] = record["REVENUE"][:-3]
    return record


def _draft(call: Call, kind: Kind, *, adding: bool, importing: bool = False) -> Draft:
    fields = legacy_map(call, "fields", required=True)
    _check_values(fields)
    for name in _READ_ONLY.get(kind.entity_type_id, ()):
        fields.pop(name, None)
    draft = legacy_draft(call.portal, kind, fields, adding=adding, importing=importing)
    if kind.entity_type_id == 4 and "CONTACT_ID" in fields:
        draft.contact_ids = [
            php.whole(each) for each in php.values(fields["CONTACT_ID"]) if php.whole(each) > 0
        ]
    return draft


def _check_values(fields: Mapping[str, Any]) -> None:
    """What the pages say is checked: addresses of e-mail, and the currency."""
    for entry in php.values(fields.get("EMAIL")):
        if not isinstance(entry, dict):
            continue
        value = str(entry.get("VALUE") or "").strip()
        if value and not _EMAIL.match(value):
            label = _EMAIL_LABELS.get(str(entry.get("VALUE_TYPE") or "WORK"), "Other e-mail")
            raise RestError("ERROR_CORE", f"The field '{label}' contains an invalid address.")
    currency = fields.get("CURRENCY_ID")
    if currency not in (None, "") and not re.fullmatch(r"[A-Z]{3}", str(currency)):
        raise RestError("", "Invalid value for the 'Currency' field.")


def _add(call: Call, pages: _Pages) -> Any:
    kind = _kind(call, pages)
    importing = pages.imports and _truthy(legacy_map(call, "params").get("IMPORT"))
    draft = _draft(call, kind, adding=True, importing=importing)
    try:
        if importing:
            _check_import(call, kind, draft)
        return call.portal.records.add(kind, draft, call.caller, imported=importing)
    except RestError as error:
        raise legacy_error(call, error) from error


def _truthy(value: Any) -> bool:
    """PHP's truth: the pages warn that `"N"` is not a no."""
    return value not in (None, "", "0", 0, False)


def _check_import(call: Call, kind: Kind, draft: Draft) -> None:
    if not call.caller.is_admin and call.caller.user.get("CRM_WRITE") != "X":
        raise RestError("", "Access denied.")
    created = draft.columns.get("CREATED_TIME")
    latest = call.store.value(f"SELECT CREATED_TIME FROM {kind.table} ORDER BY ID DESC LIMIT 1")
    if created is not None and latest is not None and created < latest:
        raise RestError(
            "", f"DATE_CREATE cannot be earlier than that of the last {kind.title.lower()} created."
        )
    if created is not None:
        draft.columns.setdefault("UPDATED_TIME", created)


def _update(call: Call, pages: _Pages) -> Any:
    kind, id_ = _kind(call, pages), legacy_id(call)
    legacy_map(call, "params")
    draft = _draft(call, kind, adding=False)
    try:
        call.portal.records.update(kind, id_, draft, call.caller)
    except RestError as error:
        raise legacy_error(call, error, pages.update_missing) from error
    return True


def _delete(call: Call, pages: _Pages) -> Any:
    kind, id_ = _kind(call, pages), legacy_id(call)
    try:
        call.portal.records.delete(kind, id_, call.caller)
    except RestError as error:
        raise legacy_error(call, error, pages.delete_missing) from error
    return True


_BODIES: dict[str, tuple[Callable[[Call, _Pages], Any], str]] = {
    "fields": (_fields, "titles are field codes, not translated words"),
    "get": (_get, ""),
    "list": (_list, ""),
    "add": (_add, "activity stream"),
    "update": (_update, "activity stream; change history"),
    "delete": (_delete, "recycle bin"),
}


def _bound(body: Callable[[Call, _Pages], Any], pages: _Pages) -> Callable[[Call], Any]:
    return lambda call: body(call, pages)


for _each in _PAGES:
    for _verb, (_body, _left_out) in _BODIES.items():
        method(
            f"crm.{_each.noun}.{_verb}",
            scope="crm",
            docs=f"api-reference/crm/{_each.docs}-{_verb}.md",
            not_emulated=_left_out,
        )(_bound(_body, _each))
