"""Whatever a client sends to the CRM's older methods, it is answered in the portal's own words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.sandbox import InProcessTransport, PlayedClock, Sandbox, new_portal
from toolkit.sandbox.registry import all_methods

STEMS = (
    *(f"crm.{noun}." for noun in ("lead", "deal", "contact", "company", "quote")),
    "crm.item.productrow.",
    "crm.item.details.",
    "crm.requisite.",
    "crm.address.",
    "crm.duplicate.",
    "crm.entity.",
)
METHODS = [
    each.name for each in all_methods() if each.name.startswith(STEMS) and "userfield" not in each.name
]
PARAMETERS = (
    "id fields params filter order select start rows items entityTypeId entityId ownerId ownerType productRows"
    " preset type values entity_type fieldCode extras scope data userId"
)
FIELDS = (
    "ID TITLE NAME PHONE EMAIL VALUE CONTACT_ID CONTACT_IDS COMPANY_ID SORT IS_PRIMARY ENTITY_TYPE_ID ENTITY_ID"
    " PRESET_ID TYPE_ID RQ_INN OPPORTUNITY BIRTHDATE DATE_CREATE >ID %TITLE @ID !@NAME =%NAME ><ID REQUISITE_ID"
    " COUNTRY_ID FIELD_NAME PRICE DISCOUNT_TYPE_ID DISCOUNT_RATE ownerId ownerType =ownerId =ownerType price"
    " IMPORT CURRENCY_ID STATUS_ID entityTypeId entityIds 0 1 logic dealCategoryId elements"
)
NUMBERS = (0, 1, 2, -1, 3, 4, 8, 31, 1.5, 1e300, 10**30, True, None)
TEXTS = (
    "1",
    "",
    "x",
    "9" * 40,
    "D",
    "L",
    "Y",
    "N",
    "\0",
    "PHONE",
    "+7900",
    "section",
    "%",
    "NaN",
    "inf",
    "²",
)
leaves = st.sampled_from((*NUMBERS, *TEXTS, "'; DROP TABLE crm_3;--", "2020-13-45"))
junk = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS.split()), inner, max_size=6)
    ),
    max_leaves=12,
)
requests = st.tuples(
    st.sampled_from(METHODS),
    st.dictionaries(st.sampled_from(PARAMETERS.split()), junk, max_size=6),
    st.sampled_from([1, 2, None]),
)


@pytest.fixture(scope="module")
def furnished() -> Iterator[tuple[Sandbox, httpx.Client]]:
    """A portal with a few records of every kind, kept for all examples."""
    portal = new_portal(clock=PlayedClock())
    secret = portal.access.add_webhook(1)
    with httpx.Client(
        transport=InProcessTransport(portal), base_url=f"https://b/rest/1/{secret}/", trust_env=False
    ) as client:
        for noun in ("lead", "deal", "contact", "company", "quote"):
            for name in "AB":
                client.post(f"crm.{noun}.add", json={"fields": {"NAME": name, "TITLE": name}})
        requisite = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": 1, "PRESET_ID": 1}
        client.post("crm.requisite.add", json={"fields": requisite})
        client.post("crm.item.productrow.add", json={"fields": {"ownerId": 1, "ownerType": "D"}})
        yield portal, client
    portal.close()


@given(request=requests)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_junk_is_answered_or_refused_but_breaks_nothing(
    furnished: tuple[Sandbox, httpx.Client], request: tuple[str, dict[str, Any], int | None]
) -> None:
    portal, client = furnished
    method, params, id_ = request
    answer = client.post(method, json=params if id_ is None else {**params, "id": id_})

    assert portal.missing == {}
    assert answer.status_code in (200, 400, 403)
    assert ("result" in answer.json()) is (answer.status_code == 200)
