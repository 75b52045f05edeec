"""Files the portal holds: their bytes, their names, and recordings that are made when somebody listens.

A seed with six years of calls would drag gigabytes of sound along; it keeps a length and a seed number
instead, and the same WAV is made of them every time.

Source: api-reference/files/how-to-{upload,update}-files.md, read 2026-11-22.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
import mimetypes
import wave
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..state.store import declare_table
from ..wire import php
from .links import signed

if TYPE_CHECKING:
    from ..call import Caller
    from ..portal import Sandbox
    from ..state.fields import Field, Kind

__all__ = [
    "Content",
    "decoded",
    "field_files",
    "item_file_links",
    "keep",
    "keep_sound",
    "read_content",
    "tone",
    "uploads_of",
]

RATE = 8000  # telephone quality
SOUND_MAX_S = 5  # longer calls are cut: the file is there to be carried, not to be heard

# CONTENT holds bytes (SQLite keeps them as bytes in any column), SOUND the recipe of a recording.
declare_table("stored_file", "NAME", "CONTENT", "SIZE int", "SOUND json", "OWNER")


@dataclass(frozen=True)
class Content:
    """A file ready to be sent.

    Args:
        name: file name.
        body: its bytes.
    """

    name: str
    body: bytes

    @property
    def media_type(self) -> str:
        """By the name's ending, as web servers guess it."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"


def tone(duration_s: float, seed: int) -> bytes:
    """A small WAV: mono, 8 bit, 8 kHz, a quiet chord that differs by seed. At least 0.1 s, at most 5 s."""
    length = int(RATE * min(max(duration_s, 0.1), SOUND_MAX_S))
    low, high = 180 + seed % 240, 420 + seed * 7 % 380
    # The waves repeat every second, so one second is computed and repeated.
    second = bytes(
        int(128 + 24 * math.sin(2 * math.pi * low * n / RATE) + 16 * math.sin(2 * math.pi * high * n / RATE))
        for n in range(min(length, RATE))
    )
    made = io.BytesIO()
    with wave.open(made, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(RATE)
        sound.writeframes((second * (length // RATE + 1))[:length])
    return made.getvalue()


def keep(portal: Sandbox, name: str, body: bytes, *, owner: str = "") -> int:
    """Store a file; returns its id in the file storage.

    Args:
        portal: the sandbox.
        name: file name.
        body: its bytes.
        owner: `3:UF_CRM_PASSPORT` for a field of a kind of record; empty for Drive.
    """
    return portal.store.insert(
        "stored_file", {"NAME": name, "CONTENT": body, "SIZE": len(body), "OWNER": owner}
    )


def keep_sound(portal: Sandbox, name: str, duration_s: float, seed: int) -> int:
    """Store a recording as its recipe; returns its id in the file storage."""
    size = 44 + int(RATE * min(max(duration_s, 0.1), SOUND_MAX_S))
    recipe = json.dumps({"duration_s": duration_s, "seed": seed})
    return portal.store.insert("stored_file", {"NAME": name, "SIZE": size, "SOUND": recipe, "OWNER": ""})


def read_content(portal: Sandbox, file_id: int) -> Content | None:
    """A stored file with its bytes, or None."""
    row = portal.store.get("stored_file", file_id)
    if row is None:
        return None
    if row["SOUND"]:
        recipe = json.loads(row["SOUND"])
        return Content(row["NAME"], tone(float(recipe["duration_s"]), int(recipe["seed"])))
    return Content(row["NAME"], row["CONTENT"] or b"")


def decoded(text: Any) -> bytes | None:
    """Bytes of a Base64 text; None when it is none."""
    if not isinstance(text, str):
        return None
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def uploads_of(value: Any) -> list[tuple[str, bytes]]:
    """Files of an array of `[name, base64]` pairs or `{fileData: [name, base64]}`; what fits neither is
    skipped without a word."""
    found = []
    for each in php.values(value) if isinstance(value, dict | list) else []:
        pair = each.get("fileData") if isinstance(each, dict) else each
        parts = php.values(pair) if isinstance(pair, dict | list) else []
        body = decoded(parts[1]) if len(parts) == 2 else None
        if body is not None and str(parts[0]):
            found.append((str(parts[0]), body))
    return found


def field_files(
    portal: Sandbox, kind: Kind, field: Field, value: Any, *, legacy: bool
) -> list[int] | int | None:
    """What a client's value makes of a file field: ids of stored files, or one id, or None for nothing.

    Universal methods take `[name, base64]` and, in multiple fields, `{"id": 5}` or 5 for a file to keep;
    legacy ones take `{"fileData": [name, base64]}`. Whatever has another shape is skipped silently.
    """
    owner = f"{kind.entity_type_id}:{field.column}"
    if not field.multiple:
        return _one(portal, owner, value, legacy=legacy)
    ids = [_one(portal, owner, each, legacy=legacy) for each in php.values(value)]
    return [each for each in ids if each is not None]


def _one(portal: Sandbox, owner: str, value: Any, *, legacy: bool) -> int | None:
    kept = value.get("id") if isinstance(value, dict) and "fileData" not in value else value
    if php.whole(kept):
        row = portal.store.get("stored_file", php.whole(kept))
        return php.whole(kept) if row and row["OWNER"] == owner else None
    pair = value.get("fileData") if isinstance(value, dict) and legacy else value
    parts = php.values(pair) if isinstance(pair, list) else []
    body = decoded(parts[1]) if len(parts) == 2 else None
    if body is None or not isinstance(parts[0], str) or not parts[0]:
        return None
    return keep(portal, parts[0], body, owner=owner)


def item_file_links(
    portal: Sandbox, kind: Kind, field: Field, id_: int, file_id: int, caller: Caller | None
) -> dict[str, Any]:
    """A file of a record as `crm.item.*` shows it: id, a link for people and a signed one for programs."""
    facts = {"entityTypeId": kind.entity_type_id, "id": id_, "fieldName": field.column, "fileId": file_id}
    query = "&".join(f"{name}={value}" for name, value in facts.items())
    ajax = f"{portal.base_url}/bitrix/services/main/ajax.php"
    page = f"{ajax}?action=crm.controller.item.getFile&SITE_ID=s1&{query}"
    machine = f"{portal.base_url}/rest/crm.controller.item.getFile.json"
    return {"id": file_id, "url": page, "urlMachine": f"{machine}?{signed(portal, 'crm', facts, caller)}"}
