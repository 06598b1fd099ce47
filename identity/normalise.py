"""Company records in comparable form: one row each, every text as a code, with the keys that matching works on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache, partial
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity import identifiers
from identity.addresses import address_keys, phone_keys, postal_keys
from identity.domains import DomainReader
from identity.lines import column_of, listed
from identity.name_book import NameBook, NameTexts, at, names_of_rows
from identity.names import NameReader, Names
from identity.parallel import do_pieces
from identity.prepared import (
    ALIAS,
    KANA,
    NAME,
    NAME_EN,
    ROMAN,
    Coded,
    Column,
    Flags,
    Ints,
    Prepared,
    encode,
    encoded,
    first_texts,
)
from identity.rules import IdentityRules
from identity.runs import is_first
from identity.text import scripts_all

TEXT_COLUMNS: Final = (
    "record_id",
    "source",
    "source_id",
    "company_name",
    "name_en",
    "name_kana",
    "aliases",
    "domain",
    "other_domains",
    "country_code",
    "region",
    "address",
    "postal_code",
    "phone",
    "corporate_number",
    "lei",
    "duns",
)
_PROVIDER_SOURCE: Final = "firmographics"
_CRM_SOURCE: Final = "salesforce"
_COUNTRY: Final = re.compile(r"^[A-Z]{2}$")
# Codes met in data for countries whose ISO 3166 code is another.
_COUNTRY_TO: Final = {"FX": "FR", "UK": "GB", "EL": "GR"}
_MAX_OTHER_DOMAINS: Final = 500
# Texts that are worked on at once: enough of them that a call more does not matter, few enough to stay near the processor.
_NAMES_AT_ONCE: Final = 30_000
_LATEST: Final = np.datetime64(date.max.replace(year=2261), "D")


def prepare(records: pa.Table | pd.DataFrame, rules: IdentityRules) -> Prepared:
    """Bring company records into comparable form.

    Parameters
    ----------
    records : columns of `identity.company_records`; only record_id is required. Order does not matter; of rows with one
        record_id the first in the order of their texts is taken.

    Raises
    ------
    ValueError
        If record_id is missing or empty.
    """
    table, duplicate_rows = _read(records)
    record_ids = listed(table["record_id"])
    issues = _Issues(len(record_ids))
    reader, domain_reader = make_readers(rules)
    texts = NameTexts.of(*(table[name] for name in ("company_name", "name_en", "name_kana", "aliases")))
    starts = range(0, len(texts.texts), _NAMES_AT_ONCE)
    fields: dict[str, Callable[[], tuple[Column, ...]]] = {
        **{name: partial(_checked, table[name], check) for name, check in _CHECKS.items()},
        "postal_code": partial(_keyed, table["postal_code"], postal_keys),
        "phone": partial(_keyed, table["phone"], phone_keys),
        "domain": partial(_domains_of, table["domain"], domain_reader),
        "address": partial(_keyed, table["address"], address_keys),
    }
    names_read, fields_read = _read_texts(
        [partial(reader.read_all, texts.texts.slice(start, _NAMES_AT_ONCE)) for start in starts],
        fields,
        len(record_ids),
    )
    names = NameBook(reader, names_read)
    domain, kind = fields_read["domain"]
    is_company = np.array([text == "company" for text in kind.texts.to_pylist()] + [False])[kind.codes]
    main = texts.main.copy()
    names.rescue_real_names(main, texts.texts, domain, is_company)
    issues.add_of(main, names.issues)
    issues.add(np.flatnonzero(main < 0), ("name_empty",))
    for code, text in enumerate(kind.texts.to_pylist()):
        if text in ("invalid", "placeholder"):
            issues.add(np.flatnonzero(kind.codes == code), (f"domain_{text}",))

    source = encode(table["source"])
    columns = {
        "source": source,
        "provider": _providers(record_ids, source),
        "normalised_name": names.column(names.normalised_name, main),
        "legal_form": names.column(names.legal_form, main),
        "branch": names.column(names.branch, main),
        "domain_kind": kind.recoded(pc.if_else(pc.equal(kind.texts, "placeholder"), "invalid", kind.texts)).coded(),
        "country": _countries(encoded(table["country_code"]), issues),
        "address": fields_read["address"][0].coded(),
        "postal_code": fields_read["postal_code"][0].coded(),
        "phone": fields_read["phone"][0].coded(),
    }
    for name in _CHECKS:
        checked, issue = fields_read[name]
        columns[name] = checked.coded()
        issues.add_of(issue.codes, dict(enumerate((text,) for text in issue.texts.to_pylist())))
    columns["domain"], domain_row, domain_code, domain_is_primary = _domains(
        domain.coded(), is_company, encoded(table["other_domains"]), domain_reader
    )
    columns["issues"] = issues.column()

    is_placeholder = at(names.is_placeholder, main, False)
    roman = names.add_roman()
    keys = encoded(names.name_key)
    written = listed(names.normalised_name)
    name_row, place, name_kind = names_of_rows(texts, main, keys.codes, roman, is_placeholder, written.__getitem__)
    used = np.flatnonzero(np.bincount(keys.codes[place], minlength=len(keys.texts)))
    code_of = np.full(len(keys.texts) + 1, -1, np.int32)
    code_of[used] = np.arange(len(used))
    name_code = code_of[keys.codes[place]]
    name_text = Coded(place, written)
    name_texts = first_texts(name_code, name_text, len(used))
    return Prepared(
        record_ids=record_ids,
        columns=columns,
        is_crm=_is(source, _CRM_SOURCE),
        is_placeholder=is_placeholder,
        first_seen_date=_dates(table["first_seen_date"]),
        main_name=code_of[at(keys.codes, main, -1)],
        name_row=name_row,
        name_code=name_code,
        name_kind=name_kind,
        name_text=name_text,
        name_keys=listed(keys.texts.take(pa.array(used))),
        name_texts=name_texts,
        name_scripts=scripts_all(name_texts),
        domain_row=domain_row,
        domain_code=domain_code,
        domain_is_primary=domain_is_primary,
        duplicate_rows=duplicate_rows,
    )


@lru_cache(maxsize=2)
def make_readers(rules: IdentityRules) -> tuple[NameReader, DomainReader]:
    """Readers of names and domains by the rules, kept for the next call: making them takes longer than reading 1,000 names."""
    reader = NameReader(
        rules.legal_forms,
        rules.placeholder_names,
        int(rules["max_name_length"]),
        rules.abbreviations,
        rules.common_words,
    )
    return reader, DomainReader(rules.domain_kinds)


_CHECKS: Final[dict[str, Callable[[str], tuple[str, str]]]] = {
    "corporate_number": identifiers.corporate_number,
    "lei": identifiers.lei,
    "duns": identifiers.duns,
}


def _read_texts(
    names: Sequence[Callable[[], Names]], fields: dict[str, Callable[[], tuple[Column, ...]]], records: int
) -> tuple[list[Names], dict[str, tuple[Column, ...]]]:
    """Names and fields, read on two processes; a field is one piece of work, the longest the last one, which is begun first."""
    done: list[Any] = do_pieces([*names, *fields.values()], records)
    return done[: len(names)], dict(zip(fields, done[len(names) :], strict=True))


def _keyed(column: pa.Array, keys: Callable[[pa.LargeStringArray], pa.LargeStringArray]) -> tuple[Column]:
    texts = encoded(column)
    return (texts.recoded(keys(texts.texts)),)


def _checked(column: pa.Array, check: Callable[[str], tuple[str, str]]) -> tuple[Column, Column]:
    """Identifiers, and what is wrong with those that cannot be used."""
    texts = encoded(column)
    checked = [check(text) for text in listed(texts.texts)]
    values, issues = (column_of([one[at] for one in checked]) for at in (0, 1))
    return texts.recoded(values), texts.recoded(issues)


def _domains_of(column: pa.Array, reader: DomainReader) -> tuple[Column, Column]:
    """Registrable domains, and their kinds."""
    texts = encoded(column)
    domains, kinds = reader.read_all(texts.texts)
    return texts.recoded(domains), texts.recoded(kinds, "none")


class _Issues:
    """What is wrong with each row."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._of: dict[int, set[str]] = {}

    def add(self, rows: NDArray[np.intp], reasons: Sequence[str]) -> None:
        for row in rows.tolist():
            self._of.setdefault(row, set()).update(reasons)

    def add_of(self, codes: Ints, reasons: Mapping[int, Sequence[str]]) -> None:
        """Add to each row what is wrong with the text that its code stands for; -1 stands for none."""
        is_wrong = np.zeros(max(int(codes.max(initial=-1)), max(reasons, default=-1)) + 2, dtype=bool)
        is_wrong[list(reasons)] = True
        for row in np.flatnonzero(is_wrong[codes]).tolist():
            self._of.setdefault(row, set()).update(reasons[int(codes[row])])

    def column(self) -> Coded:
        values: dict[str, int] = {}
        codes = np.full(self._size, -1, np.int32)
        for row in sorted(self._of):
            codes[row] = values.setdefault("|".join(sorted(self._of[row])), len(values))
        return Coded(codes, list(values))


def _read(records: pa.Table | pd.DataFrame) -> tuple[dict[str, pa.Array], int]:
    """Columns as texts without nulls, sorted by record_id; and the number of rows that repeat a record_id."""
    names = records.column_names if isinstance(records, pa.Table) else list(map(str, records.columns))
    if "record_id" not in names:
        raise ValueError(
            f"company records have no column record_id; they have {', '.join(names) or 'none'}.\n"
            "Every record needs an id that stays the same from run to run."
        )
    size = len(records)
    wanted = (*TEXT_COLUMNS, "first_seen_date")
    table = {
        name: _texts(records[name])
        if name in names
        else pa.array([""] * size if size < 2 else None, pa.string())
        if size < 2
        else pa.repeat("", size)
        for name in wanted
    }
    empty = pc.sum(pc.equal(pc.utf8_trim_whitespace(table["record_id"]), "")).as_py() or 0
    if empty:
        raise ValueError(f"company records: record_id is empty on {empty} of {size} rows.\nGive each row an id.")
    ids = table["record_id"]
    if size > 1 and not pc.all(pc.less(ids[:-1], ids[1:])).as_py():
        order = pc.sort_indices(ids)
        ids = ids.take(order)
        if pc.any(pc.equal(ids[:-1], ids[1:])).as_py():
            keys = [(name, "ascending") for name in ("record_id", "first_seen_date", *TEXT_COLUMNS[1:])]
            order = pc.sort_indices(pa.table(table), sort_keys=keys)
            ids = table["record_id"].take(order)
            is_first = np.r_[True, pc.not_equal(ids[:-1], ids[1:]).to_numpy(zero_copy_only=False)]
            order = order.filter(pa.array(is_first))
        table = {name: column.take(order) for name, column in table.items()}
    return table, size - len(table["record_id"])


def _texts(column: pa.ChunkedArray | pd.Series) -> pa.Array:
    if isinstance(column, pd.Series):
        column = pa.array([_text(value) for value in column], pa.string())
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # more text than one array holds
        column = pa.concat_arrays([chunk.cast(pa.large_string()) for chunk in column.chunks])
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        # As Python writes it: 7000012050002.0, not 7.000012050002e12.
        encoded = column.dictionary_encode()
        values = pa.array([_text(value) for value in encoded.dictionary.to_pylist()], pa.string())
        column = pa.DictionaryArray.from_arrays(encoded.indices, values).dictionary_decode()
    return pc.fill_null(column, "")


def _text(value: object) -> str:
    if isinstance(value, str):
        # Half a surrogate pair cannot be written anywhere; the rest of the text can.
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    return "" if value is None or value is pd.NaT or value is pd.NA or value != value else str(value)


def _dates(column: pa.Array) -> NDArray[np.datetime64]:
    encoded = column.dictionary_encode()
    values = pd.to_datetime(
        pd.Series(encoded.dictionary.to_pylist(), dtype=object), errors="coerce", format="ISO8601", utc=True
    )
    days = values.dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    days = np.where(np.isnat(days), _LATEST, days)
    return days[encoded.indices.to_numpy(zero_copy_only=False)] if len(column) else days


def encode_texts(texts: Sequence[str]) -> Coded:
    """Column of texts; an empty one is none."""
    return encode(pa.array(texts, pa.string()))


def _is(column: Coded, text: str) -> Flags:
    code = column.values.index(text) if text in column.values else -2
    result: Flags = column.codes == code
    return result


def _providers(record_ids: Sequence[str], source: Coded) -> Coded:
    """`firmographics:<provider>` where a provider keeps one row per company; '' where duplicates are usual."""
    rows = np.flatnonzero(_is(source, _PROVIDER_SOURCE))
    known: dict[str, int] = {}
    codes = np.full(len(record_ids), -1, np.int32)
    for row in rows.tolist():
        provider = record_ids[row].rpartition(":")[0] or _PROVIDER_SOURCE
        codes[row] = known.setdefault(provider, len(known))
    return Coded(codes, list(known))


def _countries(column: Column, issues: _Issues) -> Coded:
    values = [_COUNTRY_TO.get(text.upper(), text.upper()) for text in listed(column.texts)]
    readable = [_COUNTRY.match(text) is not None for text in values]
    issues.add_of(column.codes, {code: ("country_unreadable",) for code, flag in enumerate(readable) if not flag})
    return column.recoded(
        column_of([text if flag else "" for text, flag in zip(values, readable, strict=True)])
    ).coded()


def _domains(
    primary: Coded, is_company: Flags, other_domains: Column, reader: DomainReader
) -> tuple[Coded, Ints, Ints, Flags]:
    """Registrable domain of each row with the further ones behind, and all company domains of the rows."""
    rows = [np.flatnonzero(is_company)]
    codes = [primary.codes[rows[0]]]
    flags = [np.ones(len(rows[0]), dtype=bool)]
    values = primary.values
    with_others = np.flatnonzero(other_domains.codes >= 0)
    if len(with_others):
        known = {domain: code for code, domain in enumerate(values)}
        hosts = [text.split("|")[:_MAX_OTHER_DOMAINS] for text in listed(other_domains.texts)]
        distinct = sorted({text for each in hosts for text in each})
        domains, kinds = (listed(column) for column in reader.read_all(column_of(distinct)))
        read = dict(zip(distinct, zip(domains, kinds, strict=True), strict=True))
        for at_row in with_others.tolist():
            found = [read[text] for text in hosts[other_domains.codes[at_row]]]
            more = [known.setdefault(domain, len(known)) for domain, kind in found if kind == "company"]
            rows.append(np.full(len(more), at_row))
            codes.append(np.array(more, np.int32))
            flags.append(np.zeros(len(more), dtype=bool))
        values = list(known)
    row, code, flag = np.concatenate(rows).astype(np.int32), np.concatenate(codes), np.concatenate(flags)
    order = np.lexsort((~flag, code, row))
    row, code, flag = row[order], code[order], flag[order]
    first = is_first(row, code)
    return Coded(primary.codes, values), row[first], code[first].astype(np.int32), flag[first]


__all__ = ["ALIAS", "KANA", "NAME", "NAME_EN", "ROMAN", "Coded", "Flags", "Ints", "Prepared", "encode_texts", "prepare"]
