"""`mediation_to_copy_ratio`: raw usage through mediation and guiding, against a copy of the rows.

The plain side is `create table as select *` of the same raw rows into a warehouse with the same
limits. Ours finds repeats and contradictions among all of them, folds partial records, guides each
usage to its subscription and writes the guided usages: the seconds of those models, as dbt tells
them (starting dbt and reading the catalog are no part of it on either side).

    python -m benchmarks.mediation [--rows 20000000] [--days 30]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb

from benchmarks.measure import compare_within, report, run_aside
from orchestration.contracts import load_feeds
from orchestration.raw_views import MANIFEST_COLUMNS
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse, register_raw, run_dbt

FIRST = date(2026, 3, 1)
FEED = "network/usage_records"
MODELS = (
    "int_usage__record_keys",
    "int_usage__repeated_records",
    "int_usage__partial_records",
    "int_usage__folded_records",
    "int_usage__unguided_usages",
    "int_usage__class_movements",
)
NUMBERS = 200_000
# one in a hundred records comes twice, two in a hundred are parts of a session of two
_ROWS = f"""
select
    'U' || lpad((case when i % 100 = 99 then i - 50 else i end)::varchar, 12, '0') as usage_id,
    case when i % 100 in (10, 11) then 'data' when i % 5 = 4 then 'sms' else 'voice' end
        as usage_type,
    'originating' as direction,
    timestamp '2026-03-01' + to_days(?) - to_seconds(
        ((case when i % 100 = 99 then i - 50 else i end) * 7919) % 86400
    ) as started_at,
    '+4915' || (10000000 + (i * 31) % {NUMBERS})::varchar as served_number,
    '+49' || (2000000000 + (i * 104729) % 5000000)::varchar as other_number,
    (i * 13) % 3600 as quantity,
    case when i % 50 = 0 then '20801' end as visited_network,
    case when i % 100 in (10, 11) then 'S' || (i // 100)::varchar end as session_id,
    case when i % 100 in (10, 11) then i % 100 - 9 end as record_sequence,
    case when i % 100 in (10, 11) then i % 100 = 11 end as is_closing,
    'normal' as release_cause,
    'area_' || (i % 300)::varchar as area_id,
    ? as _file,
    i + 2 as _record,
    ?::date as _delivered_on,
    ?::date as _folder_on,
    ? as _content_sha256
from range(?, ?) as t (i)
"""  # noqa: S608  constants of this module


def make_world(folder: Path, rows: int, days: int) -> None:
    """Write raw Parquet as ingest would: usage of `days` days and the numbers that it is for."""
    settings = Settings(data=folder)
    feeds = load_feeds(settings.contracts)
    register_raw(settings, feeds.values())
    share = rows // days // 100 * 100
    with duckdb.connect() as connection:
        for offset in range(days):
            day = FIRST + timedelta(days=offset)
            file = f"{FEED}/{day}/usage_seq{offset:06}.csv"
            path = settings.raw / FEED / "2026-03" / f"{offset}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            values = [offset, file, day, day, "0" * 64, offset * share, (offset + 1) * share]
            relation = connection.sql(_ROWS, params=values)
            relation.write_parquet(str(path), compression="snappy", row_group_size=122_880)
        _write(connection, settings, "order_management/service_numbers", _NUMBERS)
        _write(connection, settings, "order_management/subscriptions", _SUBSCRIPTIONS)
        _write(connection, settings, "catalog/policies", _POLICIES)
        columns = ", ".join(f"null::{kind} as {name}" for name, kind in MANIFEST_COLUMNS)
        connection.sql(
            f"select * replace ('network' as system, 'usage_records' as feed, "  # noqa: S608
            f"'{FEED}/' || d::date || '.csv' as file, 'ingested' as status, "
            f"d::date as delivered_on, d::date as folder_on) from (select {columns}), "
            f"range(date '{FIRST}', date '{FIRST + timedelta(days=days)}', interval 1 day) as t (d)"
        ).write_parquet(str(settings.raw / "manifest.parquet"))
    register_raw(settings, feeds.values())
    names = [f"+{name}" for name in MODELS]
    run_dbt(settings, ["run", "--select", *names], _last(days))


_REFERENCE = """
    'upsert' as op, timestamp '2026-01-01' as recorded_at, 'reference' as _file, i + 2 as _record,
    date '2026-03-01' as _delivered_on, date '2026-03-01' as _folder_on, 'x' as _content_sha256
"""
_NUMBERS = f"""
select '+4915' || (10000000 + i)::varchar as service_number, 'sub-' || i as subscription_id,
    'mobile' as number_kind, null as iccid, null as imsi, true as is_primary,
    timestamp '2025-01-01' as valid_from_at, {_REFERENCE}
from range({NUMBERS}) as t (i)
"""  # noqa: S608  constants of this module
_SUBSCRIPTIONS = f"""
select 'sub-' || i as subscription_id, 'c' || i as customer_id, 'a' || i as account_id,
    'plan' as product_offering_id, null as tariff_id, null as area_id, null as address_id,
    'mobile' as network_type, 'postpaid' as rating_type, null as access_technology,
    null as channel, 'months' as notice_period_unit, 1 as notice_period_length,
    date '2025-01-01' as contract_started_on, null::date as minimum_term_ends_on,
    date '2025-01-01' as valid_from_on, {_REFERENCE}
from range({NUMBERS}) as t (i)
"""  # noqa: S608  constants of this module
_POLICIES = f"""
select ['duplicate_window_days', 'partial_close_days', 'maximum_usage_days'][1 + i] as policy_name,
    [100, 3, 30][1 + i]::decimal(18, 6) as number_value, null as text_value, 'days' as unit,
    null as legal_basis, date '2025-01-01' as valid_from_on, {_REFERENCE}
from range(3) as t (i)
"""  # noqa: S608  constants of this module


def _write(
    connection: duckdb.DuckDBPyConnection, settings: Settings, feed: str, query: str
) -> None:
    path = settings.raw / feed / "2026-03" / "rows.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    connection.sql(query).write_parquet(str(path))


def _last(days: int) -> date:
    return FIRST + timedelta(days=days - 1)


def _mediate(settings: Settings, days: int) -> dict[str, float]:
    command = ["run", "--full-refresh", "--select", *MODELS]
    result = run_dbt(settings, command, _last(days))
    return {node.unique_id.rsplit(".", 1)[-1]: node.seconds for node in result.nodes}


def _copy(settings: Settings) -> float:
    with open_warehouse(settings) as connection:
        start = time.perf_counter()
        connection.execute(
            "create or replace table plain_copy as select * from raw.network__usage_records"
        )
        seconds = time.perf_counter() - start
        connection.execute("drop table plain_copy")
    return seconds


def main() -> None:
    """Run the comparison, or one side of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=("make", "mediate"))
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.side == "make":
        make_world(options.folder, options.rows, options.days)
        return
    if options.side == "mediate":
        _mediate(Settings(data=options.folder), options.days)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = ("--folder", name, "--days", str(options.days), "--rows", str(options.rows))
        run_aside("benchmarks.mediation", "--side", "make", *sizes)
        settings = Settings(data=folder)
        parts: list[dict[str, float]] = []

        def ours() -> float:
            parts.append(_mediate(settings, options.days))
            return sum(parts[-1].values())

        plain: Callable[[], float] = lambda: _copy(settings)  # noqa: E731  reads as one side
        figures = compare_within(ours, plain, options.rounds)
        peak = run_aside("benchmarks.mediation", "--side", "mediate", *sizes).peak_mb
    context = f"{options.rows:,} rows, {options.days} days, median of {options.rounds}"
    rows = [
        ("mediation_to_copy_ratio", figures.ratio, "x"),
        ("mediation_seconds", figures.ours, "s"),
        ("copy_seconds", figures.plain, "s"),
        *((f"{model}_seconds", parts[-1][model], "s") for model in MODELS),
        ("mediation_peak_memory", peak, "MB"),
    ]
    report(
        "mediation",
        [
            {"name": name, "figure": round(value, 2), "unit": unit, "context": context}
            for name, value, unit in rows
        ],
    )


if __name__ == "__main__":
    main()
