"""The contracts are the registry of every column: what they must all have in common."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from orchestration.contracts import load_feeds
from orchestration.contracts.model import Column, Feed

CONTRACTS = Path(__file__).resolve().parents[2] / "data" / "contracts"
FILES = sorted(CONTRACTS.glob("*/*.odcs.yaml"))
FEEDS = load_feeds(CONTRACTS)

# column names of these are the switch's own, not ours
SOURCE_NATIVE = {"network/asterisk", "network/freeswitch", "network/radius"}
DOMAINS = {
    "acquisition",
    "adjustments",
    "assurance",
    "care",
    "catalog",
    "charging",
    "churn",
    "collections",
    "customer_base",
    "invoicing",
    "orders",
    "payments",
    "prepaid",
    "rating",
    "shared",
    "usage",
}
PERSONAL = re.compile(
    r"(^|_)(first_name|last_name|company_name|account_name|payer_name|recipient_name|"
    r"counterparty_name|contact_name|account_holder|salutation|street|postal_code|city|"
    r"email|phone|birth_on|iban|bic|mandate_id|document_number|service_number|served_number|"
    r"other_number|imsi|iccid|tax_id|note|transcript|recording_ref|corrected_text|"
    r"remittance_text|purpose_text|reason_text|description|title|line_id)$"
)
# the same words for things that identify nobody
NOT_PERSONAL = {
    ("catalog/legal_entities", "street"),
    ("catalog/legal_entities", "postal_code"),
    ("catalog/legal_entities", "city"),
    ("catalog/legal_entities", "iban"),
    ("catalog/legal_entities", "bic"),
    ("catalog/legal_entities", "contact_phone"),
    ("catalog/legal_entities", "contact_email"),
    ("catalog/tariffs", "description"),
    ("payments/bank_statements", "account_iban"),
}
# number of one of our documents, not of a passport
DOCUMENT_NUMBER_OF_OURS = re.compile(r"^(care|collections|documents|operations|payments)/")


def each_column(*, own: bool = False) -> list[Any]:
    return [
        pytest.param(feed, column, id=f"{feed.id}.{column.name}")
        for feed in FEEDS.values()
        for column in feed.columns
        if not (own and feed.id in SOURCE_NATIVE)
    ]


def each_feed() -> list[Any]:
    return [pytest.param(feed, id=feed.id) for feed in FEEDS.values()]


@pytest.fixture(scope="module")
def standard() -> Any:
    # the model reads the same file by a call that Python deprecates
    package = resources.files("open_data_contract_standard")
    schema = json.loads((package / "schema.json").read_text(encoding="utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_contract_is_valid_by_the_standard(path: Path, standard: Any) -> None:
    errors = standard.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert [f"{list(error.path)}: {error.message}" for error in errors] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_contract_reads_like_a_document(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert [line for line in text.splitlines() if len(line) > 110] == []
    assert not re.search(r"(^|\s)[&*][a-z]+\d*$", text, re.MULTILINE), "no aliases or anchors"


@pytest.mark.parametrize("feed", each_feed())
def test_feed_says_what_it_is(feed: Feed) -> None:
    assert feed.domain in DOMAINS
    assert feed.grain.startswith("One row per ")
    assert len(feed.description) >= 30
    assert feed.key
    assert feed.formats
    assert [name for name in feed.column_names if name.startswith("_")] == []


@pytest.mark.parametrize(("feed", "column"), each_column())
def test_relationship_points_to_an_existing_column(feed: Feed, column: Column) -> None:
    if column.references is None:
        return
    system, name, target = column.references.split(".")
    assert target in FEEDS[f"{system}/{name}"].by_name
    assert FEEDS[f"{system}/{name}"].by_name[target].type == column.type


@pytest.mark.parametrize("feed", each_feed())
def test_money_has_a_currency_beside_it(feed: Feed) -> None:
    money = [
        column
        for column in feed.columns
        if column.name in {"amount", "price"} or column.name.endswith(("_amount", "_price"))
    ]
    if not money:
        return
    assert "currency" in feed.by_name
    for column in money:
        scales = {(18, 10)} if column.name.endswith("price") else {(18, 2), (18, 6)}
        assert (column.precision, column.scale) in scales, column.name
        # a row with money that must be there must say in which currency
        assert feed.by_name["currency"].required or not column.required


@pytest.mark.parametrize(("feed", "column"), each_column())
def test_percent_columns_hold_percents(feed: Feed, column: Column) -> None:
    assert column.name.endswith("_percent") == (
        column.unit is not None and column.unit.startswith("percent")
    )


@pytest.mark.parametrize(("feed", "column"), each_column(own=True))
def test_name_tells_the_type(feed: Feed, column: Column) -> None:
    suffixes = {"timestamp": "_at", "date": "_on"}
    for kind, suffix in suffixes.items():
        assert (column.type == kind) == column.name.endswith(suffix)
    assert (column.type == "boolean") == column.name.startswith(("is_", "has_"))
    assert column.type != "local_timestamp"
    if column.name.endswith("_id"):
        assert column.type == "string"


@pytest.mark.parametrize("feed", each_feed())
def test_change_feed_can_be_versioned(feed: Feed) -> None:
    versioned = {"op", "recorded_at"} <= set(feed.column_names)
    assert feed.is_change_feed == versioned
    if feed.valid_from is None:
        return
    assert feed.valid_from in {"valid_from_on", "valid_from_at"}
    assert feed.column_names[-3:] == (feed.valid_from, "op", "recorded_at")
    assert feed.valid_from not in feed.key
    assert [value for value, _ in feed.by_name["op"].values] == ["upsert", "delete"]
    for name in (feed.valid_from, "op", "recorded_at"):
        assert feed.by_name[name].required


@pytest.mark.parametrize(("feed", "column"), each_column())
def test_what_identifies_a_person_is_classified(feed: Feed, column: Column) -> None:
    if column.type not in {"string", "date"} or not PERSONAL.search(column.name):
        return
    if (feed.id, column.name) in NOT_PERSONAL:
        return
    if column.name == "document_number" and DOCUMENT_NUMBER_OF_OURS.match(feed.id):
        return
    assert column.is_personal


@pytest.mark.parametrize(("feed", "column"), each_column())
def test_column_is_described(feed: Feed, column: Column) -> None:
    words = re.findall(r"\w+", column.description)
    assert len(words) >= 3, "say what it means, not its name again"
    assert column.description.endswith(".")
    assert not re.search(r"\b(todo|tbd)\b", column.description.lower()), "say what it is now"
    if not column.required and not column.values and feed.id not in SOURCE_NATIVE:
        assert re.search(r"\b(empty|without)\b", column.description.lower()), "say what empty means"


@pytest.mark.parametrize(("feed", "column"), each_column())
def test_every_value_is_described(feed: Feed, column: Column) -> None:
    values = [value for value, _ in column.values]
    assert len(values) == len(set(values))
    for value, description in column.values:
        assert len(description) >= 4, value
        assert description.endswith("."), value


@pytest.mark.parametrize(("feed", "column"), each_column())
def test_text_is_bounded(feed: Feed, column: Column) -> None:
    if column.type == "string" and not column.values:
        assert column.max_length is not None
    if column.pattern is not None:
        assert column.pattern.startswith("^")
        assert column.pattern.endswith("$")
        re.compile(column.pattern)


def test_what_later_rules_suspend_can_be_delivered() -> None:
    # a negative price or an absurd quantity is a business fault: it waits in suspense with a
    # reason, and must not vanish into the quarantine of malformed lines
    assert FEEDS["network/usage_records"].by_name["quantity"].minimum is None
    assert FEEDS["catalog/usage_rates"].by_name["price"].minimum is None


def test_asterisk_layouts_are_those_of_the_switch() -> None:
    (file_format,) = FEEDS["network/asterisk"].formats
    full, short, custom = file_format.layouts
    assert len(full) == 21
    assert short == full[:18]
    assert sorted(custom) == sorted(short)
    assert custom[0] == "clid"
    assert custom[15] == "accountcode"


def test_radius_columns_name_their_attribute() -> None:
    for column in FEEDS["network/radius"].columns[1:]:
        assert column.attribute is not None
        assert column.attribute.lower().replace("-", "_") == column.name
