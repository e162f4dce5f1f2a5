"""Credit checks and the class that the policy gives for them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

from data.simulator.people.world import World

# CRM uses another class than the policy gives: a finding of every operator
CRM_DIFFERS = 0.02


def credit_facts(rng: np.random.Generator, *, is_company: bool) -> dict[str, Any]:
    """Return what a bureau would say: outcome, score, negative entries, proved income."""
    if rng.random() < 0.04:
        return {"outcome": "unknown", "credit_score": None, "negative_entry_count": None}
    score = int(np.clip(rng.normal(620 if not is_company else 420, 110), 100, 950))
    entries = int(rng.poisson(0.12 if score > 520 else 0.8))
    outcome = "passed" if score > 480 and not entries else "refer" if score > 350 else "failed"
    return {"outcome": outcome, "credit_score": score, "negative_entry_count": entries}


def income(rng: np.random.Generator, age: float) -> Decimal:
    """Return a stated net monthly income."""
    level = 1400 if age < 26 else 2500 if age < 65 else 1900
    return Decimal(round(float(level * np.exp(rng.normal(0, 0.35))) / 10) * 10).quantize(
        Decimal("0.01")
    )


def policy_class(
    world: World, kind: str, facts: dict[str, Any], monthly: Decimal | None
) -> str | None:
    """Return the class of the first rule by priority that fits."""

    def given(rule: Any, name: str) -> Any:
        value = rule.get(name)
        return None if value in (None, "") else Decimal(str(value))

    for rule in sorted(world.catalog.credit_rules, key=lambda rule: int(rule["priority"])):
        score, entries = facts["credit_score"], facts["negative_entry_count"]
        least, most = given(rule, "minimum_credit_score"), given(rule, "maximum_negative_entries")
        earns = given(rule, "minimum_monthly_income_amount")
        if (
            rule["customer_kind"] == kind
            and (least is None or (score is not None and score >= least))
            and (most is None or (entries is not None and entries <= most))
            and (earns is None or (monthly is not None and monthly >= earns))
        ):
            return str(rule["credit_class"])
    return None


def crm_class(
    rng: np.random.Generator, world: World, kind: str, by_policy: str | None
) -> str | None:
    """Return the class that CRM writes down: that of the policy, but for a few."""
    classes = [name for of, name, _, _ in world.catalog.credit_classes if of == kind]
    others = [name for name in classes if name != by_policy]
    if others and rng.random() < CRM_DIFFERS:
        return others[int(rng.integers(len(others)))]
    return by_policy


def rank(world: World, kind: str, name: str | None) -> tuple[int, bool]:
    """Return rank of a class and whether it may have postpaid."""
    for of, known, place, postpaid in world.catalog.credit_classes:
        if of == kind and known == name:
            return place, postpaid
    return 99, False
