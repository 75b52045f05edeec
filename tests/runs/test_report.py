"""A report tells the truth of its run's folder, to people, safely."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import shutil
import stat
from pathlib import Path
from typing import Literal

import openpyxl
import pytest

import toolkit.runs.report as room
from toolkit import operations
from toolkit.errors import Paused, PlanError, StorageError
from toolkit.runs import Plan, Run, Settled, undo, write_report
from toolkit.runs.report import html, workbook
from toolkit.runs.report.russian import PLURALS, RUSSIAN
from toolkit.runs.report.wording import Wording

from .conftest import SECRET, World
from .report_fixtures import (
    FORMULA,
    HOSTILE,
    TITLE,
    clean,
    copied,
    disturbed,
    merging,
    page_of,
    planned,
    proven,
    robbed,
    sheets_of,
)

__all__ = ["clean", "disturbed", "robbed"]  # fixtures

# -- the verdict -------------------------------------------------------------------------------------


def test_a_clean_run_is_told_as_done_and_proven(clean: Run) -> None:
    text = page_of(clean).text

    assert "Сделано и доказано" in text
    assert "Повторный план пуст" in text
    assert TITLE["ru"] in text
    assert "Done and proven" in page_of(clean, "en").text


def test_a_planned_run_says_that_nothing_was_changed_and_how_to_go_on(world: World) -> None:
    run = planned(world)
    text = page_of(run).text

    assert "План готов" in text
    assert "На портале пока ничего не изменено" in text
    assert f"b24kit apply {run.id}" in text
    assert "Что будет сделано" in text
    assert f"b24kit undo {run.id}" not in text


def test_a_run_with_nothing_to_do_says_so(world: World) -> None:
    proven(world, planned(world))

    assert "Делать нечего" in page_of(planned(world)).text


def test_a_plan_of_which_every_row_was_struck_is_not_told_as_empty(world: World) -> None:
    run = planned(world)
    run.freeze(run.plan.narrowed([]))

    assert "Все изменения вычеркнуты" in page_of(run).text


def test_a_paused_run_says_how_far_it_is_and_how_to_go_on(world: World) -> None:
    run = planned(world)
    world.apply(run, limit=2)
    world.portal.stop()
    with pytest.raises(Paused):
        world.apply(run)

    text = page_of(run).text

    assert "Пауза" in text
    assert f"Завершено изменений: 2 из {len(run.plan.active)}." in text
    assert f"b24kit resume {run.id}" in text


def test_a_run_that_was_written_but_not_read_again_is_not_told_as_proven(world: World) -> None:
    run = planned(world)
    world.apply(run)
    run.journal.event("applied")
    text = page_of(run).text

    assert "Записано, но ещё не проверено" in text
    assert f"b24kit verify {run.id}" in text


def test_a_run_read_again_half_way_is_not_told_as_done(world: World) -> None:
    run = planned(world)
    world.apply(run, limit=2)
    world.verify(run)

    assert "Сделанное проверено, но сделано не всё" in page_of(run).text


def test_a_robots_work_refuses_the_certificate_and_is_listed(robbed: Run) -> None:
    page = page_of(robbed)

    assert "Сертификата нет" in page.text
    assert "вероятно, робот" in page.text
    assert page.text.count("необъяснимо") >= len(robbed.plan.active)
    assert FORMULA in page.text


def test_a_rehearsal_that_was_not_clean_warns(world: World) -> None:
    run = planned(world)
    run.journal.event(
        "rehearsed", clean=False, seconds=12.0, refused={"ACCESS_DENIED: нет прав": 2}, states={}
    )
    text = page_of(run).text

    assert "Репетиция в песочнице прошла не чисто" in text
    assert "ACCESS_DENIED: нет прав" in text


def test_an_undo_names_the_run_it_takes_back(world: World) -> None:
    run = planned(world)
    world.apply(run)

    text = page_of(world.undo(run)).text

    assert f"Отменяет запуск {run.id}" in text
    assert "вернуть как было до запуска" in text


# -- what people look for ----------------------------------------------------------------------------


def test_people_are_named_and_records_lead_to_their_cards(clean: Run) -> None:
    page = page_of(clean)
    change = clean.plan.active.iloc[0]

    assert f"https://sandbox.local/crm/contact/details/{change['record_id']}/" in page.links
    assert re.search(r"Ответственный: \S+ \S+ → Имя\d Фамилия\d", page.text)


def test_a_conflict_tells_who_edited_the_record_and_when_in_portal_time(disturbed: Run) -> None:
    page = page_of(disturbed)
    conflict = disturbed.plan.active.iloc[0]["record_id"]

    assert "Доказано, но с исключениями" in page.text
    assert "1 запись не тронута: после снимка её кто-то изменил." in page.text
    # The sandbox lives in UTC+3; the edit was made 61 minutes after noon UTC.
    assert re.search(
        r"поле «Ответственный» после снимка изменил\(а\) Имя4 Фамилия4 ?, 01.06.2026 16:01", page.text
    )
    assert f"https://sandbox.local/crm/contact/details/{conflict}/" in page.links


def test_a_cell_somebody_changed_afterwards_is_listed_with_the_culprit(disturbed: Run) -> None:
    rows = sheets_of(write_report(disturbed)[1])["Не по плану"]
    record = int(disturbed.plan.active.iloc[1]["record_id"])

    assert [row[1] for row in rows[1:]] == [f"контакт {record}"]
    assert rows[1][0] == "изменил кто-то другой"
    assert rows[1][6] == "Имя3 Фамилия3"


def test_the_portals_own_words_are_kept(world: World) -> None:
    run = planned(world)
    run.journal.settle([Settled(0, "rejected", "ACCESS_DENIED", "Недостаточно прав для изменения")])
    proven(world, run)

    page, rows = page_of(run), sheets_of(write_report(run)[1])["Не выполнено"]

    assert "Портал отказал в 1 изменении." in page.text
    assert rows[1][1] == "отказ портала"
    assert rows[1][5] == "ACCESS_DENIED: Недостаточно прав для изменения"


def test_records_left_to_a_person_are_counted_by_reason_and_all_in_the_workbook(world: World) -> None:
    run = planned(world, winner="review")
    listed = run.plan.listed
    assert len(listed)

    page, rows = page_of(run), sheets_of(write_report(run)[1])["Решает человек"]

    for reason, count in listed["reason"].value_counts().items():
        assert f"{RUSSIAN[reason]} · контакты: {count}" in page.text
    assert {row[0] for row in rows[1:]} == {f"контакт {each}" for each in listed["record_id"]}


def test_a_long_table_says_how_much_of_it_is_shown(world: World) -> None:
    run = planned(world)
    for change in range(12):
        run.journal.settle([Settled(change, "rejected", "", "")])
    count = len(run.plan.active)
    run.freeze(Plan(_many_times(run, 60), run.plan.listed, run.plan.facts))

    text = page_of(run).text

    assert count < 60
    assert "Показано 10 из 60; все строки — в report.xlsx." in text
    assert len(sheets_of(write_report(run)[1])["Изменения"]) == 61


def _many_times(run: Run, rows: int):
    table = run.plan.table
    many = table.iloc[[at % len(table) for at in range(rows)]].reset_index(drop=True)
    many["change"] = range(rows)
    return many


def test_the_workbook_counts_what_the_journal_counts(disturbed: Run) -> None:
    rows = sheets_of(write_report(disturbed)[1])["Изменения"]
    states = [row[1] for row in rows[1:]]

    counts = disturbed.journal.counts()
    assert states.count("выполнено") == counts["done"]
    assert states.count("конфликт") == counts["conflict"]
    assert len(states) == len(disturbed.plan)


def test_requests_in_the_workbook_add_up_and_have_a_chart(clean: Run) -> None:
    path = write_report(clean)[1]
    rows = sheets_of(path)["Запросы"]

    counted = sum(sum(row[1:5]) for row in rows[1:])
    assert counted == len(clean.journal.requests()) > 0
    assert rows[-1][6] == clean.journal.counts()["done"]
    assert len(openpyxl.load_workbook(path)["Запросы"]._charts) == 1


def test_the_cost_stands_beside_its_estimate(clean: Run) -> None:
    rows = sheets_of(write_report(clean)[1])["Итоги"]
    writing = next(row for row in rows if row[0] == "запись")

    sent = clean.journal.requests()["methods"].str.contains("crm.item.update").sum()
    assert writing[1] >= 1
    assert writing[2] >= sent >= 1
    assert writing[3].endswith("с")


def test_sheets_have_frozen_headings_and_filters(clean: Run) -> None:
    sheet = openpyxl.load_workbook(write_report(clean)[1])["Изменения"]

    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:J{len(clean.plan) + 1}"


def test_every_kind_of_change_is_told_in_words(world: World) -> None:
    run = merging(world)
    rows = {row[2]: row for row in sheets_of(write_report(run)[1])["Изменения"][1:]}
    before, after = ({kind: row[column] for kind, row in rows.items()} for column in (5, 6))

    assert re.fullmatch(r"контакт \d+ \(Контакт \d+\), контакт \d+ \(Контакт \d+\)", before["объединить"])
    assert after["объединить"].endswith("Должность: врач; пропадёт: Комментарий: звонить после шести")
    assert re.fullmatch(r"связь: контакт \d+", before["связать"])
    assert after["связать"] == "связь: сделка 1"
    assert after["создать"] == "Название: Сделка; Контакт: запись, созданная для x"
    assert (before["удалить"], after["удалить"]) == ("Имя: Лишний", "запись удалена")


def test_a_struck_row_is_told_as_struck(world: World) -> None:
    run = planned(world)
    run.freeze(run.plan.narrowed(list(run.plan.table["change"])[1:]))

    rows = sheets_of(write_report(run)[1])["Изменения"]

    assert rows[1][1] == "вычеркнуто человеком"
    assert {row[1] for row in rows[2:]} == {"не начато"}


# -- safety ------------------------------------------------------------------------------------------


def test_hostile_names_stay_text(world: World) -> None:
    contact = int(planned(world).plan.active.iloc[0]["record_id"])
    world.edit(contact, NAME=HOSTILE, LAST_NAME=FORMULA)
    run = proven(world, planned(world))

    page = page_of(run)
    book = openpyxl.load_workbook(write_report(run)[1])
    cells = [cell for sheet in book for row in sheet.rows for cell in row if isinstance(cell.value, str)]
    evil = [cell for cell in cells if FORMULA in cell.value]

    assert "script" not in page.tags
    assert HOSTILE in page.text
    assert evil
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in evil)


@pytest.mark.parametrize("state", ["clean", "disturbed", "robbed"])
def test_a_page_loads_nothing_and_leads_only_to_the_portal(
    state: str, request: pytest.FixtureRequest
) -> None:
    page = page_of(request.getfixturevalue(state))

    assert page.tags.isdisjoint({"script", "link", "img", "iframe", "object", "base", "form"})
    assert not [value for name, value in page.attributes if name in ("src", "srcset", "onclick", "onload")]
    assert all(link.startswith(("https://sandbox.local/", "#")) for link in page.links)
    assert "url(" not in page.source
    assert "@import" not in page.source
    assert "default-src 'none'" in page.source


def test_reports_are_private_and_leave_nothing_else_behind(clean: Run) -> None:
    paths = write_report(clean)
    kept = {"run.json", "before", "after", "plan.parquet", "plan.listed.parquet", "certificate.json"}
    found = {path.name for path in clean.folder.iterdir() if not path.name.startswith("journal.sqlite")}

    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o600, 0o600]
    assert found - kept == {"report.html", "report.xlsx"}


def test_no_report_holds_the_webhooks_secret(clean: Run) -> None:
    page, book = write_report(clean)

    assert SECRET not in page.read_text(encoding="utf-8")
    assert not any(SECRET in str(cell) for rows in sheets_of(book).values() for row in rows for cell in row)


def test_a_report_that_cannot_be_written_leaves_the_old_one(clean: Run, tmp_path: Path) -> None:
    run = copied(clean, tmp_path)
    page, book = write_report(run)
    kept = page.read_bytes(), book.read_bytes()
    (run.folder / "report.xlsx.part").mkdir()

    with pytest.raises(StorageError, match="report again"):
        write_report(run)

    assert (page.read_bytes(), book.read_bytes()) == kept


def test_a_run_without_a_plan_has_no_report(world: World) -> None:
    run = planned(world)
    (run.folder / "plan.parquet").unlink()
    run.__dict__.pop("plan", None)

    with pytest.raises(PlanError, match="Plan again"):
        write_report(run)


def test_a_report_survives_the_pruning_of_its_snapshot(disturbed: Run, tmp_path: Path) -> None:
    run = copied(disturbed, tmp_path)
    shutil.rmtree(run.folder / "before")

    text = page_of(run).text

    assert "Доказано, но с исключениями" in text
    assert "вместо имён показаны номера" in text
    assert "сотрудник 4" in text


def test_a_report_is_made_from_the_folder_alone(clean: Run, tmp_path: Path) -> None:
    page = write_report(clean)[0].read_text(encoding="utf-8")

    again = write_report(copied(clean, tmp_path))[0].read_text(encoding="utf-8")

    assert again == page


# -- language ----------------------------------------------------------------------------------------


def _texts() -> set[str]:
    """Every English text the reports and the review hand to their wording."""
    found: set[str] = set()
    reports = Path(room.__file__).parent
    sources = [*reports.glob("*.py"), *(reports.parent / "review").glob("*.py")]
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("_", "wording", "_text", "_number") and node.args:
                found |= _words(node.args[0])
    template = (Path(room.__file__).parent / "page.html.j2").read_text(encoding="utf-8")
    return found | set(re.findall(r'_\("([^"]+)"', template))


def _words(argument: ast.expr) -> set[str]:
    """A text, or either of two; what is looked up in a table is left to the tests of reports."""
    if isinstance(argument, ast.IfExp):
        return _words(argument.body) | _words(argument.orelse)
    return (
        {argument.value} if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else set()
    )


def test_everything_a_report_says_is_said_in_russian_too() -> None:
    plain = {text for text in _texts() if re.search("[a-z]", text)}

    assert len(plain) > 100
    assert plain - set(RUSSIAN) == set()


def test_every_reason_an_operation_gives_is_said_in_russian_too() -> None:
    modules = [
        importlib.import_module(f"{operations.__name__}.{each.name}")
        for each in pkgutil.iter_modules(operations.__path__)
    ]
    reasons = {
        text
        for module in [*modules, undo]
        for name, text in vars(module).items()
        if name.isupper() and not name.startswith("_") and isinstance(text, str) and " " in text
    }

    assert len(reasons) > 5
    assert {text for text in reasons if Wording("ru").phrase(text) == text} == set(), (
        "add them to report/russian.py"
    )


def test_both_languages_have_the_same_places_to_fill() -> None:
    def places(text: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", text))

    assert [text for text, said in RUSSIAN.items() if places(text) != places(said)] == []
    assert [
        text for text, said in PLURALS.items() if any(places(text) != places(each) for each in said)
    ] == []


def test_a_russian_report_has_no_english_sentence_left(disturbed: Run) -> None:
    known = r"b24kit|report|xlsx|reassign|contacts|run\d|undo|UTC|script|alert|sandbox|local|[a-z_]+ = \S+"
    text = re.sub(known, " ", page_of(disturbed).text.split("Что сделано", 1)[1])

    assert re.findall(r"[A-Za-z]{3,} [A-Za-z]{2,}", text) == []


def test_an_english_report_has_no_russian_of_ours(robbed: Run) -> None:
    text = page_of(robbed, "en").text
    ours = re.sub(r"Имя\d|Фамилия\d|Контакт \d+|Администратор\S*|Портал\S*", "", text)

    assert re.findall("[А-Яа-яё]+", ours) == []


def test_the_modules_of_the_page_and_the_workbook_agree_on_the_title(clean: Run) -> None:
    assert html.title_of is workbook.title_of
    assert sheets_of(write_report(clean)[1])["Итоги"][0][0] == TITLE["ru"]


@pytest.mark.parametrize(
    ("language", "words", "heading"),
    [
        ("ru", ["попадёт в новое обращение", "этого номера нет ни у кого", "всего"], "Учтены все"),
        ("en", ["goes into a new appeal", "nobody has this number", "total"], "Accounted for"),
    ],
)
def test_everything_looked_at_is_accounted_for_on_the_page_and_in_the_workbook(
    world: World, language: Literal["ru", "en"], words: list[str], heading: str
) -> None:
    run = planned(world)
    tally = {"goes into a new appeal": 7, "nobody has this number": 3}
    run.freeze(Plan(run.plan.table, run.plan.listed, {**run.plan.facts, "tally": tally}))

    html, xlsx = write_report(run, language=language)

    page = html.read_text(encoding="utf-8")
    assert f"<h2>{heading}</h2>" in page
    rows = {row[0]: row[1] for row in next(iter(sheets_of(xlsx).values())) if row[0] in words}
    assert rows == dict(zip(words, [7, 3, 10], strict=True))
    assert all(f">{each}</td>" in page for each in words)
