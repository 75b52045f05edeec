"""The page at `/`: what the portal holds, how it is called, how close it is to its limits.

For whoever runs a sandbox, in Russian or English, on this machine only. It shows names of methods, numbers
and codes; never a parameter, a token or a webhook. Names a client made up are shown only when they look
like a method: a mistyped address may carry a secret where a method belongs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..portal import PAGES, Noted, Sandbox
from ..registry import lookup
from ..state.fields import Kind
from ..state.store import TABLES
from ..wire.request import WireAnswer, WireRequest, read_params
from .status_words import WORDS

__all__ = ["LANGUAGES", "status_page"]

LANGUAGES = tuple(WORDS)
LOOPBACK = ("127.0.0.1", "::1")
LAST = 50
MOST = 12
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_METHOD = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def status_page(portal: Sandbox, request: WireRequest) -> WireAnswer:
    """The page, in the language of `?lang=` or of the browser; nobody beyond this machine sees it."""
    if request.source not in LOOPBACK:
        return WireAnswer(404, b"Not found", {"Content-Type": "text/plain"})
    language = _language(request)
    words = WORDS[language]
    text = _TEMPLATES.get_template("status_page.html.j2").render(
        language=language,
        other=next(each for each in LANGUAGES if each != language),
        say=lambda key: words[key],
        number=lambda value: _number(value, language),
        **_facts(portal, words),
    )
    return WireAnswer(200, text.encode(), dict(_HEADERS))


def _language(request: WireRequest) -> str:
    asked = str(read_params(WireRequest("GET", "/", request.query)).get("lang", ""))
    if asked in LANGUAGES:
        return asked
    wanted = request.headers.get("accept-language", "").lower()
    return "ru" if wanted.startswith("ru") else "en"


def _number(value: float, language: str) -> str:
    """With thin spaces between thousands, and the decimal sign of the language."""
    text = f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
    return text.replace(",", "\N{NARROW NO-BREAK SPACE}").replace(".", "," if language == "ru" else ".")


def _facts(portal: Sandbox, words: Mapping[str, str]) -> dict[str, Any]:
    """What the template shows; smart processes go by their own titles."""
    now = portal.clock.now()
    return {
        "host": portal.host,
        "now": portal.zone.moment(now),
        "settings": _settings(portal),
        "records": [(words.get(kind.title, kind.title), rows) for kind, rows in _records(portal)],
        "tables": _tables(portal),
        "counters": _counters(portal),
        "methods": _methods(portal),
        "missing": sorted((_shown(name), times) for name, times in islice(portal.missing.items(), MOST)),
        "ignored": sorted((name[:80], times) for name, times in islice(portal.ignored_filters.items(), MOST)),
        "limits": _limits(portal, now),
        "requests": [_request(portal, each) for each in islice(reversed(portal.log), LAST)],
    }


def _settings(portal: Sandbox) -> list[tuple[str, str]]:
    """Rows of (key of a word, value) that tell how the portal was set up."""
    off = sorted(name for name, on in portal.features.items() if not on)
    chosen = [f"{name} = {value}" for name, value in sorted(portal.switches.changed().items())]
    return [
        ("limits", portal.limits.plan_name),
        ("currency", portal.currency),
        ("switches", ", ".join(chosen) or "–"),
        ("features", ", ".join(off) or "–"),
        ("robots", str(portal.robots.count)),
        ("faults", str(portal.faults.waiting)),
        ("handlers", str(_count(portal, "event_handler"))),
    ]


def _count(portal: Sandbox, table: str) -> int:
    return int(portal.store.value(f'SELECT COUNT(*) FROM "{table}"'))


def _records(portal: Sandbox) -> list[tuple[Kind, int]]:
    """CRM records by kind."""
    return [(kind, _count(portal, kind.table)) for kind in portal.schema.kinds()]


def _tables(portal: Sandbox) -> list[tuple[str, int]]:
    """The other tables that hold anything."""
    counted = ((name, _count(portal, name)) for name in sorted(TABLES))
    return [(name, rows) for name, rows in counted if rows]


def _counters(portal: Sandbox) -> list[tuple[str, int]]:
    """Rows of (key of a word, number) over the remembered requests."""
    seen = Counter(
        "cut" if each.status == 0 else "answered" if each.status < 400 else "refused" for each in portal.log
    )
    inside = sum(len(each.errors) for each in portal.log)
    return [
        ("requests", len(portal.log)),
        *((key, seen[key]) for key in ("answered", "refused", "cut")),
        ("refused_inside", inside),
        ("executed", sum(len(each.executed) for each in portal.log)),
        ("outbox", portal.outbox.waiting()),
    ]


def _methods(portal: Sandbox) -> list[tuple[str, int]]:
    called = Counter(name for each in portal.log for name in each.executed)
    return called.most_common(MOST)


def _limits(portal: Sandbox, now: float) -> dict[str, Any]:
    """How full the buckets are."""
    plan = portal.limits.plan
    used = portal.limits.operating.all(now)
    return {
        "bucket": plan.bucket,
        "operating_s": plan.operating_s,
        "rate": sorted(portal.limits.rate.all(now).items())[:MOST],
        "operating": sorted(
            ((key, method, seconds) for (key, method), seconds in used.items() if seconds >= 0.005),
            key=lambda row: -row[2],
        )[:MOST],
    }


def _request(portal: Sandbox, noted: Noted) -> Mapping[str, Any]:
    inside = Counter(_shown(name) for name in noted.methods[1:])
    return {
        "at": portal.zone.moment(noted.at)[11:19],
        "method": _shown(noted.methods[0]) if noted.methods else "",
        "inside": ", ".join(f"{name} × {times}" if times > 1 else name for name, times in inside.items()),
        "status": noted.status,
        "error": noted.error,
        "errors": len(noted.errors),
        "cost_s": noted.cost_s,
    }


def _shown(name: str) -> str:
    """A method's name, or a dash for what is none and may be anything."""
    plain = name.partition(":")[0].strip()
    known = lookup(plain) is not None or lookup(plain, 3) is not None
    return plain if known or (len(plain) < 80 and _METHOD.fullmatch(plain)) else "–"


PAGES["/"] = status_page
