"""The health report: each measure against a firm whose dirt is known, the comparison, the files."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.operations.conftest import make_firm
from tests.routing.desk import Desk, rule
from tests.runs.conftest import SECRET, World, make_world
from toolkit.errors import ParameterError, SnapshotError
from toolkit.records import Snapshot, Wanted, take_snapshot
from toolkit.reports.health import HEALTH_ENTITIES, HealthReport, Measure, measure
from toolkit.routing import Book, Rule, Substitution
from toolkit.routing.evaluator import period
from toolkit.sandbox import InProcessTransport
from toolkit.sandbox.doors.http import serve
from toolkit.settings import Settings
from toolkit.workflow import Workspace, health, health_snapshot, health_snapshots, snapshot

from .conftest import Developer

FORMULA = '=HYPERLINK("http://evil.example","x")<script>alert(1)</script>'


@dataclass(frozen=True)
class Firm:
    """A firm read twice, a month apart, with changes between."""

    world: World
    work: Workspace
    old: Snapshot
    new: Snapshot


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    root = tmp_path_factory.mktemp("firm")
    world = make_world(root / "world", contacts=30, deals=30)
    settings = Settings.load(
        env_file=None,
        webhook=f"https://sandbox.local/rest/1/{SECRET}/",
        snapshots=root / "snapshots",
        state_dir=root / "state",
        plan="box",
    )
    work = Workspace(settings, world.clock, InProcessTransport(world.sandbox))
    world.sandbox.store.update("user", 6, {"NAME": FORMULA})
    old = snapshot(work, HEALTH_ENTITIES)
    world.clock.sleep(timedelta(days=31).total_seconds())
    for _ in range(2):
        _add(world, "contact", NAME="Пётр", LAST_NAME="Двойников", PHONE=_phone("+7 916 123-45-67"))
    _add(world, "contact", NAME="Немой", LAST_NAME="Безтелефонов")
    _add(world, "contact", NAME="Кривой", LAST_NAME="Номеров", PHONE=_phone("позвоню сам"))
    _add(world, "deal", TITLE="Ничья сделка", ASSIGNED_BY_ID=6)
    return Firm(world, work, old, snapshot(work, HEALTH_ENTITIES))


def _phone(number: str) -> list[dict[str, str]]:
    return [{"VALUE": number, "VALUE_TYPE": "WORK"}]


def _add(world: World, kind: str, **fields: Any) -> None:
    world.portal.call(f"crm.{kind}.add", {"fields": fields})


def _found(taken: Snapshot, **given: Any) -> dict[str, Measure]:
    return dict(measure(taken, **given).measures)


def test_each_measure_moves_by_what_was_spoiled_and_by_nothing_else(firm: Firm) -> None:
    old, new = _found(firm.old), _found(firm.new)
    moved = {name: new[name].found - old[name].found for name in new}

    assert {name: step for name, step in moved.items() if step} == {
        "phones": 1,  # nobody can call "позвоню сам"
        "surplus": 1,  # the two Двойников are one
        "left": 1,  # the deal of the sixth employee, who is dismissed
        "contact_without_deal": 4,
        "deal_without_client": 1,
        "unreachable": 1,
    }
    assert (new["phones"].found, new["phones"].total) == (1, 3)
    assert (new["deal_without_client"].found, new["deal_without_client"].total) == (1, 31)


def test_what_a_snapshot_cannot_tell_is_left_out_rather_than_called_clean(firm: Firm) -> None:
    found = _found(firm.new, appeals=177)

    assert "calls_without_appeal" not in found, "the snapshot holds no calls"
    assert "routing_gaps" not in found, "no directory was given"


def test_a_rule_leads_to_nobody_when_its_person_deputy_and_substitute_have_all_left(firm: Firm) -> None:
    here, gone, long_gone = "2", "6", "77"
    day = date.fromisoformat(firm.new.manifest.finished[:10])
    past = period(None, day - timedelta(days=40))
    anything = ("*",) * 5
    rules = (
        Rule(1, anything, (here,)),
        Rule(2, anything, (gone,)),
        Rule(3, anything, (gone,), deputy=here),
        Rule(4, anything, (long_gone,), deputy=gone),
        Rule(5, anything, (gone,), period=past),
    )
    assert _found(firm.new, routing=Book(rules))["routing_gaps"] == Measure("routing_gaps", 2, 4)

    stood_in = Book(rules, substitutions=(Substitution(gone, here),))
    assert _found(firm.new, routing=stood_in)["routing_gaps"].found == 0


def test_calls_without_an_appeal_are_all_before_the_backfill_and_those_it_left_afterwards(
    developer: Developer,
) -> None:
    before, after = (
        measure(each, appeals=177).measures["calls_without_appeal"]
        for each in (developer.before, developer.after)
    )
    left = developer.run.plan.listed["entity"].isin(["call", "activity"]).sum()

    assert before.found == before.total == sum(developer.run.plan.tally().values())
    assert 0 < left < before.total
    assert (after.found, after.total) == (left, before.total)


def test_a_fresh_snapshot_reads_calls_too_where_there_are_appeals(tmp_path: Path) -> None:
    portal = make_firm(tmp_path, 0.002)
    work = Workspace(
        Settings.load(
            env_file=None,
            webhook=f"https://sandbox.local/rest/1/{SECRET}/",
            snapshots=tmp_path / "snapshots",
            state_dir=tmp_path / "state",
            plan="box",
        ),
        portal.clock,
        InProcessTransport(portal.sandbox),
    )
    plain = health_snapshot(work)
    portal.clock.sleep(60)
    health_snapshot(work, 177)

    report = health(work, appeals=177)

    assert set(plain.entities) == set(HEALTH_ENTITIES)
    assert [each.taken for each in report.having("calls_without_appeal")] == [report.latest.taken]
    assert report.latest.measures["calls_without_appeal"].total > 50
    assert "left" in report.measured[0].measures, "the older one is compared in what it holds"


def test_rules_of_the_published_directory_lead_to_nobody_once_their_people_have_left(tmp_path: Path) -> None:
    desk = Desk.opened(tmp_path)
    desk.publish([rule("Ремонт", 3), rule("Продажа", 4), rule("*", 5)])
    taken = health_snapshot(desk.work)
    desk.world.sandbox.store.update("user", 4, {"ACTIVE": "N"})
    desk.world.clock.sleep(60)
    later = health_snapshot(desk.work)

    report = health(desk.work, [taken, later], routing="published")

    found = [each.measures["routing_gaps"] for each in report.measured]
    assert [(each.found, each.total) for each in found] == [(0, 3), (1, 3)]


def test_months_stand_side_by_side_in_order_whatever_order_they_were_given_in(firm: Firm) -> None:
    report = health(firm.work, [firm.new, firm.old, firm.new])

    assert [each.snapshot.digest for each in report.measured] == [firm.old.digest, firm.new.digest]
    rows = {str(row[0]): list(row[1:]) for row in report.comparison().rows()}
    assert rows["сделки без клиента"] == [0, 1, "3,2\N{NO-BREAK SPACE}%", "+1"]
    assert rows["контакты без телефона и почты"][:2] == [30, 31]
    steps = report.table().set_index(["name", "taken"])["change"]
    assert steps["left", firm.new.manifest.finished] == 1
    assert report.as_text().shape == (9, 5)


def test_without_folders_the_newest_snapshot_of_each_month_is_taken_and_a_runs_narrow_one_is_not(
    firm: Firm,
) -> None:
    kept = firm.work.root / "sandbox.local"
    wanted = [Wanted("user"), Wanted("company"), Wanted("contact", ["assignedById"]), Wanted("deal")]
    take_snapshot(firm.world.portal, wanted, kept / "run" / "before", clock=firm.world.clock)
    some = [Wanted("user"), Wanted("company"), Wanted("contact"), Wanted("deal", filter={">id": 5})]
    take_snapshot(firm.world.portal, some, kept / "snapshot-part", clock=firm.world.clock)

    assert [each.digest for each in health_snapshots(firm.work)] == [firm.old.digest, firm.new.digest]


def test_snapshots_of_two_portals_are_not_compared_and_none_at_all_says_how_to_take_one(
    firm: Firm, tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    for path in firm.old.folder.iterdir():
        text = path.read_bytes()
        (folder / path.name).write_bytes(text.replace(b"sandbox.local", b"sandbox.other"))
    with pytest.raises(ParameterError, match="one portal"):
        health(firm.work, [firm.new, folder])

    settings = firm.work.settings.model_copy(update={"snapshots": tmp_path / "empty"})
    with pytest.raises(SnapshotError, match="b24kit health --fresh"):
        health(Workspace(settings, firm.world.clock))
    torn = tmp_path / "book.json"
    torn.write_text("[]")
    with pytest.raises(ParameterError, match="routing export"):
        health(firm.work, [firm.new], routing=torn)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_files_load_nothing_run_nothing_and_draw_every_measure(
    firm: Firm, tmp_path: Path, language: str
) -> None:
    report = health(firm.work, [firm.old, firm.new], language=language)
    paths = report.write(tmp_path / "out")
    page = paths["page"].read_text(encoding="utf-8")

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.findall(r"""(?:src|@import|url\()\s*=?\s*["']?https?:""", page)
    assert page.count("<svg") == len(report.names()) + 1, "one for each measure, and the portal now"
    assert "sandbox.local/crm/contact/details/" in page
    assert page == report.write(tmp_path / "again")["page"].read_text(encoding="utf-8")
    assert {path.stat().st_mode & 0o777 for path in paths.values()} == {0o600}
    if language == "en":
        own = re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)
        own = re.sub(r"(Фамилия|Двойников|Пётр|Администратор|Портала)\S*", "", own)
        assert not re.findall(r"[а-яё]+", own, re.IGNORECASE)

    book = openpyxl.load_workbook(paths["workbook"])
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    assert any(FORMULA in str(cell.value) for cell in cells)
    assert len(book.worksheets[1]._charts) == len(report.names())
    numbers = [row[2].value for row in book.worksheets[0].iter_rows(min_row=2, max_row=10)]
    assert numbers == [each.found for each in report.latest.measures.values()]


def test_one_snapshot_alone_makes_a_report_too(firm: Firm, tmp_path: Path) -> None:
    report = HealthReport.of([measure(firm.new)])
    page = report.write(tmp_path)["page"].read_text(encoding="utf-8")

    assert page.count("<svg") == 1, "nothing to compare"
    assert "Лишние карточки" in page


def test_the_command_line_tells_the_measures_and_writes_the_files(
    firm: Firm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from toolkit.cli import app

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("B24_SNAPSHOTS", str(firm.work.root))
    monkeypatch.setenv("B24_PORTAL", "sandbox.local")
    done = CliRunner().invoke(app, ["health", "--json"])

    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert {"name": "surplus", "taken": firm.new.manifest.finished, "found": 1, "total": 34} in told[
        "measures"
    ]
    assert Path(told["files"]["workbook"]).is_file()

    with serve(firm.world.sandbox) as server:
        monkeypatch.delenv("B24_PORTAL")
        monkeypatch.setenv("B24_WEBHOOK", f"{server.url}/rest/1/{SECRET}/")
        monkeypatch.setenv("B24_STATE_DIR", str(tmp_path / "state"))
        fresh = CliRunner().invoke(app, ["health", "--fresh", "--json"])
    assert fresh.exit_code == 0, fresh.output
    (read,) = json.loads(fresh.stdout)["snapshots"]
    assert Snapshot.open(Path(read)).count("contact") == 34
    refused = CliRunner().invoke(app, ["health", "--fresh", read])
    assert isinstance(refused.exception, ParameterError)

    folders = [str(firm.old.folder), str(firm.new.folder)]
    shown = CliRunner().invoke(app, ["health", *folders, "--out", str(tmp_path / "here")])
    assert shown.exit_code == 0, shown.output
    assert "сделки без" in shown.stdout
    assert (tmp_path / "here" / "health.html").is_file()
