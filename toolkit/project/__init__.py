"""An integrator's project: the folder it lives in, and operations of one's own.

`lay_out` is `b24kit init`, `write_operation` is `b24kit new operation`. May import everything below the
command line. Start reading at `laying_out`.
"""

from __future__ import annotations

from toolkit.project.laying_out import NotEmpty, lay_out
from toolkit.project.skeleton import broken_cases, write_operation

__all__ = ["NotEmpty", "broken_cases", "lay_out", "write_operation"]
