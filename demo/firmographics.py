"""What outside providers say about the companies: descriptions, ownership, and technologies seen at their domains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo import identifiers, tables
from demo.companies import Companies
from demo.names import CompanyName
from demo.sectors import INDUSTRIES, INDUSTRY_WORDINGS, TECHNOLOGIES
from demo.world import DAY, Chunk, Ints

RING = (50, 51, 52)  # first chunk only: three companies that own each other in a circle
SAME_NUMBER_ROWS = 2  # first chunk only: registry rows that repeat a corporate number under another key
_LATE_SHARE = 0.1  # rows that arrived only lately: using them for an older day would look into the future
_RESALE_SHARE = 0.25
_INSTALL_SEEN_SHARE = 0.85
_FALSE_INSTALL_SHARE = 0.01


@dataclass(frozen=True)
class Provider:
    """One provider: whom it covers, how far its numbers stray, and how often a cell is filled."""

    name: str
    coverage: float
    only_japan: bool
    noise: float
    filled: float
    domain_share: float


PROVIDERS = (
    Provider("compass-sample", 0.78, False, 0.06, 0.75, 0.9),
    Provider("houjin-mihon", 0.92, True, 0.0, 0.95, 0.25),
    Provider("lantern-sample", 0.45, False, 0.25, 0.6, 0.85),
)
"""Invented providers: an international one, a Japanese registry, and a cheap one that guesses."""


@dataclass(frozen=True)
class Firmographics:
    """Provider rows of a chunk with the true company of each, ownership facts, and technologies."""

    companies: pa.Table
    record_ids: list[str]
    company: Ints
    ownership: pa.Table
    installs: pa.Table


def make_firmographics(chunk: Chunk, companies: Companies) -> Firmographics:
    """Everything that providers know about one chunk."""
    parts: list[pa.Table] = []
    record_ids: list[str] = []
    positions: list[Ints] = []
    for provider in PROVIDERS:
        rows, ids, covered = _provider_rows(chunk, companies, provider)
        parts.append(rows)
        record_ids.extend(f"firmographics:{provider.name}:{company_id}" for company_id in ids)
        positions.append(covered)
    return Firmographics(
        companies=tables.concat(parts),
        record_ids=record_ids,
        company=np.concatenate(positions),
        ownership=_ownership(chunk, companies),
        installs=_installs(chunk, companies),
    )


def provider_company_id(provider: Provider, companies: Companies, position: int) -> str:
    """The provider's own key of a company; it says nothing about keys elsewhere."""
    number = int(companies.serials[position]) * 48_271 % 2_147_483_647
    return f"{provider.name[0].upper()}{number:010d}"


def _provider_rows(chunk: Chunk, companies: Companies, provider: Provider) -> tuple[pa.Table, list[str], Ints]:
    world, rng, count = chunk.world, chunk.stream(f"provider {provider.name}"), len(companies)
    covers = rng.random(count) < provider.coverage
    if provider.only_japan:
        covers &= companies.is_japanese
    if chunk.number == 0 and chunk.crm_companies > max(RING):
        covers[list(RING)] |= provider is PROVIDERS[0]
    positions = np.flatnonzero(covers)
    if chunk.number == 0 and provider.only_japan:
        positions = np.concatenate([positions, positions[:SAME_NUMBER_ROWS]])
    first_seen = np.zeros(len(positions), dtype=bool)
    first_seen[np.unique(positions, return_index=True)[1]] = True
    rows = len(positions)
    luck = rng.random((rows, 14))
    noise = np.exp(rng.normal(0, provider.noise, (rows, 2))) if provider.noise else np.ones((rows, 2))
    columns: dict[str, list[str | None]] = {
        name: []
        for name in ("company_id", "name", "name_en", "name_kana", "aliases", "domain", "other_domains", "country",
                     "region", "address", "postal_code", "phone", "industry", "employees", "revenue_usd",
                     "capital_jpy", "founded_year", "corporate_number", "lei", "duns", "status")
    }  # fmt: skip
    for row, position in enumerate(positions.tolist()):
        name, u, filled = companies.names[position], luck[row], provider.filled
        wordings = INDUSTRY_WORDINGS[INDUSTRIES[int(companies.industry[position])]][int(provider.only_japan)]
        revenue = round(float(companies.revenue_usd[position]) * noise[row, 0], -4)
        employees = max(1, round(float(companies.employees[position]) * noise[row, 1]))
        is_registry = provider.only_japan
        company_id = provider_company_id(provider, companies, position)
        columns["company_id"].append(company_id if first_seen[row] else f"{company_id}R")
        columns["name"].append(name.official if is_registry or not name.is_japanese else f"{name.romaji} Co., Ltd.")
        columns["name_en"].append(f"{name.english} Co., Ltd." if name.is_japanese and u[0] < 0.7 else None)
        columns["name_kana"].append(name.kana if name.is_japanese and (is_registry or u[1] < 0.15) else None)
        columns["aliases"].append(_aliases(name) if u[2] < 0.2 else None)
        columns["domain"].append(companies.domains[position] if u[3] < provider.domain_share else None)
        columns["other_domains"].append(companies.second_domains[position] if u[4] < 0.7 else None)
        columns["country"].append(companies.country_code(position) if u[5] < 0.97 else None)
        columns["region"].append(companies.region_name(position) if u[6] < filled else None)
        columns["address"].append(companies.street(position) if u[7] < filled else None)
        columns["postal_code"].append(companies.postal_code(position) if u[7] < filled else None)
        columns["phone"].append(companies.phone(position) if u[8] < filled * 0.7 else None)
        columns["industry"].append(wordings[int(u[9] * len(wordings))] if u[10] < filled + 0.1 else None)
        knows_size = u[11] < (0.45 if is_registry else filled)
        columns["employees"].append(str(employees) if knows_size else None)
        columns["revenue_usd"].append(f"{revenue:.0f}" if u[12] < filled - 0.15 and not is_registry else None)
        columns["capital_jpy"].append(f"{round(revenue * 0.04, -6) * 100 + 10_000_000:.0f}" if is_registry else None)
        columns["founded_year"].append(str(companies.founded_year[position]) if u[13] < filled else None)
        columns["corporate_number"].append(companies.corporate_number(position) if is_registry else None)
        has_lei = companies.employees[position] > 500 and u[1] > 0.6 and not is_registry
        columns["lei"].append(
            identifiers.legal_entity_identifier(int(companies.serials[position])) if has_lei else None
        )
        has_duns = provider.name.startswith("compass") and u[2] > 0.5
        columns["duns"].append(identifiers.duns_number(int(companies.numbers[position])) if has_duns else None)
        columns["status"].append("operating" if u[4] < 0.97 else "dissolved")
    as_of = np.full(rows, world.last_day - 620)
    is_late = rng.random(rows) < _LATE_SHARE
    as_of[is_late] = world.last_day - rng.integers(10, 300, int(is_late.sum()))
    table = tables.table(
        "firmographics/companies",
        {
            **columns,
            "provider": pa.array([provider.name] * rows, pa.string()),
            "as_of": tables.dates(as_of),
            "loaded_at": tables.times((as_of + 3) * DAY + 10_800),
        },
    )
    return table, [company_id for company_id in columns["company_id"] if company_id], positions


def _aliases(name: CompanyName) -> str:
    return f"{name.written}|{name.kana}|{name.romaji}" if name.is_japanese else f"{name.short}|{name.written}"


def _ownership(chunk: Chunk, companies: Companies) -> pa.Table:
    """Who owns whom according to the first provider: some sold on, and in the first chunk three in a circle."""
    world, rng, provider = chunk.world, chunk.stream("ownership"), PROVIDERS[0]
    facts: list[tuple[int, int, str, int, int | None]] = []
    children = np.flatnonzero(companies.parent >= 0).tolist()
    for child in children:
        parent = int(companies.parent[child])
        start = world.last_day - int(rng.integers(700, 4_000))
        if rng.random() < _RESALE_SHARE:
            sold = world.last_day - int(rng.integers(40, 600))
            former = int(companies.parent[children[int(rng.integers(len(children)))]])
            if former not in (parent, child):
                facts.append((child, former, "acquisition", start, sold))
                start = sold
        facts.append((child, parent, "subsidiary" if rng.random() < 0.5 else "acquisition", start, None))
    if chunk.number == 0 and chunk.crm_companies > max(RING):
        day = world.last_day - 500
        facts.extend((RING[i], RING[(i + 1) % 3], "acquisition", day, None) for i in range(3))
    starts = np.array([fact[3] for fact in facts], dtype=np.int64)
    ends = np.array([fact[4] or 0 for fact in facts], dtype=np.int64)
    return tables.table(
        "firmographics/ownership",
        {
            "child_company_id": pa.array([provider_company_id(provider, companies, f[0]) for f in facts], pa.string()),
            "parent_company_id": pa.array([provider_company_id(provider, companies, f[1]) for f in facts], pa.string()),
            "provider": pa.array([provider.name] * len(facts), pa.string()),
            "kind": pa.array([fact[2] for fact in facts], pa.string()),
            "valid_from": tables.dates(starts),
            "valid_to": tables.dates(ends, ends > 0),
            "loaded_at": tables.times(np.maximum(starts, ends) * DAY + 5 * DAY),
        },
    )


def _installs(chunk: Chunk, companies: Companies) -> pa.Table:
    """Technologies that a scanner saw: most of those that run, and a few that do not."""
    world, rng = chunk.world, chunk.stream("installs")
    has_domain = companies.has_domain & ~companies.on_shared_host
    draw = rng.random(companies.technologies.shape)
    seen = np.where(companies.technologies, draw < _INSTALL_SEEN_SHARE, draw < _FALSE_INSTALL_SHARE)
    company, technology = np.nonzero(seen & has_domain[:, None])
    first_seen = world.last_day - rng.integers(560, 1_600, len(company))
    last_seen = world.last_day - np.where(rng.random(len(company)) < 0.95, rng.integers(2, 60, len(company)), 500)
    return tables.table(
        "technographics/installs",
        {
            "domain": tables.pick(companies.domains, company),
            "technology": tables.pick([t.name for t in TECHNOLOGIES], technology),
            "category": tables.pick([t.category for t in TECHNOLOGIES], technology),
            "first_seen": tables.dates(first_seen),
            "last_seen": tables.dates(last_seen),
            "loaded_at": tables.times((first_seen + 2) * DAY),
        },
    )
