"""Lines: which number or login a subscription holds, and from when to when it can use it.

A pause closes the interval of use and a later row goes on with it; the assignment itself goes on.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from data.simulator.model import LINES_SCHEMA
from data.simulator.people.clock import OPEN_AT, midnight, times
from data.simulator.people.numbers import free_number, take_number
from data.simulator.people.world import Row, World, ids

NUMBERS = "order_management/service_numbers"
LINES = "order_management/line_assignments"
INTERNET = ("DSL", "FIBRE", "WIMAX")
MAXIMUM_TRUNK_LINES = 4
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
            key, line_kind = f"pbx{sub + 1:07d}-{place + 1}", "accountcode"
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
        frames[LINES] = pl.DataFrame(
            {
                "line_id": table["key"][keyed].tolist(),
                "line_kind": table["line_kind"][keyed].tolist(),
                **common(keyed),
            }
        )
    return frames


def lines_of_day(world: World, ordinal: int) -> pl.DataFrame:
    """Return who can use what on a local day, as LINES_SCHEMA tells; silent lines are left out."""
    table = world.lines
    start, end = midnight(ordinal), midnight(ordinal + 1)
    in_use = (table["from_at"] < end) & (table["to_at"] > start)
    sub = table["subscription"]
    people = world.subscriptions
    quiet = (people["silent_from"] > 0) & (people["silent_from"] <= ordinal)
    rows = np.flatnonzero(in_use & ~quiet[sub])
    sub = sub[rows]
    plans = np.array(
        [(p.network_type, p.rating_type, p.access_technology) for p in world.plans], dtype=object
    )[people["offer"][sub]]
    areas = np.array([area.area_id for area in world.catalog.areas], dtype=object)
    source = table["source"][rows]
    is_radius, is_voice = source == "radius", source != "radius"
    numbers = _number_texts(table["number"][rows])
    splits = np.maximum(_lines_per_trunk(source, sub), 1)
    per_line = {
        "voice_per_day": np.where(is_voice, people["voice"][sub] / splits, 0.0),
        "sms_per_day": np.where(is_voice, people["sms"][sub], 0.0),
        "data_per_day": np.where(is_radius | (plans[:, 0] == "mobile"), people["data"][sub], 0.0),
        "bytes_per_session": people["session_bytes"][sub],
        "international_share": people["international"][sub],
        "on_net_share": people["on_net"][sub],
        "roaming_per_day": np.where(people["network"][sub] == 0, people["roaming"][sub], 0.0),
        "drop_share": people["drop"][sub],
    }
    firm = world.customers["is_company"][people["customer"][sub]]
    fading = people["fading_from"][sub]
    technology = np.where(plans[:, 0] == "mobile", "GSM", plans[:, 2])
    by_account_code = source == "asterisk"
    columns = {
        "subscription_id": ids("S", sub),
        "subscription_index": sub,
        "customer_kind": np.where(firm, "company", "individual").tolist(),
        "network_type": plans[:, 0].tolist(),
        "rating_type": plans[:, 1].tolist(),
        "access_technology": technology.tolist(),
        "area_id": areas[people["area"][sub]].tolist(),
        "source": source.tolist(),
        "served_key": np.where(is_radius | by_account_code, table["key"][rows], numbers).tolist(),
        "service_number": numbers.tolist(),
        "from_at": times(table["from_at"][rows]),
        "to_at": times(table["to_at"][rows]),
        "friends_of": people["community"][sub],
        **per_line,
        "fade_from_on": pl.Series(
            np.where(fading > 0, fading - 719_163, -1).tolist(), dtype=pl.Int32
        )
        .cast(pl.Date)
        .to_frame("day")
        .select(pl.when(pl.Series(fading > 0)).then("day"))
        .to_series(),
    }
    return pl.DataFrame(columns, schema_overrides=LINES_SCHEMA).select(LINES_SCHEMA.keys())


def _number_texts(numbers: np.ndarray) -> np.ndarray:
    text = pl.lit("+") + pl.col("number").cast(pl.String)
    frame = pl.DataFrame({"number": numbers})
    return frame.select(pl.when(pl.col("number") > 0).then(text)).to_series().to_numpy()


def _lines_per_trunk(source: np.ndarray, sub: np.ndarray) -> np.ndarray:
    return np.where(source == "asterisk", 1 + sub % MAXIMUM_TRUNK_LINES, 1)
