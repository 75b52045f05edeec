"""`crm.item.details.configuration.*` and its four older twins: how the card of a record is laid out.

Source: api-reference/crm/universal/item-details-configuration/*.md,
api-reference/crm/{leads,deals,contacts,companies}/custom-form/*.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ..call import Call
from ..registry import method
from ..state.store import declare_table
from ..wire import php
from ..wire.errors import RestError

declare_table(
    "card_layout",
    "ENTITY_TYPE_ID int",
    "VARIANT int",
    "USER_ID int",
    "SECTIONS json",
    indexes=[("ENTITY_TYPE_ID", "VARIANT")],
)

_UNIVERSAL = "api-reference/crm/universal/item-details-configuration/crm-item-details-configuration-"
_LEGACY = {
    "lead": (1, "leads"),
    "deal": (2, "deals"),
    "contact": (3, "contacts"),
    "company": (4, "companies"),
}
COMMON = 0  # the layout of everybody, in place of a user's id


def _entity_type(call: Call, fixed: int | None) -> int:
    if fixed is not None:
        return fixed
    given = php.whole(call.get("entityTypeId"))
    if given <= 0:
        raise RestError("", "Parameter 'entityTypeId' is not defined")
    if call.portal.schema.kind(given) is None:
        raise RestError("", "The entity type 'UNDEFINED' is not supported in current context.")
    return given


def _variant(call: Call, entity_type_id: int) -> int:
    """Which of a type's cards: by pipeline, or by kind of lead."""
    extras = dict(php.items(call.get("extras")))
    name = {2: "dealCategoryId", 1: "leadCustomerType"}.get(entity_type_id, "categoryId")
    if str(extras.get(name, "")).strip().isdecimal():
        return php.whole(extras[name])
    return 1 if entity_type_id == 1 else call.portal.default_category(entity_type_id)


def _whose(call: Call, *, writing: bool) -> int:
    """The user whose layout is meant, or COMMON.

    Raises:
        RestError: it is somebody else's, or (writing) everybody's, and the caller is no administrator.
    """
    common = str(call.get("scope") or "P").upper() == "C"
    user = php.whole(call.get("userId")) or call.user_id
    if not call.caller.is_admin and ((common and writing) or (not common and user != call.user_id)):
        raise RestError("", "Access denied.")
    return COMMON if common else user


def _get(call: Call, fixed: int | None) -> Any:
    type_id = _entity_type(call, fixed)
    row = call.store.first(
        "card_layout",
        ENTITY_TYPE_ID=type_id,
        VARIANT=_variant(call, type_id),
        USER_ID=_whose(call, writing=False),
    )
    return json.loads(row["SECTIONS"]) if row else None


def _set(call: Call, fixed: int | None) -> Any:
    type_id = _entity_type(call, fixed)
    whose = _whose(call, writing=True)
    sections = _read_sections(call.get("data"))
    variant = _variant(call, type_id)
    _forget(call, type_id, variant, whose)
    call.store.insert(
        "card_layout",
        {
            "ENTITY_TYPE_ID": type_id,
            "VARIANT": variant,
            "USER_ID": whose,
            "SECTIONS": json.dumps(sections, ensure_ascii=False),
        },
    )
    return True


def _read_sections(given: Any) -> list[dict[str, Any]]:
    """The sections of a card, checked in the order the page lists its complaints."""
    if not isinstance(given, dict | list):
        raise RestError("", "Parameter 'data' must be array.")
    if not given:
        raise RestError("", "There are no data to write.")
    if isinstance(given, dict):
        raise RestError("", "The data must be indexed array.")
    sections = []
    for index, each in enumerate(given):
        section = each if isinstance(each, dict) else {}
        if section.get("type") != "section":
            raise RestError(
                "",
                f"Section at index {index} have type {section.get('type', '')}."
                " The expected type is 'section'.",
            )
        for name in ("name", "title"):
            if not section.get(name):
                raise RestError("", f"Section at index {index} does not have {name}.")
        sections.append(
            {
                "name": str(section["name"]),
                "title": str(section["title"]),
                "type": "section",
                "elements": _read_elements(section.get("elements"), index),
            }
        )
    return sections


def _read_elements(given: Any, section: int) -> list[dict[str, Any]]:
    elements = []
    for index, each in enumerate(php.values(given)):
        element = each if isinstance(each, dict) else {}
        if not element.get("name"):
            raise RestError("", f"Element at index {index} in section at index {section} does not have name.")
        shown: dict[str, Any] = {
            "name": str(element["name"]),
            "optionFlags": "1" if str(element.get("optionFlags") or "0") == "1" else "0",
        }
        if isinstance(element.get("options"), dict):
            shown["options"] = element["options"]
        elements.append(shown)
    return elements


def _forget(call: Call, type_id: int, variant: int, user_id: int) -> None:
    call.store.db.execute(
        "DELETE FROM card_layout WHERE ENTITY_TYPE_ID = ? AND VARIANT = ? AND USER_ID = ?",
        [type_id, variant, user_id],
    )


def _reset(call: Call, fixed: int | None) -> Any:
    type_id = _entity_type(call, fixed)
    _forget(call, type_id, _variant(call, type_id), _whose(call, writing=True))
    return True


def _force(call: Call, fixed: int | None) -> Any:
    type_id = _entity_type(call, fixed)
    if not call.caller.is_admin:
        raise RestError("", "Access denied.")
    call.store.db.execute(
        "DELETE FROM card_layout WHERE ENTITY_TYPE_ID = ? AND VARIANT = ? AND USER_ID <> ?",
        [type_id, _variant(call, type_id), COMMON],
    )
    return True


_BODIES: tuple[tuple[str, str, str, Callable[[Call, int | None], Any]], ...] = (
    ("get", "get", "get", _get),
    ("set", "set", "set", _set),
    ("reset", "reset", "reset", _reset),
    ("forceCommonScopeForAll", "forceCommonScopeForAll", "force-common-scope-for-all", _force),
)


def _bound(body: Callable[[Call, int | None], Any], fixed: int | None) -> Callable[[Call], Any]:
    return lambda call: body(call, fixed)


for _verb, _universal_page, _legacy_page, _body in _BODIES:
    method(
        f"crm.item.details.configuration.{_verb}",
        scope="crm",
        docs=f"{_UNIVERSAL}{_universal_page}.md",
        not_emulated="whether the named fields exist",
    )(_bound(_body, None))
    for _noun, (_type_id, _folder) in _LEGACY.items():
        method(
            f"crm.{_noun}.details.configuration.{_verb}",
            scope="crm",
            docs=f"api-reference/crm/{_folder}/custom-form/"
            f"crm-{_noun}-details-configuration-{_legacy_page}.md",
            not_emulated="whether the named fields exist",
        )(_bound(_body, _type_id))
