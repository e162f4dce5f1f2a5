"""R8: the same content again, in another name, packing or dress, and two runs at the same time.

Of all the files with one content the first in order of (folder day, path) counts, the others are
repeats of it; of two runs at once the second waits or says who is in its way.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from random import Random

import pyarrow as pa

from tests.reliability import samples
from tests.reliability.invariants import (
    Account,
    check_account,
    check_committed,
    fingerprints,
    newest_entries,
    read_lines,
)
from tests.reliability.lab import Lab, demand, seeded
from tests.reliability.worker import Outcome
from tests.reliability.worlds import Landed, day, land

Dress = tuple[str, Callable[[bytes], bytes]]

LINEAGE = ("_file", "_delivered_on", "_folder_on")


def zstd(content: bytes) -> bytes:
    """Pack as one zstd frame."""
    return bytes(pa.Codec("zstd").compress(content, asbytes=True))


def _two_members(content: bytes) -> bytes:
    half = len(content) // 2
    return gzip.compress(content[:half], 1) + gzip.compress(content[half:], 9)


def _crlf(content: bytes) -> bytes:
    return content.replace(b"\n", b"\r\n")


def _bom(content: bytes) -> bytes:
    return b"\xef\xbb\xbf" + content


_TEXT: tuple[Dress, ...] = (
    ("", lambda content: content),
    (".gz", gzip.compress),
    (".gz", _two_members),
    (".zst", zstd),
    ("", _crlf),
    ("", _bom),
    ("", lambda content: content.removesuffix(b"\n")),
    (".gz", lambda content: gzip.compress(_crlf(_bom(content)))),
    (".zst", lambda content: zstd(_crlf(content).removesuffix(b"\r\n"))),
)


def _dressed(rng: Random, feed: str) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Return a good file, and the same content in several dresses with their suffixes."""
    count = rng.randrange(3, 60)
    if feed == samples.WAIVERS:
        table = samples.waiver_rows("W", count)
        dressed = [
            (
                ".parquet",
                samples.parquet_file(table, rows=rng.randrange(1, 50), compression=packing),
            )
            for packing in rng.choices(("snappy", "zstd", "gzip", "none"), k=rng.randrange(1, 5))
        ]
        return samples.parquet_file(table), [*dressed, (".parquet", samples.parquet_file(table))]
    content = samples.sample(feed, rng, "K", count)
    chosen = [(_TEXT[0]), *rng.choices(_TEXT, k=rng.randrange(1, 5))]
    return content, [(samples.suffix(feed) + more, dress(content)) for more, dress in chosen]


def _run_twice_at_once(lab: Lab, world: Landed, data: Path, wait: float) -> None:
    arguments = {**world.arguments(data), "options": {"lock_wait_seconds": wait}}
    workers = (lab.worker, lab.other("second"))
    for worker in workers:
        worker.start("ingest_days", arguments)
    outcomes = [worker.finish() for worker in workers]
    demand(any(_went_well(outcome) for outcome in outcomes), f"neither of two ran: {outcomes}")
    for outcome in outcomes:
        refused = wait == 0 and outcome.kind == "LockHeldError"
        named = "is in use by" in outcome.message and "start again" in outcome.message
        demand(
            _went_well(outcome) or (refused and named),
            f"one of two runs at once failed: {outcome.trace or outcome.status}",
        )


def _went_well(outcome: Outcome) -> bool:
    return outcome.status == "ok"


def repeat(lab: Lab, seed: int) -> None:
    """Try one seed."""
    rng = seeded(f"repeat {seed}")
    feed = (*samples.SAMPLED, samples.WAIVERS)[seed % 6]
    content, dressed = _dressed(rng, feed)
    places = [
        (day(rng.randrange(3)), f"{rng.choice('abcdefgh')}{number}{suffix}", file)
        for number, (suffix, file) in enumerate(dressed)
    ]
    files = {f"{feed}/{on}/{name}": file for on, name, file in places}
    world = Landed(files, (feed,), (day(0), day(1), day(2)))
    with lab.folder() as folder:
        alone = folder / "alone"
        suffix = dressed[-1][0] if feed == samples.WAIVERS else samples.suffix(feed)
        land(alone / "landing", {f"{feed}/{day(0)}/alone{suffix}": content})
        lab.succeed("ingest_days", {**world.arguments(alone), "days": [day(0)]})
        wanted = _seen(alone)

        data = folder / "data"
        land(data / "landing", files)
        if seed % 3:
            _run_twice_at_once(lab, world, data, 30 if seed % 3 == 1 else 0)
            check_committed(data)
        lab.succeed("ingest_days", world.arguments(data))
        account = check_account(data)
        demand(_seen(data) == wanted, "the rows are not those of the file alone")
        _check_decisions(account, data, [f"{feed}/{on}/{name}" for on, name, _ in sorted(places)])


def _seen(data: Path) -> tuple[object, object]:
    return fingerprints(data / "raw", LINEAGE), fingerprints(data / "quarantine", LINEAGE)


def _check_decisions(account: Account, data: Path, in_order: list[str]) -> None:
    entries = {file: entry for (_, file), entry in newest_entries(read_lines(data)[0]).items()}
    demand(set(entries) == set(in_order), f"decided about {set(entries)}, not {in_order}")
    first = entries[in_order[0]]
    demand(first["status"] == "ingested", f"{in_order[0]} is {first['status']}, should count")
    for file in in_order[1:]:
        entry = entries[file]
        said = (entry["status"], entry.get("repeat_of"), entry["records_in"])
        wanted = ("repeat", in_order[0], first["records_in"])
        demand(said == wanted, f"{file}: {said}, expected {wanted}")
    demand(len(account.rows) <= 1, f"rows in several feeds: {account.rows}")
