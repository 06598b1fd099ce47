"""Defects that real exports hold, planted in small stated numbers, each of them written down in the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo import identifiers, tables
from demo.companies import NAMESAKE_PAIRS, SHARED_HOST_COMPANIES
from demo.firmographics import SAME_NUMBER_ROWS
from demo.tables import Tables
from demo.world import Chunk

MIN_COMPANIES = 100  # a smaller demo is too small to hold every trap and stays clean of the single ones
LONG_CELL = 20_000


@dataclass(frozen=True)
class Trap:
    """One kind of defect: where it is planted and how often in the whole landing folder.

    `way` is `alter` (a cell of a row that stays) or `append` (a further row, which must be set aside or ignored).
    """

    kind: str
    table: str
    column: str
    count: int
    way: str


TRAPS = (
    Trap("formula_name", "salesforce/Account", "Name", 3, "alter"),
    Trap("mojibake", "salesforce/Account", "Name", 3, "alter"),
    Trap("nul_byte", "salesforce/Account", "Name", 1, "alter"),
    Trap("long_cell", "salesforce/Account", "BillingStreet", 1, "alter"),
    Trap("line_break", "salesforce/Account", "BillingStreet", 2, "alter"),
    Trap("currency_text", "salesforce/Account", "AnnualRevenue", 3, "alter"),
    Trap("thousands_commas", "salesforce/Account", "NumberOfEmployees", 3, "alter"),
    Trap("full_width_digits", "salesforce/Account", "NumberOfEmployees", 3, "alter"),
    Trap("missing_required", "salesforce/Account", "Name", 1, "append"),
    Trap("formula_name", "salesforce/Contact", "LastName", 1, "alter"),
    Trap("nul_byte", "salesforce/Contact", "Title", 1, "alter"),
    Trap("missing_required", "salesforce/Contact", "LastName", 1, "append"),
    Trap("thousands_commas", "salesforce/Opportunity", "Amount", 2, "alter"),
    Trap("malformed_date", "salesforce/Task", "ActivityDate", 1, "alter"),
    Trap("thousands_commas", "firmographics/companies", "employees", 2, "alter"),
    Trap("full_width_digits", "firmographics/companies", "employees", 2, "alter"),
    Trap("odd_status", "consent/records", "status", 3, "alter"),
    Trap("malformed_date", "consent/records", "expires_at", 1, "alter"),
    Trap("other_date_format", "web/page_views", "occurred_at", 5, "alter"),
    Trap("malformed_date", "web/page_views", "occurred_at", 2, "append"),
    Trap("missing_required", "web/page_views", "occurred_at", 2, "append"),
    Trap("future_dated", "web/page_views", "occurred_at", 3, "append"),
    Trap("nul_byte", "web/page_views", "path", 1, "append"),
    Trap("long_cell", "web/page_views", "referrer", 1, "append"),
    Trap("malformed_date", "intent/topic_events", "occurred_at", 2, "append"),
    Trap("missing_required", "intent/topic_events", "topic", 1, "append"),
    Trap("future_dated", "intent/topic_events", "occurred_at", 3, "append"),
    Trap("mojibake", "intent/topic_events", "topic", 1, "append"),
    Trap("full_width_text", "intent/topic_events", "topic", 3, "alter"),
    Trap("shared_device", "intent/topic_events", "visitor_id", 40, "append"),
    Trap("malformed_date", "map/email_events", "occurred_at", 1, "append"),
    Trap("future_dated", "map/email_events", "occurred_at", 2, "append"),
    Trap("other_date_format", "map/form_fills", "occurred_at", 3, "alter"),
    Trap("missing_required", "map/form_fills", "email", 1, "append"),
    Trap("future_dated", "map/form_fills", "occurred_at", 1, "append"),
    Trap("formula_name", "map/form_fills", "company_name", 1, "alter"),
    Trap("malformed_date", "product/events", "occurred_at", 1, "append"),
    Trap("future_dated", "product/events", "occurred_at", 2, "append"),
)
"""Single defects, planted in the first chunk, so that their number does not depend on the size of the demo."""

WORLD_TRAPS = {
    "shared_domain_company": SHARED_HOST_COMPANIES,
    "namesake_pair": NAMESAKE_PAIRS,
    "same_corporate_number": SAME_NUMBER_ROWS,
    "ownership_cycle": 1,
}
"""Difficulties that lie in the companies themselves rather than in a cell, with their number."""

EVENT_TABLES = ("web/page_views", "intent/topic_events", "product/events", "map/email_events", "map/form_fills",
                "events/attendance", "support/tickets")  # fmt: skip
"""Tables whose rows are delivered by a stream, which repeats itself and comes late."""

REPEATED_SHARE = 0.004  # rows delivered twice, the second time one to three days later
LATE_SHARE = 0.008  # rows delivered 3 to 30 days after they happened


@dataclass(frozen=True)
class Planted:
    """One defect in the landing folder: its kind, the table, and the key of the row."""

    kind: str
    table: str
    key: str


def plant(chunk: Chunk, landing: Tables) -> tuple[Tables, list[Planted]]:
    """The chunk's tables with their defects, and the list of these."""
    planted: list[Planted] = []
    landing = dict(landing)
    touched: dict[str, set[int]] = {name: set() for name in landing}
    if chunk.number == 0 and chunk.crm_companies >= MIN_COMPANIES:
        for number, trap in enumerate(TRAPS):
            rng = chunk.stream(f"trap {number} {trap.kind}")
            landing[trap.table], keys = _plant_one(chunk, landing[trap.table], trap, number, rng, touched[trap.table])
            planted.extend(Planted(trap.kind, trap.table, key) for key in keys)
    for name in EVENT_TABLES:
        landing[name], more = _deliver_badly(chunk, name, landing[name], touched[name])
        planted.extend(more)
    return landing, planted


def _plant_one(
    chunk: Chunk, rows: pa.Table, trap: Trap, number: int, rng: np.random.Generator, touched: set[int]
) -> tuple[pa.Table, list[str]]:
    column = rows.column(trap.column)
    usable = np.asarray(pc.is_valid(column).to_numpy())
    if trap.kind == "mojibake" and trap.way == "alter":
        usable &= np.array([value is not None and not value.isascii() for value in column.to_pylist()])
    usable[list(touched)] = False
    if trap.way == "append" and trap.column == "referrer":
        usable[:] = True
    places = rng.permutation(np.flatnonzero(usable))[: trap.count]
    if trap.way == "append" and len(places) < trap.count:
        places = np.resize(np.flatnonzero(usable), trap.count)
    key_column = rows.column_names[0]
    originals = rows.take(pa.array(places)).to_pylist()
    for position, row in enumerate(originals):
        row[trap.column] = _spoilt(chunk, trap, position, row[trap.column])
        if trap.way == "append":
            row[key_column] = _new_key(chunk, trap, number, position, rng)
    spoilt = pa.Table.from_pylist(originals, schema=rows.schema)
    keys = [row[key_column] for row in originals]
    if trap.way == "append":
        return tables.concat([rows, spoilt]), keys
    touched.update(places.tolist())
    order = np.arange(rows.num_rows)
    order[places] = rows.num_rows + np.arange(len(places))
    return tables.concat([rows, spoilt]).take(pa.array(order)), keys


def _spoilt(chunk: Chunk, trap: Trap, position: int, value: str | None) -> str | None:
    """What stands in the cell instead of `value`."""
    last = chunk.world.last_day
    match trap.kind:
        case "formula_name":
            return ("=cmd|' /C calc'!A0", '=HYPERLINK("https://formula.example","見本")', "+SUM(1,1)")[position % 3]
        case "mojibake":
            return (
                (value or "").encode().decode("cp1252", "replace") if value and not value.isascii() else "ã‚·ã‚¹ãƒ†ãƒ"
            )
        case "nul_byte":
            return f"{value}\0"
        case "long_cell":
            return "見本" * (LONG_CELL // 2)
        case "line_break":
            return f"{value}\nGround floor"
        case "currency_text":
            return ("€1,600,000", "¥250,000,000", "$3,400,000.00")[position % 3]
        case "thousands_commas":
            return f"{int(value or 0):,}" if int(value or 0) >= 1_000 else "1,200"
        case "full_width_digits":
            return str(value).translate(str.maketrans("0123456789", "０１２３４５６７８９"))
        case "full_width_text":
            return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else "　" for c in str(value))
        case "missing_required":
            return None
        case "malformed_date":
            return ("31/31/2026", "yesterday", "2026-13-45T99:00:00Z")[position % 3]
        case "other_date_format":
            day = tables.dates(np.array([last - 20 - position]))[0].as_py()
            year, month, of_month = day.split("-")
            return (
                f"{year}/{month}/{of_month} 09:30",
                f"{year}年{int(month)}月{int(of_month)}日",
                f"{day} 18:45:10+09:00",
            )[position % 3]
        case "future_dated":
            return str(tables.times(np.array([(last + 30 + 200 * position) * 86_400 + 36_000]))[0].as_py())
        case "odd_status":
            return ("GRANT?", "yes", "opt-in ")[position % 3]
        case "shared_device":
            return "proxy00000001"
    raise KeyError(trap.kind)


def _new_key(chunk: Chunk, trap: Trap, number: int, position: int, rng: np.random.Generator) -> str:
    folder, entity = trap.table.split("/")
    if folder == "salesforce":
        serial = np.array([chunk.serial(120_000 + number * 50 + position)], dtype=np.int64)
        return str(identifiers.salesforce_ids(entity, serial, chunk.world.seed)[0])
    return str(identifiers.hex_ids(rng, 1, 16, "x")[0])


def _deliver_badly(chunk: Chunk, name: str, rows: pa.Table, touched: set[int]) -> tuple[pa.Table, list[Planted]]:
    """Some rows late, some twice; the numbers are shares of the rows, rounded down."""
    rng = chunk.stream(f"delivery {name}")
    clean = np.setdiff1d(np.arange(rows.num_rows), np.array(sorted(touched), dtype=np.int64))
    clean = rng.permutation(clean)
    late_count, twice_count = int(rows.num_rows * LATE_SHARE), int(rows.num_rows * REPEATED_SHARE)
    late, twice = clean[:late_count], clean[late_count : late_count + twice_count]
    loaded = rows.column("loaded_at").combine_chunks()
    keys = rows.column(0)
    planted = [
        Planted(kind, name, key)
        for kind, places in (("late", late), ("delivered_twice", twice))
        for key in keys.take(pa.array(places)).to_pylist()
    ]
    is_late = np.zeros(rows.num_rows, dtype=bool)
    is_late[late] = True
    postponed = _postponed(loaded, np.flatnonzero(is_late), rng.integers(3, 31, len(late)))
    position = rows.column_names.index("loaded_at")
    repeated = rows.take(pa.array(twice))
    repeated = repeated.set_column(position, "loaded_at", _postponed(loaded, twice, rng.integers(1, 4, len(twice))))
    rows = rows.set_column(position, "loaded_at", pc.replace_with_mask(loaded, pa.array(is_late), postponed))
    return tables.shuffled(tables.concat([rows, repeated]), rng), planted


def _postponed(loaded: pa.Array, places: np.ndarray, days: np.ndarray) -> pa.Array:
    texts = loaded.take(pa.array(places)).to_pylist()
    seconds = np.array([text[:19] for text in texts], dtype="M8[s]").astype(np.int64)
    return tables.times(seconds + days * 86_400)
