"""A link that both ends tell: writing one end explains the other, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from toolkit.runs.mirrored import Mirrored


def row(
    kind: str, entity: str, record: int | None, was: Any, will: Any, made: int | None = None
) -> dict[str, Any]:
    return {
        "kind": kind,
        "entity": entity,
        "record_id": pd.NA if record is None else record,
        "before": json.dumps(was),
        "after": json.dumps(will),
        "result": json.dumps({"id": made}) if made else None,
    }


@pytest.fixture
def mirrored() -> Mirrored:
    """Contact 7 went from company 14 to 90; a contact made just now, 8, works for 14."""
    rows = [
        row("update", "contact", 7, {"companyIds": [14, 3]}, {"companyIds": [90, 3]}),
        row("create", "contact", None, {}, {"companyIds": [14]}, made=8),
        row("update", "contact", 9, {"post": ""}, {"post": "врач"}),
    ]
    return Mirrored(pd.DataFrame(rows))


def test_both_companies_may_have_changed_by_the_contact_that_moved(mirrored: Mirrored) -> None:
    assert mirrored.explains("company", 14, "contactIds", [1, 7], [1, 8])
    assert mirrored.explains("company", 90, "contactIds", [], [7])
    assert mirrored.explains("company", 14, "contacts", "any", "other")


def test_a_contact_nobody_wrote_is_not_explained(mirrored: Mirrored) -> None:
    assert not mirrored.explains("company", 14, "contactIds", [1, 7], [8])
    assert not mirrored.explains("company", 14, "contactIds", [1, 7, 9], [1, 8])


def test_companies_and_fields_the_links_do_not_touch_are_not_explained(mirrored: Mirrored) -> None:
    assert not mirrored.explains("company", 3, "contactIds", [7], [])
    assert not mirrored.explains("company", 14, "title", "old", "new")
    assert not mirrored.explains("deal", 14, "contactIds", [7], [8])
