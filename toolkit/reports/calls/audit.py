"""Who answers whose clients: calls taken by somebody other than the client's responsible, and what to repair.

Bitrix24 keeps no history of responsibles that REST could read (the stage history names no person), so the
responsible at the time of a call is told from what was seen: a card that has not been edited since the call
had the same responsible then, and snapshots before and after the call that agree vouch for the time between.
Where neither helps, today's responsible stands, and the column `known` says so.

Source:
    api-reference/crm/crm-stage-history-list.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from toolkit.records import Snapshot, entity
from toolkit.reports.calls.columns import Language, said
from toolkit.reports.calls.dataset import CallsDataset, named

__all__ = ["HANDED", "RoutingAudit", "audit_routing", "responsibles_seen"]

HANDED = ("from", "to", "id")
"""The columns of a table `reassign_by_table` takes."""

_KNOWN: Mapping[str, tuple[str, str]] = {
    "unchanged": ("карточка с тех пор не менялась", "the card has not been edited since"),
    "seen": ("снимки до и после звонка", "snapshots before and after the call"),
    "today": ("нынешний: тогдашний неизвестен", "today's: nobody knows who it was then"),
}
_SEEN = ["entity", "id", "at", "updated", "responsible_id"]


@dataclass(frozen=True)
class RoutingAudit:
    """What the audit found.

    Args:
        calls: incoming calls somebody answered, of clients that have a responsible: call, start, line, number,
            client_entity, client_id, client, then_id and then (responsible at that time), known (how that is
            known, in words), sure (whether it is), employee_id and employee (who answered), own (whether they
            are the same).
        by_line: line, calls, by_others, share, most_by (who answers most of it), most_share; the worst first.
        by_employee: employee_id, employee, calls, of_others (of them, of other people's clients), share.
        repairs: clients to hand over: entity, id, client, responsible_id, responsible, calls, by_responsible,
            to_id, to (who answers them), to_calls, lines (they call).
        language: of its words.
    """

    calls: pd.DataFrame
    by_line: pd.DataFrame
    by_employee: pd.DataFrame
    repairs: pd.DataFrame
    language: Language

    def handovers(self, name: str = "contact") -> pd.DataFrame:
        """The repairs as `reassign_by_table` takes them: one row per record, columns from, to, id.

        Args:
            name: entity the records are of; give the same to the operation.
        """
        chosen = self.repairs[self.repairs["entity"] == entity(name).name]
        found = chosen[["responsible_id", "to_id", "id"]].astype("int64")
        return found.set_axis(list(HANDED), axis=1).reset_index(drop=True)


def responsibles_seen(snapshots: Iterable[Snapshot], ids: Mapping[str, Iterable[int]]) -> pd.DataFrame:
    """Who was responsible for these clients when each of these snapshots was taken.

    Args:
        snapshots: of one portal; those that do not say who is responsible, or since when a card is unchanged,
            are passed over.
        ids: entity to the records that matter.

    Returns:
        Columns entity, id, at (when it was seen), updated (not edited since), responsible_id.

    Raises:
        SnapshotError: a snapshot is damaged.
    """
    parts = []
    for each in snapshots:
        for name, wanted in ids.items():
            if name not in each.entities or not {"assignedById", "updatedTime"} <= set(each.columns(name)):
                continue
            cards = each.table(name, ["id", "assignedById", "updatedTime"])
            cards = cards[cards["id"].isin(list(wanted))]
            parts.append(
                pd.DataFrame(
                    {
                        "entity": name,
                        "id": cards["id"].astype("int64"),
                        "at": pd.Timestamp(each.manifest.finished),
                        "updated": cards["updatedTime"],
                        "responsible_id": cards["assignedById"],
                    }
                )
            )
    return _observations(parts)


def audit_routing(
    dataset: CallsDataset,
    seen: pd.DataFrame | None = None,
    *,
    days: int = 180,
    min_calls: int = 2,
    min_share: float = 0.5,
) -> RoutingAudit:
    """Compare who answers with who is responsible.

    Args:
        dataset: the calls.
        seen: what other snapshots saw, from `responsibles_seen`; None looks at the dataset's own alone.
        days: repairs follow the calls of so many days before the newest; older habits do not count.
        min_calls: how many calls of a client one person must have answered to be proposed.
        min_share: and which share of them at least.

    Returns:
        Only people who work there are proposed, and nobody for clients whose responsible answers as often.
    """
    calls = _answered(dataset)
    _add_responsible_then(calls, dataset, seen)
    calls["line"] = calls["line"].where(calls["line"].ne(""), said("no line", dataset.language))
    calls["own"] = calls["employee_id"].eq(calls["then_id"]).astype(bool)
    return RoutingAudit(
        calls.reset_index(drop=True),
        _by_line(calls),
        _by_employee(calls),
        _repairs(calls, dataset, days, min_calls, min_share),
        dataset.language,
    )


def _answered(dataset: CallsDataset) -> pd.DataFrame:
    table = dataset.table
    mine = (
        table["direction"].cat.codes.eq(0)
        & table["answered"].fillna(False).astype(bool)
        & table["employee_id"].notna()
        & table["responsible_id"].notna()
        & table["start"].notna()
    )
    columns = ["call", "start", "line", "number", "client_entity", "client_id", "client"]
    return table.loc[mine, [*columns, "responsible_id", "responsible", "employee_id", "employee"]].copy()


def _add_responsible_then(calls: pd.DataFrame, dataset: CallsDataset, seen: pd.DataFrame | None) -> None:
    """Write `then_id`, `then` and `known`."""
    moment = calls["start"].dt.tz_convert("UTC").astype("datetime64[us, UTC]")
    taken = pd.Timestamp(dataset.taken) if dataset.taken else moment.max()
    own = dataset.clients.assign(at=taken)[_SEEN]
    observed = _observations([own] if seen is None else [own, seen])
    asked = pd.DataFrame(
        {
            "at": moment,
            "entity": calls["client_entity"].astype("str"),
            "id": calls["client_id"].astype("int64"),
            "row": calls.index,
        }
    ).sort_values("at", kind="stable")
    by = ["entity", "id"]
    later = pd.merge_asof(asked, observed, on="at", by=by, direction="forward").set_index("row")
    earlier = pd.merge_asof(asked, observed, on="at", by=by, direction="backward").set_index("row")
    later, earlier = later.reindex(calls.index), earlier.reindex(calls.index)
    unchanged = later["responsible_id"].notna() & later["updated"].le(moment)
    agree = later["responsible_id"].eq(earlier["responsible_id"]).fillna(False).astype(bool)
    known = pd.Series("today", index=calls.index).mask(agree, "seen").mask(unchanged, "unchanged")
    calls["then_id"] = (
        later["responsible_id"].where(known.ne("today"), calls["responsible_id"]).astype("Int64")
    )
    calls["then"] = named(calls["then_id"], dataset.people, dataset.language)
    at = 0 if dataset.language == "ru" else 1
    calls["sure"] = known.ne("today")
    calls["known"] = known.map({each: both[at] for each, both in _KNOWN.items()}).astype("str")


def _by_line(calls: pd.DataFrame) -> pd.DataFrame:
    found = _shares(calls, ["line"], "by_others")
    counted = calls.groupby(["line", "employee"]).agg(most_calls=("call", "size")).reset_index()
    counted = counted.sort_values(["line", "most_calls", "employee"], ascending=[True, False, True])
    most = counted.drop_duplicates("line").set_index("line")
    found["most_by"] = most["employee"].reindex(found["line"]).to_numpy()
    found["most_share"] = most["most_calls"].reindex(found["line"]).to_numpy() / found["calls"]
    return found


def _by_employee(calls: pd.DataFrame) -> pd.DataFrame:
    return _shares(calls, ["employee_id", "employee"], "of_others")


def _shares(calls: pd.DataFrame, by: list[str], others: str) -> pd.DataFrame:
    each = calls.assign(other=~calls["own"]).groupby(by)["other"].agg(["size", "sum"]).reset_index()
    found: pd.DataFrame = each.rename(columns={"size": "calls", "sum": others}).astype({others: "int64"})
    found["share"] = found[others] / found["calls"]
    order = [others, "calls", by[-1]]
    return found.sort_values(order, ascending=[False, False, True]).reset_index(drop=True)


def _repairs(
    calls: pd.DataFrame, dataset: CallsDataset, days: int, min_calls: int, min_share: float
) -> pd.DataFrame:
    recent = calls[calls["start"] >= calls["start"].max() - pd.Timedelta(days=days)]
    key = ["client_entity", "client_id"]
    each = recent.groupby([*key, "employee_id"]).agg(to_calls=("call", "size"), last=("start", "max"))
    each = each.reset_index().sort_values(
        [*key, "to_calls", "last"], ascending=[True, True, False, False], kind="stable"
    )
    most = each.drop_duplicates(key)
    facts = recent.groupby(key).agg(
        calls=("call", "size"),
        client=("client", "first"),
        responsible_id=("responsible_id", "first"),
        responsible=("responsible", "first"),
    )
    by_own = recent[recent["employee_id"].eq(recent["responsible_id"])].groupby(key).size()
    found = most.merge(facts.reset_index(), on=key)
    index = pd.MultiIndex.from_frame(found[key])
    found["by_responsible"] = by_own.reindex(index).fillna(0).astype("int64").to_numpy()
    active = dataset.people.index[dataset.people["active"]]
    chosen = (
        found["employee_id"].ne(found["responsible_id"])
        & found["employee_id"].isin(active)
        & found["to_calls"].ge(min_calls)
        & found["to_calls"].ge(min_share * found["calls"])
        & found["to_calls"].gt(found["by_responsible"])
    )
    found = found[chosen].rename(
        columns={"client_entity": "entity", "client_id": "id", "employee_id": "to_id"}
    )
    found["to"] = named(found["to_id"], dataset.people, dataset.language)
    theirs = recent[["client_entity", "client_id", "line"]].drop_duplicates()
    theirs = theirs.merge(found[["entity", "id"]], left_on=key, right_on=["entity", "id"]).sort_values("line")
    lines = theirs.groupby(["entity", "id"])["line"].agg(", ".join)
    index = pd.MultiIndex.from_frame(found[["entity", "id"]])
    found["lines"] = lines.reindex(index).to_numpy(dtype=object)
    columns = ["entity", "id", "client", "responsible_id", "responsible", "calls", "by_responsible"]
    found = found.sort_values(["to_calls", "entity", "id"], ascending=[False, True, True])
    repairs: pd.DataFrame = found[[*columns, "to_id", "to", "to_calls", "lines"]].reset_index(drop=True)
    return repairs


def _observations(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """What was seen, in the order of its time."""
    found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_SEEN)
    moments: dict[str, Any] = {
        name: pd.to_datetime(found[name], utc=True).astype("datetime64[us, UTC]")
        for name in ("at", "updated")
    }
    found = found.assign(**moments).astype({"entity": "str", "id": "int64", "responsible_id": "Int64"})
    return found.sort_values("at", kind="stable").reset_index(drop=True)
