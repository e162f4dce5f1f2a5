"""What tests of the simulator do all the time: make a small world and read what it delivered."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.simulator import steps
from data.simulator.knobs import Knobs
from data.simulator.network import Network

DELIVERY_DAY = "_delivered_on"


def quiet_world(data: Path, knobs: Knobs, until: date | None = None) -> Path:
    """Simulate a world in which nobody calls: life is tested without its millions of records."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Network, "traffic", lambda *_: {})
        for day in steps.step_days(knobs):
            steps.simulate(data, knobs, min(day, until or knobs.last_on))
    return data


def feeds(data: Path) -> list[str]:
    """Return the feeds that were delivered."""
    folders = (path.relative_to(data / "landing") for path in (data / "landing").glob("*/*"))
    return sorted(folder.as_posix() for folder in folders)


def rows(data: Path, feed: str) -> pl.DataFrame:
    """Return all rows of a CSV feed with the day on which each was delivered."""
    frames = [
        pl.read_csv(path, infer_schema=False).with_columns(
            pl.lit(date.fromisoformat(path.parent.name)).alias(DELIVERY_DAY)
        )
        for path in sorted((data / "landing" / feed).rglob("*.csv"))
    ]
    if not frames:
        raise FileNotFoundError(f"nothing of {feed} was delivered below {data}")
    return pl.concat(frames)


def digests(data: Path) -> dict[str, str]:
    """Return the digest of every delivered file by its path below landing."""
    landing = data / "landing"
    return {
        path.relative_to(landing).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(landing.rglob("*"))
        if path.is_file()
    }


def stamps(column: str) -> pl.Expr:
    """Read a column of UTC times."""
    return pl.col(column).str.to_datetime("%Y-%m-%dT%H:%M:%SZ")


def local_days(column: str) -> pl.Expr:
    """Return the operator's local day of a column of UTC times."""
    zoned = stamps(column).dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Berlin")
    return zoned.dt.date()
