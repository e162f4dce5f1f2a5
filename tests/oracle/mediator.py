"""Mediation and guiding told again, one day after the other, in plain Python.

Shares no code and no SQL with the models: rows of raw feeds go in, what became of each record and
each usage comes out. Slow and literal on purpose; a rule that is hard to read here is a bad rule.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Row = Mapping[str, Any]
Place = tuple[str, int]
OPERATOR = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True)
class Record:
    """One record in the common shape; `place` is its file and line."""

    feed: str
    source: str
    record_id: str
    kind: str
    session: str | None
    closes: bool
    rank: int
    adds_up: bool
    usage_type: str
    direction: str
    served: tuple[str, str | None]
    other: str | None
    quantity: int
    started_at: datetime
    occurred_at: datetime
    details: tuple[Any, ...]
    place: Place
    delivered_on: date
    # parts of one session say the same begin but for this; None where they need not
    begins_within: timedelta | None = None

    @property
    def content(self) -> tuple[Any, ...]:
        """What two records of one id must agree on."""
        return (
            *(self.kind, self.session, self.closes, self.rank, self.usage_type, self.direction),
            *(self.served, self.other, self.quantity, self.started_at, self.details),
        )


@dataclass(frozen=True)
class Policy:
    """Numbers of the catalog; the same on all days here."""

    window_days: int = 100
    close_days: int = 3
    tolerance_minutes: int = 60
    maximum_days: int = 30


@dataclass
class Usage:
    """A complete usage; `guided_on` is None while nobody holds its number."""

    usage_id: str
    quantity: int
    started_at: datetime
    usage_on: date
    served: tuple[str, str | None]
    source: str
    place: Place
    direction: str
    other: str | None
    subscription: str | None = None
    guided_on: date | None = None


@dataclass
class _Session:
    parts: list[Record] = field(default_factory=list)
    last_on: date = date.min
    closed_on: date | None = None


def _bare(number: str, trunk: str | None, abroad: str | None) -> str:
    """Take out what is written between digits, and what stands before the number itself."""
    digits = re.sub(r"[ \-/.]", "", number)
    service = re.match(r"[*#]\d{2,3}#(?=[+\d(])", digits)
    if service:
        digits = digits[service.end() :]
    elif re.match(rf"\(*(\+|{abroad or '[+]'})", digits):
        digits = digits.replace(f"({trunk or '0'})", "")
    return re.sub(r"[()]", "", digits)


def e164(number: str | None, source: Row) -> str | None:
    """Return a number as a switch wrote it in E.164; names and short codes stay as they are."""
    country, trunk = source["country_code"], source.get("trunk_prefix")
    abroad = source.get("international_prefix")
    digits = _bare(number or "", trunk, abroad)
    if not number or digits in ("+", abroad):
        return None
    if not re.fullmatch(r"[+0-9]+", digits):
        return number
    if digits.startswith("+") or len(digits) <= source["minimum_number_digits"]:
        return digits
    if abroad and digits.startswith(abroad):
        return "+" + digits[len(abroad) :]
    if trunk and digits.startswith(trunk):
        return "+" + country + digits[len(trunk) :]
    if source.get("area_code"):
        return "+" + country + source["area_code"] + digits
    if digits.startswith(country):
        return "+" + digits
    return digits if trunk else "+" + country + digits


def utc(clock: datetime, zone: str, fold: int = 0) -> datetime:
    """Return a clock of a zone in UTC; `fold` chooses between the two hours of an autumn night."""
    return clock.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC).replace(tzinfo=None)


def utc_near(clock: datetime, zone: str, expected: datetime | None) -> datetime:
    """Return a clock in UTC; of the two hours of an autumn night the one nearer to `expected`."""
    first, later = utc(clock, zone), utc(clock, zone, fold=1)
    # in the hour that spring leaves out the later reading is the earlier instant: no choice there
    if expected is None or later < first or abs(first - expected) <= abs(later - expected):
        return first
    return later


def epoch(seconds: int | None) -> datetime | None:
    """Return seconds since 1970 in UTC; None for what no switch can mean."""
    if seconds is None or not 0 <= seconds <= 4102444800:
        return None
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def seconds_since_1970(at: datetime) -> int:
    """Return a time as it stands in ids."""
    return int(at.replace(tzinfo=UTC).timestamp())


def takes(source: Row, context: str | None) -> bool:
    """Say whether a version of a source knows who was served in a dial plan context."""
    wanted = [source.get("originating_context"), source.get("terminating_context")]
    if context is None or wanted[0] is None:
        return True
    return any(pattern and re.search(pattern, context) for pattern in wanted)


def canonical(row: Row) -> Record:
    """Read a record of the own format."""
    key = row["served_number"]
    kind = "number" if key.startswith("+") else "imsi" if key.isdigit() else "user_name"
    closes = row.get("is_closing")
    return Record(
        feed="usage_records",
        source="usage_records",
        record_id=row["usage_id"],
        kind="partial" if row.get("session_id") else "usage",
        session="|".join((row["session_id"], key, row["usage_type"], row["direction"]))
        if row.get("session_id")
        else None,
        closes=True if closes is None else closes,
        rank=row.get("record_sequence") or 0,
        adds_up=True,
        usage_type=row["usage_type"],
        direction=row["direction"],
        served=(kind, key),
        other=row.get("other_number"),
        quantity=row["quantity"],
        started_at=row["started_at"],
        occurred_at=row["started_at"],
        details=(row.get("visited_network"), row.get("area_id"), row.get("release_cause")),
        place=(row["_file"], row["_record"]),
        delivered_on=row["_delivered_on"],
    )


def _sides(row: Row, source: Row, caller: str, callee: str, context: str) -> tuple[bool, Any, Any]:
    pattern = source.get("terminating_context")
    terminating = bool(pattern and re.search(pattern, row.get(context) or ""))
    here, there = e164(row.get(caller), source), e164(row.get(callee), source)
    if source["served_by"] == "accountcode":
        served = ("accountcode", row.get("accountcode"))
    elif source["served_by"] == "context" and terminating:
        served = ("number", there)
    else:
        served = ("number", here)
    return terminating, served, here if terminating else there


def asterisk(row: Row, source: Row) -> Record:
    """Read a leg of Asterisk."""
    answered = row["disposition"] == "ANSWERED"
    zone, name = source["time_zone"], source["usage_source_id"]
    terminating, served, other = _sides(row, source, "src", "dst", "dcontext")
    clock = row["start"]
    if answered:
        waited = row["duration"] - row["billsec"] if row["duration"] < 10**6 else 0
        clock = row.get("answer") or row["start"] + timedelta(seconds=waited)
    made = re.match(r"(?:.*-)?(\d+)\.", row["uniqueid"])
    started = utc_near(clock, zone, epoch(int(made[1])) if made else None)
    own = row.get("sequence")
    begun = seconds_since_1970(row["start"])
    tail = str(own) if own is not None else f"{row.get('dstchannel') or ''}@{begun}"
    return Record(
        feed="asterisk",
        source=name,
        record_id=f"{name}:{row['uniqueid']}:{tail}",
        kind="partial",
        session=f"{name}:{row.get('linkedid') or row['uniqueid']}:{row.get('accountcode') or ''}",
        closes=answered,
        rank=row["billsec"] if answered else 0,
        adds_up=False,
        usage_type="voice",
        direction="terminating" if terminating else "originating",
        served=served,
        other=other,
        quantity=row["billsec"] if answered else 0,
        started_at=started,
        occurred_at=started,
        details=(),
        place=(row["_file"], row["_record"]),
        delivered_on=row["_delivered_on"],
    )


def freeswitch(row: Row, source: Row) -> Record:
    """Read a call of FreeSWITCH."""
    terminating, served, other = _sides(
        row, source, "caller_id_number", "destination_number", "context"
    )
    zone, answer, end = source["time_zone"], row.get("answer_stamp"), row.get("end_stamp")
    lasts = timedelta(seconds=row["billsec"] if answer else row["duration"])
    started = utc_near(answer or row["start_stamp"], zone, end and utc(end, zone) - lasts)
    return Record(
        feed="freeswitch",
        source=source["usage_source_id"],
        record_id=f"{source['usage_source_id']}:{row['uuid']}",
        kind="usage",
        session=None,
        closes=True,
        rank=0,
        adds_up=False,
        usage_type="voice",
        direction="terminating" if terminating else "originating",
        served=served,
        other=other,
        quantity=row["billsec"],
        started_at=started,
        occurred_at=started,
        details=(),
        place=(row["_file"], row["_record"]),
        delivered_on=row["_delivered_on"],
    )


def radius(row: Row, source: Row) -> Record:
    """Read a stanza of RADIUS accounting."""
    name, zone = source["usage_source_id"], source["time_zone"]
    event, wrote = row.get("event_timestamp"), row["stanza_at_local"]
    delay = timedelta(seconds=row.get("acct_delay_time") or 0)
    sent = (epoch(row.get("timestamp")) or utc(wrote, zone)) - delay
    week = timedelta(days=7)
    is_believed = event is not None and wrote - delay - week <= event <= wrote + week
    at = utc_near(event, zone, sent) if event is not None and is_believed else sent
    status = {"Alive": "Interim-Update"}.get(row["acct_status_type"], row["acct_status_type"])
    tells = status in ("Start", "Interim-Update", "Stop")
    seconds = row.get("acct_session_time") or 0
    is_absurd = seconds > 10 * 366 * 86400
    seconds = 0 if is_absurd else seconds
    octets = sum(
        (row.get(f"acct_{way}_octets") or 0) + (row.get(f"acct_{way}_gigawords") or 0) * 2**32
        for way in ("input", "output")
    )
    octets = 2**80 if is_absurd else octets
    start_of = ":".join((name, row["nas_ip_address"], row["acct_session_id"]))
    return Record(
        feed="radius",
        source=name,
        record_id=f"{start_of}:{status}:{seconds_since_1970(at)}:{seconds}",
        kind="partial" if tells else "notice",
        session=f"{start_of}|{row.get('acct_unique_session_id')}|{row.get('user_name') or ''}"
        if tells
        else None,
        closes=status == "Stop",
        rank=seconds,
        adds_up=False,
        usage_type="data",
        direction="originating",
        served=("user_name", row.get("user_name")),
        other=None,
        quantity=octets,
        started_at=at - timedelta(seconds=seconds),
        occurred_at=at,
        details=(row.get("acct_terminate_cause"),),
        place=(row["_file"], row["_record"]),
        delivered_on=row["_delivered_on"],
        begins_within=timedelta(minutes=5),
    )


class Mediator:
    """State of mediation at the end of a day; give it the days in order."""

    def __init__(self, policy: Policy, assignments: Iterable[Row]) -> None:
        self.policy = policy
        self.assignments = list(assignments)
        self.classes: dict[Place, str] = {}
        self.reasons: dict[Place, tuple[str, date, date | None]] = {}
        self.usages: list[Usage] = []
        self._told: dict[tuple[str, str], list[tuple[date, Record]]] = defaultdict(list)
        self._sessions: dict[str, list[_Session]] = defaultdict(list)
        self._begins: dict[str, list[list[datetime]]] = defaultdict(list)
        self._day_of: dict[Place, date] = {}

    def take(self, day: date, records: Iterable[Record]) -> None:
        """Take the records that can be read on a day for the first time."""
        sound = []
        for record in sorted(records, key=lambda item: item.place):
            self._day_of[record.place] = day
            reason = self._unfit(record)
            if reason:
                self._suspend(record.place, reason, day)
            else:
                sound.append(record)
        for record in self._standing(day, sound):
            if record.kind == "notice":
                self.classes[record.place] = "folded"
            elif record.kind == "usage":
                self._complete(record, record.quantity, record.started_at, day)
            else:
                self._join(record, day)
        self._close(day)
        self._guide(day)

    def _unfit(self, record: Record) -> str | None:
        day, policy = record.delivered_on, self.policy
        first = datetime.combine(day - timedelta(days=policy.window_days), time(), OPERATOR)
        last = datetime.combine(day + timedelta(days=1), time(), OPERATOR)
        last = last.astimezone(UTC) + timedelta(minutes=policy.tolerance_minutes)
        if record.occurred_at < first.astimezone(UTC).replace(tzinfo=None):
            return "TOO_OLD"
        if record.started_at > last.replace(tzinfo=None):
            return "FUTURE_START"
        if record.quantity < 0:
            return "NEGATIVE_QUANTITY"
        if record.usage_type == "voice" and record.quantity > policy.maximum_days * 86400:
            return "TOO_LONG"
        if record.quantity > 10**15:
            return "BAD_QUANTITY"
        return None

    def _standing(self, day: date, records: list[Record]) -> list[Record]:
        for record in records:
            self._told[record.source, record.record_id].append((day, record))
        standing = []
        for record in records:
            near = [
                (on, other)
                for on, other in self._told[record.source, record.record_id]
                if abs((other.occurred_at.date() - record.occurred_at.date()).days)
                <= self.policy.window_days
            ]
            first_on = min(on for on, _ in near)
            first = [
                other for on, other in self._told[record.source, record.record_id] if on == first_on
            ]
            if len({other.content for other in first}) > 1 or first[0].content != record.content:
                self.classes[record.place] = "conflict"
            elif min(other.place for other in first) != record.place:
                self.classes[record.place] = "duplicate"
            else:
                standing.append(record)
        return standing

    def _join(self, record: Record, day: date) -> None:
        assert record.session
        key = f"{record.source}|{record.session}"
        sessions = self._sessions[self._begin(key, record)]
        if not sessions or (day - sessions[-1].last_on).days > self.policy.window_days:
            sessions.append(_Session())
        session = sessions[-1]
        session.last_on = day
        if session.closed_on is None:
            session.parts.append(record)
            self.classes[record.place] = "pending"
        elif record.feed == "asterisk" and not record.closes:
            self.classes[record.place] = "folded"
        else:
            self._suspend(record.place, "LATE_PARTIAL", day)

    def _begin(self, key: str, record: Record) -> str:
        """Return the key of the session that begins when a part says; ids come again."""
        if record.begins_within is None:
            return key
        begins = self._begins[key]
        for position, known in enumerate(begins):
            if any(abs(begin - record.started_at) <= record.begins_within for begin in known):
                known.append(record.started_at)
                return f"{key}|{position}"
        begins.append([record.started_at])
        return f"{key}|{len(begins) - 1}"

    def _close(self, day: date) -> None:
        for sessions in self._sessions.values():
            for session in sessions:
                if session.closed_on is not None:
                    continue
                closing = [part for part in session.parts if part.closes]
                waited = (day - session.last_on).days
                if not closing and waited < self.policy.close_days:
                    continue
                # counters only grow: the highest is the last, whenever its file came
                best = min(closing or session.parts, key=self._late_first)
                session.closed_on = day
                for part in session.parts:
                    self.classes[part.place] = "folded"
                if best.adds_up:
                    quantity = sum(part.quantity for part in session.parts)
                    started = min(part.started_at for part in session.parts)
                else:
                    quantity, started = best.quantity, best.started_at
                self._complete(best, quantity, started, day)

    def _late_first(self, part: Record) -> tuple[int, int, Place]:
        return -part.rank, -self._day_of[part.place].toordinal(), part.place

    def _complete(self, record: Record, quantity: int, started: datetime, day: date) -> None:
        self.classes[record.place] = "pending"
        self.usages.append(
            Usage(
                record.record_id,
                quantity,
                started,
                day,
                record.served,
                record.source,
                record.place,
                record.direction,
                record.other,
            )
        )

    def _guide(self, day: date) -> None:
        for usage in self.usages:
            if usage.subscription is not None:
                continue
            usage.subscription = self._holder(usage, day)
            if usage.subscription is None:
                if usage.usage_on == day:
                    self._suspend(usage.place, "UNKNOWN_NUMBER", day)
                continue
            usage.guided_on = day
            if usage.usage_on != day:
                reason, since, _ = self.reasons[usage.place]
                self.reasons[usage.place] = (reason, since, day)
                self.classes[usage.place] = "pending"

    def _holder(self, usage: Usage, day: date) -> str | None:
        kind, key = usage.served
        # a line named for one source goes before the same name for all sources
        for source in (usage.source, None):
            known = [
                row
                for row in self.assignments
                if (row["key_kind"], row["key"], row.get("usage_source_id")) == (kind, key, source)
                and row["delivered_on"] <= day
                and row["valid_from_at"] <= usage.started_at
            ]
            newest = max(known, key=lambda row: row["valid_from_at"], default=None)
            if newest is not None and not newest.get("is_end"):
                return str(newest["subscription_id"])
        return None

    def _suspend(self, place: Place, reason: str, day: date) -> None:
        self.classes[place] = "suspended"
        self.reasons[place] = (reason, day, None)


def mediate(
    policy: Policy,
    assignments: Iterable[Row],
    readable: Iterable[tuple[date, Record]],
    days: Iterable[date],
) -> Mediator:
    """Run mediation over all days; `readable` says on which day each record can be read first."""
    by_day: dict[date, list[Record]] = defaultdict(list)
    mediator = Mediator(policy, assignments)
    for day, record in readable:
        by_day[day].append(record)
    for day in days:
        mediator.take(day, by_day[day])
    return mediator
