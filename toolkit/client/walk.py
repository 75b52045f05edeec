"""Reads a list to its end and proves that nothing is missing.

By id (`keyset`): a first page alone, then batches of fifty pages in which each page asks for ids above the
last of the one before, through a reference the portal fills in. The proof: ids grow strictly from the first
row to the last, every page before the last is full, and a read above the last id comes back empty.

A reference to the fiftieth row of a page that is shorter cannot be filled in. The portal passes it on as
text: a strict filter refuses it, a loose one reads it as zero and returns rows from the beginning. So
nothing after the first short page is believed, and the end is confirmed by a read of its own.

By offset: for methods that cannot be walked by id. The proof: `total` and the number of different rows agree
on every page; otherwise the walk is repeated, and given up in the end.

Source: settings/performance/huge-data.md, settings/how-to-call-rest-api/{batch,list-methods-pecularities}.md,
read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from toolkit.client.encoding import Reference, why_not_in_batch, wire_params
from toolkit.client.methods import Method, Paging
from toolkit.client.outcomes import Answer, Outcome
from toolkit.errors import CommandError, IncompleteRead

__all__ = ["CHAIN", "PAGE", "Asks", "walk"]

PAGE = 50
"""Rows on a page. Source: settings/how-to-call-rest-api/list-methods-pecularities.md, read 2026-11-22."""

CHAIN = 50
"""Pages chained in one batch."""

_OFFSET_TRIES = 3

Rows = list[dict[str, Any]]
Progress = Callable[[int], None] | None


class Asks(Protocol):
    """The part of a portal a walk needs."""

    @property
    def host(self) -> str:
        """For errors."""
        ...

    def answer(self, method: str, params: Mapping[str, Any] | None = None) -> Answer:
        """One call."""
        ...

    def chain(self, method: str, links: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        """Linked calls in one batch."""
        ...

    def error_of(self, method: str, outcome: Outcome) -> Exception:
        """What an outcome says, as an exception."""
        ...


def walk(portal: Asks, method: Method, params: dict[str, Any], progress: Progress = None) -> Iterator[Rows]:
    """All rows of a list method; see the module.

    Args:
        portal: asks.
        method: with its paging.
        params: filter, select and whatever else the method takes; order and start are the walk's own.
        progress: told the number of rows so far.

    Raises:
        CommandError: the method does not page, or the parameters contradict the walk.
        IncompleteRead: the proof failed.
    """
    paging = method.paging
    if paging is None:
        raise CommandError(method.name, "", None, "is not a list", "Use call().")
    keyset = paging.style == "keyset"
    _refuse_what_the_walk_sets(method.name, paging, params)
    walker = _ByKey(portal, method, paging, params) if keyset else None
    batches = walker.batches() if walker else _by_offset(portal, method, paging, params)
    count = 0
    for rows in batches:
        count += len(rows)
        if progress is not None:
            progress(count)
        if rows:
            yield rows


def _refuse_what_the_walk_sets(name: str, paging: Paging, params: Mapping[str, Any]) -> None:
    own = {paging.start_key.lower()}
    if paging.style == "keyset":
        own.add(paging.order_key.lower())
        if paging.order == "scalar":
            own.add(paging.sort_key.lower())
    for key, value in params.items():
        if key.lower() in own:
            raise CommandError(name, key, value, "is the walk's own", "Leave it out; sort what you receive.")
        if paging.filter_key and key.lower() == paging.filter_key.lower() and key != paging.filter_key:
            # The portal would ignore it and return everything.
            raise CommandError(
                name, key, value, f"is spelled {paging.filter_key!r} here", "Spell it so; case matters."
            )


class _ByKey:
    """A walk by id."""

    def __init__(self, portal: Asks, method: Method, paging: Paging, params: dict[str, Any]) -> None:
        self._portal, self._method, self._paging = portal, method, paging
        given = dict(params.pop(paging.filter_key, None) or {})
        above = f">{paging.id_field}"
        start = given.pop(above, None)
        if any(key.lower() == "logic" for key in given):
            # Beside `logic: OR` our condition would be one more alternative; a level down it is not.
            given = {"0": given}
        self._last = 0 if start is None else self._whole(start)
        self._filter, self._above = given, above
        self._params = params
        chosen = params.get(paging.select_key) if paging.select_key else None
        if (
            isinstance(chosen, (list, tuple))
            and chosen
            and "*" not in chosen
            and paging.id_field not in chosen
        ):
            params[paging.select_key] = [paging.id_field, *chosen]
        # Some filters (null, an empty list) cannot travel in a batch: then page by page.
        self._chained = method.batchable and not why_not_in_batch(
            wire_params(method.name, self._page(0), method.booleans)
        )

    def batches(self) -> Iterator[Rows]:
        rows, size = self._single()
        yield rows
        while size:
            if size < PAGE or not self._chained:
                # The end is near, or a batch cannot carry the filter: one page. Empty, it is the proof.
                rows, size = self._single()
            else:
                rows, size = self._chain()
            yield rows

    def _single(self) -> tuple[Rows, int]:
        """One page, and how many rows it had on the wire."""
        raw = self._rows(self._portal.answer(self._method.name, self._page(self._last)).result)
        return self._grown(raw), len(raw)

    def _chain(self) -> tuple[Rows, int]:
        """Rows of one batch up to its first page that is not full, and how many rows that page had."""
        container = f"[{self._paging.container}]" if self._paging.container else ""
        row = f"{container}[{PAGE - 1}][{self._paging.id_key}]"
        links = [self._page(self._last)]
        links += [self._page(Reference(f"$result[p{number}]{row}")) for number in range(CHAIN - 1)]
        outcomes = self._portal.chain(self._method.name, links)
        rows: Rows = []
        for number, outcome in enumerate(outcomes):
            if outcome.state != "done":
                if number == 0:
                    raise self._portal.error_of(self._method.name, outcome)
                # Everything before it was full and is proven; the next batch begins here and tells why.
                if outcome.kind in {"limit", "transport", "server"}:
                    return rows, PAGE
                raise self._portal.error_of(self._method.name, outcome)
            raw = self._rows(outcome.result)
            rows += self._grown(raw)
            if len(raw) < PAGE:
                return rows, len(raw)
        return rows, PAGE

    def _page(self, above: int | Reference) -> dict[str, Any]:
        paging = self._paging
        order: dict[str, Any] = (
            {paging.order_key: {paging.id_field: "ASC"}}
            if paging.order == "map"
            else {paging.sort_key: paging.id_field, paging.order_key: "ASC"}
        )
        # -1 asks the portal not to count the total: on large tables the counting is what takes the time.
        narrowed = {paging.filter_key: {**self._filter, self._above: above}}
        return {**self._params, **narrowed, **order, paging.start_key: -1}

    def _rows(self, result: Any) -> list[Any]:
        rows = _rows_in(result, self._paging.container)
        if rows is None:
            raise self._incomplete("an answer holds no rows where they are documented to be")
        if len(rows) > PAGE:
            raise self._incomplete(f"a page holds {len(rows)} rows instead of at most {PAGE}")
        return rows

    def _grown(self, raw: list[Any]) -> Rows:
        """The rows of one page, their ids checked to grow; `_last` follows."""
        rows: Rows = []
        page_began_at = self._last
        for row in raw:
            if not isinstance(row, Mapping) or self._paging.id_key not in row:
                raise self._incomplete(f"a row has no {self._paging.id_key}")
            number = self._whole(row[self._paging.id_key])
            if self._paging.repeats and rows and number == self._last and number > page_began_at:
                continue  # the same record once more, for another of its bindings
            if number <= self._last:
                raise self._incomplete(
                    f"{self._paging.id_key} {number} came after {self._last}, so order or filter was ignored"
                )
            self._last = number
            rows.append(dict(row))
        return rows

    def _whole(self, value: Any) -> int:
        try:
            return int(value)
        except (TypeError, ValueError):
            raise self._incomplete(f"{self._paging.id_key} {value!r} is not a number") from None

    def _incomplete(self, problem: str) -> IncompleteRead:
        return IncompleteRead(self._portal.host, self._method.name, problem)


def _by_offset(portal: Asks, method: Method, paging: Paging, params: dict[str, Any]) -> Iterator[Rows]:
    ordered = dict(params)
    if paging.order == "map" and paging.id_field and paging.order_key not in params:
        ordered[paging.order_key] = {paging.id_field: "ASC"}
    elif paging.order == "scalar" and paging.sort_key not in params and paging.order_key not in params:
        ordered |= {paging.sort_key: paging.id_field, paging.order_key: "ASC"}
    problem = ""
    for _ in range(_OFFSET_TRIES):
        rows, problem = _offset_pass(portal, method, paging, ordered)
        if not problem:
            for first in range(0, len(rows), PAGE * CHAIN):
                yield rows[first : first + PAGE * CHAIN]
            return
    raise IncompleteRead(portal.host, method.name, problem)


def _offset_pass(portal: Asks, method: Method, paging: Paging, params: dict[str, Any]) -> tuple[Rows, str]:
    """One walk by offset: its rows, and what broke the proof."""
    answer = portal.answer(method.name, params)
    pages, offset, size = [answer], 0, answer.next or PAGE
    batched = method.batchable and not why_not_in_batch(wire_params(method.name, params, method.booleans))
    while (following := pages[-1].next) is not None:
        if following <= offset:
            return [], f"after offset {offset} the next page is said to begin at {following}"
        offset = following
        offsets = range(offset, max(answer.total or 0, offset + 1), size)[:CHAIN]
        if len(offsets) == 1 or not batched:
            pages.append(portal.answer(method.name, {**params, paging.start_key: offset}))
            continue
        links = [{**params, paging.start_key: begin} for begin in offsets]
        for outcome in portal.chain(method.name, links):
            if outcome.state != "done":
                raise portal.error_of(method.name, outcome)
            pages.append(Answer(outcome.result, outcome.total, outcome.next))
        offset = offsets[-1]
    rows: Rows = []
    for page in pages:
        found = _rows_in(page.result, paging.container)
        if found is None or not all(isinstance(row, Mapping) for row in found):
            return [], "an answer holds no rows where they are documented to be"
        rows += [dict(row) for row in found]
    totals = {page.total for page in pages if page.total is not None}
    if len(totals) > 1:
        return [], f"the portal counted {sorted(totals)} rows while it was read"
    if totals and len(rows) != next(iter(totals)):
        return [], f"{len(rows)} rows came, the portal counted {next(iter(totals))}"
    if paging.id_key:
        ids = [row.get(paging.id_key) for row in rows]
        if len(set(map(str, ids))) != len(ids):
            return [], "a record came twice, so another may be missing"
    return rows, ""


def _rows_in(result: Any, container: str) -> list[Any] | None:
    if container and isinstance(result, Mapping):
        result = result.get(container)
    elif container and result == []:
        return []  # PHP's empty map
    if isinstance(result, Mapping):
        # PHP writes a list whose keys have a gap as a map.
        return list(result.values()) if all(str(key).isdigit() for key in result) else None
    return result if isinstance(result, list) else None
