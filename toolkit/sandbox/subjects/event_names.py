"""Which events a portal knows, by the scope an application needs to hear of them.

Source: api-reference/events/events.md and the `events` folders of the families, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["EVENTS", "SCOPE_OF_DYNAMIC", "dynamic_names", "scope_of"]

SCOPE_OF_DYNAMIC = "ONCRMDYNAMICITEM"
_CHANGES = ("ADD", "UPDATE", "DELETE")
_FIELD_CHANGES = (*_CHANGES, "SETENUMVALUES")


def _named(stem: str, endings: Iterable[str] = _CHANGES) -> tuple[str, ...]:
    return tuple(f"ON{stem}{ending}" for ending in endings)


EVENTS: dict[str, tuple[str, ...]] = {
    "": (
        "ONAPPUNINSTALL",
        "ONAPPINSTALL",
        "ONAPPUPDATE",
        "ONAPPPAYMENT",
        "ONAPPTEST",
        "ONAPPMETHODCONFIRM",
        "ONOFFLINEEVENT",
    ),
    "user": ("ONUSERADD",),
    "crm": (
        *(
            name
            for each in ("LEAD", "DEAL", "COMPANY", "CONTACT", "QUOTE")
            for name in (*_named(f"CRM{each}"), *_named(f"CRM{each}USERFIELD", _FIELD_CHANGES))
        ),
        "ONCRMDEALMOVETOCATEGORY",
        *(
            name
            for each in (
                "INVOICE",
                "CURRENCY",
                "PRODUCT",
                "PRODUCTPROPERTY",
                "PRODUCTSECTION",
                "ACTIVITY",
                "REQUISITE",
                "BANKDETAIL",
                "MEASURE",
                "TIMELINECOMMENT",
                "DYNAMICITEM",
                "TYPE",
                "DOCUMENTGENERATORDOCUMENT",
            )
            for name in _named(f"CRM{each}")
        ),
        "ONCRMINVOICESETSTATUS",
        *_named("CRMINVOICEUSERFIELD", _FIELD_CHANGES),
        *_named("CRMREQUISITEUSERFIELD", _FIELD_CHANGES),
        *_named("CRMTYPEUSERFIELD", _FIELD_CHANGES),
        *_named("CRMADDRESS", ("REGISTER", "UNREGISTER")),
        *_named("CRMDEALRECURRING", (*_CHANGES, "EXPOSE")),
        *_named("CRMINVOICERECURRING", (*_CHANGES, "EXPOSE")),
    ),
    "telephony": (
        "ONVOXIMPLANTCALLINIT",
        "ONVOXIMPLANTCALLSTART",
        "ONVOXIMPLANTCALLEND",
        "ONEXTERNALCALLSTART",
        "ONEXTERNALCALLBACKSTART",
    ),
    "task": (*_named("TASK"), *_named("TASKCOMMENT")),
}
"""Event names by scope; the empty scope is everybody's."""

_SCOPE = {name: scope for scope, names in EVENTS.items() for name in names}


def dynamic_names(entity_type_ids: Iterable[int]) -> list[str]:
    """Names of the events of single smart processes, `ONCRMDYNAMICITEMADD_147`."""
    return [f"{name}_{each}" for each in entity_type_ids for name in _named("CRMDYNAMICITEM")]


def scope_of(event: str) -> str | None:
    """The scope an event belongs to; empty for everybody's, None when there is no such event."""
    stem = event.rstrip("0123456789").rstrip("_") if event.startswith(SCOPE_OF_DYNAMIC) else event
    return _SCOPE.get(stem)
