"""What is in a portal and how clean it is: counts, phones, duplicates, owners who left; as tables and pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolkit.matching import PhoneClass, Tier, email_keys, find_clusters, phone_keys, read_phones
from toolkit.notebook.markup import Facts, Grid, Said, Speech, View
from toolkit.records import Snapshot
from toolkit.runs.report.listings import Cell, Column, Listing
from toolkit.runs.report.names import Names, Piece

__all__ = ["Chart", "Health"]

_BLUE, _AMBER, _GREY = "#2f6fde", "#e6a23c", "#c9d1dc"
_CLEAN = {PhoneClass.VALID, PhoneClass.TOLL_FREE}
_PEOPLE = 10
_OWNED = ("deal", "contact", "company")


class Chart:
    """A picture a cell shows, and the sentence it makes.

    Args:
        figure: the picture.
        words: what it shows, for those who read text.
    """

    def __init__(self, figure: Figure, words: str) -> None:
        self.figure, self.words = figure, words

    def _repr_png_(self) -> bytes:
        kept = io.BytesIO()
        self.figure.savefig(kept, format="png", dpi=110, bbox_inches="tight")
        return kept.getvalue()

    def __repr__(self) -> str:
        return self.words


@dataclass(frozen=True)
class Health:
    """What a snapshot shows about a portal.

    Args:
        snapshot: where it was read from.
        speech: the reader's language.
        phones: stored phones by class (name of `PhoneClass`), as counts.
        groups: cards that are one client, see `Clusters.groups`; columns entity, group, id, size.
        asked: pairs of cards a person would have to look at.
        owned: records by responsible who left or is not known: index user id, a column per entity, total.
        no_deal: contacts no deal mentions.
        no_contact: deals without a contact.
        apart: contacts none of whose deals has their responsible.
    """

    snapshot: Snapshot
    speech: Speech
    phones: pd.Series
    groups: pd.DataFrame
    asked: int
    owned: pd.DataFrame
    no_deal: int
    no_contact: int
    apart: int

    @classmethod
    def of(cls, snapshot: Snapshot, speech: Speech) -> Health:
        """Read it out of a snapshot of users, companies, contacts and deals."""
        contacts, companies = snapshot.table("contact"), snapshot.table("company")
        values = pd.concat([_values("contact", contacts), _values("company", companies)], ignore_index=True)
        stored = values[values["type"] == "PHONE"].reset_index(drop=True)
        mail = values[values["type"] == "EMAIL"].reset_index(drop=True)
        clusters = find_clusters(
            pd.concat(
                [
                    contacts[["id", "lastName", "name", "secondName"]].assign(entity="contact"),
                    companies[["id", "title"]].assign(entity="company"),
                ],
                ignore_index=True,
            ),
            pd.concat([phone_keys(stored, "value"), email_keys(mail, "value")], ignore_index=True),
        )
        members = (
            snapshot.table("deal", ["id", "assignedById", "contactIds"])
            .explode("contactIds")
            .rename(columns={"contactIds": "contact", "assignedById": "of_deal"})
        )
        without = int(members["contact"].isna().sum())
        members = members.dropna(subset=["contact"]).astype({"contact": "int64"})
        held = members.merge(contacts[["id", "assignedById"]], left_on="contact", right_on="id")
        agrees = (held["of_deal"] == held["assignedById"]).groupby(held["contact"]).any()
        return cls(
            snapshot,
            speech,
            read_phones(stored["value"])["phone_class"].astype("str").value_counts(),
            clusters.groups(),
            len(clusters.pairs(Tier.REVIEW)),
            _owned_by_the_gone(snapshot),
            int((~contacts["id"].isin(members["contact"])).sum()),
            without,
            int((~agrees).sum()),
        )

    # -- what a cell shows ---------------------------------------------------------------------------

    @property
    def spare(self) -> int:
        """Cards there would be fewer after merging what is surely one client."""
        return len(self.groups) - len(self.groups[["entity", "group"]].drop_duplicates())

    @property
    def bad_phones(self) -> int:
        """Stored phones nobody can call as they stand."""
        return int(sum(count for kind, count in self.phones.items() if kind not in _CLEAN))

    def _facts(self) -> list[tuple[str, int, int]]:
        """What is out of order: words, how many, of how many."""
        say, count = self.speech, self.snapshot.count
        cards = count("contact") + count("company")
        owned = int(self.owned["total"].sum()) if len(self.owned) else 0
        return [
            (
                say("phones that cannot be called", "телефоны, по которым не позвонить"),
                self.bad_phones,
                int(self.phones.sum()),
            ),
            (say("surplus cards of one client", "лишние карточки одного клиента"), self.spare, cards),
            (
                say("records of people who left", "записи уволенных и неизвестных"),
                owned,
                cards + count("deal"),
            ),
            (
                say("contacts out of step with deals", "контакты не у тех, у кого сделки"),
                self.apart,
                count("contact"),
            ),
            (say("contacts without a deal", "контакты без сделок"), self.no_deal, count("contact")),
            (say("deals without a contact", "сделки без контакта"), self.no_contact, count("deal")),
        ]

    def _view(self) -> View:
        say, number = self.speech, self.speech.wording.number
        about = self.snapshot.manifest
        counts = [
            (say(entry.name, _RUSSIAN.get(entry.name, entry.name)), number(entry.records))
            for entry in about.entities.values()
        ]
        dirt = [
            (words, say(f"{number(n)} of {number(of)}", f"{number(n)} из {number(of)}"))
            for words, n, of in self._facts()
        ]
        read = say(
            f"Read {say.wording.moment(about.finished)} by {about.reader_name}",
            f"Прочитано {say.wording.moment(about.finished)}, от имени: {about.reader_name}",
        )
        weak = say(
            "not an administrator: may not have seen everything", "не администратор: видно могло быть не всё"
        )
        return View(
            say,
            [
                Said(f"{say('What is in', 'Что лежит в')} {about.portal}", head=True),
                Said(
                    read if about.reader_is_admin else f"{read}; {weak}",
                    "" if about.reader_is_admin else "bad",
                ),
                Facts(counts),
                Said(say("What is out of order", "Что не в порядке"), head=True),
                Facts(dirt),
            ],
        )

    def _repr_html_(self) -> str:
        return self._view()._repr_html_()

    def __repr__(self) -> str:
        return repr(self._view())

    def duplicates(self) -> View:
        """Cards that are surely one client, group by group."""
        say = self.speech
        names = Names(self.snapshot, self.snapshot.manifest.portal, say.wording)
        shown = self.groups.sort_values(
            ["size", "entity", "group", "id"], ascending=[False, True, True, True]
        )
        for entity, cards in shown.groupby("entity"):
            names.learn(str(entity), cards["id"])
        columns = [
            Column(say("client", "клиент"), kind="id"),
            Column(say("card", "карточка")),
            Column(say("name", "имя")),
            Column(say("cards", "карточек"), kind="number"),
        ]
        rows: list[Sequence[Cell]] = [
            [int(group), [names.record(str(entity), number)], names.title(str(entity), number), int(size)]
            for entity, group, number, size in shown[["entity", "group", "id", "size"]].to_numpy()
        ]
        head = say(
            f"{self.spare} cards could go; {self.asked} pairs are for a person to judge",
            f"Можно убрать карточек: {self.spare}; пар на взгляд человека: {self.asked}",
        )
        return View(
            say, [Said(head, head=True), Grid(Listing("duplicates", columns, len(rows), lambda: iter(rows)))]
        )

    def owners_who_left(self) -> View:
        """Who left and still is responsible, and for how much."""
        say = self.speech
        names = Names(self.snapshot, self.snapshot.manifest.portal, say.wording)
        columns = [
            Column(say("employee", "сотрудник")),
            *(Column(say(each, _RUSSIAN[each]), kind="number") for each in _OWNED),
            Column(say("total", "всего"), kind="number"),
        ]
        rows: list[Sequence[Cell]] = [
            [[Piece(names.user(user), names.url("user", int(user)))], *(int(each) for each in counts)]
            for user, counts in zip(self.owned.index, self.owned.to_numpy(), strict=True)
        ]
        head = say("Responsible, but gone", "Ответственные, которых уже нет")
        return View(
            say, [Said(head, head=True), Grid(Listing("left", columns, len(rows), lambda: iter(rows)))]
        )

    def picture(self) -> Chart:
        """Four pictures in one: what there is, what is out of order, phones, owners who left."""
        say = self.speech
        figure = Figure(figsize=(12, 7.6), layout="constrained")
        (here, dirt), (phones, people) = figure.subplots(2, 2)
        counts = {
            say(entry.name, _RUSSIAN.get(entry.name, entry.name)): entry.records
            for entry in self.snapshot.manifest.entities.values()
        }
        _bars(here, list(counts), list(counts.values()), [_BLUE] * len(counts), say)
        here.set_title(say("What there is", "Что есть"))
        facts = self._facts()
        shares = [100 * n / of if of else 0.0 for _, n, of in facts]
        _bars(dirt, [words for words, _, _ in facts], shares, [_AMBER] * len(facts), say, percent=True)
        dirt.set_title(say("What is out of order, share", "Что не в порядке, доля"))
        classes = [str(kind) for kind in self.phones.index]
        said = [say(kind.replace("_", " "), _PHONES.get(kind, kind)) for kind in classes]
        colours = [_BLUE if kind in _CLEAN else _AMBER for kind in classes]
        _bars(phones, said, [int(each) for each in self.phones], colours, say)
        phones.set_title(say("Stored phones", "Телефоны в карточках"))
        names = Names(self.snapshot, self.snapshot.manifest.portal, say.wording)
        gone = self.owned.head(_PEOPLE)
        _bars(
            people, [names.user(user) for user in gone.index], list(gone["total"]), [_GREY] * len(gone), say
        )
        people.set_title(say("Records of people who left", "Записи уволенных"))
        return Chart(figure, repr(self))


_RUSSIAN = {
    "user": "сотрудники",
    "company": "компании",
    "contact": "контакты",
    "deal": "сделки",
    "lead": "лиды",
}
_PHONES = {
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


def _bars(
    axes: Axes,
    names: Sequence[str],
    numbers: Sequence[float],
    colours: Sequence[str],
    say: Speech,
    *,
    percent: bool = False,
) -> None:
    """Lying bars, the first on top, each with its number."""
    places = np.arange(len(names))[::-1]
    drawn = axes.barh(places, numbers, color=colours)
    labels = [f"{n:.1f} %".replace(".", ",") if say.language == "ru" else f"{n:.1f}%" for n in numbers]
    axes.bar_label(drawn, labels if percent else [say.wording.number(int(n)) for n in numbers], padding=4)
    axes.set_yticks(places, [name if len(name) < 36 else name[:35] + "…" for name in names])
    axes.set_xticks([])
    axes.margins(x=0.15)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)


def _values(entity: str, cards: pd.DataFrame) -> pd.DataFrame:
    """Stored phones and mailboxes; one row each: entity, id, type, value."""
    exploded = cards[["id", "fm"]].explode("fm").dropna(subset=["fm"])
    stored = exploded["fm"].tolist()
    return pd.DataFrame(
        {
            "entity": entity,
            "id": exploded["id"].to_numpy(),
            "type": [each.get("typeId") for each in stored],
            "value": [str(each.get("value") or "") for each in stored],
        }
    )


def _owned_by_the_gone(snapshot: Snapshot) -> pd.DataFrame:
    users = snapshot.table("user", ["ID", "ACTIVE"])
    active = users.loc[users["ACTIVE"].fillna(False).astype(bool), "ID"]
    counts = {}
    for name in _OWNED:
        owners = snapshot.table(name, ["assignedById"])["assignedById"].dropna().astype("int64")
        counts[name] = owners[~owners.isin(active)].value_counts()
    frame = pd.DataFrame(counts).fillna(0).astype("int64")
    frame["total"] = frame.sum(axis="columns")
    return frame.sort_values("total", ascending=False, kind="stable")
