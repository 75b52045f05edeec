"""From the export of a channel to the parameters of `ingest_appeals`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.sheets.channels import ChannelExport, ChannelMapping, read_channel
from toolkit.workflow.routing import published_routing, reroute_parameters
from toolkit.workflow.workspace import Workspace

__all__ = ["OPERATION", "export_given", "ingest_parameters", "placed"]

OPERATION = "ingest_appeals"


def ingest_parameters(work: Workspace, channel: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of `ingest_appeals` for today: the place of the directory, the day, and what appeals are.

    Args:
        work: where.
        channel: name or short name of the channel.
        given: further parameters; they win.

    Raises:
        RoutingRefused: there is no place to publish to yet.
    """
    filled = reroute_parameters(work, {"channel": channel, "language": work.settings.language, **given})
    if "entity" not in filled:
        book = published_routing(work)
        if book is not None and book.entity_type_id != 2:
            filled["entity"] = f"item:{book.entity_type_id}"
    return filled


def placed(work: Workspace, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of any operation; of `ingest_appeals` with the place of the directory and what appeals are, where
    nobody said them. The day is left open: each run asks for its own.

    Args:
        work: where.
        name: of the operation.
        given: its parameters.

    Raises:
        RoutingRefused: there is no place to publish to yet.
    """
    if name != OPERATION or "process" in given or "channel" not in given:
        return dict(given)
    filled = ingest_parameters(work, str(given["channel"]), given)
    return {key: value for key, value in filled.items() if key != "on" or key in given}


def export_given(path: Path, mapping: ChannelMapping) -> tuple[ChannelExport, dict[str, Any]]:
    """An export, and the parameters that say what is in it.

    Raises:
        SheetError: see `read_channel`.
    """
    export = read_channel(path, mapping)
    told = {"rows": export.messages, "unread": export.unread, "mapping": mapping.model_dump(mode="json")}
    return export, told
