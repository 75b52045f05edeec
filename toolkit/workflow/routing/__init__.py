"""Routing directories on a portal: checked against it, simulated over its history, published, taken back.

`facts` reads what a directory may name, `histories` the appeals there were, `publishing` the versions.
Start reading at `publishing`.
"""

from __future__ import annotations

from toolkit.workflow.routing.facts import routing_facts
from toolkit.workflow.routing.histories import routing_history, simulate_routing
from toolkit.workflow.routing.publishing import (
    plan_publishing,
    publications,
    published_routing,
    reroute_parameters,
    routing_process,
    routing_taken_back,
)

__all__ = [
    "plan_publishing",
    "publications",
    "published_routing",
    "reroute_parameters",
    "routing_facts",
    "routing_history",
    "routing_process",
    "routing_taken_back",
    "simulate_routing",
]
