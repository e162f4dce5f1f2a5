"""What was written to raw can be told from what lies there later; a feed's files are found fast."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import pytest

from orchestration import replay as replaying
from orchestration.ingest import read_manifest
from orchestration.ingest.checks import check_accounting, verify_raw
from orchestration.ingest.manifest import load_manifest
from orchestration.settings import Settings
from tests.conftest import Land
from tests.ingest import usage
from tests.ingest.test_replays import _break, _correction, _deliver
from tests.ingest.world import DAY, entry, ingest

ON = date.fromisoformat(DAY)


def _change(settings: Settings) -> str:
    """Flip a byte of the values in a raw file, which its footer knows nothing of."""
    path = str(entry(settings, "a.csv").raw_path)
    data = bytearray((settings.data / path).read_bytes())
    data[40] ^= 1
    (settings.data / path).write_bytes(data)
    return path


def test_the_hash_of_every_raw_file_is_kept(settings: Settings, land: Land) -> None:
    _break(settings, land)
    _deliver(settings, land, _correction(usage.line(2)))
    written = [item for item in read_manifest(settings) if item.raw_path]
    assert len(written) == 3
    for item in written:
        data = (settings.data / str(item.raw_path)).read_bytes()
        assert item.raw_sha256 == hashlib.sha256(data).hexdigest()
    assert verify_raw(settings, written) == []


def test_a_changed_raw_file_is_reported(settings: Settings, land: Land) -> None:
    land(usage.FEED, DAY, "a.csv", usage.usages(5))
    land(usage.FEED, DAY, "b.csv", usage.usages(6))
    ingest(settings)
    known = read_manifest(settings)
    assert check_accounting(settings, known, ON, ON).problems == ()
    path = _change(settings)
    (problem,) = check_accounting(settings, known, ON, ON).problems
    assert f"{path} was changed after it was written" in problem
    # another day's run does not read it again
    assert check_accounting(settings, known, date(2026, 10, 2), date(2026, 10, 9)).problems == ()
    assert verify_raw(settings, known) == [problem]
    (settings.data / path).unlink()
    (problem,) = verify_raw(settings, known)
    assert "cannot be read" in problem


def test_nothing_is_rebuilt_from_changed_raw(
    settings: Settings, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(usage.FEED, DAY, "a.csv", usage.usages(5))
    ingest(settings)
    path = _change(settings)
    monkeypatch.setattr(replaying, "current_build", lambda _: "b")
    monkeypatch.setattr(replaying, "verify_build", lambda *_: None)
    monkeypatch.setattr(replaying, "build_facts", lambda *_: {"as_of": DAY, "files": {}})
    with pytest.raises(replaying.ChangedRawError, match=f"{path} was changed"):
        replaying.replay(settings)


def test_the_files_of_a_feed_are_found_without_the_others(settings: Settings, land: Land) -> None:
    class Unscanned(dict[Any, Any]):
        def items(self) -> Any:
            raise AssertionError("every file of every feed was looked at")

        values = __iter__ = items

    land(usage.FEED, DAY, "a.csv", usage.usages(5))
    land(usage.FEED, DAY, "b.csv", usage.usages(5))
    ingest(settings)
    manifest = load_manifest(settings)
    expected = list(manifest.entries.values())
    manifest.entries = Unscanned(manifest.entries)
    assert manifest.of_feed(usage.FEED) == expected
    assert manifest.of_feed("network/nothing") == []
