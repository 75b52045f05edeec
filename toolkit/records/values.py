"""Values as the portal answers them, read into values that can be compared.

The portal writes one fact in many ways: a cleared link is 0 and one never set is null, an absent text is
"" or null or false, an amount is `"20000.00"` or `20000`, yes is `Y`, `1`, `true` or `"true"`, a birthday is
midnight UTC shown in the server's zone. `read_value` undoes the spelling; `normalise` also folds every
emptiness of the field into None; `same` says whether two values mean the same.

What is empty, by kind of field:

    any kind       null, absent, "", [], {}, NaN, and false: older methods answer it for a custom field
                   never set, and a yes-or-no field never set shows as "no"
    references     0 and "0", but not in crm_category: 0 is the general pipeline
    own numbers    0 and "0": the row's history decides whether the portal answers null or 0
    custom numbers 0 is a value: somebody typed it
    text           "0" is a value
    money          no amount before the bar: "|RUB"
    lists          a list of nothing but empties

Source:
    api-reference/data-types.md, api-reference/crm/data-types.md,
    api-reference/crm/universal/crm-item-get.md (companyId 0 beside null), read 2026-11-22.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from toolkit.records.fieldtypes import FieldType, field_type
from toolkit.records.spellings import UnreadableError, instant, read_value

__all__ = ["instant", "is_empty", "normalise", "same", "to_wire"]


def normalise(value: Any, kind: FieldType | str) -> Any:
    """The one spelling of a value, with every emptiness of its field as None.

    Two values mean the same exactly when their normal forms are equal.

    Args:
        value: as on the wire, or out of a DataFrame (`pd.NA`, `Timestamp`, numpy scalars, arrays).
        kind: the field's type, or the portal's name of one (`"integer"` then means a custom field's).

    Returns:
        None, or bool, int, float, str, or a list of these; dates as `YYYY-MM-DD`, moments as ISO 8601 in
        UTC, multifields as a sorted list of [typeId, valueType, value]. It survives JSON unchanged.

    Raises:
        UnreadableError: the value does not fit the type.
    """
    wanted = field_type(kind) if isinstance(kind, str) else kind
    found = read_value(value, wanted)
    if wanted.kind == "multifield":
        return sorted(_without_id(row) for row in found) or None
    if wanted.multiple:
        if not found:
            return None
        return found if wanted.ordered else sorted(found)
    if found is False or (wanted.zero_is_empty and found == 0):
        return None
    return found


def same(left: Any, right: Any, kind: FieldType | str) -> bool:
    """Whether two values of a field mean the same to the portal.

    A value that does not fit its type equals only itself, so that a surprise shows up as a difference.
    """
    wanted = field_type(kind) if isinstance(kind, str) else kind
    try:
        return bool(normalise(left, wanted) == normalise(right, wanted))
    except UnreadableError:
        return type(left) is type(right) and bool(np.all(left == right))


def is_empty(value: Any, kind: FieldType | str) -> bool:
    """Whether a value stands for "nothing" in this field."""
    try:
        return normalise(value, kind) is None
    except UnreadableError:
        return False


def to_wire(value: Any, kind: FieldType | str) -> Any:
    """A value out of a table, spelled so that it can be written into the field.

    Nothing becomes `""`, which clears any single value and which, unlike null, a batch can carry; for a list
    it becomes []. The portal accepts that and keeps the old values of a custom list field
    (`enumeration`, multiple): only reading back shows whether it was cleared.

    Args:
        value: as on the wire, or out of a DataFrame (`pd.NA`, `Timestamp`, numpy scalars, arrays).
        kind: the field's type, or the portal's name of one.

    Returns:
        None never; bool, int, float, str or a list of these. A bool is spelled by the client as the method
        wants it. Days as `YYYY-MM-DD`, moments as ISO 8601 in UTC.

    Raises:
        UnreadableError: the value does not fit the type, or is a multifield or a file, whose writes are
            instructions (add this phone, delete that row) and not values.

    Source:
        tutorials/crm/how-to-edit-crm-objects/how-to-generate-edit-form-for-deal.md (empty values; a list
        that is not cleared), read 2026-11-22.
    """
    wanted = field_type(kind) if isinstance(kind, str) else kind
    if wanted.kind in {"multifield", "file"}:
        raise UnreadableError(f"a {wanted.kind} is not written as a value")
    found = read_value(value, wanted)
    return "" if found is None else found


def _without_id(row: dict[str, Any]) -> list[str]:
    # A phone deleted and written again has a new row id and is the same phone.
    return [row["typeId"], row["valueType"], row["value"]]
