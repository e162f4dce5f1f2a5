"""What the business decides: credit, collection, tax, cycles, rounding, targets, sources."""

from __future__ import annotations

from datetime import date

from data.simulator.catalog.places import LEGAL_ENTITY
from data.simulator.catalog.rows import BEGIN, CURRENCY, Row
from data.simulator.knobs import Knobs

GRACE_DAYS = 3
CYCLES = {"C01M": (1, 1), "C01B": (1, 2)}


def _table(names: str, *rows: tuple[object, ...]) -> list[Row]:
    columns = names.split()
    return [dict(zip(columns, row, strict=True)) for row in rows]


def cycle_rows(knobs: Knobs) -> list[Row]:
    """Return the bill cycles; two-monthly periods begin with the world."""
    return [
        {
            "bill_cycle_id": key,
            "name": "Monatlich zum 1." if months == 1 else "Zweimonatlich zum 1.",
            "cycle_day": day,
            "interval_months": months,
            "anchor_on": knobs.start_on,
            "grace_days": GRACE_DAYS,
            "payment_term_days": 14,
        }
        for key, (day, months) in CYCLES.items()
    ]


def credit_class_rows() -> list[Row]:
    """Return the credit classes, best first within a kind of customer."""
    rows = _table(
        "customer_kind credit_class ladder_id is_postpaid_allowed credit_rank deposit_amount "
        "credit_limit_amount maximum_recurring_amount",
        ("individual", "A", "CONSUMER", True, 1, "0.00", "500.00", None),
        ("individual", "B", "CONSUMER", True, 2, "50.00", "200.00", "60.00"),
        ("individual", "C", "CONSUMER", False, 3, "0.00", "0.00", "0.00"),
        ("company", "A", "BUSINESS", True, 1, "0.00", "5000.00", None),
        ("company", "B", "BUSINESS", True, 2, "100.00", "1000.00", None),
    )
    return [{**row, "currency": CURRENCY} for row in rows]


def credit_rule_rows() -> list[Row]:
    """Return the rules of the credit policy by priority."""
    rows = _table(
        "credit_rule_id customer_kind credit_class priority minimum_credit_score "
        "maximum_negative_entries minimum_monthly_income_amount",
        ("I-A", "individual", "A", 10, 600, 0, "1500.00"),
        ("I-A-SCORE", "individual", "A", 15, 720, 0, None),
        ("I-B", "individual", "B", 20, 450, 1, None),
        ("I-C", "individual", "C", 90, None, None, None),
        ("C-A", "company", "A", 10, 300, 0, None),
        ("C-B", "company", "B", 90, None, None, None),
    )
    return [{**row, "currency": CURRENCY} for row in rows]


_LADDER_COLUMNS = (
    "ladder_id step step_kind name letter_template legal_basis is_interest_charged "
    "is_default_triggered is_affected_service_only is_disputed_excluded days_past_due "
    "waiting_days warning_step warning_days minimum_unpaid_items minimum_overdue_amount fee_amount"
)


def ladder_rows() -> list[Row]:
    """Return the dunning ladders by German law: one for consumers, one for businesses."""
    law = "TKG 61 (4): repeated non-payment, EUR 100 overdue, warning two weeks earlier"
    consumer = _table(
        _LADDER_COLUMNS,
        ("CONSUMER", 1, "reminder", "Zahlungserinnerung", "reminder_de", "BGB 286 (1)",
         False, True, None, True, 5, 0, None, None, 1, "5.00", "0.00"),
        ("CONSUMER", 2, "dunning_letter", "Mahnung", "dunning_de", "BGB 286, 288",
         True, False, None, True, 19, 14, None, None, 1, "5.00", "1.20"),
        ("CONSUMER", 3, "barring_warning", "Sperrandrohung", "barring_de", law,
         True, False, None, True, 33, 14, None, None, 2, "100.00", "1.20"),
        ("CONSUMER", 4, "bar_outgoing", "Sperre abgehend", None, law,
         True, False, True, True, 47, 14, 3, 14, 2, "100.00", "0.00"),
        ("CONSUMER", 5, "bar_all", "Vollsperre", None,
         "TKG 61 (5): incoming at the earliest one week after outgoing",
         True, False, True, True, 54, 7, 3, 14, 2, "100.00", "0.00"),
        ("CONSUMER", 6, "terminate", "Kündigung", "terminate_de", None,
         True, False, None, True, 75, 14, 3, 14, 2, "100.00", "0.00"),
        ("CONSUMER", 7, "agency", "Inkasso", None, None,
         True, False, None, True, 90, 14, None, None, 1, "10.00", "0.00"),
        ("CONSUMER", 8, "write_off", "Ausbuchung", None, None,
         False, False, None, True, 360, 180, None, None, 1, "0.01", "0.00"),
    )  # fmt: skip
    business = _table(
        _LADDER_COLUMNS,
        ("BUSINESS", 1, "dunning_letter", "Mahnung", "dunning_b2b_de", "BGB 286, 288",
         True, True, None, True, 5, 0, None, None, 1, "5.00", "0.00"),
        ("BUSINESS", 2, "call", "Anruf", None, None,
         True, False, None, True, 15, 7, None, None, 1, "50.00", "0.00"),
        ("BUSINESS", 3, "barring_warning", "Sperrandrohung", "barring_b2b_de", None,
         True, False, None, True, 25, 7, None, None, 1, "100.00", "2.50"),
        ("BUSINESS", 4, "bar_outgoing", "Sperre abgehend", None, None,
         True, False, False, True, 39, 14, 3, 14, 1, "100.00", "0.00"),
        ("BUSINESS", 5, "terminate", "Kündigung", "terminate_b2b_de", None,
         True, False, None, True, 60, 14, 3, 14, 1, "100.00", "0.00"),
        ("BUSINESS", 6, "agency", "Inkasso", None, None,
         True, False, None, True, 75, 14, None, None, 1, "10.00", "0.00"),
    )  # fmt: skip
    return [{**row, "currency": CURRENCY} for row in (*consumer, *business)]


def interest_rows(knobs: Knobs) -> list[Row]:
    """Return the base rate as the central bank told it, and the points above it.

    It is told for each half-year; those that nobody knows yet go on with the last rate.
    """
    base = [
        (date(2016, 1, 1), "-0.83"),
        (date(2016, 7, 1), "-0.88"),
        (date(2023, 1, 1), "1.62"),
        (date(2023, 7, 1), "3.12"),
        (date(2024, 1, 1), "3.62"),
        (date(2024, 7, 1), "3.37"),
        (date(2025, 1, 1), "2.27"),
        (date(2025, 7, 1), "1.27"),
        (date(2026, 1, 1), "1.27"),
    ]
    last, rate = base[-1]
    while (last := date(last.year + last.month // 7, 8 - last.month, 1)) <= knobs.last_on:
        base.append((last, rate))
    return _table(
        "rate_kind rate_percent legal_basis valid_from_on",
        *(("base_rate", rate, "BGB 247", day) for day, rate in base),
        ("consumer_points", "5", "BGB 288 (1)", BEGIN),
        ("business_points", "9", "BGB 288 (2)", BEGIN),
    )


def tax_rows() -> list[Row]:
    """Return the tax rules, with the lower rate of the second half of 2020."""
    names = "tax_category tax_status tax_code exemption_reason tax_percent valid_from_on"
    reverse = "Reverse charge, UStG 13b"
    lower, back = date(2020, 7, 1), date(2021, 1, 1)
    rows = _table(
        names,
        ("standard", "domestic", "S", None, "19", BEGIN),
        ("standard", "domestic", "S", None, "16", lower),
        ("standard", "domestic", "S", None, "19", back),
        ("reduced", "domestic", "S", None, "7", BEGIN),
        ("reduced", "domestic", "S", None, "5", lower),
        ("reduced", "domestic", "S", None, "7", back),
        ("standard", "eu_business", "AE", "Reverse charge", "0", BEGIN),
        ("standard", "reseller", "AE", reverse, "0", BEGIN),
        ("standard", "third_country", "O", "Not subject to German VAT", "0", BEGIN),
        ("standard", "exempt", "E", "Exempt by certificate", "0", BEGIN),
        *(
            ("no_vat", status, "O", "Not subject to VAT", "0", BEGIN)
            for status in ("domestic", "eu_business", "reseller", "third_country", "exempt")
        ),
    )
    return [{"legal_entity_id": LEGAL_ENTITY, **row} for row in rows]


def legal_entity_rows() -> list[Row]:
    """Return the billing company."""
    return [
        {
            "legal_entity_id": LEGAL_ENTITY,
            "name": "Tollhouse Telekom GmbH",
            "street": "Am Zollhaus 7",
            "postal_code": "20457",
            "city": "Hamburg",
            "country_code": "DE",
            "vat_id": "DE999999999",
            "tax_number": "48/999/99999",
            "register_court": "Amtsgericht Hamburg",
            "register_number": "HRB 999999",
            "iban": "DE02120300000000202051",
            "bic": "BYLADEM1001",
            "sepa_creditor_id": "DE98ZZZ09999999999",
            "contact_name": "Kundenservice",
            "contact_phone": "+4940999000",
            "contact_email": "rechnung@tollhouse.example",
            "number_prefix": "THT",
            "datev_consultant_number": "1234567",
            "datev_client_number": "10001",
            "currency": CURRENCY,
        }
    ]


def rounding_rows() -> list[Row]:
    """Return the rounding points."""
    points = (
        "usage_line", "recurring_charge", "discount", "tax", "net_from_gross", "interest",
        "allocation", "outage_credit",
    )  # fmt: skip
    return [
        {"rounding_point": point, "rounding_mode": "half_up", "rounding_digits": 2}
        for point in points
    ]


def policy_rows() -> list[Row]:
    """Return every policy number and text."""
    rows: tuple[tuple[str, object, str, str | None], ...] = (
        ("duplicate_window_days", 100, "days", None),
        ("partial_close_days", 3, "days", None),
        ("future_tolerance_minutes", 60, "minutes", None),
        ("maximum_usage_days", 30, "days", None),
        ("traffic_data_retention_days", 180, "days", "TDDDG 10"),
        ("prepaid_activity_window_days", 90, "days", None),
        ("supplementary_minimum", "2.00", "EUR", None),
        ("small_balance", "5.00", "EUR", None),
        ("return_fee", "3.00", "EUR", None),
        ("business_default_lump", "40.00", "EUR", "BGB 288 (5)"),
        ("consumer_default_days", 30, "days", "BGB 286 (3)"),
        ("objection_days", 56, "days", "TKG 67 (1): eight weeks"),
        ("payment_allocation_order", "costs,interest,principal", "text", "BGB 367"),
        ("part_payment_rule", "pro_rata", "text", "TKG 62"),
        ("itemisation_masked_digits", 3, "digits", "TKG 65"),
        ("outage_credit_first_day", 3, "days", "TKG 58 (3)"),
        ("outage_credit_first_amount", "5.00", "EUR", "TKG 58 (3)"),
        ("outage_credit_first_percent", 10, "percent", "TKG 58 (3)"),
        ("outage_credit_second_day", 5, "days", "TKG 58 (3)"),
        ("outage_credit_second_amount", "10.00", "EUR", "TKG 58 (3)"),
        ("outage_credit_second_percent", 20, "percent", "TKG 58 (3)"),
        ("low_balance", "2.00", "EUR", None),
        ("expiring_soon_days", 7, "days", None),
        ("credit_balance_refund_minimum", "1.00", "EUR", None),
        ("churn_gap_days", 7, "days", None),
        ("churn_horizon_days", 30, "days", None),
        ("prepaid_churn_horizon_days", 30, "days", None),
        ("risk_band_high_percent", 20, "percent", None),
        ("risk_band_medium_percent", 8, "percent", None),
        ("retention_control_percent", 20, "percent", None),
        ("repeat_contact_days", 7, "days", None),
        ("engagement_window_days", 60, "days", None),
    )
    return [
        {
            "policy_name": name,
            "number_value": None if unit == "text" else value,
            "text_value": value if unit == "text" else None,
            "unit": unit,
            "legal_basis": law,
        }
        for name, value, unit, law in rows
    ]


def kpi_rows() -> list[Row]:
    """Return targets of key figures."""
    rows = _table(
        "kpi_id name unit better_direction target_value warning_value critical_value",
        ("churn_rate", "Churn rate per month", "percent", "lower", "1.5", "2", "3"),
        ("arpu", "ARPU", "money", "higher", "18", "16", "14"),
        ("dso", "Days sales outstanding", "days", "lower", "20", "30", "45"),
        ("collection_effectiveness", "Collection effectiveness", "percent", "higher", "95",
         "90", "80"),
        ("suspense_rate", "Usage in suspense", "percent", "lower", "0.5", "1", "3"),
        ("first_contact_resolution", "First contact resolution", "percent", "higher", "75",
         "65", "50"),
        ("time_to_resolve", "Time to resolve, median", "hours", "lower", "24", "48", "96"),
        ("dispute_rate", "Disputed bills", "percent", "lower", "0.5", "1", "2"),
        ("order_to_activation", "Order to activation, median", "days", "lower", "8", "12", "20"),
    )  # fmt: skip
    return [{**row, "currency": CURRENCY if row["unit"] == "money" else None} for row in rows]


def source_rows() -> list[Row]:
    """Return the sources of usage; the clock of the second telephone system shows UTC."""
    rows = _table(
        "usage_source_id feed_name file_pattern time_zone area_code served_by "
        "originating_context duration_column minimum_number_digits",
        ("MEDIATION", "usage_records", ".*", "Europe/Berlin", None, "served_number", None,
         None, 6),
        ("PBX-HH", "asterisk", "^pbx-hh", "Europe/Berlin", "40", "accountcode", "from-internal",
         "billsec", 6),
        ("PBX-MUC", "asterisk", "^pbx-muc", "UTC", "89", "accountcode", "from-internal",
         "billsec", 6),
        ("FS-FRA", "freeswitch", "^fs-fra", "Europe/Berlin", "69", "accountcode", "from-customer",
         "billsec", 6),
        ("BNG-1", "radius", "^bng-1", "UTC", None, "user_name", None, None, 6),
    )  # fmt: skip
    common = {"country_code": "49", "trunk_prefix": "0", "international_prefix": "00"}
    into = {"asterisk": "from-trunk", "freeswitch": "from-carrier"}
    return [{**row, **common, "terminating_context": into.get(row["feed_name"])} for row in rows]


def campaign_rows(knobs: Knobs) -> list[Row]:
    """Return the campaigns: some that run always, some of the months of the world."""
    month = knobs.month_on
    rows = _table(
        "campaign_id product_offering_id discount_id name campaign_kind channel budget_amount "
        "contact_cost_amount starts_on ends_on",
        ("STAY", None, "RET-10", "Bleib dabei", "retention", "phone", "60000.00", "4.50",
         date(2020, 1, 1), None),
        ("COMEBACK", None, "HELLO-5", "Komm zurück", "win_back", "letter", "15000.00", "1.20",
         date(2021, 1, 1), None),
        ("FASER", "FASER-250-25", "HELLO-FIX", "Glasfaser vor Ort", "acquisition", "field",
         "80000.00", "18.00", date(2025, 1, 1), None),
        ("WINTER", "MOB-M-25", "HELLO-5", "Winteraktion Mobil", "acquisition", "online",
         "40000.00", "2.10", month(0), month(1)),
        ("SPRING", "MOB-JUNG-25", None, "Frühling für Junge", "acquisition", "app", "25000.00",
         "1.10", month(2), month(4)),
        ("MORE-DATA", "DATA-10", None, "Mehr Daten", "upsell", "email", "5000.00", "0.15",
         month(1), month(5)),
    )  # fmt: skip
    return [{**row, "currency": CURRENCY} for row in rows]
