"""The table of clocks says what the zone says, also where the clock moves at half past an hour."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from orchestration.contracts import load_feeds
from orchestration.settings import Settings
from orchestration.warehouse import run_dbt
from tests.dbt.conftest import House


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Adelaide", "America/St_Johns"])
def test_every_quarter_of_an_hour_is_on_the_clock(tmp_path: Path, zone: str) -> None:
    settings = Settings(data=tmp_path / "data", time_zone=zone, lock_wait_seconds=0)
    house = House(settings, load_feeds(settings.contracts))
    house.register()
    run_dbt(settings, ["run", "--select", "int_rating__clock_days"], date(2026, 6, 1))
    moments, wrong = house.rows(
        "select count(*), count(*) filter (where moment + to_seconds(case when moment < switch_at "  # noqa: S608
        "then seconds_ahead else seconds_ahead_after end) "
        f"<> timezone('{zone}', timezone('UTC', moment))) "
        "from range(timestamp '2015-01-01', timestamp '2026-06-01', interval 15 minutes) t(moment) "
        "join intermediate.int_rating__clock_days on cast(moment as date) = utc_on"
    )[0]
    assert moments > 400_000
    assert wrong == 0
