"""A night of company resolution in which only those records are compared that a change can touch."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity import tables
from identity.compare import similarities
from identity.name_matches import common_words
from identity.normalise import prepare
from identity.overrides import read_decisions
from identity.prepared import PREPARED_DOMAINS, PREPARED_NAMES, PREPARED_RECORDS, Prepared
from identity.region import ComparedNames, link_keys
from identity.resolve import (
    Outcome,
    alias_rows,
    candidate_pairs,
    decide,
    history_rows,
    join_rows,
    member_rows,
    read_aliases,
    read_members,
    record_keys,
    waiting_override,
)
from orchestration.night_memory import CompanyNight, Night, decided_rows

# What is set aside under a key of its own: the key is a name or a domain.
_BY_KEY: Final = ("name_with_many_accounts", "domain_with_many_names")


class ShortNight(CompanyNight):
    """Only those records are compared that a change can touch; the tables `changed` and `gone` say what changed.

    A set of records that hang together by keys is touched if one of them changed or went, or if a new one has a key of theirs.
    All records of the touched sets are compared anew, together with the sets beside them, in which a name stands that is like one
    of theirs: those are compared to know their accounts, which are what they were.
    """

    def run(self) -> Night:
        """The night."""
        changed = prepare(
            self._read(
                "select * from identity.company_records where rowid in (select place from changed) order by record_id"
            ),
            self._rules,
        )
        new_records, new_names, new_domains = changed.tables()
        self._find_touched(changed)
        names = _joined(PREPARED_NAMES, new_names, self._memory.recall("record_names", "touched"))
        self._memory.renew_names(ComparedNames.of_names(names))
        self._find_asked_anew()
        alike = self._alike()
        self._find_beside(alike)
        everything = Prepared.from_tables(
            _joined(PREPARED_RECORDS, new_records, self._memory.recall("records", "touched", "beside")),
            _joined(PREPARED_NAMES, names, self._memory.recall("record_names", "beside")),
            _joined(PREPARED_DOMAINS, new_domains, self._memory.recall("record_domains", "touched", "beside")),
        )
        self._run(
            """
            create or replace temp table touched_records as
            select record_id, content_hash from identity_memory.records
            semi join touched using (component)
            anti join left_out using (record_id)
            union all
            select record_id, content_hash from changed;

            create or replace temp table written as
            select record_id from touched_records union all select record_id from gone;

            -- Names and domains that records which changed or went had before: the memory soon has them no more.
            create or replace temp table left_keys as
            select name_key as key from identity_memory.record_names semi join left_out using (record_id)
            union all
            select domain as key from identity_memory.record_domains semi join left_out using (record_id)
            """
        )
        touched = self._read("select record_id from touched_records")["record_id"].combine_chunks()
        found, before, since = self._decide(everything, touched, alike)
        self._write(found, touched, before, since)
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
                select component from identity_memory.name_features
                semi join (
                    (select feature from common_features except select feature from identity_memory.common_features)
                    union all
                    (select feature from identity_memory.common_features except select feature from common_features)
                ) as news using (feature)
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
                select name_key, feature from identity_memory.name_features
                semi join asked_anew using (component)
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

    def _decide(
        self, everything: Prepared, touched: pa.Array, alike: pa.Table
    ) -> tuple[Outcome, dict[str, str], dict[str, date]]:
        ids = pa.table({"record_id": pa.array(everything.record_ids, pa.string())})
        is_touched = pc.is_in(ids["record_id"].combine_chunks(), value_set=touched).to_numpy(zero_copy_only=False)
        members = self._read(
            "select * from identity.account_members where record_id in (select record_id from ids)", ids=ids
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
        with ThreadPoolExecutor(1) as beside:
            # To decide takes nothing of the warehouse, which renews its memory meanwhile.
            remembering = beside.submit(self._memory.remember_touched, everything, is_touched)
            found = decide(everything, self._rules, decisions, before, aliases, self._as_of, statistics, (left, right))
            remembering.result()
        # A new id follows from a record, and may be in use by accounts that were not looked at: once in a blue moon, so that
        # deciding again costs less than telling every night which ids could be asked for.
        while in_use := self._in_use_elsewhere(found, before):
            before |= in_use
            found = decide(everything, self._rules, decisions, before, aliases, self._as_of, statistics, (left, right))
        return found, before, since

    def _in_use_elsewhere(self, found: Outcome, before: Mapping[str, str]) -> dict[str, str]:
        """Records that are not known to `before` and have a new account's id, with that id."""
        new = set(found.assignment.account_ids).difference(before.values())
        rows = self._read(
            "select record_id, account_id from identity.account_members semi join new_ids using (account_id)",
            new_ids=pa.table({"account_id": pa.array(sorted(new), pa.string())}),
        )
        members = zip(rows["record_id"].to_pylist(), rows["account_id"].to_pylist(), strict=True)
        return {record: account for record, account in members if record not in before}

    def _write(self, found: Outcome, touched: pa.Array, before: dict[str, str], since: dict[str, date]) -> None:
        def of_touched(table: pa.Table, column: str) -> pa.Table:
            return table.filter(pc.is_in(table[column], value_set=touched))

        # The warehouse writes in this order; what it writes next is made meanwhile.
        with ThreadPoolExecutor(1) as warehouse:
            pairs = warehouse.submit(self._renew_pairs, candidate_pairs(found))
            kept = warehouse.submit(self._still_set_aside, found.prepared)
            waiting = warehouse.submit(self._waiting)
            keys = of_touched(record_keys(found), "record_id")
            writing = [warehouse.submit(self._exchange, "identity.record_keys", "record_id", "written", keys)]
            rows = of_touched(member_rows(found, before, since, self._as_of), "record_id")
            writing += [
                warehouse.submit(self._keep_newest, "account_members", "record_id", rows),
                warehouse.submit(self._keep_newest, "account_id_history", "event_id", history_rows(found, self._as_of)),
                warehouse.submit(self._replace, "identity.account_aliases", alias_rows(found)),
            ]
            set_aside = [*found.matches.set_aside, *kept.result(), *waiting.result()]
            shown = self._best(pairs.result(), set_aside)
            joins = of_touched(join_rows(found), "left_record_id")
            writing.append(warehouse.submit(self._renew_candidates, shown, joins))
            writing.append(warehouse.submit(self._replace, "identity.set_aside", tables.build_set_aside(set_aside)))
            for part in writing:
                part.result()

    def _renew_pairs(self, pairs: pa.Table) -> pa.Table:
        """Remember what was said tonight about pairs of touched records and of names asked anew; all pairs come back."""
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
            pairs=pairs,
        )
        return self._read("select * from identity_memory.candidate_pairs")

    def _renew_candidates(self, shown: pa.Table, joins: pa.Table) -> None:
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
                and key not in (select key from left_keys)
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
