"""The fast path, the careful path and plain Python agree on every line, however it is packed."""

from __future__ import annotations

import gzip
import os
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from orchestration.settings import Settings
from tests.conftest import LONG_AGO, Land
from tests.ingest import usage
from tests.ingest.reference import NAMES, meaning_of
from tests.ingest.world import DAY, broken, content, entry, ingest, rows

HEAD = usage.HEADER.encode() + b"\n"
BOM = b"\xef\xbb\xbf"

_words = st.sampled_from(
    [
        *(
            "",
            "x",
            "\u00e4",
            "\U0001f4de",
            " ",
            '"',
            '""',
            ",",
            "\r",
            "\0",
            "\t",
            "\ufeff",
            "\ufffd",
        ),
        *("-1", "+7", " 7", "7 ", "0", "1e3", "\u0667", "9" * 19, "true", "no", "voice", "normal"),
        *("2026-10-01T08:15:00Z", "2026-1-1T8:5:0Z", "2026-10-01 08:15:00.5+02:00"),
        *("2026-10-01T08:15:00", "\x0b", "\x85", "\u2028", "#ENDE", "x" * 65, "\u00fc" * 64),
        *(' "a, b"', '"a, ""b"', '"x"y', 'a"b'),
    ]
)
_text = st.one_of(_words, st.lists(_words, max_size=3).map("".join), st.text(max_size=6))


@st.composite
def _line(draw: st.DrawFn) -> bytes:
    number = draw(st.integers(0, 99))
    kind = draw(st.sampled_from("ccccccmmmmqqrb "))
    if kind == " ":
        return draw(st.sampled_from([b"", b" ", b"\t ", b"\r", b",", b"," * 12, b"," * 24]))
    if kind == "b":
        return draw(st.binary(max_size=40))
    if kind == "c":
        return usage.line(number).encode()
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True))
    values = [draw(_text) for _ in names]
    if kind == "q":
        values = ['"' + value.replace('"', '""') + '"' for value in values]
    fields = usage.line(number, **dict(zip(names, values, strict=True))).split(",")
    if kind == "r":
        at = draw(st.integers(0, len(fields) - 1))
        fields[at : at + 1] = draw(st.sampled_from([[], ["", ""], ["x", "y", "z"]]))
    return ",".join(fields).encode("utf-8", "surrogatepass")


_files = st.lists(_line(), max_size=15)


def _look(settings: Settings) -> tuple[dict[int, tuple[Any, ...]], list[int], int | None]:
    told = entry(settings, "a.csv")
    assert told.status == "ingested", told
    frame = rows(settings)
    found = (
        {}
        if frame.is_empty()
        else {row[0]: row[1:] for row in frame.select("_record", *NAMES).rows()}
    )
    return found, [item["_record"] for item in broken(settings)], told.blank


def _take(factory: pytest.TempPathFactory, data: bytes, **changes: Any) -> Settings:
    folder = factory.mktemp("take") / "data"
    settings = Settings(data=folder, lock_wait_seconds=0, **changes)
    place = settings.landing / usage.FEED / DAY
    place.mkdir(parents=True)
    (place / "a.csv").write_bytes(data)
    os.utime(place / "a.csv", (LONG_AGO, LONG_AGO))
    ingest(settings)
    return settings


@effort(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lines=_files, end=st.sampled_from([b"\n", b"\r\n"]), closed=st.booleans())
@example(lines=[BOM + usage.line(1).encode(), usage.line(2).encode()], end=b"\n", closed=True)
@example(lines=[b"", usage.line(1).encode() + b"," * 12], end=b"\n", closed=True)
@example(
    lines=[usage.line(1).encode()[:-4], usage.line(2).encode() + b",x"], end=b"\n", closed=True
)
@example(lines=[b"," * 12, b'"' * 7, b" " * 9], end=b"\r\n", closed=False)
@example(lines=[usage.line(1, area_id=' "x').encode()], end=b"\n", closed=True)
def test_ingest_means_what_plain_python_means(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], end: bytes, closed: bool
) -> None:
    data = HEAD + end.join(lines) + (end if closed else b"")
    expected = meaning_of(data)
    found, quarantined, blank = _look(_take(tmp_path_factory, data))
    assert found == expected.rows
    assert quarantined == expected.quarantined
    assert blank == expected.blank


@effort(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lines=st.lists(_line(), min_size=5, max_size=9))
def test_the_size_of_a_block_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    long = b"x" * 1500
    data = HEAD + b"\r\n".join([*lines, long, *lines, long + b"\r", lines[0], long])
    options = {"max_record_bytes": 1400}
    large = _take(tmp_path_factory, data, **options)
    small = _take(tmp_path_factory, data, block_bytes=1024, **options)
    if entry(large, "a.csv").status == "refused":
        assert entry(small, "a.csv").reason_code == entry(large, "a.csv").reason_code
        return
    assert _look(small) == _look(large)
    assert broken(small) == broken(large)
    assert entry(small, "a.csv").content_sha256 == entry(large, "a.csv").content_sha256


MIXED = [
    usage.line(1),
    "",
    usage.line(2, area_id='"a, ""b"'),
    "too,few",
    usage.line(3, area_id="\u00e4" * 20),
    usage.line(4, quantity="x"),
]
DRESSES = {
    "plain": lambda text: text,
    "gzip": gzip.compress,
    "gzip in two members": lambda text: gzip.compress(text[:7]) + gzip.compress(text[7:]),
    "zstd": lambda text: pa.compress(text, codec="zstd", asbytes=True),
    "zstd in two frames": lambda text: (
        pa.compress(text[:5], codec="zstd", asbytes=True)
        + pa.compress(text[5:], codec="zstd", asbytes=True)
    ),
    "CRLF": lambda text: text.replace(b"\n", b"\r\n"),
    "byte order mark": lambda text: BOM + text,
    "byte order mark in pieces": lambda text: (
        gzip.compress(BOM[:1]) + gzip.compress(BOM[1:] + text)
    ),
    "last line open": lambda text: text.removesuffix(b"\n"),
    "everything": lambda text: gzip.compress(
        BOM + text.removesuffix(b"\n").replace(b"\n", b"\r\n")
    ),
}


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("lines", [MIXED, MIXED[:1]], ids=["mixed", "clean"])
def test_the_packing_of_a_file_changes_nothing(
    settings: Settings, land: Land, dress: str, lines: list[str]
) -> None:
    text = usage.text(*lines).encode()
    land(usage.FEED, DAY, "a.csv", DRESSES[dress](text))
    ingest(settings)
    expected = meaning_of(text)
    assert _look(settings) == (expected.rows, expected.quarantined, expected.blank)
    before = entry(settings, "a.csv").content_sha256
    land(usage.FEED, DAY, "b.csv", text)
    ingest(settings)
    assert entry(settings, "b.csv").repeat_of == f"{usage.FEED}/{DAY}/a.csv"
    assert entry(settings, "b.csv").content_sha256 == before


def test_a_dirty_line_among_many_does_not_move_the_others(settings: Settings, land: Land) -> None:
    lines = [usage.line(number) for number in range(12_000)]
    lines[7_000] = "broken"
    lines[7_001] = usage.line(7_001, area_id='"a,b"')
    land(usage.FEED, DAY, "a.csv", usage.text(*lines))
    ingest(settings)
    frame = rows(settings)
    assert frame.height == 11_999
    assert (frame["usage_id"] == "U" + (frame["_record"] - 2).cast(pl.String)).all()
    assert frame["_record"].is_sorted()
    assert [item["_record"] for item in broken(settings)] == [7_002]


@pytest.mark.parametrize("extra", ["_record", "given quantity", "", "0", "_file", "x" * 300])
def test_a_foreign_column_of_any_name_is_left_out(
    settings: Settings, land: Land, extra: str
) -> None:
    lines = [usage.HEADER + f",{extra}", usage.line(1) + ",7", usage.line(2, area_id='"q"') + ",8"]
    land(usage.FEED, DAY, "a.csv", "\n".join([*lines, ""]))
    ingest(settings)
    assert rows(settings)["_record"].to_list() == [2, 3]
    (warning,) = entry(settings, "a.csv").warnings
    assert "is not in the contract and was left out" in warning
    assert len(content(settings)) == 2
