"""From numbers and networks to zones: short codes, prefixes, own network.

Decisions that the design leaves open:
- The zone is looked up once per plan with the rows valid on the local day of the start: a call does
  not change its destination at midnight.
- A number without + is looked up among the short codes, at home and abroad; no prefix fits it, not
  even "+". The code itself goes before a code that is only its beginning, the longer one first.
- A name in place of a number (SMS of a company) is no number, and neither is a caller that is no
  E.164 and no short code: both count like a withheld one ("none"). A dialled one waits.
- Abroad only the prefixes of visited networks fit, never those of home.
- A porting decides before the ranges; who was ported away is off-net in an own range.
"""

from __future__ import annotations

from datetime import date, datetime

from tests.oracle.reference import Reference, Row


class WaitsError(Exception):
    """A usage cannot be priced now; the argument is the reason code."""


def is_own_number(reference: Reference, number: str, at: datetime, day: date, known: date) -> bool:
    """Tell whether the own network serves a number at an instant."""
    porting = reference.at("catalog/portings", (number,), at, known)
    if porting is not None:
        return bool(porting["is_own_network"])
    ranges = reference.all_at("catalog/own_number_ranges", day, known)
    return any(number.startswith(row["number_prefix"]) for row in ranges)


def _short_code(reference: Reference, plan: str, digits: str, day: date, known: date) -> Row | None:
    codes = [
        row
        for row in reference.all_at("catalog/short_codes", day, known)
        if row["zone_plan_id"] == plan
        and (
            digits == row["short_code"]
            or (row["is_prefix"] and digits.startswith(row["short_code"]))
        )
    ]
    return max(codes, key=lambda row: len(row["short_code"]), default=None)


def _prefix(
    reference: Reference, plan: str, visited: str | None, number: str, day: date, known: date
) -> Row | None:
    fitting = [
        row
        for row in reference.all_at("catalog/zone_prefixes", day, known)
        if row["zone_plan_id"] == plan
        and (
            visited.startswith(row["visited_prefix"])
            if visited
            else row["visited_prefix"] == "home"
        )
        and (
            row["number_prefix"] == "none"
            if number == "none"
            else number.startswith(row["number_prefix"])
        )
    ]
    return max(
        fitting,
        key=lambda row: (len(row["visited_prefix"]), len(row["number_prefix"])),
        default=None,
    )


def zone_of(reference: Reference, plan: str, usage: Row, day: date, known: date) -> str:
    """Return the zone of a usage in a plan; `day` is the local day of its start."""
    number: str = usage.get("other_number") or "none"
    is_number = number.startswith("+")
    if not is_number and number != "none":
        code = _short_code(reference, plan, number, day, known)
        if code is not None:
            return str(code["zone_id"])
        if any(sign.isalpha() for sign in number) or usage["direction"] == "terminating":
            number = "none"
        else:
            raise WaitsError("NO_ZONE")
    row = _prefix(reference, plan, usage.get("visited_network"), number, day, known)
    if row is None:
        raise WaitsError("NO_ZONE")
    zone = reference.at("catalog/zones", (row["zone_id"],), day, known)
    if zone is None:
        raise WaitsError("UNKNOWN_ZONE")
    on_net = zone.get("on_net_zone_id")
    at = usage["started_at"]
    if on_net and is_number and is_own_number(reference, number, at, day, known):
        return str(on_net)
    return str(row["zone_id"])
