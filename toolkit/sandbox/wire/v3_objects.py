"""What REST 3.0 objects have in common: their fields, and `select`, `filter`, `order`, `pagination`.

Source: api-reference/rest-v3.md, api-reference/tasks/tasks-task-{list,field-list,field-get}*.md,
read 2026-11-22.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..state.filters import Filter
from ..switches import declare
from . import php
from .errors import RestError
from .v3 import exception, invalid, invalid_request
from .values import BadValueError, Zone

__all__ = [
    "FIELD_PROPERTIES",
    "UNKNOWN_WRITE_FIELD",
    "Dto",
    "Property",
    "Type",
    "int_param",
    "page_of",
    "select_of",
    "unknown_property",
]

PAGE, PAGE_MAX = 50, 1000
Type = Literal["int", "string", "bool", "array", "object", "DateTime"]
_OPERATORS = ("=", "!=", ">", ">=", "<", "<=", "in", "between")
FIELD_PROPERTIES = (
    *("name", "type", "title", "description", "validationRules", "requiredGroups"),
    *("filterable", "sortable", "editable", "multiple", "elementType"),
)
# What `*.field.list` and `*.field.get` show when nothing is selected.
_LISTED = ("name", "type", "title", "description", "filterable", "sortable", "multiple")

UNKNOWN_WRITE_FIELD = declare(
    "v3_unknown_write_field",
    "error",
    ("error", "ignored"),
    "Pages of task results answer an unknown field in `fields` with UNKNOWNDTOPROPERTY; the pages of tasks"
    " themselves are silent.",
    "api-reference/tasks/result/tasks-task-result-update.md",
)


@dataclass(frozen=True)
class Property:
    """One field of an object.

    Args:
        name: on the wire.
        type: as the portal names types.
        column: where it is kept; empty when it is computed.
        related: name of the object it holds.
        many: a list of such objects.
        filterable, sortable, editable: what may be done with it.
        required: must be given to create an object.
        basic: shown when nothing is selected.
    """

    name: str
    type: Type
    column: str = ""
    related: str = ""
    many: bool = False
    filterable: bool = False
    sortable: bool = False
    editable: bool = True
    required: bool = False
    basic: bool = True


@dataclass(frozen=True)
class Dto:
    """One kind of object.

    Args:
        name: as errors call it, `TaskDto`.
        properties: its fields.
    """

    name: str
    properties: tuple[Property, ...]
    by_name: dict[str, Property] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {each.name: each for each in self.properties})

    def property(self, name: str) -> Property:
        """The field of that name.

        Raises:
            RestError: UNKNOWNDTOPROPERTY.
        """
        if name not in self.by_name:
            raise unknown_property(name, self.name)
        return self.by_name[name]

    def filter(self, given: Any, zone: Zone) -> Filter:
        """A filter of triples as SQL.

        Raises:
            RestError: INVALIDFILTER, UNKNOWNDTOPROPERTY, UNKNOWNFILTEROPERATOR, or a refused value.
        """
        if given in (None, [], {}):
            return Filter("1", [])
        if not isinstance(given, list):
            raise invalid("INVALIDFILTER", given, "filter expression")
        sql, args = self._group(given, " AND ", zone, 0)
        return Filter(sql, args)

    def _group(self, nodes: list[Any], joiner: str, zone: Zone, depth: int) -> tuple[str, list[Any]]:
        if depth > 32:
            raise exception("INVALIDFILTER", "Filter nesting is too deep")
        parts, args = ["1" if joiner == " AND " else "0"] if not nodes else [], []
        for node in nodes:
            if isinstance(node, dict) and isinstance(node.get("conditions"), list):
                logic = str(node.get("logic", "and")).lower()
                if logic not in ("and", "or"):
                    raise invalid("INVALIDFILTER", node, "filter expression")
                sql, more = self._group(node["conditions"], f" {logic.upper()} ", zone, depth + 1)
                if node.get("negative") is True:  # [SDK]
                    sql = f"NOT COALESCE({sql}, 0)"
            elif isinstance(node, list) and len(node) in (2, 3) and isinstance(node[0], str):
                sql, more = self._condition(node, zone)
            else:
                raise invalid("INVALIDFILTER", node, "filter expression")
            parts.append(sql)
            args += more
        return f"({joiner.join(parts)})", args

    def _condition(self, node: list[Any], zone: Zone) -> tuple[str, list[Any]]:
        name, value = node[0], node[-1]
        operator = ("in" if isinstance(value, list) else "=") if len(node) == 2 else node[1]
        each = self.property(name)
        if operator not in _OPERATORS:
            raise exception("UNKNOWNFILTEROPERATOR", f"Unknown filter operator `{operator}`")
        if not each.filterable:
            raise invalid_request(
                (name, f"In DTO `{self.name}`, the `{name}` field requires the `Filterable` attribute")
            )
        many = isinstance(value, list)
        if many != (operator in ("in", "between")) or (operator == "between" and len(value) != 2):
            raise _wrong_type(each)
        wanted = [checked(each, one, zone) for one in (value if many else [value])]
        column = f'"{each.column}"'
        if operator == "in":
            return f"{column} IN ({', '.join('?' for _ in wanted)})", wanted
        if operator == "between":
            return f"{column} BETWEEN ? AND ?", wanted
        if wanted == [None] and operator in ("=", "!="):
            return f"{column} IS {'NOT ' if operator == '!=' else ''}NULL", []
        return f"{column} {operator} ?", wanted

    def order(self, given: Any, default: str = "ID ASC") -> str:
        """An order as SQL.

        Raises:
            RestError: INVALIDORDER, UNKNOWNDTOPROPERTY.
        """
        if given in (None, [], {}):
            return default
        if not isinstance(given, dict):
            raise invalid("INVALIDORDER", given, "sorting parameter")
        parts = []
        for name, way in given.items():
            each = self.property(str(name))
            if not each.sortable or str(way).upper() not in ("ASC", "DESC"):
                raise invalid("INVALIDORDER", given, "sorting parameter")
            parts.append(f'"{each.column}" {str(way).upper()}')
        return ", ".join([*parts, "ID ASC"])

    def written(self, given: Any, zone: Zone, *, adding: bool, lenient: bool) -> dict[str, Any]:
        """Values to write, by property name, in stored form; every complaint at once.

        Args:
            given: the `fields` parameter.
            zone: for moments without an offset.
            adding: required fields must be there; else fields that may not be changed are refused.
            lenient: ignore unknown names.

        Raises:
            RestError: UNKNOWNDTOPROPERTY, or the refused fields.
        """
        if given is None:
            raise invalid_request(("fields", "Required field `fields` is not specified"))
        if not isinstance(given, dict) and given != []:
            raise invalid_request(("fields", "Field `fields` requires data type `array` for this request"))
        fields: Mapping[str, Any] = given if isinstance(given, dict) else {}
        problems: list[tuple[str, str]] = []
        values: dict[str, Any] = {}
        for name, value in fields.items():
            if name not in self.by_name and lenient:
                continue
            each = self.property(str(name))
            if not each.editable and not (adding and each.required):
                problems.append(
                    (name, f"In DTO `{self.name}`, the field `{name}` requires the `Editable` attribute")
                )
                continue
            try:
                values[name] = checked(each, value, zone)
            except RestError:
                problems.append((name, _type_words(each)))
        if adding:
            for each in self.properties:
                if each.required and values.get(each.name) in (None, "") and each.name not in dict(problems):
                    problems.append((each.name, f"Required field `{each.name}` is not specified"))
        if problems:
            raise invalid_request(*problems)
        return values

    def described(self, select: Any, names: list[str] | None = None) -> list[dict[str, Any]]:
        """Descriptions of fields, as `*.field.list` shows them.

        Raises:
            RestError: INVALIDSELECT, UNKNOWNDTOPROPERTY.
        """
        chosen = select_of(select)
        for each in chosen or ():
            if each not in FIELD_PROPERTIES:
                raise unknown_property(each, "DtoFieldDto")
        wanted = [name for name in FIELD_PROPERTIES if name in (chosen or _LISTED)]
        return [
            {name: _describe(each)[name] for name in wanted}
            for each in self.properties
            if names is None or each.name in names
        ]


def _describe(each: Property) -> dict[str, Any]:
    return {
        "name": each.name,
        "type": "object" if each.type == "DateTime" else each.type,
        "title": each.name,
        "description": None,
        "validationRules": [],
        "requiredGroups": ["add"] if each.required else None,
        "filterable": each.filterable,
        "sortable": each.sortable,
        "editable": each.editable,
        "multiple": each.many,
        "elementType": each.related or None,
    }


def unknown_property(name: str, entity: str) -> RestError:
    """An object has no such field."""
    return exception("UNKNOWNDTOPROPERTY", f"Unknown field `{name}` for entity `{entity}`")


def checked(each: Property, value: Any, zone: Zone) -> Any:
    """A value in stored form.

    Raises:
        RestError: it is not of the field's type.
    """
    if value is None:
        return None
    if each.type == "int" and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**62:
        return value
    if each.type == "string" and isinstance(value, str):
        return value
    if each.type == "bool" and (isinstance(value, bool) or value in ("Y", "N")):
        return "Y" if value in (True, "Y") else "N"
    if each.type == "array" and isinstance(value, list | dict):
        return php.values(value)
    if each.type == "DateTime" and isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d", value):
        try:
            return zone.unix(value)
        except BadValueError:
            pass
    raise _wrong_type(each)


def _type_words(each: Property) -> str:
    return f"Field `{each.name}` requires data type `{each.type}` for this request"


def _wrong_type(each: Property) -> RestError:
    return invalid_request((each.name, _type_words(each)))


def int_param(params: Mapping[str, Any], name: str) -> int:
    """A required whole number; a string of digits is not one.

    Raises:
        RestError: it is missing or something else.
    """
    if params.get(name) is None:
        raise invalid_request((name, f"Required field `{name}` is not specified"))
    value = params[name]
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**62:
        raise invalid_request((name, f"Field `{name}` requires data type `int` for this request"))
    return value


def select_of(given: Any) -> list[str] | None:
    """Names selected; None when nothing is.

    Raises:
        RestError: INVALIDSELECT.
    """
    if given in (None, [], {}):
        return None
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise invalid("INVALIDSELECT", given, "select expression")
    return list(given)


def page_of(given: Any) -> tuple[int, int]:
    """Limit and offset of a page.

    Raises:
        RestError: INVALIDPAGINATION.
    """
    if given in (None, [], {}):
        return PAGE, 0
    numbers: dict[str, int] = {}
    for name, value in given.items() if isinstance(given, dict) else [("", None)]:
        whole = int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value) else value
        if not isinstance(whole, int) or isinstance(whole, bool) or not 0 <= whole < 2**31:
            raise invalid("INVALIDPAGINATION", given, "the pagination parameter")
        numbers[name] = whole
    limit = numbers.get("limit", PAGE)
    if limit == 0:
        raise invalid("INVALIDPAGINATION", given, "the pagination parameter")
    limit = min(limit, PAGE_MAX)
    if "page" in numbers:  # pages count from 1; the JavaScript SDK calls the first one 0
        return limit, max(0, numbers["page"] - 1) * limit
    return limit, numbers.get("offset", 0)
