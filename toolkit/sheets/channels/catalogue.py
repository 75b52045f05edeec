"""The ten channels that come with the library: a mapping and a sample of each."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

from toolkit.errors import SheetError, StorageError
from toolkit.sheets.channels.mapping import ChannelMapping
from toolkit.sheets.columns import known_channels
from toolkit.sheets.spelling import fold, nearest_known

__all__ = ["lay_out_samples", "sample_of", "shipped_channels", "shipped_mapping"]

_HOME = "toolkit.sheets.channels"


@cache
def shipped_channels() -> dict[str, ChannelMapping]:
    """Code of each channel to its mapping, in the order in which people think of them."""
    texts = [
        each.read_text(encoding="utf-8") for each in resources.files(_HOME).joinpath("shipped").iterdir()
    ]
    found = {mapping.code: mapping for mapping in map(ChannelMapping.of, texts)}
    order = list(dict.fromkeys(known_channels().values()))
    return dict(sorted(found.items(), key=lambda each: order.index(each[1].channel)))


def shipped_mapping(channel: str) -> ChannelMapping:
    """The mapping of a channel that comes with the library.

    Args:
        channel: its code or any of its names, in any case.

    Raises:
        SheetError: there is none; which there are.
    """
    known = shipped_channels()
    name = known_channels().get(fold(channel), channel)
    for code, mapping in known.items():
        if fold(channel) == code or name == mapping.channel:
            return mapping
    near = nearest_known(channel, list(known))
    problem = "is no channel the library knows" + (f"; perhaps {near}" if near else "")
    remedy = f"For another one write a mapping, and give it with --mapping. There are: {', '.join(known)}."
    raise SheetError(channel, None, None, None, problem, remedy)


def sample_of(code: str) -> str:
    """Name of a channel's sample file."""
    names = [each.name for each in resources.files(_HOME).joinpath("samples").iterdir()]
    return next(name for name in sorted(names) if name.partition(".")[0] == code)


def lay_out_samples(folder: Path) -> list[Path]:
    """Write the ten mappings and samples.

    Args:
        folder: made when absent; files of these names that are there already are left as they are.

    Returns:
        What was written.

    Raises:
        StorageError: the folder cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for code in shipped_channels():
            home = resources.files(_HOME)
            wanted = [home.joinpath("shipped", f"{code}.yaml"), home.joinpath("samples", sample_of(code))]
            for each in wanted:
                target = folder / each.name
                if not target.exists():
                    target.write_bytes(each.read_bytes())
                    written.append(target)
    except OSError as error:
        raise StorageError(folder, str(error.strerror or error), "Name another folder.") from error
    return written
