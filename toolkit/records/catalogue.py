"""The kinds of record the toolkit knows: how each is listed, changed, recognised and opened in a browser.

`entity("contact")`, `entity("item:177")` for the items of a smart process, `entity("category:2")` for the
pipelines of deals. Records of `crm.item.*` keep camelCase field names, those of older methods UPPER_CASE,
both as on the wire.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Literal

from toolkit.errors import ParameterError
from toolkit.records.fields import definitions
from toolkit.records.fieldtypes import FieldType, field_type

__all__ = ["Entity", "entities", "entity"]


@dataclass(frozen=True)
class Entity:
    """One kind of record and how the portal lets it be read and written.

    Args:
        name: the toolkit's name: `contact`, `item:177`.
        entity_type_id: the portal's number of the type (deal 2); None outside CRM.
        list_method, get_method, add_method, update_method, delete_method: REST methods; "" when there is none
            (users and departments are read one by one through their list).
        base_params: what every call carries, `{"entityTypeId": 3}`.
        id_field: the column that identifies a record.
        filter_key, select_key: how the list method spells these parameters; "" when it has none.
        fields_key: the parameter that holds the fields of a write; "" when they stand at the top level.
        responsible_field: who answers for the record; "" when nobody does.
        marker_fields: where an external key is kept, system first (`originatorId`, `originId`).
        volatile_fields: change by themselves at every write or look, so comparison leaves them out.
        consequences: field to the fields the portal changes along with it (stage to `movedTime`).
        asked_by: the parameter that names the one record a method answers at a time; "" for those that list.
        absent_codes: what such a method says of a record that has nothing to answer.
        card_path: path of the record's card with `{id}`; "" when it has no page.
        id_key: the parameter that names a record in a read or write; "" for the usual one.
        capitals: requests spell in capitals (`UF_CRM_TASK`) what answers spell `ufCrmTask`.
        numbered_by: fields that together name a record which has no number of its own; see `numbered`.
        code_key: the parameter that carries the external key of a new record, and finds it again; "" where
            the key stands among the fields. Such lists are not asked for several ids or keys at once.
        source: the documentation page of the list method.
    """

    name: str
    list_method: str
    source: str
    entity_type_id: int | None = None
    get_method: str = ""
    add_method: str = ""
    update_method: str = ""
    delete_method: str = ""
    base_params: Mapping[str, Any] = field(default_factory=dict, hash=False)
    id_field: str = "ID"
    filter_key: str = "filter"
    select_key: str = "select"
    fields_key: str = "fields"
    responsible_field: str = ""
    marker_fields: tuple[str, ...] = ()
    volatile_fields: frozenset[str] = frozenset()
    consequences: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    asked_by: str = ""
    absent_codes: frozenset[str] = frozenset()
    card_path: str = ""
    id_key: str = ""
    capitals: bool = False
    numbered_by: tuple[str, ...] = ()
    code_key: str = ""

    @property
    def family(self) -> Literal["item", "legacy", "fields", "single"]:
        """`item` for crm.item.* (camelCase, strict filters), `fields` for definitions, `single` for what is
        answered one at a time, else `legacy`."""
        if self.asked_by:
            return "single"
        if self.list_method == "crm.item.list":
            return "item"
        return "fields" if self.list_method == "crm.item.fields" else "legacy"

    @property
    def documented(self) -> dict[str, dict[str, Any]]:
        """The fields the documentation lists, in the shape of `crm.item.fields`."""
        return definitions(self.name.partition(":")[0])

    @property
    def file_name(self) -> str:
        """The name of its file in a snapshot; without the colon, which Windows refuses."""
        return f"{self.name.replace(':', '-')}.parquet"

    def field_type(self, name: str) -> FieldType:
        """The documented type of a field; text when the documentation does not know it.

        For a custom field ask `Snapshot.field_types`, which knows what the portal said.
        """
        known = self.documented.get(name)
        if known is None:
            return field_type("string", dynamic=True)
        return field_type(known["type"], multiple=known["isMultiple"], dynamic=known["isDynamic"])

    def list_params(self, fields: Sequence[str] | None, where: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters of the list method for these fields and this filter.

        `crm.item.list` answers `fm` (all phones and e-mails) only to `["*"]`, never to its name, so asking
        for `fm` asks for everything. Older lists leave phones out of `*`, so they are named.

        Args:
            fields: names as on the wire; None for everything the list can give.
            where: filter as the method understands it.

        Raises:
            ParameterError: a filter for a list that knows none.

        Source:
            api-reference/crm/universal/crm-item-list.md, read 2026-11-22.
        """
        params = dict(self.base_params)
        if where:
            if not self.filter_key:
                raise ParameterError(
                    self.list_method, "filter", dict(where), "cannot be given", "Leave the filter out."
                )
            params[self.filter_key] = self._asked(where)
        if self.select_key:
            params[self.select_key] = self.select(fields)
        return params

    def select(self, fields: Sequence[str] | None) -> list[str]:
        """The `select` of a list call; see `list_params`."""
        everything = ["*"] if self.family == "item" or self.name == "activity" else ["*", "UF_*"]
        if self.code_key:
            everything = list(self.documented)  # elements of lists know no "*"
        if fields is None or (self.family == "item" and "fm" in fields):
            return everything
        return list(self._asked(dict.fromkeys([self.id_field, *fields])))

    def get_params(self, record_id: int) -> dict[str, Any]:
        """Parameters that read one record by id."""
        return {**self.base_params, self._id_key: record_id}

    def add_params(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters that create a record with these field values."""
        if not self.fields_key:
            return {**self.base_params, **values}
        if self.code_key:
            marker = self.marker_fields[-1]
            fields = {name: value for name, value in values.items() if name != marker}
            return {**self.base_params, self.code_key: values[marker], self.fields_key: fields}
        return {**self.base_params, self.fields_key: self._asked(values)}

    def update_params(self, record_id: int, values: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters that write these field values into a record."""
        return {**self.get_params(record_id), **self.add_params(values)}

    def delete_params(self, record_id: int) -> dict[str, Any]:
        """Parameters that delete a record."""
        return self.get_params(record_id)

    def card_url(self, host: str, record_id: int) -> str:
        """The address of a record's card; "" when the portal has no page for it."""
        return f"https://{host}{self.card_path.format(id=record_id)}" if self.card_path else ""

    def numbered(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """The record with an id: where the portal gives it none, a number made of the fields that name it.

        Args:
            record: as on the wire.
        """
        if not self.numbered_by or self.id_field in record:
            return record
        first, *others = (_number(record.get(name)) for name in self.numbered_by)
        for each in others:
            first = first * _NUMBERS_OF_A_KIND + each
        return {self.id_field: first, **record}

    @property
    def _id_key(self) -> str:
        # user.update and department.update take ID beside the fields; CRM methods take id.
        return self.id_key or ("id" if self.fields_key else "ID")

    def _asked(self, named: Mapping[str, Any]) -> dict[str, Any]:
        """A map by field, spelled as requests spell it."""
        if not self.capitals:
            return dict(named)
        # A list of values means one of them here; "@" is not known.
        plain = {name.removeprefix("@"): value for name, value in named.items()}
        return {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper(): value for name, value in plain.items()}


_RUNNING = ("MODULE_ID", "ENTITY", "DOCUMENT_ID", "STARTED", "STARTED_BY", "TEMPLATE_ID")
_NUMBERS_OF_A_KIND = 10_000  # type ids stay below; ids of ten digits still fit into 64 bits

_ITEM_VOLATILE = frozenset(
    {
        "updatedTime",
        "updatedBy",
        "lastActivityTime",
        "lastActivityBy",
        "dateModifyShort",
        "searchContent",
        "lastCommunicationTime",
        "lastCommunicationCallTime",
        "lastCommunicationEmailTime",
        "lastCommunicationImolTime",
        "lastCommunicationWebformTime",
    }
)
_STAGE = (
    "movedTime",
    "movedBy",
    "previousStageId",
    "stageSemanticId",
    "closed",
    "closedate",
    "closedateShort",
    "dateClosed",
    "isNew",
    "isWork",
    "isWon",
    "isLose",
    "probability",
    "receivedAmount",
    "lostAmount",
)
_ITEM_CONSEQUENCES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "stageId": _STAGE,
        "categoryId": ("stageId", *_STAGE),
        "fm": (
            *("hasPhone", "hasEmail", "hasImol", "phone", "email", "imol"),
            *("phoneMobile", "phoneWork", "phoneMailing", "emailHome", "emailWork", "emailMailing"),
        ),
        "contactIds": ("contactId", "contacts"),
        "contactId": ("contactIds", "contacts"),
        "companyIds": ("companyId", "companies"),
        "companyId": ("companyIds", "companies"),
        "opportunity": ("opportunityAccount", "isManualOpportunity"),
        "taxValue": ("taxValueAccount",),
        "currencyId": ("opportunityAccount", "taxValueAccount", "accountCurrencyId"),
        "name": ("fullName", "shortName"),
        "lastName": ("fullName", "shortName"),
        "secondName": ("fullName", "shortName"),
        "birthdate": ("birthdaySort",),
        "begindate": ("begindateShort",),
        "closedate": ("closedateShort",),
    }
)

# name: entityTypeId, marker fields, path of the card
_ITEMS: Mapping[str, tuple[int, tuple[str, ...], str]] = {
    "lead": (1, ("originatorId", "originId"), "/crm/lead/details/{id}/"),
    "deal": (2, ("originatorId", "originId"), "/crm/deal/details/{id}/"),
    "contact": (3, ("originatorId", "originId"), "/crm/contact/details/{id}/"),
    "company": (4, ("originatorId", "originId"), "/crm/company/details/{id}/"),
    "quote": (7, (), "/crm/type/7/details/{id}/"),
    "invoice": (31, ("xmlId",), "/crm/type/31/details/{id}/"),
}
_NAME_OF = {type_id: name for name, (type_id, _, _) in _ITEMS.items()}

_LEGACY: tuple[Entity, ...] = (
    Entity(
        name="user",
        list_method="user.get",
        add_method="user.add",
        update_method="user.update",
        filter_key="FILTER",
        fields_key="",
        volatile_fields=frozenset({"LAST_LOGIN", "LAST_ACTIVITY_DATE", "IS_ONLINE", "TIMESTAMP_X"}),
        card_path="/company/personal/user/{id}/",
        source="api-reference/user/user-get.md",
    ),
    Entity(
        name="department",
        list_method="department.get",
        add_method="department.add",
        update_method="department.update",
        delete_method="department.delete",
        filter_key="",
        select_key="",
        fields_key="",
        responsible_field="UF_HEAD",
        source="api-reference/departments/department-get.md",
    ),
    Entity(
        name="activity",
        list_method="crm.activity.list",
        get_method="crm.activity.get",
        add_method="crm.activity.add",
        update_method="crm.activity.update",
        delete_method="crm.activity.delete",
        responsible_field="RESPONSIBLE_ID",
        marker_fields=("ORIGINATOR_ID", "ORIGIN_ID"),
        volatile_fields=frozenset({"LAST_UPDATED", "EDITOR_ID"}),
        consequences=MappingProxyType({"COMPLETED": ("STATUS",), "START_TIME": ("DEADLINE",)}),
        source="api-reference/crm/timeline/activities/activity-base/crm-activity-list.md",
    ),
    Entity(
        name="call",
        list_method="voximplant.statistic.get",
        filter_key="FILTER",
        select_key="",
        responsible_field="PORTAL_USER_ID",
        marker_fields=("EXTERNAL_CALL_ID",),
        source="api-reference/telephony/voximplant/voximplant-statistic-get.md",
    ),
    Entity(
        name="requisite",
        entity_type_id=8,
        list_method="crm.requisite.list",
        get_method="crm.requisite.get",
        add_method="crm.requisite.add",
        update_method="crm.requisite.update",
        delete_method="crm.requisite.delete",
        marker_fields=("ORIGINATOR_ID", "XML_ID"),
        volatile_fields=frozenset({"DATE_MODIFY", "MODIFY_BY_ID"}),
        source="api-reference/crm/requisites/universal/crm-requisite-list.md",
    ),
    Entity(
        name="bankdetail",
        list_method="crm.requisite.bankdetail.list",
        get_method="crm.requisite.bankdetail.get",
        add_method="crm.requisite.bankdetail.add",
        update_method="crm.requisite.bankdetail.update",
        delete_method="crm.requisite.bankdetail.delete",
        marker_fields=("ORIGINATOR_ID", "XML_ID"),
        volatile_fields=frozenset({"DATE_MODIFY", "MODIFY_BY_ID"}),
        source="api-reference/crm/requisites/bank-detail/crm-requisite-bank-detail-list.md",
    ),
    Entity(
        name="address",
        list_method="crm.address.list",
        # Without an id to go by, pages only hold still when what names an address orders them.
        base_params=MappingProxyType(
            {"order": {"ENTITY_ID": "ASC", "ENTITY_TYPE_ID": "ASC", "TYPE_ID": "ASC"}}
        ),
        select_key="",
        volatile_fields=frozenset({"LOC_ADDR_ID"}),
        numbered_by=("ENTITY_ID", "ENTITY_TYPE_ID", "TYPE_ID"),
        source="api-reference/crm/requisites/addresses/crm-address-list.md",
    ),
    Entity(
        name="requisitelink",
        list_method="crm.requisite.link.list",
        base_params=MappingProxyType({"order": {"ENTITY_ID": "ASC", "ENTITY_TYPE_ID": "ASC"}}),
        select_key="",
        numbered_by=("ENTITY_ID", "ENTITY_TYPE_ID"),
        source="api-reference/crm/requisites/links/crm-requisite-link-list.md",
    ),
    Entity(
        name="workflow",
        list_method="bizproc.workflow.instances",
        base_params=MappingProxyType({"SELECT": ["ID", *_RUNNING, "MODIFIED", "OWNED_UNTIL"]}),
        id_field="NUMBER",
        filter_key="FILTER",
        select_key="",
        volatile_fields=frozenset({"MODIFIED", "OWNED_UNTIL"}),
        numbered_by=("ID",),
        source="api-reference/bizproc/bizproc-workflow-instances.md",
    ),
    Entity(
        name="task",
        list_method="tasks.task.list",
        update_method="tasks.task.update",
        id_field="id",
        id_key="taskId",
        capitals=True,
        responsible_field="responsibleId",
        volatile_fields=frozenset({"changedDate", "changedBy", "activityDate", "viewedDate"}),
        card_path="/company/personal/user/0/tasks/task/view/{id}/",
        source="api-reference/tasks/tasks-task-list.md",
    ),
    Entity(
        name="status",
        list_method="crm.status.list",
        get_method="crm.status.get",
        add_method="crm.status.add",
        update_method="crm.status.update",
        delete_method="crm.status.delete",
        select_key="",
        source="api-reference/crm/status/crm-status-list.md",
    ),
    Entity(
        name="type",
        list_method="crm.type.list",
        get_method="crm.type.get",
        add_method="crm.type.add",
        update_method="crm.type.update",
        delete_method="crm.type.delete",
        id_field="id",
        select_key="",
        marker_fields=("code",),
        volatile_fields=frozenset({"updatedTime", "updatedBy"}),
        source="api-reference/crm/universal/user-defined-object-types/crm-type-list.md",
    ),
    Entity(
        name="userfield",
        list_method="userfieldconfig.list",
        get_method="userfieldconfig.get",
        add_method="userfieldconfig.add",
        update_method="userfieldconfig.update",
        delete_method="userfieldconfig.delete",
        base_params=MappingProxyType({"moduleId": "crm"}),
        id_field="id",
        fields_key="field",
        marker_fields=("xmlId",),
        source="api-reference/crm/universal/userfieldconfig/userfieldconfig-list.md",
    ),
    Entity(
        name="transcript",
        list_method="crm.activity.call.getTranscript",
        filter_key="",
        select_key="",
        asked_by="activityId",
        # The latter also where the portal's speech recognition is switched off.
        absent_codes=frozenset({"NOT_FOUND", "ACCESS_DENIED"}),
        source="api-reference/crm/timeline/activities/activity-base/crm-activity-call-get-transcript.md",
    ),
    Entity(
        name="card",
        list_method="crm.item.details.configuration.get",
        base_params=MappingProxyType({"scope": "C"}),
        filter_key="",
        select_key="",
        asked_by="entityTypeId",
        source="api-reference/crm/universal/item-details-configuration/crm-item-details-configuration-get.md",
    ),
    Entity(
        name="relation",
        list_method="crm.type.getByEntityTypeId",
        filter_key="",
        select_key="",
        asked_by="entityTypeId",
        source="api-reference/crm/universal/user-defined-object-types/crm-type-get-by-entity-type-id.md",
    ),
    Entity(
        name="list",
        list_method="lists.get",
        add_method="lists.add",
        delete_method="lists.delete",
        base_params=MappingProxyType({"IBLOCK_TYPE_ID": "lists"}),
        filter_key="",
        select_key="",
        fields_key="FIELDS",
        id_key="IBLOCK_ID",
        code_key="IBLOCK_CODE",
        marker_fields=("CODE",),
        volatile_fields=frozenset({"TIMESTAMP_X"}),
        card_path="/company/lists/{id}/view/0/",
        source="api-reference/lists/lists/lists-get.md",
    ),
    Entity(
        name="listcolumn",
        list_method="lists.field.get",
        add_method="lists.field.add",
        base_params=MappingProxyType({"IBLOCK_TYPE_ID": "lists"}),
        filter_key="",
        select_key="",
        asked_by="IBLOCK_ID",
        source="api-reference/lists/fields/lists-field-get.md",
    ),
    Entity(
        name="pipeline",
        list_method="crm.category.list",
        id_field="id",
        filter_key="",
        select_key="",
        asked_by="entityTypeId",
        source="api-reference/crm/universal/category/crm-category-list.md",
    ),
)
_PLAIN: Mapping[str, Entity] = {each.name: each for each in _LEGACY}
_PER_TYPE = ("item", "category", "stagehistory", "field", "listelement")


def _number(value: Any) -> int:
    """A cell that names a record, as a number; a text that is none by its digest."""
    text = str(value or 0)
    if text.isdecimal():
        return int(text)
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest())


@lru_cache(maxsize=512)
def entity(name: str) -> Entity:
    """The catalogue's entry of an entity.

    Args:
        name: `lead`, `deal`, `contact`, `company`, `quote`, `invoice`, `user`, `department`, `activity`,
            `call`, `requisite`, `bankdetail`, `address`, `requisitelink`, `workflow`, `task`, `status`,
            `type`, `userfield`, `list`; or one of `item`, `category`, `stagehistory`, `field`, `listelement` with a
            number, `item:177`. `item:2` is another spelling of `deal`; the number of `listelement` is its
            list's, for which its code may stand as well: `listelement:b24kit_routing`.

    Raises:
        ParameterError: no such entity.
    """
    if name in _ITEMS:
        type_id, markers, card = _ITEMS[name]
        return _item(name, type_id, markers, card)
    if name in _PLAIN:
        return _PLAIN[name]
    prefix, _, number = name.partition(":")
    if prefix == "listelement" and re.fullmatch("[a-z][a-z0-9_]*", number):
        return _coded_elements(number)
    if prefix not in _PER_TYPE or not number.isascii() or not number.isdigit():
        raise ParameterError(
            "records", "entity", name, "is not known", f"Choose one of: {', '.join(entities())}."
        )
    type_id = int(number)
    if prefix == "item":
        if type_id in _NAME_OF:
            return entity(_NAME_OF[type_id])
        return _item(f"item:{type_id}", type_id, ("xmlId",), f"/crm/type/{type_id}/details/{{id}}/")
    if prefix == "category":
        return _category(type_id)
    if prefix == "listelement":
        return Entity(
            name=f"listelement:{type_id}",
            list_method="lists.element.get",
            base_params=MappingProxyType({"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": type_id}),
            filter_key="FILTER",
            select_key="",
            card_path=f"/company/lists/{type_id}/element/0/{{id}}/",
            source="api-reference/lists/elements/lists-element-get.md",
        )
    if prefix == "stagehistory":
        return Entity(
            name=f"stagehistory:{type_id}",
            list_method="crm.stagehistory.list",
            entity_type_id=type_id,
            base_params=MappingProxyType({"entityTypeId": type_id}),
            source="api-reference/crm/crm-stage-history-list.md",
        )
    return Entity(
        name=f"field:{type_id}",
        list_method="crm.item.fields",
        entity_type_id=type_id,
        base_params=MappingProxyType({"entityTypeId": type_id}),
        id_field="name",
        filter_key="",
        select_key="",
        source="api-reference/crm/universal/crm-item-fields.md",
    )


def entities() -> list[str]:
    """The names `entity` accepts; those that need a number end in `:<entityTypeId>`."""
    return [*_ITEMS, *_PLAIN, *(f"{prefix}:<entityTypeId>" for prefix in _PER_TYPE)]


def _item(name: str, type_id: int, markers: tuple[str, ...], card: str) -> Entity:
    return Entity(
        name=name,
        entity_type_id=type_id,
        list_method="crm.item.list",
        get_method="crm.item.get",
        add_method="crm.item.add",
        update_method="crm.item.update",
        delete_method="crm.item.delete",
        base_params=MappingProxyType({"entityTypeId": type_id}),
        id_field="id",
        responsible_field="assignedById",
        marker_fields=markers,
        volatile_fields=_ITEM_VOLATILE,
        consequences=_ITEM_CONSEQUENCES,
        card_path=card,
        source="api-reference/crm/universal/crm-item-list.md",
    )


def _coded_elements(code: str) -> Entity:
    """Elements of the list with this code: each has a code of its own, which its list holds but once."""
    return Entity(
        name=f"listelement:{code}",
        list_method="lists.element.get",
        add_method="lists.element.add",
        delete_method="lists.element.delete",
        base_params=MappingProxyType({"IBLOCK_TYPE_ID": "lists", "IBLOCK_CODE": code}),
        filter_key="FILTER",
        select_key="SELECT",
        fields_key="FIELDS",
        id_key="ELEMENT_ID",
        code_key="ELEMENT_CODE",
        marker_fields=("CODE",),
        source="api-reference/lists/elements/lists-element-get.md",
    )


def _category(type_id: int) -> Entity:
    return Entity(
        name=f"category:{type_id}",
        list_method="crm.category.list",
        get_method="crm.category.get",
        add_method="crm.category.add",
        update_method="crm.category.update",
        delete_method="crm.category.delete",
        entity_type_id=type_id,
        base_params=MappingProxyType({"entityTypeId": type_id}),
        id_field="id",
        filter_key="",
        select_key="",
        marker_fields=("originatorId", "originId"),
        source="api-reference/crm/universal/category/crm-category-list.md",
    )
