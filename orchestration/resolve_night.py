"""The accounts of tonight's company records: all of them compared anew, or only what changed since the last night.

What a night needs of the one before lies in the schema `identity_memory`: the records in comparable form, the keys by which they
hang together, and what is rare as the last full night learned it. Judged by that, a few records get the same accounts whether
they are compared with all that hangs together with them or among all others. A full night comes where the rules or the engine
changed, or so much of the data that what is rare has to be learned anew. To ask for one, drop the schema.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

import identity
from identity import tables
from identity.collection import without_collection
from identity.normalise import make_readers, prepare
from identity.overrides import check_overrides, read_decisions
from identity.resolve import (
    alias_rows,
    candidate_pairs,
    decide,
    history_rows,
    join_rows,
    member_rows,
    read_aliases,
    read_members,
    record_keys,
    repeated_records,
    waiting_override,
)
from identity.rules import IdentityRules
from orchestration import night_memory
from orchestration.night_memory import CompanyNight, Night
from orchestration.resources import create_table
from orchestration.short_night import ShortNight

TABLES: Final = {
    "record_keys": tables.RECORD_KEYS,
    "account_members": tables.ACCOUNT_MEMBERS,
    "match_candidates": tables.MATCH_CANDIDATES,
    "account_id_history": tables.ACCOUNT_ID_HISTORY,
    "account_aliases": tables.ACCOUNT_ALIASES,
    "set_aside": tables.SET_ASIDE,
}
# The checkpoint of a short night would push the rows of the last row groups together and look for the best compression of what
# is new, which takes as long as all the rest of the night. The next full night writes the tables anew.
_QUICK_COMMIT: Final = {"max_vacuum_tasks": "0", "force_compression": "'uncompressed'"}
# A new version of one of these may read a name in another way.
_LIBRARIES: Final = ("jaconv", "numpy", "pandas", "python-stdnum", "rapidfuzz", "tldextract")


@without_collection
def resolve_night(connection: duckdb.DuckDBPyConnection, rules: IdentityRules, as_of_date: date) -> Night:
    """Bring the tables of schema `identity` that hold accounts up to tonight's `identity.company_records`.

    All of it is one transaction: a night that is killed leaves the tables and the memory of the night before.

    Raises
    ------
    RuleError
        If decisions of people contradict each other.
    """
    check_overrides(rules.overrides)
    connection.execute("create schema if not exists identity")
    connection.execute("create schema if not exists identity_memory")
    for name, schema in TABLES.items():
        create_table(connection, f"identity.{name}", schema)
    connection.execute("begin transaction")
    try:
        tonight = (connection, rules, rules.fingerprint(), engine_fingerprint(), as_of_date)
        with ThreadPoolExecutor(1) as beside:
            # They are made while the warehouse looks for what changed.
            beside.submit(make_readers, rules)
            night = _FullNight(*tonight).run()
        if night is None:
            night = ShortNight(*tonight).run()
            for setting, value in _QUICK_COMMIT.items():
                connection.execute(f"set {setting} = {value}")
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    finally:
        for setting in _QUICK_COMMIT:
            connection.execute(f"reset {setting}")
    return night


def engine_fingerprint() -> str:
    """Hash of the matching code, of how it is remembered, and of the versions of the libraries that read names."""
    files = [*sorted(Path(identity.__file__).parent.glob("*.py")), Path(night_memory.__file__)]
    texts = [*(file.read_text(encoding="utf-8") for file in files), *(version(name) for name in _LIBRARIES)]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


class _FullNight(CompanyNight):
    """All records are compared, and what is rare is learned from them."""

    def run(self) -> Night | None:
        """The night; None if a short one will do."""
        why = self._why()
        if not why:
            return None
        records = self._read("select * from identity.company_records order by record_id")
        prepared = prepare(records, self._rules)
        before, since = read_members(self._read("select * from identity.account_members"))
        aliases = read_aliases(self._read("select * from identity.account_aliases"))
        decisions = read_decisions(self._rules.overrides, prepared.record_ids)
        found = decide(prepared, self._rules, decisions, before, aliases, self._as_of)
        set_aside = [*found.matches.set_aside, *map(waiting_override, decisions.unknown)]
        if prepared.duplicate_rows:
            set_aside.append(repeated_records(prepared.duplicate_rows))
        pairs = candidate_pairs(found)
        shown = self._best(pairs, set_aside)
        self._replace("identity.record_keys", record_keys(found))
        self._replace("identity.match_candidates", pa.concat_tables([shown, join_rows(found)]))
        self._replace("identity.account_aliases", alias_rows(found))
        self._replace("identity.set_aside", tables.build_set_aside(set_aside))
        self._keep_newest("account_members", "record_id", member_rows(found, before, since, self._as_of))
        self._keep_newest("account_id_history", "event_id", history_rows(found, self._as_of))
        self._memory.remember_all(found, pairs)
        return Night(why, len(prepared), len(prepared), 0, len(prepared))

    def _why(self) -> str:
        known = "select count(*) from information_schema.tables where table_schema = 'identity_memory'"
        if not self._count(f"{known} and table_name = 'nights'"):
            return "nothing is remembered of an earlier night"
        rules, engine, learned, since = self._connection.execute(
            "select rules, engine, learned_count, changed_since_count from identity_memory.nights"
        ).fetchall()[0]
        if rules != self._rules_fingerprint:
            return "a rule of company matching changed"
        if engine != self._engine:
            return "the matching itself changed"
        self._run(
            """
            create or replace temp table other as
            select tonight.record_id, tonight.rowid as place, tonight.content_hash, kept.record_id as kept_record_id
            from identity.company_records as tonight
            full join identity_memory.records as kept using (content_hash)
            where tonight.record_id is null or kept.record_id is null;

            create or replace temp table changed as
            select record_id, place, content_hash from other where record_id is not null;

            create or replace temp table left_out as
            select kept_record_id as record_id from other where kept_record_id is not null;

            create or replace temp table gone as
            select record_id from left_out anti join changed using (record_id)
            """
        )
        changed, left_out, gone, kept, records = (
            self._count(f"select count(*) from {table}")
            for table in ("changed", "left_out", "gone", "identity_memory.records", "identity.company_records")
        )
        if kept - left_out + changed != records:
            return "a record_id stands on several rows"
        share = (since + changed + gone) / max(learned, 1)
        if share > self._rules["relearn_share"]:
            return f"{share:.0%} of the records changed since what is rare was learned"
        return ""
