"""Keys of addresses, postal codes and telephone numbers: equal places have equal keys."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity.text import CharacterMap, Words, split_words

_KANJI_DIGITS: Final = {char: digit for digit, char in enumerate("〇一二三四五六七八九")}
_KANJI_NUMBER: Final = re.compile("[〇一二三四五六七八九十]+(?=丁目|番|号|-)")
_PREFECTURE: Final = re.compile(r"(?m)^(?:東京都|北海道|(?:京都|大阪)府|[^\d\s]{2,3}県)")
_BLOCK: Final = re.compile(r"(\d)(?:丁目|番地の|番地|番の|番|号|の)(?=\d|$|\D)")
_JAPANESE: Final = re.compile("[぀-ヿ㐀-鿿]")
_TO_HOUSE_NUMBER: Final = re.compile(r"\D*\d+(?:-\d+)*")
_DASHES: Final = re.compile("[‐‑‒–—―−ー－ｰ]")
_WORDS: Final = re.compile(r"[^\W_]+")
_STREET_WORDS: Final = {
    "street": "st", "road": "rd", "avenue": "ave", "boulevard": "blvd", "drive": "dr", "lane": "ln", "suite": "ste",
    "floor": "fl", "building": "bldg", "north": "n", "south": "s", "east": "e", "west": "w", "strasse": "str",
    "avenida": "av", "calle": "c", "place": "pl", "square": "sq", "court": "ct", "highway": "hwy", "parkway": "pkwy", "rue": "r",
}  # fmt: skip
_STREET_END: Final = re.compile(r"stra(?:ss|ß)e\b|str\.")
_SPACES: Final = re.compile(r"[^\S\n]+")
_SEVERAL_DASHES: Final = re.compile("--+")
_DIGITS: Final = re.compile("[0-9]+")
_STREET_LONG: Final = pa.array(list(_STREET_WORDS), pa.large_string())
_STREET_SHORT: Final = pa.array(list(_STREET_WORDS.values()), pa.large_string())
_IN_WORDS: Final = CharacterMap(lambda char: char if char == "\n" or char.isalnum() else " ")
_MIN_ADDRESS: Final = 6
_MAX_ADDRESS: Final = 500
_MIN_PHONE: Final = 7  # a local number without its area code


def address_keys(texts: Sequence[str]) -> list[str]:
    """Keys of street addresses down to the house number; '' for one that names none.

    Japanese: prefecture, building and floor are cut and 丁目, 番地, 号 in any digits become `1-2-3`.
    Elsewhere: words in order, common street words abbreviated.
    """
    if not texts:
        return []
    usable = [text if len(text) <= _MAX_ADDRESS else "" for text in texts]
    lines = "\n".join([text.replace("\n", " ") if "\n" in text else text for text in usable])
    if not lines.isascii():
        # To see that a text is normalised takes a small part of the time that normalising does.
        lines = "\n".join(
            [
                line if unicodedata.is_normalized("NFKC", line) else unicodedata.normalize("NFKC", line)
                for line in lines.split("\n")
            ]
        )
    keys = _DASHES.sub("-", lines.casefold()).split("\n")
    japanese = [at for at, line in enumerate(keys) if not line.isascii() and _JAPANESE.search(line)]
    is_japanese = set(japanese)
    others = [at for at in range(len(keys)) if at not in is_japanese] if japanese else list(range(len(keys)))
    for places, function in ((japanese, _japanese_keys), (others, _general_keys)):
        for at, key in zip(places, function([keys[at] for at in places]), strict=True):
            keys[at] = key
    return keys


def address_key(text: str) -> str:
    """Key of one street address."""
    return address_keys([text])[0]


def postal_key(text: str) -> str:
    """Postal code in capitals without spaces and dashes; '' if it is too short to tell anything."""
    if not text or len(text) > 30:
        return ""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("〒", "")
    key = "".join(_WORDS.findall(text.upper()))
    return key if len(key) >= 4 and any(char.isdigit() for char in key) else ""


def phone_key(text: str) -> str:
    """Digits of a telephone number, national form for +81; '' if it cannot be one."""
    if not text or len(text) > 60:
        return ""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    digits = "".join(_DIGITS.findall(text))
    if text.lstrip().startswith("+") or digits.startswith("00"):
        digits = digits.lstrip("0")
        if digits.startswith("81"):
            digits = "0" + digits[2:].lstrip("0")
    return digits if _MIN_PHONE <= len(digits) <= 15 and len(set(digits)) > 2 else ""


def _japanese_keys(lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    text = _SPACES.sub("", "\n".join(lines))
    text = _KANJI_NUMBER.sub(lambda found: str(_kanji_number(found.group())), text)
    text = _PREFECTURE.sub("", text)
    text = _BLOCK.sub(r"\1-", text)
    text = _SEVERAL_DASHES.sub("-", text)
    keys = []
    for line in text.split("\n"):
        found = _TO_HOUSE_NUMBER.match(line)
        key = found.group() if found else ""
        # A bare number or a town without a number is not a place of one company.
        keys.append(key if len(key) >= _MIN_ADDRESS and not key[0].isdigit() else "")
    return keys


def _general_keys(lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    words = split_words(_IN_WORDS.map(_STREET_END.sub("str ", "\n".join(lines))).split("\n"))
    place = pc.index_in(words.texts, value_set=_STREET_LONG)
    words = Words(pc.coalesce(_STREET_SHORT.take(place), words.texts), words.starts)
    words = words.kept(~words.are("no"))
    is_several = np.diff(words.starts) > 1
    return [
        key if several and len(key) >= _MIN_ADDRESS and _DIGITS.search(key) else ""
        for key, several in zip(words.joined(), is_several.tolist(), strict=True)
    ]


def _kanji_number(text: str) -> int:
    """Value of a kanji number below 100, positional (二一) or with 十."""
    if "十" not in text:
        return int("".join(str(_KANJI_DIGITS[char]) for char in text))
    tens, _, units = text.partition("十")
    return 10 * (_kanji_number(tens) if tens else 1) + (
        _kanji_number(units.replace("十", "")) if units.strip("十") else 0
    )
