"""The Dagster instance of this house: its folder, how it is opened, and what a killed run left.

What belongs here: everything that must be true before Dagster starts. What does not: definitions.
"""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

from orchestration.settings import REPOSITORY, Settings

TEMPLATE = REPOSITORY / "orchestration" / "dagster.yaml"
# who executes a run: `<pid>:<start of the process>`, so that a reused pid is not mistaken for it
PROCESS_TAG = "tollhouse/process"
# events of one output over a range of days are written at once
_BATCH_EVENTS = "2000"


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


def settle_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs whose process is gone as failed, so that they block no queue; returns their ids."""
    open_runs = instance.get_runs(
        dg.RunsFilter(
            statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING],
        )
    )
    dead = []
    for run in open_runs:
        process = run.tags.get(PROCESS_TAG)
        if process is not None and not _is_alive(process):
            instance.report_run_failed(run, "The process that executed this run is gone.")
            dead.append(run.run_id)
    return dead
