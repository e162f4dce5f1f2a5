"""Mediation and guiding against the plain Python one, over random deliveries of every source.

Few ids, few numbers and few days, so that repeats, contradictions, late parts, late assignments and
a late source meet in every way. Built once in one pass and once day by day: equal tables.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.contracts import load_feeds
from orchestration.raw_views import arrow_schema, feed_columns
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse, run_dbt
from tests.dbt.conftest import House
from tests.dbt.mediated import BALANCE, SUSPENSE
from tests.oracle import mediator as oracle

FIRST = date(2026, 3, 20)
DAYS = [FIRST + timedelta(days=n) for n in range(12)]
# long after, so that ids and session keys come back beyond the window
DAYS += [FIRST + timedelta(days=n) for n in (118, 119, 123)]
LATE_SOURCE_ON = DAYS[7]
LATE_SOURCES = {"PBX-A2", "PBX-B"}
# contexts of PBX-C from LATE_SOURCE_ON on
WIDER = "^from-(customer|office)$"
POLICIES = {
    "duplicate_window_days": 100,
    "partial_close_days": 3,
    "future_tolerance_minutes": 60,
    "maximum_usage_days": 30,
}
NUMBERS = [f"+49176000000{n:02}" for n in range(12)]
COMMON = {"country_code": "49", "trunk_prefix": "0", "international_prefix": "00"}
SOURCES: dict[str, dict[str, Any]] = {
    "PBX-A": {
        **COMMON,
        "feed_name": "asterisk",
        "file_pattern": "^a",
        "time_zone": "Europe/Berlin",
        "area_code": "40",
        "served_by": "accountcode",
        "duration_column": "billsec",
        "minimum_number_digits": 6,
    },
    # known on LATE_SOURCE_ON only; its pattern says more than that of PBX-A, which stays the source
    # of what it has read by then
    "PBX-A2": {
        **COMMON,
        "feed_name": "asterisk",
        "file_pattern": "^a[^b]*$",
        "time_zone": "Europe/London",
        "area_code": "89",
        "served_by": "accountcode",
        "duration_column": "billsec",
        "minimum_number_digits": 6,
    },
    # known on LATE_SOURCE_ON only: its files wait until then
    "PBX-B": {
        **COMMON,
        "feed_name": "asterisk",
        "file_pattern": "^b",
        "time_zone": "UTC",
        "served_by": "context",
        "terminating_context": "^from-trunk$",
        "duration_column": "billsec",
        "minimum_number_digits": 4,
    },
    "PBX-C": {
        **COMMON,
        "feed_name": "asterisk",
        "file_pattern": "^c",
        "time_zone": "Europe/Berlin",
        "served_by": "accountcode",
        "originating_context": "^from-customer$",
        "terminating_context": "^from-trunk$",
        "duration_column": "billsec",
        "minimum_number_digits": 4,
    },
    "SWITCH": {
        **COMMON,
        "feed_name": "freeswitch",
        "file_pattern": ".*",
        "time_zone": "Europe/Berlin",
        "served_by": "caller",
        "minimum_number_digits": 6,
    },
    "NAS": {
        **COMMON,
        "feed_name": "radius",
        "file_pattern": ".*",
        "time_zone": "Europe/Berlin",
        "served_by": "user_name",
        "minimum_number_digits": 0,
    },
}
TABLES = (
    "intermediate.int_usage__record_keys",
    "intermediate.int_usage__repeated_records",
    "intermediate.int_usage__partial_records",
    "intermediate.int_usage__folded_records",
    "intermediate.int_usage__usages",
    "intermediate.int_usage__unguided_usages",
    "intermediate.int_usage__class_movements",
    "intermediate.int_usage__recycled_usages",
    "marts.fct_usage_suspense",
    "marts.fct_usage_balance",
)


def _moment(chance: random.Random, day: date) -> datetime:
    back = chance.choice([0, 0, 0, 1, 1, 2, 5, 99, 101, 103])
    at = datetime.combine(day - timedelta(days=back), datetime.min.time())
    return at + timedelta(seconds=chance.randrange(86400))


def _canonical(chance: random.Random, day: date) -> dict[str, Any]:
    part = chance.random() < 0.4
    kind = chance.choice(["voice", "data", "sms"])
    session = chance.randrange(30)
    served = chance.choice([*NUMBERS, "+4915999", "line-1", "262019999"])
    if part:
        # few, so that parts meet; two, so that ids of one session are told by two devices
        served = NUMBERS[(session + chance.choice([0, 0, 0, 1])) % len(NUMBERS)]
        kind = chance.choice(["data", "data", "data", "voice"])
    return {
        "usage_id": f"U{chance.randrange(140)}",
        "usage_type": kind,
        "direction": chance.choice(["originating", *([] if part else ["terminating"])]),
        "started_at": chance.choice(
            [_moment(chance, day), datetime.combine(day, datetime.min.time())]
        ),
        "served_number": served,
        "other_number": chance.choice([None, "+4930123", "112"]),
        "quantity": chance.choice([0, 1, 60, 3600, 61, -5, 40 * 86400, 9 * 10**18]),
        "session_id": f"S{session}" if part else None,
        "record_sequence": chance.randrange(3) if part else None,
        "is_closing": chance.choice([None, True, False, False]) if part else None,
        "release_cause": chance.choice([None, "normal"]),
    }


def _future(chance: random.Random, day: date) -> dict[str, Any]:
    at = datetime.combine(day + timedelta(days=1), datetime.min.time())
    # local midnight is 22:00 or 23:00 in UTC: minutes before, within and after the tolerance
    shift = timedelta(minutes=chance.choice([-121, -61, -59, -1, 0, 1, 59, 61, 1500]))
    return _canonical(chance, day) | {"started_at": at + shift}


def _asterisk(chance: random.Random, day: date) -> dict[str, Any]:
    start = _moment(chance, day - timedelta(days=1)).replace(microsecond=0)
    call = chance.randrange(25)
    answered = chance.random() < 0.4
    old = chance.random() < 0.3
    seconds = chance.choice([0, 60, 75])
    return {
        "accountcode": chance.choice(["acc-1", "acc-1", "acc-2", None]),
        "src": chance.choice(
            ["0176000000 01", "123456789", "+49 (0)17600000002", "4917600000003", "", "00", "+"]
        ),
        "dst": chance.choice(
            [
                *("017600000004", "004312345", "112", "s", "7654321", "(0176) 00000004"),
                *("*31#017600000004", "*100#", "*21*0176000#", "0049 (0)176.1234567", "#31#112"),
            ]
        ),
        "dcontext": chance.choice(["from-customer", "from-trunk", "from-office", "x", None]),
        "channel": "PJSIP/x",
        "dstchannel": f"PJSIP/{chance.randrange(2)}",
        "start": start,
        "answer": start + timedelta(seconds=5) if answered and chance.random() < 0.8 else None,
        "end": start + timedelta(seconds=seconds + 9),
        "duration": chance.choice([seconds + 9] * 9 + [9 * 10**18]),
        "billsec": seconds,
        "disposition": "ANSWERED" if answered else chance.choice(["NO ANSWER", "BUSY"]),
        "uniqueid": f"{chance.choice(['', 'pbx-', '20260320', '-9'])}{1774000000 + call}.{call}",
        "linkedid": None if old else f"{1774000000 + call}.{call}",
        "sequence": None if old else chance.randrange(4),
    }


def _freeswitch(chance: random.Random, day: date) -> dict[str, Any]:
    start = _moment(chance, day)
    return {
        "caller_id_number": chance.choice(["017600000005", "+4917600000006", "998877"]),
        "destination_number": "03012345678",
        "context": "default",
        "start_stamp": start,
        "answer_stamp": chance.choice([None, start + timedelta(seconds=3)]),
        "end_stamp": start,
        "duration": 20,
        "billsec": chance.choice([0, 17]),
        "uuid": f"f{chance.randrange(30)}",
    }


def _radius(chance: random.Random, day: date) -> dict[str, Any]:
    status = chance.choice(["Start", "Interim-Update", "Alive", "Stop", "Accounting-On"])
    number = chance.randrange(15)
    seconds = 0 if status == "Start" else chance.randrange(4000)
    # ids come again: sessions of one id begin days or hours apart, parts of one within a minute
    first = datetime.fromordinal(day.toordinal() - day.toordinal() % 4)
    begin = first + timedelta(hours=chance.choice([-11, 0]), minutes=20 * number)
    event = begin + timedelta(seconds=seconds + chance.choice([0, 0, 1, 40]))
    if chance.random() < 0.15:
        event = _moment(chance, day).replace(microsecond=0)
    delay = chance.choice([None, 0, 7])
    sent = int(oracle.utc(event, "Europe/Berlin").timestamp()) + (delay or 0)
    clock = chance.choice([event] * 6 + [datetime(1970, 1, 1, 1), None, datetime(2031, 5, 5)])
    return {
        "stanza_at_local": event + timedelta(seconds=1),
        "acct_status_type": status,
        "nas_ip_address": "10.0.0.1",
        "acct_session_id": f"r{number}",
        "acct_unique_session_id": None if number < 10 else f"q{chance.choice([1, 1, 2])}",
        "user_name": chance.choice(["dsl-1", "dsl-1", "dsl-2"]),
        "acct_session_time": chance.choice([seconds or None] * 40 + [9 * 10**18]),
        "acct_input_octets": chance.randrange(1000),
        "acct_output_octets": chance.randrange(1000),
        "acct_output_gigawords": chance.choice([None, None, 0, 0, 2, 2, 4294967295]),
        "acct_delay_time": delay,
        "event_timestamp": clock,
        "timestamp": chance.choice([None, sent, sent, sent, 9 * 10**17]),
    }


def _again(chance: random.Random, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tell some rows twice."""
    return rows + [dict(row) for row in rows if chance.random() < 0.15]


def _assignments(chance: random.Random) -> list[dict[str, Any]]:
    """Who holds what: from before the world, some told late, one number handed on, one ended."""
    rows = []
    long_ago = datetime(2025, 1, 1)
    for position, number in enumerate(NUMBERS):
        told = FIRST if position % 3 else chance.choice(DAYS[1:])
        rows.append(_held("number", number, f"sub-{position}", long_ago, told))
    handed_on = datetime.combine(DAYS[4], datetime.min.time())
    rows.append(_held("number", NUMBERS[1], "sub-new", handed_on, DAYS[6]))
    rows.append(_held("number", NUMBERS[2], "sub-2", handed_on, DAYS[5], is_end=True))
    rows.append(_held("accountcode", "acc-1", "sub-any", long_ago, FIRST))
    rows.append(
        _held("accountcode", "acc-1", "sub-pbx", handed_on, DAYS[4], usage_source_id="PBX-A")
    )
    rows.append(_held("user_name", "dsl-1", "sub-dsl", long_ago, DAYS[3]))
    rows.append(_held("user_name", "line-1", "sub-line", long_ago, FIRST))
    rows.append(_held("imsi", "262019999", "sub-imsi", long_ago, FIRST))
    return rows


def _held(
    kind: str, key: str, subscription: str, since: datetime, told: date, **more: Any
) -> dict[str, Any]:
    return {
        "key_kind": kind,
        "key": key,
        "subscription_id": subscription,
        "valid_from_at": since,
        "delivered_on": told,
        "usage_source_id": None,
        "is_end": False,
        **more,
    }


def _replay(file: str, record: str) -> dict[str, Any]:
    return {
        "quarantine_replay_id": f"{file}#{record}",
        "quarantined_system": "network",
        "quarantined_feed": "asterisk",
        "quarantined_file": file,
        "quarantined_record": int(record),
    }


def _write_replayed(
    house: House, feed_id: str, day: date, file: str, rows: list[dict[str, Any]]
) -> None:
    """Write corrected rows as ingest does: in their feed, under the file of the corrections."""
    feed = house.feeds[feed_id]
    lineage = {"_file": file, "_delivered_on": day, "_folder_on": day, "_content_sha256": file}
    full = [{**row, **lineage, "_record": number} for number, row in enumerate(rows, start=2)]
    path = house.settings.raw / feed_id / str(day) / f"replay-{len(house.manifest)}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(full, arrow_schema(feed_columns(feed))), path)
    named = {"system": feed.system, "feed": feed.name, "file": file}
    days = {"folder_on": day, "delivered_on": day}
    house.count(**named, **days, records_in=len(full), row_count=len(full))


class World:
    """Random deliveries, written as raw files and kept for the reference."""

    def __init__(self, house: House, seed: int) -> None:
        self.house = house
        self.assignments: list[dict[str, Any]] = []
        self.readable: list[tuple[date, oracle.Record]] = []
        # records that were wrong, per switch, as file and number
        self.corrections: dict[str, list[str]] = defaultdict(list)
        self.waiting: dict[oracle.Place, tuple[str, date, date | None]] = {}
        chance = random.Random(seed)  # noqa: S311  repeatable, not secret
        self._reference(chance)
        for day in DAYS:
            self._usage(chance, day)
        house.register()

    def _reference(self, chance: random.Random) -> None:
        policies = [
            {"policy_name": name, "number_value": value, "unit": "days", "text_value": None}
            for name, value in POLICIES.items()
        ]
        long_ago = {"valid_from_on": date(2025, 1, 1)}
        self.house.deliver("catalog/policies", FIRST, [row | long_ago for row in policies])
        for name, source in SOURCES.items():
            day = LATE_SOURCE_ON if name in LATE_SOURCES else FIRST
            row = {"usage_source_id": name, **source, **long_ago}
            self.house.deliver("catalog/usage_sources", day, [row])
        wider = {"originating_context": WIDER, "recorded_at": datetime(2026, 1, 1)}
        row = {"usage_source_id": "PBX-C", **SOURCES["PBX-C"], **long_ago, **wider}
        self.house.deliver("catalog/usage_sources", LATE_SOURCE_ON, [row])
        self.assignments = _assignments(chance)
        holders = sorted({row["subscription_id"] for row in self.assignments})
        self.house.deliver(
            "order_management/subscriptions", FIRST, [{"subscription_id": sub} for sub in holders]
        )
        for row in self.assignments:
            shared = {
                "subscription_id": row["subscription_id"],
                "valid_from_at": row["valid_from_at"],
                "op": "delete" if row["is_end"] else "upsert",
            }
            if row["key_kind"] == "number":
                shared |= {"service_number": row["key"], "number_kind": "mobile"}
                self.house.deliver(
                    "order_management/service_numbers", row["delivered_on"], [shared]
                )
                continue
            # the name for one source is another line than the same name for all
            shared |= {"line_id": row["key"], "line_kind": row["key_kind"]}
            shared |= {"usage_source_id": row["usage_source_id"]}
            self.house.deliver("order_management/line_assignments", row["delivered_on"], [shared])

    def _usage(self, chance: random.Random, day: date) -> None:
        own = [_canonical(chance, day) for _ in range(30)] + [_future(chance, day)]
        self._deliver("network/usage_records", day, "u", _again(chance, own), None)
        first = "PBX-A" if day < LATE_SOURCE_ON else "PBX-A2"
        told = {}
        for prefix, name in (("a", first), ("b", "PBX-B"), ("c", "PBX-C")):
            legs = [_asterisk(chance, day) for _ in range(12)]
            file = self._deliver("network/asterisk", day, prefix, _again(chance, legs), name)
            told[file] = name
        calls = [_freeswitch(chance, day) for _ in range(6)]
        self._deliver("network/freeswitch", day, "f", _again(chance, calls), "SWITCH")
        stanzas = [_radius(chance, day) for _ in range(30)]
        self._deliver("network/radius", day, "r", _again(chance, stanzas), "NAS")
        self._correct(chance, day, told)

    def _deliver(
        self, feed: str, day: date, prefix: str, rows: list[dict[str, Any]], source: str | None
    ) -> str:
        file = self.house.deliver(feed, day, rows, prefix=prefix)
        for number, row in enumerate(rows, start=2):
            self._tell(feed, day, row, (file, number), source)
        return file

    def _correct(self, chance: random.Random, day: date, told: dict[str, str]) -> None:
        """Deliver corrections of legs of several switches in one file, some for the third time."""
        rows, legs = [], []
        for file, source in told.items():
            for _ in range(2):
                wrong = chance.choice(["", *self.corrections[source]]) or f"{file}#99"
                rows.append(_replay(*wrong.rsplit("#", 1)))
                legs.append((source, _asterisk(chance, day)))
        file = self.house.deliver("operations/quarantine_replays", day, rows)
        places = [(file, number) for number in range(2, len(rows) + 2)]
        _write_replayed(self.house, "network/asterisk", day, file, [leg for _, leg in legs])
        for place, (source, leg) in zip(places, legs, strict=True):
            self.corrections[source].append(f"{place[0]}#{place[1]}")
            self._tell("network/asterisk", day, leg, place, source)

    def _tell(
        self, feed: str, day: date, row: dict[str, Any], place: oracle.Place, source: str | None
    ) -> None:
        """Keep a record for the reference, on the day on which it can be read first."""
        told = {**row, "_file": place[0], "_record": place[1], "_delivered_on": day}
        if source is None:
            self.readable.append((day, oracle.canonical(told)))
            return
        readers = {
            "network/asterisk": oracle.asterisk,
            "network/freeswitch": oracle.freeswitch,
            "network/radius": oracle.radius,
        }
        settings = {"usage_source_id": source, **SOURCES[source]}
        known: date | None = max(day, LATE_SOURCE_ON) if source == "PBX-B" else day
        if source == "PBX-C":
            if day >= LATE_SOURCE_ON:
                settings["originating_context"] = WIDER
            if not oracle.takes(settings, row["dcontext"]):
                wider = oracle.takes(settings | {"originating_context": WIDER}, row["dcontext"])
                known = LATE_SOURCE_ON if wider else None
                self.waiting[place] = ("UNKNOWN_CONTEXT", day, known)
        if known is not None:
            self.readable.append((known, readers[feed](told, settings)))

    def build(self, as_of: date) -> None:
        """Build what mediation needs, as of a day."""
        select = ["+fct_usage_balance", "+fct_usage_suspense"]
        run_dbt(self.house.settings, ["run", "--select", *select], as_of)

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Contents of all tables of mediation, sorted."""
        with open_warehouse(self.house.settings) as connection:
            return {name: connection.table(name).order("all").fetchall() for name in TABLES}


@pytest.fixture(scope="module", params=[20260101, 7])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    settings = Settings(data=tmp_path_factory.mktemp("mediation") / "data", lock_wait_seconds=0)
    return World(House(settings, load_feeds(settings.contracts)), request.param)


@pytest.fixture(scope="module")
def reference(world: World) -> oracle.Mediator:
    days = [FIRST + timedelta(days=n) for n in range((DAYS[-1] - FIRST).days + 1)]
    return oracle.mediate(oracle.Policy(), world.assignments, world.readable, days)


@pytest.fixture(scope="module")
def one_pass(world: World) -> dict[str, list[tuple[Any, ...]]]:
    world.build(DAYS[-1])
    return world.tables()


def test_every_usage_is_the_one_that_the_reference_finds(
    world: World, one_pass: dict[str, list[tuple[Any, ...]]], reference: oracle.Mediator
) -> None:
    found = world.house.rows(
        "select u.usage_id, u.quantity, u.started_at, u.usage_on, u.served_kind, u.served_key, "
        "u.direction, u.other_number, coalesce(u.subscription_id, r.subscription_id), "
        "coalesce(r.guided_on, case when u.subscription_id is not null then u.usage_on end), "
        "u._file, u._record "
        "from intermediate.int_usage__usages u left join intermediate.int_usage__recycled_usages r "
        "on u._file = r._file and u._record = r._record"
    )
    expected = [
        (
            *(usage.usage_id, usage.quantity, usage.started_at, usage.usage_on, *usage.served),
            *(usage.direction, usage.other, usage.subscription, usage.guided_on, *usage.place),
        )
        for usage in reference.usages
    ]
    assert len(expected) > 200
    assert sorted(found, key=repr) == sorted(expected, key=repr)


def test_every_record_lies_in_the_class_that_the_reference_gives_it(
    world: World, one_pass: dict[str, list[tuple[Any, ...]]], reference: oracle.Mediator
) -> None:
    kinds = ("suspended", "pending", "folded", "duplicates", "conflicts")
    found = {
        file: counts
        for file, *counts in world.house.rows(
            "select file, suspended, pending, folded, duplicates, conflicts, difference "  # noqa: S608
            f"from ({BALANCE})"
        )
    }
    singular = {"duplicates": "duplicate", "conflicts": "conflict"}
    expected = {file: [0] * 6 for file in found}
    open_ones = {
        place: "suspended" for place, (_, _, until) in world.waiting.items() if until is None
    }
    for (file, _), name in (reference.classes | open_ones).items():
        expected[file][[singular.get(kind, kind) for kind in kinds].index(name)] += 1
    assert found == expected
    totals = [sum(counts[position] for counts in found.values()) for position in range(6)]
    assert min(totals[:5]) > 10, totals
    assert totals[5] == 0


def test_suspense_tells_reason_and_days(
    world: World, one_pass: dict[str, list[tuple[Any, ...]]], reference: oracle.Mediator
) -> None:
    found = world.house.rows(
        "select _file, _record, reason_code, suspended_on, resolved_on "  # noqa: S608
        f"from ({SUSPENSE}) where reason_code <> 'UNKNOWN_SOURCE'"
    )
    told_of = [*reference.reasons.items(), *world.waiting.items()]
    expected = [(*place, *told) for place, told in told_of]
    assert sorted(found, key=repr) == sorted(expected, key=repr)
    reasons = {row[2] for row in found}
    assert reasons == {
        "TOO_OLD",
        "FUTURE_START",
        "NEGATIVE_QUANTITY",
        "TOO_LONG",
        "BAD_QUANTITY",
        "UNKNOWN_CONTEXT",
        "LATE_PARTIAL",
        "UNKNOWN_NUMBER",
    }
    late = world.house.rows(
        "select count(*), min(resolved_on), max(resolved_on) from marts.fct_usage_suspense "
        "where reason_code = 'UNKNOWN_SOURCE'"
    )[0]
    assert late[0] > 20
    assert late[1:] == (LATE_SOURCE_ON, LATE_SOURCE_ON)


def test_day_by_day_gives_what_one_pass_gives(
    world: World, one_pass: dict[str, list[tuple[Any, ...]]]
) -> None:
    world.house.settings.warehouse.unlink()
    world.house.register()
    # some days alone, some together, and days without a delivery
    for day in [DAYS[0], DAYS[1], *DAYS[4:9], DAYS[11], DAYS[11] + timedelta(days=4), DAYS[-1]]:
        world.build(day)
    assert world.tables() == one_pass


def test_the_feeds_of_usage_are_the_same_in_every_list(manifest: dict[str, Any]) -> None:
    macro = manifest["macros"]["macro.tollhouse.switch_feeds"]["macro_sql"]
    switches = set(re.findall(r"'(\w+)'", macro))
    feeds = load_feeds(Settings().contracts)
    named = feeds["catalog/usage_sources"].by_name["feed_name"].values
    assert {name for name, _ in named} == {"usage_records", *switches}
    parents = manifest["parent_map"]
    adapters = parents["model.tollhouse.int_usage__records"]
    read = {parent for adapter in adapters for parent in parents[adapter]}
    staged = {f"model.tollhouse.stg_network__{name}" for name in switches}
    assert {name for name in read if "stg_network" in name} == {
        "model.tollhouse.stg_network__usage_records",
        *staged,
    }
    assert staged < set(parents["model.tollhouse.int_usage__waiting_records"])
