"""What a merge moves from a card that goes to the one that stays: requisites, links, references, history.

Source: api-reference/crm/duplicates/crm-entity-merge-batch.md, read 2026-11-22, says only that it moves;
what does is unconfirmed. Known not to move: bindings of tasks, user fields of type crm, open line chats,
rows of the call statistics.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..state.fields import Kind
from ..switches import declare
from .activities import Activities
from .product_rows import rows_of, sells
from .requisites import REQUISITE, RQ_FIELDS, erase_requisite, requisites_of
from .timeline import Timeline

if TYPE_CHECKING:
    from ..portal import Sandbox

__all__ = ["carry_over", "fold_requisites"]

_PAGE = "api-reference/crm/duplicates/crm-entity-merge-batch.md"
REQUISITE_KEY = declare(
    "merge_requisites_by",
    "inn",
    ("inn", "inn_and_kpp", "never"),
    "The page is silent on requisites; with an equal INN they are said to be folded into one, so that a"
    " different KPP is lost.",
    _PAGE,
)
BANK_DETAILS = declare(
    "merge_folded_accounts",
    "lost",
    ("lost", "moved"),
    "Deleting a requisite deletes its bank details and addresses; whether a merge moves them first is not said.",
    _PAGE,
)
PRODUCT_ROWS = declare(
    "merge_product_rows",
    "first_filled",
    ("first_filled", "lost"),
    "Product rows of merged deals are not mentioned; treated like a field: the first that is filled stays.",
    _PAGE,
)

_REFERENCE_TYPES = {"crm_lead": 1, "crm_deal": 2, "crm_contact": 3, "crm_company": 4, "crm_quote": 7}


# -- requisites --------------------------------------------------------------------------------------


def fold_requisites(portal: Sandbox, type_id: int, master: int, loser: int) -> None:
    """Fold requisites that count as one into the survivor's, move the others over."""
    by = portal.switches["merge_requisites_by"]
    own: dict[Any, dict[str, Any]] = {}
    for row in requisites_of(portal, type_id, master):
        own.setdefault(_requisite_key(row, by), row)
    for row in requisites_of(portal, type_id, loser):
        key = _requisite_key(row, by)
        kept = own.get(key) if key else None
        if kept is None:
            portal.store.update("requisite", row["ID"], {"ENTITY_ID": master})
            portal.store.db.execute(
                "UPDATE address SET ANCHOR_ID = ? WHERE ENTITY_TYPE_ID = ? AND ENTITY_ID = ?",
                [master, REQUISITE, row["ID"]],
            )
            continue
        blanks = {name: row[name] for name in RQ_FIELDS if kept[name] in (None, "") and row[name]}
        portal.store.update("requisite", kept["ID"], blanks)
        kept.update(blanks)
        if portal.switches["merge_folded_accounts"] == "moved":
            portal.store.db.execute(
                "UPDATE bank_detail SET ENTITY_ID = ? WHERE ENTITY_ID = ?", [kept["ID"], row["ID"]]
            )
        erase_requisite(portal, row["ID"])


def _requisite_key(row: Mapping[str, Any], by: str) -> tuple[str, ...] | None:
    if by == "never" or not row["RQ_INN"]:
        return None
    return (row["RQ_INN"], row["RQ_KPP"] or "") if by == "inn_and_kpp" else (row["RQ_INN"],)


# -- what hangs on a card ----------------------------------------------------------------------------


def carry_over(portal: Sandbox, kind: Kind, master: int, loser: int) -> None:
    """Move to the survivor what points at a card, and what the card points at."""
    type_id = kind.entity_type_id
    _move_links_to(portal, type_id, master, loser)
    _move_links_of(portal, type_id, master, loser)
    _move_references(portal, type_id, master, loser)
    Activities(portal).carry_over((type_id, loser), (type_id, master))
    Timeline(portal).carry_over((type_id, loser), (type_id, master))
    db = portal.store.db
    if type_id == 1:
        db.execute(
            "UPDATE address SET ENTITY_ID = ?, ANCHOR_ID = ? WHERE ENTITY_TYPE_ID = 1 AND ENTITY_ID = ?"
            " AND TYPE_ID NOT IN (SELECT TYPE_ID FROM address WHERE ENTITY_TYPE_ID = 1 AND ENTITY_ID = ?)",
            [master, master, loser, master],
        )
    if (
        sells(kind)
        and portal.switches["merge_product_rows"] == "first_filled"
        and not rows_of(portal, kind, master)
    ):
        db.execute(
            "UPDATE product_row SET OWNER_ID = ? WHERE OWNER_TYPE_ID = ? AND OWNER_ID = ?",
            [master, type_id, loser],
        )


def _move_links_to(portal: Sandbox, type_id: int, master: int, loser: int) -> None:
    """Links that point at the card: contacts of a company, deals of a contact."""
    records = portal.records
    for row in portal.store.rows(
        "SELECT * FROM binding WHERE LINKED_TYPE_ID = ? AND LINKED_ID = ? ORDER BY ID", [type_id, loser]
    ):
        owner = (row["OWNER_TYPE_ID"], row["OWNER_ID"])
        has = any(each["LINKED_ID"] == master for each in records.link_rows(*owner, type_id))
        if has:
            portal.store.delete("binding", row["ID"])
        else:
            portal.store.update("binding", row["ID"], {"LINKED_ID": master})
        if row["IS_PRIMARY"] == "Y":
            records.make_primary(*owner, type_id, master)


def _move_links_of(portal: Sandbox, type_id: int, master: int, loser: int) -> None:
    """Links the card has itself: companies of a contact, contacts of a deal."""
    for linked_type in (3, 4):
        for row in portal.records.link_rows(type_id, loser, linked_type):
            portal.records.link(type_id, master, linked_type, row["LINKED_ID"], role=row["ROLE_ID"])


def _move_references(portal: Sandbox, type_id: int, master: int, loser: int) -> None:
    """Columns of other records that name the card: a deal's company, a smart process item's parent.

    User fields of type crm are not among them: they keep naming the card that is gone.
    """
    for other in portal.schema.kinds():
        for field in other.fields.values():
            if field.dynamic or field.virtual or field.disabled or field.multiple:
                continue
            parent = field.settings.get("parentEntityTypeId")
            if parent == type_id or _REFERENCE_TYPES.get(field.type) == type_id:
                # made by the first merge: a thousand merges must not read every deal a thousand times
                portal.store.db.execute(
                    f'CREATE INDEX IF NOT EXISTS "{other.table}_{field.column}"'
                    f' ON {other.table} ("{field.column}")'
                )
                portal.store.db.execute(
                    f'UPDATE {other.table} SET "{field.column}" = ? WHERE "{field.column}" = ?',
                    [master, loser],
                )
