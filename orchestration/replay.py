"""`python -m orchestration.replay`: rebuild from raw aside, compare with what is served.

A build is a pure function of what was delivered: thrown away and made again, it must be the same to
the byte. Exit code 0 when it is, 1 with the tables that differ when it is not.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from datetime import date
from typing import Any

import duckdb

from orchestration.console import complain, say
from orchestration.contracts import load_feeds
from orchestration.dbt_results import DbtError
from orchestration.failures import what_failed
from orchestration.ingest import read_manifest
from orchestration.ingest.checks import verify_raw
from orchestration.locks import LockHeldError, hold_data_folder
from orchestration.publishing import build_facts, current_build, publish, verify_build
from orchestration.settings import Settings
from orchestration.warehouse import register_raw, run_dbt


class ChangedRawError(RuntimeError):
    """Raw is not what ingest wrote: nothing can be rebuilt from it."""


def replay(settings: Settings) -> dict[str, str]:
    """Rebuild the served build from raw; returns what differs, by table (empty when nothing does).

    Raises LookupError when nothing was published yet, BrokenBuildError when the served files are
    not what was published and ChangedRawError when raw is not what ingest wrote.
    """
    build = current_build(settings)
    if build is None:
        raise LookupError("nothing was published yet: `make run` first")
    verify_build(settings, build)
    if problems := verify_raw(settings, read_manifest(settings)):
        more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
        raise ChangedRawError("; ".join(problems[:5]) + more)
    facts = build_facts(settings, build)
    as_of = date.fromisoformat(facts["as_of"])
    aside = settings.temporary / "replay"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        for name in ("raw", "quarantine"):
            source = settings.data / name
            if source.is_dir():
                # names, not bytes: raw is never written to again
                shutil.copytree(source, aside / name, copy_function=_link)
        copy = Settings(**(settings.model_dump() | {"data": aside}))
        register_raw(copy, load_feeds(copy.contracts).values())
        run_dbt(copy, ["build"], as_of)
        publish(copy, as_of)
        again = build_facts(copy, str(current_build(copy)))
        return _differences(facts["files"], again["files"])
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _link(source: str, target: str) -> None:
    # the log of the manifest grows in place: it is copied; Parquet is replaced, never changed
    if source.endswith(".parquet"):
        with suppress(OSError):
            os.link(source, target)
            return
    shutil.copy2(source, target)


def _differences(served: dict[str, Any], rebuilt: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in sorted(served.keys() | rebuilt.keys()):
        if name not in rebuilt:
            found[name] = "is served but no longer built"
        elif name not in served:
            found[name] = "is built but not served"
        elif served[name]["sha256"] != rebuilt[name]["sha256"]:
            rows = (served[name]["rows"], rebuilt[name]["rows"])
            found[name] = f"differs ({rows[0]} rows served, {rows[1]} rebuilt)"
    return found


def main() -> int:
    """Replay, and say what came of it."""
    settings = Settings()
    try:
        with hold_data_folder(settings, "replay"):
            differences = replay(settings)
    except (OSError, duckdb.Error, DbtError) as error:
        complain(f"FAILED: {what_failed(settings, error)}")
        return 1
    except (LookupError, LockHeldError, RuntimeError) as error:
        complain(f"FAILED: {error}")
        return 1
    build = current_build(settings)
    for name, what in differences.items():
        complain(f"  {name} {what}")
    if differences:
        complain(f"FAILED: {build} is not what raw and the present code give")
        return 1
    say(f"Replayed: {build} rebuilt from raw is equal, file by file.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
