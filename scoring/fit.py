"""Fit: how well an account matches the ideal customer profile, 0-100 on a scale where +10 points double the odds."""

from __future__ import annotations

import datetime as dt
import re
from itertools import pairwise

import numpy as np
import pandas as pd

from scoring import reference as reference_population
from scoring.inputs import Accounts, BoolArray, FloatArray, IntArray, dates, day, floats, read_accounts
from scoring.parameters import Parameters
from scoring.reasons import ReasonBlock, assemble, same_text
from scoring.recalibration import POINTS_PER_DOUBLING, recalibrate, worked_cohort
from scoring.results import COLUMNS, ScoreResult, repeated, text_where
from scoring.rules import RuleError, RuleTable, folded

OPERATORS = ("between", "equals", "in", "has_technology", "missing")
MISSING_REASON = "no attribute of the ideal customer profile is known"
NOTHING_KNOWN = ("Nothing is known about this company yet", "この企業の属性情報がまだありません")


def score(
    account_360: pd.DataFrame,
    icp_criteria: pd.DataFrame,
    parameters: Parameters,
    as_of: dt.date,
    reference: pd.DataFrame | None = None,
) -> ScoreResult:
    """Fit points, share and probability of every account, with reasons.

    Parameters
    ----------
    account_360 : one row per account: account_id, first_worked_date, first_won_date, is_customer and every attribute that
        `icp_criteria` names
    icp_criteria : rows criterion, attribute, operator, value_min, value_max, value_text, points, label_en, label_ja.
        `between` is value_min <= x < value_max with an open end where empty; `in` and `equals` compare folded text, `|`
        separates alternatives; `has_technology` looks for any of the `|` alternatives in a `|` list, `*` standing for any
        text around whole words; `missing` gives points where the attribute is unknown (0 without such a row)
    reference : rows of one reference version; without rows for fit, today's accounts are the population

    Returns
    -------
    scores: fit_points = clip(base + sum of points, 0, 100), null when no attribute is known; fit_share 0-1;
    fit_probability 0-1, null until enough outcomes have matured; method 'rules'. reasons: base, one row per matching or
    unknown criterion, cap.

    Raises
    ------
    RuleError
        If a criterion cannot be evaluated or two rows of one criterion could match the same value.
    InputError
        If a column is missing.

    Notes
    -----
    Points are log-odds in steps of ln 2 / 10. The logistic line of `recalibration` turns them into a probability.
    """
    rules = read_criteria(icp_criteria)
    accounts = read_accounts(
        account_360, sorted({"first_worked_date", "first_won_date", "is_customer", *rules.attributes})
    )
    matches, is_missing = rules.evaluate(accounts)
    is_known = ~np.logical_and.reduce([is_missing[name] for name in rules.attributes])

    total = np.zeros(len(accounts))
    for at, is_match in enumerate(matches):
        total += np.where(is_match, rules.points[at], 0.0)
    above_base = np.where(is_known, total, np.nan)
    unclipped = parameters.fit_base_points + above_base
    points = np.clip(unclipped, 0, 100)

    cohort = worked_cohort(accounts.rows, as_of, parameters.fit_horizon_days)
    line, outcome_note = recalibrate(above_base, cohort, parameters)
    facts = {"fit_worked_matured_accounts": float(cohort.member_count), "fit_wins": float(cohort.win_count)}
    probability = np.full(len(accounts), np.nan)
    if line is not None:
        log_odds = line.intercept + line.slope * np.log(2.0) / POINTS_PER_DOUBLING * above_base
        probability = 1 / (1 + np.exp(-log_odds))
        facts |= {"fit_intercept": line.intercept, "fit_slope": line.slope}

    grid = reference if reference is not None and (reference["score"] == "fit").any() else None
    if grid is None:
        grid = reference_population.freeze({"fit": points}, as_of)
    scores = pd.DataFrame(
        {
            "account_id": accounts.ids,
            "fit_probability": probability,
            "fit_points": points,
            "fit_share": reference_population.share(points, grid, "fit"),
            "method": repeated("rules", len(accounts)),
            "missing_reason": text_where(~is_known, MISSING_REASON),
            "as_of_date": dates(np.full(len(accounts), day(as_of))),
        }
    )[list(COLUMNS["fit_scores"])]
    blocks = _reasons(rules, matches, is_missing, is_known, parameters.fit_base_points, points - unclipped)
    return ScoreResult(scores, assemble("fit", accounts.ids, blocks, as_of), (outcome_note,), facts)


def read_criteria(rows: pd.DataFrame) -> Criteria:
    """Checked criteria from the rows of `icp_criteria`."""
    return Criteria(rows)


class Criteria:
    """Checked ICP criteria in order of their key."""

    def __init__(self, rows: pd.DataFrame) -> None:
        table = RuleTable(
            "icp_criteria",
            rows.assign(
                **{column: rows[column].map(_plain) for column in ("value_min", "value_max") if column in rows.columns}
            ),
            ["criterion", "attribute", "operator", "value_min", "value_max", "value_text"],
            ["points", "label_en", "label_ja"],
        )
        if not len(table):
            raise RuleError(table.file, "2", "criterion", "the file has no rows", "at least one criterion")
        self.table = table
        self.criteria = table.texts("criterion")
        self.row_attributes = table.texts("attribute")
        self.operators = table.texts("operator", allowed=OPERATORS)
        self.points = table.numbers("points", -100, 100, unit="points, +10 doubles the odds")
        self.lows = table.numbers("value_min", -np.inf, np.inf, required=False)
        self.highs = table.numbers("value_max", -np.inf, np.inf, required=False)
        self.values = [
            [part for part in map(folded, text.split("|")) if part]
            for text in table.texts("value_text", required=False)
        ]
        self.labels = list(zip(table.texts("label_en"), table.texts("label_ja"), strict=True))
        self.attributes = sorted(set(self.row_attributes))
        self._check()

    def _check(self) -> None:
        attribute_of: dict[str, str] = {}
        for at, operator in enumerate(self.operators):
            name = self.criteria[at]
            if attribute_of.setdefault(name, self.row_attributes[at]) != self.row_attributes[at]:
                raise self.table.fail(
                    at, "attribute", f"one attribute per criterion, '{attribute_of[name]}' for '{name}'"
                )
            if operator == "between":
                if np.isnan(self.lows[at]) and np.isnan(self.highs[at]):
                    raise self.table.fail(at, "value_min", "a lower or an upper end for 'between'")
                if self.lows[at] >= self.highs[at]:
                    raise self.table.fail(at, "value_max", f"a number above value_min ({self.lows[at]:g})")
            elif operator != "missing" and not self.values[at]:
                raise self.table.fail(at, "value_text", f"values separated by | for '{operator}'")
        for name in sorted(set(self.criteria)):
            self._check_no_overlap([at for at, criterion in enumerate(self.criteria) if criterion == name])

    def _check_no_overlap(self, positions: list[int]) -> None:
        bands = sorted(
            (
                -np.inf if np.isnan(self.lows[at]) else self.lows[at],
                np.inf if np.isnan(self.highs[at]) else self.highs[at],
                at,
            )
            for at in positions
            if self.operators[at] == "between"
        )
        for (_, end, _), (begin, _, at) in pairwise(bands):
            if begin < end:
                raise self.table.fail(at, "value_min", f"{end:g} or more, the end of the band below")
        seen: set[str] = set()
        for at in positions:
            if self.operators[at] in ("in", "equals"):
                for value in self.values[at]:
                    if value in seen:
                        raise self.table.fail(at, "value_text", f"each value once per criterion; '{value}' is repeated")
                    seen.add(value)

    def evaluate(self, accounts: Accounts) -> tuple[list[BoolArray], dict[str, BoolArray]]:
        """Which accounts match each row, and which lack each attribute."""
        numbers: dict[str, FloatArray] = {}
        texts: dict[str, tuple[IntArray, list[str]]] = {}
        is_missing: dict[str, BoolArray] = {}
        for name in self.attributes:
            operators = {self.operators[at] for at in range(len(self.table)) if self.row_attributes[at] == name}
            if "between" in operators:
                numbers[name] = floats(accounts.rows, name)
                is_missing[name] = np.isnan(numbers[name])
            else:
                texts[name] = _folded_codes(accounts.rows[name])
                is_missing[name] = texts[name][0] < 0
        matches: list[BoolArray] = []
        for at, operator in enumerate(self.operators):
            name = self.row_attributes[at]
            if operator == "missing":
                matches.append(is_missing[name])
            elif operator == "between":
                low = -np.inf if np.isnan(self.lows[at]) else self.lows[at]
                high = np.inf if np.isnan(self.highs[at]) else self.highs[at]
                matches.append((numbers[name] >= low) & (numbers[name] < high))
            else:
                if name in numbers:
                    raise self.table.fail(
                        at, "operator", f"'between' or 'missing': '{name}' is compared as a number elsewhere"
                    )
                position, values = texts[name]
                matched = _has_any(values, self.values[at], is_list=operator == "has_technology")
                matches.append(np.append(matched, False)[position])
        return matches, is_missing


def _plain(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    return f"{value:.15g}" if isinstance(value, (int, float)) else str(value)


def _folded_codes(values: pd.Series) -> tuple[IntArray, list[str]]:
    """Position of each value among the distinct folded texts, -1 where null or blank."""
    raw_code, raw = pd.factorize(values.astype("str"))
    distinct = [folded(text) for text in raw]
    names = sorted({text for text in distinct if text})
    place = {text: at for at, text in enumerate(names)}
    by_raw = np.array([place.get(text, -1) for text in distinct] + [-1], dtype=np.int64)
    return by_raw[raw_code], names


def _has_any(values: list[str], wanted: list[str], *, is_list: bool) -> BoolArray:
    """Whether each text is (or, for a `|` list, has an item that is) one of the wanted."""
    if not is_list:
        return np.isin(np.array(values, dtype=object), wanted) if values else np.zeros(0, dtype=np.bool_)
    pattern = re.compile(rf"(?:^|\|)\s*(?:{'|'.join(map(_item_pattern, wanted))})\s*(?:\||$)")
    return np.fromiter((pattern.search(text) is not None for text in values), dtype=np.bool_, count=len(values))


def _item_pattern(text: str) -> str:
    """Pattern of one list item: `*` is any text, but a word beside it stays whole (`*sso*` is not in `crossover`)."""
    parts = [re.escape(part) for part in text.split("*")]
    for at, part in enumerate(parts):
        before = r"(?<!\w)" if at > 0 and re.match(r"\w", part) else ""
        after = r"(?!\w)" if at < len(parts) - 1 and re.search(r"\w$", part) else ""
        parts[at] = before + part + after
    return "[^|]*".join(parts)


def _reasons(
    rules: Criteria,
    matches: list[BoolArray],
    is_missing: dict[str, BoolArray],
    is_known: BoolArray,
    base: float,
    capped: FloatArray,
) -> list[ReasonBlock]:
    everyone = np.flatnonzero(is_known)
    nobody = np.flatnonzero(~is_known)
    blocks = [
        same_text(
            everyone, np.full(len(everyone), base), "base", "Starting point: an average account", "出発点：平均的な企業"
        ),
        same_text(nobody, np.zeros(len(nobody)), "missing", *NOTHING_KNOWN),
    ]
    labelled = {rules.row_attributes[at] for at, name in enumerate(rules.operators) if name == "missing"}
    for at, is_match in enumerate(matches):
        english, japanese = rules.labels[at]
        rows = np.flatnonzero(is_match & is_known)
        # A single zero-point band ("reference level") is no news, an unknown attribute is.
        if rules.operators[at] == "missing":
            reason = f"missing:{rules.row_attributes[at]}" if rules.points[at] == 0 else f"fit:{rules.criteria[at]}"
        elif rules.points[at] == 0:
            continue
        else:
            reason = f"fit:{rules.criteria[at]}"
        blocks.append(same_text(rows, np.full(len(rows), rules.points[at]), reason, english, japanese))
    for name in sorted(set(rules.attributes) - labelled):
        rows = np.flatnonzero(is_missing[name] & is_known)
        words = name.replace("_", " ")
        blocks.append(same_text(rows, np.zeros(len(rows)), f"missing:{name}", f"Unknown: {words}", f"不明：{words}"))
    limited = np.flatnonzero(is_known & (capped != 0))
    blocks.append(same_text(limited, capped[limited], "cap", "Limited to the scale of 0 to 100", "0〜100の範囲に調整"))
    return blocks
