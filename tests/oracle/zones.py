"""From numbers and networks to zones: short codes, prefixes, own network.

Decisions that the design leaves open:
- The zone is looked up once per plan with the rows valid on the local day of the start: a call does
  not change its destination at midnight.
- A number without + is looked up among the short codes, at home and abroad; no prefix fits it, not
  even "+". The code itself goes before a code that is only its beginning, the longer one first.
- A name in place of a number (SMS of a company) is no number, and neither is a caller that is no
  E.164 and no short code: both count like a withheld one ("none"). A dialled one waits.
- Abroad only the prefixes of visited networks fit, never those of home.
- A row whose zone is not in its plan (unknown, or of another plan) stays in the way, and so does
  one that was told in two ways at once: going by the next shorter one would be a wrong price. The
  usage that meets it waits, nothing else does.
- Contradicting rows hold from their first day of validity until they are settled, whatever else is
  told of later days, and go before an ordinary row of the same digits. A contradicted short code
  is taken for the beginning of longer ones: nobody knows if it was meant as one.
- An on-net zone that is not in the plan stops only usage that is on-net.
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


def _rows(
    reference: Reference, feed: str, plan: str, day: date, known: date
) -> list[tuple[Row, bool]]:
    """Return the rows of a plan that a number may meet, and whether they contradict each other."""
    told = [(row, False) for row in reference.all_at(feed, day, known)]
    told += [(row, True) for row in reference.contradictions(feed, day, known)]
    return [(row, is_contradicted) for row, is_contradicted in told if row["zone_plan_id"] == plan]


def _short_code(
    reference: Reference, plan: str, digits: str, day: date, known: date
) -> tuple[Row, bool] | None:
    codes = [
        (row, is_contradicted)
        for row, is_contradicted in _rows(reference, "catalog/short_codes", plan, day, known)
        if digits == row["short_code"]
        or ((row["is_prefix"] or is_contradicted) and digits.startswith(row["short_code"]))
    ]
    return max(codes, key=lambda met: (len(met[0]["short_code"]), met[1]), default=None)


def _prefix(
    reference: Reference, plan: str, visited: str | None, number: str, day: date, known: date
) -> tuple[Row, bool] | None:
    fitting = [
        (row, is_contradicted)
        for row, is_contradicted in _rows(reference, "catalog/zone_prefixes", plan, day, known)
        if (
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
        key=lambda met: (len(met[0]["visited_prefix"]), len(met[0]["number_prefix"]), met[1]),
        default=None,
    )


def _met(
    reference: Reference, plan: str, usage: Row, day: date, known: date
) -> tuple[Row, bool] | None:
    """Return the row that decides on the zone of a usage, and whether it is contradicted."""
    number: str = usage.get("other_number") or "none"
    if not number.startswith("+") and number != "none":
        code = _short_code(reference, plan, number, day, known)
        if code is not None:
            return code
        if not any(sign.isalpha() for sign in number) and usage["direction"] != "terminating":
            return None
        number = "none"
    return _prefix(reference, plan, usage.get("visited_network"), number, day, known)


def zone_of(reference: Reference, plan: str, usage: Row, day: date, known: date) -> str:
    """Return the zone of a usage in a plan; `day` is the local day of its start."""

    def in_plan(zone_id: str) -> Row:
        zone = reference.at("catalog/zones", (zone_id,), day, known)
        if zone is None or zone["zone_plan_id"] != plan:
            raise WaitsError("UNKNOWN_ZONE")
        return zone

    met = _met(reference, plan, usage, day, known)
    if met is None:
        raise WaitsError("NO_ZONE")
    row, is_contradicted = met
    if is_contradicted:
        raise WaitsError("PREFIX_TWICE")
    zone = in_plan(row["zone_id"])
    number, on_net = usage.get("other_number") or "", zone.get("on_net_zone_id")
    is_number = number.startswith("+")
    if on_net and is_number and is_own_number(reference, number, usage["started_at"], day, known):
        zone = in_plan(on_net)
    return str(zone["zone_id"])
