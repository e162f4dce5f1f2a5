"""The table of records that could not become rows: where they stand, why, what was delivered."""

from __future__ import annotations

import polars as pl

from orchestration.contracts import Feed
from orchestration.ingest.records import Batch, as_text
from orchestration.ingest.validate import Checked, Validator
from orchestration.ingest.write import Lineage

QUARANTINE_SCHEMA: dict[str, pl.DataType] = {
    "system": pl.String(),
    "feed": pl.String(),
    "_file": pl.String(),
    "_record": pl.Int64(),
    "reason_code": pl.String(),
    "column_name": pl.String(),
    "value": pl.String(),
    "message": pl.String(),
    "raw_text": pl.String(),
    "_delivered_on": pl.Date(),
    "_folder_on": pl.Date(),
    "_content_sha256": pl.String(),
}
# more of a value does not help to understand what is wrong with it; the raw record has it all
_VALUE_CHARACTERS = 1_000


def quarantine_frame(
    feed: Feed, batch: Batch, checked: Checked, validator: Validator, lineage: Lineage
) -> pl.DataFrame:
    """Rows of quarantine for one batch, in record order: unreadable and contract-breaking ones."""
    found = [
        (item.record, item.reason_code, item.column, item.value, item.message, item.raw_text)
        for item in batch.rejects
    ]
    for record, column, code, value in checked.broken.iter_rows():
        message = f"record {record}: {validator.explain(column, code, value)}"
        shown = value[:_VALUE_CHARACTERS] if value else value
        found.append((record, code, column, shown, message, as_text(batch.raw(record))))
    names = ("_record", "reason_code", "column_name", "value", "message", "raw_text")
    frame = pl.DataFrame(
        sorted(found, key=lambda item: item[0]),
        schema={name: QUARANTINE_SCHEMA[name] for name in names},
        orient="row",
    )
    return lineage.stamp(frame).select(
        pl.lit(feed.system).alias("system"),
        pl.lit(feed.name).alias("feed"),
        *list(QUARANTINE_SCHEMA)[2:],
    )
