"""Short names of listed companies, as exchanges and newspapers write them, linked to lists of their legal names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from rapidfuzz import fuzz
from rapidfuzz.distance import Jaro, JaroWinkler, Levenshtein
from rapidfuzz.process import cdist

from identity.lists import resolve_list
from identity.normalise import Prepared, prepare
from orchestration.list_files import read_list
from tests.unit.identity.conftest import DAY, default_rules
from tests.unit.identity.labelled_pairs import FIXTURES

SCORERS = (
    fuzz.ratio,
    fuzz.partial_ratio,
    fuzz.token_sort_ratio,
    fuzz.token_set_ratio,
    fuzz.partial_token_sort_ratio,
    fuzz.WRatio,
    fuzz.QRatio,
    Jaro.normalized_similarity,
    JaroWinkler.normalized_similarity,
    Levenshtein.normalized_similarity,
)


def japanese(folder: Path) -> tuple[pd.DataFrame, pa.Table]:
    """Short names with the record they mean, and the listed companies of EDINET."""
    table = read_list([folder / "edinet_organisations_20240721.csv.gz"], {})
    table = table.filter(pa.array([value == "上場" for value in table["listed"].to_pylist()]))
    known = dict(zip(map(_plain, table["company_name"].to_pylist()), table["record_id"].to_pylist(), strict=True))
    short = pd.read_csv(FIXTURES / "listed_short_names_ja.csv", dtype=str)
    return short.assign(record=short["legal_name"].map(_plain).map(known)), table


def english(folder: Path) -> tuple[pd.DataFrame, pa.Table]:
    """Short names with the record they mean, and the companies that the SEC lists, one row each."""
    columns = {"record_id": "ticker", "company_name": "name"}
    table = read_list([folder / "sec_company_tickers.csv.gz"], columns).to_pandas()
    first = table.drop_duplicates("cik").set_index("cik")["record_id"]
    known = dict(zip(table["record_id"], table["cik"].map(first), strict=True))
    short = pd.read_csv(FIXTURES / "listed_short_names_en.csv", dtype=str)
    rows = table.drop_duplicates("cik")[["record_id", "company_name"]]
    return short.assign(record=short["ticker"].map(known)), pa.Table.from_pandas(rows, preserve_index=False)


@pytest.mark.parametrize(("language", "read"), [("Japanese", japanese), ("English", english)])
def test_short_names_of_listed_companies_find_the_legal_ones(
    language: str,
    read: Callable[[Path], tuple[pd.DataFrame, pa.Table]],
    shared_data: Path,
    record_property: Callable[[str, object], None],
) -> None:
    folder = shared_data / "real"
    if not all(
        (folder / name).is_file() for name in ("edinet_organisations_20240721.csv.gz", "sec_company_tickers.csv.gz")
    ):
        pytest.skip("the lists are absent")
    short, table = read(folder)
    short = short[short["record"].notna()].reset_index(drop=True)
    assert len(short) > 200
    records = pd.DataFrame({"record_id": "short:" + short.index.astype(str), "company_name": short["short_name"]})
    found = resolve_list(records, default_rules(), DAY, table).records.to_pandas().set_index("record_id")
    found = found.loc[records["record_id"]]
    right = (found["matched_record_id"].to_numpy() == short["record"].to_numpy())[found["decision"] == "same"]
    precision, recall = right.mean(), right.sum() / len(short)
    ours = _f1(precision, recall)
    keys, others = (_keys(prepare(part, default_rules())) for part in (records, table))
    best = max((_best_f1(scorer, keys, others, short["record"]), scorer.__name__) for scorer in SCORERS)
    exact = _best_f1(_equal, keys, others, short["record"])
    record_property(
        f"score of short names, {language}",
        f"precision {precision:.3f}, recall {recall:.3f}, F1 {ours:.3f}; "
        f"F1 of equal keys {exact:.3f}, of rapidfuzz {best[1]} {best[0]:.3f}",
    )
    assert precision >= 0.97
    assert ours > best[0] > 0
    assert ours > exact > 0


def _plain(name: str) -> str:
    return "".join(name.split())


def _keys(prepared: Prepared) -> dict[str, str]:
    names = [*prepared.name_keys, ""]
    return {record: names[code] for record, code in zip(prepared.record_ids, prepared.main_name.tolist(), strict=True)}


def _best_f1(scorer: Callable[..., float], keys: dict[str, str], others: dict[str, str], records: pd.Series) -> float:
    """F1 of the best match by a scorer of normalised names, at the threshold that is best for it."""
    wanted = [keys[f"short:{at}"] for at in range(len(records))]
    names, ids = list(others.values()), np.array(list(others))
    scores = (
        np.array([[one == other and one != "" for other in names] for one in wanted], dtype=float)
        if scorer is _equal
        else cdist(wanted, names, scorer=scorer, workers=2)
    )
    best, strength = scores.argmax(axis=1), scores.max(axis=1)
    is_right = ids[best] == records.to_numpy()
    thresholds = np.unique(strength[strength > 0])
    return max(_f1(is_right[strength >= t].mean(), is_right[strength >= t].sum() / len(records)) for t in thresholds)


def _equal(one: str, other: str) -> float:
    return float(one == other)


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
