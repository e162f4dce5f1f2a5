"""R12: a source changes the shape of its files.

A new column is a warning and the rows are as before; columns in another order are read by name;
everything else refuses the file whole. Nothing is ever read into the wrong column.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from random import Random

import pyarrow as pa

from tests.reliability import samples
from tests.reliability.invariants import (
    Row,
    check_account,
    fingerprints,
    newest_entries,
    read_lines,
)
from tests.reliability.lab import Lab, demand, seeded
from tests.reliability.worlds import day, land

_LINEAGE = ("_file", "_delivered_on", "_folder_on", "_content_sha256")
_TAKEN = frozenset({"added", "reordered"})
_KINDS = (
    *("added", "reordered", "dropped", "renamed", "case", "doubled", "headless", "delimiter"),
    *("retyped", "shifted"),
)
Table = list[list[str]]


def _text(table: Table, delimiter: str = ",") -> bytes:
    sink = io.StringIO(newline="")
    csv.writer(sink, delimiter=delimiter, lineterminator="\n").writerows(table)
    return sink.getvalue().encode()


def _drift_csv(rng: Random, content: bytes) -> tuple[str, bytes]:
    """Return what was done to a CSV file, and the file."""
    table: Table = list(csv.reader(io.StringIO(content.decode(), newline="")))
    header, rows = table[0], table[1:]
    at = rng.randrange(len(header))
    kind = rng.choice(_KINDS)
    if kind == "added":
        table = [
            [*row[:at], f"new{n}" if n else "loyalty", *row[at:]] for n, row in enumerate(table)
        ]
    elif kind == "reordered":
        order = rng.sample(range(len(header)), len(header))
        table = [[row[n] for n in order] for row in table]
    elif kind == "dropped":
        table = [row[:at] + row[at + 1 :] for row in table]
    elif kind in ("renamed", "case"):
        new = header[at].upper() if kind == "case" else f"{header[at]}_new"
        table = [[*header[:at], new, *header[at + 1 :]], *rows]
    elif kind == "doubled":
        table = [[*row, row[at]] for row in table]
    elif kind == "headless":
        table = rows
    elif kind == "delimiter":
        return kind, _text(table, rng.choice(";|\t"))
    elif kind == "retyped":
        at = header.index(rng.choice(("quantity", "started_at", "is_closing")))
        table = [header, *([*row[:at], f"v{n}", *row[at + 1 :]] for n, row in enumerate(rows))]
    else:
        # the header promises a column that the lines do not have
        table = [[*header, "loyalty"], *rows]
    return kind, _text(table)


def _drift_parquet(rng: Random, table: pa.Table) -> tuple[str, bytes]:
    """Return what was done to a Parquet file, and the file."""
    at = rng.randrange(table.num_columns)
    name = table.column_names[at]
    kind = rng.choice(("added", "reordered", "dropped", "renamed", "doubled", "retyped"))
    if kind == "added":
        table = table.add_column(at, "loyalty", pa.array(range(table.num_rows)))
    elif kind == "reordered":
        table = table.select(rng.sample(table.column_names, table.num_columns))
    elif kind == "dropped":
        table = table.remove_column(at)
    elif kind == "renamed":
        table = table.rename_columns([f"{n}_new" if n == name else n for n in table.column_names])
    elif kind == "doubled":
        table = table.append_column(name, table.column(at))
    else:
        values = [float(n) for n in range(table.num_rows)]
        table = table.set_column(at, name, pa.array(values))
    return kind, samples.parquet_file(table)


def drift(lab: Lab, seed: int) -> None:
    """Try one seed: three of four with CSV, the fourth with Parquet."""
    rng = seeded(f"drift {seed}")
    count = rng.randrange(25, 60)
    if seed % 4 == 3:
        feed, suffix = samples.WAIVERS, ".parquet"
        table = samples.waiver_rows("W", count)
        before = samples.parquet_file(table)
        kind, after = _drift_parquet(rng, table)
    else:
        feed, suffix = samples.USAGE, ".csv"
        before = samples.usage_file(rng, "U", count, broken=0.0).encode()
        kind, after = _drift_csv(rng, before)
    with lab.folder() as folder:
        wanted = _ingest(lab, folder / "before", feed, suffix, before)
        found = _ingest(lab, folder / "after", feed, suffix, after)
        entry = next(iter(newest_entries(read_lines(folder / "after")[0]).values()))
        said = f"{kind}: {entry['status']}, {entry.get('message')}"
        if kind in _TAKEN:
            demand(entry["status"] == "ingested" and found == wanted, f"{said}: {found}")
            warned = any("loyalty" in warning for warning in entry.get("warnings", []))
            demand(warned == (kind == "added"), f"{said}: warned of a new column: {warned}")
        elif kind == "shifted":
            # the header is one that may come; every line contradicts it
            lost = entry["status"] == "ingested" and entry["quarantined"] == entry["records_in"]
            demand((lost or entry["status"] == "refused") and not found, said)
        else:
            demand(entry["status"] == "refused" and bool(entry["message"]), said)
            demand(not found, f"{said}, but there are rows: {found}")


def _ingest(lab: Lab, data: Path, feed: str, suffix: str, content: bytes) -> dict[str, Row]:
    land(data / "landing", {f"{feed}/{day(0)}/file{suffix}": content})
    lab.succeed("ingest_days", {"data": str(data), "days": [day(0)], "feeds": [feed]})
    check_account(data)
    return fingerprints(data / "raw", _LINEAGE)
