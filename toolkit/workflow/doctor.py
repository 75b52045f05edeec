"""What a webhook may and may not do, and what this machine lacks."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from toolkit.operations import catalogue
from toolkit.records import entity
from toolkit.runs import Operation
from toolkit.words import said_in, translator
from toolkit.workflow.workspace import Workspace, connect

__all__ = ["Finding", "doctor"]


@dataclass(frozen=True)
class Finding:
    """One thing the doctor looked at.

    Args:
        level: good, note, warning, bad.
        what: in a few words.
        detail: figures and names; their units are in the catalogue of texts.
        remedy: what to do; empty when nothing.
        about: what the thing is, by language; empty when its name says it.
    """

    level: str
    what: str
    detail: str = ""
    remedy: str = ""
    about: Mapping[str, str] = field(default_factory=dict)

    def said(self, language: str) -> str:
        """All of it but the remedy, in a language."""
        words = translator(language)(self.what) + said_in(language, self.detail)
        return f"{words} — {self.about[language]}" if language in self.about else words


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
        return Finding("good", "The clocks agree", f" ({round(skew):+d} s)")
    return Finding("warning", "The clocks differ", f" ({round(skew):+d} s)", "Set this machine's clock.")


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
        lacking = {"crm", *_read_by(kind), *(["im"] if "notify" in kind.Params.model_fields else [])} - scopes
        if not {"user", "user_basic", "user_brief"} & scopes:
            lacking.add("user")
        if lacking:
            detail = f" {name}: {', '.join(sorted(lacking))}"
            found.append(Finding("bad", "Operation", detail, "These scopes it would lack.", kind.title))
        elif not admin:
            found.append(
                Finding(
                    "warning", "Operation", f" {name}", "Would see only what this user may read.", kind.title
                )
            )
        else:
            found.append(Finding("good", "Operation", f" {name}", about=kind.title))
    return found


_SCOPES = {"tasks": "task", "bizproc": "bizproc", "voximplant": "telephony", "lists": "lists"}
"""Scope by the first word of a method's name. Source: api-reference/scopes/permissions.md, read 2026-11-23."""


def _read_by(kind: type[Operation]) -> set[str]:
    """The scopes beside those of every operation that reading takes, as long as nothing else is asked for."""
    try:
        reads = kind().reads(kind.Params())
    except ValidationError:
        return set()  # what it reads depends on what it is told
    families = {entity(name).list_method.partition(".")[0] for name in reads}
    return {_SCOPES[each] for each in families & _SCOPES.keys()}
