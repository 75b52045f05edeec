"""Drive: storages, folders and files, and what the rest of the portal keeps there.

Files and folders share one row of ids; a file's `ID` is its place on Drive, its `FILE_ID` the bytes.

Source: api-reference/disk/**/*.md, read 2026-11-22.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..state.store import Column, declare_table
from ..wire.errors import RestError
from .files import keep
from .links import signed

if TYPE_CHECKING:
    from ..call import Caller
    from ..portal import Sandbox

__all__ = ["COMMON", "Drive", "no_such_entity"]

COMMON = ("common", "shared_files_s1")
IN_TRASH, WITH_PARENT = 3, 4

declare_table(
    "disk_storage",
    "NAME",
    "CODE",
    Column("MODULE_ID", "text", "disk"),
    "ENTITY_TYPE",
    "ENTITY_ID",
    "ROOT_OBJECT_ID int",
    indexes=[("ENTITY_TYPE", "ENTITY_ID")],
)
declare_table(
    "disk_object",
    "NAME",
    "CODE",
    "STORAGE_ID int",
    "TYPE",
    "PARENT_ID int",
    Column("DELETED_TYPE", "int", 0),
    "GLOBAL_CONTENT_VERSION int",
    "FILE_ID int",
    "SIZE int",
    "CREATE_TIME time",
    "UPDATE_TIME time",
    "DELETE_TIME time",
    "CREATED_BY int",
    "UPDATED_BY int",
    "DELETED_BY int",
    indexes=[("PARENT_ID", "NAME")],
)
declare_table(
    "disk_version",
    "OBJECT_ID int",
    "FILE_ID int",
    "SIZE int",
    "NAME",
    "GLOBAL_CONTENT_VERSION int",
    "CREATE_TIME time",
    "CREATED_BY int",
    indexes=[("OBJECT_ID",)],
)
declare_table("disk_link", "OBJECT_ID int", "CODE", indexes=[("CODE",), ("OBJECT_ID",)])


def no_such_entity(id_: Any) -> RestError:
    """Drive's words for what is not there."""
    return RestError("ERROR_NOT_FOUND", f"Could not find entity with id `{id_}`")


class Drive:
    """The Drive of one portal.

    Args:
        portal: the sandbox it belongs to.
    """

    def __init__(self, portal: Sandbox) -> None:
        self._portal = portal
        self._store = portal.store

    # -- storages --------------------------------------------------------------------------------

    def storage_of(self, entity_type: str, entity_id: str, name: str, module: str = "disk") -> dict[str, Any]:
        """The storage of a user (`user`, id), of everybody (`COMMON`) or of an application; made when new."""
        found = self._store.first("disk_storage", ENTITY_TYPE=entity_type, ENTITY_ID=entity_id)
        if found:
            return found
        now = int(self._portal.clock.now())
        root = self._store.insert(
            "disk_object", {"NAME": name, "TYPE": "folder", "CREATE_TIME": now, "UPDATE_TIME": now}
        )
        id_ = self._store.insert(
            "disk_storage",
            {
                "NAME": name,
                "MODULE_ID": module,
                "ENTITY_TYPE": entity_type,
                "ENTITY_ID": entity_id,
                "ROOT_OBJECT_ID": root,
            },
        )
        self._store.update("disk_object", root, {"STORAGE_ID": id_})
        return self._store.get("disk_storage", id_) or {}

    def own_storage(self, user_id: int) -> dict[str, Any]:
        """A person's own storage."""
        user = self._store.get("user", user_id) or {}
        name = f"{user.get('NAME') or ''} {user.get('LAST_NAME') or ''}".strip() or f"user {user_id}"
        return self.storage_of("user", str(user_id), name)

    def common_storage(self) -> dict[str, Any]:
        """The storage everybody shares."""
        return self.storage_of(*COMMON, "Общий диск")

    def may_use(self, caller: Caller, storage: dict[str, Any] | None) -> bool:
        """Whether the caller may read and write there: his own storage, the shared one, his application's."""
        if storage is None:
            return False
        if caller.is_admin or storage["ENTITY_TYPE"] == "common":
            return True
        if storage["ENTITY_TYPE"] == "restapp":
            return caller.app is not None and str(caller.app["ID"]) == storage["ENTITY_ID"]
        return bool(storage["ENTITY_TYPE"] == "user" and storage["ENTITY_ID"] == str(caller.user_id))

    # -- objects ---------------------------------------------------------------------------------

    def get(self, id_: int, type_: str, *, trash: bool = False) -> dict[str, Any] | None:
        """A file or folder by id; those in the trash only when `trash`."""
        row = self._store.get("disk_object", id_)
        if row is None or row["TYPE"] != type_ or (bool(row["DELETED_TYPE"]) and not trash):
            return None
        return row

    def named(self, parent: int, name: str) -> dict[str, Any] | None:
        """What bears that name in a folder, or None."""
        return self._store.first("disk_object", PARENT_ID=parent, NAME=name, DELETED_TYPE=0)

    def unique_name(self, parent: int, name: str) -> str:
        """`name`, or `name (1)`, ... : the first that is free in a folder."""
        if self.named(parent, name) is None:
            return name
        stem, dot, ending = name.rpartition(".")
        if not dot:
            stem, ending = name, ""
        number = 1
        while self.named(parent, f"{stem} ({number}){dot}{ending}") is not None:
            number += 1
        return f"{stem} ({number}){dot}{ending}"

    def add_folder(self, parent: dict[str, Any], name: str, by: int) -> int:
        """Make a folder."""
        return self._add(parent, name, by, {"TYPE": "folder"})

    def add_file(self, parent: dict[str, Any], name: str, by: int, *, file_id: int, size: int) -> int:
        """Put stored bytes into a folder."""
        facts = {"TYPE": "file", "FILE_ID": file_id, "SIZE": size, "GLOBAL_CONTENT_VERSION": 1}
        id_ = self._add(parent, name, by, facts)
        self._note_version(id_, by)
        return id_

    def save(self, parent: dict[str, Any], name: str, body: bytes, by: int, *, unique: bool = True) -> int:
        """Store bytes as a file in a folder; returns the id on Drive."""
        chosen = self.unique_name(parent["ID"], name) if unique else name
        return self.add_file(parent, chosen, by, file_id=keep(self._portal, chosen, body), size=len(body))

    def replace(self, id_: int, name: str, body: bytes, by: int) -> None:
        """A new version of a file."""
        row = self._store.get("disk_object", id_) or {}
        self._store.update(
            "disk_object",
            id_,
            {
                "NAME": name,
                "FILE_ID": keep(self._portal, name, body),
                "SIZE": len(body),
                "GLOBAL_CONTENT_VERSION": int(row.get("GLOBAL_CONTENT_VERSION") or 0) + 1,
                "UPDATE_TIME": int(self._portal.clock.now()),
                "UPDATED_BY": by,
            },
        )
        self._note_version(id_, by)

    def folder_for(self, name: str) -> dict[str, Any]:
        """A folder of the shared storage by name, made when new: recordings and attachments live there."""
        storage = self.common_storage()
        root = self._store.get("disk_object", storage["ROOT_OBJECT_ID"]) or {}
        found = self.named(root["ID"], name)
        return found or self._store.get("disk_object", self.add_folder(root, name, 1)) or {}

    def children(self, id_: int) -> list[dict[str, Any]]:
        """What a folder holds, trash included."""
        return self._store.find("disk_object", PARENT_ID=id_)

    def erase(self, id_: int) -> None:
        """Remove a file, or a folder with everything in it, for good."""
        for child in self.children(id_):
            self.erase(child["ID"])
        for row in self._store.find("disk_version", OBJECT_ID=id_):
            self._store.delete("stored_file", row["FILE_ID"])
        for table in ("disk_version", "disk_link"):
            self._store.db.execute(f"DELETE FROM {table} WHERE OBJECT_ID = ?", [id_])
        self._store.delete("disk_object", id_)

    def mark(self, id_: int, deleted: int, by: int) -> None:
        """Move to the trash (3, its contents 4) or back (0)."""
        now = int(self._portal.clock.now())
        facts = {"DELETED_TYPE": deleted}
        facts |= {"DELETE_TIME": now, "DELETED_BY": by} if deleted else {"UPDATE_TIME": now}
        self._store.update("disk_object", id_, facts)
        for child in self.children(id_):
            if not deleted and child["DELETED_TYPE"] == IN_TRASH:
                continue  # was in the trash of its own accord
            self.mark(child["ID"], WITH_PARENT if deleted else 0, by)

    def path(self, row: dict[str, Any]) -> str:
        """Names from the storage's root down to an object, with slashes."""
        names = [row["NAME"]]
        above = self._store.get("disk_object", row["PARENT_ID"] or 0)
        while above and above["PARENT_ID"]:
            names.insert(0, above["NAME"])
            above = self._store.get("disk_object", above["PARENT_ID"])
        return "/".join(names)

    def download_url(self, id_: int, caller: Caller | None, *, version: int = 0) -> str:
        """A signed link to a file's bytes."""
        facts = {"id": id_, "version": version}
        return f"{self._portal.base_url}/rest/download.json?{signed(self._portal, 'disk', facts, caller)}"

    def show(self, row: dict[str, Any], caller: Caller | None, *, fresh: bool = False) -> dict[str, Any]:
        """A file or folder as Drive methods answer it: texts, but numbers where it was made just now."""
        portal, number = self._portal, (lambda value: value) if fresh else str
        is_file = row["TYPE"] == "file"
        shown: dict[str, Any] = {
            "ID": number(row["ID"]),
            "NAME": row["NAME"],
            "CODE": row["CODE"],
            "STORAGE_ID": str(row["STORAGE_ID"]),
            "TYPE": row["TYPE"],
        }
        if not is_file:
            shown["REAL_OBJECT_ID"] = number(row["ID"])
        shown["PARENT_ID"] = str(row["PARENT_ID"] or 0)
        shown["DELETED_TYPE"] = number(row["DELETED_TYPE"])
        if is_file:
            shown["GLOBAL_CONTENT_VERSION"] = number(row["GLOBAL_CONTENT_VERSION"])
            shown["FILE_ID"] = number(row["FILE_ID"])
            shown["SIZE"] = str(row["SIZE"] or 0)
        for name in ("CREATE_TIME", "UPDATE_TIME", "DELETE_TIME"):
            shown[name] = portal.zone.moment(row[name]) if row[name] is not None else None
        for name in ("CREATED_BY", "UPDATED_BY"):
            shown[name] = str(row[name] or 0)
        shown["DELETED_BY"] = str(row["DELETED_BY"] or 0) if row["DELETED_BY"] or not fresh else None
        storage = self._store.get("disk_storage", row["STORAGE_ID"]) or {}
        place = (
            f"company/personal/user/{storage.get('ENTITY_ID')}/disk"
            if storage.get("ENTITY_TYPE") == "user"
            else "docs"
        )
        if is_file:
            shown["DOWNLOAD_URL"] = self.download_url(row["ID"], caller)
        shown["DETAIL_URL"] = f"{portal.base_url}/{place}/{'file' if is_file else 'path'}/{self.path(row)}"
        return shown

    def _add(self, parent: dict[str, Any], name: str, by: int, facts: dict[str, Any]) -> int:
        now = int(self._portal.clock.now())
        return self._store.insert(
            "disk_object",
            {
                "NAME": name,
                "STORAGE_ID": parent["STORAGE_ID"],
                "PARENT_ID": parent["ID"],
                "CREATE_TIME": now,
                "UPDATE_TIME": now,
                "CREATED_BY": by,
                "UPDATED_BY": by,
                **facts,
            },
        )

    def _note_version(self, id_: int, by: int) -> None:
        row = self._store.get("disk_object", id_) or {}
        self._store.insert(
            "disk_version",
            {
                "OBJECT_ID": id_,
                "FILE_ID": row["FILE_ID"],
                "SIZE": row["SIZE"],
                "NAME": row["NAME"],
                "GLOBAL_CONTENT_VERSION": row["GLOBAL_CONTENT_VERSION"],
                "CREATE_TIME": int(self._portal.clock.now()),
                "CREATED_BY": by,
            },
        )
