"""What holds for every row of a load: the portal's people and pipelines, the table of topics, the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from toolkit.matching import Home
from toolkit.runs.contact_centre.rows import ClientRow, LoadedCall, RequestRow, TopicRow
from toolkit.runs.contact_centre.staff import Staff
from toolkit.runs.contact_centre.words import quoted, said

__all__ = ["NO_PIPELINE", "PIPELINE_GONE", "Terms"]

NO_PIPELINE = "its topic has no pipeline"
PIPELINE_GONE = "its pipeline is not on the portal"


@dataclass(frozen=True)
class Terms:
    """What holds for every row of a load.

    Args:
        system: short name of the contact centre's system.
        home: where phones without a country or area code belong.
        staff: who works on the portal.
        switchboards: numbers of companies, which are nobody's own, to the ids of those companies.
        carried: numbers of companies that stand on people's cards as well: without a name they say nobody.
        topics: the table of topics, by topic in lower case; `*` for all others.
        pipelines: ids of those on the portal.
        before: the requests as they were last loaded, by id.
        calls_before: the calls as they were last loaded, by id.
        deals_before: the deals requests were put on before that are not marked as theirs, by id of the request.
        deals: ids of the deals on the portal.
        newest: fields of cards which people made where a newer row wins.
        fallback: user id of who answers when nobody else does; None for nobody.
        phone_alone: a row with a phone and no name is about the only person who has that number.
        requisite_preset: id of the template of new requisites; None for one of `presets`.
        presets: the portal's, for an `organisation` and an `entrepreneur`.
        silent: new records by import.
        telephony: calls become records of the telephone, which only an application may write.
        recording_most_bytes: larger recordings are quarantined.
        recordings_gone: recordings that are not asked for again, as `recording_key` names them.
        history_done: changes whose comments are written, by their markers.
        language: of comments, and of what is said beside reasons.
    """

    system: str
    home: Home
    staff: Staff
    switchboards: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    carried: frozenset[str] = frozenset()
    topics: Mapping[str, TopicRow] = field(default_factory=dict)
    pipelines: frozenset[int] = frozenset({0})
    before: Mapping[str, RequestRow] = field(default_factory=dict)
    calls_before: Mapping[str, LoadedCall] = field(default_factory=dict)
    deals_before: Mapping[str, int] = field(default_factory=dict)
    deals: frozenset[int] = frozenset()
    newest: frozenset[str] = frozenset()
    fallback: int | None = None
    phone_alone: bool = True
    requisite_preset: int | None = None
    presets: Mapping[str, int] = field(default_factory=dict)
    silent: bool = True
    telephony: bool = False
    recording_most_bytes: int = 0
    recordings_gone: frozenset[str] = frozenset()
    history_done: frozenset[str] = frozenset()
    language: str = "ru"

    def preset(self, inn: str) -> int:
        """The template of a firm's requisites; the first there ever was where nothing is known of the portal."""
        kind = "entrepreneur" if len(inn) == 12 else "organisation"
        return self.requisite_preset or self.presets.get(kind, 1)

    def marker(self, kind: str, number: str) -> str:
        """The external key of what is made out of a row, a client or a firm."""
        return f"cc:{self.system}:{kind}:{number}"

    def no_place(self, row: RequestRow) -> str:
        """Why a request has no pipeline; "" when it has one."""
        if not {row.topic.casefold(), "*"} & set(self.topics):
            return NO_PIPELINE
        return "" if self.place(row).pipeline in self.pipelines else PIPELINE_GONE

    def place(self, row: RequestRow) -> TopicRow:
        """Where a request goes that has a place."""
        return self.topics.get(row.topic.casefold()) or self.topics["*"]

    def responsible(self, row: ClientRow) -> int | None:
        """Who answers for a row: as it says, as the table of topics says, the fallback."""
        place = self.place(row) if isinstance(row, RequestRow) else None
        for text in (row.responsible, place.responsible if place else ""):
            found = self.staff.find(text)
            if found is not None:
                return found
        return self.fallback

    def unfound(self, row: ClientRow) -> str:
        """Whom a row names for whom nobody who works there answers, as a person reads it."""
        if row.responsible:
            return quoted(self.language, row.responsible)
        return said(self.language, "nobody")

    def owner(self, rows: Sequence[ClientRow]) -> int | None:
        """Who answers for a client: for the newest of its rows for which somebody does."""
        found = (self.responsible(row) for row in reversed(rows))
        return next((each for each in found if each is not None), None)

    def made_by(self, who: int | None) -> dict[str, Any]:
        """The cells of a new record that name people."""
        return {"assignedById": who, **({"createdBy": who} if self.silent else {})}
