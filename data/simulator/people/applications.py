"""Applications: the form, identity and credit checks, the decision, and the orders that follow."""

from __future__ import annotations

from typing import Any

import numpy as np

from data.simulator.life.fulfilment import order_subscription
from data.simulator.life.orders import key, requested
from data.simulator.people.acquisition import engagement
from data.simulator.people.clock import add_months, instant, open_day
from data.simulator.people.credit import credit_facts, crm_class, income, policy_class, rank
from data.simulator.people.newcomers import admit, deliver_later_parent
from data.simulator.people.subscriptions import FIXED, MOBILE, POSTPAID, PREPAID, choose_plans
from data.simulator.people.world import Row, World, stamp

ABANDONS = 0.06
# share of companies with one line that want no contract: building sites, stalls, seasonal work
COMPANY_PREPAID = 0.12
# share of applicants refused for their credit who take the prepaid plan that they may have
TAKES_PREPAID = 0.45
WELCOME_DISCOUNT = 0.5
LATE_PARENT = 0.4
# what private applicants ask for: network, rating, share
WISHES = (
    (MOBILE, PREPAID, 0.46),
    (MOBILE, POSTPAID, 0.33),
    (FIXED, PREPAID, 0.06),
    (FIXED, POSTPAID, 0.15),
)


def apply(world: World, rng: np.random.Generator, case: Row) -> None:
    """The form comes in; identity and credit are checked at once."""
    person, is_company = case["person"], bool(case["tree"])
    kind = "company" if is_company else "individual"
    if is_company:
        network = MOBILE if rng.random() < 0.7 else FIXED
        rating = PREPAID if case["size"] == 1 and rng.random() < COMPANY_PREPAID else POSTPAID
    else:
        network, rating, _ = WISHES[int(rng.choice(4, p=[share for *_, share in WISHES]))]
    wish = {
        "network": np.array([network]),
        "rating": np.array([rating]),
        "company": np.array([is_company]),
        "trunk": np.array(
            [is_company and (network, rating) == (FIXED, POSTPAID) and rng.random() < 0.25]
        ),
        "area": np.array([person["area"]]),
        "start": np.array([world.today]),
    }
    offer = int(choose_plans(rng, world, wish)[0])
    application = world.next_id("AP")
    at = instant(world.today, int(rng.integers(9 * 3600, 17 * 3600)))
    age = (world.today - person["birth"]) / 365.25
    monthly = None if is_company else income(rng, age)
    place = world.catalog.areas[person["area"]]
    world.add(
        "crm/applications",
        {
            "application_id": application,
            "prospect_id": case["prospect"],
            "campaign_id": case["campaign"],
            "product_offering_id": world.plans[offer].product_offering_id,
            "area_id": place.area_id,
            "agent_id": case["agent"],
            "customer_kind": kind,
            "channel": case["channel"],
            "network_type": ("mobile", "fixed")[network],
            "rating_type": ("prepaid", "postpaid")[rating],
            "first_name": person["first"],
            "last_name": person["last"],
            "company_name": case["tree"][0][2] if is_company else None,
            "birth_on": None if is_company else requested(person["birth"]),
            "street": person["street"],
            "postal_code": person["postal"],
            "city": place.name,
            "country_code": "DE",
            "email": person["email"],
            "register_number": f"HRB {int(rng.integers(1000, 99999))}" if is_company else None,
            "employment": None if is_company else _employment(rng, age),
            "monthly_income_amount": monthly,
            "currency": None if is_company else "EUR",
            "submitted_at": stamp(at),
        },
    )
    identity = _check_identity(world, rng, application, case, at + 300_000_000)
    by_policy = _check_credit(world, rng, application, is_company, monthly, at + 600_000_000)
    decided = crm_class(rng, world, kind, by_policy)
    case = {**case, "application": application, "offer": offer, "credit": decided}
    case["identity"] = identity
    decided_on = open_day(world.today + 1 + int(rng.random() < 0.3), world.catalog.holidays)
    world.plan(decided_on, "decide", case=case)


def _employment(rng: np.random.Generator, age: float) -> str:
    if age >= 66:
        return "retired"
    kinds = ("employed", "self_employed", "student", "unemployed", "other")
    shares = (0.45, 0.04, 0.42, 0.05, 0.04) if age < 25 else (0.76, 0.11, 0.03, 0.06, 0.04)
    return kinds[int(rng.choice(5, p=shares))]


def _check_identity(
    world: World, rng: np.random.Generator, application: str, case: Row, at: int
) -> str:
    outcomes = ("passed", "failed", "fraud_suspected", "incomplete")
    outcome = outcomes[int(rng.choice(4, p=(0.945, 0.015, 0.015, 0.025)))]
    in_shop = case["channel"] in ("shop", "partner", "field")
    method = "register" if case["tree"] else "in_person" if in_shop else "video"
    world.add(
        "crm/identity_checks",
        {
            "identity_check_id": world.next_id("IC"),
            "application_id": application,
            "agent_id": case["agent"] if in_shop else None,
            "method": method,
            "provider": None if in_shop else "Identica",
            "outcome": outcome,
            "reason": None if outcome == "passed" else outcome.upper(),
            "document_kind": "register_extract" if case["tree"] else "identity_card",
            "checked_at": stamp(at),
        },
    )
    return outcome


def _check_credit(
    world: World,
    rng: np.random.Generator,
    application: str,
    is_company: bool,
    monthly: Any,
    at: int,
) -> str | None:
    facts = credit_facts(rng, is_company=is_company)
    proved = monthly if monthly is not None and rng.random() < 0.3 else None
    world.add(
        "crm/credit_checks",
        {
            "credit_check_id": world.next_id("CC"),
            "application_id": application,
            "provider": "Musterauskunft",
            **facts,
            "verified_monthly_income_amount": proved,
            "currency": "EUR" if proved is not None else None,
            "checked_at": stamp(at),
        },
    )
    return policy_class(world, "company" if is_company else "individual", facts, monthly)


def decide(world: World, rng: np.random.Generator, case: Row) -> None:
    """CRM decides; who may, becomes a customer and orders."""
    at = instant(world.today, int(rng.integers(9 * 3600, 16 * 3600)))
    kind = "company" if case["tree"] else "individual"
    plan = world.plans[case["offer"]]
    place, may_postpaid = rank(world, kind, case["credit"])
    fits = plan.worst_credit_rank is None or place <= plan.worst_credit_rank
    outcome, reason = "approved", None
    if case["identity"] != "passed":
        outcome = "rejected"
        reasons = {"fraud_suspected": "fraud", "incomplete": "incomplete"}
        reason = reasons.get(case["identity"], "identity")
    elif plan.rating_type == "postpaid" and not (may_postpaid and fits):
        case = {**case, "offer": _without_credit(world, rng, case, at)}
        if case["offer"] < 0:
            outcome, reason = "rejected", "credit"
    elif rng.random() < ABANDONS:
        outcome = "withdrawn" if rng.random() < 0.6 else "expired"
        reason = "applicant"
    customer = -1
    if outcome == "approved":
        customer = _become_customer(world, rng, case, at)
    world.add(
        "crm/application_decisions",
        {
            "application_decision_id": world.next_id("DE"),
            "application_id": case["application"],
            "customer_id": key("C", customer) if customer >= 0 else None,
            "agent_id": case["agent"],
            "crm_credit_class": case["credit"],
            "outcome": outcome,
            "reason": reason,
            "decided_at": stamp(at),
        },
    )


def _without_credit(world: World, rng: np.random.Generator, case: Row, at: int) -> int:
    """Offer a prepaid plan to a person who may not have postpaid; return it if it is taken, or -1.

    An offer that is taken is told of where the customer is made.
    """
    if case["tree"]:
        return -1
    plan = world.plans[case["offer"]]
    wish = {
        "network": np.array([FIXED if plan.network_type == "fixed" else MOBILE]),
        "rating": np.array([PREPAID]),
        "company": np.array([False]),
        "trunk": np.array([False]),
        "area": np.array([case["person"]["area"]]),
        "start": np.array([world.today]),
    }
    offer = int(choose_plans(rng, world, wish)[0])
    if rng.random() < TAKES_PREPAID:
        return offer
    _make_offer(world, {**case, "offer": offer}, "declined", at)
    return -1


def _make_offer(world: World, case: Row, outcome: str, at: int) -> str:
    offer_id = world.next_id("OF")
    world.add(
        "crm/offers_made",
        {
            "offer_id": offer_id,
            "application_id": case["application"],
            "prospect_id": case["prospect"],
            "product_offering_id": world.plans[case["offer"]].product_offering_id,
            "agent_id": case["agent"],
            "channel": case["channel"],
            "valid_until_on": requested(world.today + 14),
            "offered_at": stamp(at),
        },
    )
    told = {"application_id": case["application"], "offer_id": offer_id}
    engagement(world, case, "offer_response", outcome, at + 300_000_000, **told)
    return offer_id


def _become_customer(world: World, rng: np.random.Generator, case: Row, at: int) -> int:
    is_prepaid = world.plans[case["offer"]].rating_type == "prepaid"
    offer_id = _make_offer(world, case, "accepted", at)
    nodes, books = admit(world, rng, case, is_prepaid)
    if len(nodes) > 1 and rng.random() < LATE_PARENT:
        deliver_later_parent(world, nodes)
    takers = nodes if len(nodes) < 3 else nodes[1:]
    ordered = at + 900_000_000
    for number in range(case["size"]):
        taker = int(rng.integers(len(takers))) if number else len(takers) - 1
        customer = int(takers[taker])
        offer = case["offer"] if number == 0 else _another_offer(world, rng, customer)
        sub = order_subscription(
            world,
            rng,
            {
                "customer": customer,
                "account": int(books[len(nodes) - len(takers) + taker]),
                "offer": offer,
                "address": int(world.customers["home"][customer]),
                "channel": case["channel"],
            },
            ordered + number * 60_000_000,
            application_id=case["application"],
            campaign_id=case["campaign"],
            agent_id=case["agent"],
            **({"offer_id": offer_id} if number == 0 else {}),
        )
        if case["campaign"] and rng.random() < WELCOME_DISCOUNT and not is_prepaid:
            _grant_welcome(world, sub, case)
    return int(nodes[0])


def _grant_welcome(world: World, sub: int, case: Row) -> None:
    """Who came by a campaign gets its discount for a year."""
    discounts = world.catalog.retention_discounts
    if not discounts:
        return
    world.add(
        "order_management/discount_grants",
        {
            "discount_grant_id": world.next_id("DG"),
            "discount_id": discounts[0],
            "subscription_id": key("S", sub),
            "campaign_id": case["campaign"],
            "ends_on": requested(add_months(world.today, 12)),
            "valid_from_on": requested(world.today),
            "op": "upsert",
            "recorded_at": stamp(world.evening()),
        },
    )


def _another_offer(world: World, rng: np.random.Generator, customer: int) -> int:
    fixed = rng.random() < 0.3
    wish = {
        "network": np.array([FIXED if fixed else MOBILE]),
        "rating": np.array([POSTPAID]),
        "company": np.array([True]),
        "trunk": np.array([fixed and rng.random() < 0.2]),
        "area": world.customers["area"][customer : customer + 1],
        "start": np.array([world.today]),
    }
    return int(choose_plans(rng, world, wish)[0])
