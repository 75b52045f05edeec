"""What a portal's records say, for people to read: tables, pictures, workbooks and pages; nothing is asked for.

    calls/     the telephone: one flat table of all calls, pivots, the audit of routing
    health/    what is out of order in a portal, counted, month over month
    pictures   a matplotlib picture that a notebook, a page and a terminal can each show

Everything is made from snapshots, never from a portal. May import `runs` and below; `workflow` finds the
snapshots and writes the files where a person wants them. Start reading at `calls`.
"""

from __future__ import annotations

from toolkit.reports.pictures import Chart

__all__ = ["Chart"]
