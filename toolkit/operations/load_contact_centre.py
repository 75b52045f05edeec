"""A contact centre's requests and calls, carried into the portal exactly once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Self

import pandas as pd
from pydantic import Field, model_validator

from toolkit.errors import ParameterError
from toolkit.matching import Home
from toolkit.runs import Changes, Operation, OperationParams, Read, Tables
from toolkit.runs.contact_centre import (
    CallRow,
    Loaded,
    RequestRow,
    Staff,
    Terms,
    TopicRow,
    load_rows,
    phones_of_companies,
)

__all__ = ["LoadContactCentre", "LoadContactCentreParams"]


class LoadContactCentreParams(OperationParams):
    """The rows, and where they go.

    Args:
        system: a short name of the contact centre's system; part of every marker.
        requests, calls: the rows; on the command line `-p requests=@requests.xlsx`.
        topics: which pipeline, stage and responsible the requests of a topic get; `*` for all others.
        previous: the requests as they were last loaded: what differs from them was corrected there, what the
            portal has otherwise was edited here. Without, a card made out of a row is corrected as long as nobody
            has saved it since.
        newest: fields of cards which people made where a row newer than the last save wins; others are only filled.
        whole: the file holds all there is: deals made out of rows that are not in it are listed as withdrawn.
        fallback: user id of who answers when nobody else does.
        country, area_code: where phones without a country or area code belong.
        phone_alone: a row with a phone and no name is about the only person who has that number.
        requisite_preset: id of the template of new requisites.
        silent: new records by import, so that no robot is set off; otherwise as by hand.
    """

    system: str = Field(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9_-]+$")
    requests: list[RequestRow] = Field(default_factory=list)
    calls: list[CallRow] = Field(default_factory=list)
    topics: list[TopicRow] = Field(default_factory=list)
    previous: list[RequestRow] = Field(default_factory=list)
    newest: list[str] = Field(default_factory=list)
    whole: bool = False
    fallback: int | None = None
    country: str = "RU"
    area_code: str = ""
    phone_alone: bool = True
    requisite_preset: int = Field(default=1, ge=1)
    silent: bool = True

    @model_validator(mode="after")
    def _one_place_each(self) -> Self:
        names = [each.topic.casefold() for each in self.topics]
        twice = sorted({each for each in names if names.count(each) > 1})
        if twice:
            raise ValueError(f"topics stand twice: {', '.join(twice)}")
        return self


class LoadContactCentre(Operation):
    """A contact centre's requests and calls, carried into the portal exactly once."""

    name = "load_contact_centre"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Load a contact centre's requests and calls",
        "ru": "Загрузить заявки и звонки контакт-центра",
    }
    undo: ClassVar[Mapping[str, str]] = {
        "en": "everything nobody has edited since",
        "ru": "всё, что с тех пор никто не правил",
    }
    Params = LoadContactCentreParams
    filled_in: ClassVar[frozenset[str]] = frozenset({"previous"})

    def reads(self, params: LoadContactCentreParams) -> Mapping[str, Read]:
        """The clients and deals, the users, pipelines and stages, and the calls loaded before."""
        reads = {
            "contact": Read(),
            "company": Read(),
            "requisite": Read(),
            "deal": Read(),
            "user": Read(["ID", "ACTIVE", "NAME", "LAST_NAME", "EMAIL"]),
            "category:2": Read(),
            "status": Read(),
        }
        if params.calls:
            reads["activity"] = Read(filter={"TYPE_ID": 2, "ORIGINATOR_ID": "b24kit"})
        return reads

    def check(self, tables: Tables, params: LoadContactCentreParams) -> None:
        """The table of topics names stages and people the portal has."""
        staff, stages = Staff(tables["user"]), set(tables["status"].get("STATUS_ID", []))
        problems = []
        for number, each in enumerate(params.topics, start=1):
            prefix = f"C{each.pipeline}:" if each.pipeline else ""
            if each.stage and (each.stage not in stages or not each.stage.startswith(prefix)):
                problems.append(
                    f"row {number}, stage: {each.stage!r} is no stage of pipeline {each.pipeline}"
                )
            if each.responsible and staff.find(each.responsible) is None:
                problems.append(f"row {number}, responsible: nobody who works there is {each.responsible!r}")
        if params.fallback is not None and params.fallback not in staff.active:
            problems.append(f"fallback: {params.fallback} is not an active user")
        if problems:
            raise ParameterError(
                self.name,
                "topics",
                f"{len(params.topics)} rows",
                "cannot be used:\n  " + "\n  ".join(problems),
                "Correct the table; nothing has been written.",
            )

    def plan(self, tables: Tables, params: LoadContactCentreParams) -> Changes:
        """Firms, then people, then deals, then calls."""
        loaded = _loaded(tables, params)
        return replace(loaded.changes, tally=loaded.account.tally())

    def accounting(self, tables: Tables, params: LoadContactCentreParams) -> pd.DataFrame:
        """What becomes of every row.

        Returns:
            One row per input row: kind (`request`, `call`), position int (from 0), id str, state (`created`,
            `edited`, `unchanged`, `review`, `quarantined`), reason str ("" where it needs none), details str.
        """
        return _loaded(tables, params).account.table()


def _loaded(tables: Tables, params: LoadContactCentreParams) -> Loaded:
    home = Home(params.country, params.area_code)
    terms = Terms(
        system=params.system,
        home=home,
        staff=Staff(tables["user"]),
        switchboards=phones_of_companies(tables, home),
        topics={each.topic.casefold(): each for each in params.topics},
        pipelines=frozenset({0, *tables["category:2"].get("id", pd.Series(dtype="int64")).astype(int)}),
        before={each.id: each for each in params.previous},
        newest=frozenset(params.newest),
        fallback=params.fallback,
        phone_alone=params.phone_alone,
        requisite_preset=params.requisite_preset,
        silent=params.silent,
    )
    return load_rows(params.requests, params.calls, tables, terms, whole=params.whole)
