"""Allowance instances against the plain Python reference, over random contracts and corrections.

Plans, add-ons, pools, company trees, cycles and service days change and are told early, in time,
late and again. Built in one pass and day by day: equal tables. Each slot (an owner, an allowance
and a window) has the instances that the reference issues when it looks at it on every day.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orchestration.built import code_digest
from orchestration.contracts import load_feeds
from orchestration.incremental import remember_models
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse, run_dbt
from tests.dbt.conftest import House
from tests.oracle.allowances import Allowances
from tests.oracle.catalog import Catalog, Customers
from tests.oracle.holdings import Holding, Holdings
from tests.oracle.instances import Slot
from tests.oracle.reference import Reference, Row

DAY = timedelta(days=1)
FIRST = date(2026, 1, 20)
LAST = date(2026, 8, 10)
# deliveries lie close together, so that corrections fall into one window, and once far apart
TOLD = [FIRST + timedelta(days=n) for n in (0, 1, 9, 10, 17, 26, 27, 40, 55, 71, 90, 150, 171, 190)]
BUILT = [
    FIRST,
    FIRST + 4 * DAY,
    *TOLD[2:7],
    date(2026, 3, 16),
    TOLD[9],
    date(2026, 5, 2),
    *TOLD[11:],
]
SUBSCRIPTIONS = 160
UNASKED_DAYS = 130
PLANS = ("P0", "P1", "P2", "P-BARE")
PACKS = ("X0", "X1", "X-BARE")
# with their days of grace
CYCLES = {"M01": 3, "M15": 0, "M31": 7, "B10": 5, "N01": 9}
CUSTOMERS = 14
ZONE = ZoneInfo("Europe/Berlin")
TABLE = "intermediate.int_rating__issued_instances"

Rows = dict[str, list[dict[str, Any]]]


class Teller:
    """Tells rows of one world; a key says one thing about a first day on a delivery day."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311  repeatable, not secret
        self.rows: Rows = defaultdict(list)
        self._said: set[tuple[Any, ...]] = set()
        self._moments: set[datetime] = set()

    def tell(self, feed: str, key: tuple[str, str], since: date, told: date, **row: Any) -> None:
        said = (feed, key[1], since, told)
        if said in self._said:
            return
        self._said.add(said)
        self.rows[feed].append(
            {
                key[0]: key[1],
                "op": "upsert",
                **row,
                "valid_from_on": since,
                "delivered_on": told,
                "recorded_at": datetime.combine(told, datetime.min.time()),
            }
        )

    def day(self, first: date = FIRST, last: date = LAST) -> date:
        return first + timedelta(days=self.chance.randrange((last - first).days))

    def told(self, since: date) -> date:
        """A delivery day: in time as a rule, else early or late."""
        chance = self.chance.random()
        if chance < 0.2:
            return self.chance.choice(TOLD)
        later = [day for day in TOLD if day >= since] or [TOLD[-1]]
        return later[0] if chance < 0.8 else self.chance.choice(later)

    def event(
        self, subscription: str, add_on: str | None, step: str, day: date, told: date
    ) -> None:
        moment = datetime.combine(day, datetime.min.time())
        moment += timedelta(seconds=self.chance.randrange(86400))
        while moment in self._moments:
            moment += timedelta(seconds=1)
        self._moments.add(moment)
        number = len(self.rows["order_management/provisioning_events"])
        outcome = self.chance.choice(["completed"] * 9 + ["failed"])
        self.rows["order_management/provisioning_events"].append(
            {
                "provisioning_event_id": f"E{number}",
                "subscription_id": subscription,
                "add_on_id": add_on,
                "step": step,
                "outcome": outcome,
                "occurred_at": moment,
                "delivered_on": told,
            }
        )


def _tell_allowances(teller: Teller) -> None:
    chance = teller.chance
    offerings = [*PLANS[:3] * 3, *PACKS[:2] * 4]
    ways = ["own", "own", "own", "account", "company"]
    kinds = ["bill_month", "bill_month", "bill_month", "days", "recurring_days"]
    for number, offering in enumerate(offerings):
        kind = kinds[number % 5]
        rule: dict[str, Any] = {
            "product_offering_id": offering,
            "usage_type": chance.choice(["voice", "sms", "data"]),
            "sharing": ways[number % 4] if number % 3 else ways[4],
            "validity_kind": kind,
            "validity_length": None if kind == "bill_month" else chance.choice([1, 7, 30, 45]),
            "is_prorated": chance.random() < 0.6,
            "step_units": 1,
        }
        since, told = date(2025, 6, 1), FIRST
        for _ in range(chance.choice([1, 2, 2, 3, 4])):
            rule |= {
                "capacity_units": chance.choice([*range(60, 400, 37)] * 3 + [0, None]),
                "priority": chance.randrange(5),
                "rollover_periods": chance.choice([0, 0, 1, 2]),
                "rollover_cap_units": chance.choice([None, 50]),
            }
            ends = chance.random() < 0.05
            key = ("allowance_id", f"A{number}")
            teller.tell("catalog/allowances", key, since, told, **rule, op=_op(ends))
            since = teller.day()
            told = teller.told(since)


def _op(is_end: bool) -> str:
    return "delete" if is_end else "upsert"


def _tell_cycles(teller: Teller) -> None:
    for name, grace_days in CYCLES.items():
        for since, told in ((date(2025, 1, 1), FIRST), (date(2026, 4, 1), TOLD[6])):
            teller.tell(
                "catalog/bill_cycles",
                ("bill_cycle_id", name),
                since,
                told,
                cycle_day=int(name[1:]),
                interval_months=2 if name[0] == "B" else 1,
                anchor_on=date(2026, 1, int(name[1:])),
                grace_days=grace_days if told == FIRST else teller.chance.choice([0, 3, 5]),
            )


def _tell_customers(teller: Teller) -> None:
    chance = teller.chance
    for number in range(CUSTOMERS):
        since, told = date(2025, 6, 1), FIRST
        for _ in range(chance.choice([1, 1, 2, 3])):
            parent = chance.choice([None, *range(max(0, number - 3), number + 2)])
            teller.tell(
                "crm/customers",
                ("customer_id", f"C{number}"),
                since,
                told,
                customer_kind=chance.choice(["company"] * 7 + ["individual"]),
                parent_customer_id=None if parent is None else f"C{parent}",
                op=_op(chance.random() < 0.05),
            )
            since = teller.day()
            told = teller.told(since)
    for number in range(CUSTOMERS + 4):
        since, told = date(2025, 6, 1), chance.choice([FIRST] * 5 + TOLD[:4])
        for _ in range(chance.choice([1, 1, 2, 3])):
            payer = chance.choice([None, None, None, *range(max(0, number - 2), number)])
            teller.tell(
                "crm/billing_accounts",
                ("account_id", f"B{number}"),
                since,
                told,
                customer_id=f"C{number % CUSTOMERS}",
                payer_account_id=None if payer is None else f"B{payer}",
                bill_cycle_id=chance.choice([*CYCLES, *CYCLES, None, "GONE"]),
                op=_op(chance.random() < 0.05),
            )
            since = teller.day()
            told = teller.told(since)


def _tell_subscriptions(teller: Teller) -> None:
    chance = teller.chance
    for number in range(SUBSCRIPTIONS):
        subscription = f"S{number}"
        begun = teller.day(date(2025, 11, 1), date(2026, 5, 1))
        since, told = begun, max(FIRST, teller.told(begun))
        held = {
            "account_id": f"B{chance.randrange(CUSTOMERS + 5)}",
            "customer_id": f"C{chance.randrange(CUSTOMERS + 1)}",
            "product_offering_id": chance.choice(PLANS),
        }
        for _ in range(chance.choice([1, 1, 2, 3, 4])):
            key = ("subscription_id", subscription)
            ends = chance.random() < 0.08
            teller.tell("order_management/subscriptions", key, since, told, **held, op=_op(ends))
            change = chance.random()
            if change < 0.5:
                held["product_offering_id"] = chance.choice(PLANS)
            elif change < 0.7:
                held["account_id"] = f"B{chance.randrange(CUSTOMERS + 5)}"
            elif change < 0.8:
                held["customer_id"] = f"C{chance.randrange(CUSTOMERS + 1)}"
            if chance.random() < 0.7:
                since = teller.day(begun)
            told = teller.told(since)
        _tell_service(teller, subscription, None, begun)
        for add_on in range(chance.choice([0, 0, 1, 1, 2])):
            _tell_add_on(teller, subscription, f"{subscription}-{add_on}", begun)


def _tell_service(teller: Teller, subscription: str, add_on: str | None, begun: date) -> None:
    day = begun + timedelta(days=teller.chance.choice([0, 0, 0, 1, 6]))
    steps = teller.chance.choice([0, 1, 1, 1, 1, 2, 3, 4])
    for step in ["activate", "deactivate"] * 2:
        if steps == 0 or day > LAST:
            return
        teller.event(subscription, add_on, step, day, max(FIRST, teller.told(day)))
        day += timedelta(days=teller.chance.choice([0, 0, 1, 5, 20, 60]))
        steps -= 1
    if teller.chance.random() < 0.5:
        teller.event(subscription, add_on, "bar_all", day, teller.told(day))


def _tell_add_on(teller: Teller, subscription: str, add_on: str, begun: date) -> None:
    chance = teller.chance
    since = teller.day(begun)
    first, told = since, teller.told(since)
    offering = chance.choice(PACKS)
    for _ in range(chance.choice([1, 1, 2, 3])):
        teller.tell(
            "order_management/add_ons",
            ("add_on_id", add_on),
            since,
            told,
            subscription_id=subscription,
            product_offering_id=offering,
            quantity=chance.choice([1, 1, 2, 3]),
            op=_op(chance.random() < 0.15),
        )
        if chance.random() < 0.15:
            offering = chance.choice(PACKS)
        if chance.random() < 0.7:
            since = teller.day(since, LAST + DAY)
        told = teller.told(since)
    if chance.random() < 0.6:
        _tell_service(teller, subscription, add_on, first)


class World:
    """A world as raw files, and the same rows for the reference."""

    def __init__(self, house: House, seed: int, incremental: list[str]) -> None:
        self.house = house
        self.incremental = incremental
        teller = Teller(seed)
        for part in (_tell_allowances, _tell_cycles, _tell_customers, _tell_subscriptions):
            part(teller)
        self.rows = teller.rows
        told: dict[tuple[date, str], list[dict[str, Any]]] = defaultdict(list)
        for feed, rows in self.rows.items():
            for row in rows:
                said = {name: value for name, value in row.items() if name != "delivered_on"}
                told[row["delivered_on"], feed].append(said)
        for (day, feed), said_rows in sorted(told.items()):
            house.deliver(feed, day, said_rows)
        house.register()

    def build(self, as_of: date, *command: str) -> None:
        """Build what instances need, as of a day; the next build goes on from there."""
        settings, how = self.house.settings, command or ("run",)
        run_dbt(settings, [*how, "--select", "+int_rating__issued_instances"], as_of)
        # as a complete build does: else each build would begin with the first day
        with open_warehouse(settings) as connection:
            remember_models(connection, self.incremental, code_digest(settings), as_of)

    def table(self) -> list[dict[str, Any]]:
        """The instances, sorted."""
        with open_warehouse(self.house.settings) as connection:
            found = connection.table(TABLE).order("all")
            return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


class Expected:
    """What the reference issues."""

    def __init__(self, rows: Rows) -> None:
        self.reference = Reference(rows)
        self.customers = Customers(self.reference)
        catalog = Catalog(self.reference, ZONE)
        self.holdings = Holdings(self.reference, catalog, self.customers)
        self.allowances = Allowances(self.holdings)

    def slots(self) -> Iterator[Slot]:
        """Slots that can be found by asking for days, as known on delivery days and on the day."""
        for known in TOLD:
            for (subscription,) in self.reference.timelines(
                "order_management/subscriptions", known
            ):
                for holding in self.holdings.of(subscription, known):
                    first = max(holding.begins_on, known - timedelta(days=UNASKED_DAYS + 40))
                    for step in range(0, (min(holding.ends_on, LAST) - first).days, 3):
                        yield from self._slots_of(holding, first + step * DAY, known)

    def _slots_of(self, holding: Holding, day: date, known: date) -> Iterator[Slot]:
        for rule in self.reference.all_at("catalog/allowances", day, known):
            window = self.allowances._window(rule, holding, day, known)
            owner = self.holdings.owner(holding.subscription_id, rule["sharing"], day, known)
            if window is not None and owner is not None:
                yield Slot(owner, rule["allowance_id"], window)

    def issue(self, slot: Slot) -> list[tuple[Any, ...]]:
        """Look at a slot on each day of its window and of the days after while it is unasked."""
        until = min(LAST, slot.window[1] + timedelta(days=UNASKED_DAYS - 1))
        if slot.window[0] <= until:
            self.allowances._issue(slot, until)
        return [
            (
                *(instance.instance_id, instance.capacity, instance.usable_from_on),
                *(instance.priority, instance.usage_type),
                *self._rollover(slot, instance.usable_from_on),
            )
            for instance in self.allowances.issued[slot]
        ]

    def _rule(self, slot: Slot, day: date, known: date) -> Row | None:
        return self.reference.at("catalog/allowances", (slot.allowance_id,), day, known)

    def _rollover(self, slot: Slot, known: date) -> tuple[Any, ...]:
        """Periods and cap of the rule of the last day, and until when the window is open."""
        first, end = slot.window
        rule = self._rule(slot, end - DAY, known)
        if rule is None:
            return None, None, None
        closes = None
        if rule["rollover_periods"] and rule["validity_kind"] == "recurring_days":
            closes = end
        elif rule["rollover_periods"] and rule["validity_kind"] == "bill_month":
            days = [first + n * DAY for n in range((min(known + DAY, end) - first).days)]
            held = [holding for day in days for holding in self._holding(slot, day, known)]
            last = [item for item in held if self._is_held_at_the_end(slot, item, known)]
            closes = max(self._cut_off(item, end, known) for item in last or held)
        return rule["rollover_periods"], rule["rollover_cap_units"], closes

    def _is_held_at_the_end(self, slot: Slot, holding: Holding, known: date) -> bool:
        return holding in self._holding(slot, slot.window[1] - DAY, known)

    def _cut_off(self, holding: Holding, end: date, known: date) -> date:
        cycle = self.allowances._cycle(holding, end - DAY, known)
        return self.customers.cut_off(cycle, end) if cycle else end

    def _holding(self, slot: Slot, day: date, known: date) -> list[Holding]:
        rule = self._rule(slot, day, known)
        return (
            [
                holding
                for holding in self.holdings.shared(slot.owner, rule["sharing"], day, known)
                if self.allowances._window(rule, holding, day, known) == slot.window
            ]
            if rule
            else []
        )


@pytest.fixture(scope="module", params=[20260101, 7])
def world(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    manifest: dict[str, Any],
) -> World:
    settings = Settings(data=tmp_path_factory.mktemp("allowances") / "data", lock_wait_seconds=0)
    incremental = [
        name
        for name, node in manifest["nodes"].items()
        if node["config"].get("materialized") == "incremental"
    ]
    return World(House(settings, load_feeds(settings.contracts)), request.param, incremental)


@pytest.fixture(scope="module")
def one_pass(world: World) -> list[dict[str, Any]]:
    world.build(LAST, "build", "--indirect-selection", "buildable")
    return world.table()


def test_every_slot_has_the_instances_that_the_reference_issues(
    world: World, one_pass: list[dict[str, Any]]
) -> None:
    expected = Expected(world.rows)
    found: dict[Slot, list[tuple[Any, ...]]] = defaultdict(list)
    for row in sorted(one_pass, key=lambda row: row["issued_on"]):
        owner = f"{row['owner_kind']} {row['owner_id']}"
        window = (row["valid_from_on"], row["valid_to_on"])
        found[Slot(owner, row["allowance_id"], window)].append(
            (
                *(row["instance_id"], row["capacity"], row["issued_on"]),
                *(row["priority"], row["usage_type"]),
                *(row["rollover_periods"], row["rollover_cap_units"], row["closes_on"]),
            )
        )
    slots = {slot for slot in expected.slots() if slot.window[0] <= LAST} | set(found)
    assert len(slots) > 1000
    wrong = {
        slot: (found.get(slot, []), issued)
        for slot in sorted(slots)
        if (issued := expected.issue(slot)) != found.get(slot, [])
    }
    assert not wrong, (len(wrong), list(wrong.items())[:3])


def test_the_world_has_every_kind_of_instance(one_pass: list[dict[str, Any]]) -> None:
    later = [row for row in one_pass if not row["instance_id"].endswith("/1")]
    late = [row for row in one_pass if row["issued_on"] >= row["valid_to_on"]]
    for rows in (later, late):
        assert len(rows) > 30
        assert {row["sharing"] for row in rows} == {"own", "account", "company"}
    assert len({row["capacity"] for row in one_pass}) > 100
    for column in ("capacity", "closes_on"):
        assert {row[column] is None for row in one_pass} == {True, False}


def test_day_by_day_gives_what_one_pass_gives(world: World, one_pass: list[dict[str, Any]]) -> None:
    world.house.settings.warehouse.unlink()
    world.house.register()
    # some days alone, some together, and days without a delivery
    for day in sorted({*BUILT, LAST}):
        world.build(day)
    assert world.table() == one_pass
