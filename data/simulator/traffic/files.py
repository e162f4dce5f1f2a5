"""Records to files: in order, with header and trailer, and with what befalls whole files."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from data.simulator.knobs import Knobs
from data.simulator.landing import Landing
from data.simulator.traffic.dirt import (
    BLANK_LINE,
    PACKED,
    RESENT_DAYS,
    UNFINISHED_DAYS,
    WRONG_TOTAL_DAYS,
    happens,
    is_turn,
    spoil,
)
from data.simulator.traffic.ledger import Ledger
from data.simulator.traffic.mediation import COLUMNS, NODES
from data.simulator.traffic.records import BROKEN_AS, BROKEN_BYTE, RECORDS, records
from data.simulator.traffic.sources import Source

FEED = "network/usage_records"
HEADER = ",".join(COLUMNS)
_RESEND = "resend:"
_CORRECTED = "corrected:"
_BROKEN_BYTE = BROKEN_BYTE.encode()


@dataclass(frozen=True)
class Delivery:
    """Where the files of one delivery day go."""

    knobs: Knobs
    day: date
    landing: Landing
    ledger: Ledger

    def write(self, feed_id: str, name: str, lines: pl.Series, *, half: bool = False) -> str:
        """Write a file, or but a third of it, and return its path below landing."""
        written = lines.head(max(2, len(lines) // 3)) if half else lines
        buffer = io.BytesIO()
        written.to_frame().write_csv(buffer, include_header=False, quote_style="never")
        content = buffer.getvalue().replace(_BROKEN_BYTE, BROKEN_AS)
        if half:
            # a transfer that broke off has no end of line
            content = content.removesuffix(b"\n")
        path = self.landing.write_bytes(feed_id, self.day, name, content)
        return path.relative_to(self.landing.root).as_posix()

    def happens(self, what: str, chance: float) -> bool:
        """Tell whether something befalls a file of this day."""
        return happens(self.knobs.seed, what, self.day, chance)

    def is_turn(self, what: str, days: int) -> bool:
        """Tell whether this is the one day of `days` on which something befalls the files."""
        return is_turn(self.knobs, what, self.day, days)


def deliver_mediation(delivery: Delivery, due: pl.DataFrame, source_id: str) -> int:
    """Write the day's usage files of the mediation; return how many records were delivered."""
    for (name,), lines in due.filter(pl.col("source").str.starts_with(_RESEND)).group_by(
        "source", maintain_order=True
    ):
        _resend(delivery, str(name).removeprefix(_RESEND), lines, source_id)
    counted = 0
    corrected = due.filter(pl.col("source").str.starts_with(_CORRECTED))
    for (name,), rows in corrected.group_by("source", maintain_order=True):
        number = int(str(name).removeprefix(_CORRECTED))
        # the first node sends it, so that files still sort by their numbers
        counted += _deliver(delivery, 1, number, rows, source_id)
    for node in range(1, NODES + 1):
        rows = due.filter(pl.col("source") == f"usage_records:{node}")
        number = delivery.ledger.next_sequence()
        # only the last file of a day: a gap holds what comes behind it
        if node == NODES and delivery.is_turn("wrong total", WRONG_TOTAL_DAYS):
            _refuse(delivery, node, number, rows, source_id)
        else:
            counted += _deliver(delivery, node, number, rows, source_id)
    return counted


def _ordered(delivery: Delivery, rows: pl.DataFrame, name: str) -> pl.DataFrame:
    rows = spoil(rows).sort("order", "text", maintain_order=True)
    if delivery.happens(f"blank line {name}", BLANK_LINE):
        blank = records(
            pl.DataFrame({"text": [""], "class": ["blank"], "kind": ["blank_line"]})
        ).select(RECORDS.keys())
        # in the middle, as where two buffers meet
        half = rows.height // 2
        rows = pl.concat([rows[:half], blank, rows[half:]])
    return rows


def _lines(rows: pl.DataFrame, error: int = 0) -> pl.Series:
    """Return header, records and trailer; `error` makes the trailer's count wrong."""
    good = rows.filter(~pl.col("class").is_in(["quarantined", "blank"]))["quantity"].sum()
    count = rows.filter(pl.col("class") != "blank").height + error
    header, trailer = (pl.Series("text", [line]) for line in (HEADER, f"#END,{count},{good}"))
    return pl.concat([header, rows["text"], trailer])


def _name(node: int, number: int) -> str:
    return f"mediation_{node}_seq{number:06d}.csv"


def _deliver(delivery: Delivery, node: int, number: int, rows: pl.DataFrame, source_id: str) -> int:
    name = _name(node, number)
    ordered = _ordered(delivery, rows, name)
    lines = _lines(ordered)
    packing = ".gz" if delivery.happens(f"packed {name}", PACKED) else ""
    file = delivery.write(FEED, name + packing, lines)
    ledger = delivery.ledger
    ledger.account(file, delivery.day, ordered, pl.int_range(2, ordered.height + 2, eager=True))
    ledger.note_file(file, source_id, delivery.day, "ingested", records_in=ordered.height)
    if node == 1 and delivery.is_turn("resent", RESENT_DAYS):
        _plan_resend(delivery, name, lines)
    if node == NODES and delivery.is_turn("unfinished", UNFINISHED_DAYS):
        part = delivery.write(FEED, f"mediation_{node}_transfer.csv.part", lines, half=True)
        ledger.note_file(part, source_id, delivery.day, "held", reason="UNFINISHED_NAME")
    return ordered.height


def _plan_resend(delivery: Delivery, name: str, lines: pl.Series) -> None:
    """Send the same file once more tomorrow, packed and under another name."""
    stem = name.removesuffix(".csv").replace("_seq", "_no")
    tomorrow = delivery.day + timedelta(days=1)
    frame = lines.to_frame().with_columns(
        source=pl.lit(f"{_RESEND}resent_{stem}.csv.gz"),
        deliver_on=pl.lit(tomorrow.toordinal()),
        order=pl.int_range(0, len(lines)),
    )
    ledger = delivery.ledger
    ledger.put("scheduled", pl.concat([ledger.frame("scheduled"), records(frame)]))


def _resend(delivery: Delivery, name: str, lines: pl.DataFrame, source_id: str) -> None:
    text = lines.sort("order")["text"]
    file = delivery.write(FEED, name, text)
    records_in = len(text) - 2
    delivery.ledger.note_file(
        file, source_id, delivery.day, "repeat", reason="REPEAT", records_in=records_in
    )


def _refuse(delivery: Delivery, node: int, number: int, rows: pl.DataFrame, source_id: str) -> None:
    """Send a file whose trailer is wrong; the right one follows tomorrow under its number."""
    ordered = _ordered(delivery, rows, _name(node, number))
    file = delivery.write(FEED, _name(node, number), _lines(ordered, error=3))
    ledger = delivery.ledger
    ledger.note_file(
        file,
        source_id,
        delivery.day,
        "refused",
        reason="CONTROL_TOTAL",
        records_in=ordered.height,
    )
    again = rows.with_columns(
        source=pl.lit(f"{_CORRECTED}{number}"),
        deliver_on=pl.lit(delivery.day.toordinal() + 1, dtype=pl.Int64),
    )
    ledger.put("scheduled", pl.concat([ledger.frame("scheduled"), again.select(RECORDS.keys())]))


def deliver_plain(delivery: Delivery, source: Source, name: str, rows: pl.DataFrame) -> int:
    """Write a file of a switch as its records stand, without header; nothing to say, no file."""
    if rows.is_empty():
        return 0
    feed_id, source_id = source.feed_id, source.source_id
    file = delivery.write(feed_id, name, rows["text"])
    if (rows["class"] == "duplicate").all():
        # a growing file that did not grow is yesterday's, byte by byte
        delivery.ledger.note_file(
            file, source_id, delivery.day, "repeat", reason="REPEAT", records_in=rows.height
        )
        return 0
    # a stanza spans several lines; its number is that of its first
    height = rows["text"].str.count_matches("\n", literal=True).cast(pl.Int64) + 1
    delivery.ledger.account(file, delivery.day, rows, height.cum_sum() - height + 1)
    repeats = source.feed == "asterisk" and (rows["class"] == "duplicate").any()
    grows = "GROWING_MASTER" if repeats else None
    delivery.ledger.note_file(
        file, source_id, delivery.day, "ingested", reason=grows, records_in=rows.height
    )
    return rows.height
