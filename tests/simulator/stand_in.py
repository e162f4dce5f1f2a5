"""A tiny catalog and lines of its own for the tests of traffic: no people, no life, no care."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from data.simulator.knobs import Knobs
from data.simulator.landing import Landing
from data.simulator.model import (
    LINES_SCHEMA,
    Area,
    Catalog,
    Delivery,
    Destination,
    Offer,
    Outage,
    VisitedNetwork,
)
from data.simulator.traffic import Ledger, top_ups_of_day, traffic_of_day
from orchestration.settings import REPOSITORY

CONTRACTS = REPOSITORY / "data" / "contracts"
_SOURCES = (
    ("MEDIATION", "usage_records", ".*", "Europe/Berlin", "served_number", ""),
    ("PBX-HH", "asterisk", "^pbx-hh", "Europe/Berlin", "accountcode", "from-internal"),
    ("PBX-MUC", "asterisk", "^pbx-muc", "UTC", "accountcode", "from-internal"),
    ("SIP", "freeswitch", ".*", "Europe/Berlin", "accountcode", "public"),
    ("NAS", "radius", ".*", "Europe/Berlin", "user_name", ""),
)


def _source(
    source_id: str, feed: str, pattern: str, zone: str, by: str, out: str
) -> dict[str, Any]:
    return {
        "usage_source_id": source_id,
        "feed_name": feed,
        "file_pattern": pattern,
        "time_zone": zone,
        "country_code": "49",
        "trunk_prefix": "0",
        "international_prefix": "00",
        "served_by": by,
        "originating_context": out,
        "terminating_context": {"from-internal": "from-trunk", "public": "carrier"}.get(out),
        "minimum_number_digits": 6,
        "valid_from_on": date(2016, 1, 1),
        "op": "upsert",
        "recorded_at": datetime(2025, 12, 31),
    }


def catalog() -> Catalog:
    """Return a catalog with just what traffic asks for."""
    return Catalog(
        deliveries=(
            Delivery(
                "catalog/usage_sources",
                date(2026, 1, 1),
                tuple(_source(*source) for source in _SOURCES),
            ),
        ),
        offers=(
            Offer(
                "P1",
                "Plan",
                "base_plan",
                "mobile",
                "postpaid",
                None,
                None,
                "T1",
                Decimal(10),
                1,
                1,
                "month",
                None,
                1.0,
            ),
        ),
        areas=(
            Area("A0", "Hamburg", "Hamburg", "40", ("FIBRE",), 0.6),
            Area("A1", "Husum", "Schleswig-Holstein", "4841", ("DSL",), 0.4),
        ),
        destinations=(
            Destination("+49171", 7, "mobile", "DE", 3),
            Destination("+49301", 6, "geographic", "DE", 2),
            Destination("+493301", 6, "geographic", "DE", 1),
            Destination("+49180", 7, "service", "DE", 1),
            Destination("11833", 0, "short_code", "", 1),
            Destination("+431", 7, "international", "AT", 3),
            Destination("+90212", 7, "international", "TR", 2),
        ),
        visited_networks=(
            VisitedNetwork("23201", "AT", "43", 3.0),
            VisitedNetwork("28601", "TR", "90", 1.0),
        ),
        price_changes=(),
        own_blocks=(("+4917604", 7, "mobile", ""),),
        cycles={},
        legal_entity_id="NLT",
        holidays={date(2026, 1, 1): "New Year", date(2026, 1, 6): "Epiphany"},
        retention_discounts=(),
        campaigns=(),
        credit_classes=(),
        usage_sources={source[0]: source[1] for source in _SOURCES},
    )


# (share, network, rating, source, technology, voice, sms, data, bytes)
_KINDS = (
    (0.35, "mobile", "prepaid", "usage_records", "GSM", 0.6, 0.3, 1.1, 1.2e8),
    (0.40, "mobile", "postpaid", "usage_records", "GSM", 1.1, 0.4, 2.0, 2.5e8),
    (0.12, "fixed", "postpaid", "usage_records", "PSTN", 0.9, 0.0, 0.0, 0.0),
    (0.08, "fixed", "postpaid", "radius", "FIBRE", 0.0, 0.0, 0.9, 9e9),
    (0.03, "fixed", "postpaid", "asterisk", "FIBRE", 6.0, 0.0, 0.0, 0.0),
    (0.02, "fixed", "postpaid", "freeswitch", "FIBRE", 6.0, 0.0, 0.0, 0.0),
)


def lines(count: int, seed: int = 1) -> pl.DataFrame:
    """Return one line for each of `count` subscriptions, kinds in fixed shares."""
    rng = np.random.default_rng(seed)
    kind = np.searchsorted(np.cumsum([item[0] for item in _KINDS])[:-1], rng.random(count))
    columns = list(zip(*(_KINDS[index] for index in kind), strict=True))
    index = np.arange(count)
    source = list(columns[3])
    number = [f"+4917604{n:07d}" for n in index]
    key = [
        {"asterisk": f"pbx{n:07d}-1", "radius": f"u{n:07d}@example.net"}.get(by, shown)
        for n, by, shown in zip(index, source, number, strict=True)
    ]
    return pl.DataFrame(
        {
            "subscription_id": [f"S{n:07d}" for n in index],
            "subscription_index": index,
            "customer_kind": np.where(rng.random(count) < 0.2, "company", "individual").tolist(),
            "network_type": list(columns[1]),
            "rating_type": list(columns[2]),
            "access_technology": list(columns[4]),
            "area_id": [f"A{n % 2}" for n in index],
            "source": source,
            "served_key": key,
            "service_number": [
                None if by == "radius" else shown for by, shown in zip(source, number, strict=True)
            ],
            "from_at": [datetime(2024, 5, 1)] * count,
            "to_at": [None] * count,
            "friends_of": index // 8,
            "voice_per_day": list(columns[5]),
            "sms_per_day": list(columns[6]),
            "data_per_day": list(columns[7]),
            "bytes_per_session": list(columns[8]),
            "international_share": [0.05] * count,
            "on_net_share": [0.3] * count,
            "roaming_per_day": [0.004 if name == "mobile" else 0.0 for name in columns[1]],
            "drop_share": [0.01] * count,
            "fade_from_on": [None] * count,
        },
        schema_overrides=LINES_SCHEMA,
    ).select(LINES_SCHEMA.keys())


def deliver(
    data: Path,
    knobs: Knobs,
    first: date,
    last: date,
    *,
    frame: pl.DataFrame | None = None,
    ledger: Ledger | None = None,
    outages: tuple[Outage, ...] = (),
) -> Ledger:
    """Deliver the days from `first` to `last` and return what traffic remembers."""
    book = ledger or Ledger.restore({})
    held = lines(knobs.subscribers) if frame is None else frame
    landing, sold = Landing(data / "landing", CONTRACTS), catalog()
    day = first
    while day <= last:
        traffic_of_day(knobs, sold, day, held, list(outages), landing, book)
        top_ups_of_day(knobs, sold, day, held, landing)
        day += timedelta(days=1)
    return book
