"""Pictures of a world for `docs/simulator.md`: what was delivered, drawn as plain SVG.

    python -m data.simulator.pictures <data folder> [--out docs/images]

Reads landing and truth of a finished world. No library draws them: the pictures are small, equal
from run to run, and need nothing that the platform does not already need.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import escape

import polars as pl

from data.simulator.catalog import build_catalog
from data.simulator.knobs import TIME_ZONE, Knobs
from data.simulator.truth import Truth
from orchestration.settings import REPOSITORY

WIDTH, HEIGHT = 860, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 20, 56, 46
_COLOURS = ("#1f5fa8", "#d9822b", "#2e8b57", "#8a4fa3")
_REST = "#f1ece2"
_TYPES = ("voice", "sms", "data")


@dataclass(frozen=True)
class Chart:
    """A chart over labelled places: one list of values per series, null where there is none."""

    title: str
    unit: str
    labels: Sequence[str]
    series: dict[str, Sequence[float | None]]
    # bars for one series, lines for several
    bars: bool = False
    # show every n-th label
    every: int = 1
    # places with a shaded ground, such as holidays
    shaded: frozenset[int] = frozenset()

    def svg(self) -> str:
        """Return the chart as an SVG document."""
        most = max(v for values in self.series.values() for v in values if v is not None)
        top = _round_up(most or 1.0)
        step = (WIDTH - _LEFT - _RIGHT) / max(len(self.labels), 1)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            f'<text x="{_LEFT}" y="20" font-size="15">{escape(self.title)}</text>',
        ]
        parts += [
            f'<rect x="{_LEFT + step * place:.1f}" y="{_TOP}" width="{step:.1f}" '
            f'height="{HEIGHT - _TOP - _BOTTOM}" fill="{_REST}"/>'
            for place in sorted(self.shaded)
        ]
        parts += self._axes(top, step)
        for values, colour in zip(self.series.values(), _COLOURS, strict=False):
            parts += self._marks(values, colour, top, step)
        return "\n".join([*parts, *self._legend(), "</svg>"]) + "\n"

    def _height(self, value: float, top: float) -> float:
        return HEIGHT - _BOTTOM - value / top * (HEIGHT - _TOP - _BOTTOM)

    def _axes(self, top: float, step: float) -> list[str]:
        parts = []
        for part in range(5):
            value = top * part / 4
            y = self._height(value, top)
            parts.append(
                f'<path d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}" stroke="#d5d5d5" fill="none"/>'
                f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_short(value)}</text>'
            )
        parts.append(f'<text x="{_LEFT}" y="44" fill="#666666">{escape(self.unit)}</text>')
        for place in range(0, len(self.labels), self.every):
            x = _LEFT + step * (place + 0.5)
            parts.append(
                f'<text x="{x:.1f}" y="{HEIGHT - _BOTTOM + 18}" text-anchor="middle">'
                f"{escape(self.labels[place])}</text>"
            )
        return parts

    def _marks(
        self, values: Sequence[float | None], colour: str, top: float, step: float
    ) -> list[str]:
        points = [
            (_LEFT + step * (place + 0.5), self._height(value, top))
            for place, value in enumerate(values)
            if value is not None
        ]
        if self.bars:
            return [
                f'<rect x="{x - step * 0.38:.1f}" y="{y:.1f}" width="{step * 0.76:.1f}" '
                f'height="{HEIGHT - _BOTTOM - y:.1f}" fill="{colour}"/>'
                for x, y in points
            ]
        line = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        return [f'<path d="M{line}" stroke="{colour}" stroke-width="1.8" fill="none"/>']

    def _legend(self) -> list[str]:
        if len(self.series) < 2:
            return []
        parts = []
        x = WIDTH - _RIGHT - 150 * len(self.series)
        for name, colour in zip(self.series, _COLOURS, strict=False):
            parts.append(
                f'<rect x="{x}" y="35" width="14" height="4" fill="{colour}"/>'
                f'<text x="{x + 20}" y="42">{escape(name)}</text>'
            )
            x += 150
        return parts


def _round_up(value: float) -> float:
    size = 1.0
    while size * 10 <= value:
        size *= 10
    while size > value:
        size /= 10
    return next(size * step for step in (1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10) if size * step >= value)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:g}"


@dataclass(frozen=True)
class World:
    """What the pictures need of a finished world, read once."""

    data: Path
    usage: pl.DataFrame
    holidays: frozenset[object]

    @classmethod
    def read(cls, data: Path) -> World:
        """Read usage records that are whole, with their local time."""
        files = sorted((data / "landing" / "network" / "usage_records").rglob("mediation_*.csv*"))
        columns = (
            "usage_id",
            "usage_type",
            "direction",
            "started_at",
            "quantity",
            "record_sequence",
        )
        frames = [
            pl.read_csv(file, infer_schema=False, truncate_ragged_lines=True, quote_char=None)
            .select(columns)
            .with_columns(_told_on=pl.lit(file.parent.name).str.to_date())
            for file in files
            if not file.name.endswith(".part")
        ]
        at = pl.col("started_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False)
        local = at.dt.replace_time_zone("UTC").dt.convert_time_zone(str(TIME_ZONE))
        usage = (
            pl.concat(frames)
            .with_columns(at=local, units=pl.col("quantity").cast(pl.Int64, strict=False))
            .with_columns(day=pl.col("at").dt.date(), hour=pl.col("at").dt.hour())
            # what is absurd in time would stretch every axis
            .filter((pl.col("_told_on") - pl.col("day")).dt.total_days().is_between(0, 20))
            .filter(pl.col("record_sequence").fill_null("1") == "1")
            # a refused file and its right copy hold the same records
            .unique("usage_id")
        )
        holidays = frozenset(build_catalog(Knobs()).holidays)
        return cls(data, usage, holidays)

    def kind_of_day(self) -> pl.Expr:
        """Return weekday, weekend or holiday."""
        day = pl.col("day")
        return (
            pl.when(day.is_in(sorted(self.holidays)))  # type: ignore[type-var]
            .then(pl.lit("holiday"))
            .when(day.dt.weekday() > 5)
            .then(pl.lit("weekend"))
            .otherwise(pl.lit("weekday"))
        )


def usage_by_hour(world: World, usage_type: str) -> Chart:
    """Draw the use of an average hour per kind of day."""
    frame = world.usage.filter(pl.col("usage_type") == usage_type).with_columns(
        kind=world.kind_of_day()
    )
    days = dict(world_days(world).group_by("kind").len().iter_rows())
    series: dict[str, list[float | None]] = {}
    for kind in ("weekday", "weekend", "holiday"):
        counts = dict(frame.filter(pl.col("kind") == kind).group_by("hour").len().iter_rows())
        if kind in days:
            series[kind] = [counts.get(hour, 0) / days[kind] for hour in range(24)]
    hours = [str(hour) for hour in range(24)]
    return Chart(
        f"{usage_type.capitalize()} by hour of the local day", "records an hour", hours, series
    )


def world_days(world: World) -> pl.DataFrame:
    """Return the days of the world with their kind."""
    return world.usage.select("day").unique().sort("day").with_columns(kind=world.kind_of_day())


def usage_by_day(world: World) -> Chart:
    """Draw the use of each day; holidays are shaded."""
    days = world_days(world)
    all_days = days["day"].to_list()
    series = {}
    for usage_type in _TYPES:
        rows = world.usage.filter(pl.col("usage_type") == usage_type).group_by("day").len()
        counts = dict(rows.iter_rows())
        series[usage_type] = [counts.get(day, 0) for day in all_days]
    shaded = frozenset(
        place for place, kind in enumerate(days["kind"].to_list()) if kind == "holiday"
    )
    labels = [f"{day:%d %b}" for day in all_days]
    return Chart(
        "Usage by local day (holidays shaded)",
        "records a day",
        labels,
        series,
        every=max(1, len(labels) // 9),
        shaded=shaded,
    )


def call_durations(world: World) -> Chart:
    """Draw how long answered calls last, in steps that double every second time."""
    edges = [2 ** (place / 2) for place in range(4, 28)]
    calls = world.usage.filter(
        (pl.col("usage_type") == "voice") & (pl.col("units") > 0) & (pl.col("units") < 86_400)
    )["units"].cast(pl.Float64)
    shares = [
        float(((calls >= low) & (calls < high)).mean() or 0) * 100  # type: ignore[arg-type]
        for low, high in pairwise(edges)
    ]
    labels = [f"{low:.0f}" for low in edges[:-1]]
    return Chart(
        "Duration of calls (seconds, log scale)",
        "% of calls",
        labels,
        {"calls": shares},
        bars=True,
        every=2,
    )


def top_ups_by_day(world: World) -> Chart:
    """Draw the money of an average day of the month."""
    rows = [
        pl.read_csv(path, infer_schema=False)
        for path in sorted((world.data / "landing/online_charging/top_ups").rglob("*.csv"))
    ]
    at = pl.col("occurred_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ")
    local = at.dt.replace_time_zone("UTC").dt.convert_time_zone(str(TIME_ZONE)).dt.date()
    daily = (
        pl.concat(rows)
        .group_by(day=local)
        .agg(pl.col("amount").cast(pl.Float64).sum())
        .group_by(place=pl.col("day").dt.day())
        .agg(pl.col("amount").mean())
    )
    amounts = dict(daily.iter_rows())
    days = list(range(1, 32))
    return Chart(
        "Top-ups by day of the month",
        "EUR an average day",
        [str(day) for day in days],
        {"amount": [amounts.get(day, 0.0) for day in days]},
        bars=True,
        every=2,
    )


def hazard_by_contract_end(world: World) -> Chart:
    """Draw the true 30-day hazard of postpaid lines by months to the end of the minimum term."""
    rows = [
        pl.read_csv(path, infer_schema=False).select(
            "subscription_id", "minimum_term_ends_on", pl.lit(path.parent.name).alias("told_on")
        )
        for path in sorted((world.data / "landing/order_management/subscriptions").rglob("*.csv"))
    ]
    ends = pl.concat(rows).with_columns(
        pl.col("minimum_term_ends_on", "told_on").str.to_date(strict=False)
    )
    hazards = Truth(world.data / "truth").read("hazards")
    left = (pl.col("minimum_term_ends_on") - pl.col("snapshot_on")).dt.total_days() / 30.44
    joined = (
        hazards.filter(pl.col("rating_type") == "postpaid")
        .sort("snapshot_on")
        .join_asof(
            ends.sort("told_on"),
            left_on="snapshot_on",
            right_on="told_on",
            by="subscription_id",
            check_sortedness=False,
        )
        .filter(pl.col("minimum_term_ends_on").is_not_null())
        .with_columns(months=left.floor().cast(pl.Int64))
    )
    means = dict(joined.group_by("months").agg(pl.col("hazard_true").mean() * 100).iter_rows())
    months = list(range(-12, 13))
    return Chart(
        "True hazard of postpaid lines by months to the end of the minimum term",
        "% in 30 days",
        [str(month) for month in months],
        {"hazard": [means.get(month) for month in months]},
        bars=True,
        every=2,
    )


def files_by_system(world: World) -> Chart:
    """Draw how many files each system delivers."""
    counts: dict[str, int] = {}
    for path in (world.data / "landing").glob("*/*/*/*"):
        system = path.relative_to(world.data / "landing").parts[0]
        counts[system] = counts.get(system, 0) + 1
    names = sorted(counts, key=lambda name: (-counts[name], name))
    return Chart(
        "Files by system", "files", names, {"files": [counts[name] for name in names]}, bars=True
    )


PICTURES: dict[str, Callable[[World], Chart]] = {
    "simulator-voice-by-hour": lambda world: usage_by_hour(world, "voice"),
    "simulator-sms-by-hour": lambda world: usage_by_hour(world, "sms"),
    "simulator-data-by-hour": lambda world: usage_by_hour(world, "data"),
    "simulator-usage-by-day": usage_by_day,
    "simulator-call-durations": call_durations,
    "simulator-top-ups": top_ups_by_day,
    "simulator-hazard": hazard_by_contract_end,
    "simulator-files": files_by_system,
}


def main() -> None:
    """Draw all pictures of a world."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs" / "images")
    options = parser.parse_args()
    world = World.read(options.data)
    options.out.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        (options.out / f"{name}.svg").write_text(draw(world).svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
