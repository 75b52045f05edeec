"""A plan in a workbook, looked at by a person, and taken back narrower.

    rows       one row per change, struck or left standing: every operation
    groups     what may be said about a group of cards that are perhaps one client
    sheets     such groups in a workbook, cards side by side     answers   what a person answered there
    workbooks  what both share

An import only chooses among what was offered. Start with `groups`.
"""

from __future__ import annotations

from toolkit.runs.review.rows import export_review, import_review

__all__ = ["export_review", "import_review"]
