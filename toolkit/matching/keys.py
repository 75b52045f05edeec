"""Keys of cards out of the portal's columns: phones, mailboxes, INN; one row per key."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from toolkit.matching.inn import read_inns
from toolkit.matching.phones import RUSSIA, Home, read_phone_numbers

__all__ = ["email_keys", "inn_keys", "phone_keys", "read_email"]

_COLUMNS = ["entity", "id", "key_type", "key_value", "extension", "may_key"]
_MAILBOX = re.compile(r"[^\s@<>\"',;:()]+@[^\s@<>\"',;:()]+\.[^\s@<>\"',;:().]{2,}")
_NOBODYS = re.compile(r"(^(no-?reply|test|noemail|net|mail|email)@)|(@(test|example|mail)\.(com|test)$)")


def phone_keys(cards: pd.DataFrame, column: str, home: Home = RUSSIA) -> pd.DataFrame:
    """The phone keys in a column of stored phones.

    Args:
        cards: columns entity, id and the column; one row per stored value.
        column: the column's name.
        home: where numbers without a country or area code belong.

    Returns:
        Columns entity, id, key_type, key_value (E.164), extension (of fixed lines), may_key.
    """
    read = read_phone_numbers(cards[column], home)
    extension = read["extension"].where(read["line"] != "mobile", "")
    return _rows(cards, read["row"], "phone", read["e164"], extension, read["may_key"])


def email_keys(cards: pd.DataFrame, column: str) -> pd.DataFrame:
    """The mail keys in a column of stored mailboxes; the columns are those of `phone_keys`."""
    mailboxes = {value: read_email(str(value)) for value in cards[column].dropna().unique()}
    value = cards[column].map(mailboxes).fillna("").astype("str").reset_index(drop=True)
    row = pd.Series(range(len(cards)))
    return _rows(cards, row, "email", value, "", value != "")


def inn_keys(cards: pd.DataFrame, column: str, kpp_column: str | None = None) -> pd.DataFrame:
    """The INN keys in a column of stored INNs, the KPP as their extension; columns as of `phone_keys`.

    Args:
        cards: columns entity, id and those named; one row per requisite.
        column: of the INN.
        kpp_column: of the KPP, when there is one.
    """
    read = read_inns(cards[column], cards[kpp_column] if kpp_column else None).reset_index(drop=True)
    row = pd.Series(range(len(cards)))
    return _rows(cards, row, "inn", read["key"], read["kpp"], read["may_key"])


def read_email(text: str) -> str:
    """The mailbox in a text, lower-cased; empty when there is none or it is nobody's."""
    found = _MAILBOX.search(text.strip().lower().removeprefix("mailto:"))
    mailbox = found.group() if found else ""
    return "" if _NOBODYS.search(mailbox) else mailbox


def _rows(
    cards: pd.DataFrame, row: Any, key_type: str, value: Any, extension: Any, may_key: Any
) -> pd.DataFrame:
    rows = cards[["entity", "id"]].iloc[row.to_numpy()].reset_index(drop=True)
    rows["key_type"] = key_type
    rows["key_value"] = value.astype("str").to_numpy()
    rows["extension"] = extension if isinstance(extension, str) else extension.astype("str").to_numpy()
    rows["may_key"] = may_key.astype(bool).to_numpy()
    kept: pd.DataFrame = rows.loc[rows["may_key"], _COLUMNS]
    return kept.reset_index(drop=True)
