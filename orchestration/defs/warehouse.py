"""Every dbt model is an asset and every dbt test a check of one; dbt runs inside this process.

The whole project is one step: dbt orders its models and skips what depends on a red test, and the
warehouse is opened once. What dbt says per node becomes one event per asset and check and run: a
model holds all days as known on one, so its partitions would all be the same table.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets
from dagster_dbt.asset_utils import DAGSTER_DBT_UNIQUE_ID_METADATA_KEY as UNIQUE_ID

from orchestration.built import code_digest, read_built
from orchestration.contracts import load_feeds
from orchestration.dbt_results import DbtError, DbtResult, NodeResult
from orchestration.defs.policy import OWNERS, POOL, DbtRunner
from orchestration.partitions import days_to_build
from orchestration.settings import Settings
from orchestration.stopwatch import Stopwatch
from orchestration.warehouse import register_raw

Manifest = Mapping[str, Any]
Event = dg.MaterializeResult[None] | dg.AssetCheckResult

_BUILT = ("success",)
_TESTED = {"pass": True, "warn": False, "fail": False, "error": False}


class Translator(DagsterDbtTranslator):
    """Groups are domains, as in every other layer; descriptions are the documented ones only."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Return the domain that the model names, else the folder below its layer."""
        meta = dbt_resource_props.get("config", {}).get("meta", {})
        return str(meta.get("domain") or dbt_resource_props["fqn"][2])

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Return the description, without the SQL that Dagster would add."""
        return str(dbt_resource_props.get("description") or "")

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """Return who is called when the asset is red."""
        return OWNERS

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        """Add the layer to the tags of the model."""
        layer = dbt_resource_props["fqn"][1]
        return {**super().get_tags(dbt_resource_props), "layer": layer}


def public_marts(manifest: Manifest) -> list[dg.AssetKey]:
    """Return the keys of the models that people read."""
    translator = Translator()
    return [
        translator.get_asset_key(node)
        for _, node in sorted(manifest["nodes"].items())
        if node["resource_type"] == "model" and node["config"].get("access") == "public"
    ]


def _by_id(specs: Any) -> dict[str, Any]:
    return {str(spec.metadata[UNIQUE_ID]): spec.key for spec in specs}


def command_for(
    manifest: Manifest, models: Mapping[str, dg.AssetKey], context: dg.AssetExecutionContext
) -> list[str]:
    """Return the dbt command for what was selected; all of it needs no selection."""
    if not context.is_subset:
        return ["build"]
    names = sorted(
        manifest["nodes"][unique_id]["name"]
        for unique_id, key in models.items()
        if key in context.selected_asset_keys
    )
    names += sorted(
        key.name
        for key in context.selected_asset_check_keys
        if key.asset_key not in context.selected_asset_keys
    )
    return ["build", "--select", *names]


def _built(node: NodeResult, key: dg.AssetKey) -> dg.MaterializeResult[None]:
    metadata: dict[str, Any] = {"seconds": round(node.seconds, 3)}
    if node.rows is not None:
        metadata["dagster/row_count"] = node.rows
    return dg.MaterializeResult(asset_key=key, metadata=metadata)


def _tested(node: NodeResult, key: dg.AssetCheckKey) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=_TESTED[node.status],
        asset_key=key.asset_key,
        check_name=key.name,
        severity=(
            dg.AssetCheckSeverity.WARN if node.status == "warn" else dg.AssetCheckSeverity.ERROR
        ),
        description=node.message or None,
        metadata={"seconds": round(node.seconds, 3), "failures": node.failures or 0},
    )


def events_of(
    result: DbtResult,
    models: Mapping[str, dg.AssetKey],
    tests: Mapping[str, dg.AssetCheckKey],
    context: dg.AssetExecutionContext,
) -> Iterator[Event]:
    """Turn what dbt said of each node into the events of assets, then those of checks."""
    for node in result.nodes:
        if node.status in _BUILT and models.get(node.unique_id) in context.selected_asset_keys:
            yield _built(node, models[node.unique_id])
    for node in result.nodes:
        key = tests.get(node.unique_id)
        if key in context.selected_asset_check_keys and node.status in _TESTED:
            yield _tested(node, tests[node.unique_id])


def build(manifest: Manifest) -> dg.Definitions:
    """Build the assets and checks of the dbt project that `manifest` describes."""

    @dbt_assets(
        manifest=manifest,
        name="dbt_build",
        dagster_dbt_translator=Translator(),
        pool=POOL,
        required_resource_keys={"settings", "data_folder", "run_dbt", "stopwatch"},
    )
    def dbt_build(context: dg.AssetExecutionContext) -> Iterator[Event]:
        now: Settings = context.resources.settings
        run_dbt: DbtRunner = context.resources.run_dbt
        watch: Stopwatch = context.resources.stopwatch
        built = read_built(now)
        first, as_of = days_to_build(now, context.run.tags, built.as_of if built else None)
        if built is not None and as_of < built.as_of:
            raise dg.Failure(
                f"the warehouse stands at {built.as_of} and moves forward only: it cannot be "
                f"rebuilt as of {as_of}. Build an earlier day into another data folder."
            )
        models = _by_id(context.assets_def.specs)
        tests = _by_id(context.assets_def.check_specs)
        # what a green build of the same code has tested need not be read again
        is_same_code = built is not None and built.code_digest == code_digest(now)
        tested_from = min(first, as_of) if is_same_code else None
        command = command_for(manifest, models, context)
        error: DbtError | None = None
        with watch.measure("dbt"):
            register_raw(now, load_feeds(now.contracts).values())
            try:
                result = run_dbt(now, command, as_of, tested_from=tested_from)
            except DbtError as failure:
                result, error = failure.result, failure
        yield from events_of(result, models, tests, context)
        if error is not None:
            raise dg.Failure(str(error), allow_retries=False)

    return dg.Definitions(assets=[dbt_build])
