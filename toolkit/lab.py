"""JupyterLab on the tour, with a sandbox beside it: on this machine only, behind a token, without news."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from toolkit.beside import ensure_sandbox
from toolkit.errors import InputError

__all__ = ["LabMissing", "start_lab"]

_LARGEST_UPLOAD = 200 * 2**20
# Asked at the first start otherwise, and fetched from the internet.
_OVERRIDES = {
    "@jupyterlab/apputils-extension:notification": {
        "checkForUpdates": False,
        "fetchNews": "false",
        "doNotDisturbMode": True,
    }
}


class LabMissing(InputError):
    """There is no JupyterLab, or no notebook to open in it.

    Args:
        problem: what is missing, as a sentence.
        remedy: what to do.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem, self.remedy = problem, remedy
        super().__init__(f"{problem} {remedy}")


def start_lab(folder: Path, *, port: int = 8888, browser: bool = True, first: str = "00_tour") -> int:
    """Become JupyterLab; where a process cannot become another, return its exit code when it ends.

    Spreadsheets reach a notebook by the file browser's `inbox/`, or by an upload widget of up to 200 MB.

    Args:
        folder: the project; holds `notebooks/`.
        port: where it listens; the next free one when taken.
        browser: open a browser.
        first: the notebook that is opened.

    Raises:
        LabMissing: JupyterLab is not installed, or the notebook is not there.
        SandboxFailed: the sandbox did not start.
    """
    folder = folder.resolve()
    if find_spec("jupyterlab") is None:
        raise LabMissing("JupyterLab is not installed.", "pip install 'b24kit[notebook]'")
    if not (folder / "notebooks" / f"{first}.ipynb").is_file():
        raise LabMissing(f"{folder} holds no notebooks/{first}.ipynb.", f"b24kit init {folder}")
    ensure_sandbox(folder / ".sandbox" / "realty-0.02")
    (folder / "inbox").mkdir(mode=0o700, exist_ok=True)
    settings = folder / ".sandbox" / "lab"
    settings.mkdir(parents=True, exist_ok=True, mode=0o700)
    (settings / "overrides.json").write_text(json.dumps(_OVERRIDES), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "jupyterlab"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        f"--ServerApp.root_dir={folder}",
        f"--ServerApp.open_browser={browser}",
        # 10 MB otherwise: a larger file in an upload widget closes the connection without a word.
        f"--ServerApp.tornado_settings={json.dumps({'websocket_max_message_size': _LARGEST_UPLOAD})}",
        f"--LabApp.default_url=/lab/tree/notebooks/{first}.ipynb",
        f"--LabApp.app_settings_dir={settings}",
        f"--LabApp.workspaces_dir={settings / 'workspaces'}",
        "--LabApp.extension_manager=readonly",
        "--LabApp.news_url=",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    if os.name == "posix":
        # This process becomes the server: what is told to end it ends the server.
        os.execv(command[0], command)  # noqa: S606  # our own program
    return subprocess.call(command)  # noqa: S603  # our own program
