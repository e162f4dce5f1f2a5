"""One partition is one delivery day: what the operator's systems delivered on it.

What belongs here: which days exist, and how a run says which days it covers. A run over several
days covers them in order, in one pass; its last day is the `as_of` of everything downstream. Only
the closing of days is partitioned: a feed, a model and a build are one thing as known on a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from orchestration.ingest import plan, read_processed_through
from orchestration.settings import Settings


class NoDayError(ValueError):
    """A run was started without saying which delivery day it covers."""


def operator_day(settings: Settings, now: datetime) -> date:
    """Return the day that it is for the operator at an instant."""
    return now.astimezone(ZoneInfo(settings.time_zone)).date()


def _as_day(folder: Path) -> date | None:
    try:
        return date.fromisoformat(folder.name)
    except ValueError:
        return None


def last_landed_day(settings: Settings, today: date) -> date | None:
    """Return the newest delivery folder that ingest would accept, if it lies after `today`."""
    limit = today + timedelta(days=settings.max_days_ahead)
    days = (_as_day(folder) for folder in settings.landing.glob("*/*/*"))
    return max((day for day in days if day and today < day <= limit), default=None)


def delivery_days(settings: Settings) -> dg.DailyPartitionsDefinition:
    """Every day from the first delivery to today, or to the newest folder that lies ahead."""
    today = operator_day(settings, datetime.now(ZoneInfo(settings.time_zone)))
    ahead = last_landed_day(settings, today) or today
    return dg.DailyPartitionsDefinition(
        start_date=settings.first_delivery_on,
        timezone=settings.time_zone,
        # without an offset the newest partition is yesterday's
        end_offset=1 + (ahead - today).days,
    )


def tags_of_days(first: date, last: date) -> dict[str, str]:
    """Tags that make one run cover the delivery days from `first` to `last`."""
    return {
        ASSET_PARTITION_RANGE_START_TAG: first.isoformat(),
        ASSET_PARTITION_RANGE_END_TAG: last.isoformat(),
    }


def days_of_tags(tags: Mapping[str, str]) -> tuple[date, date]:
    """Return the first and the last delivery day of a run."""
    days = _named(tags)
    if days is None:
        raise NoDayError(
            "this run names no delivery day: choose a partition (or a range), or use "
            "`python -m orchestration.pipeline`"
        )
    return days


def days_to_ingest(settings: Settings, tags: Mapping[str, str]) -> tuple[date, date]:
    """Return the days of a run; without any (one feed by a click), the open days that are over."""
    named = _named(tags)
    if named is not None:
        return named
    today = operator_day(settings, datetime.now(UTC))
    found = plan(settings)
    if found.as_of is not None and found.as_of >= today:
        found = plan(settings, today - timedelta(days=1))
    if found.as_of is None:
        raise NoDayError("nothing was delivered yet")
    return (found.days[0] if found.days else found.as_of), found.as_of


def days_to_build(
    settings: Settings, tags: Mapping[str, str], built_on: date | None = None
) -> tuple[date, date]:
    """Return the days of a run; without any (one model by a click), those closed since a build."""
    named = _named(tags)
    if named is not None:
        return named
    closed = read_processed_through(settings)
    if closed is None:
        raise NoDayError("no delivery day is closed yet: `make pipeline` first")
    return (min(built_on + timedelta(days=1), closed) if built_on else closed), closed


def _named(tags: Mapping[str, str]) -> tuple[date, date] | None:
    single = tags.get(PARTITION_NAME_TAG)
    first = tags.get(ASSET_PARTITION_RANGE_START_TAG, single)
    last = tags.get(ASSET_PARTITION_RANGE_END_TAG, single)
    if first is None or last is None:
        return None
    return date.fromisoformat(first), date.fromisoformat(last)
