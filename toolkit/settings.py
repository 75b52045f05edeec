"""Settings from the environment, a `.env` file or the keyring, with the webhook masked everywhere.

Start with `Settings.load()`. Nothing here opens a connection.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import keyring
import keyring.errors
import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from toolkit.errors import SettingsError

__all__ = ["KEYRING_SERVICE", "Settings", "Webhook", "is_loopback"]

KEYRING_SERVICE = "b24kit"
"""The name under which the system's keyring keeps webhooks and tokens; the user name is the portal's host."""

_WEBHOOK = re.compile(
    r"^(?P<origin>https?://[^/?#\s@]+)(?P<prefix>(?:/[\w.-]+)*?)/+rest/+(?P<user>\d+)/+(?P<secret>[\w~.-]+)"
    r"(?:/+[\w.]*)?/*$"
)

_WEBHOOK_REMEDY = (
    "It looks like https://example.bitrix24.ru/rest/1/abcdef1234567890/ and is created on the portal under "
    "Developer resources, Other, Incoming webhook."
)


def is_loopback(host: str) -> bool:
    """Whether a host name (with or without a port) means this machine."""
    name = urlsplit(f"//{host}").hostname or ""
    return name == "localhost" or name == "::1" or re.fullmatch(r"127(\.\d{1,3}){3}", name) is not None


@dataclass(frozen=True)
class Webhook:
    """The parts of an incoming webhook's address; the secret never shows in a repr.

    Args:
        origin: scheme, host and port, `https://example.bitrix24.ru`.
        user_id: whose rights it carries.
        secret: its password.
        prefix: a path before `/rest`, for portals that live in a folder; usually empty.
    """

    origin: str
    user_id: int
    secret: SecretStr = field(repr=False)
    prefix: str = ""

    @classmethod
    def parse(cls, address: str) -> Webhook:
        """Take a webhook's address apart.

        Args:
            address: as the portal shows it; a method name at its end is ignored.

        Raises:
            SettingsError: it is not a webhook, or is plain HTTP to another machine. The message does not
                repeat the address.
        """
        match = _WEBHOOK.match(address.strip())
        if match is None:
            raise SettingsError("B24_WEBHOOK", "is not the address of an incoming webhook", _WEBHOOK_REMEDY)
        origin = match["origin"].lower()
        if origin.startswith("http://") and not is_loopback(origin.removeprefix("http://")):
            raise SettingsError(
                "B24_WEBHOOK",
                "is plain HTTP to another machine, so its password could be read on the way",
                "Use https://.",
            )
        return cls(origin, int(match["user"]), SecretStr(match["secret"]), match["prefix"])

    @property
    def host(self) -> str:
        """The portal's host name, with the port when it is not the usual one."""
        return urlsplit(self.origin).netloc


class Settings(BaseSettings):
    """How to reach the portal and where to keep things; read from `B24_*` variables and `.env`.

    Use `Settings.load()`, which turns every problem into a `SettingsError`.
    """

    model_config = SettingsConfigDict(
        env_prefix="B24_",
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
        validate_default=True,
    )

    webhook: SecretStr | None = Field(None, description="Address of an incoming webhook.")
    webhook_file: Path | None = Field(None, description="A file holding that address, for containers.")
    portal: str | None = Field(None, description="Host of the portal, for the keyring and for OAuth.")
    client_id: str | None = Field(None, description="OAuth application id.")
    client_secret: SecretStr | None = Field(None, description="OAuth application secret.")
    token_store: Literal["keyring", "file"] = Field("keyring", description="Where OAuth tokens are kept.")
    token_file: Path | None = Field(None, description="The file, when token_store is `file`.")
    auth_server: str = Field(
        "https://oauth.bitrix.info/oauth/token/",
        description="Where tokens are renewed; https://oauth.bitrix24.tech/oauth/token/ for some portals.",
    )
    plan: Literal["cloud", "enterprise", "box"] = Field("cloud", description="Which limits the portal has.")
    operating_limit_s: float | None = Field(
        None,
        ge=0,
        description="Seconds of execution per method in ten minutes; 0 = no limit; None = the plan's.",
    )
    fence_s: float = Field(60.0, ge=0, description="After how many seconds a request surely has ended.")
    timeout_s: float = Field(
        65.0, gt=0, validation_alias="B24_TIMEOUT", description="How long to wait for an answer, seconds."
    )
    patience_s: float = Field(
        1800.0, ge=0, description="How long to wait out limits within one call before giving up, seconds."
    )
    snapshots: Path = Field(Path("snapshots"), description="Where runs and snapshots are kept.")
    state_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_state_dir("b24kit")),
        description="What the processes of this machine share: pacing and locks.",
    )
    operations: Path | None = Field(None, description="A folder with operations of your own, one to a file.")
    language: Literal["ru", "en"] = Field("ru", description="Language of what people read.")
    smtp_password: SecretStr | None = Field(None, description="Password of the mail server in a policy.")
    tell_webhook: SecretStr | None = Field(None, description="Where `webhook: env` of a policy sends to.")
    log_file: Path | None = Field(None, description="A log of what is done; rotated at 5 MB, five kept.")
    log_every_s: float = Field(30.0, gt=0, description="Seconds between log lines where nobody watches.")
    verify_tls: bool = Field(True, description="Check the portal's certificate.")
    ca_file: Path | None = Field(None, description="Additional certificate authority, PEM.")

    @field_validator("webhook_file", "ca_file")
    @classmethod
    def _file_exists(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError(f"names {path}, which is not a file")
        return path

    @field_validator("portal")
    @classmethod
    def _bare_host(cls, portal: str | None) -> str | None:
        if portal is None:
            return None
        host = re.sub(r"^https?://", "", portal.strip()).rstrip("/").lower()
        if not re.fullmatch(r"[\w.-]+(:\d+)?", host):
            raise ValueError("is not a host name like example.bitrix24.ru")
        return host

    @field_validator("auth_server")
    @classmethod
    def _auth_server_is_safe(cls, address: str) -> str:
        parts = urlsplit(address)
        if parts.scheme != "https" and not is_loopback(parts.netloc):
            raise ValueError("is not an https:// address")
        return address

    @model_validator(mode="after")
    def _token_file_named(self) -> Self:
        if self.token_store == "file" and self.token_file is None:  # noqa: S105 - names a kind of store
            raise ValueError("B24_TOKEN_STORE=file needs B24_TOKEN_FILE")
        return self

    @classmethod
    def load(cls, env_file: Path | str | None = ".env", **given: Any) -> Settings:
        """The settings of this process.

        Args:
            env_file: a dotenv file read below the environment; None reads none.
            given: values that win over the environment, by field name.

        Raises:
            SettingsError: a value is malformed or unknown; the message names the variable, never a secret.
        """
        unknown = sorted(set(given) - set(cls.model_fields))
        if unknown:
            raise SettingsError(
                unknown[0], "is not a setting", f"Known are {', '.join(sorted(cls.model_fields))}."
            )
        try:
            # mypy without the pydantic plugin does not see this argument of BaseSettings.
            return cls(_env_file=env_file, **given)  # type: ignore[call-arg] # see above
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]).upper() if first["loc"] else ""
        variable = name if name.startswith("B24_") or not name else f"B24_{name}"
        problem = str(first["msg"]).removeprefix("Value error, ")
        raise SettingsError(
            variable or "B24_*", f"cannot be used: {problem}", "Correct it in the environment or in .env."
        )

    @property
    def uses_oauth(self) -> bool:
        """Whether an OAuth application is configured instead of a webhook."""
        return self.client_id is not None and self.webhook is None and self.webhook_file is None

    def webhook_parts(self) -> Webhook:
        """The webhook, from the first place that has one: variable, file, keyring.

        Raises:
            SettingsError: none of them has one, or it is malformed.
        """
        if self.webhook is not None:
            return Webhook.parse(self.webhook.get_secret_value())
        if self.webhook_file is not None:
            try:
                return Webhook.parse(self.webhook_file.read_text(encoding="utf-8-sig"))
            except OSError as error:
                problem = os.strerror(error.errno or 0)
            raise SettingsError("B24_WEBHOOK_FILE", f"cannot be read: {problem}", "Check its permissions.")
        if self.portal is not None:
            try:
                kept = keyring.get_password(KEYRING_SERVICE, self.portal)
            except keyring.errors.KeyringError:
                kept = None
            if kept:
                return Webhook.parse(kept)
            raise SettingsError(
                "B24_PORTAL",
                f"names {self.portal}, for which the keyring holds no webhook",
                f"Store it with: keyring set {KEYRING_SERVICE} {self.portal}",
            )
        raise SettingsError(
            "B24_WEBHOOK", "is not set", f"Put it into the environment or .env. {_WEBHOOK_REMEDY}"
        )
