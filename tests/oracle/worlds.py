"""Random worlds of rating: catalogs, customers, deliveries and usage that meet in every way.

A world is many cases, each an account or a few with tariffs and units of their own, so that
thousands go through one build and a difference names its case; what they share is in worlds_common.
Cases are drawn from a seed (`random_world`), or one by one by the strategy `accounts`, which can be
shrunk.
`python -m tests.oracle.worlds --cases 500 --seed 1` shows what a world holds.

A case is rated by itself (`rate_case`): nothing of another case can touch it. `--case 00012` tells
all of one: its rows, its usage and what becomes of it.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from typing import TypeVar

from hypothesis import strategies as st

from tests.oracle.guiding import guided
from tests.oracle.instances import Instance
from tests.oracle.rater import Rater, Segment, Wait, rate
from tests.oracle.reference import Reference
from tests.oracle.worlds_book import Book
from tests.oracle.worlds_catalog import catalog
from tests.oracle.worlds_common import common_rows
from tests.oracle.worlds_customers import household, settle
from tests.oracle.worlds_draw import AUTUMN, SPRING, Draw, Period, Row, Rows, Seeded
from tests.oracle.worlds_usage import usages

T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """One account or a few that belong together: their rows, their usage, and what is in them."""

    name: str
    rows: Rows
    usages: list[Row]
    features: frozenset[str]


@dataclass(frozen=True)
class World:
    """Cases of one period, with what they share."""

    period: Period
    common: Rows
    cases: list[Case]

    def __repr__(self) -> str:
        # what a failing test shows of it; `told` tells all of a case
        names = ", ".join(case.name for case in self.cases[:3])
        return f"<{len(self.cases)} cases from {self.period.first} on: {names} ...>"

    @property
    def reference(self) -> Rows:
        """Rows of all feeds, as delivered."""
        found: Rows = defaultdict(list)
        for rows in (self.common, *(case.rows for case in self.cases)):
            for feed, told in rows.items():
                found[feed] += told
        return dict(found)

    @property
    def usages(self) -> list[Row]:
        """Usages of all cases."""
        return [usage for case in self.cases for usage in case.usages]


def draw_case(draw: Draw, name: str, period: Period) -> Case:
    """Draw a case; usage of a subscription that nobody knows yet is guided when it is known."""
    book = Book(draw, period)
    home = household(book, name)
    offered = catalog(book, name, home.sharings)
    subscriptions = settle(book, name, home, offered)
    used = usages(book, name, subscriptions)
    rows = dict(book.rows)
    return Case(name, rows, guided(rows, used), frozenset(book.features))


def random_world(seed: int, cases: int) -> World:
    """Draw a world; odd seeds have the night in spring, even ones that in autumn."""
    period = SPRING if seed % 2 else AUTUMN
    drawn = [
        draw_case(Seeded(f"{seed}/{number}"), f"{number:05}", period)
        for number in range(1, cases + 1)
    ]
    return World(period, common_rows(period), drawn)


class _Drawn:
    """Chances that Hypothesis gives."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def integer(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))

    def choice(self, items: Sequence[T]) -> T:
        return items[self._draw(st.integers(0, len(items) - 1))]

    def boolean(self, percent: int) -> bool:
        return self._draw(st.integers(0, 99)) >= 100 - percent


@st.composite
def accounts(draw: st.DrawFn) -> World:
    """Draw a world of one case."""
    period = draw(st.sampled_from((SPRING, AUTUMN)))
    return World(period, common_rows(period), [draw_case(_Drawn(draw), "00001", period)])


@cache
def _shared(period: Period) -> Reference:
    return Reference(common_rows(period))


def rate_case(world: World, case: Case) -> Rater:
    """Rate a case by itself, up to the last day of its period."""
    return rate(case.rows, case.usages, world.period.last, shared=_shared(world.period))


def rate_world(world: World) -> Iterator[tuple[Case, Rater]]:
    """Rate one case after the other."""
    for case in world.cases:
        yield case, rate_case(world, case)


@dataclass
class Outcome:
    """What the rater has come to, without its memory."""

    segments: list[Segment] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)

    def add(self, other: Outcome | Rater) -> None:
        """Take in what became of further cases."""
        self.segments += other.segments
        self.waits += other.waits
        self.instances += other.instances


def _outcome(period: Period, cases: list[Case]) -> Outcome:
    found = Outcome()
    for _, rater in rate_world(World(period, common_rows(period), cases)):
        found.add(rater)
    return found


def outcome(world: World, processes: int = 1) -> Outcome:
    """Rate all cases, in several processes when there are many."""
    if processes == 1:
        return _outcome(world.period, world.cases)
    slices = [world.cases[place : place + 100] for place in range(0, len(world.cases), 100)]
    found = Outcome()
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for part in pool.map(_outcome, [world.period] * len(slices), slices):
            found.add(part)
    return found


def told(world: World, case: Case) -> str:
    """Return all that a case says and what becomes of it, as text."""
    lines = [f"case {case.name}: {', '.join(sorted(case.features))}"]
    for feed, rows in sorted(case.rows.items()):
        lines.append(feed)
        for row in rows:
            said = {name: value for name, value in row.items() if value not in (None, "EUR")}
            lines.append("  " + ", ".join(f"{name}={value}" for name, value in said.items()))
    rater = rate_case(world, case)
    for title, items in (
        ("usages", sorted(case.usages, key=lambda usage: str(usage["usage_id"]))),
        ("segments", rater.segments),
        ("waits", rater.waits),
        ("instances", rater.instances),
    ):
        lines += [title, *(f"  {item}" for item in items)]
    return "\n".join(lines)


def main() -> None:
    """Show what is in a world, and how long the rater takes."""
    from tests.oracle.worlds_coverage import summary  # noqa: PLC0415  only this needs it

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", help="tell all of this case instead")
    said = parser.parse_args()
    if said.case is None:
        print(summary(random_world(said.seed, said.cases)))  # noqa: T201  a report
        return
    world = random_world(said.seed, int(said.case))
    print(told(world, world.cases[-1]))  # noqa: T201  a report


if __name__ == "__main__":
    main()
