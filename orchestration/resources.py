"""The outside world as Dagster resources; the only module that reads environment variables.

| variable | meaning | default |
|---|---|---|
| `ABM_WAREHOUSE_PATH` | DuckDB file that the run writes | `var/abm.duckdb` |
| `ABM_INPUT` | landing folder | none: only the CRM is read |
| `ABM_AS_OF` | night of a run that is started by hand in the UI | none: the launchpad asks |
| `ABM_CRM` | `sandbox`, `salesforce` or `files` | `sandbox` |
| `ABM_SALESFORCE_LOGIN_URL` | where the token is asked for, such as `https://your-domain.my.salesforce.com` | the sandbox |
| `ABM_SALESFORCE_CLIENT_ID`, `ABM_SALESFORCE_CLIENT_SECRET` | the integration app's credentials | the sandbox's |
| `ABM_SALESFORCE_USERNAME`, `ABM_SALESFORCE_PRIVATE_KEY` | instead of the secret: user, and the app's RSA key (PEM) | none |
| `ABM_SALESFORCE_AUDIENCE` | whom the JWT is for | `https://login.salesforce.com`; for a sandbox `https://test.salesforce.com` |
| `ABM_DUCKDB_MEMORY_LIMIT` | memory that DuckDB may use | `4GB` |
| `ABM_NOTIFY_COMMAND` | command that is given a failed run's message on its standard input | none: the message is logged |
| `DAGSTER_HOME` | where runs and their logs are kept | `var/dagster` |
| `DBT_TARGET_PATH` | where dbt keeps what it compiles | `dbt_project/target` |
| `ABM_SHARED_DATA` | folder of large test data (tests only) | `../shared/data` |
"""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

import dagster as dg
import duckdb
import pyarrow as pa
from pydantic import PrivateAttr

from orchestration.errors import UsageError
from orchestration.writer_lock import WriterLock

T = TypeVar("T")

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = PROJECT_ROOT / "dbt_project"
RULES_FOLDER = PROJECT_ROOT / "seeds" / "rules"
FORCE_APP = PROJECT_ROOT / "reverse_etl" / "salesforce" / "force-app"
SANDBOX_CREDENTIALS = ("sandbox", "sandbox")
_LOGIN_SETTINGS: Final = ("client_id", "client_secret", "username", "private_key", "audience")
BUSINESS_TIME_ZONE = "Asia/Tokyo"

# No usage tracking, nor does the UI ask for an address.
_DAGSTER_SETTINGS: Final = """\
telemetry:
  enabled: false
nux:
  enabled: false
storage:
  custom:
    module: orchestration.dagster_storage
    class: Storage
    config:
      base_dir:
        env: DAGSTER_HOME
"""


class NightlyRun(dg.ConfigurableResource):  # type: ignore[type-arg]
    """What one run is about: the night, the input, the CRM."""

    as_of_date: str = ""
    input_folder: str = ""
    crm: str = "sandbox"

    @property
    def as_of(self) -> date:
        """The last day whose facts count."""
        try:
            return date.fromisoformat(self.as_of_date)
        except ValueError:
            raise UsageError(
                f"as_of_date is {self.as_of_date!r}, expected YYYY-MM-DD. Set it in the launchpad under"
                " resources: nightly_run: config: as_of_date, or with --as-of."
            ) from None

    @property
    def input(self) -> Path | None:
        """The landing folder; null when only the CRM is read."""
        return Path(self.input_folder) if self.input_folder else None

    @property
    def dbt_vars(self) -> dict[str, str]:
        """Variables that every dbt command of the run gets."""
        return {"as_of_date": self.as_of.isoformat()}


class Warehouse(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The DuckDB file of a run: written by one process at a time, read by anyone from the published copy."""

    path: str
    _lock: WriterLock | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Take the writer's lock for the whole run."""
        run_id = context.run.run_id if context.run else "no run"
        self._lock = WriterLock(Path(self.path), f"run {run_id}")
        self._lock.acquire()
        set_warehouse_environment(Path(self.path))

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Give the lock back."""
        if self._lock:
            self._lock.release()

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A writing connection, closed behind the block so that dbt can open the file."""
        with open_warehouse(Path(self.path)) as connection:
            yield connection

    @property
    def published_path(self) -> Path:
        """The copy that readers open."""
        return published_path(Path(self.path))


@contextmanager
def open_warehouse(path: Path, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a warehouse file.

    Raises
    ------
    UsageError
        If the file is held by another process, is no DuckDB file, or (to read) does not exist.
    """
    if read_only and not path.exists():
        raise UsageError(
            f"{path}: no such warehouse. Make one with `abm run --warehouse {path} --input DIR --as-of D`."
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(
            str(path),
            read_only=read_only,
            config={"memory_limit": os.environ.get("ABM_DUCKDB_MEMORY_LIMIT", "4GB"), "threads": 2},
        )
    except (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException) as error:
        first_line = str(error).splitlines()[0]
        if "lock" in first_line.lower():
            raise UsageError(
                f"{path} is open in another process ({first_line}). Close it there; to read while a run writes,"
                f" open {published_path(path)}."
            ) from error
        raise UsageError(
            f"{path}: cannot be opened as a warehouse ({first_line}). Choose another --warehouse."
        ) from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}). Choose another --warehouse.") from error
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def published_path(path: Path) -> Path:
    """Where readers find the last night that ended well."""
    return path.with_name(f"{path.stem}.published{path.suffix}")


def read_published(path: Path, reader: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
    """What `reader` finds in the last night that ended well.

    Raises
    ------
    UsageError
        If no night has ended well yet.
    """
    published = published_path(path)
    if not published.exists():
        raise UsageError(
            f"{published}: no night has ended well yet. Make one with `abm run --warehouse {path} --input DIR --as-of D`."
        )
    with open_warehouse(published, read_only=True) as connection:
        return reader(connection)


def create_table(connection: duckdb.DuckDBPyConnection, table: str, schema: pa.Schema) -> None:
    """Create `schema.table`, empty, with the columns of an Arrow schema, unless it is there."""
    connection.register("empty_rows", schema.empty_table())
    connection.execute(f"create table if not exists {table} as select * from empty_rows")
    connection.unregister("empty_rows")


def replace_table(connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    """Let `schema.table` hold these rows and no others."""
    connection.register("new_rows", rows)
    connection.execute(f"create or replace table {table} as select * from new_rows")
    connection.unregister("new_rows")


class Crm(dg.ConfigurableResource):  # type: ignore[type-arg]
    """How to reach the CRM; credentials are read from the environment when they are used and are kept nowhere."""

    @property
    def login_url(self) -> str:
        """Where the token is asked for."""
        return os.environ.get("ABM_SALESFORCE_LOGIN_URL", "")

    @property
    def credentials(self) -> dict[str, str]:
        """What the login needs beside its URL: client id and secret, or client id, user name and private key.

        Raises
        ------
        UsageError
            If an org is named without credentials.
        """
        given = {name: os.environ.get(f"ABM_SALESFORCE_{name.upper()}", "") for name in _LOGIN_SETTINGS}
        if given["client_id"] and given["private_key"] and given["username"]:
            return {name: value for name, value in given.items() if name != "client_secret"}
        if given["client_id"] and given["client_secret"] and not given["private_key"]:
            return {name: given[name] for name in ("client_id", "client_secret")}
        raise UsageError(
            "ABM_SALESFORCE_CLIENT_ID and ABM_SALESFORCE_CLIENT_SECRET are not set. Set both to the integration app's"
            " credentials; or set ABM_SALESFORCE_CLIENT_ID, ABM_SALESFORCE_USERNAME and ABM_SALESFORCE_PRIVATE_KEY for a login"
            " with a key; or leave ABM_SALESFORCE_LOGIN_URL unset to use the local sandbox."
        )


def environment_defaults() -> dict[str, Any]:
    """Resource configuration that the environment asks for, used by schedules and the UI."""
    return {
        "nightly_run": {
            "as_of_date": os.environ.get("ABM_AS_OF", ""),
            "input_folder": os.environ.get("ABM_INPUT", ""),
            "crm": os.environ.get("ABM_CRM", "sandbox"),
        },
        "warehouse": {"path": os.environ.get("ABM_WAREHOUSE_PATH", str(PROJECT_ROOT / "var" / "abm.duckdb"))},
    }


def set_crm_environment(login_url: str, client_id: str, secret: str) -> None:
    """Point this process and its children at a CRM."""
    os.environ["ABM_SALESFORCE_LOGIN_URL"] = login_url
    os.environ["ABM_SALESFORCE_CLIENT_ID"] = client_id
    os.environ["ABM_SALESFORCE_CLIENT_SECRET"] = secret
    os.environ.pop("ABM_SALESFORCE_PRIVATE_KEY", None)


def set_warehouse_environment(path: Path) -> None:
    """Tell dbt, in this process and its children, which file it builds."""
    os.environ["ABM_WAREHOUSE_PATH"] = str(path.resolve())


def set_input_environment(input_folder: Path | None, as_of: date) -> None:
    """What runs that are started in the UI begin with."""
    os.environ["ABM_INPUT"] = str(input_folder.resolve()) if input_folder else ""
    os.environ["ABM_AS_OF"] = as_of.isoformat()


def crm_from_environment() -> str | None:
    """Login URL of the CRM that the environment names; null for none."""
    return os.environ.get("ABM_SALESFORCE_LOGIN_URL")


def dbt_target_path() -> Path:
    """Where dbt keeps its manifest and what it compiles."""
    return Path(os.environ.get("DBT_TARGET_PATH", DBT_PROJECT / "target")).resolve()


def dagster_home() -> Path:
    """Where Dagster keeps runs and logs; made, with usage tracking switched off, when it is not there."""
    home = Path(os.environ.get("DAGSTER_HOME", PROJECT_ROOT / "var" / "dagster")).resolve()
    home.mkdir(parents=True, exist_ok=True)
    settings = home / "dagster.yaml"
    if not settings.exists():
        settings.write_text(_DAGSTER_SETTINGS, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def notify_command() -> str | None:
    """The command that is told of a failed run."""
    return os.environ.get("ABM_NOTIFY_COMMAND")


def silence_usage_tracking() -> None:
    """Switch off what dbt and Dagster would report home."""
    os.environ.update(
        DBT_SEND_ANONYMOUS_USAGE_STATS="false",
        DAGSTER_DISABLE_TELEMETRY="true",
        DO_NOT_TRACK="1",
        DBT_VERSION_CHECK="false",
    )


def dbt_executable() -> str:
    """The dbt of this environment."""
    return str(Path(sys.executable).with_name("dbt"))


def run_dbt(
    arguments: Sequence[str], variables: Mapping[str, str], warehouse: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run dbt over the project as a process of its own; what it said is in the result.

    Parameters
    ----------
    arguments : command and selection
    warehouse : DuckDB file; that of the environment where none is given, else one in memory
    """
    command = [dbt_executable(), "--quiet", "--no-use-colors", *arguments, "--vars", json.dumps(dict(variables))]
    command += ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    path = warehouse or os.environ.get("ABM_WAREHOUSE_PATH", ":memory:")
    environment = os.environ | {"ABM_WAREHOUSE_PATH": path}
    return subprocess.run(command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False)


def user_name() -> str:
    """Name of the user whose process this is, as the operating system knows it."""
    return pwd.getpwuid(os.getuid()).pw_name
