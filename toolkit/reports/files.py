"""Files people are handed: private to their owner, there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["private_part"]


@contextmanager
def private_part(path: Path) -> Iterator[Path]:
    """A place to write a file that takes its name, and the place of an older one, when the block ends well.

    Args:
        path: the file's name in the end.

    Raises:
        OSError: it cannot be written.
    """
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
