"""An export for a sandbox portal to practise on: its own clients as a contact centre would have noted them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from toolkit import workflow
from toolkit.workflow import Workspace

__all__ = ["CALLS", "CORRECTED", "LATER", "REQUESTS", "TOPICS", "move_a_deal", "write_example"]

REQUESTS, CALLS, TOPICS = "Заявки.xlsx", "Звонки.csv", "Темы.xlsx"
CORRECTED, LATER = "Заявки с исправлениями.xlsx", "Заявки за сегодня.csv"

_HEADINGS = (
    *(
        "Номер заявки",
        "Дата",
        "Фамилия",
        "Имя",
        "Отчество",
        "Телефон",
        "Почта",
        "Компания",
        "ИНН",
        "Тема",
        "Сумма",
        "Комментарий",
    ),
    *("Ответственный", "Оценка"),
)
_SUBJECTS = ("Доставка", "Возврат", "Гарантия")


def write_example(work: Workspace, folder: Path) -> None:
    """Write the export of requests and of calls, the same with corrections, one of today, and a table of topics.

    Clients the portal knows by phone, some by a number that several cards share; strangers; a firm; a topic nobody
    named a pipeline for; cells nobody can read.

    Args:
        work: the portal; a sandbox.
        folder: made when absent. What is there already stays.
    """
    if (folder / REQUESTS).exists():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with workflow.connect(work) as portal:
        select = ["ID", "NAME", "LAST_NAME", "SECOND_NAME", "PHONE"]
        asked = {"select": select, "filter": {"HAS_PHONE": "Y"}}
        cards = [each for page in portal.list("crm.contact.list", asked) for each in page]
        staff = [f"{each['NAME']} {each['LAST_NAME']}" for each in portal.call("user.get", {"ACTIVE": "Y"})]
        pipelines = portal.call("crm.category.list", {"entityTypeId": 2})["categories"]
    people = [each for each in cards if each.get("LAST_NAME")]
    shared = _shared(cards)
    began = datetime(2026, 11, 2, 9, 0)
    rows = [_of_client(number, each, began) for number, each in enumerate(people[:36], start=1)]
    rows += [_of_stranger(number, began) for number in range(len(rows) + 1, len(rows) + 9)]
    rows += _odd(len(rows) + 1, began)
    rows += [
        {"Номер заявки": f"З-{60 + at}", "Дата": rows[at]["Дата"], "Телефон": phone, "Тема": "Гарантия"}
        for at, phone in enumerate(shared[:3])
    ]
    for at, row in enumerate(rows[::5]):
        row["Ответственный"] = staff[at % len(staff)]
    _write_book(folder / REQUESTS, _HEADINGS, rows)
    _write_book(folder / CORRECTED, _HEADINGS, [*_corrected(rows), _of_stranger(90, began)])
    today = [_of_stranger(91, began), {**rows[0], "Номер заявки": "З-92", "Тема": "Гарантия"}]
    _write_text(folder / LATER, _HEADINGS, today)
    _write_text(folder / CALLS, tuple(_call(1, rows[0], began)), _calls(rows, began))
    places = [str(each["name"]) for each in pipelines]
    table = [
        {"Тема": each, "Воронка": places[at % len(places)], "Ответственный": staff[at % len(staff)]}
        for at, each in enumerate(_SUBJECTS)
    ]
    _write_book(folder / TOPICS, ("Тема", "Воронка", "Стадия", "Ответственный"), table)


def move_a_deal(work: Workspace, system: str) -> None:
    """What a person of the firm does in a day: the first deal of the export is moved on, and noted upon.

    Args:
        work: the portal; a sandbox.
        system: short name of the contact centre's system.
    """
    with workflow.connect(work) as portal:
        mine = portal.call(
            "crm.deal.list",
            {
                "select": ["ID", "CATEGORY_ID", "STAGE_ID"],
                "filter": {"%ORIGIN_ID": f"cc:{system}:request:"},
                "order": {"ID": "ASC"},
                "start": -1,
            },
        )
        if not mine:
            return
        deal = mine[0]
        place = "DEAL_STAGE" + (f"_{deal['CATEGORY_ID']}" if int(deal["CATEGORY_ID"]) else "")
        asked = {"filter": {"ENTITY_ID": place}, "order": {"SORT": "ASC"}}
        stages = [each["STATUS_ID"] for each in portal.call("crm.status.list", asked)]
        following = stages[min(stages.index(deal["STAGE_ID"]) + 1, len(stages) - 1)]
        portal.call("crm.deal.update", {"id": deal["ID"], "fields": {"STAGE_ID": following}})
        note = {"ENTITY_ID": deal["ID"], "ENTITY_TYPE": "deal", "COMMENT": "Клиент просит перезвонить завтра"}
        portal.call("crm.timeline.comment.add", {"fields": note})


def _of_client(number: int, card: dict[str, Any], began: datetime) -> dict[str, Any]:
    phone = str(card["PHONE"][0]["VALUE"])
    return {
        "Номер заявки": f"З-{number}",
        "Дата": _written(began + timedelta(hours=5 * number), number),
        "Фамилия": card.get("LAST_NAME"),
        "Имя": card.get("NAME"),
        "Отчество": card.get("SECOND_NAME"),
        "Телефон": _spelled(phone, number),
        "Тема": _SUBJECTS[number % 3] if number % 11 else "Прочее",
        "Сумма": 900 + 110 * number,
        "Комментарий": "Просит позвонить после обеда" if number % 4 == 0 else "",
        "Оценка": number % 5 + 1,
    }


def _of_stranger(number: int, began: datetime) -> dict[str, Any]:
    surnames = ("Кречетов", "Журавский", "Соколовский", "Вороновский", "Дроздецкий")
    firm = {"Компания": f"ООО Ромашка-{number}", "ИНН": _inn(770000000 + number)} if number % 3 == 0 else {}
    return {
        "Номер заявки": f"З-{number}",
        "Дата": _written(began + timedelta(hours=5 * number), number),
        "Фамилия": surnames[number % 5],
        "Имя": "Пётр",
        "Отчество": "Ильич",
        "Телефон": f"8 (999) 100-{number:02}-{number % 7:02}",
        "Почта": f"client{number}@example.com",
        "Тема": _SUBJECTS[number % 3],
        "Сумма": 1500,
        **firm,
    }


def _odd(number: int, began: datetime) -> list[dict[str, Any]]:
    """Rows of which something cannot be read, or which are nobody's."""
    good = _of_stranger(number, began)
    return [
        {**good, "Номер заявки": f"З-{number}", "Дата": "вчера"},
        {**good, "Номер заявки": f"З-{number + 1}", "Сумма": "три тысячи"},
        {**good, "Номер заявки": "", "Комментарий": "строка без номера"},
        {"Номер заявки": f"З-{number + 2}", "Дата": good["Дата"], "Тема": "Доставка", "Оценка": 1},
    ]


def _corrected(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows: of three the amount was corrected, of one stranger the mailbox."""
    strangers = [at for at, each in enumerate(rows) if str(each.get("Почта", "")).startswith("client")]
    told: dict[int, dict[str, Any]] = {at: {"Сумма": 7700} for at in (2, 3, 4)}
    told[strangers[0]] = {"Почта": "new-mailbox@example.com"}
    return [{**each, **told.get(at, {})} for at, each in enumerate(rows)]


def _calls(rows: Sequence[dict[str, Any]], began: datetime) -> list[dict[str, Any]]:
    return [_call(number, row, began) for number, row in enumerate(rows[:40:2], start=1)]


def _call(number: int, row: dict[str, Any], began: datetime) -> dict[str, Any]:
    return {
        "Номер звонка": f"Т-{number}",
        "Дата и время": (began + timedelta(hours=9 * number)).strftime("%d.%m.%Y %H:%M"),
        "Направление": "исходящий" if number % 3 else "входящий",
        "Телефон": row["Телефон"],
        "ФИО": " ".join(str(row[each]) for each in ("Фамилия", "Имя", "Отчество") if row[each]),
        "Длительность": f"{number % 7}:{number % 60:02}",
        "Номер заявки": row["Номер заявки"],
    }


def _shared(cards: Iterable[dict[str, Any]]) -> list[str]:
    """Numbers that stand on the cards of several people, in the order of the cards."""
    seen: dict[str, set[str]] = {}
    for card in cards:
        for phone in card.get("PHONE") or ():
            digits = "".join(each for each in str(phone["VALUE"]) if each.isdigit())[-10:]
            if len(digits) == 10:
                seen.setdefault(digits, set()).add(f"{card.get('LAST_NAME')} {card.get('NAME')}")
    return [f"8{digits}" for digits, people in seen.items() if len(people) > 1]


def _written(moment: datetime, number: int) -> Any:
    """Moments as people write them: a date of the spreadsheet, or one of two texts."""
    return (moment, moment.strftime("%d.%m.%Y %H:%M"), moment.isoformat(sep=" "))[number % 3]


def _spelled(phone: str, number: int) -> str:
    digits = "".join(each for each in phone if each.isdigit())[-10:]
    if len(digits) < 10:
        return phone
    code, first, middle, last = digits[:3], digits[3:6], digits[6:8], digits[8:]
    return (f"8 ({code}) {first}-{middle}-{last}", f"+7{digits}", f"8{code} {first} {middle}{last}")[
        number % 3
    ]


def _inn(digits: int) -> str:
    """A number of a firm whose last digit is right."""
    text = f"{digits:09}"
    check = sum(int(each) * weight for each, weight in zip(text, (2, 4, 10, 3, 5, 9, 4, 6, 8), strict=True))
    return f"{text}{check % 11 % 10}"


def _write_book(path: Path, headings: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(list(headings))
    for row in rows:
        sheet.append([row.get(each) for each in headings])
    book.save(path)


def _write_text(path: Path, headings: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    lines = [headings, *([row.get(each, "") for each in headings] for row in rows)]
    text = "\r\n".join(";".join(str(each) for each in line) for line in lines)
    path.write_bytes(text.encode("cp1251"))
