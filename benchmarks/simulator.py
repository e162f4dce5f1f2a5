"""`simulator_seconds`: one month of a world of 100,000 subscriptions, all feeds, from nothing.

Life, care, traffic and writing together, in one process, as `python -m data.simulator` does it;
beside it a world of a tenth of the size, to see what does not grow.

    python -m benchmarks.simulator [--subscribers 100000] [--months 1]
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks.measure import Cost, report, run_aside
from data.simulator.truth import Truth


def _world(folder: Path, subscribers: int, months: int) -> Cost:
    os.environ |= {
        "TOLLHOUSE_DATA": str(folder),
        "SUBSCRIBERS": str(subscribers),
        "MONTHS": str(months),
    }
    return run_aside("data.simulator")


def _records(folder: Path) -> int:
    return int(Truth(folder / "truth").newest("usage_files")["records_in"].sum())


def _landing_mb(folder: Path) -> float:
    return (
        sum(path.stat().st_size for path in (folder / "landing").rglob("*") if path.is_file()) / 1e6
    )


def main() -> None:
    """Make a large and a small world and report what they cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=100_000)
    parser.add_argument("--months", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        large, small = Path(name, "large"), Path(name, "small")
        tenth = _world(small, options.subscribers // 10, options.months)
        cost = _world(large, options.subscribers, options.months)
        records, size = _records(large), _landing_mb(large)
    context = (
        f"{options.subscribers:,} subscriptions, {options.months} months, {records:,} usage "
        f"records, {size:,.0f} MB in landing"
    )

    def figure(name: str, value: float, unit: str) -> dict[str, object]:
        return {"name": name, "figure": round(value, 1), "unit": unit, "context": context}

    report(
        "simulator",
        [
            figure("simulator_seconds", cost.seconds, "s"),
            figure("simulator_core_seconds", cost.core_seconds, "core-s"),
            figure("simulator_peak_memory", cost.peak_mb, "MB"),
            figure("simulator_seconds_tenth", tenth.seconds, "s"),
            figure("simulator_peak_memory_tenth", tenth.peak_mb, "MB"),
        ],
    )


if __name__ == "__main__":
    main()
