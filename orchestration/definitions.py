"""The root of the Dagster definitions: what all rooms share, and in which order they are built.

What belongs here: policy (resources, executor, partitions). What does not: an asset, a check or a
sensor; those are in `orchestration.defs`, over plain functions that know nothing of Dagster.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.defs import checks, closing, landing, publishing, schedules, sensors, warehouse
from orchestration.defs.policy import data_folder
from orchestration.instance import prepare_home
from orchestration.partitions import delivery_days
from orchestration.publishing import publish
from orchestration.settings import Settings
from orchestration.stopwatch import Stopwatch
from orchestration.warehouse import prepare_manifest, run_dbt


def build_defs(
    settings: Settings,
    *,
    manifest: Path | None = None,
    resource_overrides: Mapping[str, Any] | None = None,
) -> dg.Definitions:
    """Build everything over one data folder; tests differ in `settings` and overrides only."""
    # single-run backfills are called beta in this version, which is pinned
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        return _merged(settings, manifest, resource_overrides or {})


def _merged(
    settings: Settings,
    manifest: Path | None,
    resource_overrides: Mapping[str, Any],
) -> dg.Definitions:
    days = delivery_days(settings)
    # read anew: dagster-dbt would remember the first reading for the life of the process
    models = json.loads((manifest or prepare_manifest(settings)).read_bytes())
    resources = {
        "settings": settings,
        "data_folder": data_folder,
        "run_dbt": run_dbt,
        "publish": publish,
        "stopwatch": Stopwatch(),
        **resource_overrides,
    }
    return dg.Definitions.merge(
        landing.build(settings),
        checks.build(settings),
        closing.build(settings, days),
        warehouse.build(models),
        publishing.build(warehouse.public_marts(models)),
        schedules.build(settings),
        sensors.build(settings),
        dg.Definitions(resources=resources, executor=dg.in_process_executor),
    )


@dg.definitions
def tollhouse() -> dg.Definitions:
    """Build the definitions that the web server and the daemon load."""
    settings = Settings()
    prepare_home(settings)
    return build_defs(settings)
