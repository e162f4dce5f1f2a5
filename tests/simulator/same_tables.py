"""One simulated world brought in and built in several ways: every table must come out the same.

    python -m tests.simulator.same_tables [--subscribers 200] [--months 2] [--seed 20260101]

builds it at once, then day by day (every day alone), then at once with the files of each day taken
in random portions, and says which tables differ. The test of the same name does so with a small
world and some of the days.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from data.simulator import steps
from data.simulator.knobs import Knobs
from orchestration.contracts import load_feeds
from orchestration.ingest import close_days, ingest_feed
from orchestration.ingest.manifest import load_manifest
from orchestration.ingest.manifest_table import write_manifest_table
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse, register_raw, run_dbt

# schema and name -> rows and the sum of their hashes
Prints = Mapping[str, tuple[int, int]]


def settings_of(data: Path) -> Settings:
    """Settings of a data folder in which nobody else writes."""
    return Settings(data=data, lock_wait_seconds=0, settle_seconds=0, open_end_seconds=0)


def simulate(data: Path, knobs: Knobs) -> None:
    """Write the world's landing below `data`."""
    for day in steps.step_days(knobs):
        steps.simulate(data, knobs, day)


def build(data: Path, day: date, select: Sequence[str] = ("*",)) -> None:
    """Take the deliveries up to a day in, close it and build models as of it."""
    settings = settings_of(data)
    feeds = load_feeds(settings.contracts)
    for feed in feeds.values():
        ingest_feed(settings, feed, day)
    close_days(settings, day)
    write_manifest_table(settings, load_manifest(settings))
    register_raw(settings, feeds.values())
    run_dbt(settings, ["run", "--select", *select], day)


def prints(data: Path) -> Prints:
    """Return rows and a hash, free of order, of everything that dbt built."""
    with open_warehouse(settings_of(data)) as connection:
        tables = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_schema in ('staging', 'intermediate', 'marts') order by all"
        ).fetchall()
        found: dict[str, tuple[int, int]] = {}
        for (table,) in tables:
            rows, total = connection.execute(
                f"select count(*), sum(hash(cast(t as varchar))) from {table} as t"  # noqa: S608
            ).fetchall()[0]
            found[table] = (rows, total or 0)
        return found


def differences(one: Prints, other: Prints) -> list[str]:
    """Return the tables that are not the same in both."""
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def delivery_days(landing: Path) -> list[date]:
    """Return the days for which anything was delivered."""
    return sorted({date.fromisoformat(path.name) for path in landing.glob("*/*/*-*-*")})


def in_portions(world: Path, data: Path, day: date, seed: int) -> None:
    """Let the files of each day arrive in random portions, and take each portion in on its own."""
    chance = random.Random(seed)  # noqa: S311  repeatable, not secret
    settings = settings_of(data)
    feeds = list(load_feeds(settings.contracts).values())
    for delivered in delivery_days(world / "landing"):
        if delivered > day:
            break
        files = sorted(world.glob(f"landing/*/*/{delivered}/*"))
        chance.shuffle(files)
        cut = chance.randrange(len(files) + 1)
        for portion in (files[:cut], files[cut:]):
            for file in portion:
                target = data / file.relative_to(world)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(file, target)
            names = {path.parent.parent.name for path in portion}
            chance.shuffle(feeds)
            for feed in feeds:
                if feed.name in names:
                    ingest_feed(settings, feed, delivered)
    build(data, day)


def compare(folder: Path, knobs: Knobs, days: Sequence[date] | None = None) -> dict[str, list[str]]:
    """Build a world in each way; returns what differs from the build at once, by way.

    `days` are built one after the other in the second way, every day when it is left out.
    """
    at_once = folder / "at_once"
    simulate(at_once, knobs)
    for way in ("by_day", "portions"):
        shutil.copytree(at_once / "landing", folder / way / "landing", copy_function=os.link)
    shutil.rmtree(folder / "portions" / "landing")
    build(at_once, knobs.last_on)
    expected = prints(at_once)
    for day in days or delivery_days(at_once / "landing"):
        if day <= knobs.last_on:
            build(folder / "by_day", day)
    in_portions(at_once, folder / "portions", knobs.last_on, knobs.seed)
    return {way: differences(expected, prints(folder / way)) for way in ("by_day", "portions")} | {
        "tables": sorted(expected)
    }


def main() -> int:
    """Compare at full length; returns 1 when anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=200)
    parser.add_argument("--months", type=int, default=2)
    parser.add_argument("--seed", type=int, default=Knobs().seed)
    options = parser.parse_args()
    knobs = Knobs(subscribers=options.subscribers, months=options.months, seed=options.seed)
    with tempfile.TemporaryDirectory() as name:
        found = compare(Path(name), knobs)
    told = [f"{len(found['tables'])} tables and views"]
    told += [f"{way}: {', '.join(found[way]) or 'the same'}" for way in ("by_day", "portions")]
    sys.stdout.write("\n".join(told) + "\n")
    return 1 if found["by_day"] or found["portions"] else 0


def some_days(knobs: Knobs) -> list[date]:
    """Return some delivery days of a world, the last one included: single, together, far apart."""
    offsets = (0, 1, 9)
    days = [knobs.start_on + timedelta(days=number) for number in offsets]
    return [*days, knobs.last_on]


if __name__ == "__main__":
    sys.exit(main())
