"""Is this client here already, and where did a merged card go: answered from what lies on this machine."""

from __future__ import annotations

from pathlib import Path

from toolkit.errors import ParameterError, SnapshotError
from toolkit.matching import ClientIndex, Found, Home, build_index
from toolkit.matching import find_client as find_in_index
from toolkit.operations.deduplicate import Deduplicate, find_duplicates
from toolkit.records import Snapshot
from toolkit.runs import Run
from toolkit.runs.merges.carrying import aliases
from toolkit.settings import Settings
from toolkit.workflow.workspace import Workspace

__all__ = ["alias", "aliases_now", "client_index", "find_client", "match", "newest_of_clients"]

_NEEDED = ("contact", "company")
_READ = ("user", "contact", "company", "lead", "requisite")


def client_index(work: Workspace, snapshot: Path | None = None) -> ClientIndex:
    """The index of clients of a snapshot; built once, then opened in a millisecond.

    Args:
        work: where snapshots and runs lie.
        snapshot: folder of one; None for the newest that holds contacts and companies.

    Raises:
        SnapshotError: there is none, or it is damaged.
        StorageError: the index cannot be written beside it.
    """
    folder = snapshot or newest_of_clients(work)
    path = folder.parent / f"clients-{folder.name}.sqlite"
    if not path.is_file():
        opened = Snapshot.open(folder)
        tables = {name: opened.table(name) for name in opened.entities if name in _READ}
        build_index(find_duplicates(tables, Deduplicate.Params()), path).close()
    return ClientIndex.open(path)


def match(
    work: Workspace,
    *,
    phone: str | None = None,
    email: str | None = None,
    inn: str | None = None,
    kpp: str | None = None,
    name: str | None = None,
    entity: str = "contact",
    area_code: str = "",
    snapshot: Path | None = None,
) -> Found:
    """Whether a client is on the portal already, by the rules that merge.

    Args:
        work: see `client_index`.
        phone, email, inn, kpp, name: as they were typed.
        entity: `contact`, `company` or `lead`.
        area_code: home area code without the 8.
        snapshot: see `client_index`.

    Raises:
        SnapshotError, StorageError: as `client_index`.
    """
    with client_index(work, snapshot) as index:
        return find_in_index(
            index,
            phone=phone,
            email=email,
            inn=inn,
            kpp=kpp,
            name=name,
            entity=entity,
            home=Home(area_code=area_code),
            language=work.settings.language,
        )


def find_client(
    *,
    phone: str | None = None,
    email: str | None = None,
    inn: str | None = None,
    kpp: str | None = None,
    name: str | None = None,
    entity: str = "contact",
    area_code: str = "",
    snapshot: str | Path | None = None,
    settings: Settings | None = None,
) -> Found:
    """Whether a client is on the portal already: `toolkit.find_client(phone="8 912 000-00-01")`.

    Asked of the newest snapshot, by the rules that merge; the portal is not reached. The first question after a
    snapshot builds its index, later ones take milliseconds.

    Args:
        phone, email, inn, kpp, name: as they were typed; at least one of them.
        entity: `contact`, `company` or `lead`.
        area_code: home area code without the 8.
        snapshot: folder of one; None for the newest.
        settings: where snapshots are kept; None for the environment and `.env`.

    Raises:
        ParameterError: nothing was asked.
        SnapshotError, StorageError: as `client_index`.
    """
    if not (phone or email or inn or name):
        raise ParameterError("find_client", "phone", None, "is missing", "Give phone, email, inn or name.")
    return match(
        Workspace(settings or Settings.load()),
        phone=phone,
        email=email,
        inn=inn,
        kpp=kpp,
        name=name,
        entity=entity,
        area_code=area_code,
        snapshot=None if snapshot is None else Path(snapshot),
    )


def alias(work: Workspace, card: int) -> dict[str, int]:
    """Under which id a card lives on that was merged, or merged and taken apart again.

    Args:
        work: whose runs are asked.
        card: the id it had.

    Returns:
        Entity to the id of today; empty when no run merged a card of that id.
    """
    return {name: now for (name, old), now in aliases_now(work).items() if old == card}


def aliases_now(work: Workspace) -> dict[tuple[str, int], int]:
    """Under which id every card lives on whose id changed: (entity, old id) to the id of today."""
    runs = Run.all(work.root, work.clock.now)
    try:
        return aliases(runs)
    finally:
        for run in runs:
            run.close()


def newest_of_clients(work: Workspace) -> Path:
    """The folder of the newest snapshot that can tell clients, a run's own included.

    Raises:
        SnapshotError: there is none.
    """
    found = sorted(
        (path.parent for path in work.root.rglob("manifest.json")),
        key=lambda folder: (folder / "manifest.json").stat().st_mtime,
        reverse=True,
    )
    for folder in found:
        if all((folder / f"{name}.parquet").is_file() for name in _NEEDED):
            return folder
    raise SnapshotError(
        work.root,
        "holds no snapshot of contacts and companies",
        "Take one: b24kit snapshot take user contact company requisite",
    )
