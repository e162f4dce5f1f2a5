"""The chance per day that a holder leaves by choice: drivers, constants, the oracle.

A postpaid holder leaves by giving notice. Most prepaid holders just use the line no more: the day
after their last use counts, not the day on which the line lapses.

The constants are frozen: docs/simulator-hazard.md tells how they were found and what they give.
Changing one changes what every model is measured against.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data.simulator.people.schema import NODES
from data.simulator.people.subscriptions import FRAILTY_SPREAD, POSTPAID, PREPAID, usual_use
from data.simulator.people.world import World

# logit of the daily hazard of a holder about whom nothing is known
INTERCEPT = {0: -9.65, 1: -8.62}
COEFFICIENTS: dict[str, float] = {
    "end_window": 1.50,
    "is_bound": -1.15,
    "new_holder": 0.65,
    "price_rise": 0.90,
    "complaints": 1.00,
    "late_tickets": 0.70,
    "dropped_calls": 0.54,
    "outages": 0.45,
    "leaning": 2.00,
    "churned_friends": 3.00,
    "plan_misfit": 0.70,
    "pushed_channel": 0.35,
    "is_young": 0.40,
    "is_senior": -0.50,
    "is_company": -0.35,
    "falling_use": 1.60,
    "seldom_used": 1.30,
    # nobody has a bill yet when these are first computed: 0 until bills, dunning and disputes exist
    "bill_shock": 0.60,
    "dunning": 0.50,
    "disputes": 0.60,
    # interactions
    "price_rise_unbound": 0.65,
    "complaints_new_holder": 0.80,
    "prepaid_new_holder": 0.90,
}
# chance of a retention offer to turn a holder round, and how far; see `offer_effect`
PERSUADED, ANNOYED, UNMOVED = -1.10, 0.70, -0.10
OFFER_DAYS = 90
PRICE_DAYS = 75
# chances per day to begin to lean away, and to use less and less
LEANING, FADING = 0.0007, 0.0007
# nobody is bound to a prepaid line: use fades more often
PREPAID_FADES = 2.0
FRIENDS_DAYS = 60
# days on which the hazard of the window from day 8 to day 37 is read
WINDOW_FROM, WINDOW_DAYS = 8, 30
_READINGS = (8, 15, 22, 29, 37)
_POINTS, _WEIGHTS = np.polynomial.hermite_e.hermegauss(NODES)
FRAILTY_NODES = _POINTS * FRAILTY_SPREAD
FRAILTY_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
# share of complaints, tickets and outages that is still felt a day later (half in 30 days)
DECAY = 0.5 ** (1 / 30)


def sigmoid(logit: np.ndarray) -> np.ndarray:
    """Return the probability of a logit."""
    return 1.0 / (1.0 + np.exp(-logit))


def drivers(world: World, ahead: int = 0) -> dict[str, np.ndarray]:
    """Return the drivers of all subscriptions `ahead` days from today, if nothing new happens."""
    table = world.subscriptions
    day = world.today + ahead
    fade = DECAY**ahead
    firm = world.customers["is_company"][table["customer"]]
    tenure = np.maximum(day - table["contract_start"], 0)
    left = table["min_end"] - day
    has_term = table["min_end"] > 0
    bound = has_term & (left > 100)
    new = np.exp(-tenure / 300.0)
    since_price = day - table["price_on"]
    recent = np.clip(1.0 - since_price / PRICE_DAYS, 0.0, 1.0)
    price = np.where(table["price_on"] > 0, recent * table["price_percent"] / 5.0, 0.0)
    complaints = np.log1p(table["complaints"] * fade)
    prepaid = table["rating"] == PREPAID
    use = table["voice"] + table["sms"] + table["data"]
    rare = np.clip(np.log(usual_use(table) / np.maximum(use, 0.01)), -1.0, 2.0)
    zero = np.zeros(len(table))
    return {
        "end_window": np.where(has_term, np.clip(1.0 - np.abs(left - 35) / 65.0, 0.0, 1.0), 0.0),
        "is_bound": bound.astype(float),
        "new_holder": new,
        "price_rise": price,
        "complaints": complaints,
        "late_tickets": np.log1p(table["late_tickets"] * fade),
        "dropped_calls": np.clip(table["drop"] / 0.012 - 1.0, -1.0, 3.0),
        "outages": np.log1p(table["outages"] * fade),
        "leaning": (table["leaning_until"] > day).astype(float),
        "churned_friends": churned_friends(world, ahead),
        "plan_misfit": table["misfit"],
        "pushed_channel": np.isin(table["channel"].astype(str), ("field", "partner")).astype(float),
        "is_young": ((table["age"] < 30) & ~firm).astype(float),
        "is_senior": ((table["age"] >= 65) & ~firm).astype(float),
        "is_company": firm.astype(float),
        "falling_use": ((table["fading_from"] > 0) & (table["fading_until"] > day)).astype(float),
        "seldom_used": np.where(prepaid, rare, 0.0),
        "bill_shock": zero,
        "dunning": zero,
        "disputes": zero,
        "price_rise_unbound": price * ~bound,
        "complaints_new_holder": complaints * new,
        "prepaid_new_holder": new * prepaid,
    }


def churned_friends(world: World, ahead: int = 0) -> np.ndarray:
    """Return the share of each one's community that left in the last 60 days."""
    table = world.subscriptions
    log = world.departures
    from_on = world.today + ahead - FRIENDS_DAYS
    recent = log["community"][log["day"] > from_on]
    if not len(recent):
        return np.zeros(len(table))
    values, where = np.unique(table["community"], return_inverse=True)
    size = np.bincount(where[table["terminated_on"] == 0], minlength=len(values))
    position = np.searchsorted(values, recent)
    gone = np.bincount(position, minlength=len(values))
    return np.clip(gone[where] / np.maximum(size[where] - 1, 3), 0.0, 0.6)


def observable_logit(world: World, of: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the logit that the drivers give; frailty and offers are not in it."""
    rating = world.subscriptions["rating"]
    base = np.where(rating == POSTPAID, INTERCEPT[1], INTERCEPT[0])
    return base + sum(weight * of[name] for name, weight in COEFFICIENTS.items())


def offer_effect(world: World, ahead: int = 0) -> np.ndarray:
    """Return what a retention offer changes in the logit: little for most, much for some.

    Who can be persuaded: those who feel a price rise or an ill-fitting plan. Who wakes up and
    leaves: the long bound and the old, whom nobody should have reminded of their contract.
    """
    table = world.subscriptions
    day = world.today + ahead
    offered = (table["offer_arm"] == 2) & (day - table["offer_on"] < OFFER_DAYS)
    sensitive = (table["price_on"] > 0) & (day - table["price_on"] < PRICE_DAYS)
    open_to_it = 0.22 + 0.35 * sensitive + 0.20 * (table["misfit"] > 0.9)
    left = table["min_end"] - day
    asleep = 0.08 + 0.22 * (left > 100) + 0.15 * (table["age"] >= 65)
    luck = table["persuasion"]
    effect = np.where(luck < open_to_it, PERSUADED, np.where(luck > 1.0 - asleep, ANNOYED, UNMOVED))
    return np.where(offered, effect, 0.0)


def mood_chances(
    world: World, felt: Mapping[str, np.ndarray], frailty: np.ndarray | float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the chances that somebody begins today to lean away, and to use less."""
    push = (
        0.5 * felt["price_rise"]
        + 0.5 * felt["complaints"]
        + 0.3 * felt["dropped_calls"]
        + 1.5 * felt["churned_friends"]
        + 0.4 * frailty
    )
    fading = FADING * np.where(world.subscriptions["rating"] == PREPAID, PREPAID_FADES, 1.0)
    return LEANING * np.exp(push), fading * np.exp(0.5 * push)


def _expected_moods(world: World, felt: Mapping[str, np.ndarray], ahead: int) -> np.ndarray:
    """Return what moods that may begin until then add to the logit: hazards are small."""
    added = np.zeros(1)
    for name, chance in zip(("leaning", "falling_use"), mood_chances(world, felt), strict=True):
        begun = np.where(felt[name] > 0, 0.0, np.minimum(chance * ahead, 1.0))
        added = added + np.log1p(begun * np.expm1(COEFFICIENTS[name]))
    return added


def daily_hazard(logit: np.ndarray, frailty: np.ndarray | float = 0.0) -> np.ndarray:
    """Return the chance to leave on one day."""
    return sigmoid(logit + frailty)


def remember_survival(world: World, logit: np.ndarray, at_risk: np.ndarray) -> None:
    """Add one more day of staying to what is known about the frailty of each."""
    for node, value in enumerate(FRAILTY_NODES):
        column = world.subscriptions[f"survival_{node}"]
        column[at_risk] += np.log1p(-sigmoid(logit[at_risk] + value))


def window_hazards(world: World) -> tuple[np.ndarray, np.ndarray]:
    """Return the chance to leave in the 30 days after a gap of 7: oracle, and all-knowing.

    The oracle knows the drivers of today and how they go on by themselves; frailty is integrated
    out over what survival so far says of it. The other one knows the frailty too.
    """
    readings = []
    for ahead in _READINGS:
        felt = drivers(world, ahead)
        known = observable_logit(world, felt) + offer_effect(world, ahead)
        readings.append(known + _expected_moods(world, felt, ahead))
    table = world.subscriptions
    knowing = _over_window(readings, table["frailty"])
    weights = np.stack(
        [np.log(FRAILTY_WEIGHTS[node]) + table[f"survival_{node}"] for node in range(NODES)]
    )
    weights = np.exp(weights - weights.max(axis=0))
    chances = np.stack([_over_window(readings, value) for value in FRAILTY_NODES])
    return (weights * chances).sum(axis=0) / weights.sum(axis=0), knowing


def _over_window(readings: list[np.ndarray], frailty: np.ndarray | float) -> np.ndarray:
    stays = np.mean([np.log1p(-sigmoid(logit + frailty)) for logit in readings], axis=0)
    return 1.0 - np.exp(stays * WINDOW_DAYS)
