"""The HTTP server: loopback only, one per state, every reply named for what it is."""

from __future__ import annotations

import asyncio
import fcntl
import io
import logging
import os
import re
import signal
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import uvicorn
from starlette.types import Receive, Scope, Send

from sandbox.bulk import MAX_UPLOAD, Jobs
from sandbox.errors import ApiError, SandboxError
from sandbox.faults import Dropped
from sandbox.http import Reply, Request
from sandbox.org import Org, write_json
from sandbox.pages import Pages
from sandbox.rest import SERVER_NAME, Rest

HOST = "127.0.0.1"
MAX_HEAD = 16_384  # bytes of URI and headers
THREADS = 16  # each keeps one connection to the store for good
MAX_BODY = MAX_UPLOAD + 1024 * 1024

log = logging.getLogger("sandbox")


class Application:
    """The ASGI application: the API under /services, /id and /sandbox, pages for people elsewhere."""

    def __init__(self, org: Org, jobs: Jobs) -> None:
        self.org = org
        self.rest = Rest(org, jobs)
        self.pages = Pages(org)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="sandbox request")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            self._threads.shutdown()
            return
        if scope["type"] != "http":
            return
        started = time.monotonic()
        body = await _read_body(receive)
        request, refusal = _request(scope, body)
        if refusal is not None:
            reply = Reply.of_error(refusal)
        else:
            try:
                reply = await asyncio.get_running_loop().run_in_executor(self._threads, self.reply, request)
            except Dropped:
                await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
                raise ConnectionAbortedError("fault drill: the connection ends without an answer") from None
        log.info(
            "%s %s %d %.0f ms", request.method, _shown(request.path), reply.status, (time.monotonic() - started) * 1000
        )
        await _send(send, reply, is_head=request.method == "HEAD")

    def reply(self, request: Request) -> Reply:
        """The reply to a request; what fails here is a 500 that says nothing of the data."""
        try:
            first = request.path.strip("/").partition("/")[0]
            reply = self.rest.reply(request) if first in ("services", "id", "sandbox") else self.pages.reply(request)
            self.org.faults.strike_after(request)
        except Dropped:
            raise
        except Exception:
            log.exception("%s %s failed", request.method, _shown(request.path))
            reply = Reply.of_error(ApiError(500, "UNKNOWN_EXCEPTION", "The emulator failed; its log says how."))
        return reply


class Server:
    """A running sandbox over one state folder.

    Parameters
    ----------
    certificate, key : PEM files; with them it speaks https, for clients that know nothing else

    Raises
    ------
    SandboxError
        If another server runs on this state, or the port is taken.
    """

    def __init__(self, org: Org, port: int = 0, certificate: Path | None = None, key: Path | None = None) -> None:
        self.org = org
        self.jobs = Jobs(org)
        self._socket = _listen(port)
        self.url = f"http{'s' if certificate else ''}://{HOST}:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            Application(org, self.jobs),
            log_config=None,
            access_log=False,
            lifespan="on",
            timeout_keep_alive=120,
            timeout_graceful_shutdown=5,
            server_header=False,
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
        self._server = _QuietServer(config)
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Serve until a signal or `stop`."""
        self.jobs.start()
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self.jobs.stop()
            self._socket.close()

    def start(self) -> None:
        """Serve on a thread of this process; returns when requests are answered."""
        self._thread = threading.Thread(target=self.run, name="sandbox server", daemon=True)
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise SandboxError("The sandbox server ended before it was ready; its log says why.")
            time.sleep(0.01)

    def stop(self) -> None:
        """End what `start` began."""
        self._server.should_exit = True
        if self._thread:
            self._thread.join(timeout=30)

    @property
    def is_ready(self) -> bool:
        """True once requests are answered."""
        return bool(self._server.started)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold a state folder.

    Raises
    ------
    SandboxError
        If another process holds it; says where that one is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "server.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            running = folder / "server.json"
            told = f" It says: {running.read_text().strip()}" if running.exists() else ""
            raise SandboxError(
                f"A sandbox already runs on the state {folder}. Stop it, or give another --state.{told}"
            ) from None
        yield


def announce(folder: Path, url: str) -> dict[str, object]:
    """Write server.json, and return what it says."""
    told: dict[str, object] = {"url": url, "pid": os.getpid()}
    write_json(folder / "server.json", told)
    return told


class _QuietServer(uvicorn.Server):
    """Ends on SIGINT and SIGTERM; on a thread it leaves signals alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """A signal asks for an orderly end, and is not raised again afterwards: whoever serves still has files to close."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise SandboxError(
            f"Port {port} on {HOST} can not be used: {error.strerror}. Give another --port, or 0 for any."
        ) from None
    return listener


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _read_body(receive: Receive) -> bytes | None:
    """The body, None if it is too long."""
    buffer = io.BytesIO()
    is_more = True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        if buffer.tell() <= MAX_BODY:
            buffer.write(message.get("body", b""))
        is_more = bool(message.get("more_body"))
    return buffer.getvalue() if buffer.tell() <= MAX_BODY else None


def _request(scope: Scope, body: bytes | None) -> tuple[Request, ApiError | None]:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    path = "/" + raw_path.partition(b"?")[0].decode("latin-1").lstrip("/")  # `sf` begins its paths with two slashes
    query: bytes = scope["query_string"]
    host = headers.get("host", "")
    request = Request(
        method=scope["method"].upper(),
        path=path,
        query=query.decode("latin-1"),
        headers=headers,
        body=body or b"",
        origin=f"{scope['scheme']}://{host}",
    )
    if not re.fullmatch(r"(127\.0\.0\.1|localhost)(:\d+)?", host):
        return request, ApiError(421, "MISDIRECTED_REQUEST", "This emulator answers only to 127.0.0.1 and localhost.")
    if len(raw_path) + len(query) > MAX_HEAD:
        return request, ApiError(414, "URI_TOO_LONG", f"URI and headers may have at most {MAX_HEAD} bytes together.")
    if len(raw_path) + len(query) + sum(len(name) + len(value) + 4 for name, value in scope["headers"]) > MAX_HEAD:
        return request, ApiError(
            431, "HEADERS_TOO_LARGE", f"URI and headers may have at most {MAX_HEAD} bytes together."
        )
    if body is not None and headers.get("content-encoding", "").lower() == "gzip":
        body = _unzipped(body)
        request = replace(request, body=body or b"")
    if body is None:
        return request, ApiError(
            413, "REQUEST_ENTITY_TOO_LARGE", f"A request body is readable and has at most {MAX_BODY} bytes."
        )
    return request, None


def _unzipped(body: bytes) -> bytes | None:
    """A gzip body unpacked, None if it is none or too long."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(body, MAX_BODY)
    except zlib.error:
        return None
    return data if unpacker.eof else None


async def _send(send: Send, reply: Reply, *, is_head: bool) -> None:
    headers = {"X-Sandbox": SERVER_NAME, **reply.headers}
    if reply.content_type:
        headers["Content-Type"] = reply.content_type
    if reply.status not in (204, 304):
        headers["Content-Length"] = str(len(reply.body))
    encoded: list[tuple[bytes, bytes]] = [
        (name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": encoded})
    await send({"type": "http.response.body", "body": b"" if is_head else reply.body})


def _shown(path: str) -> str:
    """A path for the log: its first parts, without keys of records, which may be personal."""
    parts = path.split("/")
    return "/".join(parts[:6]) + ("/..." if len(parts) > 6 else "")
