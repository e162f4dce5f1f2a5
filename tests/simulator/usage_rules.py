"""The rules of mediation once more, record by record and slowly, to hold the ledger against.

Written from the rules alone (duplicates before folding, suspense before both) and over what ingest
took, so that it shares no line with the simulator that made the records.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

Row = dict[str, Any]
Found = tuple[str, str, str | None]
LINEAGE = ("_file", "_record", "_delivered_on", "_folder_on", "_content_sha256")
CLOSE_DAYS = 3
WINDOW_DAYS = 100
TOLERANCE = timedelta(minutes=60)
LONGEST = timedelta(days=30)


@dataclass
class Usage:
    """Records of one usage, in order of delivery."""

    rows: list[Row] = field(default_factory=list)
    closing: list[Row] = field(default_factory=list)


def _source(feed: str, row: Row) -> str:
    name = row["_file"].rsplit("/", 1)[1]
    return name[:6] if feed == "network/asterisk" else feed


def _record_id(feed: str, row: Row) -> tuple[Any, ...]:
    if feed == "network/usage_records":
        return (row["usage_id"],)
    if feed == "network/freeswitch":
        return (row["uuid"],)
    if feed == "network/radius":
        names = ("nas_ip_address", "acct_session_id", "acct_status_type", "event_timestamp")
        return tuple(row[name] for name in names)
    if row["sequence"] is None:
        return (row["uniqueid"], row["dstchannel"], row["start"])
    return (row["uniqueid"], row["sequence"])


def _session(feed: str, row: Row) -> tuple[Any, ...] | None:
    if feed == "network/usage_records":
        return (row["session_id"],) if row["session_id"] else None
    if feed == "network/radius":
        return (row["nas_ip_address"], row["acct_session_id"], row["user_name"])
    if feed == "network/asterisk":
        return (row["linkedid"] or row["uniqueid"], row["accountcode"])
    return None


def _closes(feed: str, row: Row) -> bool:
    if feed == "network/usage_records":
        return row["is_closing"] is not False
    if feed == "network/radius":
        return bool(row["acct_status_type"] == "Stop")
    return bool(row["disposition"] == "ANSWERED")


def _is_notice(feed: str, row: Row) -> bool:
    """Say whether an access server speaks of itself and not of a session."""
    return feed == "network/radius" and row["acct_status_type"].startswith("Accounting-")


def suspended(row: Row) -> str | None:
    """Return why a usage record takes no part in anything, None when it does."""
    begin: datetime = row["started_at"]
    told = datetime.combine(row["_delivered_on"], datetime.min.time())
    if begin < told - timedelta(days=WINDOW_DAYS):
        return "TOO_OLD"
    if begin > told + timedelta(days=1) + TOLERANCE:
        return "FUTURE_START"
    if row["quantity"] < 0:
        return "NEGATIVE_QUANTITY"
    if row["usage_type"] == "voice" and timedelta(seconds=row["quantity"]) > LONGEST:
        return "TOO_LONG"
    return None


def _deduplicated(feed: str, rows: list[Row]) -> Iterator[tuple[Row, str | None]]:
    """Yield each record with its class, None for those that stand."""
    by_id: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        by_id[(_source(feed, row), *_record_id(feed, row))].append(row)
    for same in by_id.values():
        contents = [tuple(row[name] for name in row if name not in LINEAGE) for row in same]
        first_on = same[0]["_delivered_on"]
        on_first = {
            content
            for row, content in zip(same, contents, strict=True)
            if row["_delivered_on"] == first_on
        }
        for place, (row, content) in enumerate(zip(same, contents, strict=True)):
            if len(on_first) > 1:
                yield row, "conflict"
            elif place == 0:
                yield row, None
            else:
                yield row, "duplicate" if content == contents[0] else "conflict"


def classify(feed: str, rows: list[Row], numbers: set[str], as_of: date) -> Counter[Found]:
    """Return how many records of each file are in each class as of the end of a day."""
    counts: Counter[Found] = Counter()
    known = sorted(
        (row for row in rows if row["_delivered_on"] <= as_of),
        key=lambda row: (row["_delivered_on"], row["_file"], row["_record"]),
    )
    usable = []
    for row in known:
        reason = suspended(row) if feed == "network/usage_records" else None
        if reason:
            counts[row["_file"], "suspended", reason] += 1
        else:
            usable.append(row)
    usages: dict[tuple[Any, ...], Usage] = defaultdict(Usage)
    for row, found in _deduplicated(feed, usable):
        session = _session(feed, row)
        if found:
            counts[row["_file"], found, None] += 1
        elif _is_notice(feed, row):
            counts[row["_file"], "folded", None] += 1
        elif session is None:
            counts[_guided(feed, row, numbers)] += 1
        else:
            usages[(_source(feed, row), *session)].rows.append(row)
    for usage in usages.values():
        counts.update(_folded(feed, usage.rows, numbers, as_of))
    return counts


def _guided(feed: str, row: Row, numbers: set[str]) -> Found:
    if feed == "network/usage_records" and row["served_number"] not in numbers:
        return row["_file"], "suspended", "UNKNOWN_NUMBER"
    return row["_file"], "pending", None


def _folded(feed: str, rows: list[Row], numbers: set[str], as_of: date) -> Iterator[Found]:
    """Yield the class of each record of one usage."""
    rows = sorted(rows, key=lambda row: (row["_delivered_on"], row["_file"], row["_record"]))
    taken: list[Row] = []
    closed_on: date | None = None
    for row in rows:
        last = taken[-1]["_delivered_on"] if taken else row["_delivered_on"]
        waited = last + timedelta(days=CLOSE_DAYS)
        if closed_on is None and row["_delivered_on"] > waited:
            closed_on = waited
        if closed_on is not None and row["_delivered_on"] > closed_on:
            if feed == "network/asterisk" and row["disposition"] != "ANSWERED":
                yield row["_file"], "folded", None
            else:
                yield row["_file"], "suspended", "LATE_PARTIAL"
            continue
        taken.append(row)
        if _closes(feed, row):
            closed_on = row["_delivered_on"]
    closing = [row for row in taken if _closes(feed, row)]
    stands = max(closing, key=lambda row: row.get("billsec") or 0) if closing else taken[-1]
    ends = closed_on or taken[-1]["_delivered_on"] + timedelta(days=CLOSE_DAYS)
    for row in taken:
        if ends > as_of:
            yield row["_file"], "pending", None
        elif row is stands:
            yield _guided(feed, row, numbers)
        else:
            yield row["_file"], "folded", None
