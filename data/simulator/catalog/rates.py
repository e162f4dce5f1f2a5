"""The rates of a tariff version: what each zone, band and kind of usage costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from data.simulator.catalog.calendar import BANDS
from data.simulator.catalog.rows import CURRENCY, Row
from data.simulator.catalog.tariffs import Tariff, Version
from data.simulator.catalog.zones import TRUNK

MEGABYTE = 1_000_000

# price of a minute from home, net
_ABROAD = {
    "EU-FIX": "0.1900", "EU-MOB": "0.1900", "EUR-FIX": "0.2900", "EUR-MOB": "0.4900",
    "TR-FIX": "0.1900", "TR-MOB": "0.3900", "NA": "0.0900", "W1-FIX": "0.2900",
    "W1-MOB": "0.4900", "W2-FIX": "0.6900", "W2-MOB": "0.8900", "W3-FIX": "1.2900",
    "W3-MOB": "1.4900", "SAT": "4.9900",
}  # fmt: skip
_TRUNK_ABROAD = {"T-EU": "0.0690", "T-EUR": "0.1490", "T-WORLD": "0.3900"}
_SPECIAL = {"SHARED": "0.1176", "PREMIUM": "1.6723", "AUTHORITY": "0.0000", "INFO": "1.6723"}
# zone -> price of a minute made, a minute received, a message, a megabyte
_ROAMING = {
    "R-EU-OUT": ("0.4900", "0", "0.1900", "0.0020"),
    "R-CH": ("0.2900", "0.0900", "0.1900", "0.0060"),
    "R-W1": ("0.9900", "0.4900", "0.3900", "0.0200"),
    "R-W2": ("1.9900", "0.9900", "0.4900", "0.0500"),
    "R-SHIP": ("4.9900", "2.9900", "0.9900", "0.2500"),
}


@dataclass(frozen=True)
class _Rate:
    usage: str
    direction: str
    zone: str | None
    price: Decimal
    band: str | None = None
    model: str = "flat"
    tier: int = 1
    from_units: int = 0
    unit: int = 60
    first: int = 60
    increment: int = 60
    connect: str = "0"
    flat_fee: str = "0"
    label: str | None = None
    maximum: str | None = None


def _money(value: Decimal | str, digits: str = "0.0001") -> Decimal:
    return Decimal(value).quantize(Decimal(digits), ROUND_HALF_UP)


def _modelled(rate: _Rate, model: str) -> list[_Rate]:
    """Return the tiers of a national rate by the price model of its tariff."""
    base = replace(rate, model=model)
    if model == "banded":
        dear = _money(rate.price * Decimal("1.5"), "0.00001")
        return [replace(base, price=dear), replace(base, tier=2, from_units=60)]
    if model == "graduated":
        steps = ((0, "1", "0"), (30_000, "0.8", "0"), (120_000, "0.6", "0"), (600_000, "0.4", "5"))
    elif model == "volume":
        steps = ((0, "1", "2"), (60_000, "0.75", "4"), (300_000, "0.5", "9"))
    elif model == "package":
        size = 30_000
        return [replace(base, unit=size, price=_money(rate.price * size / 60, "0.01"))]
    else:
        return [rate]
    return [
        replace(
            base,
            tier=place + 1,
            from_units=units,
            price=_money(rate.price * Decimal(part), "0.00001"),
            flat_fee=fee,
        )
        for place, (units, part, fee) in enumerate(steps)
    ]


def _national(version: Version) -> list[_Rate]:
    tariff = version.tariff
    prefix = "T-" if tariff.plan == TRUNK else "DE-"
    on_net = "T-ON-NET" if tariff.plan == TRUNK else "ON-NET"
    voice = Decimal(tariff.voice) * version.factor
    mobile = Decimal(tariff.mobile) * version.factor if tariff.mobile else voice
    inside = Decimal(tariff.on_net) if tariff.on_net is not None else voice
    counted = {"first": tariff.first, "increment": tariff.increment, "connect": tariff.connect}
    rates: list[_Rate] = []
    for zone, price in ((f"{prefix}GEO", voice), (f"{prefix}MOB", mobile)):
        for band in BANDS[tariff.bands] if tariff.bands else (None,):
            part = {"OFFPEAK": "0.8", "WEEKEND": "0.6"}.get(band or "", "1")
            rate = _Rate(
                "voice", "originating", zone, _money(price * Decimal(part)), band, **counted
            )  # type: ignore[arg-type]
            rates += _modelled(rate, tariff.model)
    rates.append(_Rate("voice", "originating", on_net, _money(inside), **counted))  # type: ignore[arg-type]
    return rates


def _special(tariff: Tariff) -> list[_Rate]:
    if tariff.plan == TRUNK:
        return [
            _Rate("voice", "originating", "T-FREE", Decimal(0), first=1, increment=1),
            _Rate("voice", "originating", "T-SERVICE", Decimal("0.1900")),
            _Rate("voice", "originating", "T-DATA", Decimal(0)),
        ]
    free = [
        _Rate("voice", "originating", zone, Decimal(0), first=1, increment=1)
        for zone in ("FREEPHONE", "EMERGENCY", "DATA-DE")
    ]
    gross = Decimal("1.19") if tariff.with_tax else Decimal(1)
    paid = [
        _Rate("voice", "originating", zone, _money(Decimal(price) * gross), maximum="49.99")
        for zone, price in _SPECIAL.items()
    ]
    return free + paid


def _international(tariff: Tariff) -> list[_Rate]:
    prices = _TRUNK_ABROAD if tariff.plan == TRUNK else _ABROAD
    gross = Decimal("1.19") if tariff.with_tax else Decimal(1)
    # no more than the cap of the Union for calls into it
    return [
        _Rate(
            "voice",
            "originating",
            zone,
            _money(Decimal(price) * gross * Decimal(tariff.abroad)),
            first=tariff.first,
            increment=tariff.increment,
            connect="0.15" if zone in ("W3-FIX", "W3-MOB", "SAT") else "0",
        )
        for zone, price in prices.items()
    ]


def _roaming(version: Version) -> list[_Rate]:
    """Return rates abroad; in the Union they are those at home."""
    tariff = version.tariff
    if tariff.network != "mobile":
        return []
    home = _money(Decimal(tariff.voice) * version.factor)
    gross = Decimal("1.19") if tariff.with_tax else Decimal(1)
    rates = [_Rate("voice", "originating", "R-EU", home, first=30, increment=1)]
    for zone, (made, received, message, megabyte) in _ROAMING.items():
        sms, data = _money(Decimal(message) * gross), _money(Decimal(megabyte) * gross)
        rates += [
            _Rate("voice", "originating", zone, _money(Decimal(made) * gross)),
            _Rate("voice", "terminating", zone, _money(Decimal(received) * gross)),
            _Rate("sms", "originating", zone, sms, unit=1, first=1, increment=1),
            _Rate(
                "data",
                "originating",
                zone,
                data,
                unit=MEGABYTE,
                first=100_000,
                increment=100_000,
                maximum="15.00",
            ),
        ]
    return rates


def _others(version: Version) -> list[_Rate]:
    """Return what holds for every zone that has no row of its own."""
    tariff = version.tariff
    one = {"unit": 1, "first": 1, "increment": 1}
    sms = _money(tariff.message)
    bytes_ = {"unit": MEGABYTE, "first": 100_000, "increment": 100_000}
    forwarded = _money(Decimal(tariff.mobile or tariff.voice) * version.factor)
    rates = [
        _Rate("voice", "terminating", None, Decimal(0), first=1, increment=1),
        _Rate("voice", "forwarded", None, forwarded, label="Rufumleitung"),
        _Rate("data", "originating", None, _money(tariff.megabyte), **bytes_),  # type: ignore[arg-type]
        _Rate("data", "terminating", None, Decimal(0), **bytes_),  # type: ignore[arg-type]
    ]
    messages = {"sms": sms, "mms": _money(sms * 4)}
    for usage, price in messages.items():
        rates += [
            _Rate(usage, "originating", None, price, **one),  # type: ignore[arg-type]
            _Rate(usage, "terminating", None, Decimal(0), **one),  # type: ignore[arg-type]
            _Rate(usage, "forwarded", None, price, **one),  # type: ignore[arg-type]
        ]
    return rates


def rate_rows(version: Version) -> list[Row]:
    """Return the rows of usage_rates of a version."""
    tariff = version.tariff
    rates = (
        _national(version)
        + _special(tariff)
        + _international(tariff)
        + _roaming(version)
        + _others(version)
    )
    return [
        {
            "usage_rate_id": f"{version.key}-{place:03d}",
            "tariff_version_id": version.key,
            "usage_type": rate.usage,
            "direction": rate.direction,
            "zone_id": rate.zone,
            "time_band_id": rate.band,
            "price_model": rate.model,
            "bill_label": rate.label,
            "tax_category": None,
            "tier_number": rate.tier,
            "from_units": rate.from_units,
            "unit_size": rate.unit,
            "first_block_units": rate.first,
            "increment_units": rate.increment,
            "price": rate.price,
            "connect_fee_amount": rate.connect,
            "flat_fee_amount": rate.flat_fee,
            "minimum_charge_amount": None,
            "maximum_charge_amount": rate.maximum,
            "currency": CURRENCY,
            "valid_from_on": version.valid_from,
        }
        for place, rate in enumerate(rates, start=1)
    ]
