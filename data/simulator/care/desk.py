"""One contact after the other: channel, agent, mood, words, and the ticket that it may open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from data.simulator.care import texts
from data.simulator.care.texts import Subject, Words
from data.simulator.care.tickets import Opening, events_of, priority_of, ticket_row
from data.simulator.care.topics import OUTAGE, TOPICS, Caller, Topic, complaint_chance
from data.simulator.care.topics import topic_weights as weights_of
from data.simulator.knobs import Knobs
from data.simulator.model import Outage
from data.simulator.people.clock import moment
from data.simulator.randomness import stream

Row = dict[str, Any]
_CUSTOMERS_PER_AGENT, _LEAST_AGENTS = 250, 4
_CHANNELS: dict[str, dict[str, float]] = {
    "usual": {
        "phone": 0.50,
        "chat": 0.16,
        "email": 0.14,
        "app": 0.07,
        "shop": 0.06,
        "letter": 0.03,
        "social": 0.025,
        "sms": 0.015,
    },
    "outage": {"phone": 0.6, "chat": 0.14, "app": 0.14, "social": 0.09, "sms": 0.03},
    "cancellation": {"phone": 0.4, "email": 0.28, "letter": 0.17, "chat": 0.1, "shop": 0.05},
}
_BY_AGENT = ("phone", "shop", "visit")
_WITHOUT_AGENT = ("app", "sms")
_RECORDED, _TRANSCRIBED, _NOTED = 0.85, 0.4, 0.75
_CODED, _JUDGED, _TOLD, _SURVEYED = 0.94, 0.8, 0.9, 0.12
# mean and least seconds
_LENGTHS = {"phone": (330, 45), "chat": (560, 60), "shop": (800, 120), "visit": (2700, 600)}
_WAITING = {"phone": 110, "chat": 45}
_KNOWN_AFTER_MINUTES = 30
_MINUTE = 60_000_000


@dataclass(frozen=True)
class Contact:
    """A contact to be: `inbound`, or begun by the operator as `sell`, `callback` or `visit`."""

    kind: str
    at: int
    caller: Caller
    ticket_id: str | None = None
    topic: Topic | None = None
    outage: Outage | None = None


class Desk:
    """The desk of one day; takes contacts in order of time."""

    def __init__(self, knobs: Knobs, day: date) -> None:
        self.day = day
        self.words = Words(stream(knobs.seed, "care words", day))
        self.rng = stream(knobs.seed, "care tickets", day)
        count = max(_LEAST_AGENTS, knobs.subscribers // _CUSTOMERS_PER_AGENT)
        self.agents = tuple(f"E{number:04d}" for number in range(1, count + 1))
        self.interactions: list[Row] = []
        self.tickets: list[Row] = []
        self.events: list[Row] = []
        self.met: list[Row] = []

    def take(self, contact: Contact) -> None:
        """Take one contact; it may open a ticket."""
        key = f"IN{self.day:%y%m%d}-{len(self.interactions) + 1:05d}"
        if contact.kind != "inbound":
            self.interactions.append(self._outbound(key, contact))
            return
        words, caller = self.words, contact.caller
        is_repeat = contact.ticket_id is not None
        is_complaint = words.chance(complaint_chance(caller, contact.topic, is_repeat))
        topic = contact.topic or self._topic(caller, is_complaint)
        channel = self._channel(topic)
        agent = None if channel in _WITHOUT_AGENT else words.pick(self.agents)
        opens = not is_repeat and words.chance(topic.ticket_share * (1.3 if is_complaint else 0.9))
        mood = self._mood(caller, topic, is_complaint)
        is_solved = not opens and words.chance(0.55 if is_repeat else 0.86)
        subject = Subject(caller, topic.name, self.day, mood, is_solved)
        row = {
            **self._whose(key, contact, topic),
            "agent_id": agent,
            "channel": channel,
            "direction": "inbound",
            "purpose": "complaint" if is_complaint else topic.purpose,
            "sentiment": self._sentiment(mood),
            **self._said(key, channel, subject),
            "is_resolved": is_solved if words.chance(_TOLD) else None,
            **self._clocked(channel, contact.outage is not None),
            "satisfaction_score": self._score(mood, is_solved),
        }
        if opens:
            row["ticket_id"] = self._open(contact, row, subject, topic, is_complaint)
        self.interactions.append(row)
        self.met.append(
            {
                "subscription_id": caller.subscription_id,
                "contacts": 1,
                "complaints": int(is_complaint),
                "tickets_opened": int(opens),
            }
        )

    def _topic(self, caller: Caller, is_complaint: bool) -> Topic:
        weights = weights_of(caller, is_complaint)
        place = self.words.share() * weights.sum()
        return TOPICS[int((weights.cumsum() <= place).sum())]

    def _channel(self, topic: Topic) -> str:
        shares = _CHANNELS.get(topic.name, _CHANNELS["usual"])
        place = self.words.share() * sum(shares.values())
        for channel, share in shares.items():
            place -= share
            if place < 0:
                return channel
        return "phone"

    def _mood(self, caller: Caller, topic: Topic, is_complaint: bool) -> float:
        noise = sum(self.words.share() for _ in range(3)) - 1.5
        mood = 0.3 + topic.mood - 0.7 * caller.dissatisfaction - 0.6 * is_complaint + 0.6 * noise
        return max(-1.0, min(1.0, mood))

    def _sentiment(self, mood: float) -> str | None:
        if not self.words.chance(_JUDGED):
            return None
        if mood < -0.2:
            return "negative"
        return "positive" if mood > 0.45 else "neutral"

    def _score(self, mood: float, is_solved: bool) -> int | None:
        if not self.words.chance(_SURVEYED):
            return None
        score = 3.0 + 1.6 * mood + (0.7 if is_solved else -0.5) + self.words.share() - 0.5
        return max(1, min(5, round(score)))

    def _whose(self, key: str, contact: Contact, topic: Topic) -> Row:
        caller = contact.caller
        return {
            "interaction_id": key,
            "customer_id": caller.customer_id,
            "account_id": caller.account_id,
            "subscription_id": caller.subscription_id,
            "ticket_id": contact.ticket_id,
            "topic": topic.name if self.words.chance(_CODED) else None,
            "language": caller.language,
            "occurred_at": moment(contact.at),
        }

    def _said(self, key: str, channel: str, subject: Subject) -> Row:
        words = self.words
        said: Row = {"text": None, "recording_ref": None, "transcript": None}
        if channel in _BY_AGENT:
            is_recorded = channel == "phone" and words.chance(_RECORDED)
            if is_recorded:
                said["recording_ref"] = f"recordings/{self.day:%Y/%m/%d}/{key}.ogg"
                if words.chance(_TRANSCRIBED):
                    said["transcript"] = texts.dialogue(words, subject)
            if not is_recorded or words.chance(_NOTED):
                said["text"] = texts.note(words, subject)
        elif channel == "chat":
            said["text"] = texts.dialogue(words, subject)
        elif channel in ("email", "letter"):
            said["text"] = texts.letter(words, subject)
        else:
            said["text"] = texts.message(words, subject)
        return said

    def _clocked(self, channel: str, is_crowded: bool) -> Row:
        """Return length and waiting time; in an outage the queue is long."""
        length = waiting = None
        if channel in _LENGTHS:
            mean, least = _LENGTHS[channel]
            length = least + int(self.rng.gamma(2.0, (mean - least) / 2.0))
        if channel in _WAITING:
            waiting = int(self.rng.exponential(_WAITING[channel] * (3.0 if is_crowded else 1.0)))
        return {"duration_seconds": length, "waiting_seconds": waiting}

    def _open(
        self, contact: Contact, row: Row, subject: Subject, topic: Topic, is_complaint: bool
    ) -> str:
        ticket_id = f"T{self.day:%y%m%d}-{len(self.tickets) + 1:05d}"
        outage = contact.outage if topic is OUTAGE else None
        known_after = _KNOWN_AFTER_MINUTES * 60
        opening = Opening(
            ticket_id=ticket_id,
            interaction_id=row["interaction_id"],
            subject=subject,
            topic=topic,
            channel=row["channel"],
            agent_id=row["agent_id"],
            opened_at=contact.at + self.words.between(2, 9) * _MINUTE,
            priority=priority_of(self.words, topic, is_complaint, outage),
            outage=outage,
            is_outage_known=outage is not None
            and (row["occurred_at"] - outage.started_at).total_seconds() > known_after,
        )
        self.tickets.append(ticket_row(self.words, opening))
        self.events += events_of(self.rng, self.words, opening, self.agents)
        return ticket_id

    def _outbound(self, key: str, contact: Contact) -> Row:
        """Return a contact that the operator began: a sales call, a call back or a visit."""
        topic = contact.topic
        if topic is None:
            raise ValueError(f"{key}: a contact that the operator begins has a topic")
        is_sale = contact.kind == "sell"
        mood = 0.1 + 0.6 * self.words.share()
        subject = Subject(contact.caller, topic.name, self.day, mood, is_solved=not is_sale)
        channel = "visit" if contact.kind == "visit" else "phone"
        return {
            **self._whose(key, contact, topic),
            "agent_id": self.words.pick(self.agents),
            "channel": channel,
            "direction": "outbound",
            "purpose": topic.purpose if not is_sale else "sales",
            "sentiment": self._sentiment(mood),
            "text": texts.outbound_note(self.words, subject, contact.kind),
            "recording_ref": None,
            "transcript": None,
            "is_resolved": None if is_sale else True,
            **self._clocked(channel, is_crowded=False),
            "waiting_seconds": None,
            "satisfaction_score": None,
        }
