"""Cards of clients made and edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.errors import ParameterError
from toolkit.matching import read_inn
from toolkit.records import entity
from toolkit.runs.contact_centre.presets import presets_of
from toolkit.runs.desk import Edit, NewRecord
from toolkit.runs.references import made
from toolkit.workflow.desk.finding import Answer, find_company, find_contact
from toolkit.workflow.desk.refusals import ClientIsHere
from toolkit.workflow.desk.writing import Written, key_of, standing, write
from toolkit.workflow.workspace import Workspace, connect

__all__ = ["create_company", "create_contact", "edit_company", "edit_contact"]


def create_contact(
    work: Workspace,
    *,
    name: str = "",
    last_name: str = "",
    second_name: str = "",
    phones: Sequence[str] = (),
    emails: Sequence[str] = (),
    company: int | None = None,
    fields: Mapping[str, Any] | None = None,
    key: str = "",
    anyway: bool = False,
    only_plan: bool = False,
) -> Written:
    """A new contact, unless somebody like that is here.

    Args:
        work: where.
        name, last_name, second_name: the person's names.
        phones, emails: as they shall stand on the card.
        company: id of the person's company.
        fields: further fields, as on the wire.
        key: the external key, `cc:<system>:contact:<id>`: the card is found again by it. "" makes one of the words
            given, so that the same words never make two cards.
        anyway: make it though somebody like that is here.
        only_plan: see `write`.

    Returns:
        `already` with the card's id when the key stands on one.

    Raises:
        ClientIsHere: the portal knows the client, or perhaps does; nothing was written.
        ParameterError: there is neither a name nor a phone nor an e-mail, or a field is unknown.
        As `write`.
    """
    values: dict[str, Any] = {
        **_filled(name=name, lastName=last_name, secondName=second_name, companyId=company),
        **(fields or {}),
    }
    if not (values or phones or emails):
        raise ParameterError("contact create", "name", "", "is missing", "Give a name, a phone or an e-mail.")
    fm = _communications(phones, emails)
    marker = key or key_of("contact", [values, fm])
    there = standing(work, "contact", marker)
    if there:
        return Written("already", "contact", there)
    if not anyway:
        whole = " ".join(filter(None, [last_name, name, second_name]))
        _nobody(
            work,
            [
                find_contact(work, phone=phone, email=email, name=whole or None, source="portal")
                for phone, email in _each_of(phones, emails, whole)
            ],
        )
    if fm:
        values["fm"] = fm
    return write(
        work, creates=[NewRecord(entity="contact", values=values, marker=marker)], only_plan=only_plan
    )


def create_company(
    work: Workspace,
    *,
    title: str,
    phones: Sequence[str] = (),
    emails: Sequence[str] = (),
    inn: str = "",
    kpp: str = "",
    requisites: Mapping[str, Any] | None = None,
    fields: Mapping[str, Any] | None = None,
    key: str = "",
    anyway: bool = False,
    only_plan: bool = False,
) -> Written:
    """A new company with its requisites, unless one like that is here.

    Args:
        work: where.
        title: its name.
        phones, emails: as they shall stand on the card.
        inn, kpp: for its requisites; an INN that lost its zero gets it back.
        requisites: further fields of the requisites (`RQ_OGRN`), as on the wire.
        fields, key, anyway, only_plan: see `create_contact`.

    Raises:
        ParameterError: the INN or KPP is none, or a field is unknown.
        As `create_contact`.

    Source:
        api-reference/crm/requisites/universal/crm-requisite-add.md, read 2026-11-22.
    """
    details = {**_registration(inn, kpp), **(requisites or {})}
    values: dict[str, Any] = {"title": title, **(fields or {})}
    fm = _communications(phones, emails)
    marker = key or key_of("company", [values, fm, details])
    there = standing(work, "company", marker)
    if there and (not details or standing(work, "requisite", f"{marker}:requisite")):
        return Written("already", "company", there)
    if not anyway and not there:
        known = details.get("RQ_INN") or None
        _nobody(
            work,
            [
                find_company(work, name=title, phone=phone, email=email, inn=known, kpp=kpp, source="portal")
                for phone, email in _each_of(phones, emails, title)
            ],
        )
    if fm:
        values["fm"] = fm
    creates = [NewRecord(entity="company", values=values, marker=marker)]
    if details:
        facts = {
            "ENTITY_TYPE_ID": entity("company").entity_type_id,
            "ENTITY_ID": made(marker),
            "PRESET_ID": _preset(work, person=len(details.get("RQ_INN", "")) == 12),
            "NAME": title,
            **details,
        }
        creates.append(NewRecord(entity="requisite", values=facts, marker=f"{marker}:requisite"))
    return write(work, creates=creates, only_plan=only_plan)


def edit_contact(
    work: Workspace,
    card: int,
    values: Mapping[str, Any] | None = None,
    *,
    seen: Mapping[str, Any] | None = None,
    phones: Sequence[str] = (),
    emails: Sequence[str] = (),
    only_plan: bool = False,
) -> Written:
    """Change cells of a contact; add phones and e-mails it does not have yet.

    Args:
        work: where.
        card: id of the contact.
        values: field to the value wanted, as on the wire.
        seen: the card as it was read, `Answer.card`: a cell somebody changed since stays, and is told in `left`.
            None to write over what is there now.
        phones, emails: to be added.
        only_plan: see `write`.

    Raises:
        ParameterError: a field is unknown, or nothing is to be changed.
        As `write`.
    """
    return _edit(work, "contact", card, values, seen, phones, emails, only_plan)


def edit_company(
    work: Workspace,
    card: int,
    values: Mapping[str, Any] | None = None,
    *,
    seen: Mapping[str, Any] | None = None,
    phones: Sequence[str] = (),
    emails: Sequence[str] = (),
    only_plan: bool = False,
) -> Written:
    """Change cells of a company; see `edit_contact`."""
    return _edit(work, "company", card, values, seen, phones, emails, only_plan)


def _edit(
    work: Workspace,
    name: str,
    id_: int,
    values: Mapping[str, Any] | None,
    seen: Mapping[str, Any] | None,
    phones: Sequence[str],
    emails: Sequence[str],
    only_plan: bool,
) -> Written:
    wanted = dict(values or {})
    if not (wanted or phones or emails):
        raise ParameterError(f"{name} edit", "values", "", "are missing", "Say what shall be changed.")
    known = {field: value for field, value in (seen or {}).items() if field in wanted}
    edit = Edit(entity=name, id=id_, values=wanted, seen=known, phones=list(phones), emails=list(emails))
    return write(work, edits=[edit], only_plan=only_plan)


def _nobody(work: Workspace, answers: Sequence[Answer]) -> None:
    """Nobody like that is here.

    Raises:
        ClientIsHere: somebody is; of several answers the surest is told.
    """
    order = ("one", "several", "perhaps")
    for verdict in order:
        for answer in answers:
            if answer.verdict == verdict:
                raise ClientIsHere(answer, work.settings.language)


def _each_of(phones: Sequence[str], emails: Sequence[str], name: str) -> list[tuple[str | None, str | None]]:
    """Every phone and e-mail, in as few questions as hold them."""
    several = max(len(phones), len(emails), 1 if name else 0)
    return [
        (phones[at] if at < len(phones) else None, emails[at] if at < len(emails) else None)
        for at in range(several)
    ]


def _communications(phones: Sequence[str], emails: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"id": None, "typeId": kind, "valueType": "WORK", "value": value.strip()}
        for kind, values in (("PHONE", phones), ("EMAIL", emails))
        for value in values
    ]


def _registration(inn: str, kpp: str) -> dict[str, str]:
    """INN and KPP as requisites hold them.

    Raises:
        ParameterError: they are none.
    """
    if not inn:
        return {}
    reading = read_inn(inn, kpp or None)
    if not reading.key:
        raise ParameterError("company create", "inn", inn, "is not an INN", "Look it up again.")
    if kpp and not reading.kpp:
        raise ParameterError("company create", "kpp", kpp, "is not a KPP", "Look it up again.")
    return {"RQ_INN": reading.key, **({"RQ_KPP": reading.kpp} if reading.kpp else {})}


def _preset(work: Workspace, *, person: bool) -> int:
    """The template of requisites: of an entrepreneur for an INN of twelve digits, else of an organisation.

    Source:
        api-reference/crm/requisites/presets/crm-requisite-preset-list.md, read 2026-11-22.
    """
    with connect(work) as portal:
        presets = [each for page in portal.list("crm.requisite.preset.list") for each in page]
    found = presets_of(presets)
    if not found:
        raise ParameterError(
            "company create",
            "inn",
            "",
            "needs a template of requisites, and the portal has none",
            "Make one.",
        )
    return found["entrepreneur" if person else "organisation"]


def _filled(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
