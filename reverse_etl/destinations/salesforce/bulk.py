"""Bulk API 2.0, one job at a time, so that a job's id is known before its rows leave and every row is accounted for."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.csv as pa_csv

from reverse_etl.destinations.salesforce.session import SalesforceConnection, redact
from reverse_etl.errors import SyncError, TerminalError, TransientError

FIRST_POLL_SECONDS, LONGEST_POLL_SECONDS, POLL_GROWTH = 0.5, 10.0, 1.5
# Salesforce gives a batch five minutes and repeats it up to twenty times.
DEADLINE_SECONDS = 2 * 3600.0
# Salesforce takes 150 MB in base64, which is 100 MB as sent; the rest is room for the header.
MOST_UPLOAD_BYTES = 95_000_000
ROWS_PER_PAGE = 50_000
_DONE_STATES = ("JobComplete", "Failed", "Aborted")
_CSV_HEADERS = {"Content-Type": "text/csv; charset=UTF-8", "Accept": "application/json"}


@dataclass(frozen=True)
class RowResult:
    """One row of a finished job: its key, and the CRM's answer. `is_processed` is False if Salesforce never looked at it."""

    key: str
    is_success: bool
    is_processed: bool = True
    salesforce_id: str = ""
    is_created: bool = False
    error: str = ""


def ingest(
    connection: SalesforceConnection,
    object_name: str,
    key_field: str,
    content: bytes,
    on_job: Callable[[str], None],
) -> list[RowResult]:
    """Answers for the rows of `content`, in any order.

    Parameters
    ----------
    key_field : `Id` for an update, else the external id for an upsert
    content : CSV with a header, UTF-8, line ends LF
    on_job : called with the job's id before the upload

    Raises
    ------
    TransientError, TerminalError
        If the job could not be carried through. What became of its rows is then unknown; `finish` tells later.
    """
    if len(content) > MOST_UPLOAD_BYTES:
        raise TerminalError(
            f"A job of {len(content):,} bytes is over Salesforce's limit of {MOST_UPLOAD_BYTES:,}. Send fewer rows."
        )
    body = {
        "object": object_name,
        "operation": "update" if key_field == "Id" else "upsert",
        "contentType": "CSV",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    if key_field != "Id":
        body["externalIdFieldName"] = key_field
    # A second job made by a repeated call stays open and empty; Salesforce removes it after seven days.
    made = connection.call("POST", "jobs/ingest", kind="bulk create", is_repeatable=True, json=body)
    job_id = str(made.json()["id"])
    on_job(job_id)
    _upload(connection, job_id, content)
    _close(connection, job_id)
    return finish(connection, job_id, key_field)


def finish(connection: SalesforceConnection, job_id: str, key_field: str) -> list[RowResult]:
    """Answers of a job that was handed over, waiting for its end; a job that was never closed is aborted and gives none."""
    job = _state(connection, job_id)
    if job is None:
        return []
    if job.get("state") == "Open":
        connection.call(
            "PATCH", f"jobs/ingest/{job_id}", kind="bulk abort", is_repeatable=True, json={"state": "Aborted"}
        )
        return []
    job = _wait(connection, f"jobs/ingest/{job_id}", job)
    results = [
        RowResult(row[key_field], True, True, row["sf__Id"], row["sf__Created"].lower() == "true")
        for row in _rows(connection, job_id, "successfulResults")
    ]
    results += [
        RowResult(row[key_field], False, True, row["sf__Id"], error=row["sf__Error"])
        for row in _rows(connection, job_id, "failedResults")
    ]
    why = str(job.get("errorMessage") or "the job ended before this row")
    results += [
        RowResult(row[key_field], False, False, error=why) for row in _rows(connection, job_id, "unprocessedrecords")
    ]
    if job.get("state") == "Failed" and not results:
        raise TerminalError(
            f"Salesforce failed the whole job {job_id}: {redact(why)}. No row was written. Run `abm crm check` to see which "
            "field or right is missing.",
            code="JOB_FAILED",
        )
    return results


def query(
    connection: SalesforceConnection, soql: str, columns: Sequence[str], with_deleted: bool = False
) -> Iterator[pa.Table]:
    """Pages of a query's result as text columns, null for empty; at least one page, possibly without rows.

    Parameters
    ----------
    columns : names as in the query, in the order wanted; relationship columns are not for here
    with_deleted : True to read records in the recycle bin too
    """
    body = {"operation": "queryAll" if with_deleted else "query", "query": soql}
    made = connection.call("POST", "jobs/query", kind="bulk create", is_repeatable=True, json=body)
    path = f"jobs/query/{made.json()['id']}"
    job = _wait(connection, path, made.json())
    if job.get("state") != "JobComplete":
        raise TerminalError(
            f"Salesforce failed a query: {redact(str(job.get('errorMessage') or ''))}", code="QUERY_FAILED"
        )
    locator = ""
    while True:
        params = {"maxRecords": str(ROWS_PER_PAGE)} | ({"locator": locator} if locator else {})
        page = connection.call(
            "GET",
            f"{path}/results",
            kind="bulk results",
            is_repeatable=True,
            params=params,
            headers={"Accept": "text/csv"},
        )
        yield read_csv(page.content, columns)
        locator = page.headers.get("Sforce-Locator", "null")
        if locator in ("", "null"):
            return


def read_csv(content: bytes, columns: Sequence[str]) -> pa.Table:
    """A CSV of Salesforce as text columns named `columns`, byte for byte; empty cells are null, line breaks in cells stay."""
    empty = pa.table({name: pa.array([], pa.string()) for name in columns})
    if not content.strip():
        return empty
    table = pa_csv.read_csv(
        io.BytesIO(content),
        read_options=pa_csv.ReadOptions(block_size=max(1 << 20, min(len(content) + 1, 1 << 30)), use_threads=False),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types={name: pa.string() for name in _header(content)},
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            null_values=[""],
        ),
    )
    by_lower = {name.lower(): name for name in table.column_names}
    missing = [name for name in columns if name.lower() not in by_lower]
    if missing:
        raise TerminalError(f"Salesforce's answer lacks column {', '.join(missing)}. Expected: {', '.join(columns)}.")
    return pa.table({name: table[by_lower[name.lower()]].combine_chunks() for name in columns})


def write_csv(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """A CSV as Bulk API 2.0 wants it: UTF-8, LF, quotes doubled."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue().encode("utf-8")


def _header(content: bytes) -> list[str]:
    first = content[: 1 << 16].decode("utf-8-sig", errors="replace")
    return next(csv.reader(io.StringIO(first, newline="")), [])


def _upload(connection: SalesforceConnection, job_id: str, content: bytes) -> None:
    path = f"jobs/ingest/{job_id}/batches"
    try:
        connection.call("PUT", path, kind="bulk upload", is_repeatable=True, data=content, headers=_CSV_HEADERS)
    except TerminalError:
        # A job takes one upload: a repeat after a lost answer is refused although the rows have arrived. Closing decides.
        job = _state(connection, job_id)
        if job is None or job.get("state") != "Open":
            raise


def _close(connection: SalesforceConnection, job_id: str) -> None:
    path = f"jobs/ingest/{job_id}"
    try:
        connection.call("PATCH", path, kind="bulk close", is_repeatable=True, json={"state": "UploadComplete"})
    except TerminalError:
        # After a lost answer the repeat is refused because the job is closed already.
        job = _state(connection, job_id)
        if job is None or job.get("state") in ("Open", "Aborted"):
            raise


def _state(connection: SalesforceConnection, job_id: str) -> dict[str, object] | None:
    answer = connection.call("GET", f"jobs/ingest/{job_id}", kind="bulk poll", is_repeatable=True, accepted=(200, 404))
    return None if answer.status_code == 404 else dict(answer.json())


def _wait(connection: SalesforceConnection, path: str, job: dict[str, object]) -> dict[str, object]:
    waited, pause = 0.0, FIRST_POLL_SECONDS
    while job.get("state") not in _DONE_STATES:
        if waited >= DEADLINE_SECONDS:
            raise TransientError(
                f"Salesforce has not finished {path} after {waited / 60:.0f} minutes. The next plan looks at it again.",
                code="JOB_TIMEOUT",
            )
        connection.sleep(pause)
        waited, pause = waited + pause, min(pause * POLL_GROWTH, LONGEST_POLL_SECONDS)
        job = dict(connection.call("GET", path, kind="bulk poll", is_repeatable=True).json())
    return job


def _rows(connection: SalesforceConnection, job_id: str, which: str) -> Iterator[dict[str, str]]:
    answer = connection.call(
        "GET", f"jobs/ingest/{job_id}/{which}/", kind="bulk results", is_repeatable=True, headers={"Accept": "text/csv"}
    )
    text = io.StringIO(answer.content.decode("utf-8-sig"), newline="")
    for row in csv.DictReader(text):
        if None in row or None in row.values():
            raise SyncError(
                f"A line of {which} of job {job_id} has another number of cells than its header.", code="BROKEN_RESULT"
            )
        yield row
