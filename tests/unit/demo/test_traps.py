"""The planted defects: as many as stated, and each of them written down."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from demo.companies import SHARED_HOST
from demo.landing import make_chunk
from demo.tables import COLUMNS
from demo.traps import EVENT_TABLES, LATE_SHARE, LONG_CELL, REPEATED_SHARE, TRAPS, WORLD_TRAPS
from demo.world import Chunk, World
from loading.contract import CONTRACT
from tests.unit.demo.conftest import AS_OF, Demo

REQUIRED = {table.name: table.required_columns for table in CONTRACT}


def cells_where(demo: Demo, test: str) -> Counter[str]:
    """Cells per table for which a string method holds."""
    found: Counter[str] = Counter()
    for name in COLUMNS:
        rows = demo.landing(name)
        found[name] = sum(int(getattr(rows[column].dropna().str, test)("\0").sum()) for column in rows)
    return +found


def stated(kind: str, way: str | None = None) -> Counter[str]:
    counts: Counter[str] = Counter()
    for trap in TRAPS:
        if trap.kind == kind and way in (None, trap.way):
            counts[trap.table] += trap.count
    return counts


def test_single_defects_are_as_many_as_stated(demo: Demo) -> None:
    planted = demo.truth("traps")
    expected = Counter({(trap.kind, trap.table): 0 for trap in TRAPS})
    for trap in TRAPS:
        expected[trap.kind, trap.table] += trap.count
    found = Counter(zip(planted.kind, planted.table, strict=True))
    assert {key: found[key] for key in expected} == dict(expected)


def test_later_chunks_hold_no_single_defect() -> None:
    _, _, planted = make_chunk(Chunk(World(1, AS_OF), number=1, crm_companies=120))
    assert {trap.kind for trap in planted} == {"late", "delivered_twice"}


def test_every_defect_points_to_a_row(demo: Demo) -> None:
    planted = demo.truth("traps")
    for name, rows in planted.groupby("table"):
        table = demo.landing(str(name))
        assert set(rows.key) <= set(table[table.columns[0]]), name


def test_nul_bytes_and_long_cells_are_in_the_files(demo: Demo) -> None:
    assert cells_where(demo, "contains") == stated("nul_byte")
    long: Counter[str] = Counter()
    for name in COLUMNS:
        rows = demo.landing(name)
        long[name] = sum(int((rows[column].dropna().str.len() >= LONG_CELL).sum()) for column in rows)
    assert +long == stated("long_cell")


def test_required_cells_are_empty_only_where_stated(demo: Demo) -> None:
    empty = Counter(
        {name: int(demo.landing(name)[list(columns)].isna().any(axis=1).sum()) for name, columns in REQUIRED.items()}
    )
    assert +empty == stated("missing_required")


def test_times_are_iso_8601_but_for_the_stated_ones(demo: Demo) -> None:
    for name in EVENT_TABLES:
        rows = demo.landing(name)
        time = rows["created_at" if name == "support/tickets" else "occurred_at"].dropna()
        odd = int((~time.str.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")).sum())
        assert odd == stated("malformed_date")[name] + stated("other_date_format")[name], name


def test_future_events_are_as_many_as_stated(demo: Demo) -> None:
    for name in EVENT_TABLES:
        rows = demo.landing(name)
        time = rows["created_at" if name == "support/tickets" else "occurred_at"].dropna()
        readable = time[time.str.fullmatch(r"\d{4}-(0\d|1[0-2])-\d\dT\d\d:\d\d:\d\dZ")]
        assert (readable > "2026-10-31T23:59:59Z").sum() == stated("future_dated")[name], name


def test_streams_deliver_a_stated_share_twice_and_late(demo: Demo) -> None:
    planted = demo.truth("traps")
    for name in EVENT_TABLES:
        rows = demo.landing(name)
        twice = rows[rows.duplicated(rows.columns[0], keep=False)]
        # Each repeated row appears exactly twice, alike but for the time of its arrival.
        assert twice.drop(columns="loaded_at").duplicated(keep="first").sum() * 2 == len(twice)
        assert len(twice) // 2 == ((planted.kind == "delivered_twice") & (planted.table == name)).sum()
        assert len(twice) // 2 <= len(rows) * REPEATED_SHARE
        late = planted[(planted.kind == "late") & (planted.table == name)].key
        assert len(late) <= len(rows) * LATE_SHARE
        time = "created_at" if name == "support/tickets" else "occurred_at"
        delay = pd.to_datetime(rows.loaded_at) - pd.to_datetime(
            rows[time].where(rows[time].str.endswith("Z")), errors="coerce"
        )
        assert (delay[rows.iloc[:, 0].isin(late)] > pd.Timedelta(days=3)).all()


def test_files_are_not_in_the_order_of_time(demo: Demo) -> None:
    times = demo.landing("intent/topic_events").occurred_at.dropna()
    assert not times.is_monotonic_increasing


def test_unrelated_companies_share_one_domain(demo: Demo) -> None:
    companies = demo.truth("companies")
    assert (companies.domain == SHARED_HOST).sum() == WORLD_TRAPS["shared_domain_company"]


def test_two_registry_rows_repeat_a_corporate_number(demo: Demo) -> None:
    numbers = demo.landing("firmographics/companies").corporate_number.dropna()
    assert numbers.duplicated().sum() == WORLD_TRAPS["same_corporate_number"]


def test_three_companies_own_each_other_in_a_circle(demo: Demo) -> None:
    facts = demo.landing("firmographics/ownership")
    current = facts[facts.valid_to.isna()]
    parent = current.groupby("child_company_id").parent_company_id.apply(set).to_dict()
    firms = set(demo.landing("firmographics/companies").company_id)
    circles = {
        frozenset((a, b, c))
        for a in parent
        for b in parent[a]
        for c in parent.get(b, ())
        if a in parent.get(c, ()) and len({a, b, c}) == 3
    }
    assert len(circles) == WORLD_TRAPS["ownership_cycle"]
    assert all(circle <= firms for circle in circles)


def test_some_companies_were_sold_on(demo: Demo) -> None:
    facts = demo.landing("firmographics/ownership")
    sold = facts[facts.valid_to.notna()]
    assert len(sold) > 3
    assert (sold.valid_from < sold.valid_to).all()


def test_one_device_is_seen_at_many_companies(demo: Demo) -> None:
    events = demo.landing("intent/topic_events")
    device = events.groupby("visitor_id").domain.nunique().max()
    assert device > 10
