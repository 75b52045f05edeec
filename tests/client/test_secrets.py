"""The webhook's secret is nowhere to be found."""

import io
import logging
import traceback

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.traceback import Traceback

from tests.client.scripted import SECRET, WEBHOOK, Scripted
from toolkit.client import Command, Governor, Limits, Portal, SimulatedClock, mask
from toolkit.errors import PortalError
from toolkit.settings import Settings


def leaky(request, _execute):
    """A page that repeats the address it was asked under."""
    return httpx.Response(404, html=f"<html>{request.url} not found, see {request.url.path}</html>")


def talkative(request, _execute):
    return httpx.Response(400, json={"error": "", "error_description": f"Bad request: {request.url}"})


def carrying(kind):
    def fault(request, _execute):
        raise kind(f"while asking {request.url}", request=request)

    return fault


FAULTS = {
    "html": leaky,
    "error text": talkative,
    "timeout": carrying(httpx.ReadTimeout),
    "refused": carrying(httpx.ConnectError),
    "cut": carrying(httpx.RemoteProtocolError),
    "redirect": lambda request, _: httpx.Response(
        302, headers={"Location": f"http://evil.example{request.url.path}"}
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_no_error_log_repr_or_traceback_shows_it(fault, caplog, tmp_path):
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=name)
    scripted, clock, notes = Scripted(3), SimulatedClock(), []
    scripted.faults.extend([fault] * 100)
    settings = Settings.load(None, webhook=WEBHOOK, state_dir=tmp_path, patience_s=5)
    portal = Portal.connect(settings, clock=clock, transport=scripted.transport(), on_request=notes.append)
    with pytest.raises(PortalError) as caught:
        portal.call("crm.item.update", {"entityTypeId": 2, "id": 1, "fields": {}})
    outcomes = portal.send([Command("crm.item.get", {"id": 1}), Command("crm.item.delete", {"id": 1})])
    error = caught.value
    console = Console(file=io.StringIO(), width=300)
    console.print(
        Traceback.from_exception(
            type(error), error, error.__traceback__, show_locals=True, locals_max_string=10_000
        )
    )
    shown = {
        "message": str(error),
        "attributes": repr(vars(error)),
        "traceback": "".join(traceback.format_exception(error)),
        "traceback with locals": console.file.getvalue(),
        "log": caplog.text,
        "outcomes": repr(outcomes),
        "portal": repr(portal),
        "settings": repr(settings),
        "notes": repr(notes),
    }
    assert SECRET in scripted.urls[0]  # it does travel
    assert not [where for where, text in shown.items() if SECRET in text]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and SECRET in path.read_text()]


def test_ctrl_c_in_the_middle_of_a_request_shows_no_secret_among_the_locals():
    class Interrupted(httpx.BaseTransport):
        def handle_request(self, request):
            raise KeyboardInterrupt

    settings = Settings.load(None, webhook=WEBHOOK)
    portal = Portal.connect(settings, clock=SimulatedClock(), transport=Interrupted())
    with pytest.raises(KeyboardInterrupt) as caught:
        portal.call("profile")
    console = Console(file=io.StringIO(), width=300)
    shown = Traceback.from_exception(
        caught.type, caught.value, caught.tb, show_locals=True, locals_max_string=10_000
    )
    console.print(shown)
    assert "handle_request" in console.file.getvalue()
    assert SECRET not in console.file.getvalue().replace(WEBHOOK, "the line of this test that names it")


def test_httpx_at_debug_level_logs_no_secret_on_success(caplog):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="httpx")
    scripted = Scripted(3)
    settings = Settings.load(None, webhook=WEBHOOK)
    Portal.connect(settings, clock=SimulatedClock(), transport=scripted.transport()).call("profile")
    assert "profile" in caplog.text
    assert SECRET not in caplog.text


def test_the_shared_governors_file_knows_only_a_fingerprint(tmp_path):
    from toolkit.client import SharedGovernor
    from toolkit.client.identity import WebhookIdentity
    from toolkit.settings import Webhook

    identity = WebhookIdentity(Webhook.parse(WEBHOOK))
    governor = SharedGovernor(Limits(), tmp_path, "acme.example", owner=identity.fingerprint)
    governor.reserve(["profile"])
    assert identity.fingerprint in governor.path.read_text()
    assert SECRET not in governor.path.read_text() + repr(identity) + repr(Governor(Limits()))


@given(st.from_regex(r"[a-z0-9]{8,32}", fullmatch=True), st.integers(1, 10**6))
def test_masking_takes_out_any_webhook_and_leaves_the_rest(secret, user):
    for prefix in ("rest/", "rest/api/"):
        text = f"POST https://acme.example/{prefix}{user}/{secret}/crm.item.update.json failed"
        expected = f"POST https://acme.example/{prefix}{user}/***/crm.item.update.json failed"
        assert mask(text) == expected


@pytest.mark.parametrize(
    "text",
    ["?auth=abc123&x=1", '{"access_token": "abc123"}', "refresh_token=abc123", "client_secret=abc123;",
     "%2Frest%2F7%2Fabc123%2Fprofile", "{'auth': 'abc123'}"],
)  # fmt: skip
def test_masking_takes_out_tokens(text):
    assert "abc123" not in mask(text)


def test_masking_leaves_ordinary_words_alone():
    text = "error_code: 7, authorisation failed, /rest/of/the/day"
    assert mask(text) == text
