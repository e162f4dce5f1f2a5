"""Fixtures of the Dagster tests."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

with warnings.catch_warnings():
    # a library below dagster-dbt says at import that its successor has another name
    warnings.filterwarnings("ignore", "sqlglotrs is deprecated", DeprecationWarning)
    from tests.orchestration.house import House, open_house


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    # set by whoever opens the instance; given back after the test
    for name in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY", "DAGSTER_EVENT_BATCH_SIZE"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    with open_house(tmp_path) as opened:
        yield opened
