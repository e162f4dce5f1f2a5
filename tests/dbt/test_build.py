"""The project is built on nothing, and on a catalog of a few rows delivered on two days.

The tests of this module share one warehouse and run in order: each builds on the state before.
"""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.warehouse import DbtError, run_dbt
from tests.dbt.conftest import House
from tests.dbt.test_layers import models

FIRST = date(2026, 1, 2)
SECOND = date(2026, 2, 10)
PATHS = [
    "build",
    "--select",
    "+dim_tariffs",
    "+dim_products",
    "dim_dates",
    "int_catalog__holidays_versioned",
    "int_shared__reference_rows_unused",
    "stg_ingest__files",
]


def test_without_any_data_everything_builds(house: House, manifest: dict[str, Any]) -> None:
    house.register()
    here = Path.cwd()
    result = run_dbt(house.settings, ["build"], date(2026, 1, 31))
    assert Path.cwd() == here
    assert "TOLLHOUSE_DATA" not in os.environ
    assert result.failed == ()
    assert {node.status for node in result.nodes} == {"success", "pass"}
    assert len(result.nodes) > 100

    described = {(node["schema"], node["name"]): list(node["columns"]) for node in models(manifest)}
    built: dict[tuple[str, str], set[str]] = {}
    for schema, table, column in house.rows(
        "select table_schema, table_name, column_name from information_schema.columns "
        "where table_schema in ('staging', 'intermediate', 'marts')"
    ):
        built.setdefault((schema, table), set()).add(column)
    assert {name: sorted(columns) for name, columns in described.items()} == {
        name: sorted(columns) for name, columns in built.items()
    }


def test_the_calendar_ends_with_the_year_after_as_of(house: House) -> None:
    query = "select min(day_on), max(day_on), count(*) from marts.dim_dates"
    first, last, days = house.rows(query)[0]
    assert (first, last) == (date(2000, 1, 1), date(2027, 12, 31))
    assert days == (last - first).days + 1
    assert house.rows(
        "select iso_year_number, iso_week_number, weekday_name, iso_week_on, is_month_end "
        "from marts.dim_dates where day_on = date '2027-01-01'"
    ) == [(2026, 53, "Friday", date(2026, 12, 28), False)]


def test_a_row_delivered_after_as_of_is_invisible(house: House) -> None:
    version = {"tariff_id": "flex", "currency": "EUR"}
    house.deliver("catalog/tariffs", FIRST, [{"tariff_id": "flex", "name": "Flex"}])
    house.deliver(
        "catalog/tariff_versions",
        FIRST,
        [{**version, "tariff_version_id": "flex-1", "valid_from_on": date(2026, 1, 1)}],
    )
    house.deliver(
        "catalog/usage_rates",
        FIRST,
        [
            {"usage_rate_id": rate, "tariff_version_id": "flex-1", "currency": "EUR"}
            for rate in ("national", "foreign")
        ],
    )
    house.deliver(
        "catalog/product_offerings",
        FIRST,
        [{"product_offering_id": "basic", "name": "Basic", "sold_until_on": date(2026, 2, 9)}],
    )
    christmas = {"holiday_on": date(2026, 12, 25), "name": "Christmas"}
    house.deliver(
        "catalog/holidays",
        FIRST,
        [
            {"holiday_calendar_id": "DE", **christmas},
            {"holiday_calendar_id": "XX", "holiday_on": date(2026, 12, 24)},
        ],
    )
    house.deliver(
        "catalog/tariff_versions",
        SECOND,
        [{**version, "tariff_version_id": "flex-2", "valid_from_on": date(2026, 3, 1)}],
    )
    house.register()

    run_dbt(house.settings, PATHS, date(2026, 2, 9))
    tariffs = (
        "select tariff_version_id, tariff_name, is_valid, rate_count, currency, valid_from_on, "
        "valid_to_on from marts.dim_tariffs order by 1"
    )
    assert house.rows(tariffs) == [
        ("flex-1", "Flex", True, 2, "EUR", date(2026, 1, 1), None),
    ]
    assert house.rows("select name, is_valid, is_sold from marts.dim_products") == [
        ("Basic", True, True)
    ]

    run_dbt(house.settings, PATHS, SECOND)
    assert house.rows(tariffs) == [
        ("flex-1", "Flex", True, 2, "EUR", date(2026, 1, 1), date(2026, 3, 1)),
        ("flex-2", "Flex", False, 0, "EUR", date(2026, 3, 1), None),
    ]
    assert house.rows("select name, is_valid, is_sold from marts.dim_products") == [
        ("Basic", True, False)
    ]
    assert house.rows("select day_on, holiday_name from marts.dim_dates where is_holiday") == [
        (date(2026, 12, 25), "Christmas")
    ]


def test_rows_of_reference_data_that_make_no_version_are_listed_with_the_reason(
    house: House,
) -> None:
    day = date(2026, 2, 12)
    late = datetime(2026, 2, 11, 9)
    house.deliver(
        "catalog/tariffs",
        day,
        [
            {"tariff_id": "flex", "name": "Flex"},
            {"tariff_id": "torn", "name": "one"},
            {"tariff_id": "torn", "name": "other"},
            {"tariff_id": "twice", "name": "early"},
            {"tariff_id": "twice", "name": "late", "recorded_at": late},
        ],
    )
    house.register()
    run_dbt(house.settings, PATHS, day)
    assert house.rows(
        "select reference_key, reason_code, _record "
        "from intermediate.int_shared__reference_rows_unused order by _record"
    ) == [
        ("flex", "REPEATED", 2),
        ("torn", "SAME_RECORDED_AT", 3),
        ("torn", "SAME_RECORDED_AT", 4),
        ("twice", "LOWER_RECORDED_AT", 5),
    ]
    assert house.rows(
        "select tariff_id, name from intermediate.int_catalog__tariffs_versioned order by 1"
    ) == [("flex", "Flex"), ("twice", "late")]


@pytest.mark.parametrize(
    ("change", "identity"),
    [
        ({"records_in": 99}, "every_record_of_a_file_is_a_row_quarantined_or_blank"),
        ({"records_in": 99, "row_count": 99}, "every_counted_row_lies_in_raw_or_quarantine"),
        ({"records_in": 6, "quarantined": 1}, "every_counted_row_lies_in_raw_or_quarantine"),
        ({"file": "elsewhere.csv"}, "every_counted_row_lies_in_raw_or_quarantine"),
    ],
)
def test_an_unbalanced_file_breaks_the_build(
    house: House, change: dict[str, Any], identity: str
) -> None:
    right = dict(house.manifest[-1])
    house.manifest[-1].update(change)
    house.write_manifest()
    try:
        with pytest.raises(DbtError, match=identity) as caught:
            run_dbt(house.settings, ["test", "--select", "path:tests/identities"], SECOND.max)
        assert [node.unique_id.split(".")[2] for node in caught.value.result.failed] == [identity]
    finally:
        house.manifest[-1] = right
        house.write_manifest()


def test_a_row_that_breaks_its_contract_in_raw_breaks_the_build_until_it_is_tested(
    house: House,
) -> None:
    day = date(2026, 2, 13)
    house.deliver("catalog/tariffs", day, [{"tariff_id": "odd", "network_type": "pigeon"}])
    house.register()
    only = ["build", "--select", "stg_catalog__tariffs"]
    with pytest.raises(DbtError, match="stg_catalog__tariffs_is_as_contracted"):
        run_dbt(house.settings, only, day)
    run_dbt(house.settings, only, day, tested_from=date(2026, 2, 14))


def test_the_process_can_open_the_warehouse_with_settings_of_its_own(house: House) -> None:
    with duckdb.connect(str(house.settings.warehouse), read_only=True) as connection:
        assert connection.sql("select count(*) from marts.dim_dates").fetchall()[0][0] > 10_000


def test_a_wrong_as_of_or_selection_is_told(house: House) -> None:
    with pytest.raises(DbtError, match="No such option"):
        run_dbt(house.settings, ["build", "--no-such-option"], SECOND)
