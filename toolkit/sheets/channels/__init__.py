"""Messages exported from channels: whatever shape a channel gives them, as rows `ingest_appeals` takes.

A `ChannelMapping` (a YAML file) says where in a record the id, the moment, the author and the text stand; ten come
with the library, each with a sample. Start reading at `mapping`; `reading` opens a file by it, `mail` and `whatsapp`
know the two shapes that are no records, `catalogue` finds what is shipped.
"""

from __future__ import annotations

from toolkit.sheets.channels.catalogue import lay_out_samples, shipped_channels, shipped_mapping
from toolkit.sheets.channels.mapping import MESSAGE_FIELDS, ChannelMapping, Taken
from toolkit.sheets.channels.reading import ChannelExport, read_channel

__all__ = [
    "MESSAGE_FIELDS",
    "ChannelExport",
    "ChannelMapping",
    "Taken",
    "lay_out_samples",
    "read_channel",
    "shipped_channels",
    "shipped_mapping",
]
