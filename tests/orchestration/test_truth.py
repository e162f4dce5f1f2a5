"""What the simulator knows stays with it: a bill follows from what was delivered, nothing else.

A build that peeped would look perfect in every test against the truth, and be worthless. That the
build of a house with a truth equals one without is shown by `make replay`, whose folder has none.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestration.settings import REPOSITORY, Settings
from tests.orchestration.house import House

_ROOMS = ("orchestration", "dbt_project", "models", "dashboards")
_KINDS = {".py", ".sql", ".yml", ".yaml", ".toml", ".json", ".md", ".csv"}
# functions by which SQL reads a file by itself instead of a source
_FILE_READERS = re.compile(
    r"\b(?:read_(?:csv|parquet|json|ndjson|text|blob)\w*|parquet_scan|glob|attach|copy|load|install|getenv)\s*[('\"]",
    re.IGNORECASE,
)


def _texts(*rooms: str) -> Iterator[tuple[str, str]]:
    for room in rooms:
        for path in sorted((REPOSITORY / room).rglob("*")):
            if path.suffix in _KINDS and path.is_file() and "target" not in path.parts:
                yield str(path.relative_to(REPOSITORY)), path.read_text(encoding="utf-8")


def test_no_code_names_the_truth() -> None:
    found = [name for name, text in _texts(*_ROOMS) if re.search("truth", text, re.IGNORECASE)]
    assert found == []


def test_models_read_sources_only() -> None:
    found = [name for name, text in _texts("dbt_project") if _FILE_READERS.search(text)]
    assert found == []


_watched: list[tuple[Path, list[str]]] = []


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if _watched and event in ("open", "os.listdir", "os.scandir") and arguments:
        folder, seen = _watched[-1]
        if isinstance(arguments[0], str | Path) and str(arguments[0]).startswith(str(folder)):
            seen.append(f"{event} {arguments[0]}")


sys.addaudithook(_watch)


@contextmanager
def _watching(folder: Path) -> Iterator[list[str]]:
    seen: list[str] = []
    _watched.append((folder, seen))
    try:
        yield seen
    finally:
        _watched.pop()


def _poison(settings: Settings) -> Path:
    """Put a truth into a house that cannot be read, not even by the superuser."""
    truth = settings.data / "truth"
    for name in ("usage_records_truth", "usage_files", "states", "base_days"):
        folder = truth / name
        folder.mkdir(parents=True)
        for file in ("2026-10-01.parquet", "part.parquet"):
            (folder / file).symlink_to(file)
    return truth


def test_a_truth_that_cannot_be_read_disturbs_nobody(house: House) -> None:
    truth = _poison(house.settings)
    with pytest.raises(OSError, match="symbolic links"):
        (truth / "states" / "part.parquet").read_bytes()
    house.land_usage("2026-10-01")
    house.land_usage("2026-10-02", start=10)
    with _watching(truth) as seen:
        assert house.run("2026-10-01", "2026-10-02").success
    assert seen == []
    assert house.published
