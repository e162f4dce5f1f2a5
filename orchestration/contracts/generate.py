"""Writes everything that repeats a contract: dbt sources, staging, versions, the feed reference.

    python -m orchestration.contracts.generate           write what changed
    python -m orchestration.contracts.generate --check   write nothing, exit 1 and name stale files

The files are committed, so that a reader and dbt find them, and never edited by hand: the contract
is the one place for a column. Output depends on the contracts alone, byte for byte.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path

from orchestration.contracts import ContractError, Feed, load_feeds
from orchestration.contracts.generate_dbt import (
    MARK,
    models_yml,
    sources_yml,
    staging_sql,
)
from orchestration.contracts.generate_docs import feeds_markdown
from orchestration.contracts.generate_versions import (
    feeds_macros,
    model_name,
    versioned_sql,
    versioned_yml,
)
from orchestration.settings import REPOSITORY, Settings

# folders in which a marked file that no contract asks for is left over and goes
_SWEPT = (Path("dbt_project/models"), Path("dbt_project/macros"))


def generated_files(feeds: Mapping[str, Feed]) -> dict[Path, str]:
    """Every generated file: path relative to the repository, and its text."""
    files: dict[Path, str] = {}
    ordered = [feeds[feed_id] for feed_id in sorted(feeds)]
    for system, group in groupby(ordered, key=lambda feed: feed.system):
        folder = Path("dbt_project/models/staging") / system
        of_system = list(group)
        files[folder / f"_{system}__sources.yml"] = sources_yml(system, of_system)
        files[folder / f"_{system}__models.yml"] = models_yml(of_system)
        for feed in of_system:
            files[folder / f"stg_{system}__{feed.name}.sql"] = staging_sql(feed)
    changing = sorted((f for f in ordered if f.is_change_feed), key=lambda feed: feed.domain)
    for domain, group in groupby(changing, key=lambda feed: feed.domain):
        folder = Path("dbt_project/models/intermediate") / domain
        of_domain = list(group)
        files[folder / f"_{domain}__versioned.yml"] = versioned_yml(of_domain)
        for feed in of_domain:
            path = folder / f"{model_name(feed)}.sql"
            if path in files:
                raise ContractError(f"{feed.id}: another feed of domain {domain} has its name")
            files[path] = versioned_sql(feed)
    files[Path("dbt_project/macros/feeds.sql")] = feeds_macros(ordered)
    files[Path("docs/feeds.md")] = feeds_markdown(ordered)
    return files


def stale_files(files: Mapping[Path, str], root: Path) -> list[Path]:
    """Files that are missing, differ, or are left over from a contract that is gone; sorted."""
    stale = [path for path, text in files.items() if _read(root / path) != text]
    for folder in _SWEPT:
        for path in (root / folder).rglob("*"):
            relative = path.relative_to(root)
            if path.suffix in {".sql", ".yml"} and relative not in files and MARK in _read(path):
                stale.append(relative)
    return sorted(stale)


def write_files(files: Mapping[Path, str], root: Path) -> list[Path]:
    """Bring the generated files up to date; returns the paths that changed."""
    changed = stale_files(files, root)
    for path in changed:
        target = root / path
        if path in files:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(files[path], encoding="utf-8")
        else:
            target.unlink()
    return changed


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m orchestration.contracts.generate",
        description="Generate dbt sources, staging models and docs/feeds.md from the contracts.",
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 and list stale files"
    )
    options = parser.parse_args(arguments)
    files = generated_files(load_feeds(Settings().contracts))
    if options.check:
        stale = stale_files(files, REPOSITORY)
        for path in stale:
            sys.stderr.write(f"stale: {path}\n")
        if stale:
            sys.stderr.write("run: python -m orchestration.contracts.generate\n")
        return 1 if stale else 0
    for path in write_files(files, REPOSITORY):
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
