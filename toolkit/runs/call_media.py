"""What was said in a conversation: its recording as a file, its transcript as text, put into its appeal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import compress
from typing import Any, Literal

import pandas as pd
from pydantic import Field

from toolkit.errors import ParameterError
from toolkit.runs.changes import PHASES, Changes, rewrites
from toolkit.runs.folder import Run
from toolkit.runs.operation import OperationParams, Read
from toolkit.runs.recordings import NOT_COPIED, recordings, recordings_of
from toolkit.runs.telephony import appeal_field, marker_of

__all__ = [
    "MediaParams",
    "as_asked",
    "check_media",
    "copied",
    "goes_to",
    "gone_key",
    "gone_recordings",
    "media",
    "media_reads",
    "transcribed",
    "transcripts",
]

COPIED = "the recording as a file"
TRANSCRIBED = "the transcript of its calls"

_BYTES = 1024 * 1024


class MediaParams(OperationParams):
    """What becomes of recordings and transcripts.

    Args:
        recordings: `bind` the calls, so that their recordings are heard from the appeal; `copy` also puts the
            recording of the longest call into the appeal as a file; `none` does neither.
        recording_most_mb: larger recordings, in MiB, are not copied.
        recordings_gone: recordings that are not asked for, as `gone_key` names them; filled in with those earlier
            runs found missing, expired, empty or too large, so that running again asks for nothing.
        retry_recordings: ask for those once more.
        transcripts: read what speech recognition made of the calls, one command each, and put it there.
    """

    fields: dict[str, str] = Field(default_factory=dict)
    recordings: Literal["bind", "copy", "none"] = "bind"
    recording_most_mb: int = Field(default=50, ge=1, le=1024)
    recordings_gone: list[str] = Field(default_factory=list)
    retry_recordings: bool = False
    transcripts: bool = False


def media_reads(params: MediaParams) -> dict[str, Read]:
    """The transcripts of the calls read, where they are asked for."""
    return {"transcript": Read(linked_from=(("activity", "ID"),))} if params.transcripts else {}


def check_media(appeals: pd.DataFrame, params: MediaParams, *, asked_by: str) -> None:
    """The smart process has the fields for what is asked for.

    Raises:
        ParameterError: it has not.
    """
    asked = {"recording": params.recordings == "copy", "transcript": params.transcripts}
    for code, wanted in asked.items():
        if wanted and not appeal_field(appeals.columns, code, params.fields, asked_by=asked_by):
            raise ParameterError(
                asked_by,
                f"fields.{code}",
                None,
                "is missing: the smart process has no field for it",
                "Run provision_appeals first, or name the field.",
            )


def goes_to(table: pd.DataFrame, created: Any) -> pd.Series[Any]:
    """Where each conversation goes: the id of its appeal, the marker of the one to be made, or nowhere.

    Args:
        table: conversations with `key` and `appeal`.
        created: those for which an appeal is made.
    """
    goes = pd.Series(
        [None if pd.isna(each) else int(each) for each in table["appeal"]], index=table.index, dtype="object"
    )
    new = table.index.isin(created) & table["appeal"].isna()
    goes[new] = [marker_of(key) for key in table.loc[new, "key"]]
    return goes


def media(
    entity_name: str,
    legs: pd.DataFrame,
    goes: pd.Series[Any],
    tables: Mapping[str, pd.DataFrame],
    params: MediaParams,
    *,
    asked_by: str,
) -> Changes:
    """Recordings to be copied, and transcripts for appeals that are there.

    Args:
        entity_name: whose records the appeals are, `item:177`.
        legs: calls, `Talks.legs`.
        goes: from `goes_to`.
        tables: call, transcript where it was read, and the appeals.
        params: what is asked for.
        asked_by: name of the operation.
    """
    appeals, parts = tables[entity_name], []
    if params.recordings == "copy":
        field = appeal_field(appeals.columns, "recording", params.fields, asked_by=asked_by)
        parts.append(copied(entity_name, legs, goes, tables, field, params))
    if params.transcripts:
        field = appeal_field(appeals.columns, "transcript", params.fields, asked_by=asked_by)
        parts.append(transcribed(entity_name, goes, transcripts(legs, tables), appeals, field))
    return Changes.joined(*parts)


def copied(
    entity_name: str,
    legs: pd.DataFrame,
    goes_to: pd.Series[Any],
    tables: Mapping[str, pd.DataFrame],
    field: str,
    params: MediaParams,
) -> Changes:
    """One recording for each appeal that has none yet: that of its longest call, unless it is known to be gone.

    Args:
        entity_name: whose records the appeals are, `item:177`.
        legs: calls, `Talks.legs`.
        goes_to: for each `talk` (the index) the id of its appeal, or the marker of the one to be made.
        tables: call, and the appeals under `entity_name`.
        field: of the appeals, for the file.
        params: how large a recording may be, and which are gone.
    """
    calls, appeals = tables["call"], tables[entity_name]
    linked = calls["CALL_RECORD_URL"].fillna("").ne("") if "CALL_RECORD_URL" in calls else pd.Series(False)
    with_link = set(calls.loc[linked, "ID"]) if len(calls) and linked.any() else set()
    found = legs[legs["problem"].eq("") & legs["talk"].isin(goes_to.dropna().index)]
    found = found.assign(
        goes_to=found["talk"].map(goes_to.to_dict()), line=found["row"].where(found["row"].isin(with_link))
    )
    found = found[found["record"].notna() | found["line"].notna()]
    filled = set(appeals.loc[appeals[field].notna(), "id"].astype("int64")) if len(appeals) else set()
    found = found[~found["goes_to"].isin(filled)]
    if found.empty:
        return Changes()
    longest = found.sort_values(["duration", "start"], ascending=[False, True], kind="stable")
    chosen = longest.drop_duplicates("goes_to").sort_values(["start", "call"], kind="stable")
    gone = set(params.recordings_gone)
    files, lines = _or_none(chosen["record"]), _or_none(chosen["line"])
    there = [gone_key(file, line) not in gone for file, line in zip(files, lines, strict=True)]
    return recordings(
        entity_name,
        list(compress(chosen["goes_to"].tolist(), there)),
        field=field,
        files=list(compress(files, there)),
        calls=list(compress(lines, there)),
        most_bytes=params.recording_most_mb * _BYTES,
        reason=COPIED,
    )


def gone_key(file: int | None, call: int | None) -> str:
    """The name of a recording in `MediaParams.recordings_gone`: `file:7`, or `line:9` where only a link is known."""
    return f"line:{call}" if file is None else f"file:{file}"


def gone_recordings(runs: Iterable[Run], most_mb: int) -> list[str]:
    """The recordings earlier runs looked for and could not have.

    Args:
        runs: of one portal.
        most_mb: those a run left as too large are asked for again where its limit was lower than this one.
    """
    found: set[str] = set()
    for run in runs:
        if run.facts.parameters.get("recordings") != "copy" or not (run.folder / "plan.parquet").exists():
            continue
        told = recordings_of(run)
        gone = told["code"].isin([f"RECORDING_{state.upper()}" for state in NOT_COPIED])
        if int(run.facts.parameters.get("recording_most_mb", 0)) < most_mb:
            gone &= told["code"].ne("RECORDING_TOO_LARGE")
        files, calls = _or_none(told.loc[gone, "file"]), _or_none(told.loc[gone, "call"])
        found |= {gone_key(file, call) for file, call in zip(files, calls, strict=True)}
    return sorted(found)


def as_asked(changes: Changes, params: MediaParams) -> Changes:
    """The changes without links of calls, where nobody wants them."""
    if params.recordings != "none":
        return changes
    return Changes(changes.table[changes.table["kind"] != "bind"].reset_index(drop=True), changes.listed)


def transcripts(legs: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.Series[Any]:
    """What was said, by conversation; those without a transcript are not in it.

    Args:
        legs: calls, `Talks.legs`.
        tables: with `transcript`, where it was read.
    """
    if "transcript" not in tables or tables["transcript"].empty:
        return pd.Series(dtype="str")
    texts = tables["transcript"].set_index("ID")["transcription"].fillna("").str.strip()
    said = legs[legs["talk"].notna()].sort_values(["start", "call"], kind="stable")
    said = said.assign(text=said["activity"].map(texts).fillna(""))
    said = said[said["text"].ne("")]
    joined: pd.Series[Any] = said.groupby("talk")["text"].agg("\n\n".join)
    return joined


def transcribed(
    entity_name: str, goes_to: pd.Series[Any], said: pd.Series[Any], appeals: pd.DataFrame, field: str
) -> Changes:
    """Transcripts written into appeals that are there and have none.

    Args:
        entity_name: whose records the appeals are.
        goes_to: for each `talk` (the index) the id of its appeal; markers of appeals to be made are passed over.
        said: from `transcripts`.
        appeals: the records.
        field: of the appeals, for the text.
    """
    empty = (
        set(appeals.loc[appeals[field].fillna("").eq(""), "id"].astype("int64")) if len(appeals) else set()
    )
    texts: dict[int, list[str]] = {}
    for talk, text in said.items():
        appeal = goes_to.get(talk)
        if isinstance(appeal, int) and appeal in empty:
            texts.setdefault(appeal, []).append(str(text))
    # After the updates that note the calls: each cell has a precondition of its own.
    return rewrites(
        entity_name,
        list(texts),
        before=[{field: None} for _ in texts],
        after=[{field: "\n\n".join(each)} for each in texts.values()],
        reason=TRANSCRIBED,
    ).at_phase(PHASES["update"] + 1)


def _or_none(column: pd.Series[Any]) -> list[int | None]:
    return [None if pd.isna(each) else int(each) for each in column]
