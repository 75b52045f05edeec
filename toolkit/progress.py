"""How far long work is: one bar where somebody watches, a log line now and then elsewhere."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from importlib.util import find_spec
from typing import Any, Self, TextIO

from tqdm import tqdm

from toolkit.client import Hold, Portal
from toolkit.runs import PlanCost, Progress
from toolkit.runs.report.wording import Wording
from toolkit.words import translator

__all__ = ["ProgressBar", "somebody_watches"]


_lines = logging.getLogger(__name__)  # for --log-file; standard error has them anyway


class ProgressBar:
    """Shows how far long work is: one bar where somebody watches, a log line now and then elsewhere.

    A bar on a terminal and in a notebook; a line every half minute in cron and in headless notebooks, or
    wherever `B24_PROGRESS` says `log`; nothing where it says `off`.

    Args:
        language: `ru` or `en`.
        every_s: seconds between log lines.
        file: where to; standard error unless given.
        now: unix seconds.
    """

    def __init__(
        self,
        language: str,
        *,
        every_s: float = 30.0,
        file: TextIO | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._ = translator(language)
        self._russian = language == "ru"
        self._span = Wording("ru" if self._russian else "en").span
        self._every_s, self._file, self._now = every_s, file, now
        self._lock = threading.RLock()
        self._bar: Any = None
        self._portal: Portal | None = None
        self._cost: PlanCost | None = None
        self._ticking: threading.Event | None = None
        self._latest: Progress | None = None
        self._began: tuple[float, int] | None = None
        self._logged_at = now()

    def __enter__(self) -> Self:
        self._logged_at = self._now()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def follow(self, portal: Portal, cost: PlanCost) -> Self:
        """Show what holds a run back, and when it will end, until the bar is closed.

        Args:
            portal: asked which limit binds; not used for requests.
            cost: what the run was estimated to take.

        Returns:
            The bar, which closes itself at the end of a `with`.
        """
        self._portal, self._cost = portal, cost
        return self

    def applying(self, progress: Progress) -> None:
        """Told about every step of apply."""
        with self._lock:
            if self._began is None or progress.done < self._began[1]:
                self._began = (self._now(), progress.done)
            self._latest = progress
            self._show()
        if self._ticking is None and self._portal is not None:
            self._ticking = threading.Event()
            threading.Thread(target=self._tick, args=(self._ticking,), daemon=True).start()

    def reading(self, entity: str, records: int) -> None:
        """Told about every step of reading: the entity, and the records of it so far."""
        with self._lock:
            self._latest, self._began = None, None
            what = f"{self._('reading')} {entity}"
            if self._mode() == "bar":
                bar = self._drawn(None)
                bar.set_description_str(what, refresh=False)
                bar.n = records
                bar.refresh()
            else:
                self._log(f"{what}: {records}")

    def clear(self) -> None:
        """Take the bar away; the next step draws it again."""
        with self._lock:
            self._take_away()

    def close(self) -> None:
        """Take the bar away and forget the run."""
        if self._ticking is not None:
            self._ticking.set()
        with self._lock:
            self._ticking, self._portal, self._cost = None, None, None
            self._latest, self._began = None, None
            self._take_away()

    def remaining_s(self) -> float | None:
        """Seconds until writing is over: by the cost model first, by what was seen later; None: not known."""
        progress, began = self._latest, self._began
        if progress is None or began is None or not progress.total:
            return None
        left = progress.total - progress.done
        done = progress.done - began[1]
        seen = (self._now() - began[0]) / done * left if done else None
        if self._cost is None:
            return seen
        thought = self._cost.apply.seconds * left / progress.total
        if seen is None:
            return thought
        share = done / (done + left)
        return thought * (1 - share) + seen * share

    # -- inside --------------------------------------------------------------------------------------

    def _tick(self, over: threading.Event) -> None:
        while not over.wait(1.0):
            with self._lock:
                if over.is_set():
                    return
                self._show()

    def _show(self) -> None:
        progress = self._latest
        if progress is None:
            return
        what = {"write": self._("writing"), "wait": self._("waiting"), "look up": self._("looking up")}[
            progress.what
        ]
        if self._mode() == "bar":
            bar = self._drawn(progress.total)
            bar.set_description_str(what, refresh=False)
            bar.postfix = [self._note(progress)]
            if progress.done > bar.n:
                bar.update(progress.done - bar.n)
            else:
                bar.n = progress.done
            bar.refresh()
        else:
            self._log(f"{what} {progress.done}/{progress.total}, {self._note(progress)}")

    def _rate(self, progress: Progress) -> str:
        """`2.5/s`, `1 160/с`: records a second since this sitting began."""
        began, at = self._began or (0.0, 0)
        rate = (progress.done - at) / max(self._now() - began, 0.001)
        text = f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"
        return text.replace(",", " ").replace(".", ",") + "/с" if self._russian else text + "/s"

    def _note(self, progress: Progress) -> str:
        """How fast it goes, when it ends and what holds it back."""
        parts = [self._rate(progress)]
        left = self.remaining_s()
        if left is not None:
            span = self._span(left).replace("\N{NO-BREAK SPACE}", " ")
            parts.append(f"{'осталось' if self._russian else 'left'} {span}")
        hold = self._hold()
        if progress.wait_s:
            parts.append(f"{self._('waiting')} {progress.wait_s:.0f} {'с' if self._russian else 's'}")
        elif hold is not None and hold.wait_s > 0:
            parts.append(f"пауза: {_in_russian(hold)}" if self._russian else f"pause: {hold}")
        elif self._cost is not None:
            parts.append(f"{'предел' if self._russian else 'limit'}: {self._(self._cost.apply.binds)}")
        return ", ".join(parts)

    def _hold(self) -> Hold | None:
        if self._portal is None or self._cost is None:
            return None
        return self._portal.governor.why([*self._cost.apply.operating_s] or ["profile"])

    def _mode(self) -> str:
        asked = os.environ.get("B24_PROGRESS", "")
        if asked in ("log", "off"):
            return asked
        return "bar" if self._file is None and somebody_watches() else "log"

    def _drawn(self, total: int | None) -> Any:
        """The bar, made anew when the whole it measures has changed; None for a whole nobody knows."""
        if self._bar is not None and self._bar.total != total:
            self._take_away()
        if self._bar is None:
            form = "{desc} {n_fmt}" if total is None else "{desc} {n_fmt}/{total_fmt} {bar} {postfix[0]}"
            kind = tqdm if _kernel() is None or find_spec("ipywidgets") is None else _notebook_bar()
            self._bar = kind(total=total, leave=False, file=sys.stderr, bar_format=form, postfix=[""])
        return self._bar

    def _take_away(self) -> None:
        if self._bar is not None:
            self._bar.total = self._bar.n  # a notebook keeps a bar that has not reached its end, in red
            self._bar.close()
            self._bar = None

    def _log(self, text: str) -> None:
        if self._mode() == "off" or self._now() - self._logged_at < self._every_s:
            return
        self._logged_at = self._now()
        _lines.info("%s", text)
        moment = datetime.fromtimestamp(self._now()).astimezone().isoformat(sep=" ", timespec="seconds")
        print(f"{moment} {text}", file=self._file or sys.stderr, flush=True)  # a log line for cron


def _in_russian(hold: Hold) -> str:
    """What `Hold` says of itself in English."""
    if hold.limit == "rate":
        return f"частота запросов, {hold.used:.0f} из {hold.allowed:.0f}, ещё {hold.wait_s:.0f} с"
    return f"время выполнения {hold.method}, {hold.used:.0f} из {hold.allowed:.0f} с, ещё {hold.wait_s:.0f} с"


def somebody_watches() -> bool:
    """Whether a person sits at this terminal or notebook, rather than a scheduler."""
    kernel = _kernel()
    if kernel is not None:
        # Headless runners do not accept questions; JupyterLab and consoles do.
        return bool(getattr(kernel, "_allow_stdin", False))
    return sys.stderr.isatty()


def _kernel() -> Any:
    """The notebook kernel this is, or None."""
    module = sys.modules.get("IPython")
    return getattr(module.get_ipython(), "kernel", None) if module is not None else None


def _notebook_bar() -> Any:
    from tqdm.notebook import tqdm_notebook

    return tqdm_notebook
