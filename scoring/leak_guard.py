"""The leak guard: which columns of a table know the outcome already, and why nothing may be learned from them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from scoring.inputs import NO_DATE, BoolArray, FloatArray, InputError, IntArray, days
from scoring.leak_columns import REASONS, LeakColumns, NamedColumn, fold_name
from scoring.outcome_counts import OutcomeCounts, count_outcomes, items_of
from scoring.parameters import Parameters
from scoring.separation import (
    NO_SEPARATION,
    Separation,
    chance_of_copy,
    chance_of_fill,
    separation,
    separation_by_rates,
)

TOGETHER: Final = "all columns together"
QUANTILES: Final = 20  # bins in which a number is looked at like a text: a sweet spot has no direction
_TESTS_PER_COLUMN: Final = 6  # length, two orders, rates, filled cells, copies
_MIN_ROWS_OF_TEXT_IDS: Final = 30  # few rows differ by themselves
_MIN_ROWS_OF_NUMBER_IDS: Final = 100
_ID_DIGITS: Final = 8  # whole numbers of one length from here on are ids: amounts spread over several lengths
# Numbers drawn by chance from a range of twenty times the rows repeat in 2.5% of them; different ones were numbered through.
_MAX_RANGE_PER_ROW: Final = 20
_ID_NAME: Final = re.compile(r"(.* |)(id|uuid|guid|number|no)|.*(番号|コード)")


@dataclass(frozen=True)
class Finding:
    """What one check says of one column.

    Attributes
    ----------
    column : name of the column, or `TOGETHER`
    check : name, future_dates, one_outcome, single_feature, missingness, copy, identifier, constant or together
    sentence : what was seen and what to do, for a person
    refuses : the column must not be learned from
    blocks : a model must not be promoted until a person has looked
    """

    column: str
    check: str
    sentence: str
    refuses: bool
    blocks: bool


@dataclass(frozen=True)
class _Context:
    """What the checks of every column share."""

    positives: int
    negatives: int
    level: float
    parameters: Parameters


def audit(
    rows: pd.DataFrame,
    is_positive: BoolArray,
    leak_columns: pd.DataFrame,
    index_dates: pd.Series | None = None,
    *,
    parameters: Parameters,
) -> tuple[Finding, ...]:
    """Findings on the columns of any table, in the order of the columns.

    Parameters
    ----------
    rows : (n, k) columns of any type, without the label
    is_positive : (n,) bool, the outcome
    leak_columns : rows pattern, reason, note
    index_dates : (n,) the day for which each row is to be known; a column with dates on or after it saw the future
    parameters : rows `leak_*` say from where on something is too good

    Raises
    ------
    RuleError
        If leak_columns cannot be used.
    InputError
        If the outcome or the index dates have another number of rows.

    Notes
    -----
    Every claim about numbers needs an effect of some size and must be beyond chance after Bonferroni's correction for all columns
    and tests, so a small table raises no alarm by luck; it also cannot convict a column. With one outcome only, or none, names,
    dates, ids and constants are looked at. Nothing depends on the order of the rows.
    """
    outcome = np.asarray(is_positive, dtype=np.bool_)
    if len(outcome) != len(rows):
        raise InputError(f"The outcome has {len(outcome):,} rows and the table {len(rows):,}. Expected: one per row.")
    if index_dates is not None and len(index_dates) != len(rows):
        raise InputError(f"There are {len(index_dates):,} index dates for {len(rows):,} rows. Expected: one per row.")
    named = LeakColumns(leak_columns)
    index_days = None if index_dates is None else days(index_dates)
    positives = int(outcome.sum())
    level = parameters.leak_false_alarm_share / max(1, rows.shape[1] * _TESTS_PER_COLUMN)
    context = _Context(positives, len(outcome) - positives, level, parameters)
    findings: list[Finding] = []
    for at, column in enumerate(rows.columns):
        counts = count_outcomes(rows.iloc[:, at], outcome)
        findings += _audit_column(str(column), counts, named.find(str(column)), index_days, context)
    return tuple(findings)


def together_too_good(auc: float, parameters: Parameters) -> tuple[Finding, ...]:
    """A finding that blocks where a model is too good to be honest; () where it is not.

    Parameters
    ----------
    auc : area under the ROC curve on rows that the model had not seen; NaN where there is none
    """
    if not auc > parameters.leak_together_auc:
        return ()
    sentence = (
        f"Together the columns reach an AUC of {auc:.3f} on unseen rows, above {parameters.leak_together_auc:.2f}: what is known "
        "before a sale does not tell its end so well. Find the columns that were written later."
    )
    return (Finding(TOGETHER, "together", sentence, refuses=False, blocks=True),)


def can_convict(positives: int, negatives: int, columns: int, parameters: Parameters) -> bool:
    """Whether a table is large enough for a perfect copy of the outcome to be told from chance."""
    level = parameters.leak_false_alarm_share / max(1, columns * _TESTS_PER_COLUMN)
    return min(positives, negatives) > 0 and chance_of_copy(positives, negatives) <= level


def _audit_column(
    name: str, counts: OutcomeCounts, row: NamedColumn | None, index_days: IntArray | None, context: _Context
) -> list[Finding]:
    found = [_future_dates(name, counts, index_days, context), _identifier(name, counts, context)]
    if counts.filled == 0 or (len(counts.texts) == 1 and not sum(counts.missing)):
        what = f"always '{_short(counts.texts[0])}'" if counts.texts else "empty in every row"
        sentence = f"'{name}' is {what}: nothing can be learned from it."
        found.append(Finding(name, "constant", sentence, refuses=False, blocks=False))
    elif context.positives and context.negatives:
        copied = _copy(name, counts, context)
        filled = None if copied else _filled(name, counts, context)
        # One sentence about numbers is enough: a copy is also too good, and so is a field that only winners have.
        shown = copied if copied else filled if filled and filled.refuses else None
        found += [shown] if shown else [_single_feature(name, counts, context), filled]
    findings = [finding for finding in found if finding is not None]
    if row is not None and row.is_explained:
        return [_explained(finding, row) for finding in findings]
    if row is not None:
        sentence = f"'{name}' is named like '{row.pattern}': {REASONS[row.reason]} ({row.note}). Leave it out."
        findings.insert(0, Finding(name, "name", sentence, refuses=True, blocks=False))
        # That it is too good needs no further explanation.
        findings = [Finding(one.column, one.check, one.sentence, one.refuses, blocks=False) for one in findings]
    return findings


def _explained(finding: Finding, row: NamedColumn) -> Finding:
    """A row of `leak_columns` answers what numbers ask; that a value lies in the future or names the row it cannot answer."""
    if finding.check in ("future_dates", "identifier"):
        return finding
    sentence = f"{finding.sentence} Explained in leak_columns: {row.note}."
    return Finding(finding.column, finding.check, sentence, refuses=False, blocks=False)


def _future_dates(name: str, counts: OutcomeCounts, index_days: IntArray | None, context: _Context) -> Finding | None:
    if counts.kind != "date" or index_days is None:
        return None
    number = np.append(counts.numbers, np.nan)[counts.code]
    comparable = ~np.isnan(number) & (index_days != NO_DATE)
    late = int((number[comparable] >= index_days[comparable]).sum())
    if not late:
        return None
    share = late / int(comparable.sum())
    seen = f"'{name}' holds dates on or after the index date in {late:,} of {int(comparable.sum()):,} rows"
    if share > context.parameters.leak_future_date_share:
        sentence = f"{seen}: it was written later than the day for which rows are to be known. Leave it out."
        return Finding(name, "future_dates", sentence, refuses=True, blocks=False)
    sentence = f"{seen}: look whether these are typing errors."
    return Finding(name, "future_dates", sentence, refuses=False, blocks=True)


def _identifier(name: str, counts: OutcomeCounts, context: _Context) -> Finding | None:
    distinct, filled = len(counts.texts), counts.filled
    what = "text"
    if counts.kind == "list":
        items = [item for text in counts.texts for item in items_of(text)]
        distinct, filled = len(set(items)), len(items)
    if counts.kind == "date" or filled < _MIN_ROWS_OF_TEXT_IDS:
        return None
    if distinct < context.parameters.leak_distinct_share * filled:
        return None
    if counts.kind == "number":
        if not counts.is_whole or filled < _MIN_ROWS_OF_NUMBER_IDS or not _is_dealt_out(name, counts):
            return None
        what = "whole number"
    best = max(_length(counts), _order(counts), key=lambda one: one.auc)
    by_order = (
        f" Its length or order alone tells the outcomes apart (AUC {best.auc:.2f})."
        if best.auc > 0.6 and best.chance <= context.level
        else ""
    )
    sentence = (
        f"'{name}' is a {what} that differs in {distinct:,} of {filled:,} filled rows: it names the row and says nothing about "
        f"the next one.{by_order} Leave it out."
    )
    return Finding(name, "identifier", sentence, refuses=True, blocks=False)


def _is_dealt_out(name: str, counts: OutcomeCounts) -> bool:
    """Whether different whole numbers are numbered through, all of one great length, or called a number or id."""
    numbers = counts.numbers[~np.isnan(counts.numbers)]
    lengths = {len(text) for text in counts.texts}
    if numbers.min() >= 0 and len(lengths) == 1 and min(lengths) >= _ID_DIGITS:
        return True
    is_narrow = float(numbers.max() - numbers.min()) <= _MAX_RANGE_PER_ROW * counts.filled
    return is_narrow or _ID_NAME.fullmatch(fold_name(name)) is not None


def _copy(name: str, counts: OutcomeCounts, context: _Context) -> Finding | None:
    values = list(zip(counts.positives.tolist(), counts.negatives.tolist(), strict=True))
    if len(values) != 2 or counts.filled < len(counts.code):
        return None
    is_copy = any(one[1] == 0 and other[0] == 0 for one, other in (values, values[::-1]))
    if not is_copy or chance_of_copy(context.positives, context.negatives) > context.level:
        return None
    first, second = (f"'{_short(text)}'" for text in counts.texts)
    sentence = f"'{name}' is the outcome in other words: {first} and {second} fall on it exactly. Leave it out."
    return Finding(name, "copy", sentence, refuses=True, blocks=False)


def _filled(name: str, counts: OutcomeCounts, context: _Context) -> Finding | None:
    """Whether that a cell is filled in tells the outcome."""
    if not sum(counts.missing):
        return None
    with_outcome, without = context.positives - counts.missing[0], context.negatives - counts.missing[1]
    shares = with_outcome / context.positives, without / context.negatives
    gap, ratio = abs(shares[0] - shares[1]), min(shares) / max(shares)
    only_one = ratio <= context.parameters.leak_one_outcome_ratio
    alone = 0.5 + gap / 2 > context.parameters.leak_single_feature_auc
    if not (only_one or alone or gap >= context.parameters.leak_fill_gap):
        return None
    if chance_of_fill(with_outcome, context.positives, without, context.negatives) > context.level:
        return None
    verb = "holds a date in" if counts.kind == "date" else "is filled in"
    seen = f"'{name}' {verb} {shares[0]:.1%} of the rows with the outcome and in {shares[1]:.1%} of those without"
    if only_one or alone:
        sentence = f"{seen}: it exists because of the outcome. Leave it out."
        return Finding(name, "one_outcome", sentence, refuses=True, blocks=False)
    sentence = f"{seen}: if it is filled in while selling, leave it out; else add a row 'explained' to leak_columns."
    return Finding(name, "missingness", sentence, refuses=False, blocks=True)


def _single_feature(name: str, counts: OutcomeCounts, context: _Context) -> Finding | None:
    tests: list[tuple[str, Separation]] = []
    if counts.kind in ("number", "date"):
        tests.append(("the value alone", _order(counts)))
    else:
        tests += [("its length alone", _length(counts)), ("its order alone", _order(counts))]
    if counts.kind == "list":
        tests.append(_best_item(counts, context))
    else:
        tests.append(("the rate of each value alone", _rates(counts)))
    limit = context.parameters.leak_single_feature_auc
    found = [(one.auc, how) for how, one in tests if one.auc > limit and one.chance <= context.level]
    if not found:
        return None
    auc, how = max(found)
    sentence = (
        f"'{name}' is too good: {how} tells the outcomes apart with an AUC of {auc:.3f}, above {limit:.2f}. Leave it out; if it "
        "was surely known before, add a row 'explained' to leak_columns."
    )
    return Finding(name, "single_feature", sentence, refuses=True, blocks=True)


def _order(counts: OutcomeCounts) -> Separation:
    """By rising value; text by its letters, or by length first, as numbered names are."""
    if counts.kind in ("number", "date"):
        return _separation_in_order(counts, counts.numbers)
    by_length = _grouped(counts, np.lexsort((np.arange(len(counts.texts)), _lengths(counts.texts))))
    return max(separation(counts.positives, counts.negatives), separation(*by_length), key=lambda one: one.auc)


def _length(counts: OutcomeCounts) -> Separation:
    return _separation_in_order(counts, _lengths(counts.texts).astype(np.float64))


def _rates(counts: OutcomeCounts) -> Separation:
    """By the rates of texts, or of quantile bins of numbers; an empty cell is a value."""
    positives, negatives = counts.positives, counts.negatives
    if counts.kind in ("number", "date"):
        known = ~np.isnan(counts.numbers)
        bins = quantile_bins(counts.numbers[known], (positives + negatives)[known], QUANTILES)
        size = int(bins.max(initial=-1)) + 1
        positives = np.bincount(bins, positives[known], size).astype(np.int64)
        negatives = np.bincount(bins, negatives[known], size).astype(np.int64)
    return separation_by_rates(np.append(positives, counts.missing[0]), np.append(negatives, counts.missing[1]))


def quantile_bins(numbers: FloatArray, rows: IntArray, count: int) -> IntArray:
    """(k,) bin 0..count-1 of each distinct number so that bins hold about equally many rows; a frequent number is not divided."""
    order = np.argsort(numbers, kind="stable")
    ends = np.cumsum(rows[order])
    bins = np.empty(len(numbers), dtype=np.int64)
    bins[order] = ((ends - rows[order] / 2) * count / max(int(rows.sum()), 1)).astype(np.int64)
    return bins


def _best_item(counts: OutcomeCounts, context: _Context) -> tuple[str, Separation]:
    """The item of a list whose presence alone tells most."""
    with_item: dict[str, list[int]] = {}
    for text, positive, negative in zip(
        counts.texts, counts.positives.tolist(), counts.negatives.tolist(), strict=True
    ):
        for item in items_of(text):
            seen = with_item.setdefault(item, [0, 0])
            seen[0] += positive
            seen[1] += negative
    best, name = NO_SEPARATION, ""
    for item in sorted(with_item):
        positive, negative = with_item[item]
        one = separation(
            np.array([context.positives - positive, positive]), np.array([context.negatives - negative, negative])
        )
        if one.auc > best.auc:
            best, name = Separation(one.auc, min(1.0, one.chance * len(with_item))), item
    return f"whether '{_short(name)}' is in it", best


def _separation_in_order(counts: OutcomeCounts, values: FloatArray) -> Separation:
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return NO_SEPARATION
    order = known[np.argsort(values[known], kind="stable")]
    _, starts = np.unique(values[order], return_index=True)
    return separation(
        np.add.reduceat(counts.positives[order], starts), np.add.reduceat(counts.negatives[order], starts)
    )


def _grouped(counts: OutcomeCounts, order: IntArray) -> tuple[IntArray, IntArray]:
    return counts.positives[order], counts.negatives[order]


def _lengths(texts: list[str]) -> IntArray:
    return np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts))


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
