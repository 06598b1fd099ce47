"""What a good user of Splink 5 would write for the same records: the rival that our own engine is measured against.

Splink is no dependency of the project: this module needs an environment that has `splink` and `duckdb`, and no network.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import duckdb
import pyarrow as pa
import splink.comparison_level_library as levels
import splink.comparison_library as comparisons
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.blocking_rule_library import CustomRule

BEST_THRESHOLD: Final = 0.5
"""Probability from which a pair is joined: of 0.01 to 0.9999, the best F1 on generated lists of 10,000 and a million records."""

_BLOCKING: Final = ("name_key", "domain", "phone", "address_key", "corporate_number")
_BLOCK_KEYS: Final = "block_keys"
# Pairs drawn to learn how often strangers agree. Splink's manual calls ten million often adequate.
_SAMPLED_PAIRS: Final = 1e7
# Share of the true pairs that an equal corporate number or an equal name and domain finds, as its user would guess.
_GUESSED_RECALL: Final = 0.4


@dataclass
class SplinkRun:
    """One linkage: clusters by threshold, and what it took.

    Attributes
    ----------
    clusters : table (record_id, cluster_id) for each threshold that was asked for
    seconds : by stage: train, block, predict, cluster (the last for one threshold, the mean of all)
    compared_pairs : number of pairs that were scored
    """

    clusters: dict[float, pa.Table] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    compared_pairs: int = 0


def link_with_splink(keys: pa.Table, threads: int = 2, threshold: float = BEST_THRESHOLD) -> pa.Table:
    """Clusters of records by a model of Fellegi and Sunter that Splink trains on the records themselves.

    Parameters
    ----------
    keys : record_id, name_key, domain, phone, address_key, postal_code, country_code, corporate_number (text, null where unknown)
        and block_keys (list of text): the rare words of the name. Other columns are not read.
    threads : threads of DuckDB
    threshold : probability from which a pair is joined, 0 to 1

    Returns
    -------
    record_id, cluster_id (both text), one row per record.
    """
    return run_splink(keys, (threshold,), threads).clusters[threshold]


def run_splink(keys: pa.Table, thresholds: Sequence[float], threads: int = 2) -> SplinkRun:
    """As `link_with_splink`, for several thresholds of one trained model, with what each stage took."""
    run = SplinkRun()
    with duckdb.connect(config={"threads": threads}) as connection:
        api = DuckDBAPI(connection)
        connection.register("arrow_keys", keys)
        columns = ("record_id", "postal_code", "country_code", *_BLOCKING, _BLOCK_KEYS)
        connection.execute(f"create table company_keys as select {', '.join(columns)} from arrow_keys")
        linker = Linker(api.register("company_keys"), _settings(), log_level="ERROR")
        with _timed(run, "train"):
            _train(linker)
        with _timed(run, "block"):
            blocked = linker.inference.compute_blocked_pairs_for_predict()
        run.compared_pairs = blocked.as_duckdbpyrelation().count("*").fetchall()[0][0]
        with _timed(run, "predict"):
            predictions = linker.inference.predict(threshold_match_probability=min(thresholds), warning_mode="never")
        with _timed(run, "cluster"):
            for threshold in thresholds:
                found = linker.clustering.cluster_pairwise_predictions_at_threshold(predictions, threshold)
                run.clusters[threshold] = found.as_duckdbpyrelation().select("record_id, cluster_id").to_arrow_table()
        run.seconds["cluster"] /= len(thresholds)
    return run


def _settings() -> SettingsCreator:
    # A level of Damerau and Levenshtein, too, trebles the time of training and moved F1 by less than 0.002.
    name = comparisons.CustomComparison(
        output_column_name="name",
        comparison_levels=[
            levels.NullLevel("name_key"),
            levels.ExactMatchLevel("name_key", term_frequency_adjustments=True),
            levels.JaroWinklerLevel("name_key", 0.96),
            levels.JaroWinklerLevel("name_key", 0.9),
            levels.JaroWinklerLevel("name_key", 0.8),
            levels.ElseLevel(),
        ],
    )
    place = comparisons.CustomComparison(
        output_column_name="place",
        comparison_levels=[
            levels.And(levels.NullLevel("address_key"), levels.NullLevel("postal_code")),
            levels.ExactMatchLevel("address_key", term_frequency_adjustments=True),
            levels.LevenshteinLevel("address_key", 2),
            levels.ExactMatchLevel("postal_code", term_frequency_adjustments=True),
            levels.ElseLevel(),
        ],
    )
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=[
            name,
            comparisons.ExactMatch("domain").configure(term_frequency_adjustments=True),
            comparisons.ExactMatch("phone").configure(term_frequency_adjustments=True),
            place,
            comparisons.ExactMatch("country_code").configure(term_frequency_adjustments=True),
            comparisons.ExactMatch("corporate_number"),
        ],
        blocking_rules_to_generate_predictions=[
            *(block_on(column) for column in _BLOCKING),
            CustomRule(f"l.{_BLOCK_KEYS} = r.{_BLOCK_KEYS}", arrays_to_explode=[_BLOCK_KEYS]),
        ],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )


def _train(linker: Linker) -> None:
    training = linker.training
    training.estimate_probability_two_random_records_match(
        [block_on("corporate_number"), block_on("name_key", "domain")], recall=_GUESSED_RECALL
    )
    training.estimate_u_using_random_sampling(max_pairs=_SAMPLED_PAIRS, seed=1)
    training.estimate_parameters_using_expectation_maximisation(block_on("name_key"))
    training.estimate_parameters_using_expectation_maximisation(block_on("domain"))


@contextmanager
def _timed(run: SplinkRun, stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    run.seconds[stage] = time.perf_counter() - start
