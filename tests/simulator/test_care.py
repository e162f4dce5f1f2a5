"""The care desk: what is delivered obeys the contracts, and tells what outages and moods cause."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.simulator.care import CareDay, care_of_day, outage_rows, outages_of_month, topics
from data.simulator.care.texts import LANGUAGES, fragments
from data.simulator.care.tickets import office_time
from data.simulator.care.topics import BY_NAME
from data.simulator.catalog import build_catalog
from data.simulator.knobs import TIME_ZONE, Knobs
from data.simulator.landing import Landing
from data.simulator.model import Catalog, Outage
from data.simulator.people.clock import midnight, moment
from data.simulator.steps import CONTRACTS
from orchestration.settings import Settings
from tests.ingest import world

KNOBS = Knobs(subscribers=900, months=2)
FEEDS = ("interactions", "tickets", "ticket_events")
DAYS = 35


@cache
def sold() -> Catalog:
    return build_catalog(KNOBS)


def drivers(rate: float = 0.02, **constant: object) -> pl.DataFrame:
    """Customers of all areas in turn; every third is fixed, every fifth speaks English."""
    count = KNOBS.subscribers
    numbers = np.arange(count)
    areas = [sold().areas[number % len(sold().areas)] for number in numbers]
    fixed = [
        [name for name in area.technologies if name not in ("GSM", "GPRS_LTE")] for area in areas
    ]
    is_mobile = [number % 3 != 0 or not fixed[number] for number in numbers]
    frame = pl.DataFrame(
        {
            "subscription_id": [f"S{number + 1:07d}" for number in numbers],
            "subscription_index": numbers,
            "customer_id": [f"C{number + 1:07d}" for number in numbers],
            "account_id": [f"A{number + 1:07d}" for number in numbers],
            "area_id": [area.area_id for area in areas],
            "network_type": ["mobile" if mobile else "fixed" for mobile in is_mobile],
            "access_technology": [
                "GSM" if is_mobile[number] else fixed[number][number // 3 % len(fixed[number])]
                for number in numbers
            ],
            "customer_kind": ["company" if number % 7 == 0 else "individual" for number in numbers],
            "language": ["en" if number % 5 == 0 else "de" for number in numbers],
            "contact_rate": np.full(count, rate),
            "dissatisfaction": np.full(count, 0.2),
            "is_leaning": numbers % 10 == 0,
            "price_change_days": pl.Series([None] * count, dtype=pl.Int64),
        }
    )
    return frame.with_columns(
        pl.lit(value, dtype=frame.schema[name]).alias(name) for name, value in constant.items()
    )


def lines(who: pl.DataFrame) -> pl.DataFrame:
    """One line each; every fourth mobile line is prepaid."""
    prepaid = (pl.col("network_type") == "mobile") & (pl.col("subscription_index") % 4 == 1)
    return who.select(
        "subscription_id",
        pl.when(prepaid).then(pl.lit("prepaid")).otherwise(pl.lit("postpaid")).alias("rating_type"),
        pl.lit(0.012).alias("drop_share"),
    )


@dataclass
class Told:
    """What a number of days delivered."""

    days: list[CareDay] = field(default_factory=list)

    def of(self, feed: str) -> pl.DataFrame:
        frames = [getattr(day, feed) for day in self.days if getattr(day, feed).height]
        return pl.concat(frames, how="diagonal_relaxed")


def live(
    who: pl.DataFrame, count: int, outages: list[Outage] | None = None, save: Path | None = None
) -> Told:
    """Let days pass; with `save`, what is carried goes through a file, as it does between steps."""
    told, carry = Told(), None
    for offset in range(count):
        day = KNOBS.start_on + timedelta(days=offset)
        touching = [outage for outage in outages or [] if touches(outage, day)]
        told.days.append(care_of_day(KNOBS, sold(), day, lines(who), touching, who, carry))
        carry = told.days[-1].carry
        if save is not None:
            carry.write_parquet(save)
            carry = pl.read_parquet(save)
    return told


def touches(outage: Outage, day: date) -> bool:
    return local_day(outage.started_at) <= day <= local_day(outage.ended_at)


def local_day(utc: datetime) -> date:
    return utc.replace(tzinfo=UTC).astimezone(TIME_ZONE).date()


def months() -> list[Outage]:
    return [
        outage
        for month in range(KNOBS.months)
        for outage in outages_of_month(KNOBS, sold(), KNOBS.month_on(month))
    ]


@pytest.fixture(scope="module")
def told() -> Told:
    return live(drivers(), DAYS, months())


@pytest.fixture
def blackout() -> Outage:
    """A whole working day without fixed service of one technology in one area."""
    who = drivers().filter(pl.col("network_type") == "fixed").row(0, named=True)
    return Outage(
        "OUT-1",
        who["area_id"],
        who["access_technology"],
        "complete",
        "cable_cut",
        datetime(2026, 1, 7, 6),
        datetime(2026, 1, 7, 17, 30),
    )


def test_the_contracts_take_every_row(told: Told, settings: Settings) -> None:
    landing = Landing(settings.landing, CONTRACTS)
    delivered = {f"care/{feed}": told.of(feed) for feed in FEEDS}
    delivered["network/outages"] = pl.DataFrame(
        [row for _, row in outage_rows(months())], infer_schema_length=None
    )
    for feed, frame in delivered.items():
        landing.write(feed, KNOBS.start_on, frame)
        world.ingest(settings, feed)
        assert world.broken(settings, feed) == []
        taken = world.rows(settings, feed)
        assert taken.height == frame.height > 20
        assert taken[frame.columns[0]].n_unique() == frame.height


def test_equal_knobs_tell_the_same_and_another_seed_does_not(told: Told) -> None:
    again = live(drivers(), 5, months())
    for ours, theirs in zip(again.days, told.days, strict=False):
        for name in (*FEEDS, "facts", "carry"):
            assert getattr(ours, name).equals(getattr(theirs, name))
    other = Knobs(subscribers=KNOBS.subscribers, months=2, seed=7)
    day = KNOBS.start_on
    care = care_of_day(other, sold(), day, lines(drivers()), [], drivers(), None)
    assert not care.interactions.equals(told.days[0].interactions)
    assert outages_of_month(other, sold(), day) != outages_of_month(KNOBS, sold(), day)


def test_what_is_carried_survives_being_saved(told: Told, tmp_path: Path) -> None:
    saved = live(drivers(), 12, months(), save=tmp_path / "carry.parquet")
    for ours, theirs in zip(saved.days, told.days, strict=False):
        assert ours.ticket_events.equals(theirs.ticket_events)
        assert ours.interactions.equals(theirs.interactions)


def test_rows_are_of_the_day_on_which_they_are_delivered(told: Told) -> None:
    for offset, day in enumerate(told.days):
        today = KNOBS.start_on + timedelta(days=offset)
        for feed, column in (
            ("interactions", "occurred_at"),
            ("tickets", "opened_at"),
            ("ticket_events", "occurred_at"),
        ):
            if getattr(day, feed).height:
                assert {local_day(at) for at in getattr(day, feed)[column]} == {today}
    for told_on, row in outage_rows(months()):
        assert local_day(row["occurred_at"]) == told_on


def test_every_ticket_lives_in_order(told: Told) -> None:
    tickets, events = told.of("tickets"), told.of("ticket_events")
    opened = dict(tickets.select("ticket_id", "opened_at").iter_rows())
    assert set(events["ticket_id"]) <= set(opened)
    seen: Counter[str] = Counter()
    by_ticket = events.sort("ticket_event_id").group_by("ticket_id", maintain_order=True)
    for (ticket,), life in by_ticket:
        times = [opened[ticket], *life["occurred_at"]]
        assert all(earlier < later for earlier, later in itertools.pairwise(times))
        kinds = life["event_kind"].to_list()
        assert kinds[0] == "assigned"
        for before, after in itertools.pairwise(kinds):
            assert before not in ("closed", "cancelled")
            assert (before == "resolved") == (after in ("reopened", "closed"))
        seen.update(kinds)
    assert life_shares(seen)["reopened"] == pytest.approx(0.08, abs=0.05)
    solved = events.filter(pl.col("event_kind") == "resolved")
    assert solved["resolution_code"].null_count() == 0
    assert events["resolution_code"].count() == solved.height


def life_shares(seen: Counter[str]) -> dict[str, float]:
    return {kind: count / seen["resolved"] for kind, count in seen.items()}


def test_no_ticket_event_is_lost_or_told_twice(told: Told) -> None:
    events = told.of("ticket_events")
    waiting = told.days[-1].carry
    assert events["ticket_event_id"].n_unique() == events.height
    assert not set(waiting["ticket_event_id"]) & set(events["ticket_event_id"])
    finished = events.filter(pl.col("event_kind").is_in(["closed", "cancelled"]))
    assert set(finished["ticket_id"]) | set(waiting["ticket_id"]) == set(
        told.of("tickets")["ticket_id"]
    )


def test_tickets_and_contacts_name_each_other(told: Told) -> None:
    contacts = told.of("interactions")
    pairs = told.of("tickets").join(
        contacts.select("interaction_id", "ticket_id", "subscription_id", "channel"),
        on="interaction_id",
        how="left",
    )
    assert pairs["ticket_id"].to_list() == pairs["ticket_id_right"].to_list()
    assert pairs["subscription_id"].to_list() == pairs["subscription_id_right"].to_list()
    assert pairs["channel"].to_list() == pairs["channel_right"].to_list()
    repeats = contacts.join(pairs.select("interaction_id"), on="interaction_id", how="anti").filter(
        (pl.col("direction") == "inbound") & pl.col("ticket_id").is_not_null()
    )
    assert repeats.height > 5


def test_an_outage_brings_tickets_of_its_area_that_outlast_it(blackout: Outage) -> None:
    who = drivers(rate=0.0)
    told = live(who, 20, [blackout])
    tickets = told.of("tickets")
    assert tickets.height >= 1
    assert set(tickets["area_id"]) == {blackout.area_id}
    assert set(tickets["subcategory"]) == {"outage"}
    hit = who.filter(
        (pl.col("area_id") == blackout.area_id)
        & (pl.col("access_technology") == blackout.access_technology)
    )
    assert set(
        told.of("interactions").filter(pl.col("direction") == "inbound")["subscription_id"]
    ) <= set(hit["subscription_id"])
    events = told.of("ticket_events")
    solved = events.filter(pl.col("event_kind") == "resolved")
    assert solved.height
    assert solved["occurred_at"].min() > blackout.ended_at
    linked = pl.concat([tickets, events], how="diagonal").drop_nulls("outage_id")
    assert set(linked["ticket_id"]) == set(tickets["ticket_id"])
    assert set(linked["outage_id"]) == {blackout.outage_id}


def test_nobody_calls_without_a_reason() -> None:
    told = live(drivers(rate=0.0), 5)
    assert all(
        (day.interactions.is_empty() or set(day.interactions["direction"]) == {"outbound"})
        for day in told.days
    )
    assert all(day.tickets.is_empty() and day.ticket_events.is_empty() for day in told.days)


def test_facts_count_what_the_rows_tell(told: Told) -> None:
    contacts = told.of("interactions").filter(pl.col("direction") == "inbound")
    facts = pl.concat([day.facts for day in told.days])
    assert facts["contacts"].sum() == contacts.height
    assert facts["complaints"].sum() == (contacts["purpose"] == "complaint").sum()
    assert facts["tickets_opened"].sum() == told.of("tickets").height
    late = told.of("ticket_events").join(
        told.of("tickets").select("ticket_id", "opened_at", opened_as="priority"), on="ticket_id"
    )
    hours = (pl.col("occurred_at") - pl.col("opened_at")).dt.total_seconds() / 3600
    target = pl.col("opened_as").replace_strict(
        {"low": 240.0, "normal": 120.0, "high": 48.0, "critical": 24.0}
    )
    late = late.filter((pl.col("event_kind") == "resolved") & (hours > target))
    assert facts["tickets_late"].sum() == late.height > 0
    assert facts["transfers"].sum() > 0


def test_the_annoyed_complain_more() -> None:
    def complaints(mood: float) -> float:
        contacts = live(drivers(dissatisfaction=mood), 12).of("interactions")
        return float((contacts["purpose"] == "complaint").mean())  # type: ignore[arg-type]

    assert complaints(0.9) > 2 * complaints(0.0)


def test_price_notices_and_leaning_colour_topics_and_words() -> None:
    def about(**constant: object) -> pl.DataFrame:
        return live(drivers(**constant), 12).of("interactions")  # type: ignore[arg-type]

    quiet, notified = about(is_leaning=False), about(is_leaning=False, price_change_days=5)
    assert "price_rise" not in set(quiet["topic"])
    assert (notified["topic"] == "price_rise").sum() > 10
    words = r"echs|Kündigung|Anbieter|kündigen|leave|switch|offer from|provider|weg\.|günstiger"
    spoken = pl.concat_str("text", "transcript", ignore_nulls=True).str.contains(words)
    # those who lean also ask for the end of their contract; what counts is what all others say
    others = pl.col("topic") != "cancellation"
    leaning = about(is_leaning=True).filter(others).select(spoken).to_series().mean()
    assert leaning > 3 * quiet.filter(others).select(spoken).to_series().mean()


def test_texts_are_one_line_without_open_slots_and_seldom_repeat(told: Told) -> None:
    contacts = told.of("interactions")
    texts = [
        text
        for frame, column in (
            (contacts, "text"),
            (contacts, "transcript"),
            (told.of("tickets"), "title"),
            (told.of("tickets"), "description"),
            (told.of("ticket_events"), "note"),
        )
        for text in frame[column].drop_nulls()
    ]
    assert not [text for text in texts if set(text) & set("\n\r{}")]
    assert not [text for text in texts if ".." in text or "  " in text or text != text.strip()]
    spoken = contacts.filter(pl.col("direction") == "inbound")["text"].drop_nulls()
    assert spoken.n_unique() / len(spoken) > 0.8
    for name in ("email", "letter", "chat"):
        assert contacts.filter(pl.col("channel") == name)["text"].null_count() == 0


def test_texts_are_german_and_english_as_their_customers_are(told: Told) -> None:
    contacts = told.of("interactions").filter(pl.col("direction") == "inbound")
    shares = contacts["language"].value_counts(normalize=True)
    english = dict(shares.iter_rows())["en"]
    assert english == pytest.approx(0.2, abs=0.05)
    calls = contacts.drop_nulls("transcript")
    is_german = calls["transcript"].str.contains("Anrufer:")
    assert (is_german == (calls["language"] == "de")).all()


def test_recordings_belong_to_calls_and_four_in_ten_are_transcribed(told: Told) -> None:
    contacts = told.of("interactions")
    recorded = contacts.drop_nulls("recording_ref")
    assert set(recorded["channel"]) == {"phone"}
    assert recorded["transcript"].count() / recorded.height == pytest.approx(0.4, abs=0.08)
    assert contacts["transcript"].count() == recorded["transcript"].count()
    assert (
        contacts.filter(pl.col("channel").is_in(["email", "letter"]))["duration_seconds"].count()
        == 0
    )


def test_mondays_are_busier_than_sundays() -> None:
    who = drivers(rate=0.1)
    monday, sunday = (
        care_of_day(KNOBS, sold(), day, lines(who), [], who, None).interactions.height
        for day in (date(2026, 1, 12), date(2026, 1, 18))
    )
    assert monday > 3 * sunday


def test_every_topic_has_words_in_both_languages() -> None:
    names = {*BY_NAME, "any"}
    general = set(fragments("de")["any"])
    for language in LANGUAGES:
        assert set(fragments(language)) == names
        assert set(fragments(language)["any"]) == general
        for topic in BY_NAME:
            assert {"issue", "note", "ask", "detail", "title"} == set(fragments(language)[topic])


def test_prepaid_customers_ask_for_top_ups_and_not_for_bills() -> None:
    caller = topics.Caller(
        *("S1", "C1", "A1", "AR1", "Kiel"),
        is_mobile=True,
        is_prepaid=True,
        is_company=False,
        language="de",
        dissatisfaction=0.5,
        is_leaning=False,
        price_change_days=3,
        drop_share=0.01,
    )
    for is_complaint in (False, True):
        weights = dict(
            zip(
                (topic.name for topic in topics.TOPICS),
                topics.topic_weights(caller, is_complaint),
                strict=True,
            )
        )
        assert weights["top_up"] > 0
        assert weights["bill_too_high"] == weights["price_rise"] == weights["barring"] == 0


def test_outages_begin_in_their_month_and_some_last_for_days() -> None:
    known = Knobs(subscribers=900, months=12)
    lengths = []
    for month in range(12):
        first, following = known.month_on(month), known.month_on(month + 1)
        outages = outages_of_month(known, sold(), first)
        assert all(first <= local_day(outage.started_at) < following for outage in outages)
        assert all("-" in outage.outage_id for outage in outages)
        lengths += [
            (outage.ended_at - outage.started_at) / timedelta(hours=1) for outage in outages
        ]
    assert min(lengths) >= 0.5
    assert np.median(lengths) < 8
    assert any(72 <= hours <= 144 for hours in lengths)
    assert not any(10.1 < hours < 71.9 for hours in lengths)
    assert outages_of_month(known, sold(), date(2025, 12, 1)) == []


def test_an_outage_is_opened_reported_and_closed_in_order(blackout: Outage) -> None:
    rows = [row for _, row in outage_rows([blackout])]
    assert [row["event_kind"] for row in rows] == ["opened", "reported", "closed"]
    times = [row["occurred_at"] for row in rows]
    assert times[0] == blackout.started_at < times[1] < times[2] == blackout.ended_at
    assert [row["cause"] for row in rows] == [None, None, "cable_cut"]
    assert len({row["outage_event_id"] for row in rows}) == 3


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 5, 4), date(2026, 10, 25)])
def test_the_hours_of_the_desk_keep_the_order_of_a_day(day: date) -> None:
    ordinal = day.toordinal()
    moved = [office_time(at) for at in range(midnight(ordinal), midnight(ordinal + 1), 600_000_000)]
    assert moved == sorted(set(moved))
    local = [moment(at).replace(tzinfo=UTC).astimezone(TIME_ZONE) for at in moved]
    assert {at.hour for at in local} == set(range(7, 20))
    assert {at.date() for at in local} == {day}
