"""Rules of the quarterly target list: its numbers, its reason codes and the exceptions that people approved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from itertools import combinations

import pandas as pd

from scoring.inputs import require
from scoring.rules import RuleError, RuleTable, as_text

NUMBERS = "target_list_rules"
REASONS = "target_list_reasons"
EXCEPTIONS = "target_list_exceptions"
ACCOUNT_TYPES = "crm_account_types"

# Reason codes that the rules themselves give; every other code of the file is one that a person may give an exception.
FIRST_LIST = "first_list"
BEST_AVAILABLE = "best_available"
MEETS_RULES = "meets_rules"
SWAP_LIMIT = "swap_limit"
HOLDOUT = "holdout"
INACTIVE = "inactive"
LOW_FIT = "low_fit"
CUSTOMER = "customer"
DISQUALIFIED = "disqualified"
FEWER_PLACES = "fewer_places"
MERGED = "merged"
LEFT_CRM = "left_crm"
RULE_CODES = (
    FIRST_LIST, BEST_AVAILABLE, MEETS_RULES, SWAP_LIMIT, HOLDOUT, INACTIVE, LOW_FIT, CUSTOMER, DISQUALIFIED, FEWER_PLACES,
    MERGED, LEFT_CRM,
)  # fmt: skip

ADD, REMOVE, KEEP = "add", "remove", "keep"


@dataclass(frozen=True)
class ListRules:
    """One field per row of seeds/rules/target_list_rules.csv; the file's `unit` and `note` explain each."""

    list_size: int
    min_fit_points_to_enter: float
    min_fit_points_to_stay: float
    inactivity_days: int
    min_days_before_inactivity: int
    max_swap_share: float
    max_exception_share: float


LIMITS: dict[str, tuple[float, float]] = {
    "list_size": (1, 1e6),
    "min_fit_points_to_enter": (0, 100),
    "min_fit_points_to_stay": (0, 100),
    "inactivity_days": (1, 3650),
    "min_days_before_inactivity": (0, 3650),
    "max_swap_share": (0, 1),
    "max_exception_share": (0, 1),
}


@dataclass(frozen=True)
class ListException:
    """One approved decision of a person about an account, from one day to another (None: open)."""

    row: str
    reference: str
    account_id: str
    action: str
    reason_code: str
    approved_by: str
    note: str
    valid_from: dt.date
    valid_to: dt.date | None
    acts_at_once: bool

    def is_in_force(self, on: dt.date) -> bool:
        """Whether the day lies between its two days, both included."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


def read_list_rules(rows: pd.DataFrame) -> ListRules:
    """Numbers of the list; row order does not matter, unknown names are refused.

    Parameters
    ----------
    rows : rows of rules.target_list_rules: parameter, value

    Raises
    ------
    RuleError
        If a row is missing, unknown, repeated or out of range, or an account would have to leave on the day that it enters.
    """
    table = RuleTable(NUMBERS, rows, ["parameter"], ["value"])
    wanted = {field.name: field.type for field in fields(ListRules)}
    names = table.texts("parameter", allowed=wanted)
    values: dict[str, float] = {}
    for name, (low, high) in LIMITS.items():
        if name not in names:
            raise RuleError(
                table.file, f"parameter = {name}", "value", "the row is missing", f"a number from {low:g} to {high:g}"
            )
        at = names.index(name)
        try:
            value = float(as_text(table.rows["value"].iloc[at]))
        except ValueError:
            raise table.fail(at, "value", "a number") from None
        is_whole = wanted[name] == "int"
        if not low <= value <= high or (is_whole and value != int(value)):
            raise table.fail(at, "value", f"{'a whole number' if is_whole else 'a number'} from {low:g} to {high:g}")
        values[name] = int(value) if is_whole else value
    if values["min_fit_points_to_stay"] > values["min_fit_points_to_enter"]:
        raise table.fail(
            names.index("min_fit_points_to_stay"),
            "value",
            f"at most min_fit_points_to_enter ({values['min_fit_points_to_enter']:g})",
        )
    return ListRules(**values)  # type: ignore[arg-type]


def read_reasons(rows: pd.DataFrame) -> Mapping[str, bool]:
    """Reason code that an exception may give -> whether such an exception acts at once, also in mid-quarter.

    Parameters
    ----------
    rows : rows of rules.target_list_reasons: reason_code, kind (rule or exception), acts_at_once (exceptions only)

    Raises
    ------
    RuleError
        If a code of the rules is missing, or a code calls itself one of the rules and is none.
    """
    table = RuleTable(REASONS, rows, ["reason_code"], ["kind", "acts_at_once"])
    reason_codes, kinds = table.texts("reason_code"), table.texts("kind", allowed=("rule", "exception"))
    for code in RULE_CODES:
        if code not in reason_codes:
            raise RuleError(
                table.file, f"reason_code = {code}", "reason_code", "the row is missing", "a row of kind rule"
            )
    for at, (code, kind) in enumerate(zip(reason_codes, kinds, strict=True)):
        if (kind == "rule") != (code in RULE_CODES):
            raise table.fail(at, "kind", "rule" if code in RULE_CODES else "exception: the rules do not give this code")
    of_people = [kind == "exception" for kind in kinds]
    chosen = RuleTable(REASONS, table.rows[of_people], ["reason_code"], ["acts_at_once"])
    return dict(zip(chosen.texts("reason_code"), chosen.booleans("acts_at_once").tolist(), strict=True))


def read_disqualified_types(rows: pd.DataFrame) -> frozenset[str]:
    """Account types of the CRM, in lower case, that never belong on the list."""
    table = RuleTable(ACCOUNT_TYPES, rows, ["crm_type"], ["is_disqualified"])
    return frozenset(
        name.lower()
        for name, out in zip(table.texts("crm_type"), table.booleans("is_disqualified"), strict=True)
        if out
    )


def read_exceptions(
    rows: pd.DataFrame, acts_at_once: Mapping[str, bool], references: pd.DataFrame, rules: ListRules, as_of: dt.date
) -> list[ListException]:
    """Exceptions in force on a day, in order of account, action and first day.

    Parameters
    ----------
    rows : rows of rules.target_list_exceptions
    acts_at_once : as from `read_reasons`
    references : reference (an account_id, also one merged away; the id of a CRM account; a domain), account_id

    Raises
    ------
    RuleError
        If a cell cannot be used, an account in force is unknown or not one account, two rows contradict each other on any
        day (both are named), or more accounts have an exception than the rule allows.

    Notes
    -----
    Exceptions that act at once are duties (law, opt-out, duplicates) and not counted against the allowed share.
    """
    found = _resolve(_read_rows(rows, acts_at_once), references, as_of)
    _refuse_contradictions(found)
    in_force = [exception for exception in found if exception.is_in_force(as_of)]
    counted = {exception.account_id for exception in in_force if not exception.acts_at_once}
    allowed = int(rules.max_exception_share * rules.list_size + 1e-9)
    if len(counted) > allowed:
        last = max((item for item in in_force if not item.acts_at_once), key=lambda item: (item.valid_from, item.row))
        raise RuleError(
            f"seeds/rules/{EXCEPTIONS}.csv",
            last.row,
            "account",
            f"{len(counted)} accounts have an exception on {as_of}",
            f"at most {allowed} ({rules.max_exception_share:.0%} of {rules.list_size} places); end one by valid_to, or raise"
            f" max_exception_share in seeds/rules/{NUMBERS}.csv",
        )
    return in_force


def _read_rows(rows: pd.DataFrame, acts_at_once: Mapping[str, bool]) -> list[ListException]:
    columns = ("account", "action", "approved_by", "reason_code", "valid_from", "valid_to", "note")
    absent = [column for column in columns if column not in rows.columns]
    if absent:
        raise RuleError(
            f"seeds/rules/{EXCEPTIONS}.csv", "1 (header)", absent[0], "the column is missing", ", ".join(columns)
        )
    # A warehouse hands dates over as timestamps, a file as text.
    dated = rows.assign(**{name: rows[name].map(_date_text) for name in ("valid_from", "valid_to")})
    table = RuleTable(EXCEPTIONS, dated, ["account", "action", "valid_from"], columns)
    first = table.parsed("valid_from", dt.date.fromisoformat, "a date as 2026-10-01")
    last = table.parsed("valid_to", lambda text: dt.date.fromisoformat(text) if text else None, "a date, or empty")
    texts = {
        "account": table.texts("account"),
        "action": table.texts("action", allowed=(ADD, REMOVE, KEEP)),
        "reason_code": table.texts("reason_code", allowed=acts_at_once),
        "approved_by": table.texts("approved_by"),
        "note": table.texts("note"),
    }
    found = []
    for at in range(len(table)):
        start, end = first[at], last[at]
        if not isinstance(start, dt.date) or (isinstance(end, dt.date) and end < start):
            raise table.fail(at, "valid_to", f"empty, or a day not before valid_from ({start})")
        code = texts["reason_code"][at]
        found.append(
            ListException(
                row=table.row_name(at),
                reference=texts["account"][at],
                account_id="",
                action=texts["action"][at],
                reason_code=code,
                approved_by=texts["approved_by"][at],
                note=texts["note"][at],
                valid_from=start,
                valid_to=end if isinstance(end, dt.date) else None,
                acts_at_once=acts_at_once[code],
            )
        )
    return found


def _resolve(found: Collection[ListException], references: pd.DataFrame, as_of: dt.date) -> list[ListException]:
    """Exceptions with their account; what is not in force and names nobody known is left out."""
    require(references, "account_references", ["reference", "account_id"])
    wanted = {name for item in found for name in (item.reference, item.reference.lower())}
    chosen = references[references["reference"].isin(wanted)]
    known: dict[str, set[str]] = {}
    for name, account_id in zip(chosen["reference"].tolist(), chosen["account_id"].tolist(), strict=True):
        known.setdefault(name, set()).add(account_id)
    resolved = []
    for item in found:
        accounts = sorted(known.get(item.reference) or known.get(item.reference.lower()) or ())
        if len(accounts) == 1:
            resolved.append(ListException(**{**vars(item), "account_id": accounts[0]}))
        elif item.is_in_force(as_of):
            seen = f"'{item.reference}' is " + (
                f"shared by {len(accounts)} accounts ({', '.join(accounts[:3])})" if accounts else "not known"
            )
            raise RuleError(
                f"seeds/rules/{EXCEPTIONS}.csv",
                item.row,
                "account",
                seen,
                "the account_id, the id of the account in the CRM, or a domain that belongs to one account",
            )
    return resolved


def _refuse_contradictions(found: Collection[ListException]) -> None:
    by_account: dict[str, list[ListException]] = {}
    for item in found:
        by_account.setdefault(item.account_id, []).append(item)
    for account_id, items in by_account.items():
        for one, other in combinations(items, 2):
            start = max(one.valid_from, other.valid_from)
            if (
                (one.action == REMOVE) != (other.action == REMOVE)
                and one.is_in_force(start)
                and other.is_in_force(start)
            ):
                raise RuleError(
                    f"seeds/rules/{EXCEPTIONS}.csv",
                    f"{one.row} and row {other.row}",
                    "action",
                    f"'{one.action}' and '{other.action}' are both in force for {account_id} on {start}",
                    "one decision about an account at a time; end one of the two by valid_to",
                )


def _date_text(value: object) -> str:
    return "" if value is pd.NaT else as_text(value)[:10]
