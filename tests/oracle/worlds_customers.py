"""Customers, accounts, subscriptions and what the network switches on, of a random case.

A case is one subscription, a family on one account, or a company tree with accounts that pay for
each other; contracts begin, change and end in the period, told early, late or wrongly at first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tests.oracle.worlds_book import Book
from tests.oracle.worlds_catalog import Catalog
from tests.oracle.worlds_common import CYCLES
from tests.oracle.worlds_draw import DAY, LONG_AGO, Row, at

_OWN_CYCLES = ("M01", "M01", *CYCLES, None)
SUBSCRIPTIONS = "order_management/subscriptions"
_ACCOUNTS = "crm/billing_accounts"
_EVENTS = "order_management/provisioning_events"


@dataclass(frozen=True)
class Household:
    """Who is there: customers with accounts, and how many subscriptions."""

    kind: str
    accounts: tuple[tuple[str, str], ...]
    subscriptions: int

    @property
    def sharings(self) -> tuple[str, ...]:
        """How units may be shared so that it matters."""
        return {
            "single": ("own", "own", "own", "own", "account"),
            "family": ("own", "account"),
            "company": ("own", "company", "account", "company"),
        }[self.kind]


def household(book: Book, name: str) -> Household:
    """Draw who is there, before anything about them is told."""
    kind = book.draw.choice(("single", "single", "single", "family", "company"))
    book.note(kind)
    if kind == "single":
        return Household(kind, ((f"C-{name}-1", f"K-{name}-1"),), 1)
    if kind == "family":
        number = book.draw.integer(2, 3)
        more = [(f"C-{name}-1", f"K-{name}-2")] if book.draw.boolean(30) else []
        return Household(kind, ((f"C-{name}-1", f"K-{name}-1"), *more), number)
    number = book.draw.integer(2, 4)
    accounts = tuple((f"C-{name}-{n}", f"K-{name}-{n}") for n in range(1, number + 1))
    return Household(kind, accounts, number)


def settle(book: Book, name: str, home: Household, catalog: Catalog) -> dict[str, date]:
    """Tell customers, accounts and subscriptions; return the subscriptions with their begins."""
    if home.kind == "company":
        _tree(book, home)
    else:
        book.tell("crm/customers", book.period.first, customer_id=home.accounts[0][0])
    for number, (customer, account) in enumerate(home.accounts):
        _account(book, home, number, {"account_id": account, "customer_id": customer})
    found: dict[str, date] = {}
    for number in range(home.subscriptions):
        customer, account = home.accounts[number % len(home.accounts)]
        own = {"subscription_id": f"S-{name}-{number + 1}"}
        own |= {"customer_id": customer, "account_id": account}
        found[own["subscription_id"]] = _subscription(book, own, home, catalog)
    return found


# customers and accounts


def _tree(book: Book, home: Household) -> None:
    """Tell a company and its branches; some stand in no tree for a while."""
    draw = book.draw
    ids = [customer for customer, _ in home.accounts]
    for place, customer in enumerate(ids):
        parent = None if place == 0 else ids[draw.integer(0, place - 1)]
        row = {"customer_id": customer, "customer_kind": "company", "parent_customer_id": parent}
        fault = draw.integer(0, 99)
        if fault >= 97:
            book.note("tree: individual")
            row["customer_kind"] = "individual"
        elif fault >= 94:
            book.note("tree: parent unknown")
            row["parent_customer_id"] = f"{customer}-gone"
        book.put("crm/customers", row, {"parent_customer_id": None})
        if fault in (90, 91, 92, 93):
            book.note("tree: moved")
            day = book.day()
            other = draw.choice((None, ids[0], ids[-1]))
            moved = row | {"parent_customer_id": other, "valid_from_on": day}
            book.tell("crm/customers", book.when(day), moved)


def _account(book: Book, home: Household, number: int, own: Row) -> None:
    draw = book.draw
    row = own | {"bill_cycle_id": draw.choice(_OWN_CYCLES)}
    book.note(f"cycle {row['bill_cycle_id']}")
    if number > 0 and draw.boolean(60):
        book.note("payer")
        row["payer_account_id"] = home.accounts[0][1]
    book.put(_ACCOUNTS, row, {"bill_cycle_id": "M15"})
    if draw.boolean(10):
        book.note("cycle changed")
        day = book.day()
        after = row | {"bill_cycle_id": draw.choice(("M15", "M01", "B01")), "valid_from_on": day}
        if draw.boolean(30):
            after["payer_account_id"] = None
        book.put(_ACCOUNTS, after, {"bill_cycle_id": "M31"}, book.when(day))


# subscriptions


def _subscription(book: Book, own: Row, home: Household, catalog: Catalog) -> date:
    draw = book.draw
    begin = LONG_AGO
    if draw.boolean(30):
        begin = book.day(before=40)
        book.note("begins in the period")
    row = own | {
        "product_offering_id": draw.choice((*catalog.plans[:1], *catalog.plans)),
        "valid_from_on": begin,
    }
    if draw.boolean(4):
        book.note("own tariff")
        row["tariff_id"] = catalog.tariffs[-1]
    told_on = book.period.first
    if begin > told_on:
        told_on = max(told_on, begin - draw.choice((0, 0, 3)) * DAY)
    elif draw.boolean(5):
        told_on = book.day(before=30)
        book.note("subscription told late")
    if draw.boolean(4):
        book.note("begin told too late at first")
        late_begin = max(begin, told_on) + draw.choice((20, 40)) * DAY
        book.tell(SUBSCRIPTIONS, told_on, row | {"valid_from_on": late_begin})
        told_on = min(told_on + draw.choice((30, 15)) * DAY, book.period.last)
    wrong = {"product_offering_id": catalog.plans[-1]}
    book.put(SUBSCRIPTIONS, row, wrong, told_on)
    _switch(book, own["subscription_id"], begin, told_on)
    for _ in range(draw.choice((0, 0, 0, 0, 1, 1, 2))):
        row = _change(book, row, home, catalog)
    for add_on in catalog.add_ons:
        if draw.boolean(45):
            _add_on(book, own["subscription_id"], add_on)
    return begin


def _change(book: Book, row: Row, home: Household, catalog: Catalog) -> Row:
    """Tell that a subscription goes on in another way."""
    draw = book.draw
    kind = draw.choice(("plan", "plan", "account", "tariff", "same", "end"))
    day = book.day()
    if day <= row["valid_from_on"]:
        return row
    book.note(f"subscription: {kind}")
    changed: dict[str, Any] = {}
    if kind == "plan":
        old = row["product_offering_id"]
        changed = {"product_offering_id": next(p for p in catalog.plans if p != old)}
    elif kind == "account":
        customer, account = draw.choice(home.accounts)
        changed = {"customer_id": customer, "account_id": account}
    elif kind == "tariff":
        changed = {"tariff_id": draw.choice((*catalog.tariffs, "T-NONE"))}
    elif kind == "end":
        changed = {"op": "delete"}
    after = row | changed | {"valid_from_on": day}
    book.put(SUBSCRIPTIONS, after, {"product_offering_id": catalog.plans[0]}, book.when(day))
    return after | {"op": "upsert"}


def _add_on(book: Book, subscription: str, offering: str) -> None:
    draw = book.draw
    add_on = f"{offering}-{subscription}"
    begin = LONG_AGO if draw.boolean(30) else book.day(before=20)
    row: Row = {
        "add_on_id": add_on,
        "subscription_id": subscription,
        "product_offering_id": offering,
        "quantity": draw.choice((1, 1, 2)),
        "valid_from_on": begin,
    }
    book.note("add-on")
    book.put("order_management/add_ons", row, {"quantity": 3}, book.when(begin))
    if draw.boolean(25):
        day = book.day()
        if day > begin:
            book.note("add-on pieces")
            after = row | {"quantity": 3, "valid_from_on": day}
            book.put("order_management/add_ons", after, {"quantity": 2}, book.when(day))
    if draw.boolean(20):
        day = book.day()
        if day > begin:
            book.note("add-on ended")
            after = row | {"op": "delete", "valid_from_on": day}
            book.tell("order_management/add_ons", book.when(day), after)
    if draw.boolean(30):
        book.note("add-on switched")
        on = book.day()
        _event(book, subscription, on, "activate", add_on_id=add_on)
        if draw.boolean(40):
            off = on + draw.choice((9, 2, 0)) * DAY
            _event(book, subscription, off, "deactivate", "21:00", add_on_id=add_on)


# the network


def _event(
    book: Book, subscription: str, day: date, step: str, clock: str = "09:00", **more: Any
) -> None:
    # instants of a subscription differ: nobody could say which of two came last
    number = len(book.rows[_EVENTS])
    occurred_at: datetime = at(day, clock) + timedelta(seconds=number)
    told_on = max(book.period.first, day + book.draw.choice((0, 0, 1, 12)) * DAY)
    own = {"provisioning_event_id": f"E-{subscription}-{number}"}
    own |= {"provisioning_request_id": f"Q-{subscription}-{number}"}
    row = own | {"subscription_id": subscription, "step": step, "occurred_at": occurred_at}
    book.tell(_EVENTS, min(told_on, book.period.last), row | more)


def _switch(book: Book, subscription: str, begin: date, told_on: date) -> None:
    """Tell when the network served a subscription: from its begin on, mostly."""
    draw = book.draw
    way = draw.integer(0, 99)
    if way >= 98:
        book.note("never activated")
        return
    first = begin
    if 88 <= way < 98:
        book.note("activated later")
        first = max(begin, told_on) + draw.choice((1, 5, 10)) * DAY
        _event(book, subscription, begin, "activate", outcome="requested")
    _event(book, subscription, first, "activate")
    if 78 <= way < 88:
        book.note("deactivated")
        off = max(first, book.day(after=10))
        _event(book, subscription, off, "deactivate", "12:00")
        if draw.boolean(60):
            book.note("reactivated")
            _event(book, subscription, off + draw.choice((0, 1, 6)) * DAY, "activate", "15:00")
    elif 74 <= way < 78:
        # barring ends no service
        _event(book, subscription, book.day(), "bar_all", "13:00", cause="debt")
        _event(book, subscription, book.day(), "unbar", "14:00")
