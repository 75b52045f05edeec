"""A routing directory in a notebook: uploaded or taken from `inbox/`, checked, simulated, published."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit import workflow
from toolkit.errors import SheetError
from toolkit.notebook.approval import has_widgets
from toolkit.notebook.markup import Grid, Said, Speech, View
from toolkit.notebook.runs import OpenRun, shown_again
from toolkit.progress import ProgressBar, somebody_watches
from toolkit.runs import Run
from toolkit.runs.report.listings import Column, Listing, Mark
from toolkit.sheets.annotated import write_annotated
from toolkit.sheets.checking import CheckedDirectory, check_file
from toolkit.sheets.labels import LABELS, counted, verdict
from toolkit.sheets.template import write_template
from toolkit.workflow import Workspace

if TYPE_CHECKING:
    from toolkit.routing import Simulation

__all__ = ["OpenDirectory", "SimulationView", "UploadForm", "newest_sheet", "write_example"]

SUFFIXES = (".xlsx", ".xlsm", ".xls", ".ods", ".csv")
LARGEST_MIB = 50
_SAFE_MIB = 10
_SHOWN = 50


def newest_sheet(inbox: Path) -> Path:
    """The spreadsheet put into a folder last.

    Raises:
        SheetError: there is none.
    """
    found = [each for each in inbox.glob("*") if each.suffix.lower() in SUFFIXES] if inbox.is_dir() else []
    if not found:
        raise SheetError(
            str(inbox),
            None,
            None,
            None,
            "holds no spreadsheet",
            "Drag one there in the file browser on the left, use the upload button, or name a file.",
        )
    return max(found, key=lambda each: each.stat().st_mtime)


class UploadForm:
    """A button that puts a spreadsheet into `inbox/`, and says how large it may be.

    Args:
        inbox: the folder; made when absent.
        speech: the reader's language.
        parameter: of the notebook, by which the file is named the next time; "" for none.
    """

    def __init__(self, inbox: Path, speech: Speech, parameter: str = "") -> None:
        self.inbox, self._speech, self._parameter = inbox, speech, parameter
        self.name = ""
        """Of the file that came by this button; "" before."""
        self._said: Any = None

    @property
    def note(self) -> str:
        """What it bears, and what to do with larger files."""
        return self._speech(
            f"Up to {LARGEST_MIB} MB where JupyterLab was started by b24kit lab, up to {_SAFE_MIB} MB elsewhere:"
            " a larger file ends the connection without a word. Larger ones: drag them into the folder inbox"
            " in the file browser on the left.",
            f"До {LARGEST_MIB} МБ, если JupyterLab запущен через b24kit lab, иначе до {_SAFE_MIB} МБ: от файла"
            " больше связь молча обрывается. Большие перетащите в папку inbox в списке файлов слева.",
        )

    def widget(self) -> Any:
        """The button and what it says; only where widgets can be shown."""
        import ipywidgets  # type: ignore[import-untyped,unused-ignore]  # it has no types

        button = ipywidgets.FileUpload(
            accept=",".join(SUFFIXES),
            multiple=False,
            description=self._speech("Choose a file", "Выбрать файл"),
            layout=ipywidgets.Layout(width="auto"),
        )
        self._said = ipywidgets.Label("")
        button.observe(self._arrived, names="value")
        return ipywidgets.VBox([button, self._said, ipywidgets.HTML(f"<p>{self.note}</p>")])

    def keep(self, name: str, content: bytes) -> Path:
        """Put a file into the inbox; its name leads nowhere else.

        Raises:
            SheetError: it is too large.
        """
        safe = Path(name.replace("\\", "/")).name.strip(" .") or "file"
        if len(content) > LARGEST_MIB * 2**20:
            limit = f"At most {LARGEST_MIB} MiB are read."
            raise SheetError(safe, None, None, None, "is too large", limit)
        self.inbox.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.inbox / safe
        path.touch(mode=0o600)
        path.write_bytes(content)
        return path

    def _arrived(self, change: Any) -> None:
        for each in change["new"]:
            try:
                path = self.keep(each["name"], bytes(each["content"]))
            except SheetError as error:
                self._said.value = str(error)
                return
            self.name = path.name
            self._said.value = self._speech(
                f"{path.name} is here. Run the next cell.",
                f"{path.name} загружен. Выполните следующую ячейку.",
            )
            if self._parameter:
                self._said.value += self._speech(
                    f' And write {self._parameter} = "{path.name}" above: it will be known tomorrow, too.',
                    f' И впишите в параметры {self._parameter} = "{path.name}": пригодится и завтра.',
                )

    def __repr__(self) -> str:
        return self.note

    def _ipython_display_(self) -> None:
        from IPython.display import display

        if has_widgets() and somebody_watches():
            display(self.widget())  # type: ignore[no-untyped-call]  # IPython has none
        else:
            print(self.note)  # noqa: T201  # what a reader without widgets sees


class OpenDirectory:
    """A spreadsheet of rules that was checked.

    Args:
        work: where.
        path: of the file.
        checked: what was found in it.
        bar: shows long work.
    """

    def __init__(self, work: Workspace, path: Path, checked: CheckedDirectory, bar: ProgressBar) -> None:
        self.work, self.path, self.checked, self._bar = work, path, checked, bar
        self._copy: Path | None = None

    @classmethod
    def check(cls, work: Workspace, path: Path, bar: ProgressBar, entity_type: int = 2) -> OpenDirectory:
        """Compare a file with the portal.

        Args:
            work: where.
            path: of the file.
            bar: shows long work.
            entity_type: of what appeals become; 2 for deals.

        Raises:
            SheetRefused: the file is not read at all.
            PortalError: the portal could not be asked.
        """
        day = datetime.fromtimestamp(work.clock.now(), UTC).astimezone().date()
        return cls(work, path, check_file(path, workflow.routing_facts(work, entity_type), on=day), bar)

    def _speech(self) -> Speech:
        return Speech(self.work.settings.language)

    def _repr_html_(self) -> str:
        return self.problems()._repr_html_()

    def __repr__(self) -> str:
        return repr(self.problems())

    def problems(self, shown: int = _SHOWN) -> View:
        """The verdict, and every problem with its cell; errors first."""
        speech, checked = self._speech(), self.checked
        language = speech.language
        tone = "bad" if checked.errors else "warn" if checked.warnings else "good"
        rules = counted(checked.rows, "rules", language)
        found = [*checked.errors, *checked.warnings]
        rows = [
            (
                Mark(LABELS[each.severity][language], "bad" if each.severity == "error" else "warn"),
                f"{each.place.sheet}!{each.place.address}",
                each.value,
                each.what(language),
                each.fix(language),
            )
            for each in found
        ]
        headings = ("severity", "place", "value", "what", "fix")
        columns = [Column(LABELS[each][language]) for each in headings]
        head = Said(verdict(len(checked.errors), len(checked.warnings), language), tone, head=True)
        blocks: list[Any] = [head, Said(f"{self.path.name}: {rules}")]
        if self._copy is not None:
            blocks.append(Said(speech("The annotated copy: ", "Копия с пометками: ") + str(self._copy)))
        if rows:
            blocks.append(Grid(Listing("problems", columns, len(rows), lambda: iter(rows)), size=shown))
        return View(speech, blocks)

    def annotated(self, *, corrected: bool = False) -> OpenDirectory:
        """Write a copy of the file with every problem at its cell, in `output/`; and show where it is.

        Args:
            corrected: with look-alike letters replaced already.
        """
        speech = self._speech()
        ending = speech("corrected" if corrected else "checked", "исправлено" if corrected else "с пометками")
        folder = self.path.parent.parent / "output" if self.path.parent.name == "inbox" else self.path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = folder / f"{self.path.stem} ({ending}).xlsx"
        self._copy = write_annotated(
            self.path, self.checked, target, language=speech.language, corrected=corrected
        )
        return self

    def simulate(self, history: Any = None) -> SimulationView:
        """What would become of past appeals: who gets more, who gets less, what nobody would get.

        Args:
            history: a table of past appeals; None takes the portal's own.
        """
        with self._bar:
            return SimulationView(workflow.simulate_routing(self.work, self.checked, history), self._speech())

    def publish(self, effective_from: date | str | None = None) -> OpenRun:
        """The run that publishes the directory; the one there is when it was planned or published already.

        Args:
            effective_from: the day it takes effect; None at once.
        """
        day = (
            date.fromisoformat(effective_from) if isinstance(effective_from, str) and effective_from else None
        )
        if isinstance(effective_from, date):
            day = effective_from
        with self._bar:
            run = workflow.plan_publishing(self.work, self.checked, day)
        for each in reversed(Run.all(self.work.root, self.work.clock.now)):
            facts = each.facts
            same = (facts.operation, facts.parameters) == (run.facts.operation, run.facts.parameters)
            over = each.has_plan and each.state == "verified" and not len(run.plan.active)
            if each.id != run.id and same and not facts.undoes and (each.unfinished or over):
                run.close()
                shutil.rmtree(run.folder)  # a plan nobody has seen
                return OpenRun(self.work, each, self._bar, shown_again(self.work, each, self._speech()))
            each.close()
        return OpenRun(self.work, run, self._bar)


class SimulationView:
    """A simulation in the reader's language.

    Args:
        simulation: what was found; its tables are for going on by hand.
        speech: the reader's language.
    """

    def __init__(self, simulation: Simulation, speech: Speech) -> None:
        self.simulation, self._speech = simulation, speech

    def _repr_html_(self) -> str:
        return self.simulation.cell(self._speech.language)

    def __repr__(self) -> str:
        return "\n".join(
            f"{name}: {count}" for name, count in self.simulation.measures(self._speech.language).items()
        )


def write_example(work: Workspace, path: Path, entity_type: int) -> Path:
    """A filled template for a portal to practise on: its own topics, each to one of its people.

    Args:
        work: the portal.
        path: of the workbook.
        entity_type: of what appeals become.
    """
    import openpyxl

    facts = workflow.routing_facts(work, entity_type)
    past = workflow.routing_history(work, entity_type_id=entity_type)
    topics = sorted({str(each) for each in past["topic"].dropna() if each})
    people = [str(each.id) for each in facts.people if each.active]
    write_template(path, facts, language="ru")
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    at = {str(cell.value): column for column, cell in enumerate(sheet[1], start=1)}
    for row, topic in enumerate([*topics, "*"], start=2):
        rule = {"Тема": topic, "Регион": "*", "Подразделение": "*", "Приоритет": 90 if topic == "*" else 50}
        for heading, value in {**rule, "Ответственный": people[row % len(people)]}.items():
            sheet.cell(row, at[heading], value)
    book.save(path)
    return path
