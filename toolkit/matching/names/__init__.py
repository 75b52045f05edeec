"""Names of people and organisations: read from a card's cells, and compared.

`read_person` and `read_organisation` read; `compare_people` and `compare_organisations` answer agree,
partial or disagree with the reasons. `People` and `Organisations` do the same for whole columns, by pairs.
Start with `people.py`: the rule is in `_judge`. Imports nothing but `toolkit.matching.reasons`.
"""

from __future__ import annotations

from toolkit.matching.names.organisations import (
    OrganisationName,
    Organisations,
    compare_organisations,
    read_organisation,
)
from toolkit.matching.names.people import Comparison, People, compare_people
from toolkit.matching.names.reading import PersonName, read_person

__all__ = [
    "Comparison",
    "OrganisationName",
    "Organisations",
    "People",
    "PersonName",
    "compare_organisations",
    "compare_people",
    "read_organisation",
    "read_person",
]
