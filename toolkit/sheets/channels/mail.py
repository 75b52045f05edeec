"""Mails out of an .mbox, an .eml or a folder of those, as records. Standard library only."""

from __future__ import annotations

import hashlib
import mailbox
from collections.abc import Iterator
from email import message_from_binary_file, message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path
from typing import Any

from toolkit.errors import SheetError
from toolkit.sheets.channels.texts import from_html

__all__ = ["mails"]


def mails(path: Path) -> Iterator[dict[str, Any]]:
    """Each mail as a record.

    Args:
        path: .mbox (any suffix but .eml), .eml, or a folder: its .eml files in the order of their names.

    Returns:
        Records with `id` (Message-ID; a digest of the mail where it has none), `date` (aware, or None), `name` and
        `email` of the sender, `subject`, `text` (plain, else what HTML shows), `thread` (id of the mail that began it),
        `attachments` (names).

    Raises:
        SheetError: it cannot be read.
    """
    try:
        if path.is_dir():
            for each in sorted(path.glob("*.eml")):
                yield _record(_one(each))
        elif path.suffix.lower() == ".eml":
            yield _record(_one(path))
        else:
            box = mailbox.mbox(path, create=False)
            try:
                if not len(box):
                    remedy = "A mailbox has lines that begin with `From `; export it as .mbox or .eml."
                    raise SheetError(path, None, None, None, "holds no mails", remedy)
                for key in box.iterkeys():
                    yield _record(_parsed(box.get_bytes(key)))
            finally:
                box.close()
    except (OSError, mailbox.Error) as error:
        raise SheetError(path, None, None, None, f"cannot be read: {error}", "Export it again.") from error


def _one(path: Path) -> EmailMessage:
    with path.open("rb") as file:
        return message_from_binary_file(file, policy=policy.default)


def _parsed(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def _record(mail: EmailMessage) -> dict[str, Any]:
    sender = getaddresses([_header(mail, "Reply-To") or _header(mail, "From")])
    name, address = sender[0] if sender else ("", "")
    own_name = next((each for each, _ in getaddresses([_header(mail, "From")])), "")
    references = _header(mail, "References").split() or _header(mail, "In-Reply-To").split()
    return {
        "id": _header(mail, "Message-ID").strip().strip("<>") or _digest(mail),
        "date": _moment(mail),
        "name": own_name or name,
        "email": address,
        "subject": _header(mail, "Subject"),
        "text": _text(mail),
        "thread": references[0].strip("<>") if references else "",
        "attachments": ", ".join(
            each.get_filename() or each.get_content_type() for each in mail.iter_attachments()
        )
        if mail.is_multipart()
        else "",
    }


def _header(mail: EmailMessage, name: str) -> str:
    """A header in words; what is encoded against the rules is taken as it stands."""
    try:
        return " ".join(str(mail.get(name) or "").split())
    except (ValueError, IndexError, AttributeError, LookupError):
        return ""


def _moment(mail: EmailMessage) -> Any:
    try:
        return getattr(mail.get("Date"), "datetime", None)
    except (ValueError, IndexError, TypeError, AttributeError):
        return None


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain", "html"))
    if body is None:
        return ""
    try:
        text = str(body.get_content())
    except (LookupError, UnicodeError, KeyError):  # a charset nobody knows
        raw = body.get_payload(decode=True)
        text = raw.decode("utf-8", errors="replace") if isinstance(raw, bytes) else ""
    return from_html(text) if body.get_content_type() == "text/html" else text


def _digest(mail: EmailMessage) -> str:
    said = "|".join((_header(mail, "Date"), _header(mail, "From"), _header(mail, "Subject"), _text(mail)))
    return "~" + hashlib.sha256(said.encode("utf-8", errors="replace")).hexdigest()[:24]
