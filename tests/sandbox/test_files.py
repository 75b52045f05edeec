"""Files: in fields of records, on Drive, and behind links."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.sandbox import InProcessTransport, Sandbox
from toolkit.sandbox.methods.file_pages import multipart_files

Result = Callable[..., Any]
Refusal = Callable[..., tuple[int, Any, str]]

BROWSER = {
    "User-Agent": "b24kit-tests/1",
    "Accept": "*/*",
    "Accept-Language": "en-US,en;q=0.9",
    "Referer": "https://sandbox.local/",
}


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def http(portal: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(transport=InProcessTransport(portal), headers=BROWSER) as client:
        yield client


# -- fields of records ---------------------------------------------------------------------------


@pytest.fixture
def fields(portal: Sandbox) -> tuple[str, str]:
    """A single and a multiple file field of contacts, by their universal names."""
    for name, multiple in (("UF_CRM_PASSPORT", "N"), ("UF_CRM_SCANS", "Y")):
        portal.store.insert(
            "user_field",
            {"ENTITY_ID": "CRM_CONTACT", "FIELD_NAME": name, "USER_TYPE_ID": "file", "MULTIPLE": multiple},
        )
    portal.schema.forget()
    return "ufCrm_PASSPORT", "ufCrm_SCANS"


@pytest.fixture
def contact(result: Result, fields: tuple[str, str]) -> dict[str, Any]:
    single, many = fields
    given_ = {"name": "Анна", single: ["a.txt", b64("A")], many: [["b.txt", b64("B")], ["c.txt", b64("C")]]}
    item: dict[str, Any] = result("crm.item.add", entityTypeId=3, fields=given_)["item"]
    return item


def test_a_file_field_shows_ids_and_links_that_open(
    contact: dict[str, Any], fields: tuple[str, str], http: httpx.Client
) -> None:
    single, many = fields

    assert set(contact[single]) == {"id", "url", "urlMachine"}
    assert [http.get(each["urlMachine"]).text for each in [contact[single], *contact[many]]] == [
        "A",
        "B",
        "C",
    ]
    assert http.get(contact[single]["url"]).status_code == 401  # meant for people who are signed in


def test_an_update_keeps_only_the_files_it_names(
    result: Result, contact: dict[str, Any], fields: tuple[str, str], http: httpx.Client
) -> None:
    _, many = fields
    kept, dropped = contact[many]

    item = result(
        "crm.item.update",
        entityTypeId=3,
        id=contact["id"],
        fields={many: [{"id": kept["id"]}, ["d.txt", b64("D")]]},
    )["item"]

    assert [http.get(each["urlMachine"]).text for each in item[many]] == ["B", "D"]
    assert item[many][0]["id"] == kept["id"]
    assert http.get(dropped["urlMachine"]).status_code == 404


def test_an_empty_text_clears_one_file_and_an_empty_array_all(
    result: Result, contact: dict[str, Any], fields: tuple[str, str]
) -> None:
    single, many = fields

    item = result("crm.item.update", entityTypeId=3, id=contact["id"], fields={single: "", many: []})["item"]

    assert (item[single], item[many]) == (None, [])


def test_the_wrong_shape_stores_nothing_and_says_nothing(
    result: Result, contact: dict[str, Any], fields: tuple[str, str]
) -> None:
    single, many = fields

    wrapped = result(
        "crm.item.add", entityTypeId=3, fields={"name": "Б", many: [{"fileData": ["x.txt", b64("X")]}]}
    )["item"]
    stolen = result(
        "crm.item.add", entityTypeId=2, fields={"title": "D", "ufCrm_PASSPORT": {"id": contact[single]["id"]}}
    )["item"]
    spoiled = result("crm.item.add", entityTypeId=3, fields={"name": "В", single: ["x.txt", "?!"]})["item"]

    assert (wrapped[many], spoiled[single]) == ([], None)
    assert "ufCrm_PASSPORT" not in stolen


def test_legacy_methods_take_file_data(result: Result, fields: tuple[str, str], http: httpx.Client) -> None:
    id_ = result(
        "crm.contact.add",
        fields={
            "NAME": "Анна",
            "UF_CRM_PASSPORT": {"fileData": ["a.txt", b64("A")]},
            "UF_CRM_SCANS": ["a", "b"],
        },
    )

    legacy = result("crm.contact.get", id=id_)
    item = result("crm.item.get", entityTypeId=3, id=id_)["item"]

    assert set(legacy["UF_CRM_PASSPORT"]) == {"id", "showUrl", "downloadUrl"}
    assert legacy["UF_CRM_SCANS"] is False
    assert http.get(item[fields[0]]["urlMachine"]).text == "A"


# -- Drive ---------------------------------------------------------------------------------------


@pytest.fixture
def root(result: Result) -> int:
    own = next(row for row in result("disk.storage.getList") if row["ENTITY_TYPE"] == "user")
    return int(own["ROOT_OBJECT_ID"])


def test_an_upload_answers_numbers_and_a_read_answers_texts(
    result: Result, http: httpx.Client, root: int
) -> None:
    params = {"id": root, "data": {"NAME": "a.txt"}, "fileContent": ["a.txt", b64("hello")]}

    made = result("disk.folder.uploadFile", **params)
    read = result("disk.file.get", id=made["ID"])

    assert (made["DELETED_TYPE"], made["GLOBAL_CONTENT_VERSION"], made["SIZE"]) == (0, 1, "5")
    assert isinstance(made["ID"], int)
    assert isinstance(made["FILE_ID"], int)
    assert (read["ID"], read["FILE_ID"]) == (str(made["ID"]), str(made["FILE_ID"]))
    assert (read["DELETED_TYPE"], made["DELETED_BY"], read["DELETED_BY"]) == ("0", None, "0")
    assert http.get(read["DOWNLOAD_URL"]).text == "hello"


def test_a_file_is_sent_to_the_address_the_portal_gives(
    result: Result, http: httpx.Client, root: int
) -> None:
    where = result("disk.folder.uploadFile", id=root)
    assert where["field"] == "file"
    body = bytes(range(256)) + b"\r\n--not the boundary\r\n\r\n"

    made = http.post(where["uploadUrl"], files={"file": ("Отчёт.bin", body)}).json()["result"]

    file = result("disk.file.get", id=made["ID"])
    assert file["NAME"] == "Отчёт.bin"
    assert http.get(file["DOWNLOAD_URL"]).content == body
    assert (
        http.post(file["DOWNLOAD_URL"].replace("download", "upload"), files={"file": ("x", b"y")}).status_code
        == 401
    )


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_a_multipart_body_gives_back_exactly_the_bytes_sent(first: bytes, second: bytes) -> None:
    request = httpx.Request(
        "POST", "https://x/", files=[("file", ("a.bin", first)), ("file", ("b.bin", second))], data={"k": "v"}
    )

    assert multipart_files(request.headers["content-type"], request.read()) == [
        ("a.bin", first),
        ("b.bin", second),
    ]


def test_a_taken_name_is_refused_or_numbered(result: Result, refusal: Refusal, root: int) -> None:
    params = {"id": root, "data": {"NAME": "a.txt"}, "fileContent": ["a.txt", b64("1")]}
    result("disk.folder.uploadFile", **params)

    assert refusal("disk.folder.uploadFile", **params)[:2] == (400, "DISK_OBJ_22000")
    assert result("disk.folder.uploadFile", **params, generateUniqueName=True)["NAME"] == "a (1).txt"


def test_folders_hold_move_and_fall_into_the_trash_with_what_they_hold(
    result: Result, refusal: Refusal, root: int
) -> None:
    outer = result("disk.folder.addSubFolder", id=root, data={"NAME": "outer"})
    inner = result("disk.folder.addSubFolder", id=outer["ID"], data={"NAME": "inner"})
    file = result(
        "disk.folder.uploadFile", id=inner["ID"], data={"NAME": "a.txt"}, fileContent=["a.txt", b64("1")]
    )
    assert refusal("disk.folder.addSubFolder", id=root, data={"NAME": "outer"})[1] == "DISK_OBJ_22000"

    assert result("disk.folder.markDeleted", id=outer["ID"])["DELETED_TYPE"] == 3
    assert refusal("disk.file.get", id=file["ID"])[1] == "ERROR_NOT_FOUND"
    result("disk.folder.restore", id=outer["ID"])
    moved = result("disk.file.moveTo", id=file["ID"], targetFolderId=outer["ID"])

    assert moved["PARENT_ID"] == outer["ID"]
    assert {row["NAME"] for row in result("disk.folder.getChildren", id=outer["ID"])} == {"inner", "a.txt"}
    assert result("disk.folder.deleteTree", id=outer["ID"]) is True
    assert refusal("disk.file.get", id=file["ID"])[1] == "ERROR_NOT_FOUND"
    assert refusal("disk.folder.deleteTree", id=root)[1] == "DISK_OBJ_22000"


def test_versions_keep_the_old_bytes(result: Result, http: httpx.Client, root: int) -> None:
    params = {"id": root, "data": {"NAME": "a.txt"}, "fileContent": ["a.txt", b64("old")]}
    file = result("disk.folder.uploadFile", **params)

    after = result("disk.file.uploadVersion", id=file["ID"], fileContent=["a.txt", b64("new!")])

    assert (after["ID"], after["GLOBAL_CONTENT_VERSION"], after["SIZE"]) == (str(file["ID"]), 2, "4")
    assert int(after["FILE_ID"]) != file["FILE_ID"]
    newest, oldest = result("disk.file.getVersions", id=file["ID"])
    assert [http.get(each["DOWNLOAD_URL"]).text for each in (newest, oldest)] == ["new!", "old"]


def test_a_public_link_needs_no_token(result: Result, portal: Sandbox, root: int) -> None:
    params = {"id": root, "data": {"NAME": "a.txt"}, "fileContent": ["a.txt", b64("for all")]}
    link = result("disk.file.getExternalLink", id=result("disk.folder.uploadFile", **params)["ID"])

    with httpx.Client(transport=InProcessTransport(portal)) as stranger:
        assert "a.txt" in stranger.get(link).text
        assert stranger.get(f"{link}/download").text == "for all"
        assert stranger.get("https://sandbox.local/~nothing").status_code == 404


def test_drive_refuses_in_its_own_words(result: Result, refusal: Refusal, root: int) -> None:
    assert refusal("disk.file.get") == (400, "ERROR_ARGUMENT", "Invalid value of parameter {Parameter #0}")
    assert refusal("disk.file.get", id=999) == (400, "ERROR_NOT_FOUND", "Could not find entity with id `999`")
    assert refusal("disk.file.get", id=root)[1] == "ERROR_NOT_FOUND"  # a folder is no file
    assert refusal("disk.storage.get", id=999)[1] == "ERROR_NOT_FOUND"
    assert result("disk.storage.get", id="abc") is None
    storage = result("disk.storage.getList")[0]["ID"]
    content = ["a.txt", b64("1")]
    assert (
        refusal("disk.storage.uploadFile", id=storage, data={}, fileContent=content)[1]
        == "DISK_BASE_SERVICE_22001"
    )
    spoiled = refusal("disk.storage.uploadFile", id=storage, data={"NAME": "a"}, fileContent=["a", "?"])
    assert spoiled[1] == "ERROR_COULD_NOT_SAVE_FILE"


def test_another_persons_storage_is_closed(
    result: Result, colleague: Callable[..., Callable[..., httpx.Response]], root: int
) -> None:
    stranger = colleague()

    owners = {row["ENTITY_ID"] for row in stranger("disk.storage.getList").json()["result"]}

    assert "1" not in owners
    assert stranger("disk.folder.get", {"id": root}).json()["error"] == "ACCESS_DENIED"


def test_search_needs_three_letters_and_tells_no_total(
    result: Result, refusal: Refusal, call: Callable[..., dict[str, Any]], root: int
) -> None:
    for name in ("Отчёт 1.txt", "Отчёт 2.txt", "План_.txt"):
        result("disk.folder.uploadFile", id=root, data={"NAME": name}, fileContent=[name, b64("1")])

    found = call("disk.file.search", QUERY="отчёт")

    assert {row["NAME"] for row in found["result"]} == {"Отчёт 1.txt", "Отчёт 2.txt"}
    assert "total" not in found
    assert result("disk.file.search", QUERY="лан_") != []
    assert result("disk.file.search", QUERY="т__") == []
    assert refusal("disk.file.search", QUERY="от")[1] == "INVALID_QUERY"
    assert refusal("disk.file.search", QUERY="отчёт", FILTER={"NAME": 1})[1] == "INVALID_FILTER"


def test_batch_carries_no_files(call: Callable[..., dict[str, Any]]) -> None:
    answer = call("batch", cmd={"a": "download?token=x", "b": "upload?token=x"})["result"]

    assert {name: each["error"] for name, each in answer["result_error"].items()} == {
        "a": "ERROR_BATCH_METHOD_NOT_ALLOWED",
        "b": "ERROR_BATCH_METHOD_NOT_ALLOWED",
    }
