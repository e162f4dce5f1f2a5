"""Builds: a folder of Parquet files with a manifest, and the pointer that says which one is served.

    published/<build>/marts/<table>.parquet
    published/<build>/manifest.json            as_of, and rows, bytes and sha256 of every file
    published/CURRENT                          the name of the build that readers open

A build is complete before its name exists, and its name is where `CURRENT` points only after that.
The name follows from the contents: publishing the same tables again is the same build.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.built import code_digest
from orchestration.durable import make_folder, sync_folder
from orchestration.faults import fault_point
from orchestration.green import read_green
from orchestration.ingest.manifest import load_manifest
from orchestration.locks import hold_data_folder
from orchestration.settings import Settings

POINTER = "CURRENT"
# the one that is served, and two to go back to or to finish reading
KEPT_BUILDS = 3
_UNFINISHED = ".unfinished-"


class NotGreenError(RuntimeError):
    """The warehouse does not hold a complete green build of this day, code and deliveries."""


class BrokenBuildError(RuntimeError):
    """A published file is missing or is not what was published."""


@dataclass(frozen=True)
class PublishResult:
    """A published build: its name, its folder, whether it is new, and rows by table."""

    build: str
    path: Path
    is_new: bool
    tables: dict[str, int]


def publish(settings: Settings, as_of: date, inputs: dict[str, str] | None = None) -> PublishResult:
    """Write the public marts of a green warehouse as a build and let `CURRENT` name it.

    `inputs` (digests of what the build was made from) are kept in its manifest and do not enter its
    name. Raises NotGreenError when the warehouse was not built completely, without a red test, as
    of this day, by the present code and from all deliveries so far; OSError when the disk fails.
    The served build is then the one before.
    """
    with hold_data_folder(settings, f"publish {as_of}"):
        make_folder(settings.published)
        _clear_unfinished(settings)
        work = settings.published / f"{_UNFINISHED}{os.getpid()}"
        try:
            files = _export(settings, as_of, work / "marts")
            build = _name(as_of, files)
            target = settings.published / build
            _write_manifest(work, build, as_of, files, inputs or {})
            if not _is_complete(target):
                shutil.rmtree(target, ignore_errors=True)
                _sync_tree(work)
                fault_point("before_rename")
                work.rename(target)
                fault_point("after_rename")
                sync_folder(settings.published)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        is_new = _pointer(settings) != build
        if is_new:
            _point_to(settings, build)
        _prune(settings, build)
        tables = {name.removesuffix(".parquet"): facts["rows"] for name, facts in files.items()}
        return PublishResult(build, target, is_new, tables)


def current_build(settings: Settings) -> str | None:
    """Name of the build that is served, or None when nothing was published yet."""
    build = _pointer(settings)
    return build if build and (settings.published / build / "manifest.json").is_file() else None


def build_facts(settings: Settings, build: str) -> dict[str, Any]:
    """Return the manifest of a build: as_of, files with rows, bytes and sha256, inputs."""
    facts: dict[str, Any] = json.loads((settings.published / build / "manifest.json").read_text())
    return facts


def verify_build(settings: Settings, build: str) -> None:
    """Raise `BrokenBuildError` unless every file of the build is what was published."""
    folder = settings.published / build
    try:
        files = build_facts(settings, build)["files"]
        for name, facts in files.items():
            if _sha256(folder / "marts" / name) != facts["sha256"]:
                raise BrokenBuildError(f"{build}: marts/{name} differs from what was published")
    except (OSError, ValueError, KeyError) as error:
        raise BrokenBuildError(f"{build}: {error}") from error


def _export(settings: Settings, as_of: date, folder: Path) -> dict[str, dict[str, Any]]:
    folder.mkdir(parents=True)
    files: dict[str, dict[str, Any]] = {}
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        connection.execute(f"set memory_limit = '{settings.memory_limit}'")
        connection.execute(f"set threads = {settings.threads}")
        for table in _green_marts(settings, as_of, connection):
            path = folder / f"{table}.parquet"
            marts = connection.table(f'marts."{table}"')
            # sorted, so that equal tables are equal files
            rows = marts.count("*").fetchall()[0][0]
            try:
                marts.order("all").write_parquet(str(path), compression="zstd")
            except duckdb.IOException as error:
                raise _as_os_error(error, path) from error
            fault_point("write")
            files[path.name] = {
                "rows": rows,
                "bytes": path.stat().st_size,
                "sha256": _sha256(path),
            }
    return files


def _as_os_error(error: duckdb.IOException, path: Path) -> Exception:
    """Return the operating system's error that the engine wraps (disk full, I/O error)."""
    number = re.search(r'"errno":"(\d+)"', str(error))
    return OSError(int(number[1]), os.strerror(int(number[1])), str(path)) if number else error


def _green_marts(
    settings: Settings, as_of: date, connection: duckdb.DuckDBPyConnection
) -> tuple[str, ...]:
    """Return the marts to publish; raises `NotGreenError` when they are not what they should be."""
    green = read_green(connection)
    if green is None:
        raise NotGreenError(
            "the warehouse holds no complete green build: build all models, not some of them"
        )
    if green.as_of != as_of:
        raise NotGreenError(f"the warehouse was built as of {green.as_of}, not {as_of}")
    if green.code_digest != code_digest(settings):
        raise NotGreenError("code or contracts changed since the warehouse was built: build again")
    if green.deliveries != load_manifest(settings).chain:
        raise NotGreenError("files were ingested since the warehouse was built: build again")
    return green.marts


def _name(as_of: date, files: dict[str, dict[str, Any]]) -> str:
    text = json.dumps([as_of.isoformat(), {name: facts["sha256"] for name, facts in files.items()}])
    return f"{as_of.isoformat()}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _write_manifest(
    work: Path,
    build: str,
    as_of: date,
    files: dict[str, dict[str, Any]],
    inputs: dict[str, str],
) -> None:
    facts = {"build": build, "as_of": as_of.isoformat(), "files": files, "inputs": inputs}
    (work / "manifest.json").write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n")


def _is_complete(target: Path) -> bool:
    """Whether a killed run had already put this very build in place."""
    try:
        files = json.loads((target / "manifest.json").read_text())["files"]
        return all(
            _sha256(target / "marts" / name) == facts["sha256"] for name, facts in files.items()
        )
    except (OSError, ValueError, KeyError):
        return False


def _point_to(settings: Settings, build: str) -> None:
    aside = settings.published / f"{POINTER}.new"
    with aside.open("w", encoding="utf-8") as file:
        file.write(f"{build}\n")
        file.flush()
        os.fsync(file.fileno())
    fault_point("before_pointer")
    aside.replace(settings.published / POINTER)
    fault_point("after_pointer")
    sync_folder(settings.published)


def _pointer(settings: Settings) -> str | None:
    try:
        return (settings.published / POINTER).read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def _prune(settings: Settings, build: str) -> None:
    """Remove all but the newest builds; the served one always stays."""
    builds = sorted(
        (path for path in settings.published.iterdir() if (path / "manifest.json").is_file()),
        key=lambda path: (path.stat().st_mtime_ns, path.name),
        reverse=True,
    )
    others = [path for path in builds if path.name != build]
    for path in others[KEPT_BUILDS - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


def _clear_unfinished(settings: Settings) -> None:
    for path in settings.published.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(path, ignore_errors=True)


def _sync_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        else:
            sync_folder(path)
    sync_folder(folder)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
