"""What a night remembers for the next one, in the schema `identity_memory`.

The records in comparable form, the keys by which they hang together, the names by their features, the pairs about which there was
something to say, and what is rare as the last full night learned it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity.evidence import Statistics, known_counts
from identity.overrides import read_decisions
from identity.prepared import NAME_EN, PREPARED_DOMAINS, PREPARED_NAMES, PREPARED_RECORDS, Flags, Prepared
from identity.rarity import NameStatistics, words_of
from identity.region import ComparedNames, components, link_keys
from identity.resolve import Outcome, best_candidates, candidates_over_limit
from identity.rules import IdentityRules, Override
from identity.runs import Ints
from orchestration.resources import replace_table

_PREPARED: Final = {
    "records": PREPARED_RECORDS,
    "record_names": PREPARED_NAMES,
    "record_domains": PREPARED_DOMAINS,
}


def remembered_statistics(connection: duckdb.DuckDBPyConnection, **only: str) -> Statistics:
    """What is rare, as the last full night learned it; `only` narrows a table of it by a clause of SQL."""

    def read(name: str) -> pa.Table:
        clause = only.get(name, "")
        return connection.sql(f"select * from identity_memory.statistics_{name} {clause}").to_arrow_table()

    names = NameStatistics(**{field.name: read(field.name) for field in fields(NameStatistics)})
    return Statistics(names, read("countries"), read("features"))


class Warehouse:
    """Reading and writing of tables within the transaction of a night."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, rules: IdentityRules) -> None:
        self._connection, self._rules = connection, rules

    def _run(self, sql: str, **rows: pa.Table) -> None:
        for name, table in rows.items():
            self._connection.register(name, table)
        self._connection.execute(sql)
        for name in rows:
            self._connection.unregister(name)

    def _read(self, sql: str, **rows: pa.Table) -> pa.Table:
        for name, table in rows.items():
            self._connection.register(name, table)
        found = self._connection.sql(sql).to_arrow_table()
        for name in rows:
            self._connection.unregister(name)
        return found

    def _count(self, sql: str) -> int:
        return int(self._connection.execute(sql).fetchall()[0][0])

    def _replace(self, name: str, rows: pa.Table) -> None:
        replace_table(self._connection, name, rows)

    def _exchange(self, name: str, key: str, gone: str, rows: pa.Table) -> None:
        """Rows whose key is in the table `gone` make place for others."""
        self._run(f"delete from {name} where {key} in (select {key} from {gone})")
        self._run(f"insert into {name} by name select * from new_rows", new_rows=rows)

    def _keep_newest(self, name: str, key: str, rows: pa.Table) -> None:
        """Rows of earlier nights stay: a record that is not visible tonight keeps its account for when it comes back."""
        self._run(
            f"delete from identity.{name} where {key} in (select {key} from new_rows);"
            f" insert into identity.{name} by name select * from new_rows",
            new_rows=rows,
        )


class NightMemory(Warehouse):
    """The tables of schema `identity_memory`.

    Parameters
    ----------
    rules_fingerprint, engine : by which rules and which code the records are compared
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, rules: IdentityRules, rules_fingerprint: str, engine: str
    ) -> None:
        super().__init__(connection, rules)
        self._rules_fingerprint, self._engine = rules_fingerprint, engine

    def remember_all(self, found: Outcome, pairs: pa.Table) -> None:
        """Remember a night that compared all records; `pairs` are its candidates."""
        prepared = found.prepared
        row, key = link_keys(prepared)
        decisions = read_decisions(self._rules.overrides, prepared.record_ids)
        component = components(len(prepared), row, key, decisions.pairs)
        records, names, domains = prepared.tables()
        hashed = self._read(
            "select record_id, any_value(content_hash) as content_hash from identity.company_records group by record_id"
        )
        # Two columns are soon matched; DuckDB would carry all of them through its join.
        place = pc.index_in(records["record_id"].combine_chunks(), value_set=hashed["record_id"].combine_chunks())
        records = _within(records, component).add_column(
            0, "content_hash", hashed["content_hash"].combine_chunks().take(place)
        )
        self._replace("identity_memory.records", records)
        self._replace("identity_memory.record_names", _within(names, component[prepared.name_row]))
        self._replace("identity_memory.record_domains", _within(domains, component[prepared.domain_row]))
        self._replace("identity_memory.keys", _key_rows(row, key, component))
        compared = found.matches.compared_names or ComparedNames.of_names(names)
        name_rows = _name_rows(prepared, component, np.ones(len(prepared), dtype=bool))
        self._replace("identity_memory.names", name_rows)
        place = pc.index_in(pa.array(compared.keys, pa.string()), value_set=name_rows["name_key"].combine_chunks())
        leads = name_rows["component"].to_numpy()[place.to_numpy()]
        self._replace("identity_memory.name_features", compared.feature_rows(leads))
        self._run(
            f"""
            create or replace table identity_memory.common_features as
            select feature, count(*) as name_count from identity_memory.name_features
            group by feature having count(*) > {int(self._rules["max_names_per_word"])}
            """
        )
        self._replace("identity_memory.candidate_pairs", pairs)
        statistics = found.matches.evidence.statistics(compared.features)
        for name, table in (
            *((f"statistics_{name}", table) for name, table in vars(statistics.names).items()),
            ("statistics_countries", statistics.countries),
            ("statistics_features", statistics.features),
        ):
            self._replace(f"identity_memory.{name}", table)
        self._remember_night(len(prepared), 0)

    def remember_touched(self, everything: Prepared, is_touched: Flags) -> None:
        """Remember the touched ones of the records that were compared, in the place of what was known of them."""
        row, key = link_keys(everything)
        row, key = row[is_touched[row]], key[is_touched[row]]
        decisions = read_decisions(self._rules.overrides, everything.record_ids)
        free = self._count("select coalesce(max(component), -1) + 1 from identity_memory.records")
        component = free + components(len(everything), row, key, decisions.pairs)
        records, names, domains = everything.tables()
        self._run(
            """
            delete from identity_memory.keys where component in (select component from touched);
            delete from identity_memory.records where component in (select component from touched);
            delete from identity_memory.record_names where component in (select component from touched);
            delete from identity_memory.record_domains where component in (select component from touched);
            insert into identity_memory.records by name
            select touched_records.content_hash, new_rows.* from new_rows inner join touched_records using (record_id);
            insert into identity_memory.keys by name select * from keys
            """,
            new_rows=_within(records, component).filter(pa.array(is_touched)),
            keys=_key_rows(row, key, component),
        )
        for name, rows, place in (
            ("record_names", names, everything.name_row),
            ("record_domains", domains, everything.domain_row),
        ):
            new_rows = _within(rows, component[place]).filter(pa.array(is_touched[place]))
            self._run(f"insert into identity_memory.{name} by name select * from new_rows", new_rows=new_rows)
        self._run(
            """
            delete from identity_memory.names where component < 0;
            insert into identity_memory.names by name select * from names;

            create or replace temp table found_features as
            select name_key, feature from identity_memory.name_features where component < 0;

            delete from identity_memory.name_features where component < 0;

            insert into identity_memory.name_features by name
            select found_features.*, names.component from found_features inner join names using (name_key);

            create or replace table identity_memory.common_features as from common_features
            """,
            names=_name_rows(everything, component, is_touched),
        )
        learned, since = self._connection.execute(
            "select learned_count, changed_since_count from identity_memory.nights"
        ).fetchall()[0]
        news = self._count("select count(*) from (select record_id from changed union all select record_id from gone)")
        self._remember_night(learned, since + news)

    def renew_names(self, compared: ComparedNames) -> None:
        """Let the names of the touched records stand in the memory as they are tonight; their component is -1 meanwhile."""
        counted = self._read(
            "select feature, name_count from identity_memory.statistics_features semi join features using (feature)",
            features=pa.table({"feature": compared.features.values}),
        )
        self._run(
            """
            create or replace temp table moved_features as
            select feature from identity_memory.name_features semi join touched using (component)
            union
            select feature from features;

            delete from identity_memory.name_features where component in (select component from touched);
            delete from identity_memory.names where component in (select component from touched);
            insert into identity_memory.name_features by name select * from features;
            insert into identity_memory.names by name select * from names
            """,
            features=compared.feature_rows(np.full(len(compared.keys), -1), known_counts(compared.features, counted)),
            names=pa.table(
                {"name_key": pa.array(compared.keys, pa.string()), "component": np.full(len(compared.keys), -1)}
            ),
        )

    def recall(self, table: str, *component_tables: str) -> pa.Table:
        """Rows of the records of some components, as they were prepared before."""
        columns = ", ".join(_PREPARED[table].names)
        sets = " union all ".join(f"select component from {name}" for name in component_tables)
        return self._read(
            f"select {columns} from identity_memory.{table}"
            f" semi join ({sets}) as sets using (component) anti join left_out using (record_id)"
        )

    def statistics(self, prepared: Prepared) -> Statistics:
        """What was learned, as far as these records ask for it."""
        words = sorted(words_of(prepared.name_keys, prepared.name_texts))
        self._connection.register("given_words", pa.table({"word": pa.array(words, pa.string())}))
        self._connection.register("given_names", pa.table({"name_key": pa.array(prepared.name_keys, pa.string())}))
        return remembered_statistics(
            self._connection,
            names="semi join given_names using (name_key)",
            words="semi join given_words using (word)",
            links="semi join given_words as l on left_word = l.word semi join given_words as r on right_word = r.word",
            # Names were chosen by their features before.
            features="limit 0",
        )

    def _remember_night(self, learned: int, changed_since: int) -> None:
        self._replace(
            "identity_memory.nights",
            pa.table(
                {
                    "rules": [self._rules_fingerprint],
                    "engine": [self._engine],
                    "learned_count": [learned],
                    "changed_since_count": [changed_since],
                }
            ),
        )
        self._replace("identity_memory.overrides", decided_rows(self._rules.overrides))


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


class CompanyNight(Warehouse):
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


def _within(rows: pa.Table, component: Ints) -> pa.Table:
    """Rows with the component of each."""
    return rows.append_column("component", pa.array(component))


def _key_rows(row: Ints, key: NDArray[np.uint64], component: Ints) -> pa.Table:
    """Table key, component: where each key leads."""
    used, first = np.unique(key, return_index=True)
    return pa.table({"key": used, "component": component[row[first]]})


def _name_rows(prepared: Prepared, component: Ints, is_meant: Flags) -> pa.Table:
    """Table name_key, component: where each main or English name of the records meant leads."""
    own = (prepared.name_kind <= NAME_EN) & is_meant[prepared.name_row]
    leads = np.full(len(prepared.name_keys), -1, np.int64)
    leads[prepared.name_code[own]] = component[prepared.name_row[own]]
    used = np.flatnonzero(leads >= 0)
    keys = pa.array([prepared.name_keys[code] for code in used.tolist()], pa.string())
    return pa.table({"name_key": keys, "component": leads[used]})


def decided_rows(overrides: Sequence[Override]) -> pa.Table:
    """Table decision, left_record, right_record of the decisions of people."""
    columns = ("decision", "left_record", "right_record")
    return pa.table(
        {name: pa.array([getattr(override, name) for override in overrides], pa.string()) for name in columns}
    )
