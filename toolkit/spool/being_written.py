"""Whether a program of this machine still writes a file."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

__all__ = ["being_written"]


def being_written(path: Path) -> bool:
    """Whether a program of this machine has a file open for writing, as far as the system can say.

    A program that pauses for longer than a file is given to settle would else go on writing into one that was
    taken in already. What another machine writes over the network is not seen.

    Source: fcntl(2), F_SETLEASE: a read lease is refused while anybody has the file open for writing.
    """
    if sys.platform == "win32":
        try:
            os.rename(path, path)  # refused while anybody else has it open
        except PermissionError:
            return True
        return False
    if sys.platform == "linux":
        import fcntl

        try:
            with path.open("rb") as file:
                # Whoever opens it in the moment of the lease is let in at once; the signal that tells us so
                # would else end the process.
                fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
                fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
                fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except BlockingIOError:
            return True
        except OSError:  # no leases here, or the file is somebody else's: its age has to do
            return False
    return False
