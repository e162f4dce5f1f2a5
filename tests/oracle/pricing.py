"""From units to money: blocks, tiers, and one rounding per record. Fractions, so nothing drifts.

Decisions that the design leaves open:
- What allowances have given (chains) covers as much of a segment from its begin, or from where the
  segment before it got to. Where nothing is covered yet, the next paid block begins. A block
  belongs whole to the segment in which it begins, also when it ends in a later one.
- A usage that began in an allowance pays following increments only, never a first block.
- Tiers of `banded` count the units of the usage from its begin, those of allowances included, and a
  block belongs to the tier in which it begins. Tiers of `graduated` count charged units, and a
  block that crosses a border is divided. Blocks of the period models are those of the first tier.
- billable = allowance + charged: all units that were taken or charged, in whole blocks.
- Minimum, maximum and rounding are those of the first segment that is priced per usage. The minimum
  holds where something is charged at all: above 0 before limits. A maximum below the minimum wins.
- The amount of a segment is what the record has come to at its end less what it had come to before,
  each time limited by the maximum and rounded; the minimum is filled up at the last segment. So
  shares add up to the record, whose total is rounded once, and none is ever negative.
- Prices per period carry no connect fee here either; it belongs to the period's charge.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from tests.oracle.catalog import Terms
from tests.oracle.reference import Row

Block = tuple[Row, int]


def ceil_units(units: int, block: int) -> int:
    """Return units in whole blocks."""
    return -(-units // block) * block


def paid_blocks(terms: Terms, position: int, end: int) -> list[Block]:
    """Return the tiers and units of the paid blocks that begin between two places of a usage."""
    tiers = terms.tiers if terms.model == "banded" else terms.tiers[:1]
    blocks: list[Block] = []
    while position < end:
        here = [tier for tier in tiers if tier["from_units"] <= position][-1]
        borders = [tier["from_units"] for tier in tiers if tier["from_units"] > position]
        if position == 0:
            units = here["first_block_units"]
        else:
            units = ceil_units(min([end, *borders]) - position, here["increment_units"])
        blocks.append((here, units))
        position += units
    return blocks


def price_of(tier: Row, units: int) -> Fraction:
    """Return what units cost in a tier: times the price, divided last."""
    return units * Fraction(tier["price"]) / int(tier["unit_size"])


def graduated(tiers: Sequence[Row], before: int, units: int) -> Fraction:
    """Return what units cost after those already charged in the month, each in its own tier."""
    total = Fraction(0)
    for place, tier in enumerate(tiers):
        first = max(before, tier["from_units"])
        last = before + units
        if place + 1 < len(tiers):
            last = min(last, tiers[place + 1]["from_units"])
        total += price_of(tier, max(0, last - first))
    return total


def rounded(value: Fraction, mode: str, digits: int) -> Fraction:
    """Round a value at a decimal place."""
    scaled = abs(value) * 10**digits
    whole, rest = scaled.numerator // scaled.denominator, scaled % 1
    half = Fraction(1, 2)
    is_up = {
        "half_up": rest >= half,
        "half_even": rest > half or (rest == half and whole % 2 == 1),
        "up": rest > 0,
        "down": False,
    }[mode]
    sign = -1 if value < 0 else 1
    return sign * Fraction(whole + is_up, 10**digits)


def money(value: Fraction) -> Decimal:
    """Return an amount as a decimal of six places; it has no more."""
    scaled = value * 10**6
    if scaled.denominator != 1:
        raise ValueError(f"{value} has more than six places")
    return Decimal(scaled.numerator).scaleb(-6)


def shares(parts: Sequence[Fraction], terms: Terms) -> list[Fraction]:
    """Return the amounts of the segments of a record; `terms` are those of the first."""
    minimum = Fraction(terms.limit("minimum_charge_amount") or 0)
    maximum = terms.limit("maximum_charge_amount")
    mode, digits = terms.version["rounding_mode"], terms.version["rounding_digits"]

    def comes_to(value: Fraction) -> Fraction:
        limited = value if maximum is None else min(value, Fraction(maximum))
        return rounded(limited, mode, digits)

    amounts, running, before = [], Fraction(0), Fraction(0)
    for place, part in enumerate(parts):
        running += part
        is_last = place + 1 == len(parts)
        after = comes_to(max(running, minimum) if is_last and running > 0 else running)
        amounts.append(after - before)
        before = after
    return amounts
