"""Exports of ten channels, each in its own shape, read by its mapping."""

from __future__ import annotations

import json
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
from toolkit.sheets.channels.mapping import BROKEN, NO_ID, NO_MOMENT, NOT_A_MESSAGE
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


def mapping(shape: str, **more: object) -> ChannelMapping:
    fields = {"id": "id", "at": "date", "text": "text"}
    return ChannelMapping.model_validate(
        {"channel": "VK", "code": "vk", "shape": shape, "fields": fields, **more}
    )


def lines_of(folder: Path, *lines: str) -> Path:
    path = folder / "export.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("01.05.2026 10:00", "2026-05-01T10:00:00+03:00"),
        ("2026-05-01T10:00:00Z", "2026-05-01T10:00:00+00:00"),
        ("2026-05-01 10:00:00", "2026-05-01T10:00:00+03:00"),
        (1777618800, "2026-05-01T07:00:00+00:00"),
        (1777618800000, "2026-05-01T07:00:00+00:00"),
        (46143.416666666664, "2026-05-01T10:00:00+03:00"),
    ],
)
def test_moments_are_read_however_a_channel_writes_them(tmp_path: Path, written: object, meant: str) -> None:
    path = lines_of(tmp_path, json.dumps({"id": 1, "date": written}))

    assert [each["at"] for each in read_channel(path, mapping("lines")).messages] == [meant]


def test_a_row_that_cannot_be_used_is_told_by_its_place_and_the_others_go_on(tmp_path: Path) -> None:
    path = lines_of(
        tmp_path,
        '{"id": "1", "date": "2026-05-01", "text": "😡 =1+1"}',
        '{"id": "2", "date": "2026-0',
        '{"date": "2026-05-01"}',
        "",
        '{"id": "5", "date": "вчера"}',
        '{"id": "6", "date": "2026-05-01", "text": null}',
    )

    found = read_channel(path, mapping("lines"))

    assert [(each["id"], each["row"], each.get("text", "")) for each in found.messages] == [
        ("1", "1", "😡 =1+1"),
        ("6", "6", ""),
    ]
    assert [(each["row"], each["reason"]) for each in found.unread] == [
        (2, BROKEN),
        (3, NO_ID),
        (5, NO_MOMENT),
    ]


def test_an_id_with_a_part_missing_is_none(tmp_path: Path) -> None:
    path = lines_of(tmp_path, '{"id": 5, "date": 1777618800}', '{"id": 5, "wall": 7, "date": 1777618800}')

    found = read_channel(path, mapping("lines", fields={"id": "{wall}_{id}", "at": "date"}))

    assert [each.reason or each.id for each in found.rows] == [NO_ID, "7_5"]


def test_a_table_is_read_below_its_title_in_either_encoding_and_says_what_it_lacks(tmp_path: Path) -> None:
    text = "Отчёт за май\n\nID;Дата;Лишнее\nr-1;01.05.2026 10:00;x\n"
    wanted = {"id": "id", "at": "ДАТА", "text": "Отзыв"}
    for encoding in ("utf-8", "utf-8-sig", "cp1251", "utf-16"):
        path = tmp_path / f"{encoding}.csv"
        path.write_text(text, encoding=encoding)
        found = read_channel(path, mapping("table", fields=wanted))
        assert [each["id"] for each in found.messages] == ["r-1"], encoding
        assert found.absent == ("Отзыв",)

    (tmp_path / "koi.csv").write_text(text, encoding="koi8-r")
    for name, fields, told in (
        ("koi.csv", wanted, "is none of its columns"),
        ("utf-8.csv", {"id": "Номер", "at": "Дата"}, "is none of its columns"),
        ("nowhere.csv", wanted, "cannot be read"),
    ):
        with pytest.raises(SheetError, match=told):
            read_channel(tmp_path / name, mapping("table", fields=fields))


def test_files_of_another_kind_are_refused_in_words(tmp_path: Path) -> None:
    for name, text, shape, told in (
        ("empty.json", "", "json", "is empty"),
        ("half.json", '[{"id": 1', "json", "is no JSON"),
        ("object.json", '{"messages": []}', "json", "is no list of messages"),
        ("others.json", '[{"nr": 1}]', "json", "stands in none of its rows"),
        ("table.csv", "ID;Дата\n", "mail", "holds no mails"),
    ):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        with pytest.raises(SheetError, match=told):
            read_channel(path, mapping(shape))
    none = tmp_path / "none.json"
    none.write_text("[]", encoding="utf-8")
    assert read_channel(none, mapping("json")).rows == ()


def test_a_chat_of_an_iphone_is_read_as_one_of_an_android(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_text(
        "[01.05.26, 10:00:05] Анна: Первое\nи второе\n\u200e[5/1/2026, 3:15 PM] +7 912 345-67-01: Третье: да\n",
        encoding="utf-8",
    )

    first, second = read_channel(path, shipped_mapping("whatsapp")).messages

    assert (first["at"], first["author"], first["text"]) == (
        "2026-05-01T10:00:05+03:00",
        "Анна",
        "Первое\nи второе",
    )
    assert (second["phone"], second["text"]) == ("+7 912 345-67-01", "Третье: да")
    assert second["at"].endswith("15:15:00+03:00")


def test_a_mail_without_an_id_or_with_an_odd_charset_is_still_one_message(tmp_path: Path) -> None:
    for name, charset in (("a", "windows-1251"), ("b", "x-nobody-knows")):
        (tmp_path / f"{name}.eml").write_bytes(
            f"From: a@example.ru\nDate: Fri, 1 May 2026 10:00:00 +0300\nSubject: {name}\n"
            f"Content-Type: text/plain; charset={charset}\n\n".encode()
            + "Текст".encode("cp1251" if name == "a" else "utf-8")
        )

    found = read_channel(tmp_path, shipped_mapping("email")).messages

    assert [each["text"] for each in found] == ["Текст", "Текст"]
    assert len({each["id"] for each in found}) == 2


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"fields": {"id": "id", "at": "date", "tekst": "text"}}, "no part of a message"),
        ({"fields": {"text": "text"}}, "nothing says where id and at stand"),
        ({"zone": "Moscow"}, "is not a time zone"),
        ({"encoding": "cp1251x"}, "is not an encoding"),
        ({"colums": {}}, "Extra inputs"),
        ({"shape": "xml"}, "table"),
    ],
)
def test_a_mapping_that_cannot_be_meant_says_which_entry(
    tmp_path: Path, more: dict[str, object], told: str
) -> None:
    good = {"channel": "VK", "code": "vk", "shape": "json", "fields": {"id": "id", "at": "date"}}
    path = tmp_path / "mapping.yaml"
    path.write_text(json.dumps({**good, **more}), encoding="utf-8")
    with pytest.raises(SheetError, match=told):
        ChannelMapping.read(path)
