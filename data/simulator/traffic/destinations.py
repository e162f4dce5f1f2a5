"""Who is called: regular contacts and strangers outside, friends and other customers inside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from data.simulator.model import Catalog, Destination
from data.simulator.traffic.chance import hashed, uniform

# shares of the calls that leave the network but not the country
_HOME = (("mobile", 0.52), ("geographic", 0.435), ("service", 0.035), ("short_code", 0.01))
KINDS = (*(kind for kind, _ in _HOME), "international")
MOBILE = KINDS.index("mobile")
INTERNATIONAL = KINDS.index("international")
# share of calls that go to one of a subscription's regular contacts, and how many it has
REGULAR = 0.6
CONTACTS = 8
# share of on-net calls that stay within the community
WITHIN_COMMUNITY = 0.7


@dataclass(frozen=True)
class Directory:
    """Numbers outside of the network, by kind."""

    prefixes: pl.Series
    fills: np.ndarray
    # kind -> (first place, cumulated weights)
    steps: tuple[tuple[int, np.ndarray], ...]
    home: np.ndarray

    @classmethod
    def of(cls, catalog: Catalog) -> Directory:
        """Return the directory of a catalog; a kind that it lacks is never called."""
        by_kind: dict[str, list[Destination]] = {kind: [] for kind in KINDS}
        for place in catalog.destinations:
            if place.kind in by_kind:
                by_kind[place.kind].append(place)
        places = [place for kind in KINDS for place in by_kind[kind]]
        steps, first = [], 0
        for kind in KINDS:
            weights = np.array([place.weight for place in by_kind[kind]])
            steps.append((first, np.cumsum(weights) / (weights.sum() if len(weights) else 1)))
            first += len(weights)
        shares = np.array([share if by_kind[kind] else 0.0 for kind, share in _HOME])
        return cls(
            pl.Series("prefix", [place.prefix for place in places], dtype=pl.String),
            np.array([place.fill_digits for place in places], dtype=np.int64),
            tuple(steps),
            np.cumsum(shares) / max(shares.sum(), 1e-9),
        )

    def numbers(
        self, keys: np.ndarray, is_international: np.ndarray, *, takes_messages: bool = False
    ) -> pl.Series:
        """Return the number that each key stands for; only mobile ones take messages."""
        kinds = np.searchsorted(self.home, uniform(keys, 1), side="right")
        if takes_messages:
            kinds = np.full(len(keys), MOBILE)
        kinds = np.where(is_international, INTERNATIONAL, np.minimum(kinds, len(_HOME) - 1))
        place = np.zeros(len(keys), dtype=np.int64)
        which = uniform(keys, 2)
        for kind, (first, steps) in enumerate(self.steps):
            rows = np.flatnonzero(kinds == kind)
            if len(steps):
                found = np.searchsorted(steps, which[rows], side="right")
                place[rows] = first + np.minimum(found, len(steps) - 1)
        base = 10 ** self.fills[place]
        digits = base + (hashed(keys, 3) >> np.uint64(2)).astype(np.int64) % base
        return self.prefixes.gather(place) + pl.Series(digits).cast(pl.String).str.slice(1)


def contact_keys(rng: np.random.Generator, subs: np.ndarray, salt: int) -> np.ndarray:
    """Return whom each call goes to: a regular contact of the subscription, or anybody."""
    slot = (CONTACTS * rng.random(len(subs)) ** 2).astype(np.int64)
    known = hashed(subs * 16 + slot, salt)
    anybody = rng.integers(0, 1 << 62, len(subs)).astype(np.uint64)
    return np.where(rng.random(len(subs)) < REGULAR, known, anybody)


@dataclass(frozen=True)
class Pool:
    """Lines that other customers can call, ordered by community."""

    lines: np.ndarray
    communities: np.ndarray

    @classmethod
    def of(cls, lines: pl.DataFrame) -> Pool:
        """Return the lines with a number whose calls the mediation records."""
        mask = (
            (lines["source"] == "usage_records")
            & lines["service_number"].is_not_null()
            & (lines["voice_per_day"] > 0)
        )
        rows = np.flatnonzero(mask.to_numpy())
        friends = lines["friends_of"].fill_null(-1).to_numpy()[rows]
        order = np.argsort(friends, kind="stable")
        return cls(rows[order], friends[order])

    def callees(
        self, rng: np.random.Generator, callers: np.ndarray, communities: np.ndarray
    ) -> np.ndarray:
        """Return the line that each caller reaches, never its own; -1 when there is none."""
        count = len(self.lines)
        if count < 2:
            return np.full(len(callers), -1, dtype=np.int64)
        low = np.searchsorted(self.communities, communities, side="left")
        size = np.searchsorted(self.communities, communities, side="right") - low
        inside = (rng.random(len(callers)) < WITHIN_COMMUNITY) & (size > 1) & (communities >= 0)
        low, size = np.where(inside, low, 0), np.where(inside, size, count)
        place = np.minimum((rng.random(len(callers)) * size).astype(np.int64), size - 1)
        own = self.lines[low + place] == callers
        return self.lines[low + np.where(own, (place + 1) % size, place)]
