"""Calls out of two places, and the conversations they make up.

A call leaves a line in the statistics (`voximplant.statistic.get`), an activity in the CRM, or both. They
are joined by the activity's id, by the call's id, and at last by number and time. Redirected legs and the
call back after a missed call are one conversation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["ACTIVITY_FIELDS", "LEG_COLUMNS", "conversations", "result_words", "telephone_legs"]

ACTIVITY_FIELDS = (
    *("ID", "OWNER_ID", "OWNER_TYPE_ID", "TYPE_ID", "PROVIDER_ID", "PROVIDER_TYPE_ID", "SUBJECT"),
    *("CREATED", "LAST_UPDATED", "START_TIME", "END_TIME", "DEADLINE", "COMPLETED", "STATUS"),
    *("RESPONSIBLE_ID", "AUTHOR_ID", "EDITOR_ID", "DIRECTION", "SETTINGS", "ORIGIN_ID", "ORIGINATOR_ID"),
    *("COMMUNICATIONS", "FILES"),
)
"""What has to be read of an activity; the number and the recording come only when they are named."""

LEG_COLUMNS = {
    "call": "str",
    "row": "Int64",
    "activity": "Int64",
    "start": "datetime64[us, UTC]",
    "duration": "int64",
    "end": "datetime64[us, UTC]",
    "user": "Int64",
    "number": "str",
    "line": "str",
    "outgoing": "bool",
    "type": "int64",
    "code": "str",
    "answered": "bool",
    "owner_type": "str",
    "owner": "Int64",
    "by": "str",
    "deal": "Int64",
    "record": "Int64",
    "problem": "str",
}

_OWNERS = {"1": "lead", "2": "deal", "3": "contact", "4": "company"}
_DAY_S = 86_400
_CLOCKS_APART = timedelta(minutes=5)
TWICE = "reported twice"
FUTURE = "a call in the future"
_SUBJECT_NUMBER = re.compile(r"\+?\d[\d ()-]{4,}\d")

_RESULTS: Mapping[str, tuple[str, str]] = {
    "200": ("Разговор состоялся", "Answered"),
    "304": ("Пропущенный звонок", "Missed"),
    "402": ("Недостаточно средств", "No money on the line"),
    "403": ("Запрещено", "Forbidden"),
    "404": ("Неверный номер", "Wrong number"),
    "423": ("Заблокировано", "Blocked"),
    "480": ("Временно недоступен", "Temporarily unavailable"),
    "484": ("Направление недоступно", "Unreachable"),
    "486": ("Занято", "Busy"),
    "503": ("Направление недоступно", "Unreachable"),
    "603": ("Отклонено", "Declined"),
    "603-S": ("Вызов отменён", "Cancelled"),
}


def result_words(codes: pd.Series[Any], language: str = "ru") -> pd.Series[Any]:
    """How calls ended, in words.

    Args:
        codes: `CALL_FAILED_CODE`, as text.
        language: `ru` or `en`.

    Source:
        api-reference/telephony/voximplant/voximplant-statistic-get.md, read 2026-11-22.
    """
    at = 0 if language == "ru" else 1
    other = ("Не определено", "Other")[at]
    words = {code: both[at] for code, both in _RESULTS.items()}
    return codes.map(words).fillna(other).astype("str")


def telephone_legs(
    calls: pd.DataFrame,
    activities: pd.DataFrame,
    numbers: Callable[[pd.Series[Any]], pd.Series[Any]],
    *,
    near_s: int = 60,
    now: datetime | None = None,
) -> pd.DataFrame:
    """Every call once, wherever it was noted.

    Args:
        calls: the entity `call`, as a snapshot gives it.
        activities: the entity `activity`; rows that are no calls are passed over.
        numbers: one spelling for each telephone number, under the same index; "" for what is none.
        near_s: how far apart a line and an activity without a common id may begin and be the same call.
        now: when they were read; a call that begins later is none. None to believe every date.

    Returns:
        One row per call, columns as `LEG_COLUMNS`: `call` its key (CALL_ID, else `activity:<ID>` or
        `line:<ID>`), `row` the statistics line, `activity`, times, `user` who spoke, `number`, `line`,
        `type` as the portal has it, `owner_type`/`owner` the client named and `by` where (`link`,
        `activity`), `deal` the deal it is bound to, `problem` why it cannot be used ("" when it can).
        A line reported twice is kept, with the problem `reported twice`.
    """
    lines = _lines(calls, numbers)
    noted = _noted(activities, numbers)
    lines = _joined_by_id(lines, noted)
    lines = _joined_by_number(lines, noted, near_s)
    lines = _with_activity(lines, noted)
    alone = noted[~noted["activity"].isin(lines["activity"].dropna())]
    legs = pd.concat([lines, alone], ignore_index=True)[list(LEG_COLUMNS)].astype(LEG_COLUMNS)
    legs.loc[legs["call"].duplicated(), "problem"] = TWICE
    legs["problem"] = _problems(legs, now)
    return legs.sort_values(["start", "call"], kind="stable", na_position="last").reset_index(drop=True)


def conversations(legs: pd.DataFrame, *, join_s: int = 300) -> pd.DataFrame:
    """Which legs are one conversation.

    A leg joins the one before it with the same number when it was redirected from it, or when it calls
    back after nobody had answered.

    Args:
        legs: from `telephone_legs`, those without a problem.
        join_s: how many seconds after the end of a leg its successor may begin.

    Returns:
        The legs in the order of their conversations, with `talk`: number of the conversation, ascending
        with its beginning.
    """
    legs = legs.copy()
    anonymous = legs["number"] == ""
    key = legs["number"].where(~anonymous, "?" + legs["call"])
    legs = legs.assign(key=key).sort_values(["key", "start", "call"], kind="stable")
    same = legs["key"].eq(legs["key"].shift())
    before = legs["start"].shift()
    gap = (legs["start"] - legs["end"].shift()).dt.total_seconds()
    close = same & legs["start"].ge(before) & gap.le(join_s)
    was_answered = legs["answered"].shift(fill_value=False)
    # An activity does not tell that it was redirected; a call that begins as another ends was.
    unmarked = legs["row"].isna() & ~legs["outgoing"] & was_answered & gap.abs().le(5)
    redirected = legs["type"].eq(3) | unmarked
    called_back = legs["outgoing"] & ~was_answered
    begins = ~(close & (redirected | called_back))
    talk = begins.cumsum()
    first = legs.groupby(talk)["start"].transform("min")
    order = legs.assign(first=first, talk=talk).sort_values(["first", "talk", "start", "call"], kind="stable")
    order["talk"] = (order["talk"] != order["talk"].shift()).cumsum() - 1
    return order.drop(columns=["key", "first"]).reset_index(drop=True)


def _lines(calls: pd.DataFrame, numbers: Callable[[pd.Series[Any]], pd.Series[Any]]) -> pd.DataFrame:
    """The lines of the statistics as legs."""
    calls = calls.reset_index(drop=True)
    call_id = _text(calls, "CALL_ID")
    kind = _whole(calls, "CALL_TYPE").fillna(0).astype("int64")
    code = _text(calls, "CALL_FAILED_CODE")
    owner_type = _text(calls, "CRM_ENTITY_TYPE").str.lower()
    owner = _whole(calls, "CRM_ENTITY_ID").replace(0, pd.NA)
    named = owner.notna() & owner_type.isin(["contact", "company", "lead"])
    legs = pd.DataFrame(
        {
            "call": call_id.where(call_id != "", "line:" + calls["ID"].astype("str")),
            "row": calls["ID"].astype("Int64"),
            "activity": _whole(calls, "CRM_ACTIVITY_ID").replace(0, pd.NA),
            "start": _moments(calls, "CALL_START_DATE"),
            "duration": _whole(calls, "CALL_DURATION").fillna(0).astype("int64"),
            "user": _whole(calls, "PORTAL_USER_ID").replace(0, pd.NA),
            "number": numbers(_text(calls, "PHONE_NUMBER")).astype("str"),
            "line": _text(calls, "PORTAL_NUMBER"),
            "outgoing": kind.isin([1, 4]),
            "type": kind,
            "code": code,
            "answered": code.eq("200"),
            "owner_type": owner_type.where(named, ""),
            "owner": owner.where(named),
            "by": np.where(named, "link", ""),
            "deal": pd.Series(pd.NA, index=calls.index, dtype="Int64"),
            "record": _whole(calls, "RECORD_FILE_ID").replace(0, pd.NA),
            "problem": "",
        }
    )
    legs["end"] = _ends(legs)
    return legs


def _noted(activities: pd.DataFrame, numbers: Callable[[pd.Series[Any]], pd.Series[Any]]) -> pd.DataFrame:
    """The activities that are calls, as legs."""
    rows = activities[_whole(activities, "TYPE_ID").eq(2).fillna(False).astype(bool)].reset_index(drop=True)
    origin = _text(rows, "ORIGIN_ID").str.removeprefix("VI_")
    outgoing = _whole(rows, "DIRECTION").eq(2).fillna(False).astype(bool)
    start, end = _moments(rows, "START_TIME"), _moments(rows, "END_TIME")
    duration = (end - start).dt.total_seconds().fillna(0).round().astype("int64")
    missed = _text(rows, "SETTINGS").str.contains("MISSED_CALL", regex=False)
    answered = ~missed & duration.gt(0)
    owner_type = _text(rows, "OWNER_TYPE_ID").map(_OWNERS).fillna("")
    owner = _whole(rows, "OWNER_ID").replace(0, pd.NA)
    client = owner_type.isin(["contact", "company", "lead"]) & owner.notna()
    legs = pd.DataFrame(
        {
            "call": origin.where(origin != "", "activity:" + rows["ID"].astype("str")),
            "row": pd.Series(pd.NA, index=rows.index, dtype="Int64"),
            "activity": rows["ID"].astype("Int64"),
            "start": start,
            "duration": duration,
            "user": _whole(rows, "RESPONSIBLE_ID").replace(0, pd.NA),
            "number": numbers(_telephoned(rows)).astype("str"),
            "line": "",
            "outgoing": outgoing,
            "type": np.where(outgoing, 1, 2),
            "code": np.where(answered, "200", np.where(missed, "304", "")),
            "answered": answered,
            "owner_type": owner_type.where(client, ""),
            "owner": owner.where(client),
            "by": np.where(client, "activity", ""),
            "deal": owner.where(owner_type == "deal"),
            "record": _first_file(rows),
            "problem": "",
        }
    )
    legs["end"] = _ends(legs)
    return legs


def _first_file(rows: pd.DataFrame) -> pd.Series[Any]:
    """The file an activity holds: of a call, its recording."""
    if "FILES" not in rows:
        return pd.Series(pd.NA, index=rows.index, dtype="Int64")
    files = [each[0] if each is not None and len(each) else pd.NA for each in rows["FILES"].tolist()]
    return pd.Series(files, index=rows.index, dtype="Int64")


def _telephoned(rows: pd.DataFrame) -> pd.Series[Any]:
    """The number an activity names: among its communications, else in its subject."""
    spoken = _text(rows, "COMMUNICATIONS")
    found = {text: _communication(text) for text in spoken.unique()}
    number = spoken.map(found)
    subject = _text(rows, "SUBJECT")
    said = subject.str.extract(f"({_SUBJECT_NUMBER.pattern})", expand=False).fillna("")
    return number.where(number != "", said).astype("str")


def _communication(text: str) -> str:
    try:
        several = json.loads(text) if text else []
    except ValueError:
        return ""
    for each in several if isinstance(several, list) else []:
        if isinstance(each, dict) and each.get("TYPE") == "PHONE" and each.get("VALUE"):
            return str(each["VALUE"])
    return ""


def _joined_by_id(lines: pd.DataFrame, noted: pd.DataFrame) -> pd.DataFrame:
    """An activity for each line that names it, or bears the same call id."""
    known = set(noted["activity"])
    by_call = noted.drop_duplicates("call").set_index("call")["activity"]
    named = lines["activity"].where(lines["activity"].isin(known))
    return lines.assign(activity=named.fillna(lines["call"].map(by_call).astype("Int64")))


def _joined_by_number(lines: pd.DataFrame, noted: pd.DataFrame, near_s: int) -> pd.DataFrame:
    """An activity of the same number, direction and time for lines that have none yet."""
    free = noted[~noted["activity"].isin(lines["activity"].dropna()) & noted["number"].ne("")]
    open_ = lines[lines["activity"].isna() & lines["number"].ne("") & lines["start"].notna()]
    if free.empty or open_.empty:
        return lines
    pairs = pd.merge_asof(
        open_[["start", "number", "outgoing", "row"]].sort_values("start", kind="stable"),
        free[["start", "number", "outgoing", "activity"]].dropna().sort_values("start", kind="stable"),
        on="start",
        by=["number", "outgoing"],
        direction="nearest",
        tolerance=pd.Timedelta(seconds=near_s),
    ).dropna(subset=["activity"])
    pairs = pairs.drop_duplicates("activity")
    found = lines["row"].map(pairs.set_index("row")["activity"]).astype("Int64")
    return lines.assign(activity=lines["activity"].fillna(found))


def _with_activity(lines: pd.DataFrame, noted: pd.DataFrame) -> pd.DataFrame:
    """What only the activity of a line knows: the client it hangs on, and the deal."""
    facts = noted.drop_duplicates("activity").set_index("activity")[["owner_type", "owner", "deal", "record"]]
    theirs = facts.reindex(lines["activity"]).reset_index(drop=True)
    silent = lines["by"].eq("") & theirs["owner"].notna()
    return lines.assign(
        owner_type=lines["owner_type"].where(~silent, theirs["owner_type"]),
        owner=lines["owner"].where(~silent, theirs["owner"]),
        by=lines["by"].where(~silent, "activity"),
        deal=theirs["deal"].astype("Int64"),
        record=lines["record"].fillna(theirs["record"].astype("Int64")),
    )


def _problems(legs: pd.DataFrame, now: datetime | None) -> pd.Series[Any]:
    absurd = legs["duration"].lt(0) | legs["duration"].gt(_DAY_S)
    problem = legs["problem"].mask(absurd & legs["problem"].eq(""), "absurd duration")
    problem = problem.mask(legs["start"].isna() & problem.eq(""), "no time")
    if now is not None:
        problem = problem.mask(legs["start"].gt(now + _CLOCKS_APART) & problem.eq(""), FUTURE)
    return problem


def _ends(legs: pd.DataFrame) -> pd.Series[Any]:
    sensible = legs["duration"].clip(lower=0, upper=_DAY_S)
    ends: pd.Series[Any] = legs["start"] + pd.to_timedelta(sensible, unit="s")
    return ends


def _text(table: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name not in table:
        return pd.Series("", index=table.index, dtype="str")
    return table[name].astype(object).where(table[name].notna(), "").astype("str")


def _whole(table: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name not in table:
        return pd.Series(pd.NA, index=table.index, dtype="Int64")
    column: pd.Series[Any] = pd.to_numeric(table[name], errors="coerce").astype("Int64")
    return column


def _moments(table: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name not in table:
        return pd.Series(pd.NaT, index=table.index, dtype="datetime64[us, UTC]")
    column: pd.Series[Any] = pd.to_datetime(table[name], utc=True).astype("datetime64[us, UTC]")
    return column
