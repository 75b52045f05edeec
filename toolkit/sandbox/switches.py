"""What the documentation leaves open or contradicts, as named switches with a default and a reason.

A switch is turned with `Sandbox(switches={"name": value})` or `b24kit sandbox start --switch name=value`.
The coverage report lists them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["SWITCHES", "Switch", "Switches", "UnknownSwitchError"]


@dataclass(frozen=True)
class Switch:
    """One open question about the real portal.

    Args:
        name: how it is turned.
        default: what the sandbox assumes.
        choices: the other answers it can give.
        reason: why this default; what the docs say or fail to say.
        docs: the page concerned.
    """

    name: str
    default: Any
    choices: tuple[Any, ...]
    reason: str
    docs: str


SWITCHES: dict[str, Switch] = {}


def declare(name: str, default: Any, choices: tuple[Any, ...], reason: str, docs: str) -> str:
    """Add a switch to the list and give back its name, to be used where the question arises."""
    if name in SWITCHES:
        raise ValueError(f"switch {name} is declared twice")
    SWITCHES[name] = Switch(name, default, choices, reason, docs)
    return name


class UnknownSwitchError(ValueError):
    """A switch of that name, or that answer to it, does not exist."""


class Switches:
    """The answers one sandbox gives to the open questions.

    Args:
        chosen: answers that differ from the defaults.

    Raises:
        UnknownSwitchError: a name or answer that is not in the list.
    """

    def __init__(self, chosen: Mapping[str, Any] | None = None) -> None:
        self._chosen = dict(chosen or {})
        for name, value in self._chosen.items():
            if name not in SWITCHES:
                raise UnknownSwitchError(f"no switch {name!r}; known: {', '.join(sorted(SWITCHES))}")
            if value not in SWITCHES[name].choices:
                raise UnknownSwitchError(f"switch {name}: {value!r} is not one of {SWITCHES[name].choices}")

    def __getitem__(self, name: str) -> Any:
        """The answer to the question `name`."""
        return self._chosen.get(name, SWITCHES[name].default)

    def changed(self) -> dict[str, Any]:
        """The answers that differ from the defaults."""
        return dict(self._chosen)


INSUFFICIENT_SCOPE_STATUS = declare(
    "insufficient_scope_status",
    403,
    (403, 401),
    "The table of system errors says 403, the official SDK files the code under 401.",
    "error-codes.md",
)
INVALID_CREDENTIALS_STATUS = declare(
    "invalid_credentials_status",
    403,
    (403, 401),
    "The table of system errors says 403, the import pages 401.",
    "error-codes.md",
)
BATCH_CHARGE = declare(
    "batch_charges",
    "sub_methods",
    ("sub_methods", "batch"),
    "The limits page charges each method; whether a batch is charged to itself instead is not said.",
    "limits.md",
)
BROKEN_REFERENCE = declare(
    "broken_reference",
    "text",
    ("text", "empty"),
    "What a command receives whose $result source failed is not said; SDK authors report the literal text.",
    "settings/how-to-call-rest-api/batch.md",
)
LEGACY_UNKNOWN_FILTER = declare(
    "legacy_unknown_filter",
    "ignored",
    ("ignored", "error"),
    "Legacy list pages are silent about unknown filter keys; in practice they are ignored: a typo selects all.",
    "api-reference/crm/contacts/crm-contact-list.md",
)
DEFAULT_ORDER = declare(
    "default_list_order",
    "id_asc",
    ("id_asc", "none"),
    "crm.item.list does not document an order; ascending id is what portals show.",
    "api-reference/crm/universal/crm-item-list.md",
)
UNREADABLE_IN_TOTAL = declare(
    "total_counts_unreadable",
    False,
    (False, True),
    "Unreadable rows are missing from the page; whether total counts them is not said.",
    "api-reference/crm/universal/crm-item-list.md",
)
UNKNOWN_ENTITY_TYPE = declare(
    "bad_entity_type_code",
    "NOT_FOUND",
    ("NOT_FOUND", "ENTITY_TYPE_NOT_SUPPORTED"),
    "Pages name NOT_FOUND for a bad entityTypeId, tutorials ENTITY_TYPE_NOT_SUPPORTED.",
    "api-reference/crm/universal/crm-item-add.md",
)
FM_STRING_ON_ADD = declare(
    "fm_not_an_array",
    "silent",
    ("silent", "code_100"),
    "One tutorial says a string in fm is swallowed, another that it answers code 100.",
    "api-reference/crm/universal/crm-item-add.md",
)
WRONG_WEBHOOK = declare(
    "wrong_webhook_code",
    "NO_AUTH_FOUND",
    ("NO_AUTH_FOUND", "INVALID_CREDENTIALS"),
    "The table of system errors gives NO_AUTH_FOUND for a wrong webhook code, the import pages INVALID_CREDENTIALS.",
    "error-codes.md",
)
PORTAL_DELETED = declare(
    "portal_deleted_status",
    500,
    (500, 410),
    "The table of system errors says 500, the official SDK expects 410.",
    "error-codes.md",
)
LEGACY_EMPTY_MULTIPLE = declare(
    "legacy_empty_multiple",
    "false",
    ("false", "list"),
    "What an empty multiple user field looks like on legacy pages is not said; portals answer false.",
    "api-reference/crm/contacts/crm-contact-get.md",
)
HONORIFIC_DICTIONARY = declare(
    "honorific_dictionary",
    "HONORIFIC",
    ("HONORIFIC", "HONOFIRIC"),
    "The pages of dictionaries write HONORIFIC, those of items HONOFIRIC: most likely a slip of the pen.",
    "api-reference/crm/universal/crm-item-add.md",
)
LOST_STAGE = declare(
    "lost_deal_stage",
    "LOSE",
    ("LOSE", ">LOSE"),
    "Samples show the lost stage of deals as LOSE, the table of main fields as >LOSE.",
    "api-reference/crm/main-entities-fields.md",
)
