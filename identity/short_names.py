"""Short forms of names: which name may be short for which, where a list writes names as stock exchanges and people do.

豊田織 stands for 豊田自動織機, 三菱ケミG for 三菱ケミカルグループ, IBM for International Business Machines.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np

from identity.common_ends import CommonEnds
from identity.lines import points_of
from identity.name_parts import SAY_NOTHING
from identity.name_slips import lengths_of
from identity.runs import Ints, ranks_in_runs, run_sizes, run_starts
from identity.text import UNSPACED

_LEAST_LETTERS: Final = 2
_LEAST_INITIALS: Final = 3
LONGEST_INITIALS: Final = 6
# A longer name is no short form.
_LONGEST_SHORT: Final = 16
_POINT_BITS: Final = 21
_KANA: Final = re.compile("[\u30a1-\u30fa]")


class ListingEnds:
    """Ends of short names on a stock exchange, spelled out (建, 建設).

    Parameters
    ----------
    ends : ends of short names, and the end of the whole name that each stands for
    """

    def __init__(self, ends: Sequence[tuple[str, str]]) -> None:
        self._ends: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for end, full in ends:
            self._ends[end[-1]].append((end, full))

    def may_end(self, key: str) -> bool:
        """Whether one of the ends has the last letter of a key."""
        return key[-1:] in self._ends

    def spelled_out(self, key: str) -> list[tuple[str, str]]:
        """What stands before an end of a key, and what the end may stand for."""
        ends = self._ends.get(key[-1:], ())
        return [(key[: -len(end)], full) for end, full in ends if key.endswith(end)]


def is_short_for(short: str, long: str) -> bool:
    """Whether a key is made of pieces of a longer one, in their order, and begins as it does.

    A piece is one letter or more, of kana two or more: 東エレク is short for 東京エレクトロン, ダイキン not for ダイセキ環境.
    """
    if not (1 <= len(short) <= _LONGEST_SHORT and len(short) < len(long)) or short[0] != long[0]:
        return False
    letters = iter(long)
    if not all(letter in letters for letter in short):
        return False
    failed: set[tuple[int, int]] = set()

    def fits(at: int, start: int) -> bool:
        """Whether the letters from `at` on are made of pieces of the longer key from `start` on."""
        if at == len(short):
            return True
        if (at, start) in failed:
            return False
        place = long.find(short[at], start) if at else 0
        while place >= 0:
            size = 1
            while at + size < len(short) and place + size < len(long) and short[at + size] == long[place + size]:
                size += 1
            # The longest piece first; a shorter one may leave a better rest.
            for taken in range(size, 1 if _KANA.match(short[at]) else 0, -1):
                if fits(at + taken, place + taken):
                    return True
            place = long.find(short[at], place + 1) if at else -1
        failed.add((at, start))
        return False

    return fits(0, 0)


def short_form_pairs(
    keys: Sequence[str],
    texts: Sequence[str],
    listing_ends: ListingEnds,
    common_ends: CommonEnds,
    max_names: int,
) -> tuple[Ints, Ints, int]:
    """Pairs of names of which the first may be short for the second.

    Parameters
    ----------
    keys, texts : (n,) names
    max_names : most names with which a short one is compared

    Returns
    -------
    short and long names; number of short names that were left out because they could stand for more than `max_names`
    """
    short, core, end = _short_forms(keys, listing_ends, common_ends)
    long, whole = _whole_names(keys, common_ends)
    at, place, left_out = _share_two_letters(core, [text for text, _ in whole], max_names)
    found = {
        (short[one], long[other])
        for one, other in zip(at.tolist(), place.tolist(), strict=True)
        if short[one] != long[other]
        and len(keys[short[one]]) < len(keys[long[other]])
        and whole[other][1].endswith(end[one])
        and (core[one] == whole[other][0] or is_short_for(core[one], whole[other][0]))
    }
    found |= _initials(keys, texts)
    pairs = np.array(sorted(found), np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1], left_out


def _short_forms(
    keys: Sequence[str], listing_ends: ListingEnds, common_ends: CommonEnds
) -> tuple[list[int], list[str], list[str]]:
    """Names with the part that tells them from others, and the common end behind it; once more for each end spelled out."""
    names, cores, tails = [], [], []
    for name, key in enumerate(keys):
        if not key:
            continue
        forms = {(key[:start], key[start:]) for start in common_ends.starts(key)}
        forms.update(listing_ends.spelled_out(key))
        for core, tail in sorted(forms):
            if len(core) >= _LEAST_LETTERS:
                names.append(name)
                cores.append(core)
                tails.append(tail)
    return names, cores, tails


def _whole_names(keys: Sequence[str], common_ends: CommonEnds) -> tuple[list[int], list[tuple[str, str]]]:
    """Names written without spaces in two parts, the second of common words; in every way, and without a common word in front."""
    names, parts = [], []
    for name, key in enumerate(keys):
        if UNSPACED.search(key):
            starts = common_ends.starts(key)
            forms = [(key[:start], key[start:]) for start in starts]
            front = common_ends.front(key)
            if front:
                forms += [(key[front:start], key[start:]) for start in starts if start > front + 1]
            names += [name] * len(forms)
            parts += forms
    return names, parts


def _share_two_letters(short: Sequence[str], long: Sequence[str], max_names: int) -> tuple[Ints, Ints, int]:
    """Pairs of a short and a long text that begin alike and share the rarest of the other letters of the short one."""
    places, codes = _two_letters(long)
    order = np.lexsort((places, codes))
    places, codes = places[order], codes[order]
    starts = run_starts(codes)
    known, sizes = codes[starts], run_sizes(starts, len(codes))
    wanted_by, wanted = _two_letters(short)
    at = np.minimum(np.searchsorted(known, wanted), max(len(known) - 1, 0))
    is_met = known[at] == wanted if len(known) else np.zeros(len(wanted), dtype=bool)
    count = np.where(is_met, sizes[at], 0) if len(known) else np.zeros(len(wanted), np.int64)
    # A letter that is met nowhere rules the short name out.
    order = np.lexsort((wanted, count, wanted_by))
    first = order[run_starts(wanted_by[order])]
    kept = first[(count[first] > 0) & (count[first] <= max_names)]
    times = count[kept]
    run = np.repeat(starts[at[kept]], times) + ranks_in_runs(times)
    return np.repeat(wanted_by[kept], times), places[run], int((count[first] > max_names).sum())


def _two_letters(texts: Sequence[str]) -> tuple[Ints, Ints]:
    """Each text with its first letter and one of the others, as a number, each once."""
    points, sizes = points_of("".join(texts)).astype(np.int64), lengths_of(texts)
    first = np.cumsum(sizes) - sizes
    others = np.maximum(sizes - 1, 0)
    place = np.repeat(np.arange(len(texts)), others)
    code = (points[first[place]] << _POINT_BITS) | points[first[place] + 1 + ranks_in_runs(others)]
    order = np.lexsort((code, place))
    place, code = place[order], code[order]
    is_new = np.zeros(len(code), dtype=bool)
    is_new[run_starts(place, code)] = True
    return place[is_new], code[is_new]


def _initials(keys: Sequence[str], texts: Sequence[str]) -> set[tuple[int, int]]:
    """Names of several words, each with a name that is their initials."""
    known = {
        key: name for name, key in enumerate(keys) if _LEAST_INITIALS <= len(key) <= LONGEST_INITIALS and key.isascii()
    }
    found = set()
    for name, text in enumerate(texts):
        words = [word for word in text.split(" ") if word not in SAY_NOTHING]
        if len(words) >= _LEAST_INITIALS:
            short = known.get("".join([word[0] for word in words]))
            if short is not None and short != name:
                found.add((short, name))
    return found
