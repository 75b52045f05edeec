"""What a portal is filled with: from the factory, or by a seed.

`SEEDS` names them; each takes a portal fresh from the factory, a scale and a number.
"""

from __future__ import annotations

from collections.abc import Callable

from ..portal import Sandbox
from .developer import developer
from .realty import realty
from .retail import retail

__all__ = ["SEEDS", "developer", "realty", "retail"]

SEEDS: dict[str, Callable[[Sandbox, float, int], None]] = {
    "developer": developer,
    "realty": realty,
    "retail": retail,
}
"""Seeds by name: `SEEDS["realty"](portal, scale, seed)`."""
