"""A small firm on the telephone, as the tables of a snapshot."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta, timezone
from typing import Any

import pandas as pd

from toolkit.reports.calls import CallsDataset, WorkCalendar, calls_table

ZONE = timezone(timedelta(hours=3))
FIELDS = {"calls": "ufCrm1Calls"}
TAKEN = "2026-06-01T12:00:00+00:00"

IVAN, MARIA, OLEG = 1, 2, 3  # Oleg has left


def call(number: int, at: str, **told: Any) -> dict[str, Any]:
    """A line of the statistics: incoming, answered by Ivan, of contact 10, unless told otherwise."""
    row = {
        "ID": number,
        "CALL_ID": f"c{number}",
        "CALL_TYPE": 2,
        "CALL_START_DATE": pd.Timestamp(at),
        "CALL_DURATION": 60,
        "CALL_FAILED_CODE": "200",
        "PORTAL_USER_ID": IVAN,
        "PORTAL_NUMBER": "+74951234567",
        "PHONE_NUMBER": "+79161234567",
        "CRM_ENTITY_TYPE": "CONTACT",
        "CRM_ENTITY_ID": 10,
        "CRM_ACTIVITY_ID": None,
        "RECORD_FILE_ID": None,
        "CALL_RECORD_URL": None,
    }
    return {**row, **told}


def missed(number: int, at: str, **told: Any) -> dict[str, Any]:
    """A call nobody answered."""
    return call(number, at, **{"CALL_FAILED_CODE": "304", "CALL_DURATION": 20, **told})


def activity(number: int, at: str, **told: Any) -> dict[str, Any]:
    """An activity that is an incoming call of contact 10, a minute long."""
    start = pd.Timestamp(at)
    row = {
        "ID": number,
        "OWNER_ID": 10,
        "OWNER_TYPE_ID": "3",
        "TYPE_ID": "2",
        "START_TIME": start,
        "END_TIME": start + pd.Timedelta(seconds=60),
        "DIRECTION": "1",
        "RESPONSIBLE_ID": IVAN,
        "SUBJECT": "",
        "SETTINGS": "",
        "ORIGIN_ID": "",
        "COMMUNICATIONS": json.dumps([{"TYPE": "PHONE", "VALUE": "+79161234567"}]),
    }
    return {**row, **told}


def appeal(number: int, created: str, calls: Sequence[str] = (), **told: Any) -> dict[str, Any]:
    """An appeal of contact 10 made by hand, unless its external key is told."""
    row = {
        "id": number,
        "title": f"Обращение {number}",
        "createdTime": pd.Timestamp(created),
        "xmlId": "",
        "assignedById": IVAN,
        "contactId": 10,
        "contactIds": [10],
        "companyId": 0,
        "parentId2": None,
        "ufCrm1Calls": list(calls),
    }
    return {**row, **told}


def contact(number: int, **told: Any) -> dict[str, Any]:
    """A contact Ivan answers for, not edited since 2020."""
    row = {
        "id": number,
        "name": "Анна",
        "lastName": f"Клиентова{number}",
        "secondName": "",
        "fm": [],
        "assignedById": IVAN,
        "companyId": 0,
        "updatedTime": pd.Timestamp("2020-01-01T00:00:00Z"),
    }
    return {**row, **told}


def firm(
    calls: Sequence[Mapping[str, Any]],
    *,
    activities: Sequence[Mapping[str, Any]] = (),
    contacts: Sequence[Mapping[str, Any]] = (),
    companies: Sequence[Mapping[str, Any]] = (),
    deals: Sequence[Mapping[str, Any]] = (),
    appeals: Sequence[Mapping[str, Any]] = (),
) -> dict[str, pd.DataFrame]:
    """The tables of a snapshot; contact 10 is always there."""
    people = [
        {
            "ID": IVAN,
            "ACTIVE": True,
            "NAME": "Иван",
            "LAST_NAME": "Петров",
            "EMAIL": "",
            "UF_DEPARTMENT": [7],
        },
        {
            "ID": MARIA,
            "ACTIVE": True,
            "NAME": "Мария",
            "LAST_NAME": "Орлова",
            "EMAIL": "",
            "UF_DEPARTMENT": [8],
        },
        {"ID": OLEG, "ACTIVE": False, "NAME": "", "LAST_NAME": "", "EMAIL": "oleg@x.ru", "UF_DEPARTMENT": []},
    ]
    known = list(contacts) if any(each["id"] == 10 for each in contacts) else [contact(10), *contacts]
    return {
        "call": pd.DataFrame(list(calls), columns=list(call(0, TAKEN))),
        "activity": pd.DataFrame(list(activities), columns=list(activity(0, TAKEN))),
        "contact": pd.DataFrame(known),
        "company": pd.DataFrame(
            list(companies), columns=["id", "title", "fm", "assignedById", "updatedTime"]
        ),
        "deal": pd.DataFrame(list(deals), columns=["id", "title", "categoryId", "contactId", "companyId"]),
        "user": pd.DataFrame(people),
        "department": pd.DataFrame([{"ID": 7, "NAME": "Сервис"}]),
        "category:2": pd.DataFrame([{"id": 5, "name": "После продажи"}]),
        "item:177": pd.DataFrame(list(appeals), columns=list(appeal(0, TAKEN))),
    }


def dataset(
    calls: Sequence[Mapping[str, Any]], *, language: Any = "ru", hours: str = "Пн-Пт 9:00-18:00", **told: Any
) -> CallsDataset:
    """The dataset of such a firm."""
    return calls_table(
        firm(calls, **told),
        calendar=WorkCalendar.of(hours, ZONE),
        appeals=177,
        fields=FIELDS,
        language=language,
        portal="firm.bitrix24.ru",
        taken=TAKEN,
    )
