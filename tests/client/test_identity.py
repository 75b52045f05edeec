"""Webhooks, applications whose token expires, and portals that are renamed."""

import json
import threading
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.client.scripted import WEBHOOK, Scripted, error
from toolkit.client import Command, FileTokens, KeyringTokens, MemoryTokens, Portal, SimulatedClock, Tokens
from toolkit.errors import AccessRefused, SettingsError, StorageError
from toolkit.settings import Settings

FIRST = Tokens("access-0", "refresh-0", "https://acme.example/rest/")


class Vendor(Scripted):
    """A portal that knows tokens, and the vendor's auth server beside it.

    Each renewal spends the refresh token and gives the next pair; `endpoint` is the portal's address now.
    """

    def __init__(self):
        super().__init__(3)
        self.number, self.endpoint = 0, "https://acme.example/rest/"
        self.renewals, self.auth_fault = [], None
        self.valid = set()
        self.lock = threading.Lock()

    def _serve(self, request):
        if request.url.host == "oauth.bitrix.info":
            with self.lock:
                return self._renew(parse_qs(urlsplit(str(request.url)).query))
        token = json.loads(request.content)["auth"]
        with self.lock:
            if token not in self.valid:
                return error(401, "expired_token", "The access token provided has expired.")
            return super()._serve(request)

    def _renew(self, query):
        self.renewals.append({name: values[0] for name, values in query.items()})
        if self.auth_fault is not None:
            if isinstance(self.auth_fault, Exception):
                raise self.auth_fault
            return self.auth_fault
        if query["refresh_token"] != [f"refresh-{self.number}"] or query["client_secret"] != ["app-secret"]:
            return error(400, "invalid_grant", "Invalid grant")
        self.number += 1
        self.valid = {f"access-{self.number}"}
        pair = {"access_token": f"access-{self.number}", "refresh_token": f"refresh-{self.number}"}
        return httpx.Response(200, json={**pair, "expires_in": 3600, "client_endpoint": self.endpoint})


@pytest.fixture
def vendor():
    return Vendor()


@pytest.fixture
def store():
    return MemoryTokens(FIRST)


def application(vendor, store):
    settings = Settings.load(
        None, client_id="app.1", client_secret="app-secret", token_store="file", token_file="unused"
    )
    clock = SimulatedClock()
    return Portal.connect(settings, clock=clock, transport=vendor.transport(), token_store=store)


def test_an_expired_token_is_renewed_once_and_the_call_repeated(vendor, store):
    portal = application(vendor, store)
    assert portal.call("profile")["ID"] == "7"
    assert portal.call("profile")["ID"] == "7"
    assert len(vendor.renewals) == 1
    assert vendor.renewals[0]["grant_type"] == "refresh_token"
    assert store.load().refresh == "refresh-1"


def test_a_token_that_works_is_not_renewed(vendor, store):
    vendor.valid = {"access-0"}
    application(vendor, store).call("profile")
    assert not vendor.renewals


def test_an_expired_token_executes_nothing_twice(vendor, store):
    command = Command("crm.item.update", {"entityTypeId": 2, "id": 1, "fields": {"title": "x"}})
    [first, second] = application(vendor, store).send([command, command])
    assert (first.state, second.state) == ("done", "done")
    assert len(vendor.writes) == 2


def test_the_new_pair_is_stored_before_it_is_used(vendor):
    class Full(MemoryTokens):
        def save(self, tokens):
            raise StorageError("tokens", "disk full", "Free space.")

    with pytest.raises(StorageError):
        application(vendor, Full(FIRST)).call("profile")
    assert not vendor.calls


def test_many_threads_renew_once(vendor, store):
    portal = application(vendor, store)
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(portal.call("profile")["ID"])) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["7"] * 8
    assert len(vendor.renewals) == 1


def test_a_pair_another_process_renewed_is_taken_over(vendor, store):
    portal = application(vendor, store)
    vendor.number, vendor.valid = 5, {"access-5"}
    store.save(Tokens("access-5", "refresh-5", "https://acme.example/rest/"))
    portal.call("profile")
    assert not vendor.renewals


def test_a_renamed_portal_is_followed_by_its_client_endpoint(vendor, store):
    vendor.endpoint = "https://new-name.example/rest/"
    portal = application(vendor, store)
    portal.call("profile")
    assert portal.host == "new-name.example"
    assert store.load().endpoint == "https://new-name.example/rest/"
    assert vendor.urls[-1] == "https://new-name.example/rest/profile"


@pytest.mark.parametrize("endpoint", ["http://new-name.example/rest/", "javascript:alert(1)", None, 7])
def test_an_endpoint_that_is_not_safe_is_not_followed(vendor, store, endpoint):
    vendor.endpoint = endpoint
    portal = application(vendor, store)
    portal.call("profile")
    assert portal.host == "acme.example"


@pytest.mark.parametrize(
    "fault",
    [error(400, "invalid_grant", "Invalid"), error(402, "PAYMENT_REQUIRED", "Payment required")],
)
def test_a_renewal_the_vendor_refuses_says_so(vendor, store, fault):
    vendor.auth_fault = fault
    with pytest.raises(AccessRefused) as caught:
        application(vendor, store).call("profile")
    assert "renewed" in str(caught.value)
    assert store.load() == FIRST


@pytest.mark.parametrize("fault", [httpx.ReadTimeout("late"), httpx.Response(502, html="<html>")])
def test_a_renewal_that_got_no_answer_keeps_the_old_pair(vendor, store, fault):
    vendor.auth_fault = fault
    [outcome] = application(vendor, store).send([Command("crm.item.update", {"id": 1})])
    assert outcome.state == "rejected"
    assert store.load() == FIRST
    assert not vendor.writes


def test_without_a_first_pair_there_is_no_connection(vendor):
    with pytest.raises(SettingsError, match="b24kit connect"):
        application(vendor, MemoryTokens())


def test_no_token_and_no_client_secret_shows_anywhere(vendor, store, caplog):
    caplog.set_level("DEBUG")
    portal = application(vendor, store)
    portal.call("profile")
    vendor.valid, vendor.auth_fault = set(), error(400, "invalid_grant", "for refresh_token=refresh-1 sorry")
    with pytest.raises(AccessRefused) as caught:
        portal.call("profile")
    seen = [caplog.text, str(caught.value), repr(store.load()), repr(portal)]
    assert not [
        text for text in seen if any(secret in text for secret in ("access-", "refresh-1", "app-secret"))
    ]


# -- a renamed portal and a webhook --------------------------------------------------------------------


def renamed(location, status=302):
    def serve(request):
        if request.url.host == "acme.example":
            return httpx.Response(status, headers={"Location": location}, html="<html>moved</html>")
        return scripted._serve(request)

    scripted = Scripted(3)
    settings = Settings.load(None, webhook=WEBHOOK)
    clock = SimulatedClock()
    return scripted, Portal.connect(settings, clock=clock, transport=httpx.MockTransport(serve))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_webhook_follows_a_renamed_portal_by_posting_again(status):
    scripted, portal = renamed(
        WEBHOOK.replace("acme.example", "new-name.example") + "crm.item.update", status
    )
    [outcome] = portal.send(
        [Command("crm.item.update", {"entityTypeId": 2, "id": 1, "fields": {"title": "x"}})]
    )
    assert outcome.state == "done"
    assert scripted.writes[0][1]["fields"] == {"title": "x"}
    assert portal.host == "new-name.example"


@pytest.mark.parametrize(
    "location",
    ["http://new-name.example/rest/7/x/profile", "https://new-name.example/auth/?backurl=x", "/rest/7/x/", "",
     "https://user@new-name.example/rest/7/x/profile"],
)  # fmt: skip
def test_a_redirect_that_would_give_the_secret_away_is_not_followed(location):
    scripted, portal = renamed(location)
    with pytest.raises(AccessRefused):
        portal.call("profile")
    assert not scripted.requests


def test_redirects_in_a_circle_end():
    _, portal = renamed(WEBHOOK + "profile")
    with pytest.raises(AccessRefused):
        portal.call("profile")


# -- stores --------------------------------------------------------------------------------------------


def test_a_token_file_is_private_and_survives(tmp_path):
    path = tmp_path / "folder" / "tokens.json"
    FileTokens(path).save(FIRST)
    assert FileTokens(path).load() == FIRST
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["tokens.json"]


def test_a_missing_token_file_is_no_pair_and_a_spoiled_one_is_an_error(tmp_path):
    path = tmp_path / "tokens.json"
    assert FileTokens(path).load() is None
    path.write_text('{"access": "s3cret-half')
    with pytest.raises(SettingsError) as caught:
        FileTokens(path).load()
    assert "s3cret-half" not in str(caught.value)


def test_a_token_file_that_cannot_be_written_says_where(tmp_path):
    (tmp_path / "folder").write_text("in the way")
    with pytest.raises(StorageError, match="folder"):
        FileTokens(tmp_path / "folder" / "tokens.json").save(FIRST)


def test_the_keyring_keeps_a_pair(tmp_path, monkeypatch):
    kept = {}
    monkeypatch.setattr("keyring.get_password", lambda service, name: kept.get((service, name)))
    monkeypatch.setattr(
        "keyring.set_password", lambda service, name, text: kept.update({(service, name): text})
    )
    store = KeyringTokens("acme.example", "app.1", tmp_path)
    assert store.load() is None
    with store.lock():
        store.save(FIRST)
    assert KeyringTokens("acme.example", "app.1", tmp_path).load() == FIRST
    assert KeyringTokens("acme.example", "app.2", tmp_path).load() is None
