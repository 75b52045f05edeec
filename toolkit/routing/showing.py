"""A simulation as people read it: one page, one picture, nothing loaded from anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import escape

from toolkit.routing.wording import LABELS, Language

if TYPE_CHECKING:
    from toolkit.routing.simulation import Simulation

__all__ = ["load_chart", "measures", "simulation_page"]

_BARS, _ROWS, _PIVOT = 20, 30, 12
_BEFORE, _AFTER = "#9db4d3", "#1f5fbf"


def _language(language: str) -> Language:
    return "ru" if language == "ru" else "en"


def number(value: float, language: Language) -> str:
    """A number with its thousands apart."""
    whole = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:,.1f}"
    return whole.replace(",", "\u00a0").replace(".", ",") if language == "ru" else whole


_MEASURES = ("appeals", "changed", "moved", "lost", "uncovered", "uncovered_before", "filtered", "people")


def load_chart(simulation: Simulation, language: str = "ru") -> str:
    """Appeals per person now and then, as an SVG; of many people those whose load changes most."""
    said = _language(language)
    words = {key: each[said] for key, each in LABELS.items()}
    table = simulation.load
    order = table["difference"].abs().sort_values(ascending=False, kind="stable").index[:_BARS]
    table = table.loc[sorted(order)]
    most = max(1, int(table[["before", "after"]].to_numpy().max(initial=0)))
    left, width, step = 250, 620, 34
    height = 34 + step * len(table)
    parts = [
        f'<rect x="{left}" y="6" width="12" height="12" fill="{_BEFORE}"/>'
        f'<text x="{left + 18}" y="16">{words["before"]}</text>'
        f'<rect x="{left + 110}" y="6" width="12" height="12" fill="{_AFTER}"/>'
        f'<text x="{left + 128}" y="16">{words["after"]}</text>'
    ]
    for at, row in enumerate(table.to_dict("records")):
        top = 30 + step * at
        name = str(row["name"])
        shown = escape(name if len(name) <= 30 else name[:29] + "…")
        parts.append(f'<text x="{left - 8}" y="{top + 17}" text-anchor="end">{shown}</text>')
        for line, (key, colour) in enumerate((("before", _BEFORE), ("after", _AFTER))):
            long = row[key] / most * width
            y = top + 13 * line
            parts.append(
                f'<rect x="{left}" y="{y}" width="{long:.1f}" height="11" fill="{colour}"/>'
                f'<text x="{left + long + 5:.1f}" y="{y + 10}" class="n">{number(row[key], said)}</text>'
            )
    return (
        f'<svg viewBox="0 0 1000 {height}" role="img" aria-label="{escape(words["load"])}" '
        'xmlns="http://www.w3.org/2000/svg" font-family="system-ui, sans-serif" font-size="14">'
        "<style>svg text{fill:currentColor}svg .n{font-size:11px}</style>" + "".join(parts) + "</svg>"
    )


def measures(simulation: Simulation, language: str = "ru") -> dict[str, int]:
    """What was counted, by its name for a reader; see `Simulation.measures`."""
    said = _language(language)
    return {LABELS[key][said]: int(simulation.summary[key]) for key in _MEASURES}


def simulation_page(
    simulation: Simulation, language: str = "ru", *, whole: bool = True, notebook: bool = False
) -> str:
    """The comparison as a page; see `Simulation.html`.

    Args:
        simulation: what to show.
        language: `ru` or `en`.
        whole: a page of its own.
        notebook: with the styles that hold their own against a notebook's.
    """
    said = _language(language)
    words = {key: each[said] for key, each in LABELS.items()}
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["number"] = lambda value: number(value, said)
    at = simulation.history["at"]
    asked = ""
    if len(at):
        ends = {key: day.strftime("%d.%m.%Y") for key, day in (("since", at.min()), ("until", at.max()))}
        asked = words["since_until"].format(**ends)
    examples = simulation.changed.head(_ROWS)
    return environment.get_template("simulation.html.j2").render(
        whole=whole,
        notebook=notebook,
        language=said,
        words=words,
        summary=simulation.summary,
        without_topics=simulation.without_topics,
        compared=simulation.current is not None,
        period=asked,
        as_of=words["as_of"].format(day=simulation.on.strftime("%d.%m.%Y")) if simulation.on else "",
        chart=simulation.chart(said),
        load=simulation.load.head(_ROWS).to_dict("records"),
        more_people=words["more"].format(count=len(simulation.load) - _ROWS)
        if len(simulation.load) > _ROWS
        else "",
        topics=simulation.topics.head(_ROWS).to_dict("records"),
        pivots=[
            (
                words[f"pivot_{what}"],
                _short(simulation.pivot(what), words),
                _short(simulation.pivot(what, columns="channel"), words),
            )
            for what in ("changed", "uncovered")
            if simulation.summary[what]
        ],
        examples=[
            {
                "at": row["at"].strftime("%d.%m.%Y %H:%M"),
                "said": " / ".join(str(row[key]) for key in ("topic", "region", "channel") if row[key]),
                "before": simulation.name("people", row["before"]) or words["nobody"],
                "after": simulation.name("people", row["after"]) or words["nobody"],
            }
            for row in examples.to_dict("records")
        ],
        response=simulation.response.head(_ROWS).to_dict("records"),
        moved=simulation.history.attrs.get("answered") == "moved",
    )


def _short(table: pd.DataFrame, words: dict[str, str]) -> dict[str, object]:
    """A pivot for a page: its largest rows and columns, the rest added up."""
    for _ in range(2):
        table = table.loc[table.sum(axis=1).sort_values(ascending=False, kind="stable").index]
        if len(table) > _PIVOT:
            rest = table.iloc[_PIVOT:].sum(axis=0).rename(words["others"])
            table = pd.concat([table.iloc[:_PIVOT], rest.to_frame().T])
        table = table.T
    return {
        "columns": [each or words["unsaid"] for each in table.columns],
        "rows": [
            (name or words["unsaid"], [int(each) for each in values], int(sum(values)))
            for name, *values in table.itertuples(name=None)
        ],
    }
