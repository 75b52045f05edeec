"""The catalogue: one file, one operation. The folder is the registry.

An operation may import `runs`, `matching`, `sheets` and `records`; never `client`, `httpx` or another
operation. `catalogue()` finds them.
"""

from __future__ import annotations

import importlib
import pkgutil

from toolkit.errors import ParameterError
from toolkit.runs import Operation

__all__ = ["catalogue", "operation"]


def catalogue() -> dict[str, type[Operation]]:
    """Every operation by name."""
    found: dict[str, type[Operation]] = {}
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        for each in vars(loaded).values():
            if isinstance(each, type) and issubclass(each, Operation) and each.__module__ == loaded.__name__:
                found[each.name] = each
    return dict(sorted(found.items()))


def operation(name: str) -> Operation:
    """The operation of that name.

    Raises:
        ParameterError: there is none.
    """
    known = catalogue()
    if name not in known:
        raise ParameterError(
            "b24kit", "operation", name, "is not in the catalogue", f"Known: {', '.join(known)}."
        )
    return known[name]()
