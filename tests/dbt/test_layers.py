"""What keeps the dbt project one house: layers, engine seams, documentation, keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

LAYERS = ("staging", "intermediate", "marts")
READS = {
    "staging": {"source"},
    "intermediate": {"staging", "intermediate"},
    "marts": {"staging", "intermediate", "marts"},
}

# words that one engine knows and another spells differently, and every kind of wall clock
ENGINE_WORDS = re.compile(
    r"\b(asof\s+join|unnest|explode|generate_series|sequence|read_parquet|read_csv|strptime|"
    r"strftime|date_format|to_timestamp|from_utc_timestamp|to_utc_timestamp|timezone|sha256|sha2|"
    r"md5|hash|epoch|epoch_us|unix_timestamp|date_diff|datediff|list_\w+|struct_pack|hugeint)"
    r"\s*\(|\basof\s+join\b|\bat\s+time\s+zone\b|\bexclude\s*\(",
    re.IGNORECASE,
)
CLOCK_WORDS = re.compile(
    r"\b(now|today|get_current_timestamp|getdate)\s*\(|\b(current_date|current_timestamp|"
    r"current_time|localtimestamp|run_started_at)\b",
    re.IGNORECASE,
)
COMMENTS = re.compile(r"\{#.*?#\}|--[^\n]*", re.DOTALL)


def models(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["package_name"] == "tollhouse":
            yield node


def layer_of(unique_id: str, manifest: dict[str, Any]) -> str:
    if unique_id.startswith("source."):
        return "source"
    return str(manifest["nodes"][unique_id]["fqn"][1])


def wrong_reads(manifest: dict[str, Any]) -> list[str]:
    return [
        f"{node['name']} ({layer_of(node['unique_id'], manifest)}) reads {parent}"
        for node in models(manifest)
        for parent in node["depends_on"]["nodes"]
        if layer_of(parent, manifest)
        not in READS.get(layer_of(node["unique_id"], manifest), {"nothing"})
    ]


def test_data_flows_to_the_right_only(manifest: dict[str, Any]) -> None:
    assert {layer_of(node["unique_id"], manifest) for node in models(manifest)} == set(LAYERS)
    assert wrong_reads(manifest) == []


@pytest.mark.parametrize(
    ("reader", "parent"),
    [
        ("stg_catalog__tariffs", "stg_catalog__zones"),
        ("int_catalog__count_usage_rates", "dim_tariffs"),
        ("int_catalog__count_usage_rates", "source.tollhouse.catalog.tariffs"),
        ("dim_tariffs", "source.tollhouse.catalog.tariffs"),
    ],
)
def test_a_read_against_the_flow_is_noticed(
    manifest: dict[str, Any], reader: str, parent: str
) -> None:
    broken = {"nodes": {key: dict(node) for key, node in manifest["nodes"].items()}}
    node = broken["nodes"][f"model.tollhouse.{reader}"]
    wrong = parent if parent.startswith("source.") else f"model.tollhouse.{parent}"
    node["depends_on"] = {**node["depends_on"], "nodes": [wrong]}
    assert len(wrong_reads(broken)) == 1


def words_in(code: str, pattern: re.Pattern[str]) -> list[str]:
    return [match[0] for match in pattern.finditer(COMMENTS.sub("", code))]


def test_models_and_tests_speak_no_engines_dialect(manifest: dict[str, Any]) -> None:
    found = {
        node["unique_id"]: words_in(node["raw_code"], ENGINE_WORDS)
        for node in manifest["nodes"].values()
        if node["resource_type"] in {"model", "test"}
    }
    assert {name: words for name, words in found.items() if words} == {}


def test_nothing_reads_the_wall_clock(manifest: dict[str, Any]) -> None:
    code = {node["unique_id"]: node["raw_code"] for node in manifest["nodes"].values()}
    code |= {macro["unique_id"]: macro["macro_sql"] for macro in own_macros(manifest)}
    found = {name: words_in(text, CLOCK_WORDS) for name, text in code.items()}
    assert {name: words for name, words in found.items() if words} == {}


def own_macros(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [m for m in manifest["macros"].values() if m["package_name"] == "tollhouse"]


def test_only_dispatched_macros_speak_an_engines_dialect(manifest: dict[str, Any]) -> None:
    shared = [m for m in own_macros(manifest) if not m["name"].startswith(("duckdb__", "spark__"))]
    found = {macro["name"]: words_in(macro["macro_sql"], ENGINE_WORDS) for macro in shared}
    assert {name: words for name, words in found.items() if words} == {}


def test_every_dispatched_macro_knows_both_engines(manifest: dict[str, Any]) -> None:
    names = {macro["name"] for macro in own_macros(manifest)}
    dispatched = {m["name"] for m in own_macros(manifest) if "adapter.dispatch" in m["macro_sql"]}
    assert dispatched
    wanted = {f"{engine}__{name}" for name in dispatched for engine in ("duckdb", "spark")}
    assert wanted - names == set()


@pytest.mark.parametrize(
    "code",
    [
        "select now() as loaded_at",
        "select current_date as day_on",
        "select x at time zone 'UTC' from y",
        "select unnest(list) from y",
        "from a asof join b on a.x >= b.x",
        "select strptime(x, '%Y') from read_parquet('x')",
    ],
)
def test_the_scan_finds_what_it_looks_for(code: str) -> None:
    assert words_in(code, ENGINE_WORDS) or words_in(code, CLOCK_WORDS)


def test_only_staging_cuts_deliveries_and_all_of_staging_does(manifest: dict[str, Any]) -> None:
    for node in models(manifest):
        cuts = "delivered_by_as_of(" in node["raw_code"]
        is_staging = layer_of(node["unique_id"], manifest) == "staging"
        assert cuts == is_staging, node["name"]


def test_every_model_and_column_is_described(manifest: dict[str, Any]) -> None:
    for node in models(manifest):
        assert node["description"].startswith("One row per "), node["name"]
        assert node["columns"], node["name"]
        for column in node["columns"].values():
            assert column["description"] and column["data_type"], (node["name"], column["name"])


def test_every_mart_is_contracted_and_public_and_its_grain_is_proved(
    manifest: dict[str, Any],
) -> None:
    proved = {
        test["attached_node"]
        for test in manifest["nodes"].values()
        if test["resource_type"] == "test"
        # a test that is written as a sentence has no such data
        and (test.get("test_metadata") or {}).get("name") == "unique_combination"
    }
    for node in models(manifest):
        if layer_of(node["unique_id"], manifest) == "marts":
            assert node["contract"]["enforced"], node["name"]
            assert node["access"] == "public", node["name"]
            assert node["schema"] == "marts", node["name"]
        assert node["unique_id"] in proved, node["name"]
