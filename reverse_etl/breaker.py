"""Stops a delivery in which too much would change at once: decisions over a plan, without touching anything."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from reverse_etl.plan import Plan
from reverse_etl.rules import DeliveryRules, Limits

_TIER = "ABM_Tier__c"


@dataclass(frozen=True)
class SourceRows:
    """Rows that one table brought tonight, and on the last good night before it. `source` is its name for the reader."""

    source: str
    tonight: int
    before: int


@dataclass(frozen=True)
class Trip:
    """One limit that a plan exceeds: the rule's name, and what was seen."""

    limit: str
    seen: str


def trips(
    plan: Plan,
    desired: Mapping[str, pa.Table],
    delivered_accounts: Collection[str],
    sources: Sequence[SourceRows],
    rules: DeliveryRules,
) -> list[Trip]:
    """Every limit that a plan exceeds; empty = nothing unusual, or nothing to write.

    Parameters
    ----------
    plan : what would be written
    desired : sync table -> its rows, from which `plan` was made
    delivered_accounts : Ids of the accounts of the last delivery
    sources : tables of tonight and of the last good night; none on the first night
    rules : the limits are shares of at least `breaker_minimum_count` records; below that a share is chance
    """
    if not plan.change_count:
        return []
    limits = rules.limits
    return [
        *_tier_changes(plan, limits),
        *_leavers(desired, delivered_accounts, rules),
        *_shrunken_sources(sources, limits),
        *_emptied_columns(plan, rules),
        *_creates(plan, limits),
    ]


def describe_trips(found: Sequence[Trip]) -> str:
    """One line per limit."""
    return "\n".join(f"  {trip.limit}: {trip.seen}" for trip in found)


def _tier_changes(plan: Plan, limits: Limits) -> list[Trip]:
    """Accounts whose tier in the CRM would become another, of those that are known to have one or to be planned."""
    rows = plan.rows.filter(pc.equal(plan.rows["object"], "Account"))
    moves = rows.filter(pc.and_(pc.equal(rows["field"], _TIER), pc.equal(rows["action"], "update")))
    had_none = int(pc.sum(pc.is_null(moves["old_value"])).as_py() or 0)
    changed = moves.num_rows - had_none
    accounts = len(rows["record_key"].unique()) - had_none
    return _share(
        "breaker_tier_change_share", changed, accounts, limits.tier_change_share, limits, "tiers would change"
    )


def _leavers(desired: Mapping[str, pa.Table], delivered_accounts: Collection[str], rules: DeliveryRules) -> list[Trip]:
    account = next(spec for spec in rules.objects if spec.name == "Account")
    wanted = set(desired[account.sync_table][account.key_column].to_pylist())
    left = sum(key not in wanted for key in delivered_accounts)
    return _share(
        "breaker_leaving_share",
        left,
        len(delivered_accounts),
        rules.limits.leaving_share,
        rules.limits,
        "accounts of the last delivery are not in tonight's",
    )


def _shrunken_sources(sources: Sequence[SourceRows], limits: Limits) -> list[Trip]:
    found = []
    for source in sorted(sources, key=lambda one: one.source):
        if source.before >= limits.minimum_count and source.tonight < limits.source_row_share * source.before:
            share = source.tonight / source.before
            seen = (
                f"{source.source} has {source.tonight:,} rows, {source.before:,} on the last good night ({share:.0%})"
            )
            found.append(
                Trip("breaker_source_row_share", f"{seen}; at least {limits.source_row_share:.0%} are expected")
            )
    return found


def _emptied_columns(plan: Plan, rules: DeliveryRules) -> list[Trip]:
    """Fields that would be emptied on too many records.

    The share is of all records that the CRM has, not of those that hold a value: few accounts hold a reason of suppression, and
    some of them lose it every night.
    """
    emptied = plan.rows.filter(
        pc.and_(
            pc.equal(plan.rows["action"], "update"),
            pc.and_(pc.is_null(plan.rows["new_value"]), pc.is_valid(plan.rows["old_value"])),
        )
    )
    counts = {
        (row["object"], row["field"]): int(row["record_key_count"])
        for row in emptied.group_by(["object", "field"]).aggregate([("record_key", "count")]).to_pylist()
    }
    records = {name: sum(by_action.values()) - by_action["create"] for name, by_action in plan.counts().items()}
    limits, found = rules.limits, []
    for (name, field), count in sorted(counts.items()):
        what = f"records would lose their {name}.{field}"
        found += _share("breaker_emptied_share", count, records[name], limits.emptied_share, limits, what)
    return found


def _creates(plan: Plan, limits: Limits) -> list[Trip]:
    created = sum(counts["create"] for counts in plan.counts().values())
    if created <= limits.created_count:
        return []
    seen = f"{created:,} records would be created; at most {limits.created_count:,} are expected"
    return [Trip("breaker_created_count", seen)]


def _share(name: str, count: int, total: int, limit: float, limits: Limits, what: str) -> list[Trip]:
    if total < limits.minimum_count or count <= limit * total:
        return []
    return [
        Trip(name, f"{count:,} of {total:,} {what} ({count / total:.1%}); at most {limit:.0%} are expected"),
    ]
