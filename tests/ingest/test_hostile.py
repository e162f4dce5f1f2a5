"""Files made to hurt: refused or quarantined with a reason, never followed, never a burden."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import socket
import zipfile
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.contracts import load_feeds
from orchestration.ingest import refuse_strays
from orchestration.settings import Settings
from tests.conftest import Land
from tests.ingest import usage
from tests.ingest.world import (
    DAY,
    assert_accounted,
    broken,
    entries,
    entry,
    ingest,
    packed,
    parquet_of,
    rows,
)

BANK = "payments/bank_statements"
MEGABYTE = 1 << 20


def _zip(text: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", text)
    return buffer.getvalue()


def _zstd(text: bytes) -> bytes:
    return bytes(pa.compress(text, codec="zstd", asbytes=True))


TEXT = usage.usages(50).encode()
FILES = {
    "gzip in gzip": ("csv", gzip.compress(gzip.compress(TEXT)), "UNKNOWN_PACKING", "packed twice"),
    "zstd in gzip": ("csv", gzip.compress(_zstd(TEXT)), "UNKNOWN_PACKING", "packed twice"),
    "zip in gzip": ("csv", gzip.compress(_zip(TEXT)), "UNKNOWN_PACKING", "a zip archive"),
    "zip": ("csv", _zip(TEXT), "UNKNOWN_PACKING", "a zip archive"),
    "bzip2": ("csv", bz2.compress(TEXT), "UNKNOWN_PACKING", "a bzip2 file"),
    "xz": ("csv", lzma.compress(TEXT), "UNKNOWN_PACKING", "an xz file"),
    "half a gzip": ("csv", gzip.compress(TEXT)[:-40], "DAMAGED_PACKING", "transfer it again"),
    "gzip with a tail": ("csv", gzip.compress(TEXT) + b"tail", "DAMAGED_PACKING", "transfer"),
    "flipped gzip": ("csv", gzip.compress(TEXT)[:-6] + b"\0" * 6, "DAMAGED_PACKING", "transfer"),
    "gzip magic alone": ("csv", b"\x1f\x8b", "DAMAGED_PACKING", "transfer"),
    "half a zstd": ("csv", _zstd(TEXT)[:-9], "DAMAGED_PACKING", "transfer"),
    "zstd magic alone": ("csv", b"\x28\xb5\x2f\xfd", "DAMAGED_PACKING", "transfer"),
    "NUL": ("csv", bytes(5000), "HEADER", "lacks"),
    "many NUL": ("csv", bytes(3 * MEGABYTE), "TOO_MANY_COLUMNS", "never ends"),
    "many columns": (
        "csv",
        b",".join(b"c%d" % n for n in range(10_000)),
        "TOO_MANY_COLUMNS",
        "512",
    ),
    "binary": ("csv", bytes(range(255, 1, -1)), "BAD_HEADER", "line 1"),
    "parquet as csv": ("csv", packed(parquet_of(TEXT.decode())), "BAD_HEADER", "line 1"),
    "csv as parquet": ("parquet", TEXT, "DAMAGED_FILE", "cannot be read as Parquet"),
    "empty parquet": ("parquet", b"", "DAMAGED_FILE", "cannot be read as Parquet"),
    "half a parquet": (
        "parquet",
        packed(parquet_of(TEXT.decode()))[:-300],
        "DAMAGED_FILE",
        "Parquet",
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_a_hostile_file_is_refused_with_a_reason(settings: Settings, land: Land, case: str) -> None:
    suffix, data, reason, hint = FILES[case]
    land(usage.FEED, DAY, f"x.{suffix}", data)
    land(usage.FEED, DAY, "y.csv", usage.usages(1))
    ingest(settings)
    told = entry(settings, f"x.{suffix}")
    assert (told.status, told.reason_code) == ("refused", reason), told.message
    assert hint in str(told.message)
    assert told.file in str(told.message)
    assert len(str(told.message)) < 1000
    assert rows(settings).height == 1
    assert list(settings.temporary.iterdir()) == []


def _frame() -> pl.DataFrame:
    return parquet_of(TEXT.decode())


PARQUETS = {
    "text for a number": (_frame().with_columns(pl.col("quantity").cast(pl.String)), "quantity is"),
    "float for a number": (_frame().with_columns(pl.col("quantity").cast(pl.Float64)), "double"),
    "unsigned 64 bits": (_frame().with_columns(pl.col("quantity").cast(pl.UInt64)), "uint64"),
    "text for a time": (_frame().with_columns(pl.col("started_at").cast(pl.String)), "started_at"),
    "number for text": (_frame().with_columns(other_number=pl.lit(49)), "other_number"),
    "list": (_frame().with_columns(area_id=pl.concat_list("area_id", "area_id")), "area_id is"),
    "struct": (_frame().with_columns(area_id=pl.struct("area_id", "quantity")), "area_id is"),
    "bytes": (_frame().with_columns(pl.col("area_id").cast(pl.Binary)), "binary"),
}


@pytest.mark.parametrize("case", PARQUETS)
def test_parquet_of_other_types_is_refused(settings: Settings, land: Land, case: str) -> None:
    frame, hint = PARQUETS[case]
    land(usage.FEED, DAY, "x.parquet", packed(frame))
    ingest(settings)
    assert (entry(settings, "x.parquet").status, entry(settings, "x.parquet").reason_code) == (
        "refused",
        "RETYPED",
    )
    assert hint in str(entry(settings, "x.parquet").message)


def test_parquet_text_that_is_not_utf8_is_refused(settings: Settings, land: Land) -> None:
    table = _frame().to_arrow()
    ugly = pa.array([b"\xff\xfe"] * table.num_rows, pa.binary()).view(pa.string())
    buffer = io.BytesIO()
    at = table.schema.get_field_index("area_id")
    pq.write_table(table.set_column(at, "area_id", ugly), buffer)
    land(usage.FEED, DAY, "x.parquet", buffer.getvalue())
    ingest(settings)
    assert entry(settings, "x.parquet").reason_code == "DAMAGED_FILE"


def test_parquet_values_that_break_rules_are_quarantined(settings: Settings, land: Land) -> None:
    frame = _frame().with_columns(
        usage_type=pl.when(pl.col("usage_id") == "U1").then(pl.lit("fax")).otherwise("usage_type"),
        served_number=pl.when(pl.col("usage_id") == "U2")
        .then(pl.lit(""))
        .otherwise("served_number"),
    )
    land(usage.FEED, DAY, "x.parquet", packed(frame))
    ingest(settings)
    told = broken(settings)
    assert [(item["_record"], item["reason_code"]) for item in told] == [
        (1, "NOT_IN_VALUE_SET"),
        (2, "MISSING_VALUE"),
    ]
    assert told[0]["raw_text"].startswith("U1,fax,originating,2026-10-01T08:15:00")
    assert_accounted(settings)


def test_whole_numbers_too_large_for_a_decimal_are_bad_values(
    settings: Settings, land: Land
) -> None:
    feed = load_feeds(settings.contracts)["payments/payments"]
    at = next(column for column in feed.columns if column.type == "decimal")
    assert at.physical_type == "DECIMAL(18,2)"
    frame = pl.DataFrame({name: ["1", "2"] for name in feed.column_names})
    kinds = {"date": pl.Date, "boolean": pl.Boolean, "integer": pl.Int64, "decimal": pl.Int64}
    frame = frame.with_columns(
        pl.lit(None, kinds.get(column.type, pl.Datetime("us"))).alias(column.name)
        for column in feed.columns
        if column.type != "string"
    ).with_columns(pl.Series(at.name, [10**17, 5]))
    land(feed.id, DAY, "x.parquet", packed(frame))
    ingest(settings, feed.id)
    told = {item["_record"]: item for item in broken(settings, feed.id)}
    assert (told[1]["reason_code"], told[1]["column_name"]) == ("BAD_VALUE", at.name)
    assert told[1]["value"] == str(10**17)
    assert 2 not in told or told[2]["column_name"] != at.name


XML = '<?xml version="1.0"?>{}<Document><BkToCstmrStmt><Stmt>{}</Stmt></BkToCstmrStmt></Document>'
LAUGHS = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
XMLS = {
    "document type": (XML.format("<!DOCTYPE x>", ""), "BAD_XML"),
    "entity": (XML.format('<!DOCTYPE x [<!ENTITY a0 "x">]>', "&a0;"), "BAD_XML"),
    "billion laughs": (XML.format(f'<!DOCTYPE x [<!ENTITY a0 "lol">{LAUGHS}]>', "&a9;"), "BAD_XML"),
    "external entity": (
        XML.format('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>', "&a;"),
        "BAD_XML",
    ),
    "unknown entity": (XML.format("", "&who;"), "BAD_XML"),
    "not closed": (XML.format("", "")[:-12], "BAD_XML"),
    "empty": ("", "BAD_XML"),
    "text": ("statement_id,entry_ordinal\n", "BAD_XML"),
    "unknown encoding": ('<?xml version="1.0" encoding="klingon"?><a/>', "BAD_XML"),
    "web page": ("<html><body>Please log in</body></html>", "WRONG_MESSAGE"),
    "camt.054": ("<Document><BkToCstmrDbtCdtNtfctn/></Document>", "WRONG_MESSAGE"),
    "deep": (XML.format("", "<Ntry>" + "<a>" * 5000 + "</a>" * 5000 + "</Ntry>"), "TOO_LARGE"),
}


@pytest.mark.parametrize("case", XMLS)
def test_hostile_xml_is_refused(settings: Settings, land: Land, case: str) -> None:
    text, reason = XMLS[case]
    land(BANK, DAY, "x.xml", text)
    ingest(settings, BANK)
    told = entry(settings, "x.xml", BANK)
    assert (told.status, told.reason_code) == ("refused", reason)
    assert "root:" not in str(told.message)


def test_what_is_no_file_is_never_opened(settings: Settings, land: Land) -> None:
    folder = land(usage.FEED, DAY, "y.csv", usage.usages(1)).parent
    secret = settings.data / "secret.csv"
    secret.write_text(usage.usages(9))
    (folder / "link.csv").symlink_to(secret)
    (folder / "dangling.csv").symlink_to("nowhere")
    (folder / "folder.csv").mkdir()
    os.mkfifo(folder / "pipe.csv")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        try:
            os.chdir(folder)
            server.bind("socket.csv")
        finally:
            os.chdir(here)
    result = ingest(settings)
    reasons = {name: item.reason_code for name, item in entries(settings).items()}
    assert reasons == {
        "y.csv": None,
        "link.csv": "SYMLINK",
        "dangling.csv": "SYMLINK",
        "folder.csv": "NESTED_FOLDER",
        "pipe.csv": "NOT_A_FILE",
        "socket.csv": "NOT_A_FILE",
    }
    assert (result.refused, rows(settings).height) == (5, 1)
    assert ingest(settings).entries == ()


def test_links_to_folders_are_never_followed(settings: Settings, land: Land) -> None:
    elsewhere = settings.data / "elsewhere" / DAY
    elsewhere.mkdir(parents=True)
    (elsewhere / "a.csv").write_text(usage.usages(1))
    feed_folder = land(usage.FEED, DAY, "y.csv", usage.usages(1)).parent.parent
    (feed_folder / "2026-10-02").symlink_to(elsewhere)
    (feed_folder.parent / "radius").symlink_to(elsewhere.parent)
    (settings.landing / "payments").symlink_to(elsewhere.parent.parent)
    for feed in (usage.FEED, "network/radius", BANK):
        ingest(settings, feed)
    assert rows(settings).height == 1
    told = {item.file: item.reason_code for item in refuse_strays(settings)}
    assert told == {
        "network/radius": "NO_FEED",
        f"{usage.FEED}/2026-10-02": "NO_DELIVERY_DAY",
        "payments": "NO_FEED",
    }
    assert refuse_strays(settings) == ()


@pytest.mark.parametrize(
    "name", [b"a\nb.csv", b"a\xff.csv", b"a\x1b[31m.csv", b"a\\b.csv", b"\xc2\x85.csv"]
)
def test_a_name_that_cannot_be_shown_is_refused(
    settings: Settings, land: Land, name: bytes
) -> None:
    folder = land(usage.FEED, DAY, "y.csv", usage.usages(1)).parent
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text(usage.usages(5))
    ingest(settings)
    (told,) = [item for item in entries(settings).values() if item.status == "refused"]
    assert told.reason_code == "BAD_NAME"
    assert told.file.isprintable()
    assert rows(settings).height == 1


@pytest.mark.parametrize("seed", range(60))
def test_a_mutated_file_never_breaks_a_run(settings: Settings, land: Land, seed: int) -> None:
    luck = random.Random(seed)  # noqa: S311
    kind = ("csv", "csv.gz", "csv.zst", "parquet")[seed % 4]
    data = {"csv": TEXT, "csv.gz": gzip.compress(TEXT), "csv.zst": _zstd(TEXT)}.get(kind)
    data = bytearray(data or packed(_frame(), compression="snappy"))
    for _ in range(luck.randint(1, 6)):
        at = luck.randrange(len(data))
        match luck.randrange(4):
            case 0:
                data[at] ^= 1 << luck.randrange(8)
            case 1:
                data[at : at + 1] = luck.choice([b"\0", b"\r", b'"', b",", b"\n", b"\xff", b""])
            case 2:
                del data[at:]
            case _:
                data[at:at] = luck.randbytes(luck.randint(1, 30))
        data = data or bytearray(b"x")
    land(usage.FEED, DAY, f"x.{kind}", bytes(data))
    land(usage.FEED, DAY, "y.csv", usage.text(usage.line(999_999)))
    ingest(settings)
    assert "U999999" in rows(settings)["usage_id"]
    assert entry(settings, f"x.{kind}").status in ("ingested", "refused")
    assert_accounted(settings)
