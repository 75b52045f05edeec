"""`disk.file.*` and `disk.version.get`: files on Drive and their versions.

Source: api-reference/disk/file/*.md, api-reference/disk/version/disk-version-get.md, read 2026-11-22.
"""

from __future__ import annotations

from typing import Any

from ..call import PAGE, Call, Page, start_of
from ..registry import method
from ..state.listing import list_rows
from ..state.store import TABLES
from ..subjects.drive import IN_TRASH, Drive, no_such_entity
from ..subjects.files import decoded
from ..wire import php
from ..wire.errors import RestError, access_denied
from .disk_folder import moved, object_for, public_link, renamed, shown
from .disk_storage import OBJECT_FIELDS, bad_parameter, described, id_of

_DOCS = "api-reference/disk/file/disk-file-"
DEEPEST = 1000


@method("disk.file.getFields", scope="disk", docs=_DOCS + "get-fields.md")
def get_fields(_call: Call) -> Any:
    """Describe the fields of a file."""
    return described((*OBJECT_FIELDS, "GLOBAL_CONTENT_VERSION", "FILE_ID", "SIZE", "DELETED_TYPE"))


@method("disk.file.get", scope="disk", docs=_DOCS + "get.md")
def get(call: Call) -> Any:
    """One file with its download link."""
    return shown(call, object_for(call, "file")["ID"])


@method("disk.file.delete", scope="disk", docs=_DOCS + "delete.md", not_emulated="locks of open documents")
def delete(call: Call) -> Any:
    """Remove a file for good."""
    Drive(call.portal).erase(object_for(call, "file", trash=True)["ID"])
    return True


@method("disk.file.markDeleted", scope="disk", docs=_DOCS + "mark-deleted.md")
def mark_deleted(call: Call) -> Any:
    """Move a file to the trash."""
    row = object_for(call, "file")
    Drive(call.portal).mark(row["ID"], IN_TRASH, call.user_id)
    return shown(call, row["ID"])


@method("disk.file.restore", scope="disk", docs=_DOCS + "restore.md")
def restore(call: Call) -> Any:
    """Take a file out of the trash."""
    row = object_for(call, "file", trash=True)
    Drive(call.portal).mark(row["ID"], 0, call.user_id)
    return shown(call, row["ID"])


@method("disk.file.rename", scope="disk", docs=_DOCS + "rename.md")
def rename(call: Call) -> Any:
    """Rename a file."""
    return renamed(call, object_for(call, "file"))


@method("disk.file.moveTo", scope="disk", docs=_DOCS + "move-to.md")
def move_to(call: Call) -> Any:
    """Move a file to another folder of its storage."""
    return moved(call, object_for(call, "file"))


@method("disk.file.copyTo", scope="disk", docs=_DOCS + "copy-to.md")
def copy_to(call: Call) -> Any:
    """Copy a file into a folder."""
    row = object_for(call, "file")
    target = object_for(call, "folder", name="targetFolderId", position=1)
    drive = Drive(call.portal)
    if drive.named(target["ID"], row["NAME"]):
        raise RestError("DISK_OBJ_22000", "A file with this name already exists")
    bytes_ = dict(call.store.get("stored_file", row["FILE_ID"]) or {})
    bytes_.pop("ID", None)
    copy = call.store.insert("stored_file", bytes_)
    id_ = drive.add_file(target, row["NAME"], call.user_id, file_id=copy, size=row["SIZE"])
    return drive.show(call.store.get("disk_object", id_) or {}, call.caller, fresh=True)


@method("disk.file.uploadVersion", scope="disk", docs=_DOCS + "upload-version.md")
def upload_version(call: Call) -> Any:
    """Put new content in place of a file's, keeping the old as a version."""
    row = object_for(call, "file")
    given = call.get("fileContent")
    if given in (None, "", []):
        raise bad_parameter(1)
    pair = given if isinstance(given, list) and len(given) == 2 else [row["NAME"], given]
    body = decoded(pair[1])
    if body is None:
        raise RestError("DISK_FILE_22002", "Could not save file")
    Drive(call.portal).replace(row["ID"], str(pair[0] or row["NAME"]), body, call.user_id)
    answer = shown(call, row["ID"])
    return {**answer, "GLOBAL_CONTENT_VERSION": int(answer["GLOBAL_CONTENT_VERSION"])}


@method("disk.file.getVersions", scope="disk", docs=_DOCS + "get-versions.md")
def get_versions(call: Call) -> Page:
    """The versions of a file, newest first."""
    row = object_for(call, "file")
    fields = TABLES["disk_version"].fields
    rows, total, start = list_rows(
        call,
        "disk_version",
        filter_=call.get("filter"),
        fields={name: fields[name] for name in ("ID", "SIZE", "NAME", "CREATE_TIME", "CREATED_BY")},
        where="OBJECT_ID = ?",
        args=[row["ID"]],
        default="CREATE_TIME DESC, ID DESC",
    )
    return Page.of([_version(call, each) for each in rows], len(rows), total, start)


def _version(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "ID": str(row["ID"]),
        "OBJECT_ID": str(row["OBJECT_ID"]),
        "SIZE": str(row["SIZE"]),
        "NAME": row["NAME"],
        "GLOBAL_CONTENT_VERSION": str(row["GLOBAL_CONTENT_VERSION"]),
        "CREATE_TIME": call.portal.zone.moment(row["CREATE_TIME"]),
        "CREATED_BY": str(row["CREATED_BY"]),
        "DOWNLOAD_URL": Drive(call.portal).download_url(row["OBJECT_ID"], call.caller, version=row["ID"]),
    }


@method("disk.version.get", scope="disk", docs="api-reference/disk/version/disk-version-get.md")
def get_version(call: Call) -> Any:
    """One version of a file."""
    id_ = id_of(call)
    row = call.store.get("disk_version", id_)
    file = Drive(call.portal).get(row["OBJECT_ID"], "file") if row else None
    if row is None or file is None:
        raise no_such_entity(id_)
    if not Drive(call.portal).may_use(call.caller, call.store.get("disk_storage", file["STORAGE_ID"])):
        raise access_denied()
    return _version(call, row)


@method("disk.file.getExternalLink", scope="disk", docs=_DOCS + "get-external-link.md")
def get_external_link(call: Call) -> Any:
    """The public link of a file."""
    return public_link(call, object_for(call, "file"))


@method("disk.file.search", scope="disk", docs=_DOCS + "search.md", not_emulated="text inside documents")
def search(call: Call) -> Page:
    """Files and folders whose name holds a text, latest change first; no total is told."""
    given = call.get("QUERY")
    if given is None:
        raise RestError(
            "ERROR_ARGUMENT", "Invalid value of parameter { Parameter #0 [ <required> $QUERY ] }."
        )
    query = " ".join(given.split()) if isinstance(given, str) else ""
    if not 3 <= len(query) <= 255:
        raise RestError("INVALID_QUERY", "Search query is invalid. (INVALID_QUERY).")
    type_ = call.get("TYPE", "file")
    if type_ not in ("file", "folder", "all"):
        raise RestError("INVALID_TYPE", "Search result type is invalid. (INVALID_TYPE).")
    where, args = _scope(call)
    where += " AND fold(NAME) LIKE ? ESCAPE '\\' AND DELETED_TYPE = 0 AND PARENT_ID IS NOT NULL"
    escaped = query.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    args.append(f"%{escaped}%")
    if type_ != "all":
        where += " AND TYPE = ?"
        args.append(type_)
    start = min(max(0, start_of(call.get("start", 0))), DEEPEST)
    rows = call.store.rows(
        f"SELECT * FROM disk_object WHERE {where} ORDER BY UPDATE_TIME DESC, ID DESC LIMIT ? OFFSET ?",
        [*args, PAGE + 1, start],
    )
    drive = Drive(call.portal)
    found = [drive.show(dict(row), call.caller) for row in rows[:PAGE]]
    return Page(found, next=start + PAGE if len(rows) > PAGE and start < DEEPEST else None)


def _scope(call: Call) -> tuple[str, list[Any]]:
    drive = Drive(call.portal)
    given = call.get("FILTER")
    if given is not None and not isinstance(given, dict) and given != []:
        raise RestError("NOT_FOUND", "Search scope was not found. (NOT_FOUND).")
    filter_: dict[str, Any] = given if isinstance(given, dict) else {}
    if set(filter_) - {"STORAGE_ID", "FOLDER_ID"}:
        raise RestError("INVALID_FILTER", "Search filter contains an unknown field. (INVALID_FILTER).")
    readable = [row["ID"] for row in call.store.find("disk_storage") if drive.may_use(call.caller, dict(row))]
    nowhere = RestError("NOT_FOUND", "Search scope was not found. (NOT_FOUND).")
    if "STORAGE_ID" in filter_:
        readable = [each for each in readable if str(each) == str(filter_["STORAGE_ID"])]
        if not readable:
            raise nowhere
    where, args = f"STORAGE_ID IN ({', '.join('?' for _ in readable) or 'NULL'})", list(readable)
    if "FOLDER_ID" in filter_:
        folder = drive.get(php.whole(filter_["FOLDER_ID"]), "folder")
        if folder is None or folder["STORAGE_ID"] not in readable:
            raise nowhere
        where += (
            " AND ID IN (WITH RECURSIVE inside(ID) AS (SELECT ID FROM disk_object WHERE PARENT_ID = ?"
            " UNION SELECT below.ID FROM disk_object AS below JOIN inside ON below.PARENT_ID = inside.ID)"
            " SELECT ID FROM inside)"
        )
        args.append(folder["ID"])
    return where, args
