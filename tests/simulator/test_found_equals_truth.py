"""What the platform finds in a simulated world is what the simulator knows, record by record."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.simulator import steps
from data.simulator.knobs import Knobs
from data.simulator.truth import Truth
from orchestration.contracts import load_feeds
from orchestration.ingest import close_days, ingest_feed
from orchestration.ingest.manifest import load_manifest
from orchestration.ingest.manifest_table import write_manifest_table
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse, register_raw, run_dbt

KNOBS = Knobs(subscribers=240, months=2)
MARTS = ("+fct_usage_balance", "+fct_usage_suspense", "+dim_subscriptions", "+dim_customers")
CLASSES = ("duplicates", "conflicts", "suspended", "pending", "folded", "quarantined", "blank")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    data: Path = tmp_path_factory.mktemp("truth") / "data"
    settings = Settings(data=data, lock_wait_seconds=0)
    for day in steps.step_days(KNOBS):
        steps.simulate(data, KNOBS, day)
    feeds = load_feeds(settings.contracts)
    for feed in feeds.values():
        ingest_feed(settings, feed, KNOBS.last_on)
    close_days(settings, KNOBS.last_on)
    write_manifest_table(settings, load_manifest(settings))
    register_raw(settings, feeds.values())
    run_dbt(settings, ["run", "--select", *MARTS], KNOBS.last_on)
    return settings


def _truth(world: Settings, table: str) -> pl.DataFrame:
    return Truth(world.data / "truth").newest(table)


def _found(world: Settings, query: str) -> pl.DataFrame:
    with open_warehouse(world) as connection:
        return connection.sql(query).pl()


def _days(intervals: pl.DataFrame, *columns: str) -> set[tuple[Any, ...]]:
    """One tuple per day of the world in which an interval holds."""
    after = KNOBS.last_on + timedelta(days=1)
    spread = (
        intervals.with_columns(pl.col("to_on").fill_null(after))
        .filter(pl.col("from_on") < pl.col("to_on"))
        .with_columns(pl.date_ranges("from_on", "to_on", closed="left").alias("day"))
        .explode("day")
        .filter(pl.col("day").is_between(KNOBS.start_on, KNOBS.last_on))
    )
    return set(spread.select("day", *columns).iter_rows())


def test_every_record_of_every_file_lies_where_the_dirt_put_it(world: Settings) -> None:
    counts = ", ".join(CLASSES)
    found = (
        _found(world, f"select file, {counts} from marts.fct_usage_balance")  # noqa: S608
        .rename({"duplicates": "duplicate", "conflicts": "conflict"})
        .unpivot(index="file", variable_name="class", value_name="records")
        .filter(pl.col("records") > 0)
    )
    expected = _truth(world, "usage_classes").group_by("file", "class").agg(pl.col("records").sum())
    assert set(found.iter_rows()) == set(expected.select(found.columns).iter_rows())
    assert set(found["class"]) == {
        name.removesuffix("s") if name in CLASSES[:2] else name for name in CLASSES
    }
    assert _found(world, "from marts.fct_usage_balance where difference <> 0").is_empty()


def test_every_subscription_is_in_its_true_state_on_every_day(world: Settings) -> None:
    found = _found(
        world,
        "select subscription_id, state, valid_from_on as from_on, "
        "nullif(valid_to_on, date '9999-12-31') as to_on "
        "from intermediate.int_customer_base__subscription_states "
        "where known_to_on = date '9999-12-31'",
    )
    columns = ("subscription_id", "state")
    expected = _days(_truth(world, "states"), *columns)
    assert len(expected) > 10_000
    assert _days(found, *columns) == expected


def test_every_customer_stands_in_its_true_place_on_every_day(world: Settings) -> None:
    found = _found(
        world,
        "select customer_id, parent_customer_id, root_customer_id, hierarchy_level as level, "
        "valid_from_on as from_on, nullif(valid_to_on, date '9999-12-31') as to_on "
        "from intermediate.int_customer_base__hierarchy "
        "where known_to_on = date '9999-12-31' and is_placed",
    )
    columns = ("customer_id", "parent_customer_id", "root_customer_id", "level")
    expected = _days(_truth(world, "hierarchy"), *columns)
    assert max(place[4] for place in expected) >= 2
    assert _days(found, *columns) == expected
