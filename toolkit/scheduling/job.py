"""What is to be started, and when: the same for every scheduler."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from toolkit.errors import ParameterError, PlanError
from toolkit.operations import operation as operation_named
from toolkit.runs import Policy, Window
from toolkit.workflow import check_policy

__all__ = ["Job", "job"]


@dataclass(frozen=True)
class Job:
    """One operation, started by a scheduler.

    Args:
        operation: its name.
        command: program and arguments; all paths whole.
        folder: the project, in which it works; its `.env` holds the webhook.
        at: time of day.
        zone: IANA name in which `at` is meant; "" for this machine's own.
        days: 1 Monday to 7 Sunday; empty for every day.
        late: whether a start that was missed is made up for.
    """

    operation: str
    command: Sequence[str]
    folder: Path
    at: time
    zone: str
    days: Sequence[int]
    late: bool

    def moment(self, elsewhere: tzinfo | None, today: date) -> tuple[time, list[int]]:
        """The time of day, and the days, as another zone's clock shows them.

        Args:
            elsewhere: that zone; None for this machine's.
            today: the offsets of this day hold; they move where clocks are put forward.
        """
        here = datetime.combine(today, self.at, ZoneInfo(self.zone)) if self.zone else None
        if here is None:
            here = datetime.combine(today, self.at).astimezone()
        there = here.astimezone(elsewhere)
        shift = (there.date() - today).days
        return there.time(), sorted((day - 1 + shift) % 7 + 1 for day in self.days)


def job(
    operation: str,
    given: Mapping[str, Any],
    policy: Path,
    *,
    at: str,
    zone: str | None = None,
    days: Sequence[int] = (),
    folder: Path | None = None,
    metrics: Path | None = None,
) -> Job:
    """What to start, checked as the run itself would check it.

    Args:
        operation: its name.
        given: its parameters.
        policy: the policy file it runs under.
        at: `02:00`.
        zone: IANA name; that of the policy's window without, or this machine's.
        days: 1 Monday to 7 Sunday; those on which the window is open then, without.
        folder: the project; the folder of the policy without.
        metrics: where figures for Prometheus go; nowhere without.

    Raises:
        ParameterError: a parameter, time, zone or day cannot be used.
        PlanError: the policy cannot be used, or would refuse such a run.
    """
    rules = Policy.read(policy)
    check_policy(rules, policy)
    operation_named(operation).parameters(given)
    if operation not in rules.operations:
        raise PlanError(
            policy, f"does not allow {operation}, only {', '.join(rules.operations)}", "Add it to operations."
        )
    window = rules.window
    moment = _time(at)
    zone = zone or (window.zone if window is not None else "")
    if zone:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ParameterError(
                "schedule", "zone", zone, "is not a time zone such as Europe/Moscow", "Correct the value."
            ) from None
    if any(not 1 <= day <= 7 for day in days):
        raise ParameterError(
            "schedule", "day", list(days), "is not a day of the week", "1 is Monday, 7 is Sunday."
        )
    days = _open_days(window, moment, zone, days, policy) if window is not None else sorted(set(days))
    folder = (folder or policy.parent).absolute()
    words = [f"{name}={_as_yaml(value)}" for name, value in given.items()]
    logs = folder / "output"
    files = ["--log-file", str(logs / "b24kit.log"), "--summary", str(logs / f"{operation}.json")]
    if metrics is not None:
        files += ["--metrics", str(metrics.absolute())]
    return Job(
        operation=operation,
        command=[
            *_program(),
            "run",
            operation,
            *(word for each in words for word in ("-p", each)),
            "--policy",
            str(policy.absolute()),
            *files,
        ],
        folder=folder,
        at=moment,
        zone=zone,
        days=days,
        late=rules.missed == "late",
    )


def _time(at: str) -> time:
    try:
        return time.fromisoformat(at if len(at.partition(":")[0]) == 2 else f"0{at}").replace(second=0)
    except ValueError:
        raise ParameterError("schedule", "at", at, "is not a time of day", "Write it like 02:00.") from None


def _open_days(window: Window, moment: time, zone: str, days: Sequence[int], policy: Path) -> list[int]:
    """The days on which a start at that time finds the window open; empty for every day.

    A night counts as its evening's, so a start after midnight falls on the day after the window's.
    """
    monday = datetime(2026, 6, 1, tzinfo=ZoneInfo(zone))
    starts = [datetime.combine(monday + timedelta(days=shift), moment, monday.tzinfo) for shift in range(7)]
    fitting = [each.isoweekday() for each in starts if window.remaining_s(each.timestamp()) > 0]
    if not fitting or set(days) - set(fitting):
        raise PlanError(
            policy,
            f"allows writing from {window.start:%H:%M} to {window.end:%H:%M} {window.zone},"
            f" not at {moment:%H:%M} {zone} of the days asked for",
            "Choose another --at or --day, or widen the window.",
        )
    return sorted(set(days)) or (fitting if len(fitting) < 7 else [])


def _as_yaml(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**6)
    return text.removesuffix("...\n").strip()


def _program() -> list[str]:
    """How this very toolkit is started by somebody with another PATH."""
    beside = Path(sys.executable).with_name("b24kit.exe" if sys.platform == "win32" else "b24kit")
    if beside.is_file():
        return [str(beside)]
    found = shutil.which("b24kit")
    return [found] if found else [sys.executable, "-m", "toolkit.cli"]
