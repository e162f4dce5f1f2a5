"""Lines: which number or login a subscription holds, and from when to when it can use it.

A pause closes the interval of use and a later row goes on with it; the assignment itself goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from data.simulator.model import LINES_SCHEMA
from data.simulator.people.clock import OPEN_AT, dates, midnight, times
from data.simulator.people.numbers import free_number, take_number
from data.simulator.people.world import Row, World, ids

NUMBERS = "order_management/service_numbers"
LINES = "order_management/line_assignments"
INTERNET = ("DSL", "FIBRE", "WIMAX")
MAXIMUM_TRUNK_LINES = 4
# one trunk in so many has names that no other exchange uses; the others count from 100 on
GLOBAL_NAMES, FIRST_CODE = 3, 100
_FOREIGN = -1


def _new_rows(world: World, sub: int, rng: np.random.Generator, ported: int) -> list[Row]:
    table = world.subscriptions
    plan = world.plans[table["offer"][sub]]
    area = world.catalog.areas[table["area"][sub]].area_id
    kind = "mobile" if plan.network_type == "mobile" else "geographic"
    source = table["source"][sub]
    count = 1 + sub % MAXIMUM_TRUNK_LINES if source == "asterisk" else 1
    rows: list[Row] = []
    for place in range(count):
        pair = (ported, _FOREIGN) if ported else take_number(rng, world, kind, area)
        key, line_kind = None, None
        if source == "asterisk":
            key, line_kind = _account_code(world, sub, place), "accountcode"
        elif source == "freeswitch":
            key, line_kind = f"{pair[0]}", "accountcode"
        rows.append(
            {
                "number": pair[0],
                "block": pair[1],
                "key": key,
                "line_kind": line_kind,
                "source": source,
                "is_primary": place == 0,
            }
        )
    if plan.access_technology in INTERNET and source == "usage_records":
        rows.append(
            {
                "number": 0,
                "block": _FOREIGN,
                "key": f"u{sub + 1:07d}@tollhouse.example",
                "line_kind": "user_name",
                "source": "radius",
                "is_primary": False,
            }
        )
    return rows


def exchange_of(world: World, subs: np.ndarray) -> np.ndarray:
    """Return the telephone exchange that each subscription with one is connected to."""
    feeds = sorted(world.catalog.usage_sources.items())
    exchanges = np.array([name for name, feed in feeds if feed == "asterisk"], dtype=object)
    return exchanges[subs % len(exchanges)]


def _account_code(world: World, sub: int, place: int) -> str:
    """Name a line at its exchange: over all exchanges, or shortly, as each of them counts."""
    if sub % GLOBAL_NAMES == 0:
        return f"pbx{sub + 1:07d}-{place + 1}"
    counter = f"account code {exchange_of(world, np.array([sub]))[0]}"
    world.counters[counter] = world.counters.get(counter, FIRST_CODE - 1) + 1
    return str(world.counters[counter])


def give_lines(
    world: World, subs: np.ndarray, at: int | None = None, ported: int = 0
) -> np.ndarray:
    """Give each subscription its numbers and logins, from `at` or its activation on."""
    rng = world.stream("numbers", int(subs[0]) if len(subs) == 1 else "many")
    rows: list[Row] = []
    starts = world.subscriptions["activated_on"]
    for sub in subs.tolist():
        begin = midnight(int(starts[sub])) if at is None else at
        rows += [
            {**row, "subscription": sub, "from_at": begin}
            for row in _new_rows(world, sub, rng, ported)
        ]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return world.lines.append({**columns, "to_at": OPEN_AT, "is_continued": False}, len(rows))


def open_lines(world: World, sub: int) -> np.ndarray:
    """Return the lines that a subscription can use now."""
    table = world.lines
    return np.flatnonzero((table["subscription"] == sub) & (table["to_at"] == OPEN_AT))


def held_lines(world: World, sub: int) -> np.ndarray:
    """Return the newest interval of each line that a subscription holds, paused or not."""
    table = world.lines
    rows = np.flatnonzero(table["subscription"] == sub)
    return rows[table["to_at"][rows] == table["to_at"][rows].max(initial=0)]


def pause_lines(world: World, sub: int, at: int) -> None:
    """End the use of all lines; their assignment stays."""
    world.lines["to_at"][open_lines(world, sub)] = at


def continue_lines(world: World, sub: int, at: int) -> None:
    """Begin the use again of the lines that were paused last."""
    table = world.lines
    rows = held_lines(world, sub)
    columns = {name: table[name][rows] for name in table.columns}
    world.lines.append(
        {**columns, "from_at": at, "to_at": OPEN_AT, "is_continued": True}, len(rows)
    )


def withdraw_lines(world: World, sub: int, at: int, *, keeps_numbers: bool = False) -> None:
    """Take all lines away and deliver it; numbers go to quarantine unless they are taken along."""
    table = world.lines
    for row in held_lines(world, sub).tolist():
        table["to_at"][row] = min(int(table["to_at"][row]), at)
        world.queue("withdrawn lines", row, at)
        if table["number"][row] and not keeps_numbers:
            free_number(world, int(table["number"][row]), int(table["block"][row]))


def queued_line_frames(world: World) -> dict[str, list[pl.DataFrame]]:
    """Return the rows of all assignments that began or ended today."""
    frames: dict[str, list[pl.DataFrame]] = {NUMBERS: [], LINES: []}
    rows, _ = world.queued("new lines")
    if len(rows):
        starts = world.lines["from_at"][rows]
        for feed_id, frame in line_frames(world, rows, starts, starts).items():
            frames[feed_id].append(frame)
    rows, ends = world.queued("withdrawn lines")
    if len(rows):
        for feed_id, frame in line_frames(world, rows, ends, ends, "delete").items():
            frames[feed_id].append(frame)
    return frames


def line_frames(
    world: World,
    rows: np.ndarray,
    valid_from: np.ndarray,
    recorded_at: np.ndarray,
    op: str = "upsert",
) -> dict[str, pl.DataFrame]:
    """Return the assignments of lines as rows of the feeds that deliver them."""
    table = {name: world.lines[name][rows] for name in world.lines.columns}
    numbered, keyed = table["number"] > 0, table["key"] != None  # noqa: E711  element by element
    kinds = np.array([kind for _, _, kind, _ in world.catalog.own_blocks] + ["mobile"])
    subs = ids("S", table["subscription"]).to_numpy()
    mobile = world.subscriptions["network"][table["subscription"]] == 0

    def common(mask: np.ndarray) -> dict[str, object]:
        count = int(mask.sum())
        return {
            "subscription_id": subs[mask].tolist(),
            "valid_from_at": times(valid_from[mask]),
            "op": [op] * count,
            "recorded_at": times(recorded_at[mask]),
        }

    digits = table["number"].astype(str)
    cards = np.array([f"8949{number[-15:]:0>15}" for number in digits], dtype=object)
    identities = np.array([f"26299{number[-10:]:0>10}" for number in digits], dtype=object)
    frames = {}
    if numbered.any():
        frames[NUMBERS] = pl.DataFrame(
            {
                "service_number": [f"+{number}" for number in digits[numbered]],
                "number_kind": kinds[table["block"][numbered]].tolist(),
                "iccid": pl.Series(
                    np.where(mobile, cards, None)[numbered].tolist(), dtype=pl.String
                ),
                "imsi": pl.Series(
                    np.where(mobile, identities, None)[numbered].tolist(), dtype=pl.String
                ),
                "is_primary": table["is_primary"][numbered],
                **common(numbered),
            }
        )
    if keyed.any():
        key, source = table["key"][keyed], table["source"][keyed]
        is_short = (source == "asterisk") & ~np.char.startswith(key.astype(str), "pbx")
        exchange = np.where(is_short, exchange_of(world, table["subscription"][keyed]), None)
        frames[LINES] = pl.DataFrame(
            {
                "line_id": key.tolist(),
                "line_kind": table["line_kind"][keyed].tolist(),
                "usage_source_id": pl.Series(exchange.tolist(), dtype=pl.String),
                **common(keyed),
            }
        )
    return frames


def lines_of_day(world: World, ordinal: int) -> pl.DataFrame:
    """Return who can use what on a local day, as LINES_SCHEMA tells; silent lines are left out.

    One column more, `known_from_on`, is the day on which a late assignment will be delivered.
    """
    table = world.lines
    start, end = midnight(ordinal), midnight(ordinal + 1)
    in_use = (table["from_at"] < end) & (table["to_at"] > start)
    sub = table["subscription"]
    people = world.subscriptions
    quiet = (people["silent_from"] > 0) & (people["silent_from"] <= ordinal)
    rows = np.flatnonzero(in_use & ~quiet[sub])
    sub = sub[rows]
    offer = people["offer"][sub]
    networks = [plan.network_type for plan in world.plans]
    technologies = [
        "GSM" if plan.network_type == "mobile" else plan.access_technology for plan in world.plans
    ]
    is_mobile = np.array(networks, dtype=object)[offer] == "mobile"
    source = table["source"][rows]
    is_radius, by_account_code = source == "radius", source == "asterisk"
    is_voice, has_key = ~is_radius, is_radius | by_account_code
    numbers = _number_texts(table["number"][rows])
    keys = pl.Series(np.where(has_key, table["key"][rows], None).tolist(), dtype=pl.String)
    splits = np.where(by_account_code, 1 + sub % MAXIMUM_TRUNK_LINES, 1)
    per_line = {
        "voice_per_day": np.where(is_voice, people["voice"][sub] / splits, 0.0),
        "sms_per_day": np.where(is_voice, people["sms"][sub], 0.0),
        "data_per_day": np.where(is_radius | is_mobile, people["data"][sub], 0.0),
        "bytes_per_session": people["session_bytes"][sub],
        "international_share": people["international"][sub],
        "on_net_share": people["on_net"][sub],
        "roaming_per_day": np.where(people["network"][sub] == 0, people["roaming"][sub], 0.0),
        "drop_share": people["drop"][sub],
    }
    firm = world.customers["is_company"][people["customer"][sub]]
    fading = people["fading_from"][sub]
    columns = {
        "subscription_id": ids("S", sub),
        "subscription_index": sub,
        "customer_kind": named(["individual", "company"], firm),
        "network_type": named(networks, offer),
        "rating_type": named([plan.rating_type for plan in world.plans], offer),
        "access_technology": named(technologies, offer),
        "area_id": named([area.area_id for area in world.catalog.areas], people["area"][sub]),
        "source": pl.Series(source.tolist(), dtype=pl.String),
        "served_key": numbers.zip_with(pl.Series(~has_key), keys),
        "service_number": numbers,
        "from_at": times(table["from_at"][rows]),
        "to_at": times(table["to_at"][rows]),
        "friends_of": people["community"][sub],
        **per_line,
        "fade_from_on": dates(fading),
    }
    lines = pl.DataFrame(columns, schema_overrides=LINES_SCHEMA).select(LINES_SCHEMA.keys())
    return lines.join(_still_to_tell(world), on="service_number", how="left", maintain_order="left")


def _still_to_tell(world: World) -> pl.DataFrame:
    """Return the numbers whose holder was not delivered yet, and when that will be."""
    days = {
        payload["row"]["service_number"]: date.fromordinal(day)
        for day in sorted(world.agenda)
        for what, payload in world.agenda[day]
        if what == "deliver" and payload["feed_id"] == NUMBERS
    }
    schema = {"service_number": pl.String(), "known_from_on": pl.Date()}
    return pl.DataFrame({"service_number": list(days), "known_from_on": days.values()}, schema)


def named(names: Sequence[str | None], places: np.ndarray) -> pl.Series:
    """Return the name at each place."""
    return pl.Series(names, dtype=pl.String).gather(places.astype(np.int64))


def _number_texts(numbers: np.ndarray) -> pl.Series:
    text = pl.lit("+") + pl.col("number").cast(pl.String)
    frame = pl.DataFrame({"number": numbers})
    return frame.select(pl.when(pl.col("number") > 0).then(text)).to_series()
