"""The methods of a portal that the toolkit knows: which read, which write, how each pages, its docs page.

`Portal` refuses a method that is not listed here, unless the caller says what it does to the portal: a write
taken for a read would be repeated after a lost answer.

Source: the page named by `Method.docs`, under https://apidocs.bitrix24.com/, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from toolkit.client.encoding import Booleans
from toolkit.errors import CommandError

__all__ = ["METHODS", "Method", "Paging", "method"]


@dataclass(frozen=True)
class Paging:
    """How to walk a list method to its end.

    Args:
        style: `keyset` by id, with `start=-1` and no counting; `offset` by `next`, proven by `total`.
            An unpaged method is an offset one whose first page is its last.
        container: the key of `result` that holds the rows; empty when `result` itself does.
        id_key: a row's id in the reply; empty when rows have none.
        id_field: the id in filter and order.
        filter_key: name of the filter parameter; empty when filters are parameters of their own.
        order: `map` for `order={id: ASC}` under the name `order_key`; `scalar` for a field name under
            `sort_key` and a direction under `order_key`; `none` when the method cannot sort.
        order_key: see `order`.
        sort_key: see `order`.
        start_key: name of the offset parameter.
        select_key: name of the parameter that chooses fields; empty when there is none.
        repeats: a row may come several times in a row on one page, and is given once.
    """

    style: Literal["keyset", "offset"]
    container: str = ""
    id_key: str = "ID"
    id_field: str = "ID"
    filter_key: str = "filter"
    order: Literal["map", "scalar", "none"] = "map"
    order_key: str = "order"
    sort_key: str = "sort"
    start_key: str = "start"
    select_key: str = "select"
    repeats: bool = False


@dataclass(frozen=True)
class Method:
    """One REST method.

    Args:
        name: as the docs spell it.
        effect: `read` may be repeated freely, `write` never blindly.
        docs: its page, under the docs' root, without the extension.
        paging: how it lists; None when it does not.
        batchable: whether a batch may carry it.
        booleans: how it spells them.
        application: needs an OAuth application; a webhook is refused.
    """

    name: str
    effect: Literal["read", "write"]
    docs: str
    paging: Paging | None = None
    batchable: bool = True
    booleans: Booleans = "Y/N"
    application: bool = False


_UNIVERSAL = Paging("keyset", container="items", id_key="id", id_field="id")
_LEGACY = Paging("keyset")
_OFFSET = Paging("offset")

_READS = {"get", "list", "fields", "search", "current", "time", "findbycomm", "countries", "types", "items"}


def _family(
    prefix: str, folder: str, names: str, paging: Paging | None = None, page: str = ""
) -> list[Method]:
    """Methods `prefix.name`, documented at `folder/prefix-name`; `list` pages as given."""
    stem = page or prefix.replace(".", "-")
    return [
        Method(
            f"{prefix}.{name}",
            "read" if name.rsplit(".", 1)[-1] in _READS else "write",
            f"{folder}/{stem}-{name.replace('.', '-')}",
            paging if name == "list" else None,
        )
        for name in names.split()
    ]


_CRUD = "add delete fields get list update"
_BINDINGS = "add delete fields items.delete items.get items.set"
_CRM = "api-reference/crm"
_SERVICE = "api-reference/common"
_USERFIELD = "add delete get list update"


def _all() -> Iterable[Method]:
    # Service
    yield Method("batch", "write", "settings/how-to-call-rest-api/batch", batchable=False)
    yield Method("profile", "read", f"{_SERVICE}/users/profile")
    yield Method("server.time", "read", f"{_SERVICE}/system/server-time")
    yield Method("scope", "read", f"{_SERVICE}/system/scope")
    yield Method("methods", "read", f"{_SERVICE}/system/methods")
    yield Method("method.get", "read", f"{_SERVICE}/system/method-get")
    yield Method("feature.get", "read", f"{_SERVICE}/system/feature-get")
    yield Method("app.info", "read", f"{_SERVICE}/system/app-info")
    for name in ("app.option", "user.option"):
        page = f"{_SERVICE}/settings/{name.replace('.', '-')}"
        yield Method(f"{name}.get", "read", f"{page}-get", application=True)
        yield Method(f"{name}.set", "write", f"{page}-set", application=True)

    # CRM, universal
    item = f"{_CRM}/universal"
    yield from _family("crm.item", item, _CRUD, _UNIVERSAL)
    yield Method("crm.item.import", "write", f"{item}/import/crm-item-import")
    yield Method("crm.item.batchImport", "write", f"{item}/import/crm-item-batch-import")
    rows = Paging("keyset", container="productRows", id_key="id", id_field="id")
    yield from _family("crm.item.productrow", f"{item}/product-rows", f"{_CRUD} set", rows)
    unpaged = Paging(
        "offset", container="categories", id_key="id", filter_key="", order="none", select_key=""
    )
    yield from _family("crm.category", f"{item}/category", _CRUD, unpaged)
    types = Paging("offset", container="types", id_key="id", id_field="id", select_key="")
    yield from _family("crm.type", f"{item}/user-defined-object-types", _CRUD, types)
    yield Method(
        "crm.type.getByEntityTypeId",
        "read",
        f"{item}/user-defined-object-types/crm-type-get-by-entity-type-id",
    )
    fields = Paging("offset", container="fields", id_key="id", id_field="id")
    yield from _family("userfieldconfig", f"{item}/userfieldconfig", _USERFIELD, fields)
    yield Method("userfieldconfig.getTypes", "read", f"{item}/userfieldconfig/userfieldconfig-get-types")
    solutions = Paging("offset", container="automatedSolutions", id_key="id", id_field="id")
    yield from _family(
        "crm.automatedsolution", f"{_CRM}/automated-solution", _CRUD, solutions, "crm-automated-solution"
    )
    history = Paging("keyset", container="items")
    yield Method("crm.stagehistory.list", "read", f"{_CRM}/crm-stage-history-list", history)
    layout = f"{item}/item-details-configuration/crm-item-details-configuration"
    for name in ("get", "set", "reset", "forceCommonScopeForAll"):
        yield Method(
            f"crm.item.details.configuration.{name}", "read" if name == "get" else "write", f"{layout}-{name}"
        )
    yield Method("crm.settings.mode.get", "read", f"{_CRM}/crm-settings-mode-get")
    yield Method("crm.enum.ownertype", "read", f"{_CRM}/auxiliary/enum/crm-enum-owner-type")

    # CRM, the older methods of each entity, their custom fields and bindings
    folders = {
        "contact": "contacts",
        "company": "companies",
        "deal": "deals",
        "lead": "leads",
        "quote": "quote",
    }
    for entity, folder in folders.items():
        yield from _family(f"crm.{entity}", f"{_CRM}/{folder}", _CRUD, _LEGACY)
    userfields = {
        "contact": "contacts/userfield", "company": "companies/userfields",
        "deal": "deals/user-defined-fields", "lead": "leads/userfield",
        "quote": "quote/user-field", "requisite": "requisites/user-fields",
    }  # fmt: skip
    for entity, folder in userfields.items():
        page = f"crm-{entity}-userfield" if entity != "quote" else "crm-quote-user-field"
        yield from _family(f"crm.{entity}.userfield", f"{_CRM}/{folder}", _USERFIELD, _OFFSET, page)
    bindings = {
        "contact.company": "contacts/company", "company.contact": "companies/contacts",
        "deal.contact": "deals/contacts", "lead.contact": "leads/management-communication",
        "quote.contact": "quote/contacts",
    }  # fmt: skip
    for pair, folder in bindings.items():
        yield from _family(f"crm.{pair}", f"{_CRM}/{folder}", _BINDINGS)
    for entity, folder in (("deal", "deals"), ("lead", "leads")):
        yield from _family(f"crm.{entity}.productrows", f"{_CRM}/{folder}", "get set")

    # Dictionaries: short, and their pages promise no paging, so they are proven by `total` and `next`
    dictionary = Paging("offset", select_key="")
    yield from _family("crm.status", f"{_CRM}/status", _CRUD, dictionary)
    yield Method("crm.status.entity.items", "read", f"{_CRM}/status/crm-status-entity-items")
    yield Method("crm.status.entity.types", "read", f"{_CRM}/status/crm-status-entity-types")
    currencies = Paging("offset", id_key="CURRENCY", id_field="CURRENCY", select_key="")
    yield from _family("crm.currency", f"{_CRM}/currency", "fields get list", currencies)

    # Requisites
    requisites = f"{_CRM}/requisites"
    yield from _family("crm.requisite", f"{requisites}/universal", _CRUD, _LEGACY)
    yield from _family(
        "crm.requisite.bankdetail", f"{requisites}/bank-detail", _CRUD, _LEGACY, "crm-requisite-bank-detail"
    )
    yield from _family("crm.requisite.preset", f"{requisites}/presets", f"{_CRUD} countries", _OFFSET)
    links = Paging("offset", id_key="", id_field="")
    yield from _family(
        "crm.requisite.link", f"{requisites}/links", "fields get list register unregister", links
    )
    addresses = Paging("offset", id_key="", id_field="")
    yield from _family("crm.address", f"{requisites}/addresses", "add delete fields list update", addresses)

    # Duplicates
    duplicates = f"{_CRM}/duplicates"
    yield Method("crm.duplicate.findbycomm", "read", f"{duplicates}/crm-duplicate-find-by-comm")
    yield Method("crm.entity.mergeBatch", "write", f"{duplicates}/crm-entity-merge-batch")
    volatile = Paging("offset", id_key="id", select_key="")
    yield from _family(
        "crm.duplicate.volatileType", f"{duplicates}/volatile-type", "fields list register unregister",
        volatile, "crm-duplicate-volatile-type",
    )  # fmt: skip

    # Activities and timeline
    timeline = f"{_CRM}/timeline"
    activity = Paging("keyset", repeats=True)  # BINDINGS in the filter: once per matching binding
    yield from _family("crm.activity", f"{timeline}/activities/activity-base", _CRUD, activity)
    yield Method(
        "crm.activity.call.getTranscript", "read",
        f"{timeline}/activities/activity-base/crm-activity-call-get-transcript",
    )  # fmt: skip
    bound = Paging("offset", id_key="", filter_key="", order="none", select_key="")
    yield from _family(
        "crm.activity.binding", f"{timeline}/activities/binding", "add delete list move", bound
    )
    for name in (
        "add",
        "update",
        "updateDeadline",
        "updateDescription",
        "updateResponsibleUser",
        "updateColor",
    ):
        page = name.replace("Deadline", "-deadline").replace("Description", "-description")
        page = page.replace("ResponsibleUser", "-responsible-user").replace("Color", "-color")
        yield Method(
            f"crm.activity.todo.{name}", "write", f"{timeline}/activities/todo/crm-activity-todo-{page}"
        )
    comments = Paging("offset")
    yield from _family("crm.timeline.comment", f"{timeline}/comments", _CRUD, comments)
    yield from _family(
        "crm.timeline.bindings",
        f"{timeline}/bindings",
        "bind fields list unbind",
        Paging("offset", id_key=""),
    )
    logs = Paging("offset", id_key="id", filter_key="", select_key="")
    yield from _family("crm.timeline.logmessage", f"{timeline}/logmessage", "add delete get list", logs)
    yield from _family("crm.timeline.note", f"{timeline}/note", "delete get save")
    yield Method("crm.automation.trigger", "write", f"{_CRM}/automation/crm-automation-trigger")
    yield Method("bizproc.workflow.start", "write", "api-reference/bizproc/bizproc-workflow-start")
    running = Paging("offset", filter_key="FILTER", order_key="ORDER", select_key="SELECT")
    yield Method(
        "bizproc.workflow.instances", "read", "api-reference/bizproc/bizproc-workflow-instances", running
    )

    # People
    users = Paging("keyset", filter_key="FILTER", order="scalar")
    yield Method("user.get", "read", "api-reference/user/user-get", users, booleans="true/false")
    found = Paging("offset", filter_key="FILTER", order="scalar")
    yield Method("user.search", "read", "api-reference/user/user-search", found, booleans="true/false")
    for name in ("current", "fields"):
        yield Method(f"user.{name}", "read", f"api-reference/user/user-{name}")
    departments = Paging("offset", filter_key="", order="scalar", start_key="START", select_key="")
    yield Method("department.get", "read", "api-reference/departments/department-get", departments)
    yield from _family("department", "api-reference/departments", "add delete fields update")
    events = "api-reference/calendar/calendar-event"
    yield Method("calendar.accessibility.get", "read", f"{events}/calendar-accessibility-get")
    yield Method("calendar.event.add", "write", f"{events}/calendar-event-add")
    for name in ("im.notify", "im.notify.system.add", "im.notify.personal.add"):
        yield Method(name, "write", f"api-reference/chats/notifications/{name.replace('.', '-')}")

    # Telephony
    telephony = "api-reference/telephony"
    calls = Paging(
        "keyset", filter_key="FILTER", order="scalar", sort_key="SORT", order_key="ORDER", select_key=""
    )
    yield Method(
        "voximplant.statistic.get", "read", f"{telephony}/voximplant/voximplant-statistic-get", calls
    )
    for name, page in (
        ("register", "register"), ("finish", "finish"), ("show", "show"), ("hide", "hide"),
        ("attachRecord", "attach-record"),
    ):  # fmt: skip
        yield Method(
            f"telephony.externalCall.{name}", "write", f"{telephony}/telephony-external-call-{page}",
            batchable=name != "attachRecord", booleans="1/0", application=name in {"register", "finish"},
        )  # fmt: skip
    yield Method(
        "telephony.externalCall.searchCrmEntities", "read",
        f"{telephony}/telephony-external-call-search-crm-entities",
    )  # fmt: skip
    yield Method(
        "telephony.call.attachTranscription", "write", f"{telephony}/telephony-call-attach-transcription"
    )
    for name in ("add", "delete", "get", "update"):
        yield Method(
            f"telephony.externalLine.{name}", "read" if name == "get" else "write",
            f"{telephony}/telephony-external-line-{name}", application=True,
        )  # fmt: skip

    # Files; uploads and downloads never travel in a batch
    disk = "api-reference/disk"
    entries = Paging("offset", select_key="")
    for name, page in (("folder", "folder"), ("storage", "storage")):
        yield Method(f"disk.{name}.get", "read", f"{disk}/{page}/disk-{page}-get")
        yield Method(f"disk.{name}.getChildren", "read", f"{disk}/{page}/disk-{page}-get-children", entries)
        yield Method(
            f"disk.{name}.uploadFile", "write", f"{disk}/{page}/disk-{page}-upload-file", batchable=False
        )
    yield Method("disk.storage.getList", "read", f"{disk}/storage/disk-storage-get-list", entries)
    yield Method("disk.storage.addFolder", "write", f"{disk}/storage/disk-storage-add-folder")
    yield Method("disk.folder.addSubFolder", "write", f"{disk}/folder/disk-folder-add-subfolder")
    yield Method("disk.folder.deleteTree", "write", f"{disk}/folder/disk-folder-delete-tree")
    yield Method("disk.file.get", "read", f"{disk}/file/disk-file-get")
    yield Method("disk.file.delete", "write", f"{disk}/file/disk-file-delete")
    yield Method("disk.file.markDeleted", "write", f"{disk}/file/disk-file-mark-deleted")
    yield Method("disk.file.uploadVersion", "write", f"{disk}/file/disk-file-upload-version", batchable=False)

    # Universal lists
    lists = "api-reference/lists"
    elements = Paging("offset", filter_key="FILTER", order_key="ELEMENT_ORDER", select_key="SELECT")
    yield Method("lists.element.get", "read", f"{lists}/elements/lists-element-get", elements)
    yield from _family("lists.element", f"{lists}/elements", "add delete update")
    catalogue = Paging("offset", filter_key="", order_key="IBLOCK_ORDER", select_key="")
    yield Method("lists.get", "read", f"{lists}/lists/lists-get", catalogue)
    yield from _family("lists", f"{lists}/lists", "add delete update")
    yield Method("lists.field.get", "read", f"{lists}/fields/lists-field-get")
    yield from _family("lists.field", f"{lists}/fields", "add delete update")

    # Tasks of the portal
    tasks = Paging("offset", container="tasks", id_key="id")
    yield from _family("tasks.task", "api-reference/tasks", "add delete get list update", tasks)

    # Events: an application's, each of them
    events = "api-reference/events"
    yield Method("events", "read", f"{events}/events")
    yield Method("event.get", "read", f"{events}/event-get", application=True)
    queue = Paging("offset", select_key="")
    yield Method("event.offline.list", "read", f"{events}/event-offline-list", queue, application=True)
    # Reading the queue empties or reserves it: a lost answer must not be repeated blindly.
    for name in ("bind", "unbind", "offline.get", "offline.clear", "offline.error"):
        yield Method(f"event.{name}", "write", f"{events}/event-{name.replace('.', '-')}", application=True)


METHODS: dict[str, Method] = {entry.name.lower(): entry for entry in _all()}
"""Every known method under its name in lower case: a portal does not mind the case."""


def method(name: str, effect: Literal["", "read", "write"] = "") -> Method:
    """What is known about a method.

    Args:
        name: as the docs spell it, in any case.
        effect: what the caller knows about a method that is not listed.

    Raises:
        CommandError: it is not listed and no effect is given, or the effect contradicts the list.
    """
    known = METHODS.get(name.lower())
    if known is None:
        if not effect:
            raise CommandError(
                name, "", None, "is not in the table of methods",
                "Check its spelling, or pass effect='read' or effect='write'.",
            )  # fmt: skip
        return Method(name, effect, "")
    if effect and effect != known.effect:
        raise CommandError(name, "", None, f"is a {known.effect}, not a {effect}", "Leave the effect out.")
    return known
