"""Tables as files that somebody else saved: any CSV (also .gz) or Parquet in, every cell as text."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from orchestration.errors import UsageError

# Byte order decides where it is written; otherwise what a Japanese or a Western spreadsheet saves.
_ENCODINGS = ("utf-8-sig", "cp932", "cp1252")
_HEADER_CHARACTERS = 1_000_000  # a header longer than this is none


def read_rule(path: Path) -> pd.DataFrame:
    """Rows of a rule file, every cell as text.

    Raises
    ------
    UsageError
        If the file cannot be read.
    """
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read ({error}).") from None


def read_table(path: Path) -> pa.Table:
    """A CSV or Parquet file, every cell as text, null where it is empty.

    Raises
    ------
    UsageError
        If the file is absent or is no table.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file. Expected a CSV (also .gz) or Parquet file with a header.")
    try:
        if path.suffix == ".parquet":
            table = pyarrow.parquet.read_table(path)
            return table.cast(pa.schema([(name, pa.string()) for name in table.column_names]))
        with pa.input_stream(path, compression="detect") as stream:
            text = _decode(stream.read()).replace("\0", "")
        header = next(csv.reader(io.StringIO(text[:_HEADER_CHARACTERS])), [])
        # Arrow's own bytes: its reading thread would want the interpreter for a Python file, and abort one that is ending.
        content = pa.BufferReader(text.encode("utf-8", "replace"))
        del text
        return pyarrow.csv.read_csv(
            content,
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={name: pa.string() for name in header}, strings_can_be_null=True, null_values=[""]
            ),
        )
    except (pa.ArrowException, OSError) as error:
        raise UsageError(
            f"{path}: cannot be read as a table ({str(error).splitlines()[0]}).\n"
            "Expected a header and the same number of cells in every row, with quotes around cells that hold commas."
        ) from None


def _decode(content: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("utf-8", "replace")
