"""How clean a portal is: measures of one snapshot, compared over several, and the files they are handed over in.

    measures   what is out of order, counted out of one snapshot
    report     several of them side by side; health.html, health.xlsx
    charts     pictures: a portal at a glance, a measure month over month
    page       the page                                  workbook   the workbook

Start reading at `HealthReport`, then `measure`.
"""

from __future__ import annotations

from toolkit.reports.health.charts import over_time, overview
from toolkit.reports.health.measures import HEALTH_ENTITIES, Measure, Measured, measure
from toolkit.reports.health.report import HealthReport

__all__ = ["HEALTH_ENTITIES", "HealthReport", "Measure", "Measured", "measure", "over_time", "overview"]
