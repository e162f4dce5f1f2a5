"""Usage of all sources: as much as the lines say, when people use it, in each switch's own way."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.simulator.knobs import Knobs
from data.simulator.model import Outage
from data.simulator.traffic import Ledger
from data.simulator.traffic.dirt import Habits
from data.simulator.traffic.events import OUTGOING, Scene, events_of_day
from data.simulator.traffic.rhythm import HOUR, MICRO, moments, today
from data.simulator.traffic.roaming import visited
from data.simulator.traffic.sources import file_name, sources_of
from data.simulator.traffic.top_ups import payday_factor
from tests.simulator import stand_in
from tests.simulator.deliveries import digests, rows

KNOBS = Knobs(subscribers=1_500, months=6)
FIRST, LAST = date(2026, 1, 2), date(2026, 1, 20)
USAGE = "network/usage_records"
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ledger]:
    data = tmp_path_factory.mktemp("traffic")
    return data, stand_in.deliver(data, KNOBS, FIRST, LAST)


def _usage(data: Path) -> pl.DataFrame:
    """Return the good usage records with typed times."""
    paths = sorted((data / "landing" / USAGE).rglob("mediation_*.csv*"))
    frames = [
        pl.read_csv(path, infer_schema=False, truncate_ragged_lines=True, quote_char=None)
        for path in paths
        if not path.name.endswith(".part")
    ]
    return (
        pl.concat(frames)
        .with_columns(at=pl.col("started_at").str.to_datetime(_STAMP, strict=False))
        .filter(pl.col("at").is_not_null() & pl.col("quantity").str.contains(r"^-?\d+$"))
        .with_columns(pl.col("quantity").cast(pl.Int64))
    )


def _text(data: Path, feed: str, start: str = "") -> list[str]:
    paths = sorted((data / "landing" / "network" / feed).rglob(f"{start}*"))
    return [path.read_bytes().decode("latin-1") for path in paths if path.is_file()]


def _frames(ledger: Ledger) -> dict[str, pl.DataFrame]:
    return {f"traffic_{name}": frame for name, frame in ledger.frames().items()}


def test_day_by_day_is_the_same_as_in_one_go(world: tuple[Path, Ledger], tmp_path: Path) -> None:
    data, whole = world
    ledger, day = Ledger.restore({}), FIRST
    while day <= LAST:
        stand_in.deliver(tmp_path, KNOBS, day, day, ledger=ledger)
        ledger.truth(day)
        ledger = Ledger.restore(_frames(ledger))
        day += timedelta(days=1)
    assert digests(tmp_path) == digests(data)
    for table, frame in whole.truth(LAST).items():
        assert ledger.truth(LAST)[table].equals(frame), table


def test_another_seed_is_other_usage(world: tuple[Path, Ledger], tmp_path: Path) -> None:
    stand_in.deliver(tmp_path, Knobs(subscribers=1_500, seed=5), FIRST, FIRST)
    ours, theirs = digests(tmp_path), digests(world[0])
    assert ours
    assert not set(ours.values()) & set(theirs.values())


def test_as_much_is_used_as_the_lines_say(world: tuple[Path, Ledger]) -> None:
    """Records without parts, by type, near the rates times the factors of the days."""
    recorded = pl.col("source") == "usage_records"
    held = stand_in.lines(KNOBS.subscribers).with_columns(
        # calls of a customer's own switch to another customer are recorded where they end
        share=pl.when(recorded).then(1.0).otherwise(OUTGOING * pl.col("on_net_share"))
    )
    column_of = {
        "voice_per_day": pl.col("voice_per_day") * pl.col("share"),
        "sms_per_day": pl.col("sms_per_day"),
        "data_per_day": pl.when(recorded).then("data_per_day").otherwise(0.0),
    }
    usage = _usage(world[0]).filter(
        pl.col("record_sequence").is_null() | (pl.col("record_sequence") == "1")
    )
    sold = stand_in.catalog()
    for kinds, column in (
        (["voice"], "voice_per_day"),
        (["sms", "mms"], "sms_per_day"),
        (["data"], "data_per_day"),
    ):
        expected = 0.0
        day = FIRST - timedelta(days=1)
        while day < LAST:
            factors = today(KNOBS, sold.holidays, day).factors
            private = factors[{"sms_per_day": "sms", "data_per_day": "data"}.get(column, "voice")]
            business = factors["business"] if column == "voice_per_day" else private
            rate = pl.when(pl.col("customer_kind") == "company").then(business).otherwise(private)
            expected += float(held.select((column_of[column] * rate).sum()).item())
            day += timedelta(days=1)
        found = usage.filter(pl.col("usage_type").is_in(kinds)).height
        # journeys, failures to fit and what comes late take some away
        assert 0.88 < found / expected < 1.08, column


def test_calls_between_customers_are_recorded_at_both_ends(world: tuple[Path, Ledger]) -> None:
    calls = _usage(world[0]).filter(
        (pl.col("usage_type") == "voice") & (pl.col("release_cause") != "failed")
    )
    own = set(stand_in.lines(KNOBS.subscribers)["service_number"].drop_nulls())
    made = calls.filter(
        (pl.col("direction") == "originating") & pl.col("other_number").is_in(list(own))
    )
    received = calls.filter(pl.col("direction").is_in(["terminating", "forwarded"]))
    both = made.join(received, left_on=["other_number", "at"], right_on=["served_number", "at"])
    assert made.height > 500
    assert both.height > 0.97 * made.height
    assert made.filter(pl.col("served_number") == pl.col("other_number")).is_empty()
    assert received.filter(pl.col("direction") == "forwarded").height


def test_friends_call_friends(world: tuple[Path, Ledger]) -> None:
    held = stand_in.lines(KNOBS.subscribers).select("service_number", "friends_of")
    calls = _usage(world[0]).filter(
        (pl.col("usage_type") == "voice") & (pl.col("direction") == "originating")
    )
    pairs = calls.join(held, left_on="served_number", right_on="service_number").join(
        held, left_on="other_number", right_on="service_number", suffix="_called"
    )
    within = (pairs["friends_of"] == pairs["friends_of_called"]).mean()
    # by chance it would be well below one percent
    assert within is not None
    assert within > 0.5


def test_use_follows_the_clock_and_the_calendar() -> None:
    weekday, sunday = today(KNOBS, {}, date(2026, 1, 14)), today(KNOBS, {}, date(2026, 1, 18))
    holiday = today(KNOBS, {date(2026, 1, 14): "Feast"}, date(2026, 1, 14))
    rng = np.random.default_rng(3)
    calls = moments(rng, weekday, "business", 20_000)
    hours = (calls - weekday.start) // (HOUR * MICRO)
    assert ((hours >= 8) & (hours < 18)).mean() > 0.85
    assert weekday.start <= calls.min() <= calls.max() < weekday.end
    assert holiday.factors == pytest.approx(sunday.factors, rel=0.01)
    assert holiday.factors["business"] < 0.2 * weekday.factors["business"]


def test_the_night_in_which_clocks_change_has_no_third_hour(tmp_path: Path) -> None:
    knobs = Knobs(subscribers=15_000)
    night = today(knobs, {}, date(2026, 3, 29))
    assert night.hours[:4] == (0, 1, 3, 4)
    assert len(night.hours) == 23
    assert len(today(KNOBS, {}, date(2026, 10, 25)).hours) == 25
    stand_in.deliver(tmp_path, knobs, date(2026, 3, 30), date(2026, 3, 30))
    berlin = "".join(_text(tmp_path, "asterisk", "pbx-hh") + _text(tmp_path, "freeswitch"))
    assert "2026-03-29 03:" in berlin
    assert "2026-03-29 02:" not in berlin
    # the other exchange runs on UTC, where the hour exists
    assert re.search("2026-03-29 0[0-2]:", "".join(_text(tmp_path, "asterisk", "pbx-muc")))


def test_nothing_is_used_in_an_outage(tmp_path: Path) -> None:
    hours = (datetime(2026, 1, 1, 8), datetime(2026, 1, 1, 16))
    outage = Outage("O1", "A0", "GSM", "complete", "power", *hours)
    stand_in.deliver(tmp_path / "dark", KNOBS, FIRST, FIRST, outages=(outage,))
    usage = _usage(tmp_path / "dark").filter(
        (pl.col("at") >= hours[0])
        & (pl.col("at") < hours[1])
        & pl.col("visited_network").is_null()
        & pl.col("served_number").is_in(
            stand_in.lines(KNOBS.subscribers)
            .filter(pl.col("network_type") == "mobile")["service_number"]
            .to_list()
        )
    )
    voice = usage.filter(pl.col("usage_type") != "data")
    assert voice.filter(pl.col("area_id") == "A0").is_empty()
    assert voice.filter(pl.col("area_id") == "A1").height > 100
    assert usage.filter((pl.col("usage_type") == "data") & (pl.col("area_id") == "A0")).height


def test_journeys_last_several_days_in_one_country() -> None:
    held = stand_in.lines(4_000)
    sold = stand_in.catalog()
    days = [date(2026, 7, 1) + timedelta(days=offset) for offset in range(30)]
    where = np.array([visited(KNOBS, sold, day, held) for day in days])
    assert 0.01 < (where >= 0).mean() < 0.15
    stays = (where[1:] >= 0) & (where[:-1] >= 0)
    # another journey may follow at once, but seldom
    assert (where[1:] == where[:-1])[stays].mean() > 0.9
    winter = visited(KNOBS, sold, date(2026, 1, 20), held)
    assert (winter >= 0).mean() < (where[-1] >= 0).mean()


def test_a_line_is_silent_before_and_after_its_time(tmp_path: Path) -> None:
    held = stand_in.lines(400).with_columns(
        from_at=pl.lit(datetime(2026, 1, 1, 10)), to_at=pl.lit(datetime(2026, 1, 1, 12))
    )
    stand_in.deliver(tmp_path, Knobs(subscribers=400), FIRST, FIRST, frame=held)
    usage = _usage(tmp_path).filter(pl.col("at").dt.date() == date(2026, 1, 1))
    begins = usage.filter(pl.col("record_sequence").fill_null("1") == "1")["at"]
    assert begins.len() > 20
    assert begins.min() >= datetime(2026, 1, 1, 10)  # type: ignore[operator]
    assert begins.max() < datetime(2026, 1, 1, 12)  # type: ignore[operator]


def test_use_fades_before_a_leave(tmp_path: Path) -> None:
    held = stand_in.lines(1_500)
    faded = held.with_columns(fade_from_on=pl.lit(date(2025, 12, 1)))
    for name, frame in (("loyal", held), ("leaving", faded)):
        stand_in.deliver(tmp_path / name, KNOBS, FIRST, FIRST, frame=frame)
    loyal, leaving = (_usage(tmp_path / name).height for name in ("loyal", "leaving"))
    assert leaving < 0.4 * loyal


def test_the_exchanges_have_their_habits(tmp_path: Path) -> None:
    """Layouts of 21 and 18 columns, cdr_custom for a while, and a system name from mid-file on."""
    habits = Habits.of(KNOBS.start_on, KNOBS.months)
    shapes = {}
    for day in (FIRST, habits.custom_layout[0] + timedelta(days=1), habits.system_name_from):
        stand_in.deliver(tmp_path / f"{day}", KNOBS, day + timedelta(1), day + timedelta(1))
        for exchange in ("hh", "muc"):
            text = _text(tmp_path / f"{day}", "asterisk", f"pbx-{exchange}")[0]
            shapes[day, exchange] = text.splitlines()
    plain, custom, named = sorted({day for day, _ in shapes})
    fields = {exchange: next(csv.reader(shapes[plain, exchange])) for exchange in ("hh", "muc")}
    assert {exchange: len(found) for exchange, found in fields.items()} == {"hh": 21, "muc": 18}
    assert shapes[plain, "muc"][0].startswith('"pbx')
    assert shapes[custom, "muc"][0].startswith('"""')
    old = ['"pbx-hh-' in line for line in shapes[named, "hh"]]
    assert 0 < sum(old) < len(old)


def test_call_records_hold_their_traps(world: tuple[Path, Ledger]) -> None:
    master = "".join(_text(world[0], "asterisk", "pbx-hh"))
    assert ',60,"NO ANSWER"' in master
    assert ',0,"ANSWERED"' in master
    assert ",,20" in master.replace('"', "")
    assert "B\xfcro" in master
    ids = re.findall(r',"(\d+\.\d+)",\d+\n', master)
    legs = pl.Series(ids).value_counts()["count"]
    assert legs.max() == 5
    for shape in (r'"0\d{6,}"', r'"00\d{6,}"', r'"\+\d{6,}"', r'"\d\d"', '"11833"'):
        assert re.search(rf",{shape},", master), shape
    switch = "".join(_text(world[0], "freeswitch"))
    assert all(', "49' in line for line in switch.splitlines())
    uuids = [line.split('","')[10] for line in switch.splitlines()]
    assert len(uuids) > len(set(uuids))
    detail = "".join(_text(world[0], "radius"))
    for part in ("= Start", "= Interim-Update", "= Stop", "-Gigawords = ", '"Jan  1 1970 '):
        assert part in detail, part


def test_switches_record_calls_both_ways(world: tuple[Path, Ledger]) -> None:
    held = stand_in.lines(KNOBS.subscribers)
    near = {number[3:] for number in held["service_number"].drop_nulls()}
    legs = list(csv.reader("".join(_text(world[0], "asterisk", "pbx-hh")).splitlines()))
    # one leg a call: src, dst and context by uniqueid
    calls = {leg[16]: (leg[1], leg[2], leg[3]) for leg in legs}
    came = [call for call in calls.values() if call[2] == "from-trunk"]
    made = [call for call in calls.values() if call[2] == "from-internal"]
    assert len(came) + len(made) == len(calls)
    assert len(made) / len(calls) == pytest.approx(OUTGOING, abs=0.05)
    for src, dst, context in calls.values():
        far, own = (src, dst) if context == "from-trunk" else (dst, src)
        assert own in ("", "s") or len(own) == 2 or own.endswith(tuple(near))
        assert far != "s"
        assert dst
    switch = list(csv.reader("".join(_text(world[0], "freeswitch")).splitlines()))
    shares = pl.Series([row[3] for row in switch]).value_counts(normalize=True)
    assert dict(shares.iter_rows())["public"] == pytest.approx(OUTGOING, abs=0.06)
    to_us = [row[2] for row in switch if row[3] == "carrier"]
    assert all(number.endswith(tuple(near)) for number in to_us)


def test_a_source_without_incoming_context_records_only_what_is_dialled(tmp_path: Path) -> None:
    sold = stand_in.catalog()
    told = [{**row, "terminating_context": None} for row in sold.deliveries[0].rows]
    deaf = replace(sold, deliveries=(replace(sold.deliveries[0], rows=tuple(told)),))
    held, when = stand_in.lines(KNOBS.subscribers), today(KNOBS, {}, FIRST)
    for catalog, ways in ((sold, 2), (deaf, 1)):
        scene = Scene.of(KNOBS, catalog, when, held)
        events = events_of_day(scene, [])
        own = held["source"].gather(events["line"]) == "asterisk"
        assert events.filter(own)["direction"].n_unique() == ways


def test_radius_counts_from_the_begin_of_a_session(world: tuple[Path, Ledger]) -> None:
    sessions: dict[str, list[int]] = {}
    for stanza in "".join(_text(world[0], "radius")).split("\n\n"):
        found = dict(re.findall(r"\t([\w-]+) = \"?([^\"\n]*)", stanza))
        if "Acct-Output-Octets" in found:
            words = int(found.get("Acct-Output-Gigawords", 0))
            total = int(found["Acct-Output-Octets"]) + (words << 32)
            sessions.setdefault(found["Acct-Session-Id"], []).append(total)
    assert any(len(counts) > 3 for counts in sessions.values())
    assert all(counts == sorted(counts) for counts in sessions.values())


def test_long_sessions_come_in_parts_over_several_days(world: tuple[Path, Ledger]) -> None:
    usage = _usage(world[0]).filter(pl.col("session_id").is_not_null())
    days = usage.group_by("session_id").agg(pl.col("at").dt.date().n_unique(), pl.len())
    assert days["len"].max() == 6
    assert days["at"].max() > 2  # type: ignore[operator]
    assert set(usage["is_closing"]) == {"true", "false"}


def test_file_numbers_are_consecutive(world: tuple[Path, Ledger]) -> None:
    paths = (world[0] / "landing" / USAGE).rglob("*_seq*")
    numbers = sorted({int(path.name.split("_seq")[1][:6]) for path in paths})
    assert numbers == list(range(1, len(numbers) + 1))


def test_file_names_tell_the_sources_apart() -> None:
    by_feed = sources_of(stand_in.catalog())
    names = {
        source.source_id: file_name(sources, source, FIRST, ".csv")
        for sources in by_feed.values()
        for source in sources
    }
    assert names["PBX-HH"] == "pbx-hh-2026-01-02.csv"
    assert names["PBX-MUC"] == "pbx-muc-2026-01-02.csv"


def test_money_comes_around_paydays(tmp_path: Path) -> None:
    knobs = Knobs(subscribers=3_000, months=2)
    stand_in.deliver(tmp_path, knobs, FIRST, date(2026, 2, 2))
    tops = rows(tmp_path, "online_charging/top_ups").with_columns(
        on=pl.col("occurred_at").str.slice(8, 2).cast(pl.Int64)
    )
    prepaid = stand_in.lines(3_000).filter(pl.col("rating_type") == "prepaid")
    assert set(tops["subscription_id"]) <= set(prepaid["subscription_id"])
    assert {*tops["amount"]} == {"5.00", "10.00", "15.00", "20.00", "50.00"}
    assert {"voucher", "card", "automatic", "cash", "bank_transfer"} == set(tops["top_up_kind"])
    assert tops["top_up_id"].is_unique().all()
    assert (tops["voucher_id"].is_not_null() == (tops["top_up_kind"] == "voucher")).all()
    payday = tops.filter((pl.col("on") <= 3) | (pl.col("on") >= 29)).height / 6
    other = tops.filter(pl.col("on").is_between(5, 13)).height / 9
    assert payday > 1.6 * other
    # a line brings in between five and twenty euros a month
    total = tops["amount"].cast(pl.Float64).sum() / prepaid.height
    assert 5 < total < 20
    assert payday_factor(date(2026, 1, 1)) > payday_factor(date(2026, 1, 10))


def test_balances_of_the_old_system_come_once(tmp_path: Path) -> None:
    stand_in.deliver(tmp_path, KNOBS, FIRST, FIRST + timedelta(days=9))
    adjusted = rows(tmp_path, "online_charging/balance_adjustments")
    opening = adjusted.filter(pl.col("adjustment_kind") == "opening")
    prepaid = stand_in.lines(KNOBS.subscribers).filter(pl.col("rating_type") == "prepaid")
    assert sorted(opening["subscription_id"]) == sorted(prepaid["subscription_id"])
    assert set(opening["_delivered_on"]) == {FIRST}
