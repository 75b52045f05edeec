"""Exports of another system: headings guessed, dates of five kinds, problems by cell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toolkit.errors import ParameterError, SheetError
from toolkit.operations import operation
from toolkit.sheets.mapping import mapped_rows, propose_mapping, read_export, read_moment

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
    assert found.problems[0].words("ru") == "строка 1, дата: 'завтра' не дата и не время"
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
