"""The manifest is the commit point: it notices damage, heals what was torn, and has one writer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestration.faults import reset_faults
from orchestration.ingest import ManifestError, read_manifest
from orchestration.ingest.manifest import Manifest
from orchestration.locks import LockHeldError, hold_data_folder
from orchestration.settings import REPOSITORY, Settings
from tests.conftest import Land
from tests.ingest import usage
from tests.ingest.world import DAY, assert_accounted, broken, close, content, entry, ingest, rows


def _lines(settings: Settings) -> list[bytes]:
    return (settings.raw / "manifest.jsonl").read_bytes().splitlines(keepends=True)


def _write(settings: Settings, lines: list[bytes]) -> None:
    (settings.raw / "manifest.jsonl").write_bytes(b"".join(lines))


def _ready(settings: Settings, land: Land) -> None:
    land(usage.FEED, DAY, "a.csv", usage.text(usage.line(1), usage.line(2, quantity="x")))
    land(usage.FEED, DAY, "b.csv", usage.usages(1, start=5))
    ingest(settings)


DAMAGE = {
    "a changed number": lambda lines: [
        lines[0],
        lines[1].replace(b'"row_count": 1', b'"row_count": 2'),
    ],
    "a changed order": lambda lines: lines[1:2] + lines[:1],
    "a line less": lambda lines: lines[1:],
    "a line twice": lambda lines: lines[:2] + lines[1:],
    "a flipped bit": lambda lines: [bytes([lines[0][0] ^ 8]) + lines[0][1:], *lines[1:]],
    "no JSON": lambda lines: [b"garbage\n", *lines],
    "another kind of JSON": lambda lines: [b"[1]\n", *lines],
    "no chain": lambda lines: [b'{"kind": "begin", "paths": []}\n', *lines],
    "bytes": lambda lines: [b"\xff\xfe\n", *lines],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_changed_manifest_is_noticed(settings: Settings, land: Land, damage: str) -> None:
    _ready(settings, land)
    _write(settings, DAMAGE[damage](_lines(settings)))
    with pytest.raises(ManifestError, match="changed by hand or damaged"):
        ingest(settings)


@pytest.mark.parametrize("kept", [1, 40, -1])
def test_a_torn_last_line_is_dropped_and_its_file_taken_again(
    settings: Settings, land: Land, kept: int
) -> None:
    _ready(settings, land)
    before = content(settings)
    lines = _lines(settings)
    _write(settings, [*lines[:-1], lines[-1][:kept]])
    ingest(settings)
    assert _lines(settings)[: len(lines) - 1] == lines[:-1]
    assert content(settings) == before
    assert len(read_manifest(settings)) == 2


def test_announced_files_without_a_decision_are_removed(settings: Settings, land: Land) -> None:
    _ready(settings, land)
    before = content(settings)
    raw_path = settings.data / str(entry(settings, "b.csv").raw_path)
    assert json.loads(_lines(settings)[-1])["file"].endswith("b.csv")
    # as after a kill between the rename and the decision
    _write(settings, _lines(settings)[:-1])
    (settings.temporary / "half.parquet.1.2.tmp").write_bytes(b"half")
    with hold_data_folder(settings, "look"):
        assert not raw_path.exists()
        assert list(settings.temporary.iterdir()) == []
    ingest(settings)
    assert raw_path.exists()
    assert content(settings) == before


def test_files_on_disk_are_those_of_the_manifest(settings: Settings, land: Land) -> None:
    _ready(settings, land)
    said = {
        path for item in read_manifest(settings) for path in (item.raw_path, item.quarantine_path)
    }
    found = {
        path.relative_to(settings.data).as_posix()
        for folder in (settings.raw, settings.quarantine)
        for path in folder.glob("*/*/*/*.parquet")
    }
    assert found == said - {None}


HOLD = """
import sys
from pathlib import Path
from orchestration.locks import hold_data_folder
from orchestration.settings import Settings

with hold_data_folder(Settings(data=Path(sys.argv[1])), "nightly build"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the data folder until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(settings.data)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        yield other


def test_a_second_process_is_told_who_holds_the_folder(settings: Settings, land: Land) -> None:
    land(usage.FEED, DAY, "a.csv", usage.usages(1))
    with holder(settings) as other:
        assert other.stdin
        with pytest.raises(LockHeldError) as told:
            ingest(settings)
        assert f"process {other.pid} " in str(told.value)
        assert "nightly build" in str(told.value)
        assert "nothing was changed" in str(told.value)
        other.stdin.close()
        assert other.wait() == 0
    assert ingest(settings).files == 1


def test_a_killed_holder_leaves_no_lock(settings: Settings, land: Land) -> None:
    land(usage.FEED, DAY, "a.csv", usage.usages(1))
    with holder(settings) as other:
        other.kill()
        other.wait()
        assert ingest(settings).files == 1


def test_the_folder_can_be_held_twice_by_one_process(settings: Settings) -> None:
    with hold_data_folder(settings, "outer"), hold_data_folder(settings, "inner"):
        pass
    with hold_data_folder(settings, "later"):
        pass


def _work(settings: Settings) -> None:
    ingest(settings)
    close(settings, DAY)


def _land_all(settings: Settings) -> None:
    folder = settings.landing / usage.FEED / DAY
    folder.mkdir(parents=True)
    texts = {
        "a.csv": usage.text(usage.line(1), usage.line(2, quantity="x")),
        "b.csv": usage.text(usage.line(1), usage.line(2, quantity="x")),
        "c.csv": "no header\n",
        "d.csv": usage.text(usage.line(3)),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
        os.utime(folder / name, (1_600_000_000, 1_600_000_000))


def _state(settings: Settings) -> object:
    decisions = sorted(
        (item.file, item.status, item.records_in) for item in read_manifest(settings)
    )
    return decisions, content(settings), [item["raw_text"] for item in broken(settings)]


def _committed_files(settings: Settings) -> set[str]:
    """Return the files on disk, which must be those that the manifest names."""
    with hold_data_folder(settings, "look"):
        said = {
            path
            for item in read_manifest(settings)
            for path in (item.raw_path, item.quarantine_path)
            if path
        }
    found = {
        path.relative_to(settings.data).as_posix()
        for folder in (settings.raw, settings.quarantine)
        for path in folder.glob("*/*/*/*.parquet")
    }
    assert found == said
    return found


def test_a_failing_disk_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calm = Settings(data=tmp_path / "calm", lock_wait_seconds=0)
    _land_all(calm)
    _work(calm)
    failures = 0
    for n in range(1, 200):
        settings = Settings(data=tmp_path / str(n), lock_wait_seconds=0)
        _land_all(settings)
        reset_faults()
        monkeypatch.setenv("TOLLHOUSE_FAULT", f"any:{n}:{('eio', 'enospc')[n % 2]}")
        try:
            _work(settings)
        except OSError as error:
            assert "fault point" in str(error.filename)
            failures += 1
        else:
            break
        finally:
            monkeypatch.delenv("TOLLHOUSE_FAULT")
        _committed_files(settings)
        assert_accounted(settings)
        _work(settings)
        assert _state(settings) == _state(calm), n
        _committed_files(settings)
        assert list(settings.temporary.iterdir()) == []
    assert failures >= 18


def test_many_files_count_in_groups_and_each_once(
    settings: Settings, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.ingest.groups._MOST_DECISIONS", 2)
    for number in range(5):
        # the fourth repeats the first, which counts since the group before
        text = usage.text(usage.line(number % 3), usage.line(9, quantity=f"x{number % 3}"))
        land(usage.FEED, DAY, f"{number}.csv", text)
    ingest(settings)
    lines = [json.loads(line) for line in _lines(settings)]
    kinds = [line["kind"] for line in lines]
    assert kinds == ["begin", "file", "file", "begin", "file", "file", "file"]
    assert [line["status"] for line in lines if line["kind"] == "file"] == [
        *["ingested"] * 3,
        *["repeat"] * 2,
    ]
    _committed_files(settings)
    assert rows(settings).height == 3


def test_a_group_that_was_announced_and_torn_keeps_what_was_written(
    settings: Settings, land: Land
) -> None:
    for number in range(3):
        land(usage.FEED, DAY, f"{number}.csv", usage.usages(1, start=number))
    ingest(settings)
    before, lines = content(settings), _lines(settings)
    assert len(lines) == 4
    # as after a power cut in the middle of the write: the first decision is whole
    _write(settings, [*lines[:2], lines[2][:30]])
    fates = {name: settings.data / str(entry(settings, name).raw_path) for name in ("0.csv",)}
    with hold_data_folder(settings, "look"):
        assert [path.exists() for path in fates.values()] == [True]
        assert _committed_files(settings) == {str(entry(settings, "0.csv").raw_path)}
    ingest(settings)
    assert content(settings) == before
    _committed_files(settings)


def test_a_failure_while_the_folder_stays_held_is_cleared_too(
    settings: Settings, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(usage.FEED, DAY, "a.csv", usage.usages(2))
    with hold_data_folder(settings, "a whole day"):
        for point in ("before_rename:1", "after_rename:1", "append:2", "after_append:1"):
            reset_faults()
            monkeypatch.setenv("TOLLHOUSE_FAULT", f"{point}:eio")
            with pytest.raises(OSError, match="fault point"):
                ingest(settings)
            monkeypatch.delenv("TOLLHOUSE_FAULT")
            assert list(settings.raw.glob("*/*/*/*.parquet")) == []
        reset_faults()
        monkeypatch.setenv("TOLLHOUSE_FAULT", "after_append:2:eio")
        with pytest.raises(OSError, match="after_append"):
            ingest(settings)
        monkeypatch.delenv("TOLLHOUSE_FAULT")
        # the line was on the disk when the machine failed: the file counts
        ingest(settings)
    assert rows(settings).height == 2
    fresh = Manifest(settings.raw / "manifest.jsonl")
    assert fresh.read_on() == 0
    assert [item.status for item in fresh.entries.values()] == ["ingested"]
