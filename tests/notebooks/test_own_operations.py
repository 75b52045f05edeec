"""Operations of a project's own: written as a skeleton, held to the law, found, run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.test_cli import Town, town
from toolkit.cli import app
from toolkit.errors import ParameterError, PlanError, SettingsError, ToolkitError
from toolkit.operations import catalogue
from toolkit.project import NotEmpty, broken_cases, lay_out, write_operation

__all__ = ["town"]  # a fixture, used by name


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "operations"
    monkeypatch.setenv("B24_OPERATIONS", str(folder))
    folder.mkdir()
    return folder


def test_the_skeleton_keeps_its_cases_and_the_law_as_it_is(own: Path) -> None:
    write_operation("rename_source", own)

    assert broken_cases("rename_source", own) == {
        own / "cases" / "rename_source" / "nothing_to_do.json": [],
        own / "cases" / "rename_source" / "renamed.json": [],
    }
    kind = catalogue()["rename_source"]
    assert set(kind.title) == set(kind.undo) == {"en", "ru"}


def test_a_rule_that_never_comes_to_rest_is_told(own: Path) -> None:
    path = write_operation("rename_source", own)[0]
    source = path.read_text(encoding="utf-8").replace("[params.becomes] * len(chosen)", 'chosen["sourceId"]')
    path.write_text(source.replace('"sourceId": chosen["sourceId"]}', '"sourceId": chosen["sourceId"]}'))

    found = broken_cases("rename_source", own)[own / "cases" / "rename_source" / "renamed.json"]

    assert any("the law" in each or "changes:" in each for each in found)


def test_a_projects_operation_goes_down_the_whole_river(town: Town) -> None:
    folder = town.home / "client"
    lay_out(folder)
    env = {"B24_OPERATIONS": str(folder / "operations")}
    code, said = town.b24kit("new", "operation", "rename_source", **env)
    assert code == 0, said
    assert town.b24kit("new", "check", "rename_source", **env)[0] == 0
    assert "rename_source" in town.b24kit("operations", **env)[1]
    store = town.world.sandbox.store
    for contact in range(1, 21):
        town.world.edit(contact, SOURCE_ID="EMAIL")

    words = ("-p", "source=EMAIL", "-p", "becomes=WEB")
    code, said = town.b24kit("plan", "rename_source", *words, "--json", **env)
    run = json.loads(said)
    code, said = town.b24kit("apply", run["run"], "--agree", f"{town.portal}:{run['changes']}", **env)

    assert (code, run["changes"]) == (0, 20), said
    assert store.value("SELECT COUNT(*) FROM crm_3 WHERE SOURCE_ID = 'WEB'") == 20


@pytest.mark.parametrize("name", ["Close-Leads", "class", "1st", "../x", "reassign_contacts"])
def test_a_name_that_cannot_be_one_is_refused(own: Path, name: str) -> None:
    with pytest.raises((ParameterError, NotEmpty)):
        write_operation(name, own)
    assert not list(own.iterdir())


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("broken.py", "def (", "broken.py cannot be read: SyntaxError"),
        ("lacking.py", "import no_such_module_at_all", "lacking.py cannot be read: ModuleNotFoundError"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(own: Path, name: str, source: str, expected: str) -> None:
    (own / name).write_text(source)

    with pytest.raises(PlanError, match=expected):
        catalogue()


def test_an_operation_of_the_house_is_not_replaced(own: Path) -> None:
    path = write_operation("rename_source", own)[0]
    path.write_text(path.read_text(encoding="utf-8").replace('"rename_source"', '"deduplicate"'))

    with pytest.raises(PlanError, match="which b24kit has already"):
        catalogue()


def test_a_folder_that_is_none_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("B24_OPERATIONS", str(tmp_path / "nowhere"))

    with pytest.raises(SettingsError, match="which is not a folder"):
        catalogue()


def test_only_a_folder_named_on_purpose_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "operations").mkdir()
    (tmp_path / "operations" / "sneaky.py").write_text("raise SystemExit(1)")

    assert "sneaky" not in catalogue()
    done = CliRunner().invoke(app, ["operations", "sneaky"])
    assert isinstance(done.exception, ToolkitError)
