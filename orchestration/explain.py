"""`python -m orchestration.explain USAGE_ID`: a usage from its price back to file and record.

Exit code 0 when something is known of it, 1 when nothing is or the warehouse cannot be read.
"""

from __future__ import annotations

import argparse
import sys

import duckdb

from orchestration.console import complain, say
from orchestration.explaining import explain_usage, tell_usage
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse


def main() -> int:
    """Explain what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "usage_id", help="key of the usage, as in fct_rated_usage or fct_usage_suspense"
    )
    asked = parser.parse_args()
    settings = Settings()
    if not settings.warehouse.exists():
        complain(f"{settings.warehouse} does not exist yet: `make run` or `make pipeline` first")
        return 1
    try:
        with open_warehouse(settings) as connection:
            story = explain_usage(connection, asked.usage_id)
    except duckdb.Error as error:
        complain(f"cannot read {settings.warehouse}: {error}")
        return 1
    say(tell_usage(story))
    return 0 if story.segments or story.waits else 1


if __name__ == "__main__":
    sys.exit(main())
