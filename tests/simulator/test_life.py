"""What happens to subscriptions: every event leaves rows that agree with the truth."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.simulator.catalog import build_catalog
from data.simulator.knobs import Knobs
from data.simulator.life import hazard, leaving
from data.simulator.life.day import live
from data.simulator.life.terms import ASKED_AFTER, ASKED_BEFORE
from data.simulator.people.clock import midnight
from data.simulator.people.lines import exchange_of, lines_of_day
from data.simulator.people.numbers import QUARANTINE_DAYS
from data.simulator.people.schema import ACTIVE
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


def test_churn_is_in_the_band_of_an_operator(world: Path, states: pl.DataFrame) -> None:
    base = Truth(world / "truth").read("base_days")
    sizes = dict(base.group_by("customer_type").agg(pl.col("subscriptions").mean()).iter_rows())
    left = _departures(world)
    for rating in ("prepaid", "postpaid"):
        size = sizes[f"mobile_{rating}"] + sizes[f"fixed_{rating}"]
        share = left.filter(pl.col("rating") == rating).height / KNOBS.months / size
        assert 0.015 < share < 0.032, rating
    every = base.filter(pl.col("customer_type") == "all")["subscriptions"]
    assert 0.95 < every[-1] / every[0] < 1.12


def _departures(world: Path) -> pl.DataFrame:
    """Who left by choice while the world lasted, with the rating at that time."""
    told = Truth(world / "truth").read("departures").filter(pl.col("how") != "used_again")
    versions = (
        rows(world, "order_management/subscriptions")
        .select("subscription_id", "product_offering_id", day=pl.col("valid_from_on").str.to_date())
        .sort("day")
    )
    plans = rows(world, "catalog/product_offerings").unique("product_offering_id")
    return (
        told.filter(pl.col("day") >= KNOBS.start_on)
        .sort("day")
        .join_asof(versions, on="day", by="subscription_id", check_sortedness=False)
        .join(plans.select("product_offering_id", "rating_type"), on="product_offering_id")
        .rename({"rating_type": "rating"})
    )


def test_most_prepaid_holders_leave_without_a_word(world: Path) -> None:
    ways = dict(
        _departures(world)
        .group_by("rating", "how")
        .len()
        .select(pl.concat_str("rating", "how", separator=" "), "len")
        .iter_rows()
    )
    assert "postpaid silent" not in ways
    assert ways["prepaid silent"] > 2 * ways["prepaid notice"]
    assert ways["prepaid silent"] > 20


def test_every_notice_of_truth_is_an_order(world: Path) -> None:
    received = rows(world, "order_management/order_items").join(
        rows(world, "order_management/orders"), on="order_id"
    )
    voluntary = received.filter(
        (pl.col("action") == "terminate")
        & pl.col("initiated_by").is_in(["customer", "donor_operator"])
        & ~pl.col("termination_reason").is_in(["death", "withdrawal"])
    ).select("subscription_id", day=local_days("ordered_at"))
    told = Truth(world / "truth").read("departures").filter(pl.col("how") == "notice")
    order = ["subscription_id", "day"]
    assert voluntary.sort(order).equals(told.select(order).sort(order))
    assert voluntary.height > 100


def test_terminations_are_of_all_kinds(world: Path) -> None:
    reasons = set(rows(world, "order_management/order_items")["termination_reason"].drop_nulls())
    assert {"price", "competitor", "ported_out", "inactive", "death", "withdrawal"} <= reasons
    causes = set(_provisioned(world, "deactivate")["cause"].drop_nulls())
    assert {"lapsed", "ported_out"} <= causes


def test_lapsed_lines_were_silent_for_ninety_days(world: Path) -> None:
    lapsed = _provisioned(world, "deactivate").filter(pl.col("cause") == "lapsed")
    assert lapsed.height > 5
    assert lapsed["on"].min() > KNOBS.start_on
    silent = Truth(world / "truth").read("departures").filter(pl.col("how") == "silent")
    since = lapsed.join(silent, on="subscription_id").select(
        days=(pl.col("on") - pl.col("day")).dt.total_days()
    )
    assert since.height > 0
    policies = rows(world, "catalog/policies").select("policy_name", "number_value")
    assert since["days"].min() > int(dict(policies.iter_rows())["prepaid_activity_window_days"])


def _orders(world: Path) -> pl.DataFrame:
    orders = rows(world, "order_management/orders").drop(DELIVERY_DAY)
    items = rows(world, "order_management/order_items").join(orders, on="order_id")
    return items.with_columns(on=local_days("ordered_at")).filter(pl.col("on") >= KNOBS.start_on)


def _bound(world: Path) -> pl.DataFrame:
    return (
        rows(world, "order_management/subscriptions")
        .select(
            "subscription_id",
            "product_offering_id",
            from_on=pl.col("valid_from_on").str.to_date(),
            ends_on=pl.col("minimum_term_ends_on").str.to_date(),
        )
        .sort("from_on")
    )


def test_a_renewal_binds_for_another_term_and_not_for_more(world: Path) -> None:
    renewed = _orders(world).filter(pl.col("action") == "renew").select("subscription_id", "on")
    assert renewed.height > 20
    versions = _bound(world)
    now = renewed.join(
        versions, left_on=["subscription_id", "on"], right_on=["subscription_id", "from_on"]
    )
    assert now.height == renewed.height
    days = (now["ends_on"] - now["on"]).dt.total_days()
    assert days.min() > 360
    assert days.max() <= 731
    before = (
        renewed.with_columns(eve=pl.col("on") - pl.duration(days=1))
        .sort("eve")
        .join_asof(
            versions,
            left_on="eve",
            right_on="from_on",
            by="subscription_id",
            check_sortedness=False,
        )
    )
    left = (before["ends_on"] - before["on"]).dt.total_days()
    assert left.max() <= ASKED_BEFORE
    assert left.min() > -ASKED_AFTER


def test_who_has_to_move_on_does_so_after_the_term_and_is_not_bound_anew(world: Path) -> None:
    moved = _orders(world).filter(
        (pl.col("action") == "change_plan") & (pl.col("initiated_by") == "operator")
    )
    assert moved.height > 5
    versions = _bound(world)
    follows = {
        plan.product_offering_id: plan.successions[-1][1]
        for plan in build_catalog(KNOBS).offers
        if plan.successions
    }
    for row in moved.filter(pl.col("on") < KNOBS.last_on).iter_rows(named=True):
        assert row["product_offering_id"] == follows[row["previous_offering_id"]]
        start = row["on"] + timedelta(days=1)
        new = versions.filter(
            (pl.col("subscription_id") == row["subscription_id"]) & (pl.col("from_on") == start)
        )
        assert new.select("product_offering_id", "ends_on").row(0) == (
            row["product_offering_id"],
            row["on"],
        )


def test_nothing_that_needs_an_open_door_happens_on_sundays_and_holidays(world: Path) -> None:
    holidays = build_catalog(KNOBS).holidays

    def closed(days: pl.Series, also: int | None = None) -> list[date]:
        return [day for day in days if day in holidays or day.weekday() in (6, also)]

    orders = _orders(world)
    by_hand = orders.filter(pl.col("channel").is_in(["shop", "partner", "field", "letter"]))
    assert by_hand.height > 100
    assert closed(by_hand["on"]) == []
    installed = _provisioned(world, "install").filter(pl.col("on") >= KNOBS.start_on)
    assert installed.height > 20
    assert closed(installed["on"]) == []
    arrivals = orders.filter((pl.col("action") == "add") & (pl.col("is_number_ported") == "true"))
    assert arrivals.height > 5
    assert closed(arrivals["requested_on"].str.to_date(), also=5) == []


def test_only_consumers_who_did_not_sign_in_a_shop_withdraw(world: Path) -> None:
    orders = _orders(world)
    gone = orders.filter(pl.col("termination_reason") == "withdrawal")
    assert gone.height > 0
    begun = orders.filter(pl.col("action") == "add").unique("subscription_id")
    signed = gone.join(begun, on="subscription_id", suffix="_add")
    assert signed.height == gone.height
    assert not set(signed["channel_add"]) & {"shop", "partner"}
    kinds = rows(world, "crm/customers").unique("customer_id")
    assert set(signed.join(kinds, on="customer_id")["customer_kind"]) == {"individual"}


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


def test_an_insolvent_company_falls_with_all_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "INSOLVENT_PER_DAY", 0.9)
    small = World(KNOBS, build_catalog(KNOBS))
    for offset in range(2):
        live(small, small.knobs.start_on + timedelta(days=offset), [])
    table = small.subscriptions
    fallen = table["end_reason"] == "insolvency"
    roots = small.customers["root"][table["customer"]]
    firm = small.customers["is_company"][table["customer"]]
    assert fallen.any()
    assert not fallen[~firm].any()
    with_them = np.isin(roots, roots[fallen])
    assert with_them.sum() < firm.sum()
    assert (fallen | (table["notice_on"] > 0) | (table["state"] != ACTIVE))[with_them].all()


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
    # account codes count anew at each exchange
    exchange = exchange_of(small, held["subscription_index"].to_numpy())
    by_code = pl.col("source") == "asterisk"
    keys = held.select(
        pl.when(by_code).then(pl.Series(exchange.tolist(), dtype=pl.String)), "served_key"
    )
    assert keys.is_unique().all()
    assert {"usage_records", "radius", "asterisk"} <= set(lines["source"])
    per_subscription = (
        lines["voice_per_day"].sum() + lines["sms_per_day"].sum() + lines["data_per_day"].sum()
    ) / lines["subscription_id"].n_unique()
    # about ten million records a month for 100,000 lines
    assert 2.7 < per_subscription < 3.2
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
