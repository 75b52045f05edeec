"""Who owns which key, and what it is worth, in one SQLite file that answers in microseconds."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from toolkit.errors import SnapshotError, StorageError
from toolkit.matching.clusters import Clusters
from toolkit.matching.evidence import telling_keys
from toolkit.matching.names import OrganisationName, PersonName, read_organisation
from toolkit.matching.names.given import Sex
from toolkit.matching.reasons import Reason

__all__ = ["ClientIndex", "KeyWorth", "build_index"]

_SEXES: tuple[Sex, ...] = ("", "m", "f")
_OWNERS_READ = 300
_TABLES = """
CREATE TABLE cards (
    node INTEGER PRIMARY KEY, entity TEXT, id INTEGER, surname TEXT, given TEXT, patronymic TEXT, sex TEXT,
    title TEXT, client INTEGER, telling INTEGER
);
CREATE TABLE owned (
    entity TEXT, key_type TEXT, key_value TEXT, extension TEXT, kpp TEXT, node INTEGER,
    PRIMARY KEY (entity, key_type, key_value, extension, node)
) WITHOUT ROWID;
CREATE TABLE shared (
    entity TEXT, key_type TEXT, key_value TEXT, extension TEXT, owners INTEGER, people INTEGER, sole INTEGER,
    worth INTEGER, PRIMARY KEY (entity, key_type, key_value, extension)
) WITHOUT ROWID;
CREATE INDEX inns ON owned (node) WHERE key_type = 'inn';
"""


@dataclass(frozen=True)
class KeyWorth:
    """What a key is worth.

    Args:
        owners: how many cards own it.
        people: how many different people they are.
        sole: whether they are exactly one person, known by full name.
        worth: a `Reason` of a key, 0 for none.
    """

    owners: int
    people: int
    sole: bool
    worth: int


class ClientIndex:
    """Who owns which key, and what it is worth; read-only.

    Args:
        base: the open database.
    """

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base

    @classmethod
    def open(cls, path: Path) -> ClientIndex:
        """The index of a file.

        Raises:
            SnapshotError: there is none, or the file is not one.
        """
        remedy = "Build it again from a snapshot."
        if not path.is_file():
            raise SnapshotError(path, "holds no index of clients", remedy)
        base = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            base.execute("SELECT 1 FROM shared LIMIT 1")
        except sqlite3.DatabaseError as error:
            base.close()
            raise SnapshotError(path, f"is not an index of clients ({error})", remedy) from error
        return cls(base)

    def close(self) -> None:
        """Nothing is held open afterwards."""
        self._base.close()

    def __enter__(self) -> ClientIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def owners(self, entity: str, key: tuple[str, str, str]) -> tuple[list[int], KeyWorth]:
        """The cards that own a key (at most 300 of them), and what it is worth."""
        row = self._base.execute(
            "SELECT owners, people, sole, worth FROM shared WHERE (entity, key_type, key_value, extension) = "
            "(?, ?, ?, ?)",
            (entity, *key),
        ).fetchone()
        nodes = [
            node
            for (node,) in self._base.execute(
                "SELECT node FROM owned WHERE (entity, key_type, key_value, extension) = (?, ?, ?, ?) "
                "ORDER BY node LIMIT ?",
                (entity, *key, _OWNERS_READ),
            )
        ]
        if row is not None:
            return nodes, KeyWorth(row[0], row[1], bool(row[2]), row[3])
        # Only one card owns it: it is that client's own, and sole when the card names the client.
        name = self.card(nodes[0])[2] if nodes else PersonName()
        named = not name.blank
        full = name.full if isinstance(name, PersonName) else named
        return nodes, KeyWorth(len(nodes), int(named), full, int(Reason.PERSONAL_KEY))

    def card(self, node: int) -> tuple[int, int, PersonName | OrganisationName]:
        """Id, client and name of a card."""
        number, client, surname, given, patronymic, sex, title = self._base.execute(
            "SELECT id, client, surname, given, patronymic, sex, title FROM cards WHERE node = ?", (node,)
        ).fetchone()
        if title is not None:
            return number, client, read_organisation(title)
        return number, client, PersonName(surname, given, patronymic, sex)

    def telling_keys(self, node: int) -> int:
        """How many keys a card has that are not everybody's."""
        (count,) = self._base.execute("SELECT telling FROM cards WHERE node = ?", (node,)).fetchone()
        return int(count)

    def registrations(self, node: int) -> dict[str, frozenset[str]]:
        """INNs of a card with their KPPs, without those that stand on too many titles to identify."""
        rows = self._base.execute(
            "SELECT key_value, kpp FROM owned "
            "LEFT JOIN shared USING (entity, key_type, key_value, extension) "
            "WHERE node = ? AND key_type = 'inn' AND coalesce(worth, 1) <> 0",
            (node,),
        )
        return {inn: frozenset(kpp.split()) for inn, kpp in rows}


def build_index(clusters: Clusters, path: Path | None = None) -> ClientIndex:
    """The index of a matching; seconds for a million cards.

    Args:
        clusters: the matching.
        path: where it is kept, readable by its owner only; None for memory.

    Raises:
        StorageError: the file could not be written; an older one is left as it was.
    """
    if path is None:
        base = sqlite3.connect(":memory:")
        _fill(base, clusters)
        return ClientIndex(base)
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        base = sqlite3.connect(part)
        try:
            base.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = FULL;")
            _fill(base, clusters)
        finally:
            base.close()
        part.replace(path)
    except (OSError, sqlite3.OperationalError) as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        remedy = "Free space or choose another folder, then build it again."
        raise StorageError(path, str(error), remedy) from error
    return ClientIndex.open(path)


def _fill(base: sqlite3.Connection, clusters: Clusters) -> None:
    evidence, cards = clusters.evidence, clusters.cards
    base.executescript(_TABLES)
    entities = np.asarray(cards.entities, dtype=object)[cards.entity]
    people, firms = cards.people, cards.organisations
    telling = telling_keys(evidence.held, evidence.owners, evidence.keys, evidence.rules, len(cards))
    titles = np.asarray(firms.titles, dtype=object)[firms.code]
    base.executemany(
        "INSERT INTO cards VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        zip(
            range(len(cards)),
            entities.tolist(),
            cards.id.tolist(),
            people.words[people.surname].tolist(),
            people.words[people.given].tolist(),
            people.words[people.patronymic].tolist(),
            np.asarray(_SEXES, dtype=object)[people.sex].tolist(),
            [title if firm else None for title, firm in zip(titles, cards.is_company, strict=True)],
            cards.id[clusters.group].tolist(),
            telling.tolist(),
            strict=True,
        ),
    )
    rows = evidence.held
    inn = rows["key_type"] == "inn"
    kpp = rows["extension"].where(inn, "")
    base.executemany(
        "INSERT INTO owned VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET kpp = trim(kpp || ' ' || excluded.kpp)",
        zip(
            entities[rows["node"]].tolist(),
            rows["key_type"].tolist(),
            rows["key_value"].tolist(),
            rows["extension"].mask(inn, "").tolist(),
            kpp.tolist(),
            rows["node"].tolist(),
            strict=True,
        ),
    )
    shared = evidence.keys
    base.executemany(
        "INSERT INTO shared VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        zip(
            (cards.entities[e] for e in shared["entity"]),
            shared["key_type"].tolist(),
            shared["key_value"].tolist(),
            shared["extension"].tolist(),
            shared["owners"].tolist(),
            shared["people"].tolist(),
            shared["sole"].astype(int).tolist(),
            shared["worth"].tolist(),
            strict=True,
        ),
    )
    base.commit()
