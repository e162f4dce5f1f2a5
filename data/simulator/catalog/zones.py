"""Zones of two plans, sets of them, and short codes.

DE is the plan of all tariffs for persons; TRUNK is the coarse plan of telephone systems.
"""

from __future__ import annotations

from data.simulator.catalog.rows import Row

PLAN, TRUNK = "DE", "TRUNK"

# zone, on-net replacement, name, bill label, kind
_ZONES = (
    ("DE-GEO", "ON-NET", "German fixed network", "Deutsches Festnetz", "national"),
    ("DE-MOB", "ON-NET", "German mobile networks", "Deutsche Mobilfunknetze", "national"),
    ("ON-NET", None, "Own network", "Netzintern", "national"),
    ("FREEPHONE", None, "Freephone 0800", "0800 kostenfrei", "special"),
    ("SHARED", None, "Shared cost 0180, 0137", "Service 0180/0137", "special"),
    ("PREMIUM", None, "Premium 0900", "Premium-Dienste 0900", "special"),
    ("EMERGENCY", None, "Emergency and counselling", "Notruf", "special"),
    ("AUTHORITY", None, "Public services 115, 116", "Behördenruf", "special"),
    ("INFO", None, "Directory services 118", "Auskunftsdienste", "special"),
    ("EU-FIX", None, "European Union, fixed", "EU Festnetz", "international"),
    ("EU-MOB", None, "European Union, mobile", "EU Mobilfunk", "international"),
    ("EUR-FIX", None, "Rest of Europe, fixed", "Europa Festnetz", "international"),
    ("EUR-MOB", None, "Rest of Europe, mobile", "Europa Mobilfunk", "international"),
    ("TR-FIX", None, "Türkiye, fixed", "Türkei Festnetz", "international"),
    ("TR-MOB", None, "Türkiye, mobile", "Türkei Mobilfunk", "international"),
    ("NA", None, "USA and Canada", "USA, Kanada", "international"),
    ("W1-FIX", None, "World 1, fixed", "Welt 1 Festnetz", "international"),
    ("W1-MOB", None, "World 1, mobile", "Welt 1 Mobilfunk", "international"),
    ("W2-FIX", None, "World 2, fixed", "Welt 2 Festnetz", "international"),
    ("W2-MOB", None, "World 2, mobile", "Welt 2 Mobilfunk", "international"),
    ("W3-FIX", None, "World 3, fixed", "Welt 3 Festnetz", "international"),
    ("W3-MOB", None, "World 3, mobile", "Welt 3 Mobilfunk", "international"),
    ("SAT", None, "Satellite networks", "Satellitennetze", "international"),
    ("R-EU", None, "Roaming in the EU, to the EU", "Roaming EU", "roaming"),
    ("R-EU-OUT", None, "Roaming in the EU, to the world", "Roaming EU in Drittländer", "roaming"),
    ("R-CH", None, "Roaming in Switzerland and Britain", "Roaming Schweiz/UK", "roaming"),
    ("R-W1", None, "Roaming world 1", "Roaming Welt 1", "roaming"),
    ("R-W2", None, "Roaming world 2", "Roaming Welt 2", "roaming"),
    ("R-SHIP", None, "Roaming on ships and planes", "Roaming See/Luft", "roaming"),
    ("DATA-DE", None, "Data in Germany", "Daten Inland", "internet"),
)
_TRUNK_ZONES = (
    ("T-GEO", "T-ON-NET", "Trunk: German fixed network", "Deutsches Festnetz", "national"),
    ("T-MOB", "T-ON-NET", "Trunk: German mobile", "Deutsche Mobilfunknetze", "national"),
    ("T-ON-NET", None, "Trunk: own network", "Netzintern", "national"),
    ("T-FREE", None, "Trunk: free numbers", "Kostenfreie Rufnummern", "special"),
    ("T-SERVICE", None, "Trunk: service numbers", "Servicerufnummern", "special"),
    ("T-EU", None, "Trunk: European Union", "Europäische Union", "international"),
    ("T-EUR", None, "Trunk: rest of Europe", "Übriges Europa", "international"),
    ("T-WORLD", None, "Trunk: world", "Welt", "international"),
    ("T-DATA", None, "Trunk: data", "Daten", "internet"),
)

_NATIONAL = ("DE-GEO", "DE-MOB", "ON-NET", "T-GEO", "T-MOB", "T-ON-NET")
_EU_CALLS = ("EU-FIX", "EU-MOB", "T-EU")
ZONE_SETS: dict[str, tuple[str, tuple[str, ...]]] = {
    "ON-NET": ("Netzintern", ("ON-NET", "T-ON-NET")),
    "FIXNET": ("Deutsches Festnetz", ("DE-GEO", "T-GEO")),
    "MOBILE": ("Deutsche Mobilfunknetze", ("DE-MOB", "T-MOB")),
    "NATIONAL": ("Deutschland", _NATIONAL),
    "HOME-EU": ("Deutschland und EU-Roaming", (*_NATIONAL, "R-EU")),
    "EU": ("EU, dort und dorthin", (*_NATIONAL, "R-EU", *_EU_CALLS)),
    "EU-CALLS": ("Von Deutschland in die EU", _EU_CALLS),
    "INTL-PACK": ("EU, Türkei, USA und Kanada", (*_EU_CALLS, "TR-FIX", "TR-MOB", "NA")),
    "TURKEY": ("Türkei", ("TR-FIX", "TR-MOB")),
    "EAST": ("EU und übriges Europa", (*_EU_CALLS, "EUR-FIX", "EUR-MOB", "T-EUR")),
    "DATA-DE": ("Daten in Deutschland", ("DATA-DE", "T-DATA")),
    "DATA-EU": ("Daten in Deutschland und der EU", ("DATA-DE", "R-EU", "T-DATA")),
    "DATA-EU-CH": ("Daten in der EU, Schweiz und UK", ("DATA-DE", "R-EU", "R-CH", "T-DATA")),
    "ROAM-CH": ("Roaming Schweiz und UK", ("R-CH",)),
    "ROAM-WORLD": ("Roaming weltweit", ("R-CH", "R-W1", "R-W2")),
    "ALL": (
        "Alle Zonen ohne Sonderrufnummern",
        tuple(zone for zone, _, _, _, kind in (*_ZONES, *_TRUNK_ZONES) if kind != "special"),
    ),
}

# code, zone, trunk zone, name, emergency, hidden on bill, prefix of longer ones
SHORT_CODES = (
    ("110", "EMERGENCY", "T-FREE", "Polizei", True, False, False),
    ("112", "EMERGENCY", "T-FREE", "Notruf", True, False, False),
    ("115", "AUTHORITY", "T-GEO", "Behördenruf", False, False, False),
    ("116000", "EMERGENCY", "T-FREE", "Vermisste Kinder", False, True, False),
    ("116006", "EMERGENCY", "T-FREE", "Opfertelefon", False, True, False),
    ("116016", "EMERGENCY", "T-FREE", "Gewalt gegen Frauen", False, True, False),
    ("116111", "EMERGENCY", "T-FREE", "Kinder- und Jugendtelefon", False, True, False),
    ("116116", "AUTHORITY", "T-FREE", "Sperr-Notruf", False, False, False),
    ("116117", "EMERGENCY", "T-FREE", "Ärztlicher Bereitschaftsdienst", False, False, False),
    ("116123", "EMERGENCY", "T-FREE", "Telefonseelsorge", False, True, False),
    ("118", "INFO", "T-SERVICE", "Auskunftsdienste", False, False, True),
    ("22922", "FREEPHONE", "T-FREE", "Kundenservice", False, False, False),
)


def zone_rows() -> list[Row]:
    """Return the zones of both plans."""
    return [
        {
            "zone_id": zone,
            "zone_plan_id": plan,
            "on_net_zone_id": on_net,
            "name": name,
            "bill_label": label,
            "zone_kind": kind,
        }
        for plan, zones in ((PLAN, _ZONES), (TRUNK, _TRUNK_ZONES))
        for zone, on_net, name, label, kind in zones
    ]


def zone_set_rows() -> list[Row]:
    """Return who is a member of which set."""
    return [
        {"zone_set_id": key, "zone_id": zone, "name": name}
        for key, (name, zones) in ZONE_SETS.items()
        for zone in zones
    ]


def short_code_rows() -> list[Row]:
    """Return the short codes of both plans."""
    return [
        {
            "zone_plan_id": plan,
            "short_code": code,
            "zone_id": zone if plan == PLAN else trunk_zone,
            "name": name,
            "is_emergency": is_emergency,
            "is_hidden_on_bill": is_hidden,
            "is_prefix": is_prefix,
        }
        for plan in (PLAN, TRUNK)
        for code, zone, trunk_zone, name, is_emergency, is_hidden, is_prefix in SHORT_CODES
    ]
