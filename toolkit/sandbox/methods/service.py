"""Methods about the portal and the connection itself.

Source: api-reference/common/system/*.md, api-reference/common/users/profile.md,
api-reference/crm/crm-settings-mode-get.md, settings/how-to-call-rest-api/batch.md, read 2026-11-22.
"""

from __future__ import annotations

from typing import Any

from ..access import ALL_SCOPES
from ..call import Call
from ..registry import all_methods, known_elsewhere, lookup, method
from ..wire.errors import RestError

_SYSTEM = "api-reference/common/system/"


@method("batch", docs="settings/how-to-call-rest-api/batch.md", in_batch=False)
def batch(_call: Call) -> Any:
    """Answered by the portal itself (`portal.Sandbox._batch`); listed here for its scope and its page."""
    raise RestError("ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage", 405)


@method("profile", docs="api-reference/common/users/profile.md")
def profile(call: Call) -> Any:
    """Who the caller is, in short."""
    user = call.caller.user
    return {
        "ID": str(user["ID"]),
        "ADMIN": call.caller.is_admin,
        "NAME": user["NAME"] or "",
        "LAST_NAME": user["LAST_NAME"] or "",
        "PERSONAL_GENDER": user["PERSONAL_GENDER"] or "",
        "TIME_ZONE": user["TIME_ZONE"] or "",
    }


@method("server.time", docs=_SYSTEM + "server-time.md")
def server_time(call: Call) -> Any:
    """The server's clock, ISO 8601."""
    return call.portal.zone.moment(call.now)


@method("scope", docs=_SYSTEM + "scope.md")
def scope(call: Call) -> Any:
    """Scopes of the caller, or (`full`) all there are."""
    if str(call.get("full", "")).lower() in ("1", "true", "y"):
        return list(ALL_SCOPES)
    return [each for each in ALL_SCOPES if each in call.caller.scopes]


@method("methods", docs=_SYSTEM + "methods.md", not_emulated="the frozen list of old portals")
def methods(call: Call) -> Any:
    """Names of methods the caller may call."""
    everything = str(call.get("full", "")).lower() in ("1", "true", "y")
    wanted = call.get("scope")
    return sorted(
        each.name.lower()
        for each in all_methods()
        if each.version == 2
        and (everything or set(each.scopes) <= call.caller.scopes)
        and (not wanted or wanted in each.scopes)
    )


@method("method.get", docs=_SYSTEM + "method-get.md")
def method_get(call: Call) -> Any:
    """Whether a method exists and may be called."""
    name = str(call.get("name") or "").lower()
    found = lookup(name)
    exists = found is not None or known_elsewhere(name)
    return {
        "isExisting": exists,
        "isAvailable": found is not None and set(found.scopes) <= call.caller.scopes,
    }


@method("feature.get", docs=_SYSTEM + "feature-get.md")
def feature_get(call: Call) -> Any:
    """Whether the plan includes a REST feature."""
    code = str(call.get("CODE") or "")
    if not code:
        raise RestError("CODE_EMPTY", "CODE can't be empty")
    return {
        "value": "Y"
        if code in ("rest_offline_extended", "rest_auth_connector") and call.portal.plan_allows(code)
        else "N"
    }


@method("app.info", docs=_SYSTEM + "app-info.md")
def app_info(call: Call) -> Any:
    """What application calls, and under which licence; a webhook is none, and is told so."""
    app = call.caller.app
    if app is None:
        raise RestError("ACCESS_DENIED", "Access denied! Application context required")
    return {
        "ID": app["ID"],
        "CODE": app["CLIENT_ID"],
        "VERSION": 1,
        "STATUS": app["STATUS"],
        "INSTALLED": True,
        "PAYMENT_EXPIRED": "N",
        "DAYS": None,
        "LANGUAGE_ID": "ru",
        "LICENSE": "ru_company",
        "LICENSE_TYPE": "company",
        "LICENSE_FAMILY": "company",
    }


@method("crm.settings.mode.get", scope="crm", docs="api-reference/crm/crm-settings-mode-get.md")
def settings_mode(call: Call) -> Any:
    """1 classic (with leads), 2 simple."""
    return int(call.store.value("SELECT VALUE FROM setting WHERE NAME = 'crm_mode'") or 1)
