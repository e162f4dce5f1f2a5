"""Which delivered rows count: dated versions and events against references that read day by day.

Few keys' worth of content, days and moments of writing, so that repeats, contradictions, late files
and corrections meet in every way. The references go through the days once and never look back: what
they decide for a day cannot depend on a later one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from orchestration.warehouse import run_dbt
from tests.dbt.conftest import House

START = date(2026, 1, 1)
DAYS = [START + timedelta(days=offset) for offset in range(5)]
VALID = [START, START + timedelta(days=30)]
CASES = 600
SELECTION = [
    "+int_catalog__tariffs_versioned",
    "+int_shared__reference_rows_unused",
    "+int_shared__event_rows_unused",
    "+int_orders__items",
]


@dataclass(frozen=True)
class Row:
    """A delivered row: `place` is the file and line that it came in."""

    key: str
    content: str
    day: date
    valid_from: date = START
    written: int = 0
    place: tuple[str, int] = ("", 0)

    @property
    def is_delete(self) -> bool:
        return self.content == "gone"


@dataclass
class Told:
    """What the reference finds: why rows are unused, and what was believed at the end of a day."""

    reasons: dict[tuple[str, int], str] = field(default_factory=dict)
    believed: dict[tuple[str, date, date], Row] = field(default_factory=dict)


def random_rows(seed: str, names: str, contents: str) -> list[Row]:
    rows: list[Row] = []
    for case in range(CASES):
        random = Random(f"{seed}{case}")  # noqa: S311  no secret
        # many say one thing for ever, some of them twice a day
        said = random.choice([contents, contents[:1]])
        rows += [
            Row(
                key=f"{names}{case:03}",
                content=random.choice([*said, "gone"] if names == "t" and said[1:] else said),
                day=random.choice(DAYS),
                valid_from=random.choice([START, START, *VALID]),
                written=random.choice([0, 0, 1, 2]),
            )
            for _ in range(random.choice([1, 2, 3, 5, 7]))
        ]
    return rows


def deliver(house: House, feed: str, rows: list[Row], values: Any) -> list[Row]:
    """Write two files a day, each with rows of many keys; return the rows with their places."""
    placed = []
    for day in DAYS:
        for turn in (0, 1):
            mine = [row for n, row in enumerate(rows) if row.day == day and n % 2 == turn]
            file = house.deliver(feed, day, [values(row) for row in mine])
            placed += [
                Row(**{**row.__dict__, "place": (file, number)})
                for number, row in enumerate(mine, start=2)
            ]
    return placed


@dataclass
class Subject:
    """What is known about one key and valid-from so far."""

    written: int = -1
    content: str | None = None
    said: set[tuple[str, int]] = field(default_factory=set)


def versions_of(rows: list[Row]) -> Told:
    told = Told()
    subjects: dict[tuple[str, date], Subject] = {}
    for day in DAYS:
        groups: dict[tuple[str, date], list[Row]] = {}
        for row in rows:
            if row.day == day:
                groups.setdefault((row.key, row.valid_from), []).append(row)
        for name, group in groups.items():
            subject = subjects.setdefault(name, Subject())
            torn = {
                row.written
                for row in group
                for other in group
                if row.written == other.written and row.content != other.content
            }
            sound = [row for row in group if row.written not in torn]
            told.reasons |= {r.place: "SAME_RECORDED_AT" for r in group if r.written in torn}
            newest: dict[str, int] = {}
            for row in sound:
                newest[row.content] = max(row.written, newest.get(row.content, 0))
            subject.written = max([subject.written, *newest.values()])
            for content, written in newest.items():
                places = sorted(row.place for row in sound if row.content == content)
                if written < subject.written:
                    told.reasons |= dict.fromkeys(places, "LOWER_RECORDED_AT")
                    continue
                if (content, written) in subject.said or content == subject.content:
                    told.reasons |= dict.fromkeys(places, "REPEATED")
                else:
                    told.reasons |= dict.fromkeys(places[1:], "REPEATED")
                    subject.content = content
                    told.believed[(*name, day)] = next(r for r in sound if r.place == places[0])
                subject.said.add((content, written))
    return told


def believed_on(told: Told, key: str, known_on: date) -> dict[date, Row]:
    """The row that was believed about each valid-from of a key at the end of a day."""
    found: dict[date, Row] = {}
    for day in DAYS:
        for valid_from in VALID:
            if day <= known_on and (key, valid_from, day) in told.believed:
                found[valid_from] = told.believed[key, valid_from, day]
    return found


def events_of(rows: list[Row]) -> tuple[dict[tuple[str, int], str], dict[str, Row]]:
    """Return the reasons of unused rows, and the row that stands for each id."""
    reasons: dict[tuple[str, int], str] = {}
    standing: dict[str, Row] = {}
    for day in DAYS:
        groups: dict[str, list[Row]] = {}
        for row in rows:
            if row.day == day:
                groups.setdefault(row.key, []).append(row)
        for key, group in groups.items():
            if key not in standing and len({row.content for row in group}) == 1:
                standing[key] = min(group, key=lambda row: row.place)
            for row in group:
                if key in standing and row.content == standing[key].content:
                    reasons[row.place] = "REPEATED"
                else:
                    reasons[row.place] = "CONFLICT"
    for row in standing.values():
        del reasons[row.place]
    return reasons, standing


@dataclass
class World:
    """The house, and what was delivered to it."""

    house: House
    versions: list[Row]
    events: list[Row]


@pytest.fixture(scope="module")
def world(house: House) -> World:
    versions = deliver(
        house,
        "catalog/tariffs",
        random_rows("version", "t", "abc"),
        lambda row: {
            "tariff_id": row.key,
            "name": row.content,
            "valid_from_on": row.valid_from,
            "op": "delete" if row.is_delete else "upsert",
            "recorded_at": datetime(2025, 12, 1, row.written),
        },
    )
    events = deliver(
        house,
        "order_management/order_items",
        random_rows("event", "i", "ab"),
        lambda row: {"order_item_id": row.key, "order_id": row.content, "action": "add"},
    )
    house.register()
    run_dbt(house.settings, ["run", "--select", *SELECTION], DAYS[-1])
    return World(house, versions, events)


def found_reasons(world: World, model: str, feed: str) -> dict[tuple[str, int], str]:
    return {
        (file, record): reason
        for file, record, reason in world.house.rows(
            f"select _file, _record, reason_code from intermediate.{model} "  # noqa: S608
            f"where feed = '{feed}'"
        )
    }


def test_the_rows_meet_in_every_way(world: World) -> None:
    counts = Counter(versions_of(world.versions).reasons.values())
    assert len(counts) == 3 and min(counts.values()) > 50, counts
    reasons, standing = events_of(world.events)
    assert min(Counter(reasons.values()).values()) > 100
    # some ids stand from a later day than they came on, and some never
    first = {row.key: row.day for row in sorted(world.events, key=lambda row: row.day)[::-1]}
    assert sum(row.day > first[key] for key, row in standing.items()) > 20
    assert len(first) - len(standing) > 10


def test_every_row_of_reference_data_is_used_or_listed_as_the_reference_says(world: World) -> None:
    found = found_reasons(world, "int_shared__reference_rows_unused", "tariffs")
    assert found == versions_of(world.versions).reasons


def test_what_is_believed_on_each_day_is_what_the_reference_believes(world: World) -> None:
    told = versions_of(world.versions)
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for key, *rest in world.house.rows(
        "select tariff_id, known_from_on, known_to_on, valid_from_on, valid_to_on, name, _file, "
        "_record from intermediate.int_catalog__tariffs_versioned"
    ):
        rows.setdefault(key, []).append(tuple(rest))
    for key in {row.key for row in world.versions}:
        for known_on in DAYS:
            found = sorted(r[2:] for r in rows.get(key, []) if r[0] <= known_on < r[1])
            believed = believed_on(told, key, known_on)
            begins = [*sorted(believed), date(9999, 12, 31)]
            expected = [
                (valid_from, next_from, believed[valid_from].content, *believed[valid_from].place)
                for valid_from, next_from in pairwise(begins)
                if not believed[valid_from].is_delete
            ]
            assert found == expected, (key, known_on)


def test_a_row_that_says_what_is_believed_begins_no_version(world: World) -> None:
    assert (
        world.house.rows(
            """
        select one.tariff_id
        from intermediate.int_catalog__tariffs_versioned as one
        inner join intermediate.int_catalog__tariffs_versioned as other
            on one.tariff_id = other.tariff_id and one.valid_from_on = other.valid_from_on
            and one.known_to_on = other.known_from_on and one.name = other.name
            and one.valid_to_on = other.valid_to_on
        """
        )
        == []
    )


def test_an_event_stands_as_it_was_first_told_in_one_way(world: World) -> None:
    reasons, standing = events_of(world.events)
    assert found_reasons(world, "int_shared__event_rows_unused", "order_items") == reasons
    found = world.house.rows(
        "select order_item_id, order_id, _file, _record from intermediate.int_orders__items"
    )
    assert sorted(found) == sorted((r.key, r.content, *r.place) for r in standing.values())
