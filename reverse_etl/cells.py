"""Values in the CRM's own precision, so that what was sent and what comes back compare equal."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reverse_etl.crm import ID_TYPES, NUMBER_TYPES, CrmField
from reverse_etl.errors import SyncError

_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
# What the API itself sends; everything else takes the longer way.
_UTC_INSTANT = r"^[0-9-]{10}T[0-9:]{8}([.][0-9]+)?(Z|[+]0000)$"
# Blanks of other scripts than ASCII begin with one of these bytes: U+0085, U+00A0, U+1680, U+2000 to U+205F, U+3000.
_FIRST_BYTES_OF_SPACES = np.array([0xC2, 0xE1, 0xE2, 0xE3], np.uint8)
_SPACE, _BEYOND_ASCII = 0x20, 0x80
_BEYOND_BMP = "[\U00010000-\U0010ffff]"


@dataclass(frozen=True)
class Cells:
    """One column of one field, comparable by plain equality.

    `values` holds numbers as whole steps of the field's last decimal (int64), instants as UTC seconds (int64), booleans as
    they are, everything else as text; null is the CRM's empty. `cut` lists the positions of texts that were too long.
    """

    values: pa.Array
    field: CrmField
    cut: pa.Array | None = None

    def __len__(self) -> int:
        return len(self.values)

    def take(self, positions: pa.Array) -> Cells:
        """The cells at `positions`; null positions give null."""
        return Cells(self.values.take(positions), self.field)

    def texts(self, positions: np.ndarray) -> pa.Array:
        """The cells at `positions` as the text that a CRM accepts and a person can read."""
        picked = self.values.take(pa.array(positions, pa.int64()))
        if self.field.type in NUMBER_TYPES:
            return _decimal_texts(picked, self.field.scale)
        if self.field.type == "boolean":
            return pc.if_else(pc.fill_null(picked, False), "true", "false")
        if self.field.type == "datetime":
            return pc.strftime(picked.cast(pa.timestamp("s")), format="%Y-%m-%dT%H:%M:%S.000Z")
        return picked


def read_cells(
    column: pa.ChunkedArray | pa.Array, field: CrmField, decimals: int | None = None, cut: bool = False
) -> Cells:
    """A column as the CRM would hold it in `field`.

    Parameters
    ----------
    column : (n,) text, number, boolean, date or timestamp; text is read by the field's type
    field : the CRM's description of the field
    decimals : decimals to keep, if fewer than the field's own
    cut : True to shorten texts to the field's length, as is needed before sending

    Returns
    -------
    Cells of n values. Text is stripped at both ends, line ends become LF, and empty text is null: that is what Salesforce
    stores. Numbers are rounded half away from zero. Ids have 18 characters. An empty checkbox is false.

    Raises
    ------
    SyncError
        If a value cannot be read as the field's type; the value itself is not repeated, for it may be personal.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # combine_chunks keeps chunks when one array cannot hold them
        array = pa.concat_arrays(array.chunks)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    try:
        if field.type in NUMBER_TYPES:
            return Cells(_steps(array, field.scale, decimals), field)
        if field.type == "boolean":
            return Cells(_flags(array), field)
        if field.type == "datetime":
            return Cells(_seconds(array), field)
        if field.type == "date":
            return Cells(_dates(array), field)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError):
        raise SyncError(
            f"{field.name}: a value of type {array.type} cannot be read as {field.type}. "
            f"Check the column that seeds/rules/salesforce_fields.csv names for it."
        ) from None
    text = _plain_text(array)
    if field.type in ID_TYPES:
        return Cells(long_ids(text), field)
    if cut and field.length:
        shortened, positions = _cut(text, field.length)
        return Cells(shortened, field, positions)
    return Cells(text, field)


def differ(left: Cells, right: Cells) -> np.ndarray:
    """(n,) bool: True where two columns of one field hold different values; empty equals empty."""
    both_null = pc.and_(left.values.is_null(), right.values.is_null())
    equal = pc.fill_null(pc.equal(left.values, right.values), False)
    return ~_bools(pc.or_(equal, both_null))


def texts_differ(sent: pa.Array, held: pa.Array, field: CrmField) -> np.ndarray:
    """(n,) bool: True where the CRM holds another value than the text that was sent ('' = sent as empty).

    Equal texts are equal; only the others are read as values of the field.
    """
    unequal = _bools(pc.fill_null(pc.not_equal(pc.fill_null(held, ""), sent), True))
    positions = pa.array(np.flatnonzero(unequal), pa.int64())
    unequal[unequal] = differ(read_cells(sent.take(positions), field), read_cells(held.take(positions), field))
    return unequal


def is_empty(cells: Cells) -> np.ndarray:
    """(n,) bool: True where the CRM would show nothing."""
    return _bools(cells.values.is_null())


def long_ids(ids: pa.Array) -> pa.Array:
    """Salesforce ids with 18 characters: the case checksum is added to those of 15. Other texts stay as they are."""
    short = _bools(pc.fill_null(pc.equal(pc.utf8_length(ids), 15), False))
    if not short.any():
        return ids
    values = ids.to_pylist()
    for position in np.flatnonzero(short):
        values[position] = values[position] + _case_checksum(values[position])
    return pa.array(values, pa.string())


def _case_checksum(short_id: str) -> str:
    return "".join(
        _ID_ALPHABET[
            sum(
                1 << bit
                for bit, letter in enumerate(short_id[start : start + 5])
                if letter.isascii() and letter.isupper()
            )
        ]
        for start in (0, 5, 10)
    )


def _bools(array: pa.Array) -> np.ndarray:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=bool)


def _plain_text(array: pa.Array) -> pa.Array:
    text = array if pa.types.is_string(array.type) else array.cast(pa.string())
    # A pass of Arrow's over a million texts costs a hundredth of a plan: most columns need none.
    if _may_have_outer_space(text):
        text = pc.utf8_trim_whitespace(text)
    data, places = _bytes_of(text)
    if (data == ord("\r")).any():
        text = pc.replace_substring(pc.replace_substring(text, "\r\n", "\n"), "\r", "\n")
    is_empty_text = np.diff(places) == 0
    if text.null_count:
        is_empty_text &= _bools(text.is_valid())
    if not is_empty_text.any():
        return text
    return pc.if_else(pa.array(is_empty_text), pa.scalar(None, pa.string()), text)


def _bytes_of(text: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The UTF-8 bytes of a column of texts, and (n + 1,) where each text begins; a null has no bytes here."""
    _, offsets, data = text.buffers()
    if offsets is None or not len(text):
        return np.zeros(0, np.uint8), np.zeros(len(text) + 1, np.int64)
    places = np.frombuffer(offsets, np.int32)[text.offset : text.offset + len(text) + 1]
    if data is None:
        return np.zeros(0, np.uint8), places
    return np.frombuffer(data, np.uint8)[places[0] : places[-1]], places - places[0]


def _may_have_outer_space(text: pa.Array) -> bool:
    """False if no text begins or ends with a blank of any script: first bytes that none of them has, last ones below 128."""
    data, places = _bytes_of(text)
    filled = np.diff(places) > 0
    first, last = data[places[:-1][filled]], data[places[1:][filled] - 1]
    is_plain = (first > _SPACE) & ~np.isin(first, _FIRST_BYTES_OF_SPACES) & (last > _SPACE) & (last < _BEYOND_ASCII)
    return not is_plain.all()


def _is_text(array: pa.Array) -> bool:
    return bool(
        pa.types.is_string(array.type) or pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type)
    )


def _steps(array: pa.Array, scale: int, decimals: int | None) -> pa.Array:
    numbers = (_plain_text(array) if _is_text(array) else array).cast(pa.float64(), safe=False)
    values = numbers.to_numpy(zero_copy_only=False).astype(float)
    if np.isinf(values).any():
        raise ValueError("infinite")
    empty = np.isnan(values)
    values = np.where(empty, 0.0, values)
    kept = scale if decimals is None else min(decimals, scale)
    # The nudge lets 73.405, held as 73.40499999999999, round as the decimal that a person reads.
    rounded = np.floor(np.abs(values) * 10.0**kept * (1 + 4e-16) + 0.5) * np.sign(values)
    steps = rounded.astype(np.int64) * 10 ** (scale - kept)
    return pa.array(steps, pa.int64(), mask=empty)


def _flags(array: pa.Array) -> pa.Array:
    if _is_text(array):
        lowered = pc.utf8_lower(_plain_text(array))
        known = pc.is_in(lowered, pa.array(["true", "false", "1", "0", None], pa.string()))
        if not pc.all(known, min_count=0).as_py():
            raise ValueError("not a boolean")
        array = pc.is_in(lowered, pa.array(["true", "1"], pa.string()))
    return pc.fill_null(array.cast(pa.bool_()), False)


def _seconds(array: pa.Array) -> pa.Array:
    if _is_text(array):
        text = _plain_text(array)
        if pc.all(pc.match_substring_regex(text, _UTC_INSTANT), min_count=0).as_py():
            return pc.utf8_slice_codeunits(text, 0, 19).cast(pa.timestamp("s")).cast(pa.int64())
        text = pc.replace_substring_regex(text, r"[.][0-9]+", "")
        text = pc.replace_substring_regex(text, r"Z$", "+0000")
        text = pc.replace_substring_regex(text, r"([+-][0-9]{2}):([0-9]{2})$", r"\1\2")
        text = pc.replace_substring_regex(text, r"^([0-9-]{10})[ ]", r"\1T")
        text = pc.replace_substring_regex(text, r"^([0-9-]{10}T[0-9:]{8})$", r"\1+0000")
        array = pc.strptime(text, format="%Y-%m-%dT%H:%M:%S%z", unit="s")
    if pa.types.is_date(array.type):
        array = array.cast(pa.timestamp("s"))
    return array.cast(pa.timestamp("s", array.type.tz), safe=False).cast(pa.int64())


def _dates(array: pa.Array) -> pa.Array:
    if _is_text(array):
        text = pc.utf8_slice_codeunits(_plain_text(array), 0, 10)
        return text.cast(pa.date32()).cast(pa.string())
    return array.cast(pa.date32(), safe=False).cast(pa.string())


def _decimal_texts(steps: pa.Array, scale: int) -> pa.Array:
    return pa.array(
        [None if value is None else str(Decimal(value).scaleb(-scale)) for value in steps.to_pylist()], pa.string()
    )


def _cut(text: pa.Array, length: int) -> tuple[pa.Array, pa.Array]:
    """Texts of at most `length` UTF-16 units, which is how Salesforce counts, and the positions of those that were longer."""
    # A character has as many bytes in UTF-8 as units in UTF-16, or more.
    if (np.diff(_bytes_of(text)[1]) <= length).all():
        return text, pa.array([], pa.int64())
    lengths = pc.fill_null(pc.utf8_length(text), 0)
    suspect = pc.or_(
        pc.greater(lengths, length),
        pc.and_(pc.greater(lengths, length // 2), pc.fill_null(pc.match_substring_regex(text, _BEYOND_BMP), False)),
    )
    positions = np.flatnonzero(_bools(suspect))
    if not len(positions):
        return text, pa.array([], pa.int64())
    values, cut = text.to_pylist(), []
    for position in positions:
        units = values[position].encode("utf-16-le")
        if len(units) > 2 * length:
            # errors=ignore drops half of a surrogate pair at the cut.
            values[position] = units[: 2 * length].decode("utf-16-le", errors="ignore").rstrip() or None
            cut.append(int(position))
    return pa.array(values, pa.string()), pa.array(cut, pa.int64())
