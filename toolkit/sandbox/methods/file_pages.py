"""What stands behind links to files: downloads, uploads, public links; and the pages only a browser opens.

These are not methods: they are reached by the signed address a method gave, with the headers a browser
would send, and answer bytes instead of JSON.

Source: settings/how-to-call-rest-api/general-principles.md, api-reference/files/how-to-upload-files.md,
api-reference/disk/folder/disk-folder-upload-file.md, read 2026-11-22.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, quote

from ..call import Call
from ..portal import PAGES, Sandbox
from ..registry import method
from ..subjects.calls import Calls
from ..subjects.drive import Drive
from ..subjects.files import Content, read_content
from ..subjects.links import opened, refused_headers
from ..wire import php
from ..wire.errors import RestError
from ..wire.request import MAX_BODY, WireAnswer, WireRequest

_BATCH_DOCS = "settings/how-to-call-rest-api/batch.md"


@method("download", scope="disk", docs=_BATCH_DOCS, in_batch=False)
def download_method(_call: Call) -> Any:
    """Named for `batch`, which refuses it; the page of that address does the work."""
    raise RestError("NO_AUTH_FOUND", "Wrong authorization data", 401)


@method("upload", scope="disk", docs=_BATCH_DOCS, in_batch=False)
def upload_method(_call: Call) -> Any:
    """Named for `batch`, which refuses it; the page of that address does the work."""
    raise RestError("NO_AUTH_FOUND", "Wrong authorization data", 401)


def download(portal: Sandbox, request: WireRequest) -> WireAnswer:
    """A file on Drive, or one of its versions."""
    try:
        facts = opened(portal, "disk", request.query)
    except RestError as failed:
        return _refusal(failed)
    row = Drive(portal).get(int(facts.get("id") or 0), "file", trash=True)
    version = portal.store.get("disk_version", int(facts.get("version") or 0))
    if row is None or "do" in facts:
        return _nothing_here()
    content = read_content(portal, version["FILE_ID"] if version else row["FILE_ID"])
    return _sent(portal, request, content, name=row["NAME"])


def item_file(portal: Sandbox, request: WireRequest) -> WireAnswer:
    """A file of a CRM record's field; gone as soon as the field holds it no more."""
    try:
        facts = opened(portal, "crm", request.query)
    except RestError as failed:
        return _refusal(failed)
    kind = portal.schema.kind(int(facts["entityTypeId"]))
    row = portal.records.get(kind, int(facts["id"])) if kind else None
    held = php.values(json.loads((row or {}).get(facts["fieldName"]) or "null"))
    if int(facts["fileId"]) not in held:
        return _nothing_here()
    return _sent(portal, request, read_content(portal, int(facts["fileId"])))


def activity_file(portal: Sandbox, request: WireRequest) -> WireAnswer:
    """A file of an activity, by the link that holds `auth`."""
    try:
        facts = opened(portal, "activity", request.query)
    except RestError as failed:
        return _refusal(failed)
    row = portal.store.get("activity", int(facts["ownerId"]))
    file = Drive(portal).get(int(facts["fileId"]), "file")
    if file is None or int(facts["fileId"]) not in json.loads((row or {}).get("FILES") or "[]"):
        return _nothing_here()
    return _sent(portal, request, read_content(portal, file["FILE_ID"]), name=file["NAME"])


def upload(portal: Sandbox, request: WireRequest) -> WireAnswer:
    """Take a file sent to an `uploadUrl` as multipart/form-data."""
    if len(request.body) > MAX_BODY:
        return _refusal(RestError("INTERNAL_SERVER_ERROR", "Request body is too large", 413))
    token = (parse_qs(request.query).get("token") or [""])[0]
    purpose = "telephony" if token.startswith("telephony|") else "disk"
    portal.store.db.execute("SAVEPOINT one_upload")
    try:
        facts = opened(portal, purpose, request.query)
        if "do" not in facts:
            raise RestError("NO_AUTH_FOUND", "Wrong authorization data", 401)
        files = multipart_files(request.headers.get("content-type", ""), request.body)
        if not files:
            raise RestError("ERROR_COULD_NOT_SAVE_FILE", "Could not save file")
        name, body = files[0]
        result = (
            _recorded(portal, facts, body) if purpose == "telephony" else _stored(portal, facts, name, body)
        )
        return WireAnswer(200, php.to_json({"result": result}))
    except RestError as failed:
        portal.store.db.execute("ROLLBACK TO one_upload")
        return _refusal(failed)
    finally:
        portal.store.db.execute("RELEASE one_upload")


def _recorded(portal: Sandbox, facts: dict[str, str], body: bytes) -> dict[str, Any]:
    if not body:
        raise RestError("ERROR_CORE", "File content is empty.")
    calls = Calls(portal)
    statistic = calls.statistic(facts["call_id"])
    if statistic is None:
        raise RestError("ERROR_CORE", "Call is not found in the statistic table.")
    return {"FILE_ID": calls.attach(statistic, facts["name"], body, by=int(facts["_u"]))}


def _stored(portal: Sandbox, facts: dict[str, str], name: str, body: bytes) -> dict[str, Any]:
    drive = Drive(portal)
    folder = drive.get(int(facts["folder"]), "folder")
    if folder is None:
        raise RestError("ERROR_NOT_FOUND", f"Could not find entity with id `{facts['folder']}`")
    unique = facts["unique"] == "1"
    if not unique and drive.named(folder["ID"], name):
        raise RestError("DISK_OBJ_22000", "A file with this name already exists")
    id_ = drive.save(folder, name, body, int(facts["_u"]), unique=unique)
    return drive.show(portal.store.get("disk_object", id_) or {}, None, fresh=True)


def multipart_files(content_type: str, body: bytes) -> list[tuple[str, bytes]]:
    """Files of a multipart body, as (name, bytes); parts without a file name are left out."""
    found = re.search(r'boundary="?([^";]+)"?', content_type)
    if not found:
        return []
    files = []
    for part in (b"\r\n" + body).split(b"\r\n--" + found[1].encode())[1:]:
        head, gap, content = part.partition(b"\r\n\r\n")
        name = re.search(rb'filename="([^"]*)"', head)
        if gap and name and name[1]:
            files.append((name[1].decode("utf-8", "replace").replace("\\", "/").rsplit("/", 1)[-1], content))
    return files


def public_file(portal: Sandbox, request: WireRequest) -> WireAnswer:
    """A public link: a page with the file's name, and the file itself behind `/download`."""
    code, _, rest = request.path.removeprefix("/~").partition("/")
    link = portal.store.first("disk_link", CODE=code)
    row = portal.store.get("disk_object", link["OBJECT_ID"]) if link else None
    if row is None or row["DELETED_TYPE"]:
        return _nothing_here()
    if rest.strip("/") == "download" and row["TYPE"] == "file":
        content = read_content(portal, row["FILE_ID"])
        return _bytes(content, row["NAME"]) if content else _nothing_here()
    name = row["NAME"].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _page(200, name, f'<a href="/~{code}/download">{name}</a>')


def signed_in_only(_portal: Sandbox, _request: WireRequest) -> WireAnswer:
    """Addresses meant for people who are signed in: a program gets the login form."""
    return _page(401, "Авторизация", '<form method="post"><input name="USER_LOGIN"></form>')


def _sent(
    portal: Sandbox, request: WireRequest, content: Content | None, *, name: str | None = None
) -> WireAnswer:
    if content is None:
        return _nothing_here()
    if refused_headers(portal, request.headers):
        # The application has named the file, and the web server in front of it finds nothing.
        answer = _nothing_here()
        answer.headers["Content-Disposition"] = _disposition(name or content.name)
        return answer
    return _bytes(content, name or content.name)


def _bytes(content: Content, name: str) -> WireAnswer:
    headers = {"Content-Type": content.media_type, "Content-Disposition": _disposition(name)}
    return WireAnswer(200, content.body, headers)


def _disposition(name: str) -> str:
    return f"attachment; filename=\"{quote(name)}\"; filename*=utf-8''{quote(name)}"


def _refusal(error: RestError) -> WireAnswer:
    return WireAnswer(error.status, php.to_json(error.envelope()))


def _nothing_here() -> WireAnswer:
    return _page(404, "404 Not Found", "<center><h1>404 Not Found</h1></center><hr><center>nginx</center>")


def _page(status: int, title: str, inside: str) -> WireAnswer:
    text = f"<html><head><title>{title}</title></head><body>{inside}</body></html>"
    return WireAnswer(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


PAGES["/rest/download.json"] = download
PAGES["/rest/upload.json"] = upload
PAGES["/rest/crm.controller.item.getFile.json"] = item_file
PAGES["/bitrix/tools/crm_show_file.php"] = activity_file
PAGES["/bitrix/services/main/ajax.php"] = signed_in_only
PAGES["/disk/"] = signed_in_only
PAGES["/company/personal/"] = signed_in_only
PAGES["/~"] = public_file
