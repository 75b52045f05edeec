"""JupyterLab in a real browser: opens a notebook, runs it all, looks at what is shown."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
)
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

# JupyterLab draws its parts anew while it loads: what was found a moment ago may be gone. Look again.
_REDRAWN = (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
)


@contextmanager
def chromium(profile: Path, height: int = 1000) -> Iterator[WebDriver]:
    """Debian's chromium, without a head and without a net beyond this machine."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for word in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        f"--window-size=1300,{height}",
        f"--user-data-dir={profile}",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ):
        options.add_argument(word)
    service = webdriver.ChromeService("/usr/bin/chromedriver")
    browser = webdriver.Chrome(options=options, service=service)
    try:
        yield browser
    finally:
        browser.quit()


def until(found: Callable[[], bool], what: str, limit_s: float = 60.0) -> None:
    """Wait for something to become true; a page that is being redrawn is not there yet.

    Raises:
        TimeoutError: it did not.
    """
    deadline = time.monotonic() + limit_s
    while True:
        with suppress(*_REDRAWN):
            if found():
                return
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.2)


def run_all(browser: WebDriver) -> None:
    """The menu's Run, Run All Cells, by the command palette's keyboard-free way."""
    until(lambda: bool(browser.find_elements(By.CSS_SELECTOR, ".jp-Notebook .jp-CodeCell")), "notebook")
    until(
        lambda: (
            "Idle" in (browser.find_element(By.CSS_SELECTOR, "body").get_attribute("innerText") or "")
            or bool(browser.find_elements(By.CSS_SELECTOR, '[data-status="idle"]'))
        ),
        "kernel",
    )
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:  # a click before the kernel is connected is lost
        with suppress(TimeoutError, StopIteration, *_REDRAWN):
            ActionChains(browser).send_keys(
                Keys.ESCAPE
            ).perform()  # a menu left open would be closed by the click
            _press_run_all(browser)
            until(lambda: any(re.search(r"[\d*]", each) for each in counts(browser)), "a cell to start", 15)
            return
    raise TimeoutError("Run All was pressed, and no cell started")


def _press_run_all(browser: WebDriver) -> None:
    menu = next(
        each
        for each in browser.find_elements(By.CSS_SELECTOR, ".lm-MenuBar-item")
        if each.text.strip() == "Run"
    )
    menu.click()
    until(
        lambda: bool(browser.find_elements(By.CSS_SELECTOR, '[data-command="runmenu:run-all"]')), "menu", 10
    )
    browser.find_element(By.CSS_SELECTOR, '[data-command="runmenu:run-all"]').click()


def counts(browser: WebDriver) -> list[str]:
    """What stands before each code cell: `[3]:`, `[*]:` while it runs, `[ ]:` before."""
    return texts(browser, ".jp-CodeCell .jp-InputPrompt")


def texts(browser: WebDriver, selector: str) -> list[str]:
    """The text of everything a selector finds, read at one moment."""
    script = "return [...document.querySelectorAll(arguments[0])].map(each => each.textContent.trim())"
    found: list[str] = browser.execute_script(script, selector)
    return found
