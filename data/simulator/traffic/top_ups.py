"""Money that comes onto prepaid balances: around paydays, by voucher, card, automatic, or gift.

Who tops up when follows from the subscription and the day; the true balance is the platform's to
compute. The balances of the old system come once, on the first day.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from data.simulator.knobs import Knobs
from data.simulator.landing import Landing
from data.simulator.model import Catalog
from data.simulator.randomness import stream
from data.simulator.traffic.chance import salt_of, uniform
from data.simulator.traffic.rhythm import moments, today

AMOUNTS = (5, 10, 15, 20, 50)
_STEPS = (0.18, 0.55, 0.78, 0.96, 1.0)
_MEAN_AMOUNT = 13.9
# euros a month: a base, and what use adds
_BASE_SPEND, _PER_USE = 4.5, 1.6
# share of lines that are topped up by an agreement
AUTOMATIC = 0.2
_KINDS = ("voucher", "card", "bank_transfer", "cash")
_KIND_STEPS = (0.46, 0.80, 0.88, 1.0)
_CHANNELS = {
    "voucher": "shop",
    "card": "app",
    "bank_transfer": "online",
    "cash": "partner",
    "automatic": "online",
}
BONUS_FROM, BONUS_PERCENT, BONUS_DAYS = 20, 10, 30
VALID_DAYS = 365
STARTING_CREDIT = 10
# gifts and corrections per line and day
GIFT, CORRECTION = 0.0006, 0.0002
TOP_UPS, ADJUSTMENTS = "online_charging/top_ups", "online_charging/balance_adjustments"


def payday_factor(day: date) -> float:
    """Return how much money comes in on a day of the month, compared with an average day."""
    if day.day <= 3 or day.day >= 29:
        return 1.9
    return 1.25 if day.day in (15, 16) else 0.78


def top_ups_of_day(
    knobs: Knobs, catalog: Catalog, day: date, lines: pl.DataFrame, landing: Landing
) -> dict[str, int]:
    """Deliver on `day` the top-ups and adjustments of the local day before; return the rows."""
    yesterday = day - timedelta(days=1)
    when = today(knobs, catalog.holidays, yesterday)
    prepaid = (
        lines.filter(pl.col("rating_type") == "prepaid")
        .group_by("subscription_id", "subscription_index", maintain_order=True)
        .agg(
            pl.col("from_at").min(),
            use=pl.col("voice_per_day").sum()
            + pl.col("sms_per_day").sum() / 2
            + pl.col("data_per_day").sum() / 2,
        )
        .sort("subscription_index")
    )
    rng = stream(knobs.seed, "top-ups", yesterday)
    count = prepaid.height
    subs = prepaid["subscription_index"].to_numpy()
    spend = _BASE_SPEND + _PER_USE * np.minimum(prepaid["use"].to_numpy(), 6.0)
    chance = spend / _MEAN_AMOUNT / 30.44 * payday_factor(yesterday)
    begins = prepaid["from_at"].cast(pl.Int64).to_numpy()
    is_new = (begins >= when.start) & (yesterday > knobs.start_on)
    tops = is_new | (rng.random(count) < chance)
    amount = np.array(AMOUNTS)[np.searchsorted(_STEPS, rng.random(count), side="right")]
    amount = np.where(is_new, STARTING_CREDIT, amount)
    kinds = np.searchsorted(_KIND_STEPS, rng.random(count), side="right")
    agreed = uniform(subs, salt_of(knobs.seed, "automatic top-up")) < AUTOMATIC
    kind = np.where(is_new, "voucher", np.where(agreed, "automatic", np.array(_KINDS)[kinds]))
    at = moments(rng, when, "voice", count)
    vouchers = rng.integers(10**9, 10**10, count)
    rows = np.flatnonzero(tops & (np.maximum(begins, when.start) < when.end))
    at = np.maximum(at, begins)
    frame = _top_ups(prepaid["subscription_id"].gather(rows), yesterday, kind[rows], amount[rows])
    frame = frame.with_columns(
        occurred_at=pl.Series(at[rows]).cast(pl.Datetime("us")),
        voucher_id=pl.when(pl.col("top_up_kind") == "voucher").then(
            pl.lit("V") + pl.Series(vouchers[rows]).cast(pl.String)
        ),
    )
    landing.write(TOP_UPS, day, frame)
    adjusted = _adjustments(rng, knobs, yesterday, prepaid, at, is_new)
    landing.write(ADJUSTMENTS, day, adjusted)
    return {TOP_UPS: frame.height, ADJUSTMENTS: adjusted.height}


def _cents(amounts: np.ndarray) -> pl.Series:
    return pl.Series(amounts).cast(pl.Decimal(18, 2))


def _top_ups(
    subscriptions: pl.Series, day: date, kind: np.ndarray, amount: np.ndarray
) -> pl.DataFrame:
    count = len(kind)
    bonus = np.where(amount >= BONUS_FROM, amount * BONUS_PERCENT // 100, 0)
    number = pl.int_range(1, count + 1, eager=True).cast(pl.String).str.zfill(5)
    kinds = pl.Series(kind.tolist(), dtype=pl.String)
    return pl.DataFrame(
        {
            "top_up_id": pl.Series([f"TU{day:%y%m%d}-"] * count, dtype=pl.String) + number,
            "subscription_id": subscriptions,
            "top_up_kind": kinds,
            "channel": kinds.replace_strict(_CHANNELS, return_dtype=pl.String),
            "amount": _cents(amount),
            "bonus_amount": _cents(bonus),
            "currency": pl.Series(["EUR"] * count, dtype=pl.String),
            "expires_on": pl.Series([day + timedelta(VALID_DAYS)] * count, dtype=pl.Date),
            "bonus_expires_on": pl.Series(
                [day + timedelta(BONUS_DAYS) if value else None for value in bonus.tolist()],
                dtype=pl.Date,
            ),
        }
    )


def _adjustments(
    rng: np.random.Generator,
    knobs: Knobs,
    day: date,
    prepaid: pl.DataFrame,
    at: np.ndarray,
    is_new: np.ndarray,
) -> pl.DataFrame:
    """Return the old system's balances on the first day, and gifts and corrections."""
    count = prepaid.height
    drawn = rng.random(count)
    balance = np.round(np.exp(rng.normal(1.9, 0.7, count)), 2)
    slip = np.round(rng.uniform(0.2, 3.0, count), 2)
    is_first = day == knobs.start_on
    opening = np.full(count, is_first) & ~is_new
    gift = ~opening & (drawn < GIFT)
    correction = ~opening & ~gift & (drawn < GIFT + CORRECTION)
    kinds = np.where(opening, "opening", np.where(gift, "bonus", "correction"))
    amount = np.where(opening, balance, np.where(gift, 2.0, slip))
    rows = np.flatnonzero(opening | gift | correction)
    number = pl.int_range(1, len(rows) + 1, eager=True).cast(pl.String).str.zfill(5)
    ends = {"opening": VALID_DAYS, "bonus": BONUS_DAYS}
    return pl.DataFrame(
        {
            "balance_adjustment_id": pl.Series([f"BA{day:%y%m%d}-"] * len(rows), dtype=pl.String)
            + number,
            "subscription_id": prepaid["subscription_id"].gather(rows),
            "adjustment_kind": pl.Series(kinds[rows].tolist(), dtype=pl.String),
            "agent_id": pl.Series(
                [f"AG{1 + row % 7:03d}" if kinds[row] == "correction" else None for row in rows],
                dtype=pl.String,
            ),
            "amount": _cents(amount[rows]),
            "currency": pl.Series(["EUR"] * len(rows), dtype=pl.String),
            "expires_on": pl.Series(
                [day + timedelta(ends[kinds[row]]) if kinds[row] in ends else None for row in rows],
                dtype=pl.Date,
            ),
            "occurred_at": pl.Series(np.where(opening, today(knobs, {}, day).start, at)[rows]).cast(
                pl.Datetime("us")
            ),
        }
    )
