"""What the definitions of all rooms share: the pool, the retries, the names of the resources."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Protocol

import dagster as dg

from orchestration.dbt_results import DbtResult
from orchestration.instance import PROCESS_TAG, this_process
from orchestration.locks import hold_data_folder
from orchestration.publishing import PublishResult
from orchestration.settings import Settings

# one holder at a time: the warehouse is one DuckDB file; set on assets and on checks alike
POOL = "warehouse"
OWNERS = ["team:operations"]
SINGLE_RUN = dg.BackfillPolicy.single_run()
# ingest is repeatable, and what fails there for a moment is the file system
RETRY = dg.RetryPolicy(max_retries=2, delay=1, backoff=dg.Backoff.EXPONENTIAL)


class DbtRunner(Protocol):
    """`orchestration.warehouse.run_dbt`, or what a test puts in its place."""

    def __call__(
        self, settings: Settings, args: Sequence[str], as_of: date, *, tested_from: date | None
    ) -> DbtResult:
        """Run one dbt command as known on `as_of`."""


Publisher = Callable[[Settings, date, dict[str, str]], PublishResult]


def key_of_feed(system: str, feed: str) -> dg.AssetKey:
    """Return the asset key of a feed's raw rows."""
    return dg.AssetKey(["raw", system, feed])


@dg.resource(required_resource_keys={"settings"}, description="Holds the data folder for the run.")
def data_folder(context: dg.InitResourceContext) -> Iterator[None]:
    """Hold the lock on the data folder from the first step of a run to its last."""
    run = context.run
    if context.instance is not None and run is not None:
        context.instance.add_run_tags(run.run_id, {PROCESS_TAG: this_process()})
    purpose = f"Dagster run {run.run_id}" if run else "Dagster"
    with hold_data_folder(context.resources.settings, purpose):
        yield
