"""The catalog keeps its contracts, resolves every reference and leaves no usage unpriced."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

import pytest

from data.simulator.catalog import build_catalog
from data.simulator.catalog.calendar import DAY_KINDS, easter
from data.simulator.catalog.prefixes import countries
from data.simulator.knobs import Knobs
from data.simulator.life import hazard
from data.simulator.model import Catalog
from data.simulator.steps import CONTRACTS
from orchestration.contracts import load_feeds
from orchestration.contracts.model import Column

KNOBS = Knobs()


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return build_catalog(KNOBS)


def rows(catalog: Catalog, feed: str) -> list[dict[str, Any]]:
    """All rows of a feed, in order of delivery."""
    return [dict(row) for item in catalog.deliveries if item.feed_id == feed for row in item.rows]


def fault(column: Column, value: str | None) -> str | None:
    """What is wrong with a value of a column, None when nothing is."""
    if value is None:
        return "missing" if column.required else None
    if column.values and value not in {name for name, _ in column.values}:
        return "not in the value set"
    if column.pattern and not re.fullmatch(column.pattern, value):
        return "does not fit the pattern"
    if column.max_length and len(value) > column.max_length:
        return "too long"
    if column.type == "integer" and not re.fullmatch(r"-?\d+", value):
        return "no integer"
    if column.type == "boolean" and value not in ("true", "false"):
        return "no boolean"
    if column.type == "decimal" and (found := re.fullmatch(r"-?\d+(?:\.(\d+))?", value)):
        return "too many digits" if len(found[1] or "") > (column.scale or 0) else None
    return "no number" if column.type == "decimal" else None


def test_every_row_keeps_its_contract(catalog: Catalog) -> None:
    feeds = load_feeds(CONTRACTS)
    faults = []
    for delivery in catalog.deliveries:
        feed = feeds[delivery.feed_id]
        for row in delivery.rows:
            assert set(row) <= set(feed.column_names), delivery.feed_id
            faults += [
                (feed.id, column.name, row.get(column.name), found)
                for column in feed.columns
                if (found := fault(column, row.get(column.name)))
            ]
    assert faults == []


def test_all_catalog_feeds_come_on_the_first_day(catalog: Catalog) -> None:
    first = {item.feed_id for item in catalog.deliveries if item.day == KNOBS.start_on}
    expected = {feed for feed in load_feeds(CONTRACTS) if feed.startswith("catalog/")}
    assert first == expected | {"crm/campaigns"}


def test_every_reference_resolves(catalog: Catalog) -> None:
    known: dict[str, set[str]] = defaultdict(set)
    for delivery in catalog.deliveries:
        for row in delivery.rows:
            for name, value in row.items():
                if value is not None:
                    known[f"{delivery.feed_id.replace('/', '.')}.{name}"].add(value)
    dangling = set()
    for delivery in catalog.deliveries:
        for column in load_feeds(CONTRACTS)[delivery.feed_id].columns:
            if column.references:
                used = {row.get(column.name) for row in delivery.rows} - {None}
                missing = used - known[column.references]
                dangling |= {(delivery.feed_id, column.name, value) for value in missing}
    assert dangling == set()


def test_zones_belong_to_the_plan_of_what_names_them(catalog: Catalog) -> None:
    plan = {row["zone_id"]: row["zone_plan_id"] for row in rows(catalog, "catalog/zones")}
    for feed in ("catalog/zone_prefixes", "catalog/short_codes"):
        assert all(plan[row["zone_id"]] == row["zone_plan_id"] for row in rows(catalog, feed))
    versions = {
        row["tariff_version_id"]: row["zone_plan_id"]
        for row in rows(catalog, "catalog/tariff_versions")
    }
    for row in rows(catalog, "catalog/usage_rates"):
        if row["zone_id"]:
            assert plan[row["zone_id"]] == versions[row["tariff_version_id"]], row


def test_no_two_versions_share_an_id(catalog: Catalog) -> None:
    versions = rows(catalog, "catalog/tariff_versions")
    assert max(Counter(row["tariff_version_id"] for row in versions).values()) == 1
    days = Counter((row["tariff_id"], row["valid_from_on"]) for row in versions)
    assert max(days.values()) == 1
    assert {row["tariff_id"] for row in versions} == {
        row["tariff_id"] for row in rows(catalog, "catalog/tariffs")
    }


def test_only_corrections_come_twice(catalog: Catalog) -> None:
    feeds = load_feeds(CONTRACTS)
    times: Counter[tuple[str, ...]] = Counter()
    for delivery in catalog.deliveries:
        key = feeds[delivery.feed_id].key
        valid = "valid_from_at" if delivery.feed_id == "catalog/portings" else "valid_from_on"
        times.update(
            (delivery.feed_id, *(str(row[name]) for name in key), row[valid])
            for row in delivery.rows
        )
    twice = [key for key, count in times.items() if count > 1]
    told = [item for item in catalog.dirt if item["kind"] == "corrected_reference"]
    assert len(told) == len(twice) == 4


def test_bands_leave_no_gap_on_any_kind_of_day(catalog: Catalog) -> None:
    begins: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows(catalog, "catalog/time_bands"):
        begins[row["time_band_set_id"], row["day_kind"]].append(row["from_clock"])
    sets = {band_set for band_set, _ in begins}
    assert len(sets) == 3
    for band_set in sets:
        for kind in DAY_KINDS:
            assert min(begins[band_set, kind]) == "00:00"


def test_every_usage_from_home_and_abroad_has_one_price(catalog: Catalog) -> None:
    """Each zone, band, kind and direction of a version finds a rate, and no two fit alike."""
    zones: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows(catalog, "catalog/zones"):
        zones[row["zone_plan_id"]].append(row)
    bands: dict[str | None, set[str | None]] = defaultdict(set, {None: {None}})
    for row in rows(catalog, "catalog/time_bands"):
        bands[row["time_band_set_id"]].add(row["time_band_id"])
    rates: dict[str, Counter[tuple[Any, ...]]] = defaultdict(Counter)
    for row in rows(catalog, "catalog/usage_rates"):
        key = tuple(row[name] for name in ("usage_type", "direction", "zone_id", "time_band_id"))
        rates[row["tariff_version_id"]][(*key, row["tier_number"], row["usage_rate_id"])] += 1
    tariffs = {row["tariff_id"]: row for row in rows(catalog, "catalog/tariffs")}
    for version in rows(catalog, "catalog/tariff_versions"):
        found = rates[version["tariff_version_id"]]
        keys = {key[:4] for key in found}
        tiers = Counter(key[:5] for key in found)
        assert max(tiers.values()) == 1, version
        is_mobile = tariffs[version["tariff_id"]]["network_type"] == "mobile"
        for zone in zones[version["zone_plan_id"]]:
            if zone["zone_kind"] == "roaming" and not is_mobile:
                continue
            for band in bands[version["time_band_set_id"]]:
                for usage, direction in (
                    ("voice", "originating"),
                    ("voice", "terminating"),
                    ("voice", "forwarded"),
                    ("sms", "originating"),
                    ("mms", "originating"),
                    ("data", "originating"),
                ):
                    fits = {
                        (usage, direction, one, clock)
                        for one in (zone["zone_id"], None)
                        for clock in (band, None)
                    }
                    assert fits & keys, (version["tariff_version_id"], zone["zone_id"], usage)


def test_tiers_count_up(catalog: Catalog) -> None:
    tiers: dict[tuple[Any, ...], dict[int, int]] = defaultdict(dict)
    models = set()
    for row in rows(catalog, "catalog/usage_rates"):
        names = ("tariff_version_id", "usage_type", "direction", "zone_id", "time_band_id")
        key = tuple(row[name] for name in names)
        tiers[key][int(row["tier_number"])] = int(row["from_units"])
        models.add(row["price_model"])
    for known in tiers.values():
        assert sorted(known) == list(range(1, len(known) + 1))
        units = [known[number] for number in sorted(known)]
        assert units[0] == 0
        assert units == sorted(set(units))
    assert models == {"flat", "banded", "graduated", "volume", "package"}


def test_emergency_calls_are_free(catalog: Catalog) -> None:
    free = {"EMERGENCY", "FREEPHONE", "T-FREE"}
    found = [row for row in rows(catalog, "catalog/usage_rates") if row["zone_id"] in free]
    assert found
    assert {row["price"] for row in found} == {"0"}
    assert {row["connect_fee_amount"] for row in found} == {"0"}
    codes = {row["short_code"]: row for row in rows(catalog, "catalog/short_codes")}
    assert codes["112"]["zone_id"] in free


def test_zone_sets_nest(catalog: Catalog) -> None:
    members: dict[str, set[str]] = defaultdict(set)
    for row in rows(catalog, "catalog/zone_sets"):
        members[row["zone_set_id"]].add(row["zone_id"])
    assert members["NATIONAL"] < members["HOME-EU"] < members["EU"] < members["ALL"]
    assert members["INTL-PACK"] & members["EU"]
    assert members["INTL-PACK"] - members["EU"]


@pytest.mark.parametrize("kind", ["individual", "company"])
@pytest.mark.parametrize("rating", ["prepaid", "postpaid"])
@pytest.mark.parametrize("network", ["mobile", "fixed"])
def test_every_place_had_a_plan_of_all_kinds_on_any_day(
    catalog: Catalog, network: str, rating: str, kind: str
) -> None:
    """Whoever came to the operator on a day of the last nine years found a plan.

    Trunks do not count: they are nothing for a company without a telephone system.
    """
    plans = [
        offer
        for offer in catalog.offers
        if offer.offering_kind == "base_plan"
        and (offer.network_type, offer.rating_type) == (network, rating)
        and offer.customer_kind in (None, kind)
        and offer.access_technology is not None
    ]
    day = date(2017, 1, 1)
    while day < KNOBS.last_on:
        sold = {
            plan.access_technology
            for plan in plans
            if (plan.sold_from_on is None or plan.sold_from_on <= day)
            and (plan.sold_until_on is None or plan.sold_until_on >= day)
        }
        for area in catalog.areas:
            assert sold & {"GSM", *area.technologies}, (area.name, day)
        day += timedelta(days=30)


def test_a_successor_is_sold_as_long_as_it_takes_holders_over(catalog: Catalog) -> None:
    plans = {offer.product_offering_id: offer for offer in catalog.offers}
    followed = [plan for plan in plans.values() if plan.successions]
    assert len(followed) >= 5
    for plan in followed:
        days = [since for since, _ in plan.successions]
        assert plan.sold_until_on is not None
        # nobody's term ends before a successor is there
        assert days[0] <= plan.sold_until_on + timedelta(days=1)
        for (since, key), until in zip(plan.successions, [*days[1:], None], strict=True):
            successor = plans[key]
            kind = (plan.network_type, plan.rating_type, plan.customer_kind)
            assert kind == (
                successor.network_type,
                successor.rating_type,
                successor.customer_kind,
            )
            assert successor.sold_from_on is None or successor.sold_from_on <= since
            if successor.sold_until_on is not None:
                assert until is not None, (plan.name, successor.name)
                assert until <= successor.sold_until_on + timedelta(days=1)
    told = {
        (row["product_offering_id"], row["valid_from_on"]): row["successor_offering_id"]
        for row in rows(catalog, "catalog/product_offerings")
    }
    for plan in followed:
        for since, key in plan.successions:
            assert told[plan.product_offering_id, str(since)] == key


def test_no_two_countries_claim_a_prefix() -> None:
    claims = Counter(
        prefix
        for country in countries()
        for prefix in (*country.codes, *(country.codes[0] + mobile for mobile in country.mobile))
    )
    assert {prefix for prefix, count in claims.items() if count > 1} == set()


@pytest.mark.parametrize(
    ("number", "destination"),
    [
        ("+77012345678", "Kazakhstan, mobile"),
        ("+77471234567", "Kazakhstan, mobile"),
        ("+77771234567", "Kazakhstan, mobile"),
        ("+77172123456", "Kazakhstan"),
        ("+77272123456", "Kazakhstan"),
        ("+76301234567", "Kazakhstan"),
        ("+79261234567", "Russia, mobile"),
        ("+74951234567", "Russia"),
        ("+78121234567", "Russia"),
    ],
)
def test_russia_and_kazakhstan_share_a_country_code(
    catalog: Catalog, number: str, destination: str
) -> None:
    names = {
        row["number_prefix"]: row["destination_name"]
        for row in rows(catalog, "catalog/zone_prefixes")
        if (row["zone_plan_id"], row["visited_prefix"]) == ("DE", "home")
    }
    longest = max((number[:end] for end in range(1, 13) if number[:end] in names), key=len)
    assert names[longest] == destination


def test_the_base_rate_is_told_for_each_half_year_on_its_eve() -> None:
    knobs = Knobs(months=36)
    told = {
        row["valid_from_on"]: (item.day, row["rate_percent"])
        for item in build_catalog(knobs).deliveries
        if item.feed_id == "catalog/interest_rates"
        for row in item.rows
        if row["rate_kind"] == "base_rate"
    }
    published = {"2024-01-01": "3.62", "2024-07-01": "3.37", "2025-01-01": "2.27"}
    published |= {"2025-07-01": "1.27", "2026-01-01": "1.27"}
    assert {day: told[day] for day in published} == {
        day: (knobs.start_on, rate) for day, rate in published.items()
    }
    for year, month in ((2026, 7), (2027, 1), (2027, 7), (2028, 1), (2028, 7), (2029, 1)):
        day = date(year, month, 1)
        assert told[str(day)] == (day - timedelta(days=1), "1.27")
    assert max(told) == "2029-01-01"


def test_churn_is_forecast_after_a_gap_of_a_week_for_thirty_days(catalog: Catalog) -> None:
    policy = {row["policy_name"]: row["number_value"] for row in rows(catalog, "catalog/policies")}
    assert int(policy["churn_gap_days"]) == hazard.WINDOW_FROM - 1 == 7
    assert int(policy["churn_horizon_days"]) == hazard.WINDOW_DAYS == 30
    assert int(policy["prepaid_churn_horizon_days"]) == 30


def test_counts(catalog: Catalog) -> None:
    kinds = Counter(offer.offering_kind for offer in catalog.offers)
    assert kinds["base_plan"] + kinds["add_on"] >= 40
    assert len(rows(catalog, "catalog/tariffs")) == 25
    assert len(catalog.areas) >= 25
    prefixes = rows(catalog, "catalog/zone_prefixes")
    assert len(prefixes) >= 4_000
    assert len({len(row["number_prefix"]) for row in prefixes}) >= 6
    carriers = Counter(row["carrier_id"] for row in rows(catalog, "catalog/interconnect_rates"))
    assert sum(count >= 100 for count in carriers.values()) >= 2
    policies = load_feeds(CONTRACTS)["catalog/policies"].columns
    names = next(column.values for column in policies if column.name == "policy_name")
    assert {row["policy_name"] for row in rows(catalog, "catalog/policies")} == {
        name for name, _ in names
    }


def test_called_numbers_are_nobodys_own(catalog: Catalog) -> None:
    blocks = [prefix for prefix, _, _, _ in catalog.own_blocks]
    for place in catalog.destinations:
        assert not any(
            place.prefix.startswith(block) or block.startswith(place.prefix) for block in blocks
        ), place
        assert place.weight > 0
        assert len(place.prefix) + place.fill_digits <= 16
    ported = {row["service_number"] for row in rows(catalog, "catalog/portings")}
    assert all(number.startswith(("+491558", "+494318")) for number in ported)


def test_tariffs_change_while_the_world_lasts(catalog: Catalog) -> None:
    window = [
        row
        for row in rows(catalog, "catalog/tariff_versions")
        if KNOBS.start_on < date.fromisoformat(row["valid_from_on"]) < KNOBS.last_on
    ]
    assert len(window) >= 3
    late = [item for item in catalog.dirt if item["kind"] == "late_tariff"]
    assert len(late) == 1
    delivered = [
        (delivery.day, date.fromisoformat(row["valid_from_on"]))
        for delivery in catalog.deliveries
        if delivery.feed_id == "catalog/tariff_versions"
        for row in delivery.rows
        if row["tariff_version_id"] == late[0]["key"]
    ]
    assert delivered[0][0] - delivered[0][1] == timedelta(days=4)


def test_rises_are_announced_and_delivered(catalog: Catalog) -> None:
    assert len(catalog.price_changes) == 2
    prices: dict[str, list[tuple[date, date]]] = defaultdict(list)
    for delivery in catalog.deliveries:
        if delivery.feed_id == "catalog/offering_prices":
            for row in delivery.rows:
                valid = date.fromisoformat(row["valid_from_on"])
                prices[row["product_offering_id"]].append((delivery.day, valid))
    for change in catalog.price_changes:
        assert change.effective_on - change.announced_on == timedelta(days=35)
        for offering in change.product_offering_ids:
            assert (change.announced_on, change.effective_on) in prices[offering]


def test_equal_knobs_equal_catalogs(catalog: Catalog) -> None:
    assert build_catalog(KNOBS) == catalog
    other = build_catalog(Knobs(seed=7))
    assert rows(other, "catalog/interconnect_rates") != rows(catalog, "catalog/interconnect_rates")


@pytest.mark.parametrize("start", [date(2016, 1, 1), date(2019, 7, 1), date(2030, 2, 1)])
@pytest.mark.parametrize("months", [1, 5, 36])
def test_any_world_has_a_catalog(start: date, months: int) -> None:
    knobs = Knobs(start_on=start, months=months)
    catalog = build_catalog(knobs)
    assert all(knobs.start_on <= item.day <= knobs.last_on for item in catalog.deliveries)
    covered = {row["tariff_id"] for row in rows(catalog, "catalog/tariff_versions")}
    assert covered == {row["tariff_id"] for row in rows(catalog, "catalog/tariffs")}


def test_holidays_follow_easter(catalog: Catalog) -> None:
    assert [easter(year) for year in (2016, 2024, 2025, 2026, 2038)] == [
        date(2016, 3, 27),
        date(2024, 3, 31),
        date(2025, 4, 20),
        date(2026, 4, 5),
        date(2038, 4, 25),
    ]
    year = [day for day in catalog.holidays if day.year == 2026]
    assert len(year) == 9
    assert catalog.holidays[date(2026, 5, 14)] == "Christi Himmelfahrt"
