"""What the connection and earlier runs tell a load of a contact centre's rows, before it is planned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.client import Portal
from toolkit.operations.load_contact_centre import LoadContactCentre, LoadContactCentreParams
from toolkit.runs import Run
from toolkit.runs.call_recordings import recording_key, refused_recordings
from toolkit.runs.contact_centre.history import comments_written
from toolkit.runs.contact_centre.presets import presets_of
from toolkit.workflow.contact_centre.loaded import with_previous
from toolkit.workflow.telephone import telephone
from toolkit.workflow.workspace import Workspace

__all__ = ["with_known", "without_addresses"]


def with_known(work: Workspace, params: LoadContactCentreParams, portal: Portal) -> LoadContactCentreParams:
    """The parameters, with what the connection may do with calls, how the rows were last loaded, which recordings
    earlier runs on the portal could not have, and which comments they wrote.

    Raises:
        PortalError: the portal could not be asked.
    """
    told: dict[str, Any] = {}
    if params.calls:
        told["telephone"] = telephone(portal, work.settings)
    if params.requisite_preset is None and any(each.inn for each in (*params.requests, *params.calls)):
        templates = [each for page in portal.list("crm.requisite.preset.list") for each in page]
        told["presets"] = presets_of(templates)
    if params.requests or params.history or params.calls:
        every = list(Run.all(work.root, work.clock.now))
        try:
            params = with_previous(params, work.root, portal.host, every)
            if params.history or any(each.recording for each in params.calls):
                runs = [
                    run
                    for run in every
                    if run.facts.portal == portal.host
                    and not run.facts.rehearses
                    and (run.facts.operation == LoadContactCentre.name or run.facts.undoes)
                ]
                if not params.retry_recordings:
                    told["recordings_gone"] = sorted({*params.recordings_gone, *refused_recordings(runs)})
                told["history_done"] = sorted({*params.history_done, *comments_written(runs)})
        finally:
            for run in every:
                run.close()
    return params.model_copy(update=told)


def without_addresses(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as a plan keeps them: where recordings lie, which may be a password, stands in `run.json` alone."""
    rows = parameters.get("calls")
    if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
        return dict(parameters)
    calls = [
        {**each, "recording": recording_key(str(each.get("id")), each["recording"])}
        if each.get("recording")
        else each
        for each in rows
    ]
    return {**parameters, "calls": calls}
