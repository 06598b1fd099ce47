"""Keys of addresses, postal codes and telephone numbers: equal places have equal keys."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_KANJI_DIGITS: Final = {char: digit for digit, char in enumerate("〇一二三四五六七八九")}
_KANJI_NUMBER: Final = re.compile("[〇一二三四五六七八九十]+(?=丁目|番|号|-)")
_PREFECTURE: Final = re.compile(r"^(?:東京都|北海道|(?:京都|大阪)府|[^\d\s]{2,3}県)")
_BLOCK: Final = re.compile(r"(\d)(?:丁目|番地の|番地|番の|番|号|の)(?=\d|$|\D)")
_JAPANESE: Final = re.compile("[぀-ヿ㐀-鿿]")
_TO_HOUSE_NUMBER: Final = re.compile(r"^(\D*?\d+(?:-\d+)*)")
_DASHES: Final = re.compile("[‐‑‒–—―−ー－ｰ]")
_WORDS: Final = re.compile(r"[^\W_]+")
_STREET_WORDS: Final = {
    "street": "st", "road": "rd", "avenue": "ave", "boulevard": "blvd", "drive": "dr", "lane": "ln", "suite": "ste",
    "floor": "fl", "building": "bldg", "north": "n", "south": "s", "east": "e", "west": "w", "strasse": "str",
}  # fmt: skip
_MIN_ADDRESS: Final = 6
_MIN_PHONE: Final = 8


def address_key(text: str) -> str:
    """Key of a street address down to the house number; '' if it names none.

    Japanese: prefecture, building and floor are cut and 丁目, 番地, 号 in any digits become `1-2-3`.
    Elsewhere: words in order, common street words abbreviated.
    """
    if not text or len(text) > 500:
        return ""
    text = _DASHES.sub("-", unicodedata.normalize("NFKC", text).casefold())
    if not any(char.isdigit() or char in _KANJI_DIGITS for char in text):
        return ""
    if _JAPANESE.search(text):
        text = "".join(text.split())
        text = _KANJI_NUMBER.sub(lambda found: str(_kanji_number(found.group())), text)
        text = _PREFECTURE.sub("", text)
        text = _BLOCK.sub(r"\1-", text)
        found = _TO_HOUSE_NUMBER.match(re.sub(r"-+", "-", text))
        key = found.group(1) if found else ""
        # A bare number or a town without a number is not a place of one company.
        return key if len(key) >= _MIN_ADDRESS and not key[0].isdigit() else ""
    words = [_STREET_WORDS.get(word, word) for word in _WORDS.findall(text)]
    key = " ".join(words)
    return key if len(words) > 1 and len(key) >= _MIN_ADDRESS else ""


def postal_key(text: str) -> str:
    """Postal code in capitals without spaces and dashes; '' if it is too short to tell anything."""
    if not text or len(text) > 30:
        return ""
    key = "".join(_WORDS.findall(unicodedata.normalize("NFKC", text).upper().replace("〒", "")))
    return key if len(key) >= 4 and any(char.isdigit() for char in key) else ""


def phone_key(text: str) -> str:
    """Digits of a telephone number, national form for +81; '' if it cannot be one."""
    if not text or len(text) > 60:
        return ""
    text = unicodedata.normalize("NFKC", text)
    digits = "".join(char for char in text if char.isascii() and char.isdigit())
    if text.strip().startswith("+") or digits.startswith("00"):
        digits = digits.lstrip("0")
        if digits.startswith("81"):
            digits = "0" + digits[2:].lstrip("0")
    return digits if _MIN_PHONE <= len(digits) <= 15 and len(set(digits)) > 2 else ""


def _kanji_number(text: str) -> int:
    """Value of a kanji number below 100, positional (二一) or with 十."""
    if "十" not in text:
        return int("".join(str(_KANJI_DIGITS[char]) for char in text))
    tens, _, units = text.partition("十")
    return 10 * (_kanji_number(tens) if tens else 1) + (
        _kanji_number(units.replace("十", "")) if units.strip("十") else 0
    )
