"""What every test shares: settings over a temporary data folder, and a way to land a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.settings import Settings

# a moment well before any test: files look as if nobody wrote to them for a long time
LONG_AGO = 1_600_000_000

# tests write files and read them at once; those about growing files say so themselves
os.environ["TOLLHOUSE_SETTLE_SECONDS"] = "0"
os.environ["TOLLHOUSE_OPEN_END_SECONDS"] = "0"

Land = Callable[..., Path]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", lock_wait_seconds=0)


@pytest.fixture
def land(settings: Settings) -> Land:
    """Return a function that puts a file into landing: land("crm/customers", "2026-10-01", ...)."""

    def put(feed: str, day: str, name: str, content: bytes | str, *, fresh: bool = False) -> Path:
        folder = settings.landing / feed / day
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if not fresh:
            os.utime(path, (LONG_AGO, LONG_AGO))
        return path

    return put
