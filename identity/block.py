"""Candidate pairs: members that share a key, with a bound on how many are compared under one key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity.runs import Ints, distinct, numbered, order_of, pairs_in_runs, ranks_in_runs, run_sizes, run_starts
from identity.text import are_unspaced

_MIN_WORD: Final = 3
_END_LETTERS: Final = 6
_GRAM: Final = 3
_KEYS_PER_NAME: Final = 3
# 21 bits hold any character.
_POINT_BITS: Final = 21


@dataclass(frozen=True)
class Pairs:
    """Pairs of members, left < right, sorted, each once; and the keys with too many members to be compared, with their sizes."""

    left: Ints
    right: Ints
    large_keys: Ints
    large_sizes: Ints


def pairs_within(members: Ints | Sequence[int], keys: Ints | Sequence[int], max_size: int) -> Pairs:
    """All pairs of members that share a key.

    Parameters
    ----------
    members : (n,) numbers >= 0
    keys : (n,) key of each, a number >= 0; a member may stand under several keys
    max_size : a key with more distinct members is set aside instead of compared

    Returns
    -------
    At most sum(size * (size - 1) / 2) <= n * (max_size - 1) / 2 pairs.
    """
    member, key = np.asarray(members, dtype=np.int64), np.asarray(keys, dtype=np.int64)
    none = np.zeros(0, np.int64)
    if not len(member):
        return Pairs(none, none, none, none)
    span = int(member.max()) + 1
    found = distinct(key * span + member)
    key, member = found // span, found % span
    starts = run_starts(key)
    sizes = run_sizes(starts, len(key))
    is_large = sizes > max_size
    compared = np.repeat((sizes > 1) & ~is_large, sizes)
    left, right = pairs_in_runs(member[compared], sizes[(sizes > 1) & ~is_large])
    pairs = distinct(left * span + right)
    return Pairs(pairs // span, pairs % span, key[starts[is_large]], sizes[is_large])


def similar_name_keys(name_keys: Sequence[str], name_texts: Sequence[str]) -> tuple[Ints, Ints]:
    """Blocking keys under which similar names of one set meet.

    Parameters
    ----------
    name_keys, name_texts : (n,) distinct names, as keys and readable

    Returns
    -------
    (positions, keys), up to three keys for each position; each key has several names.
    """
    features = name_features(name_keys, name_texts)
    # A feature that only one name has leads nowhere.
    shared = np.bincount(features.code, minlength=len(features.values))[features.code] > 1
    position, code = features.position[shared], features.code[shared]
    chosen = choose_features(NameFeatures(position, code, features.values))
    return position[chosen], code[chosen]


@dataclass(frozen=True)
class NameFeatures:
    """Words, beginnings, ends and character triples of names.

    Attributes
    ----------
    position, code : (m,) a name and one of its features, as a place in `values`; sorted, each once
    values : hashes of the features, ascending; they do not depend on the names among which one stands
    """

    position: Ints
    code: Ints
    values: NDArray[np.uint64]

    def hashes(self, at: Ints) -> NDArray[np.uint64]:
        """Hashes of the features of some rows."""
        return self.values[self.code[at]]


def name_features(name_keys: Sequence[str], name_texts: Sequence[str]) -> NameFeatures:
    """Features by which similar names may meet: words, and the beginning and end of the key; in unspaced scripts triples."""
    keys, texts = pa.array(name_keys, pa.string()), pa.array(name_texts, pa.string())
    unspaced = are_unspaced(keys)
    spaced_at, unspaced_at = np.flatnonzero(~unspaced), np.flatnonzero(unspaced)
    is_spaced = pa.array(~unspaced)
    words, word_at, word = _word_features(keys.filter(is_spaced), texts.filter(is_spaced))
    grams, gram_at, gram = _gram_features(keys.filter(pa.array(unspaced)))
    # Two words may have one hash; words and triples have not.
    values, of_feature = np.unique(np.r_[words, grams], return_inverse=True)
    codes = of_feature[np.r_[word, gram + len(words)]]
    positions = np.r_[spaced_at[word_at], unspaced_at[gram_at]]
    found = distinct(positions * max(len(values), 1) + codes)
    return NameFeatures(found // max(len(values), 1), found % max(len(values), 1), values)


def choose_features(features: NameFeatures, counts: Ints | None = None) -> Ints:
    """Rows of the features under which each name is compared: the three rarest, and all that at most one name has.

    Parameters
    ----------
    counts : number of names that have each feature; None counts these names
    """
    position, code = features.position, features.code
    if counts is None:
        counts = np.bincount(code, minlength=len(features.values))
    # A feature of one name costs nothing, and is where a new name meets it.
    several = counts[code] > 1
    at = np.flatnonzero(several)
    # The rarest first; codes ascend with the hashes.
    rank = np.empty(len(features.values), np.int64)
    rank[order_of(counts)] = np.arange(len(rank))
    at = at[order_of(position[at], rank[code[at]])]
    place = ranks_in_runs(run_sizes(run_starts(position[at]), len(at)))
    return np.sort(np.r_[np.flatnonzero(~several), at[place < _KEYS_PER_NAME]])


def _word_features(keys: pa.Array, texts: pa.Array) -> tuple[NDArray[np.uint64], Ints, Ints]:
    """Words of names, and the beginning and end of their keys.

    Returns
    -------
    hashes, which do not depend on the other names; names, and the places in the hashes of what they have
    """
    lists = pc.split_pattern(texts, " ")
    words, parents = pc.list_flatten(lists), pc.list_parent_indices(lists).to_numpy()
    long_words = pc.greater_equal(pc.utf8_length(words), _MIN_WORD)
    long_keys = pc.greater_equal(pc.utf8_length(keys), _END_LETTERS)
    at = np.flatnonzero(long_keys.to_numpy(zero_copy_only=False))
    ends = [
        pc.binary_join_element_wise("^", pc.utf8_slice_codeunits(keys.filter(long_keys), 0, _END_LETTERS), ""),
        pc.binary_join_element_wise(pc.utf8_slice_codeunits(keys.filter(long_keys), -_END_LETTERS), "$", ""),
    ]
    positions = np.r_[parents[long_words.to_numpy(zero_copy_only=False)], at, at].astype(np.int64)
    encoded = pa.concat_arrays([words.filter(long_words), *ends]).dictionary_encode()
    hashes = pd.util.hash_array(encoded.dictionary.to_numpy(zero_copy_only=False).astype(object), categorize=False)
    # The highest bit keeps words apart from character triples.
    return hashes | np.uint64(1 << 63), positions, encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _gram_features(keys: pa.Array) -> tuple[NDArray[np.uint64], Ints, Ints]:
    """Character triples of names, of a shorter name the whole.

    Returns
    -------
    triples as numbers; names, and the places in the triples of what they have
    """
    points = np.frombuffer("".join(keys.to_pylist()).encode("utf-32-le"), np.uint32)
    lengths = pc.utf8_length(keys).to_numpy(zero_copy_only=False).astype(np.int64)
    starts = np.cumsum(lengths) - lengths
    grams = np.maximum(lengths - _GRAM + 1, np.minimum(lengths, 1))
    position = np.repeat(np.arange(len(keys)), grams)
    first = np.repeat(starts, grams) + ranks_in_runs(grams)
    last = np.repeat(starts + lengths, grams)
    used = np.flatnonzero(np.bincount(points))
    # Behind the end of a name stands 0; the characters met have numbers from 1, so that three of them sort quickly.
    number = np.zeros(int(points.max(initial=0)) + 1, np.int64)
    number[used] = np.arange(1, len(used) + 1)
    numbers = np.append(number[points], 0)
    bits = len(used).bit_length()
    code = np.zeros(len(position), np.int64)
    for offset in range(_GRAM):
        inside = first + offset < last
        code = (code << bits) | np.where(inside, numbers[np.minimum(first + offset, len(points))], 0)
    triples, place, _ = numbered(code)
    met = np.append(np.uint64(0), used.astype(np.uint64))
    values = np.zeros(len(triples), np.uint64)
    for offset in reversed(range(_GRAM)):
        values = (values << np.uint64(_POINT_BITS)) | met[(triples >> (bits * offset)) & ((1 << bits) - 1)]
    return values & np.uint64((1 << 63) - 1), position, place
