"""Columns of the tables that make the state of the world; text is coded O, see `Table`.

Days are ordinals with 0 for none, instants are microseconds UTC, references are row indexes with
-1 for none.
"""

# word lists are read and mended as text, one word after the other
# ruff: noqa: SIM905
from __future__ import annotations

CUSTOMERS = {
    **dict.fromkeys(
        ("parent", "root", "level", "since", "birth", "area", "home", "valid_from"), "i8"
    ),
    "is_company": "?",
    "has_consent": "?",
    **dict.fromkeys(
        "credit segment channel language salutation first last company register email phone "
        "application manager street postal".split(),
        "O",
    ),
}
ACCOUNTS = {
    **dict.fromkeys(("customer", "payer", "address", "signed", "valid_from"), "i8"),
    "is_prepaid": "?",
    **dict.fromkeys(
        "cycle tax_status delivery itemisation method name reference email holder iban".split(),
        "O",
    ),
}
ADDRESSES = {
    **dict.fromkeys(("customer", "area", "valid_from"), "i8"),
    **dict.fromkeys("kind recipient street postal".split(), "O"),
}
PENDING, ACTIVE, SUSPENDED, TERMINATED, CANCELLED = range(5)
STATES = ("pending", "active", "suspended", "terminated", "cancelled")
# survival of each frailty node since the subscription was first seen, in logs
NODES = 9
SUBSCRIPTIONS = {
    # who, what, where
    **dict.fromkeys(
        "customer account offer area address network rating contract_start min_end valid_from "
        "ordered_on activated_on terminated_on state state_from notice_on end_on community "
        "install_days".split(),
        "i8",
    ),
    **dict.fromkeys("channel source state_reason end_reason".split(), "O"),
    "is_voluntary": "?",
    # fixed traits
    **dict.fromkeys(
        "age voice sms data session_bytes international on_net roaming drop frailty misfit "
        "persuasion".split(),
        "f8",
    ),
    # what changes from day to day
    **dict.fromkeys(
        "leaning_until fading_from fading_until price_on silent_from offer_arm offer_on".split(),
        "i8",
    ),
    **dict.fromkeys("complaints late_tickets outages price_percent".split(), "f8"),
    **{f"survival_{node}": "f8" for node in range(NODES)},
}
LINES = {
    **dict.fromkeys(("subscription", "number", "from_at", "to_at", "block"), "i8"),
    **dict.fromkeys(("key", "line_kind", "source"), "O"),
    "is_primary": "?",
    # a later interval of the same assignment, after a pause
    "is_continued": "?",
}
ADD_ONS = dict.fromkeys("subscription offer item from_on to_on minimum_on".split(), "i8")
FREED = {**dict.fromkeys(("number", "block", "free_on"), "i8"), "is_taken": "?"}
STATE_INTERVALS = {
    **dict.fromkeys(("subscription", "from_on", "to_on", "state"), "i8"),
    "reason": "O",
}
TREE = dict.fromkeys("customer from_on to_on parent root level".split(), "i8")
# who gave notice or, with a prepaid line, just used it no more
DEPARTURES = dict.fromkeys(("day", "subscription", "community"), "i8")
TABLES = {
    "customers": CUSTOMERS,
    "accounts": ACCOUNTS,
    "addresses": ADDRESSES,
    "subscriptions": SUBSCRIPTIONS,
    "lines": LINES,
    "add_ons": ADD_ONS,
    "freed": FREED,
    "states": STATE_INTERVALS,
    "tree": TREE,
    "departures": DEPARTURES,
}
