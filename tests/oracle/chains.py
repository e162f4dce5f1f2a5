"""What the segments of a usage ask their allowances for, and what they take.

Decisions that the design leaves open:
- What a segment asks for does not depend on how much is left, so it can be told before anybody has
  used anything. For that a call is walked through from its first unit as if every instance that
  counts were full: a segment goes on where the one before it got to, at its own begin at the
  earliest, and gets to its end or behind it, by whole steps of its first instance, or by paid
  blocks where no instance counts. A step or block belongs to the segment in which it begins. What
  lies between there and the end of the segment is what it asks for.
- Then the segment takes from its instances in order: whole steps, down to what is left, each covers
  as much of what was asked for.
- So where an allowance runs out in mid-call, a later segment may take units for what a paid block
  covers already, or pay though a further instance has units left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.oracle.catalog import Terms
from tests.oracle.instances import Instance
from tests.oracle.pricing import ceil_units, paid_blocks
from tests.oracle.reference import Row

Chain = Sequence[tuple[Row, Instance]]


def needs(segments: Sequence[tuple[Terms, int, int]], chains: Sequence[Chain]) -> list[int]:
    """Return what each segment, of these terms between two places, asks its chain for."""
    asked, position = [], 0
    for (terms, first, end), chain in zip(segments, chains, strict=True):
        begin = max(first, position)
        asked.append(max(0, end - begin))
        if begin < end:
            if chain:
                position = begin + ceil_units(end - begin, chain[0][0]["step_units"])
            else:
                blocks = paid_blocks(terms, begin, end)
                position = begin + sum(units for _, units in blocks)
    return asked


def take(chain: Chain, need: int) -> Iterator[tuple[Row, int, Instance]]:
    """Take what is needed from the instances of a chain that have something left."""
    for rule, instance in chain:
        if need <= 0:
            return
        units = ceil_units(need, rule["step_units"])
        units = units if instance.left is None else min(units, instance.left)
        if units > 0:
            instance.used += units
            need -= units
            yield rule, units, instance
