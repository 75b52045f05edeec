"""Pictures of a portal's health: at a glance, and a measure month over month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from toolkit.reports.health.measures import CLEAN_PHONES, Measured
from toolkit.reports.pictures import AMBER, BLUE, GREY, Chart, canvas, quiet
from toolkit.runs.report.names import Names
from toolkit.runs.report.wording import Language, Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["entity_words", "over_time", "overview"]

_PEOPLE = 10
_LONGEST = 36
_ENTITIES: Mapping[str, str] = {
    "user": "сотрудники",
    "company": "компании",
    "contact": "контакты",
    "deal": "сделки",
    "lead": "лиды",
    "call": "звонки",
    "activity": "дела",
    "department": "отделы",
}
_PHONES: Mapping[str, str] = {
    "valid": "номер",
    "toll_free": "бесплатный номер",
    "service": "служебный номер",
    "placeholder": "заглушка",
    "local": "без кода города",
    "internal": "внутренний",
    "masked": "скрытые цифры",
    "incomplete": "неполный",
    "lossy": "цифры потеряны",
    "garbage": "не телефон",
    "empty": "пусто",
}


def entity_words(name: str, language: Language) -> str:
    """`сделки`; the name itself where there is no word for it."""
    return _ENTITIES.get(name, name) if language == "ru" else name


def overview(measured: Measured, language: Language) -> Chart:
    """Four pictures in one: what there is, what is out of order, phones, owners who left."""
    russian, wording = language == "ru", Wording(language)
    snapshot = measured.snapshot
    figure = canvas(12, 7.6)
    (here, dirt), (phones, people) = figure.subplots(2, 2)
    counts = {entity_words(each.name, language): each.records for each in snapshot.manifest.entities.values()}
    _bars(here, list(counts), list(counts.values()), [BLUE] * len(counts), wording)
    here.set_title("Что есть" if russian else "What there is")
    measures = list(measured.measures.values())
    shares = [each.share for each in measures]
    _bars(dirt, [each.words(language) for each in measures], shares, [AMBER] * len(measures), wording, True)
    dirt.set_title("Что не в порядке, доля" if russian else "What is out of order, share")
    classes = [str(kind) for kind in measured.phones.index]
    said = [_PHONES.get(each, each) if russian else each.replace("_", " ") for each in classes]
    colours = [BLUE if each in CLEAN_PHONES else AMBER for each in classes]
    _bars(phones, said, [int(each) for each in measured.phones], colours, wording)
    phones.set_title("Телефоны в карточках" if russian else "Stored phones")
    names = Names(snapshot, snapshot.manifest.portal, wording)
    gone = measured.owned.head(_PEOPLE)
    _bars(people, [names.user(each) for each in gone.index], list(gone["total"]), [GREY] * len(gone), wording)
    people.set_title("Записи уволенных" if russian else "Records of people who left")
    words = [
        f"{each.words(language)}: {wording.number(each.found)} / {wording.number(each.total)}"
        for each in measures
    ]
    return Chart(figure, "\n".join(words))


def over_time(name: str, snapshots: Sequence[Measured], language: Language) -> Chart:
    """One measure as it was in each snapshot, the oldest first.

    Args:
        name: of the measure.
        snapshots: those that have it.
        language: of its words.
    """
    from matplotlib.ticker import MaxNLocator

    wording = Wording(language)
    found = [each.measures[name].found for each in snapshots]
    figure = canvas(5.6, 2.5)
    axes = figure.subplots()
    places = np.arange(len(found))
    # The same width for one snapshot and for twelve: a lone bar would fill the picture.
    axes.bar(places, found, 0.5, color=[GREY] * (len(found) - 1) + [AMBER])
    for place, (count, each) in enumerate(zip(found, snapshots, strict=True)):
        one = each.measures[name]
        said = f"{wording.number(count)}\n{wording.share(one.found, one.total)}"
        axes.text(place, count, said, ha="center", va="bottom", fontsize=9)
    axes.set_xticks(places, _days(snapshots), fontsize=9)
    axes.set_xlim(-0.7, max(len(found), 4) - 0.3)
    axes.set_ylim(0, max([*found, 1]) * 1.45)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
    words = snapshots[-1].measures[name].words(language)
    axes.set_title(words, loc="left", fontweight="bold", fontsize=11)
    axes.set_yticks([])
    axes.tick_params(left=False)
    quiet(axes, "top", "right", "left")
    return Chart(figure, f"{words}: {' → '.join(wording.number(each) for each in found)}")


def _days(snapshots: Sequence[Measured]) -> list[str]:
    """When each was read: the day; the time too when a day comes twice."""
    moments = [
        Wording("ru", each.snapshot.manifest.offset_s).local(each.taken) or datetime.min for each in snapshots
    ]
    once = len({each.date() for each in moments}) == len(moments)
    return [f"{each:%d.%m.%Y}" if once else f"{each:%d.%m.%Y}\n{each:%H:%M:%S}" for each in moments]


def _bars(
    axes: Axes,
    names: Sequence[str],
    numbers: Sequence[float],
    colours: Sequence[str],
    wording: Wording,
    shares: bool = False,
) -> None:
    """Lying bars, the first on top, each with its number."""
    places = np.arange(len(names))[::-1]
    drawn = axes.barh(places, numbers, color=colours)
    labels = [wording.share(each, 1) if shares else wording.number(int(each)) for each in numbers]
    axes.bar_label(drawn, labels, padding=4)
    axes.set_yticks(places, [each if len(each) < _LONGEST else each[: _LONGEST - 1] + "…" for each in names])
    axes.set_xticks([])
    axes.margins(x=0.15)
    quiet(axes, "top", "right", "bottom")
