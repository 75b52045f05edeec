"""What is said about rules is true of the evaluator, whatever the rules."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.routing.evaluator import ANY, FOREVER, Appeal, Directory, Hours, Rule, open_at, period
from toolkit.sheets.relations import conflicts, covered_by, cycles, gaps

DAY = date(2026, 3, 2).toordinal()  # a Monday
HOURS: list[Hours] = [(), ((540, 1080),), ((600, 700),), ((0, 540), (1080, 10080))]
WORDS = st.sampled_from([(), ("акция",), ("#конкурс", "акция")])
some = st.sampled_from([ANY, "а", "б"])
rules = st.lists(
    st.builds(
        lambda own, target, priority, hours, first, days, words: (
            own,
            target,
            priority,
            hours,
            first,
            days,
            words,
        ),
        st.tuples(some, st.sampled_from([ANY, "п"]), some, st.sampled_from([ANY, "о"]), some),
        st.sampled_from([("x",), ("y",)]),
        st.sampled_from([50, 50, 50, 10]),
        st.sampled_from(HOURS),
        st.integers(0, 3),
        st.integers(0, 3) | st.none(),
        WORDS,
    ),
    max_size=7,
).map(
    lambda drawn: [
        Rule(
            order,
            own,
            target,
            priority,
            hours,
            (DAY + first, FOREVER[1] if days is None else DAY + first + days),
            words,
        )
        for order, (own, target, priority, hours, first, days, words) in enumerate(drawn)
    ]
)
EVERY_APPEAL = [
    Appeal(conditions, datetime.fromordinal(DAY + day) + timedelta(minutes=minute), text)
    for conditions in product(["а", "б", "в"], [None, "п"], ["а", "б", None], ["о", "к"], ["а", "б"])
    for day in range(0, 8, 2)
    for minute, text in ((560, ""), (650, "акция"), (1200, "#конкурс"))
]


def by_hand(directory: Directory, appeal: Appeal) -> Rule | None:
    """The three sentences of `rules`, said without any index."""
    fitting = [rule for rule in directory.rules if rule.fits(appeal)]
    opened = [rule for rule in fitting if open_at(rule.hours, appeal.minute)]
    return min(opened or fitting, key=lambda rule: rule.strength, default=None)


@settings(max_examples=25, deadline=None)
@given(rules)
def test_the_index_answers_as_reading_every_rule_would(drawn: list[Rule]) -> None:
    directory = Directory(drawn)

    for appeal in EVERY_APPEAL[::7]:
        assert directory.winner(appeal) == by_hand(directory, appeal)


@settings(max_examples=60, deadline=None)
@given(rules)
def test_a_rule_found_to_never_win_never_wins(drawn: list[Rule]) -> None:
    directory = Directory(drawn)
    beaten = {rule.order for rule in drawn if covered_by(rule, directory)}

    winners = {rule.order for appeal in EVERY_APPEAL[::3] if (rule := directory.winner(appeal))}

    assert not winners & beaten


@settings(max_examples=60, deadline=None)
@given(rules)
def test_where_order_alone_decides_between_targets_it_is_said(drawn: list[Rule]) -> None:
    directory = Directory(drawn)
    told = {each.rule.order for each in conflicts(directory)}

    for appeal in EVERY_APPEAL[::5]:
        opened = [rule for rule in drawn if rule.fits(appeal) and open_at(rule.hours, appeal.minute)]
        best = min((rule.strength[:2] for rule in opened), default=None)
        tied = [rule for rule in opened if rule.strength[:2] == best]
        for rule in tied[1:]:
            if rule.target != tied[0].target:
                assert {each.order for each in tied} & told


@settings(max_examples=60, deadline=None)
@given(rules)
def test_gaps_are_exactly_what_nobody_gets(drawn: list[Rule]) -> None:
    always = [Rule(each.order, each.conditions, each.target) for each in drawn]
    topics, regions, channels = ["а", "б"], ["а", "б"], ["а", "б"]
    said = {
        (gap.topic, region, channel)
        for gap in gaps(always, topics, regions, channels)
        for place, way in gap.missing
        for region in (regions if place == ANY else [place])
        for channel in (channels if way == ANY else [way])
    }
    directory = Directory(always)
    true = {
        (topic, region, channel)
        for topic, region, channel in product(topics, regions, channels)
        if directory.winner(Appeal((topic, None, region, None, channel), datetime(2026, 3, 2))) is None
    }

    assert said == true


def a_rule(
    order: int, target: str = "x", start: date | None = None, end: date | None = None, topic: str = "а"
) -> Rule:
    return Rule(order, (topic, ANY, ANY, ANY, ANY), (target,), period=period(start, end))


def codes(*made: Rule) -> list[tuple[str, int, int]]:
    return [(each.code, each.rule.order, each.other.order) for each in conflicts(Directory(made))]


def test_nested_periods_overlap_with_the_one_around_them() -> None:
    year = a_rule(1, "x", date(2026, 1, 1), date(2026, 12, 31))
    march = a_rule(2, "y", date(2026, 3, 1), date(2026, 3, 31))
    june = a_rule(3, "z", date(2026, 6, 1), date(2026, 6, 30))

    assert codes(year, march, june) == [("overlap", 2, 1), ("overlap", 3, 1)]


def test_a_hole_is_named_unless_another_rule_takes_it_over() -> None:
    early = a_rule(1, "x", None, date(2026, 3, 31))
    late = a_rule(2, "x", date(2026, 5, 1), None)
    general = Rule(3, (ANY, ANY, ANY, ANY, ANY), ("z",))

    assert codes(early, late) == [("hole", 2, 1)]
    assert codes(early, late, general) == []
    assert conflicts(Directory([early, late]))[0].days == period(date(2026, 4, 1), date(2026, 4, 30))


def test_two_halves_of_a_year_together_leave_nothing_to_a_third() -> None:
    halves = [a_rule(1, "x", None, date(2026, 6, 30)), a_rule(2, "y", date(2026, 7, 1), None)]
    general = Rule(3, ("а", ANY, "м", ANY, ANY), ("z",), priority=90)

    assert codes(*halves, general) == [("never_wins", 3, 1)]


def test_a_rule_for_both_decides_between_two() -> None:
    topic = Rule(1, ("а", ANY, ANY, ANY, ANY), ("x",))
    region = Rule(2, (ANY, ANY, "м", ANY, ANY), ("y",))
    both = Rule(3, ("а", ANY, "м", ANY, ANY), ("z",))

    assert codes(topic, region) == [("equal_strength", 2, 1)]
    assert codes(topic, region, both) == []


@given(st.lists(st.tuples(st.sampled_from("абвг"), st.sampled_from("абвг"), st.integers(0, 3)), max_size=6))
def test_circles_are_found_exactly_where_walking_finds_them(drawn: list[tuple[str, str, int]]) -> None:
    edges = [(absent, by, (day, day + 1)) for absent, by, day in drawn if absent != by]
    going_round = False
    for day in range(6):
        today = [(absent, by) for absent, by, (first, last) in edges if first <= day <= last]
        reached = {(absent, by) for absent, by in today}
        for _ in range(len(today)):
            reached |= {(a, d) for a, b in reached for c, d in today if b == c}
        going_round |= any(a == b for a, b in reached)

    assert bool(cycles(edges)) == going_round
