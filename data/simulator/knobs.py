"""What may be turned: size, length, seed and first day of the simulated world."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

TIME_ZONE = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True)
class Knobs:
    """Knobs of one world; two worlds with equal knobs are equal, byte for byte.

    `subscribers` is the number of active subscriptions on `start_on`; the world lasts `months`
    calendar months from `start_on`, which must be the first day of a month.
    """

    subscribers: int = 2_000
    months: int = 6
    seed: int = 20_260_101
    start_on: date = date(2026, 1, 1)

    def __post_init__(self) -> None:
        if self.subscribers < 20:
            raise ValueError(f"SUBSCRIBERS={self.subscribers}: a world needs at least 20")
        if not 1 <= self.months <= 120:
            raise ValueError(f"MONTHS={self.months}: give 1 to 120")
        if self.start_on.day != 1:
            raise ValueError(f"START={self.start_on}: give the first day of a month")

    @property
    def last_on(self) -> date:
        """Last delivery day: the first day after the world, on which its last day is delivered."""
        return self.month_on(self.months)

    def month_on(self, offset: int) -> date:
        """First day of the month `offset` months after the first."""
        index = self.start_on.year * 12 + self.start_on.month - 1 + offset
        return date(index // 12, index % 12 + 1, 1)

    def days(self) -> list[date]:
        """All delivery days, in order; the first is the day on which the old system is loaded."""
        count = (self.last_on - self.start_on).days + 1
        return [self.start_on + timedelta(days=offset) for offset in range(count)]
