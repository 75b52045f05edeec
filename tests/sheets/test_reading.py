"""The same table comes back from every kind of file, with its addresses."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sheets.conftest import Converter
from toolkit.errors import SheetError
from toolkit.sheets import read_book, read_rows
from toolkit.sheets.raw import Cell, RawSheet, letters, number_of
from toolkit.sheets.xlsx import iso_of_serial


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sheet with everything people do to sheets."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Правила"
    sheet["A1"] = "Справочник\xa0маршрутов"
    sheet.merge_cells("A1:D1")
    sheet["B3"], sheet["C3"], sheet["D3"] = "Тема", "С", "Доля"
    sheet["B4"], sheet["C4"], sheet["D4"] = "Доставка", date(2026, 3, 1), 0.5
    sheet["D4"].number_format = '0"d"'
    sheet.merge_cells("B4:B5")
    sheet["C5"], sheet["D5"] = 46082, "=1/0"
    sheet["C6"], sheet["D6"] = datetime(2026, 3, 1, 9, 30), "=D4*2"
    sheet["B7"], sheet["D7"] = "x_x0041_", True
    sheet.row_dimensions[6].hidden = True
    sheet.column_dimensions["D"].hidden = True
    for row in range(8, 200):
        sheet.cell(row, 2).number_format = "0.00"
    book.create_sheet("Скрытый").sheet_state = "hidden"
    path = tmp_path_factory.mktemp("odd") / "odd.xlsx"
    book.save(path)
    return path


def hold_the_same(sheet: RawSheet) -> None:
    cells = sheet.cells
    assert cells[1][1] == Cell("text", "Справочник\xa0маршрутов")
    assert cells[4] == {2: Cell("text", "Доставка"), 3: Cell("date", "2026-03-01"), 4: Cell("number", 0.5)}
    assert cells[5][2] == Cell("text", "Доставка"), "a merged value stands in each of its cells"
    assert cells[5][3] == Cell("number", 46082)
    assert cells[6][3] == Cell("date", "2026-03-01T09:30:00")
    assert cells[7][4] == Cell("boolean", True)
    assert max(cells) == 7, "formatted but empty rows hold nothing"
    assert sheet.hidden_rows == {6}
    assert 4 in sheet.hidden_columns


def test_a_workbook_of_openpyxl_comes_back_whole(odd: Path) -> None:
    book = read_book(odd)

    hold_the_same(book.sheets[0])
    assert [(each.name, each.hidden) for each in book.sheets] == [("Правила", False), ("Скрытый", True)]
    assert book.sheets[0].cells[6][4] == Cell("formula", "=D4*2"), "nobody ever computed it"


@pytest.mark.parametrize("suffix", ["ods", "xls", "xlsx"])
def test_a_file_of_libreoffice_comes_back_whole(odd: Path, libreoffice: Converter, suffix: str) -> None:
    sheet = read_book(libreoffice(odd, suffix)).sheets[0]

    hold_the_same(sheet)
    assert sheet.cells[5][4] == Cell("error", "#DIV/0!")
    assert sheet.cells[6][4] == Cell("number", 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_text_files_come_back_in_every_dialect(tmp_path: Path, encoding: str, separator: str) -> None:
    rows = [
        ["Тема", "ИНН", "Слова"],
        ["Доставка, возврат; обмен\tи прочее", "0077123456", "строка\nвторая"],
        ["NA", "+79120000001", ""],
    ]
    text = "\r\n".join(
        separator.join(f'"{each}"' if set(each) & set(",;\t\n") else each for each in row) for row in rows
    )
    path = tmp_path / "rules.csv"
    path.write_bytes(text.encode(encoding))

    cells = read_book(path).sheets[0].cells

    assert {row: [cell.value for cell in found.values()] for row, found in cells.items()} == {
        1: rows[0],
        2: rows[1],
        3: rows[2][:2],
    }


def test_the_kind_is_decided_by_content(odd: Path, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(odd.read_bytes())

    assert read_book(path).kind == "xlsx"


def test_rows_keep_numbers_and_name_cells_without_value(odd: Path, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in [["From ", "To"], [1, "a@b.c"], [None, None], [2, " Иван\xa0Иванов "]]:
        book.active.append(row)
    path = tmp_path / "pairs.xlsx"
    book.save(path)

    assert read_rows(path) == [{"from": 1, "to": "a@b.c"}, {"from": 2, "to": "Иван Иванов"}]
    with pytest.raises(SheetError, match="D5"):
        read_rows(odd)


def test_reading_waits_for_no_table_library() -> None:
    """The confined process starts for every upload."""
    code = (
        "import sys, toolkit.sheets.reading, toolkit.sheets.xlsx, toolkit.sheets.ods, toolkit.sheets.confined;"
        "assert not {'pandas', 'numpy', 'openpyxl', 'pandera'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@given(st.integers(1, 16384))
def test_letters_and_numbers_of_columns_agree(column: int) -> None:
    assert number_of(letters(column)) == column


@given(st.datetimes(datetime(1900, 3, 1), datetime(9999, 12, 30)))
def test_day_numbers_agree_with_openpyxl(moment: datetime) -> None:
    from openpyxl.utils.datetime import to_excel

    moment = moment.replace(microsecond=0)
    shown = iso_of_serial(to_excel(moment))

    assert shown is not None
    assert abs((datetime.fromisoformat(shown) - moment).total_seconds()) <= 1
