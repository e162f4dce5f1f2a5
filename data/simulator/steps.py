"""Steps of the world: what is due is lived through and laid down in landing, whole or not at all.

A step writes aside, into `<data>/.landing.step`. When it is complete, the list of its files is
written down, they are moved, and the state is saved last. A step that died before is simply done
again; one that died while moving is done again too and lays the same bytes over its own files.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl

from data.simulator.catalog import build_catalog
from data.simulator.knobs import Knobs
from data.simulator.landing import Landing
from data.simulator.life import truths
from data.simulator.life.day import live
from data.simulator.model import Catalog, StepResult
from data.simulator.network import Network
from data.simulator.people.accounts import consent_rows, tax_id_rows
from data.simulator.people.lines import queued_line_frames
from data.simulator.people.rows import BUILDERS, DELIVERED_AS, as_text
from data.simulator.people.world import World
from data.simulator.truth import State, Truth
from orchestration.settings import REPOSITORY

CONTRACTS = REPOSITORY / "data" / "contracts"
GRACE_DAYS = 3
_FORMAT = 2


class WorldError(RuntimeError):
    """A step cannot go on from what lies in the data folder."""


class Reaction(Protocol):
    """Looks, at the begin of a step, at what was published, and lets the world answer to it."""

    def __call__(self, world: World, published: Path | None, outbox: Path | None) -> None:
        """React; called once per step, before its first day."""


REACTIONS: tuple[Reaction, ...] = ()


def step_days(knobs: Knobs) -> list[date]:
    """Return the ends of the steps: the days on which bill runs are issued, and the last day."""
    issue = [
        knobs.month_on(month) + timedelta(days=GRACE_DAYS) for month in range(1, knobs.months + 1)
    ]
    first = knobs.start_on + timedelta(days=GRACE_DAYS)
    return [day for day in [first, *issue] if day < knobs.last_on] + [knobs.last_on]


def simulate(
    data: Path,
    knobs: Knobs,
    until: date,
    published: Path | None = None,
    outbox: Path | None = None,
) -> StepResult:
    """Live through the days after the last step up to `until`, and deliver them.

    Raises WorldError when the folder holds another world, or deliveries of somebody else.
    """
    truth = Truth(data / "truth")
    state = truth.load_state()
    journal = data / "truth" / "moving.json"
    _check(data, knobs, state, journal)
    catalog = build_catalog(knobs)
    world = World(knobs, catalog)
    begin = knobs.start_on
    if state is not None:
        world.restore(state)
        begin = state.until + timedelta(days=1)
    died = _moving(journal)["until"]
    # a step that died while moving is finished as it was begun: its files may have been read
    end = min(max(until, date.fromisoformat(died)) if died else until, knobs.last_on)
    truth.forget_after(state.until if state else None)
    result = StepResult(until=end, days=0, files=0)
    if begin > end:
        return result
    for react in REACTIONS:
        react(world, published, outbox)
    aside = data / ".landing.step"
    shutil.rmtree(aside, ignore_errors=True)
    day = begin
    with Network(knobs, catalog, Landing(aside, CONTRACTS), state) as network:
        while day <= end:
            _pass_day(world, network, day, truth, result)
            day += timedelta(days=1)
            result.days += 1
    _tell_truth(world, network, truth, end)
    result.files = _move(aside, data / "landing", journal, end)
    saved = world.state(end, {"knobs": _knobs(knobs), "format": _FORMAT})
    truth.save_state(State(end, saved.scalars, {**saved.frames, **network.frames()}))
    journal.unlink(missing_ok=True)
    return result


def _moving(journal: Path) -> dict[str, Any]:
    """Return what a step that died was about to move; nothing when the last one ended well."""
    if not journal.exists():
        return {"until": None, "files": []}
    return dict(json.loads(journal.read_text(encoding="utf-8")))


def _knobs(knobs: Knobs) -> dict[str, object]:
    return {name: str(value) for name, value in asdict(knobs).items()}


def _check(data: Path, knobs: Knobs, state: State | None, journal: Path) -> None:
    landing = data / "landing"
    if state is None:
        own = set(_moving(journal)["files"])
        for path in sorted(landing.rglob("*")) if landing.exists() else []:
            name = path.relative_to(landing).as_posix()
            if path.is_file() and path.name != ".gitkeep" and name not in own:
                raise WorldError(
                    f"{path} was not delivered by this simulator; give it an empty data folder "
                    "(TOLLHOUSE_DATA) or remove the deliveries"
                )
        return
    before = state.scalars["knobs"]
    now = _knobs(knobs)
    if state.scalars.get("format") != _FORMAT:
        raise WorldError(f"{data / 'truth'} was written by another version; begin a new world")
    differ = [
        f"{name} was {before[name]}, is {now[name]}" for name in now if before[name] != now[name]
    ]
    if differ:
        raise WorldError(
            f"{data} holds another world ({'; '.join(differ)}); use its knobs or another folder"
        )


def _pass_day(world: World, network: Network, day: date, truth: Truth, result: StepResult) -> None:
    landing = network.landing
    if day == world.knobs.start_on:
        _deliver_catalog(world.catalog, network)
    for delivery in world.catalog.deliveries:
        if delivery.day == day or (day == world.knobs.start_on and delivery.day < day):
            frame = pl.DataFrame(list(delivery.rows), infer_schema_length=None)
            world.bulk[delivery.feed_id].append(frame)
    traffic = None
    if len(world.lines):
        traffic = network.begin_traffic(day, network.lines_of_yesterday(world, day))
    live(world, day, network.outages(day))
    network.care(world, day)
    for feed_id, frame in _baskets(world):
        landing.write(feed_id, day, frame)
        result.rows[feed_id] = result.rows.get(feed_id, 0) + frame.height
    if traffic is not None:
        for feed_id, count in traffic.result().items():
            result.rows[feed_id] = result.rows.get(feed_id, 0) + count
    if day.day == 1:
        truth.add("hazards", day, truths.hazards(world, day))
    for table, rows in world.truth.items():
        network.told.setdefault(table, []).extend(rows)
    world.clear()


def _deliver_catalog(catalog: Catalog, network: Network) -> None:
    network.told.setdefault("dirt", []).extend(dict(row) for row in catalog.dirt)


def _baskets(world: World) -> list[tuple[str, pl.DataFrame]]:
    """Return all rows of the day by feed: what was touched, in bulk, and one by one."""
    evening = world.evening()
    for table, feed_id in DELIVERED_AS.items():
        if world.touched[table]:
            index = world.touched_rows(table)
            world.bulk[feed_id].append(
                BUILDERS[table](world, index, evening + index % 3600 * 1_000_000)
            )
    for feed_id, frames in queued_line_frames(world).items():
        world.bulk[feed_id] += frames
    _welcome(world, evening)
    baskets = []
    for feed_id in sorted({*world.bulk, *world.rows}):
        frames = [frame for frame in world.bulk[feed_id] if not frame.is_empty()]
        if world.rows[feed_id]:
            frames.append(pl.DataFrame(world.rows[feed_id], infer_schema_length=None))
        if frames:
            plain = [as_text(frame) for frame in frames]
            baskets.append((feed_id, pl.concat(plain, how="diagonal")))
    return baskets


def _welcome(world: World, evening: int) -> None:
    """Consents and tax ids of today's new customers."""
    people, _ = world.queued("welcomed")
    books, _ = world.queued("opened")
    if len(people):
        rng, at = world.stream("consents"), np.full(len(people), evening)
        world.bulk["crm/consents"].append(consent_rows(rng, world, people, at))
    if len(books):
        at = np.full(len(books), evening)
        world.bulk["crm/tax_ids"].append(tax_id_rows(world, books, at))


def _tell_truth(world: World, network: Network, truth: Truth, end: date) -> None:
    for table, rows in network.told.items():
        truth.add(table, end, rows)
    truth.add("states", end, truths.states(world, end))
    truth.add("hierarchy", end, truths.hierarchy(world, end))
    for table, frame in network.truth(end).items():
        truth.add(table, end, frame)


def _move(aside: Path, landing: Path, journal: Path, end: date) -> int:
    files = sorted(path for path in aside.rglob("*") if path.is_file())
    names = [path.relative_to(aside).as_posix() for path in files]
    journal.parent.mkdir(parents=True, exist_ok=True)
    half = journal.with_suffix(".part")
    half.write_text(json.dumps({"until": end.isoformat(), "files": names}), encoding="utf-8")
    half.replace(journal)
    for path, name in zip(files, names, strict=True):
        _place(path, landing / name)
    shutil.rmtree(aside, ignore_errors=True)
    return len(files)


def _place(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    path.replace(target)


Progress = Callable[[StepResult], None]


def run(data: Path, knobs: Knobs, until: date | None, tell: Progress) -> None:
    """Go on step by step up to `until` (default: the end of the world), telling after each."""
    last = min(until or knobs.last_on, knobs.last_on)
    days = [day for day in step_days(knobs) if day < last] + [last]
    for day in days:
        result = simulate(data, knobs, day)
        if result.days:
            tell(result)
