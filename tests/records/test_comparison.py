from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.records.fakes import CONTACT_FIELDS, contact
from toolkit.records import Difference, Snapshot, compare, write_snapshot

DEFINITIONS = {"contact": CONTACT_FIELDS}


def snapshots(tmp_path: Path, before: list[Any], after: list[Any]) -> tuple[Snapshot, Snapshot]:
    return (
        write_snapshot({"contact": before}, tmp_path / "before", definitions=DEFINITIONS),
        write_snapshot({"contact": after}, tmp_path / "after", definitions=DEFINITIONS),
    )


def cells(difference: Difference) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in difference.changed[["id", "field", "before", "after"]].to_numpy().tolist()]


def test_the_same_records_spelt_differently_do_not_differ(tmp_path: Path) -> None:
    plain = contact(1, companyId=None, companyIds=[], assignedById=7, ufCrm_1="300|RUB", ufCrm_2=[1, 2])
    spelt = contact(
        1, companyId="0", companyIds=False, assignedById="7", ufCrm_1="300.00|RUB", ufCrm_2=["2", "1"]
    ) | {
        "birthdate": "2000-01-01",
        "opened": "1",
        "updatedTime": "2026-05-05T00:00:00+00:00",
        "fm": [{"id": 99, "typeId": "PHONE", "valueType": "WORK", "value": "+79000000001"}],
    }
    assert compare(*snapshots(tmp_path, [plain], [spelt])).nothing


def test_a_changed_cell_is_told_with_both_values(tmp_path: Path) -> None:
    difference = compare(
        *snapshots(
            tmp_path,
            [contact(1), contact(2), contact(3)],
            [contact(1), contact(2, assignedById=8), contact(3, companyIds=[5], birthdate="")],
        )
    )
    assert sorted(cells(difference), key=str) == [
        (2, "assignedById", 7, 8),
        (3, "birthdate", "2000-01-01", None),
        (3, "companyIds", [], [5]),
    ]
    assert difference.added.empty
    assert difference.removed.empty


def test_records_that_came_and_went_are_named_and_the_rest_still_matched(tmp_path: Path) -> None:
    before = [contact(n) for n in (1, 2, 4, 5)]
    after = [contact(2), contact(3), contact(5, name="Новое имя"), contact(6)]
    difference = compare(*snapshots(tmp_path, before, after))

    assert difference.removed["id"].tolist() == [1, 4]
    assert difference.added["id"].tolist() == [3, 6]
    assert cells(difference) == [(5, "name", "Клиент 5", "Новое имя")]
    assert difference.counts().to_numpy().tolist() == [
        ["contact", "added", "", 2],
        ["contact", "changed", "name", 1],
        ["contact", "removed", "", 2],
    ]


def test_the_order_records_were_read_in_does_not_matter(tmp_path: Path) -> None:
    records = [contact(n) for n in range(1, 30)]
    assert compare(*snapshots(tmp_path, records, records[::-1])).nothing


def test_what_changes_by_itself_is_compared_only_when_asked(tmp_path: Path) -> None:
    pair = snapshots(tmp_path, [contact(1)], [contact(1, updatedTime="2026-03-02T00:00:00+03:00")])
    assert compare(*pair).nothing
    assert "updatedTime" in compare(*pair).left_out["contact"]
    assert cells(compare(*pair, volatile=True)) == [
        (1, "updatedTime", "2026-03-01T09:00:00+00:00", "2026-03-01T21:00:00+00:00")
    ]


def test_a_value_that_does_not_fit_its_type_still_counts_as_a_change(tmp_path: Path) -> None:
    before = [contact(1, assignedById="Иванов"), contact(2)]
    after = [contact(1, assignedById="Петров"), contact(2)]
    assert cells(compare(*snapshots(tmp_path, before, after))) == [(1, "assignedById", "Иванов", "Петров")]


def test_a_field_only_one_snapshot_holds_is_left_out_by_name(tmp_path: Path) -> None:
    pair = snapshots(tmp_path, [contact(1)], [contact(1, ufCrm_77="new")])
    difference = compare(*pair)
    assert difference.nothing
    assert "ufCrm_77" in difference.left_out["contact"]


def test_only_the_fields_asked_for_are_compared(tmp_path: Path) -> None:
    pair = snapshots(tmp_path, [contact(1)], [contact(1, name="x", assignedById=9)])
    assert [field for _, field, _, _ in cells(compare(*pair, fields=["name"]))] == ["name"]


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_exactly_the_cells_that_were_changed_are_found(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    numbers = data.draw(st.lists(st.integers(1, 60), unique=True, max_size=12))
    gone = set(data.draw(st.lists(st.sampled_from(numbers), unique=True))) if numbers else set()
    edits = {"assignedById": 8, "name": "другое", "companyIds": [3, 4], "opened": "N", "ufCrm_1": "5|USD"}
    expected, after = set(), []
    for number in numbers:
        if number in gone:
            continue
        fields = data.draw(st.sets(st.sampled_from(sorted(edits))))
        expected |= {(number, field) for field in fields}
        after.append(contact(number, **{field: edits[field] for field in fields}))
    born = data.draw(st.lists(st.integers(61, 90), unique=True, max_size=4))
    after += [contact(number) for number in born]
    folder = tmp_path_factory.mktemp("pair")

    difference = compare(*snapshots(folder, [contact(n) for n in numbers], after))

    assert {(record, field) for record, field, _, _ in cells(difference)} == expected
    assert set(difference.added["id"]) == set(born)
    assert set(difference.removed["id"]) == gone
