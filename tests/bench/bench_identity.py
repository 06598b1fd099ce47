"""Company resolution: against Splink on the same records and keys, and how its time grows."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from identity import IdentityRules
from identity.block import similar_name_keys
from identity.lists import resolve_list
from identity.normalise import Prepared, prepare
from identity.tables import coded
from orchestration.list_files import read_identity_rules
from tests.bench.company_lists import make_company_list
from tests.bench.measure import measure, print_table
from tests.bench.pairwise import pairwise_scores

SIZES = (10_000, 100_000, 1_000_000)
SEED = 7
AS_OF = date(2026, 10, 31)


@cache
def rules() -> IdentityRules:
    """The rules as they stand in the repository."""
    return read_identity_rules()


def make(records: int) -> None:
    """Make the list only: its share of the time is taken off."""
    make_company_list(records, SEED)


def resolve_as_list(records: int) -> None:
    """Names, keys, comparisons, accounts and ids of a list of which nothing else is known."""
    resolve_list(make_company_list(records, SEED).drop_columns(["true_id"]), rules(), AS_OF)


def normalise_only(records: int) -> None:
    """Comparable keys of the list: what Splink is given ready-made."""
    prepare(make_company_list(records, SEED).drop_columns(["true_id"]), rules())


def keys_for_splink(prepared: Prepared) -> pa.Table:
    """The normalised columns and blocking keys of our engine, as Splink takes them."""
    positions, keys = similar_name_keys(prepared.name_keys, prepared.name_texts)
    # Our engine sets such keys aside too. Compared, they are most of the pairs: 2.2 billion of a million records.
    is_rare = np.bincount(keys)[keys] <= rules()["max_names_per_word"]
    positions, keys = positions[is_rare], keys[is_rare]
    of_name: list[list[str]] = [[] for _ in prepared.name_keys]
    for position, key in zip(positions.tolist(), keys.tolist(), strict=True):
        of_name[position].append(f"k{key}")
    main = prepared.main_name.tolist()
    return pa.table(
        {
            "record_id": pa.array(prepared.record_ids, pa.string()),
            "name_key": pa.array([prepared.name_keys[code] if code >= 0 else None for code in main], pa.string()),
            "domain": coded(prepared.columns["domain"]),
            "phone": coded(prepared.columns["phone"]),
            "address_key": coded(prepared.columns["address"]),
            "postal_code": coded(prepared.columns["postal_code"]),
            "country_code": coded(prepared.columns["country"]),
            "corporate_number": coded(prepared.columns["corporate_number"]),
            "block_keys": pa.array([of_name[code] if code >= 0 else [] for code in main], pa.list_(pa.string())),
        }
    )


def link_with_splink_too(records: int) -> None:
    """Splink on the keys that our normalising makes."""
    from tests.bench.splink_rival import link_with_splink

    link_with_splink(keys_for_splink(prepare(make_company_list(records, SEED).drop_columns(["true_id"]), rules())))


def quality(records: int, clusters_of: Callable[[pa.Table], dict[str, object]]) -> tuple[float, float, float]:
    """Pairwise precision, recall and F1 against the hidden truth."""
    table = make_company_list(records, SEED)
    found = clusters_of(table.drop_columns(["true_id"]))
    numbers = pd.factorize(pd.Series([found[record] for record in table["record_id"].to_pylist()]))[0]
    return pairwise_scores(table["true_id"].to_numpy(), np.asarray(numbers))


def our_clusters(table: pa.Table) -> dict[str, object]:
    """Account of each record."""
    found = resolve_list(table, rules(), AS_OF).records
    return dict(zip(found["record_id"].to_pylist(), found["account_id"].to_pylist(), strict=True))


def splink_clusters(table: pa.Table) -> dict[str, object]:
    """Splink's cluster of each record."""
    from tests.bench.splink_rival import link_with_splink

    found = link_with_splink(keys_for_splink(prepare(table, rules())))
    return dict(zip(found["record_id"].to_pylist(), found["cluster_id"].to_pylist(), strict=True))


def main() -> None:
    """Print the tables."""
    largest = int(os.environ.get("ABM_BENCH_RECORDS", SIZES[-1]))
    sizes = [size for size in SIZES if size <= largest]
    rows: list[tuple[object, ...]] = []
    seconds = []
    for size in sizes:
        input_only = measure(make, size, repeat=1)
        ours, keys = measure(resolve_as_list, size, repeat=1), measure(normalise_only, size, repeat=1)
        splink = measure(link_with_splink_too, size, repeat=1)
        list_seconds, key_seconds = ours.seconds - input_only.seconds, keys.seconds - input_only.seconds
        splink_seconds = splink.seconds - input_only.seconds
        seconds.append(list_seconds)
        rows.append(
            (f"{size:,}", f"{list_seconds:.1f} s", f"{key_seconds:.1f} s", f"{splink_seconds:.1f} s",
             f"{splink_seconds / list_seconds:.2f}", f"{ours.peak_mb:,.0f} MB", f"{splink.peak_mb:,.0f} MB")
        )  # fmt: skip
    header = (
        "records", "list, end to end", "of which keys", "Splink with our keys", "ratio", "peak", "Splink's peak",
    )  # fmt: skip
    print_table("Resolving a list, from records to ids, on two cores", header, rows)
    for (small, large), (before, after) in zip(pairwise(sizes), pairwise(seconds), strict=True):
        power = math.log(after / before) / math.log(large / small)
        sys.stdout.write(f"\ntime grows as n^{power:.2f} from {small:,} to {large:,}\n")
    scores = [
        (name, *(f"{value:.4f}" for value in quality(min(largest, 100_000), clusters_of)))
        for name, clusters_of in (("abm resolve", our_clusters), ("Splink 5", splink_clusters))
    ]
    print_table(
        f"Pairwise quality on {min(largest, 100_000):,} records", ("engine", "precision", "recall", "F1"), scores
    )


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main()
