"""The table of methods."""

import pytest

from toolkit.client.methods import METHODS, method
from toolkit.errors import CommandError

USED = """
crm.item.add crm.item.batchImport crm.item.delete crm.item.fields crm.item.get crm.item.import crm.item.list
crm.item.update crm.contact.list crm.company.get crm.deal.update crm.lead.add crm.contact.company.items.get
crm.deal.contact.items.set crm.company.contact.add crm.activity.list crm.activity.binding.add
crm.activity.binding.list crm.timeline.comment.add crm.timeline.logmessage.add crm.requisite.list
crm.requisite.bankdetail.list crm.address.list crm.duplicate.findbycomm crm.entity.mergeBatch crm.status.list
crm.category.list crm.type.list crm.type.getByEntityTypeId userfieldconfig.add crm.contact.userfield.list
user.get user.current department.get im.notify voximplant.statistic.get telephony.externalCall.register
telephony.externalCall.finish telephony.externalCall.attachRecord disk.folder.uploadFile lists.element.get
crm.stagehistory.list event.bind event.offline.get app.option.get profile scope server.time feature.get
tasks.task.add crm.requisite.preset.list crm.requisite.link.register
"""


@pytest.mark.parametrize("name", USED.split())
def test_the_toolkits_methods_are_known(name):
    assert method(name).name == name


def test_names_are_found_in_any_case():
    assert method("CRM.Item.BatchImport").name == "crm.item.batchImport"


def test_an_unknown_method_is_refused_unless_its_effect_is_stated():
    with pytest.raises(CommandError, match=r"crm\.itme\.update"):
        method("crm.itme.update")
    assert method("some.new.method", "read").effect == "read"


def test_a_write_cannot_be_called_a_read():
    with pytest.raises(CommandError, match="is a write"):
        method("crm.item.update", "read")


def test_whatever_changes_something_is_a_write():
    changing = {
        "add",
        "update",
        "delete",
        "set",
        "import",
        "batchimport",
        "mergebatch",
        "bind",
        "register",
        "move",
    }
    wrong = [entry.name for entry in METHODS.values()
             if entry.name.lower().rsplit(".", 1)[-1] in changing and entry.effect != "write"]  # fmt: skip
    assert not wrong


def test_every_method_names_its_page():
    assert all(entry.docs.startswith(("api-reference/", "settings/")) for entry in METHODS.values())


def test_a_method_that_empties_what_it_reads_is_a_write():
    assert method("event.offline.get").effect == "write"


def test_only_reads_page():
    assert all(entry.effect == "read" for entry in METHODS.values() if entry.paging)
