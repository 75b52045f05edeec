"""Which messages belong together: comments under one post, repeats of one author."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

import pandas as pd

from toolkit.runs.ingest.cells import listed_texts
from toolkit.runs.ingest.rows import MessageRow, marker_of

__all__ = ["By", "Joining", "Known", "Thread", "known_messages"]

By = Literal["post", "author"]

_MOST_BYTES = 60_000  # of one appeal's text, which the portal cuts at 65,535
_SIGN = re.compile(r"\((ch:[a-z0-9]+:[A-Za-z0-9_.@+=:~-]+)/([0-9a-f]{12})/(\d+)\)")


@dataclass
class Thread:
    """An appeal messages can join.

    Args:
        marker: of it.
        first, last: seconds since 1970 of its earliest and latest message.
        size: of its text, in bytes.
        id: on the portal; 0 while it is not made.
        open: it is not over.
    """

    marker: str
    first: int
    last: int
    size: int
    id: int = 0
    open: bool = True


@dataclass(frozen=True)
class Known:
    """What appeals on the portal say of the messages they are made of.

    Args:
        markers: of messages that are in one, to the marker of that appeal.
        threads: group to the appeals of it.
    """

    markers: Mapping[str, str]
    threads: Mapping[str, list[Thread]]


@dataclass(frozen=True)
class Joining:
    """Which messages belong together.

    An appeal that others may join ends in a line in round brackets for each of its messages: their markers, the group
    they belong to, and when they were written. By it a message is known again that has no appeal of its own. Since
    people edit texts, the lines are kept beside the text as well, where the record has a place for them.

    Args:
        by: what joins; `post` goes first where a message has one. Empty: every message is an appeal.
        window: how far apart a message may be from the others of its appeal.
        code: of the channel.
    """

    by: frozenset[By]
    window: timedelta
    code: str
    threads: dict[str, list[Thread]] = field(default_factory=dict)

    def group(self, row: MessageRow) -> str:
        """What a message has in common with those it belongs to; "" when it stands alone."""
        who = row.author or row.phone or row.email
        if "post" in self.by and row.post:
            words = f"post|{row.post}"
        elif "author" in self.by and who:
            words = f"author|{who.casefold()}"
        else:
            return ""
        return hashlib.sha256(f"{self.code}|{words}".encode()).hexdigest()[:12]

    def sign(self, row: MessageRow) -> str:
        """The line by which a message is known again; "" when it stands alone."""
        group = self.group(row)
        return f"({marker_of(self.code, row.id)}/{group}/{int(row.at.timestamp())})" if group else ""

    def place(self, row: MessageRow, size: int) -> Thread | None:
        """The appeal a message joins; None when it begins one.

        Args:
            row: the message.
            size: what it adds, in bytes.
        """
        at, window = int(row.at.timestamp()), int(self.window.total_seconds())
        for thread in reversed(self.threads.get(self.group(row), [])):
            near = thread.first - window <= at <= thread.last + window
            if thread.open and near and thread.size + size <= _MOST_BYTES:
                thread.first, thread.last = min(thread.first, at), max(thread.last, at)
                thread.size += size
                return thread
        return None

    def begin(self, row: MessageRow, size: int) -> None:
        """A message has an appeal of its own, which others may join."""
        group = self.group(row)
        if group:
            at = int(row.at.timestamp())
            self.threads.setdefault(group, []).append(Thread(marker_of(self.code, row.id), at, at, size))


def known_messages(
    appeals: pd.DataFrame, marker: str, text: str, over: Iterable[str], members: str = ""
) -> Known:
    """What is there already.

    Args:
        appeals: those this channel's messages made; one row each.
        marker: the field of their markers.
        text: the field of their text.
        over: stages in which an appeal is over.
        members: the field that keeps the same lines where nobody edits them; "" where there is none.
    """
    markers: dict[str, str] = {}
    threads: dict[str, list[Thread]] = {}
    if appeals.empty or marker not in appeals:
        return Known(markers, threads)
    ended = frozenset(over)
    columns = [
        appeals[each].tolist() if each in appeals else [None] * len(appeals)
        for each in ("id", marker, text, "stageId", members)
    ]
    for number, own, said, stage, kept in zip(*columns, strict=True):
        if not isinstance(own, str) or not own.startswith("ch:"):
            continue
        markers[own] = own
        words = said if isinstance(said, str) else ""
        spans: dict[str, list[int]] = {}
        for member, group, at in _SIGN.findall("\n".join([words, *listed_texts(kept)])):
            markers.setdefault(member, own)
            spans.setdefault(group, []).append(int(at))
        for group, moments in spans.items():
            size = len(words.encode())
            threads.setdefault(group, []).append(
                Thread(own, min(moments), max(moments), size, int(number), stage not in ended)
            )
    return Known(markers, threads)
