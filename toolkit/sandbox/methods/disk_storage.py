"""`disk.storage.*`: where files live: everybody's own storage, the shared one, an application's.

Source: api-reference/disk/storage/*.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.listing import list_rows
from ..state.store import TABLES
from ..subjects.drive import Drive, no_such_entity
from ..subjects.files import decoded
from ..switches import declare
from ..wire import php
from ..wire.errors import RestError, access_denied

_DOCS = "api-reference/disk/storage/disk-storage-"
_FILTERED = ("ID", "NAME", "CODE", "ENTITY_TYPE", "ENTITY_ID")
OBJECT_FIELDS = (
    "ID",
    "NAME",
    "TYPE",
    "CODE",
    "STORAGE_ID",
    "PARENT_ID",
    "CREATE_TIME",
    "UPDATE_TIME",
    "DELETE_TIME",
    "CREATED_BY",
    "UPDATED_BY",
    "DELETED_BY",
)
_TYPES = {"NAME": "string", "CODE": "string", "TYPE": "enum", "DELETED_TYPE": "enum"}
_SHOWN_ONLY = (
    "REAL_OBJECT_ID",
    "CREATED_BY",
    "UPDATED_BY",
    "DELETED_BY",
    "GLOBAL_CONTENT_VERSION",
    "FILE_ID",
    "SIZE",
)

NAME_TAKEN = declare(
    "drive_name_taken",
    "DISK_OBJ_22000",
    ("DISK_OBJ_22000", "ERROR_COULD_NOT_SAVE_FILE"),
    "Upload pages do not say what a taken name answers; folder pages and moveTo give DISK_OBJ_22000.",
    "api-reference/disk/folder/disk-folder-upload-file.md",
)


def bad_parameter(position: int) -> RestError:
    """Drive's words for a missing parameter."""
    return RestError("ERROR_ARGUMENT", f"Invalid value of parameter {{Parameter #{position}}}")


def id_of(call: Call, name: str = "id", position: int = 0) -> int:
    """A required id.

    Raises:
        RestError: ERROR_ARGUMENT, when it is not given; ERROR_NOT_FOUND for what is no id.
    """
    given = call.get(name)
    if given in (None, "") or isinstance(given, dict | list):
        raise bad_parameter(position)
    if not php.whole(given):
        raise no_such_entity(given)
    return php.whole(given)


def storage_for(call: Call) -> dict[str, Any]:
    """The storage named by `id`, if the caller may use it.

    Raises:
        RestError: ERROR_ARGUMENT, ERROR_NOT_FOUND, ACCESS_DENIED.
    """
    id_ = id_of(call)
    storage = call.store.get("disk_storage", id_)
    if storage is None:
        raise no_such_entity(id_)
    if not Drive(call.portal).may_use(call.caller, storage):
        raise access_denied()
    return storage


def show_storage(row: dict[str, Any]) -> dict[str, Any]:
    """A storage as the methods answer it."""
    names = ("NAME", "CODE", "MODULE_ID", "ENTITY_TYPE", "ENTITY_ID")
    shown = {name: row[name] for name in names}
    return {"ID": str(row["ID"]), **shown, "ROOT_OBJECT_ID": str(row["ROOT_OBJECT_ID"])}


def name_in(call: Call, error: RestError) -> str:
    """`data.NAME`; `error` is raised when there is none."""
    data = call.get("data")
    name = str(data.get("NAME") or "").strip() if isinstance(data, dict) else ""
    if not name:
        raise error
    return name


def upload(call: Call, folder: dict[str, Any]) -> dict[str, Any]:
    """Put `fileContent` into a folder under `data.NAME`.

    Raises:
        RestError: no name, content that is not Base64, a taken name.
    """
    drive = Drive(call.portal)
    name = name_in(
        call, RestError("DISK_BASE_SERVICE_22001", "Error: required parameter NAME (DISK_BASE_SERVICE_22001)")
    )
    given = call.get("fileContent")
    body = decoded(given[1] if isinstance(given, list) and len(given) == 2 else given)
    if body is None:
        raise RestError("ERROR_COULD_NOT_SAVE_FILE", "Could not save file")
    unique = str(call.get("generateUniqueName", "")).lower() in ("1", "true", "y")
    return drive.show(saved(call, folder, name, body, unique=unique), call.caller, fresh=True)


def saved(call: Call, folder: dict[str, Any], name: str, body: bytes, *, unique: bool) -> dict[str, Any]:
    """The row of a file just stored in a folder.

    Raises:
        RestError: the name is taken.
    """
    drive = Drive(call.portal)
    if not unique and drive.named(folder["ID"], name):
        raise RestError(call.portal.switches[NAME_TAKEN], "A file with this name already exists")
    id_ = drive.save(folder, name, body, call.user_id)
    return call.store.get("disk_object", id_) or {}


def described(names: Sequence[str]) -> dict[str, Any]:
    """Fields of a file or folder as `getFields` describes them."""
    return {
        name: {
            "TYPE": "datetime" if name.endswith("_TIME") else _TYPES.get(name, "integer"),
            "USE_IN_FILTER": name not in _SHOWN_ONLY,
            "USE_IN_SHOW": True,
        }
        for name in names
    }


def children_page(call: Call, folder_id: int) -> Page:
    """What a folder holds, a page at a time; the trash is not shown."""
    drive = Drive(call.portal)
    fields = TABLES["disk_object"].fields
    rows, total, start = list_rows(
        call,
        "disk_object",
        filter_=call.get("filter"),
        order=call.get("order"),
        fields={name: fields[name] for name in (*OBJECT_FIELDS, "DELETED_TYPE") if name not in _SHOWN_ONLY},
        where="PARENT_ID = ? AND DELETED_TYPE = 0",
        args=[folder_id],
    )
    return Page.of([drive.show(row, call.caller) for row in rows], len(rows), total, start)


def new_folder(call: Call, parent: dict[str, Any]) -> dict[str, Any]:
    """Make a folder under `data.NAME`.

    Raises:
        RestError: no name, or it is taken.
    """
    drive = Drive(call.portal)
    name = name_in(call, bad_parameter(1))
    if drive.named(parent["ID"], name):
        raise RestError("DISK_OBJ_22000", "A folder with this name already exists")
    id_ = drive.add_folder(parent, name, call.user_id)
    return drive.show(call.store.get("disk_object", id_) or {}, call.caller, fresh=True)


@method("disk.storage.getFields", scope="disk", docs=_DOCS + "get-fields.md")
def get_fields(_call: Call) -> Any:
    """Describe the fields of a storage."""
    types = {"ID": "integer", "ROOT_OBJECT_ID": "integer"}
    names = ("ID", "NAME", "CODE", "MODULE_ID", "ENTITY_TYPE", "ENTITY_ID", "ROOT_OBJECT_ID")
    return {
        name: {"TYPE": types.get(name, "string"), "USE_IN_FILTER": name in _FILTERED, "USE_IN_SHOW": True}
        for name in names
    }


@method("disk.storage.getTypes", scope="disk", docs=_DOCS + "get-types.md")
def get_types(_call: Call) -> Any:
    """The types of storages there are."""
    return ["user", "common", "group"]


@method("disk.storage.getList", scope="disk", docs=_DOCS + "get-list.md", not_emulated="group storages")
def get_list(call: Call) -> Page:
    """Storages the caller may use."""
    drive = Drive(call.portal)
    drive.own_storage(call.user_id)
    drive.common_storage()
    fields = TABLES["disk_storage"].fields
    usable = "ENTITY_TYPE IN ('user', 'common')"
    args: list[Any] = []
    if not call.caller.is_admin:
        usable = "(ENTITY_TYPE = 'common' OR (ENTITY_TYPE = 'user' AND ENTITY_ID = ?))"
        args = [str(call.user_id)]
    rows, total, start = list_rows(
        call,
        "disk_storage",
        filter_=call.get("filter"),
        order=call.get("order"),
        fields={name: fields[name] for name in _FILTERED},
        where=usable,
        args=args,
    )
    return Page.of([show_storage(row) for row in rows], len(rows), total, start)


@method("disk.storage.get", scope="disk", docs=_DOCS + "get.md")
def get(call: Call) -> Any:
    """One storage; null for an id that is no number."""
    given = call.get("id")
    if given not in (None, "") and not isinstance(given, dict | list) and not php.whole(given):
        return None
    return show_storage(storage_for(call))


@method("disk.storage.getChildren", scope="disk", docs=_DOCS + "get-children.md")
def get_children(call: Call) -> Page:
    """Files and folders at the root of a storage."""
    id_ = id_of(call)
    storage = call.store.get("disk_storage", id_)
    if storage is None:
        raise no_such_entity(id_)
    if not Drive(call.portal).may_use(call.caller, storage):
        return Page.of([], 0, 0, 0)
    return children_page(call, storage["ROOT_OBJECT_ID"])


@method("disk.storage.uploadFile", scope="disk", docs=_DOCS + "upload-file.md", not_emulated="rights")
def upload_file(call: Call) -> Any:
    """Put a file into the root of a storage."""
    storage = storage_for(call)
    if call.get("fileContent") in (None, "", []):
        raise bad_parameter(1)
    return upload(call, call.store.get("disk_object", storage["ROOT_OBJECT_ID"]) or {})


@method("disk.storage.addFolder", scope="disk", docs=_DOCS + "add-folder.md", not_emulated="rights")
def add_folder(call: Call) -> Any:
    """Make a folder in the root of a storage."""
    storage = storage_for(call)
    return new_folder(call, call.store.get("disk_object", storage["ROOT_OBJECT_ID"]) or {})


@method("disk.storage.getForApp", scope="disk", docs=_DOCS + "get-for-app.md")
def get_for_app(call: Call) -> Any:
    """The calling application's own storage, made when it is new."""
    app = call.caller.app
    if app is None:
        raise access_denied("Access denied! Application context required")
    return show_storage(Drive(call.portal).storage_of("restapp", str(app["ID"]), app["TITLE"]))


@method("disk.storage.rename", scope="disk", docs=_DOCS + "rename.md")
def rename(call: Call) -> Any:
    """Rename an application's storage."""
    storage = storage_for(call)
    if storage["ENTITY_TYPE"] != "restapp":
        raise RestError("", "Access denied (invalid type of storage)")
    name = str(call.get("newName") or "").strip()
    if not name:
        raise bad_parameter(1)
    call.store.update("disk_storage", storage["ID"], {"NAME": name})
    return show_storage({**storage, "NAME": name})
