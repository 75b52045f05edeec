"""The client over real sockets: HTTP on loopback, TLS with an authority of one's own, and nobody at home."""

import socket

import pytest

from toolkit.client import Command, Portal, SharedGovernor
from toolkit.errors import AnswerLost, SettingsError, Unreachable
from toolkit.sandbox import new_portal
from toolkit.sandbox.doors.http import serve
from toolkit.settings import Settings

SECRET = "d00rsecret"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    sandbox = new_portal()
    sandbox.access.add_webhook(1, SECRET)
    with serve(sandbox, tls_port=0, tls_folder=tmp_path_factory.mktemp("tls")) as server:
        yield server
    sandbox.close()


@pytest.fixture
def connect(tmp_path):
    opened = []

    def connected(origin, **more):
        settings = Settings.load(
            None, webhook=f"{origin}/rest/1/{SECRET}/", plan="box", state_dir=tmp_path / "state", **more
        )
        portal = Portal.connect(settings)
        opened.append(portal)
        return portal

    yield connected
    for portal in opened:
        portal.close()


def test_plain_http_on_loopback(server, connect, tmp_path):
    portal = connect(server.url)
    command = Command("crm.item.add", {"entityTypeId": 3, "fields": {"name": "Анна"}})
    outcomes = portal.send([command] * 3)
    assert {outcome.result["item"]["name"] for outcome in outcomes} == {"Анна"}
    assert isinstance(portal.governor, SharedGovernor)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and SECRET in path.read_text()]


def test_tls_with_an_authority_of_ones_own(server, connect):
    portal = connect(server.tls_url, ca_file=server.certificate.authority)
    assert portal.call("profile")["ID"] == "1"


def test_tls_unchecked_when_asked_for(server, connect):
    assert connect(server.tls_url, verify_tls=False).call("profile")["ID"] == "1"


def test_a_certificate_nobody_vouches_for_stops_before_the_secret_is_sent(server, connect):
    server.portal.log.clear()
    portal = connect(server.tls_url)
    portal.patience_s = 0
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED") as caught:
        portal.call("profile")
    assert SECRET not in str(caught.value)
    assert not server.portal.log


def test_a_file_that_is_no_certificate_is_refused(server, connect, tmp_path):
    (tmp_path / "ca.pem").write_text("not PEM")
    with pytest.raises(SettingsError, match="B24_CA_FILE"):
        connect(server.tls_url, ca_file=tmp_path / "ca.pem")


def test_nobody_at_home(connect):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        portal = connect(f"http://127.0.0.1:{taken.getsockname()[1]}")
        portal.patience_s = 0
        with pytest.raises(Unreachable):
            portal.call("profile")


@pytest.mark.parametrize("fault", ["lose_answer", "truncated", "html"])
def test_a_broken_answer_over_a_real_socket_is_lost(server, connect, fault):
    server.portal.faults.plan(fault, "crm.item.add")
    with pytest.raises(AnswerLost):
        connect(server.url).call("crm.item.add", {"entityTypeId": 3, "fields": {"name": "Lost"}})


def test_an_answer_that_does_not_come_in_time_is_lost(server, connect):
    server.portal.faults.plan("slow", "crm.item.add", seconds=2)
    portal = connect(server.url, timeout_s=0.3)
    with pytest.raises(AnswerLost, match="ReadTimeout"):
        portal.call("crm.item.add", {"entityTypeId": 3, "fields": {"name": "Late"}})
