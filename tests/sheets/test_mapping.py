"""Exports of another system: headings guessed, dates of five kinds, problems by cell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from toolkit.errors import ParameterError, SheetError, StorageError
from toolkit.operations import operation
from toolkit.sheets.annotated import write_marked
from toolkit.sheets.mapping import (
    ExportMapping,
    exports,
    mapped_rows,
    open_export,
    propose_mapping,
    read_export,
    read_moment,
)
from toolkit.sheets.reading import read_book

MOSCOW = timezone(timedelta(hours=3))
TEN = datetime(2026, 5, 1, 10, 0, tzinfo=MOSCOW)


@pytest.mark.parametrize(
    "cell",
    [
        "2026-05-01T10:00:00+03:00",
        "01.05.2026 10:00",
        46143 + 10 / 24,
        str(int(TEN.timestamp())),
        int(TEN.timestamp()) * 1000,
        datetime(2026, 5, 1, 10, 0),
    ],
)
def test_one_moment_is_read_from_each_kind_of_date(cell: object) -> None:
    assert read_moment(cell, MOSCOW) == TEN


@pytest.mark.parametrize("cell", ["завтра", "31.02.2026", "", None, True, 7])
def test_what_is_no_moment_is_not_guessed(cell: object) -> None:
    assert read_moment(cell) is None


def test_headings_are_recognised_and_no_field_is_taken_twice() -> None:
    found = propose_mapping(["Номер заявки", "Дата", "Телефон", "Номер телефона", "Цвет"])
    assert found == {"Номер заявки": "id", "Дата": "at", "Телефон": "phone"}


def test_a_windows_1251_file_becomes_rows_the_operation_takes(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    text = "Номер заявки;Дата;Фамилия;Телефон;Тема;Сумма\nR1;01.05.2026 10:00;Ершов;8 912 345-67-01;Ремонт;1 500,50\n"
    path.write_bytes(text.encode("cp1251"))

    rows = read_export(path)
    found = mapped_rows(rows, propose_mapping(rows[0]), "request", MOSCOW)

    assert found.problems == []
    rule: Any = operation("load_contact_centre")
    row = rule.parameters({"system": "cc1", "requests": found.rows}).requests[0]
    assert (row.id, row.at, row.last_name, row.amount) == ("R1", TEN, "Ершов", 1500.5)


def test_problems_are_told_by_cell_in_two_languages_and_the_other_rows_go_on() -> None:
    rows = [
        {"номер": "C1", "дата": "завтра", "телефон": "8 912 345-67-01"},
        {"номер": "C2", "дата": "01.05.2026", "телефон": "8 912 345-67-01", "направление": "вбок"},
        {"номер": "C3", "дата": "01.05.2026", "телефон": "8 912 345-67-01", "направление": "исходящий"},
        {"номер": "C4", "дата": "01.05.2026"},
    ]
    mapping = propose_mapping(["номер", "дата", "телефон", "направление"])

    found = mapped_rows(rows, mapping, "call")

    assert [row["id"] for row in found.rows] == ["C3"]
    assert found.rows[0]["direction"] == "out"
    assert [(each.row, each.heading, each.code) for each in found.problems] == [
        (1, "дата", "moment"),
        (2, "направление", "direction"),
        (4, "телефон", "missing"),
    ]
    assert found.problems[0].words("ru") == "строка 1, дата: «завтра» — не дата и не время"
    assert found.problems[0].words("en") == "row 1, дата: 'завтра' is no date and time"


def test_lines_of_json_and_parquet_read_alike_and_half_a_line_is_refused(tmp_path: Path) -> None:
    lines = tmp_path / "export.jsonl"
    lines.write_text('{"id": "R1", "date": "2026-05-01"}\n\n{"id": "R2", "date": ""}\n', encoding="utf-8")
    columns = tmp_path / "export.parquet"
    pq.write_table(pa.table({"id": ["R1", "R2"], "date": ["2026-05-01", None]}), columns)
    wanted = [{"id": "R1", "date": "2026-05-01"}, {"id": "R2"}]
    assert read_export(lines) == read_export(columns) == wanted

    lines.write_text('{"id": "R1"}\n{"id": "R', encoding="utf-8")
    with pytest.raises(SheetError, match="no JSON object"):
        read_export(lines)
    columns.write_bytes(b"PAR1 half")
    with pytest.raises(SheetError, match="cannot be read"):
        read_export(columns)


def test_a_mapping_without_a_needed_field_stops() -> None:
    with pytest.raises(ParameterError, match="at"):
        mapped_rows([], {"номер": "id"}, "request", UTC)


EXPORT = (
    "Номер заявки;Дата обращения;ФИО клиента;Телефон клиента;Тема;Сумма, руб;Цвет\n"
    "R1;01.05.2026 10:00;Ершов Борис;8 912 345-67-01;Ремонт;1 500,50;синий\n"
    "R2;завтра;Ершов Борис;8 912 345-67-01;Ремонт;много;синий\n"
)


def test_a_proposed_mapping_reads_back_and_says_what_it_did_not_recognise(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(EXPORT.encode("cp1251"))
    export = open_export(path)

    text, found = ExportMapping.proposed(export, "requests", system="cc1", zone="Asia/Omsk")
    ExportMapping.write(text, tmp_path / "mapping.yaml")
    mapping = ExportMapping.read(tmp_path / "mapping.yaml")

    assert (found.unknown, found.missing) == (("Цвет",), ())
    assert mapping.columns["Телефон клиента"] == "phone"
    assert mapping.columns["Цвет"] == ""
    first, *others = mapping.rows_of(export).rows
    assert (first["at"], first["amount"], others) == ("2026-05-01T10:00:00+06:00", 1500.5, [])
    with pytest.raises(StorageError, match="there already"):
        ExportMapping.write(text, tmp_path / "mapping.yaml")


def test_problems_stand_at_their_cells_and_in_an_annotated_copy(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(EXPORT.encode("cp1251"))
    export = open_export(path)
    mapping = ExportMapping(kind="requests", columns=propose_mapping(export.columns))

    problems = [export.placed(each) for each in mapping.rows_of(export).problems]

    assert [(each.place.sheet, each.place.address, each.value) for each in problems] == [
        ("export", "B3", "завтра"),
        ("export", "F3", "много"),
    ]
    assert problems[0].what("ru") == "«завтра» — не дата и не время."
    assert problems[1].what("en") == "'много' is no number."
    copy = write_marked(path, problems, tmp_path / "copy.xlsx", title="Проблемы", language="ru")
    marked = openpyxl.load_workbook(copy)["export"]
    assert marked["B3"].comment is not None
    assert marked["F3"].comment is not None
    assert marked["B2"].comment is None


def test_a_call_s_own_number_is_not_that_of_its_request() -> None:
    found = propose_mapping(["Номер заявки", "ID звонка", "Начало", "Номер абонента", "Длительность"], "call")
    assert found == {
        "Номер заявки": "request",
        "ID звонка": "id",
        "Начало": "at",
        "Номер абонента": "phone",
        "Длительность": "duration_s",
    }


def test_constants_words_and_clock_durations_are_read_as_the_mapping_says() -> None:
    mapping = ExportMapping(
        kind="calls",
        columns={"Номер": "id", "Дата": "at", "Тел": "phone", "Тип": "direction", "Длит": "duration_s"},
        constants={"responsible": "12"},
        words={"direction": {"Принят": "in", "Набран": "out"}},
    )
    row = {"номер": 7.0, "дата": "01.05.2026 10:00", "тел": 89123456701, "тип": "Набран", "длит": "00:01:05"}

    found = mapping.mapped([row, {**row, "номер": 8, "длит": "1:99"}])

    assert found.rows == [
        {
            "responsible": "12",
            "id": "7",
            "at": "2026-05-01T10:00:00+03:00",
            "phone": "89123456701",
            "direction": "out",
            "duration_s": 65,
        }
    ]
    assert [each.code for each in found.problems] == ["duration"]


@pytest.mark.parametrize(
    ("entry", "value", "problem"),
    [
        ("zone", "Mars/Olympus", "is not a time zone"),
        ("columns", {"Номер": "id", "Дата": "at", "Тел": "phome"}, "perhaps phone"),
        ("columns", {"Номер": "id", "Дата": "at", "Тел": "id"}, "beside two headings"),
        ("columns", {"Номер": "id"}, "no heading is at"),
        ("kind", "letters", "requests"),
        ("colour", "red", "not permitted"),
    ],
)
def test_a_mapping_file_that_cannot_be_used_says_which_entry(
    tmp_path: Path, entry: str, value: object, problem: str
) -> None:
    path = tmp_path / "mapping.yaml"
    said = {"kind": "requests", "columns": {"Номер": "id", "Дата": "at"}, entry: value}
    path.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")

    with pytest.raises(SheetError, match=problem):
        ExportMapping.read(path)


@pytest.mark.parametrize(
    ("cell", "decimal", "amount"),
    [
        ("1.500,50", "", 1500.5),
        ("1,500.50 ₽", "", 1500.5),
        ("1,500", ".", 1500.0),
        ("12 000 руб.", "", 12000.0),
    ],
)
def test_amounts_are_read_by_their_separators(cell: str, decimal: Any, amount: float) -> None:
    columns = {"id": "id", "at": "at", "sum": "amount"}
    mapping = ExportMapping(kind="requests", columns=columns, decimal=decimal)
    assert mapping.mapped([{"id": 1, "at": "2026-05-01", "sum": cell}]).rows[0]["amount"] == amount


def test_a_file_that_is_still_being_written_is_not_taken_for_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "export.csv"
    path.write_text("id;at\nR1;01.05.2026\n", encoding="utf-8")

    def slowly(book: Path) -> Any:
        found = read_book(book)
        with book.open("a", encoding="utf-8") as file:
            file.write("R2;02.05.2026\n")
        return found

    monkeypatch.setattr(exports, "read_book", slowly)
    with pytest.raises(SheetError, match="still being written"):
        open_export(path)
    monkeypatch.undo()
    assert [row["id"] for row in open_export(path).rows] == ["R1", "R2"]
