"""The life of tickets: opened, assigned, worked on, waiting, resolved, reopened, closed.

A ticket's whole life is drawn when it is opened; what lies on later days waits in the carry frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from data.simulator.care.texts import Subject, Words, note, title
from data.simulator.care.topics import OUTAGE, Topic
from data.simulator.model import Outage
from data.simulator.people.clock import instant, local_ordinal, midnight, moment

Row = dict[str, Any]
EVENT_COLUMNS: dict[str, pl.DataType] = {
    "ticket_event_id": pl.String(),
    "ticket_id": pl.String(),
    "agent_id": pl.String(),
    "team": pl.String(),
    "outage_id": pl.String(),
    "event_kind": pl.String(),
    "priority": pl.String(),
    "resolution_code": pl.String(),
    "note": pl.String(),
    "occurred_at": pl.Datetime("us"),
}
# ticket events to come, with the day on which they are delivered and whom they concern
CARRY_SCHEMA: dict[str, pl.DataType] = {
    "due_on": pl.Date(),
    **EVENT_COLUMNS,
    "subscription_id": pl.String(),
    "customer_id": pl.String(),
    "account_id": pl.String(),
    "area_id": pl.String(),
    "language": pl.String(),
    "topic": pl.String(),
    "is_late": pl.Boolean(),
    "is_transfer": pl.Boolean(),
}
_HOUR = 3_600_000_000
_MINUTE = 60_000_000
# median hours to the solution by category, and what priority makes of them
_MEDIAN_HOURS = {"network": 20.0, "bill": 40.0, "order": 60.0, "device": 55.0, "other": 30.0}
_HURRY = {"low": 1.6, "normal": 1.0, "high": 0.6, "critical": 0.35}
_SIGMA = 0.9
# hours that the desk promises; a ticket solved after them is late
TARGET_HOURS = {"low": 240.0, "normal": 120.0, "high": 48.0, "critical": 24.0}
_NEXT_PRIORITY = {"low": "normal", "normal": "high", "high": "critical"}
_TEAMS = {
    "network": "network",
    "bill": "billing",
    "order": "orders",
    "device": "devices",
    "other": "front_desk",
}
_SECOND_LEVEL = ("field_service", "network_operations", "back_office")
WAITS, MOVES, RISES, REOPENS, CANCELS = 0.25, 0.12, 0.05, 0.08, 0.03
# the desk works from 7 to 20; the hours of the clock are squeezed into that
_OPEN_FROM, _OPEN_SECONDS = 7 * 3600, 13 * 3600


@dataclass(frozen=True)
class Opening:
    """A ticket as it is opened; `opened_at` in microseconds UTC."""

    ticket_id: str
    interaction_id: str
    subject: Subject
    topic: Topic
    channel: str
    agent_id: str | None
    opened_at: int
    priority: str
    outage: Outage | None
    # an outage that began a moment ago is linked by the network team only later
    is_outage_known: bool


def priority_of(words: Words, topic: Topic, is_complaint: bool, outage: Outage | None) -> str:
    """Return the priority that the desk gives."""
    if outage is not None and topic is OUTAGE:
        return "critical" if outage.severity == "complete" and words.chance(0.3) else "high"
    share = words.share()
    if share < (0.22 if is_complaint else 0.08):
        return "high"
    return "normal" if share < 0.8 else "low"


def ticket_row(words: Words, opening: Opening) -> Row:
    """Return the row of care/tickets."""
    subject, caller, topic = opening.subject, opening.subject.caller, opening.topic
    known = opening.outage is not None and opening.is_outage_known
    return {
        "ticket_id": opening.ticket_id,
        "customer_id": caller.customer_id,
        "account_id": caller.account_id,
        "subscription_id": caller.subscription_id,
        "area_id": caller.area_id if topic.category in ("network", "order") else None,
        "outage_id": opening.outage.outage_id if known and opening.outage else None,
        "interaction_id": opening.interaction_id,
        "agent_id": opening.agent_id,
        "category": topic.category,
        "subcategory": topic.subcategory,
        "priority": opening.priority,
        "channel": opening.channel,
        "title": title(words, subject),
        "description": note(words, subject) if words.chance(0.7) else None,
        "opened_at": moment(opening.opened_at),
    }


def events_of(
    rng: np.random.Generator, words: Words, opening: Opening, agents: tuple[str, ...]
) -> list[Row]:
    """Return all events of a ticket as rows of the carry frame, in order."""
    topic, opened = opening.topic, opening.opened_at
    length = _length(rng, opening)
    solver = words.pick(agents)
    team = _TEAMS[topic.category]
    plan: list[tuple[float, Row]] = [
        (0.0, _assigned(opening, team)),
        (0.1, {"event_kind": "in_progress", "agent_id": solver, "note": "working"}),
    ]
    if words.chance(MOVES):
        moved = {"event_kind": "assigned", "team": words.pick(_SECOND_LEVEL), "note": "moved"}
        plan.append((0.3, {**moved, "agent_id": solver, "is_transfer": True}))
    if words.chance(WAITS):
        whom = words.pick(("customer", "supplier"))
        waiting = {"event_kind": f"waiting_{whom}", "note": f"asked{whom}"}
        plan.append((0.4, {**waiting, "agent_id": solver}))
        plan.append((0.6, {"event_kind": "in_progress", "agent_id": solver}))
    if opening.priority in _NEXT_PRIORITY and words.chance(RISES):
        risen = _NEXT_PRIORITY[opening.priority]
        plan.append((0.7, {"event_kind": "priority_changed", "priority": risen}))
    timed = [(opened + int(share * length), row) for share, row in plan]
    end = opened + length
    if words.chance(CANCELS):
        timed.append((end, {"event_kind": "cancelled", "agent_id": solver}))
    else:
        timed += _solved(rng, words, opening, solver, end)
    return _dated(words, opening, timed)


def _assigned(opening: Opening, team: str) -> Row:
    found = opening.outage if not opening.is_outage_known else None
    return {
        "event_kind": "assigned",
        "agent_id": opening.agent_id,
        "team": team,
        "outage_id": found.outage_id if found else None,
    }


def _length(rng: np.random.Generator, opening: Opening) -> int:
    """Return how long it takes to the solution, in microseconds; never before the outage ends."""
    median = _MEDIAN_HOURS[opening.topic.category] * _HURRY[opening.priority]
    drawn = float(np.clip(rng.lognormal(np.log(median), _SIGMA), 0.5, 24 * 45))
    if opening.outage is None:
        return int(drawn * _HOUR)
    rest = int((opening.outage.ended_at - moment(opening.opened_at)).total_seconds()) * 1_000_000
    return max(0, rest) + int(rng.uniform(15, 150)) * _MINUTE


def _solved(
    rng: np.random.Generator, words: Words, opening: Opening, solver: str, end: int
) -> list[tuple[int, Row]]:
    """Return the solution, perhaps one that did not hold and another, and the close."""

    def solution() -> Row:
        code = words.pick(opening.topic.resolutions)
        return {
            "event_kind": "resolved",
            "agent_id": solver,
            "resolution_code": code,
            "note": "settled",
        }

    events = [(end, solution())]
    if words.chance(REOPENS):
        again = end + int(rng.uniform(8, 72) * _HOUR)
        events.append((again, {"event_kind": "reopened", "note": "again"}))
        end = again + int(rng.lognormal(np.log(24.0), 0.7) * _HOUR)
        events.append((end, solution()))
    closed = end + int(rng.uniform(20, 75) * _HOUR)
    events.append((closed, {"event_kind": "closed"}))
    return events


def _dated(words: Words, opening: Opening, timed: list[tuple[int, Row]]) -> list[Row]:
    subject, caller = opening.subject, opening.subject.caller
    due_at = opening.opened_at + int(TARGET_HOURS[opening.priority] * _HOUR)
    before = opening.opened_at
    rows: list[Row] = []
    for number, (wanted, event) in enumerate(timed, start=1):
        # the desk assigns at once; networks are mended at night too
        at_once = number == 1 or opening.outage is not None
        at = wanted if at_once else office_time(wanted)
        at = max(at, before + words.between(2, 9) * _MINUTE)
        before = at
        part = event.get("note")
        told = part if part and words.chance(0.7) else None
        rows.append(
            {
                **dict.fromkeys(CARRY_SCHEMA),
                **event,
                "due_on": date.fromordinal(local_ordinal(at)),
                "ticket_event_id": f"{opening.ticket_id}-{number:02d}",
                "ticket_id": opening.ticket_id,
                "note": words.pick(subject.general(told)) if told else None,
                "occurred_at": moment(at),
                "subscription_id": caller.subscription_id,
                "customer_id": caller.customer_id,
                "account_id": caller.account_id,
                "area_id": caller.area_id,
                "language": subject.language,
                "topic": opening.topic.name,
                "is_late": event["event_kind"] == "resolved" and at > due_at,
                "is_transfer": bool(event.get("is_transfer", False)),
            }
        )
    return rows


def office_time(micros: int) -> int:
    """Move an instant into the hours of the desk on the same local day; order is kept."""
    ordinal = local_ordinal(micros)
    # days on which clocks change have 23 or 25 hours
    begin, end = midnight(ordinal), midnight(ordinal + 1)
    return instant(ordinal, _OPEN_FROM + (micros - begin) * _OPEN_SECONDS // (end - begin))
