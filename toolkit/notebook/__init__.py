"""What notebooks import: a thin layer over `toolkit.workflow` whose things show themselves.

    opening    a portal, real or beside the notebook      runs      one run, from plan to undo
    markup     HTML and text of what is shown             health    what is in a portal, as pictures
    approval   agreeing to a plan                         outcome   exit codes for a headless runner
    routing    a routing spreadsheet: upload, check, simulate, publish

Start with `open_portal`; the sandbox beside a notebook is `toolkit.beside`.
Verbs may be called again: "Run All" twice never starts a second run.
"""

from __future__ import annotations

from toolkit.notebook.markup import View
from toolkit.notebook.opening import OpenPortal, open_portal
from toolkit.notebook.runs import OpenRun

__all__ = ["OpenPortal", "OpenRun", "View", "open_portal"]
