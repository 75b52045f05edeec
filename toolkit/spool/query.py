"""Answers of a database: what a query gives, told without its address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr
from sqlalchemy import MappingResult, create_engine, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from toolkit.spool.addresses import address_of, without_secret
from toolkit.spool.refusals import SourceRefused, SourceUnreachable

__all__ = ["answered", "is_query", "rows_of_query"]


@contextmanager
def answered(
    name: str, address: SecretStr, query: str, values: Mapping[str, Any] | None = None
) -> Iterator[MappingResult]:
    """The rows of a query, column to value, while the connection is open.

    Args:
        name: of the source, for what is said about it.
        address: as SQLAlchemy writes it, with its password.
        query: SQL.
        values: of its `:names`.

    Raises:
        SourceRefused: the address or the query cannot be used.
        SourceUnreachable: the database does not answer.
    """
    try:
        engine = create_engine(address.get_secret_value())
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise SourceRefused(
            name, f"has no address SQLAlchemy can use ({type(error).__name__})", "Mend the address."
        ) from None
    try:
        with engine.connect() as connection:
            yield connection.execute(text(query), dict(values or {})).mappings()
    except DBAPIError as error:
        # The driver's words without the statement: SQLAlchemy would append it with its values.
        raise SourceUnreachable(name, without_secret(str(error.orig), address)) from None
    except SQLAlchemyError as error:
        raise SourceRefused(
            name, f"has a query that cannot be used: {type(error).__name__}", "Mend the query."
        ) from None
    finally:
        engine.dispose()


def is_query(path: Path) -> bool:
    """Whether a file describes a query, and does not hold rows itself."""
    if path.suffix.lower() not in (".yaml", ".yml"):
        return False
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return False
    return isinstance(said, Mapping) and "query" in said


def rows_of_query(path: Path) -> list[dict[str, Any]]:
    """All rows of the query a YAML file describes: query, and address_from or address_file.

    The address itself, with its password, stands in the environment variable `address_from` names, or alone in
    `address_file`; it is never shown.

    Returns:
        Column to value; moments and days as the database gives them, exact numbers as text, nothings left out.

    Raises:
        SourceRefused: the file, the address or the query cannot be used.
        SourceUnreachable: the database does not answer.
    """
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
        query = str(said["query"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError) as error:
        problem = f"lacks {error}" if isinstance(error, KeyError) else f"cannot be read: {error}"
        raise SourceRefused(str(path), problem, "It needs address_from and query.") from error
    with answered(path.name, address_of(said, path), query) as rows:
        return [
            {str(name): _plain(value) for name, value in row.items() if value is not None} for row in rows
        ]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return value
