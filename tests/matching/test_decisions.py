"""What people decided is kept for everybody, survives crashes and merges, and can be taken back."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from toolkit.errors import PlanError, StorageError
from toolkit.matching.decisions import Decisions

AT = "2026-11-22T10:00:00+03:00"


def test_a_decision_is_there_for_the_next_reader_whatever_the_order_of_the_pair(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    Decisions.open(path).not_duplicates("contact", 7, 3, who="Анна", at=AT, note="отец и сын")
    found = Decisions.open(path).about_pair("contact", 3, 7)
    assert found is not None
    assert (found.a, found.b, found.who, found.note) == (3, 7, "Анна", "отец и сын")
    assert Decisions.open(path).about_pair("company", 3, 7) is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_people_deciding_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    anna, boris = Decisions.open(path), Decisions.open(path)
    anna.not_duplicates("contact", 1, 2, who="Анна", at=AT)
    boris.no_evidence("phone", "+79120000001", who="Борис", at=AT)
    together = Decisions.open(path)
    assert len(together) == 2
    assert together.keys() == {("phone", "+79120000001")}


def test_a_withdrawn_decision_binds_nobody_and_stays_on_record(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    said = Decisions.open(path)
    said.withdraw(said.not_duplicates("contact", 1, 2, who="Анна", at=AT), who="Борис", at=AT)
    assert said.about_pair("contact", 1, 2) is None
    assert len(Decisions.open(path)) == 0
    assert path.read_text(encoding="utf-8").count("\n") == 2


def test_a_line_cut_by_a_crash_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    Decisions.open(path).not_duplicates("contact", 1, 2, who="Анна", at=AT)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:20])
    said = Decisions.open(path)
    assert len(said) == 1
    said.not_duplicates("contact", 3, 4, who="Анна", at=AT)
    assert len(Decisions.open(path)) == 2


def test_a_damaged_line_in_the_middle_is_reported_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    said = Decisions.open(path)
    said.not_duplicates("contact", 1, 2, who="Анна", at=AT)
    path.write_text("{broken\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(PlanError, match="line 1"):
        Decisions.open(path)


def test_decisions_follow_their_cards_through_merges() -> None:
    said = Decisions()
    said.not_duplicates("contact", 1, 2, who="Анна", at=AT)
    said.not_duplicates("contact", 5, 6, who="Анна", at=AT)
    said.no_evidence("phone", "+79120000001", who="Анна", at=AT)
    later = said.following({("contact", 2): 9, ("contact", 6): 5})
    assert later.about_pair("contact", 1, 9) is not None
    assert later.about_pair("contact", 5, 6) is None
    assert len(later.keys()) == 1


def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_decided(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = Decisions.open(tmp_path / "file" / "decisions.jsonl")
    with pytest.raises(StorageError):
        said.not_duplicates("contact", 1, 2, who="Анна", at=AT)
    assert len(said) == 0
