"""Card layouts, seen from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

CARD = [
    {
        "name": "main",
        "title": "О сделке",
        "type": "section",
        "elements": [{"name": "TITLE", "optionFlags": 1}, {"name": "CLIENT"}],
    }
]


def test_a_layout_is_kept_by_user_pipeline_and_scope(result: Callable[..., Any]) -> None:
    get = "crm.item.details.configuration.get"
    assert result(get, entityTypeId=2) is None
    assert result("crm.item.details.configuration.set", entityTypeId=2, data=CARD) is True

    (section,) = result(get, entityTypeId=2)
    assert section["elements"] == [
        {"name": "TITLE", "optionFlags": "1"},
        {"name": "CLIENT", "optionFlags": "0"},
    ]
    assert result("crm.deal.details.configuration.get") == [section]
    assert result(get, entityTypeId=2, scope="C") is None
    assert result(get, entityTypeId=2, extras={"dealCategoryId": 9}) is None


def test_forcing_the_common_layout_removes_the_personal_ones_only(result: Callable[..., Any]) -> None:
    for scope in "PC":
        result("crm.deal.details.configuration.set", scope=scope, data=CARD)
    assert result("crm.item.details.configuration.forceCommonScopeForAll", entityTypeId=2) is True

    assert result("crm.deal.details.configuration.get", scope="P") is None
    assert result("crm.deal.details.configuration.get", scope="C") is not None
    assert result("crm.deal.details.configuration.reset", scope="C") is True
    assert result("crm.deal.details.configuration.get", scope="C") is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("x", "Parameter 'data' must be array."),
        ([], "There are no data to write."),
        ({"a": {}}, "The data must be indexed array."),
        ([{"type": "tab"}], "Section at index 0 have type tab. The expected type is 'section'."),
        ([{"type": "section"}], "Section at index 0 does not have name."),
        ([{"type": "section", "name": "a"}], "Section at index 0 does not have title."),
        (
            [{"type": "section", "name": "a", "title": "a", "elements": [{}]}],
            "Element at index 0 in section at index 0 does not have name.",
        ),
    ],
)
def test_a_malformed_layout_is_refused_in_the_pages_words(
    given: Any, words: str, refusal: Callable[..., tuple[int, Any, str]]
) -> None:
    assert refusal("crm.contact.details.configuration.set", data=given) == (400, "", words)


def test_an_ordinary_user_changes_his_own_layout_only(
    colleague: Callable[..., Callable[..., httpx.Response]],
) -> None:
    ask = colleague()

    assert ask("crm.lead.details.configuration.set", {"data": CARD}).json()["result"] is True
    for params in ({"scope": "C"}, {"userId": 1}):
        answer = ask("crm.lead.details.configuration.set", {"data": CARD, **params})
        assert answer.json() == {"error": "", "error_description": "Access denied."}


def test_the_type_must_be_named_and_known(refusal: Callable[..., tuple[int, Any, str]]) -> None:
    get = "crm.item.details.configuration.get"

    assert refusal(get)[1:] == ("", "Parameter 'entityTypeId' is not defined")
    assert refusal(get, entityTypeId=777)[1] == ""
