"""A pair is explained in words and as a picture that a person would trust."""

from __future__ import annotations

from xml.etree import ElementTree

import pandas as pd
import pytest

from toolkit.errors import ParameterError
from toolkit.matching.clusters import Clusters, find_clusters
from toolkit.matching.decisions import Decisions
from toolkit.matching.explain import explain, picture
from toolkit.matching.reasons import Reason, Tier
from toolkit.matching.wording import reason_words

P1, P2 = "+79120000001", "+79120000002"


def portal(
    names: list[tuple[str, str]], keys: list[tuple[int, str]], said: Decisions | None = None
) -> Clusters:
    cards = pd.DataFrame(
        [{"entity": "contact", "id": i, "lastName": n[0], "name": n[1]} for i, n in enumerate(names, start=1)]
    )
    rows = [
        {"entity": "contact", "id": i, "key_type": "email" if "@" in v else "phone", "key_value": v}
        for i, v in keys
    ]
    return find_clusters(cards, pd.DataFrame(rows), decisions=said)


def test_a_joined_pair_names_the_key_and_how_the_names_fit() -> None:
    found = explain(portal([("Иванов", "Иван"), ("Иванов", "Ваня")], [(1, P1), (2, P1)]), 1, 2)
    text = str(found)
    assert found.tier is Tier.AUTO
    assert "одно из имён — уменьшительное" in text
    assert f"телефон {P1}: личный" in text


def test_the_same_is_said_in_english() -> None:
    clusters = portal([("Иванов", "Иван"), ("Иванов", "Ваня")], [(1, P1), (2, P1)])
    text = str(explain(clusters, 2, 1, language="en"))
    assert "one client, may be merged automatically" in text
    assert f"phone {P1}: one client's own" in text


def test_cards_joined_through_a_third_show_the_third() -> None:
    clusters = portal(
        [("Иванов", "Иван"), ("Иванов", "Ваня"), ("Ivanov", "Ivan")], [(1, P1), (2, P1), (1, P2), (3, P2)]
    )
    found = explain(clusters, 2, 3)
    assert found.together
    assert "объединены через 1 «Иванов Иван»" in str(found)


def test_a_shared_number_is_told_as_such() -> None:
    names = [("Иванов", "Иван"), ("Иванов", "Иван"), ("Петров", "Олег"), ("Ли", "Анна"), ("Цой", "Юрий")]
    found = explain(portal(names, [(i, P1) for i in range(1, 6)]), 1, 2)
    assert found.tier is Tier.REVIEW
    assert "сам по себе ничего не доказывает" in str(found)


def test_a_persons_decision_is_shown_with_its_author() -> None:
    said = Decisions()
    said.not_duplicates("contact", 1, 2, who="Анна", at="2026-11-22T10:00:00+03:00", note="отец и сын")
    found = explain(portal([("Иванов", "Иван"), ("Иванов", "Иван")], [(1, P1), (2, P1)], said), 1, 2)
    assert found.tier is Tier.NEVER
    assert "Анна · 2026-11-22T10:00:00+03:00 · отец и сын" in str(found)


def test_strangers_have_nothing_in_common() -> None:
    found = explain(portal([("Иванов", "Иван"), ("Петров", "Олег")], [(1, P1), (2, P2)]), 1, 2)
    assert found.tier is None
    assert "ничто их не связывает" in found.headline


def test_a_card_that_was_not_matched_is_refused() -> None:
    with pytest.raises(ParameterError, match="was not among the cards"):
        explain(portal([("Иванов", "Иван")], [(1, P1)]), 1, 99)


def test_the_picture_is_well_formed_and_shows_every_card_and_tier() -> None:
    names = [("Иванов", "Иван"), ("Иванов", "Ваня"), ("Иванова", "Мария"), ("", "Ваня")]
    svg = picture(portal(names, [(1, P1), (2, P1), (3, P1), (4, P1)]), 1)
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{space}circle")) == 3
    said = [text.text or "" for text in root.findall(f"{space}text")]
    assert any("1 Иванов Иван" in line for line in said)
    assert any("решает человек" in line for line in said)


def test_a_crowd_is_cut_to_the_nearest_and_the_rest_is_counted() -> None:
    clusters = portal([("Иванов", "Иван")] * 30, [(i, P1) for i in range(1, 31)])
    assert "и ещё 14" in picture(clusters, 5)


def test_hostile_text_cannot_leave_the_page() -> None:
    clusters = portal([("<script>Иванов", "Иван"), ("Иванов", "Иван")], [(1, P1), (2, P1)])
    shown = explain(clusters, 1, 2)._repr_html_()
    assert "<script" not in shown


def test_every_finding_about_a_pair_has_words_in_both_languages() -> None:
    told_by_keys = {
        Reason.PERSONAL_KEY, Reason.HOUSEHOLD_KEY, Reason.SWITCHBOARD_KEY, Reason.SHARED_KEY,
        Reason.SOLE_OWNER, Reason.SEVERAL_KEYS,
    }  # fmt: skip
    for reason in Reason:
        said = [reason_words(reason, "ru"), reason_words(reason, "en")]
        assert said == [[], []] if reason in told_by_keys else all(len(words) == 1 for words in said), reason


def test_russian_words_agree_in_gender_with_what_they_tell_of() -> None:
    clusters = portal(
        [("Иванов", "Иван"), ("Иванов", "Ваня")], [(1, P1), (2, P1), (1, "i@m.ru"), (2, "i@m.ru")]
    )
    text = str(explain(clusters, 1, 2))
    assert "почта i@m.ru: личная" in text
    assert f"телефон {P1}: личный" in text


def test_each_line_of_the_picture_says_what_connects_its_cards() -> None:
    clusters = portal(
        [("Иванов", "Иван"), ("Иванов", "Ваня")], [(1, P1), (2, P1), (1, "i@m.ru"), (2, "i@m.ru")]
    )
    assert ">почта, телефон<" in picture(clusters, 1) or ">телефон, почта<" in picture(clusters, 1)


def test_two_men_of_one_firm_are_no_question_because_their_first_names_are_the_same() -> None:
    cards = pd.DataFrame(
        [
            {"entity": "contact", "id": i, "lastName": last, "name": "Александр", "secondName": "Павлович"}
            for i, last in enumerate(["Попов", "Калашников", "Титов", "Орлов", "Белов"], start=1)
        ]
    )
    keys = pd.DataFrame(
        [{"entity": "contact", "id": i, "key_type": "company", "key_value": "3"} for i in range(1, 6)]
    )
    assert set(find_clusters(cards, keys).pairs()["tier"]) <= {"never"}
