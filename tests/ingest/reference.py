"""What a usage file means, worked out line by line in plain Python.

Written against the rules, not against ingest: it shares no code with it and is allowed to be slow.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

NAMES = [
    *("usage_id", "usage_type", "direction", "started_at", "served_number", "other_number"),
    *("quantity", "visited_network", "session_id", "record_sequence", "is_closing"),
    *("release_cause", "area_id"),
]
REQUIRED = {"usage_id", "usage_type", "direction", "started_at", "served_number", "quantity"}
LONGEST = {
    "usage_id": 128,
    "served_number": 64,
    "other_number": 64,
    "visited_network": 16,
    "session_id": 128,
    "area_id": 64,
}
SETS = {
    "usage_type": {"voice", "sms", "mms", "data"},
    "direction": {"originating", "terminating", "forwarded"},
    "release_cause": {"normal", "dropped", "failed", "partial"},
}
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})"
)


class WrongError(Exception):
    """The line cannot be a row."""


@dataclass
class Meaning:
    """Rows by line number, the numbers of the lines that are none, and the blank lines."""

    rows: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    quarantined: list[int] = field(default_factory=list)
    blank: int = 0


def fields_of(text: str) -> list[str]:
    """Split one line: quotes count at the begin of a field only, blanks before them do not."""
    fields: list[str] = []
    at = 0
    while True:
        start = at
        while at < len(text) and text[at] == " ":
            at += 1
        if at < len(text) and text[at] == '"':
            value = ""
            at += 1
            while True:
                end = text.find('"', at)
                if end < 0:
                    raise WrongError("open quote")
                value += text[at:end]
                at = end + 1
                if text[at : at + 1] != '"':
                    break
                value += '"'
                at += 1
            if at < len(text) and text[at] != ",":
                raise WrongError("text behind a quote")
        else:
            end = text.find(",", start)
            at = len(text) if end < 0 else end
            value = text[start:at]
        fields.append(value)
        if at >= len(text):
            return fields
        at += 1


def _checked_fields(text: str) -> list[str]:
    fields = fields_of(text)
    if ' "' not in text:
        # where the rule of the blank has no say, the csv module must see the same
        assert fields == next(csv.reader([text], strict=True))
    return fields


def _time(text: str) -> datetime:
    found = _TIME.fullmatch(text)
    if not found or len((found[3] or "").rstrip("0")) > 6:
        raise WrongError("time")
    if found[1] < "1000" or (found[4] != "Z" and found[4][1:3] > "14"):
        raise WrongError("time")
    zone = found[4] if found[4] == "Z" or ":" in found[4] else f"{found[4][:3]}:{found[4][3:]}"
    fraction = (found[3] or "0")[:6].ljust(6, "0")
    try:
        moment = datetime.fromisoformat(f"{found[1]}T{found[2]}.{fraction}{zone}")
    except ValueError as error:
        raise WrongError("time") from error
    return moment.astimezone(UTC).replace(tzinfo=None)


def _typed(name: str, text: str) -> Any:
    if text == "":
        if name in REQUIRED:
            raise WrongError(name)
        return None
    if name == "started_at":
        return _time(text)
    if name in ("quantity", "record_sequence"):
        if not re.fullmatch("[+-]?[0-9]+", text):
            raise WrongError(name)
        number = int(text)
        if not -(2**63) <= number < 2**63 or (name == "record_sequence" and number < 0):
            raise WrongError(name)
        return number
    if name == "is_closing":
        values = dict.fromkeys(("true", "True", "TRUE", "t", "1"), True)
        values |= dict.fromkeys(("false", "False", "FALSE", "f", "0"), False)
        if text not in values:
            raise WrongError(name)
        return values[text]
    if name in SETS:
        if text not in SETS[name]:
            raise WrongError(name)
    elif len(text) > LONGEST[name]:
        raise WrongError(name)
    return text


def _row(line: bytes) -> tuple[Any, ...]:
    if b"\0" in line or b"\r" in line:
        raise WrongError("bytes")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise WrongError("encoding") from error
    fields = _checked_fields(text)
    if len(fields) != len(NAMES):
        raise WrongError("count")
    return tuple(_typed(name, value) for name, value in zip(NAMES, fields, strict=True))


def meaning_of(content: bytes) -> Meaning:
    """Return what the lines below the header mean."""
    lines = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    lines[-1] = lines[-1].removesuffix(b"\r")
    meaning = Meaning()
    for number, line in enumerate(lines[1:], 2):
        if not line.strip(b" \t\r"):
            meaning.blank += 1
            continue
        try:
            meaning.rows[number] = _row(line)
        except WrongError:
            meaning.quarantined.append(number)
    return meaning
