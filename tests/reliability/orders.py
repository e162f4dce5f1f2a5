"""R9: files in any order of creation, all days at once or day by day, late, and ahead of time.

On time: one run over all days, a run per day and permuted creation give equal rows and decisions.
Late: every row is booked on the day that a model of two lines says, and no row is lost.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import duckdb

from tests.reliability import samples
from tests.reliability.invariants import Account, check_account, fingerprints
from tests.reliability.lab import Lab, demand, seeded
from tests.reliability.repeats import LINEAGE
from tests.reliability.worlds import Landed, day, land

_DAYS = 4


def _world(rng: Random, *, repeats: bool) -> Landed:
    """Return a small world: overlapping lines, numbers out of step with days, sometimes repeats."""
    files: dict[str, bytes] = {}
    lines = samples.usage_file(rng, "U", 80, broken=0.05).splitlines()
    header, records = lines[0], lines[1:]
    for number in range(rng.randrange(3, 8)):
        start = rng.randrange(len(records) - 20)
        text = "\n".join([header, *records[start : start + rng.randrange(1, 60)]]) + "\n"
        files[f"{samples.USAGE}/{day(rng.randrange(_DAYS))}/part{number}.csv"] = text.encode()
    if repeats:
        numbers = list(range(1, rng.randrange(2, 7)))
        rng.shuffle(numbers)
        for place, number in enumerate(numbers):
            on = day(min(place, _DAYS - 1))
            content = samples.usage_file(rng, f"S{number}", 5).encode()
            files[f"{samples.USAGE}/{on}/u_seq{number:06d}.csv"] = content
    for number in range(rng.randrange(1, 5)):
        content = samples.payments_file(rng, f"P{number}", rng.randrange(1, 20)).encode()
        files[f"{samples.PAYMENTS}/{day(rng.randrange(_DAYS))}/pay{number}.csv"] = content
    if repeats:
        for file in rng.sample(sorted(files), 2):
            if "_seq" not in file:
                feed = file.rsplit("/", 2)[0]
                again = f"{feed}/{day(rng.randrange(_DAYS))}/{rng.choice('azpt')}_again.csv"
                files[again] = files[file]
    days = tuple(day(number) for number in range(_DAYS))
    return Landed(files, (samples.USAGE, samples.PAYMENTS), days)


def _shuffled(rng: Random, world: Landed) -> Landed:
    files = list(world.files.items())
    rng.shuffle(files)
    return replace(world, files=dict(files), feeds=tuple(reversed(world.feeds)))


def _without_days(account: Account) -> Account:
    return replace(account, closed=())


def permuted(lab: Lab, seed: int) -> None:
    """Try one seed: even ones on time, odd ones late."""
    rng = seeded(f"order {seed}")
    if seed % 2:
        _late(lab, rng)
        return
    world = _world(rng, repeats=True)
    accounts = []
    for form in ("day by day", "at once", "shuffled", "some days"):
        landed = _shuffled(rng, world) if form == "shuffled" else world
        days = list(world.days)
        if form == "at once":
            days = days[-1:]
        elif form == "some days":
            days = [on for on in days[:-1] if rng.random() < 0.5] + days[-1:]
        with lab.folder() as data:
            land(data / "landing", landed.files)
            lab.succeed("ingest_days", {**landed.arguments(data), "days": days})
            accounts.append(_without_days(check_account(data)))
    for other in accounts[1:]:
        other.demand_equal(accounts[0])


def _late(lab: Lab, rng: Random) -> None:
    world = _world(rng, repeats=False)
    run_days = sorted({*rng.sample(range(_DAYS), rng.randrange(1, _DAYS)), _DAYS - 1})
    arrivals: dict[str, dict[str, str]] = {}
    wanted: dict[str, str] = {}
    with lab.folder() as folder:
        land(folder / "alone/landing", world.files)
        lab.succeed("ingest_days", world.arguments(folder / "alone"))
        data = folder / "data"
        for file, content in _shuffled(rng, world).files.items():
            turn = rng.randrange(len(run_days))
            closed = run_days[turn - 1] if turn else -1
            folder_day = world.days.index(file.split("/")[2])
            wanted[file] = day(folder_day if folder_day > closed else closed + 1)
            source = land(folder / "waiting", {file: content})[0]
            arrivals.setdefault(day(run_days[turn]), {})[file] = str(source)
        days = [day(number) for number in run_days]
        arguments = {**world.arguments(data), "days": days, "arrivals": arrivals}
        lab.succeed("ingest_days", arguments)
        account = check_account(data)
        found = {file: str(decision[2]) for (_, file), decision in account.decisions.items()}
        demand(found == wanted, f"booked on {found}, expected {wanted}")
        _check_rows(data, wanted)
        for name in ("raw", "quarantine"):
            rows = fingerprints(data / name, LINEAGE)
            alone = fingerprints(folder / "alone" / name, LINEAGE)
            demand(rows == alone, f"late files changed the rows of {name}: {rows}, not {alone}")


def _check_rows(data: Path, wanted: dict[str, str]) -> None:
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select distinct _file, _delivered_on::varchar from read_parquet("  # noqa: S608
            f"'{data}/raw/*/*/*/*.parquet', union_by_name = true, hive_partitioning = false)"
        ).fetchall()
    wrong = [(file, on) for file, on in rows if wanted[file] != on]
    demand(not wrong, f"rows booked on another day than their file: {wrong[:3]}")
