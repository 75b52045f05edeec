"""`user.*`: the people of the portal.

Source: api-reference/user/user-{get,search,current,fields,update,add,scope}.md, read 2026-11-22.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.filters import Special
from ..state.listing import list_rows
from ..state.store import TABLES, Column, declare_table
from ..switches import declare
from ..wire import php
from ..wire.errors import RestError
from ..wire.values import stored

_DOCS = "api-reference/user/user-"
ONLINE_S = 120

# What a person tells about himself; labels as user.fields gives them where they differ from the name.
_PROFILE = {
    "TITLE": "User List",
    "PERSONAL_GENDER": "Gender",
    "PERSONAL_PROFESSION": "Profession",
    "PERSONAL_WWW": "Homepage",
    "PERSONAL_BIRTHDAY": "Date of Birth",
    "PERSONAL_PHOTO": "Photo",
    "PERSONAL_ICQ": "ICQ",
    "PERSONAL_PHONE": "Personal Phone",
    "PERSONAL_FAX": "Fax",
    "PERSONAL_MOBILE": "Personal Mobile",
    "PERSONAL_PAGER": "Pager",
    "PERSONAL_STREET": "Residential Street",
    "PERSONAL_CITY": "Residential City",
    "PERSONAL_STATE": "State / Region",
    "PERSONAL_ZIP": "Zip Code",
    "PERSONAL_COUNTRY": "Country",
    "PERSONAL_MAILBOX": "P.O. Box",
    "PERSONAL_NOTES": "Additional Notes",
    "WORK_PHONE": "Company Phone",
    "WORK_COMPANY": "Company",
    "WORK_POSITION": "Job Title",
    "WORK_DEPARTMENT": "Department",
    "WORK_WWW": "Company Website",
    "WORK_FAX": "WORK_FAX",
    "WORK_PAGER": "WORK_PAGER",
    "WORK_STREET": "WORK_STREET",
    "WORK_MAILBOX": "WORK_MAILBOX",
    "WORK_CITY": "Work City",
    "WORK_STATE": "WORK_STATE",
    "WORK_ZIP": "WORK_ZIP",
    "WORK_COUNTRY": "WORK_COUNTRY",
    "WORK_PROFILE": "WORK_PROFILE",
    "WORK_LOGO": "WORK_LOGO",
    "WORK_NOTES": "WORK_NOTES",
    "UF_SKYPE_LINK": "Skype Chat Link",
    "UF_ZOOM": "Zoom",
    "UF_EMPLOYMENT_DATE": "Hire Date",
    "UF_TIMEMAN": "Time Tracking",
    "UF_DEPARTMENT": "Units",
    "UF_INTERESTS": "Interests",
    "UF_SKILLS": "Skills",
    "UF_WEB_SITES": "Other Websites",
    "UF_XING": "Xing",
    "UF_LINKEDIN": "LinkedIn",
    "UF_FACEBOOK": "Facebook",
    "UF_TWITTER": "Twitter",
    "UF_SKYPE": "Skype",
    "UF_DISTRICT": "District",
    "UF_PHONE_INNER": "Extension",
}
_LABELS = {
    "ID": "ID",
    "XML_ID": "External code",
    "ACTIVE": "Activity",
    "NAME": "First Name",
    "LAST_NAME": "Last Name",
    "SECOND_NAME": "Middle Name",
    "EMAIL": "E-Mail",
    "LAST_LOGIN": "Last Authorization",
    "DATE_REGISTER": "Registration Date",
    "TIME_ZONE": "TIME_ZONE",
    "IS_ONLINE": "IS_ONLINE",
    "TIMESTAMP_X": "TIMESTAMP_X",
    "LAST_ACTIVITY_DATE": "LAST_ACTIVITY_DATE",
    **_PROFILE,
    "USER_TYPE": "USER_TYPE",
}
_DATES = ("PERSONAL_BIRTHDAY", "UF_EMPLOYMENT_DATE")

declare_table(
    "user",
    "NAME",
    "LAST_NAME",
    "SECOND_NAME",
    "EMAIL",
    Column("ACTIVE", "flag", "Y"),
    Column("IS_ADMIN", "flag", "N"),
    Column("USER_TYPE", "text", "employee"),
    "XML_ID",
    "DATE_REGISTER time",
    "LAST_LOGIN time",
    "LAST_ACTIVITY_DATE time",
    "TIMESTAMP_X time",
    "TIME_ZONE",
    Column("CRM_READ", "text", "X"),
    Column("CRM_WRITE", "text", "X"),
    *(Column(name, "date" if name in _DATES else "text") for name in _PROFILE if name != "UF_DEPARTMENT"),
    "UF_DEPARTMENT json",
    "UF json",
)

# Shown empty when they are empty; the others are left out.
_ALWAYS = frozenset(
    {
        "ID",
        "ACTIVE",
        "NAME",
        "LAST_NAME",
        "EMAIL",
        "LAST_LOGIN",
        "DATE_REGISTER",
        "IS_ONLINE",
        "PERSONAL_GENDER",
        "PERSONAL_BIRTHDAY",
        "WORK_POSITION",
        "UF_EMPLOYMENT_DATE",
        "UF_DEPARTMENT",
        "USER_TYPE",
    }
)
# Kinds of user that lists leave out.
_HIDDEN = ("bot", "email", "imconnector", "replica", "integrator", "system")
_BRIEF = frozenset(
    [
        "ID",
        "XML_ID",
        "ACTIVE",
        "NAME",
        "LAST_NAME",
        "SECOND_NAME",
        "TITLE",
        "IS_ONLINE",
        "TIME_ZONE",
        "PERSONAL_PHOTO",
        "TIMESTAMP_X",
        "DATE_REGISTER",
        "PERSONAL_PROFESSION",
        "PERSONAL_GENDER",
        "PERSONAL_BIRTHDAY",
        "PERSONAL_CITY",
        "PERSONAL_STATE",
        "PERSONAL_COUNTRY",
        "WORK_POSITION",
        "WORK_CITY",
        "WORK_STATE",
        "WORK_COUNTRY",
        "LAST_ACTIVITY_DATE",
        "UF_EMPLOYMENT_DATE",
        "UF_TIMEMAN",
        "UF_SKILLS",
        "UF_INTERESTS",
        "UF_DEPARTMENT",
        "UF_PHONE_INNER",
    ]
)
_BASIC = frozenset(_LABELS) - {"LAST_LOGIN", "PERSONAL_WWW", "PERSONAL_ICQ", "USER_TYPE"}
_SEARCHED = ("NAME", "LAST_NAME", "SECOND_NAME", "WORK_POSITION")

USER_MOMENTS = declare(
    "user_moments",
    "object",
    ("object", "iso"),
    "TIMESTAMP_X and LAST_ACTIVITY_DATE are {} in the examples of user.get: PHP objects without their value.",
    "api-reference/user/user-get.md",
)
PERCENT_PATTERN = declare(
    "user_filter_percent",
    "pattern",
    ("pattern", "literal"),
    "One example filters {NAME: 'Iv%'} as 'begins with', though = is said to be an exact match.",
    "api-reference/user/user-get.md",
)


def _visible(call: Call) -> list[str]:
    """Fields the scope of the caller opens, in their order."""
    if "user" in call.caller.scopes:
        return list(_LABELS)
    chosen = _BASIC if "user_basic" in call.caller.scopes else _BRIEF
    return [name for name in _LABELS if name in chosen]


@method("user.fields", scope="user", docs=_DOCS + "fields.md")
def fields(call: Call) -> Any:
    """Names and labels of the fields the scope opens; no custom ones."""
    return {name: _LABELS[name] for name in _visible(call)}


@method("user.current", scope="user", docs=_DOCS + "current.md")
def current(call: Call) -> Any:
    """The caller."""
    row = call.store.get("user", call.user_id) or call.caller.user
    names = [name for name in _visible(call) if name not in ("TIMESTAMP_X", "USER_TYPE")]
    shown = _shown(call, row, names)
    if "LAST_ACTIVITY_DATE" in shown:
        moment = row["LAST_ACTIVITY_DATE"]
        shown["LAST_ACTIVITY_DATE"] = call.portal.zone.moment(moment)[:19].replace("T", " ") if moment else ""
    return shown


@method("user.get", scope="user", docs=_DOCS + "get.md", not_emulated="photo copies, ADMIN_MODE")
def get(call: Call) -> Page:
    """A page of users, dismissed ones included unless `ACTIVE` is filtered."""
    return _page(call, _filter(call), {})


@method("user.search", scope="user", docs=_DOCS + "search.md", not_emulated="ADMIN_MODE")
def search(call: Call) -> Page:
    """A page of users whose names begin as asked."""
    wanted = _filter(call)
    if "FIND" in wanted:
        wanted = {"FIND": wanted["FIND"]}
    begins = {name: _begins(name) for name in ("NAME", "LAST_NAME", "WORK_POSITION")}
    return _page(call, wanted, {**begins, "UF_DEPARTMENT_NAME": _in_department, "FIND": _find})


def _filter(call: Call) -> dict[str, Any]:
    """`FILTER`, or what stands beside the other parameters in the old spelling."""
    given = call.get("FILTER")
    if isinstance(given, dict):
        return {str(key).upper(): value for key, value in given.items()}
    control = ("FILTER", "SORT", "ORDER", "START", "SELECT", "ADMIN_MODE", "IMAGE_RESIZE")
    return {key.upper(): value for key, value in call.params.items() if key.upper() not in control}


def _page(call: Call, wanted: dict[str, Any], more: dict[str, Special]) -> Page:
    hidden = tuple(
        each for each in _HIDDEN if not (each == "email" and "email" in php.values(wanted.get("USER_TYPE")))
    )
    specials: dict[str, Special] = {
        "UF_DEPARTMENT": _by_department,
        "NAME_SEARCH": _find,
        "IS_ONLINE": _online(call),
        **more,
    }
    sort = str(call.get("SORT") or "").upper()
    rows, total, start = list_rows(
        call,
        "user",
        filter_={key: value for name, each in wanted.items() for key, value in [_pattern(call, name, each)]},
        order={sort: call.get("ORDER") or "ASC"} if sort else {},
        fields={name: each for name, each in TABLES["user"].fields.items() if name in _LABELS},
        specials=specials,
        where=f"USER_TYPE NOT IN ({', '.join('?' for _ in hidden)})",
        args=hidden,
    )
    names = _selected(_visible(call), [str(each).upper() for each in php.values(call.get("SELECT"))])
    return Page.of([_shown(call, row, names) for row in rows], len(rows), total, start)


def _pattern(call: Call, name: str, value: Any) -> tuple[str, Any]:
    if (
        isinstance(value, str)
        and "%" in value
        and re.match(r"[A-Z]", name)
        and call.portal.switches[PERCENT_PATTERN] == "pattern"
    ):
        return f"=%{name}", value
    return name, value


def _selected(visible: list[str], wanted: list[str]) -> list[str]:
    if not wanted or "*" in wanted:
        return visible
    return [
        name
        for name in visible
        if name == "ID" or name in wanted or ("UF_*" in wanted and name.startswith("UF_"))
    ]


def _by_department(_operator: str, wanted: list[Any]) -> tuple[str, list[Any]]:
    ids = [each for each in map(php.whole, wanted) if each]
    marks = ", ".join("?" for _ in ids) or "NULL"
    return f"EXISTS (SELECT 1 FROM json_each(UF_DEPARTMENT) WHERE value IN ({marks}))", ids


def _in_department(_operator: str, wanted: list[Any]) -> tuple[str, list[Any]]:
    sql = " OR ".join("fold(NAME) LIKE ? ESCAPE '\\'" for _ in wanted) or "0"
    return (
        "EXISTS (SELECT 1 FROM json_each(UF_DEPARTMENT) WHERE value IN"
        f" (SELECT ID FROM department WHERE {sql}))",
        [_prefix(each) for each in wanted],
    )


def _online(call: Call) -> Special:
    def condition(_operator: str, wanted: list[Any]) -> tuple[str, list[Any]]:
        sql = "COALESCE(LAST_ACTIVITY_DATE, 0) >= ?"
        since = [int(call.now) - ONLINE_S]
        return (sql, since) if str(wanted[:1]) == "['Y']" else (f"NOT {sql}", since)

    return condition


def _begins(name: str) -> Special:
    def condition(operator: str, wanted: list[Any]) -> tuple[str, list[Any]]:
        patterns = [str(each).casefold() if operator == "=%" else _prefix(each) for each in wanted]
        return " OR ".join(f"fold({name}) LIKE ? ESCAPE '\\'" for _ in wanted).join(
            "()"
        ) if wanted else "0", (patterns)

    return condition


def _find(_operator: str, wanted: list[Any]) -> tuple[str, list[Any]]:
    """Every word begins one of the names, the position or the department."""
    words = " ".join(str(each) for each in wanted).split()
    parts, args = [], []
    for word in words:
        fields_ = " OR ".join(f"fold({name}) LIKE ? ESCAPE '\\'" for name in _SEARCHED)
        inside, inside_args = _in_department("", [word])
        parts.append(f"({fields_} OR {inside})")
        args += [_prefix(word)] * len(_SEARCHED) + inside_args
    return " AND ".join(parts) or "1", args


def _prefix(word: Any) -> str:
    return re.sub(r"([%_\\])", r"\\\1", str(word).casefold()) + "%"


def _shown(call: Call, row: dict[str, Any], names: list[str]) -> dict[str, Any]:
    zone = call.portal.zone
    shown: dict[str, Any] = {}
    for name in names:
        if name == "IS_ONLINE":
            shown[name] = "Y" if (row["LAST_ACTIVITY_DATE"] or 0) >= call.now - ONLINE_S else "N"
            continue
        value = row[name]
        if name in ("TIMESTAMP_X", "LAST_ACTIVITY_DATE"):
            as_object = call.portal.switches[USER_MOMENTS] == "object"
            shown[name] = php.EMPTY_OBJECT if as_object else zone.moment(value) if value else ""
        elif name == "ID":
            shown[name] = str(value)
        elif name == "ACTIVE":
            shown[name] = value == "Y"
        elif name == "UF_DEPARTMENT":
            shown[name] = json.loads(value or "[]")
        elif value is None:
            if name in _ALWAYS:
                shown[name] = ""
        elif name in ("LAST_LOGIN", "DATE_REGISTER"):
            shown[name] = zone.moment(value)
        elif name in _DATES:
            shown[name] = zone.day(value)
        else:
            shown[name] = value
    return shown


@method("user.add", scope="user", docs=_DOCS + "add.md", not_emulated="invitation letters, photos")
def add(call: Call) -> int:
    """Invite a person; the id."""
    _require_admin(call)
    email = str(call.get("EMAIL") or "").strip()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        raise _argument("wrong_email")
    if call.store.first("user", EMAIL=email):
        raise _argument("A user with this email already exists")
    extranet = str(call.get("EXTRANET") or "").upper() == "Y"
    if extranet and not php.values(call.get("SONET_GROUP_ID")):
        raise RestError("ERROR_GROUPID", "Group code not specified")
    if not extranet and not php.values(call.get("UF_DEPARTMENT")):
        raise _argument("no_extranet_field")
    now = int(call.now)
    values = {
        **_values(call),
        "EMAIL": email,
        "ACTIVE": "Y",
        "USER_TYPE": "extranet" if extranet else "employee",
        "DATE_REGISTER": now,
        "TIMESTAMP_X": now,
    }
    id_ = call.store.insert("user", values)
    call.portal.emit("ONUSERADD", {"ID": str(id_), "EMAIL": email, "ACTIVE": "Y"}, key=call.caller.key)
    return id_


@method("user.update", scope="user", docs=_DOCS + "update.md", not_emulated="photos")
def update(call: Call) -> bool:
    """Change a person; `ACTIVE` N dismisses."""
    _require_admin(call)
    id_ = php.whole(call.get("ID"))
    if not id_:
        raise RestError("ERROR_CORE", "access_denied")
    if call.store.get("user", id_) is None:
        raise RestError("ERROR_CORE", "")
    values = _values(call)
    email = values.get("EMAIL")
    if email:
        twin = call.store.first("user", EMAIL=email)
        if twin and twin["ID"] != id_:
            raise RestError("ERROR_CORE", "A user with this email already exists")
    if call.get("ACTIVE") is not None:
        values["ACTIVE"] = stored(
            TABLES["user"].fields["ACTIVE"], call.get("ACTIVE"), call.portal.zone, strict=False
        )
    values["TIMESTAMP_X"] = int(call.now)
    call.store.update("user", id_, values)
    return True


def _values(call: Call) -> dict[str, Any]:
    """What the parameters say of the person; names unknown to the portal are ignored."""
    values: dict[str, Any] = {}
    for name in ("EMAIL", "NAME", "LAST_NAME", "SECOND_NAME", "XML_ID", *_PROFILE):
        given = call.get(name)
        if given is None or name in ("PERSONAL_PHOTO", "WORK_LOGO"):
            continue
        if name == "UF_DEPARTMENT":
            values[name] = json.dumps([each for each in map(php.whole, php.values(given)) if each])
        else:
            values[name] = stored(TABLES["user"].fields[name], given, call.portal.zone, strict=False)
    return values


def _require_admin(call: Call) -> None:
    if "user" not in call.caller.scopes:  # the brief and basic scopes only read
        raise RestError(
            "insufficient_scope",
            "The request requires higher privileges than provided by the access token",
            call.portal.switches["insufficient_scope_status"],
        )
    if not call.caller.is_admin:
        raise RestError("ERROR_CORE", "access_denied")


def _argument(words: str) -> RestError:
    return RestError("ERROR_ARGUMENT", words, extra={"argument": ""})
