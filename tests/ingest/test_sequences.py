"""Numbered files count in the order of their numbers; a gap waits until it is filled or waived."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from orchestration.ingest import plan
from orchestration.settings import Settings
from tests.conftest import Land
from tests.ingest import usage
from tests.ingest.world import DAY, close, entry, ingest, rows


def _numbered(land: Land, number: int, day: str = DAY, start: int | None = None) -> Path:
    text = usage.usages(1, start=number if start is None else start)
    return land(usage.FEED, day, f"u_seq{number:06d}.csv", text)


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
    land(
        "operations/delivery_waivers",
        "2026-10-03",
        "w.csv",
        "delivery_waiver_id,waived_system,waived_feed,missing_sequence,approved_by,reason,"
        "waived_on,recorded_at\n"
        "W1,network,usage_records,000002,E1,lost on the switch,,2026-10-03T09:00:00Z\n",
    )
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
