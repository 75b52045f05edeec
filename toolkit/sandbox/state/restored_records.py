"""Records of a snapshot, one at a time: from what the portal answered to what the tables keep.

Source: api-reference/crm/universal/crm-item-list.md, api-reference/crm/timeline/activities/activity-base/
crm-activity-list.md, read 2026-11-22.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..portal import Sandbox
from .fields import Kind
from .records import PRIMARY_COLUMN
from .restored_fields import NOT_COLUMNS, kept_type, known_names, reader_of

__all__ = ["Reading", "bindings_of", "talks_of", "upper_name"]


def bindings_of(activity: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What an activity hangs on: its BINDINGS if the snapshot has them, else its owner and whom it talks to."""
    if activity["BINDINGS"]:
        pairs = [(each["OWNER_TYPE_ID"], each["OWNER_ID"]) for each in activity["BINDINGS"]]
    else:
        pairs = [(activity["OWNER_TYPE_ID"], activity["OWNER_ID"])]
        talks = activity["COMMUNICATIONS"] or []
        pairs += [(each.get("ENTITY_TYPE_ID"), each.get("ENTITY_ID")) for each in talks]
    targets = dict.fromkeys((int(type_id or 0), int(owner or 0)) for type_id, owner in pairs)
    for at, (type_id, owner) in enumerate(targets):
        if at == 0 or (type_id and owner):
            yield {"ACTIVITY_ID": int(activity["ID"]), "ENTITY_TYPE_ID": type_id, "ENTITY_ID": owner}


def talks_of(activity: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The communications of an activity."""
    for each in activity["COMMUNICATIONS"] or []:
        yield {
            "ACTIVITY_ID": int(activity["ID"]),
            "TYPE": each.get("TYPE"),
            "VALUE": each.get("VALUE"),
            "ENTITY_TYPE_ID": int(each.get("ENTITY_TYPE_ID") or 0),
            "ENTITY_ID": int(each.get("ENTITY_ID") or 0),
        }


def upper_name(name: str) -> str:
    """`ufCrmTask` as the tables spell it."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


class Reading:
    """Records of one kind, from the wire's spelling into stored form.

    Args:
        portal: the sandbox.
        kind: kind of record.

    Attributes:
        stages: (pipeline, stage) to semantics, of every stage a record stood in.
        company_contacts: (contact id, company id), as companies tell it.
        bindings: rows of `binding`.
        strays: field name to (record id, value), of fields the kind has not.
    """

    def __init__(self, portal: Sandbox, kind: Kind) -> None:
        known = known_names(kind)
        self._type_id = kind.entity_type_id
        self._known = {*known, *NOT_COLUMNS}
        self._readers = {
            key: (each.column, kept_type(each), reader_of(portal, kind, each))
            for key, each in known.items()
            if not each.virtual and not each.disabled
        }
        self.stages: dict[tuple[int, str], str] = {}
        self.company_contacts: list[tuple[int, int]] = []
        self.bindings: list[dict[str, Any]] = []
        self.strays: dict[str, list[tuple[int, Any]]] = {}

    def row(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """One record for `load_records`; its links, its stage and what is unknown of it are noted."""
        readers = self._readers
        row: dict[str, Any] = {}
        for key, value in raw.items():
            if key in readers:
                column, kept, read = readers[key]
                row[column] = value if value is None or type(value) is kept else read(value)
            elif key not in self._known and value is not None:
                self.strays.setdefault(key, []).append((int(raw["id"]), value))
        if "fm" in raw:
            row["fm"] = [
                (each["typeId"], each.get("valueType"), each["value"], int(each["id"]))
                for each in raw["fm"] or []
            ]
        if self._type_id == 4:
            self.company_contacts += [(int(each), row["ID"]) for each in raw.get("contactIds") or []]
        else:
            self.bindings += _links(raw, self._type_id, row)
        if row.get("STAGE_ID"):
            place = (int(row.get("CATEGORY_ID") or 0), row["STAGE_ID"])
            self.stages.setdefault(place, str(row.get("STAGE_SEMANTIC_ID") or "P"))
        return row


def _links(raw: Mapping[str, Any], type_id: int, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows of `binding` of one record: a contact's companies, or anything else's contacts.

    `contacts` (with order and roles) says more than `contactIds`, which says more than `contactId`.
    """
    linked_type, many, one = (4, "companies", "companyId") if type_id == 3 else (3, "contacts", "contactId")
    listed: list[Mapping[str, Any]] = raw.get(many) or [{one: each} for each in raw.get(f"{one}s") or []]
    if not listed and raw.get(one):
        listed = [{one: raw[one]}]
    named = [each for each in listed if each.get("isPrimary") == "Y"]
    primary = named[0] if named else listed[0] if listed else None
    for at, each in enumerate(listed):
        if each is primary:
            row[PRIMARY_COLUMN[linked_type]] = int(each[one])
        yield {
            "OWNER_TYPE_ID": type_id,
            "OWNER_ID": row["ID"],
            "LINKED_TYPE_ID": linked_type,
            "LINKED_ID": int(each[one]),
            "SORT": int(each["sort"]) if each.get("sort") is not None else (at + 1) * 10,
            "ROLE_ID": int(each.get("roleId") or 0),
            "IS_PRIMARY": "Y" if each is primary else "N",
        }
