"""The client before a portal that nobody taught its ideas."""

import math

import pytest

from toolkit.client import Command, MemoryTokens, Portal, SimulatedClock, Tokens
from toolkit.errors import AccessRefused, AnswerLost, LimitReached, Rejected
from toolkit.sandbox import InProcessTransport, SharedClock, new_portal
from toolkit.settings import Settings

SECRET = "s4ndb0xsecret"


class World:
    """A sandbox and a client on one clock."""

    def __init__(self, *, limits="off", plan="cloud", **options):
        self.clock = SimulatedClock()
        self.sandbox = new_portal(clock=SharedClock(self.clock), limits=limits, **options)
        self.sandbox.access.add_webhook(1, SECRET)
        settings = Settings.load(None, webhook=f"https://sandbox.local/rest/1/{SECRET}/", plan=plan)
        self.portal = Portal.connect(settings, clock=self.clock, transport=InProcessTransport(self.sandbox))

    def contacts(self, count, **fields):
        ids = []
        for first in range(0, count, 50):
            commands = [
                Command("crm.item.add", {"entityTypeId": 3, "fields": {"name": f"Anna {number}", **fields}})
                for number in range(first, min(first + 50, count))
            ]
            ids += [outcome.result["item"]["id"] for outcome in self.portal.send(commands)]
        return ids

    def names(self):
        return {
            row["id"]: row["name"]
            for rows in self.portal.list("crm.item.list", {"entityTypeId": 3, "select": ["id", "name"]})
            for row in rows
        }

    @property
    def refusals(self):
        return [
            note
            for note in self.sandbox.log
            if note.status in {429, 503} or "OPERATION_TIME_LIMIT" in note.errors.values()
        ]


@pytest.fixture
def world():
    return World(plan="box")


def renames(ids, name="Boris"):
    return [
        Command("crm.item.update", {"entityTypeId": 3, "id": number, "fields": {"name": name}})
        for number in ids
    ]


def test_the_webhooks_owner_is_known(world):
    assert world.portal.call("profile")["ADMIN"] is True


@pytest.mark.parametrize("count", [0, 49, 50, 51, 130])
def test_contacts_are_read_completely_by_both_families_of_methods(world, count):
    ids = world.contacts(count)
    assert sorted(world.names()) == ids
    legacy = [
        int(row["ID"]) for rows in world.portal.list("crm.contact.list", {"select": ["NAME"]}) for row in rows
    ]
    assert legacy == ids


def test_a_long_list_takes_the_promised_number_of_requests(world):
    ids = world.contacts(2600)
    before = world.portal.requests_sent
    assert len(world.names()) == len(ids)
    assert world.portal.requests_sent - before <= math.ceil(2600 / 2500) + 2


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("user.get", {"FILTER": {"ACTIVE": True}}),
        ("crm.category.list", {"entityTypeId": 2}),
        ("crm.status.list", {"filter": {"ENTITY_ID": "SOURCE"}}),
        ("crm.type.list", {}),
        ("crm.activity.list", {}),
        ("crm.requisite.list", {"filter": {"ENTITY_TYPE_ID": 4}}),
        ("voximplant.statistic.get", {}),
        ("department.get", {}),
        ("crm.stagehistory.list", {"entityTypeId": 2}),
        ("userfieldconfig.list", {"moduleId": "crm"}),
    ],
)
def test_every_kind_of_list_can_be_walked(world, method, params):
    rows = [row for rows in world.portal.list(method, params) for row in rows]
    assert all(isinstance(row, dict) for row in rows)
    if method == "crm.status.list":
        assert {row["ENTITY_ID"] for row in rows} == {"SOURCE"}


def test_clearing_a_link_to_null_really_clears_it(world):
    [company] = [
        world.portal.call("crm.item.add", {"entityTypeId": 4, "fields": {"title": "Acme"}})["item"]["id"]
    ]
    [contact] = world.contacts(1, companyId=company)
    outcomes = world.portal.send(
        [
            Command("crm.item.update", {"entityTypeId": 3, "id": contact, "fields": {"companyId": None}}),
            Command("crm.item.get", {"entityTypeId": 3, "id": contact}),
        ]
    )
    assert not outcomes[1].result["item"]["companyId"]


def test_a_name_that_looks_like_a_reference_is_stored_as_it_is(world):
    [contact, other] = world.contacts(2)
    hostile = "$result[p1][item][id] & 50% [x]=1"
    world.portal.send([*renames([contact], hostile), *renames([other])])
    assert world.names()[contact] == hostile


def test_a_lost_answer_is_unknown_and_the_write_is_there_once(world):
    ids = world.contacts(3)
    world.sandbox.faults.lose_answer_to("crm.item.update")
    outcomes = world.portal.send(renames(ids))
    assert {outcome.state for outcome in outcomes} == {"unknown"}
    assert set(world.names().values()) == {"Boris"}


@pytest.mark.parametrize(
    ("fault", "state", "written"),
    [
        ("lose_answer", "unknown", True), ("cut_before", "unknown", False),
        ("server_error_after", "unknown", True),
        ("server_error", "unknown", False), ("html", "unknown", False), ("html_after", "unknown", True),
        ("truncated", "unknown", True), ("rate", "done", True), ("operating", "done", True),
        ("overload", "rejected", False),
    ],
)  # fmt: skip
def test_no_fault_is_taken_for_what_it_is_not(world, fault, state, written):
    ids = world.contacts(2)
    world.sandbox.faults.plan(fault, "crm.item.update")
    outcomes = world.portal.send(renames(ids))
    assert {outcome.state for outcome in outcomes} == {state}
    assert (set(world.names().values()) == {"Boris"}) is written


def test_a_batch_cut_in_the_middle_is_unknown_from_the_first_command_on(world):
    ids = world.contacts(5)
    world.sandbox.faults.plan("partial", "crm.item.update", seconds=2)
    outcomes = world.portal.send(renames(ids))
    assert {outcome.state for outcome in outcomes} == {"unknown"}
    assert list(world.names().values()).count("Boris") == 2


def test_a_limit_inside_a_batch_is_waited_out(world):
    ids = world.contacts(5)
    world.sandbox.faults.plan("operating", "crm.item.update", inside=True, at=2, times=2)
    assert {outcome.state for outcome in world.portal.send(renames(ids))} == {"done"}
    assert set(world.names().values()) == {"Boris"}


@pytest.mark.parametrize("at", [1, 2, 3, 4])
@pytest.mark.parametrize("fault", ["lose_answer", "cut_before", "rate", "html", "truncated", "server_error"])
def test_a_list_survives_any_fault_at_any_request(world, fault, at):
    ids = world.contacts(170)
    world.sandbox.faults.plan(fault, at=at)
    assert sorted(world.names()) == ids


def test_refusals_are_told_apart(world):
    with pytest.raises(Rejected) as missing:
        world.portal.call("crm.item.get", {"entityTypeId": 3, "id": 999})
    assert missing.value.code == "NOT_FOUND"
    with pytest.raises(Rejected) as wrong:
        list(world.portal.list("crm.item.list", {"entityTypeId": 3, "filter": {"noSuchField": 1}}))
    assert wrong.value.code == "INVALID_ARG_VALUE"
    world.sandbox.faults.plan("overload")
    with pytest.raises(LimitReached):
        world.portal.call("profile")
    world.sandbox.faults.plan("lose_answer")
    with pytest.raises(AnswerLost):
        world.portal.call("crm.item.add", {"entityTypeId": 3, "fields": {"name": "once"}})
    assert list(world.names().values()) == ["once"]


def test_a_wrong_webhook_and_a_missing_scope_are_refused_access():
    world = World()
    wrong = Settings.load(None, webhook="https://sandbox.local/rest/1/wr0ngsecret/")
    with pytest.raises(AccessRefused):
        Portal.connect(wrong, clock=world.clock, transport=InProcessTransport(world.sandbox)).call("profile")
    narrow = world.sandbox.access.add_webhook(1, scopes=("user",))
    settings = Settings.load(None, webhook=f"https://sandbox.local/rest/1/{narrow}/")
    with pytest.raises(AccessRefused) as caught:
        Portal.connect(settings, clock=world.clock, transport=InProcessTransport(world.sandbox)).call(
            "crm.item.get", {"entityTypeId": 3, "id": 1}
        )
    assert caught.value.code == "insufficient_scope"


@pytest.mark.parametrize("charged", ["sub_methods", "batch"])
def test_under_cloud_limits_nothing_is_refused_and_little_time_lost(charged):
    world = World(limits="cloud", costs={"crm.item.update": 1.0}, switches={"batch_charges": charged})
    ids = world.contacts(10)
    world.clock.sleep(700)
    began = world.clock.now()
    for turn in range(96):
        outcomes = world.portal.send(renames(ids, f"Name {turn}"))
        assert {outcome.state for outcome in outcomes} == {"done"}
    assert not world.refusals
    assert world.clock.now() - began <= 1.05 * 960 * 600 / 480
    assert ("batch" in world.portal.cost.learned) is (charged == "batch")


def test_a_burst_of_small_requests_stays_under_the_rate():
    world = World(limits="cloud")
    for _ in range(200):
        world.portal.call("profile")
    assert not world.refusals
    assert len(world.sandbox.log) == 200


def test_an_application_renews_its_token_when_it_expires():
    world = World()
    client_id, secret = world.sandbox.access.add_app()
    code = world.sandbox.access.authorize(client_id, 1)
    pair = world.sandbox.access.exchange(
        {"grant_type": "authorization_code", "client_id": client_id, "client_secret": secret, "code": code},
        "https://sandbox.local/rest/",
    )
    store = MemoryTokens(Tokens(pair["access_token"], pair["refresh_token"], pair["client_endpoint"]))
    settings = Settings.load(
        None, client_id=client_id, client_secret=secret, portal="sandbox.local",
        auth_server="https://sandbox.local/oauth/token/",
    )  # fmt: skip
    portal = Portal.connect(
        settings, clock=world.clock, transport=InProcessTransport(world.sandbox), token_store=store
    )
    assert portal.call("profile")["ID"] == "1"
    assert store.load().refresh == pair["refresh_token"]
    world.clock.sleep(3700)
    assert portal.call("profile")["ID"] == "1"
    assert store.load().refresh != pair["refresh_token"]


def test_a_renamed_portal_is_found_again():
    world = World()
    ids = world.contacts(2)
    world.sandbox.moved_to = "https://new-name.bitrix24.ru"
    assert {outcome.state for outcome in world.portal.send(renames(ids))} == {"done"}
    assert world.portal.host == "new-name.bitrix24.ru"
