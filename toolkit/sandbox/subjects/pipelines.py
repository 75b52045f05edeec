"""Pipelines and their stages: made with a portal, with a smart process, or on request.

Source: api-reference/crm/universal/category/*.md, api-reference/crm/status/crm-status-list.md,
read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..state.fields import Kind

if TYPE_CHECKING:
    from ..portal import Sandbox

__all__ = [
    "DEAL_STAGES",
    "INVOICE_STAGES",
    "ITEM_STAGES",
    "LEAD_STAGES",
    "QUOTE_STAGES",
    "Stage",
    "add_pipeline",
    "add_stages",
    "pipeline_of_stages",
    "remove_pipeline",
    "stage_prefix",
]

Stage = tuple[str, str, str | None]
"""(status id without prefix, name, semantics: None in progress, S success, F failure)."""

LEAD_STAGES: tuple[Stage, ...] = (
    ("NEW", "Не обработан", None),
    ("IN_PROCESS", "В работе", None),
    ("PROCESSED", "Обработан", None),
    ("CONVERTED", "Качественный лид", "S"),
    ("JUNK", "Некачественный лид", "F"),
)
DEAL_STAGES: tuple[Stage, ...] = (
    ("NEW", "Новая", None),
    ("PREPARATION", "Подготовка документов", None),
    ("PREPAYMENT_INVOICE", "Cчёт на предоплату", None),
    ("EXECUTING", "В работе", None),
    ("FINAL_INVOICE", "Финальный счёт", None),
    ("WON", "Сделка успешна", "S"),
    ("LOSE", "Сделка провалена", "F"),
    ("APOLOGY", "Анализ причины провала", "F"),
)
QUOTE_STAGES: tuple[Stage, ...] = (
    ("DRAFT", "Черновик", None),
    ("SENT", "Отправлено клиенту", None),
    ("APPROVED", "Принято", "S"),
    ("DECLAINED", "Отклонено", "F"),
)
INVOICE_STAGES: tuple[Stage, ...] = (
    ("N", "Новый", None),
    ("S", "Отправлен клиенту", None),
    ("P", "Оплачен", "S"),
    ("D", "Не оплачен", "F"),
)
ITEM_STAGES: tuple[Stage, ...] = (
    ("NEW", "Начало", None),
    ("PREPARATION", "Подготовка", None),
    ("CLIENT", "Согласование", None),
    ("SUCCESS", "Успех", "S"),
    ("FAIL", "Провал", "F"),
)
_COLORS = ("#39A8EF", "#2FC6F6", "#55D0E0", "#47E4C2", "#FFA900")
_FINAL_COLORS = {"S": "#7BD500", "F": "#FF5752"}


def stage_prefix(entity_type_id: int, category: int) -> str:
    """What stands before the colon in the stage ids of a pipeline: `C3`, `DT177_9`, or nothing."""
    if entity_type_id == 2:
        return f"C{category}" if category else ""
    if entity_type_id == 31 or entity_type_id >= 128:
        return f"DT{entity_type_id}_{category}"
    return ""


def add_stages(
    portal: Sandbox, entity_id: str, stages: Sequence[Stage], *, prefix: str = "", category: int | None = None
) -> None:
    """Add the stages of one pipeline, in order.

    Args:
        prefix: put before each status id, colon included.
        category: the pipeline; None where the dictionary has none.
    """
    for index, (code, name, semantics) in enumerate(stages):
        portal.store.insert(
            "status",
            {
                "ENTITY_ID": entity_id,
                "STATUS_ID": prefix + code,
                "NAME": name,
                "NAME_INIT": name,
                "SORT": (index + 1) * 10,
                "SYSTEM": "Y" if semantics == "S" or index == 0 or code in ("LOSE", "JUNK", "FAIL") else "N",
                "CATEGORY_ID": category,
                "SEMANTICS": semantics,
                "COLOR": _FINAL_COLORS.get(semantics or "", _COLORS[index % len(_COLORS)]),
            },
        )
    portal.forget_stages()


def add_pipeline(portal: Sandbox, kind: Kind, name: str, *, sort: int = 500, default: bool = False) -> int:
    """Add a pipeline with the stages a new one has; its id.

    Args:
        kind: what runs through it; contacts and companies get a pipeline without stages.
        default: the former default pipeline loses the title.
    """
    store = portal.store
    # Deals count their pipelines apart; all other kinds share one sequence.
    scope = "ENTITY_TYPE_ID = 2" if kind.entity_type_id == 2 else "ENTITY_TYPE_ID <> 2"
    category = int(store.value(f"SELECT COALESCE(MAX(CATEGORY_ID), 0) + 1 FROM category WHERE {scope}"))
    if default:
        store.db.execute(
            "UPDATE category SET IS_DEFAULT = 'N' WHERE ENTITY_TYPE_ID = ?", [kind.entity_type_id]
        )
    store.insert(
        "category",
        {
            "ENTITY_TYPE_ID": kind.entity_type_id,
            "CATEGORY_ID": category,
            "NAME": name,
            "SORT": sort,
            "IS_DEFAULT": "Y" if default else "N",
            "CREATED_DATE": int(portal.clock.now()),
        },
    )
    if kind.stage_field:
        stages = {2: DEAL_STAGES, 31: INVOICE_STAGES}.get(kind.entity_type_id, ITEM_STAGES)
        prefix = stage_prefix(kind.entity_type_id, category)
        add_stages(
            portal, portal.stage_entity(kind, category), stages, prefix=f"{prefix}:", category=category
        )
    return category


def remove_pipeline(portal: Sandbox, kind: Kind, category: int) -> None:
    """Remove a pipeline and its stages; whether it may go is for the caller to know."""
    db = portal.store.db
    db.execute(
        "DELETE FROM category WHERE ENTITY_TYPE_ID = ? AND CATEGORY_ID = ?", [kind.entity_type_id, category]
    )
    if kind.stage_field:
        db.execute("DELETE FROM status WHERE ENTITY_ID = ?", [portal.stage_entity(kind, category)])
    portal.forget_stages()


def pipeline_of_stages(portal: Sandbox, entity_id: str) -> tuple[Kind, dict[str, Any] | None] | None:
    """Whose stages a dictionary holds: the kind, and the pipeline (None for leads and quotes).

    Returns:
        None when the dictionary holds no stages.
    """
    for kind in portal.schema.kinds():
        if not kind.stage_field:
            continue
        if kind.entity_type_id in (1, 7):
            if portal.stage_entity(kind, 0) == entity_id:
                return kind, None
            continue
        for row in portal.store.find("category", ENTITY_TYPE_ID=kind.entity_type_id):
            if portal.stage_entity(kind, row["CATEGORY_ID"]) == entity_id:
                return kind, row
    return None
