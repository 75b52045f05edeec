"""Who is the same client: phones, INN and KPP, names, and the clusters of cards they make.

Imports nothing of the house but `toolkit.errors`. Start with `find_clusters` in `clusters.py`; the rule
that joins, asks or refuses is `judge` in `evidence.py`, its thresholds are in `rules.py`.
"""

from __future__ import annotations

from toolkit.matching.clusters import Clusters, find_clusters, group_cards
from toolkit.matching.decisions import Decision, Decisions
from toolkit.matching.engines import DuckEngine, Engine
from toolkit.matching.evidence import Evidence, gather_evidence
from toolkit.matching.inn import InnClass, InnFlag, InnReading, KppKind, explain_inn, read_inn, read_inns
from toolkit.matching.phones import (
    RUSSIA,
    Home,
    PhoneClass,
    PhoneFlag,
    PhoneNumber,
    PhoneReading,
    explain_phone,
    read_phone,
    read_phone_numbers,
    read_phones,
)
from toolkit.matching.reasons import Reason, Tier, Verdict
from toolkit.matching.rules import MatchRules

__all__ = [
    "RUSSIA",
    "Clusters",
    "Decision",
    "Decisions",
    "DuckEngine",
    "Engine",
    "Evidence",
    "Home",
    "InnClass",
    "InnFlag",
    "InnReading",
    "KppKind",
    "MatchRules",
    "PhoneClass",
    "PhoneFlag",
    "PhoneNumber",
    "PhoneReading",
    "Reason",
    "Tier",
    "Verdict",
    "explain_inn",
    "explain_phone",
    "find_clusters",
    "gather_evidence",
    "group_cards",
    "read_inn",
    "read_inns",
    "read_phone",
    "read_phone_numbers",
    "read_phones",
]
