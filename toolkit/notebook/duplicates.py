"""Duplicates in a notebook: the groups a plan proposes, why, and what a person says about them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from toolkit import workflow
from toolkit.errors import ParameterError
from toolkit.notebook.approval import has_widgets
from toolkit.notebook.markup import Grid, Picture, Said, Speech, View
from toolkit.runs import Run
from toolkit.runs.report.listings import Column, Listing
from toolkit.runs.report.names import Names
from toolkit.runs.review.groups import Answer, NotOffered, OfferedGroup, Say
from toolkit.runs.review.sheets import Block, block_of, say_words
from toolkit.workflow import Workspace

__all__ = ["GroupReview", "blamed", "master_of", "traces"]

_SHOWN = 10
_BEGUN = ("applying", "paused", "applied", "verified")


class GroupReview:
    """The groups of cards a plan offers, and the answers given so far.

    Args:
        work: where.
        run: a run that merges cards.
        speech: the reader's language.
    """

    def __init__(self, work: Workspace, run: Run, speech: Speech) -> None:
        self._work, self._run, self._speech = work, run, speech
        self.groups = {group.number: group for group in workflow.offered(work, run)}
        self.answers: dict[int, Answer] = {}
        self._names = Names(run.before, run.facts.portal, speech.wording)
        for name in dict.fromkeys(group.entity for group in self.groups.values()):
            self._names.learn(
                name, [card for group in self.groups.values() if group.entity == name for card in group.cards]
            )

    # -- looking -------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.groups)

    def _repr_html_(self) -> str:
        return self._view()._repr_html_()

    def __repr__(self) -> str:
        return repr(self._view())

    def _view(self) -> View:
        say = self._speech
        sure = [group for group in self.groups.values() if group.tier == "auto"]
        doubt = [group for group in self.groups.values() if group.tier == "review"]
        head = say(
            f"Groups: {len(sure)} are sure, {len(doubt)} wait for a person",
            f"Групп: {len(sure)} — автоматически, {len(doubt)} — под вопросом",
        )
        blocks: list[Any] = [Said(head, head=True)]
        if doubt:
            blocks += [
                Said(say("In doubt", "Под вопросом"), head=True),
                Grid(self._listing(doubt), size=_SHOWN),
            ]
        if sure:
            blocks += [
                Said(say("Automatic", "Автоматически"), head=True),
                Grid(self._listing(sure), size=_SHOWN),
            ]
        return View(say, blocks)

    def _listing(self, groups: Sequence[OfferedGroup]) -> Listing:
        say = self._speech
        columns = [
            Column(say("group", "группа"), kind="id"),
            Column(say("cards", "карточки")),
            Column(say("why", "почему")),
            Column(say("decision", "решение")),
        ]

        def rows() -> Iterator[Sequence[Any]]:
            words = say_words(say.wording)
            for group in groups:
                answer = self.answers.get(group.number, group.proposal)
                titles = [f"{card} {self._names.title(group.entity, card)}".strip() for card in group.cards]
                kind = self._names.kind_of_record(group.entity)
                yield [
                    group.number,
                    f"{kind}: {' · '.join(titles)}",
                    "; ".join([*group.why[:1], *(key.words for key in group.keys[:2])]),
                    words[answer.say],
                ]

        return Listing("groups", columns, len(groups), rows)

    def group(self, number: int) -> View:
        """One group: its cards side by side, and why they are thought to be one client.

        Raises:
            ParameterError: there is no such group.
        """
        block = block_of(self._known(number), self._names, self._speech.wording)
        return View(
            self._speech, [Said(self._heading(number), head=True), Grid(_side_by_side(block), size=100)]
        )

    def explain(self, number: int | None = None) -> View:
        """Why the cards of a group hang together, in words and as a picture.

        Args:
            number: of the group; None for the first one in doubt, else the first.
        """
        if not self.groups:
            return View(self._speech, [Said(self._speech("No duplicates.", "Дублей нет."))])
        doubt = [each for each, group in self.groups.items() if group.tier == "review"]
        number = number if number is not None else (doubt or list(self.groups))[0]
        group = self._known(number)
        first, second = min(group.offered, default=group.cards[:2])
        found = workflow.explain(self._work, self._run, first, second, entity=group.entity)
        lines = [Said(line) for line in found.lines]
        picture = Picture(Markup(found.svg))  # noqa: S704 -- the drawing escapes its labels itself
        return View(self._speech, [Said(found.headline, head=True), *lines, picture])

    # -- answering -----------------------------------------------------------------------------------

    def say(
        self,
        number: int,
        decision: Say = "merge",
        *,
        parts: str | Mapping[int, str] | None = None,
        stays: int | Sequence[int] | None = None,
        values: Mapping[str, int] | None = None,
        no_evidence: Sequence[int] = (),
    ) -> View:
        """Say something about a group; nothing is done before `done`.

        Args:
            number: of the group.
            decision: `merge`, `leave`, or `different` (remembered for everybody).
            parts: a letter per card, `"AAB"` in the order of the cards, or by card; None for all as one.
            stays: the card that stays, one per part; None for the rules' choice.
            values: field to the card whose value survives.
            no_evidence: numbers, from 0, of the shared keys that prove nothing.

        Raises:
            ParameterError: there is no such group, or something was not offered.
        """
        group = self._known(number)
        if isinstance(parts, str):
            letters = dict(zip(group.cards, parts.ljust(len(group.cards)), strict=False))
        else:
            letters = dict(parts) if parts is not None else dict.fromkeys(group.cards, "A")
        letters = {card: letters.get(card, "").strip().upper() for card in group.cards}
        chosen = group.masters if stays is None else (stays,) if isinstance(stays, int) else tuple(stays)
        unknown = ({*chosen, *(values or {}).values()}) - set(group.cards)
        if unknown:
            raise ParameterError(
                f"group {number}", "cards", sorted(unknown), "are not in this group", f"It has {group.cards}."
            )
        keys = tuple((group.keys[at].key_type, group.keys[at].value) for at in no_evidence)
        self.answers[number] = Answer(decision, letters, chosen, dict(values or {}), keys)
        return View(self._speech, [Said(self._heading(number), head=True), Grid(self._listing([group]))])

    def form(self) -> Any:
        """A form to answer group by group where widgets can be shown; else the table, and how to answer by call."""
        if has_widgets() and self.groups and self._run.state not in _BEGUN:
            from toolkit.notebook.duplicates_form import group_form  # ipywidgets is an extra

            return group_form(self, self._names, self._speech)
        words = self._speech(
            'Answer with review.say(12, "merge"), then review.done().',
            'Ответить можно вызовом review.say(12, "merge" | "leave" | "different"), затем review.done().',
        )
        return View(self._speech, [Said(words), *self._view().blocks])

    def done(self, answers: Mapping[Any, Say] | None = None) -> Run:
        """The run that does what was said: the same one where everything stays as proposed.

        Args:
            answers: number of a group to its decision, for a notebook nobody watches.

        Raises:
            PlanError: an answer asks for what was not offered.
        """
        for number, decision in (answers or {}).items():
            self.say(int(number), decision)
        if self._run.state in _BEGUN or not self.answers:
            return self._run
        return workflow.choose(self._work, self._run, self.answers)

    def refused(self, number: int) -> str:
        """Why the answer about a group cannot be; "" when it can."""
        try:
            workflow.allowed(self._work, self._run, self._known(number), self.answers[number])
        except NotOffered as wrong:
            return self._speech.wording.phrase(wrong.problem)
        return ""

    # -- inside --------------------------------------------------------------------------------------

    def _known(self, number: int) -> OfferedGroup:
        if number not in self.groups:
            raise ParameterError(
                "review", "group", number, "is not among the groups", f"There are {len(self.groups)}."
            )
        return self.groups[number]

    def _heading(self, number: int) -> str:
        return self._speech(f"Group {number}", f"Группа {number}")


def _side_by_side(block: Block) -> Listing:
    lines = [line for line in block.lines if line.key != "decision"]
    width = len(block.group.cards)
    columns = [Column(""), *(Column("") for _ in range(width))]

    def rows() -> Iterator[Sequence[Any]]:
        for line in lines:
            cells = list(line.cells)[:width]
            yield [line.what, *cells, *[""] * (width - len(cells))]

    return Listing("group", columns, len(lines), rows)


def traces(work: Workspace, run: Run, speech: Speech, card: int = 0, entity: str = "") -> View:
    """Where the cards merged by a run live on, and who gave a surviving card its values.

    Args:
        work: where.
        run: a run that merged cards.
        speech: the reader's language.
        card: whose values are told; 0 for the first that survived.
        entity: of that card; "" for the first one merged.
    """
    merged = _merged(run)
    columns = [
        Column(speech("card", "карточка")),
        Column(speech("lives on as", "теперь это")),
    ]
    names = Names(run.before, run.facts.portal, speech.wording)
    lost = [(name, loser) for name, _, losers in merged for loser in losers]
    now = workflow.aliases_now(work)
    rows = [
        (names.record(name, loser).text, [names.record(name, now.get((name, loser), loser))])
        for name, loser in lost
    ]
    blocks: list[Any] = [
        Said(speech("Old and new numbers of cards", "Старые и новые номера карточек"), head=True),
        Grid(Listing("aliases", columns, len(rows), lambda: iter(rows)), size=_SHOWN),
    ]
    if merged:
        name, master = (entity or merged[0][0], card or merged[0][1])
        blocks += blamed(workflow.blame(work, name, master), names, speech)
    return View(speech, blocks)


def blamed(found: workflow.Blame, names: Names, speech: Speech) -> list[Any]:
    """Who gave each field of a card its value."""
    head = f"{speech('Who wrote', 'Кто что записал')}: {names.record(found.entity, found.now).text}"
    columns = [
        Column(speech("field", "поле")),
        Column(speech("value", "значение")),
        Column(speech("before", "было")),
        Column(speech("from card", "из карточки")),
        Column(speech("rule", "правило")),
        Column(speech("run, row", "запуск, строка")),
        Column(speech("agreed by", "согласовал(а)")),
    ]
    rows = [
        (
            each.label,
            each.value,
            each.before,
            str(each.source or "–"),
            each.reason,
            f"{each.run}, {each.change}",
            speech("a policy", "файл правил") if each.by == "policy" else each.by or "–",
        )
        for each in found.fields
    ]
    return [Said(head, head=True), Grid(Listing("blame", columns, len(rows), lambda: iter(rows)))]


def master_of(run: Run, card: int) -> int:
    """The card that survived the merge in which a card took part; 0 when it took part in none."""
    return next((master for _, master, losers in _merged(run) if card in (master, *losers)), 0)


def _merged(run: Run) -> list[tuple[str, int, list[int]]]:
    """The merges a run carried out: entity, survivor, the others."""
    done = set(run.journal.in_state("done", "already"))
    rows = run.plan.active
    rows = rows[(rows["kind"] == "merge") & rows["change"].isin(done)]
    return [
        (str(name), int(master), [int(each) for each in json.loads(text)["losers"]])
        for name, master, text in zip(rows["entity"], rows["record_id"], rows["after"], strict=True)
    ]
