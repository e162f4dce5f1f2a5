"""Corrections of reference data: rows delivered again with the same key and validity, changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from data.simulator.catalog.rows import Row
from data.simulator.knobs import Knobs

# stands for the version of the tariff T-MOB that is in force when the world begins
_NEWEST = "newest T-MOB"
# days after the first, feed, what identifies the row, what was wrong
_CORRECTIONS: tuple[tuple[int, str, dict[str, str], dict[str, str]], ...] = (
    (
        17,
        "catalog/zone_prefixes",
        {"zone_plan_id": "DE", "visited_prefix": "home", "number_prefix": "+38343"},
        {"zone_id": "EUR-FIX"},
    ),
    (
        33,
        "catalog/usage_rates",
        {"tariff_version_id": _NEWEST, "zone_id": "EUR-MOB"},
        {"price": "0.4400"},
    ),
    (
        52,
        "catalog/dunning_ladders",
        {"ladder_id": "BUSINESS", "step": "3"},
        {"fee_amount": "2.00"},
    ),
    (76, "catalog/allowances", {"allowance_id": "MOB-S-25-DATA"}, {"name": "8 GB Highspeed"}),
)


def corrections(
    knobs: Knobs, initial: Mapping[str, Sequence[Row]]
) -> tuple[list[tuple[str, date, Row]], list[Mapping[str, Any]]]:
    """Return the corrected rows that this world gets to see, and what truth says of them.

    Raises LookupError when a correction fits no row of the first day.
    """
    rows: list[tuple[str, date, Row]] = []
    truth: list[Mapping[str, Any]] = []
    newest = max(
        (row["valid_from_on"], row["tariff_version_id"])
        for row in initial["catalog/tariff_versions"]
        if row["tariff_id"] == "T-MOB" and row["valid_from_on"] <= knobs.start_on
    )[1]
    for days, feed, found, change in _CORRECTIONS:
        day = knobs.start_on + timedelta(days=days)
        if day > knobs.last_on:
            continue
        key = {name: newest if value == _NEWEST else value for name, value in found.items()}
        fits = [
            row
            for row in initial[feed]
            if all(str(row[name]) == value for name, value in key.items())
        ]
        if len(fits) != 1:
            raise LookupError(f"{len(fits)} rows of {feed} fit {key}")
        rows.append((feed, day, {**fits[0], **change}))
        truth.append(
            {
                "delivered_on": day,
                "kind": "corrected_reference",
                "feed": feed,
                "key": "/".join(key.values()),
                "detail": ", ".join(
                    f"{name}: {fits[0][name]} -> {value}" for name, value in change.items()
                ),
            }
        )
    return rows, truth
