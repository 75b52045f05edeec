"""`department.*`: the tree of the company.

Source: api-reference/departments/department-{get,add,update,delete,fields}.md, read 2026-11-22.
"""

from __future__ import annotations

from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.listing import list_rows
from ..subjects.structure import below
from ..switches import declare
from ..wire import php
from ..wire.errors import RestError

_DOCS = "api-reference/departments/department-"
_FILTERS = ("ID", "NAME", "SORT", "PARENT", "UF_HEAD")

NO_HEAD = declare(
    "department_without_head",
    "absent",
    ("absent", "null", "zero"),
    "No example of department.get shows a head; a department without one is assumed to lack the key.",
    "api-reference/departments/department-get.md",
)


def _refused(words: str) -> RestError:
    return RestError("ERROR_CORE", words)


@method("department.fields", scope="department", docs=_DOCS + "fields.md")
def fields(_call: Call) -> Any:
    """Names of the fields."""
    return {
        "ID": "ID",
        "NAME": "Department Name",
        "SORT": "Sort Order",
        "PARENT": "Parent Department",
        "UF_HEAD": "Manager",
    }


@method("department.get", scope="department", docs=_DOCS + "get.md")
def get(call: Call) -> Page:
    """A page of departments; filters stand beside the other parameters, not in a `filter`."""
    # The filter is written SORT, the order `sort`: of the two, only the upper-case one is a number.
    wanted = {name: call.params[name] for name in _FILTERS if name in call.params}
    sort = call.params.get("sort")
    if not isinstance(sort, str) and isinstance(wanted.get("SORT"), str) and not wanted["SORT"].isdigit():
        sort = wanted.pop("SORT")
    order = {str(sort).upper(): call.get("order", "ASC")} if sort else {}
    rows, total, start = list_rows(call, "department", filter_=wanted, order=order)
    return Page.of([_shown(call, row) for row in rows], len(rows), total, start)


def _shown(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"ID": str(row["ID"]), "NAME": row["NAME"], "SORT": row["SORT"]}
    if row["PARENT"]:
        shown["PARENT"] = str(row["PARENT"])
    if row["UF_HEAD"]:
        shown["UF_HEAD"] = str(row["UF_HEAD"])
    elif call.portal.switches[NO_HEAD] != "absent":
        shown["UF_HEAD"] = None if call.portal.switches[NO_HEAD] == "null" else "0"
    return shown


@method("department.add", scope="department", docs=_DOCS + "add.md")
def add(call: Call) -> int:
    """Add a department; its id."""
    _require_admin(call)
    name = str(call.get("NAME") or "").strip()
    if not name:
        raise _refused("Department name not provided.<br>")
    values = _values(call)
    if not values.get("PARENT") and call.store.value("SELECT 1 FROM department LIMIT 1"):
        raise _second_root()
    return call.store.insert("department", {**values, "NAME": name})


@method("department.update", scope="department", docs=_DOCS + "update.md")
def update(call: Call) -> bool:
    """Change a department."""
    _require_admin(call)
    row = _existing(call)
    values = _values(call)
    name = str(call.get("NAME") or "").strip()
    if name:
        values["NAME"] = name
    parent = values.get("PARENT", row["PARENT"]) or 0
    if parent != (row["PARENT"] or 0) and (
        not row["PARENT"] or not parent or parent in below(call.store, row["ID"])
    ):
        raise _second_root()
    call.store.update("department", row["ID"], values)
    return True


@method("department.delete", scope="department", docs=_DOCS + "delete.md")
def delete(call: Call) -> bool:
    """Remove a department; what is in it moves up to its parent."""
    _require_admin(call)
    row = _existing(call)
    if not row["PARENT"]:
        raise _refused("Access denied")
    call.store.db.execute("UPDATE department SET PARENT = ? WHERE PARENT = ?", [row["PARENT"], row["ID"]])
    call.store.db.execute(
        "UPDATE user SET UF_DEPARTMENT = (SELECT"
        " json_group_array(DISTINCT CASE value WHEN ? THEN ? ELSE value END) FROM json_each(UF_DEPARTMENT))"
        " WHERE EXISTS (SELECT 1 FROM json_each(UF_DEPARTMENT) WHERE value = ?)",
        [row["ID"], row["PARENT"], row["ID"]],
    )
    return call.store.delete("department", row["ID"])


def _require_admin(call: Call) -> None:
    if not call.caller.is_admin:
        raise _refused("Access denied")


def _second_root() -> RestError:
    return _refused("There can only be one top-level department in the company structure")


def _existing(call: Call) -> dict[str, Any]:
    id_ = php.whole(call.get("ID"))
    row = call.store.get("department", id_) if id_ else None
    if row is None:
        raise _refused("Department not found")
    return row


def _values(call: Call) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in ("SORT", "PARENT", "UF_HEAD"):
        given = call.get(name)
        if given is not None:
            values[name] = php.whole(given)
    if values.get("PARENT") and call.store.get("department", values["PARENT"]) is None:
        raise _second_root()
    return values
