"""A chat as WhatsApp exports it: lines of text that begin with the moment and the author."""

from __future__ import annotations

import hashlib
import re
from typing import Any
from zoneinfo import ZoneInfo

from toolkit.sheets.mapping.moments import read_moment

__all__ = ["chat_lines"]

_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\ufeff]")
_LINE = re.compile(
    r"""\[?(\d{1,2}[./]\d{1,2}[./]\d{2,4}),?\s+   # the day
        (\d{1,2}:\d{2}(?::\d{2})?)(\s?[AaPp]\.?[Mm]\.?)?
        (?:\]|\s+[-\u2013])\s+                     # iPhones put brackets, Androids a dash
        (.*)""",
    re.VERBOSE,
)
_PHONE = re.compile(r"\+?[\d\s()\u2011-]{10,20}")


def chat_lines(text: str, zone: str) -> list[dict[str, Any]]:
    """The messages of a chat as records.

    Args:
        text: of the file.
        zone: IANA name, of the phone that exported it.

    Returns:
        Records with `line` (from 1), `id`, `date`, `author`, `phone` (where the author is not among the contacts of
        that phone, WhatsApp shows the number), `text`, `kind`: `message`, or `service` for what WhatsApp itself says.
        WhatsApp exports no ids: the id is a digest of moment, author and text, so two alike within a minute are one.
    """
    found: list[dict[str, Any]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        plain = _MARKS.sub("", line).replace("\u202f", " ")
        begins = _LINE.match(plain)
        if not begins:
            if found:
                found[-1]["text"] += "\n" + plain
            elif plain.strip():
                found.append({"line": number, "date": None, "author": "", "text": plain, "kind": "message"})
            continue
        author, colon, said = begins[4].partition(": ")
        if not colon and begins[4].endswith(":"):
            author, colon = begins[4][:-1], ":"
        found.append(
            {
                "line": number,
                "date": read_moment(_moment(begins[1], begins[2], begins[3] or ""), ZoneInfo(zone)),
                "author": author.strip() if colon else "",
                "text": said if colon else begins[4],
                "kind": "message" if colon else "service",
            }
        )
    for each in found:
        each["text"] = each["text"].strip()
        each["phone"] = each["author"] if _PHONE.fullmatch(each["author"]) else ""
        when = each["date"].isoformat() if each["date"] else ""
        said = "|".join((when, each["author"], each["text"]))
        each["id"] = "~" + hashlib.sha256(said.encode()).hexdigest()[:24]
    return found


def _moment(day: str, clock: str, half: str) -> str:
    """As `read_moment` knows it: four digits of the year, 24 hours."""
    date, month, year = re.split(r"[./]", day)
    if half:
        hour, _, rest = clock.partition(":")
        afternoon = half.strip().casefold().startswith("p")
        clock = f"{int(hour) % 12 + 12 * afternoon:02d}:{rest}"
    return f"{date}.{month}.{year if len(year) == 4 else '20' + year} {clock}"
