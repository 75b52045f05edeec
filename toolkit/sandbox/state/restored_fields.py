"""Fields of restored records: made as they were defined, or guessed from what they hold.

Source: api-reference/crm/universal/crm-item-fields.md, api-reference/crm/universal/index.md, read 2026-11-22.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..portal import Sandbox
from ..wire.values import Zone, stored
from .fields import KINDS, Field, Kind, storage_of, universal_uf_name
from .schema import universal_fields

__all__ = ["NOT_COLUMNS", "declare_fields", "kept_type", "known_names", "reader_of"]

NOT_COLUMNS = frozenset({"fm", "entityTypeId"})
"""What a record carries beside its fields."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
_TYPES_KNOWN_ELSEWHERE = ("crm_multifield",)


def known_names(kind: Kind) -> dict[str, Field]:
    """Fields of a kind by every name a universal method may give them."""
    names = {each.column: each for each in kind.fields.values() if each.dynamic}
    return {**names, **universal_fields(kind)}


def declare_fields(
    portal: Sandbox,
    type_id: int,
    defined: Mapping[str, Mapping[str, Any]],
    samples: Mapping[str, Sequence[Any]],
) -> list[str]:
    """Make the fields a kind of record lacks.

    Args:
        portal: the sandbox.
        type_id: entity type id; the kind exists.
        defined: field name to its definition as `crm.item.fields` answers it.
        samples: field name to some of its values, for fields without a definition.

    Returns:
        Names whose type was guessed.
    """
    guessed = []
    kind = _kind(portal, type_id)
    known = known_names(kind)
    # A snapshot's manifest also defines system fields of which its portal shows none.
    custom = [name for name, each in defined.items() if each.get("isDynamic") and name not in samples]
    for name in [*custom, *samples]:
        definition = defined.get(name, {})
        if name in known or name in NOT_COLUMNS or definition.get("type") in _TYPES_KNOWN_ELSEWHERE:
            continue
        if re.fullmatch(r"parentId\d+", name):
            _relate(portal, type_id, int(name.removeprefix("parentId")))
            continue
        if not definition:
            definition = _guess(samples.get(name, ()), portal.zone)
            guessed.append(name)
        original = str(definition.get("upperName") or _original_name(name) or "")
        if original.startswith("UF_") and name in (original, universal_uf_name(original)):
            _make_user_field(portal, kind, original, definition)
        else:
            portal.store.insert(
                "foreign_field",
                {
                    "ENTITY_TYPE_ID": type_id,
                    "NAME": name,
                    "TYPE": definition["type"],
                    "MULTIPLE": "Y" if definition.get("isMultiple") else "N",
                    "READ_ONLY": "Y" if definition.get("isReadOnly", True) else "N",
                    "TITLE": definition.get("title"),
                },
            )
    portal.schema.forget()
    _kind(portal, type_id)
    return guessed


def _kind(portal: Sandbox, type_id: int) -> Kind:
    kind = portal.schema.kind(type_id)
    if kind is None:
        raise LookupError(f"the portal has no entity type {type_id}")
    return kind


def _make_user_field(portal: Sandbox, kind: Kind, original: str, definition: Mapping[str, Any]) -> None:
    title = definition.get("title") or original
    field_id = portal.store.insert(
        "user_field",
        {
            "ENTITY_ID": kind.uf_entity,
            "FIELD_NAME": original,
            "USER_TYPE_ID": definition["type"],
            "MULTIPLE": "Y" if definition.get("isMultiple") else "N",
            "MANDATORY": "Y" if definition.get("isRequired") else "N",
            "SETTINGS": json.dumps(definition.get("settings") or {}, ensure_ascii=False),
            "LABELS": json.dumps({"editFormLabel": {"ru": title}}, ensure_ascii=False),
        },
    )
    for at, option in enumerate(definition.get("items") or ()):
        portal.store.insert(
            "user_field_option",
            {
                "ID": int(option["ID"]),
                "FIELD_ID": field_id,
                "VALUE": option["VALUE"],
                "SORT": (at + 1) * 10,
            },
        )


def _relate(portal: Sandbox, type_id: int, parent: int) -> None:
    """Make records of one type possible parents of another's; one of the two is a smart process."""
    for owner, side, other in ((type_id, "parent", parent), (parent, "child", type_id)):
        row = portal.store.first("dynamic_type", ENTITY_TYPE_ID=owner)
        if row is None and owner == parent and owner not in KINDS and type_id in KINDS:
            portal.store.insert(
                "dynamic_type",
                {"ENTITY_TYPE_ID": owner, "TITLE": f"Смарт-процесс {owner}", "OPTIONS": "{}"},
            )
            row = portal.store.first("dynamic_type", ENTITY_TYPE_ID=owner)
        if row is not None:
            relations = json.loads(row["RELATIONS"] or "{}")
            relations.setdefault(side, []).append({"entityTypeId": other, "isChildrenListEnabled": "Y"})
            portal.store.update("dynamic_type", row["ID"], {"RELATIONS": json.dumps(relations)})
            return


def _original_name(name: str) -> str | None:
    """The `UF_CRM_...` name behind a camelCase one; None when several are possible or none is."""
    if name.startswith("UF_"):
        return name
    tail = name.removeprefix("ufCrm")
    if tail == name:
        return None
    digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
    rest = tail[len(digits) :]
    words = re.sub(r"(?<!^)(?=[A-Z])", "_", rest).upper()
    for guess in (f"UF_CRM{tail}", f"UF_CRM_{digits}{rest}", f"UF_CRM_{digits}_{words}"):
        if universal_uf_name(guess) == name:
            return guess
    return None


def _guess(values: Sequence[Any], zone: Zone) -> dict[str, Any]:
    """A definition that fits the values; text fits anything."""
    multiple = any(isinstance(each, list) for each in values)
    single = [one for each in values for one in (each if isinstance(each, list) else [each])]
    return {"type": _guess_type([each for each in single if each is not None], zone), "isMultiple": multiple}


def _guess_type(values: Sequence[Any], zone: Zone) -> str:
    if not values:
        return "string"
    if all(isinstance(each, bool) or each in ("Y", "N") for each in values):
        return "boolean"
    if all(isinstance(each, int) for each in values):
        return "integer"
    if all(isinstance(each, int | float) for each in values):
        return "double"
    if all(isinstance(each, dict) and "id" in each for each in values):
        return "file"
    if all(isinstance(each, str) and _MOMENT.fullmatch(each) for each in values):
        return "date" if all(each == zone.day(each[:10]) for each in values) else "datetime"
    return "string"


def kept_type(field: Field) -> type | None:
    """The type a value may have on the wire to be kept as it is; None when it must always be read."""
    if field.multiple or field.type == "file":
        return None
    return {"int": int, "text": str}.get(field.storage)


def reader_of(portal: Sandbox, kind: Kind, field: Field) -> Callable[[Any], Any]:
    """Turns a value as `crm.item.list` showed it (never null) into its stored form."""
    if field.type == "file":
        return _files(portal, kind, field)
    single = _single(portal, field)
    if not field.multiple:
        return single

    def many(value: Any) -> str | None:
        if not value:
            return None
        each = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
        kept = [single(one) for one in each if one not in (None, "")]
        return json.dumps(kept, ensure_ascii=False) if kept else None

    return many


def _single(portal: Sandbox, field: Field) -> Callable[[Any], Any]:
    zone = portal.zone
    lone = Field(field.name, field.type, field.column, dynamic=field.dynamic)
    storage = storage_of(field.type, dynamic=field.dynamic)

    def anything(value: Any) -> Any:
        if storage == "text" and isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False)
        return stored(lone, value, zone, strict=False)

    # Nearly every value is of one shape; the rest take the long way round.
    def moment(value: Any) -> Any:
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            return int(datetime.fromisoformat(value).timestamp())
        return anything(value) if value else None

    def day(value: Any) -> Any:
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            return value[:10]
        return anything(value)

    def flag(value: Any) -> Any:
        return value if value in ("Y", "N") else anything(value)

    def plain(value: Any) -> Any:
        return value if type(value) is kept_as else anything(value)

    kept_as = {"int": int, "text": str, "real": float}.get(storage)
    if kept_as:
        return plain
    return {"time": moment, "date": day, "flag": flag}.get(storage, anything)


def _files(portal: Sandbox, kind: Kind, field: Field) -> Callable[[Any], Any]:
    """File fields keep ids; their contents are not part of a snapshot, so each file here is empty."""
    owner = f"{kind.entity_type_id}:{field.column}"

    def read(value: Any) -> Any:
        listed = value if isinstance(value, list) else [value]
        ids = [int(each["id"] if isinstance(each, dict) else each) for each in listed if each]
        for each in ids:
            portal.store.db.execute(
                "INSERT OR IGNORE INTO stored_file (ID, NAME, CONTENT, SIZE, OWNER) VALUES (?, ?, '', 0, ?)",
                [each, f"file-{each}", owner],
            )
        if not ids:
            return None
        return json.dumps(ids if field.multiple else ids[0])

    return read
