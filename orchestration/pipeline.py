"""`python -m orchestration.pipeline [--as-of DAY]`: every open day, from landing to publish, once.

The same job as Dagster's schedule, executed in this process, so that its web pages show the run.
With nothing new it says so and does nothing. Exit code 0 when all is well, 1 when something failed.
"""

from __future__ import annotations

import argparse
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb

from orchestration.alerts import raise_alert
from orchestration.built import Built, code_digest, read_built
from orchestration.console import complain, say
from orchestration.contracts import ContractError
from orchestration.failures import what_failed
from orchestration.ingest import ManifestError, Plan, plan, read_manifest
from orchestration.locks import LockHeldError, hold_data_folder
from orchestration.publishing import current_build
from orchestration.report import decided_since, report_of
from orchestration.settings import Settings
from orchestration.stopwatch import Stopwatch
from orchestration.waiting import problems_of

if TYPE_CHECKING:
    import dagster as dg

# before Dagster and dbt are imported: their import is part of what orchestration costs
_STARTED = time.monotonic()


class PipelineError(RuntimeError):
    """The pipeline cannot run, or a run of it failed; the text is for a person."""


def is_up_to_date(settings: Settings, found: Plan, built: Built | None) -> bool:
    """Whether what is published was made of all that was delivered, by the present code."""
    return (
        built is not None
        and found.is_idle
        and not found.days
        and built.as_of == found.as_of
        and built.build == current_build(settings)
        and built.code_digest == code_digest(settings)
    )


def days_to_run(found: Plan, built: Built | None) -> tuple[date, date]:
    """Return the first and the last day of the run: open days, and closed ones without a build."""
    if found.as_of is None:
        raise PipelineError("nothing was ever delivered")
    last = found.as_of
    if built is not None and last < built.as_of:
        raise PipelineError(
            f"this data folder stands at {built.as_of} and moves forward only. To see {last}, "
            "point TOLLHOUSE_DATA at another folder with the same landing."
        )
    first = found.days[0] if found.days else last
    if built is not None:
        first = min(first, built.as_of + timedelta(days=1))
    return min(first, last), last


def execute(settings: Settings, first: date, last: date, watch: Stopwatch) -> str:
    """Run the job over the days and return the id of its run.

    Raises PipelineError when it fails.
    """
    from orchestration.definitions import build_defs  # noqa: PLC0415  seconds that idle must not pay
    from orchestration.instance import open_instance, settle_dead_runs  # noqa: PLC0415
    from orchestration.progress import Progress, failure_text, run_tags  # noqa: PLC0415

    say(f"  {'load definitions':<24}{len_of_days(first, last)}")
    with _readable(settings), open_instance(settings) as instance:
        settle_dead_runs(instance, settings, datetime.now(UTC))
        with watch.measure("dbt"):
            from orchestration.warehouse import prepare_manifest  # noqa: PLC0415

            manifest = prepare_manifest(settings)
        defs = build_defs(settings, manifest=manifest, resource_overrides={"stopwatch": watch})
        run_id = str(uuid.uuid4())
        instance.add_event_listener(run_id, Progress(say))
        result = defs.resolve_job_def("daily").execute_in_process(
            instance=instance,
            run_id=run_id,
            tags=run_tags(first, last),
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
        if not result.success:
            raise PipelineError(_failed(settings, instance, run_id, failure_text(result)))
    return run_id


@contextmanager
def _readable(settings: Settings) -> Iterator[None]:
    """Turn errors of dbt and of Dagster's store into a PipelineError of one line."""
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

    from orchestration.dbt_results import DbtError  # noqa: PLC0415

    try:
        yield
    except (DbtError, DBAPIError) as error:
        shown = error.orig if isinstance(error, DBAPIError) else error
        raise PipelineError(what_failed(settings, shown or error)) from error


def len_of_days(first: date, last: date) -> str:
    """Say which days a run covers."""
    count = (last - first).days + 1
    return f"{last}" if count == 1 else f"{first} to {last} ({count} days)"


def _failed(settings: Settings, instance: dg.DagsterInstance, run_id: str, text: str) -> str:
    from orchestration.defs.sensors import alerts_of_run  # noqa: PLC0415

    run = instance.get_run_by_id(run_id)
    files = [raise_alert(settings, alert) for alert in alerts_of_run(instance, run)] if run else []
    served = current_build(settings)
    return "\n".join(
        [
            text,
            f"Published is still: {served or 'nothing'}.",
            *(f"Alarm: {path}" for path in files),
        ]
    )


def run_pipeline(settings: Settings, as_of: date | None = None) -> None:
    """Bring the data folder up to `as_of` (default: the last delivery day) and publish."""
    watch = Stopwatch()
    with hold_data_folder(settings, "pipeline"):
        with watch.measure("plan"):
            found = plan(settings, as_of)
            built = read_built(settings)
            up_to_date = is_up_to_date(settings, found, built)
        if found.as_of is None or (found.is_idle and found.processed_through is None):
            until = f" up to {as_of}" if as_of else ""
            say(f"Nothing was delivered yet{until} that counts: no file of a known feed lies in")
            say(f"{settings.landing}/<system>/<feed>/<day>/.")
            _say_problems(settings)
            return
        if up_to_date:
            say(f"Nothing to do: build {current_build(settings)} covers {found.as_of}.")
            if found.waiting_files:
                say(f"{found.waiting_files} late files wait: they count on the next delivery day.")
            _say_problems(settings)
            _say_next()
            return
        first, last = days_to_run(found, built)
        before = read_manifest(settings)
        execute(settings, first, last, watch)
        say(report_of(decided_since(before, read_manifest(settings))))
    total = time.monotonic() - _STARTED
    say(
        f"\n{total:.1f} s: "
        + ", ".join(f"{name} {s:.1f} s" for name, s in watch.seconds.items())
        + f"; orchestration {total - watch.total:.1f} s ({1 - watch.total / total:.0%})"
    )
    say(f"Published: {settings.published / str(current_build(settings))}")
    _say_next()


def _say_next() -> None:
    say("To look at it: `make dashboards`, then http://127.0.0.1:8501 for the pages;")
    say("               `make dagster`, then http://127.0.0.1:3000 for runs, checks and lineage.")


def _say_problems(settings: Settings) -> None:
    problems = problems_of(settings)
    if problems:
        say("Left in landing, in no build until somebody corrects it:")
        say("\n".join(problems))


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse arguments, run, and turn what went wrong into a message and an exit code."""
    parser = argparse.ArgumentParser(prog="orchestration.pipeline", description=__doc__)
    parser.add_argument(
        "--as-of", type=date.fromisoformat, help="last delivery day to process (YYYY-MM-DD)"
    )
    chosen = parser.parse_args(arguments)
    settings = Settings()
    try:
        run_pipeline(settings, chosen.as_of)
    except (PipelineError, LockHeldError, ManifestError, ContractError) as error:
        complain(f"\nFAILED: {error}")
        return 1
    except (OSError, duckdb.Error) as error:
        complain(f"\nFAILED: {what_failed(settings, error)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
