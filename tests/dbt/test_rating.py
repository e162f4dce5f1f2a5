"""The models of rating against the worked cases and the oracle, in one pass and day by day."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.explaining import explain_usage, tell_usage
from orchestration.warehouse import open_warehouse
from tests.dbt.conftest import House
from tests.dbt.rating_world import TABLES, build, compared, new_house
from tests.golden.rating.cases import load_world
from tests.oracle.compare import deliver, differences, read_marts, report
from tests.oracle.guiding import guided
from tests.oracle.rater import Rater, rate
from tests.oracle.worlds import random_world

LAST_DAY = date(2012, 11, 5)
# worlds in which something once differed; see the comment of each
FOUND = (
    # rest of a month over a cycle that moves in mid-period
    (3, 23),
    # the same, and the cycle changes again before what is left over ends
    (101, 47),
)


@dataclass(frozen=True)
class Worked:
    """The worked cases with usages as the pipeline guides them."""

    reference: dict[str, list[dict[str, Any]]]
    usages: list[dict[str, Any]]


@pytest.fixture(scope="module")
def worked() -> Worked:
    world = load_world()
    return Worked(world.reference, guided(world.reference, world.usages))


@pytest.fixture(scope="module")
def rater(worked: Worked) -> Rater:
    return rate(worked.reference, worked.usages, LAST_DAY)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, worked: Worked) -> House:
    house = new_house(tmp_path_factory.mktemp("once") / "data")
    deliver(house, worked)
    house.register()
    build(house, [LAST_DAY])
    return house


def test_worked_cases_come_out_of_the_models(once: House, worked: Worked, rater: Rater) -> None:
    found = differences(worked.usages, rater, read_marts(once), name_case=lambda key: key)
    assert not found, report(found)


def test_records_of_worked_cases_are_accounted_for(once: House, worked: Worked) -> None:
    rated, suspended, pending, row_count, difference = once.rows(
        "select sum(rated), sum(suspended), sum(pending), sum(row_count), max(abs(difference)) "
        "from marts.fct_usage_balance"
    )[0]
    assert difference == 0
    assert row_count == len(worked.usages) == rated + suspended + pending
    assert rated > 0
    assert suspended > 0


def test_day_by_day_is_one_pass(tmp_path: Path, once: House, worked: Worked, rater: Rater) -> None:
    chance = random.Random(2)  # noqa: S311  no secret
    delivered = {row["delivered_on"] for rows in worked.reference.values() for row in rows}
    busy = [date(2012, 2, 1) + timedelta(days=count) for count in range(4)]
    days = sorted({*busy, *chance.sample(sorted(delivered), 4), date(2012, 3, 5), LAST_DAY})
    house = new_house(tmp_path / "data")
    deliver(house, worked)
    house.register()
    build(house, days)
    for table in TABLES:
        query = f"select * from {table} order by all"  # noqa: S608  names of this project
        assert house.rows(query) == once.rows(query), table


@pytest.mark.parametrize("seed", [11, 12])
def test_random_cases_are_rated_as_the_oracle_says(tmp_path: Path, seed: int) -> None:
    found = compared(seed, 250, tmp_path / "data")
    assert not found, report(found)


@pytest.mark.parametrize(("seed", "case"), FOUND)
def test_what_once_differed(tmp_path: Path, seed: int, case: int) -> None:
    found = compared(seed, case, tmp_path / "data")
    assert not found, report(found)


def test_a_random_world_day_by_day_is_one_pass(tmp_path: Path) -> None:
    world = random_world(13, 60)
    tables = []
    for name, days in (
        ("once", [world.period.last]),
        (
            "days",
            [world.period.first + timedelta(days=count) for count in range(20, 100, 16)]
            + [world.period.last],
        ),
    ):
        house = new_house(tmp_path / name)
        deliver(house, world)
        house.register()
        build(house, days)
        tables.append(
            {table: house.rows(f"select * from {table} order by all") for table in TABLES}  # noqa: S608
        )
    for table in TABLES:
        assert tables[1][table] == tables[0][table], table


def test_a_usage_is_explained_down_to_its_record(once: House) -> None:
    with open_warehouse(once.settings) as connection:
        story = explain_usage(connection, "RO-BASIC-3")
        split = explain_usage(connection, "V8-1")
        graduated = explain_usage(connection, "P2-5")
        late = explain_usage(connection, "SU-LATE-VERSION-1")
        abroad = explain_usage(connection, "ZO-ROAMING-3")
        nothing = explain_usage(connection, "NOBODY")
    taken = [(item.units, item.used_before, item.used_after) for item in story.segments[0].taken]
    assert taken == [(40, 0, 40), (80, 20, 100)]
    facts = story.segments[0].facts
    record = once.rows(
        "select usage_id from raw.network__usage_records "  # noqa: S608  our own record
        f"where _file = '{facts['_file']}' and _record = {facts['_record']}"
    )
    assert record == [("RO-BASIC-3",)]
    assert [item.facts["time_band"] for item in split.segments] == ["EVENING", "DAY", "EVENING"]
    assert {item.facts["number_prefix"] for item in split.segments} == {"+49"}
    assert graduated.segments[0].facts["units_before"] == 11
    assert [tier["from_units"] for tier in graduated.segments[0].tiers] == [0, 10, 20]
    assert [wait["reason_code"] for wait in late.waits] == ["NO_TARIFF_VERSION", "NO_RATE"]
    assert abroad.segments[0].facts["visited_prefix"] == "23201"
    assert tell_usage(nothing) == "Nothing is known of usage NOBODY."
    for told in (story, split, graduated, late, abroad):
        assert told.segments[0].facts["_file"] in tell_usage(told)


def test_the_explained_prefix_leads_to_the_zone(once: House) -> None:
    """The query looks the prefix up once more: it must be the one that priced."""
    usages = once.rows("select distinct usage_id from marts.fct_rated_usage order by usage_id")
    with open_warehouse(once.settings) as connection:
        stories = [explain_usage(connection, usage_id) for (usage_id,) in usages[::7]]
        zones = connection.execute(
            "select zone_plan_id, coalesce(visited_prefix, ''), number_prefix, zone_id, "
            "on_net_zone_id from intermediate.int_rating__destinations"
        ).fetchall()
    leads = {
        (plan, visited, prefix, zone) for plan, visited, prefix, *both in zones for zone in both
    }
    for story in stories:
        for segment in story.segments:
            facts = segment.facts
            found = (facts["visited_prefix"] or "", facts["number_prefix"], facts["zone_id"])
            assert (facts["zone_plan_id"], *found) in leads, story.usage_id
            given = sum(item.units for item in segment.taken)
            assert given == facts["allowance_quantity"], story.usage_id
