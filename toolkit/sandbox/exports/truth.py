"""What has to become of a row of an export, said beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Expected", "State"]

State = Literal["created", "edited", "unchanged", "review", "quarantined"]


@dataclass(frozen=True)
class Expected:
    """The truth of one row.

    Args:
        kind: `request` or `call`.
        id: of the row.
        case: which circumstance it was drawn for, in a few words.
        states: one of these; several only where a person may be asked or the client may be known.
        contact: id of the card of the person; `new:<key>` for one to be made, the same key for the same person; ""
            where there is none, or a person has to say.
        among: ids of the cards that are this person's, where there are several; `contact` is "" then.
        company: the same of the firm: an id, `new:<INN>`, "".
        deal: its id, `new:<id of the request that makes it>`, or "" for none.
        pipeline, stage, responsible: of a new deal: category, status, user id.
        holds: columns of the deal and what they hold afterwards.
        phones: ten digits each; the person's card holds them afterwards.
        emails: in small letters; the person's card holds them afterwards.
        recorded: of a call, whether its recording can be had.
    """

    kind: Literal["request", "call"]
    id: str
    case: str
    states: tuple[State, ...]
    contact: int | str = ""
    among: tuple[int, ...] = ()
    company: int | str = ""
    deal: int | str = ""
    pipeline: int = 0
    stage: str = ""
    responsible: int = 0
    holds: Mapping[str, Any] = field(default_factory=dict)
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    recorded: bool = False

    @property
    def settled(self) -> bool:
        """Its keys say who it is about: no person has to."""
        return not {"review", "quarantined"} & set(self.states)
