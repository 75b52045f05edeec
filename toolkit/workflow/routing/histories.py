"""Appeals of the past, out of a snapshot or an export, and a directory run over them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pandas as pd

from toolkit.errors import SheetError
from toolkit.records import Snapshot, entity
from toolkit.routing.evaluator import CONDITIONS, Book
from toolkit.routing.history import as_history
from toolkit.routing.refusals import RoutingRefused
from toolkit.routing.simulation import Simulation, simulate
from toolkit.runs.routed import appeals_in, condition_fields
from toolkit.sheets.checking import CheckedDirectory
from toolkit.sheets.columns import RULES, heading_key, known_channels
from toolkit.sheets.converting import book_of
from toolkit.sheets.rows import read_rows
from toolkit.sheets.spelling import fold
from toolkit.workflow.routing.publishing import published_routing, today_on
from toolkit.workflow.snapshots import snapshot as take_copy
from toolkit.workflow.workspace import Workspace, connect

__all__ = ["routing_history", "simulate_routing"]

_OTHER_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "номер", "№", "номер обращения"),
    "at": (
        "дата",
        "дата и время",
        "когда",
        "создано",
        "дата создания",
        "дата обращения",
        "date",
        "created",
        "at",
    ),
    "text": ("текст", "сообщение", "текст обращения", "text", "message"),
    "responsible": ("id ответственного", "responsible id"),
    "response_minutes": ("время ответа, мин", "ответ, мин", "response, min", "response minutes"),
}


def routing_history(
    work: Workspace,
    snapshot: Snapshot | Path | None = None,
    file: Path | None = None,
    *,
    entity_type_id: int = 2,
    fields: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Past appeals, ready for `simulate`.

    Args:
        work: where.
        snapshot: of the appeals; None for the newest one on this machine that holds them, else one is taken.
        file: an export instead: .csv, .parquet, or a spreadsheet, with headings as in a directory and
            «Дата», «Текст», «Ответ, мин» (`HISTORY` names serve as well).
        entity_type_id: what appeals are on the portal: 2 for deals.
        fields: code to field, where the labels do not tell; see `runs.routed.condition_fields`.

    Returns:
        Columns as `toolkit.routing.HISTORY`, moments by the portal's wall clock. How long an answer took is what an
        export says, else the time to the first move on, as `appeals_in` defines it, where the snapshot holds
        `stagehistory:<type>`; one taken here does. `attrs["answered"]` is then `moved`.

    Raises:
        RoutingRefused: the file or the snapshot has no appeals that could be used.
    """
    if file is not None:
        return _of_file(file)
    name = entity(f"item:{entity_type_id}").name
    found = Snapshot.open(snapshot) if isinstance(snapshot, Path) else snapshot
    stages = f"stagehistory:{entity_type_id}"
    if found is None:
        found = _newest(work, name) or take_copy(work, [name, "status", stages])
    if name not in found.entities:
        raise RoutingRefused(str(found.folder), f"holds no {name}", "Take a snapshot of the appeals.")
    definitions = found.manifest.entities[name].fields
    chosen = condition_fields(definitions, fields or {}, asked_by="routing simulate")
    statuses = found.table("status") if "status" in found.entities else None
    zone = timezone(timedelta(seconds=found.manifest.offset_s))
    moves = found.table(stages) if stages in found.entities else None
    past = appeals_in(found.table(name), definitions, statuses, chosen, zone, moves)
    if moves is not None:
        past.attrs["answered"] = "moved"
    return past


def simulate_routing(
    work: Workspace,
    checked: CheckedDirectory | Book,
    history: pd.DataFrame | None = None,
    *,
    on: date | None = None,
) -> Simulation:
    """Run a directory over past appeals and compare it with the one in force.

    Args:
        work: where.
        checked: a checked file without errors, or a directory.
        history: from `routing_history`; None reads it.
        on: rules are taken as of this day; None for today, by the portal's calendar.

    Raises:
        RoutingRefused: the file has errors, or there is no history.
    """
    book = checked if isinstance(checked, Book) else book_of(checked)
    with connect(work) as portal:
        day = on or today_on(portal)
    past = routing_history(work, entity_type_id=book.entity_type_id) if history is None else history
    if past.empty:
        raise RoutingRefused("The history", "holds no appeals", "Give another snapshot or an export.")
    try:
        current = published_routing(work)
    except RoutingRefused:
        current = None  # no place for it yet, or unusable: what really happened is the comparison
    return simulate(current, book, past, day, people=_names(work, past))


def _names(work: Workspace, past: pd.DataFrame) -> dict[str, str]:
    """Names of whoever had the appeals."""
    ids = sorted({int(each) for each in past["responsible"].dropna().unique() if str(each).isdecimal()})
    if not ids:
        return {}
    with connect(work) as portal:
        users = [each for page in portal.list("user.get", {"FILTER": {"ID": ids}}) for each in page]
    named = {
        str(each["ID"]): f"{each.get('NAME') or ''} {each.get('LAST_NAME') or ''}".strip() for each in users
    }
    return {person: name for person, name in named.items() if name}


def _newest(work: Workspace, name: str) -> Snapshot | None:
    with connect(work) as portal:
        folder = work.root / portal.host.replace(":", "_")
    for path in sorted(folder.glob("snapshot-*"), reverse=True):
        if (path / "manifest.json").exists():
            found = Snapshot.open(path)
            if name in found.entities and "status" in found.entities:
                return found
    return None


def _of_file(file: Path) -> pd.DataFrame:
    frame = _table(file)
    headings = {
        heading_key(label): column.key
        for column in RULES.columns
        if column.key in CONDITIONS
        for label in (column.key, column.ru, column.en, *column.also)
    }
    headings |= {heading_key(each): key for key, known in _OTHER_HEADINGS.items() for each in (key, *known)}
    names: dict[str, str] = {}
    for column in frame.columns:
        key = headings.get(heading_key(str(column)))
        if key is not None and key not in names.values():
            names[str(column)] = key
    frame = frame[list(names)].rename(columns=names)
    if "at" not in frame or "topic" not in frame:
        raise RoutingRefused(
            file.name, "has no columns with the date and the topic", "Name them «Дата» and «Тема»."
        )
    try:
        frame["at"] = _moments(frame["at"])
    except (ValueError, TypeError) as error:
        raise RoutingRefused(
            file.name,
            "has dates that cannot be read",
            "Write them like 2026-03-01 14:30 or 01.03.2026 14:30.",
        ) from error
    if "channel" in frame:
        known = known_channels()
        frame["channel"] = frame["channel"].map(
            {each: known.get(fold(str(each)), str(each)) for each in frame["channel"].dropna().unique()}
        )
    if "responsible" in frame:
        frame["responsible"] = frame["responsible"].map(
            lambda who: str(who).removesuffix(".0"), na_action="ignore"
        )
    return as_history(frame)


def _table(file: Path) -> pd.DataFrame:
    """An export as it is; large ones come as CSV or Parquet, and are not read cell by cell."""
    try:
        if file.suffix.lower() == ".parquet":
            return pd.read_parquet(file)
        if file.suffix.lower() == ".csv":
            head = file.read_bytes()[:65536]
            encoding = "utf-8-sig"
            try:
                head[: head.rfind(b"\n") + 1].decode(encoding)
            except UnicodeDecodeError:
                encoding = "cp1251"
            first = head.decode(encoding, errors="replace").partition("\n")[0]
            mark = max(";\t,", key=first.count)
            return pd.read_csv(
                file, sep=mark, encoding=encoding, dtype=str, keep_default_na=False, na_values=[""]
            )
        return pd.DataFrame(read_rows(file))
    except SheetError:
        raise
    except (OSError, ValueError) as error:
        raise RoutingRefused(file.name, f"cannot be read: {error}", "Check the file.") from error


def _moments(column: pd.Series) -> pd.Series:
    if not pd.api.types.is_string_dtype(column) and column.dtype != object:
        return pd.to_datetime(column)
    values = {each: _moment(each) for each in column.unique()}
    return pd.to_datetime(column.map(values))


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    text = str(value).strip()
    for form in ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y"):
        try:
            return datetime.strptime(text, form)  # a wall clock without a zone is what is meant
        except ValueError:
            continue
    return datetime.fromisoformat(text).replace(tzinfo=None)
