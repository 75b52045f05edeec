"""Telling people how an unattended run went: on the portal, by mail, through a webhook."""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import urlsplit

import httpx
import keyring
import keyring.errors

from toolkit.client import Portal
from toolkit.client.masking import mask
from toolkit.errors import SettingsError, ToolkitError
from toolkit.runs.addressees import Email, Tell
from toolkit.runs.summary import Summary
from toolkit.settings import KEYRING_SERVICE, Settings

__all__ = ["smtp_password", "tell_people", "tell_webhook"]

_log = logging.getLogger(__name__)
_TIMEOUT_S = 20.0


def tell_people(tell: Tell, summary: Summary, settings: Settings, portal: Callable[[], Portal]) -> list[str]:
    """Tell everybody a policy names, if this is what they want to hear.

    Whoever cannot be told does not keep the others from being told, nor changes how the run ended.

    Args:
        tell: who, and when.
        summary: what to tell.
        settings: passwords, and the language.
        portal: opens the portal; asked only for notifications on it.

    Returns:
        What could not be told, and why: one text each, without secrets.
    """
    wanted = tell.when == "always" or summary.trouble or (tell.when == "changes" and summary.wrote)
    if not wanted:
        return []
    failed: list[str] = []

    def attempt(whom: str, send: Callable[[], None]) -> None:
        try:
            send()
        except (ToolkitError, OSError, smtplib.SMTPException, httpx.HTTPError) as error:
            # An SMTP server may repeat what it was sent, an HTTP error its address.
            words = str(error) if isinstance(error, ToolkitError) else type(error).__name__
            failed.append(mask(f"{whom}: {words}"))
            _log.warning("could not tell %s: %s", whom, failed[-1])

    for user in tell.portal:
        attempt(f"user {user}", lambda user=user: _on_portal(portal, user, summary, settings.language))  # type: ignore[misc] # mypy does not infer lambdas with defaults
    if tell.email is not None:
        email = tell.email
        attempt(email.server, lambda: _by_mail(email, summary, settings))
    if tell.webhook is not None:
        address = tell.webhook
        attempt("webhook", lambda: _by_webhook(address, summary, settings))
    return failed


def smtp_password(email: Email, settings: Settings) -> str:
    """The password of a mail server: B24_SMTP_PASSWORD, or the keyring's.

    Raises:
        SettingsError: there is none.
    """
    if settings.smtp_password is not None:
        return settings.smtp_password.get_secret_value()
    name = f"smtp:{email.user}@{email.server}"
    try:
        kept = keyring.get_password(KEYRING_SERVICE, name)
    except keyring.errors.KeyringError:
        kept = None
    if kept:
        return str(kept)
    raise SettingsError(
        "B24_SMTP_PASSWORD", "is not set", f"Set it, or store it with: keyring set {KEYRING_SERVICE} {name}"
    )


def tell_webhook(address: str, settings: Settings) -> str:
    """The address summaries go to; `env` means the one in B24_TELL_WEBHOOK.

    Raises:
        SettingsError: there is none, or it is not safe.
    """
    if address != "env":
        return address
    if settings.tell_webhook is None:
        raise SettingsError(
            "B24_TELL_WEBHOOK", "is not set", "The policy says: webhook: env. Set it, or tell others."
        )
    kept = settings.tell_webhook.get_secret_value()
    try:
        Tell(webhook=kept if urlsplit(kept).scheme else "-")
    except ValueError:
        problem = "is not an address like https://example.ru/hook"
        raise SettingsError(
            "B24_TELL_WEBHOOK", problem, "Correct it in the environment or in .env."
        ) from None
    return kept


def _on_portal(opened: Callable[[], Portal], user: int, summary: Summary, language: str) -> None:
    with opened() as portal:
        # The tag makes one notification of several sent for one run; webhooks need CLIENT_ID for it.
        # Source: api-reference/chats/notifications/im-notify-system-add.md, read 2026-11-22.
        portal.call(
            "im.notify.system.add",
            {
                "USER_ID": user,
                "MESSAGE": f"b24kit: {summary.line(language)}",
                "TAG": f"b24kit-{summary.run or summary.operation}-{summary.began:.0f}",
                "CLIENT_ID": "b24kit",
            },
        )


def _by_mail(email: Email, summary: Summary, settings: Settings) -> None:
    letter = EmailMessage()
    line = summary.line(settings.language)
    letter["Subject"] = f"b24kit: {line.partition(';')[0]}"
    letter["From"], letter["To"] = email.sender, ", ".join(email.to)
    letter["Date"], letter["Message-ID"] = formatdate(localtime=True), make_msgid(domain="b24kit.local")
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content("\n".join(line.split("; ")) + "\n")
    context = ssl.create_default_context(cafile=settings.ca_file)
    password = smtp_password(email, settings) if email.user is not None else ""
    if email.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(email.server, email.port, timeout=_TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(email.server, email.port, timeout=_TIMEOUT_S)
    with server:
        if email.security == "starttls":
            server.starttls(context=context)
        if email.user is not None:
            server.login(email.user, password)
        server.send_message(letter)


def _by_webhook(address: str, summary: Summary, settings: Settings) -> None:
    target = tell_webhook(address, settings)
    answer = httpx.post(target, json=summary.facts(), timeout=_TIMEOUT_S, follow_redirects=False)
    if not answer.is_success:  # raise_for_status would repeat the address
        raise ConnectionError(answer.status_code)
