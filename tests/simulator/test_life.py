"""What happens to subscriptions: every event leaves rows that agree with the truth."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.simulator.catalog import build_catalog
from data.simulator.knobs import Knobs
from data.simulator.life import hazard
from data.simulator.life.day import live
from data.simulator.people.clock import midnight
from data.simulator.people.lines import lines_of_day
from data.simulator.people.numbers import QUARANTINE_DAYS
from data.simulator.people.world import World
from data.simulator.truth import Truth
from orchestration.contracts import load_feeds
from orchestration.ingest import ingest_feed
from orchestration.settings import REPOSITORY, Settings
from tests.simulator.deliveries import DELIVERY_DAY, local_days, quiet_world, rows, stamps

KNOBS = Knobs(subscribers=1_500, months=5)
LIFE = ("crm", "order_management")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return quiet_world(tmp_path_factory.mktemp("life"), KNOBS)


@pytest.fixture(scope="module")
def states(world: Path) -> pl.DataFrame:
    return Truth(world / "truth").newest("states")


def _provisioned(world: Path, step: str) -> pl.DataFrame:
    events = rows(world, "order_management/provisioning_events")
    done = events.filter((pl.col("step") == step) & (pl.col("outcome") == "completed"))
    return done.select("subscription_id", "cause", local_days("occurred_at").alias("on"))


def test_every_delivered_row_passes_its_contract(world: Path) -> None:
    settings = Settings(data=world, settle_seconds=0, open_end_seconds=0)
    contracts = load_feeds(REPOSITORY / "data" / "contracts")
    for feed_id, feed in contracts.items():
        if feed_id.startswith(LIFE) and (world / "landing" / feed_id).exists():
            result = ingest_feed(settings, feed, KNOBS.last_on)
            assert result.quarantined == 0, f"{feed_id}: {result}"


def test_active_states_are_what_provisioning_says(world: Path, states: pl.DataFrame) -> None:
    """Active on D when activated_on <= D < terminated_on; a pause counts as its own state."""
    begun = states.filter(
        (pl.col("state") == "active") & (pl.col("reason").fill_null("") != "resumed")
    )
    first = begun.group_by("subscription_id").agg(pl.col("from_on").min().alias("on"))
    activated = _provisioned(world, "activate").group_by("subscription_id").agg(pl.col("on").min())
    assert first.sort("subscription_id").equals(activated.sort("subscription_id"))
    ended = states.filter(pl.col("state") == "terminated").select(
        "subscription_id", pl.col("from_on").alias("on")
    )
    deactivated = _provisioned(world, "deactivate").select("subscription_id", "on")
    order = ["subscription_id", "on"]
    assert ended.sort(order).equals(deactivated.sort(order))
    assert ended.height > 50


def test_pauses_are_what_provisioning_says(world: Path, states: pl.DataFrame) -> None:
    paused = states.filter(pl.col("state") == "suspended")
    assert paused.height > 3
    begun = _provisioned(world, "suspend").select("subscription_id", "on").sort("on")
    assert (
        paused.select("subscription_id", on="from_on")
        .sort("subscription_id", "on")
        .equals(begun.sort("subscription_id", "on"))
    )


def test_states_follow_one_another_without_gap(states: pl.DataFrame) -> None:
    ordered = states.sort("subscription_id", "from_on").with_columns(
        next_from=pl.col("from_on").shift(-1).over("subscription_id")
    )
    ends = ordered.filter(pl.col("next_from").is_not_null())
    assert (ends["to_on"] == ends["next_from"]).all()
    assert ordered.filter(pl.col("next_from").is_null())["to_on"].is_null().all()


def test_base_days_count_the_states(world: Path, states: pl.DataFrame) -> None:
    days = Truth(world / "truth").read("base_days").filter(pl.col("customer_type") == "all")
    for day, count in days.select("day", "subscriptions").iter_rows():
        if day.day != 15:
            continue
        held = states.filter(
            pl.col("state").is_in(["active", "suspended"])
            & (pl.col("from_on") <= day)
            & (pl.col("to_on").is_null() | (pl.col("to_on") > day))
        )
        assert held.height == count


def test_a_number_has_one_holder_at_a_time_and_rests_before_the_next(world: Path) -> None:
    told = rows(world, "order_management/service_numbers").with_columns(at=stamps("valid_from_at"))
    told = told.sort("service_number", "at", "op", descending=[False, False, False])
    reused = 0
    for (_,), history in told.group_by(["service_number"], maintain_order=True):
        holder, free_at = None, None
        for row in history.iter_rows(named=True):
            if row["op"] == "delete":
                assert holder == row["subscription_id"]
                holder, free_at, last = None, row["at"], row["subscription_id"]
                continue
            assert holder is None, f"{row['service_number']} has two holders"
            if free_at is not None and row["subscription_id"] != last:
                reused += 1
                assert row["at"] - free_at >= timedelta(days=QUARANTINE_DAYS - 1)
            holder = row["subscription_id"]
    assert reused > 5


def test_numbers_are_held_exactly_while_subscribed(world: Path, states: pl.DataFrame) -> None:
    told = rows(world, "order_management/service_numbers").sort("valid_from_at")
    last = told.group_by("service_number", maintain_order=True).last()
    holding = set(last.filter(pl.col("op") == "upsert")["subscription_id"])
    now = states.filter(pl.col("to_on").is_null())
    serving = set(now.filter(pl.col("state").is_in(["active", "suspended"]))["subscription_id"])
    waiting = {
        row["key"]
        for row in Truth(world / "truth").read("dirt").iter_rows(named=True)
        if row["kind"] == "late_assignment"
        and row["delivered_on"] > KNOBS.last_on - timedelta(days=6)
    }
    assert len(serving - holding) <= len(waiting)
    assert not holding - serving


def test_the_tree_of_truth_is_the_tree_that_was_delivered(world: Path) -> None:
    truth = Truth(world / "truth").newest("hierarchy")
    told = rows(world, "crm/customers").sort("valid_from_on", DELIVERY_DAY)
    moves = truth.group_by("customer_id").len().filter(pl.col("len") > 1)
    assert moves.height > 0, "nobody was reorganised"
    for day in (KNOBS.start_on, KNOBS.last_on):
        as_told = told.filter(pl.col("valid_from_on") <= str(day))
        parents = as_told.group_by("customer_id", maintain_order=True).last()
        parent = dict(parents.select("customer_id", "parent_customer_id").iter_rows())
        valid = truth.filter(
            (pl.col("from_on") <= day) & (pl.col("to_on").is_null() | (pl.col("to_on") > day))
        )
        assert valid.height == len(parent)
        for row in valid.iter_rows(named=True):
            chain = [row["customer_id"]]
            while parent[chain[-1]]:
                chain.append(parent[chain[-1]])
                assert len(chain) <= 4
            assert parent[row["customer_id"]] == row["parent_customer_id"]
            assert chain[-1] == row["root_customer_id"]
            assert len(chain) - 1 == row["level"]


def test_nobody_leaves_before_term_and_notice_are_over(world: Path) -> None:
    orders = rows(world, "order_management/orders").drop(DELIVERY_DAY)
    items = rows(world, "order_management/order_items").join(orders, on="order_id")
    leaving = items.filter(
        (pl.col("action") == "terminate")
        & pl.col("initiated_by").is_in(["customer", "donor_operator"])
        & ~pl.col("termination_reason").is_in(["death", "withdrawal"])
    ).with_columns(on=local_days("ordered_at"), end=pl.col("requested_on").str.to_date())
    versions = (
        rows(world, "order_management/subscriptions")
        .drop(DELIVERY_DAY)
        .with_columns(pl.col("valid_from_on").str.to_date())
    )
    then = (
        leaving.sort("on")
        .join_asof(
            versions.sort("valid_from_on"),
            left_on="on",
            right_on="valid_from_on",
            by="subscription_id",
            check_sortedness=False,
        )
        .with_columns(bound=pl.col("minimum_term_ends_on").str.to_date())
    )
    assert then.height > 100
    assert then.filter(pl.col("end") <= pl.col("bound")).is_empty()
    months = then.filter(
        (pl.col("notice_period_unit") == "months") & (pl.col("notice_period_length") == "1")
    )
    assert months.filter(pl.col("end") < pl.col("on") + pl.duration(days=28)).is_empty()


def test_churn_is_in_the_band_of_an_operator(world: Path) -> None:
    received = rows(world, "order_management/order_items").join(
        rows(world, "order_management/orders"), on="order_id"
    )
    voluntary = received.filter(
        (pl.col("action") == "terminate")
        & pl.col("initiated_by").is_in(["customer", "donor_operator"])
        & ~pl.col("termination_reason").is_in(["death", "withdrawal"])
        & (pl.col("ordered_at") >= str(KNOBS.start_on))
    ).height
    base = Truth(world / "truth").read("base_days").filter(pl.col("customer_type") == "all")
    assert 0.015 < voluntary / KNOBS.months / base["subscriptions"].mean() < 0.04
    assert 0.9 < base["subscriptions"][-1] / base["subscriptions"][0] < 1.25


def test_terminations_are_of_all_kinds(world: Path) -> None:
    reasons = set(rows(world, "order_management/order_items")["termination_reason"].drop_nulls())
    assert {"price", "competitor", "ported_out", "inactive", "death", "withdrawal"} <= reasons
    causes = set(_provisioned(world, "deactivate")["cause"].drop_nulls())
    assert {"lapsed", "ported_out"} <= causes


def test_lapsed_lines_were_silent_for_ninety_days(world: Path) -> None:
    lapsed = _provisioned(world, "deactivate").filter(pl.col("cause") == "lapsed")
    assert lapsed.height > 5
    assert lapsed["on"].min() > KNOBS.start_on


def test_the_retention_campaign_is_a_fair_experiment(world: Path) -> None:
    offers = rows(world, "crm/retention_offers")
    arms = dict(offers.group_by("arm").len().iter_rows())
    assert arms["treatment"] + arms["control"] > 100
    assert abs(arms["treatment"] - arms["control"]) < 3 * np.sqrt(offers.height)
    control = offers.filter(pl.col("arm") == "control")
    assert (
        control.select("discount_id", "offered_at", "channel").null_count().row(0)
        == (control.height,) * 3
    )
    granted = rows(world, "order_management/discount_grants")["retention_offer_id"].drop_nulls()
    treated = offers.filter(pl.col("arm") == "treatment")["retention_offer_id"]
    assert len(granted) > 0
    assert set(granted) < set(treated)


def test_known_dirt_is_in_the_deliveries(world: Path) -> None:
    dirt = Truth(world / "truth").read("dirt")
    numbers = rows(world, "order_management/service_numbers").with_columns(
        late=(pl.col(DELIVERY_DAY) - local_days("valid_from_at")).dt.total_days()
    )
    late = numbers.filter((pl.col("late") > 0) & (local_days("valid_from_at") >= KNOBS.start_on))
    told = set(dirt.filter(pl.col("kind") == "late_assignment")["key"])
    assert late.height > 0
    assert set(late["service_number"]) <= told
    assert late["late"].is_between(2, 5).all()
    customers = rows(world, "crm/customers")
    twice = customers.group_by("customer_id", "valid_from_on").len().filter(pl.col("len") > 1)
    corrected = dirt.filter(
        (pl.col("kind") == "corrected_reference") & (pl.col("feed") == "crm/customers")
    )
    assert set(twice["customer_id"]) == set(corrected["key"])


def test_lines_are_those_of_the_day() -> None:
    small = World(Knobs(subscribers=400), build_catalog(Knobs(subscribers=400)))
    day = small.knobs.start_on
    for _ in range(45):
        live(small, day, [])
        small.clear()
        day += timedelta(days=1)
    today = day.toordinal() - 1
    lines = lines_of_day(small, today)
    start, end = midnight(today), midnight(today + 1)
    begun = lines["from_at"].dt.timestamp("us").to_numpy()
    assert (begun < end).all()
    ended = lines["to_at"].dt.timestamp("us").drop_nulls().to_numpy()
    assert (ended > start).all()
    held = lines.filter(pl.col("to_at").is_null())
    assert held["served_key"].is_unique().all()
    assert {"usage_records", "radius", "asterisk"} <= set(lines["source"])
    per_subscription = (
        lines["voice_per_day"].sum() + lines["sms_per_day"].sum() + lines["data_per_day"].sum()
    ) / lines["subscription_id"].n_unique()
    assert 1.6 < per_subscription < 3.2
    table = small.subscriptions
    silent = np.flatnonzero((table["silent_from"] > 0) & (table["silent_from"] <= today))
    assert len(silent) > 0
    assert not set(lines["subscription_index"]) & set(silent.tolist())
    assert not set(lines["subscription_index"]) & set(
        np.flatnonzero((table["terminated_on"] > 0) & (table["terminated_on"] < today)).tolist()
    )


def test_the_hazard_knows_frailty_only_in_the_mean() -> None:
    """The oracle integrates frailty out; over many the two agree, one by one they do not."""
    small = World(Knobs(subscribers=4_000), build_catalog(Knobs(subscribers=4_000)))
    live(small, small.knobs.start_on, [])
    oracle, knowing = hazard.window_hazards(small)
    assert oracle.mean() == pytest.approx(knowing.mean(), rel=0.05)
    assert np.corrcoef(oracle, knowing)[0, 1] < 0.97
    assert ((oracle > 0) & (oracle < 1)).all()


def test_survival_makes_the_oracle_think_better_of_who_stays() -> None:
    small = World(Knobs(subscribers=100), build_catalog(Knobs(subscribers=100)))
    live(small, small.knobs.start_on, [])
    before, _ = hazard.window_hazards(small)
    logit = np.full(len(small.subscriptions), -3.0)
    for _ in range(30):
        hazard.remember_survival(small, logit, np.ones(len(logit), dtype=bool))
    after, _ = hazard.window_hazards(small)
    assert (after < before).all()


def test_the_constants_are_frozen() -> None:
    """Models are measured against them: a change needs new figures in docs/simulator-hazard.md."""
    document = (REPOSITORY / "docs" / "simulator-hazard.md").read_text(encoding="utf-8")
    for name, weight in hazard.COEFFICIENTS.items():
        assert f"| `{name}` | {weight:+.2f} |" in document
    assert date(2026, 1, 1) == Knobs().start_on
