"""What the platform finds in a simulated world is what the simulator knows, record by record."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.simulator import steps
from data.simulator.knobs import Knobs
from data.simulator.life import fulfilment
from orchestration.settings import Settings
from tests.simulator import found
from tests.simulator.deliveries import rows
from tests.simulator.same_tables import build, settings_of

KNOBS = Knobs(subscribers=600, months=2, seed=7)
# a day on which some numbers wait for their holder
UNTIL = date(2026, 2, 25)
MARTS = ("+fct_usage_balance", "+fct_usage_suspense", "+dim_subscriptions", "+dim_customers")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    data: Path = tmp_path_factory.mktemp("truth") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fulfilment, "LATE_ASSIGNMENT", 1.0)
        for day in steps.step_days(KNOBS):
            steps.simulate(data, KNOBS, min(day, UNTIL))
    build(data, UNTIL, select=MARTS)
    return settings_of(data)


def test_every_record_of_every_file_lies_where_the_dirt_put_it(world: Settings) -> None:
    pair = found.classes(world)
    assert found.differing(pair).is_empty()
    assert set(pair[0]["class"]) == set(found.CLASSES.values())
    assert found.query(world, "from marts.fct_usage_balance where difference <> 0").is_empty()


def test_every_file_is_taken_held_or_refused_as_it_should(world: Settings) -> None:
    pair = found.decisions(world)
    assert found.differing(pair).is_empty()
    assert set(pair[0]["status"]) == {"ingested", "repeat", "held", "refused"}


def test_every_subscription_is_in_its_true_state_on_every_day(world: Settings) -> None:
    pair = found.states(world, KNOBS.start_on, UNTIL)
    assert pair[1].height > 10_000
    assert found.differing(pair).is_empty()


def test_every_customer_stands_in_its_true_place_on_every_day(world: Settings) -> None:
    pair = found.places(world, KNOBS.start_on, UNTIL)
    assert pair[1]["level"].max() >= 2
    assert found.differing(pair).is_empty()


def test_a_call_goes_to_the_line_of_its_exchange(world: Settings) -> None:
    """Two exchanges use one account code: whoever guides by the code alone bills the wrong firm."""
    held = rows(world.data, "order_management/line_assignments").filter(
        pl.col("usage_source_id").is_not_null() & (pl.col("op") == "upsert")
    )
    shared = held.group_by("line_id").agg(pl.col("usage_source_id").n_unique())
    assert shared["usage_source_id"].max() == 2
    keys = ("usage_source_id", "served_key", "subscription_id")
    guided = found.query(
        world,
        f"select distinct {', '.join(keys)} from intermediate.int_usage__usages "  # noqa: S608
        "where feed = 'asterisk' and served_key not like 'pbx%'",
    )
    expected = held.rename({"line_id": "served_key"}).select(keys).unique()
    assert guided.height == guided.select(keys[:2]).unique().height > 4
    assert set(guided.iter_rows()) <= set(expected.iter_rows())
    assert guided.filter(pl.col("served_key").is_duplicated()).height
