"""Requisites of companies: tax numbers, accounts, addresses, with the dirt they gather by hand.

Source: api-reference/crm/requisites/universal/index.md, api-reference/crm/requisites/bank-detail/*.md,
api-reference/crm/requisites/addresses/*.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..state.bulk import add_rows
from ..subjects.requisites import REQUISITE
from .clients import CompanyCard
from .scene import Scene

__all__ = ["INN_DIRT", "add_requisites"]

WITHOUT = 0.05  # share of companies nobody asked for their requisites
LEGAL_ADDRESS, ACTUAL_ADDRESS = 6, 1

INN_DIRT: dict[str, Callable[[str], str]] = {
    "clean": lambda inn: inn,
    "blanks": lambda inn: f" {inn[:4]} {inn[4:]} ",
    "label": lambda inn: f"ИНН {inn}",
    "excel_float": lambda inn: f"{inn}.0",
    "lost_zero": lambda inn: inn.lstrip("0"),
    "nbsp": lambda inn: f"{inn}\u00a0",
}
"""How an INN is misspelt in requisites; the number can be read out of each. `lost_zero` changes only
those that begin with one."""

_WEIGHTS = (93, 2, 1, 1, 2, 1)


def add_requisites(scene: Scene, cards: Sequence[CompanyCard], made: Sequence[int]) -> None:
    """Give companies 1, 2, ... their requisites; `made` are the times they were created."""
    rng = scene.rng
    presets = {row["XML_ID"]: row["ID"] for row in scene.store.find("requisite_preset")}
    organisation = presets["#CRM_REQUISITE_PRESET_DEF_RU_COMPANY#"]
    trader = presets["#CRM_REQUISITE_PRESET_DEF_RU_INDIVIDUAL#"]
    requisites: list[dict[str, Any]] = []
    accounts: list[dict[str, Any]] = []
    addresses: list[dict[str, Any]] = []
    for at, (card, moment) in enumerate(zip(cards, made, strict=True)):
        firm = card.firm
        if rng.random() < WITHOUT:
            continue
        id_ = len(requisites) + 1
        kind = rng.choices(tuple(INN_DIRT), _WEIGHTS)[0]
        stamp = {"DATE_CREATE": moment, "CREATED_BY_ID": 1}
        row: dict[str, Any] = {
            "ID": id_,
            "ENTITY_TYPE_ID": 4,
            "ENTITY_ID": at + 1,
            "PRESET_ID": trader if firm.form == "ИП" else organisation,
            "NAME": firm.title,
            "RQ_COMPANY_NAME": firm.title,
            "RQ_COMPANY_FULL_NAME": firm.full_name,
            "RQ_INN": INN_DIRT[kind](firm.inn),
            **stamp,
        }
        if firm.form == "ИП":
            person = firm.director
            row |= {
                "RQ_LAST_NAME": person.last,
                "RQ_FIRST_NAME": person.first,
                "RQ_SECOND_NAME": person.middle,
                "RQ_OGRNIP": firm.ogrn,
            }
        else:
            row |= {"RQ_KPP": firm.kpp, "RQ_OGRN": firm.ogrn, "RQ_DIRECTOR": firm.director.full}
        requisites.append(row)
        if rng.random() < 0.8:
            accounts.append(
                {
                    "ENTITY_ID": id_,
                    "COUNTRY_ID": 1,
                    "NAME": "Расчётный счёт",
                    "RQ_BANK_NAME": firm.bank,
                    "RQ_BIK": firm.bik,
                    "RQ_ACC_NUM": firm.account,
                    "RQ_COR_ACC_NUM": firm.correspondent,
                    "RQ_ACC_CURRENCY": "RUB",
                    **stamp,
                }
            )
        place = {
            "ENTITY_TYPE_ID": REQUISITE,
            "ENTITY_ID": id_,
            "ADDRESS_1": f"ул. {firm.street}, д. {firm.house}",
            "CITY": firm.city,
            "POSTAL_CODE": firm.postcode,
            "COUNTRY": "Россия",
            "ANCHOR_TYPE_ID": 4,
            "ANCHOR_ID": at + 1,
        }
        addresses.append({**place, "TYPE_ID": LEGAL_ADDRESS})
        if rng.random() < 0.3:
            addresses.append({**place, "TYPE_ID": ACTUAL_ADDRESS})
    add_rows(scene.store, "requisite", requisites)
    add_rows(scene.store, "bank_detail", accounts)
    add_rows(scene.store, "address", addresses)
