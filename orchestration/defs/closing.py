"""Closing a delivery day: strays are recorded, no later file counts on it."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import dagster as dg

from orchestration.alerts import Alert, raise_alert
from orchestration.contracts import load_feeds
from orchestration.defs.policy import OWNERS, POOL, RETRY, SINGLE_RUN, key_of_feed
from orchestration.ingest import FileEntry, close_days, plan, read_manifest, refuse_strays
from orchestration.partitions import days_of_tags
from orchestration.settings import Settings

DELIVERY_DAYS = dg.AssetKey(["raw", "delivery_days"])
FILES = dg.AssetKey(["raw", "ingest", "files"])
QUARANTINE = dg.AssetKey(["raw", "ingest", "quarantine"])


def alert_of_missed_days(settings: Settings, as_of: date) -> Alert | None:
    """Return the alarm for days that had no run of their own, when a run catches up on them."""
    # the first run of a house has no yesterday that it could have missed
    found = plan(settings, as_of)
    if found.processed_through is None or len(found.days) < 2:
        return None
    missed = [day.isoformat() for day in found.days[:-1]]
    return Alert(
        kind="days_missed",
        subject=f"{missed[0]}_{missed[-1]}",
        message=f"Delivery days without a run of their own: {len(missed)}. They were processed "
        f"together with {as_of}, in order.",
        details={"missed_days": missed, "processed_with": as_of.isoformat()},
    )


def summaries_of(
    entries: Iterable[FileEntry], first: date, last: date
) -> dict[date, dict[str, int]]:
    """Count what became of the files of each day: by booking, or by folder when not booked."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    names = ("files", "records", "rows", "quarantined", "repeats", "refused", "held")
    found = {day: dict.fromkeys(names, 0) for day in days}
    for entry in entries:
        seen = found.get(entry.delivered_on or entry.folder_on or date.min)
        if seen is None:
            continue
        if entry.status == "ingested":
            seen["files"] += 1
            seen["records"] += entry.records_in or 0
            seen["rows"] += entry.row_count
            seen["quarantined"] += entry.quarantined
        else:
            seen["repeats" if entry.status == "repeat" else entry.status] += 1
    return found


def build(settings: Settings, days: dg.PartitionsDefinition[str]) -> dg.Definitions:
    """Build the step that closes days after all feeds passed their checks."""
    feeds = load_feeds(settings.contracts).values()
    spec = dg.AssetSpec(
        DELIVERY_DAYS,
        deps=[key_of_feed(feed.system, feed.name) for feed in feeds],
        partitions_def=days,
        group_name="shared",
        owners=OWNERS,
        kinds={"parquet"},
        tags={"layer": "raw"},
        description="One row per delivery day that is closed: no later file is booked on it.",
    )
    derived = {
        FILES: "One row per delivered file: what became of it, and why.",
        QUARANTINE: "One row per record that broke its contract, with the reason and its text.",
    }

    @dg.multi_asset(
        name="close_delivery_days",
        specs=[
            spec,
            *(
                spec.replace_attributes(
                    key=key, description=text, group_name="assurance", partitions_def=None
                )
                for key, text in derived.items()
            ),
        ],
        backfill_policy=SINGLE_RUN,
        retry_policy=RETRY,
        pool=POOL,
        required_resource_keys={"settings", "data_folder"},
    )
    def close_delivery_days(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult[None]]:
        now: Settings = context.resources.settings
        first, as_of = days_of_tags(context.run.tags)
        alert = alert_of_missed_days(now, as_of)
        strays = refuse_strays(now)
        close_days(now, as_of)
        if alert is not None:
            raise_alert(now, alert)
            context.log.warning(alert.message)
        by_day = summaries_of(read_manifest(now), first, as_of)
        for day, summary in by_day.items():
            context.add_asset_metadata(summary, DELIVERY_DAYS, partition_key=day.isoformat())
        yield dg.MaterializeResult(asset_key=DELIVERY_DAYS, metadata={"strays": len(strays)})
        yield dg.MaterializeResult(asset_key=FILES)
        yield dg.MaterializeResult(asset_key=QUARANTINE)

    return dg.Definitions(assets=[close_delivery_days])
