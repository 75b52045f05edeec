"""What routing rules look at in the portal's records: their conditions as words, when they came, their text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta, timezone, tzinfo
from typing import Any

import pandas as pd

from toolkit.errors import ParameterError
from toolkit.records import entity
from toolkit.routing.evaluator import CONDITIONS, Book
from toolkit.routing.history import as_history
from toolkit.routing.shelf import Shelf
from toolkit.sheets.columns import RULES, heading_key, known_channels
from toolkit.sheets.spelling import fold

__all__ = ["FirstStages", "appeals_in", "as_kept", "condition_fields", "definitions_in", "directory_in_force"]

_WORDY = frozenset({"string", "text", "enumeration", "crm_status", "char"})
_TEXTS = frozenset(map(heading_key, ("Текст", "Текст обращения", "Сообщение", "Text", "Message")))
_CODES = (*CONDITIONS, "text")
_ANSWERS = (2, 3)


def definitions_in(described: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Field definitions from the table of a `field:177` entity, by field name."""
    found = {}
    for row in described.to_dict("records"):
        items = row.get("items")
        listed = json.loads(items) if isinstance(items, str) and items else items
        found[str(row["name"])] = {**row, "items": listed if isinstance(listed, list) else None}
    return {name: {str(key): value for key, value in each.items()} for name, each in found.items()}


def condition_fields(
    definitions: Mapping[str, Mapping[str, Any]], given: Mapping[str, str], *, asked_by: str
) -> dict[str, str]:
    """Which field of a record holds the topic, the subtopic, the region and so on.

    Args:
        definitions: field name to its definition as `crm.item.fields` answers it.
        given: code (topic, subtopic, region, department, channel, text) to field, where a person said so; ""
            for none.
        asked_by: name of the operation.

    Returns:
        Code to field; a field is recognised by its label, as a heading in a spreadsheet is. The channel is
        the portal's own source unless there is such a field.

    Raises:
        ParameterError: a code or a field that does not exist.
    """
    for code, name in given.items():
        if code not in _CODES:
            raise ParameterError(
                asked_by, "fields", code, "stands for nothing", f"Known: {', '.join(_CODES)}."
            )
        if name and name not in definitions:
            raise ParameterError(asked_by, f"fields.{code}", name, "is not a field", "Correct it.")
    headings = {
        heading_key(label): column.key
        for column in RULES.columns
        if column.key in CONDITIONS
        for label in (column.ru, column.en, *column.also)
    }
    found: dict[str, str] = {}
    for name, facts in definitions.items():
        if facts.get("type") not in _WORDY or not name.startswith(("uf", "UF_")):
            continue
        label = heading_key(str(facts.get("title") or ""))
        code = headings.get(label) or ("text" if label in _TEXTS else "")
        if code:
            found.setdefault(code, name)
    if "sourceId" in definitions:
        found.setdefault("channel", "sourceId")
    found.update(given)
    return {code: name for code, name in found.items() if name}


def appeals_in(
    records: pd.DataFrame,
    definitions: Mapping[str, Mapping[str, Any]],
    statuses: pd.DataFrame | None,
    fields: Mapping[str, str],
    zone: tzinfo | None = None,
    moves: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Records as a history; see `toolkit.routing.HISTORY`.

    With moves, an appeal is answered when somebody first moves it on: to another stage of its pipeline, or to a
    final one. A change of pipeline alone is routing, no answer. The portal tells the moment, not who moved it, so
    a robot that moves appeals on answers for people.

    Args:
        records: deals or items, with id, createdTime, assignedById and the fields below.
        definitions: of their fields.
        statuses: the portal's dictionaries (ENTITY_ID, STATUS_ID, NAME); None leaves codes as they are.
        fields: from `condition_fields`.
        zone: of the working hours; None for UTC.
        moves: the portal's stage history (OWNER_ID, TYPE_ID, CREATED_TIME) of these records; None leaves
            `response_minutes` empty.

    Source:
        TYPE_ID 2 is a move to a stage in progress, 3 to a final one, 5 a change of pipeline:
        api-reference/crm/crm-stage-history-list.md, read 2026-11-23.
    """
    frame = pd.DataFrame({"id": records["id"].astype("int64")})
    at = pd.to_datetime(records["createdTime"], utc=True)
    frame["at"] = at.dt.tz_convert(zone or timezone(timedelta(0)))
    for code in CONDITIONS:
        name = fields.get(code)
        if name is not None and name in records:
            frame[code] = _worded(records[name], definitions.get(name, {}), statuses)
    if "channel" in frame:
        known = known_channels()
        frame["channel"] = _mapped(frame["channel"], lambda said: known.get(fold(said), said))
    parts = [records[name] for name in ("title", "comments", fields.get("text", "")) if name in records]
    frame["text"] = _joined(parts) if parts else None
    if moves is not None:
        frame["response_minutes"] = _minutes_to_answer(records, moves)
    owner = records["assignedById"]
    frame["responsible"] = _mapped(owner, lambda who: str(int(who)))
    return as_history(frame)


def _minutes_to_answer(records: pd.DataFrame, moves: pd.DataFrame) -> pd.Series[Any]:
    """From creation to the first move on; missing where there was none, or it came before the creation."""
    answers = moves[moves["TYPE_ID"].isin(_ANSWERS)]
    if answers.empty:
        return pd.Series(float("nan"), index=records.index)
    first = (
        pd.to_datetime(answers["CREATED_TIME"], utc=True).groupby(answers["OWNER_ID"].astype("int64")).min()
    )
    answered = first.reindex(records["id"].astype("int64")).set_axis(records.index)
    minutes = (answered - pd.to_datetime(records["createdTime"], utc=True)).dt.total_seconds() / 60
    return minutes.where(minutes >= 0)


def as_kept(word: str, definition: Mapping[str, Any], statuses: pd.DataFrame | None) -> Any:
    """What a field holds when it says a word: the way back of `appeals_in`.

    Args:
        word: as people and rules write it.
        definition: of the field.
        statuses: the portal's dictionaries.

    Returns:
        The text, the id of a list's entry, the code of a dictionary's; in a list where the field takes several.
        None when the field knows no such word.
    """
    listed: Mapping[str, str] = {}
    if definition.get("items"):
        listed = {str(each["VALUE"]): str(each["ID"]) for each in definition["items"]}
    elif definition.get("statusType"):
        if statuses is None or statuses.empty:
            return None
        mine = statuses[statuses["ENTITY_ID"] == definition["statusType"]]
        listed = dict(zip(mine["NAME"].astype(str), mine["STATUS_ID"].astype(str), strict=True))
    kind = definition.get("type")
    if kind in ("enumeration", "crm_status"):
        channels = known_channels()
        known = {key: code for name, code in listed.items() for key in (fold(name), channels.get(fold(name)))}
        value: Any = known.get(fold(word)) or known.get(channels.get(fold(word), word))
        if value is not None and kind == "enumeration":
            value = int(value)
    elif kind in ("integer", "double"):
        try:
            value = int(word) if kind == "integer" else float(word)
        except ValueError:
            value = None
    else:
        value = word
    return [value] if value is not None and definition.get("isMultiple") else value


class FirstStages:
    """The first stage of each pipeline.

    Args:
        statuses: the portal's dictionaries.
        number: entity type id of what stands in the pipelines.
    """

    def __init__(self, statuses: pd.DataFrame, number: int) -> None:
        self._first: dict[str, str] = {}
        self._all: set[tuple[str, str]] = set()
        self._number = number
        if statuses.empty:
            return
        for row in statuses.sort_values("SORT", kind="stable").to_dict("records"):
            dictionary, stage = str(row["ENTITY_ID"]), str(row["STATUS_ID"])
            self._first.setdefault(dictionary, stage)
            self._all.add((dictionary, stage))

    def first_of(self, pipeline: int) -> str | None:
        """Its id; None when the pipeline is not known."""
        return self._first.get(self._dictionary(pipeline))

    def has(self, pipeline: int, stage: str) -> bool:
        """Whether the pipeline has that stage."""
        return (self._dictionary(pipeline), stage) in self._all

    def _dictionary(self, pipeline: int) -> str:
        if self._number == 2:
            return f"DEAL_STAGE_{pipeline}" if pipeline else "DEAL_STAGE"
        return f"DYNAMIC_{self._number}_STAGE_{pipeline}"


def _worded(
    column: pd.Series[Any], definition: Mapping[str, Any], statuses: pd.DataFrame | None
) -> pd.Series[Any]:
    """Ids of lists and codes of dictionaries as their words."""
    words: dict[str, str] = {}
    if definition.get("items"):
        words = {str(each["ID"]): str(each["VALUE"]) for each in definition["items"]}
    elif definition.get("statusType") and statuses is not None and len(statuses):
        mine = statuses[statuses["ENTITY_ID"] == definition["statusType"]]
        words = dict(zip(mine["STATUS_ID"].astype(str), mine["NAME"].astype(str), strict=True))
    return _mapped(column, lambda value: words.get(_plain(value), _plain(value)))


def _plain(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _mapped(column: pd.Series[Any], told: Any) -> pd.Series[Any]:
    """Each different value told once; what is missing stays missing."""
    single = column.map(lambda each: each[0] if isinstance(each, (list, tuple)) and each else each)
    codes, values = pd.factorize(single)
    named: list[Any] = [told(each) if not isinstance(each, (list, tuple)) else None for each in values]
    return pd.Series([named[code] if code >= 0 else None for code in codes], index=column.index, dtype=object)


def _joined(parts: Sequence[pd.Series[Any]]) -> pd.Series[Any]:
    whole = parts[0].fillna("").astype(str)
    for each in parts[1:]:
        whole = whole + " " + each.fillna("").astype(str)
    return whole.str.strip()


def directory_in_force(shelf: Shelf, day: date, name: str, *, asked_by: str) -> Book:
    """The published directory of a day.

    Args:
        shelf: all versions there are.
        day: on which it is in force.
        name: of the entity it has to be made for.
        asked_by: name of the operation.

    Raises:
        ParameterError: there is none, or it is for other records.
    """
    version = shelf.in_force(day)
    if not version:
        raise ParameterError(
            asked_by,
            "on",
            day.isoformat(),
            "is a day without a published directory",
            "Publish one first: b24kit routing publish FILE",
        )
    book = shelf.book(version)
    if book.entity_type_id != entity(name).entity_type_id:
        raise ParameterError(
            asked_by,
            "entity",
            name,
            "is not what the published directory is for",
            f"It is for entity type {book.entity_type_id}.",
        )
    return book
