"""The smart process of appeals seen from outside a run: as it stands, what differs, what could be adopted."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pydantic import ValidationError

from toolkit.errors import ParameterError
from toolkit.operations import operation
from toolkit.operations.provision_appeals import ProvisionAppealsParams, found_by_label, proposals, shipped
from toolkit.records import Snapshot, Wanted, take_snapshot
from toolkit.runs.process_drift import Standing, drift
from toolkit.runs.processes import ProcessDescription
from toolkit.workflow.workspace import Workspace, connect

__all__ = ["appeals_drift", "appeals_proposal", "appeals_standing"]


def appeals_standing(
    work: Workspace, *, adopt: int | None = None, fields: Mapping[str, str] | None = None
) -> Standing:
    """How the smart process of appeals stands on the portal. Nothing is written there or here.

    Args:
        work: where.
        adopt: entity type id of one made by hand; None for the one made by `provision_appeals`.
        fields: code to field made by hand, as confirmed.

    Raises:
        ParameterError: there is no such smart process.
        PortalError: reading failed.
    """
    tables, number = _read(work, adopt, shipped())
    return Standing.seen(tables, number, fields)


def appeals_drift(
    work: Workspace,
    other: Path | None = None,
    *,
    adopt: int | None = None,
    fields: Mapping[str, str] | None = None,
    there: int | None = None,
) -> pd.DataFrame:
    """What differs between the portal's smart process of appeals and its description, or another portal's.

    Args:
        work: where.
        other: a file `appeals_standing` was saved to, a description like `appeals.yaml`, or the folder of a run
            or snapshot of another portal; None for the description that comes with the library.
        adopt, fields: see `appeals_standing`.
        there: entity type id in the other portal's snapshot; None for the same.

    Returns:
        See `toolkit.runs.process_drift.drift`.

    Raises:
        ParameterError: there is no such smart process, or the file holds none.
    """
    here = appeals_standing(work, adopt=adopt, fields=fields)
    if other is None:
        return drift(here, Standing.described(shipped(), work.settings.language))
    if other.is_dir():
        return drift(here, _of_folder(other, there or adopt, fields))
    return drift(here, _of_file(work, other))


def appeals_proposal(work: Workspace, adopt: int) -> tuple[dict[str, Any], pd.DataFrame]:
    """Which fields made by hand could serve appeals; for a person to confirm.

    Args:
        work: where.
        adopt: entity type id of the smart process.

    Returns:
        Parameters for `provision_appeals` (`adopt` and `fields`), to be looked through and given back; and one
        row per code: code, label, type, proposed (its field, "" where one of our own would be made). A field
        that is found by its label serves without being confirmed.

    Raises:
        ParameterError: there is no such smart process.
    """
    described = shipped()
    tables, number = _read(work, adopt, described)
    types = tables["type"]
    own = int(types.loc[types["entityTypeId"] == number, "id"].iloc[0])
    mine = tables["userfield"]
    mine = mine[mine["entityId"] == f"CRM_{own}"] if len(mine) else mine
    found = proposals(tables[f"field:{number}"], mine, described)
    served = found_by_label(tables[f"field:{number}"], described)
    rows = [
        (
            code,
            field.ru if work.settings.language == "ru" else field.en,
            field.type,
            found.get(code, (0, ""))[1] or served.get(code, ""),
        )
        for code, field in described.fields.items()
    ]
    mapping = {"adopt": adopt, "fields": {code: name for code, (_, name) in found.items()}}
    return mapping, pd.DataFrame(rows, columns=["code", "label", "type", "proposed"])


def _read(
    work: Workspace, adopt: int | None, described: ProcessDescription
) -> tuple[dict[str, pd.DataFrame], int]:
    """What belongs to the smart process, and its number."""
    with connect(work) as portal, tempfile.TemporaryDirectory() as folder:
        known = [each for page in portal.list("crm.type.list") for each in page]
        number = _number(known, adopt, described)
        reads = operation("provision_appeals").reads(ProvisionAppealsParams(adopt=number))
        wanted = [
            Wanted(name, None if read.fields is None else list(read.fields), linked_from=read.linked_from)
            for name, read in reads.items()
        ]
        taken = take_snapshot(portal, wanted, Path(folder) / "standing", clock=work.clock)
        return {name: taken.table(name) for name in taken.entities}, number


def _number(known: list[dict[str, Any]], adopt: int | None, described: ProcessDescription) -> int:
    numbers = sorted(int(each["entityTypeId"]) for each in known)
    if adopt is not None and adopt in numbers:
        return adopt
    ours = [int(each["entityTypeId"]) for each in known if (each.get("code") or "") == described.code]
    if adopt is None and ours:
        return ours[0]
    raise ParameterError(
        "appeals",
        "adopt",
        adopt,
        "is not a smart process" if adopt else "is needed: there is none of our own",
        f"There are: {', '.join(map(str, numbers)) or 'none'}.",
    )


def _of_folder(folder: Path, number: int | None, fields: Mapping[str, str] | None) -> Standing:
    snapshot = Snapshot.open(folder / "before" if (folder / "before").is_dir() else folder)
    tables = {name: snapshot.table(name) for name in snapshot.entities}
    if "type" not in tables or tables["type"].empty:
        raise ParameterError(
            "appeals", "other", str(folder), "holds no smart processes", "Take a run of provision_appeals."
        )
    types = tables["type"]
    found = types.loc[types["entityTypeId"] == number, "entityTypeId"].tolist()
    found = found or types.loc[types["code"].fillna("") == shipped().code, "entityTypeId"].tolist()
    if not found:
        known = ", ".join(str(each) for each in types["entityTypeId"])
        raise ParameterError("appeals", "there", number, "is not in it", f"There are: {known}.")
    return Standing.seen(tables, int(found[0]), fields)


def _of_file(work: Workspace, path: Path) -> Standing:
    try:
        held = yaml.safe_load(path.read_text(encoding="utf-8"))
        if isinstance(held, dict) and "switches" in held and isinstance(held["switches"], list):
            return Standing.described(ProcessDescription.model_validate(held), work.settings.language)
        return Standing.model_validate(held)
    except (OSError, ValueError, yaml.YAMLError) as error:
        told = (
            str(error.errors(include_url=False)[0]["msg"])
            if isinstance(error, ValidationError)
            else str(error)
        )
        raise ParameterError(
            "appeals",
            "other",
            str(path),
            f"cannot be read: {told}",
            "Give what `b24kit appeals describe` wrote.",
        ) from error
