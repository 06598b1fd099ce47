"""A sandbox on a thread of the test's own process, and the real client pointed at it."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce

from sandbox.deploy import deploy
from sandbox.metadata_files import read_source_folder
from sandbox.org import Org
from sandbox.server import Server

START = datetime(2026, 11, 1, 6, 0, 0, tzinfo=UTC)
FIELD = """<?xml version="1.0" encoding="UTF-8"?>
<CustomField xmlns="http://soap.sforce.com/2006/04/metadata">
    <fullName>{name}</fullName>
    {rest}
</CustomField>
"""
TEXT_KEY = """<caseSensitive>false</caseSensitive><externalId>true</externalId><label>{label}</label><length>64</length>
    <required>false</required><type>Text</type><unique>{unique}</unique>"""
TIER = """<label>Tier</label><required>false</required><type>Picklist</type>
    <valueSet><restricted>true</restricted><valueSetDefinition>
    <sorted>false</sorted><value><fullName>Tier 1</fullName><default>false</default><label>Tier 1</label></value>
    <value><fullName>Tier 2</fullName><default>false</default><label>Tier 2</label></value></valueSetDefinition></valueSet>"""
SCORE = "<label>Score</label><precision>5</precision><required>false</required><scale>2</scale><type>Number</type>"
STAMP = "<label>Scored At</label><required>false</required><type>DateTime</type>"
SEEN = "<defaultValue>false</defaultValue><label>Seen</label><type>Checkbox</type>"
LOOKUP = """<deleteConstraint>SetNull</deleteConstraint><label>Account</label><referenceTo>Account</referenceTo>
    <relationshipName>Visits</relationshipName><required>false</required><type>Lookup</type>"""
VISIT = """<?xml version="1.0" encoding="UTF-8"?>
<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata">
    <deploymentStatus>Deployed</deploymentStatus>
    <label>Visit</label>
    <nameField><displayFormat>V-{0000}</displayFormat><label>Visit</label><type>AutoNumber</type></nameField>
    <pluralLabel>Visits</pluralLabel>
    <sharingModel>ReadWrite</sharingModel>
</CustomObject>
"""


class TestClock:
    """A clock that moves only when told."""

    __test__ = False

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class LoopbackHTTP(HTTPAdapter):
    """Sends over plain HTTP what the client, which knows only https, sends to a loopback origin."""

    def send(self, request: requests.PreparedRequest, *args: Any, **settings: Any) -> requests.Response:
        assert request.url is not None
        request.url = "http" + request.url.removeprefix("https")
        return super().send(request, *args, **settings)


@dataclass
class Sandbox:
    """A running sandbox, an open session and the client."""

    org: Org
    url: str
    token: str
    session: requests.Session
    client: Salesforce
    clock: TestClock

    def call(self, method: str, path: str, version: str = "62.0", **settings: Any) -> requests.Response:
        """One request to the data API, outside the client."""
        headers = {"Authorization": f"Bearer {self.token}", **settings.pop("headers", {})}
        return self.session.request(
            method, f"{self.url}/services/data/v{version}/{path}", headers=headers, timeout=30, **settings
        )

    def query(self, soql: str) -> list[dict[str, Any]]:
        """The records of a query."""
        return list(self.client.query_all(soql)["records"])

    def client_for(self, version: str) -> Salesforce:
        """The client speaking another version of the API."""
        return Salesforce(instance_url=self.url, session_id=self.token, version=version, session=self.session)


@contextmanager
def running(state: Path, schema: Path | None = None, **settings: Any) -> Iterator[Sandbox]:
    """A sandbox over `state` as long as the block lasts."""
    clock = settings.pop("clock", None) or TestClock()
    org = Org(state, clock=clock, **settings)
    if schema is not None:
        assert deploy(org.store, read_source_folder(schema)).is_success
    server = Server(org)
    server.start()
    try:
        with requests.Session() as session:
            session.mount(server.url.replace("http:", "https:"), LoopbackHTTP())
            token = get_token(session, server.url)
            client = Salesforce(instance_url=server.url, session_id=token, version="62.0", session=session)
            yield Sandbox(org, server.url, token, session, client, clock)
    finally:
        server.stop()
        org.close()


def get_token(session: requests.Session, url: str) -> str:
    """A token by client credentials."""
    reply = session.post(
        f"{url}/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=("sandbox", "sandbox"),
        timeout=30,
    )
    return str(reply.json()["access_token"])


def custom_fields(folder: Path) -> Path:
    """An SFDX source folder with one field of each kind on Account and a custom object."""
    objects = folder / "force-app" / "main" / "default" / "objects"
    fields = {
        "Key__c": TEXT_KEY.format(label="Key", unique="true"),
        "Group_Key__c": TEXT_KEY.format(label="Group Key", unique="false"),
        "Tier__c": TIER,
        "Score__c": SCORE,
        "Scored_At__c": STAMP,
        "Seen__c": SEEN,
    }
    for name, rest in fields.items():
        write(objects / "Account" / "fields" / f"{name}.field-meta.xml", FIELD.format(name=name, rest=rest))
    write(objects / "Visit__c" / "Visit__c.object-meta.xml", VISIT)
    visit_fields = {"Account__c": LOOKUP, "Visit_Key__c": TEXT_KEY.format(label="Visit Key", unique="true")}
    for name, rest in visit_fields.items():
        write(objects / "Visit__c" / "fields" / f"{name}.field-meta.xml", FIELD.format(name=name, rest=rest))
    return folder / "force-app"


def write(path: Path, text: str) -> Path:
    """Write a file, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def zipped(files: dict[str, str]) -> bytes:
    """A zip of texts by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def finished(sandbox: Sandbox, path: str) -> dict[str, Any]:
    """The info of a job once it has ended."""
    deadline = time.monotonic() + 30
    while (info := sandbox.call("GET", path).json())["state"] not in ("JobComplete", "Failed", "Aborted"):
        assert time.monotonic() < deadline, info
        time.sleep(0.01)
    return dict(info)


def ingest(
    sandbox: Sandbox, operation: str, rows: str, object_name: str = "Account", **settings: str
) -> dict[str, Any]:
    """A Bulk 2.0 job carried through: its final info."""
    body = {"object": object_name, "operation": operation, **settings}
    job = sandbox.call("POST", "jobs/ingest", json=body).json()
    path = f"jobs/ingest/{job['id']}"
    upload = sandbox.call("PUT", f"{path}/batches", data=rows.encode(), headers={"Content-Type": "text/csv"})
    assert (upload.status_code, upload.content) == (201, b"")
    assert sandbox.call("PATCH", path, json={"state": "UploadComplete"}).status_code == 200
    return finished(sandbox, path)
