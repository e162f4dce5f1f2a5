"""Traffic runs beside life and care: errors of either side are seen, and nothing writes on."""

from __future__ import annotations

import sys
import threading
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.simulator import steps
from data.simulator.knobs import Knobs
from data.simulator.network import Network
from tests.simulator.deliveries import digests

KNOBS = Knobs(subscribers=60, months=1)
UNTIL = date(2026, 1, 3)


def test_what_goes_wrong_in_traffic_fails_the_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> dict[str, int]:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Network, "traffic", fails)
        with pytest.raises(OSError, match="no space left"):
            steps.simulate(tmp_path, KNOBS, UNTIL)
    assert not digests(tmp_path)
    assert steps.simulate(tmp_path, KNOBS, UNTIL).rows["network/usage_records"] > 0


def test_a_step_that_fails_in_life_waits_for_its_traffic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivers, lives = Network.traffic, steps.live
    began, failed, ended = threading.Event(), threading.Event(), threading.Event()

    def traffic(network: Network, day: date, lines: pl.DataFrame) -> dict[str, int]:
        began.set()
        assert failed.wait(60)
        counts = delivers(network, day, lines)
        ended.set()
        return counts

    def live(*given: object) -> None:
        if given[1] == UNTIL:
            assert began.wait(60)
            failed.set()
            raise RuntimeError("life is hard")
        lives(*given)  # type: ignore[arg-type]

    steps.simulate(tmp_path, KNOBS, date(2026, 1, 2))
    switches = sys.getswitchinterval()
    monkeypatch.setattr(Network, "traffic", traffic)
    monkeypatch.setattr(steps, "live", live)
    with pytest.raises(RuntimeError, match="life is hard"):
        steps.simulate(tmp_path, KNOBS, UNTIL)
    assert ended.is_set()
    assert sys.getswitchinterval() == pytest.approx(switches)
