"""When guiding finds the subscription of a usage: not before the subscription is known.

The pipeline offers a number to guiding from the first day on which rows of its subscription are
believed; until then usage waits as UNKNOWN_NUMBER. The rater, which is given guided usage, would
let it wait as UNKNOWN_SUBSCRIPTION. `guided` moves such usage to the day on which it is guided, so
that both say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from tests.oracle.reference import Reference, Row

SUBSCRIPTIONS = "order_management/subscriptions"
# guided on no day at all
NEVER = date.max


def first_known(rows: Mapping[str, Sequence[Row]]) -> dict[str, date]:
    """Return the first day on which a row of each subscription is believed."""
    told = rows.get(SUBSCRIPTIONS, ())
    reference = Reference({SUBSCRIPTIONS: told})
    found: dict[str, date] = {}
    for day in sorted({row["delivered_on"] for row in told}):
        for (subscription,), timeline in reference.timelines(SUBSCRIPTIONS, day).items():
            if any(row["op"] != "delete" for row in timeline):
                found.setdefault(subscription, day)
    return found


def guided(rows: Mapping[str, Sequence[Row]], usages: Iterable[Row]) -> list[dict[str, Any]]:
    """Return usages with the day on which each is guided, where that is a later one."""
    known = first_known(rows)
    found = []
    for usage in usages:
        complete_on = usage.get("guided_on") or usage["usage_on"]
        known_on = known.get(usage["subscription_id"], NEVER)
        found.append({**usage, "guided_on": known_on} if known_on > complete_on else {**usage})
    return found
