"""`im.notify*`: notices to employees, kept in `im_notification` so that a test sees who got what.

Source: api-reference/chats/notifications/im-notify{,-system-add,-personal-add,-delete}.md,
read 2026-11-22.
"""

from __future__ import annotations

import json
from typing import Any

from ..call import Call
from ..portal import FAMILY_LISTENERS, Sandbox
from ..registry import method
from ..state.records import Change
from ..state.store import Column, declare_table
from ..switches import declare
from ..wire import php
from ..wire.errors import RestError

_DOCS = "api-reference/chats/notifications/im-notify"
ATTACH_MAX = 60_000

declare_table(
    "im_notification",
    "USER_ID int",
    "AUTHOR_ID int",
    Column("TYPE", "text", "USER"),
    "MESSAGE",
    "MESSAGE_OUT",
    "TAG",
    "SUB_TAG",
    "ATTACH json",
    "CLIENT_ID",
    "CREATED time",
    indexes=[("USER_ID",), ("CLIENT_ID", "TAG")],
)

TAG_REACH = declare(
    "notify_tag_reach",
    "application",
    ("application", "user"),
    "A tag is unique within the application, and an older notice of the same tag goes; whether also when it"
    " went to another person is not said. Read to the letter, it goes.",
    "api-reference/chats/notifications/im-notify.md",
)
TAG_WITHOUT_CLIENT = declare(
    "notify_tag_without_client_id",
    "refused",
    ("refused", "tag_ignored"),
    "CLIENT_ID is required on webhooks together with a tag; the answer without it is given only for delete.",
    "api-reference/chats/notifications/im-notify.md",
)
OWN_NOTICES = declare(
    "reassignment_notices",
    "none",
    ("none", "system"),
    "Whether the portal itself notifies a new responsible when REST reassigns a record is not said.",
    "api-reference/crm/universal/crm-item-update.md",
)


@method("im.notify", scope="im", docs=_DOCS + ".md", not_emulated="session authorization")
def notify(call: Call) -> Any:
    """Notify a person, as the caller or (`TYPE` SYSTEM) as the portal."""
    return _sent(call, "SYSTEM" if str(call.get("TYPE") or "").upper() == "SYSTEM" else "USER")


@method("im.notify.system.add", scope="im", docs=_DOCS + "-system-add.md")
def system_add(call: Call) -> Any:
    """Notify a person as the portal."""
    return _sent(call, "SYSTEM")


@method("im.notify.personal.add", scope="im", docs=_DOCS + "-personal-add.md")
def personal_add(call: Call) -> Any:
    """Notify a person as the caller."""
    return _sent(call, "USER")


@method("im.notify.delete", scope="im", docs=_DOCS + "-delete.md", not_emulated="session authorization")
def delete(call: Call) -> bool:
    """Take back a notice by id, or all of the application's with a tag."""
    id_, tag, sub_tag = call.get("ID"), call.get("TAG"), call.get("SUB_TAG")
    client = _client(call)
    if php.whole(id_):
        row = call.store.get("im_notification", php.whole(id_))
        if row is None or (
            row["USER_ID"] != call.user_id and row["CLIENT_ID"] != (client or call.caller.key)
        ):
            return False
        return call.store.delete("im_notification", row["ID"])
    if not tag and not sub_tag:
        raise RestError("PARAMS_ERROR", "Incorrect params")
    if client is None:
        raise _no_client()
    column, wanted = ("TAG", tag) if tag else ("SUB_TAG", sub_tag)
    gone = call.store.db.execute(
        f"DELETE FROM im_notification WHERE CLIENT_ID = ? AND {column} = ?", [client, str(wanted)]
    )
    return gone.rowcount > 0


def _no_client() -> RestError:
    return RestError("ACCESS_DENIED", "Access denied! Client ID not specified", 403)


def _client(call: Call) -> str | None:
    """The application behind the call: its own, or the one a webhook names; None when neither."""
    if call.caller.app:
        return str(call.caller.app["CLIENT_ID"])
    named = str(call.get("CLIENT_ID") or "")
    return named or None


def _sent(call: Call, type_: str) -> Any:
    user_id = php.whole(call.get("USER_ID"))
    if not user_id:
        raise RestError("USER_ID_EMPTY", "User ID can't be empty")
    message = str(call.get("MESSAGE") or "").strip()
    if not message:
        raise RestError("MESSAGE_EMPTY", "Message can't be empty")
    attach = _attach(call.get("ATTACH"))
    tag, sub_tag, client = str(call.get("TAG") or ""), str(call.get("SUB_TAG") or ""), _client(call)
    if (tag or sub_tag) and client is None:
        if call.portal.switches[TAG_WITHOUT_CLIENT] == "refused":
            raise _no_client()
        tag = sub_tag = ""
    user = call.store.get("user", user_id)
    if user is None or user["ACTIVE"] != "Y":
        return False
    if tag:
        same = "" if call.portal.switches[TAG_REACH] == "application" else f" AND USER_ID = {user['ID']}"
        call.store.db.execute(
            f"DELETE FROM im_notification WHERE CLIENT_ID = ? AND TAG = ?{same}", [client, tag]
        )
    return call.store.insert(
        "im_notification",
        {
            "USER_ID": user["ID"],
            "AUTHOR_ID": 0 if type_ == "SYSTEM" else call.user_id,
            "TYPE": type_,
            "MESSAGE": message,
            "MESSAGE_OUT": str(call.get("MESSAGE_OUT") or ""),
            "TAG": tag or None,
            "SUB_TAG": sub_tag or None,
            "ATTACH": attach,
            "CLIENT_ID": client or call.caller.key,
            "CREATED": int(call.now),
        },
    )


def _attach(given: Any) -> str | None:
    if given in (None, "", [], {}):
        return None
    if isinstance(given, dict | list):
        text = json.dumps(given, ensure_ascii=False)
    else:
        text = str(given)
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            parsed = None
        if not isinstance(parsed, dict | list):
            raise RestError("ATTACH_ERROR", "Incorrect attach params")
    if len(text) > ATTACH_MAX:
        raise RestError("ATTACH_OVERSIZE", "You have exceeded the maximum allowable size of attach")
    return text


def _tell_new_responsible(portal: Sandbox, change: Change) -> None:
    """The portal's own notice to a new responsible, where the switch says that it sends one."""
    if portal.switches[OWN_NOTICES] == "none" or change.action != "update" or change.imported:
        return
    user_id = change.after.get("ASSIGNED_BY_ID")
    if "ASSIGNED_BY_ID" not in change.columns or not user_id or user_id == change.by:
        return
    portal.store.insert(
        "im_notification",
        {
            "USER_ID": user_id,
            "AUTHOR_ID": change.by,
            "TYPE": "SYSTEM",
            "MESSAGE": f"{change.kind.title} #{change.id}",
            "CREATED": int(portal.clock.now()),
        },
    )


FAMILY_LISTENERS.append(_tell_new_responsible)
