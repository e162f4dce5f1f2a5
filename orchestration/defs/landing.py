"""One asset per feed, made from its contract: from landing to validated rows in raw."""

from typing import Any

import dagster as dg

from orchestration.contracts import Feed, load_feeds
from orchestration.defs.policy import OWNERS, POOL, RETRY, SINGLE_RUN, key_of_feed
from orchestration.ingest import FeedResult, ingest_feed
from orchestration.partitions import days_of_tags
from orchestration.settings import Settings
from orchestration.stopwatch import Stopwatch

# the file names in a run's metadata are for a glance; the manifest has all of them
_MOST_NAMES = 20


def _described(feed: Feed) -> str:
    return "\n\n".join(text for text in (feed.grain, feed.description) if text)


def _columns(feed: Feed) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                column.physical_type,
                description=column.description,
                constraints=dg.TableColumnConstraints(nullable=not column.required),
            )
            for column in feed.columns
        ]
    )


def _refused(result: FeedResult) -> str:
    lines = [
        f"- `{entry.file}`: {entry.status} ({entry.reason_code}) {entry.message or ''}"
        for entry in result.entries
        if entry.status in ("refused", "held")
    ]
    more = [f"- and {len(lines) - _MOST_NAMES} more"] if len(lines) > _MOST_NAMES else []
    return "\n".join(lines[:_MOST_NAMES] + more)


def metadata_of(result: FeedResult) -> dict[str, Any]:
    """Return what a run shows about one feed."""
    shown: dict[str, Any] = {
        "files": result.files,
        "records": result.records,
        "dagster/row_count": result.row_count,
        "quarantined": result.quarantined,
        "repeats": result.repeats,
        "refused": result.refused,
        "held": result.held,
    }
    if result.refused or result.held:
        shown["why"] = dg.MetadataValue.md(_refused(result))
    return shown


def asset_of(feed: Feed, days: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Build the asset of one feed."""

    @dg.asset(
        key=key_of_feed(feed.system, feed.name),
        group_name=feed.domain,
        description=_described(feed),
        owners=OWNERS,
        kinds={"parquet", *(file_format.name.replace(".", "") for file_format in feed.formats)},
        tags={"layer": "raw", "system": feed.system, "frequency": feed.frequency},
        metadata={
            "contract_version": feed.version,
            "key": ", ".join(feed.key),
            "dagster/column_schema": _columns(feed),
        },
        code_version=feed.digest[:12],
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        retry_policy=RETRY,
        pool=POOL,
        required_resource_keys={"settings", "data_folder", "stopwatch"},
    )
    def ingest(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        _, as_of = days_of_tags(context.run.tags)
        settings: Settings = context.resources.settings
        watch: Stopwatch = context.resources.stopwatch
        with watch.measure("ingest"):
            result = ingest_feed(settings, feed, as_of)
        return dg.MaterializeResult(metadata=metadata_of(result))

    return ingest


def build(settings: Settings, days: dg.PartitionsDefinition[str]) -> dg.Definitions:
    """Build one asset per contract below `settings.contracts`."""
    feeds = load_feeds(settings.contracts).values()
    return dg.Definitions(assets=[asset_of(feed, days) for feed in feeds])
