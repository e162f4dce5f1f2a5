"""Steps: same knobs, same bytes, however the days are cut; and what a step refuses."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from data.simulator import steps
from data.simulator.__main__ import knobs_of
from data.simulator.knobs import Knobs
from data.simulator.steps import WorldError, simulate, step_days
from data.simulator.truth import Truth
from tests.simulator.deliveries import digests

KNOBS = Knobs(subscribers=60, months=2)
UNTIL = date(2026, 2, 12)


@pytest.fixture(scope="module")
def in_one_go(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("one_go")
    simulate(data, KNOBS, UNTIL)
    return data


def test_steps_end_on_the_days_of_bill_runs_and_on_the_last_day() -> None:
    days = step_days(Knobs(months=3))
    assert days == [
        date(2026, 1, 4),
        date(2026, 2, 4),
        date(2026, 3, 4),
        date(2026, 4, 1),
    ]


def test_the_size_of_steps_changes_no_byte(in_one_go: Path, tmp_path: Path) -> None:
    day = KNOBS.start_on
    while day <= UNTIL:
        simulate(tmp_path, KNOBS, day)
        day += timedelta(days=1 if day < date(2026, 1, 20) else 9)
    simulate(tmp_path, KNOBS, UNTIL)
    assert digests(tmp_path) == digests(in_one_go)


def test_the_size_of_steps_changes_no_truth(in_one_go: Path, tmp_path: Path) -> None:
    for day in (date(2026, 1, 10), date(2026, 2, 3), UNTIL):
        simulate(tmp_path, KNOBS, day)
    for table in ("states", "hierarchy"):
        assert (
            Truth(tmp_path / "truth").newest(table).equals(Truth(in_one_go / "truth").newest(table))
        )
    for table in ("base_days", "dirt", "hazards"):
        ours, theirs = Truth(tmp_path / "truth").read(table), Truth(in_one_go / "truth").read(table)
        assert ours.sort(ours.columns).equals(theirs.sort(ours.columns))


def test_another_seed_is_another_world(in_one_go: Path, tmp_path: Path) -> None:
    simulate(tmp_path, Knobs(subscribers=60, months=2, seed=7), date(2026, 1, 5))
    ours, theirs = digests(tmp_path), digests(in_one_go)
    customers = "crm/customers/2026-01-01/customers.csv"
    assert ours[customers] != theirs[customers]


def test_a_step_that_is_done_does_nothing(in_one_go: Path) -> None:
    before = digests(in_one_go)
    result = simulate(in_one_go, KNOBS, UNTIL)
    assert (result.days, result.files) == (0, 0)
    assert digests(in_one_go) == before


def test_the_world_ends(tmp_path: Path) -> None:
    short = Knobs(subscribers=30, months=1)
    result = simulate(tmp_path, short, date(2030, 1, 1))
    assert result.until == short.last_on == date(2026, 2, 1)
    days = {Path(name).parent.name for name in digests(tmp_path)}
    assert max(days) == "2026-02-01"


def test_other_knobs_are_refused_with_what_differs(in_one_go: Path) -> None:
    with pytest.raises(WorldError, match=r"subscribers was 60, is 61"):
        simulate(in_one_go, Knobs(subscribers=61, months=2), UNTIL)


def test_deliveries_of_somebody_else_are_refused(tmp_path: Path) -> None:
    theirs = tmp_path / "landing" / "crm" / "customers" / "2026-01-01" / "customers.csv"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("customer_id\n")
    with pytest.raises(WorldError, match="not delivered by this simulator"):
        simulate(tmp_path, KNOBS, UNTIL)
    assert list(digests(tmp_path)) == ["crm/customers/2026-01-01/customers.csv"]


@pytest.mark.parametrize("point", ["save_state", "replace"])
def test_a_step_that_died_is_done_again(
    in_one_go: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """Killed before its files were moved, in the middle of moving, or before the state was kept."""
    simulate(tmp_path, KNOBS, date(2026, 1, 8))
    with monkeypatch.context() as patch:
        if point == "save_state":
            patch.setattr(Truth, "save_state", _die)
        else:
            patch.setattr(steps, "_place", _dies_after(25, steps._place))
        with pytest.raises(KeyboardInterrupt):
            simulate(tmp_path, KNOBS, UNTIL)
    simulate(tmp_path, KNOBS, UNTIL)
    assert digests(tmp_path) == digests(in_one_go)


def test_truth_of_a_step_that_died_does_not_count(
    in_one_go: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulate(tmp_path, KNOBS, date(2026, 1, 8))
    with monkeypatch.context() as patch:
        patch.setattr(steps, "_move", _die)
        with pytest.raises(KeyboardInterrupt):
            simulate(tmp_path, KNOBS, date(2026, 2, 9))
    simulate(tmp_path, KNOBS, date(2026, 1, 20))
    simulate(tmp_path, KNOBS, UNTIL)
    ours, theirs = (Truth(data / "truth").read("base_days") for data in (tmp_path, in_one_go))
    assert ours.sort("day", "customer_type").equals(theirs.sort("day", "customer_type"))


def test_the_first_step_may_die_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(steps, "_place", _dies_after(5, steps._place))
        with pytest.raises(KeyboardInterrupt):
            simulate(tmp_path, KNOBS, date(2026, 1, 3))
    assert digests(tmp_path)
    simulate(tmp_path, KNOBS, date(2026, 1, 3))


def test_nothing_is_in_landing_before_a_step_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(steps, "_tell_truth", _die)
        with pytest.raises(KeyboardInterrupt):
            simulate(tmp_path, KNOBS, date(2026, 1, 3))
    assert not (tmp_path / "landing").exists()


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def _dies_after(count: int, place: object) -> object:
    left = [count]

    def placing(*arguments: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        place(*arguments)  # type: ignore[operator]

    return placing


def test_knobs_come_from_the_environment_and_wrong_ones_are_named() -> None:
    assert knobs_of({}) == Knobs()
    assert knobs_of({"SUBSCRIBERS": "50", "START": "2025-05-01", "SEED": "3", "MONTHS": "1"}) == (
        Knobs(subscribers=50, months=1, seed=3, start_on=date(2025, 5, 1))
    )
    with pytest.raises(ValueError, match="SUBSCRIBERS=many"):
        knobs_of({"SUBSCRIBERS": "many"})
    with pytest.raises(ValueError, match="START=2026-01-02"):
        knobs_of({"START": "2026-01-02"})


def test_the_command_line_tells_each_step_and_fails_with_one_line(tmp_path: Path) -> None:
    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "data.simulator", "--until", "2026-01-06"],
            env={"TOLLHOUSE_DATA": str(tmp_path), "SUBSCRIBERS": "40", **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    first = run()
    assert first.returncode == 0, first.stderr
    assert [line.split()[0] for line in first.stdout.splitlines()] == ["2026-01-04", "2026-01-06"]
    second = run(SUBSCRIBERS="41")
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert "subscribers was 40, is 41" in second.stderr
