"""One demo that the tests of this folder read: a full chunk of companies, a second one that is cut short, and the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.csv as pa_csv
import pyarrow.dataset as pa_dataset
import pytest

from demo import Summary, write_landing
from demo.tables import COLUMNS, PARQUET_TABLES, schema

AS_OF = date(2026, 10, 31)


@dataclass(frozen=True)
class Demo:
    """A written demo and readers of its tables, every cell as text."""

    summary: Summary

    def landing(self, name: str) -> pd.DataFrame:
        if name in PARQUET_TABLES:
            path = self.summary.out / f"{name}.parquet"
            source = path if path.exists() else self.summary.out / name
            return pa_dataset.dataset(source, schema=schema(name)).to_table().to_pandas()
        options = pa_csv.ConvertOptions(
            column_types={column: "string" for column in COLUMNS[name]},
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        )
        parse = pa_csv.ParseOptions(newlines_in_values=True)
        return pa_csv.read_csv(
            self.summary.out / f"{name}.csv", parse_options=parse, convert_options=options
        ).to_pandas()

    def truth(self, name: str) -> pd.DataFrame:
        assert self.summary.truth is not None
        return pd.read_parquet(self.summary.truth / f"{name}.parquet")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    return Demo(write_landing(folder / "landing", 1_100, 11, AS_OF, folder / "truth"))


@pytest.fixture
def write_small(tmp_path: Path) -> Callable[..., Summary]:
    def write(name: str = "small", accounts: int = 30, seed: int = 5, **more: object) -> Summary:
        return write_landing(tmp_path / name, accounts, seed, AS_OF, tmp_path / f"{name}_truth", **more)  # type: ignore[arg-type]

    return write
