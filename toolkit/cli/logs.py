"""The log file of unattended runs: rotated, private, without secrets."""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path

from toolkit.errors import StorageError

__all__ = ["keep_log"]

_BYTES, _KEPT = 5_000_000, 5


class _PrivateFile(RotatingFileHandler):
    """A rotating log its owner alone may read."""

    def _open(self):  # type: ignore[no-untyped-def] # the type of the base is an internal one
        os.close(os.open(self.baseFilename, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
        return super()._open()


def keep_log(path: Path | None) -> None:
    """Keep a log of what the toolkit does: 5 MB, and five older ones beside it.

    Args:
        path: the file; its folder is made. None keeps none.

    Raises:
        StorageError: it cannot be written; nothing was begun.
    """
    logger = logging.getLogger("toolkit")
    for each in list(logger.handlers):
        if isinstance(each, _PrivateFile):
            if path is not None and each.baseFilename == str(path.absolute()):
                return
            logger.removeHandler(each)
            each.close()
    if path is None:
        return
    from toolkit.client.masking import SecretFilter

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = _PrivateFile(path, maxBytes=_BYTES, backupCount=_KEPT, encoding="utf-8")
    except OSError as error:
        raise StorageError(path, str(error.strerror), "Name another --log-file.") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    handler.addFilter(SecretFilter())
    logger.addHandler(handler)
    handler.setLevel(logging.INFO)
    logger.setLevel(logging.INFO)
