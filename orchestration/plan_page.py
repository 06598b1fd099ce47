"""A plan as one page: what would change in the CRM, old beside new, without anything about a person."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from measurement.charts import templates
from reverse_etl.breaker import Trip
from reverse_etl.plan import ACTIONS, Plan
from reverse_etl.show import visible_records

_TEMPLATES: Final = templates(Path(__file__).parent / "templates")
# A page of more records is no page that anybody reads, and slow to open.
_MOST_RECORDS: Final = 1_000


def render_plan_page(plan: Plan, trips: Sequence[Trip], account: str | None = None) -> str:
    """The page as HTML that needs nothing else; with `account` (an Id, or part of a name) only that account's records.

    The limits that the plan exceeds stand above it.
    """
    records = visible_records(plan, account)
    return _TEMPLATES.get_template("plan.html").render(
        plan=plan,
        trips=trips,
        counts=plan.counts(),
        actions=ACTIONS,
        records=records[:_MOST_RECORDS],
        left=max(len(records) - _MOST_RECORDS, 0),
    )
