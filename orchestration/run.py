"""`python -m orchestration.run [--example NAME]`: the first run, and every later one.

A new house gets an operator: the simulated one (knobs: SUBSCRIBERS, MONTHS, SEED, START in the
environment), or an example by its name. A house with deliveries of its own gets nothing. Then the
pipeline runs over all that was delivered.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import pipeline
from orchestration.console import complain, say
from orchestration.failures import what_failed
from orchestration.ingest.landing import parse_day
from orchestration.locks import LockHeldError, hold_data_folder
from orchestration.publishing.builds import POINTER
from orchestration.settings import REPOSITORY, Settings

if TYPE_CHECKING:
    from data.simulator.knobs import Knobs

EXAMPLES = REPOSITORY / "examples"
_KNOBS = ("SUBSCRIBERS", "MONTHS", "SEED", "START")


class SimulatedHouseError(RuntimeError):
    """The simulated operator cannot be brought in, or gone on with; the text is for a person."""


def is_new_house(settings: Settings) -> bool:
    """Whether nothing was ever delivered to, decided in or published from this data folder."""
    # landing alone says little: an operator may clear it once its files are in raw
    if (settings.raw / "manifest.jsonl").exists() or (settings.published / POINTER).exists():
        return False
    return not (settings.landing.is_dir() and any(settings.landing.iterdir()))


def land_example(settings: Settings, example: Path) -> int:
    """Copy an example into the landing of a new house; returns the number of files copied."""
    if not is_new_house(settings) or not example.is_dir():
        return 0
    # complete before it is seen: a sensor may be looking
    half = settings.data / ".landing.unfinished"
    shutil.rmtree(half, ignore_errors=True)
    try:
        shutil.copytree(example, half)
        if settings.landing.is_dir():
            settings.landing.rmdir()
        half.rename(settings.landing)
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return sum(path.is_file() for path in settings.landing.rglob("*"))


def _mark(settings: Settings) -> Path:
    return settings.data / "simulated.json"


def _read_mark(settings: Settings) -> dict[str, str]:
    try:
        return dict(json.loads(_mark(settings).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}


def _write_mark(settings: Settings, body: Mapping[str, str]) -> None:
    half = _mark(settings).with_suffix(".part")
    half.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
    half.replace(_mark(settings))


def simulate_house(settings: Settings, environment: Mapping[str, str]) -> bool:
    """Let the simulated operator deliver to a new house, or finish what was broken off.

    Returns whether it delivered. Raises SimulatedHouseError when the house holds another world than
    the one that is asked for, ValueError for a knob that cannot be read.
    """
    mark = _read_mark(settings)
    if not mark and not is_new_house(settings):
        return False
    asked = {name: environment[name] for name in _KNOBS if environment.get(name)}
    differ = [
        f"{name} is {mark[name]}" for name in asked if mark.get(name, asked[name]) != asked[name]
    ]
    if differ:
        raise SimulatedHouseError(
            f"{settings.data} holds another simulated operator ({', '.join(differ)}): leave the "
            "knobs away to go on with it, or point TOLLHOUSE_DATA at an empty folder"
        )
    if mark.get("done"):
        return False
    # seconds that a house with deliveries of its own does not pay
    from data.simulator.__main__ import knobs_of  # noqa: PLC0415

    knobs = knobs_of({**mark, **asked})
    known = {name: str(value) for name, value in zip(_KNOBS, asdict(knobs).values(), strict=True)}
    settings.data.mkdir(parents=True, exist_ok=True)
    _write_mark(settings, known)
    _live(settings, knobs)
    _write_mark(settings, {**known, "done": "yes"})
    return True


def _live(settings: Settings, knobs: Knobs) -> None:
    from data.simulator import steps  # noqa: PLC0415

    say(f"A simulated operator of {knobs.subscribers:,} subscriptions delivers to {settings.data}")
    started = time.monotonic()
    begun_at = time.time()
    days = steps.step_days(knobs)
    for day in days:
        try:
            result = steps.simulate(
                settings.data, knobs, day, settings.published, settings.data / "outbox"
            )
        except steps.WorldError as error:
            raise SimulatedHouseError(str(error)) from error
        _date_files(settings, begun_at)
        rows = sum(result.rows.values())
        say(
            f"  up to {result.until}  {result.files:6,d} files {rows:10,d} rows"
            f"{time.monotonic() - started:8.1f} s"
        )
        # the world answers to what was published: then each step needs the build before it
        if steps.REACTIONS and day != days[-1]:
            pipeline.run_pipeline(settings, day)


def _date_files(settings: Settings, begun_at: float) -> None:
    """Give files the time of their delivery: one that looks fresh might still be growing."""
    for folder in settings.landing.glob("*/*/*"):
        day = parse_day(folder.name)
        if day is None:
            continue
        delivered = datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()
        for path in folder.iterdir():
            # those of a run that was killed a moment ago, too
            if path.is_file() and path.stat().st_mtime >= begun_at - 60:
                os.utime(path, (delivered, delivered))


def bring_deliveries(settings: Settings, example: str | None) -> None:
    """Let an operator deliver to a new house: the named example, or the simulated one."""
    if example is None:
        simulate_house(settings, os.environ)
        return
    folder = EXAMPLES / example / "landing"
    if not folder.is_dir():
        known = ", ".join(sorted(path.parent.name for path in EXAMPLES.glob("*/landing")))
        raise SimulatedHouseError(f"there is no example {example!r}: known are {known}")
    if files := land_example(settings, folder):
        say(f"Landing was empty: {files} files of examples/{example} are in it now.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Let somebody deliver if the house is new, then run the pipeline."""
    parser = argparse.ArgumentParser(prog="orchestration.run", description=__doc__)
    parser.add_argument("--example", help="deliver this example instead of a simulated operator")
    chosen = parser.parse_args(arguments)
    settings = Settings()
    try:
        with hold_data_folder(settings, "bring deliveries"):
            bring_deliveries(settings, chosen.example)
    except (LockHeldError, SimulatedHouseError, pipeline.PipelineError, ValueError) as error:
        complain(f"FAILED: {error}")
        return 1
    except OSError as error:
        complain(f"FAILED: {what_failed(settings, error)}")
        return 1
    return pipeline.main([])


if __name__ == "__main__":
    sys.exit(main())
