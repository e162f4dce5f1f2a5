"""Every cent and every row of the rated table that is changed is noticed by a check that blocks."""

# ruff: noqa: S608  statements of this module about tables of this project

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from orchestration.warehouse import DbtError, open_warehouse, run_dbt
from tests.dbt.conftest import House
from tests.dbt.rating_world import build, new_house
from tests.oracle.compare import deliver
from tests.oracle.worlds import random_world

CHECKS = ["fct_rated_usage", "fct_allowance_instances", "fct_usage_balance"]
ONE = "usage_key = (select min(usage_key) from marts.fct_rated_usage where {where})"
FLAT = "priced_by = 'usage' and amount > 1 and segment_number = 1"
# what is done to the table -> the checks of which at least one must notice
MUTATIONS = {
    "a cent more": (
        f"update marts.fct_rated_usage set amount = amount + 0.01 "
        f"where segment_number = 1 and {ONE.format(where=FLAT)}",
        "rated_amounts_are_units_times_price_rounded_once",
    ),
    "a cent less": (
        f"update marts.fct_rated_usage set amount = amount - 0.01 "
        f"where segment_number = 1 and {ONE.format(where=FLAT)}",
        "rated_amounts_are_units_times_price_rounded_once",
    ),
    "a millionth more on a share of a split call": (
        "update marts.fct_rated_usage set amount = amount + 0.000001 "
        f"where segment_number = 2 and {ONE.format(where='segment_number = 2')}",
        "rated_amounts_are_units_times_price_rounded_once",
    ),
    "a cent moved from one usage to another": (
        "update marts.fct_rated_usage set amount = amount + case when usage_key = "
        f"(select min(usage_key) from marts.fct_rated_usage where {FLAT}) "
        "then 0.01 else -0.01 end where segment_number = 1 and usage_key in ("
        f"select usage_key from marts.fct_rated_usage where {FLAT} order by usage_key limit 2)",
        "rated_amounts_are_units_times_price_rounded_once",
    ),
    "a connect fee that nobody owes": (
        "update marts.fct_rated_usage set connect_fee_amount = connect_fee_amount + 0.01 "
        f"where segment_number = 1 and {ONE.format(where=FLAT)}",
        "rated_amounts_are_units_times_price_rounded_once",
    ),
    "a row is lost": (
        f"delete from marts.fct_rated_usage where {ONE.format(where='true')}",
        "every_usage_is_rated_once_or_waits_with_all_its_units",
    ),
    "a segment of a split call is lost": (
        "delete from marts.fct_rated_usage where segment_number = 2 and "
        f"{ONE.format(where='segment_number = 2 and quantity > 0')}",
        "every_usage_is_rated_once_or_waits_with_all_its_units",
    ),
    "a row is there twice": (
        "insert into marts.fct_rated_usage select * from marts.fct_rated_usage "
        f"where segment_number = 1 and {ONE.format(where='true')}",
        "fct_rated_usage_is_unique_by_usage_key_segment_number",
    ),
    "a usage of nobody": (
        "insert into marts.fct_rated_usage select * replace (usage_key + 1000 as usage_key) "
        f"from marts.fct_rated_usage where segment_number = 1 and {ONE.format(where='true')}",
        "every_usage_is_rated_once_or_waits_with_all_its_units",
    ),
    "a second more": (
        "update marts.fct_rated_usage set quantity = quantity + 1 "
        f"where segment_number = 1 and {ONE.format(where='true')}",
        "every_usage_is_rated_once_or_waits_with_all_its_units",
    ),
    "a paid second more": (
        "update marts.fct_rated_usage set charged_quantity = charged_quantity + 1, "
        "billable_quantity = billable_quantity + 1 "
        f"where segment_number = 1 and {ONE.format(where=FLAT + ' and charged_quantity > 0')}",
        "rated_amounts_are_units_times_price_rounded_once",
    ),
    "an included second more": (
        "update marts.fct_rated_usage set allowance_quantity = allowance_quantity + 1, "
        "billable_quantity = billable_quantity + 1 "
        f"where segment_number = 1 and {ONE.format(where='allowance_quantity > 0')}",
        "allowance_units_of_rated_usage_are_those_taken_from_instances",
    ),
    "an instance gives more than it holds": (
        "update marts.fct_allowance_instances set used = capacity + 1 "
        "where instance_id = (select min(instance_id) from marts.fct_allowance_instances "
        "where capacity > 0)",
        "no_instance_gives_more_than_it_holds",
    ),
    "a usage goes to another file": (
        f"update marts.fct_rated_usage set _file = 'elsewhere' where {ONE.format(where='true')}",
        "every_rated_record_is_counted_in_the_balance_of_its_file",
    ),
}


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, date]:
    world = random_world(21, 80)
    house = new_house(tmp_path_factory.mktemp("mutants") / "data")
    deliver(house, world)
    house.register()
    build(house, [world.period.last])
    return house, world.period.last


def _failed(house: House, day: date) -> str:
    try:
        run_dbt(house.settings, ["test", "--select", *CHECKS], day)
    except DbtError as error:
        return " ".join(node.unique_id for node in error.result.failed)
    return ""


def test_the_checks_are_green(rated: tuple[House, date]) -> None:
    assert _failed(*rated) == ""


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_change_is_noticed(rated: tuple[House, date], name: str, tmp_path: Path) -> None:
    house, day = rated
    statement, check = MUTATIONS[name]
    tables = ("fct_rated_usage", "fct_allowance_instances")
    with open_warehouse(house.settings) as connection:
        for table in tables:
            connection.execute(f"create or replace table kept_{table} as from marts.{table}")
        assert connection.execute(statement).fetchone()[0] > 0, "nothing was changed"
    try:
        assert check in _failed(house, day)
    finally:
        with open_warehouse(house.settings) as connection:
            for table in tables:
                connection.execute(f"delete from marts.{table}")
                connection.execute(f"insert into marts.{table} from kept_{table}")
