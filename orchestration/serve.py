"""`python -m orchestration.serve`: Dagster's web pages and daemon on this machine only.

The daemon runs the schedule and the sensors. Both read the instance below the data folder, so that
the pages show the runs of `python -m orchestration.pipeline` too.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from orchestration.console import say
from orchestration.instance import prepare_home
from orchestration.progress import LOCATION
from orchestration.settings import REPOSITORY, Settings

# reachable from this machine only: Dagster has no users of its own
HOST = "127.0.0.1"


def command(port: int) -> list[str]:
    """Return the command that starts the web server and the daemon."""
    return [
        # `dg dev` would need another package; this one does the same
        *(sys.executable, "-W", "ignore:Function `dev_command` is superseded"),
        *("-m", "dagster", "dev"),
        *("-h", HOST, "-p", str(port)),
        *("-m", LOCATION),
        *("-d", str(REPOSITORY)),
        *("--log-level", "warning"),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Prepare the instance and become the web server."""
    parser = argparse.ArgumentParser(prog="orchestration.serve", description=__doc__)
    parser.add_argument("--port", type=int, default=3000)
    port = parser.parse_args(arguments).port
    prepare_home(Settings())
    say(f"Dagster: http://{HOST}:{port} (end with Ctrl-C)")
    # replaces this process, so that Ctrl-C and a supervisor reach Dagster itself
    os.execv(sys.executable, command(port))  # noqa: S606  a fixed command, no shell


if __name__ == "__main__":
    main()
