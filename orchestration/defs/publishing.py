"""The last asset: what readers open. It waits for every public mart and thereby for every check."""

from collections.abc import Iterable

import dagster as dg

from orchestration.built import Built, code_digest, write_built
from orchestration.defs.closing import DELIVERY_DAYS
from orchestration.defs.policy import OWNERS, POOL, Publisher
from orchestration.partitions import days_to_build
from orchestration.settings import Settings
from orchestration.stopwatch import Stopwatch

BUILD = dg.AssetKey(["published", "build"])


def build(marts: Iterable[dg.AssetKey]) -> dg.Definitions:
    """Build the asset that publishes; `marts` are the keys of the public marts."""

    @dg.asset(
        key=BUILD,
        deps=[DELIVERY_DAYS, *marts],
        group_name="shared",
        owners=OWNERS,
        kinds={"duckdb", "parquet"},
        tags={"layer": "published"},
        description="One row per published build: read-only files that passed every blocking "
        "check. Readers open the build that CURRENT names.",
        pool=POOL,
        required_resource_keys={"settings", "data_folder", "publish", "stopwatch"},
    )
    def published_build(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        settings: Settings = context.resources.settings
        publish: Publisher = context.resources.publish
        watch: Stopwatch = context.resources.stopwatch
        _, as_of = days_to_build(settings, context.run.tags)
        with watch.measure("publish"):
            digest = code_digest(settings)
            result = publish(settings, as_of, {"code": digest})
        write_built(settings, Built(result.build, as_of, digest))
        return dg.MaterializeResult(
            metadata={
                "build": result.build,
                "as_of": as_of.isoformat(),
                "path": dg.MetadataValue.path(str(result.path)),
                "is_new": result.is_new,
                "tables": len(result.tables),
                "dagster/row_count": sum(result.tables.values()),
                "rows_by_table": dg.MetadataValue.json(dict(result.tables)),
            }
        )

    return dg.Definitions(assets=[published_build])
