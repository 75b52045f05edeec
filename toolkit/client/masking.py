"""Keeps webhook secrets and tokens out of everything a person or a file may see."""

from __future__ import annotations

import logging
import re

__all__ = ["SecretFilter", "mask", "quiet_http_logs"]

_PATTERNS = (
    # the path of a webhook: /rest/<user>/<secret>; REST 3.0 adds /api
    (re.compile(r"(/rest/(?:api/)?\d+/)[\w~.-]+", re.IGNORECASE), r"\1***"),
    # the same with the slashes percent-encoded, as in a redirect's query
    (re.compile(r"(%2Frest%2F(?:api%2F)?\d+%2F)[\w~.-]+", re.IGNORECASE), r"\1***"),
    # tokens as parameters, of ours and of the signed links in replies
    (
        re.compile(
            r"""(\b(?:auth|access_token|refresh_token|client_secret|code|token)["']?\s*[=:]\s*["']?)[^\s&"',}<>]+""",
            re.IGNORECASE,
        ),
        r"\1***",
    ),
)

_HTTP_LOGGERS = ("httpx", "httpcore")


def mask(text: str) -> str:
    """The same text with webhook secrets, tokens and client secrets replaced by `***`."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class SecretFilter(logging.Filter):
    """A logging filter that masks secrets in the finished message and in the text of its exception."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; always lets it pass."""
        message = record.getMessage()
        masked = mask(message)
        if masked != message:
            record.msg, record.args = masked, None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = mask(record.exc_text)
        return True


_FILTER = SecretFilter()


def quiet_http_logs() -> None:
    """Keep the HTTP library from logging addresses: level WARNING, and a mask over what remains.

    httpx logs the full address of every request at INFO; for a webhook that is its password.
    A level somebody set on purpose (say, DEBUG) is left alone, the mask still applies.
    """
    for name in _HTTP_LOGGERS:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)
        if _FILTER not in logger.filters:
            logger.addFilter(_FILTER)
