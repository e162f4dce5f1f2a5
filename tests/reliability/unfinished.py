"""R10: growing files, control totals that are wrong or missing, gaps in a sequence.

What is not ready is held, what contradicts itself is refused, each with its reason and not one row;
once the delivery is right, the rows are those of a delivery that was right from the start.
"""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import Any

from tests.ingest import usage
from tests.reliability import samples
from tests.reliability.invariants import check_account, fingerprints, newest_entries, read_lines
from tests.reliability.lab import Lab, demand, seeded
from tests.reliability.repeats import LINEAGE
from tests.reliability.worlds import day, land


class Delivery:
    """A data folder that is looked at again after every change to its landing."""

    def __init__(self, lab: Lab, folder: Path, feed: str) -> None:
        self.lab = lab
        self.data = folder / "data"
        self.feed = feed

    def put(self, name: str, content: bytes, *, fresh: bool = False, on: int = 0) -> Path:
        """Land a file; a fresh one was written just now."""
        (path,) = land(self.data / "landing", {f"{self.feed}/{day(on)}/{name}": content})
        if fresh:
            os.utime(path)
        return path

    def look(self, on: int = 0, *feeds: str) -> dict[str, dict[str, Any]]:
        """Ingest one day and return what became of each file, by name."""
        wanted = [*feeds, self.feed]
        options = {"settle_seconds": 3600}
        arguments = {"data": str(self.data), "days": [day(on)], "feeds": wanted, "options": options}
        self.lab.succeed("ingest_days", arguments)
        check_account(self.data)
        entries = newest_entries(read_lines(self.data)[0])
        return {Path(file).name: entry for (_, file), entry in entries.items()}

    def demand_state(self, entry: dict[str, Any], status: str, reason: str | None) -> None:
        """Raise `BrokenError` unless a file has this state, and rows only when it may."""
        said = (entry["status"], entry.get("reason_code"))
        demand(said == (status, reason), f"{entry['file']} is {said}, expected {(status, reason)}")
        demand(status == "ingested" or bool(entry.get("message")), f"{entry['file']}: no message")

    def demand_rows(self, *contents: bytes) -> None:
        """Raise `BrokenError` unless the rows are those of these files delivered right."""
        with self.lab.folder() as folder:
            right = Delivery(self.lab, folder, self.feed)
            for number, content in enumerate(contents):
                right.put(f"right{number}{samples.suffix(self.feed)}", content)
            right.look()
            for name in ("raw", "quarantine"):
                found = fingerprints(self.data / name, LINEAGE).get(self.feed)
                wanted = fingerprints(right.data / name, LINEAGE).get(self.feed)
                demand(found == wanted, f"{name} has {found}, expected {wanted}")


def _growing(delivery: Delivery, rng: Random) -> None:
    """Look at a file while it grows; a cut anywhere but at a line end is seen."""
    whole = samples.usage_file(rng, "U", 40).encode()
    cut = rng.randrange(len(usage.HEADER), len(whole) - 1)
    while whole[:cut].endswith(b"\n"):
        cut -= 1
    delivery.put("u.csv", whole[:cut], fresh=True)
    entry = delivery.look()["u.csv"]
    delivery.demand_state(entry, "held", "GROWING")
    delivery.put("u.csv", whole)
    delivery.demand_state(delivery.look(1)["u.csv"], "ingested", None)
    delivery.demand_rows(whole)


def _grown_after(delivery: Delivery, rng: Random) -> None:
    """Look at a file that grows after it was ingested: what was ingested stands."""
    first = samples.usage_file(rng, "U", 10).encode()
    delivery.put("u.csv", first)
    delivery.demand_state(delivery.look()["u.csv"], "ingested", None)
    delivery.put("u.csv", first + b"\n" + usage.line(99, usage_id="late").encode() + b"\n")
    files = delivery.look(1)
    delivery.demand_state(files.pop("u.csv"), "ingested", None)
    (changed,) = files.values()
    delivery.demand_state(changed, "held", "CHANGED_AFTER_INGEST")
    delivery.demand_rows(first)


def _wrong_total(delivery: Delivery, rng: Random) -> None:
    """Deliver a file whose trailer speaks of other records or another sum, then the right one."""
    right = samples.payments_file(rng, "P", rng.randrange(1, 30))
    lines = right.splitlines()
    marker, count, total = lines[-1].split(",")
    wrong = {
        0: ([*lines[:-1], f"{marker},{int(count) + rng.choice((-1, 1, 100))},{total}"], 0),
        1: ([*lines[:-1], f"{marker},{count},{float(total) + 0.01:.2f}"], 0),
        2: ([lines[0], *lines[2:]], 0),
        3: ([*lines[:2], *lines[1:]], 0),
        4: ([*lines[:-1], f"{marker},some,{total}"], 1),
        5: ([*lines, lines[1]], 2),
    }
    text, kind = wrong[rng.randrange(len(wrong))]
    reason = ("CONTROL_TOTAL", "BAD_TRAILER", "RECORDS_AFTER_TRAILER")[kind]
    delivery.put("p.csv", ("\n".join(text) + "\n").encode())
    delivery.demand_state(delivery.look()["p.csv"], "refused", reason)
    delivery.demand_state(delivery.look(1)["p.csv"], "refused", reason)
    delivery.put("p.csv" if rng.random() < 0.5 else "p2.csv", right.encode())
    files = delivery.look(2)
    delivery.demand_state(files.get("p2.csv", files["p.csv"]), "ingested", None)
    delivery.demand_rows(right.encode())


def _missing_total(delivery: Delivery, rng: Random) -> None:
    """Deliver a file that must end with a trailer without it, then with it."""
    right = samples.payments_file(rng, "P", rng.randrange(2, 30))
    lines = right.splitlines()[:-1]
    kept = lines[: rng.randrange(1, len(lines) + 1)]
    delivery.put("p.csv", ("\n".join(kept) + "\n").encode())
    delivery.demand_state(delivery.look()["p.csv"], "held", "NO_TRAILER")
    delivery.put("p.csv", right.encode())
    delivery.demand_state(delivery.look(1)["p.csv"], "ingested", None)
    delivery.demand_rows(right.encode())


def _gap(delivery: Delivery, rng: Random) -> None:
    """Lose one of several numbered files; it comes late, or operations waive it."""
    count = rng.randrange(3, 7)
    lost = rng.randrange(2, count)
    contents = {n: samples.usage_file(rng, f"U{n}", 5).encode() for n in range(1, count + 1)}
    names = {n: f"u_seq{n:06d}.csv" for n in contents}
    for number, content in contents.items():
        if number != lost:
            delivery.put(names[number], content)
    files = delivery.look()
    for number in contents:
        if number < lost:
            delivery.demand_state(files[names[number]], "ingested", None)
        elif number > lost:
            delivery.demand_state(files[names[number]], "held", "SEQUENCE_GAP")
    if rng.random() < 0.5:
        delivery.put(names[lost], contents[lost], on=rng.randrange(2))
        files = delivery.look(1)
    else:
        del contents[lost]
        waiver = Delivery(delivery.lab, delivery.data.parent, samples.WAIVERS)
        header = "delivery_waiver_id,waived_system,waived_feed,missing_sequence,approved_by,reason,"
        row = f"W1,network,usage_records,{lost},A. Boss,lost,2026-10-02,2026-10-02T08:00:00Z"
        waiver.put("w.csv", f"{header}waived_on,recorded_at\n{row}\n".encode(), on=1)
        files = delivery.look(1, samples.WAIVERS)
    for number in contents:
        delivery.demand_state(files[names[number]], "ingested", None)
        on = files[names[number]]["delivered_on"]
        demand(on == (day(0) if number < lost else day(1)), f"{names[number]} is booked on {on}")
    delivery.demand_rows(*contents.values())


_CASES = (
    (_growing, samples.USAGE),
    (_wrong_total, samples.PAYMENTS),
    (_gap, samples.USAGE),
    (_missing_total, samples.PAYMENTS),
    (_grown_after, samples.USAGE),
)


def unfinished(lab: Lab, seed: int) -> None:
    """Try one seed."""
    rng = seeded(f"unfinished {seed}")
    check, feed = _CASES[seed % len(_CASES)]
    with lab.folder() as folder:
        check(Delivery(lab, folder, feed), rng)
