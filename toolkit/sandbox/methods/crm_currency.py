"""`crm.currency.*`: currencies, their rates and the words for them.

Source: api-reference/crm/currency/crm-currency-{list,get,add,update,delete,fields,base-get,base-set}.md,
api-reference/crm/currency/localizations/*.md, api-reference/crm/data-types.md, read 2026-11-22.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.listing import list_rows
from ..state.store import Column, declare_table
from ..wire import php
from ..wire.errors import RestError

_DOCS = "api-reference/crm/currency/crm-currency-"
_LOCAL_DOCS = "api-reference/crm/currency/localizations/crm-currency-localizations-"
LANGUAGE = "ru"

declare_table(
    "currency",
    "CURRENCY",
    Column("AMOUNT_CNT", "int", 1),
    Column("AMOUNT", "real", 1),
    Column("SORT", "int", 100),
    Column("BASE", "flag", "N"),
    "DATE_UPDATE time",
    "LANG json",
    indexes=[("CURRENCY",)],
)

_SEPARATORS = {"N": "", "C": ",", "D": ".", "S": " ", "B": "&nbsp;"}
_LOCAL_FIELDS = {
    "FULL_NAME": ("string", "Name"),
    "FORMAT_STRING": ("string", "Currency output format string"),
    "DEC_POINT": ("string", "Decimal point for output"),
    "THOUSANDS_VARIANT": ("string", "Thousands separator for output"),
    "THOUSANDS_SEP": ("string", "Custom thousands separator for output"),
    "DECIMALS": ("int", "Number of decimal places"),
    "HIDE_ZERO": ("char", "Do not show insignificant zeros"),
}


def localized(given: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> str:
    """Localizations as they are kept: what is given over what was, missing parts by default."""
    kept: dict[str, Any] = dict(before or {})
    for language, values in given.items():
        if not isinstance(values, dict):
            continue
        one = {
            "FORMAT_STRING": "#",
            "FULL_NAME": "",
            "DEC_POINT": ".",
            "THOUSANDS_SEP": None,
            "DECIMALS": "2",
            "THOUSANDS_VARIANT": "S",
            "HIDE_ZERO": "N",
            **kept.get(language, {}),
        }
        for name in _LOCAL_FIELDS:
            if name in values:
                one[name] = None if values[name] is None else str(values[name])
        if one["THOUSANDS_VARIANT"] in _SEPARATORS and "THOUSANDS_SEP" not in values:
            one["THOUSANDS_SEP"] = _SEPARATORS[one["THOUSANDS_VARIANT"]]
        elif "THOUSANDS_VARIANT" in values:  # the variant wins over a separator given beside it
            one["THOUSANDS_SEP"] = _SEPARATORS.get(str(values["THOUSANDS_VARIANT"]), one["THOUSANDS_SEP"])
        kept[language] = one
    return json.dumps(kept, ensure_ascii=False)


def _languages(row: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row["LANG"] or "{}")
    return found


def _shown(call: Call, row: Mapping[str, Any]) -> dict[str, Any]:
    languages = _languages(row)
    own: dict[str, Any] = languages.get(LANGUAGE) or next(iter(languages.values()), {})
    return {
        "CURRENCY": row["CURRENCY"],
        "AMOUNT_CNT": str(row["AMOUNT_CNT"]),
        "AMOUNT": f"{row['AMOUNT']:.4f}",
        "SORT": str(row["SORT"]),
        "BASE": row["BASE"],
        "FULL_NAME": own.get("FULL_NAME") or row["CURRENCY"],
        "LID": LANGUAGE,
        "FORMAT_STRING": own.get("FORMAT_STRING", "#"),
        "DEC_POINT": own.get("DEC_POINT", "."),
        "THOUSANDS_SEP": own.get("THOUSANDS_SEP"),
        "DECIMALS": own.get("DECIMALS", "2"),
        "DATE_UPDATE": call.portal.zone.moment(row["DATE_UPDATE"] or call.now),
    }


def _described(
    rows: Mapping[str, tuple[str, str]], read_only: frozenset[str] = frozenset()
) -> dict[str, Any]:
    return {
        name: {
            "type": type_,
            "isRequired": False,
            "isReadOnly": name in read_only,
            "isImmutable": False,
            "isMultiple": name == "LANG",
            "isDynamic": False,
            "title": title,
        }
        for name, (type_, title) in rows.items()
    }


@method("crm.currency.fields", scope="crm", docs=_DOCS + "fields.md")
def fields(_call: Call) -> Any:
    """Describe the fields of a currency."""
    local = {
        name: each for name, each in _LOCAL_FIELDS.items() if name not in ("THOUSANDS_VARIANT", "HIDE_ZERO")
    }
    return _described(
        {
            "CURRENCY": ("string", "Currency"),
            "AMOUNT_CNT": ("int", "Face value"),
            "AMOUNT": ("double", "Exchange rate"),
            "BASE": ("char", "Base currency"),
            "SORT": ("int", "Sorting"),
            "DATE_UPDATE": ("datetime", "Date modified"),
            "LID": ("string", "Website"),
            **local,
            "LANG": ("currency_localization", "Language binding"),
        },
        frozenset({"BASE", "DATE_UPDATE", "LID", *local}),
    )


@method("crm.currency.list", scope="crm", docs=_DOCS + "list.md")
def list_(call: Call) -> Page:
    """Every currency; the total is always 0."""
    order = {str(name).upper(): way for name, way in php.items(call.get("order"))}
    rows, _, _ = list_rows(call, "currency", order=order, page=None, default="SORT, CURRENCY")
    return Page([_shown(call, row) for row in rows], total=0)


@method("crm.currency.get", scope="crm", docs=_DOCS + "get.md")
def get(call: Call) -> Any:
    """One currency with its localizations."""
    row = _existing(call)
    return {**_shown(call, row), "LANG": _languages(row)}


@method("crm.currency.add", scope="crm", docs=_DOCS + "add.md")
def add(call: Call) -> str:
    """Add a currency; its code."""
    _require_admin(call)
    given = dict(php.items(call.get("fields")))
    for name in ("CURRENCY", "AMOUNT_CNT", "AMOUNT"):
        if given.get(name) in (None, ""):
            raise RestError("ERROR_CORE", f'Undefined array key "{name}"')
    code = str(given["CURRENCY"])
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise RestError("ERROR_CORE", "A currency code is three capital letters")
    if call.store.first("currency", CURRENCY=code):
        raise RestError("ERROR_CORE", f"Currency {code} exists already")
    id_ = call.store.insert("currency", {"CURRENCY": code, "DATE_UPDATE": int(call.now), **_values(given)})
    if given.get("BASE") == "Y":
        _make_base(call, id_)
    return code


@method("crm.currency.update", scope="crm", docs=_DOCS + "update.md")
def update(call: Call) -> bool:
    """Change a currency; languages that are not given stay."""
    _require_admin(call)
    row = _existing(call)
    given = dict(php.items(call.get("fields")))
    call.store.update(
        "currency", row["ID"], {"DATE_UPDATE": int(call.now), **_values(given, _languages(row))}
    )
    if given.get("BASE") == "Y":
        _make_base(call, row["ID"])
    return True


@method("crm.currency.delete", scope="crm", docs=_DOCS + "delete.md", not_emulated="the report currency")
def delete(call: Call) -> bool:
    """Remove a currency other than the base one."""
    _require_admin(call)
    if len(str(call.get("id") or "")) != 3:
        raise RestError("", "")
    row = _existing(call)
    if row["BASE"] == "Y":
        raise RestError("", "Cannot delete base currency.")
    return call.store.delete("currency", row["ID"])


@method("crm.currency.base.get", scope="crm", docs=_DOCS + "base-get.md")
def base_get(call: Call) -> Any:
    """Code of the base currency."""
    return call.store.value("SELECT CURRENCY FROM currency WHERE BASE = 'Y'") or call.portal.currency


@method("crm.currency.base.set", scope="crm", docs=_DOCS + "base-set.md")
def base_set(call: Call) -> bool:
    """Choose the base currency; rates are left as they were."""
    _require_admin(call)
    row = call.store.first("currency", CURRENCY=str(call.get("id") or ""))
    if row is None:
        return False
    _make_base(call, row["ID"])
    return True


@method("crm.currency.localizations.fields", scope="crm", docs=_LOCAL_DOCS + "fields.md")
def localizations_fields(_call: Call) -> Any:
    """Describe the fields of a localization."""
    return _described(_LOCAL_FIELDS)


@method("crm.currency.localizations.get", scope="crm", docs=_LOCAL_DOCS + "get.md")
def localizations_get(call: Call) -> Any:
    """Localizations of a currency, by language."""
    return _languages(_named(call))


@method("crm.currency.localizations.set", scope="crm", docs=_LOCAL_DOCS + "set.md")
def localizations_set(call: Call) -> bool:
    """Add or change localizations; other languages stay. False when none were given."""
    _require_admin(call)
    row = _named(call)
    given = {name: each for name, each in php.items(call.get("localizations")) if isinstance(each, dict)}
    if not given:
        return False
    call.store.update("currency", row["ID"], {"LANG": localized(given, _languages(row))})
    return True


@method("crm.currency.localizations.delete", scope="crm", docs=_LOCAL_DOCS + "delete.md")
def localizations_delete(call: Call) -> bool:
    """Remove localizations; False when none of the languages was there."""
    _require_admin(call)
    row = _named(call)
    languages = _languages(row)
    gone = {str(each) for each in php.values(call.get("lids"))} & set(languages)
    kept = {name: each for name, each in languages.items() if name not in gone}
    call.store.update("currency", row["ID"], {"LANG": json.dumps(kept, ensure_ascii=False)})
    return bool(gone)


def _values(given: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    try:
        if given.get("AMOUNT_CNT") is not None:
            values["AMOUNT_CNT"] = _count(given["AMOUNT_CNT"])
        if given.get("AMOUNT") is not None:
            values["AMOUNT"] = float(given["AMOUNT"])
        if given.get("SORT") is not None:
            values["SORT"] = _count(given["SORT"])
    except (TypeError, ValueError, OverflowError):
        raise RestError("ERROR_CORE", "The rate of a currency is a number") from None
    values["LANG"] = localized(dict(php.items(given.get("LANG"))), before)
    return values


def _count(value: Any) -> int:
    number = int(value)
    if abs(number) >= 2**63:
        raise ValueError("more than a column holds")
    return number


def _make_base(call: Call, id_: int) -> None:
    call.store.db.execute("UPDATE currency SET BASE = CASE ID WHEN ? THEN 'Y' ELSE 'N' END", [id_])


def _existing(call: Call) -> dict[str, Any]:
    row = call.store.first("currency", CURRENCY=str(call.get("id") or ""))
    if row is None:
        raise RestError("", "Not found")
    return row


def _named(call: Call) -> dict[str, Any]:
    if not call.get("id"):
        raise RestError("", "The parameter id is invalid or not defined.")
    return _existing(call)


def _require_admin(call: Call) -> None:
    if not call.caller.is_admin:
        raise RestError("", "Access denied.")
