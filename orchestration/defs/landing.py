"""One asset per feed, made from its contract: from landing to validated rows in raw."""

from typing import Any

import dagster as dg

from orchestration.contracts import Feed, load_feeds
from orchestration.defs.policy import OWNERS, POOL, RETRY, key_of_feed
from orchestration.ingest import FeedResult, ingest_feed
from orchestration.partitions import days_to_ingest
from orchestration.settings import Settings
from orchestration.stopwatch import Stopwatch

# the file names in a run's metadata are for a glance; the manifest has all of them
_MOST_NAMES = 20
_MOST_DAYS = 400


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


def _by_day(result: FeedResult) -> list[dg.TableRecord]:
    """Count what was taken by the day on which it is booked, the newest days."""
    taken = [e for e in result.entries if e.status == "ingested" and e.delivered_on]
    days = sorted({entry.delivered_on.isoformat() for entry in taken if entry.delivered_on})
    counts = {day: {"files": 0, "rows": 0, "quarantined": 0} for day in days[-_MOST_DAYS:]}
    for entry in taken:
        if seen := counts.get(str(entry.delivered_on)):
            seen["files"] += 1
            seen["rows"] += entry.row_count
            seen["quarantined"] += entry.quarantined
    return [dg.TableRecord({"day": day, **seen}) for day, seen in counts.items()]


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
    by_day = _by_day(result)
    if by_day:
        shown["by_day"] = dg.MetadataValue.table(by_day)
    if result.refused or result.held:
        shown["why"] = dg.MetadataValue.md(_refused(result))
    return shown


def asset_of(feed: Feed) -> dg.AssetsDefinition:
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
        retry_policy=RETRY,
        pool=POOL,
        required_resource_keys={"settings", "data_folder", "stopwatch"},
    )
    def ingest(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        settings: Settings = context.resources.settings
        _, as_of = days_to_ingest(settings, context.run.tags)
        watch: Stopwatch = context.resources.stopwatch
        with watch.measure("ingest"):
            result = ingest_feed(settings, feed, as_of)
        return dg.MaterializeResult(metadata=metadata_of(result))

    return ingest


def build(settings: Settings) -> dg.Definitions:
    """Build one asset per contract below `settings.contracts`."""
    feeds = load_feeds(settings.contracts).values()
    return dg.Definitions(assets=[asset_of(feed) for feed in feeds])
