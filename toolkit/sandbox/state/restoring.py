"""A portal made again from a snapshot folder: what a run is rehearsed on.

Reads the folder itself, by its documented format, without the code that wrote it: `manifest.json` names
the Parquet file of each entity, whose `raw` column holds each record as the portal answered it.

Nothing may get lost: custom fields are made as the manifest defines them, or guessed from their values;
fields this sandbox does not know are kept under their own names; stages, pipelines and smart processes
that records mention are made when the snapshot does not hold them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

from ..portal import Sandbox
from ..wire.values import Zone, stored
from .bulk import add_rows, in_bulk, load_records
from .fields import KINDS, Kind
from .restored_fields import declare_fields, known_names, reader_of
from .restored_lists import restore_columns, restore_elements, restore_lists
from .restored_records import Reading, bindings_of, talks_of, upper_name
from .store import TABLES

__all__ = ["Restored", "SnapshotFormatError", "load_snapshot"]

FORMAT, VERSION = "b24kit-snapshot", 1
_KIND_OF = {"lead": 1, "deal": 2, "contact": 3, "company": 4, "quote": 7, "invoice": 31}
# Entities that are rows of one table here, column by column.
_TABLE_OF = {
    "department": "department",
    "activity": "activity",
    "call": "call_statistic",
    "requisite": "requisite",
    "bankdetail": "bank_detail",
    "address": "address",
    "requisitelink": "requisite_link",
    "task": "task",
}
_OF_ACTIVITY = ("ID", "OWNER_TYPE_ID", "OWNER_ID", "BINDINGS", "COMMUNICATIONS")
_BATCH = 10_000  # rows of a Parquet file decoded at once
_SAMPLE = 1_000  # records looked at for fields before the first is loaded


class SnapshotFormatError(ValueError):
    """A folder cannot be read as a snapshot.

    Args:
        folder: it.
        why: what is wrong.
    """

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(f"The snapshot {folder} {why}. Take it again, or restore the folder from a copy.")
        self.folder = folder


@dataclass
class Restored:
    """What was made of a snapshot.

    Args:
        counts: records by entity.
        left_out: entities this sandbox has no place for.
        guessed_fields: `contact.ufCrm_1`: fields whose definition was guessed from their values.
        guessed_stages: stages made because records stood in them.
    """

    counts: dict[str, int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    guessed_fields: list[str] = field(default_factory=list)
    guessed_stages: list[str] = field(default_factory=list)


def load_snapshot(portal: Sandbox, folder: Path) -> Restored:
    """Fill a portal fresh from the factory with a snapshot's records, ids and times included.

    The portal takes over the time zone of the snapshot's portal. Whoever read the snapshot as an
    administrator is one here. Robots, events and rights of others are not part of a snapshot.

    Args:
        portal: the sandbox; its users, pipelines and dictionaries are replaced by the snapshot's.
        folder: a finished snapshot.

    Raises:
        SnapshotFormatError: not a snapshot, unfinished, of another version, or a file of it is missing.
    """
    folder = Path(folder)
    manifest = _manifest(folder)
    portal.zone = Zone(manifest.get("offset_s", 10_800) / 3600)
    with in_bulk(portal.store):
        restorer = _Restorer(portal, folder, manifest)
        restorer.restore()
    return restorer.restored


def _manifest(folder: Path) -> dict[str, Any]:
    if folder.name.endswith(".part"):
        raise SnapshotFormatError(folder, "was never finished")
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
    except (OSError, ValueError) as error:
        raise SnapshotFormatError(folder, "has no readable manifest.json") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise SnapshotFormatError(folder, "is another program's")
    if manifest.get("version") != VERSION:
        raise SnapshotFormatError(folder, f"has format version {manifest.get('version')!r}, not {VERSION}")
    for entry in manifest.get("entities", {}).values():
        if not (folder / entry["file"]).is_file():
            raise SnapshotFormatError(folder, f"has lost {entry['file']}")
    return manifest


class _Restorer:
    """One snapshot on its way into one portal."""

    def __init__(self, portal: Sandbox, folder: Path, manifest: Mapping[str, Any]) -> None:
        self._portal, self._store, self._folder = portal, portal.store, folder
        self._manifest = manifest
        self._entries: dict[str, dict[str, Any]] = dict(manifest["entities"])
        self.restored = Restored()

    def restore(self) -> None:
        """Structure first, then records, then what hangs on them."""
        for name, restore in (("user", self._users), ("status", self._statuses), ("type", self._types)):
            if name in self._entries:
                restore(self._records(name))
        self._reader()
        for name in self._named("category"):
            self._categories(int(name.partition(":")[2]), self._records(name))
        if "pipeline" in self._entries:
            of_type: dict[int, list[dict[str, Any]]] = {}
            for row in self._records("pipeline"):
                of_type.setdefault(int(row["entityTypeId"]), []).append(row)
            for type_id, rows in of_type.items():
                self._categories(type_id, rows)
        self._settings()
        self._lists()
        kinds = [each for each in [*_KIND_OF, *self._named("item")] if each in self._entries]
        for name in kinds:
            self._declare(name)
        self._described({self._type_id(name) for name in kinds})
        for name in kinds:
            self._load(name)
        for name in self._named("stagehistory"):
            self._stage_history(int(name.partition(":")[2]), self._records(name))
        for name, table in _TABLE_OF.items():
            if name in self._entries and table in TABLES:
                self._plain(table, self._records(name))
        if "workflow" in self._entries:
            self._running(self._records("workflow"))
        self.restored.left_out = sorted(
            name
            for name in self._entries
            if name not in self.restored.counts and not name.startswith("field:")
        )

    def _named(self, prefix: str) -> list[str]:
        return [name for name in self._entries if name.startswith(f"{prefix}:")]

    def _records(self, name: str) -> Iterator[dict[str, Any]]:
        self.restored.counts.setdefault(name, 0)
        for record in self._raw(name):
            self.restored.counts[name] += 1
            yield record

    def _raw(self, name: str) -> Iterator[dict[str, Any]]:
        with pq.ParquetFile(self._folder / self._entries[name]["file"]) as file:
            for batch in file.iter_batches(batch_size=_BATCH, columns=["raw"]):
                for text in batch.column(0).to_pylist():
                    yield orjson.loads(text)

    # -- structure -------------------------------------------------------------------------------

    def _users(self, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            columns = self._columns("user", row)
            departments = row.get("UF_DEPARTMENT") or []
            columns["UF_DEPARTMENT"] = json.dumps([int(each) for each in departments])
            known = TABLES["user"].fields
            columns["UF"] = json.dumps(
                {name: value for name, value in row.items() if name.startswith("UF_") and name not in known},
                ensure_ascii=False,
            )
            if self._store.get("user", columns["ID"]):
                self._store.update("user", columns["ID"], columns)
            else:
                self._store.insert("user", columns)

    def _reader(self) -> None:
        """The user who read the snapshot is there, with the rights that reading showed."""
        reader = int(self._manifest.get("reader_id") or 1)
        if self._store.get("user", reader) is None:
            self._store.insert("user", {"ID": reader, "NAME": "Читатель", "LAST_NAME": "снимка"})
        if self._manifest.get("reader_is_admin"):
            self._store.update("user", reader, {"IS_ADMIN": "Y"})

    def _statuses(self, rows: Iterable[Mapping[str, Any]]) -> None:
        made = [self._columns("status", row) for row in rows]
        for entity_id in {each.get("ENTITY_ID") for each in made}:
            self._store.db.execute("DELETE FROM status WHERE ENTITY_ID = ?", [entity_id])
        # The ids of statuses left from the factory may be the snapshot's too.
        taken = {row["ID"] for row in self._store.rows("SELECT ID FROM status")}
        for each in made:
            if each.get("ID") in taken:
                self._store.db.execute(
                    "UPDATE status SET ID = (SELECT MAX(ID) + 1000000 FROM status) WHERE ID = ?", [each["ID"]]
                )
        add_rows(self._store, "status", made)
        self._portal.forget_stages()

    def _types(self, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            flags = {name: value for name, value in row.items() if name.startswith("is")}
            zone = self._portal.zone
            self._store.insert(
                "dynamic_type",
                {
                    "ID": int(row["id"]),
                    "ENTITY_TYPE_ID": int(row["entityTypeId"]),
                    "TITLE": row.get("title"),
                    "CODE": row.get("code"),
                    "CUSTOM_SECTION_ID": row.get("customSectionId"),
                    "CREATED_BY": row.get("createdBy"),
                    "UPDATED_BY": row.get("updatedBy"),
                    "CREATED_TIME": int(zone.unix(row["createdTime"])) if row.get("createdTime") else None,
                    "UPDATED_TIME": int(zone.unix(row["updatedTime"])) if row.get("updatedTime") else None,
                    "OPTIONS": json.dumps(flags),
                    "RELATIONS": json.dumps(row.get("relations") or {}),
                },
            )
        self._portal.schema.forget()

    def _settings(self) -> None:
        """Card layouts that all users share, and relations of smart processes."""
        if "card" in self._entries:
            for row in self._records("card"):
                type_id = int(row["ID"])
                layout = {
                    "ENTITY_TYPE_ID": type_id,
                    "VARIANT": self._portal.default_category(type_id),
                    "USER_ID": 0,
                    "SECTIONS": json.dumps(row["value"], ensure_ascii=False),
                }
                self._store.insert("card_layout", layout)
        if "relation" in self._entries:
            for row in self._records("relation"):
                sides = {
                    side: [each for each in listed or [] if each.get("isPredefined") != "Y"]
                    for side, listed in (row.get("relations") or {}).items()
                }
                self._store.db.execute(
                    "UPDATE dynamic_type SET RELATIONS = ? WHERE ENTITY_TYPE_ID = ?",
                    [json.dumps(sides), int(row["ID"])],
                )
            self._portal.schema.forget()

    def _lists(self) -> None:
        """Universal lists, and elements that were read by their list's code."""
        if "list" in self._entries:
            restore_lists(self._store, self._columns, self._records("list"))
        if "listcolumn" in self._entries:
            restore_columns(self._store, self._records("listcolumn"))
        for name in self._named("listelement"):
            code = name.partition(":")[2]
            if not code.isdigit():
                restore_elements(self._store, self._columns, code, self._records(name))

    def _categories(self, type_id: int, rows: Iterable[Mapping[str, Any]]) -> None:
        self._store.db.execute("DELETE FROM category WHERE ENTITY_TYPE_ID = ?", [type_id])
        for row in rows:
            self._store.insert(
                "category",
                {
                    "ENTITY_TYPE_ID": type_id,
                    "CATEGORY_ID": int(row["id"]),
                    "NAME": row.get("name"),
                    "SORT": int(row.get("sort") or 500),
                    "IS_DEFAULT": row.get("isDefault") or "N",
                    "IS_SYSTEM": row.get("isSystem") or "N",
                    "CODE": row.get("code"),
                    "ORIGIN_ID": row.get("originId"),
                    "ORIGINATOR_ID": row.get("originatorId"),
                },
            )
        self._portal.forget_stages()

    def _columns(self, table: str, row: Mapping[str, Any]) -> dict[str, Any]:
        """A legacy record's stored values for a declared table; names it has not are left out."""
        fields, zone = TABLES[table].fields, self._portal.zone
        return {
            name: value
            if name == "ID" and isinstance(value, int)
            else stored(fields[name], value, zone, strict=False)
            for name, value in row.items()
            if name in fields and value is not None and value != {}
        }

    def _plain(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        hanging: list[Mapping[str, Any]] = []

        def columns() -> Iterator[dict[str, Any]]:
            for row in rows:
                if table == "activity":
                    hanging.append({name: row.get(name) for name in _OF_ACTIVITY})
                if table == "task":
                    row = {upper_name(name): value for name, value in row.items()}
                yield self._columns(table, row)

        self._store.db.execute(f'DELETE FROM "{table}"')
        add_rows(self._store, table, columns())
        add_rows(self._store, "activity_binding", (each for row in hanging for each in bindings_of(row)))
        add_rows(self._store, "activity_communication", (each for row in hanging for each in talks_of(row)))

    def _running(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Workflows: their ids on the wire are no numbers."""
        for row in rows:
            columns = self._columns("bizproc_workflow", {name: row[name] for name in row if name != "ID"})
            self._store.insert("bizproc_workflow", {**columns, "WORKFLOW_ID": row["ID"]})

    def _stage_history(self, type_id: int, rows: Iterable[Mapping[str, Any]]) -> None:
        fields = TABLES["stage_history"].fields
        self._store.db.execute("DELETE FROM stage_history WHERE ENTITY_TYPE_ID = ?", [type_id])
        for row in rows:
            # Leads and quotes call a stage a status.
            named = {name.replace("STATUS_", "STAGE_", 1): value for name, value in row.items()}
            made = self._columns("stage_history", {k: v for k, v in named.items() if k in fields})
            self._store.insert("stage_history", {**made, "ENTITY_TYPE_ID": type_id})

    # -- records ---------------------------------------------------------------------------------

    def _type_id(self, name: str) -> int:
        return _KIND_OF.get(name) or int(name.partition(":")[2])

    def _kind(self, name: str) -> Kind:
        kind = self._portal.schema.kind(self._type_id(name))
        if kind is None:
            raise SnapshotFormatError(self._folder, f"holds {name}, which cannot be made here")
        return kind

    def _declare(self, name: str) -> None:
        """Make the smart process and the fields that the manifest and the first records tell of."""
        type_id, defined = self._type_id(name), self._entries[name].get("fields") or {}
        samples: dict[str, list[Any]] = {}
        for row in islice(self._raw(name), _SAMPLE):
            _sample(samples, row)
        if type_id not in KINDS and self._portal.schema.kind(type_id) is None:
            self._guess_type(type_id, {*samples, *defined})
        self._note_guesses(name, declare_fields(self._portal, type_id, defined, samples))

    def _described(self, declared: AbstractSet[int]) -> None:
        """Custom fields of smart processes whose fields were read, but none of their records."""
        for name in self._named("field"):
            type_id = int(name.partition(":")[2])
            if type_id not in declared and self._portal.schema.kind(type_id) is not None:
                defined = {str(row["name"]): row for row in self._raw(name)}
                self._note_guesses(name, declare_fields(self._portal, type_id, defined, {}))

    def _note_guesses(self, name: str, guessed: Iterable[str]) -> None:
        self.restored.guessed_fields += [f"{name}.{each}" for each in guessed]

    def _guess_type(self, type_id: int, names: set[str]) -> None:
        """A smart process from what its records carry."""
        flags = {
            "isStagesEnabled": "stageId",
            "isCategoriesEnabled": "categoryId",
            "isBeginCloseDatesEnabled": "begindate",
            "isClientEnabled": "contactId",
            "isLinkWithProductsEnabled": "opportunity",
            "isMycompanyEnabled": "mycompanyId",
            "isSourceEnabled": "sourceId",
            "isObserversEnabled": "observers",
        }
        options = {flag: "Y" if shown in names else "N" for flag, shown in flags.items()}
        # `ufCrm7_1234` and `ufCrm7Topic` belong to the process whose own id is 7.
        numbers = {
            int(digits)
            for name in names
            if name.startswith("ufCrm") and (digits := _leading_digits(name.removeprefix("ufCrm")))
        }
        row: dict[str, Any] = {
            "ENTITY_TYPE_ID": type_id,
            "TITLE": f"Смарт-процесс {type_id}",
            "OPTIONS": json.dumps(options),
        }
        if len(numbers) == 1:
            row["ID"] = numbers.pop()
        self._store.insert("dynamic_type", row)
        self._portal.schema.forget()

    def _load(self, name: str) -> None:
        kind = self._kind(name)
        self._store.db.execute(f"DELETE FROM {kind.table}")
        reading = Reading(self._portal, kind)
        load_records(self._portal, kind.entity_type_id, map(reading.row, self._records(name)))
        add_rows(self._store, "binding", reading.bindings)
        self._bind_companies(reading.company_contacts)
        self._add_strays(name, reading)
        if kind.stage_field:
            self._complete_stages(kind, reading.stages)

    def _add_strays(self, name: str, reading: Reading) -> None:
        """Fields that turned up late: made from all their values, and written behind."""
        samples = {key: [value for _, value in pairs] for key, pairs in reading.strays.items()}
        if not samples:
            return
        defined = self._entries[name].get("fields") or {}
        told = {key: each for key, each in defined.items() if key in samples}
        self._note_guesses(name, declare_fields(self._portal, self._type_id(name), told, samples))
        kind = self._kind(name)
        known = known_names(kind)
        for key, pairs in reading.strays.items():
            read = reader_of(self._portal, kind, known[key])
            self._store.db.executemany(
                f'UPDATE {kind.table} SET "{known[key].column}" = ? WHERE ID = ?',
                [(read(value), id_) for id_, value in pairs],
            )

    def _bind_companies(self, pairs: list[tuple[int, int]]) -> None:
        """A company's contacts, where the contacts themselves have not said so already."""
        self._store.db.executemany(
            "INSERT INTO binding (OWNER_TYPE_ID, OWNER_ID, LINKED_TYPE_ID, LINKED_ID, SORT, IS_PRIMARY)"
            " SELECT 3, ?1, 4, ?2, 10, 'N' WHERE NOT EXISTS (SELECT 1 FROM binding WHERE OWNER_TYPE_ID = 3"
            " AND OWNER_ID = ?1 AND LINKED_TYPE_ID = 4 AND LINKED_ID = ?2)",
            pairs,
        )

    def _complete_stages(self, kind: Kind, stages: Mapping[tuple[int, str], str]) -> None:
        """Pipelines and stages that records stand in and the snapshot did not hold."""
        type_id = kind.entity_type_id
        for (category, stage), semantics in stages.items():
            has_pipelines = "categoryId" in kind.fields
            if has_pipelines and not self._store.find(
                "category", ENTITY_TYPE_ID=type_id, CATEGORY_ID=category
            ):
                self._store.insert(
                    "category",
                    {"ENTITY_TYPE_ID": type_id, "CATEGORY_ID": category, "NAME": f"Воронка {category}"},
                )
            if any(each["STATUS_ID"] == stage for each in self._portal.stages(kind, category)):
                continue
            self._store.insert(
                "status",
                {
                    "ENTITY_ID": self._portal.stage_entity(kind, category),
                    "STATUS_ID": stage,
                    "NAME": stage,
                    "SORT": {"S": 9000, "F": 9500}.get(semantics, 500),
                    "SEMANTICS": semantics if semantics in ("S", "F") else None,
                    "CATEGORY_ID": category if has_pipelines else None,
                },
            )
            self._portal.forget_stages()
            self.restored.guessed_stages.append(f"{kind.name} {stage}")


def _sample(samples: dict[str, list[Any]], row: Mapping[str, Any]) -> None:
    for key, value in row.items():
        seen = samples.setdefault(key, [])
        if value not in (None, "", [], {}):
            seen.append(value)


def _leading_digits(text: str) -> str:
    return text[: len(text) - len(text.lstrip("0123456789"))]
