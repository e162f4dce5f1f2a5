"""What a run did with the delivered files, as text for a person: a table and the reasons."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from orchestration.console import table
from orchestration.ingest import FileEntry

_COLUMNS = ("files", "records", "rows", "quarantined", "repeats", "refused", "held")
# more would scroll the table away; the manifest has all of them
_MOST_REASONS = 15


def decided_since(before: Iterable[FileEntry], after: Iterable[FileEntry]) -> list[FileEntry]:
    """Return the decisions that are in `after` and not in `before`."""
    known = {entry.key: entry for entry in before}
    return [entry for entry in after if known.get(entry.key) != entry]


def counts_by_system(entries: Iterable[FileEntry]) -> dict[str, Counter[str]]:
    """Count files and records by system."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in entries:
        seen = counts[entry.system]
        if entry.status == "ingested":
            seen["files"] += 1
            seen["records"] += entry.records_in or 0
            seen["rows"] += entry.row_count
            seen["quarantined"] += entry.quarantined
        elif entry.status == "repeat":
            seen["repeats"] += 1
        else:
            seen[entry.status] += 1
    return dict(sorted(counts.items()))


def reasons_of(entries: Sequence[FileEntry]) -> list[str]:
    """Return one line for each file that was refused or held."""
    lines = [
        f"  {entry.status}: {entry.file}: {entry.reason_code}: {entry.message or ''}".rstrip()
        for entry in entries
        if entry.status in ("refused", "held")
    ]
    more = len(lines) - _MOST_REASONS
    return lines[:_MOST_REASONS] + ([f"  and {more} more"] if more > 0 else [])


def report_of(entries: Sequence[FileEntry]) -> str:
    """Return the table by system and the reasons below it."""
    if not entries:
        return "\nNo new file."
    counts = counts_by_system(entries)
    total: Counter[str] = sum(counts.values(), Counter())
    rows = [
        [name, *(f"{seen[column]:,}" for column in _COLUMNS)]
        for name, seen in [*counts.items(), ("all", total)]
    ]
    return "\n".join(["", table(("system", *_COLUMNS), rows), *reasons_of(entries)])
