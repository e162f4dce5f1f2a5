"""What can be said of a file without reading it: known, changed, or perhaps still growing."""

from __future__ import annotations

import time
from dataclasses import replace

from orchestration.ingest.blocks import Identity
from orchestration.ingest.containers import Hold, Refusal
from orchestration.ingest.manifest import FileEntry, Manifest
from orchestration.ingest.records import Reader
from orchestration.settings import Settings

# what a cut-off file looks like; while it is young, it is taken for one that still grows
_CUT_OFF = ("DAMAGED_PACKING", "DAMAGED_FILE", "BAD_XML")


def decide_by_identity(
    settings: Settings, manifest: Manifest, entry: FileEntry, identity: Identity
) -> FileEntry | None:
    """Return a decision that needs no reading: known content, a changed or a growing file."""
    before = manifest.entries.get(entry.key)
    if before is not None and has_rows(before):
        if before.content_sha256 == entry.content_sha256:
            # touched, not changed: nothing to count
            return replace(before, size_bytes=entry.size_bytes, modified_ns=entry.modified_ns)
        return changed(manifest, before, entry, identity)
    twin = manifest.twin(entry.feed_id, identity.content_sha256)
    if twin is not None:
        return replace(
            entry,
            status="repeat",
            repeat_of=twin.file,
            records_in=twin.records_in,
            reason_code="REPEAT",
            message=f"{entry.file}: same content as {twin.file}",
        )
    rest = settings.open_end_seconds if identity.ends_open else settings.settle_seconds
    if _age(entry) < max(rest, settings.settle_seconds):
        what = "the last line has no line end and " if identity.ends_open else ""
        raise Hold(
            "GROWING",
            f"{entry.file}: {what}the file changed just now: it looks as if it is still being "
            f"written; it is read once it rests for {rest:g} seconds",
        )
    return None


def has_rows(entry: FileEntry) -> bool:
    """Whether something of the file was taken, so that another content is a change."""
    return entry.status == "ingested" and bool(entry.row_count or entry.quarantined)


def _age(entry: FileEntry) -> float:
    """Seconds since the file was written to; a time ahead of the clock says nothing."""
    age = time.time() - (entry.modified_ns or 0) / 1e9
    return age if age >= 0 else float("inf")


def changed(
    manifest: Manifest, before: FileEntry, entry: FileEntry, identity: Identity | None
) -> FileEntry:
    """Hold what a file became after it was taken; `identity` is None when that is unreadable."""
    # what was ingested stands; the file is known in its new shape, so it is not read again
    manifest.add(replace(before, size_bytes=entry.size_bytes, modified_ns=entry.modified_ns))
    mark = identity.content_sha256[:12] if identity else f"{entry.modified_ns:x}"
    return replace(
        entry,
        status="held",
        file=f"{entry.file}@{mark}",
        delivered_on=None,
        records_in=records_told(identity, None),
        reason_code="CHANGED_AFTER_INGEST",
        message=f"{entry.file}: changed after it was ingested ({before.size_bytes:,} bytes then, "
        f"{entry.size_bytes:,} now); what was ingested stands: deliver what is new in a file of "
        "another name",
    )


def may_be_cut_off(settings: Settings, entry: FileEntry, why: Refusal | Hold) -> bool:
    """Whether a refused file is so young that it may just not be complete yet."""
    return why.reason_code in _CUT_OFF and _age(entry) < settings.open_end_seconds


def records_told(identity: Identity | None, reader: Reader | None) -> int | None:
    """Record count of a file whose rows are not taken, as far as it was read."""
    if identity is None:
        return None
    if reader is not None:
        return reader.records_told(identity)
    return identity.lines if identity.line_records else None
