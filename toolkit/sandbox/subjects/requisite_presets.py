"""Templates of requisites: which fields an organisation, a sole proprietor or a person shows.

Source: api-reference/crm/requisites/presets/*.md and presets/fields/*.md, read 2026-11-22.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..state.store import Column, declare_table
from ..switches import declare
from .requisites import REQUISITE, RQ_FIELDS, SIGNED

if TYPE_CHECKING:
    from ..portal import Sandbox

__all__ = ["COUNTRIES", "country_fields", "install_presets", "preset_fields_of"]

# ID, code, name: the countries requisites can be made for.
COUNTRIES = (
    (1, "RU", "Россия"),
    (4, "BY", "Беларусь"),
    (6, "KZ", "Казахстан"),
    (14, "UA", "Украина"),
    (34, "BR", "Бразилия"),
    (46, "DE", "Германия"),
    (77, "CO", "Колумбия"),
    (110, "PL", "Польша"),
    (122, "US", "США"),
    (132, "FR", "Франция"),
)

declare_table(
    "requisite_preset",
    Column("ENTITY_TYPE_ID", "int", REQUISITE),
    "COUNTRY_ID int",
    *SIGNED,
    "NAME",
    "XML_ID",
    Column("ACTIVE", "flag", "Y"),
    Column("SORT", "int", 500),
)
declare_table(
    "requisite_preset_field",
    "PRESET_ID int",
    "FIELD_ID int",
    "FIELD_NAME",
    Column("FIELD_TITLE", "text", ""),
    Column("IN_SHORT_LIST", "flag", "N"),
    Column("SORT", "int", 500),
    indexes=[("PRESET_ID",)],
)

PRESET_NUMBERING = declare(
    "requisite_preset_ids",
    "1,2,3",
    ("1,2,3", "1,3,5"),
    "Pages give the sole proprietor id 2 in one sample and 3 in another; clients must look the id up.",
    "api-reference/crm/requisites/presets/crm-requisite-preset-list.md",
)

_PERSON = "RQ_LAST_NAME RQ_FIRST_NAME RQ_SECOND_NAME"
_IDENTITY = (
    "RQ_IDENT_DOC RQ_IDENT_DOC_SER RQ_IDENT_DOC_NUM RQ_IDENT_DOC_DATE RQ_IDENT_DOC_ISSUED_BY"
    " RQ_IDENT_DOC_DEP_CODE"
)
_PRESETS: tuple[tuple[str, str, str], ...] = (
    (
        "Организация",
        "#CRM_REQUISITE_PRESET_DEF_RU_COMPANY#",
        "RQ_INN RQ_COMPANY_NAME RQ_COMPANY_FULL_NAME RQ_OGRN RQ_KPP RQ_COMPANY_REG_DATE RQ_OKPO RQ_OKTMO"
        " RQ_DIRECTOR RQ_ACCOUNTANT RQ_ADDR RQ_SIGNATURE RQ_STAMP",
    ),
    (
        "ИП",
        "#CRM_REQUISITE_PRESET_DEF_RU_INDIVIDUAL#",
        f"RQ_INN {_PERSON} RQ_COMPANY_NAME RQ_OGRNIP RQ_OKPO RQ_OKVED RQ_ADDR RQ_SIGNATURE RQ_STAMP",
    ),
    ("Физ. лицо", "#CRM_REQUISITE_PRESET_DEF_RU_PERSON#", f"{_PERSON} {_IDENTITY} RQ_ADDR"),
)
_SHORT = ("RQ_INN", "RQ_COMPANY_NAME", "RQ_KPP")
# What a template of a country may show; parts of the card that are no columns end the list.
_RUSSIAN = """
RQ_FIRST_NAME RQ_LAST_NAME RQ_SECOND_NAME RQ_COMPANY_NAME RQ_COMPANY_FULL_NAME RQ_COMPANY_REG_DATE RQ_DIRECTOR
RQ_ACCOUNTANT RQ_ADDR RQ_CONTACT RQ_EMAIL RQ_PHONE RQ_FAX RQ_IDENT_DOC RQ_IDENT_DOC_SER RQ_IDENT_DOC_NUM
RQ_IDENT_DOC_DATE RQ_IDENT_DOC_ISSUED_BY RQ_IDENT_DOC_DEP_CODE RQ_INN RQ_KPP RQ_IFNS RQ_OGRN RQ_OGRNIP RQ_OKPO
RQ_OKTMO RQ_OKVED RQ_ST_CERT_SER RQ_ST_CERT_NUM RQ_ST_CERT_DATE RQ_SIGNATURE RQ_STAMP
"""


def install_presets(portal: Sandbox) -> None:
    """Furnish an empty portal with the templates of organisation, sole proprietor and person."""
    ids = [int(each) for each in portal.switches["requisite_preset_ids"].split(",")]
    now = int(portal.clock.now())
    for id_, (name, xml_id, fields) in zip(ids, _PRESETS, strict=True):
        portal.store.insert(
            "requisite_preset",
            {
                "ID": id_,
                "COUNTRY_ID": 1,
                "NAME": name,
                "XML_ID": xml_id,
                "SORT": 500 + 10 * id_,
                "DATE_CREATE": now,
                "CREATED_BY_ID": 1,
            },
        )
        portal.store.insert_many(
            "requisite_preset_field",
            ["PRESET_ID", "FIELD_ID", "FIELD_NAME", "IN_SHORT_LIST", "SORT"],
            [
                (id_, index, field, "Y" if field in _SHORT else "N", 500 + 10 * index)
                for index, field in enumerate(fields.split(), start=1)
            ],
        )


def country_fields(country_id: int) -> list[str]:
    """Names of requisite fields a template of that country may hold."""
    if country_id == 1:
        return _RUSSIAN.split()
    return list(RQ_FIELDS)


def preset_fields_of(portal: Sandbox, preset_id: int) -> list[dict[str, Any]]:
    """Rows of a template's fields, in their order."""
    return portal.store.find("requisite_preset_field", PRESET_ID=preset_id)
