"""What a stranger may send: refused in words, in a moment, and without harm."""

from __future__ import annotations

import random
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import openpyxl
import pytest

from toolkit.sheets import Limits, SheetRefused, read_book
from toolkit.sheets.refusals import REFUSALS

SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["Тема", "Ответственный"])
    path = tmp_path / "plain.xlsx"
    book.save(path)
    return path


def rebuilt(
    path: Path, change: Mapping[str, bytes | Callable[[bytes], bytes]], suffix: str = ".xlsx"
) -> Path:
    """The archive with some parts changed or added."""
    target = path.with_name(f"rebuilt{suffix}")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name in source.namelist():
            new = change.get(name, source.read(name))
            made.writestr(name, new(source.read(name)) if callable(new) else new)
        for name in set(change) - set(source.namelist()):
            new = change[name]
            assert isinstance(new, bytes)
            made.writestr(name, new)
    return target


def refusal(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(SheetRefused) as caught:
        read_book(path, limits=limits or Limits())
    assert path.name in str(caught.value)
    assert path.name in caught.value.told("ru")
    assert str(path.parent) not in str(caught.value)
    return caught.value.code


def test_a_far_cell_is_named(plain: Path) -> None:
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    path = rebuilt(plain, {SHEET: lambda old: old.replace(b"</sheetData>", far)})

    assert refusal(path) == "far_cell"


def test_a_bomb_of_zeros_is_not_unpacked(plain: Path) -> None:
    assert refusal(rebuilt(plain, {"xl/media/x.bin": b"0" * 30_000_000})) == "bomb"


def test_a_document_type_is_refused_wherever_it_stands(plain: Path) -> None:
    declared = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>'
    early = rebuilt(plain, {SHEET: lambda old: declared + old})
    assert refusal(early) == "entities"
    late = rebuilt(plain, {SHEET: lambda old: b"<!--" + b" " * 9000 + b"-->" + declared + old})
    assert refusal(late) == "entities"


def test_macros_are_ignored_only_where_the_name_admits_them(plain: Path) -> None:
    macros = {"xl/vbaProject.bin": b"\0"}

    assert refusal(rebuilt(plain, macros)) == "macros"
    assert read_book(rebuilt(plain, macros, ".xlsm")).kind == "xlsm"


def test_links_to_other_files_are_refused(plain: Path) -> None:
    assert refusal(rebuilt(plain, {"xl/externalLinks/externalLink1.xml": b"<x/>"})) == "links"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b"<html><table>", "web_page"),
        (b"\x89PNG\r\n\x1a\n\0\0", "kind"),
        (b"PK\x03\x04 torn", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
    ],
)
def test_what_is_no_spreadsheet_is_told_so(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "rules.xlsx"
    path.write_bytes(content)

    assert refusal(path) == code


def test_a_missing_file_is_told_so(tmp_path: Path) -> None:
    assert refusal(tmp_path / "absent.xlsx") == "unreadable"


def test_the_limits_hold(plain: Path) -> None:
    many = "".join(f'<row r="{row}"><c r="A{row}"/><c r="B{row}"/></row>' for row in range(2, 2000)).encode()
    path = rebuilt(plain, {SHEET: lambda old: old.replace(b"</sheetData>", many + b"</sheetData>")})

    assert refusal(path, Limits(cells=1000)) == "too_many_cells"
    assert refusal(path, Limits(file_mib=0)) == "too_large"
    assert refusal(path, Limits(seconds=0)) == "too_costly"


def test_memory_is_bounded(plain: Path) -> None:
    letters = random.Random(1).randbytes(10_000_000).hex()
    cell = f'<row r="9"><c r="A9" t="inlineStr"><is><t>{letters}</t></is></c></row></sheetData>'.encode()
    path = rebuilt(plain, {SHEET: lambda old: old.replace(b"</sheetData>", cell)})

    assert refusal(path, Limits(memory_mib=100)) == "too_costly"


def test_torn_files_are_refused_not_crashed_on(plain: Path, tmp_path: Path) -> None:
    whole = plain.read_bytes()
    for cut in (30, len(whole) // 2, len(whole) - 10):
        path = tmp_path / "torn.xlsx"
        path.write_bytes(whole[:cut])
        assert refusal(path) == "damaged"


def test_every_refusal_speaks_both_languages_with_the_same_facts() -> None:
    for told in REFUSALS.values():
        marks = [sorted(re.findall(r"{\w+}", " ".join(told[language]))) for language in ("ru", "en")]
        assert marks[0] == marks[1]
