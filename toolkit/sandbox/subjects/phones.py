"""Whose phone is that: records by number, whatever the spelling they keep it in.

The portal compares numbers, not texts. The index for it is made when it is first needed, so that loading
a million contacts does not wait for it.

Source: api-reference/telephony/telephony-external-call-search-crm-entities.md, read 2026-11-22; the degree
to which a live portal evens out spellings is not documented.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..portal import Sandbox

__all__ = ["phone_key", "phone_owners"]

_EXTENSION = re.compile(r"(?i)(?:доб|вн|ext|[;,#x]).*$")
_INDEX = (
    "CREATE INDEX IF NOT EXISTS multifield_phone_key ON multifield (phone_key(VALUE)) WHERE TYPE_ID = 'PHONE'"
)


def phone_key(text: str | None) -> str:
    """What two spellings of one number have in common: digits, country code in front, no extension."""
    if text is None:
        return ""
    digits = re.sub(r"[^0-9]", "", _EXTENSION.sub("", str(text)))
    if len(digits) == 11 and digits[0] == "8":
        return "7" + digits[1:]
    if len(digits) == 10 and digits[0] in "3489":
        return "7" + digits
    return digits


def phone_owners(portal: Sandbox, number: str, types: Sequence[int]) -> dict[int, list[int]]:
    """Ids of records with that number, by entity type id, in the order of `types`."""
    key = phone_key(number)
    if not key:
        return {}
    portal.store.db.execute(_INDEX)
    found: dict[int, list[int]] = {type_id: [] for type_id in types}
    rows = portal.store.rows(
        "SELECT DISTINCT ENTITY_TYPE_ID, ELEMENT_ID FROM multifield"
        " WHERE TYPE_ID = 'PHONE' AND phone_key(VALUE) = ? ORDER BY ELEMENT_ID",
        [key],
    )
    for row in rows:
        if row["ENTITY_TYPE_ID"] in found:
            found[row["ENTITY_TYPE_ID"]].append(row["ELEMENT_ID"])
    return {type_id: ids for type_id, ids in found.items() if ids}
