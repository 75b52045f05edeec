"""The page in a real browser: uploads of real files, by mouse, by keyboard, without scripts, on a phone."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.sheets.conftest import libreoffice, wrong_of_libreoffice  # noqa: F401  # fixtures
from tests.sheets.directories import RIGHT, write, wrong_book
from tests.web.conftest import OWNER, Page, page_with, shop_in

AUDIT = (Path(__file__).parent / "audit.js").read_text(encoding="utf-8")

pytestmark = pytest.mark.filterwarnings("ignore")  # selenium leaves sockets open


@pytest.fixture(scope="module")
def browser(skip_loudly: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium, whose downloads go to `browser.downloads`."""
    if shutil.which("chromium") is None or shutil.which("chromedriver") is None:
        skip_loudly("the admin's page needs chromium and chromedriver to be looked at")
    from tests.notebooks.browser import chromium

    home = tmp_path_factory.mktemp("browser")
    with chromium(home / "profile") as opened:
        opened.downloads = home / "downloads"  # type: ignore[attr-defined]  # told along with the browser
        opened.execute_cdp_cmd(
            "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(home / "downloads")}
        )
        yield opened


def find(browser: Any, selector: str) -> Any:
    return browser.find_element("css selector", selector)


def until(found: Callable[[], Any], limit_s: float = 30) -> Any:
    from selenium.common.exceptions import WebDriverException

    deadline = time.monotonic() + limit_s
    while True:
        try:
            if result := found():
                return result
        except WebDriverException:  # the page is being replaced
            pass
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def enter(browser: Any, page: Page) -> None:
    browser.get(f"{page.url}/enter?ticket={page.tickets.issue(OWNER)}")
    find(browser, "main button").click()
    browser.get(f"{page.url}/?lang=ru")


def send(browser: Any, page: Page, path: Path) -> str:
    """Upload a file as an admin does; what the page says first."""
    browser.get(page.url)
    find(browser, "#file").send_keys(str(path))
    find(browser, "form.upload button").click()
    return said(browser)


def said(browser: Any) -> str:
    """The headline, once nothing is waited for."""

    def headline() -> str:
        if browser.find_elements("css selector", "[data-poll], form.upload button:disabled"):
            return ""
        return str(find(browser, ".headline .big").text)

    return str(until(headline))


def complaints(browser: Any) -> list[str]:
    """What a person with a screen reader, a keyboard, weak eyes or a phone would complain of."""
    found: list[str] = []
    for width in (1200, 390):
        device = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
        found += [f"{width}: {each}" for each in browser.execute_script(AUDIT)]
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    return found


def test_an_admin_uploads_sees_the_cells_and_takes_the_annotated_copy_home(
    browser: Any,
    page: Page,
    tmp_path: Path,
    wrong_of_libreoffice: Callable[[str], Path],  # noqa: F811  # the fixture
) -> None:
    enter(browser, page)
    path, _ = wrong_book(tmp_path / "Маршруты 2026.xlsx")

    by_openpyxl = send(browser, page, path)
    rows = [each.text for each in browser.find_elements("css selector", "table.problems tbody tr")]
    find(browser, 'a[href$="/checked.xlsx"]').click()
    copy = until(lambda: next(browser.downloads.glob("*.xlsx"), None))
    by_libreoffice = send(browser, page, wrong_of_libreoffice("xlsx"))

    assert by_openpyxl.startswith("35 ошибок")
    assert any("B6" in each and "не заполнен" in each for each in rows)
    assert copy.name == "Маршруты 2026 (с пометками).xlsx"
    assert openpyxl.load_workbook(copy).sheetnames[0] == "Проблемы"
    assert by_libreoffice.endswith("Публиковать пока нельзя.")


def test_every_page_can_be_read_by_everybody(browser: Any, page: Page, tmp_path: Path) -> None:
    browser.delete_all_cookies()
    found = {}
    browser.get(f"{page.url}/login?lang=ru")
    found["login"] = complaints(browser)
    browser.get(f"{page.url}/enter?ticket=used")
    found["used link"] = complaints(browser)
    enter(browser, page)
    found["home"] = complaints(browser)
    send(browser, page, wrong_book(tmp_path / "Маршруты.xlsx")[0])
    found["problems"] = complaints(browser)
    send(browser, page, write(RIGHT, tmp_path / "верный.xlsx"))
    found["right"] = complaints(browser)
    (tmp_path / "rubbish.xlsx").write_bytes(b"<html>")
    send(browser, page, tmp_path / "rubbish.xlsx")
    found["refused"] = complaints(browser)
    browser.get(f"{page.url}/nowhere")
    found["not found"] = complaints(browser)

    assert found == {name: [] for name in found}
    assert [
        each
        for each in browser.get_log("browser")
        if "404" not in each["message"] and "401" not in each["message"]
    ] == []


def test_the_keyboard_is_enough(browser: Any, page: Page, tmp_path: Path) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    def press(key: str) -> Any:
        ActionChains(browser).send_keys(key).perform()
        return browser.switch_to.active_element

    enter(browser, page)
    skip = press(Keys.TAB).text
    landed = press(Keys.ENTER).get_attribute("id")
    field = press(Keys.TAB)
    outline = field.value_of_css_property("outline-style")
    field.send_keys(str(write(RIGHT, tmp_path / "right.xlsx")))
    pressed = press(Keys.TAB).text
    press(Keys.ENTER)

    assert (skip, landed) == ("К содержанию", "main")
    assert (outline, pressed) == ("solid", "Проверить"), "it shows where one is"
    assert said(browser).startswith("Проблем нет")
    assert find(browser, ".headline").get_attribute("role") == "status"


def test_it_works_without_scripts_and_says_no_to_large_files_with_them(
    browser: Any, page: Page, tmp_path: Path
) -> None:
    enter(browser, page)
    large = tmp_path / "large.csv"
    large.write_bytes(b"a;b\n" * (6 * 2**20))
    find(browser, "#file").send_keys(str(large))
    told = find(browser, "#file-said").text
    find(browser, "form.upload button").click()
    stayed = browser.current_url

    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        without = send(browser, page, write(RIGHT, tmp_path / "right.xlsx"))
        refused = send(browser, page, large)
        why = find(browser, ".headline").text
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})

    assert told.startswith("Этот файл больше 20 МиБ")
    assert stayed.startswith(page.url)
    assert "/uploads" not in stayed
    assert without.startswith("Проблем нет")
    assert (refused, "слишком велик" in why) == ("Файл прочитать не удалось", True)


def test_an_admin_publishes_and_takes_back_by_mouse_and_every_page_on_the_way_can_be_read(
    browser: Any, tmp_path: Path
) -> None:
    def press(selector: str) -> str:
        browser.execute_script("window.old = true")
        find(browser, selector).click()
        until(lambda: not browser.execute_script("return window.old"))
        until(lambda: not browser.find_elements("css selector", "[data-poll], button:disabled"))
        found.extend(f"{browser.current_url}: {each}" for each in complaints(browser))
        return str(find(browser, "h1").text)

    def agree() -> str:
        number = until(lambda: find(browser, 'label[for="count"]')).text.rpartition(" ")[2]
        find(browser, "#count").send_keys(number)
        return press("button.danger")

    found: list[str] = []
    with shop_in(tmp_path) as own, page_with(own, tmp_path / "state") as page:
        enter(browser, page)
        send(browser, page, write(RIGHT, tmp_path / "верный.xlsx"))
        upload = browser.current_url
        simulated = press('form[action$="/simulate"] button')
        missing = press('form[action$="/publish"] button')
        place = press('form[action$="/provide"] button')
        made = agree()
        asked = press('form[action$="/publish"] button')
        published = agree()
        press('form[action$="/take-back"] button')
        warned = find(browser, "main section").text
        back = agree()
        browser.get(upload)
        done = [each.text for each in browser.find_elements("css selector", "main li a")]

    assert (simulated, missing) == ("Что изменит новый справочник", "Место публикации")
    assert (place, made) == ("Создать место публикации?", "Место публикации готово")
    assert (asked, published) == ("Опубликовать?", "Опубликовано и проверено")
    assert warned.startswith("Других версий нет")
    assert back == "Прежняя версия возвращена и проверена"
    assert done == ["Что изменится", "Место публикации", "Публикация", "Возврат прежней версии"]
    assert found == []
