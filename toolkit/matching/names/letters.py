"""Spellings brought to one form: case, ё, look-alike letters, invisible marks, two alphabets."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["folded", "in_latin_looks", "is_latin", "skeleton"]

# Marks that change nothing a person sees: zero-width, bidi, BOM, soft hyphen, stress.
_INVISIBLE = re.compile("[\u00ad\u0300\u0301\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_NEIGHBOURS = str.maketrans("ёіїєґәғқңөұүһў", "еииегагкноуухв")
_TO_CYRILLIC = str.maketrans("aceopxykmhtb", "асеорхукмнтв")
_TO_LATIN = str.maketrans("асеорхукмнтві", "aceopxykmhtbi")
_PUNCTUATION = str.maketrans(
    dict.fromkeys("`´‘’ʼ′", "'") | dict.fromkeys("«»“”„‟", '"') | dict.fromkeys("‐‑‒–—―−", "-")
)
_CYRILLIC = re.compile("[а-яёіїєґәғқңөұүһў]")
_LATIN = re.compile("[a-z]")
_MIXED = re.compile(r"\w+")

_ALPHABET = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
_SPELLED = "a,b,v,g,d,e,zh,z,i,y,k,l,m,n,o,p,r,s,t,u,f,kh,ts,ch,sh,shch,,y,,e,yu,ya"
_SPELL = dict(zip(_ALPHABET, _SPELLED.split(","), strict=True))
_SPELLING = str.maketrans(_SPELL)
# Schemes of transliteration differ in these; one sound, one sign. Longest first.
_SOUNDS = [
    ("shch", "w"), ("sch", "w"), ("tch", "q"), ("sh", "w"), ("zh", "j0"), ("kh", "h"), ("ch", "q"),
    ("ts", "c"), ("tz", "c"), ("iya", "a"), ("iia", "a"), ("ija", "a"), ("ia", "a"), ("ya", "a"), ("ja", "a"),
    ("yu", "u"), ("iu", "u"), ("ju", "u"), ("yo", "e"), ("jo", "e"), ("ye", "e"), ("je", "e"),
    ("ck", "k"), ("ph", "f"), ("x", "ks"), ("w", "v"), ("y", "i"), ("j", "i"), ("'", ""), ("-", ""),
]  # fmt: skip
_SOUND = re.compile("|".join(re.escape(s) for s, _ in _SOUNDS))
_SIGN = {sound: sign for sound, sign in _SOUNDS if sound != "zh"} | {"zh": "j"}
_REPEATED = re.compile(r"(.)\1+")


def folded(text: str) -> str:
    """The text as it compares: one case, ё as е, one kind of quote and dash, no invisible marks.

    A word that mixes alphabets (a Latin `o` inside a Cyrillic surname) is brought to the one most of its
    letters belong to. Letters of neighbouring languages fall to the Russian ones they are confused with.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    kept = unicodedata.normalize("NFKC", text).translate(_PUNCTUATION)
    kept = unicodedata.normalize("NFC", _INVISIBLE.sub("", kept)).casefold()
    if _LATIN.search(kept):
        kept = _MIXED.sub(_one_alphabet, kept)
        kept = _without_accents(kept)
    return " ".join(kept.translate(_NEIGHBOURS).split())


def is_latin(word: str) -> bool:
    """Whether a folded word is written in Latin letters only."""
    return bool(_LATIN.search(word)) and not _CYRILLIC.search(word)


def in_latin_looks(word: str) -> str:
    """A folded word with the Cyrillic letters that look Latin written so: 1с and 1c are one sign on paper."""
    return word.translate(_TO_LATIN)


@lru_cache(maxsize=1 << 16)
def skeleton(word: str) -> str:
    """A folded word by its sounds in Latin signs, whichever scheme of transliteration wrote it.

    `Щербаков`, `Shcherbakov` and `Scherbakov` have one skeleton; so have `Юлия` and `Julia`.
    """
    spelled = _REPEATED.sub(r"\1", word.translate(_SPELLING))
    sounds = _REPEATED.sub(r"\1", _SOUND.sub(lambda found: _SIGN[found.group()], spelled))
    return sounds[:-2] + "ov" if sounds.endswith("of") else sounds


def _one_alphabet(found: re.Match[str]) -> str:
    word = found.group()
    latin, cyrillic = len(_LATIN.findall(word)), len(_CYRILLIC.findall(word))
    if not latin or not cyrillic:
        return word
    return word.translate(_TO_CYRILLIC if cyrillic >= latin else _TO_LATIN)


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    # й is и with a mark: only marks over Latin letters are taken off.
    out: list[str] = []
    for letter in text:
        base = unicodedata.normalize("NFD", letter)[0]
        out.append(base if base.isascii() else letter)
    return "".join(out)
