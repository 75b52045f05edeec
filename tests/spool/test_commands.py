"""Everyday mode from the command line."""

from __future__ import annotations

import json

from tests.test_cli import Town, town

__all__ = ["town"]  # a fixture, used by name

POLICY = """
operations: [reassign_by_table]
kinds: [update]
max_changes: 500
max_share: 1.0
must_rehearse: false
canary: 0
"""


def test_a_folder_watched_listed_retried_and_dropped(town: Town) -> None:
    before = town.world.owners()
    to = before[1] % 5 + 1
    (town.home / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (town.home / "in").mkdir()
    text = f"from;to;id\n{before[1]};{to};1\n{before[2]};999;2\n"
    (town.home / "in" / "a.csv").write_text(text, encoding="utf-8")
    words = (
        *("spool", "watch", "reassign_by_table", "--rows-as", "table", "--folder", str(town.home / "in")),
        *("--policy", str(town.home / "policy.yaml"), "--once", "--settle", "0", "--no-rehearse"),
    )

    code, said = town.b24kit(*words)

    assert code == 3, said
    assert "Handed over: 1; put aside: 1; waiting: 0." in said
    assert town.world.owners() == {**before, 1: to}
    listed = json.loads(town.b24kit("spool", "list", "reassign_by_table", "--json")[1])
    assert listed["counts"] == {"waiting": 0, "taken": 0, "done": 1, "dead": 1}
    assert "999" in listed["messages"][0]["reason"]
    assert "Waiting again: 1" in town.b24kit("spool", "retry", "reassign_by_table")[1]
    assert town.b24kit(*words)[0] == 3
    assert "Dropped: 1" in town.b24kit("spool", "drop", "reassign_by_table")[1]
    assert town.b24kit("spool", "list", "reassign_by_table", "--state", "odd")[0] == 2
