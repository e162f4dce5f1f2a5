"""Who contacts the care desk on a day, and what the day leaves behind: contacts, tickets, events.

Every draw belongs to the day: what was drawn for other days shifts nothing, so steps of any size
give the same rows. Only ticket events that lie ahead are carried from day to day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import polars as pl

from data.simulator.care.desk import Contact, Desk
from data.simulator.care.outages import MOBILE
from data.simulator.care.tickets import CARRY_SCHEMA, EVENT_COLUMNS
from data.simulator.care.topics import BY_NAME, OUTAGE, Caller
from data.simulator.knobs import Knobs
from data.simulator.model import Catalog, Outage
from data.simulator.people.clock import instant, local_ordinal
from data.simulator.randomness import stream

# Monday to Sunday; on average 1
_WEEK = (1.55, 1.25, 1.13, 1.06, 1.06, 0.65, 0.30)
_SUNDAY = 6
# weights of the hours from 7 to 20
_HOURS = np.array([2, 5, 9, 11, 10, 7, 7, 8, 9, 10, 9, 7, 4, 2], dtype=float)
_FIRST_HOUR, _LAST_HOUR = 7, 21
_HOUR = 3_600_000_000
# chance that somebody without service gets in touch, on the first day and on later ones
_OUTAGE_CONTACT, _OUTAGE_CONTACT_LATER = 0.16, 0.07
_FELT = {"complete": 1.0, "partial": 0.5, "degraded": 0.3}
_ANNOUNCED = 0.3
# unasked calls about plans, per subscription and working day
_SALES_RATE = 0.0004
# solutions that are told to the customer in a contact of their own
_CALLBACK, _VISIT = 0.25, 0.85
_MOST_CONTACTS = 3
# who waits for a solution calls more often, and mostly about that
_IMPATIENCE, _REPEATS = 5.0, 0.75


@dataclass(frozen=True)
class CareDay:
    """What a day at the desk leaves: rows of feeds, ticket events to come, and what was met."""

    interactions: pl.DataFrame
    tickets: pl.DataFrame
    ticket_events: pl.DataFrame
    carry: pl.DataFrame
    facts: pl.DataFrame


def care_of_day(  # noqa: PLR0913, PLR0917  the interface that life agreed upon
    knobs: Knobs,
    catalog: Catalog,
    day: date,
    lines: pl.DataFrame,
    outages: list[Outage],
    drivers: pl.DataFrame,
    carry: pl.DataFrame | None,
) -> CareDay:
    """Return the contacts, tickets and ticket events of a local day.

    `drivers` has a row per active subscription, `carry` is that of the day before (None on the
    first day). `facts` has a row per subscription that met something today.
    """
    ahead = carry if carry is not None else pl.DataFrame(schema=CARRY_SCHEMA)
    due = ahead.filter(pl.col("due_on") <= day)
    people = _people(drivers, lines)
    rng = stream(knobs.seed, "care", day)
    contacts = [
        *_plain_contacts(rng, catalog, day, people, ahead),
        *_outage_contacts(rng, catalog, day, people, outages),
        *_sales_contacts(rng, catalog, day, people),
        *_callbacks(stream(knobs.seed, "care callbacks", day), catalog, day, due),
    ]
    contacts.sort(key=lambda contact: (contact.at, contact.caller.subscription_id, contact.kind))
    desk = Desk(knobs, day)
    for contact in contacts:
        desk.take(contact)
    events = pl.concat([ahead, pl.DataFrame(desk.events, schema=CARRY_SCHEMA)])
    events = events.sort("occurred_at", "ticket_event_id")
    today = events.filter(pl.col("due_on") <= day)
    return CareDay(
        interactions=pl.DataFrame(desk.interactions, infer_schema_length=None),
        tickets=pl.DataFrame(desk.tickets, infer_schema_length=None),
        ticket_events=today.select(list(EVENT_COLUMNS)),
        carry=events.filter(pl.col("due_on") > day),
        facts=_facts(desk, today),
    )


def _people(drivers: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return the drivers with what their lines tell: prepaid or not, and how often calls drop."""
    held = lines.group_by("subscription_id").agg(
        (pl.col("rating_type") == "prepaid").any().alias("is_prepaid"),
        pl.col("drop_share").max().alias("drop_share"),
    )
    return drivers.join(held, on="subscription_id", how="left", maintain_order="left").with_columns(
        pl.col("is_prepaid").fill_null(value=False), pl.col("drop_share").fill_null(0.0)
    )


def _callers(catalog: Catalog, people: pl.DataFrame, rows: np.ndarray) -> list[Caller]:
    names = {area.area_id: area.name for area in catalog.areas}
    plans = _plans(catalog)
    picked = people[rows.tolist()] if len(rows) else people.clear()
    callers = []
    for row in picked.iter_rows(named=True):
        is_mobile = row["network_type"] == "mobile"
        callers.append(
            Caller(
                subscription_id=row["subscription_id"],
                customer_id=row["customer_id"],
                account_id=row["account_id"],
                area_id=row["area_id"],
                area=names.get(row["area_id"], row["area_id"]),
                is_mobile=is_mobile,
                is_prepaid=row["is_prepaid"],
                is_company=row["customer_kind"] == "company",
                language=row["language"],
                dissatisfaction=row["dissatisfaction"],
                is_leaning=row["is_leaning"],
                price_change_days=row["price_change_days"],
                drop_share=row["drop_share"],
                plans=plans["mobile" if is_mobile else "fixed"],
            )
        )
    return callers


def _plans(catalog: Catalog) -> dict[str, tuple[str, ...]]:
    """Return the names of plans on sale by network."""
    return {
        network: tuple(
            offer.name
            for offer in catalog.offers
            if offer.offering_kind == "base_plan"
            and offer.network_type == network
            and offer.sold_until_on is None
        )
        for network in ("mobile", "fixed")
    }


def _rhythm(catalog: Catalog, day: date) -> float:
    return _WEEK[_SUNDAY if day in catalog.holidays else day.weekday()]


def _instants(rng: np.random.Generator, day: date, count: int) -> np.ndarray:
    """Return instants of the day within the hours of the desk."""
    hours = rng.choice(len(_HOURS), size=count, p=_HOURS / _HOURS.sum())
    return (
        instant(day.toordinal(), _FIRST_HOUR * 3600)
        + (hours * 3600 + rng.integers(0, 3600, count)).astype(np.int64) * 1_000_000
    )


def _plain_contacts(
    rng: np.random.Generator,
    catalog: Catalog,
    day: date,
    people: pl.DataFrame,
    ahead: pl.DataFrame,
) -> list[Contact]:
    """Contacts by themselves; who has an open ticket mostly asks for that."""
    open_tickets = {
        key: (ticket, topic)
        for key, ticket, topic in ahead.filter(pl.col("event_kind") == "resolved")
        .select("subscription_id", "ticket_id", "topic")
        .iter_rows()
    }
    waits = people["subscription_id"].is_in(list(open_tickets)).to_numpy()
    rates = people["contact_rate"].to_numpy() * _rhythm(catalog, day)
    counts = np.minimum(rng.poisson(rates * np.where(waits, _IMPATIENCE, 1.0)), _MOST_CONTACTS)
    rows = np.repeat(np.arange(len(counts)), counts)
    instants = _instants(rng, day, len(rows))
    repeats = rng.random(len(rows)) < _REPEATS
    contacts = []
    for caller, at, repeat in zip(_callers(catalog, people, rows), instants, repeats, strict=True):
        ticket, topic = open_tickets.get(caller.subscription_id, (None, None))
        about = (ticket, BY_NAME.get(topic or "")) if repeat and ticket else (None, None)
        contacts.append(Contact("inbound", int(at), caller, ticket_id=about[0], topic=about[1]))
    return contacts


def _outage_contacts(
    rng: np.random.Generator,
    catalog: Catalog,
    day: date,
    people: pl.DataFrame,
    outages: list[Outage],
) -> list[Contact]:
    """Contacts of those who have no service, while the desk is open and shortly after the end."""
    ordinal = day.toordinal()
    opens, closes = (instant(ordinal, hour * 3600) for hour in (_FIRST_HOUR, _LAST_HOUR))
    areas = people["area_id"].to_numpy()
    technologies = people["access_technology"].to_numpy()
    is_mobile = people["network_type"].to_numpy() == "mobile"
    contacts = []
    for outage in sorted(outages, key=lambda one: one.outage_id):
        begin = max(opens, _micros(outage.started_at))
        end = min(closes, _micros(outage.ended_at) + _HOUR)
        draws = rng.random(len(people))
        if end - begin < _HOUR // 4:
            continue
        hit = is_mobile if outage.access_technology in MOBILE else ~is_mobile
        if outage.access_technology not in MOBILE:
            hit = hit & (technologies == outage.access_technology)
        rows = np.flatnonzero(
            (areas == outage.area_id) & hit & (draws < _outage_chance(outage, begin, end, ordinal))
        )
        instants = begin + (rng.random(len(rows)) * (end - begin)).astype(np.int64)
        for caller, at in zip(_callers(catalog, people, rows), instants, strict=True):
            whole = int(at) // 1_000_000 * 1_000_000
            contacts.append(Contact("inbound", whole, caller, topic=OUTAGE, outage=outage))
    return contacts


def _outage_chance(outage: Outage, begin: int, end: int, ordinal: int) -> float:
    is_first = local_ordinal(_micros(outage.started_at)) == ordinal
    chance = _OUTAGE_CONTACT if is_first else _OUTAGE_CONTACT_LATER
    chance *= _FELT.get(outage.severity, 1.0) * (1.0 - np.exp(-(end - begin) / _HOUR / 4.0))
    return float(chance * (_ANNOUNCED if outage.cause == "planned_work" else 1.0))


def _sales_contacts(
    rng: np.random.Generator, catalog: Catalog, day: date, people: pl.DataFrame
) -> list[Contact]:
    """Calls of the operator about plans, on working days."""
    draws = rng.random(len(people))
    if day.weekday() > 4 or day in catalog.holidays:
        return []
    rows = np.flatnonzero(draws < _SALES_RATE)
    instants = _instants(rng, day, len(rows))
    return [
        Contact("sell", int(at), caller, topic=BY_NAME["tariff_advice"])
        for caller, at in zip(_callers(catalog, people, rows), instants, strict=True)
    ]


def _callbacks(
    rng: np.random.Generator, catalog: Catalog, day: date, due: pl.DataFrame
) -> list[Contact]:
    """Contacts in which the solution of a ticket is told, or brought by a technician."""
    names = {area.area_id: area.name for area in catalog.areas}
    closes = instant(day.toordinal(), _LAST_HOUR * 3600)
    opens = instant(day.toordinal(), _FIRST_HOUR * 3600)
    contacts = []
    for row in due.filter(pl.col("event_kind") == "resolved").iter_rows(named=True):
        share, delay = rng.random(), int(rng.integers(5, 50))
        is_visit = row["resolution_code"] == "visit"
        at = _micros(row["occurred_at"]) + delay * 60_000_000
        if share >= (_VISIT if is_visit else _CALLBACK) or not opens <= at < closes:
            continue
        caller = Caller(
            subscription_id=row["subscription_id"],
            customer_id=row["customer_id"],
            account_id=row["account_id"],
            area_id=row["area_id"],
            area=names.get(row["area_id"], row["area_id"]),
            is_mobile=False,
            is_prepaid=False,
            is_company=False,
            language=row["language"],
            dissatisfaction=0.0,
            is_leaning=False,
            price_change_days=None,
            drop_share=0.0,
        )
        kind = "visit" if is_visit else "callback"
        topic = BY_NAME[row["topic"]]
        contacts.append(Contact(kind, at, caller, ticket_id=row["ticket_id"], topic=topic))
    return contacts


def _facts(desk: Desk, events: pl.DataFrame) -> pl.DataFrame:
    """Return what each subscription met today, as counts."""
    met = pl.DataFrame(
        desk.met,
        schema={
            "subscription_id": pl.String(),
            "contacts": pl.Int64(),
            "complaints": pl.Int64(),
            "tickets_opened": pl.Int64(),
        },
    )
    moved = events.select(
        "subscription_id",
        pl.col("is_late").cast(pl.Int64).alias("tickets_late"),
        pl.col("is_transfer").cast(pl.Int64).alias("transfers"),
    )
    facts = pl.concat([met, moved], how="diagonal").group_by("subscription_id").agg(pl.all().sum())
    return facts.filter(pl.sum_horizontal(pl.exclude("subscription_id")) > 0).sort(
        "subscription_id"
    )


def _micros(when: datetime) -> int:
    return int((when - datetime(1970, 1, 1)).total_seconds()) * 1_000_000
