"""A contact centre's export in a notebook: looked at, loaded, corrected, fed every day, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit import workflow
from toolkit.errors import SheetError
from toolkit.notebook.contact_centre_example import CORRECTED, LATER, move_a_deal
from toolkit.notebook.markup import Facts, Grid, Picture, Said, Speech, View
from toolkit.notebook.runs import OpenRun
from toolkit.progress import ProgressBar
from toolkit.runs import Policy, Run
from toolkit.runs.report.listings import Column, Listing, Mark
from toolkit.settings import is_loopback
from toolkit.spool import FolderSource
from toolkit.workflow.contact_centre.account import load_account
from toolkit.workflow.contact_centre.exports import CheckedExport, annotated_copy
from toolkit.workflow.contact_centre.way_back import portal_changes
from toolkit.workflow.everyday import hand_over, spool_of, take_in

if TYPE_CHECKING:
    from toolkit.notebook.opening import OpenPortal
    from toolkit.sheets import Problem

__all__ = ["Account", "OpenCentre"]

NAME = "load_contact_centre"
_SHOWN = 12
_STATES: Mapping[str, tuple[str, str, str]] = {
    "created": ("created", "создано", "good"),
    "edited": ("edited", "дополнено", "good"),
    "unchanged": ("unchanged", "без изменений", ""),
    "review": ("left to a person", "человеку", "warn"),
    "quarantined": ("put aside", "отложено", "quarantined"),
}
_KINDS = {
    "request": ("requests", "заявки"),
    "call": ("calls", "звонки"),
    "history": ("history", "история"),
}


@dataclass(frozen=True)
class _Rows:
    """What is loaded: exports that were read, and the table of topics."""

    checked: Sequence[CheckedExport]
    topics: Sequence[Mapping[str, Any]]

    def parameters(self, system: str) -> dict[str, Any]:
        unread = [each.model_dump() for one in self.checked for each in one.unread]
        rows: dict[str, Any] = {one.mapping.kind: list(one.rows) for one in self.checked}
        return {"system": system, "topics": list(self.topics), "unread": unread, **rows}


class OpenCentre:
    """An export of a contact centre and a table of topics, read and checked.

    Args:
        opened: the portal.
        bar: shows long work.
        system: short name of the contact centre's system.
        checked: the exports.
        topics: rows of the table of topics.
        inbox: where exports lie.
        given: further parameters of the operation.
        topic_problems: what is wrong in the table of topics.
    """

    def __init__(
        self,
        opened: OpenPortal,
        bar: ProgressBar,
        system: str,
        checked: Sequence[CheckedExport],
        topics: Sequence[Mapping[str, Any]],
        inbox: Path,
        given: Mapping[str, Any],
        topic_problems: Sequence[Problem] = (),
    ) -> None:
        self._topic_problems = list(topic_problems)
        self._opened, self._bar, self._inbox, self._given = opened, bar, inbox, dict(given)
        self._rows = _Rows(checked, topics)
        self.system, self.work = system, opened.work
        self._speech = Speech(opened.work.settings.language)

    # -- looking ---------------------------------------------------------------------------------

    def _repr_html_(self) -> str:
        return self.columns()._repr_html_()

    def __repr__(self) -> str:
        return repr(self.columns())

    def columns(self) -> View:
        """Which heading of the export is which field, and what of it is left out."""
        say = self._speech
        blocks: list[Any] = []
        for one in self._rows.checked:
            count = len(one.rows) + len(one.unread)
            rows = [
                (
                    heading,
                    one.mapping.columns.get(heading) or Mark(say("left out", "не загружается"), "wait"),
                    _first_cell(one, heading),
                )
                for heading in one.export.columns
            ]
            columns = [
                Column(say("heading", "столбец")),
                Column(say("field", "поле")),
                Column(say("for example", "например")),
            ]
            blocks += [
                Said(f"{one.export.name}: {say(f'{count} rows', f'строк — {count}')}", head=True),
                Grid(_listing("columns", columns, rows), size=50),
            ]
        return View(say, blocks)

    def problems(self) -> View:
        """What cannot be read, at its cell; such rows are put aside, the others go on. Writes an annotated copy."""
        say = self._speech
        blocks: list[Any] = []
        for one in self._rows.checked:
            name = one.export.name
            if not one.problems:
                fine = say("everything can be read", "всё читается")
                blocks.append(Said(f"{name}: {fine}.", "good", head=True))
                continue
            rows = [
                (each.place.address, each.heading, each.what(say.language), each.fix(say.language))
                for each in one.problems
            ]
            columns = [
                Column(say("cell", "ячейка")),
                Column(say("heading", "столбец")),
                Column(say("what is wrong", "что не так")),
                Column(say("what to do", "что делать")),
            ]
            count = len(one.unread)
            head = say(f"{count} rows are put aside", f"отложено строк — {count}")
            blocks += [
                Said(f"{name}: {head}", "warn", head=True),
                Grid(_listing("problems", columns, rows), size=_SHOWN),
            ]
            target = one.path.with_name(f"{one.path.stem}-checked.xlsx")
            copy = annotated_copy(one, target, language=say.language)
            if copy is not None:
                blocks.append(Said(say("The same at its cells: ", "То же у самих ячеек: ") + str(copy.name)))
        return View(say, blocks)

    def topics(self) -> View:
        """Where requests of each topic go, by the names of the portal; and the topics nobody named a place for."""
        say = self._speech
        facts = workflow.routing_facts(self.work)
        people = {str(each.id): each.name for each in facts.people}
        pipelines = {str(each["id"]): str(each["name"]) for each in facts.pipelines.to_dict("records")}
        stages = {str(each["STATUS_ID"]): str(each["NAME"]) for each in facts.stages.to_dict("records")}
        counted = self._counted_topics()
        rows: list[tuple[Any, ...]] = []
        for each in self._rows.topics:
            topic, pipeline, responsible = (
                str(each.get(key) or "") for key in ("topic", "pipeline", "responsible")
            )
            stage = str(each.get("stage") or "")
            rows.append(
                (
                    topic,
                    pipelines.get(pipeline or "0", pipeline),
                    stages.get(stage, stage) or say("the first", "первая"),
                    people.get(responsible, responsible) or "—",
                    counted.pop(topic.casefold(), 0),
                )
            )
        nowhere = Mark(say("nowhere: put aside", "некуда: откладывается"), "warn")
        rows += [(topic or "—", nowhere, "", "", count) for topic, count in sorted(counted.items())]
        columns = [
            Column(say("topic", "тема")),
            Column(say("pipeline", "воронка")),
            Column(say("stage", "стадия")),
            Column(say("responsible", "ответственный")),
            Column(say("rows", "строк"), kind="number"),
        ]
        head = Said(say("Where requests go", "Куда идут заявки"), head=True)
        wrong = [
            Said(
                f"{each.place.address} {each.value}: {each.what(say.language)} {each.fix(say.language)}",
                "warn",
            )
            for each in self._topic_problems
        ]
        return View(say, [head, *wrong, Grid(_listing("topics", columns, rows), size=50)])

    def _counted_topics(self) -> dict[str, int]:
        counted: dict[str, int] = {}
        for one in self._rows.checked:
            if one.mapping.kind == "requests":
                for row in one.rows:
                    topic = str(row.get("topic", "")).casefold()
                    counted[topic] = counted.get(topic, 0) + 1
        return counted

    # -- loading ---------------------------------------------------------------------------------

    def plan(self, *, again: bool = False) -> OpenRun:
        """The run that loads the export: the unfinished or finished one there is, else a new plan; see `plan`."""
        return self._opened.plan(NAME, again=again, **self._rows.parameters(self.system), **self._given)

    def again(self) -> OpenRun | View:
        """The plan of the very same export once more, when it was loaded: nothing is left to do.

        After a later export was loaded only that is said: a plan of the older one would take corrections back.
        """
        first = self.plan()
        later = [each for each in self._loads() if first.run.id < each.id]
        if first.state == "verified" and later:
            return View(
                self._speech,
                [
                    Said(
                        self._speech(
                            f"A later export was loaded since: {later[-1].id}. The older one has had its say.",
                            f"После него загружена более новая выгрузка: {later[-1].id}. Старая своё сказала.",
                        )
                    )
                ],
            )
        return self.plan(again=True)

    def account(self, run: OpenRun) -> Account:
        """What becomes of every row of a run, as a picture and a table."""
        return Account(load_account(self.work, run.run), self._speech)

    def corrected(self, file: str = "", *, kind: str = "requests") -> OpenCentre:
        """The same contact centre with a later export: rows that were corrected, rows that came since.

        Args:
            file: in `inbox/`, or a path; "" for the example of a sandbox, and elsewhere for the export there is.
            kind: of its rows.
        """
        name = file or (CORRECTED if is_loopback(self._opened.host) else "")
        if not name:
            return self
        return self._opened.contact_centre(
            self.system, **{kind: name}, topics=self._rows.topics, **self._given
        )

    # -- every day -------------------------------------------------------------------------------

    def everyday(self, folder: str = "exports", *, policy: str = "") -> View:
        """One pass of everyday mode: take in what a watched folder holds, and hand it over to a run.

        The same as `b24kit spool watch`. What cannot be written now waits in the spool.

        Args:
            folder: below the inbox, or a path; a sandbox gets an export of today put into it, once.
            policy: the policy file that approves; "" takes in only. A sandbox approves by itself.
        """
        say = self._speech
        watched = self._inbox / folder
        sandbox = is_loopback(self._opened.host)
        if sandbox and not watched.exists():
            watched.mkdir(mode=0o700, parents=True)
            (watched / LATER).write_bytes((self._inbox / LATER).read_bytes())
        if not watched.is_dir():
            raise SheetError(str(watched), None, None, None, "is not a folder", "Make it, or name another.")
        rules = Policy.read(Path(policy)) if policy else _OF_A_SANDBOX if sandbox else None
        mapping = next(one.mapping for one in self._rows.checked if one.mapping.kind == "requests")
        given = {
            "system": self.system,
            "topics": list(self._rows.topics),
            "requests_mapping": mapping.model_dump(exclude_defaults=True),
            **self._given,
        }
        facts: list[tuple[str, str]] = []
        words: list[Said] = []
        with self._bar, spool_of(self.work, NAME, f"{self.system}-requests") as spool:
            passed = take_in(spool, [FolderSource(watched, settle_s=0.0, language=say.language)])
            put = passed.took.put
            facts.append((say("Taken in, known before", "Принято, было известно"), f"{put.new}, {put.known}"))
            words += [Said(each, "warn") for each in (*passed.took.refused, *passed.took.unfinished)]
            if rules is not None:
                handed = hand_over(
                    self.work, spool, NAME, given, rules, rows_as="requests", rehearsing=rules.must_rehearse
                )
                facts.append((say("Handed over", "Передано"), str(handed.done)))
                facts += [(say("Run", "Запуск"), each) for each in handed.runs]
                words += [Said(each, "warn") for each in handed.held]
                if handed.waits_for is not None:
                    why = handed.waits_for
                    words.append(Said(why if isinstance(why, str) else why.in_words(say.language), "warn"))
            else:
                text = say("No policy was given: it waits.", "Файл правил не указан: ждёт согласия.")
                words.append(Said(text, "wait"))
            counts = spool.counts()
        waits = counts["waiting"] + counts["taken"]
        facts += [
            (say("Wait for the portal", "Ждут портала"), str(waits)),
            (say("Done", "Выполнено"), str(counts["done"])),
            (say("Put aside", "Отложено"), str(counts["dead"])),
        ]
        return View(
            say,
            [
                Said(say("One pass of everyday mode", "Один проход дежурного режима"), head=True),
                Facts(facts),
                *words,
            ],
        )

    # -- the way back ----------------------------------------------------------------------------

    def example_day(self) -> View:
        """On a sandbox: a person moves a deal and notes on it, so that there is something to tell. Done once."""
        say = self._speech
        done = self._inbox / ".example-day"
        if not is_loopback(self._opened.host):
            return View(
                say, [Said(say("A real portal has days of its own.", "У настоящего портала дни свои."))]
            )
        if done.exists():
            return View(say, [Said(say("That day is over.", "Этот день уже прошёл."))])
        portal_changes(self.work, self.system).move_on()
        move_a_deal(self.work, self.system)
        done.touch(mode=0o600)
        return View(say, [Said(say("A deal was moved and noted upon.", "Сделку передвинули и подписали."))])

    def changes(self, file: str = "") -> View:
        """What people changed of these deals and calls in the portal since the last pass, for the contact centre.

        Args:
            file: .xlsx, .csv, .jsonl or .parquet to write; the next pass begins after it. "" only looks. A file
                that is there stays: nobody may have taken it yet. Without changes nothing is written.
        """
        say = self._speech
        found = portal_changes(self.work, self.system)
        table = found.in_words().drop(columns=["Ссылка", "Link"], errors="ignore")  # the file has them
        columns = [Column(str(each)) for each in table.columns]
        rows = [
            tuple("" if pd.isna(cell) else str(cell) for cell in row) for row in table.itertuples(index=False)
        ]
        head = say(f"Changed in the portal: {len(rows)}", f"Изменено на портале: {len(rows)}")
        blocks: list[Any] = [Said(head, head=True)]
        if rows:
            blocks.append(Grid(_listing("changes", columns, rows), size=_SHOWN))
        if file and rows:
            path = found.write(_free(self._inbox / file, self.work.clock.now()))
            found.move_on()
            blocks.append(Said(say("Written: ", "Записано: ") + path.name))
        return View(say, blocks)

    def _loads(self) -> list[Run]:
        """The loads of this system that were carried out on this portal, oldest first."""
        found = []
        for each in Run.all(self.work.root, self.work.clock.now):
            facts = each.facts
            mine = (facts.portal, facts.operation) == (self._opened.host, NAME)
            if mine and facts.parameters.get("system") == self.system and each.state == "verified":
                found.append(each)
        return found


def _free(path: Path, now: float) -> Path:
    """The path, or one beside it that says when, where the file is there already."""
    if not path.exists():
        return path
    return path.with_name(f"{path.stem} {datetime.fromtimestamp(now):%Y-%m-%d %H-%M-%S}{path.suffix}")


class Account:
    """What becomes of every row.

    Args:
        table: one row per input row: kind, id, state, reason, details.
        speech: the reader's language.
    """

    def __init__(self, table: pd.DataFrame, speech: Speech) -> None:
        self.table, self._speech = table, speech

    def _repr_html_(self) -> str:
        return self.view()._repr_html_()

    def __repr__(self) -> str:
        return repr(self.view())

    def view(self) -> View:
        """Counts as a picture, and every reason with its count."""
        say, table = self._speech, self.table
        counted = table.groupby(["state", "kind"]).size().unstack(fill_value=0)
        order = [each for each in _STATES if each in counted.index]
        reasons = table[table["reason"] != ""].groupby(["state", "reason"]).size().reset_index(name="rows")
        rows = [
            (self._state(row["state"]), say.wording(row["reason"]), int(row["rows"]))
            for row in reasons.sort_values("rows", ascending=False).to_dict("records")
        ]
        columns = [
            Column(say("what becomes of it", "что будет")),
            Column(say("why", "почему")),
            Column(say("rows", "строк"), kind="number"),
        ]
        head = say(f"Every row: {len(table)}", f"Все строки: {len(table)}")
        picture = self._drawn(counted.loc[order])
        blocks: list[Any] = [Said(head, head=True), Picture(picture)]
        if rows:
            blocks.append(Grid(_listing("account", columns, rows), size=50))
        return View(say, blocks)

    def rows(self, state: str = "") -> View:
        """Every row with its fate, a page at a time: `.page(2)`.

        Args:
            state: only those created, edited, unchanged, in `review` or `quarantined`; "" for all.
        """
        say = self._speech
        chosen = self.table if not state else self.table[self.table["state"] == state]
        rows = [
            (row["id"] or "—", self._kind(row["kind"]), self._state(row["state"]),
             say.wording(row["reason"]) if row["reason"] else "", row["details"])
            for row in chosen.to_dict("records")
        ]  # fmt: skip
        columns = [
            Column(say("row", "строка")),
            Column(say("of", "из")),
            Column(say("what becomes of it", "что будет")),
            Column(say("why", "почему")),
            Column(say("in detail", "подробно")),
        ]
        return View(say, [Grid(_listing("rows", columns, rows), size=_SHOWN)])

    def _state(self, state: str) -> Mark:
        english, russian, tone = _STATES[state]
        return Mark(self._speech(english, russian), tone)

    def _kind(self, kind: str) -> str:
        return self._speech(*_KINDS.get(kind, (kind, kind)))

    def _drawn(self, counted: pd.DataFrame) -> Any:
        from toolkit.reports import Chart
        from toolkit.reports.pictures import AMBER, BLUE, GREEN, GREY, canvas, quiet

        colours = {"request": BLUE, "call": GREEN, "history": AMBER}
        figure = canvas(8, 0.45 * len(counted) + 0.9)
        axes = figure.subplots()
        names = [self._state(str(each)).text for each in counted.index][::-1]
        left = [0] * len(counted)
        for kind in sorted(counted.columns, key=list(_KINDS).index):
            values = [int(each) for each in counted[kind]][::-1]
            axes.barh(
                names, values, left=left, color=colours.get(str(kind), GREY), label=self._kind(str(kind))
            )
            left = [one + other for one, other in zip(left, values, strict=True)]
        for at, total in enumerate(left):
            axes.text(total, at, f" {total}", va="center")
        quiet(axes, "top", "right", "bottom")
        axes.set_xticks([])
        if len(counted.columns) > 1:
            axes.legend(frameon=False, loc="lower right")
        words = self._speech("What becomes of the rows", "Что будет со строками")
        return Chart(figure, words).svg()


def _listing(name: str, columns: Sequence[Column], rows: Sequence[tuple[Any, ...]]) -> Listing:
    return Listing(name, list(columns), len(rows), lambda: iter(rows))


def _first_cell(one: CheckedExport, heading: str) -> str:
    found = next((row[heading] for row in one.export.rows if row.get(heading) not in (None, "")), "")
    text = str(found)
    return text if len(text) <= 40 else text[:39] + "…"


_OF_A_SANDBOX = Policy(
    operations=[NAME],
    kinds=["create", "update", "bind"],
    max_changes=1000,
    max_changes_per_day=None,
    max_share=1.0,
    must_rehearse=True,
    canary=5,
)
"""What a sandbox approves by itself: nobody's clients are in it."""
