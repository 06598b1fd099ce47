"""The accounts of tonight's company records: all of them compared anew, or only what changed since the last night.

What a night needs of the one before lies in the schema `identity_memory`: the records in comparable form, the keys by which they
hang together, and what is rare as the last full night learned it. Judged by that, a few records get the same accounts whether
they are compared with all that hangs together with them or among all others. A full night comes where the rules or the engine
changed, or so much of the data that what is rare has to be learned anew. To ask for one, drop the schema.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import identity
from identity import tables
from identity.collection import without_collection
from identity.compare import similarities
from identity.name_matches import common_words
from identity.normalise import make_readers, prepare
from identity.overrides import check_overrides, read_decisions
from identity.persist import likely_ids
from identity.prepared import PREPARED_DOMAINS, PREPARED_NAMES, PREPARED_RECORDS, Prepared
from identity.region import ComparedNames, link_keys
from identity.resolve import (
    Outcome,
    alias_rows,
    best_candidates,
    candidate_pairs,
    candidates_over_limit,
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
from orchestration.night_memory import HASHED, NightMemory, Warehouse, decided_rows
from orchestration.resources import create_table

TABLES: Final = {
    "record_keys": tables.RECORD_KEYS,
    "account_members": tables.ACCOUNT_MEMBERS,
    "match_candidates": tables.MATCH_CANDIDATES,
    "account_id_history": tables.ACCOUNT_ID_HISTORY,
    "account_aliases": tables.ACCOUNT_ALIASES,
    "set_aside": tables.SET_ASIDE,
}
_RECALLED: Final = """
create or replace temp table {name} as
select * from identity_memory.records
semi join {components} using (component)
anti join left_out using (record_id)
"""
# The checkpoint of a short night would push the rows of the last row groups together and look for the best compression of what
# is new, which takes as long as all the rest of the night. The next full night writes the tables anew.
_QUICK_COMMIT: Final = {"max_vacuum_tasks": "0", "force_compression": "'uncompressed'"}
# A new version of one of these may read a name in another way.
_LIBRARIES: Final = ("jaconv", "numpy", "pandas", "python-stdnum", "rapidfuzz", "tldextract")
# What is set aside under a key of its own: the key is a name or a domain.
_BY_KEY: Final = ("name_with_many_accounts", "domain_with_many_names")


@dataclass(frozen=True)
class Night:
    """What was compared.

    Attributes
    ----------
    why_full : why all records were compared; '' if only those were that a change can touch
    records : number of tonight's records
    changed, gone : records that are new or other than the night before, and that are there no more
    compared : records that were compared
    """

    why_full: str
    records: int
    changed: int
    gone: int
    compared: int


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
            night = _ShortNight(*tonight).run()
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
    """Hash of the matching code and of the versions of the libraries that read names."""
    files = sorted(Path(identity.__file__).parent.glob("*.py"))
    texts = [*(file.read_text(encoding="utf-8") for file in files), *(version(name) for name in _LIBRARIES)]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


class _Night(Warehouse):
    """A night and what it remembers."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        rules: IdentityRules,
        rules_fingerprint: str,
        engine: str,
        as_of_date: date,
    ) -> None:
        super().__init__(connection, rules)
        self._as_of, self._rules_fingerprint, self._engine = as_of_date, rules_fingerprint, engine
        self._memory = NightMemory(connection, rules, rules_fingerprint, engine)
        self._limit = int(rules["max_candidates_per_record"])

    def _best(self, pairs: pa.Table, set_aside: list[tuple[str, str, int, str]]) -> pa.Table:
        shown, over_limit = best_candidates(pairs, self._limit)
        if over_limit:
            set_aside.append(candidates_over_limit(over_limit, self._limit))
        return shown


class _FullNight(_Night):
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
            f"""
            create or replace temp table other as
            select hashed.record_id, hashed.content_hash, kept.record_id as kept_record_id
            from ({HASHED}) as hashed
            full join identity_memory.records as kept using (content_hash)
            where hashed.record_id is null or kept.record_id is null;

            create or replace temp table changed as
            select record_id, content_hash from other where record_id is not null;

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


class _ShortNight(_Night):
    """Only those records are compared that a change can touch; the tables `changed` and `gone` say what changed.

    A set of records that hang together by keys is touched if one of them changed or went, or if a new one has a key of theirs.
    All records of the touched sets are compared anew, together with the sets beside them, in which a name stands that is like one
    of theirs: those are compared to know their accounts, which are what they were.
    """

    def run(self) -> Night:
        """The night."""
        changed = prepare(
            self._read("select * from identity.company_records semi join changed using (record_id) order by record_id"),
            self._rules,
        )
        new_records, new_names, new_domains = changed.tables()
        self._find_touched(changed)
        names = _joined(PREPARED_NAMES, new_names, self._memory.recall("record_names", "recalled"))
        self._memory.renew_names(ComparedNames.of_names(names))
        self._find_asked_anew()
        alike = self._alike()
        self._find_beside(alike)
        everything = Prepared.from_tables(
            _joined(PREPARED_RECORDS, new_records, self._memory.recall("records", "recalled", "recalled_beside")),
            _joined(PREPARED_NAMES, names, self._memory.recall("record_names", "recalled_beside")),
            _joined(
                PREPARED_DOMAINS, new_domains, self._memory.recall("record_domains", "recalled", "recalled_beside")
            ),
        )
        self._run(
            """
            create or replace temp table touched_records as
            select record_id, content_hash from recalled union all select record_id, content_hash from changed;

            create or replace temp table written as
            select record_id from touched_records union all select record_id from gone
            """
        )
        touched = self._read("select record_id from touched_records")["record_id"].combine_chunks()
        is_touched = pc.is_in(pa.array(everything.record_ids, pa.string()), value_set=touched)
        found, before, since = self._decide(everything, touched.to_pylist(), alike)
        self._write(found, touched, before, since)
        self._memory.remember_touched(everything, is_touched.to_numpy(zero_copy_only=False))
        records, new, gone = (
            self._count(f"select count(*) from {name}") for name in ("identity.company_records", "changed", "gone")
        )
        return Night("", records, new, gone, len(everything))

    def _find_touched(self, changed: Prepared) -> None:
        """Components of the records that changed or went, and of those with which the changed ones hang together now."""
        self._run(
            """
            create or replace temp table touched as

            select component from identity_memory.records semi join left_out using (record_id)

            union

            select component from identity_memory.keys semi join new_keys using (key)

            union

            -- A record that comes back may claim the account that it had.
            select records.component
            from identity_memory.records as records
            inner join identity.account_members as members on records.record_id = members.record_id
            where members.account_id in (
                select coalesce(aliases.account_id, members.account_id)
                from identity.account_members as members
                semi join changed using (record_id)
                left join identity.account_aliases as aliases on members.account_id = aliases.alias_account_id
            )

            union

            select records.component
            from identity_memory.records as records
            semi join (
                (from decided except from identity_memory.overrides)
                union all
                (from identity_memory.overrides except from decided)
            ) as news on records.record_id in (news.left_record, news.right_record)
            """,
            new_keys=pa.table({"key": np.unique(link_keys(changed)[1])}),
            decided=decided_rows(self._rules.overrides),
        )
        # What a person decided ties records together too.
        while self._spread_by_decisions():
            pass
        self._run(_RECALLED.format(name="recalled", components="touched"))

    def _spread_by_decisions(self) -> int:
        known = self._count("select count(*) from touched")
        self._run(
            """
            insert into touched
            with
            pairs as (
                select left_record as one, right_record as other from decided
                union all
                select right_record as one, left_record as other from decided
            ),
            near as (
                select record_id from changed
                union all
                select record_id from identity_memory.records semi join touched using (component)
            )
            select distinct records.component
            from pairs
            semi join near on pairs.one = near.record_id
            inner join identity_memory.records as records on pairs.other = records.record_id
            anti join touched on records.component = touched.component
            """,
            decided=decided_rows(self._rules.overrides),
        )
        return self._count("select count(*) from touched") - known

    def _find_asked_anew(self) -> None:
        """The names whose alike ones are looked for.

        They are those of touched records, and those of a word that became too common or is so no more.
        """
        self._run(
            f"""
            create or replace temp table common_features as
            select feature, name_count from identity_memory.common_features anti join moved_features using (feature)
            union all
            select feature, count(*) as name_count
            from identity_memory.name_features semi join moved_features using (feature)
            group by feature having count(*) > {int(self._rules["max_names_per_word"])};

            create or replace temp table asked_anew as
            select name_key, component from identity_memory.names
            where component < 0 or component in (
                select names.component
                from identity_memory.names as names
                inner join identity_memory.name_features as features using (name_key)
                semi join (
                    (select feature from common_features except select feature from identity_memory.common_features)
                    union all
                    (select feature from identity_memory.common_features except select feature from common_features)
                ) as news on features.feature = news.feature
            )
            """
        )

    def _alike(self) -> pa.Table:
        """Table left_key, right_key: names that are alike, at least one of them asked anew."""
        met = self._read(
            """
            select distinct
                least(ours.name_key, theirs.name_key) as left_key,
                greatest(ours.name_key, theirs.name_key) as right_key
            from (
                select features.name_key, features.feature
                from identity_memory.name_features as features
                semi join asked_anew using (name_key)
                anti join common_features using (feature)
            ) as ours
            inner join identity_memory.name_features as theirs
                on ours.feature = theirs.feature and ours.name_key <> theirs.name_key
            """
        )
        least = self._rules["similar_name_minimum"]
        left, right = (met[name].to_numpy() for name in ("left_key", "right_key"))
        return met.take(pa.array(np.flatnonzero(similarities(left, right, least) >= least)))

    def _find_beside(self, alike: pa.Table) -> None:
        """Components that are compared to know their accounts: of names asked anew and of names like them."""
        self._run(
            """
            create or replace temp table beside as
            select component from asked_anew where component >= 0
            union
            select names.component
            from identity_memory.names as names
            semi join (select left_key as name_key from alike union all select right_key from alike) as alike
                on names.name_key = alike.name_key
            where names.component >= 0
            """,
            alike=alike,
        )
        self._run(_RECALLED.format(name="recalled_beside", components="beside"))

    def _decide(
        self, everything: Prepared, touched: Sequence[str], alike: pa.Table
    ) -> tuple[Outcome, dict[str, str], dict[str, date]]:
        ids = pa.table({"record_id": pa.array(everything.record_ids, pa.string())})
        likely = [account_id for record_id in touched for account_id in likely_ids(record_id)]
        members = self._read(
            "select * from identity.account_members where record_id in (select record_id from ids)"
            " or account_id in (select account_id from likely)",
            ids=ids,
            likely=pa.table({"account_id": pa.array(likely, pa.string())}),
        )
        before, since = read_members(members)
        aliases = read_aliases(self._read("select * from identity.account_aliases"))
        decisions = read_decisions(self._rules.overrides, everything.record_ids)
        keys = pa.array(everything.name_keys, pa.string())
        left, right = (
            pc.index_in(alike[name].combine_chunks(), value_set=keys).to_numpy(zero_copy_only=False).astype(np.int64)
            for name in ("left_key", "right_key")
        )
        statistics = self._memory.statistics(everything)
        found = decide(everything, self._rules, decisions, before, aliases, self._as_of, statistics, (left, right))
        return found, before, since

    def _write(self, found: Outcome, touched: pa.Array, before: dict[str, str], since: dict[str, date]) -> None:
        def of_touched(table: pa.Table, column: str) -> pa.Table:
            return table.filter(pc.is_in(table[column], value_set=touched))

        self._exchange("identity.record_keys", "record_id", "written", of_touched(record_keys(found), "record_id"))
        rows = member_rows(found, before, since, self._as_of)
        self._keep_newest("account_members", "record_id", of_touched(rows, "record_id"))
        self._keep_newest("account_id_history", "event_id", history_rows(found, self._as_of))
        self._replace("identity.account_aliases", alias_rows(found))
        self._run(
            """
            create or replace temp table paired as
            select record_id from written
            union all
            select record_id from identity_memory.records
            semi join asked_anew using (component);

            delete from identity_memory.candidate_pairs
            where left_record_id in (select record_id from paired) or right_record_id in (select record_id from paired);

            insert into identity_memory.candidate_pairs by name
            select * from pairs
            where left_record_id in (select record_id from paired) or right_record_id in (select record_id from paired)
            """,
            pairs=candidate_pairs(found),
        )
        set_aside = [*found.matches.set_aside, *self._still_set_aside(found.prepared), *self._waiting()]
        shown = self._best(self._read("select * from identity_memory.candidate_pairs"), set_aside)
        joins = of_touched(join_rows(found), "left_record_id")
        self._run(
            """
            delete from identity.match_candidates
            where decision <> 'same' or left_record_id in (select record_id from written);
            insert into identity.match_candidates by name select * from shown;
            insert into identity.match_candidates by name select * from joins
            """,
            shown=shown,
            joins=joins,
        )
        self._replace("identity.set_aside", tables.build_set_aside(set_aside))

    def _still_set_aside(self, prepared: Prepared) -> list[tuple[str, str, int, str]]:
        """What is set aside under a name or domain that no touched record has or had, and the words that are too common."""
        kept = self._connection
        kept.register(
            "keys", pa.table({"key": pa.array([*prepared.name_keys, *prepared.columns["domain"].values], pa.string())})
        )
        rows = kept.execute(
            """
            select reason, key, record_count, note from identity.set_aside
            where list_contains($by_key, reason)
                and key not in (select key from keys)
                and key not in (select name_key from identity_memory.record_names semi join left_out using (record_id))
                and key not in (select domain from identity_memory.record_domains semi join left_out using (record_id))
            """,
            {"by_key": list(_BY_KEY)},
        ).fetchall()
        kept.unregister("keys")
        words, names = kept.execute("select count(*), coalesce(sum(name_count), 0) from common_features").fetchall()[0]
        return [*rows, common_words(int(words), int(names))] if words else rows

    def _waiting(self) -> list[tuple[str, str, int, str]]:
        named = sorted({record for o in self._rules.overrides for record in (o.left_record, o.right_record)})
        there = self._read(
            "select record_id from identity.company_records semi join named using (record_id)",
            named=pa.table({"record_id": pa.array(named, pa.string())}),
        )
        known = set(there["record_id"].to_pylist())
        return [waiting_override(o) for o in self._rules.overrides if not {o.left_record, o.right_record} <= known]


def _joined(schema: pa.Schema, *parts: pa.Table) -> pa.Table:
    return pa.concat_tables([part.cast(schema) for part in parts])
