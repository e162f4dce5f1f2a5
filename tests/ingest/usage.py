"""Small usage files for ingest tests."""

from __future__ import annotations

FEED = "network/usage_records"
HEADER = (
    "usage_id,usage_type,direction,started_at,served_number,other_number,quantity,"
    "visited_network,session_id,record_sequence,is_closing,release_cause,area_id"
)


def line(number: int, **changes: str) -> str:
    """Return one good line; `changes` replace fields by name."""
    fields = {
        "usage_id": f"U{number}",
        "usage_type": "voice",
        "direction": "originating",
        "started_at": "2026-10-01T08:15:00Z",
        "served_number": "+4915110000001",
        "other_number": "+49301234567",
        "quantity": str(60 + number),
        "visited_network": "",
        "session_id": "",
        "record_sequence": "",
        "is_closing": "true",
        "release_cause": "normal",
        "area_id": "B-1",
    } | changes
    return ",".join(fields.values())


def text(*lines: str) -> str:
    """Return a file: header and lines."""
    return "\n".join([HEADER, *lines]) + "\n"


def usages(count: int, start: int = 1) -> str:
    """Return a file of good lines."""
    return text(*(line(number) for number in range(start, start + count)))
