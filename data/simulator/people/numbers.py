"""Telephone numbers: handed out from the operator's blocks, quarantined, handed out again."""

from __future__ import annotations

import numpy as np

from data.simulator.people.world import World

QUARANTINE_DAYS = 60
# share of new numbers that are taken from those set free, while there are any
REUSED = 0.5
# neither 2 nor 5 divides it: each step of it walks through all numbers of a block
_STRIDE = 7_919_377


class NumbersExhaustedError(RuntimeError):
    """All numbers of a kind are in use: the catalog gives too small blocks."""


def _spread(count: int, digits: int) -> int:
    size = 10**digits
    return (count * _STRIDE + size // 3) % size


def take_number(rng: np.random.Generator, world: World, kind: str, area_id: str) -> tuple[int, int]:
    """Return a free number and its block; sometimes one that was somebody else's."""
    blocks = [
        index
        for index, (_, _, block_kind, area) in enumerate(world.catalog.own_blocks)
        if block_kind == kind and area in ("", area_id)
    ]
    freed = world.freed
    if len(freed) and rng.random() < REUSED:
        ready = np.flatnonzero(
            ~freed["is_taken"] & (freed["free_on"] <= world.today) & np.isin(freed["block"], blocks)
        )
        if len(ready):
            first = int(ready[0])
            freed["is_taken"][first] = True
            return int(freed["number"][first]), int(freed["block"][first])
    for block in blocks:
        prefix, digits, _, _ = world.catalog.own_blocks[block]
        key = f"block {block}"
        used = world.counters.get(key, 0)
        if used < 10**digits:
            world.counters[key] = used + 1
            return int(prefix.lstrip("+")) * 10**digits + _spread(used, digits), block
    raise NumbersExhaustedError(f"no {kind} number left for {area_id or 'all areas'}")


def free_number(world: World, number: int, block: int) -> None:
    """Put a number into quarantine; one of a foreign block (-1) goes back to its operator."""
    if block < 0:
        return
    world.freed.append(
        {
            "number": number,
            "block": block,
            "free_on": world.today + QUARANTINE_DAYS,
            "is_taken": False,
        },
        1,
    )


def foreign_number(world: World) -> int:
    """Return a mobile number of another German operator that no customer brought before."""
    prefixes = [
        (place.prefix, place.fill_digits)
        for place in world.catalog.destinations
        if place.kind == "mobile" and place.country == "DE"
    ] or [("+49171", 7)]
    count = world.counters.get("ported in", 0)
    world.counters["ported in"] = count + 1
    prefix, digits = prefixes[count % len(prefixes)]
    return int(prefix.lstrip("+")) * 10**digits + _spread(count // len(prefixes) + 1, digits)
