"""Spreadsheets in and out: reading tables people made, and writing tables people read.

May import `client`, `settings` and `errors`. Start reading at `rows`.
"""

from __future__ import annotations

from toolkit.sheets.rows import read_rows

__all__ = ["read_rows"]
