"""Messages of a channel, typed, and the marker each leaves on the portal."""

from __future__ import annotations

import hashlib
import re

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

__all__ = ["MessageRow", "UnreadMessage", "marker_of"]

_PLAIN = re.compile(r"[A-Za-z0-9_.@+=:~-]{1,100}")


class MessageRow(BaseModel):
    """A message.

    Args:
        id: the channel's own; by it the message is taken in exactly once.
        at: when it was written, aware.
        text: what was written, plain.
        title: a subject, where the channel has one.
        author: as the channel calls them: a nickname, an id.
        name: their real name, as a card would have it; "" when only a nickname is known.
        phone, email: of the author, as typed.
        topic, subtopic, region, department: in the words of the routing directory, where the channel says them.
        post: what was commented on, or the mail that began the conversation; "" for none.
        link: address of the message.
        rating: of a review.
        row: where it stands in the file, from 1; 0 when it comes from none.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, coerce_numbers_to_str=True, str_strip_whitespace=True
    )

    id: str = Field(min_length=1)
    at: AwareDatetime
    text: str = ""
    title: str = ""
    author: str = ""
    name: str = ""
    phone: str = ""
    email: str = ""
    topic: str = ""
    subtopic: str = ""
    region: str = ""
    department: str = ""
    post: str = ""
    link: str = ""
    rating: str = ""
    row: int = Field(default=0, ge=0)


class UnreadMessage(BaseModel):
    """A row of an export that is no message: it is accounted for.

    Args:
        row: where it stands in the file, from 1.
        id: as far as it says one.
        reason: why, one of `toolkit.sheets.channels.mapping`.
        details: the value that is meant.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    row: int = Field(ge=0)
    id: str = ""
    reason: str = Field(min_length=1)
    details: str = ""


def marker_of(code: str, number: str) -> str:
    """The external key of the appeal made of a message: `ch:vk:-4455_501`.

    Args:
        code: of the channel.
        number: id of the message; one with blanks, brackets or more than 100 characters goes in as a digest.
    """
    if not _PLAIN.fullmatch(number):
        number = "~" + hashlib.sha256(number.encode()).hexdigest()[:24]
    return f"ch:{code}:{number}"
