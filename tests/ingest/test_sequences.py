"""Numbered files count in the order of their numbers; a gap waits until it is filled or waived."""

from __future__ import annotations

import itertools
import os
import shutil
from datetime import date
from pathlib import Path

from orchestration.ingest import plan, read_manifest
from orchestration.settings import Settings
from tests.conftest import Land
from tests.ingest import usage
from tests.ingest.world import DAY, close, entries, entry, ingest, rows


def _numbered(land: Land, number: int, day: str = DAY, start: int | None = None) -> Path:
    text = usage.usages(1, start=number if start is None else start)
    return land(usage.FEED, day, f"u_seq{number:06d}.csv", text)


def _days(settings: Settings, *, at_once: bool) -> None:
    """Run October's first days, each closed before the next, or all of them in one pass."""
    for number in range(1, 7):
        if not at_once or number == 6:
            ingest(settings, "operations/delivery_waivers", date(2026, 10, number))
            ingest(settings, as_of=date(2026, 10, number))
            close(settings, f"2026-10-{number:02d}")


def _waive(land: Land, number: int, day: str) -> None:
    land(
        "operations/delivery_waivers",
        day,
        "w.csv",
        "delivery_waiver_id,waived_system,waived_feed,missing_sequence,approved_by,reason,"
        "waived_on,recorded_at\n"
        f"W1,network,usage_records,{number:06d},E1,lost on the switch,,{day}T09:00:00Z\n",
    )


def _taken(settings: Settings) -> dict[str, tuple[str, str | None, str]]:
    """What became of each file, which one stands for its content, and the day it counts on."""
    return {
        name: (told.status, told.repeat_of and Path(told.repeat_of).name, str(told.delivered_on))
        for name, told in entries(settings).items()
    }


def _status(settings: Settings, number: int) -> tuple[str, str | None]:
    told = entry(settings, f"u_seq{number:06d}.csv")
    return told.status, told.reason_code


def test_a_gap_in_the_numbers_holds_what_is_behind_it_until_it_is_filled(
    settings: Settings, land: Land
) -> None:
    for number in (1, 3, 5):
        _numbered(land, number)
    ingest(settings)
    assert _status(settings, 1) == ("ingested", None)
    assert _status(settings, 3) == ("held", "SEQUENCE_GAP")
    assert "number 2 is missing before 3" in str(entry(settings, "u_seq000003.csv").message)
    assert plan(settings).is_idle
    close(settings, "2026-10-02")
    _numbered(land, 2, "2026-10-04")
    ingest(settings)
    assert [_status(settings, n)[0] for n in (1, 2, 3, 5)] == ["ingested"] * 3 + ["held"]
    # what waited counts no earlier than the file for which it waited
    assert entry(settings, "u_seq000003.csv").delivered_on == date(2026, 10, 4)
    assert entry(settings, "u_seq000003.csv").folder_on == date(2026, 10, 1)


def test_a_waived_gap_lets_the_next_file_through(settings: Settings, land: Land) -> None:
    for number in (1, 3):
        _numbered(land, number)
    ingest(settings)
    _waive(land, 2, "2026-10-03")
    ingest(settings, "operations/delivery_waivers")
    ingest(settings)
    assert _status(settings, 3) == ("ingested", None)
    assert entry(settings, "u_seq000003.csv").delivered_on == date(2026, 10, 3)


def test_a_number_used_twice_is_refused_unless_the_content_is_the_same(
    settings: Settings, land: Land
) -> None:
    _numbered(land, 1)
    _numbered(land, 1, "2026-10-02", start=1)
    ingest(settings)
    assert rows(settings).height == 1
    assert entry(settings, "u_seq000001.csv").status == "repeat"
    land(usage.FEED, "2026-10-03", "v_seq000001.csv", usage.usages(1, start=77))
    ingest(settings)
    told = entry(settings, "v_seq000001.csv")
    assert (told.status, told.reason_code) == ("refused", "SEQUENCE_REPEATED")
    assert "misnumbered" in str(told.message)


def test_a_touched_file_keeps_its_place_when_an_earlier_number_comes(
    settings: Settings, land: Land
) -> None:
    path = _numbered(land, 5)
    ingest(settings)
    _numbered(land, 3)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    ingest(settings)
    ingest(settings)
    assert _status(settings, 5) == ("ingested", None)
    assert rows(settings).height == 2


def test_a_file_behind_a_gap_comes_before_a_later_twin_when_the_gap_is_filled(
    settings: Settings, land: Land, tmp_path: Path
) -> None:
    seen = []
    for at_once in (True, False):
        house = Settings(data=tmp_path / f"at once {at_once}", lock_wait_seconds=0)
        _numbered(land, 1)
        _numbered(land, 3, "2026-10-02")
        _numbered(land, 2, "2026-10-03")
        land(usage.FEED, "2026-10-03", "without a number.csv", usage.usages(1, start=3))
        land(usage.FEED, "2026-10-04", "a.csv", usage.usages(1, start=3))
        shutil.copytree(settings.landing, house.landing)
        _days(house, at_once=at_once)
        seen.append(_taken(house))
    assert seen[0] == seen[1]
    third = "u_seq000003.csv"
    assert seen[0][third] == ("ingested", None, "2026-10-03")
    assert seen[0]["without a number.csv"] == ("repeat", third, "2026-10-03")
    assert seen[0]["a.csv"] == ("repeat", third, "2026-10-04")


def test_a_waiver_is_not_known_before_it_was_delivered(
    settings: Settings, land: Land, tmp_path: Path
) -> None:
    seen = []
    for at_once in (True, False):
        house = Settings(data=tmp_path / f"at once {at_once}", lock_wait_seconds=0)
        _numbered(land, 1)
        _numbered(land, 3, "2026-10-02")
        # delivered after all, before it was given up
        _numbered(land, 4, "2026-10-02")
        land(usage.FEED, "2026-10-04", "a.csv", usage.usages(1, start=3))
        _waive(land, 2, "2026-10-05")
        shutil.copytree(settings.landing, house.landing)
        _days(house, at_once=at_once)
        seen.append(_taken(house))
    assert seen[0] == seen[1]
    assert seen[0]["a.csv"] == ("ingested", None, "2026-10-04")
    assert seen[0]["u_seq000003.csv"] == ("repeat", "a.csv", "2026-10-05")
    assert seen[0]["u_seq000004.csv"] == ("ingested", None, "2026-10-05")


def test_a_number_that_was_waived_and_came_counts_from_the_day_on_which_it_came(
    settings: Settings, land: Land, tmp_path: Path
) -> None:
    seen = []
    for at_once in (True, False):
        house = Settings(data=tmp_path / f"at once {at_once}", lock_wait_seconds=0)
        _numbered(land, 1)
        _numbered(land, 3, "2026-10-02")
        _numbered(land, 2, "2026-10-03")
        _waive(land, 2, "2026-10-05")
        shutil.copytree(settings.landing, house.landing)
        _days(house, at_once=at_once)
        seen.append(_taken(house))
    assert seen[0] == seen[1]
    assert seen[0]["u_seq000003.csv"] == ("ingested", None, "2026-10-03")


def test_numbers_in_any_order_over_days_give_the_same_whenever_they_are_run(
    tmp_path: Path,
) -> None:
    for number, order in enumerate(itertools.permutations((1, 2, 3, 4))):
        seen = []
        for at_once in (True, False):
            house = Settings(data=tmp_path / f"{number} {at_once}", lock_wait_seconds=0)
            for day, sequence in enumerate(order, 1):
                folder = house.landing / usage.FEED / f"2026-10-{day:02d}"
                folder.mkdir(parents=True)
                twin = usage.usages(1, start=order[0])
                for name, text in (
                    (f"u_seq{sequence:06d}.csv", usage.usages(1, start=sequence)),
                    ("a.csv" if day % 2 else "z.csv", twin),
                ):
                    (folder / name).write_text(text)
                    os.utime(folder / name, (1_600_000_000, 1_600_000_000))
            _days(house, at_once=at_once)
            seen.append(
                {(told.file, told.status, told.delivered_on) for told in read_manifest(house)}
            )
        assert seen[0] == seen[1], order
