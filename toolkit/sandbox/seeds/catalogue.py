"""The seeds by name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

from ..portal import Sandbox

__all__ = ["UnknownSeedError", "plant", "seed_names"]

# Shared by the stories, not stories themselves.
_TOOLS = {"catalogue", "factory", "scene", "clients", "people", "phones", "firms", "calls"}


class UnknownSeedError(ValueError):
    """There is no seed of that name."""


def seed_names() -> list[str]:
    """The seeds there are: every file of this folder that tells a story, in a function of its name."""
    package = importlib.import_module(__package__ or "toolkit.sandbox.seeds")
    return sorted(each.name for each in pkgutil.iter_modules(package.__path__) if each.name not in _TOOLS)


def plant(portal: Sandbox, name: str, *, scale: float = 1.0, number: int = 1) -> None:
    """Fill a furnished portal with a seed.

    Args:
        portal: an empty portal, as `factory.new_portal` makes it.
        name: of the seed.
        scale: 1 is the seed's own size.
        number: the same number makes the same portal.

    Raises:
        UnknownSeedError: no such seed.
    """
    if name not in seed_names():
        raise UnknownSeedError(f"no seed {name!r}; there are: empty, {', '.join(seed_names())}")
    story: Callable[..., None] = getattr(importlib.import_module(f"{__package__}.{name}"), name)
    story(portal, scale, number)
