"""Corrected quarantine: rows of `operations/quarantine_replays` become rows of the feed they name.

The quarantined record stays where it is; its correction enters the feed as a row whose `_file` and
`_record` are those of the replay row, which in turn names the original. Both versions stay.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from datetime import date

import polars as pl

from orchestration.contracts import Feed, load_feeds
from orchestration.ingest.blocks import Block
from orchestration.ingest.delimited import LineParser
from orchestration.ingest.files import commit
from orchestration.ingest.groups import decided_together
from orchestration.ingest.manifest import FileEntry, Manifest
from orchestration.ingest.quarantine import quarantine_frame
from orchestration.ingest.records import RECORD, Batch, Reject
from orchestration.ingest.validate import Validator
from orchestration.ingest.write import Lineage, RowWriter
from orchestration.settings import Settings

REPLAYS = "operations/quarantine_replays"


def apply_replays(settings: Settings, manifest: Manifest, as_of: date) -> tuple[FileEntry, ...]:
    """Book the corrections delivered up to `as_of` that were not booked yet."""
    feeds = load_feeds(settings.contracts)
    done: list[FileEntry] = []
    for replay in manifest.of_feed(REPLAYS):
        if replay.status != "ingested" or replay.raw_path is None:
            continue
        if replay.delivered_on is None or replay.delivered_on > as_of:
            continue
        rows = pl.read_parquet(settings.data / replay.raw_path)
        targets = rows.select("quarantined_system", "quarantined_feed").unique().sort(pl.all())
        for system, name in targets.iter_rows():
            feed = feeds.get(f"{system}/{name}")
            if feed is None or feed.id == REPLAYS:
                done += _tell_unknown(manifest, replay, f"{system}/{name}")
                continue
            if (feed.id, replay.file) in manifest.entries:
                continue
            wanted = rows.filter(
                pl.col("quarantined_system") == system, pl.col("quarantined_feed") == name
            )
            done.append(_replay(settings, manifest, feed, replay, wanted))
    return tuple(done)


def _tell_unknown(manifest: Manifest, replay: FileEntry, feed_id: str) -> list[FileEntry]:
    """Record once that some corrections of a replay file go to no feed."""
    entry = FileEntry(
        status="refused",
        system=replay.system,
        feed=replay.feed,
        file=f"{replay.file}@{feed_id}",
        folder_on=replay.folder_on,
        reason_code="NOTHING_TO_REPLAY",
        message=f"{replay.file}: corrections for {feed_id!r} were left out: "
        + ("give the replay itself anew" if feed_id == REPLAYS else "no contract knows that feed"),
    )
    if manifest.entries.get(entry.key) == entry:
        return []
    manifest.add(entry)
    return [entry]


def _replay(
    settings: Settings, manifest: Manifest, feed: Feed, replay: FileEntry, rows: pl.DataFrame
) -> FileEntry:
    assert replay.delivered_on and replay.folder_on and replay.content_sha256  # noqa: S101  ingested
    validator = Validator(feed)
    lineage = Lineage(replay.file, replay.delivered_on, replay.folder_on, replay.content_sha256)
    batch = _once(settings, manifest, feed, rows, _batch(manifest, feed, rows, settings))
    checked = validator.check(batch.frame)
    quarantined = quarantine_frame(feed, batch, checked, validator, lineage)
    place = f"{feed.id}/{replay.delivered_on.isoformat()}"
    name = f"replay-{replay.content_sha256[:24]}.parquet"
    entry = FileEntry(
        status="ingested",
        system=feed.system,
        feed=feed.name,
        file=replay.file,
        folder_on=replay.folder_on,
        delivered_on=replay.delivered_on,
        records_in=rows.height,
        row_count=checked.good,
        quarantined=quarantined.height,
        blank=batch.blank,
        raw_path=f"raw/{place}/{name}" if checked.good else None,
        quarantine_path=f"quarantine/{place}/{name}" if quarantined.height else None,
        contract_version=feed.version,
        contract_digest=feed.digest,
    )
    with decided_together(settings, manifest) as group, ExitStack() as stack:
        good = stack.enter_context(
            RowWriter(settings.data / f"raw/{place}/{name}", settings.temporary)
        )
        broken = stack.enter_context(
            RowWriter(settings.data / f"quarantine/{place}/{name}", settings.temporary)
        )
        if checked.good:
            good.add(lineage.stamp(checked.rows))
        if quarantined.height:
            broken.add(quarantined)
        return commit(group, entry, good, broken, stack)


def _batch(manifest: Manifest, feed: Feed, rows: pl.DataFrame, settings: Settings) -> Batch:
    """Parse each corrected line in the layout of the file that it corrects."""
    frames: list[pl.DataFrame] = []
    rejects: list[Reject] = []
    texts: dict[int, bytes] = {}
    broken: dict[str, set[int]] = {}
    for row in rows.iter_rows(named=True):
        number = row[RECORD]
        text = row["corrected_text"].encode()
        texts[number] = text
        file, record = row["quarantined_file"], row["quarantined_record"]
        if file not in broken:
            broken[file] = _quarantined(settings, manifest, feed, file)
        if record not in broken[file]:
            message = (
                f"record {number}: {file} has no quarantined record {record} in {feed.id}: "
                "correct the file name or the number"
            )
            rejects.append(Reject(number, "NOTHING_TO_REPLAY", message, text))
            continue
        columns, delimiter = _shape(settings, manifest, feed, file, record)
        # a correction is one record: a line end in it makes a reject, never a second row
        line = text.replace(b"\n", b"\r")
        parsed = LineParser(columns, delimiter).parse(Block(line + b"\n", number, 1))
        rejects += [Reject(number, item.reason_code, item.message, text) for item in parsed.rejects]
        if parsed.frame.height == 1:
            known = [name for name in feed.column_names if name in columns]
            frames.append(parsed.frame.select(RECORD, *known))
        elif not parsed.rejects:
            message = f"record {number}: corrected_text must hold exactly one record"
            rejects.append(Reject(number, "NOT_ONE_RECORD", message, text))
    schema: dict[str, type[pl.DataType]] = {RECORD: pl.Int64}
    schema |= dict.fromkeys(feed.column_names, pl.String)
    frame = pl.concat([pl.DataFrame(schema=schema), *frames], how="diagonal")
    return Batch(frame, rows.height, texts.__getitem__, rejects)


def _once(
    settings: Settings, manifest: Manifest, feed: Feed, rows: pl.DataFrame, batch: Batch
) -> Batch:
    """Set aside good corrections of records that were corrected before: they would count twice."""
    spent = _corrected(settings, manifest, feed)
    good = set(Validator(feed).check(batch.frame).rows[RECORD])
    places = {
        number: _origin(settings, manifest, file, record)
        for number, file, record in rows.select(
            RECORD, "quarantined_file", "quarantined_record"
        ).iter_rows()
    }
    rejects = list(batch.rejects)
    again: list[int] = []
    for number in sorted(good):
        place = places[number]
        if place in spent:
            message = (
                f"record {number}: record {place[1]} of {place[0]} is corrected already by "
                f"{spent[place]}: a second row of it would count twice"
            )
            again.append(number)
            rejects.append(Reject(number, "ALREADY_CORRECTED", message, batch.raw(number)))
        else:
            spent[place] = f"record {number} of this file"
    frame = batch.frame.filter(~pl.col(RECORD).is_in(again))
    return replace(batch, frame=frame, rejects=rejects)


def _corrected(settings: Settings, manifest: Manifest, feed: Feed) -> dict[tuple[str, int], str]:
    """Records of a feed that corrections already made rows of, and the correction of each."""
    found: dict[tuple[str, int], str] = {}
    for replay in manifest.of_feed(REPLAYS):
        booked = manifest.entries.get((feed.id, replay.file))
        if booked is None or booked.raw_path is None or replay.raw_path is None:
            continue
        good = pl.read_parquet(settings.data / booked.raw_path, columns=[RECORD])[RECORD].implode()
        rows = pl.read_parquet(settings.data / replay.raw_path).filter(
            pl.col("quarantined_system") == feed.system,
            pl.col("quarantined_feed") == feed.name,
            pl.col(RECORD).is_in(good),
        )
        names = (RECORD, "quarantined_file", "quarantined_record")
        for number, file, record in rows.select(names).iter_rows():
            place = _origin(settings, manifest, file, record)
            found.setdefault(place, f"record {number} of {replay.file}")
    return found


def _quarantined(settings: Settings, manifest: Manifest, feed: Feed, file: str) -> set[int]:
    """Numbers of the records of a file that are in quarantine."""
    original = manifest.entries.get((feed.id, file))
    if original is None or original.quarantine_path is None:
        return set()
    path = settings.data / original.quarantine_path
    return set(pl.read_parquet(path, columns=[RECORD])[RECORD])


def _shape(
    settings: Settings, manifest: Manifest, feed: Feed, file: str, record: int
) -> tuple[tuple[str, ...], str]:
    """Columns and delimiter of the text that quarantine shows for a record."""
    file, _ = _origin(settings, manifest, file, record)
    original = manifest.entries.get((feed.id, file))
    file_format = feed.format_for(file)
    if original and original.file_columns and file_format and file_format.name == "csv":
        return original.file_columns, file_format.delimiter
    # typed and tagged formats are shown, and corrected, as the contract's columns
    return feed.column_names, ","


def _origin(settings: Settings, manifest: Manifest, file: str, record: int) -> tuple[str, int]:
    """Return the record at the bottom of a correction of a correction."""
    seen: set[tuple[str, int]] = set()
    while (replay := manifest.entries.get((REPLAYS, file))) and (file, record) not in seen:
        seen.add((file, record))
        if replay.raw_path is None:
            break
        rows = pl.read_parquet(settings.data / replay.raw_path).filter(pl.col(RECORD) == record)
        if rows.is_empty():
            break
        file, record = rows["quarantined_file"][0], rows["quarantined_record"][0]
    return file, record
