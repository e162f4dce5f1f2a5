"""The worked cases of rating go through the independent rater, all in one world.

Random cases go through it too, for what holds whatever the prices: the models are compared with the
rater over many more of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note
from hypothesis import settings as effort

from orchestration.contracts import load_feeds
from tests.golden.rating.cases import CONTRACTS, Case, World, instant, load_world
from tests.oracle.guiding import NEVER
from tests.oracle.mediator import Policy, canonical, mediate
from tests.oracle.rater import Rater, Segment, rate
from tests.oracle.reference import KEYS, Row
from tests.oracle.worlds import World as RandomWorld
from tests.oracle.worlds import accounts, outcome, random_world, rate_case, told

LAST_DAY = date(2012, 11, 5)
WORLD = load_world()


@pytest.fixture(scope="module")
def rater() -> Rater:
    return rate(WORLD.reference, WORLD.usages, LAST_DAY)


def _as(value: Any, text: str) -> Any:
    """Read an expected text as what was found."""
    if not text:
        return None
    if isinstance(value, bool):
        return text == "true"
    if isinstance(value, datetime):
        return instant(text)
    for kind, read in ((date, date.fromisoformat), (int, int), (Decimal, Decimal)):
        if isinstance(value, kind):
            return read(text)
    return text


def _row(said: Mapping[str, str], found: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the columns that a case names: as expected and as found."""
    values = {name: getattr(found, name) for name in said}
    return {name: _as(values[name], text) for name, text in said.items()}, values


def _segments(rater: Rater, case: Case) -> list[Segment]:
    order = {usage["usage_id"]: place for place, usage in enumerate(case.usages)}
    mine = [segment for segment in rater.segments if segment.usage_id in order]
    return sorted(mine, key=lambda item: (order[item.usage_id], item.segment_number))


@pytest.mark.parametrize("case", WORLD.cases, ids=[case.name for case in WORLD.cases])
def test_every_case_is_as_worked_by_hand(rater: Rater, case: Case) -> None:
    segments = _segments(rater, case)
    pairs = [_row(said, found) for said, found in zip(case.expected, segments, strict=False)]
    assert [found for _, found in pairs] == [expected for expected, _ in pairs], case.why
    assert len(segments) == len(case.expected), f"{case.why}: {segments}"
    usages = {usage["usage_id"] for usage in case.usages}
    waits = [wait for wait in rater.waits if wait.usage_id in usages]
    assert len(waits) == len(case.waits), waits
    for said, wait in zip(case.waits, waits, strict=True):
        expected, found = _row(said, wait)
        assert found == expected, case.why
    for said in case.refused:
        reasons = rater.refused(date.fromisoformat(said["on"]))
        assert reasons.get(said["tariff_version_id"], "") == said["reason"], case.why


@pytest.mark.parametrize(
    "case", [case for case in WORLD.cases if case.instances], ids=lambda case: case.name
)
def test_instances_are_as_worked_by_hand(rater: Rater, case: Case) -> None:
    allowances = {f"AL-{case.name}-{number}" for number in range(1, 9)}
    mine = [item for item in rater.instances if item.allowance_id in allowances]
    mine.sort(key=lambda item: (item.allowance_id, item.usable_from_on, item.valid_from_on))
    found = [_row(said, item) for said, item in zip(case.instances, mine, strict=False)]
    assert [row for _, row in found] == [expected for expected, _ in found], case.why
    assert len(mine) == len(case.instances), mine


def _nothing_is_negative(rater: Rater) -> None:
    for segment in rater.segments:
        assert segment.amount >= 0, segment
        assert segment.billable_quantity == segment.allowance_quantity + segment.charged_quantity
        assert segment.allowance_quantity == sum(units for _, units in segment.taken)
    for instance in rater.instances:
        assert instance.capacity is None or 0 <= instance.used <= instance.capacity


def _every_usage_is_rated_once_or_waits(rater: Rater, usages: Sequence[Row]) -> None:
    rated = [segment.usage_id for segment in rater.segments if segment.segment_number == 1]
    waiting = [wait.usage_id for wait in rater.waits if wait.resolved_on is None]
    assert sorted(rated + waiting) == sorted(usage["usage_id"] for usage in usages)


def _used_units_are_the_units_taken(rater: Rater) -> None:
    taken: dict[str, int] = {}
    for segment in rater.segments:
        for instance, units in segment.taken:
            taken[instance] = taken.get(instance, 0) + units
    assert taken == {item.instance_id: item.used for item in rater.instances if item.used}


def test_what_always_holds_holds_for_the_worked_cases(rater: Rater) -> None:
    _nothing_is_negative(rater)
    _every_usage_is_rated_once_or_waits(rater, WORLD.usages)
    _used_units_are_the_units_taken(rater)


def test_a_day_knows_nothing_of_later_days(rater: Rater) -> None:
    """What was rated by a day is the same when nothing later is ever delivered."""
    last = date(2012, 3, 5)
    earlier = World(
        {
            feed: [row for row in rows if row["delivered_on"] <= last]
            for feed, rows in WORLD.reference.items()
        },
        WORLD.cases,
    )
    usages = [usage for usage in WORLD.usages if (usage["guided_on"] or usage["usage_on"]) <= last]
    again = rate(earlier.reference, usages, last)
    assert again.segments == [item for item in rater.segments if item.rated_on <= last]


def test_the_order_within_a_delivery_day_is_no_order(rater: Rater) -> None:
    backwards = {feed: rows[::-1] for feed, rows in WORLD.reference.items()}
    again = rate(backwards, WORLD.usages[::-1], LAST_DAY)
    assert again.segments == rater.segments
    assert sorted(again.waits, key=repr) == sorted(rater.waits, key=repr)


@effort(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(accounts())
def test_what_always_holds_holds_for_random_cases(world: RandomWorld) -> None:
    case = world.cases[0]
    note(told(world, case))
    rater = rate_case(world, case)
    _nothing_is_negative(rater)
    due = [usage for usage in case.usages if usage["guided_on"] != NEVER]
    _every_usage_is_rated_once_or_waits(rater, due)
    _used_units_are_the_units_taken(rater)
    for usage in case.usages:
        mine = [item for item in rater.segments if item.usage_id == usage["usage_id"]]
        assert not mine or sum(item.quantity for item in mine) == usage["quantity"]
        assert all(item.rated_on >= usage["usage_on"] for item in mine)
    backwards = replace(
        case, rows={feed: rows[::-1] for feed, rows in case.rows.items()}, usages=case.usages[::-1]
    )
    assert rate_case(world, backwards).segments == rater.segments


def test_random_cases_know_nothing_of_later_days() -> None:
    world = random_world(2, 60)
    last = world.period.first + timedelta(days=50)
    early = [
        replace(
            case,
            rows={
                feed: [row for row in rows if row["delivered_on"] <= last]
                for feed, rows in case.rows.items()
            },
            usages=[usage for usage in case.usages if usage["usage_on"] <= last],
        )
        for case in world.cases
    ]
    cut = replace(world, period=replace(world.period, last=last), cases=early)
    expected = [item for item in outcome(world).segments if item.rated_on <= last]
    assert len(expected) > 100
    assert outcome(cut).segments == expected


def test_a_random_world_is_the_same_every_time_and_mostly_rated() -> None:
    world = random_world(1, 100)
    assert world == random_world(1, 100)
    rated = {item.usage_id for item in outcome(world).segments}
    assert len(rated) > 0.6 * len(world.usages)


def test_a3_a_record_told_again_is_charged_once() -> None:
    record = {
        "usage_id": "A3-1",
        "served_number": "+491511111",
        "other_number": "+4986517174963",
        "usage_type": "voice",
        "direction": "originating",
        "quantity": 90,
        "started_at": datetime(2012, 2, 1, 11),
    }
    told = [("a.csv", date(2012, 2, 2)), ("b.csv", date(2012, 2, 2)), ("c.csv", date(2012, 2, 4))]
    days = [date(2012, 2, day) for day in range(1, 6)]
    holder = {
        "key_kind": "number",
        "key": record["served_number"],
        "subscription_id": "S-V1",
        "valid_from_at": datetime(2011, 1, 1),
        "delivered_on": days[0],
    }
    records = [
        (day, canonical({**record, "_file": file, "_record": 1, "_delivered_on": day}))
        for file, day in told
    ]
    mediated = mediate(Policy(), [holder], records, days)
    usages = [
        {
            "usage_id": usage.usage_id,
            "subscription_id": usage.subscription,
            "usage_type": "voice",
            "direction": usage.direction,
            "other_number": usage.other,
            "quantity": usage.quantity,
            "started_at": usage.started_at,
            "usage_on": usage.usage_on,
            "guided_on": usage.guided_on,
        }
        for usage in mediated.usages
    ]
    segments = rate(WORLD.reference, usages, days[-1]).segments
    assert [(item.amount, item.rated_on) for item in segments] == [(Decimal(90), told[0][1])]
    assert sorted(mediated.classes.values()) == ["duplicate", "duplicate", "pending"]


def test_keys_are_those_of_the_contracts() -> None:
    feeds = load_feeds(CONTRACTS)
    assert {feed: set(key) for feed, key in KEYS.items()} == {
        feed: set(feeds[feed].key) for feed in KEYS
    }
