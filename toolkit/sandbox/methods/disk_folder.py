"""`disk.folder.*`: folders and what is put into them.

Source: api-reference/disk/folder/*.md, read 2026-11-22.
"""

from __future__ import annotations

import secrets
from typing import Any

from ..call import Call, Page
from ..registry import method
from ..subjects.drive import IN_TRASH, Drive, no_such_entity
from ..subjects.links import signed
from ..wire.errors import RestError, access_denied
from .disk_storage import OBJECT_FIELDS, bad_parameter, children_page, described, id_of, new_folder, upload

_DOCS = "api-reference/disk/folder/disk-folder-"


def object_for(
    call: Call, type_: str, *, name: str = "id", position: int = 0, trash: bool = False
) -> dict[str, Any]:
    """The file or folder named by a parameter, if the caller may use its storage.

    Raises:
        RestError: ERROR_ARGUMENT, ERROR_NOT_FOUND, ACCESS_DENIED.
    """
    drive = Drive(call.portal)
    id_ = id_of(call, name, position)
    row = drive.get(id_, type_, trash=trash)
    if row is None:
        raise no_such_entity(id_)
    if not drive.may_use(call.caller, call.store.get("disk_storage", row["STORAGE_ID"])):
        raise access_denied()
    return row


def shown(call: Call, id_: int) -> dict[str, Any]:
    """A file or folder as it stands now."""
    return Drive(call.portal).show(call.store.get("disk_object", id_) or {}, call.caller)


def renamed(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    """Give a file or folder a new name.

    Raises:
        RestError: none given, or it is taken.
    """
    name = str(call.get("newName") or "").strip()
    if not name:
        raise bad_parameter(1)
    taken = Drive(call.portal).named(row["PARENT_ID"], name)
    if taken and taken["ID"] != row["ID"]:
        raise RestError("DISK_OBJ_22000", f"A {row['TYPE']} with this name already exists")
    facts = {"NAME": name, "UPDATE_TIME": int(call.now), "UPDATED_BY": call.user_id}
    call.store.update("disk_object", row["ID"], facts)
    return shown(call, row["ID"])


def moved(call: Call, row: dict[str, Any]) -> Any:
    """Move a file or folder into `targetFolderId`; false into another storage.

    Raises:
        RestError: the root cannot be moved, or the name is taken there.
    """
    target = object_for(call, "folder", name="targetFolderId", position=1)
    if not row["PARENT_ID"]:
        raise RestError("", "Could not move root folder")
    if target["STORAGE_ID"] != row["STORAGE_ID"]:
        return False
    above: dict[str, Any] | None = target
    while above:  # a folder cannot go into itself
        if above["ID"] == row["ID"]:
            raise RestError("", "Could not move folder")
        above = call.store.get("disk_object", above["PARENT_ID"] or 0)
    if Drive(call.portal).named(target["ID"], row["NAME"]):
        raise RestError("DISK_OBJ_22000", f"A {row['TYPE']} with this name already exists")
    call.store.update("disk_object", row["ID"], {"PARENT_ID": target["ID"], "UPDATED_BY": call.user_id})
    return {**shown(call, row["ID"]), "PARENT_ID": target["ID"]}


def public_link(call: Call, row: dict[str, Any]) -> str:
    """The public link of a file or folder; the same one every time."""
    link = call.store.first("disk_link", OBJECT_ID=row["ID"])
    code = link["CODE"] if link else secrets.token_hex(4)
    if link is None:
        call.store.insert("disk_link", {"OBJECT_ID": row["ID"], "CODE": code})
    return f"{call.portal.base_url}/~{code}"


@method("disk.folder.getFields", scope="disk", docs=_DOCS + "get-fields.md")
def get_fields(_call: Call) -> Any:
    """Describe the fields of a folder."""
    return described((*OBJECT_FIELDS[:5], "REAL_OBJECT_ID", *OBJECT_FIELDS[5:], "DELETED_TYPE"))


@method("disk.folder.get", scope="disk", docs=_DOCS + "get.md")
def get(call: Call) -> Any:
    """One folder."""
    return shown(call, object_for(call, "folder")["ID"])


@method("disk.folder.getChildren", scope="disk", docs=_DOCS + "get-children.md")
def get_children(call: Call) -> Page:
    """What a folder holds."""
    return children_page(call, object_for(call, "folder")["ID"])


@method("disk.folder.addSubFolder", scope="disk", docs=_DOCS + "add-subfolder.md")
def add_subfolder(call: Call) -> Any:
    """Make a folder in a folder."""
    return new_folder(call, object_for(call, "folder"))


@method("disk.folder.uploadFile", scope="disk", docs=_DOCS + "upload-file.md", not_emulated="rights")
def upload_file(call: Call) -> Any:
    """Put a file into a folder; without `fileContent`, the address to which it is to be sent."""
    folder = object_for(call, "folder")
    if call.get("fileContent") in (None, "", []):
        unique = str(call.get("generateUniqueName", "")).lower() in ("1", "true", "y")
        facts = {"do": "upload", "folder": folder["ID"], "unique": int(unique)}
        query = signed(call.portal, "disk", facts, call.caller)
        return {"field": "file", "uploadUrl": f"{call.portal.base_url}/rest/upload.json?{query}"}
    return upload(call, folder)


@method("disk.folder.rename", scope="disk", docs=_DOCS + "rename.md")
def rename(call: Call) -> Any:
    """Rename a folder."""
    return renamed(call, object_for(call, "folder"))


@method("disk.folder.moveTo", scope="disk", docs=_DOCS + "move-to.md")
def move_to(call: Call) -> Any:
    """Move a folder with everything in it."""
    return moved(call, object_for(call, "folder"))


@method("disk.folder.markDeleted", scope="disk", docs=_DOCS + "mark-deleted.md")
def mark_deleted(call: Call) -> Any:
    """Move a folder to the trash."""
    row = object_for(call, "folder")
    _not_root(row)
    Drive(call.portal).mark(row["ID"], IN_TRASH, call.user_id)
    return {**shown(call, row["ID"]), "DELETED_TYPE": IN_TRASH}


@method("disk.folder.restore", scope="disk", docs=_DOCS + "restore.md")
def restore(call: Call) -> Any:
    """Take a folder out of the trash; administrators only."""
    row = object_for(call, "folder", trash=True)
    call.require_admin()
    Drive(call.portal).mark(row["ID"], 0, call.user_id)
    return {**shown(call, row["ID"]), "DELETED_TYPE": 0}


@method("disk.folder.deleteTree", scope="disk", docs=_DOCS + "delete-tree.md")
def delete_tree(call: Call) -> Any:
    """Remove a folder and everything in it for good."""
    row = object_for(call, "folder", trash=True)
    _not_root(row)
    Drive(call.portal).erase(row["ID"])
    return True


@method(
    "disk.folder.getExternalLink",
    scope="disk",
    docs=_DOCS + "get-external-link.md",
    not_emulated="the page behind the link lists nothing",
)
def get_external_link(call: Call) -> Any:
    """The public link of a folder."""
    return public_link(call, object_for(call, "folder"))


def _not_root(row: dict[str, Any]) -> None:
    if not row["PARENT_ID"]:
        raise RestError("DISK_OBJ_22000", "Could not delete root folder")
