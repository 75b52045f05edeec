"""Pictures of the calls: months, hours and weekdays, results, employees, what still lacks an appeal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit.reports.calls.columns import Language
from toolkit.reports.calls.pivots import Pivot
from toolkit.reports.pictures import AMBER, BLUE, GREEN, GREY, Chart, canvas, quiet
from toolkit.runs.report.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.ticker import FuncFormatter

__all__ = ["by_month", "coverage_by_month", "employees", "hours", "overview", "results"]

_MONTHS_RU = ("янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PEOPLE = 15
_LONGEST = 30
_HEAT = ("#f3f6fb", "#9dbdf0", BLUE, "#173b80")
_LABELLED_MONTHS = 14  # that many stand beside each other without touching


def by_month(pivot: Pivot) -> Chart:
    """Calls by month: answered, missed, outgoing, one above the other."""
    figure = canvas(9.5, 3.6)
    _months(figure.subplots(), pivot)
    return Chart(figure, _words(pivot))


def hours(pivot: Pivot) -> Chart:
    """How many calls at which hour of which weekday."""
    figure = canvas(7, 4.4)
    _heat(figure.subplots(), pivot)
    return Chart(figure, _words(pivot))


def results(pivot: Pivot) -> Chart:
    """How calls ended."""
    figure = canvas(7, 0.9 + 0.4 * max(len(pivot.table), 2))
    _results(figure.subplots(), pivot)
    return Chart(figure, _words(pivot))


def employees(pivot: Pivot) -> Chart:
    """Who talks most: answered, missed, outgoing for each of the busiest; also for departments and lines."""
    figure = canvas(8.5, 1.2 + 0.34 * min(max(len(pivot.table), 2), _PEOPLE))
    _people(figure.subplots(), pivot)
    return Chart(figure, _words(pivot))


def coverage_by_month(pivot: Pivot) -> Chart:
    """The share of calls without an appeal, before a run and after it."""
    figure = canvas(9.5, 3.4)
    _coverage(figure.subplots(), pivot)
    return Chart(figure, _words(pivot))


def overview(pivots: dict[str, Pivot]) -> Chart:
    """Four pictures in one: months, hours and weekdays, results, employees."""
    figure = canvas(14, 9)
    (months, heat), (ends, people) = figure.subplots(2, 2, width_ratios=[1.15, 1])
    _months(months, pivots["month"])
    _heat(heat, pivots["hours"])
    _results(ends, pivots["result"])
    _people(people, pivots["employee"])
    return Chart(figure, _words(pivots["month"]))


# -- one picture each ------------------------------------------------------------------------------------


def _months(axes: Axes, pivot: Pivot) -> None:
    from matplotlib.ticker import MaxNLocator

    table, russian = pivot.table, pivot.language == "ru"
    _stacked(axes, np.arange(len(table)), table, russian, upright=True)
    _month_labels(axes, table["label"].tolist(), pivot.language)
    axes.set_title(_title(pivot), loc="left", fontweight="bold")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(_counted(pivot.language))
    axes.grid(axis="y", color="#e6eaf1")
    axes.set_axisbelow(True)
    axes.legend(ncols=3, frameon=False, loc="upper left", bbox_to_anchor=(0, 1.02), fontsize=9)
    axes.margins(x=0.01, y=0.2)
    quiet(axes, "top", "right", "left")
    axes.tick_params(left=False)


def _people(axes: Axes, pivot: Pivot) -> None:
    table, russian = pivot.table.head(_PEOPLE), pivot.language == "ru"
    places = np.arange(len(table))[::-1]
    _stacked(axes, places, table, russian, upright=False)
    wording = Wording(pivot.language)
    for place, calls in zip(places, table["calls"], strict=True):
        axes.text(calls, place, f" {wording.number(int(calls))}", va="center", fontsize=9)
    axes.set_yticks(places, [_short(label) for label in table["label"]])
    more = len(pivot.table) - len(table)
    title = _title(pivot)
    if more > 0:
        title += (
            f": первые {len(table)} из {len(pivot.table)}"
            if russian
            else f": {len(table)} of {len(pivot.table)}"
        )
    axes.set_title(title, loc="left", fontweight="bold")
    axes.legend(ncols=3, frameon=False, loc="upper left", bbox_to_anchor=(0, 0.01), fontsize=9)
    axes.margins(x=0.14)
    axes.set_xticks([])
    axes.tick_params(left=False)
    quiet(axes, "top", "right", "bottom")


def _stacked(axes: Axes, places: Any, table: pd.DataFrame, russian: bool, *, upright: bool) -> None:
    """Answered incoming, missed, outgoing: the same three everywhere."""
    spoken = (table["incoming"] - table["missed"]).to_numpy()
    missed, outgoing = table["missed"].to_numpy(), table["outgoing"].to_numpy()
    words = ("отвеченные", "без ответа", "исходящие") if russian else ("answered", "not answered", "outgoing")
    so_far = np.zeros(len(table))
    for values, colour, word in zip((spoken, missed, outgoing), (BLUE, AMBER, GREY), words, strict=True):
        if upright:
            axes.bar(places, values, 0.86, bottom=so_far, color=colour, label=word)
        else:
            axes.barh(places, values, 0.72, left=so_far, color=colour, label=word)
        so_far = so_far + values


def _heat(axes: Axes, pivot: Pivot) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    counts = pivot.table.drop(columns="label").to_numpy()
    axes.set_title(_title(pivot), loc="left", fontweight="bold")
    if not counts.size:
        axes.set_axis_off()
        return
    most = max(int(counts.max()), 1)
    heat = LinearSegmentedColormap.from_list("calls", _HEAT)
    # Drawn cell by cell: a bitmap would be an image, and the page lets no images in.
    places = (np.arange(counts.shape[1]), np.arange(counts.shape[0]))
    axes.pcolormesh(*places, counts, cmap=heat, vmin=0, vmax=most, edgecolors="white", linewidth=0.5)
    axes.invert_yaxis()
    wording = Wording(pivot.language)
    for row, column in np.ndindex(*counts.shape):
        number = int(counts[row, column])
        ink = "white" if number > 0.55 * most else "#1c2430"
        axes.text(column, row, wording.number(number), ha="center", va="center", color=ink, fontsize=9)
    axes.set_xticks(range(counts.shape[1]), pivot.headings[1:])
    axes.set_yticks(range(counts.shape[0]), pivot.table["label"])
    axes.tick_params(length=0)
    quiet(axes, "top", "right", "left", "bottom")


def _results(axes: Axes, pivot: Pivot) -> None:
    table = pivot.table
    places = np.arange(len(table))[::-1]
    # The first is what everybody hopes for; it would make the others invisible in one colour.
    axes.barh(places, table["calls"], 0.7, color=[GREEN, *[AMBER] * (len(table) - 1)][: len(table)])
    wording = Wording(pivot.language)
    total = int(pivot.total["calls"])
    for place, calls in zip(places, table["calls"], strict=True):
        said = f" {wording.number(int(calls))} · {wording.share(int(calls), total)}"
        axes.text(calls, place, said, va="center", fontsize=9)
    axes.set_yticks(places, [_short(label) for label in table["label"]])
    axes.set_title(_title(pivot), loc="left", fontweight="bold")
    axes.margins(x=0.22)
    axes.set_xticks([])
    axes.tick_params(left=False)
    quiet(axes, "top", "right", "bottom")


def _coverage(axes: Axes, pivot: Pivot) -> None:
    from matplotlib.ticker import FuncFormatter

    table, russian = pivot.table, pivot.language == "ru"
    wording = Wording(pivot.language)
    places = np.arange(len(table))
    for name, colour, word in (
        ("before", GREY, "до" if russian else "before"),
        ("after", BLUE, "после" if russian else "after"),
    ):
        whole = wording.share(pivot.total[name], pivot.total["calls"])
        axes.bar(places, table[f"{name}_share"], 0.86, color=colour, label=f"{word}: {whole}")
    _month_labels(axes, table["label"].tolist(), pivot.language)
    axes.set_title(
        "Доля звонков без обращения" if russian else "Share of calls without an appeal",
        loc="left",
        fontweight="bold",
    )
    axes.set_ylim(0, 1.18)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: wording.share(share, 1)))
    axes.grid(axis="y", color="#e6eaf1")
    axes.set_axisbelow(True)
    axes.legend(ncols=2, frameon=False, loc="upper right", bbox_to_anchor=(1, 1.02), fontsize=9)
    axes.margins(x=0.01)
    axes.tick_params(left=False)
    quiet(axes, "top", "right", "left")


def _month_labels(axes: Axes, months: Sequence[str], language: Language) -> None:
    """Every month of a year or so; of longer times the first month of each year, or half of it."""
    names = _MONTHS_RU if language == "ru" else _MONTHS_EN
    if len(months) <= _LABELLED_MONTHS:
        shown = list(range(len(months)))
    else:
        every = 6 if len(months) <= 6 * _LABELLED_MONTHS else 12
        shown = [at for at, month in enumerate(months) if int(month[5:]) % every == 1]
    labels = [f"{names[int(months[at][5:]) - 1]}\n{months[at][:4]}" for at in shown]
    axes.set_xticks(shown, labels, fontsize=9)


def _counted(language: Language) -> FuncFormatter:
    from matplotlib.ticker import FuncFormatter

    wording = Wording(language)
    return FuncFormatter(lambda number, _: wording.number(int(number)))


def _title(pivot: Pivot) -> str:
    """`Звонки по месяцам`."""
    word = "Звонки" if pivot.language == "ru" else "Calls"
    return f"{word} {pivot.title[0].lower()}{pivot.title[1:]}"


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"


def _words(pivot: Pivot) -> str:
    """The picture in a sentence."""
    wording = Wording(pivot.language)
    calls = int(pivot.total["calls"]) if "calls" in pivot.total else sum(map(int, pivot.total.values()))
    word = "звонков" if pivot.language == "ru" else "calls"
    return f"{pivot.title}: {word} {wording.number(calls)}"
