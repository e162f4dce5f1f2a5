"""Places: areas with their technologies, the operator's number blocks, and a reserve block.

Numbers that customers of other networks took along stem from the reserve block, which is handed
out to nobody.
"""

from __future__ import annotations

from datetime import date

from data.simulator.catalog.rows import Row
from data.simulator.model import Area

LEGAL_ENTITY = "THT"
MOBILE_BLOCK = "+491559"
# ported out long ago: a mobile and a geographic block that nobody is given numbers of
MOBILE_RESERVE, GEOGRAPHIC_RESERVE = "+491558", "+494318"
PORTED_OUT = 60

_CITY, _TOWN, _LAND, _ISLAND = (
    ("FIBRE", "DSL", "PSTN"),
    ("FIBRE", "DSL", "PSTN", "WIMAX"),
    ("DSL", "PSTN", "WIMAX"),
    ("PSTN", "WIMAX"),
)
# area_id, name, region, area code, technologies, weight
_AREAS = (
    ("HAMBURG", "Hamburg", "Hamburg", "40", _CITY, 14.0),
    ("BERLIN", "Berlin", "Berlin", "30", _CITY, 9.0),
    ("KIEL", "Kiel", "Schleswig-Holstein", "431", _TOWN, 8.0),
    ("LUEBECK", "Lübeck", "Schleswig-Holstein", "451", _TOWN, 6.0),
    ("FLENSBURG", "Flensburg", "Schleswig-Holstein", "461", _TOWN, 4.0),
    ("HUSUM", "Husum", "Schleswig-Holstein", "4841", _LAND, 2.0),
    ("SEGEBERG", "Bad Segeberg", "Schleswig-Holstein", "4551", _LAND, 2.0),
    ("FOEHR", "Wyk auf Föhr", "Schleswig-Holstein", "4681", _ISLAND, 0.8),
    ("HEIDE", "Heide", "Schleswig-Holstein", "481", _LAND, 1.6),
    ("BREMEN", "Bremen", "Bremen", "421", _CITY, 5.0),
    ("HANNOVER", "Hannover", "Niedersachsen", "511", _TOWN, 5.0),
    ("UELZEN", "Uelzen", "Niedersachsen", "581", _LAND, 1.4),
    ("ROSTOCK", "Rostock", "Mecklenburg-Vorpommern", "381", _TOWN, 3.5),
    ("POTSDAM", "Potsdam", "Brandenburg", "331", _TOWN, 2.0),
    ("MAGDEBURG", "Magdeburg", "Sachsen-Anhalt", "391", _TOWN, 2.0),
    ("LEIPZIG", "Leipzig", "Sachsen", "341", _CITY, 4.0),
    ("DRESDEN", "Dresden", "Sachsen", "351", _TOWN, 3.0),
    ("ERFURT", "Erfurt", "Thüringen", "361", _TOWN, 2.0),
    ("KOELN", "Köln", "Nordrhein-Westfalen", "221", _CITY, 5.0),
    ("DUESSELDORF", "Düsseldorf", "Nordrhein-Westfalen", "211", _CITY, 3.5),
    ("DORTMUND", "Dortmund", "Nordrhein-Westfalen", "231", _TOWN, 3.0),
    ("FRANKFURT", "Frankfurt am Main", "Hessen", "69", _CITY, 4.0),
    ("MAINZ", "Mainz", "Rheinland-Pfalz", "6131", _TOWN, 1.5),
    ("SAARBRUECKEN", "Saarbrücken", "Saarland", "681", _TOWN, 1.2),
    ("STUTTGART", "Stuttgart", "Baden-Württemberg", "711", _CITY, 3.5),
    ("ROTTWEIL", "Rottweil", "Baden-Württemberg", "741", _LAND, 0.8),
    ("MUENCHEN", "München", "Bayern", "89", _CITY, 5.0),
    ("NUERNBERG", "Nürnberg", "Bayern", "911", _TOWN, 2.5),
    ("DEGGENDORF", "Deggendorf", "Bayern", "991", _LAND, 0.9),
)
_SPEEDS = {"FIBRE": (1000, 500), "DSL": (250, 40), "WIMAX": (50, 10)}
_RURAL_SPEEDS = {"DSL": (50, 10), "WIMAX": (25, 5)}
_EVERYWHERE = ("GSM", "GPRS_LTE")


def areas() -> tuple[Area, ...]:
    """Return all areas, by weight mixed as the operator grew: most in the north."""
    return tuple(Area(*row) for row in _AREAS)


def _speeds(area: Area, technology: str) -> tuple[int | None, int | None]:
    rural = "FIBRE" not in area.technologies
    if technology == "GPRS_LTE":
        return (100, 30) if rural else (300, 75)
    found = (_RURAL_SPEEDS if rural else _SPEEDS).get(technology)
    return found or (None, None)


def serviceability_rows() -> list[Row]:
    """Return what can be sold where, also what cannot."""
    rows: list[Row] = []
    for area in areas():
        for technology in (*_EVERYWHERE, "PSTN", "DSL", "WIMAX", "FIBRE"):
            is_available = technology in (*_EVERYWHERE, *area.technologies)
            down, up = _speeds(area, technology) if is_available else (None, None)
            rows.append(
                {
                    "area_id": area.area_id,
                    "access_technology": technology,
                    "area_name": area.name,
                    "region": area.region,
                    "is_available": is_available,
                    "download_mbit": down,
                    "upload_mbit": up,
                }
            )
    return rows


def own_blocks() -> tuple[tuple[str, int, str, str], ...]:
    """Return the blocks out of which numbers are handed out."""
    geographic = tuple((f"+49{area.area_code}9", 6, "geographic", area.area_id) for area in areas())
    return ((MOBILE_BLOCK, 7, "mobile", ""), *geographic)


def range_rows() -> list[Row]:
    """Return all blocks of the operator, with those in reserve."""
    blocks = [(prefix, kind) for prefix, _, kind, _ in own_blocks()]
    blocks += [(MOBILE_RESERVE, "mobile"), (GEOGRAPHIC_RESERVE, "geographic")]
    return [
        {
            "number_prefix": prefix,
            "network_type": "mobile" if kind == "mobile" else "fixed",
            "legal_entity_id": LEGAL_ENTITY,
        }
        for prefix, kind in blocks
    ]


def ported_out() -> tuple[str, ...]:
    """Return the geographic numbers of the reserve block that other networks serve."""
    return tuple(f"{GEOGRAPHIC_RESERVE}{60_101 + place * 337:05d}" for place in range(PORTED_OUT))


def porting_rows(delivered_on: date) -> tuple[Row, ...]:
    """Return the networks that serve ported-out numbers."""
    mobiles = tuple(f"{MOBILE_RESERVE}{2_040_017 + place * 7_919}" for place in range(PORTED_OUT))
    networks = ("D031", "D049", "D081", "D188")
    return tuple(
        {
            "service_number": number,
            "operator_code": networks[place % len(networks)],
            "is_own_network": "false",
            "valid_from_at": f"{2018 + place % 7}-{1 + place % 12:02d}-15T04:00:00Z",
            "op": "upsert",
            "recorded_at": f"{delivered_on}T02:00:00Z",
        }
        for place, number in enumerate((*ported_out(), *mobiles))
    )
