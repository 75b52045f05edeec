"""The deals of a portal, by marker and by client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from toolkit.runs.contact_centre.cells import empty, ids_in
from toolkit.runs.contact_centre.clients import Client

__all__ = ["Board"]

_COLUMNS = ("id", "originId", "categoryId", "closed", "contactId", "contactIds", "companyId", "movedTime")
_Place = tuple[str, int, int]
"""contact or company, its id, the pipeline."""


@dataclass(frozen=True)
class Board:
    """The deals, by marker and by client.

    Args:
        by_marker: marker of a request to the deal made out of it.
        live: client and pipeline to the open deals there.
        closed: the same to the closed ones, each with the moment it was last moved.
        nobodys: company and pipeline to the open deals there which have no person.
    """

    by_marker: Mapping[str, int]
    live: Mapping[_Place, list[int]]
    closed: Mapping[_Place, list[tuple[int, Any]]]
    nobodys: Mapping[tuple[int, int], list[int]]

    @classmethod
    def of(cls, deals: pd.DataFrame, system: str) -> Board:
        """The board of a table of deals.

        Args:
            deals: columns id, originId, categoryId, closed, contactId, contactIds, companyId, movedTime.
            system: whose markers count.
        """
        by_marker: dict[str, int] = {}
        live: dict[_Place, list[int]] = {}
        closed: dict[_Place, list[tuple[int, Any]]] = {}
        nobodys: dict[tuple[int, int], list[int]] = {}
        cells = [deals[each].tolist() if each in deals else [None] * len(deals) for each in _COLUMNS]
        for number, marker, pipeline, over, contact, contacts, company, moved in zip(*cells, strict=True):
            if isinstance(marker, str) and marker.startswith(f"cc:{system}:request:"):
                by_marker[marker] = int(number)
            people = ids_in(contact) | ids_in(contacts)
            keys = [("contact", each) for each in people] + [("company", each) for each in ids_in(company)]
            for side, who in keys:
                if not empty(over) and over not in (False, "N"):
                    closed.setdefault((side, who, int(pipeline)), []).append((int(number), moved))
                else:
                    live.setdefault((side, who, int(pipeline)), []).append(int(number))
                    if not people:
                        nobodys.setdefault((who, int(pipeline)), []).append(int(number))
        return cls(by_marker, live, closed, nobodys)

    def open(self, client: Client, pipeline: int) -> list[int]:
        """Open deals of a client in a pipeline.

        The person's; if there are none, those of the firm which nobody else is the person of; of a client without a
        person all of the firm's.
        """
        side, who = client.side
        own = self.live.get((side, who, pipeline), []) if isinstance(who, int) else []
        if own or client.contact is None or not isinstance(client.company, int):
            return own
        return self.nobodys.get((client.company, pipeline), [])

    def over_since(self, client: Client, pipeline: int, moment: pd.Timestamp) -> int | None:
        """A deal of the client which was closed after that moment: the request was part of it."""
        side, who = client.side
        found = self.closed.get((side, who, pipeline), []) if isinstance(who, int) else []
        for number, moved in found:
            if moved is not None and not pd.isna(moved) and pd.Timestamp(moved) >= moment:
                return number
        return None
