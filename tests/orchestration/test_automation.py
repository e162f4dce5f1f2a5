"""Schedule, sensors and alarms, tick by tick: no waiting, and every instant is given."""

from __future__ import annotations

import fcntl
import json
import os
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from orchestration.alerts import Alert, raise_alert, read_alerts
from orchestration.defs import sensors
from orchestration.defs.schedules import AT_HALF_PAST_THREE
from orchestration.ingest import plan, read_manifest
from orchestration.instance import PROCESS_TAG, settle_dead_runs
from orchestration.partitions import days_of_tags, tags_of_days
from tests.orchestration.house import House

# 03:30 in Berlin on 4 October
NIGHT = datetime(2026, 10, 4, 1, 30, tzinfo=UTC)


def schedule_tick(house: House, at: datetime) -> Any:
    schedule = house.definitions().resolve_schedule_def("daily_schedule")
    context = dg.build_schedule_context(instance=house.instance, scheduled_execution_time=at)
    return schedule.evaluate_tick(context)


def sensor_tick(house: House, name: str, cursor: str | None = None) -> Any:
    definitions = house.definitions()
    context = dg.build_sensor_context(
        instance=house.instance,
        cursor=cursor,
        repository_def=definitions.get_repository_def(),
        sensor_name=name,
    )
    return definitions.resolve_sensor_def(name).evaluate_tick(context)


def requested(tick: Any) -> list[tuple[date, date]]:
    return [days_of_tags(request.tags) for request in tick.run_requests]


def test_the_schedule_runs_in_the_operators_zone(house: House) -> None:
    schedule = house.definitions().resolve_schedule_def("daily_schedule")
    assert schedule.execution_timezone == "Europe/Berlin"
    assert schedule.cron_schedule == AT_HALF_PAST_THREE
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


def test_the_schedule_asks_for_yesterday(house: House) -> None:
    house.land_usage("2026-10-02")
    house.run("2026-10-02")
    assert requested(schedule_tick(house, NIGHT)) == [(date(2026, 10, 3), date(2026, 10, 3))]


def test_the_schedule_decides_yesterday_by_the_operators_clock(house: House) -> None:
    house.land_usage("2026-10-02")
    house.run("2026-10-02")
    # 23:30 UTC on the 3rd is already the 4th in Berlin
    late = datetime(2026, 10, 3, 23, 30, tzinfo=UTC)
    assert requested(schedule_tick(house, late)) == [(date(2026, 10, 3), date(2026, 10, 3))]


def test_the_schedule_rests_when_yesterday_is_closed_or_nothing_ever_came(house: House) -> None:
    empty = schedule_tick(house, NIGHT)
    assert not empty.run_requests and "nothing was delivered" in empty.skip_message
    house.land_usage("2026-10-03")
    house.run("2026-10-03")
    closed = schedule_tick(house, NIGHT)
    assert not closed.run_requests and "closed already" in closed.skip_message


def test_new_files_start_one_run_over_the_open_days(house: House) -> None:
    assert not sensor_tick(house, "new_files_in_landing").run_requests
    house.land_usage("2026-10-01")
    house.land_usage("2026-10-03", start=100)
    tick = sensor_tick(house, "new_files_in_landing")
    assert requested(tick) == [(date(2026, 10, 1), date(2026, 10, 3))]
    # the daemon starts a key once
    again = sensor_tick(house, "new_files_in_landing")
    assert again.run_requests[0].run_key == tick.run_requests[0].run_key
    house.land_usage("2026-10-03", start=200, name="b.csv")
    more = sensor_tick(house, "new_files_in_landing")
    assert more.run_requests[0].run_key != tick.run_requests[0].run_key
    house.run("2026-10-01", "2026-10-03")
    assert not sensor_tick(house, "new_files_in_landing").run_requests


def test_files_of_today_wait_until_the_day_is_over(house: House) -> None:
    house.land_usage("2026-10-03")
    assert isinstance(sensors.request_for(house.settings, date(2026, 10, 3)), dg.SkipReason)
    request = sensors.request_for(house.settings, date(2026, 10, 4))
    assert isinstance(request, dg.RunRequest)


def test_no_run_is_asked_for_while_one_is_under_way(house: House) -> None:
    house.land_usage("2026-10-01")
    house.instance.create_run_for_job(
        house.definitions().resolve_job_def("daily"),
        status=dg.DagsterRunStatus.STARTED,
        tags=tags_of_days(date(2026, 10, 1), date(2026, 10, 1)),
    )
    tick = sensor_tick(house, "new_files_in_landing")
    assert not tick.run_requests and "under way" in tick.skip_message


def test_a_run_whose_process_was_killed_blocks_nothing(house: House) -> None:
    house.land_usage("2026-10-01")
    run = house.instance.create_run_for_job(
        house.definitions().resolve_job_def("daily"),
        status=dg.DagsterRunStatus.STARTED,
        # a pid of the past: no process has this start
        tags={PROCESS_TAG: "1:0"},
    )
    now = datetime.now(UTC)
    assert settle_dead_runs(house.instance, house.settings, now) == [run.run_id]
    settled = house.instance.get_run_by_id(run.run_id)
    assert settled is not None and settled.is_failure
    assert sensor_tick(house, "new_files_in_landing").run_requests


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])
def test_a_run_killed_before_it_named_its_process_is_settled_when_old_and_nobody_runs(
    house: House, status: dg.DagsterRunStatus
) -> None:
    house.land_usage("2026-10-01")
    job = house.definitions().resolve_job_def("daily")
    run = house.instance.create_run_for_job(job, status=status)
    waits = house.instance.create_run_for_job(job, status=dg.DagsterRunStatus.NOT_STARTED)
    now = datetime.now(UTC)
    later = now + timedelta(minutes=11)
    assert settle_dead_runs(house.instance, house.settings, now) == []
    # another process works in the data folder: this run may be the one
    house.settings.data.mkdir(exist_ok=True)
    handle = os.open(house.settings.data / ".lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    assert settle_dead_runs(house.instance, house.settings, later) == []
    os.close(handle)
    assert settle_dead_runs(house.instance, house.settings, later) == [run.run_id]
    settled = house.instance.get_run_by_id(run.run_id)
    assert settled is not None and settled.is_failure
    # what waits in the queue is left to the daemon
    house.instance.delete_run(waits.run_id)
    assert sensor_tick(house, "new_files_in_landing").run_requests


def test_three_missed_days_are_processed_once_in_order_with_an_alarm(house: House) -> None:
    house.land_usage("2026-10-01")
    house.run("2026-10-01")
    assert read_alerts(house.settings) == []
    for day in (2, 3, 4):
        house.land_usage(f"2026-10-0{day}", start=day * 100)
    tick = sensor_tick(house, "new_files_in_landing")
    [(first, last)] = requested(tick)
    assert (first, last) == (date(2026, 10, 2), date(2026, 10, 4))
    assert house.run(first.isoformat(), last.isoformat()).success
    [alert] = read_alerts(house.settings)
    assert alert.kind == "days_missed"
    assert alert.details["missed_days"] == ["2026-10-02", "2026-10-03"]
    # once: nothing is left, and each file counts on its own day
    assert plan(house.settings).days == ()
    assert not sensor_tick(house, "new_files_in_landing").run_requests
    booked = [entry.delivered_on for entry in read_manifest(house.settings)]
    assert sorted(day.day for day in booked if day) == [1, 2, 3, 4]
    assert [as_of for as_of, _, _ in house.built] == [date(2026, 10, 1), date(2026, 10, 4)]


def test_the_heartbeat_notices_that_nobody_ran(house: House) -> None:
    house.land_usage("2026-10-01")
    assert sensors.overdue(house.settings, date(2026, 10, 9)) is None
    house.run("2026-10-01")
    assert sensors.overdue(house.settings, date(2026, 10, 3)) is None
    alert = sensors.overdue(house.settings, date(2026, 10, 5))
    assert alert is not None and alert.kind == "run_overdue"
    assert alert.details["open_days"] == ["2026-10-02", "2026-10-03"]


def test_a_failed_run_leaves_alarms(house: House) -> None:
    house.land_usage("2026-10-01")
    house.run("2026-10-01")
    first = sensor_tick(house, "alert_on_failed_run")
    house.land_usage("2026-10-02", start=100)
    house.test_status = "fail"
    result = house.run("2026-10-02")
    sensor_tick(house, "alert_on_failed_run", cursor=first.cursor)
    found = {alert.kind: alert for alert in read_alerts(house.settings)}
    assert set(found) == {"run_failed", "check_failed"}
    assert found["run_failed"].details["run_id"] == result.run_id
    assert "dbt_build" in found["run_failed"].message
    assert found["check_failed"].details["checks"][0]["check"] == "every_usage_is_rated_once"


def test_an_alarm_is_one_file_however_often_it_is_raised(house: House) -> None:
    alert = Alert("run_failed", "a/b c", "Something failed.", {"n": 1})
    path = raise_alert(house.settings, alert)
    assert raise_alert(house.settings, alert) == path
    assert [p.name for p in house.settings.alerts.iterdir()] == ["run_failed--a-b-c.json"]
    body = json.loads(path.read_text())
    assert body["message"] == "Something failed." and body["raised_at"]


@pytest.mark.parametrize("name", ["new_files_in_landing", "heartbeat", "alert_on_failed_run"])
def test_sensors_run_without_being_switched_on(house: House, name: str) -> None:
    sensor = house.definitions().resolve_sensor_def(name)
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
