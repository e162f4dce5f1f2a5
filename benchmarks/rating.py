"""`rating_to_copy_ratio`: raw usage to rated usage, against a copy of the rows.

The plain side is `create table as select` of the columns of network/usage_records with file, record
and delivery day, from raw into a warehouse with the same limits. Ours are all models that read
usage on the way to `fct_rated_usage`, from repeats to prices: the seconds that dbt tells for each.
Both sides end with a timed checkpoint. Models of the catalog and of customers are built beforehand
and not timed, nor are start and end of dbt. `day30_to_day2_ratio` and `month12_to_month1_ratio`
tell whether a day costs more as history grows: the first of each builds from nothing, so the second
is the one to compare with.

    python -m benchmarks.rating [--rows 20000000] [--days 30] [--rounds 2] [--daily-rows 100000]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb

from benchmarks import rating_world
from benchmarks.measure import compare_within, report, run_aside
from orchestration.built import code_digest
from orchestration.contracts import Feed, load_feeds
from orchestration.incremental import remember_models
from orchestration.raw_views import MANIFEST_COLUMNS
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse, prepare_manifest, register_raw, run_dbt

FEED = "network/usage_records"
FIRST = date(2026, 3, 2)
MODELS = (
    "int_usage__record_keys",
    "int_usage__repeated_records",
    "int_usage__partial_records",
    "int_usage__folded_records",
    "int_usage__unguided_usages",
    "int_usage__recycled_usages",
    "int_rating__first_looks",
    "int_rating__later_looks",
    "int_rating__issued_instances",
    "int_rating__allowance_movements",
    "int_rating__graduated_charges",
    "int_rating__split_walks",
    "int_rating__split_amounts",
    "fct_rated_usage",
)
_WITH_PARENTS = ("--select", *(f"+{model}" for model in MODELS))
DAYS = tuple(FIRST + timedelta(days=offset) for offset in range(30))
MONTHS = tuple(date(2026 + month // 12, month % 12 + 1, 1) for month in range(3, 15))
# values of required columns that no price depends on, by name or type; numbers are 0
_FILLERS = {
    "tax_category": "standard",
    "currency": "EUR",
    "string": "x",
    "date": "2025-01-01",
    "timestamp": "2025-01-01",
}


class World:
    """A data folder with all reference rows, into which usage is delivered day by day."""

    def __init__(self, folder: Path, rows: int, deliveries: Sequence[date], span: int = 1) -> None:
        """`rows` are spread over `deliveries`, each over the `span` days before it."""
        self.settings = Settings(data=folder)
        self.deliveries = deliveries
        self._share = rows // len(deliveries) // 400 * 400
        self._span = span
        self._feeds = load_feeds(self.settings.contracts)
        self._connection = duckdb.connect()
        sizes = f"set variable numbers = {rows // 4}; set variable subscriptions = {rows // 100};"
        self._connection.execute(sizes + rating_world.SCENERY)
        for feed, query in rating_world.QUERIES.items():
            self._deliver_reference(self._feeds[feed], query)
        columns = ", ".join(f"null::{kind} as {name}" for name, kind in MANIFEST_COLUMNS)
        self._write(
            self.settings.raw / "manifest.parquet",
            "select * replace ('network' as system, 'usage_records' as feed, "  # noqa: S608  ours
            f"'{FEED}/' || d || '/usage.csv' as file, 'ingested' as status, d as delivered_on, "
            f"d as folder_on) from (select {columns}), (select unnest($days)::date as d)",
            days=list(deliveries),
        )
        register_raw(self.settings, self._feeds.values())

    def deliver(self, offset: int) -> date:
        """Write the usage of one delivery and return its day."""
        day = self.deliveries[offset]
        self._write(
            self.settings.raw / FEED / str(day) / "usage.parquet",
            rating_world.USAGE,
            first=offset * self._share,
            share=self._share,
            day=day,
            day_before=self.deliveries[max(offset - 1, 0)],
            span=self._span,
            file=f"{FEED}/{day}/usage.csv",
        )
        return day

    def _deliver_reference(self, feed: Feed, query: str) -> None:
        given = self._connection.sql(query).columns
        columns = []
        for column in feed.columns:
            filler = column.values[0][0] if column.values else _FILLERS.get(column.type, "0")
            value = f"'{_FILLERS.get(column.name, filler)}'" if column.required else "null"
            value = column.name if column.name in given else value
            columns.append(f"{value}::{column.physical_type} as {column.name}")
        day = self.deliveries[0]
        self._write(
            self.settings.raw / feed.id / str(day) / "rows.parquet",
            f"select {', '.join(columns)}, $file as _file, "  # noqa: S608  contracts and ours
            f"row_number() over (order by {', '.join(given)}) + 1 as _record, "
            f"$day as _delivered_on, $day as _folder_on, $file as _content_sha256 from ({query})",
            file=f"{feed.id}/{day}/rows.csv",
            day=day,
        )

    def _write(self, path: Path, query: str, **values: object) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = self._connection.sql(query, params=values)
        rows.write_parquet(str(path), compression="snappy", row_group_size=122_880)


def _check_models(settings: Settings) -> list[str]:
    """Return all incremental models; raises if one on the way to rated usage is not timed."""
    parsed = json.loads(prepare_manifest(settings).read_text(encoding="utf-8"))
    nodes = {key: node for key, node in parsed["nodes"].items() if node["resource_type"] == "model"}
    behind = _reached("source.tollhouse.network.usage_records", parsed["child_map"])
    before = _reached("model.tollhouse.fct_rated_usage", parsed["parent_map"])
    kept = {
        nodes[key]["name"]
        for key in behind & before & nodes.keys()
        if nodes[key]["config"]["materialized"] in ("table", "incremental")
    }
    if kept - set(MODELS):
        raise ValueError(f"on the way to rated usage and not timed: {kept - set(MODELS)}")
    return [key for key, node in nodes.items() if node["config"]["materialized"] == "incremental"]


def _reached(start: str, steps: dict[str, list[str]]) -> set[str]:
    found, new = {start}, {start}
    while new:
        new = {other for one in new for other in steps.get(one, ())} - found
        found |= new
    return found


def _run(settings: Settings, day: date, command: Iterable[str]) -> dict[str, float]:
    nodes = run_dbt(settings, ["run", *command], day).nodes
    seconds = {node.unique_id.rsplit(".", 1)[-1]: node.seconds for node in nodes}
    return {model: seconds[model] for model in MODELS}


def _rate(settings: Settings, day: date) -> dict[str, float]:
    parts = _run(settings, day, ["--full-refresh", "--select", *MODELS])
    with open_warehouse(settings) as connection:
        start = time.perf_counter()
        connection.execute("checkpoint")
        return parts | {"checkpoint": time.perf_counter() - start}


def _copy(settings: Settings) -> float:
    with open_warehouse(settings) as connection:
        start = time.perf_counter()
        connection.execute(
            "create or replace table plain_copy as "
            "select * exclude (_folder_on, _content_sha256) from raw.network__usage_records"
        )
        connection.execute("checkpoint")
        seconds = time.perf_counter() - start
        connection.execute("drop table plain_copy")
    return seconds


def _grow(rows: int, deliveries: Sequence[date], span: int) -> list[float]:
    """Return the seconds of the models of each delivery, built one after the other."""
    with tempfile.TemporaryDirectory() as name:
        world = World(Path(name), rows * len(deliveries), deliveries, span)
        incremental = _check_models(world.settings)
        seconds = []
        for offset in range(len(deliveries)):
            day = world.deliver(offset)
            seconds.append(sum(_run(world.settings, day, _WITH_PARENTS).values()))
            # as after a complete build, so that the next day goes on instead of beginning anew
            with open_warehouse(world.settings) as connection:
                remember_models(connection, incremental, code_digest(world.settings), day)
    return seconds


# what the workload came to, so that its claims can be seen
_SHARES = """
with used_instances as (select * from marts.fct_allowance_instances where used > 0)
select count(*) as usages_rated, 100 * count(*)
        / (select count(distinct usage_id) from raw.network__usage_records) as usages_rated_share,
    100 * count(*) filter (where segments > 1) / count(*) filter (where is_call)
        as calls_split_share,
    100 * count(*) filter (where units > 0) / count(*) as usages_with_allowance_share,
    (select 100 * avg((used >= capacity)::int) from used_instances) as instances_used_up_share,
    (select 100 * avg(is_up::int) from (select bool_or(used >= capacity) as is_up
        from used_instances group by owner_id)) as holders_with_one_used_up_share
from (
    select count(*) as segments, sum(allowance_quantity) as units,
        bool_or(usage_type = 'voice') as is_call
    from marts.fct_rated_usage group by usage_id
)
"""


def _shares(settings: Settings, day: date) -> dict[str, float]:
    run_dbt(settings, ["run", "--select", "fct_allowance_instances"], day)
    with open_warehouse(settings) as connection:
        shares = connection.sql(_SHARES)
        return dict(zip(shares.columns, shares.fetchall()[0], strict=True))


def _compare(options: argparse.Namespace, last: date) -> list[tuple[str, float, str]]:
    with tempfile.TemporaryDirectory() as name:
        sizes = ("--folder", name, "--days", str(options.days), "--rows", str(options.rows))
        run_aside("benchmarks.rating", "--side", "make", *sizes)
        settings = Settings(data=Path(name))
        _check_models(settings)
        parts: list[dict[str, float]] = []

        def ours() -> float:
            parts.append(_rate(settings, last))
            return sum(parts[-1].values())

        seconds = compare_within(ours, lambda: _copy(settings), options.rounds)
        shares = _shares(settings, last)
        peak = run_aside("benchmarks.rating", "--side", "rate", *sizes).peak_mb
    return [
        ("rating_to_copy_ratio", seconds.ratio, "x"),
        ("usages_per_core_second", shares["usages_rated"] / settings.threads / seconds.ours, "1/s"),
        ("rating_seconds", seconds.ours, "s"),
        ("copy_seconds", seconds.plain, "s"),
        *((f"{part}_seconds", value, "s") for part, value in parts[-1].items()),
        ("rating_peak_memory", peak, "MB"),
        *((name, value, "%" if "share" in name else "usages") for name, value in shares.items()),
    ]


def _growth(daily_rows: int) -> list[tuple[str, float, str]]:
    days = _grow(daily_rows, DAYS, 1)
    months = _grow(daily_rows, MONTHS, 28)
    early, late = statistics.median(days[1:3]), statistics.median(days[-2:])
    return [
        ("day30_to_day2_ratio", late / early, "x"),
        ("day1_seconds", days[0], "s"),
        ("day2_seconds", early, "s"),
        ("day30_seconds", late, "s"),
        ("month12_to_month1_ratio", months[-1] / months[1], "x"),
        ("month1_seconds", months[0], "s"),
        ("month2_seconds", months[1], "s"),
        ("month12_seconds", months[-1], "s"),
    ]


def main() -> None:
    """Run the comparison, or one side of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--daily-rows", type=int, default=100_000)
    parser.add_argument("--side", choices=("make", "rate"))
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    deliveries = [FIRST + timedelta(days=offset) for offset in range(options.days)]
    if options.side == "make":
        world = World(options.folder, options.rows, deliveries)
        # everything once while there is no usage: what the timed models look up stays
        _run(world.settings, deliveries[-1], _WITH_PARENTS)
        for offset in range(options.days):
            world.deliver(offset)
    elif options.side == "rate":
        _rate(Settings(data=options.folder), deliveries[-1])
    else:
        sizes = f"{options.rows:,} rows, {options.days} days, median of {options.rounds}"
        figures = [(*figure, sizes) for figure in _compare(options, deliveries[-1])]
        sizes = f"{options.daily_rows:,} rows a delivery; days: median of 2 and 3, of 29 and 30"
        figures += [(*figure, sizes) for figure in _growth(options.daily_rows)]
        report(
            "rating",
            [
                {"name": name, "figure": round(value, 2), "unit": unit, "context": context}
                for name, value, unit, context in figures
            ],
        )


if __name__ == "__main__":
    main()
