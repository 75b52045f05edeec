"""Taking a run back: another plan, made from the journal, previewed and applied like any other.

Three-way per cell: only a cell that still reads as we wrote it goes back to what it was; later edits of
people stay, and are listed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pandas as pd

from toolkit.errors import PlanError
from toolkit.records import Snapshot, entity, same
from toolkit.runs.changes import PHASES, Changes, binds, deletes, listed, rewrites, unbinds
from toolkit.runs.desk import Desk
from toolkit.runs.folder import Run
from toolkit.runs.journal import SETTLED
from toolkit.runs.merges.carrying import taken_back
from toolkit.runs.merges.undoing import Unmerge
from toolkit.runs.multivalues import rows_of
from toolkit.runs.notes import notes_taken_back
from toolkit.runs.operation import Operation, OperationParams, Read, Tables
from toolkit.runs.references import in_place, made_by, with_ids
from toolkit.runs.settings_of_types import SETTINGS, stands
from toolkit.runs.sounds import without_files
from toolkit.runs.stood import named_by_others, worked_on
from toolkit.runs.telephony_records import taken_back as calls_taken_back
from toolkit.runs.unfilled import column_of, is_empty, unfilled

__all__ = ["Undo", "UndoParams"]

CHANGED_SINCE = "changed since by somebody else: left as it is"
NAMED = "others name it by now: left as it is"
GONE = "the record is gone"
STAYS = "goes with its smart process, or stays"
FILLED = "holds values: the field stays"
UNFILLED = "created by the run, and nobody has filled it"
NOT_UNDOABLE = "cannot be taken back"
RECORDING = "a recording attached to a call"


# Columns of a snapshot that the entity's list never answers, or only when they are named.
_UNREAD = ("user", "listcolumn")
_WORKED_ON = ("title", "stageId", "assignedById")
_UNTOLD = {
    "type": frozenset({"relations", "linkedUserFields", "customSections"}),
    "activity": frozenset({"COMMUNICATIONS", "FILES", "ORIGIN_VERSION"}),
}


class UndoParams(OperationParams):
    """What of a run to take back.

    Args:
        run: run id.
        records: only these record ids; None for all.
        changes: only these numbers of the run's plan; None for all.
    """

    run: str
    records: list[int] | None = None
    changes: list[int] | None = None


class Undo(Operation):
    """The changes that take a run back.

    Args:
        done: rows of the run's plan that were carried out, with `result` from the journal.
        types: field types by entity, from the run's snapshot.
        merges: takes merges back; None when there were none.
        fields: what the run read, by entity; needed with merges.
        numbers: `CRM_5` to the entity type id of the smart process it belongs to, of those there were before.
        few: whether the run was about a few records named one by one, so that only these are read again.
        stood: the re-reading that proved the run; None when there was none.
    """

    name = "undo"
    title: ClassVar[Mapping[str, str]] = {"en": "Take a run back", "ru": "Отменить выполненный запуск"}
    undo: ClassVar[Mapping[str, str]] = {"en": "an undo can be undone", "ru": "отмену тоже можно отменить"}
    Params = UndoParams

    def __init__(
        self,
        done: pd.DataFrame,
        types: Mapping[str, Mapping[str, Any]],
        merges: Unmerge | None = None,
        fields: Mapping[str, Sequence[str] | None] | None = None,
        numbers: Mapping[str, int] | None = None,
        few: bool = False,
        stood: Snapshot | None = None,
    ) -> None:
        self._done, self._types, self._numbers, self._few = done, types, numbers or {}, few
        self._merges, self._fields, self._stood = merges, fields or {}, stood

    @classmethod
    def of(cls, run: Run, besides: str = "") -> Undo:
        """The undo of a run, or of what earlier undos left of it.

        Args:
            run: it.
            besides: id of an undo that does not count as an earlier one: that which is being judged.

        Raises:
            PlanError: the run wrote nothing, or some of its changes have not been looked up yet.
        """
        unknown = run.journal.in_state("sent")
        if unknown:
            raise PlanError(
                f"run {run.id}",
                f"has {len(unknown)} changes whose outcome is unknown",
                f"First: b24kit resume {run.id}",
            )
        journal = run.journal.table()
        done = run.plan.table.merge(journal[journal["state"] == "done"], on="change")
        if done.empty:
            raise PlanError(f"run {run.id}", "has changed nothing", "There is nothing to undo.")
        done = with_ids(done, run.journal.results())
        before = run.before
        types = {name: before.field_types(name) for name in before.entities}
        if not (done["kind"] == "merge").any():
            few = run.facts.operation == Desk.name
            return cls(done, types, numbers=_numbers(before), few=few, stood=run.first_after)
        fields = {name: read.get("fields") for name, read in run.facts.reads.items()}
        again = taken_back(run.id, _earlier_undos(run, besides))
        return cls(done, types, Unmerge(run.id, done, before, again), fields)

    def reads(self, params: UndoParams) -> Mapping[str, Read]:
        """The records that were written, whole."""
        if self._few:
            return {name: Read(ids=ids) for name, ids in self._written().items()}
        reads = {name: Read() for name in dict.fromkeys(self._done["entity"]) if name not in _UNREAD}
        if "call" in reads:  # the statistics hold years; what is asked of a call is its activity
            reads["call"] = Read(ids=self._written()["call"])
            reads.setdefault("activity", Read(ids=self._written().get("activity", [])))
        fields_of = _given_fields(self._done, self._numbers)
        reads |= {f"item:{number}": Read() for number in fields_of if f"item:{number}" not in reads}
        numbers = [entity(name).entity_type_id for name in reads if name.startswith("item:")]
        if numbers and "type" not in reads:
            reads["type"] = Read(filter={"@entityTypeId": numbers})  # their switches, for the rehearsal
        if not reads.keys().isdisjoint(("card", "relation")):
            reads = {"type": reads.pop("type", Read()), **reads}
            reads |= {
                name: Read(linked_from=(("type", "entityTypeId"),))
                for name in ("card", "relation")
                if name in reads
            }
        if self._merges is not None:
            for name, fields in self._merges.reads(self._fields).items():
                reads[name] = Read(fields)
        return reads

    def plan(self, tables: Tables, params: UndoParams) -> Changes:
        """Cells back to what they were, where they still read as we wrote them."""
        done = self._chosen(params)
        parts: list[Changes] = []
        going: dict[str, set[int]] = {}
        becomes: dict[str, dict[int, Mapping[str, Any]]] = {}
        if self._merges is not None:
            merged = done[done["kind"] == "merge"]
            masters = [
                (str(name), int(card))
                for name, card in zip(merged["entity"], merged["record_id"], strict=True)
                if self._merges.still_merged(str(name), int(card))
            ]
            parts.append(self._merges.plan(tables, masters))
            # What was done around a merge goes back with it, out of the snapshot.
            groups = set(merged["group"])
            around = done["group"].map(lambda names: not groups.isdisjoint(names.split()))
            done = done[~(around & ~done["kind"].isin(["create", "note"]))]
        updated = done[done["kind"] == "update"]
        for each, rows in updated.groupby("entity", sort=False):
            restored, becomes[str(each)] = self._updates(str(each), rows, tables[str(each)])
            parts.append(restored)
        # What was made last goes first: an appeal before the contact it names.
        for (kind, name), rows in reversed(list(done.groupby(["kind", "entity"], sort=False))):
            if kind == "update":
                continue
            if kind == "create" and name == "userfield":
                parts.append(self._fields_made(rows, tables))
            elif kind == "create" and name == "call":
                parts.append(self._calls_made(rows, tables["activity"]))
            elif kind == "create":
                parts.append(self._creates(str(name), rows, tables, going, becomes))
            elif kind == "bind" and name == "listcolumn":
                continue  # it goes with the list, which the same run made
            elif kind == "bind" and name in SETTINGS:
                parts.append(self._settings(str(name), rows, tables))
            elif kind == "bind":
                parts.append(self._binds(str(name), rows, tables))
            elif kind == "note":
                # A card that goes takes its comments along, and cannot be asked about them any more.
                early = rows["group"] == ""
                parts.append(notes_taken_back(str(name), rows[early]).at_phase(PHASES["bind"]))
                parts.append(notes_taken_back(str(name), rows[~early]))
            elif kind == "copy" and name == "activity":
                parts.append(self._recordings(rows))
            elif kind == "copy":
                parts.append(self._copies(str(name), rows, tables[str(name)]))
            elif kind != "notify":
                parts.append(
                    listed(str(name), rows["record_id"], NOT_UNDOABLE, [f"{kind} of {name}"] * len(rows))
                )
        return Changes.joined(*parts)

    def _chosen(self, params: UndoParams) -> pd.DataFrame:
        done = self._done
        if params.records is not None:
            done = done[done["record_id"].isin(params.records)]
        if params.changes is not None:
            done = done[done["change"].isin(params.changes)]
        groups = set(done.loc[done["kind"] == "merge", "group"])
        if groups and len(done) < len(self._done):
            # A merge is taken back with everything that was done for it.
            whole = self._done["group"].map(lambda names: not groups.isdisjoint(names.split()))
            done = self._done[whole | self._done.index.isin(done.index)]
        return done

    def _updates(
        self, name: str, rows: pd.DataFrame, table: pd.DataFrame
    ) -> tuple[Changes, dict[int, Mapping[str, Any]]]:
        """The changes, and the cells of each record as they leave it."""
        present = _by_id(name, table, rows["record_id"])
        back: list[dict[str, Any]] = []
        kept: list[tuple[int, str, str]] = []
        for record_id, was, wrote in zip(rows["record_id"], rows["before"], rows["after"], strict=True):
            record = present.get(int(record_id))
            if record is None:
                kept.append((int(record_id), GONE, ""))
                continue
            before, after = json.loads(was), json.loads(wrote)
            if without_files(after) != after:
                kept.append((int(record_id), NOT_UNDOABLE, RECORDING))
                continue
            ours = [
                field for field in after if same(record.get(field), after[field], self._type(name, field))
            ]
            others = [
                field
                for field in after
                if field not in ours and not same(record.get(field), before[field], self._type(name, field))
            ]
            if others:
                kept.append(
                    (
                        int(record_id),
                        CHANGED_SINCE,
                        ", ".join(f"{field}: {record.get(field)!r}" for field in others),
                    )
                )
            if ours:
                back.append(
                    {
                        "id": int(record_id),
                        # Phones are named by the ids they have now: new ones were given by the portal.
                        "before": {f: rows_of(record[f]) if f == "fm" else after[f] for f in ours},
                        "after": {field: before[field] for field in ours},
                    }
                )
        restored = rewrites(
            name,
            [each["id"] for each in back],
            before=[each["before"] for each in back],
            after=[each["after"] for each in back],
            reason="back to what it was before the run",
        )
        return Changes.joined(restored, _kept(name, kept)), {each["id"]: each["after"] for each in back}

    def _creates(
        self,
        name: str,
        rows: pd.DataFrame,
        tables: Tables,
        going: dict[str, set[int]],
        becomes: Mapping[str, Mapping[int, Mapping[str, Any]]],
    ) -> Changes:
        table, named = tables[name], named_by_others(name, tables, going, becomes)
        made = [json.loads(text)["id"] for text in rows["result"]]
        present = _by_id(name, table, made)
        since = worked_on(self._stood, name, table, present.keys(), self._types.get(name, {}))
        ids, held, kept = [], [], []
        for record_id, wrote in zip(made, rows["after"], strict=True):
            record = present.get(int(record_id))
            if record is None:
                continue
            # What a list does not tell (labels of a field) cannot have been seen to change.
            told = record.keys() - _UNTOLD.get(name, frozenset())
            after = {
                field: value for field, value in without_files(json.loads(wrote)).items() if field in told
            }
            others = [
                field for field in after if not same(record.get(field), after[field], self._type(name, field))
            ]
            others += [field for field in since.get(int(record_id), ()) if field not in others]
            if others:
                kept.append((int(record_id), CHANGED_SINCE, ", ".join(others)))
                continue
            if int(record_id) in named:
                kept.append((int(record_id), NAMED, ""))
                continue
            ids.append(int(record_id))
            # Somebody may begin to work on it after this was planned.
            held.append({**{each: record[each] for each in _WORKED_ON if each in told}, **after})
        going.setdefault(name, set()).update(ids)
        parts = [_kept(name, kept)]
        if ids:
            parts.append(deletes(name, ids, before=held, reason="created by the run"))
        return Changes.joined(*parts)

    def _calls_made(self, rows: pd.DataFrame, activities: pd.DataFrame) -> Changes:
        """Calls of the telephone: their activities go, their lines cannot."""
        told = rows.assign(after=rows["after"].map(json.loads), result=rows["result"].map(json.loads))
        kind = self._type("activity", "RESPONSIBLE_ID")
        return calls_taken_back(told, activities, {"RESPONSIBLE_ID": kind})

    def _binds(self, name: str, rows: pd.DataFrame, tables: Tables) -> Changes:
        """Links taken away that were added; one that had been put in place of another stays, listed."""
        added = rows[rows["before"] == "{}"]
        ids = made_by(self._done, dict(zip(self._done["change"], self._results(), strict=True)))
        links = [in_place(json.loads(text), ids) for text in added["after"]]
        # With the record at its other end a link is gone.
        there = _standing(links, tables)
        added, links = added[there], [link for link, stays in zip(links, there, strict=True) if stays]
        moved = rows.loc[rows["before"] != "{}", "record_id"]
        return Changes.joined(
            unbinds(name, added["record_id"].tolist(), held=links, reason="bound by the run"),
            listed(name, moved, NOT_UNDOABLE, [f"bind of {name}"] * len(moved)),
        )

    def _fields_made(self, rows: pd.DataFrame, tables: Tables) -> Changes:
        """Custom fields go while they are empty; those of a process the run made go with it."""
        kept: list[tuple[int, str, str]] = []
        going: list[tuple[int, dict[str, Any]]] = []
        for wrote, result in zip(rows["after"], rows["result"], strict=True):
            field, made = json.loads(wrote), int(json.loads(result)["id"])
            number = self._numbers.get(str(field["entityId"]))
            records = tables.get(f"item:{number}")
            column = column_of(records, str(field["fieldName"])) if records is not None else ""
            if number is None or records is None or not column:
                kept.append((made, STAYS, ""))
            elif not is_empty(records, column):
                kept.append((made, FILLED, str(field["fieldName"])))
            else:
                going.append((made, unfilled(records, number, column)))
        gone = deletes("userfield", [made for made, _ in going], before=[{} for _ in going], reason=UNFILLED)
        gone = Changes(gone.table.assign(after=[json.dumps(facts) for _, facts in going]), gone.listed)
        return Changes.joined(gone, _kept("userfield", kept))

    def _settings(self, name: str, rows: pd.DataFrame, tables: Tables) -> Changes:
        """Settings of smart processes put back; those of one the run made go with it."""
        made = {
            int(json.loads(text).get("entityTypeId", 0))
            for text in self._done.loc[
                self._done["entity"].eq("type") & self._done["kind"].eq("create"), "after"
            ]
        }
        table = tables[name]
        open_ = [
            int(number) not in made
            and not stands(table, name, int(number), json.loads(was), json.loads(wrote))
            for number, was, wrote in zip(rows["record_id"], rows["before"], rows["after"], strict=True)
        ]
        back = rows[pd.Series(open_, index=rows.index, dtype=bool)]
        return binds(
            name,
            back["record_id"].tolist(),
            to=[json.loads(text) for text in back["before"]],
            instead_of=[json.loads(text) for text in back["after"]],
            reason="back to what it was before the run",
        )

    def _copies(self, name: str, rows: pd.DataFrame, table: pd.DataFrame) -> Changes:
        """Recordings taken out again, of records that stay and still hold them."""
        present = _by_id(name, table, rows["record_id"])
        made = {int(json.loads(text)["id"]) for text in self._made(name)}
        before, after, ids, kept = [], [], [], []
        for record_id, wrote, result in zip(rows["record_id"], rows["after"], rows["result"], strict=True):
            record, field = present.get(int(record_id)), json.loads(wrote)["field"]
            if record is None or int(record_id) in made:
                continue  # it goes, or went, with its record
            file = json.loads(result)["id"]
            if not same(record.get(field), file, self._type(name, field)):
                kept.append((int(record_id), CHANGED_SINCE, field))
                continue
            ids.append(int(record_id))
            before.append({field: file})
            after.append({field: ""})
        taken = rewrites(name, ids, before=before, after=after, reason="copied by the run")
        return Changes.joined(taken.at_phase(PHASES["update"] - 1), _kept(name, kept))

    def _recordings(self, rows: pd.DataFrame) -> Changes:
        """A recording goes with the call the run made; with any other it stays."""
        made = set(
            made_by(self._done, dict(zip(self._done["change"], self._results(), strict=True))).values()
        )
        ids = [int(each) for each in rows["record_id"] if int(each) not in made]
        return listed("activity", ids, NOT_UNDOABLE, RECORDING)

    def _written(self) -> dict[str, list[int]]:
        """Ids of the records that were written or made, by entity."""
        ids: dict[str, set[int]] = {}
        for name, record_id, result in zip(
            self._done["entity"], self._done["record_id"], self._results(), strict=True
        ):
            if result.get("activity"):
                ids.setdefault("activity", set()).add(int(result["activity"]))
            number = result.get("id") if pd.isna(record_id) else record_id
            if number is not None:
                ids.setdefault(str(name), set()).add(int(number))
        return {name: sorted(each) for name, each in ids.items()}

    def _made(self, name: str) -> list[str]:
        rows = self._done[(self._done["kind"] == "create") & (self._done["entity"] == name)]
        return rows["result"].tolist()

    def _results(self) -> list[Any]:
        return [json.loads(text) if isinstance(text, str) and text else {} for text in self._done["result"]]

    def _type(self, name: str, field: str) -> Any:
        return self._types.get(name, {}).get(field) or entity(name).field_type(field)


def _earlier_undos(run: Run, besides: str) -> list[Run]:
    """Undos of a run that wrote something, oldest first.

    Raises:
        PlanError: one of them is not finished.
    """
    found = []
    for each in Run.all(run.folder.parent.parent, run.now):
        if each.facts.undoes != run.id or each.id == besides or each.facts.rehearses or not each.has_plan:
            continue
        touched = each.journal.counts()
        if not touched:
            continue
        if set(each.plan.active["change"]) - set(each.journal.in_state(*SETTLED)):
            raise PlanError(
                f"run {run.id}", f"is being taken back by {each.id}", f"First: b24kit resume {each.id}"
            )
        found.append(each)
    return found


def _given_fields(done: pd.DataFrame, numbers: Mapping[str, int]) -> list[int]:
    """Entity type ids of the smart processes, there before, that a run gave fields."""
    rows = done[(done["kind"] == "create") & (done["entity"] == "userfield")]
    owners = {str(json.loads(text)["entityId"]) for text in rows["after"]}
    return sorted(numbers[each] for each in owners if each in numbers)


def _numbers(before: Snapshot) -> dict[str, int]:
    if "type" not in before.entities:
        return {}
    types = before.table("type", ["id", "entityTypeId"])
    return {f"CRM_{own}": int(number) for own, number in zip(types["id"], types["entityTypeId"], strict=True)}


def _standing(links: Sequence[Mapping[str, Any]], tables: Tables) -> list[bool]:
    """For each link, whether the record at its other end is there, as far as can be seen."""
    ends = [entity(f"item:{link['entityTypeId']}") for link in links]
    ids = {end.name: set(tables[end.name][end.id_field]) for end in set(ends) if end.name in tables}
    return [
        end.name not in ids or int(link["entityId"]) in ids[end.name]
        for end, link in zip(ends, links, strict=True)
    ]


def _by_id(name: str, table: pd.DataFrame, ids: Sequence[Any] | pd.Series[Any]) -> dict[int, dict[str, Any]]:
    id_field = entity(name).id_field
    chosen = table[table[id_field].isin(list(ids))]
    records = chosen.astype(object).where(chosen.notna(), None).to_dict("records")
    return {
        int(record[id_field]): {str(field): value for field, value in record.items()} for record in records
    }


def _kept(name: str, kept: Sequence[tuple[int, str, str]]) -> Changes:
    if not kept:
        return Changes()
    ids, reasons, details = zip(*kept, strict=True)
    return listed(name, list(ids), list(reasons), list(details))
