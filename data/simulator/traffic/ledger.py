"""What traffic remembers from day to day, and what the books must say of every file.

Frames only, so that a step can go on where the last one ended: records that come later, open
sessions, the growing Master file, and the account of each file by class and reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from data.simulator.traffic.records import RECORDS

PARTIAL_CLOSE_DAYS = 3
_PREFIX = "traffic_"
_COUNTED = ("pending", "duplicate", "conflict", "folded", "quarantined", "blank", "suspended")

_SCHEMAS: dict[str, dict[str, pl.DataType]] = {
    # records that are delivered on a later day
    "scheduled": RECORDS,
    # what the switch with the growing Master file has in it
    "master": RECORDS,
    # records of usages that are not closed
    "members": {
        "group": pl.String(),
        "file": pl.String(),
        "delivered_on": pl.Int64(),
        "closing": pl.Boolean(),
        "known_on": pl.Int64(),
        "place": pl.Int64(),
    },
    # settled records by file
    "classes": {
        "file": pl.String(),
        "class": pl.String(),
        "reason": pl.String(),
        "records": pl.Int64(),
    },
    "files": {
        "file": pl.String(),
        "feed": pl.String(),
        "usage_source_id": pl.String(),
        "delivered_on": pl.Date(),
        "status": pl.String(),
        "reason": pl.String(),
        "records_in": pl.Int64(),
    },
    # dirty records one by one
    "dirty": {
        "kind": pl.String(),
        "file": pl.String(),
        "record": pl.Int64(),
        "record_id": pl.String(),
        "class": pl.String(),
        "reason": pl.String(),
        "delivered_on": pl.Date(),
    },
    "numbers": {"sequence": pl.Int64(), "place": pl.Int64()},
}


@dataclass
class Ledger:
    """State and truth of the usage files; `parts` hold what was added since the frames."""

    held: dict[str, pl.DataFrame] = field(default_factory=dict)
    parts: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    sequence: int = 0
    place: int = 0

    @classmethod
    def restore(cls, frames: Mapping[str, pl.DataFrame]) -> Ledger:
        """Go on from what `frames` gave; an empty mapping begins a new world."""
        held = {name.removeprefix(_PREFIX): frame for name, frame in frames.items()}
        ledger = cls({name: frame for name, frame in held.items() if name in _SCHEMAS})
        numbers = ledger.frame("numbers")
        if numbers.height:
            ledger.sequence, ledger.place = numbers.row(0)
        return ledger

    def frames(self) -> dict[str, pl.DataFrame]:
        """Return all that `restore` needs."""
        row = {"sequence": [self.sequence], "place": [self.place]}
        self.put("numbers", pl.DataFrame(row, schema=_SCHEMAS["numbers"]))
        return {name: self.frame(name) for name in _SCHEMAS}

    def frame(self, name: str) -> pl.DataFrame:
        """Return a frame as it stands."""
        parts = self.parts.pop(name, [])
        if parts or name not in self.held:
            first = self.held.get(name, pl.DataFrame(schema=_SCHEMAS[name]))
            self.held[name] = pl.concat([first, *parts])
        return self.held[name]

    def put(self, name: str, frame: pl.DataFrame) -> None:
        """Replace a frame."""
        self.parts.pop(name, None)
        self.held[name] = frame

    def add(self, name: str, frame: pl.DataFrame) -> None:
        """Append rows to a frame."""
        if frame.height:
            schema = _SCHEMAS[name]
            rows = frame.select(pl.col(column).cast(kind) for column, kind in schema.items())
            self.parts.setdefault(name, []).append(rows)

    def next_sequence(self) -> int:
        """Take the next number of a mediation file."""
        self.sequence += 1
        return self.sequence

    def due(self, day: date, records: pl.DataFrame) -> pl.DataFrame:
        """Keep what comes later and return what is delivered on the day, old and new."""
        later = pl.col("deliver_on") > day.toordinal()
        waiting = self.frame("scheduled")
        # what happens after the world's last day is never delivered, but nobody knows that yet
        self.put("scheduled", pl.concat([waiting.filter(later), records.filter(later)]))
        return pl.concat([waiting.filter(~later), records.filter(~later)])

    def account(self, file: str, day: date, ordered: pl.DataFrame, record: pl.Series) -> None:
        """Book the records of a file; `record` is the line of each."""
        rows = ordered.drop("text").with_columns(
            record=record, file=pl.lit(file), delivered_on=pl.lit(day)
        )
        self.add("dirty", rows.filter(pl.col("kind").is_not_null()))
        is_member = pl.col("class") == "member"
        # a single record of a number that nobody is known to hold yet: a usage of one
        is_unknown = (pl.col("class") == "pending") & (pl.col("known_on") > day.toordinal())
        is_unknown = is_unknown.fill_null(False)
        counted = rows.filter(~is_member & ~is_unknown).group_by("class", "reason").len("records")
        self.add("classes", counted.sort("class", "reason").with_columns(file=pl.lit(file)))
        alone = rows.filter(is_unknown).with_columns(
            group=pl.lit(f"{file} ") + pl.col("record").cast(pl.String), closing=pl.lit(True)
        )
        members = pl.concat([rows.filter(is_member), alone])
        places = pl.int_range(self.place, self.place + members.height, eager=True)
        self.place += members.height
        delivered = pl.lit(day.toordinal())
        self.add("members", members.with_columns(place=places, delivered_on=delivered))

    def note_file(self, file: str, source_id: str, day: date, status: str, **more: object) -> None:
        """Write down a delivered file and what ingest must decide about it."""
        row = {
            "file": file,
            "feed": "/".join(file.split("/")[:2]),
            "usage_source_id": source_id,
            "delivered_on": day,
            "status": status,
            "reason": more.get("reason"),
            "records_in": more.get("records_in"),
        }
        self.add("files", pl.DataFrame([row], schema=_SCHEMAS["files"]))

    def settle(self, day: date) -> None:
        """Close the usages that are complete as of the end of a day."""
        marked = _marked(self.frame("members"), day)
        final = pl.col("is_closed") & pl.col("is_known")
        self.add("classes", _counted(marked.filter(final)))
        self.put("members", marked.filter(~final).select(_SCHEMAS["members"].keys()))

    def truth(self, until: date) -> dict[str, pl.DataFrame]:
        """Return what the books must say as of the end of `until`: whole tables, not parts."""
        self.settle(until)
        waiting = _counted(_marked(self.frame("members"), until))
        self.put("classes", _summed(self.frame("classes")))
        classes = _summed(pl.concat([self.frame("classes"), waiting]))
        return {
            "usage_files": _files(self.frame("files"), classes),
            "usage_classes": classes,
            "usage_records_truth": self.frame("dirty"),
        }


def _summed(classes: pl.DataFrame) -> pl.DataFrame:
    keys = ("file", "class", "reason")
    return classes.group_by(keys).agg(pl.col("records").sum()).sort(keys)


def _marked(members: pl.DataFrame, day: date) -> pl.DataFrame:
    """Say of each record whether its usage is closed and guided, and whether it stands for it.

    A usage closes with its closing record, else some days after the last one of it came.
    """
    ends = pl.col("delivered_on").max().over("group") + PARTIAL_CLOSE_DAYS
    stands = pl.col("place").sort_by("closing", "place").last().over("group")
    return members.with_columns(
        is_closed=pl.col("closing").any().over("group") | (ends <= day.toordinal()),
        is_known=(pl.col("known_on").max().over("group") <= day.toordinal()).fill_null(True),
        stands=pl.col("place") == stands,
    )


def _counted(marked: pl.DataFrame) -> pl.DataFrame:
    """Count what the records of usages are: all pending while it is open, else one of them."""
    unguided = pl.col("is_closed") & pl.col("stands") & ~pl.col("is_known")
    name = (
        pl.when(pl.col("is_closed") & ~pl.col("stands"))
        .then(pl.lit("folded"))
        .when(unguided)
        .then(pl.lit("suspended"))
        .otherwise(pl.lit("pending"))
    )
    reason = pl.when(unguided).then(pl.lit("UNKNOWN_NUMBER"))
    counts = marked.group_by("file", name.alias("class"), reason.alias("reason")).len("records")
    schema = _SCHEMAS["classes"]
    return counts.select(pl.col(column).cast(kind) for column, kind in schema.items())


def _files(files: pl.DataFrame, classes: pl.DataFrame) -> pl.DataFrame:
    """Return one row per file with a column per class."""
    wide = classes.group_by("file").agg(
        pl.col("records").filter(pl.col("class") == name).sum().alias(f"{name}_records")
        for name in _COUNTED
    )
    return files.join(wide, on="file", how="left").sort("delivered_on", "file")
