"""Who is the same client: phones, INN and KPP, names, and the clusters of cards they make.

Imports nothing of the house but `toolkit.errors`. Start with `find_clusters` in `clusters.py`; the rule
that joins, asks or refuses is `judge` in `evidence.py`, its thresholds are in `rules.py`.
"""

from __future__ import annotations

from toolkit.matching.clusters import Clusters, find_clusters, group_cards
from toolkit.matching.decisions import Decision, Decisions
from toolkit.matching.engines import DuckEngine, Engine
from toolkit.matching.evidence import Evidence, gather_evidence
from toolkit.matching.explain import Explanation, SharedKeys, explain, picture
from toolkit.matching.find import Candidate, Found, find_client
from toolkit.matching.index import ClientIndex, build_index
from toolkit.matching.inn import InnClass, InnFlag, InnReading, KppKind, explain_inn, read_inn, read_inns
from toolkit.matching.keys import email_keys, inn_keys, phone_keys
from toolkit.matching.names import (
    OrganisationName,
    PersonName,
    compare_organisations,
    compare_people,
    read_organisation,
    read_person,
)
from toolkit.matching.on_disk import MatchedOnDisk, find_clusters_on_disk
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
    "Candidate",
    "ClientIndex",
    "Clusters",
    "Decision",
    "Decisions",
    "DuckEngine",
    "Engine",
    "Evidence",
    "Explanation",
    "Found",
    "Home",
    "InnClass",
    "InnFlag",
    "InnReading",
    "KppKind",
    "MatchRules",
    "MatchedOnDisk",
    "OrganisationName",
    "PersonName",
    "PhoneClass",
    "PhoneFlag",
    "PhoneNumber",
    "PhoneReading",
    "Reason",
    "SharedKeys",
    "Tier",
    "Verdict",
    "build_index",
    "compare_organisations",
    "compare_people",
    "email_keys",
    "explain",
    "explain_inn",
    "explain_phone",
    "find_client",
    "find_clusters",
    "find_clusters_on_disk",
    "gather_evidence",
    "group_cards",
    "inn_keys",
    "phone_keys",
    "picture",
    "read_inn",
    "read_inns",
    "read_organisation",
    "read_person",
    "read_phone",
    "read_phone_numbers",
    "read_phones",
]
