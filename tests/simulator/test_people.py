"""Who is there: the base, company trees, accounts, numbers, and how newcomers are taken in."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.simulator.catalog import build_catalog
from data.simulator.knobs import Knobs
from data.simulator.life.day import live
from data.simulator.people import acquisition, applications, credit, customers, newcomers
from data.simulator.people.accounts import iban
from data.simulator.people.clock import add_months, instant, local_ordinal, moment
from data.simulator.people.subscriptions import PREPAID
from data.simulator.people.table import Table
from data.simulator.people.world import World
from orchestration.contracts import load_feeds
from orchestration.settings import REPOSITORY
from tests.simulator.deliveries import DELIVERY_DAY, feeds, quiet_world, rows

KNOBS = Knobs(subscribers=900, months=3)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return quiet_world(tmp_path_factory.mktemp("people"), KNOBS)


def _base(data: Path, feed: str) -> pl.DataFrame:
    return rows(data, feed).filter(pl.col(DELIVERY_DAY) == KNOBS.start_on)


def test_the_base_has_the_wanted_size_and_the_four_customer_types(world: Path) -> None:
    base = _base(world, "order_management/subscriptions")
    old = base.filter(pl.col("valid_from_on") < str(KNOBS.start_on))
    kinds = old.group_by("network_type", "rating_type").len()
    shares = {(row[0], row[1]): row[2] / KNOBS.subscribers for row in kinds.iter_rows()}
    assert old.height == pytest.approx(KNOBS.subscribers, abs=3)
    assert shares["mobile", "prepaid"] == pytest.approx(0.35, abs=0.02)
    assert shares["mobile", "postpaid"] == pytest.approx(0.40, abs=0.02)
    assert shares["fixed", "prepaid"] == pytest.approx(0.05, abs=0.02)
    assert shares["fixed", "postpaid"] == pytest.approx(0.20, abs=0.02)


def test_the_base_comes_without_acquisition_history(world: Path) -> None:
    first = str(KNOBS.start_on)
    assert rows(world, "crm/applications")["submitted_at"].min() >= first
    customers = _base(world, "crm/customers")
    assert customers.filter(pl.col("customer_since_on") < first)["application_id"].is_null().all()


def test_company_trees_are_deep_and_hang_together(world: Path) -> None:
    customers = rows(world, "crm/customers").unique("customer_id", keep="first")
    parent = dict(customers.select("customer_id", "parent_customer_id").iter_rows())
    kind = dict(customers.select("customer_id", "customer_kind").iter_rows())

    def depth(customer: str) -> int:
        above = parent[customer]
        return 1 if above is None else 1 + depth(above)

    children = [customer for customer in parent if parent[customer]]
    assert max(depth(customer) for customer in parent) == 4
    assert all(kind[child] == kind[parent[child]] == "company" for child in children)


def test_payers_stand_in_the_same_tree_and_never_in_a_chain(world: Path) -> None:
    accounts = rows(world, "crm/billing_accounts").unique("account_id", keep="last")
    customers = rows(world, "crm/customers").unique("customer_id", keep="first")
    parent = dict(customers.select("customer_id", "parent_customer_id").iter_rows())
    owner = dict(accounts.select("account_id", "customer_id").iter_rows())
    payer = dict(accounts.select("account_id", "payer_account_id").iter_rows())

    def root(customer: str) -> str:
        return customer if parent[customer] is None else root(parent[customer])

    paid = [account for account in payer if payer[account]]
    assert len(paid) > 10
    assert all(root(owner[account]) == root(owner[payer[account]]) for account in paid)
    assert not any(payer[payer[account]] for account in paid)


def test_accounts_differ_in_cycle_payment_and_delivery(world: Path) -> None:
    accounts = rows(world, "crm/billing_accounts")
    assert accounts["bill_cycle_id"].n_unique() == 3, "monthly, two-monthly, none for prepaid"
    assert set(accounts["payment_method"]) == {"direct_debit", "transfer", "card", "cash"}
    assert {"letter", "email", "portal", "e_invoice", "none"} == set(accounts["delivery_channel"])
    debit = accounts.filter(pl.col("payment_method") == "direct_debit")
    assert (
        debit.select("iban", "mandate_id", "mandate_signed_on").null_count().sum_horizontal()[0]
        == 0
    )
    for number in debit["iban"]:
        assert int(f"{number[4:]}1314{number[2:4]}") % 97 == 1


def test_seven_of_ten_allow_the_analysis_of_usage(world: Path) -> None:
    asked = rows(world, "crm/consents").filter(pl.col("consent_kind") == "usage_analysis")
    share = (asked["is_granted"] == "true").mean()
    # four standard errors of as many draws
    assert share == pytest.approx(0.70, abs=4 * (0.7 * 0.3 / len(asked)) ** 0.5)


def test_numbers_are_of_own_blocks_or_ported_in(world: Path) -> None:
    blocks = tuple(prefix for prefix, *_ in build_catalog(KNOBS).own_blocks)
    ported = set(rows(world, "catalog/portings")["service_number"])
    numbers = set(rows(world, "order_management/service_numbers")["service_number"])
    foreign = {number for number in numbers if not number.startswith(blocks)}
    assert foreign
    assert foreign <= ported


def test_crm_uses_the_class_of_the_policy_but_for_a_few(world: Path) -> None:
    state = World(KNOBS, build_catalog(KNOBS))
    applications = rows(world, "crm/applications").join(
        rows(world, "crm/credit_checks"), on="application_id", suffix="_check"
    )
    decided = applications.join(rows(world, "crm/application_decisions"), on="application_id")
    same = [
        credit.policy_class(
            state,
            row["customer_kind"],
            {
                name: None if row[name] is None else int(row[name])
                for name in ("credit_score", "negative_entry_count")
            },
            None if row["monthly_income_amount"] is None else Decimal(row["monthly_income_amount"]),
        )
        == row["crm_credit_class"]
        for row in decided.iter_rows(named=True)
    ]
    assert len(same) > 60
    assert 0.90 < np.mean(same) <= 1.0


def test_the_funnel_loses_some_at_each_gate(world: Path) -> None:
    prospects = rows(world, "crm/prospects").height
    applications = rows(world, "crm/applications").height
    decisions = rows(world, "crm/application_decisions")
    outcomes = dict(decisions.group_by("outcome").len().iter_rows())
    assert prospects > applications > outcomes["approved"] > outcomes["rejected"] > 0
    approved = decisions.filter(pl.col("outcome") == "approved")
    assert approved["customer_id"].is_not_null().all()
    assert approved["reason"].is_null().all()
    assert decisions.filter(pl.col("outcome") == "rejected")["reason"].is_not_null().all()


def test_who_may_not_have_postpaid_is_offered_prepaid(world: Path) -> None:
    plans = rows(world, "catalog/product_offerings").unique("product_offering_id")
    cases = (
        rows(world, "crm/application_decisions")
        .join(rows(world, "crm/applications"), on="application_id")
        .join(rows(world, "crm/offers_made"), on="application_id", suffix="_offered")
        .join(
            plans.select("product_offering_id", "rating_type"),
            left_on="product_offering_id_offered",
            right_on="product_offering_id",
            suffix="_offered",
        )
        .join(rows(world, "crm/engagements").select("offer_id", response="outcome"), on="offer_id")
    )
    poor = cases.filter((pl.col("crm_credit_class") == "C") & (pl.col("rating_type") == "postpaid"))
    assert set(poor["rating_type_offered"]) == {"prepaid"}
    answers = set(poor.select("outcome", "response").iter_rows())
    assert answers == {("approved", "accepted"), ("rejected", "declined")}
    others = cases.filter(pl.col("crm_credit_class") == "A")
    assert (others["rating_type"] == others["rating_type_offered"]).all()
    assert others.height > 20


def test_a_company_with_one_line_may_do_without_a_contract(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(applications, "COMPANY_PREPAID", 1.0)
    monkeypatch.setattr(acquisition, "COMPANY", 0.5)
    monkeypatch.setattr(acquisition, "PROSPECTS", 0.02)
    state = World(Knobs(subscribers=600), build_catalog(KNOBS))
    for offset in range(30):
        live(state, KNOBS.start_on + timedelta(days=offset), [])
        state.clear()
    table, books = state.subscriptions, state.accounts
    firm = state.customers["is_company"][table["customer"]]
    prepaid = np.flatnonzero(firm & (table["rating"] == PREPAID))
    assert len(prepaid) > 2
    assert books["is_prepaid"][table["account"][prepaid]].all()
    assert {state.plans[offer].customer_kind for offer in table["offer"][prepaid]} == {"company"}
    postpaid = np.flatnonzero(firm & (table["rating"] != PREPAID))
    assert not books["is_prepaid"][table["account"][postpaid]].any()


def test_every_reference_resolves_on_its_delivery_day(world: Path) -> None:
    """Two known slips apart: a parent that comes two days late, a number that nobody told of."""
    contracts = load_feeds(REPOSITORY / "data" / "contracts")
    late = _late_parents(world)
    known: dict[str, pl.DataFrame] = {}
    checked = 0
    for feed in feeds(world):
        if feed.startswith(("network/", "online_charging/")):
            continue
        frame = rows(world, feed)
        for column in contracts[feed].columns:
            if not column.references:
                continue
            system, name, target = column.references.split(".")
            if f"{system}/{name}" not in feeds(world):
                continue
            key = f"{system}/{name}"
            known.setdefault(
                column.references,
                rows(world, key).group_by(target).agg(pl.col(DELIVERY_DAY).min().alias("told_on")),
            )
            given = frame.select(column.name, DELIVERY_DAY).drop_nulls()
            told = given.join(
                known[column.references], left_on=column.name, right_on=target, how="left"
            )
            lost = told.filter(
                (pl.col("told_on").is_null() | (pl.col("told_on") > pl.col(DELIVERY_DAY)))
                & ~pl.col(column.name).is_in(late)
            )
            checked += given.height
            assert lost.is_empty(), f"{feed}.{column.name}: {lost.head(3)}"
    assert checked > 10_000


def _late_parents(world: Path) -> list[str]:
    parts = (world / "truth" / "dirt").glob("*.parquet")
    dirt = pl.concat([pl.read_parquet(part) for part in parts], how="diagonal_relaxed")
    return dirt.filter(pl.col("kind") == "late_parent")["key"].to_list()


def test_a_late_parent_is_delivered_two_days_after_its_children() -> None:
    state = World(KNOBS, build_catalog(KNOBS))
    state.today = date(2026, 2, 3).toordinal()
    rng = np.random.default_rng(1)
    person = customers.individuals(rng, state, np.array([state.today]))
    case = {
        "person": {"area": int(person["area"][0])},
        "tree": [[-1, 1, "Hanse Bau GmbH"], [0, 2, "Hanse Bau Niederlassung 1"]],
        "size": 5,
        "application": "AP00000001",
        "credit": "A",
    }
    nodes, books = newcomers.admit(state, rng, case, is_prepaid=False)
    newcomers.deliver_later_parent(state, nodes)
    assert len(nodes) == len(books) == 2
    assert list(state.touched["customers"]) == [nodes[1]]
    assert state.customers["parent"][nodes[1]] == nodes[0]
    [(what, payload)] = state.agenda[date(2026, 2, 5).toordinal()]
    assert what == "deliver"
    assert payload["row"]["company_name"] == "Hanse Bau GmbH"
    assert payload["row"]["recorded_at"] == "2026-02-03T16:00:00Z"
    assert [row["kind"] for row in state.truth["dirt"]] == ["late_parent"]


def test_a_table_grows_saves_and_comes_back() -> None:
    columns = {"number": "i8", "share": "f8", "is_new": "?", "name": "O"}
    table = Table(columns)
    for start in range(0, 200, 50):
        table.append(
            {
                "number": np.arange(start, start + 50),
                "share": 0.1,
                "is_new": [True, False] * 25,
                "name": None if start else "first",
            },
            50,
        )
    table["share"][199] = 0.3
    again = Table.from_frame(columns, table.frame())
    assert len(again) == 200
    assert again.frame().equals(table.frame())
    assert again["share"][199] == 0.3
    assert again["name"][0] == "first"
    assert again["name"][50] is None


def test_local_days_and_months_know_summer_time_and_short_months() -> None:
    summer_night = date(2026, 3, 29).toordinal()
    assert moment(instant(summer_night, 3600)).hour == 0
    assert moment(instant(summer_night, 4 * 3600)).hour == 2
    assert local_ordinal(instant(summer_night, 60)) == summer_night
    assert add_months(date(2026, 1, 31).toordinal(), 1) == date(2026, 2, 28).toordinal()
    assert add_months(date(2026, 11, 30).toordinal(), 14) == date(2028, 1, 30).toordinal()


def test_the_check_digits_of_an_iban_are_right() -> None:
    assert iban("37040044", 532013000) == "DE89370400440532013000"
