"""The cells of cards that a merge compares, moves or overwrites, out of a snapshot's tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import pandas as pd

from toolkit.records import FieldType, entity, field_type, is_empty, same, to_wire
from toolkit.records.spellings import UnreadableError
from toolkit.runs.multivalues import rows_of
from toolkit.runs.operation import Tables

__all__ = ["CardCells"]

# What a card has for itself, what the portal works out, and relations, which are united and not compared.
_OWN = frozenset(
    [
        "id",
        "entityTypeId",
        "createdTime",
        "createdBy",
        "webformId",
        "leadId",
        "faceId",
        "login",
        "address",
        "shortName",
        "fullName",
        "hasPhone",
        "hasEmail",
        "hasImol",
        "phone",
        "phoneMobile",
        "phoneWork",
        "phoneMailing",
        "email",
        "emailHome",
        "emailWork",
        "emailMailing",
        "imol",
        "fm",
        "companyId",
        "companyIds",
        "companies",
        "contactId",
        "contactIds",
        "contacts",
        "birthdaySort",
        "photo",
        "logo",
        "legacyLastCommunicationTime",
    ]
)
_FILES = frozenset({"file"})


class CardCells:
    """The cards of one entity.

    Args:
        name: `contact`, `company` or `lead`.
        tables: of the snapshot; `field:3` tells the types of custom fields where it was read.
    """

    def __init__(self, name: str, tables: Tables) -> None:
        self.kind = entity(name)
        self.table = tables[name]
        self._definitions = _definitions(tables.get(f"field:{self.kind.entity_type_id}"))

    @cached_property
    def types(self) -> dict[str, FieldType]:
        """The type of every column: as the portal defines it, else as documented."""
        return {str(name): self._type(str(name)) for name in self.table.columns}

    @cached_property
    def scalars(self) -> list[str]:
        """Fields in which cards can contradict each other: a merge with two filled values is a conflict."""
        return [name for name in self._comparable if not self.types[name].multiple]

    @cached_property
    def lists(self) -> list[str]:
        """Fields of many values, which a merge unites."""
        return [name for name in self._comparable if self.types[name].multiple]

    @cached_property
    def files(self) -> list[str]:
        """Fields that hold a file: they cannot be made equal."""
        return [
            name
            for name in self._candidates
            if self.types[name].kind in _FILES and not self.types[name].multiple
        ]

    def may_be_emptied(self, name: str) -> bool:
        """Whether a field takes "nothing" for an answer: a list of choices keeps its values.

        Source:
            tutorials/crm/how-to-edit-crm-objects/how-to-generate-edit-form-for-deal.md, read 2026-11-22.
        """
        defined = self._definitions.get(name, {})
        return not (self.types[name].multiple and defined.get("type") == "enumeration")

    def cells(self, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
        """By card its filled cells, spelled for writing; `fm` as rows with their ids, also when empty."""
        id_field = self.kind.id_field
        chosen = self.table[self.table[id_field].isin(list(ids))]
        names = [*self.scalars, *self.lists, *self.files]
        found: dict[int, dict[str, Any]] = {}
        columns = {name: chosen[name].tolist() for name in names}
        fm = chosen["fm"].tolist() if "fm" in chosen else [None] * len(chosen)
        for at, card in enumerate(chosen[id_field].tolist()):
            cells = {}
            for name in names:
                value = self._spelled(name, columns[name][at])
                if not is_empty(value, self.types[name]):
                    cells[name] = value
            found[int(card)] = {**cells, "fm": rows_of(fm[at])}
        return found

    def column(self, name: str, ids: Iterable[int]) -> dict[int, Any]:
        """One column of some cards, by card; missing values are None."""
        if name not in self.table:
            return {}
        chosen = self.table[self.table[self.kind.id_field].isin(list(ids))]
        values = chosen[name].astype(object).where(chosen[name].notna(), None)
        return {int(card): value for card, value in zip(chosen[self.kind.id_field], values, strict=True)}

    def alike(self, name: str, one: Any, other: Any) -> bool:
        """Whether the portal takes two filled values for one: texts without case, doubled blanks and the
        dot at the end.

        Source: unconfirmed; as integrators describe `crm.entity.mergeBatch`, 2026-11-22.
        """
        if self.types[name].kind == "string":
            return _plain(one) == _plain(other)
        return same(one, other, self.types[name])

    @cached_property
    def _candidates(self) -> list[str]:
        left_out = _OWN | self.kind.volatile_fields | {self.kind.id_field}
        return [
            name
            for name in self.types
            if name not in left_out
            and not self._flag(name, "isReadOnly")
            and not self._flag(name, "isImmutable")
        ]

    @cached_property
    def _comparable(self) -> list[str]:
        return [name for name in self._candidates if self.types[name].kind not in _FILES]

    def _flag(self, name: str, flag: str) -> bool:
        return self._definitions.get(name, {}).get(flag) is True

    def _type(self, name: str) -> FieldType:
        defined = self._definitions.get(name)
        if defined is not None:
            return field_type(
                str(defined["type"]),
                multiple=defined.get("isMultiple") is True,
                dynamic=defined.get("isDynamic") is True,
            )
        if name in self.kind.documented:
            return self.kind.field_type(name)
        return _guessed(self.table[name])

    def _spelled(self, name: str, value: Any) -> Any:
        kind = self.types[name]
        if kind.kind == "file":
            return None if value is None or value is pd.NA else int(value)
        try:
            return to_wire(value, kind)
        except UnreadableError:
            return str(value)


def _definitions(table: pd.DataFrame | None) -> dict[str, Mapping[str, Any]]:
    if table is None or "type" not in table:
        return {}
    known = table.astype(object).where(table.notna(), None)
    return {
        str(row["name"]): {str(key): value for key, value in row.items()} for row in known.to_dict("records")
    }


def _guessed(column: pd.Series[Any]) -> FieldType:
    text = str(column.dtype)
    if text.startswith("list"):
        return field_type("string", multiple=True, dynamic=True)
    names = {"Int64": "integer", "float64": "double", "boolean": "boolean"}
    if text.startswith("datetime64"):
        return field_type("datetime" if "UTC" in text else "date", dynamic=True)
    return field_type(names.get(text, "string"), dynamic=True)


def _plain(text: Any) -> str:
    return " ".join(str(text).split()).rstrip(".").rstrip().casefold()
