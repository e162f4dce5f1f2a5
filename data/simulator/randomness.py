"""Random streams by name: what is drawn for one purpose never shifts what is drawn for another."""

from __future__ import annotations

import hashlib
from datetime import date

import numpy as np


def stream(seed: int, *names: str | int | date) -> np.random.Generator:
    """Return the generator of one purpose, such as ("calls", day); equal names, equal draws."""
    text = "\x1f".join(str(name) for name in (seed, *names))
    entropy = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big")
    return np.random.Generator(np.random.PCG64(entropy))
