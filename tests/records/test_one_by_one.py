"""What methods answer for one record at a time, read as a table like everything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.client import Portal, SimulatedClock
from toolkit.errors import ParameterError
from toolkit.records import Snapshot, Wanted, take_snapshot
from toolkit.sandbox import InProcessTransport, Sandbox, SharedClock, new_portal
from toolkit.sandbox.seeds import SEEDS
from toolkit.settings import Settings


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    sandbox = new_portal(clock=SharedClock(SimulatedClock()), limits="off")
    SEEDS["developer"](sandbox, 0.003, 1)
    return sandbox


def read(sandbox: Sandbox, folder: Path, *wanted: Wanted) -> Snapshot:
    secret = sandbox.access.add_webhook(1)
    settings = Settings.load(
        None, webhook=f"https://sandbox.local/rest/1/{secret}/", state_dir=folder / "state", plan="box"
    )
    clock = SimulatedClock()
    with Portal.connect(settings, clock=clock, transport=InProcessTransport(sandbox)) as portal:
        return take_snapshot(portal, wanted, folder / "snapshot", clock=clock)


def test_transcripts_are_read_of_the_calls_that_have_one_fifty_to_a_request(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    calls = Wanted("activity", ["ID"], {"TYPE_ID": 2})
    seen = len(sandbox.log)

    found = read(sandbox, tmp_path, calls, Wanted("transcript", linked_from=(("activity", "ID"),)))

    held = sandbox.store.rows("SELECT ACTIVITY_ID, TEXT FROM activity_transcript ORDER BY ACTIVITY_ID")
    table = found.table("transcript")
    assert list(zip(table["ID"], table["transcription"], strict=True)) == [tuple(row) for row in held]
    assert len(held)
    asked = [
        noted for noted in list(sandbox.log)[seen:] if "crm.activity.call.gettranscript" in noted.executed
    ]
    assert len(asked) == -(-found.count("activity") // 50)


def test_an_activity_that_is_gone_has_no_transcript(sandbox: Sandbox, tmp_path: Path) -> None:
    assert read(sandbox, tmp_path, Wanted("transcript", ids=[10**9])).count("transcript") == 0


def test_cards_relations_and_pipelines_of_smart_processes(sandbox: Sandbox, tmp_path: Path) -> None:
    linked = (("type", "entityTypeId"),)

    found = read(
        sandbox,
        tmp_path,
        Wanted("type"),
        Wanted("card", linked_from=linked),
        Wanted("relation", ["id", "relations"], linked_from=linked),
        Wanted("pipeline", linked_from=linked),
    )

    assert found.count("card") == 0  # nobody has arranged it
    assert found.table("relation")["ID"].tolist() == [177]
    assert '"entityTypeId":2' in found.table("relation")["relations"].iloc[0]
    assert found.table("pipeline")["entityTypeId"].tolist() == [177]


def test_what_is_answered_one_at_a_time_is_never_read_for_all(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="certain records"):
        read(sandbox, tmp_path, Wanted("transcript"))
