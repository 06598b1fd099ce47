"""Labelled pairs of hard company names, and how a resolution of them scores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

FIXTURES = Path(__file__).parents[2] / "fixtures" / "identity"
_COLUMNS = {"name": "company_name", "country": "country_code"}


@dataclass(frozen=True)
class Score:
    """Labelled pairs that were joined: how many rightly, how many of those that should be; and the wrong ones."""

    precision: float
    recall: float
    placeholder_joins: int
    wrong: list[str]


def read_pairs(name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The pairs with their labels, and their sides as records `<pair_id>:l` and `<pair_id>:r`."""
    pairs = pd.read_csv(FIXTURES / f"{name}.csv", dtype=str, keep_default_na=False)
    sides = []
    for side in ("left", "right"):
        columns = {column: column.removeprefix(f"{side}_") for column in pairs.columns if column.startswith(f"{side}_")}
        records = pairs[list(columns)].rename(columns={old: _COLUMNS.get(new, new) for old, new in columns.items()})
        sides.append(records.assign(record_id=pairs["pair_id"] + f":{side[0]}", source="list"))
    return pairs, pd.concat(sides, ignore_index=True)


def score(pairs: pd.DataFrame, account_of: dict[str, str]) -> Score:
    """How the accounts of the sides agree with the labels."""
    joined = pairs["pair_id"].map(lambda pair: account_of[f"{pair}:l"] == account_of[f"{pair}:r"])
    same = pairs["label"] == "same"
    wrong = pairs[joined & ~same]
    return Score(
        float((joined & same).sum() / max(joined.sum(), 1)),
        float((joined & same).sum() / same.sum()),
        int((joined & (pairs["category"] == "placeholder")).sum()),
        [f"{row.pair_id} {row.category}: {row.left_name} | {row.right_name}" for row in wrong.itertuples()],
    )
