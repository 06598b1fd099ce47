"""Record ids: 15 characters, and the 18-character form whose last three spell out the letters' case."""

from __future__ import annotations

import re

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECK_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
INSTANCE = (
    "Sb0"  # characters 4 to 6 of every id made here, so that a made id is never one that was restored from an org
)

_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")


def has_id_shape(text: str) -> bool:
    """True if `text` is 15 or 18 letters and digits. The checksum is not looked at."""
    return _SHAPE.fullmatch(text) is not None


def checksum(id15: str) -> str:
    """The three characters that turn a 15-character id into its case-safe form.

    One character per five: bit i is set where character i is an upper-case letter.

    Examples
    --------
    >>> checksum("001A0000006Vm9r")
    'IAC'
    """
    letters = []
    for start in (0, 5, 10):
        bits = sum(
            1 << position for position, character in enumerate(id15[start : start + 5]) if "A" <= character <= "Z"
        )
        letters.append(CHECK_ALPHABET[bits])
    return "".join(letters)


def to_18(text: str) -> str:
    """The 18-character form of an id; one that already has 18 is returned as it is, whatever its checksum."""
    return text + checksum(text) if len(text) == 15 else text


def make_id(key_prefix: str, number: int) -> str:
    """The 18-character id of the `number`-th record (from 1) made here of one object."""
    digits = ""
    while number:
        number, remainder = divmod(number, 62)
        digits = ALPHABET[remainder] + digits
    return to_18(f"{key_prefix}{INSTANCE}{digits:0>9}")
