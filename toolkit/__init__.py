"""b24kit: repair and migrate live Bitrix24 portals without fear.

Start with the command line (`b24kit --help`) or the notebooks. `toolkit.find_client(phone="8 912 000-00-01")`
answers whether a client is on the portal already (`toolkit.workflow.clients` says how); `toolkit.desk` holds the
verbs of a contact centre, `toolkit.desk.create_contact(work, ...)`. Both are loaded when they are first asked for,
so that importing `toolkit` costs nothing and no room comes to depend on those above it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["desk", "find_client"]  # made by __getattr__


def __getattr__(name: str) -> Any:
    if name == "find_client":
        return import_module("toolkit.workflow.clients").find_client
    if name == "desk":
        return import_module("toolkit.workflow.desk")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
