"""Which records can be touched by a change of some: those that hang together by keys, and the names that are alike.

Nothing but what is rare reaches further than a shared key, so with what is rare taken from an earlier run a few records can be
resolved by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from identity.block import NameFeatures, choose_features, name_features
from identity.prepared import NAME_EN, Prepared, encode, first_texts
from identity.runs import Ints

_IDENTIFIERS: Final = ("corporate_number", "lei", "duns")


def link_keys(prepared: Prepared) -> tuple[Ints, NDArray[np.uint64]]:
    """Rows, and the keys by which each may be joined to another: identifiers, company domains, names; as hashes."""
    rows: list[NDArray[np.integer]] = []
    keys: list[NDArray[np.uint64]] = []

    def add(kind: str, row: NDArray[np.integer], code: NDArray[np.integer], values: Sequence[str]) -> None:
        used = np.flatnonzero(np.bincount(code, minlength=len(values)))
        hashes = np.zeros(len(values), np.uint64)
        texts = np.array([f"{kind}\x1f{values[at]}" for at in used.tolist()], dtype=object)
        hashes[used] = pd.util.hash_array(texts, categorize=False) if len(texts) else 0
        rows.append(row)
        keys.append(hashes[code])

    for name in _IDENTIFIERS:
        column = prepared.columns[name]
        having = np.flatnonzero(column.codes >= 0)
        add(name, having, column.codes[having], column.values)
    add("domain", prepared.domain_row, prepared.domain_code, prepared.columns["domain"].values)
    add("name", prepared.name_row, prepared.name_code, prepared.name_keys)
    return np.concatenate(rows).astype(np.int64), np.concatenate(keys)


def components(size: int, row: Ints, key: NDArray[np.uint64], decided: Sequence[tuple[int, int]]) -> Ints:
    """(size,) number of the set of records with which each hangs together, by keys and by the decisions of people.

    No join and no contradiction reaches from one set into another.
    """
    place = np.unique(key, return_inverse=True)[1] + size
    pairs = np.array(decided, np.int64).reshape(-1, 2)
    nodes = size + (int(place.max()) + 1 - size if len(place) else 0)
    left, right = np.r_[row, pairs[:, 0]], np.r_[place, pairs[:, 1]]
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(nodes, nodes))
    label: Ints = connected_components(graph, directed=False)[1][:size].astype(np.int64)
    return label


@dataclass(frozen=True)
class ComparedNames:
    """Main and English names, for which alike ones are looked for.

    Attributes
    ----------
    keys, texts : (n,) as they are compared and as they are read
    features : words and ends by which alike names meet; its positions are places in these
    """

    keys: list[str]
    texts: list[str]
    features: NameFeatures

    @classmethod
    def of_names(cls, names: pa.Table) -> ComparedNames:
        """The compared ones of names with the columns of `PREPARED_NAMES`: all names of the records in question."""
        key, text = encode(names["name_key"]), encode(names["name_text"])
        own = np.zeros(len(key.values), dtype=bool)
        own[key.codes[names["name_kind"].to_numpy() <= NAME_EN]] = True
        texts = first_texts(key.codes, text, len(key.values))
        compared = np.flatnonzero(own).tolist()
        keys, texts = [key.values[at] for at in compared], [texts[at] for at in compared]
        return cls(keys, texts, name_features(keys, texts))

    @classmethod
    def of_codes(cls, prepared: Prepared, names: Ints) -> ComparedNames:
        """Names of prepared records by their places in `name_keys`."""
        codes = names.tolist()
        keys, texts = [prepared.name_keys[code] for code in codes], [prepared.name_texts[code] for code in codes]
        return cls(keys, texts, name_features(keys, texts))

    def feature_rows(self, component: Ints, counts: Ints | None = None) -> pa.Table:
        """Table name_key, component, feature: the features under which each name is compared.

        Parameters
        ----------
        component : (n,) set of records in which each name stands
        counts : as in `choose_features`
        """
        chosen = choose_features(self.features, counts)
        position = self.features.position[chosen]
        keys = pa.array(self.keys, pa.string()).take(pa.array(position))
        return pa.table({"name_key": keys, "component": component[position], "feature": self.features.hashes(chosen)})
