"""A table of another system, read from where the last look ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr

from toolkit.spool.addresses import address_of
from toolkit.spool.messages import message_of
from toolkit.spool.query import answered
from toolkit.spool.refusals import SourceRefused
from toolkit.spool.source import TookIn
from toolkit.spool.spool import Put, Spool

__all__ = ["SqlSource"]

_AT_ONCE = 1000


@dataclass(frozen=True)
class SqlSource:
    """Rows of a query that changed since the last look, each a message.

    The query compares with `>=`, for several rows may bear the last moment: what was seen already is known by
    its content and left out.

    Args:
        name: of the source; its watermark is kept under it.
        address: as SQLAlchemy writes it, with its password.
        query: has `:mark` where the watermark goes and is ordered by the column of the watermark, as in
            `SELECT * FROM requests WHERE changed >= :mark ORDER BY changed`.
        mark: the column that tells how far the table was read.
        first: the watermark of the first look.
        key: column by whose value rows are kept in order; "" for none.
        version: column that says which of two rows of a key is newer; "" for the watermark's.
    """

    name: str
    address: SecretStr
    query: str
    mark: str
    first: Any = field(default="")
    key: str = ""
    version: str = ""

    @classmethod
    def read(cls, path: Path, *, key: str = "", version: str = "") -> SqlSource:
        """The source a YAML file describes: name, address_from or address_file, query, mark, first.

        The address itself, with its password, stands in the environment variable `address_from` names, or
        alone in `address_file`.

        Raises:
            SourceRefused: the file cannot be read or used, or the address is not where it should be.
        """
        try:
            said = yaml.safe_load(path.read_text(encoding="utf-8"))
            given = {each: said[each] for each in ("name", "query", "mark")}
            first = said.get("first", "")
        except (OSError, yaml.YAMLError, ValueError, TypeError, AttributeError, KeyError) as error:
            problem = f"lacks {error}" if isinstance(error, KeyError) else f"cannot be read: {error}"
            raise SourceRefused(str(path), problem, "It needs name, address_from, query, mark.") from error
        return cls(**given, address=address_of(said, path), first=first, key=key, version=version)

    def take_in(self, spool: Spool) -> TookIn:
        """Take in what changed. Rows and watermark reach the disk in one commit.

        Raises:
            SourceRefused: the address or the query cannot be used, or a row lacks the watermark.
            SourceUnreachable: the database does not answer.
            StorageError: the spool cannot be written; the next look begins where this one did.
        """
        put = Put()
        with answered(self.name, self.address, self.query, {"mark": self._since(spool)}) as rows:
            while some := rows.fetchmany(_AT_ONCE):
                put += self._put(spool, some)
        return TookIn(put)

    def _put(self, spool: Spool, rows: Any) -> Put:
        marks = [row.get(self.mark) for row in rows]
        if any(each is None for each in marks):
            raise SourceRefused(
                f"{self.name}, {self.mark}",
                "does not say how far it was read",
                "Name a column of the query as mark.",
            )
        version = self.version or self.mark
        messages = [
            message_of(_plain(row), key=self.key, version=version, source=f"sql:{self.name}") for row in rows
        ]
        return spool.put(messages, mark=(f"sql:{self.name}", _kept(marks[-1])))

    def _since(self, spool: Spool) -> Any:
        kept = spool.mark(f"sql:{self.name}")
        if kept is None:
            return self.first
        kind, value = kept
        if kind == "datetime":
            return datetime.fromisoformat(value)
        return date.fromisoformat(value) if kind == "date" else value


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items() if value is not None}


def _kept(value: Any) -> list[Any]:
    if isinstance(value, datetime):
        return ["datetime", value.isoformat()]
    if isinstance(value, date):
        return ["date", value.isoformat()]
    return ["plain", value if isinstance(value, int | float) else str(value)]
