"""Landing folders: what a world consists of, and how it comes to lie on the disk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from tests.reliability import samples
from tests.reliability.lab import seeded

# file below landing -> content
World = Mapping[str, bytes]
DAY = date(2026, 10, 1)
# well before any test: files look as if nobody wrote to them for a long time
LONG_AGO = 1_600_000_000


def day(number: int) -> str:
    """Return the n-th delivery day of a world, from 0."""
    return (DAY + timedelta(days=number)).isoformat()


def land(landing: Path, world: World) -> list[Path]:
    """Put files into landing as if they had rested there for long, in the order given."""
    paths = []
    for file, content in world.items():
        path = landing / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (LONG_AGO, LONG_AGO))
        paths.append(path)
    return paths


@dataclass(frozen=True)
class Landed:
    """A world with the feeds and days that it speaks of."""

    files: World
    feeds: tuple[str, ...]
    days: tuple[str, ...]

    def arguments(self, data: Path) -> dict[str, object]:
        """Arguments of the tasks that ingest it."""
        return {"data": str(data), "days": list(self.days), "feeds": list(self.feeds)}


def usual_world(seed: int, *, lines: int = 200, big: int = 30_000) -> Landed:
    """Three feeds and three days, quarantine and a repeat included, and one bigger file."""
    rng = seeded(f"world {seed}")
    files: dict[str, bytes] = {}
    for number in range(3):
        on = day(number)
        for part in range(2):
            key = f"{seed}-{number}-{part}"
            sequence = number * 2 + part + 1
            files[f"{samples.USAGE}/{on}/usage_seq{sequence:06d}.csv"] = samples.usage_file(
                rng, f"U{key}", rng.randrange(lines), trailer=part == 0
            ).encode()
        files[f"{samples.PAYMENTS}/{on}/payments.csv"] = samples.sample(
            samples.PAYMENTS, rng, f"P{seed}-{number}", rng.randrange(1, lines)
        )
        files[f"{samples.STATEMENTS}/{on}/bank.xml"] = samples.sample(
            samples.STATEMENTS, rng, f"B{seed}-{number}", rng.randrange(1, lines // 4)
        )
    files[f"{samples.USAGE}/{day(1)}/big.csv"] = samples.usage_file(rng, f"G{seed}", big).encode()
    files[f"{samples.USAGE}/{day(2)}/again.csv"] = files[
        f"{samples.USAGE}/{day(0)}/usage_seq000001.csv"
    ]
    feeds = (samples.USAGE, samples.PAYMENTS, samples.STATEMENTS)
    return Landed(files, feeds, (day(0), day(1), day(2)))
