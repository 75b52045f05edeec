"""Which fields CRM records have, under both of the portal's naming schemes.

A field has a universal name (`assignedById`, as in `crm.item.*`), an upper name (`ASSIGNED_BY_ID`, which is
also its column here), and a legacy name where that differs (`DATE_CREATE` for `createdTime`).

Source: api-reference/crm/universal/object-fields.md, api-reference/crm/main-entities-fields.md,
api-reference/crm/{contacts,companies,deals,leads,quote}/*-fields.md, read 2026-11-22.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "KINDS",
    "SYSTEM_FIELDS",
    "Field",
    "Kind",
    "Storage",
    "storage_of",
    "universal_uf_name",
    "upper_name",
]

Storage = Literal["int", "real", "text", "flag", "bit", "date", "time", "json"]

# How each portal type is kept: flags are Y/N, bits are 1/0 (user fields), times are unix seconds.
_STORAGE: dict[str, Storage] = {
    "integer": "int",
    "user": "int",
    "crm_company": "int",
    "crm_contact": "int",
    "crm_lead": "int",
    "crm_deal": "int",
    "crm_quote": "int",
    "crm_category": "int",
    "crm_entity": "int",
    "enumeration": "int",
    "employee": "int",
    "iblock_element": "int",
    "iblock_section": "int",
    "double": "real",
    "boolean": "flag",
    "date": "date",
    "datetime": "time",
    "file": "json",
    "address": "text",
}


def storage_of(type_: str, *, multiple: bool = False, dynamic: bool = False) -> Storage:
    """How a value of that portal type is kept in a column."""
    if multiple:
        return "json"
    if dynamic and type_ == "boolean":
        return "bit"
    return _STORAGE.get(type_, "text")


def upper_name(name: str) -> str:
    """`assignedById` -> `ASSIGNED_BY_ID`; `parentId128` -> `PARENT_ID_128`."""
    spaced = re.sub(r"(?<=[a-z])(?=[0-9])|(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return spaced.upper()


def universal_uf_name(original: str) -> str:
    """The camelCase name `crm.item.*` gives a user field.

    `UF_CRM_10_DIGIT` -> `ufCrm10Digit`; `UF_CRM_10_5186744711` -> `ufCrm10_5186744711`;
    `UF_CRM_3_DIGIT10` -> `ufCrm_3_DIGIT10`; `UF_CRM_1747309879` -> `ufCrm_1747309879`.

    Source: api-reference/crm/universal/index.md, read 2026-11-22.
    """
    tail = original.removeprefix("UF_CRM_")
    match = re.fullmatch(r"(\d+)_(.+)", tail)
    if match:
        number, name = match.groups()
        if name.isdigit():
            return f"ufCrm{number}_{name}"
        if re.fullmatch(r"[A-Z_]+", name):
            return f"ufCrm{number}{''.join(part.capitalize() for part in name.split('_'))}"
    return f"ufCrm_{tail}"


@dataclass(frozen=True)
class Field:
    """One field of one kind of record.

    Args:
        name: universal name.
        type: portal type, `crm_status`, `datetime`, ...
        column: column here; the upper name, or the original name of a user field.
        legacy: name in the legacy methods; empty when they do not show it.
        read_only: writes are ignored.
        immutable: may be set on creation only.
        required: must be filled.
        multiple: holds a list.
        dynamic: a user field.
        disabled: shown by `crm.item.*`, always null.
        virtual: not a column; computed from phones or bindings.
        status_type: dictionary of a `crm_status`.
        title: label.
        settings: further description for `*.fields`.
    """

    name: str
    type: str
    column: str
    legacy: str = ""
    read_only: bool = False
    immutable: bool = False
    required: bool = False
    multiple: bool = False
    dynamic: bool = False
    disabled: bool = False
    virtual: bool = False
    status_type: str = ""
    title: str = ""
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def storage(self) -> Storage:
        """How it is kept."""
        return storage_of(self.type, multiple=self.multiple, dynamic=self.dynamic)


@dataclass(frozen=True)
class Kind:
    """One kind of CRM record.

    Args:
        entity_type_id: 1 lead, 2 deal, 3 contact, 4 company, 7 quote, 31 invoice, 128.. smart process.
        name: LEAD, DEAL, ..., DYNAMIC_177.
        abbr: short code, as in user fields of type crm and product rows.
        uf_entity: `entityId` of its user fields.
        title: what a record of it is called.
        fields: by universal name.
        options: flags of a smart process (`isStagesEnabled`, ...); empty for the others.
    """

    entity_type_id: int
    name: str
    abbr: str
    uf_entity: str
    title: str
    fields: dict[str, Field]
    options: dict[str, str] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """Name of its table."""
        return f"crm_{self.entity_type_id}"

    @property
    def is_dynamic(self) -> bool:
        """Whether it is a smart process (the invoice behaves like one but is not)."""
        return self.entity_type_id >= 128

    @property
    def has_phones(self) -> bool:
        """Whether its records carry phones and e-mails."""
        return self.entity_type_id in (1, 3, 4)

    @property
    def stage_field(self) -> str:
        """Column of the stage; empty for contacts and companies."""
        return "STAGE_ID" if "stageId" in self.fields else ""

    def by_column(self) -> dict[str, Field]:
        """Fields by column name."""
        return {each.column: each for each in self.fields.values()}

    def by_legacy(self) -> dict[str, Field]:
        """Fields by legacy name, for the legacy methods."""
        return {each.legacy: each for each in self.fields.values() if each.legacy}


# One line a field: name, type, flags. Flags: r read-only, i immutable, * required, d disabled,
# v virtual, m multiple, L= legacy name (default: the upper name; `-` none), S= dictionary.
_COMMON = """
id integer r
createdTime datetime r L=DATE_CREATE
updatedTime datetime r L=DATE_MODIFY
createdBy user r L=CREATED_BY_ID
updatedBy user r L=MODIFY_BY_ID
assignedById user
opened boolean
webformId integer i L=-
lastActivityBy user r
lastActivityTime datetime r
utmSource string
utmMedium string
utmCampaign string
utmContent string
utmTerm string
"""
_EXTERNAL = """
originatorId string
originId string
"""
_FM = """
hasPhone boolean r
hasEmail boolean r
hasImol boolean r
phoneMobile string rv L=-
phoneWork string rv L=-
phoneMailing string rv L=-
emailHome string rv L=-
emailWork string rv L=-
emailMailing string rv L=-
imol string rv L=-
email string rv L=-
phone string rv L=-
"""
_MONEY = """
opportunity double
isManualOpportunity boolean
currencyId crm_currency
"""
_SHORT_DATES = """
dateCreateShort datetime d L=-
dateModifyShort datetime d L=-
"""
_CONTACTS = """
contactId crm_contact
contactIds crm_contact vm L=-
contacts crm_contact vm L=-
"""
_OBSERVERS = "observers user m L=-\n"
_ADDRESS = "".join(
    f"{name} {'integer' if legacy == 'ADDRESS_LOC_ADDR_ID' else 'string'} L={legacy}\n"
    for name, legacy in [
        ("legacyAddress", "ADDRESS"),
        ("legacyAddress2", "ADDRESS_2"),
        ("legacyAddressCity", "ADDRESS_CITY"),
        ("legacyAddressPostalCode", "ADDRESS_POSTAL_CODE"),
        ("legacyAddressRegion", "ADDRESS_REGION"),
        ("legacyAddressProvince", "ADDRESS_PROVINCE"),
        ("legacyAddressCountry", "ADDRESS_COUNTRY"),
        ("legacyAddressCountryCode", "ADDRESS_COUNTRY_CODE"),
        ("legacyAddressLocAddrId", "ADDRESS_LOC_ADDR_ID"),
    ]
)  # the card's own address, deprecated: only the legacy methods show it
_REGISTERED_ADDRESS = "".join(
    f"legacyReg{line.removeprefix('legacy').replace('L=', 'L=REG_')}\n" for line in _ADDRESS.splitlines()
)
_LAST_COMMUNICATION = "legacyLastCommunicationTime string r L=LAST_COMMUNICATION_TIME\n"
_PEOPLE = """
name string
lastName string
secondName string
shortName string d L=-
honorific crm_status S=HONORIFIC
birthdate date
post string
comments text
sourceId crm_status S=SOURCE
sourceDescription text
"""

_LEAD = (
    _COMMON
    + _SHORT_DATES
    + _PEOPLE
    + _EXTERNAL
    + _MONEY
    + _FM
    + _CONTACTS
    + _OBSERVERS
    + _ADDRESS
    + """
title string
companyId crm_company
stageId crm_status S=STATUS L=STATUS_ID
isConvert boolean d L=-
statusDescription text
stageSemanticId string r L=STATUS_SEMANTIC_ID
productId string d L=-
companyTitle string
dateClosed datetime r
login string d L=-
isReturnCustomer boolean r
searchContent text rd L=-
movedBy user r L=MOVED_BY_ID
movedTime datetime r
address text d L=-
skype string rd L=-
icq string rd L=-
"""
)
_DEAL = (
    _COMMON
    + _SHORT_DATES
    + _EXTERNAL
    + _MONEY
    + _CONTACTS
    + _OBSERVERS
    + """
title string
leadId crm_lead r
companyId crm_company
quoteId crm_quote
productId string d L=-
categoryId crm_category
stageId crm_status S=DEAL_STAGE
stageSemanticId string r
isNew boolean r
isRecurring boolean
isReturnCustomer boolean r
isRepeatedApproach boolean
closed boolean r
typeId crm_status S=DEAL_TYPE
taxValue double
probability integer
comments text
begindate date
begindateShort datetime d L=-
closedate date
closedateShort datetime d L=-
eventDate datetime L=-
eventDateShort datetime d L=-
eventId crm_status S=EVENT_TYPE L=-
eventDescription text L=-
locationId location
sourceId crm_status S=SOURCE
sourceDescription text
additionalInfo string
searchContent text rd L=-
orderStage string r L=-
movedBy user r L=MOVED_BY_ID
movedTime datetime r
isWork boolean d L=-
isWon boolean d L=-
isLose boolean d L=-
receivedAmount string d L=-
lostAmount string d L=-
hasProducts boolean d L=-
"""
)
_CONTACT = (
    _COMMON
    + _PEOPLE
    + _EXTERNAL
    + _FM
    + _OBSERVERS
    + _ADDRESS
    + """
photo file i
address text d L=-
leadId crm_lead r
export boolean
typeId crm_status S=CONTACT_TYPE
originVersion string
companyId crm_company
companyIds crm_company vm L=-
companies crm_company vm L=-
faceId integer r
searchContent text rd L=-
categoryId crm_category L=-
login string d L=-
"""
)
_COMPANY = (
    _COMMON
    + _EXTERNAL
    + _FM
    + _OBSERVERS
    + _ADDRESS
    + _REGISTERED_ADDRESS
    + _LAST_COMMUNICATION
    + """
title string *
logo file
address text d L=-
addressLegal text
bankingDetails string
comments text
typeId crm_status S=COMPANY_TYPE L=COMPANY_TYPE
industry crm_status S=INDUSTRY
revenue double
currencyId crm_currency
employees crm_status S=EMPLOYEES
leadId crm_lead r
originVersion string
isMyCompany boolean
searchContent text rd L=-
categoryId crm_category L=-
contactIds crm_contact vm L=-
"""
)
_QUOTE = (
    _COMMON
    + _LAST_COMMUNICATION
    + _SHORT_DATES
    + _MONEY
    + _CONTACTS
    + """
title string
leadId crm_lead
dealId crm_deal
companyId crm_company
personTypeId integer
mycompanyId crm_company
stageId crm_status S=QUOTE_STATUS L=STATUS_ID
closed boolean r
taxValue double
comments text
commentsType integer r L=-
begindate date
begindateShort datetime d L=-
closedate date
closedateShort datetime d L=-
quoteNumber string
content text
contentType integer r L=-
terms text
termsType integer r L=-
storageTypeId integer L=-
storageElementIds integer m L=-
locationId location
clientTitle string
clientAddr string
clientContact string
clientEmail string
clientPhone string
clientTpId string
clientTpaId string
searchContent text rd L=-
hasProducts boolean d L=-
actualDate date
"""
)
_ITEM = (
    _COMMON
    + """
xmlId string L=-
title string L=-
movedBy user r L=-
movedTime datetime r L=-
categoryId crm_category L=-
stageId crm_status L=-
previousStageId crm_status r L=-
"""
)
_ITEM_DATES = "begindate date L=-\nclosedate date L=-\n"
_ITEM_CLIENT = "companyId crm_company L=-\n" + _CONTACTS
_ITEM_MONEY = _MONEY + "taxValue double L=-\n"
_ITEM_MY_COMPANY = "mycompanyId crm_company L=-\n"
_ITEM_SOURCE = "sourceId crm_status S=SOURCE L=-\nsourceDescription text L=-\n"
_INVOICE = (
    _ITEM
    + _ITEM_DATES
    + _ITEM_CLIENT
    + _ITEM_MONEY
    + _ITEM_MY_COMPANY
    + _ITEM_SOURCE
    + _OBSERVERS
    + "comments text L=-\naccountNumber string L=-\nlocationId location L=-\n"
)


def _read(spec: str) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for line in filter(None, spec.split("\n")):
        name, type_, *rest = line.split()
        flags = "".join(part for part in rest if "=" not in part)
        named = dict(part.split("=", 1) for part in rest if "=" in part)
        column = upper_name(name)
        legacy = named.get("L", column)
        fields[name] = Field(
            name=name,
            type=type_,
            column=column,
            legacy="" if legacy == "-" else legacy,
            read_only="r" in flags,
            immutable="i" in flags,
            required="*" in flags,
            multiple="m" in flags,
            disabled="d" in flags,
            virtual="v" in flags,
            status_type=named.get("S", ""),
            title=column,
        )
    return fields


# Fields only the legacy methods know; `crm.item.*` neither shows nor accepts them.
LEGACY_ONLY_PREFIX = "legacy"

SYSTEM_FIELDS: dict[str, dict[str, Field]] = {
    "item": _read(_ITEM),
    "item_dates": _read(_ITEM_DATES),
    "item_client": _read(_ITEM_CLIENT),
    "item_money": _read(_ITEM_MONEY),
    "item_my_company": _read(_ITEM_MY_COMPANY),
    "item_source": _read(_ITEM_SOURCE),
    "item_observers": _read(_OBSERVERS),
}

KINDS: dict[int, Kind] = {
    kind.entity_type_id: kind
    for kind in (
        Kind(1, "LEAD", "L", "CRM_LEAD", "Lead", _read(_LEAD)),
        Kind(2, "DEAL", "D", "CRM_DEAL", "Deal", _read(_DEAL)),
        Kind(3, "CONTACT", "C", "CRM_CONTACT", "Contact", _read(_CONTACT)),
        Kind(4, "COMPANY", "CO", "CRM_COMPANY", "Company", _read(_COMPANY)),
        Kind(7, "QUOTE", "Q", "CRM_QUOTE", "Quote", _read(_QUOTE)),
        Kind(31, "SMART_INVOICE", "SI", "CRM_SMART_INVOICE", "Invoice", _read(_INVOICE)),
    )
}
