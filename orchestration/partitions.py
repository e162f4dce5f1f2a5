"""One partition is one delivery day: what the operator's systems delivered on it.

What belongs here: which days exist, and how a run says which days it covers. A run over several
days covers them in order, in one pass; its last day is the `as_of` of everything downstream.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

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
    single = tags.get(PARTITION_NAME_TAG)
    first = tags.get(ASSET_PARTITION_RANGE_START_TAG, single)
    last = tags.get(ASSET_PARTITION_RANGE_END_TAG, single)
    if first is None or last is None:
        raise NoDayError(
            "this run names no delivery day: choose a partition (or a range), or use "
            "`python -m orchestration.pipeline`"
        )
    return date.fromisoformat(first), date.fromisoformat(last)
