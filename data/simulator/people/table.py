"""A growing table of columns: numpy arrays that are changed in place, saved and read as Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

_POLARS = {"i8": pl.Int64, "f8": pl.Float64, "?": pl.Boolean, "O": pl.String}


class Table:
    """Columns by name; codes are i8, f8, ? and O (text, may be None). Rows are never removed."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self.columns = dict(columns)
        self._size = 0
        self._data = {name: np.empty(64, dtype=code) for name, code in columns.items()}

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, name: str) -> np.ndarray:
        """Return the column; writing into it changes the table."""
        return self._data[name][: self._size]

    def append(
        self, rows: Mapping[str, Sequence[Any] | np.ndarray | Any], count: int
    ) -> np.ndarray:
        """Add rows and return their indexes; a single value counts for all of them."""
        if rows.keys() != self.columns.keys():
            odd = sorted(rows.keys() ^ self.columns.keys())
            raise ValueError(f"columns given and kept differ: {', '.join(odd)}")
        end = self._size + count
        for name, values in rows.items():
            data = self._data[name]
            if end > len(data):
                data = np.concatenate([data, np.empty(max(end, len(data)), dtype=data.dtype)])
                self._data[name] = data
            data[self._size : end] = values
        start, self._size = self._size, end
        return np.arange(start, end)

    def frame(self) -> pl.DataFrame:
        """Return a copy of all rows."""
        return pl.DataFrame(
            {
                name: pl.Series(name, self[name].tolist(), dtype=pl.String)
                if code == "O"
                else pl.Series(name, self[name].copy(), dtype=_POLARS[code])
                for name, code in self.columns.items()
            }
        )

    @classmethod
    def from_frame(cls, columns: Mapping[str, str], frame: pl.DataFrame) -> Table:
        """Return the table that `frame` was made of."""
        table = cls(columns)
        values = {
            name: np.array(frame[name].to_list(), dtype=object)
            if code == "O"
            else frame[name].to_numpy()
            for name, code in columns.items()
        }
        table.append(values, frame.height)
        return table
