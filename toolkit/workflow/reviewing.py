"""A person looks through a plan: out as a workbook, back as the plan that says what was chosen.

Rows are struck in the plan itself. Choices about groups of cards (merge, split, another survivor, other values)
make a new run: planned on the very same snapshot, with the choices among its parameters, so that nothing comes
in that was not offered there, and a second plan knows what was decided. No request is sent for it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toolkit.errors import PlanError, SheetError
from toolkit.matching import Decisions, Explanation
from toolkit.matching import explain as explain_cards
from toolkit.operations.deduplicate import Deduplicate, DeduplicateParams, KeptApart, find_duplicates
from toolkit.runs import Plan, Run, export_review, import_review, new_run_id
from toolkit.runs.merges.carrying import aliases
from toolkit.runs.report.evidence import gather
from toolkit.runs.report.html import title_of
from toolkit.runs.report.listings import Tables
from toolkit.runs.report.names import Names
from toolkit.runs.report.wording import Language, Wording
from toolkit.runs.review.answers import ReadAnswer, read_answers
from toolkit.runs.review.groups import Answer, GroupChoice, NotOffered, OfferedGroup, chosen
from toolkit.runs.review.sheets import write_groups
from toolkit.runs.review.workbooks import facts_of, opened
from toolkit.workflow.rehearsing import linked
from toolkit.workflow.workspace import Workspace, find_run, operation_of, whoever

__all__ = [
    "choose",
    "is_review",
    "kept_decisions",
    "offered",
    "review_in",
    "review_out",
    "with_decisions",
]

_BEGUN = ("applying", "paused", "applied", "verified")
_LISTED_ANYWAY = "a person has to decide"


def kept_decisions(work: Workspace, portal: str) -> Decisions:
    """What people decided about clients of a portal, for everybody who works from this folder.

    Raises:
        PlanError: a line of the file cannot be read.
    """
    return Decisions.open(work.root / portal.replace(":", "_") / "decisions.jsonl")


def offered(work: Workspace, run: Run) -> list[OfferedGroup]:
    """The groups of cards a person may decide about in a run; empty for other operations."""
    operation, params = operation_of(work, run)
    if not isinstance(operation, Deduplicate):
        return []
    return operation.offered(_tables(run), params)


def review_out(work: Workspace, run: Run, path: Path, *, language: Language | None = None) -> Path:
    """Write the plan of a run as a workbook to look through: group by group for merges, else row by row.

    Raises:
        PlanError, StorageError: as `export_review`.
    """
    language = language or work.settings.language
    operation, _ = operation_of(work, run)
    if not isinstance(operation, Deduplicate):
        return export_review(run, path, language=language)
    evidence = gather(run)
    wording = Wording(language, evidence.offset_s)
    names = Names(evidence.before, evidence.facts.portal, wording)
    doubts = evidence.plan.listed["reason"] != _LISTED_ANYWAY
    listed = Plan(evidence.plan.table, evidence.plan.listed[doubts], evidence.plan.facts)
    left = Tables(replace(evidence, plan=listed), names, wording).left()
    facts = {"groups": run.plan.id, "run": run.id, "language": language}
    title = f"{title_of(evidence, wording)} · {evidence.facts.portal} · {run.id}"
    return write_groups(offered(work, run), left, names, wording, path, facts, title)


def is_review(path: Path) -> bool:
    """Whether a file is a workbook of groups that was written by `review_out`."""
    if not path.is_file():
        return False
    try:
        book = opened(path)
    except SheetError:
        return False
    try:
        return "groups" in facts_of(book, path)
    except SheetError:
        return False
    finally:
        book.close()


def review_in(work: Workspace, path: Path, run: Run | None = None, *, who: str | None = None) -> Run:
    """The run that does what a reviewed workbook says.

    Args:
        work: where.
        path: the workbook, saved by any spreadsheet program as .xlsx.
        run: the run it must belong to; None for the one it names.
        who: the person, for what is remembered.

    Returns:
        The same run, its plan narrowed; or for groups of cards a new one on the same snapshot, when anything
        but the proposal was chosen.

    Raises:
        PlanError: the run has begun to write, or is not there.
        SheetError: the workbook asks for what was not offered; names sheet, row and column.
    """
    book = opened(path)
    try:
        facts = facts_of(book, path)
        run = run or find_run(work, facts.get("run", ""))
        if "groups" not in facts:
            run.freeze(import_review(run, path))
            return run
        if facts.get("run") != run.id or facts["groups"] != run.plan.id:
            raise SheetError(
                path, None, None, None, f"is the review of another plan (run {facts.get('run')})",
                f"Export the review of run {run.id} and mark it there.",
            )  # fmt: skip
        evidence = gather(run)
        wording = Wording("en" if facts.get("language") == "en" else "ru", evidence.offset_s)
        names = Names(evidence.before, evidence.facts.portal, wording)
        groups = offered(work, run)
        read = read_answers(book, path, groups, names, wording)
    finally:
        book.close()

    def refused(group: OfferedGroup, wrong: NotOffered) -> Exception:
        return _refused(read[group.number], wrong, wording)

    answers = {number: each.answer for number, each in read.items()}
    return _made(work, run, groups, answers, refused, whoever() if who is None else who, path.name)


def choose(work: Workspace, run: Run, answers: Mapping[int, Answer], *, who: str | None = None) -> Run:
    """The run that does what a person said about groups of a run; groups not named stay as proposed.

    Args:
        work: where.
        run: a run that merges cards and has not begun to write.
        answers: number of a group, as `offered` gives it, to what was said.
        who: the person.

    Raises:
        PlanError: the run has begun to write, or an answer asks for what was not offered.
    """

    def refused(group: OfferedGroup, wrong: NotOffered) -> Exception:
        return PlanError(
            f"group {group.number}", f"cannot be so: {wrong.problem}", "Choose among what is offered."
        )

    person = whoever() if who is None else who
    return _made(work, run, offered(work, run), answers, refused, person, "")


def allowed(work: Workspace, run: Run, group: OfferedGroup, answer: Answer) -> None:
    """Whether an answer about a group of a run can be.

    Raises:
        NotOffered: it asks for what was not offered.
    """
    operation, params = operation_of(work, run)
    if isinstance(operation, Deduplicate):
        chosen(group, answer, operation.objections(_tables(run), params))


def explain(work: Workspace, run: Run, a: int, b: int, *, entity: str = "contact") -> Explanation:
    """Why two cards of a run's snapshot are one client, or are not, in words and as a picture.

    Raises:
        PlanError: the run merges no cards.
        ParameterError: a card was not among them.
    """
    operation, params = operation_of(work, run)
    if not isinstance(operation, Deduplicate):
        raise PlanError(f"run {run.id}", "merges no cards", "Ask a run of deduplicate.")
    clusters = find_duplicates(_tables(run), params)
    return explain_cards(clusters, a, b, entity=entity, language=work.settings.language)


def _made(
    work: Workspace,
    run: Run,
    groups: Sequence[OfferedGroup],
    answers: Mapping[int, Answer],
    refused: Callable[[OfferedGroup, NotOffered], Exception],
    who: str,
    workbook: str,
) -> Run:
    if run.state in _BEGUN:
        raise PlanError(
            f"run {run.id}", f"is {run.state}: its plan cannot be narrowed any more", "Undo what is unwanted."
        )
    operation, params = operation_of(work, run)
    if not isinstance(operation, Deduplicate):
        raise PlanError(f"run {run.id}", "merges no cards", "Strike rows of its plan instead.")
    tables = _tables(run)
    objection = operation.objections(tables, params)
    choices: list[GroupChoice] = []
    for group in groups:
        answer = answers.get(group.number, group.proposal)
        try:
            choice = chosen(group, answer, objection, who)
        except NotOffered as wrong:
            raise refused(group, wrong) from wrong
        if choice is not None:
            choices.append(choice)
    withdrawn = _remember(work, run, groups, answers, who)
    choices += _unproven(tables, params, groups, choices, withdrawn, who)
    if not choices:
        run.journal.event("reviewed", by=who, workbook=workbook)
        return run
    kept = [each for each in params.choices if not any(set(each.cards) & set(new.cards) for new in choices)]
    new = params.model_copy(update={"choices": [*kept, *choices]})
    return _planned_again(work, run, operation, new, tables, who, workbook)


def _planned_again(
    work: Workspace,
    run: Run,
    operation: Deduplicate,
    params: DeduplicateParams,
    tables: Mapping[str, Any],
    who: str,
    workbook: str,
) -> Run:
    """A run of its own on the snapshot of another one."""
    facts = replace(
        run.facts,
        run=new_run_id(work.clock.now(), operation.name),
        parameters=params.model_dump(mode="json"),
        created=datetime.fromtimestamp(work.clock.now(), UTC).isoformat(timespec="seconds"),
    )
    again = Run.create(work.root, facts, work.clock.now)
    try:
        shutil.copytree(run.folder / "before", again.folder / "before", copy_function=linked)
        digest = run.plan.facts.get("snapshot", "")
        changes = operation.plan(tables, params)
        again.freeze(
            Plan.freeze(
                changes, {"operation": operation.name, "parameters": facts.parameters, "snapshot": digest}
            )
        )
    except BaseException:
        again.close()
        shutil.rmtree(again.folder, ignore_errors=True)
        raise
    again.journal.event("reviewed", by=who, workbook=workbook, of=run.id)
    run.journal.event("chosen", run=again.id)
    return again


def _remember(
    work: Workspace,
    run: Run,
    groups: Sequence[OfferedGroup],
    answers: Mapping[int, Answer],
    who: str,
) -> list[KeptApart]:
    """Keep for everybody what was said to be different; returns the keys said to prove nothing."""
    store = kept_decisions(work, run.facts.portal)
    at = datetime.fromtimestamp(work.clock.now(), UTC).isoformat(timespec="seconds")
    note = f"review of {run.id}"
    withdrawn: list[KeptApart] = []
    known = store.keys()
    for group in groups:
        answer = answers.get(group.number)
        if answer is None:
            continue
        for a, b in _apart(group, answer):
            if store.about_pair(group.entity, a, b) is None:
                store.not_duplicates(group.entity, a, b, who=who, at=at, note=note)
        for key_type, value in answer.no_evidence:
            withdrawn.append(KeptApart(about="key", key_type=key_type, key_value=value, who=who, at=at))
            if (key_type, value) not in known:
                store.no_evidence(key_type, value, who=who, at=at, note=note)
                known.add((key_type, value))
    return withdrawn


def _apart(group: OfferedGroup, answer: Answer) -> list[tuple[int, int]]:
    """Pairs a person called different: all of them, or those given different letters on purpose."""
    pairs = [(a, b) for a in group.cards for b in group.cards if a < b]
    if answer.say == "different":
        return pairs
    if answer.say == "leave" or answer.letters == group.proposal.letters:
        return []
    letters, proposed = answer.letters, group.proposal.letters
    return [
        (a, b)
        for a, b in pairs
        if letters.get(a) and letters.get(b) and letters[a] != letters[b] and proposed[a] == proposed[b]
    ]


def _unproven(
    tables: Mapping[str, Any],
    params: DeduplicateParams,
    groups: Sequence[OfferedGroup],
    choices: Sequence[GroupChoice],
    withdrawn: Sequence[KeptApart],
    who: str,
) -> list[GroupChoice]:
    """Groups nobody spoke about that were sure only by a key that proves nothing now: they are left."""
    if not withdrawn:
        return []
    spoken = {(each.entity, card) for each in choices for card in each.cards}
    without = find_duplicates(
        tables, params.model_copy(update={"decisions": [*params.decisions, *withdrawn]})
    )
    found = []
    for group in groups:
        if not group.merged or any((group.entity, card) in spoken for card in group.cards):
            continue
        still = [
            part
            for part in group.parts
            if len(part) > 1 and set(part) <= set(without.members(group.entity, part[0]))
        ]
        if len(still) < sum(len(part) > 1 for part in group.parts):
            found.append(
                GroupChoice(
                    entity=group.entity,
                    cards=list(group.cards),
                    parts=[list(part) for part in still],
                    who=who,
                )
            )
    return found


def _refused(read: ReadAnswer, wrong: NotOffered, _: Wording) -> SheetError:
    place = read.place(wrong.what, wrong.card)
    if place is None:
        raise wrong
    return SheetError(
        place.sheet, place.row, place.column, None, f"cannot be so: {_.phrase(wrong.problem)}",
        "Choose among what is offered.",
    )  # fmt: skip


def _tables(run: Run) -> dict[str, Any]:
    before = run.before
    return {name: before.table(name) for name in before.entities}


def with_decisions(work: Workspace, params: DeduplicateParams, portal: str) -> DeduplicateParams:
    """The parameters, with what people decided before about clients of the portal."""
    kept = kept_decisions(work, portal)
    if not len(kept):
        return params
    runs = [run for run in Run.all(work.root, work.clock.now) if run.facts.portal == portal]
    try:
        followed = kept.following(aliases(runs))
    finally:
        for run in runs:
            run.close()
    said = {each.model_dump_json() for each in params.decisions}
    stored = [KeptApart(**each.__dict__) for each in followed]
    new = [each for each in stored if each.model_dump_json() not in said]
    return params.model_copy(update={"decisions": [*params.decisions, *new]})
