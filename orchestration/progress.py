"""What a person sees while a run goes on: one line per stage, and why it stopped if it did."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date

import dagster as dg
from dagster._core.storage.tags import REPOSITORY_LABEL_TAG

from orchestration.instance import PROCESS_TAG, this_process
from orchestration.partitions import tags_of_days

# the code location as `dagster dev -m orchestration.definitions` names it: ties the run to its job
LOCATION = "orchestration.definitions"

_STAGES = {
    "feed_checks": "check feeds",
    "close_delivery_days": "close days",
    "dbt_build": "build and test models",
    "published__build": "publish",
}


def run_tags(first: date, last: date) -> dict[str, str]:
    """Return the tags of a run that this process executes over some days."""
    return {
        **tags_of_days(first, last),
        PROCESS_TAG: this_process(),
        REPOSITORY_LABEL_TAG: f"__repository__@{LOCATION}",
    }


class Progress:
    """Listens to the events of a run and says when a stage begins."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._stage = ""
        self._started = time.monotonic()

    def __call__(self, entry: dg.EventLogEntry) -> None:
        """Take one event."""
        if entry.dagster_event_type != dg.DagsterEventType.STEP_START:
            return
        stage = _STAGES.get(str(entry.step_key), "ingest files")
        if stage != self._stage:
            self._stage = stage
            self._say(f"  {stage:<24}{time.monotonic() - self._started:6.1f} s")


def failure_text(result: dg.ExecuteInProcessResult) -> str:
    """Return what failed in a run, in the words of the step and of the checks."""
    lines = []
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            said = data.user_failure_data.description if data.user_failure_data else None
            error = data.error
            while error is not None and error.cause is not None:
                error = error.cause
            lines.append(f"{event.step_key}: {said or (error.message if error else '')}".strip())
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR:
                name = check.asset_key.to_user_string()
                lines.append(f"{name}: {check.check_name}: {check.description or 'failed'}")
    # a run that never came to its first step says why in the event that ended it
    lines += [e.message or "" for e in result.all_events if e.is_run_failure and not lines]
    return "\n".join(lines)
