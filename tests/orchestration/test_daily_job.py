"""The daily job executed for real in this process: what runs, and what a red check stops."""

from __future__ import annotations

import json
from datetime import date

import dagster as dg
import polars as pl
import pytest

from orchestration.built import read_built
from orchestration.contracts import Feed
from orchestration.defs.checks import ACCOUNTING, FRESHNESS
from orchestration.defs.sensors import alerts_of_run
from orchestration.ingest import FeedResult, ingest_feed, plan, read_manifest
from orchestration.publishing import current_build
from orchestration.settings import Settings
from tests.orchestration.house import USAGE, USAGE_KEY, House


def materialized(result: dg.ExecuteInProcessResult) -> set[str]:
    return {
        event.asset_key.to_user_string()
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }


def events_of(result: dg.ExecuteInProcessResult, key: str) -> list[dg.AssetMaterialization]:
    events = (event.materialization for event in result.get_asset_materialization_events())
    return [event for event in events if event.asset_key.to_user_string() == key]


def failed_checks(result: dg.ExecuteInProcessResult) -> set[str]:
    return {check.check_name for check in result.get_asset_check_evaluations() if not check.passed}


def click(house: House, key: dg.AssetKey) -> dg.ExecuteInProcessResult:
    """Materialise one asset as the pages do: no tags, no partition."""
    job = house.definitions().resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        instance=house.instance, asset_selection=[key], raise_on_error=False
    )


def test_a_partition_goes_from_landing_to_publish(house: House) -> None:
    house.land_usage("2026-10-01")
    result = house.run("2026-10-01")
    assert result.success
    assert {"raw/network/usage_records", "marts/fct_rated_usage", "published/build"} <= (
        materialized(result)
    )
    raw = next(iter(result.asset_materializations_for_node("raw__network__usage_records")))
    shown = {name: value.value for name, value in raw.metadata.items()}
    assert (shown["files"], shown["records"], shown["dagster/row_count"]) == (1, 5, 5)
    closed = events_of(result, "raw/delivery_days")
    assert [event.partition for event in closed] == ["2026-10-01"]
    assert house.published == [date(2026, 10, 1)]
    built = read_built(house.settings)
    assert built is not None and built.as_of == date(2026, 10, 1)
    # dbt tests are checks of the asset that they test
    names = {check.check_name for check in result.get_asset_check_evaluations()}
    assert {ACCOUNTING, FRESHNESS, "every_usage_is_rated_once"} <= names


def test_a_row_lost_from_raw_stops_everything_downstream(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lossy(settings: Settings, feed: Feed, as_of: date) -> FeedResult:
        result = ingest_feed(settings, feed, as_of)
        for entry in result.entries:
            if entry.raw_path:
                path = house.settings.data / entry.raw_path
                pl.read_parquet(path).head(entry.row_count - 1).write_parquet(path)
        return result

    house.land_usage("2026-10-01")
    assert house.run("2026-10-01").success
    served = current_build(house.settings)
    house.land_usage("2026-10-02", start=100)
    monkeypatch.setattr("orchestration.defs.landing.ingest_feed", lossy)
    result = house.run("2026-10-02")
    assert not result.success
    assert failed_checks(result) == {ACCOUNTING}
    assert "raw/delivery_days" not in materialized(result)
    assert len(house.built) == 1 and house.published == [date(2026, 10, 1)]
    # the day stays open, and readers see what they saw
    assert plan(house.settings).processed_through == date(2026, 10, 1)
    assert current_build(house.settings) == served


def test_a_red_dbt_test_stops_publishing(house: House) -> None:
    house.land_usage("2026-10-01")
    assert house.run("2026-10-01").success
    house.land_usage("2026-10-02", start=100)
    house.test_status = "fail"
    result = house.run("2026-10-02")
    assert not result.success
    assert failed_checks(result) == {"every_usage_is_rated_once"}
    assert house.published == [date(2026, 10, 1)]
    assert "published/build" not in materialized(result)
    assert current_build(house.settings) == "2026-10-01-build"


def test_a_broken_model_stops_publishing_although_no_check_failed(house: House) -> None:
    house.land_usage("2026-10-01")
    house.mart_status, house.test_status = "fail", "skipped"
    result = house.run("2026-10-01")
    assert failed_checks(result) == set()
    assert not result.success and house.published == []


def test_a_warning_of_dbt_does_not_stop_publishing(house: House) -> None:
    house.land_usage("2026-10-01")
    house.test_status = "warn"
    result = house.run("2026-10-01")
    assert result.success and house.published == [date(2026, 10, 1)]
    run = house.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert [alert.kind for alert in alerts_of_run(house.instance, run)] == ["check_failed"]


def test_a_stale_feed_stops_the_day_until_it_is_waived(house: House) -> None:
    house.land_usage("2026-10-01")
    assert house.run("2026-10-01").success
    result = house.run("2026-10-02", "2026-10-08")
    assert not result.success
    assert failed_checks(result) == {FRESHNESS}
    house.land_waiver("2026-10-08", "", "2026-10-08")
    result = house.run("2026-10-02", "2026-10-08")
    assert failed_checks(result) == set()
    assert result.success and house.published[-1] == date(2026, 10, 8)


def test_a_range_of_days_is_one_pass_of_one_run(house: House) -> None:
    for day in ("2026-10-01", "2026-10-02", "2026-10-03"):
        house.land_usage(day, count=int(day[-1]), start=int(day[-1]) * 100)
    result = house.run("2026-10-01", "2026-10-03")
    assert result.success
    assert [as_of for as_of, _, _ in house.built] == [date(2026, 10, 3)]
    # one event for what is one table, however many days it took in
    assert len(events_of(result, "marts/fct_rated_usage")) == 1
    [raw] = events_of(result, "raw/network/usage_records")
    by_day = raw.metadata["by_day"].value.records
    assert [(row.data["day"], row.data["rows"]) for row in by_day] == [
        ("2026-10-01", 1),
        ("2026-10-02", 2),
        ("2026-10-03", 3),
    ]
    # and one for each day that is closed, with what came on that day
    closed = events_of(result, "raw/delivery_days")
    assert [(e.partition, e.metadata["rows"].value) for e in closed] == [
        ("2026-10-01", 1),
        ("2026-10-02", 2),
        ("2026-10-03", 3),
    ]


def test_only_new_days_are_tested_again_by_the_same_code(house: House) -> None:
    house.land_usage("2026-10-01")
    house.run("2026-10-01")
    house.land_usage("2026-10-02", start=100)
    house.run("2026-10-02")
    assert [since for _, since, _ in house.built] == [None, date(2026, 10, 2)]


def test_the_warehouse_does_not_move_back(house: House) -> None:
    house.land_usage("2026-10-02")
    house.run("2026-10-02")
    result = house.run("2026-10-01")
    assert not result.success and len(house.built) == 1


def test_a_selected_model_is_built_alone(house: House) -> None:
    house.land_usage("2026-10-01")
    assert house.run("2026-10-01").success
    # as by a click, which names no day: the last closed one counts
    click(house, dg.AssetKey(["marts", "fct_rated_usage"]))
    assert house.built[-1] == (
        date(2026, 10, 1),
        date(2026, 10, 1),
        ("build", "--select", "fct_rated_usage"),
    )


def test_a_selected_feed_takes_what_waits_and_closes_nothing(house: House) -> None:
    house.land_usage("2026-10-01")
    assert house.run("2026-10-01").success
    house.land_usage("2026-10-02", start=100)
    result = click(house, USAGE_KEY)
    [raw] = events_of(result, "raw/network/usage_records")
    assert raw.metadata["files"].value == 1
    assert plan(house.settings).processed_through == date(2026, 10, 1)
    # the run of the day counts it on its day and builds it
    assert house.run("2026-10-02").success
    assert house.published[-1] == date(2026, 10, 2)


def test_a_model_asked_for_before_any_day_is_closed_says_so(house: House) -> None:
    result = click(house, dg.AssetKey(["marts", "fct_rated_usage"]))
    assert not result.success and house.built == []
    assert "no delivery day is closed yet" in str(result.all_events)


def test_a_refused_file_says_why_on_its_asset(house: House) -> None:
    path = house.land_usage("2026-10-01")
    path.write_text("no,such,header\n1,2,3\n")
    result = house.run("2026-10-01")
    assert [entry.status for entry in read_manifest(house.settings)] == ["refused"]
    event = next(m for m in result.asset_materializations_for_node("raw__network__usage_records"))
    assert event.asset_key == USAGE_KEY
    assert "a.csv" in json.dumps(event.metadata["why"].value)


def test_a_waiver_that_comes_with_the_file_behind_the_gap_works_in_one_run(house: House) -> None:
    for number in (1, 3):
        house.land_usage("2026-10-01", start=number * 100, name=f"u_seq{number:06d}.csv")
    house.land_waiver("2026-10-01", "000002", "")
    result = house.run("2026-10-01")
    assert result.success
    numbered = [e for e in read_manifest(house.settings) if e.feed_id == USAGE]
    assert [(e.status, e.delivered_on) for e in numbered] == [("ingested", date(2026, 10, 1))] * 2
