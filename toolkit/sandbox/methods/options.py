"""`app.option.*` and `user.option.*`: what an application remembers on the portal.

Source: api-reference/common/settings/{app,user}-option-{get,set}.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from typing import Any

from ..call import Call
from ..registry import method
from ..state.store import Column, declare_table
from ..wire import php
from ..wire.errors import RestError

_DOCS = "api-reference/common/settings/"

# USER_ID 0 holds what belongs to the application as a whole.
declare_table(
    "app_option",
    "APP_ID int",
    Column("USER_ID", "int", 0),
    "NAME",
    "VALUE json",
    indexes=[("APP_ID", "USER_ID")],
)


@method("app.option.get", docs=_DOCS + "app-option-get.md")
def app_get(call: Call) -> Any:
    """One option of the application (null when there is none), or all of them."""
    return _get(call, _app(call), 0)


@method("app.option.set", docs=_DOCS + "app-option-set.md")
def app_set(call: Call) -> bool:
    """Remember options of the application; those not named stay."""
    app = _app(call)
    if not call.caller.is_admin:
        raise RestError("AccessException", "Administrator authorization required")
    return _set(call, app, 0)


@method("user.option.get", docs=_DOCS + "user-option-get.md")
def user_get(call: Call) -> Any:
    """One option of the caller in this application (null when there is none), or all of them."""
    return _get(call, _app(call), call.user_id)


@method("user.option.set", docs=_DOCS + "user-option-set.md")
def user_set(call: Call) -> bool:
    """Remember options of the caller in this application; those not named stay."""
    return _set(call, _app(call), call.user_id)


def _app(call: Call) -> int:
    # These methods refuse webhooks in their own words, not with WRONG_AUTH_TYPE.
    if call.caller.app is None:
        raise RestError("AccessException", "Application context required")
    return int(call.caller.app["ID"])


def _get(call: Call, app: int, user: int) -> Any:
    rows = call.store.find("app_option", APP_ID=app, USER_ID=user)
    kept = {row["NAME"]: json.loads(row["VALUE"]) for row in rows}
    wanted = call.get("option")
    return kept if wanted in (None, "") else kept.get(str(wanted))


def _set(call: Call, app: int, user: int) -> bool:
    given = php.items(call.get("options"))
    if not given:
        raise RestError("ArgumentNullException", "options is empty")
    known = {row["NAME"]: row["ID"] for row in call.store.find("app_option", APP_ID=app, USER_ID=user)}
    for name, value in given:
        text = json.dumps(value, ensure_ascii=False)
        if name in known:
            call.store.update("app_option", known[name], {"VALUE": text})
        else:
            call.store.insert("app_option", {"APP_ID": app, "USER_ID": user, "NAME": name, "VALUE": text})
    return True
