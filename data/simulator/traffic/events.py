"""What happens on one local day: calls, messages and data sessions, before any system records it.

Vectorised: one row per usage and end of it. Rates of a line count its records at both ends; who
calls a customer from outside makes up what calls between customers do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from data.simulator.knobs import Knobs
from data.simulator.model import Catalog, Outage
from data.simulator.randomness import stream
from data.simulator.traffic.chance import salt_of
from data.simulator.traffic.destinations import Directory, Pool, contact_keys
from data.simulator.traffic.rhythm import MICRO, Today, moments
from data.simulator.traffic.roaming import visited
from data.simulator.traffic.sources import sources_of

# share of a line's calls that it makes itself
OUTGOING = 0.68
FAILED = 0.04
FORWARDED = 0.015
MMS = 0.03
# roamers call and surf less, and mostly home
ROAMING_USE = 0.55
# a partial outage hits this share of use
PARTIAL = 0.5
LONGEST_CALL_SECONDS = 14_400
_SPREAD_OF_CALLS = 1.15
_MEDIAN_SECONDS = {"voice": 62.0, "business": 88.0}
# heavy tail of data: few sessions carry most bytes
_SPREAD_OF_DATA = 1.5
_FADING_DAYS = 20.0
_LEAST_USE = 0.15
MOBILE_TECHNOLOGY = {"voice": "GSM", "sms": "GSM", "mms": "GSM", "data": "GPRS_LTE"}

EVENTS: dict[str, pl.DataType] = {
    "line": pl.Int64(),
    "usage_type": pl.String(),
    "direction": pl.String(),
    "start": pl.Int64(),
    "quantity": pl.Int64(),
    "other": pl.String(),
    "network": pl.Int64(),
    "cause": pl.String(),
}


@dataclass
class Scene:
    """All that the drawing of one day needs."""

    knobs: Knobs
    catalog: Catalog
    when: Today
    lines: pl.DataFrame
    directory: Directory
    pool: Pool
    networks: np.ndarray
    # feeds whose sources record calls to customers too
    both_ways: tuple[str, ...] = ("usage_records",)

    @classmethod
    def of(cls, knobs: Knobs, catalog: Catalog, when: Today, lines: pl.DataFrame) -> Scene:
        """Set the scene of a day."""
        where = visited(knobs, catalog, when.day, lines)
        hearing = (
            feed
            for feed, sources in sources_of(catalog).items()
            if all(source.terminating_context for source in sources)
        )
        given = (knobs, catalog, when, lines, Directory.of(catalog), Pool.of(lines), where)
        return cls(*given, both_ways=("usage_records", *hearing))

    def column(self, name: str) -> np.ndarray:
        """Return a numeric column of the lines."""
        return self.lines[name].fill_null(0).to_numpy()

    @property
    def is_business(self) -> np.ndarray:
        """Which lines belong to companies."""
        return (self.lines["customer_kind"] == "company").to_numpy()

    def rng(self, purpose: str) -> np.random.Generator:
        """Return the stream of one purpose on this day."""
        return stream(self.knobs.seed, "traffic", purpose, self.when.day)

    def liveliness(self) -> np.ndarray:
        """Return how much each line is used today: fading before a leave, less on journeys."""
        since = (pl.lit(self.when.day) - pl.col("fade_from_on")).dt.total_days()
        days = self.lines.select(since.fill_null(0).clip(0))["literal"].to_numpy()
        fading = np.maximum(np.exp(-days / _FADING_DAYS), _LEAST_USE)
        return fading * np.where(self.networks >= 0, ROAMING_USE, 1.0)


def events_of_day(scene: Scene, outages: list[Outage]) -> pl.DataFrame:
    """Return all usages of the day as EVENTS, by begin."""
    parts = [*_calls(scene), _messages(scene), _sessions(scene)]
    events = (
        pl.concat([part for part in parts if part.height])
        if any(part.height for part in parts)
        else pl.DataFrame(schema=EVENTS)
    )
    return _possible(scene, events, outages).sort("start", maintain_order=True)


def _frame(**columns: object) -> pl.DataFrame:
    count = len(columns["line"])  # type: ignore[arg-type]
    whole = {
        name: columns.get(name)
        if not isinstance(columns.get(name), str)
        else pl.repeat(columns[name], count, dtype=pl.String, eager=True)
        for name in EVENTS
    }
    return pl.DataFrame(whole, schema=EVENTS)


def _repeated(rng: np.random.Generator, rates: np.ndarray) -> np.ndarray:
    return np.repeat(np.arange(len(rates)), rng.poisson(np.maximum(rates, 0.0)))


def _begins(rng: np.random.Generator, scene: Scene, line: np.ndarray) -> np.ndarray:
    business = scene.is_business[line]
    return np.where(
        business,
        moments(rng, scene.when, "business", len(line)),
        moments(rng, scene.when, "voice", len(line)),
    )


def _day_factor(scene: Scene, kind: str) -> np.ndarray:
    factors = scene.when.factors
    return np.where(scene.is_business, factors["business"], factors[kind])


def _seconds(rng: np.random.Generator, scene: Scene, line: np.ndarray) -> np.ndarray:
    median = np.where(
        scene.is_business[line], _MEDIAN_SECONDS["business"], _MEDIAN_SECONDS["voice"]
    )
    drawn = np.ceil(median * np.exp(rng.normal(0.0, _SPREAD_OF_CALLS, len(line))))
    return np.clip(drawn, 1, LONGEST_CALL_SECONDS).astype(np.int64)


def _calls(scene: Scene) -> list[pl.DataFrame]:
    """Return calls made, calls between customers at their other end, and calls from outside."""
    rng = scene.rng("calls")
    both_ways = scene.lines["source"].is_in(scene.both_ways).to_numpy()
    share = np.where(both_ways, OUTGOING, 1.0)
    rate = scene.column("voice_per_day") * _day_factor(scene, "voice") * scene.liveliness()
    inside = scene.column("on_net_share") * (scene.networks < 0)
    made = _made(rng, scene, _repeated(rng, rate * share), inside)
    # only lines of the mediation are called by other customers
    reached = np.where(scene.lines["source"] == "usage_records", OUTGOING * inside, 0.0)
    outside = np.where(both_ways, np.maximum(1 - OUTGOING - reached, 0.0), 0.0)
    line = _repeated(rng, rate * outside)
    keys = contact_keys(rng, scene.column("subscription_index")[line], _contacts(scene))
    received = _frame(
        line=line,
        usage_type="voice",
        direction="terminating",
        start=_begins(rng, scene, line),
        quantity=_seconds(rng, scene, line),
        other=scene.directory.numbers(keys, rng.random(len(line)) < 0.02),
        network=scene.networks[line],
        cause="normal",
    )
    return [made.drop("callee"), _ends(rng, scene, made), received]


def _contacts(scene: Scene) -> int:
    return salt_of(scene.knobs.seed, "contacts")


def _made(
    rng: np.random.Generator, scene: Scene, line: np.ndarray, inside: np.ndarray
) -> pl.DataFrame:
    count = len(line)
    subs = scene.column("subscription_index")[line]
    communities = scene.lines["friends_of"].fill_null(-1).to_numpy()[line]
    callee = scene.pool.callees(rng, line, communities)
    on_net = (rng.random(count) < inside[line]) & (callee >= 0)
    abroad = (rng.random(count) < scene.column("international_share")[line]) & ~on_net
    outside = scene.directory.numbers(contact_keys(rng, subs, _contacts(scene)), abroad)
    known = scene.lines["service_number"].gather(np.where(on_net, callee, 0))
    seconds = _seconds(rng, scene, line)
    failed = rng.random(count) < FAILED
    dropped = ~failed & (rng.random(count) < scene.column("drop_share")[line])
    seconds = np.where(dropped, np.ceil(seconds * rng.random(count)), seconds)
    frame = _frame(
        line=line,
        usage_type="voice",
        direction="originating",
        start=_begins(rng, scene, line),
        quantity=np.where(failed, 0, seconds).astype(np.int64),
        other=known.zip_with(pl.Series(on_net), outside),
        network=scene.networks[line],
        cause=_causes(failed, dropped),
    )
    return frame.with_columns(callee=pl.Series(np.where(on_net & ~failed, callee, -1)))


def _causes(failed: np.ndarray, dropped: np.ndarray) -> pl.Series:
    names = pl.Series(["normal", "failed", "dropped"])
    return names.gather(np.where(failed, 1, np.where(dropped, 2, 0)))


def _ends(rng: np.random.Generator, scene: Scene, made: pl.DataFrame) -> pl.DataFrame:
    """Return the other end of calls between customers: received, or forwarded at their cost."""
    calls = made.filter(pl.col("callee") >= 0)
    caller, callee = calls["line"].to_numpy(), calls["callee"].to_numpy()
    forwards = rng.random(len(callee)) < FORWARDED
    shown = scene.lines["service_number"].gather(caller)
    shown = shown.zip_with(shown.is_not_null(), scene.lines["served_key"].gather(caller))
    keys = contact_keys(rng, scene.column("subscription_index")[callee], _contacts(scene))
    onward = scene.directory.numbers(keys, np.zeros(len(callee), dtype=bool))
    return calls.select(
        line=pl.Series(callee),
        usage_type="usage_type",
        direction=pl.Series(["terminating", "forwarded"]).gather(forwards.astype(np.int64)),
        start="start",
        quantity="quantity",
        other=onward.zip_with(pl.Series(forwards), shown),
        network=pl.Series(scene.networks[callee]),
        cause="cause",
    )


def _messages(scene: Scene) -> pl.DataFrame:
    rng = scene.rng("messages")
    rate = scene.column("sms_per_day") * scene.when.factors["sms"] * scene.liveliness()
    line = _repeated(rng, rate)
    count = len(line)
    communities = scene.lines["friends_of"].fill_null(-1).to_numpy()[line]
    callee = scene.pool.callees(rng, line, communities)
    on_net = (rng.random(count) < scene.column("on_net_share")[line]) & (callee >= 0)
    abroad = rng.random(count) < scene.column("international_share")[line]
    keys = contact_keys(rng, scene.column("subscription_index")[line], _contacts(scene))
    known = scene.lines["service_number"].gather(np.where(on_net, callee, 0))
    received = rng.random(count) < 1 - OUTGOING
    picture = (rng.random(count) < MMS).astype(np.int64)
    return _frame(
        line=line,
        usage_type=pl.Series(["sms", "mms"]).gather(picture),
        direction=pl.Series(["originating", "terminating"]).gather(received.astype(np.int64)),
        start=moments(rng, scene.when, "sms", count),
        quantity=np.ones(count, dtype=np.int64),
        other=known.zip_with(
            pl.Series(on_net), scene.directory.numbers(keys, abroad, takes_messages=True)
        ),
        network=scene.networks[line],
        cause="normal",
    )


def _sessions(scene: Scene) -> pl.DataFrame:
    rng = scene.rng("data")
    rate = scene.column("data_per_day") * scene.when.factors["data"] * scene.liveliness()
    line = _repeated(rng, rate)
    count = len(line)
    mean = scene.column("bytes_per_session")[line] * scene.when.month_growth
    heavy = np.exp(rng.normal(-(_SPREAD_OF_DATA**2) / 2, _SPREAD_OF_DATA, count))
    dropped = rng.random(count) < scene.column("drop_share")[line]
    return _frame(
        line=line,
        usage_type="data",
        direction="originating",
        start=moments(rng, scene.when, "data", count),
        quantity=np.maximum(mean * heavy, 1).astype(np.int64),
        other=pl.repeat(None, count, dtype=pl.String, eager=True),
        network=scene.networks[line],
        cause=_causes(np.zeros(count, dtype=bool), dropped),
    )


def _possible(scene: Scene, events: pl.DataFrame, outages: list[Outage]) -> pl.DataFrame:
    """Leave out what a line could not do: before and after its time, and during outages."""
    line, start = events["line"].to_numpy(), events["start"].to_numpy()
    begins = scene.lines["from_at"].cast(pl.Int64).to_numpy()
    ends = scene.lines["to_at"].cast(pl.Int64).fill_null(np.iinfo(np.int64).max).to_numpy()
    keep = (start >= begins[line]) & (start < ends[line])
    areas = scene.lines["area_id"].to_numpy()
    technology = scene.lines["access_technology"].to_numpy()
    is_data = (events["usage_type"] == "data").to_numpy()
    is_mobile = (scene.lines["network_type"] == "mobile").to_numpy()
    lucky = scene.rng("outages").random(len(line)) >= PARTIAL
    for outage in sorted(outages, key=lambda item: item.outage_id):
        if outage.severity == "degraded":
            continue
        told = outage.access_technology
        wants_data = told == MOBILE_TECHNOLOGY["data"]
        concerned = (areas == outage.area_id) & np.where(
            is_mobile,
            told in ("", None) or told in MOBILE_TECHNOLOGY.values(),
            (technology == told) | (told in ("", None)),
        )
        hit = concerned[line] & (start >= _micros(outage.started_at))
        hit &= start < _micros(outage.ended_at)
        # a mobile outage is one of voice or one of data; roamers are elsewhere
        if told:
            hit &= ~is_mobile[line] | (is_data == wants_data)
        hit &= scene.networks[line] < 0
        keep &= ~hit | (lucky if outage.severity == "partial" else False)
    return events.filter(pl.Series(keep))


def _micros(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1)).total_seconds()) * MICRO
