"""What a routing directory is checked against, read from the portal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from toolkit.client import Portal
from toolkit.sheets.portal_facts import PortalFacts
from toolkit.workflow.workspace import Workspace, connect

__all__ = ["routing_facts"]

_USERS = ["ID", "ACTIVE", "NAME", "LAST_NAME", "SECOND_NAME", "EMAIL", "UF_DEPARTMENT", "WORK_POSITION"]
_DEPARTMENTS = ["ID", "NAME", "PARENT"]
_PIPELINES = ["id", "name"]
_STAGES = ["STATUS_ID", "NAME", "CATEGORY_ID"]


def routing_facts(work: Workspace, entity_type_id: int = 2) -> PortalFacts:
    """People, departments, pipelines and stages of the portal, for checks and for the template. Reads only.

    Args:
        work: the workspace.
        entity_type_id: of what appeals become: 2 for deals, or a smart process.

    Raises:
        SettingsError: there is no webhook.
        PortalError: the portal could not be asked.
        IncompleteRead: a list could not be proven complete.

    Source:
        api-reference/crm/universal/category/crm-category-list.md, crm/status/crm-status-list.md, user/user-get.md,
        departments/department-get.md, read 2026-11-22.
    """
    with connect(work) as portal:
        pipelines = portal.call("crm.category.list", {"entityTypeId": entity_type_id})["categories"]
        stages = [
            {**stage, "CATEGORY_ID": pipeline["id"]}
            for pipeline in pipelines
            for stage in _all(
                portal, "crm.status.list", {"filter": {"ENTITY_ID": _stages_of(entity_type_id, pipeline)}}
            )
        ]
        return PortalFacts(
            users=pd.DataFrame(_all(portal, "user.get", {}), columns=_USERS),
            departments=pd.DataFrame(_all(portal, "department.get", {}), columns=_DEPARTMENTS),
            pipelines=pd.DataFrame(pipelines, columns=_PIPELINES),
            stages=pd.DataFrame(stages, columns=_STAGES),
            entity_type_id=entity_type_id,
        )


def _all(portal: Portal, method: str, params: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [record for page in portal.list(method, params) for record in page]


def _stages_of(entity_type_id: int, pipeline: Mapping[str, Any]) -> str:
    number = int(pipeline["id"])
    if entity_type_id == 2:
        return f"DEAL_STAGE_{number}" if number else "DEAL_STAGE"
    return f"DYNAMIC_{entity_type_id}_STAGE_{number}"
