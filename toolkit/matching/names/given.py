"""Given names: which spellings and diminutives are one name, whose they are, and which are mistyped.

The table was written for this library from common knowledge of Russian names. A line is one name:
its full forms, a colon, its everyday forms. An everyday form may belong to several names (Саша, Женя,
Слава): it agrees with each of them, and two full forms agree only when they stand in one line.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rapidfuzz.distance import OSA

from toolkit.matching.names.letters import folded, is_latin, skeleton

__all__ = ["Given", "Sex", "full_initials", "given", "is_given", "known_patronymics"]

Sex = Literal["m", "f", ""]

_MEN = """
александр alexander aleksander alexandre: саша саня шура сашка шурик санек сашок алекс искандер alex sasha
алексей алексий: леша леха алеша лешка алешка лекса alex alexey
анатолий: толя толик толян
андрей andrew andre andreas: дрон андрюха андрюша
антон anthony: антоха антоша тоша тоха
аркадий: аркаша
арсений арсентий: арсен сеня
артем артемий artem artyom: тема артемка темка
артур arthur: артурчик
афанасий: афоня
ахмед ахмет ахмад: аха
алим: алимчик
альберт albert: алик
арсен: арсенчик
ашот: ашотик
богдан: бодя
борис boris: боря борька
вадим vadim: вадик вадя дима
валентин: валя валек
валерий valery: валера валерка лера
василий basil: вася васек васька василек
виктор victor viktor: витя витек витька
виталий vitaly: виталик виталя
владимир vladimir: вова володя вовка вован володька вовчик
владислав vladislav: влад владик слава
всеволод: сева
вячеслав viacheslav: слава славик
геннадий: гена генка гендос
георгий george: гоша жора гера гога
герман: гера гермаша
глеб: глебушка
григорий gregory: гриша гришка
давид david давыд: дава додик
дамир: дамирка
даниил данил данила daniel danila: даня данька данилка
денис dennis denis: дэн ден дениска диня
дмитрий дмитрии dmitry dimitri: дима димка митя димон диман митька
евгений eugene yevgeny: женя женька жека евген
егор yegor: егорка гоша
ефим: фима
захар zakhar: захарка
ибрагим ибрахим:
иван ivan john: ваня ванька ванек ванюша
игнат игнатий: игнаша
игорь igor: игорек гоша
ильдар: ильдарка
илья илия ilya elijah: илюша илюха
имран:
иннокентий: кеша
иосиф осип joseph:
ислам:
камиль: камильчик
карен:
кирилл кирил cyril: кирюша киря кирюха
константин constantine: костя костик костян
лев leo: лева левушка
леонид leonid: леня ленчик
магомед мухаммед мухаммад магомет: мага
макар: макарка
максим maxim maksim: макс максимка макс max
марат: маратик
марк mark: маркуша
матвей matthew: мотя матюша
михаил михайло michael mikhail: миша мишка миха мишаня
мурат: муратик
назар:
наиль:
никита nikita: никитка ник никитос
николай nicholas nikolai: коля колян николаша ник nick
олег oleg: олежа олежка
павел paul pavel: паша пашка павлик павлуша
петр peter: петя петька петруха
платон: тоша
прохор: проша
равиль:
радик:
рамиль: рамилька
расул:
ратмир:
ринат ренат: ринатик
роберт robert: роб
родион: родя
роман roman: рома ромка ромчик
ростислав: слава ростик
рудольф:
руслан ruslan: русик рус русланчик
рустам: рустик рустам
савелий: сава савва
самвел:
святослав: слава свят
семен simon: сеня сема
сергей serge sergey sergei: сережа серега серж сережка серый
станислав stanislav: стас стасик слава
степан stephen stepan: степа степка
тарас:
тигран:
тимофей timothy: тима тимоша тимка
тимур timur: тима тимурчик
умар:
фарид:
федор theodore fedor: федя федька
филипп филип philip phillip: филя
харитон:
хасан:
шамиль:
эдуард edward eduard: эдик эд
эльдар: эльдарик
эмиль: эмик
эрик eric:
юрий yuri: юра юрка юрик
юсуф:
яков jacob: яша
ян jan:
ярослав yaroslav: слава ярик
"""

_WOMEN = """
агата:
аида:
айгуль: гуля
айша аиша:
александра alexandra: саша шура саня сашенька алекса
алена елена helen elena alyona: лена леночка ленка аленка еленка lena алена
алевтина: аля тина
алина alina: аля алинка
алиса алисия alice: алиска
алла: аллочка
альбина: аля
амина: аминка
анастасия анастасья anastasia: настя настена стася настюша ася nastya
ангелина: геля лина ангелинка
анжела анжелика angela: анжелка лика
анна anna ann anne: аня анечка анюта нюра анька
антонина: тоня
арина: аришка
ася:
валентина valentina: валя валюша
валерия valeria: лера валера лерочка
варвара barbara: варя варька
василиса: вася василиска
вера: верочка верунчик
вероника veronica: ника вероничка
виктория victoria: вика викуля виктория vika
виолетта: вита
владислава: влада слава
галина galina: галя галка галочка
гульнара: гуля
гульназ: гуля
дана:
дарья дария daria: даша дашка дашуля
диана diana: дианка ди
дина:
динара: динарка дина
евгения: женя женечка
евдокия: дуся
екатерина catherine ekaterina katherine: катя катюша катерина катька kate katya
елизавета elizabeth: лиза лизка лизонька liza
жанна: жанночка
зарина:
зинаида: зина
злата:
зоя: зоинька
зульфия:
инга:
инесса:
инна inna: инночка
ирина irina irene: ира иришка ирка иринка
камилла камила: мила
карина: каринка
кира: кирочка
клавдия: клава
кристина christina: крис кристинка
ксения ксенья xenia: ксюша ксеня ксюха ксенька
оксана oksana: ксюша окси ксана
лариса larisa: лара лариска
лейла ляйля:
лиана:
лидия: лида
лилия лилиана: лиля
любовь: люба любаша
людмила liudmila: люда мила люся людочка
мадина:
майя мая:
маргарита margaret: рита марго
марианна: маша
марина marina: маринка мариша
мария марья maria mary: маша маня машенька маруся машка masha
милана: мила миланка
милена: мила
надежда: надя надюша надька
наталья наталия natalia natalie: ната наташа наталка туся natasha
нелли нэлли: неля
ника:
нина: ниночка
нонна:
олеся алеся: леся
ольга olga: оля олечка олька оленька
полина: поля полинка
раиса: рая
регина: реги
римма: римка
роза:
розалия: роза
рузанна: руза
сабина:
светлана svetlana: света светик светочка лана sveta
снежана:
софья софия sophia sofia: соня софа софочка
стефания: стеша
таисия таисья: тая
тамара: тома
татьяна tatiana: таня танюша танька татьянка tanya
ульяна juliana: уля ульянка
фаина: фая
фатима: фатя
эвелина: эва
элеонора: эля нора
элина: эля
эльвира: эля эльвирка
эльмира: эля
эмилия emily: эмма мила
эмма emma:
юлия юлиана julia: юля юленька юлька
яна: яночка
ярослава: слава яся
"""


@dataclass(frozen=True, slots=True)
class Given:
    """A given name as it was read.

    Args:
        word: the folded word.
        names: numbers of the table's lines it may stand for; empty when unknown.
        sex: of every name it may stand for; empty when they differ or none is known.
        known: whether the word itself is in the table; False when it was reached through one typo.
    """

    word: str
    names: frozenset[int]
    sex: Sex
    known: bool


@lru_cache(maxsize=1 << 18)
def given(word: str) -> Given:
    """The name a folded word stands for, through the table, its sounds, or one typo.

    One typo is followed only when it leads to names of one line; otherwise the word stays unknown.
    """
    names = _WORDS.get(word)
    if names is None and is_latin(word):
        names = _SKELETONS.get(skeleton(word))
    if names:
        return Given(word, names, _sex(names), True)
    near = _one_typo_away(word)
    return Given(word, near, _sex(near), False)


def is_given(word: str) -> bool:
    """Whether a folded word is a given name of the table (typos do not count)."""
    return given(word).known


def full_initials(names: frozenset[int]) -> frozenset[str]:
    """First letters of the full forms of these names: А for Саша."""
    return frozenset(_LINES[number][0][0] for number in names)


@lru_cache(maxsize=1)
def known_patronymics() -> frozenset[str]:
    """Stems of the patronymics that the table's men pass on, without their endings."""
    stems: set[str] = set()
    for line, sex in _LINES:
        if sex != "m":
            continue
        for name in line.split(":")[0].split():
            if is_latin(name):
                continue
            if name.endswith("ий"):
                stems.update((name[:-2] + "ь", name[:-2] + "и"))
            elif name[-1] in "йьая":
                stems.add(name[:-1])
            else:
                stems.add(name)
    return frozenset(stems | {"павл", "льв", "петр", "михайл", "кузьм", "фом"})


_LINES: list[tuple[str, Sex]] = [
    *((line, "m") for line in _MEN.strip().splitlines()),
    *((line, "f") for line in _WOMEN.strip().splitlines()),
]


def _read_table() -> tuple[dict[str, frozenset[int]], dict[str, frozenset[int]]]:
    words: dict[str, set[int]] = {}
    sounds: dict[str, set[int]] = {}
    full_names: dict[str, int] = {}
    for number, (line, _) in enumerate(_LINES):
        full, _, everyday = line.partition(":")
        # A name with two lines is still one name.
        number = min([full_names.get(word, number) for word in full.split()], default=number)
        for word in full.split():
            full_names[word] = number
        for word in map(folded, [*full.split(), *everyday.split()]):
            words.setdefault(word, set()).add(number)
            sounds.setdefault(skeleton(word), set()).add(number)
    # A full form means its own name, even where it is an everyday form of another.
    owned = {word: frozenset({number}) for word, number in full_names.items()}
    return (
        {word: owned.get(word, frozenset(numbers)) for word, numbers in words.items()},
        {sound: frozenset(numbers) for sound, numbers in sounds.items()},
    )


_WORDS, _SKELETONS = _read_table()


def _shortened(word: str) -> set[str]:
    return {word[:i] + word[i + 1 :] for i in range(len(word))} | {word}


def _shortenings() -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    for word in _WORDS:
        if len(word) >= 5:
            for short in _shortened(word):
                table.setdefault(short, []).append(word)
    return table


_SHORTENINGS = _shortenings()


def _one_typo_away(word: str) -> frozenset[int]:
    if len(word) < 5:
        return frozenset()
    near = {w for short in _shortened(word) for w in _SHORTENINGS.get(short, ())}
    found = {_WORDS[w] for w in near if OSA.distance(word, w, score_cutoff=1) <= 1}
    return next(iter(found)) if len(found) == 1 else frozenset()


def _sex(names: frozenset[int]) -> Sex:
    sexes = {_LINES[number][1] for number in names}
    return next(iter(sexes)) if len(sexes) == 1 else ""
