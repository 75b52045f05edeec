"""Clusters: what is merged by itself, what waits for a person, what is never joined."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import ParameterError
from toolkit.matching.clusters import Clusters, find_clusters
from toolkit.matching.decisions import Decisions
from toolkit.matching.reasons import Reason
from toolkit.matching.rules import MatchRules

P1, P2, P3 = "+79120000001", "+79120000002", "+79120000003"
LINE = "+74951234567"
INN, INN2, PERSON_INN = "7707083893", "7736050003", "500100732259"
Row = dict[str, Any]


def contact(number: int, last: str = "", first: str = "", second: str = "", **more: Any) -> Row:
    return {"entity": "contact", "id": number, "lastName": last, "name": first, "secondName": second, **more}


def company(number: int, title: str, **more: Any) -> Row:
    return {"entity": "company", "id": number, "title": title, **more}


def key(number: int, value: str, kind: str = "phone", entity: str = "contact", extension: str = "") -> Row:
    return {"entity": entity, "id": number, "key_type": kind, "key_value": value, "extension": extension}


def clusters(cards: list[Row], keys: list[Row], **how: Any) -> Clusters:
    columns = ["entity", "id", "key_type", "key_value", "extension"]
    return find_clusters(pd.DataFrame(cards), pd.DataFrame(keys, columns=columns), **how)


def groups(found: Clusters) -> list[list[int]]:
    table = found.groups()
    return [rows["id"].tolist() for _, rows in table.groupby(["entity", "group"])]


def tier(found: Clusters, a: int, b: int) -> str:
    pairs = found.pairs()
    row = pairs[(pairs["a"] == a) & (pairs["b"] == b)]
    return str(row["tier"].iloc[0]) if len(row) else "none"


def reasons(found: Clusters, a: int, b: int) -> Reason:
    pairs = found.pairs()
    return Reason(int(pairs[(pairs["a"] == a) & (pairs["b"] == b)]["reasons"].iloc[0]))


def test_a_shared_phone_and_agreeing_names_make_a_group() -> None:
    found = clusters(
        [contact(1, "Иванов", "Иван"), contact(2, "Иванов", "Ваня"), contact(3, "Петров", "Олег")],
        [key(1, P1), key(2, P1), key(3, P2)],
    )
    assert groups(found) == [[1, 2]]
    assert Reason.DIMINUTIVE | Reason.PERSONAL_KEY in reasons(found, 1, 2)


def test_a_phone_alone_never_merges() -> None:
    cards = [contact(1, "Иванов", "Иван"), contact(2), contact(3, "", "Клиент")]
    found = clusters(cards, [key(i, P1) for i in (1, 2, 3)])
    assert groups(found) == []
    assert tier(found, 1, 2) == "review"


def test_a_nameless_card_joins_when_phone_and_mail_both_lead_to_one_person() -> None:
    cards = [contact(1, "Иванов", "Иван"), contact(2)]
    keys = [key(1, P1), key(2, P1), key(1, "i@mail.ru", "email"), key(2, "i@mail.ru", "email")]
    assert groups(clusters(cards, keys)) == [[1, 2]]


def test_one_part_of_a_name_joins_the_only_person_of_the_number() -> None:
    found = clusters([contact(1, "Иванова", "Мария"), contact(2, "", "Маша")], [key(1, P1), key(2, P1)])
    assert groups(found) == [[1, 2]]


def test_one_part_of_a_name_waits_where_two_people_share_the_number() -> None:
    cards = [contact(1, "Иванова", "Мария"), contact(2, "Иванов", "Пётр"), contact(3, "", "Маша")]
    found = clusters(cards, [key(i, P1) for i in (1, 2, 3)])
    assert groups(found) == []
    assert tier(found, 1, 3) == "review"


def test_a_household_is_not_one_client() -> None:
    cards = [contact(1, "Иванов", "Иван"), contact(2, "Иванова", "Мария"), contact(3, "Иванов", "Ваня")]
    found = clusters(cards, [key(i, P1) for i in (1, 2, 3)])
    assert groups(found) == [[1, 3]]
    assert tier(found, 1, 2) == "never"
    assert Reason.HOUSEHOLD_KEY in reasons(found, 1, 3)


def test_a_number_on_a_thousand_cards_merges_nobody_and_costs_little() -> None:
    people = [
        contact(i, f"Фамилия{'абвгдежзик'[i % 10]}{'лмнопрстуф'[i // 10 % 10]}ов", "Иван")
        for i in range(1000)
    ]
    found = clusters(people, [key(i, P1) for i in range(1000)])
    assert groups(found) == []
    assert found.summary()["keys_shared"] == 1
    assert len(found.edges) < 5000


def test_ten_duplicates_of_one_person_do_not_make_his_number_a_shared_one() -> None:
    found = clusters([contact(i, "Иванов", "Иван") for i in range(1, 11)], [key(i, P1) for i in range(1, 11)])
    assert groups(found) == [list(range(1, 11))]


def test_a_thousand_cards_of_one_name_are_one_group_and_of_nearly_one_name_wait() -> None:
    alike = [contact(i, "Иванов", "Иван") for i in range(100)]
    keys = [key(i, P1) for i in range(100)]
    assert groups(clusters(alike, keys)) == [list(range(100))]
    nearly = [*alike[:99], contact(99, "Иванов", "Ваня")]
    found = clusters(nearly, keys)
    assert groups(found) == []
    assert Reason.GROUP_TOO_LARGE in reasons(found, 0, 1)


def test_a_chain_whose_ends_contradict_is_cut_at_its_weakest_bridge() -> None:
    cards = [contact(1, "Иванов", "Иван"), contact(2, "", "Иван"), contact(3, "Петров", "Иван")]
    found = clusters(cards, [key(1, P1), key(2, P1), key(2, P2), key(3, P2)])
    # Both bridges hold equally: to choose would be to guess.
    assert groups(found) == []
    assert Reason.BRIDGE_CUT in reasons(found, 1, 2)
    stronger = clusters(
        [contact(1, "Иванов", "Иван"), contact(2, "Иванов", "Ваня"), contact(3, "", "Иван"),
         contact(4, "Петров", "Иван")],
        [key(1, P1), key(2, P1), key(2, P2), key(3, P2), key(3, P3), key(4, P3), key(3, "m@mail.ru", "email"),
         key(2, "m@mail.ru", "email")],
    )  # fmt: skip
    assert groups(stronger) == [[1, 2, 3]]
    assert tier(stronger, 3, 4) == "review"


def test_two_typos_of_one_name_stand_together_beside_the_right_spelling() -> None:
    cards = [
        contact(1, "Кузнецов", "Дмитрий"),
        contact(2, "Кузнцов", "Дмитрий"),
        contact(3, "Кузнецрв", "Дмитрий"),
    ]
    found = clusters(cards, [key(1, P1), key(2, P1), key(1, P2), key(3, P2)])
    assert groups(found) == [[1, 2, 3]]


def test_the_ambiguous_name_between_two_people_joins_neither() -> None:
    cards = [contact(1, "Ли", "Александр"), contact(2, "Ли", "Саша"), contact(3, "Ли", "Александра")]
    found = clusters(cards, [key(i, P1) for i in (1, 2, 3)])
    assert groups(found) == []


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ({"birthdate": "1980-01-02"}, {"birthdate": "1981-01-02"}, Reason.BIRTHDATE_DIFFERS),
        ({"inn": PERSON_INN}, {"inn": "500100732260"}, Reason.INN_DIFFERS),
        ({"sex": "m"}, {"sex": "f"}, Reason.SEX_DIFFERS),
    ],
)
def test_what_is_known_for_sure_vetoes_agreeing_names(one: Row, other: Row, reason: Reason) -> None:
    found = clusters(
        [contact(1, "Ли", "Саша", **one), contact(2, "Ли", "Саша", **other)], [key(1, P1), key(2, P1)]
    )
    assert groups(found) == []
    assert tier(found, 1, 2) == "never"
    assert reason in reasons(found, 1, 2)


def test_birthdates_are_compared_by_day() -> None:
    cards = [
        contact(1, "Ли", "Иван", birthdate="1980-01-02T03:00:00+03:00"),
        contact(2, "Ли", "Иван", birthdate="1980-01-02"),
    ]
    assert groups(clusters(cards, [key(1, P1), key(2, P1)])) == [[1, 2]]


def test_two_cards_of_one_external_system_wait_for_a_person() -> None:
    cards = [
        contact(1, "Иванов", "Иван", originatorId="1C", originId="A-1"),
        contact(2, "Иванов", "Иван", originatorId="1C", originId="A-2"),
    ]
    found = clusters(cards, [key(1, P1), key(2, P1)])
    assert tier(found, 1, 2) == "review"


def test_different_extensions_of_one_line_are_different_people() -> None:
    cards = [contact(1, "Иванов", "Иван"), contact(2, "Иванов", "Иван")]
    keys = [key(1, LINE, extension="105"), key(2, LINE, extension="106"), key(1, P1), key(2, P1)]
    assert tier(clusters(cards, keys), 1, 2) == "never"
    assert tier(clusters(cards, keys[:2]), 1, 2) == "none"
    assert groups(clusters(cards, [key(1, LINE, extension="105"), key(2, LINE, extension="105")])) == [[1, 2]]


def test_a_contacts_phone_that_is_a_companys_too_joins_by_full_names_only() -> None:
    cards = [
        contact(1, "Иванов", "Иван"),
        contact(2, "Иванов", "Иван"),
        contact(3, "", "Иван"),
        company(9, "Ромашка"),
    ]
    keys = [key(1, LINE), key(2, LINE), key(3, LINE), key(9, LINE, entity="company")]
    found = clusters(cards, keys)
    assert groups(found) == [[1, 2]]
    assert tier(found, 1, 3) == "review"
    assert Reason.SWITCHBOARD_KEY in reasons(found, 1, 2)


def test_namesakes_with_one_number_in_common_and_others_of_their_own_wait() -> None:
    # Father and son at one home number; no patronymic was written down.
    keys = [key(1, LINE), key(2, LINE), key(1, P1), key(2, P2)]
    found = clusters([contact(1, "Иванов", "Иван"), contact(2, "Иванов", "Иван")], keys)
    assert tier(found, 1, 2) == "review"
    assert Reason.OTHER_KEYS_DIFFER in reasons(found, 1, 2)
    confirmed = [contact(1, "Иванов", "Иван", "Петрович"), contact(2, "Иванов", "Иван", "Петрович")]
    assert groups(clusters(confirmed, keys)) == [[1, 2]]
    linked = [*keys, key(3, P1), key(3, P2), key(3, LINE)]
    cards = [contact(i, "Иванов", "Иван") for i in (1, 2, 3)]
    assert groups(clusters(cards, linked)) == [[1, 2, 3]]


def test_a_role_mailbox_proves_nothing_about_people() -> None:
    cards = [contact(1, "Иванов", "Иван"), contact(2, "Иванов", "Иван")]
    keys = [key(1, "info@romashka.ru", "email"), key(2, "info@romashka.ru", "email")]
    assert tier(clusters(cards, keys), 1, 2) == "review"


def test_denied_keys_and_domains_join_nothing() -> None:
    cards = [contact(1, "Иванов", "Иван"), contact(2, "Иванов", "Иван")]
    keys = [key(1, P1), key(2, P1), key(1, "a@own.ru", "email"), key(2, "a@own.ru", "email")]
    rules = MatchRules(denied_keys=frozenset({("phone", P1)}), denied_domains=frozenset({"own.ru"}))
    assert len(clusters(cards, keys, rules=rules).edges) == 0


def test_one_company_by_inn_and_title_is_merged() -> None:
    cards = [
        company(1, 'ООО "Ромашка"', inn=INN, kpp="770701001"),
        company(2, "Ромашка ООО", inn=INN, kpp=""),
        company(3, "АО Вектор", inn=INN2, kpp="770701001"),
    ]
    assert groups(clusters(cards, [])) == [[1, 2]]


@pytest.mark.parametrize(
    ("title", "kpp", "expected"),
    [
        ("Ромашка", "770701001", "auto"),
        ("Ромашка Казань", "165543001", "link"),
        ("Ромашка", "165543001", "link"),
        ("Ромашка", "997750001", "review"),
        ("Ромашка", "165501001", "review"),
        ("Вектор", "770701001", "review"),
        ("АО Ромашка", "770701001", "auto"),
        ("Ромашка", "", "auto"),
    ],
)
def test_one_inn_goes_by_kpp_and_title(title: str, kpp: str, expected: str) -> None:
    cards = [company(1, "ООО Ромашка", inn=INN, kpp="770701001"), company(2, title, inn=INN, kpp=kpp)]
    assert tier(clusters(cards, []), 1, 2) == expected


def test_a_card_without_kpp_does_not_bring_two_units_together() -> None:
    cards = [
        company(1, "Ромашка", inn=INN, kpp="770701001"),
        company(2, "Ромашка", inn=INN),
        company(3, "Ромашка", inn=INN, kpp="165501001"),
    ]
    assert groups(clusters(cards, [])) == []


def test_a_branch_and_a_card_without_kpp_wait_for_a_person() -> None:
    cards = [company(1, "Ромашка", inn=INN), company(2, "Ромашка", inn=INN, kpp="165543001")]
    assert tier(clusters(cards, []), 1, 2) == "review"


def test_another_legal_form_without_an_inn_waits_for_a_person() -> None:
    cards = [company(1, "ООО Ромашка"), company(2, "АО Ромашка")]
    keys = [key(1, LINE, entity="company"), key(2, LINE, entity="company")]
    assert tier(clusters(cards, keys), 1, 2) == "review"


def test_different_inns_veto_one_title_and_one_phone() -> None:
    cards = [company(1, "Ромашка", inn=INN), company(2, "Ромашка", inn=INN2)]
    keys = [key(1, LINE, entity="company"), key(2, LINE, entity="company")]
    assert tier(clusters(cards, keys), 1, 2) == "never"


def test_an_accountants_inn_on_forty_firms_joins_nothing_and_vetoes_nothing() -> None:
    titles = [
        f"{'АБВГДЕЖЗИК'[i % 10]}{'лмнопрстуф'[i // 10]}{'эюяыуаоикн'[i % 7]}ресурс {i}" for i in range(40)
    ]
    cards = [company(i, titles[i], inn=INN) for i in range(40)]
    found = clusters(
        [*cards, company(90, titles[0], inn=INN2)],
        [key(0, LINE, entity="company"), key(90, LINE, entity="company")],
    )
    assert groups(found) == [[0, 90]]
    assert len(found.edges) == 1


def test_employees_with_their_firms_inn_are_not_joined_by_it() -> None:
    cards = [contact(1, "Иванов", "Иван", inn=INN), contact(2, "Иванов", "Иван", inn=INN)]
    assert len(clusters(cards, []).edges) == 0


def test_a_person_working_for_two_companies_is_still_one_by_his_phone() -> None:
    cards = [contact(1, "Иванов", "Иван", inn=INN), contact(2, "Иванов", "Иван", inn=INN2)]
    keys = [key(1, P1), key(2, P1), key(1, "11", "company"), key(2, "12", "company")]
    assert groups(clusters(cards, keys)) == [[1, 2]]


def test_namesakes_in_one_company_wait_for_a_person() -> None:
    cards = [contact(1, "Иванов", "Иван"), contact(2, "Иванов", "Иван")]
    assert tier(clusters(cards, [key(1, "11", "company"), key(2, "11", "company")]), 1, 2) == "review"


def test_a_persons_word_about_a_pair_holds_through_third_cards() -> None:
    said = Decisions()
    said.not_duplicates("contact", 3, 1, who="Anna", at="2026-11-22T10:00:00+03:00")
    cards = [contact(i, "Иванов", "Иван") for i in (1, 2, 3)]
    found = clusters(cards, [key(i, P1) for i in (1, 2, 3)], decisions=said)
    assert tier(found, 1, 3) == "never"
    assert not any({1, 3} <= set(group) for group in groups(found))


def test_a_persons_word_about_a_key_takes_it_out() -> None:
    said = Decisions()
    said.no_evidence("phone", P1, who="Anna", at="2026-11-22T10:00:00+03:00")
    cards = [contact(1, "Иванов", "Иван"), contact(2, "Иванов", "Иван")]
    assert len(clusters(cards, [key(1, P1), key(2, P1)], decisions=said).edges) == 0


def test_rows_that_may_not_be_keys_are_left_out() -> None:
    table = pd.DataFrame([{**key(1, P1), "may_key": False}, {**key(2, P1), "may_key": True}])
    cards = pd.DataFrame([contact(1, "Иванов", "Иван"), contact(2, "Иванов", "Иван")])
    assert len(find_clusters(cards, table).edges) == 0


def test_nothing_in_gives_nothing_out() -> None:
    empty = pd.DataFrame({"entity": pd.Series(dtype="str"), "id": pd.Series(dtype="int64")})
    keys = pd.DataFrame(columns=["entity", "id", "key_type", "key_value"])
    assert find_clusters(empty, keys).groups().empty


def test_a_card_given_twice_and_a_key_of_no_card_are_refused() -> None:
    with pytest.raises(ParameterError, match="stands in two rows"):
        clusters([contact(1), contact(1)], [])
    with pytest.raises(ParameterError, match="belongs to no card"):
        clusters([contact(1)], [key(2, P1)])
    with pytest.raises(ParameterError, match="lacks key_value"):
        find_clusters(pd.DataFrame([contact(1)]), pd.DataFrame({"entity": [], "id": [], "key_type": []}))


NAMES = st.sampled_from(
    [("Иванов", "Иван", ""), ("Иванов", "Ваня", "Петрович"), ("Иванов", "Иван", "Олегович"),
     ("Иваров", "Иван", ""), ("Иванова", "Мария", ""), ("", "Иван", ""), ("Ivanov", "Ivan", ""),
     ("", "", ""), ("Петров", "Иван", ""),
     ("Ли", "Саша", ""), ("Ли", "Александр", ""), ("Ли", "Александра", "")]
)  # fmt: skip
PORTALS = st.lists(
    st.tuples(NAMES, st.sets(st.sampled_from([P1, P2, P3, LINE, "a@b.ru", "c@d.ru"]), max_size=3)),
    min_size=1,
    max_size=18,
)


def portal(cards: list[tuple[tuple[str, str, str], set[str]]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    records = pd.DataFrame([contact(i, *name) for i, (name, _) in enumerate(cards, start=1)])
    rows = [
        key(i, value, "email" if "@" in value else "phone")
        for i, (_, values) in enumerate(cards, start=1)
        for value in sorted(values)
    ]
    return records, pd.DataFrame(rows, columns=["entity", "id", "key_type", "key_value", "extension"])


@settings(max_examples=20, deadline=None)
@given(PORTALS, st.integers(0, 2**32 - 1))
def test_the_answer_does_not_depend_on_the_order_of_the_rows(
    cards: list[tuple[tuple[str, str, str], set[str]]], seed: int
) -> None:
    records, keys = portal(cards)
    found = find_clusters(records, keys)
    rng = np.random.default_rng(seed)
    mixed = find_clusters(records.iloc[rng.permutation(len(records))], keys.iloc[rng.permutation(len(keys))])
    pd.testing.assert_frame_equal(found.groups(), mixed.groups())
    pd.testing.assert_frame_equal(found.pairs(), mixed.pairs())


@settings(max_examples=25, deadline=None)
@given(PORTALS)
def test_no_group_holds_a_contradiction(cards: list[tuple[tuple[str, str, str], set[str]]]) -> None:
    records, keys = portal(cards)
    found = find_clusters(records, keys)
    for group in groups(found):
        at = np.array([found.cards.position("contact", i) for i in group])
        i, j = np.triu_indices(len(at), 1)
        wrong = found.cards.contradict(at[i], at[j]) & ~found.cards.mistyped_twice(at[i], at[j])
        assert not wrong.any()
