"""Every dbt seed and model as an asset, its data tests as asset checks."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, DbtProject, dbt_assets

from orchestration.dbt_manifest import dbt_project
from orchestration.resources import NightlyRun, Warehouse

_IDENTITY_SOURCES = "source.abm360.identity."
_LAST_OF_IDENTITY = dg.AssetKey(["identity", "account_hierarchy"])


class LayerTranslator(DagsterDbtTranslator):
    """Asset keys are `[schema, name]` for seeds as for models: a layer's folder, schema and key prefix are one word."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """`[schema, name]`; a source says its own key in `config.meta.dagster.asset_key`."""
        if dbt_resource_props["resource_type"] in ("seed", "model"):
            return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["alias"]])
        return super().get_asset_key(dbt_resource_props)

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """Rules are loaded behind `raw/loads`: the run begins there, and what ran before it would not count for the night.

        What reads a table of Python matching waits for all of them, as dbt would be started once more for what needs less.
        """
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = manifest["nodes"].get(unique_id, {})
        if node.get("resource_type") == "seed":
            return spec.merge_attributes(deps=[dg.AssetKey(["raw", "loads"])])
        parents = node.get("depends_on", {}).get("nodes", ())
        if any(parent.startswith(_IDENTITY_SOURCES) for parent in parents):
            named = {dep.asset_key for dep in spec.deps}
            return spec.merge_attributes(deps=[] if _LAST_OF_IDENTITY in named else [_LAST_OF_IDENTITY])
        return spec


def build_dbt_models(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """One definition over the whole dbt project; Dagster runs it in as many steps as Python stands between models."""

    @dbt_assets(manifest=manifest, project=dbt_project(), name="dbt_models", dagster_dbt_translator=LayerTranslator())
    def dbt_models(
        context: dg.AssetExecutionContext, dbt: DbtCliResource, nightly_run: NightlyRun, warehouse: Warehouse
    ) -> Iterator[Any]:
        # A test waits for the step that builds the last of its models.
        arguments = ["build", "--indirect-selection", "buildable", "--vars", json.dumps(nightly_run.dbt_vars)]
        # Unit tests ask whether the SQL is right, which no night changes; they took a third of it. `make test` runs them.
        arguments += ["--exclude-resource-type", "unit_test"]
        yield from dbt.cli(arguments, context=context).stream()

    return dbt_models
