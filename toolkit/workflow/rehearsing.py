"""A plan carried out on a sandbox loaded from the run's own snapshot; the real portal is not touched."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from toolkit.client import Governor, Limits, Portal, SimulatedClock
from toolkit.client.tokens import MemoryTokens, Tokens
from toolkit.runs import (
    ApplyRules,
    Certificate,
    Run,
    RunFacts,
    apply,
    verify,
)
from toolkit.sandbox import InProcessTransport, SharedClock, new_portal
from toolkit.sandbox.state.restoring import load_snapshot
from toolkit.settings import Settings
from toolkit.workflow.workspace import Workspace, operation_of

__all__ = ["Rehearsal", "linked", "rehearse"]


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
        host = run.facts.portal
        access, tokens = _application(sandbox, host) if _only_applications(run) else _webhook(sandbox, host)
        settings = Settings.load(
            env_file=None,
            **access,
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
        shutil.copytree(run.folder / "before", play.folder / "before", copy_function=linked)
        play.freeze(run.plan)
        with Portal.connect(
            settings,
            clock=clock,
            transport=InProcessTransport(sandbox),
            governor=governor,
            token_store=tokens,
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


def _only_applications(run: Run) -> bool:
    """Whether some of a plan's changes are carried out by methods that only an application may call."""
    active = run.plan.active
    return bool((active["kind"].eq("create") & active["entity"].eq("call")).any())


def _webhook(sandbox: Any, host: str) -> tuple[dict[str, Any], None]:
    caller = _administrator(sandbox)
    return {"webhook": f"https://{host}/rest/{caller}/{sandbox.access.add_webhook(caller)}/"}, None


def _application(sandbox: Any, host: str) -> tuple[dict[str, Any], MemoryTokens]:
    client_id, secret = sandbox.access.add_app()
    endpoint = f"https://{host}/rest/"
    told = sandbox.access.exchange(
        {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "client_secret": secret,
            "code": sandbox.access.authorize(client_id, _administrator(sandbox)),
        },
        endpoint,
    )
    tokens = MemoryTokens()
    tokens.save(Tokens(told["access_token"], told["refresh_token"], endpoint))
    renewed = f"https://{host}/oauth/token/"
    return {"portal": host, "client_id": client_id, "client_secret": secret, "auth_server": renewed}, tokens


def linked(source: str, target: str) -> str:
    """Copy a file that is never written again; a link where the disk allows."""
    try:
        Path(target).hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)
    return target
