"""Exports of channels on their way to a portal: read by their mapping, and accounted for row by row afterwards.

`intake` makes parameters of `ingest_appeals` out of a file, `account` tells of a run what became of every row.
"""

from __future__ import annotations

from toolkit.workflow.ingest.account import ACCOUNT_NAME, account_in_words, row_account, run_of, write_account
from toolkit.workflow.ingest.intake import OPERATION, export_given, ingest_parameters, placed

__all__ = [
    "ACCOUNT_NAME",
    "OPERATION",
    "account_in_words",
    "export_given",
    "ingest_parameters",
    "placed",
    "row_account",
    "run_of",
    "write_account",
]
