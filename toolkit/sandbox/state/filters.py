"""Filters and orders of list methods, turned into SQL.

Universal methods are strict: an unknown field or an ill-formed value is INVALID_ARG_VALUE. Legacy ones
cast what they get, and ignore names they do not know, so that a typo selects everything.

Source: api-reference/crm/universal/crm-item-list.md, api-reference/crm/contacts/crm-contact-list.md,
read 2026-11-22.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..wire import php
from ..wire.errors import RestError, invalid_arg
from ..wire.values import BadValueError, Zone, stored
from .fields import Field

__all__ = ["Filter", "Special", "compile_filter", "compile_order"]

# Longest first, so that `!=%` is not read as `!`.
_PREFIXES = (
    "!><",
    "!=%",
    "!%=",
    "><",
    ">=",
    "<=",
    "!@",
    "!%",
    "=%",
    "%=",
    "!=",
    ">",
    "<",
    "@",
    "%",
    "=",
    "!",
    "?",
)
_NEGATED = {"!=%": "=%", "!%=": "=%", "!%": "%", "!@": "@", "!=": "=", "!": "=", "!><": "><"}

Special = Callable[[str, list[Any]], tuple[str, list[Any]]]
"""Answers a filter on something that is no column: (operator, values) -> (sql, args)."""


@dataclass(frozen=True)
class Filter:
    """A condition in SQL.

    Args:
        sql: boolean expression; values only as `?`.
        args: the values.
    """

    sql: str
    args: list[Any]


def compile_filter(
    filter_: Any,
    fields: Mapping[str, Field],
    zone: Zone,
    *,
    strict: bool,
    specials: Mapping[str, Special] | None = None,
    on_unknown: Callable[[str], None] | None = None,
    with_logic: bool = True,
) -> Filter:
    """Turn a filter into SQL.

    Args:
        filter_: PHP array as the client sent it.
        fields: fields by the name used in this filter.
        zone: for moments without an offset.
        strict: universal rules; otherwise legacy ones.
        specials: names that are no columns.
        on_unknown: told of every unknown name when not strict; may raise.
        with_logic: numeric keys hold nested conditions.

    Raises:
        RestError: strict, and a name or value is not allowed.
    """
    compiler = _Compiler(fields, zone, strict, specials or {}, on_unknown, with_logic)
    sql, args = compiler.group(filter_)
    return Filter(sql or "1", args)


class _Compiler:
    def __init__(
        self,
        fields: Mapping[str, Field],
        zone: Zone,
        strict: bool,
        specials: Mapping[str, Special],
        on_unknown: Callable[[str], None] | None,
        with_logic: bool,
    ) -> None:
        self.fields, self.zone, self.strict, self.specials = fields, zone, strict, specials
        self.on_unknown, self.with_logic = on_unknown, with_logic

    def group(self, filter_: Any, depth: int = 0) -> tuple[str, list[Any]]:
        if depth > 32:
            raise invalid_arg("Invalid filter: nesting is too deep")
        pairs = php.items(filter_)
        joiner = " AND "
        parts: list[str] = []
        args: list[Any] = []
        for key, value in pairs:
            if key.lower() == "logic" and self.with_logic:
                joiner = " OR " if str(value).upper() == "OR" else " AND "
                continue
            if key.isdigit() and self.with_logic and isinstance(value, dict | list):
                sql, more = self.group(value, depth + 1)
            else:
                sql, more = self.condition(key, value)
            if sql:
                parts.append(sql)
                args.extend(more)
        return (f"({joiner.join(parts)})" if parts else "", args)

    def condition(self, key: str, value: Any) -> tuple[str, list[Any]]:
        operator = next((prefix for prefix in _PREFIXES if key.startswith(prefix)), "")
        name = key[len(operator) :]
        negated = operator in _NEGATED
        operator = _NEGATED.get(operator, operator) or "="
        operator = "=%" if operator == "%=" else operator  # two spellings of one comparison
        if name in self.specials:
            sql, args = self.specials[name](operator, php.values(value))
        else:
            field = self.fields.get(name)
            if field is None or field.virtual or field.disabled:
                return self._unknown(name)
            sql, args = self._on_column(field, name, operator, value)
        return (f"NOT COALESCE({sql}, 0)" if negated else sql), args

    def _unknown(self, name: str) -> tuple[str, list[Any]]:
        if self.strict:
            raise invalid_arg(f"Invalid filter: field '{name}' is not allowed in filter")
        if self.on_unknown:
            self.on_unknown(name)
        return "", []

    def _on_column(self, field: Field, name: str, operator: str, value: Any) -> tuple[str, list[Any]]:
        column = f'"{field.column}"'
        if field.multiple:
            inner = Field(field.name, field.type, "value", dynamic=field.dynamic)
            sql, args = self._on_column(inner, name, operator, value)
            return f"EXISTS (SELECT 1 FROM json_each({column}) WHERE {sql})", args
        if operator in ("%", "=%", "?"):
            return self._like(column, operator, value)
        if operator == "><":
            low, high = ([*php.values(value), None, None])[:2]
            return f"{column} BETWEEN ? AND ?", [
                self._value(field, name, low),
                self._value(field, name, high),
            ]
        if operator == "@" or (operator == "=" and isinstance(value, list | dict)):
            wanted = [self._value(field, name, one) for one in php.values(value)]
            if not wanted:
                return "0", []
            marks = ", ".join("?" for _ in wanted)
            if None in wanted:
                return f"({column} IN ({marks}) OR {column} IS NULL)", wanted
            return f"{column} IN ({marks})", wanted
        if isinstance(value, list | dict):
            if self.strict:
                raise invalid_arg(f"Invalid filter: field '{name}' has invalid value")
            value = next(iter(php.values(value)), None)
        if operator == "=":
            return self._equals(field, name, column, value)
        return f"{column} {operator} ?", [self._value(field, name, value)]

    def _equals(self, field: Field, name: str, column: str, value: Any) -> tuple[str, list[Any]]:
        if value is None or value is False or value == "":
            # On the portal an absent value, 0 and "" are one emptiness to a filter.
            if field.storage in ("int", "real", "bit"):
                return f"({column} IS NULL OR {column} = 0)", []
            if field.storage == "flag":
                return f"{column} = 'N'", []
            return f"({column} IS NULL OR {column} = '')", []
        wanted = self._value(field, name, value)
        if field.storage in ("int", "real", "bit") and wanted == 0:
            return f"({column} IS NULL OR {column} = 0)", []
        if field.storage == "date" and isinstance(wanted, str):
            return f"{column} = ?", [wanted]
        if field.storage == "text" and not str(wanted).isascii():
            return f"fold({column}) = ?", [str(wanted).casefold()]
        return f"{column} = ?", [wanted]

    def _like(self, column: str, operator: str, value: Any) -> tuple[str, list[Any]]:
        parts, args = [], []
        for each in php.values(value):
            text = "" if each is None else str(each)
            if operator == "=%":
                pattern = re.sub(r"([_\\])", r"\\\1", text)
            else:
                pattern = "%" + re.sub(r"([%_\\])", r"\\\1", text) + "%"
            if pattern.isascii():
                parts.append(f"{column} LIKE ? ESCAPE '\\'")
                args.append(pattern)
            else:
                parts.append(f"fold({column}) LIKE ? ESCAPE '\\'")
                args.append(pattern.casefold())
        return (f"({' OR '.join(parts)})" if parts else "0"), args

    def _value(self, field: Field, name: str, value: Any) -> Any:
        if isinstance(value, dict | list):
            raise invalid_arg(f"Invalid filter: field '{name}' has invalid value")
        try:
            if self.strict and field.storage == "bit" and str(value) not in ("0", "1", "True", "False"):
                raise BadValueError("user fields of type boolean are filtered by 1 and 0")
            return stored(field, value, self.zone, strict=self.strict)
        except BadValueError:
            raise invalid_arg(f"Invalid filter: field '{name}' has invalid value") from None


def compile_order(order: Any, fields: Mapping[str, Field], *, strict: bool, default: str = "ID ASC") -> str:
    """Turn an order into SQL, always ending in the id so that pages never overlap.

    Raises:
        RestError: strict, and a name or direction is not allowed.
    """
    parts: list[str] = []
    for name, direction in php.items(order):
        field = fields.get(name)
        if field is None or field.virtual or field.disabled or field.multiple:
            if strict:
                raise invalid_arg(f"Invalid order: field '{name}' is not allowed in order")
            continue
        way = str(direction).upper()
        if way not in ("ASC", "DESC"):
            if strict:
                raise RestError(
                    "INVALID_ARG_VALUE",
                    f"Invalid order: allowed sort directions are ASC, DESC. But got '{direction}' for field '{name}'",
                )
            way = "ASC"
        parts.append(f'"{field.column}" {way}')
    if not parts:
        return default
    return ", ".join(parts if any(part.startswith('"ID"') for part in parts) else [*parts, "ID ASC"])
