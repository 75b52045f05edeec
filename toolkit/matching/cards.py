"""The cards to be matched, read into arrays: names, birth dates, INN, extensions, a person's decisions.

Cards are numbered by entity and id, so that nothing later depends on the order of the rows given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.errors import ParameterError
from toolkit.matching.inn import KppKind, kpp_kind
from toolkit.matching.names import OrganisationName, Organisations, People, PersonName
from toolkit.matching.reasons import DOUBT, VETO, Reason, Verdict

__all__ = ["Cards", "by_registration", "kpps_fit", "require_columns"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_NAME_COLUMNS = ("lastName", "name", "secondName", "title", "birthdate", "sex", "originatorId", "originId")


@dataclass(frozen=True)
class Cards:
    """The cards of one matching, one position per card.

    Args:
        entities: entity names; `entity` holds positions in it.
        entity: per card.
        id: the portal's id per card.
        people: names of the persons among them; blank for companies.
        organisations: titles of the companies among them; blank for persons.
        is_company: per card.
        birthdate: a number per calendar day, 0 when unknown.
        origin: a number per external system, 0 when unknown.
        origin_id: a number per id in it, 0 when unknown.
        registrations: per card the INNs that identify it, each with its KPPs; absent when none does.
        extensions: per card the extensions it owns of each fixed line; absent when none.
        said_different: packed pairs of positions that a person declared different, sorted.
    """

    entities: tuple[str, ...]
    entity: Ints
    id: Ints
    people: People
    organisations: Organisations
    is_company: Bools
    birthdate: Ints
    origin: Ints
    origin_id: Ints
    registrations: Mapping[int, Mapping[str, frozenset[str]]]
    extensions: Mapping[int, Mapping[str, frozenset[str]]]
    said_different: Ints

    def __len__(self) -> int:
        return len(self.id)

    @classmethod
    def read(cls, records: pd.DataFrame) -> Cards:
        """The cards of a table.

        Args:
            records: one row per card. Columns entity str (`contact`, `company`, `lead`), id int; and as far
                as known lastName, name, secondName, title, birthdate, sex (`m`, `f`), originatorId, originId.

        Raises:
            ParameterError: a column is missing, or one card stands in two rows.
        """
        require_columns(records, "records", ("entity", "id"))
        known = [c for c in _NAME_COLUMNS if c in records.columns]
        table = records[["entity", "id", *known]].copy()
        table["id"] = table["id"].astype(np.int64)
        table = table.sort_values(["entity", "id"], kind="stable").reset_index(drop=True)
        twice = table.duplicated(["entity", "id"])
        if twice.any():
            row = table[twice].iloc[0]
            raise ParameterError(
                "matching",
                "records",
                f"{row['entity']} {row['id']}",
                "stands in two rows",
                "Give each card once; several phones or INNs belong into the table of keys.",
            )
        entity, entities = pd.factorize(table["entity"], sort=True)
        is_company = np.asarray(table["entity"] == "company", dtype=np.bool_)
        empty = pd.Series([None] * len(table), dtype=object)
        names = {c: table.get(c, empty) for c in _NAME_COLUMNS}
        people = People.read(*(names[c].mask(is_company) for c in ("lastName", "name", "secondName")))
        if "sex" in known:
            given = names["sex"].map({"m": 1, "f": 2}).fillna(0).to_numpy(dtype=np.int64)
            people.sex = np.where(given > 0, given, people.sex)
        return cls(
            entities=tuple(map(str, entities)),
            entity=entity.astype(np.int64),
            id=table["id"].to_numpy(dtype=np.int64),
            people=people,
            organisations=Organisations(names["title"].where(is_company)),
            is_company=is_company,
            birthdate=_numbered(names["birthdate"], days=True),
            origin=_numbered(names["originatorId"]),
            origin_id=_numbered(names["originId"]),
            registrations={},
            extensions={},
            said_different=np.zeros(0, dtype=np.int64),
        )

    def positions(self, entity: pd.Series[Any], ids: pd.Series[Any]) -> Ints:
        """Where cards stand; -1 for cards that are not here."""
        codes, distinct = pd.factorize(entity)
        known = np.array([self.entities.index(e) if e in self.entities else -1 for e in distinct] + [-1])
        number, wanted = known[codes].astype(np.int64), ids.to_numpy(dtype=np.int64)
        here = (self.entity << 48) | self.id
        sought = (number << 48) | wanted
        at = np.minimum(np.searchsorted(here, sought), max(len(here) - 1, 0))
        found = (number >= 0) & (here[at] == sought) if len(here) else np.zeros(len(sought), dtype=np.bool_)
        return np.where(found, at, -1).astype(np.int64)

    def position(self, entity: str, record_id: int) -> int:
        """Where one card stands.

        Raises:
            ParameterError: the card is not among those matched.
        """
        if entity in self.entities:
            low = int(np.searchsorted(self.entity, self.entities.index(entity)))
            high = int(np.searchsorted(self.entity, self.entities.index(entity), side="right"))
            at = low + int(np.searchsorted(self.id[low:high], record_id))
            if at < high and self.id[at] == record_id:
                return at
        raise ParameterError(
            "matching",
            "id",
            f"{entity} {record_id}",
            "was not among the cards matched",
            "Take a newer snapshot.",
        )

    def name(self, position: int) -> PersonName | OrganisationName:
        """The name of a card, as it was read."""
        return self.organisations[position] if self.is_company[position] else self.people[position]

    @cached_property
    def _registered(self) -> Bools:
        return self._among(self.registrations)

    @cached_property
    def _extended(self) -> Bools:
        return self._among(self.extensions)

    def _among(self, held: Mapping[int, object]) -> Bools:
        """Per card, whether it holds something: asked for every pair, so it is found out once."""
        holders = np.zeros(len(self), dtype=np.bool_)
        holders[np.fromiter(held, dtype=np.int64, count=len(held))] = True
        return holders

    @property
    def full(self) -> Bools:
        """Whether a card has a full name (surname and given name; or a title)."""
        full: Bools = np.where(self.is_company, self.organisations.full, self.people.full)
        return full

    @property
    def blank(self) -> Bools:
        """Whether a card has no name at all."""
        blank: Bools = np.where(self.is_company, self.organisations.blank, self.people.blank)
        return blank

    def blocks(self) -> Ints:
        """A number per card, equal for nearly equal full names; 0 without a full name."""
        blocks: Ints = np.where(self.is_company, self.organisations.blocks(), self.people.blocks())
        return blocks

    def compare(self, a: Ints, b: Ints) -> tuple[Ints, Ints]:
        """Verdicts and reasons of pairs of cards of one entity: names, and all that forbids a merge."""
        verdicts = np.zeros(len(a), dtype=np.int64)
        reasons = np.zeros(len(a), dtype=np.int64)
        companies = self.is_company[a]
        for where, names in ((companies, self.organisations), (~companies, self.people)):
            at = np.flatnonzero(where)
            if len(at):
                verdicts[at], reasons[at] = names.compare(a[at], b[at])
        return by_registration(verdicts, reasons | self.forbidding(a, b))

    def patronymics_known(self, a: Ints, b: Ints) -> Bools:
        """Whether both persons' patronymics are there, if only as initials."""
        known: Bools = (self.people.patronymic[a] != 0) & (self.people.patronymic[b] != 0)
        return known

    def contradict(self, a: Ints, b: Ints) -> Bools:
        """Whether two cards may not stand in one group without a person's word.

        Two typos are no contradiction here: both cards may agree with a third that is spelled right.
        """
        verdicts, reasons = self.compare(a, b)
        against = int((VETO | DOUBT | Reason.KPP_BRANCH) & ~Reason.TWO_TYPOS)
        wrong: Bools = (verdicts == Verdict.DISAGREE) | ((reasons & against) != 0)
        return wrong

    def mistyped_twice(self, a: Ints, b: Ints) -> Bools:
        """Pairs of persons that contradict in nothing but the spelling of the surname."""
        verdicts, reasons = self.compare(a, b)
        doubtless = (reasons & int((VETO | DOUBT) & ~Reason.SURNAME_DIFFERS)) == 0
        differs = (verdicts == Verdict.DISAGREE) | ((reasons & int(Reason.SURNAME_DIFFERS)) != 0)
        found: Bools = doubtless & differs & ~self.is_company[a] & self.people.one_given_name(a, b)
        return found

    def forbidding(self, a: Ints, b: Ints) -> Ints:
        """What, besides their names, is known for or against pairs: INN, dates, decisions."""
        reasons = np.zeros(len(a), dtype=np.int64)

        def differ(column: Ints) -> Bools:
            found: Bools = (column[a] != column[b]) & (column[a] != 0) & (column[b] != 0)
            return found

        reasons[differ(self.birthdate)] |= int(Reason.BIRTHDATE_DIFFERS)
        same_origin = (self.origin[a] == self.origin[b]) & (self.origin[a] != 0)
        reasons[differ(self.origin_id) & same_origin] |= int(Reason.ORIGIN_DIFFERS)
        if self.registrations:
            for row in np.flatnonzero(self._registered[a] & self._registered[b]).tolist():
                reasons[row] |= int(
                    _registrations_fit(self.registrations[int(a[row])], self.registrations[int(b[row])])
                )
        if self.extensions:
            for row in np.flatnonzero(self._extended[a] & self._extended[b]).tolist():
                if _extensions_differ(self.extensions[int(a[row])], self.extensions[int(b[row])]):
                    reasons[row] |= int(Reason.EXTENSION_DIFFERS)
        if len(self.said_different):
            packed = (np.minimum(a, b) << 32) | np.maximum(a, b)
            reasons[np.isin(packed, self.said_different)] |= int(Reason.PERSON_SAID_DIFFERENT)
        return reasons


def by_registration(verdicts: Ints, reasons: Ints) -> tuple[Ints, Ints]:
    """Verdicts and reasons of names, knowing the INN: under one INN another legal form is a slip of the pen."""
    slip = ((reasons & int(Reason.FORM_DIFFERS)) != 0) & ((reasons & int(Reason.SAME_INN)) != 0)
    slip &= (reasons & int(Reason.SUBSET | Reason.ACRONYM)) == 0
    return np.where(slip, int(Verdict.AGREE), verdicts), np.where(
        slip, reasons & ~int(Reason.FORM_DIFFERS), reasons
    )


def require_columns(table: pd.DataFrame, name: str, columns: Sequence[str]) -> None:
    """Nothing, when the table has these columns.

    Raises:
        ParameterError: one is missing.
    """
    missing = [c for c in columns if c not in table.columns]
    if missing:
        raise ParameterError(
            "matching",
            name,
            sorted(map(str, table.columns)),
            f"lacks {', '.join(missing)}",
            "Add the columns.",
        )


def _numbered(column: pd.Series[Any], days: bool = False) -> Ints:
    """1.. per distinct value, 0 for emptiness; days are compared by calendar day."""
    codes, distinct = pd.factorize(column)
    texts = [("" if pd.isna(v) else str(v).strip()) for v in distinct]
    values = pd.factorize(np.asarray([t[:10] if days else t for t in texts], dtype=object))
    numbers = values[0].astype(np.int64) + 1
    numbers[[i for i, t in enumerate(texts) if t in ("", "0")]] = 0
    return np.append(numbers, 0)[np.where(codes < 0, len(numbers), codes)]


def _registrations_fit(a: Mapping[str, frozenset[str]], b: Mapping[str, frozenset[str]]) -> Reason:
    common = sorted(a.keys() & b.keys())
    if not common:
        return Reason.INN_DIFFERS
    found = Reason.SAME_INN
    for inn in common:
        found |= kpps_fit(a[inn], b[inn])
    return found


def kpps_fit(a: frozenset[str], b: frozenset[str]) -> Reason:
    """What the KPPs of two cards with one INN say; no reason when they fit."""
    if a & b or not (a | b):
        return Reason(0)
    if not a or not b:
        # A card without a KPP beside a branch may be the head office's.
        branch = any(kpp_kind(kpp) is KppKind.BRANCH for kpp in a | b)
        return Reason.KPP_UNCLEAR if branch else Reason(0)
    kinds = {kpp_kind(kpp) for kpp in a | b}
    if KppKind.BRANCH in kinds and KppKind.LARGE not in kinds:
        return Reason.KPP_BRANCH
    return Reason.KPP_UNCLEAR


def _extensions_differ(a: Mapping[str, frozenset[str]], b: Mapping[str, frozenset[str]]) -> bool:
    return any(not a[line] & b[line] for line in a.keys() & b.keys())
