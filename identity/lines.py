"""Many texts worked on at once: as an Arrow column, as lines of one text, as words.

A pass of the regular-expression engine, of a character table or of numpy over one long text costs a small part of what as many
calls over short texts do, and making a Python text of each costs more than most of what is done with them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]
Texts: TypeAlias = Sequence[str] | pa.Array

_LINE_FEED: Final = ord("\n")
_HALF_PAIR: Final = re.compile("[\ud800-\udfff]")
_SINGLE_LETTERS: Final = re.compile(r"\b([a-z]) (?=[a-z]\b)")
_POINTS: Final = 0x110000
_UNMET: Final = 0xFFFFFFFF
# From so many characters on a table of all characters is the faster way to map them.
_LONG: Final = 5_000


@dataclass(frozen=True)
class Words:
    """Words of many texts, one after the other.

    Attributes
    ----------
    texts : (m,) the words, none of them empty
    starts : (n + 1,) the words of text i are those from starts[i] up to starts[i + 1]
    """

    texts: pa.LargeStringArray
    starts: Ints

    def __len__(self) -> int:
        return len(self.starts) - 1

    def joined(self, separator: str = " ") -> pa.LargeStringArray:
        """Return the words of each text with a separator between."""
        return pc.binary_join(
            pa.LargeListArray.from_arrays(self.starts, self.texts), pa.scalar(separator, pa.large_string())
        )

    def kept(self, is_kept: Flags) -> Words:
        """Return the words for which the (m,) flags are set."""
        if is_kept.all():
            return self
        counts = np.r_[0, np.cumsum(is_kept)]
        return Words(self.texts.filter(pa.array(is_kept)), counts[self.starts])

    def any_of(self, flags: Flags) -> Flags:
        """(n,) whether one of the words of each text has its (m,) flag set."""
        counts = np.r_[0, np.cumsum(flags)][self.starts]
        result: Flags = counts[1:] > counts[:-1]
        return result

    def all_of(self, flags: Flags) -> Flags:
        """(n,) whether all words of each text have their (m,) flags set."""
        return ~self.any_of(~flags)

    def are(self, word: str) -> Flags:
        """(m,) whether each word is this one."""
        return flags_of(pc.equal(self.texts, word))


class CharacterMap:
    """What a function makes of each character.

    Parameters
    ----------
    function : gives a text for a character; of several characters it makes one at a time what it makes of all of them
    """

    def __init__(self, function: Callable[[str], str]) -> None:
        self._function = function
        # A character that str.translate does not find costs an exception, so all that were met are in here.
        self._single: dict[int, str | None] = {}
        self._longer: dict[str, str] = {}
        self._table: NDArray[np.uint32] | None = None
        for point in range(128):
            self._learn(point)

    def map(self, text: str) -> str:
        """Text with each character replaced."""
        if text.isascii():
            return self._lengthen(text).translate(self._single)
        if len(text) < _LONG:
            for point in set(map(ord, text)) - self._single.keys():
                self._learn(point)
            return self._lengthen(text).translate(self._single)
        if self._table is None:
            self._table = np.full(_POINTS, _UNMET, np.uint32)
            for point in self._single:
                self._enter(point)
        met = points_of(text)
        for point in np.unique(met[self._table[met] == _UNMET]).tolist():
            self._learn(point)
        longer = self._lengthen(text)
        if longer is not text:
            met = points_of(longer)
            for point in np.unique(met[self._table[met] == _UNMET]).tolist():
                self._learn(point)
        points = self._table[met]
        return points[points < _POINTS].tobytes().decode("utf-32-le", "surrogatepass")

    def _lengthen(self, text: str) -> str:
        # One by one, so that str.translate meets none of them: with them it forgets its fast way for the rest of the text.
        for char, longer in self._longer.items():
            if char in text:
                text = text.replace(char, longer)
        return text

    def _learn(self, point: int) -> None:
        char = chr(point)
        becomes = self._function(char)
        if len(becomes) > 1:
            self._longer[char] = becomes
            becomes = char
        self._single[point] = becomes or None
        if self._table is not None:
            self._enter(point)

    def _enter(self, point: int) -> None:
        assert self._table is not None
        becomes = self._single[point]
        self._table[point] = ord(becomes) if becomes else _POINTS


def column_of(texts: Texts) -> pa.LargeStringArray:
    """Texts as an Arrow column. Half a surrogate pair, which no column holds, becomes a character that means nothing either."""
    if isinstance(texts, pa.Array):
        return texts.cast(pa.large_string())
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:
        return pa.array([_HALF_PAIR.sub("\ue000", text) for text in texts], pa.large_string())


def listed(column: pa.Array) -> list[str]:
    """Texts of a column as a list; several times as fast as its own way."""
    texts: list[str] = column.to_numpy(zero_copy_only=False).tolist()
    return texts


def joined(texts: pa.Array) -> str:
    """Texts as the lines of one text; a line feed within one becomes a space."""
    return _joined_bytes(texts).decode("utf-8")


def lines_of(text: str) -> pa.LargeStringArray:
    """The lines of a text as a column."""
    data = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    is_end = data == _LINE_FEED
    ends = np.flatnonzero(is_end)
    offsets = np.r_[0, ends - np.arange(len(ends)), len(data) - len(ends)]
    return column_from(offsets, data[~is_end])


def mapped(texts: pa.Array, function: Callable[[str], str]) -> pa.LargeStringArray:
    """What the function makes, of all lines at once, of each text."""
    return lines_of(function(joined(texts))) if len(texts) else texts


def mapped_where(texts: pa.Array, is_mapped: Flags, function: Callable[[str], str]) -> pa.LargeStringArray:
    """Texts with what the function makes, of all lines at once, of those that are marked."""
    if not is_mapped.any():
        return texts
    mask = pa.array(is_mapped)
    return pc.replace_with_mask(texts, mask, mapped(texts.filter(mask), function))


def merged(is_first: Flags, first: pa.Array, second: pa.Array) -> pa.Array:
    """One column of two: where the (n,) flags are set, the next text of the first, else that of the second."""
    if not len(second) or not len(first):
        return first if len(first) else second
    order = np.where(is_first, np.cumsum(is_first) - 1, len(first) + np.cumsum(~is_first) - 1)
    return pa.concat_arrays([first, second]).take(pa.array(order))


def bytes_of(texts: pa.Array) -> tuple[NDArray[np.uint8], Ints]:
    """UTF-8 bytes of a column without nulls, and the (n + 1,) places where its texts begin and end."""
    _, offsets, data = texts.cast(pa.large_string()).buffers()
    places = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data or b"", np.uint8), places


def column_from(offsets: Ints, data: NDArray[np.uint8]) -> pa.LargeStringArray:
    """Column of the texts that begin and end at (n + 1,) places of UTF-8 bytes."""
    return pa.LargeStringArray.from_buffers(
        len(offsets) - 1, pa.py_buffer(offsets.astype(np.int64)), pa.py_buffer(np.ascontiguousarray(data))
    )


def with_bytes(texts: pa.Array, is_kept: Flags) -> pa.LargeStringArray:
    """Each text of a column with only those of its bytes for which the (256,) flags are set."""
    data, places = bytes_of(texts)
    data, places = data[places[0] : places[-1]], places - places[0]
    kept = is_kept[data]
    return column_from(np.r_[0, np.cumsum(kept)][places], data[kept])


def has(texts: pa.Array, pattern: str) -> Flags:
    """(n,) whether a pattern of Arrow's engine, which knows no looking back, is found in each text."""
    return flags_of(pc.match_substring_regex(texts, pattern))


def is_in(texts: pa.Array, known: pa.Array) -> Flags:
    """(n,) whether each text is one of the known ones."""
    return flags_of(pc.is_in(texts, value_set=known))


def places_in(texts: pa.Array, known: pa.Array) -> Ints:
    """(n,) place of each text among the known ones, -1 if it is none of them."""
    places: Ints = pc.fill_null(pc.index_in(texts, value_set=known), -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return places


def flags_of(column: pa.BooleanArray) -> Flags:
    """An Arrow column of flags as an array."""
    result: Flags = column.to_numpy(zero_copy_only=False)
    return result


def are_ascii(texts: pa.Array) -> Flags:
    """(n,) whether each text is ASCII."""
    return flags_of(pc.string_is_ascii(texts))


def is_all_ascii(texts: pa.Array) -> bool:
    """Whether all texts are ASCII."""
    data, places = bytes_of(texts)
    return not len(texts) or not (data[places[0] : places[-1]] > 127).any()


def points_of(text: str) -> NDArray[np.uint32]:
    """Code points of a text."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def split_column(texts: pa.Array) -> Words:
    """Words of texts in which nothing but spaces stands between them."""
    if not len(texts):
        return Words(column_of([]), np.zeros(1, np.int64))
    return _split(np.frombuffer(_joined_bytes(texts) + b"\n", np.uint8), join_letters=False)


def split_lines(text: str, join_letters: bool = False) -> Words:
    """Words of each line of a text in which nothing but spaces stands between them; single letters in a row as one if wanted."""
    return _split(np.frombuffer((text + "\n").encode("utf-8", "replace"), np.uint8), join_letters)


def _split(data: NDArray[np.uint8], join_letters: bool) -> Words:
    is_gap = (data == ord(" ")) | (data == _LINE_FEED)
    before = np.r_[True, is_gap[:-1]]
    begins, ends = np.flatnonzero(~is_gap & before), np.flatnonzero(is_gap & ~before)
    starts = np.r_[0, np.searchsorted(begins, np.flatnonzero(data == _LINE_FEED))]
    letters, sizes = data[~is_gap], ends - begins
    if join_letters:
        is_apart = np.ones(len(sizes), dtype=bool)
        # A O Smith and AO Smith
        is_apart[_behind_single_letters(letters, sizes, starts)] = False
        starts = np.r_[0, np.cumsum(is_apart)][starts]
        offsets = np.r_[(np.cumsum(sizes) - sizes)[is_apart], len(letters)]
    else:
        offsets = np.r_[0, np.cumsum(sizes)]
    return Words(column_from(offsets, letters), starts)


def _behind_single_letters(letters: NDArray[np.uint8], sizes: Ints, starts: Ints) -> Ints:
    """Places of the words that are a single letter of a to z and stand behind one, in the same text."""
    first = np.cumsum(sizes) - sizes
    is_letter = (letters >= ord("a")) & (letters <= ord("z"))
    is_alone = sizes == 1
    # Beside a vowel sign of another script, too, a letter is alone; which such characters are, the pattern says.
    last, second = first + sizes - 1, np.minimum(first + 1, max(len(letters) - 1, 0))
    ends = is_letter[last] & (is_alone | (letters[last - 1] > 127))
    begins = is_letter[first] & (is_alone | (letters[second] > 127))
    is_behind = np.r_[False, ends[:-1] & begins[1:]] if len(sizes) else is_alone
    is_behind[starts[:-1][starts[:-1] < len(sizes)]] = False
    places: Ints = np.flatnonzero(is_behind)
    unsure = places[~(is_alone[places] & is_alone[places - 1])]
    wrong = []
    for at in unsure.tolist():
        one, other = (
            letters[first[place] : first[place] + sizes[place]].tobytes().decode("utf-8") for place in (at - 1, at)
        )
        if not _SINGLE_LETTERS.search(f"{one} {other}"):
            wrong.append(at)
    return places[~np.isin(places, wrong)] if wrong else places


def _joined_bytes(texts: pa.Array) -> bytes:
    texts = column_of(texts)
    whole = _with_line_feeds(texts)
    if whole.count(b"\n") >= max(len(texts), 1):
        whole = _with_line_feeds(pc.replace_substring(texts, "\n", " "))
    return whole


def _with_line_feeds(texts: pa.Array) -> bytes:
    everything = pa.LargeListArray.from_arrays(pa.array([0, len(texts)], pa.int64()), texts)
    found: bytes = pc.binary_join(everything, pa.scalar("\n", pa.large_string()))[0].as_buffer().to_pybytes()
    return found
