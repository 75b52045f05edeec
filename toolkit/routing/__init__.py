"""Who gets an appeal: the rules of a routing directory, and what a new directory would change.

`evaluator` is the only place that decides: checks, simulation, re-routing and what other platforms get share
it, so it imports nothing of this house. `simulation` asks it about a whole history at once, `difference`
compares two directories, `exporting` writes them for others. Knows neither portals nor spreadsheets; may
import `client` and below. Start reading at `evaluator`.

Names are fetched when first asked for: the process that parses strangers' files must not wait for pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.routing.difference import routing_diff
    from toolkit.routing.evaluator import (
        Appeal,
        Book,
        Decision,
        Directory,
        Filter,
        Rule,
        Substitution,
        Version,
    )
    from toolkit.routing.exporting import export_json, export_sqlite
    from toolkit.routing.history import HISTORY
    from toolkit.routing.refusals import RoutingRefused
    from toolkit.routing.simulation import Simulation, simulate

__all__ = [
    "HISTORY",
    "Appeal",
    "Book",
    "Decision",
    "Directory",
    "Filter",
    "RoutingRefused",
    "Rule",
    "Simulation",
    "Substitution",
    "Version",
    "export_json",
    "export_sqlite",
    "routing_diff",
    "simulate",
]

_HOMES = {
    "HISTORY": "history",
    "RoutingRefused": "refusals",
    "Simulation": "simulation",
    "export_json": "exporting",
    "export_sqlite": "exporting",
    "routing_diff": "difference",
    "simulate": "simulation",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'evaluator')}"), name)
