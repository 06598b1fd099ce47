"""The command: start, stop, restart, kill, and what it tells."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.unit.sandbox.running import custom_fields, get_token

ROOT = Path(__file__).parents[2]
ACCOUNTS = "Id,Name,CreatedDate,LastModifiedDate\n001000000000001AAA,Firm,2026-01-01,2026-01-02\nbad,Firm,2026-01-01,2026-01-02\n"


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def serving(state: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A server as a process of its own, and what it said when it was ready."""
    words = [sys.executable, "-m", "sandbox", "serve", "--state", str(state), "--port", "0", *more]
    with (state.parent / "errors.txt").open("a+") as errors:
        process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, (state.parent / "errors.txt").read_text()
            yield process, json.loads(line)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(timeout=30)
            process.stdout.close()


def landing(folder: Path) -> Path:
    path = folder / "landing" / "salesforce" / "Account.csv"
    path.parent.mkdir(parents=True)
    path.write_text(ACCOUNTS, encoding="utf-8")
    return folder / "landing"


def test_a_server_tells_where_it_is_and_ends_cleanly_on_sigterm(tmp_path: Path) -> None:
    state = tmp_path / "state"
    schema, files = str(custom_fields(tmp_path)), str(landing(tmp_path))
    with serving(state, "--schema", schema, "--restore", files) as (process, told):
        assert set(told) == {"url", "pid"} and told["pid"] == process.pid
        assert told["url"].startswith("http://127.0.0.1:")
        assert json.loads((state / "server.json").read_text()) == told
        with requests.Session() as session:
            token = get_token(session, told["url"])
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{told['url']}/services/data/v62.0"
        assert (
            requests.get(f"{url}/sobjects/Account/001000000000001", headers=headers, timeout=30).json()["Tier__c"]
            is None
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert not (state / "server.json").exists()
    report = json.loads((state / "restore.json").read_text())["files"]["salesforce/Account.csv"]
    assert (report["rows"], report["restored"], report["rejected"][0]["line"]) == (2, 1, 3)


def test_a_second_server_on_one_state_refuses(tmp_path: Path) -> None:
    with serving(tmp_path / "state") as (_, told):
        second = command("serve", "--state", str(tmp_path / "state"), "--port", "0")
        assert (second.returncode, second.stdout) == (2, "")
        assert "A sandbox already runs on the state" in second.stderr and told["url"] in second.stderr
        assert command("restore", str(landing(tmp_path)), "--state", str(tmp_path / "state")).returncode == 2


def test_deploy_and_restore_work_on_a_stopped_state(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    deployed = command("deploy", str(custom_fields(tmp_path)), "--state", state)
    assert (deployed.returncode, json.loads(deployed.stdout)["components"]) == (0, 9)
    first, second = (
        command("restore", str(landing(tmp_path) if n == 0 else tmp_path / "landing"), "--state", state)
        for n in range(2)
    )
    assert json.loads(first.stdout)["files"]["salesforce/Account.csv"]["restored"] == 1
    assert json.loads(second.stdout)["already_restored"] is True
    missing = command("deploy", str(tmp_path / "nothing"), "--state", state)
    assert missing.returncode == 2 and "no file named *-meta.xml" in missing.stderr


def test_tokens_and_addresses_stay_out_of_the_log(tmp_path: Path) -> None:
    with serving(tmp_path / "state", "--verbose") as (process, told):
        session = requests.Session()
        token = get_token(session, told["url"])
        headers = {"Authorization": f"Bearer {token}"}
        body = {"LastName": "Person", "Email": "person@firm.example"}
        session.post(f"{told['url']}/services/data/v62.0/sobjects/Contact", json=body, headers=headers, timeout=30)
        session.get(
            f"{told['url']}/services/data/v62.0/sobjects/Contact/Email/person@firm.example", headers=headers, timeout=30
        )
        session.get(f"{told['url']}/?q=person@firm.example", timeout=30)
        session.close()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
    log = (tmp_path / "errors.txt").read_text()
    assert "GET /services/data/v62.0/sobjects/Contact" in log
    assert token not in log and "person@" not in log and "sandbox!" not in log


def test_a_killed_server_leaves_every_answered_request_and_no_half_of_one(tmp_path: Path) -> None:
    state = tmp_path / "state"
    answered: list[int] = []
    with serving(state, "--schema", str(custom_fields(tmp_path))) as (process, told):
        session = requests.Session()
        headers = {"Authorization": f"Bearer {get_token(session, told['url'])}"}
        url = f"{told['url']}/services/data/v62.0/composite/sobjects/Account/Key__c"
        five_done = threading.Event()

        def write() -> None:
            for number in range(10_000):
                records = [
                    {"attributes": {"type": "Account"}, "Key__c": f"{number}-{n}", "Name": f"batch {number}"}
                    for n in range(200)
                ]
                try:
                    results = session.patch(url, json={"records": records}, headers=headers, timeout=30).json()
                except (requests.RequestException, ValueError):
                    return
                assert all(result["success"] for result in results)
                answered.append(number)
                if len(answered) == 5:
                    five_done.set()

        writer = threading.Thread(target=write)
        writer.start()
        assert five_done.wait(timeout=60)
        os.kill(process.pid, signal.SIGKILL)
        writer.join(timeout=60)
        session.close()
    with sqlite3.connect(state / "org.sqlite") as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        counts = dict(connection.execute('select "Name", count(*) from "Account" group by 1').fetchall())
    connection.close()
    assert set(counts.values()) == {200}
    assert {f"batch {number}" for number in answered} <= set(counts)
    with serving(state) as (_, told):
        with requests.Session() as session:
            headers = {"Authorization": f"Bearer {get_token(session, told['url'])}"}
            query = {"q": "SELECT COUNT() FROM Account"}
            reply = session.get(f"{told['url']}/services/data/v62.0/query", params=query, headers=headers, timeout=30)
        assert reply.json()["totalSize"] == sum(counts.values())
