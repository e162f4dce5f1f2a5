"""What starts a run when files arrive, and what writes an alarm when something is wrong.

A day is run when it is over: a file that arrives later today still counts on today.
"""

from datetime import UTC, date, datetime, timedelta

import dagster as dg

from orchestration.alerts import Alert, raise_alert
from orchestration.defs.schedules import daily
from orchestration.ingest import plan
from orchestration.instance import settle_dead_runs
from orchestration.partitions import operator_day, tags_of_days
from orchestration.settings import Settings

_RUNNING = dg.DefaultSensorStatus.RUNNING
_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def request_for(settings: Settings, today: date) -> dg.RunRequest | dg.SkipReason:
    """Return a run up to the newest day before `today` on which new files count."""
    found = plan(settings)
    if found.as_of is not None and found.as_of >= today:
        found = plan(settings, today - timedelta(days=1))
    if found.is_idle or not found.days:
        return dg.SkipReason(f"no new file counts on a day before {today}")
    # the same files never start a second run, a further file does: what failed once for a reason
    # would fail again every minute
    manifest = settings.raw / "manifest.jsonl"
    seen = manifest.stat().st_size if manifest.exists() else 0
    return dg.RunRequest(
        run_key=f"{found.days[0]}_{found.days[-1]}_{found.new_files}_{seen}",
        tags=tags_of_days(found.days[0], found.days[-1]),
    )


def overdue(settings: Settings, today: date) -> Alert | None:
    """Return the alarm for days that are over for more than a day and still open."""
    found = plan(settings, today - timedelta(days=1))
    late = [day.isoformat() for day in found.days[:-1]]
    if found.processed_through is None or not late:
        return None
    return Alert(
        kind="run_overdue",
        subject=late[0],
        message=f"No run has closed {late[0]} (last closed day: {found.processed_through}). "
        "Start `make pipeline`, or look for the failed run.",
        details={"open_days": late, "processed_through": found.processed_through.isoformat()},
    )


def alerts_of_run(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[Alert]:
    """Return the alarms that a finished run deserves: that it failed, and its failed checks."""
    alerts = []
    if run.is_failure:
        failures = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        steps = {
            str(entry.step_key): entry.get_dagster_event().step_failure_data.error_display_string
            for entry in failures
        }
        alerts.append(
            Alert(
                kind="run_failed",
                subject=run.run_id,
                message=f"{run.job_name} failed in {', '.join(steps) or 'its start'}. "
                "The last published build stays.",
                details={"run_id": run.run_id, "steps": steps, "tags": dict(run.tags)},
            )
        )
    entries = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    checks = [entry.get_dagster_event().asset_check_evaluation_data for entry in entries]
    failed = [
        {
            "asset": check.asset_key.to_user_string(),
            "check": check.check_name,
            "severity": check.severity.value,
            "description": check.description,
        }
        for check in checks
        if not check.passed
    ]
    if failed:
        alerts.append(
            Alert(
                kind="check_failed",
                subject=run.run_id,
                message=f"{len(failed)} checks failed, first {failed[0]['asset']}: "
                f"{failed[0]['check']}.",
                details={"run_id": run.run_id, "checks": failed},
            )
        )
    return alerts


def build(settings: Settings) -> dg.Definitions:
    """Build the sensors over the folders of `settings`."""

    def today() -> date:
        return operator_day(settings, datetime.now(UTC))

    @dg.sensor(job=daily, minimum_interval_seconds=60, default_status=_RUNNING)
    def new_files_in_landing(
        context: dg.SensorEvaluationContext,
    ) -> dg.RunRequest | dg.SkipReason:
        """Run the open days when new files count on them; never while a run is under way."""
        settle_dead_runs(context.instance, settings, datetime.now(UTC))
        under_way = dg.RunsFilter(job_name=daily.name, statuses=_UNDER_WAY)
        if context.instance.get_runs_count(under_way):
            return dg.SkipReason("a run is under way")
        return request_for(settings, today())

    @dg.sensor(minimum_interval_seconds=3600, default_status=_RUNNING)
    def heartbeat(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        """Write an alarm when days pass without a run."""
        alert = overdue(settings, today())
        if alert is None:
            return dg.SkipReason("no day is overdue")
        return dg.SkipReason(f"alarm in {raise_alert(settings, alert).name}")

    @dg.run_failure_sensor(
        monitor_all_code_locations=True, minimum_interval_seconds=30, default_status=_RUNNING
    )
    def alert_on_failed_run(context: dg.RunFailureSensorContext) -> None:
        """Write an alarm for a failed run and its failed checks."""
        for alert in alerts_of_run(context.instance, context.dagster_run):
            raise_alert(settings, alert)

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitor_all_code_locations=True,
        minimum_interval_seconds=30,
        default_status=_RUNNING,
    )
    def alert_on_failed_checks(context: dg.RunStatusSensorContext) -> None:
        """Write an alarm for the checks of a green run that failed without blocking it."""
        for alert in alerts_of_run(context.instance, context.dagster_run):
            raise_alert(settings, alert)

    return dg.Definitions(
        sensors=[new_files_in_landing, heartbeat, alert_on_failed_run, alert_on_failed_checks]
    )
