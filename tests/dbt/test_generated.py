"""Generated files say what the contracts say, and the check notices when they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.contracts import Feed, load_feeds
from orchestration.contracts.generate import generated_files, main, stale_files, write_files
from orchestration.contracts.generate_dbt import MARK
from orchestration.settings import REPOSITORY, Settings


@pytest.fixture(scope="module")
def feeds() -> dict[str, Feed]:
    return load_feeds(Settings().contracts)


def test_committed_files_are_up_to_date(feeds: dict[str, Feed]) -> None:
    assert stale_files(generated_files(feeds), REPOSITORY) == []
    assert main(["--check"]) == 0


def test_the_check_names_edited_missing_and_left_over_files(
    feeds: dict[str, Feed], tmp_path: Path
) -> None:
    files = generated_files(feeds)
    assert write_files(files, tmp_path) == sorted(files)
    assert stale_files(files, tmp_path) == []

    folder = Path("dbt_project/models/staging/catalog")
    edited, missing, left_over = (
        folder / "stg_catalog__zones.sql",
        folder / "stg_catalog__tariffs.sql",
        folder / "stg_catalog__gone.sql",
    )
    (tmp_path / edited).write_text("select 1", encoding="utf-8")
    (tmp_path / missing).unlink()
    (tmp_path / left_over).write_text(f"-- {MARK}\nselect 1", encoding="utf-8")
    (tmp_path / folder / "by_hand.sql").write_text("select 1", encoding="utf-8")
    assert stale_files(files, tmp_path) == sorted([edited, missing, left_over])

    write_files(files, tmp_path)
    assert stale_files(files, tmp_path) == []
    assert not (tmp_path / left_over).exists()
    assert (tmp_path / folder / "by_hand.sql").exists()


def test_every_generated_file_says_so_and_every_contract_column_is_staged(
    feeds: dict[str, Feed],
) -> None:
    files = generated_files(feeds)
    assert all(MARK in text for text in files.values())
    for feed in feeds.values():
        folder = Path("dbt_project/models/staging") / feed.system
        text = files[folder / f"stg_{feed.system}__{feed.name}.sql"]
        assert text.count("    cast(") == len(feed.columns) + 5
        assert max(len(line) for line in text.splitlines()) <= 100


def test_a_reserved_word_is_renamed_in_staging(feeds: dict[str, Feed]) -> None:
    files = generated_files(feeds)
    text = files[Path("dbt_project/models/staging/network/stg_network__asterisk.sql")]
    assert "cast({{ adapter.quote('end') }} as timestamp) as end_at," in text
