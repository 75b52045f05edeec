"""Comments in the timeline of a card: written once, found again by a marker in their text, taken back by undo.

A comment has no external key. Its last line says what it stands for (`b24kit merge:contact:5:6,7`), and before a
comment is written those of the card are looked through for it, page by page, the newest first.

Source: api-reference/crm/timeline/comments/crm-timeline-comment-{add,list,delete}.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from toolkit.client import Command, Outcome
from toolkit.records import FieldType
from toolkit.runs.changes import Changes, noted
from toolkit.runs.rows import Base, Row, Verdict, listed_in

__all__ = ["ADD_METHOD", "DELETE_METHOD", "Note", "mark_of", "notes_of_merges", "notes_taken_back", "signed"]

ADD_METHOD = "crm.timeline.comment.add"
DELETE_METHOD = "crm.timeline.comment.delete"
LOST = "what the merged cards said otherwise"
BACK = "written by the run"
_SIGN = "b24kit "
_PAGE = 50


class Note(Base):
    """One comment on one card; with nothing in `after` it is taken away."""

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """The newest comments of each card."""
        return [
            Command(
                "crm.timeline.comment.list",
                {
                    "filter": {"ENTITY_ID": row.record_id, "ENTITY_TYPE": row.entity},
                    "order": {"ID": "DESC"},
                    "select": ["ID", "COMMENT"],
                },
            )
            for row in rows
        ]

    def completed(
        self,
        rows: Sequence[Row],
        outcomes: Sequence[Outcome],
        send: Callable[[Sequence[Command]], list[Outcome]],
    ) -> list[Outcome]:
        """The same with the further pages of cards that have more comments than one holds.

        A card is read on until the comment is found. Somebody who comments meanwhile moves comments to a later page,
        never past the reader.
        """
        found = list(outcomes)
        start = _PAGE
        open_ = [at for at, row in enumerate(rows) if _goes_on(row, found[at], start)]
        while open_:
            reads = [self.reads([rows[at]])[0] for at in open_]
            more = send([Command(each.method, {**each.params, "start": start}) for each in reads])
            for at, outcome in zip(open_, more, strict=True):
                joined = [*listed_in(found[at]), *listed_in(outcome)] if outcome.state == "done" else None
                found[at] = outcome if joined is None else replace(outcome, result=joined)
            start += _PAGE
            open_ = [at for at in open_ if _goes_on(rows[at], found[at], start)]
        return found

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """True when the comment is there; when it is to go, when it is not."""
        verdicts = []
        for row, outcome in zip(rows, outcomes, strict=True):
            if outcome.state != "done":
                verdicts.append(Verdict("foreign", f"its comments cannot be read: {outcome.message}"))
                continue
            found = {int(each["ID"]): str(each["COMMENT"]) for each in listed_in(outcome)}
            if row.after:
                ids = [number for number, text in found.items() if _last(text) == _last(row.after["comment"])]
                verdicts.append(Verdict("true", result={"id": min(ids)}) if ids else Verdict("open"))
            else:
                verdicts.append(self._gone(found.get(int(row.before["id"])), str(row.before["comment"])))
        return verdicts

    @staticmethod
    def _gone(text: str | None, wrote: str) -> Verdict:
        if text is None:
            return Verdict("true", "the comment is gone")
        if " ".join(text.split()) != " ".join(wrote.split()):
            return Verdict("foreign", "the comment was edited since", text)
        return Verdict("open")

    def command(self, row: Row) -> Command:
        """One comment written or deleted."""
        if not row.after:
            return Command(DELETE_METHOD, {"id": int(row.before["id"])})
        fields = {"ENTITY_ID": row.record_id, "ENTITY_TYPE": row.entity, "COMMENT": row.after["comment"]}
        return Command(ADD_METHOD, {"fields": fields})

    def result(self, outcome: Outcome) -> Any:
        """The id of a new comment."""
        answer = outcome.result
        return {"id": int(answer)} if str(answer).isdigit() and not isinstance(answer, bool) else None


def signed(text: str, mark: str) -> str:
    """A comment that says in its last line what it stands for."""
    return f"{text}\n{_SIGN}{mark}"


def mark_of(comment: str) -> str:
    """What a comment of ours stands for; "" for anybody else's."""
    last = _last(comment)
    return last.removeprefix(_SIGN) if last.startswith(_SIGN) else ""


def _last(text: str) -> str:
    lines = str(text).strip().splitlines()
    return lines[-1].strip() if lines else ""


def _goes_on(row: Row, outcome: Outcome, read: int) -> bool:
    """Whether the comment looked for may stand on a further page."""
    there = listed_in(outcome) if outcome.state == "done" else []
    if len(there) < read:
        return False
    if not row.after:
        return all(int(each["ID"]) != int(row.before["id"]) for each in there)
    wanted = _last(row.after["comment"])
    return all(_last(each["COMMENT"]) != wanted for each in there)


def notes_of_merges(
    merges: pd.DataFrame, names: Mapping[str, Mapping[str, str]], words: Mapping[str, str]
) -> Changes:
    """A comment on every surviving card that says what the others said otherwise.

    Args:
        merges: rows of kind `merge`; columns entity, record_id, before, after, group.
        names: by entity, field to what people call it.
        words: `head` with `{cards}`, and `line` with `{field}`, `{value}`, `{id}`.
    """
    parts = []
    for name, rows in merges.groupby("entity", sort=False):
        ids, texts, markers, groups = [], [], [], []
        for row in rows.to_dict("records"):
            lost = json.loads(row["before"])["lost"]
            if not lost:
                continue
            losers = sorted(int(each) for each in json.loads(row["after"])["losers"])
            marker = f"merge:{name}:{int(row['record_id'])}:{','.join(map(str, losers))}"
            lines = [words["head"].format(cards=", ".join(map(str, losers)))]
            lines += [
                words["line"].format(
                    field=names.get(str(name), {}).get(each["field"], each["field"]),
                    value=each["value"],
                    id=each["id"],
                )
                for each in lost
            ]
            ids.append(int(row["record_id"]))
            texts.append(signed("\n".join(lines), marker))
            markers.append(marker)
            groups.append(str(row["group"]))
        parts.append(noted(str(name), ids, texts=texts, markers=markers, reason=LOST, group=groups))
    return Changes.joined(*parts)


def notes_taken_back(name: str, rows: pd.DataFrame) -> Changes:
    """The comments of a run deleted, where nobody edited them.

    Args:
        name: entity of the cards.
        rows: rows of kind `note` that were carried out, with `result` from the journal.
    """
    written = rows[rows["after"] != "{}"]
    held = [
        {"id": json.loads(result)["id"], "comment": json.loads(after)["comment"]}
        for result, after in zip(written["result"], written["after"], strict=True)
    ]
    ids = [int(each) for each in written["record_id"]]
    return noted(name, ids, held=held, markers=[""] * len(ids), reason=BACK, group="")
