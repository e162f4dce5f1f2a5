"""What a random world holds: how many cases show what, drawn and come of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Container, Iterator

from tests.oracle.instances import Instance
from tests.oracle.rater import Rater, Segment
from tests.oracle.worlds import Case, World, rate_world


def _of_instance(item: Instance) -> Iterator[str]:
    yield f"of {item.owner.split()[0]}: units used"
    named = {
        "units exhausted": item.left == 0,
        "units without limit used": item.capacity is None,
        "rolled over units used": item.rolled_over_from is not None,
        "second instance used": item.instance_id[-2:] in ("/2", "/3"),
    }
    yield from (name for name, holds in named.items() if holds)


def _of_segment(segment: Segment) -> Iterator[str]:
    yield f"zone {segment.zone_id}"
    yield f"{segment.usage_type} {segment.direction} rated"
    named = {
        "segment 2": segment.segment_number == 2,
        "segment 3 and more": segment.segment_number > 2,
        "units used by a later segment": segment.segment_number > 1 and segment.allowance_quantity,
        "segment takes from 2 instances": len(segment.taken) == 2,
        "segment takes from 3 instances and more": len(segment.taken) > 2,
        "segment takes and pays": segment.allowance_quantity and segment.charged_quantity,
        "connect fee": segment.connect_fee_amount,
        "late": segment.is_late,
        "late and takes": segment.is_late and segment.allowance_quantity,
        "priced by period": segment.priced_by == "period",
        "0 units": segment.quantity == 0,
        "free": not segment.amount,
    }
    yield from (name for name, holds in named.items() if holds)


def _of_calls(rater: Rater) -> Iterator[str]:
    versions: dict[str, set[str]] = {}
    for segment in rater.segments:
        versions.setdefault(segment.usage_id, set()).add(segment.tariff_version_id)
    if any(len(several) > 1 for several in versions.values()):
        yield "call over a version border"


def _of_waits(rater: Rater) -> Iterator[str]:
    for wait in rater.waits:
        yield f"waits {wait.reason_code}" + (", resolved" if wait.resolved_on else "")
    for day in {wait.suspended_on for wait in rater.waits}:
        yield from (f"refused {reason}" for reason in rater.refused(day).values())


def came_of(case: Case, rater: Rater) -> set[str]:
    """Return what is remarkable about a case and about what became of it."""
    used = [item for item in rater.instances if item.used]
    return {
        *case.features,
        *(name for item in used for name in _of_instance(item)),
        *(name for segment in rater.segments for name in _of_segment(segment)),
        *_of_calls(rater),
        *_of_waits(rater),
    }


def suspects(world: World, differing: Container[str], most: int = 10) -> list[str]:
    """Return what cases that differ have more often than the others, the most telling first."""
    have: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    number = [0, 0]
    for case, rater in rate_world(world):
        place = int(case.name in differing)
        number[place] += 1
        have[place].update(came_of(case, rater))
    shares = {
        name: (have[1][name] / max(1, number[1]), have[0][name] / max(1, number[0]))
        for name in have[1]
    }
    telling = sorted(shares, key=lambda name: shares[name][1] - shares[name][0])
    return [
        f"{name}: {shares[name][0]:.0%} of those that differ, {shares[name][1]:.0%} of the others"
        for name in telling[:most]
    ]


def summary(world: World) -> str:
    """Rate a world and tell what it holds."""
    cases: Counter[str] = Counter()
    usages, rated, paid, waited = 0, 0, 0, 0
    begin = time.perf_counter()
    for case, rater in rate_world(world):
        cases.update(came_of(case, rater))
        usages += len(case.usages)
        rated += len({segment.usage_id for segment in rater.segments})
        paid += len({segment.usage_id for segment in rater.segments if segment.amount})
        waited += len({wait.usage_id for wait in rater.waits})
    seconds = time.perf_counter() - begin
    number, rows = len(world.cases), sum(len(told) for told in world.reference.values())
    lines = [
        f"{number} cases, {rows} rows, {usages} usages from {world.period.first} on",
        f"rated {rated / usages:.1%}, with an amount above 0 {paid / usages:.1%}, "
        f"waited for a while or still {waited / usages:.1%}",
        f"rated by the reference in {seconds:.1f} s",
    ]
    lines += [f"{count / number:7.1%}  {name}" for name, count in sorted(cases.items())]
    return "\n".join(lines)
