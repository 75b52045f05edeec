"""Universal lists, their columns and elements seen from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from toolkit.sandbox import Sandbox

Result = Callable[..., Any]
Refusal = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def journal(result: Result) -> dict[str, Any]:
    """A list with a column of each interesting type; the address of it and the ids of its columns."""
    address = {"IBLOCK_TYPE_ID": "lists", "IBLOCK_CODE": "journal"}
    result("lists.add", **address, FIELDS={"NAME": "Журнал", "DESCRIPTION": "x"})
    columns = {}
    for code, type_, more in (
        ("TEXT", "S", {}),
        ("NUMBER", "N", {}),
        ("PEOPLE", "S:employee", {"MULTIPLE": "Y"}),
        ("WHEN", "S:DateTime", {}),
        (
            "STATE",
            "L",
            {"LIST": {"10": {"VALUE": "План", "SORT": 10, "DEF": "Y"}}, "LIST_TEXT_VALUES": "Готово"},
        ),
    ):
        fields = {"NAME": code.title(), "TYPE": type_, "CODE": code, **more}
        columns[code] = result("lists.field.add", **address, FIELDS=fields)
    return {"address": address, **columns}


def test_a_value_stands_under_the_id_it_has(result: Result, journal: dict[str, Any]) -> None:
    id_ = result(
        "lists.element.add",
        **journal["address"],
        ELEMENT_CODE="run-1",
        FIELDS={
            "NAME": "Первый",
            journal["PEOPLE"]: ["1", "7"],
            journal["WHEN"]: "2024-12-31 23:59:59",
            journal["TEXT"]: "",
        },
    )

    (row,) = result("lists.element.get", **journal["address"], ELEMENT_ID=id_)

    assert isinstance(id_, int)
    assert (row["ID"], row["CODE"], row["CREATED_BY"], row["IBLOCK_SECTION_ID"]) == (
        str(id_),
        "run-1",
        "1",
        None,
    )
    assert list(row[journal["PEOPLE"]].values()) == ["1", "7"]
    assert list(row[journal["WHEN"]].values()) == ["31.12.2024 23:59:59"]
    assert journal["TEXT"] not in row


def test_the_code_of_an_element_is_taken_once(
    result: Result, refusal: Refusal, journal: dict[str, Any]
) -> None:
    result("lists.element.add", **journal["address"], ELEMENT_CODE="x", FIELDS={"NAME": "1"})
    twice = refusal("lists.element.add", **journal["address"], ELEMENT_CODE="x", FIELDS={"NAME": "2"})
    assert twice == (400, "ERROR_ELEMENT_ALREADY_EXISTS", "Element already exists")


def test_an_update_empties_what_it_does_not_name(result: Result, journal: dict[str, Any]) -> None:
    address = journal["address"]
    fields = {"NAME": "1", journal["TEXT"]: "важно", journal["PEOPLE"]: ["1", "2"]}
    id_ = result("lists.element.add", **address, ELEMENT_CODE="x", FIELDS=fields)
    people = result("lists.element.get", **address, ELEMENT_ID=id_)[0][journal["PEOPLE"]]
    first = next(iter(people))

    change = {"NAME": "2", journal["PEOPLE"]: {first: "9"}}
    assert result("lists.element.update", **address, ELEMENT_CODE="x", FIELDS=change) is True

    (row,) = result("lists.element.get", **address, ELEMENT_ID=id_)
    assert (row["NAME"], row[journal["PEOPLE"]]) == ("2", {first: "9"})
    assert journal["TEXT"] not in row


def test_elements_are_filtered_by_properties(result: Result, journal: dict[str, Any]) -> None:
    address, number, text, when = journal["address"], journal["NUMBER"], journal["TEXT"], journal["WHEN"]
    for name, size, moment in (("a", 9, "2024-01-01"), ("b", 10, "2025-01-01"), ("c", None, None)):
        fields = {"NAME": f"Запись {name}", number: size, text: f"текст {name}", when: moment}
        result("lists.element.add", **address, ELEMENT_CODE=name, FIELDS=fields)

    def found(**filter_: Any) -> list[str]:
        rows = result(
            "lists.element.get", **address, FILTER=filter_, SELECT=["CODE"], ELEMENT_ORDER={"NAME": "asc"}
        )
        assert all(set(row) == {"ID", "CODE"} for row in rows)
        return [row["CODE"] for row in rows]

    assert found(**{f">{number}": 9}) == ["b"]
    assert found(**{f"={number}": [9, 10]}) == ["a", "b"]
    assert found(**{number: ""}) == ["c"]
    assert found(**{f"!{number}": 9}) == ["b", "c"]
    assert found(**{f"%{text}": "ТЕКСТ A"}) == ["a"]
    assert found(**{f"<={when}": "2024-06-01T00:00:00+03:00"}) == ["a"]
    assert found(NAME="%запись%") == ["a", "b", "c"]
    assert found(**{">=DATE_CREATE": "2020-01-01"}) == ["a", "b", "c"]


def test_elements_come_in_pages_with_a_total(call: Callable[..., Any], journal: dict[str, Any]) -> None:
    for number in range(51):
        call("lists.element.add", **journal["address"], ELEMENT_CODE=f"{number}", FIELDS={"NAME": "x"})
    body = call("lists.element.get", **journal["address"])
    assert (len(body["result"]), body["total"], body["next"]) == (50, 51, 50)


def test_a_deleted_element_frees_its_code(result: Result, refusal: Refusal, journal: dict[str, Any]) -> None:
    address = journal["address"]
    result("lists.element.add", **address, ELEMENT_CODE="x", FIELDS={"NAME": "1"})
    assert result("lists.element.delete", **address, ELEMENT_CODE="x") is True
    assert refusal("lists.element.delete", **address, ELEMENT_CODE="x")[1] == "ERROR_ELEMENT_NOT_FOUND"
    assert isinstance(result("lists.element.add", **address, ELEMENT_CODE="x", FIELDS={"NAME": "1"}), int)


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("lists.element.get", {}, "ERROR_REQUIRED_PARAMETERS_MISSING"),
        ("lists.element.get", {"IBLOCK_TYPE_ID": "lists"}, "ERROR_REQUIRED_PARAMETERS_MISSING"),
        ("lists.element.get", {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 99}, "ERROR_IBLOCK_NOT_FOUND"),
        (
            "lists.element.get",
            {"IBLOCK_TYPE_ID": "bitrix_processes", "IBLOCK_CODE": "journal"},
            "ERROR_IBLOCK_NOT_FOUND",
        ),
        (
            "lists.element.add",
            {"IBLOCK_TYPE_ID": "lists", "IBLOCK_CODE": "journal", "FIELDS": {"NAME": "x"}},
            "ERROR_REQUIRED_PARAMETERS_MISSING",
        ),
        (
            "lists.element.update",
            {"IBLOCK_TYPE_ID": "lists", "IBLOCK_CODE": "journal", "ELEMENT_ID": 9, "FIELDS": {"NAME": "x"}},
            "ERROR_ELEMENT_NOT_FOUND",
        ),
        (
            "lists.add",
            {"IBLOCK_TYPE_ID": "lists", "IBLOCK_CODE": "journal", "FIELDS": {"NAME": "x"}},
            "ERROR_IBLOCK_ALREADY_EXISTS",
        ),
        ("lists.get", {"IBLOCK_TYPE_ID": "lists_socnet"}, "ACCESS_DENIED"),
    ],
)
def test_a_call_to_lists_is_refused(
    refusal: Refusal, journal: dict[str, Any], method: str, params: dict[str, Any], code: str
) -> None:
    assert journal
    assert refusal(method, **params)[:2] == (400, code)


def test_files_are_not_written_by_id(result: Result, refusal: Refusal, journal: dict[str, Any]) -> None:
    fields = {"NAME": "Файл", "TYPE": "F", "CODE": "FILE"}
    column = result("lists.field.add", **journal["address"], FIELDS=fields)
    refused = refusal(
        "lists.element.add", **journal["address"], ELEMENT_CODE="x", FIELDS={"NAME": "1", column: "5"}
    )
    assert refused[1:] == ("ERROR_ELEMENT_FIELD_VALUE", "Writing file values by ID is not supported")


def test_one_column_stands_under_its_type_all_under_their_ids(
    result: Result, refusal: Refusal, journal: dict[str, Any]
) -> None:
    address, state = journal["address"], journal["STATE"]
    column = result("lists.field.get", **address, FIELD_ID=state)["L"]
    options = column["DISPLAY_VALUES_FORM"]
    assert list(options.values()) == ["План", "Готово"]
    assert column["DEFAULT_VALUE"] == next(iter(options))
    assert (column["PROPERTY_USER_TYPE"], column["ID"], column["SETTINGS"]["SHOW_ADD_FORM"]) == (
        False,
        state.removeprefix("PROPERTY_"),
        "Y",
    )
    assert {"NAME", state} < set(result("lists.field.get", **address))
    assert result("lists.field.get", **address, FIELD_ID="PROPERTY_999") == []
    again = {"NAME": "x", "TYPE": "S", "CODE": "TEXT"}
    assert refusal("lists.field.add", **address, FIELDS=again)[2] == "Property already exists"
    assert result("lists.field.add", **address, FIELDS={"NAME": "Порядок", "TYPE": "SORT"}) == "SORT"
    assert "SORT" not in result("lists.field.type.get", **address)


def test_a_removed_column_takes_its_values_along(result: Result, journal: dict[str, Any]) -> None:
    address, text = journal["address"], journal["TEXT"]
    result("lists.element.add", **address, ELEMENT_CODE="x", FIELDS={"NAME": "1", text: "y"})
    renamed = {"NAME": "Новое", "TYPE": "S"}
    assert result("lists.field.update", **address, FIELD_ID=text, FIELDS=renamed) is True
    assert result("lists.field.get", **address, FIELD_ID=text)["S"]["NAME"] == "Новое"
    assert result("lists.field.delete", **address, FIELD_ID=text) is True
    assert text not in result("lists.element.get", **address)[0]


def test_rights_of_a_list_decide(
    portal: Sandbox, result: Result, journal: dict[str, Any], colleague: Callable[..., Any]
) -> None:
    other = colleague()
    other_id = portal.store.value("SELECT MAX(ID) FROM user")
    address = journal["address"]
    entry = {**address, "ELEMENT_CODE": "x", "FIELDS": {"NAME": "1"}}

    assert other("lists.element.get", address).json()["error"] == "ACCESS_DENIED"
    assert other("lists.get", {"IBLOCK_TYPE_ID": "lists"}).json()["total"] == 0

    result("lists.update", **address, FIELDS={"NAME": "Журнал"}, RIGHTS={"*": "R", f"U{other_id}": "E"})
    assert other("lists.element.add", entry).json()["result"] > 0
    assert other("lists.element.delete", {**address, "ELEMENT_CODE": "x"}).json()["error"] == "ACCESS_DENIED"
    assert other("lists.get", {"IBLOCK_TYPE_ID": "lists"}).json()["total"] == 1


def test_a_deleted_list_leaves_nothing(portal: Sandbox, result: Result, journal: dict[str, Any]) -> None:
    result(
        "lists.element.add",
        **journal["address"],
        ELEMENT_CODE="x",
        FIELDS={"NAME": "1", journal["TEXT"]: "y"},
    )
    assert result("lists.delete", **journal["address"]) is True
    for table in ("iblock", "iblock_property", "iblock_enum", "iblock_element", "iblock_value"):
        assert portal.store.find(table) == []
