"""What people decided about records, checked for contradictions and turned into row numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from identity.rules import Override, RuleError


@dataclass(frozen=True)
class Decisions:
    """Decisions about records that are there.

    Attributes
    ----------
    same : pairs of rows that are one account
    different : pairs of rows that are never one account
    parents : (child row, parent row)
    unknown : decisions that name a record which is not there; they wait until it is
    """

    same: tuple[tuple[int, int], ...]
    different: tuple[tuple[int, int], ...]
    parents: tuple[tuple[int, int], ...]
    unknown: tuple[Override, ...]

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Rows that a decision names together, whatever it says."""
        return (*self.same, *self.different, *self.parents)


def read_decisions(overrides: Sequence[Override], record_ids: Sequence[str]) -> Decisions:
    """Decisions as row numbers, after a check that they do not contradict each other.

    Raises
    ------
    RuleError
        If two rows contradict: a record that differs from itself, a pair both same and different (also by way of other
        records), a parent that is the same account as its child, two parents, or a circle of parents. The message names
        both rows.
    """
    check_overrides(overrides)
    named = {record for override in overrides for record in (override.left_record, override.right_record)}
    rows = {record_id: row for row, record_id in enumerate(record_ids) if record_id in named} if named else {}
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    unknown = []
    for override in overrides:
        left, right = rows.get(override.left_record), rows.get(override.right_record)
        if left is None or right is None:
            unknown.append(override)
        else:
            found[override.decision].append((left, right))
    same, different = ({(min(pair), max(pair)) for pair in found[decision]} for decision in ("same", "different"))
    return Decisions(tuple(sorted(same)), tuple(sorted(different)), tuple(sorted(set(found["parent"]))), tuple(unknown))


def check_overrides(overrides: Sequence[Override]) -> None:
    """Raise a RuleError that names both rows if two decisions contradict each other."""
    same: dict[str, list[tuple[str, Override]]] = defaultdict(list)
    for override in overrides:
        if override.left_record == override.right_record:
            raise RuleError(
                f"seeds/rules/account_overrides.csv, line {override.row}: {override.left_record} is compared with itself.\n"
                "A decision is about two records. Correct or delete the line."
            )
        if override.decision == "same":
            same[override.left_record].append((override.right_record, override))
            same[override.right_record].append((override.left_record, override))

    parents: dict[str, tuple[str, Override]] = {}
    for override in overrides:
        if override.decision == "same":
            continue
        link = _last_link(same, override.left_record, override.right_record)
        if link is not None:
            raise _contradiction(override, link, "so the two records are one account")
        if override.decision == "parent":
            earlier = parents.get(override.left_record)
            if earlier is not None and earlier[0] != override.right_record:
                raise _contradiction(override, earlier[1], "and a record has one parent")
            parents[override.left_record] = (override.right_record, override)
    _check_circles(parents)


def _check_circles(parents: dict[str, tuple[str, Override]]) -> None:
    for start, (_, override) in sorted(parents.items()):
        at, last, seen = start, override, set()
        while at in parents and at not in seen:
            seen.add(at)
            at, last = parents[at]
            if at == start:
                raise _contradiction(override, last, "so the parents go round in a circle")


def _last_link(same: dict[str, list[tuple[str, Override]]], start: str, goal: str) -> Override | None:
    """Return the decision by which `goal` is one account with `start`; None if it is not."""
    seen, queue = {start}, [start]
    while queue:
        for other, override in same.get(queue.pop(), ()):
            if other == goal:
                return override
            if other not in seen:
                seen.add(other)
                queue.append(other)
    return None


def _contradiction(one: Override, other: Override, because: str) -> RuleError:
    def describe(override: Override) -> str:
        return f"line {override.row} ({override.left_record} {override.decision} {override.right_record})"

    return RuleError(
        f"seeds/rules/account_overrides.csv: {describe(one)} contradicts {describe(other)}, {because}.\n"
        "Keep one of the two lines."
    )
