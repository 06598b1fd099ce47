"""How rare a name is: how many other companies carry it by chance, learned from the records themselves."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity.runs import Ints, numbered
from identity.text import UNSPACED, are_unspaced

Floats = NDArray[np.float64]

# Weight of what follows what against how frequent a word is alone; half each, as neither is right by itself.
_CHAIN: Final = 0.5
_UNSEEN: Final = 0.5
# Share of names that two or more companies carry, before the data speak: 4 of 100 one-word names (10 of very short ones)
# and 2 of 100 longer ones among 15,000 brands with domains; 1 of 100 of 7,000 Japanese companies with corporate numbers.
_PRIOR_SHARES: Final = ((5, 0.1), (9, 0.05), (10**6, 0.02))
_PRIOR_SHARE_LONG: Final = 0.02
_PRIOR_SHARE_UNSPACED: Final = 0.02
# The prior counts as so many names.
_PRIOR_WEIGHT: Final = 50
_LONGEST: Final = 12
_MOST_WORDS: Final = 3
_UNKNOWN_NAMES: Final = 1000
# Companies that a list is drawn from, as it were: a name made of common words only is carried by several of so many.
_COMPANIES_AROUND: Final = 1_000
_SHAPES: Final = (2 * _MOST_WORDS + 2) * (_LONGEST + 1)
# No name holds a control character.
_START, _END = "\x02", "\x03"
# At least one in ten of the names made of common words only is carried by another company too.
_COMMON_WORDS_ONLY: Final = 0.1


@dataclass(frozen=True)
class NameStatistics:
    """What names were learned from, as tables, so that a later run can judge new names by the same measure.

    Attributes
    ----------
    names : name_key, expected_count, chance_count of the names learned from
    words : is_character, word, count, followed_count; a name is its words between a start and an end
    links : is_character, left_word, right_word, count
    chains : is_character, name_count, link_count
    shapes : shape, known_count, repeated_count: of the names of a shape how many are known to be a company's, and how many
        to be several companies'
    """

    names: pa.Table
    words: pa.Table
    links: pa.Table
    chains: pa.Table
    shapes: pa.Table


class NameRarity:
    """Chance model of names: a chain of words, or of characters where a script writes no spaces.

    Parameters
    ----------
    keys, texts : (n,) distinct name keys with their readable names; how often a name occurs does not matter, only how its words
        are spread over different names. Holdings, Japan, 日本 and Bank become cheap by themselves.
    company_counts : (n,) number of companies that are known to be different (by domain, corporate number or provider) under
        each name; 0 where nothing is known
    common : words that many companies have in their names, with the share that has them, 0 to 1; of unspaced scripts, parts of
        names
    statistics : what was learned from other names; None learns from these

    Attributes
    ----------
    expected_count : (n,) other companies that carry the name by chance, > 0. The larger of two estimates: what the chain of its
        words gives among as many names as there are (the name itself left out of the counts), and how often names of its shape
        (script, number of words, letters) are known to be carried twice. Above 1 the name tells little; far below 1 two records
        of this name are most likely one company.
    chance_count : (n,) the first of the two estimates alone
    is_unspaced : (n,) whether a name is written in a script without spaces
    """

    def __init__(
        self,
        keys: Sequence[str],
        texts: Sequence[str],
        company_counts: NDArray[np.int64] | None = None,
        common: Mapping[str, float] | None = None,
        statistics: NameStatistics | None = None,
    ) -> None:
        self._keys, self._common = keys, common or {}
        counts = np.zeros(len(keys), np.int64) if company_counts is None else company_counts
        whole = pa.array(keys, pa.string())
        self.is_unspaced = unspaced = are_unspaced(whole)
        spaced_at, unspaced_at = np.flatnonzero(~unspaced), np.flatnonzero(unspaced)
        words = _words(pa.array(texts, pa.string()).filter(pa.array(~unspaced)))
        characters = _characters(whole.filter(pa.array(unspaced)))
        expected = np.zeros(len(keys))
        if statistics is None:
            self._words, expected[spaced_at] = _Chain.learn(*words)
            self._characters, expected[unspaced_at] = _Chain.learn(*characters)
        else:
            self._words, self._characters = (_Chain.recall(statistics, flag) for flag in (False, True))
            expected[spaced_at] = self._words.expected_counts(*words)
            expected[unspaced_at] = self._characters.expected_counts(*characters)
        lengths = pc.utf8_length(whole).to_numpy(zero_copy_only=False).astype(np.int64)
        word_counts = np.ones(len(keys), np.int64)
        word_counts[spaced_at] = np.minimum(words[1], _MOST_WORDS)
        shapes = (unspaced * (_MOST_WORDS + 1) + word_counts) * (_LONGEST + 1) + np.where(
            word_counts == 1, np.minimum(lengths, _LONGEST), 0
        )
        priors = np.select(
            [unspaced, word_counts > 1, *(lengths <= longest for longest, _ in _PRIOR_SHARES)],
            [_PRIOR_SHARE_UNSPACED, _PRIOR_SHARE_LONG, *(share for _, share in _PRIOR_SHARES)],
            0.0,
        )
        if statistics is None:
            self._known = np.bincount(shapes[counts > 0], minlength=_SHAPES)
            self._repeated = np.bincount(shapes[counts > 1], minlength=_SHAPES)
        else:
            self._known, self._repeated = np.zeros((2, _SHAPES), np.int64)
            shape = statistics.shapes["shape"].to_numpy()
            self._known[shape] = statistics.shapes["known_count"].to_numpy()
            self._repeated[shape] = statistics.shapes["repeated_count"].to_numpy()
        shares = (self._repeated[shapes] + _PRIOR_WEIGHT * priors) / (self._known[shapes] + _PRIOR_WEIGHT)
        self.chance_count: Floats = expected
        self.expected_count: Floats = np.maximum(expected, shares)
        if common:
            beginnings = {word[:2] for word in common}
            may_be_common = spaced_at[_all_among(words, common)].tolist()
            may_be_common += [at for at in unspaced_at.tolist() if keys[at][:2] in beginnings or keys[at][0] in common]
            for at in may_be_common:
                share = _common_share(keys[at], texts[at] if not unspaced[at] else "", common)
                if share:
                    for estimate in (self.expected_count, self.chance_count):
                        estimate[at] = max(estimate[at], _COMPANIES_AROUND * share, _COMMON_WORDS_ONLY)
        if statistics is not None:
            self._keep_estimates(statistics.names)

    def _keep_estimates(self, names: pa.Table) -> None:
        """Take for the names that were learned from what was found then: they were left out of their own counts."""
        place = pc.index_in(pa.array(self._keys, pa.string()), value_set=names["name_key"].combine_chunks())
        place = place.fill_null(-1).to_numpy(zero_copy_only=False)
        known = np.flatnonzero(place >= 0)
        self.expected_count[known] = names["expected_count"].to_numpy()[place[known]]
        self.chance_count[known] = names["chance_count"].to_numpy()[place[known]]

    def statistics(self) -> NameStatistics:
        """What was learned from the names, to be given to a later run."""
        shapes = np.flatnonzero(self._known)
        words, links, chains = (
            pa.concat_tables(tables)
            for tables in zip(self._words.tables(False), self._characters.tables(True), strict=True)
        )
        return NameStatistics(
            pa.table(
                {
                    "name_key": pa.array(self._keys, pa.string()),
                    "expected_count": self.expected_count,
                    "chance_count": self.chance_count,
                }
            ),
            words,
            links,
            chains,
            pa.table({"shape": shapes, "known_count": self._known[shapes], "repeated_count": self._repeated[shapes]}),
        )

    def prior_share(self, word: str) -> float:
        """Share of the names of all companies that have this word, 0 to 1, as far as it is a common one; otherwise 0."""
        return self._common.get(word, 0.0)

    def information(self, word: str, unspaced: bool) -> float:
        """Natural logarithm of how many names there are per name with this word (character if unspaced), >= 0.

        A thousand names that never met the word, and one that did, are added: among ten names no word is known to be common.
        """
        chain = self._characters if unspaced else self._words
        return max(0.0, float(np.log((chain.names + _UNKNOWN_NAMES) / (chain.frequency.get(word, 0) + 1))))


@dataclass(frozen=True)
class _Chain:
    """What follows what in many names.

    Attributes
    ----------
    names : number of names
    links : number of links between their words; a name is its words between a start and an end, so one link more than words
    vocabulary : (m,) the words; their codes are their places, and two more stand for start and end
    counts, followed : (m + 2,) how often each word stands, and how often a word stands behind it
    pairs, pair_counts : links as left * (m + 2) + right, ascending, and how often each occurs
    """

    names: int
    links: int
    vocabulary: Sequence[str]
    counts: NDArray[np.int64]
    followed: NDArray[np.int64]
    pairs: NDArray[np.int64]
    pair_counts: NDArray[np.int64]

    @classmethod
    def learn(
        cls, parts: NDArray[np.int64], lengths: NDArray[np.int64], vocabulary: Sequence[str]
    ) -> tuple[_Chain, Floats]:
        """Counts of names, and the number of companies expected under each, the name itself left out of the counts.

        Parameters
        ----------
        parts : (m,) codes of the words of all names, one after the other
        lengths : (n,) number of words of each name
        vocabulary : the words
        """
        left, right, first = _links(parts, lengths, len(vocabulary))
        size = len(vocabulary) + 2
        counts, followed = np.bincount(right, minlength=size), np.bincount(left, minlength=size)
        pairs, place, _ = numbered(left * size + right)
        pair_counts = np.bincount(place, minlength=len(pairs))
        chain = cls(len(lengths), len(right), vocabulary, counts, followed, pairs, pair_counts)
        return chain, chain._expected(counts[right] - 1, followed[left] - 1, pair_counts[place] - 1, first)

    @classmethod
    def recall(cls, statistics: NameStatistics, is_character: bool) -> _Chain:
        """Counts that were learned before."""
        words, links, chains = (
            table.filter(pc.equal(table["is_character"], is_character))
            for table in (statistics.words, statistics.links, statistics.chains)
        )
        ends = {word: at for at, word in enumerate((_START, _END))}
        vocabulary = [word for word in words["word"].to_pylist() if word not in ends]
        size = len(vocabulary) + 2
        known = pa.array([*vocabulary, _START, _END], pa.string())

        def places(column: str, table: pa.Table) -> NDArray[np.int64]:
            found: NDArray[np.int64] = pc.index_in(table[column].combine_chunks(), value_set=known).to_numpy(
                zero_copy_only=False
            )
            return found.astype(np.int64)

        at = places("word", words)
        counts, followed = np.zeros((2, size), np.int64)
        counts[at], followed[at] = words["count"].to_numpy(), words["followed_count"].to_numpy()
        pairs = places("left_word", links) * size + places("right_word", links)
        order = np.argsort(pairs)
        return cls(
            int(pc.sum(chains["name_count"]).as_py() or 0),
            int(pc.sum(chains["link_count"]).as_py() or 0),
            vocabulary,
            counts,
            followed,
            pairs[order],
            links["count"].to_numpy()[order],
        )

    def expected_counts(
        self, parts: NDArray[np.int64], lengths: NDArray[np.int64], vocabulary: Sequence[str]
    ) -> Floats:
        """Number of companies expected under each name that the chain was not learned from."""
        known = {word: at for at, word in enumerate(self.vocabulary)}
        # A word that was never met has a code of its own, behind all others.
        unseen = len(self.vocabulary) + 2
        codes = np.array([known.get(word, unseen) for word in vocabulary], np.int64)
        left, right, first = _links(codes[parts] if len(parts) else parts, lengths, len(self.vocabulary))
        counts, followed = np.append(self.counts, 0), np.append(self.followed, 0)
        wanted = left * unseen + right
        place = np.minimum(np.searchsorted(self.pairs, wanted), max(len(self.pairs) - 1, 0))
        met = (left < unseen) & (right < unseen) if len(self.pairs) else np.zeros(len(left), dtype=bool)
        met[met] = self.pairs[place[met]] == wanted[met]
        together = np.zeros(len(left), np.int64)
        together[met] = self.pair_counts[place[met]]
        return self._expected(counts[right], followed[left], together, first)

    def _expected(
        self,
        counts: NDArray[np.int64],
        followed: NDArray[np.int64],
        together: NDArray[np.int64],
        first: NDArray[np.int64],
    ) -> Floats:
        alone = np.maximum(counts, _UNSEEN) / max(self.links, 1)
        after = np.where(followed > 0, np.maximum(together, 0) / np.maximum(followed, 1), 0.0)
        logs = np.log(_CHAIN * after + (1 - _CHAIN) * alone)
        sums = np.add.reduceat(logs, first) if len(first) else np.zeros(0)
        result: Floats = max(self.names, 1) * np.exp(sums)
        return result

    @cached_property
    def frequency(self) -> dict[str, int]:
        """How often each word stands in the names."""
        return dict(zip(self.vocabulary, self.counts.tolist(), strict=False))

    def tables(self, is_character: bool) -> tuple[pa.Table, pa.Table, pa.Table]:
        """Words, links and totals as tables."""
        size = len(self.vocabulary) + 2
        words = pa.array([*self.vocabulary, _START, _END], pa.string())
        met = np.flatnonzero(self.counts + self.followed)
        return (
            pa.table(
                {
                    "is_character": pa.repeat(is_character, len(met)),
                    "word": words.take(pa.array(met)),
                    "count": self.counts[met],
                    "followed_count": self.followed[met],
                }
            ),
            pa.table(
                {
                    "is_character": pa.repeat(is_character, len(self.pairs)),
                    "left_word": words.take(pa.array(self.pairs // size)),
                    "right_word": words.take(pa.array(self.pairs % size)),
                    "count": self.pair_counts,
                }
            ),
            pa.table({"is_character": [is_character], "name_count": [self.names], "link_count": [self.links]}),
        )


def _links(
    parts: NDArray[np.int64], lengths: NDArray[np.int64], words: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Left and right words of the links of names, and the place of each name's first link."""
    start, end = words, words + 1
    links = lengths + 1
    first = np.cumsum(links) - links
    left, right = np.full(int(links.sum()), start), np.full(int(links.sum()), end)
    inner = np.ones(len(left), dtype=bool)
    inner[first + lengths] = False
    right[inner] = parts
    inner = np.ones(len(left), dtype=bool)
    inner[first] = False
    left[inner] = parts
    return left, right, first


def _common_share(key: str, text: str, common: Mapping[str, float]) -> float:
    """Share of companies that have a name made of common words only, as if words stood together by chance; 0 for other names."""
    share = 1.0
    if text:
        for word in text.split(" "):
            if word != "and":
                if word not in common:
                    return 0.0
                share *= common[word]
        return share
    at = 0
    while at < len(key):
        size = next((size for size in range(min(8, len(key) - at), 0, -1) if key[at : at + size] in common), 0)
        if not size:
            return 0.0
        share *= common[key[at : at + size]]
        at += size
    return share


def words_of(keys: Sequence[str], texts: Sequence[str]) -> set[str]:
    """Words and characters of names, and the marks of start and end: what `NameStatistics` have to tell of to judge them."""
    found = {_START, _END}
    for key, text in zip(keys, texts, strict=True):
        found.update(key if UNSPACED.search(key) else text.split(" "))
    return found


def split_name(key: str, normalised: str) -> tuple[bool, tuple[str, ...]]:
    """Whether the name is written without spaces, and its parts: characters then, words otherwise."""
    if UNSPACED.search(key):
        return True, tuple(key)
    return False, tuple(word for word in normalised.split() if word != "and")


_Parts = tuple[Ints, Ints, list[str]]


def _all_among(parts: _Parts, known: Container[str]) -> Ints:
    """Names all of whose parts are known ones."""
    codes, lengths, vocabulary = parts
    is_other = np.array([part not in known for part in vocabulary], dtype=bool)
    others = np.bincount(np.repeat(np.arange(len(lengths)), lengths), weights=is_other[codes], minlength=len(lengths))
    return np.flatnonzero(others == 0)


def _words(texts: pa.Array) -> _Parts:
    """Words of names: codes of all of them, how many each name has, and the words."""
    lists = pc.split_pattern(texts, " ")
    encoded = pc.list_flatten(lists).dictionary_encode()
    parents = pc.list_parent_indices(lists).to_numpy()
    vocabulary: list[str] = encoded.dictionary.to_pylist()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    skipped = np.array([word in ("and", "") for word in vocabulary], dtype=bool)
    kept = ~skipped[codes] if len(codes) else np.zeros(0, dtype=bool)
    return codes[kept], np.bincount(parents[kept], minlength=len(texts)).astype(np.int64), vocabulary


def _characters(keys: pa.Array) -> _Parts:
    """Characters of names: codes of all of them, how many each name has, and the characters."""
    points = np.frombuffer("".join(keys.to_pylist()).encode("utf-32-le"), np.uint32)
    is_used = np.bincount(points) > 0
    return (
        (np.cumsum(is_used) - 1)[points],
        pc.utf8_length(keys).to_numpy(zero_copy_only=False).astype(np.int64),
        [chr(point) for point in np.flatnonzero(is_used).tolist()],
    )
