"""How well the best possible forecast does: rates, AUC and single drivers keep to their bands.

The world is small, and the same on every run; docs/simulator-hazard.md has the figures of a large
one.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from data.simulator.knobs import Knobs
from data.simulator.life import hazard
from data.simulator.life.day import FALLS_SILENT
from data.simulator.life.measure import RATINGS, Figures, auc, figures, observe, table
from data.simulator.people.subscriptions import FRAILTY_SPREAD
from orchestration.settings import REPOSITORY

PAGE = REPOSITORY / "docs" / "simulator-hazard.md"


@pytest.fixture(scope="module")
def found() -> dict[str, Figures]:
    frame = observe(Knobs(subscribers=4_000, months=3))
    return {name: figures(frame.filter(pl.col("rating_type") == name)) for name in RATINGS}


@pytest.mark.parametrize("rating", RATINGS)
def test_a_month_sees_one_to_four_percent_leave(found: dict[str, Figures], rating: str) -> None:
    assert found[rating].events > 40
    assert 1.5 < found[rating].monthly_percent < 3.5


@pytest.mark.parametrize("rating", RATINGS)
def test_the_oracle_is_good_and_frailty_is_what_it_lacks(
    found: dict[str, Figures], rating: str
) -> None:
    assert 0.75 < found[rating].oracle_auc < 0.85
    assert found[rating].knowing_auc > found[rating].oracle_auc


@pytest.mark.parametrize("rating", RATINGS)
def test_no_driver_is_a_forecast_alone(found: dict[str, Figures], rating: str) -> None:
    alone = {name: max(value, 1 - value) for name, value in found[rating].driver_aucs.items()}
    assert max(alone.values()) < 0.70
    assert sum(value > 0.52 for value in alone.values()) >= 8


def test_auc_counts_pairs() -> None:
    assert auc(np.array([False, True, True]), np.array([1.0, 2.0, 3.0])) == 1.0
    assert auc(np.array([True, False]), np.array([5.0, 5.0])) == 0.5
    assert auc(np.array([True, False, True, False]), np.array([1.0, 2.0, 3.0, 0.0])) == 0.75


def test_the_page_tells_the_constants(found: dict[str, Figures]) -> None:
    """Models are measured against them: a change needs new figures in docs/simulator-hazard.md."""
    page = PAGE.read_text(encoding="utf-8")
    for row in table(list(found.values())):
        name, constant = row.split(" | ")[:2]
        assert f"{name} | {constant} |" in page
    assert (
        f"{hazard.INTERCEPT[1]:.2f} for postpaid and {hazard.INTERCEPT[0]:.2f} for prepaid" in page
    )
    assert f"standard deviation {FRAILTY_SPREAD}" in page
    assert f"{FALLS_SILENT:.0%}".replace("%", " %") in page
    effects = (hazard.PERSUADED, hazard.ANNOYED, hazard.UNMOVED)
    assert all(f"{effect:+.2f}" in page for effect in effects)
    assert f"{hazard.LEANING:.2%}".replace("%", " %") in page
