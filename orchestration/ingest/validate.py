"""Holds parsed rows against the contract: typed rows on one side, reasons on the other.

Only line rules live here: type, presence, value set, range, length, pattern. Whether a referenced
row exists, or two rows contradict each other, is decided in SQL, every day anew.

A batch is asked once whether any row breaks any rule; only then are the rows looked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

import polars as pl

from orchestration.contracts import Column, Feed
from orchestration.ingest.delimited import BROKEN
from orchestration.ingest.languages import does_not_read
from orchestration.ingest.parsing import dtype_of, parse, parse_any_time
from orchestration.ingest.records import RECORD

# no text of a business record is longer; what is, has lost its delimiters
_TEXT_LIMIT = 32_767
# a column is taken for retyped when more than half of at least this many values do not parse
RETYPED_VALUES = 20
RETYPED_SHARE = 0.5

_WHAT = {
    "integer": "a whole number",
    "date": "a date such as 2026-10-01",
    "timestamp": "a time with a zone such as 2026-10-01T08:15:00Z",
    "local_timestamp": "a time such as 2026-10-01 08:15:00",
    "boolean": "true or false",
}
_GIVEN = "given "


_NOTHING_BROKEN = pl.DataFrame(
    schema={
        RECORD: pl.Int64(),
        "column": pl.String(),
        "reason_code": pl.String(),
        "value": pl.String(),
    }
)


class Rule(NamedTuple):
    """A line rule: `broken` is true for a typed value that breaks it, null or false otherwise."""

    column: str
    reason_code: str
    broken: pl.Expr


@dataclass
class Checked:
    """Result for one batch: `rows` typed in contract order with `_record`; `broken` one per record.

    `broken` has `_record`, `column`, `reason_code`, `value`; only the first broken rule of a record
    is told.
    """

    rows: pl.DataFrame
    broken: pl.DataFrame

    @property
    def good(self) -> int:
        """Number of rows that keep the contract."""
        return self.rows.height


@dataclass
class Validator:
    """Checks batches of one file; remembers per column how many values did not parse."""

    feed: Feed
    given: dict[str, int] = field(default_factory=dict)
    unparsed: dict[str, int] = field(default_factory=dict)
    _rules: list[Rule] = field(init=False)

    def __post_init__(self) -> None:
        self._rules = _rules_of(self.feed)

    def check(self, frame: pl.DataFrame) -> Checked:
        """Split a batch (text or typed columns, and `_record`) into rows and broken records."""
        absent = [
            pl.lit(None, dtype_of(column)).alias(column.name)
            for column in self.feed.columns
            if column.name not in frame.columns
        ]
        source = frame.with_columns(absent) if absent else frame
        rows = self._typed(source)
        self._count(source, rows)
        asked = rows.select(rule.broken.any().alias(str(n)) for n, rule in enumerate(self._rules))
        broken = [
            rule for rule, is_broken in zip(self._rules, asked.row(0), strict=True) if is_broken
        ]
        unparsed = [
            Rule(name, "BAD_VALUE", pl.col(_GIVEN + name).is_not_null() & pl.col(name).is_null())
            for name in self.feed.column_names
            if rows[name].null_count() > source[name].null_count()
        ]
        if not broken and not unparsed:
            return Checked(rows, _NOTHING_BROKEN)
        return _split(source, rows, [*unparsed, *broken])

    def _typed(self, source: pl.DataFrame) -> pl.DataFrame:
        text = {name for name, kind in source.schema.items() if kind == pl.String}
        rows = source.select(
            RECORD,
            *(
                (parse(column) if column.name in text else pl.col(column.name)).alias(column.name)
                for column in self.feed.columns
            ),
        )
        rarer = [
            parse_any_time(column).alias(column.name)
            for column in self.feed.columns
            if column.type in ("timestamp", "local_timestamp")
            and column.name in text
            and rows[column.name].null_count() > source[column.name].null_count()
        ]
        return rows.with_columns(source.select(rarer)) if rarer else rows

    def _count(self, source: pl.DataFrame, rows: pl.DataFrame) -> None:
        for name in self.feed.column_names:
            nulls = source[name].null_count()
            self.given[name] = self.given.get(name, 0) + source.height - nulls
            self.unparsed[name] = self.unparsed.get(name, 0) + rows[name].null_count() - nulls

    def retyped(self) -> list[str]:
        """Columns of which most values do not parse: the source changed their type."""
        return [
            name
            for name, given in self.given.items()
            if given >= RETYPED_VALUES and self.unparsed[name] > given * RETYPED_SHARE
        ]

    def explain(self, column: str, reason_code: str, value: str | None) -> str:
        """Say in words what is wrong with a value and what would be right."""
        rule = self.feed.by_name[column]
        shown = repr((value or "")[:80])
        if reason_code == "BAD_VALUE":
            what = _WHAT.get(rule.type) or (
                f"a number with at most {(rule.precision or 0) - (rule.scale or 0)} digits before "
                f"and {rule.scale} after the point"
            )
            return f"{column} = {shown} is not {what}"
        words = {
            "MISSING_VALUE": f"{column} is empty but required",
            "NOT_IN_VALUE_SET": f"{column} = {shown} is not one of "
            + ", ".join(name for name, _ in rule.values),
            "OUT_OF_RANGE": f"{column} = {shown} lies outside {rule.minimum or '...'} to "
            f"{rule.maximum or '...'}",
            "VALUE_LENGTH": f"{column} = {shown} is shorter or longer than allowed",
            "PATTERN": f"{column} = {shown} does not look like {rule.pattern}",
            "FORMAT": f"{column} = {shown} is no {rule.format} that every engine reads",
            "BROKEN_BYTES": f"{column} = {shown} holds bytes that are not text",
        }
        return words[reason_code]


def _split(source: pl.DataFrame, rows: pl.DataFrame, rules: list[Rule]) -> Checked:
    both = rows.with_columns(
        source[name].cast(pl.String).alias(_GIVEN + name)
        for name in dict.fromkeys(rule.column for rule in rules)
    )
    masks = both.select(
        rule.broken.fill_null(False).alias(str(rank)) for rank, rule in enumerate(rules)
    )
    told = pl.concat(
        both.filter(masks[str(rank)]).select(
            RECORD,
            column=pl.lit(rule.column),
            reason_code=pl.lit(rule.reason_code),
            value=pl.col(_GIVEN + rule.column),
            rank=pl.lit(rank),
        )
        for rank, rule in enumerate(rules)
    )
    first = told.sort(RECORD, "rank").unique(RECORD, keep="first", maintain_order=True)
    is_broken = masks.select(pl.any_horizontal(pl.all())).to_series()
    return Checked(rows.filter(~is_broken), first.drop("rank"))


# a feed comes in thousands of small files, and its rules are the same for all of them
_known_rules: dict[str, tuple[Feed, list[Rule]]] = {}


def _rules_of(feed: Feed) -> list[Rule]:
    known = _known_rules.get(feed.id)
    if known is None or known[0] is not feed:
        rules = [rule for column in feed.columns for rule in _rules(column)]
        if any(column.keeps_broken_bytes for column in feed.columns):
            rules += [
                Rule(column.name, "BROKEN_BYTES", pl.col(column.name).str.contains(BROKEN))
                for column in feed.columns
                if column.type == "string" and not column.keeps_broken_bytes
            ]
        known = _known_rules[feed.id] = (feed, rules)
    return known[1]


def _rules(column: Column) -> Iterator[Rule]:
    name, value = column.name, pl.col(column.name)
    if column.required:
        yield Rule(name, "MISSING_VALUE", value.is_null())
    if column.values:
        yield Rule(name, "NOT_IN_VALUE_SET", ~value.is_in([code for code, _ in column.values]))
        return
    if column.type == "string":
        limit = column.max_length or _TEXT_LIMIT
        # bytes bound characters from above: characters are rarely counted
        yield Rule(
            name,
            "VALUE_LENGTH",
            pl.when(value.str.len_bytes() > limit).then(value.str.len_chars() > limit),
        )
        if column.min_length:
            yield Rule(name, "VALUE_LENGTH", value.str.len_chars() < column.min_length)
        if column.pattern:
            yield Rule(name, "PATTERN", ~value.str.contains(f"^(?:{column.pattern})$"))
        if column.format:
            yield Rule(name, "FORMAT", does_not_read(value, column.format))
        return
    if column.minimum is not None:
        yield Rule(name, "OUT_OF_RANGE", value < _bound(column, column.minimum))
    if column.maximum is not None:
        yield Rule(name, "OUT_OF_RANGE", value > _bound(column, column.maximum))


def _bound(column: Column, text: str) -> int | Decimal | date | datetime:
    if column.type == "integer":
        return int(text)
    if column.type == "decimal":
        return Decimal(text)
    if column.type == "date":
        return date.fromisoformat(text)
    return datetime.fromisoformat(text)
