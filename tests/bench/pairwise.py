"""How well clusters agree with the truth, counted over pairs of records."""

from __future__ import annotations

from typing import Any

import numpy as np

Labels = np.ndarray[Any, np.dtype[Any]]


def pairwise_scores(true_ids: Labels, cluster_ids: Labels) -> tuple[float, float, float]:
    """Precision, recall and F1 of the pairs that clusters put together.

    Parameters
    ----------
    true_ids : (n,) label of the company that each record is of
    cluster_ids : (n,) label of the cluster that each record was put into, in the same order

    Returns
    -------
    Three shares from 0 to 1: of the pairs of records in one cluster, those of one company; of the pairs of one company, those
    in one cluster; and their harmonic mean. Without any pair to be right or wrong about, a share is 1.

    Raises
    ------
    ValueError
        If the two do not have one label per record each.

    Notes
    -----
    A group of n records has n * (n - 1) / 2 pairs, so sizes of groups are counted and no pair is listed: O(n log n).

    Examples
    --------
    >>> pairwise_scores(np.array([1, 1, 1, 2]), np.array([7, 7, 8, 8]))
    (0.5, 0.3333333333333333, 0.4)
    """
    if true_ids.shape != cluster_ids.shape or true_ids.ndim != 1:
        raise ValueError(
            f"{true_ids.shape} true and {cluster_ids.shape} cluster labels; expected one of each per record."
        )
    _, companies = np.unique(true_ids, return_inverse=True)
    clusters_found, clusters = np.unique(cluster_ids, return_inverse=True)
    _, both = np.unique(companies.astype(np.int64) * len(clusters_found) + clusters, return_counts=True)
    right = _pairs(both)
    put_together, belonging = _pairs(np.bincount(clusters)), _pairs(np.bincount(companies))
    precision = right / put_together if put_together else 1.0
    recall = right / belonging if belonging else 1.0
    f1 = 2 * right / (put_together + belonging) if put_together + belonging else 1.0
    return precision, recall, f1


def _pairs(sizes: Labels) -> int:
    counts = sizes.astype(np.int64)
    return int((counts * (counts - 1) // 2).sum())
