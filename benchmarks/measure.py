"""Runs one side of a comparison in a process of its own and says what it cost."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OUT = Path(__file__).resolve().parent / "out"


@dataclass(frozen=True)
class Cost:
    """What a finished process used: seconds on the clock, seconds of cores, peak memory in MB."""

    seconds: float
    core_seconds: float
    peak_mb: float


def run_aside(module: str, *arguments: str) -> Cost:
    """Run `python -m module arguments` to its end; raises if it fails."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", module, *arguments])  # noqa: S603  our own
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments)} ended with {process.returncode}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def compare(
    ours: Callable[[], Cost], plain: Callable[[], Cost], rounds: int
) -> list[tuple[Cost, Cost]]:
    """Run both sides turn by turn after one warm-up each, so that drift of the machine cancels."""
    plain()
    ours()
    return [(ours(), plain()) for _ in range(rounds)]


@dataclass(frozen=True)
class Seconds:
    """Medians of two sides that were timed turn by turn, and of their ratio pair by pair."""

    ours: float
    plain: float
    ratio: float


def compare_within(ours: Callable[[], float], plain: Callable[[], float], rounds: int) -> Seconds:
    """Like `compare`, for sides that run in this process and tell their own seconds."""
    plain()
    ours()
    pairs = [(ours(), plain()) for _ in range(rounds)]
    middle = statistics.median
    return Seconds(
        middle(one for one, _ in pairs),
        middle(other for _, other in pairs),
        middle(one / other for one, other in pairs),
    )


def ratio(pairs: list[tuple[Cost, Cost]], figure: Callable[[Cost], float]) -> float:
    """Median of the ratios pair by pair."""
    return statistics.median(figure(ours) / figure(plain) for ours, plain in pairs)


def median(costs: list[Cost], figure: Callable[[Cost], float]) -> float:
    """Median of a figure."""
    return statistics.median(figure(cost) for cost in costs)


def report(name: str, figures: list[dict[str, Any]]) -> None:
    """Write `benchmarks/out/<name>.json` and print the figures as a table."""
    OUT.mkdir(exist_ok=True)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    for figure in figures:
        figure["context"] = f"{figure['context']}; {machine}"
    (OUT / f"{name}.json").write_text(json.dumps(figures, indent=2) + "\n")
    width = max(len(figure["name"]) for figure in figures)
    for figure in figures:
        line = f"{figure['name']:<{width}}  {figure['figure']:>10}  {figure['unit']:<14}"
        sys.stdout.write(f"{line}  {figure['context']}\n")
