"""Rows of the versioned feeds, built of the tables: one function per feed, one or many rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from data.simulator.people.clock import dates, times
from data.simulator.people.world import World, ids

DELIVERED_AS = {
    "customers": "crm/customers",
    "accounts": "crm/billing_accounts",
    "addresses": "crm/addresses",
    "subscriptions": "order_management/subscriptions",
}


def _text(values: np.ndarray) -> pl.Series:
    return pl.Series(values.tolist(), dtype=pl.String)


def _version(valid_from: np.ndarray, recorded_at: np.ndarray) -> dict[str, object]:
    return {
        "valid_from_on": dates(valid_from),
        "op": ["upsert"] * len(valid_from),
        "recorded_at": times(recorded_at),
    }


def customer_rows(world: World, index: np.ndarray, recorded_at: np.ndarray) -> pl.DataFrame:
    """Return rows of crm/customers."""
    table = {name: world.customers[name][index] for name in world.customers.columns}
    regions = np.array([area.region for area in world.catalog.areas], dtype=object)
    return pl.DataFrame(
        {
            "customer_id": ids("C", index),
            "parent_customer_id": pl.Series(ids("C", table["parent"]), dtype=pl.String),
            "application_id": _text(table["application"]),
            "account_manager_id": _text(table["manager"]),
            "customer_kind": np.where(table["is_company"], "company", "individual").tolist(),
            "credit_class": _text(table["credit"]),
            "segment": _text(table["segment"]),
            "region": _text(regions[table["area"]]),
            "channel": _text(table["channel"]),
            "language": _text(table["language"]),
            "salutation": _text(table["salutation"]),
            "first_name": _text(table["first"]),
            "last_name": _text(table["last"]),
            "company_name": _text(table["company"]),
            "register_number": _text(table["register"]),
            "email": _text(table["email"]),
            "phone": _text(table["phone"]),
            "birth_on": dates(table["birth"]),
            "customer_since_on": dates(table["since"]),
            **_version(table["valid_from"], recorded_at),
        }
    )


def account_rows(world: World, index: np.ndarray, recorded_at: np.ndarray) -> pl.DataFrame:
    """Return rows of crm/billing_accounts."""
    table = {name: world.accounts[name][index] for name in world.accounts.columns}
    is_company = world.customers["is_company"][table["customer"]]
    is_debit = table["method"] == "direct_debit"
    mandates = np.array([f"TH-M-{number + 1:07d}" for number in index.tolist()], dtype=object)
    kinds = np.where(is_company, "b2b", "core").astype(object)
    bills_consumer = ~is_company & ~table["is_prepaid"]
    return pl.DataFrame(
        {
            "account_id": ids("A", index),
            "customer_id": ids("C", table["customer"]),
            "payer_account_id": pl.Series(ids("A", table["payer"]), dtype=pl.String),
            "legal_entity_id": [world.catalog.legal_entity_id] * len(index),
            "bill_cycle_id": _text(table["cycle"]),
            "billing_address_id": pl.Series(ids("AD", table["address"]), dtype=pl.String),
            "tax_status": _text(table["tax_status"]),
            "delivery_channel": _text(table["delivery"]),
            "itemisation": _text(table["itemisation"]),
            "payment_method": _text(table["method"]),
            "account_name": _text(table["name"]),
            "buyer_reference": _text(table["reference"]),
            "delivery_email": _text(table["email"]),
            "account_holder": _text(table["holder"]),
            "iban": _text(table["iban"]),
            "mandate_id": _text(np.where(is_debit, mandates, None)),
            "mandate_kind": _text(np.where(is_debit, kinds, None)),
            "mandate_signed_on": dates(np.where(is_debit, table["signed"], 0)),
            "has_due_notice": bills_consumer.tolist(),
            "currency": ["EUR"] * len(index),
            **_version(table["valid_from"], recorded_at),
        }
    )


def address_rows(world: World, index: np.ndarray, recorded_at: np.ndarray) -> pl.DataFrame:
    """Return rows of crm/addresses."""
    table = {name: world.addresses[name][index] for name in world.addresses.columns}
    areas = np.array([(a.area_id, a.name) for a in world.catalog.areas], dtype=object)
    return pl.DataFrame(
        {
            "address_id": ids("AD", index),
            "customer_id": ids("C", table["customer"]),
            "area_id": _text(areas[table["area"], 0]),
            "address_kind": _text(table["kind"]),
            "recipient_name": _text(table["recipient"]),
            "street": _text(table["street"]),
            "postal_code": _text(table["postal"]),
            "city": _text(areas[table["area"], 1]),
            "country_code": ["DE"] * len(index),
            **_version(table["valid_from"], recorded_at),
        }
    )


def subscription_rows(world: World, index: np.ndarray, recorded_at: np.ndarray) -> pl.DataFrame:
    """Return rows of order_management/subscriptions."""
    table = {name: world.subscriptions[name][index] for name in world.subscriptions.columns}
    plans = np.array(
        [(p.product_offering_id, p.access_technology, p.notice_period_unit) for p in world.plans],
        dtype=object,
    )[table["offer"]]
    notice = np.array([plan.notice_period_length for plan in world.plans])[table["offer"]]
    areas = np.array([area.area_id for area in world.catalog.areas], dtype=object)
    is_fixed = table["network"] == 1
    return pl.DataFrame(
        {
            "subscription_id": ids("S", index),
            "customer_id": ids("C", table["customer"]),
            "account_id": ids("A", table["account"]),
            "product_offering_id": _text(plans[:, 0]),
            "area_id": _text(areas[table["area"]]),
            "address_id": pl.Series(ids("AD", table["address"]), dtype=pl.String),
            "network_type": np.where(is_fixed, "fixed", "mobile").tolist(),
            "rating_type": np.where(table["rating"] == 1, "postpaid", "prepaid").tolist(),
            "access_technology": _text(np.where(is_fixed, plans[:, 1], None)),
            "channel": _text(table["channel"]),
            "notice_period_unit": _text(plans[:, 2]),
            "notice_period_length": notice,
            "contract_started_on": dates(table["contract_start"]),
            "minimum_term_ends_on": dates(table["min_end"]),
            **_version(table["valid_from"], recorded_at),
        }
    )


BUILDERS: dict[str, Callable[[World, np.ndarray, np.ndarray], pl.DataFrame]] = {
    "customers": customer_rows,
    "accounts": account_rows,
    "addresses": address_rows,
    "subscriptions": subscription_rows,
}


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with every column as feeds write it."""

    def text(name: str, dtype: pl.DataType) -> pl.Expr:
        if dtype == pl.String:
            return pl.col(name)
        if isinstance(dtype, pl.Datetime):
            return pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        return pl.col(name).cast(pl.String)

    return frame.select(text(name, dtype) for name, dtype in frame.schema.items())
