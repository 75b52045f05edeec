"""From a right directory to its certificate and back, by somebody who may, with what the portal holds after."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.sheets.directories import row, write
from tests.web.conftest import Page, Visitor, headline, page_with, shop_in
from toolkit import workflow

FIRST = [row("Брак"), row("Доставка", who="Вера Громова"), row("Курьер", who="Глеб Дёмин")]
SECOND = [row("Брак", who="Захар Зимин"), *FIRST[1:], row("Возврат", who="Вера Громова")]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page and a portal of their own: what is published here would surprise others."""
    home = tmp_path_factory.mktemp("publishing")
    with shop_in(home) as own, page_with(own, home / "state") as opened:
        yield opened


def at(answer: httpx.Response) -> str:
    return answer.url.path


def heading(answer: httpx.Response) -> str:
    found = re.search("<h1>(.*?)</h1>", answer.text)
    assert found, answer.text
    return found[1]


def waits_for(answer: httpx.Response) -> str:
    """The number of changes a page asks for."""
    found = re.search(r"введите это число: (\d+)", answer.text)
    assert found, answer.text
    return found[1]


def press(visitor: Visitor, path: str, **fields: str) -> httpx.Response:
    return visitor.settled(visitor.post(path, **fields), 60)


def published(page: Page) -> list[str]:
    """Topics and people in force on the portal, as anybody reads them there."""
    book = workflow.published_routing(workflow.Workspace(page.desk.settings))
    if book is None:
        return []
    return sorted(
        f"{book.name('words', each.conditions[0])}: {book.name('people', each.responsible)}"
        for each in book.rules
    )


def publish(visitor: Visitor, path: Path) -> httpx.Response:
    upload = at(visitor.upload(path))
    plan = press(visitor, f"{upload}/publish")
    return press(visitor, f"{at(plan)}/agree", count=waits_for(plan))


def test_the_whole_way_there_and_back(desk: Page, tmp_path: Path) -> None:
    visitor = desk.enter("publish")
    upload = visitor.upload(write(FIRST, tmp_path / "первая.xlsx"))
    assert "Посмотреть, что изменится" in upload.text

    simulation = press(visitor, f"{at(upload)}/simulate")
    assert "Сменят ответственного" in simulation.text
    assert "<svg" in simulation.text
    assert "Анна Белова" in simulation.text

    refused = press(visitor, f"{at(upload)}/publish")
    assert "ещё нет места" in headline(refused)
    assert heading(refused) == "Место публикации"
    place = press(visitor, f"{at(upload)}/provide")
    assert heading(place) == "Создать место публикации?"
    place = press(visitor, f"{at(place)}/agree", count=waits_for(place))
    assert heading(place) == "Место публикации готово"

    plan = press(visitor, f"{at(upload)}/publish")
    assert "первая публикация" in plan.text
    assert published(desk) == [], "nothing is written before somebody agrees"
    wrong = press(visitor, f"{at(plan)}/agree", count="1")
    assert (wrong.status_code, published(desk)) == (400, [])
    assert "Ничего не записано" in wrong.text
    done = press(visitor, f"{at(plan)}/agree", count=waits_for(plan))
    assert heading(done) == "Опубликовано и проверено"
    assert "Повторный план пуст" in done.text
    first = ["Брак: Анна Белова", "Доставка: Вера Громова", "Курьер: Глеб Дёмин"]
    assert published(desk) == first
    report = visitor.client.get(f"{at(done)}/report")
    assert "sandbox" in report.headers["content-security-policy"]
    assert "<h1" in report.text

    again = press(visitor, f"{at(upload)}/publish")
    assert "менять нечего" in again.text

    second = visitor.upload(write(SECOND, tmp_path / "вторая.xlsx"))
    plan = press(visitor, f"{at(second)}/publish")
    assert "Чем новая версия отличается от действующей (2)" in plan.text
    assert re.search(r"Изменено.*Анна Белова.*Захар Зимин", plan.text, re.DOTALL)
    assert re.search(r"Добавлено.*Возврат", plan.text, re.DOTALL)
    done = press(visitor, f"{at(plan)}/agree", count=waits_for(plan))
    assert "Возврат: Вера Громова" in published(desk)

    back = press(visitor, f"{at(done)}/take-back")
    assert heading(back) == "Вернуть прежнюю версию?"
    assert re.search(r"Изменено.*Захар Зимин.*Анна Белова", back.text, re.DOTALL), "what it will be again"
    assert re.search(r"Удалено.*Возврат", back.text, re.DOTALL)
    back = press(visitor, f"{at(back)}/agree", count=waits_for(back))
    assert heading(back) == "Прежняя версия возвращена и проверена"
    assert published(desk) == first
    home = visitor.client.get("/").text
    line = next(each for each in home.split("<tr>") if "вторая.xlsx" in each)
    assert re.search(r"опубликован, версия 2.*Ольга.*возвращён.*Ольга", line, re.DOTALL)
    assert visitor.post(f"{at(done)}/take-back").status_code == 404, "once is enough"


def test_who_may_only_check_cannot_publish_by_any_address(desk: Page, tmp_path: Path) -> None:
    checker, publisher = desk.enter("check"), desk.enter("publish")
    upload = checker.upload(write([row("Брак", who="Глеб Дёмин")], tmp_path / "чужая.xlsx"))
    assert "Передайте ему адрес этой страницы" in upload.text
    assert "Подготовить публикацию" not in upload.text
    before = published(desk)
    plan = press(publisher, f"{at(upload)}/publish")
    number = waits_for(plan)

    for path in (f"{at(upload)}/publish", f"{at(upload)}/provide", f"{at(plan)}/agree", f"{at(plan)}/drop"):
        assert checker.post(path, count=number).status_code == 403, path
    assert "Чтобы согласиться" not in checker.client.get(at(plan)).text
    forged = publisher.client.post(f"{at(plan)}/agree", data={"csrf": checker.csrf, "count": number})
    assert forged.status_code == 409
    stranger = desk.client().post(f"{at(plan)}/agree", data={"count": number})
    assert at(stranger) == "/login"
    assert published(desk) == before
    dropped = publisher.post(f"{at(plan)}/drop")
    assert at(dropped) == at(upload)
    assert press(publisher, f"{at(plan)}/agree", count=number).status_code in (200, 400)
    assert published(desk) == before


def test_a_file_with_errors_has_no_way_to_the_portal(desk: Page, tmp_path: Path) -> None:
    visitor = desk.enter("publish")
    upload = visitor.upload(write([row("Брак", who="Дарья Ежова")], tmp_path / "уволена.xlsx"))

    assert "Сотрудник уволен" in upload.text
    assert "Подготовить публикацию" not in upload.text
    for button in ("simulate", "publish"):
        assert visitor.post(f"{at(upload)}/{button}").status_code == 404


def test_somebody_dismissed_after_the_check_stops_the_publication(desk: Page, tmp_path: Path) -> None:
    visitor, store = desk.enter("publish"), desk.world.sandbox.store
    upload = visitor.upload(write([row("Брак", who="Захар Зимин")], tmp_path / "вчера.xlsx"))
    store.update("user", 9, {"ACTIVE": "N"})
    try:
        refused = press(visitor, f"{at(upload)}/publish")
    finally:
        store.update("user", 9, {"ACTIVE": "Y"})

    assert "При повторной сверке с порталом нашлись ошибки" in headline(refused)


def test_two_who_agree_at_once_write_once(desk: Page, tmp_path: Path) -> None:
    visitor = desk.enter("publish")
    upload = at(visitor.upload(write([*SECOND, row("Чеки")], tmp_path / "чеки.xlsx")))
    plan = press(visitor, f"{upload}/publish")
    step = desk.desk.history.step(int(at(plan).rpartition("/")[2]))
    assert step is not None

    agreed = [desk.desk.agree(step, who, step.count) for who in ("Ольга", "Глеб")]
    done = visitor.settled(visitor.client.get(at(plan)), 60)

    assert agreed == [True, False]
    assert heading(done) == "Опубликовано и проверено"
    versions = workflow.publications(workflow.Workspace(desk.desk.settings))
    assert versions["version"].is_unique
