"""An export while it is drawn: its rows, their truth, and chance."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from typing import Any, TypeVar

from ..portal import Sandbox
from ..seeds.people import Person, draw_person
from ..seeds.phones import mobile, soiled
from .acquaintances import Acquaintance, Deal, acquaintances
from .truth import Expected, State

__all__ = ["FRESH", "GONE_TOPIC", "NO_TOPIC", "CentreExport", "Draft"]

DAY = 86_400
FRESH = 5_000_000
"""New clients' numbers begin at that place in the row of all; no seed comes so far."""
NO_TOPIC, GONE_TOPIC = "Разное", "Закрытое направление"
_WISHES = ("Перезвоните после шести", "Нужна смета", "Прошу договор на почту", "Второй раз обращаюсь")
_DOCUMENTS = ("договор.pdf", "договор-2.pdf", "договор-подписан.pdf", "договор-исправлен.pdf")
_Any = TypeVar("_Any")


@dataclass
class CentreExport:
    """Rows under the names of their fields, and the truth of each.

    Args:
        system: short name of the contact centre's system.
        topics: rows of the table of topics: topic, pipeline, stage, responsible.
        fallback: user id of who answers when nobody else does.
        requests, calls, history: field to cell; moments are aware datetimes.
        truth: in the order of requests, then of calls.
    """

    system: str
    topics: list[dict[str, Any]]
    fallback: int
    requests: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    truth: list[Expected] = field(default_factory=list)

    def expected(self, kind: str, number: str) -> Expected:
        """The truth of a row.

        Raises:
            LookupError: there is no such row.
        """
        for each in self.truth:
            if (each.kind, each.id) == (kind, number):
                return each
        raise LookupError(f"{kind} {number}")


class Draft:
    """An export while it is drawn.

    Args:
        portal: only read.
        system: short name of the contact centre's system.
        number: chance.
        recordings: whether calls name recordings.
    """

    def __init__(self, portal: Sandbox, system: str, number: int, *, recordings: bool = False) -> None:
        self.recordings = recordings
        self.rng = Random(f"contact centre:{number}")  # noqa: S311  # chance, not secrecy
        self.portal, self.known = portal, acquaintances(portal)
        self.today = int(portal.clock.now()) // DAY * DAY
        users = portal.store.rows("SELECT * FROM user WHERE EMAIL IS NOT NULL AND ID > 1 ORDER BY ID")
        self.working = [(row["ID"], row["EMAIL"]) for row in users if row["ACTIVE"] == "Y"]
        self.left = [(row["ID"], row["EMAIL"]) for row in users if row["ACTIVE"] != "Y"]
        self.pipelines = self._pipelines()
        topics = [
            {"topic": topic, "pipeline": pipeline, "stage": stage, "responsible": self._email(who)}
            for topic, (pipeline, stage, who) in self.pipelines.items()
        ]
        gone = {"topic": GONE_TOPIC, "pipeline": 9_977, "stage": "", "responsible": ""}
        self.export = CentreExport(system, [*topics, gone], self.working[0][0])
        self.people = self._shuffled(self.known.people)
        self.firms = self._shuffled(self.known.firms)
        self.households = self._shuffled(self.known.households)
        self.doubles = self._shuffled(self.known.doubles)
        self.strangers = 0

    def add_known(self, who: Acquaintance, case: str, **keys: str) -> None:
        """A request of somebody the portal knows.

        Args:
            who: whose card has to get it.
            case: in a few words.
            keys: phone, email as the row says them.
        """
        topic, at = self.topic(), self.moment()
        cells = {"last_name": who.last, "name": who.first, "second_name": who.middle, **keys}
        email = keys.get("email", "").lower()
        self.add_request(
            topic, at, case, cells, contact=who.id,
            there=[each for each in self.open_deals(topic) if who.id in each.people],
            closed=self.over_since(topic, at, who.id, 0),
            brings=bool(email) and email != who.email,
            phones=(who.number,), emails=(email,) if email else (),
        )  # fmt: skip

    def add_request(
        self, topic: str, at: int, case: str, cells: dict[str, Any], *, there: list[Deal], closed: int,
        contact: int | str = "", company: int | str = "", brings: bool = False, **keys: Any,
    ) -> None:  # fmt: skip
        """A request of a client the portal knows: its open deal, the one closed since, or a new one."""
        wish = self.rng.choice((*_WISHES, ""))
        if len(there) > 1:
            self.add(topic, at, {**cells, "comment": wish}, case=f"{case}, several deals", states=("review",))
        elif there:
            fills = bool(wish) and not there[0].comments
            state: State = "edited" if fills or brings else "unchanged"
            self.add(topic, at, {**cells, "comment": wish}, case=f"{case}, open deal", states=(state,), contact=contact,
                      company=company, deal=there[0].id, holds={"COMMENTS": wish} if fills else {}, **keys)  # fmt: skip
        elif closed:
            self.add(topic, at, cells, case=f"{case}, closed since", states=("edited" if brings else "unchanged",),
                      contact=contact, company=company, **keys)  # fmt: skip
        else:
            self.add_with_deal(case, cells, contact, company, topic=topic, at=at, **keys)

    def add_with_deal(
        self, case: str, cells: dict[str, Any], contact: int | str, company: int | str = "", *, topic: str = "",
        at: int = 0, **keys: Any,
    ) -> str:  # fmt: skip
        """A request that has to make a deal; its id.

        Args:
            case: in a few words.
            cells: who the row is about.
            contact, company, keys: of its truth.
            topic, at: any, when not given.
        """
        topic = topic or self.topic()
        title = f"{topic} № {len(self.export.requests) + 1}"
        amount = self.rng.randrange(1, 900) * 100
        who = self.rng.random()
        pipeline, stage, responsible = self.pipelines[topic]
        said = ""
        if who < 0.4:
            responsible, said = self.any_of(self.working)
        elif who < 0.55 and self.left:
            said = self.any_of(self.left)[1]  # has left: the topic's responsible has it
        told = {**cells, "title": title, "amount": amount, "responsible": said}
        number = f"R{len(self.export.requests) + 1}"
        return self.add(
            topic, at or self.moment(), told, case=case, states=("created",), contact=contact, company=company,
            deal=f"new:{number}", pipeline=pipeline, stage=stage, responsible=responsible,
            holds={"TITLE": title, "OPPORTUNITY": float(amount)}, **keys,
        )  # fmt: skip

    def add(self, topic: str, at: int, cells: dict[str, Any], **truth: Any) -> str:
        """A request as it is said, with its truth; its id."""
        number = f"R{len(self.export.requests) + 1}"
        row = {"id": number, "at": datetime.fromtimestamp(at, UTC), "topic": topic, **cells}
        self.export.requests.append({name: value for name, value in row.items() if value != ""})
        self.export.truth.append(Expected("request", number, **truth))
        if str(truth.get("deal", "")).startswith("new:") and self.rng.random() < 0.2:
            self._replaced(number, at)
        return number

    def _replaced(self, request: str, at: int) -> None:
        """The client replaced a document three times."""
        for turn, (before, after) in enumerate(itertools.pairwise(_DOCUMENTS), start=1):
            self.export.history.append(
                {
                    "id": f"H{len(self.export.history) + 1}",
                    "request": request,
                    "at": datetime.fromtimestamp(at + turn * 600, UTC),
                    "field": "Документ",
                    "before": before,
                    "after": after,
                    "why": f"клиент прислал заново, раз {turn}",
                }
            )

    def add_call(
        self, case: str, number: str, *, contact: int | str = "", company: int | str = "", deal: int | str = "",
        request: str = "", state: State = "created",
    ) -> None:  # fmt: skip
        """A call from or to a number, with its truth."""
        at, id_ = self.moment(), f"C{len(self.export.calls) + 1}"
        row = {
            "id": id_,
            "at": datetime.fromtimestamp(at, UTC),
            "phone": self.spelled(number),
            "direction": self.rng.choice(("in", "out")),
            "duration_s": self.rng.randrange(0, 900),
            **({"request": request} if request else {}),
        }
        self.export.calls.append(row)
        phones = (number,) if contact else ()
        truth = Expected("call", id_, case, (state,), contact, company=company, deal=deal, phones=phones)
        if self.recordings and truth.settled:
            whole = self.rng.random() < 0.8
            row["recording"] = f"{id_}.wav" if whole else f"{id_}-empty.wav"
            truth = replace(truth, recorded=whole)
        self.export.truth.append(truth)

    # -- chance ------------------------------------------------------------------------------------

    def _pipelines(self) -> dict[str, tuple[int, str, int]]:
        """Topic to pipeline, stage of new deals, responsible."""
        found = {}
        kind = self.portal.schema.kind(2)
        if kind is None:
            raise LookupError("the portal has no deals")
        for row in self.portal.store.rows(
            "SELECT * FROM category WHERE ENTITY_TYPE_ID = 2 ORDER BY CATEGORY_ID"
        ):
            stages = [each for each in self.portal.stages(kind, row["CATEGORY_ID"]) if not each["SEMANTICS"]]
            stage = stages[min(1, len(stages) - 1)]["STATUS_ID"]
            found[f"Заявка: {row['NAME']}"] = (row["CATEGORY_ID"], stage, self.any_of(self.working)[0])
        return found

    def open_deals(self, topic: str) -> list[Deal]:
        """The open deals of the topic's pipeline."""
        pipeline = self.pipelines[topic][0]
        return [each for each in self.known.deals if each.pipeline == pipeline and not each.closed]

    def over_since(self, topic: str, at: int, contact: int, company: int) -> int:
        """A deal of that client in the topic's pipeline that was closed after the request; 0 for none."""
        pipeline = self.pipelines[topic][0]
        for each in self.known.deals:
            mine = contact in each.people if contact else each.company == company
            if mine and each.pipeline == pipeline and each.closed and each.moved >= at:
                return each.id
        return 0

    def topic(self) -> str:
        """Any topic that has a pipeline."""
        return self.any_of(list(self.pipelines))

    def moment(self) -> int:
        """A whole minute of the last two weeks."""
        return self.today - self.rng.randrange(2 * DAY // 60, 14 * DAY // 60) * 60

    def new_person(self) -> tuple[Person, str]:
        """Somebody nobody knows, and a number nobody has."""
        self.strangers += 1
        return draw_person(self.rng), mobile(FRESH + self.strangers)

    def spelled(self, number: str) -> str:
        """A spelling from which that number, and no other, can be read."""
        while True:
            kind, text = soiled(number, self.rng, readable=True)
            if not kind.startswith(("two_", "extension")):
                return text

    def _email(self, who: int) -> str:
        return str(next(email for number, email in self.working if number == who))

    def any_of(self, many: list[_Any]) -> _Any:
        """One of them."""
        return self.rng.choice(many)

    def _shuffled(self, many: list[_Any]) -> list[_Any]:
        return self.rng.sample(many, len(many))

    def next_of(self, many: list[Acquaintance], otherwise: Callable[[], None]) -> Acquaintance | None:
        """Somebody the file has not met; when there is nobody left, another case is drawn."""
        if not many:
            otherwise()
            return None
        return many.pop()
