"""`abm score audit` as a user calls it: a file in, verdicts and an exit code out, and what goes wrong said in words."""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
from rich.console import Console

from orchestration import audit_table, cli, score_cli
from scoring.together import auc_together


def deals(seed: int = 0, size: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    won = rng.random(size) < 0.4
    return pd.DataFrame(
        {
            "Deal Stage": np.where(won, "Closed Won", "Closed Lost"),
            "Industry": rng.choice(["retail", "finance"], size),
            "Visits": rng.poisson(3 + won),
            "Lost reason": np.where(won, "", "price"),
            "opened": "2026-01-10",
            "invoiced": np.where(won, "2026/02/01", ""),
        }
    )


def abm(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: object
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["abm", "score", "audit", *map(str, arguments)])
    monkeypatch.setattr(cli, "err", Console(file=(said := io.StringIO()), width=300))
    monkeypatch.setattr(score_cli, "out", Console(file=(printed := io.StringIO()), width=160))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    code = 0
    try:
        cli.main()
    except SystemExit as end:
        code = int(end.code or 0)
    return code, printed.getvalue(), said.getvalue() + capsys.readouterr().err


def test_refused_columns_are_printed_and_end_with_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deals().to_csv(tmp_path / "deals.csv", index=False)
    code, out, _ = abm(
        capsys, monkeypatch, "--table", tmp_path / "deals.csv", "--label", "Deal Stage", "--index", "opened"
    )
    assert code == 1
    assert "Lost reason" in out and "2 refused, 0 to be explained, 2 fine" in out
    assert "600 rows" in out and "'closed won' (the others: 'closed lost')" in out


def test_an_honest_table_ends_with_code_0_and_json_is_for_scripts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deals()[["Deal Stage", "Industry", "Visits"]].to_csv(tmp_path / "deals.csv", index=False)
    code, out, _ = abm(capsys, monkeypatch, "--table", tmp_path / "deals.csv", "--label", "Deal Stage", "--json")
    found = json.loads(out)
    assert code == 0 and not found["refused"]
    assert [(one["column"], one["verdict"]) for one in found["columns"]] == [("Industry", "fine"), ("Visits", "fine")]
    assert 0.55 < found["together_auc"] < 0.75


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (None, ["--label", "y"], "no such file"),
        ("y,a\n", ["--label", "y"], "no rows"),
        ("", ["--label", "y"], "cannot be read as a table"),
        ("y,a\n1,2,3\n", ["--label", "y"], "same number of cells"),
        ("y,a\n1,2\n0,3\n", ["--label", "z"], "--label 'z': no such column. It has y, a"),
        ("y,y\n1,2\n0,3\n", ["--label", "y"], "two columns of this name"),
        ("y,a\n1,2\n0,3\n", ["--label", "y", "--index", "when"], "--index 'when': no such column"),
        ("y,a\n1,2\n1,3\n", ["--label", "y"], "expected two values, .* it holds '1' \\(2 rows\\)"),
        ("y,a\n,2\nN/A,3\n", ["--label", "y"], "it holds no values"),
        ("y,a\n1,2\n0,3\n2,3\n", ["--label", "y"], "--positive VALUE --negative VALUE"),
        ("y,a\nred,2\nblue,3\n", ["--label", "y"], "Name it with --positive VALUE"),
        ("y,a\nred,2\nblue,3\n", ["--label", "y", "--positive", "green"], "no row has the value 'green'. It holds"),
        ("y,a\nred,2\nblue,3\n", ["--label", "y", "--positive", "red", "--negative", "RED"], "two different values"),
        ("y,a,b\n1,2,3\n0,3,3\n", ["--label", "y", "--index", "a"], "'2' was seen where dates were expected"),
        ("y\n1\n0\n", ["--label", "y"], "no column beside 'y'"),
    ],
)
def test_what_a_user_can_mend_is_said_and_ends_with_code_2(
    content: str | None,
    arguments: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if content is not None:
        (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    code, _, said = abm(capsys, monkeypatch, "--table", tmp_path / "t.csv", *arguments)
    assert code == 2
    assert "Traceback" not in said
    assert re.search(message, " ".join(said.split())), said


@pytest.mark.parametrize("kind", ["cp932", "gz", "parquet"])
def test_japanese_files_of_every_kind_are_read(kind: str, tmp_path: Path) -> None:
    rows = deals().rename(columns={"Deal Stage": "結果", "Lost reason": "失注理由", "Visits": "訪問数"})
    rows["結果"] = np.where(rows["結果"] == "Closed Won", "受注", "失注")
    file = tmp_path / f"t.{'parquet' if kind == 'parquet' else 'csv.gz' if kind == 'gz' else 'csv'}"
    if kind == "parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pandas(rows, preserve_index=False), file)
    else:
        content = rows.to_csv(index=False).encode("cp932" if kind == "cp932" else "utf-8")
        file.write_bytes(gzip.compress(content) if kind == "gz" else content)
    answer = audit_table.run(audit_table.Request(file, "結果"))
    assert answer.positive == "受注"
    assert [one.column for one in answer.columns if one.verdict == "refused"] == ["失注理由", "invoiced"]


def test_rows_without_a_known_outcome_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = deals()
    rows.loc[:49, "Deal Stage"] = "Open"
    rows.loc[50:59, "Deal Stage"] = ""
    rows.to_csv(tmp_path / "t.csv", index=False)
    request = audit_table.Request(tmp_path / "t.csv", "Deal Stage", "closed won", "closed lost")
    answer = audit_table.run(request)
    assert answer.rows == 540 and "60 rows without a known outcome" in answer.notes[0]


def test_a_small_table_says_that_it_cannot_convict(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("won,copy\nyes,a\nno,b\nyes,a\n", encoding="utf-8")
    answer = audit_table.run(audit_table.Request(tmp_path / "t.csv", "won"))
    assert not answer.refused and "too few to tell a leak from chance" in answer.notes[0]


def test_columns_that_are_too_good_only_together_are_noticed() -> None:
    rng = np.random.default_rng(0)
    outcome = rng.random(3_000) < 0.4
    rows = pd.DataFrame({f"hint {at}": rng.normal(size=3_000) + 0.8 * outcome for at in range(8)})
    # 8 columns of 0.8 standard deviations: together 2.26, an AUC of 0.945
    assert auc_together(rows, outcome) == pytest.approx(0.945, abs=0.015)
    order = rng.permutation(3_000)
    assert auc_together(rows.iloc[order], outcome[order]) == pytest.approx(auc_together(rows, outcome), abs=1e-9)


def test_noise_together_tells_nothing_and_few_rows_are_not_judged() -> None:
    rng = np.random.default_rng(1)
    outcome = rng.random(2_000) < 0.3
    rows = pd.DataFrame({f"group {at}": rng.integers(0, 40, 2_000).astype(str) for at in range(10)})
    assert auc_together(rows, outcome) == pytest.approx(0.5, abs=0.05)
    assert np.isnan(auc_together(rows.iloc[:40], outcome[:40]))
    assert np.isnan(auc_together(rows.iloc[:, :0], outcome))
    assert auc_together(pd.DataFrame({"x": outcome}), outcome) == 1.0
