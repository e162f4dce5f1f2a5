"""From a world to the tables of the pipeline and back: delivers it, says what comes out otherwise.

A world is whatever has reference rows by feed and usages, random ones (worlds) and the worked cases
alike. Give both the rater and `deliver` the usages that `guiding.guided` returns: the pipeline does
not guide usage to a subscription that it does not know yet.

What the tables of the pipeline may say beyond the rater: UNKNOWN_NUMBER until a usage is guided,
and allowance instances that no usage looked at, with nothing taken. They may leave out instances
that became known after their window was over, as long as nothing is taken from them. All else is a
difference.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from tests.oracle.guiding import NEVER, SUBSCRIPTIONS
from tests.oracle.instances import Instance
from tests.oracle.rater import Segment, Wait
from tests.oracle.reference import Row

SEGMENT = (
    *("subscription_id", "account_id", "usage_type", "direction", "zone_id", "time_band"),
    *("started_at", "rated_on", "tariff_version_id", "quantity", "billable_quantity"),
    *("allowance_quantity", "charged_quantity", "connect_fee_amount", "amount", "priced_by"),
    "is_late",
)
INSTANCE = (
    *("capacity", "used", "valid_from_on", "valid_to_on", "usable_from_on"),
    "rolled_over_from",
)
# nothing is too old, too long or repeated here: that is for mediation to test
POLICIES = {
    "duplicate_window_days": 36500,
    "partial_close_days": 3,
    "future_tolerance_minutes": 60,
    "maximum_usage_days": 60,
}

Values = dict[str, Any]


class World(Protocol):
    """Reference rows by feed, with `delivered_on`, and guided usages."""

    @property
    def reference(self) -> Mapping[str, Sequence[Row]]:
        """Rows of all feeds."""

    @property
    def usages(self) -> Sequence[Row]:
        """Usages of all cases."""


class House(Protocol):
    """Takes raw files and answers queries, as that of tests/dbt."""

    def deliver(self, feed_id: str, day: date, rows: Iterable[Mapping[str, Any]]) -> str:
        """Write one delivered file."""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query on the warehouse."""


class Rated(Protocol):
    """What a rater, or several together, has come to."""

    @property
    def segments(self) -> Sequence[Segment]:
        """Segments of rated usages."""

    @property
    def waits(self) -> Sequence[Wait]:
        """Reasons for which usages waited."""

    @property
    def instances(self) -> Sequence[Instance]:
        """Allowance instances that were looked at."""


@dataclass(frozen=True)
class Marts:
    """The tables of the pipeline, by key and column."""

    rated: dict[tuple[str, int], Values]
    waits: dict[str, set[tuple[str, date, date | None]]]
    instances: dict[str, Values]


# delivery


def _is_guided_late(usage: Row) -> bool:
    guided_on = usage.get("guided_on")
    return guided_on is not None and guided_on > usage["usage_on"]


def _numbers(world: World, first: date) -> tuple[dict[str, str], dict[date, list[Values]]]:
    """Give each subscription a number, and one of its own to each usage that is guided late."""
    numbers: dict[str, str] = {}
    told: dict[date, list[Values]] = defaultdict(list)

    def give(key: str, subscription: str, day: date) -> None:
        numbers[key] = f"+88{len(numbers):010}"
        row: Values = {"service_number": numbers[key], "subscription_id": subscription}
        row |= {"number_kind": "mobile", "is_primary": True}
        row |= {"valid_from_at": datetime(2000, 1, 1), "recorded_at": datetime(2000, 1, 1)}
        told[day].append(row)

    known = {row["subscription_id"] for row in world.reference.get(SUBSCRIPTIONS, ())}
    for subscription in sorted(known):
        give(subscription, subscription, first)
    for usage in world.usages:
        # who is never known has no number either
        if _is_guided_late(usage) and usage["guided_on"] != NEVER:
            give(f"usage {usage['usage_id']}", usage["subscription_id"], usage["guided_on"])
    return numbers, told


def deliver(house: House, world: World) -> None:
    """Write a world as raw files, one per feed and delivery day; register it afterwards."""
    days = [row["delivered_on"] for rows in world.reference.values() for row in rows]
    first = min([*days, *(usage["usage_on"] for usage in world.usages)])
    policies = [
        {
            "policy_name": name,
            "number_value": value,
            "text_value": None,
            "unit": "days",
            "valid_from_on": date(2000, 1, 1),
        }
        for name, value in POLICIES.items()
    ]
    house.deliver("catalog/policies", first, policies)
    for feed, rows in world.reference.items():
        by_day: dict[date, list[Values]] = defaultdict(list)
        for row in rows:
            columns = {name: row[name] for name in row if name != "delivered_on"}
            by_day[row["delivered_on"]].append(columns)
        for day, told in sorted(by_day.items()):
            house.deliver(feed, day, told)
    numbers, assignments = _numbers(world, first)
    for day, told in sorted(assignments.items()):
        house.deliver("order_management/service_numbers", day, told)
    used: dict[date, list[Values]] = defaultdict(list)
    for usage in world.usages:
        served = numbers.get(f"usage {usage['usage_id']}") or numbers.get(
            usage["subscription_id"], "+880"
        )
        names = ("usage_id", "usage_type", "direction", "started_at", "other_number", "quantity")
        row = {name: usage[name] for name in names}
        row |= {"visited_network": usage.get("visited_network"), "served_number": served}
        used[usage["usage_on"]].append(row)
    for day, told in sorted(used.items()):
        house.deliver("network/usage_records", day, told)


# comparison


def read_marts(house: House) -> Marts:
    """Read what the pipeline has come to."""
    rated = house.rows(
        f"select usage_id, segment_number, {', '.join(SEGMENT)} from marts.fct_rated_usage"  # noqa: S608
    )
    waits: dict[str, set[tuple[str, date, date | None]]] = defaultdict(set)
    for usage_id, *told in house.rows(
        "select coalesce(usage_id, 'a record that is no usage'), reason_code, suspended_on, "
        "resolved_on from marts.fct_usage_suspense"
    ):
        waits[usage_id].add((told[0], told[1], told[2]))
    instances = house.rows(
        f"select instance_id, {', '.join(INSTANCE)} from marts.fct_allowance_instances"  # noqa: S608
    )
    return Marts(
        {(row[0], row[1]): dict(zip(SEGMENT, row[2:], strict=True)) for row in rated},
        waits,
        {row[0]: dict(zip(INSTANCE, row[1:], strict=True)) for row in instances},
    )


def case_of(key: str) -> str:
    """Return the case of a random world that a usage or an allowance belongs to."""
    found = re.search(r"[UL]-(\d{5,})", key)
    return found.group(1) if found else key


def _row_differences(what: str, expected: Values | None, found: Values | None) -> Iterator[str]:
    if found is None:
        yield f"{what} is missing, expected {expected}"
    elif expected is None:
        yield f"{what} is not expected: {found}"
    else:
        wrong = [name for name in expected if expected[name] != found[name]]
        if wrong:
            told = ", ".join(f"{name} {found[name]} for {expected[name]}" for name in wrong)
            yield f"{what}: {told}"


def _waits_expected(
    usages: Iterable[Row], waits: Iterable[Wait]
) -> dict[str, set[tuple[str, date, date | None]]]:
    found: dict[str, set[tuple[str, date, date | None]]] = defaultdict(set)
    for wait in waits:
        found[wait.usage_id].add((wait.reason_code, wait.suspended_on, wait.resolved_on))
    for usage in usages:
        if _is_guided_late(usage):
            guided_on = None if usage["guided_on"] == NEVER else usage["guided_on"]
            found[usage["usage_id"]].add(("UNKNOWN_NUMBER", usage["usage_on"], guided_on))
    return found


def differences(
    usages: Iterable[Row],
    rated: Rated,
    marts: Marts,
    name_case: Callable[[str], str] = case_of,
) -> dict[str, list[str]]:
    """Return, by case, in what the tables differ from what the rater has come to.

    `name_case` finds the case of a usage id or an allowance instance.
    """
    found: dict[str, list[str]] = defaultdict(list)
    expected = {
        (item.usage_id, item.segment_number): {name: getattr(item, name) for name in SEGMENT}
        for item in rated.segments
    }
    for key in sorted(expected.keys() | marts.rated.keys()):
        what = f"segment {key[0]}/{key[1]}"
        found[name_case(key[0])] += _row_differences(what, expected.get(key), marts.rated.get(key))
    waits = _waits_expected(usages, rated.waits)
    for usage_id in sorted(waits.keys() | marts.waits.keys()):
        said, told = waits.get(usage_id, set()), marts.waits.get(usage_id, set())
        lines = [f"wait of {usage_id} is missing: {_told(wait)}" for wait in said - told]
        lines += [f"wait of {usage_id} is not expected: {_told(wait)}" for wait in told - said]
        found[name_case(usage_id)] += sorted(lines)
    looked_at = {
        item.instance_id: {name: getattr(item, name) for name in INSTANCE}
        for item in rated.instances
        if item.used
        or item.usable_from_on < item.valid_to_on
        or item.instance_id in marts.instances
    }
    for instance in sorted(looked_at.keys() | marts.instances.keys()):
        if instance in looked_at or marts.instances[instance]["used"]:
            found[name_case(instance)] += _row_differences(
                f"instance {instance}", looked_at.get(instance), marts.instances.get(instance)
            )
    return {case: lines for case, lines in sorted(found.items()) if lines}


def _told(wait: tuple[str, date, date | None]) -> str:
    reason, since, until = wait
    return f"{reason} from {since} until {until or 'now'}"


def report(found: Mapping[str, Sequence[str]], cases: int = 10, lines: int = 12) -> str:
    """Return differences as text: of the first cases, so many lines each."""
    told = [f"{len(found)} cases differ"]
    for case, several in [*found.items()][:cases]:
        told.append(f"case {case}: {len(several)} differences")
        told += [f"  {line}" for line in several[:lines]]
    return "\n".join(told)
