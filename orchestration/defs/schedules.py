"""One job from landing to publish, and the schedule that starts it when a day is over."""

from datetime import timedelta

import dagster as dg

from orchestration.ingest import plan
from orchestration.partitions import operator_day, tags_of_days
from orchestration.settings import Settings

JOB = "daily"
# after midnight, the clock change of spring and autumn (02:00 to 03:00) and the files of the night
AT_HALF_PAST_THREE = "30 3 * * *"

daily = dg.define_asset_job(
    JOB,
    dg.AssetSelection.all(),
    description="A delivery day (or the days since the last run, in order): ingest, checks, "
    "close the day, all models and tests, publish.",
    # one process: the warehouse is one file, and a step of its own would load dbt again
    executor_def=dg.in_process_executor,
    # the terminal of `make dagster` is not the place for every event; the run's page has them all
    config={"loggers": {"console": {"config": {"log_level": "WARNING"}}}},
)


def build(settings: Settings) -> dg.Definitions:
    """Build the job and its schedule in the operator's zone."""

    @dg.schedule(
        name="daily_schedule",
        cron_schedule=AT_HALF_PAST_THREE,
        job=daily,
        execution_timezone=settings.time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Processes yesterday, and every day before it that had no run.",
    )
    def daily_schedule(
        context: dg.ScheduleEvaluationContext,
    ) -> dg.RunRequest | dg.SkipReason:
        yesterday = operator_day(settings, context.scheduled_execution_time) - timedelta(days=1)
        found = plan(settings, yesterday)
        if found.processed_through is None and found.is_idle:
            return dg.SkipReason(f"nothing was delivered up to {yesterday}")
        if not found.days:
            return dg.SkipReason(f"{yesterday} is closed already")
        return dg.RunRequest(
            run_key=f"{found.days[0]}_{found.days[-1]}",
            tags=tags_of_days(found.days[0], found.days[-1]),
        )

    return dg.Definitions(jobs=[daily], schedules=[daily_schedule])
