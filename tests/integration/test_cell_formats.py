"""The loader and the staging macros read the same cells: a row that the loader kept is never lost by a cast."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb

from loading.readable import boolean_sql, number_sql, timestamp_sql
from tests.conftest import AS_OF, ROOT

TEXTS = [
    "2026-10-03T21:47:14Z", "2026-10-03T21:47:14.123+09:00", "2026-10-03 21:47", "2026-10-03T21:47:14+0900", "2026-10-03",
    "2026/3/4", "2026/03/04 10:00:00", "2026年3月4日", " 2026-10-03 ", "31/02/2026", "2026-02-31", "1761955200", "infinity",
    "2026-10-03T21:47:14 JST", "1,234", "€1,600,000", "¥ 5", "-€3", "１，２３４", "1e3", ".5", "5.", "1e", "nan", "--1", "12a",
    "true", "FALSE", " 1", "0", "yes", "", "\0",
]  # fmt: skip
READERS = {"to_timestamp": timestamp_sql, "to_number": number_sql, "to_boolean": boolean_sql}


def test_every_macro_and_the_loader_agree_on_every_cell(tmp_path: Path, parsed_project: Path) -> None:
    target = tmp_path / "target"
    shutil.copytree(parsed_project, target)
    macros = ", ".join(f"{{{{ {macro}('cell') }}}} as macro_{macro}" for macro in READERS)
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")), "--quiet", "compile", "--inline", f"select cell, {macros} from cells",
            "--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(ROOT / "dbt_project"),
            "--target-path", str(target), "--log-path", str(tmp_path), "--vars", json.dumps({"as_of_date": AS_OF}),
            "--output", "json",
        ],
        env=os.environ | {"ABM_WAREHOUSE_PATH": ":memory:", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    compiled = json.loads(done.stdout[done.stdout.index("{") :])["compiled"]
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("create table cells (cell varchar)")
    connection.executemany("insert into cells values (?)", [[text] for text in TEXTS])
    readers = ", ".join(f"{reader('cell')} as loader_{macro}" for macro, reader in READERS.items())
    loaded = connection.execute(f"select *, {readers} from ({compiled})").df()
    for macro in READERS:
        by_macro, by_loader = loaded[f"macro_{macro}"], loaded[f"loader_{macro}"]
        differ = ~((by_macro == by_loader) | (by_macro.isna() & by_loader.isna()))
        assert loaded.loc[differ, "cell"].tolist() == [], macro
        assert by_macro.notna().any(), macro
