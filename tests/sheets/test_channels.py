"""Exports of ten channels, each in its own shape, read by its mapping."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.errors import SheetError
from toolkit.sheets.channels import (
    ChannelMapping,
    lay_out_samples,
    read_channel,
    shipped_channels,
    shipped_mapping,
)
from toolkit.sheets.channels.catalogue import sample_of
from toolkit.sheets.channels.mapping import NOT_A_MESSAGE
from toolkit.sheets.columns import CHANNELS

MESSAGES = {
    "site": 4,
    "email": 2,
    "vk": 3,
    "ok": 1,
    "telegram": 3,
    "whatsapp": 3,
    "2gis": 3,
    "yandex": 2,
    "hotline": 2,
    "bot": 2,
}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    assert len(lay_out_samples(folder)) == 20
    assert lay_out_samples(folder) == []  # nothing of a person is written over
    return folder


def test_there_is_a_mapping_for_each_channel_routing_knows() -> None:
    assert [each.channel for each in shipped_channels().values()] == list(CHANNELS)
    assert shipped_mapping("ВКонтакте").code == shipped_mapping("vk").code == "vk"
    with pytest.raises(SheetError, match=r"(?s)is no channel.*vk, ok, telegram"):
        shipped_mapping("Viber")


@pytest.mark.parametrize("code", MESSAGES)
def test_a_sample_is_read_whole_by_the_mapping_beside_it(code: str, samples: Path) -> None:
    mapping = ChannelMapping.read(samples / f"{code}.yaml")

    found = read_channel(samples / sample_of(code), mapping)

    assert found.absent == ()
    assert len(found.messages) == MESSAGES[code]
    assert {each["reason"] for each in found.unread} <= {NOT_A_MESSAGE}
    assert len({each["id"] for each in found.messages}) == MESSAGES[code]
    assert all("+" in each["at"][-6:] for each in found.messages)
    assert any(each.get("text") for each in found.messages)
    assert not any("<b>" in each.get("text", "") for each in found.messages)
