"""The arithmetic of Russian tax and registration numbers.

Source: the check digits of INN (10 and 12 digits), OGRN (13) and OGRNIP (15) as the Federal Tax Service
defines them; KPP has no check digit, only a shape.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

__all__ = ["INN_10", "INN_11", "INN_12", "KPP", "inn_holds", "is_filler", "ogrn_holds"]

INN_10: Final = (2, 4, 10, 3, 5, 9, 4, 6, 8)
"""Weights for the tenth digit of an organisation's INN."""
INN_11: Final = (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
"""Weights for the eleventh digit of a person's INN."""
INN_12: Final = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
"""Weights for the twelfth digit of a person's INN."""
KPP: Final = re.compile(r"[0-9]{4}[0-9A-Z]{2}[0-9]{3}")
"""The shape of a KPP: tax office, reason, serial number."""


def _check(digits: str, weights: tuple[int, ...]) -> bool:
    total = sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=False))
    return total % 11 % 10 == int(digits[len(weights)])


def inn_holds(digits: str) -> bool:
    """Whether 10 or 12 ASCII digits satisfy the check digits of an INN and are not filler."""
    if is_filler(digits):
        return False
    if len(digits) == 10:
        return _check(digits, INN_10)
    return len(digits) == 12 and _check(digits, INN_11) and _check(digits, INN_12)


def is_filler(digits: str) -> bool:
    """Whether digits are typed to fill a field: all equal, counting up or down, or of region 00."""
    steps = {(int(right) - int(left)) % 10 for left, right in pairwise(digits)}
    return digits.startswith("00") or (len(steps) == 1 and steps <= {0, 1, 9})


def ogrn_holds(digits: str) -> bool:
    """Whether 13 (OGRN) or 15 (OGRNIP) ASCII digits satisfy their check digit and are not filler."""
    if len(digits) not in (13, 15) or is_filler(digits):
        return False
    modulus = 11 if len(digits) == 13 else 13
    return int(digits[:-1]) % modulus % 10 == int(digits[-1])
