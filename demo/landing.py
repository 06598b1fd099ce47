"""`write_landing`: one invented company's input, as its source systems would export it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from demo import truth as hidden
from demo.accounts import make_accounts
from demo.companies import make_companies
from demo.consent import make_consent
from demo.errors import DemoError
from demo.files import MARKER, LandingWriter, Marker, check_target, folder_in_one_go
from demo.firmographics import make_firmographics
from demo.intent import make_topic_events, make_vendor_surge
from demo.mailings import make_attendance, make_email_events
from demo.outcomes import decide_outcomes
from demo.people import make_contacts, make_people
from demo.pipeline import make_deals, make_tasks
from demo.product import make_product
from demo.programmes import make_ads, make_assignments
from demo.sellers import make_sellers
from demo.tables import COLUMNS, Tables
from demo.traps import MIN_COMPANIES, WORLD_TRAPS, Planted, plant
from demo.web import make_form_fills, make_page_views
from demo.world import Chunk, World, chunks

MAX_ACCOUNTS = 200_000  # names and numbers are unique up to here
_EARLIEST, _LATEST = date(2000, 1, 1), date(2100, 1, 1)


@dataclass(frozen=True)
class Summary:
    """What was written: rows by table, defects by kind, and where."""

    out: Path
    truth: Path | None
    accounts: int
    seed: int
    as_of: date
    rows: dict[str, int]
    truth_rows: dict[str, int]
    traps: dict[str, int]


def write_landing(
    out: Path,
    accounts: int,
    seed: int,
    as_of: date,
    truth: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Write a landing folder with every table of the contract for invented companies.

    The same `accounts`, `seed` and `as_of` give the same bytes. Memory does not grow with `accounts`: companies are made
    a thousand at a time, and a full thousand is the same whatever follows it. The folder appears only when it is
    complete; an earlier demo in its place is replaced.

    Parameters
    ----------
    out : folder to write; new, empty, or an earlier demo
    accounts : companies in the CRM, 1 to 200,000; the CRM holds them in about 1.25 records each
    seed : any whole number from 0
    as_of : last day of the 18 months of events
    truth : folder for what is hidden (true companies, win probabilities, surges, roles); outside `out`
    progress : called with the companies done and their total after every chunk

    Returns
    -------
    Summary

    Raises
    ------
    DemoError
        If a number is out of range, a folder is not ours to replace, or the disk refuses.
    """
    out, truth = Path(out).absolute(), None if truth is None else Path(truth).absolute()
    _check(out, accounts, seed, as_of, truth)
    marker = Marker(accounts, seed, as_of)
    traps: Counter[str] = Counter()
    try:
        with ExitStack() as stack:
            # The truth is entered first, so that it is put in place last: a landing folder never lacks its rows.
            truth_draft = stack.enter_context(folder_in_one_go(truth)) if truth else None
            draft = stack.enter_context(folder_in_one_go(out))
            landing_writer = LandingWriter(draft)
            truth_writer = hidden.TruthWriter(truth_draft) if truth_draft else None
            try:
                done = 0
                for chunk in chunks(World(seed, as_of), accounts):
                    landing, answers, planted = make_chunk(chunk)
                    for name, rows in landing.items():
                        landing_writer.write(name, rows)
                    if truth_writer:
                        for name, rows in answers.items():
                            truth_writer.write(name, rows)
                    traps.update(trap.kind for trap in planted)
                    done += chunk.crm_companies
                    if progress:
                        progress(done, accounts)
                if truth_writer:
                    truth_writer.write("coefficients", hidden.coefficient_truth())
            finally:
                landing_writer.close()
                if truth_writer:
                    truth_writer.close()
            rows_written = dict(sorted(landing_writer.rows.items()))
            truth_rows = dict(sorted(truth_writer.rows.items())) if truth_writer else {}
            (draft / MARKER).write_text(marker.text(rows_written), encoding="utf-8")
            if truth_draft:
                (truth_draft / MARKER).write_text(marker.text(truth_rows), encoding="utf-8")
    except OSError as error:
        raise DemoError(
            f"{out}: the demo could not be written ({error}). Nothing was left behind."
            " Check that the place is writable and has room: about 20 MB per 1,000 accounts."
        ) from error
    if accounts >= MIN_COMPANIES:
        traps.update(WORLD_TRAPS)
    return Summary(out, truth, accounts, seed, as_of, rows_written, truth_rows, dict(sorted(traps.items())))


def make_chunk(chunk: Chunk) -> tuple[Tables, Tables, list[Planted]]:
    """Landing tables and truth tables of one chunk, and the defects planted in the former."""
    companies = make_companies(chunk)
    outcomes = decide_outcomes(chunk, companies)
    sellers = make_sellers(chunk)
    accounts = make_accounts(chunk, companies, outcomes, sellers)
    people = make_people(chunk, companies)
    contacts = make_contacts(chunk, companies, people, accounts)
    deals = make_deals(chunk, companies, outcomes, accounts, sellers)
    firmographics = make_firmographics(chunk, companies)
    product = make_product(chunk, companies, outcomes, people)
    audience_matches, impressions = make_ads(chunk, companies)
    clean = {
        "salesforce/Account": accounts.rows,
        "salesforce/Contact": contacts.rows,
        "salesforce/Opportunity": deals.opportunities,
        "salesforce/OpportunityHistory": deals.history,
        "salesforce/Task": make_tasks(chunk, companies, outcomes, people, accounts, contacts, sellers, deals),
        "salesforce/User": sellers.users,
        "firmographics/companies": firmographics.companies,
        "firmographics/ownership": firmographics.ownership,
        "technographics/installs": firmographics.installs,
        "intent/topic_events": make_topic_events(chunk, companies, outcomes),
        "intent/vendor_surge": make_vendor_surge(chunk, companies, outcomes),
        "web/page_views": make_page_views(chunk, companies, outcomes, people),
        "product/workspaces": product.workspaces,
        "product/events": product.events,
        "map/email_events": make_email_events(chunk, companies, people, contacts),
        "map/form_fills": make_form_fills(chunk, companies, outcomes, people),
        "events/attendance": make_attendance(chunk, companies, people),
        "support/tickets": product.tickets,
        "consent/records": make_consent(chunk, people),
        "ads/audience_matches": audience_matches,
        "ads/impressions": impressions,
        "experiments/assignments": make_assignments(chunk, companies, outcomes),
    }
    landing, planted = plant(chunk, {name: clean[name] for name in COLUMNS})
    answers = {
        "companies": hidden.company_truth(chunk, companies, outcomes, deals),
        "records": hidden.record_truth(companies, accounts, firmographics, product),
        "people": hidden.person_truth(companies, people, contacts),
        "contacts": hidden.contact_truth(companies, people, contacts),
        "programmes": hidden.programme_truth(chunk, companies, outcomes),
        "traps": hidden.trap_truth(planted),
    }
    return landing, answers, planted


def _check(out: Path, accounts: int, seed: int, as_of: date, truth: Path | None) -> None:
    if not 1 <= accounts <= MAX_ACCOUNTS:
        raise DemoError(f"{accounts} accounts asked for; expected 1 to {MAX_ACCOUNTS:,}.")
    if not 0 <= seed < 2**63:
        raise DemoError(f"seed {seed} given; expected a whole number from 0 to 2^63 - 1.")
    if not _EARLIEST <= as_of <= _LATEST:
        raise DemoError(f"as-of date {as_of} given; expected a day from {_EARLIEST} to {_LATEST}.")
    check_target(out)
    if truth is None:
        return
    check_target(truth)
    here, there = out.resolve(), truth.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise DemoError(
            f"{truth}: the truth must not lie in the landing folder {out}, nor around it, where the pipeline could read"
            " the answers. Give a folder beside it."
        )
