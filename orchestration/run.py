"""`python -m orchestration.run`: the first run; lands the minimal example in a new house."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from orchestration import pipeline
from orchestration.console import complain, say
from orchestration.failures import what_failed
from orchestration.locks import LockHeldError, hold_data_folder
from orchestration.publishing.builds import POINTER
from orchestration.settings import REPOSITORY, Settings

EXAMPLE = REPOSITORY / "examples" / "minimal" / "landing"


def is_new_house(settings: Settings) -> bool:
    """Whether nothing was ever delivered to, decided in or published from this data folder."""
    # landing alone says little: an operator may clear it once its files are in raw
    if (settings.raw / "manifest.jsonl").exists() or (settings.published / POINTER).exists():
        return False
    return not (settings.landing.is_dir() and any(settings.landing.iterdir()))


def land_example(settings: Settings, example: Path = EXAMPLE) -> int:
    """Copy the example into the landing of a new house; returns the number of files copied."""
    if not is_new_house(settings) or not example.is_dir():
        return 0
    # complete before it is seen: a sensor may be looking
    half = settings.data / ".landing.unfinished"
    shutil.rmtree(half, ignore_errors=True)
    try:
        shutil.copytree(example, half)
        if settings.landing.is_dir():
            settings.landing.rmdir()
        half.rename(settings.landing)
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return sum(path.is_file() for path in settings.landing.rglob("*"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Land the example if the house is new, then run the pipeline."""
    settings = Settings()
    try:
        with hold_data_folder(settings, "land the example"):
            files = land_example(settings)
    except LockHeldError as error:
        complain(f"FAILED: {error}")
        return 1
    except OSError as error:
        complain(f"FAILED: {what_failed(settings, error)}")
        return 1
    if files:
        say(f"Landing was empty: {files} files of examples/minimal are in it now.")
    return pipeline.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
