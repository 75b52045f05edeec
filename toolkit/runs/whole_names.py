"""A whole name in one cell, taken apart where every word is known for what it is."""

from __future__ import annotations

from functools import lru_cache

from toolkit.matching import read_person
from toolkit.sheets.spelling import fold

__all__ = ["name_parts"]

_PATRONYMIC = ("вич", "ыч", "ич", "вна", "чна", "шна", "оглы", "кызы")


@lru_cache(maxsize=100_000)
def _parts(text: str) -> tuple[tuple[str, str], ...]:
    read, words = read_person(text), text.split()
    parts = {"lastName": read.surname, "name": read.given, "secondName": read.patronymic}
    found = {
        field: word for field, part in parts.items() for word in words if part and fold(word) == fold(part)
    }
    known = read.full and sorted(found.values()) == sorted(words)
    large = all(word[:1].isupper() for word in words)
    fathers = fold(found["secondName"]).endswith(_PATRONYMIC) if "secondName" in found else True
    return tuple(found.items()) if known and large and fathers else (("name", text),)


def name_parts(text: str) -> dict[str, str]:
    """The fields of a card's name: its parts where every word is known for what it is, else the whole in one.

    `Анна с дачи` is no surname and patronymic: names are written large, and a patronymic ends as one does.

    Args:
        text: a name as it was typed; the same is met several times, so what was read of it is remembered.

    Returns:
        `lastName`, `name`, `secondName`, as far as they are there; or `name` alone.
    """
    return dict(_parts(text))
