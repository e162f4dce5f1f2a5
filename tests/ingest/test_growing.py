"""Files that somebody may still be writing: held while they are young, taken whole afterwards."""

from __future__ import annotations

import gzip
from datetime import date, timedelta

import pytest

from orchestration.ingest import UndecidedFilesError, close_days, days, plan
from orchestration.settings import Settings
from tests.conftest import Land
from tests.ingest import usage
from tests.ingest.world import DAY, entry, ingest, rows

TODAY = date(2026, 10, 20)


@pytest.fixture(autouse=True)
def _calendar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days, "today_of", lambda _: TODAY)


def test_a_file_that_is_being_written_is_held_even_at_a_line_end(
    settings: Settings, land: Land
) -> None:
    patient = settings.model_copy(update={"settle_seconds": 1e6})
    land(usage.FEED, DAY, "a.csv", usage.usages(2), fresh=True)
    ingest(patient)
    held = entry(patient, "a.csv")
    assert (held.status, held.reason_code) == ("held", "GROWING")
    land(usage.FEED, DAY, "a.csv", usage.usages(3))
    ingest(patient)
    assert (entry(patient, "a.csv").status, rows(patient).height) == ("ingested", 3)


def test_a_young_file_that_is_cut_off_is_held_an_old_one_refused(
    settings: Settings, land: Land
) -> None:
    patient = settings.model_copy(update={"open_end_seconds": 1e6})
    packed = gzip.compress(usage.usages(200).encode())
    land(usage.FEED, DAY, "a.csv.gz", packed[:-20], fresh=True)
    ingest(patient)
    held = entry(patient, "a.csv.gz")
    assert (held.status, held.reason_code) == ("held", "DAMAGED_PACKING")
    land(usage.FEED, DAY, "a.csv.gz", packed[:-20])
    ingest(patient)
    assert entry(patient, "a.csv.gz").status == "refused"
    land(usage.FEED, DAY, "a.csv.gz", packed, fresh=True)
    ingest(patient)
    assert rows(patient).height == 200


def test_an_empty_file_that_is_filled_later_is_taken(settings: Settings, land: Land) -> None:
    land(usage.FEED, DAY, "a.csv", usage.HEADER + "\n")
    land(usage.FEED, DAY, "b.csv", usage.HEADER + "\n")
    ingest(settings)
    assert [entry(settings, name).status for name in ("a.csv", "b.csv")] == ["ingested", "repeat"]
    land(usage.FEED, DAY, "a.csv", usage.usages(2), fresh=True)
    land(usage.FEED, DAY, "b.csv", usage.usages(3, start=3), fresh=True)
    ingest(settings)
    assert rows(settings).height == 5


def _run(settings: Settings) -> date | None:
    found = plan(settings)
    if found.as_of is not None and not found.is_idle:
        ingest(settings, as_of=found.as_of)
        close_days(settings, found.as_of)
    return plan(settings).processed_through


def test_late_files_never_push_the_books_ahead_of_the_calendar(
    settings: Settings, land: Land
) -> None:
    yesterday = TODAY - timedelta(days=1)
    land(usage.FEED, yesterday.isoformat(), "a.csv", usage.usages(1))
    assert _run(settings) == yesterday
    # the next open day is today: it is opened for a late file
    land(usage.FEED, yesterday.isoformat(), "late1.csv", usage.usages(1, start=2))
    assert _run(settings) == TODAY
    # tomorrow is not: the file waits, and counts when tomorrow's run comes
    land(usage.FEED, yesterday.isoformat(), "late2.csv", usage.usages(1, start=3))
    found = plan(settings)
    assert (found.is_idle, found.waiting_files) == (True, 1)
    assert _run(settings) == TODAY
    tomorrow = TODAY + timedelta(days=1)
    land(usage.FEED, tomorrow.isoformat(), "c.csv", usage.usages(1, start=4))
    assert _run(settings) == tomorrow
    booked = dict(rows(settings).select("usage_id", "_delivered_on").iter_rows())
    assert booked == {"U1": yesterday, "U2": TODAY, "U3": tomorrow, "U4": tomorrow}


def test_a_mistyped_folder_ahead_of_the_calendar_is_held(settings: Settings, land: Land) -> None:
    land(usage.FEED, "2027-10-19", "a.csv", usage.usages(1))
    land(usage.FEED, "2026-10-19", "b.csv", usage.usages(1))
    assert _run(settings) == date(2026, 10, 19)


def test_a_day_with_files_that_nobody_looked_at_cannot_be_closed(
    settings: Settings, land: Land
) -> None:
    land(usage.FEED, DAY, "a.csv", usage.usages(1))
    with pytest.raises(UndecidedFilesError, match=r"1 files .*a\.csv"):
        close_days(settings, date(2026, 10, 1))
    ingest(settings)
    close_days(settings, date(2026, 10, 1))
    assert plan(settings).processed_through == date(2026, 10, 1)
