"""Blocking checks of every feed: nothing is built on rows that do not add up or are too old."""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from orchestration.contracts import Feed, load_feeds
from orchestration.defs.policy import POOL, key_of_feed
from orchestration.ingest import read_manifest
from orchestration.ingest.checks import (
    Accounting,
    Freshness,
    check_accounting,
    check_freshness,
    waived_days,
)
from orchestration.partitions import days_to_ingest
from orchestration.settings import Settings

ACCOUNTING = "every_record_is_a_row_or_quarantined_or_blank"
FRESHNESS = "is_not_older_than_its_contract_allows"


def _accounted(feed: Feed, found: Accounting) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=not found.problems,
        asset_key=key_of_feed(feed.system, feed.name),
        check_name=ACCOUNTING,
        description="; ".join(found.problems[:5]) or None,
        metadata={
            "files": found.files,
            "records_in": found.records_in,
            "rows": found.row_count,
            "quarantined": found.quarantined,
            "blank": found.blank,
        },
    )


def _fresh(feed: Feed, found: Freshness, as_of: date) -> dg.AssetCheckResult:
    wrong = (
        f"last delivered on {found.last_on}, {found.age_days} days before {as_of}; the contract "
        f"allows {found.max_age_days}. Deliver the missing days, or waive them in "
        "operations/delivery_waivers."
    )
    return dg.AssetCheckResult(
        passed=not found.is_stale,
        asset_key=key_of_feed(feed.system, feed.name),
        check_name=FRESHNESS,
        description=wrong if found.is_stale else None,
        metadata={
            "last_delivered_on": str(found.last_on or "never"),
            "maximum_age_days": str(found.max_age_days or "none"),
            "waived": found.is_waived,
        },
    )


def specs_of(feed: Feed) -> list[dg.AssetCheckSpec]:
    """Declare the checks of one feed; freshness only where the contract names a maximum age."""
    key = key_of_feed(feed.system, feed.name)
    specs = [
        dg.AssetCheckSpec(
            ACCOUNTING,
            asset=key,
            blocking=True,
            description="Per file: records_in = rows + quarantined + blank, in the manifest and in "
            "the Parquet files themselves.",
        )
    ]
    if feed.max_age_days is not None:
        specs.append(
            dg.AssetCheckSpec(
                FRESHNESS,
                asset=key,
                blocking=True,
                description=f"The newest delivery, or waived day, is at most {feed.max_age_days} "
                "days older than the day of the run. A feed that never came is not stale.",
            )
        )
    return specs


def build(settings: Settings) -> dg.Definitions:
    """Build one step with the checks of all feeds; it reads the manifest once."""
    feeds = load_feeds(settings.contracts)
    specs = [spec for feed in feeds.values() for spec in specs_of(feed)]

    @dg.multi_asset_check(
        name="feed_checks",
        specs=specs,
        can_subset=True,
        pool=POOL,
        required_resource_keys={"settings", "data_folder"},
    )
    def feed_checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        now: Settings = context.resources.settings
        first, as_of = days_to_ingest(now, context.run.tags)
        entries = read_manifest(now)
        waived = waived_days(now, entries, as_of)
        wanted = context.selected_asset_check_keys
        for feed in feeds.values():
            mine = [entry for entry in entries if entry.feed_id == feed.id]
            key = key_of_feed(feed.system, feed.name)
            if dg.AssetCheckKey(key, ACCOUNTING) in wanted:
                yield _accounted(feed, check_accounting(now, mine, first, as_of))
            if dg.AssetCheckKey(key, FRESHNESS) in wanted:
                found = check_freshness(feed, mine, waived.get(feed.id, ()), as_of)
                yield _fresh(feed, found, as_of)

    return dg.Definitions(asset_checks=[feed_checks])
