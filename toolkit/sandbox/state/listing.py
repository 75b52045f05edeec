"""One page of a declared table: what every list method outside the CRM records has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..call import PAGE, Call, start_of
from ..switches import declare
from .fields import Field
from .filters import Special, compile_filter, compile_order
from .store import TABLES

__all__ = ["DICTIONARY_PAGES", "list_rows"]

DICTIONARY_PAGES = declare(
    "dictionary_pages",
    "whole",
    ("whole", "pages"),
    "Pages of crm.category.list and crm.status.list know no start; tutorials page them by fifty.",
    "api-reference/crm/universal/category/crm-category-list.md",
)


def list_rows(
    call: Call,
    table: str,
    *,
    filter_: Any = None,
    order: Any = None,
    strict: bool = False,
    fields: Mapping[str, Field] | None = None,
    specials: Mapping[str, Special] | None = None,
    where: str = "1",
    args: Sequence[Any] = (),
    join: str = "",
    join_args: Sequence[Any] = (),
    default: str = "ID ASC",
    page: int | None = PAGE,
    dictionary: bool = False,
    on_unknown: Callable[[str], None] | None = None,
) -> tuple[list[dict[str, Any]], int | None, int]:
    """Rows a filter matches, how many there are, and the offset they begin at.

    Args:
        call: the method call; `start` is read from it unless given.
        table: a declared table.
        filter_: as the client sent it.
        order: as the client sent it.
        strict: universal rules for names and values; otherwise legacy ones, where an unknown name
            is ignored and noted.
        fields: columns by the name they have on this wire; the table's own names unless given.
        specials: filter names that are no columns.
        where: a condition of the method's own; its values in `args`.
        args: values of `where`.
        join: a JOIN that shows no column name of the table; its values in `join_args`.
        join_args: values of `join`.
        default: order when the client gives none.
        page: rows a page; None for lists the portal does not page.
        dictionary: of the lists of which it is not known whether they have pages (switch).
        on_unknown: told of unknown filter names when not strict; by default they are noted.

    Returns:
        Rows, the total (None under `start=-1`), the offset.

    Raises:
        RestError: strict, and a name or value is not allowed.
    """
    names = fields if fields is not None else TABLES[table].fields
    condition = compile_filter(
        filter_ or {},
        names,
        call.portal.zone,
        strict=strict,
        specials=specials,
        on_unknown=on_unknown or (lambda name: call.portal.note_ignored(call.method.name, name)),
    )
    ordered = compile_order(order or {}, names, strict=strict, default=default)
    sql = f'FROM "{table}" {join} WHERE {condition.sql} AND ({where})'
    values = [*join_args, *condition.args, *args]
    if dictionary and call.portal.switches[DICTIONARY_PAGES] == "whole":
        page = None
    offset = start_of(call.get("start", 0)) if page is not None else 0
    total = call.store.value(f"SELECT COUNT(*) {sql}", values) if offset >= 0 else None
    limit = -1 if page is None else page
    rows = call.store.rows(
        f"SELECT * {sql} ORDER BY {ordered} LIMIT ? OFFSET ?",
        [*values, limit, max(0, offset)],
    )
    return [dict(row) for row in rows], total, offset
