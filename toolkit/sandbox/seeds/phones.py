"""Phone numbers, and forty-odd kinds of dirt they gather in real portals.

`DIRT` names each kind, says what is wrong with it, and whether the number can still be read out of it.
Written without looking at how the toolkit reads phones: a seed that knew the reader would flatter it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

__all__ = ["DIRT", "JUNK", "Dirt", "draw_landline", "draw_mobile", "mobile", "soiled"]

# fmt: off
MOBILE_CODES = (
    "903", "905", "906", "909", "910", "915", "916", "917", "919", "921", "925", "926", "950", "952",
    "960", "962", "963", "965", "977", "981", "985", "987", "999", "902", "904", "912", "913", "914",
)
# fmt: on
AREA_CODES = ("495", "499", "812", "343", "383", "846", "861", "863", "831", "843", "351", "391", "342")
_FULLWIDTH = str.maketrans("0123456789", "０１２３４５６７８９")  # the point of it
_LOOKALIKE = str.maketrans({"0": "О", "3": "З", "1": "l"})  # the point of it

JUNK = (
    "0000000",
    "1111111111",
    "+7 (999) 999-99-99",
    "89000000000",
    "нет",
    "-",
    "без телефона",
    "1234567890",
)
"""Placeholders that stand on many unrelated cards."""


def mobile(index: int) -> str:
    """The mobile number of that place in a row of all: ten digits, different for different places."""
    code = MOBILE_CODES[index % len(MOBILE_CODES)]
    # A multiplier prime to ten million walks through every tail once; neighbours do not look alike.
    tail = (index // len(MOBILE_CODES) * 7_368_787 + 2_345_678) % 10_000_000
    return f"{code}{tail:07d}"


def draw_mobile(rng: Random) -> str:
    """Ten digits of a Russian mobile number."""
    return f"{rng.choice(MOBILE_CODES)}{rng.randrange(2_000_000, 9_999_999):07d}"


def draw_landline(rng: Random) -> str:
    """Ten digits of a Russian landline."""
    return f"{rng.choice(AREA_CODES)}{rng.randrange(2_000_000, 7_999_999):07d}"


@dataclass(frozen=True)
class Dirt:
    """One way a number is misspelt.

    Args:
        words: what is wrong with it.
        write: ten digits and chance to the text in the card.
        readable: whether the same number can be read out of the text without guessing.
        weight: how often it is met.
    """

    words: str
    write: Callable[[str, Random], str]
    readable: bool = True
    weight: int = 2


def _split(number: str) -> tuple[str, str, str, str]:
    return number[:3], number[3:6], number[6:8], number[8:]


def _written(pattern: str) -> Callable[[str, Random], str]:
    def write(number: str, _rng: Random) -> str:
        code, head, middle, tail = _split(number)
        return pattern.format(n=number, c=code, h=head, m=middle, t=tail)

    return write


def _translated(table: Mapping[int, int | str | None], pattern: str) -> Callable[[str, Random], str]:
    plain = _written(pattern)
    return lambda number, rng: plain(number, rng).translate(table)


def _with_extension(pattern: str) -> Callable[[str, Random], str]:
    plain = _written(pattern)
    return lambda number, rng: plain(number, rng).replace("@", str(rng.randrange(100, 1000)))


def _two(pattern: str) -> Callable[[str, Random], str]:
    def write(number: str, rng: Random) -> str:
        return pattern.format(a=number, b=draw_mobile(rng))

    return write


def _internal(_number: str, rng: Random) -> str:
    return str(rng.randrange(100, 1000))


def _address(_number: str, rng: Random) -> str:
    return f"client{rng.randrange(10_000)}@mail.ru"


def _date(_number: str, rng: Random) -> str:
    return f"{rng.randrange(1, 29):02d}.{rng.randrange(1, 13):02d}.2021"


def _junk(_number: str, rng: Random) -> str:
    return rng.choice(JUNK)


def _mistyped(number: str, rng: Random) -> str:
    at = rng.randrange(4, 10)
    wrong = str((int(number[at]) + rng.randrange(1, 10)) % 10)
    return f"+7{number[:at]}{wrong}{number[at + 1 :]}"


DIRT: dict[str, Dirt] = {
    "e164": Dirt("none: +7 and ten digits", _written("+7{n}"), weight=60),
    "eight": Dirt("trunk prefix 8", _written("8{n}"), weight=40),
    "seven": Dirt("country code without plus", _written("7{n}"), weight=20),
    "ten": Dirt("ten digits only", _written("{n}"), weight=8),
    "pretty_7": Dirt("brackets and dashes", _written("+7 ({c}) {h}-{m}-{t}"), weight=30),
    "pretty_8": Dirt("8, brackets and dashes", _written("8 ({c}) {h}-{m}-{t}"), weight=20),
    "dashes": Dirt("dashes only", _written("8-{c}-{h}-{m}-{t}"), weight=8),
    "dots": Dirt("dots", _written("+7.{c}.{h}.{m}.{t}")),
    "blanks": Dirt("blanks", _written("8 {c} {h} {m} {t}"), weight=6),
    "uneven": Dirt("blanks in odd places, and around", _written("  +7{c}  {h}{m} {t} ")),
    "nbsp": Dirt("unbreakable and narrow blanks", _written("+7\u00a0{c}\u00a0{h}\u2009{m}\u202f{t}")),
    "typographic_dash": Dirt("long dashes and minus signs", _written("+7 {c} {h}–{m}−{t}")),
    "zero_width": Dirt("invisible marks", _written("\u202a+7{c}\u200b{h}{m}{t}\u202c")),
    "bom": Dirt("a byte order mark in front", _written("\ufeff8{n}")),
    "fullwidth": Dirt("full-width digits", _translated(_FULLWIDTH, "8{n}")),
    "lookalikes": Dirt("letters for digits", _translated(_LOOKALIKE, "8{n}"), readable=False, weight=1),
    "plus_8": Dirt("plus before the trunk prefix", _written("+8{n}")),
    "plus_7_8": Dirt("both prefixes", _written("+78{n}")),
    "eight_seven": Dirt("both prefixes the other way round", _written("87{n}")),
    "double_plus_7": Dirt("the country code twice", _written("+7+7{n}")),
    "double_plus": Dirt("two pluses", _written("++7{n}")),
    "zero_zero": Dirt("international prefix 00", _written("007{n}")),
    "eight_ten": Dirt("international prefix 8-10", _written("8-10-7-{c}-{h}-{m}-{t}")),
    "label": Dirt("a label in front", _written("тел.: +7 {c} {h}-{m}-{t}")),
    "mobile_label": Dirt("a label behind", _written("8{n} (моб.)")),
    "name_behind": Dirt("whose it is, behind", _written("8{n} Мария")),
    "night": Dirt("a remark with digits", _written("+7 {c} {h} {m} {t} звонить после 18")),
    "apostrophe": Dirt("a spreadsheet's apostrophe", _written("'8{n}")),
    "tel_uri": Dirt("a link", _written("tel:+7{n}")),
    "excel_float": Dirt("a number from a spreadsheet", _written("7{n}.0")),
    "excel_science": Dirt(
        "a number a spreadsheet shortened: digits are lost",
        lambda number, _rng: f"{int('7' + number):.5E}".replace("E+0", "E+"),
        readable=False,
        weight=1,
    ),
    "extension": Dirt("an extension in words", _with_extension("+7 ({c}) {h}-{m}-{t} доб. @")),
    "extension_sign": Dirt("an extension after a sign", _with_extension("8{n}#@"), weight=1),
    "extension_commas": Dirt("an extension as a dialler has it", _with_extension("+7{n},,@"), weight=1),
    "extension_bare": Dirt("an extension in brackets", _with_extension("8 {c} {h}-{m}-{t} (@)"), weight=1),
    "two_comma": Dirt("two numbers, a comma", _two("+7{a}, 8{b}")),
    "two_semicolon": Dirt("two numbers, a semicolon", _two("8{a};8{b}")),
    "two_words": Dirt("two numbers, a word", _two("8{a} или 8{b}"), weight=1),
    "two_glued": Dirt("two numbers without a break", _two("8{a}8{b}"), readable=False, weight=1),
    "two_lines": Dirt("two numbers, a line break", _two("+7{a}\n+7{b}"), weight=1),
    "masked": Dirt("digits hidden", _written("+7 {c} ***-**-{t}"), readable=False, weight=1),
    "local": Dirt("without the area code", _written("{h}-{m}-{t}"), readable=False),
    "internal": Dirt("an internal number", _internal, readable=False, weight=1),
    "short": Dirt("a digit lost", _written("8{c}{h}{m}"), readable=False, weight=1),
    "long": Dirt("a digit too many", _written("8{n}0"), readable=False, weight=1),
    "mistyped": Dirt("a digit mistyped", _mistyped, readable=False),
    "e_mail": Dirt("an e-mail address", _address, readable=False, weight=1),
    "a_date": Dirt("a date", _date, readable=False, weight=1),
    "placeholder": Dirt("a placeholder", _junk, readable=False, weight=3),
}
"""Every kind of dirt by name. `e164` is clean, the others are not."""

_NAMES = tuple(DIRT)
_WEIGHTS = tuple(each.weight for each in DIRT.values())
_CUMULATED = tuple(sum(_WEIGHTS[: index + 1]) for index in range(len(_WEIGHTS)))
_READABLE = tuple(name for name in _NAMES if DIRT[name].readable)
_READABLE_CUMULATED = tuple(
    sum(DIRT[name].weight for name in _READABLE[: index + 1]) for index in range(len(_READABLE))
)


def soiled(number: str, rng: Random, *, readable: bool = False) -> tuple[str, str]:
    """A number as somebody typed it: (kind of dirt, text).

    Args:
        number: ten digits.
        rng: chance.
        readable: only kinds from which the number can be read.
    """
    names, weights = (_READABLE, _READABLE_CUMULATED) if readable else (_NAMES, _CUMULATED)
    kind = rng.choices(names, cum_weights=weights)[0]
    return kind, DIRT[kind].write(number, rng)
