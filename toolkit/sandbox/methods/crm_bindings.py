"""`crm.{deal,lead,quote}.contact.*`, `crm.contact.company.*`, `crm.company.contact.*`: who belongs to whom.

Five families of six methods over one table. A company's contacts are the same rows as a contact's
companies, seen from the other end.

Source: api-reference/crm/{deals/contacts,leads/management-communication,quote/contacts,contacts/company,
companies/contacts}/*.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..call import Call
from ..registry import method
from ..state.fields import Kind
from ..state.records import Change
from ..switches import declare
from ..wire import php
from ..wire.errors import RestError, access_denied
from .crm_legacy import legacy_id

MISSING_LINKED = declare(
    "binding_to_missing_record",
    "linked",
    ("linked", "refused"),
    "The quote pages say the contact is not checked and the link is made; the other pages are silent.",
    "api-reference/crm/quote/contacts/crm-quote-contact-add.md",
)
READ_ERROR_STATUS = declare(
    "contact_companies_error_status",
    400,
    (400, 200),
    "The page of crm.contact.company.items.get prints its error sample under HTTP 200, all the others 400.",
    "api-reference/crm/contacts/company/crm-contact-company-items-get.md",
)
COMPANY_SIDE = declare(
    "company_contact_primary",
    "own",
    ("own", "shared"),
    "The company pages describe a primary contact of the company; whether it is kept apart from the"
    " contact's primary company is not said.",
    "api-reference/crm/companies/contacts/crm-company-contact-add.md",
)


@dataclass(frozen=True)
class _Family:
    """One family of link methods.

    Args:
        owner: type id of the record whose id is the parameter.
        linked: type id of what it is linked with.
        stem: method names without their last parts.
        docs: pages without their last parts.
        missing: words for an owner that is not there.
        missing_code: code beside them.
        reads_missing: what `items.get` says of an owner that is not there; None for an empty list.
        clears_missing: likewise `items.delete`; None for success.
        delete_fields: the parameter `delete` names when it is no array.
        keeps_sort: `items.set` keeps the sort of links it is given again; otherwise counts 10, 20, ...
    """

    owner: int
    linked: int
    stem: str
    docs: str
    missing: str = "Not found."
    missing_code: str = ""
    reads_missing: bool = False
    clears_missing: bool = False
    delete_fields: str = "item"
    keeps_sort: bool = False

    @property
    def column(self) -> str:
        """Name of the linked id on the wire."""
        return "COMPANY_ID" if self.linked == 4 else "CONTACT_ID"

    @property
    def reversed(self) -> bool:
        """Whether the rows belong to the other end: a company's contacts."""
        return self.owner == 4


_FAMILIES = (
    _Family(
        2,
        3,
        "crm.deal.contact",
        "deals/contacts/crm-deal-contact",
        reads_missing=True,
        clears_missing=True,
    ),
    _Family(
        1,
        3,
        "crm.lead.contact",
        "leads/management-communication/crm-lead-contact",
        missing_code="NOT_FOUND",
        reads_missing=True,
        clears_missing=True,
    ),
    _Family(7, 3, "crm.quote.contact", "quote/contacts/crm-quote-contact"),
    _Family(
        3,
        4,
        "crm.contact.company",
        "contacts/company/crm-contact-company",
        missing="Not found",
        delete_fields="fields",
        keeps_sort=True,
    ),
    _Family(4, 3, "crm.company.contact", "companies/contacts/crm-company-contact", keeps_sort=True),
)


@dataclass
class _Link:
    """One link as the methods show it."""

    linked_id: int
    sort: int
    role: int
    primary: str


# -- reading the request -----------------------------------------------------------------------------


def _owner_id(call: Call, quoted: bool) -> int:
    try:
        return legacy_id(call)
    except RestError as error:
        name = "'ownerEntityID'" if quoted else "ownerEntityID"
        raise RestError("", f"The parameter {name} is invalid or not defined.") from error


def _owner(call: Call, family: _Family, id_: int, right: Literal["READ", "WRITE"]) -> dict[str, Any] | None:
    """The owner's row; None when it is not there.

    Raises:
        RestError: the caller may not read or change it.
    """
    if family.owner == 2 and not call.caller.is_admin and not (call.caller.user.get(f"CRM_{right}") or ""):
        raise RestError("", "Access denied.")
    row = call.portal.records.get(_kind(call, family.owner), id_)
    if row is not None and not call.portal.records.may(call.caller, right, row):
        raise access_denied("Access denied!")
    return row


def _kind(call: Call, type_id: int) -> Kind:
    kind = call.portal.schema.kind(type_id)
    if kind is None:
        raise LookupError(f"the portal has no kind {type_id}")
    return kind


def _check_linked(call: Call, family: _Family, ids: Sequence[int]) -> None:
    kind = _kind(call, family.linked)
    for id_ in ids:
        row = call.portal.records.get(kind, id_)
        if row is None:
            if call.portal.switches["binding_to_missing_record"] == "refused":
                raise RestError("", "Not found.")
        elif not call.portal.records.may(call.caller, "READ", row):
            if family.owner == 7:
                raise RestError("", f"[Contact #{id_}] You do not have permission to view this item")
            raise access_denied("Access denied!")


# -- the rows, from either end -----------------------------------------------------------------------


def _links(call: Call, family: _Family, owner_id: int) -> list[_Link]:
    if not family.reversed:
        return [
            _Link(row["LINKED_ID"], row["SORT"], row["ROLE_ID"], row["IS_PRIMARY"])
            for row in call.portal.records.link_rows(family.owner, owner_id, family.linked)
        ]
    rows = call.store.rows(
        "SELECT * FROM binding WHERE LINKED_TYPE_ID = 4 AND LINKED_ID = ? AND OWNER_TYPE_ID = 3"
        " ORDER BY COALESCE(NULLIF(LINKED_SORT, 0), SORT), ID",
        [owner_id],
    )
    if call.portal.switches["company_contact_primary"] == "shared":
        return [_Link(row["OWNER_ID"], row["SORT"], row["ROLE_ID"], row["IS_PRIMARY"]) for row in rows]
    links = [
        _Link(row["OWNER_ID"], row["LINKED_SORT"] or row["SORT"], row["ROLE_ID"], row["LINKED_PRIMARY"])
        for row in rows
    ]
    if links and not any(each.primary == "Y" for each in links):
        links[0].primary = "Y"  # links made from the contact's side leave the company's choice open
    return links


def _link(
    call: Call, family: _Family, owner_id: int, linked_id: int, sort: int | None, primary: bool
) -> bool:
    records = call.portal.records
    if not family.reversed:
        return records.link(family.owner, owner_id, family.linked, linked_id, sort=sort, primary=primary)
    links = _links(call, family, owner_id)
    if any(each.linked_id == linked_id for each in links):
        return False
    if sort is None:
        sort = max((each.sort for each in links), default=0) + 10
    shared = call.portal.switches["company_contact_primary"] == "shared"
    records.link(3, linked_id, 4, owner_id, sort=sort if shared else None, primary=shared and primary)
    _prefer(call, owner_id, linked_id, sort, primary or not links)
    return True


def _prefer(call: Call, company: int, contact: int, sort: int, primary: bool) -> None:
    """Keep the company's own order and choice of a link."""
    if primary:
        call.store.db.execute(
            "UPDATE binding SET LINKED_PRIMARY = 'N' WHERE LINKED_TYPE_ID = 4 AND LINKED_ID = ?", [company]
        )
    call.store.db.execute(
        "UPDATE binding SET LINKED_SORT = ?, LINKED_PRIMARY = ?"
        " WHERE OWNER_TYPE_ID = 3 AND OWNER_ID = ? AND LINKED_TYPE_ID = 4 AND LINKED_ID = ?",
        [sort, "Y" if primary else "N", contact, company],
    )


def _unlink(call: Call, family: _Family, owner_id: int, linked_id: int) -> bool:
    if family.reversed:
        return call.portal.records.unlink(3, linked_id, 4, owner_id)
    return call.portal.records.unlink(family.owner, owner_id, family.linked, linked_id)


def _changed(call: Call, family: _Family, before: dict[str, Any]) -> None:
    """The owner was saved: its time of change moves on, and the news goes round."""
    kind, id_ = _kind(call, family.owner), int(before["ID"])
    call.store.update(kind.table, id_, {"UPDATED_TIME": int(call.now), "UPDATED_BY": call.user_id})
    after = call.portal.records.get(kind, id_) or {}
    call.portal.tell(Change("update", kind, id_, before, after, call.user_id, False, call.caller.key))


# -- the six methods ---------------------------------------------------------------------------------


def _fields(_call: Call, family: _Family) -> Any:
    def one(type_: str, required: bool, title: str) -> dict[str, Any]:
        return {
            "type": type_,
            "isRequired": required,
            "isReadOnly": False,
            "isImmutable": False,
            "isMultiple": False,
            "isDynamic": False,
            "title": title,
        }

    linked = "Company" if family.linked == 4 else "Contact"
    return {
        family.column: one("integer", True, linked),
        "SORT": one("integer", False, "Sorting"),
        "IS_PRIMARY": one("char", False, "Primary"),
    }


def _add(call: Call, family: _Family) -> Any:
    id_, fields = _owner_id(call, True), call.get("fields")
    if not isinstance(fields, dict | list):
        raise RestError("", "The parameter 'fields' must be array.")
    before = _found(call, family, id_, "WRITE")
    given = dict(php.items(fields))
    linked = php.whole(given.get(family.column))
    if linked <= 0:
        raise RestError("", "The parameter 'fields' is not valid.")
    _check_linked(call, family, [linked])
    sort = php.whole(given.get("SORT")) or None
    done = _link(call, family, id_, linked, sort, str(given.get("IS_PRIMARY") or "").upper() == "Y")
    if done:
        _changed(call, family, before)
    return done


def _delete(call: Call, family: _Family) -> Any:
    id_, fields = _owner_id(call, True), call.get("fields")
    if not isinstance(fields, dict | list):
        raise RestError("", f"The parameter '{family.delete_fields}' must be array.")
    before = _found(call, family, id_, "WRITE")
    linked = php.whole(dict(php.items(fields)).get(family.column))
    if linked <= 0:
        raise RestError("", "The parameter 'fields' is not valid.")
    _check_linked(call, family, [linked])
    done = _unlink(call, family, id_, linked)
    if done:
        _changed(call, family, before)
    return done


def _found(call: Call, family: _Family, id_: int, right: Literal["READ", "WRITE"]) -> dict[str, Any]:
    row = _owner(call, family, id_, right)
    if row is None:
        raise RestError(family.missing_code, family.missing)
    return row


def _items_get(call: Call, family: _Family) -> Any:
    try:
        id_ = _owner_id(call, False)
        if _owner(call, family, id_, "READ") is None and family.reads_missing:
            raise RestError(family.missing_code, family.missing)
    except RestError as failed:
        if family.owner == 3 and family.linked == 4:
            failed.status = call.portal.switches[READ_ERROR_STATUS]
        raise
    return [
        {family.column: each.linked_id, "SORT": each.sort, "ROLE_ID": each.role, "IS_PRIMARY": each.primary}
        for each in _links(call, family, id_)
    ]


def _items_set(call: Call, family: _Family) -> Any:
    id_, items = _owner_id(call, False), call.get("items")
    if not isinstance(items, dict | list):
        raise RestError("", "The parameter items must be array.")
    before = _found(call, family, id_, "WRITE")
    wanted = [
        each
        for each in php.values(items)
        if isinstance(each, dict) and php.whole(each.get(family.column)) > 0
    ]
    _check_linked(call, family, [php.whole(each[family.column]) for each in wanted])
    rows = _numbered(wanted, family, {each.linked_id: each.sort for each in _links(call, family, id_)})
    if family.reversed:
        changed = _set_contacts(call, family, id_, rows)
    else:
        changed = call.portal.records.set_links(family.owner, id_, family.linked, rows)
    if changed:
        _changed(call, family, before)
    return True


def _numbered(wanted: list[dict[str, Any]], family: _Family, have: dict[int, int]) -> list[dict[str, Any]]:
    """The links asked for, each with its sort: given, kept, or counted on."""
    rows: list[dict[str, Any]] = []
    highest = max([*have.values(), *(php.whole(each.get("SORT")) for each in wanted)], default=0)
    for index, each in enumerate(wanted):
        linked = php.whole(each[family.column])
        sort = php.whole(each.get("SORT"))
        if not sort and family.keeps_sort:
            sort = have.get(linked, 0)
            if not sort:
                sort = highest = highest + 10
        rows.append(
            {
                "LINKED_ID": linked,
                "SORT": sort or (index + 1) * 10,
                "IS_PRIMARY": str(each.get("IS_PRIMARY") or "N").upper(),
            }
        )
    return rows


def _set_contacts(call: Call, family: _Family, company: int, rows: list[dict[str, Any]]) -> bool:
    before = _links(call, family, company)
    wanted = [row["LINKED_ID"] for row in rows]
    for each in before:
        if each.linked_id not in wanted:
            _unlink(call, family, company, each.linked_id)
    primary = next((row["LINKED_ID"] for row in rows if row["IS_PRIMARY"] == "Y"), wanted[0] if wanted else 0)
    for row in rows:
        chosen = row["LINKED_ID"] == primary
        if not _link(call, family, company, row["LINKED_ID"], row["SORT"], chosen):
            _prefer(call, company, row["LINKED_ID"], row["SORT"], chosen)
    return before != _links(call, family, company)


def _items_delete(call: Call, family: _Family) -> Any:
    id_ = _owner_id(call, False)
    before = _owner(call, family, id_, "WRITE")
    if before is None:
        if family.clears_missing:
            raise RestError(family.missing_code, family.missing)
        return True
    gone = [_unlink(call, family, id_, each.linked_id) for each in _links(call, family, id_)]
    if gone:
        _changed(call, family, before)
    return True


_BODIES: dict[str, tuple[Callable[[Call, _Family], Any], str]] = {
    "fields": (_fields, "titles are English"),
    "add": (_add, ""),
    "delete": (_delete, ""),
    "items.get": (_items_get, ""),
    "items.set": (_items_set, ""),
    "items.delete": (_items_delete, ""),
}


def _bound(body: Callable[[Call, _Family], Any], family: _Family) -> Callable[[Call], Any]:
    return lambda call: body(call, family)


for _each in _FAMILIES:
    for _verb, (_body, _left_out) in _BODIES.items():
        method(
            f"{_each.stem}.{_verb}",
            scope="crm",
            docs=f"api-reference/crm/{_each.docs}-{_verb.replace('.', '-')}.md",
            not_emulated=_left_out,
        )(_bound(_body, _each))
