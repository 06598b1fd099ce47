"""Keys of addresses, postal codes and telephone numbers: equal places have equal keys."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity.lines import (
    CharacterMap,
    Flags,
    Ints,
    Words,
    are_ascii,
    bytes_of,
    column_of,
    flags_of,
    has,
    joined,
    lines_of,
    listed,
    mapped,
    merged,
    split_lines,
    with_bytes,
)
from identity.text import composed

_KANJI_DIGITS: Final = {char: digit for digit, char in enumerate("〇一二三四五六七八九")}
_KANJI_NUMBER: Final = re.compile("[〇一二三四五六七八九十]+(?=丁目|番|号|-)")
_PREFECTURE: Final = re.compile(r"(?m)^(?:東京都|北海道|(?:京都|大阪)府|[^\d\s]{2,3}県)")
_BLOCK: Final = re.compile(r"(\d)(?:丁目|番地の|番地|番の|番|号|の)(?=\d|$|\D)")
_JAPANESE: Final = "[぀-ヿ㐀-鿿]"
# One match on each line, of nothing if there is no number.
_TO_HOUSE_NUMBERS: Final = re.compile(r"(?m)^(?:[^\d\n]*\d+(?:-\d+)*)?")
_DASHES: Final = frozenset("‐‑‒–—―−ー－ｰ")
_WORDS: Final = re.compile(r"[^\W_]+")
_STREET_WORDS: Final = {
    "street": "st", "road": "rd", "avenue": "ave", "boulevard": "blvd", "drive": "dr", "lane": "ln", "suite": "ste",
    "floor": "fl", "building": "bldg", "north": "n", "south": "s", "east": "e", "west": "w", "strasse": "str",
    "avenida": "av", "calle": "c", "place": "pl", "square": "sq", "court": "ct", "highway": "hwy", "parkway": "pkwy", "rue": "r",
}  # fmt: skip
_STREET_END: Final = re.compile(r"stra(?:ss|ß)e\b|str\.")
_SPACES: Final = re.compile(r"[^\S\n]+")
_SEVERAL_DASHES: Final = re.compile("--+")
_IS_DIGIT: Final = np.array([chr(byte) in "0123456789" for byte in range(256)])
_IS_LETTER_OR_DIGIT: Final = np.array([byte < 128 and chr(byte).isalnum() for byte in range(256)])
# How many bits are set in a number of ten.
_BITS: Final = np.array([bin(bits).count("1") for bits in range(1 << 10)])
_STREET_LONG: Final = pa.array(list(_STREET_WORDS), pa.large_string())
_STREET_SHORT: Final = pa.array(list(_STREET_WORDS.values()), pa.large_string())
_IN_WORDS: Final = CharacterMap(lambda char: char if char == "\n" or char.isalnum() else " ")
_PLAIN: Final = CharacterMap(
    lambda char: "-" if char in _DASHES else "".join("-" if part in _DASHES else part for part in char.casefold())
)
_MIN_ADDRESS: Final = 6
_MAX_ADDRESS: Final = 500
_MIN_PHONE: Final = 7  # a local number without its area code
_MAX_PHONE: Final = 15
_MAX_PHONE_TEXT: Final = 60
_SAME_DIGITS: Final = 2
_MIN_POSTAL_CODE: Final = 4
_MAX_POSTAL_CODE: Final = 30


def address_keys(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    """Keys of street addresses down to the house number; '' for one that names none.

    Japanese: prefecture, building and floor are cut and 丁目, 番地, 号 in any digits become `1-2-3`.
    Elsewhere: words in order, common street words abbreviated.
    """
    texts = _up_to(texts, _MAX_ADDRESS)
    is_ascii = are_ascii(texts)
    mask = pa.array(is_ascii)
    lines = mapped(texts.filter(pc.invert(mask)), lambda text: _PLAIN.map(composed(text)))
    is_general = ~has(lines, _JAPANESE)
    general = pa.array(is_general)
    others = merged(is_general, _general_keys(lines.filter(general)), _japanese_keys(lines.filter(pc.invert(general))))
    return merged(is_ascii, _general_keys(pc.ascii_lower(texts.filter(mask))), others)


def address_key(text: str) -> str:
    """Key of one street address."""
    key: str = address_keys(column_of([text]))[0].as_py()
    return key


def postal_keys(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    """Postal codes in capitals without spaces and dashes; '' for one that is too short to tell anything."""
    texts = _up_to(texts, _MAX_POSTAL_CODE)
    is_ascii = are_ascii(texts)
    mask = pa.array(is_ascii)
    keys = with_bytes(pc.ascii_upper(texts.filter(mask)), _IS_LETTER_OR_DIGIT)
    keys = _where((np.diff(bytes_of(keys)[1]) >= _MIN_POSTAL_CODE) & has(keys, "[0-9]"), keys)
    others = [_postal_key(text) for text in listed(texts.filter(pc.invert(mask)))]
    return merged(is_ascii, keys, column_of(others))


def postal_key(text: str) -> str:
    """Postal code in capitals without spaces and dashes; '' if it is too short to tell anything."""
    key: str = postal_keys(column_of([text]))[0].as_py()
    return key


def phone_keys(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    """Digits of telephone numbers, national form for +81; '' for one that cannot be one."""
    texts = _up_to(texts, _MAX_PHONE_TEXT)
    is_ascii = are_ascii(texts)
    mask = pa.array(is_ascii)
    texts = merged(is_ascii, texts.filter(mask), mapped(texts.filter(pc.invert(mask)), composed))
    is_abroad = flags_of(pc.starts_with(texts, "+"))
    for at in np.flatnonzero(has(texts, r"^[^+0-9A-Za-z(-]+\+")).tolist():
        is_abroad[at] = texts[at].as_py().lstrip().startswith("+")
    digits = with_bytes(texts, _IS_DIGIT)
    is_abroad |= flags_of(pc.starts_with(digits, "00"))
    national = pc.utf8_ltrim(digits, "0")
    of_japan = pc.binary_join_element_wise(
        pa.scalar("0", pa.large_string()),
        pc.utf8_ltrim(pc.utf8_slice_codeunits(national, 2), "0"),
        pa.scalar("", pa.large_string()),
    )
    national = pc.if_else(pc.starts_with(national, "81"), of_japan, national)
    digits = pc.if_else(pa.array(is_abroad), national, digits)
    data, places = bytes_of(digits)
    sizes = np.diff(places)
    is_number = (sizes >= _MIN_PHONE) & (sizes <= _MAX_PHONE)
    is_number[is_number] = _distinct_digits(data, places, is_number) > _SAME_DIGITS
    return _where(is_number, digits)


def phone_key(text: str) -> str:
    """Digits of a telephone number, national form for +81; '' if it cannot be one."""
    key: str = phone_keys(column_of([text]))[0].as_py()
    return key


def _up_to(texts: pa.LargeStringArray, length: int) -> pa.LargeStringArray:
    """Texts, '' in the place of longer ones."""
    return pc.if_else(pc.less_equal(pc.utf8_length(texts), length), texts, "")


def _where(flags: Flags, texts: pa.LargeStringArray) -> pa.LargeStringArray:
    return pc.if_else(pa.array(flags), texts, "")


def _distinct_digits(data: NDArray[np.uint8], places: Ints, flags: Flags) -> Ints:
    """Number of distinct digits of each text, none of them empty, for which a flag is set."""
    if not flags.any():
        return np.zeros(0, np.int64)
    bits = np.append(np.left_shift(1, (data - ord("0")).astype(np.int16)).astype(np.int16), np.int16(0))
    bounds = np.stack([places[:-1][flags], places[1:][flags]], axis=1).ravel()
    counts: Ints = _BITS[np.bitwise_or.reduceat(bits, bounds)[::2]]
    return counts


def _postal_key(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).replace("〒", "")
    key = "".join(_WORDS.findall(text.upper()))
    return key if len(key) >= _MIN_POSTAL_CODE and any(char.isdigit() for char in key) else ""


def _japanese_keys(lines: pa.LargeStringArray) -> pa.LargeStringArray:
    if not len(lines):
        return lines
    text = _SPACES.sub("", joined(lines))
    text = _KANJI_NUMBER.sub(lambda found: str(_kanji_number(found.group())), text)
    text = _PREFECTURE.sub("", text)
    text = _BLOCK.sub(r"\1-", text)
    text = _SEVERAL_DASHES.sub("-", text)
    # A bare number or a town without a number is not a place of one company.
    keys = [key if len(key) >= _MIN_ADDRESS and not key[0].isdigit() else "" for key in _TO_HOUSE_NUMBERS.findall(text)]
    return lines_of("\n".join(keys))


def _general_keys(lines: pa.LargeStringArray) -> pa.LargeStringArray:
    if not len(lines):
        return lines
    words = split_lines(_IN_WORDS.map(_STREET_END.sub("str ", joined(lines))))
    place = pc.index_in(words.texts, value_set=_STREET_LONG)
    is_long = pc.is_valid(place)
    words = Words(pc.replace_with_mask(words.texts, is_long, _STREET_SHORT.take(place.filter(is_long))), words.starts)
    words = words.kept(~words.are("no"))
    keys = words.joined()
    is_long_enough = flags_of(pc.greater_equal(pc.utf8_length(keys), _MIN_ADDRESS))
    return _where(is_long_enough & (np.diff(words.starts) > 1) & has(keys, "[0-9]"), keys)


def _kanji_number(text: str) -> int:
    """Value of a kanji number below 100, positional (二一) or with 十."""
    if "十" not in text:
        return int("".join(str(_KANJI_DIGITS[char]) for char in text))
    tens, _, units = text.partition("十")
    return 10 * (_kanji_number(tens) if tens else 1) + (
        _kanji_number(units.replace("十", "")) if units.strip("十") else 0
    )
