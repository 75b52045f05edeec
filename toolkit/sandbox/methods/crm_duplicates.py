"""Duplicates: who has the same phone or e-mail, and making one card of several.

Source: api-reference/crm/duplicates/*.md,
tutorials/crm/how-to-get-lists/search-by-phone-and-email.md, read 2026-11-22.
"""

from __future__ import annotations

import re
from typing import Any

from ..call import Call
from ..registry import method
from ..subjects.merging import merge
from ..subjects.phones import phone_owners
from ..switches import declare
from ..wire import php
from ..wire.errors import RestError

_DOCS = "api-reference/crm/duplicates/"
_TYPES = {"LEAD": 1, "CONTACT": 3, "COMPANY": 4}
VALUES_MAX = 20
ENOUGH = 20  # this many of one type, and the types after it are not looked at

PHONE_MATCH = declare(
    "findbycomm_phone_match",
    "written",
    ("written", "digits"),
    "The tutorial says numbers in another format are no duplicates; live portals are said to even out some.",
    "tutorials/crm/how-to-get-lists/search-by-phone-and-email.md",
)
CUT = declare(
    "findbycomm_cut",
    True,
    (True, False),
    "Twenty of one type silence the next types, which reads like a limit; whether the list itself is cut"
    " there is not said.",
    _DOCS + "crm-duplicate-find-by-comm.md",
)
MORE_VALUES = declare(
    "findbycomm_more_values",
    "first_20",
    ("first_20", "error"),
    "At most 20 values are allowed; what happens to more is not said.",
    _DOCS + "crm-duplicate-find-by-comm.md",
)
ERROR_WORDS = declare(
    "findbycomm_error_code",
    "words",
    ("words", "empty"),
    "The page puts the words of the error into its code; other pages of the same age leave the code empty.",
    _DOCS + "crm-duplicate-find-by-comm.md",
)
MISSING_IDS = declare(
    "merge_missing_ids",
    "dropped",
    ("dropped", "owner_not_found"),
    "The page lists 'Owner was not found' without saying when; ids that are gone are said to be dropped.",
    _DOCS + "crm-entity-merge-batch.md",
)
FAILED_IDS = declare(
    "merge_ids_when_not_merged",
    "filled",
    ("filled", "empty"),
    "ENTITY_IDS are the deleted cards; what stands there when nothing was deleted is not said.",
    _DOCS + "crm-entity-merge-batch.md",
)

_EXTENSION = re.compile(r"(?i)\s*(?:[;,#]|доб|вн|ext|x).*$")


# -- crm.duplicate.findbycomm ------------------------------------------------------------------------


@method("crm.duplicate.findbycomm", scope="crm", docs=_DOCS + "crm-duplicate-find-by-comm.md")
def find_by_comm(call: Call) -> Any:
    """Ids of leads, contacts and companies with these phones or e-mails; `[]` when there are none.

    Rights to the single cards are not asked: ids may be found which a list then leaves out.
    """
    if not call.caller.is_admin and not (call.caller.user.get("CRM_READ") or ""):
        raise RestError("Access denied", "Access denied", 403)
    type_ = str(call.get("type") or "").upper()
    if not type_:
        raise _refusal(call, "Communication type is not defined", "Parameter 'type' is required.")
    if type_ not in ("PHONE", "EMAIL"):
        raise _refusal(call, f"Communication type '{type_}' is not supported in current context")
    given = call.get("values")
    values = [str(each).strip() for each in php.values(given)] if isinstance(given, dict | list) else []
    values = [each for each in values if each]
    if not values:
        raise _refusal(call, "Communication values is not defined")
    if len(values) > VALUES_MAX:
        if call.portal.switches["findbycomm_more_values"] == "error":
            raise _refusal(call, "Communication values: too many")
        values = values[:VALUES_MAX]
    wanted = _TYPES.get(str(call.get("entity_type") or "").upper())
    types = {name: id_ for name, id_ in _TYPES.items() if wanted in (None, id_)}
    result: dict[str, list[int]] = {}
    for name, type_id in types.items():
        ids = _owners(call, type_id, type_, values)
        if ids:
            result[name] = ids[:ENOUGH] if call.portal.switches["findbycomm_cut"] else ids
        if len(ids) >= ENOUGH:
            break
    return result


def _refusal(call: Call, words: str, description: str = "") -> RestError:
    code = words if call.portal.switches["findbycomm_error_code"] == "words" else ""
    return RestError(code, description or words)


def _owners(call: Call, type_id: int, type_: str, values: list[str]) -> list[int]:
    found: set[int] = set()
    for value in values:
        if type_ == "EMAIL":
            found.update(_with(call, type_id, type_, value))
        elif call.portal.switches["findbycomm_phone_match"] == "digits":
            found.update(phone_owners(call.portal, value, [type_id]).get(type_id, ()))
        else:
            found.update(_with(call, type_id, type_, _EXTENSION.sub("", value)))
    return sorted(found)


def _with(call: Call, type_id: int, type_: str, value: str) -> list[int]:
    """Records with that value; of phones, the extension is left out of the comparison."""
    # the plus keeps SQLite from reading all phones of a type: the index on the value finds one at once
    rows = call.store.rows(
        "SELECT ELEMENT_ID, VALUE FROM multifield"
        " WHERE VALUE >= ? AND VALUE < ? AND +ENTITY_TYPE_ID = ? AND TYPE_ID = ?",
        [value, value + "\U0010ffff", type_id, type_],
    )
    return [
        row["ELEMENT_ID"]
        for row in rows
        if (_EXTENSION.sub("", row["VALUE"]) if type_ == "PHONE" else row["VALUE"]).casefold()
        == value.casefold()
    ]


# -- crm.entity.mergeBatch ---------------------------------------------------------------------------


@method(
    "crm.entity.mergeBatch",
    scope="crm",
    docs=_DOCS + "crm-entity-merge-batch.md",
    feature="merge",
    not_emulated="manual merge page",
)
def merge_batch(call: Call) -> Any:
    """Merge records into the first; a conflict is a status, not an error."""
    params = dict(php.items(call.get("params")))
    type_id = params.get("entityTypeId")
    if type_id in (None, "", 0):
        raise RestError(0, "The parameter entityTypeId is required.")
    kind = call.portal.schema.kind(php.whole(type_id))
    if kind is None:
        raise RestError(0, f"Entity type {type_id} is not supported")
    given = [php.whole(each) for each in php.values(params.get("entityIds"))]
    ids = [each for each in dict.fromkeys(given) if each > 0]
    if not ids:
        raise RestError(0, "The parameter entityIds does not contains valid elements.")
    if len(ids) < 2:
        raise RestError(0, "The parameter entityIds must contains at least two elements.")
    rows = {each: call.portal.records.get(kind, each) for each in ids}
    present = [each for each in ids if rows[each] is not None]
    if len(present) < len(ids) and call.portal.switches["merge_missing_ids"] == "owner_not_found":
        raise RestError(0, "Owner was not found")
    if not present:
        raise RestError(0, "The parameter entityIds does not contains valid elements.")
    if len(present) < 2:
        raise RestError(0, "The parameter entityIds must contains at least two elements.")
    for each in present:
        row = rows[each] or {}
        if not all(call.portal.records.may(call.caller, right, row) for right in ("READ", "WRITE")):
            raise RestError("ACCESS_DENIED", "Access denied", 403)
    merged = merge(call.portal, kind, present, call.caller)
    told = merged.status == "SUCCESS" or call.portal.switches["merge_ids_when_not_merged"] == "filled"
    return {"STATUS": merged.status, "ENTITY_IDS": merged.gone if told else []}
