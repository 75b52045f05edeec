"""Seeds: portals with the dirt of real ones, and the truth about it kept aside."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.sandbox import InProcessTransport, PlayedClock, Sandbox, new_portal
from toolkit.sandbox.seeds import SEEDS
from toolkit.sandbox.seeds.conversations import NOTED
from toolkit.sandbox.seeds.firms import draw_firm
from toolkit.sandbox.seeds.people import MISTAKES, draw_person, mailbox, mistaken, patronymic
from toolkit.sandbox.seeds.phones import DIRT, draw_mobile, mobile
from toolkit.sandbox.seeds.retail import CHANNELS
from toolkit.sandbox.seeds.scene import EVERY_TYPE

SECRET = "seedsecret"
SCALE = 0.03
# What the portal wants to see of whoever opens a link to a file.
BROWSER = {
    "User-Agent": "Mozilla/5.0",
    "Accept": "*/*",
    "Accept-Language": "ru",
    "Referer": "https://sandbox.local/",
}


def grown(name: str, scale: float, seed: int) -> Sandbox:
    portal = new_portal(clock=PlayedClock())
    SEEDS[name](portal, scale, seed)
    return portal


def fingerprint(portal: Sandbox) -> str:
    """One digest of every table, rows in order."""
    digest = hashlib.sha256()
    tables = [
        row[0] for row in portal.store.rows("SELECT name FROM sqlite_master WHERE type='table' ORDER BY 1")
    ]
    for table in tables:
        for row in portal.store.rows(f'SELECT * FROM "{table}"'):
            digest.update(repr((table, tuple(row))).encode())
    return digest.hexdigest()


@pytest.fixture(scope="module", params=sorted(SEEDS))
def any_seed(request: pytest.FixtureRequest) -> Iterator[tuple[str, Sandbox]]:
    portal = grown(request.param, 0.005, 7)
    yield request.param, portal
    portal.close()


@pytest.fixture(scope="module")
def realty() -> Iterator[Sandbox]:
    portal = grown("realty", SCALE, 1)
    portal.access.add_webhook(1, SECRET)
    yield portal
    portal.close()


def ask(portal: Sandbox, method: str, **params: Any) -> Any:
    with httpx.Client(transport=InProcessTransport(portal)) as client:
        body = client.post(f"https://sandbox.local/rest/1/{SECRET}/{method}", json=params).json()
    return body["result"]


def test_a_seed_is_the_same_for_the_same_number(any_seed: tuple[str, Sandbox]) -> None:
    name, portal = any_seed
    same, other = grown(name, 0.005, 7), grown(name, 0.005, 8)

    assert fingerprint(same) == fingerprint(portal)
    assert fingerprint(other) != fingerprint(portal)


def test_every_link_of_a_seed_leads_somewhere(any_seed: tuple[str, Sandbox]) -> None:
    _, portal = any_seed
    for row in portal.store.rows("SELECT DISTINCT OWNER_TYPE_ID, LINKED_TYPE_ID FROM binding"):
        owner, linked = row
        lost = portal.store.value(
            "SELECT COUNT(*) FROM binding WHERE OWNER_TYPE_ID = ? AND LINKED_TYPE_ID = ? AND"
            f" (OWNER_ID NOT IN (SELECT ID FROM crm_{owner})"
            f" OR LINKED_ID NOT IN (SELECT ID FROM crm_{linked}))",
            [owner, linked],
        )
        assert lost == 0


def test_records_of_a_seed_follow_each_other_in_time_and_none_is_from_tomorrow(
    any_seed: tuple[str, Sandbox],
) -> None:
    _, portal = any_seed
    now = portal.clock.now()
    for kind in portal.schema.kinds():
        rows = portal.store.rows(f"SELECT CREATED_TIME, UPDATED_TIME FROM {kind.table} ORDER BY ID")
        made = [row["CREATED_TIME"] for row in rows]
        assert made == sorted(made)
        assert all(row["CREATED_TIME"] <= row["UPDATED_TIME"] <= now for row in rows)


def test_stages_of_seeded_records_belong_to_their_pipelines(any_seed: tuple[str, Sandbox]) -> None:
    _, portal = any_seed
    for kind in portal.schema.kinds():
        if not kind.stage_field:
            continue
        category_column = "CATEGORY_ID" if "categoryId" in kind.fields else "0"
        for category, stage in portal.store.rows(
            f"SELECT DISTINCT {category_column}, STAGE_ID FROM {kind.table}"
        ):
            assert stage in {each["STATUS_ID"] for each in portal.stages(kind, category)}


def test_realty_is_as_large_as_the_scale_says(realty: Sandbox) -> None:
    count = {kind: realty.store.value(f"SELECT COUNT(*) FROM crm_{kind}") for kind in (2, 3, 4)}
    staff = Counter(row["ACTIVE"] for row in realty.store.rows("SELECT ACTIVE FROM user WHERE ID > 1"))

    assert count == {2: 900, 3: 600, 4: 60}
    assert staff == {"Y": 51, "N": 9}


def test_realty_has_what_makes_reassignment_hard(realty: Sandbox) -> None:
    def share(where: str, table: str = "crm_2") -> float:
        counted = f"SELECT 1.0 * SUM({where}) / COUNT(*) FROM {table}"
        return float(realty.store.value(counted))

    torn = realty.store.value(
        "SELECT COUNT(*) FROM (SELECT LINKED_ID FROM binding JOIN crm_2 ON crm_2.ID = OWNER_ID"
        " WHERE OWNER_TYPE_ID = 2 AND LINKED_TYPE_ID = 3 GROUP BY LINKED_ID"
        " HAVING COUNT(DISTINCT ASSIGNED_BY_ID) > 1)"
    )

    assert 0.05 < share("CONTACT_ID IS NULL") < 0.15
    assert 0.5 < share("CLOSED = 'Y'") < 0.9
    assert 0.02 < share("OPENED = 'N'") < 0.1
    assert 0.02 < share("ASSIGNED_BY_ID IN (SELECT ID FROM user WHERE ACTIVE = 'N')") < 0.25
    assert share("ASSIGNED_BY_ID NOT IN (SELECT ID FROM user)") > 0
    assert torn > 100
    assert len(realty.store.rows("SELECT DISTINCT CATEGORY_ID FROM crm_2")) == 4


def test_realty_is_readable_over_rest(realty: Sandbox) -> None:
    deal = ask(realty, "crm.item.get", entityTypeId=2, id=500)["item"]
    contacts = ask(realty, "crm.item.list", entityTypeId=3, filter={"@id": deal["contactIds"] or [1]})[
        "items"
    ]

    assert deal["stageId"]
    assert deal["categoryId"] in range(4)
    assert {each["id"] for each in contacts} == set(deal["contactIds"] or [1])
    assert all("fm" in each for each in contacts)


def test_custom_fields_of_every_type_are_there_and_used(realty: Sandbox) -> None:
    described = ask(realty, "crm.item.fields", entityTypeId=3)["fields"]
    types = {each["type"] for each in described.values() if each["isDynamic"]}
    filled = {
        each.code
        for each in EVERY_TYPE
        if realty.store.value(f'SELECT 1 FROM crm_3 WHERE "UF_CRM_{each.code}" IS NOT NULL LIMIT 1')
        or realty.store.value(f'SELECT 1 FROM crm_2 WHERE "UF_CRM_{each.code}" IS NOT NULL LIMIT 1')
    }

    assert types == {each.type for each in EVERY_TYPE}
    assert filled == {each.code for each in EVERY_TYPE}


def test_the_truth_is_not_shown_by_any_method(realty: Sandbox) -> None:
    assert realty.store.value("SELECT COUNT(*) FROM seed_truth") > 0
    with httpx.Client(transport=InProcessTransport(realty)) as client:
        names = client.post(f"https://sandbox.local/rest/1/{SECRET}/methods", json={}).json()["result"]
    assert not [name for name in names if "truth" in name or "seed" in name]


def test_cards_of_one_person_share_a_phone_or_an_address(realty: Sandbox) -> None:
    def keys(contact: int) -> set[str]:
        found = set()
        for row in realty.store.find("multifield", ENTITY_TYPE_ID=3, ELEMENT_ID=contact):
            value = row["VALUE"].lower()
            digits = "".join(
                str(int(sign))
                for sign in re.sub(r"доб.*|#.*|,,.*|\(\d{3}\)$|\.0$| после 18", "", value)
                if sign.isdigit()
            )
            found.update({value} if "@" in value else {digits[at : at + 10] for at in range(len(digits) - 9)})
        return found

    clusters: dict[int, list[int]] = {}
    for row in realty.store.find("seed_truth", TOPIC="same_person"):
        clusters.setdefault(row["CLUSTER"], []).append(row["RECORD_ID"])

    assert len(clusters) > 20
    for first, *others in (sorted(each) for each in clusters.values()):
        assert others
        for other in others:
            assert keys(first) & keys(other), (first, other)


def test_people_of_one_household_are_written_down_as_different(realty: Sandbox) -> None:
    rows = realty.store.find("seed_truth", TOPIC="household")
    same = {row["RECORD_ID"]: row["CLUSTER"] for row in realty.store.find("seed_truth", TOPIC="same_person")}

    assert rows
    for row in rows:
        assert same.get(row["RECORD_ID"]) in (None, row["RECORD_ID"])


def test_companies_can_be_found_by_the_tax_number_of_their_requisites(realty: Sandbox) -> None:
    truth = realty.store.find("seed_truth", TOPIC="same_firm")
    found = ask(
        realty, "crm.requisite.list", select=["ID", "ENTITY_ID", "ENTITY_TYPE_ID", "RQ_INN", "RQ_KPP"]
    )
    inns = {int(each["ENTITY_ID"]): re.sub(r"\D", "", each["RQ_INN"].removesuffix(".0")) for each in found}

    assert truth
    for row in truth:
        expected = json.loads(row["EXTRA"])["inn"]
        assert inns.get(row["RECORD_ID"], expected) in (expected, expected.lstrip("0"))
    assert len(inns) > 40


# -- developer: calls ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def developer() -> Iterator[Sandbox]:
    portal = grown("developer", 0.02, 1)
    portal.access.add_webhook(1, SECRET)
    yield portal
    portal.close()


def truth_of(portal: Sandbox, topic: str) -> dict[int, dict[str, Any]]:
    rows = portal.store.find("seed_truth", TOPIC=topic)
    return {row["RECORD_ID"]: {**json.loads(row["EXTRA"]), "noted": row["KIND"]} for row in rows}


def test_every_call_has_its_truth(developer: Sandbox) -> None:
    lines = {row["ID"] for row in developer.store.find("call_statistic")}
    calls = {row["ID"] for row in developer.store.find("activity") if row["PROVIDER_ID"] == "VOXIMPLANT_CALL"}
    named = {row["CRM_ACTIVITY_ID"] for row in developer.store.find("call_statistic")}

    assert set(truth_of(developer, "call")) == lines
    assert set(truth_of(developer, "call_activity")) == calls - named
    assert {each["noted"] for each in truth_of(developer, "call").values()} | {"activity_only"} == set(NOTED)


def test_the_truth_agrees_with_what_each_line_names(developer: Sandbox) -> None:
    truth = truth_of(developer, "call")
    for row in developer.store.find("call_statistic"):
        known = truth[row["ID"]]
        if known["client_by"] == "link":
            assert (row["CRM_ENTITY_TYPE"], row["CRM_ENTITY_ID"]) == ("CONTACT", known["client"])
        elif row["CRM_ENTITY_ID"]:
            assert developer.store.get("crm_3", row["CRM_ENTITY_ID"]) is None
        if known["client_by"] == "phone":
            number = row["PHONE_NUMBER"][-10:]
            own = developer.store.find("multifield", ENTITY_TYPE_ID=3, ELEMENT_ID=known["client"])
            spelt = ["".join(str(int(sign)) for sign in each["VALUE"] if sign.isdigit()) for each in own]
            assert any(number in digits for digits in spelt)
        if known["deal"]:
            clients = {each["LINKED_ID"] for each in developer.records.link_rows(2, known["deal"], 3)}
            assert known["client"] in clients


def test_an_appeal_of_the_truth_was_made_within_the_window(developer: Sandbox) -> None:
    truth = truth_of(developer, "call")
    ends: dict[int, int] = {}
    for row in developer.store.rows("SELECT * FROM call_statistic"):
        cluster = truth[row["ID"]]["first_at"]
        ends[cluster] = max(ends.get(cluster, 0), row["CALL_START_DATE"] + row["CALL_DURATION"])
    met = [each for each in truth.values() if each["appeal"]]

    assert met
    for each in met:
        appeal = developer.store.get("crm_177", each["appeal"]) or {}
        assert 0 <= appeal["CREATED_TIME"] - ends[each["first_at"]] <= 900
        assert appeal["CONTACT_ID"] == each["client"]


def test_calls_are_read_and_their_recordings_downloaded_over_rest(developer: Sandbox) -> None:
    # The record's file is shown but is no field to filter by.
    page = ask(developer, "voximplant.statistic.get", FILTER={">CALL_DURATION": 0}, SORT="ID", ORDER="ASC")
    lines = [line for line in page if line["RECORD_FILE_ID"]]
    played = 0
    with httpx.Client(transport=InProcessTransport(developer)) as client:
        for line in lines[:10]:
            file = ask(developer, "disk.file.get", id=line["RECORD_FILE_ID"])
            body = client.get(file["DOWNLOAD_URL"], headers=BROWSER).content
            played += body.startswith(b"RIFF")
            assert len(body) == int(file["SIZE"])

    assert played >= 8


def test_conversations_lie_in_office_hours_over_six_years(developer: Sandbox) -> None:
    rows = developer.store.rows("SELECT CALL_START_DATE FROM call_statistic ORDER BY ID")
    moments = [developer.zone.moment(row[0]) for row in rows]

    assert all("08:59" < each[11:16] < "21:06" for each in moments)
    assert int(moments[-1][:4]) - int(moments[0][:4]) == 6 or len({each[:4] for each in moments}) >= 6


# -- retail: routes ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def retail() -> Iterator[Sandbox]:
    portal = grown("retail", 0.05, 1)
    portal.access.add_webhook(1, SECRET)
    yield portal
    portal.close()


def test_the_chain_has_its_shops_people_departments_and_channels(retail: Sandbox) -> None:
    staff = Counter(row["ACTIVE"] for row in retail.store.rows("SELECT ACTIVE FROM user WHERE ID > 1"))
    sources = {row["STATUS_ID"] for row in retail.store.find("status", ENTITY_ID="SOURCE")}

    assert retail.store.value("SELECT COUNT(*) FROM crm_178") == 700
    assert staff == {"Y": 225, "N": 25}
    assert retail.store.value("SELECT COUNT(*) FROM department") == 1 + 8 + 40
    assert len(CHANNELS) == 10
    assert set(CHANNELS) <= sources


def test_the_truth_says_where_each_appeal_belongs(retail: Sandbox) -> None:
    departments = {
        row["ID"]: json.loads(row["UF_DEPARTMENT"])[0]
        for row in retail.store.find("user", USER_TYPE="employee")
    }
    left = {row["ID"] for row in retail.store.find("user", ACTIVE="N")}
    kinds = Counter()
    for row in retail.store.find("seed_truth", TOPIC="route"):
        owner = (retail.store.get("crm_177", row["RECORD_ID"]) or {})["ASSIGNED_BY_ID"]
        kinds[row["KIND"]] += 1
        assert (row["KIND"] == "dismissed") == (owner in left)
        if row["KIND"] == "right":
            assert departments[owner] == row["CLUSTER"]
        elif row["KIND"] == "wrong":
            assert departments[owner] != row["CLUSTER"]

    assert sum(kinds.values()) == retail.store.value("SELECT COUNT(*) FROM crm_177")
    assert kinds["right"] > 8 * kinds["wrong"] > 0
    assert kinds["dismissed"] > 0


def test_appeals_of_every_topic_run_through_their_own_pipeline(retail: Sandbox) -> None:
    fields = ask(retail, "crm.item.fields", entityTypeId=177)["fields"]
    page = ask(retail, "crm.item.list", entityTypeId=177, order={"id": "ASC"})["items"]
    topics = {int(each["ID"]): each["VALUE"] for each in fields["ufCrm2Topic"]["items"]}
    pipelines = ask(retail, "crm.category.list", entityTypeId=177)["categories"]
    names = {each["id"]: each["name"] for each in pipelines}

    assert len(page) == 50
    assert {topics[each["ufCrm2Topic"]] == names[each["categoryId"]] for each in page} == {True}
    assert len({each["xmlId"] for each in page}) == 50


# -- what seeds are made of ----------------------------------------------------------------------------


def test_there_are_forty_kinds_of_dirt_and_each_says_what_it_is() -> None:
    assert len(DIRT) >= 40
    assert len({each.words for each in DIRT.values()}) == len(DIRT)


@given(st.integers(0, 2**32))
def test_readable_dirt_keeps_all_ten_digits_in_order(seed: int) -> None:
    rng = Random(seed)
    number = draw_mobile(rng)
    for name, dirt in DIRT.items():
        if dirt.readable:
            digits = "".join(str(int(sign)) for sign in dirt.write(number, rng) if sign.isdigit())
            assert number in digits, name


@given(st.sets(st.integers(0, 200_000_000), min_size=2, max_size=50))
def test_mobile_numbers_of_different_places_differ(places: set[int]) -> None:
    numbers = {mobile(each) for each in places}

    assert len(numbers) == len(places)
    assert all(re.fullmatch(r"9\d{9}", each) for each in numbers)


@given(st.integers(0, 2**32))
def test_tax_numbers_pass_their_checks(seed: int) -> None:
    def check(digits: str, weights: list[int]) -> bool:
        total = sum(int(each) * weight for each, weight in zip(digits, weights, strict=False))
        return total % 11 % 10 == int(digits[len(weights)])

    firm = draw_firm(Random(seed), seed % 3000)
    if len(firm.inn) == 10:
        assert check(firm.inn, [2, 4, 10, 3, 5, 9, 4, 6, 8])
        assert re.fullmatch(r"\d{9}", firm.kpp)
        assert int(firm.ogrn[:-1]) % 11 % 10 == int(firm.ogrn[-1])
        assert len(firm.ogrn) == 13
    else:
        assert check(firm.inn, [7, 2, 4, 10, 3, 5, 9, 4, 6, 8])
        assert check(firm.inn, [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8])
        assert firm.kpp == ""
        assert int(firm.ogrn[:-1]) % 13 % 10 == int(firm.ogrn[-1])
        assert len(firm.ogrn) == 15
    weighted = [int(digit) * (7, 1, 3)[at % 3] % 10 for at, digit in enumerate(firm.bik[-3:] + firm.account)]
    assert len(firm.account) == 20
    assert sum(weighted) % 10 == 0


def test_firms_have_different_names_and_numbers() -> None:
    rng = Random(3)
    firms = [draw_firm(rng, number) for number in range(3000)]

    assert len({each.inn for each in firms}) > 2990
    assert len({each.title for each in firms if each.form != "ИП"}) > 2500


@pytest.mark.parametrize(
    ("father", "son", "daughter"),
    [
        ("Сергей", "Сергеевич", "Сергеевна"),
        ("Илья", "Ильич", "Ильинична"),
        ("Никита", "Никитич", "Никитична"),
        ("Дмитрий", "Дмитриевич", "Дмитриевна"),
        ("Василий", "Васильевич", "Васильевна"),
        ("Игорь", "Игоревич", "Игоревна"),
        ("Пётр", "Петрович", "Петровна"),
    ],
)
def test_patronymics_are_formed_as_in_russian(father: str, son: str, daughter: str) -> None:
    assert patronymic(father, "m") == son
    assert patronymic(father, "f") == daughter


@given(st.integers(0, 2**32))
def test_people_have_addresses_in_ascii_and_mistakes_with_a_name(seed: int) -> None:
    rng = Random(seed)
    person = draw_person(rng)
    kind, other = mistaken(person, rng)

    assert re.fullmatch(r"[a-z0-9._-]+@[a-z.]+", mailbox(person, rng))
    assert kind in MISTAKES
    assert other.full.strip()
