"""Rewrite stored phones to one format, and leave the doubtful ones to a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import pandas as pd
import phonenumbers
from pydantic import Field

from toolkit.matching import Home, PhoneClass, PhoneFlag, PhoneNumber, PhoneReading, explain_phone, read_phone
from toolkit.records import entity, multifields
from toolkit.runs import Changes, Operation, OperationParams, Read, Tables, listed, rewrites

__all__ = ["NormalisePhones", "NormalisePhonesParams"]

NOT_A_PHONE = "the value is not a phone number"
DIGITS_MISSING = "digits are missing or hidden"
TWO_READINGS = "the number has two readings, or a digit too many or too few"
NO_AREA = "the area code is missing"
WORDS = "words beside the number would be lost"
NEVER = "asked never to touch it"

_LEFT_AS_THEY_ARE = frozenset({PhoneClass.EMPTY, PhoneClass.SERVICE, PhoneClass.INTERNAL})
_DIALLED = frozenset({PhoneClass.VALID, PhoneClass.TOLL_FREE})
_LONGEST_DETAILS = 500
_WITHOUT_NUMBERS = {
    PhoneClass.LOCAL: NO_AREA,
    PhoneClass.INCOMPLETE: DIGITS_MISSING,
    PhoneClass.LOSSY: DIGITS_MISSING,
    PhoneClass.MASKED: DIGITS_MISSING,
}


class NormalisePhonesParams(OperationParams):
    """Which cards, and how a phone is to look.

    Args:
        entities: contact, company, lead.
        style: `e164` is `+74951234567`; `international` is `+7 495 123-45-67`.
        country: where numbers without a country code are at home, ISO 3166.
        area_code: home area code without the 8 (`495`); empty when unknown.
        add_area: put the home area code in front of local numbers; otherwise they are listed.
        drop_words: rewrite also where words stand beside the number (`мама`); the words are lost.
        never: record ids never to touch, by entity.
    """

    entities: list[Literal["contact", "company", "lead"]] = Field(
        default=["contact", "company"], min_length=1
    )
    style: Literal["e164", "international"] = "e164"
    country: str = "RU"
    area_code: str = ""
    add_area: bool = False
    drop_words: bool = False
    never: dict[str, list[int]] = Field(default_factory=dict)


class NormalisePhones(Operation):
    """Rewrite stored phones to one format; a row with several numbers becomes several rows."""

    name = "normalise_phones"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Write stored phones in one format",
        "ru": "Записать телефоны в одном формате",
    }
    undo: ClassVar[Mapping[str, str]] = {
        "en": "everything: the old spellings come back",
        "ru": "всё: прежние написания возвращаются",
    }
    Params = NormalisePhonesParams

    def reads(self, params: NormalisePhonesParams) -> Mapping[str, Read]:
        """The cards, whole: phones cannot be read alone."""
        return {name: Read() for name in params.entities}

    def plan(self, tables: Tables, params: NormalisePhonesParams) -> Changes:
        """For each card whose phones are spelled otherwise: all its rows, and as they should be."""
        home = Home(params.country, params.area_code)
        return Changes.joined(*(self._of(name, tables[name], home, params) for name in params.entities))

    def _of(self, name: str, table: pd.DataFrame, home: Home, params: NormalisePhonesParams) -> Changes:
        kind = entity(name)
        if "fm" not in table.columns:
            return Changes()
        rows = multifields(table[[kind.id_field, "fm"]])
        phones = rows[(rows["typeId"] == "PHONE") & rows["value"].notna()]
        readings = {text: read_phone(text, home) for text in phones["value"].unique()}
        # Only cards with something to say go on: on a tidy portal that is few of many.
        telling = {text for text, read in readings.items() if _verdict(text, read, params)[0] != "keep"}
        cards = sorted({int(each) for each in phones.loc[phones["value"].isin(list(telling)), "id"]})
        never = set(params.never.get(name, []))
        grouped = rows[rows["id"].isin(cards)].groupby("id", sort=True)
        ids: list[int] = []
        before: list[dict[str, Any]] = []
        after: list[dict[str, Any]] = []
        left: list[tuple[int, str, str]] = []
        for record_id, own in grouped:
            card = int(str(record_id))
            if card in never:
                left.append((card, NEVER, ""))
                continue
            was = [_row(each) for each in own.to_dict("records")]
            now, doubts = _rewritten(was, readings, params)
            left += [(card, reason, details) for reason, details in doubts]
            if now != was:
                ids.append(card)
                before.append({"fm": was})
                after.append({"fm": now})
        return Changes.joined(
            rewrites(name, ids, before=before, after=after, reason="phones in one format"),
            _left(name, left),
        )


def _rewritten(
    was: Sequence[Mapping[str, Any]], readings: Mapping[str, PhoneReading], params: NormalisePhonesParams
) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """The rows as they should be, and what a person has to look at, as (reason, details)."""
    now: list[dict[str, Any]] = []
    more: list[dict[str, Any]] = []
    doubts: list[tuple[str, str]] = []
    for row in was:
        if row["typeId"] != "PHONE" or not row["value"]:
            now.append(dict(row))
            continue
        text = str(row["value"])
        verdict, reason = _verdict(text, readings[text], params)
        if verdict == "ask":
            doubts.append((reason, explain_phone(readings[text])[:_LONGEST_DETAILS]))
        if verdict != "write":
            now.append(dict(row))
            continue
        first, *others = (_spelled(number, params.style) for number in readings[text].numbers)
        now.append({**row, "value": first})
        more += [
            {"id": None, "typeId": "PHONE", "valueType": row["valueType"], "value": other} for other in others
        ]
    held = {row["value"] for row in now if row["typeId"] == "PHONE"}
    for row in more:
        if row["value"] not in held:
            held.add(row["value"])
            now.append(row)
    return now, doubts


def _verdict(text: str, reading: PhoneReading, params: NormalisePhonesParams) -> tuple[str, str]:
    """`keep`, `write`, or `ask` with the reason."""
    if reading.phone_class in _LEFT_AS_THEY_ARE:
        return "keep", ""
    if not reading.numbers:
        return "ask", _WITHOUT_NUMBERS.get(reading.phone_class, NOT_A_PHONE)
    if [_spelled(number, params.style) for number in reading.numbers] == [text]:
        return "keep", ""
    if reading.flags & {PhoneFlag.REVIEW, PhoneFlag.PARTIAL, PhoneFlag.UNASSIGNED}:
        return "ask", TWO_READINGS
    if any(number.phone_class not in _DIALLED for number in reading.numbers):
        return "ask", NOT_A_PHONE
    if PhoneFlag.AREA_INFERRED in reading.flags and not params.add_area:
        return "ask", NO_AREA
    if PhoneFlag.TEXT in reading.flags and not params.drop_words:
        return "ask", WORDS
    return "write", ""


def _spelled(number: PhoneNumber, style: str) -> str:
    written = number.e164
    if style == "international":
        parsed = phonenumbers.parse(number.e164)
        written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return f"{written} доб. {number.extension}" if number.extension else written


def _row(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "id": int(row["row"]),
        "typeId": str(row["typeId"]),
        "valueType": None if pd.isna(row["valueType"]) else str(row["valueType"]),
        "value": None if pd.isna(row["value"]) else str(row["value"]),
    }


def _left(name: str, left: Sequence[tuple[int, str, str]]) -> Changes:
    if not left:
        return Changes()
    ids, reasons, details = zip(*left, strict=True)
    return listed(name, list(ids), list(reasons), list(details))
