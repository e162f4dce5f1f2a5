"""Where usage files come from: what the catalog says of clocks, numbering and file names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from data.simulator.model import Catalog


@dataclass(frozen=True)
class Source:
    """One switch or mediation, as `catalog/usage_sources` describes it."""

    source_id: str
    feed: str
    pattern: str
    time_zone: str
    country_code: str
    trunk_prefix: str
    international_prefix: str
    served_by: str
    originating_context: str
    # empty: the source records no calls to customers
    terminating_context: str

    @property
    def feed_id(self) -> str:
        """Feed in which its files come."""
        return f"network/{self.feed}"


def sources_of(catalog: Catalog) -> dict[str, tuple[Source, ...]]:
    """Return the sources by feed name, as the last delivered row of each says."""
    rows: dict[str, dict[str, Any]] = {}
    for delivery in catalog.deliveries:
        if delivery.feed_id == "catalog/usage_sources":
            rows |= {str(row["usage_source_id"]): dict(row) for row in delivery.rows}
    found: dict[str, list[Source]] = {}
    for source_id, row in sorted(rows.items()):
        found.setdefault(str(row["feed_name"]), []).append(
            Source(
                source_id,
                str(row["feed_name"]),
                str(row["file_pattern"]),
                str(row["time_zone"]),
                str(row["country_code"]),
                str(row.get("trunk_prefix") or ""),
                str(row.get("international_prefix") or ""),
                str(row["served_by"]),
                str(row.get("originating_context") or ""),
                str(row.get("terminating_context") or ""),
            )
        )
    return {feed: tuple(sources) for feed, sources in found.items()}


def _literal(pattern: str) -> str:
    """Return the plain text with which a pattern begins."""
    found = re.match(r"\^?((?:[A-Za-z0-9_-]|\\[.-])*)(?![*+?{])", pattern)
    return found[1].replace("\\", "") if found else ""


def _owner(sources: tuple[Source, ...], name: str) -> str:
    fits = [source for source in sources if re.search(source.pattern, name)]
    return max(fits, key=lambda source: len(source.pattern)).source_id if fits else ""


def file_name(sources: tuple[Source, ...], source: Source, day: date, suffix: str) -> str:
    """Return a name of a daily file that the catalog assigns to the source and no other.

    Raises ValueError when no plain name fits its pattern.
    """
    stems = (_literal(source.pattern), source.source_id.lower(), source.source_id, "Master")
    for stem in filter(None, stems):
        for name in (f"{stem}-{day}{suffix}", f"{stem}{day}{suffix}", f"{stem}{suffix}"):
            if _owner(sources, name) == source.source_id:
                return name
    raise ValueError(f"no file name fits {source.pattern!r} of {source.source_id} alone")


def contexts(source: Source, incoming: np.ndarray) -> pl.Series:
    """Return per call a dial plan context that the source counts as one by or to a customer.

    Raises ValueError when no plain name fits one pattern and not the other.
    """
    out, into = source.originating_context, source.terminating_context
    names = [_context(source, out, into, ("from-internal", "from-customer"))]
    if incoming.any():
        names.append(_context(source, into, None, ("from-trunk", "from-pstn")))
    return pl.Series(names, dtype=pl.String).gather(incoming.astype(np.int64))


def _context(source: Source, fits: str, misses: str | None, usual: tuple[str, ...]) -> str:
    for name in (_literal(fits), *usual):
        if name and re.search(fits, name) and not (misses and re.search(misses, name)):
            return name
    raise ValueError(f"no context fits {fits!r} of {source.source_id} alone")


def as_dialled(numbers: pl.Series, source: Source, drawn: np.ndarray) -> pl.Series:
    """Write E.164 numbers as people dial them at a switch: national, international, with plus.

    `drawn` (one uniform number each) decides; short codes stay as they are.
    """
    text, at = pl.col("number"), pl.col("at")
    home = f"+{source.country_code}"
    national = (
        pl.lit(source.trunk_prefix) + text.str.slice(len(home)) if source.trunk_prefix else text
    )
    abroad = (
        pl.lit(source.international_prefix) + text.str.slice(1)
        if source.international_prefix
        else text
    )
    return pl.select(pl.struct(number=numbers, at=pl.Series(drawn)).struct.unnest()).select(
        pl.when(~text.str.starts_with("+"))
        .then(text)
        .when(text.str.starts_with(home) & (at < 0.75))
        .then(national)
        .when(at < 0.92)
        .then(abroad)
        .otherwise(text)
        .alias("dialled")
    )["dialled"]


def local_time(moment: pl.Expr, source: Source) -> pl.Expr:
    """Turn microseconds UTC into a time on the clock of the source."""
    return moment.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(source.time_zone)
