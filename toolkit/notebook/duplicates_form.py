"""The form in which a person answers about groups of cards; needs ipywidgets."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets  # type: ignore[import-untyped,unused-ignore]  # it has no types

from toolkit.notebook.markup import Speech
from toolkit.runs.report.names import Names
from toolkit.runs.review.groups import Answer, OfferedGroup
from toolkit.runs.review.sheets import Block, block_of, say_words

if TYPE_CHECKING:
    from toolkit.notebook.duplicates import GroupReview

__all__ = ["group_form"]

_LETTERS = ("", "A", "B", "C", "D", "E")


def group_form(review: GroupReview, names: Names, speech: Speech) -> Any:
    """One group at a time: its cards, the decision, parts, the card that stays, values; `Remember` keeps it.

    Args:
        review: where answers go.
        names: what things are called.
        speech: the reader's language.
    """
    return _Form(review, names, speech).box


class _Form:
    """The widgets of one form."""

    def __init__(self, review: GroupReview, names: Names, speech: Speech) -> None:
        self._review, self._names, self._speech = review, names, speech
        order = sorted(review.groups.values(), key=lambda group: (group.tier == "auto", group.number))
        options = [(self._label(group), group.number) for group in order]
        self.which = ipywidgets.Dropdown(options=options, description=speech("Group", "Группа"))
        self.which.layout.width = "640px"
        self.cards = ipywidgets.HTML()
        self.say = ipywidgets.ToggleButtons(
            options=[(words, say) for say, words in say_words(speech.wording).items()]
        )
        self.parts = ipywidgets.HBox()
        self.masters = ipywidgets.HBox()
        self.fields = ipywidgets.VBox()
        self.keys = ipywidgets.VBox()
        self.keep = ipywidgets.Button(
            description=speech("Remember", "Запомнить"), button_style="primary", icon="check"
        )
        self.verdict = ipywidgets.HTML()
        self.which.observe(lambda _: self._show(), names="value")
        self.keep.on_click(lambda _: self._keep())
        self.box = ipywidgets.VBox(
            [self.which, self.cards, self.say, self.parts, self.masters, self.fields, self.keys]
        )
        self.box.children = (*self.box.children, ipywidgets.HBox([self.keep, self.verdict]))
        self._show()

    @property
    def group(self) -> OfferedGroup:
        return self._review.groups[self.which.value]

    def _label(self, group: OfferedGroup) -> str:
        mark = "" if group.tier == "auto" else self._speech(" — in doubt", " — под вопросом")
        first = self._names.title(group.entity, group.cards[0]) or str(group.cards[0])
        return f"{group.number}. {first} ({len(group.cards)}){mark}"

    def _show(self) -> None:
        speech, group = self._speech, self.group
        answer = self._review.answers.get(group.number, group.proposal)
        block = block_of(group, self._names, speech.wording)
        self.cards.value = _side_by_side(block)
        self.say.value = answer.say
        self.parts.children = [
            ipywidgets.Label(speech("Parts:", "Подгруппы:")),
            *(
                ipywidgets.Dropdown(
                    options=_LETTERS, value=answer.letters.get(card, ""), description=str(card)
                )
                for card in group.cards
            ),
        ]
        self.masters.children = [
            ipywidgets.Label(speech("Stays:", "Остаётся:")),
            *(
                ipywidgets.Checkbox(value=card in answer.masters, description=str(card), indent=False)
                for card in group.cards
            ),
        ]
        self.fields.children = [
            ipywidgets.Dropdown(
                description=self._names.field(group.entity, each.name),
                options=[
                    (speech("by the rules", "по правилам"), 0),
                    *(
                        (f"{self._names.value(group.entity, each.name, value)} ({card})", card)
                        for card, value in each.values.items()
                    ),
                ],
                value=answer.values.get(each.name, 0),
                style={"description_width": "140px"},
                layout={"width": "560px"},
            )
            for each in group.fields
        ]
        withdrawn = set(answer.no_evidence)
        self.keys.children = [
            ipywidgets.Checkbox(
                value=(key.key_type, key.value) in withdrawn,
                description=f"{key.words} — {speech('no evidence', 'не доказательство')}",
                indent=False,
                layout={"width": "760px"},
            )
            for key in group.keys
        ]
        self.verdict.value = ""

    def _keep(self) -> None:
        group, speech = self.group, self._speech
        letters = {card: box.value for card, box in zip(group.cards, self.parts.children[1:], strict=True)}
        masters = [
            card for card, box in zip(group.cards, self.masters.children[1:], strict=True) if box.value
        ]
        values = {
            each.name: box.value
            for each, box in zip(group.fields, self.fields.children, strict=True)
            if box.value
        }
        keys = [
            (key.key_type, key.value)
            for key, box in zip(group.keys, self.keys.children, strict=True)
            if box.value
        ]
        before = self._review.answers.get(group.number)
        self._review.answers[group.number] = Answer(
            self.say.value, letters, tuple(masters), values, tuple(keys)
        )
        wrong = self._review.refused(group.number)
        if wrong:
            del self._review.answers[group.number]
            if before is not None:
                self._review.answers[group.number] = before
            self.verdict.value = f'<span style="color:#c0392b">{escape(wrong)}</span>'
            return
        said = speech("Remembered; groups answered: ", "Записано; отвечено групп: ")
        self.verdict.value = f'<span style="color:#1f8a5b">{escape(said)}{len(self._review.answers)}</span>'


def _side_by_side(block: Block) -> str:
    """The cards of a group as an HTML table; every text is escaped."""
    rows = []
    width = len(block.group.cards)
    for line in block.lines:
        if line.key in ("decision", "part", "master"):
            continue
        span = f' colspan="{width}"' if len(line.cells) == 1 and width > 1 else ""
        cells = "".join(f"<td{span}>{escape(text)}</td>" for text in line.cells)
        rows.append(f"<tr><td><b>{escape(line.what)}</b></td>{cells}</tr>")
    return f"<table>{''.join(rows)}</table>"
