"""INN, KPP, OGRN and OGRNIP: text to tax numbers.

Start with `scalar`, the exact reading of one value; `column` reads a million and agrees with it. `checks` is
the arithmetic, `reading` says what comes out. May import numpy, pandas and pyarrow, no other rooms.
"""

from toolkit.matching.inn.checks import inn_holds, ogrn_holds
from toolkit.matching.inn.column import read_inns
from toolkit.matching.inn.reading import InnClass, InnFlag, InnReading, KppKind, kpp_kind
from toolkit.matching.inn.scalar import read_inn
from toolkit.matching.inn.wording import explain_inn

__all__ = [
    "InnClass",
    "InnFlag",
    "InnReading",
    "KppKind",
    "explain_inn",
    "inn_holds",
    "kpp_kind",
    "ogrn_holds",
    "read_inn",
    "read_inns",
]
