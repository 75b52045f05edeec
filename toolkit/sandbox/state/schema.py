"""What kinds of records this portal has: the system ones, its smart processes, and their user fields.

Kinds are computed from the tables `dynamic_type` and `user_field`, and cached until one of them changes.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from .fields import (
    KINDS,
    LEGACY_ONLY_PREFIX,
    SYSTEM_FIELDS,
    Field,
    Kind,
    universal_uf_name,
    upper_name,
)
from .store import Column, Store, declare_table

__all__ = ["Schema"]

declare_table(
    "dynamic_type",
    Column("ENTITY_TYPE_ID", "int"),
    "TITLE",
    "CODE",
    "CREATED_BY int",
    "UPDATED_BY int",
    "CREATED_TIME time",
    "UPDATED_TIME time",
    "CUSTOM_SECTION_ID int",
    "OPTIONS json",
    "RELATIONS json",
    "LINKED_USER_FIELDS json",
    indexes=[("ENTITY_TYPE_ID",)],
)
declare_table(
    "user_field",
    "ENTITY_ID",
    "FIELD_NAME",
    "USER_TYPE_ID",
    "XML_ID",
    Column("SORT", "int", 100),
    Column("MULTIPLE", "flag", "N"),
    Column("MANDATORY", "flag", "N"),
    Column("SHOW_FILTER", "flag", "N"),
    Column("SHOW_IN_LIST", "flag", "Y"),
    Column("EDIT_IN_LIST", "flag", "Y"),
    Column("IS_SEARCHABLE", "flag", "N"),
    "SETTINGS json",
    "LABELS json",
    indexes=[("ENTITY_ID",)],
)
declare_table(
    "user_field_option",
    "FIELD_ID int",
    "VALUE",
    Column("DEF", "flag", "N"),
    Column("SORT", "int", 500),
    "XML_ID",
    indexes=[("FIELD_ID",)],
)

# Fields of records that came from a real portal and that `fields.py` does not know: kept under their own
# universal names, so that nothing of a restored snapshot is lost.
declare_table(
    "foreign_field",
    "ENTITY_TYPE_ID int",
    "NAME",
    "TYPE",
    Column("MULTIPLE", "flag", "N"),
    Column("READ_ONLY", "flag", "Y"),
    "TITLE",
    indexes=[("ENTITY_TYPE_ID", "NAME")],
)

# Which flag of a smart process brings which fields.
_OPTIONAL = {
    "isBeginCloseDatesEnabled": "item_dates",
    "isClientEnabled": "item_client",
    "isLinkWithProductsEnabled": "item_money",
    "isMycompanyEnabled": "item_my_company",
    "isSourceEnabled": "item_source",
    "isObserversEnabled": "item_observers",
}
_PARENT_TYPES = {1: "crm_lead", 2: "crm_deal", 3: "crm_contact", 4: "crm_company", 7: "crm_quote"}


class Schema:
    """The kinds of records of one portal.

    Args:
        store: its tables; a kind's table is made, or widened, when the kind is first asked for.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kinds: dict[int, Kind] = {}

    def forget(self) -> None:
        """A smart process or a user field changed: compute kinds afresh."""
        self._kinds.clear()

    def kind(self, entity_type_id: int) -> Kind | None:
        """The kind of that type id, or None when the portal has none."""
        if entity_type_id not in self._kinds:
            kind = self._compute(entity_type_id)
            if kind is None:
                return None
            self._store.prepare(kind)
            self._kinds[entity_type_id] = kind
        return self._kinds[entity_type_id]

    def kinds(self) -> list[Kind]:
        """Every kind, by type id."""
        ids = [
            *KINDS,
            *(row["ENTITY_TYPE_ID"] for row in self._store.rows("SELECT ENTITY_TYPE_ID FROM dynamic_type")),
        ]
        return [kind for kind in (self.kind(each) for each in sorted(ids)) if kind]

    def by_uf_entity(self, entity_id: str) -> Kind | None:
        """The kind whose user fields are filed under `CRM_CONTACT`, `CRM_7`, ..."""
        return next((kind for kind in self.kinds() if kind.uf_entity == entity_id), None)

    def by_name(self, name: str) -> Kind | None:
        """The kind called DEAL, CONTACT, DYNAMIC_177, ..., in any case."""
        return next((kind for kind in self.kinds() if kind.name == name.upper()), None)

    def by_abbr(self, abbr: str) -> Kind | None:
        """The kind of a short code: C, CO, D, L, SI, Tb1, ..."""
        return next((kind for kind in self.kinds() if kind.abbr == abbr), None)

    def user_fields(self, entity_id: str) -> list[dict[str, Any]]:
        """Rows of `user_field` of one `entityId`, in their order."""
        return [
            dict(row)
            for row in self._store.rows(
                "SELECT * FROM user_field WHERE ENTITY_ID = ? ORDER BY SORT, ID", [entity_id]
            )
        ]

    def _compute(self, entity_type_id: int) -> Kind | None:
        kind = KINDS.get(entity_type_id)
        if kind is None:
            row = self._store.first("dynamic_type", ENTITY_TYPE_ID=entity_type_id)
            if row is None:
                return None
            kind = self._dynamic(row)
        fields = dict(kind.fields)
        for parent in self._parents(kind):
            fields[f"parentId{parent}"] = Field(
                f"parentId{parent}",
                _PARENT_TYPES.get(parent, "crm_entity"),
                f"PARENT_ID_{parent}",
                f"PARENT_ID_{parent}",
                title=f"PARENT_ID_{parent}",
                settings={"parentEntityTypeId": parent},
            )
        fields.update(self._user_fields(kind.uf_entity))
        for row in self._store.find("foreign_field", ENTITY_TYPE_ID=entity_type_id):
            name, column = row["NAME"], upper_name(row["NAME"])
            fields.setdefault(
                name,
                Field(
                    name,
                    row["TYPE"],
                    column,
                    column,
                    read_only=row["READ_ONLY"] == "Y",
                    multiple=row["MULTIPLE"] == "Y",
                    title=row["TITLE"] or column,
                ),
            )
        return replace(kind, fields=fields)

    def _dynamic(self, row: dict[str, Any]) -> Kind:
        options = json.loads(row["OPTIONS"] or "{}")
        type_id = row["ENTITY_TYPE_ID"]
        fields = dict(SYSTEM_FIELDS["item"])
        for flag, group in _OPTIONAL.items():
            if options.get(flag) == "Y":
                fields.update(SYSTEM_FIELDS[group])
        return Kind(
            type_id, f"DYNAMIC_{type_id}", f"T{type_id:x}", f"CRM_{row['ID']}", row["TITLE"], fields, options
        )

    def _parents(self, kind: Kind) -> list[int]:
        """Type ids whose records may be parents of this kind's: from both sides of the relations."""
        parents: set[int] = set()
        for row in self._store.rows("SELECT ENTITY_TYPE_ID, RELATIONS FROM dynamic_type"):
            relations = json.loads(row["RELATIONS"] or "{}")
            if row["ENTITY_TYPE_ID"] == kind.entity_type_id:
                parents.update(int(each["entityTypeId"]) for each in relations.get("parent", []))
            elif any(int(each["entityTypeId"]) == kind.entity_type_id for each in relations.get("child", [])):
                parents.add(row["ENTITY_TYPE_ID"])
        return sorted(parents)

    def _user_fields(self, entity_id: str) -> dict[str, Field]:
        fields: dict[str, Field] = {}
        for row in self.user_fields(entity_id):
            original = row["FIELD_NAME"]
            name = universal_uf_name(original)
            if name in fields:  # a clash of converted names: the later one keeps its original name
                name = original
            labels = json.loads(row["LABELS"] or "{}")
            fields[name] = Field(
                name,
                row["USER_TYPE_ID"],
                original,
                original,
                required=row["MANDATORY"] == "Y",
                multiple=row["MULTIPLE"] == "Y",
                dynamic=True,
                title=_label(labels, original),
                settings=json.loads(row["SETTINGS"] or "{}"),
            )
        return fields


def _label(labels: dict[str, Any], default: str) -> str:
    edit = labels.get("editFormLabel") or {}
    if isinstance(edit, dict):
        return str(edit.get("ru") or edit.get("en") or next(iter(edit.values()), default))
    return str(edit)


def universal_fields(kind: Kind) -> dict[str, Field]:
    """The fields `crm.item.*` knows: without those of the legacy card address."""
    return {name: each for name, each in kind.fields.items() if not name.startswith(LEGACY_ONLY_PREFIX)}
