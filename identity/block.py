"""Candidate pairs: rows that share a key, with a bound on how many are compared under one key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from identity.rarity import split_name

_SET_ASIDE_COLUMNS: Final = ("key", "size")
_MIN_WORD: Final = 3
_PREFIX: Final = 6
_KEYS_PER_NAME: Final = 3


@dataclass(frozen=True)
class Pairs:
    """Pairs of positions, left < right, sorted, each once; and the keys that had too many members to be compared."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    set_aside: pd.DataFrame


def pairs_within(members: Sequence[int] | pd.Series, keys: Sequence[str] | pd.Series, max_size: int) -> Pairs:
    """All pairs of members that share a key.

    Parameters
    ----------
    members : (n,) positions
    keys : (n,) key of each; a member may stand under several keys
    max_size : a key with more distinct members is set aside (columns key, size) instead of compared

    Returns
    -------
    At most sum(size * (size - 1) / 2) <= n * (max_size - 1) / 2 pairs.
    """
    table = pd.DataFrame({"member": np.asarray(members, dtype=np.int64), "key": np.asarray(keys, dtype=object)})
    table = table.drop_duplicates().sort_values(["key", "member"], kind="stable")
    if table.empty:
        return Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), _no_keys())
    codes, names = pd.factorize(table["key"])
    sizes = np.bincount(codes)
    too_large = np.flatnonzero(sizes > max_size)
    set_aside = pd.DataFrame({"key": np.asarray(names, dtype=object)[too_large], "size": sizes[too_large]})

    compared = (sizes[codes] > 1) & (sizes[codes] <= max_size)
    member, code = table["member"].to_numpy()[compared], codes[compared]
    if not len(member):
        return Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), set_aside)
    starts = np.flatnonzero(np.r_[True, code[1:] != code[:-1]])
    ends = np.r_[starts[1:], len(code)]
    # Each member is paired with those behind it under the same key.
    behind = np.repeat(ends, ends - starts) - np.arange(len(code)) - 1
    first = np.repeat(np.arange(len(code)), behind)
    offset = np.arange(len(first)) - np.repeat(np.cumsum(behind) - behind, behind)
    pairs = np.unique(np.column_stack([member[first], member[first + 1 + offset]]), axis=0)
    return Pairs(pairs[:, 0], pairs[:, 1], set_aside)


def similar_name_keys(names: Iterable[tuple[str, str]]) -> tuple[list[int], list[str]]:
    """Blocking keys under which similar names meet.

    Each name gets its rarest words and the beginning of its key, in unspaced scripts its rarest character triples.

    Parameters
    ----------
    names : (name_key, normalised_name)

    Returns
    -------
    (positions, keys), up to four keys for each position.
    """
    features: list[list[str]] = []
    found: set[str]
    for key, normalised in names:
        unspaced, parts = split_name(key, normalised)
        if unspaced:
            size = min(3, len(key))
            found = {key[at : at + size] for at in range(len(key) - size + 1)}
        else:
            found = {word for word in parts if len(word) >= _MIN_WORD}
            if len(key) >= _PREFIX:
                found.add(f"^{key[:_PREFIX]}")
        features.append(sorted(found))
    counts = Counter(feature for each in features for feature in each)
    members: list[int] = []
    keys: list[str] = []
    for position, each in enumerate(features):
        # A feature that only one name has leads nowhere.
        shared = sorted(
            (feature for feature in each if counts[feature] > 1), key=lambda feature: (counts[feature], feature)
        )
        for feature in shared[:_KEYS_PER_NAME]:
            members.append(position)
            keys.append(feature)
    return members, keys


def blocks_of(
    table: pd.DataFrame, keys: tuple[str, ...], columns: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], list[tuple[int, ...]]]]:
    """Groups of two or more rows with equal keys, in the order of the table, which has to be sorted by the keys.

    Yields the values of the keys, and for each row of the group the values of the columns.
    """
    names = list(zip(*(table[key].tolist() for key in keys), strict=True))
    values = list(zip(*(table[column].tolist() for column in columns), strict=True))
    start = 0
    for at in range(1, len(names) + 1):
        if at == len(names) or names[at] != names[start]:
            if at - start > 1:
                yield names[start], values[start:at]
            start = at


def _no_keys() -> pd.DataFrame:
    return pd.DataFrame({column: [] for column in _SET_ASIDE_COLUMNS})
