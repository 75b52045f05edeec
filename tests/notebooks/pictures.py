"""Pictures of the notebooks as JupyterLab shows them, run from top to bottom.

    python -m tests.notebooks.pictures FOLDER [NAME ...]

Without names every notebook is taken; the tour becomes `tour.png`, what the README's first screen shows. Needs
chromium and chromedriver.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver

from tests.notebooks.browser import chromium, counts, run_all, texts, until
from toolkit.headless import shipped_notebooks
from toolkit.project import lay_out

_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/lab/tree/\S+\?token=([0-9a-f]{32,})")
_ERROR = '[data-mime-type="application/vnd.jupyter.error"]'
_HEIGHTS = {"00_tour": 3000}


def main(folder: Path, names: list[str]) -> None:
    """Run these notebooks in a new project, and keep a picture of each."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as room:
        project = Path(room) / "project"
        lay_out(project)
        with _lab(project) as (server, token):
            for name in names or sorted(path.stem for path in shipped_notebooks().glob("*.ipynb")):
                with chromium(Path(room) / name, height=_HEIGHTS.get(name, 4200)) as browser:
                    browser.get(f"{server}/lab/tree/notebooks/{name}.ipynb?token={token}")
                    _take(browser, name, folder / ("tour.png" if name == "00_tour" else f"{name}.png"))


def _take(browser: WebDriver, name: str, path: Path) -> None:
    run_all(browser)
    until(lambda: not any("*" in each for each in counts(browser)), f"{name} to end", 150)
    until(lambda: bool(texts(browser, ".b24")), f"{name} to show something", 20)
    print(name, counts(browser)[-1], *(each[:300] for each in texts(browser, _ERROR)), flush=True)
    sheet = browser.find_element(By.CSS_SELECTOR, ".jp-Notebook")
    path.write_bytes(sheet.screenshot_as_png)


@contextmanager
def _lab(project: Path) -> Iterator[tuple[str, str]]:
    """JupyterLab over a project: its address and its token."""
    log = project.parent / "lab.log"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "toolkit.cli", "notebook", "lab", str(project), "--port", "8963"]
    with log.open("w") as out:
        process = subprocess.Popen([*command, "--no-browser"], stdout=out, stderr=out, env=env)
    try:
        until(lambda: bool(_ADDRESS.search(log.read_text())), "JupyterLab's address", 90)
        found = _ADDRESS.search(log.read_text())
        if found is None:
            raise TimeoutError(log.read_text())
        yield f"http://127.0.0.1:{found[1]}", found[2]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
