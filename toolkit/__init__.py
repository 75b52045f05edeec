"""b24kit: repair and migrate live Bitrix24 portals without fear.

Start with the command line (`b24kit --help`) or the notebooks. `toolkit.find_client` answers whether a client is
on the portal already; it is loaded when it is first asked for, so that importing `toolkit` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.workflow.clients import find_client as find_client

__all__ = ["find_client"]


def __getattr__(name: str) -> Any:
    if name == "find_client":
        from toolkit.workflow.clients import find_client

        return find_client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
