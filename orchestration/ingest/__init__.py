"""From landing to raw: every record is a row, quarantined or blank, once, whatever happens.

Read in this order: `landing` (what is there), `days` (which day it counts on), `feeds` (what a run
does), `taking` (in which order), `files` (one file), `verdicts` (what needs no reading), the
readers (`csv_files`, `parquet_files`, `camt_files`, `radius_files`), `validate` (the contract's
line rules), `write`, and `manifest` (the commit point).
"""

from orchestration.ingest.days import Plan, plan
from orchestration.ingest.feeds import (
    FeedResult,
    UndecidedFilesError,
    close_days,
    ingest_feed,
    refuse_strays,
)
from orchestration.ingest.manifest import (
    FileEntry,
    ManifestError,
    read_manifest,
    read_processed_through,
)

__all__ = [
    "FeedResult",
    "FileEntry",
    "ManifestError",
    "Plan",
    "UndecidedFilesError",
    "close_days",
    "ingest_feed",
    "plan",
    "read_manifest",
    "read_processed_through",
    "refuse_strays",
]
