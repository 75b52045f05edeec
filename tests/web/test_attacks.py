"""Files and requests of people who mean harm, or whose program does: the page says what it thinks and lives on."""

from __future__ import annotations

import io
import os
import re
import socket
import stat
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.sheets.directories import RIGHT, write
from tests.web.conftest import Page, headline, page_with
from toolkit.sheets.gate import Limits
from toolkit.web.bounds import Rules
from toolkit.web.keeping import safe_name

CONTENT_TYPES = "[Content_Types].xml"


def archive(parts: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return made.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
BOMB = archive({CONTENT_TYPES: b"<Types/>", "xl/workbook.xml": b"<a/>", SHEET: b" " * 100_000_000})
ENTITIES = archive(
    {
        CONTENT_TYPES: b"<Types/>",
        "xl/workbook.xml": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><workbook>&a;</workbook>',
    }
)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("bomb.xlsx", BOMB, "у настоящих таблиц так не бывает"),
        ("entities.xlsx", ENTITIES, "объявления XML"),
        ("noise.xlsx", os.urandom(5000), "не похож на таблицу"),
        ("page.xlsx", b"<html><script>alert(1)</script>", "веб-страница"),
        ("half.xlsx", b"PK\x03\x04" + os.urandom(300), "повреждён"),
        ("empty.csv", b"   ", "пуст"),
        ("name.exe", b"MZ\x00\x01\x02", "не похож на таблицу"),
    ],
)
def test_what_is_no_honest_spreadsheet_is_refused_in_words(
    page: Page, name: str, data: bytes, says: str
) -> None:
    answer = page.enter("check").upload(data, name)

    assert (answer.status_code, headline(answer)) == (200, "Файл прочитать не удалось")
    assert says in answer.text


def test_a_directory_sent_while_others_send_rubbish_is_judged_as_if_it_were_alone(
    page: Page, tmp_path: Path
) -> None:
    path = write(RIGHT, tmp_path / "right.xlsx")
    said: list[str] = []
    visitors = [page.enter("check") for _ in range(4)]

    def send(at: int) -> None:
        rubbish: bytes = (BOMB, ENTITIES, os.urandom(50_000))[at % 3]
        answer = visitors[at].upload(path if at == 3 else rubbish, "right.xlsx")
        said.append(headline(answer))

    threads = [threading.Thread(target=send, args=(at,)) for at in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(said) == ["Проблем нет — справочник можно публиковать.", *["Файл прочитать не удалось"] * 3]


def test_200_megabytes_are_refused_on_a_page_without_filling_disk_or_memory(page: Page) -> None:
    import psutil

    visitor = page.enter("check")
    before, most = psutil.Process().memory_info().rss, [0]
    piece = b"a" * 2**20

    def body() -> Any:
        yield b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n' + visitor.csrf.encode()
        yield b'\r\n--x\r\nContent-Disposition: form-data; name="file"; filename="big.xlsx"\r\n\r\n'
        for at in range(200):
            if at % 20 == 0:
                on_disk = sum(
                    each.stat().st_size for each in page.desk.shelf.folder.rglob("*") if each.is_file()
                )
                most[0] = max(most[0], on_disk)
            yield piece
        yield b"\r\n--x--\r\n"

    kept = sum(each.stat().st_size for each in page.desk.shelf.folder.rglob("*") if each.is_file())
    answer = visitor.client.post(
        "/uploads", content=body(), headers={"Content-Type": "multipart/form-data; boundary=x"}
    )

    assert answer.status_code == 200
    assert "слишком велик" in answer.text
    assert most[0] - kept <= 21 * 2**20, "no more than the limit was ever kept"
    assert psutil.Process().memory_info().rss - before < 120 * 2**20


def test_too_many_rows_are_refused_by_the_cell_they_reach(shop: Any, tmp_path: Path) -> None:
    rules = Rules(limits=Limits(file_mib=1, rows=10))
    with page_with(shop, tmp_path / "state", rules) as opened:
        answer = opened.enter("check").upload(write(RIGHT * 3, tmp_path / "long.xlsx"))

    assert "читается до 10 строк" in answer.text


def test_a_connection_that_drops_in_the_middle_leaves_a_line_and_no_file(page: Page) -> None:
    visitor = page.enter("check")
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.client.cookies.items())
    host, _, port = page.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as line:
        line.sendall(
            f"POST /uploads HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookies}\r\nContent-Length: 999999\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
            '--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n'
            f"{visitor.csrf}\r\n--x\r\nContent-Disposition: form-data; "
            'name="file"; filename="оборвался.xlsx"\r\n\r\nPK half of it'.encode()
            .decode("latin-1")
            .encode("latin-1")
        )
        _until(lambda: any(each.state == "receiving" for each in page.desk.history.uploads()))
    _until(lambda: not page.desk.history.uploads_in("receiving"))

    upload = page.desk.history.uploads(1)[0]
    assert (upload.name, upload.state) == ("оборвался.xlsx", "unfinished")
    assert not (page.desk.shelf.folder / upload.id).exists()
    assert "загрузка прервалась" in visitor.client.get("/").text


def test_a_process_that_dies_takes_only_its_own_upload_with_it(
    shop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(RIGHT, tmp_path / "right.xlsx")
    with page_with(shop, tmp_path / "state") as opened:
        visitor = opened.enter("check")
        monkeypatch.setattr("toolkit.web.jobs.check", os._exit)
        failed = visitor.upload(path)
        monkeypatch.undo()
        good = visitor.upload(path)

    assert "сбой программы" in failed.text
    assert headline(good).startswith("Проблем нет")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.xlsx", "passwd.xlsx"),
        ("C:\\Users\\Анна\\Маршруты.xlsx", "Маршруты.xlsx"),
        ("..", "file"),
        ("a\x00b\n<c>.xlsx", "abc.xlsx"),
        ("ы" * 300 + ".xlsx", "ы" * 87 + ".xlsx"),
        (".xlsx", "xlsx"),
    ],
)
def test_a_file_name_leads_nowhere(sent: str, kept: str) -> None:
    assert safe_name(sent) == kept
    assert len(kept.encode()) <= 180


def test_what_is_kept_is_for_its_owner_only(page: Page, tmp_path: Path) -> None:
    page.enter("check").upload(write(RIGHT, tmp_path / "right.xlsx"))

    for each in [page.desk.folder.parent, *page.desk.folder.parent.rglob("*")]:
        if each.name.endswith((".lock", "-wal", "-shm")):
            continue
        assert stat.S_IMODE(each.stat().st_mode) & 0o077 == 0, each


def test_a_script_in_a_cell_a_name_or_an_address_stays_text(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('Тема;Регион;Подразделение;Ответственный\n<script>alert(1)</script>;*;*;"><img src=x>\n')
    visitor = page.enter("check")

    answer = visitor.upload(path.read_bytes(), "<img src=x onerror=alert(1)>.csv")
    elsewhere = visitor.client.get("/<script>alert(1)</script>")

    for text in (answer.text, visitor.client.get("/").text, elsewhere.text):
        assert not re.search(r"<script>|<img|<[^>]*\sonerror=", text)
    assert elsewhere.status_code == 404


def _until(found: Any, limit_s: float = 10) -> None:
    import time

    deadline = time.monotonic() + limit_s
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.05)
