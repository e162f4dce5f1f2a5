"""Closing a delivery day: strays are recorded, no later file counts on it."""

from collections.abc import Iterator
from datetime import date

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


def summary_of(entries: list[FileEntry], first: date, last: date) -> dict[str, int]:
    """Count what became of the files that were booked from `first` to `last`, or not at all."""
    booked = [e for e in entries if e.delivered_on and first <= e.delivered_on <= last]
    taken = [entry for entry in booked if entry.status == "ingested"]
    return {
        "files": len(taken),
        "records": sum(entry.records_in or 0 for entry in taken),
        "rows": sum(entry.row_count for entry in taken),
        "quarantined": sum(entry.quarantined for entry in taken),
        "repeats": sum(entry.status == "repeat" for entry in booked),
        "refused": sum(entry.status == "refused" for entry in entries),
        "held": sum(entry.status == "held" for entry in entries),
    }


def build(settings: Settings, days: dg.PartitionsDefinition[str]) -> dg.Definitions:
    """Build the step that closes days after all feeds passed their checks."""
    feeds = load_feeds(settings.contracts).values()
    spec = dg.AssetSpec(
        DELIVERY_DAYS,
        deps=[key_of_feed(feed.system, feed.name) for feed in feeds],
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
                spec.replace_attributes(key=key, description=text, group_name="assurance")
                for key, text in derived.items()
            ),
        ],
        partitions_def=days,
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
        summary = summary_of(read_manifest(now), first, as_of)
        yield dg.MaterializeResult(
            asset_key=DELIVERY_DAYS, metadata={**summary, "strays": len(strays)}
        )
        yield dg.MaterializeResult(asset_key=FILES)
        yield dg.MaterializeResult(asset_key=QUARANTINE)

    return dg.Definitions(assets=[close_delivery_days])
