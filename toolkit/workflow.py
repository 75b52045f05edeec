"""One function per verb: what notebooks, the admin's page and the command line all call.

    plan ──▶ rehearse ──▶ approve ──▶ carry_out (apply, verify, tell the employees) ──▶ undo = another plan

Each takes a `Workspace` (settings, clock, where to show progress) and a run, and leaves its evidence in the
run's folder. Nothing here decides anything about records: that is what operations are for.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import pandas as pd

from toolkit.client import Clock, Command, Governor, Limits, Portal, SimulatedClock, SystemClock
from toolkit.errors import ApprovalNeeded, CanaryFailed, PlanError, SandboxError, ToolkitError
from toolkit.operations import catalogue
from toolkit.operations import operation as operation_named
from toolkit.records import Snapshot, Wanted, entity, take_snapshot
from toolkit.runs import (
    ApplyRules,
    Certificate,
    Operation,
    Plan,
    PlanCost,
    Policy,
    Progress,
    Run,
    RunFacts,
    Undo,
    apply,
    check_canary,
    estimate,
    facts_of,
    locked,
    new_run_id,
    over_share,
    verify,
)
from toolkit.sandbox import InProcessTransport, SharedClock, cards, new_portal
from toolkit.sandbox.cards import Card
from toolkit.sandbox.hosting import Order, OrderError, host
from toolkit.sandbox.restoring import load_snapshot
from toolkit.settings import Settings

__all__ = [
    "Finding",
    "Rehearsal",
    "Workspace",
    "approve",
    "approve_by_policy",
    "carry_out",
    "check",
    "connect",
    "cost_of",
    "doctor",
    "find_run",
    "keep_in_step",
    "operation_of",
    "plan",
    "plan_undo",
    "rehearse",
    "run_all",
    "running_sandboxes",
    "serve_sandbox",
    "snapshot",
    "tell_sandbox",
    "unfinished",
]


def _silent(_: Progress) -> None:
    return None


@dataclass(frozen=True)
class Workspace:
    """Where a person works: the portal, the folder of runs, the clock.

    Args:
        settings: see `toolkit.settings`.
        clock: the machine's own, or a simulated one.
        transport: a portal inside this process; None for the network.
        governor: paces instead of the one the settings imply.
        show: told how far apply is.
        show_reading: told the entity and the number of records read so far.
    """

    settings: Settings
    clock: Clock = field(default_factory=SystemClock)
    transport: httpx.BaseTransport | None = None
    governor: Governor | None = None
    show: Callable[[Progress], None] = _silent
    show_reading: Callable[[str, int], None] | None = None

    @property
    def root(self) -> Path:
        """The folder of runs and snapshots."""
        return self.settings.snapshots


def connect(work: Workspace, run: Run | None = None) -> Portal:
    """The portal; its requests are noted in the run's journal when there is one.

    Raises:
        SettingsError: no webhook.
        PlanError: the run belongs to another portal.
    """
    portal = Portal.connect(work.settings, clock=work.clock, transport=work.transport, governor=work.governor)
    if run is not None:
        if portal.host != run.facts.portal:
            raise PlanError(
                f"run {run.id}",
                f"belongs to {run.facts.portal}, but the settings lead to {portal.host}",
                "Set B24_WEBHOOK to the right portal.",
            )
        portal.on_request = run.journal.request
    return portal


# -- plan --------------------------------------------------------------------------------------------


def plan(work: Workspace, name: str, given: Mapping[str, Any]) -> Run:
    """Take the snapshot an operation needs and freeze its plan. Nothing is written on the portal.

    Args:
        work: where.
        name: of the operation.
        given: its parameters.

    Returns:
        The run; `run.plan` is empty when there is nothing to do.

    Raises:
        ParameterError: a parameter is unknown, of the wrong type, or names what the portal does not have;
            nothing is left behind.
        PortalError, IncompleteRead, StorageError: reading failed; nothing is left behind.
    """
    operation = operation_named(name)
    return _planned(work, operation, operation.parameters(given))


def plan_undo(
    work: Workspace, run: Run, *, records: Sequence[int] | None = None, changes: Sequence[int] | None = None
) -> Run:
    """Freeze the plan that takes a run back, or chosen records or changes of it.

    Raises:
        PlanError: the run changed nothing, or changes of it have not been looked up yet.
    """
    operation = Undo.of(run)
    params = operation.parameters(
        {
            "run": run.id,
            "records": list(records) if records else None,
            "changes": list(changes) if changes else None,
        }
    )
    return _planned(work, operation, params, undoes=run.id)


def _planned(
    work: Workspace,
    operation: Operation,
    params: Any,
    *,
    reads: Mapping[str, Any] | None = None,
    undoes: str = "",
) -> Run:
    with connect(work) as portal:
        facts = RunFacts(
            run=new_run_id(work.clock.now(), operation.name),
            operation=operation.name,
            parameters=params.model_dump(mode="json"),
            portal=portal.host,
            created=datetime.fromtimestamp(work.clock.now(), UTC).isoformat(timespec="seconds"),
            toolkit=_version(),
            reads=facts_of(reads or operation.reads(params)),
            undoes=undoes,
            title=dict(operation.title),
            undo=dict(operation.undo),
        )
        run = Run.create(work.root, facts, work.clock.now)
        try:
            portal.on_request = run.journal.request
            before = take_snapshot(
                portal, run.wanted, run.folder / "before", clock=work.clock, progress=work.show_reading
            )
            tables = {each: before.table(each) for each in before.entities}
            if reads is None:
                operation.check(tables, params)
            changes = operation.plan(tables, params)
            run.freeze(
                Plan.freeze(
                    changes,
                    {"operation": operation.name, "parameters": facts.parameters, "snapshot": before.digest},
                )
            )
        except BaseException:
            run.close()
            shutil.rmtree(run.folder, ignore_errors=True)
            raise
    return run


def operation_of(work: Workspace, run: Run) -> tuple[Operation, Any]:
    """The operation of a run, and its parameters as it was given them."""
    if run.facts.undoes:
        undo = Undo.of(find_run(work, run.facts.undoes))
        return undo, undo.parameters(run.facts.parameters)
    operation = operation_named(run.facts.operation)
    return operation, operation.parameters(run.facts.parameters)


def find_run(work: Workspace, name: str) -> Run:
    """A run by its id or the beginning of it; `last` is the newest.

    Raises:
        PlanError: none, or several.
    """
    if name == "last":
        runs = Run.all(work.root, work.clock.now)
        if not runs:
            raise PlanError(work.root, "holds no run", "Begin with: b24kit plan")
        return runs[-1]
    return Run.find(work.root, name, work.clock.now)


def unfinished(work: Workspace, name: str, given: Mapping[str, Any]) -> Run | None:
    """The run of this operation with these parameters that has begun and is not over, or None."""
    operation = operation_named(name)
    parameters = operation.parameters(given).model_dump(mode="json")
    with connect(work) as portal:
        host = portal.host
    for run in reversed(Run.all(work.root, work.clock.now)):
        facts = run.facts
        if (
            facts.portal == host
            and facts.operation == name
            and facts.parameters == parameters
            and run.unfinished
        ):
            return run
    return None


def cost_of(work: Workspace, run: Run, *, window_s: float | None = None) -> PlanCost:
    """What a run will cost, by what the portal has shown so far."""
    with connect(work) as portal:
        return estimate(run.plan, run.before, portal.cost, window_s=window_s)


# -- rehearse ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rehearsal:
    """What came of carrying a plan out on a sandbox loaded from the run's own snapshot.

    Args:
        certificate: the verdict there.
        seconds: how long it would have taken, on a played clock under cloud limits.
        refused: changes the sandbox refused, by reason.
    """

    certificate: Certificate
    seconds: float
    refused: Mapping[str, int]

    @property
    def clean(self) -> bool:
        """Whether everything went as planned."""
        return self.certificate.complete


def rehearse(work: Workspace, run: Run) -> Rehearsal:
    """Carry a plan out on a sandbox portal loaded from the run's snapshot; the real one is not touched.

    Raises:
        PlanError, SnapshotError: the run's files are damaged.
    """
    operation, params = operation_of(work, run)
    folder = run.folder / "rehearsal"
    shutil.rmtree(folder, ignore_errors=True)
    clock = SimulatedClock(work.clock.now())
    sandbox = new_portal(clock=SharedClock(clock), limits="cloud")
    try:
        load_snapshot(sandbox, run.folder / "before")
        caller = _administrator(sandbox)
        secret = sandbox.access.add_webhook(caller)
        host = run.facts.portal
        settings = Settings.load(
            env_file=None,
            webhook=f"https://{host}/rest/{caller}/{secret}/",
            snapshots=folder,
            state_dir=folder / "state",
            fence_s=work.settings.fence_s,
            language=work.settings.language,
        )
        governor = Governor(Limits.of_plan("cloud"), clock, owner="rehearsal")
        play = Run.create(
            folder,
            RunFacts(**{**asdict(run.facts), "rehearses": run.id, "run": "run"}),
            clock.now,
        )
        shutil.copytree(run.folder / "before", play.folder / "before", copy_function=_linked)
        play.freeze(run.plan)
        with Portal.connect(
            settings, clock=clock, transport=InProcessTransport(sandbox), governor=governor
        ) as portal:
            began = clock.now()
            apply(play, portal, clock, ApplyRules(fence_s=settings.fence_s), progress=work.show)
            certificate = verify(play, operation, params, portal, clock)
            seconds = clock.now() - began
        table = play.journal.table()
        refused = table[table["state"].isin(["rejected", "quarantined", "conflict"])]
        words = (refused["code"].fillna("") + ": " + refused["message"].fillna("")).value_counts()
        play.close()
    finally:
        sandbox.close()
    shutil.rmtree(folder, ignore_errors=True)
    rehearsal = Rehearsal(certificate, seconds, {str(key): int(count) for key, count in words.items()})
    run.journal.event(
        "rehearsed",
        clean=rehearsal.clean,
        seconds=seconds,
        refused=rehearsal.refused,
        states=certificate.states,
    )
    return rehearsal


def _administrator(sandbox: Any) -> int:
    found = sandbox.store.value(
        "SELECT ID FROM user WHERE IS_ADMIN = 'Y' AND ACTIVE = 'Y' ORDER BY ID LIMIT 1"
    )
    return int(found)


def _linked(source: str, target: str) -> str:
    try:
        Path(target).hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)
    return target


# -- approve -----------------------------------------------------------------------------------------


def approve(run: Run, *, portal: str, count: int, max_share: float | None = None) -> None:
    """A person agrees to a plan, by naming the portal and the number of changes.

    Raises:
        ApprovalNeeded: what was typed is not what the plan says, or the plan touches more than allowed.
    """
    wanted = len(run.plan.active)
    if portal.strip().lower() != run.facts.portal.lower() or count != wanted:
        raise ApprovalNeeded(
            f"The approval does not fit: the plan makes {wanted} changes on {run.facts.portal}.",
            "Type exactly these two.",
        )
    if max_share is not None:
        against = over_share(run.plan, _sizes(run), max_share)
        if against:
            raise ApprovalNeeded(
                f"The plan is too large: {'; '.join(against)}.", "Narrow it, or raise --max-share."
            )
    run.journal.event("approved", by="person", plan=run.plan.id)


def approve_by_policy(work: Workspace, run: Run, policy: Policy) -> None:
    """A policy agrees to a plan, or says why not.

    Raises:
        ApprovalNeeded: the policy does not cover it; nothing was written.
    """
    against = policy.objections(
        run.facts.operation, run.plan, _sizes(run), done_today=_done_today(work, run), now=work.clock.now()
    )
    if policy.must_rehearse:
        rehearsed = run.journal.last("rehearsed")
        if rehearsed is None:
            against.append("it was not rehearsed")
        elif not rehearsed["clean"]:
            against.append("its rehearsal was not clean")
    if against:
        raise ApprovalNeeded(
            f"The policy does not approve run {run.id}: {'; '.join(against)}.",
            f"Look at it and approve it by hand: b24kit apply {run.id}",
        )
    run.journal.event("approved", by="policy", plan=run.plan.id)


def _sizes(run: Run) -> dict[str, int]:
    before = run.before
    return {name: before.count(name) for name in before.entities}


def _done_today(work: Workspace, run: Run) -> int:
    since = work.clock.now() - 86400
    total = 0
    for each in Run.all(work.root, work.clock.now):
        if each.id != run.id and each.facts.portal == run.facts.portal and each.has_plan:
            table = each.journal.table()
            total += int(((table["state"] == "done") & (table["settled_at"] > since)).sum())
            each.close()
    return total


# -- carry out ---------------------------------------------------------------------------------------


def carry_out(
    work: Workspace, run: Run, *, canary: int = 0, notify: bool = True, until: float | None = None
) -> Certificate:
    """Write what the plan says, prove it, and tell the employees. Continues where it stopped.

    Args:
        work: where.
        run: an approved run.
        canary: changes written and re-read before the rest; 0 for none.
        notify: send the plan's notifications after a clean certificate.
        until: unix seconds at which writing pauses (the end of a window); None for never.

    Raises:
        ApprovalNeeded: nobody agreed to exactly this plan.
        LockedByAnother: another run writes the same entity types.
        Paused: stopped on request, or the window closed; resume later.
        CanaryFailed: the first changes brought about something nobody meant.
        AccessRefused, BreakerOpen, StorageError: stopped; nothing is lost; resume later.
    """
    approval = run.journal.last("approved")
    if approval is None or approval["plan"] != run.plan.id:
        raise ApprovalNeeded(
            f"Nobody agreed to the plan of run {run.id} yet.", f"Approve it: b24kit apply {run.id}"
        )
    operation, params = operation_of(work, run)
    active = run.plan.active
    entities = sorted(set(active.loc[active["kind"] != "notify", "entity"])) or ["user"]
    rules = ApplyRules(fence_s=work.settings.fence_s)
    with (
        locked(work.settings.state_dir, run.facts.portal, entities, run.id, work.clock.now) as hold,
        connect(work, run) as portal,
        _interruptible(portal),
        _closing(portal, work.clock, until),
    ):
        for name, other in hold.superseded.items():
            run.journal.event("superseded", entity=name, run=other)
        if canary and run.journal.last("canary") is None:
            apply(run, portal, work.clock, ApplyRules(fence_s=rules.fence_s, limit=canary), beat=hold.beat)
            cells = check_canary(run, portal, work.clock)
            if cells:
                run.journal.event("canary", clean=False, cells=cells)
                raise CanaryFailed(run.facts.portal, run.id, canary, cells)
            run.journal.event("canary", clean=True, changes=canary)
        apply(run, portal, work.clock, rules, beat=hold.beat, progress=work.show)
        if run.state != "verified":
            run.journal.event("applied", **run.journal.counts())
        certificate = verify(run, operation, params, portal, work.clock, progress=work.show_reading)
        if notify and certificate.clean:
            apply(run, portal, work.clock, ApplyRules(fence_s=rules.fence_s, notify=True), beat=hold.beat)
    return certificate


def check(work: Workspace, run: Run) -> Certificate:
    """Read the scope of a run again and judge it, whenever somebody wants to know."""
    operation, params = operation_of(work, run)
    with connect(work, run) as portal:
        return verify(run, operation, params, portal, work.clock, progress=work.show_reading)


def run_all(
    work: Workspace,
    name: str,
    given: Mapping[str, Any],
    *,
    agree: Callable[[Run], None],
    rehearsing: bool = True,
    canary: int = 10,
    until: float | None = None,
) -> tuple[Run, Certificate | None]:
    """The whole river: plan (or the unfinished run), rehearse, agree, carry out.

    Args:
        agree: approves the run, or raises `ApprovalNeeded`.
        rehearsing: rehearse first.
        canary: see `carry_out`.
        until: see `carry_out`.

    Returns:
        The run, and its certificate; None when there was nothing to do.
    """
    run = unfinished(work, name, given) or plan(work, name, given)
    if not len(run.plan.active):
        return run, None
    if rehearsing and run.journal.last("rehearsed") is None and run.state == "planned":
        rehearse(work, run)
    if run.state in ("planned", "rehearsed"):
        agree(run)
    return run, carry_out(work, run, canary=canary, until=until)


@contextmanager
def _interruptible(portal: Portal) -> Iterator[None]:
    """Ctrl-C and SIGTERM let the request in flight finish, then pause."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        portal.stop()

    kept = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@contextmanager
def _closing(portal: Portal, clock: Clock, until: float | None) -> Iterator[None]:
    """Pause when the window closes: looked at before every request."""
    if until is None:
        yield
        return
    kept = portal.on_request

    def looked(note: Any) -> None:
        if kept is not None:
            kept(note)
        if clock.now() >= until:
            portal.stop()

    portal.on_request = looked
    yield


# -- keep in step ------------------------------------------------------------------------------------

_OVERLAP_S = 120.0  # the portal keeps whole seconds, and a record may be saved while another is read


def keep_in_step(
    work: Workspace, name: str, given: Mapping[str, Any], policy: Policy
) -> tuple[Run, Certificate] | None:
    """One pass of a watched operation: what changed since the last pass, and only the drift it caused.

    Returns:
        The run and its certificate; None when nothing had to be done.

    Raises:
        PlanError: the operation cannot be watched.
        ApprovalNeeded: the policy does not cover the drift; the run waits for a person.
    """
    operation = operation_named(name)
    params = operation.parameters(given)
    watched = operation.watches(params)
    if not watched:
        raise PlanError(name, "cannot be watched", "Run it from time to time instead.")
    waiting = unfinished(work, name, given)
    if waiting is not None and waiting.state in ("applying", "paused", "approved"):
        return waiting, carry_out(work, waiting, canary=0)
    with connect(work) as portal:
        mark = work.root / portal.host.replace(":", "_") / f"watch-{name}-{_key(params)}.json"
        since = json.loads(mark.read_text())["since"] if mark.exists() else None
        now, changed = _changed(portal, watched, since)
    if since is None:
        reads = None
    elif all(not rows for rows in changed.values()):
        _write_mark(mark, now)
        return None
    else:
        reads = operation.narrowed(params, _frames(changed, watched))
    run = _planned(work, operation, params, reads=reads or operation.reads(params))
    if not len(run.plan.active):
        run.close()
        shutil.rmtree(run.folder, ignore_errors=True)
        _write_mark(mark, now)
        return None
    if policy.must_rehearse:
        rehearse(work, run)
    approve_by_policy(work, run, policy)
    certificate = carry_out(work, run, canary=min(policy.canary, len(run.plan.active)))
    _write_mark(mark, now)
    return run, certificate


def _changed(
    portal: Portal, watched: Mapping[str, Sequence[str]], since: str | None
) -> tuple[str, dict[str, list[dict[str, Any]]]]:
    """The portal's time, and the records saved since then with an overlap: one request when there are few."""
    if since is None:
        return str(portal.call("server.time")), {name: [] for name in watched}
    earlier = datetime.fromtimestamp(datetime.fromisoformat(since).timestamp() - _OVERLAP_S, UTC)
    commands = [Command("server.time")]
    for name, fields in watched.items():
        kind = entity(name)
        params = kind.list_params(fields, {">=updatedTime": earlier.isoformat(timespec="seconds")})
        commands.append(Command(kind.list_method, {**params, "order": {"id": "ASC"}, "start": -1}))
    outcomes = portal.send(commands)
    lost = next((each for each in outcomes if each.state != "done"), None)
    if lost is not None:
        raise ToolkitError(
            f"{portal.host} could not say what changed: {lost.code} {lost.message}. Try again later."
        )
    changed: dict[str, list[dict[str, Any]]] = {}
    for command, outcome, name in zip(commands[1:], outcomes[1:], watched, strict=True):
        rows = list(outcome.result["items"])
        if len(rows) == 50:
            listing = {key: value for key, value in command.params.items() if key not in ("order", "start")}
            rows = [row for page in portal.list(command.method, listing) for row in page]
        changed[name] = rows
    return str(outcomes[0].result), changed


def _frames(
    changed: Mapping[str, list[dict[str, Any]]], watched: Mapping[str, Sequence[str]]
) -> dict[str, pd.DataFrame]:
    return {name: pd.DataFrame(rows, columns=list(watched[name])) for name, rows in changed.items()}


def _key(params: Any) -> str:
    return hashlib.sha256(params.model_dump_json().encode()).hexdigest()[:8]


def _write_mark(path: Path, since: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"since": since}))
    fresh.replace(path)


# -- snapshots ---------------------------------------------------------------------------------------


def snapshot(work: Workspace, entities: Sequence[str]) -> Snapshot:
    """A copy of all records of these entities, in a folder of its own below `snapshots/<portal>`.

    Raises:
        PortalError, IncompleteRead, StorageError: nothing is left behind.
    """
    with connect(work) as portal:
        moment = datetime.fromtimestamp(work.clock.now(), UTC).strftime("%Y%m%d-%H%M%S")
        folder = work.root / portal.host.replace(":", "_") / f"snapshot-{moment}"
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        wanted = [Wanted(each) for each in entities]
        return take_snapshot(portal, wanted, folder, clock=work.clock, progress=work.show_reading)


def _version() -> str:
    try:
        return version("b24kit")
    except PackageNotFoundError:  # run from a checkout
        return ""


# -- doctor ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """One thing the doctor looked at.

    Args:
        level: good, note, warning, bad.
        what: in a few words.
        detail: figures and names, the same in every language.
        remedy: what to do; empty when nothing.
    """

    level: str
    what: str
    detail: str = ""
    remedy: str = ""


def doctor(work: Workspace) -> list[Finding]:
    """What this webhook may and may not do, and what this machine lacks. Reads only.

    Raises:
        SettingsError: there is no webhook to look at.
        PortalError: the portal could not be asked at all.
    """
    found: list[Finding] = []
    with connect(work) as portal:
        profile = portal.call("profile")
        who = (
            f": {profile.get('NAME', '')} {profile.get('LAST_NAME', '')} (id {profile['ID']}), {portal.host}"
        )
        found.append(Finding("good", "The portal answers", who))
        found.append(_admin(profile))
        scopes = set(portal.call("scope"))
        found += _scopes(scopes)
        server = datetime.fromisoformat(portal.call("server.time"))
        found.append(_skew(server, work.clock.now()))
        hold = portal.why()
        if hold.wait_s <= 0:
            found.append(Finding("good", "No limit holds requests back right now"))
        else:
            found.append(Finding("note", "A limit holds requests back", f": {hold}"))
    found.append(_disk(work.root))
    found += _operations(scopes, profile.get("ADMIN") is True)
    return found


def _admin(profile: Mapping[str, Any]) -> Finding:
    if profile.get("ADMIN") is True:
        return Finding("good", "The webhook's user administers the portal")
    return Finding(
        "bad",
        "The webhook's user does not administer the portal",
        "",
        "Lists silently leave out what this user may not read; have an administrator create the webhook.",
    )


def _scopes(scopes: set[str]) -> list[Finding]:
    missing = [name for name in ("crm", "user", "im") if name not in scopes and f"{name}_basic" not in scopes]
    if not missing:
        return [Finding("good", "Scopes", f": {', '.join(sorted(scopes))}")]
    return [Finding("bad", "Scopes are missing", f": {', '.join(missing)}", "Add them to the webhook.")]


def _skew(server: datetime, now: float) -> Finding:
    skew = server.timestamp() - now
    if abs(skew) <= 30:
        return Finding("good", "The clocks agree", f" ({skew:+.0f} s)")
    return Finding("warning", "The clocks differ", f" ({skew:+.0f} s)", "Set this machine's clock.")


def _disk(root: Path) -> Finding:
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = root / ".probe"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        problem = f": {root}: {error.strerror}"
        return Finding("bad", "The folder of runs cannot be written", problem, "Set B24_SNAPSHOTS.")
    free = shutil.disk_usage(root).free / 2**30
    detail = f": {free:.1f} GiB ({root})"
    if free > 2:
        return Finding("good", "Free disk for snapshots", detail)
    return Finding("warning", "Free disk for snapshots", detail, "Free some space.")


def _operations(scopes: set[str], admin: bool) -> list[Finding]:
    """What each operation would lack."""
    found = []
    for name, kind in catalogue().items():
        lacking = {"crm", *(["im"] if "notify" in kind.Params.model_fields else [])} - scopes
        if not {"user", "user_basic", "user_brief"} & scopes:
            lacking.add("user")
        if lacking:
            detail = f" {name}: {', '.join(sorted(lacking))}"
            found.append(Finding("bad", "Operation", detail, "These scopes it would lack."))
        elif not admin:
            found.append(
                Finding("warning", "Operation", f" {name}", "Would see only what this user may read.")
            )
        else:
            found.append(Finding("good", "Operation", f" {name}"))
    return found


# -- sandbox -----------------------------------------------------------------------------------------


def serve_sandbox(settings: Settings, order: Order, ready: Callable[[dict[str, str]], None]) -> None:
    """Fill a sandbox portal and serve it until the process, or `tell_sandbox`, ends it.

    Args:
        settings: where its card is left, for `tell_sandbox`.
        order: how it should be.
        ready: told how to reach it, as `toolkit.sandbox.hosting.host` says, once it answers.

    Raises:
        SandboxError: it cannot be made as ordered.
    """
    try:
        host(replace(order, cards=_cards(settings)), ready)
    except OrderError as error:
        raise SandboxError(
            f"sandbox start: {error.option}={error.value!r} {error.problem}", error.remedy
        ) from error


def running_sandboxes(settings: Settings) -> list[Card]:
    """The sandboxes of this user that run on this machine, by port."""
    return cards.running(_cards(settings))


def tell_sandbox(settings: Settings, verb: str, port: int | None = None, **given: Any) -> dict[str, Any]:
    """Have a running sandbox do something, and give back what it says.

    Args:
        settings: where cards are left.
        verb: stop, reset, save, load, log or show; after `stop` its process has ended.
        port: of the sandbox; None means the only one.
        given: `path` of a file for save and load, `last` requests for log.

    Raises:
        SandboxError: none runs there, several do, or it refused.
    """
    try:
        card = cards.find(_cards(settings), port)
        said = cards.ask(card, verb, **given)
        if verb == "stop":
            cards.wait_for_end(card)
    except cards.CardError as error:
        raise SandboxError(error.what, error.remedy) from error
    return {"port": card.port, **said}


def _cards(settings: Settings) -> Path:
    return settings.state_dir / "sandboxes"
