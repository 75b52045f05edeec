"""CRM records between the wire and the tables, in the two dialects of the portal.

Universal (`crm.item.*`): camelCase names, numbers as numbers, strict. Legacy (`crm.contact.*`, ...):
upper-case names, strings, loose.

Source: api-reference/crm/universal/{index,crm-item-add,crm-item-update,crm-item-get,crm-item-list}.md,
api-reference/crm/contacts/*.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..state.fields import Field, Kind
from ..state.records import FM_TYPES, Draft, PhoneEdit
from ..state.schema import universal_fields
from ..subjects.files import field_files, item_file_links
from . import php
from .errors import RestError
from .values import BadValueError, Zone, legacy_value, stored, universal_value

if TYPE_CHECKING:
    from ..call import Caller
    from ..portal import Sandbox

__all__ = ["legacy_draft", "legacy_rows", "universal_draft", "universal_names", "universal_rows"]

# Set by an administrator's import only; elsewhere read-only and silently ignored.
IMPORT_FIELDS = ("createdTime", "updatedTime", "movedTime", "createdBy", "updatedBy", "movedBy")
_ALIASES = {
    "phone": ("PHONE", None),
    "phoneWork": ("PHONE", "WORK"),
    "phoneMobile": ("PHONE", "MOBILE"),
    "phoneMailing": ("PHONE", "MAILING"),
    "email": ("EMAIL", None),
    "emailWork": ("EMAIL", "WORK"),
    "emailHome": ("EMAIL", "HOME"),
    "emailMailing": ("EMAIL", "MAILING"),
    "imol": ("IM", "IMOL"),
}


@lru_cache(256)
def _aliases_of(type_id: str, value_type: str) -> tuple[str, ...]:
    """The aliases a phone or e-mail of that type and value type answers."""
    return tuple(
        name
        for name, (type_, wanted) in _ALIASES.items()
        if type_ == type_id and wanted in (None, value_type)
    )


def universal_names(kind: Kind, *, original: bool) -> dict[str, Field]:
    """Fields of `crm.item.*` by the name they have in this request.

    Args:
        original: `useOriginalUfNames` is Y: user fields keep `UF_CRM_...`.
    """
    fields = universal_fields(kind)
    if not original:
        return fields
    return {each.column if each.dynamic else name: each for name, each in fields.items()}


def universal_draft(
    portal: Sandbox,
    kind: Kind,
    fields: Mapping[str, Any],
    *,
    original: bool,
    adding: bool,
    importing: bool = False,
) -> Draft:
    """What `crm.item.add|update|import` asks to be written. Unknown and read-only names are ignored.

    Raises:
        RestError: CRM_FIELD_ERROR_VALUE_NOT_VALID, or 100 for a scalar in a multiple field.
    """
    names = universal_names(kind, original=original)
    draft = Draft()
    for name, value in fields.items():
        field = names.get(name)
        if name in ("contactIds", "companyIds") and field is not None:
            ids = [php.whole(each) for each in php.values(value) if php.whole(each) > 0]
            if name == "contactIds":
                draft.contact_ids = ids
            else:
                draft.company_ids = ids
        elif name == "fm" and kind.has_phones:
            draft.phones.extend(_fm_edits(portal, value, adding=adding))
        elif importing and name in FM_TYPES and kind.has_phones:
            draft.phones.extend(_legacy_edits(name, value))
        elif (
            field is None
            or field.virtual
            or field.disabled
            or (field.read_only and not (importing and name in IMPORT_FIELDS))
            or (field.immutable and not adding)
        ):
            continue
        elif field.type == "file":
            if name != "photo":  # the one file field universal methods cannot write
                _put_files(portal, kind, draft, field, value, legacy=False)
        else:
            _put(draft, field, value, portal.zone, strict=True, adding=adding)
    return draft


def _put_files(portal: Sandbox, kind: Kind, draft: Draft, field: Field, value: Any, *, legacy: bool) -> None:
    """The value of a file field is the whole set: files it does not name leave the field."""
    kept = field_files(portal, kind, field, value, legacy=legacy)
    draft.columns[field.column] = None if kept in (None, []) else json.dumps(kept)


def _put(draft: Draft, field: Field, value: Any, zone: Zone, *, strict: bool, adding: bool) -> None:
    if field.column == "ASSIGNED_BY_ID" and value in ("", None, 0, "0"):
        return  # an empty responsible keeps the previous one, without an error
    if (
        field.multiple
        and field.dynamic
        and field.type == "enumeration"
        and not adding
        and not php.values(value)
    ):
        return  # an empty array leaves a multiple enumeration as it was
    if (
        field.multiple
        and field.dynamic
        and strict
        and not isinstance(value, dict | list)
        and value not in (None, "")
    ):
        raise RestError(
            "100",
            f"Invalid value {{{value}}} to match with parameter {{{field.name}}}."
            " Should be value of type array.",
        )
    try:
        draft.columns[field.column] = stored(field, value, zone, strict=strict)
    except BadValueError:
        raise RestError(
            "CRM_FIELD_ERROR_VALUE_NOT_VALID", f"Invalid value of field '{field.title}'"
        ) from None


def _fm_edits(portal: Sandbox, value: Any, *, adding: bool) -> list[PhoneEdit]:
    """`fm`: on add an array of new entries; on update a map whose keys are commands."""
    if not isinstance(value, dict | list):
        if adding and portal.switches["fm_not_an_array"] == "code_100":
            raise RestError(
                "100", "Invalid value to match with parameter {fm}. Should be value of type array."
            )
        return []
    edits = []
    for key, entry in php.items(value):
        if not isinstance(entry, dict):
            continue
        type_id = str(entry.get("typeId") or "")
        if not type_id or (adding and type_id not in FM_TYPES):
            continue  # without a type the entry is a silent no-op
        text, value_type = str(entry.get("value") or ""), str(entry.get("valueType") or "")
        # A list appends: its indexes are read as n0, n1, ...; only keys of a map can name a row.
        row_id = php.whole(key) if isinstance(value, dict) and not adding else 0
        if row_id and portal.store.get("multifield", row_id) is None:
            row_id = 0
        if not row_id:
            edits.append(PhoneEdit("add", type_id, text, value_type or "WORK"))
        elif "value" in entry and not text:
            edits.append(PhoneEdit("delete", type_id, id=row_id))
        else:
            edits.append(PhoneEdit("update", type_id, text, value_type, row_id))
    return edits


def _legacy_edits(type_id: str, value: Any) -> list[PhoneEdit]:
    """`{VALUE, VALUE_TYPE}` adds; `{ID, VALUE}` edits; `{ID}`, an empty value, `DELETE: "Y"` delete."""
    edits = []
    for entry in php.values(value):
        if not isinstance(entry, dict):
            continue
        row_id = php.whole(entry.get("ID"))
        text, value_type = str(entry.get("VALUE") or ""), str(entry.get("VALUE_TYPE") or "")
        if not row_id:
            edits.append(PhoneEdit("add", type_id, text, value_type or "WORK"))
        elif str(entry.get("DELETE") or "").upper() == "Y" or not text:
            edits.append(PhoneEdit("delete", type_id, id=row_id))
        else:
            edits.append(PhoneEdit("update", type_id, text, value_type, row_id))
    return edits


def universal_rows(
    portal: Sandbox,
    kind: Kind,
    rows: Sequence[Mapping[str, Any]],
    select: Any,
    *,
    original: bool,
    caller: Caller | None = None,
) -> list[dict[str, Any]]:
    """Records as `crm.item.get|list` show them.

    Args:
        caller: on whose behalf links to files will be opened.
        select: names; absent, empty or holding `*` means everything, `fm` included. Unknown names
            are dropped without a word.
    """
    names = universal_names(kind, original=original)
    wanted = [str(each) for each in php.values(select)]
    everything = not wanted or "*" in wanted
    chosen = names if everything else {name: names[name] for name in wanted if name in names}
    if not everything and "id" not in chosen:
        chosen = {"id": names["id"], **chosen}
    ids = [int(row["ID"]) for row in rows]
    needs_fm = kind.has_phones and (everything or any(name in _ALIASES for name in chosen))
    phones = portal.records.phones(kind, ids) if needs_fm else {}
    contacts = _linked(portal, kind, ids, 3) if "contactIds" in chosen or "contacts" in chosen else {}
    companies = portal.records.links(kind, ids, 4) if "companyIds" in chosen or "companies" in chosen else {}
    files = [(name, each) for name, each in chosen.items() if each.type == "file" and not each.disabled]
    skeleton = _Skeleton(chosen, rows, portal.zone)
    aliases = {name: "" for name in chosen if name in _ALIASES}
    shown: list[dict[str, Any]] = []
    for row in rows:
        id_ = int(row["ID"])
        record = skeleton.fill(row)
        for name, each in files:
            links = [item_file_links(portal, kind, each, id_, file, caller) for file in _file_ids(row, each)]
            record[name] = links if each.multiple else links[0] if links else None
        if needs_fm:
            own = phones.get(id_, ())
            record.update(aliases)
            for phone in own:
                for name in _aliases_of(phone["TYPE_ID"], phone["VALUE_TYPE"]):
                    if record.get(name) == "":
                        record[name] = phone["VALUE"]
            if everything:
                record["fm"] = [
                    {
                        "id": each["ID"],
                        "valueType": each["VALUE_TYPE"],
                        "value": each["VALUE"],
                        "typeId": each["TYPE_ID"],
                    }
                    for each in own
                ]
        if "contactIds" in chosen:
            record["contactIds"] = contacts.get(id_, [])
        if "companyIds" in chosen:
            record["companyIds"] = companies.get(id_, [])
        for name, linked_type, linked in (("contacts", 3, contacts), ("companies", 4, companies)):
            if name in chosen:
                record[name] = _link_rows(portal, kind, id_, linked_type, linked)
        if everything:
            record["entityTypeId"] = kind.entity_type_id
        shown.append(record)
    return shown


class _Skeleton:
    """What is shown of a row's own columns, in the order of the names, as quickly as Python can.

    Most columns are shown as they are kept, so a row is cut out in one piece and only the others are
    made afterwards. Disabled fields and files begin as null.
    """

    def __init__(self, chosen: Mapping[str, Field], rows: Sequence[Mapping[str, Any]], zone: Zone) -> None:
        place = {column: at for at, column in enumerate(rows[0].keys() if rows else ())}
        shown = [(name, each) for name, each in chosen.items() if not each.virtual]
        self._names = [name for name, _ in shown]
        # What has no column of its own is taken from behind the last one, where `fill` puts a None.
        self._places = [
            len(place) if each.disabled or each.type == "file" else place.get(each.column, len(place))
            for _, each in shown
        ]
        self._made: list[tuple[str, Callable[[Any], Any], list[Any] | None]] = [
            (name, make, [] if each.multiple else None)
            for name, each in shown
            if not each.disabled and each.type != "file" and (make := _shower(each, zone)) is not None
        ]

    def fill(self, row: Mapping[str, Any]) -> dict[str, Any]:
        cells = (*(row.values() if isinstance(row, dict) else row), None)
        record = php.Settled(zip(self._names, [cells[place] for place in self._places], strict=True))
        for name, make, empty in self._made:
            value = record[name]
            record[name] = empty if value is None else make(value)
        return record


def _file_ids(row: Mapping[str, Any], field: Field) -> list[int]:
    kept = row[field.column]
    return [int(each) for each in php.values(json.loads(kept))] if kept else []


def _linked(portal: Sandbox, kind: Kind, ids: Sequence[int], linked_type: int) -> dict[int, list[int]]:
    if kind.entity_type_id == 4:
        return portal.records.linked_from(kind, ids, 3)
    return portal.records.links(kind, ids, linked_type)


def _link_rows(
    portal: Sandbox, kind: Kind, id_: int, linked_type: int, linked: Mapping[int, list[int]]
) -> list[dict[str, Any]]:
    if not linked.get(id_):
        return []
    key = "contactId" if linked_type == 3 else "companyId"
    return [
        {key: row["LINKED_ID"], "sort": row["SORT"], "roleId": row["ROLE_ID"], "isPrimary": row["IS_PRIMARY"]}
        for row in portal.records.link_rows(kind.entity_type_id, id_, linked_type)
    ]


def _shower(field: Field, zone: Zone) -> Callable[[Any], Any] | None:
    """How a stored value that is not null is shown; None when it is shown as it is kept."""
    if field.multiple or field.storage == "json":
        return lambda value: (
            universal_value(field, value, zone) if value else ([] if field.multiple else None)
        )
    if field.storage in ("int", "text", "flag"):
        return None
    if field.storage == "time":
        return zone.moment
    return lambda value: universal_value(field, value, zone)


def legacy_draft(
    portal: Sandbox, kind: Kind, fields: Mapping[str, Any], *, adding: bool, importing: bool = False
) -> Draft:
    """What `crm.contact.add|update`, ... ask to be written. Unknown and read-only names are ignored."""
    names = kind.by_legacy()
    draft = Draft()
    for name, value in fields.items():
        if name in FM_TYPES and kind.has_phones:
            draft.phones.extend(_legacy_edits(name, value))
        elif name == "CONTACT_IDS" and kind.entity_type_id in (1, 2, 7):
            draft.contact_ids = [php.whole(each) for each in php.values(value) if php.whole(each) > 0]
        elif name == "COMPANY_IDS" and kind.entity_type_id == 3:
            draft.company_ids = [php.whole(each) for each in php.values(value) if php.whole(each) > 0]
        else:
            field = names.get(name)
            if (
                field is None
                or field.virtual
                or (field.read_only and not (importing and field.name in IMPORT_FIELDS))
            ):
                continue
            if not adding and (field.immutable or (field.column == "CATEGORY_ID")):
                continue
            if field.type == "file":
                _put_files(portal, kind, draft, field, value, legacy=True)
            else:
                _put(draft, field, value, portal.zone, strict=False, adding=adding)
    return draft


def _legacy_files(portal: Sandbox, kind: Kind, row: Mapping[str, Any], field: Field) -> Any:
    """A file field of the legacy card: id and two addresses, meant for a browser that is signed in."""
    links = [
        item_file_links(portal, kind, field, int(row["ID"]), file, None) for file in _file_ids(row, field)
    ]
    shown = [{"id": each["id"], "showUrl": each["url"], "downloadUrl": each["url"]} for each in links]
    if field.multiple:
        return shown or False
    return shown[0] if shown else None


def legacy_rows(
    portal: Sandbox, kind: Kind, rows: Sequence[Mapping[str, Any]], *, select: Any = None, whole: bool = False
) -> list[dict[str, Any]]:
    """Records as the legacy `.get` (`whole`) and `.list` show them.

    Args:
        select: `*` is everything but user fields and phones, `UF_*` the user fields; phones are
            named. Absent means `*` and `UF_*`.
        whole: everything, phones included where there are any.
    """
    names = kind.by_legacy()
    wanted = [str(each) for each in php.values(select)] or ["*", "UF_*"]
    if whole:
        chosen = dict(names)
        fm_types: Sequence[str] = FM_TYPES
    else:
        chosen = {}
        for each in wanted:
            if each == "*":
                chosen.update({name: field for name, field in names.items() if not field.dynamic})
            elif each == "UF_*":
                chosen.update({name: field for name, field in names.items() if field.dynamic})
            elif each in names:
                chosen[each] = names[each]
        if "ID" not in chosen:
            chosen = {"ID": names["ID"], **chosen}
        fm_types = [each for each in wanted if each in FM_TYPES]
    phones = portal.records.phones(kind, [int(row["ID"]) for row in rows]) if fm_types else {}
    show = [(name, field) for name, field in chosen.items() if not field.virtual and field.type != "file"]
    files = [(name, field) for name, field in chosen.items() if field.type == "file"]
    shown = []
    for row in rows:
        record = {name: legacy_value(field, row[field.column], portal.zone) for name, field in show}
        if portal.switches["legacy_empty_multiple"] == "list":
            record = {name: [] if value is False else value for name, value in record.items()}
        for name, field in files:
            record[name] = _legacy_files(portal, kind, row, field)
        for type_id in fm_types:
            entries = [
                {
                    "ID": str(each["ID"]),
                    "VALUE_TYPE": each["VALUE_TYPE"],
                    "VALUE": each["VALUE"],
                    "TYPE_ID": type_id,
                }
                for each in phones.get(int(row["ID"]), ())
                if each["TYPE_ID"] == type_id
            ]
            if entries:
                record[type_id] = entries
        shown.append(record)
    return shown
