"""R11: damaged files. No crash, no hang over 10 s, no record unaccounted, no healthy line harmed.

Files come in batches, one child process per batch, one `ingest_feed` per file; the watching parent
kills a child that says nothing for 10 seconds. Records are counted here by other means than
ingest's, and a line that the damage did not touch must be the row that it always was.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from orchestration.contracts import Feed, load_feeds
from orchestration.settings import Settings
from tests.reliability import samples
from tests.reliability.catalogue import Failure
from tests.reliability.invariants import check_account, newest_entries, read_lines
from tests.reliability.lab import BrokenError, Lab, demand, seeded
from tests.reliability.mutations import mutate
from tests.reliability.worker import QUIET_SECONDS
from tests.reliability.worlds import day, land

_BATCH = 40
_BASES = 4
_KINDS: tuple[tuple[str, str], ...] = (
    (samples.USAGE, ""),
    (samples.USAGE, ""),
    (samples.USAGE, ".gz"),
    (samples.PAYMENTS, ""),
    (samples.STATEMENTS, ""),
    (samples.RADIUS, ""),
    (samples.ASTERISK, ""),
    (samples.WAIVERS, ""),
)
_MANNER = {samples.STATEMENTS: "xml", samples.WAIVERS: "binary"}
_NOT_MARKUP = re.compile(rb"<!\[CDATA\[.*?\]\]>|<!--.*?-->", re.DOTALL)
_ENTRY = re.compile(rb"<(?:[\w.-]+:)?Ntry[\s/>]")


@dataclass(frozen=True)
class Damaged:
    """One damaged file: where it goes and what it was made of."""

    seed: int
    feed: str
    name: str
    base: bytes
    content: bytes
    unpacked: bytes | None

    @property
    def file(self) -> str:
        """Path below landing."""
        return f"{self.feed}/{day(0)}/{self.name}"


@cache
def _base(feed: str, number: int) -> bytes:
    rng = seeded(f"base {feed} {number}")
    if feed == samples.WAIVERS:
        rows = samples.waiver_rows("W", 5 + 30 * number)
        return samples.parquet_file(rows, rows=20, compression=rng.choice(("snappy", "zstd")))
    if feed == samples.USAGE:
        text = samples.usage_file(rng, "U", 5 + 30 * number, trailer=number % 2 == 0, broken=0.0)
        return text.encode()
    return samples.sample(feed, rng, "K", 5 + 15 * number)


def damaged(seed: int) -> Damaged:
    """Return the damaged file of a seed."""
    rng = seeded(f"mutated {seed}")
    feed, packing = _KINDS[seed % len(_KINDS)]
    base = _base(feed, rng.randrange(_BASES))
    suffix = ".parquet" if feed == samples.WAIVERS else samples.suffix(feed) + packing
    if packing and rng.random() < 0.6:
        content = gzip.compress(mutate(rng, base), 1)
    elif packing:
        content = mutate(rng, gzip.compress(base, 1), "binary")
    else:
        content = mutate(rng, base, _MANNER.get(feed, "text"))
    return Damaged(seed, feed, f"{seed:08d}{suffix}", base, content, _unpacked(content))


def _unpacked(content: bytes) -> bytes | None:
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error):
        return None


def count_records(feed: Feed, content: bytes) -> int:
    """Count the records of an unpacked file without parsing it."""
    if feed.id == samples.STATEMENTS:
        return len(_ENTRY.findall(_NOT_MARKUP.sub(b"", content)))
    text = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    lines = text.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    if feed.id == samples.RADIUS:
        blank = [not line.strip() for line in lines]
        return sum(
            not blank[n] and (n == 0 or blank[n - 1] or not line[:1].isspace())
            for n, line in enumerate(lines)
        )
    count = len(lines) - (1 if feed.formats[0].has_header else 0)
    if feed.control_total:
        filled = [line for line in lines if line.strip()]
        count -= filled[-1].startswith(feed.control_total.marker.encode())
    return count


def _check_file(feed: Feed, item: Damaged, entry: dict[str, Any] | None, data: Path) -> None:
    demand(entry is not None, "no decision about the file")
    assert entry
    if entry["status"] != "ingested":
        demand(
            entry["status"] in ("refused", "held", "repeat") and bool(entry["message"]),
            f"{entry['status']} without a reason",
        )
        return
    if feed.id == samples.WAIVERS:
        with pq.ParquetFile(_source(data, item)) as parquet:
            expected = parquet.metadata.num_rows
    else:
        demand(item.unpacked is not None, "ingested although its packing is damaged")
        expected = count_records(feed, item.unpacked or b"")
    demand(
        entry["records_in"] == expected,
        f"{entry['records_in']} records by ingest, {expected} by another count",
    )


def _source(data: Path, item: Damaged) -> Path:
    return data.parent / "waiting" / item.feed / item.name


def run_batch(lab: Lab, items: Sequence[Damaged]) -> list[Failure]:
    """Ingest a batch; a file that breaks the child is a failure, the others are tried again."""
    failures: list[Failure] = []
    left = list(items)
    while left:
        with lab.folder() as folder:
            data = folder / "data"
            land(folder / "waiting", {f"{item.feed}/{item.name}": item.content for item in left})
            arguments = {"data": str(data), "waiting": str(folder / "waiting"), "day": day(0)}
            outcome = lab.worker.run("ingest_each", arguments, quiet_seconds=QUIET_SECONDS)
            if outcome.status == "ok":
                return failures + _judge(lab, data, left)
            *done, broken = outcome.notes
            failures += _judge(lab, data, [item for item in left if item.name in done])
            said = outcome.trace or f"{outcome.status} by signal {outcome.signal}"
            failures.append(Failure(int(broken[:8]), f"{broken}: {said}"))
            left = [item for item in left if item.name not in outcome.notes]
    return failures


def _judge(lab: Lab, data: Path, items: Sequence[Damaged]) -> list[Failure]:
    feeds = load_feeds(Settings().contracts)
    failures: list[Failure] = []
    first = items[0].seed if items else 0
    entries = newest_entries(read_lines(data)[0])
    try:
        lab.succeed("touch", {"data": str(data)})
        check_account(data)
    except BrokenError as broken:
        failures.append(Failure(first, f"after the batch that begins here: {broken}"))
    for item in items:
        entry = entries.get((item.feed, item.file))
        try:
            _check_file(feeds[item.feed], item, entry, data)
            if entry is not None and entry["status"] == "ingested":
                _check_lines(lab, item, entry, data)
        except BrokenError as broken:
            failures.append(Failure(item.seed, f"{item.file}: {broken}"))
    return failures


def _rows(path: Path) -> dict[int, tuple[Any, ...]]:
    lineage = "_file, _record, _delivered_on, _folder_on, _content_sha256"
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select _record, * exclude ({lineage}) from read_parquet('{path}')"  # noqa: S608
        ).fetchall()
    return {row[0]: row[1:] for row in rows}


def _lines(content: bytes) -> list[bytes]:
    return content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").split(b"\n")


def _healthy(lab: Lab, item: Damaged) -> dict[bytes, tuple[Any, ...]]:
    """Return the rows of the undamaged file, by line."""
    with lab.folder() as folder:
        land(folder / "waiting", {f"{item.feed}/base.csv": item.base})
        data = folder / "data"
        arguments = {"data": str(data), "waiting": str(folder / "waiting"), "day": day(0)}
        lab.succeed("ingest_each", arguments)
        (path,) = (data / "raw" / item.feed).glob("*/*.parquet")
        rows = _rows(path)
    return {line: rows[n] for n, line in enumerate(_lines(item.base), 1) if n in rows}


def _check_lines(lab: Lab, item: Damaged, entry: dict[str, Any], data: Path) -> None:
    if item.feed not in (samples.USAGE, samples.PAYMENTS, samples.ASTERISK) or not item.unpacked:
        return
    lines, base = _lines(item.unpacked), _lines(item.base)
    healthy = lab.once(("healthy", item.feed, item.base), lambda: _healthy(lab, item))
    untouched = {n: line for n, line in enumerate(lines, 1) if line in healthy}
    has_header = item.feed != samples.ASTERISK
    # under another header, or with few lines left to tell the layout by, lines mean other things
    if lines[0] != base[0] if has_header else len(untouched) < len(lines) / 2:
        return
    path = entry.get("raw_path")
    rows = _rows(data / path) if path else {}
    for number, line in untouched.items():
        found = rows.get(number)
        demand(
            found == healthy[line],
            f"line {number} is not damaged, but became {found or 'no row'}",
        )


def mutated(lab: Lab, seeds: Sequence[int]) -> list[Failure]:
    """Try damaged files in batches."""
    failures: list[Failure] = []
    for start in range(0, len(seeds), _BATCH):
        items = [damaged(seed) for seed in seeds[start : start + _BATCH]]
        failures += run_batch(lab, items)
    return failures
