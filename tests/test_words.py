"""Whatever goes through `_()` is said in Russian too, and the compiled catalogue is the current one."""

from __future__ import annotations

import io
import string
from pathlib import Path

from babel.messages.extract import extract_from_file
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from toolkit.words import LOCALE, translator

CATALOGUE = LOCALE / "ru" / "LC_MESSAGES" / "b24kit"


def said() -> set[str]:
    house = LOCALE.parent
    return {
        str(message)
        for path in [*house.glob("cli/*.py"), *house.glob("*.py")]
        for _line, message, _comments, _context in extract_from_file("python", path, keywords={"_": None})
    }


def test_every_text_has_its_russian() -> None:
    translated = {
        str(each.id): str(each.string) for each in read_po(CATALOGUE.with_suffix(".po").open("rb")) if each.id
    }

    missing = sorted(text for text in said() if not translated.get(text))

    assert missing == []


def test_translations_keep_their_placeholders() -> None:
    for each in read_po(CATALOGUE.with_suffix(".po").open("rb")):
        if each.id:
            assert fields(str(each.string)) == fields(str(each.id)), each.id


def fields(text: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name}


def test_the_compiled_catalogue_is_up_to_date() -> None:
    source = {each.id: each.string for each in read_po(CATALOGUE.with_suffix(".po").open("rb")) if each.id}
    compiled = {
        each.id: each.string for each in read_mo(io.BytesIO(Path(f"{CATALOGUE}.mo").read_bytes())) if each.id
    }

    assert compiled == source, "run: make words"


def test_an_unknown_language_reads_english() -> None:
    assert translator("xx")("Nothing to do.") == "Nothing to do."
    assert translator("ru")("Nothing to do.") == "Делать нечего."
