"""The layout of a project: a folder in which an integrator works on one portal."""

from __future__ import annotations

import shutil
from pathlib import Path

from toolkit.errors import InputError, StorageError
from toolkit.headless import shipped_notebooks
from toolkit.runs import POLICY_TEMPLATE
from toolkit.sheets.channels import lay_out_samples

__all__ = ["NotEmpty", "lay_out"]

_ENV = """\
# The incoming webhook of the portal; it is a password. Created on the portal by an administrator.
# Адрес входящего вебхука: это пароль. Создаёт администратор портала.
B24_WEBHOOK=
B24_LANGUAGE=ru
# cloud, enterprise or box
B24_PLAN=cloud
# Your own operations, one to a file: b24kit new operation NAME
# Ваши собственные операции, по одной в файле.
B24_OPERATIONS=operations
"""
_IGNORED = """\
.env
.sandbox/
snapshots/*
inbox/*
output/*
.ipynb_checkpoints/
"""


class NotEmpty(InputError):
    """A project would be laid out over files that are there already; nothing was written.

    Args:
        folder: where.
        names: the files in the way.
    """

    sentence = "{folder} already has {shown}. Name another folder, or move them away."

    def __init__(self, folder: Path, names: list[str]) -> None:
        self.folder, self.names, self.shown = folder, names, ", ".join(names[:5])
        super().__init__(self.in_words("en"))


def lay_out(folder: Path) -> list[Path]:
    """Lay out notebooks, inbox, snapshots, policy, settings, and mappings and samples of channels.

    Args:
        folder: made when absent; other files in it are left alone.

    Returns:
        What was written.

    Raises:
        NotEmpty: one of these files is there already; nothing was written.
        StorageError: the folder cannot be written.
    """
    notebooks = sorted(shipped_notebooks().glob("*.ipynb"))
    texts = {
        Path("policy.yaml"): (POLICY_TEMPLATE, 0o644),
        Path(".env"): (_ENV, 0o600),
        Path(".gitignore"): (_IGNORED, 0o644),
    }
    wanted = [*texts, *(Path("notebooks") / each.name for each in notebooks)]
    there = [str(each) for each in wanted if (folder / each).exists()]
    if there:
        raise NotEmpty(folder, there)
    try:
        for name in ("notebooks", "inbox", "operations", "snapshots", "output"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name in ("inbox", "snapshots", "output"):
            (folder / name).chmod(0o700)
        for path, (text, mode) in texts.items():
            (folder / path).touch(mode=mode)
            (folder / path).write_text(text, encoding="utf-8")
        for each in notebooks:
            shutil.copyfile(each, folder / "notebooks" / each.name)
    except OSError as error:
        raise StorageError(folder, str(error.strerror or error), "Name another folder.") from error
    return [folder / each for each in wanted] + lay_out_samples(folder / "channels")
