"""Company records in comparable form, as arrays to compute with and as tables to keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity.lines import Texts, column_of, listed
from identity.runs import distinct, is_first
from identity.text import scripts_all

Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]

# What an alternative name is; a lower number is nearer to the name itself.
NAME, NAME_EN, ALIAS, KANA, ROMAN = range(5)

COLUMNS: Final = (
    "source",
    "provider",
    "normalised_name",
    "legal_form",
    "branch",
    "domain",
    "domain_kind",
    "corporate_number",
    "lei",
    "duns",
    "country",
    "address",
    "postal_code",
    "phone",
    "issues",
)
_TEXT: Final = pa.string()
PREPARED_RECORDS: Final = pa.schema(
    [
        ("record_id", _TEXT),
        *((name, _TEXT) for name in COLUMNS),
        ("main_name", _TEXT),
        ("is_crm", pa.bool_()),
        ("is_placeholder", pa.bool_()),
        ("first_seen_date", pa.date32()),
    ]
)
PREPARED_NAMES: Final = pa.schema(
    [("record_id", _TEXT), ("name_key", _TEXT), ("name_text", _TEXT), ("name_kind", pa.int8())]
)
PREPARED_DOMAINS: Final = pa.schema([("record_id", _TEXT), ("domain", _TEXT), ("is_primary", pa.bool_())])


@dataclass(frozen=True)
class Coded:
    """A column of texts: (n,) places in `values`, -1 where there is none."""

    codes: Ints
    values: list[str]

    def array(self) -> pa.DictionaryArray:
        """The texts as Arrow keeps repeated ones; null where there is none."""
        codes = pa.array(self.codes, pa.int32(), mask=self.codes < 0)
        return pa.DictionaryArray.from_arrays(codes, pa.array(self.values, _TEXT))


@dataclass(frozen=True)
class Prepared:
    """Records, their names and their domains.

    Attributes
    ----------
    record_ids : sorted; the place of a record is what the other attributes call its row
    columns : the columns of `COLUMNS`; provider is '' where a source may repeat companies
    is_crm, is_placeholder : (n,)
    first_seen_date : (n,) days
    main_name : (n,) place of the main name in `name_keys`, -1 if it cannot be used
    name_row, name_code, name_kind, name_text : usable names, one row per record and key, sorted; kind is NAME, NAME_EN, ALIAS,
        KANA or ROMAN; text is how this record writes it
    name_keys, name_texts, name_scripts : distinct names; of the ways in which the records write one, the first in the order of
        texts
    domain_row, domain_code, domain_is_primary : company domains, one row per record and domain, sorted; codes of column `domain`
    duplicate_rows : input rows left out because their record_id stands on another row too
    """

    record_ids: list[str]
    columns: dict[str, Coded]
    is_crm: Flags
    is_placeholder: Flags
    first_seen_date: NDArray[np.datetime64]
    main_name: Ints
    name_row: Ints
    name_code: Ints
    name_kind: Ints
    name_text: Coded
    name_keys: list[str]
    name_texts: list[str]
    name_scripts: NDArray[np.int64]
    domain_row: Ints
    domain_code: Ints
    domain_is_primary: Flags
    duplicate_rows: int

    def __len__(self) -> int:
        return len(self.record_ids)

    def tables(self) -> tuple[pa.Table, pa.Table, pa.Table]:
        """The records, names and domains with the columns of the schemas above; `from_tables` reads them back."""
        ids = pa.array(self.record_ids, _TEXT)
        keys = Coded(self.main_name, self.name_keys)
        names = Coded(self.name_code, self.name_keys)
        domains = Coded(self.domain_code, self.columns["domain"].values)
        return (
            pa.table(
                [
                    ids,
                    *(self.columns[name].array() for name in COLUMNS),
                    keys.array(),
                    pa.array(self.is_crm),
                    pa.array(self.is_placeholder),
                    pa.array(self.first_seen_date.astype("datetime64[D]")),
                ],
                names=PREPARED_RECORDS.names,
            ),
            pa.table(
                [
                    pa.DictionaryArray.from_arrays(pa.array(self.name_row), ids),
                    names.array(),
                    self.name_text.array(),
                    pa.array(self.name_kind.astype(np.int8)),
                ],
                names=PREPARED_NAMES.names,
            ),
            pa.table(
                [
                    pa.DictionaryArray.from_arrays(pa.array(self.domain_row), ids),
                    domains.array(),
                    pa.array(self.domain_is_primary),
                ],
                names=PREPARED_DOMAINS.names,
            ),
        )

    @classmethod
    def from_tables(cls, records: pa.Table, names: pa.Table, domains: pa.Table) -> Prepared:
        """Records that were kept, in any order, each once; names and domains are those of the records."""
        records = records.take(pc.sort_indices(records["record_id"])).combine_chunks()
        ids = records["record_id"].combine_chunks() if len(records) else pa.array([], _TEXT)
        columns = {name: encode(records[name]) for name in COLUMNS}
        row, key = _rows_of(names["record_id"], ids), encode(names["name_key"])
        text = encode(names["name_text"])
        order = np.lexsort((key.codes, row))
        main = _plain(records["main_name"])
        texts = first_texts(key.codes, text, len(key.values))
        domain_row = _rows_of(domains["record_id"], ids)
        domain, domain_code = _more_codes(columns["domain"], encode(domains["domain"]))
        by_row = np.lexsort((domain_code, domain_row))
        return cls(
            record_ids=ids.to_pylist(),
            columns=columns | {"domain": domain},
            is_crm=_flags(records["is_crm"]),
            is_placeholder=_flags(records["is_placeholder"]),
            first_seen_date=records["first_seen_date"].to_numpy().astype("datetime64[D]"),
            main_name=_places(main, key.values),
            name_row=row[order],
            name_code=key.codes[order],
            name_kind=names["name_kind"].to_numpy().astype(np.int32)[order],
            name_text=Coded(text.codes[order], text.values),
            name_keys=key.values,
            name_texts=texts,
            name_scripts=scripts_all(texts),
            domain_row=domain_row[by_row],
            domain_code=domain_code[by_row],
            domain_is_primary=_flags(domains["is_primary"])[by_row],
            duplicate_rows=0,
        )


@dataclass(frozen=True)
class Column:
    """A column of texts as `Coded`, with the distinct ones still in an Arrow column: (n,) places in `texts`, -1 for none."""

    codes: Ints
    texts: pa.LargeStringArray

    def coded(self) -> Coded:
        """The column with its distinct texts as a list."""
        return Coded(self.codes, listed(self.texts))

    def recoded(self, texts: pa.LargeStringArray, missing: str = "") -> Column:
        """Column with another text in the place of each one; equal texts share a code, an empty one has none."""
        found = encoded(pa.concat_arrays([texts, column_of([missing])]))
        return Column(found.codes[self.codes], found.texts)


def encoded(column: pa.Array | pa.ChunkedArray) -> Column:
    """Codes of texts in the order of first appearance; a blank text or null has none."""
    dictionary = _plain(column).dictionary_encode()
    texts = column_of(dictionary.dictionary)
    indices = dictionary.indices.fill_null(-1) if dictionary.indices.null_count else dictionary.indices
    codes = indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
    blank = pc.index(texts, pa.scalar("", texts.type)).as_py()
    if blank >= 0:
        codes = np.where(codes == blank, -1, codes - (codes > blank)).astype(np.int32)
        texts = pa.concat_arrays([texts[:blank], texts[blank + 1 :]])
    return Column(codes, texts)


def encode(column: pa.Array | pa.ChunkedArray) -> Coded:
    """Codes of texts in the order of first appearance; a blank text or null has none."""
    return encoded(column).coded()


def recode(column: Coded, values: Texts, missing: str = "") -> Coded:
    """Column with another text in the place of each one; equal texts share a code, an empty one has none."""
    return Column(column.codes, column_of([])).recoded(column_of(values), missing).coded()


def first_texts(code: Ints, text: Coded, size: int) -> list[str]:
    """Of the texts that stand with each code, the first in the order of texts."""
    pairs = distinct(code.astype(np.int64) * (len(text.values) or 1) + text.codes)
    of_code, place = pairs // (len(text.values) or 1), pairs % (len(text.values) or 1)
    first = is_first(of_code)
    best = np.full(size, -1, np.int64)
    best[of_code[first]] = place[first]
    for at, text_at in zip(of_code[~first].tolist(), place[~first].tolist(), strict=True):
        if text.values[text_at] < text.values[best[at]]:
            best[at] = text_at
    return [text.values[at] if at >= 0 else "" for at in best.tolist()]


def _plain(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], _TEXT)
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _flags(column: pa.ChunkedArray) -> Flags:
    flags: Flags = column.to_numpy().astype(bool)
    return flags


def _rows_of(record_ids: pa.ChunkedArray, ids: pa.Array) -> Ints:
    found: Ints = pc.index_in(_plain(record_ids), value_set=ids).to_numpy(zero_copy_only=False).astype(np.int32)
    return found


def _places(texts: pa.Array, values: Sequence[str]) -> Ints:
    found = pc.index_in(texts, value_set=pa.array(values, _TEXT), skip_nulls=True)
    places: Ints = found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    return places


def _more_codes(column: Coded, more: Coded) -> tuple[Coded, Ints]:
    """Column with further values behind its own, and the codes that the further column's rows have there."""
    known = {value: code for code, value in enumerate(column.values)}
    codes = np.array([known.setdefault(value, len(known)) for value in more.values], np.int32)
    return Coded(column.codes, list(known)), codes[more.codes] if len(codes) else more.codes
