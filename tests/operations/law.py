"""The law lives with the runs, so that an integrator's own operations are held to it too."""

from __future__ import annotations

from toolkit.runs.law import carried_out

__all__ = ["carried_out"]
