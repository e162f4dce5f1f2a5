"""Landing while others work in it: what vanishes is not there, what is locked up is held."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestration.ingest import plan, refuse_strays
from orchestration.settings import Settings
from tests.conftest import Land
from tests.ingest import usage
from tests.ingest.world import AS_OF, DAY, entries, entry, ingest

REAL = os.scandir


class _Entry:
    """A folder entry whose file something happens to before anybody looks at it."""

    def __init__(self, entry: os.DirEntry[str], error: type[OSError] | None) -> None:
        self.name, self.path = entry.name, entry.path
        self._entry, self._error = entry, error

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        if self._error:
            raise self._error(self.path)
        return self._entry.stat(follow_symlinks=follow_symlinks)


def _troubled(
    monkeypatch: pytest.MonkeyPatch, stats: dict[str, type[OSError]], locked: Path | None = None
) -> None:
    @contextmanager
    def scandir(folder: Any) -> Iterator[list[_Entry]]:
        if locked is not None and Path(folder) == locked:
            raise PermissionError(13, "Permission denied", str(folder))
        with REAL(folder) as found:
            yield [_Entry(item, stats.get(item.name)) for item in found]

    monkeypatch.setattr("orchestration.ingest.landing.os.scandir", scandir)


def test_a_file_that_is_renamed_away_meanwhile_is_not_there(
    settings: Settings, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(usage.FEED, DAY, "a.csv", usage.usages(1))
    land(usage.FEED, DAY, "b.csv.part", usage.usages(2))
    _troubled(monkeypatch, {"b.csv.part": FileNotFoundError})
    assert plan(settings, AS_OF).new_files == 1
    ingest(settings)
    assert refuse_strays(settings) == ()
    assert {name: item.status for name, item in entries(settings).items()} == {"a.csv": "ingested"}


def test_a_file_that_may_not_be_looked_at_is_held(
    settings: Settings, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(usage.FEED, DAY, "a.csv", usage.usages(1))
    land(usage.FEED, DAY, "b.csv", usage.usages(2))
    with monkeypatch.context() as patch:
        _troubled(patch, {"b.csv": PermissionError})
        assert plan(settings, AS_OF).new_files == 1
        ingest(settings)
        told = entry(settings, "b.csv")
        assert (told.status, told.reason_code) == ("held", "UNREADABLE")
    ingest(settings)
    assert entry(settings, "b.csv").status == "ingested"


@pytest.mark.parametrize("depth", range(4))
def test_a_folder_that_may_not_be_listed_is_held(
    settings: Settings, land: Land, monkeypatch: pytest.MonkeyPatch, depth: int
) -> None:
    path = land(usage.FEED, DAY, "a.csv", usage.usages(1))
    locked = [path.parent, *path.parents[1:]][depth]
    with monkeypatch.context() as patch:
        _troubled(patch, {}, locked)
        assert plan(settings, AS_OF).new_files == (depth > 1)
        told = [*ingest(settings).entries, *refuse_strays(settings)]
        unreadable = [item for item in told if item.reason_code == "UNREADABLE"]
        assert [item.status for item in unreadable] == ["held"]
    ingest(settings)
    assert entry(settings, "a.csv").status == "ingested"


def test_a_locked_folder_of_an_unknown_feed_is_held(
    settings: Settings, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = land("network/telepathy", DAY, "a.csv", "x")
    _troubled(monkeypatch, {}, path.parent)
    (told,) = refuse_strays(settings)
    assert (told.status, told.reason_code) == ("held", "UNREADABLE")
    assert told.file == f"network/telepathy/{DAY}"
