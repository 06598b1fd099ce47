"""What is really so: written beside the landing folder and never into it, for tests to ask whether the engine finds it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from demo import outcomes as hidden
from demo.accounts import CrmAccounts
from demo.companies import Companies
from demo.files import parquet_writer
from demo.firmographics import Firmographics
from demo.outcomes import NEVER, Outcomes
from demo.people import CrmContacts, People, roles
from demo.pipeline import Deals
from demo.product import Product
from demo.programmes import DINNER_EXPERIMENT, HOLDOUT_EXPERIMENT, dinner_arms
from demo.sectors import INDUSTRIES, TECHNOLOGIES
from demo.titles import FUNCTIONS, SENIORITIES
from demo.traps import Planted
from demo.world import Bools, Chunk, Ints


class TruthWriter:
    """Writes the truth tables chunk by chunk, as Parquet with real types."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self.rows: Counter[str] = Counter()

    def write(self, name: str, rows: pa.Table) -> None:
        """Append rows to a truth table."""
        if name not in self._writers:
            self._writers[name] = parquet_writer(self._folder / f"{name}.parquet", rows.schema)
        self._writers[name].write_table(rows)
        self.rows[name] += rows.num_rows

    def close(self) -> None:
        """Finish every file."""
        for writer in self._writers.values():
            writer.close()


def company_truth(chunk: Chunk, companies: Companies, outcomes: Outcomes, deals: Deals) -> pa.Table:
    """One row per true company: features as they are, latent fit and engagement, and what fate decided."""
    last = chunk.world.last_day
    is_won = (outcomes.won_day != NEVER) & (outcomes.won_day <= last)
    has_sqo = np.zeros(len(companies), dtype=bool)
    has_sqo[deals.company] = True
    positions = range(len(companies))
    return pa.table(
        {
            "company_id": pa.array(companies.company_ids),
            "is_in_crm": companies.in_crm,
            "company_name": pa.array([name.official for name in companies.names]),
            "domain": pa.array(companies.domains, pa.string()),
            "is_on_shared_domain": companies.on_shared_host,
            "country_code": pa.array([companies.country_code(p) for p in positions]),
            "region": pa.array([companies.region_name(p) for p in positions]),
            "industry_group": pa.array(INDUSTRIES).take(pa.array(companies.industry)),
            "employees_count": companies.employees,
            "revenue_usd": companies.revenue_usd,
            "technologies": pa.array(
                [
                    "|".join(t.name for t, has in zip(TECHNOLOGIES, row, strict=True) if has)
                    for row in companies.technologies
                ]
            ),
            "parent_company_id": pa.array(
                [companies.company_ids[p] if p >= 0 else None for p in companies.parent], pa.string()
            ),
            "fit_log_odds": outcomes.fit_log_odds,
            "latent_engagement": companies.latent_engagement,
            "win_probability": outcomes.win_probability,
            "is_worked": outcomes.is_worked,
            "is_inbound": outcomes.is_inbound,
            "first_touch_date": _dates(outcomes.first_touch_day),
            "has_opportunity": has_sqo,
            "will_win": outcomes.will_win,
            "is_won": is_won,
            "won_date": _dates(np.where(is_won, outcomes.won_day, NEVER)),
            "surge_start_date": _dates(outcomes.surge_start_day),
            "surge_end_date": _dates(outcomes.surge_end_day),
        }
    )


def record_truth(
    companies: Companies, accounts: CrmAccounts, firmographics: Firmographics, product: Product
) -> pa.Table:
    """One row per company record of any source: whose it is, and how its name was written."""
    account_ids = [f"salesforce:{account_id}" for account_id in accounts.ids]
    workspace_ids = [f"product:{workspace_id}" for workspace_id in product.workspace_ids]
    company = np.concatenate([accounts.company, firmographics.company, product.company])
    others = len(firmographics.record_ids) + len(workspace_ids)
    return pa.table(
        {
            "record_id": pa.array([*account_ids, *firmographics.record_ids, *workspace_ids]),
            "company_id": pa.array(companies.company_ids).take(pa.array(company)),
            "name_variant": pa.array([*accounts.variants, *[None] * others], pa.string()),
            "is_first_crm_record": pa.array([*accounts.is_first.tolist(), *[None] * others], pa.bool_()),
        }
    )


def person_truth(companies: Companies, people: People, contacts: CrmContacts) -> pa.Table:
    """One row per true person: employer, title, and the role and seniority that the title stands for."""
    return pa.table(
        {
            "salesforce_contact_id": pa.array(contacts.ids).take(
                pa.array(contacts.of_person, mask=contacts.of_person < 0)
            ),
            "email": pa.array(people.emails, pa.string()),
            "company_id": pa.array(companies.company_ids).take(pa.array(people.company)),
            "title": pa.array(people.titles),
            "function": pa.array(FUNCTIONS).take(pa.array(people.function)),
            "seniority": pa.array(SENIORITIES).take(pa.array(people.seniority)),
            "role": pa.array(roles(people)),
        }
    )


def contact_truth(companies: Companies, people: People, contacts: CrmContacts) -> pa.Table:
    """One row per contact record, the second ones of a person included."""
    return pa.table(
        {
            "salesforce_contact_id": pa.array(contacts.ids),
            "person_number": pa.array(contacts.person),
            "company_id": pa.array(companies.company_ids).take(pa.array(people.company[contacts.person])),
        }
    )


def programme_truth(chunk: Chunk, companies: Companies, outcomes: Outcomes) -> pa.Table:
    """One row per company and programme: its arm, and the log-odds that treatment really adds."""
    parts = []
    for experiment, arms, effect, is_random in (
        (HOLDOUT_EXPERIMENT, outcomes.holdout_arm, hidden.HOLDOUT_COEFFICIENT, True),
        (DINNER_EXPERIMENT, dinner_arms(chunk, companies), 0.0, False),
    ):
        units = np.flatnonzero(arms >= 0)
        parts.append(
            pa.table(
                {
                    "experiment": pa.array([experiment] * len(units), pa.string()),
                    "company_id": pa.array(companies.company_ids).take(pa.array(units)),
                    "is_treated": pa.array(arms[units] == 1, pa.bool_()),
                    "is_randomised": pa.array([is_random] * len(units), pa.bool_()),
                    "true_log_odds_effect": pa.array([effect] * len(units), pa.float64()),
                }
            )
        )
    return pa.concat_tables(parts).combine_chunks()


def trap_truth(planted: list[Planted]) -> pa.Table:
    """One row per planted defect."""
    return pa.table(
        {
            "kind": pa.array([trap.kind for trap in planted], pa.string()),
            "table": pa.array([trap.table for trap in planted], pa.string()),
            "key": pa.array([trap.key for trap in planted], pa.string()),
        }
    )


def coefficient_truth() -> pa.Table:
    """One row per coefficient of the true probability of a win."""
    values = {
        "base": hidden.BASE_LOG_ODDS,
        **hidden.FIT_COEFFICIENTS,
        "latent engagement, per standard deviation": hidden.ENGAGEMENT_COEFFICIENT,
        "first touch in a surge or within 30 days of it": hidden.SURGE_COEFFICIENT,
        f"treated in {HOLDOUT_EXPERIMENT} and first touched after its start": hidden.HOLDOUT_COEFFICIENT,
    }
    return pa.table({"feature": pa.array(values.keys()), "log_odds": pa.array(values.values(), pa.float64())})


def _dates(days: Ints) -> pa.Array:
    missing: Bools = days == NEVER
    return pa.array(np.where(missing, 0, days).astype("M8[D]"), pa.date32(), mask=missing)
