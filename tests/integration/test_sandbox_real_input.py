"""A company's CRM export restored and read back whole; skipped where no such export is at hand."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pytest

from sandbox.restore import restore
from tests.unit.sandbox.running import finished, running

SHARED = Path(os.environ.get("ABM_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.mark.parametrize("name", ["landing_1k", "landing_10k"])
def test_every_row_of_an_export_is_accounted_for_and_comes_back(tmp_path: Path, name: str) -> None:
    if not (SHARED / name / "salesforce").is_dir():
        pytest.skip(f"no {name} in {SHARED}")
    with running(tmp_path / "state") as found:
        report = restore(found.org, SHARED / name)
        files = report["files"]
        assert isinstance(files, dict) and len(files) == 6
        for file, counts in files.items():
            kept = counts["restored"] + counts["superseded"] + counts["kept_newer"] + counts["rejected_count"]
            assert counts["rows"] == kept, file
        for table in ("Account", "Contact", "Opportunity", "OpportunityHistory", "Task"):
            restored = sum(counts["restored"] for file, counts in files.items() if f"/{table}." in file)
            job = found.call(
                "POST", "jobs/query", json={"operation": "queryAll", "query": f"SELECT Id FROM {table}"}
            ).json()
            info = finished(found, f"jobs/query/{job['id']}")
            assert info["numberRecordsProcessed"] == restored
            content = found.call("GET", f"jobs/query/{job['id']}/results?maxRecords=1000000").content.decode()
            ids = [row["Id"] for row in csv.DictReader(io.StringIO(content, newline=""))]
            assert len(set(ids)) == restored
