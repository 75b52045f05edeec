"""JupyterLab as `make lab` starts it, in a real browser: the tour is opened, all of it runs, nothing is red."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.notebooks.browser import chromium, counts, run_all, texts, until
from toolkit.project import lay_out

_RED = ", ".join(f'[data-mime-type="application/vnd.jupyter.{kind}"]' for kind in ("error", "stderr"))
_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/lab/tree/notebooks/00_tour\.ipynb\?token=([0-9a-f]{32,})")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[tuple[Path, str, str]]:
    """A project, the server's address, its token."""
    lay_out(tmp_path / "project")
    log = tmp_path / "lab.log"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "toolkit.cli", "notebook", "lab", str(tmp_path / "project")]
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "--port", "8957", "--no-browser"], stdout=out, stderr=out, env=env
        )
    try:
        until(lambda: bool(_ADDRESS.search(log.read_text())), "JupyterLab's address", 90)
        found = _ADDRESS.search(log.read_text())
        assert found is not None
        yield tmp_path / "project", f"http://127.0.0.1:{found[1]}", found[2]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def test_the_tour_runs_in_jupyterlab_in_a_real_browser(
    lab: tuple[Path, str, str], tmp_path: Path, skip_loudly: Callable[[str], None]
) -> None:
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        skip_loudly("opening the tour in a browser needs chromium and chromedriver")
    project, server, token = lab
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server}/api/contents", timeout=10)
    assert refused.value.code == 403, "nobody gets in without the token"

    with chromium(tmp_path / "profile", height=3000) as browser:
        browser.get(f"{server}/lab/tree/notebooks/00_tour.ipynb?token={token}")
        run_all(browser)
        try:
            until(lambda: all(re.fullmatch(r"\[\d+\]:", each) for each in counts(browser)), "all cells", 100)
        except TimeoutError:
            browser.save_screenshot(str(tmp_path / "stuck.png"))
            pytest.fail(f"cells {counts(browser)}; see {tmp_path / 'stuck.png'}")
        until(lambda: "Сделано и доказано" in browser.page_source, "the certificate", 20)
        page = browser.page_source
        red = texts(browser, _RED)
        picture = browser.get_screenshot_as_png()

    assert red == []
    assert "newsletter" not in page.lower(), "no question about news"
    assert "Would you like to get notified" not in page
    assert page.count('<div class="b24">') >= 6
    from PIL import Image

    colours = Image.open(io.BytesIO(picture)).convert("RGB").resize((200, 400)).getcolors(80_000)
    assert colours is not None
    assert len(colours) > 200, "an empty page has few colours"
    runs = list(project.glob(".sandbox/*/snapshots/*/*/run.json"))
    assert len(runs) == 2
    assert sum(bool(json.loads(path.read_text())["undoes"]) for path in runs) == 1
