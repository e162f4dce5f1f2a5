"""A small house for tests: three feeds, two models, one test, and a dbt that only pretends.

What is real: ingest, checks, closing, locks, Dagster. What is not: dbt and publishing, which write
down that they were called.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.dbt_results import DbtError, DbtResult, NodeResult
from orchestration.definitions import build_defs
from orchestration.instance import open_instance
from orchestration.partitions import tags_of_days
from orchestration.publishing import PublishResult
from orchestration.settings import REPOSITORY, Settings
from tests.ingest.usage import usages

CONTRACTS = (
    "network/usage_records",
    "network/outages",
    "operations/delivery_waivers",
    "operations/quarantine_replays",
)
USAGE = "network/usage_records"
USAGE_KEY = dg.AssetKey(["raw", "network", "usage_records"])
STAGED = "model.tollhouse.stg_network__usage_records"
MART = "model.tollhouse.fct_rated_usage"
TEST = "test.tollhouse.every_usage_is_rated_once"


def _node(
    kind: str, name: str, folder: list[str], parents: list[str], **more: Any
) -> dict[str, Any]:
    return {
        "resource_type": kind,
        "unique_id": f"{kind}.tollhouse.{name}",
        "name": name,
        "alias": name,
        "package_name": "tollhouse",
        "fqn": ["tollhouse", *folder, name],
        "path": f"{'/'.join(folder)}/{name}.sql",
        "original_file_path": f"models/{'/'.join(folder)}/{name}.sql",
        "depends_on": {"nodes": parents, "macros": []},
        "description": f"One row per {name}.",
        "tags": [],
        "meta": {},
        "columns": {},
        "checksum": {"checksum": "0"},
        "config": {"schema": folder[0], "materialized": "table", "meta": {}, "enabled": True},
    } | more


def write_manifest(path: Path) -> Path:
    """Write what dbt would write about a project of two models and a test."""
    source = "source.tollhouse.network.usage_records"
    nodes = [
        _node("model", "stg_network__usage_records", ["staging", "network"], [source]),
        _node("model", "fct_rated_usage", ["marts", "rating"], [STAGED]),
        _node(
            "test",
            "every_usage_is_rated_once",
            ["rating"],
            [MART],
            attached_node=MART,
            config={"severity": "ERROR", "enabled": True, "meta": {}},
        ),
    ]
    nodes[1]["config"]["access"] = "public"
    children: dict[str, list[str]] = {source: [STAGED], STAGED: [MART], MART: [TEST], TEST: []}
    body = {
        "metadata": {"project_name": "tollhouse", "adapter_type": "duckdb"},
        "nodes": {node["unique_id"]: node for node in nodes},
        "sources": {
            source: _node("source", "usage_records", ["raw"], [])
            | {
                "unique_id": source,
                "source_name": "network",
                "fqn": ["tollhouse", "staging", "network", "network", "usage_records"],
                "meta": {"dagster": {"asset_key": ["raw", "network", "usage_records"]}},
            }
        },
        **{kind: {} for kind in ("metrics", "exposures", "semantic_models", "saved_queries")},
        **{kind: {} for kind in ("groups", "unit_tests", "selectors", "functions")},
        "child_map": children,
        "parent_map": {STAGED: [source], MART: [STAGED], TEST: [MART], source: []},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(body))
    return path


@dataclass
class House:
    """Settings over a temporary folder, and what the pretended rooms were asked to do."""

    settings: Settings
    manifest: Path
    instance: dg.DagsterInstance
    test_status: str = "pass"
    mart_status: str = "success"
    digest: str = "this"
    built: list[tuple[date, date | None, tuple[str, ...]]] = field(default_factory=list)
    published: list[date] = field(default_factory=list)

    def run_dbt(
        self, settings: Settings, args: Sequence[str], as_of: date, *, tested_from: date | None
    ) -> DbtResult:
        self.built.append((as_of, tested_from, tuple(args)))
        red = "fail" in (self.test_status, self.mart_status)
        nodes = tuple(
            NodeResult(unique_id, status, 0.1, rows, failures, message)
            for unique_id, status, rows, failures, message in (
                (STAGED, "success", None, None, "OK"),
                (MART, self.mart_status, 7, None, ""),
                (TEST, self.test_status, None, 3 if red else 0, "Got 3 results" if red else ""),
            )
        )
        result = DbtResult(tuple(args), 0.3, nodes)
        if red:
            raise DbtError("dbt build failed: every_usage_is_rated_once", result)
        return result

    def publish(self, settings: Settings, as_of: date, inputs: dict[str, str]) -> PublishResult:
        self.published.append(as_of)
        build = f"{as_of}-build"
        folder = settings.published / build
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").write_text("{}")
        (settings.published / "CURRENT").write_text(build)
        return PublishResult(build, folder, True, {"fct_rated_usage": 7})

    def definitions(self) -> dg.Definitions:
        return build_defs(
            self.settings,
            manifest=self.manifest,
            resource_overrides={"run_dbt": self.run_dbt, "publish": self.publish},
        )

    def run(self, first: str, last: str | None = None) -> dg.ExecuteInProcessResult:
        """Execute the daily job over delivery days, in this process."""
        tags = tags_of_days(date.fromisoformat(first), date.fromisoformat(last or first))
        return (
            self.definitions()
            .resolve_job_def("daily")
            .execute_in_process(
                instance=self.instance,
                tags=tags,
                raise_on_error=False,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        )

    def land_usage(self, day: str, count: int = 5, start: int = 1, name: str = "a.csv") -> Path:
        folder = self.settings.landing / USAGE / day
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_text(usages(count, start))
        os.utime(path, (1_600_000_000, 1_600_000_000))
        return path

    def land_waiver(self, day: str, missing_sequence: str, waived_on: str) -> Path:
        """Give up one number, or one day, of the usage feed."""
        folder = self.settings.landing / "operations" / "delivery_waivers" / day
        folder.mkdir(parents=True)
        path = folder / "waivers.csv"
        path.write_text(
            "delivery_waiver_id,waived_system,waived_feed,missing_sequence,approved_by,reason,"
            "waived_on,recorded_at\n"
            f"W1,network,usage_records,{missing_sequence},E7,switch replaced,{waived_on},"
            f"{day}T09:00:00Z\n"
        )
        return path


@contextmanager
def open_house(folder: Path) -> Iterator[House]:
    """Make a house with a few of the real contracts, and open its Dagster instance."""
    contracts = folder / "contracts"
    for feed in CONTRACTS:
        target = contracts / f"{feed}.odcs.yaml"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / "data" / "contracts" / f"{feed}.odcs.yaml", target)
    settings = Settings(data=folder / "data", contracts=contracts, lock_wait_seconds=0)
    with open_instance(settings) as instance:
        yield House(settings, write_manifest(folder / "target" / "manifest.json"), instance)
