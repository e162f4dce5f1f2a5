"""What must hold after every fault, read from the files alone and without the code under test.

The manifest is read as plain JSON lines and Parquet by DuckDB, so that a defect of the house's own
readers cannot hide itself.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import duckdb

from tests.reliability.lab import BrokenError, demand

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Account:
    """The outcome of ingest as values: equal accounts mean equal rows, columns and decisions.

    `rows` and `quarantined` hold per feed the count and two order-free hashes over all columns;
    `decisions` per feed and file what became of it; `closed` the days closed, in order.
    """

    rows: dict[str, Row]
    quarantined: dict[str, Row]
    decisions: dict[tuple[str, str], Row]
    closed: tuple[str, ...]

    def demand_equal(self, other: Account) -> None:
        """Raise `BrokenError` that names what differs from an undisturbed run."""
        for item in fields(self):
            found, wanted = getattr(self, item.name), getattr(other, item.name)
            if found != wanted and isinstance(found, dict):
                keys = [k for k in {**found, **wanted} if found.get(k) != wanted.get(k)]
                shown = "; ".join(f"{k}: {found.get(k)} not {wanted.get(k)}" for k in keys[:3])
                raise BrokenError(f"{item.name} differ from an undisturbed run in {shown}")
            demand(found == wanted, f"{item.name}: {found} where undisturbed {wanted}")


def read_lines(data: Path) -> tuple[list[dict[str, Any]], bool]:
    """Return the manifest's whole lines, and whether a torn one follows them."""
    path = data / "raw" / "manifest.jsonl"
    text = path.read_bytes() if path.exists() else b""
    *lines, rest = text.split(b"\n")
    return [json.loads(line) for line in lines], bool(rest)


def newest_entries(lines: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the last word about every file, by feed and file."""
    entries: dict[tuple[str, str], dict[str, Any]] = {}
    for line in lines:
        if line["kind"] == "file":
            entries[f"{line['system']}/{line['feed']}", line["file"]] = line
    return entries


def check_committed(data: Path) -> None:
    """What the manifest says counts is there, whole, at any moment and before any clearing up."""
    entries = newest_entries(read_lines(data)[0])
    with duckdb.connect() as connection:
        for entry in entries.values():
            _check_entry(entry)
            for key, count in (("raw_path", "row_count"), ("quarantine_path", "quarantined")):
                if entry.get(key):
                    _check_rows(connection, data / entry[key], entry, count)


def _check_entry(entry: dict[str, Any]) -> None:
    if entry["status"] != "ingested":
        demand("raw_path" not in entry, f"{entry['file']} is {entry['status']} but has rows")
        return
    parts = entry["row_count"] + entry["quarantined"] + entry["blank"]
    demand(
        entry["records_in"] == parts,
        f"{entry['file']}: {entry['records_in']} records in, {parts} accounted for",
    )
    for key, count in (("raw_path", "row_count"), ("quarantine_path", "quarantined")):
        demand(bool(entry.get(key)) == bool(entry[count]), f"{entry['file']}: {count} and {key}")


def _check_rows(
    connection: duckdb.DuckDBPyConnection, path: Path, entry: dict[str, Any], count: str
) -> None:
    demand(path.exists(), f"{entry['file']}: the manifest names {path.name}, which is not there")
    try:
        found = connection.execute(
            # our own folder
            "select count(*), count(distinct _record), count(*) filter (where _file <> $file"  # noqa: S608
            " or _delivered_on <> $day or _content_sha256 is distinct from $content)"
            f" from read_parquet('{path}', hive_partitioning = false)",
            {
                "file": entry["file"],
                "day": entry["delivered_on"],
                "content": entry.get("content_sha256") or _content_of(connection, path),
            },
        ).fetchall()[0]
    except duckdb.Error as error:
        raise BrokenError(f"{entry['file']}: {path.name} cannot be read: {error}") from error
    demand(
        found == (entry[count], entry[count], 0),
        f"{entry['file']}: the manifest says {count} {entry[count]}, the Parquet file has "
        f"{found[0]} rows, {found[1]} different records and {found[2]} of another lineage",
    )


def _content_of(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    # a replay carries the content of the file that asked for it
    query = f"select min(_content_sha256) from read_parquet('{path}')"  # noqa: S608  our folder
    return str(connection.execute(query).fetchall()[0][0])


def check_account(data: Path) -> Account:
    """Check everything that holds whenever no run is at work; returns the account.

    No file counts that the manifest does not name, no content counts twice, no half file is left.
    """
    check_committed(data)
    lines, torn = read_lines(data)
    demand(not torn, "the manifest ends in a torn line")
    entries = newest_entries(lines)
    left = [path.name for path in data.glob("tmp/*.tmp")] + [
        path.name for path in data.rglob("*.tmp") if "landing" not in path.parts
    ]
    demand(not left, f"half files are left: {left[:3]}")
    for key, folder in (("raw_path", "raw"), ("quarantine_path", "quarantine")):
        named = Counter(entry[key] for entry in entries.values() if entry.get(key))
        there = {
            path.relative_to(data).as_posix()
            for path in (data / folder).glob("*/*/*/*.parquet")
            if path.parent.name != "_schema"
        }
        demand(
            there == set(named) and all(count == 1 for count in named.values()),
            f"files below {folder} and in the manifest differ: {there ^ set(named)}",
        )
    contents = Counter(
        (feed, entry["content_sha256"])
        for (feed, _), entry in entries.items()
        if entry["status"] == "ingested" and "content_sha256" in entry
    )
    twice = [key for key, count in contents.items() if count > 1]
    demand(not twice, f"the same content was ingested twice: {twice[:3]}")
    closed = tuple(line["day"] for line in lines if line["kind"] == "day_closed")
    demand(list(closed) == sorted(set(closed)), f"days closed out of order or twice: {closed}")
    return Account(
        rows=fingerprints(data / "raw"),
        quarantined=fingerprints(data / "quarantine"),
        decisions={key: _decision(entry) for key, entry in entries.items()},
        closed=closed,
    )


def _decision(entry: dict[str, Any]) -> Row:
    names = ("status", "reason_code", "delivered_on", "records_in", "row_count", "quarantined")
    return tuple(entry.get(name) for name in (*names, "blank", "repeat_of", "content_sha256"))


def fingerprints(folder: Path, leave_out: tuple[str, ...] = ()) -> dict[str, Row]:
    """Return per feed the count and order-free hashes of its rows over all columns."""
    found: dict[str, Row] = {}
    without = f" exclude ({', '.join(leave_out)})" if leave_out else ""
    with duckdb.connect() as connection:
        for feed in sorted({path.parent.parent for path in folder.glob("*/*/*/*.parquet")}):
            if feed.name == "_schema":
                continue
            row = connection.execute(
                "select count(*), sum(h), bit_xor(h) from (select hash(t) as h from "  # noqa: S608
                f"(select *{without} from read_parquet('{feed}/*/*.parquet',"
                " hive_partitioning = false, union_by_name = true)) as t)"
            ).fetchall()[0]
            found[feed.relative_to(folder).as_posix()] = row
    return {feed: row for feed, row in found.items() if row[0]}


def demand_once(data: Path, feed: str, key: str) -> None:
    """Raise `BrokenError` when a key of the feed stands in more than one row."""
    files = str(data / "raw" / feed / "*" / "*.parquet")
    with duckdb.connect() as connection:
        twice = connection.execute(
            f"select {key}, count(*) from read_parquet('{files}')"  # noqa: S608  our own names
            f" group by 1 having count(*) > 1 limit 3"
        ).fetchall()
    demand(not twice, f"{feed}: used twice: {twice}")
