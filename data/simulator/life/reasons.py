"""Why they say they leave: mostly what drove them, sometimes something else."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data.simulator.life.hazard import COEFFICIENTS

REASONS = {
    "price_rise": "price",
    "price_rise_unbound": "price",
    "plan_misfit": "price",
    "complaints": "dissatisfaction_service",
    "late_tickets": "dissatisfaction_service",
    "dropped_calls": "dissatisfaction_network",
    "outages": "dissatisfaction_network",
    "leaning": "competitor",
    "churned_friends": "competitor",
    "end_window": "contract_expired",
    "falling_use": "no_need",
    "seldom_used": "no_need",
}
OTHERS = ("price", "competitor", "no_need", "relocation", "other")
OTHER_SHARES = (0.3, 0.3, 0.2, 0.1, 0.1)
SAYS_ELSE = 0.25


def reason_of(rng: np.random.Generator, felt: Mapping[str, np.ndarray], sub: int) -> str:
    """Return the reason that stands on the cancellation of one subscription."""
    pushes = {name: COEFFICIENTS[name] * float(felt[name][sub]) for name in REASONS}
    strongest = max(pushes, key=lambda name: pushes[name])
    if pushes[strongest] < 0.3 or rng.random() < SAYS_ELSE:
        return str(OTHERS[int(rng.choice(5, p=OTHER_SHARES))])
    return REASONS[strongest]
