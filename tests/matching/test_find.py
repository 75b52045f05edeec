"""The entry guard finds by the rules that merge."""

from __future__ import annotations

import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import SnapshotError, StorageError
from toolkit.matching.clusters import Clusters, find_clusters
from toolkit.matching.find import find_client
from toolkit.matching.index import ClientIndex, build_index
from toolkit.matching.keys import email_keys, inn_keys, phone_keys
from toolkit.matching.reasons import Tier
from toolkit.matching.rules import MatchRules

INN, INN2 = "7707083893", "7736050003"


def clusters() -> Clusters:
    people = pd.DataFrame(
        [
            (1, "Иванов", "Иван", "8 (912) 000-00-01", "Ivanov@Mail.ru"),
            (2, "Иванов", "Ваня", "+7 912 000 00 01", None),
            (3, "Петрова", "Мария", "89120000002", "maria@mail.ru"),
            (4, "Петров", "Олег", "89120000002", None),
            (5, "Ли", "Анна", "8 495 123-45-67 доб. 105", None),
            (6, "", "", "89120000006", "info@firma.ru"),
        ],
        columns=["id", "lastName", "name", "phone", "email"],
    ).assign(entity="contact")
    firms = pd.DataFrame(
        [
            (11, 'ООО "Ромашка"', INN, "770701001"),
            (12, "Ромашка Казань", INN, "165543001"),
            (13, "Вектор", INN2, ""),
        ],
        columns=["id", "title", "inn", "kpp"],
    ).assign(entity="company")
    keys = [phone_keys(people, "phone"), email_keys(people, "email"), inn_keys(firms, "inn", "kpp")]
    cards = pd.concat([people.drop(columns=["phone", "email"]), firms[["entity", "id", "title"]]])
    return find_clusters(cards, pd.concat(keys, ignore_index=True))


@pytest.fixture(scope="module")
def index() -> Iterator[ClientIndex]:
    with build_index(clusters()) as built:
        yield built


def test_a_client_is_found_by_phone_and_name_however_they_are_typed(index: ClientIndex) -> None:
    found = find_client(index, phone="8912 0000001", name="иван ИВАНОВ")
    assert (found.verdict, found.client) == ("one", 1)
    assert [c.id for c in found.candidates] == [1, 2]
    assert "это клиент 1" in str(found)


def test_a_phone_alone_finds_nobody_for_sure_unless_it_is_allowed(index: ClientIndex) -> None:
    assert find_client(index, phone="+79120000001").verdict == "perhaps"
    allowed = MatchRules(blank_joins_sole_owner=True)
    assert find_client(index, phone="+79120000001", rules=allowed).client == 1


def test_phone_and_mail_of_one_person_find_him_without_a_name(index: ClientIndex) -> None:
    assert find_client(index, phone="+79120000001", email="ivanov@mail.ru").client == 1


def test_one_of_a_household_is_found_by_name_and_another_member_is_nobody(index: ClientIndex) -> None:
    assert find_client(index, phone="89120000002", name="Петрова Маша").client == 3
    assert find_client(index, phone="89120000002", name="Сидоров Пётр").verdict == "none"
    assert find_client(index, phone="89120000002", name="Маша").verdict == "perhaps"


def test_an_unknown_phone_finds_nobody(index: ClientIndex) -> None:
    found = find_client(index, phone="89990000000", name="Иванов Иван")
    assert (found.verdict, found.client, found.candidates) == ("none", None, ())


def test_another_extension_of_the_line_is_another_person(index: ClientIndex) -> None:
    assert find_client(index, phone="84951234567 доб 105", name="Ли Анна").client == 5
    assert find_client(index, phone="84951234567 доб 106", name="Ли Анна").verdict == "none"


def test_a_company_is_found_by_inn_and_its_branch_is_linked(index: ClientIndex) -> None:
    found = find_client(index, inn=INN, kpp="770701001", name="Ромашка", entity="company")
    assert (found.verdict, found.client) == ("one", 11)
    assert {c.id: c.tier for c in found.candidates}[12] is Tier.LINK
    stranger = find_client(index, inn=INN, kpp="770701001", name="Василёк", entity="company")
    assert stranger.verdict == "perhaps"


def test_a_namesake_with_a_mailbox_of_his_own_waits_for_a_person(index: ClientIndex) -> None:
    found = find_client(index, phone="89120000001", email="other@mail.ru", name="Иванов Иван")
    assert found.verdict == "one"
    assert {c.id: c.tier for c in found.candidates} == {1: Tier.REVIEW, 2: Tier.AUTO}


def test_a_mailbox_of_somebody_else_does_not_disturb(index: ClientIndex) -> None:
    found = find_client(index, phone="89120000001", email="maria@mail.ru", name="Иванов Иван")
    assert (found.verdict, found.client) == ("one", 1)


def test_two_clients_of_one_name_and_phone_are_both_named() -> None:
    cards = pd.DataFrame({"entity": "contact", "id": [1, 2]})
    born = cards.assign(lastName="Иванов", name="Иван", birthdate=["1950-01-01", "1980-01-01"])
    keys = cards.assign(key_type="phone", key_value="+79120000001")
    found = find_client(build_index(find_clusters(born, keys)), phone="89120000001", name="Иванов Иван")
    assert (found.verdict, found.client) == ("several", None)
    assert [c.id for c in found.candidates] == [1, 2]


def test_the_evidence_is_given_in_the_language_asked_for(index: ClientIndex) -> None:
    found = find_client(index, phone="89120000001", name="Ivan Ivanov", language="en")
    assert any("Latin letters" in said for said in found.candidates[0].evidence)
    assert "this is client 1" in found.words("en")


def test_nonsense_is_no_key(index: ClientIndex) -> None:
    found = find_client(index, phone="не помню", email="нет", inn="123", name="Иванов Иван")
    assert (found.verdict, found.asked) == ("none", ())


def test_the_index_is_a_private_file_that_can_be_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "clients.sqlite"
    build_index(clusters(), path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with ClientIndex.open(path) as opened:
        assert find_client(opened, phone="89120000001", name="Иванов Иван").client == 1


def test_what_is_no_index_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="holds no index"):
        ClientIndex.open(tmp_path / "none.sqlite")
    (tmp_path / "text.sqlite").write_text("hello, this is not a database at all" * 40)
    with pytest.raises(SnapshotError, match="is not an index"):
        ClientIndex.open(tmp_path / "text.sqlite")
    with pytest.raises(StorageError):
        build_index(clusters(), tmp_path / "text.sqlite" / "clients.sqlite")


def test_an_answer_takes_milliseconds(index: ClientIndex) -> None:
    find_client(index, phone="89120000001", name="Иванов Иван")
    started = time.perf_counter()
    for _ in range(20):
        find_client(index, phone="89120000001", name="Иванов Иван")
    assert (time.perf_counter() - started) / 20 < 0.05


NAMES = [
    ("Иванов", "Иван"),
    ("Иванов", "Ваня"),
    ("", "Иван"),
    ("Петров", "Иван"),
    ("Иванова", "Мария"),
    ("Ivanov", "Ivan"),
]
PHONES = ["+79120000001", "+79120000002", "+79120000003"]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(PHONES)), min_size=1, max_size=6),
    st.sampled_from([name for name in NAMES if all(name)]),
    st.sampled_from(PHONES),
)
def test_a_client_found_for_sure_is_never_one_that_merging_would_keep_apart(
    cards: list[tuple[tuple[str, str], str]], name: tuple[str, str], phone: str
) -> None:
    def portal(rows: list[tuple[tuple[str, str], str]]) -> Clusters:
        records: list[dict[str, Any]] = []
        keys: list[dict[str, Any]] = []
        for i, ((last, first), number) in enumerate(rows, start=1):
            records.append({"entity": "contact", "id": i, "lastName": last, "name": first})
            keys.append({"entity": "contact", "id": i, "key_type": "phone", "key_value": number})
        return find_clusters(pd.DataFrame(records), pd.DataFrame(keys))

    found = find_client(build_index(portal(cards)), phone=phone, name=" ".join(name))
    merged = portal([*cards, (name, phone)])
    pairs = merged.pairs(Tier.NEVER)
    new = len(cards) + 1
    refused = set(pairs.loc[pairs["b"] == new, "a"])
    assert refused.isdisjoint(c.id for c in found.candidates)


def test_importing_the_toolkit_loads_nothing_and_asking_for_a_client_needs_no_portal(tmp_path: Path) -> None:
    code = (
        "import sys, toolkit; assert 'pandas' not in sys.modules; from toolkit.errors import SnapshotError;"
        "from toolkit.settings import Settings\n"
        f"settings = Settings.load(env_file=None, snapshots={str(tmp_path)!r})\n"
        "try: toolkit.find_client(phone='8 912 000-00-01', settings=settings)\n"
        "except SnapshotError as error: print(error)"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert "b24kit snapshot take" in said
