"""A directory for other platforms: the rules, and the evaluator that decides by them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path

from toolkit.errors import StorageError
from toolkit.routing.evaluator import CONDITIONS, Book

__all__ = ["export_json", "export_sqlite"]

_RULES = (*CONDITIONS, "responsible", "deputy", "pipeline", "stage", "priority", "valid_from", "valid_to")


def export_json(book: Book, path: Path) -> list[Path]:
    """Write the rules as JSON, and `evaluator.py` beside them.

    Args:
        book: a directory.
        path: of the JSON file.

    Returns:
        What was written. `evaluator.py` needs nothing but Python 3.11; what it says first is how it decides.

    Raises:
        StorageError: the folder cannot be written to.
    """
    text = json.dumps(book.as_json(), ensure_ascii=False, indent=1)
    return [_written(path, text), _evaluator_beside(path)]


def export_sqlite(book: Book, path: Path) -> list[Path]:
    """Write the rules as a SQLite database, and `evaluator.py` beside it.

    Tables: `rule` (position, the five conditions folded or `*`, responsible, deputy, pipeline, stage, priority,
    valid_from, valid_to), `rule_hours` (position, from_minute, to_minute of the week), `stop_word`
    (position, word), `filter`, `substitution`, `name` (kind, value, name), and `book`, whose one row holds
    the JSON of `export_json`, which `evaluator.py` reads.

    Args:
        book: a directory.
        path: of the database; an older one is replaced.

    Raises:
        StorageError: the folder cannot be written to.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        with closing(sqlite3.connect(part)) as base:
            _fill(base, book)
        part.replace(path)
    except (OSError, sqlite3.Error) as error:
        raise StorageError(path, str(error), "Choose another path.") from error
    return [path, _evaluator_beside(path)]


def _fill(base: sqlite3.Connection, book: Book) -> None:
    columns = ", ".join(_RULES)
    base.executescript(
        f"""
        create table rule (position integer primary key, {columns});
        create table rule_hours (position integer, from_minute integer, to_minute integer);
        create table stop_word (position integer, word text);
        create table filter (word text, channel text, valid_from text, valid_to text);
        create table substitution (absent text, substitute text, valid_from text, valid_to text);
        create table name (kind text, value text, name text);
        create table book (json text);
        """
    )
    facts = book.as_json()
    for at, row in enumerate(facts["rules"], start=1):
        marks = ", ".join("?" * (len(_RULES) + 1))
        cells = [at, *(row[key] for key in _RULES)]
        base.execute(f"insert into rule values ({marks})", cells)  # noqa: S608 -- question marks; values are bound
        base.executemany("insert into rule_hours values (?, ?, ?)", [(at, *span) for span in row["hours"]])
        base.executemany("insert into stop_word values (?, ?)", [(at, word) for word in row["stop_words"]])
    for table, keys in (("filter", ("word", "channel")), ("substitution", ("absent", "substitute"))):
        rows = [[row[key] for key in (*keys, "valid_from", "valid_to")] for row in facts[f"{table}s"]]
        base.executemany(f"insert into {table} values (?, ?, ?, ?)", rows)  # noqa: S608  # our own names
    names = [(kind, value, name) for kind, known in facts["names"].items() for value, name in known.items()]
    base.executemany("insert into name values (?, ?, ?)", names)
    base.execute("insert into book values (?)", [json.dumps(facts, ensure_ascii=False)])
    base.commit()


def _evaluator_beside(path: Path) -> Path:
    source = resources.files(__package__).joinpath("evaluator.py").read_text(encoding="utf-8")
    return _written(path.with_name("evaluator.py"), source)


def _written(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(path, error.strerror or "no reason given", "Choose another path.") from error
    return path
