"""Lists of companies as files: any CSV or Parquet in, columns by name; answers out."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from identity import IdentityRules
from identity.rules import RULE_TABLES, Override
from orchestration.errors import UsageError
from orchestration.resources import RULES_FOLDER
from orchestration.table_files import read_rule, read_table

_NEEDED = ("company_name", "domain", "corporate_number", "lei", "duns", "name_en")
_DECISION_COLUMNS = ("decision", "left_record", "right_record")


def read_identity_rules(decisions: Path | None = None) -> IdentityRules:
    """Rules of the repository; with the decisions of a file instead of those about the warehouse's records.

    Raises
    ------
    UsageError
        If the file lacks a column of decisions.
    """
    tables = {name: read_rule(RULES_FOLDER / f"{name}.csv") for name in RULE_TABLES}
    tables["account_overrides"] = tables["account_overrides"].iloc[:0]
    rules = IdentityRules.from_tables(**tables)
    if decisions is None:
        return rules
    table = read_rule(decisions)
    missing = [name for name in _DECISION_COLUMNS if name not in table.columns]
    if missing:
        raise UsageError(
            f"{decisions}: column {missing[0]} is missing; it has {', '.join(table.columns)}."
            " A review file has the right columns."
        )
    # A row that nobody has decided yet says nothing.
    decided = table[table["decision"].str.strip() != ""]
    tables["account_overrides"] = decided
    lines = {at: int(line) + 2 for at, line in enumerate(decided.index)}
    found = IdentityRules.from_tables(**tables)
    overrides = tuple(
        Override(one.decision, one.left_record, one.right_record, lines[at]) for at, one in enumerate(found.overrides)
    )
    return replace(found, overrides=overrides)


def read_list(paths: Sequence[Path], columns: Mapping[str, str]) -> pa.Table:
    """Records of one or several files, with the columns of `identity.company_records` that they have, all as text.

    Parameters
    ----------
    paths : CSV (also .gz) or Parquet files; of several, record ids get the file's name in front
    columns : our column -> header in the file, for headers that `seeds/rules/list_columns.csv` does not know

    Raises
    ------
    UsageError
        If a file cannot be read, has no record ids, or nothing to compare.
    """
    parts = []
    for path in paths:
        part = _our_columns(read_table(path), path, columns)
        if len(paths) > 1:
            name = path.name.partition(".")[0]
            ids = [f"{name}:{record}" for record in part["record_id"].to_pylist()]
            part = part.set_column(part.column_names.index("record_id"), "record_id", pa.array(ids, pa.string()))
        parts.append(part)
    return pa.concat_tables(parts, promote_options="default")


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table as CSV or Parquet, by the ending of the name; the file appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(table, unfinished)
    else:
        unfinished.write_text(as_csv(table), encoding="utf-8", newline="")
    unfinished.replace(path)


def as_csv(table: pa.Table) -> str:
    """Table as RFC 4180 text with a header; null is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.column_names)
    writer.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return text.getvalue()


def review_path(out: Path) -> Path:
    """Where the pairs to decide go: beside the answer."""
    return out.with_name(f"{out.name.removesuffix(''.join(out.suffixes[-1:]))}.review.csv")


def _our_columns(table: pa.Table, path: Path, named: Mapping[str, str]) -> pa.Table:
    for ours, header in named.items():
        if header not in table.column_names:
            raise UsageError(f"{path}: no column {header!r} for {ours}; it has {', '.join(table.column_names)}.")
    headers = {_plain(name): name for name in reversed(table.column_names)}
    found: dict[str, pa.Array | pa.ChunkedArray] = {ours: table[header] for ours, header in named.items()}
    spellings = read_rule(RULES_FOLDER / "list_columns.csv")
    for ours, spelling in zip(spellings["record_column"], spellings["spelling"], strict=True):
        parts = [_plain(part) for part in spelling.split("+")]
        if ours not in found and all(part in headers for part in parts):
            columns = [table[headers[part]].to_pylist() for part in parts]
            found[ours] = (
                table[headers[parts[0]]]
                if len(parts) == 1
                else pa.array([" ".join(filter(None, cells)) for cells in zip(*columns, strict=True)], pa.string())
            )
    if "record_id" not in found:
        raise UsageError(
            f"{path}: which column holds the record ids? It has {', '.join(table.column_names)}.\n"
            "Name it with --column record_id=HEADER."
        )
    if not any(name in found for name in _NEEDED):
        raise UsageError(
            f"{path}: nothing to compare by. It has {', '.join(table.column_names)}.\n"
            "Name a column with --column company_name=HEADER (or domain, corporate_number, lei, duns)."
        )
    if "country_code" in found:
        found["country_code"] = _country_codes(found["country_code"])
    # Columns that are not ours stay, so that --also can name them.
    rest = {name: table[name] for name in table.column_names if name not in found}
    return pa.table({**found, **rest})


def _plain(header: str) -> str:
    return header.strip().casefold().replace("_", " ").replace("-", " ")


def _country_codes(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    table = read_rule(RULES_FOLDER / "countries.csv")
    codes = dict(zip(table["alias"].str.casefold(), table["country_code"], strict=True))
    known = {text: codes.get(text.strip().casefold(), text.strip()) for text in set(column.to_pylist()) if text}
    return pa.array([known.get(text) if text else None for text in column.to_pylist()], pa.string())
