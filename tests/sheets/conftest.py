"""Workbooks as people make them, in openpyxl and in LibreOffice."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.sheets.directories import wrong_book

Converter = Callable[[Path, str], Path]


@pytest.fixture(scope="session")
def libreoffice(tmp_path_factory: pytest.TempPathFactory, skip_loudly: Callable[[str], None]) -> Converter:
    """Save a spreadsheet in another format with LibreOffice, as an admin would."""
    office = shutil.which("soffice")
    if office is None:
        skip_loudly("saving a spreadsheet in another format needs LibreOffice")
    home = tmp_path_factory.mktemp("office")

    def convert(path: Path, suffix: str) -> Path:
        folder = home / suffix.partition(":")[0]
        folder.mkdir(exist_ok=True)
        subprocess.run(
            [
                office,
                "--headless",
                f"-env:UserInstallation={(home / 'profile').as_uri()}",
                "--convert-to",
                suffix,
                "--outdir",
                str(folder),
                str(path),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
        return folder / f"{path.stem}.{suffix.partition(':')[0]}"

    return convert


@pytest.fixture(scope="session")
def wrong_of_libreoffice(
    libreoffice: Converter, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """The directory with every kind of problem, saved by LibreOffice in a format."""
    path, _ = wrong_book(tmp_path_factory.mktemp("wrong") / "wrong.xlsx")
    return cache(lambda suffix: libreoffice(path, suffix))
