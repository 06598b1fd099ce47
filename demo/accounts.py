"""The CRM's accounts: each company once or more often, written in different ways."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo import identifiers, tables
from demo.companies import Companies
from demo.names import VARIANTS_EN, VARIANTS_JA, variant
from demo.outcomes import NEVER, Outcomes
from demo.sectors import COUNTRIES, INDUSTRIES, INDUSTRY_WORDINGS
from demo.sellers import INACTIVE_OWNER_SHARE, Sellers
from demo.world import DAY, Bools, Chunk, Ints, choose, repeat_positions

RECORDS_PER_COMPANY_SHARES = (0.82, 0.125, 0.04, 0.015)  # one to four records: 1.25 on average
_DELETED_SHARE = 0.008


@dataclass(frozen=True)
class CrmAccounts:
    """Account records of a chunk; `company` is the position of the true company, `is_first` its oldest record."""

    rows: pa.Table
    ids: np.ndarray
    company: Ints
    is_first: Bools
    variants: list[str | None]
    created: Ints
    first_of_company: Ints

    def pick_record(self, rng: np.random.Generator, company: Ints, first_share: float) -> Ints:
        """A record of each company: its first one with probability `first_share` (or if there is no other)."""
        counts = np.bincount(self.company, minlength=len(self.first_of_company))
        further = np.maximum(counts[company] - 1, 0)
        offset = np.where(rng.random(len(company)) < first_share, 0, 1 + rng.integers(0, np.maximum(further, 1)))
        return self.first_of_company[company] + np.minimum(offset, further)

    def record_at(self, rng: np.random.Generator, company: Ints, first_share: float, moments: Ints) -> Ints:
        """As `pick_record`, but never a record that was typed in only after its moment."""
        record = self.pick_record(rng, company, first_share)
        return np.where(self.created[record] <= moments, record, self.first_of_company[company])


def make_accounts(chunk: Chunk, companies: Companies, outcomes: Outcomes, sellers: Sellers) -> CrmAccounts:
    """The account records of one chunk."""
    world, rng = chunk.world, chunk.stream("accounts")
    counts = choose(rng, RECORDS_PER_COMPANY_SHARES, chunk.crm_companies) + 1
    company = repeat_positions(counts)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    count = len(company)
    is_first = np.zeros(count, dtype=bool)
    is_first[starts] = True
    serials = np.array([chunk.serial(position) for position in range(count)], dtype=np.int64)
    ids = identifiers.salesforce_ids("Account", serials, world.seed)
    created, modified = _lifetimes(chunk, rng, company, is_first, outcomes)

    is_japanese = companies.is_japanese[company]
    owners = sellers.assign(sellers.ae_ids, is_japanese, companies.numbers[company])
    if sellers.inactive_id:
        owners = np.where(rng.random(count) < INACTIVE_OWNER_SHARE, sellers.inactive_id, owners)
    won_day = outcomes.won_day[company]
    is_customer = is_first & (won_day != NEVER) & (won_day <= world.last_day)
    columns = _descriptions(companies, company, is_first, rng)
    variants = columns.pop("variant")
    parent = companies.parent[company]
    knows_parent = (parent >= 0) & (parent < chunk.crm_companies) & (rng.random(count) < 0.6)
    rows = tables.table(
        "salesforce/Account",
        {
            **columns,
            "Id": ids,
            "Type": tables.pick(("Prospect", "Customer"), is_customer.astype(np.int64)),
            "ParentId": tables.pick(ids, starts[np.where(knows_parent, parent, 0)], knows_parent),
            "OwnerId": owners,
            "CreatedDate": tables.times(created),
            "LastModifiedDate": tables.times(modified),
            "IsDeleted": (rng.random(count) < _DELETED_SHARE) & ~is_first,
            "loaded_at": tables.times(world.export_night(rng, modified)),
        },
    )
    return CrmAccounts(rows, ids, company, is_first, variants, created, starts)


def _lifetimes(
    chunk: Chunk, rng: np.random.Generator, company: Ints, is_first: Bools, outcomes: Outcomes
) -> tuple[Ints, Ints]:
    """When each record was created and last changed; the first record stands before sales touches the company."""
    world, count = chunk.world, len(company)
    touched = outcomes.first_touch_day[company]
    old = world.last_day - rng.integers(20, 1_700, count)
    before_touch = touched - rng.integers(1, 600, count)
    first_day = np.where(touched == NEVER, old, before_touch)
    first_days = np.zeros(int(company.max()) + 1, dtype=np.int64)
    first_days[company[is_first]] = first_day[is_first]
    room = np.maximum(world.last_day - 1 - first_days[company], 1)
    later = first_days[company] + 1 + (rng.random(count) * room).astype(np.int64)
    days = np.where(is_first, first_day, np.minimum(later, world.last_day - 1))
    created = world.moments(rng, days, np.zeros(count, dtype=bool))
    modified = created + (rng.exponential(60 * DAY, count)).astype(np.int64)
    return created, np.minimum(modified, world.end_second - 3_600)


def _descriptions(
    companies: Companies, company: Ints, is_first: Bools, rng: np.random.Generator
) -> dict[str, list[str | None]]:
    """What the people who typed the records wrote into them."""
    columns: dict[str, list[str | None]] = {
        name: []
        for name in ("variant", "Name", "Website", "Industry", "AnnualRevenue", "NumberOfEmployees", "BillingStreet",
                     "BillingCity", "BillingState", "BillingPostalCode", "BillingCountry", "Phone", "DunsNumber",
                     "AccountNumber")
    }  # fmt: skip
    # One row of uniform numbers per record: each cell is filled in or not by a number of its own.
    luck = rng.random((len(company), 16))
    noise = rng.lognormal(0.0, 0.08, len(company))
    for row, position in enumerate(company.tolist()):
        name, u = companies.names[position], luck[row]
        country = COUNTRIES[int(companies.country[position])]
        kind = _variant_kind(name.is_japanese, bool(is_first[row]), rng)
        wordings = INDUSTRY_WORDINGS[INDUSTRIES[int(companies.industry[position])]][
            int(name.is_japanese and u[0] < 0.7)
        ]
        columns["variant"].append(kind)
        columns["Name"].append(variant(name, kind, rng))
        columns["Website"].append(_website(companies, position, bool(is_first[row]), u[1], u[2]))
        columns["Industry"].append(wordings[int(u[3] * len(wordings))] if u[4] < 0.72 else None)
        revenue = round(float(companies.revenue_usd[position]) * noise[row], -4)
        columns["AnnualRevenue"].append(f"{revenue:.0f}" if u[5] < 0.6 else None)
        employees = max(1, round(float(companies.employees[position]) * noise[row]))
        columns["NumberOfEmployees"].append(str(employees) if u[6] < 0.62 else None)
        has_address = u[7] < 0.55
        columns["BillingStreet"].append(companies.street(position) if has_address else None)
        columns["BillingCity"].append(("架空市" if name.is_japanese else "Mockton") if has_address else None)
        columns["BillingState"].append(companies.region_name(position) if u[8] < 0.6 else None)
        columns["BillingPostalCode"].append(companies.postal_code(position) if has_address and u[9] < 0.8 else None)
        columns["BillingCountry"].append(country.spellings[int(u[10] * 3)] if u[11] < 0.85 else None)
        columns["Phone"].append(companies.phone(position) if u[12] < 0.5 else None)
        columns["DunsNumber"].append(
            identifiers.duns_number(int(companies.numbers[position])) if u[13] < 0.12 else None
        )
        columns["AccountNumber"].append(companies.corporate_number(position) if u[14] < 0.3 else None)
    return columns


def _variant_kind(is_japanese: bool, is_first: bool, rng: np.random.Generator) -> str:
    kinds = VARIANTS_JA if is_japanese else VARIANTS_EN
    if is_first and rng.random() < 0.6:
        return "official"
    return kinds[int(rng.integers(len(kinds)))]


def _website(companies: Companies, position: int, is_first: bool, u: float, v: float) -> str | None:
    domain = companies.domains[position]
    second = companies.second_domains[position]
    if domain is None or u > (0.82 if is_first else 0.66):
        return None
    if second and not is_first and v < 0.5:
        domain = second
    forms = ("{0}", "www.{0}", "https://www.{0}", "https://{0}/", "http://{0}/index.html", "{0}")
    return forms[int(v * len(forms))].format(domain)
