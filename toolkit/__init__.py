"""b24kit: repair and migrate live Bitrix24 portals without fear.

Start with the command line (`b24kit --help`) or the notebooks. `toolkit.find_client(phone="8 912 000-00-01")`
answers whether a client is on the portal already (`toolkit.workflow.clients` says how); it is loaded when it is
first asked for, so that importing `toolkit` costs nothing and no room comes to depend on those above it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["find_client"]  # made by __getattr__


def __getattr__(name: str) -> Any:
    if name == "find_client":
        return import_module("toolkit.workflow.clients").find_client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
