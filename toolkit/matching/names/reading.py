"""The cells of a card read as a person's name: which word is the surname, the given name, the patronymic.

Cards are filled by hand: everything in one cell, surname and name swapped, a phone in place of a name,
"клиент с сайта". Reading decides by the words, and by the cell only when the words do not tell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from toolkit.matching.names.given import Sex, given, is_given
from toolkit.matching.names.letters import folded
from toolkit.matching.names.words import (
    looks_like_patronymic,
    looks_like_surname,
    patronymic_sex,
    surname_sex,
)

__all__ = ["PersonName", "name_words", "read_person"]


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person's name, read; every word folded, absent parts empty.

    Args:
        surname: may be one letter, an initial.
        given: likewise.
        patronymic: likewise.
        sex: what the name itself shows; empty when it shows nothing or contradicts itself.
    """

    surname: str = ""
    given: str = ""
    patronymic: str = ""
    sex: Sex = ""

    @property
    def full(self) -> bool:
        """Whether both surname and given name are there as words."""
        return len(self.surname) > 1 and len(self.given) > 1

    @property
    def blank(self) -> bool:
        """Whether nothing that names a person was found."""
        return not (self.surname or self.given)


_PLACEHOLDER_WORDS = """
без имени имя фамилия отчество клиент клиентка новый новая гость входящий исходящий звонок неизвестно
неизвестный неизвестная аноним нет указано указан тест тестовый лид заявка сайт сайта контакт контакта
покупатель покупательница абонент номер телефон тел форма чат пользователь заказчик посетитель частное лицо
физлицо физ unknown guest client customer test user name noname anonymous none null nan lead contact visitor
ип чп whatsapp ватсап вотсап viber вайбер telegram телеграм avito авито instagram инстаграм vk вк crm bitrix битрикс
господин госпожа г-н г-жа гр гражданин mr mrs ms dr mister уважаемый уважаемая
директор бухгалтер менеджер водитель прораб снабженец юрист секретарь логист закупщик собственник
"""
_RELATIVE_WORDS = """
жена муж супруг супруга мама мать папа отец сын дочь дочка брат сестра бабушка дедушка теща свекровь тесть
зять невестка wife husband mother father son daughter brother sister
"""
_PLACEHOLDERS = frozenset(_PLACEHOLDER_WORDS.split())
# Beside a placeholder they belong to it; alone, "С." is an initial.
_PARTICLES = frozenset({"с", "из", "от", "по", "на", "не", "the", "a"})
_RELATIVES = frozenset(_RELATIVE_WORDS.split())
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_COMPANY_FORMS = frozenset({"ооо", "оао", "зао", "пао", "llc", "ltd"})
# "Гасан оглы" is one patronymic of two words.
_OF_FATHER = re.compile(r"(\w+)[ -](оглы|оглу|кызы|гызы|кизи)(?!\w)")
# "Света от Марины", "Иван из Сбербанка": what follows is about somebody else.
_FROM = re.compile(r"(?<!\w)(?:от|из|для)\s.*")
_COUPLE = re.compile(r"(\w{2,}) (?:и|and|&|\+) (\w{2,})")
_WITH_DIGITS = re.compile(r"\S*[\d@]\S*")


@lru_cache(maxsize=1 << 16)
def name_words(cell: str) -> tuple[str, ...]:
    """The words of one cell that may name a person, folded; placeholders, numbers and remarks are left out.

    A cell that names a relative ("жена Иванова"), two people ("Ирина и Олег") or a company gives nothing:
    its words are not this person's name.
    """
    text = _FROM.sub(" ", _WITH_DIGITS.sub(" ", folded(cell))).replace("г-н", " ").replace("г-жа", " ")
    if any(is_given(a) and is_given(b) for a, b in _COUPLE.findall(text)):
        return ()
    words = [w.strip("'-") for w in _WORD.findall(_OF_FATHER.sub(r"\1-\2", text))]
    if any(w in _RELATIVES or w in _COMPANY_FORMS for w in words):
        return ()
    if any(w in _PLACEHOLDERS for w in words):
        words = [w for w in words if w not in _PLACEHOLDERS and w not in _PARTICLES]
    return tuple(w.replace("'", "") for w in words if w)


def read_person(last_name: str = "", name: str = "", second_name: str = "") -> PersonName:
    """The person a card's three cells name, whatever cell each word was typed into.

    Args:
        last_name: the portal's `lastName`.
        name: the portal's `name`.
        second_name: the portal's `secondName`.
    """
    return read_words(name_words(last_name), name_words(name), name_words(second_name))


def read_words(last: Sequence[str], first: Sequence[str], second: Sequence[str]) -> PersonName:
    """The same from cells already split into folded words."""
    left = [(w, "last") for w in last] + [(w, "first") for w in first] + [(w, "second") for w in second]
    if len(left) == 1:
        return _of_one_word(*left[0])
    patronymic = _take(left, _patronymic(left, len(last)))
    given_name = _take(left, _given(left))
    for word, cell in [entry for entry in left if len(entry[0]) == 1]:
        if not given_name:
            given_name = word
        elif not patronymic:
            patronymic = word
        else:
            continue
        left.remove((word, cell))
    if not given_name and len(left) > 1:
        given_name = _take(left, _unknown_given(left))
    surname = _surname(left)
    # Nothing that was written may get lost: Ким Чен Ир and Ким Чен Ын are two people.
    middle = [w for w, _ in left if len(w) > 1 and w not in surname.split("-") and w != surname]
    if not patronymic and middle:
        patronymic = middle[0]
    if not given_name and not looks_like_surname(surname) and not last and first:
        given_name, surname = surname, ""
    return PersonName(surname, given_name, patronymic, shown_sex(surname, given_name, patronymic))


def shown_sex(surname: str, given_name: str, patronymic: str) -> Sex:
    """The sex a name shows: the patronymic decides, then given name and surname unless they contradict."""
    by_patronymic = patronymic_sex(patronymic)
    if by_patronymic:
        return by_patronymic
    shown: set[Sex] = {surname_sex(surname), given(given_name).sex if len(given_name) > 1 else ""}
    shown.discard("")
    return shown.pop() if len(shown) == 1 else ""


def _of_one_word(word: str, cell: str) -> PersonName:
    if len(word) == 1:
        return PersonName(given=word)
    if is_given(word) or (cell != "last" and not looks_like_surname(word)):
        return PersonName(given=word, sex=given(word).sex)
    return PersonName(surname=word, sex=surname_sex(word))


def _take(left: list[tuple[str, str]], position: int | None) -> str:
    return "" if position is None else left.pop(position)[0]


def _patronymic(left: list[tuple[str, str]], in_last: int) -> int | None:
    found = [i for i, (word, _) in enumerate(left) if looks_like_patronymic(word)]
    # Абрамович, Маркович are surnames where nothing else is one.
    found = [i for i in found if left[i][1] != "last" or in_last > 1]
    in_second = [i for i in found if left[i][1] == "second"]
    best = in_second or found
    return best[-1] if best else None


def _given(left: list[tuple[str, str]]) -> int | None:
    known = [i for i, (word, _) in enumerate(left) if len(word) > 1 and is_given(word)]
    for cell in ("first", "last", "second"):
        here = [i for i in known if left[i][1] == cell]
        if here:
            return here[-1] if cell == "last" else here[0]
    return None


def _unknown_given(left: list[tuple[str, str]]) -> int | None:
    words = [i for i, (word, _) in enumerate(left) if len(word) > 1]
    typed_as_name = [i for i in words if left[i][1] == "first"]
    unlike_surnames = [i for i in words if not looks_like_surname(left[i][0])]
    both = [i for i in typed_as_name if i in unlike_surnames]
    if both:
        return both[0]
    if typed_as_name and len(typed_as_name) < len(words):
        # Words in both cells, and the name's ends like a surname: swapped only if the other does not.
        return unlike_surnames[0] if len(unlike_surnames) == 1 else typed_as_name[0]
    return words[-1] if words else None


def _surname(left: list[tuple[str, str]]) -> str:
    words = [(w, cell) for w, cell in left if len(w) > 1]
    typed = [w for w, cell in words if cell == "last"]
    if typed:
        return "-".join(typed[:2])
    return words[0][0] if words else (left[0][0] if left else "")
