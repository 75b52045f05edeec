"""Phones: text to numbers. Whose number it is, and whether two cards share it, is decided elsewhere.

Start with `scalar`, the exact reading of one value; `column` reads a million and agrees with it. `reading`
says what comes out, `numbering` which digits make a number, `splitting` and `assembly` what stands around
them. Uses `phonenumbers`, numpy, pandas and pyarrow, and from the house `errors` and `inn.checks`.
"""

from toolkit.matching.phones.column import read_phone_numbers, read_phones
from toolkit.matching.phones.reading import RUSSIA, Home, PhoneClass, PhoneFlag, PhoneNumber, PhoneReading
from toolkit.matching.phones.scalar import read_phone
from toolkit.matching.phones.wording import explain_phone

__all__ = [
    "RUSSIA",
    "Home",
    "PhoneClass",
    "PhoneFlag",
    "PhoneNumber",
    "PhoneReading",
    "explain_phone",
    "read_phone",
    "read_phone_numbers",
    "read_phones",
]
