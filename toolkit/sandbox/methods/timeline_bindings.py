"""`crm.timeline.bindings.*`: the records a timeline entry is shown at.

Source: api-reference/crm/timeline/bindings/*.md, read 2026-11-22.
"""

from __future__ import annotations

from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.listing import list_rows
from ..subjects.activities import Target
from ..subjects.timeline import Timeline
from ..switches import declare
from ..wire import php
from ..wire.errors import RestError
from .timeline_comment import may, target_of, type_name

_DOCS = "api-reference/crm/timeline/bindings/crm-timeline-bindings-"
_TYPES = ("lead", "deal", "contact", "company", "order")

SMART_PROCESSES = declare(
    "timeline_bind_smart_process",
    "refused",
    ("refused", "accepted"),
    "The pages list lead, deal, contact, company and order; comments can be added to smart processes.",
    "api-reference/crm/timeline/bindings/crm-timeline-bindings-bind.md",
)


@method("crm.timeline.bindings.fields", scope="crm", docs=_DOCS + "fields.md")
def fields(_call: Call) -> Any:
    """Describe the fields of a binding."""
    return {
        name: {
            "type": type_,
            "isRequired": True,
            "isReadOnly": False,
            "isImmutable": True,
            "isMultiple": False,
            "isDynamic": False,
            "title": name,
        }
        for name, type_ in (("OWNER_ID", "integer"), ("ENTITY_ID", "integer"), ("ENTITY_TYPE", "string"))
    }


def _named(call: Call) -> tuple[int, Target]:
    """The entry and the record in `fields`.

    Raises:
        RestError: empty code; which of them is not defined or invalid, or no right on the record.
    """
    given = call.get("fields")
    asked = given if isinstance(given, dict) else {}
    for name in ("OWNER_ID", "ENTITY_ID"):
        if not php.whole(asked.get(name)):
            raise RestError("", f"{name} is not defined or invalid.")
    type_ = str(asked.get("ENTITY_TYPE") or "").lower()
    allowed = type_ in _TYPES or call.portal.switches[SMART_PROCESSES] == "accepted"
    target = target_of(call, type_, asked["ENTITY_ID"]) if allowed else None
    if target is None:
        raise RestError("", "ENTITY_TYPE is not defined or invalid.")
    kind = call.portal.schema.kind(target[0])
    if kind is None or call.portal.records.get(kind, target[1]) is None:
        raise RestError("", "ENTITY_ID is not defined or invalid.")
    owner = php.whole(asked["OWNER_ID"])
    if call.store.get("timeline_entry", owner) is None:
        raise RestError("", "OWNER_ID is not defined or invalid.")
    if not may(call, "WRITE", [target]):
        raise RestError("", "Access denied.")
    return owner, target


@method("crm.timeline.bindings.bind", scope="crm", docs=_DOCS + "bind.md")
def bind(call: Call) -> Any:
    """Show an entry at one more record; false when it is shown there already."""
    owner, target = _named(call)
    return Timeline(call.portal).bind(owner, target)


@method("crm.timeline.bindings.unbind", scope="crm", docs=_DOCS + "unbind.md")
def unbind(call: Call) -> Any:
    """Show an entry at a record no more."""
    owner, target = _named(call)
    if not Timeline(call.portal).unbind(owner, target):
        raise RestError("", "Not found.")
    return True


@method("crm.timeline.bindings.list", scope="crm", docs=_DOCS + "list.md")
def list_(call: Call) -> Page:
    """The records an entry is shown at."""
    filter_ = call.get("filter")
    owner = php.whole(filter_.get("OWNER_ID")) if isinstance(filter_, dict) else 0
    if not owner:
        raise RestError("", "OWNER_ID is not defined or invalid.")
    rows, total, start = list_rows(call, "timeline_binding", where="OWNER_ID = ?", args=[owner])
    items = [
        {
            "OWNER_ID": str(row["OWNER_ID"]),
            "ENTITY_ID": str(row["ENTITY_ID"]),
            "ENTITY_TYPE": type_name(call, row["ENTITY_TYPE_ID"]),
        }
        for row in rows
    ]
    return Page.of(items, len(items), total, start)
