"""One delivered file from landing to raw: identified, read, checked, accounted for, committed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import polars as pl

from orchestration.contracts import Feed, FileFormat
from orchestration.ingest.blocks import Identity, identify_text
from orchestration.ingest.camt_files import CamtReader
from orchestration.ingest.containers import Hold, Refusal, open_stream
from orchestration.ingest.csv_files import CsvReader
from orchestration.ingest.groups import Group
from orchestration.ingest.landing import LandedFile
from orchestration.ingest.manifest import FileEntry, Manifest
from orchestration.ingest.parquet_files import ParquetReader
from orchestration.ingest.quarantine import quarantine_frame
from orchestration.ingest.radius_files import RadiusReader
from orchestration.ingest.records import Reader
from orchestration.ingest.validate import Validator
from orchestration.ingest.verdicts import (
    changed,
    decide_by_identity,
    has_rows,
    may_be_cut_off,
    records_told,
)
from orchestration.ingest.write import Lineage, RowWriter
from orchestration.settings import Settings


class AccountingError(RuntimeError):
    """Records went in that did not come out anywhere: a defect of this house, never of a file."""


@dataclass
class _Totals:
    records: int = 0
    rows: int = 0
    quarantined: int = 0
    blank: int = 0
    rows_sum: Decimal = Decimal(0)


def ingest_file(
    settings: Settings,
    feed: Feed,
    landed: LandedFile,
    group: Group,
    delivered_on: date,
    objection: Refusal | None = None,
) -> FileEntry:
    """Decide about one file, keep its rows if it is good, and record the decision.

    `objection` refuses the file unless it turns out to be a repeat. Returns the entry that now
    stands in the manifest. Never raises for what a file holds; raises
    OSError when the machine fails, with nothing half-done left behind.
    """
    manifest = group.manifest
    entry = FileEntry(
        status="ingested",
        system=feed.system,
        feed=feed.name,
        file=landed.file,
        folder_on=landed.folder_on,
        delivered_on=delivered_on,
        size_bytes=landed.size_bytes,
        modified_ns=landed.modified_ns,
        contract_version=feed.version,
        contract_digest=feed.digest,
    )
    identity: Identity | None = None
    told: Reader | None = None
    try:
        file_format = feed.format_for(landed.file)
        if file_format is None:
            known = ", ".join(item.name for item in feed.formats)
            raise Refusal(
                "UNKNOWN_FORMAT", f"{landed.file}: {feed.id} is delivered as {known} (by suffix)"
            )
        identity = identify(settings, feed, file_format, landed)
        entry = replace(entry, content_sha256=identity.content_sha256)
        decided = decide_by_identity(settings, manifest, entry, identity)
        if decided is not None:
            return _record(manifest, decided)
        if objection is not None:
            raise objection
        with open_reader(settings, feed, file_format, landed) as reader:
            told = reader
            return _keep(settings, feed, reader, group, entry, identity)
    except (Refusal, Hold) as why:
        before = manifest.entries.get(entry.key)
        if before is not None and has_rows(before):
            if isinstance(why, Hold):
                return before
            return _record(manifest, changed(manifest, before, entry, None))
        status = "refused" if isinstance(why, Refusal) else "held"
        if may_be_cut_off(settings, entry, why):
            status = "held"
        entry = replace(
            entry,
            status=status,
            delivered_on=None,
            records_in=records_told(identity, told),
            reason_code=why.reason_code,
            message=why.message,
        )
        return _record(manifest, entry)


def _record(manifest: Manifest, entry: FileEntry) -> FileEntry:
    if manifest.entries.get(entry.key) != entry:
        manifest.add(entry)
    return entry


def identify(
    settings: Settings, feed: Feed, file_format: FileFormat, landed: LandedFile
) -> Identity:
    """Hash and count a file without judging what is in it."""
    if file_format.name == "parquet":
        return ParquetReader(feed, landed, settings).identify()
    with open_stream(landed, settings) as stream:
        found = identify_text(stream, settings)
    return replace(found, line_records=file_format.name == "csv")


@contextmanager
def open_reader(
    settings: Settings, feed: Feed, file_format: FileFormat, landed: LandedFile
) -> Iterator[Reader]:
    """Open the reader of the file's format."""
    if file_format.name == "parquet":
        yield ParquetReader(feed, landed, settings)
        return
    with open_stream(landed, settings) as stream:
        if file_format.name == "csv":
            yield CsvReader(feed, file_format, stream, landed.file, settings)
        elif file_format.name == "radius":
            yield RadiusReader(feed, stream, landed.file, settings)
        else:
            yield CamtReader(feed, stream, landed.file, settings)


def _keep(
    settings: Settings,
    feed: Feed,
    reader: Reader,
    group: Group,
    entry: FileEntry,
    identity: Identity,
) -> FileEntry:
    """Read, check and write the file; hand it on only when everything about it agrees."""
    assert entry.delivered_on and entry.folder_on  # noqa: S101  set by the caller
    name = f"{entry.delivered_on.isoformat()}/{identity.content_sha256[:24]}.parquet"
    raw_path = f"raw/{feed.id}/{name}"
    quarantine_path = f"quarantine/{feed.id}/{name}"
    lineage = Lineage(entry.file, entry.delivered_on, entry.folder_on, identity.content_sha256)
    validator = Validator(feed)
    with ExitStack() as stack:
        rows = stack.enter_context(RowWriter(settings.data / raw_path, settings.temporary))
        broken = stack.enter_context(RowWriter(settings.data / quarantine_path, settings.temporary))
        totals = _read_all(feed, reader, validator, rows, broken, lineage)
        _check_account(reader, totals, identity, entry.file)
        retyped = validator.retyped()
        if retyped:
            raise Refusal(
                "RETYPED",
                f"{entry.file}: most values of {', '.join(retyped)} are not of the contract's type:"
                " the source changed; correct it, or the contract",
            )
        exact = totals.rows_sum if reader.sum_column and not totals.quarantined else None
        reader.check_totals(totals.rows + totals.quarantined, exact)
        warnings = list(reader.warnings)
        if identity.ends_open:
            warnings.append(f"{entry.file}: the last line has no line end; it was taken as it is")
        entry = replace(
            entry,
            records_in=totals.records,
            row_count=totals.rows,
            quarantined=totals.quarantined,
            blank=totals.blank,
            warnings=tuple(warnings),
            file_columns=reader.file_columns,
            raw_path=raw_path if totals.rows else None,
            quarantine_path=quarantine_path if totals.quarantined else None,
        )
        return commit(group, entry, rows, broken, stack)


def commit(
    group: Group, entry: FileEntry, rows: RowWriter, broken: RowWriter, stack: ExitStack
) -> FileEntry:
    """Finish the written files and hand them, with the decision, to the group that will count."""
    pairs = [(entry.raw_path, rows), (entry.quarantine_path, broken)]
    wanted = [(path, writer) for path, writer in pairs if path]
    for _, writer in wanted:
        writer.finish()
    if entry.raw_path:
        entry = replace(entry, raw_sha256=rows.sha256)
    group.add(entry, wanted, stack)
    return entry


def _read_all(
    feed: Feed,
    reader: Reader,
    validator: Validator,
    rows: RowWriter,
    broken: RowWriter,
    lineage: Lineage,
) -> _Totals:
    totals = _Totals()
    for batch in reader:
        checked = validator.check(batch.frame)
        totals.records += batch.counted
        totals.rows += checked.good
        totals.blank += batch.blank
        if reader.sum_column:
            totals.rows_sum += _exact_sum(checked.rows[reader.sum_column])
        if checked.good:
            rows.add(lineage.stamp(checked.rows))
        if batch.rejects or checked.broken.height:
            quarantined = quarantine_frame(feed, batch, checked, validator, lineage)
            totals.quarantined += quarantined.height
            broken.add(quarantined)
    return totals


def _exact_sum(column: pl.Series) -> Decimal:
    # 64 bits hold every value, not every sum
    wide = column.cast(pl.Int128) if column.dtype == pl.Int64 else column
    return Decimal(str(wide.sum() or 0))


def _check_account(reader: Reader, totals: _Totals, identity: Identity, file: str) -> None:
    if totals.records != totals.rows + totals.quarantined + totals.blank:
        raise AccountingError(
            f"{file}: {totals.records} records in, but {totals.rows} rows, {totals.quarantined} "
            f"quarantined and {totals.blank} blank"
        )
    expected = reader.expected(identity)
    if expected is not None and expected != totals.records:
        raise AccountingError(
            f"{file}: counted {expected} records before parsing, {totals.records} while parsing"
        )
