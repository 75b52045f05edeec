from __future__ import annotations

import pytest

from toolkit.errors import ParameterError
from toolkit.records import entities, entity, field_type

ALL = [name.replace("<entityTypeId>", "177") for name in entities()]


@pytest.mark.parametrize("name", ALL)
def test_every_entity_knows_how_it_is_read_and_where_that_is_documented(name: str) -> None:
    known = entity(name)
    assert known.name == name
    assert "." in known.list_method
    assert known.source.startswith("api-reference/")
    assert known.id_field in known.documented
    assert known.documented[known.id_field]["type"] in {"integer", "string"}


@pytest.mark.parametrize("name", ALL)
def test_special_fields_are_documented_fields(name: str) -> None:
    known = entity(name)
    for field in [known.responsible_field, *known.marker_fields]:
        assert not field or field in known.documented


@pytest.mark.parametrize("name", ALL)
def test_file_names_are_plain(name: str) -> None:
    assert entity(name).file_name.removesuffix(".parquet").replace("-", "").isalnum()


def test_an_item_of_a_built_in_type_is_that_type() -> None:
    assert entity("item:2") is entity("deal")
    assert entity("item:177").base_params == {"entityTypeId": 177}


@pytest.mark.parametrize("name", ["contacts", "item", "item:", "item:x", "item:-1", "lead:1", "", "deal:2"])
def test_an_unknown_entity_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ParameterError, match="contact"):
        entity(name)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("contact", "/crm/contact/details/5/"),
        ("deal", "/crm/deal/details/5/"),
        ("invoice", "/crm/type/31/details/5/"),
        ("item:177", "/crm/type/177/details/5/"),
        ("user", "/company/personal/user/5/"),
    ],
)
def test_a_record_has_a_card_to_open(name: str, path: str) -> None:
    assert entity(name).card_url("acme.bitrix24.ru", 5) == f"https://acme.bitrix24.ru{path}"


def test_a_record_without_a_page_has_no_address() -> None:
    assert entity("call").card_url("acme.bitrix24.ru", 5) == ""


def test_writes_are_spelt_as_the_method_wants_them() -> None:
    assert entity("deal").update_params(4, {"title": "x"}) == {
        "entityTypeId": 2,
        "id": 4,
        "fields": {"title": "x"},
    }
    assert entity("activity").update_params(4, {"RESPONSIBLE_ID": 1}) == {
        "id": 4,
        "fields": {"RESPONSIBLE_ID": 1},
    }
    assert entity("user").update_params(4, {"NAME": "x"}) == {"ID": 4, "NAME": "x"}


def test_lists_are_asked_for_the_fields_wanted() -> None:
    assert entity("deal").list_params(["title"], {}) == {"entityTypeId": 2, "select": ["id", "title"]}
    assert entity("contact").list_params(["name", "fm"], {})["select"] == ["*"]
    assert entity("user").list_params(None, {"ACTIVE": True}) == {
        "FILTER": {"ACTIVE": True},
        "select": ["*", "UF_*"],
    }
    assert entity("call").list_params(["ID"], {">ID": 5}) == {"FILTER": {">ID": 5}}


def test_a_filter_for_a_list_that_knows_none_is_refused() -> None:
    with pytest.raises(ParameterError, match="filter"):
        entity("category:2").list_params(None, {"name": "x"})


def test_documented_types_are_the_types_of_the_fields() -> None:
    assert entity("deal").field_type("contactIds") == field_type("crm_contact", multiple=True)
    assert entity("deal").field_type("categoryId") == field_type("crm_category")
    assert entity("user").field_type("UF_DEPARTMENT") == field_type(
        "iblock_section", multiple=True, dynamic=True
    )
