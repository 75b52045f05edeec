"""An operation: a pure rule from tables to changes.

`plan` sees tables and parameters and returns changes with a reason each. No portal, no clock, no
randomness, no files. What it reads is declared, so that the snapshot is derived from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from toolkit.errors import ParameterError
from toolkit.runs.changes import Changes

__all__ = ["Operation", "OperationParams", "Read", "Tables", "Watch", "facts_of"]

Tables = Mapping[str, pd.DataFrame]
"""Entity name to its records: one row per record, columns named as on the wire. `attrs["read_at"]` of a table
says when a portal was read for it (ISO 8601, UTC): the only clock an operation knows."""


class OperationParams(BaseModel):
    """Parameters of an operation: typed, frozen, and deaf to unknown names."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=False)


@dataclass(frozen=True)
class Read:
    """What an operation needs of one entity.

    Args:
        fields: field names as on the wire; None for all of them.
        filter: as the list method understands it; empty for all records.
        ids: only these records; None for all.
        linked_from: only records these columns point to, as (entity, column) of entities read earlier.
    """

    fields: Sequence[str] | None = None
    filter: Mapping[str, Any] = field(default_factory=dict)
    ids: Sequence[int] | None = None
    linked_from: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Watch:
    """How changes of one entity are noticed.

    Args:
        fields: what to read of what changed.
        stamp: the field that says when a record was made or saved; "" where none does, and only new records
            are noticed, by their ids.
        filter: which records matter at all.
    """

    fields: Sequence[str]
    stamp: str = "updatedTime"
    filter: Mapping[str, Any] = field(default_factory=dict)


class Operation:
    """One entry of the catalogue: subclass it in one file of `toolkit/operations`.

    Class attributes:
        name: how it is called on the command line; the file's name.
        title: what it does, in a line, by language.
        Params: its parameters.
        undo: what can be taken back, in a line, by language.
        filled_in: parameters that are not asked for but filled in from what people said before: runs that
            differ in them alone are the same order.
    """

    name: ClassVar[str]
    title: ClassVar[Mapping[str, str]]
    undo: ClassVar[Mapping[str, str]]
    Params: ClassVar[type[OperationParams]] = OperationParams
    filled_in: ClassVar[frozenset[str]] = frozenset()

    def reads(self, params: Any) -> Mapping[str, Read]:
        """What it needs to see, by entity. The entities it writes are best read whole: the snapshot is
        also what a rehearsal loads and what robots are noticed against."""
        raise NotImplementedError  # abstract: every operation says what it reads

    def plan(self, tables: Tables, params: Any) -> Changes:
        """The changes asked for.

        Args:
            tables: one DataFrame for each entity of `reads`.
            params: an instance of `Params`.

        """
        raise NotImplementedError  # abstract: every operation plans

    def check(self, tables: Tables, params: Any) -> None:
        """Stop a run whose parameters name what the portal does not have, before anything is planned.

        Raises:
            ParameterError: what is wrong, and what there is instead.
        """

    def parameters(self, given: Mapping[str, Any]) -> Any:
        """Parameters checked and typed.

        Raises:
            ParameterError: an unknown name or a value of the wrong type; nothing has been started.
        """
        try:
            return self.Params.model_validate(dict(given))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"]) or "parameters"
        known = ", ".join(sorted(self.Params.model_fields)) or "none"
        if first["type"] == "extra_forbidden":
            raise ParameterError(
                self.name, name, first["input"], "is not known", f"Known parameters: {known}."
            )
        if first["type"] == "missing":
            remedy = f"Add it: -p {name}=VALUE. What it means: b24kit operations {self.name}"
            raise ParameterError(self.name, name, None, "is not given", remedy)
        problem = str(first["msg"]).removeprefix("Value error, ")
        raise ParameterError(
            self.name,
            name,
            first.get("input"),
            f"cannot be used: {problem}",
            "See b24kit operations " + self.name,
        )

    def watches(self, params: Any) -> Mapping[str, Watch | Sequence[str]]:
        """For keeping things in step: the entities whose changes matter, and the fields to read of what
        changed; fields alone where `updatedTime` tells. Empty when the operation cannot be watched."""
        return {}

    def narrowed(self, params: Any, changed: Tables) -> Mapping[str, Read] | None:
        """What has to be read to plan just for what changed; None to read everything.

        Args:
            params: an instance of `Params`.
            changed: the records of `watches` saved since the last pass.
        """
        return None


def facts_of(reads: Mapping[str, Read]) -> dict[str, Any]:
    """What an operation reads, in JSON types, for `run.json`."""
    return {
        entity: {
            "fields": None if read.fields is None else list(read.fields),
            "filter": dict(read.filter),
            "ids": None if read.ids is None else [int(each) for each in read.ids],
            "linked_from": [list(pair) for pair in read.linked_from],
        }
        for entity, read in reads.items()
    }
