"""Explains a usage: tariff version, matched prefix, band, blocks, allowance, file and record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

QUERY = (Path(__file__).parent / "usage.sql").read_text(encoding="utf-8")
_WAITS = """
    select reason_code, suspended_on, resolved_on, _file, _record
    from marts.fct_usage_suspense
    where usage_id = $usage_id
    order by suspended_on
"""
_TIERS = """
    select tiers.*
    from intermediate.int_catalog__price_tiers as tiers
    where tiers.price_key in (
        select rated.price_key from marts.fct_rated_usage as rated where rated.usage_id = $usage_id
    )
    order by tiers.price_key, tiers.tier_number
"""


@dataclass(frozen=True)
class Taken:
    """Units that an allowance instance gave; `used_before` and `used_after` count its units."""

    instance_id: str
    units: int
    capacity: int | None
    used_before: int
    used_after: int


@dataclass
class UsageSegment:
    """A segment of a rated usage: the columns of usage.sql, its tiers, what allowances gave."""

    facts: dict[str, Any]
    tiers: list[dict[str, Any]]
    taken: list[Taken] = field(default_factory=list)


@dataclass
class UsageStory:
    """All that is known of a usage id; both lists are empty when nothing is."""

    usage_id: str
    segments: list[UsageSegment]
    waits: list[dict[str, Any]]


def _rows(connection: duckdb.DuckDBPyConnection, query: str, usage_id: str) -> list[dict[str, Any]]:
    found = connection.execute(query, {"usage_id": usage_id})
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def explain_usage(connection: duckdb.DuckDBPyConnection, usage_id: str) -> UsageStory:
    """Walk from a usage to its record; source are the tables of the last build.

    Raises duckdb.Error when the warehouse was never built.
    """
    tiers: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for tier in _rows(connection, _TIERS, usage_id):
        tiers[tier["price_key"]].append(tier)
    segments: dict[tuple[str, int, int], UsageSegment] = {}
    for row in _rows(connection, QUERY, usage_id):
        key = (row["_file"], row["_record"], row["segment_number"])
        segment = segments.setdefault(key, UsageSegment(row, tiers[row["price_key"]]))
        if row["instance_id"] is not None:
            segment.taken.append(
                Taken(
                    row["instance_id"],
                    row["taken_units"],
                    row["capacity"],
                    int(row["used_before"]),
                    int(row["used_after"]),
                )
            )
    return UsageStory(usage_id, [*segments.values()], _rows(connection, _WAITS, usage_id))


def tell_usage(story: UsageStory) -> str:
    """Set a story as text for a person."""
    if not story.segments and not story.waits:
        return f"Nothing is known of usage {story.usage_id}."
    lines = [f"Usage {story.usage_id}"]
    if story.segments:
        lines += _head(story.segments)
        for segment in story.segments:
            lines += _told(segment)
        amounts = [segment.facts["amount"] for segment in story.segments]
        lines.append(f"  total {sum(amounts)} {story.segments[0].facts['currency']}")
    for wait in story.waits:
        until = f"until {wait['resolved_on']}" if wait["resolved_on"] else "and still waits"
        lines.append(f"  waited for {wait['reason_code']} from {wait['suspended_on']} {until}")
        lines.append(f"    record: line {wait['_record']} of {wait['_file']}")
    return "\n".join(lines)


def _head(segments: Sequence[UsageSegment]) -> list[str]:
    facts = segments[0].facts
    other = facts["other_number"] or "no number"
    abroad = f" in network {facts['visited_network']}" if facts["visited_network"] else ""
    late = ", late for its bill period" if facts["is_late"] else ""
    return [
        f"  {facts['usage_type']}, {facts['direction']}, {facts['served_key']} and {other}{abroad}",
        f"  subscription {facts['subscription_id']}, account {facts['account_id']}",
        f"  delivered on {facts['delivered_on']}, rated on {facts['rated_on']}{late}",
        f"  record: line {facts['_record']} of {facts['_file']}",
    ]


def _told(segment: UsageSegment) -> list[str]:
    facts = segment.facts
    visited = "" if facts["visited_prefix"] in (None, "home") else f"{facts['visited_prefix']} / "
    band = f", band {facts['time_band']}" if facts["time_band"] else ""
    blocks = f"{facts['first_block_units']}/{facts['increment_units']}"
    lines = [
        f"  segment {facts['segment_number']}: {facts['quantity']} {facts['unit']} "
        f"from {facts['started_at']} UTC",
        f"    tariff version {facts['tariff_version_id']} of {facts['tariff_id']} "
        f"(plan {facts['product_offering_id']})",
        f"    zone {facts['zone_id']} by {visited}{facts['number_prefix']} "
        f"of {facts['zone_plan_id']}{band}",
        f"    price {facts['usage_rate_id']}: {facts['price_model']}, "
        f"{_unit_price(facts)}, blocks {blocks}",
    ]
    if len(segment.tiers) > 1:
        lines += [f"      from {tier['from_units']}: {_unit_price(tier)}" for tier in segment.tiers]
    if facts["units_before"] is not None:
        lines.append(f"    units of the month before it: {facts['units_before']}")
    for taken in segment.taken:
        capacity = "no limit" if taken.capacity is None else f"{taken.capacity}"
        lines.append(
            f"    allowance {taken.instance_id}: {taken.units} units, "
            f"used {taken.used_before} before and {taken.used_after} after, of {capacity}"
        )
    paid = "priced with the period" if facts["priced_by"] == "period" else f"{facts['amount']}"
    fee = (
        f", connect fee {facts['connect_fee_amount']} in it" if facts["connect_fee_amount"] else ""
    )
    lines.append(
        f"    billable {facts['billable_quantity']} = allowance {facts['allowance_quantity']} "
        f"+ charged {facts['charged_quantity']}: {paid} {facts['currency']}{fee}, "
        f"rounded {facts['rounding_mode']} at {facts['rounding_digits']} digits"
    )
    return lines


def _unit_price(facts: dict[str, Any]) -> str:
    return f"{facts['price'].normalize():f} per {facts['unit_size']}"
