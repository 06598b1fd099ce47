"""All names of the records, each text read once; and which names each record has."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity.compare import is_label
from identity.lines import column_of, flags_of, has, listed
from identity.names import NameReader, Names
from identity.prepared import ALIAS, KANA, NAME, NAME_EN, ROMAN, Coded, Column, Flags, Ints, encoded
from identity.runs import is_first
from identity.text import SCRIPT_BITS, spelled_out, transliterated

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
# What one of the three above is found in has this, too. An i stands for more letters in Python's engine than in Arrow's.
_OTHER_WORDS: Final = "former|prev.ously|vormals|ehemals|anc.ennement|f/?k/?a|d/?b/?a|a/?k/?a|t/a|trad.ng as"
_MAY_BE_SPLIT: Final = (
    rf"(?i)[(（\[［【]\PL*(?:称号|旧|通称|現|{_OTHER_WORDS}|class|the)|"
    rf"[ \t,;\x{{3000}}](?:{_OTHER_WORDS}|do.ng bus.ness)"
)
_LONGEST_WITH_TRADE_NAME: Final = 1000
_LONGEST_LABEL: Final = 63
_MAX_ALTERNATIVES: Final = 50
_ALPHABETS: Final = SCRIPT_BITS["kana"] | SCRIPT_BITS["cyrillic"] | SCRIPT_BITS["greek"] | SCRIPT_BITS["georgian"]


@dataclass(frozen=True)
class NameTexts:
    """The texts that name records, and the place of each record's among them; -1 where it has none.

    Attributes
    ----------
    texts : what is to be read; few stand in it twice
    main, former, umlauts, name_en, name_kana : (n,) the name, a former or trade name that stood behind it, the name with
        umlauts as two letters (the name itself where it has none), names in other columns
    alias_row, alias : (m,) records with other names, and the places of these
    """

    texts: pa.LargeStringArray
    main: Ints
    former: Ints
    umlauts: Ints
    name_en: Ints
    name_kana: Ints
    alias_row: NDArray[np.int64]
    alias: Ints

    @classmethod
    def of(cls, company_name: pa.Array, name_en: pa.Array, name_kana: pa.Array, aliases: pa.Array) -> NameTexts:
        """The texts of the columns, which have no nulls."""
        size = len(company_name)
        column = encoded(pa.concat_arrays([column_of(each) for each in (company_name, name_en, name_kana)]))
        main, of_en, of_kana = column.codes[:size], column.codes[size : 2 * size], column.codes[2 * size :]
        count = int(main.max(initial=-1)) + 1
        mains, is_split, formers_of, formers = _split_names(column.texts[:count])
        umlauts_of, umlauts = spelled_out(mains)
        whole_of = np.intersect1d(np.flatnonzero(is_split), np.r_[of_en, of_kana])
        alias_row, alias, alias_texts = _aliases(encoded(aliases))
        parts = [mains, formers, umlauts, column.texts.take(pa.array(whole_of)), column.texts[count:], alias_texts]
        starts = np.cumsum([0, *map(len, parts)])
        # Places by code; behind the last one that of no text.
        former = np.full(count + 1, -1, np.int32)
        former[formers_of] = starts[1] + np.arange(len(formers_of))
        spelled = np.arange(count + 1, dtype=np.int32)
        spelled[umlauts_of], spelled[-1] = starts[2] + np.arange(len(umlauts_of)), -1
        # The text of another column is read as it stands.
        whole = np.append(np.arange(len(column.texts), dtype=np.int32), np.int32(-1))
        whole[count:-1] += starts[4] - count
        whole[whole_of] = starts[3] + np.arange(len(whole_of))
        alias = np.where(alias >= 0, alias + starts[5], -1).astype(np.int32)
        return cls(
            pa.concat_arrays(parts),
            main.copy(),
            former[main],
            spelled[main],
            whole[of_en],
            whole[of_kana],
            alias_row,
            alias,
        )


class NameBook:
    """What the texts say, and names that are added to them: each list has a value for each place."""

    def __init__(self, reader: NameReader, parts: Sequence[Names]) -> None:
        self._reader = reader
        starts = np.cumsum([0, *(len(part.scripts) for part in parts)]).tolist()
        empty = column_of([])
        self.normalised_name = pa.concat_arrays([empty, *(part.normalised_name for part in parts)])
        self.name_key = pa.concat_arrays([empty, *(part.name_key for part in parts)])
        self.legal_form = pa.concat_arrays([empty, *(part.legal_form for part in parts)])
        self.branch = pa.concat_arrays([empty, *(part.branch for part in parts)])
        self.scripts = np.concatenate([np.zeros(0, np.int64), *(part.scripts for part in parts)])
        self.is_placeholder = np.concatenate([np.zeros(0, dtype=bool), *(part.is_placeholder for part in parts)])
        self.issues = {
            start + at: issues for start, part in zip(starts, parts, strict=False) for at, issues in part.issues.items()
        }

    def __len__(self) -> int:
        return len(self.scripts)

    def column(self, values: pa.LargeStringArray, places: Ints) -> Coded:
        """One of the lists as a column of rows."""
        found = encoded(values)
        return Coded(at(found.codes, places, -1), listed(found.texts))

    def rescue_real_names(self, main: Ints, texts: pa.Array, domain: Column, is_company: Flags) -> None:
        """Take a name of the texts such as 'Personal' for a company's where the domain says the same: personal.com.ar."""
        rows = np.flatnonzero(at(self.is_placeholder, main, False) & is_company)
        added: dict[str, int] = {}
        names = []
        domains = domain.texts.take(pa.array(domain.codes[rows])).to_pylist()
        written = texts.take(pa.array(main[rows])).to_pylist()
        for row, text, host in zip(rows.tolist(), written, domains, strict=True):
            if len(text) > _LONGEST_LABEL:
                continue
            name = self._reader.read_real(text)
            if is_label(name.name_key, host):
                if text not in added:
                    added[text] = len(self) + len(added)
                    names.append(name)
                main[row] = added[text]
        self._add(
            column_of([name.normalised_name for name in names]),
            column_of([name.name_key for name in names]),
            column_of([name.legal_form for name in names]),
            column_of([name.branch for name in names]),
            np.array([name.scripts for name in names], np.int64),
        )

    def add_roman(self) -> Ints:
        """Add the names that an alphabet can be written in Latin letters as; for each place that of the other, -1 if none."""
        # Kanji in a name keep it from being written in Latin letters.
        is_readable = ((self.scripts & _ALPHABETS) > 0) & ((self.scripts & SCRIPT_BITS["han"]) == 0)
        places = np.flatnonzero(is_readable)
        texts = transliterated(self.normalised_name.take(pa.array(places)))
        keys = pc.replace_substring(texts, " ", "")
        is_used = flags_of(pc.and_(pc.not_equal(keys, ""), pc.string_is_ascii(keys)))
        used = pa.array(is_used)
        found = np.full(len(self), -1, np.int32)
        found[places[is_used]] = len(self) + np.arange(int(is_used.sum()))
        size = int(is_used.sum())
        blank = column_of([""] * size)
        self._add(texts.filter(used), keys.filter(used), blank, blank, np.full(size, SCRIPT_BITS["latin"], np.int64))
        return found

    def _add(
        self,
        texts: pa.LargeStringArray,
        keys: pa.LargeStringArray,
        legal_forms: pa.LargeStringArray,
        branches: pa.LargeStringArray,
        scripts: NDArray[np.int64],
    ) -> None:
        if not len(texts):
            return
        self.normalised_name = pa.concat_arrays([self.normalised_name, texts])
        self.name_key = pa.concat_arrays([self.name_key, keys])
        self.legal_form = pa.concat_arrays([self.legal_form, legal_forms])
        self.branch = pa.concat_arrays([self.branch, branches])
        self.scripts = np.r_[self.scripts, scripts]
        self.is_placeholder = np.r_[self.is_placeholder, np.zeros(len(texts), dtype=bool)]


def names_of_rows(
    texts: NameTexts, main: Ints, key_code: Ints, roman: Ints, is_placeholder: Flags, name: Callable[[int], str]
) -> tuple[Ints, Ints, Ints]:
    """Rows, places in the book and kinds of all usable names, one for each row and key, sorted by row and key.

    `main` has the places of the main names, `key_code` and `roman` what the book has at each place: code of the key and place in
    Latin letters, -1 for none. `name` gives the readable name at a place.
    """
    rows: list[NDArray[np.int64]] = []
    places: list[Ints] = []
    kinds: list[NDArray[np.int64]] = []

    def add(having: NDArray[np.int64], place: Ints, of_kind: int) -> None:
        rows.append(having)
        places.append(place)
        kinds.append(np.full(len(having), of_kind, np.int64))

    add(np.arange(len(main)), main, NAME)
    for of_column, kind_of_column in (
        (texts.former, ALIAS),
        # What equals the name says nothing new.
        (np.where(texts.umlauts == texts.main, -1, texts.umlauts), NAME_EN),
        (texts.name_en, NAME_EN),
        (texts.name_kana, KANA),
    ):
        having = np.flatnonzero(of_column >= 0)
        add(having, of_column[having], kind_of_column)
    add(texts.alias_row, texts.alias, ALIAS)
    row, place, kind = np.concatenate(rows), np.concatenate(places), np.concatenate(kinds)
    in_roman = at(roman, place, -1)
    has_roman = np.flatnonzero(in_roman >= 0)
    row, place = np.r_[row, row[has_roman]], np.r_[place, in_roman[has_roman]]
    kind = np.r_[kind, np.full(len(has_roman), ROMAN)]
    code = at(key_code, place, -1)
    usable = (code >= 0) & ~is_placeholder[row]
    row, place, kind, code = row[usable].astype(np.int64), place[usable], kind[usable], code[usable]
    # Each kind of names is sorted by row, and the sort makes use of it.
    sorted_by = (row * (len(key_code) + 1) + code) * (ROMAN + 1) + kind
    order = np.argsort(sorted_by, kind="stable")
    sorted_by, row, place, kind = sorted_by[order], row[order], place[order], kind[order]
    name_by = sorted_by // (ROMAN + 1)
    first = is_first(name_by)
    # A record that writes one name in two ways: the first in the order of texts, wherever they were met.
    again = np.flatnonzero(~is_first(sorted_by))
    heads = np.flatnonzero(first)
    for one in again.tolist():
        head = heads[np.searchsorted(heads, one, side="right") - 1]
        if kind[head] == kind[one] and place[head] != place[one]:
            place[head] = min((name(int(place[each])), place[each]) for each in (head, one))[1]
    return row[first].astype(np.int32), place[first].astype(np.int32), kind[first].astype(np.int32)


def at(values: NDArray[Any], places: Ints, missing: object) -> NDArray[Any]:
    """Values at places, something else where the place is -1."""
    return np.append(values, np.array([missing], dtype=values.dtype))[places]


def _split_names(
    texts: pa.LargeStringArray,
) -> tuple[pa.LargeStringArray, Flags, Sequence[int], pa.LargeStringArray]:
    """Each name without a former or trade name behind it, which names that changes, places of those other names, and these."""
    mains: dict[int, str] = {}
    others: dict[int, str] = {}
    places = np.flatnonzero(has(texts, _MAY_BE_SPLIT))
    for place, text in zip(places.tolist(), listed(texts.take(pa.array(places))), strict=True):
        main, other = _split_name(text)
        if main != text:
            mains[place] = main
        if other:
            others[place] = other
    is_split = np.zeros(len(texts), dtype=bool)
    is_split[list(mains)] = True
    texts = pc.replace_with_mask(texts, pa.array(is_split), column_of(list(mains.values())))
    return texts, is_split, list(others), column_of(list(others.values()))


def _split_name(text: str) -> tuple[str, str]:
    if _SHARE_CLASS.search(text.replace("\n", " ")):
        text = _SHARE_CLASS.sub("", text) or text
    if len(text) <= _LONGEST_WITH_TRADE_NAME:
        found = _BRACKETED_NAME.search(text)
        trade = None if found else _TRADE_NAME.search(text)
        if found and text[: found.start()].strip():
            return f"{text[: found.start()]} {text[found.end() :]}", found["other"]
        if trade and text[: trade.start()].strip() and text[trade.end() :].strip():
            return text[: trade.start()], text[trade.end() :]
    return text, ""


def _aliases(column: Column) -> tuple[NDArray[np.int64], Ints, pa.LargeStringArray]:
    """Rows with other names, places of these among the texts that follow, -1 for an empty one."""
    each = [text.split("|")[:_MAX_ALTERNATIVES] for text in listed(column.texts)]
    known: Mapping[str, int] = {
        text: place for place, text in enumerate(dict.fromkeys(text for text in chain.from_iterable(each) if text))
    }
    rows = np.flatnonzero(column.codes >= 0)
    counts = np.array([len(texts) for texts in each], np.int64)
    places = [np.array([known.get(text, -1) for text in texts], np.int32) for texts in each]
    codes = column.codes[rows]
    of_rows: Ints = np.concatenate([np.zeros(0, np.int32), *(places[code] for code in codes.tolist())])
    return np.repeat(rows, counts[codes]) if len(rows) else rows, of_rows, column_of(list(known))
