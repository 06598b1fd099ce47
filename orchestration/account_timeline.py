"""What one account did, as rows of a chart and as rows of a table, in the words of a language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from orchestration.account_charts import Band, Mark
from orchestration.account_evidence import EVIDENCE_DAYS
from orchestration.account_words import Words
from orchestration.page_names import name_of
from orchestration.rows import Rows

MOST_KINDS: Final = 12


def activity_bands(explanation: Mapping[str, Any], words: Words) -> tuple[list[Band], date]:
    """Bands of the timeline in reading order, and its first day; kinds with most activity first.

    Parameters
    ----------
    explanation : see `views.read_explanation`; `night` is not null
    """
    night: date = explanation["night"]
    first_day = night - timedelta(days=EVIDENCE_DAYS - 1)
    touches = [Mark(_touch(row, words), row["activity_date"], row["touches"]) for row in explanation["touch_days"]]
    research = [Mark(row["topic"], row["activity_date"], row["persons"]) for row in explanation["research_days"]]
    sales = [
        Mark(_task(row, words), row["activity_date"], row["activities"]) for row in explanation["sales_activities"]
    ]
    return [
        Band(words("band_touches"), _busiest(touches, words)),
        Band(words("band_research"), _busiest(research, words)),
        Band(words("band_sales"), _busiest(sales, words)),
        Band(words("band_opportunities"), _deals(explanation, first_day, night, words)),
    ], first_day


def activity_rows(explanation: Mapping[str, Any], words: Words) -> list[list[str]]:
    """Day, kind, number and persons of everything in the timeline, newest first."""
    night: date = explanation["night"]
    rows: list[tuple[date, str, str, str]] = [
        (row["activity_date"], _touch(row, words), f"{row['touches']:,}", f"{row['persons']:,}")
        for row in explanation["touch_days"]
    ]
    rows += [
        (row["activity_date"], row["topic"], f"{row['events']:,}", f"{row['persons']:,}")
        for row in explanation["research_days"]
    ]
    rows += [
        (row["activity_date"], _task(row, words), f"{row['activities']:,}", "")
        for row in explanation["sales_activities"]
    ]
    first_day = night - timedelta(days=EVIDENCE_DAYS - 1)
    rows += [
        (day, f"{words('opportunity', number=number)}: {stage}", "", "")
        for number, day, stage in _stages(explanation, words)
        if first_day <= day <= night
    ]
    return [[day.isoformat(), *rest] for day, *rest in sorted(rows, key=lambda row: (-row[0].toordinal(), row[1:]))]


def number_opportunities(opportunities: Rows) -> dict[str, int]:
    """Opportunities counted from the oldest, by id: a page says "opportunity 2" where their names may name persons."""
    ordered = sorted(opportunities, key=lambda row: (row["created_date"] or date.min, row["opportunity_id"]))
    return {row["opportunity_id"]: at for at, row in enumerate(ordered, start=1)}


def _deals(explanation: Mapping[str, Any], first_day: date, night: date, words: Words) -> list[Mark]:
    stages = [stage for stage in _stages(explanation, words) if first_day <= stage[1] <= night]
    last = {number: at for at, (number, _, _) in enumerate(stages)}
    # The last stage alone has room for its name; the table has them all.
    return [
        Mark(words("opportunity", number=number), day, 1, stage if last[number] == at else "")
        for at, (number, day, stage) in enumerate(stages)
    ]


def _stages(explanation: Mapping[str, Any], words: Words) -> list[tuple[int, date, str]]:
    """Number of the opportunity, day, and the stage that it came to, oldest first."""
    numbers = number_opportunities(explanation["opportunities"])
    found = [
        (numbers[row["opportunity_id"]], row["changed_date"], row["stage_name"] or words("unknown"))
        for row in explanation["opportunity_stages"]
    ]
    told = {number for number, _, _ in found}
    for row in explanation["opportunities"]:
        number = numbers[row["opportunity_id"]]
        if number in told:
            continue
        closing = name_of("outcome", "won" if row["is_won"] else "lost", words.language)
        for day, stage in (
            (row["created_date"], words("created")),
            (row["sqo_date"], words("qualified")),
            (row["closed_date"], closing),
        ):
            if day is not None:
                found.append((number, day, stage))
    return sorted(found, key=lambda stage: stage[:2])


def _busiest(marks: Sequence[Mark], words: Words) -> list[Mark]:
    """Marks in order of their kind's total; kinds beyond the first MOST_KINDS share a row."""
    totals = Counter[str]()
    for mark in marks:
        totals[mark.row] += mark.count
    ranked = sorted(totals, key=lambda kind: (-totals[kind], kind))
    kept = ranked if len(ranked) <= MOST_KINDS + 1 else ranked[:MOST_KINDS]
    place = {kind: at for at, kind in enumerate(kept)}
    shown = sorted((mark for mark in marks if mark.row in place), key=lambda mark: (place[mark.row], mark.day))
    rest = Counter[date]()
    for mark in marks:
        if mark.row not in place:
            rest[mark.day] += mark.count
    others = words("further_kinds", count=len(ranked) - len(kept))
    return shown + [Mark(others, day, rest[day]) for day in sorted(rest)]


def _touch(row: Mapping[str, Any], words: Words) -> str:
    return str(row[f"label_{words.language}"] or row["touch_type"])


def _task(row: Mapping[str, Any], words: Words) -> str:
    remarks = [
        words("automatic") if row["is_human"] is False else "",
        words("open_task") if row["is_completed"] is False else "",
        words("not_connected") if row["task_type"] == "call" and row["is_connected"] is False else "",
    ]
    said = [remark for remark in remarks if remark]
    name = name_of("task_type", row["task_type"], words.language)
    return f"{name} ({', '.join(said)})" if said else name
