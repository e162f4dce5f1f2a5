"""One delivery day: the usage of the day before, recorded by each system, delivered in files."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from data.simulator.knobs import Knobs
from data.simulator.landing import Landing
from data.simulator.model import Catalog, Outage
from data.simulator.traffic.asterisk import legs_of_day
from data.simulator.traffic.dirt import Habits, soil
from data.simulator.traffic.events import Scene, events_of_day
from data.simulator.traffic.files import Delivery, deliver_mediation, deliver_plain
from data.simulator.traffic.freeswitch import calls_of_day
from data.simulator.traffic.ledger import Ledger
from data.simulator.traffic.mediation import drafts, written
from data.simulator.traffic.radius import stanzas_of_day
from data.simulator.traffic.rhythm import today
from data.simulator.traffic.sources import Source, file_name, sources_of


def traffic_of_day(  # noqa: PLR0913, PLR0917  the interface that life agreed upon
    knobs: Knobs,
    catalog: Catalog,
    day: date,
    lines: pl.DataFrame,
    outages: list[Outage],
    landing: Landing,
    ledger: Ledger,
) -> dict[str, int]:
    """Deliver on `day` the usage that began on the local day before; return records by feed.

    `lines` and `outages` are those of the day before. The ledger remembers what comes later.
    """
    when = today(knobs, catalog.holidays, day - timedelta(days=1))
    scene = Scene.of(knobs, catalog, when, lines)
    events = events_of_day(scene, outages)
    sources = sources_of(catalog)
    made = [written(soil(scene, drafts(scene, events)))]
    switches = [
        (source, place, _of_switch(scene, events, source, place, len(sources[feed])))
        for feed in ("asterisk", "freeswitch", "radius")
        for place, source in enumerate(sources.get(feed, ()))
    ]
    for source, place, mine in switches:
        if source.feed == "asterisk":
            made.append(legs_of_day(scene, mine, source, place))
        elif source.feed == "freeswitch":
            made.append(calls_of_day(scene, mine, source))
        else:
            made.append(stanzas_of_day(scene, mine, source))
    due = ledger.due(day, pl.concat(made))
    delivery = Delivery(knobs, day, landing, ledger)
    mediation = sources["usage_records"][0].source_id
    mask = due["source"].str.contains("^(?:usage_records|resend|corrected):")
    counts = {"network/usage_records": deliver_mediation(delivery, due.filter(mask), mediation)}
    for source, place, _ in switches:
        rows = due.filter(pl.col("source") == f"{source.feed}:{source.source_id}")
        if source.feed == "asterisk" and place == 0:
            rows = _growing(Habits.of(knobs.start_on, knobs.months), day, rows, ledger)
        suffix = ".detail" if source.feed == "radius" else ".csv"
        name = file_name(sources[source.feed], source, day, suffix)
        count = deliver_plain(delivery, source, name, rows)
        counts[source.feed_id] = counts.get(source.feed_id, 0) + count
    ledger.settle(day)
    return counts


def _of_switch(
    scene: Scene, events: pl.DataFrame, source: Source, place: int, among: int
) -> pl.DataFrame:
    """Return the events that a switch records: lines of its kind, shared out by subscription."""
    theirs = (scene.lines["source"] == source.feed).to_numpy()
    theirs &= scene.lines["subscription_index"].to_numpy() % among == place
    kinds = {"radius": "data"}
    mine = theirs[events["line"].to_numpy()]
    mine &= (events["usage_type"] == kinds.get(source.feed, "voice")).to_numpy()
    return events.filter(pl.Series(np.asarray(mine)))


def _growing(habits: Habits, day: date, rows: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Return a copy of the whole Master file while the switch delivers such: old rows repeat."""
    first, end = habits.growing_master
    if not first <= day < end:
        if ledger.frame("master").height:
            ledger.put("master", ledger.frame("master").clear())
        return rows
    before = ledger.frame("master")
    repeated = before.with_columns(pl.lit("duplicate").alias("class"), group=None)
    ledger.put("master", pl.concat([before, rows]))
    return pl.concat([repeated.cast(dict(rows.schema)), rows])
