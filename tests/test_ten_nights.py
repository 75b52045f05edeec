"""Ten scheduled runs in a row on a portal that misbehaves: every morning the state is right, and the log says why.

Limits, 500s, lost answers, a machine that reboots in the middle, a run that overlaps the next, an operator
who stops it. Each contact has one deal, and is to have its responsible; that is all "right" means here.
"""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.test_cli import Town, town
from tests.test_unattended import _no_log_is_left_open
from toolkit.runs import Run
from toolkit.runs.retention import aged, prune_runs
from toolkit.runs.summary import Ledger
from toolkit.sandbox.state.records import Draft

__all__ = ["_no_log_is_left_open", "town"]  # fixtures, used by name

POLICY = """
operations: [reassign_contacts]
kinds: [update]
max_changes: 300
max_changes_per_day: 3000
max_share: 1.0
must_rehearse: false
canary: 5
"""
DISMISSED = 6


class Firm:
    """The portal's people, who edit deals by day, and the scheduler of the machine, which starts b24kit by night."""

    def __init__(self, town: Town) -> None:
        self.town, self.chance = town, random.Random(10)
        (town.home / "policy.yaml").write_text(POLICY, encoding="utf-8")
        town.env.update(B24_PATIENCE_S="20", B24_LOG_EVERY_S="5", B24_PROGRESS="log")
        self.log = town.home / "b24kit.log"
        self.words = (
            *("run", "reassign_contacts", "-p", "winner=newest", "--policy", str(town.home / "policy.yaml")),
            *("--no-rehearse", "--log-file", str(self.log)),
        )

    def day(self) -> None:
        """Deals change hands, and the ten minutes of a portal's limits are long over."""
        for pacing in (self.town.home / "state").glob("**/governor-*.json"):
            pacing.unlink()
        box = self.town.world.sandbox
        for deal in self.chance.sample(range(1, 151), 40):
            draft = Draft({"ASSIGNED_BY_ID": self.chance.randint(1, 5)})
            box.records.update(box.schema.kind(2), deal, draft, box.system_caller(3))

    def start(self) -> subprocess.Popen[str]:
        return self.town.process(*self.words)

    def night(self) -> int:
        """The scheduler starts the run and waits for it; here, as nobody kills it, without a process of its own."""
        return self.town.b24kit(*self.words)[0]

    def wanted(self) -> dict[int, int]:
        """Who should be responsible for which contact by now."""
        rows = self.town.world.sandbox.store.rows("SELECT ID, ASSIGNED_BY_ID FROM crm_2 ORDER BY ID")
        now = self.town.world.owners()
        return {
            row["ID"]: now[row["ID"]] if row["ASSIGNED_BY_ID"] == DISMISSED else row["ASSIGNED_BY_ID"]
            for row in rows
        }

    def reboot_during(self, method: str, at: int) -> Callable[[], int]:
        """A night on which the machine goes down at a request, and starts the run again when it is up."""

        def night() -> int:
            died: list[subprocess.Popen[str]] = []

            def power_cut() -> None:
                died[0].send_signal(signal.SIGKILL)
                died[0].wait()

            self.town.world.sandbox.faults.before(power_cut, method, at=at)
            died.append(self.start())
            died[0].communicate(timeout=60)
            assert died[0].returncode == -signal.SIGKILL
            self.litter()
            return self.night()

        return night

    def litter(self) -> None:
        """What a power cut leaves: torn and half-written files."""
        root = self.town.home / "snapshots" / self.town.portal.replace(":", "_")
        (root / "20260101-000000-reassign_contacts-dead").mkdir(exist_ok=True)
        (root / "20260101-000000-reassign_contacts-dead" / "run.json").write_text("")
        with (root / "unattended.jsonl").open("a") as file:
            file.write('{"operation": "reassign_con')
        locks = self.town.home / "state" / "locks" / root.name
        (locks / "contact.new").write_text('{"ru')
        (locks / "contact.json").write_text("")

    def overlapping(self) -> int:
        """The next start comes while this run is still writing."""
        second: list[int] = []
        box = self.town.world.sandbox

        def starts() -> None:
            process = self.start()
            process.communicate(timeout=60)
            second.append(process.returncode)

        box.faults.before(starts, "crm.item.update", at=2)
        first = self.night()
        assert second == [6]
        return first

    def stopped(self) -> int:
        """The operator shuts the machine down properly in the middle."""
        process: list[subprocess.Popen[str]] = []
        box = self.town.world.sandbox
        box.faults.before(lambda: process[0].send_signal(signal.SIGTERM), "crm.item.update", at=2)
        process.append(self.start())
        process[0].communicate(timeout=60)
        return process[0].returncode


def test_ten_nights_of_misfortune_and_every_morning_is_right(town: Town) -> None:
    firm, faults = Firm(town), town.world.sandbox.faults

    def with_faults(*planned: tuple[str, str | None, int]) -> Callable[[], int]:
        def night() -> int:
            for kind, method, at in planned:
                faults.plan(kind, method, at=at)  # type: ignore[arg-type] # names of the table below
            return firm.night()

        return night

    nights: list[tuple[str, Callable[[], int], int]] = [
        ("calm", firm.night, 0),
        ("limits", with_faults(("rate", None, 3), ("rate", None, 4)), 0),
        ("500s", with_faults(("server_error", None, 2), ("server_error_after", "crm.item.update", 2)), 0),
        ("power cut while writing", firm.reboot_during("crm.item.update", 2), 0),
        ("power cut while reading", firm.reboot_during("crm.item.list", 2), 0),
        ("two at once", firm.overlapping, 0),
        ("lost answers", with_faults(("lose_answer", "crm.item.update", 1), ("html_after", None, 4)), 0),
        ("blocked for ten minutes", with_faults(("operating", "crm.item.update", 1)), 1),
        ("stopped by the operator", firm.stopped, 7),
        ("goes on", firm.night, 0),
    ]
    needed, lines_before = 0, 0
    earlier: list[dict[int, int]] = []
    for number, (name, night, code) in enumerate(nights, 1):
        firm.day()
        before, wanted = town.world.owners(), firm.wanted()
        needed += sum(before[contact] != owner for contact, owner in wanted.items())

        found = night()

        faults.clear()
        log = firm.log.read_text(encoding="utf-8").splitlines()
        tonight, lines_before = "\n".join(log[lines_before:]), len(log)
        assert found == code, (number, name, tonight)
        morning = town.world.owners()
        if code == 0:
            assert morning == wanted, (number, name)
            assert "done and verified" in tonight, (number, name, tonight)
            if not earlier:
                assert town.world.writes() == needed, (number, name, "nothing is written twice")
        else:
            known = [before, wanted, *earlier]
            assert all(morning[each] in [state[each] for state in known] for each in wanted), (number, name)
            earlier.append(wanted)
        assert 2 <= len(tonight.splitlines()) <= 12, (number, name, tonight)

    assert "went on with a run that was cut off" in "\n".join(log)
    assert "went on with a" in tonight
    assert "locked by run" in "\n".join(log)
    kept = Ledger(town.home / "snapshots" / town.portal.replace(":", "_")).all()
    codes = [each["exit_code"] for each in kept]
    assert [each for each in codes if each not in (0, 3)] == [6, 1, 7]
    assert (len(codes) >= 12, codes[-1]) == (True, 0), codes
    assert [path.name for path in leftovers(town.home)] == ["before.part"], "of the run cut off while reading"
    root = town.home / "snapshots"
    prune_runs(aged(Run.all(root, time.time, damaged=True), 0, now=time.time()))
    assert not leftovers(town.home), "which has no plan, and goes with the old runs"


def leftovers(home: Path) -> list[Path]:
    """Half-written files of ours, but for those the power cut left in the test's own name."""
    found = [*home.rglob("*.new"), *home.rglob("*.part"), *home.rglob("rehearsal")]
    return [each for each in found if each.name != "contact.new"]
