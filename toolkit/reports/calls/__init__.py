"""The telephone: one flat table of all calls, pivots of it, the audit of routing, and the files of the report.

    dataset    a row per call, everything beside it      columns         what the table holds, headings
    pivots     what people ask for, counted              working_hours   time as an office has it
    audit      who answers whose clients                 tables, charts  how all that is shown
    report     the whole, and its files                  page, workbook  calls.html, calls.xlsx

Start reading at `CallsReport`, then `CallsDataset.of`.
"""

from __future__ import annotations

from toolkit.reports.calls.audit import HANDED, RoutingAudit, audit_routing, responsibles_seen
from toolkit.reports.calls.columns import COLUMNS, Language
from toolkit.reports.calls.dataset import CallsDataset, calls_table, calls_wanted, portal_zone
from toolkit.reports.calls.page import chart_of
from toolkit.reports.calls.pivots import Pivot, appeals_without_calls, coverage, pivots
from toolkit.reports.calls.report import CallsReport, Figure
from toolkit.reports.calls.tables import ReportTable
from toolkit.reports.calls.workbook import sheet_note, write_calls
from toolkit.reports.calls.working_hours import WorkCalendar

__all__ = [
    "COLUMNS",
    "HANDED",
    "CallsDataset",
    "CallsReport",
    "Figure",
    "Language",
    "Pivot",
    "ReportTable",
    "RoutingAudit",
    "WorkCalendar",
    "appeals_without_calls",
    "audit_routing",
    "calls_table",
    "calls_wanted",
    "chart_of",
    "coverage",
    "pivots",
    "portal_zone",
    "responsibles_seen",
    "sheet_note",
    "write_calls",
]
