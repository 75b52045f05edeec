"""What kind of value a field of the portal holds, and what counts as empty in it.

The portal names about forty field types; a person or a comparison only has to tell ten kinds apart.
Two facts ride along with the kind because they differ between fields of one kind: whether zero means
"nothing", and whether the order of a list means something.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["FieldType", "Kind", "field_type"]

Kind = Literal[
    "integer",
    "reference",
    "double",
    "string",
    "boolean",
    "date",
    "datetime",
    "money",
    "file",
    "multifield",
    "json",
]

_REFERENCES = frozenset(
    {
        "user",
        "employee",
        "crm_lead",
        "crm_deal",
        "crm_contact",
        "crm_company",
        "crm_quote",
        "crm_invoice",
        "crm_entity",
        "crm_category",
        "location",
        "enumeration",
        "iblock_element",
        "iblock_section",
        "hlblock",
    }
)
_FILES = frozenset({"file", "diskfile", "attached_diskfile", "product_file"})
_OBJECTS = frozenset(
    {"object", "array", "json", "crm_activity_binding", "crm_activity_communication", "crm_item_product_row"}
)
_PLAIN: dict[str, Kind] = {
    "integer": "integer",
    "int": "integer",
    "double": "double",
    "boolean": "boolean",
    "char": "boolean",
    "date": "date",
    "datetime": "datetime",
    "money": "money",
    "crm_multifield": "multifield",
}


@dataclass(frozen=True)
class FieldType:
    """How to read, compare and store the values of one field.

    Args:
        kind: one of ten kinds; see `Kind`.
        multiple: the field holds a list of such values.
        zero_is_empty: 0 and "0" mean "nothing" here, like `null`.
        ordered: the order of a list means something (the first of `contactIds` is the primary contact).
    """

    kind: Kind
    multiple: bool = False
    zero_is_empty: bool = False
    ordered: bool = True


def field_type(portal_type: str, *, multiple: bool = False, dynamic: bool = False) -> FieldType:
    """The field type behind a type name of `crm.item.fields` or of a documentation page.

    Zero is empty in references (a cleared link answers 0, one never set answers null) except in
    `crm_category`, where 0 is the general pipeline of deals. Zero is empty in the portal's own numbers
    too, because whether they answer null or 0 depends on the history of the row. In a custom field
    (`dynamic`) somebody typed the 0, so there it is a value.

    Args:
        portal_type: `integer`, `crm_company`, `datetime`...; an unknown name is read as text.
        multiple: `isMultiple` of the field.
        dynamic: `isDynamic` of the field.

    Source:
        api-reference/data-types.md, api-reference/crm/data-types.md,
        api-reference/crm/universal/crm-item-fields.md, read 2026-11-22.
    """
    name = portal_type.casefold()
    if name in _REFERENCES:
        # Only the client lists carry meaning in their order: the first one is the primary client.
        ordered = name in {"crm_contact", "crm_company"} and not dynamic
        return FieldType("reference", multiple, zero_is_empty=name != "crm_category", ordered=ordered)
    if name in _FILES:
        return FieldType("file", multiple, zero_is_empty=True, ordered=False)
    if name.startswith("crm_enum_"):
        return FieldType("integer", multiple, zero_is_empty=True)
    if name in _OBJECTS:
        return FieldType("json")
    kind = _PLAIN.get(name, "string")
    if kind == "multifield":
        return FieldType("multifield", ordered=False)
    zero_is_empty = kind in {"integer", "double"} and not dynamic
    return FieldType(kind, multiple, zero_is_empty=zero_is_empty, ordered=name != "crm")
