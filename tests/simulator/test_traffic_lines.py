"""A number whose holder is delivered late: its usage waits exactly as long as a platform must."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from data.simulator import steps
from data.simulator.knobs import Knobs
from data.simulator.life import fulfilment
from data.simulator.truth import Truth
from orchestration.contracts import load_feeds
from orchestration.ingest import ingest_feed, read_manifest
from orchestration.settings import Settings
from tests.simulator.deliveries import rows
from tests.simulator.usage_rules import classify

KNOBS = Knobs(subscribers=700, months=1)
USAGE = "network/usage_records"
STOPS = tuple(KNOBS.last_on - timedelta(days=back) for back in range(26, -1, -2))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[date, pl.DataFrame]]:
    """A world in which most new numbers are told late, and its truth at each stop."""
    data = tmp_path_factory.mktemp("late")
    classes = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fulfilment, "LATE_ASSIGNMENT", 0.8)
        for stop in STOPS:
            steps.simulate(data, KNOBS, stop)
            classes[stop] = Truth(data / "truth").newest("usage_classes")
    return data, classes


def _usage(data: Path) -> list[dict[str, object]]:
    settings = Settings(data=data, settle_seconds=0, open_end_seconds=0)
    ingest_feed(settings, load_feeds(settings.contracts)[USAGE], KNOBS.last_on)
    paths = [data / entry.raw_path for entry in read_manifest(settings) if entry.raw_path]
    return pl.concat(pl.read_parquet(path) for path in paths).to_dicts()


def _told(data: Path, until: date) -> set[str]:
    """Return the numbers of which a holder was delivered."""
    numbers = rows(data, "order_management/service_numbers")
    return set(numbers.filter(pl.col("_delivered_on") <= until)["service_number"])


def test_truth_waits_for_the_holder_as_a_platform_does(
    world: tuple[Path, dict[date, pl.DataFrame]],
) -> None:
    data, classes = world
    usage = _usage(data)
    for stop in STOPS:
        expected = classify(USAGE, usage, _told(data, stop), stop)
        mine = classes[stop].filter(pl.col("file").str.starts_with(f"{USAGE}/"))
        truth = {
            (row["file"], row["class"], row["reason"]): row["records"]
            for row in mine.iter_rows(named=True)
            if row["class"] not in ("quarantined", "blank")
        }
        assert truth == dict(expected), stop


def test_there_are_usages_that_wait_and_are_told_in_the_end(
    world: tuple[Path, dict[date, pl.DataFrame]],
) -> None:
    data, classes = world
    dirty = Truth(data / "truth").newest("usage_records_truth")
    lost = dirty.filter(pl.col("kind") == "unknown_number")
    is_unknown = pl.col("reason") == "UNKNOWN_NUMBER"
    waiting = [
        classes[stop].filter(is_unknown)["records"].sum()
        - lost.filter(pl.col("delivered_on") <= stop).height
        for stop in STOPS
    ]
    assert min(waiting) >= 0
    assert sum(waiting) > 5
    assert any(earlier > later for earlier, later in itertools.pairwise(waiting)), waiting
