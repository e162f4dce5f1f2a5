"""Company trees and payers against a reference that walks them day by day.

Random forests with cycles, missing and late parents, moves and withdrawals are delivered in random
order, built once, and compared on every pair of (day, day of knowing). The reference knows nothing
of rectangles: it looks up what was said and follows parents one by one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orchestration.warehouse import run_dbt
from tests.dbt.conftest import House

START = date(2026, 1, 1)
DAYS = [START + timedelta(days=offset) for offset in range(9)]
LAST = DAYS[-1]
MEMBERS = 5
FORESTS = 150


@dataclass(frozen=True)
class Said:
    """One delivered row: from `valid_from` on, `key` names `other` (a parent or a payer)."""

    key: str
    other: str | None
    kind: str
    is_delete: bool
    valid_from: date
    delivered: date


@dataclass(frozen=True)
class Forest:
    customers: tuple[Said, ...]
    accounts: tuple[Said, ...]


def _said(names: str) -> st.SearchStrategy[tuple[Said, ...]]:
    """Rows about the members of one group; "nobody" is named but never delivered."""
    member = st.sampled_from([f"{names}{number}" for number in range(MEMBERS)])
    row = st.builds(
        Said,
        key=member,
        other=st.one_of(
            st.none(), member, member, member, st.just("nobody") if names == "c" else member
        ),
        kind=st.sampled_from(["company"] * 6 + ["individual"]),
        is_delete=st.sampled_from([False] * 9 + [True]),
        valid_from=st.sampled_from(DAYS[:1] * 4 + DAYS[:7]),
        delivered=st.sampled_from(DAYS[:1] * 2 + DAYS),
    )
    return st.lists(
        row,
        min_size=4,
        max_size=14,
        unique_by=lambda said: (said.key, said.valid_from, said.delivered),
    ).map(tuple)


def forests() -> list[Forest]:
    found: list[Forest] = []

    @settings(
        max_examples=FORESTS,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.builds(Forest, customers=_said("c"), accounts=_said("a")))
    def collect(forest: Forest) -> None:
        found.append(forest)

    collect()
    return found


def believed(rows: Iterable[Said], day: date, known_on: date) -> dict[str, Said]:
    """What holds on a day as known on another, per key."""
    last: dict[tuple[str, date], Said] = {}
    for said in sorted(rows, key=lambda said: said.delivered):
        if said.delivered <= known_on:
            last[said.key, said.valid_from] = said
    newest: dict[str, Said] = {}
    for said in sorted(last.values(), key=lambda said: said.valid_from):
        if said.valid_from <= day:
            newest[said.key] = said
    return {key: said for key, said in newest.items() if not said.is_delete}


def own_reason(customer: Said, customers: dict[str, Said]) -> str | None:
    """What is wrong with the step to the parent, by itself."""
    if customer.other is None:
        return None
    if customer.other not in customers:
        return "PARENT_MISSING"
    if customers[customer.other].kind == "individual":
        return "INDIVIDUAL_HAS_CHILDREN"
    return "INDIVIDUAL_HAS_PARENT" if customer.kind == "individual" else None


def way_up(customer: str, customers: dict[str, Said]) -> tuple[list[str], str | None]:
    """Return the ids passed, and the one that would be passed twice."""
    way = [customer]
    while True:
        parent = customers[way[-1]].other
        if parent is None or parent not in customers:
            return way, None
        if parent in way:
            return way, parent
        way.append(parent)


def place(customer: str, customers: dict[str, Said]) -> tuple[str | None, str | None, int | None]:
    """Return (reason, path, level) of a customer."""
    way, repeated = way_up(customer, customers)
    reasons = [own_reason(customers[member], customers) for member in way]
    if repeated == customer:
        return "HIERARCHY_CYCLE", None, None
    if reasons[0] is not None:
        return reasons[0], None, None
    if repeated is not None or any(reasons):
        return "PARENT_SUSPENDED", None, None
    return None, " > ".join(reversed(way)), len(way) - 1


def payer(
    account: str, accounts: dict[str, Said], customers: dict[str, Said]
) -> tuple[str, str | None]:
    """Return (payer, problem) of an account; account a3 belongs to customer c3."""
    named = accounts[account].other
    if named is None or named == account:
        return account, None
    if named not in accounts:
        return account, "PAYER_MISSING"
    if accounts[named].other not in {None, named}:
        return account, "PAYER_CHAIN"
    roots = set()
    for owner in (owner_of(account), owner_of(named)):
        path = place(owner, customers)[1] if owner in customers else None
        roots.add(path.split(" > ")[0] if path else None)
    if owner_of(account) != owner_of(named) and (len(roots) > 1 or None in roots):
        return account, "PAYER_OUTSIDE_TREE"
    return named, None


def owner_of(account: str) -> str:
    """Two accounts share an owner, so that payers within one customer occur."""
    return {"a0": "c0", "a1": "c0"}.get(account, account.replace("a", "c"))


def deliver(house: House, cases: list[Forest]) -> None:
    rows: dict[tuple[str, date], list[dict[str, Any]]] = {}
    for number, forest in enumerate(cases):
        for feed, said in [("customers", s) for s in forest.customers] + [
            ("billing_accounts", s) for s in forest.accounts
        ]:
            row = {
                "op": "delete" if said.is_delete else "upsert",
                "valid_from_on": said.valid_from,
                # another second for each day: no row repeats an earlier one
                "recorded_at": datetime(2025, 12, 1) + (said.delivered - START),
            }
            other = None if said.other is None else f"{number}-{said.other}"
            if feed == "customers":
                row |= {
                    "customer_id": f"{number}-{said.key}",
                    "parent_customer_id": other,
                    "customer_kind": said.kind,
                }
            else:
                row |= {
                    "account_id": f"{number}-{said.key}",
                    "customer_id": f"{number}-{owner_of(said.key)}",
                    "payer_account_id": other,
                }
            rows.setdefault((f"crm/{feed}", said.delivered), []).append(row)
    for (feed, day), delivered in sorted(rows.items()):
        house.deliver(feed, day, delivered)
    house.register()


@pytest.fixture(scope="module")
def cases(house: House) -> list[Forest]:
    found = forests()
    deliver(house, found)
    selection = ["+dim_customers", "+fct_suspended_customers", "+int_customer_base__accounts"]
    args = ["build", "--indirect-selection", "buildable", "--select", *selection]
    run_dbt(house.settings, args, LAST)
    return found


def by_key(house: House, query: str) -> dict[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = {}
    for key, *rest in house.rows(query):
        found.setdefault(key, []).append(tuple(rest))
    return found


def holding(rows: list[tuple[Any, ...]], day: date, known_on: date) -> list[tuple[Any, ...]]:
    return [row[4:] for row in rows if row[0] <= day < row[1] and row[2] <= known_on < row[3]]


def moments() -> list[tuple[date, date]]:
    return [(day, known_on) for day in DAYS for known_on in DAYS]


def test_the_cases_hold_every_kind_of_trouble(cases: list[Forest]) -> None:
    reasons: dict[str | None, int] = {}
    problems: dict[str | None, int] = {}
    deepest = 0
    for forest in cases:
        customers = believed(forest.customers, LAST, LAST)
        for customer in customers:
            reason, _, level = place(customer, customers)
            reasons[reason] = reasons.get(reason, 0) + 1
            deepest = max(deepest, level or 0)
        accounts = believed(forest.accounts, LAST, LAST)
        for account in accounts:
            problem = payer(account, accounts, customers)[1]
            problems[problem] = problems.get(problem, 0) + 1
    assert len(reasons) == 6 and min(reasons.values()) >= 5, reasons
    assert len(problems) == 4 and min(problems.values()) >= 5, problems
    assert deepest >= 2


def test_every_customer_has_the_place_or_reason_of_the_reference_at_every_moment(
    house: House, cases: list[Forest]
) -> None:
    parts = by_key(
        house,
        "select customer_id, valid_from_on, valid_to_on, known_from_on, known_to_on, reason_code, "
        "hierarchy_path, hierarchy_level, root_customer_id, is_placed "
        "from intermediate.int_customer_base__hierarchy",
    )
    for number, forest in enumerate(cases):
        for day, known_on in moments():
            customers = believed(forest.customers, day, known_on)
            for member in {said.key for said in forest.customers}:
                found = holding(parts.get(f"{number}-{member}", []), day, known_on)
                if member not in customers:
                    assert found == [], (forest, member, day, known_on)
                    continue
                reason, path, level = place(member, customers)
                ids = [f"{number}-{part}" for part in path.split(" > ")] if path else [None]
                whole = " > ".join(part for part in ids if part) or None
                expected = (reason, whole, level, ids[0], reason is None)
                assert found == [expected], (forest, member, day, known_on)


def test_every_account_is_paid_by_the_payer_of_the_reference_at_every_moment(
    house: House, cases: list[Forest]
) -> None:
    parts = by_key(
        house,
        "select account_id, valid_from_on, valid_to_on, known_from_on, known_to_on, "
        "payer_account_id, problem_code from intermediate.int_customer_base__accounts",
    )
    for number, forest in enumerate(cases):
        for day, known_on in moments():
            customers = believed(forest.customers, day, known_on)
            accounts = believed(forest.accounts, day, known_on)
            for member in {said.key for said in forest.accounts}:
                found = holding(parts.get(f"{number}-{member}", []), day, known_on)
                expected = []
                if member in accounts:
                    pays, problem = payer(member, accounts, customers)
                    expected = [(f"{number}-{pays}", problem)]
                assert found == expected, (forest, member, day, known_on)


def test_each_customer_of_as_of_is_in_one_of_the_two_marts_with_the_begin_of_suspension(
    house: House, cases: list[Forest]
) -> None:
    placed: set[str] = set()
    suspended: dict[str, tuple[str, date]] = {}
    for number, forest in enumerate(cases):
        told = [believed(forest.customers, day, day) for day in DAYS]
        for customer in told[-1]:
            reason = place(customer, told[-1])[0]
            if reason is None:
                placed.add(f"{number}-{customer}")
                continue
            since = LAST
            for day, customers in reversed(list(zip(DAYS, told, strict=True))):
                if customer not in customers or place(customer, customers)[0] is None:
                    break
                since = day
            suspended[f"{number}-{customer}"] = (reason, since)
    marts = by_key(
        house, "select customer_id, reason_code, suspended_on from marts.fct_suspended_customers"
    )
    assert {key: rows[0] for key, rows in marts.items()} == suspended
    assert set(by_key(house, "select customer_id from marts.dim_customers")) == placed
