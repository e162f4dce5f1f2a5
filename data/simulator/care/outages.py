"""Outages per month, area and technology, and the reports on them that the network delivers."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from data.simulator.knobs import TIME_ZONE, Knobs
from data.simulator.model import Area, Catalog, Outage
from data.simulator.randomness import stream

# voice and data of mobile fail apart from each other
MOBILE = ("GSM", "GPRS_LTE")
# expected outages a month and technology in the middle of a city and far from it
_URBAN, _RURAL = 0.34, 0.66
# a mobile customer meets two of these, so each is rarer
_MOBILE_SHARE = 0.5
# of hours: most outages last from half an hour to some hours
_MEDIAN_HOURS, _SIGMA, _SHORTEST, _LONGEST = 2.6, 0.8, 0.5, 10.0
# a few last for days: from the third calendar day on they earn consumers a credit
_LONG_SHARE, _LONG_DAYS = 0.03, (3.0, 6.0)
_SEVERITIES = ("complete", "partial", "degraded")
_SEVERITY_SHARES = {False: (0.55, 0.25, 0.20), True: (0.85, 0.10, 0.05)}
_CAUSES = ("equipment", "power", "cable_cut", "software", "planned_work", "force_majeure")
_CAUSE_SHARES = {
    False: (0.30, 0.20, 0.12, 0.20, 0.14, 0.04),
    True: (0.35, 0.05, 0.42, 0.03, 0.00, 0.15),
}
# planned work is done at night
_WORK_FROM_HOUR, _WORK_HOURS = 1, (0.75, 4.0)
# reports come in by day; at night the first one waits for somebody to notice
_FIRST_REPORT_MINUTES = (4, 75)


def outages_of_month(knobs: Knobs, catalog: Catalog, month_on: date) -> list[Outage]:
    """Return the outages that begin in a local month; none before the world begins."""
    if month_on < knobs.start_on:
        return []
    rng = stream(knobs.seed, "outages", month_on)
    following = (month_on + timedelta(days=32)).replace(day=1)
    days = (following - month_on).days
    outages = []
    for area in catalog.areas:
        rate = _rate(area, catalog)
        for technology in (*MOBILE, *(name for name in area.technologies if name not in MOBILE)):
            share = _MOBILE_SHARE if technology in MOBILE else 1.0
            for number in range(int(rng.poisson(rate * share))):
                key = f"OUT-{month_on:%y%m}-{area.area_id}-{technology}-{number + 1}"
                outages.append(_outage(rng, key, area, technology, (month_on, days)))
    return sorted(outages, key=lambda outage: (outage.started_at, outage.outage_id))


def _rate(area: Area, catalog: Catalog) -> float:
    """Return how often things fail here: the smaller the place, the older the plant."""
    largest = max(other.weight for other in catalog.areas)
    size = min(1.0, area.weight / largest)
    return _RURAL - (_RURAL - _URBAN) * math.sqrt(size)


def _outage(
    rng: np.random.Generator, key: str, area: Area, technology: str, month: tuple[date, int]
) -> Outage:
    month_on, days = month
    is_long = bool(rng.random() < _LONG_SHARE)
    severity = str(rng.choice(_SEVERITIES, p=_SEVERITY_SHARES[is_long]))
    cause = str(rng.choice(_CAUSES, p=_CAUSE_SHARES[is_long]))
    day = month_on + timedelta(days=int(rng.integers(days)))
    hour = float(rng.uniform(0, 24))
    hours = float(np.clip(rng.lognormal(np.log(_MEDIAN_HOURS), _SIGMA), _SHORTEST, _LONGEST))
    if is_long:
        hours = 24 * float(rng.uniform(*_LONG_DAYS))
    elif cause == "planned_work":
        hour = _WORK_FROM_HOUR + hour / 12
        hours = float(np.clip(hours, *_WORK_HOURS))
    start = _utc(day, round(hour * 3600))
    end = start + timedelta(seconds=round(hours * 3600))
    return Outage(key, area.area_id, technology, severity, cause, start, end)


def _utc(day: date, second: int) -> datetime:
    wall = datetime(day.year, day.month, day.day, tzinfo=TIME_ZONE) + timedelta(seconds=second)
    return wall.astimezone(UTC).replace(tzinfo=None)


def outage_rows(outages: Iterable[Outage]) -> list[tuple[date, dict[str, Any]]]:
    """Return the rows of network/outages with the local day on which each is delivered.

    The cause is often found out only by the end. Credits count from the first report of a
    customer, which somebody makes unless the work was announced or the outage was short.
    """
    rows = []
    for outage in outages:
        rows.append(_row(outage, 1, "opened", outage.started_at))
        reported_at = first_report_at(outage)
        if reported_at is not None:
            rows.append(_row(outage, 2, "reported", reported_at))
        rows.append(_row(outage, 3, "closed", outage.ended_at))
    return rows


def first_report_at(outage: Outage) -> datetime | None:
    """Return when a customer first reported an outage; None when nobody did."""
    if outage.cause == "planned_work":
        return None
    low, high = _FIRST_REPORT_MINUTES
    minutes = low + (high - low) * _share_of(outage.outage_id)
    at = outage.started_at + timedelta(seconds=round(minutes * 60))
    local = at.replace(tzinfo=UTC).astimezone(TIME_ZONE)
    if local.hour < 6:
        at = _utc(local.date(), round(6 * 3600 + minutes * 60))
    return at if at < outage.ended_at else None


def _share_of(key: str) -> float:
    """Return a number in [0, 1) that follows from a key: reports need no memory."""
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / float(1 << 64)


def _row(outage: Outage, number: int, event_kind: str, at: datetime) -> tuple[date, dict[str, Any]]:
    is_known = event_kind == "closed" or outage.cause in ("planned_work", "force_majeure")
    row = {
        "outage_event_id": f"{outage.outage_id}-{number}",
        "outage_id": outage.outage_id,
        "area_id": outage.area_id,
        "access_technology": outage.access_technology,
        "event_kind": event_kind,
        "severity": outage.severity,
        "cause": outage.cause if is_known else None,
        "occurred_at": at,
    }
    return at.replace(tzinfo=UTC).astimezone(TIME_ZONE).date(), row
