"""The people at each company: contacts of the CRM, and others whom only their own actions make known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo import identifiers, tables
from demo.accounts import CrmAccounts
from demo.companies import FREE_MAIL_HOSTS, Companies
from demo.titles import FUNCTION_SHARES, FUNCTIONS, SENIORITIES, SENIORITY_SHARES, compose_title, true_role
from demo.world import DAY, Bools, Chunk, Ints, choose, repeat_positions

_LAST_NAMES_JA = ("見本", "試験", "標本", "架空", "例示", "仮称", "雛形", "模擬")
_LAST_NAMES_EN = ("Sample", "Specimen", "Placeholder", "Exemplar", "Mockup", "Prototype", "Fixture", "Template")
_ROMAJI = ("mihon", "shiken", "hyohon", "kakuu", "reiji", "kasho", "hinagata", "mogi")
FREE_MAIL_SHARE = 0.03
_NO_EMAIL_SHARE = 0.05
_NO_TITLE_SHARE = 0.07
_NO_ACCOUNT_SHARE = 0.03
_SECOND_CONTACT_SHARE = 0.06  # the same person once more, under another record of the company


@dataclass(frozen=True)
class People:
    """True persons of a chunk, ordered by company; `start[c]` to `start[c] + size[c]` are the people of company c.

    The first of a company are its most active. `emails` holds None where nobody knows the address.
    """

    company: Ints
    start: Ints
    size: Ints
    in_crm: Bools
    function: Ints
    seniority: Ints
    titles: list[str]
    departments: list[str | None]
    first_names: list[str]
    last_names: list[str]
    emails: list[str | None]
    visitor_ids: np.ndarray
    is_japanese: Bools

    def __len__(self) -> int:
        return len(self.company)

    @property
    def has_email(self) -> Bools:
        """Whether the person's address is known to anybody."""
        return np.array([email is not None for email in self.emails], dtype=bool)

    def someone_at(self, rng: np.random.Generator, company: Ints, skew: float = 1.5) -> Ints:
        """A person of each company, the first ones more often; -1 where the company has nobody."""
        size = self.size[company]
        offset = (rng.random(len(company)) ** skew * size).astype(np.int64)
        return np.where(size > 0, self.start[company] + offset, -1)


@dataclass(frozen=True)
class CrmContacts:
    """Contact records of a chunk and the true person behind each; `of_person` is -1 for people outside the CRM."""

    rows: pa.Table
    ids: np.ndarray
    person: Ints
    of_person: Ints
    opted_out: Bools
    created: Ints


def make_people(chunk: Chunk, companies: Companies) -> People:
    """The true persons of one chunk."""
    rng = chunk.stream("people")
    log_size = np.log10(companies.employees)
    known = np.where(companies.in_crm, 1 + rng.poisson(1.5 * log_size), 0)
    unknown = rng.poisson(np.where(companies.in_crm, 0.5, 1.2))
    size = known + unknown
    company = repeat_positions(size)
    start = np.concatenate([[0], np.cumsum(size)[:-1]]).astype(np.int64)
    in_crm = (np.arange(len(company)) - start[company]) < known[company]
    # Contacts and others take turns at being active: shuffle within the company.
    order = np.lexsort((rng.random(len(company)), company))
    in_crm = in_crm[order]
    function = choose(rng, FUNCTION_SHARES, len(company))
    seniority = choose(rng, SENIORITY_SHARES, len(company))
    seniority[function == FUNCTIONS.index("none")] = SENIORITIES.index("NA")
    is_japanese = companies.is_japanese[company] ^ (rng.random(len(company)) < 0.04)
    composed = [
        compose_title(FUNCTIONS[f], SENIORITIES[s], bool(j), rng)
        for f, s, j in zip(function, seniority, is_japanese, strict=True)
    ]
    first_names, last_names, emails = _names_and_addresses(chunk, rng, companies, company, is_japanese)
    return People(
        company=company,
        start=start,
        size=size,
        in_crm=in_crm,
        function=function,
        seniority=seniority,
        titles=[title for title, _ in composed],
        departments=[department for _, department in composed],
        first_names=first_names,
        last_names=last_names,
        emails=emails,
        visitor_ids=identifiers.hex_ids(rng, len(company), 14, "v"),
        is_japanese=is_japanese,
    )


def make_contacts(chunk: Chunk, companies: Companies, people: People, accounts: CrmAccounts) -> CrmContacts:
    """The contact records of one chunk: some people twice, some without account, address or title."""
    world, rng = chunk.world, chunk.stream("contacts")
    once = np.flatnonzero(people.in_crm)
    twice = once[rng.random(len(once)) < _SECOND_CONTACT_SHARE]
    person = np.concatenate([once, twice])
    is_second = np.arange(len(person)) >= len(once)
    count = len(person)
    serials = np.array([chunk.serial(position) for position in range(count)], dtype=np.int64)
    ids = identifiers.salesforce_ids("Contact", serials, world.seed)
    record = accounts.pick_record(rng, people.company[person], 0.8)
    # Most contacts are typed in with their account; the others follow over the years.
    wait = np.where(rng.random(count) < 0.6, rng.exponential(0.3 * DAY, count), rng.exponential(250 * DAY, count))
    created = accounts.created[record] + 600 + wait.astype(np.int64)
    created = np.minimum(created, world.end_second - 2 * DAY - rng.integers(0, 20 * DAY, count))
    created = np.maximum(created, np.minimum(accounts.created[record] + 600, world.end_second - DAY))
    modified = np.minimum(created + rng.exponential(50 * DAY, count).astype(np.int64), world.end_second - 3_600)
    opted_out = (rng.random(len(people)) < 0.05)[person]
    has_account = rng.random(count) >= _NO_ACCOUNT_SHARE
    has_title = rng.random(count) >= _NO_TITLE_SHARE
    # A title that is only a rank always comes with its department.
    rank_only = np.array([len(people.titles[p]) <= 5 and people.departments[p] is not None for p in person], dtype=bool)
    tells_department = rank_only & people.is_japanese[person] | (rng.random(count) < 0.25)
    employer = people.company[person]
    phone_luck = rng.random(count)
    of_person = np.full(len(people), -1, dtype=np.int64)
    of_person[person[~is_second]] = np.flatnonzero(~is_second)
    rows = tables.table(
        "salesforce/Contact",
        {
            "Id": ids,
            "AccountId": tables.pick(accounts.ids, record, has_account),
            "FirstName": [people.first_names[p] for p in person],
            "LastName": [people.last_names[p] for p in person],
            "Email": [people.emails[p] for p in person],
            "Title": tables.pick(people.titles, person, has_title),
            "Department": tables.pick(people.departments, person, tells_department),
            "Phone": [companies.phone(int(c)) if u < 0.35 else None for c, u in zip(employer, phone_luck, strict=True)],
            "HasOptedOutOfEmail": opted_out,
            "DoNotCall": rng.random(count) < 0.04,
            "CreatedDate": tables.times(created),
            "LastModifiedDate": tables.times(modified),
            "IsDeleted": rng.random(count) < 0.006,
            "loaded_at": tables.times(world.export_night(rng, modified)),
        },
    )
    return CrmContacts(rows, ids, person, of_person, opted_out, created)


def roles(people: People) -> list[str]:
    """The true role of each person."""
    return [true_role(FUNCTIONS[f], SENIORITIES[s]) for f, s in zip(people.function, people.seniority, strict=True)]


def _names_and_addresses(
    chunk: Chunk, rng: np.random.Generator, companies: Companies, company: Ints, is_japanese: Bools
) -> tuple[list[str], list[str], list[str | None]]:
    """Placeholder names with a running number, and addresses made of both."""
    count = len(company)
    number = chunk.number * 20_000 + np.arange(count)
    word = rng.integers(0, len(_LAST_NAMES_JA), count)
    luck = rng.random((count, 3))
    mail_domains = companies.mail_domains
    first_names, last_names, emails = [], [], []
    for n, w, c, japanese, u in zip(number.tolist(), word.tolist(), company.tolist(), is_japanese, luck, strict=True):
        last_names.append(_LAST_NAMES_JA[w] if japanese else _LAST_NAMES_EN[w])
        first_names.append(f"{n:06d}号" if japanese else f"No. {n:06d}")
        local = f"{_ROMAJI[w] if japanese else _LAST_NAMES_EN[w].lower()}.{n:06d}"
        domain, second = mail_domains[c], companies.second_domains[c]
        if u[0] < FREE_MAIL_SHARE:
            domain = FREE_MAIL_HOSTS[n % len(FREE_MAIL_HOSTS)]
        elif second and u[1] < 0.3:
            domain = second
        elif u[1] > 0.96 and companies.domains[c]:
            domain = f"mail.{domain}"
        # People outside the CRM are known by their address and by nothing else.
        emails.append(None if u[2] < _NO_EMAIL_SHARE else f"{local}@{domain}")
    return first_names, last_names, emails
