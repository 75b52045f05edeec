"""A portal as it reads now, laid beside what another system knows of it.

Stages are told move by move, by the portal's own history. Who moved a deal the portal says of the last move only; of
the other fields it says who saved the record last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from toolkit.client import Command, Portal
from toolkit.records import entity
from toolkit.runs.notes import mark_of
from toolkit.workflow.contact_centre.ledger import Record, Seen
from toolkit.workflow.contact_centre.present import (
    Comment,
    Move,
    Present,
    Told,
    read_calls,
    read_comments,
    read_deals,
    read_moves,
    telephone_calls,
)

__all__ = ["Looking"]

_OVERLAP = timedelta(
    seconds=120
)  # the portal keeps whole seconds, and a record may be saved while another is read
_WHERE = {2: "deal", 3: "contact", 4: "company"}
_FIRST = "NEW"  # where a portal puts a deal it is told no stage for
_RESULTS = {"S": "won", "F": "lost"}


@dataclass(frozen=True)
class _Names:
    """What people call stages and each other."""

    stages: Mapping[str, tuple[str, str]]
    users: Mapping[str, str]

    @classmethod
    def read(cls, portal: Portal) -> _Names:
        stages = {
            str(each["STATUS_ID"]): (str(each["NAME"]), str(each.get("SEMANTICS") or "").strip())
            for page in portal.list("crm.status.list")
            for each in page
            if str(each["ENTITY_ID"]).startswith("DEAL_STAGE")
        }
        users = {
            str(each["ID"]): " ".join(filter(None, [each.get("NAME"), each.get("LAST_NAME")]))
            for page in portal.list("user.get")
            for each in page
        }
        return cls(stages, users)

    def stage(self, code: str) -> str:
        """Its name; the code of one that is gone."""
        return self.stages.get(code, (code, ""))[0]

    def result(self, code: str) -> str:
        """`open`, `won` or `lost`."""
        return _RESULTS.get(self.stages.get(code, ("", ""))[1], "open")

    def user(self, number: str) -> str:
        """A person's name; the id of one who cannot be seen."""
        return self.users.get(number) or number


class Looking:
    """One pass over the portal; `fresh` and `marks` are what the ledger keeps of it."""

    def __init__(
        self,
        portal: Portal,
        system: str,
        marks: Mapping[str, str],
        seen: Seen,
        known: Seen,
        statistics: bool,
    ) -> None:
        self.portal, self.system, self.known, self.statistics = portal, system, known, statistics
        now = datetime.fromisoformat(str(portal.call("server.time")))
        self.offset = now.utcoffset() or timedelta()
        self.marks: dict[str, str] = {"since": now.isoformat()}
        self.after = ""
        if "since" in marks:
            self.after = (datetime.fromisoformat(marks["since"]) - _OVERLAP).isoformat(timespec="seconds")
        self.last_line = int(marks.get("line", 0))
        self.seen = seen
        self.fresh: Seen = {}
        self._names: _Names | None = None

    def rows(self, *, every_comment: bool) -> list[dict[str, Any]]:
        """All changes."""
        after = "" if every_comment else self.after
        deals = read_deals(self.portal, f"cc:{self.system}:request:", after)
        calls = read_calls(self.portal, f"cc:{self.system}:call:", self.after, self._telephone())
        moves = read_moves(self.portal, [each for each, now in deals.items() if self._moves(each, now)])
        stirred = [each for each, now in deals.items() if now.stirred or every_comment]
        comments = read_comments(self.portal, {each: self._last(each, "comments") for each in stirred})
        found: list[dict[str, Any]] = []
        for number, now in sorted(deals.items()):
            found += self._of_deal(number, now, moves.get(number, []), comments.get(number, []))
        changed = {number: list(self._of_call(number, now)) for number, now in sorted(calls.items())}
        homes = self._homes([number for number, rows in changed.items() if rows])
        for number, rows in changed.items():
            found += [{**each, **homes.get(number, {})} for each in rows]
        return found

    def _moves(self, number: int, now: Present) -> bool:
        """Whether the history of a deal's stages may tell of a move nobody has been told of."""
        if now.moved_since(self.after):
            return True
        code = now.cells["stage"]
        # Moved in the very second it was made: then it does not stand where it was put.
        put = self.known.get(("request", number), {}).get("stage")
        return code != put if put is not None else code.rpartition(":")[2] != _FIRST

    def without(self, rows: list[dict[str, Any]], records: Iterable[Record]) -> list[dict[str, Any]]:
        """The changes of all but some records, of which nothing is kept either."""
        left = set(records)
        for each in left:
            self.fresh.pop(each, None)
        ids = {"request": "deal", "call": "activity"}
        return [each for each in rows if (each["kind"], each[ids[each["kind"]]]) not in left]

    def _of_deal(
        self, number: int, now: Present, moves: list[Move], comments: list[Comment]
    ) -> Iterator[dict[str, Any]]:
        facts = {
            "row": now.row, "kind": "request", "deal": number, "activity": 0, "link": self._link("deal", number)
        }  # fmt: skip
        before = self.known.get(("request", number), {})
        read = self._last(number, "moves")
        stage, steps = before.get("stage"), [each for each in moves if each.id > read]
        if stage is None:  # nobody knows what it was made with: the portal's history begins with that
            stage = steps[0].stage if steps else now.cells["stage"]
        path = [(each.stage, Told(each.at, 0)) for each in steps]
        path = [*path[:-1], (path[-1][0], Told(path[-1][1].at, now.told["stage"].by))] if path else []
        if not path or path[-1][0] != now.cells["stage"]:
            path.append((now.cells["stage"], now.told["stage"]))
        for code, told in path:
            if code != stage:
                yield from self._moved(facts, stage, code, told)
                stage = code
        yield from self._cells(facts, before, now, ("responsible", "comment"))
        for each in comments:
            if not mark_of(each.text):
                yield {
                    **facts,
                    "field": "timeline_comment",
                    "before": "",
                    **_plain(each.text),
                    **self._who(each.told),
                }
        fresh = {**now.cells, "moves": str(max([read, *(each.id for each in moves)]))}
        last = self._last(number, "comments")
        self.fresh["request", number] = {
            **fresh,
            "comments": str(max([last, *(each.id for each in comments)])),
        }

    def _moved(self, facts: Mapping[str, Any], was: str, code: str, told: Told) -> Iterator[dict[str, Any]]:
        names = self.names
        who = self._who(told)
        sides = {"before": names.stage(was), "after": names.stage(code), "before_id": was, "after_id": code}
        yield {**facts, "field": "stage", **sides, **who}
        results = names.result(was), names.result(code)
        if results[0] != results[1]:
            sides = {"before": results[0], "after": results[1], "before_id": "", "after_id": ""}
            yield {**facts, "field": "result", **sides, **who}

    def _of_call(self, number: int, now: Present) -> Iterator[dict[str, Any]]:
        facts = {"row": now.row, "kind": "call", "deal": 0, "activity": number, "link": ""}
        before = self.known.get(("call", number), {})
        yield from self._cells(facts, before, now, ("responsible", "result", "comment"))
        self.fresh.setdefault(("call", number), {}).update(now.cells)

    def _cells(
        self, facts: Mapping[str, Any], before: Mapping[str, str], now: Present, fields: Iterable[str]
    ) -> Iterator[dict[str, Any]]:
        """Cells that read otherwise than the other system knows; what it knows nothing of is only kept."""
        for name in fields:
            was, value = before.get(name), now.cells[name]
            if was is None or was == value:
                continue
            sides: dict[str, str] = {"before": was, **_plain(value)}
            if name == "responsible":
                sides = {
                    "before": self.names.user(was), "after": self.names.user(value),
                    "before_id": was, "after_id": value,
                }  # fmt: skip
            yield {**facts, "field": name, **sides, **self._who(now.told[name])}

    def _who(self, told: Told) -> dict[str, Any]:
        by = self.names.user(str(told.by)) if told.by else ""
        return {"at": datetime.fromisoformat(told.at), "by": by, "by_id": told.by}

    def _homes(self, calls: list[int]) -> dict[int, dict[str, Any]]:
        """The deal of each call, and the card it is shown on."""
        found: dict[int, dict[str, Any]] = {}
        for at in range(0, len(calls), 50):
            part = calls[at : at + 50]
            outcomes = self.portal.send(
                [Command("crm.activity.binding.list", {"activityId": each}) for each in part]
            )
            for number, outcome in zip(part, outcomes, strict=True):
                if outcome.state != "done":
                    raise self.portal.error_of("crm.activity.binding.list", outcome)
                ends = {int(each["entityTypeId"]): int(each["entityId"]) for each in outcome.result or []}
                link = next(
                    (self._link(name, ends[kind]) for kind, name in _WHERE.items() if kind in ends), ""
                )
                found[number] = {"deal": ends.get(2, 0), "link": link}
        return found

    def _telephone(self) -> dict[int, str]:
        """Activity to row of the calls that are records of the telephone: those known, and new ones."""
        calls = {number: cells for (kind, number), cells in self.seen.items() if kind == "call"}
        rows = {number: cells["row"] for number, cells in calls.items() if "row" in cells}
        prefix = f"cc:{self.system}:call:"
        lines: list[Mapping[str, Any]] = []
        if self.statistics:
            where = {"%EXTERNAL_CALL_ID": prefix, ">ID": self.last_line}
            lines = [
                each
                for page in self.portal.list("voximplant.statistic.get", {"FILTER": where})
                for each in page
            ]
        fresh = telephone_calls(lines, prefix)
        for number, row in fresh.items():
            self.fresh["call", number] = {"row": row}
        self.marks["line"] = str(max([self.last_line, *(int(each["ID"]) for each in lines)]))
        return {**rows, **fresh}

    def _last(self, deal: int, name: str) -> int:
        return int(self.seen.get(("request", deal), {}).get(name, 0))

    def _link(self, name: str, number: int) -> str:
        return entity(name).card_url(self.portal.host, number)

    @property
    def names(self) -> _Names:
        """Read when the first change needs them."""
        if self._names is None:
            self._names = _Names.read(self.portal)
        return self._names


def _plain(value: str) -> dict[str, str]:
    return {"after": value, "before_id": "", "after_id": ""}
