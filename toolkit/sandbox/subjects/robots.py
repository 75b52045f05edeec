"""Robots: side effects that a changed record sets off, as automation rules do on a real portal.

A rule is a map, so that rules come from JSON files as well as from tests:

    {"on": "update", "entity_type_id": 3, "if": {"column": "ASSIGNED_BY_ID"},
     "do": [{"set": {"COMMENTS": "handed over to {ASSIGNED_BY_ID}"}}]}

`on` is add, update or delete, or a list of them (default update). `if` (or a list of conditions, all of
which must hold) names a `column` that must have changed, and may ask what it `was` and what it `is`.
`do` lists what happens, in order: `set` columns, move to a `stage`, create an `activity`, `notify` a person.
Texts may name columns of the record in braces. Import sets off nothing.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..state.records import Change, Draft
from ..wire.errors import RestError
from ..wire.values import stored
from .activities import Activities

if TYPE_CHECKING:
    from ..portal import Sandbox

__all__ = ["Fired", "RobotRuleError", "Robots"]

CHAIN_MAX = 8  # robots that set off robots: real portals cut such chains too
_RULE_KEYS = {"name", "on", "entity_type_id", "if", "do", "as"}
_CONDITION_KEYS = {"column", "was", "is"}
_ACTIONS = ("set", "stage", "activity", "notify")
_EVENTS = ("add", "update", "delete")


class RobotRuleError(ValueError):
    """A rule that cannot be understood; a typo must not leave a canary without its robot."""


@dataclass(frozen=True)
class Fired:
    """One robot that ran.

    Args:
        rule: its name.
        action: set, stage, activity or notify.
        entity_type_id: of the record that changed.
        id: of the record that changed.
        refused: why it could not do its work; empty when it did.
    """

    rule: str
    action: str
    entity_type_id: int
    id: int
    refused: str = ""


@dataclass(frozen=True)
class _Rule:
    name: str
    on: tuple[str, ...]
    entity_type_id: int | None
    conditions: tuple[Mapping[str, Any], ...]
    actions: tuple[tuple[str, Any], ...]
    user_id: int | None

    def fits(self, change: Change) -> bool:
        if change.action not in self.on:
            return False
        if self.entity_type_id is not None and self.entity_type_id != change.kind.entity_type_id:
            return False
        return all(_holds(each, change) for each in self.conditions)


class Robots:
    """The robots of one portal.

    Args:
        portal: the sandbox they live in.
        rules: their configuration, see the module's text.

    Raises:
        RobotRuleError: a rule has an unknown key, event or action.
    """

    def __init__(self, portal: Sandbox, rules: Sequence[Mapping[str, Any]] = ()) -> None:
        self._portal = portal
        self._rules = [_read(index, rule) for index, rule in enumerate(rules)]
        self._chain: list[tuple[str, int, int]] = []
        self.fired: deque[Fired] = deque(maxlen=10_000)

    def configure(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Replace the rules of a running portal.

        Raises:
            RobotRuleError: as the constructor.
        """
        self._rules = [_read(index, rule) for index, rule in enumerate(rules)]

    @property
    def count(self) -> int:
        """How many rules there are."""
        return len(self._rules)

    @property
    def acting(self) -> bool:
        """Whether a robot is at work just now: what happens then is nobody's doing."""
        return bool(self._chain)

    def hear(self, change: Change) -> None:
        """Run what the news of a record sets off. A robot never answers its own echo on the same record."""
        if change.imported or len(self._chain) >= CHAIN_MAX:
            return
        for rule in self._rules:
            link = (rule.name, change.kind.entity_type_id, change.id)
            if link in self._chain or not rule.fits(change):
                continue
            self._chain.append(link)
            try:
                for action, given in rule.actions:
                    self._run(rule, action, given, change)
            finally:
                self._chain.pop()

    def _run(self, rule: _Rule, action: str, given: Any, change: Change) -> None:
        db = self._portal.store.db
        refused = ""
        db.execute("SAVEPOINT one_robot")
        try:
            _DOING[action](self._portal, given, change, rule.user_id or change.by)
        except RestError as failed:
            # The write that set it off stands: a robot's failure is the robot's own.
            db.execute("ROLLBACK TO one_robot")
            refused = failed.description or str(failed.code)
        finally:
            db.execute("RELEASE one_robot")
        self.fired.append(Fired(rule.name, action, change.kind.entity_type_id, change.id, refused))


def _read(index: int, rule: Mapping[str, Any]) -> _Rule:
    name = str(rule.get("name") or f"robot {index + 1}")
    _only(rule, _RULE_KEYS, name)
    on = rule.get("on", "update")
    events = (on,) if isinstance(on, str) else tuple(on)
    for event in events:
        if event not in _EVENTS:
            raise RobotRuleError(f"{name}: on {event!r} is not one of {', '.join(_EVENTS)}")
    given = rule.get("if", [])
    conditions = (given,) if isinstance(given, Mapping) else tuple(given)
    for condition in conditions:
        _only(condition, _CONDITION_KEYS, name)
        if "column" not in condition:
            raise RobotRuleError(f"{name}: a condition names no column")
    actions = []
    for each in rule.get("do", []):
        if len(each) != 1 or next(iter(each)) not in _ACTIONS:
            raise RobotRuleError(f"{name}: do takes maps of one of {', '.join(_ACTIONS)}; got {dict(each)!r}")
        actions.append(next(iter(each.items())))
    if not actions:
        raise RobotRuleError(f"{name}: does nothing")
    type_id, user_id = rule.get("entity_type_id"), rule.get("as")
    return _Rule(
        name,
        events,
        None if type_id is None else int(type_id),
        conditions,
        tuple(actions),
        None if user_id is None else int(user_id),
    )


def _only(given: Mapping[str, Any], known: set[str], name: str) -> None:
    unknown = set(given) - known
    if unknown:
        raise RobotRuleError(f"{name}: {', '.join(sorted(unknown))} is not one of {', '.join(sorted(known))}")


def _holds(condition: Mapping[str, Any], change: Change) -> bool:
    column = condition["column"]
    before, after = change.before.get(column), change.after.get(column)
    if change.action == "update" and before == after:
        return False
    if "was" in condition and str(before) != str(condition["was"]):
        return False
    current = before if change.action == "delete" else after
    return "is" not in condition or str(current) == str(condition["is"])


def _filled(text: Any, change: Change) -> Any:
    """`{COLUMN}` in a text becomes the record's value; unknown names stay as they are."""
    if not isinstance(text, str):
        return text
    row = {**change.before, **change.after}
    return re.sub(r"\{(\w+)\}", lambda found: str(row.get(found[1], found[0])), text)


def _set(portal: Sandbox, given: Mapping[str, Any], change: Change, by: int) -> None:
    columns = change.kind.by_column()
    draft = Draft()
    for name, value in given.items():
        if name not in columns:
            raise RestError("", f"{change.kind.name} has no column {name}")
        draft.columns[name] = stored(columns[name], _filled(value, change), portal.zone, strict=False)
    portal.records.update(change.kind, change.id, draft, portal.system_caller(by))


def _stage(portal: Sandbox, given: Any, change: Change, by: int) -> None:
    _set(portal, {change.kind.stage_field or "STAGE_ID": given}, change, by)


def _activity(portal: Sandbox, given: Mapping[str, Any], change: Change, by: int) -> None:
    now = int(portal.clock.now())
    responsible = given.get("responsible_id") or change.after.get("ASSIGNED_BY_ID") or by
    Activities(portal).add_todo(
        (change.kind.entity_type_id, change.id),
        deadline=now + int(given.get("deadline_s", 86_400)),
        subject=str(_filled(given.get("subject", ""), change)),
        description=str(_filled(given.get("description", ""), change)),
        responsible_id=int(responsible),
        author_id=by,
    )


def _notify(portal: Sandbox, given: Mapping[str, Any], change: Change, by: int) -> None:
    row = {**change.before, **change.after}
    whom = given.get("user_id", "ASSIGNED_BY_ID")
    user_id = whom if isinstance(whom, int) else row.get(str(whom))
    if not user_id or portal.store.get("user", int(user_id)) is None:
        raise RestError("", f"there is no user {user_id!r} to notify")
    portal.store.insert(
        "im_notification",
        {
            "USER_ID": int(user_id),
            "AUTHOR_ID": by,
            "TYPE": "SYSTEM",
            "MESSAGE": str(_filled(given.get("message", ""), change)),
            "CLIENT_ID": "robot",
            "CREATED": int(portal.clock.now()),
        },
    )


_DOING = {"set": _set, "stage": _stage, "activity": _activity, "notify": _notify}
