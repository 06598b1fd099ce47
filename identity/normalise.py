"""Company records in comparable form: one row each, every text as a code, with the keys that matching works on."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from itertools import chain
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity import identifiers
from identity.addresses import address_keys, phone_key, postal_key
from identity.compare import is_label
from identity.domains import DomainReader
from identity.names import NameReader
from identity.parallel import map_in_parts
from identity.prepared import (
    ALIAS,
    KANA,
    NAME,
    NAME_EN,
    ROMAN,
    Coded,
    Flags,
    Ints,
    Prepared,
    encode,
    first_texts,
    recode,
)
from identity.rules import IdentityRules
from identity.runs import is_first
from identity.text import SCRIPT_BITS, lines_with, scripts_all, spelled_out, transliterate

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
_BRACKETED_NAME: Final = re.compile(
    r"[(（\[［【]\s*(?:称号|旧社名|旧商号|旧名|旧|通称|現社名|現商号|現|"
    r"formerly known as|formerly|former|previously|vormals|ehemals|anciennement|f/?k/?a|d/?b/?a|a/?k/?a|t/a|trading as)"
    r"[ \t\u3000:：、.]*(?P<other>[^)）\]］】\n]+)[)）\]］】]",
    re.IGNORECASE,
)
_TRADE_NAME: Final = re.compile(
    r"[ \t\u3000,;]+(?:d/b/a|dba|f/k/a|fka|formerly known as|formerly|previously|a/k/a|aka|t/a|trading as|"
    r"doing business as)[ \t\u3000:.]+",
    re.IGNORECASE,
)
_SHARE_CLASS: Final = re.compile(r"[ \t]*\((?:class [a-z]|the)\)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_MAX_ALTERNATIVES: Final = 50
_LONGEST_LABEL: Final = 63
_LONGEST_WITH_TRADE_NAME: Final = 1000
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
    columns = {name: encode(table[name]) for name in TEXT_COLUMNS if name not in ("record_id", "source_id", "region")}
    record_ids: list[str] = table["record_id"].to_pylist()
    size = len(record_ids)
    issues = _Issues(size)

    reader, domains = _readers(rules)
    main_texts, former_texts = _split_names(columns["company_name"].values)
    aliases = [_alternatives(text) for text in columns["aliases"].values]
    other_hosts = [text.split("|")[: 10 * _MAX_ALTERNATIVES] for text in columns["other_domains"].values]
    umlauts = [spelled_out(text) if not text.isascii() else text for text in main_texts]
    names = _NameBook(
        reader,
        (main_texts, former_texts, umlauts, columns["name_en"].values, columns["name_kana"].values, *aliases),
    )
    hosts, host_kinds = _read_hosts(domains, columns["domain"].values)
    other = sorted({text for each in other_hosts for text in each})
    other_domains = dict(zip(other, zip(*_read_hosts(domains, other), strict=True), strict=True))

    main = names.places(main_texts, columns["company_name"].codes)
    domain_kind = np.array([*host_kinds, "none"], dtype=object)[columns["domain"].codes]
    _rescue_real_names(names, main, main_texts, columns, hosts, domain_kind)
    issues.add_of(main, names.issues)
    issues.add(np.flatnonzero(main < 0), ("name_empty",))
    for kind in ("invalid", "placeholder"):
        issues.add(np.flatnonzero(domain_kind == kind), (f"domain_{kind}",))

    result = {
        "source": columns["source"],
        "provider": _providers(record_ids, columns["source"]),
        "normalised_name": names.column(names.normalised_name, main),
        "legal_form": names.column(names.legal_form, main),
        "branch": names.column(names.branch, main),
        "domain_kind": recode(
            columns["domain"], ["invalid" if kind == "placeholder" else kind for kind in host_kinds], "none"
        ),
        "country": _countries(columns["country_code"], issues),
        "address": recode(columns["address"], _mapped(address_keys, columns["address"].values)),
        "postal_code": recode(columns["postal_code"], [postal_key(text) for text in columns["postal_code"].values]),
        "phone": recode(columns["phone"], _mapped(_phone_keys, columns["phone"].values)),
    }
    for name, check in _CHECKS.items():
        checked = [check(text) for text in columns[name].values]
        result[name] = recode(columns[name], [value for value, _ in checked])
        issues.add_of(columns[name].codes, [(issue,) if issue else () for _, issue in checked])
    domain, domain_row, domain_code, domain_is_primary = _domains(
        columns, hosts, host_kinds, other_hosts, other_domains
    )
    result["domain"] = domain
    result["issues"] = issues.column()

    is_placeholder = _at(np.array(names.is_placeholder, dtype=bool), main, False)
    roman = names.add_roman()
    name_row, place, name_kind = _names(columns, names, main, former_texts, umlauts, aliases, is_placeholder, roman)
    used = np.flatnonzero(np.bincount(names.key_code[place], minlength=len(names.keys)))
    code_of = np.full(len(names.keys) + 1, -1, np.int32)
    code_of[used] = np.arange(len(used))
    name_code = code_of[names.key_code[place]]
    name_text = Coded(place, names.normalised_name)
    texts = first_texts(name_code, name_text, len(used))
    return Prepared(
        record_ids=record_ids,
        columns=result,
        is_crm=_is(columns["source"], _CRM_SOURCE),
        is_placeholder=is_placeholder,
        first_seen_date=_dates(table["first_seen_date"]),
        main_name=code_of[_at(names.key_code, main, -1)],
        name_row=name_row,
        name_code=name_code,
        name_kind=name_kind,
        name_text=name_text,
        name_keys=[names.keys[code] for code in used.tolist()],
        name_texts=texts,
        name_scripts=scripts_all(texts),
        domain_row=domain_row,
        domain_code=domain_code,
        domain_is_primary=domain_is_primary,
        duplicate_rows=duplicate_rows,
    )


@lru_cache(maxsize=2)
def _readers(rules: IdentityRules) -> tuple[NameReader, DomainReader]:
    """Readers of names and domains by the rules; making them takes longer than reading a thousand names."""
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


class _NameBook:
    """All distinct name texts of the records, read once; distinct keys get codes of their own."""

    def __init__(self, reader: NameReader, texts: Sequence[Sequence[str]]) -> None:
        self._reader = reader
        distinct = list(dict.fromkeys(chain.from_iterable(texts)))
        self._place = dict(zip(distinct, range(len(distinct)), strict=True))
        self._place.pop("", None)
        parts = map_in_parts(reader.read_all, distinct)
        self.normalised_name = list(chain.from_iterable(part.normalised_name for part in parts))
        self.name_key = list(chain.from_iterable(part.name_key for part in parts))
        self.legal_form = list(chain.from_iterable(part.legal_form for part in parts))
        self.branch = list(chain.from_iterable(part.branch for part in parts))
        self.is_placeholder = list(chain.from_iterable(part.is_placeholder for part in parts))
        self.issues = list(chain.from_iterable(part.issues for part in parts))
        self.scripts = np.concatenate([part.scripts for part in parts]) if parts else np.zeros(0, np.int64)
        self._number()

    def _number(self) -> None:
        """Give each distinct key a code."""
        found = encode(pa.array(self.name_key, pa.string()))
        self.key_code, self.keys = found.codes, found.values

    def add_roman(self) -> Ints:
        """Add the names that an alphabet can be written in Latin letters as; for each place that of the other, -1 if none."""
        alphabets = SCRIPT_BITS["kana"] | SCRIPT_BITS["cyrillic"] | SCRIPT_BITS["greek"] | SCRIPT_BITS["georgian"]
        # Kanji in a name keep it from being written in Latin letters.
        readable = ((self.scripts & alphabets) > 0) & ((self.scripts & SCRIPT_BITS["han"]) == 0)
        found = np.full(len(self.name_key), -1, np.int32)
        for place in np.flatnonzero(readable).tolist():
            text = transliterate(self.normalised_name[place])
            key = text.replace(" ", "")
            if key and key.isascii():
                found[place] = self._add(text, key, "", "")
        self.scripts = np.r_[self.scripts, np.full(len(self.name_key) - len(self.scripts), SCRIPT_BITS["latin"])]
        self._number()
        return found

    def places(self, texts: Sequence[str], codes: Ints) -> Ints:
        """Place of each row's text in this book, -1 if there is none."""
        places = np.array([self._place.get(text, -1) for text in texts] + [-1], dtype=np.int32)
        return places[codes]

    def place(self, text: str) -> int:
        """Place of a text in this book, -1 if it is empty."""
        return self._place.get(text, -1)

    def column(self, values: list[str], places: Ints) -> Coded:
        """One of the lists as a column of rows."""
        found = encode(pa.array(values, pa.string()))
        return Coded(_at(found.codes, places, -1), found.values)

    def add_real(self, text: str) -> int:
        """Add a name that is a company's although others use it to fill a field; its place."""
        name = self._reader.read_real(text)
        self.scripts = np.r_[self.scripts, name.scripts]
        return self._add(name.normalised_name, name.name_key, name.legal_form, name.branch)

    def is_label(self, text: str, domain: str) -> bool:
        """Whether a name, taken for a company's, is just the domain."""
        return is_label(self._reader.read_real(text).name_key, domain)

    def _add(self, text: str, key: str, legal_form: str, branch: str) -> int:
        self.normalised_name.append(text)
        self.name_key.append(key)
        self.legal_form.append(legal_form)
        self.branch.append(branch)
        self.is_placeholder.append(False)
        self.issues.append(())
        return len(self.name_key) - 1


class _Issues:
    """What is wrong with each row."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._of: dict[int, set[str]] = {}

    def add(self, rows: NDArray[np.intp], reasons: Sequence[str]) -> None:
        for row in rows.tolist():
            self._of.setdefault(row, set()).update(reasons)

    def add_of(self, codes: Ints, reasons: Sequence[Sequence[str]]) -> None:
        """Add to each row what is wrong with the text that its code stands for."""
        is_wrong = np.array([bool(reason) for reason in reasons] + [False], dtype=bool)
        for row in np.flatnonzero(is_wrong[codes]).tolist():
            self._of.setdefault(row, set()).update(reasons[codes[row]])

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


def _mapped(function: Callable[[Sequence[str]], list[str]], texts: Sequence[str]) -> list[str]:
    return [value for part in map_in_parts(function, texts) for value in part]


def _phone_keys(texts: Sequence[str]) -> list[str]:
    return [phone_key(text) for text in texts]


def _at(values: NDArray[np.generic], places: Ints, missing: object) -> NDArray:  # type: ignore[type-arg]
    return np.append(values, np.array([missing], dtype=values.dtype))[places]


def _is(column: Coded, text: str) -> Flags:
    code = column.values.index(text) if text in column.values else -2
    result: Flags = column.codes == code
    return result


def _split_names(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Each name without a former or trade name behind it, and that other name."""
    mains, others = list(texts), [""] * len(texts)
    for at in lines_with(_SHARE_CLASS, mains):
        mains[at] = _SHARE_CLASS.sub("", mains[at]) or mains[at]
    # Few names have one; one pass over all of them finds the few.
    for at in sorted({*lines_with(_BRACKETED_NAME, texts), *lines_with(_TRADE_NAME, texts)}):
        text = main = mains[at]
        other = ""
        if len(text) <= _LONGEST_WITH_TRADE_NAME:
            found = _BRACKETED_NAME.search(text)
            trade = None if found else _TRADE_NAME.search(text)
            if found and text[: found.start()].strip():
                main, other = f"{text[: found.start()]} {text[found.end() :]}", found["other"]
            elif trade and text[: trade.start()].strip() and text[trade.end() :].strip():
                main, other = text[: trade.start()], text[trade.end() :]
        mains[at], others[at] = main, other
    return mains, others


def _alternatives(text: str) -> list[str]:
    return text.split("|")[:_MAX_ALTERNATIVES]


def _read_hosts(reader: DomainReader, texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Registrable domain of each text, and its kind."""
    parts = map_in_parts(reader.read_all, texts)
    return [domain for domains, _ in parts for domain in domains], [kind for _, kinds in parts for kind in kinds]


def _rescue_real_names(
    names: _NameBook,
    main: Ints,
    main_texts: list[str],
    columns: dict[str, Coded],
    hosts: Sequence[str],
    domain_kind: NDArray[np.object_],
) -> None:
    """Take a name such as 'Personal' for a company's where the domain says the same: personal.com.ar."""
    flags = np.append(np.array(names.is_placeholder, dtype=bool), False)
    rows = np.flatnonzero(flags[main] & (domain_kind == "company"))
    added: dict[str, int] = {}
    for row in rows.tolist():
        text = main_texts[columns["company_name"].codes[row]]
        if len(text) > _LONGEST_LABEL:
            continue
        domain = hosts[columns["domain"].codes[row]]
        if names.is_label(text, domain):
            if text not in added:
                added[text] = names.add_real(text)
            main[row] = added[text]


def _providers(record_ids: Sequence[str], source: Coded) -> Coded:
    """`firmographics:<provider>` where a provider keeps one row per company; '' where duplicates are usual."""
    rows = np.flatnonzero(_is(source, _PROVIDER_SOURCE))
    known: dict[str, int] = {}
    codes = np.full(len(record_ids), -1, np.int32)
    for row in rows.tolist():
        provider = record_ids[row].rpartition(":")[0] or _PROVIDER_SOURCE
        codes[row] = known.setdefault(provider, len(known))
    return Coded(codes, list(known))


def _countries(column: Coded, issues: _Issues) -> Coded:
    values = [_COUNTRY_TO.get(text.upper(), text.upper()) for text in column.values]
    readable = [_COUNTRY.match(text) is not None for text in values]
    issues.add_of(column.codes, [() if flag else ("country_unreadable",) for flag in readable])
    return recode(column, [text if flag else "" for text, flag in zip(values, readable, strict=True)])


def _names(
    columns: dict[str, Coded],
    names: _NameBook,
    main: Ints,
    former: Sequence[str],
    umlauts: Sequence[str],
    aliases: Sequence[Sequence[str]],
    is_placeholder: Flags,
    roman: Ints,
) -> tuple[Ints, Ints, Ints]:
    """Rows, places in the book and kinds of all usable names, one for each row and key, sorted by row and key."""
    rows: list[NDArray[np.intp]] = []
    places: list[Ints] = []
    kinds: list[Ints] = []

    def add(row: NDArray[np.intp], place: Ints, kind: int) -> None:
        rows.append(row)
        places.append(place.astype(np.int32))
        kinds.append(np.full(len(row), kind, np.int32))

    everyone = np.arange(len(main))
    add(everyone, main, NAME)
    add(everyone, names.places(former, columns["company_name"].codes), ALIAS)
    add(everyone, names.places(umlauts, columns["company_name"].codes), NAME_EN)
    add(everyone, names.places(columns["name_en"].values, columns["name_en"].codes), NAME_EN)
    add(everyone, names.places(columns["name_kana"].values, columns["name_kana"].codes), KANA)
    with_aliases = np.flatnonzero(columns["aliases"].codes >= 0)
    if len(with_aliases):
        each = [np.array([names.place(text) for text in texts], np.int32) for texts in aliases]
        of_row = [each[code] for code in columns["aliases"].codes[with_aliases]]
        add(np.repeat(with_aliases, [len(one) for one in of_row]), np.concatenate(of_row), ALIAS)
    row, place, kind = np.concatenate(rows), np.concatenate(places), np.concatenate(kinds)
    in_roman = _at(roman, place, -1)
    has_roman = np.flatnonzero(in_roman >= 0)
    row, place = np.r_[row, row[has_roman]], np.r_[place, in_roman[has_roman]]
    kind = np.r_[kind, np.full(len(has_roman), ROMAN, np.int32)]
    code = _at(names.key_code, place, -1)
    usable = (code >= 0) & ~is_placeholder[row]
    row, place, kind, code = row[usable].astype(np.int32), place[usable], kind[usable], code[usable]
    order = np.lexsort((place, kind, code, row))
    row, place, kind, code = row[order], place[order], kind[order], code[order]
    first = is_first(row, code)
    # A record that writes one name in two ways: the first in the order of texts, wherever they were met.
    again = np.flatnonzero(~is_first(row, code, kind) & is_first(row, code, kind, place))
    heads = np.flatnonzero(first)
    for at in again.tolist():
        head = heads[np.searchsorted(heads, at, side="right") - 1]
        if kind[head] == kind[at] and names.normalised_name[place[at]] < names.normalised_name[place[head]]:
            place[head] = place[at]
    return row[first], place[first], kind[first]


def _domains(
    columns: dict[str, Coded],
    hosts: Sequence[str],
    kinds: Sequence[str],
    other: Sequence[Sequence[str]],
    read: dict[str, tuple[str, str]],
) -> tuple[Coded, Ints, Ints, Flags]:
    """Registrable domain of each row, and all company domains of the rows."""
    primary = recode(columns["domain"], hosts)
    known = {domain: code for code, domain in enumerate(primary.values)}
    is_company = np.array([kind == "company" for kind in kinds] + [False])[columns["domain"].codes]
    rows = [np.flatnonzero(is_company)]
    codes = [primary.codes[rows[0]]]
    flags = [np.ones(len(rows[0]), dtype=bool)]
    for at in np.flatnonzero(columns["other_domains"].codes >= 0).tolist():
        found = [read[text] for text in other[columns["other_domains"].codes[at]]]
        more = [known.setdefault(domain, len(known)) for domain, kind in found if kind == "company"]
        rows.append(np.full(len(more), at))
        codes.append(np.array(more, np.int32))
        flags.append(np.zeros(len(more), dtype=bool))
    row, code, flag = np.concatenate(rows).astype(np.int32), np.concatenate(codes), np.concatenate(flags)
    order = np.lexsort((~flag, code, row))
    row, code, flag = row[order], code[order], flag[order]
    first = is_first(row, code)
    return Coded(primary.codes, list(known)), row[first], code[first].astype(np.int32), flag[first]


__all__ = ["ALIAS", "KANA", "NAME", "NAME_EN", "ROMAN", "Coded", "Flags", "Ints", "Prepared", "encode_texts", "prepare"]
