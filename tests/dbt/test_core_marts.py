"""Orders, provisioning, credit class, numbers and reasons on a world of a few rows made by hand."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from orchestration.warehouse import DbtError, open_warehouse, run_dbt
from tests.dbt.conftest import House

FIRST = date(2026, 3, 1)
SECOND = date(2026, 3, 10)
THIRD = date(2026, 3, 20)
AS_OF = date(2026, 3, 31)


def at(day: date, hour: int = 9) -> datetime:
    return datetime(day.year, day.month, day.day, hour)


def orders(house: House) -> None:
    house.deliver(
        "order_management/orders",
        FIRST,
        [{"order_id": order, "channel": "shop", "ordered_at": at(FIRST)} for order in "abc"],
    )
    item = {"product_offering_id": "plan", "action": "add", "quantity": 1}
    ends = {"action": "terminate", "quantity": 1}
    house.deliver(
        "order_management/order_items",
        FIRST,
        [
            {**item, "order_item_id": "a1", "order_id": "a", "subscription_id": "gone"},
            {**item, "order_item_id": "a2", "order_id": "a", "subscription_id": "here"},
            {**item, "order_item_id": "b1", "order_id": "b", "subscription_id": "never"},
            {
                **ends,
                "order_item_id": "c1",
                "order_id": "c",
                "subscription_id": "gone",
                "termination_reason": "price",
            },
            {**item, "order_item_id": "x1", "order_id": "not yet", "subscription_id": None},
        ],
    )
    events = [
        ("e1", "a", None, "in_progress", None, at(FIRST, 10)),
        ("e2", "a", "a1", "completed", None, at(FIRST, 12)),
        ("e3", "b", None, "rejected", "credit", at(FIRST, 11)),
    ]
    for day in (FIRST, SECOND):
        # delivered again as it is: it counts once
        house.deliver(
            "order_management/order_events",
            day,
            [
                {
                    "order_event_id": key,
                    "order_id": order,
                    "order_item_id": item_id,
                    "state": state,
                    "reason": reason,
                    "occurred_at": occurred,
                }
                for key, order, item_id, state, reason, occurred in events
            ],
        )


def provisioning(house: House) -> None:
    rows = [
        ("p1", "r1", "gone", "a1", "activate", "requested", None, at(FIRST, 9)),
        ("p2", "r1", "gone", "a1", "activate", "failed", None, at(FIRST, 10)),
        ("p3", "r1", "gone", "a1", "activate", "requested", None, at(FIRST, 11)),
        # of one instant the answer counts
        ("p0", "r1", "gone", "a1", "activate", "completed", None, at(FIRST, 11)),
        ("p4", "r2", "here", "a2", "activate", "completed", None, at(FIRST, 11)),
        ("p5", "r3", "gone", "c1", "deactivate", "completed", "debt", at(SECOND)),
        ("p6", "r4", "lapsed", None, "activate", "completed", None, at(FIRST)),
        ("p7", "r5", "lapsed", None, "deactivate", "completed", "lapsed", at(SECOND)),
        ("p8", "r6", "here", "a2", "bar_all", "cancelled", "debt", at(SECOND)),
    ]
    house.deliver(
        "order_management/provisioning_events",
        SECOND,
        [
            {
                "provisioning_event_id": key,
                "provisioning_request_id": request,
                "subscription_id": sub,
                "order_item_id": item,
                "step": step,
                "outcome": outcome,
                "cause": cause,
                "occurred_at": occurred,
            }
            for key, request, sub, item, step, outcome, cause, occurred in rows
        ],
    )


def subscriptions(house: House) -> None:
    common = {
        "network_type": "mobile",
        "rating_type": "postpaid",
        "product_offering_id": "plan",
        "contract_started_on": FIRST,
        "valid_from_on": FIRST,
    }
    owners = {"gone": "left", "here": "giver", "never": "left", "lapsed": "unchecked"}
    house.deliver(
        "order_management/subscriptions",
        FIRST,
        [{**common, "subscription_id": sub, "customer_id": owner} for sub, owner in owners.items()],
    )
    handed_over = {"subscription_id": "here", "customer_id": "taker", "valid_from_on": SECOND}
    house.deliver("order_management/subscriptions", SECOND, [{**common, **handed_over}])
    house.deliver(
        "catalog/product_offerings", FIRST, [{"product_offering_id": "plan", "tariff_id": "flat"}]
    )


def numbers(house: House) -> None:
    last_minute = datetime(2026, 3, 31, 21, 59)
    after = datetime(2026, 3, 31, 22, 0)
    rows = [
        ("+491", "here", False, at(FIRST, 1)),
        ("+492", "here", True, at(FIRST)),
        # local midnight in Berlin: the first is still today, the second is tomorrow
        ("+493", "here", True, last_minute),
        ("+494", "here", True, after),
        ("+495", "gone", True, at(FIRST)),
    ]
    house.deliver(
        "order_management/service_numbers",
        FIRST,
        [
            {
                "service_number": n,
                "subscription_id": sub,
                "is_primary": first,
                "valid_from_at": when,
            }
            for n, sub, first, when in rows
        ],
    )
    house.deliver(
        "order_management/service_numbers",
        SECOND,
        [{"service_number": "+495", "subscription_id": "new holder", "valid_from_at": at(SECOND)}],
    )


def credit(house: House) -> None:
    rule = {"customer_kind": "individual", "currency": "EUR", "valid_from_on": date(2026, 1, 1)}
    strict = {"minimum_credit_score": 600, "minimum_monthly_income_amount": Decimal(2000)}
    house.deliver(
        "catalog/credit_policy",
        FIRST,
        [
            {**rule, **strict, "credit_rule_id": "A", "credit_class": "A", "priority": 1}
            | {"maximum_negative_entries": 0},
            {**rule, "credit_rule_id": "B", "credit_class": "B", "priority": 2}
            | {"minimum_credit_score": 400},
            {**rule, "credit_rule_id": "C", "credit_class": "C", "priority": 3},
        ],
    )
    # would win everywhere, but was not known when the checks came
    first_of_all = {"credit_rule_id": "0", "credit_class": "Z", "priority": 0}
    house.deliver("catalog/credit_policy", SECOND, [{**rule, **first_of_all}])
    # nothing is said of companies until the second day, and better rules come on the third
    company = {**rule, "customer_kind": "company"}
    for day, priority, credit_class in ((SECOND, 2, "F"), (THIRD, 1, "G")):
        row = {"credit_rule_id": credit_class, "credit_class": credit_class, "priority": priority}
        house.deliver("catalog/credit_policy", day, [{**company, **row}])
    income = {"monthly_income_amount": Decimal(2000), "customer_kind": "individual"}
    house.deliver(
        "crm/applications",
        FIRST,
        [
            {**income, "application_id": a, "submitted_at": at(FIRST)}
            for a in ("of left", "of giver", "of two")
        ],
    )
    house.deliver(
        "crm/application_decisions",
        FIRST,
        [
            {"application_decision_id": f"d {who}", "application_id": what, "customer_id": who}
            for what, who in (("of left", "left"), ("of two", "taker"))
        ],
    )
    checks: list[dict[str, Any]] = [
        {"application_id": "of left", "credit_score": 600, "negative_entry_count": 0},
        {"application_id": "of giver", "credit_score": 650, "negative_entry_count": 1},
        {"customer_id": "taker", "credit_score": None, "negative_entry_count": None},
        {"customer_id": "early", "credit_score": 700, "checked_at": datetime(2025, 12, 31, 9)},
        {"customer_id": "firm"},
        # newer than the other check of who is said to have applied: it is nobody's
        {"application_id": "of two", "credit_score": 700, "checked_at": at(FIRST, 10)},
    ]
    house.deliver(
        "crm/credit_checks",
        FIRST,
        [
            {"credit_check_id": f"k{n}", "checked_at": at(FIRST), **check}
            for n, check in enumerate(checks)
        ],
    )
    known = {"customer_kind": "individual", "credit_class": "crm", "valid_from_on": FIRST}
    house.deliver(
        "crm/customers",
        FIRST,
        [
            {**known, "customer_id": "left"},
            {**known, "customer_id": "giver", "application_id": "of giver"},
            {**known, "customer_id": "taker"},
            {**known, "customer_id": "early"},
            {**known, "customer_id": "firm", "customer_kind": "company"},
            {**known, "customer_id": "second claimant", "application_id": "of two"},
            {**known, "customer_id": "unchecked", "credit_class": None},
        ],
    )


def references(house: House) -> None:
    """References to what was never delivered, was deleted, begins later, or came after."""
    customer = {"customer_kind": "individual", "credit_class": None}
    house.deliver(
        "crm/customers",
        FIRST,
        [
            {**customer, "customer_id": "erased", "valid_from_on": FIRST},
            {**customer, "customer_id": "to come", "valid_from_on": date(2026, 4, 1)},
        ],
    )
    erasure = {"customer_id": "erased", "valid_from_on": AS_OF, "op": "delete"}
    house.deliver("crm/customers", THIRD, [{**customer, **erasure}])
    account = {"payer_account_id": None, "valid_from_on": FIRST}
    house.deliver(
        "crm/billing_accounts",
        FIRST,
        [
            {**account, "account_id": "x", "customer_id": "left"},
            {**account, "account_id": "y", "customer_id": "nobody"},
            {**account, "account_id": "z", "customer_id": "left", "payer_account_id": "none"},
        ],
    )
    begun = {"valid_from_on": FIRST, "contract_started_on": FIRST}
    owners = {"of erased": "erased", "of to come": "to come", "of nobody": "nobody"}
    house.deliver(
        "order_management/subscriptions",
        FIRST,
        [{**begun, "subscription_id": sub, "customer_id": owner} for sub, owner in owners.items()]
        + [{**begun, "subscription_id": "unbilled", "customer_id": "left", "account_id": "none"}],
    )
    told_late = {"subscription_id": "told late", "customer_id": "left"}
    house.deliver("order_management/subscriptions", SECOND, [{**begun, **told_late}])
    holders = {"late": "told late", "lost": "never told", "known": "here"}
    house.deliver(
        "order_management/line_assignments",
        FIRST,
        [
            {
                "line_id": line,
                "line_kind": "user_name",
                "subscription_id": sub,
                "valid_from_at": at(FIRST),
            }
            for line, sub in holders.items()
        ],
    )
    # both are gone again before their subscription is told of
    for line, ended_on in (("short", THIRD), ("shorter", SECOND)):
        row = {"line_id": line, "line_kind": "user_name", "valid_from_at": at(FIRST)}
        row |= {"subscription_id": "told late"}
        house.deliver("order_management/line_assignments", FIRST, [row])
        house.deliver("order_management/line_assignments", ended_on, [{**row, "op": "delete"}])


@pytest.fixture(scope="module")
def world(house: House) -> House:
    for part in (orders, provisioning, subscriptions, numbers, credit, references):
        part(house)
    house.register()
    selection = ["+dim_subscriptions", "+dim_customers", "+fct_orders", "+fct_provisioning_steps"]
    selection += ["+fct_broken_references", "+int_customer_base__assignments"]
    args = ["build", "--indirect-selection", "buildable", "--select", *selection]
    run_dbt(house.settings, args, AS_OF)
    return house


def test_an_item_has_the_last_state_of_itself_or_of_its_whole_order(world: House) -> None:
    assert world.rows(
        "select order_item_id, state, reason, completed_at, hours_to_complete, ordered_at "
        "from marts.fct_orders order by 1"
    ) == [
        ("a1", "completed", None, at(FIRST, 12), Decimal("3.00"), at(FIRST)),
        ("a2", "in_progress", None, None, None, at(FIRST)),
        ("b1", "rejected", "credit", None, None, at(FIRST)),
        ("c1", "acknowledged", None, None, None, at(FIRST)),
        ("x1", "acknowledged", None, None, None, None),
    ]


def test_a_request_has_its_last_outcome_and_counts_its_attempts(world: House) -> None:
    assert world.rows(
        "select provisioning_request_id, outcome, attempts, requested_at, completed_at "
        "from marts.fct_provisioning_steps where provisioning_request_id in ('r1', 'r2', 'r6') "
        "order by 1"
    ) == [
        ("r1", "completed", 2, at(FIRST, 9), at(FIRST, 11)),
        ("r2", "completed", 1, None, at(FIRST, 11)),
        ("r6", "cancelled", 0, None, None),
    ]


def test_a_subscription_has_number_tariff_reason_and_days(world: House) -> None:
    assert world.rows(
        "select subscription_id, customer_id, state, termination_reason, service_number, "
        "tariff_id, customer_type, activated_on, terminated_on "
        "from marts.dim_subscriptions "
        "where subscription_id in ('gone', 'here', 'lapsed', 'never') order by 1"
    ) == [
        ("gone", "left", "terminated", "price", "+495", "flat", "mobile_postpaid", FIRST, SECOND),
        ("here", "taker", "active", None, "+493", "flat", "mobile_postpaid", FIRST, None),
        (
            "lapsed",
            "unchecked",
            "terminated",
            "inactive",
            None,
            "flat",
            "mobile_postpaid",
            FIRST,
            SECOND,
        ),
        ("never", "left", "cancelled", None, None, "flat", "mobile_postpaid", None, None),
    ]


def test_customers_are_classed_by_policy_and_served_through_what_they_held(world: House) -> None:
    assert world.rows(
        "select customer_id, credit_class, credit_class_source, status, active_subscription_count, "
        "first_served_on, terminated_on from marts.dim_customers order by 1"
    ) == [
        # the check is older than the policy
        ("early", "crm", "crm", "prospect", 0, None, None),
        # nothing was known when the check came: the first rules that were
        ("firm", "F", "policy", "prospect", 0, None, None),
        # one negative entry; and the subscription was handed over
        ("giver", "B", "policy", "former", 0, FIRST, SECOND),
        # the least score and income of the rule; a check is bound to the customer by the decision
        ("left", "A", "policy", "former", 0, FIRST, SECOND),
        ("second claimant", "crm", "crm", "prospect", 0, None, None),
        # nothing known fits the last rule only; served from the day of the handing over
        ("taker", "C", "policy", "active", 1, SECOND, None),
        ("unchecked", None, "none", "former", 0, FIRST, SECOND),
    ]


def test_every_broken_reference_is_listed_with_reason_and_row(world: House) -> None:
    found = world.rows(
        "select referring_kind, referring_id, referred_kind, referred_id, reason_code "
        "from marts.fct_broken_references order by all"
    )
    assert found == [
        ("account", "y", "customer", "nobody", "UNKNOWN"),
        ("account", "z", "payer_account", "none", "PAYER_MISSING"),
        ("application", "of two", "customer", "second claimant", "TOLD_IN_TWO_WAYS"),
        ("application", "of two", "customer", "taker", "TOLD_IN_TWO_WAYS"),
        ("line", "user_name/lost", "subscription", "never told", "UNKNOWN"),
        ("number", "+495", "subscription", "new holder", "UNKNOWN"),
        ("subscription", "of erased", "customer", "erased", "WITHDRAWN"),
        ("subscription", "of nobody", "customer", "nobody", "UNKNOWN"),
        ("subscription", "of to come", "customer", "to come", "NOT_YET_VALID"),
        ("subscription", "unbilled", "account", "none", "UNKNOWN"),
    ]
    assert world.rows(
        "select referring_id from marts.fct_broken_references as broken "
        "inner join staging.stg_order_management__subscriptions as staged "
        "on broken._file = staged._file and broken._record = staged._record "
        "and broken.referring_id = staged.subscription_id order by 1"
    ) == [("of erased",), ("of nobody",), ("of to come",), ("unbilled",)]


def test_a_subscription_without_customer_or_account_is_suspended(world: House) -> None:
    assert world.rows(
        "select subscription_id, suspension_reason, is_customer_suspended "
        "from marts.dim_subscriptions where suspension_reason is not null order by 1"
    ) == [
        ("of erased", "CUSTOMER_WITHDRAWN", True),
        ("of nobody", "CUSTOMER_UNKNOWN", True),
        ("of to come", "CUSTOMER_NOT_YET_VALID", True),
        ("unbilled", "ACCOUNT_UNKNOWN", False),
    ]


def test_a_line_is_offered_from_the_day_on_which_its_subscription_is_known(world: House) -> None:
    assert world.rows(
        "select served_key, known_from_on, known_to_on "
        "from intermediate.int_customer_base__assignments where key_kind = 'user_name' order by 1"
    ) == [
        ("known", FIRST, date(9999, 12, 31)),
        ("late", SECOND, date(9999, 12, 31)),
        ("short", SECOND, THIRD),
    ]


@pytest.mark.parametrize(
    ("change", "identity"),
    [
        (
            "delete from marts.dim_customers where customer_id = 'left'",
            "every_customer_is_placed_or_suspended",
        ),
        (
            "insert into marts.fct_suspended_customers by name select 'left' as customer_id",
            "every_customer_is_placed_or_suspended",
        ),
        (
            "delete from intermediate.int_customer_base__subscription_states "
            "where subscription_id = 'gone' and state = 'terminated'",
            "every_subscription_is_in_one_state_on_each_day",
        ),
        (
            "delete from intermediate.int_customer_base__subscription_states "
            "where subscription_id = 'never'",
            "every_subscription_is_in_one_state_on_each_day",
        ),
        # a line of no source of its own, held twice from the second day on
        (
            "insert into intermediate.int_customer_base__assignments select * replace "
            "(valid_from_at + interval 1 day as valid_from_at) "
            "from intermediate.int_customer_base__assignments where served_key = 'known'",
            "int_customer_base__assignments_have_one_holder_at_a_time",
        ),
        # known for no day at all
        (
            "insert into intermediate.int_customer_base__assignments select * replace "
            "('other' as served_key, known_to_on as known_from_on) "
            "from intermediate.int_customer_base__assignments where served_key = 'known'",
            "int_customer_base__assignments_have_one_holder_at_a_time",
        ),
    ],
)
def test_a_broken_identity_breaks_the_build(world: House, change: str, identity: str) -> None:
    table = change.split()[2]
    with open_warehouse(world.settings) as connection:
        connection.execute(f"create or replace table kept as from {table}")
        connection.execute(change)
    try:
        with pytest.raises(DbtError, match=identity):
            run_dbt(world.settings, ["test", "--select", identity], AS_OF)
    finally:
        with open_warehouse(world.settings) as connection:
            connection.execute(f"create or replace table {table} as from kept")
