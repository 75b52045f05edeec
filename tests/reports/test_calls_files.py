"""The files of the report: private, whole, typed, safe to open, and nothing in them is a secret or a formula."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.reports.conftest import Developer
from tests.reports.firm import MARIA, appeal, call, contact, dataset, missed
from toolkit.cli import app
from toolkit.errors import ParameterError, SnapshotError
from toolkit.reports.calls import COLUMNS, CallsReport
from toolkit.settings import Settings
from toolkit.workflow import CallsAsked, Workspace, calls_dataset, calls_report

HOSTILE = '=HYPERLINK("http://evil","x")'
CALLS = [
    call(1, "2026-05-01T08:00:00Z", PORTAL_USER_ID=MARIA, CALL_RECORD_URL="https://x/?token=s3cret"),
    call(2, "2026-05-02T08:00:00Z", PORTAL_USER_ID=MARIA),
    missed(3, "2026-05-04T08:00:00Z"),
]


@pytest.fixture
def report() -> CallsReport:
    named = contact(10, lastName="<script>alert(1)</script>", name=HOSTILE)
    return CallsReport.of(
        dataset(CALLS, contacts=[named], appeals=[appeal(1, "2026-05-01T08:05:00Z", title=HOSTILE)])
    )


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_workbook_holds_every_call_in_a_typed_table_and_charts_beside_pivots(
    tmp_path: Path, language: str
) -> None:
    made = CallsReport.of(dataset(CALLS, language=language))

    path = made.write(tmp_path)["workbook"]

    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[-1]
    assert list(sheet.tables) == ["calls"]
    assert sheet.tables["calls"].ref == sheet.dimensions
    assert sheet.freeze_panes == "B2"
    headings = [cell.value for cell in sheet[1]]
    # A parameter of a test is any text; it is one of the two languages.
    assert headings == [column.heading(language) for column in COLUMNS.values()]  # type: ignore[arg-type]
    assert len(set(headings)) == len(headings), "Excel refuses a table with the same heading twice"
    row = dict(zip(COLUMNS, [cell.value for cell in sheet[2]], strict=True))
    assert row["start"] == pd.Timestamp("2026-05-01 11:00:00")
    assert (row["duration_s"], row["client_id"], row["hour"]) == (60, 10, 11)
    assert row["answered"] == ("да" if language == "ru" else "yes")
    charted = [each.title for each in book.worksheets if each._charts]
    assert len(charted) >= 5, charted


@pytest.mark.parametrize(("language", "words"), [("ru", "последние звонки: 2 из 3"), ("en", "newest 2 of 3")])
def test_a_sheet_too_small_holds_the_newest_calls_and_says_so(
    tmp_path: Path, language: str, words: str
) -> None:
    made = CallsReport.of(dataset(CALLS, language=language))

    paths = made.write(tmp_path, most_rows=2)

    book = openpyxl.load_workbook(paths["workbook"])
    sheet = book.worksheets[-1]
    column = list(COLUMNS).index("start")
    assert [row[column].value.day for row in sheet.iter_rows(min_row=2)] == [2, 4]
    assert any(words in str(row[0].value) for row in book.worksheets[0].iter_rows())
    assert len(pd.read_parquet(paths["table"])) == 3


def test_no_text_becomes_a_formula_or_a_tag_and_no_secret_is_told(
    tmp_path: Path, report: CallsReport
) -> None:
    files = report.write(tmp_path)

    book = openpyxl.load_workbook(files["workbook"])
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert any(HOSTILE in str(cell.value) for cell in cells)
    assert not any(cell.data_type == "f" for cell in cells)
    page = files["page"].read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r'(?:src|href)="(?!#)', page), "nothing is loaded from anywhere"
    for path in files.values():
        assert b"s3cret" not in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_reports_replace_older_ones_and_leave_nothing_beside_them(
    tmp_path: Path, report: CallsReport
) -> None:
    report.write(tmp_path)
    files = report.write(tmp_path)

    assert {each.name for each in tmp_path.iterdir()} == {path.name for path in files.values()}
    assert set(files) == {"page", "workbook", "table", "reassign-contact"}


def test_the_page_begins_with_figures_and_shows_pictures_in_the_readers_language(
    tmp_path: Path, developer: Developer
) -> None:
    work = Workspace(Settings.load(env_file=None, snapshots=developer.root, portal="sandbox.local"))
    asked = CallsAsked(appeals=177, fields=developer.fields, run=developer.run.id)

    made = calls_report(work, asked)
    page = made.write(tmp_path)["page"].read_text(encoding="utf-8")

    assert made.coverage is not None
    assert made.dataset.taken == developer.after.manifest.finished, "the newest snapshot"
    for expected in ("Звонков без обращения", "Без обращения: до и после", "Кто отвечает: по линиям"):
        assert expected in page
    assert page.count("<svg") == 7


def test_what_is_asked_wrongly_stops_before_anything_is_written(tmp_path: Path, developer: Developer) -> None:
    work = Workspace(Settings.load(env_file=None, snapshots=developer.root, portal="sandbox.local"))
    nowhere = Workspace(Settings.load(env_file=None, snapshots=tmp_path, portal="sandbox.local"))

    with pytest.raises(SnapshotError, match="--fresh"):
        calls_dataset(nowhere, CallsAsked())
    with pytest.raises(ParameterError, match=r"holiday.*are not known"):
        calls_dataset(work, CallsAsked(calendar={"holiday": []}))
    with pytest.raises(ParameterError, match="is not a time zone"):
        calls_dataset(work, CallsAsked(calendar={"zone": "Москва"}))


def test_a_calendar_closes_the_office_and_names_the_zone(developer: Developer) -> None:
    work = Workspace(Settings.load(env_file=None, snapshots=developer.root, portal="sandbox.local"))
    days = pd.date_range("2019-01-01", "2027-01-01").date.tolist()

    closed = calls_dataset(work, CallsAsked(calendar={"holidays": days, "zone": "Asia/Yekaterinburg"}))

    assert closed.table["response_working_s"].dropna().eq(0).all()
    assert str(closed.table["start"].dt.tz) == "Asia/Yekaterinburg"


def test_from_the_command_line(tmp_path: Path, developer: Developer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("B24_SNAPSHOTS", str(developer.root))
    monkeypatch.setenv("B24_PORTAL", "sandbox.local")
    monkeypatch.chdir(tmp_path)

    def b24kit(*words: str) -> str:
        told = CliRunner().invoke(app, ["calls", *words])
        assert told.exit_code == 0, (told.output, told.exception)
        return told.output

    said = json.loads(b24kit("report", "--out", "report", "--json"))
    audited = json.loads(b24kit("audit", "--out", "audit", "--json"))
    b24kit("dataset", "calls.parquet")
    b24kit("dataset", "calls.xlsx")

    assert said["total"]["calls"] == len(pd.read_parquet("calls.parquet"))
    assert said["total"]["without_appeal"] < said["total"]["calls"] / 5, "the run's own appeals and fields"
    assert Path(said["files"]["page"]).is_file()
    assert {each["line"] for each in audited["lines"]}
    assert openpyxl.load_workbook("calls.xlsx", read_only=True).sheetnames == ["Все звонки"]
    refused = CliRunner().invoke(app, ["calls", "dataset", "calls.doc"])
    assert isinstance(refused.exception, ParameterError)
