"""From landing to raw: every record is a row, quarantined or blank, once, whatever happens.

Read in this order: `landing` (what is there), `feeds` (which day it counts on), `files` (one file),
the readers `csv_files`, `parquet_files`, `camt_files`, `radius_files`, `validate` (the contract's
line rules), `write`, and `manifest` (the commit point).
"""

from orchestration.ingest.feeds import (
    FeedResult,
    Plan,
    close_days,
    ingest_feed,
    plan,
    refuse_strays,
)
from orchestration.ingest.manifest import FileEntry, ManifestError, read_manifest

__all__ = [
    "FeedResult",
    "FileEntry",
    "ManifestError",
    "Plan",
    "close_days",
    "ingest_feed",
    "plan",
    "read_manifest",
    "refuse_strays",
]
