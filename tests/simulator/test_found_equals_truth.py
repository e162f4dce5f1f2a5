"""What the platform finds in a simulated world is what the simulator knows, record by record."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.simulator import steps
from data.simulator.knobs import Knobs
from data.simulator.life import fulfilment
from data.simulator.truth import Truth
from orchestration.contracts import load_feeds
from orchestration.ingest import close_days, ingest_feed
from orchestration.ingest.manifest import load_manifest
from orchestration.ingest.manifest_table import write_manifest_table
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse, register_raw, run_dbt
from tests.simulator.deliveries import rows

KNOBS = Knobs(subscribers=600, months=2, seed=7)
# a day on which some numbers wait for their holder
UNTIL = date(2026, 2, 25)
MARTS = ("+fct_usage_balance", "+fct_usage_suspense", "+dim_subscriptions", "+dim_customers")
CLASSES = ("duplicates", "conflicts", "suspended", "pending", "folded", "quarantined", "blank")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    data: Path = tmp_path_factory.mktemp("truth") / "data"
    settings = Settings(data=data, lock_wait_seconds=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fulfilment, "LATE_ASSIGNMENT", 1.0)
        for day in steps.step_days(KNOBS):
            steps.simulate(data, KNOBS, min(day, UNTIL))
    feeds = load_feeds(settings.contracts)
    for feed in feeds.values():
        ingest_feed(settings, feed, UNTIL)
    close_days(settings, UNTIL)
    write_manifest_table(settings, load_manifest(settings))
    register_raw(settings, feeds.values())
    run_dbt(settings, ["run", "--select", *MARTS], UNTIL)
    return settings


def _truth(world: Settings, table: str) -> pl.DataFrame:
    return Truth(world.data / "truth").newest(table)


def _found(world: Settings, query: str) -> pl.DataFrame:
    with open_warehouse(world) as connection:
        return connection.sql(query).pl()


def _days(intervals: pl.DataFrame, *columns: str) -> set[tuple[Any, ...]]:
    """One tuple per day of the world in which an interval holds."""
    after = UNTIL + timedelta(days=1)
    spread = (
        intervals.with_columns(pl.col("to_on").fill_null(after))
        .filter(pl.col("from_on") < pl.col("to_on"))
        .with_columns(pl.date_ranges("from_on", "to_on", closed="left").alias("day"))
        .explode("day")
        .filter(pl.col("day").is_between(KNOBS.start_on, UNTIL))
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


def test_a_call_goes_to_the_line_of_its_exchange(world: Settings) -> None:
    """Two exchanges use one account code: whoever guides by the code alone bills the wrong firm."""
    held = rows(world.data, "order_management/line_assignments").filter(
        pl.col("usage_source_id").is_not_null() & (pl.col("op") == "upsert")
    )
    shared = held.group_by("line_id").agg(pl.col("usage_source_id").n_unique())
    assert shared["usage_source_id"].max() == 2
    keys = ("usage_source_id", "served_key", "subscription_id")
    found = _found(
        world,
        f"select distinct {', '.join(keys)} from intermediate.int_usage__usages "  # noqa: S608
        "where feed = 'asterisk' and served_key not like 'pbx%'",
    )
    expected = held.rename({"line_id": "served_key"}).select(keys).unique()
    assert found.height == found.select(keys[:2]).unique().height > 4
    assert set(found.iter_rows()) <= set(expected.iter_rows())
    assert found.filter(pl.col("served_key").is_duplicated()).height
