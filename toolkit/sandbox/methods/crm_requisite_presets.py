"""`crm.requisite.preset.*` and `crm.requisite.preset.field.*`: templates, and which fields they show.

Source: api-reference/crm/requisites/presets/*.md and presets/fields/*.md, read 2026-11-22.
"""

from __future__ import annotations

from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.listing import list_rows
from ..state.store import TABLES
from ..subjects.requisite_presets import COUNTRIES, country_fields, preset_fields_of
from ..subjects.requisites import REQUISITE, described, shown, taken
from ..wire import php
from ..wire.errors import RestError
from .crm_legacy import legacy_id, legacy_map
from .crm_requisite import positive, require_read_right

_DOCS = "api-reference/crm/requisites/presets/crm-requisite-preset-"
_FIELD_DOCS = "api-reference/crm/requisites/presets/fields/crm-requisite-preset-field-"
_SIGNATURES = ("ID", "DATE_CREATE", "DATE_MODIFY", "CREATED_BY_ID", "MODIFY_BY_ID")
_KEYS = ("ENTITY_TYPE_ID", "COUNTRY_ID")
_FIELDS = TABLES["requisite_preset"].fields
_FIELD_FIELDS = TABLES["requisite_preset_field"].fields


def _require_admin(call: Call) -> None:
    if not call.caller.is_admin:
        raise RestError("", "Access denied.")


def _preset(call: Call, id_: int) -> dict[str, Any]:
    row = call.store.get("requisite_preset", id_)
    if row is None:
        raise RestError("", f"The Preset with ID '{id_}' is not found")
    return row


@method(
    "crm.requisite.preset.fields",
    scope="crm",
    docs=_DOCS + "fields.md",
    not_emulated="titles are field codes",
)
def fields(_call: Call) -> Any:
    """Describe the fields of a template."""
    return {
        name: described(
            name,
            field,
            required=name in (*_KEYS, "NAME"),
            read_only=name in _SIGNATURES,
            immutable=name in _KEYS,
        )
        for name, field in _FIELDS.items()
    }


@method("crm.requisite.preset.countries", scope="crm", docs=_DOCS + "countries.md")
def countries(_call: Call) -> Any:
    """Countries templates can be made for."""
    return [{"ID": id_, "CODE": code, "TITLE": title} for id_, code, title in COUNTRIES]


@method("crm.requisite.preset.add", scope="crm", docs=_DOCS + "add.md")
def add(call: Call) -> Any:
    """Make a template."""
    _require_admin(call)
    given = legacy_map(call, "fields", required=True)
    if positive(given.get("ENTITY_TYPE_ID"), "ENTITY_TYPE_ID") != REQUISITE:
        raise RestError("", "ENTITY_TYPE_ID is not defined or invalid.")
    if positive(given.get("COUNTRY_ID"), "COUNTRY_ID") not in {id_ for id_, _code, _title in COUNTRIES}:
        raise RestError("", "COUNTRY_ID is not defined or invalid.")
    if not given.get("NAME"):
        raise RestError("", "NAME is not defined or invalid.")
    row = {
        **taken(_FIELDS, given, call.portal.zone, skip=_SIGNATURES),
        "DATE_CREATE": int(call.now),
        "CREATED_BY_ID": call.user_id,
    }
    return call.store.insert("requisite_preset", row)


@method("crm.requisite.preset.update", scope="crm", docs=_DOCS + "update.md")
def update(call: Call) -> Any:
    """Change a template."""
    row = _preset(call, legacy_id(call))
    _require_admin(call)
    given = legacy_map(call, "fields", required=True)
    values = taken(_FIELDS, given, call.portal.zone, skip=(*_SIGNATURES, *_KEYS))
    call.store.update(
        "requisite_preset",
        row["ID"],
        {**values, "DATE_MODIFY": int(call.now), "MODIFY_BY_ID": call.user_id},
    )
    return True


@method("crm.requisite.preset.get", scope="crm", docs=_DOCS + "get.md")
def get(call: Call) -> Any:
    """One template."""
    return shown(_FIELDS, _preset(call, legacy_id(call)), call.portal.zone)


@method("crm.requisite.preset.list", scope="crm", docs=_DOCS + "list.md")
def list_(call: Call) -> Page:
    """A page of templates."""
    require_read_right(call, 0)
    rows, total, start = list_rows(
        call, "requisite_preset", filter_=legacy_map(call, "filter"), order=legacy_map(call, "order")
    )
    select = [str(each) for each in php.values(call.get("select"))]
    result = [shown(_FIELDS, row, call.portal.zone, select) for row in rows]
    return Page.of(result, len(result), total, start)


@method("crm.requisite.preset.delete", scope="crm", docs=_DOCS + "delete.md")
def delete(call: Call) -> Any:
    """Delete a template that no requisite uses."""
    row = _preset(call, legacy_id(call))
    _require_admin(call)
    if call.store.value("SELECT 1 FROM requisite WHERE PRESET_ID = ? LIMIT 1", [row["ID"]]):
        raise RestError(
            "", "You cannot delete the template because requisites have already been created for it"
        )
    call.store.db.execute("DELETE FROM requisite_preset_field WHERE PRESET_ID = ?", [row["ID"]])
    call.store.delete("requisite_preset", row["ID"])
    return True


# -- fields of a template ----------------------------------------------------------------------------


def _preset_of(call: Call) -> dict[str, Any]:
    """The template named by the parameter `preset`, `{"ID": 27}`."""
    given = dict(php.items(call.get("preset"))).get("ID")
    return _preset(call, php.whole(given))


def _field(call: Call, preset: dict[str, Any]) -> dict[str, Any]:
    id_ = legacy_id(call)
    row = call.store.first("requisite_preset_field", PRESET_ID=preset["ID"], FIELD_ID=id_)
    if row is None:
        raise RestError("", f"The PresetField with ID '{id_}' is not found")
    return row


def _available(call: Call, preset: dict[str, Any]) -> list[str]:
    """Names the template does not hold yet and its country allows."""
    have = {row["FIELD_NAME"] for row in preset_fields_of(call.portal, preset["ID"])}
    own = [row["FIELD_NAME"] for row in call.portal.schema.user_fields("CRM_REQUISITE")]
    return [name for name in (*country_fields(preset["COUNTRY_ID"]), *own) if name not in have]


def _shown_field(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "ID": row["FIELD_ID"],
        "FIELD_NAME": row["FIELD_NAME"],
        "FIELD_TITLE": row["FIELD_TITLE"],
        "IN_SHORT_LIST": row["IN_SHORT_LIST"],
        "SORT": row["SORT"],
    }


@method(
    "crm.requisite.preset.field.fields",
    scope="crm",
    docs=_FIELD_DOCS + "fields.md",
    not_emulated="titles are field codes",
)
def field_fields(_call: Call) -> Any:
    """Describe the fields of a template's field."""
    return {
        name: described(
            name,
            _FIELD_FIELDS[name],
            required=name == "FIELD_NAME",
            read_only=name == "ID",
            immutable=False,
        )
        for name in ("ID", "FIELD_NAME", "FIELD_TITLE", "SORT", "IN_SHORT_LIST")
    }


@method("crm.requisite.preset.field.availabletoadd", scope="crm", docs=_FIELD_DOCS + "available-to-add.md")
def field_available(call: Call) -> Any:
    """Names of fields the template could be given."""
    try:
        preset = _preset_of(call)
    except RestError as error:
        raise RestError("", "Template not found.") from error
    return _available(call, preset)


@method("crm.requisite.preset.field.list", scope="crm", docs=_FIELD_DOCS + "list.md")
def field_list(call: Call) -> Page:
    """All fields of a template."""
    rows = preset_fields_of(call.portal, _preset_of(call)["ID"])
    return Page([_shown_field(row) for row in rows], len(rows))


@method("crm.requisite.preset.field.get", scope="crm", docs=_FIELD_DOCS + "get.md")
def field_get(call: Call) -> Any:
    """One field of a template; numbers are numbers here."""
    return _shown_field(_field(call, _preset_of(call)))


@method("crm.requisite.preset.field.add", scope="crm", docs=_FIELD_DOCS + "add.md")
def field_add(call: Call) -> Any:
    """Show one more field in a template; returns its id within the template."""
    preset = _preset_of(call)
    _require_admin(call)
    given = legacy_map(call, "fields", required=True)
    name = str(given.get("FIELD_NAME") or "")
    if name not in _available(call, preset):
        raise RestError("", f"The field '{name}' can not be added.")
    last = call.store.value(
        "SELECT MAX(FIELD_ID) FROM requisite_preset_field WHERE PRESET_ID = ?", [preset["ID"]]
    )
    id_ = int(last or 0) + 1
    values = taken(_FIELD_FIELDS, given, call.portal.zone, skip=("ID", "FIELD_ID", "PRESET_ID"))
    call.store.insert("requisite_preset_field", {**values, "PRESET_ID": preset["ID"], "FIELD_ID": id_})
    return id_


@method("crm.requisite.preset.field.update", scope="crm", docs=_FIELD_DOCS + "update.md")
def field_update(call: Call) -> Any:
    """Change a field of a template; its name must be given even when it stays."""
    preset = _preset_of(call)
    row = _field(call, preset)
    _require_admin(call)
    given = legacy_map(call, "fields", required=True)
    name = str(given.get("FIELD_NAME") or "")
    if name != row["FIELD_NAME"] and name not in _available(call, preset):
        raise RestError("", f"The field '{name}' can not be added.")
    values = taken(_FIELD_FIELDS, given, call.portal.zone, skip=("ID", "FIELD_ID", "PRESET_ID"))
    call.store.update("requisite_preset_field", row["ID"], values)
    return True


@method("crm.requisite.preset.field.delete", scope="crm", docs=_FIELD_DOCS + "delete.md")
def field_delete(call: Call) -> Any:
    """Take a field out of a template; values of requisites stay."""
    row = _field(call, _preset_of(call))
    _require_admin(call)
    return call.store.delete("requisite_preset_field", row["ID"])
