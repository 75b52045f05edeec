"""Files for schedulers, ready to use: a crontab line, systemd units, an Airflow DAG, a GitHub workflow, Windows.

What is scheduled is always `b24kit run OPERATION --policy ...`: the lock, the summary and the exit code are the
run's own, whichever scheduler starts it. May import everything below the command line. Start reading at `job`.
"""

from __future__ import annotations

from toolkit.scheduling.forms import SCHEDULERS, Scheduled, scheduled
from toolkit.scheduling.job import Job, job

__all__ = ["SCHEDULERS", "Job", "Scheduled", "job", "scheduled"]
