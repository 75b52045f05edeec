"""CRM records: added, changed, deleted, with everything that hangs on them.

The rules every door shares live here: defaults, required fields, stages and their semantics, phones,
bindings, history, and the news of a change. `crm.item.*` and the legacy methods only translate.

Source: api-reference/crm/universal/crm-item-{add,update,delete}.md and import/*.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ..wire.errors import RestError, access_denied, not_found
from .fields import Kind
from .store import Column, declare_table

if TYPE_CHECKING:
    from ..call import Caller
    from ..portal import Sandbox

__all__ = ["Change", "Draft", "PhoneEdit", "Records"]

declare_table(
    "multifield",
    "ENTITY_TYPE_ID int",
    "ELEMENT_ID int",
    "TYPE_ID",
    "VALUE_TYPE",
    "VALUE",
    indexes=[("ENTITY_TYPE_ID", "ELEMENT_ID"), ("VALUE",)],
)
declare_table(
    "binding",
    "OWNER_TYPE_ID int",
    "OWNER_ID int",
    "LINKED_TYPE_ID int",
    "LINKED_ID int",
    Column("SORT", "int", 0),
    Column("ROLE_ID", "int", 0),
    Column("IS_PRIMARY", "flag", "N"),
    # How the linked side (a company, of its contacts) orders the link and which it prefers; 0: as the owner.
    Column("LINKED_SORT", "int", 0),
    Column("LINKED_PRIMARY", "flag", "N"),
    indexes=[
        ("OWNER_TYPE_ID", "OWNER_ID", "LINKED_TYPE_ID"),
        ("LINKED_TYPE_ID", "LINKED_ID", "OWNER_TYPE_ID"),
    ],
)
declare_table(
    "stage_history",
    "ENTITY_TYPE_ID int",
    "TYPE_ID int",
    "OWNER_ID int",
    "CREATED_TIME time",
    "CATEGORY_ID int",
    "STAGE_SEMANTIC_ID",
    "STAGE_ID",
    indexes=[("ENTITY_TYPE_ID", "OWNER_ID")],
)
declare_table(
    "category",
    "ENTITY_TYPE_ID int",
    "CATEGORY_ID int",
    "NAME",
    Column("SORT", "int", 500),
    Column("IS_DEFAULT", "flag", "N"),
    Column("IS_SYSTEM", "flag", "N"),
    "CODE",
    "ORIGIN_ID",
    "ORIGINATOR_ID",
    "CREATED_DATE time",
    indexes=[("ENTITY_TYPE_ID", "CATEGORY_ID")],
)
declare_table(
    "status",
    "ENTITY_ID",
    "STATUS_ID",
    "NAME",
    "NAME_INIT",
    Column("SORT", "int", 10),
    Column("SYSTEM", "flag", "N"),
    "CATEGORY_ID int",
    "COLOR",
    "SEMANTICS",
    "EXTRA json",
    indexes=[("ENTITY_ID", "STATUS_ID")],
)

FM_TYPES = ("PHONE", "EMAIL", "WEB", "IM", "LINK")

SAVE_RULES: list[Callable[[Sandbox, Kind, int, dict[str, Any]], None]] = []
"""What method families have to say on a row that is about to be changed; a family adds its own at import."""

# Linked type -> column of the primary link on the owner's row.
PRIMARY_COLUMN = {3: "CONTACT_ID", 4: "COMPANY_ID"}


@dataclass(frozen=True)
class PhoneEdit:
    """One edit of a phone, e-mail or other multifield.

    Args:
        action: add, update, delete.
        type_id: PHONE, EMAIL, WEB, IM, LINK.
        value: new value.
        value_type: WORK, MOBILE, ...
        id: the row edited; 0 for additions.
    """

    action: Literal["add", "update", "delete"]
    type_id: str = ""
    value: str = ""
    value_type: str = "WORK"
    id: int = 0


@dataclass
class Draft:
    """What a client asks to be written, already in stored form.

    Args:
        columns: stored values by column.
        phones: edits of multifields, in order.
        contact_ids: new set of linked contacts, first is primary; None leaves them.
        company_ids: likewise for a contact's companies.
    """

    columns: dict[str, Any] = field(default_factory=dict)
    phones: list[PhoneEdit] = field(default_factory=list)
    contact_ids: list[int] | None = None
    company_ids: list[int] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked."""
        return not (self.columns or self.phones) and self.contact_ids is None and self.company_ids is None


@dataclass(frozen=True)
class Change:
    """News of one record: for robots, event handlers and other families.

    Args:
        action: add, update, delete.
        kind: kind of record.
        id: its id.
        before: its row before; empty for add.
        after: its row after; empty for delete.
        by: user id.
        imported: came through import: no automation, no robots.
        key: the caller's auth key, so that event queues can leave out its own echo.
    """

    action: Literal["add", "update", "delete"]
    kind: Kind
    id: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    by: int
    imported: bool = False
    key: str = ""

    @property
    def columns(self) -> list[str]:
        """Columns whose value differs."""
        return [name for name in self.after if self.after[name] != self.before.get(name)]


class Records:
    """The CRM records of one portal.

    Args:
        portal: the sandbox they belong to.
    """

    def __init__(self, portal: Sandbox) -> None:
        self._portal = portal
        self._store = portal.store

    # -- reading ---------------------------------------------------------------------------------

    def get(self, kind: Kind, id_: int) -> dict[str, Any] | None:
        """A record's row, or None."""
        return self._store.get(kind.table, id_)

    def readable(self, kind: Kind, id_: int, caller: Caller) -> dict[str, Any]:
        """A record's row.

        Raises:
            RestError: NOT_FOUND, or ACCESS_DENIED when the caller may not read it.
        """
        row = self.get(kind, id_)
        if row is None:
            raise not_found()
        if not self.may(caller, "READ", row):
            raise access_denied()
        return row

    def writable(self, kind: Kind, id_: int, caller: Caller) -> dict[str, Any]:
        """A record's row, for somebody about to change or delete it.

        Raises:
            RestError: NOT_FOUND, or ACCESS_DENIED when the caller may not.
        """
        row = self.get(kind, id_)
        if row is None:
            raise not_found()
        if not self.may(caller, "WRITE", row):
            raise access_denied()
        return row

    def may(self, caller: Caller, right: Literal["READ", "WRITE"], row: Mapping[str, Any]) -> bool:
        """Whether the caller's role lets it read or write that record."""
        clause, args = self.rights_clause(caller, right)
        if clause == "1":
            return True
        given = (row["ASSIGNED_BY_ID"], row["OPENED"])
        sql = f"SELECT {clause} FROM (SELECT ? AS ASSIGNED_BY_ID, ? AS OPENED)"
        return bool(self._store.value(sql, [*args, *given]))

    def rights_clause(self, caller: Caller, right: Literal["READ", "WRITE"]) -> tuple[str, list[Any]]:
        """SQL for the rows the caller may see.

        Roles, per user and right, as on the portal's rights page: X all, O own and open to everybody,
        D own department's, A own, empty none. Administrators see all.
        """
        level = caller.user.get(f"CRM_{right}") or ""
        if caller.is_admin or level == "X":
            return "1", []
        own = caller.user_id
        if level == "O":
            return "(ASSIGNED_BY_ID = ? OR OPENED = 'Y')", [own]
        if level == "D":
            departments = set(json.loads(caller.user.get("UF_DEPARTMENT") or "[]"))
            mates = [
                row["ID"]
                for row in self._store.rows("SELECT ID, UF_DEPARTMENT FROM user")
                if departments & set(json.loads(row["UF_DEPARTMENT"] or "[]"))
            ]
            marks = ", ".join("?" for _ in mates)
            return f"(ASSIGNED_BY_ID IN ({marks}) OR ASSIGNED_BY_ID = ?)", [*mates, own]
        if level == "A":
            return "ASSIGNED_BY_ID = ?", [own]
        return "0", []

    def phones(self, kind: Kind, ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        """Multifields of several records, by record id, in row order."""
        found: dict[int, list[dict[str, Any]]] = {}
        if kind.has_phones and ids:
            marks = ", ".join("?" for _ in ids)
            for row in self._store.rows(
                f"SELECT * FROM multifield WHERE ENTITY_TYPE_ID = ? AND ELEMENT_ID IN ({marks}) ORDER BY ID",
                [kind.entity_type_id, *ids],
            ):
                found.setdefault(row["ELEMENT_ID"], []).append(dict(row))
        return found

    def links(self, kind: Kind, ids: Sequence[int], linked_type: int) -> dict[int, list[int]]:
        """Ids of linked contacts (3) or companies (4) of several records, primary first, then by sort."""
        found: dict[int, list[int]] = {}
        if ids:
            marks = ", ".join("?" for _ in ids)
            for row in self._store.rows(
                "SELECT OWNER_ID, LINKED_ID FROM binding WHERE OWNER_TYPE_ID = ? AND LINKED_TYPE_ID = ?"
                f" AND OWNER_ID IN ({marks}) ORDER BY OWNER_ID, IS_PRIMARY DESC, SORT, ID",  # only marks
                [kind.entity_type_id, linked_type, *ids],
            ):
                found.setdefault(row["OWNER_ID"], []).append(row["LINKED_ID"])
        return found

    def linked_from(self, kind: Kind, ids: Sequence[int], owner_type: int) -> dict[int, list[int]]:
        """The other direction: ids of owners (contacts of companies) by linked id."""
        found: dict[int, list[int]] = {}
        if ids:
            marks = ", ".join("?" for _ in ids)
            for row in self._store.rows(
                "SELECT OWNER_ID, LINKED_ID FROM binding WHERE LINKED_TYPE_ID = ? AND OWNER_TYPE_ID = ?"
                f" AND LINKED_ID IN ({marks}) ORDER BY LINKED_ID, OWNER_ID",  # only marks
                [kind.entity_type_id, owner_type, *ids],
            ):
                found.setdefault(row["LINKED_ID"], []).append(row["OWNER_ID"])
        return found

    # -- writing ---------------------------------------------------------------------------------

    def add(self, kind: Kind, draft: Draft, caller: Caller, *, imported: bool = False) -> int:
        """Add a record: defaults, checks, phones, links, history, news.

        Args:
            kind: kind of record.
            draft: what the client gave; system times only when `imported`.
            caller: creator unless the draft says otherwise.
            imported: no automation; system fields in the draft are kept.

        Raises:
            RestError: a required field is empty, a stage is not of the pipeline, no right to add.
        """
        if not caller.is_admin and not (caller.user.get("CRM_WRITE") or ""):
            raise access_denied()
        now = int(self._portal.clock.now())
        row = self.defaults(kind, draft, caller.user_id, now)
        row.update(
            {name: value for name, value in draft.columns.items() if value is not None or name not in row}
        )
        self._check(kind, row, adding=True)
        self._settle_stage(kind, row, {}, caller.user_id, now, given=draft.columns)
        if not imported and not self.may(
            caller, "WRITE", {"ASSIGNED_BY_ID": row.get("ASSIGNED_BY_ID"), "OPENED": row.get("OPENED")}
        ):
            raise access_denied()
        id_ = self._store.insert(kind.table, row)
        if "TITLE" in kind.by_column() and not row.get("TITLE"):
            self._store.update(kind.table, id_, {"TITLE": f"{kind.title} #{id_}"})
        if "quoteNumber" in kind.fields and not row.get("QUOTE_NUMBER"):
            self._store.update(kind.table, id_, {"QUOTE_NUMBER": str(id_)})
        self.edit_phones(kind, id_, draft.phones)
        self._write_links(kind, id_, draft, row)
        self._note_stage(kind, id_, {}, row, now)
        after = self.get(kind, id_) or {}
        self._portal.tell(Change("add", kind, id_, {}, after, caller.user_id, imported, caller.key))
        return id_

    def update(self, kind: Kind, id_: int, draft: Draft, caller: Caller) -> bool:
        """Change a record. When nothing differs the save is skipped: no new time, no event, no robot.

        Returns:
            Whether anything was changed.

        Raises:
            RestError: as `add`.
        """
        before = self.writable(kind, id_, caller)
        now = int(self._portal.clock.now())
        changed = {name: value for name, value in draft.columns.items() if before.get(name) != value}
        merged = {**before, **changed}
        if changed:
            self._check(kind, merged, adding=False)
            self._settle_stage(kind, merged, before, caller.user_id, now, given=changed)
            for rule in SAVE_RULES:
                rule(self._portal, kind, id_, merged)
            changed = {name: value for name, value in merged.items() if before.get(name) != value}
        touched = self.edit_phones(kind, id_, draft.phones)
        touched |= self._write_links(kind, id_, draft, changed)
        if not changed and not touched:
            return False
        changed["UPDATED_TIME"], changed["UPDATED_BY"] = now, caller.user_id
        self._store.update(kind.table, id_, changed)
        after = self.get(kind, id_) or {}
        self._note_stage(kind, id_, before, after, now)
        self._portal.tell(Change("update", kind, id_, before, after, caller.user_id, False, caller.key))
        return True

    def delete(self, kind: Kind, id_: int, caller: Caller) -> None:
        """Delete a record with its phones and links.

        Raises:
            RestError: it is not there, or the caller may not.
        """
        before = self.writable(kind, id_, caller)
        self.erase(kind, id_)
        self._portal.tell(Change("delete", kind, id_, before, {}, caller.user_id, False, caller.key))

    def erase(self, kind: Kind, id_: int) -> None:
        """Remove a record's rows without asking and without news."""
        db = self._store.db
        self._store.delete(kind.table, id_)
        db.execute(
            "DELETE FROM multifield WHERE ENTITY_TYPE_ID = ? AND ELEMENT_ID = ?", [kind.entity_type_id, id_]
        )
        db.execute("DELETE FROM binding WHERE OWNER_TYPE_ID = ? AND OWNER_ID = ?", [kind.entity_type_id, id_])
        for row in self._store.rows(
            "SELECT * FROM binding WHERE LINKED_TYPE_ID = ? AND LINKED_ID = ?", [kind.entity_type_id, id_]
        ):
            self.unlink(row["OWNER_TYPE_ID"], row["OWNER_ID"], kind.entity_type_id, id_)

    # -- links -----------------------------------------------------------------------------------

    def link_rows(self, owner_type: int, owner_id: int, linked_type: int) -> list[dict[str, Any]]:
        """Rows of `binding` of one owner, in the order the portal shows them."""
        return [
            dict(row)
            for row in self._store.rows(
                "SELECT * FROM binding WHERE OWNER_TYPE_ID = ? AND OWNER_ID = ? AND LINKED_TYPE_ID = ?"
                " ORDER BY SORT, ID",
                [owner_type, owner_id, linked_type],
            )
        ]

    def link(
        self,
        owner_type: int,
        owner_id: int,
        linked_type: int,
        linked_id: int,
        *,
        sort: int | None = None,
        primary: bool = False,
        role: int = 0,
    ) -> bool:
        """Link two records; False when they are linked already. The first link becomes primary."""
        rows = self.link_rows(owner_type, owner_id, linked_type)
        if any(row["LINKED_ID"] == linked_id for row in rows):
            return False
        if sort is None:
            sort = max((row["SORT"] for row in rows), default=0) + 10
        self._store.insert(
            "binding",
            {
                "OWNER_TYPE_ID": owner_type,
                "OWNER_ID": owner_id,
                "LINKED_TYPE_ID": linked_type,
                "LINKED_ID": linked_id,
                "SORT": sort,
                "ROLE_ID": role,
                "IS_PRIMARY": "N",
            },
        )
        if primary or not rows:
            self.make_primary(owner_type, owner_id, linked_type, linked_id)
        return True

    def unlink(self, owner_type: int, owner_id: int, linked_type: int, linked_id: int) -> bool:
        """Remove a link; False when there was none. The next link becomes primary."""
        rows = self.link_rows(owner_type, owner_id, linked_type)
        gone = next((row for row in rows if row["LINKED_ID"] == linked_id), None)
        if gone is None:
            return False
        self._store.delete("binding", gone["ID"])
        left = [row["LINKED_ID"] for row in rows if row is not gone]
        if gone["IS_PRIMARY"] == "Y" or not left:
            self.make_primary(owner_type, owner_id, linked_type, left[0] if left else 0)
        return True

    def set_links(
        self, owner_type: int, owner_id: int, linked_type: int, wanted: Sequence[Mapping[str, Any]]
    ) -> bool:
        """Replace the set of links.

        Args:
            wanted: maps with `LINKED_ID` and, if given, `SORT`, `IS_PRIMARY`, `ROLE_ID`; without a
                primary the first becomes it, with several the first of them.

        Returns:
            Whether anything changed.
        """
        old = {row["LINKED_ID"]: row for row in self.link_rows(owner_type, owner_id, linked_type)}
        unique = list(
            {int(each["LINKED_ID"]): each for each in wanted if int(each["LINKED_ID"] or 0) > 0}.items()
        )
        primary = next(
            (id_ for id_, each in unique if each.get("IS_PRIMARY") == "Y"), unique[0][0] if unique else 0
        )
        was = [(id_, row["SORT"], row["IS_PRIMARY"]) for id_, row in old.items()]
        self._store.db.execute(
            "DELETE FROM binding WHERE OWNER_TYPE_ID = ? AND OWNER_ID = ? AND LINKED_TYPE_ID = ?",
            [owner_type, owner_id, linked_type],
        )
        rows = []
        for index, (id_, each) in enumerate(unique):
            kept = old.get(id_, {})
            sort = each.get("SORT")
            rows.append(
                (
                    owner_type,
                    owner_id,
                    linked_type,
                    id_,
                    int(sort) if sort is not None else (index + 1) * 10,
                    int(each.get("ROLE_ID") or kept.get("ROLE_ID") or 0),
                    "Y" if id_ == primary else "N",
                )
            )
        self._store.insert_many(
            "binding",
            ["OWNER_TYPE_ID", "OWNER_ID", "LINKED_TYPE_ID", "LINKED_ID", "SORT", "ROLE_ID", "IS_PRIMARY"],
            rows,
        )
        self._show_primary(owner_type, owner_id, linked_type, primary)
        return was != [(row[3], row[4], row[6]) for row in rows]

    def make_primary(self, owner_type: int, owner_id: int, linked_type: int, linked_id: int) -> None:
        """Make one link the primary one; 0 when none is left."""
        self._store.db.execute(
            "UPDATE binding SET IS_PRIMARY = CASE LINKED_ID WHEN ? THEN 'Y' ELSE 'N' END"
            " WHERE OWNER_TYPE_ID = ? AND OWNER_ID = ? AND LINKED_TYPE_ID = ?",
            [linked_id, owner_type, owner_id, linked_type],
        )
        self._show_primary(owner_type, owner_id, linked_type, linked_id)

    def _show_primary(self, owner_type: int, owner_id: int, linked_type: int, linked_id: int) -> None:
        kind = self._portal.schema.kind(owner_type)
        column = PRIMARY_COLUMN[linked_type]
        if kind and any(each.column == column for each in kind.fields.values()):
            self._store.update(kind.table, owner_id, {column: linked_id})

    # -- parts of a save -------------------------------------------------------------------------

    def defaults(self, kind: Kind, draft: Draft, by: int, now: int) -> dict[str, Any]:
        """What a record is given where the draft says nothing; `draft` loses an empty responsible."""
        fields = kind.fields
        row: dict[str, Any] = {
            "CREATED_TIME": now,
            "UPDATED_TIME": now,
            "LAST_ACTIVITY_TIME": now,
            "CREATED_BY": by,
            "UPDATED_BY": by,
            "LAST_ACTIVITY_BY": by,
            "ASSIGNED_BY_ID": by,
            "OPENED": "Y",
            "WEBFORM_ID": 0,
        }
        if draft.columns.get("ASSIGNED_BY_ID") == 0:
            draft.columns.pop("ASSIGNED_BY_ID")
        if kind.has_phones:
            row.update(HAS_PHONE="N", HAS_EMAIL="N", HAS_IMOL="N")
        if "isManualOpportunity" in fields:
            base = self._store.value("SELECT CURRENCY FROM currency WHERE BASE = 'Y'")
            row.update(IS_MANUAL_OPPORTUNITY="N", OPPORTUNITY=0.0, CURRENCY_ID=base or self._portal.currency)
        if "categoryId" in fields:
            row["CATEGORY_ID"] = self._portal.default_category(kind.entity_type_id)
        if "sourceId" in fields:
            row["SOURCE_ID"] = self._first_status("SOURCE")
        if "typeId" in fields:
            row["TYPE_ID"] = self._first_status(fields["typeId"].status_type)
        if "begindate" in fields:
            zone = self._portal.zone
            row["BEGINDATE"] = zone.iso_day(zone.moment(now))
            row["CLOSEDATE"] = zone.iso_day(zone.moment(now + 7 * 86400))
        for flag, column in (
            ("export", "EXPORT"),
            ("isMyCompany", "IS_MY_COMPANY"),
            ("closed", "CLOSED"),
            ("isRecurring", "IS_RECURRING"),
            ("isReturnCustomer", "IS_RETURN_CUSTOMER"),
            ("isRepeatedApproach", "IS_REPEATED_APPROACH"),
            ("isNew", "IS_NEW"),
        ):
            if flag in fields:
                row[column] = "N"
        return row

    def _first_status(self, entity_id: str) -> Any:
        return self._store.value(
            "SELECT STATUS_ID FROM status WHERE ENTITY_ID = ? ORDER BY SORT, ID LIMIT 1", [entity_id]
        )

    def _check(self, kind: Kind, row: Mapping[str, Any], *, adding: bool) -> None:
        if kind.entity_type_id == 3 and not (row.get("NAME") or row.get("LAST_NAME")):
            raise RestError("CRM_FIELD_ERROR_REQUIRED", "Field 'Name' or 'Last name' is required")
        for each in kind.fields.values():
            if (
                each.required
                and not each.read_only
                and each.column != "TITLE"
                and adding
                and row.get(each.column) in (None, "", 0, "[]")
            ):
                raise RestError("CRM_FIELD_ERROR_REQUIRED", f"Field '{each.title}' is required")
            if (
                each.required
                and each.column == "TITLE"
                and not str(row.get("TITLE") or "").strip()
                and kind.entity_type_id == 4
            ):
                raise RestError("CRM_FIELD_ERROR_REQUIRED", f"Field '{each.title}' is required")

    def _settle_stage(
        self,
        kind: Kind,
        row: dict[str, Any],
        before: Mapping[str, Any],
        by: int,
        now: int,
        *,
        given: Mapping[str, Any],
    ) -> None:
        """Fill the stage and what follows from it: semantics, closing, who moved it and when."""
        if not kind.stage_field:
            return
        category = int(row.get("CATEGORY_ID") or 0)
        stages = self._portal.stages(kind, category)
        if not stages:
            return
        known = {stage["STATUS_ID"]: stage for stage in stages}
        stage_id = row.get("STAGE_ID")
        if before and row.get("CATEGORY_ID") != before.get("CATEGORY_ID") and "STAGE_ID" not in given:
            stage_id = row["STAGE_ID"] = stages[0]["STATUS_ID"]
        if not stage_id:
            stage_id = row["STAGE_ID"] = stages[0]["STATUS_ID"]
        if stage_id not in known:
            raise RestError("CRM_FIELD_ERROR_VALUE_NOT_VALID", "Invalid value of field 'Stage'")
        if stage_id == before.get("STAGE_ID") and row.get("CATEGORY_ID") == before.get("CATEGORY_ID"):
            return
        semantics = known[stage_id]["SEMANTICS"] or "P"
        columns = kind.by_column()
        if "STAGE_SEMANTIC_ID" in columns:
            row["STAGE_SEMANTIC_ID"] = semantics
        if "CLOSED" in columns:
            row["CLOSED"] = "Y" if semantics in ("S", "F") else "N"
        if "IS_NEW" in columns:
            row["IS_NEW"] = "Y" if stage_id == stages[0]["STATUS_ID"] else "N"
        if "DATE_CLOSED" in columns:
            row["DATE_CLOSED"] = now if semantics in ("S", "F") else None
        if "PREVIOUS_STAGE_ID" in columns and before:
            row["PREVIOUS_STAGE_ID"] = before.get("STAGE_ID")
        if "MOVED_TIME" in columns and "MOVED_TIME" not in given:
            row["MOVED_TIME"] = row.get("CREATED_TIME") if not before else now
            row["MOVED_BY"] = by

    def _note_stage(
        self, kind: Kind, id_: int, before: Mapping[str, Any], after: Mapping[str, Any], now: int
    ) -> None:
        if not kind.stage_field or kind.entity_type_id == 7 or not after.get("STAGE_ID"):
            return
        moved = before.get("STAGE_ID") != after["STAGE_ID"] or before.get("CATEGORY_ID") != after.get(
            "CATEGORY_ID"
        )
        if not moved:
            return
        category = int(after.get("CATEGORY_ID") or 0)
        stage = next(
            (each for each in self._portal.stages(kind, category) if each["STATUS_ID"] == after["STAGE_ID"]),
            None,
        )
        semantics = (stage or {}).get("SEMANTICS") or "P"
        type_id = (
            1
            if not before
            else 5
            if before.get("CATEGORY_ID") != after.get("CATEGORY_ID")
            else 3
            if semantics != "P"
            else 2
        )
        self._store.insert(
            "stage_history",
            {
                "ENTITY_TYPE_ID": kind.entity_type_id,
                "TYPE_ID": type_id,
                "OWNER_ID": id_,
                "CREATED_TIME": after.get("MOVED_TIME") or now,
                "CATEGORY_ID": category,
                "STAGE_SEMANTIC_ID": semantics,
                "STAGE_ID": after["STAGE_ID"],
            },
        )

    def edit_phones(self, kind: Kind, id_: int, edits: Iterable[PhoneEdit]) -> bool:
        """Add, change and remove a record's phones and e-mails, without news; whether anything changed."""
        if not kind.has_phones:
            return False
        touched = False
        own = {row["ID"]: row for row in self.phones(kind, [id_]).get(id_, [])}
        for edit in edits:
            row = own.get(edit.id)
            if edit.action == "delete":
                touched |= row is not None and self._store.delete("multifield", edit.id)
            elif edit.action == "update" and row is not None:
                values = {
                    "VALUE": edit.value or row["VALUE"],
                    "VALUE_TYPE": edit.value_type or row["VALUE_TYPE"],
                }
                if any(row[name] != value for name, value in values.items()):
                    self._store.update("multifield", edit.id, values)
                    touched = True
            elif edit.value.strip():
                # Nothing is compared: re-sending a phone without its row id multiplies it.
                self._store.insert(
                    "multifield",
                    {
                        "ENTITY_TYPE_ID": kind.entity_type_id,
                        "ELEMENT_ID": id_,
                        "TYPE_ID": edit.type_id,
                        "VALUE_TYPE": edit.value_type or "WORK",
                        "VALUE": edit.value,
                    },
                )
                touched = True
        if touched:
            types = {row["TYPE_ID"] for row in self.phones(kind, [id_]).get(id_, [])}
            self._store.update(
                kind.table,
                id_,
                {
                    "HAS_PHONE": "Y" if "PHONE" in types else "N",
                    "HAS_EMAIL": "Y" if "EMAIL" in types else "N",
                    "HAS_IMOL": "Y" if "IM" in types else "N",
                },
            )
        return touched

    def _write_links(self, kind: Kind, id_: int, draft: Draft, columns: Mapping[str, Any]) -> bool:
        touched = False
        for linked_type, ids, many in (
            (3, draft.contact_ids, "contactIds"),
            (4, draft.company_ids, "companyIds"),
        ):
            if many not in kind.fields or (kind.entity_type_id == 4 and linked_type == 3):
                continue
            if ids is not None:
                touched |= self.set_links(
                    kind.entity_type_id, id_, linked_type, [{"LINKED_ID": each} for each in ids]
                )
            elif (
                columns.get(PRIMARY_COLUMN[linked_type]) is not None
                and PRIMARY_COLUMN[linked_type] in draft.columns
            ):
                touched |= self._relink_primary(
                    kind, id_, linked_type, int(columns[PRIMARY_COLUMN[linked_type]])
                )
        if kind.entity_type_id == 4 and draft.contact_ids is not None:
            touched |= self._set_company_contacts(id_, draft.contact_ids)
        return touched

    def _relink_primary(self, kind: Kind, id_: int, linked_type: int, linked_id: int) -> bool:
        """Writing CONTACT_ID or COMPANY_ID replaces the primary link, keeps the others."""
        rows = self.link_rows(kind.entity_type_id, id_, linked_type)
        old = next((row["LINKED_ID"] for row in rows if row["IS_PRIMARY"] == "Y"), 0)
        if old == linked_id:
            return False
        if old:
            self.unlink(kind.entity_type_id, id_, linked_type, old)
        if linked_id:
            if not self.link(kind.entity_type_id, id_, linked_type, linked_id, primary=True):
                self.make_primary(kind.entity_type_id, id_, linked_type, linked_id)
        else:
            self._store.update(kind.table, id_, {PRIMARY_COLUMN[linked_type]: 0})
        return True

    def _set_company_contacts(self, company: int, wanted: Sequence[int]) -> bool:
        contact = self._portal.schema.kind(3)
        company_kind = self._portal.schema.kind(4)
        if contact is None or company_kind is None:
            return False
        have = self.linked_from(company_kind, [company], 3).get(company, [])
        for gone in set(have) - set(wanted):
            self.unlink(3, gone, 4, company)
        for new in wanted:
            if new not in have:
                self.link(3, new, 4, company)
        return set(have) != set(wanted)
