"""One pass, day by day and files in any order give the same rows in every table."""

from __future__ import annotations

from pathlib import Path

from data.simulator.knobs import Knobs
from tests.simulator.same_tables import compare, some_days

KNOBS = Knobs(subscribers=60, months=1, seed=11)


def test_the_way_in_which_deliveries_come_changes_no_table(tmp_path: Path) -> None:
    found = compare(tmp_path, KNOBS, some_days(KNOBS))
    assert len(found["tables"]) > 100
    assert found["by_day"] == []
    assert found["portions"] == []
