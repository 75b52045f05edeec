"""Settings of a process."""

import keyring
import keyring.backend
import pytest

from toolkit.errors import SettingsError
from toolkit.settings import KEYRING_SERVICE, Settings, Webhook, is_loopback

SECRET = "q7hd93kdmw02lak1"
HOOK = f"https://Acme.bitrix24.ru/rest/12/{SECRET}/"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch, tmp_path):
    import os

    for name in [name for name in os.environ if name.startswith("B24_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


class Drawer(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self):
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        del self.kept[service, username]


@pytest.fixture
def drawer():
    former, drawer = keyring.get_keyring(), Drawer()
    keyring.set_keyring(drawer)
    yield drawer
    keyring.set_keyring(former)


@pytest.mark.parametrize("tail", ["", "/", "//", "/profile.json", "/crm.item.list/"])
def test_a_webhook_is_taken_as_people_paste_it(tail):
    hook = Webhook.parse(f"  https://Acme.bitrix24.ru/rest/12/{SECRET}{tail}\n")
    assert (hook.host, hook.user_id, hook.secret.get_secret_value()) == ("acme.bitrix24.ru", 12, SECRET)


@pytest.mark.parametrize(
    "address",
    ["", "acme.bitrix24.ru", f"https://acme/rest/x/{SECRET}", f"ftp://acme/rest/1/{SECRET}/", "https://acme/rest/1/",
     f"https://u:p@acme/rest/1/{SECRET}/"],
)  # fmt: skip
def test_anything_else_is_refused_without_repeating_it(address):
    with pytest.raises(SettingsError) as caught:
        Webhook.parse(address)
    assert SECRET not in str(caught.value)


def test_plain_http_is_for_this_machine_only():
    assert Webhook.parse(f"http://127.0.0.1:8099/rest/1/{SECRET}/").host == "127.0.0.1:8099"
    with pytest.raises(SettingsError, match="plain HTTP"):
        Webhook.parse(f"http://acme.ru/rest/1/{SECRET}/")


@pytest.mark.parametrize(
    ("host", "here"),
    [("localhost:80", True), ("127.9.9.9", True), ("[::1]:5", True), ("localhost.evil.ru", False),
     ("127.0.0.1.evil.ru", False), ("10.0.0.1", False)],
)  # fmt: skip
def test_loopback_is_this_machine_and_no_other(host, here):
    assert is_loopback(host) is here


def test_the_environment_wins_over_the_dotenv_file(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text(f"B24_WEBHOOK={HOOK}\nB24_TIMEOUT=5\nB24_LANGUAGE=en\nOTHER=1\n")
    monkeypatch.setenv("B24_TIMEOUT", "7.5")
    settings = Settings.load()
    assert (settings.timeout_s, settings.language, settings.webhook_parts().user_id) == (7.5, "en", 12)


def test_the_webhook_may_come_from_a_file(tmp_path, monkeypatch):
    (tmp_path / "hook").write_text(HOOK + "\n", encoding="utf-8-sig")
    monkeypatch.setenv("B24_WEBHOOK_FILE", str(tmp_path / "hook"))
    assert Settings.load().webhook_parts().user_id == 12


def test_the_webhook_may_come_from_the_keyring(drawer):
    drawer.set_password(KEYRING_SERVICE, "acme.bitrix24.ru", HOOK)
    assert Settings.load(None, portal="https://Acme.bitrix24.ru/").webhook_parts().user_id == 12
    with pytest.raises(SettingsError, match="keyring set"):
        Settings.load(None, portal="other.bitrix24.ru").webhook_parts()


def test_no_webhook_says_where_to_get_one():
    with pytest.raises(SettingsError, match="Incoming webhook"):
        Settings.load(None).webhook_parts()


@pytest.mark.parametrize(
    ("name", "value"),
    [("B24_PLAN", "gold"), ("B24_TIMEOUT", "soon"), ("B24_TIMEOUT", "0"), ("B24_CA_FILE", "/no/such/file"),
     ("B24_LANGUAGE", "de"), ("B24_PORTAL", "not a host"), ("B24_AUTH_SERVER", "http://oauth.example/"),
     ("B24_FENCE_S", "-1")],
)  # fmt: skip
def test_a_malformed_variable_is_named(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        Settings.load(None)
    assert name in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_setting_that_does_not_exist_is_refused():
    with pytest.raises(SettingsError, match="not a setting"):
        Settings.load(None, webhok=HOOK)


def test_no_secret_shows_anywhere(monkeypatch):
    monkeypatch.setenv("B24_WEBHOOK", HOOK)
    monkeypatch.setenv("B24_CLIENT_SECRET", SECRET)
    settings = Settings.load(None)
    shown = [repr(settings), str(settings), settings.model_dump_json(), repr(settings.webhook_parts())]
    monkeypatch.setenv("B24_WEBHOOK", f"https://{SECRET}")
    with pytest.raises(SettingsError) as caught:
        Settings.load(None).webhook_parts()
    assert not [text for text in [*shown, str(caught.value)] if SECRET in text]


def test_the_defaults_are_the_documented_ones():
    settings = Settings.load(None)
    assert (settings.plan, settings.fence_s, settings.language) == ("cloud", 60.0, "ru")
    assert settings.timeout_s > settings.fence_s  # a timed-out request has surely ended on the portal
