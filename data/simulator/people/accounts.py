"""Billing accounts: who pays how and when, tax ids and consents."""

from __future__ import annotations

import numpy as np
import polars as pl

from data.simulator.people.clock import dates, times
from data.simulator.people.world import World, ids

BANKS = ("37040044", "50010517", "10050000", "20050550", "70150000", "43060967", "12030000")
TWO_MONTHLY = 0.12
CONSENTS = (
    ("marketing_email", 0.45),
    ("marketing_phone", 0.18),
    ("marketing_letter", 0.40),
    ("call_recording", 0.65),
)


def cycle_of(world: World, months: int) -> str | None:
    """Return the bill cycle of an interval."""
    found = [key for key, (_, interval) in world.catalog.cycles.items() if interval == months]
    return min(found) if found else min(world.catalog.cycles)


def iban(bank: str, account: int) -> str:
    """Return a German IBAN with right check digits."""
    number = f"{bank}{account:010d}"
    return f"DE{98 - int(number + '131400') % 97:02d}{number}"


def open_accounts(
    rng: np.random.Generator,
    world: World,
    customers: np.ndarray,
    is_prepaid: np.ndarray,
    payers: np.ndarray,
) -> np.ndarray:
    """Add one account per given customer; return their rows."""
    count = len(customers)
    people = {name: world.customers[name][customers] for name in world.customers.columns}
    firms = people["is_company"]
    methods = np.array(["direct_debit", "transfer", "card", "cash"], dtype=object)
    postpaid = methods[rng.choice(4, p=(0.74, 0.20, 0.05, 0.01), size=count)]
    firm = methods[rng.choice(2, p=(0.55, 0.45), size=count)]
    prepaid = methods[rng.choice([2, 3], p=(0.35, 0.65), size=count)]
    method = np.where(is_prepaid, prepaid, np.where(firms, firm, postpaid))
    delivery = np.array(["email", "portal", "letter"], dtype=object)[
        rng.choice(3, p=(0.58, 0.30, 0.12), size=count)
    ]
    delivery = np.where((people["email"] == None) & (delivery == "email"), "letter", delivery)  # noqa: E711  element by element
    wants_e_invoice = firms & (rng.random(count) < 0.6)
    delivery = np.where(is_prepaid, "none", np.where(wants_e_invoice, "e_invoice", delivery))
    itemisation = np.array(["none", "masked", "full"], dtype=object)[
        rng.choice(3, p=(0.45, 0.40, 0.15), size=count)
    ]
    two_monthly = rng.random(count) < TWO_MONTHLY
    names = np.array([cycle_of(world, 1), cycle_of(world, 2)], dtype=object)
    cycle = names[two_monthly.astype(int)]
    payer_rows = np.maximum(payers, 0)
    if len(world.accounts):
        paid_cycle = world.accounts["cycle"][np.minimum(payer_rows, len(world.accounts) - 1)]
        cycle = np.where(payers >= 0, paid_cycle, cycle)
    banks = rng.integers(len(BANKS), size=count)
    numbers = rng.integers(1, 10**9, size=count)
    ibans = [
        iban(BANKS[b], int(n)) if m == "direct_debit" else None
        for b, n, m in zip(banks, numbers, method, strict=True)
    ]
    holders = [
        None if m != "direct_debit" else (c or f"{first} {last}")
        for m, c, first, last in zip(
            method, people["company"], people["first"], people["last"], strict=True
        )
    ]
    status = np.full(count, "domestic", dtype=object)
    draw = rng.random(count)
    status[firms & (draw < 0.02)] = "exempt"
    status[firms & (draw > 0.985)] = "reseller"
    start = people["since"]
    return world.accounts.append(
        {
            "customer": customers,
            "payer": payers,
            "address": people["home"],
            "signed": start,
            "valid_from": start,
            "is_prepaid": is_prepaid,
            "cycle": np.where(is_prepaid, None, cycle),
            "tax_status": status,
            "delivery": delivery,
            "itemisation": np.where(is_prepaid, "none", itemisation),
            "method": method,
            "name": [
                f"KST-{1000 + n % 9000}" if f else None for n, f in zip(numbers, firms, strict=True)
            ],
            "reference": [
                f"04011000-{n % 100000:05d}-{n % 97:02d}" if e else None
                for n, e in zip(numbers, wants_e_invoice, strict=True)
            ],
            "email": np.where(
                np.isin(delivery.astype(str), ("email", "e_invoice")), people["email"], None
            ),
            "holder": holders,
            "iban": ibans,
        },
        count,
    )


def consent_rows(
    rng: np.random.Generator, world: World, customers: np.ndarray, recorded_at: np.ndarray
) -> pl.DataFrame:
    """Return rows of crm/consents: usage analysis of all who were asked, others where given."""
    table = world.customers
    parts = [(customers, "usage_analysis", table["has_consent"][customers], recorded_at)]
    for kind, share in CONSENTS:
        asked = rng.random(len(customers)) < 0.8
        granted = rng.random(len(customers)) < share
        parts.append((customers[asked], kind, granted[asked], recorded_at[asked]))
    return pl.concat(
        [
            pl.DataFrame(
                {
                    "customer_id": ids("C", index),
                    "consent_kind": [kind] * len(index),
                    "is_granted": granted.astype(bool),
                    "channel": pl.Series(table["channel"][index].tolist(), dtype=pl.String),
                    "valid_from_on": dates(table["valid_from"][index]),
                    "op": ["upsert"] * len(index),
                    "recorded_at": times(at),
                }
            )
            for index, kind, granted, at in parts
        ]
    )


def tax_id_rows(world: World, accounts: np.ndarray, recorded_at: np.ndarray) -> pl.DataFrame:
    """Return rows of crm/tax_ids: VAT ids of companies, certificates of those who have a status."""
    table = world.accounts
    people = world.customers
    rows = []
    seen: set[int] = set()
    for account, at in zip(accounts.tolist(), times(recorded_at), strict=True):
        customer = int(table["customer"][account])
        if not people["is_company"][customer] or customer in seen:
            continue
        seen.add(customer)
        common = {
            "customer_id": f"C{customer + 1:07d}",
            "country_code": "DE",
            "is_verified": True,
            "op": "upsert",
            "recorded_at": at,
        }
        start = dates(people["since"][customer : customer + 1])[0]
        status = table["tax_status"][account]
        if people["parent"][customer] < 0:
            vat = f"DE{100_000_000 + (customer * 7919) % 899_999_999}"
            rows.append({**common, "tax_id_kind": "vat_id", "tax_id": vat, "start": start})
        if status != "domestic":
            kind = "exemption_certificate" if status == "exempt" else "reseller_certificate"
            rows.append(
                {**common, "tax_id_kind": kind, "tax_id": f"B{customer:08d}", "start": start}
            )
    if not rows:
        return pl.DataFrame()
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.with_columns(verified_on=pl.col("start")).rename({"start": "valid_from_on"})
