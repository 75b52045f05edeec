"""An export of requests, calls and their history, drawn from a seeded portal, each row with its truth."""

from __future__ import annotations

from collections.abc import Callable

from ..portal import Sandbox
from ..seeds.firms import draw_firm, kpp_of
from ..seeds.people import Person, draw_person
from .drafting import FRESH, GONE_TOPIC, NO_TOPIC, CentreExport, Draft
from .truth import State

__all__ = ["draw_export"]


def draw_export(
    portal: Sandbox, requests: int, *, system: str = "cc1", number: int = 1, recordings: bool = False
) -> CentreExport:
    """What a contact centre's system would export of a seeded portal's clients.

    Args:
        portal: filled by `retail` or `realty`; it is only read.
        requests: about how many; half as many calls come with them.
        system: short name of the contact centre's system.
        number: the same number gives the same export of the same portal.
        recordings: calls name recordings; `write_recordings` makes the files.
    """
    centre = _Centre(portal, system, number, recordings=recordings)
    cases: list[tuple[int, Callable[[], None]]] = [
        (24, centre.by_phone),
        (12, centre.by_email),
        (8, centre.new_mailbox),
        (8, centre.of_firm),
        (5, centre.firm_alone),
        (12, centre.stranger),
        (6, centre.stranger_twice),
        (5, centre.stranger_of_new_firm),
        (3, centre.stranger_by_mailbox),
        (3, centre.branch),
        (4, centre.somebody_else),
        (4, centre.household),
        (3, centre.double),
        (3, centre.switchboard),
        (2, centre.carried),
        (2, centre.no_place),
        (2, centre.nobody),
        (2, centre.bad_inn),
    ]
    weights = [weight for weight, _ in cases]
    for _, case in cases:  # each at least once
        case()
    while len(centre.export.requests) < requests:
        centre.rng.choices(cases, weights)[0][1]()
    for _ in range(max(4, requests // 8)):
        centre.caller()
        centre.follow_up()
    centre.unknown_caller()
    centre.household_calls()
    centre.switchboard_calls()
    return centre.export


class _Centre(Draft):
    """Each method draws one case."""

    def by_phone(self) -> None:
        """A client the portal knows, by name and phone, however it is spelled."""
        who = self.next_of(self.people, self.stranger)
        if who:
            self.add_known(who, "known by phone", phone=self.spelled(who.number))

    def by_email(self) -> None:
        """A client the portal knows, by name and e-mail."""
        who = self.next_of([each for each in self.people if each.email], self.stranger)
        if who:
            self.people.remove(who)
            self.add_known(who, "known by e-mail", email=who.email.upper())

    def new_mailbox(self) -> None:
        """A client the portal knows by phone, with an e-mail it does not know."""
        who = self.next_of([each for each in self.people if not each.email], self.stranger)
        if who:
            self.people.remove(who)
            email = f"client{who.id}@new.example"
            self.add_known(who, "brings an e-mail", phone=self.spelled(who.number), email=email)

    def of_firm(self) -> None:
        """Somebody new of a firm the portal knows by its INN."""
        firm = self.any_of(self.known.firms)
        person, phone = self.new_person()
        titled = {"company": firm.title} if self.rng.random() < 0.5 else {}
        cells = {**_names(person), "phone": self.spelled(phone), "inn": firm.inn, "kpp": firm.kpp, **titled}
        self.add_with_deal("new person of a known firm", cells, f"new:{phone}", firm.id, phones=(phone,))

    def firm_alone(self) -> None:
        """A firm the portal knows by its INN, and nobody of it."""
        firm = self.any_of(self.known.firms)
        cells = {"company": firm.title, "inn": firm.inn, "kpp": firm.kpp}
        topic, at = self.topic(), self.moment()
        deals = [each for each in self.open_deals(topic) if each.company == firm.id]
        taken = [each for each in self.export.truth if each.company == firm.id and not each.contact]
        if not taken:
            self.add_request(
                topic,
                at,
                "firm alone",
                cells,
                company=firm.id,
                there=deals,
                closed=self.over_since(topic, at, 0, firm.id),
            )

    def stranger(self) -> None:
        """Somebody the portal does not know."""
        person, phone = self.new_person()
        cells = {**_names(person), "phone": self.spelled(phone), "client_id": f"N{phone}"}
        self.add_with_deal("new client", cells, f"new:{phone}", phones=(phone,))

    def stranger_twice(self) -> None:
        """Somebody the portal does not know, twice in the file with different phones."""
        person, phone = self.new_person()
        other = self.new_person()[1]
        cells = {**_names(person), "client_id": f"N{phone}"}
        topic, at = self.topic(), self.moment()
        first = self.add_with_deal(
            "twice in the file", {**cells, "phone": self.spelled(phone)}, f"new:{phone}", topic=topic, at=at,
            phones=(phone, other),
        )  # fmt: skip
        self.add(topic, at + 3600, {**cells, "phone": self.spelled(other)}, case="twice in the file: joins",
                  states=("created",), contact=f"new:{phone}", deal=f"new:{first}", phones=(phone, other))  # fmt: skip

    def stranger_of_new_firm(self) -> None:
        """Somebody new of a firm nobody knows, twice; a spreadsheet took the zero of its INN the second time."""
        firm = draw_firm(self.rng, FRESH + len(self.export.requests))
        for _ in range(200):
            if firm.inn.startswith("0") and firm.kpp:
                break
            firm = draw_firm(self.rng, FRESH + len(self.export.requests))
        cells = {"company": firm.title, "inn": firm.inn, "kpp": firm.kpp}
        for inn in (firm.inn, firm.inn.lstrip("0")):
            person, phone = self.new_person()
            said = {**cells, "inn": inn, **_names(person), "phone": self.spelled(phone)}
            self.add_with_deal(
                "new person of a new firm", said, f"new:{phone}", f"new:{firm.inn}", phones=(phone,)
            )

    def stranger_by_mailbox(self) -> None:
        """Somebody the portal does not know, twice with different phones; only name and mailbox tell."""
        person, phone = self.new_person()
        other = self.new_person()[1]
        cells = {**_names(person), "email": f"Box{phone}@Mail.example"}
        topic, at, mailbox = self.topic(), self.moment(), (f"box{phone}@mail.example",)
        first = self.add_with_deal(
            "twice by mailbox", {**cells, "phone": self.spelled(phone)}, f"new:{phone}", topic=topic, at=at,
            phones=(phone, other), emails=mailbox,
        )  # fmt: skip
        self.add(
            topic, at + 3600, {**cells, "phone": self.spelled(other)}, case="twice by mailbox: joins",
            states=("created",), contact=f"new:{phone}", deal=f"new:{first}", phones=(phone, other), emails=mailbox,
        )  # fmt: skip

    def branch(self) -> None:
        """Somebody new of a branch, elsewhere, of a firm the portal knows: a card of its own."""
        firm, (person, phone) = self.any_of(self.known.firms), self.new_person()
        kpp = kpp_of(firm.inn, self.rng, branch=True)
        if kpp[:4] != firm.kpp[:4]:
            cells = {
                **_names(person),
                "phone": self.spelled(phone),
                "company": firm.title,
                "inn": firm.inn,
                "kpp": kpp,
            }
            self.add_with_deal("new branch", cells, f"new:{phone}", f"new:{firm.inn}/{kpp}", phones=(phone,))

    def somebody_else(self) -> None:
        """Somebody of another name who gives the phone of a client: not that client."""
        who = self.next_of(self.people, self.stranger)
        if who:
            person = draw_person(self.rng)
            while person.last[:4] == who.last[:4] or person.first == who.first:
                person = draw_person(self.rng)
            cells = {**_names(person), "phone": self.spelled(who.number)}
            self.add_with_deal(
                "another name on a known phone",
                cells,
                f"new:{who.number}:{person.full}",
                phones=(who.number,),
            )

    def household(self) -> None:
        """A phone two people share, and no name."""
        if self.households:
            shared, _, _ = self.any_of(self.households)
            cells = {"phone": self.spelled(shared)}
            self.add(self.topic(), self.moment(), cells, case="shared phone, no name", states=("review",))

    def double(self) -> None:
        """A person with several cards: one of them, or a person is asked; never another card."""
        if self.doubles:
            who, ids = self.any_of(self.doubles)
            self.doubles.remove((who, ids))
            cells = {
                **_names(Person("f", who.last, who.first, who.middle)),
                "phone": self.spelled(who.number),
            }
            states: tuple[State, ...] = ("created", "edited", "unchanged", "review")
            self.add(self.topic(), self.moment(), cells, case="several cards", states=states, among=ids)

    def switchboard(self) -> None:
        """The firm's own phone as a person's, and a mailbox that is theirs."""
        firms = [each for each in self.known.firms if each.number and not each.carried]
        if firms:
            firm, (person, key) = self.any_of(firms), self.new_person()
            cells = {**_names(person), "phone": self.spelled(firm.number), "email": f"p{key}@home.example"}
            self.add_with_deal(
                "a firm's phone as a person's", cells, f"new:{key}", emails=(f"p{key}@home.example",)
            )

    def carried(self) -> None:
        """The firm's phone, which an employee left as theirs, and no name."""
        firms = [each for each in self.known.firms if each.number and each.carried == 1]
        if firms:
            cells = {"phone": self.spelled(self.any_of(firms).number)}
            self.add(self.topic(), self.moment(), cells, case="a firm's phone alone", states=("review",))

    def no_place(self) -> None:
        """A topic no pipeline takes, or one whose pipeline is closed."""
        person, phone = self.new_person()
        topic = NO_TOPIC if self.rng.random() < 0.5 else GONE_TOPIC
        cells = {**_names(person), "phone": phone}
        self.add(topic, self.moment(), cells, case="topic without a pipeline", states=("quarantined",))

    def nobody(self) -> None:
        """Neither phone nor e-mail nor firm."""
        cells = {"name": "Аноним", "phone": self.rng.choice(("", "нет", "89000000000"))}
        self.add(self.topic(), self.moment(), cells, case="nobody", states=("quarantined",))

    def bad_inn(self) -> None:
        """An INN with a wrong check digit."""
        inn = self.any_of(self.known.firms).inn
        wrong = inn[:-1] + str((int(inn[-1]) + 1) % 10)
        person, phone = self.new_person()
        cells = {**_names(person), "phone": phone, "inn": wrong}
        self.add(self.topic(), self.moment(), cells, case="INN mistyped", states=("quarantined",))

    def caller(self) -> None:
        """A client the portal knows calls; there is only the number."""
        who = self.next_of(self.people, self.unknown_caller)
        if who:
            self.add_call("known caller", who.number, contact=who.id, state="created")

    def follow_up(self) -> None:
        """The client of a request calls about it."""
        told = [
            each
            for each in self.export.truth
            if each.kind == "request" and each.deal and each.case == "new client"
        ]
        told = [each for each in told if len(each.phones) == 1]
        if told:
            about = self.any_of(told)
            self.add_call(
                "about a request", about.phones[0], contact=about.contact, deal=about.deal, request=about.id
            )

    def unknown_caller(self) -> None:
        """Somebody nobody knows calls."""
        phone = self.new_person()[1]
        self.add_call("unknown caller", phone, contact=f"new:{phone}")

    def household_calls(self) -> None:
        """A phone two people share calls."""
        if self.households:
            self.add_call("shared phone calls", self.any_of(self.households)[0], state="review")

    def switchboard_calls(self) -> None:
        """Somebody of a firm calls by its own phone, which no person has."""
        firms = [each for each in self.known.firms if each.number and not each.carried]
        if firms:
            firm = self.any_of(firms)
            self.add_call("a firm's own phone calls", firm.number, company=firm.id)


def _names(person: Person) -> dict[str, str]:
    return {"last_name": person.last, "name": person.first, "second_name": person.middle}
