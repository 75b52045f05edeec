"""Requisites of contacts and companies with what hangs on them: bank details, addresses, links to deals.

The tables and the rules that methods, seeds and merges share.

Source: api-reference/crm/requisites/**/*.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from ..portal import FAMILY_LISTENERS
from ..state.fields import Field
from ..state.store import TABLES, Column, declare_table
from ..wire.values import Zone, legacy_value, stored

if TYPE_CHECKING:
    from ..call import Call, Caller
    from ..portal import Sandbox
    from ..state.records import Change

__all__ = [
    "OWNER_TYPES",
    "REQUISITE",
    "RQ_FIELDS",
    "SIGNED",
    "described",
    "erase_requisite",
    "may_touch",
    "owner_clause",
    "requisite_columns",
    "requisites_of",
    "shown",
    "taken",
]

REQUISITE = 8  # entity type of requisites, as owners of addresses and presets
OWNER_TYPES = (3, 4)

_RQ_NAMES = """
NAME FIRST_NAME LAST_NAME SECOND_NAME COMPANY_ID COMPANY_NAME COMPANY_FULL_NAME COMPANY_REG_DATE DIRECTOR
ACCOUNTANT CEO_NAME CEO_WORK_POS CONTACT EMAIL PHONE FAX IDENT_TYPE IDENT_DOC IDENT_DOC_SER IDENT_DOC_NUM
IDENT_DOC_PERS_NUM IDENT_DOC_DATE IDENT_DOC_ISSUED_BY IDENT_DOC_DEP_CODE INN KPP USRLE IFNS OGRN OGRNIP OKPO
OKTMO OKVED EDRPOU DRFO KBE IIN BIN ST_CERT_SER ST_CERT_NUM ST_CERT_DATE VAT_PAYER VAT_ID VAT_CERT_SER
VAT_CERT_NUM VAT_CERT_DATE RESIDENCE_COUNTRY BASE_DOC REGON KRS PESEL LEGAL_FORM SIRET SIREN CAPITAL RCS CNPJ
STATE_REG MNPL_REG CPF
"""
_BANK_NAMES = """
BANK_NAME BANK_ADDR BANK_CODE AGENCY_NAME BANK_ROUTE_NUM BIK MFO ACC_NAME ACC_NUM ACC_TYPE IIK ACC_CURRENCY
COR_ACC_NUM IBAN SWIFT BIC CODEB CODEG RIB
"""
RQ_FIELDS = [f"RQ_{name}" for name in _RQ_NAMES.split()]
_BANK_FIELDS = [f"RQ_{name}" for name in _BANK_NAMES.split()]

SIGNED = ("DATE_CREATE time", "DATE_MODIFY time", "CREATED_BY_ID int", "MODIFY_BY_ID int")

declare_table(
    "requisite",
    "ENTITY_TYPE_ID int",
    "ENTITY_ID int",
    "PRESET_ID int",
    *SIGNED,
    "NAME",
    "CODE",
    "XML_ID",
    "ORIGINATOR_ID",
    Column("ACTIVE", "flag", "Y"),
    Column("ADDRESS_ONLY", "flag", "N"),
    Column("SORT", "int", 500),
    *(Column(name, "flag", "N") if name == "RQ_VAT_PAYER" else Column(name) for name in RQ_FIELDS),
    indexes=[("ENTITY_TYPE_ID", "ENTITY_ID"), ("RQ_INN",), ("PRESET_ID",)],
)
declare_table(
    "bank_detail",
    "ENTITY_ID int",
    "COUNTRY_ID int",
    *SIGNED,
    "NAME",
    "CODE",
    "XML_ID",
    "ORIGINATOR_ID",
    Column("ACTIVE", "flag", "Y"),
    Column("SORT", "int", 500),
    *_BANK_FIELDS,
    "COMMENTS",
    indexes=[("ENTITY_ID",)],
)
declare_table(
    "requisite_link",
    "ENTITY_TYPE_ID int",
    "ENTITY_ID int",
    Column("REQUISITE_ID", "int", 0),
    Column("BANK_DETAIL_ID", "int", 0),
    Column("MC_REQUISITE_ID", "int", 0),
    Column("MC_BANK_DETAIL_ID", "int", 0),
    indexes=[("ENTITY_TYPE_ID", "ENTITY_ID"), ("REQUISITE_ID",), ("MC_REQUISITE_ID",)],
)
declare_table(
    "address",
    "TYPE_ID int",
    "ENTITY_TYPE_ID int",
    "ENTITY_ID int",
    "ADDRESS_1",
    "ADDRESS_2",
    "CITY",
    "POSTAL_CODE",
    "REGION",
    "PROVINCE",
    "COUNTRY",
    "COUNTRY_CODE",
    "LOC_ADDR_ID int",
    "ANCHOR_TYPE_ID int",
    "ANCHOR_ID int",
    indexes=[("ENTITY_TYPE_ID", "ENTITY_ID"), ("ANCHOR_TYPE_ID", "ANCHOR_ID")],
)
# -- columns and values ------------------------------------------------------------------------------


def requisite_columns(portal: Sandbox) -> dict[str, Field]:
    """Fields of requisites by name, user fields included; widens the table for new ones."""
    columns = dict(TABLES["requisite"].fields)
    rows = portal.schema.user_fields("CRM_REQUISITE")
    if rows:
        have = {row["name"] for row in portal.store.db.execute("PRAGMA table_info(requisite)")}
        for row in rows:
            name = row["FIELD_NAME"]
            if name not in have:
                portal.store.db.execute(f'ALTER TABLE requisite ADD COLUMN "{name}"')
            columns[name] = Field(name, row["USER_TYPE_ID"], name, name, dynamic=True, title=name)
    return columns


def shown(
    fields: Mapping[str, Field], row: Mapping[str, Any], zone: Zone, select: Sequence[str] = ()
) -> dict[str, Any]:
    """A row as these methods show it: strings and nulls, an empty string for a time that never was.

    Args:
        select: names wanted; all when empty or when `*` is among them; unknown ones are dropped.
    """
    names = fields if not select or "*" in select else [name for name in select if name in fields]
    return {name: legacy_value(fields[name], row[fields[name].column], zone) for name in names}


def taken(
    fields: Mapping[str, Field], given: Mapping[str, Any], zone: Zone, *, skip: Sequence[str]
) -> dict[str, Any]:
    """What of a client's values is stored: known names, cast loosely, without those in `skip`."""
    return {
        fields[name].column: stored(fields[name], value, zone, strict=False)
        for name, value in given.items()
        if name in fields and name not in skip
    }


def described(name: str, field: Field, *, required: bool, read_only: bool, immutable: bool) -> dict[str, Any]:
    """A field as the `.fields` methods of this family show it."""
    type_ = "char" if field.type == "boolean" and not field.dynamic else field.type
    if name in ("CREATED_BY_ID", "MODIFY_BY_ID"):
        type_ = "user"
    shown_: dict[str, Any] = {
        "type": "crm_status" if name == "RQ_IDENT_TYPE" else type_,
        "isRequired": required,
        "isReadOnly": read_only,
        "isImmutable": immutable,
        "isMultiple": False,
        "isDynamic": field.dynamic,
        "title": name,
    }
    if field.dynamic:
        shown_.update(listLabel=name, formLabel=name, filterLabel=name, settings=field.settings)
    return shown_


# -- rights and disappearance ------------------------------------------------------------------------


def may_touch(
    portal: Sandbox, caller: Caller, right: Literal["READ", "WRITE"], type_id: int, id_: int
) -> bool | None:
    """Whether the caller's rights to the owner allow it; None when the owner is not there."""
    kind = portal.schema.kind(type_id)
    row = portal.records.get(kind, id_) if kind else None
    return None if row is None else portal.records.may(caller, right, row)


def owner_clause(
    call: Call,
    type_column: str = "ENTITY_TYPE_ID",
    id_column: str = "ENTITY_ID",
    types: Sequence[int] = (3, 4),
) -> tuple[str, list[Any]]:
    """SQL for rows whose owners the caller may read."""
    rights, args = call.portal.records.rights_clause(call.caller, "READ")
    if rights == "1":
        return "1", []
    parts = [
        f"({type_column} = {type_id} AND {id_column} IN (SELECT ID FROM crm_{type_id} WHERE {rights}))"
        for type_id in types
    ]
    return f"({' OR '.join(parts)})", [*args] * len(types)


def requisites_of(portal: Sandbox, type_id: int, id_: int) -> list[dict[str, Any]]:
    """Requisites of one contact or company, by sort."""
    return [
        dict(row)
        for row in portal.store.rows(
            "SELECT * FROM requisite WHERE ENTITY_TYPE_ID = ? AND ENTITY_ID = ? ORDER BY SORT, ID",
            [type_id, id_],
        )
    ]


def erase_requisite(portal: Sandbox, id_: int) -> None:
    """Remove a requisite with its bank details, addresses, and places in links."""
    db = portal.store.db
    db.execute("DELETE FROM requisite WHERE ID = ?", [id_])
    db.execute("DELETE FROM bank_detail WHERE ENTITY_ID = ?", [id_])
    db.execute("DELETE FROM address WHERE ENTITY_TYPE_ID = ? AND ENTITY_ID = ?", [REQUISITE, id_])
    for prefix in ("", "MC_"):
        db.execute(
            f"UPDATE requisite_link SET {prefix}REQUISITE_ID = 0, {prefix}BANK_DETAIL_ID = 0"
            f" WHERE {prefix}REQUISITE_ID = ?",
            [id_],
        )
    db.execute("DELETE FROM requisite_link WHERE REQUISITE_ID = 0 AND MC_REQUISITE_ID = 0")


def _forget(portal: Sandbox, change: Change) -> None:
    if change.action != "delete":
        return
    type_id, db = change.kind.entity_type_id, portal.store.db
    if type_id in OWNER_TYPES:
        for row in requisites_of(portal, type_id, change.id):
            erase_requisite(portal, row["ID"])
    db.execute("DELETE FROM requisite_link WHERE ENTITY_TYPE_ID = ? AND ENTITY_ID = ?", [type_id, change.id])
    db.execute("DELETE FROM address WHERE ENTITY_TYPE_ID = ? AND ENTITY_ID = ?", [type_id, change.id])


FAMILY_LISTENERS.append(_forget)
