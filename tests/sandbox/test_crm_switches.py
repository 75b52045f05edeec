"""The CRM families' open questions, answered the other way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from toolkit.sandbox import InProcessTransport, PlayedClock, new_portal

Ask = Callable[..., dict[str, Any]]


@contextmanager
def switched(**switches: Any) -> Iterator[Ask]:
    """Calls to a portal with these switches; each gives the parsed envelope."""
    portal = new_portal(clock=PlayedClock(), switches=switches)
    secret = portal.access.add_webhook(1)
    with httpx.Client(
        transport=InProcessTransport(portal), base_url=f"https://b/rest/1/{secret}/", trust_env=False
    ) as client:
        yield lambda method, **params: client.post(method, json=params).json()


def test_an_empty_required_field_has_a_code_or_none() -> None:
    for code in ("ERROR_CORE", ""):
        with switched(legacy_failed_check_code=code) as ask:
            assert ask("crm.contact.add", fields={"POST": "x"})["error"] == code


def test_an_unknown_filter_key_may_be_refused() -> None:
    with switched(legacy_unknown_filter="error") as ask:
        assert ask("crm.deal.list", filter={"TITEL": "x"})["error"] == ""


def test_like_on_a_dictionary_selects_everything_or_nothing() -> None:
    for answer, found in (("ignored", 1), ("no_rows", 0)):
        with switched(legacy_like_on_references=answer) as ask:
            ask("crm.contact.add", fields={"NAME": "A"})
            assert len(ask("crm.contact.list", filter={"%TYPE_ID": "ZZZ"})["result"]) == found
            assert len(ask("crm.contact.list", filter={"%NAME": "a"})["result"]) == 1


def test_a_deal_is_found_by_its_primary_contact_or_by_any() -> None:
    for answer, found in (("primary", 0), ("any_link", 1)):
        with switched(legacy_client_filter=answer) as ask:
            for name in "AB":
                ask("crm.contact.add", fields={"NAME": name})
            ask("crm.deal.add", fields={"TITLE": "A", "CONTACT_IDS": [1, 2]})
            assert len(ask("crm.deal.list", filter={"CONTACT_ID": 2})["result"]) == found


def test_a_missing_contact_is_linked_or_refused() -> None:
    with switched(binding_to_missing_record="refused") as ask:
        ask("crm.deal.add", fields={"TITLE": "A"})
        assert (
            ask("crm.deal.contact.add", id=1, fields={"CONTACT_ID": 99})["error_description"] == "Not found."
        )


def test_a_list_of_duplicates_may_be_whole() -> None:
    with switched(findbycomm_cut=False) as ask:
        for _ in range(22):
            ask("crm.contact.add", fields={"NAME": "A", "PHONE": [{"VALUE": "1"}]})
        found = ask("crm.duplicate.findbycomm", type="PHONE", values=["1"])["result"]
        assert len(found["CONTACT"]) == 22


def test_too_many_values_and_their_error_code() -> None:
    with switched(findbycomm_more_values="error", findbycomm_error_code="empty") as ask:
        answer = ask("crm.duplicate.findbycomm", type="PHONE", values=[str(n) for n in range(21)])
        assert answer["error"] == ""


def test_a_merge_of_ids_that_are_gone_may_be_refused() -> None:
    with switched(merge_missing_ids="owner_not_found") as ask:
        for name in "AB":
            ask("crm.contact.add", fields={"NAME": name})
        answer = ask("crm.entity.mergeBatch", params={"entityTypeId": 3, "entityIds": [1, 2, 99]})
        assert answer["error_description"] == "Owner was not found"


def test_a_conflict_may_name_no_ids() -> None:
    with switched(merge_ids_when_not_merged="empty") as ask:
        for name in "AB":
            ask("crm.contact.add", fields={"NAME": name})
        answer = ask("crm.entity.mergeBatch", params={"entityTypeId": 3, "entityIds": [1, 2]})
        assert answer["result"] == {"STATUS": "CONFLICT", "ENTITY_IDS": []}


def test_stages_are_a_conflict_unless_told_otherwise() -> None:
    for answer, status in ((True, "CONFLICT"), (False, "SUCCESS")):
        with switched(merge_stage_conflicts=answer) as ask:
            for stage in ("NEW", "EXECUTING"):
                ask("crm.deal.add", fields={"TITLE": "A", "STAGE_ID": stage})
            merged = ask("crm.entity.mergeBatch", params={"entityTypeId": 2, "entityIds": [1, 2]})
            assert merged["result"]["STATUS"] == status
            assert ask("crm.deal.get", id=1)["result"]["STAGE_ID"] == "NEW"


def test_product_rows_of_merged_deals_may_be_lost() -> None:
    with switched(merge_product_rows="lost") as ask:
        for _ in range(2):
            ask("crm.deal.add", fields={"TITLE": "A", "IS_MANUAL_OPPORTUNITY": "Y", "OPPORTUNITY": 5})
        ask("crm.deal.productrows.set", id=2, rows=[{"PRICE": 5}])
        ask("crm.entity.mergeBatch", params={"entityTypeId": 2, "entityIds": [1, 2]})
        assert ask("crm.deal.productrows.get", id=1)["result"] == []


def test_cards_may_own_addresses_where_support_allowed_it() -> None:
    fields = {"TYPE_ID": 1, "ENTITY_TYPE_ID": 4, "ENTITY_ID": 1, "CITY": "Омск"}
    for answer in (False, True):
        with switched(addresses_of_cards=answer) as ask:
            ask("crm.company.add", fields={"TITLE": "A"})
            assert ("result" in ask("crm.address.add", fields=fields)) is answer
