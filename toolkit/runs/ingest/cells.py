"""Which field of an appeal keeps what a message says; what has no field of its own stands below the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pandas as pd

from toolkit.errors import ParameterError
from toolkit.runs.ingest.rows import MessageRow
from toolkit.runs.routed import as_kept, condition_fields
from toolkit.sheets.columns import heading_key

__all__ = ["MOST_BYTES", "Keeping", "listed_texts"]

MOST_BYTES = 30_000
"""Of one message's text; the portal's column of a text holds 65,535."""

_TITLE = 120
_BEGINS = "begindate"
_OWN: Mapping[str, tuple[str, ...]] = {
    "author": ("Автор", "Автор сообщения", "Author"),
    "link": ("Ссылка", "Ссылка на сообщение", "Ссылка на отзыв", "Link", "Link to the message"),
    "rating": ("Оценка", "Рейтинг", "Rating"),
    "message": (
        "Номер сообщения в канале",
        "Номер сообщения",
        "ID сообщения",
        "Message id",
        "Message number",
    ),
    "messages": ("Номера сообщений", "Сообщения канала", "Message numbers"),
}
"""Code to labels of fields that keep more than routing looks at."""

_TEXTS = ("Комментарий", "Комментарий сотрудника", "Comment", "Employee's comment", "Описание", "Description")
"""Labels of fields that take the text where none is called so: the appeals of `provision_appeals` have such."""

_WORDS: Mapping[str, tuple[str, str]] = {
    "topic": ("Тема", "Topic"),
    "subtopic": ("Подтема", "Subtopic"),
    "region": ("Регион", "Region"),
    "department": ("Подразделение", "Department"),
    "channel": ("Канал", "Channel"),
    "author": ("Автор", "Author"),
    "name": ("Имя", "Name"),
    "phone": ("Телефон", "Phone"),
    "email": ("E-mail", "E-mail"),
    "rating": ("Оценка", "Rating"),
    "link": ("Ссылка", "Link"),
    "at": ("Написано", "Written"),
}
_CUT = ("… (сообщение обрезано: всего знаков — {0})", "… (cut: the message has {0} characters)")
_SPARE_LINES = "additionalInfo"
"""Of a deal: a text the card does not show. It keeps which messages a deal is made of, whatever becomes of its text."""

_TEXTUAL = frozenset({"string", "text", "url"})
_FITTING = _TEXTUAL | {"integer", "double"}
_TAGS = re.compile(r"[\[<](?=[/!]?[A-Za-zА-Яа-я*])")


@dataclass(frozen=True)
class Keeping:
    """What an appeal keeps, and where.

    Args:
        fields: code (text, topic, channel, author, link and so on) to the field; `text` is always among them.
        definitions: of the fields of the carrier.
        statuses: the portal's dictionaries.
        channel: its name.
        language: of the words below the text.
        zone: of moments that are shown.
        known: words looked up before.
    """

    fields: Mapping[str, str]
    definitions: Mapping[str, Mapping[str, Any]]
    statuses: pd.DataFrame
    channel: str
    language: Literal["ru", "en"]
    zone: ZoneInfo
    known: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)

    @staticmethod
    def fields_of(
        definitions: Mapping[str, Mapping[str, Any]], given: Mapping[str, str], *, asked_by: str
    ) -> dict[str, str]:
        """Code to field: as a person said it, else by the fields' labels; of deals the comment takes the text.

        Raises:
            ParameterError: a field that does not exist; or nothing could take the text.
        """
        own = {code: name for code, name in given.items() if code in _OWN}
        for code, name in own.items():
            if name and name not in definitions:
                raise ParameterError(asked_by, f"fields.{code}", name, "is not a field", "Correct it.")
        routing = {code: name for code, name in given.items() if code not in _OWN}
        found = condition_fields(definitions, routing, asked_by=asked_by)
        labels = {heading_key(label): code for code, known in _OWN.items() for label in known}
        texts = frozenset(map(heading_key, _TEXTS))
        spare = ""
        for name, facts in definitions.items():
            if not name.startswith(("uf", "UF_")) or facts.get("type") not in _FITTING:
                continue
            label = heading_key(str(facts.get("title") or ""))
            if labels.get(label) == "messages" and not _many(facts):
                continue  # one number is no list of them
            if label in labels and labels[label] not in own:
                found.setdefault(labels[label], name)
            if label in texts and facts.get("type") in _TEXTUAL:
                spare = spare or name
        if _SPARE_LINES in definitions:
            found.setdefault("messages", _SPARE_LINES)
        found |= own
        if not found.get("text"):
            found["text"] = "comments" if "comments" in definitions else spare
        if not found["text"]:
            raise ParameterError(
                asked_by,
                "fields.text",
                None,
                "is not said, and no field is called «Текст», «Сообщение» or Text",
                "Add such a field to the appeals, or say which one takes the text: -p fields='{text: ufCrm…}'.",
            )
        return {code: name for code, name in found.items() if name}

    def cells(self, row: MessageRow, *, told: bool, sign: str) -> dict[str, Any]:
        """The cells of a new appeal, apart from who answers for it and where it stands.

        Args:
            row: the message.
            told: its client is known, so their name and numbers need not be repeated.
            sign: the last line of the text; "" for none.

        The day it was written becomes the day the appeal begins, where it has such a field. When the record was
        created stays the portal's own: an import may say it only where nothing newer has been created already,
        which no list of a portal at work can promise.

        Source:
            begindate: api-reference/crm/universal/crm-item-add.md, import/crm-item-import.md; createdTime:
            import/index.md, read 2026-11-23.
        """
        said = {
            **{code: getattr(row, code) for code in ("topic", "subtopic", "region", "department")},
            **{code: getattr(row, code) for code in ("author", "link", "rating")},
            "channel": self.channel,
            "message": row.id,
        }
        cells: dict[str, Any] = {"title": self._title(row)}
        if _writable(self.definitions.get(_BEGINS)):
            cells[_BEGINS] = f"{row.at.astimezone(self.zone):%Y-%m-%d}"
        below = [] if told else [(code, getattr(row, code)) for code in ("name", "phone", "email")]
        for code, value in said.items():
            name = self.fields.get(code)
            kept = self._kept(name, value) if name and value else None
            if name is not None and kept is not None:
                cells[name] = kept
            elif code != "message":
                below.append((code, value))
        below.append(("at", f"{row.at.astimezone(self.zone):%d.%m.%Y %H:%M}"))
        cells[self.fields["text"]] = self._written(row, below, sign)
        return cells

    def members(self, signs: Sequence[str], present: Any = None) -> dict[str, Any]:
        """The cell that keeps which messages an appeal is made of, beside its text, which people may edit.

        Args:
            signs: of the messages that are added; "" for one that stands alone.
            present: what the field holds.

        Returns:
            Field to value; empty where there is no such field, or nothing to keep.
        """
        name, wanted = self.fields.get("messages"), [each for each in signs if each]
        if not name or not wanted:
            return {}
        if _many(self.definitions[name]):
            return {name: [*listed_texts(present), *wanted]}
        return {name: "\n".join(filter(None, [*listed_texts(present), *wanted]))}

    def joined(self, row: MessageRow, sign: str) -> str:
        """A message as it is added to the text of an appeal."""
        who = row.name or row.author or row.phone or row.email
        head = f"— {row.at.astimezone(self.zone):%d.%m.%Y %H:%M}{', ' + who if who else ''}:"
        below = [(code, getattr(row, code)) for code in ("phone", "email", "rating", "link")]
        return "\n\n" + self._harmless(head) + "\n" + self._written(row, below, sign)

    def _kept(self, name: str, word: str) -> Any:
        if (name, word) not in self.known:
            self.known[name, word] = as_kept(word, self.definitions[name], self.statuses)
        return self.known[name, word]

    def _title(self, row: MessageRow) -> str:
        words = " ".join(row.text.split())
        text = row.title or f"{row.topic or self.channel}: {words}".removesuffix(": ")
        return text if len(text) <= _TITLE else text[: _TITLE - 1].rstrip() + "…"

    def _written(self, row: MessageRow, below: Sequence[tuple[str, str]], sign: str) -> str:
        text = _within(row.text, _CUT[self.language == "en"])
        english = self.language == "en"
        lines = [f"{_WORDS[code][english]}: {value}" for code, value in below if value]
        parts = [each for each in (text, "\n".join(lines)) if each]
        return self._harmless("\n\n".join(parts)) + (f"\n{sign}" if sign else "")

    def _harmless(self, text: str) -> str:
        """What people wrote, where the portal would take it for markup: comments know BB codes.

        Source:
            api-reference/crm/deals/crm-deal-update.md (COMMENTS), read 2026-11-22.
        """
        if self.fields["text"] != "comments":
            return text
        return _TAGS.sub(lambda found: found[0] + " ", text)


def listed_texts(value: Any) -> list[str]:
    """What a field of one text or of several holds, as a list."""
    if isinstance(value, str):
        return [value] if value else []
    return [str(each) for each in value] if isinstance(value, Iterable) else []


def _many(definition: Mapping[str, Any]) -> bool:
    flag = definition.get("isMultiple")
    return not pd.isna(flag) and flag in (True, "Y")


def _writable(definition: Mapping[str, Any] | None) -> bool:
    flag = None if definition is None else definition.get("isReadOnly", False)
    return definition is not None and (pd.isna(flag) or flag in (False, "N"))


def _within(text: str, cut: str) -> str:
    raw = text.encode()
    if len(raw) <= MOST_BYTES:
        return text
    return raw[:MOST_BYTES].decode(errors="ignore") + cut.format(len(text))
