"""The tables people ask for: calls by employee, department, hour and weekday, result, month; appeals and gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from toolkit.reports.calls.columns import Language, said
from toolkit.reports.calls.dataset import CallsDataset

__all__ = ["MEASURES", "Measure", "Pivot", "appeals_without_calls", "coverage", "pivots"]

Format = Literal["count", "share", "minutes", "seconds"]


@dataclass(frozen=True)
class Measure:
    """A column of a pivot.

    Args:
        ru, en: heading.
        format: `count`, `share` (0 to 1), `minutes`, `seconds`.
    """

    ru: str
    en: str
    format: Format = "count"

    def heading(self, language: Language) -> str:
        """The heading in a language."""
        return self.ru if language == "ru" else self.en


MEASURES: Mapping[str, Measure] = {
    "calls": Measure("Звонков", "Calls"),
    "incoming": Measure("Входящих", "Incoming"),
    "outgoing": Measure("Исходящих", "Outgoing"),
    "missed": Measure("Без ответа", "Not answered"),
    "missed_share": Measure("Без ответа, доля входящих", "Share of incoming", "share"),
    "called_back": Measure("Позже поговорили", "Spoken to later"),
    "response_min": Measure("Через, раб. мин (медиана)", "After, working min (median)", "minutes"),
    "talk_min": Measure("Разговоры, мин", "Talk, min", "minutes"),
    "talk_average_s": Measure("Средний разговор, с", "Average talk, s", "seconds"),
    "without_appeal": Measure("Без обращения", "Without an appeal"),
    "without_share": Measure("Без обращения, доля", "Without an appeal, share", "share"),
}
"""What is counted for each group of calls."""

_TITLES: Mapping[str, tuple[str, str, str, str]] = {
    # name: title and heading of the first column, in Russian and English
    "employee": ("По сотрудникам", "By employee", "Сотрудник", "Employee"),
    "department": ("По отделам", "By department", "Отдел", "Department"),
    "line": ("По линиям", "By line", "Линия", "Line"),
    "month": ("По месяцам", "By month", "Месяц", "Month"),
    "result": ("По результатам", "By result", "Результат", "Result"),
    "hours": ("По часам и дням недели", "By hour and weekday", "Час", "Hour"),
    "coverage": ("Без обращения: до и после", "Without an appeal: before and after", "Месяц", "Month"),
    "without_calls": ("Обращения без звонков", "Appeals without calls", "Обращение", "Appeal"),
}


@dataclass(frozen=True)
class Pivot:
    """One table of a report.

    Args:
        name: `employee`, `department`, `line`, `month`, `result`, `hours`, `coverage`.
        table: the label first, then measures; no row of totals.
        total: the same measures of all calls together; empty where they would say nothing.
        measures: what the columns but the first are, in their order.
        language: of its words.
    """

    name: str
    table: pd.DataFrame
    total: Mapping[str, Any]
    measures: Mapping[str, Measure]
    language: Language

    @property
    def title(self) -> str:
        """What the table is called."""
        ru, en, _, _ = _TITLES[self.name]
        return ru if self.language == "ru" else en

    @property
    def headings(self) -> list[str]:
        """The headings of all columns."""
        _, _, ru, en = _TITLES[self.name]
        rest = [each.heading(self.language) for each in self.measures.values()]
        return [ru if self.language == "ru" else en, *rest]


def pivots(dataset: CallsDataset) -> dict[str, Pivot]:
    """The standard tables, by name: employee, department, line, month, result, hours.

    Calls with absurd figures are counted; their durations are not.
    """
    table = dataset.table
    lines = table["line"].where(table["line"].ne(""), said("no line", dataset.language))
    return {
        "employee": _grouped(dataset, "employee", _by_count(_measured(table, "employee"))),
        "department": _grouped(dataset, "department", _by_count(_measured(table, "department"))),
        "line": _grouped(dataset, "line", _by_count(_measured(table.assign(line=lines), "line"))),
        "month": _grouped(dataset, "month", _whole_months(_measured(table[table["month"].ne("")], "month"))),
        "result": _results(dataset),
        "hours": _hours(dataset),
    }


def coverage(before: CallsDataset, after: CallsDataset) -> Pivot:
    """The share of calls without an appeal before a run and after it, by month.

    Args:
        before, after: the same period, read before and after.

    Returns:
        Columns: month, calls, before and after (calls without an appeal), and their shares.
    """
    old, new = _measured(before.table, "month"), _measured(after.table, "month")
    months = new.index.union(old.index)
    table = pd.DataFrame(
        {
            "calls": new["calls"].reindex(months, fill_value=0),
            "before": old["without_appeal"].reindex(months, fill_value=0),
            "after": new["without_appeal"].reindex(months, fill_value=0),
            "before_share": old["without_share"].reindex(months),
            "after_share": new["without_share"].reindex(months),
        }
    )
    table = table[table.index != ""]
    all_old, all_new = _measured(before.table, None).iloc[0], _measured(after.table, None).iloc[0]
    total = {
        "calls": int(all_new["calls"]),
        "before": int(all_old["without_appeal"]),
        "after": int(all_new["without_appeal"]),
        "before_share": float(all_old["without_share"]),
        "after_share": float(all_new["without_share"]),
    }
    measures = {
        "calls": MEASURES["calls"],
        "before": Measure("Без обращения до", "Without before"),
        "after": Measure("Без обращения после", "Without after"),
        "before_share": Measure("Доля до", "Share before", "share"),
        "after_share": Measure("Доля после", "Share after", "share"),
    }
    return Pivot("coverage", _labelled(table), total, measures, after.language)


def appeals_without_calls(dataset: CallsDataset) -> pd.DataFrame:
    """Appeals that hold no call, newest first; columns as `CallsDataset.appeals`."""
    found = dataset.appeals[dataset.appeals["calls"] == 0]
    return found.sort_values(["created", "appeal"], ascending=False, kind="stable").reset_index(drop=True)


def _grouped(dataset: CallsDataset, name: str, table: pd.DataFrame) -> Pivot:
    summed = _measured(dataset.table, None).iloc[0]
    total = {
        key: int(summed[key]) if each.format == "count" else float(summed[key])
        for key, each in MEASURES.items()
    }
    return Pivot(name, _labelled(table), total, MEASURES, dataset.language)


def _measured(table: pd.DataFrame, by: str | None) -> pd.DataFrame:
    """The measures of each group of calls; of all together without a column."""
    keys = table[by] if by is not None else pd.Series("", index=table.index)
    outgoing = table["direction"].cat.codes.eq(1)
    answered = table["answered"].fillna(False).astype(bool)
    missed = ~outgoing & ~answered
    facts = pd.DataFrame(
        {
            "calls": 1,
            "incoming": ~outgoing,
            "outgoing": outgoing,
            "missed": missed,
            "called_back": missed & table["response_s"].notna(),
            "talk": table["duration_s"].where(answered).astype("float64"),
            "talks": answered & table["duration_s"].notna(),
            "without_appeal": table["appeal"].isna(),
        }
    )
    found = facts.groupby(keys.to_numpy(), sort=True).sum()
    if by is None and not len(found):  # a portal without a call has a row of noughts
        found = pd.DataFrame(0, index=[""], columns=facts.columns)
    until = (table["response_working_s"].where(missed).astype("float64") / 60).groupby(keys.to_numpy())
    found["talk_min"] = found["talk"] / 60
    found["talk_average_s"] = found["talk"] / found["talks"].where(found["talks"] > 0)
    found["missed_share"] = found["missed"] / found["incoming"].where(found["incoming"] > 0)
    found["without_share"] = found["without_appeal"] / found["calls"].where(found["calls"] > 0)
    found["response_min"] = until.median().reindex(found.index)
    whole = [name for name, each in MEASURES.items() if each.format == "count"]
    return found.astype(dict.fromkeys(whole, "int64"))[list(MEASURES)]


def _by_count(table: pd.DataFrame) -> pd.DataFrame:
    """The busiest first; of equals by name."""
    return table.rename_axis("label").sort_values(["calls", "label"], ascending=[False, True])


def _whole_months(table: pd.DataFrame) -> pd.DataFrame:
    """Months without a call are shown too: a gap is news."""
    if table.empty:
        return table
    months = pd.period_range(table.index[0], table.index[-1], freq="M").astype("str")
    filled = table.reindex(months)
    whole = [name for name, each in MEASURES.items() if each.format == "count"]
    return filled.fillna(dict.fromkeys(whole, 0)).astype(dict.fromkeys(whole, "int64"))


def _results(dataset: CallsDataset) -> Pivot:
    table = dataset.table
    outgoing = table["direction"].cat.codes.eq(1)
    counts = pd.DataFrame({"calls": 1, "incoming": ~outgoing, "outgoing": outgoing})
    found = counts.groupby(table["result"].to_numpy()).sum().astype("int64")
    found["share"] = found["calls"] / max(len(table), 1)
    measures = {
        **{name: MEASURES[name] for name in ("calls", "incoming", "outgoing")},
        "share": Measure("Доля", "Share", "share"),
    }
    sums = {str(key): int(each) for key, each in found[["calls", "incoming", "outgoing"]].sum().items()}
    total = {**sums, "share": 1.0 if len(table) else 0.0}
    return Pivot("result", _labelled(_by_count(found)), total, measures, dataset.language)


def _hours(dataset: CallsDataset) -> Pivot:
    """Calls by hour and weekday; from the first hour anybody calls to the last."""
    table, language = dataset.table, dataset.language
    days = [said(f"weekday {number}", language) for number in range(7)]
    timed = table.dropna(subset=["hour"])
    hours = range(int(timed["hour"].min()), int(timed["hour"].max()) + 1) if len(timed) else range(0)
    counts = pd.crosstab(timed["hour"].astype("int64"), timed["weekday"].astype("str"))
    found = counts.reindex(index=list(hours), columns=days, fill_value=0).astype("int64")
    found.index = pd.Index([f"{hour:02}:00" for hour in hours], dtype="str")
    measures = {day: Measure(day, day) for day in days}
    total = {day: int(found[day].sum()) for day in days}
    return Pivot("hours", _labelled(found), total, measures, language)


def _labelled(table: pd.DataFrame) -> pd.DataFrame:
    """The label as the first column."""
    found = table.rename_axis(None).rename_axis(None, axis=1)
    found.insert(0, "label", np.array(found.index, dtype=object))
    return found.reset_index(drop=True).astype({"label": "str"})
