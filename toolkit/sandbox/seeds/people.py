"""Russian people: names as they are given, and the ways one person comes to stand in two cards.

Everything is drawn from the `random.Random` handed in: the same generator state, the same people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

__all__ = [
    "DIMINUTIVES",
    "MISTAKES",
    "Person",
    "draw_person",
    "mailbox",
    "mistaken",
    "patronymic",
    "transliterated",
]

Sex = Literal["m", "f"]


def _words(text: str) -> list[str]:
    return text.split()


_MEN = _words("""
    Александр Сергей Дмитрий Андрей Алексей Максим Евгений Иван Михаил Владимир Артём Николай Павел Денис
    Антон Илья Роман Олег Виктор Юрий Игорь Константин Кирилл Никита Егор Василий Анатолий Вячеслав
    Станислав Виталий Руслан Тимур Георгий Пётр Фёдор Борис Григорий Степан Леонид Валерий Геннадий Вадим
    Глеб Даниил Матвей Тимофей Марат Ринат Арсен Семён
""")
_WOMEN = _words("""
    Елена Ольга Наталья Анна Татьяна Ирина Екатерина Мария Светлана Юлия Анастасия Марина Людмила Галина
    Оксана Виктория Надежда Евгения Ксения Алёна Валентина Дарья Любовь Вера Александра Полина Лариса Нина
    Алина Кристина Тамара Яна Инна Валерия Маргарита Зоя Диана Раиса Карина Софья Вероника Алла Эльвира
    Гульнара Лилия Жанна Регина Антонина Арина Ульяна
""")
# Given as the man's form; `_feminine` makes the woman's.
_SURNAMES = _words("""
    Иванов Смирнов Кузнецов Попов Васильев Петров Соколов Михайлов Новиков Фёдоров Морозов Волков Алексеев
    Лебедев Семёнов Егоров Павлов Козлов Степанов Николаев Орлов Андреев Макаров Никитин Захаров Зайцев
    Соловьёв Борисов Яковлев Григорьев Романов Воробьёв Сергеев Кузьмин Фролов Александров Дмитриев Королёв
    Гусев Киселёв Ильин Максимов Поляков Сорокин Виноградов Ковалёв Белов Медведев Антонов Тарасов Жуков
    Баранов Филиппов Комаров Давыдов Беляев Герасимов Богданов Осипов Сидоров Матвеев Титов Марков Миронов
    Крылов Куликов Карпов Власов Мельников Денисов Гаврилов Тихонов Казаков Афанасьев Данилов Савельев
    Тимофеев Фомин Чернов Абрамов Мартынов Ефимов Федотов Щербаков Назаров Калинин Исаев Чернышёв Быков
    Маслов Родионов Коновалов Лазарев Воронин Климов Филатов Пономарёв Голубев Кудрявцев Прохоров Наумов
    Потапов Журавлёв Овчинников Трофимов Леонов Соболев Ермаков Колесников Гончаров Емельянов Никифоров
    Грачёв Котов Гришин Ефремов Архипов Громов Кириллов Малышев Панов Моисеев Румянцев Акимов Кондратьев
    Бирюков Горбунов Анисимов Ерёмин Тихомиров Галкин Лукьянов Михеев Скворцов Юдин Белоусов Нестеров
    Симонов Прокофьев Харитонов Князев Цветков Левин Митрофанов Воронов Аксёнов Софронов Мальцев Логинов
    Горшков Савин Краснов Майоров Демидов Елисеев Рыбаков Сафонов Плотников Демин Хохлов Фадеев Молчанов
    Игнатов Литвинов Ершов Ушаков Дементьев Рябов Мухин Калашников Леонтьев Лобанов Кузин Корнеев Евдокимов
    Бородин Платонов Некрасов Балашов Бобров Жданов Блинов Игнатьев Коротков Муравьёв Крюков Беляков
    Богомолов Дроздов Лавров Зуев Петухов Ларин Никулин Серов Терентьев Зотов Устинов Фокин Самойлов
    Константинов Сахаров Шишкин Самсонов Черкасов Чистяков Носов Спиридонов Карасёв Авдеев Воронцов Зверев
    Владимиров Селезнёв Нечаев Кудряшов Седов Фирсов Андрианов Панфилов Головин Терехов Ульянов Шестаков
    Агеев Никонов Селиванов Баженов Гордеев Кожевников Пахомов Зимин Костин Широков Филимонов Ларионов
    Овсянников Сазонов Суворов Нефёдов Корнилов Любимов Львов Горбачёв Копылов Лукин Токарев Кулешов Шилов
    Большаков Панкратов Родин Шаповалов Покровский Бочаров Никольский Маркин Горелов Агафонов Березин
    Ермолаев Зубков Куприянов Трифонов Масленников Круглов Третьяков Колосов Рожков Артамонов Шмелёв Лаптев
    Лапшин Федосеев Зиновьев Зорин Уткин Столяров Зубов Ткачёв Дорофеев Антипов Завьялов Свиридов Золотарёв
    Кулаков Мещеряков Макеев Дьяконов Гуляев Петровский Бондарев Поздняков Панфёров Кочетков Суханов Рыжов
    Старостин Калмыков Колесов Золотов Кравцов Субботин Шубин Щукин Лосев Винокуров Лапин Парфёнов Исаков
    Голованов Коровин Ростовцев Артёмов Козырев Русаков Алёшин Крючков Булгаков Кошелев Сычёв Синицын
    Чернявский
""")

DIMINUTIVES: dict[str, tuple[str, ...]] = {
    "Александр": ("Саша", "Шура"),
    "Александра": ("Саша",),
    "Алексей": ("Лёша", "Алёша"),
    "Анастасия": ("Настя",),
    "Анатолий": ("Толя",),
    "Андрей": ("Андрюша",),
    "Анна": ("Аня",),
    "Антон": ("Тоша",),
    "Борис": ("Боря",),
    "Вадим": ("Вадик",),
    "Валентина": ("Валя",),
    "Василий": ("Вася",),
    "Виктор": ("Витя",),
    "Виктория": ("Вика",),
    "Виталий": ("Виталик",),
    "Владимир": ("Володя", "Вова"),
    "Вячеслав": ("Слава",),
    "Галина": ("Галя",),
    "Георгий": ("Гоша",),
    "Григорий": ("Гриша",),
    "Дарья": ("Даша",),
    "Дмитрий": ("Дима", "Митя"),
    "Евгений": ("Женя",),
    "Евгения": ("Женя",),
    "Екатерина": ("Катя",),
    "Елена": ("Лена",),
    "Иван": ("Ваня",),
    "Игорь": ("Игорёк",),
    "Ирина": ("Ира",),
    "Константин": ("Костя",),
    "Ксения": ("Ксюша",),
    "Любовь": ("Люба",),
    "Людмила": ("Люда", "Мила"),
    "Мария": ("Маша",),
    "Михаил": ("Миша",),
    "Надежда": ("Надя",),
    "Наталья": ("Наташа", "Наталия"),
    "Николай": ("Коля",),
    "Ольга": ("Оля",),
    "Павел": ("Паша",),
    "Пётр": ("Петя",),
    "Роман": ("Рома",),
    "Светлана": ("Света",),
    "Сергей": ("Серёжа",),
    "Татьяна": ("Таня",),
    "Юлия": ("Юля",),
    "Юрий": ("Юра",),
}
_PATRONYMICS = {
    "Илья": "Ильич",
    "Никита": "Никитич",
    "Михаил": "Михайлович",
    "Пётр": "Петрович",
    "Павел": "Павлович",
}
_YO = str.maketrans("ёЁ", "еЕ")
_CYRILLIC = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_SOUNDS = "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh shch - y - e yu ya"
_LATIN = {letter: sound.strip("-") for letter, sound in zip(_CYRILLIC, _words(_SOUNDS), strict=True)}
_KEYBOARD = ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю")
_PROVIDERS = ("mail.ru", "yandex.ru", "gmail.com", "bk.ru", "inbox.ru", "list.ru", "rambler.ru", "ya.ru")


@dataclass(frozen=True)
class Person:
    """One person's name, as a card keeps it.

    Args:
        sex: m or f.
        last, first, middle: in Cyrillic unless a mistake says otherwise; may be empty in a mistaken card.
    """

    sex: Sex
    last: str
    first: str
    middle: str

    @property
    def full(self) -> str:
        """`Иванова Анна Петровна`."""
        return " ".join(part for part in (self.last, self.first, self.middle) if part)


def draw_person(rng: Random) -> Person:
    """A person; frequent names are drawn more often, as in life."""
    sex: Sex = "f" if rng.random() < 0.52 else "m"
    first = _frequent(rng, _WOMEN if sex == "f" else _MEN)
    last = _frequent(rng, _SURNAMES)
    father = _frequent(rng, _MEN)
    return Person(sex, _feminine(last) if sex == "f" else last, first, patronymic(father, sex))


def _frequent(rng: Random, names: list[str]) -> str:
    # The lists begin with the most frequent; a squared draw favours their beginning.
    draw = rng.random()
    return names[int(draw * draw * len(names))]


def _feminine(surname: str) -> str:
    return surname[:-2] + "ая" if surname.endswith("ий") else surname + "а"


def patronymic(father: str, sex: Sex) -> str:
    """`Сергей`, f -> `Сергеевна`."""
    if father in _PATRONYMICS:
        man = _PATRONYMICS[father]
    elif father.endswith("ий"):
        man = father[:-2] + ("иевич" if father == "Дмитрий" else "ьевич")
    elif father.endswith(("й", "ь")):
        man = father[:-1] + "евич"
    elif father.endswith("а"):
        man = father[:-1] + "ич"
    else:
        man = father + "ович"
    if sex == "m":
        return man
    if man in ("Ильич", "Никитич"):
        return man + "на" if man == "Никитич" else "Ильинична"
    return man[:-2] + "на"


def transliterated(text: str) -> str:
    """Cyrillic in Latin letters, as passports and mailboxes have it."""
    out = []
    for letter in text:
        latin = _LATIN.get(letter.lower())
        out.append(letter if latin is None else latin.capitalize() if letter.isupper() else latin)
    return "".join(out)


def mailbox(person: Person, rng: Random) -> str:
    """An address that person might have chosen."""
    first, last = transliterated(person.first).lower(), transliterated(person.last).lower()
    number = rng.randrange(10, 100) if rng.random() < 0.5 else rng.randrange(1955, 2006)
    shape = rng.randrange(5)
    local = (
        f"{first}.{last}{number}",
        f"{last}{first[:1]}{number}",
        f"{first[:1]}.{last}.{number}",
        f"{last}_{number}",
        f"{first}{number}{last[:3]}",
    )[shape]
    return f"{local}@{rng.choice(_PROVIDERS)}"


# -- mistakes ------------------------------------------------------------------------------------------


def _typo(person: Person, rng: Random) -> Person:
    """One letter of the surname hit beside its key, doubled, dropped, or swapped with the next."""
    text = person.last
    at = rng.randrange(1, max(2, len(text) - 1))
    letter = text[at]
    kind = rng.randrange(4)
    row = next((keys for keys in _KEYBOARD if letter in keys), "")
    if kind == 0 and row:
        beside = row.index(letter)
        wrong = text[:at] + row[beside - 1 if beside else 1] + text[at + 1 :]
    elif kind == 1:
        wrong = text[:at] + letter + text[at:]
    elif kind == 2 and len(text) > 4:
        wrong = text[:at] + text[at + 1 :]
    else:
        wrong = text[:at] + text[at + 1 : at + 2] + letter + text[at + 2 :]
    return replace(person, last=wrong)


def _diminutive(person: Person, rng: Random) -> Person:
    """The short form of the first name, without patronymic."""
    known = DIMINUTIVES.get(person.first)
    return replace(person, first=rng.choice(known), middle="") if known else replace(person, middle="")


def _latin(person: Person, _rng: Random) -> Person:
    """Everything in Latin letters."""
    return replace(
        person,
        last=transliterated(person.last),
        first=transliterated(person.first),
        middle=transliterated(person.middle),
    )


def _swapped(person: Person, _rng: Random) -> Person:
    """First name and surname in each other's fields."""
    return replace(person, last=person.first, first=person.last)


def _all_in_name(person: Person, _rng: Random) -> Person:
    """The whole name typed into the first-name field."""
    return replace(person, last="", first=person.full, middle="")


def _initials(person: Person, _rng: Random) -> Person:
    """Surname and initials."""
    return replace(person, first=f"{person.first[:1]}.", middle=f"{person.middle[:1]}.")


def _no_middle(person: Person, _rng: Random) -> Person:
    """Without patronymic."""
    return replace(person, middle="")


def _first_only(person: Person, _rng: Random) -> Person:
    """The first name alone, as a form on a site asks for it."""
    return replace(person, last="", middle="")


def _no_yo(person: Person, _rng: Random) -> Person:
    """ё written as е."""
    return replace(
        person,
        **{
            part: getattr(person, part).replace("ё", "е").replace("Ё", "Е")
            for part in ("last", "first", "middle")
        },
    )


def _capitals(person: Person, rng: Random) -> Person:
    """All capitals, or none."""
    change: Callable[[str], str] = str.upper if rng.random() < 0.5 else str.lower
    return replace(person, last=change(person.last), first=change(person.first), middle=change(person.middle))


def _blanks(person: Person, rng: Random) -> Person:
    """Blanks around and inside, some of them unbreakable."""
    return replace(person, last=f" {person.last}", first=person.first + rng.choice(("  ", "\u00a0")))


def _married(person: Person, rng: Random) -> Person:
    """A woman's surname after marriage: only phone and e-mail still agree. Not for automatic merging."""
    if person.sex == "m":
        return replace(person, middle="")
    return replace(person, last=_feminine(rng.choice(_SURNAMES)))


MISTAKES: dict[str, Callable[[Person, Random], Person]] = {
    "typo": _typo,
    "diminutive": _diminutive,
    "latin": _latin,
    "swapped": _swapped,
    "all_in_name": _all_in_name,
    "initials": _initials,
    "no_middle": _no_middle,
    "first_only": _first_only,
    "no_yo": _no_yo,
    "capitals": _capitals,
    "blanks": _blanks,
    "married": _married,
}
"""Kinds of error in a person's second card; `seed_truth.KIND` names the one that was made."""

_MISTAKE_NAMES = tuple(MISTAKES)
_MISTAKE_WEIGHTS = (14, 14, 6, 8, 8, 6, 16, 8, 6, 6, 4, 4)


def mistaken(person: Person, rng: Random) -> tuple[str, Person]:
    """The person as another card has them, with the kind of mistake made."""
    kind = rng.choices(_MISTAKE_NAMES, _MISTAKE_WEIGHTS)[0]
    return kind, MISTAKES[kind](person, rng)
