"""The mapping file: which columns of an export are which fields, and what else has to be known to read it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from toolkit.errors import SheetError, StorageError
from toolkit.sheets.mapping.exports import Export
from toolkit.sheets.mapping.mapped import Mapped, mapped_rows
from toolkit.sheets.mapping.proposal import FIELDS, NEEDED, Proposal, propose
from toolkit.sheets.refusals import Language
from toolkit.sheets.spelling import nearest_known
from toolkit.zones import ZoneName

__all__ = ["ZONE", "ExportMapping"]

ZONE = "Europe/Moscow"
"""Where moments belong that name no zone, unless a mapping says otherwise."""

_NOTES: Mapping[Language, Mapping[str, str]] = {
    "ru": {
        "head": "Разметка выгрузки: заголовок столбца — поле. Пусто — столбец не загружается.",
        "fields": "Поля: {fields}.",
        "missing": "НЕ НАЙДЕНЫ обязательные поля: {fields}. Впишите их напротив нужного заголовка.",
        "zone": "Часовой пояс времени без пояса.",
        "constants": "Что вписать там, где в строке пусто, например {{topic: Ремонт}}.",
        "words": "Что значат слова той системы, например {{direction: {{Вх: in}}}}.",
        "sheet": "Имя листа; пусто — первый видимый.",
        "decimal": "Десятичный знак, «,» или «.»; пусто — определять по числу.",
    },
    "en": {
        "head": "Mapping of an export: heading of a column to field. Empty: the column is left out.",
        "fields": "Fields: {fields}.",
        "missing": "NOT FOUND, but needed: {fields}. Write each beside its heading.",
        "zone": "Time zone of moments that name none.",
        "constants": "What to take where a row says nothing, such as {{topic: Repair}}.",
        "words": "What words of that system mean, such as {{direction: {{Inc: in}}}}.",
        "sheet": "Name of the sheet; empty for the first visible one.",
        "decimal": "Decimal separator, ',' or '.'; empty to tell by the number.",
    },
}


class ExportMapping(BaseModel):
    """How an export of another system is read.

    Args:
        system: short name of that system; "" where the command says it.
        kind: `requests` or `calls`.
        columns: heading to field; "" for a column that is left out.
        zone: IANA name, of moments that name none.
        constants: field to what it holds where a row says nothing.
        words: field to words of that system and what they mean here.
        sheet: name of the tab; "" for the first visible one.
        decimal: decimal separator; "" to tell by the number.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    system: str = ""
    kind: Literal["requests", "calls"]
    columns: dict[str, str]
    zone: ZoneName = ZONE
    constants: dict[str, str | int | float] = Field(default_factory=dict)
    words: dict[str, dict[str, str]] = Field(default_factory=dict)
    sheet: str = ""
    decimal: Literal["", ",", "."] = ""

    @field_validator("columns", mode="before")
    @classmethod
    def _blank(cls, value: Any) -> Any:
        return {str(k): v or "" for k, v in value.items()} if isinstance(value, Mapping) else value

    @model_validator(mode="after")
    def _fields(self) -> Self:
        fields = [each for each in self.columns.values() if each]
        for each in [*fields, *self.constants, *self.words]:
            if each not in FIELDS:
                near = nearest_known(each, list(FIELDS))
                raise ValueError(f"{each!r} is no field" + (f"; perhaps {near}" if near else ""))
            if fields.count(each) > 1:
                raise ValueError(f"{each!r} stands beside two headings")
        missing = [each for each in NEEDED[self.row_kind] if each not in {*fields, *self.constants}]
        if missing:
            raise ValueError(f"no heading is {', '.join(missing)}")
        return self

    @property
    def row_kind(self) -> Literal["request", "call"]:
        """Of one row."""
        return "request" if self.kind == "requests" else "call"

    @property
    def tzinfo(self) -> tzinfo:
        """The zone."""
        return ZoneInfo(self.zone)

    def rows_of(self, export: Export) -> Mapped:
        """The rows of an export as the operation takes them, and what is wrong with the others."""
        return self.mapped(export.rows)

    def mapped(self, rows: Any) -> Mapped:
        """As `rows_of`, of rows alone: heading, in any case, to cell."""
        return mapped_rows(
            rows,
            self.columns,
            self.row_kind,
            self.tzinfo,
            constants=self.constants,
            words=self.words,
            decimal=self.decimal,
        )

    def unsaid(self, export: Export) -> tuple[str, ...]:
        """Headings of the mapping that an export does not have."""
        return tuple(each for each, field in self.columns.items() if field and each not in export.columns)

    @classmethod
    def read(cls, path: Path) -> ExportMapping:
        """The mapping in a YAML file.

        Raises:
            SheetError: it cannot be read or used; which entry, and why.
        """
        try:
            said = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
            return cls.model_validate(said)
        except OSError as error:
            why, entry = f"cannot be read: {error.strerror}", None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            why, entry = f"cannot be read: {str(error).splitlines()[0]}", None
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            why = "cannot be used: " + str(first["msg"]).removeprefix("Value error, ")
            entry = ".".join(str(each) for each in first["loc"]) or None
        raise SheetError(path, None, None, entry, why, "Mend the mapping file; what it holds is said in it.")

    @staticmethod
    def proposed(
        export: Export,
        kind: Literal["requests", "calls"],
        *,
        system: str = "",
        sheet: str = "",
        zone: str = ZONE,
        language: Language = "ru",
    ) -> tuple[str, Proposal]:
        """The text of a mapping file proposed from headings, and what was recognised.

        Args:
            export: its headings.
            kind: of its rows.
            system: short name of the other system.
            sheet: the tab that was asked for.
            zone: to write into it.
            language: of the remarks.
        """
        found = propose(export.columns, "request" if kind == "requests" else "call")
        notes = _NOTES[language]
        columns = {heading: found.columns.get(heading, "") for heading in export.columns}
        lines = ["# " + notes["head"], "# " + notes["fields"].format(fields=", ".join(FIELDS))]
        if found.missing:
            lines.append("# " + notes["missing"].format(fields=", ".join(found.missing)))
        lines += [_yaml({"system": system, "kind": kind}), _yaml({"columns": columns})]
        rest: dict[str, Any] = {"zone": zone, "constants": {}, "words": {}, "sheet": sheet, "decimal": ""}
        for name, value in rest.items():
            lines += ["# " + notes[name].replace("{{", "{").replace("}}", "}"), _yaml({name: value})]
        return "\n".join(lines) + "\n", found

    @staticmethod
    def write(text: str, path: Path) -> None:
        """Put the text of a mapping file on the disk.

        Raises:
            StorageError: it cannot be written, or a mapping stands there already: a person may have worked on it.
        """
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise StorageError(
                path, "is there already", "Choose another -o, or take the file away."
            ) from error
        except OSError as error:
            raise StorageError(path, error.strerror or "no reason given", "Choose another -o.") from error
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)


def _yaml(value: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(value), allow_unicode=True, sort_keys=False, width=1000).rstrip()
