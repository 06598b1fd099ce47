"""Identifiers of the demo: well formed, with right check digits, and in ranges that nobody is given."""

from __future__ import annotations

import numpy as np
from stdnum.iso7064 import mod_97_10
from stdnum.jp import cn

from demo.world import Ints

_BASE62 = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", dtype="S1")
_CHECKSUM = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", dtype="S1")
_ID_SPACE = 1 << 40  # below 62 ** 7, the seven digits that count
_ID_STEP = 0x9E3779B97F  # odd, so that n -> n * step is one to one within the space

PREFIXES = {"Account": "001", "Contact": "003", "User": "005", "Opportunity": "006", "OpportunityHistory": "008",
            "Task": "00T"}  # fmt: skip
"""First three characters of a record id, by object, as the CRM publishes them."""


def salesforce_ids(entity: str, serials: Ints, seed: int) -> np.ndarray:
    """Record ids of 18 characters with their checksum, one for each serial; neighbours do not look alike.

    Notes
    -----
    The last three characters say which of the first fifteen are capitals, five at a time, least significant bit
    first, as the CRM's documentation describes.
    """
    prefix = PREFIXES[entity]
    offset = (seed * 2_654_435_761 + int(prefix.replace("T", "9")) * 97_531) % _ID_SPACE
    numbers = (serials.astype(np.uint64) * np.uint64(_ID_STEP) + np.uint64(offset)) % np.uint64(_ID_SPACE)
    letters = np.empty((len(serials), 18), dtype="S1")
    letters[:, :8] = np.frombuffer(f"{prefix}Dm000".encode(), dtype="S1")
    for position in range(14, 7, -1):
        letters[:, position] = _BASE62[(numbers % np.uint64(62)).astype(np.int64)]
        numbers = numbers // np.uint64(62)
    is_capital = (letters[:, :15] >= b"A") & (letters[:, :15] <= b"Z")
    bits = is_capital.reshape(-1, 3, 5) @ np.array([1, 2, 4, 8, 16])
    letters[:, 15:] = _CHECKSUM[bits]
    return np.ascontiguousarray(letters).view("S18").ravel().astype(str)


def hex_ids(rng: np.random.Generator, count: int, length: int, prefix: str = "") -> np.ndarray:
    """Random lower-case hexadecimal ids of `length` digits (even), each behind `prefix`."""
    digits = np.frombuffer(rng.bytes(count * length // 2).hex().encode(), dtype=f"S{length}").astype(str)
    return np.char.add(prefix, digits) if prefix else digits


def corporate_number(serial: int) -> str:
    """A Japanese corporate number of 13 digits; base numbers from 99 on are given to nobody."""
    base = f"99{serial:010d}"
    return str(cn.calc_check_digit(base)) + base


def legal_entity_identifier(serial: int) -> str:
    """A LEI of 20 characters under the issuer prefix ZZZZ, which does not exist."""
    base = f"ZZZZ00{serial:012d}"
    return base + str(mod_97_10.calc_check_digits(base))


def duns_number(number: int) -> str:
    """Nine digits that begin with 00, as no D-U-N-S number in use does."""
    return f"00{number:07d}"
