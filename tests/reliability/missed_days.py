"""R21: three days without a run; the next run handles each missed day once and in order."""

from __future__ import annotations

from dataclasses import replace

from tests.reliability import samples
from tests.reliability.invariants import check_account, demand_once
from tests.reliability.lab import Lab, demand, seeded
from tests.reliability.worlds import Landed, day, land

_DAYS = 6


def missed_days(lab: Lab, seed: int) -> None:
    """Try one seed: run day 0, miss three days, run again, and compare with a run every day."""
    rng = seeded(f"missed {seed}")
    files = {
        f"{feed}/{day(number)}/file{samples.suffix(feed)}": samples.sample(
            feed, rng, f"{feed[-3:]}{number}", rng.randrange(1, 80)
        )
        for feed in (samples.USAGE, samples.PAYMENTS, samples.STATEMENTS)
        for number in range(_DAYS)
        # not every feed comes every day
        if number in (0, _DAYS - 1) or rng.random() < 0.7
    }
    days = tuple(day(number) for number in range(_DAYS))
    world = Landed(files, (samples.USAGE, samples.PAYMENTS, samples.STATEMENTS), days)
    missed = rng.randrange(1, _DAYS - 3)
    with lab.folder() as every, lab.folder() as data:
        land(every / "landing", files)
        lab.succeed("ingest_days", world.arguments(every))
        land(data / "landing", files)
        lab.succeed("ingest_days", {**world.arguments(data), "days": list(days[:missed])})
        planned = {"data": str(data), "feeds": list(world.feeds)}
        done = lab.succeed("ingest_planned", {**planned, "as_of": days[missed + 2]}).value
        wanted = list(days[missed : missed + 3])
        demand(done == wanted, f"after {missed} days the run did {done}, expected {wanted}")
        rest = lab.succeed("ingest_planned", {**planned, "as_of": None}).value
        wanted = list(days[missed + 3 :])
        demand(rest == wanted, f"the last run did {rest}, expected {wanted}")
        again = lab.succeed("ingest_planned", {**planned, "as_of": None}).value
        demand(not again, f"nothing was missed any more, but {again} were done")
        account = check_account(data)
        demand(account.closed == days, f"closed {account.closed}")
        account.demand_equal(replace(check_account(every), closed=days))
        demand_once(data, samples.USAGE, "usage_id")
