"""Assets of layer `scoring`: fit, intent, engagement, composite, tiers, with reasons, one set of rows per night."""

from collections.abc import Iterator

import dagster as dg

from orchestration.resources import NightlyRun, Warehouse
from orchestration.score_night import FEATURES_RULE, MARTS, RULES, score_night

_DESCRIPTIONS = {
    "fit_scores": "How well each account matches the ideal customer profile, 0 to 100.",
    "intent_scores": "How surely each account researches our topics more than it usually does, 0 to 100.",
    "engagement_scores": "How much the people of each account do with us, 0 to 100.",
    "composite_scores": "The three scores in one, 0 to 100: a weighted sum of log-odds.",
    "score_reasons": "Why each score is what it is, in points that add up to it, in English and Japanese.",
    "fit_shadow_scores": "What fit models that are not in force would say.",
    "reference_population": "The frozen population of each quarter that scores are ranked in.",
    "feature_reference": "The frozen counts of each quarter that drift of scores and attributes is measured against.",
    "tiers": "Each account's tier, with hysteresis, and why it is there.",
}


@dg.multi_asset(
    name="scores",
    specs=[
        dg.AssetSpec(
            ["scoring", name],
            deps=[
                *(dg.AssetKey(["marts", mart]) for mart in MARTS),
                *(dg.AssetKey(["rules", rule]) for rule in (*RULES, FEATURES_RULE)),
            ],
            description=description,
            group_name="scoring",
            owners=["team:revops"],
            kinds={"python", "duckdb"},
        )
        for name, description in _DESCRIPTIONS.items()
    ],
)
def scores(
    context: dg.AssetExecutionContext, nightly_run: NightlyRun, warehouse: Warehouse
) -> Iterator[dg.MaterializeResult]:
    """Score every account of the CRM as of the night; a night that is run again replaces its own rows only."""
    with warehouse.connect() as connection:
        night, new_features = score_night(connection, nightly_run.as_of)
    for note in night.notes:
        context.log.info(note)
    for name in _DESCRIPTIONS:
        rows = {"reference_population": night.new_reference, "feature_reference": new_features}.get(name)
        rows = night.tables[name] if rows is None else rows
        yield dg.MaterializeResult(
            asset_key=["scoring", name],
            metadata={
                "dagster/row_count": len(rows),
                **({f"fact/{k}": v for k, v in night.facts.items()} if name == "tiers" else {}),
            },
        )
