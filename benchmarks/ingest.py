"""`ingest_to_copy_ratio`: clean CSV usage through ingest, against DuckDB's copy of the same file.

The plain side is `COPY (SELECT * FROM read_csv(...)) TO ... (FORMAT parquet)`, put on the disk as
ours is, with the same compression and threads. Ours also hashes, checks every value against the
contract, numbers the records and accounts for them.

    python -m benchmarks.ingest [--lines 10000000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from datetime import date
from pathlib import Path

import duckdb

from benchmarks.measure import Cost, compare, median, ratio, report, run_aside
from orchestration.contracts import load_feeds
from orchestration.ingest import ingest_feed
from orchestration.settings import Settings

FEED = "network/usage_records"
DAY = date(2026, 10, 1)
_LINES = """
select
    'U' || lpad(i::varchar, 12, '0') as usage_id,
    ['voice', 'voice', 'data', 'sms', 'mms'][1 + i % 5] as usage_type,
    case when i % 4 = 3 then 'terminating' else 'originating' end as direction,
    strftime(
        timestamp '2026-09-01' + to_seconds((i * 7919) % 2592000), '%Y-%m-%dT%H:%M:%SZ'
    ) as started_at,
    '+4915' || (10000000 + (i * 31) % 200000)::varchar as served_number,
    '+49' || (2000000000 + (i * 104729) % 5000000)::varchar as other_number,
    (i * 13) % 3600 as quantity,
    case when i % 50 = 0 then '20801' end as visited_network,
    'S' || (i // 3)::varchar as session_id,
    1 + i % 3 as record_sequence,
    i % 3 = 2 as is_closing,
    case when i % 97 = 0 then 'dropped' else 'normal' end as release_cause,
    'area_' || (i % 300)::varchar as area_id
from range(?) as t (i)
"""


def make_file(path: Path, lines: int) -> None:
    """Write a clean usage file with this many records."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("create table lines as " + _LINES, [lines])
        connection.table("lines").write_csv(str(path), header=True)


def _copy(source: Path, target: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select * from read_csv('{source}')) to '{target}'"  # noqa: S608  our own paths
            " (format parquet, compression snappy)"
        )
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _ingest(folder: Path) -> None:
    settings = Settings(data=folder)
    result = ingest_feed(settings, load_feeds(settings.contracts)[FEED], DAY)
    if result.row_count != result.records or not result.records:
        raise RuntimeError(f"not every line became a row: {result}")


def _side_ingest(folder: Path) -> Cost:
    for name in ("raw", "quarantine", "tmp"):
        shutil.rmtree(folder / name, ignore_errors=True)
    return run_aside("benchmarks.ingest", "--side", "ingest", "--folder", str(folder))


def _side_copy(folder: Path) -> Cost:
    return run_aside("benchmarks.ingest", "--side", "copy", "--folder", str(folder))


def _file_of(folder: Path) -> Path:
    return folder / "landing" / FEED / DAY.isoformat() / "usage.csv"


def main() -> None:
    """Run the comparison, or one side of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=("make", "ingest", "copy"))
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.side == "make":
        make_file(_file_of(options.folder), options.lines)
        return
    if options.side == "ingest":
        _ingest(options.folder)
        return
    if options.side == "copy":
        _copy(_file_of(options.folder), options.folder / "copy.parquet")
        return
    with tempfile.TemporaryDirectory() as name:
        large, small = Path(name, "large"), Path(name, "small")
        # made aside: a process starts with the peak memory of the one that started it
        for folder, lines in ((large, options.lines), (small, options.lines // 10)):
            arguments = ("--side", "make", "--folder", str(folder), "--lines", str(lines))
            run_aside("benchmarks.ingest", *arguments)
        pairs = compare(lambda: _side_ingest(large), lambda: _side_copy(large), options.rounds)
        tenth = _side_ingest(small)
        size = _file_of(large).stat().st_size / 1e6
    ours = [cost for cost, _ in pairs]
    plain = [cost for _, cost in pairs]
    seconds, cores = (lambda cost: cost.seconds), (lambda cost: cost.core_seconds)
    context = f"{options.lines:,} lines, {size:,.0f} MB CSV, median of {options.rounds}"

    def figure(name: str, value: float, unit: str) -> dict[str, object]:
        return {"name": name, "figure": round(value, 2), "unit": unit, "context": context}

    report(
        "ingest",
        [
            figure("ingest_to_copy_ratio", ratio(pairs, seconds), "x"),
            figure("ingest_to_copy_core_ratio", ratio(pairs, cores), "x core-s"),
            figure("ingest_seconds", median(ours, seconds), "s"),
            figure("copy_seconds", median(plain, seconds), "s"),
            figure("ingest_core_seconds", median(ours, cores), "core-s"),
            figure("ingest_peak_memory", median(ours, lambda cost: cost.peak_mb), "MB"),
            figure("ingest_peak_memory_tenth", tenth.peak_mb, "MB"),
            figure("copy_peak_memory", median(plain, lambda cost: cost.peak_mb), "MB"),
        ],
    )


if __name__ == "__main__":
    main()
