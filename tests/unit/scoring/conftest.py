"""The rules that ship with the repository, as a warehouse would hand them over."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from scoring import Rules
from scoring.parameters import Parameters, read_parameters

RULES = Path(__file__).resolve().parents[3] / "seeds" / "rules"


def read_rules(name: str) -> pd.DataFrame:
    return pd.read_csv(RULES / f"{name}.csv", keep_default_na=False, na_values=[""])


@pytest.fixture(scope="session")
def rules() -> Rules:
    return Rules(**{name: read_rules(name) for name in Rules.__dataclass_fields__})


@pytest.fixture(scope="session")
def parameters(rules: Rules) -> Parameters:
    return read_parameters(rules.scoring_parameters)
