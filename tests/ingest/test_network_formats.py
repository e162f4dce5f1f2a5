"""Switches and access servers as they are: no header, odd quotes, broken bytes, tagged lines."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from orchestration.contracts import load_feeds
from orchestration.ingest import ingest_feed
from orchestration.settings import Settings
from tests.conftest import Land
from tests.ingest.world import AS_OF, DAY, broken, entry, ingest, rows

ASTERISK = "network/asterisk"
FREESWITCH = "network/freeswitch"
RADIUS = "network/radius"

CALL = {
    "accountcode": "acc",
    "src": "0301234567",
    "dst": "112",
    "dcontext": "out",
    "clid": '"""Jane"" <030>"',
    "channel": "SIP/1",
    "dstchannel": "SIP/2",
    "lastapp": "Dial",
    "lastdata": '"SIP/2,60"',
    "start": "2026-10-01 08:15:00",
    "answer": "",
    "end": "2026-10-01 08:16:00",
    "duration": "60",
    "billsec": "0",
    "disposition": "NO ANSWER",
    "amaflags": "DOCUMENTATION",
    "uniqueid": "1.1",
    "userfield": "",
}
TAIL = {"peeraccount": "", "linkedid": "1.0", "sequence": "7"}
CUSTOM = ["clid", *list(CALL)[1:4], *list(CALL)[5:16], "accountcode", *list(CALL)[16:]]


def _layout(kind: str, **changes: str) -> str:
    fields = CALL | TAIL | changes
    names = {"21": [*CALL, *TAIL], "18": list(CALL), "custom": CUSTOM}[kind]
    return ",".join(fields[name] for name in names)


@pytest.mark.parametrize("kind", ["21", "18", "custom"])
@pytest.mark.parametrize("block_bytes", [1024, 16 << 20])
def test_the_layout_of_asterisk_is_found_by_what_the_columns_hold(
    settings: Settings, land: Land, kind: str, block_bytes: int
) -> None:
    small = settings.model_copy(update={"block_bytes": block_bytes})
    lines = ["broken"] * 20 + [_layout(kind, uniqueid=f"sys-{n}.{n}") for n in range(30)]
    land(ASTERISK, DAY, "Master.csv", "\n".join([*lines, ""]))
    result = ingest(small, ASTERISK)
    assert (result.row_count, result.quarantined) == (30, 20)
    row = rows(small, ASTERISK).row(0, named=True)
    assert row["_record"] == 21
    assert (row["accountcode"], row["src"], row["dst"]) == ("acc", "0301234567", "112")
    assert (row["clid"], row["lastdata"]) == ('"Jane" <030>', "SIP/2,60")
    assert (row["start"], row["answer"]) == (datetime(2026, 10, 1, 8, 15), None)
    assert row["sequence"] == (7 if kind == "21" else None)


def test_lines_of_another_layout_are_quarantined_not_shifted(
    settings: Settings, land: Land
) -> None:
    lines = [*[_layout("21")] * 5, _layout("18"), _layout("21")]
    land(ASTERISK, DAY, "Master.csv", "\n".join([*lines, ""]))
    ingest(settings, ASTERISK)
    (told,) = broken(settings, ASTERISK)
    assert (told["_record"], told["reason_code"]) == (6, "FIELD_COUNT")
    assert "has 18 fields where 21 are expected" in told["message"]


def test_no_known_layout_refuses_the_file(settings: Settings, land: Land) -> None:
    land(ASTERISK, DAY, "Master.csv", "a,b,c\n" * 9)
    ingest(settings, ASTERISK)
    told = entry(settings, "Master.csv", ASTERISK)
    assert (told.status, told.reason_code) == ("refused", "UNKNOWN_LAYOUT")
    assert "21 or 18 or 18 columns" in str(told.message)


def test_broken_bytes_stay_where_they_are_allowed_and_nowhere_else(
    settings: Settings, land: Land
) -> None:
    good = _layout("21", clid='"""J\xfcrgen"" <030>"').encode("latin-1")
    bad = _layout("21", dst="11\xfc2").encode("latin-1")
    land(ASTERISK, DAY, "Master.csv", good + b"\n" + bad + b"\n")
    ingest(settings, ASTERISK)
    assert rows(settings, ASTERISK)["clid"].to_list() == ['"J\ufffdrgen" <030>']
    (told,) = broken(settings, ASTERISK)
    assert (told["reason_code"], told["column_name"]) == ("BROKEN_BYTES", "dst")
    assert "11\\xfc2" in told["raw_text"]


SWITCHED = [
    *("Jane", "030", "112", "default", "2026-10-01 08:15:00", "", "2026-10-01 08:16:00"),
    *("60", "0", "NORMAL_CLEARING", "u-1", "", "acc", "PCMA", "PCMA"),
]


@pytest.mark.parametrize("count", [13, 15])
@pytest.mark.parametrize("between", ['","', '", "', '",   "'])
def test_freeswitch_may_put_blanks_before_a_quoted_field(
    settings: Settings, land: Land, count: int, between: str
) -> None:
    fields = [*SWITCHED[:12], 'a, "b" c', *SWITCHED[13:]][:count]
    fields[0] = ' a, ""b'
    line = between.join(field.replace('"', '""') for field in fields)
    land(FREESWITCH, DAY, "Master.csv", f'"{line}"\n')
    ingest(settings, FREESWITCH)
    row = rows(settings, FREESWITCH).row(0, named=True)
    assert (row["caller_id_name"], row["accountcode"]) == (' a, ""b', 'a, "b" c')
    assert (row["uuid"], row["write_codec"]) == ("u-1", "PCMA" if count == 15 else None)


def test_blanks_that_belong_to_a_field_stay(settings: Settings, land: Land) -> None:
    for name, first in (("a.csv", " Jane"), ("b.csv", '" Jane"')):
        line = ",".join([first, *SWITCHED[1:10], name, *SWITCHED[11:]])
        land(FREESWITCH, DAY, name, line + "\n")
    ingest(settings, FREESWITCH)
    assert rows(settings, FREESWITCH)["caller_id_name"].to_list() == [" Jane", " Jane"]


STANZA = """Thu Oct  1 08:15:00 2026
\tAcct-Status-Type = {status}
\tNAS-IP-Address = 10.0.0.1
\tAcct-Session-Id = "{session}"
\tUser-Name = {user}
\tAcct-Input-Octets = 4294967295
\tAcct-Input-Gigawords = 2
\tEvent-Timestamp = "{event}"
\tTimestamp = 1790842500
{more}"""


def _stanza(session: str = "s1", **changes: str) -> str:
    fields = {
        "status": "Interim-Update",
        "user": '"line-1"',
        "event": "Oct  1 2026 08:14:59 CEST",
        "more": "",
    } | changes
    return STANZA.format(session=session, **fields)


def test_radius_keeps_what_the_contract_names_and_tells_the_rest(
    settings: Settings, land: Land
) -> None:
    text = "\n".join(
        [
            _stanza("s1", more='\tCisco-AVPair = "a=b"\n\tCisco-AVPair = "c=d"\n'),
            _stanza("s2", event="Jan  1 1970 01:00:00 CET", user='""'),
            _stanza("s3", user='"say \\"hi\\""').rstrip("\n"),
            _stanza("s4", status="Stop"),
        ]
    )
    land(RADIUS, DAY, "a.detail", text)
    result = ingest(settings, RADIUS)
    assert (result.records, result.row_count) == (4, 4)
    frame = rows(settings, RADIUS)
    assert frame["acct_session_id"].to_list() == ["s1", "s2", "s3", "s4"]
    assert frame["user_name"].to_list() == ["line-1", None, 'say "hi"', "line-1"]
    assert frame["_record"].to_list() == [1, 13, 23, 32]
    first, second = frame.row(0, named=True), frame.row(1, named=True)
    assert first["stanza_at_local"] == datetime(2026, 10, 1, 8, 15)
    assert first["event_timestamp"] == datetime(2026, 10, 1, 8, 14, 59)
    assert second["event_timestamp"] == datetime(1970, 1, 1, 1)
    assert (first["acct_input_octets"], first["acct_input_gigawords"]) == (4294967295, 2)
    assert "Cisco-AVPair" in entry(settings, "a.detail", RADIUS).warnings[0]


TRAPS = {
    "duplicate attribute": (_stanza(more="\tNAS-IP-Address = 10.0.0.2\n"), "stands twice"),
    "no value": (_stanza(more="\tFramed-Protocol\n"), "`Attribute = value`"),
    "no date line": (_stanza().partition("\n")[2], "date line"),
    "NUL": (_stanza(user='"a\0b"'), "NUL"),
    "other date": (_stanza().replace("Thu Oct  1 08:15:00 2026", "2026-10-01 8h"), "is not a time"),
    "no day": (_stanza().replace("Oct  1 08", "Feb 30 08"), "is not a time"),
    "no session": (_stanza(session=""), "empty but required"),
    "unknown status": (_stanza(status="Bogus"), "is not one of Start"),
}


@pytest.mark.parametrize("case", TRAPS)
def test_a_bad_stanza_is_quarantined_alone(settings: Settings, land: Land, case: str) -> None:
    bad, hint = TRAPS[case]
    land(RADIUS, DAY, "a.detail", _stanza("s0") + "\n" + bad + "\n" + _stanza("s9"))
    result = ingest(settings, RADIUS)
    assert (result.records, result.row_count, result.quarantined) == (3, 2, 1)
    assert rows(settings, RADIUS)["acct_session_id"].to_list() == ["s0", "s9"]
    (told,) = broken(settings, RADIUS)
    assert told["_record"] == 11
    assert hint in told["message"]
    assert "Acct-Status-Type" in told["raw_text"]


def test_a_missing_blank_line_does_not_glue_two_stanzas(settings: Settings, land: Land) -> None:
    land(RADIUS, DAY, "a.detail", _stanza("s1").rstrip("\n") + "\n" + _stanza("s2"))
    ingest(settings, RADIUS)
    assert rows(settings, RADIUS)["acct_session_id"].to_list() == ["s1", "s2"]


@pytest.mark.parametrize(("encoding", "text"), [("latin-1", "M\xfcnchen"), ("cp1252", "5\u20ac")])
def test_a_feed_may_name_another_encoding(
    settings: Settings, land: Land, tmp_path: Path, encoding: str, text: str
) -> None:
    folder = tmp_path / "contracts" / "network"
    folder.mkdir(parents=True)
    contract = (settings.contracts / "network" / "freeswitch.odcs.yaml").read_text()
    (folder / "freeswitch.odcs.yaml").write_text(
        contract.replace(
            "      - property: layouts",
            f"      - property: encoding\n        value: {encoding}\n      - property: layouts",
        ).replace(
            "keepsBrokenBytes\n            value: true",
            "keepsBrokenBytes\n            value: false",
        )
    )
    feed = load_feeds(folder.parent)[FREESWITCH]
    good = ",".join([text, *SWITCHED[1:]]).encode(encoding)
    bad = good.replace(b"Jane", b"").replace(b"default", b"\x81")
    land(
        FREESWITCH, DAY, "a.csv", good + b"\n" + bad + b"\n" + good.replace(b"u-1", b"u-3") + b"\n"
    )
    result = ingest_feed(settings, feed, AS_OF)
    assert rows(settings, FREESWITCH)["caller_id_name"][0] == text
    if encoding == "cp1252":
        # a byte that the encoding does not know spoils its own line only
        assert (result.row_count, result.quarantined) == (2, 1)
        assert broken(settings, FREESWITCH)[0]["reason_code"] == "BAD_ENCODING"
    else:
        assert result.row_count == 3
