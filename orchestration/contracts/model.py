"""What a feed is, as the rest of the house sees it: a frozen, typed view of one contract file.

Nothing here reads a file; `registry` builds these from Open Data Contract Standard documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

TEXT_FORMATS = ("csv", "radius")
# what a text can be held against beyond its shape: a name of a time zone, a regular expression
TEXT_LANGUAGES = ("time-zone", "regex")

LINEAGE_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("_file", "VARCHAR", "Delivered file, as a path below landing."),
    ("_record", "BIGINT", "Line where the record begins, or its ordinal in a file without lines."),
    ("_delivered_on", "DATE", "Day on which the row is booked; no later build sees it earlier."),
    ("_folder_on", "DATE", "Day of the landing folder; earlier than _delivered_on when late."),
    ("_content_sha256", "VARCHAR", "SHA-256 of the file's content, free of packing and line ends."),
)


@dataclass(frozen=True)
class Column:
    """One column of a feed.

    `type` is one of string, integer, decimal, date, timestamp (UTC), local_timestamp (no zone in
    the source), boolean; `precision` and `scale` belong to decimal only. `attribute` is the name
    by which a record of named attributes (RADIUS) carries the column. `format` names the
    language of a text, one of TEXT_LANGUAGES.
    """

    name: str
    type: str
    physical_type: str
    description: str
    required: bool = False
    precision: int | None = None
    scale: int | None = None
    unit: str | None = None
    classification: str = "internal"
    values: tuple[tuple[str, str], ...] = ()
    minimum: str | None = None
    maximum: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    format: str | None = None
    references: str | None = None
    keeps_broken_bytes: bool = False
    attribute: str | None = None

    @property
    def is_personal(self) -> bool:
        """Whether the column may identify a person (never reaches the analyst role)."""
        return self.classification == "personal"


@dataclass(frozen=True)
class FileFormat:
    """One way in which a feed may be delivered.

    `layouts` names the columns of files without a header, one tuple per known layout; it is empty
    when the first line is a header.
    """

    name: str
    suffixes: tuple[str, ...]
    delimiter: str = ","
    encoding: str = "utf-8"
    layouts: tuple[tuple[str, ...], ...] = ()

    @property
    def has_header(self) -> bool:
        """Whether the first line names the columns."""
        return not self.layouts


@dataclass(frozen=True)
class ControlTotal:
    """A trailer line `marker<delimiter>records[<delimiter>sum]` that closes a delimited file."""

    marker: str
    required: bool
    sum_column: str | None = None


@dataclass(frozen=True)
class Feed:
    """One feed of one system, with everything that ingest, dbt and docs need to know of it."""

    system: str
    name: str
    version: str
    domain: str
    title: str
    grain: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    formats: tuple[FileFormat, ...]
    digest: str
    valid_from: str | None = None
    control_total: ControlTotal | None = None
    file_sequence: str | None = None
    frequency: str = "on_change"
    max_age_days: int | None = None

    @cached_property
    def id(self) -> str:
        """`system/feed`, as in paths."""
        return f"{self.system}/{self.name}"

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """Names of the contract columns, in contract order, without lineage."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Columns by name."""
        return {column.name: column for column in self.columns}

    @property
    def is_change_feed(self) -> bool:
        """Whether rows are dated versions of reference data (op, recorded_at, valid_from)."""
        return self.valid_from is not None

    def format_for(self, filename: str) -> FileFormat | None:
        """Return the format whose suffix the file name carries, without packing suffixes."""
        name = filename.lower()
        for packing in (".gz", ".zst"):
            name = name.removesuffix(packing)
        for file_format in self.formats:
            if name.endswith(file_format.suffixes):
                return file_format
        return None
