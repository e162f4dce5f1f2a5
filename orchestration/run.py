"""`python -m orchestration.run`: the first run; lands the minimal example when landing is empty."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from orchestration import pipeline
from orchestration.console import complain, say
from orchestration.locks import LockHeldError, hold_data_folder
from orchestration.settings import REPOSITORY, Settings

EXAMPLE = REPOSITORY / "examples" / "minimal" / "landing"


def land_example(settings: Settings, example: Path = EXAMPLE) -> int:
    """Copy the example into an empty landing folder; returns the number of files copied."""
    if settings.landing.is_dir() and any(settings.landing.iterdir()):
        return 0
    if not example.is_dir():
        return 0
    # complete before it is seen: a sensor may be looking
    half = settings.data / ".landing.unfinished"
    shutil.rmtree(half, ignore_errors=True)
    shutil.copytree(example, half)
    if settings.landing.is_dir():
        settings.landing.rmdir()
    half.rename(settings.landing)
    return sum(path.is_file() for path in settings.landing.rglob("*"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Land the example if there is nothing else, then run the pipeline."""
    settings = Settings()
    try:
        with hold_data_folder(settings, "land the example"):
            files = land_example(settings)
    except LockHeldError as error:
        complain(f"FAILED: {error}")
        return 1
    if files:
        say(f"Landing was empty: {files} files of examples/minimal are in it now.")
    return pipeline.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
