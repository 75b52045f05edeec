"""Carrying out a plan: journaled intents, preconditions, batches, and nothing sent twice.

    chunk:  judge what was read ──▶ already | conflict | to write
            journal `sent` (on disk) ──▶ one batch: the writes of this chunk + the reads of the next
            journal the outcomes; a lost answer leaves them `sent`
    when only `sent` is left: wait out the fence, read, and judge again (reconcile)

A request that fails as a whole is repeated in smaller pieces, so that one poison command cannot take its
neighbours along; after `max_tries` a change is put aside with the portal's own words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

from toolkit.client import Clock, Command, Outcome
from toolkit.errors import AccessRefused, BreakerOpen, Paused, Rejected, Unreachable
from toolkit.records import FieldType, entity
from toolkit.runs.call_recordings import CallCopying
from toolkit.runs.carriers import Row, Verdict, carrier, method_of
from toolkit.runs.changes import AFTERWARDS
from toolkit.runs.folder import Run
from toolkit.runs.journal import SETTLED, Settled
from toolkit.runs.packing import (
    AHEAD,
    crowded,
    each_outcome,
    in_one_request,
    looks_first,
    packable,
    packed,
    scouting,
)
from toolkit.runs.recordings import MOST_AT_ONCE, Copying, FileDoor
from toolkit.runs.references import REFERENCE, NotMade, in_place, made, made_by
from toolkit.runs.telephony_records import call_id_of, facts_of_line, finish, register

__all__ = ["ApplyRules", "Door", "Progress", "apply"]

AT_ONCE = 50_000
"""Changes held in memory at a time."""

_LOOKED_UP = 49  # after a lost answer, in one list

_OPEN = Verdict("open")
REFUSED = (
    "the portal answered no, without a reason",
    "the portal answered no: an activity is bound to a hundred records at most",
)
"""What is said of a write answered with `false`; the second of a link.

Source: api-reference/crm/timeline/activities/binding/crm-activity-binding-add.md, read 2026-11-22.
"""

# How large a piece may be that holds a change sent so often before.
_PIECES = {1: 7}
_ACCESS_CODES = frozenset({"insufficient_scope", "NO_AUTH_FOUND", "INVALID_CREDENTIALS", "expired_token"})


class Door(Protocol):
    """What apply needs of a portal; `toolkit.client.Portal` fits."""

    @property
    def host(self) -> str:
        """Host name."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether somebody asked to stop."""
        ...

    @property
    def cost(self) -> Any:
        """The cost model."""
        ...

    def send(self, commands: Sequence[Command]) -> list[Outcome]:
        """Carry out commands; see `toolkit.client.Portal.send`."""
        ...


@dataclass(frozen=True)
class Progress:
    """How far a run is, for a bar or a log line.

    Args:
        done: changes settled.
        total: changes to settle.
        what: what is going on: `write`, `wait`, `look up`.
        wait_s: seconds about to be waited, for `wait`.
    """

    done: int
    total: int
    what: str = "write"
    wait_s: float = 0.0


@dataclass(frozen=True)
class ApplyRules:
    """How patient and how careful apply is.

    Args:
        fence_s: a request surely has ended so many seconds after it was sent.
        max_tries: how often a change is sent before it is put aside.
        breaker: consecutive failed requests after which the run stops.
        limit: settle at most this many changes (a canary), None for all.
        only: settle only these changes (a canary of whole groups), None for all.
        notify: carry out notifications (False in rehearsal and undo; they are then left planned).
    """

    fence_s: float = 60.0
    max_tries: int = 3
    breaker: int = 8
    limit: int | None = None
    only: frozenset[int] | None = None
    notify: bool = False


def apply(
    run: Run,
    portal: Door,
    clock: Clock,
    rules: ApplyRules | None = None,
    *,
    beat: Callable[[], None] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> dict[str, int]:
    """Carry out a run's plan, or what is left of it.

    Args:
        run: the run; its journal says what was done before.
        portal: where.
        clock: tells and spends time.
        rules: see `ApplyRules`.
        beat: called before each request, to show the lock's holder is alive.
        progress: called after each request.

    Returns:
        Number of changes by state.

    Raises:
        StorageError: the journal could not be written; nothing was sent after that.
        Paused: somebody asked to stop; the request in flight was finished.
        AccessRefused: the webhook is not accepted any more.
        BreakerOpen: too many requests failed in a row; resume when the portal is well again.
    """
    work = _Apply(run, portal, clock, rules or ApplyRules(), beat or _nothing, progress or _ignore)
    return work.carry_out()


def _nothing() -> None:
    return None


def _ignore(_: Progress) -> None:
    return None


class _Apply:
    """One call of `apply`."""

    def __init__(
        self,
        run: Run,
        portal: Door,
        clock: Clock,
        rules: ApplyRules,
        beat: Callable[[], None],
        progress: Callable[[Progress], None],
    ) -> None:
        self.run, self.portal, self.clock, self.rules = run, portal, clock, rules
        self.beat, self.progress = beat, progress
        self.journal = run.journal
        active = run.plan.active
        if not rules.notify:
            active = active[active["kind"] != "notify"]
        if rules.only is not None:
            active = active[active["change"].isin(rules.only)]
        self.order: list[int] = [int(change) for change in active["change"]]
        self._mine = set(self.order)
        self._position = {change: index for index, change in enumerate(self.order)}
        self._columns = {name: active[name].to_numpy() for name in active.columns}
        self.total = len(self.order)
        self.settled = self._mine.intersection(self.journal.in_state(*SETTLED))
        self.tries = self.journal.tries()
        self.failures = 0
        self.last_words: dict[int, tuple[str, str]] = {}
        self.types = _types(run)
        self._refers = bool(active["after"].str.contains(REFERENCE, regex=False).any())
        self._made_ids: dict[str, int] | None = None
        merges = run.plan.table[run.plan.table["kind"] == "merge"]
        self._merges = {
            str(name): int(change) for name, change in zip(merges["group"], merges["change"], strict=True)
        }

    # -- the whole ---------------------------------------------------------------------------------

    def carry_out(self) -> dict[str, int]:
        self._reconcile()
        budget = self.rules.limit
        while True:
            pending = [change for change in self.order if change not in self.settled]
            if budget is not None:
                pending = pending[: max(0, budget - len(self.settled))]
            if not pending:
                break
            if self.journal.last("applying") is None:
                self.journal.event("applying", total=self.total)
            # One phase at a time: what follows may rest on what is still open in this one.
            phase = self._phase(pending[0])
            for group in self._groups([change for change in pending if self._phase(change) == phase]):
                ready = self._able(group)
                if ready and not self._write_group(ready):
                    break
            self._reconcile()
        return self.journal.counts()

    def _groups(self, pending: Sequence[int]) -> Iterator[list[Row]]:
        """Runs of changes of one phase, kind and entity, in the order of the plan."""
        group: list[Row] = []
        for change in pending:
            row = self._row(change)
            other = bool(group) and (row.kind, row.entity) != (group[0].kind, group[0].entity)
            if other or len(group) >= AT_ONCE:
                yield group
                group = []
            group.append(row)
        if group:
            yield group

    def _row(self, change: int) -> Row:
        at = self._position[change]
        row = Row.of({name: column[at] for name, column in self._columns.items()})
        try:
            return self._with_ids(row)
        except NotMade:
            return row

    def _phase(self, change: int) -> int:
        return int(self._columns["phase"][self._position[change]])

    def _with_ids(self, row: Row) -> Row:
        """The row with the ids of the records that earlier changes made.

        Raises:
            NotMade: one of them was not made.
        """
        if row.kind != "create" and not row.record_id and row.marker and row.kind != "notify":
            return replace(
                row,
                record_id=in_place(made(row.marker), self._made()),
                after=in_place(row.after, self._made()),
            )
        if not self._refers:
            return row
        return replace(row, after=in_place(row.after, self._made()))

    def _made(self) -> dict[str, int]:
        if self._made_ids is None:
            self._made_ids = made_by(self.run.plan.active, self.journal.results())
        return self._made_ids

    def _able(self, group: Sequence[Row]) -> list[Row]:
        """The rows whose ground is laid: the records they name were made, the merge they follow was done."""
        able: list[Row] = []
        waiting: list[Settled] = []
        merged: dict[str, bool] = {}
        if self._merges and self._phase(group[0].change) >= AFTERWARDS:
            done = set(self.journal.in_state("done", "already"))
            merged = {name: change in done for name, change in self._merges.items()}
        for row in group:
            try:
                row = self._with_ids(row)  # what this phase made may have ids by now
            except NotMade as missing:
                words = f"what it belongs to was not made ({missing.marker})"
                waiting.append(Settled(row.change, "conflict", "", words))
                continue
            if not all(merged.get(name, True) for name in row.group.split()):
                waiting.append(Settled(row.change, "conflict", "", "the cards were not merged"))
                continue
            able.append(row)
        self._settle(waiting)
        return able

    # -- writing -----------------------------------------------------------------------------------

    def _write_group(self, group: list[Row]) -> bool:
        """Write rows of one kind and entity; False when what follows has to wait for the rest of them."""
        if group[0].kind == "copy":
            self._copy_group(group)
            return True
        if (group[0].kind, group[0].entity) == ("create", "call"):
            self._record_group(group)
            return True
        if all(packable(row) for row in group):
            return self._write_packed(group)
        chunks = self._chunks(group)
        chunk = next(chunks, None)
        verdicts = self._look(chunk) if chunk and self._reads(chunk) else [_OPEN] * len(chunk or ())
        while chunk:
            following = next(chunks, None)
            verdicts = self._write_chunk(chunk, verdicts, following)
            if chunk[0].kind == "note" and any(row.change not in self.settled for row in chunk):
                return False  # a card tells its story in order: nothing newer may overtake this
            chunk = following
        return True

    def _write_packed(self, group: list[Row]) -> bool:
        """Imports: their markers are looked for far ahead, so that whole requests are left for writing."""
        for start in range(0, len(group), AHEAD):
            block = group[start : start + AHEAD]
            found = self._send(scouting(block))
            close = any(crowded(each) for each in found)
            verdicts = self._look(block) if close else self._judged(block, found)
            known = {row.change: verdict for row, verdict in zip(block, verdicts, strict=True)}
            for chunk in self._chunks(block):
                self._write_chunk(chunk, [known[row.change] for row in chunk], None)
                if "createdTime" in chunk[0].after and any(row.change not in self.settled for row in chunk):
                    # The portal takes imports in the order of their times: nothing newer may overtake these.
                    return False
        return True

    def _copy_group(self, group: list[Row]) -> None:
        """Recordings, one at a time; what nobody wrote yet is looked up by the two dozen."""
        copying = self._copying(group[0])
        try:
            for start in range(0, len(group), MOST_AT_ONCE):
                chunk = group[start : start + MOST_AT_ONCE]
                lists = carrier("copy").reads(chunk)
                outcomes = self._send([*lists, *copying.lookups(chunk)])
                verdicts = self._judged(chunk, outcomes[: len(lists)])
                self._watch(outcomes[len(lists) :])
                for row, verdict, outcome in zip(chunk, verdicts, outcomes[len(lists) :], strict=True):
                    if verdict.state == "open":
                        self._settle([copying.noted(row, outcome) or self._copied(row, copying)])
                    else:
                        self._settle(
                            [Settled(row.change, "conflict", "", verdict.message, seen=verdict.seen)]
                        )
        finally:
            copying.close()

    def _record_group(self, group: list[Row]) -> None:
        """Calls of the telephone: registered together, then finished together. One intent stands for both."""
        for chunk in self._chunks(group):
            open_ = self._opened(chunk, self._look(chunk))
            if not open_:
                continue
            if self.portal.stopping:
                self._pause()
            self.journal.sent([row.change for row in open_])
            for row in open_:
                self.tries[row.change] = self.tries.get(row.change, 0) + 1
            begun = self._send([register(row) for row in open_])
            calls = [call_id_of(outcome) for outcome in begun]
            answered = zip(open_, begun, calls, strict=True)
            self._settle([self._settled(row, outcome) for row, outcome, call in answered if not call])
            self._watch(begun)
            ringing = [(row, call) for row, call in zip(open_, calls, strict=True) if call]
            if not ringing:
                continue
            self.journal.sent_on([row.change for row, _ in ringing])
            ended = self._send([finish(row, call) for row, call in ringing])
            settled = [
                self._settled(row, outcome)
                if outcome.state != "done"
                else Settled(row.change, "done", result=facts_of_line(outcome.result))
                for (row, _), outcome in zip(ringing, ended, strict=True)
            ]
            self._settle(settled)
            self._watch(ended)

    def _opened(self, chunk: Sequence[Row], verdicts: Sequence[Verdict]) -> list[Row]:
        """The rows still to be written; the others are settled."""
        told = {
            row.change: Settled(row.change, "already", "", verdict.message, verdict.result)
            if verdict.state == "true"
            else Settled(row.change, "conflict", "", verdict.message, seen=verdict.seen)
            for row, verdict in zip(chunk, verdicts, strict=True)
            if verdict.state != "open"
        }
        self._settle(list(told.values()))
        return [row for row in chunk if row.change not in told]

    def _copying(self, row: Row) -> Copying | CallCopying:
        """Who carries recordings to records like this one's."""
        door = cast(FileDoor, self.portal)
        if row.entity == "activity":
            return CallCopying(door, self.run)
        return Copying(door, self.run.folder)

    def _copied(self, row: Row, copying: Copying | CallCopying) -> Settled:
        """What became of one recording. Its checksum is journaled before it is sent."""
        if self.portal.stopping:
            self._pause()
        self.beat()
        found = copying.fetch(row)
        if isinstance(found, Settled):
            if found.state != "planned":
                return found
            if self.portal.stopping:
                self._pause()
            self._count_failure(found.code, found.message)
            return replace(found, state="quarantined")
        self.journal.settle([Settled(row.change, "planned", result=found.facts(row))])
        if self.portal.stopping:
            self._pause()
        self.journal.sent([row.change])
        self.tries[row.change] = self.tries.get(row.change, 0) + 1
        try:
            outcome = self._send([copying.upload(row, found)])[0]
        finally:
            found.path.unlink(missing_ok=True)
        self._watch([outcome])
        return copying.kept(row, outcome, found) if outcome.state == "done" else self._settled(row, outcome)

    def _chunks(self, group: list[Row]) -> Iterator[list[Row]]:
        """Pieces of a group: as many as one request should carry, fewer for what failed before.

        What the portal has shown by then decides anew before each piece.
        """
        piece: list[Row] = []
        most = size = in_one_request(group, self.portal.cost)
        for row in group:
            tries = self.tries.get(row.change, 0)
            allowed = min(most, _PIECES.get(tries, 1)) if tries else most
            told = row.kind == "note" and any(each.record_id == row.record_id for each in piece)
            if piece and (told or len(piece) >= min(size, allowed)):
                yield piece
                piece = []
                most = in_one_request(group, self.portal.cost)
                allowed = min(most, allowed) if tries else most
            size = min(most, allowed) if not piece else min(size, allowed)
            piece.append(row)
        if piece:
            yield piece

    def _reads(self, chunk: Sequence[Row]) -> list[Command]:
        """What has to be read before a chunk is written."""
        return carrier(chunk[0].kind).reads(chunk) if any(looks_first(row) for row in chunk) else []

    def _look(self, chunk: list[Row]) -> list[Verdict]:
        """Read the present of a chunk in a request of its own."""
        reads = carrier(chunk[0].kind).reads(chunk)
        return self._judged(chunk, self._send(reads) if reads else [])

    def _judged(self, chunk: list[Row], outcomes: Sequence[Outcome]) -> list[Verdict]:
        for outcome in outcomes:
            if outcome.state != "done":
                self._give_up_reading(outcome, chunk[0])
        if not outcomes:
            return [_OPEN] * len(chunk)
        carries = carrier(chunk[0].kind)
        outcomes = carries.completed(chunk, outcomes, self._send)
        return carries.judge(
            chunk, outcomes, self.types.get(chunk[0].entity, _DocumentedTypes(chunk[0].entity))
        )

    def _write_chunk(
        self, chunk: list[Row], verdicts: list[Verdict], following: list[Row] | None
    ) -> list[Verdict]:
        """Write a chunk whose present is known; returns the verdicts of the following one."""
        carries = carrier(chunk[0].kind)
        to_write: list[Row] = []
        known: list[Settled] = []
        for row, verdict in zip(chunk, verdicts, strict=True):
            if verdict.state == "open":
                to_write.append(self._ready(verdict.row or row, known))
            elif verdict.state == "true":
                known.append(Settled(row.change, "already", "", verdict.message, verdict.result))
            else:
                known.append(Settled(row.change, "conflict", "", verdict.message, seen=verdict.seen))
        to_write = [row for row in to_write if row.change not in {each.change for each in known}]
        self._settle(known)
        reads = self._reads(following) if following else []
        if not to_write:
            return self._judged(following, self._send(reads) if reads else []) if following else []
        if self.portal.stopping:  # before the intent: a change that never left need not be looked up
            self._pause()
        self.journal.sent([row.change for row in to_write])
        for row in to_write:
            self.tries[row.change] = self.tries.get(row.change, 0) + 1
        again = carries.reads(to_write) if carries.reads_back else []
        packs = packed(to_write)
        outcomes = self._send([*(command for command, _ in packs), *again, *reads])
        answered, read = outcomes[: len(packs)], outcomes[len(packs) + len(again) :]
        writes = [
            each
            for outcome, (_, size) in zip(answered, packs, strict=True)
            for each in each_outcome(outcome, size)
        ]
        settled = [self._settled(row, outcome) for row, outcome in zip(to_write, writes, strict=True)]
        if again:
            seen = outcomes[len(packs) : len(packs) + len(again)]
            settled = self._read_back(to_write, settled, seen)
        self._settle(settled)
        self._watch(writes)
        if not following:
            return []
        if any(outcome.state != "done" for outcome in read):
            return self._look(following)
        return self._judged(following, read)

    def _read_back(
        self, rows: Sequence[Row], settled: Sequence[Settled], seen: Sequence[Outcome]
    ) -> list[Settled]:
        """What the portal says it did, held against what is there. Unreadable stays unknown: `sent`."""
        if any(outcome.state != "done" for outcome in seen):
            return [replace(each, state="sent") if each.state == "done" else each for each in settled]
        types = self.types.get(rows[0].entity, _DocumentedTypes(rows[0].entity))
        verdicts = carrier(rows[0].kind).judge(rows, seen, types)
        return [
            self._confirmed(each, verdict) if each.state == "done" else each
            for each, verdict in zip(settled, verdicts, strict=True)
        ]

    @staticmethod
    def _confirmed(said: Settled, verdict: Verdict) -> Settled:
        status = said.result.get("status", "") if isinstance(said.result, Mapping) else ""
        if verdict.state == "true":
            return replace(said, message=verdict.message)
        if verdict.state == "open":
            words = f"the portal answered {status} and did nothing; {verdict.message}"
            return replace(said, state="rejected", code=status, message=words)
        words = f"the portal answered {status}; {verdict.message}"
        return replace(said, state="conflict", code=status, message=words, seen=verdict.seen)

    def _ready(self, row: Row, known: list[Settled]) -> Row:
        """A notification gets its tag and its count now; everything else goes as planned."""
        if row.kind != "notify":
            return row
        # Counted once, when it is first sent: sending it again must say the same.
        counted = self.journal.results().get(row.change) or self._counted(row)
        if not any(counted.values()):
            known.append(Settled(row.change, "already", "", "nothing was changed that concerns this person"))
            return row
        self.journal.settle([Settled(row.change, "planned", result=counted)])
        message = row.after["message"]
        for name, count in counted.items():
            message = message.replace("{" + name + "}", str(count))
        return replace(row, after={"message": message}, marker=f"b24kit:{self.run.id}:{row.record_id}")

    def _counted(self, row: Row) -> dict[str, int]:
        """How many changes of each group the notification names were carried out."""
        done = set(self.journal.in_state("done"))
        active = self.run.plan.active
        grouped = [
            set(group.split())
            for change, group in zip(active["change"], active["group"], strict=True)
            if group and int(change) in done
        ]
        return {name: sum(group in each for each in grouped) for name, group in row.after["counts"].items()}

    def _settled(self, row: Row, outcome: Outcome) -> Settled:
        """What the journal learns from one outcome. Unknown stays `sent`."""
        if outcome.state == "done" and outcome.result is False:
            return Settled(row.change, "rejected", "", REFUSED[row.kind == "bind"])
        if outcome.state == "done":
            return Settled(row.change, "done", result=carrier(row.kind).result(outcome))
        if outcome.state == "unknown":
            self.last_words[row.change] = (outcome.code, outcome.message)
            return Settled(row.change, "sent", outcome.code, outcome.message)
        if outcome.code in carrier(row.kind).true_codes:
            return Settled(row.change, "already", outcome.code, outcome.message)
        if outcome.kind in ("input", "access") and outcome.code not in _ACCESS_CODES:
            return Settled(row.change, "rejected", outcome.code, outcome.message)
        if outcome.code in ("STOPPED", "NOT_SENT") or outcome.kind == "limit":
            return Settled(row.change, "planned", outcome.code, outcome.message)
        if self.tries.get(row.change, 0) >= self.rules.max_tries:
            return Settled(row.change, "quarantined", outcome.code, outcome.message)
        return Settled(row.change, "planned", outcome.code, outcome.message)

    # -- looking up what became of lost answers ------------------------------------------------------

    def _reconcile(self) -> None:
        """Look up every change whose outcome is unknown, after its fence."""
        waiting = {change: at for change, at in self.journal.sent_at().items() if change in self._mine}
        if not waiting:
            return
        now = self.clock.now()
        # A clock set back must not shorten the fence: an intent from the future waits it out in full.
        wait = max(min(at, now) + self.rules.fence_s - now for at in waiting.values())
        if wait > 0:
            self.progress(Progress(self._count_settled(), self.total, "wait", wait))
            self._sleep(wait)
        for group in self._groups(sorted(waiting)):
            if group[0].kind == "copy":
                self._compare(group)
                continue
            size = AHEAD if all(packable(row) for row in group) else _LOOKED_UP
            for start in range(0, len(group), size):
                chunk = group[start : start + size]
                verdicts = self._look(chunk)
                self._settle(self._found(row, verdict) for row, verdict in zip(chunk, verdicts, strict=True))
                self.progress(Progress(self._count_settled(), self.total, "look up"))

    def _compare(self, group: list[Row]) -> None:
        """Recordings whose outcome is unknown: the same bytes there, or none, or somebody else's file."""
        copying = self._copying(group[0])
        known = self.journal.results()
        try:
            for start in range(0, len(group), MOST_AT_ONCE):
                chunk = group[start : start + MOST_AT_ONCE]
                outcomes = self._send(copying.proofs(chunk))
                for outcome in outcomes:
                    if outcome.state != "done":
                        self._give_up_reading(outcome, chunk[0])
                verdicts = copying.proven(chunk, outcomes, known)
                self._settle(self._found(row, verdict) for row, verdict in zip(chunk, verdicts, strict=True))
                self.progress(Progress(self._count_settled(), self.total, "look up"))
        finally:
            copying.close()

    def _found(self, row: Row, verdict: Verdict) -> Settled:
        if verdict.state == "true":
            return Settled(row.change, "done", "", "found done after a lost answer", verdict.result)
        if verdict.state == "foreign":
            return Settled(row.change, "conflict", "", verdict.message, seen=verdict.seen)
        if self.tries.get(row.change, 0) >= self.rules.max_tries:
            code, words = self.last_words.get(row.change, ("", ""))
            return Settled(row.change, "quarantined", code, words or "no answer, and no effect, each time")
        return Settled(row.change, "planned", "", "found not done after a lost answer")

    # -- small parts -----------------------------------------------------------------------------------

    def _settle(self, outcomes: Any) -> None:
        kept = [each for each in outcomes if each.state != "sent"]
        self.journal.settle(kept)
        if any(each.result is not None for each in kept):
            self._made_ids = None
        self.settled.update(each.change for each in kept if each.state in SETTLED)

    def _count_settled(self) -> int:
        return len(self.settled)

    def _send(self, commands: Sequence[Command]) -> list[Outcome]:
        """At most fifty commands to a request; stops between requests when asked to."""
        if self.portal.stopping:
            self._pause()
        self.beat()
        outcomes: list[Outcome] = []
        for start in range(0, len(commands), 50):
            outcomes += self.portal.send(commands[start : start + 50])
        self.progress(Progress(self._count_settled(), self.total))
        return outcomes

    def _watch(self, outcomes: Sequence[Outcome]) -> None:
        """Count failing requests in a row; stop the run when they pile up, or when the door is closed."""
        first = outcomes[0]
        if all(each.code == "STOPPED" for each in outcomes):
            self._pause()
        if all(each.code in _ACCESS_CODES for each in outcomes):
            raise AccessRefused(
                self.portal.host,
                "batch",
                first.code,
                first.message,
                "Mend the webhook or its rights, then resume the run.",
            )
        failed = all(
            each.state != "done" and each.kind in ("server", "transport", "limit") for each in outcomes
        )
        if failed:
            self._count_failure(first.code, first.message)
        else:
            self.failures = 0

    def _count_failure(self, code: str, message: str) -> None:
        self.failures += 1
        if self.failures >= self.rules.breaker:
            self.journal.event("breaker", failures=self.failures, message=message)
            raise BreakerOpen(self.portal.host, self.run.id, self.failures, code, message)

    def _give_up_reading(self, outcome: Outcome, row: Row) -> None:
        reads = carrier(row.kind).reads([row])
        method = reads[0].method if reads else method_of(row)
        if outcome.code == "STOPPED":
            self._pause()
        self.journal.event("unreadable", method=method, code=outcome.code, message=outcome.message)
        if outcome.kind == "access" or outcome.code in _ACCESS_CODES:
            raise AccessRefused(
                self.portal.host,
                method,
                outcome.code,
                outcome.message,
                "Mend the rights, then resume the run.",
            )
        if outcome.kind == "input":
            raise Rejected(
                self.portal.host,
                method,
                outcome.code,
                outcome.message,
                "Nothing was written by this request.",
            )
        raise Unreachable(
            self.portal.host,
            method,
            outcome.code,
            outcome.message,
            f"Resume later with: b24kit resume {self.run.id}",
        )

    def _sleep(self, seconds: float) -> None:
        while seconds > 0:
            if self.portal.stopping:
                self._pause()
            step = min(seconds, 1.0)
            self.clock.sleep(step)
            seconds -= step

    def _pause(self) -> None:
        self.journal.event("paused", settled=self._count_settled(), total=self.total)
        raise Paused(self.run.id, self._count_settled(), self.total)


class _DocumentedTypes(Mapping[str, FieldType]):
    """Types of fields the snapshot does not hold: as the documentation has them."""

    def __init__(self, name: str = "") -> None:
        self._entity = name

    def __getitem__(self, field: str) -> FieldType:
        return entity(self._entity).field_type(field)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class _Types(_DocumentedTypes):
    """Field types as the portal defined them when the snapshot was taken, else as documented."""

    def __init__(self, name: str, known: Mapping[str, FieldType]) -> None:
        super().__init__(name)
        self._known = known

    def __getitem__(self, field: str) -> FieldType:
        return self._known.get(field) or super().__getitem__(field)


def _types(run: Run) -> dict[str, Mapping[str, FieldType]]:
    before = run.before
    names = {name for name in run.plan.table["entity"].unique() if name != "user"}
    held = set(before.entities)
    return {name: _Types(name, before.field_types(name) if name in held else {}) for name in names}
