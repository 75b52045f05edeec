"""Whom an unattended run tells how it went, as a policy file names them."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from toolkit.settings import is_loopback

__all__ = ["Email", "Tell"]


class Email(BaseModel):
    """A mail server and who gets mail through it; the password is never in this file.

    Args:
        server: host name.
        port: 587 with STARTTLS, 465 with TLS, as a rule.
        security: how the connection is protected; `none` only to this machine.
        user: name to sign in with; None for a server that asks for none.
        sender: address the mail comes from.
        to: addresses.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    server: str
    port: int = Field(587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    sender: str
    to: list[str] = Field(min_length=1)

    @field_validator("sender", "to")
    @classmethod
    def _addresses(cls, given: str | list[str]) -> str | list[str]:
        for each in [given] if isinstance(given, str) else given:
            name, at, domain = each.rpartition("@")
            if not (name and at and domain) or any(sign.isspace() for sign in each):
                raise ValueError(f"{each!r} is not an e-mail address")
        return given

    @model_validator(mode="after")
    def _protected(self) -> Email:
        if self.security == "none" and not is_loopback(self.server):
            raise ValueError("security: none is only for a mail server on this machine; use starttls or tls")
        return self


class Tell(BaseModel):
    """Whom to tell, and when.

    Args:
        when: `trouble`: whatever a person should look at; `changes`: also when something was written;
            `always`: every run.
        portal: ids of users who get a notification on the portal itself.
        email: mail through a server of yours.
        webhook: address that gets the summary as JSON; `env` takes it from B24_TELL_WEBHOOK, where an
            address that is itself a password belongs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: Literal["trouble", "changes", "always"] = "trouble"
    portal: list[int] = Field(default_factory=list)
    email: Email | None = None
    webhook: str | None = None

    @field_validator("webhook")
    @classmethod
    def _safe(cls, address: str | None) -> str | None:
        if address is None or address == "env":
            return address
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("is not an address like https://example.ru/hook")
        if parts.scheme == "http" and not is_loopback(parts.netloc):
            raise ValueError("is plain HTTP to another machine; use https://")
        if parts.username or parts.password:
            raise ValueError("holds a password; write env, and put the address into B24_TELL_WEBHOOK")
        return address

    @model_validator(mode="after")
    def _somebody(self) -> Tell:
        if not (self.portal or self.email or self.webhook):
            raise ValueError("names nobody: give portal, email or webhook, or leave tell out")
        if any(each < 1 for each in self.portal):
            raise ValueError("portal holds ids of users, which begin at 1")
        return self
