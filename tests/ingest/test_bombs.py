"""Files that are small to send and large to read cost neither memory nor the rest of the day."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.settings import REPOSITORY, Settings
from tests.ingest import usage
from tests.ingest.world import DAY

MEGABYTE = 1 << 20
RADIUS = "network/radius"
BANK = "payments/bank_statements"
# the process that ingests starts with some 200 MB of libraries
MOST_RESIDENT = 600 * MEGABYTE

INGEST = """
import json, sys
from datetime import date
from pathlib import Path
from orchestration.contracts import load_feeds
from orchestration.ingest import ingest_feed
from orchestration.settings import Settings

settings = Settings(data=Path(sys.argv[1]))
told = {}
for feed in sys.argv[2:]:
    result = ingest_feed(settings, load_feeds(settings.contracts)[feed], date(2026, 10, 1))
    for entry in result.entries:
        told[Path(entry.file).name] = [entry.status, entry.reason_code, entry.message]
# the peak of this program; ru_maxrss begins with the peak of whoever started it
status = Path("/proc/self/status").read_text()
peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024
print(json.dumps({"told": told, "peak": peak}))
"""


def _repeated_parquet() -> bytes:
    """Return a small Parquet file whose every row holds the same long text."""
    count = 100_000
    text = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), ["x" * MEGABYTE])
    columns = {name: pa.nulls(count, pa.string()) for name in usage.HEADER.split(",")}
    columns |= {
        "area_id": text,
        "quantity": pa.nulls(count, pa.int64()),
        "record_sequence": pa.nulls(count, pa.int64()),
        "is_closing": pa.nulls(count, pa.bool_()),
        "started_at": pa.nulls(count, pa.timestamp("us")),
    }
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def _bombs() -> dict[str, tuple[str, bytes]]:
    head = usage.HEADER.encode() + b"\n"
    zeros = bytes(64 * MEGABYTE)
    many_elements = b"<Document><BkToCstmrStmt>" + b"<a/>" * 1_100_000
    stanza = b"Thu Oct  1 08:15:00 2026\n" + b"\tA = 1\n" * 400_000
    return {
        "zeros.csv.gz": (usage.FEED, gzip.compress(zeros) * 50),
        "zeros.csv.zst": (usage.FEED, bytes(pa.compress(zeros, codec="zstd", asbytes=True)) * 50),
        "blank.csv.gz": (usage.FEED, gzip.compress(head + b"\n" * 16 * MEGABYTE, 1)),
        "one_line.csv": (usage.FEED, head + b"x" * 50 * MEGABYTE),
        "one_quote.csv": (usage.FEED, head + b'"' + b"x,\n" * 60_000),
        "repeated.parquet": (usage.FEED, _repeated_parquet()),
        "elements.xml.gz": (BANK, gzip.compress(many_elements, 1)),
        "stanza.detail": (RADIUS, stanza),
    }


def test_bombs_cost_little_memory(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    for name, (feed, data) in _bombs().items():
        folder = settings.landing / feed / DAY
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        os.utime(folder / name, (1_600_000_000, 1_600_000_000))
    run = subprocess.run(
        [sys.executable, "-c", INGEST, str(tmp_path), usage.FEED, BANK, RADIUS],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    said = json.loads(run.stdout)
    reasons = {name: (status, reason) for name, (status, reason, _) in said["told"].items()}
    assert reasons == {
        "zeros.csv.gz": ("refused", "PACKING_RATIO"),
        "zeros.csv.zst": ("refused", "PACKING_RATIO"),
        "blank.csv.gz": ("ingested", None),
        "one_line.csv": ("ingested", None),
        "one_quote.csv": ("ingested", None),
        "repeated.parquet": ("refused", "PACKING_RATIO"),
        "elements.xml.gz": ("refused", "TOO_LARGE"),
        "stanza.detail": ("ingested", None),
    }
    assert said["peak"] < MOST_RESIDENT
