from __future__ import annotations

from dataclasses import replace
from datetime import date

import duckdb
import pytest

from orchestration import faults
from orchestration.built import code_digest
from orchestration.green import Green, clear_green, mark_green
from orchestration.publishing import (
    BrokenBuildError,
    NotGreenError,
    build_facts,
    current_build,
    publish,
    verify_build,
)
from orchestration.settings import Settings

DAY = date(2026, 10, 1)


def fill(settings: Settings, *values: int) -> None:
    settings.data.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("create schema if not exists marts")
        connection.execute("create or replace table marts.dim_things (thing_id bigint)")
        connection.executemany("insert into marts.dim_things values (?)", [[v] for v in values])
        mark_green(connection, green(settings))


def green(settings: Settings) -> Green:
    return Green(DAY, code_digest(settings), "", ("dim_things",))


def test_a_build_holds_every_mart_and_the_pointer_names_it(settings: Settings) -> None:
    fill(settings, 2, 1)
    result = publish(settings, DAY, {"manifest": "abc"})
    assert result.is_new
    assert result.tables == {"dim_things": 2}
    assert current_build(settings) == result.build
    path = result.path / "marts" / "dim_things.parquet"
    assert duckdb.read_parquet(str(path)).fetchall() == [(1,), (2,)]
    facts = build_facts(settings, result.build)
    assert facts["as_of"] == "2026-10-01"
    assert facts["inputs"] == {"manifest": "abc"}
    verify_build(settings, result.build)


def test_equal_tables_are_the_same_build_whatever_their_order(settings: Settings) -> None:
    fill(settings, 1, 2)
    first = publish(settings, DAY)
    fill(settings, 2, 1)
    again = publish(settings, DAY)
    assert (again.build, again.is_new) == (first.build, False)
    fill(settings, 2, 1, 1)
    assert publish(settings, DAY).build != first.build


def test_three_builds_are_kept_and_the_served_one_is_among_them(settings: Settings) -> None:
    names = []
    for value in range(5):
        fill(settings, value)
        names.append(publish(settings, DAY).build)
    kept = {path.name for path in settings.published.iterdir() if path.is_dir()}
    assert kept == set(names[-3:])
    # going back to an old state serves it again, under its old name
    fill(settings, 0)
    assert publish(settings, DAY).build == names[0] == current_build(settings)


def test_a_flipped_byte_is_found(settings: Settings) -> None:
    fill(settings, 1)
    result = publish(settings, DAY)
    path = result.path / "marts" / "dim_things.parquet"
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(BrokenBuildError, match=r"dim_things\.parquet differs"):
        verify_build(settings, result.build)
    # publishing the same tables again mends it
    publish(settings, DAY)
    verify_build(settings, result.build)


@pytest.mark.parametrize("point", ["write", "before_rename", "after_rename", "before_pointer"])
def test_a_failed_publish_leaves_the_old_build_served(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    fill(settings, 1)
    old = publish(settings, DAY)
    fill(settings, 2)
    faults.reset_faults()
    monkeypatch.setenv("TOLLHOUSE_FAULT", f"{point}:1:enospc")
    with pytest.raises(OSError, match="No space left"):
        publish(settings, DAY)
    assert current_build(settings) == old.build
    verify_build(settings, old.build)
    monkeypatch.delenv("TOLLHOUSE_FAULT")
    new = publish(settings, DAY)
    assert current_build(settings) == new.build != old.build
    assert not list(settings.published.glob(".unfinished-*"))


def test_only_a_complete_green_build_of_the_day_is_published(settings: Settings) -> None:
    fill(settings, 1)
    old = publish(settings, DAY)
    fill(settings, 2)
    with pytest.raises(NotGreenError, match="as of 2026-10-01, not 2026-10-02"):
        publish(settings, date(2026, 10, 2))
    wrong = {
        "code or contracts changed": replace(green(settings), code_digest="other"),
        "files were ingested": replace(green(settings), deliveries="other"),
    }
    for words, word in wrong.items():
        with duckdb.connect(str(settings.warehouse)) as connection:
            mark_green(connection, word)
        with pytest.raises(NotGreenError, match=words):
            publish(settings, DAY)
    with duckdb.connect(str(settings.warehouse)) as connection:
        clear_green(connection)
    with pytest.raises(NotGreenError, match="no complete green build"):
        publish(settings, DAY)
    assert current_build(settings) == old.build


def test_a_table_that_no_model_makes_any_more_is_not_published(settings: Settings) -> None:
    fill(settings, 1)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("create table marts.dim_old as select 1 as old_id")
    assert publish(settings, DAY).tables == {"dim_things": 1}
