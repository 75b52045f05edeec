"""What a portal is filled with: from the factory, or by a seed.

`SEEDS` names them; each takes a portal fresh from the factory, a scale and a number.
"""

from __future__ import annotations

from collections.abc import Callable

from ..portal import Sandbox
from .realty import realty

__all__ = ["SEEDS", "realty"]

SEEDS: dict[str, Callable[[Sandbox, float, int], None]] = {"realty": realty}
"""Seeds by name: `SEEDS["realty"](portal, scale, seed)`."""
