"""Refusals, prices and time bands of small catalogs against the reference that asks day by day.

Each catalog begins well and is then told over and over again with few values, so that overlaps,
gaps, corrections, contradictions, deletes and late files meet in every way. All are built once and
compared on every pair of (day, day of knowing). A build as of an earlier day must have told the
same as far as it could know, numbers included.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from orchestration.warehouse import run_dbt
from tests.dbt.conftest import House
from tests.oracle.clock import band_at, day_kind
from tests.oracle.reference import KEYS, Reference, Row
from tests.oracle.refusals import rates_of, refusal

START = date(2026, 1, 1)
DAYS = [START + timedelta(days=offset) for offset in range(6)]
DELIVERIES = [START + timedelta(days=offset) for offset in (0, 1, 3, 4, 6, 8)]
LAST = DELIVERIES[-1]
CATALOGS = 400
CLOCKS = (time(0), time(5, 59), time(6), time(17, 59), time(18), time(23, 59))
KINDS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "holiday")
# feeds whose contradictions count, each with a column of which two things may be told
DISPUTED = {
    "usage_rates": "bill_label",
    "time_bands": "name",
    "tariff_versions": "currency",
    "zone_prefixes": "zone_id",
    "short_codes": "name",
}
SUBJECTS = {
    "usage_rates": "tariff_version_id",
    "time_bands": "time_band_set_id",
    "tariff_versions": "tariff_id",
}
LIMITS = [None, None, Decimal("0.5"), Decimal(-1), Decimal(10**11), Decimal("99999999999.99")]
FEES = [Decimal(0)] * 8 + [Decimal("0.1"), Decimal(-1), Decimal(10**11), Decimal(10**11 - 1)]

# what a retold row may say; names that belong to one catalog begin with "~"
VALUES: dict[str, dict[str, Sequence[Any]]] = {
    "tariff_versions": {
        "tariff_version_id": ["~V0", "~V1", "~V2"],
        "zone_plan_id": ["~P", "~Q"],
        "time_band_set_id": [None, "~S", "~S", "~S2"],
        "holiday_calendar_id": [None, "~H"],
        "tax_category": ["~standard", "~standard", "~reduced"],
        "minimum_charge_amount": LIMITS,
        "maximum_charge_amount": LIMITS,
        "currency": ["EUR", "EUR", "CHF"],
    },
    "usage_rates": {
        "usage_rate_id": [f"~R{number}" for number in range(8)],
        "tariff_version_id": ["~V0", "~V1", "~V2"],
        "usage_type": ["voice", "voice", "sms"],
        "zone_id": [None, "~A", "~B", "~X"],
        "time_band_id": [None, "DAY", "NIGHT", "WEEKEND"],
        "price_model": ["flat", "graduated", "banded", "volume", "package"],
        "tax_category": [None, "~standard", "~reduced", "~odd"],
        "bill_label": [None, "Home"],
        "tier_number": [1, 2, 3],
        "from_units": [0, 10, 20],
        "unit_size": [1, 7, 60],
        "first_block_units": [1, 60],
        "increment_units": [1, 30],
        "price": [Decimal(1), Decimal("0.3333333333"), Decimal(7), Decimal(-1), Decimal(0)],
        "connect_fee_amount": FEES,
        "flat_fee_amount": FEES,
        "minimum_charge_amount": LIMITS,
        "maximum_charge_amount": LIMITS,
        "currency": ["EUR", "EUR", "CHF"],
    },
    "time_bands": {
        "time_band_set_id": ["~S", "~S", "~S2"],
        "day_kind": KINDS,
        "from_clock": ["00:00", "06:00", "18:00"],
        "time_band_id": ["DAY", "NIGHT", "WEEKEND"],
    },
    "zones": {"zone_id": ["~A", "~B", "~X"], "zone_plan_id": ["~P", "~Q"]},
    "tax_rules": {"tax_category": ["~standard", "~reduced", "~odd"], "legal_entity_id": ["E", "F"]},
    "zone_prefixes": {"visited_prefix": ["home", "262"], "number_prefix": ["+49", "+43"]},
    "short_codes": {"short_code": ["110", "112"], "zone_id": ["~A", "~B"]},
}
FAULTS: list[dict[str, Any]] = [
    {"currency": "CHF"},
    {"price": Decimal(-1)},
    {"connect_fee_amount": Decimal(10**11)},
    {"zone_id": "~X"},
    {"tax_category": "~odd"},
    {"time_band_id": "WEEKEND", "usage_rate_id": "~R9", "usage_type": "voice"},
]
# zones and bands of the prices of a good version: each way to come to one is the only one somewhere
PLACES: list[list[tuple[str | None, str | None]]] = [
    [(None, None)],
    [("~A", "DAY"), ("~A", "NIGHT")],
    [("~A", "DAY"), ("~A", None)],
    [("~A", "DAY"), (None, "DAY"), (None, "NIGHT")],
    [("~A", "DAY"), (None, None)],
]
WEIGHTS = {
    "tariff_versions": 4,
    "usage_rates": 10,
    "time_bands": 4,
    "zones": 2,
    "tax_rules": 2,
    "zone_prefixes": 1,
    "short_codes": 1,
}


@dataclass
class Catalog:
    """One operator's catalog: what was told by feed, and the reference that knows it."""

    number: int
    told: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def name(self, value: Any) -> Any:
        """Return a value as this catalog spells it."""
        return f"{self.number}-{value[1:]}" if str(value).startswith("~") else value

    def tell(self, feed: str, **said: Any) -> None:
        """Add a row; what is not said of time is the first that there is."""
        first = {
            "op": "upsert",
            "valid_from_on": START,
            "delivered_on": START,
            "recorded_at": datetime(2025, 12, 1),
        }
        self.told[feed].append({name: self.name(value) for name, value in (first | said).items()})

    def tariffs(self) -> list[str]:
        """Return the tariffs of the catalog."""
        return sorted({row["tariff_id"] for row in self.told["tariff_versions"]})

    def reference(self) -> Reference:
        """Return the reference that has been told the same."""
        return Reference({f"catalog/{feed}": rows for feed, rows in self.told.items()})


def begin(catalog: Catalog, chance: Random) -> None:
    """Tell a catalog in which nothing is wrong."""
    has_bands = chance.random() < 0.6
    kinds = KINDS if chance.random() < 0.8 else KINDS[:-1]
    for kind in kinds:
        for clock, band in (("00:00", "NIGHT"), ("06:00", "DAY")):
            catalog.tell(
                "time_bands",
                time_band_set_id="~S",
                day_kind=kind,
                from_clock=clock,
                time_band_id=band,
            )
    for zone in ("~A", "~B"):
        catalog.tell("zones", zone_id=zone, zone_plan_id="~P")
    catalog.tell("tax_rules", tax_category="~standard", legal_entity_id="E", tax_status="domestic")
    catalog.tell("holidays", holiday_calendar_id="~H", holiday_on=DAYS[1])
    prefix = {"zone_plan_id": "~P", "visited_prefix": "home", "number_prefix": "+49"}
    catalog.tell("zone_prefixes", **prefix, zone_id="~A")
    catalog.tell("short_codes", zone_plan_id="~P", short_code="110", zone_id="~A", is_prefix=False)
    for number in range(2):
        limits = {"minimum_charge_amount": None, "maximum_charge_amount": None}
        catalog.tell(
            "tariff_versions",
            tariff_id=f"~T{number}",
            tariff_version_id=f"~V{number}",
            zone_plan_id="~P",
            time_band_set_id="~S" if has_bands else None,
            holiday_calendar_id="~H" if kinds == KINDS and chance.random() < 0.5 else None,
            tax_category="~standard",
            currency="EUR",
            **limits,
        )
        rate = {
            "tariff_version_id": f"~V{number}",
            "usage_type": "voice",
            "direction": "originating",
            "tax_category": None,
            "bill_label": None,
            "unit_size": 60,
            "first_block_units": 60,
            "increment_units": 30,
            "price": Decimal(1),
            "connect_fee_amount": Decimal(0),
            "flat_fee_amount": Decimal(0),
            "currency": "EUR",
            **limits,
        }
        places = chance.choice(PLACES) if has_bands else PLACES[0]
        model = chance.choice(["flat", "graduated", "banded"])
        for place, (zone_id, band_id) in enumerate(places):
            for tier in range(1 if model == "flat" else chance.choice([1, 2, 3])):
                catalog.tell(
                    "usage_rates",
                    usage_rate_id=f"~R{4 * number + place}{tier or ''}",
                    zone_id=zone_id,
                    time_band_id=band_id,
                    price_model=model,
                    tier_number=tier + 1,
                    from_units=10 * tier,
                    **(rate | {"unit_size": chance.choice([1, 7, 60])}),
                )


def retell(catalog: Catalog, chance: Random, feeds: Sequence[str]) -> None:
    """Tell a row of the catalog again, with another value or at another time, or withdraw it."""
    feed = chance.choices(feeds, [WEIGHTS[feed] for feed in feeds])[0]
    row = dict(chance.choice(catalog.told[feed]))
    keys = KEYS[f"catalog/{feed}"]
    values = list(VALUES[feed])
    for column in chance.sample(values, chance.choice([0, 1, 1, 1, 2])):
        # a new key is one more row, a value of an old one a correction
        if column in (*keys, "tariff_version_id") and chance.random() < 0.6:
            continue
        row[column] = chance.choice(VALUES[feed][column])
    if feed == "tariff_versions" and chance.random() < 0.3:
        row["valid_from_on"] = chance.choice(DAYS)
    if chance.random() < 0.1:
        row["op"] = "delete"
    if chance.random() < 0.75:
        row["delivered_on"] = chance.choice(DELIVERIES)
        row["recorded_at"] = datetime(2025, 12, 1) + timedelta(days=chance.choice([0, 1, 2, 3]))
        row["valid_from_on"] = chance.choice([row["valid_from_on"], *DAYS])
    catalog.tell(feed, **row)


def spoil(catalog: Catalog, chance: Random) -> None:
    """Tell one fault of the rarer kinds, as one more rate or in place of a good one."""
    row = dict(chance.choice(catalog.told["usage_rates"]))
    row |= {"delivered_on": chance.choice(DELIVERIES), "recorded_at": datetime(2025, 12, 5)}
    if chance.random() < 0.4:
        row |= {"tier_number": chance.choice([1, 2, 3]), "from_units": chance.choice([0, 5, 10])}
        row |= {"usage_rate_id": "~R9"}
    else:
        row |= chance.choice([{}, {"usage_rate_id": "~R9", "usage_type": "mms"}])
        row |= chance.choice(FAULTS)
    catalog.tell("usage_rates", **row)


def dispute(catalog: Catalog, chance: Random) -> None:
    """Tell a row and something else at once, then the row again: what may or may not settle it."""
    feed = chance.choice(list(DISPUTED))
    row = dict(chance.choice(catalog.told[feed]))
    days = sorted(chance.choices(DELIVERIES, k=2))
    moments = [row["recorded_at"] + timedelta(days=chance.choice([0, 1])) for _ in days]
    row |= {"delivered_on": days[0], "recorded_at": moments[0]}
    catalog.tell(feed, **row)
    catalog.tell(feed, **(row | {DISPUTED[feed]: "QQQ"}))
    if chance.random() < 0.7:
        catalog.tell(feed, **(row | {"delivered_on": days[1], "recorded_at": moments[1]}))


def replace_tax_rules(catalog: Catalog, chance: Random) -> None:
    """Tell rules that make the category known together, and none alone."""
    catalog.told["tax_rules"].clear()
    for _ in range(chance.choice([3, 5, 8])):
        catalog.tell(
            "tax_rules",
            tax_category="~standard",
            legal_entity_id=chance.choice(["E", "F", "G"]),
            tax_status=chance.choice(["domestic", "reseller"]),
            valid_from_on=chance.choice(DAYS),
            delivered_on=chance.choice(DELIVERIES),
            op=chance.choice(["upsert", "upsert", "delete"]),
        )


def catalogs() -> list[Catalog]:
    """Return catalogs of every kind, the same ones in every run."""
    found = []
    for number in range(CATALOGS):
        chance = Random(number)  # noqa: S311  repeatable, not secret
        catalog = Catalog(number)
        begin(catalog, chance)
        # where everything is retold, version ids and bands are soon beyond repair and hide the rest
        if chance.random() < 0.5:
            spoil(catalog, chance)
        if chance.random() < 0.2:
            dispute(catalog, chance)
        if chance.random() < 0.2:
            replace_tax_rules(catalog, chance)
        feeds = chance.sample(list(WEIGHTS), chance.choice([1, 2, len(WEIGHTS)]))
        for _ in range(chance.choice([1, 2, 3, 6, 12, 25])):
            retell(catalog, chance, feeds)
        found.append(catalog)
    return found


def deliver(house: House, cases: Sequence[Catalog]) -> None:
    files: dict[tuple[str, date], list[dict[str, Any]]] = defaultdict(list)
    for catalog in cases:
        for feed, rows in catalog.told.items():
            for row in rows:
                said = {name: value for name, value in row.items() if name != "delivered_on"}
                files[f"catalog/{feed}", row["delivered_on"]].append(said)
    for (feed, day), rows in sorted(files.items(), key=lambda item: item[0]):
        house.deliver(feed, day, rows)
    house.register()


MODELS = (
    "contradictions",
    "refuse_tariff_versions",
    "rateable_versions",
    "band_clock",
    "prices",
    "price_tiers",
    "price_cells",
)
BOUNDS = ("valid_from_on", "valid_to_on", "known_from_on", "known_to_on")
FAR = date(9999, 12, 31)
EARLIER = DELIVERIES[2:5]

Told = dict[str, list[dict[str, Any]]]


def build(house: House, day: date) -> Told:
    """Build as of a day and return the rows of each model."""
    run_dbt(house.settings, ["run", "--select", *(f"+int_catalog__{name}" for name in MODELS)], day)
    found = {}
    for name in MODELS:
        relation = f"intermediate.int_catalog__{name}"
        columns = [row[0] for row in house.rows(f"describe {relation}")]
        rows = house.rows(f"from {relation}")
        found[name] = [dict(zip(columns, row, strict=True)) for row in rows]
    return found


@dataclass(frozen=True)
class World:
    """The catalogs, and what each build told of them."""

    catalogs: list[Catalog]
    references: list[Reference]
    builds: dict[date, Told]

    @property
    def built(self) -> Told:
        """What the last build told."""
        return self.builds[LAST]

    def grouped(self, model: str, *key: str) -> dict[Any, list[dict[str, Any]]]:
        """Return the rows of the last build by some of their columns."""
        groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for row in self.built[model]:
            groups[tuple(row[name] for name in key)].append(row)
        return groups

    def points(self) -> Iterator[tuple[Catalog, Reference, date, date]]:
        """Yield every catalog on every day as known on every day of delivery."""
        for catalog, reference in zip(self.catalogs, self.references, strict=True):
            for known in DELIVERIES:
                for day in DAYS:
                    yield catalog, reference, day, known


@pytest.fixture(scope="module")
def world(house: House) -> World:
    cases = catalogs()
    deliver(house, cases)
    builds = {day: build(house, day) for day in (*EARLIER, LAST)}
    return World(cases, [catalog.reference() for catalog in cases], builds)


def holding(rows: Sequence[dict[str, Any]], day: date, known: date) -> list[dict[str, Any]]:
    return [
        row
        for row in rows
        if row["valid_from_on"] <= day < row["valid_to_on"]
        and row["known_from_on"] <= known < row["known_to_on"]
    ]


def test_every_version_is_good_or_refused_for_the_reason_of_the_reference(world: World) -> None:
    versions = world.grouped("rateable_versions", "tariff_id")
    reasons: Counter[str | None] = Counter()
    for catalog, reference, day, known in world.points():
        for tariff in catalog.tariffs():
            found = [
                (row["tariff_version_id"], row["refusal_code"])
                for row in holding(versions[(tariff,)], day, known)
            ]
            row = reference.at("catalog/tariff_versions", (tariff,), day, known)
            expected = []
            if row is not None:
                reason = refusal(reference, row, day, known)
                reasons[reason] += 1
                expected = [(row["tariff_version_id"], reason)]
            assert found == expected, (tariff, day, known)
    assert len(reasons) == 12 and min(reasons.values()) >= 50, reasons


def test_every_contradiction_is_open_as_long_as_the_reference_sees_it(world: World) -> None:
    told = world.grouped("contradictions", "feed")
    by_catalog: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for (feed,), rows in told.items():
        for row in rows:
            by_catalog[feed, row["subject_id"].split("-")[0]].append(row | {"valid_to_on": FAR})
    seen: Counter[str] = Counter()
    for catalog, reference, day, known in world.points():
        for feed in DISPUTED:
            expected = Counter(
                (
                    row[SUBJECTS.get(feed, "zone_plan_id")],
                    row.get("visited_prefix"),
                    row["short_code"] if feed == "short_codes" else row.get("number_prefix"),
                    row["valid_from_on"],
                )
                for row in reference.contradictions(f"catalog/{feed}", day, known)
            )
            names = ("subject_id", "visited_prefix", "number_prefix", "valid_from_on")
            found = Counter(
                tuple(row[name] for name in names)
                for row in holding(by_catalog[feed, str(catalog.number)], day, known)
            )
            assert found == expected, (feed, catalog.number, day, known)
            seen[feed] += len(expected)
    assert len(seen) == len(DISPUTED) and min(seen.values()) >= 20, seen


def test_the_clock_shows_the_band_of_the_reference(world: World) -> None:
    clocks = world.grouped("band_clock", "time_band_set_id", "day_kind")
    seen: Counter[str | None] = Counter()
    for catalog, reference, day, known in world.points():
        for set_id in ("~S", "~S2"):
            version = {
                "time_band_set_id": catalog.name(set_id),
                "holiday_calendar_id": catalog.name("~H"),
            }
            kind = day_kind(reference, version["holiday_calendar_id"], day, known)
            rows = holding(clocks[version["time_band_set_id"], kind], day, known)
            for clock in CLOCKS:
                minute = 60 * clock.hour + clock.minute
                found = [
                    row["time_band_id"]
                    for row in rows
                    if row["from_minute"] <= minute < row["to_minute"]
                ]
                band = band_at(reference, version, datetime.combine(day, clock), known)
                assert found == ([band] if band else []), (version, day, known, clock)
                seen[band] += 1
    assert len(seen) == 4 and min(seen.values()) >= 50, seen


TIER = (
    *("usage_rate_id", "tier_number", "from_units", "unit_size", "first_block_units"),
    *("increment_units", "price", "flat_fee_amount"),
)
FIRST_TIER = (
    *("usage_rate_id", "price_model", "unit_size", "first_block_units", "increment_units"),
    *("price", "connect_fee_amount", "minimum_charge_amount", "maximum_charge_amount"),
    *("tax_category", "bill_label", "currency"),
)


PRICE_NAME = ("usage_type", "direction", "zone_id", "time_band_id")


def named(rates: Sequence[Row]) -> dict[tuple[Any, ...], list[Row]]:
    """Return the tiers of each price, in order."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for rate in sorted(rates, key=lambda rate: rate["tier_number"]):
        groups[tuple(rate[name] for name in PRICE_NAME)].append(rate)
    return groups


def is_numbered(tiers: Sequence[Row]) -> bool:
    """Whether tiers are counted from 1 without a gap; others are refused, and numbered anew."""
    return [tier["tier_number"] for tier in tiers] == [*range(1, len(tiers) + 1)]


def price_of(tiers: Sequence[Row]) -> dict[str, Any]:
    """Return what a price should say of its tiers."""
    return {name: tiers[0][name] for name in FIRST_TIER} | {
        "tier_count": len(tiers),
        "dearest": max(Fraction(tier["price"]) / tier["unit_size"] for tier in tiers),
        "largest_block_units": max(
            tier["first_block_units"] + tier["increment_units"] for tier in tiers
        ),
    }


def tiers_of(tiers: Sequence[Row]) -> list[dict[str, Any]]:
    """Return what the tiers of a price should say."""
    ends = [tier["from_units"] for tier in tiers[1:]]
    return [
        {name: tier[name] for name in TIER} | {"to_units": end}
        for tier, end in zip(tiers, [*ends, None], strict=True)
    ]


def test_versions_have_the_prices_and_tiers_of_the_reference(world: World) -> None:
    prices = world.grouped("prices", "tariff_version_id")
    tiers = world.grouped("price_tiers", "price_key")
    compared: Counter[int] = Counter()
    for catalog, reference, day, known in world.points():
        for version_id in ("~V0", "~V1", "~V2"):
            version = {"tariff_version_id": catalog.name(version_id)}
            expected = named(rates_of(reference, version, day, known))
            rows = holding(prices[(version["tariff_version_id"],)], day, known)
            found = {tuple(row[name] for name in PRICE_NAME): row for row in rows}
            assert len(found) == len(rows), (version, day, known)
            assert set(found) == set(expected), (version, day, known)
            for name, rates in expected.items():
                if not is_numbered(rates):
                    continue
                price = dict(found[name])
                price["dearest"] = Fraction(price["dearest_price"]) / price["dearest_unit_size"]
                said = price_of(rates)
                assert {column: price[column] for column in said} == said, (name, day, known)
                told = sorted(tiers[(price["price_key"],)], key=lambda row: row["tier_number"])
                wanted = tiers_of(rates)
                assert [{column: row[column] for column in wanted[0]} for row in told] == wanted
                compared[len(rates)] += 1
    assert {1, 2, 3} <= set(compared) and min(compared.values()) >= 50, compared


def test_rows_of_one_price_name_share_a_number(world: World) -> None:
    names: dict[int, set[Any]] = defaultdict(set)
    for row in world.built["prices"]:
        key = ("tariff_version_id", "usage_type", "direction", "zone_id", "time_band_id")
        names[row["price_name_key"]].add(tuple(row[name] for name in key))
    assert all(len(said) == 1 for said in names.values())
    assert len({said for group in names.values() for said in group}) == len(names)
    assert len(names) < len(world.built["prices"])


def as_known(rows: Sequence[dict[str, Any]], day: date) -> Counter[tuple[Any, ...]]:
    """Return what a build as of a day tells of these rows."""
    return Counter(
        tuple(
            FAR if name == "known_to_on" and value > day else value for name, value in row.items()
        )
        for row in rows
        if row["known_from_on"] <= day
    )


@pytest.mark.parametrize("day", EARLIER)
@pytest.mark.parametrize(
    "model", [name for name in MODELS if name not in ("price_tiers", "refuse_tariff_versions")]
)
def test_a_later_day_only_adds_rows_and_ends_what_was_known(
    world: World, model: str, day: date
) -> None:
    before = as_known(world.builds[day][model], day)
    assert before
    assert before == as_known(world.built[model], day)


@pytest.mark.parametrize("day", EARLIER)
def test_a_later_day_takes_no_refusal_back(world: World, day: date) -> None:
    before = as_known(world.builds[day]["refuse_tariff_versions"], day)
    # rectangles that part later are told once for each part
    assert set(before) == set(as_known(world.built["refuse_tariff_versions"], day))


@pytest.mark.parametrize("day", EARLIER)
def test_tiers_of_a_price_stay_the_same(world: World, day: date) -> None:
    known = {row["price_key"] for row in world.builds[day]["prices"]}
    before = Counter(tuple(row.values()) for row in world.builds[day]["price_tiers"])
    after = Counter(
        tuple(row.values()) for row in world.built["price_tiers"] if row["price_key"] in known
    )
    assert before == after
