"""Options that several commands have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_WAREHOUSE = Path("var/abm.duckdb")
WarehouseFile = Annotated[Path, typer.Option("--warehouse", help="DuckDB file of the run", envvar="ABM_WAREHOUSE_PATH")]
Json = Annotated[bool, typer.Option("--json", help="print JSON for a script")]
