"""Whatever a client sends, a method answers in the portal's words: nothing breaks inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.sandbox import Sandbox
from toolkit.sandbox.registry import all_methods

FAMILIES = (
    *("user.", "department.", "im.notify", "crm.category", "crm.status", "crm.stagehistory", "crm.currency"),
    *("crm.enum", "crm.type", "crm.userfield", "userfieldconfig", "crm.automatedsolution", "tasks.task"),
    *("lists.", "app.option", "user.option", "bizproc", "crm.automation", "crm.deal.userfield"),
)
METHODS = [each.name for each in all_methods() if each.version == 2 and each.name.startswith(FAMILIES)]
PLAUSIBLE: dict[str, Any] = {
    "id": 1,
    "ID": 1,
    "taskId": 1,
    "entityTypeId": 2,
    "moduleId": "crm",
    "IBLOCK_TYPE_ID": "lists",
    "IBLOCK_ID": 1,
    "USER_ID": 1,
    "MESSAGE": "x",
}
NAMES = st.sampled_from(
    [
        *(
            "ID",
            "TITLE",
            "title",
            "name",
            "NAME",
            "SORT",
            "sort",
            "STATUS",
            "STATUS_ID",
            "ENTITY_ID",
            "CURRENCY",
        ),
        *(
            "AMOUNT",
            "AMOUNT_CNT",
            "LANG",
            "relations",
            "linkedUserFields",
            "entityId",
            "fieldName",
            "userTypeId",
        ),
        *("enum", "settings", "FIELD_NAME", "USER_TYPE_ID", "LIST", "SETTINGS", "typeIds", "RESPONSIBLE_ID"),
        *(
            "DEADLINE",
            "AUDITORS",
            "UF_CRM_TASK",
            "PROPERTY_1",
            "TYPE",
            "CODE",
            ">=ID",
            "@ID",
            "%NAME",
            "><ID",
        ),
        *("UF_DEPARTMENT", "NAME_SEARCH", "FIND", "isExternal", "REAL_STATUS", "TAG", "logic", "0"),
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(
        ["", "x", "1", "²", "٣", "9" * 40, "-1", "2026-01-01", "Y", "'; DROP TABLE user; --", "\x00"]
    ),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)
PARAMS = st.dictionaries(
    st.sampled_from(
        [
            *PLAUSIBLE,
            *("fields", "FIELDS", "field", "filter", "FILTER", "order", "ORDER", "select", "SELECT", "start"),
            *(
                "options",
                "option",
                "DOCUMENT_ID",
                "TEMPLATE_ID",
                "target",
                "CODE",
                "entityId",
                "params",
                "ATTACH",
            ),
            *("ELEMENT_CODE", "ELEMENT_ID", "FIELD_ID", "localizations", "lids", "type", "users", "userId"),
        ]
    ),
    VALUES,
    max_size=6,
)


@pytest.fixture
def furnished(result: Callable[..., Any]) -> None:
    """One of each thing, so that calls get past the first check."""
    result("lists.add", IBLOCK_TYPE_ID="lists", IBLOCK_CODE="j", FIELDS={"NAME": "j"})
    column = {"NAME": "x", "TYPE": "S:DateTime", "CODE": "X"}
    result("lists.field.add", IBLOCK_TYPE_ID="lists", IBLOCK_ID=1, FIELDS=column)
    result("tasks.task.add", fields={"TITLE": "x", "RESPONSIBLE_ID": 1})
    result("crm.type.add", fields={"title": "x"})


@pytest.mark.usefixtures("furnished")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(params=PARAMS, plausible=st.sets(st.sampled_from(sorted(PLAUSIBLE))))
def test_nothing_a_client_sends_breaks_a_method(
    portal: Sandbox, raw: Callable[..., Any], params: dict[str, Any], plausible: set[str]
) -> None:
    sent = {**{name: PLAUSIBLE[name] for name in plausible}, **params}
    for method in METHODS:
        answer = raw(method, sent)
        assert answer.status_code < 500, (method, sent, portal.missing)
