"""The questions of the facts sheet that no family owned: both answers, seen from outside."""

from __future__ import annotations

from .test_switches import switched


def test_a_deleted_portal_answers_500_or_410() -> None:
    for status in (500, 410):
        with switched(portal_deleted_status=status) as (portal, ask):
            portal.faults.plan("deleted")
            answer = ask("profile")
            assert (answer.status_code, answer.json()["error"]) == (status, "PORTAL_DELETED")


def test_an_empty_multiple_field_is_false_or_an_empty_list() -> None:
    for chosen, expected in (("false", False), ("list", [])):
        with switched(legacy_empty_multiple=chosen) as (_, ask):
            field = {"FIELD_NAME": "TAGS", "USER_TYPE_ID": "string", "MULTIPLE": "Y"}
            ask("crm.contact.userfield.add", {"fields": field})
            made = ask("crm.contact.add", {"fields": {"NAME": "Анна"}}).json()["result"]
            assert ask("crm.contact.get", {"id": made}).json()["result"]["UF_CRM_TAGS"] == expected


def test_an_activity_without_a_responsible_takes_the_owners_or_is_refused() -> None:
    fields = {
        "OWNER_TYPE_ID": 3,
        "OWNER_ID": 1,
        "TYPE_ID": 2,
        "SUBJECT": "Звонок",
        "COMMUNICATIONS": [{"VALUE": "+79990000001", "ENTITY_ID": 1, "ENTITY_TYPE_ID": 3, "TYPE": "PHONE"}],
    }
    for chosen, status in (("owner", 200), ("refused", 400)):
        with switched(activity_without_responsible=chosen) as (_, ask):
            ask("crm.contact.add", {"fields": {"NAME": "Анна"}})
            assert ask("crm.activity.add", {"fields": fields}).status_code == status


def test_the_companies_of_no_contact_answer_400_or_200_with_an_error() -> None:
    for status in (400, 200):
        with switched(contact_companies_error_status=status) as (_, ask):
            answer = ask("crm.contact.company.items.get", {"id": 0})
            assert answer.status_code == status
            assert answer.json()["error"] == ""


def test_the_portal_tells_a_new_responsible_only_where_it_is_said_to() -> None:
    for chosen, told in (("none", 0), ("system", 1)):
        with switched(reassignment_notices=chosen) as (portal, ask):
            portal.store.insert("user", {"ID": 2, "NAME": "Вера"})
            ask("crm.item.add", {"entityTypeId": 3, "fields": {"name": "Анна"}})
            ask("crm.item.update", {"entityTypeId": 3, "id": 1, "fields": {"assignedById": 2}})
            assert portal.store.value("SELECT COUNT(*) FROM im_notification WHERE USER_ID = 2") == told


def test_salutations_are_filed_under_either_spelling() -> None:
    for spelling in ("HONORIFIC", "HONOFIRIC"):
        with switched(honorific_dictionary=spelling) as (_, ask):
            fields = ask("crm.item.fields", {"entityTypeId": 3}).json()["result"]["fields"]
            assert fields["honorific"]["statusType"] == spelling
            assert ask("crm.status.list", {"filter": {"ENTITY_ID": spelling}}).json()["total"] == 2


def test_the_lost_stage_of_deals_has_either_name() -> None:
    for stage in ("LOSE", ">LOSE"):
        with switched(lost_deal_stage=stage) as (_, ask):
            deal = {"entityTypeId": 2, "fields": {"title": "Сделка", "stageId": stage}}
            assert ask("crm.item.add", deal).json()["result"]["item"]["stageSemanticId"] == "F"
