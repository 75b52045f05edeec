"""Names of time zones, checked where people write them."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator

__all__ = ["ZoneName"]


def _known(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone such as Europe/Moscow") from error
    return name


ZoneName = Annotated[str, AfterValidator(_known)]
"""An IANA name this machine knows, such as Europe/Moscow."""
