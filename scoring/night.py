"""One night of scoring: from the marts and rules of a day to every table of schema `scoring`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from scoring import composite, engagement, fit, intent, tiers
from scoring import reference as reference_population
from scoring.criteria import read_criteria
from scoring.exposure import ExposureCalendar
from scoring.fit_model import FitModel
from scoring.inputs import floats
from scoring.parameters import Parameters, read_parameters
from scoring.results import COLUMNS
from scoring.rungs import RULES


@dataclass(frozen=True)
class Marts:
    """Tables of schema `marts` as of the day."""

    account_360: pd.DataFrame
    fct_intent_days: pd.DataFrame
    fct_vendor_surge: pd.DataFrame
    fct_touch_days: pd.DataFrame


@dataclass(frozen=True)
class Rules:
    """Tables of schema `rules` that scoring reads."""

    icp_criteria: pd.DataFrame
    intent_topics: pd.DataFrame
    scoring_parameters: pd.DataFrame
    exposure_calendar: pd.DataFrame
    touch_types: pd.DataFrame
    role_weights: pd.DataFrame
    tiers: pd.DataFrame


@dataclass(frozen=True)
class Night:
    """What a night leaves behind.

    Attributes
    ----------
    tables : fit_scores, fit_shadow_scores, intent_scores, engagement_scores, composite_scores, score_reasons, tiers: the rows
        of this day
    new_reference : rows to append to reference_population; empty when the quarter's population is already frozen
    notes : sentences for the run log
    facts : fitted numbers by name
    """

    tables: Mapping[str, pd.DataFrame]
    new_reference: pd.DataFrame
    notes: tuple[str, ...]
    facts: Mapping[str, float]


def score(
    marts: Marts,
    rules: Rules,
    as_of: dt.date,
    tier_history: pd.DataFrame | None = None,
    reference_history: pd.DataFrame | None = None,
    champion: FitModel | None = None,
    challengers: Mapping[str, FitModel] = MappingProxyType({}),
) -> Night:
    """Every score table of one day.

    Parameters
    ----------
    tier_history : rows of scoring.tiers; only the latest day before `as_of` is used, so a night can be run again
    reference_history : rows of scoring.reference_population; only the quarter of `as_of`, frozen on or before it, is used
    champion : the fit model in force, None for the rules alone
    challengers : version -> model that scores in shadow

    Raises
    ------
    RuleError
        Before anything is computed, if a rule cannot be used.
    InputError
        If a table lacks a column or holds impossible values.
    """
    parameters = read_parameters(rules.scoring_parameters)
    check(rules)
    method = fit.method_of(champion)
    reference = reference_population.in_force(reference_history, as_of, method)
    by_fit = fit.score(marts.account_360, rules.icp_criteria, parameters, as_of, reference, champion)
    by_intent = intent.score(
        marts.account_360,
        marts.fct_intent_days,
        marts.fct_vendor_surge,
        rules.intent_topics,
        rules.exposure_calendar,
        parameters,
        as_of,
    )
    by_engagement = engagement.score(
        marts.account_360, marts.fct_touch_days, rules.touch_types, rules.role_weights, parameters, as_of
    )
    values = {
        "fit": floats(by_fit.scores, "fit_points"),
        "intent": floats(by_intent.scores, "intent_score"),
        "engagement": floats(by_engagement.scores, "engagement_score"),
    }
    frozen = set(reference["score"]) if reference is not None else set()
    # A source that joins in mid-quarter gets its population on its first day; what is frozen stays.
    added = pd.concat(
        [
            reference_population.freeze(
                {name: values[name] for name in names if name not in frozen},
                as_of,
                reference_population.version_of(as_of, by),
            )
            for names, by in ((("fit",), method), (("intent", "engagement"), RULES))
        ],
        ignore_index=True,
    )
    known = (
        added if reference is None else pd.concat([reference, added], ignore_index=True) if len(added) else reference
    )
    by_all = composite.score(by_fit.scores, by_intent.scores, by_engagement.scores, known, parameters, as_of)
    by_tier = tiers.score(by_all.scores, marts.account_360, tier_history, rules.tiers, parameters, as_of)
    results = (by_all, by_engagement, by_fit, by_intent)
    facts: dict[str, float] = {}
    for result in (*results, by_tier):
        facts |= result.facts
    return Night(
        tables={
            "fit_scores": by_fit.scores,
            "fit_shadow_scores": _shadow(marts.account_360, rules, parameters, as_of, challengers),
            "intent_scores": by_intent.scores,
            "engagement_scores": by_engagement.scores,
            "composite_scores": by_all.scores,
            "score_reasons": pd.concat([result.reasons for result in results], ignore_index=True),
            "tiers": by_tier.scores,
        },
        new_reference=added,
        notes=(*by_fit.notes, *by_intent.notes, *by_engagement.notes),
        facts=facts,
    )


def _shadow(
    account_360: pd.DataFrame,
    rules: Rules,
    parameters: Parameters,
    as_of: dt.date,
    challengers: Mapping[str, FitModel],
) -> pd.DataFrame:
    """What the models that are not in force would say."""
    parts = []
    for version, model in sorted(challengers.items()):
        found = fit.score(account_360, rules.icp_criteria, parameters, as_of, None, model).scores
        parts.append(found[["account_id", "fit_probability", "fit_points", "as_of_date"]].assign(model_version=version))
    columns = list(COLUMNS["fit_shadow_scores"])
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def check(rules: Rules) -> None:
    """Read every rule table once.

    Raises
    ------
    RuleError
        On the first row that cannot be used, naming file, row, column and what is expected.
    """
    read_parameters(rules.scoring_parameters)
    read_criteria(rules.icp_criteria)
    intent.read_topics(rules.intent_topics)
    ExposureCalendar(rules.exposure_calendar)
    engagement.read_touch_types(rules.touch_types)
    engagement.read_roles(rules.role_weights)
    tiers.read_tier_rules(rules.tiers)
