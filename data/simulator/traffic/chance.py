"""Chance that needs no memory: uniform numbers that follow from what they are for.

Journeys, habits and regular contacts must come out the same on every day and in every step; they
are hashed from the subscription instead of being drawn and kept.
"""

from __future__ import annotations

import numpy as np

from data.simulator.randomness import stream

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def salt_of(seed: int, purpose: str) -> int:
    """Return the salt of one purpose in one world."""
    return int(stream(seed, "salt", purpose).integers(1 << 62))


def hashed(keys: np.ndarray, salt: int) -> np.ndarray:
    """Return 64 well-mixed bits per key (the finaliser of splitmix64)."""
    with np.errstate(over="ignore"):
        mixed = keys.astype(np.uint64) * _GOLDEN + np.uint64(salt)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
        return mixed ^ (mixed >> np.uint64(31))


def uniform(keys: np.ndarray, salt: int) -> np.ndarray:
    """Return a number in [0, 1) per key."""
    return (hashed(keys, salt) >> np.uint64(11)).astype(np.float64) / float(1 << 53)
