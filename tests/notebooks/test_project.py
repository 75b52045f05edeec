"""`b24kit init` and the sandbox beside a notebook."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import httpx
import psutil
import pytest

from toolkit.beside import ensure_sandbox
from toolkit.project import NotEmpty, lay_out
from toolkit.runs import Policy
from toolkit.settings import Settings


def test_a_project_is_laid_out_once_and_nothing_is_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "client"
    lay_out(folder)

    assert (folder / "notebooks" / "20_reassign.ipynb").is_file()
    assert all((folder / name).is_dir() for name in ("inbox", "snapshots", "output"))
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    assert ".env" in (folder / ".gitignore").read_text().split()
    assert Policy.read(folder / "policy.yaml").must_rehearse
    assert Settings.load(env_file=folder / ".env").webhook is None
    (folder / ".env").write_text("B24_WEBHOOK=mine")
    with pytest.raises(NotEmpty):
        lay_out(folder)
    assert (folder / ".env").read_text() == "B24_WEBHOOK=mine"


def test_a_sandbox_is_shared_private_and_the_same_after_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "box"
    webhook = ensure_sandbox(folder, scale=0.002)
    assert ensure_sandbox(folder, scale=0.002) == webhook
    assert stat.S_IMODE((folder / "address.json").stat().st_mode) == 0o600
    process = _process(folder)
    assert webhook.split("/")[-2] not in " ".join(process.cmdline())
    httpx.post(f"{webhook}crm.contact.update", json={"id": 1, "fields": {"NAME": "Новое"}}).raise_for_status()

    process.terminate()
    psutil.wait_procs([process], timeout=20)
    again = ensure_sandbox(folder, scale=0.002)

    assert again == webhook, "the same address, so that its runs are still its runs"
    assert httpx.get(f"{again}crm.contact.get?id=1").json()["result"]["NAME"] == "Новое"
    process = _process(folder)
    (folder / "clients" / str(os.getpid())).unlink()
    process.terminate()
    psutil.wait_procs([process], timeout=20)


def _process(folder: Path) -> psutil.Process:
    return next(
        each for each in psutil.process_iter() if each.is_running() and str(folder) in " ".join(_words(each))
    )


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
