"""What customers talk about: topics, how likely each is for whom, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Topic:
    """A topic of contacts; weights are shares among questions and among complaints."""

    name: str
    purpose: str
    category: str
    subcategory: str
    ticket_share: float
    # weights of a mobile and of a fixed customer
    question: tuple[float, float]
    complaint: tuple[float, float]
    resolutions: tuple[str, ...] = ("explained",)
    mood: float = 0.0


@dataclass(frozen=True)
class Caller:
    """What is known of somebody who calls; moods are 0 to 1."""

    subscription_id: str
    customer_id: str
    account_id: str
    area_id: str
    area: str
    is_mobile: bool
    is_prepaid: bool
    is_company: bool
    language: str
    dissatisfaction: float
    is_leaning: bool
    price_change_days: int | None
    drop_share: float
    plans: tuple[str, ...] = field(default=())


_BILL = ("credited", "explained", "explained", "rejected")
_NETWORK = ("fixed", "fixed", "configuration", "not_reproducible", "visit")
_ORDER = ("fixed", "explained", "configuration", "visit")
_DEVICE = ("replaced", "replaced", "configuration", "visit")

OUTAGE = Topic(
    "outage", "technical", "network", "outage", 0.6, (0, 0), (0, 0), ("fixed",), mood=-0.3
)
TOPICS = (
    Topic("bill_too_high", "billing", "bill", "amount", 0.15, (14, 14), (14, 14), _BILL, -0.2),
    Topic("wrong_charge", "billing", "bill", "item", 0.6, (5, 5), (16, 14), _BILL, -0.3),
    Topic("price_rise", "billing", "bill", "price", 0.12, (1, 1), (1, 1), mood=-0.4),
    Topic("slow_internet", "technical", "network", "speed", 0.5, (8, 18), (10, 22), _NETWORK, -0.1),
    Topic("no_reception", "technical", "network", "coverage", 0.4, (9, 0), (14, 0), _NETWORK, -0.1),
    Topic("dropped_calls", "technical", "network", "voice", 0.45, (4, 1), (9, 2), _NETWORK, -0.2),
    Topic("device_defect", "technical", "device", "defect", 0.55, (4, 12), (6, 10), _DEVICE),
    Topic("sim_card", "service", "order", "sim", 0.2, (10, 0), (3, 0), _ORDER, 0.1),
    Topic("move_house", "service", "order", "move", 0.45, (1, 8), (0, 5), _ORDER),
    Topic("cancellation", "cancellation", "other", "contract", 0.05, (1, 1), (2, 2), mood=-0.2),
    Topic("tariff_advice", "sales", "other", "plan", 0.03, (14, 11), (0, 0), mood=0.3),
    Topic("roaming_costs", "billing", "bill", "roaming", 0.2, (5, 0), (7, 0), _BILL, -0.1),
    Topic("payment", "billing", "bill", "payment", 0.2, (9, 9), (4, 4), _BILL),
    Topic("barring", "collections", "bill", "barring", 0.15, (3, 2), (4, 3), _BILL, -0.2),
    Topic("number_porting", "service", "order", "porting", 0.5, (3, 3), (4, 4), _ORDER),
    Topic("activation_delay", "service", "order", "activation", 0.5, (3, 5), (6, 10), _ORDER, -0.2),
    Topic("top_up", "service", "bill", "top_up", 0.25, (20, 0), (14, 0), _BILL),
    Topic("praise", "service", "other", "praise", 0.0, (3, 3), (0, 0), mood=1.0),
)
BY_NAME: Mapping[str, Topic] = {topic.name: topic for topic in (*TOPICS, OUTAGE)}
_WITH_BILL_ONLY = frozenset({"bill_too_high", "price_rise", "payment", "barring"})
# days after a notice in which people call about it
_PRICE_DAYS = 45
_PRICE_WEIGHT = 30.0
_LEAVING_WEIGHT = 14.0
# share of calls cut off that is usual
_USUAL_DROPS = 0.012
# share of complaints among contacts of somebody content, and what annoyance adds
CONTENT_COMPLAINS, ANNOYED_COMPLAINS = 0.12, 0.5
# in an outage people first ask when it ends
_OUTAGE_COMPLAINS = 0.25


def complaint_chance(caller: Caller, topic: Topic | None, is_repeat: bool) -> float:
    """Return the chance that a contact is a complaint; `topic` only when it is settled before."""
    chance = CONTENT_COMPLAINS + ANNOYED_COMPLAINS * caller.dissatisfaction
    if topic is OUTAGE:
        chance *= _OUTAGE_COMPLAINS
    return min(1.0, chance + (0.15 if is_repeat else 0.0))


def topic_weights(caller: Caller, is_complaint: bool) -> np.ndarray:
    """Return the weight of each of TOPICS for a caller."""
    side = 0 if caller.is_mobile else 1
    weights = [
        (topic.complaint if is_complaint else topic.question)[side]
        * _factor(topic, caller, is_complaint)
        for topic in TOPICS
    ]
    return np.array(weights, dtype=float)


def _factor(topic: Topic, caller: Caller, is_complaint: bool) -> float:
    if caller.is_prepaid and topic.name in _WITH_BILL_ONLY:
        return 0.0
    if topic.name == "top_up":
        return 1.0 if caller.is_prepaid else 0.0
    if topic.name == "price_rise":
        days = caller.price_change_days
        return _PRICE_WEIGHT if days is not None and days <= _PRICE_DAYS else 0.0
    if topic.name == "cancellation":
        return _LEAVING_WEIGHT if caller.is_leaning else 1.0
    if topic.name == "dropped_calls":
        return min(4.0, max(0.3, caller.drop_share / _USUAL_DROPS))
    if topic.name == "praise":
        return 1.0 - caller.dissatisfaction
    return 1.0
