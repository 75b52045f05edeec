"""Records streamed into a Parquet file, and read back as columns or as they were answered."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from toolkit.client.masking import mask
from toolkit.records.columns import arrow_type, column
from toolkit.records.fieldtypes import FieldType, field_type
from toolkit.records.storage import PrivateFile

__all__ = ["RAW", "TableFacts", "defined_type", "read_columns", "read_raw", "write_table"]

RAW = "raw"

# Records held in memory at a time: of 100 fields, some 50 MiB of Python objects.
_GROUP = 5_000
_LINKS = frozenset({"url", "urlmachine", "downloadurl", "download_url", "showurl", "show_url", "viewurl"})

Definitions = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class TableFacts:
    """What was written into one file.

    Args:
        records: rows.
        size: bytes.
        sha256: of the file.
        fields: column to definition, in the order of the columns.
        unread: column to the number of its values that did not fit its type.
        unanswered: columns no record carried.
    """

    records: int
    size: int
    sha256: str
    fields: dict[str, dict[str, Any]]
    unread: dict[str, int] = field(default_factory=dict)
    unanswered: list[str] = field(default_factory=list)


def write_table(
    path: Path,
    pages: Iterable[Sequence[Mapping[str, Any]]],
    id_field: str,
    known: Definitions,
    wanted: Sequence[str] | None = None,
) -> TableFacts:
    """Write pages of records, as they come, into a new Parquet file.

    Args:
        path: must not exist.
        pages: records as on the wire.
        id_field: becomes the first column.
        known: field definitions as `crm.item.fields` spells them; a field that is not among them gets a type
            guessed from the first records that carry it.
        wanted: the fields that become columns; None for all known ones and all that are answered.

    Raises:
        OSError: the file cannot be written.
    """
    writer = _Writer(path, id_field, known, wanted)
    group: list[Mapping[str, Any]] = []
    with writer:
        for page in pages:
            group.extend(page)
            if len(group) >= _GROUP:
                writer.write(group)
                group = []
        if group or not writer.records:
            writer.write(group)
    late = writer.late
    if not late:
        return writer.facts()
    # Fields that first showed up after the columns had been settled. The portal answers the same fields for
    # every record, so this is rare; the file is rewritten with them rather than kept without.
    narrow = path.with_name(path.name + ".narrow")
    path.rename(narrow)
    wider = _Writer(path, id_field, {**writer.fields, **late}, None)
    with wider:
        for batch in pq.ParquetFile(narrow).iter_batches(batch_size=_GROUP, columns=[RAW]):
            wider.write([json.loads(text) for text in batch.column(0).to_pylist()])
    narrow.unlink()
    return wider.facts()


def defined_type(definition: Mapping[str, Any]) -> FieldType:
    """The field type of a definition as `crm.item.fields` spells it."""
    return field_type(
        str(definition.get("type", "string")),
        multiple=definition.get("isMultiple") is True,
        dynamic=definition.get("isDynamic") is True,
    )


def read_columns(path: Path, names: Sequence[str]) -> pa.Table:
    """Columns of a file, in the order asked for."""
    # Not `read_table`, which looks for a dataset of many files; and for little there, threads cost more than they save.
    with pq.ParquetFile(path) as file:
        return file.read(columns=list(names), use_threads=file.metadata.num_rows > _GROUP).select(list(names))


def read_raw(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file as they were answered, a few thousand in memory at a time."""
    for batch in pq.ParquetFile(path).iter_batches(batch_size=2000, columns=[RAW]):
        for text in batch.column(0).to_pylist():
            yield json.loads(text)


class _Writer:
    """Turns groups of records into row groups; settles the columns with the first one."""

    def __init__(self, path: Path, id_field: str, known: Definitions, wanted: Sequence[str] | None) -> None:
        self._file = PrivateFile(path)
        self._parquet: pq.ParquetWriter | None = None
        self._id_field, self._known, self._wanted = id_field, known, wanted
        self._schema = pa.schema([])
        self._types: dict[str, FieldType] = {}
        self._answered: set[str] = set()
        self.fields: dict[str, dict[str, Any]] = {}
        self.late: dict[str, dict[str, Any]] = {}
        self.unread: dict[str, int] = {}
        self.records = 0

    def __enter__(self) -> None:
        self._file.__enter__()

    def __exit__(self, *failure: Any) -> None:
        # Parquet's writer says goodbye even when it is thrown away: after a failure it must find deaf ears.
        try:
            if failure[0] is not None:
                self._file.abandon()
            if self._parquet is not None:
                try:
                    self._parquet.close()
                except BaseException:
                    self._file.abandon()
                    self._parquet.close()
                    raise
        finally:
            self._file.__exit__(*failure)

    def write(self, group: Sequence[Mapping[str, Any]]) -> None:
        if self._parquet is None:
            self._settle(group)
        else:
            self._look_for_late_fields(group)
        arrays = []
        for name, kind in self._types.items():
            array, unread = column([record.get(name) for record in group], kind)
            arrays.append(array)
            if unread:
                self.unread[name] = self.unread.get(name, 0) + unread
        arrays.append(_raw(group))
        self._answered.update(*(record.keys() for record in group))
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        assert self._parquet is not None  # noqa: S101 - settled above
        self._parquet.write_batch(batch)
        self.records += len(group)

    def facts(self) -> TableFacts:
        unanswered = [name for name in self.fields if name not in self._answered] if self.records else []
        return TableFacts(
            self.records, self._file.size, self._file.sha256, self.fields, self.unread, unanswered
        )

    def _settle(self, group: Sequence[Mapping[str, Any]]) -> None:
        names = list(self._known) if self._wanted is None else list(self._wanted)
        if self._wanted is None:
            names += [name for record in group for name in record.keys() - self._known.keys()]
        for name in dict.fromkeys([self._id_field, *_sorted_tail(names, self._known)]):
            definition = self._known.get(name) or _guess(name, [record.get(name) for record in group])
            self.fields[name] = dict(definition)
            self._types[name] = defined_type(definition)
        columns = [pa.field(name, arrow_type(kind)) for name, kind in self._types.items()]
        self._schema = pa.schema([*columns, pa.field(RAW, pa.string())])
        # `raw` differs in every row: a dictionary of it would only cost memory.
        self._parquet = pq.ParquetWriter(
            self._file, self._schema, compression="zstd", use_dictionary=list(self._types) or False
        )

    def _look_for_late_fields(self, group: Sequence[Mapping[str, Any]]) -> None:
        if self._wanted is not None:
            return
        for name in set().union(*(record.keys() for record in group)) - self.fields.keys():
            if name not in self.late:
                self.late[name] = _guess(name, [record.get(name) for record in group])


def _sorted_tail(names: list[str], known: Definitions) -> list[str]:
    """Known fields in their own order, then the others by name: sets have no order of their own."""
    return [name for name in names if name in known] + sorted({name for name in names if name not in known})


def _guess(name: str, values: Sequence[Any]) -> dict[str, Any]:
    multiple = any(isinstance(value, list) and value for value in values)
    flat = [each for value in values for each in (value if isinstance(value, list) else [value])]
    seen = {type(value) for value in flat if value not in (None, "", False) and value != {}}
    guessed = "string"
    if dict in seen:
        guessed, multiple = "object", False
    elif seen == {bool}:
        guessed = "boolean"
    elif seen == {int}:
        guessed = "integer"
    elif seen and seen <= {int, float}:
        guessed = "double"
    if name in {"PHONE", "EMAIL", "WEB", "IM", "LINK"}:
        guessed, multiple = "crm_multifield", True
    return {"type": guessed, "isMultiple": multiple, "isDynamic": True, "isGuessed": True}


def _raw(group: Sequence[Mapping[str, Any]]) -> pa.Array:
    texts = [_dumps(record) for record in group]
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:  # half of an emoji, cut by somebody's column width: JSON escapes carry it
        return pa.array([json.dumps(json.loads(text)) for text in texts], pa.string())


def _dumps(record: Mapping[str, Any]) -> str:
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"), default=str)
    if "/rest/" in text or "auth=" in text or "token=" in text:
        # Links to files carry the webhook or a token that opens them; the file's id is enough to find it.
        masked = {name: _without_tokens(value) for name, value in record.items()}
        return json.dumps(masked, ensure_ascii=False, separators=(",", ":"), default=str)
    return text


def _without_tokens(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_tokens(each) for each in value]
    if isinstance(value, dict):
        return {
            name: mask(each) if isinstance(each, str) and name.casefold() in _LINKS else _without_tokens(each)
            for name, each in value.items()
        }
    return value
