"""Opening a portal from a notebook: the sandbox beside it, or a real one; and what is done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from toolkit import workflow
from toolkit.beside import ensure_sandbox
from toolkit.errors import PlanError, SettingsError, SheetError
from toolkit.notebook.handover import read_pairs
from toolkit.notebook.markup import Grid, Said, Speech, View
from toolkit.notebook.routing import OpenDirectory, UploadForm, newest_sheet, write_example
from toolkit.notebook.runs import OpenRun, shown_again, taken_back_whole
from toolkit.operations import operation as operation_named
from toolkit.progress import ProgressBar
from toolkit.records import Snapshot, list_snapshots
from toolkit.runs import Run
from toolkit.runs.report.listings import Column, Listing, Mark
from toolkit.settings import Settings, is_loopback
from toolkit.words import translator
from toolkit.workflow import Workspace

if TYPE_CHECKING:
    from toolkit.notebook.calls import Calls
    from toolkit.notebook.contact_centre import OpenCentre
    from toolkit.notebook.health import Health
    from toolkit.sheets import Problem

__all__ = ["OpenPortal", "open_portal", "project_folder"]

_MARKS = {"good": "✓", "note": "·", "warning": "!", "bad": "✗"}
_TONES = {"good": "good", "note": "", "warning": "warn", "bad": "bad"}


def project_folder() -> Path:
    """The folder that holds `.env`, `snapshots/`, `inbox/`: the one above `notebooks`, else the present one."""
    here = Path.cwd()
    return here.parent if here.name == "notebooks" else here


def open_portal(
    portal: str = "sandbox",
    *,
    language: str = "ru",
    seed: str = "realty",
    scale: float = 0.02,
    folder: str | Path | None = None,
    **settings: Any,
) -> OpenPortal:
    """A portal to work with.

    Args:
        portal: `sandbox` for one that lives on this machine, in `.sandbox`; else the host of a real one,
            whose webhook comes from the environment, `.env` or the keyring, never from a notebook.
        language: of what cells show; `ru` or `en`.
        seed, scale: what a new sandbox is filled with, see `ensure_sandbox`.
        folder: the project folder; see `project_folder`.
        settings: further settings by name, see `toolkit.settings`.

    Raises:
        SettingsError: there is no webhook, or it leads to another portal than the one asked for.
        SandboxFailed: the sandbox did not start.
    """
    project = Path(folder) if folder is not None else project_folder()
    if "webhook" in settings or "client_secret" in settings:
        name = "webhook" if "webhook" in settings else "client_secret"
        raise SettingsError(
            f"B24_{name.upper()}",
            "is a password and does not belong into a notebook",
            f"Put it into the environment or into {project / '.env'}.",
        )
    if portal == "sandbox":
        home = project / ".sandbox" / f"{seed}-{scale:g}"
        chosen = {
            "webhook": ensure_sandbox(home, seed=seed, scale=scale),
            "snapshots": home / "snapshots",
            "state_dir": home / "state",
            "plan": "box",
            "fence_s": 2.0,  # this portal never works on a request longer than that
            "language": language,
        }
        return OpenPortal(Workspace(Settings.load(env_file=None, **{**chosen, **settings})), project)
    loaded = Settings.load(env_file=project / ".env", language=language, **settings)
    if loaded.webhook is None and loaded.webhook_file is None and not loaded.uses_oauth:
        loaded = Settings.load(env_file=project / ".env", language=language, portal=portal, **settings)
    if not loaded.uses_oauth:
        host = loaded.webhook_parts().host
        if host.lower() != portal.strip().lower():
            raise SettingsError(
                "B24_WEBHOOK",
                f"leads to {host}, but the notebook asks for {portal!r}",
                "Correct the parameter portal, or the webhook.",
            )
    if not loaded.snapshots.is_absolute():
        loaded = loaded.model_copy(update={"snapshots": project / loaded.snapshots})
    return OpenPortal(Workspace(loaded), project)


class OpenPortal:
    """A portal in a notebook.

    Args:
        work: settings, clock, and where runs are kept.
        project: the folder that holds `inbox/`; see `project_folder`.
    """

    def __init__(self, work: Workspace, project: Path | None = None) -> None:
        self._project = project if project is not None else project_folder()
        self._bar = ProgressBar(work.settings.language)
        self.work = Workspace(
            work.settings,
            work.clock,
            work.transport,
            work.governor,
            show=self._bar.applying,
            show_reading=self._bar.reading,
            follow=self._bar.follow,
        )
        with workflow.connect(self.work) as portal:
            self.host = portal.host

    def _speech(self) -> Speech:
        return Speech(self.work.settings.language)

    def __repr__(self) -> str:
        return f"{self._speech()('Portal', 'Портал')} {self.host}, {self.work.root}"

    def _repr_html_(self) -> str:
        speech = self._speech()
        kept = speech("Runs are kept in", "Запуски хранятся в")
        url = f"https://{self.host}/" if not self.host.startswith(("127.", "localhost")) else ""
        return View(
            speech,
            [
                Said(f"{speech('Portal', 'Портал')} {self.host}", head=True, url=url),
                Said(f"{kept} {self.work.root}"),
            ],
        )._repr_html_()

    # -- looking -------------------------------------------------------------------------------------

    def doctor(self) -> View:
        """What the webhook may and may not do, and what this machine lacks."""
        speech, words = self._speech(), translator(self.work.settings.language)
        findings = workflow.doctor(self.work)
        rows = [
            (
                Mark(_MARKS[each.level], _TONES[each.level]),
                each.said(self.work.settings.language),
                words(each.remedy) if each.remedy else "",
            )
            for each in findings
        ]
        columns = [
            Column(""),
            Column(speech("what", "что")),
            Column(speech("what to do", "что делать")),
        ]
        bad = sum(each.level == "bad" for each in findings)
        head = (
            Said(speech("The portal can be worked with", "С порталом можно работать"), "good", head=True)
            if not bad
            else Said(speech(f"In the way: {bad}", f"Мешает: {bad}"), "bad", head=True)
        )
        return View(speech, [head, Grid(Listing("doctor", columns, len(rows), lambda: iter(rows)), size=50)])

    def snapshot(self, *entities: str, fresh: bool = False) -> Snapshot:
        """A copy of all records of these entities; the last one of today unless a fresh one is asked for.

        Args:
            entities: such as `contact`, `deal`, `item:177`.
            fresh: read the portal again.
        """
        kept = self.work.root / self.host.replace(":", "_")
        today = datetime.fromtimestamp(self.work.clock.now()).astimezone().date()
        for each in reversed(list_snapshots(kept) if kept.is_dir() and not fresh else []):
            found = Snapshot.open(each.folder)
            made = datetime.fromisoformat(found.manifest.finished).astimezone().date()
            alone = each.folder.name.startswith("snapshot-")
            if alone and made == today and set(entities) == set(found.entities):
                return found
        with self._bar:
            return workflow.snapshot(self.work, entities)

    def health(self, *snapshots: Snapshot, fresh: bool = False) -> Health:
        """What is in this portal and how clean it is: read once a day, from a snapshot.

        Args:
            snapshots: to compare, of users, companies, contacts and deals at least; today's alone without any.
            fresh: read the portal again.
        """
        from toolkit.notebook.health import Health  # pictures and matching cost a second other notebooks save

        taken = snapshots or (self.snapshot("user", "company", "contact", "deal", fresh=fresh),)
        report = workflow.health(self.work, taken)
        speech = Speech(self.work.settings.language, taken[-1].manifest.offset_s)
        return Health(report, speech, self.work.root / self.host.replace(":", "_") / "health")

    def health_by_month(self) -> Health:
        """The same, compared month over month: the newest snapshot of each month, today's among them.

        On a sandbox, which is of today, all its snapshots are compared.
        """
        self.snapshot("user", "company", "contact", "deal")
        return self.health(*workflow.health_snapshots(self.work))

    def example_month(self) -> View | OpenRun:
        """On a sandbox: a snapshot, contacts reassigned, a snapshot again, so that there is something to compare.

        Done once. On a real portal nothing is done.
        """
        speech = self._speech()
        if not is_loopback(self.host):
            said = speech("A real portal has months of its own.", "У настоящего портала месяцы свои.")
            return View(speech, [Said(said)])
        if len(workflow.health_snapshots(self.work)) > 1:
            return View(speech, [Said(speech("There is something to compare.", "Сравнивать уже есть что."))])
        self.snapshot("user", "company", "contact", "deal")
        run = self.plan("reassign_contacts", winner="newest", again=True)
        if run.count:
            run.approve(portal=self.host, count=run.count)
            run.carry_out(notify=False)
        self.snapshot("user", "company", "contact", "deal", fresh=True)
        return run

    def calls(
        self,
        appeals: int | None = None,
        *,
        fields: Mapping[str, str] | None = None,
        hours: str = "Пн-Пт 9:00-18:00",
        calendar: Mapping[str, Any] | None = None,
        fresh: bool = False,
    ) -> Calls:
        """The report on calls: from what was read today, a run's own snapshots included, else read now.

        Args:
            appeals: entity type id of the smart process of appeals; of the newest run on appeals when None.
            fields: code to field where it was made by hand.
            hours: working hours.
            calendar: further days, see `workflow.CallsAsked`.
            fresh: read the portal again.
        """
        from toolkit.notebook.calls import Calls  # pictures cost a second other notebooks save

        asked = workflow.CallsAsked(appeals, fields, hours=hours, calendar=calendar or {})
        newest = None if fresh else workflow.newest_calls(self.work, asked)
        today = datetime.fromtimestamp(self.work.clock.now()).astimezone().date()
        if newest is None or datetime.fromisoformat(newest.manifest.finished).astimezone().date() != today:
            with self._bar:
                newest = workflow.calls_snapshot(self.work, appeals)
        report = workflow.calls_report(self.work, replace(asked, snapshot=newest.folder))
        speech = Speech(self.work.settings.language, newest.manifest.offset_s)
        return Calls(report, speech, self.work.root / self.host.replace(":", "_") / "calls")

    def runs(self) -> View:
        """The runs of this portal, newest first."""
        speech = self._speech()
        found = [
            each for each in Run.all(self.work.root, self.work.clock.now) if each.facts.portal == self.host
        ]
        rows = [
            (
                each.id,
                str(each.facts.title.get(speech.language) or each.facts.operation),
                speech(each.state, _STATES.get(each.state, each.state)),
                len(each.plan.active) if each.has_plan else 0,
            )
            for each in reversed(found)
        ]
        columns = [
            Column(speech("run", "запуск")),
            Column(speech("operation", "операция")),
            Column(speech("state", "состояние")),
            Column(speech("changes", "изменений"), kind="number"),
        ]
        return View(speech, [Grid(Listing("runs", columns, len(rows), lambda: iter(rows)))])

    # -- doing ---------------------------------------------------------------------------------------

    def plan(self, operation: str, *, again: bool = False, once: bool = False, **parameters: Any) -> OpenRun:
        """The run of an operation with these parameters: the unfinished one, the finished one, else a new plan.

        A plan nobody agreed to within an hour is made afresh: the portal has moved on. So is one that was carried out
        and taken back: what it did is wanted again.

        Args:
            operation: its name.
            again: make a new plan even though one was carried out.
            once: show one that was taken back, too.
            parameters: of the operation.

        Raises:
            ParameterError, PortalError, IncompleteRead, StorageError: see `workflow.plan`.
        """
        known = self._known(operation, parameters, again=again, once=once)
        if known is not None:
            return OpenRun(self.work, known, self._bar, shown_again(self.work, known, self._speech()))
        with self._bar:
            run = workflow.plan(self.work, operation, parameters)
        return OpenRun(self.work, run, self._bar)

    def _known(self, operation: str, parameters: Mapping[str, Any], *, again: bool, once: bool) -> Run | None:
        wanted = operation_named(operation).parameters(parameters).model_dump(mode="json")
        runs = Run.all(self.work.root, self.work.clock.now)
        undone = set() if once else {each.facts.undoes for each in runs if taken_back_whole(each)}
        for each in reversed(runs):
            facts = each.facts
            asked = (facts.portal, facts.operation) == (self.host, operation)
            same = asked and workflow.same_order(operation, facts.parameters, wanted)
            over = each.state == "verified" and bool(len(each.plan.active)) and each.id not in undone
            if same and not facts.undoes and (self._waits(each) or (over and not again)):
                return each
            each.close()
        return None

    def _waits(self, run: Run) -> bool:
        """Whether a run was begun, or its plan is young enough to be agreed to; an empty one waits for nothing."""
        if run.unfinished or run.state not in ("planned", "rehearsed"):
            return run.unfinished
        age_s = self.work.clock.now() - datetime.fromisoformat(run.facts.created).timestamp()
        return age_s < _FRESH_S and bool(len(run.plan.active))

    def upload(self, parameter: str = "") -> UploadForm:
        """A button that puts a spreadsheet into `inbox/`, with how large it may be.

        Args:
            parameter: of the notebook, by which the file is named the next time; "" for none.
        """
        return UploadForm(self._project / "inbox", self._speech(), parameter)

    def hand_over(self, file: str | Path, *, again: bool = False, **parameters: Any) -> OpenRun:
        """The run that hands records over as a spreadsheet says; see `plan`.

        Args:
            file: in `inbox/`, or a path; columns `from`, `to`, `id` or «от кого», «кому», «номер».
            again: make a new plan even though one was carried out.
            parameters: further ones of `reassign_by_table`.

        Raises:
            SheetError: there is no such file, or it names nobody.
            ParameterError: it names people the portal does not have, or who left.
        """
        pairs = read_pairs(self._in(self._project / "inbox", str(file)))
        return self.plan("reassign_by_table", again=again, table=pairs, **parameters)

    def directory(self, file: str = "", *, entity_type: int = 2) -> OpenDirectory:
        """A routing directory, compared with the portal.

        Args:
            file: in `inbox/`, or a path; "" for the one put into `inbox/` last. A sandbox without any gets an
                example of its own.
            entity_type: of what appeals become; 2 for deals.

        Raises:
            SheetError: there is no such file.
            SheetRefused: it is not read at all.
            PortalError: the portal could not be asked.
        """
        inbox = self._project / "inbox"
        path = inbox / file if (inbox / file).is_file() else Path(file)
        if not file:
            try:
                path = newest_sheet(inbox)
            except SheetError:
                if not is_loopback(self.host):
                    raise
                inbox.mkdir(mode=0o700, exist_ok=True)
                path = write_example(self.work, inbox / "Маршруты.xlsx", entity_type)
        with self._bar:
            return OpenDirectory.check(self.work, path, self._bar, entity_type)

    def contact_centre(
        self,
        system: str = "cc",
        *,
        requests: str = "",
        calls: str = "",
        mapping: Sequence[str] = (),
        topics: str | Sequence[Mapping[str, Any]] = "",
        **given: Any,
    ) -> OpenCentre:
        """A contact centre's export, read and checked.

        Args:
            system: short name of its system, part of every marker.
            requests, calls: files in `inbox/`, or paths. A sandbox gets examples where neither is named.
            mapping: mapping files, one for each kind of rows; by the headings without.
            topics: the table of topics: a file, whose rows with errors are left out and told, or its rows.
            given: further parameters of `load_contact_centre`.

        Raises:
            SheetError: a file is missing or cannot be read.
            ParameterError: no heading says which column holds what each row must have.
        """
        # Matching and pictures cost a second other notebooks save.
        from toolkit.notebook.contact_centre import OpenCentre
        from toolkit.notebook.contact_centre_example import CALLS, REQUESTS, TOPICS, write_example
        from toolkit.sheets.mapping import ExportMapping
        from toolkit.sheets.topics import check_topics
        from toolkit.workflow.contact_centre.exports import check_export

        inbox = self._project / "inbox"
        if is_loopback(self.host):
            write_example(self.work, inbox)
            if not (requests or calls):
                requests, calls, topics = REQUESTS, CALLS, topics or TOPICS
        told = {each.kind: each for each in (ExportMapping.read(self._in(inbox, one)) for one in mapping)}
        language = self._speech().language
        kinds: tuple[Literal["requests", "calls"], ...] = ("requests", "calls")
        checked = [
            check_export(self._in(inbox, file), kind, told.get(kind), language=language)
            for kind, file in zip(kinds, (requests, calls), strict=True)
            if file
        ]
        problems: Sequence[Problem] = ()
        if isinstance(topics, str):
            found = (
                check_topics(self._in(inbox, topics), workflow.routing_facts(self.work)) if topics else None
            )
            topics, problems = (found.rows, found.problems) if found else ([], ())
        return OpenCentre(self, self._bar, system, checked, topics, inbox, given, problems)

    @staticmethod
    def _in(inbox: Path, file: str) -> Path:
        return inbox / file if (inbox / file).is_file() else Path(file)

    def reroute(self, *, again: bool = False, **parameters: Any) -> OpenRun:
        """The run that moves open appeals to where the published directory puts them today; see `plan`.

        Raises:
            RoutingRefused: there is no place to publish to yet.
        """
        given = workflow.reroute_parameters(self.work, parameters)
        return self.plan("reroute_open_appeals", again=again, **given)

    def run(self, name: str = "last") -> OpenRun:
        """A run of this portal by its id or the beginning of it.

        Args:
            name: `last` is the newest that is not an undo.

        Raises:
            PlanError: there is none.
        """
        if name != "last":
            return OpenRun(self.work, workflow.find_run(self.work, name), self._bar)
        for each in reversed(Run.all(self.work.root, self.work.clock.now)):
            if each.facts.portal == self.host and each.has_plan and not each.facts.undoes:
                return OpenRun(self.work, each, self._bar)
            each.close()
        raise PlanError(self.work.root, f"holds no run of {self.host}", "Begin with portal.plan(...).")

    def resume(self) -> View:
        """Continue the newest run that was approved and is not over, and show its certificate.

        Raises:
            PlanError: no run waits.
        """
        for each in reversed(Run.all(self.work.root, self.work.clock.now)):
            if each.facts.portal == self.host and each.state in ("approved", "applying", "paused", "applied"):
                return OpenRun(self.work, each, self._bar).carry_out()
            each.close()
        raise PlanError(self.work.root, f"holds no run of {self.host} that waits", "See portal.runs().")


_STATES = {
    "planned": "план готов",
    "rehearsed": "отрепетирован",
    "approved": "согласован",
    "applying": "начат, не окончен",
    "paused": "на паузе",
    "applied": "записан, не проверен",
    "verified": "проверен",
    "empty": "без плана",
}
_FRESH_S = 3600.0
