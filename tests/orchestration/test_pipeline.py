"""`make pipeline` and `make run` as a person meets them: what they say and how they end."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import pytest
import sqlalchemy

from orchestration import definitions, pipeline, replay, run, serve, warehouse
from orchestration.alerts import read_alerts
from orchestration.ingest import read_manifest
from orchestration.instance import open_instance, prepare_home
from orchestration.locks import LockHeldError
from orchestration.progress import LOCATION
from tests.orchestration.house import House

Call = Callable[..., int]


@pytest.fixture
def call(house: House, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setenv("TOLLHOUSE_DATA", str(house.settings.data))
    monkeypatch.setenv("TOLLHOUSE_CONTRACTS", str(house.settings.contracts))
    monkeypatch.setattr(warehouse, "prepare_manifest", lambda _: house.manifest)
    monkeypatch.setattr(definitions, "run_dbt", house.run_dbt)
    monkeypatch.setattr(definitions, "publish", house.publish)
    # other people's files do not change under the test
    for module in ("orchestration.pipeline", "orchestration.defs.publishing"):
        monkeypatch.setattr(f"{module}.code_digest", lambda _: house.digest)
    monkeypatch.setattr("orchestration.defs.warehouse.code_digest", lambda _: house.digest)
    return lambda *arguments: pipeline.main(arguments)


def test_nothing_delivered_is_no_failure(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call() == 0
    assert "Nothing was delivered yet" in capsys.readouterr().out


def test_it_processes_prints_and_then_rests(
    house: House, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    house.land_usage("2026-10-01")
    house.land_usage("2026-10-02", start=100).write_text("no,such,header\n1,2,3\n")
    assert call() == 0
    said = capsys.readouterr().out
    for text in ("2026-10-01 to 2026-10-02", "ingest files", "publish", "refused: network", "make"):
        assert text in said
    assert "DEBUG" not in said
    assert house.published == [date(2026, 10, 2)]
    assert call() == 0
    assert "Nothing to do: build 2026-10-02-build" in capsys.readouterr().out
    assert len(house.built) == 1


def test_other_code_builds_again(house: House, call: Call) -> None:
    house.land_usage("2026-10-01")
    assert call() == 0
    house.digest = "another"
    assert call() == 0
    # all days are tested again, for the tests may be other ones
    assert [since for _, since, _ in house.built] == [None, None]


def test_a_late_file_counts_on_the_next_day(house: House, call: Call) -> None:
    house.land_usage("2026-10-01")
    assert call() == 0
    house.land_usage("2026-10-01", start=50, name="late.csv")
    assert call() == 0
    assert house.published == [date(2026, 10, 1), date(2026, 10, 2)]


def test_as_of_stops_at_the_day(house: House, call: Call) -> None:
    house.land_usage("2026-10-01")
    house.land_usage("2026-10-03", start=100)
    assert call("--as-of", "2026-10-02") == 0
    assert house.published == [date(2026, 10, 2)]


def test_it_does_not_go_back(house: House, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    house.land_usage("2026-10-02")
    assert call() == 0
    assert call("--as-of", "2026-10-01") == 1
    assert "moves forward only" in capsys.readouterr().err


def test_a_failure_names_the_check_and_what_is_still_served(
    house: House, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    house.land_usage("2026-10-01")
    assert call() == 0
    house.land_usage("2026-10-02", start=100)
    house.land_usage("2026-10-03", start=200)
    house.test_status = "fail"
    assert call() == 1
    said = capsys.readouterr().err
    assert "every_usage_is_rated_once" in said and "2026-10-01-build" in said
    assert {"run_failed", "check_failed"} <= {a.kind for a in read_alerts(house.settings)}
    # both days are closed but were never built: the next call builds and tests both
    house.test_status = "pass"
    assert call() == 0
    assert house.published == [date(2026, 10, 1), date(2026, 10, 3)]
    assert house.built[-1][1] == date(2026, 10, 2)


def test_a_busy_data_folder_is_a_clear_failure(
    house: House,
    call: Call,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def busy(*_: object) -> None:
        raise LockHeldError("data is in use by process 7")

    monkeypatch.setattr(pipeline, "hold_data_folder", busy)
    assert call() == 1
    assert "in use by process 7" in capsys.readouterr().err


def test_the_run_is_in_the_instance_that_the_pages_show(house: House, call: Call) -> None:
    house.land_usage("2026-10-01")
    assert call() == 0
    with open_instance(house.settings) as instance:
        [record] = instance.get_runs(dg.RunsFilter(job_name="daily"))
        assert record.status == dg.DagsterRunStatus.SUCCESS
        assert record.tags[".dagster/repository"] == f"__repository__@{LOCATION}"


def test_the_example_lands_once_in_an_empty_landing(house: House, tmp_path: Path) -> None:
    example = tmp_path / "example"
    (example / "network" / "usage_records" / "2026-10-01").mkdir(parents=True)
    (example / "network" / "usage_records" / "2026-10-01" / "a.csv").write_text("x")
    assert run.land_example(house.settings, example) == 1
    assert run.land_example(house.settings, example) == 0


@pytest.mark.parametrize("sign", ["raw/manifest.jsonl", "published/CURRENT"])
def test_the_example_never_comes_to_a_house_whose_landing_was_cleared(
    house: House, tmp_path: Path, sign: str
) -> None:
    (tmp_path / "example").mkdir()
    (tmp_path / "example" / "a.csv").write_text("x")
    path = house.settings.data / sign
    path.parent.mkdir(parents=True)
    path.write_text("")
    assert run.land_example(house.settings, tmp_path / "example") == 0
    assert not house.settings.landing.exists()


def test_a_misplaced_first_file_is_named(
    house: House, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    # two typing errors: the name of the feed, and a folder inside a day
    for where in ("usage_record/2026-10-01/a.csv", "usage_records/2026-10-01/in/b.csv"):
        path = house.settings.landing / "network" / where
        path.parent.mkdir(parents=True)
        path.write_text("x")
    assert call() == 0
    said = capsys.readouterr().out
    assert "Nothing was delivered yet" in said and "is empty" not in said
    assert "new, refused: network/usage_record/2026-10-01/a.csv: NO_CONTRACT" in said
    assert "refused: network/usage_records/2026-10-01/in: NESTED_FOLDER" in said
    known = {entry.file: entry.status for entry in read_manifest(house.settings)}
    assert known["network/usage_record/2026-10-01/a.csv"] == "refused"


def test_nothing_to_do_still_names_what_waits(
    house: House, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    house.land_usage("2026-10-01")
    refused = house.land_usage("2026-10-01", name="b.csv")
    refused.write_text("no,such,header\n1,2,3\n")
    os.utime(refused, (1_600_000_000, 1_600_000_000))
    assert call() == 0
    strays = [house.settings.landing / "network" / f"stray{n:02}" for n in range(12)]
    for stray in strays:
        stray.write_text("x")
    capsys.readouterr()
    assert call() == 0
    said = capsys.readouterr().out
    assert "Nothing to do" in said
    assert said.count("new, refused: network/stray") == 10 and "and 3 more" in said
    for stray in strays:
        stray.unlink()
    # what was moved away is no open problem any more
    assert call() == 0
    said = capsys.readouterr().out
    assert "stray" not in said and "refused: network/usage_records/2026-10-01/b.csv" in said
    refused.unlink()
    assert call() == 0
    assert "Left in landing" not in capsys.readouterr().out


FULL = OSError(errno.ENOSPC, "No space left on device", "/full/x")
COPY = shutil.Error([("a", "/full/x", "[Errno 28] No space left on device: '/full/x'")])


def _raiser(error: Exception) -> Callable[..., object]:
    def fail(*_: object, **__: object) -> object:
        raise error

    return fail


@pytest.mark.parametrize("error", [FULL, COPY])
@pytest.mark.parametrize(
    ("main", "broken"),
    [
        (lambda: pipeline.main([]), "orchestration.pipeline.execute"),
        (lambda: run.main([]), "orchestration.run.bring_deliveries"),
        (replay.main, "orchestration.replay.replay"),
    ],
)
def test_a_full_disk_is_one_line(
    house: House,
    call: Call,
    *,
    main: Callable[[], int],
    broken: str,
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    house.land_usage("2026-10-01")
    assert call() == 0
    house.land_usage("2026-10-02", start=100)
    monkeypatch.setattr(broken, _raiser(error))
    capsys.readouterr()
    assert main() == 1
    line = "FAILED: No space left on device (/full/x); published is still: 2026-10-01-build"
    assert capsys.readouterr().err.strip() == line


@pytest.mark.parametrize(
    "error",
    [
        duckdb.IOException("IO Error:\nno lock"),
        warehouse.DbtError("IO Error:\nno lock", warehouse.DbtResult(("parse",), 0.0, ())),
        sqlalchemy.exc.OperationalError(
            "insert", {}, sqlite3.OperationalError("IO Error: no lock")
        ),
    ],
)
def test_an_error_of_an_engine_is_one_line(
    house: House,
    call: Call,
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    house.land_usage("2026-10-01")
    monkeypatch.setattr(warehouse, "prepare_manifest", _raiser(error))
    assert call() == 1
    line = "FAILED: IO Error: no lock; published is still: nothing"
    assert capsys.readouterr().err.strip() == line
    if not isinstance(error, sqlalchemy.exc.OperationalError):
        monkeypatch.setattr(replay, "replay", _raiser(error))
        assert replay.main() == 1
        assert capsys.readouterr().err.strip() == line


def test_the_instance_tells_nobody_and_runs_one_at_a_time(house: House) -> None:
    home = prepare_home(house.settings)
    assert home == house.settings.dagster_home
    with open_instance(house.settings) as instance:
        assert not instance.telemetry_enabled
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None and queue.max_concurrent_runs == 1
        assert instance.global_op_concurrency_default_limit == 1


def test_dagster_serves_this_machine_only() -> None:
    command = serve.command(3000)
    assert command[command.index("-h") + 1] == "127.0.0.1"
