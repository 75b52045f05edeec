"""Appeals of the past out of snapshots and exports, whatever shape these have."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from tests.routing.desk import Desk
from toolkit import workflow
from toolkit.client import SimulatedClock
from toolkit.routing import HISTORY, Appeal, Book, Directory, RoutingRefused, Rule
from toolkit.routing.evaluator import ANY
from toolkit.sandbox import InProcessTransport, SharedClock, new_portal
from toolkit.sandbox.seeds import SEEDS
from toolkit.settings import Settings
from toolkit.sheets.spelling import fold
from toolkit.workflow import Workspace

SECRET = "s3cr3tw0rd0fth1sw3bh00k"
ROWS = [["Номер", "Дата", "Тема", "Город", "Источник", "Текст", "Ответ, мин"],
        ["17", "02.03.2026 14:30", "Брак", "Москва", "вконтакте", "Плохо", "15"],
        ["18", "2026-03-03T09:00:00+03:00", "Чеки", "", "Почта", "", ""]]  # fmt: skip


def text(encoding: str, mark: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "export.csv"
        with path.open("w", encoding=encoding, newline="") as file:
            csv.writer(file, delimiter=mark).writerows(ROWS)
        return path

    return write


def xlsx(folder: Path) -> Path:
    book = openpyxl.Workbook()
    for row in ROWS:
        book.worksheets[0].append(row)
    book.save(folder / "export.xlsx")
    return folder / "export.xlsx"


def parquet(folder: Path) -> Path:
    pd.DataFrame(ROWS[1:], columns=ROWS[0]).to_parquet(folder / "export.parquet")
    return folder / "export.parquet"


@pytest.mark.parametrize(
    "write",
    [text("utf-8-sig", ";"), text("cp1251", ";"), text("utf-8", "\t"), text("utf-8", ","), xlsx, parquet],
)
def test_an_export_is_read_whatever_wrote_it(write: Callable[[Path], Path], tmp_path: Path) -> None:
    desk = Desk.opened(tmp_path, provisioned=False)

    found = workflow.routing_history(desk.work, file=write(tmp_path))

    assert list(found.columns) == list(HISTORY)
    assert [str(each) for each in found["at"]] == ["2026-03-02 14:30:00", "2026-03-03 09:00:00"]
    assert found["topic"].tolist() == ["Брак", "Чеки"]
    assert found["channel"].tolist() == ["VK", "E-mail"]
    assert found["region"].iloc[0] == "Москва"
    assert found["response_minutes"].iloc[0] == 15


def test_an_export_that_cannot_be_used_says_what_it_lacks(tmp_path: Path) -> None:
    desk = Desk.opened(tmp_path, provisioned=False)
    for said, told in (("Что\n1\n", "no columns"), ("Дата;Тема\nвчера;Брак\n", "dates that cannot be read")):
        (tmp_path / "wrong.csv").write_text(said, encoding="utf-8")
        with pytest.raises(RoutingRefused, match=told):
            workflow.routing_history(desk.work, file=tmp_path / "wrong.csv")
    with pytest.raises(RoutingRefused, match="cannot be read"):
        workflow.routing_history(desk.work, file=tmp_path / "missing.csv")


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, dict[int, int]]:
    """The discount chain, and who each of its appeals belongs to."""
    home, clock = tmp_path_factory.mktemp("chain"), SimulatedClock()
    sandbox = new_portal(clock=SharedClock(clock), limits="off")
    SEEDS["retail"](sandbox, 0.01, 1)
    sandbox.access.add_webhook(1, SECRET)
    settings = Settings.load(
        env_file=None,
        webhook=f"https://sandbox.local/rest/1/{SECRET}/",
        state_dir=home / "state",
        snapshots=home / "snapshots",
        plan="box",
    )
    rows = sandbox.store.rows("SELECT ID, ASSIGNED_BY_ID FROM crm_177")
    return Workspace(settings, clock, InProcessTransport(sandbox)), {
        row["ID"]: row["ASSIGNED_BY_ID"] for row in rows
    }


def test_the_fields_of_a_smart_process_are_known_by_their_labels(
    chain: tuple[Workspace, dict[int, int]],
) -> None:
    work, owners = chain

    found = workflow.routing_history(work, entity_type_id=177)
    again = workflow.routing_history(work, entity_type_id=177)  # from the snapshot the first one took

    pd.testing.assert_frame_equal(found, again)
    assert len(found) == len(owners)
    assert set(found["topic"]) <= {"Качество товара", "Персонал", "Цены и акции", "Возвраты", "Магазин"}
    assert {"Урал", "Сибирь"} <= set(found["region"])
    assert {"VK", "Telegram", "Горячая линия"} <= set(found["channel"])
    assert found["text"].str.contains("#конкурс").any()
    assert {int(row.id): int(row.responsible) for row in found.itertuples()} == owners


def test_a_directory_is_simulated_over_what_really_happened(chain: tuple[Workspace, dict[int, int]]) -> None:
    work, owners = chain
    book = Book((Rule(1, (fold("Персонал"), ANY, ANY, ANY, ANY), ("5", "", "")),), entity_type_id=177)

    found = workflow.simulate_routing(work, book)

    history, directory = found.history, Directory(book)
    expected = [
        directory.route(Appeal.of(row.at.to_pydatetime(), row.text, topic=row.topic)).responsible
        for row in history.itertuples()
    ]
    assert found.summary["uncovered"] == expected.count("")
    assert found.summary["changed"] == sum(
        owners[int(number)] != (int(who) if who else None)
        for number, who in zip(history["id"], expected, strict=True)
    )


def test_an_answer_is_the_first_move_on_and_a_change_of_pipeline_is_none(tmp_path: Path) -> None:
    desk = Desk.opened(tmp_path, provisioned=False)
    portal, clock = desk.world.portal, desk.world.clock
    new = {"entityTypeId": 2, "fields": {"title": "Обращение", "assignedById": 3}}
    answered, moved_away, closed, left = (
        int(portal.call("crm.item.add", new)["item"]["id"]) for _ in range(4)
    )
    other = portal.call("crm.category.add", {"entityTypeId": 2, "fields": {"name": "Претензии"}})["category"]

    def move(number: int, minutes: int, **fields: Any) -> None:
        clock.sleep(60 * minutes)
        portal.call("crm.item.update", {"entityTypeId": 2, "id": number, "fields": fields})

    move(answered, 30, stageId="PREPARATION")
    move(moved_away, 15, categoryId=other["id"])
    move(closed, 45, stageId="LOSE")
    move(answered, 100, stageId="WON")
    past = workflow.routing_history(desk.work).set_index("id")

    minutes = past["response_minutes"]
    assert minutes[answered] == pytest.approx(30, abs=1)
    assert minutes[closed] == pytest.approx(90, abs=1)
    assert minutes[[moved_away, left]].isna().all()

    found = workflow.simulate_routing(desk.work, Book((Rule(1, (ANY,) * 5, ("4", "", "")),)))
    own = found.response[found.response["responsible"] == "3"].iloc[0]
    assert (own["answered"], own["moving"]) == (2, 2)
    assert (own["median"], own["ninth"]) == (pytest.approx(60, abs=1), pytest.approx(84, abs=1))
    assert "первый переход обращения на другую стадию" in found.html("ru")


def test_a_snapshot_without_moves_tells_no_times(tmp_path: Path) -> None:
    desk = Desk.opened(tmp_path, provisioned=False)
    taken = workflow.snapshot(desk.work, ["deal", "status"])

    assert workflow.routing_history(desk.work, taken)["response_minutes"].isna().all()
    found = workflow.simulate_routing(desk.work, Book((Rule(1, (ANY,) * 5, ("4", "", "")),)))
    assert found.response.empty
    assert "Время ответа" not in found.html("ru")
