"""Which template a firm's requisites are made by: a portal numbers its templates itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["presets_of"]

_MARKS = {"organisation": "_COMPANY", "entrepreneur": "_INDIVIDUAL"}


def presets_of(templates: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Ids of the templates for an organisation and for an entrepreneur; empty when the portal has none.

    Those the portal came with are known by their external key; where somebody took them away, the first active one
    serves.

    Args:
        templates: ID, XML_ID, ACTIVE, as listed.

    Source:
        api-reference/crm/requisites/presets/crm-requisite-preset-list.md, read 2026-11-22.
    """
    templates = list(templates)
    active = [each for each in templates if each.get("ACTIVE", "Y") in ("Y", True)] or templates
    found = {}
    for kind, mark in _MARKS.items():
        fitting = [each for each in active if str(each.get("XML_ID") or "").rstrip("#").endswith(mark)]
        if active:
            found[kind] = int((fitting or active)[0]["ID"])
    return found
