"""Allowance instances as records; allowances says when there is one and for whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from tests.oracle.clock import Window


class Slot(NamedTuple):
    """Whose units of what and when: all of it together has one capacity."""

    owner: str
    allowance_id: str
    window: Window


@dataclass
class Instance:
    """Units issued at once; a capacity of None is without limit."""

    instance_id: str
    owner: str
    allowance_id: str
    usage_type: str
    capacity: int | None
    priority: int
    valid_from_on: date
    valid_to_on: date
    usable_from_on: date
    origin: Window
    closes_on: date | None = None
    rolled_over_from: str | None = None
    used: int = 0

    @property
    def place(self) -> tuple[int, date, Window, str, date]:
        """Place in the order of use; the first goes first."""
        return (
            *(self.priority, self.valid_to_on, self.origin),
            *(self.allowance_id, self.usable_from_on),
        )

    @property
    def left(self) -> int | None:
        """Units that are left; None without limit."""
        return None if self.capacity is None else self.capacity - self.used
