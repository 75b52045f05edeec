"""Hand over everything from some employees to others, as a table of pairs says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from toolkit.errors import ParameterError
from toolkit.records import entity
from toolkit.runs import Changes, Operation, OperationParams, Read, Tables, listed, notices, updates

__all__ = ["Pair", "ReassignByTable", "ReassignByTableParams"]

NEVER = "asked never to touch it"


class Pair(BaseModel):
    """One row of the table: who gives, who receives.

    Args:
        from_: user id, e-mail, or full name; the column is called `from`.
        to: likewise; somebody who works there.
        id: only this record is handed over, if it is still theirs; None for all the giver has.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, coerce_numbers_to_str=True)

    from_: str = Field(alias="from")
    to: str
    id: int | None = Field(default=None, gt=0)


class ReassignByTableParams(OperationParams):
    """The pairs, and what they hand over.

    Args:
        table: rows with `from` and `to`, and `id` where single records are meant (of one entity, then); on
            the command line `-p table=@owners.xlsx`.
        entities: lead, deal, contact, company, `item:177`, ...
        state: of leads and deals: only open ones, or all; other entities have no such state.
        never: record ids never to touch, by entity.
        notify: tell each employee concerned, once, after the proof.
        language: of the notifications.
    """

    table: list[Pair] = Field(min_length=1)
    entities: list[str] = Field(default=["contact"], min_length=1)
    state: Literal["all", "open"] = "all"
    never: dict[str, list[int]] = Field(default_factory=dict)
    notify: bool = False
    language: Literal["ru", "en"] = "ru"


class ReassignByTable(Operation):
    """Hand over everything from some employees to others, as a table of pairs says."""

    name = "reassign_by_table"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Hand records over from some employees to others, by a table",
        "ru": "Передать записи от одних сотрудников другим по таблице",
    }
    undo: ClassVar[Mapping[str, str]] = {
        "en": "everything but the notifications",
        "ru": "всё, кроме отправленных уведомлений",
    }
    Params = ReassignByTableParams

    def reads(self, params: ReassignByTableParams) -> Mapping[str, Read]:
        """The users, and each entity whole."""
        reads: dict[str, Read] = {"user": Read(["ID", "ACTIVE", "NAME", "LAST_NAME", "SECOND_NAME", "EMAIL"])}
        for name in params.entities:
            reads[entity(name).name] = Read()
        return reads

    def check(self, tables: Tables, params: ReassignByTableParams) -> None:
        """Every row of the table names people the portal has, and receivers who work there."""
        problems = self._resolved(tables["user"], params)[1]
        if problems:
            raise ParameterError(
                self.name,
                "table",
                f"{len(params.table)} rows",
                "cannot be used:\n  " + "\n  ".join(problems),
                "Correct the table; nothing has been written",
            )

    def plan(self, tables: Tables, params: ReassignByTableParams) -> Changes:
        """Each record of a giver to its receiver."""
        orders = self._resolved(tables["user"], params)[0]
        parts = [self._hand_over(name, tables[entity(name).name], orders, params) for name in params.entities]
        changes = Changes.joined(*parts)
        if params.notify:
            changes = Changes.joined(changes, _notices(changes, tables["user"], params.language))
        return changes

    def _hand_over(
        self, name: str, records: pd.DataFrame, orders: _Orders, params: ReassignByTableParams
    ) -> Changes:
        kind = entity(name)
        field = kind.responsible_field
        receiver = orders.receivers(records[kind.id_field], records[field])
        chosen = records[receiver.notna()]
        if params.state == "open" and name == "deal":
            chosen = chosen[~chosen["closed"].fillna(False).astype(bool)]
        if params.state == "open" and name == "lead":
            chosen = chosen[~chosen["stageSemanticId"].isin(["S", "F"])]
        never = chosen[kind.id_field].isin(params.never.get(name, []))
        untouched, chosen = chosen[never], chosen[~never]
        was = chosen[field].astype("int64").tolist()
        now = receiver[chosen.index].astype("int64").tolist()
        return Changes.joined(
            updates(
                kind.name,
                chosen[kind.id_field],
                before={field: was},
                after={field: now},
                reason="handed over by the table",
                group=[f"to:{new} from:{old}" for new, old in zip(now, was, strict=True)],
            ),
            listed(kind.name, untouched[kind.id_field], NEVER),
        )

    def _resolved(self, users: pd.DataFrame, params: ReassignByTableParams) -> tuple[_Orders, list[str]]:
        """Who hands over to whom, and what is wrong with the table, row by row (rows counted from 1)."""
        people = _People(users)
        to: dict[int, int] = {}
        single: dict[int, tuple[int, int]] = {}
        problems: list[str] = []
        if any(pair.id for pair in params.table) and len(params.entities) > 1:
            problems.append("rows name records by id, but several entities are asked for: name one")
        for number, pair in enumerate(params.table, start=1):
            giver, why = people.find(pair.from_)
            if giver is None:
                problems.append(f"row {number}, from: {why}")
            receiver, why = people.find(pair.to)
            if receiver is None:
                problems.append(f"row {number}, to: {why}")
            elif receiver not in people.active:
                problems.append(f"row {number}, to: {pair.to!r} (id {receiver}) is dismissed")
            if giver is None or receiver is None:
                continue
            if giver == receiver:
                problems.append(f"row {number}: {pair.from_!r} would hand over to themselves")
            elif pair.id is not None:
                if single.setdefault(pair.id, (giver, receiver)) != (giver, receiver):
                    problems.append(f"row {number}: record {pair.id} is handed over twice")
            elif to.setdefault(giver, receiver) != receiver:
                problems.append(f"row {number}: {pair.from_!r} hands over to two people")
        # Handing over along a chain would move a record again at every run.
        for giver, receiver in [*to.items(), *dict.fromkeys(single.values())]:
            if receiver in to:
                problems.append(f"user {receiver} receives from {giver} and gives in the same table")
        return _Orders(to, single), problems


@dataclass(frozen=True)
class _Orders:
    """Who hands over to whom.

    Args:
        to: giver to receiver, for all the giver has.
        single: record id to giver and receiver; wins.
    """

    to: Mapping[int, int]
    single: Mapping[int, tuple[int, int]]

    def receivers(self, ids: pd.Series[Any], owners: pd.Series[Any]) -> pd.Series[Any]:
        """Who gets each record; missing where it stays."""
        found = owners.map(self.to).astype("Int64")
        named = ids.map(self.single)
        for at, (giver, receiver) in named.dropna().items():
            if owners.at[at] == giver:
                found.at[at] = receiver
        return found


class _People:
    """The portal's users, found by id, e-mail or full name.

    Args:
        users: columns ID, ACTIVE, NAME, LAST_NAME, SECOND_NAME, EMAIL.
    """

    def __init__(self, users: pd.DataFrame) -> None:
        ids = users["ID"].astype("int64")
        self.ids = set(ids)
        self.active = set(ids[users["ACTIVE"].fillna(False).astype(bool)])
        self._by_word: dict[str, set[int]] = {}
        texts = users[["NAME", "LAST_NAME", "SECOND_NAME", "EMAIL"]].astype(object)
        for row in texts.where(texts.notna(), "").assign(ID=ids).to_dict("records"):
            name, last, second = str(row["NAME"]), str(row["LAST_NAME"]), str(row["SECOND_NAME"])
            words = [str(row["EMAIL"]), f"{name} {last}", f"{last} {name}", f"{last} {name} {second}"]
            for each in words:
                if _plain(each):
                    self._by_word.setdefault(_plain(each), set()).add(int(row["ID"]))

    def find(self, text: str) -> tuple[int | None, str]:
        """The id of one person, or None and why not."""
        word = text.strip()
        if re.fullmatch(r"\d+(\.0)?", word):
            number = int(float(word))
            return (number, "") if number in self.ids else (None, f"user {number} is not on the portal")
        found = self._by_word.get(_plain(word), set())
        if len(found) == 1:
            return next(iter(found)), ""
        if found:
            return None, f"{text!r} could be users {', '.join(map(str, sorted(found)))}; write the id"
        return None, f"{text!r} is not on the portal; write an id, an e-mail or a full name"


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("ё", "е").split())


_TEXT = {
    "ru": "Записи переданы по таблице. Вам передано: {received}; от вас передано: {given}.",
    "en": "Records were handed over by a table. Handed to you: {received}; taken from you: {given}.",
}


def _notices(changes: Changes, users: pd.DataFrame, language: str) -> Changes:
    flow = changes.table["group"].str.extract(r"to:(\d+) from:(\d+)").dropna().astype("int64")
    active = set(users.loc[users["ACTIVE"].fillna(False).astype(bool), "ID"].astype("int64"))
    concerned: Sequence[int] = sorted({int(each) for each in flow.to_numpy().ravel()} & active)
    return notices(
        concerned,
        [_TEXT[language]] * len(concerned),
        counts=[{"received": f"to:{user}", "given": f"from:{user}"} for user in concerned],
        reason="summary for the employee",
    )
