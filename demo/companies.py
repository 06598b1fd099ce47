"""The true companies of a chunk: who they are, before any source has described them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo import identifiers
from demo.names import CompanyName, english_name, japanese_name
from demo.sectors import COUNTRIES, INDUSTRIES, INDUSTRY_SHARES, JAPAN, REGION_SHARES, TECHNOLOGIES
from demo.world import Bools, Chunk, Floats, Ints, choose

SHARED_HOST = "kagami-arcade.example"
"""A web address that several unrelated companies give as theirs."""

FREE_MAIL_HOSTS = ("freemail.example", "webmail.example")
"""Invented providers of free mailboxes; seeds/rules/free_mail_domains.csv should name them."""

NUMBERS_PER_CHUNK = 1_100  # a full chunk holds 1,080 companies; names and telephone numbers follow these numbers
SHARED_HOST_COMPANIES = 6  # first chunk only
NAMESAKE_PAIRS = 3  # first chunk only: two companies, one name
SUBSIDIARY_SHARE = 0.06
NO_DOMAIN_SHARE = 0.03
SECOND_DOMAIN_SHARE = 0.12

SIZE_BANDS = (50, 200, 1_000, 10_000)
"""Lower edges of the size bands 1 to 4; band 0 is below the first."""


@dataclass(frozen=True)
class Companies:
    """True companies, one position each; those in the CRM come first.

    `serials` are unique and sparse, `numbers` run on from chunk to chunk. `parent` is the position of the parent
    company or -1. `domains` holds None for a company without a web address.
    """

    company_ids: list[str]
    serials: Ints
    numbers: Ints
    in_crm: Bools
    names: list[CompanyName]
    country: Ints
    region: Ints
    industry: Ints
    employees: Ints
    revenue_usd: Ints
    founded_year: Ints
    technologies: Bools
    parent: Ints
    domains: list[str | None]
    second_domains: list[str | None]
    on_shared_host: Bools
    latent_engagement: Floats

    def __len__(self) -> int:
        return len(self.company_ids)

    @property
    def is_japanese(self) -> Bools:
        """Whether the company sits in Japan."""
        return np.equal(self.country, JAPAN)

    @property
    def has_domain(self) -> Bools:
        """Whether the company has a web address."""
        return np.array([domain is not None for domain in self.domains], dtype=bool)

    @property
    def size_band(self) -> Ints:
        """0 to 4, by `SIZE_BANDS`."""
        return np.searchsorted(np.array(SIZE_BANDS), self.employees, side="right").astype(np.int64)

    @property
    def mail_domains(self) -> list[str]:
        """Where the people of each company have their mailboxes."""
        return [
            domain or FREE_MAIL_HOSTS[int(serial) % len(FREE_MAIL_HOSTS)]
            for domain, serial in zip(self.domains, self.serials, strict=True)
        ]

    def corporate_number(self, position: int) -> str | None:
        """The registry number of a Japanese company."""
        return identifiers.corporate_number(int(self.serials[position])) if self.is_japanese[position] else None

    def country_code(self, position: int) -> str:
        """ISO code of the company's country."""
        return COUNTRIES[int(self.country[position])].code

    def region_name(self, position: int) -> str:
        """The company's region, as written in its country."""
        return COUNTRIES[int(self.country[position])].regions[int(self.region[position])]

    def phone(self, position: int) -> str:
        """A telephone number from a range kept for fiction, or one that cannot be dialled."""
        number = int(self.numbers[position])
        match self.country_code(position):
            case "JP":
                return f"00-{number // 10_000 % 10_000:04d}-{number % 10_000:04d}"
            case "IE":
                return f"+353 20 91{number // 10_000 % 10} {number % 10_000:04d}"
            case "GB":
                return f"+44 20 7946 0{number % 1_000:03d}"
        return f"+1 {number // 100 % 700 + 200}-555-01{number % 100:02d}"

    def street(self, position: int) -> str:
        """A street address in a town that does not exist."""
        number = int(self.numbers[position])
        if self.is_japanese[position]:
            return f"架空市見本町{number % 9 + 1}-{number // 9 % 30 + 1}-{number // 270 % 20 + 1}"
        return f"{number % 180 + 1} Placeholder Quay, Block {number // 180 % 90 + 1}"

    def postal_code(self, position: int) -> str:
        """A postal code from a block that is not in use."""
        number = int(self.numbers[position])
        return f"000-{number % 10_000:04d}" if self.is_japanese[position] else f"X{number % 90 + 10} 0{number % 10}ZZ"


def make_companies(chunk: Chunk) -> Companies:
    """The true companies of one chunk."""
    count = chunk.companies
    rng = chunk.stream("companies")
    serials = np.array([chunk.serial(position) for position in range(count)], dtype=np.int64)
    numbers = chunk.number * NUMBERS_PER_CHUNK + np.arange(count, dtype=np.int64)
    country = choose(rng, [country.share for country in COUNTRIES], count)
    region = np.array([choose(rng, REGION_SHARES[: len(COUNTRIES[c].regions)], 1)[0] for c in country], dtype=np.int64)
    industry = choose(rng, INDUSTRY_SHARES, count)
    employees = np.clip(10 ** rng.normal(2.45, 0.75, count), 4, 90_000).astype(np.int64)
    revenue = (employees * 190_000 * rng.lognormal(0.0, 0.5, count) / 10_000).astype(np.int64) * 10_000
    log_size = np.log10(employees) - 2.45
    chances = np.array([[t.share] for t in TECHNOLOGIES]).T + np.outer(
        log_size, np.array([t.log_size_slope for t in TECHNOLOGIES]) * 0.15
    )
    names = _names(chunk, rng, country, industry)
    domains, second_domains, on_shared_host = _domains(chunk, rng, names)
    return Companies(
        company_ids=[f"company_{serial:09d}" for serial in serials],
        serials=serials,
        numbers=numbers,
        in_crm=np.arange(count) < chunk.crm_companies,
        names=names,
        country=country,
        region=region,
        industry=industry,
        employees=employees,
        revenue_usd=np.maximum(revenue, 100_000),
        founded_year=np.clip(2_022 - rng.exponential(28, count), 1_880, 2_022).astype(np.int64),
        technologies=rng.random((count, len(TECHNOLOGIES))) < np.clip(chances, 0.02, 0.95),
        parent=_parents(chunk, rng, employees),
        domains=domains,
        second_domains=second_domains,
        on_shared_host=on_shared_host,
        latent_engagement=rng.normal(0.0, 1.0, count),
    )


def _names(chunk: Chunk, rng: np.random.Generator, country: Ints, industry: Ints) -> list[CompanyName]:
    names = []
    first = chunk.number * NUMBERS_PER_CHUNK
    for position, (c, i) in enumerate(zip(country, industry, strict=True)):
        forms = COUNTRIES[c].forms
        form = forms[int(choose(rng, (0.85, 0.1, 0.05)[: len(forms)], 1)[0])]
        number, seed, group = first + position, chunk.world.seed, INDUSTRIES[i]
        in_front = bool(rng.random() < 0.6)
        if c == JAPAN:
            names.append(japanese_name(number, seed, group, in_front, form))
        else:
            names.append(english_name(number, seed, group, form))
    if chunk.number == 0 and chunk.crm_companies >= 100:
        japanese = np.flatnonzero(country[: chunk.crm_companies] == JAPAN)
        for pair in range(NAMESAKE_PAIRS):
            names[japanese[20 + 2 * pair + 1]] = names[japanese[20 + 2 * pair]]
    return names


def _domains(
    chunk: Chunk, rng: np.random.Generator, names: list[CompanyName]
) -> tuple[list[str | None], list[str | None], Bools]:
    domains: list[str | None] = []
    second: list[str | None] = []
    seen: set[str] = set()
    for name in names:
        host = f"{name.host}.example"
        if host in seen:
            host = f"{name.host}-minato.example"  # a namesake takes the address that is left
        seen.add(host)
        domains.append(None if rng.random() < NO_DOMAIN_SHARE else host)
        second.append(f"{name.host}-group.example" if rng.random() < SECOND_DOMAIN_SHARE and domains[-1] else None)
    on_shared_host = np.zeros(len(names), dtype=bool)
    if chunk.number == 0:
        for position in range(10, min(10 + SHARED_HOST_COMPANIES, chunk.crm_companies)):
            domains[position], second[position] = SHARED_HOST, None
            on_shared_host[position] = True
    return domains, second, on_shared_host


def _parents(chunk: Chunk, rng: np.random.Generator, employees: Ints) -> Ints:
    """A larger company of the same chunk as parent, for a few."""
    parents = np.full(chunk.companies, -1, dtype=np.int64)
    order = np.argsort(-employees, kind="stable")
    holdings = order[: max(1, chunk.companies // 20)]
    for position in np.flatnonzero(rng.random(chunk.companies) < SUBSIDIARY_SHARE):
        holding = int(rng.choice(holdings))
        if holding != position and position not in holdings:
            parents[position] = holding
    return parents
