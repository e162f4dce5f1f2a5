"""What the simulator knows and nobody else may read: `<data>/truth/<table>/<until>.parquet`.

Tests compare the marts with it; pipeline code that reads it is a defect (a test looks for that).
State lies beside it: a folder per step, and one small file, replaced in one move, that names the
folder that counts.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl


@dataclass(frozen=True)
class State:
    """What the next step needs: frames by name, and small values that JSON can hold."""

    until: date
    scalars: Mapping[str, Any]
    frames: Mapping[str, pl.DataFrame] = field(default_factory=dict)


class Truth:
    """Tables by name, one part per step; and the state from which the next step goes on."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def add(
        self, table: str, until: date, rows: pl.DataFrame | Iterable[Mapping[str, Any]]
    ) -> None:
        """Write the part of a table that a step adds; an empty part is not written."""
        frame = (
            rows
            if isinstance(rows, pl.DataFrame)
            else pl.DataFrame(list(rows), infer_schema_length=None)
        )
        if frame.is_empty():
            return
        path = self.root / table / f"{until}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(path, compression="zstd")

    def read(self, table: str) -> pl.DataFrame:
        """Return all parts of a table; raises FileNotFoundError when there is none."""
        parts = sorted((self.root / table).glob("*.parquet"))
        if not parts:
            raise FileNotFoundError(f"no truth about {table} below {self.root}")
        return pl.concat([pl.read_parquet(part) for part in parts], how="vertical_relaxed")

    def newest(self, table: str) -> pl.DataFrame:
        """Return the last part of a table that each step writes anew, as a whole."""
        parts = sorted((self.root / table).glob("*.parquet"))
        if not parts:
            raise FileNotFoundError(f"no truth about {table} below {self.root}")
        return pl.read_parquet(parts[-1])

    def forget_after(self, until: date | None) -> None:
        """Remove parts that a step wrote and did not live to confirm."""
        for part in self.root.glob("*/*.parquet"):
            if part.parent != self._states and (until is None or part.stem > until.isoformat()):
                part.unlink()

    @property
    def _states(self) -> Path:
        return self.root / "state"

    def save_state(self, state: State) -> None:
        """Keep what is needed to go on after `state.until`; older state goes away."""
        folder = self._states / state.until.isoformat()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, frame in state.frames.items():
            frame.write_parquet(folder / f"{name}.parquet", compression="zstd")
        (folder / "scalars.json").write_text(json.dumps(dict(state.scalars)), encoding="utf-8")
        half = self._states / "current.part"
        half.write_text(json.dumps({"until": state.until.isoformat()}), encoding="utf-8")
        half.replace(self._states / "current.json")
        for other in self._states.iterdir():
            if other.is_dir() and other != folder:
                shutil.rmtree(other)

    def load_state(self) -> State | None:
        """Return the state as last saved, None when the world has not begun."""
        current = self._states / "current.json"
        if not current.exists():
            return None
        until = json.loads(current.read_text(encoding="utf-8"))["until"]
        folder = self._states / until
        return State(
            until=date.fromisoformat(until),
            scalars=json.loads((folder / "scalars.json").read_text(encoding="utf-8")),
            frames={path.stem: pl.read_parquet(path) for path in sorted(folder.glob("*.parquet"))},
        )
