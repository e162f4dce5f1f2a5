"""Number prefixes of the world: zones at home and abroad, who is called, and who is visited."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from data.simulator.catalog.places import GEOGRAPHIC_RESERVE, areas, ported_out
from data.simulator.catalog.rows import Row
from data.simulator.catalog.zones import PLAN, SHORT_CODES, TRUNK
from data.simulator.model import Destination, VisitedNetwork

_FOLDER = Path(__file__).parent
# zones of countries that tell fixed from mobile
_SPLIT = ("EU", "EUR", "TR", "W1", "W2", "W3")
_TRUNK_ZONE = {"EU": "T-EU", "EUR": "T-EUR"}
# other networks of Germany: prefix and digits that follow
_MOBILE = (
    *((f"15{digit}", 8) for digit in "1237"),
    *((f"16{digit}", 7) for digit in "023"),
    *((f"17{digit}", 7) for digit in range(10)),
)
_SPECIAL = (
    ("+49800", "FREEPHONE", "T-FREE", "Freephone"),
    *((f"+49180{digit}", "SHARED", "T-SERVICE", "Shared cost") for digit in range(1, 8)),
    *((f"+49137{digit}", "SHARED", "T-SERVICE", "Mass traffic") for digit in range(1, 10)),
    *((f"+49900{digit}", "PREMIUM", "T-SERVICE", "Premium rate") for digit in (1, 3, 5)),
    ("+49700", "DE-GEO", "T-GEO", "Personal numbers"),
    ("+4932", "DE-GEO", "T-GEO", "National subscriber numbers"),
    ("+4910", "SHARED", "T-SERVICE", "Carrier selection"),
    *((f"+{code}", "SAT", "T-WORLD", "Satellite") for code in (870, 881, 882, 883, 888)),
)
_SERVICE_NUMBERS = (
    ("+49800", 7, 5.0),
    ("+491801", 6, 1.0),
    ("+491803", 6, 1.0),
    ("+491805", 6, 2.0),
    ("+491379", 6, 0.2),
    ("+499001", 6, 0.1),
    ("+4932", 9, 0.7),
)
# digits that follow the code of a country, where its length is not the usual
_FILL = {
    "US": 7,
    "CA": 7,
    "DK": 6,
    "NO": 6,
    "LU": 6,
    "MT": 6,
    "IS": 5,
    "EE": 5,
    "LV": 6,
    "KZ": 8,
    "RU": 9,
}


@dataclass(frozen=True)
class Country:
    """A row of countries.csv: codes, mobile prefixes after the code, zones, weights."""

    iso: str
    name: str
    codes: tuple[str, ...]
    mobile: tuple[str, ...]
    zone: str
    roaming: str
    mcc: str
    calls: float
    visits: float


def _spread(text: str) -> tuple[str, ...]:
    """Return the prefixes of a list with ranges, such as `6 70-79`."""
    found: list[str] = []
    for part in text.split():
        first, _, last = part.partition("-")
        found += [str(number) for number in range(int(first), int(last or first) + 1)]
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=1)
def countries() -> tuple[Country, ...]:
    """Return all countries but Germany."""
    with (_FOLDER / "countries.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Country(
                row["iso"],
                row["name"],
                tuple(row["code"].split()),
                _spread(row["mobile"]),
                row["zone"],
                row["roaming"],
                row["mcc"],
                float(row["calls"]),
                float(row["visits"]),
            )
            for row in csv.DictReader(file)
        )


@lru_cache(maxsize=1)
def _german_codes() -> tuple[tuple[str, str, float], ...]:
    with (_FOLDER / "area_codes.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            (row["area_code"], row["name"], float(row["weight"])) for row in csv.DictReader(file)
        )


def _american_codes() -> tuple[str, ...]:
    return tuple((_FOLDER / "us_area_codes.txt").read_text(encoding="utf-8").split())


def _zone(country: Country, *, mobile: bool) -> str:
    if country.zone not in _SPLIT:
        return country.zone
    return f"{country.zone}-{'MOB' if mobile else 'FIX'}"


def _finer(country: Country) -> tuple[str, ...]:
    """Return mobile prefixes as decks list them: two digits at least where calls are many."""
    if country.calls < 3:
        return country.mobile
    return tuple(
        dict.fromkeys(
            finer
            for prefix in country.mobile
            for finer in ([prefix] if len(prefix) > 1 else [f"{prefix}{n}" for n in range(10)])
        )
    )


def _home() -> dict[str, tuple[str, str, str]]:
    """Return prefix -> (zone, trunk zone, destination) for calls from home."""
    found = {
        "+": ("W3-FIX", "T-WORLD", "Everywhere else"),
        "+49": ("DE-GEO", "T-GEO", "Germany"),
        "none": ("DATA-DE", "T-DATA", "Without a number"),
    }
    for code, name, _ in _german_codes():
        found[f"+49{code}"] = ("DE-GEO", "T-GEO", name)
    for prefix in ("15", "16", "17"):
        found[f"+49{prefix}"] = ("DE-MOB", "T-MOB", "Germany, mobile")
    for prefix, _ in _MOBILE:
        found[f"+49{prefix}"] = ("DE-MOB", "T-MOB", "Germany, mobile")
    for code in _american_codes():
        found[f"+1{code}"] = ("NA", "T-WORLD", "United States")
    for country in countries():
        trunk = _TRUNK_ZONE.get(country.zone, "T-WORLD")
        for code in country.codes:
            found[f"+{code}"] = (_zone(country, mobile=False), trunk, country.name)
        zone = _zone(country, mobile=True)
        for prefix in _finer(country):
            found[f"+{country.codes[0]}{prefix}"] = (zone, trunk, f"{country.name}, mobile")
    found |= {prefix: (zone, trunk, name) for prefix, zone, trunk, name in _SPECIAL}
    return found


def _abroad() -> list[tuple[str, str, str, str]]:
    """Return (visited prefix, number prefix, zone, destination) for roamers."""
    union = [country for country in countries() if country.zone == "EU"]
    codes = ["49", *dict.fromkeys(code for country in union for code in country.codes)]
    rows: dict[tuple[str, str], tuple[str, str]] = {}
    for country in countries():
        here = f"R-{country.roaming}"
        name = f"In {country.name}"
        if country.roaming == "EU":
            rows[country.mcc, "+"] = ("R-EU-OUT", f"{name}, to the world")
            rows |= {(country.mcc, f"+{code}"): (here, name) for code in codes}
        else:
            rows.setdefault((country.mcc, "+"), (here, name))
        rows.setdefault((country.mcc, "none"), (here, name))
    for plmn, name in (("90118", "On ships"), ("90115", "On planes")):
        rows |= {(plmn, number): ("R-SHIP", name) for number in ("+", "none")}
    return [(*key, *value) for key, value in rows.items()]


def prefix_rows() -> list[Row]:
    """Return the prefixes of both zone plans."""
    home = _home()
    rows = [(PLAN, "home", number, zone, name) for number, (zone, _, name) in home.items()]
    rows += [(PLAN, *row) for row in _abroad()]
    coarse: dict[str, str] = {}
    for number in sorted(home, key=lambda prefix: (len(prefix), prefix)):
        trunk = home[number][1]
        fits = [number[:end] for end in range(1, len(number)) if number[:end] in coarse]
        if not fits or coarse[fits[-1]] != trunk:
            coarse[number] = trunk
    rows += [(TRUNK, "home", number, zone, home[number][2]) for number, zone in coarse.items()]
    names = ("zone_plan_id", "visited_prefix", "number_prefix", "zone_id", "destination_name")
    return [dict(zip(names, row, strict=True)) for row in rows]


def destinations() -> tuple[Destination, ...]:
    """Return numbers that customers call outside of the network."""
    found = [Destination(f"+49{prefix}", fill, "mobile", "DE", 1.0) for prefix, fill in _MOBILE]
    own = {area.area_code for area in areas()}
    for place, (code, _, weight) in enumerate(_german_codes()):
        # own blocks begin with 9, the reserve with 8: others hold the lower ones
        prefix = f"+49{code}{2 + place % 5}"
        near = 3.0 if code in own else 1.0
        found.append(Destination(prefix, 9 - len(code), "geographic", "DE", weight * near))
    found += [
        Destination(number, 0, "geographic", "DE", 0.05)
        for number in ported_out()
        if number.startswith(GEOGRAPHIC_RESERVE)
    ]
    for country in countries():
        found += _foreign(country)
    found += [Destination(*row[:2], "service", "DE", row[2]) for row in _SERVICE_NUMBERS]
    found += [
        Destination(code + ("33" if is_prefix else ""), 0, "short_code", "", weight)
        for (code, *_, is_prefix), weight in zip(
            SHORT_CODES, (2, 3, 2, 0.1, 0.1, 0.1, 0.3, 0.5, 4, 0.3, 1, 6), strict=True
        )
    ]
    return tuple(found)


def _foreign(country: Country) -> list[Destination]:
    code = country.codes[0]
    if country.iso == "US":
        codes = _american_codes()
        return [
            Destination(f"+1{area}", 7, "international", "US", country.calls / len(codes))
            for area in codes
        ]
    fill = _FILL.get(country.iso, 7 if len(code) < 4 else 6)
    # a geographic number must not begin like a mobile one
    free = [digit for digit in "2345618" if not any(m.startswith(digit) for m in country.mobile)]
    fixed = Destination(
        f"+{code}{free[0] if free else ''}", fill, "international", country.iso, country.calls * 0.4
    )
    return [
        fixed,
        *(
            Destination(
                f"+{code}{prefix}",
                max(fill - len(prefix) + 1, 4),
                "international",
                country.iso,
                country.calls * 0.6 / len(country.mobile),
            )
            for prefix in country.mobile
        ),
    ]


def visited_networks() -> tuple[VisitedNetwork, ...]:
    """Return the networks that roamers visit: two where many go."""
    found: list[VisitedNetwork] = []
    seen: set[str] = set()
    for country in sorted(countries(), key=lambda country: (-country.visits, country.iso)):
        if country.mcc in seen:
            continue
        seen.add(country.mcc)
        shares = (("01", 0.65), ("10", 0.35)) if country.visits >= 10 else (("01", 1.0),)
        found += [
            VisitedNetwork(
                f"{country.mcc}{network}", country.iso, country.codes[0], country.visits * share
            )
            for network, share in shares
        ]
    found.append(VisitedNetwork("90118", "", "882", 3.0))
    return tuple(found)
