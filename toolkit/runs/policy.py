"""What an unattended run may do: a policy file, and what it says about a plan.

A person approves a plan by typing the portal and the count. Where nobody sits, a policy approves, within
its caps, or the run stops and asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from toolkit.errors import PlanError
from toolkit.runs.addressees import Tell
from toolkit.runs.plan import Plan
from toolkit.zones import ZoneName

__all__ = ["POLICY_TEMPLATE", "Policy", "Window", "over_share"]


class Window(BaseModel):
    """When a run may write.

    Args:
        start: time of day, `22:00`.
        end: time of day; earlier than `start` means the next morning.
        zone: IANA name, `Europe/Moscow`.
        days: days of the week on which the window opens, 1 Monday to 7 Sunday; empty for every day.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: time
    end: time
    zone: ZoneName = "Europe/Moscow"
    days: list[int] = Field(default_factory=list)

    @field_validator("start", "end", mode="before")
    @classmethod
    def _as_written(cls, given: object) -> object:
        """YAML reads 21:00 without quotes as 21 sixties; taken for seconds, it would be 00:21."""
        if isinstance(given, int) and not isinstance(given, bool):
            seconds = given * 60 if given < 24 * 60 else given
            return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        if isinstance(given, str) and given[1:2] == ":":
            return f"0{given}"
        return given

    @model_validator(mode="after")
    def _known(self) -> Window:
        if any(not 1 <= day <= 7 for day in self.days):
            raise ValueError("days are 1 (Monday) to 7 (Sunday)")
        if self.start == self.end:
            raise ValueError("start and end are the same: leave the window out to write at any time")
        return self

    def remaining_s(self, unix: float) -> float:
        """Seconds left of the window that is open at that moment; 0 when it is closed."""
        now = datetime.fromtimestamp(unix, ZoneInfo(self.zone))
        for day in (now.date() - timedelta(days=1), now.date()):
            opens = datetime.combine(day, self.start, now.tzinfo)
            closes = datetime.combine(day, self.end, now.tzinfo)
            if closes <= opens:
                closes += timedelta(days=1)
            if opens <= now < closes and (not self.days or opens.isoweekday() in self.days):
                return closes.timestamp() - unix
        return 0.0

    def opens_in_s(self, unix: float) -> float:
        """Seconds until writing is allowed again; 0 while the window is open."""
        if self.remaining_s(unix) > 0:
            return 0.0
        zone = ZoneInfo(self.zone)
        day = datetime.fromtimestamp(unix, zone).date()
        while True:
            opens = datetime.combine(day, self.start, zone)
            if opens.timestamp() > unix and (not self.days or day.isoweekday() in self.days):
                return opens.timestamp() - unix
            day += timedelta(days=1)

    @property
    def length_s(self) -> float:
        """How long it stays open."""
        start, end = (each.hour * 3600 + each.minute * 60 + each.second for each in (self.start, self.end))
        return float((end - start) % 86400)

    def missed(self, since: float, until: float) -> int:
        """How many windows opened and closed entirely between two moments, unix seconds."""
        zone = ZoneInfo(self.zone)
        day = datetime.fromtimestamp(since, zone).date()
        last = datetime.fromtimestamp(until, zone).date()
        found = 0
        while day <= last:
            opens = datetime.combine(day, self.start, zone)
            closes = datetime.combine(day, self.end, zone)
            if closes <= opens:
                closes += timedelta(days=1)
            wanted = not self.days or day.isoweekday() in self.days
            found += wanted and since < opens.timestamp() and closes.timestamp() <= until
            day += timedelta(days=1)
        return found

    def offset_s(self, unix: float) -> float:
        """By how many seconds the zone is ahead of UTC at that moment."""
        offset = datetime.fromtimestamp(unix, ZoneInfo(self.zone)).utcoffset()
        return offset.total_seconds() if offset is not None else 0.0


class Policy(BaseModel):
    """What unattended runs may do.

    Args:
        operations: names; `undo` among them if runs may take back.
        kinds: kinds of change.
        max_changes: per run.
        max_changes_per_day: over all runs of the portal in 24 hours that a policy approved; what a person agreed
            to by hand does not count. None for no such cap.
        max_share: of the records of an entity type a run may touch, 0 to 1.
        must_rehearse: rehearse on a sandbox first; a rehearsal that is not clean stops the run.
        canary: changes carried out and re-read before the rest; 0 for none.
        window: when it may write; None for always.
        missed: what a run does that begins when the window is closed: `skip` leaves it out, `late` carries
            it out all the same if its window went by without a run, `tell` leaves it out and tells.
        tell: whom to tell how it went; None for nobody.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    operations: list[str] = Field(min_length=1)
    kinds: list[Literal["update", "create", "delete", "merge", "bind", "copy", "note", "notify"]] = Field(
        min_length=1
    )
    max_changes: int = Field(ge=1)
    max_changes_per_day: int | None = Field(None, ge=1)
    max_share: float = Field(0.3, gt=0, le=1)
    must_rehearse: bool = True
    canary: int = Field(10, ge=0)
    window: Window | None = None
    missed: Literal["skip", "late", "tell"] = "tell"
    tell: Tell | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Policy:
        if self.max_changes_per_day is not None and self.max_changes_per_day < self.max_changes:
            raise ValueError("max_changes_per_day is below max_changes, so no full run could ever start")
        if self.canary >= self.max_changes:
            raise ValueError("canary is not smaller than max_changes")
        if "missed" in self.model_fields_set:
            if self.missed == "tell" and self.tell is None:
                raise ValueError("missed: tell has nobody to tell: add tell, or write skip or late")
            if self.window is None:
                raise ValueError("missed says what to do outside the window, but there is no window")
        return self

    @classmethod
    def read(cls, path: Path) -> Policy:
        """The policy in a YAML file.

        Raises:
            PlanError: unreadable, an unknown name, or rules that contradict each other.
        """
        try:
            given = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
            raise PlanError(path, f"cannot be read: {error}", "Write one with: b24kit policy") from error
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
        where = "".join(f"{part}: " for part in [".".join(map(str, first["loc"]))] if part)
        problem = str(first["msg"]).removeprefix("Value error, ")
        raise PlanError(path, f"cannot be used: {where}{problem}", "Compare it with: b24kit policy")

    def objections(
        self, operation: str, plan: Plan, table_sizes: Mapping[str, int], *, done_today: int, now: float
    ) -> list[str]:
        """Why this policy does not approve a plan; empty when it does.

        Args:
            operation: name of the operation.
            plan: the plan.
            table_sizes: records of each entity in the snapshot.
            done_today: changes of the last 24 hours that policies approved.
            now: unix seconds.
        """
        against: list[str] = []
        active = plan.active
        if operation not in self.operations:
            against.append(f"operation {operation} is not among {', '.join(self.operations)}")
        kinds = set(active["kind"]) - set(self.kinds)
        if kinds:
            against.append(f"the plan holds changes of kind {', '.join(sorted(kinds))}")
        count = int((active["kind"] != "notify").sum())
        if count > self.max_changes:
            against.append(f"{count} changes are more than max_changes={self.max_changes}")
        if self.max_changes_per_day is not None and count + done_today > self.max_changes_per_day:
            against.append(
                f"{count} changes after {done_today} today are more than"
                f" max_changes_per_day={self.max_changes_per_day}"
            )
        against += over_share(plan, table_sizes, self.max_share)
        if self.window is not None and self.window.remaining_s(now) <= 0:
            opens, closes = f"{self.window.start:%H:%M}", f"{self.window.end:%H:%M}"
            against.append(f"it is outside the window {opens} to {closes} {self.window.zone}")
        return against


def over_share(plan: Plan, table_sizes: Mapping[str, int], max_share: float) -> list[str]:
    """Which entity types a plan touches more of than allowed, in words; empty when none."""
    active = plan.active
    touched = (
        active[active["kind"].isin(["update", "delete", "merge"])].groupby("entity")["record_id"].nunique()
    )
    found = []
    for name, count in touched.items():
        size = table_sizes.get(str(name), 0)
        if size and count / size > max_share:
            found.append(
                f"{count} of {size} {name} records are more than the allowed share of {max_share:.0%}"
            )
    return found


POLICY_TEMPLATE = """\
# What b24kit may do on this portal when nobody is watching. Check it with: b24kit policy check policy.yaml
# Что b24kit может делать на этом портале без присмотра. Проверить: b24kit policy check policy.yaml
operations: [reassign_contacts]      # какие операции / which operations
kinds: [update, notify]              # виды изменений: update create delete merge bind notify
max_changes: 500                     # не больше за один запуск / at most per run
max_changes_per_day: 2000            # не больше за сутки / at most in 24 hours;
                                     # считаются запуски по правилам, не согласованные человеком вручную
                                     # runs under a policy count, those a person agreed to by hand do not
max_share: 0.10                      # не больше этой доли таблицы (0.10 = 10 %)
must_rehearse: true                  # сначала репетиция в песочнице / rehearse on a sandbox first
canary: 10                           # столько изменений проверить, прежде чем продолжать / canary first
window:                              # когда можно писать; удалите, если всегда / when writing is allowed
  start: "21:00"
  end: "06:00"
  zone: Europe/Moscow                # часовой пояс портала / the portal's time zone
  days: []                           # 1 (пн) .. 7 (вс), ночь считается по её вечеру; [] - каждый день
missed: skip                         # начали вне окна: skip - пропустить, late - наверстать, tell - сообщить
# tell:                              # кому сообщить о ходе дел / whom to tell
#   when: trouble                    # trouble - только о неладном, changes - и об изменениях, always
#   portal: [1]                      # id пользователей: уведомление на самом портале (право im)
#   email:                           # пароль - в B24_SMTP_PASSWORD или в keyring, не здесь
#     server: smtp.example.ru
#     port: 587
#     security: starttls             # starttls, tls; none - только для сервера на этой машине
#     user: robot@example.ru
#     sender: robot@example.ru
#     to: [admin@example.ru]
#   webhook: env                     # адрес в B24_TELL_WEBHOOK: туда уйдёт итог в JSON; или https://...
"""
