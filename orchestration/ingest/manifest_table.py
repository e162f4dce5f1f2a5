"""The manifest as a Parquet table, for SQL: the newest decision about every file."""

from __future__ import annotations

import io

import polars as pl

from orchestration.durable import write_durably
from orchestration.ingest.manifest import Manifest
from orchestration.settings import Settings

SCHEMA: dict[str, pl.DataType] = {
    "system": pl.String(),
    "feed": pl.String(),
    "file": pl.String(),
    "status": pl.String(),
    "folder_on": pl.Date(),
    "delivered_on": pl.Date(),
    "content_sha256": pl.String(),
    "records_in": pl.Int64(),
    "row_count": pl.Int64(),
    "quarantined": pl.Int64(),
    "blank": pl.Int64(),
    "reason_code": pl.String(),
    "message": pl.String(),
    "repeat_of": pl.String(),
    "contract_version": pl.String(),
}


def write_manifest_table(settings: Settings, manifest: Manifest) -> None:
    """Write `raw/manifest.parquet` anew; same decisions, same bytes."""
    rows = [
        {name: getattr(entry, name) for name in SCHEMA}
        for _, entry in sorted(manifest.entries.items())
    ]
    buffer = io.BytesIO()
    pl.DataFrame(rows, schema=SCHEMA).write_parquet(buffer, compression="zstd")
    write_durably(settings.raw / "manifest.parquet", buffer.getvalue(), settings.temporary)
