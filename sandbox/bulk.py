"""Bulk 2.0 jobs: kept in the store, worked through by one thread, resumed where they were when a server starts again."""

from __future__ import annotations

import json
import logging
import queue
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sandbox import records
from sandbox.bulk_csv import CsvRow, NotCsv, line, line_ending, read_rows
from sandbox.clock import stamp
from sandbox.dml import Operation, Outcome
from sandbox.errors import ApiError, RecordError, RecordProblem
from sandbox.org import Org
from sandbox.schema import Field

BATCH = 10_000  # rows of one internal batch, which is one transaction
LINES = 20_000  # rows of a query result that are written together
MAX_UPLOAD = 100 * 1024 * 1024
DELIMITERS = {"COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
LINE_ENDS = {"LF": "\n", "CRLF": "\r\n"}
FINISHED = ("JobComplete", "Failed", "Aborted")

log = logging.getLogger("sandbox")


@dataclass
class Job:
    """One job as it stands in the store. `body` is what a job info says beside its state."""

    id: str
    kind: str
    state: str
    body: dict[str, Any]
    rows_done: int = 0

    @property
    def delimiter(self) -> str:
        """The character between cells."""
        return DELIMITERS[self.body["columnDelimiter"]]

    @property
    def line_end(self) -> str:
        """What ends a line."""
        return LINE_ENDS[self.body["lineEnding"]]


class JobFailure(Exception):
    """The whole job fails; the text is its errorMessage."""


class Jobs:
    """The jobs of one org, and the thread that works on them."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work, first on what an earlier server left unfinished."""
        rows = self.org.store.reader().execute(
            "select id from sys_job where state in ('UploadComplete', 'InProgress') order by created, id"
        )
        for (job_id,) in rows.fetchall():
            self._queue.put(str(job_id))
        self._thread = threading.Thread(target=self._work, name="bulk jobs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the batch it is at."""
        self._queue.put(None)
        if self._thread:
            self._thread.join(timeout=30)

    def create(self, kind: str, body: dict[str, Any], state: str) -> Job:
        """A new job."""
        now = stamp(self.org.store.now())
        with self.org.store.transaction() as connection:
            job_id = self.org.store.make_ids(connection, "750", 1)[0]
            shown = now.replace("Z", "+0000")
            body |= {"createdById": self.org.user_id, "createdDate": shown, "systemModstamp": shown}
            connection.execute(
                "insert into sys_job values (?, ?, ?, ?, ?, 0)", (job_id, kind, state, json.dumps(body), now)
            )
        return Job(job_id, kind, state, body)

    def find(self, job_id: str, kind: str) -> Job:
        """The job of that id.

        Raises
        ------
        ApiError
            404 NOT_FOUND.
        """
        row = (
            self.org.store.reader()
            .execute(
                "select id, kind, state, body, rows_done from sys_job where (id = ? or substr(id, 1, 15) = ?) and kind = ?",
                (job_id, job_id, kind),
            )
            .fetchone()
        )
        if row is None:
            raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
        return Job(row[0], row[1], row[2], json.loads(row[3]), row[4])

    def every(self, kind: str) -> list[Job]:
        """All jobs of a kind, newest first."""
        rows = self.org.store.reader().execute(
            "select id, kind, state, body, rows_done from sys_job where kind = ? order by id desc", (kind,)
        )
        return [Job(row[0], row[1], row[2], json.loads(row[3]), row[4]) for row in rows]

    def move(self, job: Job, state: str, **changes: object) -> None:
        """Give a job another state, and its info other values."""
        job.state = state
        job.body |= changes | {"systemModstamp": stamp(self.org.store.now()).replace("Z", "+0000")}
        with self.org.store.transaction() as connection:
            connection.execute(
                "update sys_job set state = ?, body = ? where id = ?", (state, json.dumps(job.body), job.id)
            )

    def upload(self, job: Job, data: bytes) -> None:
        """Keep what was uploaded."""
        with self.org.store.transaction() as connection:
            connection.execute("insert into sys_job_upload values (?, ?)", (job.id, data))

    def has_upload(self, job: Job) -> bool:
        """True if something was uploaded."""
        return (
            self.org.store.reader().execute("select 1 from sys_job_upload where job_id = ?", (job.id,)).fetchone()
            is not None
        )

    def submit(self, job: Job) -> None:
        """Let the thread take a job."""
        self._queue.put(job.id)

    def delete(self, job: Job) -> None:
        """Forget a job and everything of it."""
        with self.org.store.transaction() as connection:
            for table, column in (
                ("sys_job", "id"),
                ("sys_job_upload", "job_id"),
                ("sys_job_row", "job_id"),
                ("sys_job_line", "job_id"),
            ):
                connection.execute(f"delete from {table} where {column} = ?", (job.id,))

    def results(self, job: Job, which: str) -> Iterator[str]:
        """Lines of `successful`, `failed` or `unprocessed`: the columns of the upload, behind what became of each row."""
        leading = {"successful": ["sf__Id", "sf__Created"], "failed": ["sf__Id", "sf__Error"], "unprocessed": []}[which]
        try:
            header, rows = self._upload_rows(job)
        except JobFailure:
            header, rows = [], []
        yield line([*leading, *header], job.delimiter, job.line_end)
        outcomes = self.org.store.reader().execute(
            "select seq, record_id, is_created, error from sys_job_row where job_id = ? order by seq", (job.id,)
        )
        known = next(outcomes, None)
        for sequence, row in enumerate(rows):
            mine = known if known and known[0] == sequence else None
            if mine:
                known = next(outcomes, None)
            became = "unprocessed" if mine is None else "successful" if mine[3] is None else "failed"
            if became != which:
                continue
            told: list[object] = []
            if mine is not None:
                told = [mine[1] or "", ("true" if mine[2] else "false") if mine[3] is None else mine[3]]
            yield line([*told, *row.cells], job.delimiter, job.line_end)

    def query_lines(self, job: Job, start: int, count: int) -> list[str]:
        """Lines of a query's result from `start` on, at most `count`."""
        rows = self.org.store.reader().execute(
            "select line from sys_job_line where job_id = ? and seq >= ? order by seq limit ?", (job.id, start, count)
        )
        return [row[0] for row in rows]

    def _work(self) -> None:
        while (job_id := self._queue.get()) is not None:
            try:
                self._run(job_id)
            except sqlite3.Error:
                log.exception("job %s could not be worked on", job_id)

    def _run(self, job_id: str) -> None:
        row = self.org.store.reader().execute("select kind from sys_job where id = ?", (job_id,)).fetchone()
        if row is None:
            return
        job = self.find(job_id, row[0])
        if job.state not in ("UploadComplete", "InProgress"):
            return
        started = self.org.store.now()
        self.move(job, "InProgress")
        try:
            if job.kind == "ingest":
                self._run_ingest(job)
            else:
                self._run_query(job)
        except JobFailure as failure:
            self.move(job, "Failed", errorMessage=str(failure))
        except ApiError as error:
            self.move(job, "Failed", errorMessage=f"InvalidBatch : {error.message}")
        except Exception:
            log.exception("job %s failed", job_id)
            self.move(job, "Failed", errorMessage="InternalServerError : the emulator failed, see its log")
        else:
            if self.find(job_id, job.kind).state == "InProgress":
                took = int((self.org.store.now() - started).total_seconds() * 1000)
                self.move(job, "JobComplete", totalProcessingTime=took, apiActiveProcessingTime=took)

    def _run_ingest(self, job: Job) -> None:
        schema = self.org.schema
        item = schema.objects[job.body["object"]]
        operation = Operation(job.body["operation"])
        key_name = job.body.get("externalIdFieldName")
        key_field = item.find_field(key_name) if key_name else None
        by_key = key_field if key_field is not None and key_field.type != "id" else None
        header, rows = self._upload_rows(job)
        try:
            columns = records.columns_of(schema, item, header)
        except RecordProblem as problem:
            name = problem.error.message.split("'")[1]
            raise JobFailure(f"InvalidBatch : Field name not found : {name}") from None
        if operation is Operation.DELETE and [name.lower() for name in header] != ["id"]:
            raise JobFailure("InvalidBatch : The 'delete' batch must contain only ids")
        position = job.rows_done
        while position < len(rows):
            if self.find(job.id, job.kind).state == "Aborted":
                return
            batch = rows[position : position + BATCH]
            writes = [_write(columns, row, by_key) for row in batch]
            with self.org.store.transaction() as connection:
                outcomes = self.org.dml().run(item, operation, writes, key_field=key_field)
                self._keep(connection, job, position, outcomes)
            position += len(batch)

    def _keep(self, connection: sqlite3.Connection, job: Job, start: int, outcomes: list[Outcome]) -> None:
        rows = [
            (
                job.id,
                sequence,
                each.record_id,
                int(each.is_created),
                None if each.is_success else each.errors[0].in_bulk(),
            )
            for sequence, each in enumerate(outcomes, start=start)
        ]
        connection.executemany("insert into sys_job_row values (?, ?, ?, ?, ?)", rows)
        job.rows_done = start + len(outcomes)
        failed = sum(not each.is_success for each in outcomes)
        job.body["numberRecordsProcessed"] = job.rows_done
        job.body["numberRecordsFailed"] = job.body.get("numberRecordsFailed", 0) + failed
        connection.execute(
            "update sys_job set rows_done = ?, body = ? where id = ?", (job.rows_done, json.dumps(job.body), job.id)
        )

    def _run_query(self, job: Job) -> None:
        with_deleted = job.body["operation"] == "queryAll"
        base = f"/services/data/v{int(job.body['apiVersion'])}.0"
        header, rows = self.org.queries(base).csv_rows(job.body["query"], with_deleted=with_deleted)
        with self.org.store.transaction() as connection:
            connection.execute("delete from sys_job_line where job_id = ?", (job.id,))
        job.body["header"] = header
        count = 0
        while chunk := list(islice(rows, LINES)):
            with self.org.store.transaction() as connection:
                lines = (
                    (job.id, count + offset, line(cells, job.delimiter, job.line_end))
                    for offset, cells in enumerate(chunk)
                )
                connection.executemany("insert into sys_job_line values (?, ?, ?)", lines)
            count += len(chunk)
            if self.find(job.id, job.kind).state == "Aborted":
                return
        job.body["numberRecordsProcessed"] = count

    def _upload_rows(self, job: Job) -> tuple[list[str], list[CsvRow]]:
        row = self.org.store.reader().execute("select body from sys_job_upload where job_id = ?", (job.id,)).fetchone()
        data: bytes = row[0] if row else b""
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise JobFailure(f"ClientInputError : the data is not UTF-8 (byte {error.start})") from None
        if not text.strip():
            raise JobFailure("InvalidBatch : the job has no data")
        setting = job.body["lineEnding"]
        if line_ending(text) not in (None, setting):
            raise JobFailure(
                f"ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {setting}"
            )
        try:
            return read_rows(text, job.delimiter)
        except NotCsv as error:
            raise JobFailure(f"ClientInputError : {error}") from None


def _write(columns: Sequence[records.Column], row: CsvRow, key_field: Field | None) -> records.Write:
    if row.problem:
        return records.Write(error=RecordError("CLIENTINPUTERROR", row.problem))
    return records.from_csv(columns, row.cells, key_field)
