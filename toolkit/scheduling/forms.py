"""A job in the words of each scheduler."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from toolkit.scheduling.job import Job

__all__ = ["SCHEDULERS", "Scheduled", "scheduled"]

_SYSTEMD_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_WINDOWS_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


@dataclass(frozen=True)
class Scheduled:
    """What a scheduler is given.

    Args:
        files: name to text.
        then: the command that makes the scheduler take them, with the files in the present folder.
        encoding: of the files.
    """

    files: Mapping[str, str]
    then: str
    encoding: str = "utf-8"


def scheduled(job: Job, scheduler: str, today: date) -> Scheduled:
    """The files of one scheduler.

    Args:
        job: what to start.
        scheduler: a key of `SCHEDULERS`.
        today: the offsets of time zones are those of this day.
    """
    return SCHEDULERS[scheduler](job, today)


def _cron(job: Job, today: date) -> Scheduled:
    """A crontab line; cron knows this machine's time only, so the time is converted."""
    at, days = job.moment(None, today)
    # cron cuts its line at a bare %, also inside quotes.
    command = f"cd {shlex.quote(str(job.folder))} && {shlex.join(job.command)}".replace("%", r"\%")
    text = _filled("crontab", job, minute=at.minute, hour=at.hour, weekdays=_cron_days(days), command=command)
    return Scheduled({f"b24kit-{job.operation}.cron": text}, _into_crontab(job))


def _into_crontab(job: Job) -> str:
    return f"(crontab -l 2>/dev/null; cat b24kit-{job.operation}.cron) | crontab -"


def _systemd(job: Job, _today: date) -> Scheduled:
    """A service and its timer; systemd converts time zones itself."""
    name = f"b24kit-{job.operation}"
    days = ",".join(_SYSTEMD_DAYS[day - 1] for day in job.days)
    calendar = " ".join(part for part in (days, f"*-*-* {job.at:%H:%M}:00", job.zone) if part)
    exec_start = " ".join(_unit_word(word) for word in job.command)
    folder = str(job.folder).replace("%", "%%")
    service = _filled("service", job, exec_start=exec_start, unit_folder=folder)
    timer = _filled("timer", job, calendar=calendar)
    home = "~/.config/systemd/user"
    return Scheduled(
        {f"{name}.service": service, f"{name}.timer": timer},
        f"mkdir -p {home} && cp {name}.* {home}/ && systemctl --user daemon-reload"
        f" && systemctl --user enable --now {name}.timer && loginctl enable-linger",
    )


def _airflow(job: Job, today: date) -> Scheduled:
    """A DAG of one step."""
    command = f"cd {shlex.quote(str(job.folder))} && {shlex.join(job.command)}"
    start = f"{job.at.minute} {job.at.hour} * * {_cron_days(job.days)}"
    # Airflow renders the command with Jinja: braces of ours must reach the shell as they are.
    raw = f"{{% raw %}}{command}{{% endraw %}}" if "{" in command else command
    text = _filled("airflow", job, bash=repr(raw + " "), start=start, zone=job.zone or "UTC", now=today)
    return Scheduled(
        {f"b24kit_{job.operation}.py": text}, f"cp b24kit_{job.operation}.py $AIRFLOW_HOME/dags/"
    )


def _github(job: Job, today: date) -> Scheduled:
    """A workflow; GitHub's clock is UTC."""
    at, days = job.moment(UTC, today)
    start = f"{at.minute} {at.hour} * * {_cron_days(days)}"
    run = json.dumps(shlex.join(job.command), ensure_ascii=False)
    text = _filled("github", job, start=start, run=run, directory=json.dumps(str(job.folder)))
    return Scheduled(
        {f"b24kit-{job.operation}.yml": text},
        f"mkdir -p .github/workflows && mv b24kit-{job.operation}.yml .github/workflows/ && gh secret set B24_WEBHOOK",
    )


def _windows(job: Job, today: date) -> Scheduled:
    """A Task Scheduler file; a start with an offset means the same moment wherever the machine stands."""
    start = datetime.combine(today, job.at, ZoneInfo(job.zone)) if job.zone else None
    text = _filled(
        "windows",
        job,
        program=job.command[0],
        arguments=subprocess.list2cmdline(job.command[1:]),
        begins=(start or datetime.combine(today, job.at)).isoformat(timespec="seconds"),
        weekdays=[_WINDOWS_DAYS[day - 1] for day in job.days],
    )
    name = f"b24kit-{job.operation}"
    return Scheduled({f"{name}.xml": text}, f"schtasks /Create /TN {name} /XML {name}.xml", "utf-16")


SCHEDULERS: Mapping[str, Callable[[Job, date], Scheduled]] = {
    "cron": _cron,
    "systemd": _systemd,
    "airflow": _airflow,
    "github": _github,
    "windows": _windows,
}
"""How each scheduler is told, by name."""


def _cron_days(days: Any) -> str:
    return ",".join(str(day % 7) for day in days) or "*"  # cron's Sunday is 0


def _unit_word(word: str) -> str:
    """A word of ExecStart: systemd expands % and $, and splits at blanks."""
    word = word.replace("%", "%%").replace("$", "$$")
    if re.fullmatch(r"[\w@%+=:,./$-]+", word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _filled(template: str, job: Job, **more: Any) -> str:
    # Only the XML escapes: units, crontabs and Python would show entities as they are.
    environment = Environment(
        loader=PackageLoader("toolkit.scheduling"),
        undefined=StrictUndefined,
        autoescape=template == "windows",  # noqa: S701 - see above
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(f"{template}.j2").render(job=job, **more)
