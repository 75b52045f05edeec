"""Recordings and transcripts of past calls, in the appeals they belong to."""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.operations.conftest import APPEALS, SECRET, Firm, make_firm
from tests.test_workflow import workspace
from toolkit import workflow
from toolkit.client import Portal
from toolkit.operations import operation
from toolkit.runs import ApplyRules, Plan, Run, Undo, apply
from toolkit.runs.recordings import recordings_of
from toolkit.sandbox import InProcessTransport
from toolkit.sandbox.subjects.files import keep, read_content
from toolkit.settings import Settings

COPY = {**APPEALS, "recordings": "copy"}


def held(firm: Firm) -> dict[int, str]:
    """Appeal to the checksum of the recording it holds."""
    rows = firm.sandbox.store.rows("SELECT ID, UF_CRM_1_RECORDING FILE FROM crm_177 ORDER BY ID")
    found = {}
    for row in rows:
        content = read_content(firm.sandbox, int(json.loads(row["FILE"]))) if row["FILE"] else None
        if content is not None:
            found[row["ID"]] = hashlib.sha256(content.body).hexdigest()
    return found


def recording(firm: Firm, file: int) -> bytes:
    row = firm.sandbox.store.get("disk_object", int(file))
    content = read_content(firm.sandbox, row["FILE_ID"]) if row else None
    return content.body if content else b""


def copies_only(run: Run, most: int) -> None:
    """Leave a few recordings of appeals that are there in a plan, and nothing else."""
    table = run.plan.table
    chosen = table[(table["kind"] == "copy") & table["record_id"].notna()].head(most)
    chosen = chosen.assign(change=range(len(chosen)))
    run.freeze(Plan(chosen.reset_index(drop=True), run.plan.listed, run.plan.facts))


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    """A smaller firm than the other tests have."""
    return make_firm(tmp_path, 0.001)


@pytest.fixture
def story(firm: Firm) -> Firm:
    """A firm whose calls are in their appeals already."""
    firm.set_up()
    firm.carry_out(firm.plan("backfill_appeals", **APPEALS))
    return firm


def test_the_recording_of_the_longest_call_becomes_a_file_of_its_appeal_and_goes_again(firm: Firm) -> None:
    firm.set_up()
    appeals = firm.appeals()
    run = firm.plan("backfill_appeals", **COPY)
    table = run.plan.table
    asked = table[table["kind"] == "copy"]

    firm.carry_out(run)

    told = recordings_of(run)
    copied = told[told["state"] == "done"]
    assert len(told) == len(asked)
    assert len(copied) > 5
    assert held(firm) == dict(zip(copied["appeal"], copied["sha256"], strict=True))
    for file, sha256, size in zip(copied["file"], copied["sha256"], copied["bytes"], strict=True):
        body = recording(firm, file)
        assert (hashlib.sha256(body).hexdigest(), len(body)) == (sha256, size)
    assert set(told["code"]) <= {"", "RECORDING_EMPTY"}
    certificate = firm.verify(run)
    assert certificate.complete
    assert not certificate.cells
    assert not (run.folder / "recordings").exists()
    undo = firm.undo(run)
    assert set(firm.carry_out(undo)) == {"done"}
    assert firm.verify(undo, Undo.of(run)).complete
    assert firm.appeals() == appeals
    assert held(firm) == {}


def test_what_is_no_recording_is_noted_and_hinders_nobody(story: Firm) -> None:
    run = story.plan("backfill_appeals", **COPY)
    copies_only(run, 6)
    store = story.sandbox.store
    files = [json.loads(text)["file"] for text in run.plan.table["after"]]
    missing, empty, page, large, gone, fine = files
    store.delete("disk_object", missing)
    for object_id, body in ((empty, b""), (page, b"<!DOCTYPE html><p>Log in"), (large, b"RIFF" * 300_000)):
        file = keep(story.sandbox, "call.wav", body)
        store.update("disk_object", object_id, {"FILE_ID": file, "SIZE": len(body)})
    plan = run.plan.table
    plan["after"] = plan["after"].str.replace('"most_bytes": 52428800', '"most_bytes": 1000000')
    run.freeze(Plan(plan, run.plan.listed, run.plan.facts))
    store.db.execute("DELETE FROM stored_file WHERE ID = ?", [store.get("disk_object", gone)["FILE_ID"]])

    counts = story.carry_out(run)

    assert counts == {"already": 5, "done": 1}
    told = recordings_of(run).set_index("file")["code"].to_dict()
    assert told == {
        missing: "RECORDING_MISSING",
        empty: "RECORDING_EMPTY",
        page: "RECORDING_NOT_A_FILE",
        large: "RECORDING_TOO_LARGE",
        gone: "RECORDING_MISSING",
        fine: "",
    }
    assert list(held(story)) == recordings_of(run).query("state == 'done'")["appeal"].tolist()


def test_what_an_earlier_run_could_not_have_is_not_asked_for_again_unless_one_says_so(
    story: Firm, tmp_path: Path
) -> None:
    work = workspace(story, tmp_path / "work")  # type: ignore[arg-type]  # a firm has what a world has
    store = story.sandbox.store
    run = workflow.plan(work, "backfill_appeals", COPY)
    copies_only(run, 2)
    missing, large = (json.loads(text)["file"] for text in run.plan.table["after"])
    store.delete("disk_object", missing)
    body = b"RIFF" * 300_000
    store.update("disk_object", large, {"FILE_ID": keep(story.sandbox, "call.wav", body), "SIZE": len(body)})
    plan = run.plan.table
    plan["after"] = plan["after"].str.replace('"most_bytes": 52428800', '"most_bytes": 1000000')
    run.freeze(Plan(plan, run.plan.listed, run.plan.facts))
    assert story.carry_out(run) == {"already": 2}
    run.close()

    def asked(**more: Any) -> set[int]:
        again = workflow.plan(work, "backfill_appeals", {**COPY, **more})
        table = again.plan.table
        assert set(table["kind"]) == {"copy"}
        return {json.loads(text)["file"] for text in table["after"]}

    assert not {missing, large} & asked()
    assert {missing, large} & asked(recording_most_mb=60) == {large}
    assert {missing, large} <= asked(retry_recordings=True)


def test_a_file_somebody_put_there_is_left_alone(story: Firm) -> None:
    run = story.plan("backfill_appeals", **COPY)
    copies_only(run, 2)
    theirs = int(run.plan.table["record_id"].iloc[0])
    file = keep(story.sandbox, "mine.wav", b"mine", owner="177:UF_CRM_1_RECORDING")
    story.sandbox.store.update("crm_177", theirs, {"UF_CRM_1_RECORDING": json.dumps(file)})

    counts = story.carry_out(run)

    assert counts == {"conflict": 1, "done": 1}
    assert held(story)[theirs] == hashlib.sha256(b"mine").hexdigest()


@pytest.mark.parametrize("kind", ["lose_answer", "cut_before", "server_error_after", "html", "rate"])
def test_no_fault_copies_a_recording_twice_or_loses_one(story: Firm, kind: str) -> None:
    run = story.plan("backfill_appeals", **COPY)
    copies_only(run, 3)
    seen = len(story.sandbox.log)
    story.sandbox.faults.load([{"kind": kind, "method": "crm.item.update", "at": 2}])

    counts = story.carry_out(run)

    assert counts == {"done": 3}
    assert len(held(story)) == 3
    executed = [name for noted in list(story.sandbox.log)[seen:] for name in noted.executed]
    assert executed.count("crm.item.update") == 3


def test_a_download_that_breaks_off_is_asked_for_again(story: Firm) -> None:
    run = story.plan("backfill_appeals", **COPY)
    copies_only(run, 2)

    class Flaky(httpx.BaseTransport):
        def __init__(self) -> None:
            self.inner, self.broken = InProcessTransport(story.sandbox), 0

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if "download.json" in request.url.path and not self.broken:
                self.broken += 1
                raise httpx.ReadError("broken", request=request)
            return self.inner.handle_request(request)

    flaky = Flaky()
    with portal_of(story, flaky) as portal:
        counts = apply(run, portal, story.clock, ApplyRules())

    assert flaky.broken == 1
    assert counts == {"done": 2}


class Killed(BaseException):
    """The process is gone."""


class Dying(httpx.BaseTransport):
    """Hands requests on until one is the last.

    Args:
        firm: where to.
        at: the request, counted from 1, at which the process dies.
        after: die after the portal has answered, not before it was asked.
    """

    def __init__(self, firm: Firm, at: int, *, after: bool) -> None:
        self._inner, self._at, self._after = InProcessTransport(firm.sandbox), at, after
        self.seen = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen += 1
        if self.seen == self._at and not self._after:
            raise Killed
        response = self._inner.handle_request(request)
        if self.seen == self._at:
            raise Killed
        return response


def portal_of(firm: Firm, transport: httpx.BaseTransport) -> Portal:
    settings = Settings.load(
        None, webhook=f"https://sandbox.local/rest/1/{SECRET}/", state_dir=firm.root / "state", plan="box"
    )
    return Portal.connect(settings, clock=firm.clock, transport=transport)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_request_every_recording_arrives_once(story: Firm, after: bool) -> None:
    calm = story.plan("backfill_appeals", **COPY)
    copies_only(calm, 3)
    plan = calm.plan
    story.carry_out(calm)
    wanted = held(story)
    assert len(wanted) == 3

    for at in itertools.count(1):
        story.sandbox.store.db.execute("UPDATE crm_177 SET UF_CRM_1_RECORDING = NULL")
        run = Run.create(story.root / f"{after}{at}", calm.facts, story.clock.now)
        (run.folder / "before").symlink_to(calm.folder / "before")
        run.freeze(plan)
        dying = Dying(story, at, after=after)
        updates = len(written(story))
        died = False
        try:
            with portal_of(story, dying) as portal:
                apply(run, portal, story.clock, ApplyRules())
        except Killed:
            died = True

        with portal_of(story, InProcessTransport(story.sandbox)) as portal:
            counts = apply(run, portal, story.clock, ApplyRules())

        assert counts == {"done": 3}, at
        assert held(story) == wanted, at
        assert len(written(story)) - updates == 3, at
        assert not list(run.folder.glob("recordings/*")), at
        run.close()
        if not died:
            assert at > 6
            return


def written(firm: Firm) -> list[str]:
    return [name for noted in firm.sandbox.log for name in noted.executed if name == "crm.item.update"]


def test_no_link_is_written_down(story: Firm) -> None:
    store = story.sandbox.store
    line = store.rows("SELECT ID FROM call_statistic WHERE RECORD_FILE_ID IS NOT NULL LIMIT 1")[0]["ID"]
    link = "https://pbx.example.org/records/7?key=0pens1t"
    store.update("call_statistic", line, {"CALL_RECORD_URL": link})
    run = story.plan("backfill_appeals", **COPY)

    story.carry_out(run)
    story.verify(run)

    for path in run.folder.rglob("*"):
        body = path.read_bytes() if path.is_file() else b""
        for secret in (b"0pens1t", b"token=disk", b"token=crm", b"token=activity", SECRET.encode()):
            assert secret not in body, path
    for name in run.before.entities:
        assert "0pens1t" not in run.before.table(name).to_csv(), name


def test_a_recording_known_by_its_link_alone_is_fetched_from_there(story: Firm) -> None:
    store = story.sandbox.store
    run = story.plan("backfill_appeals", **COPY)
    copies_only(run, 1)
    file = json.loads(run.plan.table["after"].iloc[0])["file"]
    found = store.rows("SELECT ID FROM call_statistic WHERE RECORD_FILE_ID = ?", [file])
    line = found[0]["ID"] if found else 1
    body = recording(story, file)
    store.update("call_statistic", line, {"CALL_RECORD_URL": "https://pbx.example.org/7.mp3"})
    table = run.plan.table
    table["after"] = [json.dumps({"field": "ufCrm1Recording", "call": line, "most_bytes": 1 << 20})]
    run.freeze(Plan(table, run.plan.listed, run.plan.facts))

    class Exchange(httpx.BaseTransport):
        def __init__(self) -> None:
            self.inner = InProcessTransport(story.sandbox)

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.host == "pbx.example.org":
                return httpx.Response(200, content=body, headers={"Content-Type": "audio/mpeg"})
            return self.inner.handle_request(request)

    with portal_of(story, Exchange()) as portal:
        counts = apply(run, portal, story.clock, ApplyRules())

    assert counts == {"done": 1}
    assert list(held(story).values()) == [hashlib.sha256(body).hexdigest()]


def test_nobody_is_bound_where_recordings_are_not_wanted(firm: Firm) -> None:
    firm.set_up()

    run = firm.plan("backfill_appeals", **APPEALS, recordings="none")

    assert set(run.plan.table["kind"]) <= {"create", "update"}
    assert len(run.plan)


def test_transcripts_stand_in_the_appeals_of_their_calls(firm: Firm) -> None:
    firm.set_up()
    store = firm.sandbox.store
    asked = {**APPEALS, "transcripts": True}

    run = firm.plan("backfill_appeals", **asked)
    assert set(firm.carry_out(run)) == {"done"}

    assert firm.verify(run).complete
    assert len(firm.plan("backfill_appeals", **asked).plan) == 0
    said: dict[int, set[str]] = {}
    rows = store.rows(
        "SELECT b.ENTITY_ID APPEAL, t.TEXT TEXT FROM activity_transcript t JOIN activity_binding b"
        " ON b.ACTIVITY_ID = t.ACTIVITY_ID WHERE b.ENTITY_TYPE_ID = 177"
    )
    for row in rows:
        said.setdefault(row["APPEAL"], set()).add(row["TEXT"].strip())
    texts = store.rows(
        "SELECT ID, UF_CRM_1_TRANSCRIPT TEXT FROM crm_177 WHERE UF_CRM_1_TRANSCRIPT IS NOT NULL"
    )
    found: dict[int, set[str]] = {row["ID"]: set(row["TEXT"].split("\n\n")) for row in texts}
    assert len(found) > 0
    assert found == said


def test_a_transcript_that_arrived_later_is_added(story: Firm) -> None:
    asked: dict[str, Any] = {**APPEALS, "transcripts": True}
    run = story.plan("backfill_appeals", **asked)

    assert set(run.plan.table["kind"]) == {"update"}
    assert set(story.carry_out(run)) == {"done"}
    rule = operation("backfill_appeals")
    assert story.verify(run, rule).complete
    assert len(story.plan("backfill_appeals", **asked).plan) == 0


def test_a_missing_field_for_the_recording_stops_before_anything_is_planned(firm: Firm) -> None:
    with pytest.raises(Exception, match=r"fields\.(calls|recording)"):
        firm.plan("backfill_appeals", **COPY)


def test_the_snapshot_of_a_plan_without_transcripts_asks_for_none(story: Firm, tmp_path: Path) -> None:
    seen = len(story.sandbox.log)

    story.plan("attach_calls", **APPEALS)

    executed = [name for noted in list(story.sandbox.log)[seen:] for name in noted.executed]
    assert "crm.activity.call.gettranscript" not in executed
