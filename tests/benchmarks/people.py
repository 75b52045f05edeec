"""Synthetic clients of a Russian portal with the dirt of real ones, and the truth of who is who.

Independent of the library on purpose: names, diminutives and transliteration here are its own, so that the
library's tables are judged by somebody else's. Rates of every error stand in `Dirt`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

_MEN_WORDS = """
Александр:Саша,Саня,Шура Алексей:Лёша,Алёша Андрей:Андрюша Антон:Тоша Артём:Тёма Борис:Боря Вадим:Вадик
Валерий:Валера Василий:Вася Виктор:Витя Виталий:Виталик Владимир:Вова,Володя Владислав:Влад Вячеслав:Слава
Геннадий:Гена Георгий:Жора Григорий:Гриша Даниил:Даня Денис:Дэн Дмитрий:Дима,Митя Евгений:Женя Егор:Егорка
Иван:Ваня Игорь:Игорёк Илья:Илюша Кирилл:Кирюша Константин:Костя Леонид:Лёня Максим:Макс Михаил:Миша
Никита:Никитка Николай:Коля Олег:Олежка Павел:Паша Пётр:Петя Роман:Рома Руслан:Руся Сергей:Серёжа,Серёга
Станислав:Стас Степан:Стёпа Тимур:Тима Фёдор:Федя Юрий:Юра Ярослав:Ярик Марат:Маратик Рустам:Рустик
Ильдар:Ильдарка Ринат:Ринатик
"""
MEN = _MEN_WORDS.split()
_WOMEN_WORDS = """
Александра:Саша Алина:Алинка Алла:Аллочка Анастасия:Настя Ангелина:Лина Анна:Аня,Нюра Валентина:Валя
Валерия:Лера Вера:Верочка Вероника:Ника Виктория:Вика Галина:Галя Дарья:Даша Диана:Дианка Евгения:Женя
Екатерина:Катя Елена:Лена Елизавета:Лиза Ирина:Ира Карина:Каринка Кристина:Крис Ксения:Ксюша Лариса:Лара
Лидия:Лида Любовь:Люба Людмила:Люда Маргарита:Рита Марина:Маринка Мария:Маша Надежда:Надя Наталья:Наташа
Нина:Ниночка Оксана:Ксюша Ольга:Оля Полина:Поля Светлана:Света София:Соня Тамара:Тома Татьяна:Таня Юлия:Юля
Яна:Яночка Гульнара:Гуля Эльвира:Эля
"""
WOMEN = _WOMEN_WORDS.split()
_STEMS_WORDS = """
Иван Смирн Кузнец Поп Васильев Петр Сокол Михайл Новик Федор Мороз Волк Алексе Лебед Семен Егор Павл Козл
Степан Никола Орл Андре Макар Никит Захар Зайц Соловь Борис Яковл Григорь Роман Воробь Серге Фрол Александр
Дмитри Королёв Гус Киселё Иль Максим Поляк Сорок Виноград Ковал Белоус Медвед Антон Тарас Жук Баран Филипп
Комар Давыд Беля Герасим Богдан Осип Сидор Матве Тит Марк Мирон Крыл Куприян Колес Карп Афанас Влас Масл
Исак Тихон Аксён Гавриил Родион Котов Горбун Кудряш Бык Зу Трет Савель Пан Рыб Сувор Абрам Ворон Мухин Архип
Трофим Март Емельян Горшк Черн Овчин Селезн Панфил Копыл Михе Галк Назар Лоб Лук Беляк Потап Некрас Хохл
Жданов Наум Шил Воронц Ермол Дроздов Игнат Сав Логин Сафон Капуст Кирилл Моисе Елисе Кошел Кост Горбач Орех
Ефрем Исаев Евдоким Калашник Кабан Носк Юдин Куликов Лапин Прохор Нестер Харитон Агафон Муравь Ларион Федос
Зимин Пахом Шубин Игнать Фил Крюк Рогов Кулаг Терент Молчан Владимир Артём Гурь Зиновь Гриш
"""
STEMS = _STEMS_WORDS.split()
ENDINGS = ["ов", "ев", "ин", "енко", "ский", "ко", "ян", "ук", "ников", "ачев", "онин", "ецкий"]
_CYRILLIC = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_SPELLING = "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh shch - y - e yu ya"
_SPELLED = [sign.strip("-") for sign in _SPELLING.split()]
_LATIN = str.maketrans(dict(zip(_CYRILLIC, _SPELLED, strict=True)))
_PASSPORT = str.maketrans({"й": "i", "ц": "ts", "ю": "iu", "я": "ia", "х": "kh"})
LETTERS = "абвгдежзиклмнопрстуфхцчшыьэюя"

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Dirt:
    """How often what goes wrong; shares of cards unless said otherwise."""

    duplicated_people: float = 0.20
    second_phone: float = 0.40
    mailbox: float = 0.40
    key_left_out: float = 0.08
    households: float = 0.16
    same_name_of_one_sex: float = 0.02
    switchboards: float = 0.05
    junk_number: float = 0.003
    recycled_number: float = 0.006
    patronymic_known: float = 0.75
    patronymic_left_out: float = 0.40
    diminutive: float = 0.06
    surname_typo: float = 0.025
    given_typo: float = 0.015
    translit: float = 0.025
    initials: float = 0.02
    no_surname: float = 0.03
    no_name: float = 0.015
    swapped: float = 0.03
    one_cell: float = 0.04
    shouted: float = 0.03
    married_name: float = 0.006
    wrong_gender_form: float = 0.003


@dataclass(frozen=True)
class Population:
    """Cards, keys and truth.

    Args:
        records: entity, id, lastName, name, secondName.
        keys: entity, id, key_type, key_value, extension, may_key.
        person: who each row of records is in truth.
    """

    records: pd.DataFrame
    keys: pd.DataFrame
    person: npt.NDArray[np.int64]


def contacts(cards: int, seed: int = 1, dirt: Dirt | None = None) -> Population:
    """About so many contacts of people with 1 to 6 cards each."""
    dirt = dirt or Dirt()
    rng = np.random.default_rng(seed)
    copies_if_more = np.array([2, 3, 4, 5, 6])
    mean = 1 + dirt.duplicated_people * (np.average(copies_if_more, weights=[60, 22, 10, 5, 3]) - 1)
    people = int(cards / mean)
    woman = rng.random(people) < 0.5
    surname = _zipf(rng, len(STEMS) * len(ENDINGS) * 6, people)
    given = np.where(woman, rng.integers(0, len(WOMEN), people), rng.integers(0, len(MEN), people))
    father = rng.integers(0, len(MEN), people)
    # Households: the next person takes the surname and the phone. Three in four are couples, the rest are
    # parent and child or siblings; those of one sex bear one given name only as father and son do.
    shares_home = np.zeros(people, dtype=bool)
    shares_home[1::2] = rng.random(people // 2) < dirt.households
    home = np.flatnonzero(shares_home)
    surname[home] = surname[home - 1]
    couple = rng.random(len(home)) < 0.75
    woman[home] = np.where(couple, ~woman[home - 1], woman[home - 1])
    given[home] = rng.integers(0, min(len(MEN), len(WOMEN)) - 1, len(home))
    given[home] += ~couple & (given[home] == given[home - 1])
    namesake = home[~couple & (rng.random(len(home)) < dirt.same_name_of_one_sex)]
    given[namesake] = given[namesake - 1]

    # Codes 910 to 919 are all in use, so that every number is a valid one.
    own = 9_100_000_000 + rng.permutation(people).astype(np.int64) * (9_000_000 // people) * 10
    second = np.where(rng.random(people) < dirt.second_phone, own + 5, 0)
    # A household shares its second number, and one in three its only one.
    second[home] = np.where(second[home - 1] > 0, second[home - 1], second[home])
    alike = home[rng.random(len(home)) < 0.33]
    own[alike] = own[alike - 1]
    recycled = rng.random(people) < dirt.recycled_number
    second[recycled] = own[rng.integers(0, people, int(recycled.sum()))]
    at_work = rng.random(people) < dirt.switchboards
    firm = (rng.pareto(1.2, people) * 40).astype(np.int64) % max(people // 400, 3)
    board = np.where(at_work, 4_950_000_000 + firm, 0)
    mail = np.where(rng.random(people) < dirt.mailbox, np.arange(people), -1)

    copies = np.where(
        rng.random(people) < dirt.duplicated_people,
        rng.choice(copies_if_more, people, p=[0.60, 0.22, 0.10, 0.05, 0.03]),
        1,
    )
    person = np.repeat(np.arange(people, dtype=np.int64), copies)
    rng.shuffle(person)
    n = len(person)
    ids = np.arange(1, n + 1, dtype=np.int64)
    patronymic_known = rng.random(people) < dirt.patronymic_known
    records = _cards(rng, dirt, ids, person, woman, surname, given, father, patronymic_known)

    def present(values: Array, least: int) -> Array:
        return (values[person] > least) & (rng.random(n) >= dirt.key_left_out)

    parts: list[pd.DataFrame] = []

    def add(mask: Array, key_type: str, value: Array) -> None:
        parts.append(pd.DataFrame({"id": ids[mask], "key_type": key_type, "key_value": value[mask]}))

    def number(values: Array) -> Array:
        return np.char.add("+7", values.astype("U10"))

    add(present(own, 0), "phone", number(own[person]))
    add(present(second, 0), "phone", number(second[person]))
    add(present(board, 0), "phone", number(board[person]))
    junk = rng.random(n) < dirt.junk_number
    add(junk, "phone", number(9_160_000_000 + rng.integers(0, 5, n)))
    add(present(mail, -1), "email", np.char.add(np.char.add("u", mail[person].astype("U10")), "@mail.ru"))
    at_info = (board[person] > 0) & (rng.random(n) < 0.3)
    add(at_info, "email", np.char.add(np.char.add("info@firm", board[person].astype("U10")), ".ru"))
    keys = pd.concat(parts, ignore_index=True)
    keys.insert(0, "entity", "contact")
    keys["extension"], keys["may_key"] = "", True
    return Population(records, keys, person)


def as_typed(numbers: pd.Series[Any], seed: int = 1) -> pd.Series[Any]:
    """E.164 numbers the ways people type them."""
    rng = np.random.default_rng(seed)
    ways = rng.integers(0, 5, len(numbers))
    code, first, second, third = (numbers.str[i:j] for i, j in ((2, 5), (5, 8), (8, 10), (10, 12)))
    typed = numbers.where(ways != 1, "8 (" + code + ") " + first + "-" + second + "-" + third)
    typed = typed.where(ways != 2, "8" + code + first + second + third)
    typed = typed.where(ways != 3, "+7 " + code + " " + first + " " + second + " " + third)
    return typed.where(ways != 4, "7" + code + "-" + first + second + third)


def _zipf(rng: np.random.Generator, kinds: int, size: int) -> npt.NDArray[np.int64]:
    weights = 1.0 / (np.arange(kinds) + 12.0) ** 0.85
    return rng.choice(kinds, size, p=weights / weights.sum()).astype(np.int64)


def _surname(number: int, woman: bool) -> str:
    stem = STEMS[number % len(STEMS)]
    ending = ENDINGS[(number // len(STEMS)) % len(ENDINGS)]
    middle = ["", "ел", "ар", "ун", "ич", "ош"][(number // (len(STEMS) * len(ENDINGS))) % 6]
    if woman:
        ending = {"ский": "ская", "ецкий": "ецкая"}.get(
            ending, ending + "а" if ending[-1] in "вн" else ending
        )
        ending = {"яна": "ян"}.get(ending, ending)
    return stem + middle + ending


def _patronymic(man: int, woman: bool) -> str:
    name = MEN[man].partition(":")[0]
    irregular = {
        "Илья": ("Ильич", "Ильинична"),
        "Никита": ("Никитич", "Никитична"),
        "Павел": ("Павлович", "Павловна"),
        "Пётр": ("Петрович", "Петровна"),
        "Дмитрий": ("Дмитриевич", "Дмитриевна"),
    }
    if name in irregular:
        return irregular[name][woman]
    stem, soft = (name[:-2] + "ь", True) if name.endswith("ий") else (name.rstrip("йь"), name[-1] in "йь")
    return stem + ("е" if soft else "о") + ("вна" if woman else "вич")


def _cards(
    rng: np.random.Generator,
    dirt: Dirt,
    ids: Array,
    person: Array,
    woman: Array,
    surname: Array,
    given: Array,
    father: Array,
    patronymic_known: Array,
) -> pd.DataFrame:
    """The cards' name cells with everything that goes wrong on the way into a portal."""
    n = len(ids)
    last = _looked_up(surname * 2 + woman, lambda k: _surname(k // 2, bool(k % 2)))[person]
    first = _looked_up(given * 2 + woman, lambda k: (WOMEN if k % 2 else MEN)[k // 2].partition(":")[0])[
        person
    ]
    second = _looked_up(father * 2 + woman, lambda k: _patronymic(k // 2, bool(k % 2)))[person]

    def some(rate: float) -> Array:
        return np.flatnonzero(rng.random(n) < rate)

    second[~patronymic_known[person]] = ""
    second[some(dirt.patronymic_left_out)] = ""
    for i in some(dirt.married_name):
        if woman[person[i]]:
            last[i] = _surname(int(rng.integers(0, len(STEMS) * 6)), True)
    for i in some(dirt.diminutive):
        entry = (WOMEN if woman[person[i]] else MEN)[given[person[i]]]
        first[i] = str(rng.choice(entry.partition(":")[2].split(",")))
    for i in some(dirt.wrong_gender_form):
        last[i] = _surname(int(surname[person[i]]), not woman[person[i]])
    for i in some(dirt.surname_typo):
        last[i] = _mistyped(rng, last[i])
    for i in some(dirt.given_typo):
        first[i] = _mistyped(rng, first[i])
    for i in some(dirt.translit):
        scheme = _PASSPORT if rng.random() < 0.5 else {}
        last[i], first[i] = (
            w.lower().translate(scheme).translate(_LATIN).title() for w in (last[i], first[i])
        )
        second[i] = ""
    for i in some(dirt.initials):
        first[i], second[i] = first[i][:1] + ".", second[i][:1] + "." if second[i] else ""
    last[some(dirt.no_surname)] = ""
    for i in some(dirt.swapped):
        last[i], first[i] = first[i], last[i]
    for i in some(dirt.one_cell):
        first[i] = " ".join(w for w in (last[i], first[i], second[i]) if w)
        last[i] = second[i] = ""
    for i in some(dirt.shouted):
        last[i], first[i] = last[i].upper().replace("Ё", "Е"), first[i].upper().replace("Ё", "Е")
    for i in some(dirt.no_name):
        last[i] = second[i] = ""
        first[i] = str(rng.choice(["", "Без имени", "Клиент", "Новый клиент", "WhatsApp"]))
    table = {"entity": "contact", "id": ids, "lastName": last, "name": first, "secondName": second}
    return pd.DataFrame(table).astype({"lastName": "str", "name": "str", "secondName": "str"})


def _full(name: int, woman: int) -> str:
    return (WOMEN if woman else MEN)[name].partition(":")[0]


def _looked_up(codes: Array, word: Any) -> Array:
    distinct, back = np.unique(codes, return_inverse=True)
    return np.array([word(int(k)) for k in distinct], dtype=object)[back]


def _mistyped(rng: np.random.Generator, word: str) -> str:
    if len(word) < 3:
        return word
    at, kind = int(rng.integers(1, len(word) - 1)), int(rng.integers(0, 4))
    letter = LETTERS[int(rng.integers(0, len(LETTERS)))]
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + letter + word[at:]
    if kind == 2:
        return word[:at] + letter + word[at + 1 :]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
