"""The table of topics, as somebody wrote it, on the portal as it is: names become ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from toolkit.runs.contact_centre.rows import TopicRow, TopicSaid
from toolkit.runs.operation import Tables
from toolkit.sheets.portal_facts import PortalFacts
from toolkit.sheets.problems import Place, Problem
from toolkit.sheets.spelling import fold, nearest_known

__all__ = ["check_said", "portal_facts", "settled_topics"]

_STAGES = "DEAL_STAGE"
GONE = -1
"""A pipeline the portal does not have."""


def portal_facts(tables: Tables) -> PortalFacts:
    """People, pipelines and stages of deals.

    Args:
        tables: `user`, `category:2`, `status`.
    """
    stages = tables["status"]
    names = stages.get("ENTITY_ID", pd.Series(dtype="str")).astype("str")
    own = stages[names.str.fullmatch(rf"{_STAGES}(_\d+)?")] if len(names) else stages
    kinds = names.reindex(own.index, fill_value=_STAGES)
    homes = [name.rpartition("_")[2] if name != _STAGES else "0" for name in kinds]
    pipelines = tables["category:2"].reindex(columns=["id", "name"])
    if 0 not in set(pipelines["id"].dropna().astype(int)):
        pipelines = pd.concat([pd.DataFrame({"id": [0], "name": ["0"]}), pipelines.astype(object)])
    return PortalFacts(
        users=tables["user"],
        departments=pd.DataFrame(columns=["ID", "NAME", "PARENT"]),
        pipelines=pipelines,
        stages=own.reindex(columns=["STATUS_ID", "NAME"]).assign(CATEGORY_ID=homes),
    )


def check_said(said: Iterable[TopicSaid], facts: PortalFacts) -> list[str]:
    """What is wrong with a table of topics, a sentence each.

    A pipeline named by an id that is gone is none of it: its rows are put aside when there are any.
    """
    found = []
    for number, row in enumerate(said, start=1):
        for key, problem in _problems(number, row, facts):
            near = f"; perhaps {problem.suggestion}" if problem.suggestion else ""
            found.append(f"row {number}, {key}: {problem.what('en').rstrip('.')}{near}")
    return found


def settled_topics(said: Iterable[TopicSaid], facts: PortalFacts) -> dict[str, TopicRow]:
    """The table with ids for names, by topic in lower case."""
    return {each.topic.casefold(): _settled(each, facts) for each in said}


def _settled(said: TopicSaid, facts: PortalFacts) -> TopicRow:
    pipeline, stage = GONE, ""
    if facts.pipeline_ids.get(fold(said.pipeline)):
        place, stage = facts.place_of(said.pipeline, said.stage)
        pipeline = int(place)
    people = (
        [each for each in facts.people_called(said.responsible) if each.active] if said.responsible else []
    )
    who = str(people[0].id) if len(people) == 1 else said.responsible
    return TopicRow(topic=said.topic, pipeline=pipeline, stage=stage, responsible=who)


def _problems(number: int, said: TopicSaid, facts: PortalFacts) -> Iterator[tuple[str, Problem]]:
    here = Place("", number, 1)
    known = facts.pipeline_ids.get(fold(said.pipeline), [])
    if not known and not said.pipeline.isdigit():
        near = nearest_known(said.pipeline, list(facts.pipeline_names.values()))
        yield "pipeline", Problem("pipeline_missing", here, value=said.pipeline, suggestion=near)
    if said.stage:
        yield from _of_stage(here, said, known, facts)
    people = facts.people_called(said.responsible) if said.responsible else []
    meant = facts.people_meant(said.responsible) if said.responsible and not people else []
    if meant:
        near = facts.unmistakable(meant[0]) if len(meant) == 1 else None
        named = {"candidates": "; ".join(facts.shown(each) for each in meant[:12])}
        yield (
            "responsible",
            Problem("user_short", here, value=said.responsible, facts=named, suggestion=near),
        )
    elif said.responsible and not people:
        near = facts.nearest_person(said.responsible)
        yield "responsible", Problem("user_missing", here, value=said.responsible, suggestion=near)
    elif people and not any(each.active for each in people):
        yield "responsible", Problem("user_dismissed", here, value=said.responsible)
    elif len(people) > 1:
        named = {"candidates": "; ".join(facts.shown(each) for each in people[:12])}
        yield "responsible", Problem("user_ambiguous", here, value=said.responsible, facts=named)


def _of_stage(
    here: Place, said: TopicSaid, known: Sequence[int], facts: PortalFacts
) -> Iterator[tuple[str, Problem]]:
    homes = facts.stage_pipelines.get(fold(said.stage), [])
    near = nearest_known(said.stage, facts.stages_of(known or facts.pipeline_names))
    if not homes:
        yield "stage", Problem("stage_missing", here, value=said.stage, suggestion=near)
    elif known and not set(homes) & set(known):
        others = ", ".join(dict.fromkeys(facts.pipeline_names.get(each, str(each)) for each in homes))
        words = {"others": others, "pipeline": facts.pipeline_names.get(known[0], said.pipeline)}
        yield "stage", Problem("stage_elsewhere", here, value=said.stage, facts=words, suggestion=near)
