"""What cells show: escaped, readable as text, saying how much of it is shown; and how a person agrees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.runs.conftest import World, make_world
from toolkit.client import Portal
from toolkit.errors import ApprovalNeeded, SettingsError
from toolkit.notebook import OpenPortal, open_portal
from toolkit.notebook.approval import agreement_form, ask
from toolkit.notebook.markup import Speech
from toolkit.runs import PlanCost
from toolkit.sandbox import InProcessTransport
from toolkit.settings import Settings
from toolkit.workflow import Workspace, carry_out

HOSTILE = "<script>alert('1')</script>"


def _open(world: World, root: Path, language: str = "ru") -> OpenPortal:
    settings = Settings.load(
        env_file=None,
        webhook="https://sandbox.local/rest/1/s3cr3ts3cr3t/",
        snapshots=root / "snapshots",
        state_dir=root / "state",
        plan="box",
        language=language,
    )
    world.sandbox.access.add_webhook(1, "s3cr3ts3cr3t")
    return OpenPortal(Workspace(settings, world.clock, InProcessTransport(world.sandbox)))


@pytest.fixture
def portal(tmp_path: Path) -> OpenPortal:
    world = make_world(tmp_path / "world", contacts=60, deals=70)
    world.edit(1, NAME=HOSTILE, ASSIGNED_BY_ID=1)
    return _open(world, tmp_path)


def test_text_of_the_portal_is_escaped_and_tables_say_how_much_is_shown(portal: OpenPortal) -> None:
    run = portal.plan("reassign_contacts", winner="newest")
    shown = [run._repr_html_(), run.changes()._repr_html_(), run.changes().page(2, 10)._repr_html_()]

    assert "&lt;script&gt;" in shown[0] + shown[1]
    assert "<script" not in "".join(shown)
    assert f"Показано 10 из {run.count}." in shown[0]
    assert f"Показано 11–20 из {run.count}." in shown[2]
    assert "https://sandbox.local/crm/contact/details/" in shown[0]


def test_text_says_what_html_says(portal: OpenPortal) -> None:
    run = portal.plan("reassign_contacts", winner="newest")
    text = repr(run)

    assert "<" not in text.replace(HOSTILE, "")
    assert f"Показано 10 из {run.count}." in text
    for view in (run.cost(), run.people(), run.left(), portal.doctor(), run.certificate()):
        words = re.sub(r"<(style|svg).*?</\1>|<[^>]+>", " ", view._repr_html_(), flags=re.DOTALL)
        first = repr(view).split("\n")[0].split("  ")[0].strip()
        assert first in words


def test_the_whole_river_may_be_told_twice(portal: OpenPortal) -> None:
    run = portal.plan("reassign_contacts", winner="newest")
    assert portal.plan("reassign_contacts", winner="newest").id == run.id, "a young plan waits"
    assert "прошла чисто" in repr(run.rehearse())
    with pytest.raises(ApprovalNeeded):
        run.carry_out()

    run.approve(agree=f"sandbox.local:{run.count}")
    assert "Сделано и доказано" in repr(run.carry_out())

    again = portal.plan("reassign_contacts", winner="newest")
    assert again.id == run.id
    assert "уже выполнено" in repr(again)
    assert "Сделано и доказано" in repr(again.carry_out())
    back = run.undo()
    back.approve(portal="sandbox.local", count=back.count)
    back.carry_out(notify=False)
    assert run.undo().id == back.id
    assert "взят назад" in repr(portal.plan("reassign_contacts", once=True, winner="newest"))
    anew = portal.plan("reassign_contacts", winner="newest")
    assert anew.id != run.id, "what was taken back is wanted again"
    assert anew.run.state == "planned"


def test_a_plan_of_an_undo_is_made_afresh_when_something_was_written_since(portal: OpenPortal) -> None:
    run = portal.plan("reassign_contacts", winner="newest")
    run.approve(portal="sandbox.local", count=run.count)
    run.carry_out()
    whole = run.undo()
    assert run.undo().id == whole.id, "it waits to be agreed to"

    one = run.undo(records=[int(run.run.plan.active["record_id"].iloc[0])])
    one.approve(portal="sandbox.local", count=1)
    portal.work.clock.sleep(5)
    one.carry_out(notify=False)

    rest = run.undo()
    assert rest.id != whole.id
    assert rest.count == whole.count - 1


def test_undo_names_people_it_need_not_read(portal: OpenPortal) -> None:
    run = portal.plan("reassign_contacts", winner="newest")
    run.approve(portal="sandbox.local", count=run.count)
    run.carry_out()

    assert "Фамилия" in repr(run.undo())


def test_an_old_plan_nobody_agreed_to_is_made_afresh(tmp_path: Path) -> None:
    world = make_world(tmp_path / "world", contacts=20, deals=30)
    portal = _open(world, tmp_path)
    run = portal.plan("reassign_contacts", winner="newest")
    world.clock.sleep(3601)

    assert portal.plan("reassign_contacts", winner="newest").id != run.id


def test_the_form_agrees_only_to_the_right_words(portal: OpenPortal) -> None:
    run = portal.plan("reassign_contacts", winner="newest")
    _label, name, count, button, verdict = agreement_form(run.run, Speech("ru")).children

    name.value, count.value = "<b>other</b>", str(run.count)
    button.click()
    assert run.state == "planned"
    assert "не подходит" in verdict.value
    assert "<b>" not in verdict.value

    name.value = "sandbox.local"
    button.click()
    assert run.state == "approved"
    assert button.disabled


def test_a_question_agrees_only_to_the_right_words(portal: OpenPortal) -> None:
    run = portal.plan("reassign_contacts", winner="newest")
    answers = ["sandbox.local", "1 000", "sandbox.local", f" {run.count} "]

    with pytest.raises(ApprovalNeeded):
        ask(run.run, Speech("en"), lambda _question: answers.pop(0))
    ask(run.run, Speech("en"), lambda _question: answers.pop(0))

    assert run.state == "approved"


def test_nobody_at_the_notebook_means_no_approval(portal: OpenPortal) -> None:
    run = portal.plan("reassign_contacts", winner="newest")

    with pytest.raises(ApprovalNeeded) as refused:
        run.approve()

    assert refused.value.exit_code == 5


def test_english_is_english(tmp_path: Path) -> None:
    portal = _open(make_world(tmp_path / "world", contacts=40, deals=60), tmp_path, "en")
    run = portal.plan("reassign_contacts", winner="newest")
    run.rehearse()
    run.approve(portal="sandbox.local", count=run.count)
    run.carry_out()
    run.undo()

    shown = [repr(each) for each in (portal, portal.doctor(), portal.health(), run.cost(), run.rehearse())]
    shown += [
        repr(run.certificate()),
        repr(run.course()),
        repr(portal.runs()),
        repr(portal.health().picture()),
    ]
    text = re.sub(r"(Имя|Фамилия|Контакт|Сделка|Администратор|Портала)\S*( \d+)?", "", "\n".join(shown))
    assert re.findall(r"[а-яё]+", text, re.IGNORECASE) == []


def test_a_webhook_never_stands_in_a_notebook_and_must_lead_to_the_portal_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError, match="does not belong into a notebook"):
        open_portal("a.bitrix24.ru", webhook="https://a.bitrix24.ru/rest/1/s3cr3ts3cr3t/", folder=tmp_path)
    monkeypatch.setenv("B24_WEBHOOK", "https://b.bitrix24.ru/rest/1/s3cr3ts3cr3t/")
    with pytest.raises(SettingsError, match="leads to b") as refused:
        open_portal("a.bitrix24.ru", folder=tmp_path)
    assert "s3cr3t" not in str(refused.value)


def test_who_watches_is_told_the_limits_and_the_cost_while_a_run_is_written(portal: OpenPortal) -> None:
    run = portal.plan("reassign_contacts", winner="newest")
    run.approve(portal="sandbox.local", count=run.count)
    told: list[str] = []

    @contextmanager
    def follow(watched: Portal, cost: PlanCost) -> Iterator[None]:
        told.append(f"{watched.why()}, {cost.apply.requests > 0}")
        yield
        told.append(run.state)

    carry_out(replace(portal.work, follow=follow), run.run)

    assert told == ["nothing, True", "verified"]
