"""The Dagster instance of this house: its folder, how it is opened, and what a killed run left.

What belongs here: everything that must be true before Dagster starts. What does not: definitions.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from orchestration.locks import LockHeldError, hold_data_folder
from orchestration.settings import REPOSITORY, Settings

TEMPLATE = REPOSITORY / "orchestration" / "dagster.yaml"
# who executes a run: `<pid>:<start of the process>`, so that a reused pid is not mistaken for it
PROCESS_TAG = "tollhouse/process"
# events of one output over a range of days are written at once
_BATCH_EVENTS = "2000"
_BEGUN = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
# a start takes seconds, and waits for the data folder half a minute
_NAMELESS = timedelta(minutes=10)


def prepare_home(settings: Settings) -> Path:
    """Write `dagster.yaml` and point this process, and those it starts, at its folder."""
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    text = TEMPLATE.read_text(encoding="utf-8").replace("{home}", home.as_posix())
    path = home / "dagster.yaml"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        half = path.with_name(f".dagster.yaml.{os.getpid()}")
        half.write_text(text, encoding="utf-8")
        half.replace(path)
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
    os.environ["DAGSTER_EVENT_BATCH_SIZE"] = _BATCH_EVENTS
    return home


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """Open the instance below the data folder; close it with `dispose` or as a context."""
    return dg.DagsterInstance.from_config(str(prepare_home(settings)))


def _started(pid: int) -> str | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    # the name of the program may hold blanks; the 20th field after it is the start in ticks
    return text.rpartition(")")[2].split()[19]


def this_process() -> str:
    """Name this process in a way that a later one with the same pid does not share."""
    return f"{os.getpid()}:{_started(os.getpid())}"


def _is_alive(process: str) -> bool:
    pid, _, started = process.partition(":")
    return _started(int(pid)) == started


def settle_dead_runs(instance: dg.DagsterInstance, settings: Settings, now: datetime) -> list[str]:
    """Mark runs that nobody executes any more as failed; returns their ids.

    A run whose process is gone is dead at once. One that was killed before it named its process is
    dead when it is old and nobody holds the data folder. Runs in the queue are the daemon's.
    """
    dead: list[str] = []
    nameless: list[dg.DagsterRun] = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=_BEGUN)):
        run = record.dagster_run
        process = run.tags.get(PROCESS_TAG)
        # a run that is repeated from the pages carries the tag of the first until it has its own
        if process is not None and run.status != dg.DagsterRunStatus.STARTING:
            if not _is_alive(process):
                dead.append(_settle(instance, run, "The process that executed this run is gone."))
        elif now - _last_sign(record) > _NAMELESS:
            nameless.append(run)
    if nameless:
        with suppress(LockHeldError), hold_data_folder(_impatient(settings), "settle dead runs"):
            text = "This run was ended before its first step, and nobody executes it."
            dead += [_settle(instance, run, text) for run in nameless]
    return dead


def _settle(instance: dg.DagsterInstance, run: dg.DagsterRun, text: str) -> str:
    instance.report_run_failed(run, text)
    return run.run_id


def _last_sign(record: dg.RunRecord) -> datetime:
    # not the creation alone: a run may have waited in the queue for hours before it started
    times = [record.create_timestamp, record.update_timestamp]
    if record.start_time is not None:
        times.append(datetime.fromtimestamp(record.start_time, UTC))
    return max(time if time.tzinfo else time.replace(tzinfo=UTC) for time in times)


def _impatient(settings: Settings) -> Settings:
    return settings.model_copy(update={"lock_wait_seconds": 0.0})
